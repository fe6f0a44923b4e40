// A set of items: see fingerprint_set.h. Each key has a slot in each of three blocks; its fingerprint is the exclusive
// or of the three. A key that is the only one to use some slot can be settled last, through that slot; once it is
// removed, other keys become the only ones.
// Uses: base/{bytes,text_file}, corpus/{text_buffer,vocabulary}, device/filter.h, filter/fold.
#include "filter/fingerprint_set.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text_file.h"
#include "corpus/text_buffer.h"
#include "corpus/vocabulary.h"
#include "device/filter.h"
#include "filter/fold.h"

// The number of seeds that are tried. A seed fails in a few percent of cases.
enum { SEED_LIMIT = 200 };

// The key of an item; 0 where it has none. With `in_capitals`, a sharp s is two letters, as it is in capitals.
static uint32_t item_key(const struct ql_fold_letters *letters, const char *item, size_t size_bytes, bool in_capitals)
{
    uint32_t hash = 0;

    for (size_t place = 0; place < size_bytes;) {
        uint32_t symbol;
        const size_t bytes = ql_utf8_decode(&symbol, (const unsigned char *)item + place, size_bytes - place);
        place += bytes == 0 ? 1 : bytes;
        if (bytes > 0) {
            const bool twice = in_capitals && ql_symbol_fold((int32_t)symbol) == QL_SYMBOL_SHARP_S;
            const uint32_t letter = twice ? 's' : symbol;
            const uint16_t key = ql_fold_key(letters, letter, ql_fold_symbol_in(letters, letter));
            hash = ql_filter_hash(hash, key);
            hash = twice ? ql_filter_hash(hash, key) : hash;
        }
    }
    return hash;
}

static enum ql_status add_key(struct ql_item_keys *keys, uint32_t key, struct ql_error *error)
{
    if (keys->count == keys->capacity) {
        const size_t capacity = keys->capacity == 0 ? 1024 : 2 * keys->capacity;
        uint32_t *larger = realloc(keys->keys, capacity * sizeof *larger);
        if (larger == NULL) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the items");
        }
        keys->keys = larger;
        keys->capacity = capacity;
    }
    keys->keys[keys->count++] = key;
    return QL_OK;
}

enum ql_status ql_item_keys_load(struct ql_item_keys *keys, const char *path, struct ql_error *error)
{
    static const struct ql_fold_letters none = {.count = 0};
    const struct ql_fold_letters *letters = keys->letters == NULL ? &none : keys->letters;
    struct ql_file_view view;
    enum ql_status status = ql_text_file_open(&view, path, error);

    if (status != QL_OK) {
        return status;
    }
    struct ql_bytes_line line = {0};
    while (status == QL_OK && ql_bytes_line_step(&line, view.data, view.size_bytes)) {
        const uint32_t key = item_key(letters, line.bytes, line.length, false);
        const uint32_t capitals = item_key(letters, line.bytes, line.length, true);
        status = key == 0 ? QL_OK : add_key(keys, key, error);
        if (status == QL_OK && capitals != key) {
            status = add_key(keys, capitals, error);
        }
    }
    ql_file_close(&view);
    return status;
}

void ql_item_keys_free(struct ql_item_keys *keys)
{
    free(keys->keys);
    *keys = (struct ql_item_keys){0};
}

