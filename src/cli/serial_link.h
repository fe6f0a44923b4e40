// A serial connection to the console of a board: found by its USB identity or by name, and found again after it was
// unplugged.
// Uses: base/status; libserialport and POSIX's terminals are behind it.
#ifndef QL_CLI_SERIAL_LINK_H
#define QL_CLI_SERIAL_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct ql_serial_link {
    const char *wanted; // the port to open; NULL: that of the first Raspberry Pi Pico or Pico 2 on USB
    char name[256];     // of the port that is open
    int fd;             // -1: none is open; otherwise for poll
    bool was_open;      // at any time
};

void ql_serial_link_init(struct ql_serial_link *link, const char *wanted);

// Opens the port if it is there; otherwise link->fd stays -1, and the call is to be repeated after a while.
// Errors: QL_ERROR_SYSTEM when waiting would not help: the wanted port was never there, is not a terminal, or belongs
// to another user.
enum ql_status ql_serial_link_open(struct ql_serial_link *link, struct ql_error *error);

// Harmless on a closed link.
void ql_serial_link_close(struct ql_serial_link *link);

// Reads what has come, without waiting. Returns the number of bytes; 0: nothing; -1: the board is gone, and the link
// is closed.
int ql_serial_link_read(struct ql_serial_link *link, char *bytes, size_t limit);

// Sends all of it, and waits for a second at most. Returns false when the board did not take it; the link is closed then.
bool ql_serial_link_write(struct ql_serial_link *link, const char *bytes, size_t count);

#endif
