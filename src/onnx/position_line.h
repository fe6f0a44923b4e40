// Follows a position through a program as a formula. Trials of some tokens show nothing of the tokens after them; a
// formula proves, for texts of any length, that a state counts, or that a mask hides nothing from some position on.
// Uses: base, onnx/program.
#ifndef QL_ONNX_POSITION_LINE_H
#define QL_ONNX_POSITION_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "onnx/program.h"

// One element of a value: slope * position + offset modulo 2^64, or not known to be such. Of booleans, 0 or 1.
struct ql_position_line {
    bool known;
    int64_t slope, offset;
};

// Writes the lines of all elements of a value of type int64 or bool. They are those of every position from `least` to
// 2^60. `position` is the value of a graph's input with one int64; -1: there is none. Sums, products with constants,
// comparisons, minima and the like are followed, copies, too; the result of anything else is not known, unless it
// was computed when the program was made. Errors: QL_ERROR_SYSTEM.
enum ql_status ql_position_lines_find(struct ql_position_line *lines, const struct ql_program *program, int position,
                                      int64_t least, int value, struct ql_error *error);

// Sets *counts to true if the state comes out as what went in plus `step`, for every number from 0 to 2^60.
// The state is one int64. Errors: QL_ERROR_SYSTEM.
enum ql_status ql_position_counts(bool *counts, const struct ql_program *program, struct ql_state_pair state, int step,
                                  struct ql_error *error);

// Sets *position to the input of the last counter among the states that counts the tokens one by one, or to -1. Errors:
// QL_ERROR_SYSTEM.
enum ql_status ql_position_find(int *position, const struct ql_program *program, const struct ql_state_pair *states,
                                int state_count, struct ql_error *error);

#endif
