// The plain product of an integer model's matrices: see integer_product.h.
// Uses: base, device, quantize/integer_model.h.
#include "quantize/integer_product.h"

#include "device/matvec_s4.h"
#include "device/matvec_s8.h"

// A packed matrix of either format.
struct plain_matrix {
    bool is_s4;
    struct ql_matrix_s8 s8;
    struct ql_matrix_s4 s4;
};

static const void *pack_plain(const struct ql_integer_matrix *matrix, struct ql_arena *arena)
{
    struct plain_matrix *packed = ql_arena_take(arena, 1, sizeof *packed);

    if (packed != NULL) {
        packed->is_s4 = matrix->is_s4;
        packed->s8 = (struct ql_matrix_s8){matrix->words, matrix->rows, matrix->columns, matrix->segment};
        packed->s4 = (struct ql_matrix_s4){matrix->words, matrix->rows, matrix->columns, matrix->segment};
    }
    return packed;
}

static void multiply_plain(int32_t *y, const void *packed, const int8_t *x)
{
    const struct plain_matrix *matrix = packed;

    if (matrix->is_s4) {
        ql_matvec_s4_plain(y, &matrix->s4, x);
    } else {
        ql_matvec_s8_plain(y, &matrix->s8, x);
    }
}

static void multiply_batch_plain(int32_t *y, ptrdiff_t y_stride, const void *packed, const int8_t *x,
                                 ptrdiff_t x_stride, int B)
{
    for (int b = 0; b < B; b++) {
        multiply_plain(y + b * y_stride, packed, x + b * x_stride);
    }
}

const struct ql_integer_product ql_integer_product_plain = {"plain", pack_plain, multiply_plain, multiply_batch_plain};
