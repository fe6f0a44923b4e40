// The one description of a model: its dimensions, its named tensors with their shapes, and what its tokens mean.
// Names, shapes and gate order are those of a PyTorch state dict, so that files need no conversion.
// Uses: base, corpus/vocabulary, model/architecture.
#ifndef QL_MODEL_MODEL_H
#define QL_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "corpus/vocabulary.h"
#include "model/architecture.h"
#include "model/text_rules.h"
#include "model/weight_format.h"

// Largest E and H. Beyond that, a model is not tiny, and its sizes might overflow an int. The other limits of dimensions
// are in architecture.h, that of V in corpus/vocabulary.h, and that of all parameters in model.c.
enum { QL_MODEL_SIZE_LIMIT = 8192 };

// A decoder layer has 9 tensors; at most 3 tensors belong to no layer.
enum { QL_MODEL_LAYER_LIMIT = 8, QL_MODEL_TENSOR_LIMIT = 9 * QL_MODEL_LAYER_LIMIT + 3 };

// A matrix (rows, columns), row-major, or a vector (rows) with columns == 0. Points into its model's block.
struct ql_tensor {
    char name[QL_TENSOR_NAME_BYTES]; // "rnn.weight_ih_l0"
    int rows, columns;
    const struct ql_tensor_form *form; // its row in the architecture's table
    float *data;
};

// The parameters, or something of the same shape: gradients, moments. One block, owned by the model.
struct ql_model {
    struct ql_dimensions dimensions;
    float *block;     // all tensors, one after another
    size_t count;     // of floats in the block
    float *embedding; // (V, E) "embedding.weight"
    struct ql_layer layers[QL_MODEL_LAYER_LIMIT];
    float *norm;                                     // (E) "norm.weight" of a decoder, otherwise NULL
    float *output_weight;                            // (V, H) "output.weight"; of a decoder the embedding
    float *output_bias;                              // (V)    "output.bias"; of a decoder NULL
    struct ql_tensor tensors[QL_MODEL_TENSOR_LIMIT]; // the same memory by name, in file order
    int tensor_count;
};

// What a trained model needs besides its parameters to be used.
struct ql_model_info {
    struct ql_vocabulary vocabulary;
    bool items;                    // each line was its own sequence: the state is reset after a newline
    double dropout;                // in training
    enum ql_weight_format weights; // in which the model is to be used: it was trained with their rounding
};

// The rules of the model's texts: the state is reset before a newline when each line was its own sequence.
struct ql_text_rules ql_model_info_text_rules(const struct ql_model_info *info);

// Allocates a model, all zero. Errors: a dimension out of its range, sizes that do not fit together, no memory.
enum ql_status ql_model_init(struct ql_model *model, struct ql_dimensions dimensions, struct ql_error *error);
void ql_model_free(struct ql_model *model);

// Random parameters, as the architecture has them.
void ql_model_reset(struct ql_model *model, uint32_t seed);

#endif
