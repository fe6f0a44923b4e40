// The calls of a decoder in integers: its layers as a program.
// Uses: quantize/program_maker.h.
#ifndef QL_QUANTIZE_DECODER_PROGRAM_H
#define QL_QUANTIZE_DECODER_PROGRAM_H

#include "quantize/program_maker.h"

// Values and calls that it adds, at most: for the model as a whole, and for each layer.
enum {
    QL_DECODER_PROGRAM_VALUES = 32,
    QL_DECODER_PROGRAM_CALLS = 8,
    QL_DECODER_PROGRAM_LAYER_VALUES = 32,
    QL_DECODER_PROGRAM_LAYER_CALLS = 20,
};

// Adds all calls after ql_program_maker_begin.
void ql_decoder_program_add(struct ql_program_maker *base);

#endif
