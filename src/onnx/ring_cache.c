// Turns a cache that moves into a ring: see ring_cache.h. A layer is found from its softmax, up to the scores and down
// to the weighted sum. No value on the way may have another reader, so nothing else can see the difference.
// Uses: base, onnx.
#include "onnx/ring_cache.h"

#include <stdlib.h>
#include <string.h>

#include "onnx/position_line.h"

enum {
    FLOAT_BYTES = sizeof(float),
    LAYER_LIMIT = 64,
    CACHES = 2, // keys and values
    // References to a value among the buffers of calls: for one that is written and read once; for one that is
    // concatenated from two parts, read, and copied to the new state.
    ONE_READER = 2,
    JOINED_REFERENCES = 4,
};

// A score that stands for no weight: its exponential is negligible beside 1.
static const float hidden_limit = -1e9f;

// The entries of a layer, concatenated with the new one: (context + 1, width).
struct joined {
    int state;              // index of the state
    int before, entry;      // values: the old cache, the new entry
    int output_call;        // computes the new state
    int context, width;     // entries, floats of each
    size_t place_in_states; // bytes of layers before it
};

struct layer {
    int attended_call; // the weighted sum
    struct joined keys, values;
    int query, scratch; // values
    int heads, size;    // of queries
    float scale;
};

struct matcher {
    struct ql_program *program;
    const struct ql_state_pair *states;
    int state_count;
    int position;    // value; -1: there is none
    int *references; // of each root, among the buffers of calls
    int mask;        // the value that has been tried; -1: none
    struct layer layers[LAYER_LIMIT];
    int layer_count;
};

// --- Calls and values ---

static int root_of(const struct matcher *m, int value)
{
    return m->program->values[value].root;
}

// True for a value that is the whole of a root in the workspace.
static bool is_whole(const struct matcher *m, int value)
{
    const struct ql_program_value *v = &m->program->values[value], *root = ql_program_root(m->program, value);
    return v->offset == 0 && v->bytes == root->bytes && root->storage == QL_STORAGE_WORKSPACE;
}

// The call that writes to a root, at or after call `from`; -1: none.
static int find_maker(const struct matcher *m, int root, int from)
{
    for (int n = from; n < m->program->call_count; n++) {
        const struct ql_kernel_call *call = &m->program->calls[n];
        for (int k = 0; k < call->kernel->output_count; k++) {
            if (call->buffers[k] >= 0 && root_of(m, call->buffers[k]) == root) {
                return n;
            }
        }
    }
    return -1;
}

// The call that computes a value for a single reader; NULL if there is none.
static const struct ql_kernel_call *find_only(const struct matcher *m, int value)
{
    const int root = root_of(m, value), maker = find_maker(m, root, 0);

    return maker >= 0 && is_whole(m, value) && m->references[root] == ONE_READER ? &m->program->calls[maker] : NULL;
}

// The index of the only call that reads a value; -1 if there is none.
static int find_reader(const struct matcher *m, int value)
{
    const int root = root_of(m, value);

    for (int n = 0; n < m->program->call_count && m->references[root] == ONE_READER; n++) {
        const struct ql_kernel_call *call = &m->program->calls[n];
        for (int k = call->kernel->output_count; k < call->kernel->buffer_count; k++) {
            if (call->buffers[k] >= 0 && root_of(m, call->buffers[k]) == root) {
                return n;
            }
        }
    }
    return -1;
}

// A constant with a single number.
static bool read_number(const struct matcher *m, int value, float *number)
{
    const struct ql_program_value *v = &m->program->values[value], *root = ql_program_root(m->program, value);

    if (root->storage != QL_STORAGE_CONSTANT || v->type != QL_ELEMENT_F32 || v->count != 1) {
        return false;
    }
    memcpy(number, (const unsigned char *)root->data + v->offset, sizeof *number);
    return true;
}

// True for a copy of this many floats that are contiguous on both sides.
static bool is_plain_copy(const struct ql_kernel_call *call, int count)
{
    return ql_kernel_call_is(call, QL_KERNEL_COPY) && call->ints[0] == FLOAT_BYTES && call->ints[1] == 1 &&
           call->arrays[0][0] == count && call->arrays[1][0] == 1 && call->arrays[2][0] == 1;
}

// --- The parts of a layer ---

