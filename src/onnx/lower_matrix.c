// Lowers Gemm and MatMul.
// Uses: onnx/{lower,lower_compose}.
#include <string.h>

#include "onnx/lower_compose.h"
#include "onnx/lower_operators.h"

// The matrix, or its transpose.
static int oriented(struct ql_lower *lower, int value, bool transposed)
{
    const int order[] = {1, 0};
    return transposed ? ql_lower_transposed(lower, value, order) : value;
}

// The value times a number, or itself when that is 1.
static int scaled(struct ql_lower *lower, int value, float factor)
{
    const struct ql_program_value *v = ql_lower_value(lower, value);
    if (factor == 1.0f) {
        return value;
    }
    int y = ql_lower_temporary(lower, v->type, v->rank, v->dims);
    ql_lower_binary(lower, y, value, ql_lower_constant(lower, QL_ELEMENT_F32, 0, NULL, &factor), "mul");
    return y;
}

// The third operand in the kernel's layout: (N), or (M, N) when its rows differ. `step` is the distance between its
// rows.
static int broadcast_bias(struct ql_lower *lower, int c, int M, int N, int *step)
{
    const struct ql_program_value *v = ql_lower_value(lower, c);
    const int rows_differ = v->rank == 2 && v->dims[0] != 1;
    const int dims[] = {rows_differ ? M : 1, N};
    int strides_y[2];
    int strides_x[2];
    int rank = 2;
    int fitted[] = {M, N};

    if (v->rank > 2 || !ql_lower_broadcast(lower, c, &rank, fitted) || fitted[0] != M || fitted[1] != N) {
        ql_lower_fail(lower, "the shape of '%s' does not broadcast to (%d, %d)", v->name, M, N);
        return c;
    }
    *step = rows_differ ? N : 0;
    if (v->count == (int64_t)dims[0] * N) {
        return c;
    }
    int y = ql_lower_temporary(lower, v->type, 2, dims);
    ql_lower_strides(2, dims, strides_y);
    ql_lower_broadcast_strides(lower, c, 2, dims, strides_x);
    ql_lower_copy(lower, y, c, 2, dims, strides_y, strides_x);
    return y;
}

// Y = alpha A B + beta C. Alpha is multiplied into B and beta into C; these are mostly weights, so the products are
// constants.
void ql_lower_op_gemm(struct ql_lower *lower)
{
    int a = ql_lower_input(lower, 0);
    int b = ql_lower_input(lower, 1);
    int c = ql_lower_input(lower, 2);
    int step = 0;

    for (int k = 0; k < lower->input_count; k++) {
        if (ql_lower_input(lower, k) >= 0 && !ql_lower_require(lower, ql_lower_input(lower, k), QL_ELEMENT_F32)) {
            return;
        }
    }
    if (ql_lower_value(lower, a)->rank != 2 || ql_lower_value(lower, b)->rank != 2) {
        ql_lower_fail(lower, "A has %d and B has %d dimensions; matrices have 2", ql_lower_value(lower, a)->rank,
                      ql_lower_value(lower, b)->rank);
        return;
    }
    a = oriented(lower, a, ql_lower_int(lower, "transA", 0) != 0);
    b = oriented(lower, b, ql_lower_int(lower, "transB", 0) != 0);
    const int dims[] = {ql_lower_value(lower, a)->dims[0], ql_lower_value(lower, b)->dims[1]};
    const int K = ql_lower_value(lower, a)->dims[1];
    if (ql_lower_value(lower, b)->dims[0] != K) {
        ql_lower_fail(lower, "A has %d columns, but B has %d rows", K, ql_lower_value(lower, b)->dims[0]);
        return;
    }
    b = scaled(lower, b, ql_lower_float(lower, "alpha", 1.0f));
    if (c >= 0) {
        c = broadcast_bias(lower, c, dims[0], dims[1], &step);
    }
    if (lower->status == QL_OK && c >= 0) {
        c = scaled(lower, c, ql_lower_float(lower, "beta", 1.0f));
    }
    ql_lower_call(lower,
                  &(struct ql_kernel_call){.kernel = &ql_kernels[QL_KERNEL_GEMM_F32],
                                           .buffers = {ql_lower_output(lower, 0, QL_ELEMENT_F32, 2, dims), a, b, c},
                                           .ints = {dims[0], K, dims[1], step},
                                           .macs = (int64_t)dims[0] * K * dims[1]});
}

// Sets the call's arrays to the batch of a product of matrices: the shapes without their last two axes, as if each
// matrix were one element. Returns how many axes the arrays have.
static int broadcast_batches(struct ql_lower *lower, struct ql_kernel_call *call, int a, int b, int *rank, int *dims)
{
    const struct ql_program_value *va = ql_lower_value(lower, a);
    const struct ql_program_value *vb = ql_lower_value(lower, b);
    const int M = va->dims[va->rank - 2], K = va->dims[va->rank - 1], N = vb->dims[vb->rank - 1];
    const int batch_a = ql_lower_view(lower, a, va->rank - 2, va->dims, 0);
    const int batch_b = ql_lower_view(lower, b, vb->rank - 2, vb->dims, 0);
    int strides[2][QL_KERNEL_RANK_LIMIT];

    if (!ql_lower_broadcast(lower, batch_a, rank, dims) || !ql_lower_broadcast(lower, batch_b, rank, dims)) {
        return 0;
    }
    ql_lower_broadcast_strides(lower, batch_a, *rank, dims, strides[0]);
    ql_lower_broadcast_strides(lower, batch_b, *rank, dims, strides[1]);
    for (int axis = 0; axis < *rank; axis++) {
        strides[0][axis] *= M * K;
        strides[1][axis] *= K * N;
    }
    return ql_lower_set_arrays(call, *rank, dims, 2, (const int(*)[QL_KERNEL_RANK_LIMIT])strides);
}

