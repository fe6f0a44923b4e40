// The texts of a training: see train_texts.h. Uses: base, corpus, cli/train_options, zlib (crc32).
#include "cli/train_texts.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "corpus/piece_learner.h"
#include "corpus/pieces.h"

// Pipes and the like are empty when they are read a second time. Missing files are reported by the reader.
static enum ql_status check_path(const char *option_name, const char *path, struct ql_error *error)
{
    struct stat info;

    if (path != NULL &&
        (strcmp(path, "-") == 0 || (stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)))) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--%s %s: texts must be files, because a resumed run reads them again", option_name,
                              path);
    }
    return QL_OK;
}

// A run's folder would have said which text it is.
static enum ql_status report_no_input(const struct ql_train_settings *settings, struct ql_error *error)
{
    struct stat info;

    if (settings->init_from != NULL && stat(settings->init_from, &info) != 0) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: cannot open: %s", settings->init_from, strerror(errno));
    }
    return ql_error_write(error, QL_ERROR_USAGE, "--input is missing: the text to train on%s",
                          settings->init_from == NULL ? "" : "; to go on with a run, give its folder as --init-from");
}

enum ql_status ql_train_texts_check(const struct ql_train_settings *settings, struct ql_error *error)
{
    if (settings->input == NULL) {
        return report_no_input(settings, error);
    }
    const enum ql_status status = check_path("input", settings->input, error);
    return status == QL_OK ? check_path("validation", settings->validation, error) : status;
}

static enum ql_status learn_pieces(struct ql_vocabulary *vocabulary, const struct ql_train_settings *settings,
                                   struct ql_error *error)
{
    struct ql_train_texts texts = {0};
    enum ql_status status =
        ql_train_texts_load(&texts, settings, vocabulary, strcmp(settings->sequences, "items") == 0, error);

    if (status == QL_OK) {
        status = ql_pieces_learn(vocabulary, &texts.training, settings->pieces, error);
    }
    ql_train_texts_free(&texts);
    return status;
}

enum ql_status ql_train_texts_scan(struct ql_vocabulary *vocabulary, const struct ql_train_settings *settings,
                                   struct ql_error *error)
{
    struct ql_vocabulary other;
    enum ql_status status = ql_token_text_scan(vocabulary, settings->input, error);

    if (status == QL_OK && settings->validation != NULL) {
        status = ql_token_text_scan(&other, settings->validation, error);
        status = status == QL_OK ? ql_vocabulary_merge(vocabulary, &other, error) : status;
    }
    return status == QL_OK && settings->pieces > 0 ? learn_pieces(vocabulary, settings, error) : status;
}

// Encodes a text of symbols. Sets `share` to the tokens per character, counting only what is predicted: in items all
// but empty lines, in a stream all but the first.
static enum ql_status encode(struct ql_token_text *text, size_t *characters, double *share,
                             const struct ql_vocabulary *vocabulary, bool items, struct ql_error *error)
{
    const uint16_t newline = text->tokens[text->count - 1];
    size_t left_out = 0;

    *characters = text->count;
    const enum ql_status status = ql_pieces_encode(text->tokens, &text->count, vocabulary, error);
    if (status != QL_OK) {
        return status;
    }
    for (size_t i = 0; i < text->count && items; i++) {
        if (i % QL_TOKEN_TEXT_REST_TOKENS == 0) {
            ql_token_text_rest(text);
        }
        left_out += text->tokens[i] == newline && (i == 0 || text->tokens[i - 1] == newline);
    }
    const size_t first = items ? left_out : (size_t)ql_vocabulary_length(vocabulary, text->tokens[0]);
    const size_t predicted = text->count - (items ? left_out : 1);
    *share = *characters > first ? (double)predicted / (double)(*characters - first) : 1.0;
    return QL_OK;
}

// Continues a checksum with the tokens of a text.
static uLong text_crc(uLong crc, const struct ql_token_text *text)
{
    for (size_t done = 0; done < text->count; done += QL_TOKEN_TEXT_REST_TOKENS) {
        const size_t left = text->count - done;
        const size_t part = left < QL_TOKEN_TEXT_REST_TOKENS ? left : QL_TOKEN_TEXT_REST_TOKENS;
        crc = crc32_z(crc, (const Bytef *)(text->tokens + done), part * sizeof text->tokens[0]);
        ql_token_text_rest(text);
    }
    return crc;
}

enum ql_status ql_train_texts_load(struct ql_train_texts *texts, const struct ql_train_settings *settings,
                                   const struct ql_vocabulary *vocabulary, bool items, struct ql_error *error)
{
    enum ql_status status = ql_token_text_load(&texts->training, vocabulary, settings->input, error);

    if (status != QL_OK) {
        return status;
    }
    if (settings->validation != NULL) {
        status = ql_token_text_load(&texts->validation, vocabulary, settings->validation, error);
    } else if (items) {
        status = ql_token_text_divide_lines(&texts->training, &texts->validation, settings->validation_share,
                                            vocabulary, error);
    } else {
        status = ql_token_text_divide_end(&texts->training, &texts->validation, settings->validation_share, vocabulary,
                                          error);
    }
    if (status != QL_OK) {
        return settings->validation == NULL ? ql_error_prefix(error, "%s: ", settings->input) : status;
    }
    if ((status = encode(&texts->training, &texts->training_characters, &texts->training_share, vocabulary, items,
                         error)) != QL_OK ||
        (status = encode(&texts->validation, &texts->validation_characters, &texts->validation_share, vocabulary, items,
                         error)) != QL_OK) {
        return status;
    }
    uLong crc = crc32_z(0, (const Bytef *)vocabulary->symbols, (size_t)vocabulary->count * sizeof(uint32_t));
    crc = text_crc(crc, &texts->training);
    ql_token_text_rest(&texts->training); // its mapping may contain the validation's tokens
    texts->crc = (uint32_t)text_crc(crc, &texts->validation);
    ql_token_text_rest(&texts->training);
    return QL_OK;
}

void ql_train_texts_free(struct ql_train_texts *texts)
{
    ql_token_text_free(&texts->validation); // first: its tokens may be in the mapping of the other
    ql_token_text_free(&texts->training);
}
