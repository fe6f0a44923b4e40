// Makes an ONNX file in which every value that a node computes is also an output of the graph, so that any engine shows
// it.
// Uses: base, onnx/graph.
#ifndef QL_VERIFY_EXPOSED_MODEL_H
#define QL_VERIFY_EXPOSED_MODEL_H

#include <stddef.h>

#include "base/status.h"
#include "onnx/graph.h"

// Takes the bytes of an ONNX file and the graph that was read from it. The file is copied as it is, so that what our
// reader misunderstands stays visible, and a fragment that names the further outputs is put after it: protocol
// buffers merge the parts of a message that stands in several pieces.
// The caller frees *exposed. Errors: QL_ERROR_SYSTEM for no memory.
enum ql_status ql_exposed_model_write(unsigned char **exposed, size_t *exposed_bytes, const void *onnx,
                                      size_t onnx_bytes, const struct ql_graph *graph, struct ql_error *error);

// Does the same from file to file. Errors: those of reading and writing.
enum ql_status ql_exposed_model_save(const char *exposed_path, const char *onnx_path, const struct ql_graph *graph,
                                     struct ql_error *error);

#endif
