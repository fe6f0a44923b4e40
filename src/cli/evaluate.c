// `quillet evaluate`: lets an exported model write, in the host engine, or measures how well it predicts a text.
// Uses: base, corpus, device, checkpoint (ql_training_bits), onnx, engine, verify/language_model, cli/text_measure.
#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/training_run.h"
#include "cli/cli.h"
#include "cli/sampling.h"
#include "cli/text_measure.h"
#include "onnx/onnx_reader.h"
#include "verify/language_model.h"

static const char usage[] = "evaluate --model names.json [OPTION ...]";
static const char summary_text[] = "Lets an exported model write, with the kernels that its generated C has. The\n"
                                   "text is that of `npm run evaluate`, in web/, with the same options. Or tells\n"
                                   "how well the model predicts a text: --text.";

struct settings {
    const char *model, *prompt, *text, *filter;
    double temperature, top_p;
    int top_k, length;
    uint32_t seed;
    struct ql_cli_quantization quantization;
    bool quiet, json;
};

// An opened model, in memory of its own because a descriptor is large.
struct writer {
    struct ql_descriptor descriptor;
    struct ql_graph graph;
    struct ql_runner runner;
    struct ql_language_model model;
    struct ql_integer_form integer; // in use with --quantize
    bool is_integer;
    struct ql_guard guard;
};

static enum ql_status open_writer(struct writer *writer, const struct settings *settings, struct ql_error *error)
{
    const char *path = settings->model;
    enum ql_weight_format format;
    enum ql_status status;

    if (path == NULL) {
        return ql_error_write(error, QL_ERROR_USAGE, "--model is missing: a descriptor, as names.json");
    }
    if ((status = ql_cli_quantization_read(&format, &settings->quantization, error)) != QL_OK ||
        (status = ql_descriptor_load(&writer->descriptor, path, error)) != QL_OK ||
        (status = ql_onnx_load(&writer->graph, writer->descriptor.path, error)) != QL_OK) {
        return status;
    }
    if (ql_engine_runner_open(&writer->runner, &writer->graph, error) != QL_OK ||
        ql_language_model_init(&writer->model, &writer->runner, ql_engine_runner_program(&writer->runner),
                               &writer->descriptor, error) != QL_OK) {
        return ql_error_prefix(error, "%s: ", writer->descriptor.path);
    }
    writer->is_integer = format != QL_WEIGHTS_F32;
    return writer->is_integer ? ql_integer_form_open(&writer->integer, &writer->graph, &writer->descriptor, format,
                                                     settings->quantization.calibrate, error)
                              : QL_OK;
}

static void close_writer(struct writer *writer)
{
    ql_integer_form_close(&writer->integer);
    ql_guard_free(&writer->guard);
    ql_language_model_free(&writer->model);
    ql_runner_free(&writer->runner);
    ql_graph_free(&writer->graph);
    free(writer);
}

static enum ql_status take(struct writer *writer, int token, struct ql_error *error)
{
    if (writer->is_integer) {
        ql_integer_stepper_step(&writer->integer.stepper, token);
        return QL_OK;
    }
    return ql_language_model_step(&writer->model, token, error);
}

// Feeds what comes before the first symbol that is drawn. `*token` is the last one, not yet taken.
static enum ql_status begin(struct writer *writer, const char *prompt, int *token, struct ql_error *error)
{
    const size_t size = strlen(prompt);
    enum ql_status status = QL_OK;

    *token = writer->model.first_token;
    for (size_t place = 0; place < size && status == QL_OK;) {
        uint32_t symbol;
        const size_t length = ql_utf8_decode(&symbol, (const unsigned char *)prompt + place, size - place);
        const int next = length == 0 ? -1 : ql_descriptor_encode(&writer->descriptor, symbol);
        if (next < 0) {
            return ql_error_write(error, QL_ERROR_USAGE, "--prompt: '%.*s' is not in the model's vocabulary",
                                  length == 0 ? 1 : (int)length, prompt + place);
        }
        status = take(writer, *token, error);
        (void)ql_guard_step(&writer->guard, *token);
        *token = next;
        place += length;
    }
    return status;
}

// Writes the wanted number of symbols, and a few more where the text must not end there.
static enum ql_status write_text(struct writer *writer, const struct settings *settings, struct ql_cli_output *output,
                                 struct ql_error *error)
{
    struct ql_sampler sampler = {
        .temperature = (float)settings->temperature, .top_p = (float)settings->top_p, .top_k = settings->top_k};
    struct ql_sampler_s32 integer_sampler = ql_integer_sampler(sampler.temperature, sampler.top_p, sampler.top_k);
    int token;

