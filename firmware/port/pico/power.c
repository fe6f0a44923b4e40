// Time, sleep, watchdog, battery and stack of the board: see port/port.h.
// Uses: the Pico SDK, board.h, weight_source.h. How the RP2040 sleeps is described at sleep_until_alarm.
#include <hardware/adc.h>
#include <hardware/clocks.h>
#include <hardware/gpio.h>
#include <hardware/pll.h>
#include <hardware/structs/rosc.h>
#include <hardware/sync.h>
#include <hardware/watchdog.h>
#include <pico/runtime_init.h>
#include <pico/stdio.h>
#include <pico/time.h>
#if PICO_RP2040
#include <hardware/rtc.h>
#include <hardware/structs/nvic.h>
#endif

#include "port/pico/board.h"
#include "port/pico/weight_source.h"
#include "port/port.h"

enum {
    WATCHDOG_MS = 8000, // the RP2040's watchdog can count to little more
    WATCHDOG_COUNT = 0, // the scratch register that counts its resets; the boot ROM has those from 4 on
    ADC_SAMPLES = 16,
    ADC_STEPS = 4096,
    ADC_FULL_MV = 3300,
    VSYS_DIVISOR = 3, // resistors on the board
    STACK_PAINT = 0x5aa55aa5,
    STACK_MARGIN_WORDS = 64, // for the function that fills the stack with a pattern
};

extern uint32_t __scratch_x_end__[], __StackTop[]; // from the SDK's linker script

// The first processor has all of the two scratch memories that the second one leaves: 5,376 of 8,192 bytes if the
// second one computes.
static uint32_t *stack_bottom(void)
{
#if QUOTES_PLACED
    return ql_weight_source_stack_end();
#else
    return __scratch_x_end__;
#endif
}

static uint64_t slept_us; // while the timer was stopped

uint64_t ql_port_time_us(void)
{
    return time_us_64() + slept_us;
}

void ql_board_power_init(void)
{
    const uint32_t *in_use = __builtin_frame_address(0);

    for (uint32_t *word = stack_bottom(); word < in_use - STACK_MARGIN_WORDS; word++) {
        *word = STACK_PAINT;
    }
    gpio_init(PICO_VBUS_PIN);
    // Before the watchdog is enabled, which leaves the sign by which the SDK tells its resets from the boot loader's.
    watchdog_hw->scratch[WATCHDOG_COUNT] =
        watchdog_enable_caused_reboot() ? watchdog_hw->scratch[WATCHDOG_COUNT] + 1 : 0;
    watchdog_enable(WATCHDOG_MS, true);
}

int ql_port_stack_used_bytes(bool is_second)
{
    const uint32_t *word = stack_bottom();

    if (is_second) {
#if QUOTES_PLACED
        return ql_weight_source_stack_used_bytes();
#else
        return -1;
#endif
    }

    while (word < __StackTop && *word == STACK_PAINT) {
        word++;
    }
    return (int)((__StackTop - word) * sizeof *word);
}

void ql_port_watchdog_feed(void)
{
    watchdog_update();
}

uint32_t ql_port_watchdog_resets(void)
{
    return watchdog_hw->scratch[WATCHDOG_COUNT];
}

void ql_port_watchdog_forget(void)
{
    watchdog_hw->scratch[WATCHDOG_COUNT] = 0;
}

static volatile uint32_t feeds_left;

static bool feed(repeating_timer_t *timer)
{
    (void)timer;
    watchdog_update();
    return --feeds_left > 0;
}

void ql_port_watchdog_stretch(uint32_t duration_s)
{
    static repeating_timer_t timer;

    (void)cancel_repeating_timer(&timer);
    watchdog_update();
    feeds_left = duration_s;
    if (duration_s > 0) {
        (void)add_repeating_timer_ms(1000, feed, NULL, &timer);
    }
}

int ql_port_battery_mv(void)
{
    uint32_t sum = 0;

    adc_init();
    adc_gpio_init(PICO_VSYS_PIN);
    adc_select_input(PICO_VSYS_PIN - ADC_BASE_PIN);
    for (int i = 0; i < ADC_SAMPLES; i++) {
        sum += adc_read();
    }
    hw_clear_bits(&adc_hw->cs, ADC_CS_EN_BITS);
    return (int)(sum * ADC_FULL_MV * VSYS_DIVISOR / (ADC_SAMPLES * ADC_STEPS));
}

#if PICO_RP2040

// The real-time clock starts from this date, a Monday, at each sleep.
static const datetime_t beginning = {.year = 2024, .month = 1, .day = 1, .dotw = 1};

enum {
    DAY_S = 86400,
    SLEEP_LIMIT_S = 28 * DAY_S, // within a month, so that only the day counts
    RTC_HZ = 46875,             // a divisor of the crystal's 12 MHz
    ROSC_HZ = 6500000,          // approximately; no timing depends on it
};

static volatile bool alarm_has_come;

