// Finds a language model's logits and states from what its graph computes: see role_search.h.
#include "onnx/role_search.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

static const struct ql_program_value *flow_input(const struct ql_role_search *search, int number)
{
    return &search->program->values[search->program->graph->inputs[number]];
}

static const struct ql_program_value *flow_output(const struct ql_role_search *search, int number)
{
    return &search->program->values[search->program->graph->outputs[number]];
}

static bool have_one_shape(const struct ql_program_value *a, const struct ql_program_value *b)
{
    bool same = a->type == b->type && a->rank == b->rank;
    for (int axis = 0; axis < a->rank && same; axis++) {
        same = a->dims[axis] == b->dims[axis];
    }
    return same;
}

static bool is_open(const struct ql_role_search *search, int input)
{
    return input != search->tokens && search->pairs[input] < 0;
}

static void set_pair(struct ql_role_search *search, int input, int output)
{
    search->pairs[input] = output;
    search->taken |= 1u << output;
}

// The lines to add to the descriptor, as far as they are known: an input that is still open gets an output that it
// could have.
static void suggest_states(const struct ql_role_search *search, char *text, size_t room)
{
    uint32_t taken = search->taken;
    const char *separator = "";

    text[0] = '\0';
    ql_bytes_append(text, room, "\"states\": [");
    for (int i = 0; i < search->program->graph->input_count; i++) {
        int output = search->pairs[i];
        if (i == search->tokens) {
            continue;
        }
        for (int o = 0; o < search->program->graph->output_count && output < 0; o++) {
            if ((taken >> o & 1) == 0 && have_one_shape(flow_input(search, i), flow_output(search, o))) {
                output = o;
                taken |= 1u << o;
            }
        }
        ql_bytes_append(text, room, "%s[\"%.40s\", \"%.40s\"]", separator, flow_input(search, i)->name,
                        output < 0 ? "OUTPUT" : flow_output(search, output)->name);
        separator = ", ";
    }
    ql_bytes_append(text, room, "]");
}

static enum ql_status fail_pairing(const struct ql_role_search *search, int input, struct ql_error *error)
{
    char lines[QL_ERROR_MESSAGE_BYTES / 2], candidates[QL_ERROR_MESSAGE_BYTES / 4] = "";
    int count = 0;

    for (int o = 0; o < search->program->graph->output_count; o++) {
        if ((search->taken >> o & 1) == 0 && have_one_shape(flow_input(search, input), flow_output(search, o))) {
            ql_bytes_append(candidates, sizeof candidates, "%s'%.40s'", count++ == 0 ? "" : " or ",
                            flow_output(search, o)->name);
        }
    }
    suggest_states(search, lines, sizeof lines);
    if (count == 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the input '%.60s' has no output that goes with it: none is left that has its shape. A "
                              "state goes in and comes out again; export the model with all of its states as outputs. "
                              "An input that stays the same over a text goes into the descriptor with its numbers: "
                              "\"constants\": {\"%.60s\": [...]}",
                              flow_input(search, input)->name, flow_input(search, input)->name);
    }
    return ql_error_write(error, QL_ERROR_INPUT,
                          "the graph does not tell which output continues the input '%.60s': it may be %s. Write the "
                          "pairs into the descriptor, such as %s; an input that stays the same over a text goes into "
                          "\"constants\"",
                          flow_input(search, input)->name, candidates, lines);
}

// Pairs inputs that start a recurrent layer with the outputs that this layer computes from them. If several such
// outputs have the same value, one that is not part of Y and has the input's shape is preferred.
static void pair_recurrent(struct ql_role_search *search)
{
    for (int i = 0; i < search->program->graph->input_count; i++) {
        int found = -1;
        for (int o = 0; o < search->program->graph->output_count && i != search->tokens; o++) {
            const struct ql_flow_output *output = &search->flow->outputs[o];
            if (output->continues == i && (found < 0 || search->flow->outputs[found].is_sequence ||
                                           !have_one_shape(flow_input(search, i), flow_output(search, found)))) {
                found = o;
            }
        }
        if (found >= 0) {
            set_pair(search, i, found);
        }
    }
}

