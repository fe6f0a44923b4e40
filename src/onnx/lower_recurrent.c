// Lowers LSTM, GRU and RNN. Weights are rearranged when the program is compiled: the row of an input holds its weight
// for every gate, and the gates are in PyTorch's order, as device/lstm.h, gru.h and rnn.h require.
// The plain case (forward, batch 1, default activations, no further options) becomes the kernel that repeats their
// step, so it gives exactly the bits of the stepper in src/model; all other cases become the general kernel of the
// cell.
// Uses: onnx/lower.
#include <string.h>
#include <strings.h>

#include "onnx/lower_operators.h"

enum { GATE_LIMIT = 4, ACTIVATION_LIMIT = 3, DIRECTION_LIMIT = 2 };

struct cell {
    const char *name;
    int gates;                                 // G
    int order[GATE_LIMIT];                     // gate k of ours is gate order[k] of ONNX's
    int activation_count;                      // per direction
    const char *activations[ACTIVATION_LIMIT]; // the defaults
    int peephole_input, cell_input;            // -1 for cells without
};

// ONNX: i, o, f, c for LSTM; z, r, h for GRU. PyTorch: i, f, g (= c), o; r, z, n (= h).
static const struct cell lstm = {"LSTM", 4, {0, 2, 3, 1}, 3, {"Sigmoid", "Tanh", "Tanh"}, 7, 6};
static const struct cell gru = {"GRU", 3, {1, 0, 2}, 2, {"Sigmoid", "Tanh"}, -1, -1};
static const struct cell rnn = {"RNN", 1, {0}, 1, {"Tanh"}, -1, -1};

struct activation {
    const struct ql_operation *operation;
    float alpha, beta;
};

// A recurrent node, read and checked. x, h0 and c0 are in layout 0: (T, B, I), (D, B, H).
struct layer {
    const struct cell *cell;
    int T, B, I, H, D; // D directions
    int x, w, r, bias, lengths, h0, c0, peephole;
    bool batch_first; // layout 1
    bool backward[DIRECTION_LIMIT];
    float clip;
    bool plain;
    struct activation activations[DIRECTION_LIMIT][ACTIVATION_LIMIT];
};

static bool has_shape(struct ql_lower *lower, int value, const char *what, int rank, const int *dims)
{
    const struct ql_program_value *v = ql_lower_value(lower, value);
    bool fits = v->rank == rank;

    for (int axis = 0; axis < rank && fits; axis++) {
        fits = v->dims[axis] == dims[axis];
    }
    if (!fits) {
        ql_lower_fail(lower, "the shape of the input '%s' does not fit the others", what);
    }
    return fits;
}

// --- Activations ---

static const struct {
    const char *name, *stem;
    int parameters; // how many it uses: none, alpha, or alpha and beta
    bool required;  // ONNX gives them no defaults
    float alpha, beta;
} functions[] = {
    {"Relu", "recurrent_relu", 0, false, 0.0f, 0.0f},
    {"Tanh", "recurrent_tanh", 0, false, 0.0f, 0.0f},
    {"Sigmoid", "recurrent_sigmoid", 0, false, 0.0f, 0.0f},
    {"Softsign", "recurrent_softsign", 0, false, 0.0f, 0.0f},
    {"Softplus", "recurrent_softplus", 0, false, 0.0f, 0.0f},
    {"LeakyRelu", "recurrent_leaky_relu", 1, false, 0.01f, 0.0f},
    {"ThresholdedRelu", "recurrent_thresholded_relu", 1, false, 1.0f, 0.0f},
    {"Elu", "recurrent_elu", 1, false, 1.0f, 0.0f},
    {"HardSigmoid", "recurrent_hard_sigmoid", 2, false, 0.2f, 0.5f},
    {"Affine", "recurrent_affine", 2, true, 1.0f, 0.0f},
    {"ScaledTanh", "recurrent_scaled_tanh", 2, true, 1.0f, 1.0f},
};

