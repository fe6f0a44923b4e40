// The values of the oracle and their memory: the parameters of a model, and the trace of a forward or backward pass.
// Uses: the C library only.
//
// Everything is row-major; (T, B, H) means element (t, b, j) at [(t * B + b) * H + j].
// A function that can fail returns NULL, or a sentence that says what is wrong; the sentence is a constant.
#ifndef REF_STORAGE_REFERENCE_H
#define REF_STORAGE_REFERENCE_H

#include <stddef.h>

enum ref_cell { REF_CELL_RNN, REF_CELL_GRU, REF_CELL_LSTM }; // RNN is the one with tanh

// No size may be larger: a product of four sizes and a few small factors then fits into a 64-bit size_t.
enum { REF_SIZE_LIMIT = 1 << 14 };

struct ref_dims {
    enum ref_cell cell;
    size_t V; // vocabulary
    size_t E; // embedding
    size_t H; // hidden
    size_t L; // layers
    size_t T; // time steps in the window
    size_t B; // sequences in the batch
};

enum { REF_TENSOR_NAME_BYTES = 48, REF_TENSOR_MAX_RANK = 2 };

struct ref_tensor {
    char name[REF_TENSOR_NAME_BYTES];  // as in the state dict of a module with `embedding`, `rnn` and `output`
    size_t rank;                       // 1 or 2
    size_t shape[REF_TENSOR_MAX_RANK]; // (out, in) for weights, (out) for biases; unused sizes are 1
    double *data;                      // points into `values` of the parameters
};

// The parameters, or the gradient of the loss for each of them. With G = 1 (RNN), 3 (GRU: r, z, n) or
// 4 (LSTM: i, f, g, o) gates and I = E for layer 0 and H above it, the tensors are, in this order:
//
//     embedding.weight (V, E)
//     rnn.weight_ih_l0 (GH, I), rnn.weight_hh_l0 (GH, H), rnn.bias_ih_l0 (GH), rnn.bias_hh_l0 (GH), ... _l1, ...
//     output.weight (V, H), output.bias (V)
struct ref_parameters {
    size_t tensor_count; // 4L + 3
    struct ref_tensor *tensors;
    size_t value_count;
    double *values; // all tensors, one after the other
};

// What a forward pass computes, kept for the backward pass and for comparing stage by stage.
// As the result of a backward pass, the same struct holds the gradient of the loss for each of these values.
struct ref_layer_trace {
    size_t input_size; // I: E for layer 0, H above it
    double *x;         // (T, B, I)
    double *h;         // (T+1, B, H): h[0] is the initial state, h[T] is hn
    double *c;         // (T+1, B, H): the same for c; stays 0 unless the cell is an LSTM
    double *gates;     // (T, B, REF_GATES * H): what the cell keeps; layout in the cell's file. Has no gradient: 0
};

// Vectors of H values that a cell keeps per step. GRU and LSTM need all four, RNN none.
enum { REF_GATES = 4 };

struct ref_trace {
    double loss;                    // mean nats per token that is not padding; in a gradient: 1
    double *top;                    // (T, B, H) what the output reads: h of the last layer after dropout
    double *logits;                 // (T, B, V)
    struct ref_layer_trace *layers; // (L)
    size_t value_count;
    double *values; // all arrays above, one after the other
};

// Allocate with every value 0. Errors: a size that is 0 or above REF_SIZE_LIMIT, no memory; nothing is left then.
const char *ref_parameters_init(struct ref_parameters *parameters, const struct ref_dims *dims);
const char *ref_trace_init(struct ref_trace *trace, const struct ref_dims *dims);

// Harmless on a struct that is all zero or whose init failed.
void ref_parameters_free(struct ref_parameters *parameters);
void ref_trace_free(struct ref_trace *trace);

// --- For the files of the reference among themselves ---

// Positions in ref_parameters.tensors: layer l starts at FIRST_LAYER + TENSORS_PER_LAYER * l, the output after it.
enum { EMBEDDING_WEIGHT, FIRST_LAYER };
enum { WEIGHT_IH, WEIGHT_HH, BIAS_IH, BIAS_HH, TENSORS_PER_LAYER };
enum { OUTPUT_WEIGHT, OUTPUT_BIAS, OUTPUT_TENSORS };

// I: what layer l reads per step.
size_t ref_layer_input_size(const struct ref_dims *dims, size_t l);

#endif
