// The text of a compiled model's self-test: see self_test.h.
// Uses: base, codegen, engine.
#include "cli/self_test.h"

#include "engine/text_session.h"

// Steps: enough for a wrong weight or gate to show, few enough for a chip that emulates float.
enum { TRACE_SEED = 1 };

static enum ql_status write_trace(struct ql_text_model *text, struct ql_text_session *session, struct ql_error *error)
{
    const struct ql_descriptor *descriptor = text->descriptor;
    const struct ql_draw draw = {(float)descriptor->temperature, (float)descriptor->top_p, descriptor->top_k,
                                 TRACE_SEED};
    int token = ql_text_session_begin(session, &draw);

    if (text->guard != NULL) {
        ql_guard_reset(text->guard);
    }
    for (int i = 0; i < QL_CLI_SELF_TEST_STEPS; i++) {
        text->trace[i].token = (uint16_t)token;
        const uint32_t *blocked = text->guard == NULL ? NULL : ql_guard_step(text->guard, token);
        const enum ql_status status = ql_text_session_next(session, &token, blocked, error);
        if (status != QL_OK) {
            return status;
        }
        text->trace[i].logits_hash = ql_text_session_hash(session);
    }
    text->trace_count = QL_CLI_SELF_TEST_STEPS;
    text->trace_seed = TRACE_SEED;
    return QL_OK;
}

enum ql_status ql_cli_self_test_write(struct ql_text_model *text, const struct ql_graph *graph,
                                      const struct ql_program_options *options, struct ql_error *error)
{
    struct ql_text_session session;
    enum ql_status status = ql_text_session_open_graph(&session, graph, options, text->descriptor, error);

    if (status == QL_OK) {
        status = write_trace(text, &session, error);
    }
    ql_text_session_close(&session);
    return status;
}

enum ql_status ql_cli_integer_self_test_write(struct ql_text_model *text, struct ql_integer_stepper *stepper,
                                              struct ql_error *error)
{
    struct ql_text_session session;
    enum ql_status status = ql_text_session_open_integer(&session, stepper, error);

    if (status == QL_OK) {
        status = write_trace(text, &session, error);
    }
    ql_text_session_close(&session);
    return status;
}
