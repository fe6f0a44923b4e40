// The panel's frame on a desktop: as a PNG file, and as characters on a terminal.
// Uses: stdbool.h, stdint.h, stdio.h; libpng is behind it.
#ifndef QL_PORT_HOST_PICTURE_H
#define QL_PORT_HOST_PICTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

// Writes the frame as a PNG of 400 x 300 pixels, black and white. Returns NULL, or why it could not.
const char *ql_picture_save(const char *path, const uint8_t *frame);

// Draws the frame 80 columns wide and 30 lines high in Unicode's braille patterns, of which each has 2 x 4 dots.
// color: dark on light by escape codes, as on the panel; otherwise the terminal's own colors.
void ql_picture_print(FILE *stream, const uint8_t *frame, bool color);

#endif
