// An engine that takes many streams a step further at once, so that weights are read once for all of them, and draws
// their next tokens. What an engine is made of stays behind five functions; below are those of models in float, from a
// checkpoint or through ONNX, and of models in integers. Uses: base, device/random.h, model/chain,
// onnx/{descriptor,graph}, quantize/integer_model.
#ifndef QL_GENERATE_BATCH_ENGINE_H
#define QL_GENERATE_BATCH_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "device/random.h"
#include "model/chain.h"
#include "onnx/descriptor.h"
#include "onnx/graph.h"
#include "quantize/integer_model.h"

// Streams in one step, at most. With 64 of them a weight that comes from the second-level cache is used often enough
// for the arithmetic to be the limit, and the sums of all still fit that cache.
enum { QL_BATCH_LIMIT = 64 };

// The sampler's settings, as in docs/sampling.md.
struct ql_batch_sampling {
    float temperature, top_p;
    int top_k;
};

struct ql_batch_engine {
    int V;               // symbols of the vocabulary
    size_t state_bytes;  // of one stream
    size_t logits_bytes; // of one stream
    int context;         // tokens that attention reaches; 0 where nothing is forgotten
    const char *kind;    // "float, batched": for people

    // Takes B tokens (each 0 to V - 1). before[b] is the state of stream b, NULL for zeros; after[b] gets the new one.
    // Several streams may share one `before`. logits: B times logits_bytes. `worker` is the calling thread's number.
    enum ql_status (*step)(void *self, int worker, void *const *after, const void *const *before, const int *tokens,
                           void *logits, int B, struct ql_error *error);

    // Looks at one stream's logits, from which any number of draws follow by the same worker. `blocked`: bit v of word
    // v / 32 set means that token v is not a candidate; NULL blocks nothing. False when nothing can be drawn: logits
    // that are not finite, or all blocked. The logits must stay until the last draw.
    bool (*weigh)(void *self, int worker, const void *logits, const struct ql_batch_sampling *sampling,
                  const uint32_t *blocked);

    // Draws one token, as the sampler would that has this generator.
    int (*draw)(void *self, int worker, struct ql_random *random);

    // The cost of a token (device/candidate.h) by the logits that the same worker looked at last.
    uint32_t (*cost)(void *self, int worker, int token);

    void (*close)(void *self);
    void *self;
};

// The float engine for `workers` threads: bit for bit the logits of model/stepper. Takes the chain over, also after an
// error; a state is in the chain's layout. Errors: QL_ERROR_SYSTEM.
enum ql_status ql_batch_engine_open_chain(struct ql_batch_engine *engine, struct ql_chain *chain, int workers,
                                          struct ql_error *error);

// The float engine for a model that came through ONNX: bit for bit the host engine's logits. A graph that is a
// chain of layers (engine/chain_reader.h) is computed in batches; any other graph stream by stream.
// `graph` and `descriptor` must outlive the engine.
enum ql_status ql_batch_engine_open_graph(struct ql_batch_engine *engine, const struct ql_graph *graph,
                                          const struct ql_descriptor *descriptor, int workers, struct ql_error *error);

// The integer engine: bit for bit the logits of ql_integer_stepper, and the tokens of ql_sampler_step_s32 with the
// settings that ql_integer_sampler makes of `sampling`. `model` must outlive it.
enum ql_status ql_batch_engine_open_integer(struct ql_batch_engine *engine, const struct ql_integer_model *model,
                                            int workers, struct ql_error *error);

// Harmless on {0}.
void ql_batch_engine_close(struct ql_batch_engine *engine);

#endif
