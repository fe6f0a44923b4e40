// Weights that are read ahead from a slow memory, such as flash through DMA, while the processor multiplies by those
// that are there. A firmware has the stream; without one, weights are read where they are.
// Uses: stdint.h.
#ifndef QL_DEVICE_WEIGHT_STREAM_H
#define QL_DEVICE_WEIGHT_STREAM_H

#include <stdint.h>

// Two buffers of `buffer_words`: one is read from while the other is filled.
struct ql_weight_stream {
    uintptr_t from, to; // the slow memory: what lies in [from, to) comes through the stream, and nothing else
    uint32_t buffer_words;
    // Begins to fill a buffer with the first `piece` of `count` words; all pieces but the last are of that size, which is
    // at most buffer_words. What was begun before is given up.
    void (*begin)(const uint32_t *words, uint32_t count, uint32_t piece);
    // Waits for the next piece, begins with the one after it, and gives the piece, which stays until the next call.
    const uint32_t *(*next)(void);
};

// A firmware that streams weights compiles generated C with -D QL_WEIGHT_STREAM=NAME, the name of its stream. The
// Cortex-M0+ kernels take the matrices through it that lie in the slow memory and have at least one whole block in a
// buffer.
#if defined(QL_WEIGHT_STREAM)
extern const struct ql_weight_stream QL_WEIGHT_STREAM;
#endif

#endif
