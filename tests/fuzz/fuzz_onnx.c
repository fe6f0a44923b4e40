// Fuzzes the road of a foreign model: reader, compilation, memory plan, and, when it is small, a run, and a text that
// it writes after the change to a graph of single tokens. For any input, the result is a model that runs or an error
// with a message. Tensors may have their data in the file "weights" beside the model; there is also "out", a link that
// leads out of the folder. The name of the graph stands in for a descriptor.
// Uses: engine, POSIX.
#include <assert.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/engine.h"
#include "engine/text_session.h"
#include "engine/token_graph.h"
#include "onnx/descriptor.h"
#include "onnx/onnx_reader.h"
#include "onnx/onnx_writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

enum {
    BYTE_LIMIT = 1 << 22,
    WORK_LIMIT = 1 << 20, // elements and multiply-accumulates, at compile time and in the run
    INPUT_LIMIT = 64,
    WEIGHT_BYTES = 4096,
    TEXT_WORK_LIMIT = 1 << 14, // of a model that writes, which runs some tokens and windows
    TEXT_NUMBER_LIMIT = 256,   // numbers of an input
    SYMBOL_LIMIT = 64,
    TEXT_TOKENS = 6,
};

// The folder of the model, created once, and removed at the end.
static char folder[PATH_MAX], weights_path[PATH_MAX + 16], link_path[PATH_MAX + 16], model_path[PATH_MAX + 16];

static void remove_folder(void)
{
    (void)unlink(weights_path);
    (void)unlink(link_path);
    (void)rmdir(folder);
}

static void make_folder(void)
{
    const char *place = getenv("TMPDIR");
    unsigned char weights[WEIGHT_BYTES];

    if (folder[0] != '\0') {
        return;
    }
    (void)snprintf(folder, sizeof folder, "%s/fuzz_onnx.XXXXXX", place == NULL ? "/tmp" : place);
    if (mkdtemp(folder) == NULL) {
        abort();
    }
    (void)snprintf(weights_path, sizeof weights_path, "%s/weights", folder);
    (void)snprintf(link_path, sizeof link_path, "%s/out", folder);
    (void)snprintf(model_path, sizeof model_path, "%s/model.onnx", folder);
    for (int k = 0; k < WEIGHT_BYTES; k++) { // as floats, numbers around 0.1
        weights[k] = k % 4 == 3 ? 0x3d : (unsigned char)(k * 37);
    }
    FILE *stream = fopen(weights_path, "wb");
    if (stream == NULL || fwrite(weights, 1, sizeof weights, stream) != sizeof weights || fclose(stream) != 0 ||
        symlink("/proc/self/maps", link_path) != 0) {
        abort();
    }
    (void)atexit(remove_folder);
}

static int64_t count_work(const struct ql_program *program)
{
    int64_t work = 0;
    for (int n = 0; n < program->call_count; n++) {
        const struct ql_kernel_call *call = &program->calls[n];
        work += call->macs;
        for (int k = 0; k < call->kernel->buffer_count; k++) {
            work += call->buffers[k] < 0 ? 0 : program->values[call->buffers[k]].count;
        }
    }
    return work;
}

// No two values that live at the same time share a byte of the workspace.
static void check_plan(const struct ql_program *program)
{
    for (int i = 0; i < program->value_count && program->value_count < 500; i++) {
        const struct ql_program_value *a = &program->values[i];
        for (int j = 0; j < i; j++) {
            const struct ql_program_value *b = &program->values[j];
            if (a->root == i && b->root == j && a->storage == QL_STORAGE_WORKSPACE &&
                b->storage == QL_STORAGE_WORKSPACE && a->first_call >= 0 && b->first_call >= 0) {
                assert(a->last_call < b->first_call || b->last_call < a->first_call ||
                       a->workspace_offset + a->bytes <= b->workspace_offset ||
                       b->workspace_offset + b->bytes <= a->workspace_offset);
            }
        }
    }
}

// Returns true for a graph that is small enough to write a text.
static bool run_graph(const struct ql_graph *graph)
{
    const struct ql_program_options options = {.default_size = 2, .byte_limit = BYTE_LIMIT, .work_limit = WORK_LIMIT};
    struct ql_engine engine;
    struct ql_error error = {QL_OK, ""};
    void *inputs[INPUT_LIMIT] = {NULL};
    void *outputs[INPUT_LIMIT] = {NULL};

    if (graph->input_count > INPUT_LIMIT || graph->output_count > INPUT_LIMIT) {
        return false;
    }
    if (ql_engine_init(&engine, graph, &options, &error) != QL_OK) {
        assert(error.message[0] != '\0');
        return false;
    }
    check_plan(&engine.program);
    bool is_small = count_work(&engine.program) <= TEXT_WORK_LIMIT;
    size_t bytes = 0;
    for (int k = 0; k < graph->input_count; k++) {
        bytes += engine.program.values[graph->inputs[k]].bytes;
        is_small = is_small && engine.program.values[graph->inputs[k]].count <= TEXT_NUMBER_LIMIT;
    }
    if (bytes <= BYTE_LIMIT && count_work(&engine.program) <= WORK_LIMIT) {
        for (int k = 0; k < graph->input_count; k++) {
            inputs[k] = calloc(engine.program.values[graph->inputs[k]].bytes + 1, 1);
            assert(inputs[k] != NULL);
        }
        if (ql_engine_run(&engine, (const void *const *)inputs, outputs, &error) != QL_OK) {
            assert(error.message[0] != '\0');
        }
        for (int k = 0; k < graph->input_count; k++) {
            free(inputs[k]);
        }
    }
    ql_engine_free(&engine);
    return is_small;
}

