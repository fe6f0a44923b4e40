// Inlining takes work and memory in proportion to the file, or to the bound on what may be added: this is counted, not
// timed. The results of inlined graphs are tested in tests/regressions/inner_graphs.
// Uses: onnx/{inlining,known_value}.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "onnx/inlining.h"
#include "onnx/known_value.h"

static struct ql_arena arena;
static struct ql_error error;

static char *text(const char *format, int number)
{
    char *to = ql_arena_take(&arena, 1, 64);
    (void)snprintf(to, 64, format, number);
    return to;
}

static Onnx__NodeProto *node(const char *operator_name, const char *output, int count, const char *const *inputs)
{
    Onnx__NodeProto *made = ql_arena_take(&arena, 1, sizeof *made);

    onnx__node_proto__init(made);
    made->op_type = text(operator_name, 0);
    made->input = ql_arena_take(&arena, (size_t)count + 1, sizeof made->input[0]);
    made->output = ql_arena_take(&arena, 1, sizeof made->output[0]);
    made->n_input = (size_t)count;
    for (int k = 0; k < count; k++) {
        made->input[k] = text(inputs[k], 0);
    }
    made->n_output = 1;
    made->output[0] = text(output, 0);
    return made;
}

static Onnx__TensorProto *number(const char *name, int type, int64_t value)
{
    Onnx__TensorProto *made = ql_arena_take(&arena, 1, sizeof *made);
    int64_t *wide = ql_arena_take(&arena, 1, sizeof *wide);
    int32_t *narrow = ql_arena_take(&arena, 1, sizeof *narrow);

    onnx__tensor_proto__init(made);
    *wide = value;
    *narrow = (int32_t)value;
    made->name = text(name, 0);
    made->has_data_type = 1;
    made->data_type = type;
    made->n_int64_data = type == ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    made->int64_data = wide;
    made->n_int32_data = type != ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    made->int32_data = narrow;
    return made;
}

// A chain in which each value is computed from the previous one and the first: returns how many names were compared.
static size_t compare_chain(int length)
{
    struct ql_known_values values = {0};
    int64_t found = 0;

    assert_true(ql_known_values_add_tensor(&values, number("v0", ONNX__TENSOR_PROTO__DATA_TYPE__INT64, 5)));
    for (int k = 1; k <= length; k++) {
        const char *inputs[] = {text("v%d", k - 1), "v0"};
        assert_true(ql_known_values_add_node(&values, node("Min", text("v%d", k), 2, inputs)));
    }
    assert_true(ql_known_value_read(&found, &values, text("v%d", length)));
    assert_int_equal(found, 5);
    const size_t compared = values.names.compared;
    ql_known_values_free(&values);
    return compared;
}

static void values_of_a_chain_are_each_found_once(void **state)
{
    const size_t once = compare_chain(2000), twice = compare_chain(4000);

    (void)state;
    assert_in_range(once, 4000, 16000);
    assert_in_range(twice, 8000, 3 * once);
    ql_arena_free(&arena);
}

static void value_that_uses_itself_is_not_known(void **state)
{
    struct ql_known_values values = {0};
    const char *itself[] = {"a", "b"};
    int64_t found = 0;

    (void)state;
    assert_true(ql_known_values_add_node(&values, node("Add", "a", 2, itself)));
    assert_true(ql_known_values_add_node(&values, node("Add", "b", 2, itself)));
    assert_false(ql_known_value_read(&found, &values, "a"));
    assert_false(ql_known_value_read(&found, &values, "b"));
    ql_known_values_free(&values);
    ql_arena_free(&arena);
}

// What is claimed of a value decides which branch of an If is taken.
static void nothing_is_claimed_that_may_be_otherwise(void **state)
{
    const int wide = ONNX__TENSOR_PROTO__DATA_TYPE__INT64, narrow = ONNX__TENSOR_PROTO__DATA_TYPE__INT32;
    static int64_t none[] = {0};
    const char *sum[] = {"five", "empty"}, *big[] = {"big"}, *x[] = {"x"};
    struct ql_known_values values = {0};
    struct ql_known_value known;
    int64_t found = 0;
    Onnx__TensorProto *empty = number("empty", wide, 0);
    Onnx__NodeProto *cast = node("Cast", "cast", 1, big);
    Onnx__AttributeProto to, *attributes[] = {&to};
    Onnx__ValueInfoProto info;
    Onnx__TypeProto type;
    Onnx__TypeProto__Tensor tensor;
    Onnx__TensorShapeProto shape;
    Onnx__TensorShapeProto__Dimension sizes[2], *dims[] = {&sizes[0], &sizes[1]};

    (void)state;
    // One number and a list of none give a list of none.
    empty->n_dims = 1;
    empty->dims = none;
    empty->n_int64_data = 0;
    assert_true(ql_known_values_add_tensor(&values, empty));
    assert_true(ql_known_values_add_tensor(&values, number("five", wide, 5)));
    assert_true(ql_known_values_add_node(&values, node("Add", "sum", 2, sum)));
    assert_false(ql_known_value_read(&found, &values, "sum"));
    ql_known_value_find(&known, &values, "sum");
    assert_int_equal(known.count, 0);
    // A number that does not fit in int32 is another one there.
    onnx__attribute_proto__init(&to);
    to.name = text("to", 0);
    to.has_i = 1;
    to.i = narrow;
    cast->n_attribute = 1;
    cast->attribute = attributes;
    assert_true(ql_known_values_add_tensor(&values, number("big", wide, (INT64_C(1) << 32) + 7)));
    assert_true(ql_known_values_add_node(&values, cast));
    assert_true(ql_known_value_read(&found, &values, "cast"));
    assert_int_equal(found, 7);
    // A size that is not known may be 1, which Squeeze removes.
    onnx__value_info_proto__init(&info);
    onnx__type_proto__init(&type);
    onnx__type_proto__tensor__init(&tensor);
    onnx__tensor_shape_proto__init(&shape);
    for (int k = 0; k < 2; k++) {
        onnx__tensor_shape_proto__dimension__init(&sizes[k]);
    }
    sizes[0].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
    sizes[0].dim_param = text("open", 0);
    sizes[1].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    sizes[1].dim_value = 3;
    shape.n_dim = 2;
    shape.dim = dims;
    tensor.has_elem_type = 1;
    tensor.elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    tensor.shape = &shape;
    type.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    type.tensor_type = &tensor;
    info.name = text("x", 0);
    info.type = &type;
    assert_true(ql_known_values_add_input(&values, &info));
    ql_known_value_find(&known, &values, "x");
    assert_int_equal(known.rank, 2);
    assert_true(ql_known_values_add_node(&values, node("Squeeze", "squeezed", 1, x)));
    ql_known_value_find(&known, &values, "squeezed");
    assert_int_equal(known.rank, -1);
    ql_known_values_free(&values);
    ql_arena_free(&arena);
}

