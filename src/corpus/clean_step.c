// The table of cleaning steps, and how --skip and --only are read against it.
// docs/corpus.md repeats this table; a test compares the two.
// Uses: corpus/clean_step.
#include "corpus/clean_step.h"

#include <string.h>

const struct ql_step ql_steps[] = {
    {"decode", "check that bytes are UTF-8, or convert them from --encoding", QL_FOR_ALL, true, ql_step_decode, NULL,
     NULL},
    {"fields", "take the named fields out of a CSV row or a JSON line", QL_FOR_TEXTS, true, ql_step_fields, NULL,
     NULL},
    {"mojibake", "repair UTF-8 that was read as Latin-1 and encoded again", QL_FOR_ALL, false, ql_step_mojibake, NULL,
     NULL},
    {"overstrikes", "undo underlining, bold and accents made with backspaces", QL_FOR_ALL, false,
     ql_step_overstrikes, NULL, NULL},
    {"controls", "make line ends LF, remove other control and invisible characters", QL_FOR_ALL, false,
     ql_step_controls, NULL, NULL},
    {"transliterate", "bring to NFKC and to --alphabet; drop what has no counterpart there", QL_FOR_ALL, false,
     ql_step_transliterate, NULL, NULL},
    {"attribution", "split \"-- Author\" from a fortune's text; quotes and names go apart from here", QL_FOR_QUOTES,
     false, ql_step_attribution, NULL, NULL},
    {"person", "cut an attribution after the person's name, spell it alike; drop what is no name", QL_FOR_NAMES,
     false, ql_step_person, NULL, NULL},
    {"utterance", "drop definitions, dialogue, verse, lists, code, mail, drawings, shouting", QL_FOR_QUOTES, false,
     ql_step_utterance, NULL, NULL},
    {"white_space", "make every run of blanks one space, with none at the ends of lines", QL_FOR_ALL, false,
     ql_step_white_space, NULL, NULL},
    {"one_line", "join the lines of an item; drop an empty one", QL_FOR_ALL, true, ql_step_one_line, NULL, NULL},
    {"emphasis", "remove the marks of *emphasis* and _emphasis_", QL_FOR_TEXTS, false, ql_step_emphasis, NULL, NULL},
    {"quotation_marks", "make ``TeX'' and `back' quotes plain; take a whole item out of its quotation marks",
     QL_FOR_TEXTS, false, ql_step_quotation_marks, NULL, NULL},
    {"length", "drop what is shorter or longer than --min_length, --max_length and those for names", QL_FOR_ALL,
     false, ql_step_length, NULL, NULL},
    {"word_list", "drop what holds a word or phrase of --remove_words, or a name of --remove_names", QL_FOR_ALL,
     false, ql_step_word_list, NULL, NULL},
    {"rare_symbols", "drop what holds a symbol that the corpus has less than --min_symbol_count times", QL_FOR_ALL,
     false, NULL, ql_step_rare_symbols, "rare_symbol"},
    {"duplicates", "drop all but the first of equal items", QL_FOR_ALL, false, NULL, ql_step_duplicates,
     "duplicate"},
    {"near_duplicates", "drop all but the first of items with the same letters and digits", QL_FOR_ALL, false, NULL,
     ql_step_near_duplicates, "near_duplicate"},
    {"short_forms", "drop a name with initials when its longer form is there too", QL_FOR_NAMES, false, NULL,
     ql_step_short_forms, "short_form"},
    {.name = NULL},
};

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
            return ql_error_write(error, QL_ERROR_USAGE, "--%s %.*s: is no step; --list_steps shows them", option,
                                  (int)(length > 64 ? 64 : length), list);
        }
        if (only == NULL && ql_steps[index].required) {
            return ql_error_write(error, QL_ERROR_USAGE, "--skip %s: cannot be skipped, the others rest on it",
                                  ql_steps[index].name);
        }
        enabled[index] = only != NULL;
        list += length;
        list += *list == ',';
    }
    return QL_OK;
}
