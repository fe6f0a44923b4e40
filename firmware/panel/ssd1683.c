// Drives the SSD1683: see ssd1683.h, which lists the commands.
// Uses: wires.h, app/frame.h.
#include "ssd1683.h"

#include "app/frame.h"
#include "wires.h"

enum {
    DRIVER_OUTPUT = 0x01,
    DEEP_SLEEP = 0x10,
    DATA_ENTRY = 0x11,
    SOFTWARE_RESET = 0x12,
    TEMPERATURE_SENSOR = 0x18,
    MASTER_ACTIVATION = 0x20,
    UPDATE_CONTROL_1 = 0x21,
    UPDATE_CONTROL_2 = 0x22,
    WRITE_PICTURE = 0x24,
    BORDER = 0x3c,
    WINDOW_X = 0x44,
    WINDOW_Y = 0x45,
    ADDRESS_X = 0x4e,
    ADDRESS_Y = 0x4f,
};

enum { LAST_ROW = QL_FRAME_HEIGHT - 1 };

static const uint8_t software_reset[] = {SOFTWARE_RESET, 0};
// clang-format off
static const uint8_t set_up[] = {
    DRIVER_OUTPUT, 3, LAST_ROW & 255, LAST_ROW >> 8, 0,
    BORDER, 1, 0x05,
    TEMPERATURE_SENSOR, 1, 0x80,
    UPDATE_CONTROL_1, 2, 0x40, 0,
    DATA_ENTRY, 1, 0x03,
    WINDOW_X, 2, 0, QL_FRAME_ROW_BYTES - 1,
    WINDOW_Y, 4, 0, 0, LAST_ROW & 255, LAST_ROW >> 8,
    ADDRESS_X, 1, 0,
    ADDRESS_Y, 2, 0, 0,
};
// clang-format on
static const uint8_t update[] = {UPDATE_CONTROL_2, 1, 0xf7, MASTER_ACTIVATION, 0};
static const uint8_t deep_sleep[] = {DEEP_SLEEP, 1, 0x01};

static const bool busy_level = true; // of the pin while it works

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
    ql_wires_write_list(software_reset, sizeof software_reset);
    if (!wait(QL_PANEL_READY_TIMEOUT_MS)) {
        return false;
    }
    ql_wires_write_list(set_up, sizeof set_up);
    ql_wires_write(WRITE_PICTURE, frame, QL_FRAME_BYTES);
    ql_wires_write_list(update, sizeof update);
    return ql_wires_wait_refresh(busy_level, QL_PANEL_REFRESH_TIMEOUT_MS);
}

enum ql_panel_result ql_ssd1683_show(const uint8_t *frame)
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
