// Lowers Attention and RotaryEmbedding to existing products, sums, and a softmax.
// Uses: onnx/{lower,lower_compose}.
#include <math.h>
#include <string.h>

#include "onnx/lower_compose.h"
#include "onnx/lower_operators.h"

// --- RotaryEmbedding ---

// Copies part of the last axis of a value, `count` elements from `first` in steps of `step`, to a new value.
static int take_elements(struct ql_lower *lower, int value, int first, int step, int count)
{
    const struct ql_program_value v = *ql_lower_value(lower, value);
    int dims[QL_RANK_LIMIT], strides_x[QL_RANK_LIMIT], strides_y[QL_RANK_LIMIT];
    const int one[] = {1};

    memcpy(dims, v.dims, sizeof dims);
    dims[v.rank - 1] = count;
    const int y = ql_lower_temporary(lower, v.type, v.rank, dims);
    ql_lower_strides(v.rank, v.dims, strides_x);
    ql_lower_strides(v.rank, dims, strides_y);
    strides_x[v.rank - 1] = step;
    if (count > 0 && v.count > 0) {
        ql_lower_copy(lower, y, ql_lower_view(lower, value, 1, one, first), v.rank, dims, strides_y, strides_x);
    }
    return y;
}

// The reverse: the part becomes elements of y.
static void put_elements(struct ql_lower *lower, int y, int part, int first, int step)
{
    const struct ql_program_value v = *ql_lower_value(lower, part);
    int strides_x[QL_RANK_LIMIT], strides_y[QL_RANK_LIMIT];
    const int one[] = {1};

    if (lower->status == QL_OK && v.count > 0) {
        ql_lower_strides(v.rank, v.dims, strides_x);
        ql_lower_strides(v.rank, ql_lower_value(lower, y)->dims, strides_y);
        strides_y[v.rank - 1] = step;
        ql_lower_copy(lower, ql_lower_view(lower, y, 1, one, first), part, v.rank, v.dims, strides_y, strides_x);
    }
}

// A cache of cosines or sines in a shape that broadcasts to x: its rows by position, or one for each token.
static int read_angles(struct ql_lower *lower, int cache, int positions, int batch, int tokens, int half,
                       int token_axis)
{
    const struct ql_program_value v = *ql_lower_value(lower, cache);
    int dims[] = {batch, 1, 1, half};
    int angles = cache;

    dims[token_axis] = tokens;
    if (v.rank != (positions >= 0 ? 2 : 3) || v.dims[v.rank - 1] != half ||
        (positions < 0 && (v.dims[0] != batch || v.dims[1] != tokens))) {
        ql_lower_fail(lower, "'%s' must have %d numbers for each %s", v.name, half,
                      positions >= 0 ? "position" : "token of each sequence");
        return cache;
    }
    if (positions >= 0) {
        const struct ql_program_value p = *ql_lower_value(lower, positions);
        if (p.type != QL_ELEMENT_S64 || p.count != batch * tokens) {
            ql_lower_fail(lower, "'%s' must be one int64 for each token of each sequence", p.name);
            return cache;
        }
        angles = ql_lower_temporary(lower, v.type, 4, dims);
        ql_lower_call(lower,
                      &(struct ql_kernel_call){.kernel = &ql_kernels[QL_KERNEL_GATHER],
                                               .buffers = {angles, cache, positions},
                                               .ints = {(int)ql_element_bytes(v.type), 1, v.dims[0], half, p.count}});
    }
    return ql_lower_view(lower, angles, 4, dims, 0);
}

