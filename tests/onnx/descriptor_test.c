// Descriptors: the example's is read unchanged, wrong ones are refused with the field's name, and written ones are read
// back. Also which inputs and outputs of a model are tokens, logits and states. Uses: cmocka, jansson, ql_onnx.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

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
    assert_int_equal(ql_descriptor_load(&descriptor, "names.safetensors", &error), QL_ERROR_INPUT);
    assert_non_null(strstr(error.message, "names.safetensors: is a checkpoint. Give the descriptor"));
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

static void descriptor_name_that_json_cannot_hold_is_an_error(void **state)
{
    static struct ql_descriptor sound;
    FILE *stream = tmpfile();

    (void)state;
    assert_non_null(stream);
    assert_int_equal(
        read_text("{\"filename\": \"m.onnx\", \"vocabulary\": \"ab\", \"tokens\": \"in\", \"logits\": \"out\", "
                  "\"states\": [[\"a\", \"b\"]], \"constants\": {\"c\": 1}}"),
        QL_OK);
    sound = descriptor;
    assert_int_equal(ql_descriptor_write(&sound, stream, &error), QL_OK);
    char *const names[] = {sound.tokens, sound.logits, sound.states[0].input, sound.states[0].output,
                           sound.constants[0].input};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char first = names[i][0];
        names[i][0] = '\xe9';
        assert_int_equal(ql_descriptor_write(&sound, stream, &error), QL_ERROR_INPUT);
        assert_non_null(strstr(error.message, "is not UTF-8"));
        names[i][0] = first;
    }
    (void)fclose(stream);
}

// Of jansson: those that were made, and the number of the one that fails, from 0.
static long allocations, failing;

static void *allocate(size_t size_bytes)
{
    return allocations++ == failing ? NULL : malloc(size_bytes);
}

// The text of the descriptor, "" where it cannot be written when this allocation of jansson fails; -1 is none.
static const char *write_without(const struct ql_descriptor *written, long allocation)
{
    static char text[2048];
    FILE *stream = tmpfile();

    assert_non_null(stream);
    allocations = 0;
    failing = allocation;
    json_set_alloc_funcs(allocate, free);
    const enum ql_status status = ql_descriptor_write(written, stream, &error);
    json_set_alloc_funcs(malloc, free);
    rewind(stream);
    text[fread(text, 1, sizeof text - 1, stream)] = '\0';
    (void)fclose(stream);
    assert_true((status == QL_OK) == (text[0] != '\0'));
    return text;
}

static void descriptor_without_memory_is_whole_or_an_error(void **state)
{
    static struct ql_descriptor written;
    char whole[2048];

    (void)state;
    assert_int_equal(
        read_text("{\"filename\": \"m.onnx\", \"vocabulary\": \"\\nab<\", \"reset\": \"\\n\", \"tokens\": \"in\", "
                  "\"begin\": \"<\", \"logits\": \"out\", \"window\": 8, \"sha256\": "
                  "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\", "
                  "\"states\": [[\"a\", \"b\", \"append\"], [\"c\", \"d\"]], \"constants\": {\"e\": [1, 2.5]}}"),
        QL_OK);
    written = descriptor;
    (void)snprintf(whole, sizeof whole, "%s", write_without(&written, -1));
    assert_non_null(strstr(whole, "\"sha256\""));
    // Only those of the writer: jansson frees what it must not free when one of its own reader fails.
    long count = allocations;
    allocations = 0;
    json_set_alloc_funcs(allocate, free);
    assert_int_equal(read_text(whole), QL_OK);
    json_set_alloc_funcs(malloc, free);
    count -= allocations;
    assert_true(count > 0);
    for (long k = 0; k < count; k++) {
        const char *text = write_without(&written, k);
        assert_true(text[0] == '\0' || strcmp(text, whole) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptor_of_the_seed_is_read),
        cmocka_unit_test(descriptor_vocabulary_keeps_its_order),
        cmocka_unit_test(descriptor_wrong_field_is_named),
        cmocka_unit_test(model_in_place_of_its_descriptor_is_named),
        cmocka_unit_test(descriptor_written_reads_back),
        cmocka_unit_test(descriptor_name_that_json_cannot_hold_is_an_error),
        cmocka_unit_test(descriptor_without_memory_is_whole_or_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
