// The traits of one item: see item_traits.h.
// Uses: base, corpus, filter/explanation, study/{near_index,text_table}.
#include "study/item_traits.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text_file.h"
#include "filter/explanation.h"

void ql_item_reader_free(struct ql_item_reader *reader)
{
    ql_text_free(&reader->text);
    ql_text_free(&reader->words);
    ql_text_free(&reader->folded);
    free(reader->starts);
    free(reader->sorted);
    *reader = (struct ql_item_reader){0};
}

void ql_yardstick_free(struct ql_yardstick *yardstick)
{
    ql_text_table_free(&yardstick->items);
    ql_text_table_free(&yardstick->words);
    ql_near_index_free(&yardstick->near);
    ql_text_table_free(&yardstick->known);
    ql_word_list_free(&yardstick->listed);
    if (yardstick->has_filter) {
        ql_filter_file_free(&yardstick->filter);
    }
    *yardstick = (struct ql_yardstick){0};
}

// --- Words ---

static bool add_word_start(struct ql_item_reader *reader)
{
    if (reader->count == reader->room) {
        const size_t room = 2 * reader->room + 16;
        size_t *starts = realloc(reader->starts, room * sizeof *starts);
        if (starts == NULL) {
            return false;
        }
        reader->starts = starts;
        const char **sorted = realloc(reader->sorted, room * sizeof *sorted);
        if (sorted == NULL) {
            return false;
        }
        reader->sorted = sorted;
        reader->room = room;
    }
    reader->starts[reader->count++] = reader->words.length;
    return true;
}