// A descriptor with a few symbols, which may include a begin and an end symbol, and one that stands for no text.
static void describe(struct ql_descriptor *descriptor, const struct ql_graph *graph)
{
    uint32_t choice = 0x811c9dc5u;
    int V = 2;

    for (const char *c = graph->name; *c != '\0'; c++) {
        choice = (choice ^ (unsigned char)*c) * 0x01000193u;
    }
    for (int k = graph->output_count - 1; k >= 0; k--) {
        const struct ql_value *output = &graph->values[graph->outputs[k]];
        const int last = output->rank > 0 ? output->dims[output->rank - 1] : 0;
        V = output->type == QL_ELEMENT_F32 && last > 1 && last <= SYMBOL_LIMIT ? last : V;
    }
    *descriptor = (struct ql_descriptor){.temperature = 1.0, .top_p = 1.0};
    descriptor->vocabulary.count = V;
    for (int token = 0; token < V; token++) {
        descriptor->vocabulary.symbols[token] = (uint32_t)('A' + token);
    }
    descriptor->has_begin = (choice & 1) != 0;
    descriptor->has_end = (choice & 2) != 0;
    descriptor->begin = (int)(choice >> 8) % V;
    descriptor->end = (int)(choice >> 16 & 0xff) % V;
    descriptor->window = (choice & 12) == 0 ? (int)(choice >> 4 & 7) + 1 : 0;
    if ((choice & 128) != 0) {
        descriptor->vocabulary.symbols[V - 1] = QL_TEXT_SPECIAL;
    }
    if (descriptor->has_end) {
        descriptor->vocabulary.symbols[descriptor->end] = '\n';
        descriptor->resets[descriptor->reset_count++] = descriptor->end;
    }
}

static void write_text(struct ql_graph *graph)
{
    static struct ql_descriptor descriptor;
    const struct ql_program_options options = {.default_size = 1, .byte_limit = BYTE_LIMIT, .work_limit = WORK_LIMIT};
    const struct ql_draw draw = {.temperature = 1.0f, .top_p = 1.0f, .seed = 1};
    struct ql_text_session session = {0};
    struct ql_error error = {QL_OK, ""};

    describe(&descriptor, graph);
    enum ql_status status = ql_token_graph_init(NULL, graph, &descriptor, &error);
    if (status == QL_OK) {
        status = ql_text_session_open_graph(&session, graph, &options, &descriptor, &error);
    }
    int token = status == QL_OK ? ql_text_session_begin(&session, &draw) : 0;
    for (int t = 0; t < TEXT_TOKENS && status == QL_OK; t++) {
        status = ql_text_session_next(&session, &token, NULL, &error);
        assert(status != QL_OK || (token >= 0 && token < descriptor.vocabulary.count));
    }
    assert(status == QL_OK || error.message[0] != '\0');
    ql_text_session_close(&session);
}

// A graph that was read can be written, and reading it back gives the same bytes again.
static void check_round_trip(const struct ql_graph *graph)
{
    struct ql_graph again = {0};
    struct ql_error error;
    unsigned char *bytes[2];
    size_t sizes[2];

    for (int n = 0; n < graph->node_count; n++) {
        for (int k = 0; k < graph->nodes[n].attribute_count; k++) {
            if (graph->nodes[n].attributes[k].kind == QL_ATTRIBUTE_OTHER) {
                return;
            }
        }
    }
    if (ql_onnx_write(&bytes[0], &sizes[0], graph, &error) != QL_OK) {
        return;
    }
    if (ql_onnx_read(&again, bytes[0], sizes[0], &error) == QL_OK &&
        ql_onnx_write(&bytes[1], &sizes[1], &again, &error) == QL_OK) {
        assert(sizes[0] == sizes[1] && memcmp(bytes[0], bytes[1], sizes[0]) == 0);
        free(bytes[1]);
    }
    free(bytes[0]);
    ql_graph_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct ql_graph graph = {0};
    struct ql_error error = {QL_OK, ""};

    make_folder();
    if (ql_onnx_read_at(&graph, data, size_bytes, model_path, &error) == QL_OK) {
        check_round_trip(&graph);
        if (run_graph(&graph)) {
            write_text(&graph);
        }
    } else {
        assert(error.message[0] != '\0');
    }
    ql_graph_free(&graph);
    return 0;
}
