// The names of the formats of weights: see weight_format.h.
#include "model/weight_format.h"

#include <assert.h>
#include <string.h>

enum { TABLE_FACTOR = 4 };

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
    return ql_error_write(error, QL_ERROR_USAGE, "--quantize %s: must be off, int8 or int4", name);
}

struct ql_row_format ql_weight_format_rows(enum ql_weight_format format)
{
    assert(format != QL_WEIGHTS_F32);
    if (format == QL_WEIGHTS_S4) {
        return (struct ql_row_format){.limit = QL_ROW_LIMIT_S4};
    }
    return (struct ql_row_format){QL_ROW_LIMIT_S8, 32, QL_ROW_SEGMENT_SUM};
}

bool ql_weight_format_has_table(int V, int E, int rows)
{
    return (int64_t)V * rows <= TABLE_FACTOR * ((int64_t)V * E + (int64_t)rows * E);
}
