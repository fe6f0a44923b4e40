// The firmware's start on a Pico.
// Uses: the Pico SDK, app/appliance.h, board.h, weight_source.h. The build defines QUOTES_BEST, QUOTES_BUILD,
// QUOTES_MINUTES, QUOTES_PANEL, QUOTES_ROM_FLOAT, and optionally QUOTES_SEED.
#include <pico/stdlib.h>
#if LIB_PICO_STDIO_USB
#include <pico/stdio_usb.h>
#endif

#include "app/appliance.h"
#include "port/pico/board.h"
#include "port/pico/weight_source.h"
#include "port/port.h"

enum { CONNECT_LIMIT_MS = 3000 }; // for a computer to find the board, and a program to open its port

static const struct ql_appliance_settings settings = {
    .build = QUOTES_BUILD,
#ifdef QUOTES_SEED
    .seeded = true,
    .seed = QUOTES_SEED,
#endif
    .sampling = {-1.0f, -1.0f, -1},
    .best = QUOTES_BEST,
    .interval_s = 60 * QUOTES_MINUTES,
    .checks_models = !QUOTES_ROM_FLOAT, // the ROM's float fails in any case
    .panel = QUOTES_PANEL,
    .show = ql_panel_show,
};

// This keeps the first lines from being lost.
static void wait_for_listener(void)
{
#if LIB_PICO_STDIO_USB
    for (int i = 0; i < CONNECT_LIMIT_MS && gpio_get(PICO_VBUS_PIN) && !stdio_usb_connected(); i++) {
        ql_port_wait_us(1000);
    }
#endif
}

int main(void)
{
    static struct ql_appliance appliance;

    ql_board_power_init();
    ql_board_init();
#if QUOTES_PLACED
    ql_weight_source_init();
#endif
    stdio_init_all();
    wait_for_listener();
    ql_appliance_init(&appliance, &settings);
    for (;;) {
        ql_appliance_step(&appliance);
    }
}
