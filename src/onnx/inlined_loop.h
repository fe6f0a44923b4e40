// Inlines the steps of a Loop or Scan: a Loop whose number of steps follows from constants and sizes, and a Scan over an
// axis of known size. Inside src/onnx only. Uses: base, onnx/{inliner,name_scope}, protobuf-c.
#ifndef QL_ONNX_INLINED_LOOP_H
#define QL_ONNX_INLINED_LOOP_H

#include <stdbool.h>

#include <onnx.pb-c.h>

#include "base/status.h"
#include "onnx/inliner.h"
#include "onnx/name_scope.h"

// Add the steps of a Loop, or of a Scan, that stands in the scope. *done is false where the number of steps depends on
// data or is larger than 4096; nothing is added then. Errors: those of the inliner.
enum ql_status ql_inlined_loop_add(struct ql_inliner *inliner, struct ql_name_scope *scope, const Onnx__NodeProto *node,
                                   bool *done);
enum ql_status ql_inlined_loop_add_scan(struct ql_inliner *inliner, struct ql_name_scope *scope,
                                        const Onnx__NodeProto *node, bool *done);

#endif
