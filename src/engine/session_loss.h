// Measures how well a model predicts a text, in whatever form a session runs it: one pass, token by token.
// Uses: base, device, engine/text_session.
#ifndef QL_ENGINE_SESSION_LOSS_H
#define QL_ENGINE_SESSION_LOSS_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "engine/text_session.h"

// Sets *nats to the mean cross-entropy of the tokens, in nats. The text begins with the token that begins every text,
// and the state is reset where the rules say so. The session must have float logits.
// Errors: QL_ERROR_INPUT for an empty text; those of ql_text_session_step; QL_ERROR_NUMERIC.
enum ql_status ql_session_loss(double *nats, struct ql_text_session *session, const uint16_t *tokens, size_t count,
                               struct ql_error *error);

#endif
