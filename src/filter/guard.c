// A filter and a lexicon in use: see guard.h.
// Uses: corpus/text_buffer, device/{filter,lexicon}.h, filter/{filter_file,lexicon_check,lexicon_file}.
#include "filter/guard.h"

#include <stdio.h>
#include <string.h>

#include "corpus/text_buffer.h"
#include "filter/lexicon_check.h"

enum ql_status ql_guard_init(struct ql_guard *guard, const char *path, const struct ql_vocabulary *vocabulary,
                             struct ql_error *error)
{
    enum ql_status status;

    guard->is_on = false;
    guard->has_lexicon = false;
    if (path == NULL) {
        return QL_OK;
    }
    *guard = (struct ql_guard){.is_on = true};
    if ((status = ql_filter_file_load(&guard->file, path, error)) != QL_OK ||
        (status = ql_filter_binding_init_vocabulary(&guard->binding, &guard->file, vocabulary, error)) != QL_OK) {
        ql_guard_free(guard);
        return status;
    }
    if (ql_filter_binding_check(&guard->binding, &guard->file, error) != QL_OK) {
        ql_guard_free(guard);
        return ql_error_prefix(error, "%s: ", path);
    }
    ql_guard_reset(guard);
    return QL_OK;
}

static void free_lexicon(struct ql_guard *guard)
{
    if (guard->has_lexicon) {
        ql_lexicon_binding_free(&guard->lexicon);
        ql_lexicon_file_free(&guard->lexicon_file);
    }
    guard->has_lexicon = false;
}

void ql_guard_free(struct ql_guard *guard)
{
    if (guard->is_on) {
        ql_filter_binding_free(&guard->binding);
        ql_filter_file_free(&guard->file);
    }
    guard->is_on = false;
    free_lexicon(guard);
}

// Finds the first word whose end the filter would block.
struct conflict {
    const struct ql_lexicon_file *file;
    struct ql_text text;
    int count;
};

static void note_conflict(void *context, const uint8_t *labels, int length, bool ends)
{
    struct conflict *conflict = context;

    for (int k = 0; k < length && conflict->count == 0; k++) {
        if (labels[k] != QL_LEXICON_CAPITAL) {
            ql_text_write_symbol(&conflict->text, (int32_t)conflict->file->letters[labels[k]]);
        }
    }
    if (!ends && conflict->count == 0) {
        ql_text_write(&conflict->text, "...", 3);
    }
    conflict->count++;
}

static enum ql_status check_together(const struct ql_guard *guard, struct ql_error *error)
{
    struct conflict conflict = {.file = &guard->lexicon_file};
    char more[40] = "";
    enum ql_status status =
        ql_lexicon_check(&guard->lexicon.lexicon, &guard->binding.filter, note_conflict, &conflict, error);

    if (conflict.count > 1) {
        (void)snprintf(more, sizeof more, " (and in %d more case%s)", conflict.count - 1,
                       conflict.count == 2 ? "" : "s");
    }
    if (status == QL_OK && conflict.count > 0) {
        status = ql_error_write(error, QL_ERROR_INPUT,
                                "with this filter, a text could not go on after the word '%s'%s; compile the lexicon "
                                "again with this filter as --filter",
                                conflict.text.bytes == NULL ? "" : conflict.text.bytes, more);
    }
    ql_text_free(&conflict.text);
    return status;
}

enum ql_status ql_guard_load_lexicon(struct ql_guard *guard, const char *path, const struct ql_vocabulary *vocabulary,
                                     struct ql_error *error)
{
    enum ql_status status;

    if (path == NULL) {
        return QL_OK;
    }
    if ((status = ql_lexicon_file_load(&guard->lexicon_file, path, error)) != QL_OK) {
        return status;
    }
    if ((status = ql_lexicon_binding_init_vocabulary(&guard->lexicon, &guard->lexicon_file, vocabulary, error)) !=
        QL_OK) {
        ql_lexicon_file_free(&guard->lexicon_file);
        return ql_error_prefix(error, "%s: ", path);
    }
    guard->has_lexicon = true;
    ql_guard_reset(guard);
    if (guard->is_on && (status = check_together(guard, error)) != QL_OK) {
        free_lexicon(guard);
        return status == QL_ERROR_INPUT ? ql_error_prefix(error, "%s: ", path) : status;
    }
    return QL_OK;
}

void ql_guard_reset(struct ql_guard *guard)
{
    ql_filter_init(&guard->state);
    ql_lexicon_init(&guard->words);
}

const uint32_t *ql_guard_step(struct ql_guard *guard, int token)
{
    const struct ql_filter *filter = guard->is_on ? &guard->binding.filter : NULL;
    const struct ql_lexicon *lexicon = guard->has_lexicon ? &guard->lexicon.lexicon : NULL;

    if (filter != NULL) {
        ql_filter_step(&guard->state, filter, token);
    }
    if (lexicon != NULL) {
        (void)ql_lexicon_take(&guard->words, lexicon, token);
    }
    return ql_guard_block(guard->blocked, filter, &guard->state, lexicon, &guard->words) ? guard->blocked : NULL;
}

bool ql_guard_block(uint32_t *blocked, const struct ql_filter *filter, const struct ql_filter_state *filter_state,
                    const struct ql_lexicon *lexicon, const struct ql_lexicon_state *lexicon_state)
{
    if (lexicon == NULL) {
        return filter != NULL && ql_filter_block(blocked, filter_state, filter);
    }
    ql_lexicon_block(blocked, lexicon_state, lexicon);
    if (filter != NULL) {
        uint32_t listed[QL_VOCABULARY_LIMIT / 32] = {0};
        if (ql_filter_block(listed, filter_state, filter)) {
            for (int k = 0; k < (filter->V + 31) / 32; k++) {
                blocked[k] |= listed[k];
            }
        }
        ql_filter_block_signs(blocked, filter_state, filter);
    }
    return true;
}

bool ql_guard_may_end(const struct ql_guard *guard, int token)
{
    return (!guard->is_on || ql_filter_may_end(&guard->state, &guard->binding.filter, token)) &&
           (!guard->has_lexicon || ql_lexicon_may_end(&guard->words, &guard->lexicon.lexicon, token));
}

bool ql_guard_refuses(const struct ql_guard *guard)
{
    return guard->is_on && ql_filter_refuses(&guard->state, &guard->binding.filter);
}
