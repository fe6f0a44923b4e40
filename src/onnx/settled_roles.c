// The roles of a language model, settled: see settled_roles.h.
#include "onnx/settled_roles.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "onnx/data_flow.h"
#include "onnx/model_roles.h"
#include "onnx/program_compile.h"
#include "onnx/role_search.h"

struct settlement {
    struct ql_graph *graph;
    const struct ql_descriptor *descriptor;
    const struct ql_model_roles *roles;
    const struct ql_program *program;
    const struct ql_data_flow *flow;
    uint32_t certain; // the inputs whose pairs the descriptor insists on
};

static const char *input_name(const struct settlement *settlement, int number)
{
    return settlement->graph->values[settlement->graph->inputs[number]].name;
}

static const char *output_name(const struct settlement *settlement, int number)
{
    return settlement->graph->values[settlement->graph->outputs[number]].name;
}

// An output that a recurrent layer computes from one state cannot be fed back into another.
static enum ql_status check_recurrent_states(const struct settlement *settlement, struct ql_error *error)
{
    const struct ql_model_roles *roles = settlement->roles;

    for (int s = 0; s < roles->state_count; s++) {
        const int right = settlement->flow->outputs[roles->states[s].output].continues;
        if (right >= 0 && right != roles->states[s].input && right != roles->tokens) {
            return ql_error_write(
                error, QL_ERROR_INPUT,
                "the descriptor's field 'states' takes '%.60s' back in as '%.60s', but the node '%.60s' makes it from "
                "'%.60s'. Write [\"%.60s\", \"%.60s\"], or leave 'states' out",
                output_name(settlement, roles->states[s].output), input_name(settlement, roles->states[s].input),
                settlement->graph->nodes[settlement->flow->nodes[right]].name, input_name(settlement, right),
                input_name(settlement, right), output_name(settlement, roles->states[s].output));
        }
    }
    return QL_OK;
}

static uint32_t find_certain(const struct ql_graph *graph, const struct ql_descriptor *descriptor)
{
    uint32_t certain = 0;

    for (int s = 0; s < descriptor->state_count; s++) {
        for (int i = 0; i < graph->input_count && i < QL_FLOW_LIMIT; i++) {
            const bool same = strcmp(graph->values[graph->inputs[i]].name, descriptor->states[s].input) == 0;
            certain |= same && descriptor->states[s].is_certain ? 1u << i : 0;
        }
    }
    return certain;
}

// The pairs of the descriptor against those that are the only way for each output to depend on its input.
static enum ql_status check_dependencies(const struct settlement *settlement, struct ql_error *error)
{
    const struct ql_model_roles *roles = settlement->roles;
    struct ql_role_search search = {
        .program = settlement->program, .flow = settlement->flow, .tokens = roles->tokens, .logits = roles->logits};
    char lines[QL_ERROR_MESSAGE_BYTES / 2] = "";
    int wrong = -1;

    memset(search.pairs, -1, sizeof search.pairs);
    for (int s = 0; s < roles->state_count; s++) {
        search.pairs[roles->states[s].input] = roles->states[s].output;
    }
    if (!ql_role_search_contradicts(&search, settlement->certain)) {
        return QL_OK;
    }
    for (int s = 0; s < roles->state_count; s++) {
        const struct ql_state_pair state = roles->states[s];
        const bool has_kind = state.kind != QL_STATE_REPLACE;
        if (search.pairs[state.input] != state.output) {
            ql_bytes_append(lines, sizeof lines, "%s[\"%.40s\", \"%.40s\"%s%s%s]", lines[0] == '\0' ? "" : ", ",
                            input_name(settlement, state.input), output_name(settlement, search.pairs[state.input]),
                            has_kind ? ", \"" : "", has_kind ? ql_state_kind_write(state.kind) : "",
                            has_kind ? "\"" : "");
            wrong = wrong < 0 && (settlement->flow->outputs[state.output].inputs >> state.input & 1) == 0 ? s : wrong;
        }
    }
    const char *input = input_name(settlement, roles->states[wrong].input);
    const char *output = output_name(settlement, roles->states[wrong].output);
    return ql_error_write(error, QL_ERROR_INPUT,
                          "the descriptor's field 'states' takes '%.60s' back in as '%.60s', but the graph computes "
                          "'%.60s' without '%.60s'. Write %s, so that each output depends on its input; or, if "
                          "that is meant, [\"%.60s\", \"%.60s\", \"replace\"]",
                          output, input, output, input, lines, input, output);
}

// --- Probabilities ---

// True when an output other than the logits is computed from them.
static bool feeds_others(const struct settlement *settlement)
{
    uint32_t readers = 0;

    for (int o = 0; o < settlement->flow->output_count; o++) {
        readers |=
            o == settlement->roles->logits ? 0 : settlement->flow->outputs[o].outputs >> settlement->roles->logits & 1;
    }
    return readers != 0;
}

// Turns the call of a Softmax or LogSoftmax into an Identity.
static enum ql_status turn_back(const struct settlement *settlement, const struct ql_kernel_call *call,
                                struct ql_error *error)
{
    struct ql_graph *graph = settlement->graph;
    struct ql_node *node = &graph->nodes[call->node];
    const char *output = output_name(settlement, settlement->roles->logits);
    const bool is_whole = call->ints[1] == settlement->descriptor->vocabulary.count && call->ints[2] == 1;
    const bool is_plain = strcmp(node->operator_name, "Softmax") == 0 || strcmp(node->operator_name, "LogSoftmax") == 0;

