// Lists of words: see listing.h.
// Uses: base/{bytes,text_file}, corpus/vocabulary, device/filter.h, filter/fold.
#include "filter/listing.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text_file.h"
#include "corpus/vocabulary.h"
#include "device/filter.h"
#include "filter/fold.h"

static bool same_word(const struct ql_listing_entry *a, const struct ql_listing_entry *b)
{
    return a->length == b->length && memcmp(a->labels, b->labels, (size_t)a->length) == 0;
}

// Finds the label of a letter other than a to z, or assigns one.
static enum ql_status own_label(uint8_t *label, struct ql_fold_letters *letters, uint32_t letter,
                                struct ql_error *error)
{
    int k = 0;

    while (k < letters->count && letters->symbols[k] != letter) {
        k++;
    }
    if (k == QL_FOLD_OWN_LETTERS) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "U+%04X is one letter too many: a filter has room for %d besides the Latin ones; compile "
                              "one for each alphabet, or list fewer words",
                              (unsigned)letter, QL_FOLD_OWN_LETTERS);
    }
    letters->symbols[k] = letter;
    letters->count += k == letters->count;
    *label = (uint8_t)(QL_FOLD_LABELS + k);
    return QL_OK;
}

// Appends the letters of a symbol's first reading: a digit in a list means the letter. With `accents`, an accented
// letter is a separate letter.
static enum ql_status add_symbol(struct ql_listing_entry *entry, struct ql_fold_letters *own, bool accents,
                                 uint32_t symbol, bool *gap, struct ql_error *error)
{
    const struct ql_fold fold = ql_fold_symbol(symbol);
    const bool is_own = fold.kind == 0 && symbol < QL_FOLD_SYMBOL_LIMIT &&
                        (fold.label == QL_FILTER_NO_LABEL || (accents && ql_fold_is_accented(symbol)));
    uint8_t label = fold.label;

    if (fold.kind & QL_FILTER_IGNORED) {
        return QL_OK;
    }
    if (fold.label == QL_FILTER_NO_LABEL && !is_own) {
        if (!(fold.kind & (QL_FILTER_JOINER | QL_FILTER_SPACE))) {
            return ql_error_write(error, QL_ERROR_INPUT, "U+%04X is not a letter, and stands for none",
                                  (unsigned)symbol);
        }
        *gap = true;
        return QL_OK;
    }
    if (symbol == '*' || symbol == '#') {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "'%c' inside of an entry: an asterisk may stand only at its beginning or its end",
                              (int)symbol);
    }
    if (is_own) {
        const enum ql_status status = own_label(&label, own, ql_fold_letter(symbol, accents), error);
        if (status != QL_OK) {
            return status;
        }
    }
    const char *letters = is_own ? "a" : ql_fold_readings(fold.label)[0]; // one letter, or two
    if (entry->length + (int)strlen(letters) + (*gap ? 1 : 0) > QL_LISTING_LETTERS) {
        return ql_error_write(error, QL_ERROR_INPUT, "the entry has more than %d letters", QL_LISTING_LETTERS);
    }
    if (*gap && entry->length > 0) {
        entry->labels[entry->length++] = QL_FILTER_GAP;
    }
    *gap = false;
    for (; *letters != '\0'; letters++) {
        entry->labels[entry->length++] = is_own ? label : (uint8_t)(*letters - 'a');
    }
    return QL_OK;
}

// Reads the part between the asterisks.
static enum ql_status read_word(struct ql_listing_entry *entry, struct ql_fold_letters *own, bool accents,
                                const char *text, size_t length, struct ql_error *error)
{
    bool gap = false;

    for (size_t place = 0; place < length;) {
        uint32_t symbol;
        const size_t bytes = ql_utf8_decode(&symbol, (const unsigned char *)text + place, length - place);
        if (bytes == 0) {
            return ql_error_write(error, QL_ERROR_INPUT, "the entry is not UTF-8; convert the list with iconv");
        }
        enum ql_status status = add_symbol(entry, own, accents, symbol, &gap, error);
        if (status != QL_OK) {
            return status;
        }
        place += bytes;
    }
    if (entry->length < 2) {
        return ql_error_write(error, QL_ERROR_INPUT, "the entry needs at least two letters");
    }
    return QL_OK;
}