// The state with entries whose input is this root; -1: none.
static int find_state(const struct matcher *m, int root)
{
    for (int k = 0; k < m->state_count; k++) {
        const int in = m->program->graph->inputs[m->states[k].input];
        const struct ql_program_value *value = &m->program->values[in];
        if (in == root && m->states[k].kind == QL_STATE_APPEND && value->type == QL_ELEMENT_F32 && value->rank >= 2) {
            return k;
        }
    }
    return -1;
}

// The copy of the last entries to the same place of the new state.
static bool find_output_call(const struct matcher *m, struct joined *joined, int root)
{
    const struct ql_program *program = m->program;
    const int out = program->graph->outputs[m->states[joined->state].output];

    for (int n = 0; n < program->call_count; n++) {
        const struct ql_kernel_call *call = &program->calls[n];
        if (is_plain_copy(call, joined->context * joined->width) && root_of(m, call->buffers[1]) == root &&
            root_of(m, call->buffers[0]) == out) {
            joined->output_call = n;
            return program->values[call->buffers[0]].offset == joined->place_in_states &&
                   program->values[call->buffers[1]].offset == (size_t)joined->width * FLOAT_BYTES;
        }
    }
    return false;
}

static bool find_joined(const struct matcher *m, struct joined *joined, int value)
{
    const struct ql_program *program = m->program;
    const int root = root_of(m, value);
    const int makers[2] = {find_maker(m, root, 0), find_maker(m, root, find_maker(m, root, 0) + 1)};

    if (makers[0] < 0 || makers[1] < 0 || !is_whole(m, value) || m->references[root] != JOINED_REFERENCES) {
        return false;
    }
    const struct ql_kernel_call *cache = &program->calls[makers[0]], *entry = &program->calls[makers[1]];
    if (!ql_kernel_call_is(cache, QL_KERNEL_COPY) || !ql_kernel_call_is(entry, QL_KERNEL_COPY)) {
        return false;
    }
    const struct ql_program_value *before = &program->values[cache->buffers[1]];
    joined->state = find_state(m, before->root);
    if (joined->state < 0) {
        return false;
    }
    const struct ql_program_value *state = &program->values[before->root];
    joined->before = cache->buffers[1];
    joined->entry = entry->buffers[1];
    joined->context = state->dims[state->rank - 2];
    joined->width = state->dims[state->rank - 1];
    joined->place_in_states = before->offset;
    const int count = joined->context * joined->width;
    return is_plain_copy(cache, count) && is_plain_copy(entry, joined->width) &&
           program->values[cache->buffers[0]].offset == 0 &&
           program->values[entry->buffers[0]].offset == (size_t)count * FLOAT_BYTES &&
           program->values[value].count == count + joined->width && find_output_call(m, joined, root);
}

// The offset of element (head, k, entry) in the operand of a product: (kv_heads, size, entries) for keys, (kv_heads,
// entries, size) for values.
static ptrdiff_t place_of(int head, int k, int entry, int size, int entries, bool across)
{
    return (ptrdiff_t)head * size * entries + (across ? (ptrdiff_t)k * entries + entry : (ptrdiff_t)entry * size + k);
}

// True if the copy brings the concatenated entries (entries, kv_heads, size) into this order.
static bool copies_heads(const struct ql_kernel_call *call, const struct joined *joined, int size, bool across)
{
    const int rank = call->ints[1], *dims = call->arrays[0], entries = joined->context + 1;
    const int count = ql_kernel_count(rank, dims);

    if (call->ints[0] != FLOAT_BYTES || count != entries * joined->width) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        const ptrdiff_t from = ql_kernel_offset(i, rank, dims, call->arrays[2]);
        const int entry = (int)(from / joined->width), number = (int)(from % joined->width);
        if (ql_kernel_offset(i, rank, dims, call->arrays[1]) !=
            place_of(number / size, number % size, entry, size, entries, across)) {
            return false;
        }
    }
    return true;
}

// Goes back from a product's operand, keys or values, to the concatenated entries.
static bool find_heads(const struct matcher *m, struct joined *joined, int value, int size, bool across)
{
    const struct ql_kernel_call *copy = find_only(m, value);

    if (copy != NULL && ql_kernel_call_is(copy, QL_KERNEL_COPY)) {
        return find_joined(m, joined, copy->buffers[1]) && copies_heads(copy, joined, size, across);
    }
    // With one head, the order of the values is right already.
    return !across && find_joined(m, joined, value) && joined->width == size;
}

