// What `predict` and `compare` share: see sampling.h.
// Uses: corpus/{pieces,token_text,vocabulary}, checkpoint, device/candidate.h.
#include "cli/sampling.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/system.h"
#include "checkpoint/checkpoint.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "corpus/pieces.h"
#include "corpus/token_text.h"
#include "corpus/vocabulary.h"
#include "device/candidate.h"

uint32_t ql_cli_random_seed(void)
{
    uint32_t seed;

    if (!ql_system_random(&seed, sizeof seed)) {
        seed = (uint32_t)time(NULL);
    }
    return seed;
}

enum ql_status ql_cli_choice_check(const struct ql_cli_choice *choice, int max_length, const char *option,
                                   struct ql_error *error)
{
    if (choice->min_length > 0 && choice->best == 1) {
        return ql_error_write(
            error, QL_ERROR_USAGE,
            "--min-length %d: chooses among the candidates of an item, and there is only one; add --best",
            choice->min_length);
    }
    if (choice->min_length > max_length) {
        return ql_error_write(error, QL_ERROR_USAGE, "--min-length %d: no item can be that long, because --%s is %d",
                              choice->min_length, option, max_length);
    }
    return QL_OK;
}

enum ql_status ql_cli_values_check(const double *values, size_t count, double low, double high, bool whole,
                                   const char *option, struct ql_error *error)
{
    for (size_t k = 0; k < count; k++) {
        if (!(values[k] >= low && values[k] <= high) || (whole && values[k] != (double)(int)values[k])) {
            return ql_error_write(error, QL_ERROR_USAGE, "--%s %g: must be %sfrom %g to %g",
                                  ql_option_spell(option).text, values[k], whole ? "a whole number " : "", low, high);
        }
        for (size_t before = 0; before < k; before++) {
            if ((float)values[before] == (float)values[k]) { // as the sampler takes them
                return ql_error_write(error, QL_ERROR_USAGE, "--%s: %g is in the list twice; give each value once",
                                      ql_option_spell(option).text, values[k]);
            }
        }
    }
    return QL_OK;
}

enum ql_status ql_cli_load_checkpoint(struct ql_model *model, struct ql_model_info *info, const char *init_from,
                                      struct ql_error *error)
{
    enum ql_status status;

    *model = (struct ql_model){0};
    if (init_from == NULL) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--init-from is missing: a checkpoint, such as checkpoints/RUN/checkpoint.1.safetensors");
    }
    if ((status = ql_checkpoint_load(init_from, model, info, error)) != QL_OK) {
        return status;
    }
    if (info->vocabulary.count == 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: has no vocabulary, so its tokens have no meaning; to give it one, train it on the "
                              "text with `quillet train --init-from`",
                              init_from);
    }
    return QL_OK;
}

enum ql_status ql_cli_text_write(struct ql_cli_text *text, uint32_t symbol, struct ql_error *error)
{
    if (text->capacity - text->size < 5) {
        size_t capacity = text->capacity == 0 ? 256 : 2 * text->capacity;
        char *bytes = realloc(text->bytes, capacity);
        if (bytes == NULL) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the text");
        }
        text->bytes = bytes;
        text->capacity = capacity;
    }
    text->size += ql_utf8_encode((unsigned char *)text->bytes + text->size, symbol);
    text->bytes[text->size] = '\0';
    return QL_OK;
}

enum ql_status ql_cli_text_write_token(struct ql_cli_text *text, const struct ql_vocabulary *vocabulary, int token,
                                       struct ql_error *error)
{
    int length;
    const uint32_t *symbols = ql_vocabulary_spell(vocabulary, token, &length);
    enum ql_status status = QL_OK;

    for (int i = 0; i < length && status == QL_OK; i++) {
        status = ql_cli_text_write(text, symbols[i], error);
    }
    return status;
}

