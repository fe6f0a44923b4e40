// What the network asks of a layer: weights in the forms that its products want, memory for what it remembers between
// forward and backward, and the two passes over a window. One set of functions for each kind of layer.
// Uses: base/arena, model, product, train/{rounded_model,train_state,window}.
#ifndef QL_TRAIN_TRAIN_LAYER_H
#define QL_TRAIN_TRAIN_LAYER_H

#include "base/arena.h"
#include "model/model.h"
#include "product/matrix_product.h"
#include "train/rounded_model.h"
#include "train/train_state.h"
#include "train/window.h"

// A gradient: one tensor for each parameter, and what layers sum up in another form until all shards are added.
struct ql_gradient {
    struct ql_model model;
    float *sums; // of all layers, one after another: each layer's own affair
};

// The weights of a recurrent layer as its products take them, forward (transposed) and backward.
struct ql_recurrent_training {
    struct ql_packed_matrix w_hh, w_hh_back; // (H, GH), (GH, H)
    struct ql_packed_matrix w_ih, w_ih_back; // (I, GH), (GH, I); of the first layer those of the exact model
    float *table; // (V, GH) of the first layer, whose input is a token: embedding times weight_ih; otherwise NULL
};

struct ql_train_layer {
    const struct ql_layer_functions *functions;
    const struct ql_model *model; // what the layer computes with
    const struct ql_model *exact; // what the optimizer moves; the same unless `rounded`
    bool rounded;
    int l, I, H;                  // number of the layer, sizes of its input and output
    int prepare_tasks;            // that bring the weights' forms up to date
    size_t sum_offset, sum_count; // its place in a gradient's sums
    int finish_tasks;             // that make gradients of tensors from these, when all shards are added
    size_t filled_later;          // floats of those tensors, with which the model's block begins
    union {
        struct ql_recurrent_training recurrent;
    };
};

// What a layer remembers between forward and backward.
struct ql_recurrent_trace {
    float *gates;    // (T, S, GH)
    float *h;        // (T + 1, S, H), of which the first is the state before the window
    float *h_input;  // (T + 1, S, H) h as products take it; h itself, but for a GRU that is rounded
    float *c;        // (T + 1, S, H), LSTM
    float *tanh_c;   // (T, S, H), LSTM
    float *n_from_h; // (T, S, H), GRU
    float *dfrom_h;  // (T, S, GH), GRU
};

struct ql_layer_trace {
    float *dropped; // (T, S, I) the input after dropout; NULL where there is none
    float *output;  // (T, S, H) for the layer above
    union {
        struct ql_recurrent_trace recurrent;
    };
};

// Scratch memory of one thread, for whichever layer is at work.
struct ql_layer_scratch {
    float *dh_now; // (S, H)
    float *carry;  // (S, H) what flows back from the step behind
    float *dc;     // (S, H)
    float *from_h; // (S, GH)
    struct ql_product_scratch product;
};

// One pass over a window.
struct ql_layer_pass {
    const struct ql_batch *batch;
    struct ql_shard shard;
    struct ql_layer_trace *trace;
    struct ql_layer_scratch *scratch;
    const float *x;               // (T, S, I) the input; NULL for a layer that takes the tokens of the batch
    struct ql_train_state *state; // forward: moved
    float *dy;                    // backward: (T, S, H) the gradient of the output, then of the input
    struct ql_gradient *gradient; // backward
};

struct ql_layer_functions {
    // Takes memory from the arena for the layer whose model, l, I and H are set, and sets tasks and sums.
    void (*init)(struct ql_train_layer *layer, const struct ql_rounded_model *rounded, struct ql_arena *arena);
    // Takes memory for what it remembers of T steps of S sequences.
    void (*trace_init)(struct ql_layer_trace *trace, const struct ql_train_layer *layer, int T, int S,
                       struct ql_arena *arena);
    // Brings the weights' forms up to date with the model: tasks that are independent of each other.
    void (*prepare)(struct ql_train_layer *layer, int task);
    void (*forward)(const struct ql_train_layer *layer, const struct ql_layer_pass *pass);
    // Overwrites the layer's tensors in the gradient, and its sums.
    void (*backward)(const struct ql_train_layer *layer, const struct ql_layer_pass *pass);
    // From the sums over all shards to gradients of tensors: tasks that are independent of each other.
    void (*finish)(const struct ql_train_layer *layer, struct ql_layer_scratch *scratch, struct ql_gradient *gradient,
                   int task);
};

extern const struct ql_layer_functions ql_recurrent_layer_functions; // recurrent_layer.c

#endif
