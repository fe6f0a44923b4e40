// In place of a panel: takes the frame, which nobody sees yet. See panel/panel.h.
// Uses: panel/panel.h.
#include "panel/panel.h"

enum ql_panel_result ql_panel_show(enum ql_panel_controller controller, const uint8_t *frame)
{
    (void)controller;
    (void)frame;
    return QL_PANEL_DONE;
}

const char *ql_panel_name(enum ql_panel_controller controller)
{
    return controller == QL_PANEL_UC8176 ? "uc8176" : "ssd1683";
}
