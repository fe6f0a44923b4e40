// Inlines the nodes of inner graphs into one: see inlining.h. The names of an inner graph get a new prefix each time it
// is inlined, so that they stay unique.
#include "onnx/inlining.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "onnx/known_value.h"

enum {
    DEPTH_LIMIT = 16,
    NAME_LIMIT = 1024, // of a scope
    BUDGET = 1 << 17,  // nodes, inputs, outputs and attributes that may be added
    STEP_LIMIT = 4096, // of a Loop or a Scan
    SCAN_LIMIT = 64,   // inputs and outputs of a Scan
    NAME_BYTES = 512,
    UNSQUEEZE_OPSET = 13, // since which the axes of Unsqueeze are an input
};

// A name in a scope, and its name in the outermost graph.
struct binding {
    const char *from;
    char *to;
    bool is_output; // bound before a node makes it
    bool is_made;
};

// Where names are looked up: a function sees only its own, an inner graph also those around it.
struct scope {
    struct scope *outer; // NULL for the outermost graph and for a function
    bool is_outermost;
    const Onnx__NodeProto *call; // of a function: the node with the attributes that it refers to
    char prefix[NAME_BYTES];
    struct binding *bindings;
    int count, room;
};

struct inliner {
    struct ql_inlining *inlining;
    const Onnx__ModelProto *model;
    struct ql_error *error;
    Onnx__NodeProto **nodes;
    Onnx__TensorProto **initializers;
    size_t node_count, initializer_count, node_room, initializer_room;
    int64_t opset;
    int budget, depth, taken;
    struct ql_known_names known;
};

static enum ql_status expand(struct inliner *inliner, struct scope *scope, Onnx__NodeProto *const *nodes, size_t count);

static enum ql_status no_memory(const struct inliner *inliner)
{
    return ql_error_write(inliner->error, QL_ERROR_SYSTEM, "not enough memory to read the model");
}

static enum ql_status spend(struct inliner *inliner, size_t cost)
{
    if (cost > (size_t)inliner->budget) {
        return ql_error_write(inliner->error, QL_ERROR_INPUT,
                              "the model's functions, branches and loops make more than %d nodes and operands",
                              (int)BUDGET);
    }
    inliner->budget -= (int)cost;
    return QL_OK;
}

static void *take(struct inliner *inliner, size_t count, size_t size_bytes)
{
    return ql_arena_take(&inliner->inlining->arena, count, size_bytes);
}

static char *copy_text(struct inliner *inliner, const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = take(inliner, bytes, 1);
    return copy == NULL ? NULL : memcpy(copy, text, bytes);
}

// --- Lists that grow ---

static enum ql_status add_node(struct inliner *inliner, Onnx__NodeProto *node)
{
    if (inliner->node_count == inliner->node_room) {
        const size_t larger = 2 * inliner->node_room + 64;
        Onnx__NodeProto **moved = take(inliner, larger, sizeof moved[0]);
        if (moved == NULL) {
            return no_memory(inliner);
        }
        if (inliner->node_count > 0) {
            memcpy(moved, inliner->nodes, inliner->node_count * sizeof moved[0]);
        }
        inliner->nodes = moved;
        inliner->node_room = larger;
    }
    inliner->nodes[inliner->node_count++] = node;
    return QL_OK;
}

static enum ql_status add_initializer(struct inliner *inliner, Onnx__TensorProto *tensor)
{
    if (inliner->initializer_count == inliner->initializer_room) {
        const size_t larger = 2 * inliner->initializer_room + 64;
        Onnx__TensorProto **moved = take(inliner, larger, sizeof moved[0]);
        if (moved == NULL) {
            return no_memory(inliner);
        }
        if (inliner->initializer_count > 0) {
            memcpy(moved, inliner->initializers, inliner->initializer_count * sizeof moved[0]);
        }
        inliner->initializers = moved;
        inliner->initializer_room = larger;
    }
    inliner->initializers[inliner->initializer_count++] = tensor;
    return QL_OK;
}

// --- Names ---

static struct binding *find(const struct scope *scope, const char *name)
{
    for (int k = scope->count - 1; k >= 0; k--) {
        if (strcmp(scope->bindings[k].from, name) == 0) {
            return &scope->bindings[k];
        }
    }
    return NULL;
}

// The outermost name for a name that is read. A name that nothing has defined is kept, and the reader refuses it.
static const char *resolve(const struct scope *scope, const char *name)
{
    for (; scope != NULL && !scope->is_outermost; scope = scope->outer) {
        const struct binding *binding = find(scope, name);
        if (binding != NULL && (!binding->is_output || binding->is_made)) {
            return binding->to;
        }
    }
    return name;
}

