// Small models and files for the tests of checkpoints.
// Uses: model, base/file, cmocka (a helper that fails, fails the test).
#ifndef CHECKPOINT_SAMPLE_H
#define CHECKPOINT_SAMPLE_H

#include "base/file.h"
#include "model/model.h"

// V symbols from U+000A on, in the order of code points, or spread over all lengths of UTF-8 when `wide`.
void sample_vocabulary_init(struct ql_vocabulary *vocabulary, int V, bool wide);

// A model with random parameters; free it.
void sample_model_init(struct ql_model *model, struct ql_dimensions dimensions, uint32_t seed);

// The whole file as a heap block with one byte to spare behind it; test_free it.
unsigned char *sample_file_load(const char *path, size_t *size_bytes);

// Writes a file in place, without the care that base/file takes.
void sample_file_save(const char *path, const void *bytes, size_t size_bytes);

// A header's length, a header, and data that follows it: a safetensors file, or something like it.
// Returns the bytes; test_free them.
unsigned char *sample_safetensors_write(size_t *size_bytes, const char *header, const void *data, size_t data_bytes);

#endif
