// The host engine as a runner: see runner.h.
// Uses: base, engine, onnx/graph.
#include <stdio.h>
#include <stdlib.h>

#include "engine/engine.h"
#include "verify/runner.h"

struct host {
    struct ql_engine engine;
};

static enum ql_status step(struct ql_runner *runner, struct ql_error *error)
{
    struct host *host = runner->self;
    return ql_engine_run(&host->engine, (const void *const *)runner->input_data, runner->output_data, error);
}

static void close_engine(struct ql_runner *runner)
{
    struct host *host = runner->self;

    ql_engine_free(&host->engine);
    free(host);
}

enum ql_status ql_engine_runner_open(struct ql_runner *runner, const struct ql_graph *graph, struct ql_error *error)
{
    const struct ql_program_options options = {.default_size = 1};
    struct host *host = calloc(1, sizeof *host);

    *runner = (struct ql_runner){.step = step};
    if (host == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the engine");
    }
    enum ql_status status = ql_engine_init(&host->engine, graph, &options, error);
    if (status != QL_OK) {
        free(host);
        return status;
    }
    runner->self = host;
    runner->close = close_engine;
    if ((status = ql_runner_init(runner, &host->engine.program, error)) != QL_OK) {
        return status;
    }
    (void)snprintf(runner->name, sizeof runner->name, "host engine");
    return QL_OK;
}

const struct ql_program *ql_engine_runner_program(const struct ql_runner *runner)
{
    const struct host *host = runner->self;
    return &host->engine.program;
}
