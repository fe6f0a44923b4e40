// The options of a preparation: see prepare_options.h.
// Uses: the C library only.
#include "corpus/prepare_options.h"

#include <stddef.h>
#include <string.h>

static const char *const format_words[] = {"auto",      "lines", "fortune", "csv", "jsonl",
                                           "wikiquote", "tsv",   "json",    NULL};
static const char *const alphabet_words[] = {"ascii", "latin1", "any", "text", "auto", NULL};

struct ql_prepare_options ql_prepare_options_init(void)
{
    return (struct ql_prepare_options){
        .field = "text",
        .encoding = "utf8",
        .alphabet = QL_ALPHABET_AUTO,
        .min_length = 1,
        .name_min_length = 4,
        .name_max_length = 40,
        .min_symbol_count = 5,
        .validation = 0.05,
        .test = 0.05,
        .seed = 1,
        .name = "items",
    };
}

static int word_index(const char *const *words, const char *word)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], word) == 0) {
            return i;
        }
    }
    return -1;
}

int ql_format_read(const char *word)
{
    return word_index(format_words, word);
}

int ql_alphabet_read(const char *word)
{
    return word_index(alphabet_words, word);
}

const char *ql_format_word(enum ql_format format)
{
    return format_words[format];
}

const char *ql_alphabet_word(enum ql_alphabet alphabet)
{
    return alphabet_words[alphabet];
}
