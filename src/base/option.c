// Command-line options: see option.h. One pass over argv; a name is looked up with '-' read as '_'.
#include "base/option.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HELP_COLUMN = 28, HELP_WIDTH = 80 };

static bool option_is_end(const struct ql_option *option)
{
    return option->name == NULL;
}

static bool option_is_group(const struct ql_option *option)
{
    return option->name != NULL && option->name[0] == '\0';
}

struct ql_option *ql_option_find(struct ql_option *options, const char *name)
{
    for (struct ql_option *option = options; !option_is_end(option); option++) {
        if (!option_is_group(option) && strcmp(option->name, name) == 0) {
            return option;
        }
    }
    return NULL;
}

// Levenshtein distance, computed with one row; both words are shorter than QL_OPTION_NAME_BYTES.
static size_t option_name_distance(const char *left, const char *right)
{
    size_t row[QL_OPTION_NAME_BYTES + 1];
    size_t right_length = strlen(right);

    for (size_t j = 0; j <= right_length; j++) {
        row[j] = j;
    }
    for (size_t i = 0; left[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < right_length; j++) {
            size_t changed = diagonal + (left[i] != right[j]);
            diagonal = row[j + 1];
            size_t longer = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            row[j + 1] = changed < longer ? changed : longer;
        }
    }
    return row[right_length];
}

struct ql_option_spelling ql_option_spell(const char *name)
{
    struct ql_option_spelling spelling = {{0}};

    for (size_t i = 0; name[i] != '\0' && i + 1 < sizeof spelling.text; i++) {
        spelling.text[i] = (char)(name[i] == '_' ? '-' : name[i]);
    }
    return spelling;
}

// `name` is looked up, `given` is what was typed, without its dashes.
static enum ql_status option_unknown(const struct ql_option *options, const char *name, const char *given,
                                     struct ql_error *error)
{
    const char *nearest = NULL;
    size_t nearest_distance = (strlen(name) + 1) / 2; // a name this different is not a misspelling

    nearest_distance = nearest_distance < 4 ? nearest_distance : 4;

    for (const struct ql_option *option = options; !option_is_end(option); option++) {
        size_t distance = option_name_distance(name, option->name);
        if (!option_is_group(option) && distance < nearest_distance) {
            nearest = option->name;
            nearest_distance = distance;
        }
    }
    if (nearest != NULL) {
        return ql_error_write(error, QL_ERROR_USAGE, "there is no option --%.*s; did you mean --%s?",
                              (int)strcspn(given, "="), given, ql_option_spell(nearest).text);
    }
    return ql_error_write(error, QL_ERROR_USAGE, "there is no option --%.*s; --help lists the options",
                          (int)strcspn(given, "="), given);
}

static bool option_is_limited(const struct ql_option *option)
{
    return option->minimum != 0 || option->maximum != 0;
}

static enum ql_status option_out_of_range(const struct ql_option *option, const char *text, struct ql_error *error)
{
    if (!option_is_limited(option)) {
        return ql_error_write(error, QL_ERROR_USAGE, "--%s %s: is too large", ql_option_spell(option->name).text, text);
    }
    return ql_error_write(error, QL_ERROR_USAGE, "--%s %s: must be from %.10g to %.10g",
                          ql_option_spell(option->name).text, text, option->minimum, option->maximum);
}

static enum ql_status option_read_number(struct ql_option *option, const char *text, struct ql_error *error)
{
    char *end = NULL;
    bool limited = option_is_limited(option);

