// Follows single elements of a program's values back to the calls that compute them, through views and copies. So a pass
// that looks for a formula among the calls need not know in how many ways a graph brings its operands into their places.
// Uses: base, onnx/program.
#ifndef QL_ONNX_ELEMENT_SOURCE_H
#define QL_ONNX_ELEMENT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "onnx/program.h"

// Element `index` of a value, counted in its own elements.
struct ql_element_place {
    int value;
    ptrdiff_t index;
};

struct ql_element_source {
    const struct ql_program *program; // without calls that write to inputs
    int *makers;                      // of each root: the number of the only call that writes to it; -1: there is none
};

// Finds the makers of all roots. Errors: QL_ERROR_SYSTEM.
enum ql_status ql_element_source_init(struct ql_element_source *source, const struct ql_program *program,
                                      struct ql_error *error);
void ql_element_source_free(struct ql_element_source *source);

// Returns whether both are the same memory.
bool ql_element_is_same(const struct ql_element_source *source, struct ql_element_place a, struct ql_element_place b);

// Return where an element comes from: itself, or the element of which it is a copy, through several copies in a row.
struct ql_element_place ql_element_trace(const struct ql_element_source *source, struct ql_element_place element);

// Return the traced operand `k`, from 0, of result `number` of a call of a unary or binary kernel.
struct ql_element_place ql_element_operand(const struct ql_element_source *source, const struct ql_kernel_call *call,
                                           int k, ptrdiff_t number);

// Returns the only call that computes this element, or NULL if it is a call of another kernel or operation (NULL for a
// kernel without any). Writes to `*number` which of the call's results the element is.
const struct ql_kernel_call *ql_element_maker(const struct ql_element_source *source, struct ql_element_place element,
                                              enum ql_kernel_id kernel, const char *operation, ptrdiff_t *number);

// Finds the operands of the unary or binary operation that computes this element: one, or two. Returns false if
// something else computes it.
bool ql_element_operands(const struct ql_element_source *source, struct ql_element_place element,
                         enum ql_kernel_id kernel, const char *operation, struct ql_element_place *operands);

// Reads an element of a constant of floats, or of int64. Returns false if it is something else.
bool ql_element_float(const struct ql_element_source *source, struct ql_element_place element, float *number);
bool ql_element_int(const struct ql_element_source *source, struct ql_element_place element, int64_t *number);

#endif
