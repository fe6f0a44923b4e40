// What the port's own files share.
// Uses: nothing.
#ifndef QL_PORT_PICO_BOARD_H
#define QL_PORT_PICO_BOARD_H

// Sets up the pins. Call it once, first.
void ql_board_init(void);

#endif
