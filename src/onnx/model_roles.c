// The roles of a language model's inputs and outputs: see model_roles.h.
#include "onnx/model_roles.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "onnx/data_flow.h"
#include "onnx/position_line.h"
#include "onnx/role_search.h"

static const struct ql_value *input_value(const struct ql_graph *graph, int number)
{
    return &graph->values[graph->inputs[number]];
}

static const struct ql_value *output_value(const struct ql_graph *graph, int number)
{
    return &graph->values[graph->outputs[number]];
}

static int find_named(const struct ql_graph *graph, const int *values, int count, const char *name)
{
    for (int k = 0; k < count; k++) {
        if (strcmp(graph->values[values[k]].name, name) == 0) {
            return k;
        }
    }
    return -1;
}

static bool ends_in(const struct ql_value *value, int size)
{
    return value->rank >= 1 && value->dims[value->rank - 1] == size;
}

static bool is_integer(const struct ql_value *value)
{
    return value->type == QL_ELEMENT_S64 || value->type == QL_ELEMENT_S32;
}

// True when the name contains the word, in upper or lower case.
static bool has_word(const char *name, const char *word)
{
    const size_t length = strlen(word);
    for (; name != NULL && *name != '\0'; name++) {
        size_t same = 0;
        while (same < length && tolower((unsigned char)name[same]) == word[same]) {
            same++;
        }
        if (same == length) {
            return true;
        }
    }
    return false;
}

static enum ql_status find_tokens(struct ql_model_roles *roles, const struct ql_graph *graph,
                                  const struct ql_descriptor *descriptor, struct ql_error *error)
{
    int candidates[2] = {0, 0}; // integer, one-hot
    int found[2] = {-1, -1};

    if (descriptor->tokens[0] != '\0') {
        roles->tokens = find_named(graph, graph->inputs, graph->input_count, descriptor->tokens);
        if (roles->tokens < 0) {
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "the model has no input '%s', which the descriptor's field "
                                  "'tokens' names",
                                  descriptor->tokens);
        }
        const struct ql_value *input = input_value(graph, roles->tokens);
        const int V = descriptor->vocabulary.count;
        roles->one_hot = !is_integer(input);
        if (roles->one_hot && (input->type != QL_ELEMENT_F32 || !(ends_in(input, V) || ends_in(input, -1)))) {
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "the input '%s', which the descriptor's field 'tokens' names, takes %s of type %s; "
                                  "tokens are int64 or int32, or one-hot vectors of %d floats",
                                  input->name, ends_in(input, 1) || input->rank == 0 ? "a number" : "numbers",
                                  ql_element_write(input->type), V);
        }
        return QL_OK;
    }
    for (int k = 0; k < graph->input_count; k++) {
        const struct ql_value *input = input_value(graph, k);
        bool one_hot = input->type == QL_ELEMENT_F32 && ends_in(input, descriptor->vocabulary.count);
        if (is_integer(input) || one_hot) {
            found[one_hot] = k;
            candidates[one_hot]++;
        }
    }
    roles->one_hot = candidates[0] == 0;
    roles->tokens = found[roles->one_hot];
    if (candidates[roles->one_hot] != 1) {
        return ql_error_write(
            error, QL_ERROR_INPUT,
            "%s input of the model can be the tokens: name it in the descriptor, \"tokens\": \"...\"%s",
            roles->tokens < 0 ? "no" : "more than one",
            roles->tokens < 0 ? "" : "; an input that stays the same over a text goes into \"constants\"");
    }
    return QL_OK;
}

bool ql_model_roles_is_batch(const struct ql_model_roles *roles, const struct ql_graph *graph, int axis)
{
    const char *name = input_value(graph, roles->tokens)->dim_names[axis];
    bool found = false;

    for (int k = 0; k < graph->input_count && name != NULL; k++) {
        const struct ql_value *input = input_value(graph, k);
        // A whole number beside the tokens may be their position, which has a sequence.
        for (int n = 0; n < input->rank && k != roles->tokens && input->type == QL_ELEMENT_F32; n++) {
            found = found || (input->dim_names[n] != NULL && strcmp(input->dim_names[n], name) == 0);
        }
    }
    return found;
}