// True for the product of a row of K numbers with a matrix (K, N) for each head of queries, where neighboring heads
// share a matrix. With one head of keys, it is one product of all rows.
static bool is_product(const struct ql_kernel_call *call, int heads, int kv_heads, int K, int N)
{
    const int rank = call->ints[3], *dims = call->arrays[0];

    if (ql_kernel_call_is(call, QL_KERNEL_GEMM_F32)) {
        return kv_heads == 1 && call->ints[0] == heads && call->ints[1] == K && call->ints[2] == N &&
               call->buffers[3] < 0;
    }
    if (!ql_kernel_call_is(call, QL_KERNEL_MATMUL_F32) || call->ints[0] != 1 || call->ints[1] != K ||
        call->ints[2] != N || ql_kernel_count(rank, dims) != heads || heads % kv_heads != 0) {
        return false;
    }
    for (int h = 0; h < heads; h++) {
        if (ql_kernel_offset(h, rank, dims, call->arrays[1]) != (ptrdiff_t)h * K ||
            ql_kernel_offset(h, rank, dims, call->arrays[2]) != (ptrdiff_t)(h / (heads / kv_heads)) * K * N) {
            return false;
        }
    }
    return true;
}

// --- The mask ---

static bool run_calls(const struct matcher *m, const int *calls, int count, unsigned char *const *addresses)
{
    for (int i = count - 1; i >= 0; i--) {
        const struct ql_kernel_call *call = &m->program->calls[calls[i]];
        struct ql_kernel_arguments arguments = {.ints = call->ints, .floats = call->floats};
        for (int k = 0; k < call->kernel->buffer_count; k++) {
            const int value = call->buffers[k];
            arguments.buffers[k] = value < 0 ? NULL : addresses[root_of(m, value)] + m->program->values[value].offset;
        }
        for (int k = 0; k < call->kernel->operation_count; k++) {
            arguments.operations[k] = call->operations[k]->function;
        }
        for (int k = 0; k < call->kernel->array_count; k++) {
            arguments.arrays[k] = call->arrays[k];
        }
        if (!call->kernel->run(&arguments)) {
            return false;
        }
    }
    return true;
}

// Collects the calls that compute a value, the last one first, and memory for their results. Returns false if the value
// depends on anything but constants and the position.
static bool find_cone(const struct matcher *m, int value, int64_t *position, int *calls, int *count,
                      unsigned char **addresses, struct ql_arena *arena)
{
    static unsigned char wanted; // stands for memory that is still to be allocated
    const struct ql_program *program = m->program;

    addresses[root_of(m, value)] = &wanted;
    for (int n = program->call_count - 1; n >= 0; n--) {
        const struct ql_kernel_call *call = &program->calls[n];
        bool needed = false;
        for (int k = 0; k < call->kernel->output_count; k++) {
            needed = needed || (call->buffers[k] >= 0 && addresses[root_of(m, call->buffers[k])] != NULL);
        }
        for (int k = 0; k < call->kernel->buffer_count && needed; k++) {
            if (call->buffers[k] >= 0) {
                addresses[root_of(m, call->buffers[k])] = &wanted;
            }
        }
        if (needed) {
            calls[(*count)++] = n;
        }
    }
    for (int v = 0; v < program->value_count; v++) {
        const struct ql_program_value *root = &program->values[v];
        if (addresses[v] == NULL) {
            continue;
        }
        if (v == m->position) {
            addresses[v] = (unsigned char *)position;
        } else if (root->storage == QL_STORAGE_CONSTANT) {
            addresses[v] = (unsigned char *)root->data; // no kernel writes to a constant
        } else if (root->storage == QL_STORAGE_WORKSPACE) {
            addresses[v] = ql_arena_take(arena, 1, root->bytes);
        } else {
            return false;
        }
    }
    return !arena->exhausted;
}

