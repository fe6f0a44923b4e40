// Many texts from one model: see generation.h.
// Uses: base, corpus/vocabulary, device/{candidate,filter,lexicon,random}.h, filter/guard, generate/batch_engine.h,
// POSIX threads.
//
// Branches wait on a stack: a node of the tree (a beginning), the state before its last token, and the items with this
// beginning. A thread takes up to QL_BATCH_LIMIT branches from the top, steps them together, draws the next token of
// each of their items, and puts a branch on the stack for each group of items that continue alike. Taking branches from
// the top goes down the tree, so only a few states are alive at a time. Which thread takes which branch affects only
// the order of the work.
#include "generate/generation.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "device/candidate.h"
#include "device/random.h"
#include "filter/guard.h"

// The most symbols that the items of one part may have together, if all are cut: this bounds the tree.
enum { PART_SYMBOLS = 1 << 26 };

enum { NONE = -1, STATE_ALIGNMENT = 64 };

// A state from which several branches continue: the engine's, followed by those of the filter and the lexicon.
struct state {
    struct state *next_free;
    int users;
    _Alignas(STATE_ALIGNMENT) unsigned char bytes[];
};

// A beginning of items: that of its parent and one more token.
struct node {
    uint32_t parent;
    uint16_t token;
};

struct branch {
    struct state *before; // NULL for zeros
    uint32_t node;
    int token, depth; // the token to take, and the number of tokens in the beginning
    int characters;   // of the beginning, after the prompt
    int32_t items;    // the first one; others follow by `next`
};

// An item, or one of its candidates, which are adjacent.
struct item {
    struct ql_random random;
    uint32_t node; // the whole text, once it is complete
    int32_t next;  // another item with the same beginning
    uint32_t cost; // of its tokens, if there are several candidates
    int length;
    bool cut, refused;
};

// The working memory of one thread.
struct worker {
    struct branch *branches; // (QL_BATCH_LIMIT) taken
    struct branch *grown;    // their successors
    int grown_count, grown_room;
    unsigned char *logits; // QL_BATCH_LIMIT times
    struct state *states[QL_BATCH_LIMIT];
    int32_t *group;    // (V) the items that drew this token
    uint16_t *groups;  // (V) tokens that were drawn
    uint32_t *blocked; // a bit for each token
    uint64_t symbols, steps;
    uint32_t complete;
};

struct part {
    const struct ql_generator *generator;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct item *items;
    struct worker *workers;
    struct ql_arena arena;                // of the states
    size_t guarded_offset, guarded_bytes; // the part of a state for the filter and the lexicon
    struct state *free_states;
    // Guarded by the mutex.
    struct branch *stack;
    size_t stack_count, stack_room;
    struct node *nodes;
    size_t node_count, node_room;
    int busy; // threads that have taken branches
    uint32_t complete;
    enum ql_status status; // of the first failure
    struct ql_error error;
    // Progress, from the calling thread.
    ql_generation_progress *progress;
    void *context;
    uint32_t complete_before;
};

uint32_t ql_generation_seed(uint32_t seed, uint32_t number)
{
    return ql_random_derive(seed, number);
}

// Makes room for `more` elements. False when there is not enough memory.
static bool grow(void **elements, size_t *room, size_t count, size_t more, size_t element_bytes)
{
    if (count + more <= *room) {
        return true;
    }
    size_t larger = 2 * (count + more);
    void *moved = realloc(*elements, larger * element_bytes);
    if (moved == NULL) {
        return false;
    }
    *elements = moved;
    *room = larger;
    return true;
}

// Returns whether the branch of a new token is the last one of its items: they have reached the maximum length, or the
// end of the context, and are cut.
static bool is_last(const struct ql_generator *generator, int depth, int characters)
{
    const int limit = ql_text_rules_item_limit(&generator->rules, generator->engine->context);
    return characters == generator->max_length || (limit > 0 && depth == limit);
}

// --- Under the mutex ---

static void fail(struct part *part, enum ql_status status, const struct ql_error *error)
{
    if (part->status == QL_OK) {
        part->status = status;
        part->error = *error;
    }
}

