// The product inside the loop over time: each of its forms against a plain one in double, for uneven sizes.
// The file under test is included, because a machine by itself takes only one of the forms.
// Uses: train/step_product, reference_case (random numbers), cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference_case.h"
#include "train/step_product.c"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// A sum of 300 products of numbers in [-1, 1], some hundred roundings of values below 20.
static const double TOLERANCE = 1e-4;

// Sizes around the panel (32), the block (128) and all row counts of the tiles.
static const int sizes[] = {1, 7, 31, 32, 33, 64, 84, 127, 128, 129, 300};
enum { LARGEST = 300, ROWS_LARGEST = 21, GUARD = 8 };

static float A[ROWS_LARGEST * LARGEST], B[LARGEST * LARGEST], B_transposed[LARGEST * LARGEST];
static float C[ROWS_LARGEST * LARGEST + GUARD], before[ROWS_LARGEST * LARGEST + GUARD];

static void fill(int S, int N, int K, uint64_t random)
{
    for (int k = 0; k < S * K; k++) {
        A[k] = (float)reference_random_uniform(&random, -1, 1);
    }
    for (int k = 0; k < K; k++) {
        for (int n = 0; n < N; n++) {
            B[k * N + n] = B_transposed[n * K + k] = (float)reference_random_uniform(&random, -1, 1);
        }
    }
    for (int k = 0; k < S * N + GUARD; k++) {
        C[k] = before[k] = (float)reference_random_uniform(&random, -1, 1);
    }
}

static void check_product(int S, int N, int K, bool add)
{
    for (int s = 0; s < S; s++) {
        for (int n = 0; n < N; n++) {
            double expected = add ? (double)before[s * N + n] : 0;
            for (int k = 0; k < K; k++) {
                expected += (double)A[s * K + k] * (double)B[k * N + n];
            }
            if (!(fabs((double)C[s * N + n] - expected) <= TOLERANCE)) {
                fail_msg("S %d, N %d, K %d%s: C[%d, %d] is %.9g instead of %.9g", S, N, K, add ? ", added" : "", s, n,
                         (double)C[s * N + n], expected);
            }
        }
    }
    assert_memory_equal(C + S * N, before + S * N, GUARD * sizeof C[0]);
}

static void product_of_any_size_is_that_of_the_formula(void **state)
{
    (void)state;

    for (size_t i = 0; i < COUNT(sizes) * COUNT(sizes); i++) {
        const int N = sizes[i / COUNT(sizes)], K = sizes[i % COUNT(sizes)];
        const int S = 1 + (int)i % ROWS_LARGEST;
        struct ql_step_product product;
        struct ql_arena arena = {0};

        ql_step_product_init(&product, K, N, &arena);
        assert_false(arena.exhausted);
        fill(S, N, K, i);
        ql_step_product_reset(&product, B);
        ql_step_product_step(C, A, &product, S, false);
        check_product(S, N, K, false);
        fill(S, N, K, i + 1000);
        ql_step_product_reset_transposed(&product, B_transposed);
        ql_step_product_step(C, A, &product, S, true);
        check_product(S, N, K, true);
        ql_arena_free(&arena);
    }
}

// With one panel and one block, the form under test is all there is.
static void check_form(panel_function *compute, const char *name)
{
    enum { K = 100, N = PANEL };

    for (int S = 1; S <= ROWS_LARGEST; S++) {
        struct ql_step_product product;
        struct ql_arena arena = {0};
        ql_step_product_init(&product, K, N, &arena);
        fill(S, N, K, (uint64_t)S);
        ql_step_product_reset(&product, B);
        compute(C, N, A, K, product.panels, K, S);
        check_product(S, N, K, true);
        ql_arena_free(&arena);
    }
    print_message("%s: compared\n", name);
}

static void every_form_that_the_machine_can_run_follows_the_formula(void **state)
{
    (void)state;

    check_form(panel_plain, "plain");
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        check_form(panel_avx2, "AVX2");
    }
    if (__builtin_cpu_supports("avx512f")) {
        check_form(panel_avx512, "AVX-512");
    }
#endif
}

static void row_computed_with_others_has_the_same_bits(void **state)
{
    enum { K = 129, N = 84 };
    static float alone[N];
    struct ql_step_product product;
    struct ql_arena arena = {0};
    (void)state;

    ql_step_product_init(&product, K, N, &arena);
    for (int S = 1; S <= ROWS_LARGEST; S++) {
        fill(S, N, K, 5);
        ql_step_product_reset(&product, B);
        ql_step_product_step(C, A, &product, S, true);
        for (int s = 0; s < S; s++) {
            memcpy(alone, before + s * N, sizeof alone);
            ql_step_product_step(alone, A + s * K, &product, 1, true);
            assert_memory_equal(alone, C + s * N, sizeof alone);
        }
    }
    ql_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(product_of_any_size_is_that_of_the_formula),
        cmocka_unit_test(every_form_that_the_machine_can_run_follows_the_formula),
        cmocka_unit_test(row_computed_with_others_has_the_same_bits),
    };
    return cmocka_run_group_tests_name("step_product", tests, NULL, NULL);
}
