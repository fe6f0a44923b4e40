// Loops and scans that are inlined: see inlined_loop.h. What one step hands on to the next is a name of the outermost
// graph; results that are collected become rows, which are put together in the end.
#include "onnx/inlined_loop.h"

#include <string.h>

#include "onnx/known_value.h"

enum {
    STEP_LIMIT = 4096,    // of a Loop or a Scan
    SCAN_LIMIT = 64,      // inputs and outputs of a Scan
    UNSQUEEZE_OPSET = 13, // since which the axes of Unsqueeze are an input
};

// A loop or scan that is being inlined: the names of its carried values, and of the results of each step.
struct loop {
    const Onnx__NodeProto *node;
    const Onnx__GraphProto *body;
    size_t carried, scans;
    int64_t most, steps; // how many steps there can be, and how many have been taken
    const char **values; // (carried)
    const char **rows;   // (steps, scans)
    size_t row_count, row_room;
    // Of a Scan: the inputs that are read in parts, and along which axes, from which end.
    size_t reads;
    const char **read;
    int64_t axes[SCAN_LIMIT], directions[SCAN_LIMIT], out_axes[SCAN_LIMIT], out_directions[SCAN_LIMIT];
};

static bool keep_row(struct ql_inliner *inliner, struct loop *loop, const char *row)
{
    if (loop->row_count == loop->row_room) {
        const size_t larger = 2 * loop->row_room + 16;
        const char **moved = ql_arena_take(inliner->arena, larger, sizeof moved[0]);
        if (moved == NULL) {
            return false;
        }
        if (loop->row_count > 0) {
            memcpy(moved, loop->rows, loop->row_count * sizeof moved[0]);
        }
        loop->rows = moved;
        loop->row_room = larger;
    }
    loop->rows[loop->row_count++] = row;
    return true;
}

// A step's result as a row: with a new axis. The axes of Unsqueeze are an attribute, and since version 13 an input.
static enum ql_status add_row(struct ql_inliner *inliner, struct loop *loop, size_t scan, const char *value)
{
    const bool by_input = inliner->opset >= UNSQUEEZE_OPSET;
    const char *inputs[] = {value, ""};
    char *row = ql_inliner_invent_name(inliner, "row");
    Onnx__AttributeProto *axes =
        by_input ? NULL : ql_inliner_make_attribute(inliner, "axes", loop->out_axes[scan], true);
    enum ql_status status = QL_OK;

    if (row == NULL || (!by_input && axes == NULL) || !keep_row(inliner, loop, row)) {
        return ql_inliner_fail_memory(inliner);
    }
    if (by_input) {
        status = ql_inliner_add_number(inliner, &inputs[1], loop->out_axes[scan], ONNX__TENSOR_PROTO__DATA_TYPE__INT64,
                                       true);
    }
    return status == QL_OK ? ql_inliner_emit(inliner, "Unsqueeze", inputs, by_input ? 2 : 1, row, axes) : status;
}

// A carried value that is known becomes a constant, so a counter does not grow into a chain of sums.
static enum ql_status settle_value(struct ql_inliner *inliner, const char **value)
{
    struct ql_known_value known;

    ql_known_value_find(&known, &inliner->known, *value);
    const bool is_single = known.count == 1 && (known.rank == 0 || (known.rank == 1 && known.dims[0] == 1));
    const bool is_whole = known.type == ONNX__TENSOR_PROTO__DATA_TYPE__INT64 ||
                          known.type == ONNX__TENSOR_PROTO__DATA_TYPE__INT32 ||
                          known.type == ONNX__TENSOR_PROTO__DATA_TYPE__BOOL;
    return is_single && is_whole ? ql_inliner_add_number(inliner, value, known.numbers[0], known.type, known.rank == 1)
                                 : QL_OK;
}

// Ends a step: collects the body's carried values and its rows. `first` is the index of the first carried output.
static enum ql_status end_step(struct ql_inliner *inliner, struct ql_name_scope *inner, struct loop *loop, size_t first)
{
    const Onnx__GraphProto *body = loop->body;
    enum ql_status status = QL_OK;

    for (size_t k = 0; k < loop->carried && status == QL_OK; k++) {
        loop->values[k] = ql_name_scope_resolve(inner, body->output[first + k]->name);
        status = settle_value(inliner, &loop->values[k]);
    }
    for (size_t k = 0; k < loop->scans && status == QL_OK; k++) {
        status = add_row(inliner, loop, k, ql_name_scope_resolve(inner, body->output[first + loop->carried + k]->name));
    }
    return status;
}

