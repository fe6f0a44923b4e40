// The board's clock, pins, panel wires, chance, sound and jumpers: see port/port.h.
// Uses: the Pico SDK, firmware/boards.
#include <hardware/adc.h>
#include <hardware/gpio.h>
#include <hardware/pwm.h>
#include <hardware/spi.h>
#include <hardware/structs/rosc.h>
#include <hardware/watchdog.h>
#include <pico/bootrom.h>
#include <pico/time.h>

#include "boards/pico_epaper_4in2.h"
#include "port/pico/board.h"
#include "port/port.h"

enum {
    CLICK_HZ = 3000,
    CLICK_CYCLES = 6,
    WAIT_SLICE_US = 1000000,
};

static const uint8_t panel_pins[] = {
    [QL_PORT_PANEL_SELECT] = QL_BOARD_PANEL_SELECT,
    [QL_PORT_PANEL_DATA] = QL_BOARD_PANEL_DATA,
    [QL_PORT_PANEL_RESET] = QL_BOARD_PANEL_RESET,
};

static void init_output(uint pin, bool level)
{
    gpio_init(pin);
    gpio_put(pin, level);
    gpio_set_dir(pin, GPIO_OUT);
}

void ql_board_init(void)
{
    spi_init(SPI_INSTANCE(QL_BOARD_PANEL_SPI), QL_BOARD_PANEL_HZ);
    gpio_set_function(QL_BOARD_PANEL_CLOCK, GPIO_FUNC_SPI);
    gpio_set_function(QL_BOARD_PANEL_DIN, GPIO_FUNC_SPI);
    init_output(QL_BOARD_PANEL_SELECT, true);
    init_output(QL_BOARD_PANEL_DATA, false);
    init_output(QL_BOARD_PANEL_RESET, true);
    gpio_init(QL_BOARD_PANEL_BUSY);
    gpio_init(QL_BOARD_JUMPER_SOUND);
    gpio_pull_up(QL_BOARD_JUMPER_SOUND);
    gpio_init(QL_BOARD_JUMPER_INTERVAL);
    gpio_pull_up(QL_BOARD_JUMPER_INTERVAL);
}

uint64_t ql_port_time_us(void)
{
    return time_us_64();
}

void ql_port_wait_us(uint32_t duration_us)
{
    while (duration_us > 0) {
        const uint32_t slice = duration_us < WAIT_SLICE_US ? duration_us : WAIT_SLICE_US;
        ql_port_watchdog_feed();
        sleep_us(slice);
        duration_us -= slice;
    }
}

void ql_port_pin_write(enum ql_port_pin pin, bool high)
{
    gpio_put(panel_pins[pin], high);
}

void ql_port_panel_write(const uint8_t *bytes, int count)
{
    (void)spi_write_blocking(SPI_INSTANCE(QL_BOARD_PANEL_SPI), bytes, (size_t)count);
}

bool ql_port_panel_busy_pin(void)
{
    return gpio_get(QL_BOARD_PANEL_BUSY);
}

uint32_t ql_port_entropy(void)
{
    uint32_t bits = (uint32_t)time_us_64();

    // One bit of the oscillator says little, for neighbours are alike; many bits, mixed, say enough.
    for (int i = 0; i < 256; i++) {
        bits = (bits << 1 | bits >> 31) ^ (rosc_hw->randombit & 1u);
        bits *= 0x9e3779b1u;
        busy_wait_us(1);
    }
    return bits ^ bits >> 16;
}

void ql_port_click(void)
{
}

bool ql_port_jumper_closed(enum ql_port_jumper jumper)
{
    return !gpio_get(jumper == QL_PORT_JUMPER_SOUND ? QL_BOARD_JUMPER_SOUND : QL_BOARD_JUMPER_INTERVAL);
}

void ql_port_bootsel(void)
{
    reset_usb_boot(0, 0);
    for (;;) {
        tight_loop_contents();
    }
}
