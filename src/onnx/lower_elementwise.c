// Lowers the operators that work element by element, with broadcasting where they have several operands.
// Uses: onnx/{lower,lower_compose,onnx_types}.
#include <math.h>
#include <string.h>

#include "onnx/lower_compose.h"
#include "onnx/lower_operators.h"
#include "onnx/onnx_types.h"

// The shape to which all inputs broadcast.
static bool broadcast_inputs(struct ql_lower *lower, int *rank, int *dims)
{
    *rank = 0;
    for (int k = 0; k < lower->input_count; k++) {
        if (!ql_lower_broadcast(lower, lower->inputs[k], rank, dims)) {
            return false;
        }
    }
    return true;
}

static void lower_unary(struct ql_lower *lower, const char *stem)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value *v = ql_lower_value(lower, x);
    ql_lower_unary(lower, ql_lower_output(lower, 0, v->type, v->rank, v->dims), x, stem);
}

void ql_lower_op_unary(struct ql_lower *lower)
{
    lower_unary(lower, lower->row->stem);
}

void ql_lower_op_gelu(struct ql_lower *lower)
{
    const char *approximate = ql_lower_string(lower, "approximate", "none");

    if (strcmp(approximate, "none") == 0) {
        lower_unary(lower, "gelu");
    } else if (strcmp(approximate, "tanh") == 0) {
        lower_unary(lower, "gelu_tanh");
    } else {
        ql_lower_fail(lower, "the attribute 'approximate' is '%s'; it must be none or tanh", approximate);
    }
}

void ql_lower_op_binary(struct ql_lower *lower)
{
    const int a = ql_lower_input(lower, 0);
    int rank;
    int dims[QL_RANK_LIMIT];

    if (broadcast_inputs(lower, &rank, dims)) {
        int y = ql_lower_output(lower, 0, ql_lower_value(lower, a)->type, rank, dims);
        ql_lower_binary(lower, y, a, ql_lower_input(lower, 1), lower->row->stem);
    }
}

// With fmod, the remainder has the sign of the dividend; for unsigned numbers there is only one remainder.
void ql_lower_op_mod(struct ql_lower *lower)
{
    const int a = ql_lower_input(lower, 0);
    const enum ql_element type = ql_lower_value(lower, a)->type;
    const bool of_dividend = ql_lower_int(lower, "fmod", 0) != 0 && type != QL_ELEMENT_U64;
    int rank;
    int dims[QL_RANK_LIMIT];

    if (type != QL_ELEMENT_S64 && type != QL_ELEMENT_U64) {
        ql_lower_fail(lower, "the remainder of type %s is not supported; only that of whole numbers is",
                      ql_element_write(type));
    } else if (broadcast_inputs(lower, &rank, dims)) {
        int y = ql_lower_output(lower, 0, type, rank, dims);
        ql_lower_binary(lower, y, a, ql_lower_input(lower, 1), of_dividend ? "remainder" : "mod");
    }
}

// Greater is Less with its operands swapped, as its row says.
void ql_lower_op_compare(struct ql_lower *lower)
{
    const int first = lower->row->exchanged ? 1 : 0;
    int rank;
    int dims[QL_RANK_LIMIT];

    if (broadcast_inputs(lower, &rank, dims)) {
        int y = ql_lower_output(lower, 0, QL_ELEMENT_BOOL, rank, dims);
        ql_lower_binary(lower, y, ql_lower_input(lower, first), ql_lower_input(lower, 1 - first), lower->row->stem);
    }
}

// Min, Max and Sum: pair by pair from the left.
void ql_lower_op_variadic(struct ql_lower *lower)
{
    int result = ql_lower_input(lower, 0);
    const enum ql_element type = ql_lower_value(lower, result)->type;
    int rank;
    int dims[QL_RANK_LIMIT];

    if (!broadcast_inputs(lower, &rank, dims)) {
        return;
    }
    if (lower->input_count == 1) {
        ql_lower_alias(lower, 0, result, rank, dims, 0);
        return;
    }
    for (int k = 1; k < lower->input_count; k++) {
        int y = k == lower->input_count - 1 ? ql_lower_output(lower, 0, type, rank, dims)
                                            : ql_lower_temporary(lower, type, rank, dims);
        ql_lower_binary(lower, y, result, lower->inputs[k], lower->row->stem);
        result = y;
    }
}

