// Reads ONNX files into a graph: see onnx_reader.h.
// protobuf-c turns the bytes into messages. Before that the nesting is measured, because protobuf-c recurses as deep as
// the bytes demand; meanwhile its memory is counted, because a few bytes can ask for much.
#include "onnx/onnx_reader.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "onnx/external_data.h"
#include "onnx/inlining.h"
#include "onnx/name_table.h"
#include "onnx/onnx_types.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "raw tensor data is little-endian, and read as it is");

enum {
    NESTING_LIMIT = 32,             // messages in messages; a model without subgraphs needs 7
    MEMORY_PER_BYTE = 64,           // of messages per byte of file; dense files of many small nodes need about 20
    MEMORY_BASE_BYTES = 1 << 20,    // and this much in any case
    ATTRIBUTE_LIMIT = 1 << 10,      // of a node
    OPERAND_LIMIT = 1 << 16,        // inputs or outputs of a node
    INVENTED_NAME_BYTES = 128 + 32, // operator, "_", position
};

// --- Bytes to messages ---

struct counted_memory {
    size_t used, limit; // bytes; frees are not counted back
};

static void *counted_alloc(void *data, size_t size_bytes)
{
    struct counted_memory *memory = data;
    if (size_bytes > memory->limit - memory->used) {
        return NULL;
    }
    memory->used += size_bytes;
    return calloc(1, size_bytes); // MemorySanitizer does not see what protobuf-c writes
}

static void counted_free(void *data, void *block)
{
    (void)data;
    free(block);
}

// A base-128 number of at most 10 bytes. Returns the bytes it takes, or 0 where there is none.
static size_t read_varint(uint64_t *number, const uint8_t *bytes, size_t size_bytes)
{
    *number = 0;
    for (size_t i = 0; i < size_bytes && i < 10; i++) {
        *number |= (uint64_t)(bytes[i] & 0x7f) << (7 * i);
        if ((bytes[i] & 0x80) == 0) {
            return i + 1;
        }
    }
    return 0;
}

// True when the message, and every message in it, is whole and at most `depth` deep.
static bool is_nesting_bounded(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes, size_t size_bytes,
                               int depth)
{
    if (depth == 0) {
        return false;
    }
    while (size_bytes > 0) {
        uint64_t key;
        uint64_t number;
        uint64_t length = 0;
        size_t used = read_varint(&key, bytes, size_bytes);
        if (used == 0 || key >> 3 > UINT32_MAX) {
            return false;
        }
        bytes += used;
        size_bytes -= used;
        switch (key & 7) {
        case 0:
            length = read_varint(&number, bytes, size_bytes);
            if (length == 0) {
                return false;
            }
            break;
        case 1:
            length = 8;
            break;
        case 5:
            length = 4;
            break;
        case 2: {
            used = read_varint(&length, bytes, size_bytes);
            if (used == 0) {
                return false;
            }
            bytes += used;
            size_bytes -= used;
            break;
        }
        default:
            return false;
        }
        if (length > size_bytes) {
            return false;
        }
        if ((key & 7) == 2) {
            const ProtobufCFieldDescriptor *field =
                protobuf_c_message_descriptor_get_field(descriptor, (unsigned)(key >> 3));
            if (field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE &&
                !is_nesting_bounded(field->descriptor, bytes, (size_t)length, depth - 1)) {
                return false;
            }
        }
        bytes += length;
        size_bytes -= (size_t)length;
    }
    return true;
}

static ProtobufCMessage *unpack(const ProtobufCMessageDescriptor *descriptor, ProtobufCAllocator *allocator,
                                const void *bytes, size_t size_bytes)
{
    if (size_bytes > INT_MAX || !is_nesting_bounded(descriptor, bytes, size_bytes, NESTING_LIMIT)) {
        return NULL;
    }
    return protobuf_c_message_unpack(descriptor, allocator, size_bytes, bytes);
}

