// Collects the words of a lexicon and compiles them: see lexicon_words.h.
// Uses: base/{bytes,text_file}, corpus/{text_buffer,vocabulary}, filter/{lexicon_check,word_graph}, utf8proc.
#include "filter/lexicon_words.h"

#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "base/bytes.h"
#include "base/text_file.h"
#include "corpus/text_buffer.h"
#include "corpus/vocabulary.h"
#include "filter/lexicon_check.h"
#include "filter/word_graph.h"

// A word is not a name if it is found this many times as often in lower case as with a capital within sentences.
enum { TITLE_FACTOR = 20 };

enum { SYMBOL_LIMIT = 0x110000, SYMBOLS_LIMIT = QL_WORD_LIMIT, TEXT_LIMIT = 4 * QL_WORD_LIMIT + 1 };

static enum ql_status no_memory(struct ql_error *error)
{
    return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the words");
}

void ql_lexicon_words_free(struct ql_lexicon_words *words)
{
    for (size_t k = 0; k < words->count; k++) {
        free(words->entries[k].text);
    }
    free(words->entries);
    free(words->slots);
    free(words->symbols);
    *words = (struct ql_lexicon_words){0};
}

// --- The table of spellings ---

static size_t hash_text(const char *text)
{
    uint32_t hash = 2166136261u;

    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    }
    return hash ^ hash >> 15;
}

// The slot of a text: that of its entry, or a free one.
static size_t find_slot(const struct ql_lexicon_words *words, const char *text)
{
    size_t slot = hash_text(text) & (words->slot_count - 1);

    while (words->slots[slot] != 0 && strcmp(words->entries[words->slots[slot] - 1].text, text) != 0) {
        slot = (slot + 1) & (words->slot_count - 1);
    }
    return slot;
}

const struct ql_lexicon_entry *ql_lexicon_words_find(const struct ql_lexicon_words *words, const char *text)
{
    const size_t slot = words->slot_count == 0 ? 0 : find_slot(words, text);

    return words->slot_count == 0 || words->slots[slot] == 0 ? NULL : &words->entries[words->slots[slot] - 1];
}

