// The board's side of the source of weights, besides device/weight_source.h.
// Uses: stdint.h. Only in images with integer models.
#ifndef QL_PORT_PICO_WEIGHT_SOURCE_H
#define QL_PORT_PICO_WEIGHT_SOURCE_H

#include <stdint.h>

// Sets up DMA, and starts the second processor where QUOTES_CORES is 2. Call it once, before a model computes.
void ql_weight_source_init(void);

// Return the end of the second processor's stack, where that of the first one may begin.
uint32_t *ql_weight_source_stack_end(void);

// Return the most of the second processor's stack that was ever in use; -1 without that processor.
int ql_weight_source_stack_used_bytes(void);

// Memory for a picture, where weights lie otherwise: see ql_port_frame_take. A model may compute in the meantime; it then
// has less room.
uint8_t *ql_weight_source_frame_take(void);
void ql_weight_source_frame_give(void);

#endif
