// Replaces the calls that spell out a part of a decoder with the one call that computes it: the normalization of a row by
// its root mean square, the gated half of a feed-forward layer, the angles of a position, and the rotation of heads by
// them. Operators for these are missing in most versions of ONNX, so a graph takes up to fourteen nodes for each. Only
// what computes the same bits is replaced: each product, quotient, and sum, with its operands, in the kernel's order.
// Uses: base, onnx.
#ifndef QL_ONNX_FUSED_CALLS_H
#define QL_ONNX_FUSED_CALLS_H

#include "base/status.h"
#include "onnx/program.h"

// Rewrites the calls, of which the last one of each part becomes the call for all. Those that nobody needs any more stay
// in the program; those whose results are needed elsewhere, too, keep computing them. Angles need a state that counts
// tokens (position_line.h), because they agree for positions that are not negative. For a program without calls that
// write to inputs. Errors: QL_ERROR_SYSTEM.
enum ql_status ql_fused_calls_init(struct ql_program *program, const struct ql_state_pair *states, int state_count,
                                   struct ql_error *error);

#endif
