// LSTM, GRU and RNN with all of ONNX's options, in random combinations, against the formulas in double precision.
// The formulas are written from ONNX's operator specification and share nothing with device/. Uses: cmocka, ql_engine.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/engine.h"

// The engine's sums of at most 20 products in float, through at most 5 steps of activations with slopes up to 2.
static const double tolerance = 3e-5;

enum { CASES = 600, SIZE_LIMIT = 5, GATE_LIMIT = 4, BUFFER_LIMIT = 2 * 8 * 5 * 5 * 5 };

enum kind { LSTM, GRU, RNN };
static const char *const kind_names[] = {"LSTM", "GRU", "RNN"};
static const int kind_gates[] = {4, 3, 1};
static const int kind_activations[] = {3, 2, 1};
static const char *const default_activations[] = {"Sigmoid", "Tanh", "Tanh"};

// The parameters of one case; everything follows from the seed.
struct options {
    enum kind kind;
    int T, B, I, H, D;
    bool reverse, layout, bias, lengths, h0, c0, peephole, coupled, before_reset, has_y, plain;
    double clip;
    const char *names[6];
    double alpha[6], beta[6];
    bool named;
    int32_t length[SIZE_LIMIT];
    float x[BUFFER_LIMIT], w[BUFFER_LIMIT], r[BUFFER_LIMIT], b[BUFFER_LIMIT], h[BUFFER_LIMIT], c[BUFFER_LIMIT],
        p[BUFFER_LIMIT];
};

static uint32_t random_state;

static uint32_t draw(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % limit;
}

static void draw_floats(float *values, int count)
{
    for (int i = 0; i < count; i++) {
        values[i] = (float)draw(2001) / 1000.0f - 1.0f;
    }
}

// --- The formulas ---

static double activate(const char *name, double x, double alpha, double beta)
{
    if (strcmp(name, "Sigmoid") == 0) {
        return 1.0 / (1.0 + exp(-x));
    } else if (strcmp(name, "Tanh") == 0) {
        return tanh(x);
    } else if (strcmp(name, "Relu") == 0) {
        return fmax(0.0, x);
    } else if (strcmp(name, "Affine") == 0) {
        return alpha * x + beta;
    } else if (strcmp(name, "LeakyRelu") == 0) {
        return x >= 0.0 ? x : alpha * x;
    } else if (strcmp(name, "ThresholdedRelu") == 0) {
        return x >= alpha ? x : 0.0;
    } else if (strcmp(name, "ScaledTanh") == 0) {
        return alpha * tanh(beta * x);
    } else if (strcmp(name, "HardSigmoid") == 0) {
        return fmin(fmax(alpha * x + beta, 0.0), 1.0);
    } else if (strcmp(name, "Elu") == 0) {
        return x >= 0.0 ? x : alpha * (exp(x) - 1.0);
    } else if (strcmp(name, "Softsign") == 0) {
        return x / (1.0 + fabs(x));
    }
    assert_string_equal(name, "Softplus");
    return log(1.0 + exp(x));
}

static double act(const struct options *o, int direction, int k, double x)
{
    const int at = direction * kind_activations[o->kind] + k;
    if (o->clip > 0.0) {
        x = fmin(fmax(x, -o->clip), o->clip);
    }
    return activate(o->names[at], x, o->alpha[at], o->beta[at]);
}

// Row `gate` of ONNX's order in W, R and B, for unit k of direction d, applied to the input or to a state.
static double from_x(const struct options *o, int d, int gate, int k, const float *x)
{
    const int row = (d * kind_gates[o->kind] + gate) * o->H + k;
    double sum = o->bias ? (double)o->b[(2 * d * kind_gates[o->kind] + gate) * o->H + k] : 0.0;
    for (int i = 0; i < o->I; i++) {
        sum += (double)o->w[row * o->I + i] * (double)x[i];
    }
    return sum;
}

static double recurrent_bias(const struct options *o, int d, int gate, int k)
{
    const int G = kind_gates[o->kind];
    return o->bias ? (double)o->b[((2 * d + 1) * G + gate) * o->H + k] : 0.0;
}

static double from_h(const struct options *o, int d, int gate, int k, const double *h)
{
    const int row = (d * kind_gates[o->kind] + gate) * o->H + k;
    double sum = 0.0;
    for (int j = 0; j < o->H; j++) {
        sum += (double)o->r[row * o->H + j] * h[j];
    }
    return sum;
}

