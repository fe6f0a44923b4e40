// The graph of a decoder: see decoder_graph.h. All sums run in the same order as the stepper's, so that our engines
// agree to the bit.
// Uses: device/rotary.h.
//
// The cache is a window that moves by one entry per token, where the stepper has a ring: the entries of the last tokens
// are concatenated with the new ones, and the last of these are the new state. New token i sees entry j of these where
// i < j <= i + context, if a token has written it. In our engines a masked entry has a weight near 1e-38; the entry
// itself is zeros.
#include "onnx/decoder_graph.h"

#include <assert.h>
#include <stdio.h>

#include "device/rotary.h"

enum { PART_BYTES = 40, NAME_BYTES = 64, NODE_BYTES = 96, VALUE_BYTES = 104 };

// The parts of the state that are caches: keys and values. The position follows them.
enum { CACHE_COUNT = 2 };

// Values that the nodes of all layers use.
struct builder {
    struct ql_graph *graph;
    const struct ql_model *model;
    struct ql_dimensions d;
    int size, group;  // of a head; heads of queries for each head of keys
    int cosine, sine; // (T, 1, size / 2)
    int mask;         // (T, context + T) true where a token sees an entry
    int first_axis;   // int64 constants of one element
    int second_axis, last_axis;
    int last_entries, end;      // -context, and a number beyond every end
    int epsilon, scale, hidden; // float constants; `hidden` is the score of what is masked
};

// --- Values and nodes ---

static int float_constant(struct ql_graph *graph, const char *name, float value)
{
    return ql_graph_add_value(graph, name, QL_ELEMENT_F32, 0, NULL, &value);
}

static int int_constant(struct ql_graph *graph, const char *name, int rank, int64_t value)
{
    const int one = 1;
    return ql_graph_add_value(graph, name, QL_ELEMENT_S64, rank, &one, &value);
}

static int shape_constant(struct ql_graph *graph, const char *name, int count, const int64_t *dims)
{
    return ql_graph_add_value(graph, name, QL_ELEMENT_S64, 1, &count, dims);
}

// A node with one output, whose value has the node's name. Names in layer `l` begin with its number; -1 means outside
// the layers.
static int add(struct ql_graph *graph, int l, const char *operator_name, const char *name, const int *inputs, int count)
{
    char node_name[NODE_BYTES], value_name[VALUE_BYTES];

    if (l < 0) {
        (void)snprintf(node_name, sizeof node_name, "%s", name);
    } else {
        (void)snprintf(node_name, sizeof node_name, "layer_%d.%s", l, name);
    }
    (void)snprintf(value_name, sizeof value_name, "%s.y", node_name);
    const int y = ql_graph_add_value(graph, value_name, QL_ELEMENT_NONE, -1, NULL, NULL);
    ql_graph_add_node(graph, operator_name, node_name, inputs, count, &y, 1);
    return y;
}

static int add_one(struct ql_graph *graph, int l, const char *operator_name, const char *name, int a)
{
    return add(graph, l, operator_name, name, &a, 1);
}

static int add_two(struct ql_graph *graph, int l, const char *operator_name, const char *name, int a, int b)
{
    return add(graph, l, operator_name, name, (const int[]){a, b}, 2);
}

static int reshape(struct ql_graph *graph, int l, const char *name, int x, int count, const int64_t *dims)
{
    char shape_name[NAME_BYTES];

    (void)snprintf(shape_name, sizeof shape_name, "layer_%d.%s.shape", l, name);
    return add_two(graph, l, "Reshape", name, x, shape_constant(graph, shape_name, count, dims));
}

static int transpose(struct ql_graph *graph, int l, const char *name, int x, int count, const int64_t *axes)
{
    const int y = add_one(graph, l, "Transpose", name, x);
    ql_graph_add_ints(graph, "perm", axes, count);
    return y;
}

static int tensor(struct ql_graph *graph, int l, const char *name, int rows, int columns, const float *data)
{
    char tensor_name[NAME_BYTES];

    if (l < 0) {
        (void)snprintf(tensor_name, sizeof tensor_name, "%s", name);
    } else {
        (void)snprintf(tensor_name, sizeof tensor_name, "layers.%d.%s", l, name);
    }
    return ql_graph_add_value(graph, tensor_name, QL_ELEMENT_F32, columns == 0 ? 1 : 2, (const int[]){rows, columns},
                              data);
}

