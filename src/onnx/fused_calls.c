// One call for several: see fused_calls.h. A formula is checked element by element of its result, down to the elements of
// its operands (element_source.h). No element is written twice, so the one call may stand where the last of the calls
// stood that it replaces.
// Uses: base, device/rotary.h, onnx.
#include "onnx/fused_calls.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "device/rotary.h"
#include "onnx/element_source.h"
#include "onnx/position_line.h"

static const int64_t whole_turn = INT64_C(1) << 32, half_turn = INT64_C(1) << 31;

struct fuser {
    struct ql_program *program;
    struct ql_element_source source;
    int position; // the input that counts tokens, and so is not negative; -1: there is none
};

// --- Formulas ---

static bool is_operation(const struct ql_kernel_call *call, enum ql_kernel_id kernel, const char *operation)
{
    return ql_kernel_call_is(call, kernel) && strcmp(call->operations[0]->name, operation) == 0;
}

// True if `element` is `steps` elements after `first`.
static bool follows(const struct fuser *f, struct ql_element_place first, int steps, struct ql_element_place element)
{
    first.index += steps;
    return ql_element_is_same(&f->source, first, element);
}

// Finds the operands of an element that is computed in float by this operation with two operands.
static bool find_two(const struct fuser *f, struct ql_element_place element, const char *operation,
                     struct ql_element_place *operands)
{
    return ql_element_operands(&f->source, element, QL_KERNEL_BINARY_F32, operation, operands);
}

static bool find_one(const struct fuser *f, struct ql_element_place element, const char *operation,
                     struct ql_element_place *operand)
{
    return ql_element_operands(&f->source, element, QL_KERNEL_UNARY_F32, operation, operand);
}

// True for the product of a and b.
static bool is_product(const struct fuser *f, struct ql_element_place element, struct ql_element_place a,
                       struct ql_element_place b)
{
    struct ql_element_place factors[2];

    return find_two(f, element, "ql_mul_f32", factors) &&
           ((follows(f, a, 0, factors[0]) && follows(f, b, 0, factors[1])) ||
            (follows(f, b, 0, factors[0]) && follows(f, a, 0, factors[1])));
}

// True for a sum or product, in float, of a constant and something else, which is written to `*operand`.
static bool find_with_number(const struct fuser *f, struct ql_element_place element, const char *operation,
                             float *number, struct ql_element_place *operand)
{
    struct ql_element_place operands[2];

    if (!find_two(f, element, operation, operands)) {
        return false;
    }
    const int k = ql_element_float(&f->source, operands[0], number) ? 0 : 1;
    *operand = operands[1 - k];
    return ql_element_float(&f->source, operands[k], number);
}

// Likewise, in int64.
static bool find_with_int(const struct fuser *f, struct ql_element_place element, const char *operation,
                          int64_t *number, struct ql_element_place *operand)
{
    struct ql_element_place operands[2];

    if (!ql_element_operands(&f->source, element, QL_KERNEL_BINARY_S64, operation, operands)) {
        return false;
    }
    const int k = ql_element_int(&f->source, operands[0], number) ? 0 : 1;
    *operand = operands[1 - k];
    return ql_element_int(&f->source, operands[k], number);
}

// --- x / sqrt(mean of squares + epsilon) * scale ---

struct normed {
    struct ql_element_place x, scale, total; // `total` is the sum of squares
    float epsilon, size;
};

// Finds what result `number` of a product is computed from.
static bool find_normed(const struct fuser *f, struct normed *normed, const struct ql_kernel_call *call, int number)
{
    for (int k = 0; k < 2; k++) {
        struct ql_element_place quotient[2], shifted, mean, parts[2];
        if (find_two(f, ql_element_operand(&f->source, call, k, number), "ql_div_f32", quotient) &&
            find_one(f, quotient[1], "ql_sqrt_f32", &shifted) &&
            find_with_number(f, shifted, "ql_add_f32", &normed->epsilon, &mean) &&
            find_two(f, mean, "ql_div_f32", parts) && ql_element_float(&f->source, parts[1], &normed->size)) {
            normed->x = quotient[0];
            normed->scale = ql_element_operand(&f->source, call, 1 - k, number);
            normed->total = parts[0];
            return true;
        }
    }
    return false;
}

