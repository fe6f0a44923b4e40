// How well a model predicts a text: see text_loss.h.
// Uses: base, device, model, engine/integer_stepper.
#include "engine/text_loss.h"

#include <math.h>

#include "device/elementary.h"
#include "model/stepper.h"

// One thread's model, in one of two forms.
struct worker {
    struct ql_stepper float_stepper;
    struct ql_integer_stepper integer_stepper;
    double *logits; // (V) in nats
};

struct job {
    const struct ql_chain *chain;                 // or NULL
    const struct ql_integer_model *integer_model; // or NULL
    int V;
    const struct ql_text_rules *rules;
    const uint16_t *tokens;
    size_t count;
    size_t *begins; // (part_count + 1) where the parts begin
    int part_count;
    bool resets; // every part begins where the state is reset
    struct worker *workers;
    double *losses; // (part_count)
};

static void reset(const struct job *job, struct worker *worker)
{
    if (job->chain == NULL) {
        ql_integer_stepper_reset(&worker->integer_stepper);
        return;
    }
    ql_stepper_reset(&worker->float_stepper);
}

static void step(const struct job *job, struct worker *worker, int token)
{
    if (job->chain != NULL) {
        ql_stepper_step(&worker->float_stepper, token);
        for (int v = 0; v < job->V; v++) {
            worker->logits[v] = (double)worker->float_stepper.logits[v];
        }
    } else {
        ql_integer_stepper_step(&worker->integer_stepper, token);
        for (int v = 0; v < job->V; v++) {
            worker->logits[v] = ldexp(worker->integer_stepper.logits[v], -QL_INTEGER_UNIT_BITS);
        }
    }
}

static double cross_entropy(const double *logits, int token, int V)
{
    double largest = logits[0], sum = 0.0;

    for (int v = 1; v < V; v++) {
        largest = fmax(largest, logits[v]);
    }
    for (int v = 0; v < V; v++) {
        sum += ql_exponential_f64(logits[v] - largest);
    }
    return ql_log_f64(sum) + largest - logits[token];
}

static void run_part(void *context, int part, int number)
{
    struct job *job = context;
    struct worker *worker = &job->workers[number];
    const size_t begin = job->begins[part], end = job->begins[part + 1];
    const size_t warm_up = job->resets || begin < QL_LOSS_WARM_UP ? 0 : QL_LOSS_WARM_UP;
    double loss = 0.0;

    reset(job, worker);
    for (size_t t = begin - warm_up; t < end; t++) {
        step(job, worker, t == 0 ? job->rules->first_token : job->tokens[t - 1]);
        loss += t < begin ? 0.0 : cross_entropy(worker->logits, job->tokens[t], job->V);
    }
    job->losses[part] = loss;
}

static void cut(struct job *job)
{
    job->part_count = 0;
    for (size_t t = 0; t < job->count; t++) {
        // Token t is predicted from the one before it, which resets the state first.
        if (t == 0 || (job->resets ? ql_text_rules_reset_at(job->rules, job->tokens[t - 1]) : t % QL_LOSS_PART == 0)) {
            job->begins[job->part_count++] = t;
        }
    }
    job->begins[job->part_count] = job->count;
}

static enum ql_status open_worker(const struct job *job, struct worker *worker,
                                  const struct ql_integer_product *product, struct ql_arena *arena,
                                  struct ql_error *error)
{
    worker->logits = ql_arena_take(arena, (size_t)job->V, sizeof worker->logits[0]);
    if (worker->logits == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to read the text");
    }
    return job->chain != NULL ? ql_stepper_open(&worker->float_stepper, job->chain, error)
                              : ql_integer_stepper_init(&worker->integer_stepper, job->integer_model, product, error);
}

static enum ql_status measure(double *nats, struct job *job, const struct ql_integer_product *product,
                              struct ql_thread_pool *pool, struct ql_error *error)
{
    struct ql_arena arena = {0};
    enum ql_status status = QL_OK;

    if (job->count == 0) {
        return ql_error_write(error, QL_ERROR_INPUT, "the text is empty");
    }
    job->begins = ql_arena_take(&arena, job->count + 1, sizeof job->begins[0]);
    job->losses = ql_arena_take(&arena, job->count, sizeof job->losses[0]);
    job->workers = ql_arena_take(&arena, (size_t)pool->threads, sizeof job->workers[0]);
    if (arena.exhausted) {
        ql_arena_free(&arena);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to read the text");
    }
    for (int k = 0; k < pool->threads && status == QL_OK; k++) {
        status = open_worker(job, &job->workers[k], product, &arena, error);
    }
    if (status == QL_OK) {
        cut(job);
        ql_thread_pool_run(pool, run_part, job, job->part_count);
        *nats = 0.0;
        for (int part = 0; part < job->part_count; part++) {
            *nats += job->losses[part];
        }
        *nats /= (double)job->count;
        if (!isfinite(*nats)) {
            status = ql_error_write(error, QL_ERROR_NUMERIC, "the model's output is not a finite number");
        }
    }
    for (int k = 0; k < pool->threads; k++) {
        ql_stepper_free(&job->workers[k].float_stepper);
        ql_integer_stepper_free(&job->workers[k].integer_stepper);
    }
    ql_arena_free(&arena);
    return status;
}

enum ql_status ql_float_loss(double *nats, const struct ql_chain *chain, const uint16_t *tokens, size_t count,
                             struct ql_thread_pool *pool, struct ql_error *error)
{
    struct job job = {.chain = chain,
                      .V = chain->V,
                      .rules = &chain->rules,
                      .tokens = tokens,
                      .count = count,
                      .resets = chain->rules.reset_count > 0};
    return measure(nats, &job, NULL, pool, error);
}

enum ql_status ql_integer_loss(double *nats, const struct ql_integer_model *model,
                               const struct ql_integer_product *product, const uint16_t *tokens, size_t count,
                               struct ql_thread_pool *pool, struct ql_error *error)
{
    struct job job = {.integer_model = model,
                      .V = model->V,
                      .rules = &model->rules,
                      .tokens = tokens,
                      .count = count,
                      .resets = model->rules.reset_count > 0};
    return measure(nats, &job, product, pool, error);
}
