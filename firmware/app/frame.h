// The picture of the panel: 400 x 300 pixels, row after row from the top left, most significant bit left, 1 is white.
// Uses: nothing.
#ifndef QL_APP_FRAME_H
#define QL_APP_FRAME_H

enum { QL_FRAME_WIDTH = 400, QL_FRAME_HEIGHT = 300, QL_FRAME_BYTES = QL_FRAME_WIDTH / 8 * QL_FRAME_HEIGHT };

#endif
