// Random cases of the operators that create values from attributes, sizes, or single numbers.
// Uses: conformance_case, conformance_operators.
#include "conformance_operators.h"

#include "device/cast.h"

#define ALL "f32 s64 f64 f16 s32 s16 s8 u64 u32 u16 u8 bool"

enum { ELEMENT_LIMIT = 1024 };

// Fills `data` with `count` small numbers of a type.
static void fill(struct conformance_case *c, void *data, enum ql_element type, int count)
{
    const size_t bytes = ql_element_bytes(type);

    for (int i = 0; i < count; i++) {
        const int64_t number = case_between(c, 0, type == QL_ELEMENT_BOOL ? 1 : 9);
        ql_cast((unsigned char *)data + (size_t)i * bytes, &number, (int)type, QL_ELEMENT_S64, 1);
    }
}

void generate_constant(struct conformance_case *c, const char *operator_name)
{
    const int form = c->graph.opset < 12 ? 0 : case_between(c, 0, 4);
    const enum ql_element type = form == 0 ? case_type(c, ALL) : form <= 2 ? QL_ELEMENT_S64 : QL_ELEMENT_F32;
    void *data = ql_arena_take(&c->arena, ELEMENT_LIMIT, sizeof(int64_t));
    int dims[QL_RANK_LIMIT];

    if (data == NULL) {
        return;
    }
    case_node(c, operator_name, NULL, 0, type);
    if (form == 0) {
        c->allows_empty = true;
        const int rank = case_shape(c, dims, 0, 4);
        int count = 1;
        for (int axis = 0; axis < rank; axis++) {
            count *= dims[axis];
        }
        fill(c, data, type, count);
        ql_graph_add_tensor(&c->graph, "value", type, rank, dims, data);
        return;
    }
    const int count = form == 1 || form == 3 ? 1 : case_between(c, 1, 9);
    fill(c, data, type, count);
    if (form == 1) {
        ql_graph_add_int(&c->graph, "value_int", *(const int64_t *)data);
    } else if (form == 2) {
        ql_graph_add_ints(&c->graph, "value_ints", data, count);
    } else if (form == 3) {
        ql_graph_add_float(&c->graph, "value_float", *(const float *)data);
    } else {
        ql_graph_add_floats(&c->graph, "value_floats", data, count);
    }
}

void generate_constant_of_shape(struct conformance_case *c, const char *operator_name)
{
    const bool given = case_chance(c, 75);
    const enum ql_element type = given ? case_type(c, ALL) : QL_ELEMENT_F32;
    const int one = 1;
    int dims[QL_RANK_LIMIT];
    int64_t sizes[QL_RANK_LIMIT];
    void *data = ql_arena_take(&c->arena, 1, sizeof(int64_t));

    c->allows_empty = true;
    const int rank = case_shape(c, dims, 0, 5);
    for (int axis = 0; axis < rank; axis++) {
        sizes[axis] = dims[axis];
    }
    const int shape = case_numbers(c, sizes, rank, false);
    case_node(c, operator_name, &shape, 1, type);
    if (given && data != NULL) {
        fill(c, data, type, 1);
        ql_graph_add_tensor(&c->graph, "value", type, 1, &one, data);
    }
}

// Up, down, empty, and with a last step that overshoots. All numbers are exact in every type.
void generate_range(struct conformance_case *c, const char *operator_name)
{
    const enum ql_element type = case_type(c, "f32 f32 s64 s64 s32 s16 f64");
    const bool fractions = case_is_float(type);
    const double unit = fractions ? 0.25 : 1.0;
    const double numbers[] = {unit * case_between(c, -20, 20), unit * case_between(c, -20, 20),
                              unit * (case_chance(c, 50) ? case_between(c, 1, 5) : case_between(c, -5, -1))};
    int inputs[3];

    for (int k = 0; k < 3; k++) {
        void *data = ql_arena_take(&c->arena, 1, sizeof(int64_t));
        if (data == NULL) {
            return;
        }
        ql_cast(data, &numbers[k], (int)type, QL_ELEMENT_F64, 1);
        inputs[k] = case_given(c, type, 0, NULL, data, true);
    }
    case_node(c, operator_name, inputs, 3, type);
}

void generate_shape(struct conformance_case *c, const char *operator_name)
{
    int dims[QL_RANK_LIMIT];

    c->allows_empty = true;
    const int rank = case_shape(c, dims, 0, 5);
    const int x = case_operand(c, case_type(c, ALL), rank, dims, CASE_REAL);
    case_node(c, operator_name, &x, 1, QL_ELEMENT_S64);
    for (int k = 0; k < 2; k++) {
        if (c->graph.opset >= 15 && case_chance(c, 60)) {
            ql_graph_add_int(&c->graph, k == 0 ? "start" : "end", case_between(c, -rank - 2, rank + 2));
        }
    }
}

void generate_size(struct conformance_case *c, const char *operator_name)
{
    int dims[QL_RANK_LIMIT];

    c->allows_empty = true;
    const int rank = case_shape(c, dims, 0, 5);
    const int x = case_operand(c, case_type(c, ALL), rank, dims, CASE_REAL);
    case_node(c, operator_name, &x, 1, QL_ELEMENT_S64);
}