// Binds what a step of a Loop is given: its number, the condition, and what is carried.
static enum ql_status bind_step(struct ql_inliner *inliner, struct ql_name_scope *inner, const struct loop *loop,
                                const char *truth)
{
    const Onnx__GraphProto *body = loop->body;
    const char *number;
    enum ql_status status;

    if ((status = ql_inliner_add_number(inliner, &number, loop->steps, ONNX__TENSOR_PROTO__DATA_TYPE__INT64, false)) !=
            QL_OK ||
        (status = ql_inliner_bind(inliner, inner, body->input[0]->name, number, false)) != QL_OK ||
        (status = ql_inliner_bind(inliner, inner, body->input[1]->name, truth, false)) != QL_OK) {
        return status;
    }
    for (size_t k = 0; k < loop->carried && status == QL_OK; k++) {
        status = ql_inliner_bind(inliner, inner, body->input[2 + k]->name, loop->values[k], false);
    }
    return status;
}

// A step of a Loop. *goes_on becomes 1 or 0, or -1 if that is not known.
static enum ql_status run_step(struct ql_inliner *inliner, struct ql_name_scope *scope, struct loop *loop,
                               const char *truth, int *goes_on)
{
    const char *condition = loop->body->output[0]->name;
    struct ql_name_scope inner;
    int64_t number;
    enum ql_status status = ql_inliner_open_scope(inliner, &inner, scope, loop->node);

    if (status == QL_OK && (status = bind_step(inliner, &inner, loop, truth)) == QL_OK &&
        (status = inliner->expand_graph(inliner, &inner, loop->body)) == QL_OK) {
        *goes_on =
            ql_inliner_read_constant(inliner, ql_name_scope_resolve(&inner, condition), &number) ? number != 0 : -1;
        status = end_step(inliner, &inner, loop, 1);
    }
    ql_name_scope_close(&inner);
    return status;
}

// Binds what a step of a Scan is given: what is carried, and one part of each input that is read.
static enum ql_status bind_scan_step(struct ql_inliner *inliner, struct ql_name_scope *inner, const struct loop *loop)
{
    const Onnx__GraphProto *body = loop->body;
    enum ql_status status = QL_OK;

    for (size_t k = 0; k < loop->carried && status == QL_OK; k++) {
        status = ql_inliner_bind(inliner, inner, body->input[k]->name, loop->values[k], false);
    }
    for (size_t k = 0; k < loop->reads && status == QL_OK; k++) {
        const int64_t place = loop->directions[k] != 0 ? loop->most - 1 - loop->steps : loop->steps;
        const char *inputs[] = {loop->read[k], ""};
        char *part = ql_inliner_invent_name(inliner, "part");
        Onnx__AttributeProto *axis = ql_inliner_make_attribute(inliner, "axis", loop->axes[k], false);
        if (part == NULL || axis == NULL) {
            return ql_inliner_fail_memory(inliner);
        }
        if ((status = ql_inliner_add_number(inliner, &inputs[1], place, ONNX__TENSOR_PROTO__DATA_TYPE__INT64, false)) ==
                QL_OK &&
            (status = ql_inliner_emit(inliner, "Gather", inputs, 2, part, axis)) == QL_OK) {
            status = ql_inliner_bind(inliner, inner, body->input[loop->carried + k]->name, part, false);
        }
    }
    return status;
}

static enum ql_status run_scan_step(struct ql_inliner *inliner, struct ql_name_scope *scope, struct loop *loop)
{
    struct ql_name_scope inner;
    enum ql_status status = ql_inliner_open_scope(inliner, &inner, scope, loop->node);

    if (status == QL_OK && (status = bind_scan_step(inliner, &inner, loop)) == QL_OK &&
        (status = inliner->expand_graph(inliner, &inner, loop->body)) == QL_OK) {
        status = end_step(inliner, &inner, loop, 0);
    }
    ql_name_scope_close(&inner);
    return status;
}

