// Fuzz target: the reader of descriptors. Accepted values are within the ranges that the sampler and the models need.
// Uses: onnx, the C library.
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "onnx/descriptor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct ql_descriptor *descriptor = malloc(sizeof *descriptor);
    struct ql_error error;

    if (descriptor == NULL) {
        abort();
    }
    if (ql_descriptor_read(descriptor, (const char *)data, size_bytes, "folder/model.json", &error) == QL_OK) {
        assert(descriptor->vocabulary.count >= 1 && descriptor->vocabulary.count <= QL_VOCABULARY_LIMIT);
        assert(isfinite(descriptor->temperature) && descriptor->temperature >= 0.0);
        assert(descriptor->top_p > 0.0 && descriptor->top_p <= 1.0 && descriptor->top_k >= 0);
        assert(descriptor->state_count >= 0 && descriptor->state_count <= QL_DESCRIPTOR_STATE_LIMIT);
        assert(descriptor->reset_count >= 0 && descriptor->reset_count <= QL_DESCRIPTOR_RESET_LIMIT);
        assert(descriptor->constant_count >= 0 && descriptor->constant_count <= QL_DESCRIPTOR_CONSTANT_LIMIT);
        for (int k = 0; k < descriptor->constant_count; k++) {
            assert(descriptor->constants[k].first >= 0 && descriptor->constants[k].count >= 0);
            assert(descriptor->constants[k].first + descriptor->constants[k].count <= QL_DESCRIPTOR_NUMBER_LIMIT);
        }
        assert(memchr(descriptor->path, '\0', sizeof descriptor->path) != NULL);
        for (int i = 0; i < descriptor->reset_count; i++) {
            assert(descriptor->resets[i] >= 0 && descriptor->resets[i] < descriptor->vocabulary.count);
        }
        for (int token = 0; token < descriptor->vocabulary.count - descriptor->vocabulary.piece_count; token++) {
            assert(ql_descriptor_encode(descriptor, descriptor->vocabulary.symbols[token]) == token);
        }
    } else {
        assert(error.message[0] != '\0');
    }
    free(descriptor);
    return 0;
}
