// The trainer: see trainer.h. A step is six jobs for the pool: tables of the network, shards forward and backward, sum of the
// shards' gradients, the embedding's part of the gradient, the gradient's norm, the optimizer.
#include "train/trainer.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/system.h"
#include "base/vectors.h"
#include "train/optimizer.h"

// Floats of the parameter block that one task of a job handles, and floats of a piece of the sum that is sent between
// ranks. Pieces are smaller: a rank waits for the first piece until all ranks before it have handled it, and MPI sends
// at most 64 KB, header included, in one message without a handshake (bench/ranks).
enum { CHUNK_FLOATS = 16384, TRAVELING_FLOATS = 4096 };

static int chunks_of(size_t floats)
{
    return (int)((floats + CHUNK_FLOATS - 1) / CHUNK_FLOATS);
}

static int shard_count(int B)
{
    return (B + QL_TRAINER_SHARD_SEQUENCES - 1) / QL_TRAINER_SHARD_SEQUENCES;
}

static struct ql_shard shard_of(int B, int number)
{
    int first = number * QL_TRAINER_SHARD_SEQUENCES;
    int left = B - first;
    return (struct ql_shard){first, left < QL_TRAINER_SHARD_SEQUENCES ? left : QL_TRAINER_SHARD_SEQUENCES};
}

// The shards that this rank computes: consecutive ones, so that sums can go from rank to rank. Rank 0 always has one.
struct shard_range {
    int first, count;
};

static struct shard_range shards_of_rank(const struct ql_trainer *trainer, int B)
{
    const int shards = shard_count(B), ranks = trainer->options.exchange->ranks, rank = trainer->options.exchange->rank;
    const int each = shards / ranks, rest = shards % ranks;

    return (struct shard_range){rank * each + (rank < rest ? rank : rest), each + (rank < rest ? 1 : 0)};
}

// How many blocks of gradients precede the first shard's: ranks other than 0 need one for the incoming sum.
static int gradient_offset(const struct ql_trainer *trainer)
{
    return trainer->options.exchange->rank == 0 ? 0 : 1;
}

// The limit of scratch memory: the machine's memory minus the gradients. The system would not refuse more, but would
// kill the training in the middle. 0 means no limit, for systems that do not tell how much memory there is.
static size_t memory_limit(const struct ql_model *model, int shards)
{
    double gradients = (double)shards * (double)model->count * sizeof(float);
    double machine = ql_system_memory_bytes();

    if (machine == 0.0) {
        return 0;
    }
    return machine > gradients ? (size_t)(machine - gradients) : 1;
}

// Report options that a decoder does not support.
static enum ql_status check_layers(const struct ql_model *model, const struct ql_trainer_options *options,
                                   struct ql_error *error)
{
    const struct ql_dimensions *d = &model->dimensions;

    if (d->layer == QL_LAYER_DECODER && options->seq_length > d->context) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--seq-length %d is longer than the model's context of %d symbols: choose a smaller "
                              "--seq-length, or a larger --context-length",
                              options->seq_length, d->context);
    }
    return QL_OK;
}

static size_t piece_floats(const struct ql_trainer *trainer)
{
    return trainer->options.exchange->ranks == 1 ? CHUNK_FLOATS : TRAVELING_FLOATS;
}

// Divides the sum into pieces: the header, then the block without the part that is filled in later, then what layers
// sum separately. With NULL it only counts.
static size_t divide_sum(struct ql_trainer *trainer, struct ql_exchange_piece *pieces)
{
    const size_t start = trainer->network.filled_later, most = piece_floats(trainer);
    const size_t counts[2] = {trainer->model->count - start, trainer->network.sum_count};
    size_t number = 0;

    if (pieces != NULL) {
        pieces[number] = (struct ql_exchange_piece){&trainer->header, sizeof trainer->header};
    }
    number++;
    for (int part = 0; part < 2; part++) {
        for (size_t first = 0; first < counts[part]; first += most, number++) {
            const size_t left = counts[part] - first;
            if (pieces != NULL) {
                float *values = part == 0 ? trainer->gradients[0].model.block + start : trainer->gradients[0].sums;
                pieces[number] =
                    (struct ql_exchange_piece){values + first, (left < most ? left : most) * sizeof(float)};
            }
        }
    }
    return number;
}

