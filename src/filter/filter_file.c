// The filter's file, and a filter for a vocabulary: see filter_file.h.
// Uses: base/{bytes,file}, device/filter.h, filter/fold.
#include "filter/filter_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "filter/fold.h"

static const char magic[] = "QLFILTER";

enum {
    VERSION = 2,
    MAGIC_BYTES = 8,
    HEADER_WORDS = 6, // version, edges, ranges, block, seed, items
    HEADER_BYTES = MAGIC_BYTES + 4 * HEADER_WORDS,
    RANGE_LIMIT = 100000,
};

static enum ql_status no_memory(struct ql_error *error)
{
    return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the filter");
}

// The key of a symbol in no range.
static uint16_t own_key(uint32_t symbol)
{
    return (uint16_t)((symbol & 0x7fffu) | 0x8000u);
}

static bool label_is_key(uint8_t label, uint8_t kind)
{
    return kind == 0 && label < QL_FOLD_LABELS;
}

// The range that consists of this symbol. One without a label, kind and shift reads as symbols in no range do.
static struct ql_filter_range range_of(const struct ql_fold_letters *letters, uint32_t symbol)
{
    const struct ql_fold fold = ql_fold_symbol_in(letters, symbol);
    const uint16_t key = ql_fold_key(letters, symbol, fold);
    const bool plain = fold.label == QL_FILTER_NO_LABEL && fold.kind == 0 && key == own_key(symbol);
    const bool shifted = key != 0 && !plain && !label_is_key(fold.label, fold.kind);

    return (struct ql_filter_range){symbol, symbol, fold.label, fold.kind, (uint16_t)(shifted ? key - symbol : 0)};
}

static bool reads_alike(const struct ql_filter_range *a, const struct ql_filter_range *b)
{
    return a->label == b->label && a->kind == b->kind && a->key_shift == b->key_shift;
}

// The readings of all symbols, as ranges.
static enum ql_status write_ranges(struct ql_filter_file *file, const struct ql_fold_letters *letters,
                                   struct ql_error *error)
{
    static const struct ql_filter_range outside = {.label = QL_FILTER_NO_LABEL};
    struct ql_filter_range now = outside;
    size_t capacity = 0;

    for (uint32_t symbol = 0; symbol <= QL_FOLD_INVISIBLE_LAST + 1; symbol++) {
        if (symbol == QL_FOLD_SYMBOL_LIMIT + 1) {
            symbol = QL_FOLD_INVISIBLE_FIRST; // all between the two read as that limit
        }
        const struct ql_filter_range next = range_of(letters, symbol);
        if (reads_alike(&next, &now)) {
            now.last = symbol;
            continue;
        }
        if (!reads_alike(&now, &outside)) {
            if (file->range_count == capacity) {
                capacity = 2 * capacity + 1024;
                struct ql_filter_range *larger = realloc(file->ranges, capacity * sizeof *larger);
                if (larger == NULL) {
                    return no_memory(error);
                }
                file->ranges = larger;
            }
            file->ranges[file->range_count++] = now;
        }
        now = next;
    }
    return QL_OK;
}

enum ql_status ql_filter_file_init(struct ql_filter_file *file, const struct ql_listing *listing,
                                   struct ql_item_keys *keys, struct ql_error *error)
{
    enum ql_status status;

    *file = (struct ql_filter_file){0};
    if ((status = ql_automaton_init(&file->automaton, listing, error)) != QL_OK ||
        (status = write_ranges(file, &listing->letters, error)) != QL_OK ||
        (status = ql_fingerprint_set_init(&file->items, keys, error)) != QL_OK) {
        ql_filter_file_free(file);
    }
    return status;
}

void ql_filter_file_free(struct ql_filter_file *file)
{
    ql_automaton_free(&file->automaton);
    ql_fingerprint_set_free(&file->items);
    free(file->ranges);
    *file = (struct ql_filter_file){0};
}

