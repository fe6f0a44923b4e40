// What the graph's outputs are computed from: see data_flow.h.
// The first pass over the calls gives every float its origin: an input's element, a step of a recurrent layer, or the
// call that computed it. The second pass gives every value the sets of inputs and outputs that it depends on.
#include "onnx/data_flow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "onnx/recurrent_call.h"

// The origin of an element: element `element` of a root of the program, or of slot number `source - value_count`.
struct origin {
    int source, element;
};

// A state of a recurrent call: it starts with one buffer and is continued by others.
struct slot {
    int call;
    int start; // the program's value, or -1
    int ends[2];
};

// The sets of a root.
struct sets {
    uint32_t inputs, updates, outputs, nearby;
    uint32_t content; // the outputs that have elements of it
};

struct reader {
    const struct ql_program *program;
    struct origin **origins; // of each root of floats that is not a constant; NULL for others
    struct slot *slots;
    struct sets *sets; // of each root
    int *makers;       // of each root: the last call that writes it, apart from copies, or -1
    int slot_count;
};

static int root_of(const struct reader *reader, int value)
{
    return reader->program->values[value].root;
}

// The origins of a value's elements, or NULL.
static struct origin *origins_of(const struct reader *reader, int value)
{
    struct origin *origins = value < 0 ? NULL : reader->origins[root_of(reader, value)];
    return origins == NULL ? NULL : origins + reader->program->values[value].offset / sizeof(float);
}

// --- Origins ---

static void follow_copy(const struct reader *reader, const struct ql_kernel_call *call)
{
    struct origin *y = origins_of(reader, call->buffers[0]);
    const struct origin *x = origins_of(reader, call->buffers[1]);
    const int rank = call->ints[1];
    const int *dims = call->arrays[0];
    int count = 1;

    if (y == NULL || x == NULL) {
        return;
    }
    for (int axis = 0; axis < rank; axis++) {
        count *= dims[axis];
    }
    for (int k = 0; k < count; k++) {
        int at_y = 0, at_x = 0;
        for (int axis = rank - 1, rest = k; axis >= 0; rest /= dims[axis--]) {
            at_y += rest % dims[axis] * call->arrays[1][axis];
            at_x += rest % dims[axis] * call->arrays[2][axis];
        }
        y[at_y] = x[at_x];
    }
}

// Gathers rows whose indices are known.
static void follow_gather(const struct reader *reader, const struct ql_kernel_call *call)
{
    struct origin *y = origins_of(reader, call->buffers[0]);
    const struct origin *x = origins_of(reader, call->buffers[1]);
    const struct ql_program_value *indices = &reader->program->values[call->buffers[2]];
    const struct ql_program_value *root = &reader->program->values[indices->root];
    const int outer = call->ints[1], axis_size = call->ints[2], inner = call->ints[3], count = call->ints[4];

    if (y == NULL || x == NULL || root->storage != QL_STORAGE_CONSTANT) {
        return;
    }
    const int64_t *numbers = (const int64_t *)root->data + indices->offset / sizeof(int64_t);
    for (int o = 0; o < outer; o++) {
        for (int k = 0; k < count; k++) {
            const int64_t row = numbers[k] < 0 ? numbers[k] + axis_size : numbers[k];
            for (int i = 0; i < inner && row >= 0 && row < axis_size; i++) {
                y[(o * count + k) * inner + i] = x[(o * axis_size + row) * inner + i];
            }
        }
    }
}

static void set_slot(struct reader *reader, int call, int start, int end, int also)
{
    const struct ql_program *program = reader->program;
    const int number = program->value_count + reader->slot_count;
    const int count = end < 0 ? 0 : program->values[end].count;

    for (int k = 0; k < count; k++) {
        struct origin *origins[] = {origins_of(reader, end), origins_of(reader, also)};
        for (int place = 0; place < 2; place++) {
            if (origins[place] != NULL) {
                origins[place][k] = (struct origin){number, k};
            }
        }
    }
    reader->slots[reader->slot_count++] = (struct slot){.call = call, .start = start, .ends = {end, also}};
}

static void follow_calls(struct reader *reader)
{
    const struct ql_program *program = reader->program;

    for (int n = 0; n < program->call_count; n++) {
        const struct ql_kernel_call *call = &program->calls[n];
        const bool moves = call->kernel == &ql_kernels[QL_KERNEL_COPY] || call->kernel == &ql_kernels[QL_KERNEL_GATHER];
        for (int k = 0; k < call->kernel->output_count && !moves; k++) {
            if (call->buffers[k] >= 0) {
                reader->makers[root_of(reader, call->buffers[k])] = n;
            }
        }
        if (call->kernel == &ql_kernels[QL_KERNEL_COPY]) {
            follow_copy(reader, call);
        } else if (call->kernel == &ql_kernels[QL_KERNEL_GATHER]) {
            follow_gather(reader, call);
        }
        const struct ql_recurrent_states *states = ql_recurrent_states_find(call);
        for (int k = 0; states != NULL && k < states->count; k++) {
            // Of one step, Y is the hidden state.
            const int y = k == 0 && call->ints[0] == 1 ? call->buffers[states->sequence] : -1;
            set_slot(reader, n, call->buffers[states->starts[k]], call->buffers[states->ends[k]], y);
        }
    }
}

