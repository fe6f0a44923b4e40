// The console: lines of a person or a program come in, text goes out.
// What a program may want to read is a line that begins with "= ", a key, and values. Uses: port/port.h.
#ifndef QL_APP_CONSOLE_H
#define QL_APP_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

enum { QL_CONSOLE_LINE_BYTES = 64 }; // with the NUL

struct ql_console {
    char line[QL_CONSOLE_LINE_BYTES];
    int bytes;
    bool too_long;      // the line that comes in; its rest is dropped
    bool line_complete; // `line` has been handed out; the next byte begins another
    bool within_line;   // of what goes out
};

enum ql_console_input { QL_CONSOLE_NOTHING, QL_CONSOLE_LINE, QL_CONSOLE_TOO_LONG };

// Takes a byte that came in. CR and LF end a line, backspace and DEL take the last byte back, and other bytes are part
// of the line as they are. QL_CONSOLE_LINE: `line` is complete, and valid until the next call.
enum ql_console_input ql_console_take(struct ql_console *console, uint8_t byte);

// Writes text as it is, except that a line that begins with "=" gets a space in front: a model may write anything.
void ql_console_write(struct ql_console *console, const char *text);

// Begins a line for programs: ends the one that is in hand, if any, and writes "= " and the words.
void ql_console_begin(struct ql_console *console, const char *words);
// A space and a value.
void ql_console_add(struct ql_console *console, const char *word);
void ql_console_add_number(struct ql_console *console, int64_t number);
void ql_console_add_millionths(struct ql_console *console, uint32_t millionths); // as a decimal fraction
void ql_console_end(struct ql_console *console);
// A whole line of this kind.
void ql_console_say(struct ql_console *console, const char *words);

#endif
