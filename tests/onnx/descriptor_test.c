// Descriptors: the example's is read unchanged, wrong ones are refused with the field's name, and written ones are read
// back. Also which inputs and outputs of a model are tokens, logits and states. Uses: cmocka, ql_onnx.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "onnx/descriptor.h"

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
        {"\"states\": [[\"h0\", \"hn\", \"keep\"]]", "'states'"},
        {"\"states\": [[\"h0\", \"hn\", 1]]", "'states'"},
        {"\"states\": [[\"h0\", \"hn\", \"append\", \"append\"]]", "'states'"},
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
    expect_error("{\"filename\": ", "is not valid JSON");
    expect_error("{\"filename\": \"a\", \"filename\": \"b\"}", "is not valid JSON");
    expect_error("", "is not valid JSON");
}

static void model_in_place_of_its_descriptor_is_named(void **state)
{
    (void)state;
    assert_int_equal(ql_descriptor_load(&descriptor, "names.onnx", &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "names.onnx: is a model. Give its descriptor"));
    assert_true(ql_descriptor_is_path("names.onnx") && ql_descriptor_is_path("names.json"));
    assert_false(ql_descriptor_is_path("names.safetensors") || ql_descriptor_is_path(".json"));
}

static void descriptor_written_reads_back(void **state)
{
    static const char path[] = "descriptor_test.json";
    struct ql_descriptor written;

    (void)state;
    assert_int_equal(read_text("{\"filename\": \"m.onnx\", \"type\": \"gru\", \"sequenceLength\": 20, \"temperature\": "
                               "0.3, \"top_p\": 0.95, \"top_k\": 7, \"hiddenSize\": 5, \"hiddenLayers\": 1, "
                               "\"vocabulary\": \"\\nb\\u0000\\\"é\", \"reset\": \"\\n\", \"tokens\": \"in\", "
                               "\"logits\": \"out\", \"states\": [[\"a\", \"b\", \"append\"], [\"c\", \"d\"], [\"e\", "
                               "\"f\", \"counter\"], [\"g\", \"h\", \"replace\"]], "
                               "\"more\": {}}"),
                     QL_OK);
    assert_int_equal(descriptor.states[0].kind, QL_STATE_APPEND);
    assert_int_equal(descriptor.states[1].kind, QL_STATE_REPLACE);
    assert_int_equal(descriptor.states[2].kind, QL_STATE_COUNTER);
    assert_int_equal(descriptor.states[3].kind, QL_STATE_REPLACE);
    assert_true(!descriptor.states[1].is_certain && descriptor.states[3].is_certain);
    written = descriptor;
    assert_int_equal(ql_descriptor_save(&written, path, &error), QL_OK);
    assert_int_equal(ql_descriptor_load(&descriptor, path, &error), QL_OK);
    memcpy(written.path, descriptor.path, sizeof written.path);
    assert_memory_equal(&written, &descriptor, sizeof written);
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptor_of_the_seed_is_read),  cmocka_unit_test(descriptor_vocabulary_keeps_its_order),
        cmocka_unit_test(descriptor_wrong_field_is_named), cmocka_unit_test(model_in_place_of_its_descriptor_is_named),
        cmocka_unit_test(descriptor_written_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
