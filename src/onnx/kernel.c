// The table of kernels: see kernel.h. One line per kernel runs it, with the arguments in the order of its parameters.
// Uses: base/vectors, device.
#include "onnx/kernel.h"

#include <string.h>

#include "base/vectors.h"
#include "device/arithmetic.h"
#include "device/attention.h"
#include "device/broadcast.h"
#include "device/cast.h"
#include "device/convolve.h"
#include "device/copy.h"
#include "device/elementary.h"
#include "device/matmul.h"
#include "device/normalize.h"
#include "device/recurrent.h"
#include "device/recurrent_activation.h"
#include "device/recurrent_general.h"
#include "device/reduce.h"
#include "device/rotary.h"
#include "device/select.h"
#include "device/trigonometry.h"

// Short names for the arguments, in the order that all kernels keep.
#define BUFFER(k) arguments->buffers[k]
#define OPERATION(type, k) ((type)arguments->operations[k])
#define INT(k) arguments->ints[k]
#define ARRAY(k) arguments->arrays[k]
#define FLOAT(k) arguments->floats[k]

// The kernels in which recurrent models and products spend their time are compiled for each form of vectors.
#define VECTORIZED_KERNEL(name) \
    QL_VECTORIZED_VALUE(static, bool, name, (const struct ql_kernel_arguments *arguments), (arguments))

static bool run_unary_f32(const struct ql_kernel_arguments *arguments)
{
    ql_unary_f32(BUFFER(0), BUFFER(1), OPERATION(float (*)(float), 0), INT(0));
    return true;
}

static bool run_unary_f64(const struct ql_kernel_arguments *arguments)
{
    ql_unary_f64(BUFFER(0), BUFFER(1), OPERATION(double (*)(double), 0), INT(0));
    return true;
}

static bool run_unary_s64(const struct ql_kernel_arguments *arguments)
{
    ql_unary_s64(BUFFER(0), BUFFER(1), OPERATION(int64_t(*)(int64_t), 0), INT(0));
    return true;
}

static bool run_unary_bool(const struct ql_kernel_arguments *arguments)
{
    ql_unary_bool(BUFFER(0), BUFFER(1), OPERATION(uint8_t(*)(uint8_t), 0), INT(0));
    return true;
}

static bool run_binary_f32(const struct ql_kernel_arguments *arguments)
{
    ql_binary_f32(BUFFER(0), BUFFER(1), BUFFER(2), OPERATION(float (*)(float, float), 0), INT(0), ARRAY(0), ARRAY(1),
                  ARRAY(2));
    return true;
}

static bool run_binary_f64(const struct ql_kernel_arguments *arguments)
{
    ql_binary_f64(BUFFER(0), BUFFER(1), BUFFER(2), OPERATION(double (*)(double, double), 0), INT(0), ARRAY(0), ARRAY(1),
                  ARRAY(2));
    return true;
}

static bool run_binary_s64(const struct ql_kernel_arguments *arguments)
{
    ql_binary_s64(BUFFER(0), BUFFER(1), BUFFER(2), OPERATION(int64_t(*)(int64_t, int64_t), 0), INT(0), ARRAY(0),
                  ARRAY(1), ARRAY(2));
    return true;
}

static bool run_binary_bool(const struct ql_kernel_arguments *arguments)
{
    ql_binary_bool(BUFFER(0), BUFFER(1), BUFFER(2), OPERATION(uint8_t(*)(uint8_t, uint8_t), 0), INT(0), ARRAY(0),
                   ARRAY(1), ARRAY(2));
    return true;
}

static bool run_compare_f32(const struct ql_kernel_arguments *arguments)
{
    ql_compare_f32(BUFFER(0), BUFFER(1), BUFFER(2), OPERATION(uint8_t(*)(float, float), 0), INT(0), ARRAY(0), ARRAY(1),
                   ARRAY(2));
    return true;
}

static bool run_compare_f64(const struct ql_kernel_arguments *arguments)
{
    ql_compare_f64(BUFFER(0), BUFFER(1), BUFFER(2), OPERATION(uint8_t(*)(double, double), 0), INT(0), ARRAY(0),
                   ARRAY(1), ARRAY(2));
    return true;
}