static enum ql_status check_recurrent(const struct ql_role_search *search, struct ql_error *error)
{
    for (int i = 0; i < search->program->graph->input_count; i++) {
        if (!is_open(search, i) || (search->flow->starts >> i & 1) == 0) {
            continue;
        }
        const char *name = flow_input(search, i)->name;
        const char *node = search->program->graph->nodes[search->flow->nodes[i]].name;
        char lines[QL_ERROR_MESSAGE_BYTES / 2];
        suggest_states(search, lines, sizeof lines);
        for (int o = 0; o < search->program->graph->output_count; o++) {
            if ((search->flow->outputs[o].continued >> i & 1) != 0) {
                return ql_error_write(error, QL_ERROR_INPUT,
                                      "the state '%.60s' comes out in '%.60s' in another order, or together with "
                                      "something else: its layers must keep their order. Export the model again; or, "
                                      "if that is meant, write the pairs into the descriptor: %s",
                                      name, flow_output(search, o)->name, lines);
            }
        }
        return ql_error_write(
            error, QL_ERROR_INPUT,
            "the input '%.60s' has no output that goes with it: it starts the node '%.60s', and what "
            "that node makes of it is not an output. Export the model with all of its states as outputs; "
            "or, if another output continues it, write the pairs into the descriptor: %s",
            name, node, lines);
    }
    return QL_OK;
}

// --- Logits ---

// True when output `o` holds the probabilities of output `logits`, or their logarithms.
static bool is_softmax_of(const struct ql_role_search *search, int o, int logits)
{
    const int last = search->flow->outputs[o].last_call;
    if (last < 0) {
        return false;
    }
    const struct ql_kernel_call *call = &search->program->calls[last];
    return (call->kernel == &ql_kernels[QL_KERNEL_SOFTMAX_F32] ||
            call->kernel == &ql_kernels[QL_KERNEL_LOG_SOFTMAX_F32]) &&
           search->program->values[call->buffers[1]].root == flow_output(search, logits)->root;
}

// Of two candidates: true when `o` cannot be the logits because `other` exists.
static bool gives_way(const struct ql_role_search *search, int o, int other)
{
    const struct ql_flow_output *of_other = &search->flow->outputs[other];
    const bool is_feature =
        (of_other->outputs >> o & 1) != 0 && (of_other->nearby >> o & 1) == 0 && !is_softmax_of(search, other, o);
    return is_feature || is_softmax_of(search, o, other);
}

// The free outputs with this many floats.
static uint32_t find_outputs(const struct ql_role_search *search, int count)
{
    uint32_t found = 0;

    for (int o = 0; o < search->program->graph->output_count; o++) {
        const struct ql_program_value *value = flow_output(search, o);
        if ((search->taken >> o & 1) == 0 && value->type == QL_ELEMENT_F32 && value->count == count) {
            found |= 1u << o;
        }
    }
    return found;
}

static enum ql_status find_logits(struct ql_role_search *search, struct ql_error *error)
{
    const int outputs = search->program->graph->output_count;
    uint32_t candidates = find_outputs(search, search->logit_count), left = 0;
    char names[QL_ERROR_MESSAGE_BYTES / 2] = "";
    int count = 0;

    if (candidates == 0) {
        candidates = find_outputs(search, search->last_count);
    }
    for (int o = 0; o < outputs; o++) {
        bool stays = (candidates >> o & 1) != 0;
        for (int other = 0; other < outputs && stays; other++) {
            stays = other == o || (candidates >> other & 1) == 0 || !gives_way(search, o, other);
        }
        left |= stays ? 1u << o : 0;
    }
    for (int o = 0; o < outputs; o++) {
        if ((left >> o & 1) != 0) {
            ql_bytes_append(names, sizeof names, "%s'%.40s'", count++ == 0 ? "" : " or ", flow_output(search, o)->name);
            search->logits = o;
        }
    }
    if (count > 1) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the graph does not tell which output is the logits: it may be %s. Write it into the "
                              "descriptor, such as \"logits\": \"%.60s\"",
                              names, flow_output(search, search->logits)->name);
    }
    return QL_OK;
}

