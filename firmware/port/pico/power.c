// Sleep, watchdog, battery and stack of the board: see port/port.h.
// Uses: the Pico SDK.
#include <hardware/watchdog.h>
#include <pico/time.h>

#include "port/port.h"

enum { WATCHDOG_MS = 8000 };

void ql_port_watchdog_feed(void)
{
    watchdog_update();
}

bool ql_port_watchdog_has_bitten(void)
{
    return watchdog_enable_caused_reboot();
}

int ql_port_battery_mv(void)
{
    return -1;
}

int ql_port_stack_used_bytes(void)
{
    return -1;
}

void ql_port_sleep_s(uint32_t duration_s)
{
    for (uint32_t i = 0; i < duration_s; i++) {
        ql_port_wait_us(1000000);
    }
}
