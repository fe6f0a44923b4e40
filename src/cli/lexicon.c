// `quillet lexicon`: compiles the words that a model may write, and reports which words of a text are not among them.
// Uses: base, corpus, filter, jansson, utf8proc.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "corpus/text_buffer.h"
#include "corpus/vocabulary.h"
#include "filter/lexicon_words.h"

static const char usage[] = "lexicon [OPTION ...]";
static const char summary_text[] = "Compiles the words that a model may say; or asks a lexicon about a text. With\n"
                                   "--check the exit code is 0 when all words of the text are in it, 1 when some are\n"
                                   "not, and 2 for an error. docs/lexicon.md has the rules.";

enum { EXAMPLE_SYMBOLS = 96 }; // the vocabulary for which bytes of flash are reported

struct settings {
    const char *text, *words, *among, *filter, *output, *lexicon, *check;
    int min_count;
    bool json;
};

typedef enum ql_status words_loader(struct ql_lexicon_words *words, const char *path, struct ql_error *error);

// Reads each file in a comma-separated list of paths.
static enum ql_status load_paths(const char *paths, words_loader *load, struct ql_lexicon_words *words,
                                 const char *output, struct ql_error *error)
{
    char *copy = paths == NULL ? NULL : strdup(paths);
    char *rest = copy;
    enum ql_status status = QL_OK;

    if (paths != NULL && copy == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
    }
    while (rest != NULL && status == QL_OK) {
        const char *path = strsep(&rest, ",");
        status = ql_file_check_output(output, &path, 1, error);
        if (status == QL_OK) {
            status = load(words, path, error);
        }
    }
    free(copy);
    return status;
}

// Why words were left out: the name in JSON, the text for a human.
struct reason {
    const char *name, *text;
    uint32_t count;
};

enum { REASONS = 7 };

static void list_reasons(struct reason reasons[REASONS], const struct ql_lexicon_words *words)
{
    const struct reason all[REASONS] = {
        {"respelled", "capitalized only where a lowercase word begins a sentence or is shouted", words->respelled},
        {"rare", "rarer than --min-count", words->rare},
        {"unlisted", "not among the words of --among", words->unlisted},
        {"lettered", "with letters that the texts lack", words->lettered},
        {"unlabeled", "with rarer letters than the 62 for which a lexicon has room", words->unlabeled},
        {"overlong", "too long: 48 letters are the limit, and a capital counts as two", words->overlong},
        {"filtered", "listed by the filter, or dead ends with it", words->filtered},
    };

    memcpy(reasons, all, sizeof all);
}

static void print_left_out(FILE *stream, const struct ql_lexicon_words *words)
{
    struct reason reasons[REASONS];

    list_reasons(reasons, words);
    for (size_t k = 0; k < REASONS; k++) {
        if (reasons[k].count > 0) {
            (void)fprintf(stream, "left out: %u %s\n", (unsigned)reasons[k].count, reasons[k].text);
        }
    }
}

static void print_account(const struct ql_lexicon_file *file, const struct ql_lexicon_words *words,
                          const struct settings *settings)
{
    const size_t bytes = ql_lexicon_bytes(file, EXAMPLE_SYMBOLS);
    struct reason reasons[REASONS];

    if (settings->json) {
        json_t *result = json_pack("{s:I, s:I, s:I, s:I}", "words", (json_int_t)file->word_count, "edges",
                                   (json_int_t)file->graph.edge_count, "bytes", (json_int_t)bytes, "symbols",
                                   (json_int_t)EXAMPLE_SYMBOLS);
        list_reasons(reasons, words);
        for (size_t k = 0; k < REASONS; k++) {
            (void)json_object_set_new(result, reasons[k].name, json_integer(reasons[k].count));
        }
        ql_cli_print_json(result, JSON_INDENT(2));
        json_decref(result);
        return;
    }
    (void)printf("%u word%s: %u edges, %zu bytes of flash with a vocabulary of %d symbols\n",
                 (unsigned)file->word_count, ql_cli_plural(file->word_count), (unsigned)file->graph.edge_count, bytes,
                 EXAMPLE_SYMBOLS);
    print_left_out(stdout, words);
}

static enum ql_status compile(struct ql_lexicon_file *file, const struct settings *s, struct ql_error *error)
{
    const char *const inputs[] = {s->filter, s->among};
    struct ql_lexicon_words words = {0}, among = {0};
    struct ql_filter_file filter = {0};
    enum ql_status status;

