// Random cases of the elementwise operators, with every form of broadcasting that ONNX allows.
// Uses: conformance_case, conformance_operators, onnx/onnx_types.
#include <string.h>

#include "conformance_operators.h"
#include "onnx/onnx_types.h"

#define SINGLES "f32 f32 f32 f16"
#define FLOATS "f32 f32 f32 f64 f16"
#define WIDE FLOATS " s64 s64 s32 u32 u64"
#define NUMBERS WIDE " s8 s16 u8 u16"
#define ALL NUMBERS " bool"

// A list of types from a version of the operator set on.
struct types_since {
    int opset;
    const char *types;
};

static const char *types_of(const struct conformance_case *c, const struct types_since *lists, int count)
{
    const char *types = lists[0].types;
    for (int k = 1; k < count; k++) {
        types = c->graph.opset >= lists[k].opset ? lists[k].types : types;
    }
    return types;
}

// The tolerance of a function that is not a single rounding: some units in the last place of the result's type.
static void set_tolerance(struct conformance_case *c, enum ql_element type, double units)
{
    c->relative = units * (type == QL_ELEMENT_F64 ? 0x1p-52 : type == QL_ELEMENT_F16 ? 0x1p-10 : 0x1p-23);
}

// --- One operand ---

static const struct unary {
    const char *name;
    struct types_since types[2];
    int type_lists;
    double units;    // relative tolerance; 0 if there is only one right result
    double absolute; // absolute tolerance, near zeros of the function
} unaries[] = {
    // ONNX Runtime's vectorized functions are polynomials or rational functions with errors of some units; its sigmoid
    // has errors of up to 1.2e-7 where the result is small. Cos, Sin, Sigmoid, Tanh and Gelu of doubles are not
    // supported here.
    {"Abs", {{9, NUMBERS}}, 1, 0.0, 0.0},
    {"Cos", {{9, SINGLES}}, 1, 4.0, 1e-7},
    {"Erf", {{9, SINGLES}}, 1, 4.0, 1e-7},
    {"Exp", {{9, FLOATS}}, 1, 4.0, 0.0},
    {"Log", {{9, FLOATS}}, 1, 4.0, 0.0},
    {"Neg", {{9, FLOATS " s64 s32 s16 s8"}}, 1, 0.0, 0.0},
    {"Relu", {{9, FLOATS}, {14, FLOATS " s64 s32 s16 s8"}}, 2, 0.0, 0.0},
    {"Sigmoid", {{9, SINGLES}}, 1, 4.0, 2e-7},
    {"Sin", {{9, SINGLES}}, 1, 4.0, 1e-7},
    {"Sqrt", {{9, FLOATS}}, 1, 0.0, 0.0},
    {"Tanh", {{9, SINGLES}}, 1, 4.0, 1e-7},
};

static void add_unary(struct conformance_case *c, const char *operator_name, enum ql_element type)
{
    int dims[QL_RANK_LIMIT];

    c->allows_empty = true;
    const int rank = case_shape(c, dims, 0, 4);
    const int x = case_operand(c, type, rank, dims, case_chance(c, 50) ? CASE_EDGES : CASE_REAL);
    case_node(c, operator_name, &x, 1, type);
}

void generate_unary(struct conformance_case *c, const char *operator_name)
{
    const struct unary *unary = unaries;
    while (strcmp(unary->name, operator_name) != 0) {
        unary++;
    }
    const enum ql_element type = case_type(c, types_of(c, unary->types, unary->type_lists));
    add_unary(c, operator_name, type);
    if (unary->units > 0.0) {
        set_tolerance(c, type, unary->units);
        c->absolute = unary->absolute;
        c->ignores_nan = strcmp(operator_name, "Erf") == 0; // for a NaN it returns 1
    }
}

void generate_gelu(struct conformance_case *c, const char *operator_name)
{
    const enum ql_element type = case_type(c, SINGLES);

    add_unary(c, operator_name, type);
    if (case_chance(c, 60)) {
        ql_graph_add_string(&c->graph, "approximate", case_chance(c, 60) ? "tanh" : "none");
    }
    set_tolerance(c, type, 8.0);
    c->absolute = 8e-7; // left of 0 the result is a small difference of numbers near 1, times up to 10
}