static void fail_memory(struct part *part)
{
    struct ql_error error;
    fail(part, ql_error_write(&error, QL_ERROR_SYSTEM, "not enough memory for the items"), &error);
}

static struct state *take_state(struct part *part)
{
    struct state *state = part->free_states;

    if (state == NULL) {
        return ql_arena_take(&part->arena, 1, sizeof *state + part->guarded_offset + part->guarded_bytes);
    }
    part->free_states = state->next_free;
    return state;
}

static void release_state(struct part *part, struct state *state)
{
    if (state != NULL && --state->users <= 0) {
        state->next_free = part->free_states;
        part->free_states = state;
    }
}

// Takes branches and a state for each. Returns how many: at most this thread's share of the waiting ones.
static int take_branches(struct part *part, struct worker *worker)
{
    const size_t threads = (size_t)part->generator->pool->threads;
    const size_t share = (part->stack_count + threads - 1) / threads;
    const int B = share < QL_BATCH_LIMIT ? (int)share : QL_BATCH_LIMIT;

    for (int b = 0; b < B; b++) {
        worker->branches[b] = part->stack[--part->stack_count];
        worker->states[b] = take_state(part);
        if (worker->states[b] == NULL) {
            fail_memory(part);
            return 0;
        }
    }
    return B;
}

// Puts the new branches onto the stack, each with its own node, and releases the states that are no longer needed.
static void return_branches(struct part *part, struct worker *worker, int B)
{
    const size_t count = (size_t)worker->grown_count;

    if (!grow((void **)&part->stack, &part->stack_room, part->stack_count, count, sizeof part->stack[0]) ||
        !grow((void **)&part->nodes, &part->node_room, part->node_count, count, sizeof part->nodes[0])) {
        fail_memory(part);
        return;
    }
    for (size_t k = 0; k < count; k++) {
        struct branch *branch = &worker->grown[k];
        part->nodes[part->node_count] = (struct node){branch->node, (uint16_t)branch->token};
        branch->node = (uint32_t)part->node_count++;
        if (is_last(part->generator, branch->depth, branch->characters)) {
            for (int32_t i = branch->items; i != NONE; i = part->items[i].next) {
                part->items[i].node = branch->node;
            }
        } else {
            part->stack[part->stack_count++] = *branch;
        }
    }
    for (int b = 0; b < B; b++) {
        release_state(part, worker->branches[b].before);
        worker->states[b]->users++; // so that a state without branches is released, too
        release_state(part, worker->states[b]);
    }
    part->complete += worker->complete;
}

// --- Without the mutex ---

// The state of the filter and the lexicon for a text.
struct guarded {
    struct ql_filter_state filter;
    struct ql_lexicon_state words;
};

// Their state after the branch's last token. For them, a text that starts over within an item is one text.
static struct guarded *guarded_state(const struct part *part, struct state *state)
{
    return (struct guarded *)(void *)(state->bytes + part->guarded_offset);
}

static bool is_guarded(const struct ql_generator *generator)
{
    return generator->filter != NULL || generator->lexicon != NULL;
}

static void take_token(const struct ql_generator *generator, struct guarded *guarded, int token)
{
    if (generator->filter != NULL) {
        ql_filter_step(&guarded->filter, generator->filter, token);
    }
    if (generator->lexicon != NULL) {
        (void)ql_lexicon_take(&guarded->words, generator->lexicon, token);
    }
}

// Takes the branch's last token, and returns the tokens that must not come next; NULL when none is blocked.
static const uint32_t *step_guards(const struct part *part, struct worker *worker, int b)
{
    const struct ql_generator *generator = part->generator;
    const struct branch *branch = &worker->branches[b];

    if (!is_guarded(generator)) {
        return ql_text_rules_block(&generator->rules, worker->blocked, NULL, generator->engine->V);
    }
    struct guarded *after = guarded_state(part, worker->states[b]);
    if (branch->before == NULL) {
        ql_filter_init(&after->filter);
        ql_lexicon_init(&after->words);
    } else {
        *after = *guarded_state(part, branch->before);
    }
    take_token(generator, after, branch->token);
    const bool any =
        ql_guard_block(worker->blocked, generator->filter, &after->filter, generator->lexicon, &after->words);
    return ql_text_rules_block(&generator->rules, worker->blocked, any ? worker->blocked : NULL, generator->engine->V);
}

