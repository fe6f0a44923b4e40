// Stages behind a pipe: ONNX Runtime in Node, and programs with generated C; see stages.h.
// Uses: base, verify/{stages,json_pipe,ort_server}, jansson.
#include <stdlib.h>

#include "verify/json_pipe.h"
#include "verify/ort_server.h"
#include "verify/stages.h"

enum { PATIENCE_MS = 600000 }; // for a text from unoptimized code

struct pipe {
    struct ql_process process;
    int V;
};

static enum ql_status read_text(struct ql_stage *stage, float *logits, const uint16_t *tokens, int T,
                                struct ql_error *error)
{
    struct pipe *pipe = stage->self;
    json_t *list = json_array();
    json_t *answer;

    for (int t = 0; t < T; t++) {
        (void)json_array_append_new(list, json_integer(tokens[t]));
    }
    enum ql_status status = ql_json_pipe_step(&pipe->process, json_pack("{s:o}", "read", list), &answer, error);
    if (status == QL_OK) {
        status = ql_json_pipe_read(logits, (size_t)T * (size_t)pipe->V * sizeof logits[0], answer, "logits", error);
    }
    json_decref(answer);
    return status;
}

static enum ql_status write_text(struct ql_stage *stage, uint16_t *tokens, int T, const struct ql_draw *draw,
                                 struct ql_error *error)
{
    struct pipe *pipe = stage->self;
    json_t *answer;
    json_t *request =
        json_pack("{s:{s:f, s:f, s:i, s:I, s:i}}", "write", "temperature", (double)draw->temperature, "top_p",
                  (double)draw->top_p, "top_k", draw->top_k, "seed", (json_int_t)draw->seed, "length", T);

    enum ql_status status = ql_json_pipe_step(&pipe->process, request, &answer, error);
    const json_t *list = json_object_get(answer, "tokens");
    if (status == QL_OK && json_array_size(list) != (size_t)T) {
        status = ql_error_write(error, QL_ERROR_INPUT, "wrote %zu of %d symbols", json_array_size(list), T);
    }
    for (int t = 0; t < T && status == QL_OK; t++) {
        const json_int_t token = json_integer_value(json_array_get(list, (size_t)t));
        if (token < 0 || token >= pipe->V) {
            status = ql_error_write(error, QL_ERROR_INPUT, "wrote the token %lld, which is not in the vocabulary",
                                    (long long)token);
        } else {
            tokens[t] = (uint16_t)token;
        }
    }
    json_decref(answer);
    return status;
}

static void close_pipe(struct ql_stage *stage)
{
    struct pipe *pipe = stage->self;

    ql_process_close(&pipe->process);
    free(pipe);
}

static enum ql_status init(struct ql_stage *stage, int V, bool is_ours, struct ql_error *error)
{
    struct pipe *pipe = calloc(1, sizeof *pipe);

    *stage = (struct ql_stage){0};
    if (pipe == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
    }
    pipe->V = V;
    *stage = (struct ql_stage){
        .is_ours = is_ours, .self = pipe, .read = read_text, .write = write_text, .close = close_pipe};
    return QL_OK;
}

enum ql_status ql_ort_stage_open(struct ql_stage *stage, const char *descriptor_path, int V, const char *script,
                                 struct ql_error *error)
{
    json_t *answer = NULL;
    enum ql_status status = init(stage, V, false, error);

    if (status != QL_OK) {
        return status;
    }
    struct pipe *pipe = stage->self;
    (void)snprintf(stage->name, sizeof stage->name, "ONNX Runtime");
    status = ql_ort_server_open(&pipe->process, script, error);
    if (status == QL_OK) {
        status = ql_json_pipe_step(&pipe->process, json_pack("{s:s}", "model", descriptor_path), &answer, error);
    }
    if (status == QL_OK) {
        const char *version = json_string_value(json_object_get(answer, "runtime"));
        (void)snprintf(stage->name, sizeof stage->name, "ONNX Runtime %.20s", version == NULL ? "" : version);
    } else {
        ql_stage_close(stage);
    }
    json_decref(answer);
    return status;
}

enum ql_status ql_pipe_stage_open(struct ql_stage *stage, const char *name, const char *const *argv, int V,
                                  struct ql_error *error)
{
    enum ql_status status = init(stage, V, true, error);

    if (status != QL_OK) {
        return status;
    }
    struct pipe *pipe = stage->self;
    (void)snprintf(stage->name, sizeof stage->name, "%s", name);
    pipe->process.patience_ms = PATIENCE_MS;
    status = ql_process_open(&pipe->process, argv, error);
    if (status != QL_OK) {
        ql_stage_close(stage);
    }
    return status;
}
