// Learns the pieces of a text: see piece_learner.h.
// Pieces never extend across the left side of a space or a line end. So the text is a bag of words, each kept once,
// with its number of occurrences. All places at which a pair begins are in the pair's list: a join changes only the
// counts of neighboring pairs, and nothing is counted again.
#include "corpus/piece_learner.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "corpus/pieces.h"

#define NONE UINT32_MAX

enum { JOINED = UINT16_MAX, NEUTRAL = 0 };

// --- Scripts ---

static const struct {
    uint32_t first, last;
    int script;
} scripts[] = {
    {0x0000, 0x02af, 1},                                             // Latin
    {0x0370, 0x03ff, 2},                                             // Greek
    {0x0400, 0x052f, 3},                                             // Cyrillic
    {0x0530, 0x058f, 4},                                             // Armenian
    {0x0590, 0x05ff, 5},                                             // Hebrew
    {0x0600, 0x06ff, 6},                                             // Arabic
    {0x0750, 0x077f, 6},  {0x08a0, 0x08ff, 6},  {0x10a0, 0x10ff, 7}, // Georgian
    {0x1100, 0x11ff, 8},                                             // Hangul
    {0x1200, 0x139f, 9},                                             // Ethiopic
    {0x1c80, 0x1c8f, 3},  {0x1c90, 0x1cbf, 7},  {0x1e00, 0x1eff, 1},  {0x1f00, 0x1fff, 2},  {0x2c60, 0x2c7f, 1},
    {0x2d00, 0x2d2f, 7},  {0x2d80, 0x2ddf, 9},  {0x2de0, 0x2dff, 3},  {0x2e80, 0x303f, 10}, // Han
    {0x3040, 0x309f, 11},                                                                   // Hiragana
    {0x30a0, 0x30ff, 12},                                                                   // Katakana
    {0x3130, 0x318f, 8},  {0x31f0, 0x31ff, 12}, {0x3400, 0x9fff, 10}, {0xa640, 0xa69f, 3},  {0xa720, 0xa7ff, 1},
    {0xab30, 0xab6f, 1},  {0xac00, 0xd7ff, 8},  {0xf900, 0xfaff, 10}, {0xfb00, 0xfb06, 1},  {0xfb1d, 0xfb4f, 5},
    {0xfb50, 0xfdff, 6},  {0xfe70, 0xfeff, 6},  {0xff21, 0xff5a, 1},  {0xff66, 0xff9f, 12}, {0x20000, 0x3ffff, 10},
};

// Returns the script of a letter, or NEUTRAL for what is not a letter. A letter outside the ranges above has the script
// of its block of 128 code points; each Indic script has one such block.
static int find_script(uint32_t symbol)
{
    enum { FIRST_BLOCK = 100, BLOCK = 128 };
    const utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)symbol);

    if (category < UTF8PROC_CATEGORY_LU || category > UTF8PROC_CATEGORY_LO) {
        return NEUTRAL;
    }
    for (size_t k = 0; k < sizeof scripts / sizeof scripts[0]; k++) {
        if (symbol >= scripts[k].first && symbol <= scripts[k].last) {
            return scripts[k].script;
        }
    }
    return FIRST_BLOCK + (int)(symbol / BLOCK);
}

// --- The words of the text ---

struct word {
    size_t start;
    uint32_t size, times;
};

struct word_list {
    struct word *words;
    size_t count, room;
    uint32_t *slots; // hash table: index + 1
    size_t slot_count;
    size_t symbols; // of all words
};

static uint64_t word_hash(const uint16_t *tokens, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ tokens[i]) * 0x100000001b3u;
    }
    return hash ^ hash >> 32;
}

static bool word_list_grow(struct word_list *list, const uint16_t *tokens)
{
    const size_t room = list->room == 0 ? 1024 : 2 * list->room, slot_count = 2 * room;
    struct word *words = realloc(list->words, room * sizeof words[0]);

    if (words != NULL) {
        list->words = words;
    }
    uint32_t *slots = words == NULL ? NULL : calloc(slot_count, sizeof slots[0]);
    if (slots == NULL) {
        return false;
    }
    for (size_t k = 0; k < list->count; k++) {
        size_t slot = word_hash(tokens + words[k].start, words[k].size) & (slot_count - 1);
        while (slots[slot] != 0) {
            slot = (slot + 1) & (slot_count - 1);
        }
        slots[slot] = (uint32_t)k + 1;
    }
    free(list->slots);
    list->slots = slots;
    list->slot_count = slot_count;
    list->room = room;
    return true;
}

