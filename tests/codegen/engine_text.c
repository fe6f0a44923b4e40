// Lets the engine write, and prints what text_driver.c prints of a compiled model: engine_text NAME.json STEPS
// Uses: ql_engine.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/sampler.h"
#include "device/trace.h"
#include "engine/engine.h"
#include "onnx/descriptor.h"
#include "onnx/model_roles.h"
#include "onnx/onnx_reader.h"

enum { STATE_ELEMENTS = 1 << 16, VALUE_LIMIT = 32, SEED = 7 };

static float states[QL_DESCRIPTOR_STATE_LIMIT][STATE_ELEMENTS];
static float logits[QL_VOCABULARY_LIMIT], weights[QL_VOCABULARY_LIMIT];
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
        token = ql_sampler_step_f32(&sampler, logits, NULL, weights, candidates, descriptor.symbol_count);
        (void)printf("%d %08" PRIx32 "\n", (int)token, ql_trace_hash_f32(logits, descriptor.symbol_count));
    }
    (void)printf("refused 1\n");
done:
    ql_engine_free(&engine);
    ql_graph_free(&graph);
    return status;
}

int main(int argc, char **argv)
{
    struct ql_error error;

    if (argc != 3 || write_text(argv[1], atoi(argv[2]), &error) != QL_OK) {
        (void)fprintf(stderr, "engine_text: %s\n", argc != 3 ? "usage: engine_text NAME.json STEPS" : error.message);
        return 1;
    }
    return 0;
}
