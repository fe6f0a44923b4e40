// The reference of decoders: its gradients compared with central differences of its loss, and what attention must not
// see.
// Uses: reference/decoder_reference, cmocka.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reference/decoder_reference.h"

// As in reference_gradient_test.c: a five-point stencil, and its accuracy.
static const double TOLERANCE = 1e-6, STEP = 1e-3, SMALLEST_GRADIENT = 1e-5;

static double uniform(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) / 9007199254740992.0;
}

struct fixture {
    struct ref_decoder_dims dims;
    struct ref_decoder_window window;
    int32_t *tokens, *targets;
    double *weight, *mask, *output_mask, *parameters, *gradient, *logits;
};

static void init(struct fixture *f, struct ref_decoder_dims dims, uint64_t seed)
{
    const size_t places = dims.T * dims.B, count = ref_decoder_count(&dims);

    *f = (struct fixture){.dims = dims,
                          .tokens = test_calloc(places, sizeof(int32_t)),
                          .targets = test_calloc(places, sizeof(int32_t)),
                          .weight = test_calloc(places, sizeof(double)),
                          .mask = test_calloc((2 * dims.L + 1) * places * dims.E, sizeof(double)),
                          .output_mask = test_calloc(places * dims.E, sizeof(double)),
                          .parameters = test_calloc(count, sizeof(double)),
                          .gradient = test_calloc(count, sizeof(double)),
                          .logits = test_calloc(places * dims.V, sizeof(double))};
    for (size_t k = 0; k < places; k++) {
        f->tokens[k] = (int32_t)(uniform(&seed) * (double)dims.V);
        f->targets[k] = (int32_t)(uniform(&seed) * (double)dims.V);
        f->weight[k] = k % 5 == 3 ? 0 : 1;
    }
    for (size_t k = 0; k < (2 * dims.L + 1) * places * dims.E; k++) {
        f->mask[k] = uniform(&seed) < 0.25 ? 0 : 1 / 0.75;
    }
    for (size_t k = 0; k < places * dims.E; k++) {
        f->output_mask[k] = uniform(&seed) < 0.25 ? 0 : 1 / 0.75;
    }
    for (size_t k = 0; k < count; k++) {
        f->parameters[k] = 1.2 * uniform(&seed) - 0.6;
    }
    f->window = (struct ref_decoder_window){.tokens = f->tokens,
                                            .targets = f->targets,
                                            .weight = f->weight,
                                            .dropout_mask = f->mask,
                                            .output_mask = f->output_mask,
                                            .label_smoothing = 0.2};
}

static void done(struct fixture *f)
{
    test_free(f->tokens);
    test_free(f->targets);
    test_free(f->weight);
    test_free(f->mask);
    test_free(f->output_mask);
    test_free(f->parameters);
    test_free(f->gradient);
    test_free(f->logits);
}

static double loss_at(struct fixture *f, size_t k, double offset)
{
    const double original = f->parameters[k];
    double loss = 0;

    f->parameters[k] = original + offset;
    assert_true(ref_decoder_run(&loss, NULL, NULL, f->parameters, &f->window, &f->dims));
    f->parameters[k] = original;
    return loss;
}

static void gradients_are_those_of_differences(void **state)
{
    static const struct ref_decoder_dims sizes[] = {
        {.V = 3, .E = 2, .L = 1, .heads = 1, .kv_heads = 1, .F = 1, .T = 1, .B = 1},
        {.V = 4, .E = 4, .L = 2, .heads = 2, .kv_heads = 2, .F = 3, .T = 5, .B = 2},
        {.V = 5, .E = 12, .L = 2, .heads = 3, .kv_heads = 1, .F = 5, .T = 4, .B = 1},
        {.V = 3, .E = 8, .L = 3, .heads = 4, .kv_heads = 2, .F = 7, .T = 6, .B = 2},
    };
    (void)state;

    for (size_t size = 0; size < sizeof sizes / sizeof sizes[0]; size++) {
        struct fixture f;
        double loss = 0;
        init(&f, sizes[size], size + 1);
        assert_true(ref_decoder_run(&loss, NULL, f.gradient, f.parameters, &f.window, &f.dims));
        for (size_t k = 0; k < ref_decoder_count(&f.dims); k++) {
            const double expected = (loss_at(&f, k, -2 * STEP) - 8 * loss_at(&f, k, -STEP) + 8 * loss_at(&f, k, STEP) -
                                     loss_at(&f, k, 2 * STEP)) /
                                    (12 * STEP);
            const double scale = fmax(fmax(fabs(expected), fabs(f.gradient[k])), SMALLEST_GRADIENT);
            if (!(fabs(f.gradient[k] - expected) <= TOLERANCE * scale)) {
                fail_msg("size %zu, parameter %zu: gradient %.12g, central difference %.12g", size, k, f.gradient[k],
                         expected);
            }
        }
        done(&f);
    }
}

// A token affects the logits only at its own time and later, and only in its own sequence.
static void attention_looks_back_only(void **state)
{
    const struct ref_decoder_dims dims = {.V = 5, .E = 8, .L = 2, .heads = 2, .kv_heads = 1, .F = 6, .T = 6, .B = 2};
    enum { CHANGED_TIME = 3, CHANGED_SEQUENCE = 1 };
    struct fixture f;
    double loss, before[6 * 2 * 5];
    (void)state;

    init(&f, dims, 9);
    assert_true(ref_decoder_run(&loss, before, NULL, f.parameters, &f.window, &f.dims));
    int32_t *token = &f.tokens[CHANGED_TIME * 2 + CHANGED_SEQUENCE];
    *token = (*token + 1) % 5;
    assert_true(ref_decoder_run(&loss, f.logits, NULL, f.parameters, &f.window, &f.dims));
    for (size_t t = 0; t < 6; t++) {
        for (size_t b = 0; b < 2; b++) {
            const double difference = fabs(f.logits[(t * 2 + b) * 5] - before[(t * 2 + b) * 5]);
            if (t >= CHANGED_TIME && b == CHANGED_SEQUENCE) {
                assert_true(difference > 1e-9);
            } else {
                assert_true(difference == 0);
            }
        }
    }
    done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_those_of_differences),
        cmocka_unit_test(attention_looks_back_only),
    };
    return cmocka_run_group_tests_name("decoder_reference", tests, NULL, NULL);
}