// Returns whether an item is refused that ended here, or that is cut here or after a token.
static bool is_refused(const struct part *part, struct state *state, int token, bool cut)
{
    const struct ql_generator *generator = part->generator;

    if (!is_guarded(generator)) {
        return false;
    }
    struct guarded ended = *guarded_state(part, state);
    if (cut && token == NONE &&
        ((generator->filter != NULL && ql_filter_completes(&ended.filter, generator->filter)) ||
         (generator->lexicon != NULL && !ql_lexicon_is_between(&ended.words, generator->lexicon)))) {
        return true;
    }
    if (token != NONE) {
        if ((generator->filter != NULL && !ql_filter_may_end(&ended.filter, generator->filter, token)) ||
            (generator->lexicon != NULL && !ql_lexicon_may_end(&ended.words, generator->lexicon, token))) {
            return true;
        }
        take_token(generator, &ended, token);
    }
    return generator->filter != NULL && ql_filter_refuses(&ended.filter, generator->filter);
}

// Candidates for each item.
static uint32_t choice_of(const struct ql_generator *generator)
{
    return generator->best < 1 ? 1 : (uint32_t)generator->best;
}

static int token_length(const struct ql_generator *generator, int token)
{
    return generator->vocabulary == NULL ? 1 : ql_vocabulary_length(generator->vocabulary, token);
}

// Ends an item that is cut: with its last token, or, where that would pass the largest length (NONE), before it.
static void cut_item(const struct part *part, struct worker *worker, struct item *item, int b, int token)
{
    item->length = worker->branches[b].depth + (token != NONE);
    item->cut = true;
    item->refused = is_refused(part, worker->states[b], token, true);
    worker->complete++;
}

// Adds the cost of a token that an item has drawn.
static void add_cost(const struct part *part, int number, struct item *item, int token)
{
    const struct ql_batch_engine *engine = part->generator->engine;
    struct ql_candidate candidate = {.cost = item->cost};

    if (choice_of(part->generator) > 1) {
        ql_candidate_add(&candidate, engine->cost(engine->self, number, token), 0);
        item->cost = candidate.cost;
    }
}

// Takes the next token of the prompt for all items of a branch.
static void take_prompt(struct part *part, struct worker *worker, int b)
{
    const struct branch *branch = &worker->branches[b];

    (void)step_guards(part, worker, b);
    worker->grown[worker->grown_count++] = (struct branch){.before = worker->states[b],
                                                           .node = branch->node,
                                                           .token = part->generator->prompt[branch->depth],
                                                           .depth = branch->depth + 1,
                                                           .items = branch->items};
    worker->states[b]->users++;
}

// Draws the next token of each item of a branch, and sorts the items by it.
static bool draw_items(struct part *part, struct worker *worker, int number, int b)
{
    const struct ql_generator *generator = part->generator;
    const struct ql_batch_engine *engine = generator->engine;
    const struct branch *branch = &worker->branches[b];
    int groups = 0;

    if (branch->depth < generator->prompt_count) {
        take_prompt(part, worker, b);
        return true;
    }
    if (!engine->weigh(engine->self, number, worker->logits + (size_t)b * engine->logits_bytes, &generator->sampling,
                       step_guards(part, worker, b))) {
        return false;
    }
    for (int32_t i = branch->items, next; i != NONE; i = next) {
        struct item *item = &part->items[i];
        const int token = engine->draw(engine->self, number, &item->random);
        next = item->next;
        const int characters = branch->characters + token_length(generator, token);
        worker->symbols += (uint64_t)(characters - branch->characters);
        if (token == generator->rules.newline) {
            item->node = branch->node;
            item->length = branch->depth;
            item->refused = is_refused(part, worker->states[b], NONE, false);
            add_cost(part, number, item, token);
            worker->complete++;
            continue;
        }
        if (characters > generator->max_length) {
            item->node = branch->node;
            cut_item(part, worker, item, b, NONE);
            continue;
        }
        add_cost(part, number, item, token);
        if (worker->group[token] == NONE) {
            worker->groups[groups++] = (uint16_t)token;
        }
        item->next = worker->group[token];
        worker->group[token] = i;
        if (is_last(generator, branch->depth + 1, characters)) {
            cut_item(part, worker, item, b, token);
        }
    }
    for (int k = 0; k < groups; k++) {
        const int token = worker->groups[k];
        const int characters = branch->characters + token_length(generator, token);
        worker->grown[worker->grown_count++] = (struct branch){.before = worker->states[b],
                                                               .node = branch->node,
                                                               .token = token,
                                                               .depth = branch->depth + 1,
                                                               .characters = characters,
                                                               .items = worker->group[token]};
        worker->states[b]->users += !is_last(generator, branch->depth + 1, characters);
        worker->group[token] = NONE;
    }
    return true;
}

