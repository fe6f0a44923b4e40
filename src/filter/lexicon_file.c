// The lexicon's file, and a lexicon for a vocabulary: see lexicon_file.h.
// Uses: base/{bytes,file}, corpus/text_buffer, device/lexicon.h, utf8proc.
#include "filter/lexicon_file.h"

#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "base/bytes.h"
#include "base/file.h"
#include "corpus/text_buffer.h"

static const char magic[] = "QLLEXICO";

enum { VERSION = 1, MAGIC_BYTES = 8, HEADER_WORDS = 4, HEADER_BYTES = MAGIC_BYTES + 4 * HEADER_WORDS };

static enum ql_status no_memory(struct ql_error *error)
{
    return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the lexicon");
}

void ql_lexicon_file_free(struct ql_lexicon_file *file)
{
    ql_word_graph_free(&file->graph);
    *file = (struct ql_lexicon_file){0};
}

// --- The file ---

static size_t file_bytes(uint32_t letter_count, uint32_t edge_count)
{
    return HEADER_BYTES + 4 * (size_t)letter_count + 3 * (size_t)edge_count + 4;
}

enum ql_status ql_lexicon_file_save(const struct ql_lexicon_file *file, const char *path, struct ql_error *error)
{
    const size_t size_bytes = file_bytes(file->letter_count, file->graph.edge_count);
    unsigned char *data = malloc(size_bytes);

    if (data == NULL) {
        return no_memory(error);
    }
    memcpy(data, magic, MAGIC_BYTES);
    unsigned char *place = ql_bytes_put_u32(data + MAGIC_BYTES, VERSION);
    place = ql_bytes_put_u32(place, file->word_count);
    place = ql_bytes_put_u32(place, file->letter_count);
    place = ql_bytes_put_u32(place, file->graph.edge_count);
    for (uint32_t k = 0; k < file->letter_count; k++) {
        place = ql_bytes_put_u32(place, file->letters[k]);
    }
    memcpy(place, file->graph.edges, 3 * (size_t)file->graph.edge_count);
    place += 3 * (size_t)file->graph.edge_count;
    (void)ql_bytes_put_u32(place, ql_bytes_checksum(data, size_bytes - 4));
    enum ql_status status = ql_file_save(path, data, size_bytes, error);
    free(data);
    return status;
}

static enum ql_status read_letters(struct ql_lexicon_file *file, const unsigned char *place, struct ql_error *error)
{
    for (uint32_t k = 0; k < file->letter_count; k++, place += 4) {
        uint32_t small;
        file->letters[k] = ql_bytes_get_u32(place);
        const uint8_t kind = ql_lexicon_kind(file->letters[k] < 0x110000 ? file->letters[k] : '\n', &small);
        const bool joins = small == '\'' || small == '-' || small == '.' || small == ',';
        if (k > 0 && (small != file->letters[k] || !(kind & QL_LEXICON_WORD || joins))) {
            return ql_error_write(error, QL_ERROR_INPUT, "letter %u of the lexicon cannot be part of a word",
                                  (unsigned)k);
        }
        for (uint32_t other = 0; other < k; other++) {
            if (file->letters[k] == file->letters[other]) {
                return ql_error_write(error, QL_ERROR_INPUT, "letter %u of the lexicon occurs twice", (unsigned)k);
            }
        }
    }
    const struct ql_lexicon lexicon = {.edges = file->graph.edges};
    for (uint32_t k = 1; k < file->graph.edge_count; k++) {
        if ((ql_lexicon_edge(&lexicon, k) & QL_LEXICON_LABEL) >= file->letter_count) {
            return ql_error_write(error, QL_ERROR_INPUT, "edge %u of the lexicon has no letter", (unsigned)k);
        }
    }
    return QL_OK;
}

static enum ql_status read_file(struct ql_lexicon_file *file, const unsigned char *data, size_t size_bytes,
                                struct ql_error *error)
{
    uint32_t header[HEADER_WORDS];
    enum ql_status status;

