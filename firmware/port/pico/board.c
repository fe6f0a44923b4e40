// The board's clock, pins, panel wires, randomness, sound, and jumpers: see port/port.h.
// Uses: the Pico SDK, firmware/boards, app/frame.h, weight_source.h.
#include <hardware/clocks.h>
#include <hardware/gpio.h>
#include <hardware/pwm.h>
#include <hardware/spi.h>
#include <hardware/structs/rosc.h>
#include <pico/bootrom.h>
#include <pico/time.h>

#include "app/frame.h"
#include "boards/pico_epaper_4in2.h"
#include "port/pico/board.h"
#include "port/pico/weight_source.h"
#include "port/port.h"

enum {
    CLICK_TICKS = 500, // per period, at one tick per microsecond: 2 kHz, at which a small piezo is loud
    CLICK_US = 3000,
    ENTROPY_BITS = 512,      // from the ring oscillator, for a 32-bit word; it is not known how random each bit is
    WAIT_SLICE_US = 1000000, // a fraction of the watchdog's timeout
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
    gpio_init(QL_BOARD_JUMPER_INTERVAL);
    init_output(QL_BOARD_PIEZO, false);
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
    uint32_t word = (uint32_t)time_us_64();

    for (int i = 0; i < ENTROPY_BITS; i++) {
        // Multiplying by an odd number loses nothing, and spreads each bit over those above it.
        word = ((word << 1 | word >> 31) ^ (rosc_hw->randombit & 1u)) * UINT32_C(0x9e3779b1);
        busy_wait_us(1); // consecutive bits are similar
    }
    return word ^ word >> 16;
}

#if QUOTES_PLACED
// Weights are there while a model computes.
uint8_t *ql_port_frame_take(void)
{
    return ql_weight_source_frame_take();
}

void ql_port_frame_give(void)
{
    ql_weight_source_frame_give();
}
#else
uint8_t *ql_port_frame_take(void)
{
    static _Alignas(uint64_t) uint8_t frame[QL_FRAME_BYTES];

    return frame;
}

void ql_port_frame_give(void)
{
}
#endif

void ql_port_click(void)
{
    if (!ql_port_jumper_closed(QL_PORT_JUMPER_SOUND)) {
        return;
    }
    const uint slice = pwm_gpio_to_slice_num(QL_BOARD_PIEZO);
    pwm_config config = pwm_get_default_config();

    pwm_config_set_clkdiv_int(&config, clock_get_hz(clk_sys) / 1000000);
    pwm_config_set_wrap(&config, CLICK_TICKS - 1);
    pwm_init(slice, &config, true);
    pwm_set_gpio_level(QL_BOARD_PIEZO, CLICK_TICKS / 2);
    gpio_set_function(QL_BOARD_PIEZO, GPIO_FUNC_PWM);
    ql_port_wait_us(CLICK_US);
    gpio_set_function(QL_BOARD_PIEZO, GPIO_FUNC_SIO);
    pwm_set_enabled(slice, false);
}

// A closed jumper leads to ground. The pull-up is on only while the pin is read: otherwise it would drain the battery
// all night, and so would a floating pin.
bool ql_port_jumper_closed(enum ql_port_jumper jumper)
{
    const uint pin = jumper == QL_PORT_JUMPER_SOUND ? QL_BOARD_JUMPER_SOUND : QL_BOARD_JUMPER_INTERVAL;

    gpio_pull_up(pin);
    busy_wait_us(10);
    const bool closed = !gpio_get(pin);
    gpio_pull_down(pin);
    return closed;
}

void ql_port_bootsel(void)
{
    reset_usb_boot(0, 0);
    for (;;) {
        tight_loop_contents();
    }
}
