// What the integer kernels for Cortex-M0+ share: two rows per multiplication, and sums of 16 bits that become 32.
// Meant for gcc and clang on ARMv6-M, from flash or from SRAM; the plain kernels of matvec_s8.h and matvec_s4.h define
// every result.
// Uses: device/kernel_code.h, device/registers_m0.h, device/weight_source.h, stdbool.h, stddef.h, stdint.h, string.h.
#ifndef QL_DEVICE_MATVEC_M0_H
#define QL_DEVICE_MATVEC_M0_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "device/kernel_code.h"
#include "device/registers_m0.h"
#include "device/weight_source.h"

#if defined(__ARM_ARCH_6M__) && defined(__GNUC__)
#define QL_MATVEC_M0

// The idea. This processor multiplies 32 by 32 bits in a cycle and keeps the low 32. A word w of a packed matrix holds
// rows r and r+1 of columns 0 and 1. Written with A = u(r, 0) + 2^16 u(r+1, 0) and B = u(r, 1) + 2^16 u(r+1, 1), it is
// w = A + 2^8 B, and with the bytes of each half swapped, by the single instruction rev16, it is B + 2^8 A. For inputs
// a and b of the two columns,
//
//     p = (a - 2^8 b) (1 + 2^16)      q = (b - 2^8 a) (1 + 2^16)      w p + rev16(w) q = A a + B b    modulo 2^32,
//
// because p + 2^8 q = (a - 2^16 a) (1 + 2^16) = a (1 - 2^32), and 2^8 p + q = b likewise. The sum is that of row r in
// the low half and of row r+1 in the high half: four products for two multiplications, two additions and one rev16.
// p and q are computed once for all rows. As u = w + 128, the sums begin at -128 (a + b + ...).
//
// A half holds 16 bits. Its intermediate values do not matter, only the sum at the end of a segment, which is in
// [-32767, 32767] by the packer's proof. 2^15 is added to make it U, which is positive: no half borrows from the other,
// and the accumulator is exactly P = U(r) + 2^16 U(r+1). Over all segments N = sum of P >> 16 gives row r+1, and T =
// sum of P modulo 2^32 gives row r as T - 2^16 N.
//
// A panel is as many segments as the table of multipliers has room for. The table drives the code: a header before each
// segment (where its accumulators begin, and a jump into the middle of code for 16 pairs of columns, so that the right
// number of pairs remains), p and q for each pair, and six places for the segment's accumulators. The last header jumps
// to the code that adds the accumulators up. Accumulators are r8 to r12 and lr, so that r0 to r7 are left for the
// multiplications.
#ifndef QL_M0_TABLE_WORDS
#define QL_M0_TABLE_WORDS 384 // on the stack
#endif
// How many panels keep their tables from one part of a matrix to the next. Where a firmware defines more than one, the
// source of weights provides the memory for all tables but the first.
#ifndef QL_M0_PANELS
#define QL_M0_PANELS 1
#endif
enum {
    QL_M0_SEGMENTS = 16,          // of one panel
    QL_M0_ACCUMULATORS = 6,       // of a segment, for 12 rows
    QL_M0_ADDING_STEP_BYTES = 22, // of code, to add up one segment
};

// A table has room for one segment at least, or would be written beyond its end: in int4 a header of 4 words, 32 columns,
// and the accumulators.
typedef char ql_m0_table_size_check[QL_M0_TABLE_WORDS >= 42 ? 1 : -1];

// What the assembly copies to its stack, in this order.
struct ql_m0_panel {
    const uint32_t *words;      // 0: the panel's first column in the first block
    const uint32_t *table;      // 4
    const uint32_t *first;      // 8: the first segment's accumulators
    const uint32_t *end;        // 12: after the last segment's accumulators
    uint32_t adding_jump;       // 16: so that as many segments are added up as there are
    uint32_t stride_bytes;      // 20: from half a segment's accumulators to the next segment's
    uint32_t last_stride_bytes; // 24: the same to the last segment, which may be shorter
    uint32_t t_start, n_start;  // 28, 32: cancel the 2^15 of every segment
    int32_t *y;                 // 36
    uint32_t blocks;            // 40: of twelve rows
    uint32_t skip_bytes;        // 44: of words, from the end of the panel in a block to its beginning in the next
};

// clang-format off
#define QL_M0_ENTER                             \
    "   .syntax unified\n"                      \
    QL_M0_SAVE                                  \
    "   sub sp, #48\n"                          \
    "   mov r1, sp\n"                           \
    "   ldmia r0!, {r2-r7}\n"                   \
    "   stmia r1!, {r2-r7}\n"                   \
    "   ldmia r0!, {r2-r7}\n"                   \
    "   stmia r1!, {r2-r7}\n"                   \
    "   ldr r0, [sp, #0]\n"                     \
    "   ldr r5, [sp, #4]\n"

