// Exchanges data among the ranks of one training, before the first epoch and after each: only rank 0 has the run's
// folder. Every rank must call these functions in the same order. In a process that is alone they do nothing.
// Uses: base/option, train/exchange, cli/{train_record,train_texts}.
#ifndef QL_CLI_TRAIN_RANKS_H
#define QL_CLI_TRAIN_RANKS_H

#include "base/option.h"
#include "cli/train_record.h"
#include "cli/train_texts.h"
#include "train/exchange.h"

// Gives every rank what rank 0 has opened: the summary, and whether there is a state. Errors: no memory.
enum ql_status ql_train_ranks_share_record(struct ql_exchange *exchange, struct ql_train_record *record,
                                           struct ql_error *error);

// Checks that all ranks are about to train the same: build, options, texts, first parameters. Returns the same on all.
// `note` gets a sentence on what differs without changing the result, or stays empty.
// Errors: QL_ERROR_INPUT and QL_ERROR_USAGE, with the first rank that differs, its machine, and what differs.
enum { QL_TRAIN_RANKS_NOTE_BYTES = 320 };
enum ql_status ql_train_ranks_check(struct ql_exchange *exchange, const struct ql_option *options,
                                    const struct ql_train_texts *texts, const struct ql_model *model, const char *input,
                                    char note[QL_TRAIN_RANKS_NOTE_BYTES], struct ql_error *error);

// Gives every rank the parameters, the moments and the progress that rank 0 has loaded.
void ql_train_ranks_share_state(struct ql_exchange *exchange, struct ql_trainer *trainer,
                                struct ql_training_progress *done);

#endif
