// Kernel calls: what a compiled graph consists of. The engine runs them, codegen prints them; both from this table.
// A kernel is an ordinary C function of device/. Its parameters stand in one order: buffers (outputs, scratch, inputs,
// weights), operations, ints, arrays of ints, floats. So a call prints as
//     ql_binary_f32(y, a, b, ql_add_f32, 2, dims, strides_a, strides_b);
// A kernel writes every element of the outputs (or of the part that it was given), and reads none of them before. The
// one exception is ql_ring_attention_f32, whose rings of keys and values are states in place. A kernel keeps nothing
// else between calls. A buffer may be NULL where the kernel's own header says so.
// Uses: base, device.
#ifndef QL_ONNX_KERNEL_H
#define QL_ONNX_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    QL_KERNEL_BUFFER_LIMIT = 12,
    QL_KERNEL_OPERATION_LIMIT = 3,
    QL_KERNEL_INT_LIMIT = 12,
    QL_KERNEL_ARRAY_LIMIT = 4,
    QL_KERNEL_RANK_LIMIT = 16, // elements of an array: two per dimension of a value, which tiling needs
    QL_KERNEL_FLOAT_LIMIT = 8,
};

// A function on single elements that a kernel takes as an argument.
typedef void ql_function(void); // cast to its real type by the kernel's `run`
struct ql_operation {
    const char *name; // "ql_add_f32"
    const char *file; // "device/arithmetic.h"
    ql_function *function;
};

// The arguments of one call, ready to run.
struct ql_kernel_arguments {
    void *buffers[QL_KERNEL_BUFFER_LIMIT]; // inputs are only read
    ql_function *operations[QL_KERNEL_OPERATION_LIMIT];
    const int *ints;
    const int *arrays[QL_KERNEL_ARRAY_LIMIT];
    const float *floats;
};

struct ql_kernel {
    const char *name; // "ql_binary_f32"
    const char *file; // "device/broadcast.h"; it includes what it needs from device/
    int output_count; // the first buffers: outputs and scratch
    int buffer_count; // all buffers
    int operation_count, int_count, array_count, float_count;
    bool fallible; // returns bool, false for data that it cannot work on (an index out of range); others return void
    bool (*run)(const struct ql_kernel_arguments *arguments); // true for a kernel that is not fallible
};

enum ql_kernel_id {
    QL_KERNEL_UNARY_F32,
    QL_KERNEL_UNARY_F64,
    QL_KERNEL_UNARY_S64,
    QL_KERNEL_UNARY_BOOL,
    QL_KERNEL_BINARY_F32,
    QL_KERNEL_BINARY_F64,
    QL_KERNEL_BINARY_S64,
    QL_KERNEL_BINARY_BOOL,
    QL_KERNEL_COMPARE_F32,
    QL_KERNEL_COMPARE_F64,
    QL_KERNEL_COMPARE_S64,
    QL_KERNEL_WHERE,
    QL_KERNEL_COPY,
    QL_KERNEL_GATHER,
    QL_KERNEL_GATHER_ELEMENTS,
    QL_KERNEL_GATHER_ND,
    QL_KERNEL_SCATTER_ND,
    QL_KERNEL_SCATTER_ELEMENTS,
    QL_KERNEL_TRILU,
    QL_KERNEL_RANGE_F32,
    QL_KERNEL_RANGE_F64,
    QL_KERNEL_RANGE_S64,
    QL_KERNEL_CAST,
    QL_KERNEL_GEMM_F32,
    QL_KERNEL_MATMUL_F32,
    QL_KERNEL_CONV_F32,
    QL_KERNEL_REDUCE_F32,
    QL_KERNEL_REDUCE_F64,
    QL_KERNEL_REDUCE_S64,
    QL_KERNEL_ARGMAX_F32,
    QL_KERNEL_ARGMAX_F64,
    QL_KERNEL_ARGMAX_S64,
    QL_KERNEL_CUMSUM_F32,
    QL_KERNEL_CUMSUM_F64,
    QL_KERNEL_CUMSUM_S64,
    QL_KERNEL_TOP_K_F32,
    QL_KERNEL_TOP_K_F64,
    QL_KERNEL_TOP_K_S64,
    QL_KERNEL_SOFTMAX_F32,
    QL_KERNEL_LOG_SOFTMAX_F32,
    QL_KERNEL_LAYER_NORM_F32,
    QL_KERNEL_RMS_NORM_F32,
    QL_KERNEL_ROTARY_ANGLES_F32,
    QL_KERNEL_ROTARY_TURN_F32,
    QL_KERNEL_SWIGLU_F32,
    QL_KERNEL_RING_ATTENTION_F32,
    QL_KERNEL_LSTM_F32,
    QL_KERNEL_GRU_F32,
    QL_KERNEL_RNN_F32,
    QL_KERNEL_LSTM_GENERAL_F32,
    QL_KERNEL_GRU_GENERAL_F32,
    QL_KERNEL_RNN_GENERAL_F32,
    QL_KERNEL_COUNT
};

extern const struct ql_kernel ql_kernels[QL_KERNEL_COUNT];

// The operation of that name, such as "ql_add_f32", or NULL.
const struct ql_operation *ql_operation_find(const char *name);

// The number of elements of a loop over `dims`; and where element number `index` of it lies, for strides over them.
int ql_kernel_count(int rank, const int *dims);
ptrdiff_t ql_kernel_offset(int index, int rank, const int *dims, const int *strides);

// One call of a compiled graph. Only the elements that the kernel counts are in use.
struct ql_kernel_call {
    const struct ql_kernel *kernel;
    const struct ql_operation *operations[QL_KERNEL_OPERATION_LIMIT];
    int buffers[QL_KERNEL_BUFFER_LIMIT]; // values of the program; -1 prints as NULL
    int ints[QL_KERNEL_INT_LIMIT];
    int arrays[QL_KERNEL_ARRAY_LIMIT][QL_KERNEL_RANK_LIMIT];
    int array_lengths[QL_KERNEL_ARRAY_LIMIT];
    float floats[QL_KERNEL_FLOAT_LIMIT];
    int64_t macs; // multiply-accumulates of matrix products in it
    int node;     // of the graph, that it is a part of
};

static inline bool ql_kernel_call_is(const struct ql_kernel_call *call, enum ql_kernel_id kernel)
{
    return call->kernel == &ql_kernels[kernel];
}

#endif