// True if the total adds up `size` squares, and the one with this number is that of x.
static bool adds_square(const struct fuser *f, const struct normed *normed, int size, int number)
{
    ptrdiff_t row;
    const struct ql_kernel_call *sum =
        ql_element_maker(&f->source, normed->total, QL_KERNEL_REDUCE_F32, "ql_add_f32", &row);

    if (sum == NULL || f->program->values[sum->buffers[1]].count != f->program->values[sum->buffers[0]].count * size) {
        return false;
    }
    const ptrdiff_t place = ql_kernel_offset((int)row, sum->ints[0], sum->arrays[0], sum->arrays[1]) +
                            ql_kernel_offset(number, sum->ints[1], sum->arrays[2], sum->arrays[3]);
    const struct ql_element_place square = {sum->buffers[1], place};
    return is_product(f, ql_element_trace(&f->source, square), normed->x, normed->x);
}

static void fuse_norm(const struct fuser *f, struct ql_kernel_call *call)
{
    const int count = f->program->values[call->buffers[0]].count;
    struct normed first, row = {0}, other;

    if (!find_normed(f, &first, call, 0) || first.x.index != 0 || first.scale.index != 0 ||
        !(first.size >= 1.0f && first.size <= (float)count)) {
        return;
    }
    const int size = (int)first.size;
    if ((float)size != first.size || count % size != 0) {
        return;
    }
    for (int i = 0; i < count; i++) {
        if (!find_normed(f, &other, call, i)) {
            return;
        }
        row = i % size == 0 ? other : row;
        if (!follows(f, first.x, i, other.x) || !follows(f, first.scale, i % size, other.scale) ||
            other.size != first.size || memcmp(&other.epsilon, &first.epsilon, sizeof first.epsilon) != 0 ||
            !follows(f, row.total, 0, other.total) || !adds_square(f, &other, size, i % size)) {
            return;
        }
    }
    *call = (struct ql_kernel_call){.kernel = &ql_kernels[QL_KERNEL_RMS_NORM_F32],
                                    .buffers = {call->buffers[0], first.x.value, first.scale.value},
                                    .ints = {count / size, size},
                                    .floats = {first.epsilon},
                                    .node = call->node};
}

// --- (gate sigmoid(gate)) up ---

static bool find_gated(const struct fuser *f, struct ql_element_place *gate, struct ql_element_place *up,
                       const struct ql_kernel_call *call, int number)
{
    for (int k = 0; k < 2; k++) {
        struct ql_element_place factors[2], argument;
        if (!find_two(f, ql_element_operand(&f->source, call, k, number), "ql_mul_f32", factors)) {
            continue;
        }
        for (int i = 0; i < 2; i++) {
            if (find_one(f, factors[i], "ql_sigmoid_f32", &argument) && follows(f, argument, 0, factors[1 - i])) {
                *gate = argument;
                *up = ql_element_operand(&f->source, call, 1 - k, number);
                return true;
            }
        }
    }
    return false;
}

static void fuse_gated(const struct fuser *f, struct ql_kernel_call *call)
{
    const int count = f->program->values[call->buffers[0]].count;
    struct ql_element_place gate, up, other_gate, other_up;

    if (!find_gated(f, &gate, &up, call, 0) || gate.index != 0 || up.index != 0) {
        return;
    }
    for (int i = 1; i < count; i++) {
        if (!find_gated(f, &other_gate, &other_up, call, i) || !follows(f, gate, i, other_gate) ||
            !follows(f, up, i, other_up)) {
            return;
        }
    }
    *call = (struct ql_kernel_call){.kernel = &ql_kernels[QL_KERNEL_SWIGLU_F32],
                                    .buffers = {call->buffers[0], gate.value, up.value},
                                    .ints = {count},
                                    .node = call->node};
}

// --- The rotation of heads, whose halves are concatenated by two copies ---

// The pair (a, b) and its cosine and sine.
struct turned {
    struct ql_element_place a, b, cosine, sine;
};

// True for first = a cosine - b sine and second = b cosine + a sine, where factor number `k` of the first's products is
// a or b.
static bool find_turned(const struct fuser *f, struct turned *turned, struct ql_element_place first,
                        struct ql_element_place second, int k)
{
    struct ql_element_place products[2], ac[2], bs[2];

    if (!find_two(f, first, "ql_sub_f32", products) || !find_two(f, products[0], "ql_mul_f32", ac) ||
        !find_two(f, products[1], "ql_mul_f32", bs) || !find_two(f, second, "ql_add_f32", products)) {
        return false;
    }
    *turned = (struct turned){.a = ac[k], .cosine = ac[1 - k], .b = bs[k], .sine = bs[1 - k]};
    for (int i = 0; i < 2; i++) {
        if (is_product(f, products[i], turned->b, turned->cosine) &&
            is_product(f, products[1 - i], turned->a, turned->sine)) {
            return true;
        }
    }
    return false;
}