// One step of one sequence in one direction: updates h and c.
static void step(const struct options *o, int d, const float *x, double *h, double *c)
{
    double old[SIZE_LIMIT];
    const int H = o->H;

    memcpy(old, h, sizeof old);
    for (int k = 0; k < H; k++) {
        double s[GATE_LIMIT];
        for (int gate = 0; gate < kind_gates[o->kind]; gate++) {
            s[gate] = from_x(o, d, gate, k, x) + from_h(o, d, gate, k, old) + recurrent_bias(o, d, gate, k);
        }
        if (o->kind == RNN) {
            h[k] = act(o, d, 0, s[0]);
        } else if (o->kind == LSTM) { // gates i, o, f, c
            const float *p = o->p + d * 3 * H;
            double i = act(o, d, 0, s[0] + (o->peephole ? (double)p[k] * c[k] : 0.0));
            double f = act(o, d, 0, s[2] + (o->peephole ? (double)p[2 * H + k] * c[k] : 0.0));
            f = o->coupled ? 1.0 - i : f;
            c[k] = f * c[k] + i * act(o, d, 1, s[3]);
            double out = act(o, d, 0, s[1] + (o->peephole ? (double)p[H + k] * c[k] : 0.0));
            const int at = d * 3 + 2;
            h[k] = out * activate(o->names[at], c[k], o->alpha[at], o->beta[at]);
        } else { // gates z, r, h
            double reset[SIZE_LIMIT];
            for (int j = 0; j < H; j++) {
                double r = act(o, d, 0, from_x(o, d, 1, j, x) + from_h(o, d, 1, j, old) + recurrent_bias(o, d, 1, j));
                reset[j] = o->before_reset ? r : r * old[j];
            }
            double product = o->before_reset ? reset[k] * (from_h(o, d, 2, k, old) + recurrent_bias(o, d, 2, k))
                                             : from_h(o, d, 2, k, reset) + recurrent_bias(o, d, 2, k);
            double z = act(o, d, 0, s[0]);
            h[k] = (1.0 - z) * act(o, d, 1, from_x(o, d, 2, k, x) + product) + z * old[k];
        }
    }
}

// All of y (T, D, B, H), h and c (D, B, H), in layout 0.
static void compute(const struct options *o, double *y, double *h, double *c)
{
    const int H = o->H;
    for (int d = 0; d < o->D; d++) {
        for (int b = 0; b < o->B; b++) {
            const bool backward = o->reverse || d == 1;
            const int length = o->lengths ? o->length[b] : o->T;
            const int state_in = (o->layout ? b * o->D + d : d * o->B + b) * H;
            double *now_h = h + (d * o->B + b) * H;
            double *now_c = c + (d * o->B + b) * H;
            double unit_h[SIZE_LIMIT] = {0};
            double unit_c[SIZE_LIMIT] = {0};
            for (int k = 0; k < H; k++) {
                unit_h[k] = o->h0 ? (double)o->h[state_in + k] : 0.0;
                unit_c[k] = o->c0 ? (double)o->c[state_in + k] : 0.0;
            }
            for (int t = 0; t < o->T; t++) {
                memset(y + ((t * o->D + d) * o->B + b) * H, 0, (size_t)H * sizeof y[0]);
            }
            for (int n = 0; n < length; n++) {
                const int t = backward ? length - 1 - n : n;
                const int row = o->layout ? b * o->T + t : t * o->B + b;
                step(o, d, o->x + row * o->I, unit_h, unit_c);
                memcpy(y + ((t * o->D + d) * o->B + b) * H, unit_h, (size_t)H * sizeof y[0]);
            }
            memcpy(now_h, unit_h, (size_t)H * sizeof h[0]);
            memcpy(now_c, unit_c, (size_t)H * sizeof c[0]);
        }
    }
}

// --- Cases ---

static void draw_activations(struct options *o)
{
    // The first five are bounded. Gates are drawn from these alone, because a gate above 1 lets the state grow from
    // step to step, and with it every rounding error.
    static const char *const table[] = {"Tanh",     "Sigmoid",   "Softsign",        "HardSigmoid", "ScaledTanh", "Relu",
                                        "Softplus", "LeakyRelu", "ThresholdedRelu", "Elu",         "Affine"};
    enum { BOUNDED = 5, ALL = sizeof table / sizeof table[0] };
    const int count = kind_activations[o->kind];

    o->named = draw(3) != 0 && !o->plain;
    for (int k = 0; k < count * o->D; k++) {
        const char *usual = o->kind == RNN ? "Tanh" : default_activations[k % count];
        const bool gate = o->kind != RNN && k % count == 0;
        const char *chosen = table[draw(gate ? BOUNDED : ALL)];
        o->names[k] = o->named ? chosen : usual;
        // Multiples of 1/16 are exact in float, and small slopes keep the numbers from growing.
        o->alpha[k] = (1.0 + draw(16)) / 16.0;
        o->beta[k] = (1.0 + draw(8)) / 16.0;
    }
}

