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

const char *ql_panel_name(enum ql_panel_controller controller)
{
    return controller == QL_PANEL_UC8176 ? "uc8176" : "ssd1683";
}
