// The integer form of a model as a program: a list of integer kernel calls with their buffers and constants. The host's
// engine runs it, the batched engine runs it for many texts, codegen prints it. There is no other form of the step.
// Uses: base, quantize/{decoder_program,integer_model,integer_product,program_maker}.
#ifndef QL_QUANTIZE_INTEGER_PROGRAM_H
#define QL_QUANTIZE_INTEGER_PROGRAM_H

#include "base/status.h"
#include "quantize/integer_model.h"
#include "quantize/integer_product.h"
#include "quantize/program_maker.h"

// Makes the program of a model, which must outlive it; matrices are multiplied by `product`.
// Errors: QL_ERROR_SYSTEM.
enum ql_status ql_integer_program_init(struct ql_integer_program *made, const struct ql_integer_model *model,
                                       const struct ql_integer_product *product, struct ql_error *error);

// Harmless on {0}.
void ql_integer_program_free(struct ql_integer_program *made);

#endif
