// A program: a graph with every size known, as a list of kernel calls over planned memory. program_compile.h makes it.
// Shape arithmetic is gone: what depends on constants and sizes alone was computed when the program was made.
// Uses: base, device, model/state_layout, onnx/graph, onnx/kernel.
#ifndef QL_ONNX_PROGRAM_H
#define QL_ONNX_PROGRAM_H

#include <stddef.h>

#include "base/arena.h"
#include "model/state_layout.h"
#include "onnx/graph.h"
#include "onnx/kernel.h"

enum ql_storage {
    QL_STORAGE_NONE,      // an optional output that is left out
    QL_STORAGE_CONSTANT,  // `data`
    QL_STORAGE_INPUT,     // memory of the caller, for graph input number `input`
    QL_STORAGE_OUTPUT,    // memory of the caller, for graph output number `output`
    QL_STORAGE_WORKSPACE, // at `workspace_offset` of the workspace
};

// The type of a constant whose elements are not numbers: a structure of device/.
struct ql_structure {
    const char *c_type; // "struct ql_integer_row"
};

// A value of the program. The first graph->value_count are the graph's, under the same indices; temporaries follow.
struct ql_program_value {
    const char *name;     // "" for a temporary
    enum ql_element type; // NONE where there is a structure
    int rank;
    int dims[QL_RANK_LIMIT];
    int count;    // elements
    size_t bytes; // count * size of an element
    // Of a constant of structures, otherwise NULL. `bytes` then are those of a chip with pointers of 32 bits, together
    // with all that the structures point to. Without dimensions it is a single variable in C, not an array.
    const struct ql_structure *structure;
    // Its elements lie at byte `offset` of the storage of value `root`: another one (a view), or itself (then 0).
    int root;
    size_t offset;
    // Of a root only:
    enum ql_storage storage;
    const void *data;        // CONSTANT
    int input;               // INPUT
    int output;              // OUTPUT
    size_t workspace_offset; // WORKSPACE; a multiple of QL_PROGRAM_ALIGNMENT
    int first_call,
        last_call; // WORKSPACE: the calls from which to which it is in use, inclusive; outputs: to call_count
};

// A state of a text: what comes out of a run goes into the next one. Numbers of the graph's inputs and outputs, and how
// a token changes it.
struct ql_state_pair {
    int input, output;
    enum ql_state_kind kind;
};

enum {
    QL_PROGRAM_ALIGNMENT = 8, // of everything in the workspace; the widest element has 8 bytes
    QL_SUM_PART_LIMIT = 256,  // joined parts, and calls after products, which bounds the search
};

struct ql_program {
    const struct ql_graph *graph; // not owned; must outlive the program
    struct ql_arena arena;        // of the structs below and of computed constants
    struct ql_program_value *values;
    int value_count;
    struct ql_kernel_call *calls;
    int call_count;
    int *results;           // (graph->output_count), or NULL where each is the output itself: see ql_program_result
    size_t workspace_bytes; // that a run needs for its intermediate values
    int value_room, call_room;
};

void ql_program_free(struct ql_program *program);

// Return the root of a value, for codegen and the engine alike. Where the value begins follows from the root's storage:
// CONSTANT: data + offset; INPUT, OUTPUT: the caller's pointer + offset; WORKSPACE: workspace + workspace_offset +
// offset.
const struct ql_program_value *ql_program_root(const struct ql_program *program, int value);

// Returns the value that goes to output number `number` after the last call: the output itself, or a copy of it where it is
// an input, too, over which another output may be written.
int ql_program_result(const struct ql_program *program, int number);

// Return the call that makes what a value's root holds, seen through copies; -1 if there is none, or if several calls
// write to a root on the way, as to joined values.
int ql_program_find_maker(const struct ql_program *program, int value);

// Return whether a float value is a sum of products (Gemm, MatMul), perhaps with constants added or as factors: such a
// sum may have any size, unlike what an activation gives. Joined values are such a sum if all their parts are. Of values
// that take more than QL_SUM_PART_LIMIT calls after the products, the answer is false.
bool ql_program_is_sum_of_products(const struct ql_program *program, int value);

// Finds the number that all elements of a constant are equal to. Returns false if the value is not a constant of floats,
// or has no such number.
bool ql_program_find_number(float *number, const struct ql_program *program, int value);

// Removes the calls that a pass has taken the kernel from.
void ql_program_compact(struct ql_program *program);

// Adds a constant without a name, and sets `*data` to its memory, which the caller fills. Returns the value, or -1 when
// there is not enough memory.
int ql_program_add_constant(struct ql_program *program, enum ql_element type, int rank, const int *dims, void **data);

// Returns whether this state comes out of a run in the very memory where it went in.
bool ql_program_is_in_place(const struct ql_program *program, struct ql_state_pair state);

#endif
