// A set of items that must not be shown, in 1.23 bytes for each: an xor filter (Graf and Lemire, 2020). It finds every
// item that was added, and mistakes one in 256 of all others for one of them.
// Uses: base, device/filter.h, filter/fold.
#ifndef QL_FILTER_FINGERPRINT_SET_H
#define QL_FILTER_FINGERPRINT_SET_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "filter/fold.h"

// Owns its bytes. {0} is the empty set.
struct ql_fingerprint_set {
    uint8_t *fingerprints; // (3, block)
    uint32_t block, seed;
    uint32_t item_count;
};

// Keys of items, before they become a set. Start as {0}; owns its keys.
struct ql_item_keys {
    uint32_t *keys;
    size_t count, capacity;
    const struct ql_fold_letters *letters; // of the filter's lists, all read; NULL for none
};

// Adds the key of each line: a hash of its letters and digits, without case, accents, spaces and signs; none for a line
// without letters and digits. Where accents count in the filter's letters, they count here. A line with a sharp s has a
// second key, with "ss" in its place. Bytes that are not UTF-8 are skipped. Errors: QL_ERROR_SYSTEM for a file that
// cannot be read, and when there is not enough memory.
enum ql_status ql_item_keys_load(struct ql_item_keys *keys, const char *path, struct ql_error *error);
void ql_item_keys_free(struct ql_item_keys *keys);

// Makes the set; sorts the keys. Errors: QL_ERROR_INPUT for more than QL_FINGERPRINT_LIMIT items.
enum { QL_FINGERPRINT_LIMIT = 10000000 };
enum ql_status ql_fingerprint_set_init(struct ql_fingerprint_set *set, struct ql_item_keys *keys,
                                       struct ql_error *error);
void ql_fingerprint_set_free(struct ql_fingerprint_set *set);

#endif
