// `quillet sweep`: trains many models, with a run's folder for each, and compares their cost with their quality.
// Uses: base, jansson, cli/{interrupt,ranks,sweep_plan,sweep_prediction,sweep_run,sweep_table}.
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory_stream.h"
#include "base/thread_pool.h"
#include "cli/cli.h"
#include "cli/interrupt.h"
#include "cli/launcher.h"
#include "cli/progress.h"
#include "cli/ranks.h"
#include "cli/sweep_plan.h"
#include "cli/sweep_prediction.h"
#include "cli/sweep_run.h"
#include "cli/sweep_table.h"
#include "cli/terminal.h"

static const char usage[] =
    "sweep PLAN.json [OPTION ...]\n       quillet sweep [OPTION ...] -- --input FILE --rnn-size "
    "64,128 ...\n       mpirun -n RANKS quillet sweep ...";
static const char summary_text[] = "Trains a model for each combination of settings, or for random ones, and writes\n"
                                   "a table and a page that compare bits per character with size and speed. After --\n"
                                   "come options of quillet train, with lists of values. An interrupted sweep\n"
                                   "continues when the same command is given again.";

// A plan's files have a few kilobytes.
static const size_t plan_limit_bytes = (size_t)1 << 24;

enum { OPERAND_LIMIT = 128, PATH_BYTES = 4096 };

struct settings {
    const char *output, *halving, *weights;
    double max_flash, min_speed;
    int threads;
    bool quiet;
};

struct sweep {
    struct settings settings;
    struct ql_exchange *exchange;
    struct ql_sweep_plan plan;
    size_t count; // of runs
    struct ql_sweep_prediction *predictions;
    bool *alive; // the run fits, and has not been ended by a rung
    int lock;
    // of the current rung
    int *jobs; // indices of runs
    int epoch;
    double saved; // when the table was saved last, in seconds
};

// --- The plan ---

static enum ql_status load_json(json_t **json, const char *path, enum ql_file_kind kind, struct ql_error *error)
{
    struct ql_file_view view;
    json_error_t reason;
    enum ql_status status = ql_file_open_kind(&view, path, kind, plan_limit_bytes, error);

    if (status == QL_OK) {
        *json = json_loadb((const char *)view.data, view.size_bytes, JSON_REJECT_DUPLICATES, &reason);
        ql_file_close(&view);
        if (*json == NULL) {
            status = ql_error_write(error, QL_ERROR_INPUT, "%s:%d: %s", path, reason.line, reason.text);
        }
    }
    return status;
}

// Puts the options for halving and limits into the plan, where they override the file.
static enum ql_status add_settings(json_t *file, const struct settings *settings, struct ql_error *error)
{
    double epochs[QL_SWEEP_RUNG_LIMIT];
    size_t count = 0;
    json_t *limits =
        json_object_get(file, "limits") == NULL ? json_object() : json_copy(json_object_get(file, "limits"));
    enum ql_status status = ql_cli_utf8_check("weights", settings->weights, error);

    if (settings->weights != NULL) {
        (void)json_object_set_new(limits, "weights", json_string(settings->weights));
    }
    if (settings->max_flash > 0.0) {
        (void)json_object_set_new(limits, "flash_bytes", json_real(settings->max_flash));
    }
    if (settings->min_speed > 0.0) {
        (void)json_object_set_new(limits, "tokens_per_second", json_real(settings->min_speed));
    }
    (void)json_object_set_new(file, "limits", limits);
    if (settings->halving != NULL) {
        json_t *list = json_array();
        status = status != QL_OK
                     ? status
                     : ql_option_read_list(epochs, QL_SWEEP_RUNG_LIMIT, &count, settings->halving, "halving", error);
        for (size_t k = 0; k < count; k++) {
            const bool whole = fabs(epochs[k]) <= INT_MAX && epochs[k] == floor(epochs[k]);
            (void)json_array_append_new(list, whole ? json_integer((json_int_t)epochs[k]) : json_real(epochs[k]));
        }
        (void)json_object_set_new(file, "halving", list);
    }
    return status;
}

