// The table of integer kernels: see integer_kernel.h. One function per kernel runs it, with the arguments in the order
// of its parameters.
// Uses: device, onnx, quantize/integer_product.
#include "quantize/integer_kernel.h"

#include "device/attention_s8.h"
#include "device/decoder_s8.h"
#include "device/gru_s8.h"
#include "device/integer_row.h"
#include "device/lstm_s8.h"
#include "device/rms_norm_s8.h"
#include "device/rnn_s8.h"
#include "device/rotary_s16.h"

const struct ql_structure ql_integer_row_structure = {"struct ql_integer_row"};
const struct ql_structure ql_integer_scale_structure = {"struct ql_integer_scale"};
const struct ql_structure ql_matrix_s8_structure = {"struct ql_matrix_s8"};
const struct ql_structure ql_matrix_s4_structure = {"struct ql_matrix_s4"};

static struct ql_integer_scale scale_of(const void *buffer)
{
    return *(const struct ql_integer_scale *)buffer;
}

static bool run_row_begin(const struct ql_kernel_arguments *arguments)
{
    void *const *b = arguments->buffers;
    ql_integer_row_begin(b[0], b[1], b[2], b[3], arguments->ints[0]);
    return true;
}

static bool run_row_copy(const struct ql_kernel_arguments *arguments)
{
    void *const *b = arguments->buffers;
    ql_integer_row_copy(b[0], b[1], b[2], arguments->ints[0]);
    return true;
}

static bool run_row_clear(const struct ql_kernel_arguments *arguments)
{
    ql_integer_row_clear(arguments->buffers[0], arguments->ints[0]);
    return true;
}

static bool run_matvec(const struct ql_kernel_arguments *arguments)
{
    void *const *b = arguments->buffers;
    const struct ql_integer_factor *w = b[1];
    w->product->multiply(b[0], w->packed, b[2]);
    return true;
}

static bool run_lstm(const struct ql_kernel_arguments *arguments)
{
    void *const *b = arguments->buffers;
    ql_lstm_update_s8(b[0], b[1], b[2], b[3], scale_of(b[4]), arguments->ints[0], arguments->ints[1]);
    return true;
}

static bool run_gru(const struct ql_kernel_arguments *arguments)
{
    void *const *b = arguments->buffers;
    ql_gru_update_s8(b[0], b[1], b[2], b[3], scale_of(b[4]), arguments->ints[0]);
    return true;
}

static bool run_rnn(const struct ql_kernel_arguments *arguments)
{
    void *const *b = arguments->buffers;
    ql_rnn_update_s8(b[0], b[1], b[2], scale_of(b[3]), arguments->ints[0]);
    return true;
}

static bool run_row_values(const struct ql_kernel_arguments *arguments)
{
    void *const *b = arguments->buffers;
    ql_integer_row_values(b[0], b[1], b[2], scale_of(b[3]), arguments->ints[0]);
    return true;
}

static bool run_embed(const struct ql_kernel_arguments *arguments)
{
    void *const *b = arguments->buffers;
    ql_embed_s32(b[0], b[1], b[2], b[3], scale_of(b[4]), arguments->ints[0]);
    return true;
}

static bool run_rms_norm(const struct ql_kernel_arguments *arguments)
{
    const int *ints = arguments->ints;
    ql_rms_norm_s8(arguments->buffers[0], arguments->buffers[1], ints[0], ints[1], ints[2], ints[3]);
    return true;
}

static bool run_rotary_angles(const struct ql_kernel_arguments *arguments)
{
    void *const *b = arguments->buffers;
    ql_rotary_angles_s16(b[0], b[1], b[2], b[3], arguments->ints[0]);
    return true;
}

static bool run_rotary_turn(const struct ql_kernel_arguments *arguments)
{
    void *const *b = arguments->buffers;
    ql_rotary_turn_s16(b[0], b[1], b[2], arguments->ints[0], arguments->ints[1]);
    return true;
}

static bool run_cache_write(const struct ql_kernel_arguments *arguments)
{
    void *const *b = arguments->buffers;
    ql_cache_write_s8(b[0], b[1], b[2], arguments->ints[0]);
    return true;
}

static bool run_attention(const struct ql_kernel_arguments *arguments)
{
    void *const *b = arguments->buffers;
    const int *ints = arguments->ints;
    ql_attention_s8(b[0], b[1], b[2], b[3], b[4], b[5], ints[0], ints[1], ints[2], ints[3], ints[4], ints[5]);
    return true;
}

static bool run_cache_advance(const struct ql_kernel_arguments *arguments)
{
    ql_cache_advance(arguments->buffers[0], arguments->ints[0]);
    return true;
}

