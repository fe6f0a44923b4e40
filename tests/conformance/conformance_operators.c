// The operators that have random cases: see conformance_operators.h.
// Uses: conformance_case.
#include "conformance_operators.h"

#include <string.h>

const struct conformance_operator conformance_operators[] = {
    {"Abs", 9, 1, generate_unary},
    {"Add", 9, 2, generate_binary},
    {"And", 9, 1, generate_logical},
    {"ArgMax", 9, 2, generate_argmax},
    {"Cast", 9, 2, generate_cast},
    {"Concat", 9, 2, generate_concat},
    {"Constant", 9, 1, generate_constant},
    {"ConstantOfShape", 9, 1, generate_constant_of_shape},
    {"Cos", 9, 1, generate_unary},
    {"CumSum", 11, 2, generate_cumsum},
    {"Div", 9, 2, generate_binary},
    {"Dropout", 9, 1, generate_dropout},
    {"Equal", 9, 1, generate_compare},
    {"Erf", 9, 1, generate_unary},
    {"Exp", 9, 1, generate_unary},
    {"Expand", 9, 2, generate_expand},
    {"Flatten", 9, 1, generate_flatten},
    {"GRU", 9, 8, generate_recurrent},
    {"Gather", 9, 2, generate_gather},
    {"Gelu", 20, 1, generate_gelu},
    {"Gemm", 9, 6, generate_gemm},
    {"Greater", 9, 1, generate_compare},
    {"GreaterOrEqual", 12, 1, generate_compare},
    {"Identity", 9, 1, generate_identity},
    {"LSTM", 9, 10, generate_recurrent},
    {"LayerNormalization", 17, 2, generate_layer_normalization},
    {"Less", 9, 1, generate_compare},
    {"LessOrEqual", 12, 1, generate_compare},
    {"Log", 9, 1, generate_unary},
    {"LogSoftmax", 9, 2, generate_softmax},
    {"MatMul", 9, 4, generate_matmul},
    {"Max", 9, 2, generate_variadic},
    {"Min", 9, 2, generate_variadic},
    {"Mul", 9, 2, generate_binary},
    {"Neg", 9, 1, generate_unary},
    {"Not", 9, 1, generate_not},
    {"Or", 9, 1, generate_logical},
    {"Pow", 9, 2, generate_pow},
    {"RNN", 9, 6, generate_recurrent},
    {"Range", 11, 1, generate_range},
    {"ReduceMax", 9, 2, generate_reduce},
    {"ReduceMean", 9, 2, generate_reduce},
    {"ReduceSum", 9, 2, generate_reduce},
    {"Relu", 9, 1, generate_unary},
    {"Reshape", 9, 2, generate_reshape},
    {"Shape", 9, 1, generate_shape},
    {"Sigmoid", 9, 1, generate_unary},
    {"Sin", 9, 1, generate_unary},
    {"Size", 9, 1, generate_size},
    {"Slice", 9, 3, generate_slice},
    {"Softmax", 9, 2, generate_softmax},
    {"Split", 9, 2, generate_split},
    {"Sqrt", 9, 1, generate_unary},
    {"Squeeze", 9, 1, generate_squeeze},
    {"Sub", 9, 2, generate_binary},
    {"Tanh", 9, 1, generate_unary},
    {"Tile", 9, 2, generate_tile},
    {"Transpose", 9, 2, generate_transpose},
    {"Trilu", 14, 1, generate_trilu},
    {"Unsqueeze", 9, 1, generate_unsqueeze},
    {"Where", 9, 2, generate_where},
    {"graph", 13, 6, generate_graph},
};

const int conformance_operator_count = (int)(sizeof conformance_operators / sizeof conformance_operators[0]);

const struct conformance_operator *conformance_operator_find(const char *name)
{
    for (int i = 0; i < conformance_operator_count; i++) {
        if (strcmp(conformance_operators[i].name, name) == 0) {
            return &conformance_operators[i];
        }
    }
    return NULL;
}
