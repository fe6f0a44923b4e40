// Compiles a graph to a program: see program_compile.h. One pass over the nodes in their order, with all sizes known:
// each node is lowered to calls, or folded to constants; then unused calls are removed, and the memory is planned.
#include "onnx/program_compile.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx/fused_calls.h"
#include "onnx/in_place.h"
#include "onnx/lower.h"
#include "onnx/lower_node.h"
#include "onnx/memory_plan.h"
#include "onnx/operators.h"
#include "onnx/ring_cache.h"

enum {
    // What a node may add before the arrays must grow: a recurrent layer in two directions needs about 60 values, and an
    // Einsum of many operands up to 16 for each.
    NODE_ROOM = 128,
    OPERAND_ROOM = 16,
};

static const size_t default_byte_limit = (size_t)1 << 30;
static const int64_t default_work_limit = (int64_t)1 << 32;

static enum ql_status grow(void **array, int *room, int count, int more, size_t size_bytes, struct ql_error *error)
{
    if (count + more <= *room) {
        return QL_OK;
    }
    int larger = 2 * (count + more);
    void *moved = realloc(*array, (size_t)larger * size_bytes);
    if (moved == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to compile the model");
    }
    *array = moved;
    *room = larger;
    return QL_OK;
}

// Makes room for this many values and calls.
static enum ql_status make_room(struct ql_program *program, int more, struct ql_error *error)
{
    void *values = program->values;
    void *calls = program->calls;
    enum ql_status status =
        grow(&values, &program->value_room, program->value_count, more, sizeof program->values[0], error);

    program->values = values;
    if (status == QL_OK) {
        status = grow(&calls, &program->call_room, program->call_count, more, sizeof program->calls[0], error);
        program->calls = calls;
    }
    return status;
}

// --- Graph inputs and constants ---

// The binding "name", or "input:axis", or NULL.
static const struct ql_binding *find_binding(const struct ql_program_options *options, const char *name, int axis)
{
    const size_t length = strlen(name);

    for (int i = 0; i < options->binding_count; i++) {
        const char *bound = options->bindings[i].name;
        if (axis < 0 ? strcmp(bound, name) == 0
                     : strncmp(bound, name, length) == 0 && bound[length] == ':' && bound[length + 1] == '0' + axis &&
                           bound[length + 2] == '\0') {
            return &options->bindings[i];
        }
    }
    return NULL;
}

static enum ql_status bind_size(const struct ql_program_options *options, const struct ql_value *input, int axis,
                                int *size, struct ql_error *error)
{
    const char *name = input->dim_names[axis];
    const struct ql_binding *binding = find_binding(options, input->name, axis);

    if (binding == NULL && name != NULL) {
        binding = find_binding(options, name, -1);
    }
    *size = binding != NULL ? binding->size : options->default_size;
    if (*size < 1 || *size > QL_VALUE_ELEMENT_LIMIT) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the size of dimension %d (%s) of the input '%s' is not known: the model leaves it open",
                              axis, name != NULL ? name : "without a name", input->name);
    }
    return QL_OK;
}

static void set_value(struct ql_program_value *value, int index, const struct ql_value *from, const int *dims)
{
    value->type = from->type;
    value->rank = from->rank;
    value->count = 1;
    for (int axis = 0; axis < from->rank; axis++) {
        value->dims[axis] = dims[axis];
        value->count *= dims[axis];
    }
    value->bytes = (size_t)value->count * ql_element_bytes(from->type);
    value->root = index;
}

static enum ql_status add_input(struct ql_program *program, int number, const struct ql_program_options *options,
                                struct ql_error *error)
{
    const int index = program->graph->inputs[number];
    const struct ql_value *from = &program->graph->values[index];
    struct ql_program_value *value = &program->values[index];
    const struct ql_binding *binding = find_binding(options, from->name, -1);
    int dims[QL_RANK_LIMIT];
    int64_t count = 1;

