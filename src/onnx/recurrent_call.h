// Tells which buffer is what in a kernel call that is a recurrent layer. All code that looks for layers or their states
// among the calls of a program uses this.
// Uses: model/architecture, onnx/{kernel,program}.
#ifndef QL_ONNX_RECURRENT_CALL_H
#define QL_ONNX_RECURRENT_CALL_H

#include "model/architecture.h"
#include "onnx/kernel.h"
#include "onnx/program.h"

// Numbers of buffers; -1 where there is none. The ints of the call are T, I and H. The weights are in the layout of
// device/.
struct ql_recurrent_call {
    enum ql_kernel_id kernel;
    enum ql_cell cell;
    int x, w_ih, w_hh, bias_ih, bias_hh;
};

// The states of any recurrent layer, plain or not: h, and of an LSTM c. State k begins with buffer starts[k] and ends
// in buffer ends[k]; buffer `sequence` is h of every step, of which the first of the call's ints is the number.
struct ql_recurrent_states {
    enum ql_kernel_id kernel;
    int count, sequence;
    int starts[2], ends[2];
};

// The states of the call, or NULL when it is not a recurrent layer.
const struct ql_recurrent_states *ql_recurrent_states_find(const struct ql_kernel_call *call);

// What the buffers of the call are, or NULL when it is not a plain recurrent layer.
const struct ql_recurrent_call *ql_recurrent_call_find(const struct ql_kernel_call *call);

// The content of a constant of floats, or NULL when the value is none.
const float *ql_program_floats(const struct ql_program *program, int value);

#endif
