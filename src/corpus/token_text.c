// A text as token ids: see token_text.h. One cursor reads the symbols for both the scan and the load.
// Uses: base/text_file, corpus/vocabulary.
#include "corpus/token_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text_file.h"

// A cut between training and validation moves to a line end that is this near, also where less is held out.
enum { NEAR_SYMBOLS = 256 };

struct text_cursor {
    const struct ql_file_view *view;
    const char *path;
    size_t position; // of the next byte
    size_t line;     // 1-based
    size_t start;    // of the line
    bool begun;      // a symbol was delivered
    bool ended;      // the final newline was delivered
    uint32_t symbol; // the last one that was delivered
};

static struct text_cursor text_cursor_start(const struct ql_file_view *view, const char *path)
{
    return (struct text_cursor){.view = view, .path = path, .line = 1, .symbol = '\n'};
}

// Delivers the next symbol; `ended` says that there was none left. A missing newline at the end is supplied.
static enum ql_status text_cursor_step(struct text_cursor *cursor, struct ql_error *error)
{
    const unsigned char *data = cursor->view->data;
    size_t size = cursor->view->size_bytes;

    if (cursor->position == size) {
        cursor->ended = cursor->symbol == '\n';
        cursor->symbol = '\n';
        return QL_OK;
    }
    if (cursor->begun && cursor->symbol == '\n') {
        cursor->line++;
        cursor->start = cursor->position;
    }
    cursor->begun = true;
    size_t length = ql_utf8_decode(&cursor->symbol, data + cursor->position, size - cursor->position);
    if (length == 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s:%zu:%zu: byte 0x%02x is not valid UTF-8; `quillet prepare --encoding` converts "
                              "other encodings",
                              cursor->path, cursor->line, cursor->position - cursor->start + 1, data[cursor->position]);
    }
    cursor->position += length;
    return QL_OK;
}

enum ql_status ql_token_text_scan(struct ql_vocabulary *vocabulary, const char *path, struct ql_error *error)
{
    struct ql_file_view view;
    uint64_t *seen = NULL; // one bit per code point
    uint32_t end = 0;      // behind the last code point that was seen
    enum ql_status status = ql_text_file_open(&view, path, error);

    if (status != QL_OK) {
        return status;
    }
    vocabulary->count = 0;
    vocabulary->piece_count = 0;
    if (view.size_bytes == 0) {
        status = ql_error_write(error, QL_ERROR_INPUT, "%s: is empty", path);
        goto done;
    }
    seen = calloc(0x110000 / 64, sizeof *seen);
    if (seen == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory", path);
        goto done;
    }
    struct text_cursor cursor = text_cursor_start(&view, path);
    while ((status = text_cursor_step(&cursor, error)) == QL_OK && !cursor.ended) {
        seen[cursor.symbol / 64] |= (uint64_t)1 << cursor.symbol % 64;
        end = cursor.symbol < end ? end : cursor.symbol + 1;
    }
    if (status != QL_OK) {
        goto done;
    }
    for (uint32_t symbol = 0; symbol < end; symbol++) {
        if ((seen[symbol / 64] >> symbol % 64 & 1) == 0) {
            continue;
        }
        if (vocabulary->count == QL_VOCABULARY_LIMIT) {
            status = ql_error_write(error, QL_ERROR_INPUT,
                                    "%s: has more than %d different symbols; `quillet prepare` can reduce them", path,
                                    QL_VOCABULARY_LIMIT);
            goto done;
        }
        vocabulary->symbols[vocabulary->count++] = symbol;
    }
    if (vocabulary->count < 2) {
        status = ql_error_write(error, QL_ERROR_INPUT, "%s: has nothing but empty lines", path);
    }
done:
    free(seen);
    ql_file_close(&view);
    return status;
}

// Makes room for the tokens around the bytes of the file, which move to the end. No symbol is shorter than a byte and no
// token longer than two, so a token is never written onto a byte that is still to be read. A large file then takes twice
// its size, not three times. The view no longer owns the bytes.
static uint16_t *take_room(struct ql_file_view *view)
{
    unsigned char *block = realloc(view->block, (view->size_bytes + 1) * sizeof(uint16_t));

    if (block != NULL) {
        memmove(block + view->size_bytes + 2, block, view->size_bytes);
        view->data = block + view->size_bytes + 2;
        view->block = NULL;
    }
    return (uint16_t *)block;
}

enum ql_status ql_token_text_load(struct ql_token_text *text, const struct ql_vocabulary *vocabulary, const char *path,
                                  struct ql_error *error)
{
    struct ql_file_view view;
    enum ql_status status = ql_text_file_open(&view, path, error);

