// Lowers TopK.
// Uses: onnx/lower.
#include <string.h>

#include "onnx/lower_operators.h"

// k is an attribute before version 10, then an input of one number.
static int64_t read_k(struct ql_lower *lower)
{
    int64_t k = ql_lower_int(lower, "k", -1);

    if (lower->opset >= 10 && ql_lower_ints(lower, ql_lower_input(lower, 1), &k, 1) != 1) {
        ql_lower_fail(lower, "the number of elements must be a single number");
    }
    return k;
}

// Even where the order does not matter (`sorted` 0), it is that of the values. The indices are int64 whatever the type
// is, so the node widens its operand itself.
void ql_lower_op_top_k(struct ql_lower *lower)
{
    const int given = ql_lower_input(lower, 0);
    const enum ql_element type = ql_lower_value(lower, given)->type;
    const int x = ql_lower_widened(lower, given);
    const struct ql_program_value v = *ql_lower_value(lower, x);
    const int axis = ql_lower_axis(lower, ql_lower_int(lower, "axis", -1), v.rank);
    const int64_t k = read_k(lower);
    const enum ql_kernel_id kernel = v.type == QL_ELEMENT_F32   ? QL_KERNEL_TOP_K_F32
                                     : v.type == QL_ELEMENT_F64 ? QL_KERNEL_TOP_K_F64
                                                                : QL_KERNEL_TOP_K_S64;
    int dims[QL_RANK_LIMIT];

    if (lower->status != QL_OK) {
        return;
    }
    if (v.type != QL_ELEMENT_F32 && v.type != QL_ELEMENT_F64 && v.type != QL_ELEMENT_S64) {
        ql_lower_fail(lower, "the type %s is not supported here", ql_element_write(v.type));
        return;
    }
    if (k < 0 || k > v.dims[axis]) {
        ql_lower_fail(lower, "%lld elements are wanted, but along axis %d there are %d", (long long)k, axis,
                      v.dims[axis]);
        return;
    }
    memcpy(dims, v.dims, sizeof dims);
    dims[axis] = (int)k;
    const int y = ql_lower_output(lower, 0, type, v.rank, dims);
    const int wide = type == v.type ? y : ql_lower_temporary(lower, v.type, v.rank, dims);
    const int indices = ql_lower_output(lower, 1, QL_ELEMENT_S64, v.rank, dims);
    ql_lower_call(lower, &(struct ql_kernel_call){.kernel = &ql_kernels[kernel],
                                                  .buffers = {wide, indices, x},
                                                  .ints = {ql_lower_int(lower, "largest", 1) != 0,
                                                           ql_lower_product(v.dims, 0, axis), v.dims[axis],
                                                           ql_lower_product(v.dims, axis + 1, v.rank), (int)k}});
    if (wide != y) {
        ql_lower_cast_to(lower, y, wide);
    }
}