// Concatenates the rows of all steps; for a direction of 1, the last one first.
static enum ql_status join_rows(struct ql_inliner *inliner, const struct loop *loop, size_t scan, const char *output)
{
    const char **rows = ql_arena_take(inliner->arena, (size_t)loop->steps + 1, sizeof rows[0]);
    Onnx__AttributeProto *axis = ql_inliner_make_attribute(inliner, "axis", loop->out_axes[scan], false);

    if (rows == NULL || axis == NULL || (loop->rows == NULL && loop->steps > 0)) {
        return ql_inliner_fail_memory(inliner);
    }
    for (int64_t k = 0; k < loop->steps; k++) {
        const int64_t step = loop->out_directions[scan] != 0 ? loop->steps - 1 - k : k;
        rows[k] = loop->rows[(size_t)step * loop->scans + scan];
    }
    return ql_inliner_emit(inliner, "Concat", rows, (size_t)loop->steps, output, axis);
}

static enum ql_status give_results(struct ql_inliner *inliner, struct ql_name_scope *scope, struct loop *loop)
{
    enum ql_status status = QL_OK;

    for (size_t k = 0; k < loop->node->n_output && status == QL_OK; k++) {
        const char *output;
        if ((status = ql_inliner_define(inliner, scope, loop->node->output[k], &output)) == QL_OK &&
            output[0] != '\0') {
            status = k < loop->carried ? ql_inliner_emit(inliner, "Identity", &loop->values[k], 1, output, NULL)
                                       : join_rows(inliner, loop, k - loop->carried, output);
        }
    }
    return status;
}

static bool has_names(const Onnx__GraphProto *body)
{
    bool named = true;

    for (size_t k = 0; k < body->n_input; k++) {
        named = named && body->input[k]->name != NULL;
    }
    for (size_t k = 0; k < body->n_output; k++) {
        named = named && body->output[k]->name != NULL;
    }
    return named;
}

static enum ql_status take_lists(struct ql_inliner *inliner, struct ql_name_scope *scope, struct loop *loop,
                                 size_t first)
{
    loop->values = ql_arena_take(inliner->arena, loop->carried + 1, sizeof loop->values[0]);
    if (loop->values == NULL) {
        return ql_inliner_fail_memory(inliner);
    }
    for (size_t k = 0; k < loop->carried; k++) {
        loop->values[k] = ql_name_scope_resolve(scope, loop->node->input[first + k]);
    }
    return QL_OK;
}

// True when the loop can be tried: it has a bound or a condition, what it has is known, and it runs at least one step.
static bool read_loop(struct ql_inliner *inliner, struct ql_name_scope *scope, struct loop *loop,
                      const Onnx__NodeProto *node)
{
    const Onnx__AttributeProto *attribute = ql_inliner_find_attribute(node, "body");
    const Onnx__GraphProto *body = attribute == NULL ? NULL : attribute->g;
    int64_t condition = 1;

    *loop = (struct loop){.node = node, .body = body, .most = STEP_LIMIT + 1};
    if (body == NULL || node->n_input < 2 || body->n_input != node->n_input || body->n_output < 1 ||
        body->n_output < node->n_input - 1 || node->n_output > body->n_output - 1 ||
        body->n_output - (node->n_input - 1) > SCAN_LIMIT || !has_names(body) ||
        (node->input[0][0] != '\0' &&
         !ql_inliner_read_constant(inliner, ql_name_scope_resolve(scope, node->input[0]), &loop->most)) ||
        (node->input[1][0] != '\0' &&
         !ql_inliner_read_constant(inliner, ql_name_scope_resolve(scope, node->input[1]), &condition)) ||
        condition == 0 || loop->most < 1) {
        return false;
    }
    loop->most = loop->most > STEP_LIMIT ? STEP_LIMIT + 1 : loop->most;
    loop->carried = node->n_input - 2;
    loop->scans = body->n_output - 1 - loop->carried;
    return true;
}

