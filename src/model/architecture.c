// The architectures that there are: see architecture.h.
#include "model/architecture.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

// An embedding before the layers, a linear output behind them.
static const struct ql_tensor_form embedding[] = {
    {"embedding.weight", QL_SIZE_V, QL_SIZE_E, QL_BEGIN_NORMAL, QL_END_EMBEDDING},
};

static const struct ql_tensor_form output[] = {
    {"output.weight", QL_SIZE_V, QL_SIZE_H, QL_BEGIN_UNIFORM, QL_END_OUTPUT_WEIGHT},
    {"output.bias", QL_SIZE_V, QL_SIZE_NONE, QL_BEGIN_UNIFORM, QL_END_OUTPUT_BIAS},
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
    {"h", "h0", "hn", QL_STATE_REPLACE, QL_SIZE_H},
    {"c", "c0", "cn", QL_STATE_REPLACE, QL_SIZE_H},
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

enum ql_status ql_architecture_read(struct ql_dimensions *dimensions, const char *name, struct ql_error *error)
{
    for (int k = 0; k < COUNT(architectures); k++) {
        if (strcmp(name, architectures[k].name) == 0) {
            dimensions->layer = architectures[k].layer;
            dimensions->cell = architectures[k].cell;
            return QL_OK;
        }
    }
    return ql_error_write(error, QL_ERROR_USAGE, "'%s' is no model type; there are lstm, gru and rnn", name);
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

void ql_architecture_state_add(const struct ql_architecture *architecture, struct ql_state_layout *layout, int l, int I,
                               int H)
{
    const struct ql_dimensions d = {.cell = architecture->cell, .layer = architecture->layer, .E = I, .H = H};

    for (int k = 0; k < architecture->state_count; k++) {
        const struct ql_state_form *form = &architecture->states[k];
        const bool added = ql_state_layout_add(layout, (struct ql_state_part){
                                                           .name = form->name,
                                                           .layer = l,
                                                           .kind = form->kind,
                                                           .type = QL_ELEMENT_F32,
                                                           .rank = 1,
                                                           .dims = {ql_size_of(form->size, &d, 0)},
                                                       });
        assert(added);
        (void)added;
    }
}
