// What is shared by all that inlines: see inliner.h.
#include "onnx/inliner.h"

#include <stdio.h>
#include <string.h>

static void *take(struct ql_inliner *inliner, size_t count, size_t size_bytes)
{
    return ql_arena_take(inliner->arena, count, size_bytes);
}

// --- The graph so far ---

enum ql_status ql_inliner_fail_memory(const struct ql_inliner *inliner)
{
    return ql_error_write(inliner->error, QL_ERROR_SYSTEM, "not enough memory to read the model");
}

enum ql_status ql_inliner_spend(struct ql_inliner *inliner, size_t cost)
{
    if (cost > (size_t)inliner->budget) {
        return ql_error_write(inliner->error, QL_ERROR_INPUT,
                              "the model's functions, branches and loops make more than %d names, nodes and operands",
                              (int)QL_INLINER_BUDGET);
    }
    inliner->budget -= (int)cost;
    return QL_OK;
}

// Makes room for one pointer more. Returns false when there is not enough memory.
static bool grow(struct ql_inliner *inliner, void **list, size_t *room, size_t count)
{
    if (count == *room) {
        const size_t larger = 2 * *room + 64;
        void **moved = take(inliner, larger, sizeof moved[0]);
        if (moved == NULL) {
            return false;
        }
        if (count > 0) {
            memcpy(moved, *list, count * sizeof moved[0]);
        }
        *list = moved;
        *room = larger;
    }
    return true;
}

enum ql_status ql_inliner_add_node(struct ql_inliner *inliner, Onnx__NodeProto *node)
{
    void *list = inliner->nodes;

    if (!grow(inliner, &list, &inliner->node_room, inliner->node_count) ||
        !ql_known_values_add_node(&inliner->known, node)) {
        return ql_inliner_fail_memory(inliner);
    }
    inliner->nodes = list;
    inliner->nodes[inliner->node_count++] = node;
    return QL_OK;
}

enum ql_status ql_inliner_add_initializer(struct ql_inliner *inliner, Onnx__TensorProto *tensor)
{
    void *list = inliner->initializers;

    if (!grow(inliner, &list, &inliner->initializer_room, inliner->initializer_count) ||
        !ql_known_values_add_tensor(&inliner->known, tensor)) {
        return ql_inliner_fail_memory(inliner);
    }
    inliner->initializers = list;
    inliner->initializers[inliner->initializer_count++] = tensor;
    return QL_OK;
}

struct ql_inliner_mark ql_inliner_set_mark(const struct ql_inliner *inliner)
{
    return (struct ql_inliner_mark){inliner->node_count, inliner->initializer_count, inliner->known.count};
}

void ql_inliner_go_back(struct ql_inliner *inliner, struct ql_inliner_mark mark)
{
    inliner->node_count = mark.node_count;
    inliner->initializer_count = mark.initializer_count;
    ql_known_values_cut(&inliner->known, mark.known_count);
}

enum ql_status ql_inliner_open_scope(struct ql_inliner *inliner, struct ql_name_scope *scope,
                                     struct ql_name_scope *outer, const Onnx__NodeProto *call)
{
    ql_name_scope_open(scope, inliner->arena, outer, call, inliner->taken++);
    return ql_inliner_spend(inliner, 1);
}

enum ql_status ql_inliner_bind(struct ql_inliner *inliner, struct ql_name_scope *scope, const char *from,
                               const char *to, bool is_output)
{
    const enum ql_status status = ql_inliner_spend(inliner, 1);
    return status == QL_OK ? ql_name_scope_bind(scope, from, to, is_output, inliner->error) : status;
}

enum ql_status ql_inliner_define(struct ql_inliner *inliner, struct ql_name_scope *scope, const char *name,
                                 const char **defined)
{
    const enum ql_status status = ql_inliner_spend(inliner, 1);
    return status == QL_OK ? ql_name_scope_define(scope, name, defined, inliner->error) : status;
}

