// A token's contribution to the first layer, as a product: see integer_input.h.
// Uses: base, device, model, quantize/integer_matrix.
#include "quantize/integer_input.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "model/weight_format.h"

enum { STEP_ERROR_LIMIT = 64 }; // steps of the layer's sums, the most that rounding may cost

static enum ql_status fail_not_finite(const char *node, struct ql_error *error)
{
    return ql_error_write(error, QL_ERROR_INPUT,
                          "node '%s': a weight is not a finite number, so it has no integer form", node);
}

// A column whose numbers are all smaller becomes zeros: their quotients would not be exact, or not finite. Its unit is
// 0, so that its weights do not count in the scales of their rows.
static const float smallest_column = 1e-30f;

// Rounds the embedding to bytes. The unit of each column comes from its greatest number. Returns whether all numbers
// are finite.
static bool round_embedding(struct ql_integer_input *input, float *units, const float *embedding, int V)
{
    for (int k = 0; k < input->E; k++) {
        float greatest = 0.0f;
        for (int v = 0; v < V; v++) {
            const float size = fabsf(embedding[(ptrdiff_t)v * input->E + k]);
            if (!isfinite(size)) {
                return false;
            }
            greatest = size > greatest ? size : greatest;
        }
        units[k] = greatest > smallest_column ? greatest / (float)QL_ROW_LIMIT_S8 : 0.0f;
        for (int v = 0; v < V; v++) {
            const ptrdiff_t place = (ptrdiff_t)v * input->E + k;
            input->embedding[place] = units[k] == 0.0f ? 0 : (int8_t)floorf(embedding[place] / units[k] + 0.5f);
        }
    }
    return true;
}

// The greatest |value| of a row. The tokens' vectors are the only ones.
static int64_t find_reach(const struct ql_integer_input *input, int row, int V)
{
    const int8_t *q = input->matrix.weights + (ptrdiff_t)row * input->E;
    int64_t reach = 0;

    for (int v = 0; v < V; v++) {
        const int8_t *x = input->embedding + (ptrdiff_t)v * input->E;
        int32_t sum = 0;
        for (int k = 0; k < input->E; k++) {
            sum += q[k] * x[k];
        }
        const int64_t value = ql_integer_row_value(sum, &input->rows[row], input->scale);
        reach = llabs(value) > reach ? llabs(value) : reach;
    }
    return reach;
}

static enum ql_status make_rows(struct ql_integer_input *input, struct ql_row_draft *drafts, float *values,
                                const float *units, const struct ql_chain_layer *from, const double *steps,
                                struct ql_error *error)
{
    const struct ql_row_format format = ql_weight_format_rows(QL_WEIGHTS_S8);
    const int rows = input->matrix.rows, E = input->E;
    int worst;

    for (int r = 0; r < rows; r++) {
        int8_t *q = input->matrix.weights + (ptrdiff_t)r * E;
        for (int k = 0; k < E; k++) {
            values[k] = from->recurrent.w_ih[(ptrdiff_t)k * rows + r] * units[k];
        }
        const float scale = ql_row_quantizer_encode(&(struct ql_row_part){q, values, E}, 1, &format);
        if (scale == 0.0f) {
            return fail_not_finite(from->name, error);
        }
        drafts[r] = (struct ql_row_draft){.unit = (double)scale / steps[r], .reach = ql_row_reach(q, E)};
    }
    if (!ql_row_drafts_fit(input->rows, &input->scale, drafts, rows, STEP_ERROR_LIMIT, &worst)) {
        return ql_error_write(
            error, QL_ERROR_INPUT,
            "node '%s' (layer 1), row %d: a token's contribution may reach %.3g in steps of %.3g, which "
            "leaves the other rows too few of 32 bits; train it further with a larger --weight-decay, or clip "
            "its weights",
            from->name, worst, (double)drafts[worst].reach * drafts[worst].unit * steps[worst],
            drafts[worst].unit * steps[worst]);
    }
    return QL_OK;
}

enum ql_status ql_integer_input_init(struct ql_integer_input *input, int64_t *reaches, const struct ql_chain *from,
                                     const double *steps, int rows, struct ql_arena *arena, struct ql_error *error)
{
    const struct ql_chain_layer *first = &from->layers[0];
    const int V = from->V, E = first->I;
    struct ql_arena scratch = {0};
    struct ql_row_draft *drafts = ql_arena_take(&scratch, (size_t)rows, sizeof drafts[0]);
    float *values = ql_arena_take(&scratch, (size_t)E, sizeof(float));
    float *units = ql_arena_take(&scratch, (size_t)E, sizeof(float));
    enum ql_status status = QL_OK;

    *input = (struct ql_integer_input){
        .E = E,
        .embedding = ql_arena_take(arena, (size_t)V, (size_t)E),
        .matrix = {.rows = rows, .columns = E, .weights = ql_arena_take(arena, (size_t)rows, (size_t)E)},
        .rows = ql_arena_take(arena, (size_t)rows, sizeof input->rows[0]),
    };
    if (arena->exhausted || scratch.exhausted) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the integer model");
    }
    if (status == QL_OK && !round_embedding(input, units, from->embedding, V)) {
        status = fail_not_finite(first->name, error);
    }
    if (status == QL_OK) {
        status = make_rows(input, drafts, values, units, first, steps, error);
    }
    for (int r = 0; r < rows && status == QL_OK; r++) {
        reaches[r] = find_reach(input, r, V);
    }
    if (status == QL_OK) {
        status = ql_integer_matrix_pack(&input->matrix, arena, error);
    }
    ql_arena_free(&scratch);
    return status;
}