// --- Values ---

struct reader {
    struct ql_graph *graph;
    struct ql_error *error;
    struct ql_name_table names; // of the graph's values
    struct ql_external_data external;
};

static enum ql_status check_name(struct reader *reader, const char *name, const char *what)
{
    if (name == NULL || name[0] == '\0') {
        return ql_error_write(reader->error, QL_ERROR_INPUT, "%s has no name", what);
    }
    for (const char *c = name; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            return ql_error_write(reader->error, QL_ERROR_INPUT, "the name of %s has the control character 0x%02x",
                                  what, (unsigned)(unsigned char)*c);
        }
    }
    return QL_OK;
}

// Adds a value under a name that is not taken.
static enum ql_status add_value(struct reader *reader, const char *name, const char *what, int *index)
{
    enum ql_status status = check_name(reader, name, what);
    if (status != QL_OK) {
        return status;
    }
    if (ql_name_table_find(&reader->names, name) >= 0) {
        return ql_error_write(reader->error, QL_ERROR_INPUT, "%s '%s' has a name that is taken already", what, name);
    }
    *index = ql_graph_add_value(reader->graph, name, QL_ELEMENT_NONE, -1, NULL, NULL);
    if (reader->graph->arena.exhausted) {
        return ql_graph_check(reader->graph, reader->error);
    }
    return ql_name_table_add(&reader->names, reader->graph->values[*index].name, *index)
               ? QL_OK
               : ql_error_write(reader->error, QL_ERROR_SYSTEM, "not enough memory for the names of the model");
}

// --- Tensors ---

// Copies `count` elements of a typed field into elements of another width, or says that one does not fit.
static bool narrow(void *to, enum ql_element type, const int32_t *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int32_t value = from[i];
        switch (type) {
        case QL_ELEMENT_S32:
            ((int32_t *)to)[i] = value;
            break;
        case QL_ELEMENT_S16:
            if (value < INT16_MIN || value > INT16_MAX) {
                return false;
            }
            ((int16_t *)to)[i] = (int16_t)value;
            break;
        case QL_ELEMENT_S8:
            if (value < INT8_MIN || value > INT8_MAX) {
                return false;
            }
            ((int8_t *)to)[i] = (int8_t)value;
            break;
        case QL_ELEMENT_U16:
        case QL_ELEMENT_F16:
        case QL_ELEMENT_BF16:
            if (value < 0 || value > UINT16_MAX) {
                return false;
            }
            ((uint16_t *)to)[i] = (uint16_t)value;
            break;
        default: // uint8 and bool
            if (value < 0 || value > UINT8_MAX) {
                return false;
            }
            ((uint8_t *)to)[i] = (uint8_t)value;
            break;
        }
    }
    return true;
}

// Copies the content of a tensor from the field that belongs to its type. False when it is not complete.
static bool read_content(void *to, enum ql_element type, size_t count, const Onnx__TensorProto *tensor)
{
    const void *from = NULL;
    size_t there = 0;

    if (tensor->has_raw_data && tensor->raw_data.len > 0) {
        from = tensor->raw_data.data;
        there = tensor->raw_data.len / ql_element_bytes(type);
        if (tensor->raw_data.len % ql_element_bytes(type) != 0) {
            return false;
        }
    } else {
        switch (type) {
        case QL_ELEMENT_F32:
            from = tensor->float_data;
            there = tensor->n_float_data;
            break;
        case QL_ELEMENT_F64:
            from = tensor->double_data;
            there = tensor->n_double_data;
            break;
        case QL_ELEMENT_S64:
            from = tensor->int64_data;
            there = tensor->n_int64_data;
            break;
        case QL_ELEMENT_U64:
            from = tensor->uint64_data;
            there = tensor->n_uint64_data;
            break;
        case QL_ELEMENT_U32:
            for (size_t i = 0; i < count && tensor->n_uint64_data == count; i++) {
                ((uint32_t *)to)[i] = (uint32_t)tensor->uint64_data[i];
                if (tensor->uint64_data[i] > UINT32_MAX) {
                    return false;
                }
            }
            return tensor->n_uint64_data == count;
        default:
            return tensor->n_int32_data == count && narrow(to, type, tensor->int32_data, count);
        }
    }
    if (there != count) {
        return false;
    }
    if (count > 0) {
        memcpy(to, from, count * ql_element_bytes(type));
    }
    return true;
}

