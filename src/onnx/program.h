// A program: a graph with every size known, compiled to a list of kernel calls over planned memory.
// Shape arithmetic is gone: what depends on constants and sizes alone was computed when the program was made.
// Uses: base, device, onnx/graph, onnx/kernel.
#ifndef QL_ONNX_PROGRAM_H
#define QL_ONNX_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"
#include "onnx/graph.h"
#include "onnx/kernel.h"

// Fixes what the file leaves open.
struct ql_binding {
    const char *name; // a symbolic size ("sequence"), one size of an input ("tokens:0"), or an input ("shape")
    int size;         // for a size
    const void *data; // for an input: its content, which makes it a constant; must live as long as the program
};

struct ql_program_options {
    const struct ql_binding *bindings;
    int binding_count;
    int default_size;   // for sizes that no binding names; 0 means that such a size is an error
    bool keep_values;   // no two values share memory, so that all can be looked at after a run
    size_t byte_limit;  // for constants made by the compiler and for the arena, each; 0 means 1 GiB
    int64_t work_limit; // multiply-accumulates and elements that the compiler may compute ahead; 0 means 2^32
};

enum ql_storage {
    QL_STORAGE_NONE,     // an optional output that is left out
    QL_STORAGE_CONSTANT, // `data`
    QL_STORAGE_INPUT,    // memory of the caller, for graph input number `input`
    QL_STORAGE_ARENA,    // at `arena_offset` of the arena
};

// A value of the program. The first graph->value_count are the graph's, under the same indices; temporaries follow.
struct ql_program_value {
    const char *name; // "" for a temporary
    enum ql_element type;
    int rank;
    int dims[QL_RANK_LIMIT];
    int count;    // elements
    size_t bytes; // count * size of an element
    // Its elements lie at byte `offset` of the storage of value `root`: another one (a view), or itself (then 0).
    int root;
    size_t offset;
    // Of a root only:
    enum ql_storage storage;
    const void *data;          // CONSTANT
    int input;                 // INPUT
    size_t arena_offset;       // ARENA; a multiple of QL_PROGRAM_ALIGNMENT
    int first_call, last_call; // ARENA: the calls from which to which it is in use, inclusive; outputs: to call_count
};

enum { QL_PROGRAM_ALIGNMENT = 8 }; // of everything in the arena; the widest element has 8 bytes

struct ql_program {
    const struct ql_graph *graph; // not owned; must outlive the program
    struct ql_arena arena;        // of the structs below and of computed constants
    struct ql_program_value *values;
    int value_count;
    struct ql_kernel_call *calls;
    int call_count;
    size_t arena_bytes; // that a run needs, besides inputs and constants
    int value_room, call_room;
};

// Compiles the graph. Errors: QL_ERROR_INPUT naming node, operator and attribute, input or type that is not supported
// or wrong; a shape that depends on what is known only at run time; sizes that contradict each other; limits.
enum ql_status ql_program_init(struct ql_program *program, const struct ql_graph *graph,
                               const struct ql_program_options *options, struct ql_error *error);
void ql_program_free(struct ql_program *program);

// The root of a value, and where in the root's storage the value begins: for codegen and the engine alike.
// storage CONSTANT: data + offset; INPUT: the caller's pointer + offset; ARENA: arena + arena_offset + offset.
const struct ql_program_value *ql_program_root(const struct ql_program *program, int value);

#endif
