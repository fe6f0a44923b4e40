// A random decoder's graph, and two sessions on it: see decoder_fixture.h.
#include "decoder_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "onnx/model_graph.h"

void decoder_fixture_make(struct decoder_fixture *fixture, struct ql_dimensions d)
{
    struct ql_state_layout state = {0};
    struct ql_error error;

    d.layer = QL_LAYER_DECODER;
    d.H = d.E;
    *fixture = (struct decoder_fixture){0};
    assert_int_equal(ql_model_init(&fixture->model, d, &error), QL_OK);
    ql_model_reset(&fixture->model, (uint32_t)(d.V + d.E + d.L));
    for (size_t i = 0; i < fixture->model.count; i++) {
        fixture->model.block[i] *= fixture->model.block[i] == 1.0f ? 1.0f : 12.0f;
    }
    fixture->descriptor.vocabulary.count = d.V;
    for (int v = 0; v < d.V; v++) {
        fixture->descriptor.vocabulary.symbols[v] = v == 0 ? '\n' : 0x100 + (uint32_t)v;
    }
    ql_architecture_graph_state_add(&state, &fixture->model.dimensions);
    ql_descriptor_set_state(&fixture->descriptor, &state);
    assert_int_equal(ql_model_graph_init(&fixture->graph, &fixture->model, 1, &error), QL_OK);
}

bool decoder_fixture_open(struct decoder_fixture *fixture)
{
    struct ql_program_options options = {.default_size = 1, .keep_values = true};
    struct ql_error error;

    if (ql_text_session_open_graph(&fixture->plain, &fixture->graph, &options, &fixture->descriptor, &error) != QL_OK) {
        return false;
    }
    options.keep_values = false;
    assert_int_equal(
        ql_text_session_open_graph(&fixture->rewritten, &fixture->graph, &options, &fixture->descriptor, &error),
        QL_OK);
    return true;
}

void decoder_fixture_close(struct decoder_fixture *fixture)
{
    ql_text_session_close(&fixture->rewritten);
    ql_text_session_close(&fixture->plain);
    ql_graph_free(&fixture->graph);
    ql_model_free(&fixture->model);
}

int decoder_fixture_count(const struct ql_text_session *session, enum ql_kernel_id kernel)
{
    const struct ql_program *program = &session->engine.program;
    int count = 0;

    for (int n = 0; n < program->call_count; n++) {
        count += program->calls[n].kernel == &ql_kernels[kernel];
    }
    return count;
}

bool decoder_fixture_step(struct decoder_fixture *fixture)
{
    const int V = fixture->model.dimensions.V;
    struct ql_error error;

    fixture->random = fixture->random * 1664525u + 1013904223u;
    const int token = (int)((fixture->random >> 16) % (uint32_t)V);
    assert_int_equal(ql_text_session_step(&fixture->plain, token, &error), QL_OK);
    assert_int_equal(ql_text_session_step(&fixture->rewritten, token, &error), QL_OK);
    return memcmp(fixture->rewritten.logits, fixture->plain.logits, (size_t)V * sizeof(float)) == 0;
}

bool decoder_fixture_agrees(struct decoder_fixture *fixture, int count)
{
    for (int t = 0; t < count; t++) {
        if (!decoder_fixture_step(fixture)) {
            return false;
        }
    }
    return true;
}
