// The table of operators: see operators.h. Rows of one operator stand together, in the order of their versions.
#include "onnx/operators.h"

#include <stddef.h>
#include <string.h>

enum { ANY = 1 << 16 }; // of operands: as many as a node has

#define FIRST QL_OPSET_FIRST
#define LAST QL_OPSET_LAST
#define INPUT(k) (1u << (k))

#define RECURRENT "activation_alpha activation_beta activations clip direction hidden_size"

static const struct ql_operator rows[] = {
    // name, versions, inputs, outputs, attributes, constant inputs, widens, function, stem
    {"Abs", FIRST, LAST, 1, 1, 1, "", 0, true, ql_lower_op_unary, "abs"},
    {"Add", FIRST, LAST, 2, 2, 1, "", 0, true, ql_lower_op_binary, "add"},
    {"And", FIRST, LAST, 2, 2, 1, "", 0, false, ql_lower_op_compare, "and"},
    {"ArgMax", FIRST, 11, 1, 1, 1, "axis keepdims", 0, false, ql_lower_op_argmax, NULL},
    {"ArgMax", 12, LAST, 1, 1, 1, "axis keepdims select_last_index", 0, false, ql_lower_op_argmax, NULL},
    {"Cast", FIRST, 18, 1, 1, 1, "to", 0, false, ql_lower_op_cast, NULL},
    {"Cast", 19, LAST, 1, 1, 1, "to saturate", 0, false, ql_lower_op_cast, NULL}, // saturate is for 8-bit floats only
    {"Concat", FIRST, LAST, 1, ANY, 1, "axis", 0, false, ql_lower_op_concat, NULL},
    {"Constant", FIRST, LAST, 0, 0, 1, "value value_int value_ints value_float value_floats", 0, false,
     ql_lower_op_constant, NULL},
    {"ConstantOfShape", FIRST, LAST, 1, 1, 1, "value", INPUT(0), false, ql_lower_op_constant_of_shape, NULL},
    {"CumSum", 11, LAST, 2, 2, 1, "exclusive reverse", INPUT(1), true, ql_lower_op_cumsum, NULL},
    {"Div", FIRST, LAST, 2, 2, 1, "", 0, true, ql_lower_op_binary, "div"},
    {"Dropout", FIRST, 11, 1, 1, 2, "ratio", 0, false, ql_lower_op_dropout, NULL},
    {"Dropout", 12, LAST, 1, 3, 2, "seed", INPUT(2), false, ql_lower_op_dropout, NULL},
    {"Equal", FIRST, LAST, 2, 2, 1, "", 0, true, ql_lower_op_compare, "equal"},
    {"Erf", FIRST, LAST, 1, 1, 1, "", 0, true, ql_lower_op_unary, "erf"},
    {"Exp", FIRST, LAST, 1, 1, 1, "", 0, true, ql_lower_op_unary, "exponential"},
    {"Expand", FIRST, LAST, 2, 2, 1, "", INPUT(1), false, ql_lower_op_expand, NULL},
    {"Flatten", FIRST, LAST, 1, 1, 1, "axis", 0, false, ql_lower_op_flatten, NULL},
    {"GRU", FIRST, 13, 3, 6, 2, RECURRENT " linear_before_reset", 0, false, ql_lower_op_gru, NULL},
    {"GRU", 14, LAST, 3, 6, 2, RECURRENT " linear_before_reset layout", 0, false, ql_lower_op_gru, NULL},
    {"Gather", FIRST, LAST, 2, 2, 1, "axis", 0, false, ql_lower_op_gather, NULL},
    {"Gelu", 20, LAST, 1, 1, 1, "approximate", 0, true, ql_lower_op_gelu, NULL},
    {"Gemm", FIRST, LAST, 2, 3, 1, "alpha beta transA transB", 0, true, ql_lower_op_gemm, NULL},
    {"Greater", FIRST, LAST, 2, 2, 1, "", 0, true, ql_lower_op_compare, "-less"},
    {"GreaterOrEqual", 12, LAST, 2, 2, 1, "", 0, true, ql_lower_op_compare, "-less_equal"},
    {"Identity", FIRST, LAST, 1, 1, 1, "", 0, false, ql_lower_op_identity, NULL},
    {"LSTM", FIRST, 13, 3, 8, 3, RECURRENT " input_forget", 0, false, ql_lower_op_lstm, NULL},
    {"LSTM", 14, LAST, 3, 8, 3, RECURRENT " input_forget layout", 0, false, ql_lower_op_lstm, NULL},
    {"LayerNormalization", 17, LAST, 2, 3, 3, "axis epsilon stash_type", 0, false, ql_lower_op_layer_norm, NULL},
    {"Less", FIRST, LAST, 2, 2, 1, "", 0, true, ql_lower_op_compare, "less"},
    {"LessOrEqual", 12, LAST, 2, 2, 1, "", 0, true, ql_lower_op_compare, "less_equal"},
    {"Log", FIRST, LAST, 1, 1, 1, "", 0, true, ql_lower_op_unary, "log"},
    {"LogSoftmax", FIRST, LAST, 1, 1, 1, "axis", 0, true, ql_lower_op_softmax, "log_softmax"},
    {"MatMul", FIRST, LAST, 2, 2, 1, "", 0, true, ql_lower_op_matmul, NULL},
    {"Max", FIRST, LAST, 1, ANY, 1, "", 0, true, ql_lower_op_variadic, "max"},
    {"Min", FIRST, LAST, 1, ANY, 1, "", 0, true, ql_lower_op_variadic, "min"},
    {"Mul", FIRST, LAST, 2, 2, 1, "", 0, true, ql_lower_op_binary, "mul"},
    {"Neg", FIRST, LAST, 1, 1, 1, "", 0, true, ql_lower_op_unary, "neg"},
    {"Not", FIRST, LAST, 1, 1, 1, "", 0, false, ql_lower_op_unary, "not"},
    {"Or", FIRST, LAST, 2, 2, 1, "", 0, false, ql_lower_op_compare, "or"},
    {"Pow", FIRST, LAST, 2, 2, 1, "", 0, true, ql_lower_op_pow, NULL},
    {"RNN", FIRST, 13, 3, 6, 2, RECURRENT, 0, false, ql_lower_op_rnn, NULL},
    {"RNN", 14, LAST, 3, 6, 2, RECURRENT " layout", 0, false, ql_lower_op_rnn, NULL},
    {"Range", 11, LAST, 3, 3, 1, "", INPUT(0) | INPUT(1) | INPUT(2), true, ql_lower_op_range, NULL},
    {"ReduceMax", FIRST, 17, 1, 1, 1, "axes keepdims", 0, true, ql_lower_op_reduce, "max"},
    {"ReduceMax", 18, LAST, 1, 2, 1, "keepdims noop_with_empty_axes", INPUT(1), true, ql_lower_op_reduce, "max"},
    {"ReduceMean", FIRST, 17, 1, 1, 1, "axes keepdims", 0, true, ql_lower_op_reduce, "-add"},
    {"ReduceMean", 18, LAST, 1, 2, 1, "keepdims noop_with_empty_axes", INPUT(1), true, ql_lower_op_reduce, "-add"},
    {"ReduceSum", FIRST, 12, 1, 1, 1, "axes keepdims", 0, true, ql_lower_op_reduce, "add"},
    {"ReduceSum", 13, LAST, 1, 2, 1, "keepdims noop_with_empty_axes", INPUT(1), true, ql_lower_op_reduce, "add"},
    {"Relu", FIRST, LAST, 1, 1, 1, "", 0, true, ql_lower_op_unary, "relu"},
    {"Reshape", FIRST, 13, 2, 2, 1, "", INPUT(1), false, ql_lower_op_reshape, NULL},
    {"Reshape", 14, LAST, 2, 2, 1, "allowzero", INPUT(1), false, ql_lower_op_reshape, NULL},
    {"Shape", FIRST, 14, 1, 1, 1, "", 0, false, ql_lower_op_shape, NULL},
    {"Shape", 15, LAST, 1, 1, 1, "start end", 0, false, ql_lower_op_shape, NULL},
    {"Sigmoid", FIRST, LAST, 1, 1, 1, "", 0, true, ql_lower_op_unary, "sigmoid"},
    {"Size", FIRST, LAST, 1, 1, 1, "", 0, false, ql_lower_op_size, NULL},
    {"Slice", FIRST, 9, 1, 1, 1, "starts ends axes", 0, false, ql_lower_op_slice, NULL},
    {"Slice", 10, LAST, 3, 5, 1, "", INPUT(1) | INPUT(2) | INPUT(3) | INPUT(4), false, ql_lower_op_slice, NULL},
    {"Softmax", FIRST, LAST, 1, 1, 1, "axis", 0, true, ql_lower_op_softmax, "softmax"},
    {"Split", FIRST, 12, 1, 1, ANY, "axis split", 0, false, ql_lower_op_split, NULL},
    {"Split", 13, 17, 1, 2, ANY, "axis", INPUT(1), false, ql_lower_op_split, NULL},
    {"Split", 18, LAST, 1, 2, ANY, "axis num_outputs", INPUT(1), false, ql_lower_op_split, NULL},
    {"Sqrt", FIRST, LAST, 1, 1, 1, "", 0, true, ql_lower_op_unary, "sqrt"},
    {"Squeeze", FIRST, 12, 1, 1, 1, "axes", 0, false, ql_lower_op_squeeze, NULL},
    {"Squeeze", 13, LAST, 1, 2, 1, "", INPUT(1), false, ql_lower_op_squeeze, NULL},
    {"Sub", FIRST, LAST, 2, 2, 1, "", 0, true, ql_lower_op_binary, "sub"},
    {"Tanh", FIRST, LAST, 1, 1, 1, "", 0, true, ql_lower_op_unary, "tanh"},
    {"Tile", FIRST, LAST, 2, 2, 1, "", INPUT(1), false, ql_lower_op_tile, NULL},
    {"Transpose", FIRST, LAST, 1, 1, 1, "perm", 0, false, ql_lower_op_transpose, NULL},
    {"Trilu", 14, LAST, 1, 2, 1, "upper", INPUT(1), false, ql_lower_op_trilu, NULL},
    {"Unsqueeze", FIRST, 12, 1, 1, 1, "axes", 0, false, ql_lower_op_unsqueeze, NULL},
    {"Unsqueeze", 13, LAST, 2, 2, 1, "", INPUT(1), false, ql_lower_op_unsqueeze, NULL},
    {"Where", FIRST, LAST, 3, 3, 1, "", 0, false, ql_lower_op_where, NULL},
};

const struct ql_operator *ql_operator_find(const char *name, int opset)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, name) == 0 && (opset == 0 || (rows[i].first <= opset && opset <= rows[i].last))) {
            return &rows[i];
        }
    }
    return NULL;
}
