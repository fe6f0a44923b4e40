// What a name of a model is known to be before the model is compiled: see known_value.h. Nodes come in the order in
// which they are computed, so what is known of a node follows from what is known of its inputs already.
#include "onnx/known_value.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

static const struct ql_known_value nothing = {.rank = -1, .count = -1};

static const struct ql_known_entry *find_entry(struct ql_known_values *values, const char *name)
{
    const int number = ql_name_table_find(&values->names, name);
    return number < 0 ? NULL : &values->entries[number];
}

void ql_known_value_find(struct ql_known_value *known, struct ql_known_values *values, const char *name)
{
    const struct ql_known_entry *entry = find_entry(values, name);
    *known = entry == NULL || entry->known == NULL ? nothing : *entry->known;
}

// --- Nodes ---

static const Onnx__AttributeProto *find_attribute(const Onnx__NodeProto *node, const char *name)
{
    for (size_t k = 0; k < node->n_attribute; k++) {
        if (node->attribute[k]->name != NULL && strcmp(node->attribute[k]->name, name) == 0) {
            return node->attribute[k];
        }
    }
    return NULL;
}

static int64_t read_int(const Onnx__NodeProto *node, const char *name, int64_t otherwise)
{
    const Onnx__AttributeProto *attribute = find_attribute(node, name);
    return attribute != NULL && attribute->has_i ? attribute->i : otherwise;
}

// A list that is an attribute, or an input since some version. Returns its length, or -1.
static int read_list(int64_t numbers[QL_KNOWN_LIMIT], struct ql_known_values *values, const Onnx__NodeProto *node,
                     const char *name, size_t input)
{
    const Onnx__AttributeProto *attribute = find_attribute(node, name);
    struct ql_known_value known = nothing;

    if (attribute != NULL && attribute->n_ints <= QL_KNOWN_LIMIT) {
        known.count = (int)attribute->n_ints;
        for (int k = 0; k < known.count; k++) {
            known.numbers[k] = attribute->ints[k];
        }
    } else if (input < node->n_input && node->input[input][0] != '\0') {
        ql_known_value_find(&known, values, node->input[input]);
    }
    memcpy(numbers, known.numbers, sizeof known.numbers);
    return known.count;
}

static bool is_one_of(const char *name, const char *const *list)
{
    while (*list != NULL && strcmp(*list, name) != 0) {
        list++;
    }
    return *list != NULL;
}

// --- Numbers ---

static void set_number(struct ql_known_value *known, int type, int64_t number)
{
    *known = (struct ql_known_value){.type = type, .rank = 0, .count = 1, .numbers = {number}};
}

static void read_tensor(struct ql_known_value *known, const Onnx__TensorProto *tensor)
{
    const int type = tensor->has_data_type ? tensor->data_type : 0;
    const size_t bytes = type == TYPE(INT64) ? 8 : type == TYPE(INT32) ? 4 : type == TYPE(BOOL) ? 1 : 0;
    int64_t count = 1;

    *known = nothing;
    known->type = type;
    if (tensor->n_dims > QL_KNOWN_LIMIT) {
        return;
    }
    known->rank = (int)tensor->n_dims;
    for (size_t k = 0; k < tensor->n_dims; k++) {
        known->dims[k] = tensor->dims[k];
        count = tensor->dims[k] < 0 || tensor->dims[k] > QL_KNOWN_LIMIT ? QL_KNOWN_LIMIT + 1 : count * tensor->dims[k];
        count = count > QL_KNOWN_LIMIT ? QL_KNOWN_LIMIT + 1 : count;
    }
    if (bytes == 0 || tensor->n_dims > 1 || count > QL_KNOWN_LIMIT) {
        return;
    }
    const bool is_raw = tensor->has_raw_data && tensor->raw_data.len == bytes * (size_t)count;
    const size_t listed = bytes == 8 ? tensor->n_int64_data : tensor->n_int32_data;
    if (!is_raw && listed != (size_t)count) {
        return;
    }
    for (int k = 0; k < count; k++) {
        int32_t narrow = 0;
        if (is_raw && bytes == 8) {
            memcpy(&known->numbers[k], tensor->raw_data.data + 8 * (size_t)k, 8);
            continue;
        }
        if (is_raw) {
            memcpy(&narrow, tensor->raw_data.data + bytes * (size_t)k, bytes == 4 ? 4 : 1);
        }
        known->numbers[k] = bytes == 8 ? tensor->int64_data[k] : is_raw ? narrow : tensor->int32_data[k];
    }
    known->count = (int)count;
}

