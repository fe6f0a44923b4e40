// Drives the UC8176: see uc8176.h, which lists the commands.
// Uses: wires.h, app/frame.h.
#include "uc8176.h"

#include <stddef.h>

#include "app/frame.h"
#include "wires.h"

enum {
    PANEL_SETTING = 0x00,
    POWER_OFF = 0x02,
    POWER_ON = 0x04,
    BOOSTER_SOFT_START = 0x06,
    DEEP_SLEEP = 0x07,
    OLD_PICTURE = 0x10,
    DISPLAY_REFRESH = 0x12,
    NEW_PICTURE = 0x13,
    DATA_INTERVAL = 0x50,
    RESOLUTION = 0x61,
};

static const uint8_t power_up[] = {BOOSTER_SOFT_START, 3, 0x17, 0x17, 0x17, POWER_ON, 0};
// clang-format off
static const uint8_t set_up[] = {
    PANEL_SETTING, 1, 0x1f,
    RESOLUTION, 4, QL_FRAME_WIDTH >> 8, QL_FRAME_WIDTH & 255, QL_FRAME_HEIGHT >> 8, QL_FRAME_HEIGHT & 255,
    DATA_INTERVAL, 1, 0x97,
};
// clang-format on
static const uint8_t power_down[] = {DATA_INTERVAL, 1, 0xf7, POWER_OFF, 0};
static const uint8_t deep_sleep[] = {DEEP_SLEEP, 1, 0xa5};

static const bool busy_level = false; // of the pin while it works

static bool wait(uint32_t timeout_ms)
{
    return ql_wires_wait(busy_level, timeout_ms);
}

static bool refresh(const uint8_t *frame)
{
    ql_wires_reset();
    if (!wait(QL_PANEL_READY_TIMEOUT_MS)) {
        return false;
    }
    ql_wires_write_list(power_up, sizeof power_up);
    if (!wait(QL_PANEL_READY_TIMEOUT_MS)) {
        return false;
    }
    ql_wires_write_list(set_up, sizeof set_up);
    ql_wires_write_constant(OLD_PICTURE, 0xff, QL_FRAME_BYTES);
    ql_wires_write(NEW_PICTURE, frame, QL_FRAME_BYTES);
    ql_wires_write(DISPLAY_REFRESH, NULL, 0);
    if (!ql_wires_wait_refresh(busy_level, QL_PANEL_REFRESH_TIMEOUT_MS)) {
        return false;
    }
    ql_wires_write_list(power_down, sizeof power_down);
    return wait(QL_PANEL_READY_TIMEOUT_MS);
}

enum ql_panel_result ql_uc8176_show(const uint8_t *frame)
{
    const bool refreshed = refresh(frame);

    if (!refreshed) {
        ql_wires_reset();
    }
    if (refreshed || wait(QL_PANEL_READY_TIMEOUT_MS)) {
        ql_wires_write_list(deep_sleep, sizeof deep_sleep);
    }
    return refreshed ? QL_PANEL_DONE : QL_PANEL_BUSY_TIMEOUT;
}
