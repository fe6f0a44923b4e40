// Writes a case as a safetensors file: see case_file.h.
// The header is assembled in memory, because its length comes before it.
// Uses: base/file, base/status, POSIX.
#include "case_file.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/file.h"

// The data starts at a multiple of this, so that a reader can map the file and use it in place.
enum { DATA_ALIGNMENT = 8 };

static const struct {
    const char *name;
    size_t size_bytes;
} TYPES[] = {[CASE_F32] = {"F32", 4}, [CASE_F64] = {"F64", 8}, [CASE_I32] = {"I32", 4}};

static size_t tensor_size_bytes(const struct case_tensor *tensor)
{
    size_t size_bytes = TYPES[tensor->type].size_bytes;
    for (size_t i = 0; i < tensor->rank; i++) {
        size_bytes *= tensor->shape[i];
    }
    return size_bytes;
}

static void write_header(FILE *stream, const char *cell, const struct case_tensor *tensors, size_t count)
{
    size_t offset = 0;

    (void)fprintf(stream, "{\"__metadata__\":{\"cell\":\"%s\"}", cell);
    for (size_t i = 0; i < count; i++) {
        const struct case_tensor *tensor = &tensors[i];
        size_t end = offset + tensor_size_bytes(tensor);

        (void)fprintf(stream, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", tensor->name, TYPES[tensor->type].name);
        for (size_t axis = 0; axis < tensor->rank; axis++) {
            (void)fprintf(stream, "%s%zu", axis == 0 ? "" : ",", tensor->shape[axis]);
        }
        (void)fprintf(stream, "],\"data_offsets\":[%zu,%zu]}", offset, end);
        offset = end;
    }
    (void)fputc('}', stream);
}

enum ql_status case_file_save(const char *path, const char *cell, const struct case_tensor *tensors, size_t count,
                              struct ql_error *error)
{
    char *header = NULL;
    size_t header_bytes = 0;
    FILE *memory = open_memstream(&header, &header_bytes);
    if (memory == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory", path);
    }
    write_header(memory, cell, tensors, count);

    struct ql_file_writer writer;
    enum ql_status status;
    if (fclose(memory) != 0) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory", path);
        goto done;
    }
    status = ql_file_writer_open(&writer, path, error);
    if (status != QL_OK) {
        goto done;
    }

    // Spaces after the header belong to it. Write errors are reported when the file is closed.
    size_t padding_bytes = (DATA_ALIGNMENT - header_bytes % DATA_ALIGNMENT) % DATA_ALIGNMENT;
    uint64_t padded_bytes = header_bytes + padding_bytes;
    (void)fwrite(&padded_bytes, sizeof padded_bytes, 1, writer.stream);
    (void)fprintf(writer.stream, "%s%*s", header, (int)padding_bytes, "");
    for (size_t i = 0; i < count; i++) {
        (void)fwrite(tensors[i].data, 1, tensor_size_bytes(&tensors[i]), writer.stream);
    }
    status = ql_file_writer_close(&writer, error);

done:
    free(header);
    return status;
}
