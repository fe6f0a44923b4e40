// How many tokens a second a compiled model writes on an RP2040 at 125 MHz, predicted from its sizes.
// Uses: codegen/codegen_types.
#ifndef QL_CODEGEN_CHIP_SPEED_H
#define QL_CODEGEN_CHIP_SPEED_H

#include "codegen/codegen_types.h"

// Returns tokens a second of one or two processors, of which each is a character unless the model has pieces. For recurrent
// layers in integers on one processor the prediction is within 4 % of what the emulator counts (bench/results.md), where the
// weights fit RAM. A decoder is taken to attend to half of its context. Weights that do not fit RAM come from the flash as
// fast as DMA brings them. The second processor, as in the firmware, shares products, gates and cells of models in integers;
// the prediction is within 8 %. In floats it is a rough figure of one processor: products with weights in the flash, nothing
// else. The filter, the lexicon and the console come on top.
double ql_chip_speed(const struct ql_codegen *codegen, int processors);

// Returns the cycles of a token without matrix products, on one processor: activations, attention, and the draw. The model is
// in integers.
double ql_chip_speed_other_cycles(const struct ql_codegen *codegen);

#endif
