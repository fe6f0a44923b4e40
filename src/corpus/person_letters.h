// Looks at the letters of one word of a name, in every script.
// Words are valid UTF-8 and end with NUL. A letter of a script without case, such as Hindi's, counts as a capital.
// Uses: corpus/text_buffer, utf8proc.
#ifndef QL_CORPUS_PERSON_LETTERS_H
#define QL_CORPUS_PERSON_LETTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "corpus/text_buffer.h"

// Return true for a symbol that a name can start with: a capital, or a letter of a script without case.
bool ql_person_letter_starts(int32_t symbol);

// Return true for a symbol of a script that writes names without a space: a Chinese character, a Japanese kana, a Korean
// syllable. Each stands for about two letters of an alphabet.
bool ql_person_letter_is_syllable(int32_t symbol);

// Return true when the word starts with a symbol that a name can start with; and when it starts with a small letter.
bool ql_person_word_is_large(const char *word);
bool ql_person_word_is_small(const char *word);

// Return true for "J.", "J", "J.R.R.", and "А.С.": capitals, each followed by a period; the last one may be without.
bool ql_person_word_is_initials(const char *word);

// Return true for two capitals or more, and nothing else.
bool ql_person_word_is_capitals(const char *word);

// Return true for letters and marks, with apostrophes, hyphens, periods and middle dots between or after them, and a
// capital at the start.
bool ql_person_word_is_plain(const char *word);

// Return true for a word that can be a full name alone: two syllables or more, in the sense above.
bool ql_person_word_is_full(const char *word);

// Return true when the word starts with the quotation mark or bracket of any language.
bool ql_person_word_is_quoted(const char *word);

// The bytes of a prefix such as "al-", "d'" or "de" in "deGrasse" at the start of the word, which a capital has to
// follow; 0 when there is none.
size_t ql_person_word_prefix(const char *word);

// Write a word of capitals with its first letter large and the others small.
void ql_person_word_write_lowered(struct ql_text *out, const char *word);

#endif
