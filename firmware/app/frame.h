// The picture of the panel: 400 x 300 pixels, row after row from the top left, 8 pixels to a byte, the most significant
// bit left. 1 is white, as both controllers want it.
// Uses: stdbool.h, stdint.h. The caller owns the frame: an array of QL_FRAME_BYTES bytes.
#ifndef QL_APP_FRAME_H
#define QL_APP_FRAME_H

#include <stdbool.h>
#include <stdint.h>

enum {
    QL_FRAME_WIDTH = 400,
    QL_FRAME_HEIGHT = 300,
    QL_FRAME_ROW_BYTES = QL_FRAME_WIDTH / 8,
    QL_FRAME_BYTES = QL_FRAME_ROW_BYTES * QL_FRAME_HEIGHT,
};

// Makes the whole frame white.
void ql_frame_reset(uint8_t *frame);

// Makes the pixels black that are 1 in a picture of `width` x `height` pixels, whose top left corner is at (x, y). What
// lies outside the frame is left out. bits: row after row, most significant bit first, without gaps between the rows.
void ql_frame_add(uint8_t *frame, int x, int y, const uint8_t *bits, int width, int height);

// Returns whether the pixel at (x, y), which must lie inside, is black.
static inline bool ql_frame_is_black(const uint8_t *frame, int x, int y)
{
    return (frame[y * QL_FRAME_ROW_BYTES + x / 8] & (0x80u >> (x % 8))) == 0;
}

#endif
