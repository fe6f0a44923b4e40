// One call for several: which parts of a decoder get it, and that no logit changes by a bit, in decoders and in graphs
// that are almost decoders. A failure prints its seed.
// Uses: ql_engine, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "decoder_fixture.h"
#include "device/random.h"

// Heads of queries and keys in several numbers, one head, and the smallest sizes.
static const struct ql_dimensions cases[] = {
    {.V = 40, .E = 24, .L = 2, .heads = 4, .kv_heads = 2, .feed = 35, .context = 9},
    {.V = 60, .E = 48, .L = 3, .heads = 6, .kv_heads = 6, .feed = 10, .context = 17},
    {.V = 31, .E = 36, .L = 1, .heads = 3, .kv_heads = 1, .feed = 21, .context = 16},
    {.V = 17, .E = 8, .L = 2, .heads = 1, .kv_heads = 1, .feed = 8, .context = 5},
    {.V = 9, .E = 6, .L = 1, .heads = 3, .kv_heads = 3, .feed = 2, .context = 4},
};

enum { CASES = sizeof cases / sizeof cases[0], CHANGED_GRAPHS = 2500, CHANGED_STEPS = 7 };

// The number of calls of each kernel that fuses, and of the rest of a rewritten program.
struct counts {
    int norms, gated, turns, angles, calls;
};

static struct counts count_calls(const struct ql_text_session *session)
{
    return (struct counts){.norms = decoder_fixture_count(session, QL_KERNEL_RMS_NORM_F32),
                           .gated = decoder_fixture_count(session, QL_KERNEL_SWIGLU_F32),
                           .turns = decoder_fixture_count(session, QL_KERNEL_ROTARY_TURN_F32),
                           .angles = decoder_fixture_count(session, QL_KERNEL_ROTARY_ANGLES_F32),
                           .calls = session->engine.program.call_count};
}

static void decoder_takes_one_call_for_each_part(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        const int L = cases[i].L;
        struct decoder_fixture fixture;
        decoder_fixture_make(&fixture, cases[i]);
        assert_true(decoder_fixture_open(&fixture));
        const struct counts counts = count_calls(&fixture.rewritten);
        assert_int_equal(counts.norms, 2 * L + 1);
        assert_int_equal(counts.gated, L);
        assert_int_equal(counts.turns, 2 * L);
        assert_int_equal(counts.angles, 1);
        // Beside these and the attention, a layer has seven products and two sums; then there are the token's embedding,
        // the output, and the next position.
        assert_int_equal(counts.calls, 15 * L + 5);
        assert_int_equal(count_calls(&fixture.plain).norms, 0);
        assert_true(decoder_fixture_agrees(&fixture, 3 * cases[i].context));
        decoder_fixture_close(&fixture);
    }
}

static struct ql_node *find_node(struct ql_graph *graph, const char *name)
{
    for (int n = 0; n < graph->node_count; n++) {
        if (strcmp(graph->nodes[n].name, name) == 0) {
            return &graph->nodes[n];
        }
    }
    fail_msg("there is no node %s", name);
    return NULL;
}

static void swap_inputs(struct ql_node *node)
{
    int *inputs = (int *)(uintptr_t)node->inputs;
    const int first = inputs[0];
    inputs[0] = inputs[1];
    inputs[1] = first;
}

static void operands_in_another_order_are_recognized(void **state)
{
    static const char *const products[] = {"layer_0.attention_norm",
                                           "layer_0.feed_norm.shifted",
                                           "layer_0.swish",
                                           "layer_1.gated",
                                           "layer_0.key.turned.bc",
                                           "layer_1.query.turned.as",
                                           "layer_1.key.turned.second",
                                           "rotary.all",
                                           "rotary.later",
                                           "rotary.angle",
                                           "rotary.part.whole",
                                           "tokens.positions"};
    struct decoder_fixture fixture;
    (void)state;

    decoder_fixture_make(&fixture, cases[0]);
    for (size_t i = 0; i < sizeof products / sizeof products[0]; i++) {
        swap_inputs(find_node(&fixture.graph, products[i]));
    }
    assert_true(decoder_fixture_open(&fixture));
    assert_int_equal(fixture.rewritten.engine.program.call_count, 15 * cases[0].L + 5);
    assert_true(decoder_fixture_agrees(&fixture, 12));
    decoder_fixture_close(&fixture);
}