// A number as the type holds it: the last bits of one that is too large.
static int64_t in_type(int64_t number, int type)
{
    return type == TYPE(BOOL) ? number != 0 : type == TYPE(INT32) ? (int32_t)(uint32_t)(uint64_t)number : number;
}

// Sums and products must not overflow; numbers this large are not sizes.
static bool is_small(int64_t number)
{
    return number > -(INT64_C(1) << 31) && number < INT64_C(1) << 31;
}

// Applies the operation to a and b; false if the result is undefined, or could overflow.
static bool calculate(int64_t *result, const char *operation, int64_t a, int64_t b)
{
    static const char *const sums[] = {"Add", "Sub", "Mul", NULL};

    if (is_one_of(operation, sums)) {
        if (!is_small(a) || !is_small(b)) {
            return false;
        }
        *result = operation[0] == 'A' ? a + b : operation[0] == 'S' ? a - b : a * b;
        return true;
    }
    if (strcmp(operation, "Div") == 0) {
        if (!is_small(a) || !is_small(b) || b == 0) {
            return false;
        }
        *result = a / b;
        return true;
    }
    *result = strcmp(operation, "Less") == 0             ? a < b
              : strcmp(operation, "LessOrEqual") == 0    ? a <= b
              : strcmp(operation, "Greater") == 0        ? a > b
              : strcmp(operation, "GreaterOrEqual") == 0 ? a >= b
              : strcmp(operation, "Equal") == 0          ? a == b
              : strcmp(operation, "And") == 0            ? a != 0 && b != 0
              : strcmp(operation, "Or") == 0             ? a != 0 || b != 0
              : strcmp(operation, "Min") == 0            ? (a < b ? a : b)
                                                         : (a > b ? a : b);
    return true;
}

static void combine(struct ql_known_value *known, const char *operation, const struct ql_known_value *a,
                    const struct ql_known_value *b)
{
    static const char *const comparisons[] = {"Less",  "LessOrEqual", "Greater", "GreaterOrEqual",
                                              "Equal", "And",         "Or",      NULL};
    const int count = a->count == 0 || b->count == 0 ? 0 : a->count > b->count ? a->count : b->count;

    // The sizes of the operands, broadcast.
    known->rank = a->rank < 0 || b->rank < 0 ? -1 : a->rank > b->rank ? a->rank : b->rank;
    for (int k = 0; k < known->rank; k++) {
        const int at_a = k - known->rank + a->rank, at_b = k - known->rank + b->rank;
        const int64_t of_a = at_a < 0 ? 1 : a->dims[at_a], of_b = at_b < 0 ? 1 : b->dims[at_b];
        known->dims[k] = of_a == 1 ? of_b : of_b == 1 || of_a == of_b ? of_a : of_a < 0 ? of_b : of_a;
    }
    known->type = is_one_of(operation, comparisons) ? TYPE(BOOL) : a->type;
    if (a->count < 0 || b->count < 0 || (a->count != b->count && a->count != 1 && b->count != 1)) {
        return;
    }
    for (int k = 0; k < count; k++) {
        if (!calculate(&known->numbers[k], operation, a->numbers[a->count == 1 ? 0 : k],
                       b->numbers[b->count == 1 ? 0 : k])) {
            return;
        }
        known->numbers[k] = in_type(known->numbers[k], known->type);
    }
    known->count = count;
}

// Selects numbers of a list by index: Gather along the first axis.
static void gather(struct ql_known_value *known, const struct ql_known_value *data, const struct ql_known_value *places)
{
    known->type = data->type;
    if (data->rank >= 1 && places->rank >= 0 && data->rank - 1 + places->rank <= QL_KNOWN_LIMIT) {
        known->rank = data->rank - 1 + places->rank;
        memcpy(known->dims, places->dims, (size_t)places->rank * sizeof known->dims[0]);
        memcpy(known->dims + places->rank, data->dims + 1, (size_t)(data->rank - 1) * sizeof known->dims[0]);
    }
    if (data->count < 0 || places->count < 0 || data->rank != 1) {
        return;
    }
    for (int k = 0; k < places->count; k++) {
        const int64_t place = places->numbers[k] < 0 ? places->numbers[k] + data->count : places->numbers[k];
        if (place < 0 || place >= data->count) {
            return;
        }
        known->numbers[k] = data->numbers[place];
    }
    known->count = places->count;
}