// Integer powers of integers stay integers. Otherwise the power is computed in the wider floating-point type of the
// two and cast to the type of the base, which is the result's.
void ql_lower_op_pow(struct ql_lower *lower)
{
    int a = ql_lower_input(lower, 0);
    int b = ql_lower_input(lower, 1);
    const enum ql_element base = ql_lower_value(lower, a)->type;
    const enum ql_element exponent = ql_lower_value(lower, b)->type;
    const int whole = (base == QL_ELEMENT_S64 || base == QL_ELEMENT_U64) &&
                      (exponent == QL_ELEMENT_S64 || exponent == QL_ELEMENT_U64);
    const enum ql_element type = whole                                                  ? QL_ELEMENT_S64
                                 : base == QL_ELEMENT_F32 && exponent == QL_ELEMENT_F32 ? QL_ELEMENT_F32
                                                                                        : QL_ELEMENT_F64;
    int rank;
    int dims[QL_RANK_LIMIT];

    if (!broadcast_inputs(lower, &rank, dims)) {
        return;
    }
    if (base == QL_ELEMENT_BOOL || exponent == QL_ELEMENT_BOOL) {
        ql_lower_fail(lower, "the type bool is not supported here");
        return;
    }
    int y = ql_lower_output(lower, 0, base, rank, dims);
    int power = base == type ? y : ql_lower_temporary(lower, type, rank, dims);
    ql_lower_binary(lower, power, ql_lower_cast(lower, a, type), ql_lower_cast(lower, b, type), "pow");
    if (power != y) {
        ql_lower_cast_to(lower, y, power);
    }
}

void ql_lower_op_where(struct ql_lower *lower)
{
    struct ql_kernel_call call = {.kernel = &ql_kernels[QL_KERNEL_WHERE]};
    int strides[3][QL_KERNEL_RANK_LIMIT];
    int rank;
    int dims[QL_RANK_LIMIT];

    const enum ql_element type = ql_lower_value(lower, ql_lower_input(lower, 1))->type;
    if (!broadcast_inputs(lower, &rank, dims) || !ql_lower_require(lower, ql_lower_input(lower, 0), QL_ELEMENT_BOOL) ||
        !ql_lower_require(lower, ql_lower_input(lower, 2), type)) {
        return;
    }
    call.buffers[0] = ql_lower_output(lower, 0, type, rank, dims);
    for (int k = 0; k < 3; k++) {
        call.buffers[1 + k] = ql_lower_input(lower, k);
        ql_lower_broadcast_strides(lower, ql_lower_input(lower, k), rank, dims, strides[k]);
    }
    call.ints[0] = (int)ql_element_bytes(type);
    call.ints[1] = ql_lower_set_arrays(&call, rank, dims, 3, (const int(*)[QL_KERNEL_RANK_LIMIT])strides);
    ql_lower_call(lower, &call);
}

void ql_lower_op_cast(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const struct ql_program_value *v = ql_lower_value(lower, x);
    const int64_t number = ql_lower_int(lower, "to", 0);
    const enum ql_element type = ql_onnx_type_decode(number);

    if (type == QL_ELEMENT_NONE) {
        ql_lower_fail(lower, "the attribute 'to' is %lld, an element type that is not supported", (long long)number);
    } else if (type == v->type) {
        ql_lower_alias(lower, 0, x, v->rank, v->dims, 0);
    } else {
        ql_lower_cast_to(lower, ql_lower_output(lower, 0, type, v->rank, v->dims), x);
    }
}

// What is not equal to itself.
void ql_lower_op_is_nan(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    if (ql_lower_is_floating(lower, x)) {
        ql_lower_give(lower, ql_lower_apply(lower, ql_lower_combine(lower, x, x, "equal"), "not"));
    }
}

// Both infinities, or one of them, or none.
void ql_lower_op_is_infinite(struct ql_lower *lower)
{
    const int x = ql_lower_input(lower, 0);
    const float highest = ql_lower_int(lower, "detect_positive", 1) != 0 ? INFINITY : NAN;
    const float lowest = ql_lower_int(lower, "detect_negative", 1) != 0 ? -INFINITY : NAN;

    if (ql_lower_is_floating(lower, x)) {
        const int above = ql_lower_combine(lower, x, ql_lower_number(lower, highest), "equal");
        const int below = ql_lower_combine(lower, x, ql_lower_number(lower, lowest), "equal");
        ql_lower_give(lower, ql_lower_combine(lower, above, below, "or"));
    }
}

void ql_lower_op_xor(struct ql_lower *lower)
{
    const int equal = ql_lower_combine(lower, ql_lower_input(lower, 0), ql_lower_input(lower, 1), "equal");
    ql_lower_give(lower, ql_lower_apply(lower, equal, "not"));
}
