// The arena: pieces are zeroed, aligned, and separate; a failed allocation is reported, and so are all later ones.
// Uses: base/arena, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static void arena_pieces_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 63, 64, 65, 4096, 1, 100000};
    enum { PIECES = sizeof sizes / sizeof sizes[0] };
    struct ql_arena arena = {0};
    unsigned char *pieces[PIECES];
    size_t total = 0;

    for (int i = 0; i < PIECES; i++) {
        pieces[i] = ql_arena_take(&arena, 1, sizes[i]);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 64, 0);
        for (size_t k = 0; k < sizes[i]; k++) {
            assert_int_equal(pieces[i][k], 0);
        }
        memset(pieces[i], i + 1, sizes[i]); // a sanitizer detects what does not fit
        total += sizes[i];
    }
    for (int i = 0; i < PIECES; i++) {
        for (size_t k = 0; k < sizes[i]; k++) {
            assert_int_equal(pieces[i][k], i + 1);
        }
    }
    assert_true(arena.total_bytes >= total);
    assert_false(arena.exhausted);
    ql_arena_free(&arena);
    assert_null(arena.last);
    assert_int_equal(arena.total_bytes, 0);
}

static void arena_piece_of_nothing_is_a_piece(void **state)
{
    (void)state;
    struct ql_arena arena = {0};

    assert_non_null(ql_arena_take(&arena, 0, 4));
    assert_non_null(ql_arena_take(&arena, 4, 0));
    assert_false(arena.exhausted);
    ql_arena_free(&arena);
}

static void arena_request_that_overflows_is_reported_and_stays_so(void **state)
{
    (void)state;
    static const struct {
        size_t count, size;
    } requests[] = {{SIZE_MAX, 1},         {SIZE_MAX, 2},       {2, SIZE_MAX},
                    {SIZE_MAX / 4 + 2, 4}, {SIZE_MAX - 100, 1}, {1, SIZE_MAX}};

    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        struct ql_arena arena = {0};
        assert_non_null(ql_arena_take(&arena, 3, 5));
        assert_null(ql_arena_take(&arena, requests[i].count, requests[i].size));
        assert_true(arena.exhausted);
        assert_non_null(ql_arena_take(&arena, 3, 5));
        assert_true(arena.exhausted);
        ql_arena_free(&arena);
        assert_false(arena.exhausted);
    }
}

static void arena_free_of_nothing_is_harmless(void **state)
{
    (void)state;
    struct ql_arena arena = {0};

    ql_arena_free(&arena);
    ql_arena_free(&arena);
    assert_non_null(ql_arena_take(&arena, 1, 1));
    ql_arena_free(&arena);
}

static void arena_over_its_limit_is_exhausted(void **state)
{
    struct ql_arena arena = {.limit_bytes = 4096};

    (void)state;
    assert_non_null(ql_arena_take(&arena, 1024, 1));
    assert_null(ql_arena_take(&arena, 4096, 1));
    assert_true(arena.exhausted);
    ql_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(arena_piece_of_nothing_is_a_piece),
        cmocka_unit_test(arena_request_that_overflows_is_reported_and_stays_so),
        cmocka_unit_test(arena_free_of_nothing_is_harmless),
        cmocka_unit_test(arena_over_its_limit_is_exhausted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
