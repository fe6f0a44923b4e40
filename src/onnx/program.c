// A program's values, and how it is freed: see program.h.
#include "onnx/program.h"

#include <stdlib.h>
#include <string.h>

const struct ql_program_value *ql_program_root(const struct ql_program *program, int value)
{
    return &program->values[program->values[value].root];
}

int ql_program_result(const struct ql_program *program, int number)
{
    return program->results == NULL ? program->graph->outputs[number] : program->results[number];
}

// The last call before number `last` that writes to a root, or -1.
static int find_writer(const struct ql_program *program, int root, int last)
{
    for (int n = last - 1; n >= 0; n--) {
        const struct ql_kernel_call *call = &program->calls[n];
        for (int k = 0; k < call->kernel->output_count; k++) {
            if (call->buffers[k] >= 0 && program->values[call->buffers[k]].root == root) {
                return n;
            }
        }
    }
    return -1;
}

int ql_program_find_maker(const struct ql_program *program, int value)
{
    int maker = program->call_count;

    do {
        const int root = program->values[value].root;
        maker = find_writer(program, root, maker);
        if (maker < 0 || find_writer(program, root, maker) >= 0) {
            return -1;
        }
        value = program->calls[maker].buffers[1];
    } while (ql_kernel_call_is(&program->calls[maker], QL_KERNEL_COPY));
    return maker;
}

static bool is_constant(const struct ql_program *program, int value)
{
    return ql_program_root(program, value)->storage == QL_STORAGE_CONSTANT;
}

// Whether an operation with a constant leaves a number of any size as one.
static bool is_linear(const struct ql_operation *operation)
{
    static const char *const names[] = {"ql_add_f32", "ql_sub_f32", "ql_mul_f32", "ql_div_f32"};
    bool found = false;

    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        found = found || strcmp(operation->name, names[k]) == 0;
    }
    return found;
}

// A value that has to be a sum of products, as it is before call number `last`.
struct part {
    int value, last;
};

// Returns whether the call makes such a sum of its operand, which it gives as the next part, or is a product itself.
static bool keeps_sum(const struct ql_program *program, int index, struct part *next)
{
    const struct ql_kernel_call *call = &program->calls[index];
    int operand = -1;

    *next = (struct part){-1, index};
    if (ql_kernel_call_is(call, QL_KERNEL_GEMM_F32) || ql_kernel_call_is(call, QL_KERNEL_MATMUL_F32)) {
        return true;
    }
    if (ql_kernel_call_is(call, QL_KERNEL_COPY)) {
        operand = 1;
    } else if (ql_kernel_call_is(call, QL_KERNEL_BINARY_F32) && is_linear(call->operations[0])) {
        operand = is_constant(program, call->buffers[1]) ? 2 : is_constant(program, call->buffers[2]) ? 1 : -1;
    }
    next->value = operand < 0 ? -1 : call->buffers[operand];
    return operand >= 0;
}

bool ql_program_is_sum_of_products(const struct ql_program *program, int value)
{
    struct part parts[QL_SUM_PART_LIMIT + 1] = {{value, program->call_count}};
    int count = 1;

    for (int i = 0; i < count; i++) {
        const int root = program->values[parts[i].value].root;
        int writer = find_writer(program, root, parts[i].last);
        if (writer < 0) {
            return false;
        }
        for (; writer >= 0; writer = find_writer(program, root, writer)) {
            if (count > QL_SUM_PART_LIMIT || !keeps_sum(program, writer, &parts[count])) {
                return false;
            }
            count += parts[count].value >= 0;
        }
    }
    return true;
}

bool ql_program_find_number(float *number, const struct ql_program *program, int value)
{
    const struct ql_program_value *v = &program->values[value];
    const struct ql_program_value *root = ql_program_root(program, value);
    if (root->storage != QL_STORAGE_CONSTANT || v->type != QL_ELEMENT_F32 || v->count < 1) {
        return false;
    }
    const float *numbers = (const float *)root->data + v->offset / sizeof(float);
    for (int k = 1; k < v->count; k++) {
        if (numbers[k] != numbers[0]) {
            return false;
        }
    }
    *number = numbers[0];
    return true;
}

void ql_program_compact(struct ql_program *program)
{
    int kept = 0;

    for (int n = 0; n < program->call_count; n++) {
        if (program->calls[n].kernel != NULL) {
            program->calls[kept++] = program->calls[n];
        }
    }
    program->call_count = kept;
}

int ql_program_add_constant(struct ql_program *program, enum ql_element type, int rank, const int *dims, void **data)
{
    struct ql_program_value value = {
        .name = "", .type = type, .rank = rank, .count = 1, .storage = QL_STORAGE_CONSTANT};

    if (program->value_count == program->value_room) {
        const int room = 2 * program->value_room + 1;
        struct ql_program_value *values = realloc(program->values, (size_t)room * sizeof *values);
        if (values == NULL) {
            return -1;
        }
        program->values = values;
        program->value_room = room;
    }
    for (int axis = 0; axis < rank; axis++) {
        value.dims[axis] = dims[axis];
        value.count *= dims[axis];
    }
    value.bytes = (size_t)value.count * ql_element_bytes(type);
    value.root = program->value_count;
    value.data = *data = ql_arena_take(&program->arena, value.bytes, 1);
    if (*data == NULL) {
        return -1;
    }
    program->values[program->value_count] = value;
    return program->value_count++;
}

bool ql_program_is_in_place(const struct ql_program *program, struct ql_state_pair state)
{
    return program->values[program->graph->outputs[state.output]].root == program->graph->inputs[state.input];
}

void ql_program_free(struct ql_program *program)
{
    free(program->values);
    free(program->calls);
    ql_arena_free(&program->arena);
    *program = (struct ql_program){0};
}
