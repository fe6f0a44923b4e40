// `quillet verify`: compares a language model at every stage of its road, and names the node at which a stage differs.
// Uses: base, corpus/json_text, checkpoint, verify/road. docs/verification.md explains what is compared.
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/system.h"
#include "checkpoint/checkpoint.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/quantization.h"
#include "cli/sampling.h"
#include "cli/terminal.h"
#include "corpus/json_text.h"
#include "verify/road.h"

static const char usage[] = "verify --model names.json [OPTION ...]";
static const char summary_text[] = "Compares what an exported model writes at every stage on its way to a chip:\n"
                                   "checkpoint, host engine, ONNX Runtime, generated C from several compilers and\n"
                                   "on an emulated RP2040. Exits with 1 when every stage was skipped, or when a\n"
                                   "stage differs; then it names the node of the graph at which that happens.";

struct settings {
    struct ql_road_options road;
    struct ql_cli_quantization quantization;
    const char *expose;
    double temperature, top_p, tolerance;
    bool quiet, json;
};

// The verdict in its form for programs.
static const char *verdict_word(enum ql_verdict verdict)
{
    switch (verdict) {
    case QL_VERDICT_SAME_BITS:
        return "same bits";
    case QL_VERDICT_SAME_WITHIN:
        return "same";
    case QL_VERDICT_SAME_EDGES:
        return "same but edges";
    case QL_VERDICT_DIFFERS:
        return "DIFFERS";
    case QL_VERDICT_FAILED:
        return "FAILED";
    case QL_VERDICT_SKIPPED:
        return "skipped";
    }
    return "";
}

static const char row_format[] = "%-24s %10s %10s %10s %8s  %s\n";

static void print_row(const char *name, const struct ql_comparison *comparison)
{
    char characters[32] = "", absolute[16] = "", ulp[16] = "", text[16] = "";

    if (comparison->characters > 0) {
        ql_cli_write_count(characters, (double)comparison->characters);
        (void)snprintf(absolute, sizeof absolute, "%.1e", comparison->difference.absolute);
        (void)snprintf(ulp, sizeof ulp, "%" PRIu32, comparison->difference.ulp);
        (void)snprintf(text, sizeof text, "%d", comparison->first_character + 1);
    }
    const bool equal = comparison->difference.unequal == 0 && comparison->characters > 0;
    (void)printf(row_format, name, characters, equal ? "0" : absolute, ulp,
                 comparison->first_draw < 0 && comparison->characters > 0 ? "-" : text,
                 verdict_word(comparison->verdict));
    ql_cli_flush();
}

// A number that JSON can represent: infinity means that there is no number.
static json_t *number_to_json(double number)
{
    json_t *value = json_real(number);
    return value == NULL ? json_null() : value;
}

// Stages have the options of compilers in their names, and messages name nodes: these may have any bytes.
static json_t *report_to_json(const struct ql_road_report *report)
{
    const struct ql_comparison *c = &report->comparison;
    json_t *row = json_pack("{s:o, s:s, s:I, s:o, s:I, s:I, s:i}", "stage", ql_json_text_make(report->name), "verdict",
                            verdict_word(c->verdict), "characters", (json_int_t)c->characters, "absolute",
                            number_to_json(c->difference.absolute), "ulp", (json_int_t)c->difference.ulp, "unequal",
                            (json_int_t)c->difference.unequal, "edges", c->edges);

    if (c->first_logits >= 0) {
        (void)json_object_set_new(row, "first_logits", json_integer(c->first_logits + 1));
    }
    if (c->first_draw >= 0) {
        (void)json_object_set_new(row, "first_text", json_integer(c->first_draw + 1));
        (void)json_object_set_new(row, "first_character", json_integer(c->first_character + 1));
    }
    if (c->message[0] != '\0') {
        (void)json_object_set_new(row, "message", ql_json_text_make(c->message));
    }
    if (report->part[0] != '\0') {
        (void)json_object_set_new(row, "part", ql_json_text_make(report->part));
    }
    return row;
}

// A message of several lines, which may name nodes as the model names them.
static void print_message(const char *message)
{
    if (ql_cli_visible_wanted(false)) {
        ql_cli_write_visible_text(stdout, message, strlen(message));
    } else {
        (void)fputs(message, stdout);
    }
}

static void print_note(const struct ql_road *road)
{
    if (road->graph.note != NULL) {
        ql_cli_note("quillet verify: %s\n", road->graph.note);
    }
}

// How many stages were compared, how many of these differ or failed, and how many were skipped.
struct tally {
    int compared, differing, skipped;
};

