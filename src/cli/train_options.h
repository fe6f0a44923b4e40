// The options of `quillet train`: the settings, the table that reads them, and their form in a run's summary.json.
// A resumed run takes its settings from there.
// Uses: base, jansson.
#ifndef QL_CLI_TRAIN_OPTIONS_H
#define QL_CLI_TRAIN_OPTIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/option.h"
#include "base/status.h"

struct ql_train_settings {
    const char *input, *validation, *sequences, *init_from, *model, *schedule, *quantize;
    const char *checkpoint_dir, *run_name;
    double validation_share, dropout, output_dropout, label_smoothing, learning_rate, final_learning_rate, weight_decay,
        beta2, grad_clip;
    int embedding_size, rnn_size, num_layers, num_heads, num_kv_heads, feed_size, context_length;
    int max_epochs, batch_size, seq_length, warmup_steps, early_stop, generate;
    int pieces;
    int threads;
    uint32_t seed;
    bool quiet, json;
};

enum { QL_TRAIN_OPTION_COUNT = 41 };

// Sets the settings to their defaults and makes the table that fills them. The settings must outlive the table.
void ql_train_options_init(struct ql_option options[QL_TRAIN_OPTION_COUNT], struct ql_train_settings *settings);

// All values by name. The caller owns the object.
json_t *ql_train_options_to_json(const struct ql_option *options);

// The values that decide on the trained model. The caller owns the object.
json_t *ql_train_options_deciding_to_json(const struct ql_option *options);

// Brings the arguments up to date with what was given anew for a session that goes on with the run, so that the next
// session need not be told again.
void ql_train_options_given_to_json(const struct ql_option *options, json_t *arguments);

// Sets what the user has not given to what the run was started with. Strings stay property of `arguments`.
// Errors: QL_ERROR_USAGE for a given option whose value must be that of the run's start; QL_ERROR_INPUT, without the
// name of the file, for arguments that are missing or that the command line would not take.
enum ql_status ql_train_options_from_json(struct ql_option *options, const json_t *arguments, struct ql_error *error);

#endif