static bool grow(struct ql_lexicon_words *words)
{
    const size_t room = 2 * words->room + 1024;
    struct ql_lexicon_entry *entries = realloc(words->entries, room * sizeof *entries);
    size_t slot_count = 4096;

    if (entries == NULL) {
        return false;
    }
    words->entries = entries;
    while (slot_count < 2 * room) {
        slot_count *= 2;
    }
    uint32_t *slots = calloc(slot_count, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    free(words->slots);
    words->slots = slots;
    words->slot_count = slot_count;
    words->room = room;
    for (size_t k = 0; k < words->count; k++) {
        slots[find_slot(words, entries[k].text)] = (uint32_t)k + 1;
    }
    return true;
}

static struct ql_lexicon_entry *add_entry(struct ql_lexicon_words *words, const char *text)
{
    if (words->count == words->room && !grow(words)) {
        return NULL;
    }
    const size_t slot = find_slot(words, text);
    if (words->slots[slot] == 0) {
        char *copy = strdup(text);
        if (copy == NULL) {
            return NULL;
        }
        words->entries[words->count] = (struct ql_lexicon_entry){.text = copy};
        words->slots[slot] = (uint32_t)++words->count;
    }
    return &words->entries[words->slots[slot] - 1];
}

// --- Reading ---

static uint32_t symbol_at(const char *bytes, size_t length, size_t place)
{
    const int32_t symbol = ql_symbol_read(bytes, length, &place);
    return symbol < 0 ? '\n' : (uint32_t)symbol;
}

// Reads the word that begins at `first`, with apostrophes and hyphens in the lexicon's form. Returns where it ends. A
// word that is too long is read as empty.
static size_t read_word(char text[TEXT_LIMIT], const char *bytes, size_t length, size_t first)
{
    uint32_t before = 0, small;
    size_t place = first, written = 0, symbols = 0;

    while (place < length) {
        size_t next = place;
        const uint32_t symbol = (uint32_t)ql_symbol_read(bytes, length, &next);
        const bool is_word = (ql_lexicon_kind(symbol, &small) & QL_LEXICON_WORD) != 0;
        if (!is_word && !ql_lexicon_joins(before, symbol, symbol_at(bytes, length, next))) {
            break;
        }
        if (symbols < SYMBOLS_LIMIT) {
            written +=
                (size_t)utf8proc_encode_char((int32_t)(is_word ? symbol : small), (utf8proc_uint8_t *)text + written);
        }
        symbols++;
        before = symbol;
        place = next;
    }
    text[symbols > SYMBOLS_LIMIT ? 0 : written] = '\0';
    return place;
}

static enum ql_status read_text_line(struct ql_lexicon_words *words, const char *bytes, size_t length,
                                     struct ql_error *error)
{
    uint32_t flags = QL_LEXICON_BEGIN | QL_LEXICON_SENTENCE;
    char text[TEXT_LIMIT];

    for (size_t place = 0; place < length;) {
        size_t next = place;
        uint32_t small;
        const uint32_t symbol = (uint32_t)ql_symbol_read(bytes, length, &next);
        const uint8_t kind = ql_lexicon_kind(symbol, &small);
        if (!(kind & QL_LEXICON_WORD)) {
            flags = ql_lexicon_separate(flags, kind);
            place = next;
            continue;
        }
        place = read_word(text, bytes, length, place);
        if (*text != '\0') {
            struct ql_lexicon_entry *entry = add_entry(words, text);
            if (entry == NULL) {
                return no_memory(error);
            }
            entry->starts += (flags & QL_LEXICON_SENTENCE) != 0;
            entry->count += (flags & QL_LEXICON_SENTENCE) == 0;
        } else {
            words->overlong++;
        }
        flags = 0;
    }
    for (size_t place = 0; place < length;) {
        const int32_t symbol = ql_symbol_read(bytes, length, &place);
        words->symbols[symbol >= 0 && symbol < SYMBOL_LIMIT ? symbol : 0] = true;
    }
    return QL_OK;
}

static enum ql_status read_list_line(struct ql_lexicon_words *words, const char *bytes, size_t length,
                                     struct ql_error *error)
{
    char text[TEXT_LIMIT];
    uint32_t small;

    if (length == 0 || bytes[0] == '#') {
        return QL_OK;
    }
    if (!(ql_lexicon_kind(symbol_at(bytes, length, 0), &small) & QL_LEXICON_WORD) ||
        read_word(text, bytes, length, 0) != length) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "is not one word; give one per line, with nothing before or after it");
    }
    if (*text != '\0') {
        struct ql_lexicon_entry *entry = add_entry(words, text);
        if (entry == NULL) {
            return no_memory(error);
        }
        entry->listed = true;
    } else {
        words->overlong++;
    }
    return QL_OK;
}

typedef enum ql_status line_reader(struct ql_lexicon_words *words, const char *bytes, size_t length,
                                   struct ql_error *error);

static enum ql_status read_lines(struct ql_lexicon_words *words, const char *path, line_reader *reader,
                                 struct ql_error *error)
{
    struct ql_file_view view;
    struct ql_bytes_line line = {0};
    enum ql_status status = ql_text_file_open(&view, path, error);

    if (status != QL_OK) {
        return status;
    }
    while (status == QL_OK && ql_bytes_line_step(&line, view.data, view.size_bytes)) {
        for (size_t place = 0; place < line.length && status == QL_OK;) {
            int32_t symbol;
            const utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)line.bytes + place,
                                                           (utf8proc_ssize_t)(line.length - place), &symbol);
            status = size > 0 ? QL_OK : ql_error_write(error, QL_ERROR_INPUT, "is not UTF-8; convert it with iconv");
            place += size > 0 ? (size_t)size : 1;
        }
        if (status == QL_OK) {
            status = reader(words, line.bytes, line.length, error);
        }
        if (status == QL_ERROR_INPUT) {
            status = ql_error_prefix(error, "%s:%zu: ", path, line.number);
        }
    }
    ql_file_close(&view);
    return status;
}

