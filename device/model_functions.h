// The functions of a language model in generated C, for programs that treat models of several types alike.
// Uses: stdbool.h, stdint.h.
#ifndef QL_DEVICE_MODEL_FUNCTIONS_H
#define QL_DEVICE_MODEL_FUNCTIONS_H

#include <stdbool.h>
#include <stdint.h>

// For a model NAME: `state` is a struct NAME_state, and `workspace` a union NAME_workspace of the caller's, or NULL where
// the workspace is static. Each function is NAME_init, NAME_reset, and so on, whose comments in the model's header hold
// here too.
struct ql_model_functions {
    uint32_t state_bytes, workspace_bytes; // workspace_bytes is 0 where the workspace is static
    int symbols;                           // tokens are 0 to symbols - 1
    int begin;                             // the token from which a text begins
    int item_limit;                        // tokens after which an item that has not ended is too long; 0: any length
    uint32_t words;                        // of the lexicon; 0 without one: any word may be written
    void (*init)(void *state, void *workspace, uint32_t seed);
    void (*reset)(void *state);
    void (*set)(void *state, float temperature, float top_p, int top_k);
    int (*next)(void *state, int token);
    uint32_t (*cost)(const void *state, int token); // NULL of a writer without probabilities
    const char *(*symbol)(int token);
    bool (*may_end)(const void *state, int token); // NULL without a filter and a lexicon: a text may end with any token
    bool (*refuses)(const void *state);            // NULL without a filter: no item is refused
    int (*check)(void *state, void *workspace);    // NULL without a self-test; overwrites the state
};

#endif
