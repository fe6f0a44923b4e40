// Runs a case in the engine and in ONNX Runtime and compares the results: see conformance_check.h.
// Uses: conformance_case, base, device/cast.h, onnx, engine, verify, jansson.
#include "conformance_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "device/cast.h"
#include "engine/engine.h"
#include "onnx/onnx_reader.h"
#include "onnx/onnx_types.h"
#include "onnx/onnx_writer.h"
#include "verify/hex.h"
#include "verify/json_pipe.h"

// --- The engine ---

void case_bindings_init(struct case_bindings *to, const struct conformance_case *c, bool folds)
{
    to->count = 0;
    for (int k = 0; k < c->graph.input_count; k++) {
        const struct ql_value *value = &c->graph.values[c->graph.inputs[k]];
        for (int axis = 0; axis < value->rank; axis++) {
            if (value->dims[axis] < 0) {
                (void)snprintf(to->names[k][axis], CASE_NAME_BYTES, "%.30s:%d", value->name, axis);
                to->bindings[to->count++] = (struct ql_binding){.name = to->names[k][axis], .size = c->dims[k][axis]};
            }
        }
        if (folds) {
            to->bindings[to->count++] = (struct ql_binding){.name = value->name, .data = c->contents[k]};
        }
    }
}

// How the engine runs a case.
enum engine_way {
    WAY_KEPT,   // no two values share memory
    WAY_SHARED, // values share memory, and results are in the memory of inputs, like a state
    WAY_FOLDED, // all inputs are constants
};

// Runs a graph that has the inputs of the case's graph.
static enum ql_status run_engine(struct case_results *results, struct conformance_case *c, const struct ql_graph *graph,
                                 enum engine_way way, struct ql_error *error)
{
    struct case_bindings bindings;
    struct ql_engine engine = {0};
    void *outputs[CASE_OUTPUT_LIMIT];
    const void *inputs[CASE_INPUT_LIMIT];

    case_bindings_init(&bindings, c, way == WAY_FOLDED);
    const struct ql_program_options options = {
        .bindings = bindings.bindings, .binding_count = bindings.count, .keep_values = way == WAY_KEPT};
    enum ql_status status = ql_engine_init(&engine, graph, &options, error);
    if (status != QL_OK) {
        return status;
    }
    results->count = graph->output_count;
    for (int k = 0; k < graph->output_count; k++) {
        const struct ql_tensor_view view = ql_engine_view(&engine, graph->outputs[k]);
        struct case_tensor *tensor = &results->tensors[k];
        *tensor = (struct case_tensor){.type = view.type, .rank = view.rank, .count = view.count};
        tensor->name = c->graph.values[c->graph.outputs[k]].name;
        memcpy(tensor->dims, view.dims, (size_t)view.rank * sizeof view.dims[0]);
        tensor->data = ql_arena_take(&c->arena, (size_t)view.count, ql_element_bytes(view.type));
        outputs[k] = tensor->data;
    }
    memcpy(inputs, c->contents, sizeof inputs);
    for (int k = 0; k < graph->input_count && k < graph->output_count && way == WAY_SHARED; k++) {
        const size_t bytes = engine.program.values[graph->inputs[k]].bytes;
        if (bytes <= engine.program.values[graph->outputs[k]].bytes && outputs[k] != NULL) {
            memcpy(outputs[k], c->contents[k], bytes);
            inputs[k] = outputs[k];
        }
    }
    if (c->arena.exhausted) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
    } else {
        status = ql_engine_run(&engine, inputs, outputs, error);
    }
    ql_engine_free(&engine);
    return status;
}

static bool have_same_shape(const struct case_tensor *a, const struct case_tensor *b)
{
    return a->type == b->type && a->rank == b->rank &&
           memcmp(a->dims, b->dims, (size_t)a->rank * sizeof a->dims[0]) == 0;
}

// An element as a double; int64 beyond 2^53 are compared by their bytes instead.
static double element(const struct case_tensor *tensor, int i)
{
    double value = 0.0;
    ql_cast(&value, (const unsigned char *)tensor->data + (size_t)i * ql_element_bytes(tensor->type), QL_ELEMENT_F64,
            (int)tensor->type, 1);
    return value;
}

static bool is_nan(const struct case_tensor *tensor, int i)
{
    return case_is_float(tensor->type) && isnan(element(tensor, i));
}

