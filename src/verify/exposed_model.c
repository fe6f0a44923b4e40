// An ONNX file that exposes all its values: see exposed_model.h.
// Uses: base, onnx/graph.
#include "verify/exposed_model.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"

// Field numbers of onnx.proto, shifted as in a tag, with the wire type of bytes and messages.
enum {
    MODEL_GRAPH_TAG = 7 << 3 | 2,   // ModelProto.graph
    GRAPH_OUTPUT_TAG = 12 << 3 | 2, // GraphProto.output
    VALUE_NAME_TAG = 1 << 3 | 2,    // ValueInfoProto.name
};

// The number of bytes of an integer in base 128.
static size_t varint_bytes(size_t value)
{
    size_t bytes = 1;

    for (; value >= 128; value >>= 7) {
        bytes++;
    }
    return bytes;
}

// A tag, and the length of what follows it.
static unsigned char *write_head(unsigned char *place, int tag, size_t length)
{
    *place++ = (unsigned char)tag;
    for (; length >= 128; length >>= 7) {
        *place++ = (unsigned char)(length | 128);
    }
    *place++ = (unsigned char)length;
    return place;
}

static unsigned char *write_bytes(unsigned char *place, const void *bytes, size_t count)
{
    memcpy(place, bytes, count);
    return place + count;
}

static size_t head_bytes(size_t length)
{
    return 1 + varint_bytes(length);
}

static bool is_output(const struct ql_graph *graph, int value)
{
    for (int i = 0; i < graph->output_count; i++) {
        if (graph->outputs[i] == value) {
            return true;
        }
    }
    return false;
}

// The original file.
struct original {
    const void *bytes;
    size_t size_bytes;
};

// Writes every value that is to become an output, unless `place` is NULL, and returns their bytes. Values of a
// function, a branch, or a loop have other names in the file, and are not exposed.
static size_t write_outputs(unsigned char *place, const struct ql_graph *graph, struct original original)
{
    size_t bytes = 0;

    for (int n = 0; n < graph->node_count; n++) {
        for (int k = 0; k < graph->nodes[n].output_count; k++) {
            const int value = graph->nodes[n].outputs[k];
            if (value < 0 || is_output(graph, value)) {
                continue;
            }
            const char *name = graph->values[value].name;
            const size_t name_bytes = strlen(name);
            if (graph->is_inlined && ql_bytes_find(original.bytes, original.size_bytes, name, name_bytes) == NULL) {
                continue;
            }
            const size_t value_bytes = head_bytes(name_bytes) + name_bytes;
            bytes += head_bytes(value_bytes) + value_bytes;
            if (place != NULL) {
                place = write_head(place, GRAPH_OUTPUT_TAG, value_bytes);
                place = write_head(place, VALUE_NAME_TAG, name_bytes);
                place = write_bytes(place, name, name_bytes);
            }
        }
    }
    return bytes;
}

enum ql_status ql_exposed_model_write(unsigned char **exposed, size_t *exposed_bytes, const void *onnx,
                                      size_t onnx_bytes, const struct ql_graph *graph, struct ql_error *error)
{
    const struct original original = {onnx, onnx_bytes};
    const size_t outputs_bytes = write_outputs(NULL, graph, original);

    *exposed_bytes = onnx_bytes + head_bytes(outputs_bytes) + outputs_bytes;
    *exposed = malloc(*exposed_bytes);
    if (*exposed == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to copy the model");
    }
    memcpy(*exposed, onnx, onnx_bytes);
    write_outputs(write_head(*exposed + onnx_bytes, MODEL_GRAPH_TAG, outputs_bytes), graph, original);
    return QL_OK;
}

enum ql_status ql_exposed_model_save(const char *exposed_path, const char *onnx_path, const struct ql_graph *graph,
                                     struct ql_error *error)
{
    struct ql_file_view file;
    unsigned char *exposed = NULL;
    size_t exposed_bytes;
    enum ql_status status = ql_file_open(&file, onnx_path, error);

    if (status != QL_OK) {
        return status;
    }
    status = ql_exposed_model_write(&exposed, &exposed_bytes, file.data, file.size_bytes, graph, error);
    if (status == QL_OK) {
        status = ql_file_save(exposed_path, exposed, exposed_bytes, error);
    }
    free(exposed);
    ql_file_close(&file);
    return status;
}
