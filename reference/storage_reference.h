// Where the tensors of a model stand in its parameters, for the files of the reference among themselves.
// Memory for parameters and traces: declared in char_rnn_reference.h, defined in storage_reference.c.
// Uses: char_rnn_reference.h.
#ifndef REF_STORAGE_REFERENCE_H
#define REF_STORAGE_REFERENCE_H

#include "reference/char_rnn_reference.h"

// Positions in ref_parameters.tensors: layer l starts at FIRST_LAYER + TENSORS_PER_LAYER * l, the output after it.
enum { EMBEDDING_WEIGHT, FIRST_LAYER };
enum { WEIGHT_IH, WEIGHT_HH, BIAS_IH, BIAS_HH, TENSORS_PER_LAYER };
enum { OUTPUT_WEIGHT, OUTPUT_BIAS, OUTPUT_TENSORS };

// I: what layer l reads per step.
size_t ref_layer_input_size(const struct ref_dims *dims, size_t l);

#endif
