// Inlines the nodes of other graphs into one: see inlining.h. Here are functions, branches, and the walk over nodes;
// loops are in inlined_loop.c.
#include "onnx/inlining.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "onnx/inlined_loop.h"
#include "onnx/inliner.h"
#include "onnx/known_value.h"
#include "onnx/name_scope.h"
#include "onnx/name_table.h"

enum {
    DEPTH_LIMIT = 16,
    BRANCH_OUTPUT_LIMIT = 64, // of an If
};

static enum ql_status expand(struct ql_inliner *inliner, struct ql_name_scope *scope, Onnx__NodeProto *const *nodes,
                             size_t count);

// --- Functions ---

// Writes the key of a function or of a call. Returns false for one that is too long, which no function has.
static bool write_key(char *key, size_t room, const char *domain, const char *name, const char *overload)
{
    return name != NULL && snprintf(key, room, "%s:%s:%s", domain == NULL ? "" : domain, name,
                                    overload == NULL ? "" : overload) < (int)room;
}

// Adds the last function first, so that of two with one name the first one counts.
static bool add_functions(struct ql_inliner *inliner)
{
    char key[2 * QL_NAME_SCOPE_BYTES];

    for (size_t k = inliner->model->n_functions; k-- > 0;) {
        const Onnx__FunctionProto *function = inliner->model->functions[k];
        if (write_key(key, sizeof key, function->domain, function->name, function->overload)) {
            const char *kept = ql_inliner_copy_text(inliner, key);
            if (kept == NULL || !ql_name_table_add(&inliner->functions, kept, (int)k)) {
                return false;
            }
        }
    }
    return true;
}

static bool are_same(const char *left, const char *right)
{
    return strcmp(left == NULL ? "" : left, right == NULL ? "" : right) == 0;
}

static const Onnx__FunctionProto *find_function(struct ql_inliner *inliner, const Onnx__NodeProto *node)
{
    char key[2 * QL_NAME_SCOPE_BYTES];
    int number = -1;

    if (inliner->model->n_functions > 0 && write_key(key, sizeof key, node->domain, node->op_type, node->overload)) {
        number = ql_name_table_find(&inliner->functions, key);
    }
    const Onnx__FunctionProto *function = number < 0 ? NULL : inliner->model->functions[number];
    return function != NULL && are_same(function->domain, node->domain) && are_same(function->name, node->op_type) &&
                   are_same(function->overload, node->overload)
               ? function
               : NULL;
}

// Results that no node computes are inputs, constants, or outer names that are passed through.
static enum ql_status hand_on(struct ql_inliner *inliner, struct ql_name_scope *scope, const char *from, const char *to)
{
    const struct ql_name_binding *binding = ql_name_scope_find(scope, from);

    if (binding != NULL && binding->is_output && binding->is_made && strcmp(binding->to, to) == 0) {
        return QL_OK;
    }
    const char *source = binding != NULL && (!binding->is_output || binding->is_made)
                             ? binding->to
                             : ql_name_scope_resolve(scope->outer, from);
    return ql_inliner_emit(inliner, "Identity", &source, 1, to, NULL);
}

static enum ql_status check_versions(struct ql_inliner *inliner, const Onnx__FunctionProto *function)
{
    const enum ql_status status = ql_inliner_spend(inliner, function->n_opset_import);