bool case_results_are_identical(const struct case_results *a, const struct case_results *b)
{
    for (int k = 0; k < a->count; k++) {
        const struct case_tensor *left = &a->tensors[k];
        const struct case_tensor *right = &b->tensors[k];
        const size_t bytes = ql_element_bytes(left->type);
        if (!have_same_shape(left, right)) {
            return false;
        }
        for (int i = 0; i < left->count; i++) {
            if (memcmp((const char *)left->data + (size_t)i * bytes, (const char *)right->data + (size_t)i * bytes,
                       bytes) != 0 &&
                !(is_nan(left, i) && is_nan(right, i))) {
                return false;
            }
        }
    }
    return true;
}

enum ql_status conformance_run(struct case_results *results, struct conformance_case *c, struct ql_error *error)
{
    struct case_results read_back = {0};
    struct case_results folded = {0};
    struct ql_graph copy = {0};
    unsigned char *bytes = NULL;
    size_t size_bytes;

    enum ql_status status = run_engine(results, c, &c->graph, WAY_KEPT, error);
    if (status != QL_OK) {
        goto done;
    }
    if ((status = ql_onnx_write(&bytes, &size_bytes, &c->graph, error)) != QL_OK ||
        (status = ql_onnx_read(&copy, bytes, size_bytes, error)) != QL_OK ||
        (status = run_engine(&read_back, c, &copy, WAY_SHARED, error)) != QL_OK) {
        status = ql_error_prefix(error, "read back from its file: ");
        goto done;
    }
    if ((status = run_engine(&folded, c, &c->graph, WAY_FOLDED, error)) != QL_OK) {
        status = ql_error_prefix(error, "with constant inputs: ");
        goto done;
    }
    if (!case_results_are_identical(results, &read_back)) {
        status = ql_error_write(error, QL_ERROR_NUMERIC, "as built and as read back from its file the results differ");
    } else if (!case_results_are_identical(results, &folded)) {
        status = ql_error_write(error, QL_ERROR_NUMERIC, "with constant inputs the results differ");
    }
done:
    free(bytes);
    ql_graph_free(&copy);
    return status;
}

// --- ONNX Runtime ---

// JavaScript's names for the element types.
static const char *const type_names[] = {
    [QL_ELEMENT_NONE] = "",       [QL_ELEMENT_BF16] = "",       [QL_ELEMENT_F32] = "float32",
    [QL_ELEMENT_F64] = "float64", [QL_ELEMENT_F16] = "float16", [QL_ELEMENT_S64] = "int64",
    [QL_ELEMENT_S32] = "int32",   [QL_ELEMENT_S16] = "int16",   [QL_ELEMENT_S8] = "int8",
    [QL_ELEMENT_U64] = "uint64",  [QL_ELEMENT_U32] = "uint32",  [QL_ELEMENT_U16] = "uint16",
    [QL_ELEMENT_U8] = "uint8",    [QL_ELEMENT_BOOL] = "bool",
};

static json_t *digits_to_json(const void *data, size_t bytes)
{
    char *digits = malloc(2 * bytes + 1);
    json_t *result = NULL;

    if (digits != NULL) {
        *ql_hex_encode(digits, data, bytes) = '\0';
        result = json_string(digits);
    }
    free(digits);
    return result;
}

static json_t *inputs_to_json(const struct conformance_case *c)
{
    json_t *inputs = json_object();

    for (int k = 0; k < c->graph.input_count; k++) {
        const struct ql_value *value = &c->graph.values[c->graph.inputs[k]];
        json_t *shape = json_array();
        size_t bytes = ql_element_bytes(value->type);
        for (int axis = 0; axis < value->rank; axis++) {
            (void)json_array_append_new(shape, json_integer(c->dims[k][axis]));
            bytes *= (size_t)c->dims[k][axis];
        }
        (void)json_object_set_new(inputs, value->name,
                                  json_pack("{s:s, s:o, s:o}", "type", type_names[value->type], "shape", shape, "data",
                                            digits_to_json(c->contents[k], bytes)));
    }
    return inputs;
}

static enum ql_status read_tensor(struct case_tensor *tensor, struct conformance_case *c, const json_t *from,
                                  struct ql_error *error)
{
    const char *type = json_string_value(json_object_get(from, "type"));
    const json_t *shape = json_object_get(from, "shape");

