// The model over a window of time: forward, loss, and truncated backpropagation, for a shard of a batch's sequences.
// B sequences of T tokens make a batch; a shard is S neighbouring sequences of it, and one thread's work.
// Computes with the exact model, or with a rounded one: then h is rounded too before it enters a product, and gradients
// are those at the rounded values.
// Uses: base/arena, model, product, train/cell_batch, train/dropout, train/rounded_model.
#ifndef QL_TRAIN_NETWORK_H
#define QL_TRAIN_NETWORK_H

#include <stdint.h>

#include "base/arena.h"
#include "model/model.h"
#include "product/matrix_product.h"
#include "train/rounded_model.h"

// A window of text. The caller owns the arrays.
struct ql_batch {
    const uint16_t *inputs;  // (T, B) token ids
    const uint16_t *targets; // (T, B)
    const float *weights;    // (T, B) 1 counts, 0 is padding; NULL when everything counts
    double total_weight;     // the sum of weights: T B without padding
    int T, B;
    bool reset; // the sequences begin here: the state starts from zero
};

// Sequences first to first + S - 1.
struct ql_shard {
    int first, S;
};

// The recurrent state between windows, one row for every sequence.
struct ql_state {
    float *h; // (L, B, H)
    float *c; // (L, B, H); NULL unless the cell is an LSTM
};

// The parameters in the forms that the products want; made anew by ql_network_reset after each change of the model.
struct ql_network {
    const struct ql_model *model; // what the network computes with
    const struct ql_model *exact; // what the optimizer moves; the same unless `rounded`
    bool rounded;
    float *input_table; // (V, GH) embedding times weight_ih of layer 0: a layer-0 input is a look-up
    // Each weight matrix as the forward products take it (transposed), and as the backward products do.
    struct {
        struct ql_packed_matrix w_hh, w_hh_back; // (H, GH), (GH, H)
        struct ql_packed_matrix w_ih, w_ih_back; // (H, GH), (GH, H); of layer 0 (E, GH), (GH, E) of the exact model
    } layers[QL_MODEL_LAYER_LIMIT];
    struct ql_packed_matrix output, output_back; // (H, V), (V, H)
};

// What a layer remembers between forward and backward.
struct ql_layer_trace {
    float *input;    // (T, S, H) the layer below after dropout; NULL for layer 0 and without dropout
    float *gates;    // (T, S, GH)
    float *h;        // (T + 1, S, H), of which the first is the state before the window
    float *h_input;  // (T + 1, S, H) h as products take it; h itself, but for a GRU that is rounded
    float *c;        // (T + 1, S, H), LSTM
    float *tanh_c;   // (T, S, H), LSTM
    float *n_from_h; // (T, S, H), GRU
    float *dfrom_h;  // (T, S, GH), GRU
};

// Scratch memory of one thread.
struct ql_workspace {
    struct ql_layer_trace layers[QL_MODEL_LAYER_LIMIT];
    float *logits; // (T, S, V), after the loss: its gradient with respect to the logits
    float *dh;     // (T, S, H) gradient of a layer's output, then of its input
    float *dh_now; // (S, H)
    float *carry;  // (S, H) what flows back from the step behind
    float *dc;     // (S, H)
    float *from_h; // (S, GH)
    struct ql_product_scratch product;
};

// A gradient: one tensor for each parameter, but of layer 0's input the gradient of `input_table`.
struct ql_gradient {
    struct ql_model model; // its embedding and weight_ih_l0 are filled by ql_network_backward_embedding
    float *input_table;    // (V, GH)
};

struct ql_dropout_plan {
    float probability; // 0 in evaluation
    uint32_t seed;
    uint64_t step;
};

// Takes memory from the arena (check `exhausted` afterwards). The model must outlive the network, and so must `rounded`,
// which takes its place in every computation unless it is NULL.
void ql_network_init(struct ql_network *network, const struct ql_model *model, const struct ql_rounded_model *rounded,
                     struct ql_arena *arena);
void ql_workspace_init(struct ql_workspace *workspace, const struct ql_network *network, int T, int S, bool dropout,
                       struct ql_arena *arena);

// The tasks that prepare a step, each independent of the others: ql_network_reset_tasks of them, from 0. A rounded model
// must be up to date by then.
int ql_network_reset_tasks(const struct ql_network *network);
void ql_network_reset(struct ql_network *network, int task);

// Runs the window and moves the state. Returns the sum of the weighted negative log likelihoods in nats, and leaves
// in workspace->logits the gradient of (that sum / batch->total_weight).
double ql_network_forward(const struct ql_network *network, struct ql_workspace *workspace,
                          const struct ql_batch *batch, struct ql_shard shard, struct ql_state *state,
                          const struct ql_dropout_plan *dropout);

// The gradient of the window that forward has just run in the same workspace. Overwrites `gradient`.
void ql_network_backward(const struct ql_network *network, struct ql_workspace *workspace, const struct ql_batch *batch,
                         struct ql_shard shard, const struct ql_dropout_plan *dropout, struct ql_gradient *gradient);

// From the gradient of the input table, summed over all shards, to those of its two factors: two independent tasks, 0
// and 1.
enum { QL_NETWORK_EMBEDDING_TASKS = 2 };
void ql_network_backward_embedding(const struct ql_network *network, struct ql_workspace *workspace,
                                   struct ql_gradient *gradient, int task);

#endif
