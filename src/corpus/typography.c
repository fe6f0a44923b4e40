// Steps for the surface of a text: white_space, one_line, emphasis, quotation_marks, and length.
// Each is a single pass that copies into the scratch text.
// Uses: corpus/{clean_step,person_letters}.
#include <string.h>

#include "corpus/clean_step.h"
#include "corpus/person_letters.h"

enum ql_status ql_step_white_space(struct ql_step_context *context, struct ql_text *text, const char **reason,
                                   struct ql_error *error)
{
    struct ql_text *out = &context->scratch;
    bool pending = false; // a blank was seen and not yet written

    (void)reason;
    (void)error;
    ql_text_reset(out);
    for (size_t i = 0; i < text->length;) {
        const size_t start = i;
        const int32_t symbol = ql_symbol_read(text->bytes, text->length, &i);
        if (symbol == '\t' || ql_symbol_is_blank(symbol)) {
            pending = true;
            continue;
        }
        bool line_start = out->length == 0 || out->bytes[out->length - 1] == '\n';
        if (pending && symbol != '\n' && !line_start) {
            ql_text_write_byte(out, ' ');
        }
        pending = false;
        ql_text_write(out, text->bytes + start, i - start);
    }
    ql_text_swap(text, out);
    return QL_OK;
}

// A word that was broken at a hyphen ("meta-\nphor") keeps its hyphen, without a space: whether the hyphen belongs to
// the word cannot be known, and "well-known" is the more common case.
static bool is_broken_word(const struct ql_text *out, const struct ql_text *text, size_t next)
{
    if (out->length < 2 || out->bytes[out->length - 1] != '-') {
        return false;
    }
    const int32_t before = ql_symbol_before(out->bytes, out->length - 1);
    const int32_t after = ql_symbol_read(text->bytes, text->length, &next);
    return ql_symbol_is_word(before) && !ql_symbol_is_digit(before) && ql_symbol_is_letter(after);
}

enum ql_status ql_step_one_line(struct ql_step_context *context, struct ql_text *text, const char **reason,
                                struct ql_error *error)
{
    struct ql_text *out = &context->scratch;
    bool blank = true;

    (void)error;
    ql_text_reset(out);
    for (size_t i = 0; i < text->length;) {
        if (text->bytes[i] == '\0') { // JSON and HTML can spell one, and no reader of items takes it
            i++;
            continue;
        }
        if (text->bytes[i] != '\n' && text->bytes[i] != '\r') {
            blank = blank && (text->bytes[i] == ' ' || text->bytes[i] == '\t');
            ql_text_write_byte(out, text->bytes[i++]);
            continue;
        }
        while (i < text->length && (text->bytes[i] == '\n' || text->bytes[i] == '\r' || text->bytes[i] == '\0')) {
            i++;
        }
        if (out->length > 0 && i < text->length && !is_broken_word(out, text, i)) {
            ql_text_write_byte(out, ' ');
        }
    }
    if (blank) {
        *reason = "empty";
    }
    ql_text_swap(text, out);
    return QL_OK;
}

// A phrase that is longer than this is not emphasized; two marks so far apart are unrelated.
enum { EMPHASIS_SYMBOLS = 80 };

static bool word_begins(const struct ql_text *text, size_t index)
{
    return ql_symbol_is_word(ql_symbol_read(text->bytes, text->length, &index));
}

// The index of the mark that closes the emphasis opened at `open`, or 0. Between the two there is a word or a phrase.
static size_t emphasis_end(const struct ql_text *text, size_t open)
{
    size_t i = open + 1;

    if (ql_symbol_is_word(ql_symbol_before(text->bytes, open)) || !word_begins(text, i)) {
        return 0;
    }
    for (int symbols = 1; i < text->length && symbols <= EMPHASIS_SYMBOLS; symbols++) {
        if (text->bytes[i] == text->bytes[open] && !word_begins(text, i + 1) && text->bytes[i - 1] != ' ') {
            return i;
        }
        (void)ql_symbol_read(text->bytes, text->length, &i);
    }
    return 0;
}

enum ql_status ql_step_emphasis(struct ql_step_context *context, struct ql_text *text, const char **reason,
                                struct ql_error *error)
{
    struct ql_text *out = &context->scratch;
    size_t end = 0; // of the open emphasis, or 0

    (void)reason;
    (void)error;
    ql_text_reset(out);
    for (size_t i = 0; i < text->length; i++) {
        char byte = text->bytes[i];
        if (end == 0 && (byte == '*' || byte == '_')) {
            end = emphasis_end(text, i);
            if (end != 0) {
                continue;
            }
        } else if (end != 0 && i == end) {
            end = 0;
            continue;
        } else if (end != 0 && byte == '_' && text->bytes[end] == '_') {
            byte = ' ';
        }
        ql_text_write_byte(out, byte);
    }
    ql_text_swap(text, out);
    return QL_OK;
}

// The quotation marks that open and close in some language. `lone` pairs are also removed if only one of the two is
// present; the mark that closes a single quotation may also be an apostrophe.
static const struct mark_pair {
    const char *open, *close;
    bool lone;
} mark_pairs[] = {
    {"\"", "\"", true}, {"“", "”", true},   {"„", "“", true},   {"„", "”", true},   {"”", "”", true},
    {"«", "»", true},   {"»", "«", true},   {"‘", "’", false},  {"‚", "‘", false},  {"‚", "’", false},
    {"’", "’", false},  {"‹", "›", true},   {"›", "‹", true},   {"「", "」", true}, {"『", "』", true},
    {"《", "》", true}, {"〈", "〉", true}, {"〝", "〟", true}, {"»", "»", true},   {"‟", "”", true},
    {"“", "“", true},
};

