// Packed matrices: every kernel gives the sum over the row-major weights, the ranges of segments are guaranteed, and a
// matrix that cannot be packed is refused. Sizes are around the layout's blocks, and weights and vectors reach their
// extremes.
// Uses: quantize/matrix_pack, device/, cmocka.
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/matvec_s4.h"
#include "device/matvec_s8.h"
#include "device/random.h"
#include "quantize/matrix_pack.h"

enum { LARGEST_ROWS = 65, LARGEST_COLUMNS = 261, WORDS_LIMIT = 72 / 12 * 131 * 6 };

static const int ROWS[] = {1, 2, 11, 12, 13, 25, LARGEST_ROWS};
static const int COLUMNS[] = {1, 2, 3, 4, 5, 15, 16, 17, 31, 33, 84, 128, 130, 160, 256, LARGEST_COLUMNS};

enum { ROW_SIZES = sizeof ROWS / sizeof ROWS[0], COLUMN_SIZES = sizeof COLUMNS / sizeof COLUMNS[0] };

// How a case is filled: with any values of the range, or only with the ends of it.
enum filling { ANY, ENDS, ALL_HIGH, ALL_LOW, OPPOSED, FILLINGS };

struct product_case {
    int8_t weights[LARGEST_ROWS * LARGEST_COLUMNS], x[LARGEST_COLUMNS];
    int32_t y[LARGEST_ROWS + 1], expected[LARGEST_ROWS]; // after y's end, a value that must not change
    uint32_t words[WORDS_LIMIT + 1];
};

static int8_t random_value(struct ql_random *random, int limit, enum filling filling, int index)
{
    switch (filling) {
    case ALL_HIGH:
        return (int8_t)limit;
    case ALL_LOW:
        return (int8_t)-limit;
    case OPPOSED:
        return (int8_t)(index % 2 == 0 ? limit : -limit);
    case ENDS:
        return (int8_t)((ql_random_step(random) & 1) != 0 ? limit : -limit);
    default:
        return (int8_t)((int)(ql_random_step(random) % (unsigned)(2 * limit + 1)) - limit);
    }
}

// Fills the case and computes the expected product from the original rows.
static void fill(struct product_case *product, struct ql_random *random, int rows, int columns, int limit,
                 enum filling of_weights, enum filling of_vector)
{
    for (int k = 0; k < rows * columns; k++) {
        product->weights[k] = random_value(random, limit, of_weights, k % columns);
    }
    for (int c = 0; c < columns; c++) {
        product->x[c] = random_value(random, QL_VECTOR_S8_LIMIT, of_vector, c);
    }
    for (int r = 0; r < rows; r++) {
        int32_t sum = product->y[r] = (int32_t)(ql_random_step(random) % 2000001) - 1000000;
        for (int c = 0; c < columns; c++) {
            sum += product->weights[r * columns + c] * product->x[c];
        }
        product->expected[r] = sum;
    }
    product->y[rows] = 0x5a5a5a5a;
    memset(product->words, 0xee, sizeof product->words);
}

static void check_product(const struct product_case *product, int rows, int columns)
{
    for (int r = 0; r < rows; r++) {
        if (product->y[r] != product->expected[r]) {
            fail_msg("%d x %d, row %d: %d is not %d", rows, columns, r, (int)product->y[r], (int)product->expected[r]);
        }
    }
    assert_int_equal(product->y[rows], 0x5a5a5a5a);
}

static void check_s8(struct product_case *product, int rows, int columns)
{
    struct ql_error error;
    int32_t start[LARGEST_ROWS + 1];
    const int count = ql_matrix_s8_word_count(rows, columns);
    const struct ql_matrix_s8 matrix = {product->words, rows, columns,
                                        ql_matrix_segment(product->weights, rows, columns)};

    assert_int_equal(ql_matrix_s8_pack(product->words, product->weights, rows, columns, &error), QL_OK);
    assert_int_equal(product->words[count], 0xeeeeeeee);
    assert_int_not_equal(product->words[count - 1], 0xeeeeeeee);
    memcpy(start, product->y, sizeof start);
    ql_matvec_s8_plain(product->y, &matrix, product->x);
    check_product(product, rows, columns);
    memcpy(product->y, start, sizeof start);
    ql_matvec_s8(product->y, &matrix, product->x);
    check_product(product, rows, columns);
}

static void check_s4(struct product_case *product, int rows, int columns)
{
    struct ql_error error;
    int32_t start[LARGEST_ROWS + 1];
    const int count = ql_matrix_s4_word_count(rows, columns);
    const struct ql_matrix_s4 matrix = {product->words, rows, columns,
                                        ql_matrix_segment(product->weights, rows, columns)};

    assert_int_equal(ql_matrix_s4_pack(product->words, product->weights, rows, columns, &error), QL_OK);
    assert_int_equal(product->words[count], 0xeeeeeeee);
    assert_int_not_equal(product->words[count - 1], 0xeeeeeeee);
    memcpy(start, product->y, sizeof start);
    ql_matvec_s4_plain(product->y, &matrix, product->x);
    check_product(product, rows, columns);
    memcpy(product->y, start, sizeof start);
    ql_matvec_s4(product->y, &matrix, product->x);
    check_product(product, rows, columns);
}