static enum ql_status add_entry(struct ql_listing *listing, const struct ql_listing_entry *entry,
                                struct ql_error *error)
{
    if (listing->count == listing->capacity) {
        const size_t capacity = listing->capacity == 0 ? 256 : 2 * listing->capacity;
        struct ql_listing_entry *larger = realloc(listing->entries, capacity * sizeof *larger);
        if (larger == NULL) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the list");
        }
        listing->entries = larger;
        listing->capacity = capacity;
    }
    listing->entries[listing->count++] = *entry;
    return QL_OK;
}

static void remove_entry(struct ql_listing *listing, const struct ql_listing_entry *entry)
{
    size_t kept = 0;

    for (size_t k = 0; k < listing->count; k++) {
        if (!same_word(&listing->entries[k], entry)) {
            listing->entries[kept++] = listing->entries[k];
        }
    }
    listing->count = kept;
}

// One line, without its end: an entry, and after a tab its rating; "!" in front removes an entry, "=" requires its
// accents.
static enum ql_status read_line(struct ql_listing *listing, const char *line, size_t length, int rating,
                                struct ql_error *error)
{
    struct ql_listing_entry entry = {.length = 0};
    const char *tab = memchr(line, '\t', length);
    size_t end = tab == NULL ? length : (size_t)(tab - line);

    if (tab != NULL) {
        if ((size_t)(tab - line) + 2 != length || tab[1] < '0' || tab[1] > '9') {
            return ql_error_write(error, QL_ERROR_INPUT, "the tab must be followed by a rating from 0 to %d",
                                  QL_LISTING_RATING_LIMIT);
        }
        if (tab[1] - '0' < rating) {
            return QL_OK;
        }
    }
    while (end > 0 && line[end - 1] == ' ') {
        end--;
    }
    if (end == 0 || line[0] == '#') {
        return QL_OK;
    }
    const bool removes = line[0] == '!';
    size_t begin = removes ? 1 : 0;
    const bool insists = begin < end && line[begin] == '=';
    begin += insists ? 1 : 0;
    const bool open_start = !removes && begin < end && line[begin] == '*';
    const bool open_end = end > begin + 1 && line[end - 1] == '*';
    begin += open_start ? 1 : 0;
    if (end < begin + (open_end ? 1 : 0)) {
        end = begin + (open_end ? 1 : 0);
    }
    enum ql_status status = read_word(&entry, &listing->letters, listing->letters.accents || insists, line + begin,
                                      end - begin - (open_end ? 1 : 0), error);
    if (status != QL_OK) {
        return status;
    }
    if (removes) {
        remove_entry(listing, &entry);
        return QL_OK;
    }
    entry.ends = open_start && open_end ? QL_FILTER_ANY
                 : open_start           ? QL_FILTER_FINAL
                 : open_end             ? QL_FILTER_START
                                        : QL_FILTER_WHOLE;
    return add_entry(listing, &entry, error);
}

enum ql_status ql_listing_read(struct ql_listing *listing, const char *text, size_t size_bytes, const char *path,
                               int rating, struct ql_error *error)
{
    struct ql_bytes_line line = {0};

    while (ql_bytes_line_step(&line, text, size_bytes)) {
        const enum ql_status status = read_line(listing, line.bytes, line.length, rating, error);
        if (status == QL_ERROR_INPUT) {
            return ql_error_prefix(error, "%s:%zu: ", path, line.number);
        }
        if (status != QL_OK) {
            return status;
        }
    }
    return QL_OK;
}

enum ql_status ql_listing_load(struct ql_listing *listing, const char *path, int rating, struct ql_error *error)
{
    struct ql_file_view view;
    enum ql_status status = ql_text_file_open(&view, path, error);

    if (status == QL_OK) {
        status = ql_listing_read(listing, (const char *)view.data, view.size_bytes, path, rating, error);
        ql_file_close(&view);
    }
    return status;
}

void ql_listing_free(struct ql_listing *listing)
{
    free(listing->entries);
    *listing = (struct ql_listing){0};
}