json_t *ql_cli_path_to_json(const char *path)
{
    if (!ql_utf8_check(path)) {
        ql_cli_note("%s: is not UTF-8: the JSON has null in its place\n", path);
        return json_null();
    }
    return json_string(path);
}

enum ql_status ql_cli_writer_open(struct ql_cli_writer *writer, const struct ql_cli_sampling *sampling,
                                  struct ql_error *error)
{
    struct ql_model model = {0};
    enum ql_weight_format format;
    enum ql_status status = ql_cli_quantization_read(&format, &sampling->quantization, error);

    if (status == QL_OK) {
        status = ql_cli_load_checkpoint(&model, &writer->info, sampling->init_from, error);
    }
    if (status == QL_OK && format == QL_WEIGHTS_F32) {
        if ((status = ql_stepper_init(&writer->stepper, &model, &writer->info, error)) == QL_OK) {
            status = ql_text_session_open_stepper(&writer->session, &writer->stepper, error);
        }
    } else if (status == QL_OK) {
        status = ql_integer_form_open_model(&writer->integer, &model, &writer->info, format,
                                            sampling->quantization.calibrate, error);
        if (status == QL_OK) {
            status = ql_text_session_open_integer(&writer->session, &writer->integer.stepper, error);
        }
    }
    ql_model_free(&model);
    return status;
}

void ql_cli_writer_close(struct ql_cli_writer *writer)
{
    ql_text_session_close(&writer->session);
    ql_stepper_free(&writer->stepper);
    ql_integer_form_close(&writer->integer);
}

struct ql_draw ql_cli_draw(const struct ql_cli_sampling *sampling, double temperature)
{
    return (struct ql_draw){(float)temperature, (float)sampling->top_p, sampling->top_k, sampling->seed};
}

static enum ql_status let_go(struct ql_cli_output *output, struct ql_error *error)
{
    if (output->item.size == 0) {
        return QL_OK; // there may be no memory yet
    }
    if (output->stream != NULL && output->visible) {
        ql_cli_write_visible_text(output->stream, output->item.bytes, output->item.size);
    } else if (output->stream != NULL) {
        (void)fwrite(output->item.bytes, 1, output->item.size, output->stream);
    } else {
        for (size_t place = 0; place < output->item.size;) {
            uint32_t symbol;
            place +=
                ql_utf8_decode(&symbol, (const unsigned char *)output->item.bytes + place, output->item.size - place);
            const enum ql_status status = ql_cli_text_write(&output->text, symbol, error);
            if (status != QL_OK) {
                return status;
            }
        }
    }
    output->item.size = 0;
    return QL_OK;
}

enum ql_status ql_cli_output_write(struct ql_cli_output *output, const struct ql_vocabulary *vocabulary, int token,
                                   struct ql_error *error)
{
    const bool waits = output->guard->is_on && output->guard->file.items.block > 0;
    const enum ql_status status = ql_cli_text_write_token(&output->item, vocabulary, token, error);

    if (status != QL_OK) {
        return status;
    }
    if (!waits) {
        return let_go(output, error);
    }
    return vocabulary->symbols[token] == output->newline
               ? ql_cli_output_end(output, ql_guard_refuses(output->guard), error)
               : QL_OK;
}

enum ql_status ql_cli_output_end(struct ql_cli_output *output, bool refused, struct ql_error *error)
{
    if (refused) {
        output->item.size = 0;
    }
    return let_go(output, error);
}

void ql_cli_output_free(struct ql_cli_output *output)
{
    free(output->item.bytes);
    free(output->text.bytes);
}

static int find_token(const struct ql_vocabulary *vocabulary, uint32_t symbol)
{
    for (int token = 0; token < vocabulary->count - vocabulary->piece_count; token++) {
        if (vocabulary->symbols[token] == symbol) {
            return token;
        }
    }
    return -1;
}

