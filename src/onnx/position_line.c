// A position as a formula: see position_line.h. The calls are passed in their order, with the lines of what each has
// written. Lines add up like the numbers that they stand for, modulo 2^64; only comparisons need to know the numbers.
// Uses: base, device/arithmetic.h, onnx/program.
#include "onnx/position_line.h"

#include <stddef.h>

#include "base/arena.h"
#include "device/arithmetic.h"

// The greatest position, and the greatest offset that is compared: a difference of two lines then fits int64.
static const int64_t limit = INT64_C(1) << 60;

struct reader {
    const struct ql_program *program;
    int64_t least;                   // position
    struct ql_position_line **lines; // of each root of int64 or bool; NULL where none is known
    struct ql_arena arena;
};

static const struct ql_position_line unknown = {0};

static struct ql_position_line number_line(int64_t number)
{
    return (struct ql_position_line){.known = true, .offset = number};
}

static bool is_followed(enum ql_element type)
{
    return type == QL_ELEMENT_S64 || type == QL_ELEMENT_BOOL;
}

// --- Elements ---

static struct ql_position_line read_line(const struct reader *reader, int value, ptrdiff_t element)
{
    const struct ql_program_value *v = &reader->program->values[value];
    const struct ql_program_value *root = ql_program_root(reader->program, value);

    if (!is_followed(v->type)) {
        return unknown;
    }
    element += (ptrdiff_t)(v->offset / ql_element_bytes(v->type));
    if (root->storage == QL_STORAGE_CONSTANT) {
        return number_line(v->type == QL_ELEMENT_S64 ? ((const int64_t *)root->data)[element]
                                                     : ((const uint8_t *)root->data)[element] != 0);
    }
    return reader->lines[v->root] == NULL ? unknown : reader->lines[v->root][element];
}

static void write_line(struct reader *reader, int value, ptrdiff_t element, struct ql_position_line line)
{
    const struct ql_program_value *v = &reader->program->values[value];
    const size_t bytes = ql_element_bytes(v->type);
    struct ql_position_line **lines = &reader->lines[v->root];

    if (*lines == NULL && line.known) {
        *lines = ql_arena_take(&reader->arena, ql_program_root(reader->program, value)->bytes / bytes, sizeof **lines);
    }
    if (*lines != NULL) {
        (*lines)[(ptrdiff_t)(v->offset / bytes) + element] = line;
    }
}

// --- Operations ---

static struct ql_position_line add(struct ql_position_line a, struct ql_position_line b, int64_t sign)
{
    return (struct ql_position_line){.known = a.known && b.known,
                                     .slope = ql_add_s64(a.slope, ql_mul_s64(sign, b.slope)),
                                     .offset = ql_add_s64(a.offset, ql_mul_s64(sign, b.offset))};
}

static struct ql_position_line multiply(struct ql_position_line a, struct ql_position_line b)
{
    return (struct ql_position_line){.known = a.known && b.known && (a.slope == 0 || b.slope == 0),
                                     .slope = ql_add_s64(ql_mul_s64(a.slope, b.offset), ql_mul_s64(a.offset, b.slope)),
                                     .offset = ql_mul_s64(a.offset, b.offset)};
}

// True for a line that does not wrap around.
static bool is_plain(struct ql_position_line line)
{
    return line.known && line.slope >= -1 && line.slope <= 1 && line.offset >= -limit && line.offset <= limit;
}

static int sign_of(int64_t number)
{
    return (number > 0) - (number < 0);
}

// The result of a comparison if it is the same at all positions. The difference of two lines is a line, so the signs
// that it has lie between those at its ends.
static struct ql_position_line compare(const struct reader *reader, const struct ql_operation *operation,
                                       struct ql_position_line a, struct ql_position_line b)
{
    uint8_t (*const test)(int64_t, int64_t) = (uint8_t(*)(int64_t, int64_t))operation->function;