static void count_verdict(struct tally *tally, enum ql_verdict verdict)
{
    tally->compared += verdict != QL_VERDICT_SKIPPED;
    tally->skipped += verdict == QL_VERDICT_SKIPPED;
    tally->differing += !ql_verdict_check(verdict);
}

// Where every stage was skipped, nothing is known.
static json_t *tally_to_json(const struct tally *tally)
{
    return tally->compared == 0 ? json_null() : json_boolean(tally->differing == 0);
}

static int finish(const struct tally *tally)
{
    const bool nothing = tally->compared == 0 && tally->skipped > 0;
    const int exit_code = ql_cli_finish("verify", nothing || tally->differing > 0 ? QL_EXIT_FAILED : QL_EXIT_DONE);

    if (tally->differing > 0) {
        (void)fprintf(stderr, "quillet verify: %d stage%s not agree\n", tally->differing,
                      tally->differing == 1 ? " does" : "s do");
    } else if (nothing) {
        (void)fputs("quillet verify: nothing was compared, because every stage was skipped\n", stderr);
    }
    return exit_code;
}

// Runs all stages, and counts their verdicts.
static enum ql_status verify(const struct settings *settings, struct tally *tally, json_t *rows, struct ql_error *error)
{
    struct ql_cli_progress progress = {.shown = ql_cli_progress_wanted(settings->quiet || settings->json)};
    struct ql_road *road = calloc(1, sizeof *road);
    struct ql_road_report *reports = calloc(QL_ROAD_STAGE_LIMIT, sizeof reports[0]);
    enum ql_status status = QL_OK;

    if (road == NULL || reports == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
        goto done;
    }
    ql_cli_progress_write(&progress, 0.0, "host engine");
    if ((status = ql_road_open(road, &settings->road, error)) != QL_OK) {
        goto done;
    }
    const struct ql_comparison first = {
        .verdict = QL_VERDICT_SAME_BITS,
        .characters = (size_t)road->verification.T +
                      (size_t)road->verification.draw_count * (size_t)road->verification.draw_length,
        .first_draw = -1,
    };
    ql_cli_progress_reset(&progress);
    print_note(road);
    if (!settings->json) {
        (void)printf(row_format, "stage", "characters", "difference", "ULP", "text at", "verdict");
        print_row(road->first.name, &first);
    }
    for (int s = 0; s < road->stage_count && status == QL_OK && ferror(stdout) == 0; s++) {
        ql_cli_progress_write(&progress, (double)(s + 1) / (road->stage_count + 1), "");
        status = ql_road_step(road, s, &reports[s], error);
        ql_cli_progress_reset(&progress);
        if (status != QL_OK) {
            break;
        }
        count_verdict(tally, reports[s].comparison.verdict);
        if (!settings->json) {
            print_row(reports[s].name, &reports[s].comparison);
        } else if (json_array_append_new(rows, report_to_json(&reports[s])) != 0) {
            status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the result");
        }
    }
    for (int s = 0; s < road->stage_count && status == QL_OK && !settings->json; s++) {
        const char *message = reports[s].comparison.message;
        if (message[0] != '\0' || reports[s].part[0] != '\0') {
            (void)printf("\n%s: ", reports[s].name);
            print_message(message);
            (void)fputs(message[0] != '\0' && reports[s].part[0] != '\0' ? "\n" : "", stdout);
            print_message(reports[s].part);
            (void)putchar('\n');
        }
    }
done:
    ql_cli_progress_reset(&progress);
    if (road != NULL) {
        ql_road_close(road);
    }
    free(road);
    free(reports);
    return status;
}

