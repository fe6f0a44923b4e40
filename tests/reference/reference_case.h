// One seeded test case for the reference: parameters, a window with its options, and room for the results.
// The same case always comes out of the same setup, and the setup has a name that says all of it.
// Uses: reference/.
#ifndef REFERENCE_CASE_H
#define REFERENCE_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reference/char_rnn_reference.h"

struct reference_setup {
    struct ref_dims dims;
    bool dropout;   // a mask of 0 and 1/(1-p)
    bool padding;   // some tokens have weight 0, and a target that nobody may read
    bool carried;   // the initial state is not zero
    bool smoothing; // of the targets, and dropout before the output
    uint64_t seed;
};

struct reference_case {
    struct reference_setup setup;
    struct ref_parameters parameters;
    struct ref_window window; // points to the arrays below; NULL for the options that are off
    int32_t *tokens, *targets;
    double *weight, *dropout_mask, *output_mask, *h0, *c0;

    // Filled by reference_case_backward.
    struct ref_trace trace, dtrace;
    struct ref_parameters dparameters;
};

enum { REFERENCE_CASE_NAME_BYTES = 128 };

// The label smoothing of a setup that has it.
#define REFERENCE_CASE_SMOOTHING 0.2

// "lstm-V7-E1-H7-L2-T7-B1-dropout-padding-carried-smoothing"
void reference_case_write_name(char name[REFERENCE_CASE_NAME_BYTES], const struct reference_setup *setup);

// "rnn", "gru" or "lstm".
const char *reference_cell_name(enum ref_cell cell);

// Uniform in [low, high), from a splitmix64 generator (Steele, Lea and Flood 2014); advances the state.
double reference_random_uniform(uint64_t *state, double low, double high);

// Returns NULL or what is wrong, as the reference does. Free it in either case.
const char *reference_case_init(struct reference_case *test_case, const struct reference_setup *setup);
void reference_case_free(struct reference_case *test_case);

// Forward alone, into `trace`; forward and backward, into all of the results.
const char *reference_case_forward(struct reference_case *test_case);
const char *reference_case_backward(struct reference_case *test_case);

#endif