static void join(struct ql_known_value *known, struct ql_known_values *values, const Onnx__NodeProto *node)
{
    struct ql_known_value part;
    int count = 0;

    for (size_t k = 0; k < node->n_input; k++) {
        ql_known_value_find(&part, values, node->input[k]);
        if (part.rank != 1 || part.count < 0 || count + part.count > QL_KNOWN_LIMIT) {
            return;
        }
        memcpy(known->numbers + count, part.numbers, (size_t)part.count * sizeof part.numbers[0]);
        count += part.count;
        known->type = part.type;
    }
    known->rank = 1;
    known->dims[0] = count;
    known->count = count;
}

// The sizes of values that are concatenated along an axis.
static void stack(struct ql_known_value *known, struct ql_known_values *values, const Onnx__NodeProto *node)
{
    struct ql_known_value part, whole = nothing;
    int64_t axis = read_int(node, "axis", 0);

    for (size_t k = 0; k < node->n_input; k++) {
        ql_known_value_find(&part, values, node->input[k]);
        axis = k == 0 && axis < 0 ? axis + part.rank : axis;
        if (part.rank < 1 || axis < 0 || axis >= part.rank || part.dims[axis] < 0 ||
            (k > 0 && part.rank != whole.rank) || !is_small(part.dims[axis])) {
            return;
        }
        part.dims[axis] += k > 0 ? whole.dims[axis] : 0;
        whole = part;
    }
    whole.count = -1;
    *known = whole;
}

static int64_t limit_place(int64_t place, int count)
{
    place = place < 0 ? place + count : place;
    return place < 0 ? 0 : place > count ? count : place;
}

static void cut(struct ql_known_value *known, struct ql_known_values *values, const Onnx__NodeProto *node,
                const struct ql_known_value *data)
{
    int64_t first[QL_KNOWN_LIMIT], last[QL_KNOWN_LIMIT], axes[QL_KNOWN_LIMIT] = {0}, steps[QL_KNOWN_LIMIT] = {1};
    const int lists = read_list(first, values, node, "starts", 1);
    const int ends = read_list(last, values, node, "ends", 2);
    const int listed = read_list(axes, values, node, "axes", 3);
    const int stepped = node->n_input > 4 ? read_list(steps, values, node, "", 4) : -1;

    if (data->rank != 1 || data->count < 0 || lists != 1 || ends != 1 ||
        (listed >= 0 && axes[0] != 0 && axes[0] != -1) || (node->n_input > 4 && (stepped != 1 || steps[0] != 1))) {
        return;
    }
    const int64_t begin = limit_place(first[0], data->count), end = limit_place(last[0], data->count);
    known->type = data->type;
    known->rank = 1;
    known->count = end > begin ? (int)(end - begin) : 0;
    known->dims[0] = known->count;
    memcpy(known->numbers, data->numbers + begin, (size_t)known->count * sizeof known->numbers[0]);
}

// --- Sizes ---

static void read_declared(struct ql_known_value *known, const Onnx__ValueInfoProto *info)
{
    const Onnx__TypeProto *type = info->type;

    if (type == NULL || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE || type->tensor_type->shape == NULL ||
        type->tensor_type->shape->n_dim > QL_KNOWN_LIMIT) {
        return;
    }
    const Onnx__TensorShapeProto *shape = type->tensor_type->shape;
    known->type = type->tensor_type->elem_type;
    known->rank = (int)shape->n_dim;
    for (int k = 0; k < known->rank; k++) {
        const bool is_said = shape->dim[k]->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        known->dims[k] = is_said && shape->dim[k]->dim_value > 0 ? shape->dim[k]->dim_value : -1;
    }
}

static void transpose(struct ql_known_value *known, const Onnx__NodeProto *node, const struct ql_known_value *data)
{
    const Onnx__AttributeProto *perm = find_attribute(node, "perm");

    known->rank = data->rank;
    for (int k = 0; k < data->rank; k++) {
        const int64_t from = perm == NULL || perm->n_ints != (size_t)data->rank ? data->rank - 1 - k : perm->ints[k];
        known->dims[k] = from >= 0 && from < data->rank ? data->dims[from] : -1;
    }
}

