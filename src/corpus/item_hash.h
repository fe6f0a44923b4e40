// Hashes an item. The split, the order, and the search for duplicates use this hash.
// It must never change: a corpus that is prepared again must be divided into the same parts.
// Uses: the C library only.
#ifndef QL_CORPUS_ITEM_HASH_H
#define QL_CORPUS_ITEM_HASH_H

#include <stddef.h>
#include <stdint.h>

// FNV-1a, 64 bits: start with ql_hash_start, add byte by byte or in pieces. http://www.isthe.com/chongo/tech/comp/fnv
extern const uint64_t ql_hash_start;
uint64_t ql_hash_step(uint64_t hash, const char *bytes, size_t length);

// The final mix of MurmurHash3 (fmix64), which spreads every input bit over all output bits: FNV-1a alone leaves the
// high bits of short texts too alike for a split by share.
uint64_t ql_hash_mix(uint64_t hash);

enum ql_part { QL_PART_TRAIN, QL_PART_VALIDATION, QL_PART_TEST, QL_PART_COUNT };

// The part of an item. With u = the upper 53 bits of mix(fnv1a(item)) as a fraction of 1: validation when
// u < validation, test when u < validation + test, otherwise train. Depends on nothing but the item and the shares.
enum ql_part ql_item_part(const char *bytes, size_t length, double validation, double test);

// The place of an item in the shuffle: mix(fnv1a(item) ^ mix(seed)). Items are written in the order of this key, equal
// keys in the order of the input; so adding or removing an item leaves the order of all others as it is.
uint64_t ql_item_order(const char *bytes, size_t length, uint32_t seed);

#endif