static enum ql_status step_branches(struct part *part, struct worker *worker, int number, int B, struct ql_error *error)
{
    const struct ql_batch_engine *engine = part->generator->engine;
    const void *before[QL_BATCH_LIMIT];
    void *after[QL_BATCH_LIMIT];
    int tokens[QL_BATCH_LIMIT];

    for (int b = 0; b < B; b++) {
        const struct branch *branch = &worker->branches[b];
        const bool zero = branch->before == NULL || ql_text_rules_reset_at(&part->generator->rules, branch->token);
        before[b] = zero ? NULL : branch->before->bytes;
        after[b] = worker->states[b]->bytes;
        worker->states[b]->users = 0;
        tokens[b] = branch->token;
    }
    worker->grown_count = 0;
    worker->complete = 0;
    worker->steps += (uint64_t)B;
    enum ql_status status = engine->step(engine->self, number, after, before, tokens, worker->logits, B, error);
    for (int b = 0; b < B && status == QL_OK; b++) {
        if (!draw_items(part, worker, number, b)) {
            status = ql_error_write(error, QL_ERROR_NUMERIC, "the model's output is not a finite number");
        }
    }
    return status;
}

// Reports progress; only the calling thread does this, without the mutex.
static enum ql_status tell_progress(struct part *part, int number, uint32_t complete, struct ql_error *error)
{
    const uint32_t items = complete / choice_of(part->generator);
    if (number == 0 && part->progress != NULL && !part->progress(part->context, part->complete_before + items)) {
        return ql_error_write(error, QL_ERROR_STOPPED, "stopped");
    }
    return QL_OK;
}

// Reports the progress of the others while the calling thread has nothing to do, so that a stop need not wait for them.
// With the mutex, which is free meanwhile.
static void tell_waiting(struct part *part, int number)
{
    const uint32_t complete = part->complete;
    struct ql_error error;

    if (number == 0) {
        (void)pthread_mutex_unlock(&part->mutex);
        const enum ql_status status = tell_progress(part, number, complete, &error);
        (void)pthread_mutex_lock(&part->mutex);
        if (status != QL_OK) {
            fail(part, status, &error);
        }
    }
}

// One thread's work, until no branch is waiting and no thread can add another one.
static void work(void *context, int task, int number)
{
    struct part *part = context;
    struct worker *worker = &part->workers[number];
    struct ql_error error;

    (void)task;
    (void)pthread_mutex_lock(&part->mutex);
    for (;;) {
        while (part->status == QL_OK && part->stack_count == 0 && part->busy > 0) {
            (void)pthread_cond_wait(&part->changed, &part->mutex);
            tell_waiting(part, number);
        }
        if (part->status != QL_OK || part->stack_count == 0) {
            break;
        }
        const int B = take_branches(part, worker);
        const uint32_t complete = part->complete;
        part->busy++;
        (void)pthread_mutex_unlock(&part->mutex);
        enum ql_status status = step_branches(part, worker, number, B, &error);
        if (status == QL_OK) {
            status = tell_progress(part, number, complete, &error);
        }
        (void)pthread_mutex_lock(&part->mutex);
        part->busy--;
        if (status == QL_OK) {
            return_branches(part, worker, B);
        } else {
            fail(part, status, &error);
        }
        (void)pthread_cond_broadcast(&part->changed);
    }
    (void)pthread_mutex_unlock(&part->mutex);
}

