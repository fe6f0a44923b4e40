// The reader with files that are broken, hostile, or too large: each gives a clear error, never a crash.
// Uses: cmocka, ql_onnx.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <onnx.pb-c.h>

#include "onnx/onnx_reader.h"
#include "onnx/onnx_writer.h"

// y = relu(x + w) with x (2, 3) float. The tests change one thing each.
struct fixture {
    Onnx__ModelProto model;
    Onnx__OperatorSetIdProto opset, *opsets[1];
    Onnx__GraphProto graph;
    Onnx__NodeProto nodes[2], *node_list[2];
    char *inputs[2][2], *outputs[2][1];
    Onnx__TensorProto weight, *weights[2];
    int64_t weight_dims[9];
    float weight_data[3];
    Onnx__ValueInfoProto x, y, *x_list[2], *y_list[1];
    Onnx__TypeProto type;
    Onnx__TypeProto__Tensor tensor;
    Onnx__TensorShapeProto shape;
    Onnx__TensorShapeProto__Dimension dims[9], *dim_list[9];
};

static struct fixture f;

static int set_up(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    onnx__model_proto__init(&f.model);
    onnx__operator_set_id_proto__init(&f.opset);
    onnx__graph_proto__init(&f.graph);
    onnx__tensor_proto__init(&f.weight);
    onnx__value_info_proto__init(&f.x);
    onnx__type_proto__init(&f.type);
    onnx__type_proto__tensor__init(&f.tensor);
    onnx__tensor_shape_proto__init(&f.shape);
    for (int n = 0; n < 2; n++) {
        onnx__node_proto__init(&f.nodes[n]);
        f.node_list[n] = &f.nodes[n];
        f.nodes[n].input = f.inputs[n];
        f.nodes[n].output = f.outputs[n];
        f.nodes[n].n_input = n == 0 ? 2 : 1;
        f.nodes[n].n_output = 1;
    }
    f.nodes[0].op_type = "Add";
    f.nodes[1].op_type = "Relu";
    f.inputs[0][0] = "x";
    f.inputs[0][1] = "w";
    f.outputs[0][0] = "sum";
    f.inputs[1][0] = "sum";
    f.outputs[1][0] = "y";

    f.weight.name = "w";
    f.weight.n_dims = 1;
    f.weight.dims = f.weight_dims;
    f.weight_dims[0] = 3;
    f.weight.has_data_type = 1;
    f.weight.data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    f.weight.has_raw_data = 1;
    f.weight.raw_data.data = (uint8_t *)f.weight_data;
    f.weight.raw_data.len = sizeof f.weight_data;
    f.weights[0] = f.weights[1] = &f.weight;

    for (int k = 0; k < 9; k++) {
        onnx__tensor_shape_proto__dimension__init(&f.dims[k]);
        f.dims[k].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        f.dims[k].dim_value = 2 + k;
        f.dim_list[k] = &f.dims[k];
    }
    f.shape.n_dim = 2;
    f.shape.dim = f.dim_list;
    f.tensor.has_elem_type = 1;
    f.tensor.elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    f.tensor.shape = &f.shape;
    f.type.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    f.type.tensor_type = &f.tensor;
    f.x.name = "x";
    f.x.type = &f.type;
    f.y = f.x;
    f.y.name = "y";
    f.x_list[0] = f.x_list[1] = &f.x;
    f.y_list[0] = &f.y;

    f.graph.name = "g";
    f.graph.n_node = 2;
    f.graph.node = f.node_list;
    f.graph.n_initializer = 1;
    f.graph.initializer = f.weights;
    f.graph.n_input = 1;
    f.graph.input = f.x_list;
    f.graph.n_output = 1;
    f.graph.output = f.y_list;
    f.opset.domain = "";
    f.opset.has_version = 1;
    f.opset.version = 17;
    f.opsets[0] = &f.opset;
    f.model.n_opset_import = 1;
    f.model.opset_import = f.opsets;
    f.model.graph = &f.graph;
    return 0;
}