static enum ql_status find_sequence_axis(struct ql_model_roles *roles, const struct ql_graph *graph,
                                         struct ql_error *error)
{
    const struct ql_value *tokens = input_value(graph, roles->tokens);
    const int axes = tokens->rank - roles->one_hot;

    if (axes < 0 || axes > 2) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the input '%s' has %d dimensions; tokens have a sequence, and perhaps a batch",
                              tokens->name, tokens->rank);
    }
    roles->sequence_axis = axes - 1 < 0 ? -1 : 0;
    if (axes == 2) {
        // Names decide; otherwise an axis that states have, too, is the batch; otherwise one fixed to 1; otherwise the
        // sequence comes first, as in PyTorch.
        const char *const *names = tokens->dim_names;
        bool second = has_word(names[0], "batch") || has_word(names[1], "seq") || has_word(names[1], "time");
        bool first = has_word(names[1], "batch") || has_word(names[0], "seq") || has_word(names[0], "time");
        if (first == second) {
            second = ql_model_roles_is_batch(roles, graph, 0);
            first = ql_model_roles_is_batch(roles, graph, 1);
        }
        if (first == second) {
            second = tokens->dims[0] == 1 && tokens->dims[1] != 1;
        }
        roles->sequence_axis = second;
    }
    return QL_OK;
}

static enum ql_status find_named_logits(struct ql_model_roles *roles, const struct ql_graph *graph,
                                        const struct ql_descriptor *descriptor, struct ql_error *error)
{
    roles->logits = find_named(graph, graph->outputs, graph->output_count, descriptor->logits);
    return roles->logits >= 0
               ? QL_OK
               : ql_error_write(error, QL_ERROR_INPUT,
                                "the model has no output '%s', which the descriptor's field 'logits' names",
                                descriptor->logits);
}

// The name of an input that is neither the tokens nor a state; "" where there is none.
static const char *first_without_role(const struct ql_model_roles *roles, const struct ql_graph *graph)
{
    for (int input = 0; input < graph->input_count; input++) {
        bool has_role = input == roles->tokens;
        for (int s = 0; s < roles->state_count; s++) {
            has_role = has_role || roles->states[s].input == input;
        }
        if (!has_role) {
            return input_value(graph, input)->name;
        }
    }
    return "";
}

static enum ql_status find_named_states(struct ql_model_roles *roles, const struct ql_graph *graph,
                                        const struct ql_descriptor *descriptor, struct ql_error *error)
{
    for (int s = 0; s < descriptor->state_count; s++) {
        const char *names[] = {descriptor->states[s].input, descriptor->states[s].output};
        const int input = find_named(graph, graph->inputs, graph->input_count, names[0]);
        const int output = find_named(graph, graph->outputs, graph->output_count, names[1]);
        if (input < 0 || output < 0 || input == roles->tokens) {
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "the model has no state from '%s' to '%s', which the descriptor's field 'states' "
                                  "names",
                                  names[0], names[1]);
        }
        for (int other = 0; other < s; other++) {
            if (roles->states[other].input == input || roles->states[other].output == output) {
                return ql_error_write(error, QL_ERROR_INPUT,
                                      "the descriptor's field 'states' names '%s' or '%s' in two pairs", names[0],
                                      names[1]);
            }
        }
        roles->states[s] = (struct ql_state_pair){input, output, descriptor->states[s].kind};
    }
    roles->state_count = descriptor->state_count;
    if (roles->state_count != graph->input_count - 1) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the descriptor's field 'states' names %d of the model's %d further inputs: '%.60s' is "
                              "not among them. Name it, too; or, if it stays the same over a text, give its numbers: "
                              "\"constants\": {\"%.60s\": [...]}",
                              roles->state_count, graph->input_count - 1, first_without_role(roles, graph),
                              first_without_role(roles, graph));
    }
    return QL_OK;
}

