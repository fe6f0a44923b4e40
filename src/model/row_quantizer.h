// Quantizes a row of float weights to small integers with one scale: w[k] is about scale * q[k].
// The trainer and quantize/ both call this, so a model is fine-tuned to exactly the weights that it will have.
// Uses: base/vectors.
#ifndef QL_MODEL_ROW_QUANTIZER_H
#define QL_MODEL_ROW_QUANTIZER_H

#include <stdbool.h>
#include <stdint.h>

// Largest |q|. The range is symmetric: -128 and -8 are unused, so that a product with an int8 fits 15 bits.
enum { QL_ROW_LIMIT_S8 = 127, QL_ROW_LIMIT_S4 = 7 };

// Largest sum of |q| over a segment whose products with any x in [-127, 127] must fit 16 bits: 32767 / 127.
enum { QL_ROW_SEGMENT_SUM = 258 };

// What the integers of a row must keep to. A bound on segments makes scales larger; the ratio of signal to noise in dB,
// for 256 weights of a normal distribution and QL_ROW_SEGMENT_SUM (tests/model/row_quantizer_test.c measures it):
//
//   columns of a segment   no bound      8     16     32     64
//   int8                       43.2   38.7   34.1   29.2   23.9
//   int4                       19.2   19.2   19.2   19.2   19.2
struct ql_row_format {
    int limit;   // of |q|: 1 to 127
    int segment; // columns of a segment, counted from the start of the row; 0 means no bound
    int sum;     // largest sum of |q| over a segment, at least 1; unused where `segment` is 0
};

// One piece of a row. A row of a gate has two, weight_ih and weight_hh, which share their scale and their segments.
struct ql_row_part {
    int8_t *q;           // (columns) written
    const float *values; // (columns)
    int columns;
};

// Chooses a scale and writes q: w / scale, rounded (halves away from zero) and clipped to the limit. The scale is the
// one with the least sum of (w - scale q)^2 of a grid of 16, which goes down from the scale that clips nothing, or from
// the first at which every segment keeps its bound. (Quantization for the least mean square error: Max 1960,
// "Quantizing for minimum distortion"; for the clipping of weights: Banner et al. 2019, arXiv:1810.05723.)
// Returns the scale, which is positive: 1 where it would be below 1e-18, as for a row of zeros, and all q are 0.
// Returns 0 when a value is not finite; q is of no use then. The result is the same on every machine.
float ql_row_quantizer_encode(const struct ql_row_part *parts, int part_count, const struct ql_row_format *format);

// A row of the first layer's gates: its input is a number for every symbol (the product of embedding and weight_ih),
// its accumulator counts in steps of scale / 127, since h is an integer over 127:
//   w[k] is about scale * q[k],   input[v] is about mean + factor * scale / 127 * q[v]
struct ql_input_row {
    float mean;  // of the inputs over all symbols; it belongs to the bias
    float scale; // positive; of the recurrent weights
    int factor;  // 1 to QL_INPUT_FACTOR_LIMIT
};
enum { QL_INPUT_FACTOR_LIMIT = 4096 };

// Rounds the recurrent weights of such a row where the inputs are the sums of another product, and not rounded with
// them: like ql_row_quantizer_encode, but the scale is at least the greatest |input| / QL_INPUT_FACTOR_LIMIT, as it is
// beside inputs in int8. So an input has at most 127 * QL_INPUT_FACTOR_LIMIT steps. Returns 0, too, when an input is not
// finite.
float ql_row_quantizer_encode_beside(const struct ql_row_part *recurrent, const float *inputs, int V,
                                     const struct ql_row_format *format);

// Rounds the inputs to int8 and the recurrent weights to `format`, each for the least mean square error; a scale that
// would need a larger factor is raised. Without recurrent weights (NULL: the candidate of a GRU, whose input and
// recurrent sums are apart) the factor is 1 and scale / 127 the step that is best for the inputs.
//
//   q          (V) written
//   inputs     (V) less their mean on return
//   recurrent  the row of weight_hh, or NULL
//
// Returns false when a value is not finite; q is of no use then.
bool ql_row_quantizer_encode_input(struct ql_input_row *row, int8_t *q, float *inputs, int V,
                                   const struct ql_row_part *recurrent, const struct ql_row_format *format);

#endif