struct ql_regularization ql_trainer_regularization(const struct ql_trainer *trainer)
{
    const struct ql_trainer_options *options = &trainer->options;

    return (struct ql_regularization){.dropout = (float)options->dropout,
                                      .output_dropout = (float)options->output_dropout,
                                      .label_smoothing = (float)options->label_smoothing,
                                      .seed = options->seed,
                                      .step = trainer->step};
}

// Long because it allocates all memory of a training, so that no step allocates any.
enum ql_status ql_trainer_init(struct ql_trainer *trainer, struct ql_model *model,
                               const struct ql_trainer_options *options, struct ql_error *error)
{
    const struct ql_dimensions d = model->dimensions;
    struct ql_arena *arena = &trainer->arena;
    enum ql_status status = check_layers(model, options, error);

    *trainer = (struct ql_trainer){.model = model, .options = *options};
    if (status != QL_OK) {
        return status;
    }
    if (options->exchange == NULL) {
        trainer->options.exchange = ql_exchange_alone();
    }
    const int own = shards_of_rank(trainer, options->batch_size).count;
    const int shards = own + gradient_offset(trainer);
    if (trainer->options.threads > own) {
        trainer->options.threads = own > 0 ? own : 1; // any more would be idle
    }
    arena->limit_bytes = memory_limit(model, shards);
    const int threads = trainer->options.threads;
    const size_t chunks = model->count / CHUNK_FLOATS + 1;
    const struct ql_regularization regularization = ql_trainer_regularization(trainer);
    trainer->mean = ql_arena_take(arena, model->count, sizeof(float));
    trainer->variance = ql_arena_take(arena, model->count, sizeof(float));
    trainer->workspaces = ql_arena_take(arena, (size_t)threads, sizeof trainer->workspaces[0]);
    trainer->gradients = ql_arena_take(arena, (size_t)shards, sizeof trainer->gradients[0]);
    trainer->shard_loss = ql_arena_take(arena, (size_t)shards, sizeof(double));
    trainer->chunk_norm = ql_arena_take(arena, chunks, sizeof(double));
    ql_train_state_init(&trainer->training_state, &d, options->batch_size, arena);
    ql_train_state_init(&trainer->validation_state, &d, options->batch_size, arena);
    if (options->weights != QL_WEIGHTS_F32) {
        status = ql_rounded_model_init(&trainer->rounded, model, options->weights, arena, error);
        if (status != QL_OK) {
            ql_trainer_free(trainer);
            return status;
        }
    }
    ql_network_init(&trainer->network, model, options->weights == QL_WEIGHTS_F32 ? NULL : &trainer->rounded, arena);
    trainer->pieces = ql_arena_take(arena, divide_sum(trainer, NULL), sizeof trainer->pieces[0]);
    if (arena->exhausted) {
        goto no_memory;
    }
    for (int i = 0; i < threads; i++) {
        int S = options->batch_size < QL_TRAINER_SHARD_SEQUENCES ? options->batch_size : QL_TRAINER_SHARD_SEQUENCES;
        ql_workspace_init(&trainer->workspaces[i], &trainer->network, options->seq_length, S, &regularization, arena);
    }
    for (int i = 0; i < shards && status == QL_OK; i++) {
        struct ql_gradient *gradient = &trainer->gradients[i];
        gradient->sums = ql_arena_take(arena, trainer->network.sum_count, sizeof gradient->sums[0]);
        status = ql_model_init(&gradient->model, d, error);
    }
    if (status == QL_OK && arena->exhausted) {
        goto no_memory;
    }
    if (status == QL_OK) {
        trainer->piece_count = divide_sum(trainer, trainer->pieces);
        status = ql_thread_pool_init(&trainer->pool, threads, error);
    }
    if (status != QL_OK) {
        ql_trainer_free(trainer);
    }
    return status;
no_memory:
    ql_trainer_free(trainer);
    return ql_error_write(error, QL_ERROR_SYSTEM,
                          "not enough memory for a batch of %d sequences of %d symbols; try a smaller --batch-size or "
                          "--seq-length",
                          options->batch_size, options->seq_length);
}

