// Pieces: see pieces.h. A text is encoded chunk by chunk: no piece extends across the left side of a space or a line
// end. Within a chunk, pairs wait in a heap, ordered by the rank of their piece and then by position. A piece's parts
// come before it, so pairs that a join creates have higher ranks, and the heap's order is that of applying the pieces
// one by one.
#include "corpus/pieces.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NONE = -1 };

bool ql_piece_is_space(uint32_t symbol)
{
    return symbol == '\t' || symbol == ' ' || symbol == 0xa0 || symbol == 0x1680 ||
           (symbol >= 0x2000 && symbol <= 0x200a) || symbol == 0x202f || symbol == 0x205f || symbol == 0x3000;
}

bool ql_piece_is_line_end(uint32_t symbol)
{
    return (symbol >= '\n' && symbol <= '\r') || symbol == 0x85 || symbol == 0x2028 || symbol == 0x2029;
}

// --- Reading and writing ---

static int find_symbol(const struct ql_vocabulary *vocabulary, uint32_t symbol)
{
    const int count = vocabulary->count - vocabulary->piece_count;

    for (int token = 0; token < count; token++) {
        if (vocabulary->symbols[token] == symbol) {
            return token;
        }
    }
    return NONE;
}

static int find_pair(const struct ql_vocabulary *vocabulary, int left, int right)
{
    for (int k = 0; k < vocabulary->piece_count; k++) {
        if (vocabulary->pieces[k].left == left && vocabulary->pieces[k].right == right) {
            return k;
        }
    }
    return NONE;
}

// Encodes a few tokens without any table. Returns how many are left.
static int encode_short(int *tokens, int count, const struct ql_vocabulary *vocabulary)
{
    const int first_piece = vocabulary->count - vocabulary->piece_count;

    for (;;) {
        int best = NONE, place = 0;
        for (int i = 0; i + 1 < count; i++) {
            const int piece = find_pair(vocabulary, tokens[i], tokens[i + 1]);
            if (piece != NONE && (best == NONE || piece < best)) {
                best = piece;
                place = i;
            }
        }
        if (best == NONE) {
            return count;
        }
        tokens[place] = first_piece + best;
        count--;
        memmove(&tokens[place + 1], &tokens[place + 2], (size_t)(count - place - 1) * sizeof tokens[0]);
    }
}

static bool piece_is_there(const struct ql_vocabulary *vocabulary, const uint32_t *symbols, size_t length)
{
    for (int k = 0; k < vocabulary->piece_count; k++) {
        const struct ql_piece *piece = &vocabulary->pieces[k];
        if (piece->length == length && memcmp(piece->symbols, symbols, length * sizeof symbols[0]) == 0) {
            return true;
        }
    }
    return false;
}

enum ql_status ql_piece_add(struct ql_vocabulary *vocabulary, const uint32_t *symbols, size_t length,
                            struct ql_error *error)
{
    const int number = vocabulary->piece_count + 1;
    int tokens[QL_PIECE_SYMBOLS];

    if (number > QL_PIECE_LIMIT || vocabulary->count == QL_VOCABULARY_LIMIT) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the vocabulary has more than %d pieces of several symbols, or more than %d tokens",
                              QL_PIECE_LIMIT, QL_VOCABULARY_LIMIT);
    }
    if (length < 2 || length > QL_PIECE_SYMBOLS) {
        return ql_error_write(error, QL_ERROR_INPUT, "piece %d has %zu symbols; it must have from 2 to %d", number,
                              length, QL_PIECE_SYMBOLS);
    }
    for (size_t i = 0; i < length; i++) {
        tokens[i] = find_symbol(vocabulary, symbols[i]);
        if (tokens[i] == NONE) {
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "piece %d has the symbol U+%04" PRIX32 ", which is not a token by itself", number,
                                  symbols[i]);
        }
        if (ql_piece_is_line_end(symbols[i]) || (i > 0 && ql_piece_is_space(symbols[i]))) {
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "piece %d has a line end, or a space that is not its first symbol", number);
        }
    }
    if (piece_is_there(vocabulary, symbols, length)) {
        return ql_error_write(error, QL_ERROR_INPUT, "piece %d occurs twice", number);
    }
    if (encode_short(tokens, (int)length, vocabulary) != 2) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "piece %d does not consist of two tokens that come before it; pieces must stand in the "
                              "order in which they were learned",
                              number);
    }
    struct ql_piece *piece = &vocabulary->pieces[vocabulary->piece_count++];
    *piece = (struct ql_piece){.left = (uint16_t)tokens[0], .right = (uint16_t)tokens[1], .length = (uint16_t)length};
    memcpy(piece->symbols, symbols, length * sizeof symbols[0]);
    vocabulary->symbols[vocabulary->count++] = QL_NO_SYMBOL;
    return QL_OK;
}

