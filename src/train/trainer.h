// The trainer: one optimizer step at a time, on several threads, with the same result for any number of them.
// The batch is cut into shards of a fixed number of sequences; each shard's gradient is computed by one thread, and the
// gradients are added up in the order of the shards.
// The shards may be divided among processes, too, by an exchange: the model is the same for any number of those.
// Uses: base, model, and the other files of train.
#ifndef QL_TRAIN_TRAINER_H
#define QL_TRAIN_TRAINER_H

#include "base/arena.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "model/model.h"
#include "train/batcher.h"
#include "train/exchange.h"
#include "train/network.h"
#include "train/rounded_model.h"
#include "train/schedule.h"

// Sequences in a shard. Smaller shards feed more threads; larger ones make better use of each. It is part of the
// result: another number would add the same gradients in another order.
enum { QL_TRAINER_SHARD_SEQUENCES = 16 };

struct ql_trainer_options {
    int batch_size, seq_length, threads;
    double dropout, output_dropout, label_smoothing, grad_clip, weight_decay, beta2;
    struct ql_schedule schedule;
    uint32_t seed;
    enum ql_weight_format weights; // the model is trained for; F32 trains without any rounding
    struct ql_exchange *exchange;  // with the other ranks; NULL is a process that is alone
};

// What travels with the gradient of a step.
struct ql_trainer_header {
    double loss;  // sum over the shards, in nats
    int64_t stop; // not 0 when a rank was asked to stop
};

struct ql_trainer {
    struct ql_model *model; // the caller's; changed by every step
    struct ql_trainer_options options;
    uint64_t step;          // optimizer steps done
    float *mean, *variance; // AdamW's moments, in the order of the model's block
    // the rest is scratch memory
    struct ql_arena arena;
    struct ql_thread_pool pool;
    struct ql_rounded_model rounded; // what the network computes with, unless it is `model` itself
    struct ql_network network;
    struct ql_workspace *workspaces; // one per thread
    struct ql_gradient
        *gradients; // one per shard of this rank; the sum is in the first, which rank 0 alone fills itself
    double *shard_loss, *chunk_norm;
    struct ql_trainer_header header;
    struct ql_exchange_piece *pieces; // of the sum: the header, then chunks of the gradient
    size_t piece_count;
    bool stop_wanted; // by the progress function of this rank
    struct ql_train_state training_state, validation_state;
    const struct ql_batch *batch; // of the job at hand
    struct ql_train_state *state;
    struct ql_regularization regularization;
    bool network_current; // the network's tables fit the model
};

// The result of one epoch, or of one evaluation.
struct ql_trainer_result {
    double loss;          // nats per symbol, mean over the epoch
    double symbols;       // predicted
    double learning_rate; // of the last step; 0 in an evaluation
    double gradient_norm; // of the last step, before clipping
};

// Called after every step with the share of the epoch that is done; returns true to stop.
typedef bool ql_trainer_progress(void *context, double share);

// All memory is taken here; a step takes none. The model must outlive the trainer.
// Errors: QL_ERROR_SYSTEM.
enum ql_status ql_trainer_init(struct ql_trainer *trainer, struct ql_model *model,
                               const struct ql_trainer_options *options, struct ql_error *error);
void ql_trainer_free(struct ql_trainer *trainer);

// For a decoder that is trained for integers: see ql_rounded_model_set_units. To be called between steps.
void ql_trainer_set_units(struct ql_trainer *trainer, int l, const float *value_ranges, const float *product_ranges);

// Return the regularization of the next step.
struct ql_regularization ql_trainer_regularization(const struct ql_trainer *trainer);

// One optimizer step. `result` gets the mean loss over the batch's symbols, in nats, and the norm of the gradient.
// Errors: QL_ERROR_NUMERIC when loss or gradient is not finite; the model is as before the step then.
enum ql_status ql_trainer_step(struct ql_trainer *trainer, const struct ql_batch *batch, double learning_rate,
                               struct ql_trainer_result *result, struct ql_error *error);

// The gradient of one batch, without a step, with the regularization of that step. It stays in trainer->gradients[0],
// with the separate sums of the layers moved to its tensors; `loss` is the mean. For tests, which compare it with the
// reference.
void ql_trainer_backward(struct ql_trainer *trainer, const struct ql_batch *batch, double *loss);

// Trains one epoch. `progress_start` and `progress_end` are the shares of the whole training (0 to 1) before and after
// it, for the schedule. `progress` may be NULL. Errors: as ql_trainer_step; QL_ERROR_STOPPED by the progress function,
// on all ranks after the same step, which is the next one where there are several.
enum ql_status ql_trainer_epoch(struct ql_trainer *trainer, struct ql_batcher *batcher, int epoch,
                                double progress_start, double progress_end, ql_trainer_progress *progress,
                                void *context, struct ql_trainer_result *result, struct ql_error *error);

// The loss over a text, without regularization and without a step. The state of training is left as it is.
struct ql_trainer_result ql_trainer_evaluate(struct ql_trainer *trainer, struct ql_batcher *batcher);

#endif