// The plan as JSON, from a file or from the options after --.
static enum ql_status read_plan(json_t **file, const struct settings *settings, const char *const *operands,
                                size_t count, struct ql_error *error)
{
    enum ql_status status;

    if (count == 0) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "give a plan, such as PLAN.json, or the options of the models after --");
    }
    if (strncmp(operands[0], "--", 2) != 0) {
        status = count > 1 ? ql_error_write(error, QL_ERROR_USAGE,
                                            "%s: a plan has all settings of its models; leave out what follows it",
                                            operands[0])
                           : load_json(file, operands[0], QL_FILE_ANY, error);
    } else {
        status = ql_sweep_plan_from_arguments(file, operands, count, error);
    }
    if (status == QL_OK && !json_is_object(*file)) {
        status = ql_error_write(error, QL_ERROR_INPUT, "%s: is not an object", operands[0]);
    }
    return status == QL_OK ? add_settings(*file, settings, error) : status;
}

// Builds the plan on every rank from what rank 0 has read.
static enum ql_status share_plan(struct sweep *sweep, const char *const *operands, size_t operand_count,
                                 struct ql_error *error)
{
    json_t *file = NULL;
    char *text = NULL;
    enum ql_status status = QL_OK;

    if (sweep->exchange->rank == 0) {
        status = read_plan(&file, &sweep->settings, operands, operand_count, error);
        text = status == QL_OK ? json_dumps(file, JSON_COMPACT) : NULL;
    }
    if ((status = ql_exchange_agree(sweep->exchange, status, error)) == QL_OK &&
        (status = ql_exchange_share_text(sweep->exchange, &text, error)) == QL_OK) {
        json_decref(file);
        file = text == NULL ? NULL : json_loads(text, 0, NULL);
        status = ql_sweep_plan_init(&sweep->plan, file, error);
        if (status != QL_OK && strncmp(operands[0], "--", 2) != 0) {
            (void)ql_error_prefix(error, "%s: ", operands[0]);
        }
    }
    json_decref(file);
    free(text);
    return status;
}

// --- What fits ---

static enum ql_status predict(struct sweep *sweep, size_t run, struct ql_error *error)
{
    static const char *const program[] = {"train"};
    const json_t *arguments = json_array_get(sweep->plan.runs, run);
    struct ql_train_settings settings;
    struct ql_option options[QL_TRAIN_OPTION_COUNT];
    char name[QL_SWEEP_NAME_BYTES];
    int argc;
    char **argv = ql_sweep_arguments(arguments, program, 1, &argc);

    if (argv == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for a run");
    }
    ql_train_options_init(options, &settings);
    enum ql_status status = ql_option_read(options, argc, argv, NULL, 0, NULL, error);
    if (status == QL_OK) {
        status = ql_sweep_predict(&sweep->predictions[run], options, &settings, sweep->plan.limits.weights, error);
    }
    ql_sweep_arguments_free(argv);
    if (status != QL_OK) {
        ql_sweep_plan_name(&sweep->plan, run, name);
        (void)ql_error_prefix(error, "run %s: ", name);
        error->status = status == QL_ERROR_USAGE ? QL_ERROR_INPUT : status; // the plan is wrong, not the command
        return error->status;
    }
    return QL_OK;
}