static enum ql_status bind(struct inliner *inliner, struct scope *scope, const char *from, const char *to,
                           bool is_output)
{
    if (scope->count == NAME_LIMIT) {
        return ql_error_write(inliner->error, QL_ERROR_INPUT,
                              "a function, branch or loop of the model has more than %d names", (int)NAME_LIMIT);
    }
    char *copy = copy_text(inliner, to);
    if (scope->count == scope->room) {
        const int larger = 2 * scope->room + 16;
        struct binding *moved = take(inliner, (size_t)larger, sizeof moved[0]);
        if (moved != NULL && scope->count > 0) {
            memcpy(moved, scope->bindings, (size_t)scope->count * sizeof moved[0]);
        }
        scope->bindings = moved;
        scope->room = larger;
    }
    if (copy == NULL || scope->bindings == NULL) {
        return no_memory(inliner);
    }
    scope->bindings[scope->count++] = (struct binding){from, copy, is_output, false};
    return QL_OK;
}

// The outermost name for a result that a node of the scope computes.
static enum ql_status define(struct inliner *inliner, struct scope *scope, const char *name, const char **defined)
{
    char text[2 * NAME_BYTES];
    struct binding *binding = scope->is_outermost ? NULL : find(scope, name);

    *defined = name;
    if (scope->is_outermost || name[0] == '\0') {
        return QL_OK;
    }
    if (binding != NULL && binding->is_output && !binding->is_made) {
        binding->is_made = true;
        *defined = binding->to;
        return QL_OK;
    }
    if (strlen(name) >= NAME_BYTES) {
        return ql_error_write(inliner->error, QL_ERROR_INPUT, "the name '%.60s...' is too long", name);
    }
    (void)snprintf(text, sizeof text, "%s/%s", scope->prefix, name);
    const enum ql_status status = bind(inliner, scope, name, text, false);
    *defined = status == QL_OK ? scope->bindings[scope->count - 1].to : name;
    return status;
}

static enum ql_status open_scope(struct inliner *inliner, struct scope *scope, struct scope *outer,
                                 const Onnx__NodeProto *call)
{
    *scope = (struct scope){.outer = outer, .call = call};
    (void)snprintf(scope->prefix, sizeof scope->prefix, "%.200s_%d",
                   call->name != NULL && call->name[0] != '\0' ? call->name : call->op_type, inliner->taken++);
    return spend(inliner, 1);
}

// --- Nodes ---

static Onnx__AttributeProto *find_attribute(const Onnx__NodeProto *node, const char *name)
{
    for (size_t k = 0; node != NULL && k < node->n_attribute; k++) {
        if (node->attribute[k]->name != NULL && strcmp(node->attribute[k]->name, name) == 0) {
            return node->attribute[k];
        }
    }
    return NULL;
}

// Adds a new node with one output.
static enum ql_status emit(struct inliner *inliner, const char *operator_name, const char *const *inputs, size_t count,
                           const char *output, Onnx__AttributeProto *attribute)
{
    Onnx__NodeProto *node = take(inliner, 1, sizeof *node);
    char **operands = take(inliner, count + 1, sizeof operands[0]);
    Onnx__AttributeProto **attributes = take(inliner, 1, sizeof attributes[0]);
    char name[NAME_BYTES];
    enum ql_status status = spend(inliner, count + 2);

    if (status != QL_OK) {
        return status;
    }
    if (node == NULL || operands == NULL || attributes == NULL) {
        return no_memory(inliner);
    }
    (void)snprintf(name, sizeof name, "%s_%d", operator_name, inliner->taken++);
    onnx__node_proto__init(node);
    for (size_t k = 0; k < count; k++) {
        operands[k] = copy_text(inliner, inputs[k]);
    }
    operands[count] = copy_text(inliner, output);
    attributes[0] = attribute;
    node->name = copy_text(inliner, name);
    node->op_type = copy_text(inliner, operator_name);
    node->n_input = count;
    node->input = operands;
    node->n_output = 1;
    node->output = operands + count;
    node->n_attribute = attribute == NULL ? 0 : 1;
    node->attribute = attributes;
    return inliner->inlining->arena.exhausted ? no_memory(inliner) : add_node(inliner, node);
}

// The attributes of a node; those that refer to the function's call are taken from there, or dropped if the call does
// not have them.
static enum ql_status copy_attributes(struct inliner *inliner, const struct scope *scope, Onnx__NodeProto *to,
                                      const Onnx__NodeProto *from)
{
    const Onnx__NodeProto *call = NULL;

    for (const struct scope *s = scope; s != NULL && call == NULL; s = s->outer) {
        call = s->outer == NULL && !s->is_outermost ? s->call : NULL;
    }
    to->attribute = take(inliner, from->n_attribute + 1, sizeof to->attribute[0]);
    to->n_attribute = 0;
    if (to->attribute == NULL) {
        return no_memory(inliner);
    }
    for (size_t k = 0; k < from->n_attribute; k++) {
        Onnx__AttributeProto *attribute = from->attribute[k];
        const char *referred = attribute->ref_attr_name;
        if (referred != NULL && referred[0] != '\0' && call != NULL) {
            const Onnx__AttributeProto *given = find_attribute(call, referred);
            if (given == NULL) {
                continue;
            }
            Onnx__AttributeProto *renamed = take(inliner, 1, sizeof *renamed);
            if (renamed == NULL) {
                return no_memory(inliner);
            }
            *renamed = *given;
            renamed->name = attribute->name;
            attribute = renamed;
        }
        to->attribute[to->n_attribute++] = attribute;
    }
    return QL_OK;
}