static bool run_compare_s64(const struct ql_kernel_arguments *arguments)
{
    ql_compare_s64(BUFFER(0), BUFFER(1), BUFFER(2), OPERATION(uint8_t(*)(int64_t, int64_t), 0), INT(0), ARRAY(0),
                   ARRAY(1), ARRAY(2));
    return true;
}

static bool run_where(const struct ql_kernel_arguments *arguments)
{
    ql_where(BUFFER(0), BUFFER(1), BUFFER(2), BUFFER(3), INT(0), INT(1), ARRAY(0), ARRAY(1), ARRAY(2), ARRAY(3));
    return true;
}

static bool run_copy(const struct ql_kernel_arguments *arguments)
{
    ql_copy(BUFFER(0), BUFFER(1), INT(0), INT(1), ARRAY(0), ARRAY(1), ARRAY(2));
    return true;
}

static bool run_gather(const struct ql_kernel_arguments *arguments)
{
    return ql_gather(BUFFER(0), BUFFER(1), BUFFER(2), INT(0), INT(1), INT(2), INT(3), INT(4));
}

static bool run_gather_elements(const struct ql_kernel_arguments *arguments)
{
    return ql_gather_elements(BUFFER(0), BUFFER(1), BUFFER(2), INT(0), INT(1), INT(2), INT(3), ARRAY(0), ARRAY(1));
}

static bool run_gather_nd(const struct ql_kernel_arguments *arguments)
{
    return ql_gather_nd(BUFFER(0), BUFFER(1), BUFFER(2), INT(0), INT(1), INT(2), INT(3), INT(4), ARRAY(0));
}

static bool run_scatter_nd(const struct ql_kernel_arguments *arguments)
{
    return ql_scatter_nd(BUFFER(0), BUFFER(1), BUFFER(2), BUFFER(3), INT(0), INT(1), INT(2), INT(3), INT(4), ARRAY(0));
}

static bool run_scatter_elements(const struct ql_kernel_arguments *arguments)
{
    return ql_scatter_elements(BUFFER(0), BUFFER(1), BUFFER(2), BUFFER(3), INT(0), INT(1), INT(2), INT(3), INT(4),
                               ARRAY(0), ARRAY(1));
}

static bool run_trilu(const struct ql_kernel_arguments *arguments)
{
    ql_trilu(BUFFER(0), BUFFER(1), INT(0), INT(1), INT(2), INT(3), INT(4), INT(5));
    return true;
}

static bool run_range_f32(const struct ql_kernel_arguments *arguments)
{
    ql_range_f32(BUFFER(0), BUFFER(1), BUFFER(2), INT(0));
    return true;
}

static bool run_range_f64(const struct ql_kernel_arguments *arguments)
{
    ql_range_f64(BUFFER(0), BUFFER(1), BUFFER(2), INT(0));
    return true;
}

static bool run_range_s64(const struct ql_kernel_arguments *arguments)
{
    ql_range_s64(BUFFER(0), BUFFER(1), BUFFER(2), INT(0));
    return true;
}

static bool run_cast(const struct ql_kernel_arguments *arguments)
{
    ql_cast(BUFFER(0), BUFFER(1), INT(0), INT(1), INT(2));
    return true;
}

VECTORIZED_KERNEL(run_gemm_f32)
{
    ql_gemm_f32(BUFFER(0), BUFFER(1), BUFFER(2), BUFFER(3), INT(0), INT(1), INT(2), INT(3));
    return true;
}

VECTORIZED_KERNEL(run_matmul_f32)
{
    ql_matmul_f32(BUFFER(0), BUFFER(1), BUFFER(2), INT(0), INT(1), INT(2), INT(3), ARRAY(0), ARRAY(1), ARRAY(2));
    return true;
}

static bool run_conv_f32(const struct ql_kernel_arguments *arguments)
{
    ql_conv_f32(BUFFER(0), BUFFER(1), BUFFER(2), BUFFER(3), INT(0), INT(1), INT(2), INT(3), ARRAY(0), ARRAY(1));
    return true;
}