// Counts the word. Returns false when there is not enough memory.
static bool word_list_add(struct word_list *list, const uint16_t *tokens, size_t start, size_t size)
{
    if (list->count == list->room && !word_list_grow(list, tokens)) {
        return false;
    }
    size_t slot = word_hash(tokens + start, size) & (list->slot_count - 1);
    for (; list->slots[slot] != 0; slot = (slot + 1) & (list->slot_count - 1)) {
        struct word *word = &list->words[list->slots[slot] - 1];
        if (word->size == size && memcmp(tokens + word->start, tokens + start, size * sizeof tokens[0]) == 0) {
            word->times++;
            return true;
        }
    }
    list->words[list->count++] = (struct word){start, (uint32_t)size, 1};
    list->slots[slot] = (uint32_t)list->count;
    list->symbols += size;
    return true;
}

static bool word_list_init(struct word_list *list, const struct ql_token_text *text,
                           const struct ql_vocabulary *vocabulary)
{
    const uint16_t *tokens = text->tokens;

    *list = (struct word_list){0};
    for (size_t start = 0, end; start < text->count; start = end) {
        end = start + 1;
        if (ql_piece_is_line_end(vocabulary->symbols[tokens[start]])) {
            continue;
        }
        while (end < text->count && !ql_piece_is_space(vocabulary->symbols[tokens[end]]) &&
               !ql_piece_is_line_end(vocabulary->symbols[tokens[end]])) {
            end++;
        }
        if (end - start > 1 && !word_list_add(list, tokens, start, end - start)) {
            return false;
        }
    }
    return true;
}

static void word_list_free(struct word_list *list)
{
    free(list->words);
    free(list->slots);
}

// --- Pairs ---

struct pair {
    uint16_t left, right;
    bool closed;    // must not be joined
    uint32_t first; // place at which it begins, or NONE; others follow
    uint64_t count; // how often it occurs in the text
};

struct learner {
    struct ql_vocabulary *vocabulary;
    // For each token: its number of symbols, its script, and whether it begins with a space.
    uint16_t lengths[QL_VOCABULARY_LIMIT];
    int scripts[QL_VOCABULARY_LIMIT];
    bool spaces[QL_VOCABULARY_LIMIT];
    // For each place in the words:
    uint16_t *tokens;                    // JOINED for one that was joined to the token on its left
    uint32_t *before, *behind;           // neighbors in the word, or NONE
    uint32_t *times;                     // of the word
    uint32_t *pair;                      // the pair that begins here, or NONE
    uint32_t *pair_before, *pair_behind; // other places of this pair, or NONE
    uint32_t *sorted;                    // the places of one pair
    size_t size;
    struct pair *pairs;
    size_t pair_count, pair_room;
    uint32_t *slots; // hash table of the pairs: index + 1
    size_t slot_count;
    bool failed; // there is not enough memory
};

static size_t pair_hash(int left, int right)
{
    const uint64_t mixed = ((uint64_t)left << 16 | (uint64_t)right) * 0x9e3779b97f4a7c15u;
    return (size_t)(mixed >> 32);
}

static bool learner_grow_pairs(struct learner *learner)
{
    const size_t room = learner->pair_room == 0 ? 4096 : 2 * learner->pair_room, slot_count = 2 * room;
    struct pair *pairs = realloc(learner->pairs, room * sizeof pairs[0]);

    if (pairs != NULL) {
        learner->pairs = pairs;
    }
    uint32_t *slots = pairs == NULL ? NULL : calloc(slot_count, sizeof slots[0]);
    if (slots == NULL) {
        return false;
    }
    for (size_t k = 0; k < learner->pair_count; k++) {
        size_t slot = pair_hash(pairs[k].left, pairs[k].right) & (slot_count - 1);
        while (slots[slot] != 0) {
            slot = (slot + 1) & (slot_count - 1);
        }
        slots[slot] = (uint32_t)k + 1;
    }
    free(learner->slots);
    learner->slots = slots;
    learner->slot_count = slot_count;
    learner->pair_room = room;
    return true;
}

static bool may_join(const struct learner *learner, int left, int right)
{
    const int a = learner->scripts[left], b = learner->scripts[right];

    return !learner->spaces[right] && learner->lengths[left] + learner->lengths[right] <= QL_PIECE_SYMBOLS &&
           (a == b || a == NEUTRAL || b == NEUTRAL);
}