static void matvec_s8_of_all_sizes_and_extremes_is_the_sum(void **state)
{
    (void)state;
    static struct product_case product;
    struct ql_random random;

    ql_random_init(&random, 1);
    for (int i = 0; i < ROW_SIZES * COLUMN_SIZES; i++) {
        const int rows = ROWS[i % ROW_SIZES], columns = COLUMNS[i / ROW_SIZES];
        for (enum filling weights = 0; weights < FILLINGS; weights++) {
            for (enum filling vector = 0; vector < FILLINGS; vector++) {
                fill(&product, &random, rows, columns, 127, weights, vector);
                check_s8(&product, rows, columns);
            }
        }
        for (int limit = 1; limit < 127; limit = 2 * limit + 1) { // narrow weights have wide segments
            fill(&product, &random, rows, columns, limit, ANY, ENDS);
            check_s8(&product, rows, columns);
        }
    }
}

static void matvec_s4_of_all_sizes_and_extremes_is_the_sum(void **state)
{
    (void)state;
    static struct product_case product;
    struct ql_random random;

    ql_random_init(&random, 2);
    for (int i = 0; i < ROW_SIZES * COLUMN_SIZES; i++) {
        const int rows = ROWS[i % ROW_SIZES], columns = COLUMNS[i / ROW_SIZES];
        for (enum filling weights = 0; weights < FILLINGS; weights++) {
            for (enum filling vector = 0; vector < FILLINGS; vector++) {
                fill(&product, &random, rows, columns, 7, weights, vector);
                check_s4(&product, rows, columns);
            }
        }
    }
}

static void matrix_words_stand_as_the_picture_says(void **state)
{
    (void)state;
    struct ql_error error;
    int8_t weights[3 * 3] = {1, 2, 3, -4, 5, 6, 7, 7, -7};
    uint32_t words[12];

    assert_int_equal(ql_matrix_s8_word_count(3, 3), 12);
    assert_int_equal(ql_matrix_s8_pack(words, weights, 3, 3, &error), QL_OK);
    assert_int_equal(words[0], (133u << 24) + (124u << 16) + (130u << 8) + 129u);
    assert_int_equal(words[1], 0x80800000u + (135u << 8) + 135u);
    assert_int_equal(words[2], 0x80808080u);
    assert_int_equal(words[6], 0x80008000u + (134u << 16) + 131u);
    assert_int_equal(words[7], 0x80808000u + 121u);
    assert_int_equal(ql_matrix_s4_word_count(3, 3), 6);
    assert_int_equal(ql_matrix_s4_pack(words, weights, 3, 3, &error), QL_OK);
    assert_int_equal(words[0], 0x8d84faf9u);
    assert_int_equal(words[1], 0x88888888u);
    assert_int_equal(words[3], 0x888e881bu);
    assert_int_equal(words[5], 0x88888888u);
}

// The lane's limit is 32767 / 127 = 258: a sum of magnitudes of 258 fits, one of 259 does not.
static void matrix_segment_is_the_widest_that_fits_for_any_vector(void **state)
{
    (void)state;
    int8_t weights[2 * 64] = {0};

    assert_int_equal(ql_matrix_segment(weights, 2, 64), 32);
    weights[64 + 3] = 127;
    weights[64 + 11] = -127;
    weights[64 + 12] = 4;
    assert_int_equal(ql_matrix_segment(weights, 2, 64), 32);
    weights[64 + 12] = 5;
    assert_int_equal(ql_matrix_segment(weights, 2, 64), 12);
    weights[64 + 10] = -5;
    assert_int_equal(ql_matrix_segment(weights, 2, 64), 10);
    memset(weights, -127, sizeof weights);
    assert_int_equal(ql_matrix_segment(weights, 2, 64), 2);
    memset(weights, 7, sizeof weights);
    assert_int_equal(ql_matrix_segment(weights, 2, 64), 32);
}

static void matrix_that_cannot_be_packed_is_an_error(void **state)
{
    (void)state;
    struct ql_error error;
    int8_t weights[4] = {0, 1, -128, 0};
    uint32_t words[12];

    assert_int_equal(ql_matrix_s8_pack(words, weights, 2, 2, &error), QL_ERROR_INPUT);
    assert_string_equal(error.message, "the weight -128 in row 1, column 0 is not in [-127, 127]");
    weights[2] = 8;
    assert_int_equal(ql_matrix_s8_pack(words, weights, 2, 2, &error), QL_OK);
    assert_int_equal(ql_matrix_s4_pack(words, weights, 2, 2, &error), QL_ERROR_INPUT);
    assert_string_equal(error.message, "the weight 8 in row 1, column 0 is not in [-7, 7]");
    assert_int_equal(ql_matrix_s8_pack(words, weights, 0, 2, &error), QL_ERROR_INPUT);
    assert_int_equal(ql_matrix_s8_pack(words, weights, 2, -1, &error), QL_ERROR_INPUT);
    assert_int_equal(ql_matrix_s8_pack(words, weights, 1, 133145, &error), QL_ERROR_INPUT);
    assert_int_equal(ql_matrix_s8_pack(words, weights, INT_MAX, 2, &error), QL_ERROR_INPUT);
    assert_int_equal(ql_matrix_s4_pack(words, weights, INT_MAX, INT_MAX, &error), QL_ERROR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matvec_s8_of_all_sizes_and_extremes_is_the_sum),
        cmocka_unit_test(matvec_s4_of_all_sizes_and_extremes_is_the_sum),
        cmocka_unit_test(matrix_words_stand_as_the_picture_says),
        cmocka_unit_test(matrix_segment_is_the_widest_that_fits_for_any_vector),
        cmocka_unit_test(matrix_that_cannot_be_packed_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
