// The integer form of a model: see integer_form.h.
// Uses: base, corpus, model, onnx, quantize, engine.
#include "engine/integer_form.h"

#include <stdlib.h>

#include "engine/model_reader.h"
#include "onnx/descriptor_text.h"
#include "onnx/model_graph.h"
#include "quantize/product_x86.h"

enum ql_status ql_integer_form_open(struct ql_integer_form *form, const struct ql_graph *graph,
                                    const struct ql_descriptor *descriptor, enum ql_weight_format format,
                                    const char *calibrate, struct ql_error *error)
{
    struct ql_float_model float_model = {0};
    struct ql_token_text text = {0};
    struct ql_calibration calibration;
    enum ql_status status = QL_OK;

    *form = (struct ql_integer_form){0};
    if (calibrate != NULL && (status = ql_descriptor_text_load(&text, descriptor, calibrate, error)) != QL_OK) {
        return ql_error_prefix(error, "--calibrate: ");
    }
    if ((status = ql_model_reader_read(&float_model, graph, descriptor, error)) == QL_OK &&
        (status = ql_calibration_init(&calibration, &float_model, text.tokens, text.count, error)) == QL_OK &&
        (status = ql_integer_model_init(&form->model, &float_model, &calibration, format, error)) == QL_OK) {
        status = ql_integer_stepper_init(&form->stepper, &form->model, ql_integer_product_fastest(), error);
    }
    ql_float_model_free(&float_model);
    ql_token_text_free(&text);
    return status;
}

void ql_integer_form_close(struct ql_integer_form *form)
{
    ql_integer_stepper_free(&form->stepper);
    ql_integer_model_free(&form->model);
}

enum ql_status ql_integer_form_open_model(struct ql_integer_form *form, const struct ql_model *model,
                                          const struct ql_model_info *info, enum ql_weight_format format,
                                          const char *calibrate, struct ql_error *error)
{
    struct ql_descriptor *descriptor = calloc(1, sizeof *descriptor);
    struct ql_graph graph = {0};

    *form = (struct ql_integer_form){0};
    if (descriptor == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the model");
    }
    ql_descriptor_set_info(descriptor, info);
    enum ql_status status = ql_model_graph_init(&graph, model, 1, error);
    if (status == QL_OK) {
        status = ql_integer_form_open(form, &graph, descriptor, format, calibrate, error);
    }
    ql_graph_free(&graph);
    free(descriptor);
    return status;
}
