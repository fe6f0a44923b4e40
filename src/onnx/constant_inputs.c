// Inputs of a language model that stay the same over a text: see constant_inputs.h.
// Uses: device/cast.h.
#include "onnx/constant_inputs.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "device/cast.h"
#include "onnx/data_flow.h"
#include "onnx/program_compile.h"

// The index of the graph's input with that name, or -1.
static int find_input(const struct ql_graph *graph, const char *name)
{
    for (int k = 0; k < graph->input_count; k++) {
        if (strcmp(graph->values[graph->inputs[k]].name, name) == 0) {
            return k;
        }
    }
    return -1;
}

// The other role that the descriptor gives an input, or NULL.
static const char *find_other_role(const struct ql_descriptor *descriptor, const char *name)
{
    for (int s = 0; s < descriptor->state_count; s++) {
        if (strcmp(descriptor->states[s].input, name) == 0) {
            return "states";
        }
    }
    return strcmp(descriptor->tokens, name) == 0 ? "tokens" : NULL;
}

static enum ql_status check_names(const struct ql_graph *graph, const struct ql_descriptor *descriptor,
                                  struct ql_error *error)
{
    for (int k = 0; k < descriptor->constant_count; k++) {
        const char *name = descriptor->constants[k].input;
        const char *other = find_other_role(descriptor, name);
        if (find_input(graph, name) < 0) {
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "the model has no input '%.60s', which the descriptor's field 'constants' names",
                                  name);
        }
        if (other != NULL) {
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "the descriptor names the input '%.60s' in 'constants' and in '%s'", name, other);
        }
    }
    return QL_OK;
}

// Refuse a state that starts a recurrent layer and that an output continues: it would be reset with each token. A graph
// that does not compile without the numbers is not checked here, but when it is compiled with them.
static enum ql_status check_flow(const struct ql_graph *graph, const struct ql_descriptor *descriptor,
                                 struct ql_error *error)
{
    const struct ql_program_options options = {.default_size = 1, .keep_values = true};
    struct ql_program program;
    struct ql_data_flow flow;
    struct ql_error ignored;

    if (ql_program_compile(&program, graph, &options, &ignored) != QL_OK) {
        return QL_OK;
    }
    enum ql_status status = ql_data_flow_init(&flow, &program, error);
    for (int k = 0; k < descriptor->constant_count && status == QL_OK; k++) {
        const int input = find_input(graph, descriptor->constants[k].input);
        for (int o = 0; o < graph->output_count && status == QL_OK; o++) {
            if ((flow.outputs[o].continued >> input & 1) != 0) {
                status = ql_error_write(error, QL_ERROR_INPUT,
                                        "the descriptor's field 'constants' names '%.60s', but that is a state: the "
                                        "node '%.60s' starts with it, and the output '%.60s' continues it. Write "
                                        "\"states\": [[\"%.60s\", \"%.60s\"], ...]",
                                        descriptor->constants[k].input, graph->nodes[flow.nodes[input]].name,
                                        graph->values[graph->outputs[o]].name, descriptor->constants[k].input,
                                        graph->values[graph->outputs[o]].name);
            }
        }
    }
    ql_program_free(&program);
    return status;
}

// Fixes the open sizes of a value that holds `count` elements. False if there are no such sizes.
static bool fix_sizes(struct ql_value *value, int count)
{
    int64_t known = 1;
    int open = -1, opened = 0;

    for (int axis = 0; axis < value->rank; axis++) {
        if (value->dims[axis] >= 0) {
            known *= value->dims[axis];
        } else {
            open = open < 0 ? axis : open;
            opened++;
            value->dims[axis] = 1;
        }
        if (known > QL_DESCRIPTOR_NUMBER_LIMIT) {
            return false;
        }
    }
    if (opened == 1 && known > 0 && count % known == 0) {
        value->dims[open] = (int)(count / known);
        known = count;
    }
    return value->rank >= 0 && known == count && count > 0;
}

// True for a number that the element type can hold: exactly, unless it is a float type.
static bool has_number(enum ql_element type, double number)
{
    static const double widths[] = {[QL_ELEMENT_S8] = 0x1p7,   [QL_ELEMENT_S16] = 0x1p15, [QL_ELEMENT_S32] = 0x1p31,
                                    [QL_ELEMENT_S64] = 0x1p53, [QL_ELEMENT_U8] = 0x1p8,   [QL_ELEMENT_U16] = 0x1p16,
                                    [QL_ELEMENT_U32] = 0x1p32, [QL_ELEMENT_U64] = 0x1p53, [QL_ELEMENT_BOOL] = 0x1p1};

    switch (type) {
    case QL_ELEMENT_NONE:
        return false;
    case QL_ELEMENT_F64:
        return true;
    case QL_ELEMENT_F16:
        return fabs(number) <= 65504.0;
    case QL_ELEMENT_F32:
    case QL_ELEMENT_BF16:
        return fabs(number) <= 0x1p128 - 0x1p104;
    case QL_ELEMENT_S8:
    case QL_ELEMENT_S16:
    case QL_ELEMENT_S32:
    case QL_ELEMENT_S64:
        return number == floor(number) && number >= -widths[type] && number < widths[type];
    default:
        return number == floor(number) && number >= 0.0 && number < widths[type];
    }
}

static enum ql_status make_constant(struct ql_graph *graph, struct ql_value *value, const double *numbers, int count,
                                    struct ql_error *error)
{
    if (!fix_sizes(value, count)) {
        char shape[128] = "";
        for (int axis = 0; axis < value->rank; axis++) {
            const size_t length = strlen(shape);
            (void)snprintf(shape + length, sizeof shape - length, axis == 0 ? "%d" : ", %d", value->dims[axis]);
        }
        return ql_error_write(
            error, QL_ERROR_INPUT,
            "the descriptor's field 'constants' gives the input '%.60s' %d numbers, which do not fill "
            "its shape (%s)",
            value->name, count, shape);
    }
    for (int k = 0; k < count; k++) {
        if (!has_number(value->type, numbers[k])) {
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "the descriptor's field 'constants' gives the input '%.60s' the number %g, which its "
                                  "type, %s, does not have",
                                  value->name, numbers[k], ql_element_write(value->type));
        }
    }
    void *data = ql_arena_take(&graph->arena, (size_t)count, ql_element_bytes(value->type));
    if (data == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the input '%.60s'", value->name);
    }
    ql_cast(data, numbers, (int)value->type, QL_ELEMENT_F64, count);
    value->data = data;
    return QL_OK;
}

enum ql_status ql_constant_inputs_apply(struct ql_graph *graph, const struct ql_descriptor *descriptor,
                                        struct ql_error *error)
{
    enum ql_status status;

    if (descriptor->constant_count == 0) {
        return QL_OK;
    }
    if ((status = check_names(graph, descriptor, error)) != QL_OK ||
        (status = check_flow(graph, descriptor, error)) != QL_OK) {
        return status;
    }
    for (int k = 0; k < descriptor->constant_count && status == QL_OK; k++) {
        const int input = find_input(graph, descriptor->constants[k].input);
        status = make_constant(graph, &graph->values[graph->inputs[input]],
                               descriptor->constant_numbers + descriptor->constants[k].first,
                               descriptor->constants[k].count, error);
        memmove(graph->inputs + input, graph->inputs + input + 1,
                (size_t)(graph->input_count - input - 1) * sizeof graph->inputs[0]);
        graph->input_count--;
    }
    return status;
}