static void draw_options(struct options *o, uint32_t seed)
{
    random_state = seed * 2654435761u + 1u;
    for (int i = 0; i < 8; i++) {
        (void)draw(2);
    }
    *o = (struct options){.kind = (enum kind)draw(3), .D = 1 + (draw(3) == 0)};
    if (draw(4) == 0) {
        o->T = o->B = o->I = o->H = 1 + (int)draw(SIZE_LIMIT);
    } else {
        o->T = 1 + (int)draw(SIZE_LIMIT);
        o->B = 1 + (int)draw(3);
        o->I = 1 + (int)draw(SIZE_LIMIT);
        o->H = 1 + (int)draw(SIZE_LIMIT);
    }
    const int G = kind_gates[o->kind];
    o->reverse = o->D == 1 && draw(3) == 0;
    o->layout = draw(3) == 0;
    o->bias = draw(4) != 0;
    o->lengths = draw(2) != 0;
    o->h0 = draw(2) != 0;
    o->c0 = o->kind == LSTM && draw(2) != 0;
    o->peephole = o->kind == LSTM && draw(2) != 0;
    o->coupled = o->kind == LSTM && draw(4) == 0;
    o->before_reset = o->kind == GRU && draw(2) != 0;
    o->has_y = draw(4) != 0;
    o->clip = draw(3) == 0 ? (1.0 + draw(8)) / 4.0 : 0.0;
    o->plain = draw(4) == 0;
    if (o->plain) { // it has its own kernels, and would be rare by chance
        o->B = o->D = 1;
        o->reverse = o->lengths = o->peephole = o->coupled = false;
        o->clip = 0.0;
    }
    for (int b = 0; b < o->B; b++) {
        o->length[b] = (int32_t)(o->lengths ? 1 + draw((uint32_t)o->T) : (uint32_t)o->T);
    }
    draw_floats(o->x, o->T * o->B * o->I);
    draw_floats(o->w, o->D * G * o->H * o->I);
    draw_floats(o->r, o->D * G * o->H * o->H);
    draw_floats(o->b, o->D * 2 * G * o->H);
    draw_floats(o->h, o->D * o->B * o->H);
    draw_floats(o->c, o->D * o->B * o->H);
    draw_floats(o->p, o->D * 3 * o->H);
    draw_activations(o);
}

static int parameter_count(const char *name)
{
    return strcmp(name, "HardSigmoid") == 0 || strcmp(name, "Affine") == 0 || strcmp(name, "ScaledTanh") == 0   ? 2
           : strcmp(name, "Elu") == 0 || strcmp(name, "LeakyRelu") == 0 || strcmp(name, "ThresholdedRelu") == 0 ? 1
                                                                                                                : 0;
}

// The graph of a case: one node, whose weights are constants or, by `runtime`, inputs.
static void build(struct ql_graph *graph, struct options *o, bool runtime, const void **inputs)
{
    const int G = kind_gates[o->kind];
    const int count = kind_activations[o->kind];
    float lists[2][6];
    int list_counts[2] = {0, 0};
    int values[8];
    int outputs[3];
    const struct {
        const char *name;
        bool there;
        enum ql_element type;
        int rank, dims[3];
        const void *data;
        bool weight;
    } operands[] = {
        {"x", true, QL_ELEMENT_F32, 3, {o->layout ? o->B : o->T, o->layout ? o->T : o->B, o->I}, o->x, false},
        {"w", true, QL_ELEMENT_F32, 3, {o->D, G * o->H, o->I}, o->w, true},
        {"r", true, QL_ELEMENT_F32, 3, {o->D, G * o->H, o->H}, o->r, true},
        {"b", o->bias, QL_ELEMENT_F32, 2, {o->D, 2 * G * o->H, 0}, o->b, true},
        {"lengths", o->lengths, QL_ELEMENT_S32, 1, {o->B, 0, 0}, o->length, false},
        {"h0", o->h0, QL_ELEMENT_F32, 3, {o->layout ? o->B : o->D, o->layout ? o->D : o->B, o->H}, o->h, false},
        {"c0", o->c0, QL_ELEMENT_F32, 3, {o->layout ? o->B : o->D, o->layout ? o->D : o->B, o->H}, o->c, false},
        {"p", o->peephole, QL_ELEMENT_F32, 2, {o->D, 3 * o->H, 0}, o->p, true},
    };

    ql_graph_init(graph, "case", 17);
    for (int k = 0; k < 8; k++) {
        values[k] = -1;
        if (operands[k].there) {
            const bool constant = operands[k].weight && !runtime;
            values[k] = ql_graph_add_value(graph, operands[k].name, operands[k].type, operands[k].rank,
                                           operands[k].dims, constant ? operands[k].data : NULL);
            if (!constant) {
                inputs[graph->input_count] = operands[k].data;
                ql_graph_add_input(graph, values[k]);
            }
        }
    }
    static const char *const output_names[] = {"y", "yh", "yc"};
    const int output_count = o->kind == LSTM ? 3 : 2;
    for (int k = 0; k < output_count; k++) {
        outputs[k] =
            k > 0 || o->has_y ? ql_graph_add_value(graph, output_names[k], QL_ELEMENT_F32, -1, NULL, NULL) : -1;
        if (outputs[k] >= 0) {
            ql_graph_add_output(graph, outputs[k]);
        }
    }
    ql_graph_add_node(graph, kind_names[o->kind], "cell", values, o->kind == LSTM ? 8 : 6, outputs, output_count);
    ql_graph_add_int(graph, "hidden_size", o->H);
    ql_graph_add_string(graph, "direction", o->D == 2 ? "bidirectional" : o->reverse ? "reverse" : "forward");
    ql_graph_add_int(graph, "layout", o->layout);
    if (o->clip > 0.0) {
        ql_graph_add_float(graph, "clip", (float)o->clip);
    }
    if (o->kind == LSTM) {
        ql_graph_add_int(graph, "input_forget", o->coupled);
    }
    if (o->kind == GRU && o->before_reset) {
        ql_graph_add_int(graph, "linear_before_reset", 1);
    }
    if (o->named) {
        ql_graph_add_strings(graph, "activations", o->names, count * o->D);
        for (int k = 0; k < count * o->D; k++) {
            const int parameters = parameter_count(o->names[k]);
            if (parameters > 0) {
                lists[0][list_counts[0]++] = (float)o->alpha[k];
            }
            if (parameters > 1) {
                lists[1][list_counts[1]++] = (float)o->beta[k];
            }
        }
        ql_graph_add_floats(graph, "activation_alpha", lists[0], list_counts[0]);
        ql_graph_add_floats(graph, "activation_beta", lists[1], list_counts[1]);
    }
}