static bool run_reduce_f32(const struct ql_kernel_arguments *arguments)
{
    ql_reduce_f32(BUFFER(0), BUFFER(1), OPERATION(float (*)(float, float), 0), INT(0), INT(1), ARRAY(0), ARRAY(1),
                  ARRAY(2), ARRAY(3));
    return true;
}

static bool run_reduce_f64(const struct ql_kernel_arguments *arguments)
{
    ql_reduce_f64(BUFFER(0), BUFFER(1), OPERATION(double (*)(double, double), 0), INT(0), INT(1), ARRAY(0), ARRAY(1),
                  ARRAY(2), ARRAY(3));
    return true;
}

static bool run_reduce_s64(const struct ql_kernel_arguments *arguments)
{
    ql_reduce_s64(BUFFER(0), BUFFER(1), OPERATION(int64_t(*)(int64_t, int64_t), 0), INT(0), INT(1), ARRAY(0), ARRAY(1),
                  ARRAY(2), ARRAY(3));
    return true;
}

static bool run_argmax_f32(const struct ql_kernel_arguments *arguments)
{
    ql_argmax_f32(BUFFER(0), BUFFER(1), INT(0), INT(1), INT(2), INT(3));
    return true;
}

static bool run_argmax_f64(const struct ql_kernel_arguments *arguments)
{
    ql_argmax_f64(BUFFER(0), BUFFER(1), INT(0), INT(1), INT(2), INT(3));
    return true;
}

static bool run_argmax_s64(const struct ql_kernel_arguments *arguments)
{
    ql_argmax_s64(BUFFER(0), BUFFER(1), INT(0), INT(1), INT(2), INT(3));
    return true;
}

static bool run_cumsum_f32(const struct ql_kernel_arguments *arguments)
{
    ql_cumsum_f32(BUFFER(0), BUFFER(1), INT(0), INT(1), INT(2), INT(3), INT(4));
    return true;
}

static bool run_cumsum_f64(const struct ql_kernel_arguments *arguments)
{
    ql_cumsum_f64(BUFFER(0), BUFFER(1), INT(0), INT(1), INT(2), INT(3), INT(4));
    return true;
}

static bool run_cumsum_s64(const struct ql_kernel_arguments *arguments)
{
    ql_cumsum_s64(BUFFER(0), BUFFER(1), INT(0), INT(1), INT(2), INT(3), INT(4));
    return true;
}

static bool run_top_k_f32(const struct ql_kernel_arguments *arguments)
{
    ql_top_k_f32(BUFFER(0), BUFFER(1), BUFFER(2), INT(0), INT(1), INT(2), INT(3), INT(4));
    return true;
}

static bool run_top_k_f64(const struct ql_kernel_arguments *arguments)
{
    ql_top_k_f64(BUFFER(0), BUFFER(1), BUFFER(2), INT(0), INT(1), INT(2), INT(3), INT(4));
    return true;
}

static bool run_top_k_s64(const struct ql_kernel_arguments *arguments)
{
    ql_top_k_s64(BUFFER(0), BUFFER(1), BUFFER(2), INT(0), INT(1), INT(2), INT(3), INT(4));
    return true;
}

static bool run_softmax_f32(const struct ql_kernel_arguments *arguments)
{
    ql_softmax_f32(BUFFER(0), BUFFER(1), INT(0), INT(1), INT(2));
    return true;
}

static bool run_log_softmax_f32(const struct ql_kernel_arguments *arguments)
{
    ql_log_softmax_f32(BUFFER(0), BUFFER(1), INT(0), INT(1), INT(2));
    return true;
}

static bool run_layer_norm_f32(const struct ql_kernel_arguments *arguments)
{
    ql_layer_norm_f32(BUFFER(0), BUFFER(1), BUFFER(2), BUFFER(3), BUFFER(4), BUFFER(5), INT(0), INT(1), FLOAT(0));
    return true;
}

