// `quillet compare`: samples at several temperatures side by side, as Markdown, CSV or a web page.
// This is how a person chooses a checkpoint and its settings: by reading columns.
// Uses: base, corpus, model, device.
#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/html_text.h"
#include "base/memory_stream.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/sampling.h"
#include "cli/terminal.h"

static const char usage[] = "compare --init-from CHECKPOINT [OPTION ...]";
static const char summary_text[] = "Puts items that a model invents at several temperatures side by side.";

// Limits of columns, items in each, and characters in an item. A longer item is cut, and the cut is shown.
enum { TEMPERATURE_LIMIT = 16, COUNT_LIMIT = 100000 };

struct settings {
    struct ql_cli_sampling sampling;
    const char *temperature, *format, *output, *prompt, *language;
    int count, max_length;
    double temperatures[TEMPERATURE_LIMIT];
    size_t columns;
    bool json, raw, formulas;
};

// The tokens after which an item is over (ql_text_rules_item_limit).
static int item_limit(const struct ql_text_session *session)
{
    return ql_text_rules_item_limit(&session->rules, ql_state_layout_context(&session->layout));
}

// How long an item is so far.
struct extent {
    int characters, tokens;
};

// Begins an item with the prompt. On entry `*token` is the token before it; on return, its last one, which has not been
// taken yet.
static enum ql_status begin_item(struct ql_cli_writer *writer, struct ql_guard *guard,
                                 const struct ql_token_text *prompt, int *token, struct ql_cli_text *item,
                                 struct extent *extent, struct ql_error *error)
{
    const struct ql_vocabulary *vocabulary = &writer->info.vocabulary;
    enum ql_status status = QL_OK;

    item->size = 0;
    *extent = (struct extent){.tokens = (int)prompt->count};
    for (size_t k = 0; k < prompt->count && status == QL_OK; k++) {
        status = ql_text_session_step(&writer->session, *token, error);
        (void)ql_guard_step(guard, *token);
        *token = prompt->tokens[k];
        if (status == QL_OK) {
            status = ql_cli_text_write_token(item, vocabulary, *token, error);
        }
        extent->characters += ql_vocabulary_length(vocabulary, *token);
    }
    return status;
}

// How an item ended: with its newline; at --max-length or the end of the context; or so that another must be drawn.
enum end { END_NEWLINE, END_CUT, END_DISCARDED };

// Ends an item without a newline, after `*token`, which has not been taken yet. The next item starts over.
static enum end cut_item(const struct ql_cli_writer *writer, struct ql_guard *guard, int *token)
{
    const bool may_end = ql_guard_may_end(guard, *token);

    (void)ql_guard_step(guard, *token);
    const bool refused = ql_guard_refuses(guard);
    ql_guard_reset(guard);
    *token = writer->session.rules.first_token;
    return may_end && !refused ? END_CUT : END_DISCARDED;
}

// Draws an item that has begun, to its end. The end of the context ends an item, which is discarded where it must not
// end. So are empty ones, and those that are refused.
static enum ql_status extend_item(struct ql_cli_writer *writer, struct ql_guard *guard, int max_length, int *token,
                                  struct ql_cli_text *item, struct extent *extent, enum end *end,
                                  struct ql_error *error)
{
    const struct ql_vocabulary *vocabulary = &writer->info.vocabulary;
    const int newline = writer->session.rules.newline, limit = item_limit(&writer->session);
    enum ql_status status = QL_OK;

    while ((extent->characters < max_length || !ql_guard_may_end(guard, *token)) &&
           (limit == 0 || extent->tokens < limit)) {
        const uint32_t *blocked = ql_guard_step(guard, *token);
        if ((status = ql_text_session_next(&writer->session, token, blocked, error)) != QL_OK) {
            return status;
        }
        if (*token == newline) {
            *end = extent->characters == 0 || ql_guard_refuses(guard) ? END_DISCARDED : END_NEWLINE;
            return QL_OK;
        }
        if ((status = ql_cli_text_write_token(item, vocabulary, *token, error)) != QL_OK) {
            return status;
        }
        extent->characters += ql_vocabulary_length(vocabulary, *token);
        extent->tokens++;
    }
    *end = cut_item(writer, guard, token);
    return QL_OK;
}