// x W^T, as PyTorch stores W (rows, columns).
static int multiply(struct ql_graph *graph, int l, const char *name, int x, int weight)
{
    const int y = add_two(graph, l, "Gemm", name, x, weight);
    ql_graph_add_int(graph, "transB", 1);
    return y;
}

// --- Positions ---

// x modulo 2^32, for x >= 0: runtimes do not agree on Mod for integers.
static int wrap(struct ql_graph *graph, const char *name, int x, int turn)
{
    char part[PART_BYTES];

    (void)snprintf(part, sizeof part, "%s.turns", name);
    const int turns = add_two(graph, -1, "Div", part, x, turn);
    (void)snprintf(part, sizeof part, "%s.whole", name);
    return add_two(graph, -1, "Sub", name, x, add_two(graph, -1, "Mul", part, turns, turn));
}

// Cosine and sine of the positions (T), by the whole numbers of device/rotary.h.
static void add_angles(struct builder *b, int positions)
{
    struct ql_graph *graph = b->graph;
    const int pairs = b->size / 2, turn = int_constant(graph, "rotary.turn", 0, INT64_C(1) << 32);
    const int half = int_constant(graph, "rotary.half", 0, INT64_C(1) << 31);
    uint32_t steps[4096];
    int64_t wide[4096];

    ql_rotary_steps(steps, b->size);
    for (int i = 0; i < pairs; i++) {
        wide[i] = steps[i];
    }
    const int low = wrap(graph, "rotary.position", positions, turn);
    const int column = add_two(graph, -1, "Unsqueeze", "rotary.column", low, b->second_axis);
    const int step = ql_graph_add_value(graph, "rotary.steps", QL_ELEMENT_S64, 1, &pairs, wide);
    const int all = add_two(graph, -1, "Mul", "rotary.all", column, step);
    // From -2^31 to 2^31 - 1: a whole turn is subtracted from half a turn on.
    const int later = add_two(graph, -1, "Add", "rotary.later", all, half);
    const int rest = add_two(graph, -1, "Sub", "rotary.rest", wrap(graph, "rotary.part", later, turn), half);
    const int part = add_one(graph, -1, "Cast", "rotary.float", rest);
    ql_graph_add_int(graph, "to", 1); // float
    const int angle =
        add_two(graph, -1, "Mul", "rotary.angle", part, float_constant(graph, "rotary.unit", QL_ROTARY_UNIT));
    b->cosine = add_two(graph, -1, "Unsqueeze", "rotary.cosine", add_one(graph, -1, "Cos", "rotary.cos", angle),
                        b->second_axis);
    b->sine =
        add_two(graph, -1, "Unsqueeze", "rotary.sine", add_one(graph, -1, "Sin", "rotary.sin", angle), b->second_axis);
}

// Which entries each token sees: see above.
static void add_mask(struct builder *b, int index, int length, int position)
{
    struct ql_graph *graph = b->graph;
    const int context = int_constant(graph, "mask.context", 0, b->d.context);
    const int zero = int_constant(graph, "mask.zero", 0, 0), one = int_constant(graph, "mask.one", 0, 1);
    const int joined = add_two(graph, -1, "Add", "mask.joined", length, context);
    const int entries = add(graph, -1, "Range", "mask.entries", (const int[]){zero, joined, one}, 3);
    const int row = add_two(graph, -1, "Unsqueeze", "mask.row", entries, b->first_axis);
    const int column = add_two(graph, -1, "Unsqueeze", "mask.column", index, b->second_axis);
    const int distance = add_two(graph, -1, "Sub", "mask.distance", row, column);
    const int begun = add_two(graph, -1, "Greater", "mask.begun", distance, zero);
    const int past = add_two(graph, -1, "LessOrEqual", "mask.past", distance, context);
    const int unwritten = add_two(graph, -1, "Sub", "mask.unwritten", context, position);
    const int written = add_two(graph, -1, "GreaterOrEqual", "mask.written", row, unwritten);
    const int seen = add_two(graph, -1, "And", "mask.seen", begun, past);

    b->mask = add_two(graph, -1, "And", "mask", seen, written);
}

// --- A layer ---

