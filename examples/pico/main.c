// Prints an invented name every second, on the USB console of a Raspberry Pi Pico.
// Uses: the Pico SDK; names.h, which quillet_add_model makes.
#include <pico/stdio_usb.h>
#include <pico/stdlib.h>
#include <stdio.h>

#include "names.h"

int main(void)
{
    static struct names_state state;

    stdio_init_all();
    while (!stdio_usb_connected()) {
        sleep_ms(10);
    }
    if (names_check(&state) != 0) {
        printf("This board does not compute what the model computes.\n");
        return 1;
    }
    names_init(&state, 1);
    for (int token = NAMES_BEGIN;;) {
        token = names_next(&state, token);
        fputs(names_symbol(token), stdout);
        if (token == NAMES_BEGIN) {
            sleep_ms(1000);
        }
    }
}