VECTORIZED_KERNEL(run_rms_norm_f32)
{
    ql_rms_norm_f32(BUFFER(0), BUFFER(1), BUFFER(2), INT(0), INT(1), FLOAT(0));
    return true;
}

static bool run_rotary_angles_f32(const struct ql_kernel_arguments *arguments)
{
    ql_rotary_angles_f32(BUFFER(0), BUFFER(1), BUFFER(2), BUFFER(3), INT(0));
    return true;
}

static bool run_rotary_turn_f32(const struct ql_kernel_arguments *arguments)
{
    ql_rotary_turn_f32(BUFFER(0), BUFFER(1), BUFFER(2), BUFFER(3), INT(0), INT(1));
    return true;
}

VECTORIZED_KERNEL(run_swiglu_f32)
{
    ql_swiglu_f32(BUFFER(0), BUFFER(1), BUFFER(2), INT(0));
    return true;
}

VECTORIZED_KERNEL(run_ring_attention_f32)
{
    ql_ring_attention_f32(BUFFER(0), BUFFER(1), BUFFER(2), BUFFER(3), BUFFER(4), BUFFER(5), BUFFER(6), BUFFER(7),
                          INT(0), INT(1), INT(2), INT(3), FLOAT(0));
    return true;
}

VECTORIZED_KERNEL(run_lstm_f32)
{
    ql_lstm_f32(BUFFER(0), BUFFER(1), BUFFER(2), BUFFER(3), BUFFER(4), BUFFER(5), BUFFER(6), BUFFER(7), BUFFER(8),
                BUFFER(9), INT(0), INT(1), INT(2));
    return true;
}

VECTORIZED_KERNEL(run_gru_f32)
{
    ql_gru_f32(BUFFER(0), BUFFER(1), BUFFER(2), BUFFER(3), BUFFER(4), BUFFER(5), BUFFER(6), BUFFER(7), BUFFER(8),
               INT(0), INT(1), INT(2));
    return true;
}

VECTORIZED_KERNEL(run_rnn_f32)
{
    ql_rnn_f32(BUFFER(0), BUFFER(1), BUFFER(2), BUFFER(3), BUFFER(4), BUFFER(5), BUFFER(6), BUFFER(7), INT(0), INT(1),
               INT(2));
    return true;
}

static bool run_lstm_general_f32(const struct ql_kernel_arguments *arguments)
{
    return ql_lstm_general_f32(BUFFER(0), BUFFER(1), BUFFER(2), BUFFER(3), BUFFER(4), BUFFER(5), BUFFER(6), BUFFER(7),
                               BUFFER(8), BUFFER(9), BUFFER(10), BUFFER(11), OPERATION(ql_recurrent_activation *, 0),
                               OPERATION(ql_recurrent_activation *, 1), OPERATION(ql_recurrent_activation *, 2), INT(0),
                               INT(1), INT(2), INT(3), INT(4), INT(5), INT(6), FLOAT(0), FLOAT(1), FLOAT(2), FLOAT(3),
                               FLOAT(4), FLOAT(5), FLOAT(6));
}

static bool run_gru_general_f32(const struct ql_kernel_arguments *arguments)
{
    return ql_gru_general_f32(BUFFER(0), BUFFER(1), BUFFER(2), BUFFER(3), BUFFER(4), BUFFER(5), BUFFER(6), BUFFER(7),
                              BUFFER(8), BUFFER(9), BUFFER(10), OPERATION(ql_recurrent_activation *, 0),
                              OPERATION(ql_recurrent_activation *, 1), INT(0), INT(1), INT(2), INT(3), INT(4), INT(5),
                              INT(6), FLOAT(0), FLOAT(1), FLOAT(2), FLOAT(3), FLOAT(4));
}

static bool run_rnn_general_f32(const struct ql_kernel_arguments *arguments)
{
    return ql_rnn_general_f32(BUFFER(0), BUFFER(1), BUFFER(2), BUFFER(3), BUFFER(4), BUFFER(5), BUFFER(6), BUFFER(7),
                              BUFFER(8), OPERATION(ql_recurrent_activation *, 0), INT(0), INT(1), INT(2), INT(3),
                              INT(4), INT(5), FLOAT(0), FLOAT(1), FLOAT(2));
}