// Goes from a step of a recurrent layer back to its initial state, through further layers if necessary. False if that
// is not an input of the graph.
static bool find_start(const struct reader *reader, struct origin *origin)
{
    const struct ql_program *program = reader->program;

    for (int steps = 0; origin->source >= program->value_count && steps <= reader->slot_count; steps++) {
        const struct origin *start = origins_of(reader, reader->slots[origin->source - program->value_count].start);
        if (start == NULL) {
            return false;
        }
        *origin = start[origin->element];
    }
    return origin->source < program->value_count && program->values[origin->source].storage == QL_STORAGE_INPUT;
}

// --- Sets ---

// True for a kernel whose result depends, at each place, only on its inputs' elements at that place.
static bool is_elementwise(const struct ql_kernel_call *call)
{
    static const enum ql_kernel_id kernels[] = {QL_KERNEL_UNARY_F32,  QL_KERNEL_BINARY_F32,  QL_KERNEL_COMPARE_F32,
                                                QL_KERNEL_UNARY_BOOL, QL_KERNEL_BINARY_BOOL, QL_KERNEL_WHERE,
                                                QL_KERNEL_COPY,       QL_KERNEL_CAST,        QL_KERNEL_GATHER,
                                                QL_KERNEL_UNARY_F64,  QL_KERNEL_BINARY_F64};

    for (size_t k = 0; k < sizeof kernels / sizeof kernels[0]; k++) {
        if (call->kernel == &ql_kernels[kernels[k]]) {
            return true;
        }
    }
    return false;
}

// True for a product with zeros, which depends on nothing.
static bool is_nothing(const struct ql_program *program, const struct ql_kernel_call *call)
{
    bool has_zeros = false;

    for (int k = 1; k < 3 && call->kernel == &ql_kernels[QL_KERNEL_BINARY_F32]; k++) {
        float number = 1.0f;
        has_zeros =
            has_zeros || (ql_program_find_number(&number, program, call->buffers[k]) && fpclassify(number) == FP_ZERO);
    }
    return has_zeros && strcmp(call->operations[0]->name, "ql_mul_f32") == 0;
}

static void spread_sets(struct reader *reader)
{
    const struct ql_program *program = reader->program;

    for (int n = 0; n < program->call_count; n++) {
        const struct ql_kernel_call *call = &program->calls[n];
        const bool elementwise = is_elementwise(call);
        struct sets sum = {0};
        const bool nothing = is_nothing(program, call);
        for (int k = call->kernel->output_count; k < call->kernel->buffer_count; k++) {
            if (call->buffers[k] < 0 || nothing) {
                continue;
            }
            const struct sets *from = &reader->sets[root_of(reader, call->buffers[k])];
            sum.inputs |= from->inputs;
            sum.outputs |= from->outputs | from->content;
            sum.updates |= elementwise && from->content == 0 ? from->updates : 0;
            sum.nearby |= elementwise ? from->nearby | from->content : 0;
        }
        for (int k = 0; k < call->kernel->output_count; k++) {
            if (call->buffers[k] >= 0) {
                struct sets *to = &reader->sets[root_of(reader, call->buffers[k])];
                to->inputs |= sum.inputs;
                to->outputs |= sum.outputs;
                to->updates |= sum.updates;
                to->nearby |= sum.nearby;
            }
        }
    }
}

// --- Outputs ---

// Marks the roots whose elements an output has.
static void mark_content(struct reader *reader, int o)
{
    const struct ql_program *program = reader->program;
    const int value = program->graph->outputs[o];
    const struct origin *origins = origins_of(reader, value);

    reader->sets[root_of(reader, value)].content |= 1u << o;
    for (int k = 0; origins != NULL && k < program->values[value].count; k++) {
        if (origins[k].source < program->value_count) {
            reader->sets[origins[k].source].content |= 1u << o;
            continue;
        }
        const struct slot *slot = &reader->slots[origins[k].source - program->value_count];
        for (int end = 0; end < 2; end++) {
            if (slot->ends[end] >= 0) {
                reader->sets[root_of(reader, slot->ends[end])].content |= 1u << o;
            }
        }
    }
    for (int i = 0; i < program->graph->input_count; i++) {
        // An input that an output repeats stays an input to whoever reads it.
        reader->sets[root_of(reader, program->graph->inputs[i])].content = 0;
    }
}

// True for a value in the memory of the Y of a slot's layer.
static bool is_part_of_sequence(const struct reader *reader, int value, int source)
{
    const int y = reader->slots[source - reader->program->value_count].ends[1];
    return y >= 0 && root_of(reader, y) == root_of(reader, value);
}