// True if the mask of context + 1 entries shows, at each position, the new entry and those that earlier tokens have
// written, `context` in all. It is run while they become more; from then on it must not change.
static bool try_mask(const struct matcher *m, int mask, int context, int *calls, unsigned char **addresses)
{
    struct ql_arena arena = {0};
    struct ql_error error;
    int64_t position;
    int count = 0;
    struct ql_position_line *lines = ql_arena_take(&arena, (size_t)context + 1, sizeof lines[0]);
    bool fits = m->program->values[mask].count == context + 1 &&
                find_cone(m, mask, &position, calls, &count, addresses, &arena) &&
                ql_position_lines_find(lines, m->program, m->position, context, mask, &error) == QL_OK;

    for (position = 0; position < context && fits; position++) {
        fits = run_calls(m, calls, count, addresses);
        const unsigned char *seen = addresses[root_of(m, mask)] + m->program->values[mask].offset;
        for (int entry = 0; entry <= context && fits; entry++) {
            fits = (seen[entry] != 0) == (entry > 0 && entry >= context - position);
        }
    }
    for (int entry = 0; entry <= context && fits; entry++) {
        fits = lines[entry].known && lines[entry].offset == (entry > 0);
    }
    ql_arena_free(&arena);
    return fits;
}

static bool is_causal_mask(struct matcher *m, int mask, int context)
{
    if (mask == m->mask) {
        return true; // of the previous layer
    }
    int *calls = malloc((size_t)m->program->call_count * sizeof *calls);
    unsigned char **addresses = calloc((size_t)m->program->value_count, sizeof *addresses);
    const bool fits = calls != NULL && addresses != NULL && try_mask(m, mask, context, calls, addresses);

    free(calls);
    free(addresses);
    m->mask = fits ? mask : m->mask;
    return fits;
}

// True for where(mask, scores, a score without weight), for each head.
static bool is_masked(struct matcher *m, const struct ql_kernel_call *call, int heads, int context)
{
    const int rank = call->ints[1], *dims = call->arrays[0], entries = context + 1;
    float hidden;

    if (call->ints[0] != FLOAT_BYTES || ql_kernel_count(rank, dims) != heads * entries ||
        !read_number(m, call->buffers[3], &hidden) || !(hidden <= hidden_limit)) {
        return false;
    }
    for (int i = 0; i < heads * entries; i++) {
        if (ql_kernel_offset(i, rank, dims, call->arrays[1]) != i % entries ||
            ql_kernel_offset(i, rank, dims, call->arrays[2]) != i ||
            ql_kernel_offset(i, rank, dims, call->arrays[3]) != 0) {
            return false;
        }
    }
    return is_causal_mask(m, call->buffers[1], context);
}

// --- Layers ---

// From a softmax to the layer around it.
static bool find_layer(struct matcher *m, struct layer *layer, const struct ql_kernel_call *softmax)
{
    const struct ql_program *program = m->program;
    const int heads = softmax->ints[0], entries = softmax->ints[1];
    const struct ql_kernel_call *masked = find_only(m, softmax->buffers[1]);
    const bool has_mask = masked != NULL && ql_kernel_call_is(masked, QL_KERNEL_WHERE);
    const struct ql_kernel_call *scores = has_mask ? find_only(m, masked->buffers[2]) : NULL;

    if (scores == NULL || softmax->ints[2] != 1 || entries < 2 || !ql_kernel_call_is(scores, QL_KERNEL_BINARY_F32) ||
        scores->operations[0] != ql_operation_find("ql_mul_f32") ||
        !read_number(m, scores->buffers[2], &layer->scale)) {
        return false;
    }
    const struct ql_kernel_call *products = find_only(m, scores->buffers[1]);
    layer->attended_call = find_reader(m, softmax->buffers[0]);
    if (products == NULL || layer->attended_call < 0) {
        return false;
    }
    const struct ql_kernel_call *attended = &program->calls[layer->attended_call];
    const int size = products->ints[1]; // a width only if this is a product, which is checked below
    layer->heads = heads;
    layer->size = size;
    layer->query = products->buffers[1];
    layer->scratch = softmax->buffers[1];
    if (size < 1 || attended->buffers[1] != softmax->buffers[0] ||
        !find_heads(m, &layer->keys, products->buffers[2], size, true) ||
        !find_heads(m, &layer->values, attended->buffers[2], size, false)) {
        return false;
    }
    const struct joined *keys = &layer->keys, *values = &layer->values;
    return keys->context + 1 == entries && values->context == keys->context && values->width == keys->width &&
           keys->state != values->state && keys->width % size == 0 &&
           program->values[layer->query].count == heads * size &&
           is_product(products, heads, keys->width / size, size, entries) &&
           is_product(attended, heads, keys->width / size, entries, size) && is_masked(m, masked, heads, keys->context);
}