// Reads the activations of all directions. Their parameters are given in one list for the alphas and one for the betas;
// each function that uses a parameter takes the next one, or its default when the list is at its end.
static void read_activations(struct ql_lower *lower, struct layer *layer)
{
    const struct ql_attribute *names = ql_node_find(lower->node, "activations");
    const struct ql_attribute *lists[] = {ql_node_find(lower->node, "activation_alpha"),
                                          ql_node_find(lower->node, "activation_beta")};
    const int count = layer->cell->activation_count;
    int taken[2] = {0, 0};

    for (int k = 0; k < 2; k++) {
        if (lists[k] != NULL && lists[k]->kind != QL_ATTRIBUTE_FLOATS) {
            ql_lower_fail(lower, "the attribute '%s' must be a list of floats", lists[k]->name);
            return;
        }
    }
    if (names != NULL && (names->kind != QL_ATTRIBUTE_STRINGS || names->count != count * layer->D)) {
        ql_lower_fail(lower, "the attribute 'activations' must be a list of %d names", count * layer->D);
        return;
    }
    for (int k = 0; k < count * layer->D; k++) {
        const char *name = names == NULL ? layer->cell->activations[k % count] : names->strings[k];
        struct activation *to = &layer->activations[k / count][k % count];
        size_t f = 0;
        while (f < sizeof functions / sizeof functions[0] && strcasecmp(functions[f].name, name) != 0) {
            f++;
        }
        if (f == sizeof functions / sizeof functions[0]) {
            ql_lower_fail(lower, "the attribute 'activations' names '%s', which ONNX does not define", name);
            return;
        }
        float *parameters[] = {&to->alpha, &to->beta};
        to->alpha = functions[f].alpha;
        to->beta = functions[f].beta;
        for (int p = 0; p < 2 && p < functions[f].parameters; p++) {
            if (lists[p] != NULL && taken[p] < lists[p]->count) {
                *parameters[p] = lists[p]->floats[taken[p]++];
            } else if (functions[f].required) {
                ql_lower_fail(lower, "the activation '%s' needs a value in 'activation_%s'", name,
                              p == 0 ? "alpha" : "beta");
                return;
            }
        }
        to->operation = ql_lower_operation(lower, functions[f].stem, QL_ELEMENT_F32);
        layer->plain = layer->plain && strcasecmp(name, layer->cell->activations[k % count]) == 0;
    }
}

// --- Inputs ---

// An optional input, which must have this shape if it is there.
static int read_optional(struct ql_lower *lower, int k, const char *what, enum ql_element type, int rank,
                         const int *dims)
{
    const int value = k < 0 ? -1 : ql_lower_input(lower, k);
    if (value >= 0 && (!ql_lower_require(lower, value, type) || !has_shape(lower, value, what, rank, dims))) {
        return -1;
    }
    return value;
}

// A state, (D, B, H) or, in layout 1, (B, D, H), as (D, B, H).
static int read_state(struct ql_lower *lower, const struct layer *layer, int k, const char *what)
{
    const int order[] = {1, 0, 2};
    const int batch_first[] = {layer->B, layer->D, layer->H};
    const int dims[] = {layer->D, layer->B, layer->H};
    int value = read_optional(lower, k, what, QL_ELEMENT_F32, 3, layer->batch_first ? batch_first : dims);
    return value >= 0 && layer->batch_first ? ql_lower_transposed(lower, value, order) : value;
}

// Lengths that are known must be valid: at least 0 and at most T.
static void check_lengths(struct ql_lower *lower, const struct layer *layer)
{
    if (lower->status != QL_OK || layer->lengths < 0 || !ql_lower_is_constant(lower, layer->lengths)) {
        return;
    }
    const int32_t *lengths = ql_lower_data(lower, layer->lengths);
    for (int b = 0; b < layer->B; b++) {
        if (lengths[b] < 0 || lengths[b] > layer->T) {
            ql_lower_fail(lower, "the input 'sequence_lens' says that sequence %d has %d steps, but there are %d", b,
                          (int)lengths[b], layer->T);
            return;
        }
    }
}