// A copy of the node with the names of the outermost graph.
static enum ql_status copy_node(struct inliner *inliner, struct scope *scope, Onnx__NodeProto **copied,
                                const Onnx__NodeProto *from)
{
    Onnx__NodeProto *to = take(inliner, 1, sizeof *to);
    char name[2 * NAME_BYTES];
    enum ql_status status = spend(inliner, 1 + from->n_input + from->n_output + from->n_attribute);

    if (status != QL_OK) {
        return status;
    }
    if (to == NULL) {
        return no_memory(inliner);
    }
    *to = *from;
    to->input = take(inliner, from->n_input + 1, sizeof to->input[0]);
    to->output = take(inliner, from->n_output + 1, sizeof to->output[0]);
    if (to->input == NULL || to->output == NULL) {
        return no_memory(inliner);
    }
    for (size_t k = 0; k < from->n_input; k++) {
        to->input[k] = copy_text(inliner, resolve(scope, from->input[k]));
    }
    for (size_t k = 0; k < from->n_output && status == QL_OK; k++) {
        const char *defined = "";
        status = define(inliner, scope, from->output[k], &defined);
        to->output[k] = copy_text(inliner, defined);
    }
    (void)snprintf(name, sizeof name, "%s/%.200s", scope->prefix,
                   from->name != NULL && from->name[0] != '\0' ? from->name
                   : from->op_type != NULL                     ? from->op_type
                                                               : "");
    to->name = copy_text(inliner, name);
    if (status == QL_OK) {
        status = copy_attributes(inliner, scope, to, from);
    }
    *copied = to;
    return status != QL_OK ? status : inliner->inlining->arena.exhausted ? no_memory(inliner) : QL_OK;
}

// --- Constants ---

static struct ql_known_names *known_names(struct inliner *inliner)
{
    inliner->known.graph = inliner->model->graph;
    inliner->known.nodes = inliner->nodes;
    inliner->known.initializers = inliner->initializers;
    inliner->known.node_count = inliner->node_count;
    inliner->known.initializer_count = inliner->initializer_count;
    inliner->known.opset = inliner->opset;
    return &inliner->known;
}

// The single integer or boolean that a name is known to stand for. False if there is none.
static bool read_constant(struct inliner *inliner, const char *name, int64_t *number)
{
    return name[0] != '\0' && ql_known_value_read(number, known_names(inliner), name);
}

// Adds a scalar of that type (int64, int32 or bool), or with `is_list` a list of one number. Its name is stored.
static enum ql_status add_number(struct inliner *inliner, const char **name, int64_t number, int type, bool is_list)
{
    const bool is_wide = type == ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    Onnx__TensorProto *tensor = take(inliner, 1, sizeof *tensor);
    int64_t *data = take(inliner, 2, sizeof data[0]);
    int32_t *narrow = take(inliner, 1, sizeof narrow[0]);
    char text[64];

    if (tensor == NULL || data == NULL || narrow == NULL) {
        return no_memory(inliner);
    }
    (void)snprintf(text, sizeof text, "inlined/number_%d", inliner->taken++);
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
    tensor->name = copy_text(inliner, text);
    *name = tensor->name;
    return tensor->name == NULL ? no_memory(inliner) : add_initializer(inliner, tensor);
}

// --- Functions ---

static const Onnx__FunctionProto *find_function(const struct inliner *inliner, const Onnx__NodeProto *node)
{
    for (size_t k = 0; k < inliner->model->n_functions; k++) {
        const Onnx__FunctionProto *function = inliner->model->functions[k];
        const char *domains[] = {function->domain == NULL ? "" : function->domain,
                                 node->domain == NULL ? "" : node->domain};
        if (function->name != NULL && node->op_type != NULL && strcmp(function->name, node->op_type) == 0 &&
            strcmp(domains[0], domains[1]) == 0) {
            return function;
        }
    }
    return NULL;
}

// Results that no node computes are inputs, constants, or outer names that are passed through.
static enum ql_status hand_on(struct inliner *inliner, const struct scope *scope, const char *from, const char *to)
{
    for (int k = scope->count - 1; k >= 0; k--) {
        const struct binding *binding = &scope->bindings[k];
        if (binding->is_output && strcmp(binding->to, to) == 0 && strcmp(binding->from, from) == 0) {
            if (binding->is_made) {
                return QL_OK;
            }
            break;
        }
    }
    const char *source = NULL;
    for (int k = 0; k < scope->count && source == NULL; k++) {
        const struct binding *binding = &scope->bindings[k];
        source = strcmp(binding->from, from) == 0 && (!binding->is_output || binding->is_made) ? binding->to : NULL;
    }
    source = source == NULL ? resolve(scope->outer, from) : source;
    return emit(inliner, "Identity", &source, 1, to, NULL);
}