// Returns whether the run fits; if not, writes the reason.
static bool run_fits(const struct sweep *sweep, size_t run, char reason[QL_SWEEP_REASON_BYTES + 16])
{
    const struct ql_sweep_limits *limits = &sweep->plan.limits;
    const struct ql_sweep_prediction *prediction = &sweep->predictions[run];
    char count[32];

    reason[0] = '\0';
    if (limits->flash_bytes == 0.0 && limits->tokens_per_second == 0.0) {
        return true;
    }
    if (prediction->reason[0] != '\0') {
        (void)snprintf(reason, QL_SWEEP_REASON_BYTES + 16, "left out: %s", prediction->reason);
    } else if (limits->flash_bytes > 0.0 && prediction->flash_bytes > limits->flash_bytes) {
        ql_cli_write_count(count, prediction->flash_bytes);
        (void)snprintf(reason, QL_SWEEP_REASON_BYTES + 16, "left out: %s bytes of flash", count);
    } else if (prediction->tokens_per_second < limits->tokens_per_second) {
        (void)snprintf(reason, QL_SWEEP_REASON_BYTES + 16, "left out: %.1f tokens/s", prediction->tokens_per_second);
    }
    return reason[0] == '\0';
}

static json_t *predictions_to_json(const struct sweep *sweep)
{
    json_t *list = json_array();

    for (size_t k = 0; k < sweep->count; k++) {
        const struct ql_sweep_prediction *prediction = &sweep->predictions[k];
        (void)json_array_append_new(list, json_pack("{s:f, s:f, s:f, s:s}", "parameters", prediction->parameters,
                                                    "flash_bytes", prediction->flash_bytes, "tokens_per_second",
                                                    prediction->tokens_per_second, "reason", prediction->reason));
    }
    return list;
}

static bool predictions_from_json(struct sweep *sweep, const json_t *list)
{
    json_t *object;
    size_t index;

    json_array_foreach((json_t *)list, index, object)
    {
        struct ql_sweep_prediction *prediction = &sweep->predictions[index];
        const char *reason;
        if (index >= sweep->count || json_unpack(object, "{s:F, s:F, s:F, s:s}", "parameters", &prediction->parameters,
                                                 "flash_bytes", &prediction->flash_bytes, "tokens_per_second",
                                                 &prediction->tokens_per_second, "reason", &reason) != 0) {
            return false;
        }
        (void)snprintf(prediction->reason, sizeof prediction->reason, "%s", reason);
    }
    return json_array_size(list) == sweep->count;
}

// --- The folder ---

// The data that identify a sweep.
static json_t *sweep_to_json(const struct sweep *sweep)
{
    const struct ql_sweep_plan *plan = &sweep->plan;
    json_t *rungs = json_array();

    for (int k = 0; k < plan->rung_count; k++) {
        (void)json_array_append_new(rungs, json_integer(plan->rungs[k]));
    }
    return json_pack("{s:O, s:O, s:o, s:s, s:f, s:f}", "varied", plan->varied, "runs", plan->runs, "halving", rungs,
                     "weights", ql_weight_format_write(plan->limits.weights), "flash_bytes", plan->limits.flash_bytes,
                     "tokens_per_second", plan->limits.tokens_per_second);
}

static enum ql_status predict_all(struct sweep *sweep, struct ql_error *error)
{
    struct ql_cli_progress progress = {.shown = ql_cli_progress_wanted(sweep->settings.quiet)};
    enum ql_status status = QL_OK;

    for (size_t k = 0; k < sweep->count && status == QL_OK; k++) {
        ql_cli_progress_write(&progress, (double)k / (double)sweep->count, "measuring models");
        status = ql_cli_interrupted ? ql_error_write(error, QL_ERROR_STOPPED, "stopped before the first training")
                                    : predict(sweep, k, error);
    }
    ql_cli_progress_reset(&progress);
    return status;
}

// The tables, which are written repeatedly, must not replace a file that a run reads, or the plan. On rank 0.
static enum ql_status check_outputs(const struct sweep *sweep, const char *plan, struct ql_error *error)
{
    static const char *const files[] = {"sweep.json", "sweep.csv", "sweep.md", "sweep.html"};
    static const char *const options[] = {"input", "validation", "init_from"};
    enum { FILES = sizeof files / sizeof files[0], OPTIONS = sizeof options / sizeof options[0] };
    enum ql_status status = QL_OK;