int ql_lower_matmul(struct ql_lower *lower, int a, int b)
{
    const struct ql_program_value *va = ql_lower_value(lower, a), *vb = ql_lower_value(lower, b);
    struct ql_kernel_call call = {.kernel = &ql_kernels[QL_KERNEL_MATMUL_F32]};
    int rank = 0;
    int dims[QL_RANK_LIMIT + 2];

    if (lower->status != QL_OK || !ql_lower_require(lower, a, QL_ELEMENT_F32) ||
        !ql_lower_require(lower, b, QL_ELEMENT_F32)) {
        return a;
    }
    const int M = va->dims[va->rank - 2], K = va->dims[va->rank - 1], N = vb->dims[vb->rank - 1];
    const int batch_rank = broadcast_batches(lower, &call, a, b, &rank, dims);
    const int batch = ql_lower_product(dims, 0, rank);
    if (lower->status != QL_OK) {
        return a;
    }
    dims[rank++] = M;
    dims[rank++] = N;
    const int y = ql_lower_temporary(lower, QL_ELEMENT_F32, rank, dims);
    const int ints[] = {M, K, N, batch_rank};
    const int buffers[] = {y, a, b};
    call.macs = (int64_t)batch * M * K * N;
    memcpy(call.ints, ints, sizeof ints);
    memcpy(call.buffers, buffers, sizeof buffers);
    ql_lower_call(lower, &call);
    return y;
}

// A vector as a matrix: one row on the left of a product, one column on the right.
static int as_matrix(struct ql_lower *lower, int value, bool left)
{
    const struct ql_program_value *v = ql_lower_value(lower, value);
    const int dims[] = {left ? 1 : v->dims[0], left ? v->dims[0] : 1};
    return v->rank == 1 ? ql_lower_view(lower, value, 2, dims, 0) : value;
}

// The product over the last two dimensions, for every index of the others, which broadcast. A vector is a matrix with
// one row on the left or one column on the right, and that dimension is not in the result.
void ql_lower_op_matmul(struct ql_lower *lower)
{
    int a = ql_lower_input(lower, 0);
    int b = ql_lower_input(lower, 1);

    if (!ql_lower_require(lower, a, QL_ELEMENT_F32) || !ql_lower_require(lower, b, QL_ELEMENT_F32)) {
        return;
    }
    const bool vector_a = ql_lower_value(lower, a)->rank == 1;
    const bool vector_b = ql_lower_value(lower, b)->rank == 1;
    a = as_matrix(lower, a, true);
    b = as_matrix(lower, b, false);
    const struct ql_program_value *va = ql_lower_value(lower, a);
    const struct ql_program_value *vb = ql_lower_value(lower, b);
    if (va->rank < 2 || vb->rank < 2) {
        ql_lower_fail(lower, "a scalar is not a matrix");
        return;
    }
    const int M = va->dims[va->rank - 2];
    const int K = va->dims[va->rank - 1];
    const int N = vb->dims[vb->rank - 1];
    if (vb->dims[vb->rank - 2] != K) {
        ql_lower_fail(lower, "the left matrix has %d columns, but the right one has %d rows", K,
                      vb->dims[vb->rank - 2]);
        return;
    }

    struct ql_kernel_call call = {.kernel = &ql_kernels[QL_KERNEL_MATMUL_F32]};
    int rank = 0;
    int dims[QL_RANK_LIMIT + 2];
    const int batch_rank = broadcast_batches(lower, &call, a, b, &rank, dims);
    const int batch = ql_lower_product(dims, 0, rank);
    if (lower->status != QL_OK) {
        return;
    }
    if (!vector_a) {
        dims[rank++] = M;
    }
    if (!vector_b) {
        dims[rank++] = N;
    }
    const int y = ql_lower_output(lower, 0, QL_ELEMENT_F32, rank, dims);
    if (lower->status != QL_OK || batch == 0) {
        return;
    }
    call.macs = (int64_t)batch * M * K * N;
    const int ints[] = {M, K, N, batch_rank};
    const int buffers[] = {y, a, b};
    memcpy(call.ints, ints, sizeof ints);
    memcpy(call.buffers, buffers, sizeof buffers);
    // One right matrix for all: the left matrices, stacked, are one matrix.
    const bool stacked = batch_rank == 1 && call.arrays[1][0] == M * K && call.arrays[2][0] == 0;
    if (batch == 1 || stacked) {
        call = (struct ql_kernel_call){.kernel = &ql_kernels[QL_KERNEL_GEMM_F32],
                                       .buffers = {y, a, b, -1},
                                       .ints = {batch * M, K, N, 0},
                                       .macs = call.macs};
    }
    ql_lower_call(lower, &call);
}
