// `quillet prepare`: cleans texts into items to train on and accounts for every one of them.
// Reads the command line, runs the preparation, and reports the result: a summary on stderr, the report with --json.
// Uses: base, corpus, cli.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/option.h"
#include "base/text_file.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "corpus/preparation.h"
#include "corpus/prepare_report.h"
#include "corpus/wiki_dump.h"

static const char command_name[] = "prepare";

// The summary shows this many of the most common reasons; the report has all of them.
enum { SUMMARY_REASONS = 8 };

struct arguments {
    struct ql_prepare_options prepare;
    const char *output;
    const char *format;
    const char *alphabet;
    bool list_steps;
    bool json;
    bool quiet;
    const char **inputs; // (input_count), owned
    size_t input_count;
    struct ql_option *options;
};

static void print_steps(void)
{
    for (int i = 0; ql_steps[i].name != NULL; i++) {
        const struct ql_step *step = &ql_steps[i];
        (void)printf("%-16s %c%c%c %s  %s\n", step->name, (step->streams & QL_FOR_ITEMS) != 0 ? 'i' : '-',
                     (step->streams & QL_FOR_QUOTES) != 0 ? 'q' : '-', (step->streams & QL_FOR_NAMES) != 0 ? 'n' : '-',
                     step->required ? "always" : "      ", step->summary);
    }
}

// Turns the words for format, encoding and alphabet into their values.
static enum ql_status read_words(struct arguments *arguments, struct ql_error *error)
{
    int format = ql_format_read(arguments->format);
    int alphabet = ql_alphabet_read(arguments->alphabet);

    if (format < 0) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--format %s: must be auto, lines, fortune, csv, tsv, json, jsonl or wikiquote",
                              arguments->format);
    }
    if (alphabet < 0) {
        return ql_error_write(error, QL_ERROR_USAGE, "--alphabet %s: must be auto, text, ascii, latin1 or any",
                              arguments->alphabet);
    }
    if (arguments->output == NULL) {
        return ql_error_write(error, QL_ERROR_USAGE, "--output DIR is missing: the folder for the result");
    }
    if (arguments->input_count == 0) {
        return ql_error_write(error, QL_ERROR_USAGE, "no input: name one or more files, or - for standard input");
    }
    arguments->prepare.format = (enum ql_format)format;
    arguments->prepare.alphabet = (enum ql_alphabet)alphabet;
    return QL_OK;
}

// A reason, by its index in the account.
struct reason {
    size_t count;
    size_t place;
};

// The most common reasons first; equal ones in the order of their first use.
static int reason_compare(const void *left, const void *right)
{
    const struct reason *a = left;
    const struct reason *b = right;

    if (a->count != b->count) {
        return a->count > b->count ? -1 : 1;
    }
    return (a->place > b->place) - (a->place < b->place);
}

static void print_reasons(const struct ql_account *account)
{
    struct reason reasons[QL_ACCOUNT_ENTRY_LIMIT] = {0};
    size_t count = 0;
    size_t shown = 0;

    for (size_t i = 0; i < account->entry_count; i++) {
        if (account->entries[i].reason != NULL) {
            reasons[count].count = account->entries[i].count;
            reasons[count].place = i;
            count++;
        }
    }
    qsort(reasons, count, sizeof reasons[0], reason_compare);
    for (size_t i = 0; i < count && i < SUMMARY_REASONS; i++) {
        const struct ql_account_entry *entry = &account->entries[reasons[i].place];
        (void)fprintf(stderr, "  %9zu  %s (%s)\n", entry->count, entry->reason, entry->step);
        shown += entry->count;
    }
    if (shown < account->dropped) {
        (void)fprintf(stderr, "  %9zu  for %zu other reason%s\n", account->dropped - shown, count - SUMMARY_REASONS,
                      ql_cli_plural((double)(count - SUMMARY_REASONS)));
    }
}