// True if the layers that were found cover the whole cache: each part of it belongs to one layer, and nothing else
// reads it.
static bool covers_states(const struct matcher *m)
{
    const struct ql_program *program = m->program;
    int caches = 0;

    for (int k = 0; k < m->state_count; k++) {
        const int in = program->graph->inputs[m->states[k].input], out = program->graph->outputs[m->states[k].output];
        size_t bytes = 0;
        if (find_state(m, in) != k) {
            continue;
        }
        caches++;
        for (int l = 0; l < m->layer_count; l++) {
            const struct joined *both[CACHES] = {&m->layers[l].keys, &m->layers[l].values};
            for (int i = 0; i < CACHES; i++) {
                bytes += both[i]->state == k ? (size_t)(both[i]->context * both[i]->width) * FLOAT_BYTES : 0;
            }
        }
        if (bytes != program->values[in].bytes || program->values[out].root != out ||
            m->references[in] != m->layer_count || m->references[out] != m->layer_count) {
            return false;
        }
    }
    return caches == CACHES;
}

// Replaces the weighted sum of a layer with its call. The calls that compute the new state lose their kernel, which
// marks them for removal.
static void rewrite(const struct matcher *m, const struct layer *layer)
{
    struct ql_program *program = m->program;
    struct ql_kernel_call *call = &program->calls[layer->attended_call];

    *call = (struct ql_kernel_call){
        .kernel = &ql_kernels[QL_KERNEL_RING_ATTENTION_F32],
        .buffers = {call->buffers[0], layer->scratch, layer->keys.before, layer->values.before, layer->query,
                    layer->keys.entry, layer->values.entry, m->position},
        .ints = {layer->heads, layer->keys.width / layer->size, layer->size, layer->keys.context},
        .floats = {layer->scale},
        .macs = 2 * call->macs,
        .node = call->node,
    };
    program->calls[layer->keys.output_call].kernel = NULL;
    program->calls[layer->values.output_call].kernel = NULL;
}

static void rewrite_all(const struct matcher *m)
{
    struct ql_program *program = m->program;

    for (int l = 0; l < m->layer_count; l++) {
        rewrite(m, &m->layers[l]);
    }
    ql_program_compact(program);
    for (int k = 0; k < m->state_count; k++) {
        const int in = program->graph->inputs[m->states[k].input], out = program->graph->outputs[m->states[k].output];
        for (int v = 0; v < program->value_count && find_state(m, in) == k; v++) {
            program->values[v].root = program->values[v].root == out ? in : program->values[v].root;
        }
    }
}

static void count_references(struct matcher *m)
{
    const struct ql_program *program = m->program;

    for (int n = 0; n < program->call_count; n++) {
        for (int k = 0; k < program->calls[n].kernel->buffer_count; k++) {
            if (program->calls[n].buffers[k] >= 0) {
                m->references[root_of(m, program->calls[n].buffers[k])]++;
            }
        }
    }
    for (int k = 0; k < program->graph->output_count; k++) { // an output has one more reader, except for the states
        bool is_state = false;
        for (int s = 0; s < m->state_count; s++) {
            is_state = is_state || m->states[s].output == k;
        }
        m->references[root_of(m, program->graph->outputs[k])] += is_state ? 0 : 1;
    }
}

enum ql_status ql_ring_cache_init(struct ql_program *program, const struct ql_state_pair *states, int state_count,
                                  struct ql_error *error)
{
    struct matcher *m = malloc(sizeof *m);
    int *references = calloc((size_t)program->value_count + 1, sizeof *references);
    bool fits;

    if (m == NULL || references == NULL) {
        free(m);
        free(references);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to compile the model");
    }
    *m = (struct matcher){.program = program,
                          .states = states,
                          .state_count = state_count,
                          .position = -1,
                          .references = references,
                          .mask = -1};
    count_references(m);
    const enum ql_status status = ql_position_find(&m->position, program, states, state_count, error);
    fits = m->position >= 0;
    for (int n = 0; n < program->call_count && fits; n++) {
        if (ql_kernel_call_is(&program->calls[n], QL_KERNEL_SOFTMAX_F32)) {
            fits = m->layer_count < LAYER_LIMIT && find_layer(m, &m->layers[m->layer_count], &program->calls[n]);
            m->layer_count++;
        }
    }
    if (status == QL_OK && fits && m->layer_count > 0 && covers_states(m)) {
        rewrite_all(m);
    }
    free(m);
    free(references);
    return status;
}
