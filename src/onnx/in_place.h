// Removes needless copies from a program without changing a bit of its results: a call writes its result directly to
// the place where it is needed, such as its part of a Concat's output, or the place of a state that lasts from run to
// run.
// Uses: base, onnx.
#ifndef QL_ONNX_IN_PLACE_H
#define QL_ONNX_IN_PLACE_H

#include "base/status.h"
#include "onnx/program.h"

// Removes every copy of a whole value into a part of another one, and makes the value that part. The workspace is
// planned anew. Errors: those of the plan; the program can then not be used.
enum ql_status ql_in_place_init(struct ql_program *program, struct ql_error *error);

// Lets each of these states come out where it went in, as far as the run has read each part of the state before it writes
// that part: the output then has the input as its root, which the program writes to. Other states stay as they are. After
// ql_in_place_init, whose errors it has.
enum ql_status ql_in_place_states(struct ql_program *program, const struct ql_state_pair *states, int state_count,
                                  struct ql_error *error);

#endif