enum ql_status ql_piece_read(struct ql_vocabulary *vocabulary, const char *utf8, size_t size_bytes,
                             struct ql_error *error)
{
    uint32_t symbols[QL_PIECE_SYMBOLS + 1];
    size_t length = 0;

    for (size_t place = 0; place < size_bytes && length <= QL_PIECE_SYMBOLS; length++) {
        const size_t used = ql_utf8_decode(&symbols[length], (const unsigned char *)utf8 + place, size_bytes - place);
        if (used == 0) {
            return ql_error_write(error, QL_ERROR_INPUT, "piece %d is not valid UTF-8", vocabulary->piece_count + 1);
        }
        place += used;
    }
    return ql_piece_add(vocabulary, symbols, length, error);
}

enum ql_status ql_pieces_read(struct ql_vocabulary *vocabulary, const char *text, struct ql_error *error)
{
    enum ql_status status = QL_OK;

    while (*text != '\0' && status == QL_OK) {
        const size_t length = strcspn(text, "\n");
        status = ql_piece_read(vocabulary, text, length, error);
        text += length + (text[length] == '\n');
    }
    return status;
}

char *ql_pieces_write(const struct ql_vocabulary *vocabulary)
{
    char *text = malloc((size_t)vocabulary->piece_count * (QL_TOKEN_BYTES + 1) + 1);
    size_t size = 0;

    if (text == NULL) {
        return NULL;
    }
    for (int k = 0; k < vocabulary->piece_count; k++) {
        const int token = vocabulary->count - vocabulary->piece_count + k;
        size += ql_vocabulary_write_token(vocabulary, token, text + size);
        text[size++] = '\n';
    }
    text[size == 0 ? 0 : size - 1] = '\0';
    return text;
}

// --- Encoding ---

// A pair that may be joined: `order` is the rank of its piece above, the place of its left token below.
struct encoder {
    const struct ql_vocabulary *vocabulary;
    uint32_t *slots; // (slot_count) hash table of the pairs: index of the piece + 1
    size_t slot_mask;
    int32_t *tokens;           // of the chunk, -1 for one that was joined to the token on its left
    uint32_t *before, *behind; // the places of a token's neighbors
    uint64_t *heap;            // waiting pairs
    size_t heap_count;
};

static size_t pair_slot(int left, int right)
{
    return ((uint32_t)left << 16 | (uint32_t)right) * 2654435761u >> 7;
}

static int encoder_find(const struct encoder *encoder, int left, int right)
{
    for (size_t slot = pair_slot(left, right);; slot++) {
        const uint32_t entry = encoder->slots[slot & encoder->slot_mask];
        if (entry == 0) {
            return NONE;
        }
        const struct ql_piece *piece = &encoder->vocabulary->pieces[entry - 1];
        if (piece->left == left && piece->right == right) {
            return (int)entry - 1;
        }
    }
}

static void encoder_close(struct encoder *encoder)
{
    free(encoder->slots);
    free(encoder->tokens);
    free(encoder->before);
    free(encoder->behind);
    free(encoder->heap);
}

static bool encoder_open(struct encoder *encoder, const struct ql_vocabulary *vocabulary, size_t longest)
{
    enum { SLOTS = 4 * QL_PIECE_LIMIT };

    *encoder = (struct encoder){.vocabulary = vocabulary,
                                .slots = calloc(SLOTS, sizeof encoder->slots[0]),
                                .slot_mask = SLOTS - 1,
                                .tokens = malloc(longest * sizeof encoder->tokens[0]),
                                .before = malloc(longest * sizeof encoder->before[0]),
                                .behind = malloc(longest * sizeof encoder->behind[0]),
                                .heap = malloc(3 * longest * sizeof encoder->heap[0])};
    if (encoder->slots == NULL || encoder->tokens == NULL || encoder->before == NULL || encoder->behind == NULL ||
        encoder->heap == NULL) {
        return false;
    }
    for (int k = 0; k < vocabulary->piece_count; k++) {
        size_t slot = pair_slot(vocabulary->pieces[k].left, vocabulary->pieces[k].right);
        while (encoder->slots[slot & encoder->slot_mask] != 0) {
            slot++;
        }
        encoder->slots[slot & encoder->slot_mask] = (uint32_t)k + 1;
    }
    return true;
}

