// Command-line options: a table says which there are; one call reads argv by it, another writes the help.
// `--long-name value`, `--long-name=value`, `--long_name value`: all the same option.
// Uses: base/status.
#ifndef QL_BASE_OPTION_H
#define QL_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

enum ql_option_type {
    QL_OPTION_FLAG,   // bool: `--quiet`, also `--no-quiet`
    QL_OPTION_STRING, // const char *: points into argv
    QL_OPTION_INT,    // int, within [minimum, maximum]
    QL_OPTION_UINT32, // uint32_t, for seeds
    QL_OPTION_FLOAT,  // double, within [minimum, maximum]; finite
};

// One option. The target holds the default before the parse and the given value after it.
struct ql_option {
    // With underscores, as in files: "max_epochs". NULL ends the table; "" starts a group titled by `help`.
    const char *name;
    enum ql_option_type type;
    void *target;
    double minimum, maximum; // of numbers, inclusive; both 0 means no limit
    const char *value_name;  // in the help: "FILE", "N"
    const char *help;        // one line, lower case, says the default where it is not evident
    bool given;              // set by the parse
};

// A name as it is spelled in help and messages.
enum { QL_OPTION_NAME_BYTES = 64 };
struct ql_option_spelling {
    char text[QL_OPTION_NAME_BYTES];
};

// Return "max-epochs" of "max_epochs", cut at QL_OPTION_NAME_BYTES.
struct ql_option_spelling ql_option_spell(const char *name);

// Reads argv[1...]. What is not an option is collected in `operands` (at most `operand_limit`; a NULL list allows
// none). `--` ends the options. Errors: QL_ERROR_USAGE, naming the option and, for a misspelt one, the nearest name.
enum ql_status ql_option_read(struct ql_option *options, int argc, char **argv, const char **operands,
                              size_t operand_limit, size_t *operand_count, struct ql_error *error);

// The option of that name, or NULL.
struct ql_option *ql_option_find(struct ql_option *options, const char *name);

// Writes the table as help text, fit for 80 columns, with defaults from the targets. Empty strings, seeds of 0, and
// numbers outside their limits mean that there is no default.
void ql_option_write_help(const struct ql_option *options, FILE *stream);

// Reads "0.3,0.6,0.9" into values. Errors: QL_ERROR_USAGE for empty parts, other characters, more than `limit`.
enum ql_status ql_option_read_list(double *values, size_t limit, size_t *count, const char *text,
                                   const char *option_name, struct ql_error *error);

#endif
