// An exported model as it is on the disk: an ONNX file and its descriptor, which belong together.
// Uses: base, onnx/descriptor, onnx/graph.
#ifndef QL_ONNX_MODEL_FILE_H
#define QL_ONNX_MODEL_FILE_H

#include "base/status.h"
#include "onnx/descriptor.h"
#include "onnx/graph.h"

// Reads a descriptor and the model that it names. The model must be a regular file, and must fit the descriptor's
// "sha256" where there is one. Errors: those of ql_descriptor_load and ql_onnx_read, each with its file; QL_ERROR_INPUT
// for a model that is not the descriptor's.
enum ql_status ql_model_file_load(struct ql_descriptor *descriptor, struct ql_graph *graph, const char *path,
                                  struct ql_error *error);

// Compares the bytes of a model with the descriptor's "sha256"; `path` is the model's, for the message.
enum ql_status ql_model_file_check(const struct ql_descriptor *descriptor, const char *path, const void *bytes,
                                   size_t size_bytes, struct ql_error *error);

// Fails with QL_ERROR_USAGE when `output`, which may be NULL, is a file beside the model that has data of its tensors: a
// save would destroy the model.
enum ql_status ql_model_file_check_output(const char *output, const struct ql_graph *graph, struct ql_error *error);

// Writes both files, or neither. `descriptor->sha256` becomes that of the model.
enum ql_status ql_model_file_save(struct ql_descriptor *descriptor, const struct ql_graph *graph, const char *path,
                                  const char *descriptor_path, struct ql_error *error);

#endif