static bool run_residual_add(const struct ql_kernel_arguments *arguments)
{
    void *const *b = arguments->buffers;
    ql_residual_add_s32(b[0], b[1], b[2], scale_of(b[3]), arguments->ints[0]);
    return true;
}

static bool run_swiglu(const struct ql_kernel_arguments *arguments)
{
    void *const *b = arguments->buffers;
    ql_swiglu_s8(b[0], b[1], b[2], scale_of(b[3]), arguments->ints[0], arguments->ints[1]);
    return true;
}

const struct ql_kernel ql_integer_kernels[QL_INTEGER_KERNEL_COUNT] = {
    // name, file, outputs, buffers, operations, ints, arrays, floats, fallible, run
    [QL_INTEGER_KERNEL_ROW_BEGIN] = {"ql_integer_row_begin", "device/integer_row.h", 1, 4, 0, 1, 0, 0, false,
                                     run_row_begin},
    [QL_INTEGER_KERNEL_ROW_CLEAR] = {"ql_integer_row_clear", "device/integer_row.h", 1, 1, 0, 1, 0, 0, false,
                                     run_row_clear},
    [QL_INTEGER_KERNEL_MATVEC_S8] = {"ql_matvec_s8", "device/matvec_s8.h", 1, 3, 0, 0, 0, 0, false, run_matvec},
    [QL_INTEGER_KERNEL_MATVEC_S4] = {"ql_matvec_s4", "device/matvec_s4.h", 1, 3, 0, 0, 0, 0, false, run_matvec},
    [QL_INTEGER_KERNEL_LSTM] = {"ql_lstm_update_s8", "device/lstm_s8.h", 3, 5, 0, 2, 0, 0, false, run_lstm},
    [QL_INTEGER_KERNEL_GRU] = {"ql_gru_update_s8", "device/gru_s8.h", 3, 5, 0, 1, 0, 0, false, run_gru},
    [QL_INTEGER_KERNEL_RNN] = {"ql_rnn_update_s8", "device/rnn_s8.h", 2, 4, 0, 1, 0, 0, false, run_rnn},
    [QL_INTEGER_KERNEL_ROW_VALUES] = {"ql_integer_row_values", "device/integer_row.h", 1, 4, 0, 1, 0, 0, false,
                                      run_row_values},
    [QL_INTEGER_KERNEL_ROW_COPY] = {"ql_integer_row_copy", "device/integer_row.h", 1, 3, 0, 1, 0, 0, false,
                                    run_row_copy},
    [QL_INTEGER_KERNEL_EMBED] = {"ql_embed_s32", "device/decoder_s8.h", 1, 5, 0, 1, 0, 0, false, run_embed},
    [QL_INTEGER_KERNEL_RMS_NORM] = {"ql_rms_norm_s8", "device/rms_norm_s8.h", 1, 2, 0, 4, 0, 0, false, run_rms_norm},
    [QL_INTEGER_KERNEL_ROTARY_ANGLES] = {"ql_rotary_angles_s16", "device/rotary_s16.h", 2, 4, 0, 1, 0, 0, false,
                                         run_rotary_angles},
    [QL_INTEGER_KERNEL_ROTARY_TURN] = {"ql_rotary_turn_s16", "device/rotary_s16.h", 1, 3, 0, 2, 0, 0, false,
                                       run_rotary_turn},
    [QL_INTEGER_KERNEL_CACHE_WRITE] = {"ql_cache_write_s8", "device/attention_s8.h", 1, 3, 0, 1, 0, 0, false,
                                       run_cache_write},
    [QL_INTEGER_KERNEL_ATTENTION] = {"ql_attention_s8", "device/attention_s8.h", 2, 6, 0, 6, 0, 0, false,
                                     run_attention},
    [QL_INTEGER_KERNEL_CACHE_ADVANCE] = {"ql_cache_advance", "device/attention_s8.h", 1, 1, 0, 1, 0, 0, false,
                                         run_cache_advance},
    [QL_INTEGER_KERNEL_RESIDUAL_ADD] = {"ql_residual_add_s32", "device/decoder_s8.h", 1, 4, 0, 1, 0, 0, false,
                                        run_residual_add},
    [QL_INTEGER_KERNEL_SWIGLU] = {"ql_swiglu_s8", "device/decoder_s8.h", 1, 4, 0, 2, 0, 0, false, run_swiglu},
};

const struct ql_integer_matrix *ql_integer_kernel_matrix(const struct ql_program_value *value)
{
    if (value->structure != &ql_matrix_s8_structure && value->structure != &ql_matrix_s4_structure) {
        return NULL;
    }
    return ((const struct ql_integer_factor *)value->data)->matrix;
}
