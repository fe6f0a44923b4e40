// A text that a checkpoint writes while a client reads it: see sample_stream.h.
// Uses: base, checkpoint, corpus/vocabulary, engine/text_session, filter/guard, POSIX.
#include "dashboard/sample_stream.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/system.h"
#include "checkpoint/checkpoint.h"

// The other clients wait this long, or for one symbol of a model that takes longer.
enum { TURN_US = 5000 };

static int64_t now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

enum ql_status ql_sample_stream_init(struct ql_sample_stream *stream, int file,
                                     const struct ql_dashboard_request *request, const char *filter,
                                     const char *lexicon, struct ql_error *error)
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
        status = ql_guard_init(&stream->guard, filter, &stream->info.vocabulary, error);
    }
    if (status == QL_OK) {
        status = ql_guard_load_lexicon(&stream->guard, lexicon, &stream->info.vocabulary, error);
    }
    if (status == QL_OK) {
        status = ql_text_session_open_stepper(&stream->session, &stream->stepper, error);
    }
    if (status != QL_OK) {
        ql_sample_stream_free(stream);
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
    ql_guard_free(&stream->guard);
}

// Releases the waiting item, unless it must not be shown. Returns its size.
static size_t let_go(struct ql_sample_stream *stream, char *bytes, bool refused)
{
    const size_t size = refused ? 0 : stream->item_size;

    memcpy(bytes, stream->item, size);
    stream->item_size = 0;
    return size;
}

// Draws a token, and releases its item if that need not wait, or is complete. Returns the number of bytes released.
static size_t draw(struct ql_sample_stream *stream, char *bytes)
{
    const struct ql_vocabulary *vocabulary = &stream->info.vocabulary;
    const bool waits = stream->guard.is_on && stream->guard.file.items.block > 0;
    struct ql_error ignored;

    if (stream->left <= 0 && (stream->begun == 0 || ql_guard_may_end(&stream->guard, stream->token))) {
        stream->over = true;
        (void)ql_guard_step(&stream->guard, stream->token);
        return let_go(stream, bytes, ql_guard_refuses(&stream->guard));
    }
    const uint32_t *blocked = ql_guard_step(&stream->guard, stream->token);
    if (ql_text_session_next(&stream->session, &stream->token, blocked, &ignored) != QL_OK) {
        stream->over = true;
        return 0;
    }
    stream->item_size += ql_vocabulary_write_token(vocabulary, stream->token, stream->item + stream->item_size);
    stream->left -= ql_vocabulary_length(vocabulary, stream->token);
    stream->begun++;
    if (waits && stream->item_size < QL_SAMPLE_ITEM_BYTES && vocabulary->symbols[stream->token] != '\n') {
        return 0;
    }
    return let_go(stream, bytes, waits && ql_guard_refuses(&stream->guard));
}

size_t ql_sample_stream_write(struct ql_sample_stream *stream, char *bytes, size_t room)
{
    const int64_t end = now_us() + TURN_US;
    size_t size = 0;

    while (!stream->over && room - size >= QL_SAMPLE_ROOM && (size == 0 || now_us() < end)) {
        size += draw(stream, bytes + size);
    }
    return size;
}
