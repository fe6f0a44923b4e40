// Requests and answers in JSON, a line each, to a program on a pipe; web/ort_server.js lists them.
// Uses: base, verify/process, jansson.
#ifndef QL_VERIFY_JSON_PIPE_H
#define QL_VERIFY_JSON_PIPE_H

#include <jansson.h>

#include "base/status.h"
#include "verify/process.h"

// Sends a request, which it takes over (NULL counts as no memory), and reads the answer, which the caller owns.
// Errors: what the program answers as one, and those of ql_process_step.
enum ql_status ql_json_pipe_step(struct ql_process *process, json_t *request, json_t **answer, struct ql_error *error);

// Reads a member of an answer as `bytes` bytes. Errors: QL_ERROR_INPUT when it is something else.
enum ql_status ql_json_pipe_read(void *data, size_t bytes, const json_t *answer, const char *member,
                                 struct ql_error *error);

#endif