// --- A part of the items ---

static void close_part(struct part *part)
{
    for (int w = 0; part->workers != NULL && w < part->generator->pool->threads; w++) {
        struct worker *worker = &part->workers[w];
        free(worker->branches);
        free(worker->grown);
        free(worker->logits);
        free(worker->group);
        free(worker->groups);
        free(worker->blocked);
    }
    free(part->workers);
    free(part->items);
    free(part->stack);
    free(part->nodes);
    ql_arena_free(&part->arena);
    (void)pthread_mutex_destroy(&part->mutex);
    (void)pthread_cond_destroy(&part->changed);
}

static bool open_worker(struct worker *worker, const struct ql_batch_engine *engine, size_t item_limit)
{
    const size_t V = (size_t)engine->V;
    const size_t grown = QL_BATCH_LIMIT * V < item_limit ? QL_BATCH_LIMIT * V : item_limit; // every group has an item

    worker->branches = malloc(QL_BATCH_LIMIT * sizeof worker->branches[0]);
    worker->grown = malloc(grown * sizeof worker->grown[0]);
    worker->logits = aligned_alloc(STATE_ALIGNMENT, (QL_BATCH_LIMIT * engine->logits_bytes + STATE_ALIGNMENT - 1) /
                                                        STATE_ALIGNMENT * STATE_ALIGNMENT);
    worker->group = malloc(V * sizeof worker->group[0]);
    worker->groups = malloc(V * sizeof worker->groups[0]);
    worker->blocked = malloc((V / 32 + 1) * sizeof worker->blocked[0]);
    for (size_t v = 0; v < V && worker->group != NULL; v++) {
        worker->group[v] = NONE;
    }
    return worker->branches != NULL && worker->grown != NULL && worker->logits != NULL && worker->group != NULL &&
           worker->groups != NULL && worker->blocked != NULL;
}

// The root of the tree, and all candidates for `items` items before it.
static bool open_part(struct part *part, uint32_t first, uint32_t items)
{
    const struct ql_generator *generator = part->generator;
    const int threads = generator->pool->threads;
    const uint32_t choice = choice_of(generator), count = items * choice;

    part->items = malloc(count * sizeof part->items[0]);
    part->workers = calloc((size_t)threads, sizeof part->workers[0]);
    bool good = part->items != NULL && part->workers != NULL &&
                grow((void **)&part->stack, &part->stack_room, 0, 1, sizeof part->stack[0]) &&
                grow((void **)&part->nodes, &part->node_room, 0, 1, sizeof part->nodes[0]);
    for (int w = 0; w < threads && good; w++) {
        good = open_worker(&part->workers[w], generator->engine, count);
    }
    for (uint32_t i = 0; i < count && good; i++) {
        part->items[i] = (struct item){.next = i + 1 < count ? (int32_t)i + 1 : NONE};
        const uint32_t seed = ql_generation_seed(generator->seed, first + i / choice);
        ql_random_init(&part->items[i].random, ql_candidate_seed(seed, i % choice));
    }
    if (good) {
        part->nodes[part->node_count++] = (struct node){0, 0};
        part->stack[part->stack_count++] = (struct branch){.token = generator->rules.first_token};
    }
    return good;
}

// Reads an item from its end to its beginning. Returns how many characters it has after the prompt.
static uint32_t read_item(const struct part *part, const struct item *item, uint16_t *tokens)
{
    uint32_t node = item->node, characters = 0;

    for (int k = item->length - 1; k >= 0; k--) {
        tokens[k] = part->nodes[node].token;
        characters += k < part->generator->prompt_count ? 0 : (uint32_t)token_length(part->generator, tokens[k]);
        node = part->nodes[node].parent;
    }
    return characters;
}