    for (int f = 0; f < FILES && status == QL_OK; f++) {
        char path[PATH_BYTES];
        (void)snprintf(path, sizeof path, "%s/%s", sweep->settings.output, files[f]);
        status = ql_file_check_output(path, &plan, 1, error);
        for (size_t run = 0; run < sweep->count && status == QL_OK; run++) {
            const char *inputs[OPTIONS];
            for (int k = 0; k < OPTIONS; k++) {
                inputs[k] = json_string_value(json_object_get(json_array_get(sweep->plan.runs, run), options[k]));
            }
            status = ql_file_check_output(path, inputs, OPTIONS, error);
        }
    }
    return status;
}

// Creates the folder, or resumes in it: its sweep.json must be that of this plan. On rank 0.
static enum ql_status open_folder(struct sweep *sweep, struct ql_error *error)
{
    char path[PATH_BYTES];
    struct stat info;
    json_t *found = NULL, *own = sweep_to_json(sweep);
    enum ql_status status;

    (void)snprintf(path, sizeof path, "%s/sweep.json", sweep->settings.output);
    if ((status = ql_folder_init(sweep->settings.output, error)) == QL_OK &&
        (status = ql_folder_lock(&sweep->lock, sweep->settings.output, "running a sweep in this folder", error)) ==
            QL_OK) {
        const bool begun = lstat(path, &info) == 0;
        if (begun && (status = load_json(&found, path, QL_FILE_IN_FOLDER, error)) == QL_OK &&
            (!json_equal(json_object_get(found, "plan"), own) ||
             !predictions_from_json(sweep, json_object_get(found, "predictions")))) {
            status = ql_error_write(error, QL_ERROR_INPUT,
                                    "%s: belongs to another sweep; choose another --output, or give the same plan as "
                                    "before to go on with it",
                                    path);
        }
        if (!begun && (status = predict_all(sweep, error)) == QL_OK) {
            found = json_pack("{s:O, s:o}", "plan", own, "predictions", predictions_to_json(sweep));
            char *text = found == NULL ? NULL : json_dumps(found, JSON_INDENT(1));
            status = text == NULL ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the plan")
                                  : ql_file_save_kind(path, QL_FILE_IN_FOLDER, text, strlen(text), error);
            free(text);
        }
    }
    json_decref(found);
    json_decref(own);
    return status;
}

// All ranks write runs into the folder, so it must be the same for all.
static enum ql_status check_folder(const struct sweep *sweep, struct ql_error *error)
{
    char path[PATH_BYTES], host[QL_HOST_NAME_BYTES];
    struct stat info;

    (void)snprintf(path, sizeof path, "%s/sweep.json", sweep->settings.output);
    if (stat(path, &info) == 0) {
        return QL_OK;
    }
    ql_cli_host_name(host);
    return ql_error_write(error, QL_ERROR_SYSTEM,
                          "%s: is not on %s; a sweep on several machines needs a folder that all of them share", path,
                          host);
}

// --- Running ---

static enum ql_status save_table(struct sweep *sweep, struct ql_error *error)
{
    struct ql_sweep_row *rows = calloc(sweep->count, sizeof rows[0]);
    char(*texts)[QL_SWEEP_REASON_BYTES + 16] = calloc(sweep->count, sizeof texts[0]);
    enum ql_status status = rows == NULL || texts == NULL
                                ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the table")
                                : QL_OK;

    for (size_t k = 0; k < sweep->count && status == QL_OK; k++) {
        struct ql_sweep_row *row = &rows[k];
        struct ql_sweep_result result;
        ql_sweep_plan_name(&sweep->plan, k, row->name);
        row->arguments = json_array_get(sweep->plan.runs, k);
        row->parameters = sweep->predictions[k].parameters;
        row->flash_bytes = sweep->predictions[k].flash_bytes;
        row->tokens_per_second = sweep->predictions[k].tokens_per_second;
        if (run_fits(sweep, k, texts[k]) &&
            (status = ql_sweep_run_read(&result, sweep->settings.output, row->name, error)) == QL_OK) {
            (void)snprintf(texts[k], sizeof texts[k], "%s", result.status[0] == '\0' ? "waiting" : result.status);
            row->epochs = result.epochs;
            row->best_epoch = result.best_epoch;
            row->bits = result.bits;
            row->seconds = result.seconds;
        }
        row->status = texts[k];
    }
    if (status == QL_OK) {
        status = ql_sweep_table_save(sweep->settings.output, &sweep->plan, rows, sweep->count, error);
    }
    free(rows);
    free(texts);
    return status;
}

