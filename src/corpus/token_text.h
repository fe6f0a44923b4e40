// A text as token ids, and the two ways to divide it: lines (items), and a held-out part.
// Uses: base, corpus/vocabulary.
#ifndef QL_CORPUS_TOKEN_TEXT_H
#define QL_CORPUS_TOKEN_TEXT_H

#include "base/status.h"
#include "corpus/vocabulary.h"

// Owns its tokens. 2 bytes a symbol: a file of 200 MB takes 400 MB, also while it is read.
struct ql_token_text {
    uint16_t *tokens; // (count), ends with the token of '\n'
    size_t count;
};

// Collects the symbols of a text file (base/text_file.h). A last line without newline gets one.
// Errors: those of ql_text_file_open, empty, invalid UTF-8 (with line and byte), too many symbols, only newlines.
enum ql_status ql_token_text_scan(struct ql_vocabulary *vocabulary, const char *path, struct ql_error *error);

// Reads the file as tokens of the vocabulary. `free` it in the end. Errors: as above, and a symbol that is not in the
// vocabulary (with line).
enum ql_status ql_token_text_load(struct ql_token_text *text, const struct ql_vocabulary *vocabulary, const char *path,
                                  struct ql_error *error);
void ql_token_text_free(struct ql_token_text *text);

// Moves the last `share` (0 < share < 1) of the symbols to `held_out`: for running text. The cut moves back to a line end,
// or to a space, where one is near, so that at most twice the share is held out; a text without line ends is cut, too.
// Texts of a few hundred symbols may give up to an eighth more. Errors: too short to divide.
enum ql_status ql_token_text_divide_end(struct ql_token_text *text, struct ql_token_text *held_out, double share,
                                        const struct ql_vocabulary *vocabulary, struct ql_error *error);

// Moves a `share` of the lines to `held_out`, chosen by a hash of each line: for items in any order. A line's side
// depends on nothing but the line, so equal lines go together, and added lines move no others.
enum ql_status ql_token_text_divide_lines(struct ql_token_text *text, struct ql_token_text *held_out, double share,
                                          const struct ql_vocabulary *vocabulary, struct ql_error *error);

#endif