// Pairs of elements are rotated by an angle: real = cos x1 - sin x2, imaginary = sin x1 + cos x2. A pair is two
// neighbors, or one element from each half.
void ql_lower_op_rotary_embedding(struct ql_lower *lower)
{
    const int given = ql_lower_input(lower, 0), positions = ql_lower_input(lower, 3);
    const struct ql_program_value v = *ql_lower_value(lower, given);
    const int64_t heads = v.rank == 4 ? v.dims[1] : ql_lower_int(lower, "num_heads", 0);
    const int64_t turned = ql_lower_int(lower, "rotary_embedding_dim", 0);
    const bool is_interleaved = ql_lower_int(lower, "interleaved", 0) != 0;

    if (!ql_lower_require(lower, given, QL_ELEMENT_F32)) {
        return;
    }
    if (v.rank != 4 && (v.rank != 3 || heads < 1 || heads > v.dims[2] || v.dims[2] % heads != 0)) {
        ql_lower_fail(lower, "the input must have 4 dimensions, or 3 with a last one that 'num_heads' divides");
        return;
    }
    const int tokens = v.rank == 4 ? v.dims[2] : v.dims[1], size = v.rank == 4 ? v.dims[3] : v.dims[2] / (int)heads;
    if (turned < 0 || turned > size || turned % 2 != 0 || (turned == 0 && size % 2 != 0)) {
        ql_lower_fail(lower, "'rotary_embedding_dim' must be even and at most %d, the size of a head", size);
        return;
    }
    const int half = (turned == 0 ? size : (int)turned) / 2, step = is_interleaved ? 2 : 1;
    const int second = is_interleaved ? 1 : half;
    const int dims[] = {v.dims[0], tokens, (int)heads, size};
    const int x = v.rank == 4 ? given : ql_lower_view(lower, given, 4, dims, 0);
    const int token_axis = v.rank == 4 ? 2 : 1;
    const int cosine = read_angles(lower, ql_lower_input(lower, 1), positions, v.dims[0], tokens, half, token_axis);
    const int sine = read_angles(lower, ql_lower_input(lower, 2), positions, v.dims[0], tokens, half, token_axis);
    if (lower->status != QL_OK) {
        return;
    }
    const int x1 = take_elements(lower, x, 0, step, half), x2 = take_elements(lower, x, second, step, half);
    const int real = ql_lower_combine(lower, ql_lower_combine(lower, cosine, x1, "mul"),
                                      ql_lower_combine(lower, sine, x2, "mul"), "sub");
    const int imaginary = ql_lower_combine(lower, ql_lower_combine(lower, sine, x1, "mul"),
                                           ql_lower_combine(lower, cosine, x2, "mul"), "add");
    const int y = ql_lower_output(lower, 0, v.type, v.rank, v.dims);
    const int turned_y = ql_lower_view(lower, y, 4, ql_lower_value(lower, x)->dims, 0);
    put_elements(lower, turned_y, real, 0, step);
    put_elements(lower, turned_y, imaginary, second, step);
    if (2 * half < size) {
        put_elements(lower, turned_y, take_elements(lower, x, 2 * half, 1, size - 2 * half), 2 * half, 1);
    }
}

// --- Attention ---

// Queries, keys and values, as (batch, heads, tokens, size).
struct attention {
    int q, k, v;
    int batch, heads, kv_heads, tokens, total; // `total` counts the keys, including those of the past
    bool is_flat;                              // the input has three dimensions, and so has the output
};

// An input as (batch, heads, tokens, size): with three dimensions, the heads are side by side.
static int read_heads(struct ql_lower *lower, int value, const char *attribute)
{
    const struct ql_program_value v = *ql_lower_value(lower, value);
    static const int order[] = {0, 2, 1, 3};
    const int64_t heads = v.rank == 3 ? ql_lower_int(lower, attribute, 0) : 1;

    if (lower->status != QL_OK || v.rank == 4) {
        return value;
    }
    if (v.rank != 3 || heads < 1 || heads > v.dims[2] || v.dims[2] % heads != 0) {
        ql_lower_fail(lower, "'%s' must have 4 dimensions, or 3 with a last one that '%s' divides", v.name, attribute);
        return value;
    }
    const int dims[] = {v.dims[0], v.dims[1], (int)heads, v.dims[2] / (int)heads};
    return ql_lower_transposed(lower, ql_lower_view(lower, value, 4, dims, 0), order);
}

// Concatenates the past's keys or values with the new ones: output number `output`.
static int join_past(struct ql_lower *lower, int past, int value, int output)
{
    const struct ql_program_value v = *ql_lower_value(lower, value);
    int dims[QL_RANK_LIMIT], strides[QL_RANK_LIMIT], part_strides[QL_RANK_LIMIT], at = 0;
    const int parts[] = {past, value}, one[] = {1};

    if (lower->status != QL_OK) {
        return value;
    }
    memcpy(dims, v.dims, sizeof dims);
    if (past >= 0) {
        const struct ql_program_value p = *ql_lower_value(lower, past);
        if (p.rank != 4 || p.type != v.type || p.dims[0] != v.dims[0] || p.dims[1] != v.dims[1] ||
            p.dims[3] != v.dims[3]) {
            ql_lower_fail(lower, "the shape of '%s' does not fit what is appended to it", p.name);
            return value;
        }
        dims[2] += p.dims[2];
    } else if (!ql_lower_has_output(lower, output)) {
        return value;
    }
    const int y = ql_lower_output(lower, output, v.type, 4, dims);
    ql_lower_strides(4, dims, strides);
    for (int k = past < 0; k < 2 && lower->status == QL_OK; k++) {
        const struct ql_program_value part = *ql_lower_value(lower, parts[k]);
        ql_lower_strides(4, part.dims, part_strides);
        if (part.count > 0) {
            ql_lower_copy(lower, ql_lower_view(lower, y, 1, one, at * strides[2]), parts[k], 4, part.dims, strides,
                          part_strides);
        }
        at += part.dims[2];
    }
    return y;
}

