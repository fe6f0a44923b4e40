// The model over a window of time: forward, loss, and truncated backpropagation, for a shard of a batch's sequences.
// Computes with the exact model, or with a rounded one: then h is rounded too before it enters a product, and gradients
// are those at the rounded values.
// Uses: base/arena, model, product, train/{rounded_model,train_layer,window}.
#ifndef QL_TRAIN_NETWORK_H
#define QL_TRAIN_NETWORK_H

#include <stdint.h>

#include "base/arena.h"
#include "model/model.h"
#include "product/matrix_product.h"
#include "train/rounded_model.h"
#include "train/train_layer.h"
#include "train/window.h"

enum { QL_OUTPUT_FORMS = 2 }; // of the output's matrix: forward and backward

// The parameters in the forms that the products want; made anew by ql_network_reset after each change of the model.
struct ql_network {
    const struct ql_model *model; // what the network computes with
    struct ql_train_layer layers[QL_MODEL_LAYER_LIMIT];
    struct ql_packed_matrix output, output_back; // (H, V), (V, H)
    int prepare_tasks, finish_tasks;
    size_t sum_count;    // floats of a gradient's sums
    size_t filled_later; // so many floats at the beginning of a gradient's block are filled by ql_network_finish
};

// Scratch memory of one thread.
struct ql_workspace {
    struct ql_layer_trace traces[QL_MODEL_LAYER_LIMIT];
    struct ql_layer_scratch layer;
    float *before_output; // (T, S, H) the last layer's output after a decoder's norm and dropout; NULL without both
    float *inverse;       // (T, S) of that norm
    float *logits;        // (T, S, V), after the loss: its gradient with respect to the logits
    float *dh;            // (T, S, H) gradient of a layer's output, then of its input
};

// Takes memory from the arena (check `exhausted` afterwards). The model must outlive the network, and so must `rounded`,
// which takes its place in every computation unless it is NULL.
void ql_network_init(struct ql_network *network, const struct ql_model *model, const struct ql_rounded_model *rounded,
                     struct ql_arena *arena);
// Takes memory for windows of T steps of S sequences, and for what `regularization` will drop.
void ql_workspace_init(struct ql_workspace *workspace, const struct ql_network *network, int T, int S,
                       const struct ql_regularization *regularization, struct ql_arena *arena);

// The tasks that prepare a step, each independent of the others: ql_network_reset_tasks of them, from 0. A rounded model
// must be up to date by then.
int ql_network_reset_tasks(const struct ql_network *network);
void ql_network_reset(struct ql_network *network, int task);

// Runs the window and moves the state. Returns the sum of the weighted cross-entropies in nats, and leaves in
// workspace->logits the gradient of (that sum / batch->total_weight). With label smoothing s, a target has the probability
// 1 - s + s / V and every other token s / V, as in PyTorch's CrossEntropyLoss; without it the cross-entropy is the negative log
// likelihood.
double ql_network_forward(const struct ql_network *network, struct ql_workspace *workspace,
                          const struct ql_batch *batch, struct ql_shard shard, struct ql_train_state *state,
                          const struct ql_regularization *regularization);

// The gradient of the window that forward has just run in the same workspace. Overwrites `gradient`.
void ql_network_backward(const struct ql_network *network, struct ql_workspace *workspace, const struct ql_batch *batch,
                         struct ql_shard shard, const struct ql_regularization *regularization,
                         struct ql_gradient *gradient);

// Turn what the layers have summed separately, over all shards, into gradients of tensors. The tasks are independent of
// each other.
int ql_network_finish_tasks(const struct ql_network *network);
void ql_network_finish(const struct ql_network *network, struct ql_workspace *workspace, struct ql_gradient *gradient,
                       int task);

#endif
