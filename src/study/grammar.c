// Says whether an English sentence parses completely: see grammar.h.
// Uses: base/bytes; liblink-grammar where QL_LINK_GRAMMAR is defined.
#include "study/grammar.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

#ifdef QL_LINK_GRAMMAR
#include <link-grammar/dict-api.h>
#include <link-grammar/link-includes.h>

// Linkages that are checked against the rules of post-processing. The library's default of 100 can miss a good one
// among many; 1,000 cost little, since most sentences have fewer.
static const int LINKAGE_LIMIT = 1000;

// The library ends the process when there is not enough memory, so nothing is started with less address space than
// this. The command `judge` takes 87 MB of memory for 374 real sentences, the dictionary included.
static const size_t OPEN_BYTES = (size_t)192 << 20, CHECK_BYTES = (size_t)64 << 20;

static bool has_room(size_t bytes)
{
    void *volatile room = malloc(bytes); // volatile, or a compiler would remove both calls

    free(room);
    return room != NULL;
}

struct ql_grammar {
    Dictionary dictionary;
    Parse_Options options;
    char *name;
};

enum ql_status ql_grammar_open(struct ql_grammar **grammar, struct ql_error *error)
{
    struct ql_grammar *new = calloc(1, sizeof *new);

    *grammar = NULL;
    if (new == NULL || !has_room(OPEN_BYTES)) {
        free(new);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the grammar");
    }
    (void)lg_error_set_handler(NULL, NULL); // the library must not print messages
    new->dictionary = dictionary_create_lang("en");
    new->options = parse_options_create();
    if (new->dictionary == NULL || new->options == NULL) {
        ql_grammar_close(new);
        return ql_error_write(error, QL_ERROR_SYSTEM,
                              "the English dictionary of Link Grammar is missing; install "
                              "link-grammar-dictionaries-en (tools/bootstrap judge)");
    }
    parse_options_set_verbosity(new->options, 0);
    parse_options_set_spell_guess(new->options, 0);
    parse_options_set_linkage_limit(new->options, LINKAGE_LIMIT);
    parse_options_set_min_null_count(new->options, 0);
    parse_options_set_max_null_count(new->options, 0);
    const char *library = linkgrammar_get_version(), *dictionary = linkgrammar_get_dict_version(new->dictionary);
    const char *number = strrchr(library, '-');
    new->name = ql_bytes_format("Link Grammar %s, dictionary %s", number == NULL ? library : number + 1, dictionary);
    if (new->name == NULL) {
        ql_grammar_close(new);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the grammar");
    }
    *grammar = new;
    return QL_OK;
}

void ql_grammar_close(struct ql_grammar *grammar)
{
    if (grammar != NULL) {
        if (grammar->options != NULL) {
            (void)parse_options_delete(grammar->options);
        }
        if (grammar->dictionary != NULL) {
            dictionary_delete(grammar->dictionary);
        }
        free(grammar->name);
        free(grammar);
    }
}

const char *ql_grammar_name(const struct ql_grammar *grammar)
{
    return grammar->name;
}

enum ql_status ql_grammar_check(bool *complete, struct ql_grammar *grammar, const char *bytes, size_t length,
                                struct ql_error *error)
{
    Sentence sentence = NULL;

    *complete = false;
    if (length > QL_GRAMMAR_BYTE_LIMIT) {
        return QL_OK;
    }
    char *text = has_room(CHECK_BYTES) ? malloc(length + 1) : NULL;
    if (text != NULL) { // not strndup: the bytes are not a string
        memcpy(text, bytes, length);
        text[length] = '\0';
        sentence = sentence_create(text, grammar->dictionary);
    }
    free(text);
    if (sentence == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for parsing a sentence");
    }
    *complete = sentence_split(sentence, grammar->options) >= 0 && sentence_parse(sentence, grammar->options) > 0 &&
                sentence_null_count(sentence) == 0 && sentence_num_valid_linkages(sentence) > 0;
    sentence_delete(sentence);
    (void)lg_error_clearall();
    return QL_OK;
}

#else

enum ql_status ql_grammar_open(struct ql_grammar **grammar, struct ql_error *error)
{
    *grammar = NULL;
    return ql_error_write(
        error, QL_ERROR_SYSTEM,
        "the tool was built without Link Grammar; install it (tools/bootstrap judge) and build again");
}

void ql_grammar_close(struct ql_grammar *grammar)
{
    (void)grammar;
}

const char *ql_grammar_name(const struct ql_grammar *grammar)
{
    (void)grammar;
    return "";
}

enum ql_status ql_grammar_check(bool *complete, struct ql_grammar *grammar, const char *bytes, size_t length,
                                struct ql_error *error)
{
    (void)grammar;
    (void)bytes;
    (void)length;
    *complete = false;
    return ql_error_write(error, QL_ERROR_SYSTEM, "the tool was built without Link Grammar");
}

#endif