enum ql_status ql_lexicon_words_load_text(struct ql_lexicon_words *words, const char *path, struct ql_error *error)
{
    if (words->symbols == NULL && (words->symbols = calloc(SYMBOL_LIMIT, sizeof *words->symbols)) == NULL) {
        return no_memory(error);
    }
    return read_lines(words, path, read_text_line, error);
}

enum ql_status ql_lexicon_words_load_list(struct ql_lexicon_words *words, const char *path, struct ql_error *error)
{
    return read_lines(words, path, read_list_line, error);
}

// --- Choosing spellings ---

// The small form of a symbol between two others; '\n' stands for none. A capital sigma has another one at the end of a
// word.
static int32_t small_form(int32_t before, int32_t symbol, int32_t next)
{
    enum { CAPITAL_SIGMA = 0x3A3, FINAL_SIGMA = 0x3C2 };
    const bool is_final = symbol == CAPITAL_SIGMA && ql_symbol_is_letter(before) && !ql_symbol_is_letter(next);

    return is_final ? FINAL_SIGMA : utf8proc_tolower(symbol);
}

// Writes a text in lower case. Returns how many capitals it has, or -1 if it does not begin with one.
static int fold_text(char small[TEXT_LIMIT], const char *text, int *letters)
{
    const size_t length = strlen(text);
    int capitals = 0;
    size_t written = 0;
    int32_t before = '\n';

    *letters = 0;
    for (size_t place = 0; place < length;) {
        const int32_t symbol = ql_symbol_read(text, length, &place);
        const int32_t lower = small_form(before, symbol, (int32_t)symbol_at(text, length, place));
        before = symbol;
        *letters += ql_symbol_is_letter(symbol);
        capitals += lower != symbol;
        if (written + 4 < TEXT_LIMIT) {
            written += (size_t)utf8proc_encode_char(lower, (utf8proc_uint8_t *)small + written);
        }
    }
    small[written] = '\0';
    return utf8proc_tolower((int32_t)symbol_at(text, length, 0)) != (int32_t)symbol_at(text, length, 0) ? capitals : -1;
}

// Returns whether a spelling belongs to another word: "The" if there is "the", and it only begins sentences, or the
// lower-case word is so much more frequent that the capital comes from titles; or "NEVER".
static bool is_respelled(const struct ql_lexicon_words *words, const struct ql_lexicon_entry *entry)
{
    char small[TEXT_LIMIT];
    int letters;
    const int capitals = fold_text(small, entry->text, &letters);
    const struct ql_lexicon_entry *other = capitals < 1 ? NULL : ql_lexicon_words_find(words, small);

    if (entry->listed || other == NULL || (other->count == 0 && other->starts == 0 && !other->listed)) {
        return false;
    }
    const uint64_t others = (uint64_t)other->count + other->starts;
    return (capitals == 1 && (uint64_t)entry->count * TITLE_FACTOR <= others) || (capitals == letters && letters > 1);
}

static bool is_number(const char *text)
{
    return text[strspn(text, "0123456789.,-")] == '\0';
}

static bool is_among(const struct ql_lexicon_words *among, const char *text)
{
    char small[TEXT_LIMIT];
    int letters;

    (void)fold_text(small, text, &letters);
    return is_number(text) || ql_lexicon_words_find(among, text) != NULL || ql_lexicon_words_find(among, small) != NULL;
}

// Returns whether the entry is a word of the lexicon; if not, counts the reason.
static bool is_chosen(struct ql_lexicon_words *words, const struct ql_lexicon_entry *entry,
                      const struct ql_lexicon_words *among, uint32_t min_count)
{
    const size_t length = strlen(entry->text);

    if (is_respelled(words, entry)) {
        words->respelled++;
        return false;
    }
    if (!entry->listed && entry->count + entry->starts < min_count) {
        words->rare++;
        return false;
    }
    if (!entry->listed && among != NULL && !is_among(among, entry->text)) {
        words->unlisted++;
        return false;
    }
    for (size_t place = 0; place < length && words->symbols != NULL;) {
        if (!words->symbols[ql_symbol_read(entry->text, length, &place)]) {
            words->lettered++;
            return false;
        }
    }
    return true;
}