static void read_attention(struct ql_lower *lower, struct attention *a)
{
    const int rank = ql_lower_value(lower, ql_lower_input(lower, 0))->rank;
    const int past = ql_lower_input(lower, 4), past_values = ql_lower_input(lower, 5);

    *a = (struct attention){.is_flat = rank == 3};
    a->q = read_heads(lower, ql_lower_input(lower, 0), "q_num_heads");
    a->k = read_heads(lower, ql_lower_input(lower, 1), "kv_num_heads");
    a->v = read_heads(lower, ql_lower_input(lower, 2), "kv_num_heads");
    if (lower->status == QL_OK && (past >= 0) != (past_values >= 0)) {
        ql_lower_fail(lower, "past keys and past values belong together");
    }
    a->k = join_past(lower, past, a->k, 1);
    a->v = join_past(lower, past_values, a->v, 2);
    if (lower->status != QL_OK) {
        return;
    }
    const struct ql_program_value *q = ql_lower_value(lower, a->q), *k = ql_lower_value(lower, a->k);
    const struct ql_program_value *v = ql_lower_value(lower, a->v);
    a->batch = q->dims[0];
    a->heads = q->dims[1];
    a->kv_heads = k->dims[1];
    a->tokens = q->dims[2];
    a->total = k->dims[2];
    if (k->dims[0] != a->batch || v->dims[0] != a->batch || v->dims[1] != a->kv_heads || v->dims[2] != a->total ||
        k->dims[3] != q->dims[3] || a->kv_heads < 1 || a->heads % a->kv_heads != 0 || q->dims[3] < 1 || a->total < 1) {
        ql_lower_fail(lower, "the shapes of queries, keys and values do not fit each other");
    }
}

// The scores of the entries that a query may see, and minus infinity elsewhere.
static int mask_scores(struct ql_lower *lower, const struct attention *a, int scores)
{
    const int mask = ql_lower_input(lower, 3), past = ql_lower_input(lower, 4);
    const float least = -INFINITY;
    const int infinity = ql_lower_constant(lower, QL_ELEMENT_F32, 0, NULL, &least);
    const int dims[] = {a->tokens, a->total};

    if (mask >= 0) {
        const struct ql_program_value m = *ql_lower_value(lower, mask);
        if (m.rank < 1 || m.rank > 4 || m.dims[m.rank - 1] != a->total) {
            ql_lower_fail(lower, "the last dimension of '%s' must be %d, the number of keys", m.name, a->total);
            return scores;
        }
        scores = m.type == QL_ELEMENT_BOOL ? ql_lower_choose(lower, mask, scores, infinity)
                                           : ql_lower_combine(lower, scores, mask, "add");
    }
    if (ql_lower_int(lower, "is_causal", 0) == 0 || lower->status != QL_OK) {
        return scores;
    }
    const int before = past < 0 ? 0 : ql_lower_value(lower, past)->dims[2];
    const int sees = ql_lower_temporary(lower, QL_ELEMENT_BOOL, 2, dims);
    if (ql_lower_value(lower, sees)->count == 0 || !ql_lower_make_constant(lower, ql_lower_value(lower, sees))) {
        return scores;
    }
    uint8_t *truth = ql_lower_writable(lower, sees);
    for (int i = 0; i < a->tokens * a->total; i++) {
        truth[i] = i % a->total <= i / a->total + before;
    }
    return ql_lower_choose(lower, sees, scores, infinity);
}

static bool check_attributes(struct ql_lower *lower)
{
    const int64_t mode = ql_lower_int(lower, "qk_matmul_output_mode", 0);
    const int64_t precision = ql_lower_int(lower, "softmax_precision", 1);
    const bool is_masked = ql_lower_input(lower, 3) >= 0 || ql_lower_int(lower, "is_causal", 0) != 0;

    if (ql_lower_input(lower, 6) >= 0) {
        ql_lower_fail(lower, "the input 'nonpad_kv_seqlen' is not supported");
    } else if (precision != 1) {
        ql_lower_fail(lower, "the attribute 'softmax_precision' must be 1 (float)");
    } else if (ql_lower_has_output(lower, 3) && mode != 0 && mode != 3) {
        ql_lower_fail(lower, "the attribute 'qk_matmul_output_mode' must be 0 or 3");
    } else if (is_masked && ql_lower_float(lower, "softcap", 0.0f) > 0.0f) {
        // ONNX 1.18 caps after masking, later versions mask after capping.
        ql_lower_fail(lower,
                      "the attribute 'softcap' together with a mask means different things in different versions "
                      "of ONNX, and is not supported");
    }
    return lower->status == QL_OK;
}