static enum ql_status read_bytes(const unsigned char *bytes, size_t size_bytes, struct ql_error *error)
{
    struct ql_graph graph = {0};
    // A copy of exactly that size, so that a sanitizer detects every read beyond it.
    unsigned char *exact = malloc(size_bytes + 1);
    assert_non_null(exact);
    memcpy(exact, bytes, size_bytes);
    enum ql_status status = ql_onnx_read(&graph, exact, size_bytes, error);
    if (status == QL_OK) {
        assert_int_equal(ql_graph_check(&graph, error), QL_OK);
    }
    ql_graph_free(&graph);
    free(exact);
    return status;
}

static size_t pack(unsigned char **bytes)
{
    size_t size_bytes = protobuf_c_message_get_packed_size(&f.model.base);
    *bytes = malloc(size_bytes);
    assert_non_null(*bytes);
    protobuf_c_message_pack(&f.model.base, *bytes);
    return size_bytes;
}

// The fixture's model is refused, with this in the message.
static void expect_error(const char *words)
{
    struct ql_error error = {QL_OK, ""};
    unsigned char *bytes;
    size_t size_bytes = pack(&bytes);
    assert_int_equal(read_bytes(bytes, size_bytes, &error), QL_ERROR_INPUT);
    if (strstr(error.message, words) == NULL) {
        fail_msg("'%s' is not in '%s'", words, error.message);
    }
    free(bytes);
}

// The fixture's model is read.
static void expect_read(struct ql_graph *graph)
{
    struct ql_error error;
    unsigned char *bytes;
    size_t size_bytes = pack(&bytes);

    *graph = (struct ql_graph){0};
    if (ql_onnx_read(graph, bytes, size_bytes, &error) != QL_OK) {
        fail_msg("%s", error.message);
    }
    free(bytes);
}

static void reader_sound_model_is_read(void **state)
{
    struct ql_graph graph = {0};
    struct ql_error error;
    unsigned char *bytes;
    size_t size_bytes = pack(&bytes);

    (void)state;
    assert_int_equal(ql_onnx_read(&graph, bytes, size_bytes, &error), QL_OK);
    assert_int_equal(graph.opset, 17);
    assert_int_equal(graph.node_count, 2);
    assert_int_equal(graph.value_count, 4);
    assert_string_equal(graph.nodes[0].name, "Add_0");
    const struct ql_value *x = &graph.values[graph.inputs[0]];
    assert_string_equal(x->name, "x");
    assert_int_equal(x->rank, 2);
    assert_int_equal(x->dims[1], 3);
    assert_memory_equal(graph.values[ql_graph_find(&graph, "w")].data, f.weight_data, sizeof f.weight_data);
    ql_graph_free(&graph);
    free(bytes);
}

static void reader_every_cut_is_an_error_or_a_smaller_model(void **state)
{
    struct ql_error error = {QL_OK, ""};
    unsigned char *bytes;
    size_t size_bytes = pack(&bytes);

    (void)state;
    for (size_t cut = 0; cut < size_bytes; cut++) {
        error.message[0] = '\0';
        enum ql_status status = read_bytes(bytes, cut, &error);
        assert_true(status == QL_ERROR_INPUT && error.message[0] != '\0');
    }
    free(bytes);
}