static void take_alarm(void)
{
    alarm_has_come = true;
}

static datetime_t datetime_after(uint32_t seconds)
{
    datetime_t time = beginning;

    time.day = (int8_t)(1 + seconds / DAY_S);
    time.dotw = (int8_t)((1 + seconds / DAY_S) % 7);
    time.hour = (int8_t)(seconds % DAY_S / 3600);
    time.min = (int8_t)(seconds % 3600 / 60);
    time.sec = (int8_t)(seconds % 60);
    return time;
}

static uint32_t seconds_since_beginning(void)
{
    datetime_t time = beginning;

    (void)rtc_get_datetime(&time);
    return (uint32_t)(time.day - 1) * DAY_S + (uint32_t)time.hour * 3600 + (uint32_t)time.min * 60 + (uint32_t)time.sec;
}

// The crystal keeps running, for the real-time clock; everything else runs from the ring oscillator, which is about to
// stop.
static void slow_down(void)
{
    clock_configure_int_divider(clk_rtc, 0, CLOCKS_CLK_RTC_CTRL_AUXSRC_VALUE_XOSC_CLKSRC, XOSC_HZ, XOSC_HZ / RTC_HZ);
    clock_configure_undivided(clk_ref, CLOCKS_CLK_REF_CTRL_SRC_VALUE_ROSC_CLKSRC_PH, 0, ROSC_HZ);
    clock_configure_undivided(clk_sys, CLOCKS_CLK_SYS_CTRL_SRC_VALUE_CLK_REF, 0, ROSC_HZ);
    clock_stop(clk_usb);
    clock_stop(clk_adc);
    clock_configure_undivided(clk_peri, 0, CLOCKS_CLK_PERI_CTRL_AUXSRC_VALUE_CLK_SYS, ROSC_HZ);
    pll_deinit(pll_sys);
    pll_deinit(pll_usb);
}

// The ring oscillator stops itself, and with it the processor, the memories and the timer. The real-time clock's alarm
// starts it again, and so does USB power. If it starts for another reason, or does not stop at all, the processor waits
// for an interrupt as usual. Interrupts are off from the check of the alarm to the end of the wait, so that the alarm's
// cannot come in between, after which nothing would end the sleep; a pending one ends the wait anyway.
static void sleep_until_alarm(void)
{
    bool has_slept;

    do {
        const uint32_t state = save_and_disable_interrupts();
        has_slept = !alarm_has_come && !gpio_get(PICO_VBUS_PIN);
        if (has_slept) {
            rosc_hw->dormant = ROSC_DORMANT_VALUE_DORMANT;
            while ((rosc_hw->status & ROSC_STATUS_STABLE_BITS) == 0) {
                tight_loop_contents();
            }
            if (!gpio_get(PICO_VBUS_PIN)) {
                __wfi();
            }
        }
        restore_interrupts(state);
    } while (has_slept);
}

void ql_port_sleep_s(uint32_t duration_s)
{
    const uint64_t timer_us = time_us_64();

    if (ql_port_console_attached() || duration_s == 0) {
        return;
    }
    stdio_flush();
    slow_down();
    const uint32_t interrupts = nvic_hw->iser;
    nvic_hw->icer = ~0u;
    gpio_set_dormant_irq_enabled(PICO_VBUS_PIN, GPIO_IRQ_LEVEL_HIGH, true);
    alarm_has_come = false;
    rtc_init();
    (void)rtc_set_datetime(&beginning);
    const datetime_t alarm = datetime_after(duration_s < SLEEP_LIMIT_S ? duration_s : SLEEP_LIMIT_S - 1);
    rtc_set_alarm(&alarm, take_alarm);

    // The clocks start again below, and the SDK waits for the crystal and the PLLs without a limit. The watchdog must be
    // on by then, so it is off only during the sleep itself. Until the crystal is back it counts the ring oscillator,
    // which is slower (1.8 to 12 MHz): its time only gets longer.
    watchdog_disable();
    sleep_until_alarm();
    watchdog_enable(WATCHDOG_MS, true);

    const uint64_t duration_us = (uint64_t)seconds_since_beginning() * 1000000;
    rtc_disable_alarm();
    gpio_set_dormant_irq_enabled(PICO_VBUS_PIN, GPIO_IRQ_LEVEL_HIGH, false);
    clocks_init();
    nvic_hw->iser = interrupts;
    const uint64_t counted_us = time_us_64() - timer_us;
    slept_us += duration_us > counted_us ? duration_us - counted_us : 0;
    watchdog_update();
}

#else

// The RP2350 has another clock and other ways to sleep; on its board, only the processor sleeps while it waits.
void ql_port_sleep_s(uint32_t duration_s)
{
    const uint64_t end_us = ql_port_time_us() + (uint64_t)duration_s * 1000000;

    while (ql_port_time_us() < end_us && !ql_port_console_attached()) {
        ql_port_wait_us(100000);
    }
}

#endif
