// Requests and answers in JSON: see json_pipe.h.
// Uses: base, verify/{process,hex}, jansson.
#include "verify/json_pipe.h"

#include <stdlib.h>

#include "verify/hex.h"

enum ql_status ql_json_pipe_step(struct ql_process *process, json_t *request, json_t **answer, struct ql_error *error)
{
    char *line = json_dumps(request, JSON_COMPACT);

    json_decref(request);
    *answer = NULL;
    if (line == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for a request");
    }
    enum ql_status status = ql_process_step(process, line, error);
    free(line);
    if (status != QL_OK) {
        return status;
    }
    *answer = json_loads(process->line, 0, NULL);
    const char *message = json_string_value(json_object_get(*answer, "error"));
    if (*answer == NULL || message != NULL) {
        status = ql_error_write(error, QL_ERROR_INPUT, "%.600s", message == NULL ? process->line : message);
        json_decref(*answer);
        *answer = NULL;
    }
    return status;
}

enum ql_status ql_json_pipe_read(void *data, size_t bytes, const json_t *answer, const char *member,
                                 struct ql_error *error)
{
    const json_t *text = json_object_get(answer, member);

    if (!json_is_string(text) || !ql_hex_decode(data, bytes, json_string_value(text), json_string_length(text))) {
        return ql_error_write(error, QL_ERROR_INPUT, "\"%s\" of the answer does not have the expected %zu bytes",
                              member, bytes);
    }
    return QL_OK;
}
