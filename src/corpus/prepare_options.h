// What a preparation is asked to do: formats, switches and limits, with their defaults.
// The command line fills this in; tests and fuzzers do so directly.
// Uses: the C library only.
#ifndef QL_CORPUS_PREPARE_OPTIONS_H
#define QL_CORPUS_PREPARE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum ql_format {
    QL_FORMAT_AUTO,    // look at the name and the first 64 KiB
    QL_FORMAT_LINES,   // an item per line
    QL_FORMAT_FORTUNE, // items between lines that hold only "%"; "-- Author" at their end
    QL_FORMAT_CSV,   // RFC 4180 with a header row, by comma, semicolon, tab or bar; the item is the field named `field`
    QL_FORMAT_JSONL, // a JSON object per line; the item is the member named by `field`
    QL_FORMAT_WIKIQUOTE, // a MediaWiki XML dump of the English Wikiquote, also in bz2
    QL_FORMAT_TSV,       // a header row, fields between tabs, a row per line; the item is the field named by `field`
    QL_FORMAT_JSON,      // an array of objects, of which the item is the member named by `field`, or of strings
};

enum ql_alphabet {
    QL_ALPHABET_ASCII,  // U+0020 to U+007E
    QL_ALPHABET_LATIN1, // ASCII and U+00A1 to U+00FF
    QL_ALPHABET_ANY,    // everything
    QL_ALPHABET_TEXT,   // ASCII, and what the text has often enough (corpus/letter_survey.h)
    QL_ALPHABET_AUTO,   // ASCII where the text is plain English, otherwise QL_ALPHABET_TEXT
};

// Strings belong to the caller and must outlive the preparation. Lengths count symbols (code points).
struct ql_prepare_options {
    enum ql_format format;
    const char *field;        // of CSV and JSON lines; default "text"
    const char *author_field; // likewise; NULL when there is none
    const char *encoding;     // of the inputs, as base/text_file.h takes it; default "utf8"
    bool replace;             // a byte that is not text becomes U+FFFD instead of an error
    enum ql_alphabet alphabet;
    const char *skip;                     // names of steps with commas between them; NULL skips none
    const char *only;                     // likewise: all other steps are skipped; NULL means all
    int min_length, max_length;           // of quotes and items; 0 means no maximum
    int name_min_length, name_max_length; // of names
    int min_symbol_count;     // items with a symbol that occurs less often are dropped; 0 and 1 turn this off
    const char *remove_words; // path of a word list, for all streams; NULL is none
    const char *remove_names; // path of a list of phrases, for names only; NULL is none
    const char *apart_from;   // paths of held-out texts, with commas between them; NULL is none
    double validation, test;  // shares, 0 to 1, together less than 1
    uint32_t seed;            // of the shuffle
    const char *name;         // of the output when there are no attributions; default "items"
};

// The defaults of `quillet prepare`.
struct ql_prepare_options ql_prepare_options_init(void);

// The enumeration value of a word on the command line ("fortune", "ascii"); -1 when there is none.
int ql_format_read(const char *word);
int ql_alphabet_read(const char *word);

// The word for a format, and that for an alphabet.
const char *ql_format_word(enum ql_format format);
const char *ql_alphabet_word(enum ql_alphabet alphabet);

#endif
