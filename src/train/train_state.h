// The state of all sequences of a batch between windows, in the layout of the architecture. A decoder has none: each of
// its windows begins a sequence.
// Uses: base/arena, model, train/window.
#ifndef QL_TRAIN_TRAIN_STATE_H
#define QL_TRAIN_TRAIN_STATE_H

#include "base/arena.h"
#include "model/architecture.h"
#include "model/state_layout.h"
#include "train/window.h"

// Of each part one row for every sequence.
struct ql_train_state {
    struct ql_state_layout layout;
    float *parts[QL_STATE_PART_LIMIT]; // (B, count)
};

// The state of B sequences, zeros. Takes memory from the arena (check `exhausted` afterwards).
void ql_train_state_init(struct ql_train_state *state, const struct ql_dimensions *dimensions, int B,
                         struct ql_arena *arena);

// The rows of part `k` of the state of layer `l`, for the sequences of a shard.
float *ql_train_state_rows(const struct ql_train_state *state, int l, int k, struct ql_shard shard);

#endif