#define QL_M0_LEAVE                             \
    "   add sp, #48\n"                          \
    QL_M0_RESTORE

// Adds up the accumulators of a block, six rows at a time; then the next block begins at label 1, or the code ends.
//   ql_m0_add     T += P, N += P >> 16, for one accumulator of one segment
//   ql_m0_output  y[0] += T - 2^16 N, y[1] += N
#define QL_M0_ADD_UP                            \
    "   .macro ql_m0_add p, t, n\n"             \
    "   add \\t, \\p\n"                         \
    "   lsrs \\p, \\p, #16\n"                   \
    "   add \\n, \\p\n"                         \
    "   .endm\n"                                \
    "   .macro ql_m0_add_three\n"               \
    "   ldmia r5!, {r1-r3}\n"                   \
    "   ql_m0_add r1, r8, r11\n"                \
    "   ql_m0_add r2, r9, r12\n"                \
    "   ql_m0_add r3, r10, lr\n"                \
    "   .endm\n"                                \
    "   .macro ql_m0_output t, n\n"             \
    "   ldr r1, [r4, #0]\n"                     \
    "   ldr r2, [r4, #4]\n"                     \
    "   mov r3, \\n\n"                          \
    "   adds r2, r2, r3\n"                      \
    "   lsls r3, r3, #16\n"                     \
    "   subs r1, r1, r3\n"                      \
    "   add r1, \\t\n"                          \
    "   stmia r4!, {r1, r2}\n"                  \
    "   .endm\n"                                \
    "   ldr r5, [sp, #8]\n"                     \
    "   ldr r6, [sp, #20]\n"                    \
    "   ldr r7, [sp, #24]\n"                    \
    "2: ldr r1, [sp, #28]\n"                    \
    "   mov r8, r1\n"                           \
    "   mov r9, r1\n"                           \
    "   mov r10, r1\n"                          \
    "   ldr r1, [sp, #32]\n"                    \
    "   mov r11, r1\n"                          \
    "   mov r12, r1\n"                          \
    "   mov lr, r1\n"                           \
    "   ldr r1, [sp, #16]\n"                    \
    "   add pc, r1\n"                           \
    "   nop\n"                                  \
    "   .rept 14\n"                             \
    "   ql_m0_add_three\n"                      \
    "   adds r5, r5, r6\n"                      \
    "   .endr\n"                                \
    "   ql_m0_add_three\n"                      \
    "   adds r5, r5, r7\n"                      \
    "   ql_m0_add_three\n"                      \
    "   ldr r4, [sp, #36]\n"                    \
    "   ql_m0_output r8, r11\n"                 \
    "   ql_m0_output r9, r12\n"                 \
    "   ql_m0_output r10, lr\n"                 \
    "   str r4, [sp, #36]\n"                    \
    "   ldr r1, [sp, #12]\n"                    \
    "   cmp r5, r1\n"                           \
    "   beq 3f\n"                               \
    "   ldr r5, [sp, #8]\n"                     \
    "   adds r5, #12\n"                         \
    "   b 2b\n"                                 \
    "3: ldr r1, [sp, #44]\n"                    \
    "   adds r0, r0, r1\n"                      \
    "   ldr r5, [sp, #4]\n"                     \
    "   ldr r1, [sp, #40]\n"                    \
    "   subs r1, #1\n"                          \
    "   str r1, [sp, #40]\n"                    \
    "   beq 4f\n"                               \
    "   b 1b\n"                                 \
    "4:\n"                                      \
    "   .purgem ql_m0_add\n"                    \
    "   .purgem ql_m0_add_three\n"              \
    "   .purgem ql_m0_output\n"
// clang-format on

// How the two weight formats differ.
struct ql_m0_format {
    uint32_t offset;                 // what the packer adds to a weight
    uint32_t pair_words;             // of a packed block, for one pair of columns
    uint32_t header_words;           // of a segment in the table
    uint32_t jump_bytes, pair_bytes; // a segment of n pairs begins jump_bytes + n * pair_bytes before the jump's origin
};

// A segment's header. A half's first value is 2^15 minus what the weights' offset adds to its sum. In int4 the first
// rows of a word are summed together with 16 times the others, so they begin with 17 times that.
static inline __attribute__((always_inline)) void ql_m0_write_header(uint32_t *header, uint32_t sum, uint32_t jump,
                                                                     const struct ql_m0_format *format)
{
    const uint32_t start = (0x8000u - format->offset * sum) * 0x10001u;

    header[0] = start;
    if (format->header_words == 2) {
        header[1] = jump;
    } else {
        header[1] = start * 17;
        header[2] = jump;
        header[3] = 0x0f0f0f0f;
    }
}

