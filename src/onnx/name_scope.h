// Names of a function, branch or loop that is inlined: what each is called in the outermost graph. Names that the inner
// graph makes get a prefix of their own for each time that it is inlined, so that they stay unique.
// Inside src/onnx only. Uses: base, onnx/name_table.
#ifndef QL_ONNX_NAME_SCOPE_H
#define QL_ONNX_NAME_SCOPE_H

#include <stdbool.h>

#include <onnx.pb-c.h>

#include "base/arena.h"
#include "base/status.h"
#include "onnx/name_table.h"

enum { QL_NAME_SCOPE_BYTES = 512 }; // of a name, at most

// What a name in a scope stands for in the outermost graph.
struct ql_name_binding {
    const char *to;
    bool is_output; // bound before a node makes it
    bool is_made;
};

// Where names are looked up: a function sees only its own, an inner graph also those around it. {.is_outermost = true}
// is the outermost graph, whose names stay as they are.
struct ql_name_scope {
    struct ql_name_scope *outer; // NULL for the outermost graph and for a function
    bool is_outermost;
    const Onnx__NodeProto *call; // of a function: the node with the attributes that it refers to
    char prefix[QL_NAME_SCOPE_BYTES];
    struct ql_name_table table; // name to number of a binding
    struct ql_name_binding *bindings;
    int count, room;
    struct ql_arena *arena; // of the names; not owned
};

// Opens the scope of a call, whose number makes its prefix unique. Close it in the end, also after an error.
void ql_name_scope_open(struct ql_name_scope *scope, struct ql_arena *arena, struct ql_name_scope *outer,
                        const Onnx__NodeProto *call, int number);
void ql_name_scope_close(struct ql_name_scope *scope);

// Returns the binding of a name in this scope alone, or NULL. Valid until the next name is bound.
struct ql_name_binding *ql_name_scope_find(struct ql_name_scope *scope, const char *name);

// Returns what a name means where it is read. A name that nothing has made stays as it is.
const char *ql_name_scope_resolve(struct ql_name_scope *scope, const char *name);

// Binds a name to another; both must outlive the scope. With `is_output` it is the name under which a node of the scope
// will make it, unless the scope has the name already. Errors: QL_ERROR_INPUT for too many names; QL_ERROR_SYSTEM.
enum ql_status ql_name_scope_bind(struct ql_name_scope *scope, const char *from, const char *to, bool is_output,
                                  struct ql_error *error);

// Sets *defined to the name that a node's output gets in the outermost graph. Errors: those of ql_name_scope_bind;
// QL_ERROR_INPUT for a name that is too long.
enum ql_status ql_name_scope_define(struct ql_name_scope *scope, const char *name, const char **defined,
                                    struct ql_error *error);

#endif
