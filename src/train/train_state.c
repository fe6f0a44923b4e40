// The state of all sequences of a batch between windows: see train_state.h.
#include "train/train_state.h"

#include <stddef.h>

void ql_train_state_init(struct ql_train_state *state, const struct ql_dimensions *d, int B, struct ql_arena *arena)
{
    *state = (struct ql_train_state){0};
    for (int l = 0; l < d->L && d->layer == QL_LAYER_RECURRENT; l++) {
        ql_architecture_state_add(&state->layout, d, l);
    }
    for (int k = 0; k < state->layout.part_count; k++) {
        state->parts[k] = ql_arena_take(arena, (size_t)B, state->layout.parts[k].bytes);
    }
}

float *ql_train_state_rows(const struct ql_train_state *state, int l, int k, struct ql_shard shard)
{
    const struct ql_state_part *part = ql_state_layout_find(&state->layout, l) + k;
    return state->parts[part - state->layout.parts] + (ptrdiff_t)shard.first * part->count;
}
