// Products of integer matrices with vectors for x86-64. Sixteen rows are side by side, so that the sums of sixteen rows
// are one vector, and four inputs of a column group meet all of them at once. A tile is up to 64 rows and six streams,
// whose sums stay in registers over all columns.
// Uses: the compiler's intrinsics, base/{arena,vectors}.
#include "quantize/product_x86.h"

#include <stddef.h>
#include <string.h>

#include "base/vectors.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define QL_AVX2 QL_TARGET_AVX2
#define QL_VNNI __attribute__((target("avx512f,avx512bw,avx512vnni")))
#define QL_TILE static inline __attribute__((always_inline))

enum {
    GROUP_ROWS = 16,
    GROUP_COLUMNS = 4,
    GROUP_BYTES = GROUP_ROWS * GROUP_COLUMNS, // one vector holds four columns of sixteen rows
    TILE_GROUPS = 4,
    TILE_STREAMS = 6,
    BATCH_STREAMS = 64,  // streams whose inputs are arranged at a time
    PANEL_COLUMNS = 512, // and columns
};

struct packed_matrix {
    int rows, columns;
    int groups;      // of rows
    int groups_wide; // of columns
    int8_t *weights; // (groups, groups_wide, 16 rows, 4 columns), with zeros at the end of rows and columns
    int32_t *offset; // (panels, groups * 16) -128 times the sum of a row's weights in a panel of PANEL_COLUMNS
};

static const void *pack(const struct ql_integer_matrix *matrix, struct ql_arena *arena)
{
    struct packed_matrix *packed = ql_arena_take(arena, 1, sizeof *packed);
    const int groups = (matrix->rows + GROUP_ROWS - 1) / GROUP_ROWS;
    const int groups_wide = (matrix->columns + GROUP_COLUMNS - 1) / GROUP_COLUMNS;
    const int panels = (matrix->columns + PANEL_COLUMNS - 1) / PANEL_COLUMNS;
    int8_t *weights = ql_arena_take(arena, (size_t)groups * (size_t)groups_wide, GROUP_BYTES);
    int32_t *offset = ql_arena_take(arena, (size_t)panels * (size_t)groups, GROUP_ROWS * sizeof offset[0]);

    if (packed == NULL || weights == NULL || offset == NULL) {
        return NULL;
    }
    *packed = (struct packed_matrix){matrix->rows, matrix->columns, groups, groups_wide, weights, offset};
    for (int r = 0; r < matrix->rows; r++) {
        int8_t *group = weights + (ptrdiff_t)(r / GROUP_ROWS) * groups_wide * GROUP_BYTES;
        for (int c = 0; c < matrix->columns; c++) {
            const int8_t weight = matrix->weights[(ptrdiff_t)r * matrix->columns + c];
            group[c / GROUP_COLUMNS * GROUP_BYTES + r % GROUP_ROWS * GROUP_COLUMNS + c % GROUP_COLUMNS] = weight;
            offset[c / PANEL_COLUMNS * groups * GROUP_ROWS + r] -= 128 * weight;
        }
    }
    return packed;
}

// The operands and results of a tile.
struct tile {
    int32_t *y; // the first row and stream
    ptrdiff_t y_stride;
    int rows;              // of y that exist
    const int8_t *weights; // the first group's first column of the panel
    ptrdiff_t group_bytes; // from one group of rows to the next
    const int32_t *offset;
    const uint32_t *x; // four inputs in a word
    ptrdiff_t x_stride;
    int words;
};

// VNNI adds four products of unsigned and signed bytes to a sum of 32 bits. The inputs are made unsigned by adding 128,
// which `offset` cancels.
QL_TILE QL_VNNI void tile_vnni(const struct tile *tile, int groups, int streams)
{
    __m512i sums[TILE_GROUPS][TILE_STREAMS];

#pragma GCC unroll 4
    for (int g = 0; g < groups; g++) {
#pragma GCC unroll 6
        for (int s = 0; s < streams; s++) {
            sums[g][s] = _mm512_loadu_si512(tile->offset + g * GROUP_ROWS);
        }
    }
    for (int k = 0; k < tile->words; k++) {
        __m512i weights[TILE_GROUPS];
#pragma GCC unroll 4
        for (int g = 0; g < groups; g++) {
            weights[g] = _mm512_loadu_si512(tile->weights + g * tile->group_bytes + (ptrdiff_t)k * GROUP_BYTES);
        }
#pragma GCC unroll 6
        for (int s = 0; s < streams; s++) {
            const __m512i x = _mm512_set1_epi32((int)tile->x[s * tile->x_stride + k]);
#pragma GCC unroll 4
            for (int g = 0; g < groups; g++) {
                sums[g][s] = _mm512_dpbusd_epi32(sums[g][s], x, weights[g]);
            }
        }
    }
#pragma GCC unroll 4
    for (int g = 0; g < groups; g++) {
        const int rows = tile->rows - g * GROUP_ROWS;
        const __mmask16 mask = (__mmask16)(rows >= GROUP_ROWS ? 0xffff : (1 << rows) - 1);
#pragma GCC unroll 6
        for (int s = 0; s < streams; s++) {
            int32_t *y = tile->y + s * tile->y_stride + g * GROUP_ROWS;
            _mm512_mask_storeu_epi32(y, mask, _mm512_add_epi32(_mm512_maskz_loadu_epi32(mask, y), sums[g][s]));
        }
    }
}

