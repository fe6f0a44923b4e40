// The batcher: every target of a text once per epoch, in both ways of dividing it, with the right input before it.
// Uses: train/batcher, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "train/batcher.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { TEXT_LIMIT = 4096, NEWLINE = 0 };

// Sizes whose text divides into strips and windows evenly, unevenly, and not at all.
static const struct {
    int B, T;
} shapes[] = {{1, 1}, {1, 7}, {3, 4}, {7, 3}, {16, 64}, {33, 5}, {64, 1}, {5000, 2}};

// A text whose tokens are all different except for the newlines, so a token tells its position.
struct numbered_text {
    uint16_t tokens[TEXT_LIMIT];
    struct ql_token_text text;
};

static void text_of_lines(struct numbered_text *numbered, const int *lengths, size_t line_count)
{
    numbered->text = (struct ql_token_text){.tokens = numbered->tokens};
    for (size_t i = 0; i < line_count; i++) {
        for (int k = 0; k < lengths[i]; k++, numbered->text.count++) {
            numbered->tokens[numbered->text.count] = (uint16_t)(numbered->text.count + 1);
        }
        numbered->tokens[numbered->text.count++] = NEWLINE;
    }
}

// Reads a whole epoch of a stream and checks that strip b continues where it was, and that nothing is missing.
static void check_stream(const struct ql_token_text *text, int B, int T)
{
    static int seen[TEXT_LIMIT];
    static size_t next[TEXT_LIMIT]; // of each strip: the position of the next input
    struct ql_arena arena = {0};
    struct ql_batcher batcher;
    struct ql_batch batch;
    struct ql_error error;
    double weight = 0;

    assert_int_equal(ql_batcher_init(&batcher, text, false, B, T, &arena, &error), QL_OK);
    ql_batcher_reset(&batcher, 1, 1, true);
    assert_true(batcher.total == (double)(text->count - 1));
    memset(seen, 0, sizeof seen);
    for (int window = 0; ql_batcher_step(&batcher, &batch); window++) {
        double window_weight = 0;
        assert_int_equal(batch.reset, window == 0);
        assert_true(batch.B <= B && (size_t)batch.B <= text->count - 1);
        // A window of a few symbols would get an optimizer step as large as any other.
        assert_in_range(batch.T, batcher.strip_size < (size_t)T ? 1 : (T + 1) / 2, T);
        for (int b = 0; b < batch.B; b++) {
            if (window == 0) {
                next[b] = (size_t)(batch.inputs[b] - 1); // the text's only newline is its last token
            }
            for (int t = 0; t < batch.T; t++) {
                int place = t * batch.B + b;
                assert_in_range(batch.inputs[place], 0, text->count);
                if (batch.weights != NULL && batch.weights[place] == 0.0f) {
                    continue;
                }
                if (batch.inputs[place] != text->tokens[next[b]] || batch.targets[place] != text->tokens[next[b] + 1]) {
                    fail_msg("B %d, T %d: window %d, strip %d, time %d has %d, %d instead of %d, %d", B, T, window, b,
                             t, batch.inputs[place], batch.targets[place], text->tokens[next[b]],
                             text->tokens[next[b] + 1]);
                }
                next[b]++;
                seen[next[b]]++;
                window_weight++;
            }
        }
        assert_true(batch.total_weight == window_weight);
        weight += window_weight;
        assert_true(batcher.done == weight);
    }
    for (size_t place = 1; place < text->count; place++) {
        if (seen[place] != 1) {
            fail_msg("B %d, T %d: target %zu of %zu was seen %d times", B, T, place, text->count, seen[place]);
        }
    }
    assert_true(batcher.done == batcher.total);
    assert_false(ql_batcher_step(&batcher, &batch));
    ql_arena_free(&arena);
}

static void stream_of_any_size_has_every_target_once(void **state)
{
    static const int sizes[] = {1, 2, 3, 9, 63, 64, 65, 320, 1000, 1023};
    static struct numbered_text numbered;
    (void)state;

    for (size_t i = 0; i < COUNT(sizes); i++) {
        text_of_lines(&numbered, &sizes[i], 1);
        for (size_t k = 0; k < COUNT(shapes); k++) {
            check_stream(&numbered.text, shapes[k].B, shapes[k].T);
        }
    }
}

static void stream_in_another_epoch_is_the_same(void **state)
{
    static struct numbered_text numbered;
    const int length = 100;
    struct ql_arena arena = {0};
    struct ql_batcher batcher;
    struct ql_batch batch;
    struct ql_error error;
    uint16_t first[12];
    (void)state;

    text_of_lines(&numbered, &length, 1);
    assert_int_equal(ql_batcher_init(&batcher, &numbered.text, false, 3, 4, &arena, &error), QL_OK);
    for (int epoch = 1; epoch <= 3; epoch++) {
        ql_batcher_reset(&batcher, (uint32_t)epoch, epoch, true);
        assert_true(ql_batcher_step(&batcher, &batch));
        assert_true(batch.reset);
        if (epoch > 1) {
            assert_memory_equal(batch.inputs, first, sizeof first);
        }
        memcpy(first, batch.inputs, sizeof first);
        while (epoch == 2 && ql_batcher_step(&batcher, &batch)) {
        }
    }
    ql_arena_free(&arena);
}