static enum ql_status check_versions(const struct inliner *inliner, const Onnx__FunctionProto *function)
{
    for (size_t k = 0; k < function->n_opset_import; k++) {
        const char *domain = function->opset_import[k]->domain;
        const bool own = domain == NULL || domain[0] == '\0' || strcmp(domain, "ai.onnx") == 0;
        if (own && function->opset_import[k]->version != inliner->opset) {
            return ql_error_write(inliner->error, QL_ERROR_INPUT,
                                  "the function '%.60s' is written for version %lld of ONNX's operators, and the model "
                                  "for %lld",
                                  function->name, (long long)function->opset_import[k]->version,
                                  (long long)inliner->opset);
        }
    }
    return QL_OK;
}

static enum ql_status inline_function(struct inliner *inliner, struct scope *scope, const Onnx__NodeProto *node,
                                      const Onnx__FunctionProto *function)
{
    struct scope inner;
    Onnx__NodeProto *call = NULL;
    enum ql_status status;

    if (node->n_input > function->n_input || node->n_output > function->n_output) {
        return ql_error_write(inliner->error, QL_ERROR_INPUT, "the function '%.60s' is called with other operands",
                              function->name);
    }
    if ((status = check_versions(inliner, function)) != QL_OK ||
        (status = copy_node(inliner, scope, &call, node)) != QL_OK ||
        (status = open_scope(inliner, &inner, NULL, call)) != QL_OK) {
        return status;
    }
    for (size_t k = 0; k < function->n_input && status == QL_OK; k++) {
        status = bind(inliner, &inner, function->input[k], k < call->n_input ? call->input[k] : "", false);
    }
    for (size_t k = 0; k < call->n_output && status == QL_OK; k++) {
        if (call->output[k][0] != '\0') {
            status = bind(inliner, &inner, function->output[k], call->output[k], true);
        }
    }
    if (status == QL_OK) {
        status = expand(inliner, &inner, function->node, function->n_node);
    }
    for (size_t k = 0; k < call->n_output && status == QL_OK; k++) {
        if (call->output[k][0] != '\0') {
            status = hand_on(inliner, &inner, function->output[k], call->output[k]);
        }
    }
    return status;
}

// --- Branches and loops ---

// Inlines the body's constants and nodes.
static enum ql_status expand_graph(struct inliner *inliner, struct scope *scope, const Onnx__GraphProto *graph)
{
    enum ql_status status = QL_OK;

    for (size_t k = 0; k < graph->n_initializer && status == QL_OK; k++) {
        Onnx__TensorProto *tensor = take(inliner, 1, sizeof *tensor);
        const char *defined = "";
        if (tensor == NULL) {
            return no_memory(inliner);
        }
        *tensor = *graph->initializer[k];
        if (tensor->name == NULL || (status = spend(inliner, 1)) != QL_OK ||
            (status = define(inliner, scope, tensor->name, &defined)) != QL_OK) {
            return status != QL_OK ? status
                                   : ql_error_write(inliner->error, QL_ERROR_INPUT, "an initializer has no name");
        }
        tensor->name = copy_text(inliner, defined);
        status = tensor->name == NULL ? no_memory(inliner) : add_initializer(inliner, tensor);
    }
    return status == QL_OK ? expand(inliner, scope, graph->node, graph->n_node) : status;
}

static enum ql_status inline_if(struct inliner *inliner, struct scope *scope, const Onnx__NodeProto *node, bool *done)
{
    int64_t condition;
    struct scope inner;
    enum ql_status status;

    *done = false;
    if (node->n_input != 1 || !read_constant(inliner, resolve(scope, node->input[0]), &condition)) {
        return QL_OK;
    }
    const Onnx__AttributeProto *branch = find_attribute(node, condition != 0 ? "then_branch" : "else_branch");
    if (branch == NULL || branch->g == NULL || branch->g->n_output != node->n_output) {
        return QL_OK;
    }
    *done = true;
    if ((status = open_scope(inliner, &inner, scope, node)) != QL_OK) {
        return status;
    }
    const char *targets[64] = {NULL};
    if (node->n_output > sizeof targets / sizeof targets[0]) {
        return ql_error_write(inliner->error, QL_ERROR_INPUT, "an If has more than 64 outputs");
    }
    for (size_t k = 0; k < node->n_output && status == QL_OK; k++) {
        if ((status = define(inliner, scope, node->output[k], &targets[k])) == QL_OK && targets[k][0] != '\0' &&
            branch->g->output[k]->name != NULL) {
            status = bind(inliner, &inner, branch->g->output[k]->name, targets[k], true);
        }
    }
    if (status == QL_OK) {
        status = expand_graph(inliner, &inner, branch->g);
    }
    for (size_t k = 0; k < node->n_output && status == QL_OK; k++) {
        if (targets[k][0] != '\0' && branch->g->output[k]->name != NULL) {
            status = hand_on(inliner, &inner, branch->g->output[k]->name, targets[k]);
        }
    }
    return status;
}

