// Reads the commands of the console. Nothing in a line is trusted.
// Uses: panel/panel.h for the names of the controllers.
#ifndef QL_APP_COMMAND_H
#define QL_APP_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

enum ql_command_verb {
    QL_COMMAND_NONE, // an empty line
    QL_COMMAND_HELP,
    QL_COMMAND_NEXT,
    QL_COMMAND_SEED,
    QL_COMMAND_TEMPERATURE,
    QL_COMMAND_TOP_P,
    QL_COMMAND_TOP_K,
    QL_COMMAND_BEST,
    QL_COMMAND_PACE,
    QL_COMMAND_PANEL,
    QL_COMMAND_STATS,
    QL_COMMAND_SELFTEST,
    QL_COMMAND_BOOTSEL,
};

enum { QL_COMMAND_MILLION = 1000000 }; // the unit of what may be a fraction

struct ql_command {
    enum ql_command_verb verb;
    bool own;       // of temperature, top_p and top_k: each model's own, not `value`
    uint32_t value; // seed, top_k, best, and enum ql_panel_controller; the others in millionths
};

// The bounds of a command's value, for the reader and for its messages.
struct ql_command_form {
    const char *name; // as it is typed
    const char *use;  // what follows the name, for a person; "" for nothing
    const char *does; // what it does, for a person
    uint32_t low, high;
    bool fraction; // the value is in millionths
    bool own;      // "own" is a value too
};

// By verb. The first has no name.
extern const struct ql_command_form ql_command_forms[QL_COMMAND_BOOTSEL + 1];

enum ql_command_result {
    QL_COMMAND_READ,
    QL_COMMAND_UNKNOWN,  // there is no such command
    QL_COMMAND_NO_VALUE, // a value is missing
    QL_COMMAND_VALUE,    // the value is none that the command takes, or there should be none; its form says which
};

// Reads a line without its end. `command->verb` is right for all results but QL_COMMAND_UNKNOWN.
// line: NUL-terminated, any bytes.
enum ql_command_result ql_command_read(struct ql_command *command, const char *line);

#endif
