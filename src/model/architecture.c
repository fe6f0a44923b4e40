// The available architectures: see architecture.h.
// Uses: device/elementary.h.
#include "model/architecture.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "device/elementary.h"

// An embedding before the layers, and a linear output after them.
static const struct ql_tensor_form embedding[] = {
    {"embedding.weight", QL_SIZE_V, QL_SIZE_E, QL_BEGIN_NORMAL, QL_END_EMBEDDING},
};

static const struct ql_tensor_form output[] = {
    {"output.weight", QL_SIZE_V, QL_SIZE_H, QL_BEGIN_UNIFORM, QL_END_OUTPUT_WEIGHT},
    {"output.bias", QL_SIZE_V, QL_SIZE_NONE, QL_BEGIN_UNIFORM, QL_END_OUTPUT_BIAS},
};

static const struct ql_tensor_form tied_embedding[] = {
    {"embedding.weight", QL_SIZE_V, QL_SIZE_E, QL_BEGIN_TIED, QL_END_EMBEDDING},
};

static const struct ql_tensor_form final_norm[] = {
    {"norm.weight", QL_SIZE_E, QL_SIZE_NONE, QL_BEGIN_ONE, QL_END_NORM},
};

#define RECURRENT(tensor) offsetof(struct ql_layer, recurrent.tensor)

static const struct ql_tensor_form recurrent[] = {
    {"rnn.weight_ih_l#", QL_SIZE_GH, QL_SIZE_I, QL_BEGIN_UNIFORM, RECURRENT(weight_ih)},
    {"rnn.weight_hh_l#", QL_SIZE_GH, QL_SIZE_H, QL_BEGIN_UNIFORM, RECURRENT(weight_hh)},
    {"rnn.bias_ih_l#", QL_SIZE_GH, QL_SIZE_NONE, QL_BEGIN_UNIFORM, RECURRENT(bias_ih)},
    {"rnn.bias_hh_l#", QL_SIZE_GH, QL_SIZE_NONE, QL_BEGIN_UNIFORM, RECURRENT(bias_hh)},
};

// An LSTM has both parts, the others the first.
static const struct ql_state_form recurrent_states[] = {
    {"h", "h0", "hn", QL_STATE_REPLACE, QL_SIZE_H, QL_SIZE_NONE},
    {"c", "c0", "cn", QL_STATE_REPLACE, QL_SIZE_H, QL_SIZE_NONE},
};

#define DECODER(tensor) offsetof(struct ql_layer, decoder.tensor)

static const struct ql_tensor_form decoder[] = {
    {"layers.#.attention_norm.weight", QL_SIZE_E, QL_SIZE_NONE, QL_BEGIN_ONE, DECODER(attention_norm)},
    {"layers.#.attention.query.weight", QL_SIZE_E, QL_SIZE_E, QL_BEGIN_SMALL, DECODER(query)},
    {"layers.#.attention.key.weight", QL_SIZE_K, QL_SIZE_E, QL_BEGIN_SMALL, DECODER(key)},
    {"layers.#.attention.value.weight", QL_SIZE_K, QL_SIZE_E, QL_BEGIN_SMALL, DECODER(value)},
    {"layers.#.attention.output.weight", QL_SIZE_E, QL_SIZE_E, QL_BEGIN_RESIDUAL, DECODER(output)},
    {"layers.#.feed_norm.weight", QL_SIZE_E, QL_SIZE_NONE, QL_BEGIN_ONE, DECODER(feed_norm)},
    {"layers.#.feed.gate.weight", QL_SIZE_F, QL_SIZE_E, QL_BEGIN_SMALL, DECODER(gate)},
    {"layers.#.feed.up.weight", QL_SIZE_F, QL_SIZE_E, QL_BEGIN_SMALL, DECODER(up)},
    {"layers.#.feed.down.weight", QL_SIZE_E, QL_SIZE_F, QL_BEGIN_RESIDUAL, DECODER(down)},
};

static const struct ql_state_form decoder_states[] = {
    {"keys", "keys", "new_keys", QL_STATE_APPEND, QL_SIZE_K, QL_SIZE_CONTEXT},
    {"values", "values", "new_values", QL_STATE_APPEND, QL_SIZE_K, QL_SIZE_CONTEXT},
};

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

