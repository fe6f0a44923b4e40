// Runs ONNX's own tests of its operators (Debian's libonnx-testdata) through the engine.
// Every test whose operators are all supported must pass, but for the few that are named here with their reason.
// Uses: cmocka, ql_engine, POSIX.
#include <dirent.h>
#include <math.h>
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

#include "base/file.h"
#include "device/cast.h"
#include "engine/engine.h"
#include "onnx/onnx_reader.h"
#include "onnx/operators.h"

static const char data_folder[] = "/usr/include/onnx/backend/test/data";

// ONNX's own tolerances are 1e-3 relative and 1e-7 absolute. These are closer where numbers are large, and leave room
// for sums in another order where they are small.
static const double relative_tolerance = 2e-5;
static const double absolute_tolerance = 2e-6;

enum { PATH_BYTES = 1024, OPERAND_LIMIT = 16, SKIPPED = 77 };

struct exception {
    const char *name, *reason;
};
static const struct exception exceptions[] = {
    {"test_cast_FLOAT_to_STRING", "strings"},
    {"test_cast_STRING_to_FLOAT", "strings"},
    {"test_castlike_FLOAT_to_STRING_expanded", "strings"},
    {"test_castlike_STRING_to_FLOAT_expanded", "strings"},
    {"test_identity_opt", "optionals"},
    {"test_identity_sequence", "sequences"},
    {"test_training_dropout", "training"},
    {"test_training_dropout_default", "training"},
    {"test_training_dropout_default_mask", "training"},
    {"test_training_dropout_mask", "training"},
    // This version's data are cut off, where ONNX's later versions, ONNX Runtime and we round to nearest.
    {"test_cast_FLOAT_to_BFLOAT16", "bfloat16 cut off"},
    {"test_castlike_FLOAT_to_BFLOAT16_expanded", "bfloat16 cut off"},
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

// Reads input_K.pb or output_K.pb into a value of `tensors`. False when there is no such file, or no tensor in it.
static bool load_tensor(struct ql_graph *tensors, int *value, const char *folder, const char *kind, int k)
{
    char path[PATH_BYTES + 64];
    struct ql_file_view view;
    struct ql_error error;

    (void)snprintf(path, sizeof path, "%s/%s_%d.pb", folder, kind, k);
    if (access(path, R_OK) != 0 || ql_file_open(&view, path, &error) != QL_OK) {
        return false;
    }
    bool read = ql_onnx_read_tensor(tensors, value, view.data, view.size_bytes, &error) == QL_OK;
    ql_file_close(&view);
    return read;
}

// True when the engine's value is the expected one: type, shape, elements.
static bool is_equal(struct ql_tensor_view actual, const struct ql_value *expected)
{
    if (actual.type != expected->type || actual.rank != expected->rank) {
        return false;
    }
    for (int axis = 0; axis < actual.rank; axis++) {
        if (actual.dims[axis] != expected->dims[axis]) {
            return false;
        }
    }
    for (int i = 0; i < actual.count; i++) {
        size_t bytes = ql_element_bytes(actual.type);
        double a = 0.0;
        double e = 0.0;
        ql_cast(&a, (const char *)actual.data + (size_t)i * bytes, QL_ELEMENT_F64, (int)actual.type, 1);
        ql_cast(&e, (const char *)expected->data + (size_t)i * bytes, QL_ELEMENT_F64, (int)expected->type, 1);
        if (a != e && !(a != a && e != e) && !(fabs(a - e) <= absolute_tolerance + relative_tolerance * fabs(e))) {
            print_message("    element %d is %.9g instead of %.9g\n", i, a, e);
            return false;
        }
    }
    return true;
}

// True when a node needs the value at compile time, directly.
static bool is_needed_constant(const struct ql_graph *graph, int value)
{
    for (int n = 0; n < graph->node_count; n++) {
        const struct ql_operator *row = ql_operator_find(graph->nodes[n].operator_name, graph->opset);
        for (int k = 0; k < graph->nodes[n].input_count && row != NULL && k < 32; k++) {
            if (graph->nodes[n].inputs[k] == value && (row->constant_inputs >> k & 1) != 0) {
                return true;
            }
        }
    }
    return false;
}

// Runs one data set. `bind_all` makes every integer and every scalar a constant, for graphs that compute shapes and
// options from inputs.
static bool run_data_set(const struct ql_graph *graph, const char *folder, bool bind_all, struct ql_error *error)
{
    static char names[OPERAND_LIMIT][QL_RANK_LIMIT][256];
    struct ql_graph tensors = {0};
    struct ql_engine engine = {0};
    struct ql_binding bindings[OPERAND_LIMIT * (QL_RANK_LIMIT + 1)];
    const void *inputs[OPERAND_LIMIT] = {NULL};
    void *outputs[OPERAND_LIMIT] = {NULL};
    int count = 0;
    int index;
    bool passed = false;

    ql_graph_init(&tensors, "", QL_OPSET_LAST);
    assert_true(graph->input_count <= OPERAND_LIMIT && graph->output_count <= OPERAND_LIMIT);
    for (int k = 0; k < graph->input_count; k++) {
        const struct ql_value *input = &graph->values[graph->inputs[k]];
        if (!load_tensor(&tensors, &index, folder, "input", k)) {
            (void)snprintf(error->message, sizeof error->message, "input %d is no tensor", k);
            goto done;
        }
        const struct ql_value *tensor = &tensors.values[index];
        inputs[k] = tensor->data;
        for (int axis = 0; axis < input->rank && axis < tensor->rank; axis++) {
            (void)snprintf(names[k][axis], sizeof names[k][axis], "%s:%d", input->name, axis);
            bindings[count++] = (struct ql_binding){.name = names[k][axis], .size = tensor->dims[axis]};
        }
        if (is_needed_constant(graph, graph->inputs[k]) ||
            (bind_all && (tensor->type == QL_ELEMENT_S64 || tensor->type == QL_ELEMENT_S32 || tensor->rank == 0))) {
            bindings[count++] = (struct ql_binding){.name = input->name, .data = tensor->data};
        }
    }
    const struct ql_program_options options = {.bindings = bindings, .binding_count = count};
    if (ql_engine_init(&engine, graph, &options, error) != QL_OK ||
        ql_engine_run(&engine, inputs, outputs, error) != QL_OK) {
        goto done;
    }
    for (int k = 0; k < graph->output_count; k++) {
        struct ql_tensor_view view = ql_engine_view(&engine, graph->outputs[k]);
        if (!load_tensor(&tensors, &index, folder, "output", k) || !is_equal(view, &tensors.values[index])) {
            (void)snprintf(error->message, sizeof error->message, "output %d differs", k);
            goto done;
        }
    }
    passed = true;
done:
    ql_engine_free(&engine);
    ql_graph_free(&tensors);
    return passed;
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
    for (int set = 0; supported; set++) {
        (void)snprintf(path, sizeof path, "%s/%s/%s/test_data_set_%d", data_folder, group, name, set);
        if (access(path, R_OK) != 0) {
            break;
        }
        if (!run_data_set(&graph, path, false, &error) && !run_data_set(&graph, path, true, &error)) {
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

int main(void)
{
    if (access(data_folder, R_OK) != 0) {
        print_message("%s is not here: tools/bootstrap test installs libonnx-testdata\n", data_folder);
        return SKIPPED;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(onnx_backend_tests_of_supported_operators_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
