// Finds the ranges of a model's values on a text that is typical of it. Quantization takes its scales from them.
// Uses: base, model/{chain,decoder_ranges}.
#ifndef QL_QUANTIZE_CALIBRATION_H
#define QL_QUANTIZE_CALIBRATION_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "model/chain.h"
#include "model/decoder_ranges.h"

struct ql_calibration {
    float cell_magnitude[QL_MODEL_LAYER_LIMIT];                 // the largest |c| of each LSTM layer
    struct ql_decoder_ranges decoder[QL_MODEL_LAYER_LIMIT + 1]; // of each decoder layer, then of the norm after them
    struct ql_arena arena;                                      // of the ranges
};

// Reads `count` tokens after the first token; where there are none (NULL), a text of QL_CALIBRATION_TOKENS that the
// model writes itself, at temperature 1, the same each time.
// Errors: QL_ERROR_INPUT for no tokens in a text that was given; QL_ERROR_NUMERIC for a model whose values are not
// finite; QL_ERROR_SYSTEM. Free it in the end, also after an error.
enum { QL_CALIBRATION_TOKENS = 4096 };
enum ql_status ql_calibration_init(struct ql_calibration *calibration, const struct ql_chain *chain,
                                   const uint16_t *tokens, size_t count, struct ql_error *error);
void ql_calibration_free(struct ql_calibration *calibration);

#endif