static int add_norm(struct builder *b, int l, const char *name, int x, int gain)
{
    struct ql_graph *graph = b->graph;
    const int64_t last = -1;
    char part[PART_BYTES];

    (void)snprintf(part, sizeof part, "%s.squares", name);
    const int squares = add_two(graph, l, "Mul", part, x, x);
    (void)snprintf(part, sizeof part, "%s.mean", name);
    const int mean = add_one(graph, l, "ReduceMean", part, squares);
    ql_graph_add_ints(graph, "axes", &last, 1);
    (void)snprintf(part, sizeof part, "%s.shifted", name);
    const int shifted = add_two(graph, l, "Add", part, mean, b->epsilon);
    (void)snprintf(part, sizeof part, "%s.root", name);
    const int root = add_one(graph, l, "Sqrt", part, shifted);
    (void)snprintf(part, sizeof part, "%s.unit", name);
    const int unit = add_two(graph, l, "Div", part, x, root);
    return add_two(graph, l, "Mul", name, unit, gain);
}

// x (T, heads size) after rotation, as (T, heads, size).
static int add_turn(struct builder *b, int l, const char *name, int x, int heads)
{
    struct ql_graph *graph = b->graph;
    char part[PART_BYTES], value[NAME_BYTES];
    int halves[2];

    (void)snprintf(part, sizeof part, "%s.heads", name);
    x = reshape(graph, l, part, x, 3, (const int64_t[]){-1, heads, b->size});
    for (int k = 0; k < 2; k++) {
        (void)snprintf(value, sizeof value, "layer_%d.%s.half_%d", l, name, k);
        halves[k] = ql_graph_add_value(graph, value, QL_ELEMENT_NONE, -1, NULL, NULL);
    }
    (void)snprintf(value, sizeof value, "layer_%d.%s.halves", l, name);
    ql_graph_add_node(graph, "Split", value, &x, 1, halves, 2);
    ql_graph_add_int(graph, "axis", 2);
    (void)snprintf(part, sizeof part, "%s.ac", name);
    const int ac = add_two(graph, l, "Mul", part, halves[0], b->cosine);
    (void)snprintf(part, sizeof part, "%s.bs", name);
    const int bs = add_two(graph, l, "Mul", part, halves[1], b->sine);
    (void)snprintf(part, sizeof part, "%s.bc", name);
    const int bc = add_two(graph, l, "Mul", part, halves[1], b->cosine);
    (void)snprintf(part, sizeof part, "%s.as", name);
    const int as = add_two(graph, l, "Mul", part, halves[0], b->sine);
    (void)snprintf(part, sizeof part, "%s.first", name);
    const int first = add_two(graph, l, "Sub", part, ac, bs);
    (void)snprintf(part, sizeof part, "%s.second", name);
    const int second = add_two(graph, l, "Add", part, bc, as);
    const int y = add_two(graph, l, "Concat", name, first, second);
    ql_graph_add_int(graph, "axis", 2);
    return y;
}

// Concatenates the cache (context, K) with the new entries; `after` becomes the last of them, (1, context, K).
static int add_cache(struct builder *b, int l, const char *name, int before, int entries, int *after)
{
    struct ql_graph *graph = b->graph;
    char part[PART_BYTES];

    (void)snprintf(part, sizeof part, "%s.joined", name);
    const int joined = add_two(graph, l, "Concat", part, before, entries);
    ql_graph_add_int(graph, "axis", 0);
    (void)snprintf(part, sizeof part, "%s.last", name);
    const int last = add(graph, l, "Slice", part, (const int[]){joined, b->last_entries, b->end, b->first_axis}, 4);
    (void)snprintf(part, sizeof part, "%s.new", name);
    *after = add_two(graph, l, "Unsqueeze", part, last, b->first_axis);
    return joined;
}