// Reads a recurrent node. Long because it has many inputs and attributes, each with its check.
static void read_layer(struct ql_lower *lower, struct layer *layer, const struct cell *cell)
{
    const int G = cell->gates;
    const int order[] = {1, 0, 2};
    const char *direction = ql_lower_string(lower, "direction", "forward");

    *layer = (struct layer){.cell = cell, .plain = true, .D = 1};
    layer->x = ql_lower_input(lower, 0);
    layer->w = ql_lower_input(lower, 1);
    layer->r = ql_lower_input(lower, 2);
    layer->batch_first = ql_lower_int(lower, "layout", 0) != 0;
    layer->clip = ql_lower_float(lower, "clip", 0.0f);
    if (strcmp(direction, "bidirectional") == 0) {
        layer->D = 2;
        layer->backward[1] = true;
    } else if (strcmp(direction, "reverse") == 0) {
        layer->backward[0] = true;
    } else if (strcmp(direction, "forward") != 0) {
        ql_lower_fail(lower, "the attribute 'direction' is '%s'; it must be forward, reverse or bidirectional",
                      direction);
    }
    for (int k = 0; k < 3 && lower->status == QL_OK; k++) {
        if (ql_lower_require(lower, ql_lower_input(lower, k), QL_ELEMENT_F32) &&
            ql_lower_value(lower, ql_lower_input(lower, k))->rank != 3) {
            ql_lower_fail(lower, "input %d has %d dimensions; it must have 3", k,
                          ql_lower_value(lower, ql_lower_input(lower, k))->rank);
        }
    }
    if (lower->status != QL_OK) {
        return;
    }
    if (layer->batch_first) {
        layer->x = ql_lower_transposed(lower, layer->x, order);
    }
    const struct ql_program_value *x = ql_lower_value(lower, layer->x);
    layer->T = x->dims[0];
    layer->B = x->dims[1];
    layer->I = x->dims[2];
    layer->H = ql_lower_value(lower, layer->r)->dims[2];
    if (layer->H < 1 || layer->B < 1 || layer->I < 1 || layer->H > QL_VALUE_ELEMENT_LIMIT / (8 * layer->D) ||
        ql_lower_int(lower, "hidden_size", layer->H) != layer->H) {
        ql_lower_fail(lower,
                      "the weights have %d hidden units, which is not what the attribute 'hidden_size' says, or "
                      "there are no units, inputs or sequences",
                      layer->H);
        return;
    }
    const int D = layer->D;
    const int H = layer->H;
    const int B = layer->B;
    if (!has_shape(lower, layer->w, "W", 3, (const int[]){D, G * H, layer->I}) ||
        !has_shape(lower, layer->r, "R", 3, (const int[]){D, G * H, H})) {
        return;
    }
    layer->bias = read_optional(lower, 3, "B", QL_ELEMENT_F32, 2, (const int[]){D, 2 * G * H});
    layer->lengths = read_optional(lower, 4, "sequence_lens", QL_ELEMENT_S32, 1, &B);
    check_lengths(lower, layer);
    layer->h0 = read_state(lower, layer, 5, "initial_h");
    layer->c0 = read_state(lower, layer, cell->cell_input, "initial_c");
    layer->peephole = read_optional(lower, cell->peephole_input, "P", QL_ELEMENT_F32, 2, (const int[]){D, 3 * H});
    layer->plain =
        D == 1 && !layer->backward[0] && B == 1 && layer->lengths < 0 && layer->peephole < 0 && layer->clip <= 0.0f;
    if (lower->status == QL_OK) {
        read_activations(lower, layer);
    }
}

// --- Weights ---

