// `quillet generate`: many items from one model, on all cores, one per line.
// Uses: base, corpus, filter, onnx/model_file, generate, jansson.
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/batch_writer.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/sampling.h"
#include "cli/terminal.h"
#include "onnx/model_file.h"

static const char usage[] = "generate --init-from CHECKPOINT | --model names.json [OPTION ...]";
static const char summary_text[] = "Lets a model write many items at once, on all cores, one per line. Item n is the\n"
                                   "text that `predict` writes with the item's own seed, which --json shows.";

enum { CONTEXT_BYTES = 80 };

struct settings {
    const char *init_from, *model, *output, *filter, *lexicon, *prompt;
    double temperature, top_p;
    int top_k, count, max_length, threads;
    struct ql_cli_choice choice;
    uint32_t seed;
    bool quiet, json, raw;
    struct ql_cli_quantization quantization;
};

// The data for the generation's callbacks.
struct run {
    const struct settings *settings;
    const struct ql_cli_batch_writer *writer;
    FILE *stream;
    bool visible; // control characters are shown as text
    struct ql_cli_text text;
    struct ql_cli_progress progress;
    double started;
};

// The error of a write that has just failed.
static enum ql_status write_error(const struct run *run, struct ql_error *error)
{
    const char *path = run->settings->output;
    const char *reason = ferror(run->stream) == 0 ? "not enough memory" : strerror(errno);

    return path == NULL ? ql_error_write(error, QL_ERROR_SYSTEM, "cannot write the result: %s", reason)
                        : ql_error_write(error, QL_ERROR_SYSTEM, "%s: cannot write: %s", path, reason);
}

static enum ql_status write_item(void *context, const struct ql_generated_item *item, struct ql_error *error)
{
    struct run *run = context;
    enum ql_status status = QL_OK;

    if (item->refused) {
        return QL_OK;
    }
    run->text.size = 0;
    for (int k = 0; k < item->length && status == QL_OK; k++) {
        status = ql_cli_text_write_token(&run->text, run->writer->vocabulary, item->tokens[k], error);
    }
    if (status != QL_OK) {
        return status;
    }
    if (run->settings->json) {
        json_t *line = json_pack("{s:I, s:I, s:s%, s:b, s:I}", "item", (json_int_t)item->number, "seed",
                                 (json_int_t)ql_generation_seed(run->settings->seed, item->number), "text",
                                 run->text.size == 0 ? "" : run->text.bytes, run->text.size, "cut", item->cut,
                                 "candidate", (json_int_t)item->candidate);
        const bool written = json_dumpf(line, run->stream, JSON_COMPACT | (run->visible ? JSON_ENSURE_ASCII : 0)) == 0;
        json_decref(line);
        if (!written) {
            return write_error(run, error);
        }
    } else if (run->text.size > 0 && run->visible) {
        ql_cli_write_visible_text(run->stream, run->text.bytes, run->text.size);
    } else if (run->text.size > 0 && fwrite(run->text.bytes, 1, run->text.size, run->stream) < run->text.size) {
        return write_error(run, error);
    }
    if (fputc('\n', run->stream) == EOF) {
        return write_error(run, error);
    }
    return QL_OK;
}

static bool show_progress(void *context, uint32_t complete)
{
    struct run *run = context;
    const double share = (double)complete / run->settings->count;
    const double elapsed = ql_cli_seconds() - run->started;
    char done[32], all[32], left[32], text[128];

    if (run->progress.shown) {
        ql_cli_write_count(done, complete);
        ql_cli_write_count(all, run->settings->count);
        ql_cli_write_time(left, share > 0.0 ? elapsed / share - elapsed : 0.0);
        (void)snprintf(text, sizeof text, "%s of %s items, %s left", done, all, left);
        ql_cli_progress_write(&run->progress, share, text);
    }
    return true;
}

static enum ql_status write_items(struct run *run, struct ql_generation_result *result, struct ql_error *error)
{
    const struct settings *s = run->settings;
    const char *const inputs[] = {s->init_from, s->model,   run->writer->descriptor.path,
                                  s->filter,    s->lexicon, s->quantization.calibrate};
    struct ql_file_writer file = {0};
    enum ql_status status = QL_OK;

