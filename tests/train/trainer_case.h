// One window of a reference case as the trainer sees it, so that both can compute the same and be compared.
// Parameters are rounded to float for both sides; the reference gets the dropout mask that the trainer draws.
// Uses: reference_case, model, train.
#ifndef TRAINER_CASE_H
#define TRAINER_CASE_H

#include "base/status.h"
#include "model/model.h"
#include "reference_case.h"
#include "train/trainer.h"

// Share of units that a case with dropout loses between layers, and one with smoothing before the output.
#define TRAINER_CASE_DROPOUT 0.4f
#define TRAINER_CASE_OUTPUT_DROPOUT 0.3f

struct trainer_case {
    struct reference_case reference;
    struct ql_model model;
    struct ql_trainer trainer;
    struct ql_batch batch; // points to the arrays below
    uint16_t *inputs, *targets;
    float *weights;
};

// The first window: from a zero state, even for a `carried` setup. Free it in either case.
enum ql_status trainer_case_init(struct trainer_case *test_case, const struct reference_setup *setup, int threads,
                                 struct ql_error *error);
void trainer_case_free(struct trainer_case *test_case);

// Forward and backward on both sides. `loss` is the trainer's; its gradient is in trainer.gradients[0].
enum ql_status trainer_case_backward(struct trainer_case *test_case, double *loss, struct ql_error *error);

// The window after one that both have run: other tokens, another mask, and the state that the first has left.
void trainer_case_step(struct trainer_case *test_case);

// The trainer's logits of the window, (T, B, V), with dropout as in training. Leaves the trainer's state as it was.
void trainer_case_write_logits(float *logits, struct trainer_case *test_case);

// The trainer's name for the reference's cell.
enum ql_cell trainer_case_cell(enum ref_cell cell);

#endif