enum ql_status ql_inlined_loop_add(struct ql_inliner *inliner, struct ql_name_scope *scope, const Onnx__NodeProto *node,
                                   bool *done)
{
    const struct ql_inliner_mark mark = ql_inliner_set_mark(inliner);
    struct loop loop;
    const char *truth;
    int goes_on = 1;
    enum ql_status status;

    *done = read_loop(inliner, scope, &loop, node);
    if (!*done) {
        return QL_OK;
    }
    if ((status = take_lists(inliner, scope, &loop, 2)) != QL_OK ||
        (status = ql_inliner_add_number(inliner, &truth, 1, ONNX__TENSOR_PROTO__DATA_TYPE__BOOL, false)) != QL_OK) {
        return status;
    }
    for (; loop.steps < loop.most && goes_on == 1 && status == QL_OK; loop.steps++) {
        status = run_step(inliner, scope, &loop, truth, &goes_on);
    }
    // The last step's condition does not matter where the bound ends the loop.
    if (status == QL_OK && ((goes_on < 0 && loop.steps < loop.most) || loop.steps > STEP_LIMIT)) {
        ql_inliner_go_back(inliner, mark);
        *done = false;
        return QL_OK;
    }
    return status == QL_OK ? give_results(inliner, scope, &loop) : status;
}

// Reads a list of `count` numbers, or zeros if it is missing. False for any other length.
static bool read_numbers(int64_t *numbers, const Onnx__NodeProto *node, const char *name, size_t count)
{
    const Onnx__AttributeProto *attribute = ql_inliner_find_attribute(node, name);

    for (size_t k = 0; k < count; k++) {
        numbers[k] = attribute == NULL || attribute->n_ints != count ? 0 : attribute->ints[k];
    }
    return attribute == NULL || attribute->n_ints == count;
}

// True when the scan can be inlined: from version 9 on, and over an axis whose size is known.
static bool read_scan(struct ql_inliner *inliner, struct ql_name_scope *scope, struct loop *loop,
                      const Onnx__NodeProto *node)
{
    const Onnx__AttributeProto *attribute = ql_inliner_find_attribute(node, "body");
    const Onnx__AttributeProto *count = ql_inliner_find_attribute(node, "num_scan_inputs");
    const Onnx__GraphProto *body = attribute == NULL ? NULL : attribute->g;

    *loop = (struct loop){.node = node, .body = body};
    if (body == NULL || inliner->opset < 9 || count == NULL || count->i < 1 || count->i > SCAN_LIMIT ||
        (size_t)count->i > node->n_input || body->n_input != node->n_input || !has_names(body)) {
        return false;
    }
    loop->reads = (size_t)count->i;
    loop->carried = node->n_input - loop->reads;
    if (body->n_output < loop->carried || body->n_output != node->n_output) {
        return false;
    }
    loop->scans = body->n_output - loop->carried;
    if (loop->scans > SCAN_LIMIT || !read_numbers(loop->axes, node, "scan_input_axes", loop->reads) ||
        !read_numbers(loop->directions, node, "scan_input_directions", loop->reads) ||
        !read_numbers(loop->out_axes, node, "scan_output_axes", loop->scans) ||
        !read_numbers(loop->out_directions, node, "scan_output_directions", loop->scans)) {
        return false;
    }
    for (size_t k = 0; k < loop->reads; k++) {
        struct ql_known_value known;
        ql_known_value_find(&known, &inliner->known, ql_name_scope_resolve(scope, node->input[loop->carried + k]));
        const int64_t axis = loop->axes[k] < 0 ? loop->axes[k] + known.rank : loop->axes[k];
        if (known.rank < 1 || axis < 0 || axis >= known.rank || known.dims[axis] < 1 || known.dims[axis] > STEP_LIMIT ||
            (k > 0 && known.dims[axis] != loop->most)) {
            return false;
        }
        loop->most = known.dims[axis];
    }
    return true;
}

enum ql_status ql_inlined_loop_add_scan(struct ql_inliner *inliner, struct ql_name_scope *scope,
                                        const Onnx__NodeProto *node, bool *done)
{
    struct loop loop;
    enum ql_status status;

    *done = read_scan(inliner, scope, &loop, node);
    if (!*done) {
        return QL_OK;
    }
    if ((status = take_lists(inliner, scope, &loop, 0)) != QL_OK) {
        return status;
    }
    loop.read = ql_arena_take(inliner->arena, loop.reads, sizeof loop.read[0]);
    if (loop.read == NULL) {
        return ql_inliner_fail_memory(inliner);
    }
    for (size_t k = 0; k < loop.reads; k++) {
        loop.read[k] = ql_name_scope_resolve(scope, node->input[loop.carried + k]);
    }
    for (; loop.steps < loop.most && status == QL_OK; loop.steps++) {
        status = run_scan_step(inliner, scope, &loop);
    }
    return status == QL_OK ? give_results(inliner, scope, &loop) : status;
}
