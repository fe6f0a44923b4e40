// Pixels: see frame.h.
// Uses: string.h.
#include "frame.h"

#include <string.h>

void ql_frame_reset(uint8_t *frame)
{
    memset(frame, 0xff, QL_FRAME_BYTES);
}

void ql_frame_add(uint8_t *frame, int x, int y, const uint8_t *bits, int width, int height)
{
    for (int pixel = 0; pixel < width * height; pixel++) {
        const int px = x + pixel % width, py = y + pixel / width;
        const bool is_set = (bits[pixel / 8] & (0x80u >> (pixel % 8))) != 0;
        if (is_set && px >= 0 && px < QL_FRAME_WIDTH && py >= 0 && py < QL_FRAME_HEIGHT) {
            frame[py * QL_FRAME_ROW_BYTES + px / 8] &= (uint8_t) ~(0x80u >> (px % 8));
        }
    }
}
