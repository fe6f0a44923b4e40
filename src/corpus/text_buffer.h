// A text that grows, and the functions on bytes and symbols that every cleaning step needs.
// A failed allocation is remembered, so that a step may append freely and the caller checks once per item.
// Uses: base/status, utf8proc.
#ifndef QL_CORPUS_TEXT_BUFFER_H
#define QL_CORPUS_TEXT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

// Zero-initialized is empty and valid. `bytes` is NULL only before the first append; afterwards bytes[length] is NUL.
struct ql_text {
    char *bytes;
    size_t length;   // in bytes
    size_t capacity; // of the block, in bytes
    bool failed;     // an append found no memory; the content is then incomplete
};

void ql_text_free(struct ql_text *text);

// Makes the text empty; keeps its block, and allocates one if there is none, so that `bytes` can be read.
void ql_text_reset(struct ql_text *text);

// Appends bytes, one byte, or one code point as UTF-8.
void ql_text_write(struct ql_text *text, const char *bytes, size_t length);
void ql_text_write_byte(struct ql_text *text, char byte);
void ql_text_write_symbol(struct ql_text *text, int32_t symbol);

// Replaces the content. `bytes` must not point into `text`.
void ql_text_load(struct ql_text *text, const char *bytes, size_t length);

void ql_text_swap(struct ql_text *left, struct ql_text *right);

// QL_ERROR_SYSTEM when an append has failed, otherwise QL_OK.
enum ql_status ql_text_check(const struct ql_text *text, struct ql_error *error);

// Reads the code point at *position of valid UTF-8 and moves *position past it. -1 at the end.
// A byte that is not UTF-8 (only possible when the text was never decoded) is returned as U+FFFD.
int32_t ql_symbol_read(const char *bytes, size_t length, size_t *position);

// Classes of code points. Letters, marks and digits are Unicode's L*, M* and N*; ASCII takes a short cut. A mark is an
// accent, or, in scripts of India and South East Asia, a vowel: part of the word that it stands in.
bool ql_symbol_is_letter(int32_t symbol);
bool ql_symbol_is_mark(int32_t symbol);
bool ql_symbol_is_digit(int32_t symbol);
bool ql_symbol_is_upper(int32_t symbol);

// The symbol in the form in which case does not count: in lower case, and the Greek final sigma as any other sigma. A
// sharp s stays what it is; "SS" is its capital form, too.
enum { QL_SYMBOL_SHARP_S = 0xDF };
int32_t ql_symbol_fold(int32_t symbol);

// What words consist of: letters, marks and digits. False for -1.
bool ql_symbol_is_word(int32_t symbol);

// The code point before `position`, -1 at the beginning.
int32_t ql_symbol_before(const char *bytes, size_t position);

// A space of any width, such as U+0020, U+00A0 and U+3000: Unicode's Zs.
bool ql_symbol_is_blank(int32_t symbol);

// Number of code points in valid UTF-8.
size_t ql_symbol_count_in(const char *bytes, size_t length);

#endif