// Draws one item: the next line that is not empty, without its newline. A model might go on forever with items that are
// discarded, so these are limited; at the limit nothing but the ellipsis is left.
static enum ql_status draw_item(struct ql_cli_writer *writer, struct ql_guard *guard,
                                const struct ql_token_text *prompt, int max_length, int *token,
                                struct ql_cli_text *item, struct ql_error *error)
{
    struct extent extent;
    enum end end = END_DISCARDED;

    for (int discarded = 0; discarded < max_length && end == END_DISCARDED; discarded++) {
        enum ql_status status = begin_item(writer, guard, prompt, token, item, &extent, error);
        if (status == QL_OK) {
            status = extend_item(writer, guard, max_length, token, item, &extent, &end, error);
        }
        if (status != QL_OK) {
            return status;
        }
    }
    if (end == END_NEWLINE) {
        return QL_OK;
    }
    if (end == END_DISCARDED) {
        item->size = 0;
        ql_guard_reset(guard);
        *token = writer->session.rules.first_token;
    }
    return ql_cli_text_write(item, 0x2026, error); // an ellipsis
}

// cells[column * count + row]; the caller frees each.
static enum ql_status draw_cells(struct ql_cli_writer *writer, struct ql_guard *guard, const struct settings *settings,
                                 struct ql_cli_text *cells, struct ql_error *error)
{
    struct ql_token_text prompt;
    enum ql_status status = ql_cli_read_item_prompt(&prompt, &writer->info.vocabulary, settings->prompt,
                                                    item_limit(&writer->session), error);
    int length = 0;

    for (size_t k = 0; k < prompt.count && status == QL_OK; k++) {
        length += ql_vocabulary_length(&writer->info.vocabulary, prompt.tokens[k]);
    }
    if (status == QL_OK && length > 0 && length >= settings->max_length) {
        status = ql_error_write(error, QL_ERROR_USAGE,
                                "--max-length %d: includes the %d character%s of --prompt, so nothing would be drawn",
                                settings->max_length, length, ql_cli_plural(length));
    }
    for (size_t column = 0; column < settings->columns && status == QL_OK; column++) {
        const struct ql_draw draw = ql_cli_draw(&settings->sampling, settings->temperatures[column]);
        int token = ql_text_session_begin(&writer->session, &draw);
        ql_guard_reset(guard);
        for (int row = 0; row < settings->count && status == QL_OK; row++) {
            struct ql_cli_text *cell = &cells[column * (size_t)settings->count + (size_t)row];
            status = draw_item(writer, guard, &prompt, settings->max_length, &token, cell, error);
        }
    }
    ql_token_text_free(&prompt);
    return status;
}

// Characters that Markdown would interpret.
static bool markdown_is_mark(char byte)
{
    return strchr("\\|*_`<[&", byte) != NULL;
}

// The number of symbols as written: bytes that do not continue a UTF-8 sequence, and a backslash before each mark.
static int markdown_width(const char *text)
{
    int width = 0;

    for (; *text != '\0'; text++) {
        width += (((unsigned char)*text & 0xc0) != 0x80) + markdown_is_mark(*text);
    }
    return width;
}

static void write_markdown_cell(FILE *stream, const char *text, int width)
{
    int used = markdown_width(text);

    (void)fputs("| ", stream);
    for (; *text != '\0'; text++) {
        if (markdown_is_mark(*text)) {
            (void)fputc('\\', stream);
        }
        (void)fputc(*text, stream);
    }
    (void)fprintf(stream, "%*s ", used < width ? width - used : 0, "");
}

