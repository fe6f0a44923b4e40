// The table of operators: see operators.h. The rows of one operator are adjacent, in the order of their versions.
// docs/onnx.md lists the operators, and each has random cases in tests/conformance; a test compares the three.
// Uses: onnx/lower_operators.
#include "onnx/operators.h"

#include <stddef.h>
#include <string.h>

#include "onnx/lower_operators.h"

#define ANY QL_ANY_OPERANDS
#define FIRST QL_OPSET_FIRST
#define LAST QL_OPSET_LAST
#define INPUT(k) (1u << (k))

#define RECURRENT "activation_alpha activation_beta activations clip direction hidden_size"

#define ATTENTION "is_causal kv_num_heads q_num_heads qk_matmul_output_mode scale softcap softmax_precision"

static const struct ql_operator rows[] = {
    // name, versions, inputs, outputs, attributes, constant inputs, widens, function, stem, and what some operators add
    {"Abs", FIRST, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_unary, .stem = "abs"},
    {"Add", FIRST, LAST, 2, 2, 1, "", 0, true, .lower = ql_lower_op_binary, .stem = "add"},
    {"And", FIRST, LAST, 2, 2, 1, "", 0, false, .lower = ql_lower_op_compare, .stem = "and"},
    {"ArgMax", FIRST, 11, 1, 1, 1, "axis keepdims", 0, false, .lower = ql_lower_op_argmax},
    {"ArgMax", 12, LAST, 1, 1, 1, "axis keepdims select_last_index", 0, false, .lower = ql_lower_op_argmax},
    {"Attention", 23, 23, 3, 6, 4, ATTENTION, 0, true, .lower = ql_lower_op_attention},
    {"Attention", 24, LAST, 3, 7, 4, ATTENTION, 0, true, .lower = ql_lower_op_attention},
    {"BatchNormalization", FIRST, 8, 5, 5, 5, "epsilon momentum spatial", 0, true,
     .lower = ql_lower_op_batch_normalization},
    {"BatchNormalization", 9, 13, 5, 5, 5, "epsilon momentum", 0, true, .lower = ql_lower_op_batch_normalization},
    {"BatchNormalization", 14, LAST, 5, 5, 3, "epsilon momentum training_mode", 0, true,
     .lower = ql_lower_op_batch_normalization},
    {"Cast", FIRST, 18, 1, 1, 1, "to", 0, false, .lower = ql_lower_op_cast},
    {"Cast", 19, 23, 1, 1, 1, "to saturate", 0, false, .lower = ql_lower_op_cast}, // saturate: 8-bit floats
    {"Cast", 24, LAST, 1, 1, 1, "to saturate round_mode", 0, false, .lower = ql_lower_op_cast}, // round_mode likewise
    {"CastLike", 15, 18, 2, 2, 1, "", 0, false, .lower = ql_lower_op_cast_like},
    {"CastLike", 19, 23, 2, 2, 1, "saturate", 0, false, .lower = ql_lower_op_cast_like},
    {"CastLike", 24, LAST, 2, 2, 1, "saturate round_mode", 0, false, .lower = ql_lower_op_cast_like},
    {"Ceil", FIRST, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_floor, .exchanged = true},
    {"Celu", 12, LAST, 1, 1, 1, "alpha", 0, true, .lower = ql_lower_op_celu},
    {"Clip", FIRST, 10, 1, 1, 1, "min max", 0, true, .lower = ql_lower_op_clip},
    {"Clip", 11, LAST, 1, 3, 1, "", 0, true, .lower = ql_lower_op_clip},
    {"Concat", FIRST, LAST, 1, ANY, 1, "axis", 0, false, .lower = ql_lower_op_concat},
    {"Constant", FIRST, LAST, 0, 0, 1, "value value_int value_ints value_float value_floats", 0, false,
     .lower = ql_lower_op_constant},
    {"ConstantOfShape", FIRST, LAST, 1, 1, 1, "value", INPUT(0), false, .lower = ql_lower_op_constant_of_shape},
    {"Conv", FIRST, LAST, 2, 3, 1, "auto_pad dilations group kernel_shape pads strides", 0, true,
     .lower = ql_lower_op_conv},
    {"Cos", FIRST, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_unary, .stem = "cosine"},
    {"CumSum", 11, LAST, 2, 2, 1, "exclusive reverse", INPUT(1), true, .lower = ql_lower_op_cumsum},
    {"DequantizeLinear", 10, 12, 2, 3, 1, "", 0, false, .lower = ql_lower_op_dequantize_linear},
    {"DequantizeLinear", 13, 20, 2, 3, 1, "axis", 0, false, .lower = ql_lower_op_dequantize_linear},
    {"DequantizeLinear", 21, 22, 2, 3, 1, "axis block_size", 0, false, .lower = ql_lower_op_dequantize_linear},
    {"DequantizeLinear", 23, LAST, 2, 3, 1, "axis block_size output_dtype", 0, false,
     .lower = ql_lower_op_dequantize_linear},
    {"Div", FIRST, LAST, 2, 2, 1, "", 0, true, .lower = ql_lower_op_binary, .stem = "div"},
    {"Dropout", FIRST, 11, 1, 1, 2, "ratio", 0, false, .lower = ql_lower_op_dropout},
    {"Dropout", 12, LAST, 1, 3, 2, "seed", INPUT(2), false, .lower = ql_lower_op_dropout},
    {"Einsum", 12, LAST, 1, ANY, 1, "equation", 0, true, .lower = ql_lower_op_einsum},
    {"Elu", FIRST, LAST, 1, 1, 1, "alpha", 0, true, .lower = ql_lower_op_elu},
    {"Equal", FIRST, LAST, 2, 2, 1, "", 0, true, .lower = ql_lower_op_compare, .stem = "equal"},
    {"Erf", FIRST, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_unary, .stem = "erf"},
    {"Exp", FIRST, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_unary, .stem = "exponential"},
    {"Expand", FIRST, LAST, 2, 2, 1, "", INPUT(1), false, .lower = ql_lower_op_expand},
    {"Flatten", FIRST, LAST, 1, 1, 1, "axis", 0, false, .lower = ql_lower_op_flatten},
    {"Floor", FIRST, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_floor},
    {"GRU", FIRST, 13, 3, 6, 2, RECURRENT " linear_before_reset", 0, false, .lower = ql_lower_op_gru},
    {"GRU", 14, LAST, 3, 6, 2, RECURRENT " linear_before_reset layout", 0, false, .lower = ql_lower_op_gru},
    {"Gather", FIRST, LAST, 2, 2, 1, "axis", 0, false, .lower = ql_lower_op_gather},
    {"GatherElements", 11, LAST, 2, 2, 1, "axis", 0, false, .lower = ql_lower_op_gather_elements},
    {"GatherND", 11, 11, 2, 2, 1, "", 0, false, .lower = ql_lower_op_gather_nd},
    {"GatherND", 12, LAST, 2, 2, 1, "batch_dims", 0, false, .lower = ql_lower_op_gather_nd},
    {"Gelu", 20, LAST, 1, 1, 1, "approximate", 0, true, .lower = ql_lower_op_gelu},
    {"Gemm", FIRST, LAST, 2, 3, 1, "alpha beta transA transB", 0, true, .lower = ql_lower_op_gemm},
    {"Greater", FIRST, LAST, 2, 2, 1, "", 0, true, .lower = ql_lower_op_compare, .stem = "less", .exchanged = true},
    {"GreaterOrEqual", 12, LAST, 2, 2, 1, "", 0, true, .lower = ql_lower_op_compare, .stem = "less_equal",
     .exchanged = true},
    {"GroupNormalization", 18, 20, 3, 3, 1, "epsilon num_groups", 0, true, .lower = ql_lower_op_group_normalization},
    {"GroupNormalization", 21, LAST, 3, 3, 1, "epsilon num_groups stash_type", 0, true,
     .lower = ql_lower_op_group_normalization},
    {"HardSigmoid", FIRST, LAST, 1, 1, 1, "alpha beta", 0, true, .lower = ql_lower_op_hard_sigmoid},
    {"HardSwish", 14, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_hard_swish},
    {"Identity", FIRST, LAST, 1, 1, 1, "", 0, false, .lower = ql_lower_op_identity},
    {"InstanceNormalization", FIRST, LAST, 3, 3, 1, "epsilon", 0, true, .lower = ql_lower_op_instance_normalization},
    {"IsInf", 10, LAST, 1, 1, 1, "detect_negative detect_positive", 0, true, .lower = ql_lower_op_is_infinite},
    {"IsNaN", 9, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_is_nan},
    {"LSTM", FIRST, 13, 3, 8, 3, RECURRENT " input_forget", 0, false, .lower = ql_lower_op_lstm},
    {"LSTM", 14, LAST, 3, 8, 3, RECURRENT " input_forget layout", 0, false, .lower = ql_lower_op_lstm},
    {"LayerNormalization", 17, LAST, 2, 3, 3, "axis epsilon stash_type", 0, false, .lower = ql_lower_op_layer_norm},
    {"LeakyRelu", FIRST, LAST, 1, 1, 1, "alpha", 0, true, .lower = ql_lower_op_leaky_relu},
    {"Less", FIRST, LAST, 2, 2, 1, "", 0, true, .lower = ql_lower_op_compare, .stem = "less"},
    {"LessOrEqual", 12, LAST, 2, 2, 1, "", 0, true, .lower = ql_lower_op_compare, .stem = "less_equal"},
    {"Log", FIRST, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_unary, .stem = "log"},
    {"LogSoftmax", FIRST, LAST, 1, 1, 1, "axis", 0, true, .lower = ql_lower_op_softmax, .stem = "log_softmax"},
    {"MatMul", FIRST, LAST, 2, 2, 1, "", 0, true, .lower = ql_lower_op_matmul},
    {"Max", FIRST, LAST, 1, ANY, 1, "", 0, true, .lower = ql_lower_op_variadic, .stem = "max"},
    {"Mean", FIRST, LAST, 1, ANY, 1, "", 0, true, .lower = ql_lower_op_mean},
    {"Min", FIRST, LAST, 1, ANY, 1, "", 0, true, .lower = ql_lower_op_variadic, .stem = "min"},
    {"Mish", 18, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_mish},
    {"Mod", 10, LAST, 2, 2, 1, "fmod", 0, true, .lower = ql_lower_op_mod},
    {"Mul", FIRST, LAST, 2, 2, 1, "", 0, true, .lower = ql_lower_op_binary, .stem = "mul"},
    {"Neg", FIRST, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_unary, .stem = "neg"},
    {"Not", FIRST, LAST, 1, 1, 1, "", 0, false, .lower = ql_lower_op_unary, .stem = "not"},
    {"OneHot", 9, LAST, 3, 3, 1, "axis", INPUT(1), false, .lower = ql_lower_op_one_hot},
    {"Or", FIRST, LAST, 2, 2, 1, "", 0, false, .lower = ql_lower_op_compare, .stem = "or"},
    {"PRelu", FIRST, LAST, 2, 2, 1, "", 0, true, .lower = ql_lower_op_prelu},
    {"Pad", FIRST, 10, 1, 1, 1, "mode pads value", 0, false, .lower = ql_lower_op_pad},
    {"Pad", 11, 17, 2, 3, 1, "mode", INPUT(1), false, .lower = ql_lower_op_pad},
    {"Pad", 18, LAST, 2, 4, 1, "mode", INPUT(1) | INPUT(3), false, .lower = ql_lower_op_pad},
    {"Pow", FIRST, LAST, 2, 2, 1, "", 0, true, .lower = ql_lower_op_pow},
    {"QuantizeLinear", 10, 12, 2, 3, 1, "", 0, false, .lower = ql_lower_op_quantize_linear},
    {"QuantizeLinear", 13, 18, 2, 3, 1, "axis", 0, false, .lower = ql_lower_op_quantize_linear},
    {"QuantizeLinear", 19, 20, 2, 3, 1, "axis saturate", 0, false, .lower = ql_lower_op_quantize_linear},
    {"QuantizeLinear", 21, LAST, 2, 3, 1, "axis saturate block_size output_dtype precision", 0, false,
     .lower = ql_lower_op_quantize_linear},
    {"RMSNormalization", 23, LAST, 2, 2, 1, "axis epsilon stash_type", 0, false, .lower = ql_lower_op_rms_norm},
    {"RNN", FIRST, 13, 3, 6, 2, RECURRENT, 0, false, .lower = ql_lower_op_rnn},
    {"RNN", 14, LAST, 3, 6, 2, RECURRENT " layout", 0, false, .lower = ql_lower_op_rnn},
    {"Range", 11, LAST, 3, 3, 1, "", INPUT(0) | INPUT(1) | INPUT(2), true, .lower = ql_lower_op_range},
    {"Reciprocal", FIRST, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_reciprocal},
    {"ReduceL1", FIRST, 17, 1, 1, 1, "axes keepdims", 0, true, .lower = ql_lower_op_reduce_l1},
    {"ReduceL1", 18, LAST, 1, 2, 1, "keepdims noop_with_empty_axes", INPUT(1), true, .lower = ql_lower_op_reduce_l1},
    {"ReduceL2", FIRST, 17, 1, 1, 1, "axes keepdims", 0, true, .lower = ql_lower_op_reduce_l2},
    {"ReduceL2", 18, LAST, 1, 2, 1, "keepdims noop_with_empty_axes", INPUT(1), true, .lower = ql_lower_op_reduce_l2},
    {"ReduceLogSum", FIRST, 17, 1, 1, 1, "axes keepdims", 0, true, .lower = ql_lower_op_reduce_log_sum},
    {"ReduceLogSum", 18, LAST, 1, 2, 1, "keepdims noop_with_empty_axes", INPUT(1), true,
     .lower = ql_lower_op_reduce_log_sum},
    {"ReduceLogSumExp", FIRST, 17, 1, 1, 1, "axes keepdims", 0, true, .lower = ql_lower_op_reduce_log_sum_exp},
    {"ReduceLogSumExp", 18, LAST, 1, 2, 1, "keepdims noop_with_empty_axes", INPUT(1), true,
     .lower = ql_lower_op_reduce_log_sum_exp},
    {"ReduceMax", FIRST, 17, 1, 1, 1, "axes keepdims", 0, true, .lower = ql_lower_op_reduce, .stem = "max"},
    {"ReduceMax", 18, LAST, 1, 2, 1, "keepdims noop_with_empty_axes", INPUT(1), true, .lower = ql_lower_op_reduce,
     .stem = "max"},
    {"ReduceMean", FIRST, 17, 1, 1, 1, "axes keepdims", 0, true, .lower = ql_lower_op_reduce, .stem = "add",
     .divided = true},
    {"ReduceMean", 18, LAST, 1, 2, 1, "keepdims noop_with_empty_axes", INPUT(1), true, .lower = ql_lower_op_reduce,
     .stem = "add", .divided = true},
    {"ReduceMin", FIRST, 17, 1, 1, 1, "axes keepdims", 0, true, .lower = ql_lower_op_reduce, .stem = "min"},
    {"ReduceMin", 18, LAST, 1, 2, 1, "keepdims noop_with_empty_axes", INPUT(1), true, .lower = ql_lower_op_reduce,
     .stem = "min"},
    {"ReduceProd", FIRST, 17, 1, 1, 1, "axes keepdims", 0, true, .lower = ql_lower_op_reduce, .stem = "mul"},
    {"ReduceProd", 18, LAST, 1, 2, 1, "keepdims noop_with_empty_axes", INPUT(1), true, .lower = ql_lower_op_reduce,
     .stem = "mul"},
    {"ReduceSum", FIRST, 12, 1, 1, 1, "axes keepdims", 0, true, .lower = ql_lower_op_reduce, .stem = "add"},
    {"ReduceSum", 13, LAST, 1, 2, 1, "keepdims noop_with_empty_axes", INPUT(1), true, .lower = ql_lower_op_reduce,
     .stem = "add"},
    {"ReduceSumSquare", FIRST, 17, 1, 1, 1, "axes keepdims", 0, true, .lower = ql_lower_op_reduce_sum_square},
    {"ReduceSumSquare", 18, LAST, 1, 2, 1, "keepdims noop_with_empty_axes", INPUT(1), true,
     .lower = ql_lower_op_reduce_sum_square},
    {"Relu", FIRST, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_unary, .stem = "relu"},
    {"Reshape", FIRST, 13, 2, 2, 1, "", INPUT(1), false, .lower = ql_lower_op_reshape},
    {"Reshape", 14, LAST, 2, 2, 1, "allowzero", INPUT(1), false, .lower = ql_lower_op_reshape},
    {"RotaryEmbedding", 23, LAST, 3, 4, 1, "interleaved num_heads rotary_embedding_dim", 0, true,
     .lower = ql_lower_op_rotary_embedding},
    {"Round", 11, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_unary, .stem = "round"},
    {"ScatterElements", 11, 15, 3, 3, 1, "axis", 0, false, .lower = ql_lower_op_scatter_elements},
    {"ScatterElements", 16, LAST, 3, 3, 1, "axis reduction", 0, false, .lower = ql_lower_op_scatter_elements},
    {"ScatterND", 11, 15, 3, 3, 1, "", 0, false, .lower = ql_lower_op_scatter_nd},
    {"ScatterND", 16, LAST, 3, 3, 1, "reduction", 0, false, .lower = ql_lower_op_scatter_nd},
    {"Selu", FIRST, LAST, 1, 1, 1, "alpha gamma", 0, true, .lower = ql_lower_op_selu},
    {"Shape", FIRST, 14, 1, 1, 1, "", 0, false, .lower = ql_lower_op_shape},
    {"Shape", 15, LAST, 1, 1, 1, "start end", 0, false, .lower = ql_lower_op_shape},
    {"Sigmoid", FIRST, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_unary, .stem = "sigmoid"},
    {"Sign", 9, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_sign},
    {"Sin", FIRST, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_unary, .stem = "sine"},
    {"Size", FIRST, LAST, 1, 1, 1, "", 0, false, .lower = ql_lower_op_size},
    {"Slice", FIRST, 9, 1, 1, 1, "starts ends axes", 0, false, .lower = ql_lower_op_slice},
    {"Slice", 10, LAST, 3, 5, 1, "", INPUT(1) | INPUT(2) | INPUT(3) | INPUT(4), false, .lower = ql_lower_op_slice},
    {"Softmax", FIRST, LAST, 1, 1, 1, "axis", 0, true, .lower = ql_lower_op_softmax, .stem = "softmax"},
    {"Softplus", FIRST, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_softplus},
    {"Softsign", FIRST, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_softsign},
    {"Split", FIRST, 12, 1, 1, ANY, "axis split", 0, false, .lower = ql_lower_op_split},
    {"Split", 13, 17, 1, 2, ANY, "axis", INPUT(1), false, .lower = ql_lower_op_split},
    {"Split", 18, LAST, 1, 2, ANY, "axis num_outputs", INPUT(1), false, .lower = ql_lower_op_split},
    {"Sqrt", FIRST, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_unary, .stem = "sqrt"},
    {"Squeeze", FIRST, 12, 1, 1, 1, "axes", 0, false, .lower = ql_lower_op_squeeze},
    {"Squeeze", 13, LAST, 1, 2, 1, "", INPUT(1), false, .lower = ql_lower_op_squeeze},
    {"Sub", FIRST, LAST, 2, 2, 1, "", 0, true, .lower = ql_lower_op_binary, .stem = "sub"},
    {"Sum", FIRST, LAST, 1, ANY, 1, "", 0, true, .lower = ql_lower_op_variadic, .stem = "add"},
    {"Swish", 24, LAST, 1, 1, 1, "alpha", 0, true, .lower = ql_lower_op_swish},
    {"Tanh", FIRST, LAST, 1, 1, 1, "", 0, true, .lower = ql_lower_op_unary, .stem = "tanh"},
    {"ThresholdedRelu", 10, LAST, 1, 1, 1, "alpha", 0, true, .lower = ql_lower_op_thresholded_relu},
    {"Tile", FIRST, LAST, 2, 2, 1, "", INPUT(1), false, .lower = ql_lower_op_tile},
    {"TopK", FIRST, 9, 1, 1, 2, "axis k", 0, false, .lower = ql_lower_op_top_k},
    {"TopK", 10, 10, 2, 2, 2, "axis", INPUT(1), false, .lower = ql_lower_op_top_k},
    {"TopK", 11, LAST, 2, 2, 2, "axis largest sorted", INPUT(1), false, .lower = ql_lower_op_top_k},
    {"Transpose", FIRST, LAST, 1, 1, 1, "perm", 0, false, .lower = ql_lower_op_transpose},
    {"Trilu", 14, LAST, 1, 2, 1, "upper", INPUT(1), false, .lower = ql_lower_op_trilu},
    {"Unsqueeze", FIRST, 12, 1, 1, 1, "axes", 0, false, .lower = ql_lower_op_unsqueeze},
    {"Unsqueeze", 13, LAST, 2, 2, 1, "", INPUT(1), false, .lower = ql_lower_op_unsqueeze},
    {"Where", FIRST, LAST, 3, 3, 1, "", 0, false, .lower = ql_lower_op_where},
    {"Xor", FIRST, LAST, 2, 2, 1, "", 0, false, .lower = ql_lower_op_xor},
};

const struct ql_operator *ql_operator_at(size_t index)
{
    return index < sizeof rows / sizeof rows[0] ? &rows[index] : NULL;
}

const char *ql_operator_flow_need(const char *name)
{
    static const struct {
        const char *name, *need;
    } flows[] = {
        {"If", "constants and sizes fixed in the file decide which branch it takes"},
        {"Loop", "constants and sizes fixed in the file decide how many steps it takes, from 1 to 4096"},
        {"Scan",
         "the file fixes the sizes of its axes, from 1 to 4096, and has version 9 of the operators or a later one"},
    };

    for (size_t i = 0; i < sizeof flows / sizeof flows[0]; i++) {
        if (strcmp(flows[i].name, name) == 0) {
            return flows[i].need;
        }
    }
    return NULL;
}

const struct ql_operator *ql_operator_find(const char *name, int opset)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, name) == 0 && (opset == 0 || (rows[i].first <= opset && opset <= rows[i].last))) {
            return &rows[i];
        }
    }
    return NULL;
}
