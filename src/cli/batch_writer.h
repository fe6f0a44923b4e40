// A model that writes many texts, opened from a checkpoint or from a descriptor: for `generate` and `study`.
// Uses: base, corpus, filter, model, onnx, engine, generate.
#ifndef QL_CLI_BATCH_WRITER_H
#define QL_CLI_BATCH_WRITER_H

#include <stdint.h>

#include "base/thread_pool.h"
#include "cli/quantization.h"
#include "engine/integer_form.h"
#include "filter/guard.h"
#include "generate/generation.h"
#include "onnx/descriptor.h"
#include "onnx/graph.h"

struct ql_cli_batch_writer {
    struct ql_generator generator; // all but seed, sampling and max_length
    const struct ql_vocabulary *vocabulary;
    struct ql_batch_sampling defaults; // the descriptor's settings; for a checkpoint 0.8, 1, 0
    struct ql_batch_engine engine;
    struct ql_integer_form integer; // in use where its model has symbols
    struct ql_thread_pool pool;
    struct ql_guard guard;                 // of ql_cli_batch_writer_load_guard
    struct ql_vocabulary owned_vocabulary; // of a checkpoint
    struct ql_graph graph;
    struct ql_descriptor descriptor;
};

// A writer is large, so it is made on the heap. `path` is a checkpoint, or a descriptor, which ends in ".json".
// `quantization` may be NULL, for float. Errors: those of loading, of --quantize and of the integer form; no writer then.
enum ql_status ql_cli_batch_writer_open(struct ql_cli_batch_writer **opened, const char *path,
                                        const struct ql_cli_quantization *quantization, int threads,
                                        struct ql_error *error);

// Sets the compiled filter and the compiled lexicon that the items obey; a path of NULL means none. Errors: those of
// either, and of both together.
enum ql_status ql_cli_batch_writer_load_guard(struct ql_cli_batch_writer *writer, const char *filter,
                                              const char *lexicon, struct ql_error *error);

// Harmless on NULL.
void ql_cli_batch_writer_close(struct ql_cli_batch_writer *writer);

#endif