// A loop or scan that is being inlined: the names of its carried values, and of the results of each step.
struct loop {
    const Onnx__NodeProto *node;
    const Onnx__GraphProto *body;
    size_t carried, scans;
    int64_t most, steps; // how many steps there can be, and how many have been taken
    const char **values; // (carried)
    const char **rows;   // (scans, most)
    // Of a Scan: the inputs that are read in parts, and along which axes, from which end.
    size_t reads;
    const char **read;
    int64_t axes[SCAN_LIMIT], directions[SCAN_LIMIT], out_axes[SCAN_LIMIT], out_directions[SCAN_LIMIT];
};

// What is undone when a loop's end turns out to depend on computed values.
struct mark {
    size_t node_count, initializer_count;
    int budget;
};

static struct mark set_mark(const struct inliner *inliner)
{
    return (struct mark){inliner->node_count, inliner->initializer_count, inliner->budget};
}

static void go_back(struct inliner *inliner, struct mark mark)
{
    inliner->node_count = mark.node_count;
    inliner->initializer_count = mark.initializer_count;
    inliner->budget = mark.budget;
}

static Onnx__AttributeProto *make_attribute(struct inliner *inliner, const char *name, int64_t number, bool is_list)
{
    Onnx__AttributeProto *attribute = take(inliner, 1, sizeof *attribute);
    int64_t *numbers = take(inliner, 1, sizeof numbers[0]);

    if (attribute == NULL || numbers == NULL) {
        return NULL;
    }
    onnx__attribute_proto__init(attribute);
    numbers[0] = number;
    attribute->name = copy_text(inliner, name);
    attribute->has_type = 1;
    attribute->type =
        is_list ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS : ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    attribute->has_i = !is_list;
    attribute->i = number;
    attribute->n_ints = is_list ? 1 : 0;
    attribute->ints = numbers;
    return attribute;
}

// A unique name. NULL when there is not enough memory.
static char *invent_name(struct inliner *inliner, const char *kind)
{
    char text[64];
    (void)snprintf(text, sizeof text, "inlined/%.20s_%d", kind, inliner->taken++);
    return copy_text(inliner, text);
}

// A step's result as a row: with a new axis. The axes of Unsqueeze are an attribute, and since version 13 an input.
static enum ql_status add_row(struct inliner *inliner, struct loop *loop, size_t scan, const char *value)
{
    const bool by_input = inliner->opset >= UNSQUEEZE_OPSET;
    const char *inputs[] = {value, ""};
    char *row = invent_name(inliner, "row");
    Onnx__AttributeProto *axes = by_input ? NULL : make_attribute(inliner, "axes", loop->out_axes[scan], true);
    enum ql_status status = QL_OK;

    if (row == NULL || (!by_input && axes == NULL)) {
        return no_memory(inliner);
    }
    loop->rows[scan * (size_t)loop->most + (size_t)loop->steps] = row;
    if (by_input) {
        status = add_number(inliner, &inputs[1], loop->out_axes[scan], ONNX__TENSOR_PROTO__DATA_TYPE__INT64, true);
    }
    return status == QL_OK ? emit(inliner, "Unsqueeze", inputs, by_input ? 2 : 1, row, axes) : status;
}

// A carried value that is known becomes a constant, so a counter does not grow into a chain of sums.
static enum ql_status settle_value(struct inliner *inliner, const char **value)
{
    struct ql_known_value known;

    ql_known_value_find(&known, known_names(inliner), *value);
    const bool is_single = known.count == 1 && (known.rank == 0 || (known.rank == 1 && known.dims[0] == 1));
    const bool is_whole = known.type == ONNX__TENSOR_PROTO__DATA_TYPE__INT64 ||
                          known.type == ONNX__TENSOR_PROTO__DATA_TYPE__INT32 ||
                          known.type == ONNX__TENSOR_PROTO__DATA_TYPE__BOOL;
    return is_single && is_whole ? add_number(inliner, value, known.numbers[0], known.type, known.rank == 1) : QL_OK;
}

// Ends a step: collects the body's carried values and its rows. `first` is the index of the first carried output.
static enum ql_status end_step(struct inliner *inliner, const struct scope *inner, struct loop *loop, size_t first)
{
    const Onnx__GraphProto *body = loop->body;
    enum ql_status status = QL_OK;

    for (size_t k = 0; k < loop->carried && status == QL_OK; k++) {
        loop->values[k] = resolve(inner, body->output[first + k]->name);
        status = settle_value(inliner, &loop->values[k]);
    }
    for (size_t k = 0; k < loop->scans && status == QL_OK; k++) {
        status = add_row(inliner, loop, k, resolve(inner, body->output[first + loop->carried + k]->name));
    }
    return status;
}