bool ql_inliner_read_constant(struct ql_inliner *inliner, const char *name, int64_t *number)
{
    return name[0] != '\0' && ql_known_value_read(number, &inliner->known, name);
}

// --- Looking at nodes ---

Onnx__AttributeProto *ql_inliner_find_attribute(const Onnx__NodeProto *node, const char *name)
{
    for (size_t k = 0; node != NULL && k < node->n_attribute; k++) {
        if (node->attribute[k]->name != NULL && strcmp(node->attribute[k]->name, name) == 0) {
            return node->attribute[k];
        }
    }
    return NULL;
}

// --- New nodes and constants ---

char *ql_inliner_copy_text(struct ql_inliner *inliner, const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = take(inliner, bytes, 1);
    return copy == NULL ? NULL : memcpy(copy, text, bytes);
}

char *ql_inliner_invent_name(struct ql_inliner *inliner, const char *kind)
{
    char text[64];
    (void)snprintf(text, sizeof text, "inlined/%.20s_%d", kind, inliner->taken++);
    return ql_inliner_copy_text(inliner, text);
}

Onnx__AttributeProto *ql_inliner_make_attribute(struct ql_inliner *inliner, const char *name, int64_t number,
                                                bool is_list)
{
    Onnx__AttributeProto *attribute = take(inliner, 1, sizeof *attribute);
    int64_t *numbers = take(inliner, 1, sizeof numbers[0]);

    if (attribute == NULL || numbers == NULL) {
        return NULL;
    }
    onnx__attribute_proto__init(attribute);
    numbers[0] = number;
    attribute->name = (char *)name;
    attribute->has_type = 1;
    attribute->type =
        is_list ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS : ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    attribute->has_i = !is_list;
    attribute->i = number;
    attribute->n_ints = is_list ? 1 : 0;
    attribute->ints = numbers;
    return attribute;
}

enum ql_status ql_inliner_emit(struct ql_inliner *inliner, const char *operator_name, const char *const *inputs,
                               size_t count, const char *output, Onnx__AttributeProto *attribute)
{
    const enum ql_status status = ql_inliner_spend(inliner, count + 2);

    if (status != QL_OK) {
        return status;
    }
    Onnx__NodeProto *node = take(inliner, 1, sizeof *node);
    char **operands = take(inliner, count + 1, sizeof operands[0]);
    Onnx__AttributeProto **attributes = take(inliner, 1, sizeof attributes[0]);
    char name[QL_NAME_SCOPE_BYTES];
    if (node == NULL || operands == NULL || attributes == NULL) {
        return ql_inliner_fail_memory(inliner);
    }
    (void)snprintf(name, sizeof name, "%s_%d", operator_name, inliner->taken++);
    onnx__node_proto__init(node);
    for (size_t k = 0; k < count; k++) {
        operands[k] = (char *)inputs[k];
    }
    operands[count] = (char *)output;
    attributes[0] = attribute;
    node->name = ql_inliner_copy_text(inliner, name);
    node->op_type = (char *)operator_name;
    node->n_input = count;
    node->input = operands;
    node->n_output = 1;
    node->output = operands + count;
    node->n_attribute = attribute == NULL ? 0 : 1;
    node->attribute = attributes;
    return inliner->arena->exhausted ? ql_inliner_fail_memory(inliner) : ql_inliner_add_node(inliner, node);
}

