// The integer kernels of a small Arm processor: products compared with sums over the original weights, for sizes around
// the layout's blocks, every segment, and extremes; gates and units of an LSTM compared with each one alone; and the
// sums from a token. Prints "equal", or the cases that differ.
// Uses: device/, the C library.
#include <stdio.h>
#include <string.h>

#include "device/gate_s16.h"
#include "device/integer_row.h"
#include "device/lstm_s8.h"
#include "device/matvec_s4.h"
#include "device/matvec_s8.h"
#include "device/random.h"

enum { LARGEST_ROWS = 37, LARGEST_COLUMNS = 290, LANE = QL_MATRIX_LANE_LIMIT / QL_VECTOR_S8_LIMIT };

static struct ql_random stream;
static int8_t weights[LARGEST_ROWS][LARGEST_COLUMNS], x[LARGEST_COLUMNS];
static uint32_t words[48 / 12 * 145 * 6];
static int32_t y[LARGEST_ROWS + 1], expected[LARGEST_ROWS + 1];

#if defined(QL_WEIGHT_SOURCE)
// A source for two processors, which run one after the other; the first takes every part but one. Parts are copies,
// from the last block to the first, and are overwritten when the kernel must no longer read them.
enum { BUFFER_WORDS = 2 * 145 * 6 };

static uint32_t buffer[BUFFER_WORDS];
static const uint32_t *source;
static uint32_t waiting, size, kept;

bool ql_weight_source_take(struct ql_weight_part *part)
{
    memset(buffer, 0xa5, sizeof buffer);
    if (waiting == kept) {
        return false;
    }
    part->count = waiting - kept > 1 && waiting % 3 == 0 ? 2 : 1;
    waiting -= part->count;
    part->first = waiting;
    part->words = buffer;
    memcpy(buffer, source + waiting * size, part->count * size * sizeof source[0]);
    return true;
}

#if QL_M0_PANELS > 1
uint32_t *ql_weight_source_tables(void)
{
    static uint32_t tables[(QL_M0_PANELS - 1) * (QL_M0_TABLE_WORDS + 4)];
    return tables;
}
#endif

void ql_weight_source_split(void (*work)(const void *job, int first, int end), const void *job, int count)
{
    work(job, 0, count);
}

void ql_weight_source_begin(const uint32_t *begin)
{
    (void)begin;
}

void ql_weight_source_copy(uint32_t *to, const void *from, uint32_t bytes)
{
    memset(to, 0xa5, (bytes + 3) / 4 * 4);
    memcpy(to, from, bytes);
}

void ql_weight_source_share(const uint32_t *from, uint32_t blocks, uint32_t block_words, void (*work)(const void *job),
                            const void *job)
{
    source = from;
    waiting = blocks;
    size = block_words;
    for (kept = 1; kept != UINT32_MAX; kept--) {
        work(job);
    }
}
#endif

static int between(int low, int high)
{
    return low + (int)(ql_random_step(&stream) % (uint32_t)(high - low + 1));
}

// Weights that reach the lane's limit in some segments, and exceed it in none.
static void fill(int rows, int columns, int segment, int limit, int extreme)
{
    for (int r = 0; r < rows; r++) {
        int left = LANE;
        for (int c = 0; c < columns; c++) {
            left = c % segment == 0 ? LANE : left;
            const int most = left < limit ? left : limit;
            int weight = extreme ? most : between(-most, most);
            weight = extreme && (extreme == 1 ? r % 2 : between(0, 1)) ? -weight : weight;
            weights[r][c] = (int8_t)weight;
            left -= weight < 0 ? -weight : weight;
        }
    }
    for (int c = 0; c < columns; c++) {
        x[c] = (int8_t)(extreme ? (extreme == 2 && between(0, 1) ? -127 : 127) : between(-127, 127));
    }
}

