// --quantize and --calibrate: see quantization.h.
// Uses: base, model/weight_format.
#include "cli/quantization.h"

enum ql_status ql_cli_quantization_read(enum ql_weight_format *format, const struct ql_cli_quantization *quantization,
                                        struct ql_error *error)
{
    *format = QL_WEIGHTS_F32;
    if (quantization->quantize != NULL) {
        enum ql_status status = ql_weight_format_read(format, quantization->quantize, error);
        if (status != QL_OK) {
            return status;
        }
    }
    if (quantization->calibrate != NULL && *format == QL_WEIGHTS_F32) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--calibrate needs --quantize int8 or int4: a model in float has no ranges to set");
    }
    return QL_OK;
}