// Roles that the descriptor does not name follow from the graph's data flow.
static enum ql_status search_roles(struct ql_model_roles *roles, const struct ql_graph *graph,
                                   const struct ql_descriptor *descriptor, struct ql_error *error)
{
    const struct ql_program_options options = {.default_size = 1, .keep_values = true};
    enum ql_state_kind kinds[QL_FLOW_LIMIT] = {QL_STATE_REPLACE};
    struct ql_program program;
    struct ql_data_flow flow;
    enum ql_status status = ql_program_compile(&program, graph, &options, error);

    if (status != QL_OK) {
        return status;
    }
    if ((status = ql_data_flow_init(&flow, &program, error)) == QL_OK) {
        const int tokens = program.values[graph->inputs[roles->tokens]].count, V = descriptor->vocabulary.count;
        struct ql_role_search search = {
            .program = &program, .flow = &flow, .tokens = roles->tokens, .logits = roles->logits};
        const int64_t logits = roles->one_hot ? tokens : (int64_t)tokens * V;
        search.logit_count = logits <= QL_VALUE_ELEMENT_LIMIT ? (int)logits : -1; // -1: no output has so many
        search.last_count = V;
        memset(search.pairs, -1, sizeof search.pairs);
        for (int s = 0; s < roles->state_count; s++) {
            search.pairs[roles->states[s].input] = roles->states[s].output;
            kinds[roles->states[s].input] = roles->states[s].kind;
            search.taken |= 1u << roles->states[s].output;
        }
        status = ql_role_search_run(&search, error);
        roles->logits = search.logits < 0 ? 0 : search.logits; // ql_model_roles_check reports that it is not one
        roles->state_count = 0;
        for (int input = 0; input < graph->input_count && status == QL_OK; input++) {
            if (search.pairs[input] >= 0) {
                roles->states[roles->state_count++] = (struct ql_state_pair){input, search.pairs[input], kinds[input]};
            }
        }
    }
    ql_program_free(&program);
    return status;
}

enum ql_status ql_model_roles_find_tokens(struct ql_model_roles *roles, const struct ql_graph *graph,
                                          const struct ql_descriptor *descriptor, struct ql_error *error)
{
    *roles = (struct ql_model_roles){.logits = -1};
    const enum ql_status status = find_tokens(roles, graph, descriptor, error);
    return status == QL_OK ? find_sequence_axis(roles, graph, error) : status;
}

enum ql_status ql_model_roles_init(struct ql_model_roles *roles, const struct ql_graph *graph,
                                   const struct ql_descriptor *descriptor, struct ql_error *error)
{
    enum ql_status status = ql_model_roles_find_tokens(roles, graph, descriptor, error);

    if (status != QL_OK) {
        return status;
    }
    if (graph->input_count - 1 > QL_DESCRIPTOR_STATE_LIMIT) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the model has %d inputs besides the tokens; at most %d are supported",
                              graph->input_count - 1, (int)QL_DESCRIPTOR_STATE_LIMIT);
    }
    const bool names_states = descriptor->state_count > 0 || graph->input_count == 1;
    if (descriptor->logits[0] != '\0') {
        status = find_named_logits(roles, graph, descriptor, error);
    }
    if (status == QL_OK && names_states) {
        status = find_named_states(roles, graph, descriptor, error);
    }
    for (int s = 0; s < roles->state_count && status == QL_OK; s++) {
        if (roles->states[s].output == roles->logits) {
            status =
                ql_error_write(error, QL_ERROR_INPUT, "the descriptor names the output '%s' as logits and as a state",
                               output_value(graph, roles->logits)->name);
        }
    }
    if (status == QL_OK && (roles->logits < 0 || !names_states)) {
        status = search_roles(roles, graph, descriptor, error);
    }
    return status;
}

// A counter is one whole number; entries are along the axis before the last.
static bool fits_kind(enum ql_state_kind kind, const struct ql_program_value *value)
{
    switch (kind) {
    case QL_STATE_APPEND:
        return value->rank >= 2;
    case QL_STATE_COUNTER:
        return value->type == QL_ELEMENT_S64 && value->count == 1;
    default:
        return true;
    }
}