void ql_trainer_free(struct ql_trainer *trainer)
{
    ql_thread_pool_free(&trainer->pool);
    for (int i = 0; trainer->gradients != NULL &&
                    i < shards_of_rank(trainer, trainer->options.batch_size).count + gradient_offset(trainer);
         i++) {
        ql_model_free(&trainer->gradients[i].model);
    }
    ql_rounded_model_free(&trainer->rounded);
    ql_arena_free(&trainer->arena);
    *trainer = (struct ql_trainer){0};
}

void ql_trainer_set_units(struct ql_trainer *trainer, int l, const float *value_ranges, const float *product_ranges)
{
    ql_rounded_model_set_units(&trainer->rounded, l, value_ranges, product_ranges);
    trainer->network_current = false;
}

static void task_round(void *context, int task, int worker)
{
    struct ql_trainer *trainer = context;
    (void)worker;
    ql_rounded_model_reset_rows(&trainer->rounded, task);
}

static void task_reset(void *context, int task, int worker)
{
    struct ql_trainer *trainer = context;
    (void)worker;
    ql_network_reset(&trainer->network, task);
}

static void task_forward(void *context, int task, int worker)
{
    struct ql_trainer *trainer = context;
    const int B = trainer->batch->B;
    trainer->shard_loss[task] = ql_network_forward(&trainer->network, &trainer->workspaces[worker], trainer->batch,
                                                   shard_of(B, shards_of_rank(trainer, B).first + task), trainer->state,
                                                   &trainer->regularization);
}

static void task_forward_backward(void *context, int task, int worker)
{
    struct ql_trainer *trainer = context;
    const int B = trainer->batch->B;
    task_forward(context, task, worker);
    ql_network_backward(&trainer->network, &trainer->workspaces[worker], trainer->batch,
                        shard_of(B, shards_of_rank(trainer, B).first + task), &trainer->regularization,
                        &trainer->gradients[gradient_offset(trainer) + task]);
}

// Runs this rank's shards of a batch.
static void run_shards(struct ql_trainer *trainer, const struct ql_batch *batch, struct ql_train_state *state,
                       const struct ql_regularization *regularization, ql_thread_task *task)
{
    assert(batch->T <= trainer->options.seq_length && batch->B <= trainer->options.batch_size);
    trainer->batch = batch;
    trainer->state = state;
    trainer->regularization = *regularization;
    if (!trainer->network_current) {
        if (trainer->options.weights != QL_WEIGHTS_F32) {
            ql_rounded_model_reset_inputs(&trainer->rounded);
            ql_thread_pool_run(&trainer->pool, task_round, trainer, ql_rounded_model_reset_tasks(&trainer->rounded));
        }
        ql_thread_pool_run(&trainer->pool, task_reset, trainer, ql_network_reset_tasks(&trainer->network));
        trainer->network_current = true;
    }
    ql_thread_pool_run(&trainer->pool, task, trainer, shards_of_rank(trainer, batch->B).count);
}

QL_VECTORIZED(static, void, add_floats, (float *restrict sum, const float *restrict values, size_t count),
              (sum, values, count))
{
    for (size_t k = 0; k < count; k++) {
        sum[k] += values[k];
    }
}

