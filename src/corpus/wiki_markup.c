// The step `wiki_markup`: turns the wikitext of a Wikiquote item into plain text, and its source line into the author
// if the page is not the author's. docs/corpus.md lists what is understood; an item with anything else is dropped,
// because a text with holes teaches holes.
// Uses: base/bytes, corpus/clean_step.
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "corpus/clean_step.h"

// The longest raw item. Wikiquote asks for short ones; the limit bounds the work that a hostile item can cause.
enum { ITEM_LIMIT_BYTES = 1 << 14, NAME_LIMIT = 16 };

// Wikitext that is being read. Reading stops at the first reason to drop it.
struct reading {
    const char *text;
    size_t length;
    size_t i;
    struct ql_text *out;
    size_t links;       // open [[
    size_t addresses;   // open [http
    const char *reason; // NULL so far
};

static bool at(const struct reading *reading, const char *word)
{
    size_t length = strlen(word);

    return length <= reading->length - reading->i && memcmp(reading->text + reading->i, word, length) == 0;
}

// Moves past the next `word`; without one, the item is dropped.
static void skip_behind(struct reading *reading, const char *word)
{
    const char *rest = reading->text + reading->i;
    const char *end = ql_bytes_find(rest, reading->length - reading->i, word, strlen(word));

    if (end == NULL) {
        reading->reason = "unclosed_markup";
    } else {
        reading->i += (size_t)(end - rest) + strlen(word);
    }
}

static bool is_listed(const char *const *words, const char *word, size_t length)
{
    for (; *words != NULL; words++) {
        if (strlen(*words) == length && strncasecmp(*words, word, length) == 0) {
            return true;
        }
    }
    return false;
}

// "<br />" and its like. Formatting tags are left out; footnotes are removed with their content.
static void read_tag(struct reading *reading)
{
    static const char *const plain[] = {"b",      "i",    "u",    "s",  "em",   "small",  "big",  "sup",    "sub",
                                        "strong", "span", "cite", "tt", "font", "nowiki", "abbr", "center", NULL};
    const char *start = reading->text + reading->i + 1;
    const char *end = memchr(start, '>', reading->length - reading->i - 1);

    if (end == NULL) {
        reading->reason = "unclosed_markup";
        return;
    }
    const bool closed = end[-1] == '/';
    const char *name = start + (*start == '/');
    size_t length = 0;
    while (name + length < end && ((name[length] | 0x20) >= 'a' && (name[length] | 0x20) <= 'z')) {
        length++;
    }
    reading->i = (size_t)(end - reading->text) + 1;
    if (is_listed((const char *const[]){"br", "p", NULL}, name, length)) {
        ql_text_write_byte(reading->out, '\n');
    } else if (length == 3 && strncasecmp(name, "ref", 3) == 0) {
        if (!closed && *start != '/') {
            skip_behind(reading, "</ref>");
        }
    } else if (!is_listed(plain, name, length)) {
        reading->reason = "other_markup";
    }
}

// "{{w|Page|label}}" and "{{lang|la|text}}" leave their last part; {{nbsp}} becomes a space; {{sic}} is removed.
static void read_template(struct reading *reading)
{
    const char *start = reading->text + reading->i + 2;

    skip_behind(reading, "}}");
    if (reading->reason != NULL) {
        return;
    }
    const char *end = reading->text + reading->i - 2;
    if (end < start || ql_bytes_find(start, (size_t)(end - start), "{{", 2) != NULL) {
        reading->reason = "other_markup";
        return;
    }
    const char *bar = memchr(start, '|', (size_t)(end - start));
    const size_t name_length = (size_t)((bar == NULL ? end : bar) - start);
    if (is_listed((const char *const[]){"w", "wikipedia", "lang", NULL}, start, name_length) && bar != NULL) {
        const char *last = end;
        while (last[-1] != '|') {
            last--;
        }
        ql_text_write(reading->out, last, (size_t)(end - last));
    } else if (is_listed((const char *const[]){"nbsp", "space", NULL}, start, name_length)) {
        ql_text_write_byte(reading->out, ' ');
    } else if (!is_listed((const char *const[]){"sic", NULL}, start, name_length)) {
        reading->reason = "other_markup";
    }
}