static void reader_every_flipped_bit_is_survived(void **state)
{
    struct ql_error error = {QL_OK, ""};
    unsigned char *bytes;
    size_t size_bytes = pack(&bytes);

    (void)state;
    for (size_t bit = 0; bit < 8 * size_bytes; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        error.message[0] = '\0';
        enum ql_status status = read_bytes(bytes, size_bytes, &error);
        assert_true(status == QL_OK || error.message[0] != '\0');
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    free(bytes);
}

// A graph in an attribute in a node in a graph: 4 bytes a level are enough to overflow a recursive reader's stack.
static void reader_deep_nesting_is_an_error(void **state)
{
    enum { LEVELS = 49999, LEVEL_BYTES = 8, HEAD_BYTES = 64 };
    static unsigned char bytes[LEVELS * LEVEL_BYTES + HEAD_BYTES];
    struct ql_error error;
    size_t at = sizeof bytes;

    (void)state;
    // From the innermost out: attribute.g, node.attribute, graph.node, and at last model.graph.
    static const unsigned char keys[] = {6 << 3 | 2, 5 << 3 | 2, 1 << 3 | 2};
    for (int level = 0; level < LEVELS && at > HEAD_BYTES; level++) {
        uint64_t length = sizeof bytes - at;
        unsigned char number[10];
        size_t used = 0;
        do {
            number[used] = (unsigned char)(length & 0x7f);
            length >>= 7;
            number[used++] |= length > 0 ? 0x80 : 0;
        } while (length > 0);
        at -= used;
        memcpy(bytes + at, number, used);
        bytes[--at] = level == LEVELS - 1 ? 7 << 3 | 2 : keys[level % 3];
    }
    assert_int_equal(read_bytes(bytes + at, sizeof bytes - at, &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "nested"));
}

static void reader_name_given_twice_is_an_error(void **state)
{
    (void)state;
    f.outputs[1][0] = "sum";
    expect_error("'sum' has a name that is taken");
    set_up(NULL);
    f.graph.n_initializer = 2;
    expect_error("'w' has a name that is taken");
    set_up(NULL);
    f.graph.n_input = 2;
    expect_error("'x' has a name that is taken");
}

static void reader_cycle_is_an_error(void **state)
{
    (void)state;
    f.inputs[0][1] = "y";
    expect_error("'y', which nothing makes before it");
}

static void reader_output_that_nothing_makes_is_an_error(void **state)
{
    (void)state;
    f.y.name = "z";
    expect_error("nothing makes the output 'z'");
    set_up(NULL);
    f.graph.n_output = 0;
    expect_error("no outputs");
}

static void reader_tensor_data_of_wrong_size_is_an_error(void **state)
{
    (void)state;
    f.weight.raw_data.len = 11;
    expect_error("initializer 'w'");
    f.weight.raw_data.len = 8;
    expect_error("initializer 'w'");
    f.weight.raw_data.len = sizeof f.weight_data;
    f.weight_dims[0] = 2;
    expect_error("initializer 'w'");
    f.weight_dims[0] = -3;
    expect_error("the size -3 in dimension 0");
    f.weight_dims[0] = INT64_MAX;
    expect_error("elements");
    f.weight_dims[0] = f.weight_dims[1] = 1 << 20;
    f.weight.n_dims = 2;
    expect_error("elements");
    f.weight.n_dims = 9;
    expect_error("9 dimensions");
}

static void reader_typed_number_out_of_range_is_an_error(void **state)
{
    int32_t numbers[] = {0, 127, 128};

    (void)state;
    f.weight.has_raw_data = 0;
    f.weight.data_type = ONNX__TENSOR_PROTO__DATA_TYPE__INT8;
    f.weight.int32_data = numbers;
    f.weight.n_int32_data = 3;
    expect_error("does not fit the type");
}

static void reader_typed_numbers_at_the_ends_of_their_range_are_read(void **state)
{
    static const int8_t expected[] = {-128, 0, 127};
    int32_t numbers[] = {-128, 0, 127};
    struct ql_graph graph;

    (void)state;
    f.weight.has_raw_data = 0;
    f.weight.data_type = ONNX__TENSOR_PROTO__DATA_TYPE__INT8;
    f.weight.int32_data = numbers;
    f.weight.n_int32_data = 3;
    expect_read(&graph);
    assert_memory_equal(graph.values[ql_graph_find(&graph, "w")].data, expected, sizeof expected);
    ql_graph_free(&graph);
}

// The weight has three elements of a type, in the field for that type.
static void expect_weight(int type, const void *expected, size_t size_bytes)
{
    struct ql_graph graph;

    f.weight.data_type = type;
    expect_read(&graph);
    assert_memory_equal(graph.values[ql_graph_find(&graph, "w")].data, expected, size_bytes);
    ql_graph_free(&graph);
}

static void reader_typed_numbers_of_every_width_are_read_from_their_field(void **state)
{
    static const int16_t shorts[] = {INT16_MIN, 0, INT16_MAX};
    static const uint16_t words[] = {0, 1, UINT16_MAX};
    static const uint8_t bytes[] = {0, 1, UINT8_MAX};
    static const uint32_t unsigned_words[] = {0, 1, UINT32_MAX};
    int32_t numbers[] = {INT16_MIN, 0, INT16_MAX}, word_numbers[] = {0, 1, UINT16_MAX},
            byte_numbers[] = {0, 1, UINT8_MAX};
    uint64_t large[] = {0, 1, UINT64_MAX}, less_large[] = {0, 1, UINT32_MAX};
    double doubles[] = {-1.5, 0.0, 1e300};

    (void)state;
    f.weight.has_raw_data = 0;
    f.weight.n_int32_data = 3;
    f.weight.int32_data = numbers;
    expect_weight(ONNX__TENSOR_PROTO__DATA_TYPE__INT16, shorts, sizeof shorts);
    expect_weight(ONNX__TENSOR_PROTO__DATA_TYPE__INT32, numbers, sizeof numbers);
    f.weight.int32_data = word_numbers;
    expect_weight(ONNX__TENSOR_PROTO__DATA_TYPE__UINT16, words, sizeof words);
    expect_weight(ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16, words, sizeof words);
    f.weight.int32_data = byte_numbers;
    expect_weight(ONNX__TENSOR_PROTO__DATA_TYPE__UINT8, bytes, sizeof bytes);
    f.weight.n_int32_data = 0;
    f.weight.n_uint64_data = 3;
    f.weight.uint64_data = large;
    expect_weight(ONNX__TENSOR_PROTO__DATA_TYPE__UINT64, large, sizeof large);
    f.weight.uint64_data = less_large;
    expect_weight(ONNX__TENSOR_PROTO__DATA_TYPE__UINT32, unsigned_words, sizeof unsigned_words);
    f.weight.n_uint64_data = 0;
    f.weight.n_double_data = 3;
    f.weight.double_data = doubles;
    expect_weight(ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE, doubles, sizeof doubles);
}

static void reader_typed_numbers_beyond_their_type_or_too_few_are_errors(void **state)
{
    static const struct {
        int type;
        int32_t number;
    } cases[] = {
        {ONNX__TENSOR_PROTO__DATA_TYPE__INT16, INT16_MAX + 1},
        {ONNX__TENSOR_PROTO__DATA_TYPE__INT16, INT16_MIN - 1},
        {ONNX__TENSOR_PROTO__DATA_TYPE__UINT16, UINT16_MAX + 1},
        {ONNX__TENSOR_PROTO__DATA_TYPE__UINT16, -1},
        {ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16, -1},
        {ONNX__TENSOR_PROTO__DATA_TYPE__UINT8, UINT8_MAX + 1},
        {ONNX__TENSOR_PROTO__DATA_TYPE__BOOL, -1},
    };
    int32_t numbers[] = {0, 0, 0};
    uint64_t large[] = {0, 0, (uint64_t)UINT32_MAX + 1};

    (void)state;
    f.weight.has_raw_data = 0;
    f.weight.int32_data = numbers;
    f.weight.n_int32_data = 3;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        f.weight.data_type = cases[i].type;
        numbers[2] = cases[i].number;
        expect_error("initializer 'w'");
    }
    f.weight.n_int32_data = 2;
    expect_error("initializer 'w'");
    f.weight.uint64_data = large;
    f.weight.n_uint64_data = 3;
    f.weight.data_type = ONNX__TENSOR_PROTO__DATA_TYPE__UINT32;
    expect_error("initializer 'w'");
    f.weight.n_uint64_data = 2;
    expect_error("initializer 'w'");
    f.weight.data_type = ONNX__TENSOR_PROTO__DATA_TYPE__UINT64;
    expect_error("initializer 'w'");
}

