// A language model's graph that takes a window of tokens: see window_graph.h.
// All nodes use operators whose form has not changed since opset 7. The contents of the window are a list of int64,
// followed by the new token; choosing one of them is indexing this list.
#include "onnx/window_graph.h"

#include <assert.h>

#include "onnx/graph_change.h"

struct maker {
    struct ql_graph *graph;
    struct ql_model_roles *roles;
    const struct ql_program *program; // only values that were there before are looked at
    struct ql_window window;
    int full;        // value: 1 if the window is full with this token (CARRIED), or was before it (SLIDING), else 0
    int row;         // value: the token's place in the window
    int next_window; // values: the new values of the two states
    int next_position;
    int state_window, state_position; // and their old values
};

// --- Values and nodes ---

static int add_value(struct maker *maker, const char *stem, enum ql_element type, int rank, const int *dims,
                     const void *data)
{
    return ql_graph_change_add_value(maker->graph, stem, type, rank, dims, data);
}

// A list of int64.
static int add_list(struct maker *maker, const char *stem, int count, const int64_t *numbers)
{
    return add_value(maker, stem, QL_ELEMENT_S64, 1, &count, numbers);
}

static int add_number(struct maker *maker, const char *stem, int64_t number)
{
    return add_list(maker, stem, 1, &number);
}

// The list first, first + step, ... of `count` numbers, at most one more than the window has elements.
static int add_range(struct maker *maker, const char *stem, int count, int64_t first, int64_t step)
{
    const int value = add_value(maker, stem, QL_ELEMENT_S64, 1, &count, NULL);
    int64_t *numbers = ql_arena_take(&maker->graph->arena, (size_t)count, sizeof numbers[0]);

    for (int k = 0; k < count && numbers != NULL; k++) {
        numbers[k] = first + step * k;
    }
    if (numbers != NULL) {
        maker->graph->values[value].data = numbers;
    }
    return value;
}

// A node with one or two inputs (one if `right` is -1) that computes `output`, or a new value if `output` is -1.
static int add_node(struct maker *maker, const char *operator_name, int left, int right, int output)
{
    const int inputs[] = {left, right};

    if (output < 0) {
        output = add_value(maker, "window_step", QL_ELEMENT_NONE, -1, NULL, NULL);
    }
    ql_graph_add_node(maker->graph, operator_name, maker->graph->values[output].name, inputs, right < 0 ? 1 : 2,
                      &output, 1);
    return output;
}

static int add_cast(struct maker *maker, int value, int64_t onnx_type, int output)
{
    output = add_node(maker, "Cast", value, -1, output);
    ql_graph_add_int(maker->graph, "to", onnx_type);
    return output;
}

// ONNX's numbers of types.
enum { ONNX_FLOAT = 1, ONNX_INT32 = 6, ONNX_INT64 = 7 };

// 1 where the two are the same, else 0.
static int add_same(struct maker *maker, int left, int right)
{
    return add_cast(maker, add_node(maker, "Equal", left, right, -1), ONNX_INT64, -1);
}

static int add_reshape(struct maker *maker, int value, int rank, const int *dims, int output)
{
    int64_t sizes[QL_RANK_LIMIT];

    for (int axis = 0; axis < rank; axis++) {
        sizes[axis] = dims[axis];
    }
    return add_node(maker, "Reshape", value, add_list(maker, "window_shape", rank, sizes), output);
}

static int add_joined(struct maker *maker, int left, int right)
{
    const int joined = add_node(maker, "Concat", left, right, -1);
    ql_graph_add_int(maker->graph, "axis", 0);
    return joined;
}

// --- Around the graph ---

// The new tokens' input, as a list of one int64.
static int add_token(struct maker *maker)
{
    static const int ones[QL_RANK_LIMIT] = {1, 1, 1, 1, 1, 1, 1, 1};
    const struct ql_value from = maker->graph->values[maker->graph->inputs[maker->roles->tokens]];
    const bool is_narrow = from.type == QL_ELEMENT_S32;

    const int token =
        ql_graph_change_input(maker->graph, maker->roles->tokens, is_narrow ? QL_ELEMENT_S32 : QL_ELEMENT_S64,
                              from.rank - maker->roles->one_hot, ones);
    const int list = add_reshape(maker, token, 1, ones, -1);
    return is_narrow ? add_cast(maker, list, ONNX_INT64, -1) : list;
}

// Puts the token into its place, and computes the new window.
static void add_window(struct maker *maker, int token)
{
    const int W = maker->window.W;
    const int one = add_number(maker, "window_one", 1);

    maker->state_window = add_value(maker, "window", QL_ELEMENT_S64, 1, &W, NULL);
    if (maker->window.kind == QL_WINDOW_LAST) {
        // A zero stands for the begin symbol, so a window of zeros is the window before any text.
        const int stored = add_node(maker, "Sub", token, add_number(maker, "window_begin", maker->window.begin), -1);
        maker->next_window = add_node(maker, "Gather", add_joined(maker, maker->state_window, stored),
                                      add_range(maker, "window_places", W, 1, 1), -1);
        return;
    }
    maker->state_position = add_value(maker, "position", QL_ELEMENT_S64, 1, (const int[]){1}, NULL);
    const int position = maker->state_position;
    const int places = add_range(maker, "window_places", W, 0, 1);
    const int rest = add_range(maker, "window_rest", W, W, -1); // from each place to that of the new token
    const int here = add_same(maker, places, position);
    int index = add_node(maker, "Add", places, add_node(maker, "Mul", here, rest, -1), -1);
    const int next = add_node(maker, "Add", position, one, -1);
    if (maker->window.kind == QL_WINDOW_CARRIED) {
        maker->full = add_same(maker, position, add_number(maker, "window_last", W - 1));
        maker->row = position;
        maker->next_position = add_node(maker, "Mul", next, add_node(maker, "Sub", one, maker->full, -1), -1);
    } else {
        maker->full = add_same(maker, position, add_number(maker, "window_size", W));
        maker->row = add_node(maker, "Sub", position, maker->full, -1);
        maker->next_position = add_node(maker, "Sub", next, maker->full, -1);
        index = add_node(maker, "Add", index, maker->full, -1);
    }
    maker->next_window = add_node(maker, "Gather", add_joined(maker, maker->state_window, token), index, -1);
}

