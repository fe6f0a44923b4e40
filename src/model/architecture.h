// The architectures that there are, as a table: what the layers of a model are, which tensors they have, how these begin,
// and what a layer remembers. A model, its checkpoint, its graph and its state are laid out from here.
// Uses: base, model/state_layout.
#ifndef QL_MODEL_ARCHITECTURE_H
#define QL_MODEL_ARCHITECTURE_H

#include "base/status.h"
#include "model/state_layout.h"

// What a layer is: which member of the union in struct ql_layer, and of every other layer that is a tagged union.
enum ql_layer_kind { QL_LAYER_RECURRENT };

// The cells of recurrent layers.
enum ql_cell { QL_CELL_LSTM, QL_CELL_GRU, QL_CELL_RNN };

// V symbols in the vocabulary, E embedding size, H units in each of L layers.
struct ql_dimensions {
    enum ql_cell cell; // of recurrent layers
    int V, E, H, L;
    enum ql_layer_kind layer;
};

// One recurrent layer's tensors. G is 4 for LSTM (i, f, g, o), 3 for GRU (r, z, n), 1 for RNN;
// I is E for the first layer and H for the others.
struct ql_recurrent_layer {
    float *weight_ih; // (GH, I)
    float *weight_hh; // (GH, H)
    float *bias_ih;   // (GH)
    float *bias_hh;   // (GH)
};

// The tensors of a layer: what they are is said by the kind.
struct ql_layer {
    enum ql_layer_kind kind;
    union {
        struct ql_recurrent_layer recurrent;
    };
};

// The tensors of a model that belong to no layer.
enum ql_end_tensor { QL_END_EMBEDDING, QL_END_OUTPUT_WEIGHT, QL_END_OUTPUT_BIAS };

// The size of an axis, by the dimensions of the model.
enum ql_size {
    QL_SIZE_NONE, // there is no such axis
    QL_SIZE_V,
    QL_SIZE_E,
    QL_SIZE_H,
    QL_SIZE_I,  // of the layer's input: E for the first layer, H for the others
    QL_SIZE_GH, // for every unit as many as there are gates
};

// The values that a tensor begins with, by the rules of PyTorch.
enum ql_begin {
    QL_BEGIN_UNIFORM, // within +-1 / sqrt(H)
    QL_BEGIN_NORMAL,  // normal(0, 1)
};

struct ql_tensor_form {
    const char *name;           // as in PyTorch's state dict; '#' stands for the number of the layer
    enum ql_size rows, columns; // a vector has no columns
    enum ql_begin begin;
    size_t place; // of a layer's tensor: of the pointer to it in struct ql_layer; of others: the ql_end_tensor
};

// A part of the state that each layer has.
struct ql_state_form {
    const char *name;           // "h"
    const char *input, *output; // of a graph, with the parts of all layers: "h0", "hn"
    enum ql_state_kind kind;
    enum ql_size size;
};

struct ql_architecture {
    const char *name; // in --model, checkpoints and descriptors: "lstm"
    enum ql_layer_kind layer;
    enum ql_cell cell; // of recurrent layers
    int gates;         // rows of a weight matrix for each unit
    const struct ql_tensor_form *head, *body,
        *tail; // before the layers, of each layer, behind them: the order in files
    int head_count, body_count, tail_count;
    const struct ql_state_form *states; // of each layer
    int state_count;
};

// The architecture of layers of this kind, and, where they are recurrent, with this cell.
const struct ql_architecture *ql_architecture_find(enum ql_layer_kind layer, enum ql_cell cell);
const struct ql_architecture *ql_architecture_of(const struct ql_dimensions *dimensions);

// Sets layer and cell by the architecture's name. Errors: QL_ERROR_USAGE for a name that none has.
enum ql_status ql_architecture_read(struct ql_dimensions *dimensions, const char *name, struct ql_error *error);

// Gates per unit: 4, 3 or 1.
int ql_cell_gates(enum ql_cell cell);

// The size of an axis in layer `l`; 0 for QL_SIZE_NONE.
int ql_size_of(enum ql_size size, const struct ql_dimensions *dimensions, int l);

// Writes the name of a tensor in layer `l` to `name` (QL_TENSOR_NAME_BYTES).
enum { QL_TENSOR_NAME_BYTES = 64 };
void ql_tensor_form_write(const struct ql_tensor_form *form, char name[QL_TENSOR_NAME_BYTES], int l);

// Adds the parts of layer `l`, which has inputs of size I, to the layout of a state in float.
void ql_architecture_state_add(const struct ql_architecture *architecture, struct ql_state_layout *layout, int l, int I,
                               int H);

#endif
