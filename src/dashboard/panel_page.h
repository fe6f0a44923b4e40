// A quote and a name as a page of the panel, pixel by pixel as the device sets it.
// Uses: the layout of firmware/app, which is behind it.
#ifndef QL_DASHBOARD_PANEL_PAGE_H
#define QL_DASHBOARD_PANEL_PAGE_H

#include <stdbool.h>
#include <stdint.h>

enum { QL_PANEL_PAGE_BYTES = 15000 }; // 400 x 300 pixels, 8 to a byte, from the top left; 1 is white

// Sets a page into `frame`. quote, name: UTF-8; without a name, `name` is empty. Not for two threads at the same time.
// Returns false where the quote is empty, or a text does not fit; `frame` is then unchanged.
bool ql_panel_page_write(uint8_t frame[QL_PANEL_PAGE_BYTES], const char *quote, const char *name);

#endif
