// The hash of an item: see item_hash.h.
// Uses: the C library only.
#include "corpus/item_hash.h"

const uint64_t ql_hash_start = 0xCBF29CE484222325u;

uint64_t ql_hash_step(uint64_t hash, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001B3u;
    }
    return hash;
}

uint64_t ql_hash_mix(uint64_t hash)
{
    hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCDu;
    hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53u;
    return hash ^ (hash >> 33);
}

enum ql_part ql_item_part(const char *bytes, size_t length, double validation, double test)
{
    uint64_t hash = ql_hash_mix(ql_hash_step(ql_hash_start, bytes, length));
    double place = (double)(hash >> 11) * 0x1p-53;

    if (place < validation) {
        return QL_PART_VALIDATION;
    }
    return place < validation + test ? QL_PART_TEST : QL_PART_TRAIN;
}

uint64_t ql_item_order(const char *bytes, size_t length, uint32_t seed)
{
    return ql_hash_mix(ql_hash_step(ql_hash_start, bytes, length) ^ ql_hash_mix(seed));
}
