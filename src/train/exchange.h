// Sums values over the ranks of a job (processes on one machine or on several) in the order of the ranks. A value
// travels from rank 0 to the last rank; each rank adds its own share, and the result goes back to all. This is a chain
// and not a tree, because floats that are added in another order give other bits.
// Uses: base/status.
#ifndef QL_TRAIN_EXCHANGE_H
#define QL_TRAIN_EXCHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

// A part of the value. The parts travel one after the other, so all ranks are at work at once.
struct ql_exchange_piece {
    void *data;
    size_t size_bytes;
};

// Adds this rank's share to a piece, which holds the sum of the ranks before this one.
typedef void ql_exchange_add(void *context, size_t piece);

struct ql_exchange {
    int rank, ranks;
    // Runs the chain over the pieces and returns when they hold the last rank's result on every rank. `add` is called
    // once for each piece in their order. On rank 0 the pieces start as they are, on the others with what arrives.
    // Every rank must call it for pieces of the same sizes. A lost rank ends the process.
    void (*sum)(struct ql_exchange *exchange, const struct ql_exchange_piece *pieces, size_t count,
                ql_exchange_add *add, void *context);
    void *link;      // of the implementation
    double seconds;  // spent in `sum`, waiting for other ranks included
    uint64_t rounds; // calls of `sum`
};

// Returns the exchange of a process that is alone: the sum is what `add` makes of the pieces.
struct ql_exchange *ql_exchange_alone(void);

// Gives every rank the bytes that rank 0 has.
void ql_exchange_share(struct ql_exchange *exchange, void *data, size_t size_bytes);

// Gives every rank the string that rank 0 has in `*text`; the others get one of their own, which the caller frees. NULL is
// shared as NULL. Errors: QL_ERROR_SYSTEM, the same on all ranks, for no memory.
enum ql_status ql_exchange_share_text(struct ql_exchange *exchange, char **text, struct ql_error *error);

// Gives every rank the status and the message of the first rank that failed. QL_OK when none did. The message says on
// which rank that was, unless it was rank 0.
enum ql_status ql_exchange_agree(struct ql_exchange *exchange, enum ql_status status, struct ql_error *error);

#endif
