// A computation as a graph: see graph.h. Arrays grow by moving to a piece of the arena that is twice as large.
#include "onnx/graph.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    size_t bytes;
} elements[] = {
    [QL_ELEMENT_NONE] = {"none", 0},   [QL_ELEMENT_F32] = {"float", 4},     [QL_ELEMENT_F64] = {"double", 8},
    [QL_ELEMENT_F16] = {"float16", 2}, [QL_ELEMENT_BF16] = {"bfloat16", 2}, [QL_ELEMENT_S64] = {"int64", 8},
    [QL_ELEMENT_S32] = {"int32", 4},   [QL_ELEMENT_S16] = {"int16", 2},     [QL_ELEMENT_S8] = {"int8", 1},
    [QL_ELEMENT_U64] = {"uint64", 8},  [QL_ELEMENT_U32] = {"uint32", 4},    [QL_ELEMENT_U16] = {"uint16", 2},
    [QL_ELEMENT_U8] = {"uint8", 1},    [QL_ELEMENT_BOOL] = {"bool", 1},
};

size_t ql_element_bytes(enum ql_element type)
{
    return elements[type].bytes;
}

const char *ql_element_write(enum ql_element type)
{
    return elements[type].name;
}

static void *copy(struct ql_arena *arena, const void *from, size_t count, size_t size_bytes)
{
    void *to = ql_arena_take(arena, count, size_bytes);
    if (to != NULL && count > 0) {
        memcpy(to, from, count * size_bytes);
    }
    return to;
}

static const char *copy_text(struct ql_arena *arena, const char *text)
{
    const char *to = copy(arena, text, strlen(text) + 1, 1);
    return to != NULL ? to : "";
}

// Makes room for one more element. When there is not enough memory it returns false, and the array is unchanged.
static bool grow(struct ql_arena *arena, void **array, int *room, int count, size_t size_bytes)
{
    if (count < *room) {
        return true;
    }
    int larger = *room == 0 ? 16 : 2 * *room;
    void *moved = larger > 2 * QL_GRAPH_VALUE_LIMIT ? NULL : ql_arena_take(arena, (size_t)larger, size_bytes);
    if (moved == NULL) {
        arena->exhausted = true;
        return false;
    }
    if (count > 0) {
        memcpy(moved, *array, (size_t)count * size_bytes);
    }
    *array = moved;
    *room = larger;
    return true;
}

void ql_graph_init(struct ql_graph *graph, const char *name, int opset)
{
    graph->name = copy_text(&graph->arena, name);
    graph->opset = opset;
}

void ql_graph_free(struct ql_graph *graph)
{
    ql_arena_free(&graph->arena);
    *graph = (struct ql_graph){0};
}

int ql_graph_add_value(struct ql_graph *graph, const char *name, enum ql_element type, int rank, const int *dims,
                       const void *data)
{
    struct ql_arena *arena = &graph->arena;
    void *array = graph->values;

    assert(rank <= QL_RANK_LIMIT);
    if (!grow(arena, &array, &graph->value_room, graph->value_count, sizeof graph->values[0])) {
        return 0;
    }
    graph->values = array;
    struct ql_value *value = &graph->values[graph->value_count];
    *value = (struct ql_value){.name = copy_text(arena, name), .type = type, .rank = rank};
    size_t count = 1;
    for (int axis = 0; axis < rank; axis++) {
        value->dims[axis] = dims[axis];
        count *= data != NULL ? (size_t)dims[axis] : 1;
    }
    if (data != NULL) {
        value->data = copy(arena, data, count, ql_element_bytes(type));
    }
    return graph->value_count++;
}

int ql_graph_add_node(struct ql_graph *graph, const char *operator_name, const char *name, const int *inputs,
                      int input_count, const int *outputs, int output_count)
{
    struct ql_arena *arena = &graph->arena;
    void *array = graph->nodes;

    if (!grow(arena, &array, &graph->node_room, graph->node_count, sizeof graph->nodes[0])) {
        return 0;
    }
    graph->nodes = array;
    int *copied_inputs = copy(arena, inputs, (size_t)input_count, sizeof inputs[0]);
    int *copied_outputs = copy(arena, outputs, (size_t)output_count, sizeof outputs[0]);
    graph->nodes[graph->node_count] = (struct ql_node){
        .name = copy_text(arena, name),
        .operator_name = copy_text(arena, operator_name),
        .input_count = copied_inputs != NULL ? input_count : 0,
        .output_count = copied_outputs != NULL ? output_count : 0,
        .inputs = copied_inputs,
        .outputs = copied_outputs,
    };
    return graph->node_count++;
}

