// Divides a text into windows: see batcher.h.
#include "train/batcher.h"

#include <stdlib.h>
#include <string.h>

#include "device/random.h"

// Lines are sorted by length within blocks of this many groups: enough to keep padding low, while each epoch still
// forms different groups.
enum { GROUPS_PER_BLOCK = 64 };

// Linux maps 64 KB of a file around each line that is far from the others. Each such line therefore counts as this many
// tokens toward the release of a long text's memory: it happens after 1,024 lines, or 64 MB.
enum { LINE_COST = 1024 };

static size_t text_lines(const struct ql_token_text *text, uint16_t newline, struct ql_batcher_item *lines)
{
    size_t count = 0, rested = 0;

    for (size_t start = 0, end; start < text->count; start = end) {
        if (start - rested >= QL_TOKEN_TEXT_REST_TOKENS) {
            ql_token_text_rest(text);
            rested = start;
        }
        for (end = start; text->tokens[end] != newline;) {
            end++;
        }
        end++;
        if (end - start > 1) {
            if (lines != NULL) {
                lines[count] = (struct ql_batcher_item){.start = start, .size = (uint32_t)(end - start)};
            }
            count++;
        }
    }
    return count;
}

int ql_batcher_evaluation_size(const struct ql_token_text *text, bool items, int limit)
{
    const size_t strips = text->count / QL_BATCHER_EVALUATED_STRIP;

    if (items || strips >= (size_t)limit) {
        return limit;
    }
    return strips > 0 ? (int)strips : 1;
}

enum ql_status ql_batcher_init(struct ql_batcher *batcher, const struct ql_token_text *text, bool items, int B, int T,
                               struct ql_arena *arena, struct ql_error *error)
{
    *batcher =
        (struct ql_batcher){.text = text, .items = items, .B = B, .T = T, .newline = text->tokens[text->count - 1]};
    if (items) {
        batcher->line_count = text_lines(text, batcher->newline, NULL);
        if (batcher->line_count == 0) {
            return ql_error_write(error, QL_ERROR_INPUT, "the text has no line that is not empty");
        }
        if (batcher->line_count < (size_t)B) {
            batcher->B = (int)batcher->line_count;
        }
        batcher->group_count = (batcher->line_count + (size_t)batcher->B - 1) / (size_t)batcher->B;
        batcher->lines = ql_arena_take(arena, batcher->line_count, sizeof batcher->lines[0]);
        batcher->group_order = ql_arena_take(arena, batcher->group_count, sizeof batcher->group_order[0]);
    } else {
        if (text->count < 2) {
            return ql_error_write(error, QL_ERROR_INPUT, "the text has only one symbol; there is nothing to predict");
        }
        if (text->count - 1 < (size_t)B) {
            batcher->B = (int)(text->count - 1);
        }
        size_t rest = (text->count - 1) % (size_t)batcher->B;
        batcher->strip_size = (text->count - 1) / (size_t)batcher->B + (rest > 0 ? 1 : 0);
        batcher->long_strips = rest > 0 ? rest : (size_t)batcher->B;
    }
    size_t places = (size_t)batcher->B * (size_t)T;
    batcher->inputs = ql_arena_take(arena, places, sizeof batcher->inputs[0]);
    batcher->targets = ql_arena_take(arena, places, sizeof batcher->targets[0]);
    batcher->weights = ql_arena_take(arena, places, sizeof batcher->weights[0]);
    if (arena->exhausted) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to divide the text into batches");
    }
    ql_batcher_reset(batcher, 0, 0, false);
    return QL_OK;
}

static int item_by_size(const void *left, const void *right)
{
    const struct ql_batcher_item *a = left;
    const struct ql_batcher_item *b = right;

    if (a->size != b->size) {
        return a->size < b->size ? -1 : 1;
    }
    return a->rank < b->rank ? -1 : 1;
}

// A number below `limit`, by rejection of the incomplete last range, so that all are equally likely.
static uint32_t random_below(struct ql_random *random, uint32_t limit)
{
    uint32_t excess = (uint32_t)(0u - limit) % limit;
    uint32_t number;

    do {
        number = ql_random_step(random);
    } while (number < excess);
    return number % limit;
}

static void arrange_items(struct ql_batcher *batcher, uint32_t seed, int epoch, bool shuffle)
{
    struct ql_random random;
    struct ql_batcher_item *lines = batcher->lines;
    size_t block = shuffle ? (size_t)batcher->B * GROUPS_PER_BLOCK : batcher->line_count;

    // Every epoch starts from the order of the text, so that it does not depend on the epochs before.
    (void)text_lines(batcher->text, batcher->newline, lines);
    ql_random_init(&random, seed ^ ql_random_mix((uint32_t)epoch));
    for (size_t i = batcher->line_count; shuffle && i > 1; i--) { // Fisher and Yates
        size_t j = random_below(&random, (uint32_t)i);
        struct ql_batcher_item line = lines[i - 1];
        lines[i - 1] = lines[j];
        lines[j] = line;
    }
    for (size_t i = 0; i < batcher->line_count; i++) {
        lines[i].rank = (uint32_t)i;
    }
    for (size_t start = 0; start < batcher->line_count; start += block) {
        size_t count = batcher->line_count - start < block ? batcher->line_count - start : block;
        qsort(lines + start, count, sizeof lines[0], item_by_size);
    }
    for (size_t i = 0; i < batcher->group_count; i++) {
        batcher->group_order[i] = (uint32_t)i;
    }
    for (size_t i = batcher->group_count; shuffle && i > 1; i--) {
        size_t j = random_below(&random, (uint32_t)i);
        uint32_t group = batcher->group_order[i - 1];
        batcher->group_order[i - 1] = batcher->group_order[j];
        batcher->group_order[j] = group;
    }
}