static int compare_keys(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

// Scratch memory of an attempt.
struct attempt {
    uint32_t *uses;       // (3 * block) how many keys use the slot
    uint32_t *mixed;      // (3 * block) the exclusive or of these keys
    uint32_t *alone;      // (3 * block) slots that one key uses
    uint32_t *order_keys; // (count) keys in the order in which they were removed
    uint32_t *order_slots;
};

// Removes keys that are alone in a slot until none is left. False when some keys remain.
static bool settle(struct attempt *a, const uint32_t *keys, uint32_t count, uint32_t block, uint32_t seed)
{
    uint32_t waiting = 0, taken = 0;

    memset(a->uses, 0, 3 * (size_t)block * sizeof *a->uses);
    memset(a->mixed, 0, 3 * (size_t)block * sizeof *a->mixed);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < 3; k++) {
            const uint32_t slot = ql_filter_slot(keys[i], seed, block, k);
            a->uses[slot]++;
            a->mixed[slot] ^= keys[i];
        }
    }
    for (uint32_t slot = 0; slot < 3 * block; slot++) {
        if (a->uses[slot] == 1) {
            a->alone[waiting++] = slot;
        }
    }
    while (waiting > 0) {
        const uint32_t slot = a->alone[--waiting];
        if (a->uses[slot] != 1) {
            continue;
        }
        const uint32_t key = a->mixed[slot];
        a->order_keys[taken] = key;
        a->order_slots[taken++] = slot;
        for (uint32_t k = 0; k < 3; k++) {
            const uint32_t other = ql_filter_slot(key, seed, block, k);
            a->mixed[other] ^= key;
            if (--a->uses[other] == 1) {
                a->alone[waiting++] = other; // a slot gets down to one use only once, so there is room
            }
        }
    }
    return taken == count;
}

static bool take_memory(struct attempt *a, uint32_t count, uint32_t block)
{
    a->uses = malloc(3 * (size_t)block * sizeof *a->uses);
    a->mixed = malloc(3 * (size_t)block * sizeof *a->mixed);
    a->alone = malloc(3 * (size_t)block * sizeof *a->alone);
    a->order_keys = malloc(count * sizeof *a->order_keys);
    a->order_slots = malloc(count * sizeof *a->order_slots);
    return a->uses != NULL && a->mixed != NULL && a->alone != NULL && a->order_keys != NULL && a->order_slots != NULL;
}

static void assign(struct ql_fingerprint_set *set, const struct attempt *a)
{
    for (uint32_t i = set->item_count; i-- > 0;) {
        uint8_t value = ql_filter_fingerprint(a->order_keys[i], set->seed);
        for (uint32_t k = 0; k < 3; k++) {
            const uint32_t slot = ql_filter_slot(a->order_keys[i], set->seed, set->block, k);
            value ^= slot == a->order_slots[i] ? 0 : set->fingerprints[slot];
        }
        set->fingerprints[a->order_slots[i]] = value;
    }
}

enum ql_status ql_fingerprint_set_init(struct ql_fingerprint_set *set, struct ql_item_keys *keys,
                                       struct ql_error *error)
{
    struct attempt attempt = {0};
    size_t count = 0;
    enum ql_status status = QL_OK;

    *set = (struct ql_fingerprint_set){0};
    if (keys->count == 0) {
        return QL_OK;
    }
    if (keys->count > QL_FINGERPRINT_LIMIT) {
        return ql_error_write(error, QL_ERROR_INPUT, "%zu items are more than a filter can refuse; the limit is %d",
                              keys->count, QL_FINGERPRINT_LIMIT);
    }
    qsort(keys->keys, keys->count, sizeof keys->keys[0], compare_keys);
    for (size_t k = 0; k < keys->count; k++) {
        if (k == 0 || keys->keys[k] != keys->keys[k - 1]) {
            keys->keys[count++] = keys->keys[k];
        }
    }
    keys->count = count;
    set->item_count = (uint32_t)count;
    set->block = (uint32_t)(count * 41 / 100 + 16); // 1.23 slots for each key, as the authors found
    set->fingerprints = calloc(3 * (size_t)set->block, 1);
    if (!take_memory(&attempt, set->item_count, set->block) || set->fingerprints == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the items");
        goto done;
    }
    while (!settle(&attempt, keys->keys, set->item_count, set->block, set->seed)) {
        if (++set->seed == SEED_LIMIT) {
            status = ql_error_write(error, QL_ERROR_INPUT, "no set could be made of these items; add or leave out one");
            goto done;
        }
    }
    assign(set, &attempt);
done:
    free(attempt.uses);
    free(attempt.mixed);
    free(attempt.alone);
    free(attempt.order_keys);
    free(attempt.order_slots);
    if (status != QL_OK) {
        ql_fingerprint_set_free(set);
    }
    return status;
}

void ql_fingerprint_set_free(struct ql_fingerprint_set *set)
{
    free(set->fingerprints);
    *set = (struct ql_fingerprint_set){0};
}