static void add_attribute(struct ql_graph *graph, const struct ql_attribute *attribute)
{
    if (graph->arena.exhausted || graph->node_count == 0) {
        return;
    }
    struct ql_node *node = &graph->nodes[graph->node_count - 1];
    struct ql_attribute *larger =
        ql_arena_take(&graph->arena, (size_t)node->attribute_count + 1, sizeof node->attributes[0]);
    if (larger == NULL) {
        return;
    }
    if (node->attribute_count > 0) {
        memcpy(larger, node->attributes, (size_t)node->attribute_count * sizeof larger[0]);
    }
    larger[node->attribute_count] = *attribute;
    larger[node->attribute_count++].name = copy_text(&graph->arena, attribute->name);
    node->attributes = larger;
}

void ql_graph_add_int(struct ql_graph *graph, const char *name, int64_t value)
{
    int64_t *values = copy(&graph->arena, &value, 1, sizeof value);
    add_attribute(graph, &(struct ql_attribute){.name = name, .kind = QL_ATTRIBUTE_INT, .count = 1, .ints = values});
}

void ql_graph_add_ints(struct ql_graph *graph, const char *name, const int64_t *values, int count)
{
    add_attribute(graph, &(struct ql_attribute){.name = name,
                                                .kind = QL_ATTRIBUTE_INTS,
                                                .count = count,
                                                .ints = copy(&graph->arena, values, (size_t)count, sizeof values[0])});
}

void ql_graph_add_float(struct ql_graph *graph, const char *name, float value)
{
    float *values = copy(&graph->arena, &value, 1, sizeof value);
    add_attribute(graph,
                  &(struct ql_attribute){.name = name, .kind = QL_ATTRIBUTE_FLOAT, .count = 1, .floats = values});
}

void ql_graph_add_floats(struct ql_graph *graph, const char *name, const float *values, int count)
{
    add_attribute(graph,
                  &(struct ql_attribute){.name = name,
                                         .kind = QL_ATTRIBUTE_FLOATS,
                                         .count = count,
                                         .floats = copy(&graph->arena, values, (size_t)count, sizeof values[0])});
}

static void add_strings(struct ql_graph *graph, const char *name, enum ql_attribute_kind kind,
                        const char *const *values, int count)
{
    const char **strings = ql_arena_take(&graph->arena, (size_t)count, sizeof strings[0]);
    for (int i = 0; i < count && strings != NULL; i++) {
        strings[i] = copy_text(&graph->arena, values[i]);
    }
    add_attribute(graph, &(struct ql_attribute){.name = name, .kind = kind, .count = count, .strings = strings});
}

void ql_graph_add_string(struct ql_graph *graph, const char *name, const char *value)
{
    add_strings(graph, name, QL_ATTRIBUTE_STRING, &value, 1);
}

void ql_graph_add_strings(struct ql_graph *graph, const char *name, const char *const *values, int count)
{
    add_strings(graph, name, QL_ATTRIBUTE_STRINGS, values, count);
}

void ql_graph_add_tensor(struct ql_graph *graph, const char *name, enum ql_element type, int rank, const int *dims,
                         const void *data)
{
    struct ql_value *tensor = ql_arena_take(&graph->arena, 1, sizeof *tensor);
    size_t count = 1;

    assert(rank <= QL_RANK_LIMIT);
    if (tensor != NULL) {
        *tensor = (struct ql_value){.name = "", .type = type, .rank = rank};
        for (int axis = 0; axis < rank; axis++) {
            tensor->dims[axis] = dims[axis];
            count *= (size_t)dims[axis];
        }
        tensor->data = copy(&graph->arena, data, count, ql_element_bytes(type));
        add_attribute(graph,
                      &(struct ql_attribute){.name = name, .kind = QL_ATTRIBUTE_TENSOR, .count = 1, .tensor = tensor});
    }
}

void ql_graph_add_input(struct ql_graph *graph, int value)
{
    void *array = graph->inputs;
    if (grow(&graph->arena, &array, &graph->input_room, graph->input_count, sizeof graph->inputs[0])) {
        graph->inputs = array;
        graph->inputs[graph->input_count++] = value;
    }
}