// The output of attention for normed (T, E); `before` holds the layer's keys and values, `after` becomes the new ones.
static int add_attention(struct builder *b, int l, int normed, const int *before, int *after)
{
    struct ql_graph *graph = b->graph;
    const struct ql_decoder_layer *layer = &b->model->layers[l].decoder;
    const int E = b->d.E, K = b->d.kv_heads * b->size;
    const int64_t size = b->size, heads = b->d.kv_heads, group = b->group;

    int q = multiply(graph, l, "query", normed, tensor(graph, l, "attention.query.weight", E, E, layer->query));
    int k = multiply(graph, l, "key", normed, tensor(graph, l, "attention.key.weight", K, E, layer->key));
    int v = multiply(graph, l, "value", normed, tensor(graph, l, "attention.value.weight", K, E, layer->value));
    q = add_turn(b, l, "query.turned", q, b->d.heads);
    k = reshape(graph, l, "key.flat", add_turn(b, l, "key.turned", k, b->d.kv_heads), 2, (const int64_t[]){-1, K});
    k = add_cache(b, l, "keys", before[0], k, &after[0]);
    v = add_cache(b, l, "values", before[1], v, &after[1]);
    q = reshape(graph, l, "query.groups", q, 4, (const int64_t[]){-1, heads, group, size});
    k = reshape(graph, l, "keys.groups", k, 4, (const int64_t[]){-1, heads, 1, size});
    v = reshape(graph, l, "values.groups", v, 4, (const int64_t[]){-1, heads, 1, size});
    q = transpose(graph, l, "query.rows", q, 4, (const int64_t[]){1, 2, 0, 3});
    k = transpose(graph, l, "keys.columns", k, 4, (const int64_t[]){1, 2, 3, 0});
    v = transpose(graph, l, "values.rows", v, 4, (const int64_t[]){1, 2, 0, 3});
    const int products = add_two(graph, l, "MatMul", "scores.products", q, k);
    const int scores = add_two(graph, l, "Mul", "scores", products, b->scale);
    const int seen = add(graph, l, "Where", "scores.seen", (const int[]){b->mask, scores, b->hidden}, 3);
    const int weights = add_one(graph, l, "Softmax", "weights", seen);
    ql_graph_add_int(graph, "axis", -1);
    int y = add_two(graph, l, "MatMul", "attended.groups", weights, v);
    y = transpose(graph, l, "attended.rows", y, 4, (const int64_t[]){2, 0, 1, 3});
    y = reshape(graph, l, "attended", y, 2, (const int64_t[]){-1, E});
    return multiply(graph, l, "output", y, tensor(graph, l, "attention.output.weight", E, E, layer->output));
}

static int add_feed(struct builder *b, int l, int normed)
{
    struct ql_graph *graph = b->graph;
    const struct ql_decoder_layer *layer = &b->model->layers[l].decoder;
    const int E = b->d.E, F = b->d.feed;
    const int gate = multiply(graph, l, "gate", normed, tensor(graph, l, "feed.gate.weight", F, E, layer->gate));
    const int up = multiply(graph, l, "up", normed, tensor(graph, l, "feed.up.weight", F, E, layer->up));
    const int sigmoid = add_one(graph, l, "Sigmoid", "sigmoid", gate);
    const int swish = add_two(graph, l, "Mul", "swish", gate, sigmoid);
    const int product = add_two(graph, l, "Mul", "gated", swish, up);

    return multiply(graph, l, "down", product, tensor(graph, l, "feed.down.weight", E, F, layer->down));
}

// --- The states ---

// Part `k` of the state, (L, context, K), as (context, K) for each layer.
static void add_state_input(struct builder *b, const struct ql_state_layout *layout, int layers[][CACHE_COUNT], int k)
{
    struct ql_graph *graph = b->graph;
    const struct ql_state_part *part = &layout->parts[k];
    const char *name = part->name;
    const int state = ql_graph_add_value(graph, name, part->type, part->rank, part->dims, NULL);
    int slices[QL_MODEL_LAYER_LIMIT] = {0};
    char text[NAME_BYTES];

    ql_graph_add_input(graph, state);
    for (int l = 0; l < b->d.L; l++) {
        (void)snprintf(text, sizeof text, "layer_%d.%s.slice", l, name);
        slices[l] = ql_graph_add_value(graph, text, QL_ELEMENT_NONE, -1, NULL, NULL);
    }
    if (b->d.L == 1) {
        slices[0] = state;
    } else {
        (void)snprintf(text, sizeof text, "split_%s", name);
        ql_graph_add_node(graph, "Split", text, &state, 1, slices, b->d.L);
        ql_graph_add_int(graph, "axis", 0);
    }
    for (int l = 0; l < b->d.L; l++) {
        (void)snprintf(text, sizeof text, "%s.before", name);
        layers[l][k] = add_two(graph, l, "Squeeze", text, slices[l], b->first_axis);
    }
}