    *text = (struct ql_token_text){0};
    if (status != QL_OK) {
        return status;
    }
    if (view.size_bytes == 0) {
        status = ql_error_write(error, QL_ERROR_INPUT, "%s: is empty", path);
        goto done;
    }
    text->tokens = take_room(&view);
    if (text->tokens == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory", path);
        goto done;
    }
    struct text_cursor cursor = text_cursor_start(&view, path);
    while ((status = text_cursor_step(&cursor, error)) == QL_OK && !cursor.ended) {
        int token = ql_vocabulary_encode(vocabulary, cursor.symbol);
        if (token < 0) {
            unsigned char utf8[5] = {0};
            bool control = cursor.symbol < ' ' || (cursor.symbol >= 0x7f && cursor.symbol < 0xa0);
            (void)ql_utf8_encode(utf8, cursor.symbol);
            status = ql_error_write(error, QL_ERROR_INPUT,
                                    "%s:%zu: the symbol '%s' (U+%04" PRIX32 ") is not in the model's vocabulary", path,
                                    cursor.line, control ? "?" : (const char *)utf8, cursor.symbol);
            break;
        }
        text->tokens[text->count++] = (uint16_t)token;
    }
done:
    ql_file_close(&view);
    if (status != QL_OK) {
        ql_token_text_free(text);
    }
    return status;
}

void ql_token_text_free(struct ql_token_text *text)
{
    free(text->tokens);
    *text = (struct ql_token_text){0};
}

static enum ql_status text_too_short(const char *lines, struct ql_error *error)
{
    return ql_error_write(error, QL_ERROR_INPUT,
                          "the text has too few %s to hold out some of them; give more text, another "
                          "--validation-share, or a file by --validation",
                          lines);
}

// Return the place behind the last `wanted` before `cut`, or 0 when there is none within `near` tokens.
static size_t cut_behind(const struct ql_token_text *text, size_t cut, size_t near, int wanted)
{
    for (size_t moved = 0; wanted >= 0 && moved <= near && moved < cut; moved++) {
        if (text->tokens[cut - moved - 1] == wanted) {
            return cut - moved;
        }
    }
    return 0;
}

enum ql_status ql_token_text_divide_end(struct ql_token_text *text, struct ql_token_text *held_out, double share,
                                        const struct ql_vocabulary *vocabulary, struct ql_error *error)
{
    const size_t target = (size_t)((double)text->count * (1.0 - share));
    const size_t wanted = text->count - target;
    const size_t least = text->count / 8 < NEAR_SYMBOLS ? text->count / 8 : NEAR_SYMBOLS;
    const size_t near = wanted > least ? wanted : least;
    size_t cut = cut_behind(text, target, near, text->tokens[text->count - 1]);

    *held_out = (struct ql_token_text){0};
    cut = cut > 0 ? cut : cut_behind(text, target, near, ql_vocabulary_encode(vocabulary, ' '));
    cut = cut > 0 ? cut : target;
    if (cut < 2 || text->count - cut < 2) {
        return text_too_short("symbols", error);
    }
    held_out->count = text->count - cut;
    held_out->tokens = malloc(held_out->count * sizeof held_out->tokens[0]);
    if (held_out->tokens == NULL) {
        *held_out = (struct ql_token_text){0};
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
    }
    memcpy(held_out->tokens, text->tokens + cut, held_out->count * sizeof held_out->tokens[0]);
    text->count = cut;
    return QL_OK;
}

// FNV-1a (Fowler, Noll, Vo) over the symbols, 64 bits, with the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
// It hashes symbols and not token ids, so that a new symbol elsewhere in the text changes nothing.
static uint64_t text_line_hash(const uint16_t *tokens, size_t count, const struct ql_vocabulary *vocabulary)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < count; i++) {
        hash = (hash ^ vocabulary->symbols[tokens[i]]) * 0x100000001b3u;
    }
    hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9u;
    hash = (hash ^ hash >> 27) * 0x94d049bb133111ebu;
    return hash ^ hash >> 31;
}

enum ql_status ql_token_text_divide_lines(struct ql_token_text *text, struct ql_token_text *held_out, double share,
                                          const struct ql_vocabulary *vocabulary, struct ql_error *error)
{
    uint64_t limit = (uint64_t)(share * 18446744073709551615.0);
    uint16_t newline = text->tokens[text->count - 1];
    size_t kept = 0;

    *held_out = (struct ql_token_text){.tokens = malloc(text->count * sizeof text->tokens[0])};
    if (held_out->tokens == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
    }
    for (size_t start = 0, end; start < text->count; start = end) {
        for (end = start; text->tokens[end] != newline;) {
            end++;
        }
        bool out = text_line_hash(text->tokens + start, end - start, vocabulary) < limit;
        end++;
        if (out) {
            memcpy(held_out->tokens + held_out->count, text->tokens + start, (end - start) * sizeof text->tokens[0]);
            held_out->count += end - start;
        } else {
            memmove(text->tokens + kept, text->tokens + start, (end - start) * sizeof text->tokens[0]);
            kept += end - start;
        }
    }
    if (kept == 0 || held_out->count == 0) {
        ql_token_text_free(held_out);
        return text_too_short("different lines", error);
    }
    text->count = kept;
    return QL_OK;
}
