// In which numbers a model's weights are held, under the names that --quantize gives them.
// docs/quantization.md has the integer formats.
// Uses: base.
#ifndef QL_MODEL_WEIGHT_FORMAT_H
#define QL_MODEL_WEIGHT_FORMAT_H

#include "base/status.h"

enum ql_weight_format { QL_WEIGHTS_F32, QL_WEIGHTS_S8, QL_WEIGHTS_S4 };

// "off", "int8", "int4", and back. Errors: QL_ERROR_USAGE for any other name.
const char *ql_weight_format_write(enum ql_weight_format format);
enum ql_status ql_weight_format_read(enum ql_weight_format *format, const char *name, struct ql_error *error);

#endif
