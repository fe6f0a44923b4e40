// Lowers the operators that convert from and to quantized integers, which are computed in float.
// Uses: onnx/{lower,lower_compose}.
#include "onnx/lower_compose.h"
#include "onnx/lower_operators.h"
#include "onnx/onnx_types.h"

// A scale or zero point of blocks, in the shape of x: each number is repeated `block` times along the axis.
static int repeat_blocks(struct ql_lower *lower, int value, const struct ql_program_value *v, int axis, int64_t block)
{
    enum { AXIS_LIMIT = 4096 };
    const struct ql_program_value part = *ql_lower_value(lower, value);
    const int count = v->dims[axis];
    int64_t numbers[AXIS_LIMIT];
    bool fits = part.rank == v->rank && block > 0 && count <= AXIS_LIMIT;

    for (int k = 0; k < v->rank && fits; k++) {
        fits = part.dims[k] == (k == axis ? (int)(count / block + (count % block != 0)) : v->dims[k]);
    }
    if (!fits) {
        ql_lower_fail(lower, "'%s' must have one number for each block of %lld along axis %d, which has at most %d",
                      part.name, (long long)block, axis, (int)AXIS_LIMIT);
        return value;
    }
    for (int k = 0; k < count; k++) {
        numbers[k] = k / block;
    }
    const int list = ql_lower_constant(lower, QL_ELEMENT_S64, 1, &count, numbers);
    const int y = ql_lower_temporary(lower, part.type, v->rank, v->dims);
    ql_lower_call(lower, &(struct ql_kernel_call){.kernel = &ql_kernels[QL_KERNEL_GATHER],
                                                  .buffers = {y, value, list},
                                                  .ints = {(int)ql_element_bytes(part.type),
                                                           ql_lower_product(v->dims, 0, axis), part.dims[axis],
                                                           ql_lower_product(v->dims, axis + 1, v->rank), count}});
    return y;
}

// What DequantizeLinear and QuantizeLinear share: the scale or zero point, broadcast to x: one number, one per index
// along an axis, or one per block along it.
static int quantization_part(struct ql_lower *lower, int value, const struct ql_program_value *v)
{
    const struct ql_program_value *part = ql_lower_value(lower, value);
    const int64_t block = ql_lower_int(lower, "block_size", 0);

    if (block != 0) {
        const int blocked = ql_lower_axis(lower, ql_lower_int(lower, "axis", 1), v->rank);
        return lower->status == QL_OK ? repeat_blocks(lower, value, v, blocked, block) : value;
    }
    if (part->count == 1 && part->rank <= 1) {
        return ql_lower_view(lower, value, 0, NULL, 0);
    }
    const int axis = ql_lower_axis(lower, ql_lower_int(lower, "axis", 1), v->rank);
    if (lower->status == QL_OK && (part->rank != 1 || part->count != v->dims[axis])) {
        ql_lower_fail(lower, "'%s' must be one number, or one for each of %d along axis %d", part->name, v->dims[axis],
                      axis);
    }
    return lower->status == QL_OK ? ql_lower_along_axis(lower, value, axis, v->rank) : value;
}

void ql_lower_op_dequantize_linear(struct ql_lower *lower)
{
    const struct ql_program_value v = *ql_lower_value(lower, ql_lower_input(lower, 0));
    const int zero = ql_lower_input(lower, 2);

    if (!ql_lower_require(lower, ql_lower_input(lower, 1), QL_ELEMENT_F32)) {
        return;
    }
    const int64_t named = ql_lower_int(lower, "output_dtype", 0); // 0: the type of the scale
    if (named != 0 && ql_onnx_type_decode(named) != QL_ELEMENT_F32) {
        ql_lower_fail(lower, "the attribute 'output_dtype' must be float");
        return;
    }
    const int scale = quantization_part(lower, ql_lower_input(lower, 1), &v);
    int x = ql_lower_cast(lower, ql_lower_input(lower, 0), QL_ELEMENT_S64);
    if (zero >= 0 && lower->status == QL_OK) {
        x = ql_lower_combine(lower, x, ql_lower_cast(lower, quantization_part(lower, zero, &v), QL_ELEMENT_S64), "sub");
    }
    if (lower->status == QL_OK) {
        ql_lower_give(lower, ql_lower_combine(lower, ql_lower_cast(lower, x, QL_ELEMENT_F32), scale, "mul"));
    }
}

// Rounded with ties to even, shifted by the zero point, and saturated at the limits of its type.
void ql_lower_op_quantize_linear(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value v = *ql_lower_value(lower, x);
    const int zero = ql_lower_input(lower, 2);
    const int64_t named = ql_lower_int(lower, "output_dtype", 0);
    const enum ql_element type = zero >= 0    ? ql_lower_value(lower, zero)->type
                                 : named != 0 ? ql_onnx_type_decode(named)
                                              : QL_ELEMENT_U8;
    const bool is_narrow =
        type == QL_ELEMENT_U8 || type == QL_ELEMENT_S8 || type == QL_ELEMENT_U16 || type == QL_ELEMENT_S16;

    if (!ql_lower_require(lower, x, QL_ELEMENT_F32) ||
        !ql_lower_require(lower, ql_lower_input(lower, 1), QL_ELEMENT_F32)) {
        return;
    }
    if (!is_narrow || (named != 0 && ql_onnx_type_decode(named) != type) || ql_lower_int(lower, "precision", 0) > 1) {
        ql_lower_fail(lower, "only integers of 8 or 16 bits are supported, of the zero point's type, in float");
        return;
    }
    const int scale = quantization_part(lower, ql_lower_input(lower, 1), &v);
    int y = ql_lower_apply(lower, ql_lower_combine(lower, x, scale, "div"), "round");
    if (zero >= 0 && lower->status == QL_OK) {
        y = ql_lower_combine(lower, y, ql_lower_cast(lower, quantization_part(lower, zero, &v), QL_ELEMENT_F32), "add");
    }
    const bool is_signed = type == QL_ELEMENT_S8 || type == QL_ELEMENT_S16;
    const float span = ql_element_bytes(type) == 1 ? 256.0f : 65536.0f;
    const float least = is_signed ? -span / 2.0f : 0.0f;
    y = ql_lower_combine(lower, y, ql_lower_number(lower, least), "max");
    y = ql_lower_combine(lower, y, ql_lower_number(lower, least + span - 1.0f), "min");
    if (lower->status == QL_OK) {
        ql_lower_cast_to(lower, ql_lower_output(lower, 0, type, v.rank, v.dims), y);
    }
}
