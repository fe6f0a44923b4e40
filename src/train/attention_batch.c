// Causal attention within windows: see attention_batch.h.
// Uses: base/vectors, device/activation.h.
//
// A block is 16 rows of the (T, T) weights, with the columns up to the end of the block; those to the right are masked
// and not computed. The blocks are the same for every form of products, so which zeros enter a sum does not depend on
// the form.
#include "train/attention_batch.h"

#include <math.h>

#include "base/vectors.h"
#include "device/activation.h"

enum { BLOCK = 16, LANES = 16 };

void ql_attention_scratch_init(struct ql_attention_scratch *scratch, int T, int size, struct ql_arena *arena)
{
    *scratch = (struct ql_attention_scratch){
        .weights = ql_arena_take(arena, (size_t)T * (size_t)T, sizeof(float)),
        .dweights = ql_arena_take(arena, (size_t)T * (size_t)T, sizeof(float)),
    };
    ql_packed_matrix_init(&scratch->key, T, size, arena);
    ql_packed_matrix_init(&scratch->key_across, size, T, arena);
    ql_packed_matrix_init(&scratch->value, T, size, arena);
    ql_packed_matrix_init(&scratch->value_across, size, T, arena);
    ql_packed_matrix_init(&scratch->query, T, size, arena);
    ql_packed_matrix_init(&scratch->dy, T, size, arena);
}

// The largest of the scores of a row, in lanes: the order of a maximum changes no bit.
static inline __attribute__((always_inline)) float largest_of(const float *row, int width)
{
    float partial[LANES];
    float largest = row[0];
    int k = 0;

    for (int lane = 0; lane < LANES; lane++) {
        partial[lane] = row[0];
    }
    for (; k + LANES <= width; k += LANES) {
        for (int lane = 0; lane < LANES; lane++) {
            partial[lane] = row[k + lane] > partial[lane] ? row[k + lane] : partial[lane];
        }
    }
    for (; k < width; k++) {
        largest = row[k] > largest ? row[k] : largest;
    }
    for (int lane = 0; lane < LANES; lane++) {
        largest = partial[lane] > largest ? partial[lane] : largest;
    }
    return largest;
}

// The sum of a row, in lanes that are the same for every form of vectors.
static inline __attribute__((always_inline)) float sum_of(const float *row, int width)
{
    float partial[LANES] = {0};
    float sum = 0.0f;
    int k = 0;

    for (; k + LANES <= width; k += LANES) {
        for (int lane = 0; lane < LANES; lane++) {
            partial[lane] += row[k + lane];
        }
    }
    for (int lane = 0; k < width; k++, lane++) {
        partial[lane] += row[k];
    }
    for (int lane = 0; lane < LANES; lane++) {
        sum += partial[lane];
    }
    return sum;
}

// Rows first to first + rows - 1 of (T, T), of which row t has t + 1 scores, become weights, with zeros after them up
// to the end of the block. The loops go to that end, which is a whole number of vectors in all blocks but the last.
QL_VECTORIZED(static, void, soften, (float *weights, int T, int first, int rows, float scale),
              (weights, T, first, rows, scale))
{
    const int width = first + rows;

    for (int t = first; t < width; t++) {
        float *restrict row = weights + (ptrdiff_t)t * T;

        for (int k = t + 1; k < width; k++) {
            row[k] = row[0]; // which changes no maximum
        }
        const float largest = largest_of(row, width);
        for (int k = 0; k < width; k++) {
            row[k] = ql_exp_f32((row[k] - largest) * scale);
        }
        for (int k = t + 1; k < width; k++) {
            row[k] = 0.0f;
        }
        const float factor = 1.0f / sum_of(row, width);
        for (int k = 0; k < width; k++) {
            row[k] *= factor;
        }
    }
}