// What became of letters that are not in the alphabet, and how to keep them.
static void print_alphabet(const struct ql_preparation *preparation)
{
    const char *word = ql_alphabet_word(preparation->options.alphabet);
    size_t lost = 0, dropped = 0;

    for (int i = 0; i < QL_STREAM_COUNT; i++) {
        const struct ql_account *account = &preparation->streams[i].account;
        lost += preparation->streams[i].letters_lost;
        for (size_t k = 0; k < account->entry_count; k++) {
            const struct ql_account_entry *entry = &account->entries[k];
            dropped += entry->reason != NULL && strcmp(entry->reason, "outside_alphabet") == 0 ? entry->count : 0;
        }
    }
    if (lost + dropped > 0) {
        ql_cli_note("alphabet %s: %zu item%s lost letters or accents, %zu %s dropped for symbols that it lacks; "
                    "--alphabet %s keeps them\n",
                    word, lost, ql_cli_plural((double)lost), dropped, dropped == 1 ? "was" : "were",
                    preparation->options.alphabet == QL_ALPHABET_TEXT ? "any" : "text or any");
    } else if (preparation->options.alphabet == QL_ALPHABET_TEXT) {
        ql_cli_note("alphabet text: letters are as in the text; --alphabet ascii removes their accents\n");
    }
}

static void print_summary(const struct ql_preparation *preparation, const char *folder)
{
    for (size_t i = 0; i < preparation->input_count; i++) {
        const struct ql_input *input = &preparation->inputs[i];
        ql_cli_note("%s: %zu item%s, format %s%s\n", input->path, input->item_count,
                    ql_cli_plural((double)input->item_count), ql_format_word(input->format),
                    input->detected ? " (detected)" : "");
    }
    for (int i = 0; i < QL_STREAM_COUNT; i++) {
        const struct ql_stream_state *state = &preparation->streams[i];
        if (!ql_preparation_has_stream(preparation, (enum ql_stream)i)) {
            continue;
        }
        ql_cli_note("%s: %zu read, %zu kept, %zu dropped\n", state->name, state->account.read, state->account.kept,
                    state->account.dropped);
        print_reasons(&state->account);
        (void)fprintf(stderr, "  written: %zu to train, %zu to validate, %zu to test\n",
                      state->part_items[QL_PART_TRAIN], state->part_items[QL_PART_VALIDATION],
                      state->part_items[QL_PART_TEST]);
    }
    print_alphabet(preparation);
    ql_cli_note("%s/report.json accounts for every item\n", folder);
}

