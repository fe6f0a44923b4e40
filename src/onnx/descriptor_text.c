// A text file in the tokens of a descriptor: see descriptor_text.h.
// Uses: base, corpus, onnx/descriptor.h.
#include "onnx/descriptor_text.h"

#include <stdlib.h>

#include "corpus/pieces.h"

enum ql_status ql_descriptor_text_load(struct ql_token_text *text, const struct ql_descriptor *descriptor,
                                       const char *path, struct ql_error *error)
{
    struct ql_vocabulary *vocabulary = calloc(1, sizeof *vocabulary);
    const int count = descriptor->vocabulary.count - descriptor->vocabulary.piece_count;
    char *symbols = malloc(4 * (size_t)count);
    size_t size = 0;
    enum ql_status status;

    if (vocabulary == NULL || symbols == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the vocabulary");
        goto done;
    }
    for (int i = 0; i < count; i++) {
        size += ql_utf8_encode((unsigned char *)symbols + size, descriptor->vocabulary.symbols[i]);
    }
    if ((status = ql_vocabulary_read(vocabulary, symbols, size, error)) == QL_OK &&
        (status = ql_token_text_load(text, vocabulary, path, error)) == QL_OK) {
        for (size_t i = 0; i < text->count; i++) {
            text->tokens[i] = (uint16_t)ql_descriptor_encode(descriptor, vocabulary->symbols[text->tokens[i]]);
        }
        status = ql_pieces_encode(text->tokens, &text->count, &descriptor->vocabulary, error);
        if (status != QL_OK) {
            ql_token_text_free(text);
        }
    }
done:
    free(vocabulary);
    free(symbols);
    return status;
}
