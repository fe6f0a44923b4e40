// UF2 files, block by block against the format's specification.
// Uses: firmware/uf2.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "uf2/uf2.h"

enum { FLASH = 0x10000000 };

static uint8_t image[1000], block[QL_UF2_BLOCK_BYTES];

static uint32_t word(size_t offset)
{
    return block[offset] | (uint32_t)block[offset + 1] << 8 | (uint32_t)block[offset + 2] << 16 |
           (uint32_t)block[offset + 3] << 24;
}

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof image; i++) {
        image[i] = (uint8_t)(i * 7 + i / 256 + 1);
    }
    memset(block, 0xee, sizeof block);
    return 0;
}

static void uf2_count_covers_the_image(void **state)
{
    (void)state;
    assert_int_equal(ql_uf2_count(1), 1);
    assert_int_equal(ql_uf2_count(256), 1);
    assert_int_equal(ql_uf2_count(257), 2);
    assert_int_equal(ql_uf2_count(2097152), 8192);
}

static void uf2_every_block_says_what_it_is(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ql_uf2_count(sizeof image); i++) {
        ql_uf2_encode(block, i, image, sizeof image, FLASH, QL_UF2_FAMILY_RP2040);
        assert_memory_equal(block, "UF2\n", 4);
        assert_int_equal(word(4), 0x9e5d5157);
        assert_int_equal(word(8), 0x2000);
        assert_int_equal(word(12), FLASH + 256 * i);
        assert_int_equal(word(16), 256);
        assert_int_equal(word(20), i);
        assert_int_equal(word(24), 4);
        assert_int_equal(word(28), 0xe48bff56);
        assert_int_equal(word(508), 0x0ab16f30);
    }
}

static void uf2_payload_is_the_image_and_then_zeros(void **state)
{
    uint8_t expected[4 * 256] = {0};

    (void)state;
    memcpy(expected, image, sizeof image);
    for (uint32_t i = 0; i < 4; i++) {
        ql_uf2_encode(block, i, image, sizeof image, FLASH, QL_UF2_FAMILY_RP2040);
        assert_memory_equal(block + 32, expected + 256 * (size_t)i, 256);
        for (size_t gap = 32 + 256; gap < 508; gap++) {
            assert_int_equal(block[gap], 0);
        }
    }
}

static void uf2_family_is_the_chips(void **state)
{
    (void)state;
    ql_uf2_encode(block, 0, image, sizeof image, FLASH, QL_UF2_FAMILY_RP2350);
    assert_int_equal(word(28), 0xe48bff59);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(uf2_count_covers_the_image, set_up),
        cmocka_unit_test_setup(uf2_every_block_says_what_it_is, set_up),
        cmocka_unit_test_setup(uf2_payload_is_the_image_and_then_zeros, set_up),
        cmocka_unit_test_setup(uf2_family_is_the_chips, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
