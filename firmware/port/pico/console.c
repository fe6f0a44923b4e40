// The console of the board: USB serial, or a UART where the build says so. See port/port.h.
// Uses: the Pico SDK's stdio, which drops output that nobody reads within half a second.
#include <hardware/gpio.h>
#include <pico/stdio.h>
#include <pico/stdlib.h>
#if LIB_PICO_STDIO_USB
#include <pico/stdio_usb.h>
#endif

#include "port/port.h"

// A terminal needs CR LF.
void ql_port_console_write(const char *bytes, int count)
{
    (void)stdio_put_string(bytes, count, false, true);
}

int ql_port_console_read(void)
{
    const int byte = stdio_getchar_timeout_us(0);
    return byte < 0 ? -1 : byte;
}

bool ql_port_console_attached(void)
{
#if LIB_PICO_STDIO_USB
    return gpio_get(PICO_VBUS_PIN) || stdio_usb_connected();
#else
    return true; // the UART cannot tell
#endif
}