void ql_graph_add_output(struct ql_graph *graph, int value)
{
    void *array = graph->outputs;
    if (grow(&graph->arena, &array, &graph->output_room, graph->output_count, sizeof graph->outputs[0])) {
        graph->outputs = array;
        graph->outputs[graph->output_count++] = value;
    }
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static enum ql_status check_names(const struct ql_graph *graph, struct ql_error *error)
{
    size_t count = (size_t)graph->value_count;
    const char **names = malloc((count + 1) * sizeof names[0]);
    enum ql_status status = QL_OK;

    if (names == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the names of %zu values", count);
    }
    for (size_t i = 0; i < count; i++) {
        names[i] = graph->values[i].name;
    }
    qsort(names, count, sizeof names[0], compare_names);
    for (size_t i = 1; i < count && status == QL_OK; i++) {
        if (strcmp(names[i - 1], names[i]) == 0) {
            status = ql_error_write(error, QL_ERROR_INPUT, "two values have the name '%s'", names[i]);
        }
    }
    free(names);
    return status;
}

// Goes through the nodes in order, with a flag for every value that is already defined.
static enum ql_status check_order(const struct ql_graph *graph, bool *there, struct ql_error *error)
{
    for (int i = 0; i < graph->value_count; i++) {
        there[i] = graph->values[i].data != NULL;
    }
    for (int i = 0; i < graph->input_count; i++) {
        if (there[graph->inputs[i]]) {
            return ql_error_write(error, QL_ERROR_INPUT, "the input '%s' is given twice, or is a constant too",
                                  graph->values[graph->inputs[i]].name);
        }
        there[graph->inputs[i]] = true;
    }
    for (int n = 0; n < graph->node_count; n++) {
        const struct ql_node *node = &graph->nodes[n];
        for (int i = 0; i < node->input_count; i++) {
            if (node->inputs[i] >= 0 && !there[node->inputs[i]]) {
                return ql_error_write(error, QL_ERROR_INPUT,
                                      "node '%s' (%s) uses '%s' before it is made: the nodes form a cycle, or are "
                                      "not in the order that ONNX demands",
                                      node->name, node->operator_name, graph->values[node->inputs[i]].name);
            }
        }
        for (int i = 0; i < node->output_count; i++) {
            if (node->outputs[i] >= 0 && there[node->outputs[i]]) {
                return ql_error_write(error, QL_ERROR_INPUT, "node '%s' (%s) makes '%s', which is there already",
                                      node->name, node->operator_name, graph->values[node->outputs[i]].name);
            }
            if (node->outputs[i] >= 0) {
                there[node->outputs[i]] = true;
            }
        }
    }
    for (int i = 0; i < graph->output_count; i++) {
        if (!there[graph->outputs[i]]) {
            return ql_error_write(error, QL_ERROR_INPUT, "nothing makes the output '%s'",
                                  graph->values[graph->outputs[i]].name);
        }
    }
    return QL_OK;
}

static bool in_range(const struct ql_graph *graph, const int *indices, int count, int least)
{
    for (int i = 0; i < count; i++) {
        if (indices[i] < least || indices[i] >= graph->value_count) {
            return false;
        }
    }
    return true;
}

enum ql_status ql_graph_check(const struct ql_graph *graph, struct ql_error *error)
{
    enum ql_status status = QL_OK;

    if (graph->arena.exhausted) {
        return ql_error_write(error, QL_ERROR_SYSTEM,
                              "the model is too large: not enough memory, or more than %d "
                              "values or nodes",
                              2 * QL_GRAPH_VALUE_LIMIT);
    }
    if (graph->opset < QL_OPSET_FIRST || graph->opset > QL_OPSET_LAST) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the model uses version %d of ONNX's operators; versions %d to %d are supported: export "
                              "it again with one of them",
                              graph->opset, QL_OPSET_FIRST, QL_OPSET_LAST);
    }
    bool sound = in_range(graph, graph->inputs, graph->input_count, 0) &&
                 in_range(graph, graph->outputs, graph->output_count, 0);
    for (int n = 0; n < graph->node_count; n++) {
        sound = sound && in_range(graph, graph->nodes[n].inputs, graph->nodes[n].input_count, -1) &&
                in_range(graph, graph->nodes[n].outputs, graph->nodes[n].output_count, -1);
    }
    if (!sound) {
        return ql_error_write(error, QL_ERROR_INPUT, "the graph names a value that it does not have");
    }
    bool *there = calloc((size_t)graph->value_count + 1, sizeof there[0]);
    if (there == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to check the graph");
    }
    if ((status = check_names(graph, error)) == QL_OK) {
        status = check_order(graph, there, error);
    }
    free(there);
    return status;
}

void ql_graph_add_note(struct ql_graph *graph, const char *format, ...)
{
    static const char separator[] = "; ";
    char text[QL_ERROR_MESSAGE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (graph->note != NULL && strstr(graph->note, text) != NULL) {
        return;
    }
    const size_t before = graph->note == NULL ? 0 : strlen(graph->note) + strlen(separator);
    const size_t bytes = before + strlen(text) + 1;
    char *note = ql_arena_take(&graph->arena, bytes, 1);
    if (note != NULL) {
        (void)snprintf(note, bytes, "%s%s%s", before == 0 ? "" : graph->note, before == 0 ? "" : separator, text);
        graph->note = note;
    }
}

int ql_graph_find(const struct ql_graph *graph, const char *name)
{
    for (int i = 0; i < graph->value_count; i++) {
        if (strcmp(graph->values[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

const struct ql_attribute *ql_node_find(const struct ql_node *node, const char *name)
{
    for (int i = 0; i < node->attribute_count; i++) {
        if (strcmp(node->attributes[i].name, name) == 0) {
            return &node->attributes[i];
        }
    }
    return NULL;
}
