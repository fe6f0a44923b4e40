// A text file in the tokens of a descriptor.
// Uses: base, corpus, onnx/descriptor.h.
#ifndef QL_ONNX_DESCRIPTOR_TEXT_H
#define QL_ONNX_DESCRIPTOR_TEXT_H

#include "base/status.h"
#include "corpus/token_text.h"
#include "onnx/descriptor.h"

// Reads the file as tokens of the descriptor, whose symbols may stand in any order. Free it in the end.
// Errors: those of ql_token_text_load, such as a symbol that is not in the vocabulary, with its line.
enum ql_status ql_descriptor_text_load(struct ql_token_text *text, const struct ql_descriptor *descriptor,
                                       const char *path, struct ql_error *error);

#endif
