// Finds texts that differ by at most one edit: see near_index.h. A text without symbol k has the hash
// begin[k] P^(n - 1 - k) + end[k + 1], from the hashes of its beginnings and ends: one multiplication for each k.
// Texts whose hashes agree are compared, so the answer does not depend on the hash. Uses:
// corpus/{item_hash,text_buffer}.
#include "study/near_index.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "corpus/item_hash.h"
#include "corpus/text_buffer.h"

static const uint64_t BASE = 0x9e3779b97f4a7c15u; // odd, with many bits

static size_t decode(uint32_t *symbols, const char *bytes, size_t length)
{
    size_t count = 0;

    for (size_t place = 0; place < length;) {
        symbols[count++] = (uint32_t)ql_symbol_read(bytes, length, &place);
    }
    return count;
}

// The hashes of a text without each of its symbols, and at [count] that of the whole text. `hashes` has room for 3
// (count + 1).
static uint64_t *hash_parts(uint64_t *hashes, const uint32_t *symbols, size_t count)
{
    uint64_t *begin = hashes, *end = hashes + count + 1, *parts = hashes + 2 * (count + 1);
    uint64_t power = 1;

    begin[0] = 0;
    for (size_t k = 0; k < count; k++) {
        begin[k + 1] = begin[k] * BASE + symbols[k] + 1;
    }
    end[count] = 0;
    for (size_t k = count; k > 0; k--) {
        end[k - 1] = end[k] + (symbols[k - 1] + (uint64_t)1) * power;
        power *= BASE;
    }
    power = 1;
    for (size_t k = count; k > 0; k--) {
        parts[k - 1] = ql_hash_mix(begin[k - 1] * power + end[k]);
        power *= BASE;
    }
    parts[count] = ql_hash_mix(begin[count]);
    return parts;
}

static void add_part(struct ql_near_index *index, uint64_t hash, uint32_t text)
{
    size_t slot = (size_t)hash & (index->slot_count - 1);

    while (index->slots[slot].text != 0) {
        if (index->slots[slot].hash == hash && index->slots[slot].text == text + 1) {
            return; // another symbol in a run of equal ones was left out before
        }
        slot = (slot + 1) & (index->slot_count - 1);
    }
    index->slots[slot] = (struct ql_near_slot){hash, text + 1};
}

void ql_near_index_free(struct ql_near_index *index)
{
    free(index->slots);
    free(index->symbols);
    free(index->hashes);
    *index = (struct ql_near_index){0};
}

enum ql_status ql_near_index_init(struct ql_near_index *index, const struct ql_text_table *texts, size_t longest,
                                  struct ql_error *error)
{
    size_t parts = 0;

    *index = (struct ql_near_index){.texts = texts, .longest = longest, .slot_count = 16};
    for (size_t n = 0; n < texts->count; n++) {
        size_t length;
        const char *bytes = ql_text_table_read(texts, n, &length);
        const size_t symbols = ql_symbol_count_in(bytes, length);
        index->longest = symbols + 1 > index->longest ? symbols + 1 : index->longest; // one edit away from it, too
        parts += symbols + 1;
    }
    if (parts > QL_NEAR_SYMBOL_LIMIT) {
        return ql_error_write(
            error, QL_ERROR_INPUT,
            "the text has %zu symbols in different lines; near copies are found among at most %d: give "
            "a part of it",
            parts - texts->count, QL_NEAR_SYMBOL_LIMIT);
    }
    while (index->slot_count < 2 * parts) {
        index->slot_count *= 2;
    }
    index->slots = calloc(index->slot_count, sizeof index->slots[0]);
    index->symbols = malloc(2 * (index->longest + 1) * sizeof index->symbols[0]);
    index->hashes = malloc(3 * (index->longest + 1) * sizeof index->hashes[0]);
    if (index->slots == NULL || index->symbols == NULL || index->hashes == NULL) {
        ql_near_index_free(index);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the index of near copies");
    }
    for (size_t n = 0; n < texts->count; n++) {
        size_t length;
        const char *bytes = ql_text_table_read(texts, n, &length);
        const size_t count = decode(index->symbols, bytes, length);
        const uint64_t *hashes = hash_parts(index->hashes, index->symbols, count);
        for (size_t k = 0; k <= count; k++) {
            add_part(index, hashes[k], (uint32_t)n);
        }
    }
    return QL_OK;
}

int ql_near_check(const uint32_t *left, size_t left_count, const uint32_t *right, size_t right_count)
{
    size_t begin = 0, end = 0;

    if (left_count > right_count) {
        return ql_near_check(right, right_count, left, left_count);
    }
    if (right_count - left_count > 1) {
        return 2;
    }
    while (begin < left_count && left[begin] == right[begin]) {
        begin++;
    }
    if (begin == left_count) {
        return (int)(right_count - left_count);
    }
    while (end < left_count - begin && left[left_count - 1 - end] == right[right_count - 1 - end]) {
        end++;
    }
    return right_count - begin - end <= 1 ? 1 : 2;
}

int ql_near_index_find(struct ql_near_index *index, const char *bytes, size_t length, int64_t except)
{
    int nearest = 2;

    if (ql_symbol_count_in(bytes, length) > index->longest) {
        return 2;
    }
    const size_t count = decode(index->symbols, bytes, length);
    const uint64_t *hashes = hash_parts(index->hashes, index->symbols, count);
    uint32_t *other = index->symbols + index->longest + 1;
    for (size_t k = 0; k <= count && nearest > 0; k++) {
        size_t slot = (size_t)hashes[k] & (index->slot_count - 1);
        for (; index->slots[slot].text != 0; slot = (slot + 1) & (index->slot_count - 1)) {
            const uint32_t number = index->slots[slot].text - 1;
            if (index->slots[slot].hash != hashes[k] || (int64_t)number == except) {
                continue;
            }
            size_t other_length;
            const char *other_bytes = ql_text_table_read(index->texts, number, &other_length);
            const int distance = ql_near_check(index->symbols, count, other, decode(other, other_bytes, other_length));
            nearest = distance < nearest ? distance : nearest;
        }
    }
    return nearest;
}
