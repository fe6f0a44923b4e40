// An exported model on disk: see model_file.h.
#include "onnx/model_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/sha256.h"
#include "onnx/onnx_reader.h"
#include "onnx/onnx_writer.h"

// The largest ONNX file that is read.
static const size_t model_limit_bytes = (size_t)1 << 31;

enum ql_status ql_model_file_check(const struct ql_descriptor *descriptor, const char *path, const void *bytes,
                                   size_t size_bytes, struct ql_error *error)
{
    char sha256[QL_SHA256_TEXT_BYTES];

    if (descriptor->sha256[0] == '\0') {
        return QL_OK;
    }
    ql_sha256_write(sha256, bytes, size_bytes);
    if (strcmp(sha256, descriptor->sha256) != 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: is not the model of its descriptor: its SHA-256 is %.12s..., but the field 'sha256' "
                              "says %.12s...; export the model again, or remove the field if the model was changed on "
                              "purpose",
                              path, sha256, descriptor->sha256);
    }
    return QL_OK;
}

static enum ql_status load(struct ql_descriptor *descriptor, struct ql_graph *graph, const char *path, bool *differs,
                           struct ql_error *error)
{
    struct ql_file_view view;
    enum ql_status status = ql_descriptor_load(descriptor, path, error);

    *differs = false;
    if (status != QL_OK ||
        (status = ql_file_open_kind(&view, descriptor->path, QL_FILE_REGULAR, model_limit_bytes, error)) != QL_OK) {
        return status;
    }
    status = ql_model_file_check(descriptor, descriptor->path, view.data, view.size_bytes, error);
    *differs = status != QL_OK;
    if (status == QL_OK &&
        (status = ql_onnx_read_at(graph, view.data, view.size_bytes, descriptor->path, error)) != QL_OK) {
        ql_error_prefix(error, "%s: ", descriptor->path);
    }
    ql_file_close(&view);
    return status;
}

enum ql_status ql_model_file_load(struct ql_descriptor *descriptor, struct ql_graph *graph, const char *path,
                                  struct ql_error *error)
{
    bool differs;
    enum ql_status status = load(descriptor, graph, path, &differs, error);

    // An export may have replaced both files after the first was read; then they match now.
    return differs ? load(descriptor, graph, path, &differs, error) : status;
}

enum ql_status ql_model_file_check_output(const char *output, const struct ql_graph *graph, struct ql_error *error)
{
    enum ql_status status = QL_OK;

    for (const struct ql_data_file *file = graph->data_files; file != NULL && status == QL_OK; file = file->next) {
        status = ql_file_check_output(output, &file->path, 1, error);
    }
    return status;
}

enum ql_status ql_model_file_save(struct ql_descriptor *descriptor, const struct ql_graph *graph, const char *path,
                                  const char *descriptor_path, struct ql_error *error)
{
    struct ql_file_writer writers[2] = {{0}};
    unsigned char *bytes = NULL;
    size_t size_bytes;
    enum ql_status status = ql_onnx_write(&bytes, &size_bytes, graph, error);

    if (status != QL_OK) {
        return status;
    }
    ql_sha256_write(descriptor->sha256, bytes, size_bytes);
    if ((status = ql_file_writer_open(&writers[0], path, error)) == QL_OK &&
        (status = ql_file_writer_open(&writers[1], descriptor_path, error)) == QL_OK) {
        (void)fwrite(bytes, 1, size_bytes, writers[0].stream); // errors show at the close
        status = ql_descriptor_write(descriptor, writers[1].stream, error);
    }
    if (status == QL_OK) {
        status = ql_file_writers_close(writers, 2, error);
    }
    ql_file_writer_reset(&writers[0]);
    ql_file_writer_reset(&writers[1]);
    free(bytes);
    return status;
}
