// A kernel call that is a recurrent layer, plain or with options: see recurrent_call.h.
#include "onnx/recurrent_call.h"

#include <stddef.h>

static const struct ql_recurrent_call calls[] = {
    {QL_KERNEL_LSTM_F32, QL_CELL_LSTM, 4, 7, 8, 9, -1},
    {QL_KERNEL_GRU_F32, QL_CELL_GRU, 3, 5, 6, 7, 8},
    {QL_KERNEL_RNN_F32, QL_CELL_RNN, 3, 5, 6, 7, -1},
};

const struct ql_recurrent_call *ql_recurrent_call_find(const struct ql_kernel_call *call)
{
    for (size_t k = 0; k < sizeof calls / sizeof calls[0]; k++) {
        if (call->kernel == &ql_kernels[calls[k].kernel]) {
            return &calls[k];
        }
    }
    return NULL;
}

static const struct ql_recurrent_states states[] = {
    {QL_KERNEL_LSTM_F32, 2, 0, {5, 6}, {1, 2}},  {QL_KERNEL_GRU_F32, 1, 0, {4}, {1}},
    {QL_KERNEL_RNN_F32, 1, 0, {4}, {1}},         {QL_KERNEL_LSTM_GENERAL_F32, 2, 0, {5, 6}, {1, 2}},
    {QL_KERNEL_GRU_GENERAL_F32, 1, 0, {4}, {1}}, {QL_KERNEL_RNN_GENERAL_F32, 1, 0, {4}, {1}},
};

const struct ql_recurrent_states *ql_recurrent_states_find(const struct ql_kernel_call *call)
{
    for (size_t k = 0; k < sizeof states / sizeof states[0]; k++) {
        if (call->kernel == &ql_kernels[states[k].kernel]) {
            return &states[k];
        }
    }
    return NULL;
}

const float *ql_program_floats(const struct ql_program *program, int value)
{
    const struct ql_program_value *root = value < 0 ? NULL : ql_program_root(program, value);

    if (root == NULL || root->storage != QL_STORAGE_CONSTANT || root->type != QL_ELEMENT_F32) {
        return NULL;
    }
    return (const float *)root->data + program->values[value].offset / sizeof(float);
}