// The source of element `number` of a copy, provided that it goes to this element of the copy's target.
static bool find_copied(const struct fuser *f, const struct ql_kernel_call *copy, int number,
                        struct ql_element_place target, struct ql_element_place *from)
{
    const int rank = copy->ints[1], *dims = copy->arrays[0];
    const struct ql_element_place to = {copy->buffers[0], ql_kernel_offset(number, rank, dims, copy->arrays[1])};

    *from = ql_element_trace(
        &f->source, (struct ql_element_place){copy->buffers[1], ql_kernel_offset(number, rank, dims, copy->arrays[2])});
    return follows(f, target, 0, to);
}

// True if copies[0] and copies[1] bring the turned halves of heads of 2 * pairs numbers into their places in `y`.
static bool find_heads(const struct fuser *f, struct turned *first, const struct ql_kernel_call *copies, int y,
                       int heads, int pairs, int k)
{
    struct turned other;
    struct ql_element_place halves[2];

    for (int i = 0; i < heads * pairs; i++) {
        const int pair = i % pairs, place = i / pairs * 2 * pairs + pair;
        if (!find_copied(f, &copies[0], i, (struct ql_element_place){y, place}, &halves[0]) ||
            !find_copied(f, &copies[1], i, (struct ql_element_place){y, place + pairs}, &halves[1]) ||
            !find_turned(f, &other, halves[0], halves[1], k)) {
            return false;
        }
        *first = i == 0 ? other : *first;
        if (!follows(f, first->a, place, other.a) || !follows(f, first->a, place + pairs, other.b) ||
            !follows(f, first->cosine, pair, other.cosine) || !follows(f, first->sine, pair, other.sine)) {
            return false;
        }
    }
    return first->a.index == 0 && first->cosine.index == 0 && first->sine.index == 0;
}

// For two copies in a row: nothing reads their target before both are done.
static void fuse_turn(const struct fuser *f, struct ql_kernel_call *copies)
{
    const struct ql_program_value *values = f->program->values;
    const struct ql_program_value *to[2] = {&values[copies[0].buffers[0]], &values[copies[1].buffers[0]]};
    const int y = to[0]->root, pairs = (int)(to[1]->offset / sizeof(float)), count = values[y].count;
    struct turned first;

    if (to[1]->root != y || values[y].type != QL_ELEMENT_F32 || to[0]->offset != 0 || pairs < 1 ||
        count % (2 * pairs) != 0 || ql_kernel_count(copies[0].ints[1], copies[0].arrays[0]) != count / 2 ||
        ql_kernel_count(copies[1].ints[1], copies[1].arrays[0]) != count / 2) {
        return;
    }
    const int heads = count / (2 * pairs);
    if (!find_heads(f, &first, copies, y, heads, pairs, 0) && !find_heads(f, &first, copies, y, heads, pairs, 1)) {
        return;
    }
    copies[1] = (struct ql_kernel_call){.kernel = &ql_kernels[QL_KERNEL_ROTARY_TURN_F32],
                                        .buffers = {y, first.a.value, first.cosine.value, first.sine.value},
                                        .ints = {heads, pairs},
                                        .node = copies[1].node};
    copies[0].kernel = NULL;
}

// --- Cosine and sine of the angles of a position ---

// True for x modulo a whole turn: x - x / turn * turn.
static bool find_wrapped(const struct fuser *f, struct ql_element_place element, struct ql_element_place *x)
{
    struct ql_element_place operands[2], turns, parts[2];
    int64_t factor, divisor;

    if (!ql_element_operands(&f->source, element, QL_KERNEL_BINARY_S64, "ql_sub_s64", operands) ||
        !find_with_int(f, operands[1], "ql_mul_s64", &factor, &turns) ||
        !ql_element_operands(&f->source, turns, QL_KERNEL_BINARY_S64, "ql_div_s64", parts) ||
        !ql_element_int(&f->source, parts[1], &divisor)) {
        return false;
    }
    *x = operands[0];
    return factor == whole_turn && divisor == whole_turn && follows(f, parts[0], 0, operands[0]);
}