static void reader_segments_double_attributes_and_sizes_beyond_the_limits_are_errors(void **state)
{
    Onnx__TensorProto__Segment segment = ONNX__TENSOR_PROTO__SEGMENT__INIT;
    Onnx__AttributeProto attribute = ONNX__ATTRIBUTE_PROTO__INIT, *list[] = {&attribute, &attribute};

    (void)state;
    f.weight.segment = &segment;
    expect_error("is a segment of a tensor");
    f.weight.segment = NULL;
    attribute.name = "alpha";
    attribute.has_f = 1;
    f.nodes[0].attribute = list;
    f.nodes[0].n_attribute = 2;
    expect_error("has the attribute 'alpha' twice");
    f.nodes[0].n_attribute = 0;
    f.dims[1].dim_value = INT64_MAX;
    expect_error("in dimension 1");
    f.shape.n_dim = 9;
    expect_error("has 9 dimensions");
}

static void reader_attribute_lists_are_read_whole(void **state)
{
    Onnx__AttributeProto floats = ONNX__ATTRIBUTE_PROTO__INIT, ints = ONNX__ATTRIBUTE_PROTO__INIT;
    Onnx__AttributeProto *list[] = {&floats, &ints};
    float float_values[] = {1.5f, -2.5f, 3.5f};
    int64_t int_values[] = {INT64_MIN, 7};
    struct ql_graph graph;

    (void)state;
    floats.name = "floats";
    floats.floats = float_values;
    floats.n_floats = 3;
    ints.name = "ints";
    ints.ints = int_values;
    ints.n_ints = 2;
    f.nodes[0].attribute = list;
    f.nodes[0].n_attribute = 2;
    expect_read(&graph);
    const struct ql_attribute *attributes = graph.nodes[0].attributes;
    assert_int_equal(attributes[0].kind, QL_ATTRIBUTE_FLOATS);
    assert_int_equal(attributes[0].count, 3);
    assert_memory_equal(attributes[0].floats, float_values, sizeof float_values);
    assert_int_equal(attributes[1].kind, QL_ATTRIBUTE_INTS);
    assert_int_equal(attributes[1].count, 2);
    assert_memory_equal(attributes[1].ints, int_values, sizeof int_values);
    ql_graph_free(&graph);
}