// Returns the number of the best of an item's candidates.
static uint32_t choose(const struct part *part, const struct item *items, uint16_t *tokens)
{
    struct ql_candidate best = {0};
    uint32_t chosen = 0;

    for (uint32_t k = 0; k < choice_of(part->generator); k++) {
        const uint32_t characters = read_item(part, &items[k], tokens);
        const bool inside = !items[k].cut && characters >= (uint32_t)part->generator->min_length;
        const struct ql_candidate candidate = {.cost = items[k].cost,
                                               .characters = characters + !items[k].cut,
                                               .rank = items[k].refused ? QL_CANDIDATE_REFUSED
                                                       : inside         ? QL_CANDIDATE_INSIDE
                                                                        : QL_CANDIDATE_OUTSIDE};
        if (k == 0 || ql_candidate_before(&candidate, &best)) {
            best = candidate;
            chosen = k;
        }
    }
    return chosen;
}

// Passes the items to the caller.
static enum ql_status read_items(const struct part *part, uint32_t first, uint32_t count, ql_item_function *function,
                                 struct ql_generation_result *result, struct ql_error *error)
{
    const uint32_t choice = choice_of(part->generator);
    uint16_t *tokens =
        malloc(((size_t)part->generator->max_length + (size_t)part->generator->prompt_count) * sizeof *tokens);
    enum ql_status status = QL_OK;

    if (tokens == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for an item");
    }
    for (uint32_t i = 0; i < count && status == QL_OK; i++) {
        const struct item *candidates = &part->items[(size_t)i * choice];
        const uint32_t chosen = choice == 1 ? 0 : choose(part, candidates, tokens);
        const struct item *item = &candidates[chosen];
        (void)read_item(part, item, tokens);
        result->cut += item->cut;
        result->refused += item->refused;
        const struct ql_generated_item generated = {.number = first + i,
                                                    .candidate = chosen,
                                                    .tokens = tokens,
                                                    .length = item->length,
                                                    .refused = item->refused,
                                                    .cut = item->cut};
        status = function(part->context, &generated, error);
    }
    free(tokens);
    return status;
}

static enum ql_status run_part(struct part *part, uint32_t first, uint32_t count, ql_item_function *item,
                               struct ql_generation_result *result, struct ql_error *error)
{
    struct ql_thread_pool *pool = part->generator->pool;

    (void)pthread_mutex_init(&part->mutex, NULL);
    (void)pthread_cond_init(&part->changed, NULL);
    if (open_part(part, first, count)) {
        ql_thread_pool_run(pool, work, part, pool->threads);
    } else {
        fail_memory(part);
    }
    for (int w = 0; part->workers != NULL && w < pool->threads; w++) {
        result->symbols += part->workers[w].symbols;
        result->steps += part->workers[w].steps;
    }
    enum ql_status status = part->status;
    if (status == QL_OK) {
        status = read_items(part, first, count, item, result, error);
    } else if (error != NULL) {
        *error = part->error;
    }
    close_part(part);
    return status;
}

enum ql_status ql_generation_run(const struct ql_generator *generator, uint32_t first, uint32_t count,
                                 ql_item_function *item, ql_generation_progress *progress, void *context,
                                 struct ql_generation_result *result, struct ql_error *error)
{
    const uint32_t fitting = (uint32_t)(PART_SYMBOLS / (generator->max_length + generator->prompt_count));
    const uint32_t texts = fitting < QL_GENERATION_PART ? fitting : QL_GENERATION_PART;
    const uint32_t limit = texts < choice_of(generator) ? 1 : texts / choice_of(generator);
    enum ql_status status = QL_OK;

    assert(generator->max_length >= 1);
    *result = (struct ql_generation_result){0};
    for (uint32_t done = 0; done < count && status == QL_OK;) {
        const uint32_t size = count - done < limit ? count - done : limit;
        const size_t state_bytes =
            (generator->engine->state_bytes + STATE_ALIGNMENT - 1) / STATE_ALIGNMENT * STATE_ALIGNMENT;
        struct part part = {.guarded_offset = state_bytes,
                            .guarded_bytes = is_guarded(generator) ? sizeof(struct guarded) : 0,
                            .generator = generator,
                            .progress = progress,
                            .context = context,
                            .complete_before = done};
        status = run_part(&part, first + done, size, item, result, error);
        done += size;
    }
    return status;
}