// --- Compiling ---

struct compiler {
    struct ql_lexicon_file *file;
    struct ql_lexicon_words *words;
    struct ql_word *list;
    size_t count;
    bool *removed;  // by the check, for each word of the list
    uint32_t *uses; // as a letter, for each code point
};

// The letters that the words use, the most frequent ones first; letters beyond the number of labels are left out.
static void choose_letters(struct compiler *compiler)
{
    struct ql_lexicon_file *file = compiler->file;

    for (file->letter_count = 1; file->letter_count < QL_LEXICON_NO_LABEL; file->letter_count++) {
        uint32_t best = 0;
        for (uint32_t symbol = 1; symbol < SYMBOL_LIMIT; symbol++) {
            best = compiler->uses[symbol] > compiler->uses[best] ? symbol : best;
        }
        if (best == 0 || compiler->uses[best] == 0) {
            break;
        }
        file->letters[file->letter_count] = best;
        compiler->uses[best] = 0;
    }
}

static void count_letters(struct compiler *compiler, const char *text)
{
    const size_t length = strlen(text);

    for (size_t place = 0; place < length;) {
        uint32_t small;
        (void)ql_lexicon_kind((uint32_t)ql_symbol_read(text, length, &place), &small);
        compiler->uses[small < SYMBOL_LIMIT ? small : 0]++;
    }
    compiler->uses[0] = 0;
}

// Appends the word of a text to the list, unless a letter has no label or it is too long, which is counted.
static void append_word(struct compiler *compiler, const char *text)
{
    const struct ql_lexicon_file *file = compiler->file;
    struct ql_word *word = &compiler->list[compiler->count];
    const size_t length = strlen(text);

    word->length = 0;
    for (size_t place = 0; place < length;) {
        uint32_t small, label = 1;
        const uint8_t kind = ql_lexicon_kind((uint32_t)ql_symbol_read(text, length, &place), &small);
        while (label < file->letter_count && file->letters[label] != small) {
            label++;
        }
        if (label == file->letter_count) {
            compiler->words->unlabeled++;
            return;
        }
        if (word->length + 2 > QL_WORD_LIMIT) {
            compiler->words->overlong++;
            return;
        }
        if (kind & QL_LEXICON_UPPER) {
            word->labels[word->length++] = QL_LEXICON_CAPITAL;
        }
        word->labels[word->length++] = (uint8_t)label;
    }
    compiler->count += word->length > 0;
}

// Removes the words that begin with these labels, or only this word.
static void remove_words(void *context, const uint8_t *labels, int length, bool ends)
{
    struct compiler *compiler = context;

    for (size_t k = 0; k < compiler->count; k++) {
        const struct ql_word *word = &compiler->list[k];
        if ((ends ? word->length == length : word->length >= length) &&
            memcmp(word->labels, labels, (size_t)length) == 0) {
            compiler->removed[k] = true;
        }
    }
}

// The symbols that a model of these words may write: those of the texts, or ASCII and the letters of the words.
static int list_symbols(const struct compiler *compiler, uint32_t *symbols)
{
    int count = 0;

    for (uint32_t symbol = '\n'; symbol < SYMBOL_LIMIT && count < QL_VOCABULARY_LIMIT; symbol++) {
        uint32_t small;
        bool used = symbol == '\n' || (symbol >= ' ' && symbol <= '~');
        (void)ql_lexicon_kind(symbol, &small);
        for (uint32_t k = 1; k < compiler->file->letter_count && symbol > '~'; k++) {
            used = used || compiler->file->letters[k] == small;
        }
        used = used || (compiler->words->symbols != NULL && compiler->words->symbols[symbol]);
        if (used) {
            symbols[count++] = symbol;
        }
    }
    return count;
}

