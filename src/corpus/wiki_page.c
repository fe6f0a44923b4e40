// The items of a Wikiquote page: see wiki_page.h. A line ends at a newline outside templates, tables, and comments; a
// heading ends all of these, so an unclosed brace costs a section and not the page.
// Uses: base/bytes.
#include "corpus/wiki_page.h"

#include <string.h>
#include <strings.h>

#include "base/bytes.h"

// A line of wikitext.
struct line {
    const char *bytes;
    size_t length;
    size_t number;
};

static bool at(const char *text, size_t length, size_t i, const char *word)
{
    size_t word_length = strlen(word);

    return word_length <= length - i && memcmp(text + i, word, word_length) == 0;
}

// Takes the line at the cursor, and moves past it.
static bool take_line(struct ql_wiki_cursor *cursor, struct line *line)
{
    const char *text = cursor->page->text;
    const size_t length = cursor->page->text_length;
    size_t depth = 0; // of templates and tables
    bool comment = false;
    size_t i = cursor->position;

    if (i >= length) {
        return false;
    }
    *line = (struct line){.bytes = text + i, .number = cursor->line};
    for (; i < length; i++) {
        if (text[i] == '\n') {
            cursor->line++;
            if ((depth == 0 && !comment) || (i + 1 < length && text[i + 1] == '=')) {
                break;
            }
        } else if (comment) {
            comment = !at(text, length, i, "-->");
        } else if (text[i] == '<') {
            comment = at(text, length, i, "<!--");
        } else if (at(text, length, i, "{{") || at(text, length, i, "{|")) {
            depth++;
            i++;
        } else if (at(text, length, i, "}}") || (at(text, length, i, "|}") && !at(text, length, i, "|}}"))) {
            depth -= depth > 0;
            i++;
        }
    }
    line->length = i - cursor->position;
    cursor->position = i + 1;
    return true;
}

// The length of the title without " (disambiguation)".
static size_t name_length(const struct ql_wiki_page *page)
{
    size_t length = page->title_length;

    if (length > 0 && page->title[length - 1] == ')') {
        while (length > 0 && page->title[length - 1] != '(') {
            length--;
        }
        while (length > 0 && strchr(" (", page->title[length - 1]) != NULL) {
            length--;
        }
    }
    return length;
}

// Categories identify persons: "1879 births", "1955 deaths", "Living people".
static bool page_is_person(const struct ql_wiki_page *page)
{
    static const char mark[] = "[[Category:";
    const char *rest = page->text;
    size_t rest_length = page->text_length;

    for (;;) {
        const char *category = ql_bytes_find(rest, rest_length, mark, sizeof mark - 1);
        if (category == NULL) {
            return false;
        }
        category += sizeof mark - 1;
        rest_length -= (size_t)(category - rest);
        rest = category;
        size_t length = 0;
        while (length < rest_length && strchr("]|\n", rest[length]) == NULL) {
            length++;
        }
        if (ql_bytes_end_with(rest, length, " births") || ql_bytes_end_with(rest, length, " deaths") ||
            ql_bytes_end_with(rest, length, "Living people")) {
            return true;
        }
    }
}

void ql_wiki_cursor_init(struct ql_wiki_cursor *cursor, const struct ql_wiki_page *page)
{
    *cursor = (struct ql_wiki_cursor){.page = page, .line = page->line};
    cursor->name_length = name_length(page);
    cursor->person = page->article && !page->redirect && page_is_person(page);
}

