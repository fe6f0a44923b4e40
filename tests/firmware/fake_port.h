// A board for tests: time that passes when it is told to, a console on two strings, and what else a test sets or counts.
// Uses: port/port.h.
#ifndef QL_TESTS_FAKE_PORT_H
#define QL_TESTS_FAKE_PORT_H

#include <stdbool.h>
#include <stdint.h>

struct fake_port {
    // Set by the test:
    const char *input; // what has been typed and not yet read
    int input_bytes;
    bool attached, interval_closed;
    uint32_t entropy, watchdog_resets;
    uint64_t step_us; // that passes at every look at the clock
    // Counted for the test:
    char output[1 << 16]; // NUL-terminated; what is more is dropped
    int output_bytes;
    uint64_t now_us, fed_us, longest_hunger_us; // the watchdog's
    uint32_t slept_s, stretched_s;
    int clicks, sleeps;
};

extern struct fake_port fake_port;

// A board at its start, attached to a computer.
void fake_port_reset(void);

// Types a text, NUL-terminated; it replaces what was not read.
void fake_port_type(const char *text);

#endif
