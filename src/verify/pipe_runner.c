// A runner behind a pipe: see runner.h.
// Uses: base, onnx/program, verify/{process,hex}.
#include <stdlib.h>
#include <string.h>

#include "verify/hex.h"
#include "verify/process.h"
#include "verify/runner.h"

enum { PATIENCE_MS = 60000 }; // for one run of a graph

struct pipe {
    struct ql_process process;
    char *request;
};

static enum ql_status step(struct ql_runner *runner, struct ql_error *error)
{
    struct pipe *pipe = runner->self;
    char *place = pipe->request;
    size_t total = 0;

    for (int i = 0; i < runner->input_count; i++) {
        place = ql_hex_encode(place, runner->inputs[i].data, runner->inputs[i].bytes);
    }
    *place = '\0';
    enum ql_status status = ql_process_step(&pipe->process, pipe->request, error);
    if (status != QL_OK) {
        return status;
    }
    for (int i = 0; i < runner->output_count; i++) {
        total += runner->outputs[i].bytes;
    }
    const char *answer = pipe->process.line;
    bool whole = strlen(answer) == 2 * total;
    for (int i = 0; i < runner->output_count && whole; i++) {
        const struct ql_array *output = &runner->outputs[i];
        whole = ql_hex_decode(output->data, output->bytes, answer, 2 * output->bytes);
        answer += 2 * output->bytes;
    }
    if (!whole) {
        return ql_error_write(error, QL_ERROR_INPUT, "answered with something other than the outputs: %.60s",
                              pipe->process.line);
    }
    return QL_OK;
}

static void close_pipe(struct ql_runner *runner)
{
    struct pipe *pipe = runner->self;

    ql_process_close(&pipe->process);
    free(pipe->request);
    free(pipe);
}

enum ql_status ql_pipe_runner_open(struct ql_runner *runner, const struct ql_program *program, const char *path,
                                   struct ql_error *error)
{
    const char *const argv[] = {path, NULL};
    size_t total = 0;

    *runner = (struct ql_runner){.step = step};
    enum ql_status status = ql_runner_init(runner, program, error);
    if (status != QL_OK) {
        return status;
    }
    for (int i = 0; i < runner->input_count; i++) {
        total += runner->inputs[i].bytes;
    }
    struct pipe *pipe = calloc(1, sizeof *pipe);
    char *request = malloc(2 * total + 1);
    if (pipe == NULL || request == NULL) {
        free(pipe);
        free(request);
        ql_runner_free(runner);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the model's inputs");
    }
    pipe->request = request;
    pipe->process.patience_ms = PATIENCE_MS;
    runner->self = pipe;
    runner->close = close_pipe;
    status = ql_process_open(&pipe->process, argv, error);
    if (status != QL_OK) {
        ql_runner_free(runner);
    }
    return status;
}