static enum ql_status train_job(void *context, int number, struct ql_error *error)
{
    enum { SECONDS_BETWEEN_TABLES = 5 };
    struct sweep *sweep = context;
    const size_t run = (size_t)sweep->jobs[number];
    const char *folder = sweep->settings.output;
    struct ql_sweep_result before, result;
    char name[QL_SWEEP_NAME_BYTES];

    ql_sweep_plan_name(&sweep->plan, run, name);
    enum ql_status status = ql_sweep_run_read(&before, folder, name, error);
    if (status == QL_OK) {
        status = ql_sweep_run_train(folder, name, json_array_get(sweep->plan.runs, run), sweep->epoch,
                                    sweep->settings.threads, error);
    }
    if (status != QL_OK) {
        return status == QL_ERROR_STOPPED ? status : ql_error_prefix(error, "run %s: ", name);
    }
    status = ql_sweep_run_read(&result, folder, name, error);
    if (status == QL_OK && !sweep->settings.quiet && result.epochs > before.epochs) {
        const bool goes_on = strcmp(result.status, "waiting") == 0;
        ql_cli_note("run %s: epoch %d, best %.4f bits per character%s%s\n", name, result.epochs, result.bits,
                    goes_on ? "" : ", ", goes_on ? "" : result.status);
    }
    if (status == QL_OK && sweep->exchange->rank == 0 && ql_cli_seconds() - sweep->saved > SECONDS_BETWEEN_TABLES) {
        status = save_table(sweep, error);
        sweep->saved = ql_cli_seconds();
    }
    return status;
}

struct scored {
    size_t run;
    double loss;
};

static int scored_by_loss(const void *left, const void *right)
{
    const struct scored *a = left, *b = right;

    if (a->loss != b->loss) {
        return a->loss < b->loss ? -1 : 1;
    }
    return a->run < b->run ? -1 : 1;
}

// Ends the worse half of the runs, by their best loss up to the epoch; of an odd number, the middle one continues. Of
// equal runs, the first one continues. On rank 0.
static enum ql_status end_worse_half(struct sweep *sweep, int epoch, struct ql_error *error)
{
    struct scored *scored = malloc((sweep->count + 1) * sizeof scored[0]);
    char name[QL_SWEEP_NAME_BYTES];
    size_t count = 0;
    enum ql_status status = QL_OK;

    if (scored == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to compare runs");
    }
    for (size_t k = 0; k < sweep->count; k++) {
        if (sweep->alive[k]) {
            ql_sweep_plan_name(&sweep->plan, k, name);
            scored[count++] = (struct scored){k, ql_sweep_run_best_loss(sweep->settings.output, name, epoch)};
        }
    }
    qsort(scored, count, sizeof scored[0], scored_by_loss);
    for (size_t k = (count + 1) / 2; k < count && status == QL_OK; k++) {
        ql_sweep_plan_name(&sweep->plan, scored[k].run, name);
        sweep->alive[scored[k].run] = false;
        status = ql_sweep_run_end(sweep->settings.output, name, error);
    }
    free(scored);
    return status;
}

static enum ql_status run_rungs(struct sweep *sweep, struct ql_error *error)
{
    const struct ql_sweep_plan *plan = &sweep->plan;
    enum ql_status status = QL_OK;