    if (from->type == QL_ELEMENT_NONE || from->rank < 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the input '%s' has no shape, or is not a tensor of a supported type", from->name);
    }
    for (int axis = 0; axis < from->rank; axis++) {
        dims[axis] = from->dims[axis];
        if (dims[axis] < 0) {
            enum ql_status status = bind_size(options, from, axis, &dims[axis], error);
            if (status != QL_OK) {
                return status;
            }
        }
        // A size of 0 counts as 1, so that the product of some sizes fits in an int, whatever the others are.
        count *= dims[axis] > 0 ? dims[axis] : 1;
        if (count > QL_VALUE_ELEMENT_LIMIT) {
            return ql_error_write(error, QL_ERROR_INPUT, "the input '%s' has more than %d elements", from->name,
                                  QL_VALUE_ELEMENT_LIMIT);
        }
    }
    set_value(value, index, from, dims);
    value->storage = QL_STORAGE_INPUT;
    value->input = number;
    if (binding != NULL && binding->data != NULL) {
        value->storage = QL_STORAGE_CONSTANT;
        value->data = binding->data;
    }
    return QL_OK;
}

static enum ql_status add_graph_values(struct ql_program *program, const struct ql_program_options *options,
                                       struct ql_error *error)
{
    const struct ql_graph *graph = program->graph;

    program->value_count = graph->value_count;
    for (int i = 0; i < graph->value_count; i++) {
        const struct ql_value *from = &graph->values[i];
        struct ql_program_value *value = &program->values[i];
        *value = (struct ql_program_value){.name = from->name, .root = i};
        if (from->data != NULL) {
            set_value(value, i, from, from->dims);
            value->storage = QL_STORAGE_CONSTANT;
            value->data = from->data;
        }
    }
    for (int i = 0; i < graph->input_count; i++) {
        enum ql_status status = add_input(program, i, options, error);
        if (status != QL_OK) {
            return status;
        }
    }
    return QL_OK;
}

// --- Outputs ---

// How an output that is a view of an input is replaced.
struct detached {
    int maker; // the node that makes the value, or -1
    int view;  // the value that the calls read in its place, or -1
};

// Gives an output that is a view of an input memory of its own: a copy, made after all calls. They read the view.
static enum ql_status detach_output(struct ql_lower *lower, int output, const struct detached *detached)
{
    struct ql_program *program = lower->program;
    struct ql_program_value *value = &program->values[output];
    int strides[QL_RANK_LIMIT];

    value->root = output;
    value->offset = 0;
    value->storage = QL_STORAGE_WORKSPACE;
    lower->folding = false;
    lower->node_index = detached->maker;
    ql_lower_strides(value->rank, value->dims, strides);
    ql_lower_copy(lower, output, detached->view, value->rank, value->dims, strides, strides);
    return lower->status;
}

// An output may share the memory of an input. With several outputs, one that is a view of an input would change when
// another one is written over that input.
static enum ql_status detach_outputs(struct ql_lower *lower)
{
    struct ql_program *program = lower->program;
    const struct ql_graph *graph = program->graph;
    enum ql_status status = QL_OK;

    if (graph->output_count < 2) {
        return QL_OK;
    }
    struct detached *detached = calloc((size_t)graph->value_count + 1, sizeof detached[0]);
    if (detached == NULL || (status = make_room(program, 2 * graph->output_count, lower->error)) != QL_OK) {
        free(detached);
        return status != QL_OK
                   ? status
                   : ql_error_write(lower->error, QL_ERROR_SYSTEM, "not enough memory to compile the model");
    }
    for (int i = 0; i < graph->value_count; i++) {
        detached[i] = (struct detached){-1, -1};
    }
    for (int n = 0; n < graph->node_count; n++) {
        for (int k = 0; k < graph->nodes[n].output_count; k++) {
            if (graph->nodes[n].outputs[k] >= 0) {
                detached[graph->nodes[n].outputs[k]].maker = n;
            }
        }
    }
    for (int k = 0; k < graph->output_count; k++) {
        const int output = graph->outputs[k];
        const struct ql_program_value *value = &program->values[output];
        if (detached[output].maker >= 0 && detached[output].view < 0 &&
            ql_program_root(program, output)->storage == QL_STORAGE_INPUT) {
            detached[output].view = ql_lower_view(lower, output, value->rank, value->dims, 0);
        }
    }
    for (int n = 0; n < program->call_count; n++) {
        for (int k = 0; k < program->calls[n].kernel->buffer_count; k++) {
            int *buffer = &program->calls[n].buffers[k];
            if (*buffer >= 0 && *buffer < graph->value_count && detached[*buffer].view >= 0) {
                *buffer = detached[*buffer].view;
            }
        }
    }
    for (int k = 0; k < graph->output_count && status == QL_OK; k++) {
        const int output = graph->outputs[k];
        if (detached[output].view >= 0 && program->values[output].root != output) {
            status = detach_output(lower, output, &detached[output]);
        }
    }
    free(detached);
    return status;
}

