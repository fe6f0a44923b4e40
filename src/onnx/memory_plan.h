// Plans the workspace of a program, the memory of its intermediate values: those that are never needed at the same time
// share a place.
// Uses: base, onnx/program.
#ifndef QL_ONNX_MEMORY_PLAN_H
#define QL_ONNX_MEMORY_PLAN_H

#include "base/status.h"
#include "onnx/program.h"

// Sets first_call, last_call, and workspace_offset of all roots in the workspace, and workspace_bytes. With `keep`, every
// value has memory of its own. Errors: QL_ERROR_INPUT above `byte_limit`, QL_ERROR_SYSTEM without memory to plan in.
enum ql_status ql_memory_plan_init(struct ql_program *program, bool keep, size_t byte_limit, struct ql_error *error);

#endif
