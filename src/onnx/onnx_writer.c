// Writes a graph as an ONNX file: see onnx_writer.h.
// The messages are built in an arena and point into the graph; protobuf-c packs them.
#include "onnx/onnx_writer.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/version.h"
#include "onnx/onnx_types.h"

// The version of the file format that came with each version of the operators, from QL_OPSET_FIRST on.
static const int format_versions[] = {3, 3, 4, 5, 6, 7, 7, 7, 8, 8, 8, 8, 9, 9, 10, 10, 11, 12, 13, 13, 13};
_Static_assert(sizeof format_versions / sizeof format_versions[0] == QL_OPSET_LAST - QL_OPSET_FIRST + 1,
               "one for each");

// What the functions below share. They return false when there is not enough memory, and the result is discarded.
struct writer {
    struct ql_arena arena;
    const struct ql_graph *graph;
};

static char *text(const char *constant)
{
    return (char *)constant; // protobuf-c has no const, but packing does not write
}

static size_t count_elements(const struct ql_value *value)
{
    size_t count = 1;
    for (int axis = 0; axis < value->rank; axis++) {
        count *= (size_t)value->dims[axis];
    }
    return count;
}

// Allocates `count` messages of `size_bytes`, and pointers to them. NULL when there is not enough memory.
static void *take_list(struct writer *writer, size_t count, size_t size_bytes, unsigned char **messages)
{
    void **list = ql_arena_take(&writer->arena, count, sizeof list[0]);
    *messages = ql_arena_take(&writer->arena, count, size_bytes);
    for (size_t i = 0; i < count && list != NULL && *messages != NULL; i++) {
        list[i] = *messages + i * size_bytes;
    }
    return *messages != NULL ? list : NULL;
}

static bool set_tensor(struct writer *writer, Onnx__TensorProto *to, const struct ql_value *from)
{
    onnx__tensor_proto__init(to);
    to->dims = ql_arena_take(&writer->arena, (size_t)from->rank, sizeof to->dims[0]);
    if (to->dims == NULL) {
        return false;
    }
    to->n_dims = (size_t)from->rank;
    for (int axis = 0; axis < from->rank; axis++) {
        to->dims[axis] = from->dims[axis];
    }
    to->has_data_type = true;
    to->data_type = ql_onnx_type_encode(from->type);
    to->name = from->name[0] != '\0' ? text(from->name) : NULL;
    to->has_raw_data = true;
    to->raw_data.data = (uint8_t *)from->data;
    to->raw_data.len = count_elements(from) * ql_element_bytes(from->type);
    return true;
}

static bool set_declaration(struct writer *writer, Onnx__ValueInfoProto *to, const struct ql_value *from)
{
    unsigned char *messages;
    const size_t rank = from->rank < 0 ? 0 : (size_t)from->rank;
    Onnx__TypeProto *type = ql_arena_take(&writer->arena, 1, sizeof *type);
    Onnx__TypeProto__Tensor *tensor = ql_arena_take(&writer->arena, 1, sizeof *tensor);
    Onnx__TensorShapeProto *shape = ql_arena_take(&writer->arena, 1, sizeof *shape);
    Onnx__TensorShapeProto__Dimension **dimensions =
        take_list(writer, rank, sizeof(Onnx__TensorShapeProto__Dimension), &messages);

    if (type == NULL || tensor == NULL || shape == NULL || dimensions == NULL) {
        return false;
    }
    onnx__value_info_proto__init(to);
    onnx__type_proto__init(type);
    onnx__type_proto__tensor__init(tensor);
    onnx__tensor_shape_proto__init(shape);
    to->name = text(from->name);
    to->type = type;
    type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    type->tensor_type = tensor;
    tensor->has_elem_type = true;
    tensor->elem_type = ql_onnx_type_encode(from->type);
    tensor->shape = from->rank < 0 ? NULL : shape;
    shape->n_dim = rank;
    shape->dim = dimensions;
    for (size_t axis = 0; axis < rank; axis++) {
        onnx__tensor_shape_proto__dimension__init(dimensions[axis]);
        if (from->dims[axis] >= 0) {
            dimensions[axis]->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
            dimensions[axis]->dim_value = from->dims[axis];
        } else if (from->dim_names[axis] != NULL) {
            dimensions[axis]->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            dimensions[axis]->dim_param = text(from->dim_names[axis]);
        }
    }
    return true;
}

