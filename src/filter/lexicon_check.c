// Proves that a lexicon and a filter always leave a way on: see lexicon_check.h.
// The places of a filter's state move independently of each other. So it is enough to follow separately each place that
// can be open when a word begins, and the places that the word itself opens.
// Uses: device/{filter,lexicon}.h.
#include "filter/lexicon_check.h"

#include <stdlib.h>
#include <string.h>

struct check {
    const struct ql_lexicon *lexicon;
    const struct ql_filter *filter;
    ql_lexicon_conflict *conflict;
    void *context;
    int tokens[2][QL_LEXICON_NO_LABEL]; // for each label, a token for its lower case, or its capital; -1 for none
    // Places at which the text can be between words: [2 * place + begin], where `begin` means that a word may begin.
    bool *seen;
    uint32_t *waiting;
    size_t waiting_count, place_count;
    uint8_t labels[QL_WORD_LIMIT]; // of the word being followed
};

// Remembers that a place can be open between words.
static void reach(struct check *check, uint32_t place, bool begin)
{
    const size_t number = 2 * (size_t)place + begin;

    if (!check->seen[number]) {
        check->seen[number] = true;
        check->waiting[check->waiting_count++] = (uint32_t)number;
    }
}

// The filter's places that the word has reached. With `own`, these include the places that the word itself opens.
struct walk {
    struct ql_filter_state state;
    bool own;
};

static bool is_blocked(const struct check *check, const struct ql_filter_state *state, int token)
{
    uint32_t labels[2];

    ql_filter_find_listed(labels, state, check->filter);
    return ql_filter_hits(labels, ql_filter_completes(state, check->filter), check->filter, token) != 0;
}

// Takes a token of a word. Without `own`, only places that were open before the word continue: the rest has been
// checked already.
static void take(const struct check *check, struct walk *walk, int token)
{
    struct ql_filter_state before = walk->state;

    if (check->filter->kinds[token] & QL_FILTER_IGNORED) {
        return;
    }
    if (walk->own) {
        ql_filter_step(&walk->state, check->filter, token);
        return;
    }
    const uint32_t label = check->filter->labels[token], kind = check->filter->kinds[token];
    walk->state.place_count = 0;
    for (int k = 0; k < before.place_count; k++) {
        if (label != QL_FILTER_NO_LABEL) {
            ql_filter_advance(&walk->state, check->filter, before.places[k], label);
        } else if (kind & (QL_FILTER_JOINER | QL_FILTER_SPACE)) {
            ql_filter_separate(&walk->state, check->filter, before.places[k], kind);
        }
    }
    // Three or more equal letters also read as fewer, as in ql_filter_take_letter.
    walk->state.run_length = (uint8_t)(label == before.run_label ? before.run_length + (before.run_length < 3) : 1);
    walk->state.run_label = (uint8_t)label;
    if (label != QL_FILTER_NO_LABEL && walk->state.run_length == 3) {
        for (int k = 0; k < before.place_count; k++) {
            ql_filter_add(&walk->state, before.places[k]);
        }
        for (int k = 0; k < before.before_run_count; k++) {
            ql_filter_add(&walk->state, before.before_run[k]);
        }
    } else if (walk->state.run_length == 1) {
        memcpy(walk->state.before_run, walk->state.places, walk->state.place_count * sizeof walk->state.places[0]);
        walk->state.before_run_count = walk->state.place_count;
    }
}

// Follows all words that continue from an edge. It calls itself once for each letter.
static void walk_words(struct check *check, const struct walk *walk, uint32_t edge, int length, bool upper)
{
    uint32_t next = ql_lexicon_edge(check->lexicon, edge) >> QL_LEXICON_GOAL_SHIFT;

    if (length == QL_WORD_LIMIT) {
        return;
    }
    while (next != 0) {
        const uint32_t word = ql_lexicon_edge(check->lexicon, next), label = word & QL_LEXICON_LABEL;
        const int token = check->tokens[upper][label] >= 0 ? check->tokens[upper][label] : check->tokens[!upper][label];
        check->labels[length] = (uint8_t)label;
        if (label == QL_LEXICON_CAPITAL) {
            walk_words(check, walk, next, length + 1, true);
        } else if (token >= 0) {
            struct walk after = *walk;
            if (is_blocked(check, &walk->state, token)) {
                check->conflict(check->context, check->labels, length + 1, false);
            } else {
                take(check, &after, token);
                if ((word & QL_LEXICON_ENDING) && ql_filter_completes(&after.state, check->filter)) {
                    check->conflict(check->context, check->labels, length + 1, true);
                } else if (word & QL_LEXICON_ENDING) {
                    for (int k = 0; k < after.state.place_count; k++) {
                        reach(check, after.state.places[k], false);
                    }
                }
                if (after.own || after.state.place_count > 0) {
                    walk_words(check, &after, next, length + 1, false);
                }
            }
        }
        next = word & QL_LEXICON_LAST ? 0 : next + 1;
    }
}

