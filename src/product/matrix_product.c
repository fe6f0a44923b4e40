// Matrix products: see matrix_product.h. This file has everything but the arithmetic: how operands are packed, and in
// which blocks the tiles run, so that a panel of B stays in the first-level cache and a block of A in the second.
// Uses: base/vectors, product/product_form.h.
#include "product/matrix_product.h"

#include <assert.h>
#include <string.h>

#include "base/vectors.h"
#include "product/product_form.h"

enum {
    COLUMNS = QL_PANEL_COLUMNS,
    BLOCK_STEPS = 256, // 256 steps of a panel are 16 KB, half of a first-level cache
    PREFETCH_ROWS = 8, // of a view: how many rows ahead
    BLOCK_ROWS = 48,   // rows of A by 256 steps are 48 KB; a multiple of all forms' rows
};

// The rows of a view may be pages apart, where no processor reads ahead by itself.
#if defined(__GNUC__)
#define QL_PREFETCH(address) __builtin_prefetch(address)
#else
#define QL_PREFETCH(address) ((void)0)
#endif

static const struct ql_product_form *forced_form;

void ql_product_form_reset(const struct ql_product_form *form)
{
    forced_form = form;
}

const struct ql_product_form *ql_product_form(void)
{
    if (forced_form != NULL) {
        return forced_form;
    }
    switch (ql_vectors()) {
#if defined(__x86_64__) && defined(__GNUC__)
    case QL_VECTORS_AVX512:
        return &ql_product_avx512;
    case QL_VECTORS_AVX2:
        return &ql_product_avx2;
#elif defined(__aarch64__)
    case QL_VECTORS_NEON:
        return &ql_product_neon;
#endif
    default:
        return &ql_product_plain;
    }
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

// Panels that hold N columns. The number is even, so that a tile of two panels never reads beyond the last one.
static int panel_count(int N)
{
    return (N + 2 * COLUMNS - 1) / (2 * COLUMNS) * 2;
}

void ql_packed_matrix_init(struct ql_packed_matrix *matrix, int K, int N, struct ql_arena *arena)
{
    *matrix = (struct ql_packed_matrix){
        .panels = ql_arena_take(arena, (size_t)panel_count(N) * (size_t)K, COLUMNS * sizeof(float)), .K = K, .N = N};
}

// Copy K rows of B into panels, (K, 16) each. Columns after the last one are not written.
static void pack_panels(float *panels, const float *B, int K, int N)
{
    for (int first = 0; first < N; first += COLUMNS) {
        float *panel = panels + (ptrdiff_t)first * K;
        const int columns = smaller(N - first, COLUMNS);
        if (columns == COLUMNS) {
            for (ptrdiff_t k = 0; k < K; k++) {
                memcpy(panel + k * COLUMNS, B + k * N + first, COLUMNS * sizeof(float));
            }
        } else {
            for (ptrdiff_t k = 0; k < K; k++) {
                memcpy(panel + k * COLUMNS, B + k * N + first, (size_t)columns * sizeof(float));
            }
        }
    }
}

void ql_packed_matrix_reset(struct ql_packed_matrix *matrix, const float *B)
{
    pack_panels(matrix->panels, B, matrix->K, matrix->N);
}

void ql_packed_matrix_reset_transposed(struct ql_packed_matrix *matrix, const float *B_transposed)
{
    const int K = matrix->K, N = matrix->N;

    for (int first = 0; first < N; first += COLUMNS) {
        float *panel = matrix->panels + (ptrdiff_t)first * K;
        const float *rows = B_transposed + (ptrdiff_t)first * K;
        const int columns = smaller(N - first, COLUMNS);
        for (int k0 = 0; k0 < K; k0 += COLUMNS) { // squares of 16 by 16: each cache line on both sides is touched once
            const int last = smaller(k0 + COLUMNS, K);
            for (ptrdiff_t n = 0; n < columns; n++) {
                for (int k = k0; k < last; k++) {
                    panel[(ptrdiff_t)k * COLUMNS + n] = rows[n * K + k];
                }
            }
        }
    }
}

// Copy K rows of a panel, which are far apart. With a constant size, the copy becomes two vector moves.
static void copy_rows(float *panel, const float *from, ptrdiff_t row, int K, int columns)
{
    for (ptrdiff_t k = 0; k < K; k++) {
        QL_PREFETCH(from + smaller((int)k + PREFETCH_ROWS, K - 1) * row);
        if (columns == COLUMNS) {
            memcpy(panel + k * COLUMNS, from + k * row, COLUMNS * sizeof(float));
        } else {
            memcpy(panel + k * COLUMNS, from + k * row, (size_t)columns * sizeof(float));
        }
    }
}

void ql_packed_matrix_reset_view(struct ql_packed_matrix *matrix, struct ql_matrix_view B, int K, int N)
{
    matrix->K = K;
    matrix->N = N;
    for (int first = 0; first < N; first += COLUMNS) {
        float *panel = matrix->panels + (ptrdiff_t)first * K;
        const int columns = smaller(N - first, COLUMNS);
        if (B.column == 1) {
            copy_rows(panel, B.data + first, B.row, K, columns);
            continue;
        }
        for (ptrdiff_t n = 0; n < columns; n++) {
            const float *from = B.data + (first + n) * B.column;
            const float *ahead = B.data + smaller(first + (int)n + PREFETCH_ROWS, N - 1) * B.column;
            for (int k = 0; k < K; k += COLUMNS) {
                QL_PREFETCH(ahead + k * B.row);
            }
            for (ptrdiff_t k = 0; k < K; k++) {
                panel[k * COLUMNS + n] = from[k * B.row];
            }
        }
    }
}

// Compute a tile at the right edge of C, which has fewer columns than the panels, in a separate buffer.
static void run_edge(ql_tile_function *compute, struct ql_tile tile, int columns)
{
    float aside[QL_TILE_ROW_LIMIT * QL_TILE_PANEL_LIMIT * COLUMNS] = {0};
    const ptrdiff_t width = (ptrdiff_t)tile.panels * COLUMNS;
    float *C = tile.C;
    const ptrdiff_t c_row = tile.c_row;

    tile.C = aside;
    tile.c_row = width;
    for (int r = 0; tile.add && r < tile.rows; r++) {
        memcpy(aside + r * width, C + r * c_row, (size_t)columns * sizeof(float));
    }
    compute(&tile);
    for (int r = 0; r < tile.rows; r++) {
        memcpy(C + r * c_row, aside + r * width, (size_t)columns * sizeof(float));
    }
}

// Return how many of the remaining rows the next tile has: tiles are as large as the form allows, and as equal as
// possible, because a tile with few rows has too few sums to keep the multipliers busy.
static int tile_rows(int left, int largest)
{
    const int tiles = (left + largest - 1) / largest;
    return (left + tiles - 1) / tiles;
}

// One block of rows of C and A, and the panels of one block of steps.
struct block {
    float *C;
    const float *A; // (M, a_row), or strips
    const float *panels;
    ptrdiff_t c_row, a_row, a_step;
    ptrdiff_t panel_floats; // from panel to panel
    int M, N, K;
    bool strips; // A is in strips, one for each tile: (K, rows of the tile); a_row and a_step are those of the strip
    bool add;
};

static void run_block(const struct ql_product_form *form, ql_tile_function *compute, const struct block *block)
{
    for (int n = 0; n < block->N; n += form->panels * COLUMNS) {
        const int columns = smaller(block->N - n, form->panels * COLUMNS);
        struct ql_tile tile = {
            .B = block->panels + n / COLUMNS * block->panel_floats,
            .c_row = block->c_row,
            .panel_floats = block->panel_floats,
            .K = block->K,
            .panels = columns > COLUMNS ? 2 : 1,
            .add = block->add,
        };
        for (int m = 0; m < block->M; m += tile.rows) {
            tile.rows = tile_rows(block->M - m, form->rows);
            tile.C = block->C + m * block->c_row + n;
            tile.A = block->A + m * (block->strips ? block->K : block->a_row);
            tile.a_row = block->strips ? 1 : block->a_row;
            tile.a_step = block->strips ? tile.rows : block->a_step;
            if (columns == tile.panels * COLUMNS) {
                compute(&tile);
            } else {
                run_edge(compute, tile, columns);
            }
        }
    }
}

static void product(ql_tile_function *compute, const struct ql_product_form *form, float *C, const float *A,
                    const struct ql_packed_matrix *B, int M, bool add)
{
    const ptrdiff_t K = B->K, N = B->N;

    for (int m = 0; m < M; m += BLOCK_ROWS) {
        for (int k = 0; k < K; k += BLOCK_STEPS) {
            const struct block block = {
                .C = C + m * N,
                .A = A + m * K + k,
                .panels = B->panels + (ptrdiff_t)k * COLUMNS,
                .c_row = N,
                .a_row = K,
                .a_step = 1,
                .panel_floats = K * COLUMNS,
                .M = smaller(M - m, BLOCK_ROWS),
                .N = B->N,
                .K = smaller(B->K - k, BLOCK_STEPS),
                .add = add || k > 0,
            };
            run_block(form, compute, &block);
        }
    }
}

void ql_product_fused(float *C, const float *A, const struct ql_packed_matrix *B, int M, bool add)
{
    const struct ql_product_form *form = ql_product_form();
    product(form->fused, form, C, A, B, M, add);
}

void ql_product_view(float *C, ptrdiff_t c_row, struct ql_matrix_view A, const struct ql_packed_matrix *B, int M,
                     int first, int K, int N, bool add)
{
    const struct ql_product_form *form = ql_product_form();

    assert(first + K <= B->K && N <= B->N);
    for (int m = 0; m < M; m += BLOCK_ROWS) {
        for (int k = 0; k < K; k += BLOCK_STEPS) {
            const struct block block = {
                .C = C + m * c_row,
                .A = A.data + m * A.row + k * A.column,
                .panels = B->panels + (ptrdiff_t)(first + k) * COLUMNS,
                .c_row = c_row,
                .a_row = A.row,
                .a_step = A.column,
                .panel_floats = (ptrdiff_t)B->K * COLUMNS,
                .M = smaller(M - m, BLOCK_ROWS),
                .N = N,
                .K = smaller(K - k, BLOCK_STEPS),
                .add = add || k > 0,
            };
            run_block(form, form->fused, &block);
        }
    }
}

void ql_product_rounded(float *C, const float *A, const struct ql_packed_matrix *B, int M)
{
    const struct ql_product_form *form = ql_product_form();
    product(form->rounded, form, C, A, B, M, true);
}

// --- The product with A transposed ---

void ql_product_scratch_init(struct ql_product_scratch *scratch, int N, struct ql_arena *arena)
{
    *scratch = (struct ql_product_scratch){
        .strips = ql_arena_take(arena, BLOCK_ROWS, BLOCK_STEPS * sizeof(float)),
        .panels = ql_arena_take(arena, (size_t)panel_count(N) * BLOCK_STEPS, COLUMNS * sizeof(float)),
        .N = N,
    };
}

// Copy a few steps of A (K, M) into the strip of one tile, (K, rows).
static inline __attribute__((always_inline)) void pack_strip(float *strip, const float *A, ptrdiff_t M, int steps,
                                                             const int rows)
{
    for (ptrdiff_t k = 0; k < steps; k++) {
        memcpy(strip + k * rows, A + k * M, (size_t)rows * sizeof(float));
    }
}

// Copy K steps of `rows` columns of A (K, M) into strips, a few steps at a time: rows of A are far apart, and the cache
// has room for few lines at such distances.
static void pack_strips(float *strips, const float *A, int M, int K, int rows, int largest)
{
    enum { STEPS = 8 };

    for (int k = 0; k < K; k += STEPS) {
        const int steps = smaller(K - k, STEPS);
        int count;
        for (int m = 0; m < rows; m += count) {
            count = tile_rows(rows - m, largest);
            float *strip = strips + (ptrdiff_t)m * K + (ptrdiff_t)k * count;
            const float *from = A + (ptrdiff_t)k * M + m;
            switch (count) { // the usual counts as constants, so that a copy takes a few instructions
            case 4:
                pack_strip(strip, from, M, steps, 4);
                break;
            case 6:
                pack_strip(strip, from, M, steps, 6);
                break;
            case 12:
                pack_strip(strip, from, M, steps, 12);
                break;
            default:
                pack_strip(strip, from, M, steps, count);
                break;
            }
        }
    }
}

void ql_product_transposed(float *C, const float *A, const float *B, int M, int N, int K, bool add,
                           struct ql_product_scratch *scratch)
{
    const struct ql_product_form *form = ql_product_form();

    assert(N <= scratch->N);
    for (int k = 0; k < K; k += BLOCK_STEPS) {
        const int steps = smaller(K - k, BLOCK_STEPS);
        pack_panels(scratch->panels, B + (ptrdiff_t)k * N, steps, N);
        for (int m = 0; m < M; m += BLOCK_ROWS) {
            const int rows = smaller(M - m, BLOCK_ROWS);
            pack_strips(scratch->strips, A + (ptrdiff_t)k * M + m, M, steps, rows, form->rows);
            const struct block block = {
                .C = C + (ptrdiff_t)m * N,
                .A = scratch->strips,
                .panels = scratch->panels,
                .c_row = N,
                .panel_floats = (ptrdiff_t)steps * COLUMNS,
                .M = rows,
                .N = N,
                .K = steps,
                .strips = true,
                .add = add || k > 0,
            };
            run_block(form, form->fused, &block);
        }
    }
}
