// What the board does about the source of weights besides device/weight_source.h.
// Uses: nothing. Only in images with integer models.
#ifndef QL_PORT_PICO_WEIGHT_SOURCE_H
#define QL_PORT_PICO_WEIGHT_SOURCE_H

// Sets up DMA, and starts the second processor where QUOTES_CORES is 2. Call it once, before a model computes.
void ql_weight_source_init(void);

// Return the most of the second processor's stack that was ever in use; -1 without that processor.
int ql_weight_source_stack_used_bytes(void);

#endif
