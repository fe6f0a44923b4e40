// Writes one training window with its results as a safetensors file, for torch_oracle.py to recompute.
// Both the double-precision reference and the single-precision trainer are checked by way of it.
// Uses: base/file, base/status.
//
// A case file has the metadata {"cell": "lstm" | "gru" | "rnn"} and these tensors. Floats are F64 or F32, tokens I32.
// Those with a question mark may be missing; any other name is an error in the oracle.
//
//     parameter.NAME           every parameter of the model, NAME as in PyTorch's state dict
//     gradient.NAME            the gradient of the loss for it
//     window.tokens            (T, B)
//     window.targets           (T, B)
//     window.weight?           (T, B), 0 for padding, else 1; missing: all 1
//     window.dropout_mask?     (L-1, T, B, H), 0 or 1/(1-p), multiplied onto the output of each layer but the last
//     window.output_mask?      (T, B, H), likewise, onto the output of the last layer; with
//     window.label_smoothing   (), as CrossEntropyLoss takes it
//     window.h0?               (L, B, H); missing: zeros
//     window.c0?               (L, B, H), LSTM only; missing: zeros
//     result.loss              (), sum of weight * cross-entropy over sum of weight
//     result.logits            (T, B, V)
//     result.hn                (L, B, H)
//     result.cn                (L, B, H), LSTM only
//     gradient.h0?             (L, B, H); needs window.h0
//     gradient.c0?             (L, B, H); needs window.c0
#ifndef CASE_FILE_H
#define CASE_FILE_H

#include <stddef.h>

#include "base/status.h"

enum case_type { CASE_F32, CASE_F64, CASE_I32 };

enum { CASE_NAME_BYTES = 64, CASE_MAX_RANK = 4 };

struct case_tensor {
    char name[CASE_NAME_BYTES]; // plain ASCII without quotation marks and backslashes
    enum case_type type;
    size_t rank; // 0 for a single value
    size_t shape[CASE_MAX_RANK];
    const void *data; // row-major; borrowed
};

// Writes the tensors in the given order. `cell` is the metadata. The machine must be little-endian, as the file is.
// Errors: QL_ERROR_SYSTEM of base/file.
enum ql_status case_file_save(const char *path, const char *cell, const struct case_tensor *tensors, size_t count,
                              struct ql_error *error);

#endif
