// Runs ONNX's own tests of its operators (Debian's libonnx-testdata) through the engine.
// Every test whose operators are all supported must pass, except for the few that are named here with their reasons.
// Uses: cmocka, onnx_case, POSIX.
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "onnx/onnx_reader.h"
#include "onnx/operators.h"
#include "onnx_case.h"

static const char *data_folder = "/usr/include/onnx/backend/test/data";

enum { PATH_BYTES = 1024, SKIPPED = 77 };

struct exception {
    const char *name, *reason;
};
static const struct exception exceptions[] = {
    {"test_cast_FLOAT_to_STRING", "strings"},
    {"test_cast_STRING_to_FLOAT", "strings"},
    {"test_castlike_FLOAT_to_STRING", "strings"},
    {"test_castlike_FLOAT_to_STRING_expanded", "strings"},
    {"test_castlike_STRING_to_FLOAT", "strings"},
    {"test_castlike_STRING_to_FLOAT_expanded", "strings"},
    {"test_equal_string", "strings"},
    {"test_equal_string_broadcast", "strings"},
    {"test_batchnorm_epsilon_training_mode", "training"},
    {"test_batchnorm_example_training_mode", "training"},
    // Their data were computed with a pi of 3.1415; ours are the values of the formula.
    {"test_blackmanwindow_expanded", "data with a rounded pi"},
    {"test_blackmanwindow_symmetric_expanded", "data with a rounded pi"},
    {"test_hammingwindow_expanded", "data with a rounded pi"},
    {"test_hammingwindow_symmetric_expanded", "data with a rounded pi"},
    {"test_hannwindow_expanded", "data with a rounded pi"},
    {"test_hannwindow_symmetric_expanded", "data with a rounded pi"},
    {"test_identity_opt", "optionals"},
    {"test_identity_sequence", "sequences"},
    {"test_mod_mixed_sign_float16", "remainders of floats"},
    {"test_mod_mixed_sign_float32", "remainders of floats"},
    {"test_mod_mixed_sign_float64", "remainders of floats"},
    {"test_scatter_elements_with_duplicate_indices", "sums of what is scattered"},
    {"test_scatter_elements_with_reduction_max", "sums of what is scattered"},
    {"test_scatter_elements_with_reduction_min", "sums of what is scattered"},
    {"test_scatternd_add", "sums of what is scattered"},
    {"test_scatternd_max", "sums of what is scattered"},
    {"test_scatternd_min", "sums of what is scattered"},
    {"test_scatternd_multiply", "sums of what is scattered"},
    {"test_training_dropout", "training"},
    {"test_training_dropout_default", "training"},
    {"test_training_dropout_default_mask", "training"},
    {"test_training_dropout_mask", "training"},
    // This version's data are truncated, while ONNX's later versions, ONNX Runtime, and we round to nearest.
    {"test_cast_FLOAT_to_BFLOAT16", "bfloat16 cut off"},
    {"test_castlike_FLOAT_to_BFLOAT16", "bfloat16 cut off"},
    {"test_castlike_FLOAT_to_BFLOAT16_expanded", "bfloat16 cut off"},
};

// Types of later versions that no recurrent model has, by a word in the case's name.
static const struct exception exceptional_types[] = {
    {"FLOAT8", "8-bit floats"},  {"INT4", "4-bit integers"}, {"int4", "4-bit integers"},
    {"_e4m3fn", "8-bit floats"}, {"_e5m2", "8-bit floats"},
};

struct operator_count {
    char name[64];
    int passed, failed, unsupported;
};

static struct operator_count counts[512];
static int count_of_counts;

static struct operator_count *find_count(const char *name)
{
    for (int i = 0; i < count_of_counts; i++) {
        if (strcmp(counts[i].name, name) == 0) {
            return &counts[i];
        }
    }
    assert_true(count_of_counts < 512);
    (void)snprintf(counts[count_of_counts].name, sizeof counts[0].name, "%s", name);
    return &counts[count_of_counts++];
}