static size_t file_bytes(uint32_t edge_count, uint32_t range_count, uint32_t block)
{
    return HEADER_BYTES + 4 * (size_t)edge_count + 12 * (size_t)range_count + 3 * (size_t)block + 4;
}

enum ql_status ql_filter_file_save(const struct ql_filter_file *file, const char *path, struct ql_error *error)
{
    const size_t size_bytes = file_bytes(file->automaton.edge_count, file->range_count, file->items.block);
    unsigned char *data = malloc(size_bytes);

    if (data == NULL) {
        return no_memory(error);
    }
    memcpy(data, magic, MAGIC_BYTES);
    unsigned char *place = data + MAGIC_BYTES;
    place = ql_bytes_put_u32(place, VERSION);
    place = ql_bytes_put_u32(place, file->automaton.edge_count);
    place = ql_bytes_put_u32(place, file->range_count);
    place = ql_bytes_put_u32(place, file->items.block);
    place = ql_bytes_put_u32(place, file->items.seed);
    place = ql_bytes_put_u32(place, file->items.item_count);
    for (uint32_t k = 0; k < file->automaton.edge_count; k++) {
        place = ql_bytes_put_u32(place, file->automaton.edges[k]);
    }
    for (uint32_t k = 0; k < file->range_count; k++) {
        place = ql_bytes_put_u32(place, file->ranges[k].first);
        place = ql_bytes_put_u32(place, file->ranges[k].last);
        place = ql_bytes_put_u32(place, file->ranges[k].label | (uint32_t)file->ranges[k].kind << 8 |
                                            (uint32_t)file->ranges[k].key_shift << 16);
    }
    if (file->items.block > 0) {
        memcpy(place, file->items.fingerprints, 3 * (size_t)file->items.block);
        place += 3 * (size_t)file->items.block;
    }
    (void)ql_bytes_put_u32(place, ql_bytes_checksum(data, size_bytes - 4));
    enum ql_status status = ql_file_save(path, data, size_bytes, error);
    free(data);
    return status;
}

static enum ql_status read_ranges(struct ql_filter_file *file, const unsigned char *place, uint32_t count,
                                  struct ql_error *error)
{
    const uint32_t label_count = ql_automaton_label_count(&file->automaton);

    file->ranges = malloc((count + 1) * sizeof *file->ranges);
    if (file->ranges == NULL) {
        return no_memory(error);
    }
    for (uint32_t k = 0; k < count; k++, place += 12) {
        const uint32_t first = ql_bytes_get_u32(place), last = ql_bytes_get_u32(place + 4),
                       class = ql_bytes_get_u32(place + 8);
        const uint32_t label = class & 255u, kind = class >> 8 & 255u;
        if (first > last || (k > 0 && first <= file->ranges[k - 1].last) || kind > 31 ||
            (label >= label_count && label != QL_FILTER_NO_LABEL) || label == QL_FILTER_GAP) {
            return ql_error_write(error, QL_ERROR_INPUT, "the table of symbols is damaged at its line %u", (unsigned)k);
        }
        file->ranges[k] = (struct ql_filter_range){first, last, (uint8_t)label, (uint8_t)kind, (uint16_t)(class >> 16)};
    }
    file->range_count = count;
    return QL_OK;
}

static enum ql_status read_file(struct ql_filter_file *file, const unsigned char *data, size_t size_bytes,
                                struct ql_error *error)
{
    uint32_t header[HEADER_WORDS];
    enum ql_status status;

