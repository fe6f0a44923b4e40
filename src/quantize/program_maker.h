// Builds a program of integer kernels: values and calls are added one by one, for layers of any kind.
// Uses: base, onnx/{graph,model_roles,program}, quantize/{integer_kernel,integer_model,integer_product}.
#ifndef QL_QUANTIZE_PROGRAM_MAKER_H
#define QL_QUANTIZE_PROGRAM_MAKER_H

#include "base/arena.h"
#include "onnx/model_roles.h"
#include "onnx/program.h"
#include "quantize/integer_kernel.h"
#include "quantize/integer_model.h"
#include "quantize/integer_product.h"

// The program's inputs are the token and the parts of the state, in the order of the model's layout. Its outputs are the
// logits, which it writes in their place, and the same parts, each of which lies where it came in. Owns all but the
// model, and may be moved.
struct ql_integer_program {
    struct ql_arena arena;
    struct ql_graph *graph; // a node for each layer and one for the output: names for messages and comments
    struct ql_program program;
    struct ql_model_roles roles;
};

// What the values and calls of all layers need.
struct ql_program_maker {
    struct ql_integer_program *made;
    const struct ql_integer_model *model;
    const struct ql_integer_product *product;
    int token, logits;
    int states[QL_STATE_PART_LIMIT]; // the parts of the state, in the order of the layout
    int scales;                      // the shifts of all rows
};

// Each function that adds a value returns its number. Without memory the graph's or the program's arena is exhausted.

// Adds the token, the states and the logits, and sets the roles. They are the first values.
void ql_program_maker_begin(struct ql_program_maker *maker);

// Adds `count` numbers that lie in the workspace.
int ql_program_maker_add_scratch(struct ql_program_maker *maker, const char *name, enum ql_element type, int count);

// Adds a constant (rows, columns), or (columns) where `rows` is 0. `data` must outlive the program.
int ql_program_maker_add_constant(struct ql_program_maker *maker, const char *name, enum ql_element type, int rows,
                                  int columns, const void *data);

// Adds so many numbers of the value `root`, from number `first` on.
int ql_program_maker_add_view(struct ql_program_maker *maker, const char *name, int root, int first, int count);

// Adds constants that are structures. `data` must outlive the program.
int ql_program_maker_add_rows(struct ql_program_maker *maker, const char *name, const struct ql_integer_row *rows,
                              int count);
int ql_program_maker_add_matrix(struct ql_program_maker *maker, const char *name,
                                const struct ql_integer_matrix *matrix);

// Adds the shifts of all rows as one array, and then one of them.
void ql_program_maker_add_scales(struct ql_program_maker *maker, const struct ql_integer_scale *scales, int count);
int ql_program_maker_add_scale(struct ql_program_maker *maker, int number);

// Adds a call of the node that comes next.
void ql_program_maker_add_call(struct ql_program_maker *maker, enum ql_integer_kernel_id kernel,
                               struct ql_kernel_call call);

// Adds the product of the matrix, which is the value `w`, and x to y.
void ql_program_maker_add_product(struct ql_program_maker *maker, const struct ql_integer_matrix *matrix, int y, int w,
                                  int x);

// Ends the calls of a node. Its names are for messages and comments.
void ql_program_maker_end_node(struct ql_program_maker *maker, const char *operator_name, const char *name, int y);

#endif
