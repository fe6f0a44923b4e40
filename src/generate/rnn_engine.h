// The batched float engine for a stack of equal recurrent layers between an embedding and a linear output.
// Bit for bit what device/ computes for each stream alone.
// Uses: base, generate/batch_engine.h, model/model.
#ifndef QL_GENERATE_RNN_ENGINE_H
#define QL_GENERATE_RNN_ENGINE_H

#include "generate/batch_engine.h"
#include "model/model.h"

// Weights in the kernels' layout, as in model/stepper.h. Not owned.
struct ql_rnn_weights_view {
    struct ql_dimensions dimensions;
    const float *embedding; // (V, E)
    struct {
        const float *w_ih;    // (I, GH)
        const float *w_hh;    // (H, GH)
        const float *bias_ih; // (GH)
        const float *bias_hh; // (GH) of a GRU
    } layers[QL_MODEL_LAYER_LIMIT];
    const float *output_weight; // (H, V)
    const float *output_bias;   // (V)
    bool bias_last;             // added behind the output's sums, which otherwise begin with it
};

// Copies the weights, for `workers` threads. The state of a stream is h (H) of each layer, for the LSTM followed by
// c (H). Errors: QL_ERROR_SYSTEM for no memory.
enum ql_status ql_rnn_engine_open(struct ql_batch_engine *engine, const struct ql_rnn_weights_view *weights,
                                  int workers, struct ql_error *error);

#endif