    if (size_bytes < HEADER_BYTES || memcmp(data, magic, MAGIC_BYTES) != 0) {
        return ql_error_write(error, QL_ERROR_INPUT, "is not a lexicon; `quillet lexicon --output FILE.qlx` makes one");
    }
    for (int k = 0; k < HEADER_WORDS; k++) {
        header[k] = ql_bytes_get_u32(data + MAGIC_BYTES + 4 * k);
    }
    if (header[0] != VERSION) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "has version %u of the format, and this program reads version %d; compile it again",
                              (unsigned)header[0], VERSION);
    }
    if (header[2] == 0 || header[2] > QL_LEXICON_NO_LABEL || header[3] == 0 || header[3] > QL_WORD_GRAPH_EDGE_LIMIT ||
        file_bytes(header[2], header[3]) != size_bytes ||
        ql_bytes_get_u32(data + size_bytes - 4) != ql_bytes_checksum(data, size_bytes - 4)) {
        return ql_error_write(error, QL_ERROR_INPUT, "the lexicon is damaged or cut short; compile it again");
    }
    file->word_count = header[1];
    file->letter_count = header[2];
    file->graph.edge_count = header[3];
    file->graph.edges = malloc(3 * (size_t)header[3]);
    if (file->graph.edges == NULL) {
        return no_memory(error);
    }
    memcpy(file->graph.edges, data + HEADER_BYTES + 4 * (size_t)header[2], 3 * (size_t)header[3]);
    if ((status = ql_word_graph_check(&file->graph, error)) != QL_OK) {
        return status;
    }
    return read_letters(file, data + HEADER_BYTES, error);
}

enum ql_status ql_lexicon_file_read(struct ql_lexicon_file *file, const void *data, size_t size_bytes, const char *path,
                                    struct ql_error *error)
{
    *file = (struct ql_lexicon_file){0};
    if (read_file(file, data, size_bytes, error) == QL_OK) {
        return QL_OK;
    }
    ql_lexicon_file_free(file);
    return ql_error_prefix(error, "%s: ", path);
}

enum ql_status ql_lexicon_file_load(struct ql_lexicon_file *file, const char *path, struct ql_error *error)
{
    struct ql_file_view view;
    enum ql_status status = ql_file_open(&view, path, error);

    *file = (struct ql_lexicon_file){0};
    if (status == QL_OK) {
        status = ql_lexicon_file_read(file, view.data, view.size_bytes, path, error);
        ql_file_close(&view);
    }
    return status;
}

// --- Symbols ---

static bool is_one_of(uint32_t symbol, const uint32_t *list)
{
    for (; *list != 0; list++) {
        if (symbol == *list) {
            return true;
        }
    }
    return false;
}

uint8_t ql_lexicon_kind(uint32_t symbol, uint32_t *small)
{
    static const uint32_t spaces[] = {' ', '\t', 0xa0, 0};
    static const uint32_t stops[] = {'.', '!', '?', ':', 0x2026, 0};
    static const uint32_t marks[] = {'"',    '\'',   '(',    ')',    '[',  ']',  '{',    '}',    0x2018, 0x2019,
                                     0x201a, 0x201c, 0x201d, 0x201e, 0xab, 0xbb, 0x2039, 0x203a, 0};

    *small = symbol;
    if (symbol == '\n') {
        return QL_LEXICON_END;
    }
    const utf8proc_category_t category = utf8proc_category((int32_t)symbol);
    if (ql_symbol_is_letter((int32_t)symbol) || ql_symbol_is_digit((int32_t)symbol) ||
        category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME) {
        *small = (uint32_t)utf8proc_tolower((int32_t)symbol);
        return (uint8_t)(QL_LEXICON_WORD | (*small != symbol ? QL_LEXICON_UPPER : 0));
    }
    if (symbol == 0x2019) {
        *small = '\'';
    } else if (symbol == 0x2010 || symbol == 0x2011) {
        *small = '-';
    }
    return is_one_of(symbol, spaces)  ? QL_LEXICON_SPACE
           : is_one_of(symbol, stops) ? QL_LEXICON_STOP
           : is_one_of(symbol, marks) ? QL_LEXICON_MARK
                                      : 0;
}

