// The plan of a sweep: see sweep_plan.h.
// Uses: base, device/random.h, jansson, cli/{cli,train_options}.
#include "cli/sweep_plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/cli.h"
#include "cli/train_options.h"
#include "device/random.h"

static enum ql_status no_memory(struct ql_error *error)
{
    return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the plan of a sweep");
}

// Options that the sweep itself sets.
static bool option_is_reserved(const char *name)
{
    static const char *const names[] = {"checkpoint_dir", "run_name", "threads", "quiet", "json"};

    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        if (strcmp(name, names[k]) == 0) {
            return true;
        }
    }
    return false;
}

// The option of `quillet train` that a field of the plan names.
static enum ql_status find_option(struct ql_option **option, struct ql_option *options, const char *name,
                                  const char *field, struct ql_error *error)
{
    *option = name[0] == '\0' ? NULL : ql_option_find(options, name);
    if (*option == NULL) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "\"%s\": quillet train has no option '%s'; quillet train --help lists them", field, name);
    }
    if (option_is_reserved(name)) {
        return ql_error_write(error, QL_ERROR_INPUT, "\"%s\": a sweep sets '%s' of its runs itself; leave it out",
                              field, name);
    }
    return QL_OK;
}

static bool value_is_scalar(const json_t *value)
{
    return json_is_string(value) || json_is_number(value) || json_is_boolean(value);
}

// --- Arguments ---

// --name=value, or --no-name; NULL when there is not enough memory.
static char *argument_of(const char *name, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_TRUE:
        return ql_bytes_format("--%s", name);
    case JSON_FALSE:
        return ql_bytes_format("--no_%s", name);
    case JSON_STRING:
        return ql_bytes_format("--%s=%s", name, json_string_value(value));
    case JSON_INTEGER:
        return ql_bytes_format("--%s=%" JSON_INTEGER_FORMAT, name, json_integer_value(value));
    default:
        return ql_bytes_format("--%s=%.9g", name, json_number_value(value));
    }
}

char **ql_sweep_arguments(const json_t *values, const char *const *more, int more_count, int *argc)
{
    const size_t count = (size_t)more_count + json_object_size(values);
    char **argv = calloc(count + 1, sizeof argv[0]);
    const char *name;
    json_t *value;

    *argc = 0;
    for (int k = 0; k < more_count && argv != NULL; k++) {
        argv[(*argc)++] = strdup(more[k]);
    }
    json_object_foreach((json_t *)values, name, value)
    {
        if (argv != NULL) {
            argv[(*argc)++] = argument_of(name, value);
        }
    }
    for (size_t k = 0; argv != NULL && k < count; k++) {
        if (argv[k] == NULL) {
            for (size_t i = 0; i < count; i++) {
                free(argv[i]);
            }
            free(argv);
            return NULL;
        }
    }
    return argv;
}

void ql_sweep_arguments_free(char **argv)
{
    for (char **argument = argv; argument != NULL && *argument != NULL; argument++) {
        free(*argument);
    }
    free(argv);
}

// Has the options' own parser check the arguments of a run.
static enum ql_status check_run(const json_t *values, struct ql_error *error)
{
    static const char *const program[] = {"train"};
    struct ql_train_settings settings;
    struct ql_option options[QL_TRAIN_OPTION_COUNT];
    int argc;
    char **argv = ql_sweep_arguments(values, program, 1, &argc);

    if (argv == NULL) {
        return no_memory(error);
    }
    ql_train_options_init(options, &settings);
    const enum ql_status status = ql_option_read(options, argc, argv, NULL, 0, NULL, error);
    ql_sweep_arguments_free(argv);
    return status == QL_OK ? QL_OK : (error->status = QL_ERROR_INPUT);
}

// --- Options with lists ---

// A word of a list as a value of the option: a number if the option takes one.
static json_t *value_of_word(const struct ql_option *option, const char *word, size_t length)
{
    char *text = strndup(word, length);
    char *end = text;
    json_t *value = NULL;

    if (text != NULL && option->type != QL_OPTION_STRING && length > 0) {
        const bool whole = option->type == QL_OPTION_INT || option->type == QL_OPTION_UINT32;
        const long long number = strtoll(text, &end, 10);
        if (whole && *end == '\0') {
            value = json_integer(number);
        } else if (!whole) {
            const double real = strtod(text, &end);
            value = *end == '\0' ? json_real(real) : NULL;
        }
    }
    if (value == NULL && text != NULL) {
        value = json_string(text); // the option's own parser refuses it with its own message, if necessary
    }
    free(text);
    return value;
}

