// Writes a graph as an ONNX file. The same graph gives the same bytes.
// Uses: base, onnx/graph, protobuf-c.
#ifndef QL_ONNX_ONNX_WRITER_H
#define QL_ONNX_ONNX_WRITER_H

#include <stddef.h>

#include "base/status.h"
#include "onnx/graph.h"

// Stores a heap block with the file's bytes; the caller frees it with free(). Constants become initializers, in the
// graph's order; sizes that are not known keep their names. Errors: no memory, or more than 2 GiB, which no ONNX file
// may have.
enum ql_status ql_onnx_write(unsigned char **bytes, size_t *size_bytes, const struct ql_graph *graph,
                             struct ql_error *error);

// Writes a file, whole or not at all.
enum ql_status ql_onnx_save(const char *path, const struct ql_graph *graph, struct ql_error *error);

#endif
