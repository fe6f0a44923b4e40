// The integer form of a model, from its graph or its checkpoint, ready to run.
// Uses: base, corpus, model, onnx, quantize, engine.
#ifndef QL_ENGINE_INTEGER_FORM_H
#define QL_ENGINE_INTEGER_FORM_H

#include "engine/integer_stepper.h"
#include "model/model.h"
#include "model/weight_format.h"
#include "onnx/descriptor.h"
#include "onnx/graph.h"

// Owns all of it.
struct ql_integer_form {
    struct ql_integer_model model;
    struct ql_integer_stepper stepper;
};

// Makes the integer form of a graph. `calibrate` is the path of a typical text, or NULL for one that the model writes.
// Errors: QL_ERROR_INPUT for a graph with a window as a state; those of the calibration text, of ql_chain_read and of
// ql_integer_model_init. Close it in the end, also after an error; {0} is closed.
enum ql_status ql_integer_form_open(struct ql_integer_form *form, const struct ql_graph *graph,
                                    const struct ql_descriptor *descriptor, enum ql_weight_format format,
                                    const char *calibrate, struct ql_error *error);
void ql_integer_form_close(struct ql_integer_form *form);

// Does the same for a trained model.
enum ql_status ql_integer_form_open_model(struct ql_integer_form *form, const struct ql_model *model,
                                          const struct ql_model_info *info, enum ql_weight_format format,
                                          const char *calibrate, struct ql_error *error);

#endif