// "[[Page|label]]" leaves the label. Pictures and categories are removed; text inside a link is read as text.
static void read_link(struct reading *reading)
{
    static const char *const skipped[] = {"file", "image", "category", NULL};
    const char *start = reading->text + reading->i + 2;
    const size_t rest = reading->length - reading->i - 2;
    const char *end = ql_bytes_find(start, rest, "]]", 2);

    if (end == NULL || reading->links > 0) {
        reading->reason = end == NULL ? "unclosed_markup" : "other_markup";
        return;
    }
    const size_t length = (size_t)(end - start);
    const char *colon = memchr(start, ':', length);
    if (colon != NULL && is_listed(skipped, start, (size_t)(colon - start))) {
        reading->i += 2 + length + 2;
        reading->reason = ql_bytes_find(start, length, "[[", 2) != NULL ? "other_markup" : NULL;
        return;
    }
    const char *bar = memchr(start, '|', length);
    reading->i += 2 + (bar == NULL ? 0 : (size_t)(bar - start) + 1);
    reading->links = 1;
}

// "[http://address label]" leaves the label, "[http://address]" nothing.
static void read_address(struct reading *reading)
{
    while (reading->i < reading->length && strchr(" ]\n", reading->text[reading->i]) == NULL) {
        reading->i++;
    }
    reading->addresses++;
    reading->i += reading->i < reading->length && reading->text[reading->i] == ' ';
}

// "&amp;", "&#8212;", "&#x2014;". A name that is not in the table drops the item; a lone & is text.
static void read_entity(struct reading *reading)
{
    static const struct {
        const char *name;
        int32_t symbol;
    } entities[] = {{"amp", '&'},       {"lt", '<'},       {"gt", '>'},       {"quot", '"'},     {"apos", '\''},
                    {"nbsp", ' '},      {"ensp", ' '},     {"thinsp", ' '},   {"ndash", 0x2013}, {"mdash", 0x2014},
                    {"hellip", 0x2026}, {"lsquo", 0x2018}, {"rsquo", 0x2019}, {"ldquo", 0x201C}, {"rdquo", 0x201D}};
    char name[NAME_LIMIT] = "";
    size_t length = 0;

    while (length + 1 < NAME_LIMIT && reading->i + 1 + length < reading->length &&
           strchr(";& \n", reading->text[reading->i + 1 + length]) == NULL) {
        name[length] = reading->text[reading->i + 1 + length];
        length++;
    }
    if (length == 0 || reading->i + 1 + length >= reading->length || reading->text[reading->i + 1 + length] != ';') {
        ql_text_write_byte(reading->out, reading->text[reading->i++]);
        return;
    }
    reading->i += length + 2;
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        if (strcmp(entities[i].name, name) == 0) {
            ql_text_write_symbol(reading->out, entities[i].symbol);
            return;
        }
    }
    const bool hex = name[0] == '#' && (name[1] | 0x20) == 'x';
    char *end = name;
    const unsigned long symbol = name[0] == '#' ? strtoul(name + 1 + hex, &end, hex ? 16 : 10) : 0;
    if (*end != '\0' || end == name || symbol < ' ' || symbol > 0x10FFFF || (symbol >= 0xD800 && symbol <= 0xDFFF)) {
        reading->reason = "other_markup";
    } else {
        ql_text_write_symbol(reading->out, (int32_t)symbol);
    }
}

// Two, three and five apostrophes are italics and bold; with other numbers the first ones are apostrophes.
static void read_apostrophes(struct reading *reading)
{
    size_t count = 0;

    while (reading->i + count < reading->length && reading->text[reading->i + count] == '\'') {
        count++;
    }
    const size_t marks = count >= 5 ? 5 : count == 4 ? 3 : count == 1 ? 0 : count;
    for (size_t i = marks; i < count; i++) {
        ql_text_write_byte(reading->out, '\'');
    }
    reading->i += count;
}

