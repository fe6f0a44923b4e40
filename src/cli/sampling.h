// The sampling options that `predict` and `compare` share, and the text that a sampler draws.
// Uses: base, corpus/token_text, filter, model/stepper, engine/{integer_form,text_session}, cli/quantization, jansson.
#ifndef QL_CLI_SAMPLING_H
#define QL_CLI_SAMPLING_H

#include <jansson.h>

#include "base/option.h"
#include "cli/quantization.h"
#include "corpus/token_text.h"
#include "engine/integer_form.h"
#include "engine/text_session.h"
#include "filter/guard.h"
#include "model/stepper.h"

struct ql_cli_sampling {
    const char *init_from;
    const char *filter, *lexicon;
    double top_p;
    int top_k;
    uint32_t seed;
    struct ql_cli_quantization quantization;
};

#define QL_CLI_FILTER_OPTION(target)                                                          \
    {                                                                                         \
        "filter", QL_OPTION_STRING, (target), 0, 0, "FILE",                                   \
            "a compiled filter: none of its words is written, none of its items shown", false \
    }

#define QL_CLI_LEXICON_OPTION(target)                                                                                \
    {                                                                                                                \
        "lexicon", QL_OPTION_STRING, (target), 0, 0, "FILE", "a compiled lexicon: only its words are written", false \
    }

// How many candidates a text has, and what they should be like.
struct ql_cli_choice {
    int best;       // 1: no choice
    int min_length; // characters
};

enum { QL_CLI_BEST_LIMIT = 100 };

#define QL_CLI_CHOICE_OPTIONS(choice)                                                   \
    {"best",                                                                            \
     QL_OPTION_INT,                                                                     \
     &(choice)->best,                                                                   \
     1,                                                                                 \
     QL_CLI_BEST_LIMIT,                                                                 \
     "N",                                                                               \
     "write N candidates for an item, and take the one whose characters are likeliest", \
     false},                                                                            \
    {                                                                                   \
        "min_length", QL_OPTION_INT, &(choice)->min_length, 0, 1000000, "N",            \
            "of these, prefer those with at least this many characters", false          \
    }

// clang-format off
// Rows of an option table.
#define QL_CLI_SAMPLING_OPTIONS(s) \
    {"init_from", QL_OPTION_STRING, &(s)->init_from, 0, 0, "FILE", "the checkpoint of the model", false}, \
    {"top_p", QL_OPTION_FLOAT, &(s)->top_p, 0.000001, 1, "X", \
     "draw from the likeliest symbols whose probabilities add up to this; 1 is off", false}, \
    {"top_k", QL_OPTION_INT, &(s)->top_k, 0, 65535, "N", "draw from the N likeliest symbols; 0 is off", false}, \
    {"seed", QL_OPTION_UINT32, &(s)->seed, 0, 0, "N", "same seed, same text; otherwise a new one each time", false}, \
    QL_CLI_QUANTIZATION_OPTIONS(&(s)->quantization), \
    QL_CLI_FILTER_OPTION(&(s)->filter), \
    QL_CLI_LEXICON_OPTION(&(s)->lexicon)
// clang-format on

// Fails with QL_ERROR_USAGE for a --min-length that chooses among nothing: without --best, or when it is longer than a text
// may be (`max_length`, of the option `option`).
enum ql_status ql_cli_choice_check(const struct ql_cli_choice *choice, int max_length, const char *option,
                                   struct ql_error *error);

// Checks the values of an option that is a list. Errors: QL_ERROR_USAGE for a value out of range, for one that is not whole
// where `whole` asks for that, and for one that the sampler takes for another of the list.
enum ql_status ql_cli_values_check(const double *values, size_t count, double low, double high, bool whole,
                                   const char *option, struct ql_error *error);

// A seed that differs from call to call.
uint32_t ql_cli_random_seed(void);

