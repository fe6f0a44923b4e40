// Translates the names of tensors in checkpoints of other programs, such as lstm.weight_ih_l0 and module.fc.weight,
// into those of docs/checkpoint.md. A file beside the checkpoint, NAME.names.json, covers names for which there is no
// rule.
// Inside src/checkpoint only. Uses: base, checkpoint/safetensors, jansson.
#ifndef QL_CHECKPOINT_FOREIGN_NAMES_H
#define QL_CHECKPOINT_FOREIGN_NAMES_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/status.h"
#include "checkpoint/safetensors.h"

// Renames the entries of a recurrent model's file. New names are allocated in the arena. An entry whose new name
// another entry has keeps its own. Errors: QL_ERROR_INPUT for a NAME.names.json that is not an object of strings, or
// names a tensor that is not in the file; QL_ERROR_SYSTEM.
enum ql_status ql_foreign_names_apply(struct ql_safetensors *file, const char *path, struct ql_arena *arena,
                                      struct ql_error *error);

// True when every entry has a name of docs/checkpoint.md.
bool ql_foreign_names_are_known(const struct ql_safetensors *file);

// Writes the error for a tensor that is missing: which names are missing, which are unknown, and what to write into
// NAME.names.json. Returns QL_ERROR_INPUT.
enum ql_status ql_foreign_names_fail(const struct ql_safetensors *file, const char *name, const char *path,
                                     struct ql_error *error);

#endif