// Writes "(1, 8, 4)".
static void write_shape(char *text, size_t room, const struct ql_program_value *value)
{
    size_t length = 0;

    for (int axis = 0; axis < value->rank && length < room; axis++) {
        length += (size_t)snprintf(text + length, room - length, "%s%d", axis == 0 ? "(" : ", ", value->dims[axis]);
    }
    (void)snprintf(text + length, room - length, value->rank == 0 ? "()" : ")");
}

static enum ql_status check_state(const struct ql_program_value *input, const struct ql_program_value *output,
                                  enum ql_state_kind kind, struct ql_error *error)
{
    char before[QL_RANK_LIMIT * 16], after[QL_RANK_LIMIT * 16];

    const bool can_be = input->type == QL_ELEMENT_F32 || input->type == QL_ELEMENT_S64 || input->type == QL_ELEMENT_S32;
    if (input->type != output->type || !can_be) {
        return ql_error_write(
            error, QL_ERROR_INPUT,
            "the state that goes in as '%.200s' in %s comes out as '%.200s' in %s, but a state is "
            "float, int64 or int32 on both sides. Export it in one of these types, or correct the pairs in "
            "the descriptor's field 'states'",
            input->name, ql_element_write(input->type), output->name, ql_element_write(output->type));
    }
    if (input->rank != output->rank ||
        memcmp(input->dims, output->dims, (size_t)input->rank * sizeof input->dims[0]) != 0) {
        write_shape(before, sizeof before, input);
        write_shape(after, sizeof after, output);
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the state that goes in as '%.200s' with the shape %s comes out as '%.200s' with %s, but "
                              "a state keeps its shape from token to token. If it grows with the text, export the "
                              "model with a cache of a fixed length; otherwise correct the pairs in the descriptor's "
                              "field 'states'",
                              input->name, before, output->name, after);
    }
    if (!fits_kind(kind, input)) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the descriptor's field 'states' calls '%s' \"%s\", which it cannot be: a counter is "
                              "one int64, and a state to which entries are appended has at least two dimensions",
                              input->name, ql_state_kind_write(kind));
    }
    return QL_OK;
}

// `rows`: the tokens after which there are logits.
static enum ql_status check_shapes(const struct ql_model_roles *roles, const struct ql_program *program,
                                   const struct ql_descriptor *descriptor, int sequence, int rows,
                                   struct ql_error *error)
{
    const struct ql_graph *graph = program->graph;
    const struct ql_program_value *tokens = &program->values[graph->inputs[roles->tokens]];
    const struct ql_program_value *logits = &program->values[graph->outputs[roles->logits]];
    const int V = descriptor->vocabulary.count;

    if (tokens->count != sequence * (roles->one_hot ? V : 1)) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the input '%s' takes %d numbers, not %d tokens of one stream: export the model with an "
                              "open sequence, or with sequence 1, and batch 1",
                              tokens->name, tokens->count, sequence);
    }
    if (logits->type != QL_ELEMENT_F32 || logits->count != rows * V) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the output '%s' has %d numbers of type %s; %d logits for each of %d tokens are %d "
                              "floats: is the vocabulary that of this model?",
                              logits->name, logits->count, ql_element_write(logits->type), V, sequence, sequence * V);
    }
    for (int s = 0; s < roles->state_count; s++) {
        const struct ql_program_value *input = &program->values[graph->inputs[roles->states[s].input]];
        const struct ql_program_value *output = &program->values[graph->outputs[roles->states[s].output]];
        const enum ql_status status = check_state(input, output, roles->states[s].kind, error);
        if (status != QL_OK) {
            return status;
        }
    }
    return QL_OK;
}

