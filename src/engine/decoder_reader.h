// Finds the layers of a decoder among the kernel calls of a graph. A part of chain_reader.h, which checks what was
// found by running it.
// Uses: base, model/chain, onnx.
#ifndef QL_ENGINE_DECODER_READER_H
#define QL_ENGINE_DECODER_READER_H

#include "base/status.h"
#include "model/chain.h"
#include "onnx/model_roles.h"
#include "onnx/program.h"

// Returns whether the program has attention in it.
bool ql_decoder_is_read(const struct ql_program *program);

// Sets the chain's layers, its last norm and its output, which has no bias; copies are the chain's. Writes to `*input`
// the value that is the first layer's input. The program has one token per run, and keeps its values. Products by
// constant matrices and gains must come in the order of docs/transformer.md. The states must be caches, and one int64 to
// which each token adds one.
// Errors: QL_ERROR_INPUT, saying what is not as in a decoder; QL_ERROR_SYSTEM.
enum ql_status ql_decoder_read(struct ql_chain *chain, int *input, const struct ql_program *program,
                               const struct ql_model_roles *roles, struct ql_error *error);

#endif