// Sets input `k` of a node to a value that the graph has under this name.
static void set_input(struct ql_graph *graph, const char *node, int k, const char *value)
{
    int *inputs = (int *)(uintptr_t)find_node(graph, node)->inputs;
    inputs[k] = ql_graph_find(graph, value);
    assert_true(inputs[k] >= 0);
}

static void set_int(struct ql_graph *graph, const char *name, int64_t number)
{
    const int value = ql_graph_find(graph, name);
    assert_true(value >= 0);
    memcpy((void *)(uintptr_t)graph->values[value].data, &number, sizeof number);
}

// A part that computes anything else keeps its calls; the others are replaced all the same.
static void what_computes_something_else_stays(void **state)
{
    static const struct {
        const char *node, *operator_name; // a node with another operator,
        int input;                        // or another input
        const char *value;
        struct counts missing;
    } changes[] = {
        {"layer_0.attention_norm.unit", "Mul", 0, NULL, {.norms = 1}},
        {"layer_0.attention_norm.squares", "Add", 0, NULL, {.norms = 1}},
        {"layer_1.feed_norm.mean", "ReduceMax", 0, NULL, {.norms = 1}},
        {"layer_1.feed_norm.squares", NULL, 1, "layer_1.output.y", {.norms = 1}},
        {"layer_1.attention_norm.shifted", NULL, 1, "scale", {0}}, // another epsilon, and a norm all the same
        {"layer_1.attention_norm.unit", NULL, 0, "layer_0.middle.y", {.norms = 1}},
        {"norm", "Add", 0, NULL, {.norms = 1}},
        {"layer_0.sigmoid", "Tanh", 0, NULL, {.gated = 1}},
        {"layer_0.sigmoid", NULL, 0, "layer_0.up.y", {.gated = 1}},
        {"layer_0.gated", "Add", 0, NULL, {.gated = 1}},
        {"layer_1.swish", "Add", 0, NULL, {.gated = 1}},
        {"layer_1.query.turned.first", "Add", 0, NULL, {.turns = 1}},
        {"layer_1.key.turned.second", "Sub", 0, NULL, {.turns = 1}},
        {"layer_0.key.turned.as", NULL, 1, "rotary.cosine.y", {.turns = 1}},
        {"layer_0.query.turned.bc", NULL, 0, "layer_0.query.turned.half_0", {.turns = 1}},
        {"layer_0.query.turned", NULL, 0, "layer_0.query.turned.second.y", {.turns = 1}},
        {"rotary.sin", NULL, 0, "rotary.float.y", {.angles = 1}},
        {"rotary.rest", "Add", 0, NULL, {.angles = 1}},
        {"rotary.rest", NULL, 1, "rotary.turn", {.angles = 1}},
        {"rotary.later", NULL, 1, "rotary.turn", {.angles = 1}},
        {"rotary.part", NULL, 0, "rotary.all.y", {.angles = 1}},
        {"rotary.angle", NULL, 1, "scale", {.angles = 1}},
    };
    (void)state;

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct decoder_fixture fixture;
        decoder_fixture_make(&fixture, cases[0]);
        if (changes[i].operator_name != NULL) {
            find_node(&fixture.graph, changes[i].node)->operator_name = changes[i].operator_name;
        } else {
            set_input(&fixture.graph, changes[i].node, changes[i].input, changes[i].value);
        }
        if (!decoder_fixture_open(&fixture)) {
            fail_msg("%s: cannot be run", changes[i].node);
        }
        const struct counts counts = count_calls(&fixture.rewritten), missing = changes[i].missing;
        if (counts.norms != 5 - missing.norms || counts.gated != 2 - missing.gated ||
            counts.turns != 4 - missing.turns || counts.angles != 1 - missing.angles) {
            fail_msg("%s: %d norms, %d gates, %d turns, %d angles", changes[i].node, counts.norms, counts.gated,
                     counts.turns, counts.angles);
        }
        if (!decoder_fixture_agrees(&fixture, 12)) {
            fail_msg("%s: the logits differ", changes[i].node);
        }
        decoder_fixture_close(&fixture);
    }
}

