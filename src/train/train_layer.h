// The interface between the network and a layer: weights in the forms that its products need, memory for what it
// remembers between forward and backward, and the two passes over a window. There is one set of functions for each kind
// of layer.
// Uses: base/arena, model, product, train/{attention_batch,rounded_model,train_state,window}.
#ifndef QL_TRAIN_TRAIN_LAYER_H
#define QL_TRAIN_TRAIN_LAYER_H

#include "base/arena.h"
#include "model/model.h"
#include "product/matrix_product.h"
#include "train/attention_batch.h"
#include "train/rounded_model.h"
#include "train/train_state.h"
#include "train/window.h"

// A gradient: one tensor for each parameter, and the sums that layers keep in another form until all shards are added.
struct ql_gradient {
    struct ql_model model;
    float *sums; // of all layers, one after another; each layer defines its own part
};

// The weights of a recurrent layer as its products take them, forward (transposed) and backward.
struct ql_recurrent_training {
    struct ql_packed_matrix w_hh, w_hh_back; // (H, GH), (GH, H)
    struct ql_packed_matrix w_ih, w_ih_back; // (I, GH), (GH, I); of the first layer those of the exact model
    float *table; // (V, GH) of the first layer, whose input is a token: embedding times weight_ih; otherwise NULL
};

// The matrices of a decoder layer.
enum {
    QL_DECODER_QUERY,
    QL_DECODER_KEY,
    QL_DECODER_VALUE,
    QL_DECODER_OUTPUT,
    QL_DECODER_GATE,
    QL_DECODER_UP,
    QL_DECODER_DOWN,
    QL_DECODER_MATRICES
};

// The weights of a decoder layer as its products take them, forward (transposed) and backward.
struct ql_decoder_training {
    struct ql_packed_matrix matrices[QL_DECODER_MATRICES][2];
    float *cosine, *sine; // (context, head_size / 2) of the rotary angles
};

struct ql_train_layer {
    const struct ql_layer_functions *functions;
    const struct ql_model *model; // what the layer computes with
    const struct ql_model *exact; // what the optimizer moves; the same unless `rounded`
    bool rounded;
    bool inner_dropout;           // the layer drops parts of its own values; otherwise dropout is between layers
    int l, I, H;                  // number of the layer, sizes of its input and output
    int prepare_tasks;            // that bring the weights' forms up to date
    size_t sum_offset, sum_count; // its place in a gradient's sums
    int finish_tasks;             // that make gradients of tensors from these, when all shards are added
    size_t filled_later;          // floats of those tensors, with which the model's block begins
    union {
        struct ql_recurrent_training recurrent;
        struct ql_decoder_training decoder;
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

struct ql_decoder_trace {
    float *x;                                // (T, S, E) of the first layer, the embeddings after dropout
    float *attention_inverse, *feed_inverse; // (T, S) of the norms
    float *query;                            // (T, S, A) turned
    float *key;                              // (T, S, K) turned
    float *value;                            // (T, S, K)
    float *attended;                         // (T, S, A)
    float *middle;                           // (T, S, E) what goes into the feed-forward half
    float *gate, *up;                        // (T, S, F)
    float *y;                                // (T, S, E)
};

struct ql_layer_trace {
    float *dropped; // (T, S, I) the input after dropout; NULL where there is none
    float *output;  // (T, S, H) for the layer above
    union {
        struct ql_recurrent_trace recurrent;
        struct ql_decoder_trace decoder;
    };
};

// Scratch memory of decoder layers.
struct ql_decoder_work {
    float *normed, *branch;    // (part rows, E)
    float *feed;               // (part rows, F)
    float *dquery, *dattended; // (T, S, A)
    float *dkey, *dvalue;      // (T, S, K)
    struct ql_attention_scratch attention;
};

// Takes memory for windows of T steps of S sequences.
void ql_decoder_work_init(struct ql_decoder_work *work, const struct ql_dimensions *dimensions, int T, int S,
                          struct ql_arena *arena); // decoder_layer.c

// Scratch memory of one thread, for whichever layer is at work.
struct ql_layer_scratch {
    float *dh_now; // (S, H)
    float *carry;  // (S, H) what flows back from the step after
    float *dc;     // (S, H)
    float *from_h; // (S, GH)
    struct ql_decoder_work decoder;
    struct ql_product_scratch product;
};

// One pass over a window.
struct ql_layer_pass {
    const struct ql_batch *batch;
    struct ql_shard shard;
    struct ql_layer_trace *trace;
    struct ql_layer_scratch *scratch;
    const float *x; // (T, S, I) the input; NULL for a layer that takes the tokens of the batch
    const struct ql_regularization *regularization; // for layers with inner_dropout
    struct ql_train_state *state;                   // forward: moved
    float *dy;                                      // backward: (T, S, H) the gradient of the output, then of the input
    struct ql_gradient *gradient;                   // backward
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
    // Overwrites the layer's tensors in the gradient, and its sums. The first layer of a decoder adds to the embedding's.
    void (*backward)(const struct ql_train_layer *layer, const struct ql_layer_pass *pass);
    // From the sums over all shards to gradients of tensors: tasks that are independent of each other.
    void (*finish)(const struct ql_train_layer *layer, struct ql_layer_scratch *scratch, struct ql_gradient *gradient,
                   int task);
};

extern const struct ql_layer_functions ql_recurrent_layer_functions; // recurrent_layer.c
extern const struct ql_layer_functions ql_decoder_layer_functions;   // decoder_layer.c

#endif