    if (size_bytes < HEADER_BYTES || memcmp(data, magic, MAGIC_BYTES) != 0) {
        return ql_error_write(error, QL_ERROR_INPUT, "is not a filter; `quillet filter --output FILE.qlf` makes one");
    }
    for (int k = 0; k < HEADER_WORDS; k++) {
        header[k] = ql_bytes_get_u32(data + MAGIC_BYTES + 4 * k);
    }
    if (header[0] != VERSION) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "has version %u of the format, and this program reads version %d; "
                              "compile the list again",
                              (unsigned)header[0], VERSION);
    }
    if (header[1] > QL_AUTOMATON_EDGE_LIMIT || header[2] > RANGE_LIMIT || header[3] > QL_FINGERPRINT_LIMIT ||
        file_bytes(header[1], header[2], header[3]) != size_bytes ||
        ql_bytes_get_u32(data + size_bytes - 4) != ql_bytes_checksum(data, size_bytes - 4)) {
        return ql_error_write(error, QL_ERROR_INPUT, "the filter is damaged or cut short; compile the list again");
    }
    const unsigned char *place = data + HEADER_BYTES;
    file->automaton.edge_count = header[1];
    file->automaton.edges = malloc((header[1] + (size_t)1) * sizeof file->automaton.edges[0]);
    file->items = (struct ql_fingerprint_set){.block = header[3], .seed = header[4], .item_count = header[5]};
    file->items.fingerprints = malloc(3 * (size_t)header[3] + 1);
    if (file->automaton.edges == NULL || file->items.fingerprints == NULL) {
        return no_memory(error);
    }
    for (uint32_t k = 0; k < header[1]; k++, place += 4) {
        file->automaton.edges[k] = ql_bytes_get_u32(place);
    }
    if ((status = ql_automaton_check(&file->automaton, error)) != QL_OK ||
        (status = ql_automaton_measure(&file->automaton, error)) != QL_OK ||
        (status = read_ranges(file, place, header[2], error)) != QL_OK) {
        return status;
    }
    memcpy(file->items.fingerprints, place + 12 * (size_t)header[2], 3 * (size_t)header[3]);
    return QL_OK;
}

enum ql_status ql_filter_file_read(struct ql_filter_file *file, const void *data, size_t size_bytes, const char *path,
                                   struct ql_error *error)
{
    *file = (struct ql_filter_file){0};
    if (read_file(file, data, size_bytes, error) == QL_OK) {
        return QL_OK;
    }
    ql_filter_file_free(file);
    return ql_error_prefix(error, "%s: ", path);
}

enum ql_status ql_filter_file_load(struct ql_filter_file *file, const char *path, struct ql_error *error)
{
    struct ql_file_view view;
    enum ql_status status = ql_file_open(&view, path, error);

    *file = (struct ql_filter_file){0};
    if (status == QL_OK) {
        status = ql_filter_file_read(file, view.data, view.size_bytes, path, error);
        ql_file_close(&view);
    }
    return status;
}

// The range of a symbol; NULL if it is in none.
static const struct ql_filter_range *find_range(const struct ql_filter_file *file, uint32_t symbol)
{
    uint32_t low = 0, high = file->range_count;

    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (symbol > file->ranges[middle].last) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < file->range_count && symbol >= file->ranges[low].first ? &file->ranges[low] : NULL;
}

static uint16_t key_in(const struct ql_filter_range *range, uint32_t symbol)
{
    if (label_is_key(range->label, range->kind)) {
        return (uint16_t)(range->label + 'a');
    }
    return range->kind != 0 && range->key_shift == 0 ? 0 : (uint16_t)(symbol + range->key_shift);
}

