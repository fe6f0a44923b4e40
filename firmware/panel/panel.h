// Shows a frame on the panel.
// Uses: stdint.h.
#ifndef QL_PANEL_PANEL_H
#define QL_PANEL_PANEL_H

#include <stdint.h>

enum ql_panel_controller { QL_PANEL_UC8176, QL_PANEL_SSD1683 };

enum ql_panel_result { QL_PANEL_DONE, QL_PANEL_BUSY_TIMEOUT };

enum ql_panel_result ql_panel_show(enum ql_panel_controller controller, const uint8_t *frame);

#endif