// Selects gates of a value (G, ...): row k of the result is gate order[k].
static int select_gates(struct ql_lower *lower, int value, const int *order, int count)
{
    const struct ql_program_value *v = ql_lower_value(lower, value);
    int dims[QL_RANK_LIMIT];
    int64_t indices[GATE_LIMIT];
    const int size = v->count / v->dims[0];

    memcpy(dims, v->dims, sizeof dims);
    dims[0] = count;
    for (int k = 0; k < count; k++) {
        indices[k] = order[k];
    }
    const int y = ql_lower_temporary(lower, v->type, v->rank, dims);
    ql_lower_call(lower, &(struct ql_kernel_call){
                             .kernel = &ql_kernels[QL_KERNEL_GATHER],
                             .buffers = {y, value, ql_lower_constant(lower, QL_ELEMENT_S64, 1, &count, indices)},
                             .ints = {(int)ql_element_bytes(v->type), 1, v->dims[0], size, count}});
    return y;
}

// One direction's weights (GH, N), as part of a value (D, GH, N), in the kernels' layout: (N, count H).
static int lay_out_weights(struct ql_lower *lower, const struct layer *layer, int value, int direction,
                           const int *order, int count)
{
    const int G = layer->cell->gates;
    const int H = layer->H;
    const int N = ql_lower_value(lower, value)->dims[2];
    const int exchange[] = {1, 0};
    int part = ql_lower_view(lower, value, 3, (const int[]){G, H, N}, direction * G * H * N);
    part = select_gates(lower, part, order, count);
    part = ql_lower_view(lower, part, 2, (const int[]){count * H, N}, 0);
    return ql_lower_transposed(lower, part, exchange);
}

// One direction's bias (GH) of the input (half 0) or the recurrence (half 1), or zeros.
static int lay_out_bias(struct ql_lower *lower, const struct layer *layer, int direction, int half)
{
    const int G = layer->cell->gates;
    const int H = layer->H;
    const int dims[] = {G, H};

    if (layer->bias < 0) {
        static const float zero = 0.0f;
        const int steps[] = {0, 0};
        const int strides[] = {H, 1};
        int y = ql_lower_temporary(lower, QL_ELEMENT_F32, 2, dims);
        ql_lower_copy(lower, y, ql_lower_constant(lower, QL_ELEMENT_F32, 0, NULL, &zero), 2, dims, strides, steps);
        return y;
    }
    int part = ql_lower_view(lower, layer->bias, 2, dims, (2 * direction + half) * G * H);
    return select_gates(lower, part, layer->cell->order, G);
}

// The sum of both biases, for cells where only the sum counts.
static int lay_out_bias_sum(struct ql_lower *lower, const struct layer *layer, int direction)
{
    const int dims[] = {layer->cell->gates, layer->H};
    int y = ql_lower_temporary(lower, QL_ELEMENT_F32, 2, dims);
    ql_lower_binary(lower, y, lay_out_bias(lower, layer, direction, 0), lay_out_bias(lower, layer, direction, 1),
                    "add");
    return y;
}

// --- Outputs ---

// Where the kernels write Y (T, D, B, H), or a state (D, B, H): the output itself if its layout agrees with layout 0.
struct result {
    int output, target;
    bool moves; // the target is a separate value that must be transposed into the output
};

// `order` maps the axes of layout 0 to the output's.
static struct result begin_result(struct ql_lower *lower, const struct layer *layer, int k, int rank, const int *dims,
                                  const int *order)
{
    int output_dims[QL_RANK_LIMIT];

    for (int axis = 0; axis < rank; axis++) {
        output_dims[axis] = dims[layer->batch_first ? order[axis] : axis];
    }
    struct result result = {.output = ql_lower_output(lower, k, QL_ELEMENT_F32, rank, output_dims)};
    result.moves = layer->batch_first && layer->B != 1;
    result.target = result.moves ? ql_lower_temporary(lower, QL_ELEMENT_F32, rank, dims)
                                 : ql_lower_view(lower, result.output, rank, dims, 0);
    return result;
}

static void end_result(struct ql_lower *lower, const struct result *result, const int *order)
{
    int own[QL_RANK_LIMIT];
    int strides_x[QL_RANK_LIMIT];
    int strides_y[QL_RANK_LIMIT];

    if (!result->moves) {
        return;
    }
    const struct ql_program_value *from = ql_lower_value(lower, result->target);
    const struct ql_program_value *to = ql_lower_value(lower, result->output);
    ql_lower_strides(from->rank, from->dims, own);
    ql_lower_strides(to->rank, to->dims, strides_y);
    for (int axis = 0; axis < to->rank; axis++) {
        strides_x[axis] = own[order[axis]];
    }
    ql_lower_copy(lower, result->output, result->target, to->rank, to->dims, strides_y, strides_x);
}

