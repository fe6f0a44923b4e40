// The name and the sizes of generated C, before it is written.
// Uses: base, codegen/codegen_types.
#ifndef QL_CODEGEN_CODEGEN_SIZE_H
#define QL_CODEGEN_CODEGEN_SIZE_H

#include <stdio.h>

#include "base/status.h"
#include "codegen/codegen_types.h"

// The prefix from --name or a file's name: of "models/names-wait.onnx" it is "names_wait".
// Errors: QL_ERROR_USAGE for a name that does not begin with a letter, is too long, or is "ql" or begins with "ql_" in
// small letters or capitals, as the names of the kernels do.
enum ql_status ql_codegen_name_read(char name[QL_CODEGEN_NAME_BYTES], const char *text, struct ql_error *error);

// Measures a model of the unit. What the models share is counted for the first one. Errors: QL_ERROR_SYSTEM when there
// is not enough memory, here and below.
enum ql_status ql_codegen_measure(struct ql_codegen_size *size, const struct ql_codegen_unit *unit, int model,
                                  struct ql_error *error);

// Writes sizes, constants and the plan of the workspace as JSON: an object for a model, an array of them for several.
enum ql_status ql_codegen_report_write(FILE *stream, const struct ql_codegen_unit *unit, struct ql_error *error);

#endif