// Squeeze and Unsqueeze, by axes that are known. The numbers do not change.
static void change_rank(struct ql_known_value *known, struct ql_known_values *values, const Onnx__NodeProto *node,
                        const struct ql_known_value *data, bool adds)
{
    int64_t axes[QL_KNOWN_LIMIT];
    const int count = read_list(axes, values, node, "axes", 1);
    const bool has_axes = count >= 0, squeezes_all = !adds && !has_axes && node->n_input < 2;
    const int rank = adds ? data->rank + count : data->rank;
    bool marked[2 * QL_KNOWN_LIMIT] = {false};

    known->type = data->type;
    known->count = data->count;
    memcpy(known->numbers, data->numbers, sizeof known->numbers);
    if (data->rank < 0 || (!has_axes && !squeezes_all) || rank > QL_KNOWN_LIMIT) {
        return;
    }
    for (int k = 0; k < count; k++) {
        const int64_t axis = axes[k] < 0 ? axes[k] + rank : axes[k];
        if (axis < 0 || axis >= rank) {
            return;
        }
        marked[axis] = true;
    }
    for (int k = 0; k < rank && squeezes_all; k++) {
        if (data->dims[k] < 0) {
            return; // it may be 1
        }
    }
    known->rank = 0;
    for (int k = 0, from = 0; k < rank; k++) {
        if (adds) {
            known->dims[known->rank++] = marked[k] || from >= data->rank ? 1 : data->dims[from++];
        } else if (squeezes_all ? data->dims[k] != 1 : !marked[k]) {
            known->dims[known->rank++] = data->dims[k];
        }
    }
}

static void multiply(struct ql_known_value *known, const struct ql_known_value *a, const struct ql_known_value *b)
{
    if (a->rank >= 2 && b->rank == 2) {
        *known = *a;
        known->count = -1;
        known->dims[a->rank - 1] = b->dims[1];
    }
}

// --- Nodes as a whole ---

// Long because of a case for each operator.
static void read_node(struct ql_known_value *known, struct ql_known_values *values, const Onnx__NodeProto *node)
{
    // These keep the sizes, and either leave integers unchanged or apply only to floats.
    static const char *const keeping[] = {"Cast", "Identity", "Tanh",      "Sigmoid", "Relu",    "Neg",        "Exp",
                                          "Clip", "Softmax",  "LeakyRelu", "Elu",     "Dropout", "LogSoftmax", NULL};
    static const char *const two[] = {"Add",  "Sub", "Mul",   "Div",         "Min",     "Max",
                                      "And",  "Or",  "Equal", "LessOrEqual", "Greater", "GreaterOrEqual",
                                      "Less", NULL};
    const char *name = node->op_type;
    struct ql_known_value a = nothing, b = nothing;

    if (strcmp(name, "Constant") == 0) {
        const Onnx__AttributeProto *value = find_attribute(node, "value"), *one = find_attribute(node, "value_int");
        if (value != NULL && value->t != NULL) {
            read_tensor(known, value->t);
        } else if (one != NULL && one->has_i) {
            set_number(known, TYPE(INT64), one->i);
        }
        return;
    }
    if (node->n_input < 1) {
        return;
    }
    ql_known_value_find(&a, values, node->input[0]);
    if (node->n_input > 1 && node->input[1][0] != '\0') {
        ql_known_value_find(&b, values, node->input[1]);
    }
    if (strcmp(name, "Identity") == 0) {
        *known = a;
    } else if (strcmp(name, "Cast") == 0) {
        const int64_t to = read_int(node, "to", 0);
        const bool is_whole = to == TYPE(INT64) || to == TYPE(INT32) || to == TYPE(BOOL);
        *known = a;
        known->type = (int)to;
        known->count = is_whole ? a.count : -1;
        for (int k = 0; k < known->count; k++) {
            known->numbers[k] = in_type(a.numbers[k], known->type);
        }
    } else if (strcmp(name, "Not") == 0) {
        *known = a;
        for (int k = 0; k < a.count; k++) {
            known->numbers[k] = a.numbers[k] == 0;
        }
    } else if (strcmp(name, "Shape") == 0 && node->n_attribute == 0 && a.rank >= 0) {
        *known = (struct ql_known_value){.type = TYPE(INT64), .rank = 1, .dims = {a.rank}, .count = a.rank};
        for (int k = 0; k < a.rank; k++) {
            known->numbers[k] = a.dims[k];
            known->count = a.dims[k] < 0 ? -1 : known->count;
        }
    } else if (is_one_of(name, two)) {
        if (node->n_input == 2) {
            combine(known, name, &a, &b);
        }
    } else if (is_one_of(name, keeping)) {
        *known = a;
        known->count = -1;
    } else if (strcmp(name, "Gather") == 0 && read_int(node, "axis", 0) == 0) {
        gather(known, &a, &b);
    } else if (strcmp(name, "Concat") == 0 && read_int(node, "axis", 0) == 0 && a.rank == 1) {
        join(known, values, node);
    } else if (strcmp(name, "Concat") == 0) {
        stack(known, values, node);
    } else if (strcmp(name, "Slice") == 0) {
        cut(known, values, node, &a);
    } else if (strcmp(name, "Transpose") == 0) {
        transpose(known, node, &a);
    } else if (strcmp(name, "Squeeze") == 0 || strcmp(name, "Unsqueeze") == 0) {
        change_rank(known, values, node, &a, name[0] == 'U');
    } else if (strcmp(name, "MatMul") == 0) {
        multiply(known, &a, &b);
    }
}

