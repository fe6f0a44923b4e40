// The layers of a decoder in integers: what docs/quantization.md derives, made from a float model and a calibration.
// All that could overflow is checked here, from the weights; the kernels of device/ then check nothing.
// Uses: base, device, model, quantize/{calibration,integer_matrix}.
#ifndef QL_QUANTIZE_INTEGER_DECODER_H
#define QL_QUANTIZE_INTEGER_DECODER_H

#include "base/arena.h"
#include "base/status.h"
#include "device/integer_row.h"
#include "model/chain.h"
#include "model/state_layout.h"
#include "model/weight_format.h"
#include "quantize/calibration.h"
#include "quantize/integer_matrix.h"

// A matrix, and how the sums of its rows are scaled.
struct ql_integer_linear {
    struct ql_integer_matrix matrix;
    struct ql_integer_row *rows; // (matrix.rows)
    struct ql_integer_scale scale;
};

// The numbers of a norm in device/rms_norm_s8.h.
struct ql_integer_norm {
    int multiplier, shift;
};

struct ql_integer_decoder_layer {
    struct ql_integer_norm attention_norm, feed_norm;
    struct ql_integer_linear entry;  // (A + 2K, E) query, key and value of a token
    struct ql_integer_linear output; // (E, A)
    struct ql_integer_linear feed;   // (2F, E) gate and up
    struct ql_integer_linear down;   // (E, F)
    int score_bits, gain_bits;       // of device/attention_s8.h
    int feed_shift;                  // of device/decoder_s8.h
};

// A is heads * size, which is E; K is kv_heads * size; F is the feed size. Its arrays are the arena's.
struct ql_integer_decoder {
    int E, heads, kv_heads, size, feed, context;
    int epsilon, weight_bits; // of device/rms_norm_s8.h; of device/attention_s8.h
    uint32_t *steps;          // (size / 2) as device/rotary.h has them
    int8_t *embedding;        // (V, E)
    struct ql_integer_row *embedding_rows;
    struct ql_integer_scale embedding_scale;
    struct ql_integer_decoder_layer layers[QL_MODEL_LAYER_LIMIT];
    struct ql_integer_norm norm;
    struct ql_integer_linear logits; // (V, E) always int8
};

// The largest head size whose scores fit 32 bits.
enum { QL_INTEGER_HEAD_LIMIT = 512 };

// Checks the sizes of a head and of a layer, which training can do before it begins. Errors: QL_ERROR_INPUT for those that
// the kernels do not take.
enum ql_status ql_integer_decoder_check_sizes(int size, int E, struct ql_error *error);

// Makes the integers, in memory of the arena. Errors: QL_ERROR_INPUT, naming node, part and row, for weights whose sums
// cannot be represented, and for heads and layers that are too wide. QL_ERROR_SYSTEM.
enum ql_status ql_integer_decoder_init(struct ql_integer_decoder *decoder, const struct ql_chain *from,
                                       const struct ql_calibration *calibration, enum ql_weight_format format,
                                       struct ql_arena *arena, struct ql_error *error);

// Adds the state of a text to a layout: the place of device/attention_s8.h, then keys (L, context, K) and values.
void ql_integer_decoder_state_add(struct ql_state_layout *layout, const struct ql_integer_decoder *decoder, int L);

#endif
