// Sets a page of the panel: see panel_page.h.
// Uses: firmware/app/{frame,layout}.
#include "dashboard/panel_page.h"

#include <assert.h>

#include "firmware/app/frame.h"
#include "firmware/app/layout.h"

bool ql_panel_page_write(uint8_t frame[QL_PANEL_PAGE_BYTES], const char *quote, const char *name)
{
    static struct ql_layout layout; // a few KB; only one thread answers requests

    static_assert((int)QL_PANEL_PAGE_BYTES == (int)QL_FRAME_BYTES, "a page is a frame");
    if (ql_layout_write(&layout, quote, name) != QL_LAYOUT_DONE) {
        return false;
    }
    ql_layout_draw(frame, &layout);
    return true;
}