static enum ql_status add_argument(json_t *train, json_t *grid, const struct ql_option *option, const char *list,
                                   struct ql_error *error)
{
    const enum ql_status status = ql_cli_utf8_check(option->name, list, error);
    if (status != QL_OK) {
        return status;
    }
    json_t *values = json_array();
    for (const char *word = list;; word += strcspn(word, ",") + 1) {
        const size_t length = strcspn(word, ",");
        if (json_array_append_new(values, value_of_word(option, word, length)) != 0) {
            json_decref(values);
            return no_memory(error);
        }
        if (word[length] == '\0') {
            break;
        }
    }
    const bool one = json_array_size(values) == 1;
    const int failed = one ? json_object_set(train, option->name, json_array_get(values, 0))
                           : json_object_set(grid, option->name, values);
    json_decref(values);
    return failed == 0 ? QL_OK : no_memory(error);
}

enum ql_status ql_sweep_plan_from_arguments(json_t **file, const char *const *arguments, size_t count,
                                            struct ql_error *error)
{
    struct ql_train_settings settings;
    struct ql_option options[QL_TRAIN_OPTION_COUNT], *option;
    json_t *train = json_object(), *grid = json_object();
    enum ql_status status = QL_OK;

    ql_train_options_init(options, &settings);
    for (size_t k = 0; k < count && status == QL_OK; k++) {
        const char *name = arguments[k] + 2, *value = strchr(arguments[k], '=');
        char wanted[64] = "";
        if (strncmp(arguments[k], "--", 2) != 0) {
            status = ql_error_write(error, QL_ERROR_USAGE,
                                    "'%s': only options of quillet train can follow --, such as --rnn-size 64,128",
                                    arguments[k]);
            break;
        }
        const size_t length = value == NULL ? strlen(name) : (size_t)(value - name);
        if (length < sizeof wanted) {
            memcpy(wanted, name, length);
            wanted[length] = '\0';
        }
        for (char *c = wanted; *c != '\0'; c++) {
            *c = *c == '-' ? '_' : *c;
        }
        status = find_option(&option, options, wanted, "--", error);
        if (status == QL_OK && value == NULL && ++k == count) {
            status = ql_error_write(error, QL_ERROR_USAGE, "--%s: needs a value", ql_option_spell(wanted).text);
        }
        if (status == QL_OK) {
            status = add_argument(train, grid, option, value == NULL ? arguments[k] : value + 1, error);
        }
    }
    *file = status == QL_OK ? json_pack("{s:O, s:O}", "train", train, "grid", grid) : NULL;
    json_decref(train);
    json_decref(grid);
    return status != QL_OK ? (error->status = QL_ERROR_USAGE) : *file == NULL ? no_memory(error) : QL_OK;
}

// --- Runs ---

// Adds a run with the fixed values and those of this combination.
static enum ql_status add_run(struct ql_sweep_plan *plan, const json_t *train, const json_t *values,
                              struct ql_error *error)
{
    json_t *run = json_copy((json_t *)train);

    if (json_array_size(plan->runs) == QL_SWEEP_RUN_LIMIT) {
        json_decref(run);
        return ql_error_write(error, QL_ERROR_INPUT, "more than %d runs: leave out some values", QL_SWEEP_RUN_LIMIT);
    }
    if (run == NULL || json_object_update(run, (json_t *)values) != 0 || json_array_append(plan->runs, run) != 0) {
        json_decref(run);
        return no_memory(error);
    }
    json_decref(run);
    return check_run(run, error);
}

// Combination number n, where the last option varies fastest.
static json_t *combination(const json_t *grid, size_t n)
{
    json_t *values = json_object();
    size_t left = 1;
    const char *name;
    json_t *list;

    json_object_foreach((json_t *)grid, name, list)
    {
        left *= json_array_size(list);
    }
    json_object_foreach((json_t *)grid, name, list)
    {
        left /= json_array_size(list);
        (void)json_object_set(values, name, json_array_get(list, n / left % json_array_size(list)));
    }
    return values;
}