static void write_markdown(FILE *stream, const struct settings *settings, const struct ql_cli_text *cells)
{
    int widths[TEMPERATURE_LIMIT];
    char title[32];
    const size_t count = (size_t)settings->count;

    for (size_t column = 0; column < settings->columns; column++) {
        widths[column] = snprintf(title, sizeof title, "t = %g", settings->temperatures[column]);
        for (size_t row = 0; row < count; row++) {
            int width = markdown_width(cells[column * count + row].bytes);
            widths[column] = width > widths[column] ? width : widths[column];
        }
    }
    for (size_t column = 0; column < settings->columns; column++) {
        (void)snprintf(title, sizeof title, "t = %g", settings->temperatures[column]);
        write_markdown_cell(stream, title, widths[column]);
    }
    (void)fputs("|\n", stream);
    for (size_t column = 0; column < settings->columns; column++) {
        (void)fputc('|', stream);
        for (int k = 0; k < widths[column] + 2; k++) {
            (void)fputc('-', stream);
        }
    }
    (void)fputs("|\n", stream);
    for (size_t row = 0; row < count; row++) {
        for (size_t column = 0; column < settings->columns; column++) {
            write_markdown_cell(stream, cells[column * count + row].bytes, widths[column]);
        }
        (void)fputs("|\n", stream);
    }
}

// RFC 4180: every field in quotation marks, a quotation mark doubled.
// Spreadsheets evaluate a field that begins with one of these, even in quotation marks; an apostrophe marks it as text.
static void write_csv_cell(FILE *stream, const char *text, bool escapes_formulas)
{
    (void)fputs(escapes_formulas && text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL ? "\"'" : "\"", stream);
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            (void)fputc('"', stream);
        }
        (void)fputc(*text, stream);
    }
    (void)fputc('"', stream);
}

static void write_csv(FILE *stream, const struct settings *settings, const struct ql_cli_text *cells)
{
    const size_t count = (size_t)settings->count;

    for (size_t column = 0; column < settings->columns; column++) {
        (void)fprintf(stream, "%s\"t = %g\"", column == 0 ? "" : ",", settings->temperatures[column]);
    }
    (void)fputs("\r\n", stream);
    for (size_t row = 0; row < count; row++) {
        for (size_t column = 0; column < settings->columns; column++) {
            (void)fputs(column == 0 ? "" : ",", stream);
            write_csv_cell(stream, cells[column * count + row].bytes, settings->formulas);
        }
        (void)fputs("\r\n", stream);
    }
}

static void write_html(FILE *stream, const struct settings *settings, const struct ql_cli_text *cells)
{
    static const char head[] =
        "<!DOCTYPE html>\n"
        "<html lang=\"en\">\n"
        "<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<title>Quillet: samples side by side</title>\n"
        "<style>\n"
        "body { font: 1rem/1.5 Georgia, serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }\n"
        "div { overflow-x: auto }\n"
        "table { border-collapse: collapse; width: 100% }\n"
        "caption { text-align: left; margin-bottom: 1rem; font-style: italic; overflow-wrap: anywhere }\n"
        "th { text-align: start; border-bottom: 2px solid; white-space: nowrap }\n"
        "th, td { padding: .25rem 1.5rem .25rem 0; vertical-align: top }\n"
        "tr + tr td { border-top: 1px solid color-mix(in srgb, currentColor 15%, transparent) }\n"
        "</style>\n";
    const size_t count = (size_t)settings->count;

    (void)fputs(head, stream);
    (void)fputs("<div tabindex=\"0\"><table>\n<caption>", stream);
    ql_html_write_text(settings->sampling.init_from, stream);
    (void)fprintf(stream, ", top_p %g, top_k %d, seed %" PRIu32 "</caption>\n<thead><tr>", settings->sampling.top_p,
                  settings->sampling.top_k, settings->sampling.seed);
    for (size_t column = 0; column < settings->columns; column++) {
        (void)fprintf(stream, "<th scope=\"col\">t = %g</th>", settings->temperatures[column]);
    }
    (void)fputs("</tr></thead>\n<tbody>\n", stream);
    for (size_t row = 0; row < count; row++) {
        (void)fputs("<tr>", stream);
        for (size_t column = 0; column < settings->columns; column++) {
            (void)fputs("<td ", stream);
            ql_html_write_foreign(settings->language, stream);
            (void)fputs(">", stream);
            ql_html_write_text(cells[column * count + row].bytes, stream);
            (void)fputs("</td>", stream);
        }
        (void)fputs("</tr>\n", stream);
    }
    (void)fputs("</tbody>\n</table></div>\n</html>\n", stream);
}