// Returns the index of the pair, which is created if it is new, or NONE when there is not enough memory.
static uint32_t find_pair(struct learner *learner, uint16_t left, uint16_t right)
{
    if (learner->pair_count == learner->pair_room && !learner_grow_pairs(learner)) {
        learner->failed = true;
        return NONE;
    }
    size_t slot = pair_hash(left, right) & (learner->slot_count - 1);
    for (; learner->slots[slot] != 0; slot = (slot + 1) & (learner->slot_count - 1)) {
        const struct pair *pair = &learner->pairs[learner->slots[slot] - 1];
        if (pair->left == left && pair->right == right) {
            return learner->slots[slot] - 1;
        }
    }
    learner->pairs[learner->pair_count++] =
        (struct pair){.left = left, .right = right, .closed = !may_join(learner, left, right), .first = NONE};
    learner->slots[slot] = (uint32_t)learner->pair_count;
    return (uint32_t)learner->pair_count - 1;
}

// Counts the pair that begins at a place. Pairs that must not be joined are ignored.
static void add_pair(struct learner *learner, uint32_t place)
{
    if (place == NONE || learner->behind[place] == NONE) {
        return;
    }
    const uint32_t index = find_pair(learner, learner->tokens[place], learner->tokens[learner->behind[place]]);
    if (index == NONE || learner->pairs[index].closed) {
        return;
    }
    struct pair *pair = &learner->pairs[index];
    pair->count += learner->times[place];
    learner->pair[place] = index;
    learner->pair_before[place] = NONE;
    learner->pair_behind[place] = pair->first;
    if (pair->first != NONE) {
        learner->pair_before[pair->first] = place;
    }
    pair->first = place;
}

static void remove_pair(struct learner *learner, uint32_t place)
{
    if (place == NONE || learner->pair[place] == NONE) {
        return;
    }
    struct pair *pair = &learner->pairs[learner->pair[place]];
    const uint32_t before = learner->pair_before[place], behind = learner->pair_behind[place];
    pair->count -= learner->times[place];
    if (before == NONE) {
        pair->first = behind;
    } else {
        learner->pair_behind[before] = behind;
    }
    if (behind != NONE) {
        learner->pair_before[behind] = before;
    }
    learner->pair[place] = NONE;
}

// --- Learning ---

static void learner_free(struct learner *learner)
{
    if (learner != NULL) {
        free(learner->tokens);
        free(learner->before);
        free(learner->behind);
        free(learner->times);
        free(learner->pair);
        free(learner->pair_before);
        free(learner->pair_behind);
        free(learner->sorted);
        free(learner->pairs);
        free(learner->slots);
        free(learner);
    }
}

static bool take_places(struct learner *learner, size_t size)
{
    learner->size = size;
    learner->tokens = malloc((size + 1) * sizeof learner->tokens[0]);
    uint32_t **const arrays[] = {&learner->before,      &learner->behind,      &learner->times, &learner->pair,
                                 &learner->pair_before, &learner->pair_behind, &learner->sorted};
    bool taken = learner->tokens != NULL;
    for (size_t k = 0; k < sizeof arrays / sizeof arrays[0]; k++) {
        *arrays[k] = malloc((size + 1) * sizeof **arrays[k]);
        taken = taken && *arrays[k] != NULL;
    }
    return taken;
}

// Lays out the words, one after another, and counts their pairs.
static struct learner *learner_open(struct ql_vocabulary *vocabulary, const struct ql_token_text *text,
                                    const struct word_list *list)
{
    struct learner *learner = calloc(1, sizeof *learner);
    uint32_t place = 0;

    if (learner == NULL || !take_places(learner, list->symbols)) {
        learner_free(learner);
        return NULL;
    }
    learner->vocabulary = vocabulary;
    for (int token = 0; token < vocabulary->count; token++) {
        learner->lengths[token] = 1;
        learner->scripts[token] = find_script(vocabulary->symbols[token]);
        learner->spaces[token] = ql_piece_is_space(vocabulary->symbols[token]);
    }
    for (size_t k = 0; k < list->count; k++) {
        const struct word *word = &list->words[k];
        for (uint32_t i = 0; i < word->size; i++, place++) {
            learner->tokens[place] = text->tokens[word->start + i];
            learner->before[place] = i == 0 ? NONE : place - 1;
            learner->behind[place] = i + 1 == word->size ? NONE : place + 1;
            learner->times[place] = word->times;
            learner->pair[place] = NONE;
        }
    }
    for (place = 0; place < learner->size; place++) {
        add_pair(learner, place);
    }
    return learner;
}