static void reader_input_left_out_stays_a_gap(void **state)
{
    struct ql_graph graph;

    (void)state;
    f.inputs[0][0] = "";
    expect_read(&graph);
    assert_int_equal(graph.nodes[0].input_count, 2);
    assert_int_equal(graph.nodes[0].inputs[0], -1);
    assert_int_equal(graph.nodes[0].inputs[1], ql_graph_find(&graph, "w"));
    ql_graph_free(&graph);
}

static void reader_version_of_another_domain_says_nothing(void **state)
{
    Onnx__OperatorSetIdProto other = f.opset;
    Onnx__OperatorSetIdProto *orders[2][2] = {{&f.opset, &other}, {&other, &f.opset}};
    struct ql_graph graph;

    (void)state;
    other.domain = "ai.onnx.ml";
    other.version = 12;
    f.model.n_opset_import = 2;
    for (int k = 0; k < 2; k++) {
        f.model.opset_import = orders[k];
        expect_read(&graph);
        assert_int_equal(graph.opset, 17);
        ql_graph_free(&graph);
    }
}

static void reader_external_and_sparse_data_are_errors(void **state)
{
    Onnx__StringStringEntryProto entry = ONNX__STRING_STRING_ENTRY_PROTO__INIT;
    Onnx__StringStringEntryProto *entries[] = {&entry};
    Onnx__SparseTensorProto sparse = ONNX__SPARSE_TENSOR_PROTO__INIT;
    Onnx__SparseTensorProto *sparse_list[] = {&sparse};

    (void)state;
    entry.key = "location";
    entry.value = "/etc/passwd";
    f.weight.n_external_data = 1;
    f.weight.external_data = entries;
    expect_error("another file");
    f.weight.n_external_data = 0;
    f.graph.n_sparse_initializer = 1;
    f.graph.sparse_initializer = sparse_list;
    expect_error("sparse");
}