const struct ql_kernel ql_kernels[QL_KERNEL_COUNT] = {
    // name, file, outputs, buffers, operations, ints, arrays, floats, fallible, run
    [QL_KERNEL_UNARY_F32] = {"ql_unary_f32", "device/broadcast.h", 1, 2, 1, 1, 0, 0, false, run_unary_f32},
    [QL_KERNEL_UNARY_F64] = {"ql_unary_f64", "device/broadcast.h", 1, 2, 1, 1, 0, 0, false, run_unary_f64},
    [QL_KERNEL_UNARY_S64] = {"ql_unary_s64", "device/broadcast.h", 1, 2, 1, 1, 0, 0, false, run_unary_s64},
    [QL_KERNEL_UNARY_BOOL] = {"ql_unary_bool", "device/broadcast.h", 1, 2, 1, 1, 0, 0, false, run_unary_bool},
    [QL_KERNEL_BINARY_F32] = {"ql_binary_f32", "device/broadcast.h", 1, 3, 1, 1, 3, 0, false, run_binary_f32},
    [QL_KERNEL_BINARY_F64] = {"ql_binary_f64", "device/broadcast.h", 1, 3, 1, 1, 3, 0, false, run_binary_f64},
    [QL_KERNEL_BINARY_S64] = {"ql_binary_s64", "device/broadcast.h", 1, 3, 1, 1, 3, 0, false, run_binary_s64},
    [QL_KERNEL_BINARY_BOOL] = {"ql_binary_bool", "device/broadcast.h", 1, 3, 1, 1, 3, 0, false, run_binary_bool},
    [QL_KERNEL_COMPARE_F32] = {"ql_compare_f32", "device/broadcast.h", 1, 3, 1, 1, 3, 0, false, run_compare_f32},
    [QL_KERNEL_COMPARE_F64] = {"ql_compare_f64", "device/broadcast.h", 1, 3, 1, 1, 3, 0, false, run_compare_f64},
    [QL_KERNEL_COMPARE_S64] = {"ql_compare_s64", "device/broadcast.h", 1, 3, 1, 1, 3, 0, false, run_compare_s64},
    [QL_KERNEL_WHERE] = {"ql_where", "device/broadcast.h", 1, 4, 0, 2, 4, 0, false, run_where},
    [QL_KERNEL_COPY] = {"ql_copy", "device/copy.h", 1, 2, 0, 2, 3, 0, false, run_copy},
    [QL_KERNEL_GATHER] = {"ql_gather", "device/copy.h", 1, 3, 0, 5, 0, 0, true, run_gather},
    [QL_KERNEL_GATHER_ELEMENTS] = {"ql_gather_elements", "device/copy.h", 1, 3, 0, 4, 2, 0, true, run_gather_elements},
    [QL_KERNEL_GATHER_ND] = {"ql_gather_nd", "device/copy.h", 1, 3, 0, 5, 1, 0, true, run_gather_nd},
    [QL_KERNEL_SCATTER_ND] = {"ql_scatter_nd", "device/copy.h", 1, 4, 0, 5, 1, 0, true, run_scatter_nd},
    [QL_KERNEL_SCATTER_ELEMENTS] = {"ql_scatter_elements", "device/copy.h", 1, 4, 0, 5, 2, 0, true,
                                    run_scatter_elements},
    [QL_KERNEL_TRILU] = {"ql_trilu", "device/copy.h", 1, 2, 0, 6, 0, 0, false, run_trilu},
    [QL_KERNEL_RANGE_F32] = {"ql_range_f32", "device/copy.h", 1, 3, 0, 1, 0, 0, false, run_range_f32},
    [QL_KERNEL_RANGE_F64] = {"ql_range_f64", "device/copy.h", 1, 3, 0, 1, 0, 0, false, run_range_f64},
    [QL_KERNEL_RANGE_S64] = {"ql_range_s64", "device/copy.h", 1, 3, 0, 1, 0, 0, false, run_range_s64},
    [QL_KERNEL_CAST] = {"ql_cast", "device/cast.h", 1, 2, 0, 3, 0, 0, false, run_cast},
    [QL_KERNEL_GEMM_F32] = {"ql_gemm_f32", "device/matmul.h", 1, 4, 0, 4, 0, 0, false, run_gemm_f32},
    [QL_KERNEL_MATMUL_F32] = {"ql_matmul_f32", "device/matmul.h", 1, 3, 0, 4, 3, 0, false, run_matmul_f32},
    [QL_KERNEL_CONV_F32] = {"ql_conv_f32", "device/convolve.h", 1, 4, 0, 4, 2, 0, false, run_conv_f32},
    [QL_KERNEL_REDUCE_F32] = {"ql_reduce_f32", "device/reduce.h", 1, 2, 1, 2, 4, 0, false, run_reduce_f32},
    [QL_KERNEL_REDUCE_F64] = {"ql_reduce_f64", "device/reduce.h", 1, 2, 1, 2, 4, 0, false, run_reduce_f64},
    [QL_KERNEL_REDUCE_S64] = {"ql_reduce_s64", "device/reduce.h", 1, 2, 1, 2, 4, 0, false, run_reduce_s64},
    [QL_KERNEL_ARGMAX_F32] = {"ql_argmax_f32", "device/reduce.h", 1, 2, 0, 4, 0, 0, false, run_argmax_f32},
    [QL_KERNEL_ARGMAX_F64] = {"ql_argmax_f64", "device/reduce.h", 1, 2, 0, 4, 0, 0, false, run_argmax_f64},
    [QL_KERNEL_ARGMAX_S64] = {"ql_argmax_s64", "device/reduce.h", 1, 2, 0, 4, 0, 0, false, run_argmax_s64},
    [QL_KERNEL_CUMSUM_F32] = {"ql_cumsum_f32", "device/reduce.h", 1, 2, 0, 5, 0, 0, false, run_cumsum_f32},
    [QL_KERNEL_CUMSUM_F64] = {"ql_cumsum_f64", "device/reduce.h", 1, 2, 0, 5, 0, 0, false, run_cumsum_f64},
    [QL_KERNEL_CUMSUM_S64] = {"ql_cumsum_s64", "device/reduce.h", 1, 2, 0, 5, 0, 0, false, run_cumsum_s64},
    [QL_KERNEL_TOP_K_F32] = {"ql_top_k_f32", "device/select.h", 2, 3, 0, 5, 0, 0, false, run_top_k_f32},
    [QL_KERNEL_TOP_K_F64] = {"ql_top_k_f64", "device/select.h", 2, 3, 0, 5, 0, 0, false, run_top_k_f64},
    [QL_KERNEL_TOP_K_S64] = {"ql_top_k_s64", "device/select.h", 2, 3, 0, 5, 0, 0, false, run_top_k_s64},
    [QL_KERNEL_SOFTMAX_F32] = {"ql_softmax_f32", "device/normalize.h", 1, 2, 0, 3, 0, 0, false, run_softmax_f32},
    [QL_KERNEL_LOG_SOFTMAX_F32] = {"ql_log_softmax_f32", "device/normalize.h", 1, 2, 0, 3, 0, 0, false,
                                   run_log_softmax_f32},
    [QL_KERNEL_LAYER_NORM_F32] = {"ql_layer_norm_f32", "device/normalize.h", 3, 6, 0, 2, 0, 1, false,
                                  run_layer_norm_f32},
    [QL_KERNEL_RMS_NORM_F32] = {"ql_rms_norm_f32", "device/normalize.h", 1, 3, 0, 2, 0, 1, false, run_rms_norm_f32},
    [QL_KERNEL_ROTARY_ANGLES_F32] = {"ql_rotary_angles_f32", "device/rotary.h", 2, 4, 0, 1, 0, 0, false,
                                     run_rotary_angles_f32},
    [QL_KERNEL_ROTARY_TURN_F32] = {"ql_rotary_turn_f32", "device/rotary.h", 1, 4, 0, 2, 0, 0, false,
                                   run_rotary_turn_f32},
    [QL_KERNEL_SWIGLU_F32] = {"ql_swiglu_f32", "device/attention.h", 1, 3, 0, 1, 0, 0, false, run_swiglu_f32},
    [QL_KERNEL_RING_ATTENTION_F32] = {"ql_ring_attention_f32", "device/attention.h", 4, 8, 0, 4, 0, 1, false,
                                      run_ring_attention_f32},
    [QL_KERNEL_LSTM_F32] = {"ql_lstm_f32", "device/recurrent.h", 4, 10, 0, 3, 0, 0, false, run_lstm_f32},
    [QL_KERNEL_GRU_F32] = {"ql_gru_f32", "device/recurrent.h", 3, 9, 0, 3, 0, 0, false, run_gru_f32},
    [QL_KERNEL_RNN_F32] = {"ql_rnn_f32", "device/recurrent.h", 3, 8, 0, 3, 0, 0, false, run_rnn_f32},
    [QL_KERNEL_LSTM_GENERAL_F32] = {"ql_lstm_general_f32", "device/recurrent_general.h", 4, 12, 3, 7, 0, 7, true,
                                    run_lstm_general_f32},
    [QL_KERNEL_GRU_GENERAL_F32] = {"ql_gru_general_f32", "device/recurrent_general.h", 3, 11, 2, 7, 0, 5, true,
                                   run_gru_general_f32},
    [QL_KERNEL_RNN_GENERAL_F32] = {"ql_rnn_general_f32", "device/recurrent_general.h", 3, 9, 1, 6, 0, 3, true,
                                   run_rnn_general_f32},
};