// --- States without a recurrent layer of ONNX's ---

// Outputs that could continue the input: free, of its shape, and computed anew for each token.
static uint32_t find_edges(const struct ql_role_search *search, int input, bool updates)
{
    uint32_t edges = 0;

    for (int o = 0; o < search->program->graph->output_count; o++) {
        const struct ql_flow_output *output = &search->flow->outputs[o];
        const bool depends = ((updates ? output->updates : output->inputs) >> input & 1) != 0;
        const bool is_new = !output->is_copy && (output->inputs >> search->tokens & 1) != 0;
        if ((search->taken >> o & 1) == 0 && depends && is_new &&
            have_one_shape(flow_input(search, input), flow_output(search, o))) {
            edges |= 1u << o;
        }
    }
    return edges;
}

// Pairs an input and an output of which each depends element by element on the other and on nothing else.
static void pair_updates(struct ql_role_search *search)
{
    const int inputs = search->program->graph->input_count;
    uint32_t edges[QL_FLOW_LIMIT] = {0};
    uint32_t once = 0, twice = 0;

    for (int i = 0; i < inputs; i++) {
        edges[i] = is_open(search, i) ? find_edges(search, i, true) : 0;
        twice |= once & edges[i];
        once |= edges[i];
    }
    for (int i = 0; i < inputs; i++) {
        const uint32_t own = edges[i] & ~twice;
        if (own != 0 && own == edges[i] && (own & (own - 1)) == 0) {
            set_pair(search, i, __builtin_ctz(own));
        }
    }
}

// Gives an input an output of its own, for which others may have to take another one of theirs (Kuhn's augmenting path).
// `holders` has the input that holds each output, or -1; `tried` are outputs that need not be looked at.
static bool give_output(const uint32_t *edges, int input, uint32_t *tried, int *holders)
{
    for (uint32_t rest = edges[input] & ~*tried; rest != 0; rest = edges[input] & ~*tried) {
        const int output = __builtin_ctz(rest);
        *tried |= 1u << output;
        if (holders[output] < 0 || give_output(edges, holders[output], tried, holders)) {
            holders[output] = input;
            return true;
        }
    }
    return false;
}

// Gives each open input an output of its own. Returns false where there is no way to do it.
static bool find_pairing(const struct ql_role_search *search, const uint32_t *edges, int *holders)
{
    for (int o = 0; o < QL_FLOW_LIMIT; o++) {
        holders[o] = -1;
    }
    for (int i = 0; i < search->program->graph->input_count; i++) {
        uint32_t tried = search->taken;
        if (is_open(search, i) && !give_output(edges, i, &tried, holders)) {
            return false;
        }
    }
    return true;
}

// Pairs all open inputs if there is exactly one way to do it: no pair of it can be left out.
static bool pair_only_way(struct ql_role_search *search, const uint32_t *edges)
{
    int found[QL_FLOW_LIMIT], other[QL_FLOW_LIMIT];
    uint32_t fewer[QL_FLOW_LIMIT];

    if (!find_pairing(search, edges, found)) {
        return false;
    }
    memcpy(fewer, edges, sizeof fewer);
    for (int o = 0; o < QL_FLOW_LIMIT; o++) {
        if (found[o] >= 0) {
            fewer[found[o]] &= ~(1u << o);
            if (find_pairing(search, fewer, other)) {
                return false;
            }
            fewer[found[o]] = edges[found[o]];
        }
    }
    for (int o = 0; o < QL_FLOW_LIMIT; o++) {
        if (found[o] >= 0) {
            set_pair(search, found[o], o);
        }
    }
    return true;
}

