// The texts of a training: see train_texts.h. Uses: base, corpus, cli/train_options, zlib (crc32).
#include "cli/train_texts.h"

#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

// Pipes and the like are empty when they are read a second time. What is missing is reported by the reader.
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

enum ql_status ql_train_texts_check(const struct ql_train_settings *settings, struct ql_error *error)
{
    if (settings->input == NULL) {
        return ql_error_write(error, QL_ERROR_USAGE, "--input is missing: the text to train on");
    }
    const enum ql_status status = check_path("input", settings->input, error);
    return status == QL_OK ? check_path("validation", settings->validation, error) : status;
}

enum ql_status ql_train_texts_scan(struct ql_vocabulary *vocabulary, const struct ql_train_settings *settings,
                                   struct ql_error *error)
{
    struct ql_vocabulary other;
    enum ql_status status = ql_token_text_scan(vocabulary, settings->input, error);

    if (status != QL_OK || settings->validation == NULL) {
        return status;
    }
    status = ql_token_text_scan(&other, settings->validation, error);
    return status == QL_OK ? ql_vocabulary_merge(vocabulary, &other, error) : status;
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
        status = ql_token_text_divide_end(&texts->training, &texts->validation, settings->validation_share, error);
    }
    if (status != QL_OK) {
        return settings->validation == NULL ? ql_error_prefix(error, "%s: ", settings->input) : status;
    }
    uLong crc = crc32_z(0, (const Bytef *)vocabulary->symbols, (size_t)vocabulary->count * sizeof(uint32_t));
    crc = crc32_z(crc, (const Bytef *)texts->training.tokens, texts->training.count * sizeof(uint16_t));
    texts->crc =
        (uint32_t)crc32_z(crc, (const Bytef *)texts->validation.tokens, texts->validation.count * sizeof(uint16_t));
    return QL_OK;
}

void ql_train_texts_free(struct ql_train_texts *texts)
{
    ql_token_text_free(&texts->training);
    ql_token_text_free(&texts->validation);
}