    for (int rung = 0; rung <= plan->rung_count && status == QL_OK; rung++) {
        const bool last = rung == plan->rung_count;
        int count = 0;
        for (size_t k = 0; k < sweep->count; k++) {
            if (sweep->alive[k]) {
                sweep->jobs[count++] = (int)k;
            }
        }
        sweep->epoch = last ? 1000000 : plan->rungs[rung]; // the limit of --max-epochs
        status = ql_cli_ranks_run(sweep->exchange, count, train_job, sweep, error);
        if (status == QL_OK && !last && sweep->exchange->rank == 0) {
            status = end_worse_half(sweep, plan->rungs[rung], error);
        }
        if ((status = ql_exchange_agree(sweep->exchange, status, error)) == QL_OK) {
            ql_exchange_share(sweep->exchange, sweep->alive, sweep->count * sizeof sweep->alive[0]);
        }
    }
    return status;
}

// Decides which runs fit. Errors: none of them fits.
static enum ql_status find_fitting(struct sweep *sweep, struct ql_error *error)
{
    char reason[QL_SWEEP_REASON_BYTES + 16], size[32];
    double smallest = INFINITY, fastest = 0.0;
    size_t fitting = 0;

    for (size_t k = 0; k < sweep->count; k++) {
        const struct ql_sweep_prediction *prediction = &sweep->predictions[k];
        sweep->alive[k] = run_fits(sweep, k, reason);
        fitting += sweep->alive[k] ? 1 : 0;
        if (prediction->flash_bytes > 0.0) {
            smallest = prediction->flash_bytes < smallest ? prediction->flash_bytes : smallest;
            fastest = prediction->tokens_per_second > fastest ? prediction->tokens_per_second : fastest;
        }
    }
    if (fitting == 0) {
        ql_cli_write_count(size, isfinite(smallest) ? smallest : 0.0);
        return ql_error_write(error, QL_ERROR_INPUT,
                              "none of the %zu models meets the limits: the smallest takes %s bytes of flash, the "
                              "fastest writes %.1f tokens a second; %s/sweep.md has them all",
                              sweep->count, size, fastest, sweep->settings.output);
    }
    return QL_OK;
}

static enum ql_status run(struct sweep *sweep, const char *const *operands, size_t operand_count,
                          struct ql_error *error)
{
    enum ql_status status = share_plan(sweep, operands, operand_count, error);

    if ((status = ql_exchange_agree(sweep->exchange, status, error)) != QL_OK) {
        return status;
    }
    sweep->count = json_array_size(sweep->plan.runs);
    sweep->predictions = calloc(sweep->count, sizeof sweep->predictions[0]);
    sweep->alive = calloc(sweep->count, sizeof sweep->alive[0]);
    sweep->jobs = calloc(sweep->count, sizeof sweep->jobs[0]);
    if (sweep->predictions == NULL || sweep->alive == NULL || sweep->jobs == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for %zu runs", sweep->count);
    }
    status = ql_exchange_agree(sweep->exchange, status, error);
    if (status == QL_OK && sweep->exchange->rank == 0) {
        const bool has_plan = strncmp(operands[0], "--", 2) != 0;
        status = check_outputs(sweep, has_plan ? operands[0] : NULL, error);
    }
    if (status == QL_OK && sweep->exchange->rank == 0) {
        status = open_folder(sweep, error);
    }
    if ((status = ql_exchange_agree(sweep->exchange, status, error)) != QL_OK ||
        (status = ql_exchange_agree(sweep->exchange, check_folder(sweep, error), error)) != QL_OK) {
        return status;
    }
    ql_exchange_share(sweep->exchange, sweep->predictions, sweep->count * sizeof sweep->predictions[0]);
    status = find_fitting(sweep, error);
    struct ql_error table_error;
    if (sweep->exchange->rank == 0 && save_table(sweep, &table_error) != QL_OK && status == QL_OK) {
        *error = table_error;
        status = table_error.status;
    }
    if ((status = ql_exchange_agree(sweep->exchange, status, error)) == QL_OK) {
        sweep->saved = ql_cli_seconds();
        status = run_rungs(sweep, error);
        if (status == QL_OK && sweep->exchange->rank == 0) {
            status = save_table(sweep, error);
        } else if (sweep->exchange->rank == 0) {
            (void)save_table(sweep, &table_error); // the first error is the one to report
        }
        status = ql_exchange_agree(sweep->exchange, status, error);
    }
    if (status == QL_ERROR_STOPPED) {
        return ql_error_write(error, status, "stopped; the same command goes on from what is in %s",
                              sweep->settings.output);
    }
    return status;
}