    ql_random_init(&sampler.random, settings->seed);
    ql_random_init(&integer_sampler.random, settings->seed);
    enum ql_status status = begin(writer, settings->prompt, &token, error);
    if (status == QL_OK && !settings->json) {
        (void)fputs(settings->prompt, stdout);
    }
    for (int i = 0; (i < settings->length || (i > 0 && !ql_guard_may_end(&writer->guard, token))) && status == QL_OK &&
                    ferror(stdout) == 0;
         i++) {
        const uint32_t *barred = ql_guard_step(&writer->guard, token);
        if (writer->is_integer) {
            token = ql_integer_stepper_next(&writer->integer.stepper, token, &integer_sampler, barred);
            assert(token >= 0); // ql_guard_init has made sure that the filter leaves a symbol
        } else {
            status = ql_language_model_next(&writer->model, &token, &sampler, barred, error);
        }
        if (status == QL_OK) {
            status = ql_cli_output_write(output, writer->descriptor.symbols[token], error);
        }
    }
    if (status == QL_OK && settings->length > 0) {
        (void)ql_guard_step(&writer->guard, token);
        status = ql_cli_output_end(output, ql_guard_refuses(&writer->guard), error);
    }
    return status;
}

static void print_json(const struct settings *settings, const struct ql_cli_text *text)
{
    json_t *result = json_pack("{s:o, s:s, s:s, s:f, s:f, s:i, s:I}", "model", ql_cli_path_to_json(settings->model),
                               "prompt", settings->prompt, "text", text->bytes == NULL ? "" : text->bytes,
                               "temperature", settings->temperature, "top_p", settings->top_p, "top_k", settings->top_k,
                               "seed", (json_int_t)settings->seed);
    (void)json_dumpf(result, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    (void)putchar('\n');
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
        (void)json_dumpf(result, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
        (void)putchar('\n');
        json_decref(result);
    } else {
        (void)printf("%.4f bits per character, %.4f nats, %zu characters\n", bits, measure.nats, measure.characters);
    }
    return QL_OK;
}

int ql_cli_evaluate(int argc, char **argv)
{
    struct settings settings = {.temperature = -1.0, .top_p = -1.0, .top_k = -1, .length = 512, .prompt = ""};
    struct ql_option options[] = {
        {"model", QL_OPTION_STRING, &settings.model, 0, 0, "FILE", "the descriptor of the model, as names.json", false},
        {"length", QL_OPTION_INT, &settings.length, 0, 100000000, "N", "symbols to write", false},
        {"temperature", QL_OPTION_FLOAT, &settings.temperature, 0, 100, "X",
         "low: typical, repetitive; high: bold; 0: always the likeliest (the descriptor's)", false},
        {"top_p", QL_OPTION_FLOAT, &settings.top_p, 0.000001, 1, "X",
         "draw from the likeliest symbols that have this share together; 1 is off (the descriptor's)", false},
        {"top_k", QL_OPTION_INT, &settings.top_k, 0, 65535, "N",
         "draw from the N likeliest symbols; 0 is off (the descriptor's)", false},
        {"seed", QL_OPTION_UINT32, &settings.seed, 0, 0, "N", "same seed, same text; otherwise a new one each time",
         false},
        {"prompt", QL_OPTION_STRING, &settings.prompt, 0, 0, "TEXT", "what the text begins with", false},
        {"text", QL_OPTION_STRING, &settings.text, 0, 0, "FILE",
         "write nothing: read this text, and tell how many bits a character of it takes", false},
        QL_CLI_QUANTIZATION_OPTIONS(&settings.quantization),
        QL_CLI_FILTER_OPTION(&settings.filter),
        {"quiet", QL_OPTION_FLAG, &settings.quiet, 0, 0, NULL, "print the text only", false},
        {"json", QL_OPTION_FLAG, &settings.json, 0, 0, NULL, "print text and settings as JSON", false},
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };
    struct ql_cli_output output = {.newline = '\n'};
    struct ql_error error;
    int exit_code = QL_EXIT_DONE;

    if (!ql_cli_read_options(usage, summary_text, options, argc, argv, NULL, 0, NULL, &exit_code)) {
        return exit_code;
    }
    struct writer *writer = calloc(1, sizeof *writer);
    enum ql_status status = writer == NULL ? ql_error_write(&error, QL_ERROR_SYSTEM, "not enough memory for the model")
                                           : open_writer(writer, &settings, &error);
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
        status = ql_guard_init(&writer->guard, settings.filter, descriptor->symbols, descriptor->symbol_count, &error);
    }
    if (status == QL_OK) {
        status = settings.text == NULL ? write_text(writer, &settings, &output, &error)
                                       : measure_text(writer, &settings, &error);
    }
    if (status != QL_OK || settings.text != NULL) {
        // nothing was written
    } else if (settings.json) {
        print_json(&settings, &output.text);
    } else {
        (void)putchar('\n');
        if (!settings.quiet && !ql_option_find(options, "seed")->given) {
            (void)fflush(stdout);
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