enum ql_status ql_cli_read_prompt(struct ql_token_text *tokens, const struct ql_vocabulary *vocabulary,
                                  const char *prompt, struct ql_error *error)
{
    const size_t size = strlen(prompt);

    *tokens = (struct ql_token_text){.tokens = malloc((size + 1) * sizeof tokens->tokens[0])};
    if (tokens->tokens == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the prompt");
    }
    for (size_t place = 0; place < size;) {
        uint32_t symbol;
        const size_t length = ql_utf8_decode(&symbol, (const unsigned char *)prompt + place, size - place);
        const int token = length == 0 ? -1 : find_token(vocabulary, symbol);
        if (token < 0) {
            return ql_error_write(error, QL_ERROR_USAGE, "--prompt: '%.*s' is not in the model's vocabulary",
                                  length == 0 ? 1 : (int)length, prompt + place);
        }
        tokens->tokens[tokens->count++] = (uint16_t)token;
        place += length;
    }
    return ql_pieces_encode(tokens->tokens, &tokens->count, vocabulary, error);
}

// Whether an item goes on after a prompt of so many tokens.
static enum ql_status check_room(size_t tokens, int limit, struct ql_error *error)
{
    if (limit > 0 && tokens >= (size_t)limit) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--prompt: has %zu token%s, and an item of this model ends after %d, at the end of its "
                              "context, so nothing would be drawn",
                              tokens, ql_cli_plural((double)tokens), limit);
    }
    return QL_OK;
}

enum ql_status ql_cli_read_item_prompt(struct ql_token_text *tokens, const struct ql_vocabulary *vocabulary,
                                       const char *prompt, int limit, struct ql_error *error)
{
    if (strchr(prompt, '\n') != NULL) {
        *tokens = (struct ql_token_text){0};
        return ql_error_write(error, QL_ERROR_USAGE, "--prompt: contains a line end, which would end the item");
    }
    const enum ql_status status = ql_cli_read_prompt(tokens, vocabulary, prompt, error);
    return status == QL_OK ? check_room(tokens->count, limit, error) : status;
}

// Takes the prompt, and returns how many tokens it has. On entry `*token` is the token before it; on return, its last
// one, which has not been taken yet.
static enum ql_status take_prompt(struct ql_text_session *session, struct ql_guard *guard,
                                  const struct ql_vocabulary *vocabulary, const char *prompt, int *token, int *count,
                                  struct ql_error *error)
{
    struct ql_token_text tokens;
    enum ql_status status = ql_cli_read_prompt(&tokens, vocabulary, prompt, error);

    for (size_t i = 0; i < tokens.count && status == QL_OK; i++) {
        status = ql_text_session_step(session, *token, error);
        (void)ql_guard_step(guard, *token);
        *token = tokens.tokens[i];
    }
    *count = (int)tokens.count;
    ql_token_text_free(&tokens);
    return status;
}

static void write_prompt(const struct ql_cli_output *output, const char *prompt)
{
    if (output->stream != NULL && output->visible) {
        ql_cli_write_visible_text(output->stream, prompt, strlen(prompt));
    } else if (output->stream != NULL) {
        (void)fputs(prompt, output->stream);
    }
}

