// The port of a desktop: see port/port.h. The console is standard input and output; jumpers are open, and there are no
// clicks and no watchdog. Uses: app/frame.h, POSIX, getentropy of Linux, macOS and the BSDs.
#include "terminal.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "app/frame.h"
#include "port/port.h"

static bool input_ended;

bool ql_terminal_input_ended(void)
{
    return input_ended;
}

// Reads a symbol of UTF-8; returns how many bytes it has, or 0 where there is none. Sequences that are longer than
// necessary, halves of pairs in UTF-16, and numbers beyond U+10FFFF are not UTF-8.
static int read_symbol(uint32_t *symbol, const unsigned char *bytes, int count)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned first = bytes[0];
    const int length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;

    *symbol = length < 2 ? first : first & (0x7fu >> length);
    for (int i = 1; i < length; i++) {
        if (i >= count || (bytes[i] & 0xc0u) != 0x80) {
            return 0;
        }
        *symbol = *symbol << 6 | (bytes[i] & 0x3fu);
    }
    const bool is_surrogate = *symbol >= 0xd800 && *symbol < 0xe000;
    return *symbol < least[length] || *symbol > 0x10ffff || is_surrogate ? 0 : length;
}

// Control characters, and what changes the order or the lines of the text around it: as in src/cli/terminal.c.
static bool steers(uint32_t symbol)
{
    return (symbol < 0x20 && symbol != '\n' && symbol != '\t') || (symbol >= 0x7f && symbol < 0xa0) ||
           symbol == 0x061c || (symbol >= 0x200e && symbol <= 0x200f) || (symbol >= 0x2028 && symbol <= 0x202e) ||
           (symbol >= 0x2066 && symbol <= 0x2069) || symbol == 0xfeff;
}

void ql_terminal_write(const char *bytes, int count)
{
    static int terminal = -1; // not known yet

    if (terminal < 0) {
        terminal = isatty(STDOUT_FILENO) == 1;
    }
    const bool visible = terminal == 1;
    for (int place = 0; place < count;) {
        uint32_t symbol;
        int length = visible ? read_symbol(&symbol, (const unsigned char *)bytes + place, count - place) : count;
        if (length == 0) { // no UTF-8
            (void)printf("\\x%02x", (unsigned char)bytes[place]);
            length = 1;
        } else if (visible && steers(symbol)) {
            (void)printf(symbol < 0x80 ? "\\x%02x" : "\\u%04x", (unsigned)symbol);
        } else {
            (void)fwrite(bytes + place, 1, (size_t)length, stdout);
        }
        place += length;
    }
}

void ql_port_console_write(const char *bytes, int count)
{
    ql_terminal_write(bytes, count);
    (void)fflush(stdout);
}

int ql_port_console_read(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    unsigned char byte;

    if (input_ended || poll(&input, 1, 0) <= 0) {
        return -1;
    }
    if (read(STDIN_FILENO, &byte, 1) != 1) {
        input_ended = true;
        return -1;
    }
    return byte;
}

bool ql_port_console_attached(void)
{
    return true;
}

static uint64_t monotonic_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t ql_port_time_us(void)
{
    static uint64_t start_us;

    start_us = start_us == 0 ? monotonic_us() : start_us;
    return monotonic_us() - start_us;
}

void ql_port_wait_us(uint32_t duration_us)
{
    const struct timespec duration = {duration_us / 1000000, duration_us % 1000000 * 1000};
    (void)nanosleep(&duration, NULL);
}

void ql_port_sleep_s(uint32_t duration_s)
{
    const struct timespec duration = {duration_s, 0};
    (void)nanosleep(&duration, NULL);
}

uint32_t ql_port_entropy(void)
{
    uint32_t word;

    if (getentropy(&word, sizeof word) != 0) {
        word = (uint32_t)time(NULL);
    }
    return word;
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

void ql_port_click(void)
{
}

bool ql_port_jumper_closed(enum ql_port_jumper jumper)
{
    (void)jumper;
    return false;
}

void ql_port_watchdog_feed(void)
{
}

uint32_t ql_port_watchdog_resets(void)
{
    return 0;
}

void ql_port_watchdog_forget(void)
{
}

void ql_port_watchdog_stretch(uint32_t duration_s)
{
    (void)duration_s;
}

static _Alignas(uint64_t) uint8_t frame[QL_FRAME_BYTES];

uint8_t *ql_port_frame_take(void)
{
    return frame;
}

void ql_port_frame_give(void)
{
}

int ql_port_battery_mv(void)
{
    return -1;
}

int ql_port_stack_used_bytes(bool is_second)
{
    (void)is_second;
    return -1;
}

void ql_port_bootsel(void)
{
    exit(EXIT_SUCCESS);
}