static void compare(uint32_t seed, const char *what, const float *actual, const double *expected, const int *dims,
                    const int *order, int rank)
{
    int strides[4];
    int index[4] = {0};
    int stride = 1;
    int count = 1;

    // `dims` is the shape in layout 0; the engine's has its axes in `order`.
    for (int axis = rank - 1; axis >= 0; axis--) {
        strides[axis] = stride;
        stride *= dims[axis];
        count *= dims[axis];
    }
    for (int i = 0; i < count; i++) {
        int rest = i;
        int at = 0;
        for (int axis = rank - 1; axis >= 0; axis--) {
            index[axis] = rest % dims[order[axis]];
            rest /= dims[order[axis]];
            at += index[axis] * strides[order[axis]];
        }
        if (!(fabs((double)actual[i] - expected[at]) <= tolerance * (1.0 + fabs(expected[at])))) {
            fail_msg("case %u: %s[%d] is %.9g instead of %.9g", (unsigned)seed, what, i, (double)actual[i],
                     expected[at]);
        }
    }
}

static void run_options(uint32_t seed, bool runtime)
{
    static struct options o;
    static double expected[3][BUFFER_LIMIT];
    static const int same[] = {0, 1, 2, 3};
    static const int y_order[] = {2, 0, 1, 3};
    static const int state_order[] = {1, 0, 2};
    struct ql_graph graph = {0};
    struct ql_engine engine;
    struct ql_error error = {QL_OK, ""};
    const struct ql_program_options options = {0};
    const void *inputs[8] = {NULL};
    void *outputs[3] = {NULL};

    draw_options(&o, seed);
    build(&graph, &o, runtime, inputs);
    compute(&o, expected[0], expected[1], expected[2]);
    if (ql_graph_check(&graph, &error) != QL_OK || ql_engine_init(&engine, &graph, &options, &error) != QL_OK ||
        ql_engine_run(&engine, inputs, outputs, &error) != QL_OK) {
        fail_msg("case %u: %s", (unsigned)seed, error.message);
    }
    const int y_dims[] = {o.T, o.D, o.B, o.H};
    const int state_dims[] = {o.D, o.B, o.H};
    for (int k = 0; k < graph.output_count; k++) {
        const int number = k + !o.has_y;
        struct ql_tensor_view view = ql_engine_view(&engine, graph.outputs[k]);
        compare(seed, view.name, view.data, expected[number], number == 0 ? y_dims : state_dims,
                !o.layout     ? same
                : number == 0 ? y_order
                              : state_order,
                number == 0 ? 4 : 3);
    }
    ql_engine_free(&engine);
    ql_graph_free(&graph);
}

static void recurrent_random_options_agree_with_the_formulas(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < CASES; seed++) {
        run_options(seed, false);
    }
}

static void recurrent_weights_as_inputs_give_the_same(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < CASES / 4; seed++) {
        run_options(seed, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recurrent_random_options_agree_with_the_formulas),
        cmocka_unit_test(recurrent_weights_as_inputs_give_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