// No layer tells about the inputs that are left. An output that repeats an input's elements proves nothing: a delay
// does that, too.
static enum ql_status pair_rest(struct ql_role_search *search, struct ql_error *error)
{
    const struct ql_graph *graph = search->program->graph;
    uint32_t edges[QL_FLOW_LIMIT] = {0};
    int open = 0, left = 0, first = -1;

    pair_updates(search);
    for (int i = 0; i < graph->input_count; i++) {
        edges[i] = is_open(search, i) ? find_edges(search, i, false) : 0;
        open += is_open(search, i);
    }
    if (open == 0 || pair_only_way(search, edges)) {
        return QL_OK;
    }
    // Where there are as many outputs as inputs, shapes may leave only one way. Here an output that depends on the
    // wrong input must not help to exclude it.
    for (int i = 0; i < graph->input_count; i++) {
        edges[i] = 0;
        for (int o = 0; o < graph->output_count; o++) {
            edges[i] |= have_one_shape(flow_input(search, i), flow_output(search, o)) ? 1u << o : 0;
        }
    }
    for (int o = 0; o < graph->output_count; o++) {
        left += (search->taken >> o & 1) == 0;
    }
    if (left == open && pair_only_way(search, edges)) {
        return QL_OK;
    }
    for (int i = 0; i < graph->input_count; i++) {
        // An input that no output can continue makes a better message than one with several.
        if (is_open(search, i) && (first < 0 || (edges[i] & ~search->taken) == 0)) {
            first = i;
        }
    }
    return fail_pairing(search, first, error);
}

enum ql_status ql_role_search_run(struct ql_role_search *search, struct ql_error *error)
{
    enum ql_status status = QL_OK;
    bool open = false;

    for (int i = 0; i < search->program->graph->input_count; i++) {
        open = open || is_open(search, i);
    }
    if (open) {
        pair_recurrent(search);
    }
    if (search->logits < 0 && (status = find_logits(search, error)) != QL_OK) {
        return status;
    }
    for (int o = 0; o < search->program->graph->output_count && search->logits >= 0; o++) {
        const bool has_role = o == search->logits || is_softmax_of(search, o, search->logits);
        search->taken |= has_role ? 1u << o : 0;
    }
    if (!open || search->logits < 0) {
        return QL_OK;
    }
    status = check_recurrent(search, error);
    return status == QL_OK ? pair_rest(search, error) : status;
}

bool ql_role_search_contradicts(struct ql_role_search *search, uint32_t certain)
{
    enum { NO_STATE = QL_FLOW_LIMIT }; // in place of an output, so that the input is not open
    const int inputs = search->program->graph->input_count;
    struct ql_role_search other = *search;
    uint32_t edges[QL_FLOW_LIMIT] = {0};
    uint32_t before;
    bool independent = false;

    other.taken = UINT32_MAX;
    for (int i = 0; i < inputs; i++) {
        if (search->pairs[i] >= 0 && (certain >> i & 1) == 0) {
            other.taken &= ~(1u << search->pairs[i]);
            other.pairs[i] = -1;
        } else if (search->pairs[i] < 0) {
            other.pairs[i] = NO_STATE;
        }
    }
    // A pair that stays may leave other outputs without an input that they depend on.
    do {
        uint32_t reached = 0;
        before = other.taken;
        for (int i = 0; i < inputs; i++) {
            edges[i] = is_open(&other, i) ? find_edges(&other, i, false) : 0;
            reached |= edges[i];
        }
        for (int i = 0; i < inputs; i++) {
            if (is_open(&other, i) && (reached >> search->pairs[i] & 1) == 0) {
                set_pair(&other, i, search->pairs[i]);
            }
        }
    } while (other.taken != before);
    for (int i = 0; i < inputs; i++) {
        independent =
            independent || (is_open(&other, i) && (search->flow->outputs[search->pairs[i]].inputs >> i & 1) == 0);
    }
    if (!independent || !pair_only_way(&other, edges)) {
        return false;
    }
    for (int i = 0; i < inputs; i++) {
        search->pairs[i] = other.pairs[i] == NO_STATE ? -1 : other.pairs[i];
    }
    return true;
}