    if (!is_plain(a) || !is_plain(b)) {
        return unknown;
    }
    const struct ql_position_line difference = add(a, b, -1);
    const int first = sign_of(difference.slope * reader->least + difference.offset);
    const int last = sign_of(difference.slope * limit + difference.offset);
    const uint8_t result = test(first, 0);
    for (int sign = first < last ? first : last; sign <= (first < last ? last : first); sign++) {
        if (test(sign, 0) != result) {
            return unknown;
        }
    }
    return number_line(result);
}

static struct ql_position_line combine_numbers(const struct reader *reader, const struct ql_operation *operation,
                                               struct ql_position_line a, struct ql_position_line b)
{
    if (operation == ql_operation_find("ql_add_s64") || operation == ql_operation_find("ql_sub_s64")) {
        return add(a, b, operation == ql_operation_find("ql_sub_s64") ? -1 : 1);
    }
    if (operation == ql_operation_find("ql_mul_s64")) {
        return multiply(a, b);
    }
    if (operation == ql_operation_find("ql_min_s64") || operation == ql_operation_find("ql_max_s64")) {
        const struct ql_operation *is_less_or_equal = ql_operation_find("ql_less_equal_s64");
        const bool is_min = operation == ql_operation_find("ql_min_s64");
        if (compare(reader, is_less_or_equal, a, b).offset != 0) {
            return is_min ? a : b;
        }
        if (compare(reader, is_less_or_equal, b, a).offset != 0) {
            return is_min ? b : a;
        }
    }
    return unknown;
}

// A boolean that is not known may be either.
static struct ql_position_line combine_booleans(const struct ql_operation *operation, struct ql_position_line a,
                                                struct ql_position_line b)
{
    uint8_t (*const combine)(uint8_t, uint8_t) = (uint8_t(*)(uint8_t, uint8_t))operation->function;
    bool results[2] = {false, false};

    for (int x = 0; x <= 1; x++) {
        for (int y = 0; y <= 1; y++) {
            if ((!a.known || a.offset == x) && (!b.known || b.offset == y)) {
                results[combine((uint8_t)x, (uint8_t)y) != 0] = true;
            }
        }
    }
    return results[0] != results[1] ? number_line(results[1]) : unknown;
}

static struct ql_position_line choose(struct ql_position_line condition, struct ql_position_line a,
                                      struct ql_position_line b)
{
    return !condition.known ? unknown : condition.offset != 0 ? a : b;
}

// --- Calls ---

// A number as another type. False and true are 0 and 1 as numbers, too.
static struct ql_position_line cast(const struct reader *reader, const struct ql_kernel_call *call, int index)
{
    const struct ql_position_line line = read_line(reader, call->buffers[1], index);

    if (call->ints[0] != QL_ELEMENT_BOOL || call->ints[1] == QL_ELEMENT_BOOL) {
        return line;
    }
    return line.known && line.slope == 0 ? number_line(line.offset != 0) : unknown;
}

// The result of a loop with strides for element number `index`. The last buffers are its operands.
static struct ql_position_line combine(const struct reader *reader, const struct ql_kernel_call *call, int index)
{
    const bool is_where = ql_kernel_call_is(call, QL_KERNEL_WHERE);
    const int rank = call->ints[is_where ? 1 : 0], operands = call->kernel->array_count - 1;
    struct ql_position_line x[QL_KERNEL_ARRAY_LIMIT] = {{0}};

    for (int k = 0; k < operands; k++) {
        x[k] = read_line(reader, call->buffers[k + 1],
                         ql_kernel_offset(index, rank, call->arrays[0], call->arrays[k + 1]));
    }
    return is_where                                         ? choose(x[0], x[1], x[2])
           : ql_kernel_call_is(call, QL_KERNEL_BINARY_S64)  ? combine_numbers(reader, call->operations[0], x[0], x[1])
           : ql_kernel_call_is(call, QL_KERNEL_COMPARE_S64) ? compare(reader, call->operations[0], x[0], x[1])
                                                            : combine_booleans(call->operations[0], x[0], x[1]);
}

