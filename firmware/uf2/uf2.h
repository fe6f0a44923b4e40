// Writes UF2, the format in which a Pico takes an image: blocks of 512 bytes, each with 256 bytes of the image and
// their address.
// Uses: stddef.h, stdint.h. Source: the UF2 specification; the families are those of the RP2040's and RP2350's ROMs.
#ifndef QL_UF2_UF2_H
#define QL_UF2_UF2_H

#include <stddef.h>
#include <stdint.h>

enum {
    QL_UF2_BLOCK_BYTES = 512,
    QL_UF2_PAYLOAD_BYTES = 256, // of a block; both ROMs want exactly this, on addresses that are multiples of it
};

#define QL_UF2_FAMILY_RP2040 UINT32_C(0xe48bff56)
#define QL_UF2_FAMILY_RP2350 UINT32_C(0xe48bff59) // Arm, secure

// The number of blocks that hold `bytes` of image.
uint32_t ql_uf2_count(size_t bytes);

// Writes block `index` of the image that begins at `address`, a multiple of 256. The last payload is filled with zeros.
// index: below ql_uf2_count(bytes).
void ql_uf2_encode(uint8_t block[QL_UF2_BLOCK_BYTES], uint32_t index, const uint8_t *image, size_t bytes,
                   uint32_t address, uint32_t family);

#endif