    if ((status = ql_file_check_output(s->output, inputs, 2, error)) == QL_OK &&
        (status = load_paths(s->text, ql_lexicon_words_load_text, &words, s->output, error)) == QL_OK &&
        (status = load_paths(s->words, ql_lexicon_words_load_list, &words, s->output, error)) == QL_OK &&
        (s->among == NULL || (status = ql_lexicon_words_load_list(&among, s->among, error)) == QL_OK) &&
        (s->filter == NULL || (status = ql_filter_file_load(&filter, s->filter, error)) == QL_OK) &&
        (status = ql_lexicon_words_compile(file, &words, s->among == NULL ? NULL : &among,
                                           s->filter == NULL ? NULL : &filter, (uint32_t)s->min_count, error)) ==
            QL_OK &&
        (s->output == NULL || (status = ql_lexicon_file_save(file, s->output, error)) == QL_OK) && s->check == NULL) {
        print_account(file, &words, s);
    }
    if (status != QL_OK) {
        print_left_out(stderr, &words); // perhaps all of them
    }
    ql_filter_file_free(&filter);
    ql_lexicon_words_free(&words);
    ql_lexicon_words_free(&among);
    return status;
}

// --- Checking a text ---

// The distinct symbols of a text, as a vocabulary that also has all letters of the lexicon.
static int list_symbols(uint32_t *symbols, int limit, const struct ql_lexicon_file *file, const char *text)
{
    const size_t length = strlen(text);
    int count = 0;

    symbols[count++] = '\n';
    symbols[count++] = ' ';
    for (uint32_t k = 1; k < file->letter_count; k++) {
        const uint32_t capital = (uint32_t)utf8proc_toupper((int32_t)file->letters[k]);
        symbols[count++] = file->letters[k];
        if (capital != file->letters[k]) {
            symbols[count++] = capital;
        }
    }
    for (size_t place = 0; place < length && count < limit;) {
        const uint32_t symbol = (uint32_t)ql_symbol_read(text, length, &place);
        bool seen = false;
        for (int k = 0; k < count; k++) {
            seen = seen || symbols[k] == symbol;
        }
        if (!seen) {
            symbols[count++] = symbol;
        }
    }
    return count;
}

static int find_symbol(const uint32_t *symbols, int count, uint32_t symbol)
{
    int found = 0;

    for (int k = 0; k < count; k++) {
        found = symbols[k] == symbol ? k : found;
    }
    return found;
}

// Reports a word that is not permitted: in the list, or as a line if that is NULL.
static void add_finding(json_t *findings, const char *bytes, size_t size_bytes)
{
    if (findings != NULL) {
        (void)json_array_append_new(findings, json_stringn(bytes, size_bytes));
        return;
    }
    char *found = strndup(bytes, size_bytes);
    (void)fputs("not in the lexicon: '", stdout);
    ql_cli_print_name(found == NULL ? "" : found);
    (void)puts("'");
    free(found);
}

// Reports the word at each symbol that is not permitted, and continues after it; returns how many there are.
static int check_symbols(const struct ql_lexicon *lexicon, const uint32_t *symbols, int count, const char *text,
                         json_t *list)
{
    const size_t length = strlen(text);
    struct ql_lexicon_state state;
    size_t word = 0;
    bool refused = false;
    int findings = 0;

    ql_lexicon_init(&state);
    for (size_t place = 0, before; place <= length;) {
        before = place;
        const int32_t symbol = place < length ? ql_symbol_read(text, length, &place) : '\n';
        const int token = find_symbol(symbols, count, (uint32_t)symbol);
        const bool apart = (lexicon->kinds[token] & (QL_LEXICON_SPACE | QL_LEXICON_END)) != 0;
        refused = !ql_lexicon_take(&state, lexicon, token) || refused;
        if (apart) {
            if (refused) {
                add_finding(list, text + word, before - word);
                findings++;
            }
            refused = false;
            word = place;
        }
        if (before == length) {
            break;
        }
    }
    return findings;
}

static void print_findings(const struct ql_lexicon *lexicon, const uint32_t *symbols, int count,
                           const struct settings *settings, bool *refused)
{
    json_t *findings = settings->json ? json_array() : NULL;

    *refused = check_symbols(lexicon, symbols, count, settings->check, findings) > 0;
    if (settings->json) {
        json_t *result = json_pack("{s:b, s:o}", "refused", *refused, "findings", findings);
        ql_cli_print_json(result, JSON_INDENT(2));
        json_decref(result);
    } else if (!*refused) {
        (void)puts("all words of the text are in the lexicon");
    }
}

