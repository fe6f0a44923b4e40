// Descriptors: the seed's is read as it stands, wrong ones are refused with the field's name, and written ones read back.
// Also which inputs and outputs of a model are tokens, logits and states. Uses: cmocka, ql_onnx.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "onnx/descriptor.h"
#include "onnx/model_roles.h"

static struct ql_descriptor descriptor;
static struct ql_error error;

static enum ql_status read_text(const char *text)
{
    error.message[0] = '\0';
    return ql_descriptor_read(&descriptor, text, strlen(text), "models/names.json", &error);
}

static void expect_error(const char *text, const char *words)
{
    assert_int_equal(read_text(text), QL_ERROR_INPUT);
    if (strstr(error.message, words) == NULL || strstr(error.message, "models/names.json") == NULL) {
        fail_msg("'%s' is not in '%s'", words, error.message);
    }
}

static void descriptor_of_the_seed_is_read(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"filename\": \"./names-wait.onnx\", \"type\": \"lstm\", \"sequenceLength\": 64,"
                               "\"temperature\": 0.95, \"top_p\": 0.8, \"top_k\": 24, \"hiddenSize\": 128,"
                               "\"hiddenLayers\": 2, \"vocabulary\": \"\\n ',-.0124ABC]abc\"}"),
                     QL_OK);
    assert_string_equal(descriptor.filename, "./names-wait.onnx");
    assert_string_equal(descriptor.path, "models/names-wait.onnx");
    assert_string_equal(descriptor.type, "lstm");
    assert_int_equal(descriptor.sequence_length, 64);
    assert_true(descriptor.temperature == 0.95 && descriptor.top_p == 0.8);
    assert_int_equal(descriptor.top_k, 24);
    assert_int_equal(descriptor.hidden_size, 128);
    assert_int_equal(descriptor.hidden_layers, 2);
    assert_int_equal(descriptor.vocabulary.count, 17);
    assert_int_equal(ql_descriptor_encode(&descriptor, '\n'), 0);
    assert_int_equal(ql_descriptor_encode(&descriptor, 'c'), 16);
    assert_int_equal(ql_descriptor_encode(&descriptor, 'd'), -1);
    assert_int_equal(descriptor.reset_count, 0);
}

static void descriptor_vocabulary_keeps_its_order(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"filename\": \"/m.onnx\", \"vocabulary\": \"zé\\u0000a\"}"), QL_OK);
    assert_string_equal(descriptor.path, "/m.onnx");
    assert_int_equal(descriptor.vocabulary.count, 4);
    assert_int_equal(ql_descriptor_encode(&descriptor, 'z'), 0);
    assert_int_equal(ql_descriptor_encode(&descriptor, 0xe9), 1);
    assert_int_equal(ql_descriptor_encode(&descriptor, 0), 2);
    assert_int_equal(ql_descriptor_encode(&descriptor, 'a'), 3);
    assert_true(descriptor.temperature == 1.0 && descriptor.top_p == 1.0 && descriptor.top_k == 0);
}

static void descriptor_wrong_field_is_named(void **state)
{
    static const struct {
        const char *fields, *words;
    } cases[] = {
        {"\"temperature\": -1", "'temperature'"},
        {"\"temperature\": \"hot\"", "'temperature'"},
        {"\"top_p\": 0", "'top_p'"},
        {"\"top_p\": 1.01", "'top_p'"},
        {"\"top_k\": 1.5", "'top_k'"},
        {"\"top_k\": -1", "'top_k'"},
        {"\"hiddenSize\": 1e10", "'hiddenSize'"},
        {"\"type\": 3", "'type'"},
        {"\"type\": \"a\\nb\"", "'type'"},
        {"\"reset\": \"x\"", "'reset'"},
        {"\"reset\": 1", "'reset'"},
        {"\"states\": [\"h0\", \"hn\"]", "'states'"},
        {"\"states\": [[\"h0\"]]", "'states'"},
    };
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)snprintf(text, sizeof text, "{\"filename\": \"m.onnx\", \"vocabulary\": \"ab\", %s}", cases[i].fields);
        expect_error(text, cases[i].words);
    }
    expect_error("{\"vocabulary\": \"ab\"}", "'filename'");
    expect_error("{\"filename\": \"m.onnx\"}", "'vocabulary'");
    expect_error("{\"filename\": \"m.onnx\", \"vocabulary\": \"\"}", "'vocabulary'");
    expect_error("{\"filename\": \"m.onnx\", \"vocabulary\": \"aba\"}", "U+0061 twice");
    expect_error("[]", "JSON object");
    expect_error("{\"filename\": ", "no valid JSON");
    expect_error("{\"filename\": \"a\", \"filename\": \"b\"}", "no valid JSON");
    expect_error("", "no valid JSON");
}

static void descriptor_written_reads_back(void **state)
{
    static const char path[] = "descriptor_test.json";
    struct ql_descriptor written;

    (void)state;
    assert_int_equal(read_text("{\"filename\": \"m.onnx\", \"type\": \"gru\", \"sequenceLength\": 20, \"temperature\": "
                               "0.3, \"top_p\": 0.95, \"top_k\": 7, \"hiddenSize\": 5, \"hiddenLayers\": 1, "
                               "\"vocabulary\": \"\\nb\\u0000\\\"é\", \"reset\": \"\\n\", \"tokens\": \"in\", "
                               "\"logits\": \"out\", \"states\": [[\"a\", \"b\"], [\"c\", \"d\"]], \"more\": {}}"),
                     QL_OK);
    written = descriptor;
    assert_int_equal(ql_descriptor_save(&written, path, &error), QL_OK);
    assert_int_equal(ql_descriptor_load(&descriptor, path, &error), QL_OK);
    memcpy(written.path, descriptor.path, sizeof written.path);
    assert_memory_equal(&written, &descriptor, sizeof written);
    (void)unlink(path);
}

