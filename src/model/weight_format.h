// In which numbers a model's weights are held, under the names that --quantize gives them.
// docs/quantization.md has the integer formats.
// Uses: base, model/row_quantizer.
#ifndef QL_MODEL_WEIGHT_FORMAT_H
#define QL_MODEL_WEIGHT_FORMAT_H

#include <stdbool.h>

#include "base/status.h"
#include "model/row_quantizer.h"

enum ql_weight_format { QL_WEIGHTS_F32, QL_WEIGHTS_S8, QL_WEIGHTS_S4 };

// "off", "int8", "int4", and back. Errors: QL_ERROR_USAGE for any other name.
const char *ql_weight_format_write(enum ql_weight_format format);
enum ql_status ql_weight_format_read(enum ql_weight_format *format, const char *name, struct ql_error *error);

// What the rows of a layer's matrices keep to. Those of the output, and of a decoder's `down`, keep to QL_WEIGHTS_S8 in
// every integer model: of all matrices, rounding these costs most. The kernels for small processors keep two sums in one
// register for the 32 columns over which int8 is bounded; a bound over fewer is more precise and slower. int4 needs none
// for as much: 32 * 7 < QL_ROW_SEGMENT_SUM. Not for QL_WEIGHTS_F32.
struct ql_row_format ql_weight_format_rows(enum ql_weight_format format);

// Returns whether an integer model has a table of what each of V tokens gives to so many rows of its first layer. Where
// the table would take more than four times the memory of the embedding (V, E) and the input weights (rows, E), these are
// multiplied instead, which is slower.
bool ql_weight_format_has_table(int V, int E, int rows);

#endif
