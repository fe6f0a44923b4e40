// A text as token ids: see token_text.h. One cursor reads the symbols for both the scan and the load.
// Uses: base/{scratch_file,text_file}, corpus/{text_window,vocabulary}.
#include "corpus/token_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/scratch_file.h"
#include "base/text_file.h"
#include "corpus/text_window.h"

// A cut between training and validation moves to a line end within this distance, even if less is held out then.
enum { NEAR_SYMBOLS = 256 };

// A window with fewer bytes left is moved: a symbol has up to 4 bytes, and a line end up to 2.
enum { LEAST_BYTES = 8 };

struct text_cursor {
    struct ql_text_window window;
    const char *path;
    size_t position; // of the next byte
    size_t line;     // 1-based
    size_t start;    // of the line
    bool begun;      // a symbol was delivered
    bool ended;      // the final newline was delivered
    uint32_t symbol; // the last one that was delivered
};

// Opens the text at its beginning. Errors: those of ql_text_window_open; an empty file.
static enum ql_status text_cursor_open(struct text_cursor *cursor, const char *path, struct ql_error *error)
{
    *cursor = (struct text_cursor){.path = path, .line = 1, .symbol = '\n'};
    const enum ql_status status = ql_text_window_open(&cursor->window, path, error);
    if (status == QL_OK && cursor->window.file_bytes == 0) {
        ql_text_window_close(&cursor->window);
        return ql_error_write(error, QL_ERROR_INPUT, "%s: is empty", path);
    }
    cursor->position = cursor->start = cursor->window.mark_bytes;
    return status;
}

static enum ql_status no_text(const struct text_cursor *cursor, unsigned char byte, struct ql_error *error)
{
    const size_t column = cursor->position - cursor->start + 1;

    if (byte == 0) {
        return ql_error_write(
            error, QL_ERROR_INPUT,
            "%s:%zu:%zu: NUL byte: this is not a text, or it is in another encoding; `quillet prepare "
            "--encoding` converts it",
            cursor->path, cursor->line, column);
    }
    return ql_error_write(error, QL_ERROR_INPUT,
                          "%s:%zu:%zu: byte 0x%02x is not valid UTF-8; `quillet prepare --encoding` converts other "
                          "encodings",
                          cursor->path, cursor->line, column, byte);
}

// Delivers the next symbol; `ended` says that there was none left. A missing newline at the end is added. In the window
// of a long text, line ends of other systems become newlines here; in other texts they already are newlines.
static enum ql_status text_cursor_step(struct text_cursor *cursor, struct ql_error *error)
{
    struct ql_text_window *window = &cursor->window;
    size_t place = cursor->position - window->offset;

    if (window->size_bytes - place < LEAST_BYTES && !window->complete) {
        const enum ql_status status = ql_text_window_move(window, place, cursor->path, error);
        if (status != QL_OK) {
            return status;
        }
        place = 0;
    }
    const unsigned char *data = window->data + place;
    const size_t left = window->size_bytes - place;
    if (left == 0) {
        cursor->ended = cursor->symbol == '\n';
        cursor->symbol = '\n';
        return QL_OK;
    }
    if (cursor->begun && cursor->symbol == '\n') {
        cursor->line++;
        cursor->start = cursor->position;
    }
    cursor->begun = true;
    const size_t length = ql_utf8_decode(&cursor->symbol, data, left);
    if (length == 0 || cursor->symbol == 0) {
        return no_text(cursor, data[0], error);
    }
    cursor->position += length;
    if (cursor->symbol == '\r') {
        cursor->position += left > 1 && data[1] == '\n' ? 1 : 0;
        cursor->symbol = '\n';
    }
    return QL_OK;
}

enum ql_status ql_token_text_scan(struct ql_vocabulary *vocabulary, const char *path, struct ql_error *error)
{
    struct text_cursor cursor;
    uint64_t *seen = NULL; // one bit per code point
    uint32_t end = 0;      // one more than the largest code point seen
    enum ql_status status = text_cursor_open(&cursor, path, error);