// Finds conflicts of the graph with the filter, and removes their words from the list. Returns how many in *removed.
static enum ql_status remove_conflicts(struct compiler *compiler, const struct ql_filter_file *filter,
                                       uint32_t *removed, struct ql_error *error)
{
    uint32_t *symbols = malloc(QL_VOCABULARY_LIMIT * sizeof *symbols);
    const int count = symbols == NULL ? 0 : list_symbols(compiler, symbols);
    struct ql_lexicon_binding lexicon;
    struct ql_filter_binding binding;
    size_t kept = 0;
    enum ql_status status =
        symbols == NULL ? no_memory(error) : ql_lexicon_binding_init(&lexicon, compiler->file, symbols, count, error);

    if (status != QL_OK) {
        free(symbols);
        return status;
    }
    memset(compiler->removed, 0, compiler->count * sizeof *compiler->removed);
    if ((status = ql_filter_binding_init(&binding, filter, symbols, count, error)) == QL_OK) {
        status = ql_lexicon_check(&lexicon.lexicon, &binding.filter, remove_words, compiler, error);
        ql_filter_binding_free(&binding);
    }
    ql_lexicon_binding_free(&lexicon);
    free(symbols);
    for (size_t k = 0; k < compiler->count; k++) {
        if (!compiler->removed[k]) {
            compiler->list[kept++] = compiler->list[k];
        }
    }
    *removed = (uint32_t)(compiler->count - kept);
    compiler->count = kept;
    return status;
}

static enum ql_status compile(struct compiler *compiler, const struct ql_filter_file *filter, struct ql_error *error)
{
    uint32_t removed;
    enum ql_status status;

    do {
        removed = 0;
        ql_word_graph_free(&compiler->file->graph);
        status = ql_word_graph_init(&compiler->file->graph, compiler->list, compiler->count, error);
        if (status == QL_OK && filter != NULL) {
            status = remove_conflicts(compiler, filter, &removed, error);
            compiler->words->filtered += removed;
        }
    } while (status == QL_OK && removed > 0);
    compiler->file->word_count = (uint32_t)compiler->count;
    return status;
}

// Spellings can differ in symbols that are the same letter, such as the Kelvin sign and K.
static void remove_twins(struct compiler *compiler)
{
    size_t kept = 0;

    for (size_t k = 0; k < compiler->count; k++) {
        if (k == 0 || ql_word_compare(&compiler->list[kept - 1], &compiler->list[k]) != 0) {
            compiler->list[kept++] = compiler->list[k];
        }
    }
    compiler->count = kept;
}

enum ql_status ql_lexicon_words_compile(struct ql_lexicon_file *file, struct ql_lexicon_words *words,
                                        const struct ql_lexicon_words *among, const struct ql_filter_file *filter,
                                        uint32_t min_count, struct ql_error *error)
{
    struct compiler compiler = {.file = file, .words = words};
    bool *chosen = calloc(words->count + 1, sizeof *chosen);
    enum ql_status status = QL_OK;

    *file = (struct ql_lexicon_file){0};
    compiler.list = calloc(words->count + 1, sizeof *compiler.list);
    compiler.removed = calloc(words->count + 1, sizeof *compiler.removed);
    compiler.uses = calloc(SYMBOL_LIMIT, sizeof *compiler.uses);
    if (chosen == NULL || compiler.list == NULL || compiler.removed == NULL || compiler.uses == NULL) {
        status = no_memory(error);
    }
    for (size_t k = 0; k < words->count && status == QL_OK; k++) {
        chosen[k] = is_chosen(words, &words->entries[k], among, min_count);
        if (chosen[k]) {
            count_letters(&compiler, words->entries[k].text);
        }
    }
    if (status == QL_OK) {
        choose_letters(&compiler);
        for (size_t k = 0; k < words->count; k++) {
            if (chosen[k]) {
                append_word(&compiler, words->entries[k].text);
            }
        }
        qsort(compiler.list, compiler.count, sizeof *compiler.list, ql_word_compare);
        remove_twins(&compiler);
        status = compile(&compiler, filter, error);
    }
    free(chosen);
    free(compiler.list);
    free(compiler.removed);
    free(compiler.uses);
    if (status != QL_OK) {
        ql_lexicon_file_free(file);
    }
    return status;
}
