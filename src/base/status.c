// Status codes and error messages: see status.h.
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ql_error_format(struct ql_error *error, enum ql_status status, const char *format, ...)
{
    if (error == NULL) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    error->status = status;
    (void)vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
}

enum ql_status ql_error_prefix(struct ql_error *error, const char *format, ...)
{
    char rest[QL_ERROR_MESSAGE_BYTES];
    va_list arguments;

    if (error == NULL) {
        return QL_ERROR_INPUT;
    }
    memcpy(rest, error->message, sizeof rest);
    va_start(arguments, format);
    int used = vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    if (used >= 0 && (size_t)used < sizeof error->message) {
        (void)snprintf(error->message + used, sizeof error->message - (size_t)used, "%s", rest);
    }
    return error->status;
}