// --- Roles ---

static struct ql_graph graph;

static void add_operand(bool input, const char *name, enum ql_element type, int rank, const int *dims)
{
    int value = ql_graph_add_value(&graph, name, type, rank, dims, NULL);
    if (input) {
        ql_graph_add_input(&graph, value);
    } else {
        ql_graph_add_output(&graph, value);
    }
}

static int set_up(void **state)
{
    (void)state;
    graph = (struct ql_graph){0};
    ql_graph_init(&graph, "test", 17);
    descriptor = (struct ql_descriptor){.vocabulary.count = 5};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ql_graph_free(&graph);
    return 0;
}

static void roles_follow_from_type_and_shape(void **state)
{
    struct ql_model_roles roles;

    (void)state;
    // The state is as wide as the vocabulary, and the tokens come last.
    add_operand(true, "h0", QL_ELEMENT_F32, 3, (const int[]){1, 1, 5});
    add_operand(true, "c0", QL_ELEMENT_F32, 3, (const int[]){1, 1, 5});
    add_operand(true, "in", QL_ELEMENT_S32, 2, (const int[]){1, -1});
    add_operand(false, "out", QL_ELEMENT_F32, 3, (const int[]){1, -1, 5});
    add_operand(false, "hn", QL_ELEMENT_F32, 3, (const int[]){1, 1, 5});
    add_operand(false, "cn", QL_ELEMENT_F32, 3, (const int[]){1, 1, 5});
    assert_int_equal(ql_model_roles_init(&roles, &graph, &descriptor, &error), QL_OK);
    assert_int_equal(roles.tokens, 2);
    assert_false(roles.one_hot);
    assert_int_equal(roles.sequence_axis, 1);
    assert_int_equal(roles.logits, 0);
    assert_int_equal(roles.state_count, 2);
    assert_int_equal(roles.states[1].input, 1);
    assert_int_equal(roles.states[1].output, 2);
}

static void roles_one_hot_input_is_found_by_its_width(void **state)
{
    struct ql_model_roles roles;
    char name[QL_ROLE_NAME_BYTES];

    (void)state;
    add_operand(true, "h0", QL_ELEMENT_F32, 3, (const int[]){1, 1, 7});
    add_operand(true, "x", QL_ELEMENT_F32, 3, (const int[]){-1, 1, 5});
    add_operand(false, "hn", QL_ELEMENT_F32, 3, (const int[]){1, 1, 7});
    add_operand(false, "y", QL_ELEMENT_F32, 3, (const int[]){-1, 1, 5});
    assert_int_equal(ql_model_roles_init(&roles, &graph, &descriptor, &error), QL_OK);
    assert_int_equal(roles.tokens, 1);
    assert_true(roles.one_hot);
    assert_int_equal(roles.sequence_axis, 0);
    assert_int_equal(roles.logits, 1);
    assert_int_equal(roles.states[0].output, 0);
    struct ql_binding binding = ql_model_roles_binding(&roles, &graph, 9, name);
    assert_string_equal(binding.name, "x:0");
    assert_int_equal(binding.size, 9);
}

static void roles_names_in_the_descriptor_decide(void **state)
{
    struct ql_model_roles roles;

    (void)state;
    add_operand(true, "a", QL_ELEMENT_S64, 1, (const int[]){-1});
    add_operand(true, "b", QL_ELEMENT_S64, 1, (const int[]){-1});
    add_operand(false, "c", QL_ELEMENT_F32, 2, (const int[]){-1, 5});
    add_operand(false, "d", QL_ELEMENT_F32, 2, (const int[]){-1, 5});
    assert_int_equal(ql_model_roles_init(&roles, &graph, &descriptor, &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "\"tokens\""));
    (void)snprintf(descriptor.tokens, sizeof descriptor.tokens, "b");
    (void)snprintf(descriptor.logits, sizeof descriptor.logits, "d");
    assert_int_equal(ql_model_roles_init(&roles, &graph, &descriptor, &error), QL_OK);
    assert_int_equal(roles.tokens, 1);
    assert_int_equal(roles.logits, 1);
    assert_int_equal(roles.states[0].input, 0);
    assert_int_equal(roles.states[0].output, 0);
    (void)snprintf(descriptor.tokens, sizeof descriptor.tokens, "nobody");
    assert_int_equal(ql_model_roles_init(&roles, &graph, &descriptor, &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "'nobody'"));
}

static void roles_state_without_an_output_is_an_error(void **state)
{
    struct ql_model_roles roles;

    (void)state;
    add_operand(true, "tokens", QL_ELEMENT_S64, 1, (const int[]){1});
    add_operand(true, "h0", QL_ELEMENT_F32, 3, (const int[]){1, 1, 7});
    add_operand(false, "logits", QL_ELEMENT_F32, 2, (const int[]){1, 5});
    assert_int_equal(ql_model_roles_init(&roles, &graph, &descriptor, &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "'h0' has no output"));
}

#define ROLE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptor_of_the_seed_is_read),  cmocka_unit_test(descriptor_vocabulary_keeps_its_order),
        cmocka_unit_test(descriptor_wrong_field_is_named), cmocka_unit_test(descriptor_written_reads_back),
        ROLE_TEST(roles_follow_from_type_and_shape),       ROLE_TEST(roles_one_hot_input_is_found_by_its_width),
        ROLE_TEST(roles_names_in_the_descriptor_decide),   ROLE_TEST(roles_state_without_an_output_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