static enum ql_status plan_grid(struct ql_sweep_plan *plan, const json_t *train, const json_t *grid,
                                struct ql_option *options, struct ql_error *error)
{
    struct ql_option *option;
    double all = 1.0;
    const char *name;
    json_t *list, *value;
    size_t index;
    enum ql_status status = QL_OK;

    json_object_foreach((json_t *)grid, name, list)
    {
        if ((status = find_option(&option, options, name, "grid", error)) != QL_OK) {
            return status;
        }
        if (json_array_size(list) == 0) {
            return ql_error_write(error, QL_ERROR_INPUT, "\"grid\": \"%s\" must be a list of at least one value", name);
        }
        json_array_foreach(list, index, value)
        {
            if (!value_is_scalar(value)) {
                return ql_error_write(error, QL_ERROR_INPUT, "\"grid\": \"%s\" must be a list of numbers or words",
                                      name);
            }
        }
        (void)json_array_append_new(plan->varied, json_string(name));
        all *= (double)json_array_size(list);
    }
    if (all > QL_SWEEP_RUN_LIMIT) {
        return ql_error_write(error, QL_ERROR_INPUT, "\"grid\": has %.0f combinations, and a sweep at most %d runs",
                              all, QL_SWEEP_RUN_LIMIT);
    }
    for (size_t n = 0; n < (size_t)all && status == QL_OK; n++) {
        json_t *values = combination(grid, n);
        status = add_run(plan, train, values, error);
        json_decref(values);
    }
    return status;
}

// A range {"from": 32, "to": 256, "step": 16, "scale": "log"}.
struct range {
    double from, to, step; // step 0: any value
    bool logarithmic, whole;
};

static enum ql_status read_range(struct range *range, const json_t *object, const struct ql_option *option,
                                 struct ql_error *error)
{
    const char *scale = "linear";
    json_error_t reason;

    *range = (struct range){.whole = option->type != QL_OPTION_FLOAT};
    if (json_unpack_ex((json_t *)object, &reason, JSON_STRICT, "{s:F, s:F, s?F, s?s}", "from", &range->from, "to",
                       &range->to, "step", &range->step, "scale", &scale) != 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "\"random\": \"%s\" must be a list, or a range such as {\"from\": 32, \"to\": 256, "
                              "\"step\": 16} or {\"from\": 0.001, \"to\": 0.1, \"scale\": \"log\"}: %s",
                              option->name, reason.text);
    }
    range->logarithmic = strcmp(scale, "log") == 0;
    if ((!range->logarithmic && strcmp(scale, "linear") != 0) || (range->logarithmic && range->step != 0.0)) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "\"random\": \"%s\" has the scale \"%s\"; it must be linear, or log without a step",
                              option->name, scale);
    }
    if (option->type == QL_OPTION_STRING || option->type == QL_OPTION_FLAG) {
        return ql_error_write(error, QL_ERROR_INPUT, "\"random\": \"%s\" takes words, and must be a list of them",
                              option->name);
    }
    if (!(range->to >= range->from) || range->step < 0.0 || (range->logarithmic && !(range->from > 0.0))) {
        return ql_error_write(error, QL_ERROR_INPUT, "\"random\": \"%s\" has no values from %g to %g", option->name,
                              range->from, range->to);
    }
    if (range->whole && !range->logarithmic && range->step == 0.0) {
        range->step = 1.0;
    }
    return QL_OK;
}

// Three digits are what a person would choose, and hide the differences between the logarithms of different libraries.
static double three_digits(double value)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%.3g", value);
    return strtod(text, NULL);
}

static json_t *draw_of_range(const struct range *range, struct ql_random *random)
{
    const double u = (double)ql_random_step_f32(random);
    double value;

    if (range->logarithmic) {
        value = three_digits(exp(log(range->from) + u * (log(range->to) - log(range->from))));
    } else if (range->step > 0.0) {
        value = range->from + range->step * floor(u * (floor((range->to - range->from) / range->step + 1e-9) + 1.0));
    } else {
        value = three_digits(range->from + u * (range->to - range->from));
    }
    value = value < range->from ? range->from : value > range->to ? range->to : value;
    return range->whole ? json_integer((json_int_t)(value + 0.5)) : json_real(value);
}

