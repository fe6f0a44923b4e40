// Checkpoints: a model's parameters in a safetensors file, with what one must know to use them in its metadata.
// docs/checkpoint.md has the format. PyTorch reads the tensors as a state dict, and files written by PyTorch are read.
// Uses: base, model, checkpoint/{safetensors,training_run}, POSIX.
#ifndef QL_CHECKPOINT_CHECKPOINT_H
#define QL_CHECKPOINT_CHECKPOINT_H

#include "base/status.h"
#include "model/model.h"

// Writes the checkpoint, whole or not at all. The same model gives the same bytes.
enum ql_status ql_checkpoint_save(const char *path, const struct ql_model *model, const struct ql_model_info *info,
                                  struct ql_error *error);

// Return an error for the path of a folder; the message names the best checkpoint of a run. A path of anything else, also
// of nothing, is left to whoever opens it.
enum ql_status ql_checkpoint_check(const char *path, struct ql_error *error);

// Read a checkpoint. The metadata tells the architecture; in a file without our metadata, the shapes tell architecture and
// dimensions. All shapes are checked. What `model` held before is not freed; free the model in the end. A file without a
// vocabulary, such as PyTorch's, leaves info->vocabulary.count 0. In a recurrent model's file of another program, tensors
// may have other usual names or those of NAME.names.json (foreign_names.h), and the types F16 and BF16; biases, an output
// matrix that equals the embedding, and the embedding of one-hot tokens may be missing.
// Errors: those of ql_checkpoint_check; an unreadable or damaged file; tensors that are
// missing, unknown, or of a wrong shape or type; values that are not finite.
enum ql_status ql_checkpoint_load(const char *path, struct ql_model *model, struct ql_model_info *info,
                                  struct ql_error *error);

#endif
