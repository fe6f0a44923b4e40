// Cycles of the integer matrix products on Cortex-M0+, each checked against the plain kernel.
// Uses: device/, chip.h.
#define QL_MATVEC_PLAIN // to compare with
#include <stdint.h>

#include "chip.h"
#include "device/matvec_s4.h"
#include "device/matvec_s8.h"

enum { LARGEST_WORDS = 43 * 128 * 6, LARGEST_ROWS = 516 };

static uint32_t words[LARGEST_WORDS];
static int32_t y[LARGEST_ROWS], expected[LARGEST_ROWS];
static int8_t x[256];
static uint32_t seed = 1;

static uint32_t random_bits(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static void measure(int rows, int columns, int segment, int bits)
{
    const struct ql_matrix_s8 s8 = {words, rows, columns, segment};
    const struct ql_matrix_s4 s4 = {words, rows, columns, segment};
    // Values small enough that the sum of `segment` of them stays within a lane.
    const int limit = bits == 4 ? 7 : 258 / segment < 127 ? 258 / segment : 127;
    const int count = bits == 4 ? ql_matrix_s4_word_count(rows, columns) : ql_matrix_s8_word_count(rows, columns);

    for (int k = 0; k < count; k++) {
        words[k] = 0;
        for (int shift = 0; shift < 32; shift += bits) {
            const uint32_t weight = random_bits() % (2 * (uint32_t)limit + 1) - (uint32_t)limit;
            words[k] |= (weight + (1u << (bits - 1))) << shift;
        }
    }
    for (int c = 0; c < columns; c++) {
        x[c] = (int8_t)(random_bits() % 255 - 127);
    }
    for (int r = 0; r < rows; r++) {
        y[r] = expected[r] = (int32_t)random_bits();
    }
    chip_print(bits == 4 ? "int4" : "int8");
    chip_print_number(rows);
    chip_print_number(columns);
    chip_print_number(segment);
    if (bits == 4) {
        ql_matvec_s4_plain(expected, &s4, x);
        CHIP_BEGIN();
        ql_matvec_s4(y, &s4, x);
        CHIP_END();
    } else {
        ql_matvec_s8_plain(expected, &s8, x);
        CHIP_BEGIN();
        ql_matvec_s8(y, &s8, x);
        CHIP_END();
    }
    int wrong = 0;
    for (int r = 0; r < rows; r++) {
        wrong += y[r] != expected[r];
    }
    chip_print(wrong == 0 ? "\n" : " WRONG\n");
}

int main(void)
{
    static const int8_t segments[] = {8, 16, 32};

    for (unsigned k = 0; k < sizeof segments; k++) {
        measure(512, 128, segments[k], 8);
        measure(512, 256, segments[k], 8);
    }
    measure(512, 128, 32, 4);
    measure(512, 256, 32, 4);
    return 0;
}
