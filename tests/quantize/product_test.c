// The host's products of integer matrices: each one that this processor can run gives the sum over the weights, for one
// vector or many at a time, for sizes around their tiles and extreme values.
// Uses: quantize/product_x86, device/random, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "device/random.h"
#include "quantize/matrix_pack.h"
#include "quantize/product_x86.h"

enum { LARGEST_ROWS = 131, LARGEST_COLUMNS = 1030, LARGEST_BATCH = 70, GAP = 3 };

static const int ROWS[] = {1, 8, 15, 16, 17, 63, 64, 65, LARGEST_ROWS};
static const int COLUMNS[] = {1, 2, 3, 4, 5, 31, 128, 513, LARGEST_COLUMNS};
static const int BATCHES[] = {1, 2, 3, 5, 6, 7, 64, LARGEST_BATCH};

enum {
    ROW_SIZES = sizeof ROWS / sizeof ROWS[0],
    COLUMN_SIZES = sizeof COLUMNS / sizeof COLUMNS[0],
    BATCH_SIZES = sizeof BATCHES / sizeof BATCHES[0],
};

static int8_t weights[LARGEST_ROWS * LARGEST_COLUMNS], x[LARGEST_BATCH * (LARGEST_COLUMNS + GAP)];
static int32_t start[LARGEST_BATCH * (LARGEST_ROWS + GAP)], y[LARGEST_BATCH * (LARGEST_ROWS + GAP)];
static int32_t expected[LARGEST_BATCH * (LARGEST_ROWS + GAP)];
static uint32_t words[132 / 12 * 515 * 6];

// Fills with any values in [-limit, limit], or only with the ends of the range.
static void fill(int8_t *values, int count, int limit, bool ends, struct ql_random *random)
{
    for (int k = 0; k < count; k++) {
        const uint32_t bits = ql_random_step(random);
        values[k] = (int8_t)(ends ? (bits >> 31 ? limit : -limit) : (int)(bits % (2 * (unsigned)limit + 1)) - limit);
    }
}

static void check(int rows, int columns, int B, bool is_s4, bool ends, struct ql_random *random)
{
    const struct ql_integer_product *products[QL_INTEGER_PRODUCT_LIMIT];
    const int count = ql_integer_product_list(products);
    const ptrdiff_t x_stride = columns + GAP, y_stride = rows + GAP;
    struct ql_error error;
    struct ql_integer_matrix matrix = {
        .is_s4 = is_s4, .rows = rows, .columns = columns, .weights = weights, .words = words};

    fill(weights, rows * columns, is_s4 ? 7 : 127, ends, random);
    fill(x, B * (columns + GAP), 127, ends, random);
    matrix.segment = ql_matrix_segment(weights, rows, columns);
    assert_int_equal((is_s4 ? ql_matrix_s4_pack : ql_matrix_s8_pack)(words, weights, rows, columns, &error), QL_OK);
    for (int k = 0; k < B * (rows + GAP); k++) {
        start[k] = (int32_t)ql_random_step(random) >> 2;
    }
    memcpy(expected, start, sizeof expected);
    for (int b = 0; b < B; b++) {
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                expected[b * y_stride + r] += weights[r * columns + c] * x[b * x_stride + c];
            }
        }
    }
    for (int k = 0; k < count; k++) {
        struct ql_arena arena = {0};
        const void *packed = products[k]->pack(&matrix, &arena);

        assert_non_null(packed);
        memcpy(y, start, sizeof y);
        products[k]->multiply_batch(y, y_stride, packed, x, x_stride, B);
        if (memcmp(y, expected, sizeof y) != 0) {
            fail_msg("%s, %d x %d, %d at a time: another sum", products[k]->name, rows, columns, B);
        }
        memcpy(y, start, sizeof y);
        products[k]->multiply(y, packed, x);
        assert_memory_equal(y, expected, (size_t)rows * sizeof y[0]);
        assert_memory_equal(y + rows, start + rows, GAP * sizeof y[0]);
        ql_arena_free(&arena);
    }
}

static void product_of_all_sizes_and_extremes_is_the_sum(void **state)
{
    (void)state;
    struct ql_random random;

    ql_random_init(&random, 3);
    for (int k = 0; k < ROW_SIZES * COLUMN_SIZES; k++) {
        for (int variant = 0; variant < 4; variant++) {
            const int B = BATCHES[(k + k / ROW_SIZES + 3 * variant) % BATCH_SIZES];
            const int columns = COLUMNS[k / ROW_SIZES];
            check(ROWS[k % ROW_SIZES], columns, columns > 500 && B > 7 ? 7 : B, variant & 1, variant & 2, &random);
        }
    }
    check(17, 5, LARGEST_BATCH, false, true, &random);
    check(65, 128, LARGEST_BATCH, false, false, &random);
}

static void product_list_ends_with_the_plain_one(void **state)
{
    (void)state;
    const struct ql_integer_product *products[QL_INTEGER_PRODUCT_LIMIT];
    const int count = ql_integer_product_list(products);

    assert_in_range(count, 1, QL_INTEGER_PRODUCT_LIMIT);
    assert_ptr_equal(products[count - 1], &ql_integer_product_plain);
    assert_ptr_equal(products[0], ql_integer_product_fastest());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(product_of_all_sizes_and_extremes_is_the_sum),
        cmocka_unit_test(product_list_ends_with_the_plain_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
