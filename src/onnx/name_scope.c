// Names of inner graphs: see name_scope.h.
#include "onnx/name_scope.h"

#include <stdio.h>
#include <string.h>

enum { NAME_LIMIT = 1024 }; // of a scope

void ql_name_scope_open(struct ql_name_scope *scope, struct ql_arena *arena, struct ql_name_scope *outer,
                        const Onnx__NodeProto *call, int number)
{
    *scope = (struct ql_name_scope){.outer = outer, .call = call, .arena = arena};
    (void)snprintf(scope->prefix, sizeof scope->prefix, "%.200s_%d",
                   call->name != NULL && call->name[0] != '\0' ? call->name : call->op_type, number);
}

void ql_name_scope_close(struct ql_name_scope *scope)
{
    ql_name_table_free(&scope->table);
}

struct ql_name_binding *ql_name_scope_find(struct ql_name_scope *scope, const char *name)
{
    const int number = ql_name_table_find(&scope->table, name);
    return number < 0 ? NULL : &scope->bindings[number];
}

const char *ql_name_scope_resolve(struct ql_name_scope *scope, const char *name)
{
    for (; scope != NULL && !scope->is_outermost; scope = scope->outer) {
        const struct ql_name_binding *binding = ql_name_scope_find(scope, name);
        if (binding != NULL && (!binding->is_output || binding->is_made)) {
            return binding->to;
        }
    }
    return name;
}

enum ql_status ql_name_scope_bind(struct ql_name_scope *scope, const char *from, const char *to, bool is_output,
                                  struct ql_error *error)
{
    if (is_output && ql_name_scope_find(scope, from) != NULL) {
        return QL_OK;
    }
    if (scope->count == NAME_LIMIT) {
        return ql_error_write(error, QL_ERROR_INPUT, "a function, branch or loop of the model has more than %d names",
                              (int)NAME_LIMIT);
    }
    if (scope->count == scope->room) {
        const int larger = 2 * scope->room + 16;
        struct ql_name_binding *moved = ql_arena_take(scope->arena, (size_t)larger, sizeof moved[0]);
        if (moved != NULL && scope->count > 0) {
            memcpy(moved, scope->bindings, (size_t)scope->count * sizeof moved[0]);
        }
        scope->bindings = moved;
        scope->room = larger;
    }
    if (scope->bindings == NULL || !ql_name_table_add(&scope->table, from, scope->count)) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to read the model");
    }
    scope->bindings[scope->count++] = (struct ql_name_binding){to, is_output, false};
    return QL_OK;
}

enum ql_status ql_name_scope_define(struct ql_name_scope *scope, const char *name, const char **defined,
                                    struct ql_error *error)
{
    char text[2 * QL_NAME_SCOPE_BYTES];

    *defined = name;
    if (scope->is_outermost || name[0] == '\0') {
        return QL_OK;
    }
    struct ql_name_binding *binding = ql_name_scope_find(scope, name);
    if (binding != NULL && binding->is_output && !binding->is_made) {
        binding->is_made = true;
        *defined = binding->to;
        return QL_OK;
    }
    if (strlen(name) >= QL_NAME_SCOPE_BYTES) {
        return ql_error_write(error, QL_ERROR_INPUT, "the name '%.60s...' is too long", name);
    }
    const size_t bytes = (size_t)snprintf(text, sizeof text, "%s/%s", scope->prefix, name) + 1;
    char *copy = ql_arena_take(scope->arena, bytes, 1);
    if (copy == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to read the model");
    }
    *defined = memcpy(copy, text, bytes);
    return ql_name_scope_bind(scope, name, copy, false, error);
}