// The run with the fewest bits of those that were trained to their end.
static void print_result(const struct sweep *sweep)
{
    struct ql_sweep_result best = {0}, result;
    char name[QL_SWEEP_NAME_BYTES], best_name[QL_SWEEP_NAME_BYTES] = "";

    for (size_t k = 0; k < sweep->count; k++) {
        ql_sweep_plan_name(&sweep->plan, k, name);
        if (sweep->alive[k] && ql_sweep_run_read(&result, sweep->settings.output, name, NULL) == QL_OK &&
            result.bits > 0.0 && (best_name[0] == '\0' || result.bits < best.bits)) {
            best = result;
            memcpy(best_name, name, sizeof best_name);
        }
    }
    if (best_name[0] != '\0' && !sweep->settings.quiet) {
        (void)fprintf(stderr, "best: run %s, epoch %d, %.4f bits per character\n", best_name, best.best_epoch,
                      best.bits);
    }
    ql_cli_print_name(sweep->settings.output);
    (void)puts("/sweep.html");
}

int ql_cli_sweep(int argc, char **argv)
{
    struct sweep sweep = {.settings = {.output = "sweep", .threads = ql_thread_processors()}, .lock = -1};
    struct settings *s = &sweep.settings;
    struct ql_option options[] = {
        {"output", QL_OPTION_STRING, &s->output, 0, 0, "DIR", "the folder of the runs, the table and the page", false},
        {"halving", QL_OPTION_STRING, &s->halving, 0, 0, "N,...", "epochs after which the worse half of the runs ends",
         false},
        {"weights", QL_OPTION_STRING, &s->weights, 0, 0, "FORMAT",
         "off, int8 or int4: the format whose sizes and speeds are predicted (default: int8)", false},
        {"max_flash", QL_OPTION_FLOAT, &s->max_flash, 0, 1e12, "BYTES", "leave out models that take more; 0: no limit",
         false},
        {"min_speed", QL_OPTION_FLOAT, &s->min_speed, 0, 1e9, "X",
         "leave out models that write fewer tokens a second on an RP2040", false},
        {"threads", QL_OPTION_INT, &s->threads, 1, QL_THREAD_LIMIT, "N",
         "threads of each rank; any number gives the same table", false},
        {"quiet", QL_OPTION_FLAG, &s->quiet, 0, 0, NULL, "print the page's path only", false},
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };
    const char *operands[OPERAND_LIMIT];
    size_t operand_count = 0;
    struct ql_error error;
    int exit_code;

    if (ql_cli_ranks_init(&sweep.exchange, &error) != QL_OK) {
        return ql_cli_fail("sweep", &error);
    }
    if (ql_cli_read_options(usage, summary_text, options, argc, argv, operands, OPERAND_LIMIT, &operand_count,
                            &exit_code)) {
        ql_cli_interrupt_catch((int)SA_RESETHAND | SA_RESTART);
        const enum ql_status status = run(&sweep, operands, operand_count, &error);
        exit_code = status == QL_OK ? QL_EXIT_DONE : ql_cli_fail("sweep", &error);
        if (status == QL_OK && ql_cli_rank == 0) {
            print_result(&sweep);
            exit_code = ql_cli_finish("sweep", QL_EXIT_DONE);
        }
        ql_folder_unlock(sweep.lock);
        ql_sweep_plan_free(&sweep.plan);
        free(sweep.predictions);
        free(sweep.alive);
        free(sweep.jobs);
    }
    ql_cli_ranks_free();
    return exit_code;
}
