// The step `decode`: everything behind it may rely on valid UTF-8.
// UTF-8 is checked, never guessed; another encoding goes through iconv when it was asked for.
// Uses: corpus/clean_step, utf8proc, iconv.
#include <errno.h>
#include <iconv.h>
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
    const char *advice = context->iconv != NULL
                             ? "is no text in this encoding; try another --encoding, or --replace"
                             : "is no UTF-8; tell the encoding with --encoding latin1 or windows-1252, or put a mark "
                               "in place of such bytes with --replace";

    for (size_t i = 0; i < offset; i++) {
        if (text->bytes[i] == '\n') {
            line++;
            line_start = i + 1;
        }
    }
    return ql_error_write(error, QL_ERROR_INPUT, "%s:%zu:%zu: byte 0x%02X %s", context->path, line,
                          offset - line_start + 1, (unsigned char)text->bytes[offset], advice);
}

static enum ql_status decode_utf8(struct ql_step_context *context, struct ql_text *text, struct ql_error *error)
{
    struct ql_text *out = &context->scratch;
    bool replaced = false;
    size_t copied = 0; // text before this offset is in `out`, once something was replaced
    size_t i = 0;

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

static enum ql_status decode_other(struct ql_step_context *context, struct ql_text *text, struct ql_error *error)
{
    char *in = text->bytes;
    size_t in_left = text->length;

    ql_text_reset(&context->scratch);
    while (in_left > 0) {
        char block[4096];
        char *out = block;
        size_t out_left = sizeof block;
        size_t result = iconv((iconv_t)context->iconv, &in, &in_left, &out, &out_left);
        int reason = errno;
        ql_text_write(&context->scratch, block, sizeof block - out_left);
        if (result != (size_t)-1 || reason == E2BIG) {
            continue;
        }
        if (!context->options->replace) {
            return bad_byte(context, text, (size_t)(in - text->bytes), error);
        }
        ql_text_write_symbol(&context->scratch, replacement_symbol);
        in++;
        in_left--;
    }
    ql_text_swap(text, &context->scratch);
    return QL_OK;
}

enum ql_status ql_step_decode(struct ql_step_context *context, struct ql_text *text, const char **reason,
                              struct ql_error *error)
{
    (void)reason;
    return context->iconv == NULL ? decode_utf8(context, text, error) : decode_other(context, text, error);
}
