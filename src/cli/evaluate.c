// `quillet evaluate`: has an exported model write, in the host engine, or measures how well it predicts a text.
// Uses: base, corpus, checkpoint (ql_training_bits), onnx, engine, cli/text_measure.
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/training_run.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/sampling.h"
#include "cli/terminal.h"
#include "cli/text_measure.h"
#include "engine/text_session.h"
#include "engine/token_graph.h"
#include "onnx/model_file.h"

static const char usage[] = "evaluate --model names.json [OPTION ...]";
static const char summary_text[] = "Lets an exported model write, with the kernels that its generated C has. The\n"
                                   "text is that of `npm run evaluate`, in web/, with the same options. With --text,\n"
                                   "reports how well the model predicts a text instead.";

struct settings {
    const char *model, *prompt, *text, *filter, *lexicon;
    struct ql_cli_choice choice;
    double temperature, top_p;
    int top_k, length;
    uint32_t seed;
    struct ql_cli_quantization quantization;
    bool quiet, json, raw;
};

// An open model, allocated separately because a descriptor is large.
struct writer {
    struct ql_descriptor descriptor;
    struct ql_graph graph;
    struct ql_text_session session; // on the graph, or on the integer form
    struct ql_integer_form integer; // in use with --quantize
    bool is_integer;
    struct ql_guard guard;
};

// Options of a text that is written would have no effect on one that is read.
static enum ql_status check_options(struct ql_option *options, const struct settings *settings, struct ql_error *error)
{
    static const char *const writing[] = {"length", "temperature", "top_p",      "top_k",  "seed",
                                          "prompt", "best",        "min_length", "filter", "lexicon"};

    for (size_t k = 0; k < sizeof writing / sizeof writing[0] && settings->text != NULL; k++) {
        if (ql_option_find(options, writing[k])->given) {
            return ql_error_write(error, QL_ERROR_USAGE,
                                  "--text measures how well the model predicts a text, and writes nothing: leave out "
                                  "--%s",
                                  ql_option_spell(writing[k]).text);
        }
    }
    return QL_OK;
}

static enum ql_status open_writer(struct writer *writer, const struct settings *settings, struct ql_error *error)
{
    const struct ql_program_options program_options = {.default_size = 1};
    const char *path = settings->model;
    enum ql_weight_format format;
    enum ql_status status;

    if (path == NULL) {
        return ql_error_write(error, QL_ERROR_USAGE, "--model is missing: a descriptor, such as names.json");
    }
    if ((status = ql_cli_choice_check(&settings->choice, settings->length, "length", error)) != QL_OK) {
        return status;
    }
    if ((status = ql_cli_quantization_read(&format, &settings->quantization, error)) != QL_OK ||
        (status = ql_model_file_load(&writer->descriptor, &writer->graph, path, error)) != QL_OK) {
        return status;
    }
    if (ql_token_graph_init(NULL, &writer->graph, &writer->descriptor, error) != QL_OK ||
        ql_text_session_open_graph(&writer->session, &writer->graph, &program_options, &writer->descriptor, error) !=
            QL_OK) {
        return ql_error_prefix(error, "%s: ", writer->descriptor.path);
    }
    if (writer->graph.note != NULL && !settings->quiet) {
        ql_cli_note("quillet evaluate: %s\n", writer->graph.note);
    }
    writer->is_integer = format != QL_WEIGHTS_F32;
    if (!writer->is_integer) {
        return QL_OK;
    }
    ql_text_session_close(&writer->session);
    status = ql_integer_form_open(&writer->integer, &writer->graph, &writer->descriptor, format,
                                  settings->quantization.calibrate, error);
    return status == QL_OK ? ql_text_session_open_integer(&writer->session, &writer->integer.stepper, error) : status;
}

static void close_writer(struct writer *writer)
{
    ql_text_session_close(&writer->session);
    ql_integer_form_close(&writer->integer);
    ql_guard_free(&writer->guard);
    ql_graph_free(&writer->graph);
    free(writer);
}