static void make_truths(enum ql_element type, void *data, size_t count)
{
    for (size_t i = 0; type == QL_ELEMENT_BOOL && i < count; i++) {
        ((uint8_t *)data)[i] = ((uint8_t *)data)[i] != 0;
    }
}

// Reads the content of a tensor of `count` elements from another file.
static enum ql_status read_external(struct reader *reader, struct ql_value *value, size_t count,
                                    const Onnx__TensorProto *tensor, const char *what)
{
    void *data = NULL;
    const enum ql_status status =
        ql_external_data_read(&reader->external, &data, value->type, count, tensor, what, reader->error);

    if (status == QL_OK) {
        make_truths(value->type, data, count);
        value->data = data;
    }
    return status;
}

// Multiplies the elements of a tensor by a size. A size of 0 counts as 1, as in program_compile.c. Returns false if no tensor
// has so many.
static bool take_size(int64_t *elements, int64_t size)
{
    if (size < 0 || size > QL_VALUE_ELEMENT_LIMIT) {
        return false;
    }
    *elements *= size > 0 ? size : 1;
    return *elements <= QL_VALUE_ELEMENT_LIMIT;
}

// Fills in type, shape and content of a value.
static enum ql_status read_tensor(struct reader *reader, struct ql_value *value, const Onnx__TensorProto *tensor,
                                  const char *what)
{
    struct ql_error *error = reader->error;
    size_t count = 1;
    int64_t room = 1;

    value->type = ql_onnx_type_decode(tensor->has_data_type ? tensor->data_type : 0);
    if (value->type == QL_ELEMENT_NONE) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s is a tensor of ONNX's element type %d, which is not supported (numbers from 8 to 64 "
                              "bits and bool are)",
                              what, tensor->has_data_type ? tensor->data_type : 0);
    }
    if (tensor->segment != NULL) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s is a segment of a tensor, which is not supported", what);
    }
    if (tensor->n_dims > QL_RANK_LIMIT) {
        return ql_error_write(error, QL_ERROR_INPUT, "%s has %zu dimensions; at most %d are supported", what,
                              tensor->n_dims, QL_RANK_LIMIT);
    }
    value->rank = (int)tensor->n_dims;
    for (int axis = 0; axis < value->rank; axis++) {
        int64_t size = tensor->dims[axis];
        if (!take_size(&room, size)) {
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "%s has the size %lld in dimension %d; a tensor may have %d "
                                  "elements",
                                  what, (long long)size, axis, QL_VALUE_ELEMENT_LIMIT);
        }
        value->dims[axis] = (int)size;
        count *= (size_t)size;
    }
    if (tensor->n_external_data > 0 || (tensor->has_data_location && tensor->data_location != 0)) {
        return read_external(reader, value, count, tensor, what);
    }
    // The content is in the message already, so a count that does not match it is found before memory is allocated.
    size_t there = tensor->has_raw_data ? tensor->raw_data.len / ql_element_bytes(value->type) : 0;
    there += tensor->n_float_data + tensor->n_double_data + tensor->n_int32_data + tensor->n_int64_data +
             tensor->n_uint64_data;
    void *data = there >= count ? ql_arena_take(&reader->graph->arena, count, ql_element_bytes(value->type)) : NULL;
    if (reader->graph->arena.exhausted) {
        return ql_graph_check(reader->graph, error);
    }
    if (data == NULL || !read_content(data, value->type, count, tensor)) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s has a shape of %zu elements of type %s, but its data has another number of elements, "
                              "or does not fit the type",
                              what, count, ql_element_write(value->type));
    }
    make_truths(value->type, data, count);
    value->data = data;
    return QL_OK;
}

