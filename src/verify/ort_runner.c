// ONNX Runtime as a runner: see runner.h.
// Uses: base, onnx/program, verify/{ort_server,json_pipe,hex}, jansson.
#include <stdlib.h>

#include "verify/hex.h"
#include "verify/json_pipe.h"
#include "verify/ort_server.h"
#include "verify/runner.h"

// JavaScript's names for the element types. It has none for bfloat16.
static const char *const type_names[] = {
    [QL_ELEMENT_F32] = "float32", [QL_ELEMENT_F64] = "float64", [QL_ELEMENT_F16] = "float16",
    [QL_ELEMENT_S64] = "int64",   [QL_ELEMENT_S32] = "int32",   [QL_ELEMENT_S16] = "int16",
    [QL_ELEMENT_S8] = "int8",     [QL_ELEMENT_U64] = "uint64",  [QL_ELEMENT_U32] = "uint32",
    [QL_ELEMENT_U16] = "uint16",  [QL_ELEMENT_U8] = "uint8",    [QL_ELEMENT_BOOL] = "bool",
};

static json_t *array_to_json(const struct ql_array *array)
{
    char *digits = malloc(2 * array->bytes + 1);
    json_t *shape = json_array();
    json_t *result = NULL;

    for (int k = 0; k < array->rank; k++) {
        (void)json_array_append_new(shape, json_integer(array->dims[k]));
    }
    if (digits != NULL) {
        *ql_hex_encode(digits, array->data, array->bytes) = '\0';
        result = json_pack("{s:s, s:O, s:s}", "type", type_names[array->type], "shape", shape, "data", digits);
    }
    json_decref(shape);
    free(digits);
    return result;
}

static enum ql_status step(struct ql_runner *runner, struct ql_error *error)
{
    struct ql_process *server = runner->self;
    json_t *inputs = json_object();
    json_t *answer;

    for (int i = 0; i < runner->input_count; i++) {
        (void)json_object_set_new(inputs, runner->inputs[i].name, array_to_json(&runner->inputs[i]));
    }
    enum ql_status status = ql_json_pipe_step(server, json_pack("{s:o}", "run", inputs), &answer, error);
    const json_t *outputs = json_object_get(answer, "outputs");
    for (int i = 0; i < runner->output_count && status == QL_OK; i++) {
        const struct ql_array *output = &runner->outputs[i];
        status = ql_json_pipe_read(output->data, output->bytes, json_object_get(outputs, output->name), "data", error);
        if (status != QL_OK) {
            status = ql_error_prefix(error, "output %s: ", output->name);
        }
    }
    json_decref(answer);
    return status;
}

static void close_server(struct ql_runner *runner)
{
    ql_process_close(runner->self);
    free(runner->self);
}

enum ql_status ql_ort_runner_open(struct ql_runner *runner, const struct ql_program *program, const char *onnx_path,
                                  const char *script, struct ql_error *error)
{
    json_t *answer = NULL;

    *runner = (struct ql_runner){.step = step};
    enum ql_status status = ql_runner_init(runner, program, error);
    if (status != QL_OK) {
        return status;
    }
    for (int i = 0; i < runner->input_count; i++) {
        if (type_names[runner->inputs[i].type] == NULL) {
            status = ql_error_write(error, QL_ERROR_INPUT, "input %s has a type that JavaScript does not know",
                                    runner->inputs[i].name);
            ql_runner_free(runner);
            return status;
        }
    }
    runner->self = calloc(1, sizeof(struct ql_process));
    if (runner->self == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
        ql_runner_free(runner);
        return status;
    }
    runner->close = close_server;
    status = ql_ort_server_open(runner->self, script, error);
    if (status == QL_OK) {
        status = ql_json_pipe_step(runner->self, json_pack("{s:s}", "open", onnx_path), &answer, error);
    }
    if (status == QL_OK) {
        (void)snprintf(runner->name, sizeof runner->name, "ONNX Runtime %s",
                       json_string_value(json_object_get(answer, "runtime")));
    } else {
        ql_runner_free(runner);
    }
    json_decref(answer);
    return status;
}
