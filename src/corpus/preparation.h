// A preparation: inputs go in one after the other, cleaned items come out as files, and every item is accounted for.
// Order of calls: init, read for each input, step once, then check, save and the report; free at any time.
// Uses: base, all of corpus.
#ifndef QL_CORPUS_PREPARATION_H
#define QL_CORPUS_PREPARATION_H

#include "base/file.h"
#include "base/sha256.h"
#include "corpus/account.h"
#include "corpus/item_hash.h"
#include "corpus/item_list.h"
#include "corpus/letter_survey.h"
#include "corpus/overlap.h"
#include "corpus/prepare_options.h"
#include "corpus/step_table.h"
#include "corpus/word_list.h"

// One input, for the report.
struct ql_input {
    char *path; // owned
    size_t size_bytes;
    size_t item_count; // read from it
    enum ql_format format;
    bool detected; // the format was not given
};

// A stream and its account. Its file names start with `name`: quotes.txt, quotes.validation.txt, quotes.test.txt.
struct ql_stream_state {
    const char *name;
    struct ql_item_list list;
    struct ql_account account;
    size_t letters_lost;                   // kept items that lost letters or accents in the step `transliterate`
    size_t part_items[QL_PART_COUNT];      // written to each part; set by ql_preparation_save
    size_t part_characters[QL_PART_COUNT]; // symbols, with a line end for each item; likewise
    char part_sha256[QL_PART_COUNT][QL_SHA256_TEXT_BYTES]; // of the file; likewise
};

struct ql_preparation {
    struct ql_prepare_options options;
    bool enabled[QL_STEP_LIMIT]; // for ql_steps[i]
    bool split;                  // quotes and names, not items; decided by the first input
    struct ql_stream_state streams[QL_STREAM_COUNT];
    struct ql_input *inputs;
    size_t input_count;
    struct ql_word_list words;
    struct ql_word_list names;
    struct ql_overlap_set held_out;
    struct ql_letter_survey survey;
    struct ql_step_context context;
    struct ql_text text;   // the item in work
    struct ql_text before; // the item as the present step found it
};

// Reads the switches and word lists and checks the encoding. Errors: QL_ERROR_USAGE for options that contradict each
// other, those of ql_word_list_load, memory. After an error ql_preparation_free is still to be called.
enum ql_status ql_preparation_init(struct ql_preparation *preparation, const struct ql_prepare_options *options,
                                   struct ql_error *error);
void ql_preparation_free(struct ql_preparation *preparation);

// Counts the letters of an input, for --alphabet text and auto; otherwise does nothing. All inputs are surveyed before the
// first one is read; where none was, the alphabet follows from the first input that is read.
// Errors: those of ql_preparation_read.
enum ql_status ql_preparation_survey(struct ql_preparation *preparation, const char *path, const char *bytes,
                                     size_t size_bytes, struct ql_error *error);

// Reads all items of an input and takes them through the steps that edit. The bytes are as ql_text_decode leaves them,
// and not needed afterwards.
// With the step `attribution` on, a first input that is a fortune file, or `author_field`, makes streams of quotes and
// names; otherwise there is one stream of items.
// Errors: QL_ERROR_INPUT with file and line; QL_ERROR_USAGE for a fortune file after inputs of other formats.
enum ql_status ql_preparation_read(struct ql_preparation *preparation, const char *path, const char *bytes,
                                   size_t size_bytes, struct ql_error *error);

// Takes the items of all inputs through the steps that sift. Errors: QL_ERROR_INPUT with the reasons and with advice
// when items were read, and none is left.
enum ql_status ql_preparation_step(struct ql_preparation *preparation, struct ql_error *error);

// Return true when each account adds up and agrees with its list; false means a bug in this code.
bool ql_preparation_check(const struct ql_preparation *preparation);

enum { QL_PREPARATION_WRITER_LIMIT = QL_STREAM_COUNT * QL_PART_COUNT };

// Writes the files of all streams into the folder, which is made when it is missing, without replacing what is there:
// the caller closes the `*count` writers together, or resets them, also after an error. `inputs` are the files that were
// read: none may be replaced. Errors: those of ql_file_check_output and ql_file_writer_open.
enum ql_status ql_preparation_write(struct ql_preparation *preparation, struct ql_file_writer *writers, size_t *count,
                                    const char *folder, const char *const *inputs, size_t input_count,
                                    struct ql_error *error);

// The same, and replaces them: all or none.
enum ql_status ql_preparation_save(struct ql_preparation *preparation, const char *folder, struct ql_error *error);

// The streams in use: QL_STREAM_ITEMS alone, or QL_STREAM_QUOTES and QL_STREAM_NAMES.
bool ql_preparation_has_stream(const struct ql_preparation *preparation, enum ql_stream stream);

#endif
