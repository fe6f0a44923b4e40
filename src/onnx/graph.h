// A computation as a graph: values, and nodes that make values from values. What an ONNX file says, in plain structs.
// A graph comes from ql_onnx_read (a file) or from the ql_graph_add functions (an export); ql_program_compile compiles it.
// Uses: base, device/element.h.
#ifndef QL_ONNX_GRAPH_H
#define QL_ONNX_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "device/element.h"

enum {
    QL_RANK_LIMIT = 8,               // dimensions of a value; the models that we know stay below 6
    QL_GRAPH_VALUE_LIMIT = 1 << 20,  // values or nodes of a graph
    QL_VALUE_ELEMENT_LIMIT = 1 << 28 // elements of a value, so that an element's number fits an int with room
};

// Versions of the ONNX operator set that are understood.
enum { QL_OPSET_FIRST = 7, QL_OPSET_LAST = 27 };

// One tensor of the graph. Scalars have rank 0.
struct ql_value {
    const char *name;
    enum ql_element type;                 // QL_ELEMENT_NONE when the file does not say
    int rank;                             // -1 when the file does not say
    int dims[QL_RANK_LIMIT];              // -1 for a size that is not known
    const char *dim_names[QL_RANK_LIMIT]; // of a size that is not known: its symbolic name, or NULL
    const void *data;                     // content of a constant: row-major, host byte order; NULL for all others
};

enum ql_attribute_kind {
    QL_ATTRIBUTE_INT,
    QL_ATTRIBUTE_FLOAT,
    QL_ATTRIBUTE_STRING,
    QL_ATTRIBUTE_TENSOR,
    QL_ATTRIBUTE_INTS,
    QL_ATTRIBUTE_FLOATS,
    QL_ATTRIBUTE_STRINGS,
    QL_ATTRIBUTE_OTHER, // a kind that no supported operator takes, such as a graph
};

struct ql_attribute {
    const char *name;
    enum ql_attribute_kind kind;
    int count;                     // of ints, floats or strings; 1 for the single ones
    const int64_t *ints;           // INT, INTS
    const float *floats;           // FLOAT, FLOATS
    const char *const *strings;    // STRING, STRINGS
    const struct ql_value *tensor; // TENSOR; has no name
};

struct ql_node {
    const char *name;          // never empty: the reader invents "LSTM_3" (operator and position) for nameless nodes
    const char *operator_name; // "LSTM"; of another domain than ONNX's own: "domain::Name"
    int input_count, output_count, attribute_count;
    const int *inputs;  // value indices, in the operator's order; -1 for an optional input left out
    const int *outputs; // likewise
    const struct ql_attribute *attributes;
};

// A file beside the model that has data of its tensors.
struct ql_data_file {
    const char *path;
    const struct ql_data_file *next;
};

// Everything that it points to lies in its arena. Nodes stand in an order in which every value is made before it is
// used; every value is a graph input, a constant, or the output of exactly one node.
struct ql_graph {
    struct ql_arena arena;
    const char *name;
    const char *note;        // what a person should know about how the graph was read; NULL: nothing
    const char *logits_name; // where the output was probabilities: the value they are made of, in the file; or NULL
    const struct ql_data_file *data_files; // that the model file is not whole without; NULL: none
    int window;      // tokens that a run computes for one, whose window is a state (window_graph.h); or 0
    bool is_inlined; // nodes of functions, branches or loops are in it, which the file has under other names
    int opset;       // version of ONNX's own operators, QL_OPSET_FIRST to QL_OPSET_LAST
    int value_count, node_count, input_count, output_count;
    struct ql_value *values;
    struct ql_node *nodes;
    int *inputs; // value indices
    int *outputs;
    int value_room, node_room, input_room, output_room; // elements that the arrays can hold now
};

// The graph must start as {0}.
void ql_graph_init(struct ql_graph *graph, const char *name, int opset);
void ql_graph_free(struct ql_graph *graph);

// The functions below build a graph. Names and data are copied. Out of memory, they leave graph->arena.exhausted set
// and return an index that is safe to pass on, so that a builder checks once, with ql_graph_check.

// Adds a value. `dims` may hold -1; `data` may be NULL. Returns its index.
int ql_graph_add_value(struct ql_graph *graph, const char *name, enum ql_element type, int rank, const int *dims,
                       const void *data);

// Adds a node at the end. Index -1 leaves an optional input or output out. Returns its index.
int ql_graph_add_node(struct ql_graph *graph, const char *operator_name, const char *name, const int *inputs,
                      int input_count, const int *outputs, int output_count);

// Adds an attribute to the node that was added last.
void ql_graph_add_int(struct ql_graph *graph, const char *name, int64_t value);
void ql_graph_add_ints(struct ql_graph *graph, const char *name, const int64_t *values, int count);
void ql_graph_add_float(struct ql_graph *graph, const char *name, float value);
void ql_graph_add_floats(struct ql_graph *graph, const char *name, const float *values, int count);
void ql_graph_add_string(struct ql_graph *graph, const char *name, const char *value);
void ql_graph_add_strings(struct ql_graph *graph, const char *name, const char *const *values, int count);
void ql_graph_add_tensor(struct ql_graph *graph, const char *name, enum ql_element type, int rank, const int *dims,
                         const void *data);

// Makes a value an input or an output of the graph.
void ql_graph_add_input(struct ql_graph *graph, int value);
void ql_graph_add_output(struct ql_graph *graph, int value);

// Checks what the struct promises: memory was there, indices are in range, names are unique, every value has exactly
// one origin and is made before it is used. Errors: QL_ERROR_INPUT, naming the node or value; QL_ERROR_SYSTEM.
enum ql_status ql_graph_check(const struct ql_graph *graph, struct ql_error *error);

// Adds a sentence (printf format) to graph->note, unless it is there already.
void ql_graph_add_note(struct ql_graph *graph, const char *format, ...) __attribute__((format(printf, 2, 3)));

// The value of that name, or -1.
int ql_graph_find(const struct ql_graph *graph, const char *name);

// The attribute of that name, or NULL.
const struct ql_attribute *ql_node_find(const struct ql_node *node, const char *name);

// Bytes of one element; 0 for QL_ELEMENT_NONE. And ONNX's name for the type: "float", "int64".
size_t ql_element_bytes(enum ql_element type);
const char *ql_element_write(enum ql_element type);

#endif
