// The texts that a training reads: the one to train on, and the one that is held out.
// Uses: base, corpus, cli/train_options.
#ifndef QL_CLI_TRAIN_TEXTS_H
#define QL_CLI_TRAIN_TEXTS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/train_options.h"
#include "corpus/token_text.h"
#include "corpus/vocabulary.h"

struct ql_train_texts {
    struct ql_token_text training, validation;
    size_t training_characters, validation_characters; // of each, however many tokens they are
    double training_share, validation_share; // tokens for a character, of those that are predicted; 1 without pieces
    uint32_t crc; // of the vocabulary and both texts in a row: a run that is taken up must read the same again, and
                  // divide it in the same way
};

// Checks that there is a text, and that the texts are files, before anything is read. Errors: QL_ERROR_USAGE.
enum ql_status ql_train_texts_check(const struct ql_train_settings *settings, struct ql_error *error);

// Sets the vocabulary to the symbols of all texts together, and adds the pieces that the settings ask for, which are
// learned from the text to train on alone. Errors: those of ql_token_text_scan, ql_train_texts_load and ql_pieces_learn.
enum ql_status ql_train_texts_scan(struct ql_vocabulary *vocabulary, const struct ql_train_settings *settings,
                                   struct ql_error *error);

// Reads the texts as tokens, pieces included. Without a text for validation, a share of the first one is held out: lines
// of it for `items`, otherwise its end; which ones, does not depend on the pieces. Errors: those of ql_token_text_load, of
// its divisions and of ql_pieces_encode. Start from {0}, and free in the end, also after an error.
enum ql_status ql_train_texts_load(struct ql_train_texts *texts, const struct ql_train_settings *settings,
                                   const struct ql_vocabulary *vocabulary, bool items, struct ql_error *error);
void ql_train_texts_free(struct ql_train_texts *texts);

#endif