// --- Calls ---

// The part of a value that belongs to a direction, `size` elements, or -1.
static int direction_part(struct ql_lower *lower, int value, int direction, int size)
{
    return value < 0 ? -1 : ql_lower_view(lower, value, 1, &size, direction * size);
}

static void call_lstm(struct ql_lower *lower, const struct layer *layer, int d, int y, int h, int c)
{
    const int H = layer->H;
    const int state = layer->B * H;
    const struct activation *f = layer->activations[d];
    struct ql_kernel_call call = {
        .kernel = &ql_kernels[layer->plain ? QL_KERNEL_LSTM_F32 : QL_KERNEL_LSTM_GENERAL_F32],
        .operations = {f[0].operation, f[1].operation, f[2].operation},
        .buffers = {y, h, c, ql_lower_temporary(lower, QL_ELEMENT_F32, 2, (const int[]){4, H}), layer->x,
                    direction_part(lower, layer->h0, d, state), direction_part(lower, layer->c0, d, state),
                    lay_out_weights(lower, layer, layer->w, d, layer->cell->order, 4),
                    lay_out_weights(lower, layer, layer->r, d, layer->cell->order, 4),
                    lay_out_bias_sum(lower, layer, d), direction_part(lower, layer->peephole, d, 3 * H),
                    layer->lengths},
        .ints = {layer->T, layer->B, layer->I, H, layer->backward[d], ql_lower_int(lower, "input_forget", 0) != 0,
                 layer->D * state},
        .floats = {layer->clip, f[0].alpha, f[0].beta, f[1].alpha, f[1].beta, f[2].alpha, f[2].beta},
        .macs = (int64_t)layer->T * layer->B * 4 * H * (layer->I + H),
    };
    if (layer->plain) {
        call.ints[1] = layer->I;
        call.ints[2] = H;
    }
    ql_lower_call(lower, &call);
}

static void call_gru(struct ql_lower *lower, const struct layer *layer, int d, int y, int h)
{
    const int H = layer->H;
    const int state = layer->B * H;
    const int *order = layer->cell->order;
    const struct activation *f = layer->activations[d];
    const int scratch = ql_lower_temporary(lower, QL_ELEMENT_F32, 2, (const int[]){layer->plain ? 6 : 7, H});
    const int h0 = direction_part(lower, layer->h0, d, state);
    const int w = lay_out_weights(lower, layer, layer->w, d, order, 3);
    const int bias_ih = lay_out_bias(lower, layer, d, 0);
    const int bias_hh = lay_out_bias(lower, layer, d, 1);
    const int64_t macs = (int64_t)layer->T * layer->B * 3 * H * (layer->I + H);

    if (layer->plain) {
        const int r = lay_out_weights(lower, layer, layer->r, d, order, 3);
        ql_lower_call(lower, &(struct ql_kernel_call){.kernel = &ql_kernels[QL_KERNEL_GRU_F32],
                                                      .buffers = {y, h, scratch, layer->x, h0, w, r, bias_ih, bias_hh},
                                                      .ints = {layer->T, layer->I, H},
                                                      .macs = macs});
        return;
    }
    const int r_rz = lay_out_weights(lower, layer, layer->r, d, order, 2);
    const int r_n = lay_out_weights(lower, layer, layer->r, d, order + 2, 1);
    ql_lower_call(lower, &(struct ql_kernel_call){
                             .kernel = &ql_kernels[QL_KERNEL_GRU_GENERAL_F32],
                             .operations = {f[0].operation, f[1].operation},
                             .buffers = {y, h, scratch, layer->x, h0, w, r_rz, r_n, bias_ih, bias_hh, layer->lengths},
                             .ints = {layer->T, layer->B, layer->I, H, layer->backward[d],
                                      ql_lower_int(lower, "linear_before_reset", 0) != 0, layer->D * state},
                             .floats = {layer->clip, f[0].alpha, f[0].beta, f[1].alpha, f[1].beta},
                             .macs = macs});
}

