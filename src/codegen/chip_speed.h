// How many tokens a second a compiled model writes on an RP2040 at 125 MHz, predicted from its sizes.
// Uses: codegen/codegen_types.
#ifndef QL_CODEGEN_CHIP_SPEED_H
#define QL_CODEGEN_CHIP_SPEED_H

#include "codegen/codegen_types.h"

// Returns tokens a second of one processor, of which each is a character unless the model has pieces. For recurrent layers
// in integers the prediction is within 4 % of what the emulator counts (bench/results.md), where the weights fit RAM. A
// decoder is taken to attend to half of its context. Weights that do not fit RAM come from the flash as fast as DMA
// brings them. A second processor shares products and gates, which helps where the flash is not what limits. In floats it
// is a rough figure: products with weights in the flash, nothing else.
double ql_chip_speed(const struct ql_codegen *codegen);

// Returns the cycles of a token beside matrix products: activations, attention, and the draw. The model is in integers.
double ql_chip_speed_other_cycles(const struct ql_codegen *codegen);

#endif
