// Checkpoints: a model's parameters in a safetensors file, with what one must know to use them in its metadata.
// docs/checkpoint.md has the format. PyTorch reads the tensors as a state dict, and files written by PyTorch are read.
// Uses: base, model, checkpoint/safetensors.
#ifndef QL_CHECKPOINT_CHECKPOINT_H
#define QL_CHECKPOINT_CHECKPOINT_H

#include "base/status.h"
#include "model/model.h"

// Writes the checkpoint, whole or not at all. The same model gives the same bytes.
enum ql_status ql_checkpoint_save(const char *path, const struct ql_model *model, const struct ql_model_info *info,
                                  struct ql_error *error);

// Reads a checkpoint. The architecture is what the metadata says; in a file without our metadata it is found by the
// shapes, as are the dimensions. All shapes are checked. Frees nothing of what `model` held before; free the
// model in the end. A file without a vocabulary (PyTorch's) leaves info->vocabulary.count 0. In a recurrent model's file
// of another program, tensors may have usual other names, or those of NAME.names.json (foreign_names.h), and the types
// F16 and BF16; biases, an output that is the embedding, and the embedding of one-hot tokens may be left out.
// Errors: unreadable, damaged, tensors missing, unknown or of unfitting shape or type, values not finite.
enum ql_status ql_checkpoint_load(const char *path, struct ql_model *model, struct ql_model_info *info,
                                  struct ql_error *error);

#endif
