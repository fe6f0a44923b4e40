// Lowers Conv over one or two dimensions, with all of its attributes.
// Uses: onnx/lower.
#include <string.h>

#include "onnx/lower_operators.h"

enum { AXES = 2 };

// A convolution, read and checked. A signal of one dimension is an image one row high.
struct convolution {
    int axes; // of the node: 1 or 2; they are at the end of the lists below
    int in[AXES], out[AXES], kernel[AXES], stride[AXES], dilation[AXES], before[AXES], after[AXES];
};

// Reads a list with one number for each axis into the last places of `to`, which holds the defaults.
static void read_list(struct ql_lower *lower, int *to, const char *name, int axes, int64_t least)
{
    int64_t numbers[AXES] = {0};
    const int count = ql_lower_int_list(lower, name, numbers, AXES);

    if (lower->status == QL_OK && count >= 0 && count != axes) {
        ql_lower_fail(lower, "the attribute '%s' must have %d numbers", name, axes);
    }
    for (int k = 0; k < axes && count == axes; k++) {
        if (numbers[k] < least || numbers[k] > QL_VALUE_ELEMENT_LIMIT / 64) {
            ql_lower_fail(lower, "the attribute '%s' has the number %lld", name, (long long)numbers[k]);
            return;
        }
        to[AXES - axes + k] = (int)numbers[k];
    }
}

static void read_pads(struct ql_lower *lower, struct convolution *conv)
{
    int64_t numbers[2 * AXES] = {0};
    const int axes = conv->axes;
    const int count = ql_lower_int_list(lower, "pads", numbers, 2 * AXES);

    if (lower->status == QL_OK && count >= 0 && count != 2 * axes) {
        ql_lower_fail(lower, "the attribute 'pads' must have %d numbers", 2 * axes);
    }
    for (int k = 0; k < 2 * axes && count == 2 * axes; k++) {
        if (numbers[k] < 0 || numbers[k] > QL_VALUE_ELEMENT_LIMIT / 64) {
            ql_lower_fail(lower, "the attribute 'pads' has the number %lld", (long long)numbers[k]);
            return;
        }
        *(k < axes ? &conv->before[AXES - axes + k] : &conv->after[AXES - 2 * axes + k]) = (int)numbers[k];
    }
}

// SAME_UPPER and SAME_LOWER pad so that the output has a size of in / stride, rounded up.
static void pad_automatically(struct ql_lower *lower, struct convolution *conv, const char *mode)
{
    const bool upper = strcmp(mode, "SAME_UPPER") == 0;

    if (strcmp(mode, "VALID") == 0) {
        memset(conv->before, 0, sizeof conv->before);
        memset(conv->after, 0, sizeof conv->after);
        return;
    }
    if (!upper && strcmp(mode, "SAME_LOWER") != 0) {
        ql_lower_fail(lower, "the attribute 'auto_pad' is '%s', which ONNX does not define", mode);
        return;
    }
    for (int k = AXES - conv->axes; k < AXES; k++) {
        const int64_t out = ((int64_t)conv->in[k] + conv->stride[k] - 1) / conv->stride[k];
        const int64_t reach = (int64_t)(conv->kernel[k] - 1) * conv->dilation[k] + 1;
        const int64_t all = (out - 1) * conv->stride[k] + reach - conv->in[k];
        if (all > QL_VALUE_ELEMENT_LIMIT) {
            ql_lower_fail(lower, "the weights reach over %lld elements", (long long)reach);
            return;
        }
        const int pads = all > 0 ? (int)all : 0;
        conv->before[k] = upper ? pads / 2 : pads - pads / 2;
        conv->after[k] = pads - conv->before[k];
    }
}

