// The names of the formats of weights: see weight_format.h.
#include "model/weight_format.h"

#include <string.h>

static const char *const format_names[] = {"off", "int8", "int4"};

const char *ql_weight_format_write(enum ql_weight_format format)
{
    return format_names[format];
}

enum ql_status ql_weight_format_read(enum ql_weight_format *format, const char *name, struct ql_error *error)
{
    for (int i = 0; i < 3; i++) {
        if (strcmp(name, format_names[i]) == 0) {
            *format = (enum ql_weight_format)i;
            return QL_OK;
        }
    }
    return ql_error_write(error, QL_ERROR_USAGE, "--quantize %s: there are off, int8 and int4", name);
}