// --- Attributes and nodes ---

// The text of a bytes field, which has no terminating zero; a zero inside ends the text.
static const char *copy_bytes(struct ql_arena *arena, ProtobufCBinaryData bytes)
{
    char *text = ql_arena_take(arena, bytes.len + 1, 1);
    if (text != NULL && bytes.len > 0) {
        memcpy(text, bytes.data, bytes.len);
    }
    return text;
}

static void *copy_numbers(struct ql_arena *arena, const void *from, size_t count, size_t size_bytes)
{
    void *to = ql_arena_take(arena, count, size_bytes);
    if (to != NULL && count > 0) {
        memcpy(to, from, count * size_bytes);
    }
    return to;
}

// Old files leave the type out; then it follows from the field that is set.
static int attribute_type(const Onnx__AttributeProto *from)
{
    return from->has_type        ? (int)from->type
           : from->has_i         ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT
           : from->has_f         ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT
           : from->has_s         ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING
           : from->t != NULL     ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR
           : from->n_ints > 0    ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS
           : from->n_floats > 0  ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS
           : from->n_strings > 0 ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS
                                 : ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED;
}

// Long because of its cases: one for each kind of attribute.
static enum ql_status read_attribute(struct reader *reader, struct ql_attribute *to, const Onnx__AttributeProto *from,
                                     const struct ql_node *node)
{
    struct ql_arena *arena = &reader->graph->arena;
    enum ql_status status = check_name(reader, from->name, "an attribute");
    char what[QL_ERROR_MESSAGE_BYTES / 2];

    if (status != QL_OK) {
        return status;
    }
    to->name = copy_bytes(arena, (ProtobufCBinaryData){.len = strlen(from->name), .data = (uint8_t *)from->name});
    to->kind = QL_ATTRIBUTE_OTHER;
    to->count = 1;
    switch (attribute_type(from)) {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT:
        to->kind = QL_ATTRIBUTE_INT;
        to->ints = copy_numbers(arena, &from->i, 1, sizeof from->i);
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT:
        to->kind = QL_ATTRIBUTE_FLOAT;
        to->floats = copy_numbers(arena, &from->f, 1, sizeof from->f);
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
        to->kind = QL_ATTRIBUTE_INTS;
        to->count = (int)from->n_ints;
        to->ints = copy_numbers(arena, from->ints, from->n_ints, sizeof from->ints[0]);
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS:
        to->kind = QL_ATTRIBUTE_FLOATS;
        to->count = (int)from->n_floats;
        to->floats = copy_numbers(arena, from->floats, from->n_floats, sizeof from->floats[0]);
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING:
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS: {
        bool single = attribute_type(from) == ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
        size_t count = single ? 1 : from->n_strings;
        const char **strings = ql_arena_take(arena, count, sizeof strings[0]);
        for (size_t i = 0; i < count && strings != NULL; i++) {
            strings[i] = copy_bytes(arena, single ? from->s : from->strings[i]);
        }
        to->kind = single ? QL_ATTRIBUTE_STRING : QL_ATTRIBUTE_STRINGS;
        to->count = (int)count;
        to->strings = strings;
        break;
    }
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR: {
        struct ql_value *value = ql_arena_take(arena, 1, sizeof *value);
        if (value == NULL || from->t == NULL) {
            break;
        }
        (void)snprintf(what, sizeof what, "attribute '%s' of node '%s'", from->name, node->name);
        value->name = "";
        to->kind = QL_ATTRIBUTE_TENSOR;
        to->tensor = value;
        status = read_tensor(reader, value, from->t, what);
        break;
    }
    default:
        break;
    }
    if (status == QL_OK && arena->exhausted) {
        status = ql_graph_check(reader->graph, reader->error);
    }
    return status;
}

