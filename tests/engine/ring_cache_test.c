// A decoder's cache as a ring in place: which programs get it, and that it does not change a bit of any logit.
// Uses: ql_engine, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "decoder_fixture.h"

// One and several heads of keys and values, one and several layers, and the smallest possible sizes.
static const struct ql_dimensions cases[] = {
    {.V = 40, .E = 24, .L = 2, .heads = 4, .kv_heads = 2, .feed = 35, .context = 9},
    {.V = 3, .E = 2, .L = 1, .heads = 1, .kv_heads = 1, .feed = 1, .context = 1},
    {.V = 60, .E = 48, .L = 3, .heads = 6, .kv_heads = 6, .feed = 10, .context = 17},
    {.V = 31, .E = 36, .L = 1, .heads = 3, .kv_heads = 1, .feed = 21, .context = 16},
};

enum { CASES = sizeof cases / sizeof cases[0] };

// Over three times the context.
static void check_logits(struct decoder_fixture *fixture)
{
    assert_true(decoder_fixture_agrees(fixture, 3 * fixture->model.dimensions.context + 5));
}

static int count_rings(const struct ql_text_session *session)
{
    return decoder_fixture_count(session, QL_KERNEL_RING_ATTENTION_F32);
}

static void ring_has_the_bits_of_the_window_and_moves_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        const struct ql_dimensions d = cases[i];
        struct decoder_fixture fixture;
        decoder_fixture_make(&fixture, d);
        assert_true(decoder_fixture_open(&fixture));
        assert_int_equal(count_rings(&fixture.plain), 0);
        assert_int_equal(count_rings(&fixture.rewritten), d.L);
        const struct ql_program *program = &fixture.rewritten.engine.program;
        const size_t cache_bytes = (size_t)(d.context * d.kv_heads * (d.E / d.heads)) * sizeof(float);
        for (int n = 0; n < program->call_count && d.context > 1; n++) {
            const struct ql_kernel_call *call = &program->calls[n];
            if (call->kernel == &ql_kernels[QL_KERNEL_COPY]) {
                assert_true(program->values[call->buffers[0]].bytes < cache_bytes);
            }
        }
        check_logits(&fixture);
        decoder_fixture_close(&fixture);
    }
}

// Changes the constant of this name, so that the graph does something that a ring does not.
static void change_constant(struct ql_graph *graph, const char *name, float number, int64_t whole)
{
    for (int v = 0; v < graph->value_count; v++) {
        struct ql_value *value = &graph->values[v];
        if (strcmp(value->name, name) == 0) {
            if (value->type == QL_ELEMENT_F32) {
                memcpy((void *)value->data, &number, sizeof number);
            } else {
                memcpy((void *)value->data, &whole, sizeof whole);
            }
            return;
        }
    }
    fail_msg("there is no %s", name);
}

static void other_masks_stay_as_they_are(void **state)
{
    static const struct {
        const char *constant;
        float number;
        int64_t whole;
    } changes[] = {
        {"hidden", -20.0f, 0},      // masked entries still have a small weight
        {"mask.context", 0.0f, 8},  // a token sees one entry fewer, and one that is not written
        {"mask.context", 0.0f, 10}, // likewise
    };
    (void)state;

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct decoder_fixture fixture;
        decoder_fixture_make(&fixture, cases[0]);
        change_constant(&fixture.graph, changes[i].constant, changes[i].number, changes[i].whole);
        if (i == 0) {
            assert_true(decoder_fixture_open(&fixture));
            assert_int_equal(count_rings(&fixture.rewritten), 0);
            check_logits(&fixture);
        } else { // the mask and the scores have different sizes
            struct ql_program_options options = {.default_size = 1};
            struct ql_error error;
            assert_int_not_equal(
                ql_text_session_open_graph(&fixture.rewritten, &fixture.graph, &options, &fixture.descriptor, &error),
                QL_OK);
        }
        decoder_fixture_close(&fixture);
    }
}

// With a number of entries that differs from the mask's, or with a state that is read elsewhere, it is not a ring
// either.
static void a_mask_that_begins_elsewhere_stays(void **state)
{
    struct decoder_fixture fixture;
    (void)state;

    decoder_fixture_make(&fixture, cases[0]);
    change_constant(&fixture.graph, "mask.zero", 0.0f, 0);
    for (int n = 0; n < fixture.graph.node_count; n++) {
        struct ql_node *node = &fixture.graph.nodes[n];
        if (strcmp(node->name, "mask.begun") == 0) { // entry 0 is seen, too
            node->operator_name = "GreaterOrEqual";
        }
    }
    assert_true(decoder_fixture_open(&fixture));
    assert_int_equal(count_rings(&fixture.rewritten), 0);
    check_logits(&fixture);
    decoder_fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_has_the_bits_of_the_window_and_moves_nothing),
        cmocka_unit_test(other_masks_stay_as_they_are),
        cmocka_unit_test(a_mask_that_begins_elsewhere_stays),
    };
    return cmocka_run_group_tests_name("ring_cache", tests, NULL, NULL);
}
