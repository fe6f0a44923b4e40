// The cleaning steps: what a step is, and what it may look at. step_table.h lists them in their order.
// A step either edits one text (and may drop it), or sifts all items of a stream together.
// Uses: corpus/text_buffer, item_list, format_reader, prepare_options.
#ifndef QL_CORPUS_CLEAN_STEP_H
#define QL_CORPUS_CLEAN_STEP_H

#include "corpus/format_reader.h"
#include "corpus/item_list.h"
#include "corpus/prepare_options.h"
#include "corpus/text_buffer.h"

// What becomes an output file of its own. A preparation has either items, or quotes and names.
enum ql_stream { QL_STREAM_ITEMS, QL_STREAM_QUOTES, QL_STREAM_NAMES, QL_STREAM_COUNT };

// Sets of streams, one bit each.
enum {
    QL_FOR_ITEMS = 1 << QL_STREAM_ITEMS,
    QL_FOR_QUOTES = 1 << QL_STREAM_QUOTES,
    QL_FOR_NAMES = 1 << QL_STREAM_NAMES,
    QL_FOR_TEXTS = QL_FOR_ITEMS | QL_FOR_QUOTES,
    QL_FOR_ALL = QL_FOR_TEXTS | QL_FOR_NAMES,
};

struct ql_field_map;
struct ql_letter_survey;
struct ql_overlap_set;
struct ql_word_list;

// What a step may look at besides the text itself. The preparation owns all of it.
struct ql_step_context {
    const struct ql_prepare_options *options;
    const struct ql_field_map *fields;     // where text and author stand in a row; of the present input
    const struct ql_word_list *words;      // --remove-words; may be empty
    const struct ql_word_list *names;      // --remove-names; may be empty
    const struct ql_overlap_set *held_out; // --apart-from; may be empty
    const char *wiki_reason;               // why the present item of a Wikiquote page is not a quotation, or NULL
    const struct ql_letter_survey *survey; // of all inputs, for QL_ALPHABET_TEXT; otherwise NULL
    bool letters_lost;        // set by the step `transliterate` where letters were dropped, or lost their accents
    bool objects_read;        // set by the step `fields` where a text came from a JSON object of the present input
    bool author_member_found; // ... and one of these had the member of --author-field
    const char *path;         // of the present input
    size_t line;              // of the present item
    enum ql_format format;    // of the present input
    enum ql_stream stream;    // that the text belongs to
    bool author_found;        // `author` holds the attribution of the present item
    struct ql_text author;    // written by the steps `fields` and `attribution`
    struct ql_text scratch;   // a step's work; content undefined between steps
};

// Edits `text` in place. A text to be dropped gets `*reason`, a static word; `text` may then hold anything.
// Errors are for what no cleaning can repair: bytes in another encoding, a malformed row, no memory.
typedef enum ql_status ql_step_edit(struct ql_step_context *context, struct ql_text *text, const char **reason,
                                    struct ql_error *error);

// Sets `dropped` on the items that do not stay. Items that are dropped already do not count.
typedef enum ql_status ql_step_sift(struct ql_step_context *context, struct ql_item_list *list, struct ql_error *error);

// A row of the table.
struct ql_step {
    const char *name;    // for --skip, --only and the report
    const char *summary; // one line for --list-steps and the documentation
    int streams;         // QL_FOR_...
    bool required;       // cannot be skipped: later steps, or the output, depend on it
    ql_step_edit *edit;  // exactly one of edit and sift is given; all edits stand before all sifts
    ql_step_sift *sift;
    const char *reason; // of a sift: why its items are dropped
};

// The steps, each in the file that is named here.
ql_step_edit ql_step_decode;          // encoding
ql_step_edit ql_step_fields;          // record_field
ql_step_edit ql_step_wiki_markup;     // wiki_markup
ql_step_edit ql_step_entities;        // entities
ql_step_edit ql_step_overstrikes;     // overstrike
ql_step_edit ql_step_controls;        // overstrike
ql_step_edit ql_step_mojibake;        // mojibake
ql_step_edit ql_step_transliterate;   // transliteration
ql_step_edit ql_step_attribution;     // attribution
ql_step_edit ql_step_person;          // person_name
ql_step_edit ql_step_utterance;       // utterance
ql_step_edit ql_step_white_space;     // typography
ql_step_edit ql_step_one_line;        // typography
ql_step_edit ql_step_emphasis;        // typography
ql_step_edit ql_step_quotation_marks; // typography
ql_step_edit ql_step_length;          // typography
ql_step_edit ql_step_word_list;       // word_list
ql_step_edit ql_step_overlaps;        // overlap
ql_step_sift ql_step_rare_symbols;    // symbol_inventory
ql_step_sift ql_step_duplicates;      // duplicate
ql_step_sift ql_step_near_duplicates; // duplicate
ql_step_sift ql_step_short_forms;     // name_variant

#endif