    for (int k = QL_ELEMENT_F32; k <= QL_ELEMENT_BOOL && type != NULL; k++) {
        if (strcmp(type_names[k], type) == 0) {
            tensor->type = (enum ql_element)k;
        }
    }
    if (tensor->type == QL_ELEMENT_NONE || json_array_size(shape) > QL_RANK_LIMIT) {
        return ql_error_write(error, QL_ERROR_INPUT, "the answer's type or shape is none that we know");
    }
    tensor->rank = (int)json_array_size(shape);
    tensor->count = 1;
    for (int axis = 0; axis < tensor->rank; axis++) {
        tensor->dims[axis] = (int)json_integer_value(json_array_get(shape, (size_t)axis));
        tensor->count *= tensor->dims[axis];
    }
    const size_t bytes = (size_t)tensor->count * ql_element_bytes(tensor->type);
    tensor->data = ql_arena_take(&c->arena, bytes, 1);
    return tensor->data == NULL ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory")
                                : ql_json_pipe_read(tensor->data, bytes, from, "data", error);
}

static enum ql_status run_ort(struct case_results *results, struct conformance_case *c, const struct ql_graph *graph,
                              struct ql_process *server, struct ql_error *error)
{
    unsigned char *bytes = NULL;
    size_t size_bytes;
    json_t *answer = NULL;

    enum ql_status status = ql_onnx_write(&bytes, &size_bytes, graph, error);
    if (status != QL_OK) {
        return status;
    }
    // Without optimizations, each node runs as written.
    json_t *request = json_pack("{s:o, s:b}", "open_bytes", digits_to_json(bytes, size_bytes), "optimize", 0);
    free(bytes);
    status = ql_json_pipe_step(server, request, &answer, error);
    json_decref(answer);
    if (status != QL_OK) {
        return status;
    }
    status = ql_json_pipe_step(server, json_pack("{s:o}", "run", inputs_to_json(c)), &answer, error);
    results->count = c->graph.output_count;
    for (int k = 0; k < results->count && status == QL_OK; k++) {
        struct case_tensor *tensor = &results->tensors[k];
        *tensor = (struct case_tensor){.name = c->graph.values[c->graph.outputs[k]].name};
        status = read_tensor(tensor, c, json_object_get(json_object_get(answer, "outputs"), tensor->name), error);
    }
    json_decref(answer);
    return status;
}

static enum ql_element wider(enum ql_element type)
{
    switch (type) {
    case QL_ELEMENT_F16:
        return QL_ELEMENT_F32;
    case QL_ELEMENT_S32:
    case QL_ELEMENT_S16:
    case QL_ELEMENT_S8:
    case QL_ELEMENT_U32:
    case QL_ELEMENT_U16:
    case QL_ELEMENT_U8:
    case QL_ELEMENT_U64:
    case QL_ELEMENT_BOOL:
        return QL_ELEMENT_S64;
    default:
        return type;
    }
}

static int add_cast(struct ql_graph *graph, int from, int to, enum ql_element type)
{

    char name[CASE_NAME_BYTES];

    (void)snprintf(name, sizeof name, "cast%d", graph->node_count);
    if (to < 0) {
        to = ql_graph_add_value(graph, name, type, -1, NULL, NULL);
    }
    ql_graph_add_node(graph, "Cast", name, &from, 1, &to, 1);
    ql_graph_add_int(graph, "to", ql_onnx_type_encode(type));
    return to;
}

static void copy_attributes(struct ql_graph *graph, const struct ql_node *node)
{
    // They may be shared: the graph that owns them outlives the equivalent one.
    graph->nodes[graph->node_count - 1].attributes = node->attributes;
    graph->nodes[graph->node_count - 1].attribute_count = node->attribute_count;
}