// Turns the gradients of weights into those of the unscaled scores: weights (dweights - sum of weights dweights) scale.
QL_VECTORIZED(static, void, soften_backward,
              (float *dweights, const float *weights, int T, int first, int rows, float scale),
              (dweights, weights, T, first, rows, scale))
{
    for (int t = first; t < first + rows; t++) {
        float *restrict drow = dweights + (ptrdiff_t)t * T;
        const float *restrict row = weights + (ptrdiff_t)t * T;
        float partial[LANES] = {0};
        float sum = 0.0f;
        int k = 0;

        for (; k + LANES <= t + 1; k += LANES) {
            for (int lane = 0; lane < LANES; lane++) {
                partial[lane] += row[k + lane] * drow[k + lane];
            }
        }
        for (int lane = 0; k <= t; k++, lane++) {
            partial[lane] += row[k] * drow[k];
        }
        for (int lane = 0; lane < LANES; lane++) {
            sum += partial[lane];
        }
        for (k = 0; k < first + rows; k++) {
            drow[k] = row[k] * (drow[k] - sum) * scale; // 0 where the weight is masked
        }
    }
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

// A head of one sequence within (T, S, heads, size), as (T, size).
static struct ql_matrix_view view(const float *data, const struct ql_attention_shape *shape, int s, int head, int heads)
{
    const ptrdiff_t row = (ptrdiff_t)heads * shape->size;
    return (struct ql_matrix_view){data + s * row + (ptrdiff_t)head * shape->size, shape->S * row, 1};
}

static struct ql_matrix_view across(struct ql_matrix_view matrix)
{
    return (struct ql_matrix_view){matrix.data, matrix.column, matrix.row};
}

static struct ql_matrix_view rows_from(struct ql_matrix_view matrix, int first)
{
    matrix.data += first * matrix.row;
    return matrix;
}

// The scale of scores. The root is correctly rounded everywhere.
static float scale_of(const struct ql_attention_shape *shape)
{
    return 1.0f / sqrtf((float)shape->size);
}

// The weights of one block.
static void weigh(const struct ql_attention_shape *shape, struct ql_attention_scratch *scratch,
                  struct ql_matrix_view query, int first, int rows)
{
    const int T = shape->T, size = shape->size;

    ql_product_view(scratch->weights + (ptrdiff_t)first * T, T, rows_from(query, first), &scratch->key_across, rows, 0,
                    size, first + rows, false);
    soften(scratch->weights, T, first, rows, scale_of(shape));
}

void ql_attention_batch_forward(float *y, const float *query, const float *key, const float *value,
                                const struct ql_attention_shape *shape, struct ql_attention_scratch *scratch)
{
    const int T = shape->T, size = shape->size, group = shape->heads / shape->kv_heads;

    for (int s = 0; s < shape->S; s++) {
        for (int h = 0; h < shape->heads; h++) {
            const struct ql_matrix_view q = view(query, shape, s, h, shape->heads);
            float *out = y + ((ptrdiff_t)s * shape->heads + h) * size;
            if (h % group == 0) {
                const struct ql_matrix_view k = view(key, shape, s, h / group, shape->kv_heads);
                const struct ql_matrix_view v = view(value, shape, s, h / group, shape->kv_heads);
                ql_packed_matrix_reset_view(&scratch->key_across, across(k), size, T);
                ql_packed_matrix_reset_view(&scratch->value, v, T, size);
            }
            for (int first = 0; first < T; first += BLOCK) {
                const int rows = smaller(T - first, BLOCK);
                const struct ql_matrix_view weights = {scratch->weights + (ptrdiff_t)first * T, T, 1};
                weigh(shape, scratch, q, first, rows);
                ql_product_view(out + first * q.row, q.row, weights, &scratch->value, rows, 0, first + rows, size,
                                false);
            }
        }
    }
}

// The gradient of a head of queries; the weights and their gradients stay in the scratch memory for those of key and value.
static void backward_query(float *dquery, struct ql_matrix_view query, struct ql_matrix_view dy,
                           const struct ql_attention_shape *shape, struct ql_attention_scratch *scratch)
{
    const int T = shape->T, size = shape->size;

    for (int first = 0; first < T; first += BLOCK) {
        const int rows = smaller(T - first, BLOCK);
        float *dweights = scratch->dweights + (ptrdiff_t)first * T;
        weigh(shape, scratch, query, first, rows);
        ql_product_view(dweights, T, rows_from(dy, first), &scratch->value_across, rows, 0, size, first + rows, false);
        soften_backward(scratch->dweights, scratch->weights, T, first, rows, scale_of(shape));
        ql_product_view(dquery + first * query.row, query.row, (struct ql_matrix_view){dweights, T, 1}, &scratch->key,
                        rows, 0, first + rows, size, false);
    }
}

// The gradients of keys, or of values: in block n of (T, size) the sum over all t from the block on of weights[t, n] times
// row t of `from`.
static void backward_entries(float *dentries, ptrdiff_t row, const float *weights, const struct ql_packed_matrix *from,
                             const struct ql_attention_shape *shape, bool add)
{
    const int T = shape->T;

    for (int first = 0; first < T; first += BLOCK) {
        const struct ql_matrix_view columns = {weights + (ptrdiff_t)first * T + first, 1, T};
        ql_product_view(dentries + first * row, row, columns, from, smaller(T - first, BLOCK), first, T - first,
                        shape->size, add);
    }
}

void ql_attention_batch_backward(float *dquery, float *dkey, float *dvalue, const float *dy, const float *query,
                                 const float *key, const float *value, const struct ql_attention_shape *shape,
                                 struct ql_attention_scratch *scratch)
{
    const int T = shape->T, size = shape->size, group = shape->heads / shape->kv_heads;

    for (int s = 0; s < shape->S; s++) {
        for (int h = 0; h < shape->heads; h++) {
            const struct ql_matrix_view k = view(key, shape, s, h / group, shape->kv_heads);
            const struct ql_matrix_view v = view(value, shape, s, h / group, shape->kv_heads);
            const struct ql_matrix_view q = view(query, shape, s, h, shape->heads);
            const struct ql_matrix_view d = view(dy, shape, s, h, shape->heads);
            const ptrdiff_t entry = ((ptrdiff_t)s * shape->kv_heads + h / group) * size;
            if (h % group == 0) {
                ql_packed_matrix_reset_view(&scratch->key_across, across(k), size, T);
                ql_packed_matrix_reset_view(&scratch->key, k, T, size);
                ql_packed_matrix_reset_view(&scratch->value_across, across(v), size, T);
            }
            backward_query(dquery + (q.data - query), q, d, shape, scratch);
            ql_packed_matrix_reset_view(&scratch->query, q, T, size);
            ql_packed_matrix_reset_view(&scratch->dy, d, T, size);
            backward_entries(dkey + entry, k.row, scratch->dweights, &scratch->query, shape, h % group != 0);
            backward_entries(dvalue + entry, v.row, scratch->weights, &scratch->dy, shape, h % group != 0);
        }
    }
}
