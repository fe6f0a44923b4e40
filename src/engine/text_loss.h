// Measures how well a model predicts a text: the mean cross-entropy, of the float model and of its integer form alike.
// Uses: base, device, model/chain, engine/integer_stepper.
#ifndef QL_ENGINE_TEXT_LOSS_H
#define QL_ENGINE_TEXT_LOSS_H

#include <stddef.h>
#include <stdint.h>

#include "base/thread_pool.h"
#include "engine/integer_stepper.h"
#include "model/chain.h"

// A text is cut into parts that threads take one by one: after a token that resets the state, or, where a model has no
// such tokens, every QL_LOSS_PART tokens; such a part begins with zero state QL_LOSS_WARM_UP tokens earlier, whose
// losses are not counted. The result does not depend on the number of threads.
enum { QL_LOSS_PART = 8192, QL_LOSS_WARM_UP = 128 };

// Mean loss in nats per token of the text (count >= 1, tokens below V) after the rules' first token.
// Errors: QL_ERROR_INPUT for an empty text; QL_ERROR_NUMERIC where the model's output is not finite; QL_ERROR_SYSTEM.
enum ql_status ql_float_loss(double *nats, const struct ql_chain *chain, const uint16_t *tokens, size_t count,
                             struct ql_thread_pool *pool, struct ql_error *error);
enum ql_status ql_integer_loss(double *nats, const struct ql_integer_model *model,
                               const struct ql_integer_product *product, const uint16_t *tokens, size_t count,
                               struct ql_thread_pool *pool, struct ql_error *error);

#endif