// Makes the equivalent of a graph with one node: its element type is replaced by a wider one, wherever it occurs.
// Returns false if that changes nothing.
static bool add_wide_twin(struct conformance_case *c)
{
    const struct ql_node *node = &c->graph.nodes[0];
    int inputs[CASE_INPUT_LIMIT];
    int outputs[CASE_OUTPUT_LIMIT];

    if (c->graph.node_count != 1 || node->input_count == 0) {
        return false;
    }
    const int first = strcmp(node->operator_name, "Where") == 0; // its condition is unchanged
    const enum ql_element type = c->graph.values[node->inputs[first]].type;
    if (wider(type) == type) {
        return false;
    }
    case_twin_init(c);
    for (int k = 0; k < node->input_count; k++) {
        const bool narrow = k >= first && node->inputs[k] >= 0 && c->graph.values[node->inputs[k]].type == type;
        inputs[k] = narrow ? add_cast(&c->twin, node->inputs[k], -1, wider(type)) : node->inputs[k];
    }
    for (int k = 0; k < node->output_count; k++) {
        char name[CASE_NAME_BYTES];
        outputs[k] = node->outputs[k];
        if (outputs[k] >= 0 && c->graph.values[outputs[k]].type == type) {
            (void)snprintf(name, sizeof name, "wide%d", k);
            outputs[k] = ql_graph_add_value(&c->twin, name, wider(type), -1, NULL, NULL);
        }
    }
    ql_graph_add_node(&c->twin, node->operator_name, "node", inputs, node->input_count, outputs, node->output_count);
    copy_attributes(&c->twin, node);
    for (int k = 0; k < node->output_count; k++) {
        if (outputs[k] != node->outputs[k]) {
            (void)add_cast(&c->twin, outputs[k], node->outputs[k], type);
        }
    }
    return !c->twin.arena.exhausted;
}

// --- The comparison ---

static void write_shape(char *text, size_t size, const struct case_tensor *tensor)
{
    size_t length = (size_t)snprintf(text, size, "%s(", ql_element_write(tensor->type));
    for (int axis = 0; axis < tensor->rank; axis++) {
        length += (size_t)snprintf(text + length, size - length, axis == 0 ? "%d" : ", %d", tensor->dims[axis]);
    }
    (void)snprintf(text + length, size - length, ")");
}

bool conformance_compare(struct case_report *report, const struct conformance_case *c)
{
    for (int k = 0; k < report->ours.count; k++) {
        const struct case_tensor *ours = &report->ours.tensors[k];
        const struct case_tensor *theirs = &report->theirs.tensors[k];
        const size_t bytes = ql_element_bytes(ours->type);
        if (!have_same_shape(ours, theirs)) {
            char shapes[2][128];
            write_shape(shapes[0], sizeof shapes[0], ours);
            write_shape(shapes[1], sizeof shapes[1], theirs);
            (void)snprintf(report->message, sizeof report->message, "%s is %s here and %s in ONNX Runtime", ours->name,
                           shapes[0], shapes[1]);
            return false;
        }
        for (int i = 0; i < ours->count; i++) {
            const size_t place = (size_t)i * bytes;
            if (memcmp((const char *)ours->data + place, (const char *)theirs->data + place, bytes) == 0) {
                continue;
            }
            const double a = element(ours, i);
            const double b = element(theirs, i);
            if (case_is_float(ours->type)) {
                if (c->ignores_nan && isnan(a)) {
                    continue;
                }
                const double allowed = c->absolute + c->relative * fabs(b);
                const double apart = fabs(a - b);
                if (a == b || (isnan(a) && isnan(b))) {
                    continue;
                }
                if (apart <= allowed && isfinite(b)) {
                    report->used = apart / allowed > report->used ? apart / allowed : report->used;
                    continue;
                }
            }
            (void)snprintf(report->message, sizeof report->message,
                           "%s: element %d of %d is %.17g here and %.17g in ONNX Runtime", ours->name, i, ours->count,
                           a, b);
            return false;
        }
    }
    return true;
}

enum ql_status conformance_check(struct case_report *report, struct conformance_case *c, struct ql_process *server,
                                 struct ql_error *error)
{
    struct ql_error ours = {QL_OK, ""};
    struct ql_error theirs = {QL_OK, ""};