// Returns whether another output may be written over the input that output number `number` is. Of a graph with states,
// that is so for a state that comes out as another output.
static bool is_overwritten(const struct ql_program *program, const struct ql_program_options *options, int number)
{
    const struct ql_graph *graph = program->graph;
    const int value = graph->outputs[number];

    if (program->values[value].root != value || program->values[value].storage != QL_STORAGE_INPUT) {
        return false;
    }
    for (int s = 0; s < options->state_count; s++) {
        if (graph->inputs[options->states[s].input] == value) {
            return options->states[s].output != number;
        }
    }
    return options->state_count == 0 && graph->output_count > 1;
}

// Makes a copy, after all calls, of each output that is an input by its own name and that another output may be written
// over. The copies belong to the last node.
static enum ql_status keep_inputs(struct ql_lower *lower, const struct ql_program_options *options)
{
    struct ql_program *program = lower->program;
    const struct ql_graph *graph = program->graph;
    int strides[QL_RANK_LIMIT];
    const enum ql_status status = make_room(program, graph->output_count, lower->error);

    program->results = ql_arena_take(&program->arena, (size_t)graph->output_count, sizeof program->results[0]);
    if (status != QL_OK || program->results == NULL) {
        return ql_error_write(lower->error, QL_ERROR_SYSTEM, "not enough memory to compile the model");
    }
    for (int k = 0; k < graph->output_count && lower->status == QL_OK; k++) {
        const struct ql_program_value *value = &program->values[graph->outputs[k]];
        program->results[k] = graph->outputs[k];
        if (!is_overwritten(program, options, k)) {
            continue;
        }
        if (graph->node_count == 0) {
            return ql_error_write(lower->error, QL_ERROR_INPUT, "the model computes nothing: it has no nodes");
        }
        const int copy = ql_lower_temporary(lower, value->type, value->rank, value->dims);
        program->values[copy].name = value->name;
        program->results[k] = copy;
        lower->folding = false;
        lower->node_index = graph->node_count - 1;
        ql_lower_strides(value->rank, value->dims, strides);
        ql_lower_copy(lower, copy, graph->outputs[k], value->rank, value->dims, strides, strides);
    }
    return lower->status;
}

// --- Unused calls ---

// Keeps the calls that write something that a later call reads, or an output of the graph. It goes from the last call
// to the first; the calls that are kept move to the end of the array, and then to its beginning.
static enum ql_status drop_dead_calls(struct ql_program *program, struct ql_error *error)
{
    bool *needed = calloc((size_t)program->value_count + 1, sizeof needed[0]);
    int first = program->call_count;

    if (needed == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to compile the model");
    }
    for (int i = 0; i < program->graph->output_count; i++) {
        needed[program->values[ql_program_result(program, i)].root] = true;
    }
    for (int n = program->call_count - 1; n >= 0; n--) {
        const struct ql_kernel_call *call = &program->calls[n];
        bool live = false;
        for (int k = 0; k < call->kernel->output_count; k++) {
            live = live || (call->buffers[k] >= 0 && needed[program->values[call->buffers[k]].root]);
        }
        for (int k = call->kernel->output_count; k < call->kernel->buffer_count && live; k++) {
            if (call->buffers[k] >= 0) {
                needed[program->values[call->buffers[k]].root] = true;
            }
        }
        if (live) {
            program->calls[--first] = *call;
        }
    }
    program->call_count -= first;
    memmove(program->calls, program->calls + first, (size_t)program->call_count * sizeof program->calls[0]);
    free(needed);
    return QL_OK;
}

