// Compares the board's product and sum of floats with the compiler's own, on millions of pairs: random bits, ordinary
// numbers, close neighbors that cancel, numbers with few bits whose results are halfway between two floats, and all
// special values with each other.
// Uses: newlib; the linker's --wrap of both, as in the firmware. Runs in QEMU.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

float __real___aeabi_fmul(float a, float b);
float __real___aeabi_fadd(float a, float b);
float __wrap___aeabi_fmul(float a, float b);
float __wrap___aeabi_fadd(float a, float b);

static uint32_t state = 1;

static uint32_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t to_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// For two NaNs, either may be the result.
static int are_same(uint32_t a, uint32_t b)
{
    return a == b || ((a & 0x7fffffffu) > 0x7f800000u && (b & 0x7fffffffu) > 0x7f800000u);
}

static int failures;

static void compare(uint32_t a, uint32_t b)
{
    const uint32_t product = to_bits(__wrap___aeabi_fmul(from_bits(a), from_bits(b)));
    const uint32_t sum = to_bits(__wrap___aeabi_fadd(from_bits(a), from_bits(b)));
    const uint32_t right_product = to_bits(__real___aeabi_fmul(from_bits(a), from_bits(b)));
    const uint32_t right_sum = to_bits(__real___aeabi_fadd(from_bits(a), from_bits(b)));

    if (!are_same(product, right_product) && failures++ < 10) {
        printf("%08lx * %08lx is %08lx, not %08lx\n", (unsigned long)a, (unsigned long)b, (unsigned long)product,
               (unsigned long)right_product);
    }
    if (!are_same(sum, right_sum) && failures++ < 10) {
        printf("%08lx + %08lx is %08lx, not %08lx\n", (unsigned long)a, (unsigned long)b, (unsigned long)sum,
               (unsigned long)right_sum);
    }
}

// A number whose significand has ones only at one or both of its ends.
static uint32_t sparse(void)
{
    const uint32_t word = draw();
    const uint32_t low = (1u << (word & 15)) - 1, high = 0x7fffffu << (word >> 4 & 31);
    const uint32_t significand = (word >> 9 & 3) == 0 ? low : (word >> 9 & 3) == 1 ? high : low ^ high;

    return (word & 0x80000000u) | (100 + (word >> 12 & 63)) << 23 | (significand & 0x7fffffu);
}

int main(void)
{
    static const uint32_t corners[] = {
        0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x007fffff, 0x00800000, 0x80800000, 0x00ffffff, 0x01000000,
        0x10800000, 0x10ffffff, 0x11000000, 0x3effffff, 0x3f000000, 0x3f7fffff, 0x3f800000, 0xbf800000, 0x3f800001,
        0x3fffffff, 0x40000000, 0x4b7fffff, 0x4b800000, 0x4b800001, 0x4c000000, 0x7e7fffff, 0x7e800000, 0x7effffff,
        0x7f000000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0x20000000, 0x1f7fffff, 0x33800000,
    };
    enum { CORNERS = sizeof corners / sizeof corners[0], PAIRS = 500000 };

    for (int i = 0; i < CORNERS; i++) {
        for (int j = 0; j < CORNERS; j++) {
            compare(corners[i], corners[j]);
        }
        for (int j = 0; j < 2000; j++) {
            compare(corners[i], draw());
            compare(draw(), corners[i]);
        }
    }
    for (int i = 0; i < PAIRS; i++) {
        const uint32_t a = draw(), b = draw();
        const uint32_t ordinary = (a & 0x807fffffu) | (112 + (a >> 23) % 24) << 23;
        compare(a, b);
        compare(ordinary, (b & 0x807fffffu) | (112 + (b >> 23) % 24) << 23);
        compare(ordinary, (ordinary ^ 0x80000000u) + (b & 0xffu) - 128u);
        compare(ordinary, (ordinary ^ (b & 0x80000000u)) + (b % 28 << 23));
        compare(sparse(), sparse());
    }
    printf("%d failures\n", failures);
    return failures > 0;
}
