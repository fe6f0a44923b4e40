// `quillet predict`: has a trained model write.
// The text goes to stdout as it is drawn, symbol by symbol.
// Uses: base, corpus, model, device.
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/sampling.h"
#include "cli/terminal.h"

static const char usage[] = "predict --init-from CHECKPOINT [OPTION ...]";
static const char summary_text[] = "Lets a trained model write a text, drawn symbol by symbol.";

struct settings {
    struct ql_cli_sampling sampling;
    struct ql_cli_choice choice;
    double temperature;
    int generate;
    const char *prompt;
    bool quiet, json, raw;
};

// Long because of the table of its options.
int ql_cli_predict(int argc, char **argv)
{
    struct settings settings = {
        .sampling = {.top_p = 1.0}, .choice = {.best = 1}, .temperature = 0.8, .generate = 500, .prompt = ""};
    struct ql_option options[] = {
        QL_CLI_SAMPLING_OPTIONS(&settings.sampling),
        {"temperature", QL_OPTION_FLOAT, &settings.temperature, 0, 100, "X",
         "low: typical, repetitive; high: bold; 0: always the likeliest", false},
        {"generate", QL_OPTION_INT, &settings.generate, 0, 100000000, "N", "characters to write", false},
        {"prompt", QL_OPTION_STRING, &settings.prompt, 0, 0, "TEXT", "what the text begins with", false},
        QL_CLI_CHOICE_OPTIONS(&settings.choice),
        {"quiet", QL_OPTION_FLAG, &settings.quiet, 0, 0, NULL, "print the text only", false},
        {"json", QL_OPTION_FLAG, &settings.json, 0, 0, NULL, "print text and settings as JSON", false},
        QL_CLI_RAW_OPTION(&settings.raw),
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };
    static struct ql_guard guard;
    struct ql_cli_output output = {.guard = &guard, .newline = '\n'};
    struct ql_error error;
    int exit_code = QL_EXIT_DONE;

    if (!ql_cli_read_options(usage, summary_text, options, argc, argv, NULL, 0, NULL, &exit_code)) {
        return exit_code;
    }
    struct ql_cli_writer *writer = calloc(1, sizeof *writer);
    if (!ql_option_find(options, "seed")->given) {
        settings.sampling.seed = ql_cli_random_seed();
    }
    enum ql_status status = writer == NULL
                                ? ql_error_write(&error, QL_ERROR_SYSTEM, "not enough memory for the model")
                                : ql_cli_choice_check(&settings.choice, settings.generate, "generate", &error);
    if (status == QL_OK) {
        status = ql_cli_writer_open(writer, &settings.sampling, &error);
    }
    if (status == QL_OK) {
        output.stream = settings.json ? NULL : stdout;
        output.visible = ql_cli_visible_wanted(settings.raw);
        status = ql_guard_init(&guard, settings.sampling.filter, &writer->info.vocabulary, &error);
    }
    if (status == QL_OK) {
        status = ql_guard_load_lexicon(&guard, settings.sampling.lexicon, &writer->info.vocabulary, &error);
    }
    if (status == QL_OK) {
        const struct ql_draw draw = ql_cli_draw(&settings.sampling, settings.temperature);
        status = ql_cli_text_draw(&output, &writer->session, &guard, &writer->info.vocabulary, &draw, &settings.choice,
                                  settings.prompt, settings.generate, &error);
    }
    if (status == QL_OK && settings.json) {
        json_t *result =
            json_pack("{s:o, s:s, s:s, s:f, s:f, s:i, s:I}", "model", ql_cli_path_to_json(settings.sampling.init_from),
                      "prompt", settings.prompt, "text", output.text.bytes == NULL ? "" : output.text.bytes,
                      "temperature", settings.temperature, "top_p", settings.sampling.top_p, "top_k",
                      settings.sampling.top_k, "seed", (json_int_t)settings.sampling.seed);
        ql_cli_print_json(result, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
        json_decref(result);
    } else if (status == QL_OK) {
        (void)putchar('\n');
        if (!settings.quiet && !ql_option_find(options, "seed")->given) {
            ql_cli_flush();
            (void)fprintf(stderr, "(seed %" PRIu32 ")\n", settings.sampling.seed);
        }
    }
    exit_code = status == QL_OK ? ql_cli_finish("predict", QL_EXIT_DONE) : ql_cli_fail("predict", &error);
    ql_cli_output_free(&output);
    ql_guard_free(&guard);
    if (writer != NULL) {
        ql_cli_writer_close(writer);
        free(writer);
    }
    return exit_code;
}
