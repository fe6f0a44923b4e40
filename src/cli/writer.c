// A model that writes many texts: see writer.h.
#include "cli/writer.h"

#include <stdlib.h>
#include <string.h>

#include "cli/sampling.h"
#include "onnx/onnx_reader.h"

static enum ql_status open_checkpoint(struct ql_cli_writer *writer, const char *path, int threads,
                                      struct ql_error *error)
{
    struct ql_stepper stepper = {0};
    struct ql_model_info info;
    enum ql_status status = ql_cli_load_stepper(&stepper, &info, path, error);

    if (status == QL_OK) {
        status = ql_batch_engine_open_stepper(&writer->engine, &stepper, threads, error);
        memcpy(writer->owned_symbols, info.vocabulary.symbols, sizeof writer->owned_symbols);
        writer->symbols = writer->owned_symbols;
        writer->defaults = (struct ql_batch_sampling){.temperature = 0.8f, .top_p = 1.0f};
        writer->generator.newline = stepper.newline;
        if (stepper.items && stepper.newline >= 0) {
            writer->resets[writer->generator.reset_count++] = stepper.newline;
        }
    }
    ql_stepper_free(&stepper);
    return status;
}

static enum ql_status open_descriptor(struct ql_cli_writer *writer, const char *path, int threads,
                                      struct ql_error *error)
{
    struct ql_descriptor *descriptor = &writer->descriptor;
    enum ql_status status;

    if ((status = ql_descriptor_load(descriptor, path, error)) != QL_OK ||
        (status = ql_onnx_load(&writer->graph, descriptor->path, error)) != QL_OK) {
        return status;
    }
    if (ql_batch_engine_open_graph(&writer->engine, &writer->graph, descriptor, threads, error) != QL_OK) {
        return ql_error_prefix(error, "%s: ", descriptor->path);
    }
    writer->symbols = descriptor->symbols;
    writer->defaults = (struct ql_batch_sampling){
        .temperature = (float)descriptor->temperature, .top_p = (float)descriptor->top_p, .top_k = descriptor->top_k};
    writer->generator.newline = ql_descriptor_encode(descriptor, '\n');
    writer->generator.reset_count = descriptor->reset_count;
    memcpy(writer->resets, descriptor->resets, sizeof writer->resets);
    return QL_OK;
}

enum ql_status ql_cli_writer_open(struct ql_cli_writer **opened, const char *path, int threads, struct ql_error *error)
{
    struct ql_cli_writer *writer = calloc(1, sizeof *writer);
    const size_t length = strlen(path);
    enum ql_status status;

    *opened = NULL;
    if (writer == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the model");
    }
    if ((status = ql_thread_pool_init(&writer->pool, threads, error)) == QL_OK) {
        status = length > 5 && strcmp(path + length - 5, ".json") == 0 ? open_descriptor(writer, path, threads, error)
                                                                       : open_checkpoint(writer, path, threads, error);
    }
    if (status != QL_OK) {
        ql_cli_writer_close(writer);
        return status;
    }
    writer->generator.engine = &writer->engine;
    writer->generator.first_token = writer->generator.newline < 0 ? 0 : writer->generator.newline;
    writer->generator.resets = writer->resets;
    writer->generator.pool = &writer->pool;
    *opened = writer;
    return QL_OK;
}

void ql_cli_writer_close(struct ql_cli_writer *writer)
{
    if (writer != NULL) {
        ql_batch_engine_close(&writer->engine);
        ql_graph_free(&writer->graph);
        ql_thread_pool_free(&writer->pool);
        free(writer);
    }
}