static Onnx__ValueInfoProto **declare(const char *const *names, size_t count)
{
    Onnx__ValueInfoProto **list = ql_arena_take(&arena, count, sizeof list[0]);

    for (size_t k = 0; k < count; k++) {
        list[k] = ql_arena_take(&arena, 1, sizeof *list[k]);
        onnx__value_info_proto__init(list[k]);
        list[k]->name = text(names[k], 0);
    }
    return list;
}

// The bytes that a model takes with this many loops in a row, each with this many steps, and the status of reading it.
static size_t inline_loops(size_t loops, int64_t steps, enum ql_status *status)
{
    static const char *const inputs[] = {"i", "go"}, *const outputs[] = {"next", "row"};
    static const char *const operands[] = {"steps", "yes"}, *const condition[] = {"go"};
    Onnx__ModelProto model;
    Onnx__GraphProto graph, body;
    Onnx__OperatorSetIdProto version, *versions[] = {&version};
    Onnx__AttributeProto attribute, *attributes[] = {&attribute};
    Onnx__NodeProto *inner[] = {node("Identity", "next", 1, condition), node("Identity", "row", 1, inputs)};
    Onnx__TensorProto *constants[] = {number("steps", ONNX__TENSOR_PROTO__DATA_TYPE__INT64, steps),
                                      number("yes", ONNX__TENSOR_PROTO__DATA_TYPE__BOOL, 1)};
    Onnx__NodeProto **nodes = ql_arena_take(&arena, loops, sizeof nodes[0]);
    struct ql_inlining inlining;

    onnx__model_proto__init(&model);
    onnx__graph_proto__init(&graph);
    onnx__graph_proto__init(&body);
    onnx__operator_set_id_proto__init(&version);
    onnx__attribute_proto__init(&attribute);
    version.version = 13;
    attribute.name = text("body", 0);
    attribute.g = &body;
    body.n_input = body.n_output = body.n_node = 2;
    body.input = declare(inputs, 2);
    body.output = declare(outputs, 2);
    body.node = inner;
    for (size_t k = 0; k < loops; k++) {
        nodes[k] = node("Loop", text("rows%d", (int)k), 2, operands);
        nodes[k]->n_attribute = 1;
        nodes[k]->attribute = attributes;
    }
    graph.n_initializer = 2;
    graph.initializer = constants;
    graph.n_node = loops;
    graph.node = nodes;
    model.graph = &graph;
    model.n_opset_import = 1;
    model.opset_import = versions;
    *status = ql_inlining_init(&inlining, &model, &error);
    const size_t bytes = inlining.arena.total_bytes;
    ql_inlining_free(&inlining);
    ql_arena_free(&arena);
    return bytes;
}

static void loops_take_memory_in_proportion(void **state)
{
    enum ql_status status;
    const size_t once = inline_loops(50, 20, &status), twice = inline_loops(100, 20, &status);

    (void)state;
    assert_int_equal(status, QL_OK);
    assert_in_range(twice, once, 3 * once);
}

// Steps that are undone because a loop has too many of them count as work, too.
static void loops_that_are_taken_back_are_counted(void **state)
{
    enum ql_status status;
    const size_t few = inline_loops(2, 5000, &status);

    (void)state;
    assert_int_equal(status, QL_OK);
    const size_t many = inline_loops(500, 5000, &status);
    assert_int_equal(status, QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "functions, branches and loops"));
    assert_in_range(many, few, 20 * few);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_a_chain_are_each_found_once),
        cmocka_unit_test(value_that_uses_itself_is_not_known),
        cmocka_unit_test(nothing_is_claimed_that_may_be_otherwise),
        cmocka_unit_test(loops_take_memory_in_proportion),
        cmocka_unit_test(loops_that_are_taken_back_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
