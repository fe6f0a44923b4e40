// Divides an item into sentences, so that each can be judged by itself.
// Uses: corpus/text_buffer.
#ifndef QL_STUDY_SENTENCE_H
#define QL_STUDY_SENTENCE_H

#include <stddef.h>

struct ql_sentence {
    size_t first, length; // in bytes of the item, without the spaces around the sentence
    size_t words;         // runs of symbols without a space that have a letter or a digit
};

// Finds the next sentence at or after *place and moves *place past it. Returns 0 when no sentence is left, otherwise
// 1. A sentence has at least one word; text without a word between sentences, such as "--", is skipped.
//
// A sentence ends at the end of the item, or after a run of . ! ? and the closing quotation marks and brackets after
// it, when a space follows and then, after opening quotation marks and brackets, a capital letter or a digit. A run
// that is one period ends no sentence after a single capital letter ("J."), a word with a period inside ("e.g."), or
// an abbreviation of titles and references ("Mr.", "St.", "vs."). `bytes` is valid UTF-8.
int ql_sentence_next(struct ql_sentence *sentence, const char *bytes, size_t length, size_t *place);

#endif
