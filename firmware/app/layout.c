// Stands in for the layout: see layout.h.
// Uses: string.h.
#include "layout.h"

#include <string.h>

#include "frame.h"

enum ql_layout_result ql_layout_write(struct ql_layout *layout, const char *quote, const char *name)
{
    layout->line_count = (int)strlen(quote);
    if (strlen(quote) > 300) {
        return QL_LAYOUT_TOO_LONG;
    }
    return name != NULL && strlen(name) > 60 ? QL_LAYOUT_NAME_TOO_LONG : QL_LAYOUT_DONE;
}

void ql_layout_draw(uint8_t *frame, const struct ql_layout *layout)
{
    memset(frame, layout->line_count, QL_FRAME_BYTES);
}