// IsNaN and IsInf.
void generate_is_number(struct conformance_case *c, const char *operator_name)
{
    const bool infinite = strcmp(operator_name, "IsInf") == 0;
    const enum ql_element type = case_type(c, "f32 f64");
    int dims[QL_RANK_LIMIT];

    c->allows_empty = true;
    const int rank = case_shape(c, dims, 0, 4);
    const int x = case_operand(c, type, rank, dims, CASE_EDGES);
    case_node(c, operator_name, &x, 1, QL_ELEMENT_BOOL);
    for (int k = 0; k < 2 && infinite; k++) {
        if (case_chance(c, 60)) {
            ql_graph_add_int(&c->graph, k == 0 ? "detect_negative" : "detect_positive", case_chance(c, 50));
        }
    }
}

void generate_not(struct conformance_case *c, const char *operator_name)
{
    add_unary(c, operator_name, QL_ELEMENT_BOOL);
}

// --- Several operands ---

// Adds `count` operands that broadcast to one shape.
static void add_operands(struct conformance_case *c, int *inputs, int count, enum ql_element type,
                         enum case_content content)
{
    int whole[QL_RANK_LIMIT];
    int dims[QL_RANK_LIMIT];

    c->allows_empty = true;
    const int rank = case_shape(c, whole, 0, 5);
    for (int k = 0; k < count; k++) {
        memcpy(dims, whole, sizeof dims);
        const int narrowed = case_chance(c, 30) ? rank : case_narrow(c, dims, rank);
        inputs[k] = case_operand(c, type, narrowed, dims, content);
    }
}

void generate_binary(struct conformance_case *c, const char *operator_name)
{
    const struct types_since types[] = {{9, WIDE}, {14, NUMBERS}};
    const enum ql_element type = case_type(c, types_of(c, types, 2));
    const bool divides = strcmp(operator_name, "Div") == 0;
    const enum case_content content = divides && !case_is_float(type) ? CASE_NONZERO
                                      : case_chance(c, 40)            ? CASE_EDGES
                                                                      : CASE_REAL;
    int inputs[2];

    add_operands(c, inputs, 2, type, content);
    case_node(c, operator_name, inputs, 2, type);
}

void generate_mod(struct conformance_case *c, const char *operator_name)
{
    const enum ql_element type = case_type(c, "s64 s32");
    int inputs[2];

    add_operands(c, inputs, 2, type, CASE_NONZERO);
    case_node(c, operator_name, inputs, 2, type);
    if (case_chance(c, 30)) {
        ql_graph_add_int(&c->graph, "fmod", 1);
    }
}

void generate_compare(struct conformance_case *c, const char *operator_name)
{
    const bool equal = strcmp(operator_name, "Equal") == 0;
    const struct types_since types[] = {{9, equal ? "s64 s32 bool" : NUMBERS}, {11, equal ? ALL : NUMBERS}};
    const enum ql_element type = case_type(c, types_of(c, types, 2));
    int inputs[2];

    add_operands(c, inputs, 2, type, case_chance(c, 30) ? CASE_EDGES : CASE_GRID);
    case_node(c, operator_name, inputs, 2, QL_ELEMENT_BOOL);
}

void generate_logical(struct conformance_case *c, const char *operator_name)
{
    int inputs[2];

    add_operands(c, inputs, 2, QL_ELEMENT_BOOL, CASE_GRID);
    case_node(c, operator_name, inputs, 2, QL_ELEMENT_BOOL);
}

void generate_variadic(struct conformance_case *c, const char *operator_name)
{
    const struct types_since types[] = {{9, FLOATS}, {12, NUMBERS}};
    const enum ql_element type = case_type(c, types_of(c, types, 2));
    const int count = case_chance(c, 50) ? 2 : case_between(c, 1, 5);
    int inputs[5];

    add_operands(c, inputs, count, type, case_chance(c, 30) ? CASE_EDGES : CASE_GRID);
    case_node(c, operator_name, inputs, count, type);
}

