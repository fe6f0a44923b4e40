// What the application needs from the machine that it runs on: console, clock, panel wires, random numbers, sound,
// sleep. One port is linked into a program: port/pico is the board, port/host a process on a desktop.
// Uses: stdbool.h, stdint.h. Nothing here allocates; nothing is called from an interrupt.
#ifndef QL_PORT_PORT_H
#define QL_PORT_PORT_H

#include <stdbool.h>
#include <stdint.h>

// Console: bytes to and from a person or a program. Writing never blocks forever: bytes that nobody takes are dropped.
void ql_port_console_write(const char *bytes, int count);
int ql_port_console_read(void); // the next byte, 0 to 255, or -1 when none is there
// Returns whether somebody could be there. While this is true the board must not sleep deeply, because USB does not
// survive it.
bool ql_port_console_attached(void);

// Clock: microseconds since the start, never backwards; sleep counts.
uint64_t ql_port_time_us(void);
// Lets time pass with the processor asleep where it can be; the console stays alive and the watchdog fed.
void ql_port_wait_us(uint32_t duration_us);

// The panel: SPI bytes go out in order, most significant bit first; the call returns when the last bit is out.
enum ql_port_pin { QL_PORT_PANEL_SELECT, QL_PORT_PANEL_DATA, QL_PORT_PANEL_RESET };
void ql_port_pin_write(enum ql_port_pin pin, bool high);
void ql_port_panel_write(const uint8_t *bytes, int count);
bool ql_port_panel_busy_pin(void); // the level of BUSY, whatever the controller means by it

// Memory for a picture: QL_FRAME_BYTES of app/frame.h, aligned for any number, and of any content when it is taken.
// From `give` to the next `take` the port may use it for itself.
uint8_t *ql_port_frame_take(void);
void ql_port_frame_give(void);

// Random: 32 unpredictable bits, for the seed.
uint32_t ql_port_entropy(void);

// One click of the piezo, silent where jumper J1 is open.
void ql_port_click(void);

enum ql_port_jumper { QL_PORT_JUMPER_SOUND, QL_PORT_JUMPER_INTERVAL };
bool ql_port_jumper_closed(enum ql_port_jumper jumper);

// The deepest sleep that the board has; returns when the time is over, or when a host is plugged in. State in memory
// survives.
void ql_port_sleep_s(uint32_t duration_s);

// The watchdog resets a board whose application does not feed it for eight seconds.
void ql_port_watchdog_feed(void);
// Returns how many starts in a row the watchdog has caused, this one included; 0: something else has caused this one. The
// count survives a reset, and begins anew after `forget`.
uint32_t ql_port_watchdog_resets(void);
void ql_port_watchdog_forget(void);
// For a computation that cannot be interrupted to feed it: the board does so for that long, at most. 0 ends this.
void ql_port_watchdog_stretch(uint32_t duration_s);

int ql_port_battery_mv(void); // -1 where it cannot be measured
// The largest part of a processor's stack that was ever in use, in bytes: of the first, or the second. -1 where it
// cannot be measured, and for a second processor that does not compute.
int ql_port_stack_used_bytes(bool is_second);
_Noreturn void ql_port_bootsel(void); // starts the boot loader, or ends the process

#endif