    run->stream = stdout;
    run->visible = s->output == NULL && ql_cli_visible_wanted(s->raw);
    if (run->settings->output != NULL) {
        if ((status = ql_file_check_output(s->output, inputs, sizeof inputs / sizeof inputs[0], error)) != QL_OK ||
            (status = ql_model_file_check_output(s->output, &run->writer->graph, error)) != QL_OK ||
            (status = ql_file_writer_open(&file, s->output, error)) != QL_OK) {
            return status;
        }
        run->stream = file.stream;
    }
    status = ql_generation_run(&run->writer->generator, 0, (uint32_t)run->settings->count, write_item, show_progress,
                               run, result, error);
    ql_cli_progress_reset(&run->progress);
    if (status == QL_OK && run->settings->output != NULL) {
        status = ql_file_writer_close(&file, error);
    }
    ql_file_writer_reset(&file);
    return status;
}

static void print_summary(const struct run *run, const struct ql_generation_result *result)
{
    const double elapsed = ql_cli_seconds() - run->started;
    char count[32], symbols[32], speed[32], cut[32];

    ql_cli_write_count(count, run->settings->count);
    ql_cli_write_count(symbols, (double)result->symbols);
    ql_cli_write_count(speed, (double)result->symbols / elapsed);
    ql_cli_write_count(cut, (double)result->cut);
    ql_cli_flush();
    (void)fprintf(stderr, "%s item%s, %s symbol%s in %.2f s: %s per second (%s, %.2f symbols per step of the model)\n",
                  count, ql_cli_plural(run->settings->count), symbols, ql_cli_plural((double)result->symbols), elapsed,
                  speed, run->writer->engine.kind, (double)result->symbols / (double)result->steps);
    if (result->refused > 0) {
        ql_cli_write_count(count, (double)result->refused);
        (void)fprintf(stderr, "%s item%s refused and left out\n", count, result->refused == 1 ? " was" : "s were");
    }
    if (result->cut > 0) {
        const struct ql_generator *generator = &run->writer->generator;
        const int tokens = ql_text_rules_item_limit(&generator->rules, generator->engine->context);
        char context[CONTEXT_BYTES] = "";
        if (tokens > 0) {
            (void)snprintf(context, sizeof context, " or at the end of the context, %d token%s", tokens,
                           ql_cli_plural(tokens));
        }
        (void)fprintf(stderr, "%s item%s cut after %d character%s (--max-length)%s\n", cut,
                      result->cut == 1 ? " was" : "s were", run->settings->max_length,
                      ql_cli_plural(run->settings->max_length), context);
    }
}