// AVX2 multiplies unsigned by signed bytes, too, but adds pairs of products in 16 bits. With the magnitude of the input
// and the weight times the input's sign, a pair is at most 2 * 127 * 127 = 32258 and fits.
QL_TILE QL_AVX2 void tile_avx2(const struct tile *tile, int streams)
{
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i sums[2][TILE_STREAMS];
    _Alignas(32) int32_t stored[GROUP_ROWS];

#pragma GCC unroll 6
    for (int s = 0; s < streams; s++) {
        sums[0][s] = sums[1][s] = _mm256_setzero_si256();
    }
    for (int k = 0; k < tile->words; k++) {
        const int8_t *group = tile->weights + (ptrdiff_t)k * GROUP_BYTES;
        const __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)group);
        const __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(group + GROUP_BYTES / 2));
#pragma GCC unroll 6
        for (int s = 0; s < streams; s++) {
            const __m256i x = _mm256_set1_epi32((int)tile->x[s * tile->x_stride + k]), size = _mm256_abs_epi8(x);
            const __m256i low_pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8(low, x));
            const __m256i high_pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8(high, x));
            sums[0][s] = _mm256_add_epi32(sums[0][s], _mm256_madd_epi16(low_pairs, ones));
            sums[1][s] = _mm256_add_epi32(sums[1][s], _mm256_madd_epi16(high_pairs, ones));
        }
    }
#pragma GCC unroll 6
    for (int s = 0; s < streams; s++) {
        int32_t *y = tile->y + s * tile->y_stride;
        _mm256_store_si256((__m256i *)(void *)stored, sums[0][s]);
        _mm256_store_si256((__m256i *)(void *)(stored + GROUP_ROWS / 2), sums[1][s]);
        for (int r = 0; r < GROUP_ROWS && r < tile->rows; r++) {
            y[r] += stored[r];
        }
    }
}

QL_TILE QL_VNNI void tiles_vnni(const struct tile *tile, int groups, int streams)
{
    switch (streams) {
    case 1:
        tile_vnni(tile, groups, 1);
        break;
    case 2:
        tile_vnni(tile, groups, 2);
        break;
    case 3:
        tile_vnni(tile, groups, 3);
        break;
    case 4:
        tile_vnni(tile, groups, 4);
        break;
    case 5:
        tile_vnni(tile, groups, 5);
        break;
    default:
        tile_vnni(tile, groups, 6);
        break;
    }
}

QL_VNNI static int run_tile_vnni(const struct tile *tile, int groups, int streams)
{
    if (groups >= TILE_GROUPS) {
        tiles_vnni(tile, TILE_GROUPS, streams);
        return TILE_GROUPS;
    }
    tiles_vnni(tile, 1, streams);
    return 1;
}

QL_AVX2 static int run_tile_avx2(const struct tile *tile, int groups, int streams)
{
    (void)groups;
    switch (streams) {
    case 1:
        tile_avx2(tile, 1);
        break;
    case 2:
        tile_avx2(tile, 2);
        break;
    case 3:
        tile_avx2(tile, 3);
        break;
    case 4:
        tile_avx2(tile, 4);
        break;
    case 5:
        tile_avx2(tile, 5);
        break;
    default:
        tile_avx2(tile, 6);
        break;
    }
    return 1;
}