static enum ql_status draw_values(json_t **values, const json_t *fields, struct ql_option *options,
                                  struct ql_random *random, struct ql_error *error)
{
    const char *name;
    json_t *field;
    enum ql_status status = QL_OK;

    *values = json_object();
    json_object_foreach((json_t *)fields, name, field)
    {
        struct ql_option *option = ql_option_find(options, name);
        const size_t count = json_array_size(field);
        struct range range;
        if (json_is_array(field) && count > 0) {
            const double u = (double)ql_random_step_f32(random);
            (void)json_object_set(*values, name, json_array_get(field, (size_t)(u * (double)count)));
        } else if ((status = read_range(&range, field, option, error)) == QL_OK) {
            (void)json_object_set_new(*values, name, draw_of_range(&range, random));
        }
        if (status != QL_OK) {
            return status;
        }
    }
    return QL_OK;
}

static bool run_is_new(const struct ql_sweep_plan *plan, const json_t *train, const json_t *values)
{
    json_t *wanted = json_copy((json_t *)train), *run;
    size_t index;
    bool found = false;

    (void)json_object_update(wanted, (json_t *)values);
    json_array_foreach(plan->runs, index, run)
    {
        found = found || json_equal(run, wanted);
    }
    json_decref(wanted);
    return !found;
}

static enum ql_status plan_random(struct ql_sweep_plan *plan, const json_t *train, const json_t *random_fields,
                                  struct ql_option *options, struct ql_error *error)
{
    enum { TRIES = 1000 }; // to find a run that does not exist yet
    json_t *fields = json_copy((json_t *)random_fields);
    const json_int_t wanted = json_integer_value(json_object_get(fields, "runs"));
    const json_int_t seed =
        json_object_get(fields, "seed") == NULL ? 1 : json_integer_value(json_object_get(fields, "seed"));
    struct ql_option *option;
    struct ql_random random;
    const char *name;
    json_t *field;
    enum ql_status status = QL_OK;

    (void)json_object_del(fields, "runs");
    (void)json_object_del(fields, "seed");
    if (wanted < 1 || wanted > QL_SWEEP_RUN_LIMIT || seed < 0 || seed > (json_int_t)UINT32_MAX) {
        status = ql_error_write(error, QL_ERROR_INPUT,
                                "\"random\": \"runs\" must be from 1 to %d, and \"seed\" a whole number of 32 bits",
                                QL_SWEEP_RUN_LIMIT);
    }
    json_object_foreach(fields, name, field)
    {
        if (status == QL_OK && (status = find_option(&option, options, name, "random", error)) == QL_OK) {
            (void)json_array_append_new(plan->varied, json_string(name));
        }
    }
    ql_random_init(&random, (uint32_t)seed);
    for (int tries = 0; status == QL_OK && json_array_size(plan->runs) < (size_t)wanted; tries++) {
        json_t *values = NULL;
        status = draw_values(&values, fields, options, &random, error);
        if (status == QL_OK && run_is_new(plan, train, values)) {
            status = add_run(plan, train, values, error);
            tries = 0;
        } else if (status == QL_OK && tries == TRIES) {
            status = ql_error_write(error, QL_ERROR_INPUT,
                                    "\"random\": found only %zu different runs of %" JSON_INTEGER_FORMAT
                                    ": ask for fewer, or widen the ranges",
                                    json_array_size(plan->runs), wanted);
        }
        json_decref(values);
    }
    json_decref(fields);
    return status;
}

// --- The rest of the file ---

static enum ql_status read_rungs(struct ql_sweep_plan *plan, const json_t *halving, struct ql_error *error)
{
    json_t *rung;
    size_t index;
    json_int_t before = 0;

    if (halving != NULL && (!json_is_array(halving) || json_array_size(halving) > QL_SWEEP_RUNG_LIMIT)) {
        return ql_error_write(error, QL_ERROR_INPUT, "\"halving\": must be a list of at most %d epochs, such as [4, 8]",
                              QL_SWEEP_RUNG_LIMIT);
    }
    json_array_foreach((json_t *)halving, index, rung)
    {
        if (!json_is_integer(rung) || json_integer_value(rung) <= before || json_integer_value(rung) > 1000000) {
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "\"halving\": epochs must be increasing whole numbers of at least 1");
        }
        before = json_integer_value(rung);
        plan->rungs[plan->rung_count++] = (int)before;
    }
    return QL_OK;
}