#define ROW(name, file)                      \
    {                                        \
#name, (file), (ql_function *)(name) \
    }

static const struct ql_operation operations[] = {
    ROW(ql_add_f32, "device/arithmetic.h"),
    ROW(ql_sub_f32, "device/arithmetic.h"),
    ROW(ql_mul_f32, "device/arithmetic.h"),
    ROW(ql_div_f32, "device/arithmetic.h"),
    ROW(ql_min_f32, "device/arithmetic.h"),
    ROW(ql_max_f32, "device/arithmetic.h"),
    ROW(ql_neg_f32, "device/arithmetic.h"),
    ROW(ql_abs_f32, "device/arithmetic.h"),
    ROW(ql_round_f32, "device/arithmetic.h"),
    ROW(ql_round_f64, "device/arithmetic.h"),
    ROW(ql_relu_f32, "device/arithmetic.h"),
    ROW(ql_equal_f32, "device/arithmetic.h"),
    ROW(ql_less_f32, "device/arithmetic.h"),
    ROW(ql_less_equal_f32, "device/arithmetic.h"),
    ROW(ql_add_f64, "device/arithmetic.h"),
    ROW(ql_sub_f64, "device/arithmetic.h"),
    ROW(ql_mul_f64, "device/arithmetic.h"),
    ROW(ql_div_f64, "device/arithmetic.h"),
    ROW(ql_min_f64, "device/arithmetic.h"),
    ROW(ql_max_f64, "device/arithmetic.h"),
    ROW(ql_neg_f64, "device/arithmetic.h"),
    ROW(ql_abs_f64, "device/arithmetic.h"),
    ROW(ql_relu_f64, "device/arithmetic.h"),
    ROW(ql_equal_f64, "device/arithmetic.h"),
    ROW(ql_less_f64, "device/arithmetic.h"),
    ROW(ql_less_equal_f64, "device/arithmetic.h"),
    ROW(ql_add_s64, "device/arithmetic.h"),
    ROW(ql_sub_s64, "device/arithmetic.h"),
    ROW(ql_mul_s64, "device/arithmetic.h"),
    ROW(ql_div_s64, "device/arithmetic.h"),
    ROW(ql_mod_s64, "device/arithmetic.h"),
    ROW(ql_remainder_s64, "device/arithmetic.h"),
    ROW(ql_mod_u64, "device/arithmetic.h"),
    ROW(ql_min_s64, "device/arithmetic.h"),
    ROW(ql_max_s64, "device/arithmetic.h"),
    ROW(ql_neg_s64, "device/arithmetic.h"),
    ROW(ql_abs_s64, "device/arithmetic.h"),
    ROW(ql_relu_s64, "device/arithmetic.h"),
    ROW(ql_pow_s64, "device/arithmetic.h"),
    ROW(ql_equal_s64, "device/arithmetic.h"),
    ROW(ql_less_s64, "device/arithmetic.h"),
    ROW(ql_less_equal_s64, "device/arithmetic.h"),
    ROW(ql_div_u64, "device/arithmetic.h"),
    ROW(ql_min_u64, "device/arithmetic.h"),
    ROW(ql_max_u64, "device/arithmetic.h"),
    ROW(ql_abs_u64, "device/arithmetic.h"),
    ROW(ql_less_u64, "device/arithmetic.h"),
    ROW(ql_less_equal_u64, "device/arithmetic.h"),
    ROW(ql_and_bool, "device/arithmetic.h"),
    ROW(ql_or_bool, "device/arithmetic.h"),
    ROW(ql_equal_bool, "device/arithmetic.h"),
    ROW(ql_not_bool, "device/arithmetic.h"),
    ROW(ql_sigmoid_f32, "device/activation.h"),
    ROW(ql_tanh_f32, "device/activation.h"),
    ROW(ql_exponential_f32, "device/elementary.h"),
    ROW(ql_log_f32, "device/elementary.h"),
    ROW(ql_sqrt_f32, "device/elementary.h"),
    ROW(ql_pow_f32, "device/elementary.h"),
    ROW(ql_erf_f32, "device/elementary.h"),
    ROW(ql_gelu_f32, "device/elementary.h"),
    ROW(ql_gelu_tanh_f32, "device/elementary.h"),
    ROW(ql_exponential_f64, "device/elementary.h"),
    ROW(ql_log_f64, "device/elementary.h"),
    ROW(ql_sqrt_f64, "device/elementary.h"),
    ROW(ql_pow_f64, "device/elementary.h"),
    ROW(ql_erf_f64, "device/elementary.h"),
    ROW(ql_cosine_f32, "device/trigonometry.h"),
    ROW(ql_sine_f32, "device/trigonometry.h"),
    ROW(ql_recurrent_relu_f32, "device/recurrent_activation.h"),
    ROW(ql_recurrent_tanh_f32, "device/recurrent_activation.h"),
    ROW(ql_recurrent_sigmoid_f32, "device/recurrent_activation.h"),
    ROW(ql_recurrent_affine_f32, "device/recurrent_activation.h"),
    ROW(ql_recurrent_leaky_relu_f32, "device/recurrent_activation.h"),
    ROW(ql_recurrent_thresholded_relu_f32, "device/recurrent_activation.h"),
    ROW(ql_recurrent_scaled_tanh_f32, "device/recurrent_activation.h"),
    ROW(ql_recurrent_hard_sigmoid_f32, "device/recurrent_activation.h"),
    ROW(ql_recurrent_elu_f32, "device/recurrent_activation.h"),
    ROW(ql_recurrent_softsign_f32, "device/recurrent_activation.h"),
    ROW(ql_recurrent_softplus_f32, "device/recurrent_activation.h"),
};

const struct ql_operation *ql_operation_find(const char *name)
{
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (strcmp(operations[i].name, name) == 0) {
            return &operations[i];
        }
    }
    return NULL;
}

int ql_kernel_count(int rank, const int *dims)
{
    int count = 1;

    for (int axis = 0; axis < rank; axis++) {
        count *= dims[axis];
    }
    return count;
}

ptrdiff_t ql_kernel_offset(int index, int rank, const int *dims, const int *strides)
{
    ptrdiff_t offset = 0;

    for (int axis = rank - 1; axis >= 0; axis--) {
        offset += (ptrdiff_t)(index % dims[axis]) * strides[axis];
        index /= dims[axis];
    }
    return offset;
}