static void add_state_output(struct builder *b, const struct ql_state_layout *layout, int layers[][CACHE_COUNT], int k)
{
    struct ql_graph *graph = b->graph;
    const struct ql_state_part *part = &layout->parts[k];
    const int state = ql_graph_add_value(graph, part->output, part->type, part->rank, part->dims, NULL);
    int parts[QL_MODEL_LAYER_LIMIT] = {0};
    char text[NAME_BYTES];

    for (int l = 0; l < b->d.L; l++) {
        parts[l] = layers[l][k];
    }
    (void)snprintf(text, sizeof text, "join_%s", part->output);
    ql_graph_add_node(graph, "Concat", text, parts, b->d.L, &state, 1);
    ql_graph_add_int(graph, "axis", 0);
    ql_graph_add_output(graph, state);
}

static void add_constants(struct builder *b)
{
    struct ql_graph *graph = b->graph;

    b->first_axis = int_constant(graph, "axis_first", 1, 0);
    b->second_axis = int_constant(graph, "axis_second", 1, 1);
    b->last_entries = int_constant(graph, "last_entries", 1, -b->d.context);
    b->end = int_constant(graph, "end", 1, INT64_MAX);
    b->epsilon = float_constant(graph, "epsilon", QL_DECODER_EPSILON);
    b->scale = float_constant(graph, "scale", ql_attention_scale(b->size));
    b->hidden = float_constant(graph, "hidden", -1e9f);
}

// Long because it lists the parts of a decoder one after another.
void ql_decoder_graph_add(struct ql_graph *graph, const struct ql_model *model, const struct ql_state_layout *state,
                          int tokens, int logits)
{
    const struct ql_dimensions d = model->dimensions;
    struct builder b = {
        .graph = graph, .model = model, .d = d, .size = ql_head_size(&d), .group = d.heads / d.kv_heads};
    int before[QL_MODEL_LAYER_LIMIT][CACHE_COUNT] = {{0}}, after[QL_MODEL_LAYER_LIMIT][CACHE_COUNT] = {{0}};
    const struct ql_state_part *counter = &state->parts[CACHE_COUNT];

    assert(state->part_count == CACHE_COUNT + 1 && counter->kind == QL_STATE_COUNTER);
    add_constants(&b);
    for (int k = 0; k < CACHE_COUNT; k++) {
        add_state_input(&b, state, before, k);
    }
    const int position = ql_graph_add_value(graph, counter->name, counter->type, counter->rank, counter->dims, NULL);
    const int new_position =
        ql_graph_add_value(graph, counter->output, counter->type, counter->rank, counter->dims, NULL);
    ql_graph_add_input(graph, position);

    const int shape = add_one(graph, -1, "Shape", "tokens.shape", tokens);
    const int zero = int_constant(graph, "zero", 0, 0), step = int_constant(graph, "one", 0, 1);
    const int length = add_two(graph, -1, "Gather", "tokens.length", shape, zero);
    const int index = add(graph, -1, "Range", "tokens.index", (const int[]){zero, length, step}, 3);
    add_angles(&b, add_two(graph, -1, "Add", "tokens.positions", index, position));
    add_mask(&b, index, length, position);
    ql_graph_add_node(graph, "Add", "count", (const int[]){position, length}, 2, &new_position, 1);

    const int embedding = tensor(graph, -1, "embedding.weight", d.V, d.E, model->embedding);
    int x = add_two(graph, -1, "Squeeze", "embedded", add_two(graph, -1, "Gather", "embedding", embedding, tokens),
                    b.second_axis);
    for (int l = 0; l < d.L; l++) {
        const struct ql_decoder_layer *layer = &model->layers[l].decoder;
        const int gain = tensor(graph, l, "attention_norm.weight", d.E, 0, layer->attention_norm);
        const int attended = add_attention(&b, l, add_norm(&b, l, "attention_norm", x, gain), before[l], after[l]);
        x = add_two(graph, l, "Add", "middle", x, attended);
        const int feed_gain = tensor(graph, l, "feed_norm.weight", d.E, 0, layer->feed_norm);
        x = add_two(graph, l, "Add", "y", x, add_feed(&b, l, add_norm(&b, l, "feed_norm", x, feed_gain)));
    }
    const int normed = add_norm(&b, -1, "norm", x, tensor(graph, -1, "norm.weight", d.E, 0, model->norm));
    const int flat = multiply(graph, -1, "output", normed, embedding);
    ql_graph_add_node(graph, "Unsqueeze", "unsqueeze", (const int[]){flat, b.second_axis}, 2, &logits, 1);
    for (int k = 0; k < CACHE_COUNT; k++) {
        add_state_output(&b, state, after, k);
    }
    ql_graph_add_output(graph, new_position);
}
