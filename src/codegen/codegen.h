// Prints programs as C: one source and one header, with weights, kernels, vocabulary and sampler.
// docs/generated-code.md describes the result. The same input gives the same bytes.
// Uses: base, corpus, device, onnx.
#ifndef QL_CODEGEN_CODEGEN_H
#define QL_CODEGEN_CODEGEN_H

#include <stdio.h>

#include "codegen/codegen_size.h"
#include "codegen/codegen_types.h"

// Writes the source, and the header where `header` is not NULL. The caller checks the streams for errors.
// Errors: QL_ERROR_INPUT for a number that C cannot express, QL_ERROR_SYSTEM when there is not enough memory.
enum ql_status ql_codegen_write(FILE *source, FILE *header, const struct ql_codegen_unit *unit, struct ql_error *error);

#endif
