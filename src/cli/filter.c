// `quillet filter`: compiles lists of words and items into a filter, and shows what a filter finds in a text.
// Uses: base, filter, jansson.
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/terminal.h"
#include "filter/explanation.h"
#include "filter/filter_file.h"
#include "filter/listing.h"

static const char usage[] = "filter [OPTION ...]";
static const char summary_text[] = "Compiles lists of words that a model must not say, and of items that must not\n"
                                   "be shown; or asks a filter about a text. With --check the exit code is 0 when\n"
                                   "nothing in the text is listed, 1 when something is, and 2 for an error.\n"
                                   "docs/filter.md says what matches.";

static const char default_words[] = "english.words"; // among the tool's data

enum { EXAMPLE_SYMBOLS = 96 }; // the vocabulary for which bytes of flash are reported

struct settings {
    const char *words, *refuse, *output, *filter, *check, *accents;
    bool use_default, json;
    int rating;
};

typedef enum ql_status list_reader(void *target, const char *path, const struct settings *settings,
                                   struct ql_error *error);

static enum ql_status read_words(void *target, const char *path, const struct settings *settings,
                                 struct ql_error *error)
{
    return ql_listing_load(target, path, settings->rating, error);
}

static enum ql_status read_items(void *target, const char *path, const struct settings *settings,
                                 struct ql_error *error)
{
    (void)settings;
    return ql_item_keys_load(target, path, error);
}

// Reads each file in a comma-separated list of paths.
static enum ql_status read_paths(const char *paths, list_reader *reader, void *target, const struct settings *settings,
                                 struct ql_error *error)
{
    char *copy = strdup(paths);
    char *rest = copy;
    enum ql_status status = QL_OK;

    if (copy == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
    }
    while (rest != NULL && status == QL_OK) {
        const char *path = strsep(&rest, ",");
        status = ql_file_check_output(settings->output, &path, 1, error);
        if (status == QL_OK) {
            status = reader(target, path, settings, error);
        }
    }
    free(copy);
    return status;
}

// Reads the list that was built with the tool. It must not be overwritten by its filter.
static enum ql_status read_default(struct ql_listing *listing, const struct settings *settings, struct ql_error *error)
{
    char folder[QL_DATA_PATH_BYTES], path[QL_DATA_PATH_BYTES + sizeof default_words];
    const char *const inputs[] = {path};

    if (ql_cli_data_folder(folder, default_words, NULL) != QL_OK) {
        return ql_error_write(error, QL_ERROR_SYSTEM,
                              "--default: the list is made when Quillet is built, from the npm package cuss, which was "
                              "not there; run `tools/bootstrap web && cmake --preset release && make`");
    }
    (void)snprintf(path, sizeof path, "%s/%s", folder, default_words);
    enum ql_status status = ql_file_check_output(settings->output, inputs, 1, error);
    return status == QL_OK ? ql_listing_load(listing, path, settings->rating, error) : status;
}

// Accented letters are separate letters in users' lists. In the default list, which is English, and in refused names,
// they are not.
static enum ql_status read_accents(bool *accents, const struct settings *settings, struct ql_error *error)
{
    if (settings->accents == NULL) {
        *accents = settings->words != NULL && !settings->use_default && settings->refuse == NULL;
        return QL_OK;
    }
    *accents = strcmp(settings->accents, "count") == 0;
    if (!*accents && strcmp(settings->accents, "ignored") != 0) {
        return ql_error_write(error, QL_ERROR_USAGE, "--accents %s: must be count or ignored", settings->accents);
    }
    return QL_OK;
}

// Compiles a filter, or loads a compiled one.
static enum ql_status make_filter(struct ql_filter_file *file, const struct settings *settings, struct ql_error *error)
{
    struct ql_listing listing = {0};
    struct ql_item_keys keys = {.letters = &listing.letters};
    const bool compiles = settings->use_default || settings->words != NULL || settings->refuse != NULL;

    if (compiles == (settings->filter != NULL)) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "give lists to compile (--default, --words FILE, --refuse FILE), or "
                              "a compiled filter with --filter FILE.qlf");
    }
    if (!compiles && (settings->rating != 0 || settings->accents != NULL)) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "%s: the filter of --filter is already compiled; leave out --min-rating and --accents, "
                              "or give its lists again",
                              settings->filter);
    }
    const char *const inputs[] = {settings->filter};
    enum ql_status status = ql_file_check_output(settings->output, inputs, 1, error);
    if (status != QL_OK) {
        return status;
    }
    if (!compiles) {
        return ql_filter_file_load(file, settings->filter, error);
    }
    if ((status = read_accents(&listing.letters.accents, settings, error)) != QL_OK) {
        return status;
    }
    if (settings->use_default) {
        status = read_default(&listing, settings, error);
    }
    if (status == QL_OK && settings->words != NULL) {
        status = read_paths(settings->words, read_words, &listing, settings, error);
    }
    if (status == QL_OK && settings->refuse != NULL) {
        status = read_paths(settings->refuse, read_items, &keys, settings, error);
    }
    if (status == QL_OK) {
        status = ql_filter_file_init(file, &listing, &keys, error);
    }
    ql_listing_free(&listing);
    ql_item_keys_free(&keys);
    return status;
}