    if (status != QL_OK) {
        return status;
    }
    vocabulary->count = 0;
    vocabulary->piece_count = 0;
    seen = calloc(0x110000 / 64, sizeof *seen);
    if (seen == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory", path);
        goto done;
    }
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
    ql_text_window_close(&cursor.window);
    return status;
}

// Makes room for the tokens around the bytes of a file in memory, which move to the end. No symbol is shorter than one
// byte, and no token is longer than two, so a token never overwrites a byte that is still to be read. The window no
// longer owns the bytes.
static uint16_t *take_room(struct ql_text_window *window)
{
    const size_t size = window->size_bytes;
    uint16_t *block = realloc(window->view.block, (size + 1) * sizeof *block);

    if (block != NULL) {
        unsigned char *bytes = (unsigned char *)block;
        memmove(bytes + size + 2, bytes, size);
        window->data = bytes + size + 2;
        window->view.block = NULL;
    }
    return block;
}

static enum ql_status unknown_symbol(const struct text_cursor *cursor, struct ql_error *error)
{
    unsigned char utf8[5] = {0};
    const bool control = cursor->symbol < ' ' || (cursor->symbol >= 0x7f && cursor->symbol < 0xa0);

    (void)ql_utf8_encode(utf8, cursor->symbol);
    return ql_error_write(error, QL_ERROR_INPUT,
                          "%s:%zu: the symbol '%s' (U+%04" PRIX32 ") is not in the model's vocabulary", cursor->path,
                          cursor->line, control ? "?" : (const char *)utf8, cursor->symbol);
}

// Reads all tokens, into memory or, if `text->tokens` is NULL, into the file, a few thousand at a time.
static enum ql_status read_tokens(struct ql_token_text *text, struct ql_scratch_file *file, struct text_cursor *cursor,
                                  const struct ql_vocabulary *vocabulary, struct ql_error *error)
{
    uint16_t part[4096];
    size_t filled = 0;
    enum ql_status status;

    while ((status = text_cursor_step(cursor, error)) == QL_OK && !cursor->ended) {
        const int token = ql_vocabulary_encode(vocabulary, cursor->symbol);
        if (token < 0) {
            return unknown_symbol(cursor, error);
        }
        if (text->tokens != NULL) {
            text->tokens[text->count++] = (uint16_t)token;
            continue;
        }
        part[filled++] = (uint16_t)token;
        if (filled == sizeof part / sizeof part[0]) {
            if ((status = ql_scratch_file_write(file, part, sizeof part, error)) != QL_OK) {
                return status;
            }
            text->count += filled;
            filled = 0;
        }
    }
    if (status == QL_OK && filled > 0) {
        status = ql_scratch_file_write(file, part, filled * sizeof part[0], error);
        text->count += filled;
    }
    return status;
}

// Maps the tokens from the file, which is then closed.
static enum ql_status map_tokens(struct ql_token_text *text, struct ql_scratch_file *file, struct ql_error *error)
{
    text->mapping_bytes = file->size_bytes;
    const enum ql_status status = ql_scratch_file_map(file, &text->mapping, error);
    text->mapped = status == QL_OK;
    text->tokens = text->mapping;
    return status;
}

enum ql_status ql_token_text_load(struct ql_token_text *text, const struct ql_vocabulary *vocabulary, const char *path,
                                  struct ql_error *error)
{
    struct text_cursor cursor;
    struct ql_scratch_file file = {.descriptor = -1};
    enum ql_status status = text_cursor_open(&cursor, path, error);

    *text = (struct ql_token_text){0};
    if (status != QL_OK) {
        return status;
    }
    if (!cursor.window.complete || cursor.window.descriptor >= 0) {
        status = ql_scratch_file_open(&file, error);
    } else if ((text->tokens = take_room(&cursor.window)) == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory", path);
    }
    if (status == QL_OK && (status = read_tokens(text, &file, &cursor, vocabulary, error)) == QL_OK &&
        file.descriptor >= 0) {
        status = map_tokens(text, &file, error);
    }
    ql_scratch_file_close(&file);
    ql_text_window_close(&cursor.window);
    if (status != QL_OK) {
        ql_token_text_free(text);
    }
    return status;
}