// Returns the pair that occurs most often in the text, or NULL if no pair is left that occurs twice.
static struct pair *find_best(struct learner *learner)
{
    struct pair *best = NULL;

    for (size_t k = 0; k < learner->pair_count; k++) {
        struct pair *pair = &learner->pairs[k];
        if (pair->closed || pair->count < 2 || (best != NULL && pair->count < best->count)) {
            continue;
        }
        if (best == NULL || pair->count > best->count || pair->left < best->left ||
            (pair->left == best->left && pair->right < best->right)) {
            best = pair;
        }
    }
    return best;
}

static int compare_places(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

// Adds the pair to the vocabulary. Returns false if another pair has already made the same piece.
static bool add_piece(struct learner *learner, const struct pair *pair)
{
    struct ql_vocabulary *vocabulary = learner->vocabulary;
    uint32_t symbols[QL_PIECE_SYMBOLS];
    int left, right;
    struct ql_error ignored;

    const uint32_t *first = ql_vocabulary_spell(vocabulary, pair->left, &left);
    memcpy(symbols, first, (size_t)left * sizeof symbols[0]);
    const uint32_t *second = ql_vocabulary_spell(vocabulary, pair->right, &right);
    memcpy(symbols + left, second, (size_t)right * sizeof symbols[0]);
    const int token = vocabulary->count;
    if (ql_piece_add(vocabulary, symbols, (size_t)left + (size_t)right, &ignored) != QL_OK) {
        return false;
    }
    learner->lengths[token] = (uint16_t)(left + right);
    learner->scripts[token] =
        learner->scripts[pair->left] == NEUTRAL ? learner->scripts[pair->right] : learner->scripts[pair->left];
    learner->spaces[token] = learner->spaces[pair->left];
    return true;
}

// Joins the pair that begins at this place into one token.
static void join(struct learner *learner, uint32_t place, int token)
{
    const uint32_t right = learner->behind[place], before = learner->before[place], behind = learner->behind[right];

    remove_pair(learner, before);
    remove_pair(learner, place);
    remove_pair(learner, right);
    learner->tokens[place] = (uint16_t)token;
    learner->tokens[right] = JOINED;
    learner->behind[place] = behind;
    if (behind != NONE) {
        learner->before[behind] = place;
    }
    add_pair(learner, before);
    add_pair(learner, place);
}

// Joins all occurrences of a pair, from left to right: in a run of three equal tokens, the first two.
static void join_all(struct learner *learner, const struct pair *joined, int token)
{
    const struct pair pair = *joined; // the array of pairs may move
    size_t count = 0;

    for (uint32_t place = pair.first; place != NONE; place = learner->pair_behind[place]) {
        learner->sorted[count++] = place;
    }
    qsort(learner->sorted, count, sizeof learner->sorted[0], compare_places);
    for (size_t k = 0; k < count && !learner->failed; k++) {
        const uint32_t place = learner->sorted[k];
        if (learner->tokens[place] == pair.left && learner->behind[place] != NONE &&
            learner->tokens[learner->behind[place]] == pair.right) {
            join(learner, place, token);
        }
    }
}

enum ql_status ql_pieces_learn(struct ql_vocabulary *vocabulary, const struct ql_token_text *text, int limit,
                               struct ql_error *error)
{
    struct word_list list;
    struct learner *learner = NULL;
    struct pair *best;

    if (!word_list_init(&list, text, vocabulary)) {
        goto no_memory;
    }
    if (list.symbols >= NONE || list.count >= NONE) {
        word_list_free(&list);
        return ql_error_write(error, QL_ERROR_INPUT, "the text is too large to learn pieces from; give less of it");
    }
    learner = learner_open(vocabulary, text, &list);
    if (learner == NULL) {
        goto no_memory;
    }
    while (vocabulary->piece_count < limit && vocabulary->piece_count < QL_PIECE_LIMIT &&
           vocabulary->count < QL_VOCABULARY_LIMIT && !learner->failed && (best = find_best(learner)) != NULL) {
        const int token = vocabulary->count;
        if (add_piece(learner, best)) {
            join_all(learner, best, token);
        } else {
            best->closed = true;
        }
    }
    if (learner->failed) {
        goto no_memory;
    }
    learner_free(learner);
    word_list_free(&list);
    return QL_OK;

no_memory:
    learner_free(learner);
    word_list_free(&list);
    return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to learn the pieces of the text");
}