int ql_lexicon_joins(uint32_t left, uint32_t symbol, uint32_t right)
{
    uint32_t small, ignored;

    if (!(ql_lexicon_kind(left, &ignored) & QL_LEXICON_WORD) || !(ql_lexicon_kind(right, &ignored) & QL_LEXICON_WORD)) {
        return 0;
    }
    (void)ql_lexicon_kind(symbol, &small);
    return small == '\'' || small == '-' || small == '.' ||
           (small == ',' && ql_symbol_is_digit((int32_t)left) && ql_symbol_is_digit((int32_t)right));
}

// --- A vocabulary ---

void ql_lexicon_binding_free(struct ql_lexicon_binding *binding)
{
    free(binding->labels);
    free(binding->kinds);
    free(binding->rests);
    free(binding->rest_begins);
    *binding = (struct ql_lexicon_binding){0};
}

static void bind_symbol(struct ql_lexicon_binding *binding, const struct ql_lexicon_file *file, int v, uint32_t symbol)
{
    uint32_t small;

    binding->kinds[v] = ql_lexicon_kind(symbol, &small);
    binding->labels[v] = QL_LEXICON_NO_LABEL;
    for (uint32_t k = 1; k < file->letter_count; k++) {
        if (file->letters[k] == small) {
            binding->labels[v] = (uint8_t)k;
        }
    }
}

// Returns whether each edge that the vocabulary can take leads to the end of a word. Nodes come after those that they
// lead to, so one pass over the edges is enough. `alive` has an entry for each edge, which tells this for the node that
// begins there. [0] of `has` is for small letters, [1] for capitals.
static bool every_way_ends(const struct ql_lexicon_file *file, bool has[2][QL_LEXICON_NO_LABEL], bool *alive,
                           bool *alive_capital, uint32_t *lost)
{
    const struct ql_lexicon lexicon = {.edges = file->graph.edges};
    const uint32_t root = ql_lexicon_edge(&lexicon, 0) >> QL_LEXICON_GOAL_SHIFT;
    uint32_t first = 1;
    bool good = true;

    for (uint32_t k = 1; k < file->graph.edge_count; k++) {
        const uint32_t edge = ql_lexicon_edge(&lexicon, k), label = edge & QL_LEXICON_LABEL;
        const uint32_t goal = edge >> QL_LEXICON_GOAL_SHIFT;
        // A node is reached after a letter, or after a capital's mark; then its letters are capitals.
        for (int upper = 0; upper < 2; upper++) {
            bool *ends = upper ? alive_capital : alive;
            // The first letter of a lower-case word may be a capital.
            const bool letter = has[upper][label] || (first == root && has[1][label]);
            const bool takes = label == QL_LEXICON_CAPITAL ? !upper && alive_capital[goal] : letter;
            const bool ends_here = (edge & QL_LEXICON_ENDING) != 0 || (label != QL_LEXICON_CAPITAL && alive[goal]);
            const bool reaches = label == QL_LEXICON_CAPITAL || ends_here;
            if (takes && !reaches) {
                good = false;
                *lost = label;
            }
            ends[first] = ends[first] || (takes && reaches);
        }
        first = edge & QL_LEXICON_LAST ? k + 1 : first;
    }
    return good;
}

static enum ql_status check_binding(const struct ql_lexicon_binding *binding, const struct ql_lexicon_file *file,
                                    struct ql_error *error)
{
    bool has[2][QL_LEXICON_NO_LABEL] = {{false}}, ends = false;
    const size_t room = file->graph.edge_count + (size_t)1;
    bool *alive = calloc(2 * room, sizeof *alive);
    uint32_t lost = 0;

    if (alive == NULL) {
        return no_memory(error);
    }
    for (int v = 0; v < binding->lexicon.V; v++) {
        ends = ends || (binding->kinds[v] & (QL_LEXICON_SPACE | QL_LEXICON_END)) != 0;
        if (binding->labels[v] != QL_LEXICON_NO_LABEL) {
            has[(binding->kinds[v] & QL_LEXICON_UPPER) != 0][binding->labels[v]] = true;
        }
    }
    const bool good = every_way_ends(file, has, alive, alive + room, &lost);
    free(alive);
    if (!ends) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the model's vocabulary has neither a space nor a newline, so "
                              "no word could end; leave out the lexicon");
    }
    if (!good) {
        char letter[5] = "";
        (void)utf8proc_encode_char((int32_t)file->letters[lost], (utf8proc_uint8_t *)letter);
        return ql_error_write(error, QL_ERROR_INPUT,
                              "after '%s' some words go on only with letters that the model's vocabulary lacks; "
                              "compile the lexicon again with --text, the text that the model was trained on",
                              letter);
    }
    return QL_OK;
}