#define RECURRENT_ARCHITECTURE(cell_name, id, cell_gates, cell_states)                                            \
    {                                                                                                             \
        .name = (cell_name), .layer = QL_LAYER_RECURRENT, .cell = (id), .gates = (cell_gates), .head = embedding, \
        .body = recurrent, .tail = output, .head_count = COUNT(embedding), .body_count = COUNT(recurrent),        \
        .tail_count = COUNT(output), .states = recurrent_states, .state_count = (cell_states)                     \
    }

static const struct ql_architecture architectures[] = {
    RECURRENT_ARCHITECTURE("lstm", QL_CELL_LSTM, 4, 2),
    RECURRENT_ARCHITECTURE("gru", QL_CELL_GRU, 3, 1),
    RECURRENT_ARCHITECTURE("rnn", QL_CELL_RNN, 1, 1),
    {.name = "transformer",
     .layer = QL_LAYER_DECODER,
     .gates = 1,
     .head = tied_embedding,
     .body = decoder,
     .tail = final_norm,
     .head_count = COUNT(tied_embedding),
     .body_count = COUNT(decoder),
     .tail_count = COUNT(final_norm),
     .states = decoder_states,
     .state_count = COUNT(decoder_states),
     .tied = true,
     .counts_position = true},
};

const struct ql_architecture *ql_architecture_find(enum ql_layer_kind layer, enum ql_cell cell)
{
    int k = 0;

    while (architectures[k].layer != layer || (layer == QL_LAYER_RECURRENT && architectures[k].cell != cell)) {
        k++;
        assert(k < COUNT(architectures));
    }
    return &architectures[k];
}

const struct ql_architecture *ql_architecture_of(const struct ql_dimensions *dimensions)
{
    return ql_architecture_find(dimensions->layer, dimensions->cell);
}

void ql_architecture_list(char *names, size_t room)
{
    size_t length = 0;

    for (int k = 0; k < COUNT(architectures) && length < room; k++) {
        const char *between = k == 0 ? "" : k + 1 < COUNT(architectures) ? ", " : " and ";
        length += (size_t)snprintf(names + length, room - length, "%s%s", between, architectures[k].name);
    }
}

enum ql_status ql_architecture_read(struct ql_dimensions *dimensions, const char *name, struct ql_error *error)
{
    for (int k = 0; k < COUNT(architectures); k++) {
        if (strcmp(name, architectures[k].name) == 0) {
            dimensions->layer = architectures[k].layer;
            dimensions->cell = architectures[k].cell;
            return QL_OK;
        }
    }
    char names[QL_ARCHITECTURE_LIST_BYTES];
    ql_architecture_list(names, sizeof names);
    return ql_error_write(error, QL_ERROR_USAGE, "'%s' is not a model type; the types are %s", name, names);
}

int ql_cell_gates(enum ql_cell cell)
{
    return ql_architecture_find(QL_LAYER_RECURRENT, cell)->gates;
}

int ql_size_of(enum ql_size size, const struct ql_dimensions *dimensions, int l)
{
    switch (size) {
    case QL_SIZE_V:
        return dimensions->V;
    case QL_SIZE_E:
        return dimensions->E;
    case QL_SIZE_H:
        return dimensions->H;
    case QL_SIZE_I:
        return l == 0 ? dimensions->E : dimensions->H;
    case QL_SIZE_GH:
        return ql_architecture_of(dimensions)->gates * dimensions->H;
    case QL_SIZE_K:
        return dimensions->kv_heads * ql_head_size(dimensions);
    case QL_SIZE_F:
        return dimensions->feed;
    case QL_SIZE_CONTEXT:
        return dimensions->context;
    default:
        return 0;
    }
}

void ql_tensor_form_write(const struct ql_tensor_form *form, char name[QL_TENSOR_NAME_BYTES], int l)
{
    const char *sign = strchr(form->name, '#');

    if (sign == NULL) {
        (void)snprintf(name, QL_TENSOR_NAME_BYTES, "%s", form->name);
    } else {
        (void)snprintf(name, QL_TENSOR_NAME_BYTES, "%.*s%d%s", (int)(sign - form->name), form->name, l, sign + 1);
    }
}