// A step of a Loop. *goes_on becomes 1 or 0, or -1 if that is not known.
static enum ql_status run_step(struct inliner *inliner, struct scope *scope, struct loop *loop, const char *truth,
                               int *goes_on)
{
    const Onnx__GraphProto *body = loop->body;
    struct scope inner;
    const char *number;
    int64_t condition;
    enum ql_status status;

    if ((status = add_number(inliner, &number, loop->steps, ONNX__TENSOR_PROTO__DATA_TYPE__INT64, false)) != QL_OK ||
        (status = open_scope(inliner, &inner, scope, loop->node)) != QL_OK ||
        (status = bind(inliner, &inner, body->input[0]->name, number, false)) != QL_OK ||
        (status = bind(inliner, &inner, body->input[1]->name, truth, false)) != QL_OK) {
        return status;
    }
    for (size_t k = 0; k < loop->carried && status == QL_OK; k++) {
        status = bind(inliner, &inner, body->input[2 + k]->name, loop->values[k], false);
    }
    if (status == QL_OK) {
        status = expand_graph(inliner, &inner, body);
    }
    *goes_on = read_constant(inliner, resolve(&inner, body->output[0]->name), &condition) ? condition != 0 : -1;
    return status == QL_OK ? end_step(inliner, &inner, loop, 1) : status;
}

// A step of a Scan: the body sees one part of each input that is read.
static enum ql_status run_scan_step(struct inliner *inliner, struct scope *scope, struct loop *loop)
{
    const Onnx__GraphProto *body = loop->body;
    struct scope inner;
    enum ql_status status = open_scope(inliner, &inner, scope, loop->node);

    for (size_t k = 0; k < loop->carried && status == QL_OK; k++) {
        status = bind(inliner, &inner, body->input[k]->name, loop->values[k], false);
    }
    for (size_t k = 0; k < loop->reads && status == QL_OK; k++) {
        const int64_t place = loop->directions[k] != 0 ? loop->most - 1 - loop->steps : loop->steps;
        const char *inputs[] = {loop->read[k], ""};
        char *part = invent_name(inliner, "part");
        Onnx__AttributeProto *axis = make_attribute(inliner, "axis", loop->axes[k], false);
        if (part == NULL || axis == NULL) {
            return no_memory(inliner);
        }
        if ((status = add_number(inliner, &inputs[1], place, ONNX__TENSOR_PROTO__DATA_TYPE__INT64, false)) == QL_OK &&
            (status = emit(inliner, "Gather", inputs, 2, part, axis)) == QL_OK) {
            status = bind(inliner, &inner, body->input[loop->carried + k]->name, part, false);
        }
    }
    if (status == QL_OK) {
        status = expand_graph(inliner, &inner, body);
    }
    return status == QL_OK ? end_step(inliner, &inner, loop, 0) : status;
}

// Concatenates the rows of all steps; for a direction of 1, the last one first.
static enum ql_status join_rows(struct inliner *inliner, const struct loop *loop, size_t scan, const char *output)
{
    const char **rows = loop->rows + scan * (size_t)loop->most;
    Onnx__AttributeProto *axis = make_attribute(inliner, "axis", loop->out_axes[scan], false);

    if (axis == NULL) {
        return no_memory(inliner);
    }
    for (int64_t k = 0; k < loop->steps / 2 && loop->out_directions[scan] != 0; k++) {
        const char *row = rows[k];
        rows[k] = rows[loop->steps - 1 - k];
        rows[loop->steps - 1 - k] = row;
    }
    return emit(inliner, "Concat", rows, (size_t)loop->steps, output, axis);
}

static enum ql_status give_results(struct inliner *inliner, struct scope *scope, struct loop *loop)
{
    enum ql_status status = QL_OK;

    for (size_t k = 0; k < loop->node->n_output && status == QL_OK; k++) {
        const char *output;
        if ((status = define(inliner, scope, loop->node->output[k], &output)) == QL_OK && output[0] != '\0') {
            status = k < loop->carried ? emit(inliner, "Identity", &loop->values[k], 1, output, NULL)
                                       : join_rows(inliner, loop, k - loop->carried, output);
        }
    }
    return status;
}

static bool has_names(const Onnx__GraphProto *body)
{
    bool named = true;

    for (size_t k = 0; k < body->n_input; k++) {
        named = named && body->input[k]->name != NULL;
    }
    for (size_t k = 0; k < body->n_output; k++) {
        named = named && body->output[k]->name != NULL;
    }
    return named;
}

static enum ql_status take_lists(struct inliner *inliner, const struct scope *scope, struct loop *loop, size_t first)
{
    loop->values = take(inliner, loop->carried + 1, sizeof loop->values[0]);
    loop->rows = take(inliner, loop->scans * (size_t)loop->most + 1, sizeof loop->rows[0]);
    if (loop->values == NULL || loop->rows == NULL) {
        return no_memory(inliner);
    }
    for (size_t k = 0; k < loop->carried; k++) {
        loop->values[k] = resolve(scope, loop->node->input[first + k]);
    }
    return QL_OK;
}