// Reads a whole epoch of items; `order` gets the first position of every line, in order of appearance.
static size_t check_items(const struct ql_token_text *text, int B, int T, uint32_t seed, int epoch, bool shuffle,
                          size_t *order)
{
    static int seen[TEXT_LIMIT];
    static size_t next[TEXT_LIMIT];  // of each row: the position of the next target
    static size_t start[TEXT_LIMIT]; // of each row's line
    static bool ended[TEXT_LIMIT];
    struct ql_arena arena = {0};
    struct ql_batcher batcher;
    struct ql_batch batch;
    struct ql_error error;
    size_t lines = 0;

    assert_int_equal(ql_batcher_init(&batcher, text, true, B, T, &arena, &error), QL_OK);
    ql_batcher_reset(&batcher, seed, epoch, shuffle);
    memset(seen, 0, sizeof seen);
    while (ql_batcher_step(&batcher, &batch)) {
        double weight = 0;
        assert_in_range(batch.T, 1, T);
        assert_in_range(batch.B, 1, B);
        assert_non_null(batch.weights);
        for (int b = 0; b < batch.B; b++) {
            if (batch.reset) {
                next[b] = (size_t)(batch.targets[b] - 1);
                ended[b] = false;
                start[b] = next[b];
                order[lines++] = next[b];
                assert_int_equal(batch.inputs[b], NEWLINE); // every line begins after a newline
            }
            for (int t = 0; t < batch.T; t++) {
                int place = t * batch.B + b;
                if (ended[b]) {
                    assert_true(batch.weights[place] == 0.0f);
                    assert_true(batch.inputs[place] == NEWLINE && batch.targets[place] == NEWLINE);
                    continue;
                }
                assert_true(batch.weights[place] == 1.0f);
                assert_int_equal(batch.targets[place], text->tokens[next[b]]);
                if (next[b] > start[b]) {
                    assert_int_equal(batch.inputs[place], text->tokens[next[b] - 1]);
                }
                seen[next[b]]++;
                weight++;
                ended[b] = text->tokens[next[b]++] == NEWLINE;
            }
        }
        assert_true(batch.total_weight == weight && weight > 0);
    }
    double counted = 0;
    for (size_t place = 0; place < text->count; place++) {
        bool is_empty_line = text->tokens[place] == NEWLINE && (place == 0 || text->tokens[place - 1] == NEWLINE);
        counted += is_empty_line ? 0 : 1;
        if (seen[place] != (is_empty_line ? 0 : 1)) {
            fail_msg("B %d, T %d: target %zu of %zu was seen %d times", B, T, place, text->count, seen[place]);
        }
    }
    assert_true(batcher.total == counted && batcher.done == counted);
    assert_false(ql_batcher_step(&batcher, &batch));
    ql_arena_free(&arena);
    return lines;
}

// Empty lines, single symbols, lines of exactly one window and of several.
static const int line_lengths[] = {3, 0, 1, 5, 7, 8, 9, 200, 0, 0, 2, 64, 63, 65, 1, 1, 4, 30, 31, 6, 6, 6, 6, 90, 0};

static size_t filled_lines(void)
{
    size_t count = 0;

    for (size_t i = 0; i < COUNT(line_lengths); i++) {
        count += line_lengths[i] > 0 ? 1 : 0;
    }
    return count;
}

static void items_in_any_batch_have_every_target_once(void **state)
{
    static struct numbered_text numbered;
    static size_t order[TEXT_LIMIT];
    const int one = 1;
    (void)state;

    for (size_t k = 0; k < COUNT(shapes); k++) {
        text_of_lines(&numbered, line_lengths, COUNT(line_lengths));
        for (int shuffle = 0; shuffle < 2; shuffle++) {
            size_t lines = check_items(&numbered.text, shapes[k].B, shapes[k].T, 3, 1, shuffle == 1, order);
            assert_int_equal(lines, filled_lines());
        }
        text_of_lines(&numbered, &one, 1); // fewer items than B
        assert_int_equal(check_items(&numbered.text, shapes[k].B, shapes[k].T, 3, 1, true, order), 1);
    }
}

static void order_of_items_follows_from_seed_and_epoch(void **state)
{
    static struct numbered_text numbered;
    static size_t order[TEXT_LIMIT], again[TEXT_LIMIT], other_epoch[TEXT_LIMIT], other_seed[TEXT_LIMIT];
    static size_t unshuffled[TEXT_LIMIT];
    size_t bytes = filled_lines() * sizeof order[0];
    (void)state;

    text_of_lines(&numbered, line_lengths, COUNT(line_lengths));
    check_items(&numbered.text, 2, 16, 3, 1, true, order);
    check_items(&numbered.text, 2, 16, 3, 2, true, other_epoch);
    check_items(&numbered.text, 2, 16, 4, 1, true, other_seed);
    check_items(&numbered.text, 2, 16, 3, 1, true, again);
    assert_memory_equal(order, again, bytes);
    assert_memory_not_equal(order, other_epoch, bytes);
    assert_memory_not_equal(order, other_seed, bytes);

    check_items(&numbered.text, 2, 16, 3, 1, false, unshuffled);
    check_items(&numbered.text, 2, 16, 4, 2, false, again);
    assert_memory_equal(unshuffled, again, bytes);
}

