// Prints text of other origin (from a model or a file, or a name) on a terminal. A terminal obeys control characters,
// and marks of direction change the order of the text, so both are shown as text: \x1b, \u009b, \u202e.
// Uses: base/status, corpus/vocabulary, jansson.
#ifndef QL_CLI_TERMINAL_H
#define QL_CLI_TERMINAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define QL_CLI_RAW_OPTION(target)                                                                   \
    {                                                                                               \
        "raw", QL_OPTION_FLAG, (target), 0, 0, NULL,                                                \
            "print control characters as they are, even on a terminal; see docs/security.md", false \
    }

// True when results must be made visible: stdout is a terminal, and nobody asked for control characters.
bool ql_cli_visible_wanted(bool raw);

// Writes bytes with all control characters, marks of direction and bytes that are not UTF-8 made visible. Newlines and
// tabs of a text stay; those of a name, in a line of ours, do not.
void ql_cli_write_visible_text(FILE *stream, const char *bytes, size_t size_bytes);
void ql_cli_write_visible_name(FILE *stream, const char *name);

// Prints a line on stderr: the format's own newlines at its end stay, everything else is as in a name.
void ql_cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

// The same as a path or another result on stdout, made visible where that is a terminal.
void ql_cli_print_name(const char *name);

// Prints JSON and a newline on stdout, with all but ASCII escaped where that is a terminal.
void ql_cli_print_json(const json_t *json, size_t flags);

// Prints a word for a shell: in single quotation marks where it needs them. Only for what is one line and visible
// already.
void ql_cli_write_shell_word(FILE *stream, const char *word);

#endif
