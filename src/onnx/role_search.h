// Finds a language model's logits and states by what its graph does. The rules are in model_roles.h.
// Inside src/onnx only. Uses: base, onnx/{data_flow,program}.
#ifndef QL_ONNX_ROLE_SEARCH_H
#define QL_ONNX_ROLE_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "onnx/data_flow.h"
#include "onnx/program.h"

struct ql_role_search {
    const struct ql_program *program; // compiled with keep_values
    const struct ql_data_flow *flow;  // of it
    int tokens;                       // number of the input
    int logit_count;                  // symbols, times the tokens of a run
    int last_count;                   // symbols: what a model gives that has logits after the last token only
    int logits;                       // number of the output; -1: to be found
    int pairs[QL_FLOW_LIMIT];         // of each input: the number of its output; -1: to be found, or none
    uint32_t taken;                   // outputs that have a role
};

// Finds what is -1 in the search. Without an output of `logit_count` or `last_count` floats the logits stay -1; the first
// comes before the second.
// Errors: QL_ERROR_INPUT when the graph does not tell, saying which lines of the descriptor would.
enum ql_status ql_role_search_run(struct ql_role_search *search, struct ql_error *error);

// Compares given pairs with what the graph computes. Returns true, with the graph's pairs in `search`, if an output does
// not depend on the input that it is given to, and there is exactly one other way to pair these inputs and outputs so
// that each output depends on its input. An output that could go with none of them (a copy, a counter, what is made of
// the tokens alone) proves nothing and keeps its input, and so do the inputs of the set `certain`. Inputs that are given no
// output take no part.
bool ql_role_search_contradicts(struct ql_role_search *search, uint32_t certain);

#endif
