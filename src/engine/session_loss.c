// How well any model predicts a text: see session_loss.h.
#include "engine/session_loss.h"

#include <math.h>

#include "device/elementary.h"

static double cross_entropy(const float *logits, int token, int V)
{
    double largest = (double)logits[0], sum = 0.0;

    for (int v = 1; v < V; v++) {
        largest = fmax(largest, (double)logits[v]);
    }
    for (int v = 0; v < V; v++) {
        sum += ql_exponential_f64((double)logits[v] - largest);
    }
    return ql_log_f64(sum) + largest - (double)logits[token];
}

enum ql_status ql_session_loss(double *nats, struct ql_text_session *session, const uint16_t *tokens, size_t count,
                               struct ql_error *error)
{
    double sum = 0.0;

    if (count == 0) {
        return ql_error_write(error, QL_ERROR_INPUT, "the text is empty");
    }
    ql_text_session_reset(session);
    for (size_t t = 0; t < count; t++) {
        const int before = t == 0 ? session->rules.first_token : tokens[t - 1];
        const enum ql_status status = ql_text_session_step(session, before, error);
        if (status != QL_OK) {
            return status;
        }
        for (int v = 0; v < session->V; v++) {
            if (!isfinite(session->logits[v])) {
                return ql_error_write(error, QL_ERROR_NUMERIC, "the model's output is not a finite number");
            }
        }
        sum += cross_entropy(session->logits, tokens[t], session->V);
    }
    *nats = sum / (double)count;
    return QL_OK;
}
