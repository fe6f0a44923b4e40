// Compiles a graph to a program: operators become kernel calls, and values get their places in memory.
// Uses: base, onnx/graph, onnx/program.
#ifndef QL_ONNX_PROGRAM_COMPILE_H
#define QL_ONNX_PROGRAM_COMPILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "onnx/graph.h"
#include "onnx/program.h"

// Fixes what the file leaves open.
struct ql_binding {
    const char *name; // a symbolic size ("sequence"), one size of an input ("tokens:0"), or an input ("shape")
    int size;         // for a size
    const void *data; // for an input: its content, which makes it a constant; must live as long as the program
};

struct ql_program_options {
    const struct ql_binding *bindings;
    int binding_count;
    // States that go on from run to run. Where that changes no result, each comes out where it went in, and the program
    // writes to that input; its memory is then that of the output, too. Nothing is kept in place with keep_values.
    const struct ql_state_pair *states;
    int state_count;
    int default_size;   // for sizes that no binding names; 0 means that such a size is an error
    bool keep_values;   // no two values share memory, so that all can be looked at after a run
    size_t byte_limit;  // for constants made by the compiler and for the workspace, each; 0 means 1 GiB
    int64_t work_limit; // multiply-accumulates and elements that the compiler may compute ahead; 0 means 2^32
};

// Compiles the graph. Errors: QL_ERROR_INPUT naming node, operator and attribute, input or type that is not supported
// or wrong; a shape that depends on what is known only at run time; sizes that contradict each other; limits.
enum ql_status ql_program_compile(struct ql_program *program, const struct ql_graph *graph,
                                  const struct ql_program_options *options, struct ql_error *error);

#endif