static void pack(int rows, int columns, int bits)
{
    const int count = bits == 4 ? ql_matrix_s4_word_count(rows, columns) : ql_matrix_s8_word_count(rows, columns);
    const int in_word = 16 / bits, pairs = (columns + 1) / 2;

    for (int k = 0; k < count; k++) {
        const int group = k % (12 / in_word), pair = k / (12 / in_word) % pairs, block = k / (12 / in_word) / pairs;
        words[k] = 0;
        for (int n = 0; n < 2 * in_word; n++) {
            const int r = 12 * block + group * in_word + n / 2, c = 2 * pair + n % 2;
            const int weight = r < rows && c < columns ? weights[r][c] : 0;
            words[k] |= (uint32_t)(weight + (1 << (bits - 1))) << (16 * (n / 2 % 2) + 8 * (n % 2) + bits * (n / 4));
        }
    }
}

// Few rows with many columns, and the other way around: the whole must not take long in an emulator.
static int check(int rows, int columns, int segment, int bits, int extreme)
{
    fill(rows, columns, segment, bits == 4 ? 7 : 127, extreme);
    pack(rows, columns, bits);
    for (int r = 0; r <= rows; r++) {
        y[r] = expected[r] = (int32_t)ql_random_step(&stream) >> 4;
    }
    for (int r = 0; r < rows; r++) {
        for (int c = 0; c < columns; c++) {
            expected[r] += weights[r][c] * x[c];
        }
    }
    if (bits == 4) {
        const struct ql_matrix_s4 matrix = {words, rows, columns, segment};
        ql_matvec_s4(y, &matrix, x);
    } else {
        const struct ql_matrix_s8 matrix = {words, rows, columns, segment};
        ql_matvec_s8(y, &matrix, x);
    }
    if (memcmp(y, expected, ((size_t)rows + 1) * sizeof y[0]) != 0) {
        printf("int%d, %d x %d, segment %d, filling %d: wrong\n", bits, rows, columns, segment, extreme);
        return 1;
    }
    return 0;
}

// Values within the table, at its ends and far outside, with every shift.
static int check_gates(void)
{
    enum { COUNT = 64 };
    struct ql_integer_row row[COUNT];
    int32_t sums[COUNT + 1], alone[COUNT + 1];

    for (int shift = 0; shift < 32; shift++) {
        const struct ql_integer_scale scale = {.pre_shift = (uint8_t)(shift % 31), .shift = (uint8_t)(31 - shift)};
        for (int r = 0; r <= COUNT; r++) {
            sums[r] = alone[r] = (int32_t)ql_random_step(&stream) >> between(2, 31);
        }
        for (int r = 0; r < COUNT; r++) {
            const int32_t rounded = ql_integer_round(sums[r], scale.pre_shift);
            const int32_t most = rounded == 0 ? 32767 : (1 << 30) / (rounded < 0 ? -rounded : rounded);
            row[r].multiplier = (int16_t)between(0, most < 32767 ? most : 32767);
            // The value is near an end of the table, or anywhere.
            const int32_t wanted = between(-1, 1) * QL_TANH_REACH + between(-40, 40);
            const int32_t bias = shift < 14 ? between(-(1 << 29), 1 << 29) : wanted * (1 << (31 - shift));
            row[r].bias = r % 2 == 0 ? bias : bias - rounded * row[r].multiplier;
            alone[r] = ql_tanh_s16(ql_integer_row_value(alone[r], &row[r], scale));
        }
        ql_gate_tanh_s16(sums, row, scale, COUNT - shift % 3);
        for (int r = COUNT - shift % 3; r < COUNT; r++) {
            sums[r] = alone[r];
        }
        if (memcmp(sums, alone, sizeof sums) != 0) {
            printf("gates, shifts %d and %d: wrong\n", scale.pre_shift, scale.shift);
            return 1;
        }
        ql_gate_tanh_s16(sums + 1, row, scale, 0);
        if (memcmp(sums, alone, sizeof sums) != 0) {
            printf("no gates: something is written\n");
            return 1;
        }
    }
    return 0;
}