static const char *name_of(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

// Opens all inputs, then surveys all, then reads all: the alphabet follows from all of them.
static enum ql_status read_views(struct ql_preparation *preparation, const struct arguments *arguments,
                                 struct ql_file_view *views, struct ql_error *error)
{
    enum ql_status status = QL_OK;

    for (size_t i = 0; i < arguments->input_count && status == QL_OK; i++) {
        status = ql_file_open(&views[i], arguments->inputs[i], error);
        // A dump is XML, which declares its encoding itself.
        const bool dump = arguments->prepare.format == QL_FORMAT_WIKIQUOTE ||
                          (arguments->prepare.format == QL_FORMAT_AUTO && status == QL_OK &&
                           ql_wiki_dump_detect((const char *)views[i].data, views[i].size_bytes));
        if (status == QL_OK && !dump) {
            status = ql_text_decode(&views[i], name_of(arguments->inputs[i]), arguments->prepare.encoding,
                                    arguments->prepare.replace, error);
        }
    }
    for (size_t i = 0; i < arguments->input_count && status == QL_OK; i++) {
        status = ql_preparation_survey(preparation, name_of(arguments->inputs[i]), (const char *)views[i].data,
                                       views[i].size_bytes, error);
    }
    for (size_t i = 0; i < arguments->input_count && status == QL_OK; i++) {
        status = ql_preparation_read(preparation, name_of(arguments->inputs[i]), (const char *)views[i].data,
                                     views[i].size_bytes, error);
        ql_file_close(&views[i]);
    }
    return status;
}

static enum ql_status read_inputs(struct ql_preparation *preparation, const struct arguments *arguments,
                                  struct ql_error *error)
{
    struct ql_file_view *views = calloc(arguments->input_count, sizeof *views);

    if (views == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
    }
    const enum ql_status status = read_views(preparation, arguments, views, error);
    for (size_t i = 0; i < arguments->input_count; i++) {
        ql_file_close(&views[i]);
    }
    free(views);
    return status;
}

// A field that was named, but that no input can have, as where a table has the name of another format. An empty input could
// be a table.
static enum ql_status check_fields(const struct ql_preparation *preparation, const struct arguments *arguments,
                                   struct ql_error *error)
{
    const bool author = ql_option_find(arguments->options, "author_field")->given;
    bool possible = !author && !ql_option_find(arguments->options, "field")->given;

    for (size_t i = 0; i < preparation->input_count && !possible; i++) {
        const struct ql_input *input = &preparation->inputs[i];
        possible = input->size_bytes == 0 || input->format == QL_FORMAT_CSV || input->format == QL_FORMAT_TSV ||
                   input->format == QL_FORMAT_JSON || input->format == QL_FORMAT_JSONL;
    }
    return possible
               ? QL_OK
               : ql_error_write(error, QL_ERROR_USAGE,
                                "--%s: no input is a table or JSON, %s has the format %s; leave the option out, or "
                                "name another --format, such as csv",
                                author ? "author-field" : "field", preparation->inputs[0].path,
                                ql_format_word(preparation->inputs[0].format));
}

// Adds the lists to the inputs: from here on, the inputs are all files that must not be overwritten.
static enum ql_status add_lists(struct arguments *arguments, const struct ql_overlap_set *held_out,
                                struct ql_error *error)
{
    const size_t count = arguments->input_count + 2 + held_out->path_count;
    const char **inputs = realloc(arguments->inputs, count * sizeof *inputs);

    if (inputs == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
    }
    arguments->inputs = inputs;
    inputs[arguments->input_count++] = arguments->prepare.remove_words;
    inputs[arguments->input_count++] = arguments->prepare.remove_names;
    for (size_t i = 0; i < held_out->path_count; i++) {
        inputs[arguments->input_count++] = held_out->paths[i];
    }
    return QL_OK;
}

static int run(struct arguments *arguments)
{
    struct ql_error error;
    struct ql_preparation preparation = {0};
    json_t *report = NULL;
    enum ql_status status = read_words(arguments, &error);

    if (status == QL_OK) {
        status = ql_preparation_init(&preparation, &arguments->prepare, &error);
    }
    if (status == QL_OK) {
        status = read_inputs(&preparation, arguments, &error);
    }
    if (status == QL_OK) {
        status = check_fields(&preparation, arguments, &error);
    }
    if (status == QL_OK) {
        status = add_lists(arguments, &preparation.held_out, &error);
    }
    if (status == QL_OK) {
        status = ql_preparation_step(&preparation, &error);
    }
    if (status == QL_OK) {
        status = ql_prepare_report_save(&report, &preparation, arguments->output, arguments->inputs,
                                        arguments->input_count, &error);
    }
    if (status == QL_OK && !arguments->quiet) {
        print_summary(&preparation, arguments->output);
    }
    if (status == QL_OK && arguments->json) {
        ql_cli_print_json(report,
                          JSON_INDENT(1) | JSON_REAL_PRECISION(15)); // a failure is reported when stdout is flushed
    }
    json_decref(report);
    ql_preparation_free(&preparation);
    return status == QL_OK ? ql_cli_finish(command_name, QL_EXIT_DONE) : ql_cli_fail(command_name, &error);
}

// Long because of the table of its options.
int ql_cli_prepare(int argc, char **argv)
{
    struct arguments arguments = {.prepare = ql_prepare_options_init(), .format = "auto", .alphabet = "auto"};
    struct ql_prepare_options *prepare = &arguments.prepare;
    struct ql_option options[] = {
        {"", QL_OPTION_FLAG, NULL, 0, 0, NULL, "Input and output", false},
        {"output", QL_OPTION_STRING, &arguments.output, 0, 0, "DIR", "folder for the result; made if missing", false},
        {"name", QL_OPTION_STRING, &prepare->name, 0, 0, "NAME", "name of the files when the text has no attributions",
         false},
        {"format", QL_OPTION_STRING, &arguments.format, 0, 0, "FORMAT",
         "auto, lines, fortune, csv, tsv, json, jsonl or wikiquote", false},
        {"field", QL_OPTION_STRING, &prepare->field, 0, 0, "NAME", "tables, JSON: the field with the text", false},
        {"author_field", QL_OPTION_STRING, &prepare->author_field, 0, 0, "NAME",
         "tables, JSON: the field with the author; makes quotes and names", false},
        {"encoding", QL_OPTION_STRING, &prepare->encoding, 0, 0, "NAME",
         "encoding of the input: utf8, latin1, windows-1250 and all that `iconv -l` lists", false},
        {"replace", QL_OPTION_FLAG, &prepare->replace, 0, 0, NULL,
         "put a replacement mark in place of a bad byte, which is an error otherwise", false},
        {"", QL_OPTION_FLAG, NULL, 0, 0, NULL, "Cleaning", false},
        {"list_steps", QL_OPTION_FLAG, &arguments.list_steps, 0, 0, NULL, "show the cleaning steps and exit", false},
        {"skip", QL_OPTION_STRING, &prepare->skip, 0, 0, "STEP,...", "leave these steps out", false},
        {"only", QL_OPTION_STRING, &prepare->only, 0, 0, "STEP,...", "leave all other steps out", false},
        {"alphabet", QL_OPTION_STRING, &arguments.alphabet, 0, 0, "NAME",
         "symbols of the result: ascii, latin1, any, text (those that the text has often enough), or auto: ascii for "
         "plain "
         "English, otherwise text",
         false},
        {"min_length", QL_OPTION_INT, &prepare->min_length, 0, 1e9, "N", "shortest item, in symbols", false},
        {"max_length", QL_OPTION_INT, &prepare->max_length, 0, 1e9, "N", "longest item; 0 means no limit", false},
        {"name_min_length", QL_OPTION_INT, &prepare->name_min_length, 0, 1e9, "N", "shortest name", false},
        {"name_max_length", QL_OPTION_INT, &prepare->name_max_length, 0, 1e9, "N", "longest name; 0 means no limit",
         false},
        {"min_symbol_count", QL_OPTION_INT, &prepare->min_symbol_count, 0, 1e9, "N",
         "drop items with a symbol that occurs less often", false},
        {"remove_words", QL_OPTION_STRING, &prepare->remove_words, 0, 0, "FILE",
         "drop items with one of these words or phrases, one per line", false},
        {"remove_names", QL_OPTION_STRING, &prepare->remove_names, 0, 0, "FILE", "likewise, for names only", false},
        {"apart_from", QL_OPTION_STRING, &prepare->apart_from, 0, 0, "FILE,...",
         "drop items that share 24 letters in a row with a line of these held-out texts", false},
        {"", QL_OPTION_FLAG, NULL, 0, 0, NULL, "Parts", false},
        {"validation", QL_OPTION_FLOAT, &prepare->validation, 0, 1, "SHARE", "share held out for validation", false},
        {"test", QL_OPTION_FLOAT, &prepare->test, 0, 1, "SHARE", "share held out for a test", false},
        {"seed", QL_OPTION_UINT32, &prepare->seed, 0, 0, "N", "seed of the shuffle", false},
        {"", QL_OPTION_FLAG, NULL, 0, 0, NULL, "Messages", false},
        {"json", QL_OPTION_FLAG, &arguments.json, 0, 0, NULL, "print the report on stdout", false},
        {"quiet", QL_OPTION_FLAG, &arguments.quiet, 0, 0, NULL, "no summary on stderr", false},
        {.name = NULL},
    };
    int exit_code = QL_EXIT_FAILED;

    arguments.options = options;
    arguments.inputs = calloc((size_t)argc, sizeof *arguments.inputs);
    if (arguments.inputs == NULL) {
        struct ql_error error;
        (void)ql_error_write(&error, QL_ERROR_SYSTEM, "not enough memory");
        return ql_cli_fail(command_name, &error);
    }
    if (ql_cli_read_options("prepare --output DIR [OPTION ...] FILE ...",
                            "Cleans texts, splits them into items to train on, validate and test, and\n"
                            "reports on every item.",
                            options, argc, argv, arguments.inputs, (size_t)argc, &arguments.input_count, &exit_code)) {
        if (arguments.list_steps) {
            print_steps();
            exit_code = ql_cli_finish(command_name, QL_EXIT_DONE);
        } else {
            exit_code = run(&arguments);
        }
    }
    free(arguments.inputs);
    return exit_code;
}