static void angles_of_other_turns_stay(void **state)
{
    static const char *const names[] = {"rotary.turn", "rotary.half", "rotary.steps", "zero"};
    static const int64_t numbers[] = {INT64_C(1) << 31, INT64_C(1) << 30, INT64_C(1) << 31, 1};
    (void)state;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct decoder_fixture fixture;
        decoder_fixture_make(&fixture, cases[3]);
        set_int(&fixture.graph, names[i], numbers[i]);
        if (decoder_fixture_open(&fixture)) {
            assert_int_equal(count_calls(&fixture.rewritten).angles, 0);
            assert_true(decoder_fixture_agrees(&fixture, 12));
        }
        decoder_fixture_close(&fixture);
    }
}

// Runs a graph of one output of `count` floats with all values kept, and rewritten. Returns the number of rewritten calls.
static int compare_engines(const struct ql_graph *graph, const void *const *inputs, int count, enum ql_kernel_id kernel)
{
    static float outputs[2][64];
    int calls = 0;

    assert_true(count <= 64);
    for (int k = 0; k < 2; k++) {
        const struct ql_program_options options = {.default_size = 1, .keep_values = k == 0};
        void *const results[] = {outputs[k]};
        struct ql_engine engine = {0};
        struct ql_error error;
        assert_int_equal(ql_engine_init(&engine, graph, &options, &error), QL_OK);
        assert_int_equal(ql_engine_run(&engine, inputs, results, &error), QL_OK);
        calls = 0;
        for (int n = 0; n < engine.program.call_count; n++) {
            calls += engine.program.calls[n].kernel == &ql_kernels[kernel];
        }
        ql_engine_free(&engine);
    }
    assert_memory_equal(outputs[0], outputs[1], (size_t)count * sizeof(float));
    return calls;
}

static void fill(float *numbers, int count, float step)
{
    for (int k = 0; k < count; k++) {
        numbers[k] = (float)((k * 7) % 11 - 5) * step;
    }
}

// Operators of version 23 become the same calls.
static void operators_of_norms_and_rotations_are_recognized(void **state)
{
    static const int rows[] = {3, 7}, size[] = {7}, heads[] = {1, 1, 24}, halves[] = {1, 1, 4};
    float x[24], scale[7], cosine[4], sine[4];
    const void *const to_norm[] = {x}, *const to_turn[] = {x, cosine, sine};
    struct ql_graph graph = {0};
    (void)state;

    fill(x, 24, 0.3f);
    fill(scale, 7, 0.7f);
    fill(cosine, 4, 0.2f);
    fill(sine, 4, -0.1f);
    ql_graph_init(&graph, "norm", QL_OPSET_LAST);
    const int in = ql_graph_add_value(&graph, "x", QL_ELEMENT_F32, 2, rows, NULL);
    const int gain = ql_graph_add_value(&graph, "scale", QL_ELEMENT_F32, 1, size, scale);
    const int out = ql_graph_add_value(&graph, "y", QL_ELEMENT_F32, 2, rows, NULL);
    ql_graph_add_input(&graph, in);
    ql_graph_add_node(&graph, "RMSNormalization", "norm", (const int[]){in, gain}, 2, &out, 1);
    ql_graph_add_output(&graph, out);
    assert_int_equal(compare_engines(&graph, to_norm, 21, QL_KERNEL_RMS_NORM_F32), 1);
    ql_graph_free(&graph);

    for (int neighbors = 0; neighbors < 2; neighbors++) { // pairs of neighbors are no halves
        graph = (struct ql_graph){0};
        ql_graph_init(&graph, "turn", QL_OPSET_LAST);
        const int inputs[] = {ql_graph_add_value(&graph, "x", QL_ELEMENT_F32, 3, heads, NULL),
                              ql_graph_add_value(&graph, "cosine", QL_ELEMENT_F32, 3, halves, NULL),
                              ql_graph_add_value(&graph, "sine", QL_ELEMENT_F32, 3, halves, NULL)};
        const int turned = ql_graph_add_value(&graph, "y", QL_ELEMENT_F32, 3, heads, NULL);
        for (int k = 0; k < 3; k++) {
            ql_graph_add_input(&graph, inputs[k]);
        }
        ql_graph_add_node(&graph, "RotaryEmbedding", "turn", inputs, 3, &turned, 1);
        ql_graph_add_int(&graph, "num_heads", 3);
        ql_graph_add_int(&graph, "interleaved", neighbors);
        ql_graph_add_output(&graph, turned);
        assert_int_equal(compare_engines(&graph, to_turn, 24, QL_KERNEL_ROTARY_TURN_F32), 1 - neighbors);
        ql_graph_free(&graph);
    }
}

