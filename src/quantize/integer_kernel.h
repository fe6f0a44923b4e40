// The second table of kernels: what the integer form of a model consists of. As in onnx/kernel.h, each row is a
// function of device/ with its parameters in one order, so the host's engine runs it and codegen prints it. Unlike
// kernels of float graphs, these may read an output before they write it: sums are accumulated, and a state is updated
// in place.
// Uses: device, onnx/{kernel,program}, quantize/integer_product.
#ifndef QL_QUANTIZE_INTEGER_KERNEL_H
#define QL_QUANTIZE_INTEGER_KERNEL_H

#include "onnx/kernel.h"
#include "onnx/program.h"
#include "quantize/integer_product.h"

enum ql_integer_kernel_id {
    QL_INTEGER_KERNEL_ROW_BEGIN,
    QL_INTEGER_KERNEL_ROW_CLEAR,
    QL_INTEGER_KERNEL_MATVEC_S8,
    QL_INTEGER_KERNEL_MATVEC_S4,
    QL_INTEGER_KERNEL_LSTM,
    QL_INTEGER_KERNEL_GRU,
    QL_INTEGER_KERNEL_RNN,
    QL_INTEGER_KERNEL_ROW_VALUES,
    QL_INTEGER_KERNEL_ROW_COPY,
    QL_INTEGER_KERNEL_EMBED, // from here on of decoders
    QL_INTEGER_KERNEL_RMS_NORM,
    QL_INTEGER_KERNEL_ROTARY_ANGLES,
    QL_INTEGER_KERNEL_ROTARY_TURN,
    QL_INTEGER_KERNEL_CACHE_WRITE,
    QL_INTEGER_KERNEL_ATTENTION,
    QL_INTEGER_KERNEL_CACHE_ADVANCE,
    QL_INTEGER_KERNEL_RESIDUAL_ADD,
    QL_INTEGER_KERNEL_SWIGLU,
    QL_INTEGER_KERNEL_COUNT
};

extern const struct ql_kernel ql_integer_kernels[QL_INTEGER_KERNEL_COUNT];

// The structures of which its constants consist. On the host, the content of a matrix is a ql_integer_factor, and the
// product of its own takes the place of the kernel, whose sums it gives.
extern const struct ql_structure ql_integer_row_structure, ql_integer_scale_structure, ql_matrix_s8_structure,
    ql_matrix_s4_structure;

struct ql_integer_factor {
    const struct ql_integer_matrix *matrix;
    const struct ql_integer_product *product;
    const void *packed; // for `product`
};

// The matrix that a value of a program is, or NULL where it is something else.
const struct ql_integer_matrix *ql_integer_kernel_matrix(const struct ql_program_value *value);

#endif
