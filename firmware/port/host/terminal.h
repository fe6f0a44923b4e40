// The port of a desktop: a process with a terminal. It implements port/port.h, and says what only its main wants to
// know. Uses: stdbool.h.
#ifndef QL_PORT_HOST_TERMINAL_H
#define QL_PORT_HOST_TERMINAL_H

#include <stdbool.h>

// Writes a model's text to the standard output. Where that is a terminal, what would steer it is shown as text.
void ql_terminal_write(const char *bytes, int count);

// Returns whether the console's input has come to its end.
bool ql_terminal_input_ended(void);

#endif
