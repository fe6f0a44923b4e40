// UF2 blocks: see uf2.h. The layout is written byte by byte, so that it is the same on every machine.
// Uses: the C library.
#include "uf2.h"

#include <string.h>

static void write_word(uint8_t *place, uint32_t word)
{
    for (int i = 0; i < 4; i++) {
        place[i] = (uint8_t)(word >> 8 * i);
    }
}

uint32_t ql_uf2_count(size_t bytes)
{
    return (uint32_t)((bytes + QL_UF2_PAYLOAD_BYTES - 1) / QL_UF2_PAYLOAD_BYTES);
}

void ql_uf2_encode(uint8_t block[QL_UF2_BLOCK_BYTES], uint32_t index, const uint8_t *image, size_t bytes,
                   uint32_t address, uint32_t family)
{
    const size_t offset = (size_t)index * QL_UF2_PAYLOAD_BYTES;
    const size_t left = bytes - offset;
    const uint32_t head[] = {
        0x0a324655,                             // "UF2\n"
        0x9e5d5157,                             // the second magic number
        0x00002000,                             // flags: the family is given
        address + index * QL_UF2_PAYLOAD_BYTES, // where the payload goes
        QL_UF2_PAYLOAD_BYTES,
        index,
        ql_uf2_count(bytes),
        family,
    };

    memset(block, 0, QL_UF2_BLOCK_BYTES);
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++) {
        write_word(block + 4 * i, head[i]);
    }
    memcpy(block + 4 * (sizeof head / sizeof head[0]), image + offset,
           left < QL_UF2_PAYLOAD_BYTES ? left : QL_UF2_PAYLOAD_BYTES);
    write_word(block + QL_UF2_BLOCK_BYTES - 4, 0x0ab16f30);
}
