// The table of architectures: the kind of a model's layers, their tensors, the initial values of these, and the state
// of a layer. A model, its checkpoint, its graph and its state are laid out from here.
// Uses: base, model/state_layout.
#ifndef QL_MODEL_ARCHITECTURE_H
#define QL_MODEL_ARCHITECTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "model/state_layout.h"

// What a layer is: which member of the union in struct ql_layer, and of every other layer that is a tagged union.
enum ql_layer_kind {
    QL_LAYER_RECURRENT,
    QL_LAYER_DECODER, // of a transformer: attention to what came before, and a feed-forward half (docs/transformer.md)
};

// The cells of recurrent layers.
enum ql_cell { QL_CELL_LSTM, QL_CELL_GRU, QL_CELL_RNN };

// V symbols in the vocabulary, E embedding size, H units in each of L layers. What follows `layer` is 0 unless the
// layers are those of a decoder.
struct ql_dimensions {
    enum ql_cell cell; // of recurrent layers
    int V, E, H, L;    // H is E in a decoder
    enum ql_layer_kind layer;
    int heads, kv_heads; // of queries; of keys and values, each of which serves heads / kv_heads neighboring queries
    int feed;            // size of the feed-forward half
    int context;         // tokens that attention reaches, the present one included
};

// One recurrent layer's tensors. G is 4 for LSTM (i, f, g, o), 3 for GRU (r, z, n), 1 for RNN;
// I is E for the first layer and H for the others.
struct ql_recurrent_layer {
    float *weight_ih; // (GH, I)
    float *weight_hh; // (GH, H)
    float *bias_ih;   // (GH)
    float *bias_hh;   // (GH)
};

// One decoder layer's tensors. A is heads * head_size, which is E; K is kv_heads * head_size; F is the feed size.
struct ql_decoder_layer {
    float *attention_norm; // (E) the gain of the norm before attention
    float *query;          // (A, E)
    float *key;            // (K, E)
    float *value;          // (K, E)
    float *output;         // (E, A)
    float *feed_norm;      // (E) the gain of the norm before the feed-forward half
    float *gate;           // (F, E)
    float *up;             // (F, E)
    float *down;           // (E, F)
};

// The largest feed-forward half and context: sizes stay safe in an int.
enum { QL_FEED_SIZE_LIMIT = 32768, QL_CONTEXT_LIMIT = 4096 };

// The tensors of a layer: what they are is said by the kind.
struct ql_layer {
    enum ql_layer_kind kind;
    union {
        struct ql_recurrent_layer recurrent;
        struct ql_decoder_layer decoder;
    };
};

// The tensors of a model that belong to no layer.
enum ql_end_tensor { QL_END_EMBEDDING, QL_END_NORM, QL_END_OUTPUT_WEIGHT, QL_END_OUTPUT_BIAS };

// The size of an axis, by the dimensions of the model.
enum ql_size {
    QL_SIZE_NONE, // there is no such axis
    QL_SIZE_V,
    QL_SIZE_E,
    QL_SIZE_H,
    QL_SIZE_I,  // of the layer's input: E for the first layer, H for the others
    QL_SIZE_GH, // for every unit as many as there are gates
    QL_SIZE_K,  // of the keys of a decoder layer, and of its values
    QL_SIZE_F,  // of the feed-forward half
    QL_SIZE_CONTEXT,
};

// The values that a tensor begins with: those of recurrent models by the rules of PyTorch, those of a decoder by the
// rules of GPT-2 (Radford et al. 2019).
enum ql_begin {
    QL_BEGIN_UNIFORM,  // within +-1 / sqrt(H)
    QL_BEGIN_NORMAL,   // normal(0, 1)
    QL_BEGIN_SMALL,    // normal(0, 0.02)
    QL_BEGIN_TIED,     // normal(0, 0.1): an embedding that is the output's matrix, too
    QL_BEGIN_RESIDUAL, // normal(0, 0.02 / sqrt(2 L)): a matrix whose product is added to what the layers hand on
    QL_BEGIN_ONE,      // 1, the gain of a norm; weight decay leaves it alone
};

struct ql_tensor_form {
    const char *name;           // as in a state dict of PyTorch; '#' stands for the number of the layer
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
    enum ql_size entries; // of QL_STATE_APPEND: so many entries of that size
};

struct ql_architecture {
    const char *name; // in --model, checkpoints and descriptors: "lstm"
    enum ql_layer_kind layer;
    enum ql_cell cell; // of recurrent layers
    int gates;         // rows of a weight matrix for each unit
    const struct ql_tensor_form *head, *body,
        *tail; // before the layers, of each layer, after them: the order in files
    int head_count, body_count, tail_count;
    const struct ql_state_form *states; // of each layer
    int state_count;
    bool tied;            // the output has the embedding as its matrix, and no bias
    bool counts_position; // the state begins with the number of tokens of the text so far
};

// The architecture of layers of this kind, and, where they are recurrent, with this cell.
const struct ql_architecture *ql_architecture_find(enum ql_layer_kind layer, enum ql_cell cell);
const struct ql_architecture *ql_architecture_of(const struct ql_dimensions *dimensions);

// Writes the names of all, "lstm, gru, rnn and transformer", for messages.
enum { QL_ARCHITECTURE_LIST_BYTES = 128 };
void ql_architecture_list(char *names, size_t room);

// Sets layer and cell by the architecture's name. Errors: QL_ERROR_USAGE for a name that none has.
enum ql_status ql_architecture_read(struct ql_dimensions *dimensions, const char *name, struct ql_error *error);

// Gates per unit: 4, 3 or 1.
int ql_cell_gates(enum ql_cell cell);

// The size of an axis in layer `l`; 0 for QL_SIZE_NONE.
int ql_size_of(enum ql_size size, const struct ql_dimensions *dimensions, int l);

// Writes the name of a tensor in layer `l` to `name` (QL_TENSOR_NAME_BYTES).
enum { QL_TENSOR_NAME_BYTES = 64 };
void ql_tensor_form_write(const struct ql_tensor_form *form, char name[QL_TENSOR_NAME_BYTES], int l);

// What all decoders have in common: the epsilon of their norms, and the base of their rotary frequencies.
#define QL_DECODER_EPSILON 1e-5f
#define QL_ROTARY_BASE 10000.0

// Writes the steps of the rotary angles of a head (size / 2) as device/rotary.h takes them.
void ql_rotary_steps(uint32_t *steps, int size);

// The factor of a decoder's scores, 1 / sqrt(size) of a head of that size.
float ql_attention_scale(int size);

// The size of a head of a decoder's attention.
int ql_head_size(const struct ql_dimensions *dimensions);

// Adds the parts of layer `l` to the layout of a state in float; before those of layer 0 the position, where one is
// counted: an int64 of layer -1.
void ql_architecture_state_add(struct ql_state_layout *layout, const struct ql_dimensions *dimensions, int l);

// Adds the parts of the state of a graph, which joins what is alike in all layers: as the first axis the layers, as the
// second a batch of 1 or the entries; then the position, where one is counted. All are of layer -1.
void ql_architecture_graph_state_add(struct ql_state_layout *layout, const struct ql_dimensions *dimensions);

// Checks the sizes that a decoder has beyond those of any model, and that they fit together; those of a recurrent model
// are fine. Errors: QL_ERROR_USAGE, naming options of `train`.
enum ql_status ql_architecture_check(const struct ql_dimensions *dimensions, struct ql_error *error);

#endif