// The indices of a node's inputs, which must exist; an empty name means that an input is left out.
static enum ql_status read_inputs(struct reader *reader, int *indices, const Onnx__NodeProto *from,
                                  const char *node_name)
{
    for (size_t i = 0; i < from->n_input; i++) {
        indices[i] = -1;
        if (from->input[i][0] != '\0' && (indices[i] = ql_name_table_find(&reader->names, from->input[i])) < 0) {
            enum ql_status status = check_name(reader, from->input[i], "an input");
            return status != QL_OK ? status
                                   : ql_error_write(reader->error, QL_ERROR_INPUT,
                                                    "node '%s' (%s) uses '%s', which nothing makes before it: the "
                                                    "nodes form a cycle, or are not in the order that ONNX demands",
                                                    node_name, from->op_type, from->input[i]);
        }
    }
    return QL_OK;
}

// Reads all attributes of a node into the memory reserved for them.
static enum ql_status read_attributes(struct reader *reader, struct ql_node *node, struct ql_attribute *attributes,
                                      const Onnx__NodeProto *from)
{
    enum ql_status status;

    for (size_t i = 0; i < from->n_attribute; i++) {
        if (from->attribute[i]->ref_attr_name != NULL && from->attribute[i]->ref_attr_name[0] != '\0') {
            return ql_error_write(reader->error, QL_ERROR_INPUT,
                                  "node '%s' (%s) refers to the attribute of a function, but is not in a function",
                                  node->name, from->op_type);
        }
        if ((status = read_attribute(reader, &attributes[i], from->attribute[i], node)) != QL_OK) {
            return status;
        }
        if (ql_node_find(node, attributes[i].name) != NULL) {
            return ql_error_write(reader->error, QL_ERROR_INPUT, "node '%s' (%s) has the attribute '%s' twice",
                                  node->name, from->op_type, attributes[i].name);
        }
        node->attribute_count++;
    }
    return QL_OK;
}

static enum ql_status read_node(struct reader *reader, const Onnx__NodeProto *from, size_t position)
{
    struct ql_graph *graph = reader->graph;
    struct ql_arena *arena = &graph->arena;
    struct ql_error *error = reader->error;
    enum ql_status status;

    if ((status = check_name(reader, from->op_type, "the operator of a node")) != QL_OK) {
        return status;
    }
    bool own = from->domain == NULL || from->domain[0] == '\0' || strcmp(from->domain, "ai.onnx") == 0;
    if (!own && (status = check_name(reader, from->domain, "the domain of a node")) != QL_OK) {
        return status;
    }
    char invented[INVENTED_NAME_BYTES];
    (void)snprintf(invented, sizeof invented, "%.128s_%zu", from->op_type, position);
    const char *name = from->name != NULL && from->name[0] != '\0' ? from->name : invented;
    if ((status = check_name(reader, name, "a node")) != QL_OK) {
        return status;
    }
    char operator_name[256];
    (void)snprintf(operator_name, sizeof operator_name, "%.120s%s%.120s", own ? "" : from->domain,
                   own ? "" : "::", from->op_type);

