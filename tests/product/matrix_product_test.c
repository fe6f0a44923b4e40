// Matrix products, bit for bit against their definition, in every form of vectors that the machine has: one sum over k
// in increasing order for each element, with fused or rounded terms, for all sizes around panels, blocks, and tiles. A
// form in C has the tiles of AVX-512, so that their shape is tested even if the processor lacks these instructions.
// Uses: product, base/vectors, device/matvec.h (the other implementation of the rounded sums), reference_case, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/vectors.h"
#include "device/matvec.h"
#include "product/matrix_product.h"
#include "product_wide.h"
#include "reference_case.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// Columns around one and two panels (16), steps around the block (256), rows around the tiles (6, 12) and blocks (96).
static const int column_sizes[] = {1, 7, 15, 16, 17, 31, 32, 33, 48, 65, 84};
static const int step_sizes[] = {1, 2, 31, 84, 128, 255, 256, 257, 300};
static const int row_sizes[] = {1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 16, 23, 95, 96, 97, 100};
enum { COLUMNS_LARGEST = 84, STEPS_LARGEST = 300, ROWS_LARGEST = 100, GUARD = 8 };

static float A[ROWS_LARGEST * STEPS_LARGEST], A_transposed[ROWS_LARGEST * STEPS_LARGEST];
static float B[STEPS_LARGEST * COLUMNS_LARGEST], B_transposed[STEPS_LARGEST * COLUMNS_LARGEST];
static float C[ROWS_LARGEST * COLUMNS_LARGEST + GUARD], before[ROWS_LARGEST * COLUMNS_LARGEST + GUARD];

struct sizes {
    int M, N, K;
};

// Numbers between -4 and 4, so that sums are always rounded; and a few that need the whole range of exponents.
static void fill(struct sizes size, uint64_t random)
{
    for (int m = 0; m < size.M; m++) {
        for (int k = 0; k < size.K; k++) {
            const float a = (float)reference_random_uniform(&random, -4, 4) * (k % 17 == 3 ? 1e-30f : 1.0f);
            A[m * size.K + k] = A_transposed[k * size.M + m] = a;
        }
    }
    for (int k = 0; k < size.K; k++) {
        for (int n = 0; n < size.N; n++) {
            const float b = (float)reference_random_uniform(&random, -4, 4) * (k % 19 == 5 ? 1e-20f : 1.0f);
            B[k * size.N + n] = B_transposed[n * size.K + k] = b;
        }
    }
    for (int i = 0; i < size.M * size.N + GUARD; i++) {
        C[i] = before[i] = (float)reference_random_uniform(&random, -1, 1);
    }
}

static void expect(struct sizes size, bool add, const char *what)
{
    for (int m = 0; m < size.M; m++) {
        for (int n = 0; n < size.N; n++) {
            float sum = add ? before[m * size.N + n] : 0.0f;
            for (int k = 0; k < size.K; k++) {
                sum = fmaf(A[m * size.K + k], B[k * size.N + n], sum);
            }
            if (memcmp(&sum, &C[m * size.N + n], sizeof sum) != 0) {
                fail_msg("%s, %s, M %d, N %d, K %d: C[%d, %d] is %.9g instead of %.9g", ql_vectors_name(ql_vectors()),
                         what, size.M, size.N, size.K, m, n, (double)C[m * size.N + n], (double)sum);
            }
        }
    }
    assert_memory_equal(C + size.M * size.N, before + size.M * size.N, GUARD * sizeof C[0]);
}

// The rounded product against the kernel of device/, row by row.
static void expect_rounded(struct sizes size)
{
    static float row[COLUMNS_LARGEST];

    for (int m = 0; m < size.M; m++) {
        memcpy(row, before + m * size.N, (size_t)size.N * sizeof row[0]);
        ql_matvec_f32(row, A + m * size.K, B, size.K, size.N);
        if (memcmp(row, C + m * size.N, (size_t)size.N * sizeof row[0]) != 0) {
            fail_msg("%s, rounded, M %d, N %d, K %d: row %d differs", ql_vectors_name(ql_vectors()), size.M, size.N,
                     size.K, m);
        }
    }
    assert_memory_equal(C + size.M * size.N, before + size.M * size.N, GUARD * sizeof C[0]);
}

static void check_size(struct sizes size, uint64_t random)
{
    struct ql_arena arena = {0};
    struct ql_packed_matrix matrix;
    struct ql_product_scratch scratch;

    ql_packed_matrix_init(&matrix, size.K, size.N, &arena);
    ql_product_scratch_init(&scratch, size.N, &arena);
    assert_false(arena.exhausted);
    fill(size, random);
    ql_packed_matrix_reset(&matrix, B);
    ql_product_fused(C, A, &matrix, size.M, false);
    expect(size, false, "fused");
    memcpy(C, before, sizeof C);
    ql_packed_matrix_reset_transposed(&matrix, B_transposed);
    ql_product_fused(C, A, &matrix, size.M, true);
    expect(size, true, "fused, added");
    memcpy(C, before, sizeof C);
    ql_product_rounded(C, A, &matrix, size.M);
    expect_rounded(size);
    memcpy(C, before, sizeof C);
    ql_product_transposed(C, A_transposed, B, size.M, size.N, size.K, false, &scratch);
    expect(size, false, "transposed");
    ql_arena_free(&arena);
}

static void check_all_sizes(const char *name)
{
    // Every pair of columns and steps, each with a different number of rows; then every number of rows.
    for (size_t i = 0; i < COUNT(column_sizes) * COUNT(step_sizes); i++) {
        check_size((struct sizes){row_sizes[i % COUNT(row_sizes)], column_sizes[i / COUNT(step_sizes)],
                                  step_sizes[i % COUNT(step_sizes)]},
                   i);
    }
    for (size_t i = 0; i < COUNT(row_sizes); i++) {
        check_size((struct sizes){row_sizes[i], 33, 257}, 1000 + i);
    }
    print_message("%s: compared\n", name);
}

static void product_of_any_size_has_the_bits_of_its_definition_in_every_form(void **state)
{
    (void)state;

    for (int form = 0; form < QL_VECTORS_COUNT; form++) {
        struct ql_error error;
        if (!ql_vectors_check((enum ql_vectors)form)) {
            continue;
        }
        assert_int_equal(ql_vectors_reset(ql_vectors_name((enum ql_vectors)form), &error), QL_OK);
        assert_int_equal(ql_vectors(), form);
        check_all_sizes(ql_vectors_name((enum ql_vectors)form));
    }
    assert_int_equal(ql_vectors_reset(NULL, NULL), QL_OK);
}

static void wide_tiles_have_the_bits_of_the_definition(void **state)
{
    (void)state;

    ql_product_form_reset(&product_wide);
    check_all_sizes("tiles of 12 by 32");
    ql_product_form_reset(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wide_tiles_have_the_bits_of_the_definition),
        cmocka_unit_test(product_of_any_size_has_the_bits_of_its_definition_in_every_form),
    };
    return cmocka_run_group_tests_name("matrix_product", tests, NULL, NULL);
}
