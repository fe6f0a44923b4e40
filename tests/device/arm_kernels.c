// The integer products of a small Arm processor against sums over the weights as they are: sizes around the layout's
// blocks, every segment, extremes. Prints "equal", or the first case that is not.
// Uses: device/, the C library.
#include <stdio.h>
#include <string.h>

#include "device/matvec_s4.h"
#include "device/matvec_s8.h"
#include "device/random.h"

enum { LARGEST_ROWS = 37, LARGEST_COLUMNS = 290, LANE = QL_MATRIX_LANE_LIMIT / QL_VECTOR_S8_LIMIT };

static struct ql_random stream;
static int8_t weights[LARGEST_ROWS][LARGEST_COLUMNS], x[LARGEST_COLUMNS];
static uint32_t words[48 / 12 * 145 * 6];
static int32_t y[LARGEST_ROWS + 1], expected[LARGEST_ROWS + 1];

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

// Rows are few where columns are many, and the other way round: the whole must not take long in an emulator.
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

int main(void)
{
    static const int rows[] = {1, 2, 11, 12, 13, 24, LARGEST_ROWS};
    static const int columns[] = {1, 2, 3, 31, 32, 33, 64, 84, 127, 160, LARGEST_COLUMNS};
    int wrong = 0;

    ql_random_init(&stream, 7);
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