    if (from->n_input > OPERAND_LIMIT || from->n_output > OPERAND_LIMIT || from->n_attribute > ATTRIBUTE_LIMIT) {
        return ql_error_write(error, QL_ERROR_INPUT, "node '%s' (%s) has too many inputs, outputs or attributes", name,
                              from->op_type);
    }
    int *inputs = ql_arena_take(arena, from->n_input, sizeof inputs[0]);
    int *outputs = ql_arena_take(arena, from->n_output, sizeof outputs[0]);
    struct ql_attribute *attributes = ql_arena_take(arena, from->n_attribute, sizeof attributes[0]);
    if (arena->exhausted) {
        return ql_graph_check(graph, error);
    }
    if ((status = read_inputs(reader, inputs, from, name)) != QL_OK) {
        return status;
    }
    for (size_t i = 0; i < from->n_output; i++) {
        outputs[i] = -1;
        if (from->output[i][0] != '\0' &&
            (status = add_value(reader, from->output[i], "the output of a node", &outputs[i])) != QL_OK) {
            return status;
        }
    }
    int index = ql_graph_add_node(graph, operator_name, name, NULL, 0, NULL, 0);
    if (arena->exhausted) {
        return ql_graph_check(graph, error);
    }
    struct ql_node *node = &graph->nodes[index];
    node->inputs = inputs;
    node->input_count = (int)from->n_input;
    node->outputs = outputs;
    node->output_count = (int)from->n_output;
    node->attributes = attributes;
    return read_attributes(reader, node, attributes, from);
}

// --- The graph ---

// Fills in type and shape of an input or output from its declaration. A value that is not a tensor gets no type.
static enum ql_status read_declaration(struct reader *reader, struct ql_value *value, const Onnx__ValueInfoProto *from)
{
    if (from->type == NULL || from->type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE) {
        return QL_OK;
    }
    const Onnx__TypeProto__Tensor *tensor = from->type->tensor_type;
    value->type = ql_onnx_type_decode(tensor->has_elem_type ? tensor->elem_type : 0);
    if (tensor->shape == NULL) {
        return QL_OK;
    }
    if (tensor->shape->n_dim > QL_RANK_LIMIT) {
        return ql_error_write(reader->error, QL_ERROR_INPUT, "'%s' has %zu dimensions; at most %d are supported",
                              value->name, tensor->shape->n_dim, QL_RANK_LIMIT);
    }
    value->rank = (int)tensor->shape->n_dim;
    for (int axis = 0; axis < value->rank; axis++) {
        const Onnx__TensorShapeProto__Dimension *dimension = tensor->shape->dim[axis];
        value->dims[axis] = -1;
        if (dimension->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE) {
            if (dimension->dim_value > QL_VALUE_ELEMENT_LIMIT) {
                return ql_error_write(reader->error, QL_ERROR_INPUT, "'%s' has the size %lld in dimension %d",
                                      value->name, (long long)dimension->dim_value, axis);
            }
            // Some exporters write a size that is not known as -1.
            value->dims[axis] = dimension->dim_value < 0 ? -1 : (int)dimension->dim_value;
        } else if (dimension->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM &&
                   dimension->dim_param[0] != '\0') {
            const char *name = dimension->dim_param;
            value->dim_names[axis] =
                copy_bytes(&reader->graph->arena, (ProtobufCBinaryData){.len = strlen(name), .data = (uint8_t *)name});
        }
    }
    return QL_OK;
}

static enum ql_status read_graph(struct reader *reader, const Onnx__GraphProto *from)
{
    struct ql_graph *graph = reader->graph;
    enum ql_status status = QL_OK;
    int index = 0;

