// A text as token ids, and the two ways to divide it: lines (items), and a held-out part.
// A text from a file of 32 MB on is never in memory as a whole: the file is read part by part, and its tokens are in a
// temporary file that is mapped (base/scratch_file.h).
// Uses: base, corpus/{text_window,vocabulary}.
#ifndef QL_CORPUS_TOKEN_TEXT_H
#define QL_CORPUS_TOKEN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "corpus/vocabulary.h"

// Owns its tokens. They take 2 bytes a symbol: of a file of 200 MB, 400 MB of the disk and some MB of memory.
struct ql_token_text {
    uint16_t *tokens; // (count), ends with the token of '\n'
    size_t count;
    bool mapped;          // the tokens are in a scratch file
    void *mapping;        // of that file; NULL where another text owns it
    size_t mapping_bytes; // of the mapping
};

// Collects the symbols of a text file (base/text_file.h). A last line without newline gets one.
// Errors: those of ql_text_file_open, empty, invalid UTF-8 (with line and byte), too many symbols, only newlines.
enum ql_status ql_token_text_scan(struct ql_vocabulary *vocabulary, const char *path, struct ql_error *error);

// Reads the file as tokens of the vocabulary. `free` it in the end. Errors: as above, and a symbol that is not in the
// vocabulary (with line); a disk without room for the tokens of a long text.
enum ql_status ql_token_text_load(struct ql_token_text *text, const struct ql_vocabulary *vocabulary, const char *path,
                                  struct ql_error *error);
void ql_token_text_free(struct ql_token_text *text);

// Release the memory in which tokens of a long text are at the moment; they stay in the file. Call it every
// QL_TOKEN_TEXT_REST_TOKENS tokens while you read such a text. Does nothing for other texts.
enum { QL_TOKEN_TEXT_REST_TOKENS = 1 << 20 };
void ql_token_text_rest(const struct ql_token_text *text);

// Moves the last `share` (0 < share < 1) of the symbols to `held_out`: for running text. Of a long text, `held_out` must
// be freed before `text`. The cut moves back to a line end, or to a space, where one is near, so that at most twice the
// share is held out; a text without line ends is cut, too. Texts of a few hundred symbols may give up to an eighth more.
// Errors: too short to divide.
enum ql_status ql_token_text_divide_end(struct ql_token_text *text, struct ql_token_text *held_out, double share,
                                        const struct ql_vocabulary *vocabulary, struct ql_error *error);

// Moves a `share` of the lines to `held_out`, chosen by a hash of each line: for items in any order. A line's side
// depends only on the line itself, so equal lines stay together, and added lines do not move others.
enum ql_status ql_token_text_divide_lines(struct ql_token_text *text, struct ql_token_text *held_out, double share,
                                          const struct ql_vocabulary *vocabulary, struct ql_error *error);

#endif
