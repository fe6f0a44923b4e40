// A list of words and phrases: see word_list.h; and the step `word_list`.
// Entries with the same first byte are chained; at each place where a word may start, one chain is compared.
// Uses: base/{bytes,text_file}, corpus/clean_step, utf8proc.
#include "corpus/word_list.h"

#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "base/bytes.h"
#include "base/text_file.h"

// The sign that a typographic apostrophe or hyphen stands for; keyboards have no other.
static int32_t plain_sign(int32_t symbol)
{
    switch (symbol) {
    case 0x2018:
    case 0x2019:
    case 0x201B:
        return '\'';
    case 0x2010:
    case 0x2011:
        return '-';
    default:
        return symbol;
    }
}

// Brings what `out` holds from `start` on to Unicode's composed form.
static void compose_end(struct ql_text *out, size_t start)
{
    utf8proc_uint8_t *normal = NULL;

    if (out->failed) {
        return;
    }
    const utf8proc_ssize_t length =
        utf8proc_map((const utf8proc_uint8_t *)out->bytes + start, (utf8proc_ssize_t)(out->length - start), &normal,
                     UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (length >= 0) {
        out->length = start;
        ql_text_write(out, (const char *)normal, (size_t)length);
    } else {
        out->failed = true;
    }
    free(normal);
}

// Appends `bytes` without case, with composed letters and plain signs. A sharp s becomes "ss", as it does in capitals.
// False when they are not UTF-8.
static bool fold_write(struct ql_text *out, const char *bytes, size_t length)
{
    const size_t start = out->length;
    bool valid = true;
    bool ascii = true;

    for (size_t i = 0; i < length;) {
        int32_t symbol = ql_symbol_read(bytes, length, &i);
        valid = valid && symbol != 0xFFFD;
        ascii = ascii && symbol < 0x80;
        symbol = ql_symbol_fold(plain_sign(symbol));
        ql_text_write(out, "ss", symbol == QL_SYMBOL_SHARP_S ? 2 : 0);
        if (symbol != QL_SYMBOL_SHARP_S) {
            ql_text_write_symbol(out, symbol);
        }
    }
    if (!ascii) {
        compose_end(out, start);
    }
    return valid;
}

static enum ql_status list_add(struct ql_word_list *list, const char *bytes, size_t length, struct ql_error *error)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 256 : list->capacity * 2;
        struct ql_word_entry *larger = realloc(list->entries, capacity * sizeof *larger);
        if (larger == NULL) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the word list");
        }
        list->entries = larger;
        list->capacity = capacity;
    }
    size_t offset = list->folded.length;
    if (!fold_write(&list->folded, bytes, length)) {
        return ql_error_write(error, QL_ERROR_INPUT, "the entry is not UTF-8; convert the list with iconv");
    }
    enum ql_status status = ql_text_check(&list->folded, error);
    if (status == QL_OK) {
        size_t *first = &list->first[(unsigned char)list->folded.bytes[offset]];
        list->entries[list->count++] =
            (struct ql_word_entry){.offset = offset, .length = list->folded.length - offset, .next = *first};
        *first = list->count;
    }
    return status;
}

enum ql_status ql_word_list_load(struct ql_word_list *list, const char *path, struct ql_error *error)
{
    struct ql_file_view view;
    struct ql_reader reader;
    struct ql_raw_item line;
    bool found = true;
    enum ql_status status = ql_text_file_open(&view, path, error);

    if (status != QL_OK) {
        return status;
    }
    ql_reader_open(&reader, path, (const char *)view.data, view.size_bytes, QL_FORMAT_LINES);
    while (status == QL_OK) {
        status = ql_reader_read(&reader, &line, &found, error);
        if (status != QL_OK || !found) {
            break;
        }
        while (line.length > 0 && strchr(" \t", line.bytes[line.length - 1]) != NULL) {
            line.length--;
        }
        if (line.length > 0 && line.bytes[0] != '#') {
            ql_text_write(&list->written, line.bytes, line.length);
            ql_text_write_byte(&list->written, '\n');
            status = list_add(list, line.bytes, line.length, error);
            if (status == QL_ERROR_INPUT) {
                (void)ql_error_prefix(error, "%s:%zu: ", path, line.line);
            }
        }
    }
    ql_file_close(&view);
    return status == QL_OK ? ql_text_check(&list->written, error) : status;
}

enum ql_status ql_word_list_add_forms(struct ql_word_list *list, struct ql_step_context *context,
                                      ql_step_edit *const *steps, size_t step_count, struct ql_error *error)
{
    struct ql_bytes_line line = {0};
    struct ql_text form = {0}, before = {0};
    enum ql_status status = QL_OK;

    while (status == QL_OK && ql_bytes_line_step(&line, list->written.bytes, list->written.length)) {
        ql_text_load(&form, line.bytes, line.length);
        for (size_t k = 0; k < step_count && status == QL_OK; k++) {
            const char *reason = NULL;
            ql_text_load(&before, form.bytes, form.length);
            if ((status = steps[k](context, &form, &reason, error)) == QL_OK && reason != NULL) {
                ql_text_swap(&form, &before); // a word that is no full name, for example, stays what it is
            }
            status = status == QL_OK ? ql_text_check(&form, error) : status;
            status = status == QL_OK ? ql_text_check(&before, error) : status;
        }
        if (status == QL_OK && form.length > 0 &&
            (form.length != line.length || memcmp(form.bytes, line.bytes, line.length) != 0)) {
            status = list_add(list, form.bytes, form.length, error);
        }
    }
    ql_text_free(&form);
    ql_text_free(&before);
    return status == QL_OK ? ql_text_check(&context->scratch, error) : status;
}

void ql_word_list_free(struct ql_word_list *list)
{
    ql_text_free(&list->folded);
    ql_text_free(&list->written);
    free(list->entries);
    *list = (struct ql_word_list){0};
}

// True when the symbols on both sides of `index`, a boundary between symbols, belong to one word.
static bool is_inside_word(const struct ql_text *text, size_t index)
{
    size_t next = index;

    return ql_symbol_is_word(ql_symbol_before(text->bytes, index)) &&
           ql_symbol_is_word(ql_symbol_read(text->bytes, text->length, &next));
}

bool ql_word_list_check(const struct ql_word_list *list, const struct ql_text *text, struct ql_text *folded)
{
    ql_text_reset(folded);
    (void)fold_write(folded, text->bytes, text->length);
    for (size_t i = 0; i < folded->length; i++) {
        size_t next = list->first[(unsigned char)folded->bytes[i]];
        if (next == 0 || is_inside_word(folded, i)) {
            continue;
        }
        for (; next != 0; next = list->entries[next - 1].next) {
            const struct ql_word_entry *entry = &list->entries[next - 1];
            if (entry->length <= folded->length - i &&
                memcmp(list->folded.bytes + entry->offset, folded->bytes + i, entry->length) == 0 &&
                !is_inside_word(folded, i + entry->length)) {
                return true;
            }
        }
    }
    return false;
}

enum ql_status ql_step_word_list(struct ql_step_context *context, struct ql_text *text, const char **reason,
                                 struct ql_error *error)
{
    (void)error;
    if (context->words->count > 0 && ql_word_list_check(context->words, text, &context->scratch)) {
        *reason = "listed_word";
    } else if (context->stream == QL_STREAM_NAMES && context->names->count > 0 &&
               ql_word_list_check(context->names, text, &context->scratch)) {
        *reason = "listed_name";
    }
    return QL_OK;
}
