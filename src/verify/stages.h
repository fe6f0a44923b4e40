// Opens each kind of stage.
// Uses: base, onnx/descriptor, quantize, engine/{integer_stepper,text_session}, verify/stage.
#ifndef QL_VERIFY_STAGES_H
#define QL_VERIFY_STAGES_H

#include "engine/integer_stepper.h"
#include "verify/runner.h"
#include "verify/stage.h"

// Each open makes an empty stage; on an error it is empty again. Paths and models must stay valid while it is open.

// A checkpoint in model/stepper; `self` is the session. Errors: those of reading it, other symbols than the
// descriptor's.
enum ql_status ql_checkpoint_stage_open(struct ql_stage *stage, const char *path,
                                        const struct ql_descriptor *descriptor, struct ql_error *error);

// A session that stays the caller's: a graph in any runner, with the state kept and the text drawn here.
void ql_session_stage_init(struct ql_stage *stage, struct ql_text_session *session, const char *name, bool is_ours);

// A model in integers, multiplied in this way. Its logits are compared as floats, which are exact up to 2^24 units.
enum ql_status ql_integer_stage_open(struct ql_stage *stage, const struct ql_integer_model *model,
                                     const struct ql_integer_product *product, struct ql_error *error);

// web/: ONNX Runtime with the sampler in JavaScript. `script` is the path of web/ort_server.js.
enum ql_status ql_ort_stage_open(struct ql_stage *stage, const char *descriptor_path, int V, const char *script,
                                 struct ql_error *error);

// A program that answers the requests "read" and "write" of web/ort_server.js: firmware/port/pipe/model.c with generated
// C, which has the sampler with it.
// argv: the program and its arguments, ending with NULL.
enum ql_status ql_pipe_stage_open(struct ql_stage *stage, const char *name, const char *const *argv, int V,
                                  struct ql_error *error);

#endif