// Gives a node another operator, or another input, at random. Most such graphs have contradictory shapes; they are left
// out.
static void change_graph(struct ql_graph *graph, struct ql_random *random)
{
    static const char *const operators[] = {"Add", "Sub", "Mul", "Sigmoid", "Sqrt", "Cos", "Sin", "Neg"};
    enum { BINARY = 3, UNARY = 5 };
    struct ql_node *node = &graph->nodes[ql_random_step(random) % (uint32_t)graph->node_count];
    const uint32_t kind = ql_random_step(random) % 4, choice = ql_random_step(random);

    if (kind == 0 && node->input_count == 2) {
        node->operator_name = operators[choice % BINARY];
    } else if (kind == 0 && node->input_count == 1) {
        node->operator_name = operators[BINARY + choice % UNARY];
    } else if (kind == 1 && node->input_count == 2) {
        swap_inputs(node);
    } else if (node->input_count > 0) {
        // An input that some node shortly before it has, or makes: most likely of the same shape.
        const int from = (int)(node - graph->nodes) - (int)(choice % 24);
        const struct ql_node *other = &graph->nodes[from < 0 ? 0 : from];
        int *inputs = (int *)(uintptr_t)node->inputs;
        inputs[(choice >> 8) % (uint32_t)node->input_count] =
            other != node && (choice >> 16) % 2 == 0 ? other->outputs[0] : other->inputs[0];
    }
}

// Compares the logits for as long as they are finite: an entry of the cache that is not gets into the sums of the graph
// even where it is masked, which a ring does not do.
static bool agrees_where_finite(struct decoder_fixture *fixture)
{
    for (int t = 0; t < CHANGED_STEPS; t++) {
        const bool agrees = decoder_fixture_step(fixture);
        for (int v = 0; v < fixture->model.dimensions.V; v++) {
            if (!isfinite(fixture->plain.logits[v])) {
                return true;
            }
        }
        if (!agrees) {
            return false;
        }
    }
    return true;
}

static void changed_graphs_keep_their_bits(void **state)
{
    int run = 0, fused = 0;
    (void)state;

    for (uint32_t seed = 0; seed < CHANGED_GRAPHS; seed++) {
        struct decoder_fixture fixture;
        struct ql_random random;
        decoder_fixture_make(&fixture, cases[seed % CASES]);
        ql_random_init(&random, seed);
        for (uint32_t changes = 1 + ql_random_step(&random) % 2; changes > 0; changes--) {
            change_graph(&fixture.graph, &random);
        }
        if (decoder_fixture_open(&fixture)) {
            run++;
            fused += count_calls(&fixture.rewritten).norms > 0;
            if (!agrees_where_finite(&fixture)) {
                fail_msg("seed %u: the logits differ", (unsigned)seed);
            }
        }
        decoder_fixture_close(&fixture);
    }
    assert_true(run > CHANGED_GRAPHS / 5 && fused > CHANGED_GRAPHS / 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoder_takes_one_call_for_each_part),
        cmocka_unit_test(operands_in_another_order_are_recognized),
        cmocka_unit_test(what_computes_something_else_stays),
        cmocka_unit_test(angles_of_other_turns_stay),
        cmocka_unit_test(operators_of_norms_and_rotations_are_recognized),
        cmocka_unit_test(changed_graphs_keep_their_bits),
    };
    return cmocka_run_group_tests_name("fused_calls", tests, NULL, NULL);
}