static bool mark_stands(const struct ql_text *text, size_t place, const char *mark)
{
    const size_t size = strlen(mark);

    return place + size <= text->length && memcmp(text->bytes + place, mark, size) == 0;
}

// Return true if the mark at `place` is an apostrophe: a single quotation mark followed by a letter.
static bool is_apostrophe(const struct ql_text *text, size_t place, const struct mark_pair *pair)
{
    size_t behind = place + strlen(pair->close);

    return !pair->lone && place > 0 && ql_symbol_is_word(ql_symbol_read(text->bytes, text->length, &behind));
}

static size_t marks_in(const struct ql_text *text, const char *mark, const struct mark_pair *pair)
{
    size_t count = 0;

    for (size_t i = 0; i < text->length; i++) {
        count += mark_stands(text, i, mark) && !is_apostrophe(text, i, pair);
    }
    return count;
}

// Removes `first` bytes at the start and `last` at the end of the text, and the blanks next to them.
static void ends_cut(struct ql_text *text, size_t first, size_t last)
{
    size_t start = first, end = text->length - last;

    while (end > start && ql_symbol_is_blank(ql_symbol_before(text->bytes, end))) {
        while (((unsigned char)text->bytes[--end] & 0xC0) == 0x80) {
        }
    }
    for (size_t next = start; start < end && ql_symbol_is_blank(ql_symbol_read(text->bytes, end, &next));
         start = next) {
    }
    text->length = end - start;
    memmove(text->bytes, text->bytes + start, text->length);
    text->bytes[text->length] = '\0';
}

// Return true when the text has a mark that another language pairs with one of this pair.
static bool has_partner(const struct ql_text *text, const struct mark_pair *pair)
{
    for (size_t i = 0; i < sizeof mark_pairs / sizeof mark_pairs[0]; i++) {
        const struct mark_pair *other = &mark_pairs[i];
        const bool shares = strcmp(other->open, pair->open) == 0 || strcmp(other->close, pair->close) == 0 ||
                            strcmp(other->open, pair->close) == 0 || strcmp(other->close, pair->open) == 0;
        if (shares && other != pair &&
            marks_in(text, other->open, other) +
                    (strcmp(other->open, other->close) == 0 ? 0 : marks_in(text, other->close, other)) >
                1) {
            return true;
        }
    }
    return false;
}

// Takes the text out of a pair of quotation marks around it. If the text has neither mark anywhere else, an unclosed
// opening mark is removed from its start, and an unopened closing mark from its end.
static void quotation_marks_outer(struct ql_text *text)
{
    for (size_t i = 0; i < sizeof mark_pairs / sizeof mark_pairs[0]; i++) {
        const struct mark_pair *pair = &mark_pairs[i];
        const size_t open_size = strlen(pair->open), close_size = strlen(pair->close);
        const bool same = strcmp(pair->open, pair->close) == 0;
        const bool first = mark_stands(text, 0, pair->open);
        const bool last =
            text->length >= open_size + close_size && mark_stands(text, text->length - close_size, pair->close);

        if (!first && !last) {
            continue;
        }
        const size_t marks = marks_in(text, pair->open, pair) + (same ? 0 : marks_in(text, pair->close, pair));

        if (first && last && marks == 2) {
            ends_cut(text, open_size, close_size);
            return;
        }
        if (marks == 1 && pair->lone && (first || last) && !has_partner(text, pair)) {
            ends_cut(text, first ? open_size : 0, last ? close_size : 0);
            return;
        }
    }
}

enum ql_status ql_step_quotation_marks(struct ql_step_context *context, struct ql_text *text, const char **reason,
                                       struct ql_error *error)
{
    struct ql_text *out = &context->scratch;

    (void)error;
    ql_text_reset(out);
    for (size_t i = 0; i < text->length; i++) {
        char byte = text->bytes[i];
        if ((byte == '`' || byte == '\'') && i + 1 < text->length && text->bytes[i + 1] == byte) {
            ql_text_write_byte(out, '"');
            i++;
        } else {
            ql_text_write_byte(out, byte == '`' ? '\'' : byte);
        }
    }
    ql_text_swap(text, out);
    quotation_marks_outer(text);
    if (text->length == 0 || strspn(text->bytes, " ") == text->length) {
        *reason = "empty";
    }
    return QL_OK;
}

enum ql_status ql_step_length(struct ql_step_context *context, struct ql_text *text, const char **reason,
                              struct ql_error *error)
{
    const struct ql_prepare_options *options = context->options;
    bool name = context->stream == QL_STREAM_NAMES;
    int minimum = name ? options->name_min_length : options->min_length;
    int maximum = name ? options->name_max_length : options->max_length;
    size_t length = ql_symbol_count_in(text->bytes, text->length);
    size_t letters = length; // for the minimum length of names, which is meant for alphabets

    (void)error;
    for (size_t i = 0; name && i < text->length;) {
        letters += ql_person_letter_is_syllable(ql_symbol_read(text->bytes, text->length, &i));
    }
    if (letters < (size_t)minimum) {
        *reason = "too_short";
    } else if (maximum > 0 && length > (size_t)maximum) {
        *reason = "too_long";
    }
    return QL_OK;
}
