// `quillet predict`: lets a trained model write.
// The text goes to stdout as it is drawn, symbol by symbol.
// Uses: base, corpus, model, checkpoint, device.
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/sampling.h"

static const char usage[] = "predict --init_from CHECKPOINT [OPTION ...]";
static const char summary_text[] = "Lets a trained model write a text, drawn symbol by symbol.";

struct settings {
    struct ql_cli_sampling sampling;
    double temperature;
    int generate;
    const char *prompt;
    bool quiet, json;
};

// Feeds the newline from which every text begins, and the prompt. `*token` is the last one, not yet taken.
static enum ql_status begin(struct ql_cli_writer *writer, struct ql_guard *guard, const char *prompt, int *token,
                            struct ql_error *error)
{
    size_t size = strlen(prompt);

    *token = writer->first_token;
    for (size_t place = 0; place < size;) {
        uint32_t symbol;
        size_t length = ql_utf8_decode(&symbol, (const unsigned char *)prompt + place, size - place);
        int next = length == 0 ? -1 : ql_vocabulary_encode(&writer->info.vocabulary, symbol);
        if (next < 0) {
            return ql_error_write(error, QL_ERROR_USAGE, "--prompt: '%.*s' is not in the model's vocabulary",
                                  length == 0 ? 1 : (int)length, prompt + place);
        }
        ql_cli_writer_step(writer, *token);
        (void)ql_guard_step(guard, *token);
        *token = next;
        place += length;
    }
    return QL_OK;
}

// Writes the wanted number of symbols, and a few more where the text must not end there.
static enum ql_status write_text(struct ql_cli_writer *writer, struct ql_guard *guard, const struct settings *settings,
                                 struct ql_cli_output *output, struct ql_error *error)
{
    int token;

    ql_cli_writer_begin(writer, &settings->sampling, settings->temperature);
    enum ql_status status = begin(writer, guard, settings->prompt, &token, error);
    if (status == QL_OK && !settings->json) {
        (void)fputs(settings->prompt, stdout);
    }
    for (int i = 0; (i < settings->generate || (i > 0 && !ql_guard_may_end(guard, token))) && status == QL_OK &&
                    ferror(stdout) == 0;
         i++) {
        const uint32_t *barred = ql_guard_step(guard, token);
        status = ql_cli_writer_next(writer, barred, &token, error);
        if (status == QL_OK) {
            status = ql_cli_output_write(output, writer->info.vocabulary.symbols[token], error);
        }
    }
    if (status == QL_OK && settings->generate > 0) {
        (void)ql_guard_step(guard, token);
        status = ql_cli_output_end(output, ql_guard_refuses(guard), error);
    }
    return status;
}

int ql_cli_predict(int argc, char **argv)
{
    struct settings settings = {.sampling = {.top_p = 1.0}, .temperature = 0.8, .generate = 500, .prompt = ""};
    struct ql_option options[] = {
        QL_CLI_SAMPLING_OPTIONS(&settings.sampling),
        {"temperature", QL_OPTION_FLOAT, &settings.temperature, 0, 100, "X",
         "low: typical, repetitive; high: bold; 0: always the likeliest", false},
        {"generate", QL_OPTION_INT, &settings.generate, 0, 100000000, "N", "symbols to write", false},
        {"prompt", QL_OPTION_STRING, &settings.prompt, 0, 0, "TEXT", "what the text begins with", false},
        {"quiet", QL_OPTION_FLAG, &settings.quiet, 0, 0, NULL, "print the text only", false},
        {"json", QL_OPTION_FLAG, &settings.json, 0, 0, NULL, "print text and settings as JSON", false},
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
    enum ql_status status = writer == NULL ? ql_error_write(&error, QL_ERROR_SYSTEM, "not enough memory for the model")
                                           : ql_cli_writer_open(writer, &settings.sampling, &error);
    if (status == QL_OK) {
        output.stream = settings.json ? NULL : stdout;
        status = ql_guard_init(&guard, settings.sampling.filter, writer->info.vocabulary.symbols,
                               writer->info.vocabulary.count, &error);
    }
    if (status == QL_OK) {
        status = write_text(writer, &guard, &settings, &output, &error);
    }
    if (status == QL_OK && settings.json) {
        json_t *result =
            json_pack("{s:o, s:s, s:s, s:f, s:f, s:i, s:I}", "model", ql_cli_path_to_json(settings.sampling.init_from),
                      "prompt", settings.prompt, "text", output.text.bytes == NULL ? "" : output.text.bytes,
                      "temperature", settings.temperature, "top_p", settings.sampling.top_p, "top_k",
                      settings.sampling.top_k, "seed", (json_int_t)settings.sampling.seed);
        char *line = json_dumps(result, JSON_INDENT(2));
        (void)puts(line == NULL ? "{}" : line);
        free(line);
        json_decref(result);
    } else if (status == QL_OK) {
        (void)putchar('\n');
        if (!settings.quiet && !ql_option_find(options, "seed")->given) {
            (void)fflush(stdout);
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
