// The table of cleaning steps: see step_table.h.
// docs/corpus.md repeats this table; a test compares the two.
// Uses: base/option, corpus/clean_step.
#include "corpus/step_table.h"

#include <string.h>

#include "base/option.h"

const struct ql_step ql_steps[] = {
    {.name = "decode",
     .summary = "check that bytes are UTF-8, or convert them from --encoding",
     .streams = QL_FOR_ALL,
     .required = true,
     .edit = ql_step_decode},
    {.name = "fields",
     .summary = "take the named fields out of a row of a table or a JSON object",
     .streams = QL_FOR_TEXTS,
     .required = true,
     .edit = ql_step_fields},
    {.name = "wiki_markup",
     .summary = "turn the markup of a Wikiquote page into text; drop what is not a quotation",
     .streams = QL_FOR_TEXTS,
     .required = true,
     .edit = ql_step_wiki_markup},
    {.name = "entities",
     .summary = "write the characters that HTML's entities stand for",
     .streams = QL_FOR_ALL,
     .edit = ql_step_entities},
    {.name = "mojibake",
     .summary = "repair UTF-8 that was read as Latin-1 and encoded again",
     .streams = QL_FOR_ALL,
     .edit = ql_step_mojibake},
    {.name = "overstrikes",
     .summary = "undo underlining, bold and accents made with backspaces",
     .streams = QL_FOR_ALL,
     .edit = ql_step_overstrikes},
    {.name = "controls",
     .summary = "make line ends LF, remove other control and invisible characters",
     .streams = QL_FOR_ALL,
     .edit = ql_step_controls},
    {.name = "transliterate",
     .summary = "give look-alikes one spelling; convert to --alphabet; drop what has no counterpart",
     .streams = QL_FOR_ALL,
     .edit = ql_step_transliterate},
    {.name = "attribution",
     .summary = "split \"-- Author\" from a fortune's text; from here on, quotes and names are separate",
     .streams = QL_FOR_QUOTES,
     .edit = ql_step_attribution},
    {.name = "person",
     .summary = "cut an attribution after the person's name, normalize the name; drop what is not a name",
     .streams = QL_FOR_NAMES,
     .edit = ql_step_person},
    {.name = "utterance",
     .summary = "drop definitions, dialogue, verse, lists, code, mail, drawings, shouting",
     .streams = QL_FOR_QUOTES,
     .edit = ql_step_utterance},
    {.name = "white_space",
     .summary = "make every run of blanks one space, and remove those at the ends of lines",
     .streams = QL_FOR_ALL,
     .edit = ql_step_white_space},
    {.name = "one_line",
     .summary = "join the lines of an item; drop empty items",
     .streams = QL_FOR_ALL,
     .required = true,
     .edit = ql_step_one_line},
    {.name = "emphasis",
     .summary = "remove the marks of *emphasis* and _emphasis_",
     .streams = QL_FOR_TEXTS,
     .edit = ql_step_emphasis},
    {.name = "quotation_marks",
     .summary = "make ``TeX'' and `back' quotes plain; take a whole item out of its quotation marks",
     .streams = QL_FOR_TEXTS,
     .edit = ql_step_quotation_marks},
    {.name = "length",
     .summary = "drop items that are shorter or longer than --min-length, --max-length and those for names",
     .streams = QL_FOR_ALL,
     .edit = ql_step_length},
    {.name = "word_list",
     .summary = "drop items with a word or phrase of --remove-words, or names of --remove-names",
     .streams = QL_FOR_ALL,
     .edit = ql_step_word_list},
    {.name = "overlaps",
     .summary = "drop items that share 24 letters in a row with a text of --apart-from",
     .streams = QL_FOR_TEXTS,
     .edit = ql_step_overlaps},
    {.name = "rare_symbols",
     .summary = "drop items with a symbol that the corpus has fewer than --min-symbol-count times",
     .streams = QL_FOR_ALL,
     .sift = ql_step_rare_symbols,
     .reason = "rare_symbol"},
    {.name = "duplicates",
     .summary = "drop all but the first of equal items",
     .streams = QL_FOR_ALL,
     .sift = ql_step_duplicates,
     .reason = "duplicate"},
    {.name = "near_duplicates",
     .summary = "drop all but the first of items with the same letters and digits",
     .streams = QL_FOR_ALL,
     .sift = ql_step_near_duplicates,
     .reason = "near_duplicate"},
    {.name = "short_forms",
     .summary = "drop a name with initials when its longer form is there too",
     .streams = QL_FOR_NAMES,
     .sift = ql_step_short_forms,
     .reason = "short_form"},
    {.name = NULL},
};

_Static_assert(sizeof ql_steps / sizeof ql_steps[0] <= QL_STEP_LIMIT + 1, "raise QL_STEP_LIMIT");

// The index of the step whose name is the first `length` bytes of `word`, or -1.
static int step_index(const char *word, size_t length)
{
    for (int i = 0; ql_steps[i].name != NULL; i++) {
        if (strlen(ql_steps[i].name) == length && memcmp(ql_steps[i].name, word, length) == 0) {
            return i;
        }
    }
    return -1;
}

enum ql_status ql_step_read_switches(bool enabled[QL_STEP_LIMIT], const char *skip, const char *only,
                                     struct ql_error *error)
{
    const char *option = only != NULL ? "only" : "skip";
    const char *list = only != NULL ? only : skip;

    if (skip != NULL && only != NULL) {
        return ql_error_write(error, QL_ERROR_USAGE, "--skip and --only exclude each other; give one of them");
    }
    for (int i = 0; ql_steps[i].name != NULL; i++) {
        enabled[i] = only == NULL || ql_steps[i].required;
    }
    while (list != NULL && *list != '\0') {
        size_t length = strcspn(list, ",");
        int index = step_index(list, length);
        if (index < 0) {
            return ql_error_write(error, QL_ERROR_USAGE, "--%s %.*s: is not a step; --list-steps shows them",
                                  ql_option_spell(option).text, (int)(length > 64 ? 64 : length), list);
        }
        if (only == NULL && ql_steps[index].required) {
            return ql_error_write(error, QL_ERROR_USAGE, "--skip %s: cannot be skipped, because other steps need it",
                                  ql_steps[index].name);
        }
        enabled[index] = only != NULL;
        list += length;
        list += *list == ',';
    }
    return QL_OK;
}