    if (!is_whole || !is_plain || feeds_others(settlement)) {
        if (ql_kernel_call_is(call, QL_KERNEL_LOG_SOFTMAX_F32) && is_whole) {
            return QL_OK; // logarithms of probabilities are valid logits
        }
        return ql_error_write(
            error, QL_ERROR_INPUT,
            "the output '%.60s' consists of probabilities (node '%.60s', %s), %s, so the logits cannot be taken in "
            "their place. Export the model with its logits as an output, without the softmax",
            output, node->name, node->operator_name,
            is_whole ? "which are used in the graph, too" : "but not over the vocabulary");
    }
    graph->logits_name = graph->values[node->inputs[0]].name;
    ql_graph_add_note(graph,
                      "the output '%.60s' consists of probabilities (node '%.60s', %s); the logits from which they are "
                      "computed, '%.60s', are taken instead",
                      output, node->name, node->operator_name, graph->logits_name);
    node->operator_name = "Identity";
    node->attribute_count = 0;
    return QL_OK;
}

static bool is_one_of(const struct ql_operation *operation, const char *const *names)
{
    while (*names != NULL && strcmp(*names, operation->name) != 0) {
        names++;
    }
    return *names != NULL;
}

// Reports logits that the graph multiplies or divides by a constant as its last operation.
static void note_scale(const struct settlement *settlement, int call_number)
{
    static const char *const scales[] = {"ql_mul_f32", "ql_div_f32", NULL};
    const struct ql_kernel_call *call = call_number < 0 ? NULL : &settlement->program->calls[call_number];
    float number = 1.0f;

    if (call != NULL && ql_kernel_call_is(call, QL_KERNEL_BINARY_F32) && is_one_of(call->operations[0], scales) &&
        (ql_program_find_number(&number, settlement->program, call->buffers[1]) ||
         ql_program_find_number(&number, settlement->program, call->buffers[2])) &&
        (number < 1.0f || number > 1.0f)) {
        const struct ql_node *node = &settlement->graph->nodes[call->node];
        ql_graph_add_note(
            settlement->graph,
            "the graph scales its logits with a constant (node '%.60s', %s, %g), which acts as a temperature of "
            "its own: the temperature asked for comes on top of it",
            node->name, node->operator_name, (double)number);
    }
}

static enum ql_status settle_logits(const struct settlement *settlement, struct ql_error *error)
{
    static const char *const sigmoids[] = {"ql_sigmoid_f32", NULL};
    const int last = settlement->flow->outputs[settlement->roles->logits].last_call;
    const struct ql_kernel_call *call = last < 0 ? NULL : &settlement->program->calls[last];

    if (call != NULL &&
        (ql_kernel_call_is(call, QL_KERNEL_SOFTMAX_F32) || ql_kernel_call_is(call, QL_KERNEL_LOG_SOFTMAX_F32))) {
        note_scale(settlement, ql_program_find_maker(settlement->program, call->buffers[1]));
        return turn_back(settlement, call, error);
    }
    if (call != NULL && ql_kernel_call_is(call, QL_KERNEL_UNARY_F32) && is_one_of(call->operations[0], sigmoids)) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the output '%.60s' gives each symbol a separate probability (node '%.60s', %s), which "
                              "is not a choice of one among all. Export the model with its logits as the output",
                              output_name(settlement, settlement->roles->logits),
                              settlement->graph->nodes[call->node].name,
                              settlement->graph->nodes[call->node].operator_name);
    }
    note_scale(settlement, last);
    return QL_OK;
}

// --- Names ---

static bool set_name(char *to, const char *name)
{
    const bool fits = strlen(name) < QL_DESCRIPTOR_NAME_BYTES;
    (void)snprintf(to, QL_DESCRIPTOR_NAME_BYTES, "%s", fits ? name : "");
    return fits;
}

// Names that are too long are not written to the descriptor; whoever needs the roles finds them again.
static void name_roles(struct ql_descriptor *descriptor, const struct settlement *settlement)
{
    const struct ql_model_roles *roles = settlement->roles;
    bool fits = true;

    (void)set_name(descriptor->tokens, input_name(settlement, roles->tokens));
    (void)set_name(descriptor->logits, output_name(settlement, roles->logits));
    for (int s = 0; s < roles->state_count; s++) {
        fits = set_name(descriptor->states[s].input, input_name(settlement, roles->states[s].input)) && fits;
        fits = set_name(descriptor->states[s].output, output_name(settlement, roles->states[s].output)) && fits;
        descriptor->states[s].kind = roles->states[s].kind;
        descriptor->states[s].is_certain =
            roles->states[s].input < QL_FLOW_LIMIT && (settlement->certain >> roles->states[s].input & 1) != 0;
    }
    descriptor->state_count = fits ? roles->state_count : 0;
}

enum ql_status ql_settled_roles_init(struct ql_graph *graph, struct ql_descriptor *descriptor, struct ql_error *error)
{
    const struct ql_program_options options = {.default_size = 1, .keep_values = true};
    struct ql_model_roles roles;
    struct ql_program program = {0};
    struct ql_data_flow flow;
    const struct settlement settlement = {graph, descriptor, &roles, &program, &flow, find_certain(graph, descriptor)};
    enum ql_status status = ql_model_roles_init(&roles, graph, descriptor, error);

    if (status != QL_OK || (status = ql_program_compile(&program, graph, &options, error)) != QL_OK) {
        return status;
    }
    if (graph->input_count <= QL_FLOW_LIMIT && graph->output_count <= QL_FLOW_LIMIT &&
        (status = ql_data_flow_init(&flow, &program, error)) == QL_OK &&
        (status = check_recurrent_states(&settlement, error)) == QL_OK &&
        (status = check_dependencies(&settlement, error)) == QL_OK) {
        status = settle_logits(&settlement, error);
    }
    if (status == QL_OK) {
        name_roles(descriptor, &settlement);
    }
    ql_program_free(&program);
    return status;
}
