// Has the engine write, and prints what text_driver.c prints for a compiled model: engine_text NAME.json STEPS
// With int8 or int4 as a third argument it is the integer engine, in its plain form.
// Uses: ql_engine.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/sampler.h"
#include "device/trace.h"
#include "engine/engine.h"
#include "engine/integer_form.h"
#include "onnx/descriptor.h"
#include "onnx/model_roles.h"
#include "onnx/onnx_reader.h"

enum { STATE_ELEMENTS = 1 << 16, VALUE_LIMIT = 32, SEED = 7 };

static float states[QL_DESCRIPTOR_STATE_LIMIT][STATE_ELEMENTS];
static float logits[QL_VOCABULARY_LIMIT];
static uint32_t weights[QL_VOCABULARY_LIMIT];
static uint16_t candidates[QL_VOCABULARY_LIMIT];
static struct ql_descriptor descriptor;

static enum ql_status write_text(const char *path, int steps, struct ql_error *error)
{
    struct ql_graph graph = {0};
    struct ql_engine engine = {0};
    struct ql_model_roles roles;
    const void *inputs[VALUE_LIMIT] = {0};
    void *outputs[VALUE_LIMIT] = {0};
    struct ql_program_options options = {.default_size = 1};
    int64_t token = 0;
    enum ql_status status;

    if ((status = ql_descriptor_load(&descriptor, path, error)) != QL_OK ||
        (status = ql_onnx_load(&graph, descriptor.path, error)) != QL_OK ||
        (status = ql_model_roles_init(&roles, &graph, &descriptor, error)) != QL_OK ||
        (status = ql_engine_init(&engine, &graph, &options, error)) != QL_OK) {
        goto done;
    }
    struct ql_sampler sampler = {(float)descriptor.temperature, (float)descriptor.top_p, descriptor.top_k, {{0}}};
    ql_random_init(&sampler.random, SEED);
    inputs[roles.tokens] = &token;
    outputs[roles.logits] = logits;
    for (int k = 0; k < roles.state_count; k++) {
        inputs[roles.states[k].input] = outputs[roles.states[k].output] = states[k];
    }
    (void)printf("check 0\n");
    for (int i = 0; i < steps; i++) {
        if (descriptor.reset_count > 0 && token == descriptor.resets[0]) {
            memset(states, 0, sizeof states);
        }
        if ((status = ql_engine_run(&engine, inputs, outputs, error)) != QL_OK) {
            goto done;
        }
        token = ql_sampler_step_f32(&sampler, logits, NULL, weights, candidates, descriptor.vocabulary.count);
        (void)printf("%d %08" PRIx32 "\n", (int)token, ql_trace_hash_f32(logits, descriptor.vocabulary.count));
    }
    (void)printf("refused 1\n");
done:
    ql_engine_free(&engine);
    ql_graph_free(&graph);
    return status;
}

static enum ql_status write_integer_text(const char *path, int steps, const char *format_name, struct ql_error *error)
{
    struct ql_graph graph = {0};
    struct ql_integer_form form = {0};
    struct ql_integer_stepper stepper = {0};
    enum ql_weight_format format;
    int token = 0;
    enum ql_status status;

    if ((status = ql_weight_format_read(&format, format_name, error)) != QL_OK ||
        (status = ql_descriptor_load(&descriptor, path, error)) != QL_OK ||
        (status = ql_onnx_load(&graph, descriptor.path, error)) != QL_OK ||
        (status = ql_integer_form_open(&form, &graph, &descriptor, format, NULL, error)) != QL_OK ||
        (status = ql_integer_stepper_init(&stepper, &form.model, &ql_integer_product_plain, error)) != QL_OK) {
        goto done;
    }
    struct ql_sampler_s32 sampler =
        ql_integer_sampler((float)descriptor.temperature, (float)descriptor.top_p, descriptor.top_k);
    ql_random_init(&sampler.random, SEED);
    (void)printf("check 0\n");
    for (int i = 0; i < steps; i++) {
        token = ql_integer_stepper_next(&stepper, token, &sampler, NULL);
        (void)printf("%d %08" PRIx32 "\n", token, ql_trace_hash_s32(stepper.logits, descriptor.vocabulary.count));
    }
    (void)printf("refused 1\n");
done:
    ql_integer_stepper_free(&stepper);
    ql_integer_form_close(&form);
    ql_graph_free(&graph);
    return status;
}

int main(int argc, char **argv)
{
    struct ql_error error = {QL_ERROR_USAGE, "usage: engine_text NAME.json STEPS [int8|int4]"};
    enum ql_status status = QL_ERROR_USAGE;

    if (argc == 3) {
        status = write_text(argv[1], atoi(argv[2]), &error);
    } else if (argc == 4) {
        status = write_integer_text(argv[1], atoi(argv[2]), argv[3], &error);
    }
    if (status != QL_OK) {
        (void)fprintf(stderr, "engine_text: %s\n", error.message);
        return 1;
    }
    return 0;
}