static void print_json(const struct settings *settings, const struct ql_cli_text *text)
{
    json_t *result = json_pack("{s:o, s:s, s:s, s:f, s:f, s:i, s:I}", "model", ql_cli_path_to_json(settings->model),
                               "prompt", settings->prompt, "text", text->bytes == NULL ? "" : text->bytes,
                               "temperature", settings->temperature, "top_p", settings->top_p, "top_k", settings->top_k,
                               "seed", (json_int_t)settings->seed);
    ql_cli_print_json(result, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    json_decref(result);
}

// Reads a text instead of writing one.
static enum ql_status measure_text(const struct writer *writer, const struct settings *settings, struct ql_error *error)
{
    struct ql_cli_text_measure measure;
    enum ql_status status =
        ql_cli_text_measure_read(&measure, &writer->graph, &writer->descriptor,
                                 writer->is_integer ? &writer->integer.model : NULL, settings->text, error);

    if (status != QL_OK) {
        return status;
    }
    const double bits = ql_training_bits(measure.nats);
    if (settings->json) {
        json_t *result = json_pack("{s:o, s:o, s:s, s:I, s:f, s:f}", "model", ql_cli_path_to_json(settings->model),
                                   "text", ql_cli_path_to_json(settings->text), "quantize",
                                   writer->is_integer ? settings->quantization.quantize : "off", "characters",
                                   (json_int_t)measure.characters, "nats", measure.nats, "bits_per_char", bits);
        ql_cli_print_json(result, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
        json_decref(result);
    } else {
        (void)printf("%.4f bits per character, %.4f nats, %zu character%s\n", bits, measure.nats, measure.characters,
                     ql_cli_plural((double)measure.characters));
    }
    return QL_OK;
}

// Long because of the table of its options.
int ql_cli_evaluate(int argc, char **argv)
{
    struct settings settings = {
        .temperature = -1.0, .top_p = -1.0, .top_k = -1, .length = 512, .prompt = "", .choice = {.best = 1}};
    struct ql_option options[] = {
        {"model", QL_OPTION_STRING, &settings.model, 0, 0, "FILE", "the descriptor of the model, such as names.json",
         false},
        {"length", QL_OPTION_INT, &settings.length, 0, 100000000, "N", "characters to write", false},
        {"temperature", QL_OPTION_FLOAT, &settings.temperature, 0, 100, "X",
         "low: typical, repetitive; high: bold; 0: always the likeliest (default: the descriptor's)", false},
        {"top_p", QL_OPTION_FLOAT, &settings.top_p, 0.000001, 1, "X",
         "draw from the likeliest symbols whose probabilities add up to this; 1 is off (default: the descriptor's)",
         false},
        {"top_k", QL_OPTION_INT, &settings.top_k, 0, 65535, "N",
         "draw from the N likeliest symbols; 0 is off (default: the descriptor's)", false},
        {"seed", QL_OPTION_UINT32, &settings.seed, 0, 0, "N", "same seed, same text; otherwise a new one each time",
         false},
        {"prompt", QL_OPTION_STRING, &settings.prompt, 0, 0, "TEXT", "what the text begins with", false},
        QL_CLI_CHOICE_OPTIONS(&settings.choice),
        {"text", QL_OPTION_STRING, &settings.text, 0, 0, "FILE",
         "write nothing: read this text, and report how many bits per character it takes", false},
        QL_CLI_QUANTIZATION_OPTIONS(&settings.quantization),
        QL_CLI_FILTER_OPTION(&settings.filter),
        QL_CLI_LEXICON_OPTION(&settings.lexicon),
        {"quiet", QL_OPTION_FLAG, &settings.quiet, 0, 0, NULL, "print the text only", false},
        {"json", QL_OPTION_FLAG, &settings.json, 0, 0, NULL, "print text and settings as JSON", false},
        QL_CLI_RAW_OPTION(&settings.raw),
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };
    struct ql_cli_output output = {.newline = '\n'};
    struct ql_error error;
    int exit_code = QL_EXIT_DONE;

    if (!ql_cli_read_options(usage, summary_text, options, argc, argv, NULL, 0, NULL, &exit_code)) {
        return exit_code;
    }
    struct writer *writer = calloc(1, sizeof *writer);
    enum ql_status status = check_options(options, &settings, &error);
    if (status == QL_OK) {
        status = writer == NULL ? ql_error_write(&error, QL_ERROR_SYSTEM, "not enough memory for the model")
                                : open_writer(writer, &settings, &error);
    }
    if (status == QL_OK) {
        const struct ql_descriptor *descriptor = &writer->descriptor;
        settings.temperature = settings.temperature < 0.0 ? descriptor->temperature : settings.temperature;
        settings.top_p = settings.top_p < 0.0 ? descriptor->top_p : settings.top_p;
        settings.top_k = settings.top_k < 0 ? descriptor->top_k : settings.top_k;
        if (!ql_option_find(options, "seed")->given) {
            settings.seed = ql_cli_random_seed();
        }
        output.guard = &writer->guard;
        output.stream = settings.json ? NULL : stdout;
        output.visible = ql_cli_visible_wanted(settings.raw);
        status = ql_guard_init(&writer->guard, settings.filter, &descriptor->vocabulary, &error);
    }
    if (status == QL_OK) {
        status = ql_guard_load_lexicon(&writer->guard, settings.lexicon, &writer->descriptor.vocabulary, &error);
    }
    if (status == QL_OK && settings.text != NULL) {
        status = measure_text(writer, &settings, &error);
    } else if (status == QL_OK) {
        const struct ql_draw draw = {(float)settings.temperature, (float)settings.top_p, settings.top_k, settings.seed};
        status = ql_cli_text_draw(&output, &writer->session, &writer->guard, &writer->descriptor.vocabulary, &draw,
                                  &settings.choice, settings.prompt, settings.length, &error);
    }
    if (status != QL_OK || settings.text != NULL) {
        // nothing was written
    } else if (settings.json) {
        print_json(&settings, &output.text);
    } else {
        (void)putchar('\n');
        if (!settings.quiet && !ql_option_find(options, "seed")->given) {
            ql_cli_flush();
            (void)fprintf(stderr, "(seed %" PRIu32 ")\n", settings.seed);
        }
    }
    exit_code = status == QL_OK ? ql_cli_finish("evaluate", QL_EXIT_DONE) : ql_cli_fail("evaluate", &error);
    ql_cli_output_free(&output);
    if (writer != NULL) {
        close_writer(writer);
    }
    return exit_code;
}