void ql_rotary_steps(uint32_t *steps, int size)
{
    const double radian = 683565275.57643158978; // 2^32 / (2 pi)

    for (int i = 0; i < size / 2; i++) {
        steps[i] = (uint32_t)(radian * ql_pow_f64(QL_ROTARY_BASE, -2.0 * i / size) + 0.5);
    }
}

float ql_attention_scale(int size)
{
    return 1.0f / ql_sqrt_f32((float)size);
}

int ql_head_size(const struct ql_dimensions *dimensions)
{
    return dimensions->E / dimensions->heads;
}

static void add_part(struct ql_state_layout *layout, struct ql_state_part part)
{
    const bool added = ql_state_layout_add(layout, part);

    assert(added);
    (void)added;
}

static const struct ql_state_part position = {.name = "position",
                                              .output = "new_position",
                                              .layer = -1,
                                              .kind = QL_STATE_COUNTER,
                                              .type = QL_ELEMENT_S64,
                                              .rank = 1,
                                              .dims = {1}};

void ql_architecture_state_add(struct ql_state_layout *layout, const struct ql_dimensions *dimensions, int l)
{
    const struct ql_architecture *architecture = ql_architecture_of(dimensions);

    if (l == 0 && architecture->counts_position) {
        add_part(layout, position);
    }
    for (int k = 0; k < architecture->state_count; k++) {
        const struct ql_state_form *form = &architecture->states[k];
        const int size = ql_size_of(form->size, dimensions, l), entries = ql_size_of(form->entries, dimensions, l);
        struct ql_state_part part = {
            .name = form->name, .layer = l, .kind = form->kind, .type = QL_ELEMENT_F32, .rank = 1, .dims = {size}};
        if (form->kind == QL_STATE_APPEND) {
            part.rank = 2;
            part.dims[0] = entries;
            part.dims[1] = size;
        }
        add_part(layout, part);
    }
}

void ql_architecture_graph_state_add(struct ql_state_layout *layout, const struct ql_dimensions *dimensions)
{
    const struct ql_architecture *architecture = ql_architecture_of(dimensions);

    for (int k = 0; k < architecture->state_count; k++) {
        const struct ql_state_form *form = &architecture->states[k];
        const int entries = form->kind == QL_STATE_APPEND ? ql_size_of(form->entries, dimensions, 0) : 1;
        add_part(layout,
                 (struct ql_state_part){.name = form->input,
                                        .output = form->output,
                                        .layer = -1,
                                        .kind = form->kind,
                                        .type = QL_ELEMENT_F32,
                                        .rank = 3,
                                        .dims = {dimensions->L, entries, ql_size_of(form->size, dimensions, 0)}});
    }
    if (architecture->counts_position) {
        add_part(layout, position);
    }
}

static enum ql_status check_size(const char *option, int value, int limit, struct ql_error *error)
{
    return value >= 1 && value <= limit ? QL_OK
                                        : ql_error_write(error, QL_ERROR_USAGE, "--%s is %d; it must be from 1 to %d",
                                                         ql_option_spell(option).text, value, limit);
}

enum ql_status ql_architecture_check(const struct ql_dimensions *d, struct ql_error *error)
{
    enum ql_status status;

    if (d->layer != QL_LAYER_DECODER) {
        return QL_OK;
    }
    if ((status = check_size("num_heads", d->heads, d->E, error)) != QL_OK ||
        (status = check_size("num_kv_heads", d->kv_heads, d->heads, error)) != QL_OK ||
        (status = check_size("feed_size", d->feed, QL_FEED_SIZE_LIMIT, error)) != QL_OK ||
        (status = check_size("context_length", d->context, QL_CONTEXT_LIMIT, error)) != QL_OK) {
        return status;
    }
    if (d->H != d->E) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "the layers of a transformer are as wide as its embedding: %d units are not %d", d->H,
                              d->E);
    }
    if (d->E % d->heads != 0 || d->E / d->heads % 2 != 0) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--embedding-size %d cannot be divided into %d heads of an even size: choose an "
                              "--embedding-size that is a multiple of %d, or another --num-heads",
                              d->E, d->heads, 2 * d->heads);
    }
    if (d->heads % d->kv_heads != 0) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--num-heads %d is not a multiple of --num-kv-heads %d: each head of keys serves as many "
                              "heads of queries as the others",
                              d->heads, d->kv_heads);
    }
    return QL_OK;
}
