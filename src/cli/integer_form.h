// The integer form of a model, as the commands with --quantize use it.
// Uses: base, corpus, model, onnx, quantize, engine.
#ifndef QL_CLI_INTEGER_FORM_H
#define QL_CLI_INTEGER_FORM_H

#include "base/option.h"
#include "model/weight_format.h"
#include "onnx/descriptor.h"
#include "onnx/graph.h"
#include "quantize/integer_stepper.h"

struct ql_cli_quantization {
    const char *quantize;  // "off", "int8", "int4"
    const char *calibrate; // a text, or NULL: one that the model writes itself
};

// clang-format off
// Rows of an option table.
#define QL_CLI_QUANTIZATION_OPTIONS(q) \
    {"quantize", QL_OPTION_STRING, &(q)->quantize, 0, 0, "FORMAT", \
     "int8 or int4: the model in integers, as it is on a chip; off: in float", false}, \
    {"calibrate", QL_OPTION_STRING, &(q)->calibrate, 0, 0, "FILE", \
     "with --quantize: a typical text, for the range of the state (default: one that the model writes)", false}
// clang-format on

// Owns all of it.
struct ql_cli_integer_form {
    struct ql_integer_model model;
    struct ql_integer_stepper stepper;
};

// Reads --quantize. Errors: QL_ERROR_USAGE for an unknown format, and for --calibrate without one.
enum ql_status ql_cli_quantization_read(enum ql_weight_format *format, const struct ql_cli_quantization *quantization,
                                        struct ql_error *error);

// Makes the integer form of a graph. Errors: those of the calibration text, of ql_model_reader_read and of
// ql_integer_model_init. Close it in the end, also after an error; {0} is closed.
enum ql_status ql_cli_integer_form_open(struct ql_cli_integer_form *form, const struct ql_graph *graph,
                                        const struct ql_descriptor *descriptor, enum ql_weight_format format,
                                        const char *calibrate, struct ql_error *error);
void ql_cli_integer_form_close(struct ql_cli_integer_form *form);

// The same of a trained model, which takes the road through its graph.
enum ql_status ql_cli_integer_form_open_model(struct ql_cli_integer_form *form, const struct ql_model *model,
                                              const struct ql_model_info *info, enum ql_weight_format format,
                                              const char *calibrate, struct ql_error *error);

#endif
