// Where the blocks of a weight matrix come from, and which processors multiply by them. A firmware may define the source:
// it can keep blocks in RAM, read others ahead from a slow memory, such as flash through DMA, and share the work between
// two processors. Without a source, one processor reads the weights where they are.
// Uses: stdbool.h, stdint.h.
#ifndef QL_DEVICE_WEIGHT_SOURCE_H
#define QL_DEVICE_WEIGHT_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

// Consecutive blocks of rows of a packed matrix.
struct ql_weight_part {
    const uint32_t *words;
    uint32_t first, count; // the number of the first block in the matrix, and how many blocks stand at `words`
};

// A firmware that has a source compiles generated C with -D QL_WEIGHT_SOURCE and defines these functions. Only the integer
// kernels of small Arm processors call `share` and `take`.
#if defined(QL_WEIGHT_SOURCE)
// Announces the model that computes next: the one whose first matrix is at `words`. Generated C calls this before each
// token, before it reads any of the model's weights or rows.
void ql_weight_source_begin(const uint32_t *words);
// Calls work(job) on each processor, for a product by the matrix of `blocks` blocks of `block_words` words that lies at
// `words`. Returns when all calls have returned. Constants that the job uses must not lie in the slow memory.
void ql_weight_source_share(const uint32_t *words, uint32_t blocks, uint32_t block_words, void (*work)(const void *job),
                            const void *job);
// For work: takes the next blocks that no processor has taken yet, waiting for them where necessary. They stay until the
// same processor takes the next ones. Returns false when none are left.
bool ql_weight_source_take(struct ql_weight_part *part);
// For work, where QL_M0_PANELS is above 1: memory of the calling processor, QL_M0_PANELS - 1 times QL_M0_TABLE_WORDS + 4 words.
uint32_t *ql_weight_source_tables(void);
// Calls work(job, first, end) for the units from 0 to count, some on each processor. Returns when all calls have returned.
// Constants that the job uses must not lie in the slow memory.
void ql_weight_source_split(void (*work)(const void *job, int first, int end), const void *job, int count);
// Copies constants, which may be in the slow memory, to `to`, which is aligned to a word. Called between products only.
void ql_weight_source_copy(uint32_t *to, const void *from, uint32_t bytes);
#endif

// The same where there may be no source.
static inline void ql_weight_begin(const uint32_t *words)
{
#if defined(QL_WEIGHT_SOURCE)
    ql_weight_source_begin(words);
#else
    (void)words;
#endif
}

static inline void ql_weight_units(void (*work)(const void *job, int first, int end), const void *job, int count)
{
#if defined(QL_WEIGHT_SOURCE)
    ql_weight_source_split(work, job, count);
#else
    work(job, 0, count);
#endif
}

#endif