static enum ql_status read_limits(struct ql_sweep_limits *limits, const json_t *object, struct ql_error *error)
{
    const char *weights = "int8";
    json_error_t reason;

    if (object != NULL &&
        json_unpack_ex((json_t *)object, &reason, JSON_STRICT, "{s?s, s?F, s?F}", "weights", &weights, "flash_bytes",
                       &limits->flash_bytes, "tokens_per_second", &limits->tokens_per_second) != 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "\"limits\": must be an object such as {\"weights\": \"int8\", \"flash_bytes\": 500000, "
                              "\"tokens_per_second\": 40}: %s",
                              reason.text);
    }
    if (ql_weight_format_read(&limits->weights, weights, error) != QL_OK) {
        return ql_error_write(error, QL_ERROR_INPUT, "\"limits\": \"weights\" is %s; it must be off, int8 or int4",
                              weights);
    }
    if (limits->flash_bytes < 0.0 || limits->tokens_per_second < 0.0) {
        return ql_error_write(error, QL_ERROR_INPUT, "\"limits\": must not be below 0");
    }
    return QL_OK;
}

// The parts of the file. Errors: unknown fields, or fields of another type.
static enum ql_status read_fields(const json_t *file, json_t **train, json_t **grid, json_t **random, json_t **halving,
                                  json_t **limits, struct ql_error *error)
{
    json_error_t reason;

    if (json_unpack_ex((json_t *)file, &reason, JSON_STRICT, "{s:o, s?o, s?o, s?o, s?o}", "train", train, "grid", grid,
                       "random", random, "halving", halving, "limits", limits) != 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "is not a plan of a sweep, which has \"train\", \"grid\" or \"random\", and may have "
                              "\"halving\" and \"limits\": %s",
                              reason.text);
    }
    if (!json_is_object(*train) || (*grid != NULL && !json_is_object(*grid)) ||
        (*random != NULL && !json_is_object(*random))) {
        return ql_error_write(error, QL_ERROR_INPUT, "\"train\", \"grid\" and \"random\" must be objects");
    }
    if ((*grid == NULL) == (*random == NULL)) {
        return ql_error_write(error, QL_ERROR_INPUT, "needs either \"grid\" or \"random\"");
    }
    return QL_OK;
}

enum ql_status ql_sweep_plan_init(struct ql_sweep_plan *plan, const json_t *file, struct ql_error *error)
{
    struct ql_train_settings settings;
    struct ql_option options[QL_TRAIN_OPTION_COUNT], *option;
    json_t *train = NULL, *grid = NULL, *random = NULL, *halving = NULL, *limits = NULL, *value;
    const char *name;
    enum ql_status status = read_fields(file, &train, &grid, &random, &halving, &limits, error);

    ql_train_options_init(options, &settings);
    plan->varied = json_array();
    plan->runs = json_array();
    if (status == QL_OK && (status = read_rungs(plan, halving, error)) == QL_OK) {
        status = read_limits(&plan->limits, limits, error);
    }
    if (status != QL_OK) {
        return status;
    }
    json_object_foreach(train, name, value)
    {
        status = find_option(&option, options, name, "train", error);
        if (status == QL_OK && !value_is_scalar(value)) {
            status = ql_error_write(error, QL_ERROR_INPUT,
                                    "\"train\": \"%s\" must be a number or a word; lists belong "
                                    "in \"grid\"",
                                    name);
        }
        if (status != QL_OK) {
            return status;
        }
    }
    return grid != NULL ? plan_grid(plan, train, grid, options, error)
                        : plan_random(plan, train, random, options, error);
}

void ql_sweep_plan_free(struct ql_sweep_plan *plan)
{
    json_decref(plan->varied);
    json_decref(plan->runs);
    *plan = (struct ql_sweep_plan){0};
}

void ql_sweep_plan_name(const struct ql_sweep_plan *plan, size_t run, char name[QL_SWEEP_NAME_BYTES])
{
    const int digits = snprintf(NULL, 0, "%zu", json_array_size(plan->runs));

    (void)snprintf(name, QL_SWEEP_NAME_BYTES, "%0*zu", digits, run + 1);
}