    errno = 0;
    if (option->type == QL_OPTION_FLOAT) {
        double value = strtod(text, &end);
        if (end == text || *end != '\0' || !isfinite(value)) {
            return ql_error_write(error, QL_ERROR_USAGE, "--%s %s: is not a number", ql_option_spell(option->name).text,
                                  text);
        }
        if (limited && (value < option->minimum || value > option->maximum)) {
            return option_out_of_range(option, text, error);
        }
        *(double *)option->target = value;
        return QL_OK;
    }
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0') {
        return ql_error_write(error, QL_ERROR_USAGE, "--%s %s: is not a whole number",
                              ql_option_spell(option->name).text, text);
    }
    if (option->type == QL_OPTION_UINT32) {
        if (errno != 0 || value < 0 || value > (long long)UINT32_MAX) {
            return ql_error_write(error, QL_ERROR_USAGE, "--%s %s: must be from 0 to 4294967295",
                                  ql_option_spell(option->name).text, text);
        }
        *(uint32_t *)option->target = (uint32_t)value;
        return QL_OK;
    }
    if (errno != 0 || value < INT32_MIN || value > INT32_MAX ||
        (limited && ((double)value < option->minimum || (double)value > option->maximum))) {
        return option_out_of_range(option, text, error);
    }
    *(int *)option->target = (int)value;
    return QL_OK;
}

// Takes one argument that starts with "--"; `*next` is the index of the following one and moves when it is the value.
static enum ql_status option_read_one(struct ql_option *options, const char *argument, int *next, int argc, char **argv,
                                      struct ql_error *error)
{
    char name[QL_OPTION_NAME_BYTES];
    const char *equals = strchr(argument, '=');
    size_t length = equals == NULL ? strlen(argument + 2) : (size_t)(equals - (argument + 2));

    if (length == 0 || length >= sizeof name) {
        return ql_error_write(error, QL_ERROR_USAGE, "%s: is not an option; --help lists the options", argument);
    }
    for (size_t i = 0; i < length; i++) {
        name[i] = argument[2 + i] == '-' ? '_' : argument[2 + i];
    }
    name[length] = '\0';

    struct ql_option *option = ql_option_find(options, name);
    bool value = true;
    if (option == NULL && strncmp(name, "no_", 3) == 0) {
        option = ql_option_find(options, name + 3);
        value = false;
        if (option != NULL && option->type != QL_OPTION_FLAG) {
            option = NULL;
        }
    }
    if (option == NULL) {
        return option_unknown(options, name, argument + 2, error);
    }
    option->given = true;
    if (option->type == QL_OPTION_FLAG) {
        if (equals != NULL) {
            return ql_error_write(error, QL_ERROR_USAGE, "--%s: takes no value", ql_option_spell(name).text);
        }
        *(bool *)option->target = value;
        return QL_OK;
    }
    const char *text = equals == NULL ? NULL : equals + 1;
    if (text == NULL) {
        if (*next >= argc) {
            return ql_error_write(error, QL_ERROR_USAGE, "--%s: needs a value (%s)", ql_option_spell(name).text,
                                  option->value_name);
        }
        text = argv[(*next)++];
        if (strncmp(text, "--", 2) == 0) {
            return ql_error_write(
                error, QL_ERROR_USAGE, "--%s: needs a value (%s); if %s is meant as one, write --%s=%s",
                ql_option_spell(name).text, option->value_name, text, ql_option_spell(name).text, text);
        }
    }
    if (option->type == QL_OPTION_STRING) {
        *(const char **)option->target = text;
        return QL_OK;
    }
    return option_read_number(option, text, error);
}

enum ql_status ql_option_read(struct ql_option *options, int argc, char **argv, const char **operands,
                              size_t operand_limit, size_t *operand_count, struct ql_error *error)
{
    bool options_ended = false;
    size_t count = 0;

    for (int next = 1; next < argc;) {
        const char *argument = argv[next++];
        if (!options_ended && strcmp(argument, "--") == 0) {
            options_ended = true;
        } else if (!options_ended && strncmp(argument, "--", 2) == 0) {
            enum ql_status status = option_read_one(options, argument, &next, argc, argv, error);
            if (status != QL_OK) {
                return status;
            }
        } else if (!options_ended && argument[0] == '-' && argument[1] != '\0') {
            return ql_error_write(error, QL_ERROR_USAGE, "%s: options are spelled out, with two dashes", argument);
        } else if (count == operand_limit) {
            return ql_error_write(error, QL_ERROR_USAGE, "%s: is an unexpected argument. The command takes %s",
                                  argument, operand_limit == 0 ? "options only" : "no further arguments");
        } else {
            operands[count++] = argument;
        }
    }
    if (operand_count != NULL) {
        *operand_count = count;
    }
    return QL_OK;
}

