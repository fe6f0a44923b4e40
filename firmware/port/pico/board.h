// Functions that only the port's own files use.
// Uses: nothing.
#ifndef QL_PORT_PICO_BOARD_H
#define QL_PORT_PICO_BOARD_H

// Paints the stack, to find out later how much of it was used, and starts the watchdog. Call it once, first.
void ql_board_power_init(void);

// Sets up the pins. Call it once.
void ql_board_init(void);

#endif