static void describe_output(const struct reader *reader, struct ql_flow_output *output, int o)
{
    const struct ql_program *program = reader->program;
    const int value = program->graph->outputs[o];
    const struct ql_program_value *v = &program->values[value];
    const struct origin *origins = origins_of(reader, value);
    struct sets sum = reader->sets[root_of(reader, value)];
    int maker = -1, same = -1;

    *output = (struct ql_flow_output){.continues = -1, .last_call = -1, .is_copy = origins != NULL && v->count > 0};
    for (int k = 0; origins != NULL && k < v->count; k++) {
        struct origin origin = origins[k];
        const bool computed =
            origin.source < program->value_count && program->values[origin.source].storage != QL_STORAGE_INPUT;
        const bool is_step = origin.source >= program->value_count;
        const int made = computed ? reader->makers[origin.source] : -1;
        output->is_copy = output->is_copy && !computed && !is_step;
        if (computed) {
            sum.updates |= reader->sets[origin.source].updates;
            sum.nearby |= reader->sets[origin.source].nearby;
        }
        maker = k == 0 ? made : maker == made ? maker : -1;
        output->is_sequence = output->is_sequence || (is_step && is_part_of_sequence(reader, value, origin.source));
        // Elements that stay unchanged, next to those that a layer continues, are in their place, too.
        const bool started = find_start(reader, &origin);
        const int input = started ? program->values[origin.source].input : -1;
        output->continued |= is_step && started ? 1u << input : 0;
        same = k == 0 ? input : same;
        same = same == input && origin.element == k ? same : -1;
    }
    if (same >= 0 && output->continued != 0 && program->values[program->graph->inputs[same]].count == v->count) {
        output->continues = same;
    }
    output->last_call = maker;
    output->inputs = sum.inputs;
    output->updates = sum.updates;
    output->outputs = sum.outputs & ~(1u << o);
    output->nearby = sum.nearby & ~(1u << o);
}

static enum ql_status take_memory(struct reader *reader, struct ql_error *error)
{
    const struct ql_program *program = reader->program;
    const size_t values = (size_t)program->value_count + 1;

    reader->origins = calloc(values, sizeof(struct origin *));
    reader->sets = calloc(values, sizeof reader->sets[0]);
    reader->makers = calloc(values, sizeof reader->makers[0]);
    reader->slots = calloc(2 * (size_t)program->call_count + 1, sizeof reader->slots[0]);
    bool taken = reader->origins != NULL && reader->sets != NULL && reader->makers != NULL && reader->slots != NULL;
    for (int i = 0; i < program->value_count && taken; i++) {
        const struct ql_program_value *value = &program->values[i];
        reader->makers[i] = -1;
        if (value->root != i || value->type != QL_ELEMENT_F32 ||
            (value->storage != QL_STORAGE_INPUT && value->storage != QL_STORAGE_WORKSPACE)) {
            continue;
        }
        reader->origins[i] = calloc((size_t)value->count + 1, sizeof reader->origins[i][0]);
        taken = reader->origins[i] != NULL;
        for (int k = 0; k < value->count && taken; k++) {
            reader->origins[i][k] = (struct origin){i, k};
        }
    }
    return taken ? QL_OK : ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to follow the model's data");
}

static void free_memory(struct reader *reader)
{
    for (int i = 0; reader->origins != NULL && i < reader->program->value_count; i++) {
        free(reader->origins[i]);
    }
    free(reader->origins);
    free(reader->sets);
    free(reader->makers);
    free(reader->slots);
}

static void find_starts(const struct reader *reader, struct ql_data_flow *flow)
{
    const struct ql_program *program = reader->program;

    for (int s = 0; s < reader->slot_count; s++) {
        const struct slot *slot = &reader->slots[s];
        const struct origin *start = origins_of(reader, slot->start);
        for (int k = 0; start != NULL && k < program->values[slot->start].count; k++) {
            if (start[k].source < program->value_count &&
                program->values[start[k].source].storage == QL_STORAGE_INPUT) {
                const int input = program->values[start[k].source].input;
                flow->starts |= 1u << input;
                flow->nodes[input] = program->calls[slot->call].node;
            }
        }
    }
}

enum ql_status ql_data_flow_init(struct ql_data_flow *flow, const struct ql_program *program, struct ql_error *error)
{
    const struct ql_graph *graph = program->graph;
    struct reader reader = {.program = program};

    *flow = (struct ql_data_flow){.output_count = graph->output_count};
    if (graph->input_count > QL_FLOW_LIMIT || graph->output_count > QL_FLOW_LIMIT) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the model has %d inputs and %d outputs; with more than %d, name what is what in the "
                              "descriptor: \"tokens\", \"logits\" and \"states\"",
                              graph->input_count, graph->output_count, (int)QL_FLOW_LIMIT);
    }
    enum ql_status status = take_memory(&reader, error);
    if (status == QL_OK) {
        follow_calls(&reader);
        find_starts(&reader, flow);
        for (int o = 0; o < graph->output_count; o++) {
            mark_content(&reader, o);
        }
        for (int i = 0; i < graph->input_count; i++) {
            struct sets *sets = &reader.sets[root_of(&reader, graph->inputs[i])];
            sets->inputs = sets->updates = 1u << i;
        }
        spread_sets(&reader);
        for (int o = 0; o < graph->output_count; o++) {
            describe_output(&reader, &flow->outputs[o], o);
        }
    }
    free_memory(&reader);
    return status;
}
