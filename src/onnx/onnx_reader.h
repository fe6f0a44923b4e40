// Reads ONNX files into a graph. The bytes may be hostile: every size, index and name is checked.
// Uses: base, onnx/graph, protobuf-c.
#ifndef QL_ONNX_ONNX_READER_H
#define QL_ONNX_ONNX_READER_H

#include <stddef.h>

#include "base/status.h"
#include "onnx/graph.h"

// Reads a model. The graph must be empty ({0}); free it in the end, also after an error. Everything is copied.
// Initializers become constants; inputs that have one are no longer inputs. Nodes keep their order, which ONNX requires
// to be the order of computation. Operators are not checked here: ql_program_compile does that.
// Errors (QL_ERROR_INPUT): not in the format or cut short, operator set not supported, no graph, names missing, twice,
// unknown or with control characters, nodes in a cycle, a tensor whose data does not fit its shape, data in other files
// or sparse data, more than the limits of graph.h.
enum ql_status ql_onnx_read(struct ql_graph *graph, const void *bytes, size_t size_bytes, struct ql_error *error);

// Does the same for a model whose tensors may have their data in other files, beside the model file at `path` or in
// folders below. Further errors: QL_ERROR_INPUT for a place outside of the model's folder, even through a link, and for data
// beyond the end of their file; those of ql_file_open_kind.
enum ql_status ql_onnx_read_at(struct ql_graph *graph, const void *bytes, size_t size_bytes, const char *path,
                               struct ql_error *error);

// Does the same with a file; errors begin with its path.
enum ql_status ql_onnx_load(struct ql_graph *graph, const char *path, struct ql_error *error);

// Reads one tensor, as in the .pb files of ONNX's own tests, into a new value of the graph, whose index it stores.
enum ql_status ql_onnx_read_tensor(struct ql_graph *graph, int *value, const void *bytes, size_t size_bytes,
                                   struct ql_error *error);

#endif
