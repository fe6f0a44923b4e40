// The operators that have random cases, each with its generator.
// Uses: conformance_case.
#ifndef CONFORMANCE_OPERATORS_H
#define CONFORMANCE_OPERATORS_H

#include "conformance_case.h"

struct conformance_operator {
    const char *name;
    int first_opset; // in which the operator exists, or ours begins
    int weight;      // cases of it for each case of the simplest operators
    void (*generate)(struct conformance_case *c, const char *operator_name);
};

extern const struct conformance_operator conformance_operators[];
extern const int conformance_operator_count;

// The operator of that name, or NULL.
const struct conformance_operator *conformance_operator_find(const char *name);

// The generators. Each builds a graph whose operator is `operator_name`; cases_graph.c chains several operators.
void generate_unary(struct conformance_case *c, const char *operator_name);
void generate_binary(struct conformance_case *c, const char *operator_name);
void generate_mod(struct conformance_case *c, const char *operator_name);
void generate_compare(struct conformance_case *c, const char *operator_name);
void generate_logical(struct conformance_case *c, const char *operator_name);
void generate_is_number(struct conformance_case *c, const char *operator_name);
void generate_not(struct conformance_case *c, const char *operator_name);
void generate_variadic(struct conformance_case *c, const char *operator_name);
void generate_pow(struct conformance_case *c, const char *operator_name);
void generate_gelu(struct conformance_case *c, const char *operator_name);
void generate_where(struct conformance_case *c, const char *operator_name);
void generate_cast(struct conformance_case *c, const char *operator_name);

void generate_group_normalization(struct conformance_case *c, const char *operator_name);
void generate_batch_normalization(struct conformance_case *c, const char *operator_name);
void generate_bend(struct conformance_case *c, const char *operator_name);
void generate_cast_like(struct conformance_case *c, const char *operator_name);
void generate_clip(struct conformance_case *c, const char *operator_name);
void generate_conv(struct conformance_case *c, const char *operator_name);
void generate_gather_elements(struct conformance_case *c, const char *operator_name);
void generate_gather_nd(struct conformance_case *c, const char *operator_name);
void generate_scatter_elements(struct conformance_case *c, const char *operator_name);
void generate_scatter_nd(struct conformance_case *c, const char *operator_name);
void generate_one_hot(struct conformance_case *c, const char *operator_name);
void generate_pad(struct conformance_case *c, const char *operator_name);
void generate_prelu(struct conformance_case *c, const char *operator_name);
void generate_quantize(struct conformance_case *c, const char *operator_name);
void generate_sum(struct conformance_case *c, const char *operator_name);

void generate_attention(struct conformance_case *c, const char *operator_name);
void generate_rotary_embedding(struct conformance_case *c, const char *operator_name);
void generate_top_k(struct conformance_case *c, const char *operator_name);

void generate_gemm(struct conformance_case *c, const char *operator_name);
void generate_matmul(struct conformance_case *c, const char *operator_name);
void generate_einsum(struct conformance_case *c, const char *operator_name);

void generate_reduce(struct conformance_case *c, const char *operator_name);
void generate_reduce_norm(struct conformance_case *c, const char *operator_name);
void generate_argmax(struct conformance_case *c, const char *operator_name);
void generate_cumsum(struct conformance_case *c, const char *operator_name);
void generate_softmax(struct conformance_case *c, const char *operator_name);
void generate_layer_normalization(struct conformance_case *c, const char *operator_name);
void generate_rms_normalization(struct conformance_case *c, const char *operator_name);

void generate_identity(struct conformance_case *c, const char *operator_name);
void generate_dropout(struct conformance_case *c, const char *operator_name);
void generate_reshape(struct conformance_case *c, const char *operator_name);
void generate_flatten(struct conformance_case *c, const char *operator_name);
void generate_squeeze(struct conformance_case *c, const char *operator_name);
void generate_unsqueeze(struct conformance_case *c, const char *operator_name);
void generate_transpose(struct conformance_case *c, const char *operator_name);
void generate_slice(struct conformance_case *c, const char *operator_name);
void generate_split(struct conformance_case *c, const char *operator_name);
void generate_concat(struct conformance_case *c, const char *operator_name);
void generate_expand(struct conformance_case *c, const char *operator_name);
void generate_tile(struct conformance_case *c, const char *operator_name);
void generate_gather(struct conformance_case *c, const char *operator_name);
void generate_trilu(struct conformance_case *c, const char *operator_name);

void generate_constant(struct conformance_case *c, const char *operator_name);
void generate_constant_of_shape(struct conformance_case *c, const char *operator_name);
void generate_range(struct conformance_case *c, const char *operator_name);
void generate_shape(struct conformance_case *c, const char *operator_name);
void generate_size(struct conformance_case *c, const char *operator_name);

void generate_recurrent(struct conformance_case *c, const char *operator_name);
void generate_graph(struct conformance_case *c, const char *operator_name);

#endif
