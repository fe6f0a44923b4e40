// Runs a model on the host, with the very kernels that its generated C has.
// Uses: base, device, onnx/{graph,program_compile}.
#ifndef QL_ENGINE_ENGINE_H
#define QL_ENGINE_ENGINE_H

#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"
#include "onnx/graph.h"
#include "onnx/program_compile.h"

struct ql_engine {
    struct ql_program program;
    struct ql_arena arena;
    unsigned char *memory; // program.workspace_bytes, for the values of a run
    void **addresses;      // of the program's values; those in the caller's memory change with every run
    int *outside;          // (outside_count) the values in the caller's memory
    int outside_count;
};

// A value of the last run, as a plain tensor. `data` belongs to the engine and is valid until the next run.
struct ql_tensor_view {
    const char *name;
    enum ql_element type;
    int rank;
    const int *dims;
    int count; // elements
    const void *data;
};

// Compiles the graph, which must outlive the engine, and takes the memory. Errors: those of ql_program_compile.
enum ql_status ql_engine_init(struct ql_engine *engine, const struct ql_graph *graph,
                              const struct ql_program_options *options, struct ql_error *error);
void ql_engine_free(struct ql_engine *engine);

// Does the same with a program that is compiled already. The engine takes the program over, also after an error, and
// leaves {0} in its place. Errors: QL_ERROR_SYSTEM.
enum ql_status ql_engine_open(struct ql_engine *engine, struct ql_program *taken, struct ql_error *error);

// Computes the outputs from the inputs: row-major tensors of the graph's types in the program's shapes, in the order of
// the graph. `inputs[k]` may be NULL for an input that a binding made a constant; `outputs[k]` may be NULL when nobody
// wants that output. Outputs are written when all is computed, so a state may be input and output in the same memory
// (but no output that is an input under another name, as Identity makes them). An output that the program writes in its
// place (QL_STORAGE_OUTPUT) is needed. No allocation.
// Errors: QL_ERROR_INPUT, naming the node, for data that it cannot work on, such as a token outside the vocabulary.
enum ql_status ql_engine_run(struct ql_engine *engine, const void *const *inputs, void *const *outputs,
                             struct ql_error *error);

// Looks at a graph value after a run, by its index in the graph. An intermediate value is sure to be there only when
// the options had keep_values; otherwise others may have overwritten it, and `data` is NULL when nobody needed it.
struct ql_tensor_view ql_engine_view(const struct ql_engine *engine, int value);

#endif