void ql_batcher_reset(struct ql_batcher *batcher, uint32_t seed, int epoch, bool shuffle)
{
    batcher->group = 0;
    batcher->position = 0;
    batcher->done = batcher->touched = 0.0;
    if (!batcher->items) {
        batcher->total = (double)(batcher->text->count - 1);
        return;
    }
    arrange_items(batcher, seed, epoch, shuffle);
    batcher->total = 0.0;
    for (size_t i = 0; i < batcher->line_count; i++) {
        batcher->total += batcher->lines[i].size;
    }
}

// The number of symbols in the next window when `left` remain. A remainder of less than two windows is divided evenly:
// a window of a few symbols would cause an optimizer step as large as any other.
static int window_size(const struct ql_batcher *batcher, size_t left)
{
    size_t T = (size_t)batcher->T;

    return (int)(left <= T ? left : left < 2 * T ? (left + 1) / 2 : T);
}

static bool step_stream(struct ql_batcher *batcher, struct ql_batch *batch)
{
    const uint16_t *tokens = batcher->text->tokens;
    int T = window_size(batcher, batcher->strip_size - batcher->position);

    if (T == 0) {
        return false;
    }
    *batch = (struct ql_batch){.T = T, .B = batcher->B};
    for (int b = 0; b < batcher->B; b++) {
        size_t short_before = (size_t)b > batcher->long_strips ? (size_t)b - batcher->long_strips : 0;
        size_t start = (size_t)b * batcher->strip_size - short_before;
        size_t size = (size_t)b < batcher->long_strips ? batcher->strip_size : batcher->strip_size - 1;
        for (int t = 0; t < T; t++) {
            size_t place = batcher->position + (size_t)t;
            bool inside = place < size;
            batcher->inputs[t * batcher->B + b] = inside ? tokens[start + place] : batcher->newline;
            batcher->targets[t * batcher->B + b] = inside ? tokens[start + place + 1] : batcher->newline;
            batcher->weights[t * batcher->B + b] = inside ? 1.0f : 0.0f;
            batch->total_weight += inside ? 1.0 : 0.0;
        }
    }
    batch->weights = batch->total_weight < (double)T * batcher->B ? batcher->weights : NULL;
    return true;
}

// A line's sequence begins with the newline before it; the first line is treated as if it had one.
static bool step_items(struct ql_batcher *batcher, struct ql_batch *batch)
{
    if (batcher->group == batcher->group_count) {
        return false;
    }
    size_t first = (size_t)batcher->group_order[batcher->group] * (size_t)batcher->B;
    size_t lines_left = batcher->line_count - first;
    int B = lines_left < (size_t)batcher->B ? (int)lines_left : batcher->B;
    batcher->longest = 0;
    for (int b = 0; b < B; b++) {
        size_t size = batcher->lines[first + (size_t)b].size;
        batcher->longest = size > batcher->longest ? size : batcher->longest;
    }
    int T = window_size(batcher, batcher->longest - batcher->position);

    *batch = (struct ql_batch){.weights = batcher->weights, .T = T, .B = B};
    for (int t = 0; t < T; t++) {
        for (int b = 0; b < B; b++) {
            const struct ql_batcher_item *line = &batcher->lines[first + (size_t)b];
            const uint16_t *tokens = batcher->text->tokens + line->start;
            size_t place = batcher->position + (size_t)t;
            bool inside = place < line->size;
            batcher->inputs[t * B + b] = inside && place > 0 ? tokens[place - 1] : batcher->newline;
            batcher->targets[t * B + b] = inside ? tokens[place] : batcher->newline;
            batcher->weights[t * B + b] = inside ? 1.0f : 0.0f;
            batch->total_weight += inside ? 1.0 : 0.0;
        }
    }
    return true;
}

bool ql_batcher_step(struct ql_batcher *batcher, struct ql_batch *batch)
{
    bool more = batcher->items ? step_items(batcher, batch) : step_stream(batcher, batch);

    if (!more) {
        return false;
    }
    batch->inputs = batcher->inputs;
    batch->targets = batcher->targets;
    batch->reset = batcher->position == 0;
    batcher->done += batch->total_weight;
    batcher->touched += batcher->items ? (double)LINE_COST * batch->B : batch->total_weight;
    if (batcher->touched >= QL_TOKEN_TEXT_REST_TOKENS) {
        ql_token_text_rest(batcher->text);
        batcher->touched = 0.0;
    }
    batcher->position += (size_t)batch->T;
    if (batcher->items && batcher->position == batcher->longest) {
        batcher->position = 0;
        batcher->group++;
    }
    return true;
}
