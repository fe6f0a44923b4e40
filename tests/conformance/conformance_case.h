// A random case: a small graph, the content of its inputs, and how exactly its results are known.
// The generators (cases_*.c) build cases with the functions below; whatever they draw depends on the operator's name
// and the case's number alone, so "LSTM-1234" is the same case for ever.
// Uses: base, device/random.h, onnx/graph.
#ifndef CONFORMANCE_CASE_H
#define CONFORMANCE_CASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "device/random.h"
#include "onnx/graph.h"

enum { CASE_INPUT_LIMIT = 48, CASE_NAME_BYTES = 48 };

// Half a unit in the last place of a float, relative to it: the most that one rounding costs.
#define CASE_ROUNDING (1.0 / 16777216.0)

struct conformance_case {
    char id[CASE_NAME_BYTES]; // "LSTM-1234"
    struct ql_random random;
    int usual_size;    // the size that many dimensions of this case share
    int usual_chance;  // how many of 100 do
    bool allows_empty; // dimensions of size 0 may be drawn

    struct ql_graph graph;
    struct ql_graph twin; // what ONNX Runtime runs instead, where it lacks a form of the operator; empty otherwise
    struct ql_arena arena;
    // Of the graph's inputs, in its order; the twin has the same. The graph leaves some of the sizes open.
    const void *contents[CASE_INPUT_LIMIT];
    int dims[CASE_INPUT_LIMIT][QL_RANK_LIMIT];

    // Floats a (ours) and b (ONNX Runtime's) agree when |a - b| <= absolute + relative * |b|. Both 0: exactly.
    double relative, absolute;
    bool ignores_nan; // ONNX Runtime does not hand on a NaN, so where ours is one anything is right
};

// How a generator fills a tensor. For integers, all but EDGES are small whole numbers that suit the name.
enum case_content {
    CASE_GRID,     // multiples of 1/8 up to 4: their sums and products are exact in float, in any order
    CASE_REAL,     // between -2 and 2
    CASE_POSITIVE, // between 1/16 and 4
    CASE_NONZERO,  // multiples of 1/8 from 1/8 to 4, either sign
    CASE_WEIGHT,   // between -0.6 and 0.6
    CASE_LIGHT,    // between -0.3 and 0.3
    CASE_EDGES,    // reals, and among them zeros, infinities, NaN, the largest and the smallest; any integers
};

void case_init(struct conformance_case *c, const char *operator_name, int number, int first_opset);
void case_free(struct conformance_case *c);

// --- Draws ---

int case_between(struct conformance_case *c, int least, int most); // inclusive
bool case_chance(struct conformance_case *c, int percent);

// A size from 1 to 19, or 0 where `allows_empty`; often the usual one, often 1.
int case_size(struct conformance_case *c);

// Fills dims; returns the rank.
int case_shape(struct conformance_case *c, int *dims, int least_rank, int most_rank);

// Narrows a shape to one that broadcasts to it: sizes become 1, and leading ones may go. Returns the new rank.
int case_narrow(struct conformance_case *c, int *dims, int rank);

// An axis below `rank`, spelled from the front or from the end.
int case_spell_axis(struct conformance_case *c, int axis, int rank);

// Chooses from 0 to `rank` - 1 each with 50 %, in random order; returns how many.
int case_axes(struct conformance_case *c, int64_t *axes, int rank);

// One word of a list such as "f32 s64 bool", as a type: the first one half of the time.
enum ql_element case_type(struct conformance_case *c, const char *types);

bool case_is_float(enum ql_element type);

// --- Building ---

// Adds an operand with content: an input of the graph, or now and then a constant.
int case_operand(struct conformance_case *c, enum ql_element type, int rank, const int *dims,
                 enum case_content content);

// The same with the content given, which is copied; `constant` keeps it from being an input.
int case_given(struct conformance_case *c, enum ql_element type, int rank, const int *dims, const void *data,
               bool constant);

// A constant of one dimension, int64 or now and then (`may_be_narrow`) int32.
int case_numbers(struct conformance_case *c, const int64_t *numbers, int count, bool may_be_narrow);

// Adds a result: a value that a node will make, and an output of the graph.
int case_result(struct conformance_case *c, enum ql_element type);

// Adds a node with one result of that type.
void case_node(struct conformance_case *c, const char *operator_name, const int *inputs, int input_count,
               enum ql_element type);

// Makes the twin a constant: its only result, of the graph's type, is `value` everywhere in a shape. For results that
// ONNX Runtime gets wrong or not at all, but the specification leaves no doubt about.
void case_twin_fill(struct conformance_case *c, int rank, const int *dims, double value);

// Gives the twin the operands and results that the graph has so far, under the same indices.
void case_twin_init(struct conformance_case *c);

#endif
