// Finds the node at which two engines diverge: see bisection.h.
// Uses: base, onnx/graph, verify/{runner,difference}.
#include "verify/bisection.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static enum ql_status copy_inputs(struct ql_runner *right, struct ql_runner *left, struct ql_error *error)
{
    for (int i = 0; i < right->input_count; i++) {
        const struct ql_array *from = ql_array_find(left->inputs, left->input_count, right->inputs[i].name);
        if (from == NULL || from->bytes != right->inputs[i].bytes) {
            return ql_error_write(error, QL_ERROR_INPUT, "the input %s is not the same in %s and %s",
                                  right->inputs[i].name, left->name, right->name);
        }
        memcpy(right->inputs[i].data, from->data, from->bytes);
    }
    return QL_OK;
}

// Compares one value; true when it differs.
static bool compare(struct ql_bisection *bisection, const struct ql_array *left, const struct ql_array *right,
                    bool to_the_bit, double tolerance)
{
    struct ql_difference *difference = &bisection->difference;
    bool differs;

    *difference = (struct ql_difference){0};
    bisection->is_float = left->type == QL_ELEMENT_F32;
    if (bisection->is_float) {
        ql_difference_step(difference, left->data, right->data, (size_t)left->count);
        differs = to_the_bit ? difference->unequal > 0 : difference->relative > tolerance;
    } else {
        const unsigned char *a = left->data, *b = right->data;
        size_t byte = 0;
        while (byte < left->bytes && a[byte] == b[byte]) {
            byte++;
        }
        differs = byte < left->bytes;
        difference->count = (size_t)left->count;
        difference->worst = differs ? byte / (left->bytes / (size_t)left->count) : 0;
    }
    size_t rest = difference->worst;
    for (int k = left->rank - 1; k >= 0 && left->count > 0; k--) {
        bisection->worst[k] = (int)(rest % (size_t)left->dims[k]);
        rest /= (size_t)left->dims[k];
    }
    return differs;
}

enum ql_status ql_bisection_read(struct ql_bisection *bisection, const struct ql_graph *graph, struct ql_runner *left,
                                 struct ql_runner *right, bool to_the_bit, double tolerance, struct ql_error *error)
{
    enum ql_status status;

    *bisection = (struct ql_bisection){.node = -1};
    if ((status = copy_inputs(right, left, error)) != QL_OK || (status = left->step(left, error)) != QL_OK ||
        (status = right->step(right, error)) != QL_OK) {
        return status;
    }
    for (int n = 0; n < graph->node_count; n++) {
        const struct ql_node *node = &graph->nodes[n];
        bool shown = false;
        for (int k = 0; k < node->output_count; k++) {
            if (node->outputs[k] < 0) {
                continue;
            }
            const char *name = graph->values[node->outputs[k]].name;
            const struct ql_array *a = ql_array_find(left->outputs, left->output_count, name);
            const struct ql_array *b = ql_array_find(right->outputs, right->output_count, name);
            if (a == NULL || b == NULL || a->bytes != b->bytes) {
                continue;
            }
            shown = true;
            if (compare(bisection, a, b, to_the_bit, tolerance)) {
                bisection->node = n;
                bisection->output = k;
                bisection->compared++;
                return QL_OK;
            }
        }
        bisection->compared += shown;
    }
    return QL_OK;
}

// A text in the caller's memory that grows until the memory is full.
struct lines {
    char *text;
    size_t room;
};

__attribute__((format(printf, 2, 3))) static void add(struct lines *lines, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    const int size = vsnprintf(lines->text, lines->room, format, arguments);
    va_end(arguments);
    const size_t taken = size < 0 ? 0 : (size_t)size < lines->room ? (size_t)size : lines->room - 1;
    lines->text += taken;
    lines->room -= taken;
}

static void add_list(struct lines *lines, const int *numbers, int count)
{
    for (int k = 0; k < count; k++) {
        add(lines, "%s%d", k == 0 ? "" : ", ", numbers[k]);
    }
}

// The name of a value and its shape, as far as it is known.
static void add_value(struct lines *lines, const struct ql_graph *graph, struct ql_runner *left, int value)
{
    const struct ql_value *from = &graph->values[value];
    const struct ql_array *array = ql_array_find(left->outputs, left->output_count, from->name);

    if (array == NULL) {
        array = ql_array_find(left->inputs, left->input_count, from->name);
    }
    add(lines, "%s (", from->name);
    if (array != NULL) {
        add_list(lines, array->dims, array->rank);
    } else {
        add_list(lines, from->dims, from->rank < 0 ? 0 : from->rank);
    }
    add(lines, ")");
}

void ql_bisection_write(const struct ql_bisection *bisection, char *text, size_t text_bytes,
                        const struct ql_graph *graph, struct ql_runner *left, const char *right_name)
{
    struct lines lines = {text, text_bytes};

    if (bisection->node < 0) {
        add(&lines, "%d of %d nodes were compared on the same inputs, and none of them differs.", bisection->compared,
            graph->node_count);
        return;
    }
    const struct ql_node *node = &graph->nodes[bisection->node];
    const struct ql_difference *difference = &bisection->difference;
    add(&lines, "The first node that differs is number %d of %d, %s %s", bisection->node + 1, graph->node_count,
        node->operator_name, node->name);
    for (int k = 0; k < node->input_count; k++) {
        if (node->inputs[k] >= 0) {
            add(&lines, "\n    input   ");
            add_value(&lines, graph, left, node->inputs[k]);
        }
    }
    const int value = node->outputs[bisection->output];
    const struct ql_array *output = ql_array_find(left->outputs, left->output_count, graph->values[value].name);
    add(&lines, "\n    output  ");
    add_value(&lines, graph, left, value);
    add(&lines, "\n    worst   element [");
    add_list(&lines, bisection->worst, output == NULL ? 0 : output->rank);
    if (bisection->is_float) {
        add(&lines, "]: %.9g here, %.9g in %s; %zu of %zu differ", (double)difference->left, (double)difference->right,
            right_name, difference->unequal, difference->count);
    } else {
        add(&lines, "] is the first that differs");
    }
}
