// The wires between board and panel: commands with their data, the reset line, and BUSY. Both controllers share them.
// Uses: stdbool.h, stdint.h; port/port.h is behind it.
//
// SPI in mode 0, 8 bits, most significant bit first, at most 10 MHz (the UC8176's limit; the SSD1683 takes 20). SELECT is
// low from a command's byte to the last byte of its data. DATA is low for the command and high for its data.
#ifndef QL_PANEL_WIRES_H
#define QL_PANEL_WIRES_H

#include <stdbool.h>
#include <stdint.h>

// A pulse on the reset line, longer than either sheet asks for, and a rest after it. It also ends deep sleep.
void ql_wires_reset(void);

// A command and its data; count may be 0.
void ql_wires_write(uint8_t command, const uint8_t *data, int count);

// A command and `count` times the same byte, at least once.
void ql_wires_write_constant(uint8_t command, uint8_t byte, int count);

// A list of commands: each is its code, the number of its data bytes, and these. size: bytes of the list.
void ql_wires_write_list(const uint8_t *list, int size);

// Waits until BUSY leaves the level that means "working". Returns false after a timeout.
bool ql_wires_wait(bool busy_level, uint32_t timeout_ms);

// Waits for a refresh that was just begun: BUSY must also take that level within 100 ms. Without a panel the pin stays at
// one level, which may be that of a panel that is ready. Returns false after either timeout.
bool ql_wires_wait_refresh(bool busy_level, uint32_t timeout_ms);

#endif
