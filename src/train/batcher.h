// Divides a text into the windows that the network sees, in one of two ways.
// stream: the text is cut into B strips that are read side by side; the state is carried from window to window. Where
// the strips cannot be equal, the first ones are longer by a symbol, and the others padded at the end.
// items: every line is a sequence of its own, from a zero state; lines of similar length are put together and padded.
// Uses: base, corpus/token_text, device/random.h, train/window.
#ifndef QL_TRAIN_BATCHER_H
#define QL_TRAIN_BATCHER_H

#include "base/arena.h"
#include "base/status.h"
#include "corpus/token_text.h"
#include "train/window.h"

struct ql_batcher_item {
    size_t start;  // of the line in the text
    uint32_t size; // symbols, the newline included
    uint32_t rank; // place in the shuffled order
};

struct ql_batcher {
    const struct ql_token_text *text; // must outlive the batcher
    bool items;
    int B, T;
    uint16_t newline;
    // stream
    size_t strip_size;  // targets of a long strip
    size_t long_strips; // how many there are; the others have one target less
    // items
    struct ql_batcher_item *lines;
    size_t line_count;
    uint32_t *group_order; // groups of B lines
    size_t group_count;
    // the place in the epoch
    size_t group, position; // stream: group 0; position in the strip or in the group's lines
    size_t longest;         // line of the present group
    double done, total;     // targets
    double touched;         // since the memory of the text was given back: targets, a line in items as 1,024
    // the window that ql_batcher_step has filled
    uint16_t *inputs, *targets; // (T, B)
    float *weights;             // (T, B)
};

// B is made smaller where the text has less to give. Empty lines are not items.
// Errors: no memory; no items.
enum ql_status ql_batcher_init(struct ql_batcher *batcher, const struct ql_token_text *text, bool items, int B, int T,
                               struct ql_arena *arena, struct ql_error *error);

// The B for a text that is only evaluated, at most `limit`. A strip of a stream begins without what came before it, which
// costs 2 to 4 nats. So it has QL_BATCHER_EVALUATED_STRIP symbols or more, and the loss depends on B by 0.004 nats per
// symbol at most.
enum { QL_BATCHER_EVALUATED_STRIP = 1024 };
int ql_batcher_evaluation_size(const struct ql_token_text *text, bool items, int limit);

// Begins an epoch. The order of items follows from seed and epoch alone; with `shuffle` false they go by length.
// A stream keeps the order of the text.
void ql_batcher_reset(struct ql_batcher *batcher, uint32_t seed, int epoch, bool shuffle);

// The next window, in memory of the batcher; false at the end of the epoch.
bool ql_batcher_step(struct ql_batcher *batcher, struct ql_batch *batch);

#endif
