// Connects the streams of the C library to the USB serial port, before main, which does not know about a Pico.
// Uses: the Pico SDK.
#include <pico/stdlib.h>

__attribute__((constructor)) static void connect_streams(void)
{
    (void)stdio_init_all();
}