// The attributes of a node; those that refer to the function's call are taken from there, or dropped if the call does
// not have them.
static enum ql_status copy_attributes(struct ql_inliner *inliner, const struct ql_name_scope *scope,
                                      Onnx__NodeProto *to, const Onnx__NodeProto *from)
{
    const Onnx__NodeProto *call = NULL;

    for (const struct ql_name_scope *s = scope; s != NULL && call == NULL; s = s->outer) {
        call = s->outer == NULL && !s->is_outermost ? s->call : NULL;
    }
    to->attribute = take(inliner, from->n_attribute + 1, sizeof to->attribute[0]);
    to->n_attribute = 0;
    if (to->attribute == NULL) {
        return ql_inliner_fail_memory(inliner);
    }
    for (size_t k = 0; k < from->n_attribute; k++) {
        Onnx__AttributeProto *attribute = from->attribute[k];
        const char *referred = attribute->ref_attr_name;
        if (referred != NULL && referred[0] != '\0' && call != NULL) {
            const Onnx__AttributeProto *given = ql_inliner_find_attribute(call, referred);
            if (given == NULL) {
                continue;
            }
            Onnx__AttributeProto *renamed = take(inliner, 1, sizeof *renamed);
            if (renamed == NULL) {
                return ql_inliner_fail_memory(inliner);
            }
            *renamed = *given;
            renamed->name = attribute->name;
            attribute = renamed;
        }
        to->attribute[to->n_attribute++] = attribute;
    }
    return QL_OK;
}

enum ql_status ql_inliner_copy_node(struct ql_inliner *inliner, struct ql_name_scope *scope, Onnx__NodeProto **copied,
                                    const Onnx__NodeProto *from)
{
    char name[2 * QL_NAME_SCOPE_BYTES];
    enum ql_status status = ql_inliner_spend(inliner, 1 + from->n_input + from->n_attribute);

    if (status != QL_OK) {
        return status;
    }
    Onnx__NodeProto *to = take(inliner, 1, sizeof *to);
    if (to == NULL) {
        return ql_inliner_fail_memory(inliner);
    }
    *to = *from;
    to->input = take(inliner, from->n_input + 1, sizeof to->input[0]);
    to->output = take(inliner, from->n_output + 1, sizeof to->output[0]);
    if (to->input == NULL || to->output == NULL) {
        return ql_inliner_fail_memory(inliner);
    }
    for (size_t k = 0; k < from->n_input; k++) {
        to->input[k] = (char *)ql_name_scope_resolve(scope, from->input[k]);
    }
    for (size_t k = 0; k < from->n_output && status == QL_OK; k++) {
        const char *defined = "";
        status = ql_inliner_define(inliner, scope, from->output[k], &defined);
        to->output[k] = (char *)defined;
    }
    (void)snprintf(name, sizeof name, "%s/%.200s", scope->prefix,
                   from->name != NULL && from->name[0] != '\0' ? from->name
                   : from->op_type != NULL                     ? from->op_type
                                                               : "");
    to->name = ql_inliner_copy_text(inliner, name);
    if (status == QL_OK) {
        status = copy_attributes(inliner, scope, to, from);
    }
    *copied = to;
    return status == QL_OK && inliner->arena->exhausted ? ql_inliner_fail_memory(inliner) : status;
}

enum ql_status ql_inliner_add_number(struct ql_inliner *inliner, const char **name, int64_t number, int type,
                                     bool is_list)
{
    const bool is_wide = type == ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    Onnx__TensorProto *tensor = take(inliner, 1, sizeof *tensor);
    int64_t *data = take(inliner, 2, sizeof data[0]);
    int32_t *narrow = take(inliner, 1, sizeof narrow[0]);

    if (tensor == NULL || data == NULL || narrow == NULL) {
        return ql_inliner_fail_memory(inliner);
    }
    onnx__tensor_proto__init(tensor);
    data[0] = number;
    data[1] = 1;
    narrow[0] = (int32_t)number;
    tensor->has_data_type = 1;
    tensor->data_type = type;
    tensor->n_dims = is_list ? 1 : 0;
    tensor->dims = data + 1;
    tensor->n_int64_data = is_wide ? 1 : 0;
    tensor->int64_data = data;
    tensor->n_int32_data = is_wide ? 0 : 1;
    tensor->int32_data = narrow;
    tensor->name = ql_inliner_invent_name(inliner, "number");
    *name = tensor->name;
    return tensor->name == NULL ? ql_inliner_fail_memory(inliner) : ql_inliner_add_initializer(inliner, tensor);
}
