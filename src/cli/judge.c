// `quillet judge`: counts properties that show whether texts read like real ones: sentences that parse, known words,
// echoes.
// Uses: base, corpus, study, jansson.
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/text_file.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/sampling.h"
#include "cli/terminal.h"
#include "study/statistics.h"
#include "study/study_cell.h"

static const char usage[] = "judge [OPTION ...] FILE ...";
static const char summary_text[] = "Counts how many sentences of a text parse completely, how many of its words are\n"
                                   "known, and how many items repeat a longer word. A text has one item per line.\n"
                                   "Sentences need Link Grammar, which `tools/bootstrap judge` installs.";

enum { FILE_LIMIT = 64 };
static const char default_wordlist[] = "/usr/share/dict/words";

// The most symbols in an item of a training text; longer items are not compared for near copies.
enum { LONGEST_ITEM = 4096 };

struct judge {
    const char *corpus, *wordlist;
    int sentences;
    bool json;
    struct ql_yardstick yardstick;
    struct ql_grammar *grammar; // NULL if the library is missing
    struct ql_error absence;    // why
    json_t *own, *results;      // counts of the corpus, and of each file
};

// --- Counting ---

// Adds each line that is not empty.
static enum ql_status read_items(struct ql_study_cell_items *items, const char *path, struct ql_error *error)
{
    struct ql_file_view view;
    enum ql_status status = ql_text_file_open(&view, path, error);

    if (status != QL_OK) {
        return status;
    }
    struct ql_bytes_line line = {0};
    while (status == QL_OK && ql_bytes_line_step(&line, view.data, view.size_bytes)) {
        status = ql_line_check(line.bytes, line.length, path, line.number, error);
        if (line.length > 0 && status == QL_OK) {
            status = ql_study_cell_items_add(items, line.bytes, line.length, false, error);
        }
    }
    ql_file_close(&view);
    return status == QL_OK && items->count == 0 ? ql_error_write(error, QL_ERROR_INPUT, "%s: has no items", path)
                                                : status;
}

static enum ql_status count_file(struct judge *judge, json_t **cell, const char *path, bool own, struct ql_error *error)
{
    struct ql_study_cell_items items = {.size = UINT64_MAX}; // no other text limits how many count
    enum ql_status status = read_items(&items, path, error);

    *cell = NULL;
    if (status == QL_OK) {
        status = ql_study_cell_count(cell, &items, &judge->yardstick, own, error);
    }
    if (status == QL_OK && judge->grammar != NULL && !own) {
        status = ql_study_cell_parse(*cell, &items, judge->grammar, (uint64_t)judge->sentences, error);
    }
    ql_study_cell_items_free(&items);
    return status;
}

static enum ql_status load(struct judge *judge, struct ql_error *error)
{
    enum ql_status status = QL_OK;

    if (judge->wordlist == NULL && access(default_wordlist, R_OK) == 0) {
        judge->wordlist = default_wordlist;
    }
    if (judge->wordlist != NULL && *judge->wordlist != '\0') {
        status = ql_yardstick_load_words(&judge->yardstick, judge->wordlist, error);
    }
    if (status == QL_OK && judge->corpus != NULL &&
        (status = ql_file_check_rereadable(judge->corpus, error)) == QL_OK &&
        (status = ql_yardstick_load(&judge->yardstick, judge->corpus, LONGEST_ITEM, error)) == QL_OK) {
        status = count_file(judge, &judge->own, judge->corpus, true, error);
    }
    if (status == QL_OK) {
        (void)ql_grammar_open(&judge->grammar, &judge->absence);
    }
    return status;
}

// --- Printing ---

static void print_share(const char *title, uint64_t count, uint64_t of, bool independent)
{
    char interval[40] = "";

    if (independent && of > 0) {
        const struct ql_interval i = ql_interval_wilson(count, of);
        (void)snprintf(interval, sizeof interval, "%.1f to %.1f %%", 100.0 * i.low, 100.0 * i.high);
    }
    if (of == 0) {
        (void)printf("%-52s       -\n", title);
    } else {
        (void)printf("%-52s %5.1f %%  %-17s %" PRIu64 " of %" PRIu64 "\n", title, 100.0 * (double)count / (double)of,
                     interval, count, of);
    }
}

