// The console of the board: USB serial, or a UART where the build says so. See port/port.h.
// Uses: the Pico SDK's stdio, which drops what nobody takes within half a second.
#include <pico/stdio.h>
#include <pico/stdlib.h>

#include "port/port.h"

void ql_port_console_write(const char *bytes, int count)
{
    (void)stdio_put_string(bytes, count, false, false);
}

int ql_port_console_read(void)
{
    const int byte = stdio_getchar_timeout_us(0);
    return byte < 0 ? -1 : byte;
}
