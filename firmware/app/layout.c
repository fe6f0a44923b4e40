// Stands in for the layout: see layout.h.
// Uses: string.h.
#include "layout.h"

#include <string.h>

#include "frame.h"

enum ql_layout_result ql_layout_write(struct ql_layout *layout, const char *quote, const char *name)
{
    layout->bytes = (int)strlen(quote);
    return strlen(quote) <= 300 && strlen(name) <= 60 ? QL_LAYOUT_DONE : QL_LAYOUT_TOO_LONG;
}

void ql_layout_draw(uint8_t *frame, const struct ql_layout *layout)
{
    memset(frame, layout->bytes, QL_FRAME_BYTES);
}