// Appends the plain text of a piece of wikitext. Returns the reason to drop it, or NULL.
static const char *read_markup(struct ql_text *out, const char *text, size_t length)
{
    struct reading reading = {.text = text, .length = length, .out = out};

    while (reading.i < length && reading.reason == NULL) {
        const char byte = text[reading.i];
        const char next = reading.i + 1 < length ? text[reading.i + 1] : '\0';
        if (at(&reading, "<!--")) {
            skip_behind(&reading, "-->");
        } else if (byte == '<' && (next == '/' || ((next | 0x20) >= 'a' && (next | 0x20) <= 'z'))) {
            read_tag(&reading);
        } else if (at(&reading, "{{")) {
            read_template(&reading);
        } else if (at(&reading, "{|") || at(&reading, "__")) {
            reading.reason = "other_markup";
        } else if (at(&reading, "[[")) {
            read_link(&reading);
        } else if (reading.links > 0 && at(&reading, "]]")) {
            reading.links = 0;
            reading.i += 2;
        } else if (at(&reading, "[http") || at(&reading, "[//")) {
            read_address(&reading);
        } else if (reading.addresses > 0 && byte == ']') {
            reading.addresses--;
            reading.i++;
        } else if (byte == '&') {
            read_entity(&reading);
        } else if (byte == '\'') {
            read_apostrophes(&reading);
        } else {
            ql_text_write_byte(out, byte);
            reading.i++;
        }
    }
    return reading.reason != NULL || (reading.links == 0 && reading.addresses == 0) ? reading.reason
                                                                                    : "unclosed_markup";
}

// The wikitext of one level of an item: lines that begin with `mark`, without it, up to the first other line.
static size_t level_length(const char *text, size_t length, const char *mark)
{
    size_t i = 0;

    do {
        const char *end = memchr(text + i, '\n', length - i);
        i = end == NULL ? length : (size_t)(end - text) + 1;
    } while (i < length && length - i >= strlen(mark) && memcmp(text + i, mark, strlen(mark)) == 0);
    return i;
}

enum ql_status ql_step_wiki_markup(struct ql_step_context *context, struct ql_text *text, const char **reason,
                                   struct ql_error *error)
{
    static const char continued[] = "*:";
    struct ql_text *out = &context->scratch;

    (void)error;
    if (context->format != QL_FORMAT_WIKIQUOTE) {
        return QL_OK;
    }
    *reason = context->wiki_reason != NULL      ? context->wiki_reason
              : text->length > ITEM_LIMIT_BYTES ? "too_large"
                                                : NULL;
    if (*reason != NULL) {
        return QL_OK;
    }
    // The quotation, and the lines that continue it.
    const size_t quotation = level_length(text->bytes, text->length, continued);
    ql_text_reset(out);
    for (size_t i = 0; i < quotation && *reason == NULL;) {
        const char *end = memchr(text->bytes + i, '\n', quotation - i);
        const size_t line_end = end == NULL ? quotation : (size_t)(end - text->bytes);
        const size_t mark = i == 0 ? 1 : sizeof continued - 1;
        *reason = read_markup(out, text->bytes + i + mark, line_end - i - mark);
        ql_text_write(out, "\n", end == NULL || line_end + 1 >= quotation ? 0 : 1);
        i = line_end + 1;
    }
    // The source, "** [[William Shakespeare]], ''Hamlet''": the author comes first.
    if (*reason == NULL && !context->author_found && text->length - quotation > 2 &&
        memcmp(text->bytes + quotation, "**", 2) == 0) {
        const char *source = text->bytes + quotation + 2;
        const char *end = memchr(source, '\n', text->length - quotation - 2);
        const size_t length = end == NULL ? text->length - quotation - 2 : (size_t)(end - source);
        ql_text_reset(&context->author);
        context->author_found = read_markup(&context->author, source, length) == NULL;
    }
    while (out->length > 0 && strchr(" \t\n", out->bytes[out->length - 1]) != NULL) {
        out->bytes[--out->length] = '\0';
    }
    const size_t blanks = strspn(out->bytes, " \t\n");
    ql_text_load(text, out->bytes + blanks, out->length - blanks);
    return QL_OK;
}