    for (size_t i = 0; i < from->n_initializer; i++) {
        char what[QL_ERROR_MESSAGE_BYTES / 2];
        (void)snprintf(what, sizeof what, "the initializer '%.400s'",
                       from->initializer[i]->name != NULL ? from->initializer[i]->name : "");
        if ((status = add_value(reader, from->initializer[i]->name, "an initializer", &index)) != QL_OK ||
            (status = read_tensor(reader, &graph->values[index], from->initializer[i], what)) != QL_OK) {
            return status;
        }
    }
    if (from->n_sparse_initializer > 0) {
        return ql_error_write(reader->error, QL_ERROR_INPUT,
                              "the model has sparse initializers, which are not supported; make them dense");
    }
    for (size_t i = 0; i < from->n_input; i++) {
        const char *name = from->input[i]->name;
        index = name == NULL ? -1 : ql_name_table_find(&reader->names, name);
        if (index >= 0 && graph->values[index].data != NULL) {
            continue; // an initializer, which older files list among the inputs
        }
        if ((status = add_value(reader, name, "an input", &index)) != QL_OK ||
            (status = read_declaration(reader, &graph->values[index], from->input[i])) != QL_OK) {
            return status;
        }
        ql_graph_add_input(graph, index);
    }
    for (size_t i = 0; i < from->n_node; i++) {
        if ((status = read_node(reader, from->node[i], i)) != QL_OK) {
            return status;
        }
    }
    for (size_t i = 0; i < from->n_output; i++) {
        const char *name = from->output[i]->name;
        if ((status = check_name(reader, name, "an output")) != QL_OK) {
            return status;
        }
        if ((index = ql_name_table_find(&reader->names, name)) < 0) {
            return ql_error_write(reader->error, QL_ERROR_INPUT, "nothing makes the output '%s'", name);
        }
        struct ql_value *value = &graph->values[index];
        if (value->rank < 0 && (status = read_declaration(reader, value, from->output[i])) != QL_OK) {
            return status;
        }
        ql_graph_add_output(graph, index);
    }
    if (graph->output_count == 0) {
        return ql_error_write(reader->error, QL_ERROR_INPUT, "the model has no outputs");
    }
    return ql_graph_check(graph, reader->error);
}

static size_t count_values(const Onnx__GraphProto *graph)
{
    size_t count = graph->n_initializer + graph->n_input;
    for (size_t i = 0; i < graph->n_node; i++) {
        count += graph->node[i]->n_output;
    }
    return count;
}

// PyTorch's GRU always resets after the product; a GRU without this attribute has lost it in the export.
static void note_gru_of_pytorch(struct ql_graph *graph, const char *producer)
{
    if (producer == NULL || strncmp(producer, "pytorch", strlen("pytorch")) != 0) {
        return;
    }
    for (int n = 0; n < graph->node_count; n++) {
        const struct ql_node *node = &graph->nodes[n];
        const struct ql_attribute *linear = ql_node_find(node, "linear_before_reset");
        if (strcmp(node->operator_name, "GRU") == 0 &&
            (linear == NULL || linear->kind != QL_ATTRIBUTE_INT || linear->ints[0] == 0)) {
            ql_graph_add_note(graph,
                              "the node '%.60s' is a GRU without linear_before_reset, in a file of PyTorch, whose GRU "
                              "always has it: some of PyTorch's exporters lose the attribute, and the model then "
                              "computes something other than what it was trained for. Compare it with PyTorch",
                              node->name);
            return;
        }
    }
}

static enum ql_status read_model(struct reader *reader, const Onnx__ModelProto *model)
{
    struct ql_error *error = reader->error;
    int64_t opset = 0;
    bool said = false;

    if (model->graph == NULL) {
        return ql_error_write(error, QL_ERROR_INPUT, "the model has no graph: this is not an ONNX file");
    }
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const char *domain = model->opset_import[i]->domain;
        if (domain == NULL || domain[0] == '\0' || strcmp(domain, "ai.onnx") == 0) {
            opset = model->opset_import[i]->version;
            said = true;
        }
    }
    bool named = model->graph->name != NULL && check_name(reader, model->graph->name, "the graph") == QL_OK;
    ql_graph_init(reader->graph, named ? model->graph->name : "", opset < 0 || opset > INT_MAX ? 0 : (int)opset);
    if (!said) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the model does not say which version of ONNX's operators it uses (opset_import); export "
                              "it again, or set the version with ONNX's own tools");
    }
    if (opset < QL_OPSET_FIRST || opset > QL_OPSET_LAST) {
        return ql_graph_check(reader->graph, error);
    }

    size_t values = count_values(model->graph);
    if (values > QL_GRAPH_VALUE_LIMIT || model->graph->n_node > QL_GRAPH_VALUE_LIMIT) {
        return ql_error_write(error, QL_ERROR_INPUT, "the model has %zu values and %zu nodes; at most %d are supported",
                              values, model->graph->n_node, QL_GRAPH_VALUE_LIMIT);
    }
    enum ql_status status = read_graph(reader, model->graph);
    if (status == QL_OK) {
        note_gru_of_pytorch(reader->graph, model->producer_name);
    }
    return status;
}