    *report = (struct case_report){.outcome = CASE_AGREED};
    enum ql_status status = ql_graph_check(&c->graph, error);
    if (status == QL_OK && c->twin.node_count > 0) {
        status = ql_graph_check(&c->twin, error);
    }
    if (status != QL_OK) {
        return status;
    }
    const enum ql_status our_status = conformance_run(&report->ours, c, &ours);
    enum ql_status their_status =
        run_ort(&report->theirs, c, c->twin.node_count > 0 ? &c->twin : &c->graph, server, &theirs);
    if (their_status != QL_OK && server->pid != 0 && c->twin.node_count == 0 && add_wide_twin(c)) {
        struct ql_error ignored;
        report->outcome = CASE_WIDENED;
        their_status = run_ort(&report->theirs, c, &c->twin, server, &ignored);
    }
    if (their_status != QL_OK) {
        report->outcome = CASE_REFUSED;
        (void)snprintf(report->message, sizeof report->message, "%s", theirs.message);
        // A case that ONNX Runtime refuses must still be computed, or refused, consistently.
        if (our_status == QL_ERROR_NUMERIC) {
            report->outcome = CASE_DIFFERED;
            (void)snprintf(report->message, sizeof report->message, "%s", ours.message);
        }
    } else if (our_status != QL_OK) {
        report->outcome = CASE_DIFFERED;
        (void)snprintf(report->message, sizeof report->message, "the engine fails: %.400s", ours.message);
    } else if (!conformance_compare(report, c)) {
        report->outcome = CASE_DIFFERED;
    }
    return QL_OK;
}

// --- A case in words ---

static void write_elements(FILE *stream, const struct case_tensor *tensor)
{
    enum { SHOWN_LIMIT = 200 };
    char shape[128];

    write_shape(shape, sizeof shape, tensor);
    (void)fprintf(stream, "%s", shape);
    for (int i = 0; i < tensor->count && i < SHOWN_LIMIT; i++) {
        (void)fprintf(stream, " %.9g", element(tensor, i));
    }
    (void)fprintf(stream, "%s\n", tensor->count > SHOWN_LIMIT ? " ..." : "");
}

static void write_operands(FILE *stream, const struct ql_graph *graph, const int *operands, int count)
{
    for (int k = 0; k < count; k++) {
        (void)fprintf(stream, " %s", operands[k] < 0 ? "-" : graph->values[operands[k]].name);
    }
}

static void write_attribute(FILE *stream, const struct ql_attribute *attribute)
{
    (void)fprintf(stream, "    %s =", attribute->name);
    for (int i = 0; i < attribute->count; i++) {
        if (attribute->ints != NULL) {
            (void)fprintf(stream, " %lld", (long long)attribute->ints[i]);
        } else if (attribute->floats != NULL) {
            (void)fprintf(stream, " %.9g", (double)attribute->floats[i]);
        } else if (attribute->strings != NULL) {
            (void)fprintf(stream, " %s", attribute->strings[i]);
        } else {
            (void)fprintf(stream, " a tensor");
        }
    }
    (void)fprintf(stream, "\n");
}

void conformance_write(FILE *stream, const struct conformance_case *c, const struct case_report *report)
{
    const struct ql_graph *graph = &c->graph;

    (void)fprintf(stream, "%s, operators of version %d\n", c->id, graph->opset);
    for (int i = 0; i < graph->value_count; i++) {
        const struct ql_value *value = &graph->values[i];
        struct case_tensor tensor = {.type = value->type, .rank = value->rank, .count = 1};
        const void *data = value->data;
        const int *dims = value->dims;
        for (int k = 0; k < graph->input_count; k++) {
            if (graph->inputs[k] == i) {
                data = c->contents[k];
                dims = c->dims[k];
            }
        }
        if (data == NULL) {
            continue;
        }
        for (int axis = 0; axis < value->rank; axis++) {
            tensor.dims[axis] = dims[axis];
            tensor.count *= dims[axis];
        }
        tensor.data = (void *)(uintptr_t)data;
        (void)fprintf(stream, "  %s: ", value->name);
        write_elements(stream, &tensor);
    }
    for (int n = 0; n < graph->node_count; n++) {
        const struct ql_node *node = &graph->nodes[n];
        write_operands(stream, graph, node->outputs, node->output_count);
        (void)fprintf(stream, " = %s", node->operator_name);
        write_operands(stream, graph, node->inputs, node->input_count);
        (void)fprintf(stream, "\n");
        for (int k = 0; k < node->attribute_count; k++) {
            write_attribute(stream, &node->attributes[k]);
        }
    }
    for (int k = 0; k < report->ours.count; k++) {
        (void)fprintf(stream, "  %s, here: ", report->ours.tensors[k].name);
        write_elements(stream, &report->ours.tensors[k]);
        if (k < report->theirs.count && report->theirs.tensors[k].data != NULL) {
            (void)fprintf(stream, "  %s, ONNX Runtime: ", report->theirs.tensors[k].name);
            write_elements(stream, &report->theirs.tensors[k]);
        }
    }
}
