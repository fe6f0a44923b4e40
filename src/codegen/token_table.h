// Makes a program smaller and faster without changing a bit of its results: an embedding and the input weights of the
// first recurrent layer become one table, with a row of sums for each token (device/recurrent_token.h).
// Uses: base, device, onnx.
#ifndef QL_CODEGEN_TOKEN_TABLE_H
#define QL_CODEGEN_TOKEN_TABLE_H

#include "onnx/program.h"

// Replaces every Gather from a constant whose only reader is a plain recurrent layer, and that layer, by one call with
// a table, where the table is not larger than the embedding and the weights, and no call between the two overwrites the
// tokens. All else stays; the workspace is planned anew.
// Errors: QL_ERROR_SYSTEM when there is not enough memory; the program can then not be used.
enum ql_status ql_token_table_init(struct ql_program *program, struct ql_error *error);

#endif
