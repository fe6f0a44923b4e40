// The pieces of C that generated sources are made of.
// Uses: cmocka, ql_codegen.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codegen/c_text.h"
#include "codegen/codegen.h"
#include "device/random.h"

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void check_float(float value)
{
    char text[QL_C_NUMBER_BYTES];
    char *end;

    ql_c_float_write(text, value);
    float read = strtof(text, &end);
    assert_int_equal(bits_of(read), bits_of(value));
    assert_string_equal(end, "f");
    assert_non_null(strpbrk(text, ".e")); // without them "1f" is not a constant
    assert_true(strlen(text) <= 16);
}

static void float_literals_read_back_as_the_same_bits(void **state)
{
    struct ql_random random;
    const float special[] = {0.0f,
                             -0.0f,
                             1.0f,
                             -1.0f,
                             0.1f,
                             16777216.0f,
                             3.40282347e38f,
                             1e-45f,
                             -1e-45f,
                             1.17549435e-38f,
                             1.17549421e-38f,
                             1e10f,
                             123456.7f,
                             9999999.0f,
                             99999992.0f};

    (void)state;
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++) {
        check_float(special[i]);
    }
    ql_random_init(&random, 1);
    for (int i = 0; i < 300000; i++) {
        uint32_t bits = ql_random_step(&random);
        float value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value)) {
            check_float(value);
        }
    }
}

// The text that a function writes to a stream, as a string; the caller frees it.
static char *array_text(enum ql_element type, const void *data, size_t count, bool *as_bits)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    assert_non_null(stream);
    *as_bits = ql_c_array_write(stream, "a", "(2)", type, data, count);
    (void)fclose(stream);
    return text;
}

static void check_array(enum ql_element type, const void *data, size_t count, const char *expected)
{
    bool as_bits;
    char *text = array_text(type, data, count, &as_bits);

    assert_string_equal(text, expected);
    free(text);
}

static void arrays_of_every_type_are_written(void **state)
{
    (void)state;
    check_array(QL_ELEMENT_F32, (const float[]){0.5f, -2.0f}, 2,
                "static const float a[2] = { // (2)\n    0.5f, -2.0f,\n};\n");
    check_array(QL_ELEMENT_F64, (const double[]){0.1, 1e300}, 2,
                "static const double a[2] = { // (2)\n    0.1, 1e+300,\n};\n");
    check_array(QL_ELEMENT_S64, (const int64_t[]){INT64_MIN, -5}, 2,
                "static const int64_t a[2] = { // (2)\n    INT64_MIN, INT64_C(-5),\n};\n");
    check_array(QL_ELEMENT_S32, (const int32_t[]){INT32_MIN, 7}, 2,
                "static const int32_t a[2] = { // (2)\n    INT32_MIN, 7,\n};\n");
    check_array(QL_ELEMENT_U64, (const uint64_t[]){UINT64_MAX}, 1,
                "static const uint64_t a[1] = { // (2)\n    UINT64_C(18446744073709551615),\n};\n");
    check_array(QL_ELEMENT_BOOL, (const uint8_t[]){1, 0}, 2, "static const uint8_t a[2] = { // (2)\n    1, 0,\n};\n");
    check_array(QL_ELEMENT_F16, (const uint16_t[]){0x3c00}, 1,
                "static const uint16_t a[1] = { // (2)\n    0x3c00,\n};\n");
    check_array(QL_ELEMENT_F32, NULL, 0, "static const float a[1] = { // (2)\n    0,\n};\n"); // C has no empty array
}

static void arrays_with_infinities_and_nan_are_written_as_bits(void **state)
{
    bool as_bits;
    char *text = array_text(QL_ELEMENT_F32, (const float[]){INFINITY, 1.0f}, 2, &as_bits);

    (void)state;
    assert_true(as_bits);
    assert_non_null(strstr(text, "uint32_t bits[2];"));
    assert_non_null(strstr(text, "2139095040u, 1065353216u"));
    free(text);
    text = array_text(QL_ELEMENT_F64, (const double[]){-INFINITY}, 1, &as_bits);
    assert_true(as_bits);
    assert_non_null(strstr(text, "UINT64_C(18442240474082181120)"));
    free(text);
}