// A default that cannot be entered means that there is none.
static bool option_is_unset(const struct ql_option *option, double value)
{
    return option->minimum < option->maximum && (value < option->minimum || value > option->maximum);
}

static void option_write_default(const struct ql_option *option, char *text, size_t size)
{
    text[0] = '\0';
    switch (option->type) {
    case QL_OPTION_FLAG:
        break;
    case QL_OPTION_STRING: {
        const char *value = *(const char **)option->target;
        if (value != NULL && value[0] != '\0') {
            (void)snprintf(text, size, " (%s)", value);
        }
        break;
    }
    case QL_OPTION_INT:
        if (!option_is_unset(option, *(const int *)option->target)) {
            (void)snprintf(text, size, " (%d)", *(const int *)option->target);
        }
        break;
    case QL_OPTION_UINT32: {
        uint32_t value = *(const uint32_t *)option->target;
        if (value != 0) {
            (void)snprintf(text, size, " (%" PRIu32 ")", value);
        }
        break;
    }
    case QL_OPTION_FLOAT:
        if (!option_is_unset(option, *(const double *)option->target)) {
            (void)snprintf(text, size, " (%g)", *(const double *)option->target);
        }
        break;
    }
}

// Writes `text` starting at HELP_COLUMN, broken at spaces so that no line is longer than HELP_WIDTH.
static void option_write_wrapped(const char *text, int column, FILE *stream)
{
    while (*text != '\0') {
        size_t room = HELP_WIDTH - HELP_COLUMN;
        size_t length = strlen(text);
        if (length > room) {
            length = room;
            while (length > 0 && text[length] != ' ') {
                length--;
            }
            length = length == 0 ? room : length;
        }
        (void)fprintf(stream, "%*s%.*s\n", HELP_COLUMN - column, "", (int)length, text);
        text += length;
        text += strspn(text, " ");
        column = 0;
    }
}

void ql_option_write_help(const struct ql_option *options, FILE *stream)
{
    for (const struct ql_option *option = options; !option_is_end(option); option++) {
        if (option_is_group(option)) {
            (void)fprintf(stream, "\n%s\n", option->help);
            continue;
        }
        char preset[128];
        char text[512];
        option_write_default(option, preset, sizeof preset);
        (void)snprintf(text, sizeof text, "%s%s", option->help, preset);
        int column =
            fprintf(stream, "  --%s%s%s", ql_option_spell(option->name).text, option->value_name == NULL ? "" : " ",
                    option->value_name == NULL ? "" : option->value_name);
        if (column >= HELP_COLUMN) {
            (void)fprintf(stream, "\n");
            column = 0;
        }
        option_write_wrapped(text, column, stream);
    }
}

enum ql_status ql_option_read_list(double *values, size_t limit, size_t *count, const char *text,
                                   const char *option_name, struct ql_error *error)
{
    *count = 0;
    for (const char *rest = text;;) {
        char *end = NULL;
        double value = strtod(rest, &end);
        if (end == rest || !isfinite(value) || (*end != ',' && *end != '\0')) {
            return ql_error_write(error, QL_ERROR_USAGE, "--%s %s: must be numbers with commas between them",
                                  ql_option_spell(option_name).text, text);
        }
        if (*count == limit) {
            return ql_error_write(error, QL_ERROR_USAGE, "--%s %s: at most %zu values",
                                  ql_option_spell(option_name).text, text, limit);
        }
        values[(*count)++] = value;
        if (*end == '\0') {
            return QL_OK;
        }
        rest = end + 1;
    }
}