// Computes the value that was the graph's input of tokens, from the window.
static void add_tokens(struct maker *maker, int tokens)
{
    const struct ql_program_value *shape = &maker->program->values[tokens];
    const int W = maker->window.W, V = maker->window.V;
    int filled = maker->next_window;

    if (maker->window.kind == QL_WINDOW_LAST) {
        filled = add_node(maker, "Add", filled, add_number(maker, "window_begin", maker->window.begin), -1);
    }
    if (maker->roles->one_hot) {
        const int symbols = add_range(maker, "window_symbols", V, 0, 1);
        const int column = add_reshape(maker, filled, 2, (const int[]){W, 1}, -1);
        const int row = add_reshape(maker, symbols, 2, (const int[]){1, V}, -1);
        filled = add_cast(maker, add_node(maker, "Equal", column, row, -1), ONNX_FLOAT, -1);
    } else if (shape->type == QL_ELEMENT_S32) {
        filled = add_cast(maker, filled, ONNX_INT32, -1);
    }
    (void)add_reshape(maker, filled, shape->rank, shape->dims, tokens);
}

static void add_logits(struct maker *maker)
{
    const int W = maker->window.W, V = maker->window.V;
    const int old = maker->graph->outputs[maker->roles->logits];
    const int output =
        ql_graph_change_output(maker->graph, maker->roles->logits, QL_ELEMENT_F32, 2, (const int[]){1, V});

    if (maker->window.kind == QL_WINDOW_LAST) {
        (void)add_reshape(maker, old, 2, (const int[]){1, V}, output);
        return;
    }
    (void)add_node(maker, "Gather", add_reshape(maker, old, 2, (const int[]){W, V}, -1), maker->row, output);
}

// A state of the model stays unchanged until the window is full.
static void add_state(struct maker *maker, struct ql_state_pair state)
{
    const int before = maker->graph->inputs[state.input], after = maker->graph->outputs[state.output];
    const struct ql_program_value *shape = &maker->program->values[before];
    const int row[] = {1, shape->count};
    const int output = ql_graph_change_output(maker->graph, state.output, shape->type, shape->rank, shape->dims);

    const int both = add_joined(maker, add_reshape(maker, before, 2, row, -1), add_reshape(maker, after, 2, row, -1));
    const int chosen = add_node(maker, "Gather", both, maker->full, -1);
    (void)add_reshape(maker, chosen, shape->rank, shape->dims, output);
}

static void add_own_state(struct maker *maker, int before, int after, const char *stem)
{
    struct ql_graph *graph = maker->graph;
    const struct ql_value from = graph->values[before];
    const int output = add_value(maker, stem, from.type, from.rank, from.dims, NULL);

    (void)add_node(maker, "Identity", after, -1, output);
    maker->roles->states[maker->roles->state_count++] =
        (struct ql_state_pair){graph->input_count, graph->output_count, QL_STATE_REPLACE};
    ql_graph_add_input(graph, before);
    ql_graph_add_output(graph, output);
}

enum ql_status ql_window_graph_init(struct ql_graph *graph, struct ql_model_roles *roles,
                                    const struct ql_program *program, const struct ql_window *window,
                                    struct ql_error *error)
{
    struct maker maker = {graph, roles, program, *window, -1, -1, -1, -1, -1, -1};
    const int nodes = graph->node_count, states = roles->state_count;
    const int tokens = graph->inputs[roles->tokens];

    if (states + 2 > QL_DESCRIPTOR_STATE_LIMIT) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the model has %d states; with a window of tokens, at most %d are supported. "
                              "Export it with an open sequence, or with sequence 1",
                              states, QL_DESCRIPTOR_STATE_LIMIT - 2);
    }
    assert(states == 0 || window->kind == QL_WINDOW_CARRIED);
    add_window(&maker, add_token(&maker));
    add_tokens(&maker, tokens);
    enum ql_status status = ql_graph_change_move_to_front(graph, nodes, error);
    if (status != QL_OK) {
        return status;
    }
    add_logits(&maker);
    for (int s = 0; s < states; s++) {
        add_state(&maker, roles->states[s]);
    }
    add_own_state(&maker, maker.state_window, maker.next_window, "next_window");
    if (window->kind != QL_WINDOW_LAST) {
        add_own_state(&maker, maker.state_position, maker.next_position, "next_position");
    }
    graph->window = window->W;
    roles->one_hot = false;
    roles->sequence_axis = graph->values[graph->inputs[roles->tokens]].rank - 1;
    return ql_graph_check(graph, error);
}
