// What functions, branches and loops share when their nodes are inlined into the outermost graph: the nodes and constants
// of that graph so far, what is known of its values, and new nodes and constants for it.
// Inside src/onnx only. Uses: base, onnx/{known_value,name_scope,name_table}, protobuf-c.
#ifndef QL_ONNX_INLINER_H
#define QL_ONNX_INLINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <onnx.pb-c.h>

#include "base/arena.h"
#include "base/status.h"
#include "onnx/known_value.h"
#include "onnx/name_scope.h"
#include "onnx/name_table.h"

enum { QL_INLINER_BUDGET = 1 << 17 }; // names, nodes, inputs, outputs and attributes that may be added

struct ql_inliner {
    const Onnx__ModelProto *model;
    struct ql_arena *arena; // of what is made; not owned
    struct ql_error *error;
    int64_t opset;
    Onnx__NodeProto **nodes;
    Onnx__TensorProto **initializers;
    size_t node_count, initializer_count, node_room, initializer_room;
    struct ql_known_values known;   // of the outermost graph so far
    struct ql_name_table functions; // "domain:name:overload" to the number of the model's function
    int budget, depth;
    int taken; // numbers that made names unique
    // Inlines a graph's constants and nodes.
    enum ql_status (*expand_graph)(struct ql_inliner *inliner, struct ql_name_scope *scope,
                                   const Onnx__GraphProto *graph);
};

// A point to which the outermost graph can be taken back.
struct ql_inliner_mark {
    size_t node_count, initializer_count;
    int known_count;
};

// --- The graph so far ---

// Write the errors that every step can end with: QL_ERROR_SYSTEM, and QL_ERROR_INPUT for a model that grows beyond the
// budget, which bounds the work as well and is therefore not given back by ql_inliner_go_back.
enum ql_status ql_inliner_fail_memory(const struct ql_inliner *inliner);
enum ql_status ql_inliner_spend(struct ql_inliner *inliner, size_t cost);

enum ql_status ql_inliner_add_node(struct ql_inliner *inliner, Onnx__NodeProto *node);
enum ql_status ql_inliner_add_initializer(struct ql_inliner *inliner, Onnx__TensorProto *tensor);

struct ql_inliner_mark ql_inliner_set_mark(const struct ql_inliner *inliner);
void ql_inliner_go_back(struct ql_inliner *inliner, struct ql_inliner_mark mark);

// Opens the scope of a call (onnx/name_scope.h), with a prefix of its own. Close it in the end, also after an error.
enum ql_status ql_inliner_open_scope(struct ql_inliner *inliner, struct ql_name_scope *scope,
                                     struct ql_name_scope *outer, const Onnx__NodeProto *call);

// The same as ql_name_scope_bind and ql_name_scope_define, within the budget.
enum ql_status ql_inliner_bind(struct ql_inliner *inliner, struct ql_name_scope *scope, const char *from,
                               const char *to, bool is_output);
enum ql_status ql_inliner_define(struct ql_inliner *inliner, struct ql_name_scope *scope, const char *name,
                                 const char **defined);

// Reads the single integer or boolean that a name is known to stand for. Returns false if there is none.
bool ql_inliner_read_constant(struct ql_inliner *inliner, const char *name, int64_t *number);

// --- New nodes and constants ---
// Names that are given stay where they are: they are those of the model, of the arena, or literals.

// Returns a copy in the arena, or NULL.
char *ql_inliner_copy_text(struct ql_inliner *inliner, const char *text);

// Returns a name that no other has, or NULL when there is not enough memory.
char *ql_inliner_invent_name(struct ql_inliner *inliner, const char *kind);

// Returns an attribute of an integer, or of a list of one integer; NULL when there is not enough memory.
Onnx__AttributeProto *ql_inliner_make_attribute(struct ql_inliner *inliner, const char *name, int64_t number,
                                                bool is_list);

// Adds a node with one output. `attribute` may be NULL.
enum ql_status ql_inliner_emit(struct ql_inliner *inliner, const char *operator_name, const char *const *inputs,
                               size_t count, const char *output, Onnx__AttributeProto *attribute);

// Sets *copied to a copy of the node as it stands in the outermost graph, to which it is not added.
enum ql_status ql_inliner_copy_node(struct ql_inliner *inliner, struct ql_name_scope *scope, Onnx__NodeProto **copied,
                                    const Onnx__NodeProto *from);

// Adds a scalar of ONNX's type `type` (int64, int32 or bool), or with `is_list` a list of one number, and sets *name.
enum ql_status ql_inliner_add_number(struct ql_inliner *inliner, const char **name, int64_t number, int type,
                                     bool is_list);

// --- Looking at nodes ---

// Returns the attribute of that name, or NULL. The node may be NULL.
Onnx__AttributeProto *ql_inliner_find_attribute(const Onnx__NodeProto *node, const char *name);

#endif
