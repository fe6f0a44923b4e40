// A runner runs a graph: arrays in, arrays out. The host engine, ONNX Runtime, and generated C of any origin are
// runners, so they can be compared on the same inputs.
// Uses: base, onnx, engine/text_session.
#ifndef QL_VERIFY_RUNNER_H
#define QL_VERIFY_RUNNER_H

#include "base/arena.h"
#include "base/status.h"
#include "engine/text_session.h"
#include "onnx/graph.h"
#include "onnx/program.h"

// An input or an output, row-major, in host byte order.
struct ql_array {
    const char *name;
    enum ql_element type;
    int rank;
    int dims[QL_RANK_LIMIT];
    int count; // elements
    size_t bytes;
    void *data;
};

struct ql_runner {
    char name[48]; // "ONNX Runtime 1.24.3"
    int input_count, output_count;
    struct ql_array *inputs, *outputs; // in the order of the graph; the caller writes the inputs, a step the outputs
    void **input_data, **output_data;  // the data of each
    struct ql_arena arena;             // of the arrays
    enum ql_status (*step)(struct ql_runner *runner, struct ql_error *error);
    void (*close)(struct ql_runner *runner); // frees `self`
    void *self;
};

// Makes the arrays of a runner for the inputs and outputs of a compiled graph.
enum ql_status ql_runner_init(struct ql_runner *runner, const struct ql_program *program, struct ql_error *error);

// Opens a session on a runner that computes one token per run. Errors: those of ql_text_session_open_arrays.
enum ql_status ql_runner_session_open(struct ql_text_session *session, struct ql_runner *runner,
                                      const struct ql_program *program, const struct ql_descriptor *descriptor,
                                      struct ql_error *error);

// Closes and frees. Harmless on {0}.
void ql_runner_free(struct ql_runner *runner);

// The array of that name, or NULL.
struct ql_array *ql_array_find(struct ql_array *arrays, int count, const char *name);

// The runners. `graph` must stay valid; sizes that it leaves open are 1.

// The host engine.
enum ql_status ql_engine_runner_open(struct ql_runner *runner, const struct ql_graph *graph, struct ql_error *error);
// What it compiled the graph to; the other runners take their shapes from there.
const struct ql_program *ql_engine_runner_program(const struct ql_runner *runner);

// ONNX Runtime in Node, on the file `onnx_path`. `script` is the path of web/ort_server.js.
enum ql_status ql_ort_runner_open(struct ql_runner *runner, const struct ql_program *program, const char *onnx_path,
                                  const char *script, struct ql_error *error);

// A program on a pipe that takes all inputs, one after another, as the hexadecimal digits of their bytes, and answers
// with all outputs in the same form: firmware/port/pipe/arrays.c with generated C.
enum ql_status ql_pipe_runner_open(struct ql_runner *runner, const struct ql_program *program, const char *path,
                                   struct ql_error *error);

#endif