// Draws one candidate for an item of at most `length` characters, and a few more if it must not end there. The end of
// the context, which counts the prompt's tokens, is the end of the item.
static enum ql_status draw_candidate(struct ql_candidate *candidate, struct ql_cli_text *text,
                                     struct ql_text_session *session, struct ql_guard *guard,
                                     const struct ql_vocabulary *vocabulary, const struct ql_draw *draw,
                                     const char *prompt, int length, struct ql_error *error)
{
    const int limit = ql_text_rules_item_limit(&session->rules, ql_state_layout_context(&session->layout));
    int token = ql_text_session_begin(session, draw), count = 0;
    bool ended = false;

    *candidate = (struct ql_candidate){0};
    text->size = 0;
    ql_guard_reset(guard);
    enum ql_status status = take_prompt(session, guard, vocabulary, prompt, &token, &count, error);
    if (status == QL_OK) {
        status = check_room((size_t)count, limit, error);
    }
    while (status == QL_OK && !ended && (limit == 0 || count < limit) &&
           (candidate->characters < (uint32_t)length || !ql_guard_may_end(guard, token))) {
        const uint32_t *blocked = ql_guard_step(guard, token);
        if ((status = ql_text_session_next(session, &token, blocked, error)) != QL_OK) {
            break;
        }
        count++;
        ql_candidate_add(candidate, ql_text_session_cost(session, token),
                         (uint32_t)ql_vocabulary_length(vocabulary, token));
        ended = token == session->rules.newline;
        status = ended ? QL_OK : ql_cli_text_write_token(text, vocabulary, token, error);
    }
    const bool broken = status == QL_OK && !ended && !ql_guard_may_end(guard, token);
    if (status == QL_OK && !ended) {
        (void)ql_guard_step(guard, token);
    }
    candidate->rank = broken || ql_guard_refuses(guard) ? QL_CANDIDATE_REFUSED
                      : ended                           ? QL_CANDIDATE_INSIDE
                                                        : QL_CANDIDATE_OUTSIDE;
    return status;
}

// Draws all candidates, and writes the best one.
static enum ql_status draw_best(struct ql_cli_output *output, struct ql_text_session *session, struct ql_guard *guard,
                                const struct ql_vocabulary *vocabulary, const struct ql_draw *draw,
                                const struct ql_cli_choice *choice, const char *prompt, int length,
                                struct ql_error *error)
{
    struct ql_candidate best = {0}, candidate;
    struct ql_cli_text text = {0};
    enum ql_status status = QL_OK;

    for (int k = 0; k < choice->best && status == QL_OK; k++) {
        struct ql_draw own = *draw;
        own.seed = ql_candidate_seed(draw->seed, (uint32_t)k);
        status = draw_candidate(&candidate, &text, session, guard, vocabulary, &own, prompt, length, error);
        if (candidate.rank == QL_CANDIDATE_INSIDE && candidate.characters <= (uint32_t)choice->min_length) {
            candidate.rank = QL_CANDIDATE_OUTSIDE; // its characters include the newline
        }
        if (status == QL_OK && (k == 0 || ql_candidate_before(&candidate, &best))) {
            const struct ql_cli_text other = output->item;
            best = candidate;
            output->item = text;
            text = other;
        }
    }
    free(text.bytes);
    if (status != QL_OK) {
        return status;
    }
    write_prompt(output, prompt);
    return ql_cli_output_end(output, best.rank == QL_CANDIDATE_REFUSED, error);
}

enum ql_status ql_cli_text_draw(struct ql_cli_output *output, struct ql_text_session *session, struct ql_guard *guard,
                                const struct ql_vocabulary *vocabulary, const struct ql_draw *draw,
                                const struct ql_cli_choice *choice, const char *prompt, int length,
                                struct ql_error *error)
{
    if (choice->best > 1 && length > 0) {
        return draw_best(output, session, guard, vocabulary, draw, choice, prompt, length, error);
    }
    int token = ql_text_session_begin(session, draw), count;
    enum ql_status status = take_prompt(session, guard, vocabulary, prompt, &token, &count, error);

    if (status == QL_OK) {
        write_prompt(output, prompt);
    }
    for (int i = 0; (i < length || (i > 0 && !ql_guard_may_end(guard, token))) && status == QL_OK &&
                    (output->stream == NULL || ferror(output->stream) == 0);
         i += ql_vocabulary_length(vocabulary, token)) {
        const uint32_t *blocked = ql_guard_step(guard, token);
        status = ql_text_session_next(session, &token, blocked, error);
        if (status != QL_OK) {
            break;
        }
        status = ql_cli_output_write(output, vocabulary, token, error);
    }
    if (status == QL_OK && length > 0) {
        (void)ql_guard_step(guard, token);
        status = ql_cli_output_end(output, ql_guard_refuses(guard), error);
    }
    return status;
}