// A counter is used as the number of the text's tokens, however long the text is, so no number of trials is enough.
static enum ql_status check_counter(const struct ql_program *program, struct ql_state_pair state, int sequence,
                                    struct ql_error *error)
{
    const struct ql_graph *graph = program->graph;
    const int output = graph->outputs[state.output], maker = ql_program_find_maker(program, output);
    const char *from = input_value(graph, state.input)->name, *to = output_value(graph, state.output)->name;
    char place[2 * QL_DESCRIPTOR_NAME_BYTES] = "";
    bool counts;
    const enum ql_status status = ql_position_counts(&counts, program, state, sequence, error);

    if (status != QL_OK || counts) {
        return status;
    }
    if (maker >= 0) {
        const struct ql_node *node = &graph->nodes[program->calls[maker].node];
        (void)snprintf(place, sizeof place, " (node '%.60s', %.60s)", node->name, node->operator_name);
    }
    return ql_error_write(
        error, QL_ERROR_INPUT,
        "the descriptor's field 'states' calls '%.60s' \"counter\", but the graph does not always add "
        "one to it%s. A position that stops or starts over is an ordinary state: leave the word out, "
        "[\"%.60s\", \"%.60s\"]",
        from, place, from, to);
}

enum ql_status ql_model_roles_check(const struct ql_model_roles *roles, const struct ql_program *program,
                                    const struct ql_descriptor *descriptor, int sequence, struct ql_error *error)
{
    enum ql_status status = check_shapes(roles, program, descriptor, sequence, sequence, error);

    for (int s = 0; s < roles->state_count && status == QL_OK; s++) {
        if (roles->states[s].kind == QL_STATE_COUNTER) {
            status = check_counter(program, roles->states[s], sequence, error);
        }
    }
    return status;
}

enum ql_status ql_model_roles_check_window(int *rows, const struct ql_model_roles *roles,
                                           const struct ql_program *program, const struct ql_descriptor *descriptor,
                                           int W, struct ql_error *error)
{
    const struct ql_program_value *logits = &program->values[program->graph->outputs[roles->logits]];

    *rows = logits->count == descriptor->vocabulary.count ? 1 : W;
    return check_shapes(roles, program, descriptor, W, *rows, error);
}

void ql_model_roles_layout(struct ql_state_layout *layout, const struct ql_model_roles *roles,
                           const struct ql_program *program)
{
    _Static_assert((int)QL_DESCRIPTOR_STATE_LIMIT <= (int)QL_STATE_PART_LIMIT, "a layout has room for all states");
    _Static_assert((int)QL_RANK_LIMIT <= (int)QL_STATE_RANK_LIMIT, "and for their dimensions");
    _Static_assert((int)QL_DESCRIPTOR_STATE_LIMIT < (int)QL_FLOW_LIMIT, "the flow of all, and of tokens, can be told");

    *layout = (struct ql_state_layout){0};
    for (int s = 0; s < roles->state_count; s++) {
        const struct ql_state_pair state = roles->states[s];
        const struct ql_program_value *value = &program->values[program->graph->inputs[state.input]];
        struct ql_state_part part = {.name = value->name,
                                     .output = program->values[program->graph->outputs[state.output]].name,
                                     .layer = -1,
                                     .kind = state.kind,
                                     .type = value->type,
                                     .rank = value->rank};
        memcpy(part.dims, value->dims, (size_t)value->rank * sizeof part.dims[0]);
        (void)ql_state_layout_add(layout, part);
    }
}

struct ql_binding ql_model_roles_binding(const struct ql_model_roles *roles, const struct ql_graph *graph, int sequence,
                                         char *name)
{
    const int axis = roles->sequence_axis < 0 ? 0 : roles->sequence_axis;
    const struct ql_value *tokens = input_value(graph, roles->tokens);

    // A symbolic name fixes the same size of other inputs, too.
    if (tokens->dim_names[axis] != NULL) {
        return (struct ql_binding){.name = tokens->dim_names[axis], .size = sequence};
    }
    (void)snprintf(name, QL_ROLE_NAME_BYTES, "%.255s:%d", tokens->name, axis);
    return (struct ql_binding){.name = name, .size = sequence};
}
