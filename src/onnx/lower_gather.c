// Lowers the operators that read and write elements at indices that are inputs.
// Uses: onnx/lower.
#include <string.h>

#include "onnx/lower_operators.h"

void ql_lower_op_gather(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value *v = ql_lower_value(lower, x);
    const struct ql_program_value *indices = ql_lower_value(lower, ql_lower_input(lower, 1));
    const int axis = ql_lower_axis(lower, ql_lower_int(lower, "axis", 0), v->rank);
    int dims[2 * QL_RANK_LIMIT];
    int rank = 0;

    if (indices->type != QL_ELEMENT_S32) {
        ql_lower_require(lower, ql_lower_input(lower, 1), QL_ELEMENT_S64);
    }
    if (v->rank + indices->rank - 1 > QL_RANK_LIMIT) {
        ql_lower_fail(lower, "the result would have more than %d dimensions", QL_RANK_LIMIT);
    }
    if (lower->status != QL_OK) {
        return;
    }
    for (int k = 0; k < v->rank; k++) {
        for (int i = 0; i < indices->rank && k == axis; i++) {
            dims[rank++] = indices->dims[i];
        }
        if (k != axis) {
            dims[rank++] = v->dims[k];
        }
    }
    int y = ql_lower_output(lower, 0, v->type, rank, dims);
    ql_lower_call(lower, &(struct ql_kernel_call){
                             .kernel = &ql_kernels[QL_KERNEL_GATHER],
                             .buffers = {y, x, ql_lower_cast(lower, ql_lower_input(lower, 1), QL_ELEMENT_S64)},
                             .ints = {(int)ql_element_bytes(v->type), ql_lower_product(v->dims, 0, axis), v->dims[axis],
                                      ql_lower_product(v->dims, axis + 1, v->rank), indices->count}});
}

void ql_lower_op_gather_elements(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value v = *ql_lower_value(lower, x);
    const struct ql_program_value indices = *ql_lower_value(lower, ql_lower_input(lower, 1));
    const int axis = ql_lower_axis(lower, ql_lower_int(lower, "axis", 0), v.rank);
    int strides[QL_RANK_LIMIT];

    if (indices.type != QL_ELEMENT_S32) {
        ql_lower_require(lower, ql_lower_input(lower, 1), QL_ELEMENT_S64);
    }
    for (int k = 0; k < v.rank && lower->status == QL_OK; k++) {
        if (indices.rank != v.rank || (k != axis && indices.dims[k] > v.dims[k])) {
            ql_lower_fail(lower, "the indices reach beyond the input");
        }
    }
    if (lower->status != QL_OK) {
        return;
    }
    struct ql_kernel_call call = {
        .kernel = &ql_kernels[QL_KERNEL_GATHER_ELEMENTS],
        .buffers = {ql_lower_output(lower, 0, v.type, v.rank, indices.dims), x,
                    ql_lower_cast(lower, ql_lower_input(lower, 1), QL_ELEMENT_S64)},
        .ints = {(int)ql_element_bytes(v.type), axis, v.dims[axis], v.rank},
        .array_lengths = {v.rank, v.rank},
    };
    ql_lower_strides(v.rank, v.dims, strides);
    memcpy(call.arrays[0], indices.dims, (size_t)v.rank * sizeof strides[0]);
    memcpy(call.arrays[1], strides, (size_t)v.rank * sizeof strides[0]);
    ql_lower_call(lower, &call);
}

// Fails unless the written values simply replace the old ones.
static void require_no_reduction(struct ql_lower *lower)
{
    const char *reduction = ql_lower_string(lower, "reduction", "none");

    if (strcmp(reduction, "none") != 0) {
        ql_lower_fail(lower, "the attribute 'reduction' is '%s'; only none is supported", reduction);
    }
}

