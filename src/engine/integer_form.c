// The integer form of a model: see integer_form.h.
// Uses: base, corpus, model, onnx, quantize, engine.
#include "engine/integer_form.h"

#include <stdlib.h>

#include "engine/chain_reader.h"
#include "onnx/descriptor_text.h"
#include "quantize/calibration.h"
#include "quantize/product_x86.h"

// Takes the chain over.
static enum ql_status make(struct ql_integer_form *form, struct ql_chain *chain, const struct ql_token_text *text,
                           enum ql_weight_format format, struct ql_error *error)
{
    struct ql_calibration calibration;
    enum ql_status status = ql_calibration_init(&calibration, chain, text->tokens, text->count, error);

    if (status == QL_OK &&
        (status = ql_integer_model_init(&form->model, chain, &calibration, format, error)) == QL_OK) {
        status = ql_integer_stepper_init(&form->stepper, &form->model, ql_integer_product_fastest(), error);
    }
    ql_calibration_free(&calibration);
    ql_chain_free(chain);
    return status;
}

static enum ql_status load_text(struct ql_token_text *text, const struct ql_descriptor *descriptor, const char *path,
                                struct ql_error *error)
{
    *text = (struct ql_token_text){0};
    if (path != NULL && ql_descriptor_text_load(text, descriptor, path, error) != QL_OK) {
        return ql_error_prefix(error, "--calibrate: ");
    }
    return QL_OK;
}

enum ql_status ql_integer_form_open(struct ql_integer_form *form, const struct ql_graph *graph,
                                    const struct ql_descriptor *descriptor, enum ql_weight_format format,
                                    const char *calibrate, struct ql_error *error)
{
    struct ql_token_text text;
    struct ql_chain chain;

    *form = (struct ql_integer_form){0};
    if (graph->window > 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the model computes a window of %d tokens for each token, which has no integer form. "
                              "Export it with its state as input and output, and with an open sequence",
                              graph->window);
    }
    enum ql_status status = load_text(&text, descriptor, calibrate, error);
    if (status == QL_OK && (status = ql_chain_read(&chain, graph, descriptor, error)) == QL_OK) {
        status = make(form, &chain, &text, format, error);
    }
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
    struct ql_token_text text;
    struct ql_chain chain;

    *form = (struct ql_integer_form){0};
    if (descriptor == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the model");
    }
    ql_descriptor_set_info(descriptor, info);
    enum ql_status status = load_text(&text, descriptor, calibrate, error);
    if (status == QL_OK && (status = ql_chain_init(&chain, model, info, error)) == QL_OK) {
        status = make(form, &chain, &text, format, error);
    }
    ql_token_text_free(&text);
    free(descriptor);
    return status;
}
