// What quantization begins with: a recurrent language model in float, reduced to what it computes. For each token a row
// of sums for the first layer, recurrent layers, a linear output. engine/model_reader.h makes it from a graph.
// Uses: base, device, model/model.h.
#ifndef QL_QUANTIZE_FLOAT_MODEL_H
#define QL_QUANTIZE_FLOAT_MODEL_H

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "model/model.h"

// One recurrent layer, weights in the layout of device/. G is 4 (LSTM: i, f, g, o), 3 (GRU: r, z, n) or 1 (RNN).
struct ql_float_layer {
    const char *name;     // of the node in the graph, for messages
    int I, H;             // I is 0 for the first layer
    const float *w_ih;    // (I, GH); NULL for the first layer
    const float *w_hh;    // (H, GH)
    const float *bias_ih; // (GH); of LSTM and RNN the sum of both biases
    const float *bias_hh; // (GH); of the GRU only, otherwise NULL
};

// Owns all that it points to.
struct ql_float_model {
    struct ql_arena arena;
    enum ql_cell cell;
    int V, L;
    const float *inputs; // (V, GH) for each token x W_ih of the first layer, x being the token's embedding; no bias
    struct ql_float_layer layers[QL_MODEL_LAYER_LIMIT];
    const char *output_name;
    const float *output_weight; // (H, V)
    const float *output_bias;   // (V)
    struct ql_text_rules rules;
};

void ql_float_model_free(struct ql_float_model *model);

// The model while it reads. Owns its memory.
struct ql_float_reader {
    const struct ql_float_model *model;
    struct ql_arena arena;
    float *h[QL_MODEL_LAYER_LIMIT], *c[QL_MODEL_LAYER_LIMIT]; // (H) the state
    float *gates;                                             // scratch
    float *logits;                                            // (V) of the last step
};

// Zero state. Errors: QL_ERROR_SYSTEM.
enum ql_status ql_float_reader_init(struct ql_float_reader *reader, const struct ql_float_model *model,
                                    struct ql_error *error);
void ql_float_reader_free(struct ql_float_reader *reader);

// Takes one token (0 to V - 1); the logits of the next stand in reader->logits.
void ql_float_reader_step(struct ql_float_reader *reader, int token);

// What a text that is typical of the model makes of it.
struct ql_calibration {
    float cell_magnitude[QL_MODEL_LAYER_LIMIT]; // the largest |c| of each LSTM layer
};

// Reads `count` tokens after the rules' first token; where there are none (NULL), a text of QL_CALIBRATION_TOKENS that the
// model writes itself, at temperature 1, the same each time.
// Errors: QL_ERROR_INPUT for no tokens in a text that was given; QL_ERROR_NUMERIC for a model that leaves the numbers.
enum { QL_CALIBRATION_TOKENS = 4096 };
enum ql_status ql_calibration_init(struct ql_calibration *calibration, const struct ql_float_model *model,
                                   const uint16_t *tokens, size_t count, struct ql_error *error);

#endif