static enum ql_status check_text(const struct ql_lexicon_file *file, const struct settings *settings, bool *refused,
                                 struct ql_error *error)
{
    enum { LIMIT = 4096 };
    const char *text = settings->check;
    struct ql_lexicon_binding binding;

    for (size_t place = 0, length = strlen(text); place < length;) {
        uint32_t symbol;
        const size_t bytes = ql_utf8_decode(&symbol, (const unsigned char *)text + place, length - place);
        if (bytes == 0) {
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "--check: the text is not UTF-8 at byte %zu; convert it with iconv", place);
        }
        place += bytes;
    }
    uint32_t *symbols = malloc(LIMIT * sizeof *symbols);
    if (symbols == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
    }
    const int count = list_symbols(symbols, LIMIT, file, text);
    enum ql_status status = ql_lexicon_binding_init(&binding, file, symbols, count, error);
    if (status == QL_OK) {
        print_findings(&binding.lexicon, symbols, count, settings, refused);
        ql_lexicon_binding_free(&binding);
    }
    free(symbols);
    return status;
}

int ql_cli_lexicon(int argc, char **argv)
{
    struct settings settings = {.min_count = 1};
    struct ql_option options[] = {
        {"text", QL_OPTION_STRING, &settings.text, 0, 0, "FILE,...", "take the words of these texts", false},
        {"min_count", QL_OPTION_INT, &settings.min_count, 1, 1000000, "N",
         "leave out words of the texts that are rarer", false},
        {"among", QL_OPTION_STRING, &settings.among, 0, 0, "FILE",
         "leave out words of the texts that are not in this list", false},
        {"words", QL_OPTION_STRING, &settings.words, 0, 0, "FILE,...", "add these lists, one word per line", false},
        {"filter", QL_OPTION_STRING, &settings.filter, 0, 0, "FILE", "a compiled filter, whose words are left out",
         false},
        {"output", QL_OPTION_STRING, &settings.output, 0, 0, "FILE", "the lexicon to write, such as quotes.qlx", false},
        {"lexicon", QL_OPTION_STRING, &settings.lexicon, 0, 0, "FILE", "a compiled lexicon, in place of words", false},
        {"check", QL_OPTION_STRING, &settings.check, 0, 0, "TEXT", "say which words of this text are not in it", false},
        {"json", QL_OPTION_FLAG, &settings.json, 0, 0, NULL, "print the result as JSON", false},
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };
    struct ql_lexicon_file file = {0};
    struct ql_error error;
    bool refused = false;
    int exit_code = QL_EXIT_DONE;
    enum ql_status status;

    if (!ql_cli_read_options(usage, summary_text, options, argc, argv, NULL, 0, NULL, &exit_code)) {
        return exit_code;
    }
    if ((settings.text != NULL || settings.words != NULL) == (settings.lexicon != NULL)) {
        status = ql_error_write(&error, QL_ERROR_USAGE,
                                "give words to compile (--text FILE, --words FILE), or a compiled lexicon with "
                                "--lexicon FILE.qlx");
    } else if (settings.lexicon != NULL && (settings.output != NULL || settings.among != NULL ||
                                            settings.filter != NULL || settings.min_count != 1)) {
        status =
            ql_error_write(&error, QL_ERROR_USAGE,
                           "%s: the lexicon of --lexicon is already compiled; leave out --output, --among, --filter "
                           "and --min-count, or give its words again with --text or --words",
                           settings.lexicon);
    } else if (settings.text == NULL && settings.lexicon == NULL &&
               (settings.among != NULL || settings.min_count != 1)) {
        status = ql_error_write(&error, QL_ERROR_USAGE,
                                "--among and --min-count choose among the words of --text; the words of --words are "
                                "taken as they are");
    } else {
        status = settings.lexicon != NULL ? ql_lexicon_file_load(&file, settings.lexicon, &error)
                                          : compile(&file, &settings, &error);
    }
    if (status == QL_OK && settings.check != NULL) {
        status = check_text(&file, &settings, &refused, &error);
    } else if (status == QL_OK && settings.lexicon != NULL) {
        print_account(&file, &(struct ql_lexicon_words){0}, &settings);
    }
    ql_lexicon_file_free(&file);
    if (settings.check != NULL) {
        return ql_cli_finish_check("lexicon", status, refused, &error);
    }
    return status == QL_OK ? ql_cli_finish("lexicon", QL_EXIT_DONE) : ql_cli_fail("lexicon", &error);
}