// Whole exponents may be any small number; for others the base must not be negative, or the result is NaN, which is
// tried, too.
void generate_pow(struct conformance_case *c, const char *operator_name)
{
    const bool mixes = c->graph.opset >= 12;
    const enum ql_element base = case_type(c, mixes ? FLOATS " s64 s32" : FLOATS);
    const enum ql_element exponent = mixes && case_chance(c, 40) ? case_type(c, FLOATS " s64 s32") : base;
    int whole[QL_RANK_LIMIT];
    int dims[QL_RANK_LIMIT];
    int inputs[2];

    c->allows_empty = true;
    const int rank = case_shape(c, whole, 0, 4);
    memcpy(dims, whole, sizeof dims);
    const bool whole_base = !case_is_float(base);
    // Integers have no NaN, so their powers with fractional exponents have positive bases.
    inputs[0] = case_operand(c, base, case_narrow(c, dims, rank), dims,
                             whole_base && case_is_float(exponent) ? CASE_POSITIVE
                             : whole_base                          ? CASE_NONZERO
                             : case_chance(c, 70)                  ? CASE_POSITIVE
                                                                   : CASE_REAL);
    memcpy(dims, whole, sizeof dims);
    inputs[1] = case_operand(c, exponent, case_narrow(c, dims, rank), dims,
                             whole_base           ? CASE_POSITIVE
                             : case_chance(c, 70) ? CASE_REAL
                                                  : CASE_GRID);
    case_node(c, operator_name, inputs, 2, base);
    if (!whole_base) {
        set_tolerance(c, base == QL_ELEMENT_F16 ? base : QL_ELEMENT_F32, 4.0);
    }
}

void generate_where(struct conformance_case *c, const char *operator_name)
{
    const enum ql_element type = case_type(c, ALL);
    int whole[QL_RANK_LIMIT];
    int dims[QL_RANK_LIMIT];
    int inputs[3];

    c->allows_empty = true;
    const int rank = case_shape(c, whole, 0, 4);
    for (int k = 0; k < 3; k++) {
        memcpy(dims, whole, sizeof dims);
        inputs[k] = case_operand(c, k == 0 ? QL_ELEMENT_BOOL : type, case_narrow(c, dims, rank), dims, CASE_EDGES);
    }
    case_node(c, operator_name, inputs, 3, type);
}

// --- Cast ---

static bool is_unsigned(enum ql_element type)
{
    return type == QL_ELEMENT_U64 || type == QL_ELEMENT_U32 || type == QL_ELEMENT_U16 || type == QL_ELEMENT_U8;
}

// Floats outside an integer type's range have no defined result, so they are not tried.
void generate_cast(struct conformance_case *c, const char *operator_name)
{
    const enum ql_element from = case_type(c, ALL);
    const enum ql_element to = case_type(c, ALL);
    const bool widens = !case_is_float(from) || case_is_float(to) || to == QL_ELEMENT_BOOL;
    const bool by_bfloat16 = c->graph.opset >= 13 && case_chance(c, 15);
    int dims[QL_RANK_LIMIT];

    c->allows_empty = true;
    const int rank = case_shape(c, dims, 0, 4);
    int x = case_operand(c, from, rank, dims, widens ? CASE_EDGES : is_unsigned(to) ? CASE_POSITIVE : CASE_REAL);
    if (by_bfloat16) {
        const int narrow = ql_graph_add_value(&c->graph, "narrow", QL_ELEMENT_BF16, -1, NULL, NULL);
        ql_graph_add_node(&c->graph, operator_name, "before", &x, 1, &narrow, 1);
        ql_graph_add_int(&c->graph, "to", ql_onnx_type_encode(QL_ELEMENT_BF16));
        x = narrow;
    }
    // Going from integers through bfloat16, a number may leave the range of the last type.
    const enum ql_element last = by_bfloat16 && !case_is_float(to) ? QL_ELEMENT_F32 : to;
    case_node(c, operator_name, &x, 1, last);
    ql_graph_add_int(&c->graph, "to", ql_onnx_type_encode(last));
    if (c->graph.opset >= 19 && case_chance(c, 20)) {
        ql_graph_add_int(&c->graph, "saturate", 1); // ONNX Runtime accepts 0 only for 8-bit floats
    }
}
