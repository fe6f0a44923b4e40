// Inlines the nodes of other graphs into the main graph of a model before it is read: the model's own functions, the
// branch of an If whose condition is known, and the steps of a Loop or Scan whose number follows from constants and
// sizes. Inside src/onnx only. Uses: base, protobuf-c.
#ifndef QL_ONNX_INLINING_H
#define QL_ONNX_INLINING_H

#include <stddef.h>

#include <onnx.pb-c.h>

#include "base/arena.h"
#include "base/status.h"

// What stood in the message before; its memory belongs to protobuf-c.
struct ql_inlining {
    struct ql_arena arena; // of what stands there now
    Onnx__GraphProto *graph;
    size_t node_count, initializer_count;
    Onnx__NodeProto **nodes;
    Onnx__TensorProto **initializers;
};

// Replaces the nodes and initializers of the model's graph. What cannot be inlined (a Loop whose end depends on data)
// stays a node, which the compiler then refuses by name. Restore it before the message is freed, also after an error.
// Errors: QL_ERROR_INPUT for functions that call themselves, or graphs that grow beyond a bound; QL_ERROR_SYSTEM.
enum ql_status ql_inlining_init(struct ql_inlining *inlining, const Onnx__ModelProto *model, struct ql_error *error);
void ql_inlining_free(struct ql_inlining *inlining);

#endif
