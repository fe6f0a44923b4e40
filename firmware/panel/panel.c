// Chooses the driver of a panel: see panel.h.
// Uses: uc8176.h, ssd1683.h.
#include "panel.h"

#include <string.h>

#include "ssd1683.h"
#include "uc8176.h"

static const struct {
    const char *name;
    enum ql_panel_result (*show)(const uint8_t *frame);
} controllers[] = {
    [QL_PANEL_UC8176] = {"uc8176", ql_uc8176_show},
    [QL_PANEL_SSD1683] = {"ssd1683", ql_ssd1683_show},
};

enum ql_panel_result ql_panel_show(enum ql_panel_controller controller, const uint8_t *frame)
{
    return controllers[controller].show(frame);
}

bool ql_panel_find(enum ql_panel_controller *controller, const char *name, size_t bytes)
{
    for (int i = 0; i < (int)(sizeof controllers / sizeof controllers[0]); i++) {
        if (strlen(controllers[i].name) == bytes && memcmp(name, controllers[i].name, bytes) == 0) {
            *controller = (enum ql_panel_controller)i;
            return true;
        }
    }
    return false;
}

const char *ql_panel_name(enum ql_panel_controller controller)
{
    return controllers[controller].name;
}
