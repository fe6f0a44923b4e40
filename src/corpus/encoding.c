// The step `decode`: everything after it may rely on valid UTF-8.
// UTF-8 is checked, never guessed; another encoding was converted when the input was opened (base/text_file).
// Uses: corpus/clean_step, utf8proc.
#include <string.h>

#include <utf8proc.h>

#include "corpus/clean_step.h"

static const int32_t replacement_symbol = 0xFFFD;

// FILE:LINE:BYTE of the byte at `offset` of the item; both counted from 1.
static enum ql_status bad_byte(const struct ql_step_context *context, const struct ql_text *text, size_t offset,
                               struct ql_error *error)
{
    size_t line = context->line;
    size_t line_start = 0;

    for (size_t i = 0; i < offset; i++) {
        if (text->bytes[i] == '\n') {
            line++;
            line_start = i + 1;
        }
    }
    return ql_error_write(
        error, QL_ERROR_INPUT,
        "%s:%zu:%zu: byte 0x%02X is not UTF-8; name the encoding, such as --encoding windows-1252, or "
        "put a mark in place of such bytes with --replace",
        context->path, line, offset - line_start + 1, (unsigned char)text->bytes[offset]);
}

enum ql_status ql_step_decode(struct ql_step_context *context, struct ql_text *text, const char **reason,
                              struct ql_error *error)
{
    struct ql_text *out = &context->scratch;
    bool replaced = false;
    size_t copied = 0; // text before this offset is in `out`, once something was replaced
    size_t i = 0;

    (void)reason;
    ql_text_reset(out);
    while (i < text->length) {
        if ((unsigned char)text->bytes[i] < 0x80) {
            i++;
            continue;
        }
        utf8proc_int32_t symbol;
        utf8proc_ssize_t used =
            utf8proc_iterate((const utf8proc_uint8_t *)text->bytes + i, (utf8proc_ssize_t)(text->length - i), &symbol);
        if (used > 0) {
            i += (size_t)used;
            continue;
        }
        if (!context->options->replace) {
            return bad_byte(context, text, i, error);
        }
        ql_text_write(out, text->bytes + copied, i - copied);
        ql_text_write_symbol(out, replacement_symbol);
        copied = ++i;
        replaced = true;
    }
    if (replaced) {
        ql_text_write(out, text->bytes + copied, text->length - copied);
        ql_text_swap(text, out);
    }
    return QL_OK;
}
