// --quantize and --calibrate: the options of the commands that take a model in integers.
// Uses: base, model/weight_format.
#ifndef QL_CLI_QUANTIZATION_H
#define QL_CLI_QUANTIZATION_H

#include "base/option.h"
#include "model/weight_format.h"

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

// Reads --quantize. Errors: QL_ERROR_USAGE for an unknown format, and for --calibrate without one.
enum ql_status ql_cli_quantization_read(enum ql_weight_format *format, const struct ql_cli_quantization *quantization,
                                        struct ql_error *error);

#endif