void ql_lower_op_scatter_elements(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0), updates = ql_lower_input(lower, 2);
    const struct ql_program_value v = *ql_lower_value(lower, x), u = *ql_lower_value(lower, updates);
    const struct ql_program_value indices = *ql_lower_value(lower, ql_lower_input(lower, 1));
    const int axis = ql_lower_axis(lower, ql_lower_int(lower, "axis", 0), v.rank);
    int strides[QL_RANK_LIMIT];

    require_no_reduction(lower);
    if (indices.type != QL_ELEMENT_S32) {
        ql_lower_require(lower, ql_lower_input(lower, 1), QL_ELEMENT_S64);
    }
    ql_lower_require(lower, updates, v.type);
    for (int k = 0; k < v.rank && lower->status == QL_OK; k++) {
        if (indices.rank != v.rank || u.rank != v.rank || indices.dims[k] != u.dims[k] ||
            (k != axis && indices.dims[k] > v.dims[k])) {
            ql_lower_fail(lower, "the indices reach beyond the input, or their shape is not that of the updates");
        }
    }
    if (lower->status != QL_OK) {
        return;
    }
    struct ql_kernel_call call = {
        .kernel = &ql_kernels[QL_KERNEL_SCATTER_ELEMENTS],
        .buffers = {ql_lower_output(lower, 0, v.type, v.rank, v.dims), x,
                    ql_lower_cast(lower, ql_lower_input(lower, 1), QL_ELEMENT_S64), updates},
        .ints = {(int)ql_element_bytes(v.type), v.count, axis, v.dims[axis], v.rank},
        .array_lengths = {v.rank, v.rank},
    };
    ql_lower_strides(v.rank, v.dims, strides);
    memcpy(call.arrays[0], indices.dims, (size_t)v.rank * sizeof strides[0]);
    memcpy(call.arrays[1], strides, (size_t)v.rank * sizeof strides[0]);
    ql_lower_call(lower, &call);
}

// The last axis of the indices has one number for each of the first axes of x, after those of the batch.
void ql_lower_op_gather_nd(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value v = *ql_lower_value(lower, x);
    const struct ql_program_value indices = *ql_lower_value(lower, ql_lower_input(lower, 1));
    const int64_t given = ql_lower_int(lower, "batch_dims", 0);
    const int depth = indices.rank > 0 ? indices.dims[indices.rank - 1] : 0;
    int dims[2 * QL_RANK_LIMIT];
    int rank = 0;

    if (!ql_lower_require(lower, ql_lower_input(lower, 1), QL_ELEMENT_S64)) {
        return;
    }
    if (given < 0 || given >= indices.rank || depth < 1 || given + depth > v.rank ||
        memcmp(v.dims, indices.dims, (size_t)given * sizeof v.dims[0]) != 0) {
        ql_lower_fail(lower, "the shapes of input and indices do not fit together");
        return;
    }
    const int batch = (int)given;
    for (int k = 0; k < indices.rank - 1; k++) {
        dims[rank++] = indices.dims[k];
    }
    for (int k = batch + depth; k < v.rank; k++) {
        dims[rank++] = v.dims[k];
    }
    if (rank > QL_RANK_LIMIT) {
        ql_lower_fail(lower, "the result would have more than %d dimensions", QL_RANK_LIMIT);
        return;
    }
    struct ql_kernel_call call = {
        .kernel = &ql_kernels[QL_KERNEL_GATHER_ND],
        .buffers = {ql_lower_output(lower, 0, v.type, rank, dims), x, ql_lower_input(lower, 1)},
        .ints = {(int)ql_element_bytes(v.type), ql_lower_product(v.dims, 0, batch),
                 ql_lower_product(indices.dims, batch, indices.rank - 1),
                 ql_lower_product(v.dims, batch + depth, v.rank), depth},
        .array_lengths = {depth},
    };
    memcpy(call.arrays[0], v.dims + batch, (size_t)depth * sizeof v.dims[0]);
    ql_lower_call(lower, &call);
}

void ql_lower_op_scatter_nd(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0), updates = ql_lower_input(lower, 2);
    const struct ql_program_value v = *ql_lower_value(lower, x), u = *ql_lower_value(lower, updates);
    const struct ql_program_value indices = *ql_lower_value(lower, ql_lower_input(lower, 1));
    const int depth = indices.rank > 0 ? indices.dims[indices.rank - 1] : 0;

    require_no_reduction(lower);
    ql_lower_require(lower, ql_lower_input(lower, 1), QL_ELEMENT_S64);
    ql_lower_require(lower, updates, v.type);
    if (lower->status != QL_OK) {
        return;
    }
    const int count = indices.rank > 0 ? ql_lower_product(indices.dims, 0, indices.rank - 1) : 0;
    const int inner = depth >= 1 && depth <= v.rank ? ql_lower_product(v.dims, depth, v.rank) : 0;
    if (depth < 1 || depth > v.rank || (int64_t)count * inner != u.count) {
        ql_lower_fail(lower, "the shapes of input, indices and updates do not fit together");
        return;
    }
    struct ql_kernel_call call = {
        .kernel = &ql_kernels[QL_KERNEL_SCATTER_ND],
        .buffers = {ql_lower_output(lower, 0, v.type, v.rank, v.dims), x, ql_lower_input(lower, 1), updates},
        .ints = {(int)ql_element_bytes(v.type), v.count, count, inner, depth},
        .array_lengths = {depth},
    };
    memcpy(call.arrays[0], v.dims, (size_t)depth * sizeof v.dims[0]);
    ql_lower_call(lower, &call);
}