static void read_convolution(struct ql_lower *lower, struct convolution *conv, const struct ql_program_value *x,
                             const struct ql_program_value *w)
{
    const char *mode = ql_lower_string(lower, "auto_pad", "NOTSET");

    *conv = (struct convolution){
        .axes = x->rank - 2, .in = {1, 1}, .out = {1, 1}, .kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}};
    for (int k = AXES - conv->axes; k < AXES; k++) {
        conv->in[k] = x->dims[2 + k - (AXES - conv->axes)];
        conv->kernel[k] = w->dims[2 + k - (AXES - conv->axes)];
    }
    int kernel[AXES] = {conv->kernel[0], conv->kernel[1]};
    read_list(lower, kernel, "kernel_shape", conv->axes, 1);
    read_list(lower, conv->stride, "strides", conv->axes, 1);
    read_list(lower, conv->dilation, "dilations", conv->axes, 1);
    read_pads(lower, conv);
    if (lower->status == QL_OK && memcmp(kernel, conv->kernel, sizeof kernel) != 0) {
        ql_lower_fail(lower, "the attribute 'kernel_shape' is not that of the weights");
    }
    if (lower->status == QL_OK && strcmp(mode, "NOTSET") != 0) {
        pad_automatically(lower, conv, mode);
    }
    for (int k = AXES - conv->axes; k < AXES && lower->status == QL_OK; k++) {
        const int64_t reach = (int64_t)(conv->kernel[k] - 1) * conv->dilation[k] + 1;
        const int64_t room = (int64_t)conv->in[k] + conv->before[k] + conv->after[k] - reach;
        if (room < 0 || conv->kernel[k] < 1) {
            ql_lower_fail(lower, "the weights reach over %lld elements, and the input with its padding has fewer",
                          (long long)reach);
            return;
        }
        conv->out[k] = (int)(room / conv->stride[k]) + 1;
    }
}

void ql_lower_op_conv(struct ql_lower *lower)
{
    const int bias = ql_lower_input(lower, 2);
    const struct ql_program_value x = *ql_lower_value(lower, ql_lower_input(lower, 0));
    const struct ql_program_value w = *ql_lower_value(lower, ql_lower_input(lower, 1));
    const int64_t G = ql_lower_int(lower, "group", 1);
    struct convolution conv;
    int dims[QL_RANK_LIMIT] = {x.dims[0], w.dims[0]};

    for (int k = 0; k < lower->input_count; k++) {
        if (lower->inputs[k] >= 0 && !ql_lower_require(lower, lower->inputs[k], QL_ELEMENT_F32)) {
            return;
        }
    }
    if (x.rank != w.rank || x.rank < 3 || x.rank > 2 + AXES) {
        ql_lower_fail(lower, "the input has %d dimensions; batch, channels, and one or two more are supported", x.rank);
        return;
    }
    if (G < 1 || G > x.dims[1] || x.dims[1] != G * w.dims[1] || w.dims[0] % G != 0 || w.dims[0] < 1 || x.dims[1] < 1 ||
        (bias >= 0 && ql_lower_value(lower, bias)->count != w.dims[0])) {
        ql_lower_fail(lower, "the shapes of input, weights and bias do not fit each other, or 'group'");
        return;
    }
    read_convolution(lower, &conv, &x, &w);
    if (lower->status != QL_OK) {
        return;
    }
    for (int k = 0; k < conv.axes; k++) {
        dims[2 + k] = conv.out[AXES - conv.axes + k];
    }
    const int y = ql_lower_output(lower, 0, QL_ELEMENT_F32, x.rank, dims);
    if (lower->status != QL_OK) {
        return;
    }
    struct ql_kernel_call call = {
        .kernel = &ql_kernels[QL_KERNEL_CONV_F32],
        .buffers = {y, ql_lower_input(lower, 0), ql_lower_input(lower, 1), bias},
        .ints = {x.dims[0], (int)G, w.dims[1], w.dims[0] / (int)G},
        .array_lengths = {3 * AXES, 3 * AXES},
        .macs = (int64_t)ql_lower_value(lower, y)->count * w.dims[1] * conv.kernel[0] * conv.kernel[1],
    };
    for (int k = 0; k < AXES; k++) {
        const int sizes[] = {conv.in[k], conv.out[k], conv.kernel[k]};
        const int steps[] = {conv.stride[k], conv.dilation[k], conv.before[k]};
        for (int part = 0; part < 3; part++) {
            call.arrays[0][AXES * part + k] = sizes[part];
            call.arrays[1][AXES * part + k] = steps[part];
        }
    }
    ql_lower_call(lower, &call);
}