// Writes p and q for pairs of columns, from x to end, and returns the sum of their inputs. 19 cycles a pair; compiled C
// takes 24.
static QL_KERNEL_CODE uint32_t ql_m0_write_pairs(uint32_t *table, const int8_t *x, const int8_t *end)
{
    register uint32_t p __asm__("r4"); // the input a at first
    register uint32_t q __asm__("r5");
    ptrdiff_t place = x - end; // of the next input, relative to the end
    uint32_t sum = 0, b;

    if (place == 0) {
        return 0;
    }
    // clang-format off
    __asm__ volatile(
        "   .syntax unified\n"
        "1: ldrsb %[p], [%[end], %[place]]\n"
        "   adds %[place], #1\n"
        "   ldrsb %[b], [%[end], %[place]]\n"
        "   add %[sum], %[p]\n"
        "   add %[sum], %[b]\n"
        "   lsls %[q], %[b], #8\n"
        "   subs %[p], %[p], %[q]\n"
        "   lsls %[q], %[p], #16\n"
        "   adds %[p], %[p], %[q]\n"
        "   lsls %[q], %[p], #8\n"
        "   subs %[q], %[b], %[q]\n"
        "   stmia %[table]!, {%[p], %[q]}\n"
        "   adds %[place], #1\n"
        "   bne 1b\n"
        : [table] "+l"(table), [place] "+l"(place), [sum] "+r"(sum), [p] "=&l"(p), [q] "=&l"(q), [b] "=&l"(b)
        : [end] "l"(end)
        : "cc", "memory");
    // clang-format on
    return sum;
}

// Writes the table for `columns` columns, in segments of `segment`, and returns the number of segments.
static inline __attribute__((always_inline)) uint32_t ql_m0_write_table(uint32_t *table, const int8_t *x, int columns,
                                                                        int segment, const struct ql_m0_format *format)
{
    uint32_t segments = 0;

    for (; columns > 0; columns -= segment) {
        const uint32_t width = (uint32_t)(columns < segment ? columns : segment), whole = width & ~1u;
        uint32_t *pairs = table + format->header_words;
        uint32_t sum = ql_m0_write_pairs(pairs, x, x + whole);

        pairs += whole;
        if (whole != width) {
            const int8_t last[2] = {x[whole], 0};
            sum += ql_m0_write_pairs(pairs, last, last + 2);
            pairs += 2;
        }
        ql_m0_write_header(table, sum, 0u - format->jump_bytes - (width + 1) / 2 * format->pair_bytes, format);
        table = pairs + QL_M0_ACCUMULATORS;
        x += width;
        segments++;
    }
    ql_m0_write_header(table, 0, 0, format);
    return segments;
}

// Multiplies by the blocks of a panel that lie at `words`. A last block of fewer than twelve rows takes a detour, because a
// block writes twelve.
static inline __attribute__((always_inline)) void ql_m0_run_blocks(struct ql_m0_panel *panel, const uint32_t *words,
                                                                   uint32_t block_words, int32_t *y, int rows,
                                                                   void (*run)(const struct ql_m0_panel *))
{
    const uint32_t whole = (uint32_t)rows * 43691u >> 19; // rows / 12 up to 98303 rows, more than memory holds
    const int rest = rows - 12 * (int)whole;
    int32_t last_rows[12];

    panel->words = words;
    panel->y = y;
    panel->blocks = whole;
    if (rest > 0) {
        memset(last_rows, 0, sizeof last_rows);
    }
    for (int part = 0; part < 2; part++) {
        if (panel->blocks > 0) {
            run(panel);
        }
        panel->words = words + whole * block_words;
        panel->y = last_rows;
        panel->blocks = rest > 0;
    }
    for (int r = 0; r < rest; r++) {
        y[rows - rest + r] += last_rows[r];
    }
}

// A product y += W x, for each processor that shares the work.
struct ql_m0_job {
    int32_t *y;
    const uint32_t *words;
    const int8_t *x;
    int rows, columns, segment;
    uint32_t block_words;
};

