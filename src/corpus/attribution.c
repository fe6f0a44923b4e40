// The step `attribution`: removes "-- Author, rest" from the end of a fortune and passes it to the second stream. What
// is cut from the attribution, and whether it names a person at all, is decided by the step `person`.
// Uses: corpus/{clean_step,person_letters}.
#include <string.h>

#include "corpus/clean_step.h"
#include "corpus/person_letters.h"

// An attribution with more lines than this is a text that happens to contain a dash.
enum { ATTRIBUTION_LINE_LIMIT = 5, INLINE_ATTRIBUTION_BYTES = 60 };

// "(By Author)" on the last line is an attribution, too.
static const char by_mark[] = "(By ";

// Columns of white space at the start of a line; a tab goes to the next multiple of 8.
static size_t line_indent(const char *line, size_t length, size_t *blanks)
{
    size_t column = 0;
    size_t i = 0;

    for (; i < length && (line[i] == ' ' || line[i] == '\t'); i++) {
        column = line[i] == '\t' ? (column / 8 + 1) * 8 : column + 1;
    }
    *blanks = i;
    return column;
}

// Length of the dash at the start of `text`: hyphens, or a typographic dash, which Chinese and Japanese double. 0 when
// there is none.
static size_t dash_length(const char *text, size_t length)
{
    size_t hyphens = 0;

    while (hyphens < length && text[hyphens] == '-') {
        hyphens++;
    }
    if (hyphens > 0) {
        return hyphens <= 3 ? hyphens : 0;
    }
    size_t next = 0;
    int32_t symbol = ql_symbol_read(text, length, &next);
    if (symbol < 0x2012 || symbol > 0x2015) {
        return 0;
    }
    size_t behind = next;
    return ql_symbol_read(text, length, &behind) == symbol ? behind : next;
}

// True when the text before `end` ends like a sentence in any language.
static bool sentence_ends(const struct ql_text *text, size_t end)
{
    static const int32_t marks[] = {'.',    '!',    '?',    '"',    '\'',   ')',    0xBB,   0xAB,
                                    0x201C, 0x201D, 0x2018, 0x2019, 0x203A, 0x2039, 0x2026, 0x37E,
                                    0x589,  0x61F,  0x6D4,  0x964,  0x965,  0x104B, 0x1362, 0x17D4,
                                    0x3002, 0xFF0E, 0xFF01, 0xFF1F, 0x300D, 0x300F, 0xFF09};

    while (end > 0 && strchr(" \t\n", text->bytes[end - 1]) != NULL) {
        end--;
    }
    const int32_t last = ql_symbol_before(text->bytes, end);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (last == marks[i]) {
            return true;
        }
    }
    return false;
}

// Where the name starts in a line that looks like an attribution, or 0. Two hyphens (or a typographic dash) and an
// indent are certain. Anything less counts only if a sentence or a quotation has ended and a capital letter follows.
static size_t attribution_start(const struct ql_text *text, size_t line_start, size_t length)
{
    const char *line = text->bytes + line_start;
    bool last_line = line_start + length + 1 >= text->length;
    size_t blanks;
    size_t indent = line_indent(line, length, &blanks);
    size_t dash = dash_length(line + blanks, length - blanks);
    size_t start = blanks + dash;

    if (last_line && length > strlen(by_mark) + 1 && memcmp(line, by_mark, strlen(by_mark)) == 0 &&
        text->bytes[text->length - 1] == ')') {
        return strlen(by_mark);
    }
    while (start < length && (line[start] == ' ' || line[start] == '\t')) {
        start++;
    }
    if (dash == 0 || start == length) {
        return 0;
    }
    bool single = dash == 1;
    if (indent >= 2 && !single) {
        return start;
    }
    return ql_person_word_is_large(line + start) && sentence_ends(text, line_start) ? start : 0;
}

// Length of " -- ", or of a long dash between spaces, single or doubled, at the start of `text` with more text after it;
// otherwise 0.
static size_t inline_dash_length(const char *text, size_t length)
{
    static const char *const dashes[] = {" -- ", " — ", " ― ", " —— ", " ―― "};

    for (size_t i = 0; i < sizeof dashes / sizeof dashes[0]; i++) {
        const size_t size = strlen(dashes[i]);
        if (length > size && memcmp(text, dashes[i], size) == 0) {
            return size;
        }
    }
    return 0;
}

// Where " -- Author" begins after the last sentence of the text, or 0; `*author` is where the name does. The name is
// short and starts with a capital.
static size_t inline_attribution(const struct ql_text *text, size_t *author)
{
    size_t end = text->length;

    for (size_t i = end; i-- > 1 && text->bytes[i] != '\n' && end - i <= INLINE_ATTRIBUTION_BYTES;) {
        const size_t dash = inline_dash_length(text->bytes + i, end - i);
        if (dash > 0 && ql_person_word_is_large(text->bytes + i + dash) && sentence_ends(text, i)) {
            *author = i + dash;
            return i;
        }
    }
    return 0;
}

enum ql_status ql_step_attribution(struct ql_step_context *context, struct ql_text *text, const char **reason,
                                   struct ql_error *error)
{
    size_t attributions = 0;
    size_t text_end = text->length; // where the line of the first attribution begins
    size_t author = 0;              // where its name begins
    size_t lines = 0;               // of the attribution
    bool indented = false;          // the attribution
    bool text_follows = false;      // further text at the margin after an indented attribution

    (void)error;
    if (context->format != QL_FORMAT_FORTUNE) {
        return QL_OK;
    }
    for (size_t i = 0; i < text->length;) {
        const char *line = text->bytes + i;
        const char *end = memchr(line, '\n', text->length - i);
        size_t length = end == NULL ? text->length - i : (size_t)(end - line);
        size_t start = attribution_start(text, i, length);
        if (start > 0) {
            text_end = attributions == 0 ? i : text_end;
            author = attributions == 0 ? i + start : author;
            attributions++;
            indented = line[0] == ' ' || line[0] == '\t';
        } else if (attributions > 0 && indented && length > 0 && line[0] != ' ' && line[0] != '\t') {
            text_follows = true;
        }
        lines += attributions > 0;
        i += length + 1;
    }
    if (attributions == 0) {
        text_end = inline_attribution(text, &author);
        if (text_end == 0) {
            return QL_OK;
        }
    }
    if (attributions > 1 || text_follows || lines > ATTRIBUTION_LINE_LIMIT) {
        *reason = attributions > 1 ? "several_attributions" : "text_after_attribution";
        return QL_OK;
    }
    bool by =
        author >= strlen(by_mark) && memcmp(text->bytes + author - strlen(by_mark), by_mark, strlen(by_mark)) == 0;
    ql_text_load(&context->author, text->bytes + author, text->length - author - by);
    context->author_found = true;
    while (text_end > 0 && strchr(" \t\n", text->bytes[text_end - 1]) != NULL) {
        text_end--;
    }
    text->length = text_end;
    text->bytes[text_end] = '\0';
    return QL_OK;
}
