// Tests the conformance run itself: cases are unchanged, every operator has some and is documented, options vary, and a
// result that is wrong in any way is reported as a difference.
// Uses: cmocka, base/file, conformance_case, conformance_check, conformance_operators, onnx.
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "conformance_check.h"
#include "conformance_operators.h"
#include "onnx/onnx_writer.h"
#include "onnx/operators.h"

static void make_case(struct conformance_case *c, const char *operator_name, int number)
{
    const struct conformance_operator *row = conformance_operator_find(operator_name);

    assert_non_null(row);
    case_init(c, row->name, number, row->first_opset);
    row->generate(c, row->name);
}

// Cases begin with the first version of the operator that both sides have.
static void every_operator_has_cases(void **state)
{
    enum { FIRST_OPSET = 9 }; // of the cases
    const char *last = "";

    (void)state;
    for (size_t i = 0; ql_operator_at(i) != NULL; i++) {
        const struct ql_operator *ours = ql_operator_at(i);
        const struct conformance_operator *row = conformance_operator_find(ours->name);
        if (row == NULL) {
            fail_msg("%s has no row in conformance_operators.c", ours->name);
        }
        if (strcmp(ours->name, last) != 0) {
            assert_int_equal(row->first_opset, ours->first > FIRST_OPSET ? ours->first : FIRST_OPSET);
        }
        last = ours->name;
    }
}

// The table of docs/onnx.md is what stands below its heading "Operators", up to an empty line.
static void every_operator_is_documented(void **state)
{
    static const char path[] = QL_SOURCE_DIR "/docs/onnx.md";
    static const char heading[] = "\n## Operators\n";
    static char text[1 << 16];
    struct ql_file_view file;
    struct ql_error error;

    (void)state;
    assert_int_equal(ql_file_open(&file, path, &error), QL_OK);
    assert_in_range(file.size_bytes, 1, sizeof text - 1);
    memcpy(text, file.data, file.size_bytes);
    ql_file_close(&file);
    char *table = strstr(text, heading);
    assert_non_null(table);
    table += sizeof heading - 1;
    char *end = strstr(table, "\n\n");
    assert_non_null(end);
    *end = '\0';
    for (size_t i = 0; ql_operator_at(i) != NULL; i++) {
        const char *name = ql_operator_at(i)->name;
        const char *found = strstr(table, name);
        while (found != NULL && (isalnum((unsigned char)found[-1]) || isalnum((unsigned char)found[strlen(name)]))) {
            found = strstr(found + 1, name);
        }
        if (found == NULL) {
            fail_msg("%s is not in the table of %s", name, path);
        }
    }
}

static void case_made_twice_is_the_same_file(void **state)
{
    (void)state;
    for (int i = 0; i < conformance_operator_count; i++) {
        unsigned char *bytes[2];
        size_t sizes[2];
        struct ql_error error;
        for (int k = 0; k < 2; k++) {
            struct conformance_case c;
            make_case(&c, conformance_operators[i].name, 7);
            assert_int_equal(ql_onnx_write(&bytes[k], &sizes[k], &c.graph, &error), QL_OK);
            case_free(&c);
        }
        assert_int_equal(sizes[0], sizes[1]);
        assert_memory_equal(bytes[0], bytes[1], sizes[0]);
        free(bytes[0]);
        free(bytes[1]);
    }
}

