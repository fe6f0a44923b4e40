// The firmware's start on a Pico.
// Uses: the Pico SDK, port/port.h.
#include <pico/stdlib.h>
#include <string.h>

#include "app/models.h"
#include "port/pico/board.h"
#include "port/port.h"

static void put(const char *text)
{
    ql_port_console_write(text, (int)strlen(text));
}

int main(void)
{
    struct ql_models models;
    char line[64];
    int size = 0;
    const struct ql_sampling sampling = {-1.0f, -1.0f, -1};

    ql_board_init();
    stdio_init_all();
    ql_models_init(&models, &sampling, 1, 2);
    for (;;) {
        int byte = ql_port_console_read();
        if (byte < 0) {
            ql_port_wait_us(1000);
        } else if (byte == '\n' || byte == '\r') {
            line[size] = '\0';
            size = 0;
            if (strcmp(line, "next") == 0) {
                models.quotes.reset(models.quotes.model);
                int token = models.quotes.newline;
                while ((token = models.quotes.next(models.quotes.model, token)) != models.quotes.newline) {
                    put(models.quotes.symbol(token));
                }
                put("\r\n= page done\r\n");
            } else if (line[0] != '\0') {
                put("= error unknown command ");
                put(line);
                put("\r\n");
            }
        } else if (size < (int)sizeof line - 1) {
            line[size++] = (char)byte;
        }
    }
}