// Adds this rank's shards, in their order, to a piece of the sum. Rank 0 begins the sum with its first shard.
static void add_piece(void *context, size_t piece)
{
    struct ql_trainer *trainer = context;
    const int own = shards_of_rank(trainer, trainer->batch->B).count, offset = gradient_offset(trainer);

    if (piece == 0) {
        for (int i = 0; i < own; i++) {
            trainer->header.loss += trainer->shard_loss[i];
        }
        trainer->header.stop |= trainer->stop_wanted ? 1 : 0;
        return;
    }
    const size_t count = trainer->pieces[piece].size_bytes / sizeof(float);
    const size_t start = trainer->network.filled_later, most = piece_floats(trainer);
    const size_t block_pieces = (trainer->model->count - start + most - 1) / most;
    const bool of_block = piece <= block_pieces;
    const size_t first = of_block ? start + (piece - 1) * most : (piece - 1 - block_pieces) * most;
    for (int i = 1; i < own + offset; i++) {
        const struct ql_gradient *add = &trainer->gradients[i];
        add_floats(trainer->pieces[piece].data, (of_block ? add->model.block : add->sums) + first, count);
    }
}

static void task_add_piece(void *context, int task, int worker)
{
    (void)worker;
    add_piece(context, (size_t)task);
}

// Adds up the results of the shards of all ranks, in the order of the shards: the first `count` pieces.
static void sum_shards(struct ql_trainer *trainer, size_t count)
{
    struct ql_exchange *exchange = trainer->options.exchange;

    trainer->header = (struct ql_trainer_header){0};
    if (exchange->ranks == 1) {
        ql_thread_pool_run(&trainer->pool, task_add_piece, trainer, (int)count);
    } else {
        exchange->sum(exchange, trainer->pieces, count, add_piece, trainer);
    }
}

static void task_finish(void *context, int task, int worker)
{
    struct ql_trainer *trainer = context;
    ql_network_finish(&trainer->network, &trainer->workspaces[worker], &trainer->gradients[0], task);
}

// The sum of squares of one chunk of the gradient, in eight partial sums whose order is fixed.
static void task_norm(void *context, int task, int worker)
{
    struct ql_trainer *trainer = context;
    const float *gradient = trainer->gradients[0].model.block;
    size_t first = (size_t)task * CHUNK_FLOATS;
    size_t last = first + CHUNK_FLOATS < trainer->model->count ? first + CHUNK_FLOATS : trainer->model->count;
    double partial[8] = {0};

    (void)worker;
    for (size_t k = first; k < last; k++) {
        partial[k % 8] += (double)gradient[k] * (double)gradient[k];
    }
    trainer->chunk_norm[task] = 0.0;
    for (int i = 0; i < 8; i++) {
        trainer->chunk_norm[task] += partial[i];
    }
}

struct optimizer_job {
    struct ql_trainer *trainer;
    struct ql_adamw adamw;
};

static void optimize(const struct optimizer_job *job, size_t first, size_t end, bool decays)
{
    struct ql_trainer *trainer = job->trainer;
    struct ql_adamw adamw = job->adamw;

    adamw.decay = decays ? adamw.decay : 1.0f;
    ql_adamw_step(&adamw, trainer->model->block + first, trainer->mean + first, trainer->variance + first,
                  trainer->gradients[0].model.block + first, end - first);
}

// A chunk may contain parts of several tensors. There is no weight decay for the gains of norms.
static void task_optimize(void *context, int task, int worker)
{
    const struct optimizer_job *job = context;
    const struct ql_model *model = job->trainer->model;
    const size_t first = (size_t)task * CHUNK_FLOATS;
    const size_t end = model->count - first < CHUNK_FLOATS ? model->count : first + CHUNK_FLOATS;

    (void)worker;
    for (int k = 0; k < model->tensor_count; k++) {
        const struct ql_tensor *tensor = &model->tensors[k];
        const size_t begins = (size_t)(tensor->data - model->block);
        const size_t ends = begins + (size_t)tensor->rows * (size_t)(tensor->columns == 0 ? 1 : tensor->columns);
        if (begins < end && ends > first) {
            optimize(job, begins > first ? begins : first, ends < end ? ends : end,
                     tensor->form->begin != QL_BEGIN_ONE);
        }
    }
}