// In the cases of a full run, every option of the recurrent operators is used, and left out.
static void cases_of_lstm_vary_every_option(void **state)
{
    static const char *const attributes[] = {
        "direction", "activations", "activation_alpha", "activation_beta", "clip", "input_forget", "layout"};
    enum { CASES = 500, ATTRIBUTES = sizeof attributes / sizeof attributes[0], INPUTS = 8, OUTPUTS = 3 };
    int attribute_counts[ATTRIBUTES] = {0};
    int input_counts[INPUTS] = {0};
    int output_counts[OUTPUTS] = {0};
    int coinciding = 0;

    (void)state;
    for (int number = 0; number < CASES; number++) {
        struct conformance_case c;
        make_case(&c, "LSTM", number);
        const struct ql_node *node = &c.graph.nodes[0];
        for (int k = 0; k < ATTRIBUTES; k++) {
            attribute_counts[k] += ql_node_find(node, attributes[k]) != NULL;
        }
        for (int k = 0; k < node->input_count; k++) {
            input_counts[k] += node->inputs[k] >= 0;
        }
        for (int k = 0; k < node->output_count; k++) {
            output_counts[k] += node->outputs[k] >= 0;
        }
        const int *x = c.contents[0] != NULL && node->inputs[0] == c.graph.inputs[0] ? c.dims[0] : NULL;
        coinciding += x != NULL && x[0] == x[1] && x[1] == x[2];
        case_free(&c);
    }
    for (int k = 0; k < ATTRIBUTES; k++) {
        assert_in_range(attribute_counts[k], 20, CASES - 20);
    }
    for (int k = 3; k < INPUTS; k++) {
        assert_in_range(input_counts[k], 20, CASES - 20);
    }
    for (int k = 0; k < OUTPUTS; k++) {
        assert_in_range(output_counts[k], 20, CASES - 20);
    }
    assert_in_range(coinciding, 50, CASES - 50);
}

// Runs a case in the engine for both sides, so that they agree until one is changed.
static void run_on_both_sides(struct case_report *report, struct conformance_case *c)
{
    struct ql_error error;

    *report = (struct case_report){.outcome = CASE_AGREED};
    assert_int_equal(conformance_run(&report->ours, c, &error), QL_OK);
    assert_int_equal(conformance_run(&report->theirs, c, &error), QL_OK);
}

static void equal_results_agree(void **state)
{
    struct conformance_case c;
    struct case_report report;

    (void)state;
    make_case(&c, "LSTM", 1);
    run_on_both_sides(&report, &c);
    assert_true(conformance_compare(&report, &c));
    case_free(&c);
}

static void one_wrong_element_is_found(void **state)
{
    (void)state;
    for (int number = 0; number < 20; number++) {
        struct conformance_case c;
        struct case_report report;
        make_case(&c, "Gemm", number);
        run_on_both_sides(&report, &c);
        struct case_tensor *tensor = &report.theirs.tensors[0];
        if (tensor->count > 0 && tensor->type == QL_ELEMENT_F32) {
            float *last = (float *)tensor->data + tensor->count - 1;
            *last += 0.01f;
            assert_false(conformance_compare(&report, &c));
            assert_non_null(strstr(report.message, "element"));
        }
        case_free(&c);
    }
}

static void last_bit_of_exact_result_is_found(void **state)
{
    struct conformance_case c;
    struct case_report report;

    (void)state;
    case_init(&c, "Add", 0, 9);
    const int size = 4;
    const float data[] = {1.0f, 2.0f, 3.0f, 4.0f};
    const int inputs[] = {case_given(&c, QL_ELEMENT_F32, 1, &size, data, true),
                          case_given(&c, QL_ELEMENT_F32, 1, &size, data, false)};
    case_node(&c, "Add", inputs, 2, QL_ELEMENT_F32);
    run_on_both_sides(&report, &c);
    assert_true(conformance_compare(&report, &c));
    ((unsigned char *)report.theirs.tensors[0].data)[3 * sizeof(float)] ^= 1;
    assert_false(conformance_compare(&report, &c));
    case_free(&c);
}

static void other_shape_is_found(void **state)
{
    struct conformance_case c;
    struct case_report report;

    (void)state;
    make_case(&c, "Size", 0);
    run_on_both_sides(&report, &c);
    report.theirs.tensors[0].rank = 1;
    report.theirs.tensors[0].dims[0] = 1;
    assert_false(conformance_compare(&report, &c));
    case_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operator_has_cases),
        cmocka_unit_test(every_operator_is_documented),
        cmocka_unit_test(case_made_twice_is_the_same_file),
        cmocka_unit_test(cases_of_lstm_vary_every_option),
        cmocka_unit_test(equal_results_agree),
        cmocka_unit_test(one_wrong_element_is_found),
        cmocka_unit_test(last_bit_of_exact_result_is_found),
        cmocka_unit_test(other_shape_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