// The meaning of a heading, which is given without its marks and blanks. The default is that of the heading above it.
static enum ql_wiki_section read_heading(const char *heading, size_t length, enum ql_wiki_section above)
{
    static const char *const others[] = {"external links",  "see also",  "references", "notes", "sources",
                                         "further reading", "footnotes", "works",      "cast",  "bibliography"};
    static const char *const doubtful[] = {"misattributed", "disputed", "misattributions", "attributed and disputed"};
    static const char *const about[] = {"quotes about", "quotations about", "about "};

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strlen(others[i]) == length && strncasecmp(heading, others[i], length) == 0) {
            return QL_WIKI_OTHER;
        }
    }
    for (size_t i = 0; i < sizeof doubtful / sizeof doubtful[0]; i++) {
        if (strlen(doubtful[i]) == length && strncasecmp(heading, doubtful[i], length) == 0) {
            return QL_WIKI_DOUBTFUL;
        }
    }
    for (size_t i = 0; i < sizeof about / sizeof about[0]; i++) {
        if (strlen(about[i]) <= length && strncasecmp(heading, about[i], strlen(about[i])) == 0) {
            return QL_WIKI_ABOUT;
        }
    }
    return above;
}

// Reads "== Heading ==".
static void take_heading(struct ql_wiki_cursor *cursor, const struct line *line)
{
    size_t length = line->length;
    size_t start = 0;
    size_t level = 0;

    while (start < length && line->bytes[start] == '=') {
        start++;
    }
    level = start < QL_WIKI_HEADING_LEVELS ? start : QL_WIKI_HEADING_LEVELS;
    while (length > start && strchr("= \t", line->bytes[length - 1]) != NULL) {
        length--;
    }
    while (start < length && strchr(" \t", line->bytes[start]) != NULL) {
        start++;
    }
    const enum ql_wiki_section section = read_heading(line->bytes + start, length - start, cursor->sections[level - 1]);
    for (size_t i = level; i <= QL_WIKI_HEADING_LEVELS; i++) {
        cursor->sections[i] = section;
    }
    cursor->level = level;
}

// "*" followed by anything but another list mark begins an item; "**", "*:" and "*#" lines belong to one.
static bool line_begins_item(const struct line *line)
{
    return line->length > 1 && line->bytes[0] == '*' && strchr("*:#;", line->bytes[1]) == NULL;
}

static bool line_belongs(const struct line *line)
{
    return line->length > 1 && line->bytes[0] == '*' && strchr("*:#;", line->bytes[1]) != NULL;
}

// Adds the page's title, for the report.
static bool title_item(struct ql_wiki_cursor *cursor, struct ql_wiki_item *item, const char *reason)
{
    const struct ql_wiki_page *page = cursor->page;

    *item =
        (struct ql_wiki_item){.bytes = page->title, .length = page->title_length, .line = page->line, .reason = reason};
    cursor->ended = true;
    return true;
}

bool ql_wiki_cursor_next(struct ql_wiki_cursor *cursor, struct ql_wiki_item *item)
{
    const struct ql_wiki_page *page = cursor->page;
    struct line line;

    if (cursor->ended) {
        return false;
    }
    if (!page->article || page->redirect) {
        return title_item(cursor, item, page->article ? "redirect" : "no_article");
    }
    do {
        if (!take_line(cursor, &line)) {
            cursor->ended = true;
            return cursor->item_count == 0 && title_item(cursor, item, "no_quotation");
        }
        if (line.length > 0 && line.bytes[0] == '=') {
            take_heading(cursor, &line);
        }
    } while (!line_begins_item(&line));
    const enum ql_wiki_section section = cursor->sections[cursor->level];
    *item = (struct ql_wiki_item){.bytes = line.bytes, .length = line.length, .line = line.number};
    item->reason = section == QL_WIKI_OTHER ? "section" : section == QL_WIKI_DOUBTFUL ? "misattributed" : NULL;
    if (cursor->person && section == QL_WIKI_QUOTES) {
        item->author = page->title;
        item->author_length = cursor->name_length;
    }
    for (struct ql_wiki_cursor behind = *cursor; take_line(&behind, &line) && line_belongs(&line);) {
        item->length = (size_t)(line.bytes + line.length - item->bytes);
        cursor->position = behind.position;
        cursor->line = behind.line;
    }
    cursor->item_count++;
    return true;
}