// The same batcher after other epochs gives what a fresh one gives: a resumed training relies on it.
static void epoch_after_others_is_as_from_a_fresh_start(void **state)
{
    static struct numbered_text numbered;
    struct ql_arena arena = {0};
    struct ql_batcher used, fresh;
    struct ql_batch a, b;
    struct ql_error error;
    (void)state;

    text_of_lines(&numbered, line_lengths, COUNT(line_lengths));
    assert_int_equal(ql_batcher_init(&used, &numbered.text, true, 4, 8, &arena, &error), QL_OK);
    assert_int_equal(ql_batcher_init(&fresh, &numbered.text, true, 4, 8, &arena, &error), QL_OK);
    for (int epoch = 1; epoch < 6; epoch++) {
        ql_batcher_reset(&used, 9, epoch, true);
        for (int windows = 0; windows < epoch; windows++) { // abandoned in the middle
            assert_true(ql_batcher_step(&used, &a));
        }
    }
    ql_batcher_reset(&used, 9, 6, true);
    ql_batcher_reset(&fresh, 9, 6, true);
    while (ql_batcher_step(&used, &a)) {
        assert_true(ql_batcher_step(&fresh, &b));
        assert_int_equal(a.T, b.T);
        assert_int_equal(a.reset, b.reset);
        assert_memory_equal(a.targets, b.targets, (size_t)(a.T * a.B) * sizeof a.targets[0]);
    }
    assert_false(ql_batcher_step(&fresh, &b));
    ql_arena_free(&arena);
}

// FNV-1a over all that a training reads in an epoch.
static uint32_t hash_epoch(const struct ql_token_text *text, bool items, int B, int T, int epoch)
{
    struct ql_arena arena = {0};
    struct ql_batcher batcher;
    struct ql_batch batch;
    struct ql_error error;
    uint32_t hash = 2166136261u;

    assert_int_equal(ql_batcher_init(&batcher, text, items, B, T, &arena, &error), QL_OK);
    ql_batcher_reset(&batcher, 7, epoch, true);
    while (ql_batcher_step(&batcher, &batch)) {
        for (int k = 0; k < batch.T * batch.B; k++) {
            const bool counts = batch.weights == NULL || batch.weights[k] > 0.0f;
            hash = (hash ^ batch.inputs[k]) * 16777619u;
            hash = (hash ^ batch.targets[k]) * 16777619u;
            hash = (hash ^ counts) * 16777619u;
        }
        hash = (hash ^ (uint32_t)batch.T) * 16777619u;
    }
    ql_arena_free(&arena);
    return hash;
}

// The same seed must train the same model in every version, so the windows and the order of items are pinned: of more
// groups than are sorted together, and of lines that end in all places of a window.
static void windows_of_a_seed_are_those_of_every_version(void **state)
{
    enum { LINES = 500 };
    static struct numbered_text numbered;
    int lengths[LINES];
    (void)state;

    for (int k = 0; k < LINES; k++) {
        lengths[k] = k * 7 % 13;
    }
    text_of_lines(&numbered, lengths, LINES);
    assert_int_equal(hash_epoch(&numbered.text, true, 2, 5, 1), 0x58c1b71fu);
    assert_int_equal(hash_epoch(&numbered.text, true, 2, 5, 2), 0xad601c42u);
    assert_int_equal(hash_epoch(&numbered.text, false, 3, 7, 1), 0x78898b37u);
    assert_int_equal(hash_epoch(&numbered.text, false, 16, 64, 1), 0x24d03f78u);
}

static void text_with_nothing_to_learn_is_an_error(void **state)
{
    uint16_t newlines[] = {NEWLINE, NEWLINE, NEWLINE};
    const struct ql_token_text only_newlines = {.tokens = newlines, .count = 3},
                               one_symbol = {.tokens = newlines, .count = 1};
    struct ql_arena arena = {0};
    struct ql_batcher batcher;
    struct ql_error error;
    (void)state;

    assert_int_equal(ql_batcher_init(&batcher, &only_newlines, true, 4, 4, &arena, &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "empty"));
    assert_int_equal(ql_batcher_init(&batcher, &one_symbol, false, 4, 4, &arena, &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "one symbol"));
    ql_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_of_any_size_has_every_target_once),
        cmocka_unit_test(stream_in_another_epoch_is_the_same),
        cmocka_unit_test(items_in_any_batch_have_every_target_once),
        cmocka_unit_test(order_of_items_follows_from_seed_and_epoch),
        cmocka_unit_test(epoch_after_others_is_as_from_a_fresh_start),
        cmocka_unit_test(windows_of_a_seed_are_those_of_every_version),
        cmocka_unit_test(text_with_nothing_to_learn_is_an_error),
    };
    return cmocka_run_group_tests_name("batcher", tests, NULL, NULL);
}
