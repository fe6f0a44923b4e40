// The product for many streams has the bits of ql_matvec_f32 for each of them, in every form that the machine can run.
// The file under test is included, because a machine by itself takes only one of the forms.
// Uses: generate/exact_product, device, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "device/matvec.h"
#include "device/random.h"
#include "generate/exact_product.c"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// Sizes around the panel (32), the block (128) and all row counts of the tiles.
static const int sizes[] = {1, 7, 31, 32, 33, 57, 127, 128, 129, 300};
enum { LARGEST = 300, ROWS_LARGEST = 19 };

static float A[ROWS_LARGEST * LARGEST], B[LARGEST * LARGEST], C[ROWS_LARGEST * LARGEST], alone[LARGEST];
static struct ql_random numbers;

// Between -4 and 4, so that sums round all the time.
static void fill(float *to, int count)
{
    for (int k = 0; k < count; k++) {
        to[k] = 8.0f * ql_random_step_f32(&numbers) - 4.0f;
    }
}

static void check_row(const float *before, const float *row, int s, int N, int K)
{
    memcpy(alone, before, (size_t)N * sizeof alone[0]);
    ql_matvec_f32(alone, A + s * K, B, K, N);
    if (memcmp(alone, row, (size_t)N * sizeof alone[0]) != 0) {
        fail_msg("N %d, K %d: row %d differs", N, K, s);
    }
}

static void product_of_any_size_has_the_bits_of_a_stream_alone(void **state)
{
    static float before[ROWS_LARGEST * LARGEST];
    (void)state;

    ql_random_init(&numbers, 1);
    for (size_t i = 0; i < COUNT(sizes) * COUNT(sizes); i++) {
        const int N = sizes[i / COUNT(sizes)], K = sizes[i % COUNT(sizes)], S = 1 + (int)i % ROWS_LARGEST;
        struct ql_step_product product;
        struct ql_arena arena = {0};

        ql_step_product_init(&product, K, N, &arena);
        assert_false(arena.exhausted);
        fill(A, S * K);
        fill(B, K * N);
        fill(before, S * N);
        memcpy(C, before, (size_t)(S * N) * sizeof C[0]);
        ql_step_product_reset(&product, B);
        ql_exact_product_step(C, A, &product, S);
        for (int s = 0; s < S; s++) {
            check_row(before + s * N, C + s * N, s, N, K);
        }
        ql_arena_free(&arena);
    }
}

static void check_form(panel_function *compute)
{
    enum { K = 100, N = PANEL };
    static float before[ROWS_LARGEST * N];

    for (int S = 1; S <= ROWS_LARGEST; S++) {
        fill(A, S * K);
        fill(B, K * N); // one panel is as it is
        fill(before, S * N);
        memcpy(C, before, (size_t)(S * N) * sizeof C[0]);
        compute(C, N, A, K, B, K, S);
        for (int s = 0; s < S; s++) {
            check_row(before + s * N, C + s * N, s, N, K);
        }
    }
}

static void every_form_that_the_machine_can_run_has_the_same_bits(void **state)
{
    (void)state;

    ql_random_init(&numbers, 2);
    check_form(panel_plain);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        check_form(panel_avx2);
    }
    if (__builtin_cpu_supports("avx512f")) {
        check_form(panel_avx512);
    }
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(product_of_any_size_has_the_bits_of_a_stream_alone),
        cmocka_unit_test(every_form_that_the_machine_can_run_has_the_same_bits),
    };
    return cmocka_run_group_tests_name("exact_product", tests, NULL, NULL);
}
