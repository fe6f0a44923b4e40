// The data of tensors that a model keeps in other files, in its own folder or below. Paths that lead out of it, even
// through links, are refused, and so are places outside of a file. Inside src/onnx only. Uses: base, onnx/graph, protobuf-c.
#ifndef QL_ONNX_EXTERNAL_DATA_H
#define QL_ONNX_EXTERNAL_DATA_H

#include <onnx.pb-c.h>

#include "base/file.h"
#include "base/status.h"
#include "onnx/graph.h"

// Begins as {.graph = GRAPH, .model_path = PATH}, with NULL where no other file may be read. Both must outlive it.
struct ql_external_data {
    struct ql_graph *graph;
    const char *model_path;
    char *path;               // of the file that was opened last; owned
    struct ql_file_view file; // its bytes
    size_t bytes;             // that tensors have taken so far
};

// Copies the data of a tensor, `count` elements, to the graph's arena, and notes the file in graph->data_files. `what` names
// the tensor in messages. Errors: QL_ERROR_INPUT, QL_ERROR_SYSTEM.
enum ql_status ql_external_data_read(struct ql_external_data *external, void **data, enum ql_element type, size_t count,
                                     const Onnx__TensorProto *tensor, const char *what, struct ql_error *error);

void ql_external_data_free(struct ql_external_data *external);

#endif