// Units of an LSTM from activations at their limits, near 0, and between, for every range of cells, a part of a layer
// at a time.
static int check_units(void)
{
    enum { H = 20 };
    static const int ends[] = {-32767, 0, 32767};

    for (int round = 0; round < 11 * 40; round++) {
        const int bits = round % 11, first = round % 3, end = H - round % 5;
        int32_t sums[4 * H];
        int16_t c[H], cells[H];
        int8_t h[H], states[H];
        for (int k = 0; k < 4 * H; k++) {
            sums[k] = between(0, 3) == 0 ? ends[between(0, 2)] : between(-32767, 32767) >> between(0, 12);
        }
        for (int k = 0; k < H; k++) {
            c[k] = cells[k] = (int16_t)(between(0, 2) == 0 ? ends[between(0, 2)] : between(-32767, 32767));
            h[k] = states[k] = (int8_t)k;
        }
        for (int k = first; k < end; k++) {
            const int32_t i = (sums[k] + 32769) >> 1, f = (sums[H + k] + 32769) >> 1,
                          o = (sums[3 * H + k] + 32769) >> 1;
            int32_t cell = (f * cells[k] + ((i * sums[2 * H + k]) >> bits) + 16384) >> 15;
            cell = cell > 32767 ? 32767 : cell < -32767 ? -32767 : cell;
            const int32_t state = (o * ql_tanh_s16((cell * (1 << bits) + 16) >> 5) + 16384) >> 15;
            cells[k] = (int16_t)cell;
            states[k] = (int8_t)((state * 127 + 16384) >> 15);
        }
        ql_lstm_cells_s8(&(struct ql_lstm_job_s8){h, c, sums, NULL, {0, 0}, bits, H}, first, end);
        if (memcmp(c, cells, sizeof c) != 0 || memcmp(h, states, sizeof h) != 0) {
            printf("units %d to %d, cells of 2^%d: wrong\n", first, end, bits);
            return 1;
        }
    }
    return 0;
}

// Sums that begin with a row of the token's table, for every number of rows up to a limit.
static int check_first_sums(void)
{
    enum { LARGEST = 40 };
    static int8_t table[3 * LARGEST];
    struct ql_integer_row row[LARGEST];
    int32_t sums[LARGEST + 1], wanted[LARGEST + 1];

    for (int count = 1; count <= LARGEST; count++) {
        const int32_t token = between(0, 2);
        for (int k = 0; k < 3 * count; k++) {
            table[k] = (int8_t)between(-127, 127);
        }
        sums[count] = wanted[count] = 7;
        for (int r = 0; r < count; r++) {
            row[r] = (struct ql_integer_row){between(-9, 9), (int16_t)between(0, 9), (int16_t)between(-32767, 32767)};
            wanted[r] = table[token * count + r] * row[r].table_factor;
        }
        ql_integer_row_begin(sums, &token, table, row, count);
        if (memcmp(sums, wanted, ((size_t)count + 1) * sizeof sums[0]) != 0) {
            printf("first sums of %d rows: wrong\n", count);
            return 1;
        }
    }
    return 0;
}

int main(void)
{
    static const int rows[] = {1, 2, 11, 12, 13, 24, LARGEST_ROWS};
    static const int columns[] = {1, 2, 3, 31, 32, 33, 64, 84, 127, 160, LARGEST_COLUMNS};
    int wrong = 0;

    ql_random_init(&stream, 7);
    wrong += check_first_sums();
    wrong += check_gates();
    wrong += check_units();
    for (int segment = 2; segment <= QL_MATRIX_SEGMENT_LIMIT; segment += 2) {
        for (int bits = 4; bits <= 8; bits += 4) {
            for (unsigned k = 0; k < sizeof columns / sizeof columns[0]; k++) {
                for (int extreme = 0; extreme <= 2; extreme++) {
                    const unsigned row = (k + (unsigned)(segment / 2 + extreme)) % 7;
                    wrong += check(rows[row], columns[k], segment, bits, extreme);
                }
            }
        }
    }
    if (wrong == 0) {
        printf("equal\n");
    }
    return wrong != 0;
}