static void call_rnn(struct ql_lower *lower, const struct layer *layer, int d, int y, int h)
{
    const int H = layer->H;
    const int state = layer->B * H;
    const struct activation *f = layer->activations[d];
    struct ql_kernel_call call = {
        .kernel = &ql_kernels[layer->plain ? QL_KERNEL_RNN_F32 : QL_KERNEL_RNN_GENERAL_F32],
        .operations = {f[0].operation},
        .buffers = {y, h, ql_lower_temporary(lower, QL_ELEMENT_F32, 1, &H), layer->x,
                    direction_part(lower, layer->h0, d, state),
                    lay_out_weights(lower, layer, layer->w, d, layer->cell->order, 1),
                    lay_out_weights(lower, layer, layer->r, d, layer->cell->order, 1),
                    lay_out_bias_sum(lower, layer, d), layer->lengths},
        .ints = {layer->T, layer->B, layer->I, H, layer->backward[d], layer->D * state},
        .floats = {layer->clip, f[0].alpha, f[0].beta},
        .macs = (int64_t)layer->T * layer->B * H * (layer->I + H),
    };
    if (layer->plain) {
        call.ints[1] = layer->I;
        call.ints[2] = H;
    }
    ql_lower_call(lower, &call);
}

static void lower_recurrent(struct ql_lower *lower, const struct cell *cell)
{
    static const int y_order[QL_RANK_LIMIT] = {2, 0, 1, 3}; // (T, D, B, H) to (B, T, D, H)
    static const int state_order[QL_RANK_LIMIT] = {1, 0, 2};
    struct layer layer;

    read_layer(lower, &layer, cell);
    if (lower->status != QL_OK) {
        return;
    }
    if (cell == &lstm) {
        layer.plain = layer.plain && ql_lower_int(lower, "input_forget", 0) == 0;
    } else if (cell == &gru) {
        layer.plain = layer.plain && ql_lower_int(lower, "linear_before_reset", 0) != 0;
    }
    const int y_dims[] = {layer.T, layer.D, layer.B, layer.H};
    const int state_dims[] = {layer.D, layer.B, layer.H};
    const int state = layer.B * layer.H;
    struct result y = begin_result(lower, &layer, 0, 4, y_dims, y_order);
    struct result h = begin_result(lower, &layer, 1, 3, state_dims, state_order);
    struct result c = {0};
    if (cell == &lstm) {
        c = begin_result(lower, &layer, 2, 3, state_dims, state_order);
    }
    for (int d = 0; d < layer.D && lower->status == QL_OK; d++) {
        // Direction d writes every D-th row of Y, from the d-th on.
        const int rest = ql_lower_value(lower, y.target)->count - d * state;
        const int y_part =
            ql_lower_has_output(lower, 0) && rest > 0 ? ql_lower_view(lower, y.target, 1, &rest, d * state) : -1;
        const int h_part = direction_part(lower, h.target, d, state);
        if (cell == &lstm) {
            call_lstm(lower, &layer, d, y_part, h_part, direction_part(lower, c.target, d, state));
        } else if (cell == &gru) {
            call_gru(lower, &layer, d, y_part, h_part);
        } else {
            call_rnn(lower, &layer, d, y_part, h_part);
        }
    }
    end_result(lower, &y, y_order);
    end_result(lower, &h, state_order);
    if (cell == &lstm) {
        end_result(lower, &c, state_order);
    }
}

void ql_lower_op_lstm(struct ql_lower *lower)
{
    lower_recurrent(lower, &lstm);
}

void ql_lower_op_gru(struct ql_lower *lower)
{
    lower_recurrent(lower, &gru);
}

void ql_lower_op_rnn(struct ql_lower *lower)
{
    lower_recurrent(lower, &rnn);
}