static void run_case(const char *group, const char *name, int totals[3])
{
    char path[PATH_BYTES];
    struct ql_graph graph = {0};
    struct ql_error error = {QL_OK, ""};
    const char *reason = NULL;
    bool passed = true;

    (void)snprintf(path, sizeof path, "%s/%s/%s/model.onnx", data_folder, group, name);
    bool supported = ql_onnx_load(&graph, path, &error) == QL_OK;
    for (int n = 0; n < graph.node_count && supported; n++) {
        supported = ql_operator_find(graph.nodes[n].operator_name, 0) != NULL;
        reason = supported ? NULL : graph.nodes[n].operator_name;
    }
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
        if (strcmp(exceptions[i].name, name) == 0) {
            supported = false;
            reason = exceptions[i].reason;
        }
    }
    for (size_t i = 0; i < sizeof exceptional_types / sizeof exceptional_types[0]; i++) {
        if (strstr(name, exceptional_types[i].name) != NULL) {
            supported = false;
            reason = exceptional_types[i].reason;
        }
    }
    for (int set = 0; supported; set++) {
        (void)snprintf(path, sizeof path, "%s/%s/%s/test_data_set_%d", data_folder, group, name, set);
        if (access(path, R_OK) != 0) {
            break;
        }
        if (!onnx_case_run(&graph, path, false, &error) && !onnx_case_run(&graph, path, true, &error)) {
            passed = false;
            print_message("  failed: %s/%s: %s\n", group, name, error.message);
            break;
        }
    }
    const char *label = reason != NULL ? reason : graph.node_count > 0 ? graph.nodes[0].operator_name : "unreadable";
    struct operator_count *of_operator = find_count(label);
    int outcome = !supported ? 2 : passed ? 0 : 1;
    totals[outcome]++;
    *(outcome == 0 ? &of_operator->passed : outcome == 1 ? &of_operator->failed : &of_operator->unsupported) += 1;
    ql_graph_free(&graph);
}

static int compare_counts(const void *left, const void *right)
{
    const struct operator_count *a = left;
    const struct operator_count *b = right;
    return (a->passed == 0) != (b->passed == 0) ? (a->passed == 0) - (b->passed == 0) : strcmp(a->name, b->name);
}

static void onnx_backend_tests_of_supported_operators_pass(void **state)
{
    static const char *const groups[] = {"node", "simple", "pytorch-operator", "pytorch-converted"};
    int totals[3] = {0, 0, 0};

    (void)state;
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        char path[PATH_BYTES];
        (void)snprintf(path, sizeof path, "%s/%s", data_folder, groups[g]);
        struct dirent **entries;
        int count = scandir(path, &entries, NULL, alphasort);
        for (int i = 0; i < count; i++) {
            if (strncmp(entries[i]->d_name, "test_", 5) == 0) {
                run_case(groups[g], entries[i]->d_name, totals);
            }
            free(entries[i]);
        }
        if (count >= 0) {
            free(entries);
        }
    }
    qsort(counts, (size_t)count_of_counts, sizeof counts[0], compare_counts);
    print_message("%-28s passed failed unsupported\n", "first operator");
    for (int i = 0; i < count_of_counts; i++) {
        print_message("%-28s %6d %6d %11d\n", counts[i].name, counts[i].passed, counts[i].failed,
                      counts[i].unsupported);
    }
    print_message("%-28s %6d %6d %11d\n", "all", totals[0], totals[1], totals[2]);
    assert_int_equal(totals[1], 0);
    assert_true(totals[0] > 300);
}

// An argument is the folder of another version's tests.
int main(int argc, char **argv)
{
    data_folder = argc > 1 ? argv[1] : data_folder;
    if (access(data_folder, R_OK) != 0) {
        print_message("%s is not here: tools/bootstrap test installs libonnx-testdata\n", data_folder);
        return SKIPPED;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(onnx_backend_tests_of_supported_operators_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
