// A board for tests: see fake_port.h.
// Uses: app/frame.h, port/port.h, the C library.
#include "fake_port.h"

#include <stdlib.h>
#include <string.h>

#include "app/frame.h"
#include "port/port.h"

struct fake_port fake_port;

void fake_port_reset(void)
{
    memset(&fake_port, 0, sizeof fake_port);
    fake_port.attached = true;
    fake_port.entropy = 77;
}

void fake_port_type(const char *text)
{
    fake_port.input = text;
    fake_port.input_bytes = (int)strlen(text);
}

void ql_port_console_write(const char *bytes, int count)
{
    for (int i = 0; i < count && fake_port.output_bytes < (int)sizeof fake_port.output - 1; i++) {
        fake_port.output[fake_port.output_bytes++] = bytes[i];
    }
}

int ql_port_console_read(void)
{
    if (fake_port.input_bytes == 0) {
        return -1;
    }
    fake_port.input_bytes--;
    return (unsigned char)*fake_port.input++;
}

bool ql_port_console_attached(void)
{
    return fake_port.attached;
}

uint64_t ql_port_time_us(void)
{
    fake_port.now_us += fake_port.step_us;
    return fake_port.now_us;
}

void ql_port_watchdog_feed(void)
{
    const uint64_t hunger_us = fake_port.now_us - fake_port.fed_us;

    fake_port.longest_hunger_us = hunger_us > fake_port.longest_hunger_us ? hunger_us : fake_port.longest_hunger_us;
    fake_port.fed_us = fake_port.now_us;
}

void ql_port_wait_us(uint32_t duration_us)
{
    fake_port.now_us += duration_us;
    ql_port_watchdog_feed();
}

void ql_port_sleep_s(uint32_t duration_s)
{
    fake_port.now_us += duration_s * UINT64_C(1000000);
    fake_port.fed_us = fake_port.now_us;
    fake_port.slept_s += duration_s;
    fake_port.sleeps++;
}

uint32_t ql_port_watchdog_resets(void)
{
    return fake_port.watchdog_resets;
}

void ql_port_watchdog_forget(void)
{
    fake_port.watchdog_resets = 0;
}

void ql_port_watchdog_stretch(uint32_t duration_s)
{
    fake_port.stretched_s = duration_s;
}

uint32_t ql_port_entropy(void)
{
    return fake_port.entropy;
}

void ql_port_click(void)
{
    fake_port.clicks++;
}

bool ql_port_jumper_closed(enum ql_port_jumper jumper)
{
    return jumper == QL_PORT_JUMPER_INTERVAL && fake_port.interval_closed;
}

void ql_port_pin_write(enum ql_port_pin pin, bool high)
{
    (void)pin;
    (void)high;
}

void ql_port_panel_write(const uint8_t *bytes, int count)
{
    (void)bytes;
    (void)count;
}

bool ql_port_panel_busy_pin(void)
{
    return false;
}

// The previous content of the frame is lost.
uint8_t *ql_port_frame_take(void)
{
    static _Alignas(uint64_t) uint8_t frame[QL_FRAME_BYTES];

    memset(frame, 0xa5, sizeof frame);
    return frame;
}

void ql_port_frame_give(void)
{
}

int ql_port_battery_mv(void)
{
    return 4500;
}

int ql_port_stack_used_bytes(bool is_second)
{
    return is_second ? 567 : 1234;
}

void ql_port_bootsel(void)
{
    exit(EXIT_SUCCESS);
}