// Long because of the table of its options.
int ql_cli_verify(int argc, char **argv)
{
    struct settings settings = {
        .road = {.characters = 2000, .seed_count = 10, .length = 200, .seed = 1, .top_k = -1},
        .temperature = -1.0,
        .top_p = -1.0,
        .tolerance = QL_VERIFY_TOLERANCE,
    };
    struct ql_road_options *road = &settings.road;
    struct ql_option options[] = {
        {"model", QL_OPTION_STRING, &road->descriptor_path, 0, 0, "FILE",
         "the descriptor of the model, such as names.json", false},
        {"init_from", QL_OPTION_STRING, &road->checkpoint_path, 0, 0, "FILE",
         "the checkpoint that the model was exported from, as a further stage", false},
        {"", QL_OPTION_FLAG, NULL, 0, 0, NULL, "What is compared", false},
        {"text", QL_OPTION_STRING, &road->text_path, 0, 0, "FILE",
         "the text that all stages read (default: one that the model writes)", false},
        {"characters", QL_OPTION_INT, &road->characters, 1, 10000000, "N", "read at most this many symbols of the text",
         false},
        {"seeds", QL_OPTION_INT, &road->seed_count, 0, 100000, "N", "texts that all stages write at each setting",
         false},
        {"length", QL_OPTION_INT, &road->length, 1, 1000000, "N", "symbols of each of them", false},
        {"seed", QL_OPTION_UINT32, &road->seed, 0, 0, "N", "the first seed", false},
        {"temperature", QL_OPTION_FLOAT, &settings.temperature, 0, 100, "X",
         "write at this setting only, instead of at several; settings that are not given are the descriptor's", false},
        {"top_p", QL_OPTION_FLOAT, &settings.top_p, 0.000001, 1, "X", "likewise", false},
        {"top_k", QL_OPTION_INT, &road->top_k, 0, 65535, "N", "likewise", false},
        {"tolerance", QL_OPTION_FLOAT, &settings.tolerance, 0, 1, "X",
         "how far the logits of foreign engines may be from ours", false},
        {"emulated_length", QL_OPTION_INT, &road->emulated_length, 0, 10000000, "N",
         "the emulated chip reads, and writes, at most this many symbols; 0: as many as take some seconds", false},
        {"stages", QL_OPTION_STRING, &road->stages, 0, 0, "LIST",
         "only the stages that have one of these words in their names: checkpoint,ONNX,-O3", false},
        QL_CLI_QUANTIZATION_OPTIONS(&settings.quantization),
        {"", QL_OPTION_FLAG, NULL, 0, 0, NULL, "Somebody else's C", false},
        {"c", QL_OPTION_STRING, &road->c_path, 0, 0, "FILE", "C that was generated from the same ONNX file", false},
        {"entry", QL_OPTION_STRING, &road->entry, 0, 0, "FUNCTION",
         "its function: arrays in, arrays out, as the graph has them", false},
        {"expose", QL_OPTION_STRING, &settings.expose, 0, 0, "FILE",
         "write the ONNX file with all its values as outputs, and compare nothing", false},
        {"exposed_c", QL_OPTION_STRING, &road->exposed_path, 0, 0, "FILE",
         "the C that was generated from that file, to find the node that differs", false},
        {"", QL_OPTION_FLAG, NULL, 0, 0, NULL, "Output", false},
        {"quiet", QL_OPTION_FLAG, &settings.quiet, 0, 0, NULL, "no progress", false},
        {"json", QL_OPTION_FLAG, &settings.json, 0, 0, NULL, "print the table as JSON", false},
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };
    char data_folder[QL_DATA_PATH_BYTES];
    struct ql_error error;
    struct tally tally = {0};
    int exit_code = QL_EXIT_DONE;
    enum ql_status status;

    if (!ql_cli_read_options(usage, summary_text, options, argc, argv, NULL, 0, NULL, &exit_code)) {
        return exit_code;
    }
    road->temperature = (float)settings.temperature;
    road->top_p = (float)settings.top_p;
    road->tolerance = settings.tolerance;
    road->one_setting = ql_option_find(options, "temperature")->given || ql_option_find(options, "top_p")->given ||
                        ql_option_find(options, "top_k")->given;
    road->tool = ql_system_program(ql_cli_program);
    road->data_folder = data_folder;
    road->calibrate = settings.quantization.calibrate;

    json_t *rows = json_array();
    status = ql_cli_quantization_read(&road->format, &settings.quantization, &error);
    if (status != QL_OK) {
        // said below
    } else if (road->descriptor_path == NULL) {
        status = ql_error_write(&error, QL_ERROR_USAGE, "--model is missing: a descriptor, such as names.json");
    } else if (settings.expose != NULL) {
        status = ql_road_expose(settings.expose, road->descriptor_path, &error);
    } else if ((road->checkpoint_path == NULL ||
                (status = ql_checkpoint_check(road->checkpoint_path, &error)) == QL_OK) &&
               (status = ql_cli_data_folder(data_folder, "firmware/port/pipe/model.c", &error)) == QL_OK) {
        status = verify(&settings, &tally, rows, &error);
    }
    if (status == QL_OK && settings.json && settings.expose == NULL) {
        json_t *result =
            json_pack("{s:o, s:o, s:i, s:i, s:O}", "model", ql_cli_path_to_json(road->descriptor_path), "same",
                      tally_to_json(&tally), "compared", tally.compared, "skipped", tally.skipped, "stages", rows);
        ql_cli_print_json(result, JSON_INDENT(2));
        json_decref(result);
    }
    json_decref(rows);
    if (status != QL_OK) {
        return ql_cli_fail("verify", &error);
    }
    return finish(&tally);
}