static ProtobufCBinaryData bytes_of(const char *string)
{
    return (ProtobufCBinaryData){.len = strlen(string), .data = (uint8_t *)text(string)};
}

static bool set_attribute(struct writer *writer, Onnx__AttributeProto *to, const struct ql_attribute *from)
{
    onnx__attribute_proto__init(to);
    to->name = text(from->name);
    to->has_type = true;
    switch (from->kind) {
    case QL_ATTRIBUTE_INT:
        to->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
        to->has_i = true;
        to->i = from->ints[0];
        return true;
    case QL_ATTRIBUTE_FLOAT:
        to->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
        to->has_f = true;
        to->f = from->floats[0];
        return true;
    case QL_ATTRIBUTE_STRING:
        to->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
        to->has_s = true;
        to->s = bytes_of(from->strings[0]);
        return true;
    case QL_ATTRIBUTE_TENSOR:
        to->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR;
        to->t = ql_arena_take(&writer->arena, 1, sizeof *to->t);
        return to->t != NULL && set_tensor(writer, to->t, from->tensor);
    case QL_ATTRIBUTE_INTS:
        to->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
        to->n_ints = (size_t)from->count;
        to->ints = (int64_t *)from->ints;
        return true;
    case QL_ATTRIBUTE_FLOATS:
        to->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS;
        to->n_floats = (size_t)from->count;
        to->floats = (float *)from->floats;
        return true;
    case QL_ATTRIBUTE_STRINGS:
        to->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS;
        to->n_strings = (size_t)from->count;
        to->strings = ql_arena_take(&writer->arena, to->n_strings, sizeof to->strings[0]);
        for (int i = 0; i < from->count && to->strings != NULL; i++) {
            to->strings[i] = bytes_of(from->strings[i]);
        }
        return to->strings != NULL;
    default:
        return true; // a kind that our graphs never have
    }
}

// The names of a node's operands; trailing ones that are left out are not written.
static char **take_names(struct writer *writer, const int *values, int *count)
{
    while (*count > 0 && values[*count - 1] < 0) {
        (*count)--;
    }
    char **names = ql_arena_take(&writer->arena, (size_t)*count, sizeof names[0]);
    for (int i = 0; i < *count && names != NULL; i++) {
        names[i] = values[i] < 0 ? text("") : text(writer->graph->values[values[i]].name);
    }
    return names;
}

static bool set_node(struct writer *writer, Onnx__NodeProto *to, const struct ql_node *from)
{
    unsigned char *messages;
    int inputs = from->input_count;
    int outputs = from->output_count;
    const char *separator = strstr(from->operator_name, "::");

    onnx__node_proto__init(to);
    to->name = text(from->name);
    to->op_type = text(separator != NULL ? separator + 2 : from->operator_name);
    if (separator != NULL) {
        const size_t length = (size_t)(separator - from->operator_name);
        to->domain = ql_arena_take(&writer->arena, length + 1, 1);
        if (to->domain == NULL) {
            return false;
        }
        memcpy(to->domain, from->operator_name, length);
    }
    to->input = take_names(writer, from->inputs, &inputs);
    to->output = take_names(writer, from->outputs, &outputs);
    to->n_input = (size_t)inputs;
    to->n_output = (size_t)outputs;
    to->n_attribute = (size_t)from->attribute_count;
    to->attribute = take_list(writer, to->n_attribute, sizeof *to->attribute[0], &messages);
    if (to->input == NULL || to->output == NULL || to->attribute == NULL) {
        return false;
    }
    for (size_t i = 0; i < to->n_attribute; i++) {
        if (!set_attribute(writer, to->attribute[i], &from->attributes[i])) {
            return false;
        }
    }
    return true;
}

