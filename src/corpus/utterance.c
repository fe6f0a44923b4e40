// The step `utterance`: keeps what one voice says in one breath, and drops what only a page can hold.
// These are rules of thumb, found by reading Debian's fortunes; they need the lines of an item, before these are
// joined.
// Uses: base/bytes, corpus/clean_step.
#include <string.h>

#include "base/bytes.h"
#include "corpus/clean_step.h"

struct line {
    const char *text; // after the indent
    size_t length;
    size_t indent; // columns
    size_t number; // from 0
};

// Counts over all lines of an item.
struct survey {
    size_t lines;       // lines that are not blank
    size_t paragraphs;  // runs of them
    size_t indented;    // indented lines, except the first of a paragraph
    size_t speakers;    // "HAMLET: ...", "<nick> ..."
    size_t quoted;      // lines that start with a quotation mark
    size_t numbered;    // "1. ...", "(a) ...", "* ..."
    size_t capitals;    // lines that start with a capital letter
    size_t short_lines; // at most VERSE_COLUMNS wide
    size_t headers;     // "Subject: ..."
    size_t cited;       // "> ..."
    size_t gaps;        // wide gaps inside lines, as in tables and drawings
    bool heading;       // the first line ends in a colon, and the second is indented or another paragraph
    bool definition;    // ... "word, n.:"
};

enum { VERSE_COLUMNS = 56, SPEAKER_SYMBOLS = 32, GAP_BLANKS = 4 };

// The marks around what is said, in the style of any language. Single ones are left out, as they may be apostrophes.
static const struct mark_pair {
    const char *open, *close;
    bool adjoins; // without a space between the end of one quotation and the next one
} mark_pairs[] = {
    {"\"", "\"", false}, {"“", "”", false},  {"„", "“", false},  {"„", "”", false}, {"”", "”", false},
    {"“", "“", false},   {"«", "»", false},  {"»", "«", false},  {"»", "»", false}, {"‹", "›", false},
    {"›", "‹", false},   {"「", "」", true}, {"『", "』", true},
};

static bool starts_with(const struct line *line, const char *word)
{
    size_t length = strlen(word);

    return line->length >= length && memcmp(line->text, word, length) == 0;
}

static int32_t first_symbol(const struct line *line)
{
    size_t next = 0;

    return ql_symbol_read(line->text, line->length, &next);
}

// The bytes of the quotation mark at the start of a line, and of the blanks after it; 0 when there is none.
static size_t line_mark(const struct line *line)
{
    for (size_t i = 0; i < sizeof mark_pairs / sizeof mark_pairs[0]; i++) {
        if (starts_with(line, mark_pairs[i].open)) {
            size_t end = strlen(mark_pairs[i].open);
            for (size_t next = end; ql_symbol_is_blank(ql_symbol_read(line->text, line->length, &next));) {
                end = next;
            }
            return end;
        }
    }
    return 0;
}

// Return true if the line, after a quotation mark, starts with a capital letter.
static bool line_has_capital(const struct line *line)
{
    size_t next = line_mark(line);

    return ql_symbol_is_upper(ql_symbol_read(line->text, line->length, &next));
}

// "Name:" or "<nick>" followed by speech.
static bool line_has_speaker(const struct line *line)
{
    const char *colon = memchr(line->text, ':', line->length);

    if (line->length > 0 && line->text[0] == '<') {
        return memchr(line->text, '>', line->length) != NULL;
    }
    if (colon == NULL || !ql_symbol_is_upper(first_symbol(line)) ||
        ql_symbol_count_in(line->text, (size_t)(colon - line->text)) >= SPEAKER_SYMBOLS) {
        return false;
    }
    size_t words = 1;
    for (const char *byte = line->text; byte < colon; byte++) {
        words += *byte == ' ';
    }
    return words <= 3;
}

static bool line_is_numbered(const struct line *line)
{
    size_t i = line->length > 0 && line->text[0] == '(';
    size_t start = i;

    if (line->length > 2 && strchr("*-o+", line->text[0]) != NULL && line->text[1] == ' ') {
        return true;
    }
    while (i < line->length && ql_symbol_is_digit((unsigned char)line->text[i])) {
        i++;
    }
    size_t behind = i;
    if (i == start && ql_symbol_is_letter(ql_symbol_read(line->text, line->length, &behind))) {
        i = behind;
    }
    bool digits = i > start && ql_symbol_is_digit((unsigned char)line->text[start]);
    return i > start && i + 1 < line->length && (line->text[i] == ')' || (digits && line->text[i] == '.')) &&
           (line->text[i + 1] == ' ' || line->text[i + 1] == '\t');
}