static int compare_words(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

// Divides an item into the reader's words.
static enum ql_status read_words(struct ql_item_reader *reader, const char *bytes, size_t length,
                                 struct ql_error *error)
{
    bool inside = false;

    ql_text_reset(&reader->words);
    reader->count = 0;
    for (size_t place = 0; place < length;) {
        const int32_t symbol = ql_symbol_read(bytes, length, &place);
        size_t ahead = place;
        const bool joined =
            inside && (symbol == '\'' || symbol == 0x2019) && ql_symbol_is_word(ql_symbol_read(bytes, length, &ahead));
        const bool joiner = inside && (symbol == 0x200C || symbol == 0x200D); // in Persian and Indian words
        if (joiner) {
            ql_text_write_symbol(&reader->words, symbol);
        } else if (ql_symbol_is_word(symbol)) {
            if (!inside && !add_word_start(reader)) {
                return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the words of an item");
            }
            ql_text_write_symbol(&reader->words, ql_symbol_fold(symbol));
            inside = true;
        } else if (joined) {
            ql_text_write_byte(&reader->words, '\'');
        } else if (inside) {
            ql_text_write_byte(&reader->words, '\0');
            inside = false;
        }
    }
    ql_text_write_byte(&reader->words, '\0');
    const enum ql_status status = ql_text_check(&reader->words, error);
    if (status != QL_OK) {
        return status;
    }
    for (size_t k = 0; k < reader->count; k++) {
        reader->sorted[k] = reader->words.bytes + reader->starts[k];
    }
    if (reader->count > 1) {
        qsort(reader->sorted, reader->count, sizeof reader->sorted[0], compare_words);
    }
    return QL_OK;
}

// The number of words equal to sorted word k, starting from it.
static size_t equal_words(const struct ql_item_reader *reader, size_t k)
{
    size_t behind = k + 1;

    while (behind < reader->count && strcmp(reader->sorted[behind], reader->sorted[k]) == 0) {
        behind++;
    }
    return behind - k;
}

// --- The training text ---

static enum ql_status add_line(struct ql_yardstick *yardstick, struct ql_item_reader *reader, const char *bytes,
                               size_t length, struct ql_error *error)
{
    enum ql_status status = ql_text_table_add(&yardstick->items, bytes, length, NULL, error);

    yardstick->item_count++;
    if (status == QL_OK) {
        status = read_words(reader, bytes, length, error);
    }
    for (size_t k = 0; k < reader->count && status == QL_OK; k += equal_words(reader, k)) {
        status = ql_text_table_add(&yardstick->words, reader->sorted[k], strlen(reader->sorted[k]), NULL, error);
    }
    return status;
}

enum ql_status ql_line_check(const char *bytes, size_t length, const char *path, size_t line, struct ql_error *error)
{
    for (size_t place = 0; place < length;) {
        const size_t before = place;
        if (ql_symbol_read(bytes, length, &place) == 0xfffd && bytes[before] != '\xef') {
            return ql_error_write(error, QL_ERROR_INPUT, "%s:%zu: is not UTF-8; convert it with iconv", path, line);
        }
    }
    return QL_OK;
}

// Calls `take` for each line that is not empty.
typedef enum ql_status line_function(struct ql_yardstick *yardstick, struct ql_item_reader *reader, const char *bytes,
                                     size_t length, struct ql_error *error);

static enum ql_status read_lines(struct ql_yardstick *yardstick, const char *path, line_function *take,
                                 struct ql_error *error)
{
    struct ql_item_reader reader = {0};
    struct ql_file_view view;
    struct ql_bytes_line line = {0};
    enum ql_status status = ql_text_file_open(&view, path, error);

    if (status != QL_OK) {
        return status;
    }
    while (status == QL_OK && ql_bytes_line_step(&line, view.data, view.size_bytes)) {
        status = ql_line_check(line.bytes, line.length, path, line.number, error);
        if (line.length > 0 && status == QL_OK) {
            status = take(yardstick, &reader, line.bytes, line.length, error);
        }
    }
    ql_item_reader_free(&reader);
    ql_file_close(&view);
    return status;
}

enum ql_status ql_yardstick_load(struct ql_yardstick *yardstick, const char *path, size_t longest,
                                 struct ql_error *error)
{
    enum ql_status status = read_lines(yardstick, path, add_line, error);

    if (status == QL_OK && yardstick->item_count == 0) {
        status = ql_error_write(error, QL_ERROR_INPUT, "%s: has no items; give the text that the model was trained on",
                                path);
    }
    if (status == QL_OK && ql_near_index_init(&yardstick->near, &yardstick->items, longest, error) != QL_OK) {
        status = ql_error_prefix(error, "%s: ", path);
    }
    return status;
}

static enum ql_status add_known(struct ql_yardstick *yardstick, struct ql_item_reader *reader, const char *bytes,
                                size_t length, struct ql_error *error)
{
    enum ql_status status = read_words(reader, bytes, length, error);

    for (size_t k = 0; k < reader->count && status == QL_OK; k++) {
        status = ql_text_table_add(&yardstick->known, reader->sorted[k], strlen(reader->sorted[k]), NULL, error);
    }
    return status;
}

enum ql_status ql_yardstick_load_words(struct ql_yardstick *yardstick, const char *path, struct ql_error *error)
{
    return read_lines(yardstick, path, add_known, error);
}

// --- One item ---

static bool is_number(const char *word, size_t length)
{
    for (size_t place = 0; place < length;) {
        if (!ql_symbol_is_digit(ql_symbol_read(word, length, &place))) {
            return false;
        }
    }
    return true;
}

static void count_words(struct ql_item_traits *traits, const struct ql_item_reader *reader,
                        const struct ql_yardstick *yardstick, bool own)
{
    for (size_t k = 0, times; k < reader->count; k += times) {
        const char *word = reader->sorted[k];
        const size_t length = strlen(word);
        const uint64_t symbols = ql_symbol_count_in(word, length);
        const bool is_new = ql_text_table_count(&yardstick->words, word, length) <= (own ? 1u : 0u);
        const bool is_known = ql_text_table_find(&yardstick->known, word, length) >= 0;
        times = equal_words(reader, k);
        traits->words += times;
        traits->new_words += is_new ? times : 0;
        traits->known_words += is_known ? times : 0;
        traits->unknown_words += is_new && !is_known && !is_number(word, length) ? times : 0;
        traits->echoed = traits->echoed || (times > 1 && symbols > 3);
        traits->invented_symbols += is_new && !is_known ? times * symbols : 0;
        traits->repeated_symbols += times > 1 ? times * symbols : 0;
    }
}

enum ql_status ql_item_traits_read(struct ql_item_traits *traits, struct ql_item_reader *reader,
                                   struct ql_yardstick *yardstick, const char *bytes, size_t length, bool own,
                                   struct ql_error *error)
{
    const int64_t number = ql_text_table_find(&yardstick->items, bytes, length);
    const bool alone = own && number >= 0 && yardstick->items.counts[number] == 1;
    enum ql_status status = read_words(reader, bytes, length, error);

    *traits = (struct ql_item_traits){.symbols = ql_symbol_count_in(bytes, length)};
    if (status != QL_OK) {
        return status;
    }
    traits->copied = number >= 0 && !alone;
    traits->near = !traits->copied && yardstick->item_count > 0 &&
                   ql_near_index_find(&yardstick->near, bytes, length, alone ? number : -1) == 1;
    count_words(traits, reader, yardstick, own);
    for (int k = 0; k < yardstick->pattern_count; k++) {
        const char *pattern = yardstick->patterns[k];
        traits->patterns |= (uint32_t)(ql_bytes_find(bytes, length, pattern, strlen(pattern)) != NULL) << k;
    }
    if (yardstick->listed.count > 0) {
        ql_text_load(&reader->text, bytes, length);
        traits->listed = ql_word_list_check(&yardstick->listed, &reader->text, &reader->folded);
        status = ql_text_check(&reader->text, error);
    }
    if (yardstick->has_filter && status == QL_OK) {
        struct ql_explanation explanation;
        status = ql_explanation_init(&explanation, &yardstick->filter, bytes, length, error);
        if (status == QL_OK) {
            traits->listed = traits->listed || explanation.count > 0;
            ql_explanation_free(&explanation);
        }
    }
    return status;
}