static void strings_and_comments_are_safe(void **state)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    (void)state;
    ql_c_string_write(stream, (const unsigned char *)"\"\\\n\x01\xc3\xa9", 6);
    ql_c_string_write(stream, (const unsigned char *)"7", 1);
    ql_c_plain_write(stream, "a\nb\\\x7f?\?/*");
    (void)fclose(stream);
    assert_string_equal(text, "\"\\\"\\\\\\n\\001\\303\\251\"\"7\"a_b____/*");
    free(text);
}

static void names_become_free_identifiers(void **state)
{
    struct ql_arena arena = {0};
    struct ql_c_names names = {.arena = &arena};

    (void)state;
    assert_string_equal(ql_c_names_add(&names, "/rnn/LSTM_output_0", ""), "rnn_LSTM_output_0");
    assert_string_equal(ql_c_names_add(&names, "x.y", "z"), "x_y_z");
    assert_string_equal(ql_c_names_add(&names, "x:y", "z"), "x_y_z_2");
    assert_string_equal(ql_c_names_add(&names, "int", ""), "int_2");
    assert_string_equal(ql_c_names_add(&names, "class", ""), "class_2");
    assert_string_equal(ql_c_names_add(&names, "typeof", ""), "typeof_2"); // of GNU C and C23
    assert_string_equal(ql_c_names_add(&names, "i386", ""), "i386_2");     // 1 in gcc -m32 -std=gnu11
    assert_string_equal(ql_c_names_add(&names, "errno", ""), "errno_2");   // a macro where its header comes first
    assert_string_equal(ql_c_names_add(&names, "1x", ""), "v_1x");
    assert_string_equal(ql_c_names_add(&names, "", ""), "v_");
    assert_string_equal(ql_c_names_add(&names, "\xc3\xa9", ""), "v__2");
    assert_string_equal(ql_c_names_add(&names, "ql_gather", ""), "v_ql_gather");
    assert_string_equal(ql_c_names_add(&names, "INT64_MAX", ""), "v_INT64_MAX");
    assert_string_equal(ql_c_names_add(&names, "X", ""), "X");
    assert_string_equal(ql_c_names_add(&names, "__FILE__", ""), "v_FILE");
    ql_c_names_reserve(&names, "dims");
    assert_string_equal(ql_c_names_add(&names, "dims", ""), "dims_2");
    assert_true(ql_c_names_has(&names, "dims"));
    assert_false(ql_c_names_has(&names, "dims_3"));
    assert_string_equal(ql_c_names_add(&names, "int", ""), "int_3");
    // A number that another name has taken is skipped.
    assert_string_equal(ql_c_names_add(&names, "dims_4", ""), "dims_4");
    assert_string_equal(ql_c_names_add(&names, "dims", ""), "dims_3");
    assert_string_equal(ql_c_names_add(&names, "dims", ""), "dims_5");
    char longest[300];
    memset(longest, 'n', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    for (int i = 0; i < 2000; i++) {
        assert_true(strlen(ql_c_names_add(&names, longest, longest)) < QL_C_IDENTIFIER_BYTES);
    }
    ql_arena_free(&arena);
}

static void model_names_come_from_files(void **state)
{
    char name[QL_CODEGEN_NAME_BYTES];
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_codegen_name_read(name, "models/names-wait.onnx", &error), QL_OK);
    assert_string_equal(name, "names_wait");
    assert_int_equal(ql_codegen_name_read(name, "a.b/c", &error), QL_OK);
    assert_string_equal(name, "c");
    assert_int_equal(ql_codegen_name_read(name, "x..onnx", &error), QL_OK);
    assert_string_equal(name, "x");
    static const char *const wrong[] = {"",
                                        "1model.onnx",
                                        "ql",
                                        "QL.onnx",
                                        "\xc3\xa9.onnx",
                                        "___.onnx",
                                        "models/",
                                        "a_name_that_is_longer_than_a_name_may_be.onnx"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(ql_codegen_name_read(name, wrong[i], &error), QL_ERROR_USAGE);
        assert_non_null(strstr(error.message, "--name"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(float_literals_read_back_as_the_same_bits),
        cmocka_unit_test(arrays_of_every_type_are_written),
        cmocka_unit_test(arrays_with_infinities_and_nan_are_written_as_bits),
        cmocka_unit_test(strings_and_comments_are_safe),
        cmocka_unit_test(names_become_free_identifiers),
        cmocka_unit_test(model_names_come_from_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