// A size of which only some are known: Shape(x)[0] where x is (5, ?).
static bool read_single_size(struct ql_known_value *known, struct ql_known_values *values, const Onnx__NodeProto *node)
{
    struct ql_known_value places = nothing, of = nothing;

    if (strcmp(node->op_type, "Gather") != 0 || node->n_input != 2) {
        return false;
    }
    const struct ql_known_entry *entry = find_entry(values, node->input[0]);
    const Onnx__NodeProto *shape = entry == NULL ? NULL : entry->maker;
    if (shape == NULL || strcmp(shape->op_type, "Shape") != 0 || shape->n_input != 1 || shape->n_attribute > 0) {
        return false;
    }
    ql_known_value_find(&of, values, shape->input[0]);
    ql_known_value_find(&places, values, node->input[1]);
    if (of.rank < 0 || places.count != 1) {
        return false;
    }
    const int64_t place = places.numbers[0] < 0 ? places.numbers[0] + of.rank : places.numbers[0];
    if (place < 0 || place >= of.rank || of.dims[place] < 0) {
        return false;
    }
    set_number(known, TYPE(INT64), of.dims[place]);
    known->rank = places.rank;
    known->dims[0] = 1;
    return true;
}

// --- The values of a graph ---

static bool is_known(const struct ql_known_value *known)
{
    return known->rank >= 0 || known->count >= 0;
}

// Adds what is known of a name. `maker` may be NULL.
static bool add(struct ql_known_values *values, const char *name, const Onnx__NodeProto *maker,
                const struct ql_known_value *known)
{
    if (values->count == values->room) {
        const int larger = 2 * values->room + 64;
        struct ql_known_entry *moved =
            larger > INT_MAX / 4 ? NULL : realloc(values->entries, (size_t)larger * sizeof moved[0]);
        if (moved == NULL) {
            return false;
        }
        values->entries = moved;
        values->room = larger;
    }
    struct ql_known_value *kept = is_known(known) ? ql_arena_take(&values->arena, 1, sizeof *kept) : NULL;
    if (values->arena.exhausted || !ql_name_table_add(&values->names, name, values->count)) {
        return false;
    }
    if (kept != NULL) {
        *kept = *known;
    }
    values->entries[values->count++] = (struct ql_known_entry){maker, kept};
    return true;
}

bool ql_known_values_add_input(struct ql_known_values *values, const Onnx__ValueInfoProto *info)
{
    struct ql_known_value known = nothing;

    if (info->name == NULL || info->name[0] == '\0') {
        return true;
    }
    read_declared(&known, info);
    return add(values, info->name, NULL, &known);
}

bool ql_known_values_add_tensor(struct ql_known_values *values, const Onnx__TensorProto *tensor)
{
    struct ql_known_value known = nothing;

    if (tensor->name == NULL || tensor->name[0] == '\0') {
        return true;
    }
    read_tensor(&known, tensor);
    return add(values, tensor->name, NULL, &known);
}

bool ql_known_values_add_node(struct ql_known_values *values, const Onnx__NodeProto *node)
{
    struct ql_known_value known = nothing;

    if (node->op_type == NULL || node->n_output == 0 || node->output[0][0] == '\0') {
        return true;
    }
    if (!read_single_size(&known, values, node)) {
        read_node(&known, values, node);
    }
    return add(values, node->output[0], node, &known);
}

void ql_known_values_cut(struct ql_known_values *values, int count)
{
    ql_name_table_cut(&values->names, count);
    values->count = count;
}

void ql_known_values_free(struct ql_known_values *values)
{
    ql_name_table_free(&values->names);
    ql_arena_free(&values->arena);
    free(values->entries);
    *values = (struct ql_known_values){0};
}

bool ql_known_value_read(int64_t *number, struct ql_known_values *values, const char *name)
{
    struct ql_known_value known;

    ql_known_value_find(&known, values, name);
    *number = known.count == 1 ? known.numbers[0] : 0;
    return known.count == 1;
}