static void heap_add(struct encoder *encoder, uint64_t order)
{
    size_t place = encoder->heap_count++;

    for (; place > 0 && encoder->heap[(place - 1) / 2] > order; place = (place - 1) / 2) {
        encoder->heap[place] = encoder->heap[(place - 1) / 2];
    }
    encoder->heap[place] = order;
}

static uint64_t heap_take(struct encoder *encoder)
{
    const uint64_t first = encoder->heap[0], last = encoder->heap[--encoder->heap_count];
    size_t place = 0;

    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= encoder->heap_count) {
            break;
        }
        child += child + 1 < encoder->heap_count && encoder->heap[child + 1] < encoder->heap[child];
        if (encoder->heap[child] >= last) {
            break;
        }
        encoder->heap[place] = encoder->heap[child];
        place = child;
    }
    encoder->heap[place] = last;
    return first;
}

static void add_pair(struct encoder *encoder, size_t place, size_t size)
{
    const size_t right = encoder->behind[place];

    if (right < size) {
        const int piece = encoder_find(encoder, encoder->tokens[place], encoder->tokens[right]);
        if (piece != NONE) {
            heap_add(encoder, (uint64_t)piece << 32 | place);
        }
    }
}

// Encodes one chunk to `out`, which may be `chunk`. Returns the number of tokens. The heap gets at most size - 1 pairs at
// the start, and two for each of at most size - 1 joins.
static size_t encode_chunk(struct encoder *encoder, uint16_t *out, const uint16_t *chunk, size_t size)
{
    const int first_piece = encoder->vocabulary->count - encoder->vocabulary->piece_count;
    size_t count = 0;

    for (size_t i = 0; i < size; i++) {
        encoder->tokens[i] = chunk[i];
        encoder->before[i] = (uint32_t)i - 1; // no valid position for the first one
        encoder->behind[i] = (uint32_t)i + 1;
    }
    for (size_t i = 0; i < size; i++) {
        add_pair(encoder, i, size);
    }
    while (encoder->heap_count > 0) {
        const uint64_t order = heap_take(encoder);
        const size_t place = (uint32_t)order, right = encoder->behind[place];
        const struct ql_piece *piece = &encoder->vocabulary->pieces[order >> 32];
        if (encoder->tokens[place] != piece->left || right >= size || encoder->tokens[right] != piece->right) {
            continue; // one of the two has been joined to another token
        }
        encoder->tokens[place] = first_piece + (int)(order >> 32);
        encoder->tokens[right] = NONE;
        encoder->behind[place] = encoder->behind[right];
        if (encoder->behind[place] < size) {
            encoder->before[encoder->behind[place]] = (uint32_t)place;
        }
        if (encoder->before[place] < size) {
            add_pair(encoder, encoder->before[place], size);
        }
        add_pair(encoder, place, size);
    }
    for (size_t i = 0; i < size; i++) {
        if (encoder->tokens[i] != NONE) {
            out[count++] = (uint16_t)encoder->tokens[i];
        }
    }
    return count;
}

// Returns the end of the chunk that begins at `start`.
static size_t chunk_end(const uint16_t *tokens, size_t count, size_t start, const struct ql_vocabulary *vocabulary)
{
    size_t end = start + 1;

    while (end < count && !ql_piece_is_space(vocabulary->symbols[tokens[end]]) &&
           !ql_piece_is_line_end(vocabulary->symbols[tokens[end]])) {
        end++;
    }
    return end;
}

enum ql_status ql_pieces_encode(uint16_t *tokens, size_t *count, const struct ql_vocabulary *vocabulary,
                                struct ql_error *error)
{
    struct encoder encoder = {0};
    size_t longest = 1, out = 0;

    if (vocabulary->piece_count == 0) {
        return QL_OK;
    }
    for (size_t start = 0, end; start < *count; start = end) {
        end = chunk_end(tokens, *count, start, vocabulary);
        longest = end - start > longest ? end - start : longest;
    }
    if (longest >= UINT32_MAX || !encoder_open(&encoder, vocabulary, longest)) {
        encoder_close(&encoder);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to encode the text");
    }
    for (size_t start = 0, end; start < *count; start = end) {
        end = chunk_end(tokens, *count, start, vocabulary);
        out += encode_chunk(&encoder, tokens + out, tokens + start, end - start);
    }
    *count = out;
    encoder_close(&encoder);
    return QL_OK;
}
