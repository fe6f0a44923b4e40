// A text that a checkpoint writes while a client reads it: as much at a time as the client takes.
// The same text as `quillet predict` writes from the same checkpoint and settings.
// Uses: base, checkpoint, engine/text_session, dashboard/dashboard_request.
#ifndef QL_DASHBOARD_SAMPLE_STREAM_H
#define QL_DASHBOARD_SAMPLE_STREAM_H

#include "base/status.h"
#include "dashboard/dashboard_request.h"
#include "engine/text_session.h"

struct ql_sample_stream {
    struct ql_stepper stepper;
    struct ql_text_session session; // on the stepper
    struct ql_model_info info;
    int token; // the last one, not yet taken by the model
    int left;  // characters to write
};

// `file` is the open checkpoint; it stays the caller's. Errors: a file that is no checkpoint, no vocabulary, no memory.
enum ql_status ql_sample_stream_init(struct ql_sample_stream *stream, int file,
                                     const struct ql_dashboard_request *request, struct ql_error *error);
void ql_sample_stream_free(struct ql_sample_stream *stream);

// Writes a few tokens in UTF-8 into `bytes`, whole ones; returns their size, 0 at the end. `room` is at least
// QL_TOKEN_BYTES.
// The text also ends where the model's output is not finite.
size_t ql_sample_stream_write(struct ql_sample_stream *stream, char *bytes, size_t room);

#endif
