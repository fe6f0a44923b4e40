// Lines in, text out: see console.h. Numbers are formatted by hand, because printf is larger than everything else.
// Uses: port/port.h, string.h.
#include "console.h"

#include <string.h>

#include "port/port.h"

enum { NUMBER_BYTES = 24 };

enum ql_console_input ql_console_take(struct ql_console *console, uint8_t byte)
{
    if (console->line_complete) {
        console->line_complete = false;
        console->bytes = 0;
    }
    if (byte == '\n' || byte == '\r') {
        const bool too_long = console->too_long;
        console->line[console->bytes] = '\0';
        console->too_long = false;
        console->line_complete = true;
        return too_long ? QL_CONSOLE_TOO_LONG : QL_CONSOLE_LINE;
    }
    if (byte == '\b' || byte == 0x7f) {
        console->bytes -= console->bytes > 0;
    } else if (console->bytes == QL_CONSOLE_LINE_BYTES - 1) {
        console->too_long = true;
    } else {
        // A NUL would cut the line short, and could turn a wrong command into a valid one.
        console->line[console->bytes++] = byte == '\0' ? '\x01' : (char)byte;
    }
    return QL_CONSOLE_NOTHING;
}

static void write_bytes(struct ql_console *console, const char *text, size_t bytes)
{
    if (bytes > 0) {
        ql_port_console_write(text, (int)bytes);
        console->within_line = text[bytes - 1] != '\n';
    }
}

void ql_console_write(struct ql_console *console, const char *text)
{
    size_t bytes;

    for (; *text != '\0'; text += bytes) {
        if (*text == '=' && !console->within_line) {
            write_bytes(console, " ", 1);
        }
        bytes = strcspn(text, "\n");
        bytes += text[bytes] == '\n';
        write_bytes(console, text, bytes);
    }
}

void ql_console_begin(struct ql_console *console, const char *words)
{
    if (console->within_line) {
        ql_console_write(console, "\n");
    }
    write_bytes(console, "= ", 2);
    ql_console_write(console, words);
}

void ql_console_add(struct ql_console *console, const char *word)
{
    ql_console_write(console, " ");
    ql_console_write(console, word);
}

// Writes the digits backward from `end`, at least `digits` of them, and returns where they begin.
static char *write_digits(char *end, uint64_t number, int digits)
{
    while (number > 0 || digits > 0) {
        *--end = (char)('0' + number % 10);
        number /= 10;
        digits--;
    }
    return end;
}

void ql_console_add_number(struct ql_console *console, int64_t number)
{
    char text[NUMBER_BYTES] = "";
    char *start = write_digits(text + NUMBER_BYTES - 1, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, 1);

    if (number < 0) {
        *--start = '-';
    }
    ql_console_add(console, start);
}

void ql_console_add_millionths(struct ql_console *console, uint32_t millionths)
{
    char text[NUMBER_BYTES] = "";
    char *end = text + NUMBER_BYTES - 1;
    uint32_t fraction = millionths % 1000000;
    int digits = 6;

    for (; digits > 1 && fraction % 10 == 0; digits--) {
        fraction /= 10;
    }
    char *start = write_digits(end, fraction, digits);
    *--start = '.';
    ql_console_add(console, write_digits(start, millionths / 1000000, 1));
}

void ql_console_end(struct ql_console *console)
{
    ql_console_write(console, "\n");
}

void ql_console_say(struct ql_console *console, const char *words)
{
    ql_console_begin(console, words);
    ql_console_end(console);
}