static void write_json(FILE *stream, const struct settings *settings, const struct ql_cli_text *cells)
{
    const size_t count = (size_t)settings->count;
    json_t *columns = json_array();

    for (size_t column = 0; column < settings->columns; column++) {
        json_t *items = json_array();
        for (size_t row = 0; row < count; row++) {
            (void)json_array_append_new(items, json_string(cells[column * count + row].bytes));
        }
        (void)json_array_append_new(
            columns, json_pack("{s:f, s:o}", "temperature", settings->temperatures[column], "items", items));
    }
    json_t *result = json_pack("{s:o, s:f, s:i, s:I, s:o}", "model", ql_cli_path_to_json(settings->sampling.init_from),
                               "top_p", settings->sampling.top_p, "top_k", settings->sampling.top_k, "seed",
                               (json_int_t)settings->sampling.seed, "columns", columns);
    (void)json_dumpf(result, stream, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    (void)fputc('\n', stream);
    json_decref(result);
}

typedef void table_writer(FILE *stream, const struct settings *settings, const struct ql_cli_text *cells);

// `named`: the user has chosen a format by its name.
static enum ql_status find_writer(const struct settings *settings, bool named, table_writer **writer,
                                  struct ql_error *error)
{
    if (settings->json && named && strcmp(settings->format, "json") != 0) {
        return ql_error_write(error, QL_ERROR_USAGE, "--json is --format json; leave it out, or --format %s",
                              settings->format);
    }
    if (settings->json || strcmp(settings->format, "json") == 0) {
        *writer = write_json;
    } else if (strcmp(settings->format, "markdown") == 0) {
        *writer = write_markdown;
    } else if (strcmp(settings->format, "csv") == 0) {
        *writer = write_csv;
    } else if (strcmp(settings->format, "html") == 0) {
        *writer = write_html;
    } else {
        return ql_error_write(error, QL_ERROR_USAGE, "--format %s: must be markdown, csv, html, or json",
                              settings->format);
    }
    if (settings->formulas && *writer != write_csv) {
        return ql_error_write(error, QL_ERROR_USAGE, "--spreadsheet is for --format csv");
    }
    if (settings->language != NULL && *writer != write_html) {
        return ql_error_write(error, QL_ERROR_USAGE, "--language is for --format html");
    }
    return QL_OK;
}

// For a terminal: the only foreign text in a table is in its cells and in the name of the model.
static enum ql_status print_visibly(const struct settings *settings, table_writer *writer,
                                    const struct ql_cli_text *cells, struct ql_error *error)
{
    struct ql_memory_stream memory;
    char *text = NULL;

    if (ql_memory_stream_open(&memory)) {
        writer(memory.stream, settings, cells);
        text = ql_memory_stream_close(&memory);
    }
    if (text != NULL) {
        ql_cli_write_visible_text(stdout, text, memory.size);
    }
    free(text);
    return text != NULL ? QL_OK : ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the table");
}

static enum ql_status write_table(const struct settings *settings, table_writer *writer,
                                  const struct ql_cli_text *cells, struct ql_error *error)
{
    struct ql_file_writer file;

    if (settings->output == NULL && !ql_cli_visible_wanted(settings->raw)) {
        writer(stdout, settings, cells);
        return QL_OK;
    }
    if (settings->output == NULL) {
        return print_visibly(settings, writer, cells, error);
    }
    enum ql_status status = ql_file_writer_open(&file, settings->output, error);
    if (status != QL_OK) {
        return status;
    }
    writer(file.stream, settings, cells);
    return ql_file_writer_close(&file, error);
}

// Long because of the table of its options.
int ql_cli_compare(int argc, char **argv)
{
    struct settings settings = {.sampling = {.top_p = 1.0},
                                .temperature = "0.3,0.6,0.9,1.2",
                                .format = "markdown",
                                .prompt = "",
                                .count = 19,
                                .max_length = 400};
    struct ql_option options[] = {
        QL_CLI_SAMPLING_OPTIONS(&settings.sampling),
        {"temperature", QL_OPTION_STRING, &settings.temperature, 0, 0, "X,X,...", "a column for each", false},
        {"count", QL_OPTION_INT, &settings.count, 1, COUNT_LIMIT, "N", "items in a column", false},
        {"prompt", QL_OPTION_STRING, &settings.prompt, 0, 0, "TEXT", "what each item begins with", false},
        {"max_length", QL_OPTION_INT, &settings.max_length, 1, 1000000, "N",
         "cut an item at this many characters, with those of the prompt", false},
        {"language", QL_OPTION_STRING, &settings.language, 0, 0, "TAG",
         "language of the texts, such as fr, for readers of an HTML page", false},
        {"format", QL_OPTION_STRING, &settings.format, 0, 0, "NAME", "markdown, csv, html or json", false},
        {"output", QL_OPTION_STRING, &settings.output, 0, 0, "FILE", "write to a file instead of stdout", false},
        {"json", QL_OPTION_FLAG, &settings.json, 0, 0, NULL, "the same as --format json", false},
        {"spreadsheet", QL_OPTION_FLAG, &settings.formulas, 0, 0, NULL,
         "csv: put an apostrophe before what a spreadsheet would take for a formula", false},
        QL_CLI_RAW_OPTION(&settings.raw),
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };
    static struct ql_guard guard;
    struct ql_cli_text *cells = NULL;
    table_writer *writer = NULL;
    struct ql_error error;
    int exit_code = QL_EXIT_DONE;

    if (!ql_cli_read_options(usage, summary_text, options, argc, argv, NULL, 0, NULL, &exit_code)) {
        return exit_code;
    }
    struct ql_cli_writer *model = calloc(1, sizeof *model);
    if (!ql_option_find(options, "seed")->given) {
        settings.sampling.seed = ql_cli_random_seed();
    }
    enum ql_status status = ql_cli_language_check(settings.language, &error);
    if (status == QL_OK) {
        status = find_writer(&settings, ql_option_find(options, "format")->given, &writer, &error);
    }
    const char *const inputs[] = {settings.sampling.init_from, settings.sampling.filter, settings.sampling.lexicon,
                                  settings.sampling.quantization.calibrate};
    if (status == QL_OK) {
        status = ql_file_check_output(settings.output, inputs, sizeof inputs / sizeof inputs[0], &error);
    }
    if (status == QL_OK) {
        status = ql_option_read_list(settings.temperatures, TEMPERATURE_LIMIT, &settings.columns, settings.temperature,
                                     "temperature", &error);
    }
    if (status == QL_OK) {
        status = ql_cli_values_check(settings.temperatures, settings.columns, 0, 100, false, "temperature", &error);
    }
    if (status == QL_OK) {
        status = model == NULL ? ql_error_write(&error, QL_ERROR_SYSTEM, "not enough memory for the model")
                               : ql_cli_writer_open(model, &settings.sampling, &error);
    }
    if (status == QL_OK) {
        status = ql_guard_init(&guard, settings.sampling.filter, &model->info.vocabulary, &error);
    }
    if (status == QL_OK) {
        status = ql_guard_load_lexicon(&guard, settings.sampling.lexicon, &model->info.vocabulary, &error);
    }
    assert(status != QL_OK || settings.columns > 0); // no list is empty
    const size_t cell_count = settings.columns * (size_t)settings.count;
    if (status == QL_OK) {
        cells = calloc(cell_count, sizeof cells[0]);
        status = cells == NULL ? ql_error_write(&error, QL_ERROR_SYSTEM, "not enough memory for the table")
                               : draw_cells(model, &guard, &settings, cells, &error);
    }
    if (status == QL_OK) {
        status = write_table(&settings, writer, cells, &error);
    }
    if (status == QL_OK && writer == write_markdown && settings.output == NULL &&
        !ql_option_find(options, "seed")->given) {
        ql_cli_flush();
        (void)fprintf(stderr, "(seed %" PRIu32 ")\n", settings.sampling.seed);
    }
    exit_code = status == QL_OK ? ql_cli_finish("compare", QL_EXIT_DONE) : ql_cli_fail("compare", &error);
    for (size_t i = 0; cells != NULL && i < cell_count; i++) {
        free(cells[i].bytes);
    }
    free(cells);
    ql_guard_free(&guard);
    if (model != NULL) {
        ql_cli_writer_close(model);
        free(model);
    }
    return exit_code;
}