enum ql_status ql_lexicon_binding_init(struct ql_lexicon_binding *binding, const struct ql_lexicon_file *file,
                                       const uint32_t *symbols, int count, struct ql_error *error)
{
    const size_t V = (size_t)count + 1;

    *binding = (struct ql_lexicon_binding){.labels = malloc(V), .kinds = malloc(V)};
    if (binding->labels == NULL || binding->kinds == NULL) {
        ql_lexicon_binding_free(binding);
        return no_memory(error);
    }
    for (int v = 0; v < count; v++) {
        bind_symbol(binding, file, v, symbols[v]);
    }
    binding->lexicon = (struct ql_lexicon){.edges = file->graph.edges,
                                           .labels = binding->labels,
                                           .kinds = binding->kinds,
                                           .V = count,
                                           .characters = count};
    const enum ql_status status = check_binding(binding, file, error);
    if (status != QL_OK) {
        ql_lexicon_binding_free(binding);
    }
    return status;
}

// The token of a symbol in a piece: it exists, since a piece joins two tokens.
static uint16_t find_token(const struct ql_vocabulary *vocabulary, int characters, uint32_t symbol)
{
    int token = 0;

    while (token < characters - 1 && vocabulary->symbols[token] != symbol) {
        token++;
    }
    return (uint16_t)token;
}

enum ql_status ql_lexicon_binding_init_vocabulary(struct ql_lexicon_binding *binding,
                                                  const struct ql_lexicon_file *file,
                                                  const struct ql_vocabulary *vocabulary, struct ql_error *error)
{
    const int characters = vocabulary->count - vocabulary->piece_count;
    const size_t pieces = (size_t)vocabulary->piece_count;
    uint16_t end = 0;
    enum ql_status status = ql_lexicon_binding_init(binding, file, vocabulary->symbols, characters, error);

    if (status != QL_OK || pieces == 0) {
        return status;
    }
    uint8_t *labels = realloc(binding->labels, (size_t)vocabulary->count);
    binding->labels = labels == NULL ? binding->labels : labels;
    uint8_t *kinds = realloc(binding->kinds, (size_t)vocabulary->count);
    binding->kinds = kinds == NULL ? binding->kinds : kinds;
    binding->rests = malloc(pieces * QL_PIECE_SYMBOLS * sizeof binding->rests[0]);
    binding->rest_begins = malloc((pieces + 1) * sizeof binding->rest_begins[0]);
    if (labels == NULL || kinds == NULL || binding->rests == NULL || binding->rest_begins == NULL) {
        ql_lexicon_binding_free(binding);
        return no_memory(error);
    }
    binding->rest_begins[0] = 0;
    for (int v = characters; v < vocabulary->count; v++) {
        int length;
        const uint32_t *symbols = ql_vocabulary_spell(vocabulary, v, &length);
        const uint16_t first = find_token(vocabulary, characters, symbols[0]);
        labels[v] = labels[first];
        kinds[v] = kinds[first];
        for (int k = 1; k < length; k++) {
            binding->rests[end++] = find_token(vocabulary, characters, symbols[k]);
        }
        binding->rest_begins[v - characters + 1] = end;
    }
    binding->lexicon = (struct ql_lexicon){.edges = file->graph.edges,
                                           .labels = labels,
                                           .kinds = kinds,
                                           .V = vocabulary->count,
                                           .characters = characters,
                                           .rests = binding->rests,
                                           .rest_begins = binding->rest_begins};
    return QL_OK;
}

size_t ql_lexicon_bytes(const struct ql_lexicon_file *file, int V)
{
    return 3 * (size_t)file->graph.edge_count + 2 * (size_t)V;
}