// True when the loop can be tried: it has a bound or a condition, what it has is known, and it runs at least one step.
static bool read_loop(struct inliner *inliner, const struct scope *scope, struct loop *loop,
                      const Onnx__NodeProto *node)
{
    const Onnx__AttributeProto *attribute = find_attribute(node, "body");
    const Onnx__GraphProto *body = attribute == NULL ? NULL : attribute->g;
    int64_t condition = 1;

    *loop = (struct loop){.node = node, .body = body, .most = STEP_LIMIT + 1};
    if (body == NULL || node->n_input < 2 || body->n_input != node->n_input || body->n_output < 1 ||
        body->n_output < node->n_input - 1 || node->n_output > body->n_output - 1 || !has_names(body) ||
        (node->input[0][0] != '\0' && !read_constant(inliner, resolve(scope, node->input[0]), &loop->most)) ||
        (node->input[1][0] != '\0' && !read_constant(inliner, resolve(scope, node->input[1]), &condition)) ||
        condition == 0 || loop->most < 1) {
        return false;
    }
    loop->most = loop->most > STEP_LIMIT ? STEP_LIMIT + 1 : loop->most;
    loop->carried = node->n_input - 2;
    loop->scans = body->n_output - 1 - loop->carried;
    return loop->scans <= SCAN_LIMIT;
}

static enum ql_status inline_loop(struct inliner *inliner, struct scope *scope, const Onnx__NodeProto *node, bool *done)
{
    const struct mark mark = set_mark(inliner);
    struct loop loop;
    const char *truth;
    int goes_on = 1;
    enum ql_status status;

    *done = read_loop(inliner, scope, &loop, node);
    if (!*done) {
        return QL_OK;
    }
    if ((status = take_lists(inliner, scope, &loop, 2)) != QL_OK ||
        (status = add_number(inliner, &truth, 1, ONNX__TENSOR_PROTO__DATA_TYPE__BOOL, false)) != QL_OK) {
        return status;
    }
    for (; loop.steps < loop.most && goes_on == 1 && status == QL_OK; loop.steps++) {
        status = run_step(inliner, scope, &loop, truth, &goes_on);
    }
    // The last step's condition does not matter where the bound ends the loop.
    if (status == QL_OK && ((goes_on < 0 && loop.steps < loop.most) || loop.steps > STEP_LIMIT)) {
        go_back(inliner, mark);
        *done = false;
        return QL_OK;
    }
    return status == QL_OK ? give_results(inliner, scope, &loop) : status;
}

// Reads a list of `count` numbers, or zeros if it is missing. False for any other length.
static bool read_numbers(int64_t *numbers, const Onnx__NodeProto *node, const char *name, size_t count)
{
    const Onnx__AttributeProto *attribute = find_attribute(node, name);

    for (size_t k = 0; k < count; k++) {
        numbers[k] = attribute == NULL || attribute->n_ints != count ? 0 : attribute->ints[k];
    }
    return attribute == NULL || attribute->n_ints == count;
}

// True when the scan can be inlined: from version 9 on, and over an axis whose size is known.
static bool read_scan(struct inliner *inliner, const struct scope *scope, struct loop *loop,
                      const Onnx__NodeProto *node)
{
    const Onnx__AttributeProto *attribute = find_attribute(node, "body");
    const Onnx__AttributeProto *count = find_attribute(node, "num_scan_inputs");
    const Onnx__GraphProto *body = attribute == NULL ? NULL : attribute->g;

    *loop = (struct loop){.node = node, .body = body};
    if (body == NULL || inliner->opset < 9 || count == NULL || count->i < 1 || count->i > SCAN_LIMIT ||
        (size_t)count->i > node->n_input || body->n_input != node->n_input || !has_names(body)) {
        return false;
    }
    loop->reads = (size_t)count->i;
    loop->carried = node->n_input - loop->reads;
    if (body->n_output < loop->carried || body->n_output != node->n_output) {
        return false;
    }
    loop->scans = body->n_output - loop->carried;
    if (loop->scans > SCAN_LIMIT || !read_numbers(loop->axes, node, "scan_input_axes", loop->reads) ||
        !read_numbers(loop->directions, node, "scan_input_directions", loop->reads) ||
        !read_numbers(loop->out_axes, node, "scan_output_axes", loop->scans) ||
        !read_numbers(loop->out_directions, node, "scan_output_directions", loop->scans)) {
        return false;
    }
    for (size_t k = 0; k < loop->reads; k++) {
        struct ql_known_value known;
        ql_known_value_find(&known, known_names(inliner), resolve(scope, node->input[loop->carried + k]));
        const int64_t axis = loop->axes[k] < 0 ? loop->axes[k] + known.rank : loop->axes[k];
        if (known.rank < 1 || axis < 0 || axis >= known.rank || known.dims[axis] < 1 || known.dims[axis] > STEP_LIMIT ||
            (k > 0 && known.dims[axis] != loop->most)) {
            return false;
        }
        loop->most = known.dims[axis];
    }
    return true;
}

