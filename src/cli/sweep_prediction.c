// Predicts what a run's model will use on the chip: see sweep_prediction.h. It does the same as export and compile, in
// memory.
// Uses: base, model, onnx, quantize, engine, codegen, cli/{self_test,train_model,train_record,train_texts}.
#include "cli/sweep_prediction.h"

#include <stdlib.h>
#include <string.h>

#include "cli/self_test.h"
#include "cli/train_model.h"
#include "cli/train_record.h"
#include "cli/train_texts.h"
#include "codegen/chip_speed.h"
#include "codegen/codegen_size.h"
#include "codegen/token_table.h"
#include "engine/integer_form.h"
#include "onnx/in_place.h"
#include "onnx/model_graph.h"
#include "onnx/model_roles.h"
#include "onnx/program_compile.h"
#include "quantize/integer_program.h"

// Everything of one model on its way to the compiler.
struct road {
    struct ql_model model;
    struct ql_model_info info;
    struct ql_graph graph;
    struct ql_program program;
    struct ql_integer_form integer;
    struct ql_integer_program integer_program;
    struct ql_descriptor descriptor;
    struct ql_text_model text;
};

static void free_road(struct road *road)
{
    ql_integer_program_free(&road->integer_program);
    ql_integer_form_close(&road->integer);
    ql_program_free(&road->program);
    ql_graph_free(&road->graph);
    ql_model_free(&road->model);
    free(road);
}

static enum ql_status compile_float(struct road *road, struct ql_error *error)
{
    struct ql_state_layout state = {0};
    const struct ql_binding sequence = {.name = "sequence", .size = 1};
    struct ql_program_options options = {.default_size = 1, .bindings = &sequence, .binding_count = 1};
    enum ql_status status;

    ql_architecture_graph_state_add(&state, &road->model.dimensions);
    ql_descriptor_set_state(&road->descriptor, &state);
    if ((status = ql_model_graph_init(&road->graph, &road->model, 1, error)) != QL_OK ||
        (status = ql_model_roles_init(&road->text.roles, &road->graph, &road->descriptor, error)) != QL_OK) {
        return status;
    }
    options.states = road->text.roles.states;
    options.state_count = road->text.roles.state_count;
    if ((status = ql_program_compile(&road->program, &road->graph, &options, error)) == QL_OK &&
        (status = ql_token_table_init(&road->program, error)) == QL_OK &&
        (status = ql_in_place_init(&road->program, error)) == QL_OK) {
        ql_model_roles_layout(&road->text.layout, &road->text.roles, &road->program);
    }
    return status;
}

static enum ql_status compile_integer(struct road *road, enum ql_weight_format weights, struct ql_error *error)
{
    enum ql_status status = ql_integer_form_open_model(&road->integer, &road->model, &road->info, weights, NULL, error);

    if (status == QL_OK && (status = ql_integer_program_init(&road->integer_program, &road->integer.model,
                                                             &ql_integer_product_plain, error)) == QL_OK) {
        road->text.roles = road->integer_program.roles;
        ql_model_roles_layout(&road->text.layout, &road->text.roles, &road->integer_program.program);
    }
    return status;
}

static enum ql_status measure(struct ql_sweep_prediction *prediction, struct road *road, enum ql_weight_format weights,
                              struct ql_error *error)
{
    const bool integer = weights != QL_WEIGHTS_F32;
    enum ql_status status = QL_OK;

    ql_descriptor_set_info(&road->descriptor, &road->info);
    road->text.descriptor = &road->descriptor;
    road->text.trace_count = QL_CLI_SELF_TEST_STEPS;
    status = integer ? compile_integer(road, weights, error) : compile_float(road, error);
    if (status == QL_OK) {
        struct ql_codegen_size size;
        const struct ql_codegen model = {.program = integer ? &road->integer_program.program : &road->program,
                                         .model = &road->text,
                                         .integer = integer ? &road->integer.model : NULL,
                                         .name = "model"};
        const struct ql_codegen_unit unit = {.models = &model, .model_count = 1};
        status = ql_codegen_measure(&size, &unit, 0, error);
        prediction->flash_bytes = (double)size.constant_bytes;
        prediction->tokens_per_second = ql_chip_speed(&model, 2);
    }
    return status;
}

enum ql_status ql_sweep_predict(struct ql_sweep_prediction *prediction, struct ql_option *options,
                                struct ql_train_settings *settings, enum ql_weight_format weights,
                                struct ql_error *error)
{
    const struct ql_train_record record = {0};
    struct road *road = calloc(1, sizeof *road);
    enum ql_status status;

    *prediction = (struct ql_sweep_prediction){0};
    if (road == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to measure a model");
    }
    if ((status = ql_train_texts_check(settings, error)) == QL_OK &&
        (status = ql_train_model_init(&road->model, &road->info, settings, options, &record, error)) == QL_OK) {
        prediction->parameters = (double)road->model.count;
        status = measure(prediction, road, weights, error);
        if (status == QL_ERROR_INPUT) { // the model can be trained, but not compiled in this form
            (void)snprintf(prediction->reason, sizeof prediction->reason, "%.*s", QL_SWEEP_REASON_BYTES - 1,
                           error->message);
            prediction->flash_bytes = prediction->tokens_per_second = 0.0;
            status = QL_OK;
        }
    }
    free_road(road);
    return status;
}
