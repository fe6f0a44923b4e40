// Where elements come from: see element_source.h.
// Uses: base, onnx.
#include "onnx/element_source.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    NO_MAKER = -1,
    MANY_MAKERS = -2,
    COPY_LIMIT = 16, // copies in a row, so that the time for a graph is at most proportional to its size
};

enum ql_status ql_element_source_init(struct ql_element_source *source, const struct ql_program *program,
                                      struct ql_error *error)
{
    int *makers = malloc(((size_t)program->value_count + 1) * sizeof *makers);

    *source = (struct ql_element_source){program, makers};
    if (makers == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to compile the model");
    }
    for (int v = 0; v < program->value_count; v++) {
        makers[v] = NO_MAKER;
    }
    for (int n = 0; n < program->call_count; n++) {
        const struct ql_kernel_call *call = &program->calls[n];
        for (int k = 0; k < call->kernel->output_count; k++) {
            if (call->buffers[k] >= 0) {
                int *maker = &makers[program->values[call->buffers[k]].root];
                *maker = *maker == NO_MAKER ? n : MANY_MAKERS;
            }
        }
    }
    return QL_OK;
}

void ql_element_source_free(struct ql_element_source *source)
{
    free(source->makers);
    *source = (struct ql_element_source){0};
}

static size_t place_of(const struct ql_element_source *source, struct ql_element_place element)
{
    const struct ql_program_value *value = &source->program->values[element.value];
    return value->offset + (size_t)element.index * ql_element_bytes(value->type);
}

bool ql_element_is_same(const struct ql_element_source *source, struct ql_element_place a, struct ql_element_place b)
{
    return source->program->values[a.value].root == source->program->values[b.value].root &&
           place_of(source, a) == place_of(source, b);
}

// The only call that writes to the element's root, provided that its first result is the whole root; the element then is
// number `*number` of it. NULL if there is none.
static const struct ql_kernel_call *find_maker(const struct ql_element_source *source, struct ql_element_place element,
                                               ptrdiff_t *number)
{
    const struct ql_program *program = source->program;
    const int root = program->values[element.value].root, maker = source->makers[root];

    if (maker < 0 || program->calls[maker].buffers[0] < 0) {
        return NULL;
    }
    const struct ql_kernel_call *call = &program->calls[maker];
    const struct ql_program_value *made = &program->values[call->buffers[0]];
    *number = (ptrdiff_t)(place_of(source, element) / ql_element_bytes(program->values[element.value].type));
    return made->root == root && made->offset == 0 && made->bytes == program->values[root].bytes &&
                   made->type == program->values[element.value].type
               ? call
               : NULL;
}

// True if the strides are those of elements without gaps.
static bool has_no_gaps(int rank, const int *dims, const int *strides)
{
    int step = 1;

    for (int axis = rank - 1; axis >= 0; axis--) {
        if (dims[axis] != 1 && strides[axis] != step) {
            return false;
        }
        step *= dims[axis];
    }
    return true;
}

// Goes back over one copy. Returns false for an element that no copy writes.
static bool follow_copy(const struct ql_element_source *source, struct ql_element_place *element)
{
    const struct ql_program_value *values = source->program->values;
    ptrdiff_t number;
    const struct ql_kernel_call *call = find_maker(source, *element, &number);

    if (call == NULL || call->kernel != &ql_kernels[QL_KERNEL_COPY] ||
        !has_no_gaps(call->ints[1], call->arrays[0], call->arrays[1])) {
        return false;
    }
    const int from = call->buffers[1];
    const enum ql_element type = values[from].type;
    if (type != values[element->value].type || call->ints[0] != (int)ql_element_bytes(type)) {
        return false;
    }
    *element =
        (struct ql_element_place){from, ql_kernel_offset((int)number, call->ints[1], call->arrays[0], call->arrays[2])};
    return true;
}

struct ql_element_place ql_element_trace(const struct ql_element_source *source, struct ql_element_place element)
{
    int steps = 0;

    while (steps < COPY_LIMIT && follow_copy(source, &element)) {
        steps++;
    }
    return element;
}

struct ql_element_place ql_element_operand(const struct ql_element_source *source, const struct ql_kernel_call *call,
                                           int k, ptrdiff_t number)
{
    const bool is_unary = call->kernel->array_count == 0;
    const ptrdiff_t index =
        is_unary ? number : ql_kernel_offset((int)number, call->ints[0], call->arrays[0], call->arrays[1 + k]);

    return ql_element_trace(source, (struct ql_element_place){call->buffers[1 + k], index});
}

const struct ql_kernel_call *ql_element_maker(const struct ql_element_source *source, struct ql_element_place element,
                                              enum ql_kernel_id kernel, const char *operation, ptrdiff_t *number)
{
    const struct ql_kernel_call *call = find_maker(source, element, number);
    const bool fits = call != NULL && call->kernel == &ql_kernels[kernel] &&
                      (operation == NULL || strcmp(call->operations[0]->name, operation) == 0);

    return fits ? call : NULL;
}

bool ql_element_operands(const struct ql_element_source *source, struct ql_element_place element,
                         enum ql_kernel_id kernel, const char *operation, struct ql_element_place *operands)
{
    ptrdiff_t number;
    const struct ql_kernel_call *call = ql_element_maker(source, element, kernel, operation, &number);

    for (int k = 0; call != NULL && k < call->kernel->buffer_count - 1; k++) {
        operands[k] = ql_element_operand(source, call, k, number);
    }
    return call != NULL;
}

// The address of an element of a constant of this type, or NULL.
static const void *find_constant(const struct ql_element_source *source, struct ql_element_place element,
                                 enum ql_element type)
{
    const struct ql_program_value *root = ql_program_root(source->program, element.value);

    return root->storage == QL_STORAGE_CONSTANT && source->program->values[element.value].type == type
               ? (const unsigned char *)root->data + place_of(source, element)
               : NULL;
}

bool ql_element_float(const struct ql_element_source *source, struct ql_element_place element, float *number)
{
    const void *data = find_constant(source, element, QL_ELEMENT_F32);

    if (data != NULL) {
        memcpy(number, data, sizeof *number);
    }
    return data != NULL;
}

bool ql_element_int(const struct ql_element_source *source, struct ql_element_place element, int64_t *number)
{
    const void *data = find_constant(source, element, QL_ELEMENT_S64);

    if (data != NULL) {
        memcpy(number, data, sizeof *number);
    }
    return data != NULL;
}