// Adds output 3, the scores.
static void give_scores(struct ql_lower *lower, int scores)
{
    if (lower->status == QL_OK && ql_lower_has_output(lower, 3)) {
        const struct ql_program_value v = *ql_lower_value(lower, scores);
        ql_lower_alias(lower, 3, scores, v.rank, v.dims, 0);
    }
}

// A value whose heads are grouped by the keys that they share: (batch, kv_heads, heads / kv_heads, ...).
static int grouped(struct ql_lower *lower, const struct attention *a, int value, int group)
{
    const struct ql_program_value *v = ql_lower_value(lower, value);
    const int dims[] = {a->batch, a->kv_heads, group, v->dims[2], v->dims[3]};
    return ql_lower_view(lower, value, 5, dims, 0);
}

// softmax(mask((q sqrt(scale)) (k sqrt(scale))^T)) v, for each head. Each key serves heads / kv_heads neighboring heads.
void ql_lower_op_attention(struct ql_lower *lower)
{
    static const int turned[] = {0, 1, 2, 4, 3}, flattened[] = {0, 2, 1, 3};
    struct attention a;

    if (!check_attributes(lower)) {
        return;
    }
    read_attention(lower, &a);
    if (lower->status != QL_OK) {
        return;
    }
    const int size = ql_lower_value(lower, a.q)->dims[3], value_size = ql_lower_value(lower, a.v)->dims[3];
    const float usual = 1.0f / sqrtf((float)size);
    const float scale = sqrtf(ql_lower_float(lower, "scale", usual)), cap = ql_lower_float(lower, "softcap", 0.0f);
    const int factor = ql_lower_constant(lower, QL_ELEMENT_F32, 0, NULL, &scale);
    const int group = a.heads / a.kv_heads, whole[] = {a.batch, a.heads, a.tokens, a.total};
    const int q = grouped(lower, &a, ql_lower_combine(lower, a.q, factor, "mul"), group);
    const int k = grouped(lower, &a, ql_lower_combine(lower, a.k, factor, "mul"), 1);
    int scores = ql_lower_matmul(lower, q, ql_lower_transposed(lower, k, turned));
    if (lower->status != QL_OK) {
        return;
    }
    scores = ql_lower_view(lower, scores, 4, whole, 0);
    if (ql_lower_int(lower, "qk_matmul_output_mode", 0) == 0) {
        give_scores(lower, scores);
    }
    if (cap > 0.0f) {
        const int limit = ql_lower_constant(lower, QL_ELEMENT_F32, 0, NULL, &cap);
        const int bent = ql_lower_apply(lower, ql_lower_combine(lower, scores, limit, "div"), "tanh");
        scores = ql_lower_combine(lower, bent, limit, "mul");
    }
    scores = mask_scores(lower, &a, scores);
    if (lower->status == QL_OK && ql_lower_value(lower, scores)->count != a.batch * a.heads * a.tokens * a.total) {
        ql_lower_fail(lower, "the shape of the mask does not fit the scores (%d, %d, %d, %d)", a.batch, a.heads,
                      a.tokens, a.total);
    }
    if (lower->status != QL_OK) {
        return;
    }
    const int shares = ql_lower_temporary(lower, QL_ELEMENT_F32, 4, whole);
    ql_lower_call(lower, &(struct ql_kernel_call){.kernel = &ql_kernels[QL_KERNEL_SOFTMAX_F32],
                                                  .buffers = {shares, scores},
                                                  .ints = {a.batch * a.heads * a.tokens, a.total, 1}});
    if (ql_lower_int(lower, "qk_matmul_output_mode", 0) == 3) {
        give_scores(lower, shares);
    }
    int y = ql_lower_matmul(lower, grouped(lower, &a, shares, group), grouped(lower, &a, a.v, 1));
    const int headed[] = {a.batch, a.heads, a.tokens, value_size}, flat[] = {a.batch, a.tokens, a.heads * value_size};
    if (lower->status != QL_OK) {
        return;
    }
    y = ql_lower_view(lower, y, 4, headed, 0);
    ql_lower_give(lower, a.is_flat ? ql_lower_view(lower, ql_lower_transposed(lower, y, flattened), 3, flat, 0) : y);
}