void ql_token_text_free(struct ql_token_text *text)
{
    if (!text->mapped) {
        free(text->tokens);
    } else if (text->mapping != NULL) {
        ql_scratch_memory_free(text->mapping, text->mapping_bytes);
    }
    *text = (struct ql_token_text){0};
}

void ql_token_text_rest(const struct ql_token_text *text)
{
    if (text->mapping != NULL) {
        ql_scratch_memory_rest(text->mapping, text->mapping_bytes);
    }
}

static enum ql_status text_too_short(const char *lines, struct ql_error *error)
{
    return ql_error_write(error, QL_ERROR_INPUT,
                          "the text has too few %s to hold out some of them; give more text, another "
                          "--validation-share, or a file with --validation",
                          lines);
}

// Return the position after the last `wanted` before `cut`, or 0 when there is none within `near` tokens.
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
    if (text->mapped) {
        *held_out = (struct ql_token_text){.tokens = text->tokens + cut, .count = text->count - cut, .mapped = true};
        text->count = cut;
        return QL_OK;
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
// It hashes symbols and not token ids, so a new symbol elsewhere in the text has no effect.
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

// Return the end of the line that begins at `start`, after its newline.
static size_t line_end(const struct ql_token_text *text, size_t start)
{
    const uint16_t newline = text->tokens[text->count - 1];

    while (text->tokens[start] != newline) {
        start++;
    }
    return start + 1;
}

// Moves the lines whose hash is below the limit: to the file of a long text, or to the end of `held_out`.
static enum ql_status move_lines(struct ql_token_text *text, struct ql_token_text *held_out,
                                 struct ql_scratch_file *file, uint64_t limit, const struct ql_vocabulary *vocabulary,
                                 struct ql_error *error)
{
    size_t kept = 0, rested = 0;

    for (size_t start = 0, end; start < text->count; start = end) {
        end = line_end(text, start);
        const uint16_t *line = text->tokens + start;
        const size_t size_bytes = (end - start) * sizeof line[0];
        if (text_line_hash(line, end - start - 1, vocabulary) >= limit) {
            memmove(text->tokens + kept, line, size_bytes);
            kept += end - start;
        } else {
            if (!text->mapped) {
                memcpy(held_out->tokens + held_out->count, line, size_bytes);
            } else if (ql_scratch_file_write(file, line, size_bytes, error) != QL_OK) {
                return error->status;
            }
            held_out->count += end - start;
        }
        if (end - rested >= QL_TOKEN_TEXT_REST_TOKENS) {
            ql_token_text_rest(text);
            rested = end;
        }
    }
    if (kept == 0 || held_out->count == 0) {
        return text_too_short("different lines", error);
    }
    text->count = kept;
    return QL_OK;
}

enum ql_status ql_token_text_divide_lines(struct ql_token_text *text, struct ql_token_text *held_out, double share,
                                          const struct ql_vocabulary *vocabulary, struct ql_error *error)
{
    const uint64_t limit = (uint64_t)(share * 18446744073709551615.0);
    struct ql_scratch_file file = {.descriptor = -1};
    enum ql_status status = QL_OK;

    *held_out = (struct ql_token_text){0};
    if (text->mapped) {
        status = ql_scratch_file_open(&file, error);
    } else if ((held_out->tokens = malloc(text->count * sizeof text->tokens[0])) == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
    }
    if (status == QL_OK && (status = move_lines(text, held_out, &file, limit, vocabulary, error)) == QL_OK &&
        text->mapped) {
        status = map_tokens(held_out, &file, error);
    }
    ql_scratch_file_close(&file);
    if (status != QL_OK) {
        ql_token_text_free(held_out);
    }
    return status;
}