static void reader_operator_set_outside_the_supported_is_an_error(void **state)
{
    static const int64_t versions[] = {6, 28, 0, -1, INT64_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        f.opset.version = versions[i];
        expect_error("versions 7 to 27");
    }
    f.model.n_opset_import = 0;
    expect_error("opset_import");
}

static void reader_control_character_in_a_name_is_an_error(void **state)
{
    (void)state;
    f.nodes[0].name = "a\nb";
    expect_error("control character 0x0a");
}

static void reader_initializer_listed_as_input_is_no_input(void **state)
{
    struct ql_graph graph = {0};
    struct ql_error error;
    Onnx__ValueInfoProto w = f.x;
    unsigned char *bytes;

    (void)state;
    w.name = "w";
    f.x_list[1] = &w;
    f.graph.n_input = 2;
    size_t size_bytes = pack(&bytes);
    assert_int_equal(ql_onnx_read(&graph, bytes, size_bytes, &error), QL_OK);
    assert_int_equal(graph.input_count, 1);
    ql_graph_free(&graph);
    free(bytes);
}

static void reader_file_that_is_not_there_is_named(void **state)
{
    struct ql_graph graph = {0};
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_onnx_load(&graph, "no/such.onnx", &error), QL_ERROR_SYSTEM);
    assert_non_null(strstr(error.message, "no/such.onnx"));
    ql_graph_free(&graph);
}

static void writer_what_was_read_is_written_the_same(void **state)
{
    struct ql_graph graphs[2] = {{.opset = 0}, {.opset = 0}};
    struct ql_error error;
    unsigned char *bytes[3];
    size_t sizes[3];

    (void)state;
    sizes[0] = pack(&bytes[0]);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ql_onnx_read(&graphs[i], bytes[i], sizes[i], &error), QL_OK);
        assert_int_equal(ql_onnx_write(&bytes[i + 1], &sizes[i + 1], &graphs[i], &error), QL_OK);
    }
    assert_int_equal(sizes[1], sizes[2]);
    assert_memory_equal(bytes[1], bytes[2], sizes[1]);
    assert_int_equal(graphs[1].node_count, 2);
    for (int i = 0; i < 3; i++) {
        free(bytes[i]);
    }
    ql_graph_free(&graphs[0]);
    ql_graph_free(&graphs[1]);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reader_sound_model_is_read),
        TEST(reader_every_cut_is_an_error_or_a_smaller_model),
        TEST(reader_every_flipped_bit_is_survived),
        TEST(reader_deep_nesting_is_an_error),
        TEST(reader_name_given_twice_is_an_error),
        TEST(reader_cycle_is_an_error),
        TEST(reader_output_that_nothing_makes_is_an_error),
        TEST(reader_tensor_data_of_wrong_size_is_an_error),
        TEST(reader_typed_number_out_of_range_is_an_error),
        TEST(reader_typed_numbers_at_the_ends_of_their_range_are_read),
        TEST(reader_typed_numbers_of_every_width_are_read_from_their_field),
        TEST(reader_typed_numbers_beyond_their_type_or_too_few_are_errors),
        TEST(reader_segments_double_attributes_and_sizes_beyond_the_limits_are_errors),
        TEST(reader_attribute_lists_are_read_whole),
        TEST(reader_input_left_out_stays_a_gap),
        TEST(reader_version_of_another_domain_says_nothing),
        TEST(reader_external_and_sparse_data_are_errors),
        TEST(reader_operator_set_outside_the_supported_is_an_error),
        TEST(reader_control_character_in_a_name_is_an_error),
        TEST(reader_initializer_listed_as_input_is_no_input),
        TEST(reader_file_that_is_not_there_is_named),
        TEST(writer_what_was_read_is_written_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