// Moves on from a place between words, with each symbol that is not part of a word.
static void walk_symbols(struct check *check, uint32_t place, bool begin)
{
    for (int v = 0; v < check->filter->characters; v++) {
        const uint32_t kind = check->lexicon->kinds[v], label = check->filter->labels[v];
        const uint32_t flags = ql_lexicon_separate(begin ? QL_LEXICON_BEGIN : 0, kind);
        struct ql_filter_state state = {.place_count = 0};
        if (kind & (QL_LEXICON_WORD | QL_LEXICON_END) || check->filter->kinds[v] & QL_FILTER_END) {
            continue;
        }
        if (check->filter->kinds[v] & QL_FILTER_IGNORED) {
            ql_filter_add(&state, place);
        } else if (label != QL_FILTER_NO_LABEL) {
            ql_filter_advance(&state, check->filter, place, label);
            ql_filter_add(&state, place); // equal signs in a row also read as fewer
        } else if (check->filter->kinds[v] & (QL_FILTER_JOINER | QL_FILTER_SPACE)) {
            ql_filter_separate(&state, check->filter, place, check->filter->kinds[v]);
        }
        for (int k = 0; k < state.place_count; k++) {
            const struct ql_filter_state one = {.places = {state.places[k]}, .place_count = 1};
            if (!ql_filter_completes(&one, check->filter)) { // a sign that completes a word is blocked
                reach(check, state.places[k], (flags & QL_LEXICON_BEGIN) != 0);
            }
        }
    }
}

// Signs, such as $ for s, begin listed words, too.
static void open_signs(struct check *check)
{
    for (int v = 0; v < check->filter->characters; v++) {
        const uint32_t kind = check->lexicon->kinds[v];
        if (check->filter->labels[v] != QL_FILTER_NO_LABEL && !(kind & QL_LEXICON_WORD)) {
            struct ql_filter_state state;
            ql_filter_init(&state);
            ql_filter_step(&state, check->filter, v);
            for (int k = 0; k < state.place_count; k++) {
                reach(check, state.places[k], (kind & QL_LEXICON_MARK) != 0);
            }
        }
    }
}

static void find_tokens(struct check *check)
{
    memset(check->tokens, -1, sizeof check->tokens);
    for (int v = 0; v < check->lexicon->characters; v++) {
        if (check->lexicon->labels[v] != QL_LEXICON_NO_LABEL) {
            check->tokens[(check->lexicon->kinds[v] & QL_LEXICON_UPPER) != 0][check->lexicon->labels[v]] = v;
        }
    }
}

// One more than the largest edge index in any place of the filter. The root ends with its last edge.
static size_t count_edges(const struct ql_filter *filter)
{
    size_t count = QL_FILTER_ROOT_EDGES;

    while (!(filter->edges[count - 1] & QL_FILTER_LAST)) {
        count++;
    }
    for (size_t k = 0; k < count; k++) {
        size_t goal = filter->edges[k] >> QL_FILTER_GOAL_SHIFT;
        for (bool more = goal != 0; more; goal++) {
            count = goal + 1 > count ? goal + 1 : count;
            more = !(filter->edges[goal] & QL_FILTER_LAST);
        }
    }
    return count;
}

enum ql_status ql_lexicon_check(const struct ql_lexicon *lexicon, const struct ql_filter *filter,
                                ql_lexicon_conflict *conflict, void *context, struct ql_error *error)
{
    struct check check = {.lexicon = lexicon, .filter = filter, .conflict = conflict, .context = context};

    check.place_count = count_edges(filter) << QL_FILTER_MODE_BITS;
    check.seen = calloc(2 * check.place_count, sizeof *check.seen);
    check.waiting = malloc(2 * check.place_count * sizeof *check.waiting);
    if (check.seen == NULL || check.waiting == NULL) {
        free(check.seen);
        free(check.waiting);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the check of the lexicon");
    }
    find_tokens(&check);
    open_signs(&check);
    struct walk walk = {.own = true};
    ql_filter_init(&walk.state);
    walk_words(&check, &walk, 0, 0, false);
    while (check.waiting_count > 0) {
        const uint32_t number = check.waiting[--check.waiting_count];
        walk_symbols(&check, number / 2, number % 2 != 0);
        if (number % 2 != 0) {
            const struct walk open = {
                .state = {.places = {number / 2}, .place_count = 1, .run_label = QL_FILTER_NO_LABEL}};
            walk_words(&check, &open, 0, 0, false);
        }
    }
    free(check.seen);
    free(check.waiting);
    return QL_OK;
}