// Long because of the table of its options.
int ql_cli_generate(int argc, char **argv)
{
    struct settings settings = {.temperature = -1,
                                .top_p = -1,
                                .top_k = -1,
                                .prompt = "",
                                .count = 1000,
                                .choice = {.best = 1},
                                .max_length = 400,
                                .threads = ql_thread_processors()};
    struct ql_option options[] = {
        {"init_from", QL_OPTION_STRING, &settings.init_from, 0, 0, "FILE", "the checkpoint of the model", false},
        {"model", QL_OPTION_STRING, &settings.model, 0, 0, "FILE", "or the descriptor of an exported one", false},
        {"count", QL_OPTION_INT, &settings.count, 1, 1e9, "N", "items", false},
        {"prompt", QL_OPTION_STRING, &settings.prompt, 0, 0, "TEXT", "what each item begins with", false},
        {"temperature", QL_OPTION_FLOAT, &settings.temperature, 0, 100, "X",
         "0: always the likeliest (default: the descriptor's, or 0.8)", false},
        {"top_p", QL_OPTION_FLOAT, &settings.top_p, 0.000001, 1, "X",
         "draw from the likeliest symbols whose probabilities add up to this; 1 is off", false},
        {"top_k", QL_OPTION_INT, &settings.top_k, 0, 65535, "N", "draw from the N likeliest symbols; 0 is off", false},
        {"seed", QL_OPTION_UINT32, &settings.seed, 0, 0, "N", "same seed, same items; otherwise new ones each time",
         false},
        {"max_length", QL_OPTION_INT, &settings.max_length, 1, 1000000, "N",
         "cut an item at this many characters after the prompt", false},
        QL_CLI_CHOICE_OPTIONS(&settings.choice),
        QL_CLI_FILTER_OPTION(&settings.filter),
        QL_CLI_LEXICON_OPTION(&settings.lexicon),
        {"output", QL_OPTION_STRING, &settings.output, 0, 0, "FILE", "write to a file instead of stdout", false},
        {"threads", QL_OPTION_INT, &settings.threads, 1, QL_THREAD_LIMIT, "N", "any number gives the same items",
         false},
        QL_CLI_QUANTIZATION_OPTIONS(&settings.quantization),
        {"quiet", QL_OPTION_FLAG, &settings.quiet, 0, 0, NULL, "print the items only", false},
        {"json", QL_OPTION_FLAG, &settings.json, 0, 0, NULL, "a line of JSON for each item, with its seed", false},
        QL_CLI_RAW_OPTION(&settings.raw),
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };
    struct ql_cli_batch_writer *writer = NULL;
    struct ql_generation_result result;
    struct ql_token_text prompt = {0};
    struct ql_error error;
    int exit_code = QL_EXIT_DONE;
    enum ql_status status = QL_OK;

    if (!ql_cli_read_options(usage, summary_text, options, argc, argv, NULL, 0, NULL, &exit_code)) {
        return exit_code;
    }
    struct run run = {.settings = &settings, .progress = {.shown = ql_cli_progress_wanted(settings.quiet)}};
    const char *path = settings.init_from == NULL ? settings.model : settings.init_from;
    const bool seeded = ql_option_find(options, "seed")->given;
    if ((settings.init_from == NULL) == (settings.model == NULL)) {
        status = ql_error_write(
            &error, QL_ERROR_USAGE,
            "give either --init-from, such as checkpoints/RUN/checkpoint.1.safetensors, or --model, such as "
            "names.json");
    } else if ((status = ql_cli_choice_check(&settings.choice, settings.max_length, "max-length", &error)) == QL_OK) {
        status = ql_cli_batch_writer_open(&writer, path, &settings.quantization, settings.threads, &error);
    }
    if (status == QL_OK) {
        status = ql_cli_batch_writer_load_guard(writer, settings.filter, settings.lexicon, &error);
    }
    if (status == QL_OK) {
        const int limit = ql_text_rules_item_limit(&writer->generator.rules, writer->engine.context);
        status = ql_cli_read_item_prompt(&prompt, writer->vocabulary, settings.prompt, limit, &error);
    }
    if (status == QL_OK) {
        if (!seeded) {
            settings.seed = ql_cli_random_seed();
        }
        writer->generator.seed = settings.seed;
        writer->generator.prompt = prompt.tokens;
        writer->generator.prompt_count = (int)prompt.count;
        writer->generator.max_length = settings.max_length;
        writer->generator.best = settings.choice.best;
        writer->generator.min_length = settings.choice.min_length;
        writer->generator.sampling = (struct ql_batch_sampling){
            .temperature = settings.temperature < 0.0 ? writer->defaults.temperature : (float)settings.temperature,
            .top_p = settings.top_p < 0.0 ? writer->defaults.top_p : (float)settings.top_p,
            .top_k = settings.top_k < 0 ? writer->defaults.top_k : settings.top_k};
        run.writer = writer;
        run.started = ql_cli_seconds();
        status = write_items(&run, &result, &error);
    }
    if (status == QL_OK && !settings.quiet) {
        print_summary(&run, &result);
        if (!seeded) {
            (void)fprintf(stderr, "(seed %" PRIu32 ")\n", settings.seed);
        }
    }
    exit_code = status == QL_OK ? ql_cli_finish("generate", QL_EXIT_DONE) : ql_cli_fail("generate", &error);
    free(run.text.bytes);
    ql_token_text_free(&prompt);
    ql_cli_batch_writer_close(writer);
    return exit_code;
}