enum ql_status ql_filter_binding_init(struct ql_filter_binding *binding, const struct ql_filter_file *file,
                                      const uint32_t *symbols, int count, struct ql_error *error)
{
    const size_t V = (size_t)count + 1;

    *binding = (struct ql_filter_binding){
        .labels = malloc(V), .kinds = malloc(V), .keys = malloc(V * sizeof binding->keys[0])};
    if (binding->labels == NULL || binding->kinds == NULL || binding->keys == NULL) {
        ql_filter_binding_free(binding);
        return no_memory(error);
    }
    for (int v = 0; v < count; v++) {
        const struct ql_filter_range *range = find_range(file, symbols[v]);
        binding->labels[v] = range == NULL ? QL_FILTER_NO_LABEL : range->label;
        binding->kinds[v] = range == NULL ? 0 : range->kind;
        binding->keys[v] = range == NULL ? own_key(symbols[v]) : key_in(range, symbols[v]);
    }
    binding->filter = (struct ql_filter){.edges = file->automaton.edges,
                                         .labels = binding->labels,
                                         .kinds = binding->kinds,
                                         .keys = binding->keys,
                                         .fingerprints = file->items.fingerprints,
                                         .block = file->items.block,
                                         .seed = file->items.seed,
                                         .V = count,
                                         .characters = count};
    return QL_OK;
}

// Sets the tables of a piece that consists of these tokens.
static void bind_piece(struct ql_filter_binding *binding, int token, const uint16_t *symbols, int length)
{
    const int number = token - binding->filter.characters;
    uint16_t end = binding->rest_begins[number];

    binding->labels[token] = binding->labels[symbols[0]];
    binding->kinds[token] = binding->kinds[symbols[0]];
    binding->keys[token] = binding->keys[symbols[0]];
    for (int i = 1; i < length; i++) {
        binding->rests[end++] = symbols[i];
    }
    binding->rest_begins[number + 1] = end;
}

// Finds out which listed words end in each piece when none has begun before it.
static void find_hazards(struct ql_filter_binding *binding)
{
    const struct ql_filter *filter = &binding->filter;
    struct ql_filter_state state;

    for (int v = filter->characters; v < filter->V; v++) {
        ql_filter_init(&state);
        const bool at_begin = ql_filter_bars_rest(&state, filter, v);
        state.at_boundary = 0;
        const bool inside = ql_filter_bars_rest(&state, filter, v);
        binding->hazards[v - filter->characters] =
            (uint8_t)((at_begin ? QL_FILTER_HAZARD_BEGIN : 0) | (inside ? QL_FILTER_HAZARD_INSIDE : 0));
    }
}

enum ql_status ql_filter_binding_init_vocabulary(struct ql_filter_binding *binding, const struct ql_filter_file *file,
                                                 const struct ql_vocabulary *vocabulary, struct ql_error *error)
{
    const size_t pieces = (size_t)vocabulary->piece_count;
    enum ql_status status = ql_filter_binding_init(binding, file, vocabulary->symbols, vocabulary->count, error);

    if (status != QL_OK || pieces == 0) {
        return status;
    }
    uint16_t(*symbols)[QL_PIECE_SYMBOLS] = malloc(pieces * sizeof *symbols);
    binding->rests = malloc(pieces * QL_PIECE_SYMBOLS * sizeof binding->rests[0]);
    binding->rest_begins = calloc(pieces + 1, sizeof binding->rest_begins[0]);
    binding->hazards = calloc(pieces, 1);
    if (symbols == NULL || binding->rests == NULL || binding->rest_begins == NULL || binding->hazards == NULL) {
        free(symbols);
        ql_filter_binding_free(binding);
        return no_memory(error);
    }
    const int characters = vocabulary->count - vocabulary->piece_count;
    binding->filter.characters = characters;
    binding->filter.rests = binding->rests;
    binding->filter.rest_begins = binding->rest_begins;
    binding->filter.hazards = binding->hazards;
    binding->rest_begins[0] = 0;
    for (int k = 0; k < vocabulary->piece_count; k++) {
        const uint16_t parts[] = {vocabulary->pieces[k].left, vocabulary->pieces[k].right};
        int length = 0;
        for (int p = 0; p < 2; p++) {
            const int part_length = ql_vocabulary_length(vocabulary, parts[p]);
            const uint16_t *part = parts[p] < characters ? &parts[p] : symbols[parts[p] - characters];
            memcpy(symbols[k] + length, part, (size_t)part_length * sizeof part[0]);
            length += part_length;
        }
        bind_piece(binding, characters + k, symbols[k], length);
    }
    free(symbols);
    find_hazards(binding);
    return QL_OK;
}

