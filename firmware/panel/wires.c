// The wires between board and panel: see wires.h.
// Uses: port/port.h.
#include "wires.h"

#include "port/port.h"

// The data sheets require 50 us and 200 us; actual panels need milliseconds, according to their makers' own examples.
enum { RESET_PULSE_US = 10000, RESET_REST_US = 10000 };

// BUSY may take a moment to show what a command has begun.
enum { BUSY_DELAY_US = 1000, BUSY_POLL_US = 10000 };
// A refresh is seen to begin within this time. That is long for a panel, whose BUSY follows a command in microseconds,
// and short for a refresh, which takes seconds.
enum { REFRESH_BEGIN_US = 100000 };

void ql_wires_reset(void)
{
    ql_port_pin_write(QL_PORT_PANEL_SELECT, true);
    ql_port_pin_write(QL_PORT_PANEL_RESET, true);
    ql_port_wait_us(RESET_REST_US);
    ql_port_pin_write(QL_PORT_PANEL_RESET, false);
    ql_port_wait_us(RESET_PULSE_US);
    ql_port_pin_write(QL_PORT_PANEL_RESET, true);
    ql_port_wait_us(RESET_REST_US);
}

void ql_wires_write(uint8_t command, const uint8_t *data, int count)
{
    ql_port_pin_write(QL_PORT_PANEL_DATA, false);
    ql_port_pin_write(QL_PORT_PANEL_SELECT, false);
    ql_port_panel_write(&command, 1);
    if (count > 0) {
        ql_port_pin_write(QL_PORT_PANEL_DATA, true);
        ql_port_panel_write(data, count);
    }
    ql_port_pin_write(QL_PORT_PANEL_SELECT, true);
}

void ql_wires_write_constant(uint8_t command, uint8_t byte, int count)
{
    ql_port_pin_write(QL_PORT_PANEL_DATA, false);
    ql_port_pin_write(QL_PORT_PANEL_SELECT, false);
    ql_port_panel_write(&command, 1);
    ql_port_pin_write(QL_PORT_PANEL_DATA, true);
    for (int i = 0; i < count; i++) {
        ql_port_panel_write(&byte, 1);
    }
    ql_port_pin_write(QL_PORT_PANEL_SELECT, true);
}

void ql_wires_write_list(const uint8_t *list, int size)
{
    for (int place = 0; place < size; place += 2 + list[place + 1]) {
        ql_wires_write(list[place], list + place + 2, list[place + 1]);
    }
}

bool ql_wires_wait(bool busy_level, uint32_t timeout_ms)
{
    const uint64_t start = ql_port_time_us();

    ql_port_wait_us(BUSY_DELAY_US);
    while (ql_port_panel_busy_pin() == busy_level) {
        if (ql_port_time_us() - start >= (uint64_t)timeout_ms * 1000) {
            return false;
        }
        ql_port_wait_us(BUSY_POLL_US);
    }
    return true;
}

bool ql_wires_wait_refresh(bool busy_level, uint32_t timeout_ms)
{
    const uint64_t start = ql_port_time_us();

    while (ql_port_panel_busy_pin() != busy_level) {
        if (ql_port_time_us() - start >= REFRESH_BEGIN_US) {
            return false;
        }
        ql_port_wait_us(BUSY_DELAY_US);
    }
    return ql_wires_wait(busy_level, timeout_ms);
}
