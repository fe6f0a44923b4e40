// A model that writes many texts: see batch_writer.h.
#include "cli/batch_writer.h"

#include <stdlib.h>
#include <string.h>

#include "cli/sampling.h"
#include "cli/terminal.h"
#include "engine/token_graph.h"
#include "onnx/model_file.h"

static enum ql_status open_checkpoint(struct ql_cli_batch_writer *writer, const char *path,
                                      enum ql_weight_format format, const char *calibrate, int threads,
                                      struct ql_error *error)
{
    struct ql_model model = {0};
    struct ql_chain chain;
    struct ql_model_info info;
    enum ql_status status = ql_cli_load_checkpoint(&model, &info, path, error);

    if (status == QL_OK && format == QL_WEIGHTS_F32) {
        if ((status = ql_chain_init(&chain, &model, &info, error)) == QL_OK) {
            status = ql_batch_engine_open_chain(&writer->engine, &chain, threads, error);
        }
    } else if (status == QL_OK) {
        if ((status = ql_integer_form_open_model(&writer->integer, &model, &info, format, calibrate, error)) == QL_OK) {
            status = ql_batch_engine_open_integer(&writer->engine, &writer->integer.model, threads, error);
        }
    }
    if (status == QL_OK) {
        writer->owned_vocabulary = info.vocabulary;
        writer->vocabulary = &writer->owned_vocabulary;
        writer->defaults = (struct ql_batch_sampling){.temperature = 0.8f, .top_p = 1.0f};
        writer->generator.rules = ql_model_info_text_rules(&info);
    }
    ql_model_free(&model);
    return status;
}

static enum ql_status open_descriptor(struct ql_cli_batch_writer *writer, const char *path,
                                      enum ql_weight_format format, const char *calibrate, int threads,
                                      struct ql_error *error)
{
    struct ql_descriptor *descriptor = &writer->descriptor;
    enum ql_status status;

    if ((status = ql_model_file_load(descriptor, &writer->graph, path, error)) != QL_OK) {
        return status;
    }
    if (ql_token_graph_init(NULL, &writer->graph, descriptor, error) != QL_OK) {
        return ql_error_prefix(error, "%s: ", descriptor->path);
    }
    if (writer->graph.note != NULL) {
        ql_cli_note("quillet: %s: %s\n", descriptor->path, writer->graph.note);
    }
    if (format == QL_WEIGHTS_F32) {
        status = ql_batch_engine_open_graph(&writer->engine, &writer->graph, descriptor, threads, error);
    } else if ((status = ql_integer_form_open(&writer->integer, &writer->graph, descriptor, format, calibrate,
                                              error)) == QL_OK) {
        status = ql_batch_engine_open_integer(&writer->engine, &writer->integer.model, threads, error);
    }
    if (status != QL_OK) {
        return ql_error_prefix(error, "%s: ", descriptor->path);
    }
    writer->vocabulary = &descriptor->vocabulary;
    writer->defaults = (struct ql_batch_sampling){
        .temperature = (float)descriptor->temperature, .top_p = (float)descriptor->top_p, .top_k = descriptor->top_k};
    writer->generator.rules = ql_descriptor_text_rules(descriptor);
    return QL_OK;
}

enum ql_status ql_cli_batch_writer_open(struct ql_cli_batch_writer **opened, const char *path,
                                        const struct ql_cli_quantization *quantization, int threads,
                                        struct ql_error *error)
{
    struct ql_cli_batch_writer *writer = calloc(1, sizeof *writer);
    const char *calibrate = quantization == NULL ? NULL : quantization->calibrate;
    enum ql_weight_format format = QL_WEIGHTS_F32;
    enum ql_status status;

    *opened = NULL;
    if (writer == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the model");
    }
    if ((status = ql_thread_pool_init(&writer->pool, threads, error)) == QL_OK && quantization != NULL) {
        status = ql_cli_quantization_read(&format, quantization, error);
    }
    if (status == QL_OK) {
        status = ql_descriptor_is_path(path) ? open_descriptor(writer, path, format, calibrate, threads, error)
                                             : open_checkpoint(writer, path, format, calibrate, threads, error);
    }
    if (status != QL_OK) {
        ql_cli_batch_writer_close(writer);
        return status;
    }
    writer->generator.engine = &writer->engine;
    writer->generator.vocabulary = writer->vocabulary;
    writer->generator.pool = &writer->pool;
    *opened = writer;
    return QL_OK;
}

enum ql_status ql_cli_batch_writer_load_guard(struct ql_cli_batch_writer *writer, const char *filter,
                                              const char *lexicon, struct ql_error *error)
{
    enum ql_status status = ql_guard_init(&writer->guard, filter, writer->vocabulary, error);

    if (status == QL_OK) {
        status = ql_guard_load_lexicon(&writer->guard, lexicon, writer->vocabulary, error);
    }
    writer->generator.filter = status == QL_OK && filter != NULL ? &writer->guard.binding.filter : NULL;
    writer->generator.lexicon = status == QL_OK && lexicon != NULL ? &writer->guard.lexicon.lexicon : NULL;
    return status;
}

void ql_cli_batch_writer_close(struct ql_cli_batch_writer *writer)
{
    if (writer != NULL) {
        ql_batch_engine_close(&writer->engine);
        ql_integer_form_close(&writer->integer);
        ql_guard_free(&writer->guard);
        ql_graph_free(&writer->graph);
        ql_thread_pool_free(&writer->pool);
        free(writer);
    }
}