// Names every unsupported operator of the model, each once with its first node: someone who meets another one after
// each repair gives up. A single one is left to the lowering, whose error names the node just as well.
static enum ql_status check_operators(const struct ql_graph *graph, struct ql_error *error)
{
    enum { LISTED = 16 };
    char list[QL_ERROR_MESSAGE_BYTES / 2] = "";
    const char *names[LISTED];
    int kinds = 0;

    for (int n = 0; n < graph->node_count && kinds < LISTED; n++) {
        const struct ql_node *node = &graph->nodes[n];
        bool is_new = ql_operator_find(node->operator_name, graph->opset) == NULL;
        for (int k = 0; k < kinds && is_new; k++) {
            is_new = strcmp(names[k], node->operator_name) != 0;
        }
        if (is_new) {
            const size_t length = strlen(list);
            (void)snprintf(list + length, sizeof list - length, "%s%.60s (node '%.60s'%s)", kinds == 0 ? "" : ", ",
                           node->operator_name, node->name,
                           ql_operator_flow_need(node->operator_name) != NULL ? ", left open by the model's sizes"
                                                                              : "");
            names[kinds++] = node->operator_name;
        }
    }
    return kinds < 2 ? QL_OK
                     : ql_error_write(error, QL_ERROR_INPUT,
                                      "the model has %d operators that are not supported in version %d: %s", kinds,
                                      graph->opset, list);
}

enum ql_status ql_program_compile(struct ql_program *program, const struct ql_graph *graph,
                                  const struct ql_program_options *options, struct ql_error *error)
{
    struct ql_lower lower = {
        .program = program,
        .opset = graph->opset,
        .byte_limit = options->byte_limit != 0 ? options->byte_limit : default_byte_limit,
        .work_limit = options->work_limit != 0 ? options->work_limit : default_work_limit,
        .error = error,
    };
    enum ql_status status;

    *program = (struct ql_program){.graph = graph};
    if ((status = check_operators(graph, error)) != QL_OK) {
        return status;
    }
    if ((status = make_room(program, graph->value_count, error)) != QL_OK ||
        (status = add_graph_values(program, options, error)) != QL_OK) {
        goto done;
    }
    for (int n = 0; n < graph->node_count && status == QL_OK; n++) {
        const struct ql_node *node = &graph->nodes[n];
        if ((status = make_room(program, NODE_ROOM + OPERAND_ROOM * (node->input_count + node->output_count), error)) !=
            QL_OK) {
            goto done;
        }
        lower.node = node;
        lower.node_index = n;
        lower.inputs = node->inputs;
        lower.input_count = node->input_count;
        lower.outputs = node->outputs;
        lower.output_count = node->output_count;
        ql_lower_node(&lower);
        status = lower.status;
    }
    if (status == QL_OK && (status = detach_outputs(&lower)) == QL_OK) {
        status = keep_inputs(&lower, options);
    }
    if (status == QL_OK && !options->keep_values && (status = drop_dead_calls(program, error)) == QL_OK &&
        (status = ql_fused_calls_init(program, options->states, options->state_count, error)) == QL_OK) {
        status = drop_dead_calls(program, error);
    }
    if (status == QL_OK && options->state_count > 0 && !options->keep_values &&
        (status = ql_ring_cache_init(program, options->states, options->state_count, error)) == QL_OK) {
        status = drop_dead_calls(program, error);
    }
    if (status == QL_OK) {
        status = ql_memory_plan_init(program, options->keep_values, lower.byte_limit, error);
    }
    if (status == QL_OK && options->state_count > 0 && !options->keep_values &&
        (status = ql_in_place_init(program, error)) == QL_OK) {
        status = ql_in_place_states(program, options->states, options->state_count, error);
    }
done:
    if (status != QL_OK) {
        ql_program_free(program);
    }
    return status;
}