// Finds the step of the angle, which is the position times the step, modulo a turn, from minus half a turn on.
// For positions that are not negative and steps below half a turn, no sum or product overflows, and the kernel has the
// same whole number before it converts it to float.
static bool find_step(const struct fuser *f, struct ql_element_place angle, int64_t *step)
{
    struct ql_element_place scaled, rest, operands[2], later, all, low, place;
    int64_t half, start = 0;
    float unit;

    return find_with_number(f, angle, "ql_mul_f32", &unit, &scaled) && unit == QL_ROTARY_UNIT &&
           ql_element_operands(&f->source, scaled, QL_KERNEL_CAST, NULL, &rest) &&
           ql_element_operands(&f->source, rest, QL_KERNEL_BINARY_S64, "ql_sub_s64", operands) &&
           ql_element_int(&f->source, operands[1], &half) && half == half_turn &&
           find_wrapped(f, operands[0], &later) && find_with_int(f, later, "ql_add_s64", &half, &all) &&
           half == half_turn && find_with_int(f, all, "ql_mul_s64", step, &low) && *step >= 0 && *step < half_turn &&
           find_wrapped(f, low, &place) && find_with_int(f, place, "ql_add_s64", &start, &place) && start == 0 &&
           follows(f, (struct ql_element_place){f->position, 0}, 0, place);
}

// The call that computes the cosines of what this call computes the sines of, or NULL.
static struct ql_kernel_call *find_cosines(const struct fuser *f, const struct ql_kernel_call *sines)
{
    for (int n = 0; n < f->program->call_count; n++) {
        struct ql_kernel_call *call = &f->program->calls[n];
        if (is_operation(call, QL_KERNEL_UNARY_F32, "ql_cosine_f32") && call->buffers[1] == sines->buffers[1]) {
            return call;
        }
    }
    return NULL;
}

// The call for both stands where the first of the two stood: either may be read before the other is computed.
static enum ql_status fuse_angles(struct fuser *f, struct ql_kernel_call *sines, struct ql_error *error)
{
    const int pairs = sines->ints[0];
    struct ql_kernel_call *cosines = NULL;
    void *data;
    int64_t step;

    for (int i = 0; i < pairs; i++) {
        if (f->position < 0 || !find_step(f, ql_element_operand(&f->source, sines, 0, i), &step)) {
            return QL_OK;
        }
    }
    if ((cosines = find_cosines(f, sines)) == NULL) {
        return QL_OK;
    }
    const int steps = ql_program_add_constant(f->program, QL_ELEMENT_U32, 1, &pairs, &data);
    if (steps < 0) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to compile the model");
    }
    for (int i = 0; i < pairs && find_step(f, ql_element_operand(&f->source, sines, 0, i), &step); i++) {
        ((uint32_t *)data)[i] = (uint32_t)step;
    }
    struct ql_kernel_call *first = cosines < sines ? cosines : sines, *last = cosines < sines ? sines : cosines;
    *first = (struct ql_kernel_call){.kernel = &ql_kernels[QL_KERNEL_ROTARY_ANGLES_F32],
                                     .buffers = {cosines->buffers[0], sines->buffers[0], f->position, steps},
                                     .ints = {pairs},
                                     .node = first->node};
    last->kernel = NULL;
    return QL_OK;
}

// --- The program ---

enum ql_status ql_fused_calls_init(struct ql_program *program, const struct ql_state_pair *states, int state_count,
                                   struct ql_error *error)
{
    struct fuser f = {.program = program};
    enum ql_status status = ql_element_source_init(&f.source, program, error);

    if (status == QL_OK) {
        status = ql_position_find(&f.position, program, states, state_count, error);
    }
    for (int n = 0; n < program->call_count && status == QL_OK; n++) {
        struct ql_kernel_call *call = &program->calls[n];
        if (is_operation(call, QL_KERNEL_BINARY_F32, "ql_mul_f32")) {
            fuse_norm(&f, call);
            if (call->kernel == &ql_kernels[QL_KERNEL_BINARY_F32]) {
                fuse_gated(&f, call);
            }
        } else if (is_operation(call, QL_KERNEL_UNARY_F32, "ql_sine_f32")) {
            status = fuse_angles(&f, call, error);
        } else if (n > 0 && call->kernel == &ql_kernels[QL_KERNEL_COPY] && call[-1].kernel == call->kernel) {
            fuse_turn(&f, &call[-1]);
        }
    }
    ql_element_source_free(&f.source);
    ql_program_compact(program);
    return status;
}
