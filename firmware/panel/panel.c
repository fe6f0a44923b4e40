// Stands in for the drivers: see panel.h.
// Uses: port/port.h.
#include "panel.h"

#include "port/port.h"

enum ql_panel_result ql_panel_show(enum ql_panel_controller controller, const uint8_t *frame)
{
    (void)controller;
    ql_port_panel_write(frame, 1);
    return QL_PANEL_DONE;
}