    if (status != QL_OK) {
        return status;
    }
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

// Binds the operands of a call, inlines the function's nodes, and passes through what no node of it computes.
static enum ql_status expand_call(struct ql_inliner *inliner, struct ql_name_scope *inner, const Onnx__NodeProto *call,
                                  const Onnx__FunctionProto *function)
{
    enum ql_status status = QL_OK;

    for (size_t k = 0; k < function->n_input && status == QL_OK; k++) {
        status = ql_inliner_bind(inliner, inner, function->input[k], k < call->n_input ? call->input[k] : "", false);
    }
    for (size_t k = 0; k < call->n_output && status == QL_OK; k++) {
        if (call->output[k][0] != '\0') {
            status = ql_inliner_bind(inliner, inner, function->output[k], call->output[k], true);
        }
    }
    if (status == QL_OK) {
        status = expand(inliner, inner, function->node, function->n_node);
    }
    for (size_t k = 0; k < call->n_output && status == QL_OK; k++) {
        if (call->output[k][0] != '\0') {
            status = hand_on(inliner, inner, function->output[k], call->output[k]);
        }
    }
    return status;
}

// Gives a call those attributes for which the function has defaults and that the call does not have.
static enum ql_status add_defaults(struct ql_inliner *inliner, Onnx__NodeProto *call,
                                   const Onnx__FunctionProto *function)
{
    const size_t given = call->n_attribute, defaults = function->n_attribute_proto;
    const enum ql_status status = ql_inliner_spend(inliner, defaults * (given + 1)); // they are looked through

    if (status != QL_OK || defaults == 0) {
        return status;
    }
    Onnx__AttributeProto **attributes = ql_arena_take(inliner->arena, given + defaults, sizeof attributes[0]);
    if (attributes == NULL) {
        return ql_inliner_fail_memory(inliner);
    }
    memcpy(attributes, call->attribute, given * sizeof attributes[0]);
    size_t count = given;
    for (size_t k = 0; k < defaults; k++) {
        Onnx__AttributeProto *attribute = function->attribute_proto[k];
        if (attribute->name != NULL && ql_inliner_find_attribute(call, attribute->name) == NULL) {
            attributes[count++] = attribute;
        }
    }
    call->n_attribute = count;
    call->attribute = attributes;
    return QL_OK;
}

static enum ql_status inline_function(struct ql_inliner *inliner, struct ql_name_scope *scope,
                                      const Onnx__NodeProto *node, const Onnx__FunctionProto *function)
{
    struct ql_name_scope inner;
    Onnx__NodeProto *call = NULL;
    enum ql_status status;

    if (node->n_input > function->n_input || node->n_output > function->n_output) {
        return ql_error_write(inliner->error, QL_ERROR_INPUT,
                              "the function '%.60s' is called with more inputs or outputs than it has", function->name);
    }
    if ((status = check_versions(inliner, function)) != QL_OK ||
        (status = ql_inliner_copy_node(inliner, scope, &call, node)) != QL_OK ||
        (status = add_defaults(inliner, call, function)) != QL_OK) {
        return status;
    }
    if ((status = ql_inliner_open_scope(inliner, &inner, NULL, call)) == QL_OK) {
        status = expand_call(inliner, &inner, call, function);
    }
    ql_name_scope_close(&inner);
    return status;
}

// --- Branches ---

// Inlines the constants and nodes of a branch, or of a step of a loop.
static enum ql_status expand_graph(struct ql_inliner *inliner, struct ql_name_scope *scope,
                                   const Onnx__GraphProto *graph)
{
    enum ql_status status = QL_OK;

    for (size_t k = 0; k < graph->n_initializer && status == QL_OK; k++) {
        const char *defined = "";
        if (graph->initializer[k]->name == NULL) {
            return ql_error_write(inliner->error, QL_ERROR_INPUT, "an initializer has no name");
        }
        if ((status = ql_inliner_define(inliner, scope, graph->initializer[k]->name, &defined)) != QL_OK) {
            return status;
        }
        Onnx__TensorProto *tensor = ql_arena_take(inliner->arena, 1, sizeof *tensor);
        if (tensor == NULL) {
            return ql_inliner_fail_memory(inliner);
        }
        *tensor = *graph->initializer[k];
        tensor->name = (char *)defined;
        status = ql_inliner_add_initializer(inliner, tensor);
    }
    return status == QL_OK ? expand(inliner, scope, graph->node, graph->n_node) : status;
}

// Inlines a branch in a scope of its own. `targets` are the names of its outputs in the outermost graph.
static enum ql_status expand_branch(struct ql_inliner *inliner, struct ql_name_scope *inner,
                                    const Onnx__GraphProto *branch, const char *const *targets)
{
    const size_t count = branch->n_output;
    enum ql_status status = QL_OK;

    for (size_t k = 0; k < count && status == QL_OK; k++) {
        if (targets[k][0] != '\0' && branch->output[k]->name != NULL) {
            status = ql_inliner_bind(inliner, inner, branch->output[k]->name, targets[k], true);
        }
    }
    if (status == QL_OK) {
        status = expand_graph(inliner, inner, branch);
    }
    for (size_t k = 0; k < count && status == QL_OK; k++) {
        if (targets[k][0] != '\0' && branch->output[k]->name != NULL) {
            status = hand_on(inliner, inner, branch->output[k]->name, targets[k]);
        }
    }
    return status;
}

static enum ql_status inline_if(struct ql_inliner *inliner, struct ql_name_scope *scope, const Onnx__NodeProto *node,
                                bool *done)
{
    const char *targets[BRANCH_OUTPUT_LIMIT] = {NULL};
    struct ql_name_scope inner;
    int64_t condition;
    enum ql_status status = QL_OK;

    *done = false;
    if (node->n_input != 1 ||
        !ql_inliner_read_constant(inliner, ql_name_scope_resolve(scope, node->input[0]), &condition)) {
        return QL_OK;
    }
    const Onnx__AttributeProto *branch =
        ql_inliner_find_attribute(node, condition != 0 ? "then_branch" : "else_branch");
    if (branch == NULL || branch->g == NULL || branch->g->n_output != node->n_output) {
        return QL_OK;
    }
    *done = true;
    if (node->n_output > BRANCH_OUTPUT_LIMIT) {
        return ql_error_write(inliner->error, QL_ERROR_INPUT, "an If has more than %d outputs",
                              (int)BRANCH_OUTPUT_LIMIT);
    }
    for (size_t k = 0; k < node->n_output && status == QL_OK; k++) {
        status = ql_inliner_define(inliner, scope, node->output[k], &targets[k]);
    }
    if (status != QL_OK) {
        return status;
    }
    if ((status = ql_inliner_open_scope(inliner, &inner, scope, node)) == QL_OK) {
        status = expand_branch(inliner, &inner, branch->g, targets);
    }
    ql_name_scope_close(&inner);
    return status;
}

// --- Nodes ---

// Inlines what a node calls or holds. *done is false where the node stays what it is.
static enum ql_status inline_node(struct ql_inliner *inliner, struct ql_name_scope *scope, const Onnx__NodeProto *node,
                                  bool *done)
{
    const bool own = node->domain == NULL || node->domain[0] == '\0' || strcmp(node->domain, "ai.onnx") == 0;
    const Onnx__FunctionProto *function = find_function(inliner, node);
    const char *name = own && node->op_type != NULL ? node->op_type : "";
    const bool is_if = strcmp(name, "If") == 0, is_loop = strcmp(name, "Loop") == 0,
               is_scan = strcmp(name, "Scan") == 0;

    *done = function != NULL;
    if (function != NULL) {
        return inline_function(inliner, scope, node, function);
    }
    if (!is_if && !is_loop && !is_scan) {
        return QL_OK;
    }
    const enum ql_status status = ql_inliner_spend(inliner, node->n_attribute); // they are looked through
    return status != QL_OK ? status
           : is_if         ? inline_if(inliner, scope, node, done)
           : is_loop       ? ql_inlined_loop_add(inliner, scope, node, done)
                           : ql_inlined_loop_add_scan(inliner, scope, node, done);
}

static enum ql_status expand(struct ql_inliner *inliner, struct ql_name_scope *scope, Onnx__NodeProto *const *nodes,
                             size_t count)
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
        bool done = false;
        status = inline_node(inliner, scope, node, &done);
        if (status == QL_OK && !done) {
            if (!scope->is_outermost) {
                status = ql_inliner_copy_node(inliner, scope, &node, node);
            }
            status = status == QL_OK ? ql_inliner_add_node(inliner, node) : status;
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

static int64_t find_opset(const Onnx__ModelProto *model)
{
    int64_t opset = 0;

    for (size_t k = 0; k < model->n_opset_import; k++) {
        const char *domain = model->opset_import[k]->domain;
        if (domain == NULL || domain[0] == '\0' || strcmp(domain, "ai.onnx") == 0) {
            opset = model->opset_import[k]->version;
        }
    }
    return opset;
}

// Makes the lists of the outermost graph.
static enum ql_status expand_model(struct ql_inliner *inliner)
{
    const Onnx__GraphProto *graph = inliner->model->graph;
    struct ql_name_scope outermost = {.is_outermost = true};
    enum ql_status status = QL_OK;
    bool added = add_functions(inliner);

    for (size_t k = 0; k < graph->n_input && added; k++) {
        added = ql_known_values_add_input(&inliner->known, graph->input[k]);
    }
    if (!added) {
        return ql_inliner_fail_memory(inliner);
    }
    for (size_t k = 0; k < graph->n_initializer && status == QL_OK; k++) {
        status = ql_inliner_add_initializer(inliner, graph->initializer[k]);
    }
    return status == QL_OK ? expand(inliner, &outermost, graph->node, graph->n_node) : status;
}

enum ql_status ql_inlining_init(struct ql_inlining *inlining, const Onnx__ModelProto *model, struct ql_error *error)
{
    struct ql_inliner inliner = {.model = model,
                                 .arena = &inlining->arena,
                                 .error = error,
                                 .budget = QL_INLINER_BUDGET,
                                 .expand_graph = expand_graph};

    *inlining = (struct ql_inlining){0};
    if (model->graph == NULL || !has_inner_graphs(model)) {
        return QL_OK;
    }
    inliner.opset = find_opset(model);
    const enum ql_status status = expand_model(&inliner);
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
    ql_known_values_free(&inliner.known);
    ql_name_table_free(&inliner.functions);
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