static enum ql_status report_format(size_t size_bytes, struct ql_error *error)
{
    return ql_error_write(error, QL_ERROR_INPUT,
                          "these %zu bytes are not in the ONNX format, are cut short, or are nested or packed beyond "
                          "what a model needs",
                          size_bytes);
}

enum ql_status ql_onnx_read(struct ql_graph *graph, const void *bytes, size_t size_bytes, struct ql_error *error)
{
    return ql_onnx_read_at(graph, bytes, size_bytes, NULL, error);
}

enum ql_status ql_onnx_read_at(struct ql_graph *graph, const void *bytes, size_t size_bytes, const char *path,
                               struct ql_error *error)
{
    struct counted_memory memory = {.limit = MEMORY_BASE_BYTES + size_bytes * MEMORY_PER_BYTE};
    ProtobufCAllocator allocator = {.alloc = counted_alloc, .free = counted_free, .allocator_data = &memory};
    struct reader reader = {.graph = graph, .error = error, .external = {.graph = graph, .model_path = path}};

    ProtobufCMessage *message = unpack(&onnx__model_proto__descriptor, &allocator, bytes, size_bytes);
    if (message == NULL) {
        return report_format(size_bytes, error);
    }
    struct ql_inlining inlining;
    enum ql_status status = ql_inlining_init(&inlining, (const Onnx__ModelProto *)message, error);
    if (status == QL_OK) {
        status = read_model(&reader, (const Onnx__ModelProto *)message);
        graph->is_inlined = inlining.graph != NULL;
    }
    ql_inlining_free(&inlining);
    ql_external_data_free(&reader.external);
    ql_name_table_free(&reader.names);
    protobuf_c_message_free_unpacked(message, &allocator);
    return status;
}

enum ql_status ql_onnx_load(struct ql_graph *graph, const char *path, struct ql_error *error)
{
    struct ql_file_view view;
    enum ql_status status = ql_file_open(&view, path, error);

    if (status != QL_OK) {
        return status;
    }
    if ((status = ql_onnx_read_at(graph, view.data, view.size_bytes, path, error)) != QL_OK) {
        ql_error_prefix(error, "%s: ", path);
    }
    ql_file_close(&view);
    return status;
}

enum ql_status ql_onnx_read_tensor(struct ql_graph *graph, int *value, const void *bytes, size_t size_bytes,
                                   struct ql_error *error)
{
    struct counted_memory memory = {.limit = MEMORY_BASE_BYTES + size_bytes * MEMORY_PER_BYTE};
    ProtobufCAllocator allocator = {.alloc = counted_alloc, .free = counted_free, .allocator_data = &memory};
    struct reader reader = {.graph = graph, .error = error, .external = {.graph = graph}};

    ProtobufCMessage *message = unpack(&onnx__tensor_proto__descriptor, &allocator, bytes, size_bytes);
    if (message == NULL) {
        return report_format(size_bytes, error);
    }
    const Onnx__TensorProto *tensor = (const Onnx__TensorProto *)message;
    *value = ql_graph_add_value(graph, tensor->name != NULL ? tensor->name : "", QL_ELEMENT_NONE, -1, NULL, NULL);
    enum ql_status status = graph->arena.exhausted ? ql_graph_check(graph, error)
                                                   : read_tensor(&reader, &graph->values[*value], tensor, "the tensor");
    protobuf_c_message_free_unpacked(message, &allocator);
    return status;
}
