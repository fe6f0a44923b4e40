// The tile of a matrix product, written once for all forms: the file of a form defines its vectors and includes this.
// The sums of a tile stay in registers while k runs over a block; each k costs one load per vector of B and one
// broadcast per row of A.
// Uses: product/product_form.h, and from the including file: VECTOR, WIDTH (floats in it), ZERO, LOAD(p), STORE(p, v),
// BROADCAST(p), FUSED(a, b, sum) = a * b + sum rounded once, ROUNDED(a, b, sum) = the same rounded twice, TARGET (the
// function attribute for the instructions), ROWS and PANELS (the largest tile; their sums must fit the registers), and
// GROUP_ROWS (rows of A that are addressed from one pointer).
#include "product/product_form.h"

enum { PANEL_VECTORS = QL_PANEL_COLUMNS / WIDTH };

// Loops over the parts of a tile must disappear, or the sums would live in memory: each size of tile has code of its
// own. A form that is not made for speed defines both as nothing, and is compiled in no time.
#if !defined(SPECIALIZED)
#define SPECIALIZED inline __attribute__((always_inline))
#endif
#if defined(UNROLLED)
#elif defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 32")
#endif

// Rows of A are addressed from one pointer for every GROUP_ROWS of them. The compiler must not see that the pointers
// belong together: it would keep an offset for each of twelve rows, and does not have the registers for that.
enum { ROW_GROUPS = (ROWS + GROUP_ROWS - 1) / GROUP_ROWS };
#if defined(__GNUC__)
#define APART(pointer) __asm__("" : "+r"(pointer))
#else
#define APART(pointer) (void)(pointer)
#endif

// `rows`, `panels` and `fused` are constants wherever this is inlined. Long because all its sums live in registers.
TARGET static SPECIALIZED void tile_sums(const struct ql_tile *tile, const int rows, const int panels, const bool fused)
{
    VECTOR sums[ROWS][PANELS * PANEL_VECTORS];
    const int vectors = panels * PANEL_VECTORS;
    // Copies, so that the compiler need not fear that a store to C changes the tile.
    float *C = tile->C;
    const float *A[ROW_GROUPS];
    const float *B = tile->B;
    const int K = tile->K;
    const ptrdiff_t a_row = tile->a_row, a_step = tile->a_step, c_row = tile->c_row;
    const ptrdiff_t panel_floats = tile->panel_floats;

    if (tile->add) {
        UNROLLED
        for (int r = 0; r < rows; r++) {
            UNROLLED
            for (int v = 0; v < vectors; v++) {
                sums[r][v] = LOAD(C + r * c_row + v * WIDTH);
            }
        }
    } else {
        UNROLLED
        for (int r = 0; r < rows; r++) {
            UNROLLED
            for (int v = 0; v < vectors; v++) {
                sums[r][v] = ZERO;
            }
        }
    }
    UNROLLED
    for (int g = 0; g < ROW_GROUPS; g++) {
        A[g] = tile->A + (g * GROUP_ROWS < rows ? g * GROUP_ROWS * a_row : 0);
        APART(A[g]);
    }
    for (int k = 0; k < K; k++) {
        VECTOR b[PANELS * PANEL_VECTORS];
        UNROLLED
        for (int v = 0; v < vectors; v++) {
            b[v] = LOAD(B + (v / PANEL_VECTORS) * panel_floats + (v % PANEL_VECTORS) * WIDTH);
        }
        UNROLLED
        for (int r = 0; r < rows; r++) {
            const VECTOR a = BROADCAST(A[r / GROUP_ROWS] + r % GROUP_ROWS * a_row);
            UNROLLED
            for (int v = 0; v < vectors; v++) {
                sums[r][v] = fused ? FUSED(a, b[v], sums[r][v]) : ROUNDED(a, b[v], sums[r][v]);
            }
        }
        UNROLLED
        for (int g = 0; g < ROW_GROUPS; g++) {
            A[g] += a_step;
        }
        B += QL_PANEL_COLUMNS;
    }
    UNROLLED
    for (int r = 0; r < rows; r++) {
        UNROLLED
        for (int v = 0; v < vectors; v++) {
            STORE(C + r * c_row + v * WIDTH, sums[r][v]);
        }
    }
}

#define TILE_OF(r)                         \
    case r:                                \
        tile_sums(tile, r, panels, fused); \
        break;

TARGET static SPECIALIZED void tile_rows(const struct ql_tile *tile, const int panels, const bool fused)
{
    switch (tile->rows) {
        TILE_OF(1)
#if ROWS > 1
        TILE_OF(2)
        TILE_OF(3)
        TILE_OF(4)
#endif
#if ROWS > 4
        TILE_OF(5)
        TILE_OF(6)
#endif
#if ROWS > 6
        TILE_OF(7)
        TILE_OF(8)
        TILE_OF(9)
        TILE_OF(10)
        TILE_OF(11)
        TILE_OF(12)
#endif
    default:
        break;
    }
}

TARGET static void tile_fused(const struct ql_tile *tile)
{
#if PANELS > 1
    if (tile->panels > 1) {
        tile_rows(tile, PANELS, true);
        return;
    }
#endif
    tile_rows(tile, 1, true);
}

TARGET static void tile_rounded(const struct ql_tile *tile)
{
#if PANELS > 1
    if (tile->panels > 1) {
        tile_rows(tile, PANELS, false);
        return;
    }
#endif
    tile_rows(tile, 1, false);
}