static bool line_is_header(const struct line *line)
{
    static const char *const headers[] = {"From:",         "To:", "Subject:", "Date:", "Message-ID:", "Newsgroups:",
                                          "Organization:", "Re:", "SUBJECT:", "FROM:", "TO:",         "MEMORANDUM"};

    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        if (starts_with(line, headers[i])) {
            return true;
        }
    }
    return false;
}

// "pun, n.:", "to err, v.i.:", "gurmlish adj.:" and "hipatitis [hip-a-ti'tis] (n.)".
static bool line_is_definition(const struct line *line)
{
    static const char *const marks[] = {"n.:",   "n:",    "v.:",      "v:",     "adj.:",  "adj:",   "adv.:", "adv:",
                                        "v.i.:", "v.t.:", "vb.:",     "n.pl.:", "pl.n.:", "n.",     "(n.)",  "(v.)",
                                        "v.",    "adj.",  "interj.:", "prep.:", "conj.:", "abbr.:", "phr.:"};

    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        size_t length = strlen(marks[i]);
        if (line->length > length + 1 && ql_bytes_end_with(line->text, line->length, marks[i]) &&
            strchr(" ,\t", line->text[line->length - length - 1]) != NULL) {
            return true;
        }
    }
    return false;
}

static size_t line_gaps(const struct line *line)
{
    size_t gaps = 0;
    size_t blanks = 0;

    for (size_t i = 0; i < line->length; i++) {
        bool blank = line->text[i] == ' ' || line->text[i] == '\t';
        size_t width = line->text[i] == '\t' ? GAP_BLANKS : 1;
        gaps += !blank && blanks >= GAP_BLANKS;
        blanks = blank ? blanks + width : 0;
    }
    return gaps;
}

static void survey_line(struct survey *survey, const struct line *line, bool paragraph_start)
{
    survey->lines++;
    survey->paragraphs += paragraph_start;
    survey->indented += line->indent > 1 && !paragraph_start;
    survey->speakers += line_has_speaker(line);
    survey->quoted += line_mark(line) > 0 || starts_with(line, "``");
    survey->numbered += line_is_numbered(line);
    survey->capitals += line_has_capital(line);
    survey->short_lines += ql_symbol_count_in(line->text, line->length) <= VERSE_COLUMNS;
    survey->headers += line_is_header(line);
    survey->cited += line->text[0] == '>' || line->text[0] == '|';
    survey->gaps += line_gaps(line);
    if (survey->lines == 1) {
        survey->heading = ql_bytes_end_with(line->text, line->length, ":");
        survey->definition = line_is_definition(line);
    } else if (survey->lines == 2) {
        survey->heading = survey->heading && (line->indent > 1 || paragraph_start);
    }
}

static struct survey survey_lines(const struct ql_text *text)
{
    struct survey survey = {0};
    bool paragraph_start = true;

    for (size_t i = 0; i < text->length;) {
        const char *end = memchr(text->bytes + i, '\n', text->length - i);
        size_t length = end == NULL ? text->length - i : (size_t)(end - (text->bytes + i));
        struct line line = {.text = text->bytes + i, .length = length};
        while (line.length > 0 && (line.text[0] == ' ' || line.text[0] == '\t')) {
            line.indent = line.text[0] == '\t' ? (line.indent / 8 + 1) * 8 : line.indent + 1;
            line.text++;
            line.length--;
        }
        while (line.length > 0 && (line.text[line.length - 1] == ' ' || line.text[line.length - 1] == '\t')) {
            line.length--;
        }
        if (line.length == 0) {
            paragraph_start = true;
        } else {
            survey_line(&survey, &line, paragraph_start);
            paragraph_start = false;
        }
        i += length + 1;
    }
    return survey;
}

static bool has_any(const struct ql_text *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (text->length > 0 && strstr(text->bytes, *words) != NULL) {
            return true;
        }
    }
    return false;
}

static bool is_ascii_letter(char byte)
{
    return ((unsigned char)byte & 0x80) == 0 && ql_symbol_is_letter(byte);
}

