// A language model as a chain: what each token is to the first layer, layers in a row, a linear output. The weights are in
// the layout of device/. A chain is made from a checkpoint here, and from a graph by engine/chain_reader.h; single
// texts, generation in batches, calibration, quantization and the measuring of texts all take it.
// Uses: base/{arena,status}, device, model.
#ifndef QL_MODEL_CHAIN_H
#define QL_MODEL_CHAIN_H

#include "base/arena.h"
#include "base/status.h"
#include "model/architecture.h"
#include "model/model.h"
#include "model/state_layout.h"
#include "model/text_rules.h"

// I is the size of the layer's input; G is 4 (LSTM: i, f, g, o), 3 (GRU: r, z, n) or 1 (RNN).
struct ql_recurrent_weights {
    enum ql_cell cell;
    const float *w_ih;    // (I, GH)
    const float *w_hh;    // (H, GH)
    const float *bias_ih; // (GH) of LSTM and RNN the sum of both biases
    const float *bias_hh; // (GH) of the GRU, otherwise NULL
    const float *table;   // (V, GH) of the first layer: bias and product of the input for each token; otherwise NULL
};

// The layer of a decoder. A is heads * size, K is kv_heads * size, F is the feed size; I and H are E.
struct ql_decoder_weights {
    int heads, kv_heads, size; // of queries; of keys and values; values of a head
    int feed, context;
    const float *attention_norm; // (E)
    const float *query;          // (E, A)
    const float *key, *value;    // (E, K)
    const float *output;         // (A, E)
    const float *feed_norm;      // (E)
    const float *gate, *up;      // (E, F)
    const float *down;           // (F, E)
};

struct ql_chain_layer {
    enum ql_layer_kind kind;
    const char *name; // for messages: of the node in a graph
    int I, H;         // sizes of input and output
    union {
        struct ql_recurrent_weights recurrent;
        struct ql_decoder_weights decoder;
    };
};

// Owns all that it points to.
struct ql_chain {
    struct ql_arena arena;
    struct ql_text_rules rules;
    struct ql_state_layout layout; // of the state of a text: the parts of each layer, layer by layer
    int V, L;
    const float *embedding; // (V, I) what each token is to the first layer
    struct ql_chain_layer layers[QL_MODEL_LAYER_LIMIT];
    const uint32_t *rotary_steps; // (size / 2) of a decoder, otherwise NULL
    const float *norm;            // (H) the gain of a decoder's last norm, otherwise NULL
    const char *output_name;
    const float *output_weight; // (H, V)
    const float *output_bias;   // (V); NULL where the output has none
    bool bias_last;             // the bias is added to the output's sums, which otherwise begin with it
};

// Copies the parameters of a trained model. Errors: QL_ERROR_SYSTEM.
enum ql_status ql_chain_init(struct ql_chain *chain, const struct ql_model *model, const struct ql_model_info *info,
                             struct ql_error *error);

// Harmless on {0}.
void ql_chain_free(struct ql_chain *chain);

// Fills in what follows from embedding and layers: the state's layout, and the first recurrent layer's table or the
// rotary steps. For makers of chains.
// Errors: QL_ERROR_SYSTEM.
enum ql_status ql_chain_finish(struct ql_chain *chain, struct ql_error *error);

// The size of the widest output of a layer.
int ql_chain_width(const struct ql_chain *chain);

#endif
