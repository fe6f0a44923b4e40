// Runs a case in the layout of ONNX's own tests: see onnx_case.h.
// Uses: ql_engine, POSIX.
#include "onnx_case.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "device/cast.h"
#include "engine/engine.h"
#include "onnx/onnx_reader.h"
#include "onnx/operators.h"

// ONNX's own tolerances are 1e-3 relative and 1e-7 absolute. These are tighter for large numbers, and leave room for
// sums in another order for small ones.
static const double relative_tolerance = 2e-5;
static const double absolute_tolerance = 2e-6;

enum { PATH_BYTES = 1024, OPERAND_LIMIT = 16 };

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
static bool is_equal(struct ql_tensor_view actual, const struct ql_value *expected, struct ql_error *error)
{
    (void)snprintf(error->message, sizeof error->message, "output '%s' has another type or shape", actual.name);
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
            (void)snprintf(error->message, sizeof error->message, "output '%s': element %d is %.9g instead of %.9g",
                           actual.name, i, a, e);
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

bool onnx_case_run(const struct ql_graph *graph, const char *folder, bool bind_all, struct ql_error *error)
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
    assert(graph->input_count <= OPERAND_LIMIT && graph->output_count <= OPERAND_LIMIT);
    for (int k = 0; k < graph->input_count; k++) {
        const struct ql_value *input = &graph->values[graph->inputs[k]];
        if (!load_tensor(&tensors, &index, folder, "input", k)) {
            (void)snprintf(error->message, sizeof error->message, "input %d is not a tensor", k);
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
        if (!load_tensor(&tensors, &index, folder, "output", k) || !is_equal(view, &tensors.values[index], error)) {
            goto done;
        }
    }
    passed = true;
done:
    ql_engine_free(&engine);
    ql_graph_free(&tensors);
    return passed;
}
