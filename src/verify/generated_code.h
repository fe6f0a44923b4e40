// C that was generated from a graph, by `quillet compile` or by others, as a stage and as a runner.
// Uses: base, onnx/program, verify/{runner,stage,workshop}.
#ifndef QL_VERIFY_GENERATED_CODE_H
#define QL_VERIFY_GENERATED_CODE_H

#include "onnx/program.h"
#include "verify/runner.h"
#include "verify/stage.h"
#include "verify/workshop.h"

// Lets the tool compile a model to NAME.c and NAME.h in the workshop, with the prefix NAME: with vocabulary and sampler
// from a descriptor, or plain, from an ONNX file. Errors: what the tool says.
enum ql_status ql_generated_code_write(const struct ql_workshop *workshop, const char *name, const char *model_path,
                                       bool plain, struct ql_error *error);

// Does the same for the integer form of a descriptor's model, as `model`. `calibrate` may be NULL.
enum ql_status ql_generated_integer_write(const struct ql_workshop *workshop, const char *descriptor_path,
                                          const char *quantize, const char *calibrate, struct ql_error *error);

// Compiles the workshop's model.c with firmware/port/pipe/model.c, and opens the program as a stage.
enum ql_status ql_generated_stage_open(struct ql_stage *stage, const struct ql_workshop *workshop,
                                       const struct ql_compiler *compiler, int V, struct ql_error *error);

// Compiles a C file, whoever generated it, with firmware/port/pipe/arrays.c, and opens the program as a runner. Its
// function `entry` takes the arrays of the compiled graph: the inputs, then the outputs.
enum ql_status ql_arrays_runner_open(struct ql_runner *runner, const struct ql_workshop *workshop,
                                     const struct ql_compiler *compiler, const char *c_path, const char *entry,
                                     const struct ql_program *program, struct ql_error *error);

#endif
