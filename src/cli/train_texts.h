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
    uint32_t crc; // of the vocabulary and both texts: a run that is taken up must read the same again
};

// Checks that there is a text, and that the texts are files, before anything is read. Errors: QL_ERROR_USAGE.
enum ql_status ql_train_texts_check(const struct ql_train_settings *settings, struct ql_error *error);

// Sets the vocabulary to the symbols of all texts together. Errors: those of ql_token_text_scan.
enum ql_status ql_train_texts_scan(struct ql_vocabulary *vocabulary, const struct ql_train_settings *settings,
                                   struct ql_error *error);

// Reads the texts as tokens. Without a text for validation, a share of the first one is held out: lines of it for
// `items`, otherwise its end. Errors: those of ql_token_text_load and of its divisions. Start from {0}, and free in the
// end, also after an error.
enum ql_status ql_train_texts_load(struct ql_train_texts *texts, const struct ql_train_settings *settings,
                                   const struct ql_vocabulary *vocabulary, bool items, struct ql_error *error);
void ql_train_texts_free(struct ql_train_texts *texts);

#endif