static bool set_graph(struct writer *writer, Onnx__GraphProto *to)
{
    const struct ql_graph *graph = writer->graph;
    unsigned char *messages;
    size_t constants = 0;

    onnx__graph_proto__init(to);
    to->name = text(graph->name);
    for (int i = 0; i < graph->value_count; i++) {
        constants += graph->values[i].data != NULL;
    }
    to->n_initializer = constants;
    to->initializer = take_list(writer, constants, sizeof *to->initializer[0], &messages);
    to->n_input = (size_t)graph->input_count;
    to->input = take_list(writer, to->n_input, sizeof *to->input[0], &messages);
    to->n_output = (size_t)graph->output_count;
    to->output = take_list(writer, to->n_output, sizeof *to->output[0], &messages);
    to->n_node = (size_t)graph->node_count;
    to->node = take_list(writer, to->n_node, sizeof *to->node[0], &messages);
    if (to->initializer == NULL || to->input == NULL || to->output == NULL || to->node == NULL) {
        return false;
    }
    constants = 0;
    for (int i = 0; i < graph->value_count; i++) {
        if (graph->values[i].data != NULL && !set_tensor(writer, to->initializer[constants++], &graph->values[i])) {
            return false;
        }
    }
    for (int i = 0; i < graph->input_count; i++) {
        if (!set_declaration(writer, to->input[i], &graph->values[graph->inputs[i]])) {
            return false;
        }
    }
    for (int i = 0; i < graph->output_count; i++) {
        if (!set_declaration(writer, to->output[i], &graph->values[graph->outputs[i]])) {
            return false;
        }
    }
    for (int i = 0; i < graph->node_count; i++) {
        if (!set_node(writer, to->node[i], &graph->nodes[i])) {
            return false;
        }
    }
    return true;
}

enum ql_status ql_onnx_write(unsigned char **bytes, size_t *size_bytes, const struct ql_graph *graph,
                             struct ql_error *error)
{
    struct writer writer = {.graph = graph};
    Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
    Onnx__OperatorSetIdProto operators = ONNX__OPERATOR_SET_ID_PROTO__INIT;
    Onnx__OperatorSetIdProto *operator_list[] = {&operators};
    Onnx__GraphProto content;
    enum ql_status status = QL_OK;

    *bytes = NULL;
    *size_bytes = 0;
    if (!set_graph(&writer, &content)) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to write the model");
        goto done;
    }
    operators.domain = text("");
    operators.has_version = true;
    operators.version = graph->opset;
    model.has_ir_version = true;
    model.ir_version = format_versions[graph->opset - QL_OPSET_FIRST];
    model.producer_name = text("quillet");
    model.producer_version = text(QL_RELEASE);
    model.n_opset_import = 1;
    model.opset_import = operator_list;
    model.graph = &content;

    *size_bytes = protobuf_c_message_get_packed_size(&model.base);
    if (*size_bytes > INT_MAX) {
        status = ql_error_write(error, QL_ERROR_INPUT, "the model has %zu bytes; an ONNX file has at most 2 GiB",
                                *size_bytes);
        goto done;
    }
    *bytes = malloc(*size_bytes);
    if (*bytes == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to write the model");
        goto done;
    }
    protobuf_c_message_pack(&model.base, *bytes);
done:
    ql_arena_free(&writer.arena);
    return status;
}

enum ql_status ql_onnx_save(const char *path, const struct ql_graph *graph, struct ql_error *error)
{
    unsigned char *bytes;
    size_t size_bytes;
    enum ql_status status = ql_onnx_write(&bytes, &size_bytes, graph, error);

    if (status == QL_OK) {
        status = ql_file_save(path, bytes, size_bytes, error);
        free(bytes);
    }
    return status;
}
