// Reads the commands of the console: see command.h. Numbers are parsed by hand, in integers: a board does not need the
// libraries' general routines, and a fraction in millionths becomes the same float as on a desktop.
// Uses: app/page.h, panel/panel.h, string.h.
#include "command.h"

#include <stddef.h>
#include <string.h>

#include "page.h"
#include "panel/panel.h"

enum {
    LONGEST_NUMBER = 11,                    // "1000.000000"; as millionths it is far below 64 bits
    SLOWEST_PACE = QL_COMMAND_MILLION / 10, // a character in ten seconds; at less, nobody would see that it goes on
};

const struct ql_command_form ql_command_forms[QL_COMMAND_BOOTSEL + 1] = {
    [QL_COMMAND_NONE] = {"", "", "", 0, 0, false, false},
    [QL_COMMAND_HELP] = {"help", "", "lists the commands", 0, 0, false, false},
    [QL_COMMAND_NEXT] = {"next", "", "writes another page at once", 0, 0, false, false},
    [QL_COMMAND_SEED] = {"seed", "N", "writes the pages of this seed, 0 to 4294967295", 0, UINT32_MAX, false, false},
    [QL_COMMAND_TEMPERATURE] = {"temperature", "X|own", "low: typical; high: bold; 0 to 100", 0,
                                100 * QL_COMMAND_MILLION, true, true},
    [QL_COMMAND_TOP_P] = {"top_p", "X|own", "share of the likeliest symbols to draw from; 1 is all", 1,
                          QL_COMMAND_MILLION, true, true},
    [QL_COMMAND_TOP_K] = {"top_k", "N|own", "number of likeliest symbols to draw from; 0 is all", 0, 65535, false,
                          true},
    [QL_COMMAND_BEST] = {"best", "N", "candidates for a quote, of which the best is taken, 1 to 50", 1,
                         QL_PAGE_ATTEMPTS, false, false},
    [QL_COMMAND_PACE] = {"pace", "X", "characters a second at most, 0.1 to 1000; 0 is full speed", 0,
                         1000 * QL_COMMAND_MILLION, true, false},
    [QL_COMMAND_PANEL] = {"panel", "uc8176|ssd1683", "the controller of the panel", 0, 0, false, false},
    [QL_COMMAND_STATS] = {"stats", "", "speed, memory, battery", 0, 0, false, false},
    [QL_COMMAND_SELFTEST] = {"selftest", "", "computes what the build computed, and compares", 0, 0, false, false},
    [QL_COMMAND_BOOTSEL] = {"bootsel", "", "enters the boot loader, which accepts another image", 0, 0, false, false},
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static bool equals(const char *word, size_t bytes, const char *name)
{
    return strlen(name) == bytes && memcmp(word, name, bytes) == 0;
}

// Reads digits, and with `fraction` up to six more after a decimal point, as millionths. Returns false for anything
// else and for numbers outside the bounds.
static bool read_number(uint32_t *value, const char *word, size_t bytes, const struct ql_command_form *form)
{
    uint64_t number = 0;
    int decimals = -1; // none before the point

    if (bytes > LONGEST_NUMBER) {
        return false;
    }
    for (size_t i = 0; i < bytes; i++) {
        if (word[i] == '.' && form->fraction && decimals < 0 && i > 0 && i + 1 < bytes) {
            decimals = 0;
        } else if (word[i] < '0' || word[i] > '9' || decimals == 6) {
            return false;
        } else {
            number = 10 * number + (uint64_t)(word[i] - '0');
            decimals += decimals >= 0;
        }
    }
    for (int i = decimals < 0 ? 0 : decimals; form->fraction && i < 6; i++) {
        number *= 10;
    }
    *value = (uint32_t)number;
    return number >= form->low && number <= form->high;
}

static bool read_value(struct ql_command *command, const char *word, size_t bytes)
{
    const struct ql_command_form *form = &ql_command_forms[command->verb];

    command->own = form->own && equals(word, bytes, "own");
    if (command->own) {
        return true;
    }
    if (command->verb == QL_COMMAND_PANEL) {
        enum ql_panel_controller controller = QL_PANEL_UC8176;
        const bool found = ql_panel_find(&controller, word, bytes);
        command->value = controller;
        return found;
    }
    return read_number(&command->value, word, bytes, form) &&
           (command->verb != QL_COMMAND_PACE || command->value == 0 || command->value >= SLOWEST_PACE);
}

enum ql_command_result ql_command_read(struct ql_command *command, const char *line)
{
    const char *word, *value;

    *command = (struct ql_command){.verb = QL_COMMAND_NONE};
    for (word = line; is_space(*word); word++) {
    }
    for (value = word; *value != '\0' && !is_space(*value); value++) {
    }
    const size_t word_bytes = (size_t)(value - word);
    for (; is_space(*value); value++) {
    }
    size_t value_bytes = strlen(value);
    for (; value_bytes > 0 && is_space(value[value_bytes - 1]); value_bytes--) {
    }
    if (word_bytes == 0) {
        return QL_COMMAND_READ;
    }
    for (int verb = QL_COMMAND_HELP; verb <= QL_COMMAND_BOOTSEL; verb++) {
        if (equals(word, word_bytes, ql_command_forms[verb].name)) {
            command->verb = (enum ql_command_verb)verb;
            if (ql_command_forms[verb].use[0] == '\0') {
                return value_bytes == 0 ? QL_COMMAND_READ : QL_COMMAND_VALUE;
            }
            if (value_bytes == 0) {
                return QL_COMMAND_NO_VALUE;
            }
            return read_value(command, value, value_bytes) ? QL_COMMAND_READ : QL_COMMAND_VALUE;
        }
    }
    return QL_COMMAND_UNKNOWN;
}