// y += W x for up to BATCH_STREAMS streams and one panel of columns. `run_tile` processes as many groups of rows as
// suits it and returns their number; `flip` is applied to the inputs by exclusive or.
static void multiply_panel(int32_t *y, ptrdiff_t y_stride, const struct packed_matrix *matrix, int first,
                           const int8_t *x, ptrdiff_t x_stride, int B, uint32_t flip,
                           int (*run_tile)(const struct tile *tile, int groups, int streams))
{
    _Alignas(64) uint32_t inputs[BATCH_STREAMS][PANEL_COLUMNS / GROUP_COLUMNS];
    const int columns = matrix->columns - first < PANEL_COLUMNS ? matrix->columns - first : PANEL_COLUMNS;
    const int words = (columns + GROUP_COLUMNS - 1) / GROUP_COLUMNS;
    struct tile tile = {
        .y_stride = y_stride,
        .group_bytes = (ptrdiff_t)matrix->groups_wide * GROUP_BYTES,
        .x_stride = PANEL_COLUMNS / GROUP_COLUMNS,
        .words = words,
    };

    for (int b = 0; b < B; b++) {
        inputs[b][words - 1] = 0;
        memcpy(inputs[b], x + b * x_stride + first, (size_t)columns);
        for (int k = 0; k < words; k++) {
            inputs[b][k] ^= flip;
        }
    }
    for (int group = 0, done = 1; group < matrix->groups; group += done) {
        tile.rows = matrix->rows - group * GROUP_ROWS;
        tile.weights = matrix->weights + group * tile.group_bytes + (ptrdiff_t)(first / GROUP_COLUMNS) * GROUP_BYTES;
        tile.offset = matrix->offset + (first / PANEL_COLUMNS * matrix->groups + group) * GROUP_ROWS;
        for (int b = 0; b < B; b += TILE_STREAMS) {
            tile.y = y + b * y_stride + group * GROUP_ROWS;
            tile.x = inputs[b];
            done = run_tile(&tile, matrix->groups - group, B - b < TILE_STREAMS ? B - b : TILE_STREAMS);
        }
    }
}

static void multiply(int32_t *y, ptrdiff_t y_stride, const void *packed, const int8_t *x, ptrdiff_t x_stride, int B,
                     uint32_t flip, int (*run_tile)(const struct tile *tile, int groups, int streams))
{
    const struct packed_matrix *matrix = packed;

    for (int b = 0; b < B; b += BATCH_STREAMS) {
        for (int first = 0; first < matrix->columns; first += PANEL_COLUMNS) {
            multiply_panel(y + b * y_stride, y_stride, matrix, first, x + b * x_stride, x_stride,
                           B - b < BATCH_STREAMS ? B - b : BATCH_STREAMS, flip, run_tile);
        }
    }
}

static void multiply_batch_avx2(int32_t *y, ptrdiff_t y_stride, const void *packed, const int8_t *x, ptrdiff_t x_stride,
                                int B)
{
    multiply(y, y_stride, packed, x, x_stride, B, 0, run_tile_avx2);
}

static void multiply_batch_vnni(int32_t *y, ptrdiff_t y_stride, const void *packed, const int8_t *x, ptrdiff_t x_stride,
                                int B)
{
    multiply(y, y_stride, packed, x, x_stride, B, 0x80808080u, run_tile_vnni);
}

static void multiply_avx2(int32_t *y, const void *packed, const int8_t *x)
{
    multiply_batch_avx2(y, 0, packed, x, 0, 1);
}

static void multiply_vnni(int32_t *y, const void *packed, const int8_t *x)
{
    multiply_batch_vnni(y, 0, packed, x, 0, 1);
}

static const struct ql_integer_product PRODUCT_AVX2 = {"AVX2", pack, multiply_avx2, multiply_batch_avx2};
static const struct ql_integer_product PRODUCT_VNNI = {"AVX-512 VNNI", pack, multiply_vnni, multiply_batch_vnni};

int ql_integer_product_list(const struct ql_integer_product *products[QL_INTEGER_PRODUCT_LIMIT])
{
    const enum ql_vectors form = ql_vectors();
    int count = 0;

    __builtin_cpu_init();
    if (form == QL_VECTORS_AVX512 && __builtin_cpu_supports("avx512vnni")) {
        products[count++] = &PRODUCT_VNNI;
    }
    if (form == QL_VECTORS_AVX512 || form == QL_VECTORS_AVX2) {
        products[count++] = &PRODUCT_AVX2;
    }
    products[count++] = &ql_integer_product_plain;
    return count;
}

#else

int ql_integer_product_list(const struct ql_integer_product *products[QL_INTEGER_PRODUCT_LIMIT])
{
    products[0] = &ql_integer_product_plain;
    return 1;
}

#endif

const struct ql_integer_product *ql_integer_product_fastest(void)
{
    const struct ql_integer_product *products[QL_INTEGER_PRODUCT_LIMIT];

    ql_integer_product_list(products);
    return products[0];
}
