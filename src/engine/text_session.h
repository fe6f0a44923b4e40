// A text that a language model reads or writes: tokens go in one by one, the logits of the next one come out, and the
// state is kept in between. This is the one loop around a model, whatever form the model has: a graph in the host
// engine or in a program of somebody else, a checkpoint, integers.
// Uses: base, device, model, onnx, engine/integer_stepper, engine/engine.
#ifndef QL_ENGINE_TEXT_SESSION_H
#define QL_ENGINE_TEXT_SESSION_H

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "device/sampler.h"
#include "device/sampler_s32.h"
#include "engine/engine.h"
#include "engine/integer_stepper.h"
#include "model/state_layout.h"
#include "model/stepper.h"
#include "model/text_rules.h"
#include "onnx/descriptor.h"
#include "onnx/model_roles.h"

// How a text is drawn: docs/sampling.md.
struct ql_draw {
    float temperature, top_p;
    int top_k;
    uint32_t seed;
};

// What computes a graph: memory for its inputs and outputs, in the order of the graph, and a function that makes the
// outputs from the inputs. An input and an output may be the same memory. Nothing is owned.
struct ql_graph_arrays {
    void *const *inputs;
    void *const *outputs;
    enum ql_status (*run)(void *self, struct ql_error *error);
    void *self;
};

struct ql_text_session {
    struct ql_text_rules rules;
    int V;                            // symbols of the vocabulary
    const float *logits;              // (V) after the last token; NULL for a model in integers
    const int32_t *integer_logits;    // (V) likewise, in units of 2^-10; NULL for a model in float
    struct ql_state_layout layout;    // of the state
    void *state[QL_STATE_PART_LIMIT]; // the memory of each part
    // The rest is private.
    bool is_unbounded; // the form of the graph says that logits may have any size
    enum ql_status (*step)(struct ql_text_session *session, int token, struct ql_error *error);
    struct ql_sampler sampler;
    struct ql_sampler_s32 integer_sampler;
    uint32_t *weights;    // (V) scratch of the sampler
    uint16_t *candidates; // (V) likewise
    struct ql_arena arena;
    struct ql_stepper *stepper;
    struct ql_integer_stepper *integer_stepper;
    struct ql_model_roles roles; // of a graph, as all below
    enum ql_element token_type;
    struct ql_graph_arrays arrays;
    void *next_state[QL_STATE_PART_LIMIT]; // where each part comes out
    struct ql_engine engine;               // of ql_text_session_open_graph, as is the arena of its arrays
    struct ql_arena array_arena;
};

// Each of these makes a session with a state of zeros; close it in the end, also after an error. {0} is closed. A
// session of a graph must stay where it is.

// A graph in arrays of the program's shapes, one token per run. `program` is only read.
// Errors: QL_ERROR_INPUT when the graph is not a language model of the descriptor's vocabulary, or keeps no state.
enum ql_status ql_text_session_open_arrays(struct ql_text_session *session, const struct ql_program *program,
                                           const struct ql_descriptor *descriptor, const struct ql_graph_arrays *arrays,
                                           struct ql_error *error);

// A graph in the host engine, compiled with these options to one token per run. The graph must outlive the session.
// Errors: those of ql_engine_init, of ql_text_session_open_arrays and of ql_text_session_check.
enum ql_status ql_text_session_open_graph(struct ql_text_session *session, const struct ql_graph *graph,
                                          const struct ql_program_options *given,
                                          const struct ql_descriptor *descriptor, struct ql_error *error);

// Runs a graph's session over some tokens and refuses one that gives probabilities in place of logits, however the
// graph is written, and one whose states do not change as their kinds say. Resets the state.
// Errors: QL_ERROR_INPUT, QL_ERROR_SYSTEM; those of ql_text_session_step.
enum ql_status ql_text_session_check(struct ql_text_session *session, struct ql_error *error);

// A checkpoint, or the integer form of a model. The stepper must outlive the session. Errors: QL_ERROR_SYSTEM.
enum ql_status ql_text_session_open_stepper(struct ql_text_session *session, struct ql_stepper *stepper,
                                            struct ql_error *error);
enum ql_status ql_text_session_open_integer(struct ql_text_session *session, struct ql_integer_stepper *stepper,
                                            struct ql_error *error);

void ql_text_session_close(struct ql_text_session *session);

// Sets the state to zeros, as at the beginning of a text.
void ql_text_session_reset(struct ql_text_session *session);

// Begins a text that is drawn in this way: resets the state and seeds the sampler. Returns the token to begin with.
int ql_text_session_begin(struct ql_text_session *session, const struct ql_draw *draw);

// Takes one token (0 to V - 1), before which the state is reset where the rules say so. The logits of the next token
// stand in the session until the next call. Errors: those of what computes a graph; none for steppers.
enum ql_status ql_text_session_step(struct ql_text_session *session, int token, struct ql_error *error);

// Takes `*token` and draws the one after it, which is none of the blocked (device/sampler.h; NULL: any)
// and none that stands for no text. Errors: those of ql_text_session_step; QL_ERROR_NUMERIC for logits that are not finite.
enum ql_status ql_text_session_next(struct ql_text_session *session, int *token, const uint32_t *blocked,
                                    struct ql_error *error);

// The cost of a token that was drawn from the logits: device/candidate.h.
uint32_t ql_text_session_cost(const struct ql_text_session *session, int token);

// A hash of the logits, for traces: device/trace.h.
uint32_t ql_text_session_hash(const struct ql_text_session *session);

// Copies the state into one piece of layout.bytes bytes, and back. A `state` of NULL stands for zeros.
void ql_text_session_save(const struct ql_text_session *session, void *state);
void ql_text_session_load(struct ql_text_session *session, const void *state);

// Of a graph: writes a token into its inputs without a run, the state reset where the rules say so. The first half of a
// step, for whoever wants to look at the inputs.
void ql_text_session_load_token(struct ql_text_session *session, int token);

#endif