static void print_cell(const struct judge *judge, const json_t *cell, const char *path)
{
    const uint64_t items = ql_study_cell_number(cell, "items"), words = ql_study_cell_number(cell, "words");
    const bool known = judge->yardstick.known.count > 0 || judge->own != NULL;

    ql_cli_print_name(path);
    (void)printf(": %" PRIu64 " item%s, %.1f symbols on average\n", items, ql_cli_plural((double)items),
                 ql_study_cell_share(cell, "symbols", "items"));
    if (judge->grammar != NULL) {
        const uint64_t left_out = ql_study_cell_number(cell, "long_sentences");
        print_share("sentences that parse completely", ql_study_cell_number(cell, "parsed_sentences"),
                    ql_study_cell_number(cell, "sentences"), true);
        if (left_out > 0) {
            (void)printf("  left out: %" PRIu64 " of more than %d words\n", left_out, QL_GRAMMAR_WORD_LIMIT);
        }
    }
    if (known) {
        print_share("known words", words - ql_study_cell_number(cell, "unknown_words"), words, false);
        print_share("items whose words are all known", ql_study_cell_number(cell, "known_items"), items, true);
    }
    print_share("items that repeat a word of more than 3 letters", ql_study_cell_number(cell, "echoed_items"), items,
                true);
    if (judge->own != NULL) {
        (void)printf("%-52s %5.1f %%\n", "  items of the corpus of the same length",
                     100.0 * ql_study_cell_expected_echoes(cell, judge->own));
        print_share("items that are in the corpus", ql_study_cell_number(cell, "copied"), items, true);
        print_share("items one symbol away from one of the corpus", ql_study_cell_number(cell, "near"), items, true);
    }
    print_share("different items", ql_study_cell_number(cell, "distinct"), items, false);
}

static enum ql_status judge_file(struct judge *judge, const char *path, bool first, struct ql_error *error)
{
    json_t *cell;
    enum ql_status status = count_file(judge, &cell, path, false, error);

    if (status != QL_OK) {
        return status;
    }
    if (!judge->json) {
        (void)fputs(first ? "" : "\n", stdout);
        print_cell(judge, cell, path);
    } else {
        (void)json_object_set_new(cell, "file", ql_cli_path_to_json(path));
        (void)json_object_del(cell, "samples");
        (void)json_object_del(cell, "frequent");
        if (judge->own != NULL) {
            (void)json_object_set_new(cell, "expected_echoes",
                                      json_real(ql_study_cell_expected_echoes(cell, judge->own)));
        }
        (void)json_array_append(judge->results, cell);
    }
    json_decref(cell);
    return QL_OK;
}

static enum ql_status run(struct judge *judge, const char *const *paths, size_t count, struct ql_error *error)
{
    enum ql_status status = load(judge, error);

    judge->results = json_array();
    for (size_t k = 0; k < count && status == QL_OK; k++) {
        status = judge_file(judge, paths[k], k == 0, error);
    }
    if (status != QL_OK) {
        return status;
    }
    if (judge->json) {
        json_t *grammar = judge->grammar == NULL ? json_null() : json_string(ql_grammar_name(judge->grammar));
        json_t *all = json_pack("{s:o, s:O}", "grammar", grammar, "files", judge->results);
        ql_cli_print_json(all, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
        json_decref(all);
    }
    if (judge->grammar == NULL) {
        ql_cli_note("no sentences were parsed: %s\n", judge->absence.message);
    }
    return QL_OK;
}

int ql_cli_judge(int argc, char **argv)
{
    struct judge judge = {0};
    struct ql_option options[] = {
        {"corpus", QL_OPTION_STRING, &judge.corpus, 0, 0, "FILE",
         "the training text: its words count as known, its items as copies", false},
        {"wordlist", QL_OPTION_STRING, &judge.wordlist, 0, 0, "FILE",
         "known words (default: /usr/share/dict/words, if it exists); \"\" for none", false},
        {"sentences", QL_OPTION_INT, &judge.sentences, 0, 1e9, "N",
         "parse the sentences of this many items, evenly chosen; 0 for all", false},
        {"json", QL_OPTION_FLAG, &judge.json, 0, 0, NULL, "the counts as JSON", false},
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };
    const char *paths[FILE_LIMIT];
    size_t count = 0;
    struct ql_error error;
    int exit_code = QL_EXIT_DONE;

    if (!ql_cli_read_options(usage, summary_text, options, argc, argv, paths, FILE_LIMIT, &count, &exit_code)) {
        return exit_code;
    }
    enum ql_status status =
        count > 0 ? run(&judge, paths, count, &error)
                  : ql_error_write(&error, QL_ERROR_USAGE, "name one or more texts, with one item per line");
    exit_code = status == QL_OK ? ql_cli_finish("judge", QL_EXIT_DONE) : ql_cli_fail("judge", &error);
    ql_grammar_close(judge.grammar);
    ql_yardstick_free(&judge.yardstick);
    json_decref(judge.own);
    json_decref(judge.results);
    return exit_code;
}
