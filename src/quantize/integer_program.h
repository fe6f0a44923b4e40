// The integer form of a model as a program: a list of integer kernel calls with their buffers and constants. The host's
// engine runs it, the batched engine runs it for many texts, codegen prints it. There is no other form of the step.
// Uses: base, onnx/{graph,program,model_roles}, quantize/{integer_kernel,integer_model,integer_product}.
#ifndef QL_QUANTIZE_INTEGER_PROGRAM_H
#define QL_QUANTIZE_INTEGER_PROGRAM_H

#include "base/arena.h"
#include "base/status.h"
#include "onnx/model_roles.h"
#include "onnx/program.h"
#include "quantize/integer_model.h"
#include "quantize/integer_product.h"

// The program's inputs are the token and the parts of the state, in the order of the model's layout. Its outputs are the
// logits, which it writes in their place, and the same parts, each of which lies where it came in. Owns all but the
// model, and may be moved.
struct ql_integer_program {
    struct ql_arena arena;
    struct ql_graph *graph; // a node for each layer and one for the output: names for messages and comments
    struct ql_program program;
    struct ql_model_roles roles;
};

// Makes the program of a model, which must outlive it; matrices are multiplied by `product`.
// Errors: QL_ERROR_SYSTEM.
enum ql_status ql_integer_program_init(struct ql_integer_program *made, const struct ql_integer_model *model,
                                       const struct ql_integer_product *product, struct ql_error *error);

// Harmless on {0}.
void ql_integer_program_free(struct ql_integer_program *made);

#endif
