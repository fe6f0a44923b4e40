// Lowers a node: see lower_node.h. This file checks what all operators have in common, and widens narrow types.
#include "onnx/lower_node.h"

#include <string.h>

#include "onnx/operators.h"

// True when `name` is one of the words of `list`.
static bool is_listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; (at = strstr(at, name)) != NULL; at += length) {
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

static void check_node(struct ql_lower *lower)
{
    const struct ql_operator *row = lower->row;
    const struct ql_node *node = lower->node;

    if (row == NULL) {
        const char *need = ql_operator_flow_need(node->operator_name);
        if (need != NULL) {
            ql_lower_fail(lower, "this operator is supported where %s", need);
            return;
        }
        bool known = ql_operator_find(node->operator_name, 0) != NULL;
        ql_lower_fail(lower, "this operator is not supported%s", known ? " in this version of the operator set" : "");
        return;
    }
    if (node->input_count < row->input_least || node->input_count > row->input_most || node->output_count < 1 ||
        node->output_count > row->output_most) {
        ql_lower_fail(lower, "the operator does not take %d inputs and give %d outputs", node->input_count,
                      node->output_count);
        return;
    }
    for (int k = 0; k < node->attribute_count; k++) {
        if (!is_listed(row->attributes, node->attributes[k].name)) {
            ql_lower_fail(lower, "the attribute '%s' is not supported", node->attributes[k].name);
            return;
        }
    }
    for (int k = 0; k < node->input_count; k++) {
        if (node->inputs[k] < 0 && (k < row->input_least || row->input_most == QL_ANY_OPERANDS)) {
            ql_lower_fail(lower, "input %d is missing", k);
            return;
        }
        if (node->inputs[k] >= 0 && ql_lower_value(lower, node->inputs[k])->type == QL_ELEMENT_NONE) {
            ql_lower_fail(lower, "the type of '%s' is not supported", ql_lower_value(lower, node->inputs[k])->name);
            return;
        }
        if (node->inputs[k] >= 0 && k < 32 && (row->constant_inputs >> k & 1) != 0 &&
            !ql_lower_is_constant(lower, node->inputs[k])) {
            ql_lower_fail(lower, "'%s' is known only at run time, but the shape of the result depends on it",
                          ql_lower_value(lower, node->inputs[k])->name);
            return;
        }
    }
}

// Computes a node in wider types: casts its inputs, lowers it, and casts the outputs back to the first input's type.
static void lower_wider(struct ql_lower *lower)
{
    enum { OPERAND_LIMIT = 64 }; // of the operators that widen, only those of any number of operands have more than 8
    const int *inputs = lower->inputs;
    const int *outputs = lower->outputs;
    int wide_inputs[OPERAND_LIMIT];
    int wide_outputs[OPERAND_LIMIT];
    bool narrow = false;

    for (int k = 0; k < lower->input_count; k++) {
        const enum ql_element type = inputs[k] < 0 ? QL_ELEMENT_NONE : ql_lower_value(lower, inputs[k])->type;
        narrow = narrow || type != ql_lower_wider(type);
    }
    if (!narrow) {
        lower->row->lower(lower);
        return;
    }
    if (lower->input_count > OPERAND_LIMIT || lower->output_count > OPERAND_LIMIT) {
        ql_lower_fail(lower, "more than %d operands of narrow types are not supported", (int)OPERAND_LIMIT);
        return;
    }
    for (int k = 0; k < lower->input_count; k++) {
        wide_inputs[k] = inputs[k] < 0 ? -1 : ql_lower_widened(lower, inputs[k]);
    }
    for (int k = 0; k < lower->output_count; k++) {
        wide_outputs[k] = outputs[k] < 0 ? -1 : ql_lower_new_value(lower);
    }
    lower->inputs = wide_inputs;
    lower->outputs = wide_outputs;
    lower->row->lower(lower);
    lower->inputs = inputs;
    lower->outputs = outputs;

    const enum ql_element first = ql_lower_value(lower, inputs[0])->type;
    for (int k = 0; k < lower->output_count && lower->status == QL_OK; k++) {
        if (outputs[k] < 0) {
            continue;
        }
        const struct ql_program_value *wide = ql_lower_value(lower, wide_outputs[k]);
        if (wide->type == ql_lower_wider(first) && wide->type != first) {
            ql_lower_cast_to(lower, ql_lower_output(lower, k, first, wide->rank, wide->dims), wide_outputs[k]);
        } else {
            ql_lower_alias(lower, k, wide_outputs[k], wide->rank, wide->dims, 0);
        }
    }
}

void ql_lower_node(struct ql_lower *lower)
{
    lower->row = ql_operator_find(lower->node->operator_name, lower->opset);
    check_node(lower);
    if (lower->status != QL_OK) {
        return;
    }
    lower->folding = true;
    for (int k = 0; k < lower->input_count; k++) {
        lower->folding = lower->folding && (lower->inputs[k] < 0 || ql_lower_is_constant(lower, lower->inputs[k]));
    }
    if (lower->row->widens) {
        lower_wider(lower);
    } else {
        lower->row->lower(lower);
    }
}
