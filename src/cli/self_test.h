// The text of a compiled model's self-test, as the engine writes it.
// Uses: base, onnx/program_compile, codegen, engine.
#ifndef QL_CLI_SELF_TEST_H
#define QL_CLI_SELF_TEST_H

#include "codegen/text_model.h"
#include "engine/integer_stepper.h"
#include "onnx/program_compile.h"

// Tokens of the text.
enum { QL_CLI_SELF_TEST_STEPS = 32 };

// Lets the engine write with the descriptor's settings and sets the model's trace. The engine's own program is compiled
// anew from the graph, without what codegen does to it, so the self-test proves that this changed nothing.
// Errors: those of the engine; QL_ERROR_NUMERIC for logits that are not finite.
enum ql_status ql_cli_self_test_write(struct ql_text_model *text, const struct ql_graph *graph,
                                      const struct ql_program_options *options, struct ql_error *error);

// Does the same for the integer form of the model.
enum ql_status ql_cli_integer_self_test_write(struct ql_text_model *text, struct ql_integer_stepper *stepper,
                                              struct ql_error *error);

#endif
