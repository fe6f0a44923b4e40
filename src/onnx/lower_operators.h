// The functions that lower the operators: what the rows of operators.c point to, by file.
// Inside src/onnx only. Each lowers the node of `lower`, which has as many inputs and outputs as its row allows.
// Uses: onnx/lower.
#ifndef QL_ONNX_LOWER_OPERATORS_H
#define QL_ONNX_LOWER_OPERATORS_H

#include "onnx/lower.h"

// lower_elementwise.c
void ql_lower_op_unary(struct ql_lower *lower);
void ql_lower_op_binary(struct ql_lower *lower);
void ql_lower_op_compare(struct ql_lower *lower);
void ql_lower_op_mod(struct ql_lower *lower);
void ql_lower_op_variadic(struct ql_lower *lower);
void ql_lower_op_gelu(struct ql_lower *lower);
void ql_lower_op_pow(struct ql_lower *lower);
void ql_lower_op_where(struct ql_lower *lower);
void ql_lower_op_cast(struct ql_lower *lower);
void ql_lower_op_is_nan(struct ql_lower *lower);
void ql_lower_op_is_infinite(struct ql_lower *lower);
void ql_lower_op_xor(struct ql_lower *lower);

// lower_constant.c
void ql_lower_op_constant(struct ql_lower *lower);
void ql_lower_op_constant_of_shape(struct ql_lower *lower);
void ql_lower_op_range(struct ql_lower *lower);
void ql_lower_op_shape(struct ql_lower *lower);
void ql_lower_op_size(struct ql_lower *lower);

// lower_layout.c
void ql_lower_op_identity(struct ql_lower *lower);
void ql_lower_op_dropout(struct ql_lower *lower);
void ql_lower_op_reshape(struct ql_lower *lower);
void ql_lower_op_flatten(struct ql_lower *lower);
void ql_lower_op_squeeze(struct ql_lower *lower);
void ql_lower_op_unsqueeze(struct ql_lower *lower);
void ql_lower_op_transpose(struct ql_lower *lower);
void ql_lower_op_slice(struct ql_lower *lower);
void ql_lower_op_split(struct ql_lower *lower);
void ql_lower_op_concat(struct ql_lower *lower);
void ql_lower_op_expand(struct ql_lower *lower);
void ql_lower_op_tile(struct ql_lower *lower);
void ql_lower_op_trilu(struct ql_lower *lower);

// lower_gather.c
void ql_lower_op_gather(struct ql_lower *lower);
void ql_lower_op_gather_elements(struct ql_lower *lower);
void ql_lower_op_gather_nd(struct ql_lower *lower);
void ql_lower_op_scatter_elements(struct ql_lower *lower);
void ql_lower_op_scatter_nd(struct ql_lower *lower);

// lower_matrix.c
void ql_lower_op_gemm(struct ql_lower *lower);
void ql_lower_op_matmul(struct ql_lower *lower);

// lower_einsum.c
void ql_lower_op_einsum(struct ql_lower *lower);

// lower_reduce.c
void ql_lower_op_reduce(struct ql_lower *lower);
void ql_lower_op_reduce_l1(struct ql_lower *lower);
void ql_lower_op_reduce_l2(struct ql_lower *lower);
void ql_lower_op_reduce_log_sum(struct ql_lower *lower);
void ql_lower_op_reduce_log_sum_exp(struct ql_lower *lower);
void ql_lower_op_reduce_sum_square(struct ql_lower *lower);
void ql_lower_op_argmax(struct ql_lower *lower);
void ql_lower_op_cumsum(struct ql_lower *lower);
void ql_lower_op_softmax(struct ql_lower *lower);

// lower_normalize.c
void ql_lower_op_batch_normalization(struct ql_lower *lower);
void ql_lower_op_instance_normalization(struct ql_lower *lower);
void ql_lower_op_group_normalization(struct ql_lower *lower);
void ql_lower_op_layer_norm(struct ql_lower *lower);
void ql_lower_op_rms_norm(struct ql_lower *lower);

// lower_select.c
void ql_lower_op_top_k(struct ql_lower *lower);

// lower_attention.c
void ql_lower_op_attention(struct ql_lower *lower);
void ql_lower_op_rotary_embedding(struct ql_lower *lower);

// lower_recurrent.c
void ql_lower_op_lstm(struct ql_lower *lower);
void ql_lower_op_gru(struct ql_lower *lower);
void ql_lower_op_rnn(struct ql_lower *lower);

// lower_composed.c
void ql_lower_op_cast_like(struct ql_lower *lower);
void ql_lower_op_celu(struct ql_lower *lower);
void ql_lower_op_clip(struct ql_lower *lower);
void ql_lower_op_elu(struct ql_lower *lower);
void ql_lower_op_floor(struct ql_lower *lower);
void ql_lower_op_hard_sigmoid(struct ql_lower *lower);
void ql_lower_op_hard_swish(struct ql_lower *lower);
void ql_lower_op_leaky_relu(struct ql_lower *lower);
void ql_lower_op_mean(struct ql_lower *lower);
void ql_lower_op_mish(struct ql_lower *lower);
void ql_lower_op_one_hot(struct ql_lower *lower);
void ql_lower_op_prelu(struct ql_lower *lower);
void ql_lower_op_reciprocal(struct ql_lower *lower);
void ql_lower_op_selu(struct ql_lower *lower);
void ql_lower_op_sign(struct ql_lower *lower);
void ql_lower_op_softplus(struct ql_lower *lower);
void ql_lower_op_softsign(struct ql_lower *lower);
void ql_lower_op_swish(struct ql_lower *lower);
void ql_lower_op_thresholded_relu(struct ql_lower *lower);

// lower_quantize.c
void ql_lower_op_quantize_linear(struct ql_lower *lower);
void ql_lower_op_dequantize_linear(struct ql_lower *lower);

// lower_convolve.c
void ql_lower_op_conv(struct ql_lower *lower);

// lower_pad.c
void ql_lower_op_pad(struct ql_lower *lower);

#endif
