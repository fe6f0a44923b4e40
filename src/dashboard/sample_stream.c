// A text that a checkpoint writes while a client reads it: see sample_stream.h.
// Uses: base, checkpoint, corpus/vocabulary, engine/text_session, POSIX.
#include "dashboard/sample_stream.h"

#include <stdio.h>
#include <time.h>

#include "base/system.h"
#include "checkpoint/checkpoint.h"

// The other clients wait so long, or for one symbol of a model that takes longer.
enum { TURN_US = 5000 };

static int64_t now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

enum ql_status ql_sample_stream_init(struct ql_sample_stream *stream, int file,
                                     const struct ql_dashboard_request *request, struct ql_error *error)
{
    char path[64];
    struct ql_model model;

    *stream = (struct ql_sample_stream){.left = request->length};
    ql_system_descriptor_path(path, sizeof path, file);
    enum ql_status status = ql_checkpoint_load(path, &model, &stream->info, error);
    if (status != QL_OK) {
        return status;
    }
    if (stream->info.vocabulary.count == 0) {
        status = ql_error_write(error, QL_ERROR_INPUT, "the checkpoint has no vocabulary");
    } else {
        status = ql_stepper_init(&stream->stepper, &model, &stream->info, error);
    }
    ql_model_free(&model);
    if (status == QL_OK) {
        status = ql_text_session_open_stepper(&stream->session, &stream->stepper, error);
    }
    if (status != QL_OK) {
        return status;
    }
    const struct ql_draw draw = {(float)request->temperature, (float)request->top_p, request->top_k, request->seed};
    stream->token = ql_text_session_begin(&stream->session, &draw);
    return QL_OK;
}

void ql_sample_stream_free(struct ql_sample_stream *stream)
{
    ql_text_session_close(&stream->session);
    ql_stepper_free(&stream->stepper);
}

size_t ql_sample_stream_write(struct ql_sample_stream *stream, char *bytes, size_t room)
{
    const int64_t end = now_us() + TURN_US;
    struct ql_error ignored;
    size_t size = 0;

    while (stream->left > 0 && room - size >= QL_TOKEN_BYTES && (size == 0 || now_us() < end)) {
        if (ql_text_session_next(&stream->session, &stream->token, NULL, &ignored) != QL_OK) {
            stream->left = 0;
            break;
        }
        size += ql_vocabulary_write_token(&stream->info.vocabulary, stream->token, bytes + size);
        stream->left -= ql_vocabulary_length(&stream->info.vocabulary, stream->token);
    }
    return size;
}