void ql_trainer_backward(struct ql_trainer *trainer, const struct ql_batch *batch, double *loss)
{
    const struct ql_regularization regularization = ql_trainer_regularization(trainer);

    run_shards(trainer, batch, &trainer->training_state, &regularization, task_forward_backward);
    sum_shards(trainer, trainer->piece_count);
    *loss = trainer->header.loss / batch->total_weight;
    ql_thread_pool_run(&trainer->pool, task_finish, trainer, ql_network_finish_tasks(&trainer->network));
}

enum ql_status ql_trainer_step(struct ql_trainer *trainer, const struct ql_batch *batch, double learning_rate,
                               struct ql_trainer_result *result, struct ql_error *error)
{
    const int chunks = chunks_of(trainer->model->count);
    double loss;
    double squares = 0.0;

    ql_trainer_backward(trainer, batch, &loss);
    ql_thread_pool_run(&trainer->pool, task_norm, trainer, chunks);
    for (int i = 0; i < chunks; i++) {
        squares += trainer->chunk_norm[i];
    }
    double norm = sqrt(squares);
    if (!isfinite(loss) || !isfinite(norm)) {
        return ql_error_write(error, QL_ERROR_NUMERIC,
                              "step %llu: the %s is not a finite number; try a smaller --learning-rate or --grad-clip",
                              (unsigned long long)trainer->step + 1, isfinite(loss) ? "gradient" : "loss");
    }
    trainer->step++;
    struct optimizer_job job = {trainer, ql_adamw_init(trainer->step, learning_rate, trainer->options.weight_decay,
                                                       trainer->options.beta2, norm, trainer->options.grad_clip)};
    ql_thread_pool_run(&trainer->pool, task_optimize, &job, chunks);
    trainer->network_current = false;
    *result = (struct ql_trainer_result){loss, batch->total_weight, learning_rate, norm};
    return QL_OK;
}

enum ql_status ql_trainer_epoch(struct ql_trainer *trainer, struct ql_batcher *batcher, int epoch,
                                double progress_start, double progress_end, ql_trainer_progress *progress,
                                void *context, struct ql_trainer_result *result, struct ql_error *error)
{
    struct ql_batch batch;
    struct ql_trainer_result last = {0};
    double loss_sum = 0.0;

    ql_batcher_reset(batcher, trainer->options.seed, epoch, true);
    while (ql_batcher_step(batcher, &batch)) {
        double share = batcher->done / batcher->total;
        double whole = progress_start + share * (progress_end - progress_start);
        double rate = ql_schedule_step(&trainer->options.schedule, trainer->step + 1, whole);
        enum ql_status status = ql_trainer_step(trainer, &batch, rate, &last, error);
        if (status != QL_OK) {
            return status;
        }
        loss_sum += last.loss * last.symbols;
        // Ranks are asked to stop at different times; they stop after the step in which all of them know it.
        trainer->stop_wanted = progress != NULL && progress(context, share);
        if (trainer->options.exchange->ranks == 1 ? trainer->stop_wanted : trainer->header.stop != 0) {
            return ql_error_write(error, QL_ERROR_STOPPED, "stopped in epoch %d", epoch);
        }
    }
    *result =
        (struct ql_trainer_result){loss_sum / batcher->done, batcher->done, last.learning_rate, last.gradient_norm};
    return QL_OK;
}

struct ql_trainer_result ql_trainer_evaluate(struct ql_trainer *trainer, struct ql_batcher *batcher)
{
    const struct ql_regularization none = {0};
    struct ql_batch batch;
    double loss = 0.0;

    ql_batcher_reset(batcher, 0, 0, false);
    while (ql_batcher_step(batcher, &batch)) {
        run_shards(trainer, &batch, &trainer->validation_state, &none, task_forward);
        sum_shards(trainer, 1);
        loss += trainer->header.loss;
    }
    return (struct ql_trainer_result){.loss = loss / batcher->done, .symbols = batcher->done};
}