static struct ql_position_line find_line(const struct reader *reader, const struct ql_kernel_call *call, int index)
{
    if (ql_kernel_call_is(call, QL_KERNEL_BINARY_S64) || ql_kernel_call_is(call, QL_KERNEL_COMPARE_S64) ||
        ql_kernel_call_is(call, QL_KERNEL_BINARY_BOOL) || ql_kernel_call_is(call, QL_KERNEL_WHERE)) {
        return combine(reader, call, index);
    }
    if (ql_kernel_call_is(call, QL_KERNEL_UNARY_BOOL) && call->operations[0] == ql_operation_find("ql_not_bool")) {
        return combine_booleans(ql_operation_find("ql_equal_bool"), read_line(reader, call->buffers[1], index),
                                number_line(0));
    }
    if (ql_kernel_call_is(call, QL_KERNEL_CAST)) {
        return cast(reader, call, index);
    }
    // Of a single element: it is the only one that can be taken, and it is its own sum and maximum.
    const bool takes = ql_kernel_call_is(call, QL_KERNEL_GATHER) || ql_kernel_call_is(call, QL_KERNEL_REDUCE_S64);
    return takes && reader->program->values[call->buffers[1]].count == 1 ? read_line(reader, call->buffers[1], 0)
                                                                         : unknown;
}

static void follow_copy(struct reader *reader, const struct ql_kernel_call *call)
{
    const int rank = call->ints[1], *dims = call->arrays[0];

    for (int k = 0; k < ql_kernel_count(rank, dims); k++) {
        write_line(reader, call->buffers[0], ql_kernel_offset(k, rank, dims, call->arrays[1]),
                   read_line(reader, call->buffers[1], ql_kernel_offset(k, rank, dims, call->arrays[2])));
    }
}

static void follow_call(struct reader *reader, const struct ql_kernel_call *call)
{
    for (int o = 0; o < call->kernel->output_count; o++) {
        const int y = call->buffers[o];
        if (y < 0 || !is_followed(reader->program->values[y].type)) {
            continue;
        }
        if (ql_kernel_call_is(call, QL_KERNEL_COPY)) {
            follow_copy(reader, call);
            continue;
        }
        for (int k = 0; k < reader->program->values[y].count; k++) {
            write_line(reader, y, k, find_line(reader, call, k));
        }
    }
}

enum ql_status ql_position_lines_find(struct ql_position_line *lines, const struct ql_program *program, int position,
                                      int64_t least, int value, struct ql_error *error)
{
    struct reader reader = {.program = program, .least = least};

    reader.lines = ql_arena_take(&reader.arena, (size_t)program->value_count + 1, sizeof reader.lines[0]);
    if (reader.lines != NULL && position >= 0) {
        write_line(&reader, position, 0, (struct ql_position_line){.known = true, .slope = 1});
    }
    for (int n = 0; n < program->call_count && !reader.arena.exhausted; n++) {
        follow_call(&reader, &program->calls[n]);
    }
    for (int k = 0; k < program->values[value].count && !reader.arena.exhausted; k++) {
        lines[k] = read_line(&reader, value, k);
    }
    const bool exhausted = reader.arena.exhausted;
    ql_arena_free(&reader.arena);
    return exhausted ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to follow the model's position")
                     : QL_OK;
}

enum ql_status ql_position_counts(bool *counts, const struct ql_program *program, struct ql_state_pair state, int step,
                                  struct ql_error *error)
{
    struct ql_position_line line = unknown;
    const enum ql_status status = ql_position_lines_find(&line, program, program->graph->inputs[state.input], 0,
                                                         program->graph->outputs[state.output], error);

    *counts = line.known && line.slope == 1 && line.offset == step;
    return status;
}

enum ql_status ql_position_find(int *position, const struct ql_program *program, const struct ql_state_pair *states,
                                int state_count, struct ql_error *error)
{
    enum ql_status status = QL_OK;

    *position = -1;
    for (int k = 0; k < state_count && status == QL_OK; k++) {
        const int in = program->graph->inputs[states[k].input];
        bool counts = false;
        if (states[k].kind == QL_STATE_COUNTER && program->values[in].type == QL_ELEMENT_S64 &&
            program->values[in].count == 1) {
            status = ql_position_counts(&counts, program, states[k], 1, error);
        }
        *position = counts ? in : *position;
    }
    return status;
}