// Loads a checkpoint; free the model. Errors: no --init-from, a file that is not a checkpoint, a model without a
// vocabulary.
enum ql_status ql_cli_load_checkpoint(struct ql_model *model, struct ql_model_info *info, const char *init_from,
                                      struct ql_error *error);

// A text that grows; free `bytes`. NUL-terminated when it is not empty.
struct ql_cli_text {
    char *bytes;
    size_t size, capacity;
};

// Adds one symbol. Errors: no memory.
enum ql_status ql_cli_text_write(struct ql_cli_text *text, uint32_t symbol, struct ql_error *error);

// Adds all symbols of a token. Errors: no memory.
enum ql_status ql_cli_text_write_token(struct ql_cli_text *text, const struct ql_vocabulary *vocabulary, int token,
                                       struct ql_error *error);

// A path for a result in JSON: null, with a note on stderr, where it is not valid UTF-8, which JSON cannot hold.
json_t *ql_cli_path_to_json(const char *path);

// A checkpoint that writes, in float or in integers.
struct ql_cli_writer {
    struct ql_model_info info;
    struct ql_text_session session;
    struct ql_stepper stepper; // what the session runs on: one of the two
    struct ql_integer_form integer;
};

// Opens sampling->init_from. Errors: those of loading, of --quantize and of the integer form. Close it in the end, also
// after an error; it must start as {0}.
enum ql_status ql_cli_writer_open(struct ql_cli_writer *writer, const struct ql_cli_sampling *sampling,
                                  struct ql_error *error);
void ql_cli_writer_close(struct ql_cli_writer *writer);

// The settings of a text at this temperature.
struct ql_draw ql_cli_draw(const struct ql_cli_sampling *sampling, double temperature);

// The output of a text: to a stream as it is drawn, or into memory. With a filter that refuses items, each item is held
// back until it is complete; a refused item is left out together with its newline.
struct ql_cli_output {
    FILE *stream; // NULL: the text is collected
    bool visible; // control characters are shown as text, on the stream
    const struct ql_guard *guard;
    uint32_t newline;        // the symbol that ends an item
    struct ql_cli_text text; // what was collected, where there is no stream
    struct ql_cli_text item; // what waits
};

// Adds a token that was drawn and that the guard has not taken yet. Errors: no memory.
enum ql_status ql_cli_output_write(struct ql_cli_output *output, const struct ql_vocabulary *vocabulary, int token,
                                   struct ql_error *error);

// Writes the item that is held back when the text ends, unless it is refused. Errors: no memory.
enum ql_status ql_cli_output_end(struct ql_cli_output *output, bool refused, struct ql_error *error);
void ql_cli_output_free(struct ql_cli_output *output);

// Reads a prompt as tokens, in the model's pieces. The caller frees them, also after an error. An item's prompt has no
// line end, and leaves room for a token of its own before the `limit` of an item (ql_text_rules_item_limit; 0: none).
// Errors: QL_ERROR_USAGE for what is not in the vocabulary, for a line end, and for too many tokens.
enum ql_status ql_cli_read_prompt(struct ql_token_text *tokens, const struct ql_vocabulary *vocabulary,
                                  const char *prompt, struct ql_error *error);
enum ql_status ql_cli_read_item_prompt(struct ql_token_text *tokens, const struct ql_vocabulary *vocabulary,
                                       const char *prompt, int limit, struct ql_error *error);

// Writes a text of `length` characters, and a few more where it must not end there or where the last piece has more:
// the prompt is taken first, encoded in the model's pieces, and goes to output->stream unless that is NULL. The guard
// is the output's. Where there is a choice, the text is one item, up to its newline: the best of the candidates, of at
// most `length` characters.
// Errors: a prompt with other symbols, those of the session and of the output.
enum ql_status ql_cli_text_draw(struct ql_cli_output *output, struct ql_text_session *session, struct ql_guard *guard,
                                const struct ql_vocabulary *vocabulary, const struct ql_draw *draw,
                                const struct ql_cli_choice *choice, const char *prompt, int length,
                                struct ql_error *error);

#endif