static enum ql_status inline_scan(struct inliner *inliner, struct scope *scope, const Onnx__NodeProto *node, bool *done)
{
    struct loop loop;
    enum ql_status status;

    *done = read_scan(inliner, scope, &loop, node);
    if (!*done) {
        return QL_OK;
    }
    if ((status = take_lists(inliner, scope, &loop, 0)) != QL_OK) {
        return status;
    }
    loop.read = take(inliner, loop.reads, sizeof loop.read[0]);
    if (loop.read == NULL) {
        return no_memory(inliner);
    }
    for (size_t k = 0; k < loop.reads; k++) {
        loop.read[k] = resolve(scope, node->input[loop.carried + k]);
    }
    for (; loop.steps < loop.most && status == QL_OK; loop.steps++) {
        status = run_scan_step(inliner, scope, &loop);
    }
    return status == QL_OK ? give_results(inliner, scope, &loop) : status;
}

static enum ql_status expand(struct inliner *inliner, struct scope *scope, Onnx__NodeProto *const *nodes, size_t count)
{
    enum ql_status status = QL_OK;

    if (++inliner->depth > DEPTH_LIMIT) {
        return ql_error_write(inliner->error, QL_ERROR_INPUT,
                              "the model's functions, branches and loops are nested more than %d deep, or a function "
                              "calls itself",
                              (int)DEPTH_LIMIT);
    }
    for (size_t n = 0; n < count && status == QL_OK; n++) {
        Onnx__NodeProto *node = nodes[n];
        const Onnx__FunctionProto *function = find_function(inliner, node);
        const bool own = node->domain == NULL || node->domain[0] == '\0' || strcmp(node->domain, "ai.onnx") == 0;
        bool done = false;
        if (function != NULL) {
            status = inline_function(inliner, scope, node, function);
            done = true;
        } else if (own && node->op_type != NULL && strcmp(node->op_type, "If") == 0) {
            status = inline_if(inliner, scope, node, &done);
        } else if (own && node->op_type != NULL && strcmp(node->op_type, "Loop") == 0) {
            status = inline_loop(inliner, scope, node, &done);
        } else if (own && node->op_type != NULL && strcmp(node->op_type, "Scan") == 0) {
            status = inline_scan(inliner, scope, node, &done);
        }
        if (status == QL_OK && !done) {
            if (!scope->is_outermost) {
                status = copy_node(inliner, scope, &node, node);
            }
            status = status == QL_OK ? add_node(inliner, node) : status;
        }
    }
    inliner->depth--;
    return status;
}

static bool has_inner_graphs(const Onnx__ModelProto *model)
{
    bool found = model->n_functions > 0;

    for (size_t n = 0; n < model->graph->n_node && !found; n++) {
        const char *name = model->graph->node[n]->op_type;
        found = name != NULL && (strcmp(name, "If") == 0 || strcmp(name, "Loop") == 0 || strcmp(name, "Scan") == 0);
    }
    return found;
}

enum ql_status ql_inlining_init(struct ql_inlining *inlining, const Onnx__ModelProto *model, struct ql_error *error)
{
    struct inliner inliner = {.inlining = inlining, .model = model, .error = error, .budget = BUDGET};
    struct scope outermost = {.is_outermost = true};
    enum ql_status status = QL_OK;

    *inlining = (struct ql_inlining){0};
    if (model->graph == NULL || !has_inner_graphs(model)) {
        return QL_OK;
    }
    for (size_t k = 0; k < model->n_opset_import; k++) {
        const char *domain = model->opset_import[k]->domain;
        if (domain == NULL || domain[0] == '\0' || strcmp(domain, "ai.onnx") == 0) {
            inliner.opset = model->opset_import[k]->version;
        }
    }
    for (size_t k = 0; k < model->graph->n_initializer && status == QL_OK; k++) {
        status = add_initializer(&inliner, model->graph->initializer[k]);
    }
    if (status == QL_OK) {
        status = expand(&inliner, &outermost, model->graph->node, model->graph->n_node);
    }
    if (status == QL_OK) {
        Onnx__GraphProto *graph = model->graph;
        inlining->graph = graph;
        inlining->node_count = graph->n_node;
        inlining->nodes = graph->node;
        inlining->initializer_count = graph->n_initializer;
        inlining->initializers = graph->initializer;
        graph->n_node = inliner.node_count;
        graph->node = inliner.nodes;
        graph->n_initializer = inliner.initializer_count;
        graph->initializer = inliner.initializers;
    }
    return status;
}

void ql_inlining_free(struct ql_inlining *inlining)
{
    if (inlining->graph != NULL) {
        inlining->graph->n_node = inlining->node_count;
        inlining->graph->node = inlining->nodes;
        inlining->graph->n_initializer = inlining->initializer_count;
        inlining->graph->initializer = inlining->initializers;
    }
    ql_arena_free(&inlining->arena);
    *inlining = (struct ql_inlining){0};
}
