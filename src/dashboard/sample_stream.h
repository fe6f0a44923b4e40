// Lets a checkpoint write a text while a client reads it: as much at a time as the client takes.
// The same text as `quillet predict` writes from the same checkpoint, settings, filter and lexicon.
// Uses: base, checkpoint, engine/text_session, filter/guard, dashboard/dashboard_request.
#ifndef QL_DASHBOARD_SAMPLE_STREAM_H
#define QL_DASHBOARD_SAMPLE_STREAM_H

#include <stdbool.h>

#include "base/status.h"
#include "dashboard/dashboard_request.h"
#include "engine/text_session.h"
#include "filter/guard.h"

// With a filter that refuses items, each item waits until it is whole; a longer one goes out in parts, as no listed
// item is so long.
enum { QL_SAMPLE_ITEM_BYTES = 4096 };

struct ql_sample_stream {
    struct ql_stepper stepper;
    struct ql_text_session session; // on the stepper
    struct ql_model_info info;
    struct ql_guard guard;
    char item[QL_SAMPLE_ITEM_BYTES + QL_TOKEN_BYTES]; // what waits
    size_t item_size;
    int token; // the last one, not yet taken by the model
    int begun; // tokens that were drawn
    int left;  // characters to write
    bool over;
};

// `file` is the open checkpoint; it stays the caller's. filter, lexicon: compiled ones that the text obeys, or NULL.
// Errors: a file that is not a checkpoint, no vocabulary, no memory; those of the guard. After an error nothing is left
// to free.
enum ql_status ql_sample_stream_init(struct ql_sample_stream *stream, int file,
                                     const struct ql_dashboard_request *request, const char *filter,
                                     const char *lexicon, struct ql_error *error);
void ql_sample_stream_free(struct ql_sample_stream *stream);

enum { QL_SAMPLE_ROOM = QL_SAMPLE_ITEM_BYTES + 2 * QL_TOKEN_BYTES };

// Writes a few tokens in UTF-8 into `bytes`, whole ones; returns their size, 0 at the end. `room` is at least
// QL_SAMPLE_ROOM.
// The text also ends where the model's output is not finite.
size_t ql_sample_stream_write(struct ql_sample_stream *stream, char *bytes, size_t room);

#endif
