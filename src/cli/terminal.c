// Foreign text on a terminal: see terminal.h.
// Uses: base/memory_stream.
#include "cli/terminal.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory_stream.h"
#include "corpus/vocabulary.h"

bool ql_cli_visible_wanted(bool raw)
{
    return !raw && isatty(STDOUT_FILENO) == 1;
}

// Control characters, and characters that change the order or the lines of the text around them.
static bool steers(uint32_t symbol)
{
    return symbol < 0x20 || (symbol >= 0x7f && symbol < 0xa0) || symbol == 0x061c ||
           (symbol >= 0x200e && symbol <= 0x200f) || (symbol >= 0x2028 && symbol <= 0x202e) ||
           (symbol >= 0x2066 && symbol <= 0x2069) || symbol == 0xfeff;
}

static void write_visible(FILE *stream, const char *bytes, size_t size_bytes, bool is_text)
{
    for (size_t place = 0; place < size_bytes;) {
        const unsigned char *here = (const unsigned char *)bytes + place;
        uint32_t symbol;
        size_t length = ql_utf8_decode(&symbol, here, size_bytes - place);

        if (length == 0) { // not UTF-8: some terminals treat such a byte as a control character
            (void)fprintf(stream, "\\x%02x", *here);
            length = 1;
        } else if (is_text && (symbol == '\n' || symbol == '\t' ||
                               (symbol == '\r' && place + 1 < size_bytes && here[1] == '\n'))) {
            (void)fputc((int)symbol, stream);
        } else if (steers(symbol)) {
            (void)fprintf(stream, symbol < 0x80 ? "\\x%02x" : "\\u%04x", (unsigned)symbol);
        } else {
            (void)fwrite(here, 1, length, stream);
        }
        place += length;
    }
}

void ql_cli_write_visible_text(FILE *stream, const char *bytes, size_t size_bytes)
{
    write_visible(stream, bytes, size_bytes, true);
}

void ql_cli_write_visible_name(FILE *stream, const char *name)
{
    write_visible(stream, name, strlen(name), false);
}

void ql_cli_note(const char *format, ...)
{
    va_list arguments;
    struct ql_memory_stream memory;
    size_t ends = 0;

    if (!ql_memory_stream_open(&memory)) {
        return;
    }
    va_start(arguments, format);
    (void)vfprintf(memory.stream, format, arguments);
    va_end(arguments);
    char *line = ql_memory_stream_close(&memory);
    if (line == NULL) {
        return;
    }
    const size_t size = memory.size;
    for (const size_t own = strlen(format); ends < size && ends < own && format[own - 1 - ends] == '\n'; ends++) {
    }
    write_visible(stderr, line, size - ends, false);
    for (; ends > 0; ends--) {
        (void)fputc('\n', stderr);
    }
    free(line);
}

void ql_cli_print_name(const char *name)
{
    if (ql_cli_visible_wanted(false)) {
        ql_cli_write_visible_name(stdout, name);
    } else {
        (void)fputs(name, stdout);
    }
}

void ql_cli_print_json(const json_t *json, size_t flags)
{
    (void)json_dumpf(json, stdout, flags | (ql_cli_visible_wanted(false) ? JSON_ENSURE_ASCII : 0));
    (void)putchar('\n');
}

void ql_cli_write_shell_word(FILE *stream, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,=:+@%";

    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        (void)fputs(word, stream);
        return;
    }
    (void)fputc('\'', stream);
    for (; *word != '\0'; word++) {
        (void)fputs(*word == '\'' ? "'\\''" : (char[]){*word, '\0'}, stream);
    }
    (void)fputc('\'', stream);
}