size_t ql_filter_piece_bytes(const struct ql_filter *filter)
{
    const size_t pieces = (size_t)(filter->V - filter->characters);

    return pieces == 0 ? 0 : pieces + 2 * (pieces + 1) + 2 * (size_t)filter->rest_begins[pieces];
}

void ql_filter_binding_free(struct ql_filter_binding *binding)
{
    free(binding->labels);
    free(binding->kinds);
    free(binding->keys);
    free(binding->rests);
    free(binding->rest_begins);
    free(binding->hazards);
    *binding = (struct ql_filter_binding){0};
}

// Which labels complete a word at once, and whether a word ends at a boundary, on the paths that this vocabulary can
// take.
static void find_ends(bool at_once[QL_FILTER_NO_LABEL], bool *at_boundary, bool *seen, uint32_t *waiting,
                      const uint32_t *edges, const bool *has)
{
    uint32_t count = 0;

    waiting[count++] = 0; // the root's edges
    while (count > 0) {
        uint32_t next = waiting[--count];
        for (uint32_t word = 0; !(word & QL_FILTER_LAST); next++) {
            word = edges[next];
            const uint32_t label = word & QL_FILTER_LABEL, goal = word >> QL_FILTER_GOAL_SHIFT;
            if (!has[label]) {
                continue;
            }
            at_once[label] = at_once[label] || (word & (QL_FILTER_ANY | QL_FILTER_START));
            *at_boundary = *at_boundary || (word & (QL_FILTER_WHOLE | QL_FILTER_FINAL | QL_FILTER_APART));
            if (goal != 0 && !seen[goal]) {
                seen[goal] = true;
                waiting[count++] = goal;
            }
        }
    }
}

enum ql_status ql_filter_binding_check(const struct ql_filter_binding *binding, const struct ql_filter_file *file,
                                       struct ql_error *error)
{
    const struct ql_filter *filter = &binding->filter;
    bool *seen = calloc(file->automaton.edge_count + 1, sizeof *seen);
    uint32_t *waiting = malloc((file->automaton.edge_count + (size_t)1) * sizeof *waiting);
    bool has[QL_FILTER_NO_LABEL + 1] = {false}, at_once[QL_FILTER_NO_LABEL] = {false}, at_boundary = false,
                                  found = false;

    if (seen == NULL || waiting == NULL) {
        free(seen);
        free(waiting);
        return no_memory(error);
    }
    for (int v = 0; v < filter->characters; v++) {
        has[filter->labels[v]] = true;
        has[QL_FILTER_GAP] = has[QL_FILTER_GAP] || (filter->kinds[v] & (QL_FILTER_JOINER | QL_FILTER_SPACE));
    }
    find_ends(at_once, &at_boundary, seen, waiting, filter->edges, has);
    for (int v = 0; v < filter->characters; v++) { // pieces consist of these
        const bool letter_free = filter->labels[v] == QL_FILTER_NO_LABEL || !at_once[filter->labels[v]];
        const bool boundary_free = !(filter->kinds[v] & QL_FILTER_BOUNDARY) || !at_boundary;
        found = found || (letter_free && boundary_free && !(filter->kinds[v] & QL_FILTER_IGNORED));
    }
    free(seen);
    free(waiting);
    if (!found) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "after some texts the filter would leave the model nothing to say: every symbol of its "
                              "vocabulary ends a listed word; list fewer words in full, or more of them without '*'");
    }
    return QL_OK;
}

size_t ql_filter_word_bytes(const struct ql_filter_file *file, int V)
{
    return 4 * (size_t)file->automaton.edge_count + 4 * (size_t)V; // label, kind and key of each symbol
}

size_t ql_filter_item_bytes(const struct ql_filter_file *file)
{
    return 3 * (size_t)file->items.block;
}