// Fills the table for a panel of `width` columns, and sets up all but what ql_m0_run_blocks does.
static inline __attribute__((always_inline)) void ql_m0_panel_init(struct ql_m0_panel *panel, uint32_t *table,
                                                                   const struct ql_m0_job *job, const int8_t *x,
                                                                   int width, const struct ql_m0_format *format)
{
    const uint32_t segment = (uint32_t)job->segment, pairs = (uint32_t)(width + 1) / 2;
    const uint32_t segments = ql_m0_write_table(table, x, width, job->segment, format);
    const uint32_t last_pairs = pairs - (segments - 1) * (segment / 2);

    panel->table = table;
    panel->first = table + format->header_words + 2 * (segments == 1 ? pairs : segment / 2);
    panel->end = table + segments * (format->header_words + QL_M0_ACCUMULATORS) + 2 * pairs;
    panel->adding_jump = (QL_M0_SEGMENTS - segments) * QL_M0_ADDING_STEP_BYTES;
    panel->stride_bytes = (format->header_words + segment + QL_M0_ACCUMULATORS) * 4 - 12;
    panel->last_stride_bytes = (format->header_words + 2 * last_pairs + QL_M0_ACCUMULATORS) * 4 - 12;
    panel->t_start = 0u - 0x80008000u * segments;
    panel->n_start = 0u - 0x8000u * segments;
    panel->skip_bytes = (job->block_words - pairs * format->pair_words) * 4;
}

// Fetches the next blocks to multiply by. Without a source, the first call fetches all of them.
static inline bool ql_m0_take(struct ql_weight_part *part, const struct ql_m0_job *job, bool is_first)
{
#if defined(QL_WEIGHT_SOURCE)
    (void)job;
    (void)is_first;
    return ql_weight_source_take(part);
#else
    part->words = job->words;
    part->first = 0;
    part->count = ((uint32_t)job->rows + 11) * 43691u >> 19; // as in ql_m0_run_blocks
    return is_first;
#endif
}

// The memory of the tables after the first one.
static inline uint32_t *ql_m0_more_tables(void)
{
#if QL_M0_PANELS > 1
    return ql_weight_source_tables();
#else
    return NULL;
#endif
}

// Multiplies by one part after another, panel by panel. A matrix of at most QL_M0_PANELS panels needs its tables once;
// of a wider one, the last panels share a table.
static inline __attribute__((always_inline)) void
ql_m0_work(const struct ql_m0_job *job, const struct ql_m0_format *format, void (*run)(const struct ql_m0_panel *))
{
    const uint32_t segment_words = format->header_words + (uint32_t)job->segment + QL_M0_ACCUMULATORS;
    uint32_t first_table[QL_M0_TABLE_WORDS + 4];
    uint32_t *const more_tables = ql_m0_more_tables();
    struct ql_m0_panel panels[QL_M0_PANELS];
    int columns[QL_M0_PANELS]; // the first column of the panel whose table this is, or -1
    struct ql_weight_part part;
    int widest = job->segment;

    for (int p = 0; p < QL_M0_PANELS; p++) {
        columns[p] = -1;
    }

    for (uint32_t count = 2; count <= QL_M0_SEGMENTS && count * segment_words <= QL_M0_TABLE_WORDS; count++) {
        widest += job->segment;
    }
    for (bool is_first = true; ql_m0_take(&part, job, is_first); is_first = false) {
        const uint32_t *words = part.words;
        int32_t *const y = job->y + 12 * part.first;
        const int left = job->rows - 12 * (int)part.first, whole = 12 * (int)part.count;
        int width, p = 0;

        for (int column = 0; column < job->columns; column += width, p += p < QL_M0_PANELS - 1) {
            width = job->columns - column < widest ? job->columns - column : widest;
            if (column != columns[p]) {
                uint32_t *const table = p == 0 ? first_table : more_tables + (p - 1) * (QL_M0_TABLE_WORDS + 4);
                ql_m0_panel_init(&panels[p], table, job, job->x + column, width, format);
                columns[p] = column;
            }
            ql_m0_run_blocks(&panels[p], words, job->block_words, y, left < whole ? left : whole, run);
            words += (uint32_t)(width + 1) / 2 * format->pair_words;
        }
    }
}

// y += W x; `work` calls ql_m0_work.
static inline __attribute__((always_inline)) void ql_m0_matvec(int32_t *y, const uint32_t *words, int rows, int columns,
                                                               int segment, const int8_t *x,
                                                               const struct ql_m0_format *format,
                                                               void (*work)(const void *job))
{
    const struct ql_m0_job job = {
        y, words, x, rows, columns, segment, (uint32_t)(columns + 1) / 2 * format->pair_words};

#if defined(QL_WEIGHT_SOURCE)
    ql_weight_source_share(words, ((uint32_t)rows + 11) * 43691u >> 19, job.block_words, work, &job);
#else
    work(&job);
#endif
}

#endif

#endif