// Program text, addresses, and paths: marks that do not occur in speech.
static bool looks_like_code(const struct ql_text *text)
{
    static const char *const marks[] = {
        "http:", "www.", "ftp.", "/*",   "*/",   "{",  "}",  "#include", "==", "->",  "&&", "||",
        "();",   "::",   "/usr", "/dev", "/etc", "\\", "$_", "@_",       "%s", "<-",  "++", "#!",
        "^",     "~",    "[]",   "()",   " = ",  "+=", "!=", "<",        ">",  ".c:", NULL};

    for (size_t i = 0; i + 2 < text->length; i++) {
        bool address = text->bytes[i + 1] == '@' || text->bytes[i + 1] == '!';
        if (address && is_ascii_letter(text->bytes[i]) && is_ascii_letter(text->bytes[i + 2])) {
            return true;
        }
    }
    return has_any(text, marks);
}

static bool is_space(int32_t symbol)
{
    return symbol == '\t' || symbol == '\n' || ql_symbol_is_blank(symbol);
}

// Return true if the mark that closes the pair stands at `place`, and the one that opens it after blanks. A mark that
// does both closes only where no blank is before it; others, as in French, may have one.
static bool is_answer(const struct ql_text *text, size_t place, const struct mark_pair *pair)
{
    const size_t behind = place + strlen(pair->close);
    size_t next = behind;

    if (place == 0 || strncmp(text->bytes + place, pair->close, strlen(pair->close)) != 0 ||
        (strcmp(pair->open, pair->close) == 0 && is_space(ql_symbol_before(text->bytes, place)))) {
        return false;
    }
    for (size_t ahead = next; is_space(ql_symbol_read(text->bytes, text->length, &ahead));) {
        next = ahead;
    }
    return (next > behind || pair->adjoins) && strncmp(text->bytes + next, pair->open, strlen(pair->open)) == 0;
}

// A quotation that ends and another one that starts with only blanks between them; or an action in a chat.
static bool has_answer(const struct ql_text *text)
{
    for (size_t i = 0; i < text->length; i++) {
        for (size_t k = 0; k < sizeof mark_pairs / sizeof mark_pairs[0]; k++) {
            if (is_answer(text, i, &mark_pairs[k])) {
                return true;
            }
        }
    }
    return text->bytes[0] == '<' || strncmp(text->bytes, "* ", 2) == 0;
}

// Speech is letters: drawings, formulas and tables are not. Two thirds of what is not a blank must be letters, and
// three quarters of these in lower case.
static const char *letters_check(const struct ql_text *text)
{
    size_t small = 0;
    size_t letters = 0;
    size_t marks = 0;

    for (size_t i = 0; i < text->length;) {
        int32_t symbol = ql_symbol_read(text->bytes, text->length, &i);
        bool letter = ql_symbol_is_letter(symbol) || ql_symbol_is_mark(symbol);
        letters += letter;
        small += letter && !ql_symbol_is_upper(symbol);
        marks += symbol != ' ' && symbol != '\t' && symbol != '\n';
    }
    if (letters * 3 < marks * 2) {
        return "drawing";
    }
    return small * 4 < letters * 3 ? "shouting" : NULL;
}

enum ql_status ql_step_utterance(struct ql_step_context *context, struct ql_text *text, const char **reason,
                                 struct ql_error *error)
{
    struct survey survey = survey_lines(text);

    (void)context;
    (void)error;
    if (survey.lines == 0) {
        return QL_OK; // empty items are for one_line
    }
    if (survey.definition) {
        *reason = "definition";
    } else if (survey.headers > 0 || survey.cited > 0) {
        *reason = "mail";
    } else if (survey.lines > 1 && survey.heading) {
        *reason = "heading";
    } else if (survey.speakers > 1 || survey.quoted > 1 || has_answer(text)) {
        *reason = "dialogue";
    } else if (survey.numbered > 1) {
        *reason = "list";
    } else if (looks_like_code(text)) {
        *reason = "code";
    } else if (survey.gaps > 0) {
        *reason = "table";
    } else if (survey.lines >= 2 && survey.capitals == survey.lines && survey.short_lines == survey.lines) {
        *reason = "verse";
    } else if (survey.paragraphs > 1) {
        *reason = "several_paragraphs";
    } else if (survey.indented > 0) {
        *reason = "indented";
    } else {
        *reason = letters_check(text);
    }
    return QL_OK;
}
