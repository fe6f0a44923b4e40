// Runs of letters that texts share: see overlap.h. A run's hash is a polynomial in an odd number modulo 2^64, so it
// follows from the previous hash in two operations; the mix of MurmurHash3 spreads it over the table.
// Uses: base/{bytes,text_file}, corpus/{clean_step,item_hash,transliteration}, utf8proc.
#include "corpus/overlap.h"

#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "base/bytes.h"
#include "base/text_file.h"
#include "corpus/clean_step.h"
#include "corpus/item_hash.h"
#include "corpus/transliteration.h"

enum { FIRST_CAPACITY = 1024 };

static const uint64_t multiplier = 0x9E3779B97F4A7C15u;

// The last letters of a text, and the hash of the last 24.
struct run {
    uint64_t letters[QL_OVERLAP_LETTERS]; // a ring
    uint64_t hash;
    uint64_t leaving; // the weight of the letter that leaves: multiplier^24
    size_t count;     // letters so far
    const char *rest; // of the letters that stand for the last symbol, those to come; or NULL
};

static void run_init(struct run *run)
{
    *run = (struct run){.leaving = 1};
    for (int i = 0; i < QL_OVERLAP_LETTERS; i++) {
        run->leaving *= multiplier;
    }
}

static bool is_accent(int32_t symbol)
{
    return utf8proc_get_property(symbol)->combining_class != 0;
}

// The letter without case and without its accents, which `transliterate` may have taken from one of two texts.
static uint64_t plain_letter(int32_t symbol)
{
    int32_t parts[16];
    utf8proc_ssize_t count = symbol < 0x80 ? 0 : utf8proc_decompose_char(symbol, parts, 16, UTF8PROC_DECOMPOSE, NULL);

    while (count > 1 && count <= 16 && is_accent(parts[count - 1])) {
        count--;
    }
    const int32_t base = count == 1 ? parts[0] : symbol;
    return (uint64_t)ql_symbol_fold(base);
}

// Moves on to the next letter of the text. Returns false at the end. What `transliterate` spells with several letters
// of ASCII counts as these.
static bool run_next(struct run *run, const char *text, size_t length, size_t *position)
{
    int32_t symbol;

    do {
        symbol = run->rest != NULL && *run->rest != '\0' ? *run->rest++ : ql_symbol_read(text, length, position);
        const char *ascii = symbol < 0x80 ? NULL : ql_transliterate_letter(ql_symbol_fold(symbol));
        if (ascii != NULL) {
            run->rest = ascii;
            symbol = ' '; // the letters follow
        }
    } while (symbol >= 0 && !ql_symbol_is_letter(symbol) && (!ql_symbol_is_mark(symbol) || is_accent(symbol)));
    if (symbol < 0) {
        return false;
    }
    const uint64_t letter = plain_letter(symbol);
    uint64_t *place = &run->letters[run->count++ % QL_OVERLAP_LETTERS];
    run->hash = run->hash * multiplier + letter - *place * run->leaving;
    *place = letter;
    return true;
}

// Free slots hold 0, so no key may.
static uint64_t run_key(const struct run *run)
{
    uint64_t key = ql_hash_mix(run->hash);

    return key == 0 ? 1 : key;
}

// The slot that holds the key, or the free one where it belongs.
static uint64_t *find_slot(uint64_t *slots, size_t capacity, uint64_t key)
{
    size_t i = (size_t)key & (capacity - 1);

    while (slots[i] != 0 && slots[i] != key) {
        i = (i + 1) & (capacity - 1);
    }
    return &slots[i];
}

static enum ql_status set_add(struct ql_overlap_set *set, uint64_t key, struct ql_error *error)
{
    if (set->count >= set->capacity / 2) {
        size_t capacity = set->capacity == 0 ? FIRST_CAPACITY : 2 * set->capacity;
        uint64_t *slots = calloc(capacity, sizeof *slots);
        if (slots == NULL) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the texts of --apart-from");
        }
        for (size_t i = 0; i < set->capacity; i++) {
            if (set->slots[i] != 0) {
                *find_slot(slots, capacity, set->slots[i]) = set->slots[i];
            }
        }
        free(set->slots);
        set->slots = slots;
        set->capacity = capacity;
    }
    uint64_t *slot = find_slot(set->slots, set->capacity, key);
    set->count += *slot == 0;
    *slot = key;
    return QL_OK;
}

static enum ql_status add_text(struct ql_overlap_set *set, const char *text, size_t length, struct ql_error *error)
{
    enum ql_status status = QL_OK;
    size_t position = 0;
    struct run run;

    run_init(&run);
    while (status == QL_OK && run_next(&run, text, length, &position)) {
        if (run.count >= QL_OVERLAP_LETTERS) {
            status = set_add(set, run_key(&run), error);
        }
    }
    if (run.count > 0 && run.count < QL_OVERLAP_LETTERS) {
        status = set_add(set, run_key(&run), error);
    }
    return status;
}

static enum ql_status add_file(struct ql_overlap_set *set, const char *path, struct ql_error *error)
{
    struct ql_file_view view;
    struct ql_bytes_line line = {0};
    enum ql_status status = ql_text_file_open(&view, path, error);

    if (status != QL_OK) {
        return status;
    }
    while (status == QL_OK && ql_bytes_line_step(&line, view.data, view.size_bytes)) {
        status = add_text(set, line.bytes, line.length, error);
    }
    ql_file_close(&view);
    return status;
}

enum ql_status ql_overlap_set_load(struct ql_overlap_set *set, const char *paths, struct ql_error *error)
{
    enum ql_status status = QL_OK;

    while (*paths != '\0' && status == QL_OK) {
        size_t length = strcspn(paths, ",");
        char **larger = realloc(set->paths, (set->path_count + 1) * sizeof *larger);
        char *path = strndup(paths, length);
        if (larger != NULL) {
            set->paths = larger;
        }
        if (larger == NULL || path == NULL) {
            free(path);
            return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for a file's name");
        }
        set->paths[set->path_count++] = path;
        status = add_file(set, path, error);
        paths += length;
        paths += *paths == ',';
    }
    return status;
}

void ql_overlap_set_free(struct ql_overlap_set *set)
{
    for (size_t i = 0; i < set->path_count; i++) {
        free(set->paths[i]);
    }
    free(set->paths);
    free(set->slots);
    *set = (struct ql_overlap_set){0};
}

bool ql_overlap_set_check(const struct ql_overlap_set *set, const char *text, size_t length)
{
    size_t position = 0;
    struct run run;

    if (set->count == 0) {
        return false;
    }
    run_init(&run);
    while (run_next(&run, text, length, &position)) {
        if (run.count >= QL_OVERLAP_LETTERS && *find_slot(set->slots, set->capacity, run_key(&run)) != 0) {
            return true;
        }
    }
    return run.count > 0 && run.count < QL_OVERLAP_LETTERS && *find_slot(set->slots, set->capacity, run_key(&run)) != 0;
}

enum ql_status ql_step_overlaps(struct ql_step_context *context, struct ql_text *text, const char **reason,
                                struct ql_error *error)
{
    (void)error;
    if (ql_overlap_set_check(context->held_out, text->bytes, text->length)) {
        *reason = "overlap";
    }
    return QL_OK;
}