static void print_sizes(const struct ql_filter_file *file, const struct settings *settings)
{
    const size_t words = ql_filter_word_bytes(file, EXAMPLE_SYMBOLS), items = ql_filter_item_bytes(file);

    if (settings->json) {
        json_t *result =
            json_pack("{s:I, s:I, s:I, s:I, s:I, s:i}", "edges", (json_int_t)file->automaton.edge_count, "word_bytes",
                      (json_int_t)words, "items", (json_int_t)file->items.item_count, "item_bytes", (json_int_t)items,
                      "symbols", (json_int_t)EXAMPLE_SYMBOLS, "places", file->automaton.place_count);
        ql_cli_print_json(result, JSON_INDENT(2));
        json_decref(result);
        return;
    }
    (void)printf("words: %u edges, %zu bytes of flash with a vocabulary of %d symbols\n",
                 (unsigned)file->automaton.edge_count, words, EXAMPLE_SYMBOLS);
    (void)printf("refused items: %u, %zu bytes of flash%s\n", (unsigned)file->items.item_count, items,
                 file->items.item_count > 0 ? "; of other items, one in 256 is refused by mistake" : "");
    (void)printf("state of a text: %zu bytes of RAM\n", sizeof(struct ql_filter_state));
}

static const char *describe(enum ql_finding_kind kind)
{
    return kind == QL_FINDING_WORD    ? "reads as a listed word"
           : kind == QL_FINDING_APART ? "reads as a listed word when its letters are put together"
                                      : "is a refused item, or is taken for one, as one in 256 is";
}

static void print_findings(const struct ql_explanation *explanation, const struct settings *settings)
{
    static const char *const names[] = {"word", "apart", "item"};

    if (settings->json) {
        json_t *findings = json_array();
        for (size_t k = 0; k < explanation->count; k++) {
            const struct ql_finding *finding = &explanation->findings[k];
            (void)json_array_append_new(findings,
                                        json_pack("{s:s%, s:I, s:s}", "text", settings->check + finding->offset_bytes,
                                                  finding->size_bytes, "symbol", (json_int_t)finding->symbol, "kind",
                                                  names[finding->kind]));
        }
        json_t *result = json_pack("{s:b, s:o}", "refused", explanation->count > 0, "findings", findings);
        ql_cli_print_json(result, JSON_INDENT(2));
        json_decref(result);
        return;
    }
    for (size_t k = 0; k < explanation->count; k++) {
        const struct ql_finding *finding = &explanation->findings[k];
        char *found = strndup(settings->check + finding->offset_bytes, finding->size_bytes);
        (void)fputs("refused: '", stdout);
        ql_cli_print_name(found == NULL ? "" : found);
        (void)printf("', from symbol %zu on, %s\n", finding->symbol + 1, describe(finding->kind));
        free(found);
    }
    if (explanation->count == 0) {
        (void)puts("nothing in the text is listed");
    }
}

static enum ql_status check_text(const struct ql_filter_file *file, const struct settings *settings, bool *refused,
                                 struct ql_error *error)
{
    struct ql_explanation explanation;
    enum ql_status status = ql_explanation_init(&explanation, file, settings->check, strlen(settings->check), error);

    if (status != QL_OK) {
        return ql_error_prefix(error, "--check: ");
    }
    print_findings(&explanation, settings);
    *refused = explanation.count > 0;
    ql_explanation_free(&explanation);
    return QL_OK;
}

int ql_cli_filter(int argc, char **argv)
{
    struct settings settings = {.rating = 0};
    struct ql_option options[] = {
        {"default", QL_OPTION_FLAG, &settings.use_default, 0, 0, NULL,
         "the list that was built with Quillet, for English", false},
        {"words", QL_OPTION_STRING, &settings.words, 0, 0, "FILE,...", "lists of words, one entry per line", false},
        {"min_rating", QL_OPTION_INT, &settings.rating, 0, QL_LISTING_RATING_LIMIT, "N",
         "leave out entries that are rated lower", false},
        {"accents", QL_OPTION_STRING, &settings.accents, 0, 0, "WORD",
         "count: accented letters are different letters, the default for --words alone; ignored: they are not", false},
        {"refuse", QL_OPTION_STRING, &settings.refuse, 0, 0, "FILE,...",
         "items that must not be shown, one per line: a training text, names of real people", false},
        {"output", QL_OPTION_STRING, &settings.output, 0, 0, "FILE", "the filter to write, such as names.qlf", false},
        {"filter", QL_OPTION_STRING, &settings.filter, 0, 0, "FILE", "a compiled filter, in place of lists", false},
        {"check", QL_OPTION_STRING, &settings.check, 0, 0, "TEXT", "say what in this text would be refused", false},
        {"json", QL_OPTION_FLAG, &settings.json, 0, 0, NULL, "print the result as JSON", false},
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };
    struct ql_filter_file file = {0};
    struct ql_error error;
    bool refused = false;
    int exit_code = QL_EXIT_DONE;

    if (!ql_cli_read_options(usage, summary_text, options, argc, argv, NULL, 0, NULL, &exit_code)) {
        return exit_code;
    }
    enum ql_status status = make_filter(&file, &settings, &error);
    if (status == QL_OK && settings.output != NULL) {
        status = ql_filter_file_save(&file, settings.output, &error);
    }
    if (status == QL_OK && settings.check != NULL) {
        status = check_text(&file, &settings, &refused, &error);
    } else if (status == QL_OK) {
        print_sizes(&file, &settings);
    }
    ql_filter_file_free(&file);
    if (settings.check != NULL) {
        return ql_cli_finish_check("filter", status, refused, &error);
    }
    return status == QL_OK ? ql_cli_finish("filter", QL_EXIT_DONE) : ql_cli_fail("filter", &error);
}
