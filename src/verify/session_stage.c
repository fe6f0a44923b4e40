// A text session as a stage: see stages.h.
// Uses: base, checkpoint, engine/text_session, model/stepper, quantize, verify/stages.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/checkpoint.h"
#include "verify/stages.h"

// A session with what it runs on.
struct owned {
    struct ql_text_session session; // `self` of the stage points here
    struct ql_stepper stepper;
    struct ql_integer_stepper integer;
};

static void write_logits(float *logits, const struct ql_text_session *session)
{
    if (session->logits != NULL) {
        memcpy(logits, session->logits, (size_t)session->V * sizeof logits[0]);
        return;
    }
    for (int v = 0; v < session->V; v++) {
        logits[v] = ldexpf((float)session->integer_logits[v], -QL_INTEGER_UNIT_BITS);
    }
}

static enum ql_status read_text(struct ql_stage *stage, float *logits, const uint16_t *tokens, int T,
                                struct ql_error *error)
{
    struct ql_text_session *session = stage->self;
    enum ql_status status = QL_OK;

    ql_text_session_reset(session);
    for (int t = 0; t < T && status == QL_OK; t++) {
        status = ql_text_session_step(session, tokens[t], error);
        write_logits(logits + (ptrdiff_t)t * session->V, session);
    }
    return status;
}

static enum ql_status write_text(struct ql_stage *stage, uint16_t *tokens, int T, const struct ql_draw *draw,
                                 struct ql_error *error)
{
    struct ql_text_session *session = stage->self;
    int token = ql_text_session_begin(session, draw);
    enum ql_status status = QL_OK;

    for (int t = 0; t < T && status == QL_OK; t++) {
        status = ql_text_session_next(session, &token, NULL, error);
        tokens[t] = (uint16_t)token;
    }
    return status;
}

void ql_session_stage_init(struct ql_stage *stage, struct ql_text_session *session, const char *name, bool is_ours)
{
    *stage = (struct ql_stage){.is_ours = is_ours, .self = session, .read = read_text, .write = write_text};
    (void)snprintf(stage->name, sizeof stage->name, "%s", name);
}

static void close_owned(struct ql_stage *stage)
{
    struct owned *owned = stage->self;

    ql_text_session_close(&owned->session);
    ql_stepper_free(&owned->stepper);
    ql_integer_stepper_free(&owned->integer);
    free(owned);
}

static struct owned *open_owned(struct ql_stage *stage, const char *name, struct ql_error *error)
{
    struct owned *owned = calloc(1, sizeof *owned);

    *stage = (struct ql_stage){0};
    if (owned == NULL) {
        (void)ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the model");
        return NULL;
    }
    ql_session_stage_init(stage, &owned->session, name, true);
    stage->close = close_owned;
    return owned;
}

enum ql_status ql_checkpoint_stage_open(struct ql_stage *stage, const char *path,
                                        const struct ql_descriptor *descriptor, struct ql_error *error)
{
    struct owned *owned = open_owned(stage, "checkpoint", error);
    struct ql_model model;
    struct ql_model_info info;

    if (owned == NULL) {
        return QL_ERROR_SYSTEM;
    }
    enum ql_status status = ql_checkpoint_load(path, &model, &info, error);
    if (status == QL_OK && !ql_vocabulary_is_same(&info.vocabulary, &descriptor->vocabulary)) {
        status = ql_error_write(error, QL_ERROR_INPUT, "%s: has another vocabulary than the descriptor", path);
    }
    if (status == QL_OK && (status = ql_stepper_init(&owned->stepper, &model, &info, error)) == QL_OK) {
        status = ql_text_session_open_stepper(&owned->session, &owned->stepper, error);
    }
    ql_model_free(&model);
    if (status != QL_OK) {
        ql_stage_close(stage);
    }
    return status;
}

enum ql_status ql_integer_stage_open(struct ql_stage *stage, const struct ql_integer_model *model,
                                     const struct ql_integer_product *product, struct ql_error *error)
{
    char name[sizeof stage->name];

    (void)snprintf(name, sizeof name, "integers, %s", product->name);
    struct owned *owned = open_owned(stage, name, error);
    if (owned == NULL) {
        return QL_ERROR_SYSTEM;
    }
    enum ql_status status = ql_integer_stepper_init(&owned->integer, model, product, error);
    if (status == QL_OK) {
        status = ql_text_session_open_integer(&owned->session, &owned->integer, error);
    }
    if (status != QL_OK) {
        ql_stage_close(stage);
    }
    return status;
}
