// Replaces a decoder's cache by a ring. A graph has the cache as a window: a token's entry is joined after the entries
// of the tokens before, and the last of these are the new state, so that all of it moves by one entry a token. The
// position decides which entries are seen. Where a program does just that, one call for each layer takes its place,
// which writes the entry over the oldest one and attends to the ring (device/attention.h). No logit changes by a bit;
// the state has the same entries in another order.
// Uses: base, onnx.
#ifndef QL_ONNX_RING_CACHE_H
#define QL_ONNX_RING_CACHE_H

#include "base/status.h"
#include "onnx/program.h"

// Rewrites the calls of attention of all layers, if there are any such; these states come out where they went in from
// then on. The position must be a counter that counts, and the mask must show the whole window once it is full: both are
// known for texts of any length (position_line.h). Before that, the mask is run for each position. Calls that nobody
// needs any more stay in the program. For a program without dead calls. Errors: QL_ERROR_SYSTEM.
enum ql_status ql_ring_cache_init(struct ql_program *program, const struct ql_state_pair *states, int state_count,
                                  struct ql_error *error);

#endif
