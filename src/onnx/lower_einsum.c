// Lowers Einsum: sums over products of elements whose axes have letters, as in "bij,bjk->bik". The operands are joined one
// after another; a pair becomes a product of matrices, for which the axes of both are put in order.
// Uses: onnx/{lower,lower_compose}.
#include <string.h>

#include "onnx/lower_compose.h"
#include "onnx/lower_operators.h"

// Letters are labels 0 to 51. The axes of an ellipsis follow, from the last one on, as they broadcast.
enum { LETTERS = 52, LABELS = LETTERS + QL_RANK_LIMIT };

// The labels of some axes, in their order.
struct labels {
    int count;
    unsigned char list[QL_RANK_LIMIT];
};

// A value, one label for each of its axes.
struct operand {
    int value;
    struct labels labels;
};

static bool has(const struct labels *labels, int label)
{
    return memchr(labels->list, label, (size_t)labels->count) != NULL;
}

static void append(struct ql_lower *lower, struct labels *labels, int label)
{
    if (labels->count == QL_RANK_LIMIT) {
        ql_lower_fail(lower, "a term or a product has more than %d axes", QL_RANK_LIMIT);
    } else {
        labels->list[labels->count++] = (unsigned char)label;
    }
}

static int size_of(const struct ql_lower *lower, const struct operand *operand, int label)
{
    const unsigned char *at = memchr(operand->labels.list, label, (size_t)operand->labels.count);
    return ql_lower_value(lower, operand->value)->dims[at - operand->labels.list];
}

// --- The equation ---

// -1 for what is not a letter.
static int read_letter(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : -1;
}

// Reads a term up to its end. An ellipsis stands for as many axes as are left of `rank`, or, for a rank of -1, for `wide`.
static const char *read_term(struct ql_lower *lower, struct labels *labels, const char *text, int rank, int wide)
{
    const size_t length = strcspn(text, ",-");
    int letters = 0;

    labels->count = 0;
    for (size_t k = 0; k < length; k++) {
        letters += read_letter(text[k]) >= 0;
    }
    for (size_t k = 0; k < length && lower->status == QL_OK; k++) {
        if (read_letter(text[k]) >= 0) {
            append(lower, labels, read_letter(text[k]));
        } else if (strncmp(text + k, "...", 3) == 0) {
            for (int axis = (rank < 0 ? wide : rank - letters) - 1; axis >= 0; axis--) {
                append(lower, labels, LETTERS + axis);
            }
            k += 2;
        } else if (text[k] != ' ') {
            ql_lower_fail(lower, "the equation has '%c' in it, which is not a letter", text[k]);
        }
    }
    if (lower->status == QL_OK && rank >= 0 && labels->count != rank) {
        ql_lower_fail(lower, "a term of the equation has %d axes, but its input has %d", labels->count, rank);
    }
    return text + length;
}

// Without an arrow, the result has the axes of the ellipsis, and the letters that are there once, in their order.
static void infer_output(struct ql_lower *lower, struct labels *output, const struct operand *operands, int wide)
{
    output->count = 0;
    for (int axis = wide - 1; axis >= 0; axis--) {
        append(lower, output, LETTERS + axis);
    }
    for (int letter = 0; letter < LETTERS; letter++) {
        int times = 0;
        for (int k = 0; k < lower->input_count; k++) {
            for (int axis = 0; axis < operands[k].labels.count; axis++) {
                times += operands[k].labels.list[axis] == letter;
            }
        }
        if (times == 1) {
            append(lower, output, letter);
        }
    }
}

static void check_output(struct ql_lower *lower, const struct labels *output, const struct operand *operands)
{
    for (int axis = 0; axis < output->count; axis++) {
        const int label = output->list[axis];
        bool found = label >= LETTERS;
        for (int k = 0; k < lower->input_count; k++) {
            found = found || has(&operands[k].labels, label);
        }
        if (!found || memchr(output->list, label, (size_t)axis) != NULL) {
            ql_lower_fail(lower, "the equation's result must have letters of its inputs, each once");
        }
    }
}

// Sets the labels of the operands and of the result.
static void read_equation(struct ql_lower *lower, struct operand *operands, struct labels *output)
{
    const char *text = ql_lower_string(lower, "equation", "");
    int wide = 0;

    for (int k = 0; k < lower->input_count && lower->status == QL_OK; k++) {
        operands[k].value = ql_lower_input(lower, k);
        text = read_term(lower, &operands[k].labels, text, ql_lower_value(lower, operands[k].value)->rank, 0);
        if ((*text == ',') != (k + 1 < lower->input_count)) {
            ql_lower_fail(lower, "the equation does not have one term for each of its %d inputs", lower->input_count);
            return;
        }
        text += *text == ',';
        for (int axis = 0; axis < operands[k].labels.count; axis++) {
            const int above = operands[k].labels.list[axis] - LETTERS + 1;
            wide = above > wide ? above : wide;
        }
    }
    if (lower->status != QL_OK) {
        return;
    }
    if (*text == '\0') {
        infer_output(lower, output, operands, wide);
    } else if (strncmp(text, "->", 2) != 0 || *read_term(lower, output, text + 2, -1, wide) != '\0') {
        ql_lower_fail(lower, "the equation must end with '->' and one term, or have neither");
    }
    check_output(lower, output, operands);
}

// --- One operand ---

// The elements whose indices on axes with the same label are equal.
static void take_diagonals(struct ql_lower *lower, struct operand *operand)
{
    const struct ql_program_value v = *ql_lower_value(lower, operand->value);
    struct labels distinct = {0};
    int own[QL_RANK_LIMIT], dims[QL_RANK_LIMIT], strides_y[QL_RANK_LIMIT], strides_x[QL_RANK_LIMIT] = {0};

    ql_lower_strides(v.rank, v.dims, own);
    for (int axis = 0; axis < v.rank; axis++) {
        const int label = operand->labels.list[axis];
        if (!has(&distinct, label)) {
            dims[distinct.count] = v.dims[axis];
            append(lower, &distinct, label);
        }
        const int place = (int)((unsigned char *)memchr(distinct.list, label, (size_t)distinct.count) - distinct.list);
        if (dims[place] != v.dims[axis]) {
            ql_lower_fail(lower, "a letter has the sizes %d and %d", dims[place], v.dims[axis]);
            return;
        }
        strides_x[place] += own[axis];
    }
    if (distinct.count < v.rank) {
        const int y = ql_lower_temporary(lower, v.type, distinct.count, dims);
        ql_lower_strides(distinct.count, dims, strides_y);
        ql_lower_copy(lower, y, operand->value, distinct.count, dims, strides_y, strides_x);
        *operand = (struct operand){y, distinct};
    }
}

// Sums over the axes whose labels are neither wanted nor in `other`, which may be NULL.
static void sum_unwanted(struct ql_lower *lower, struct operand *operand, const bool *wanted,
                         const struct labels *other)
{
    bool marks[QL_RANK_LIMIT] = {false};
    struct labels left = {0};

    for (int axis = 0; axis < operand->labels.count; axis++) {
        const int label = operand->labels.list[axis];
        marks[axis] = !wanted[label] && (other == NULL || !has(other, label));
        if (!marks[axis]) {
            append(lower, &left, label);
        }
    }
    if (left.count < operand->labels.count) {
        *operand = (struct operand){ql_lower_reduced(lower, operand->value, "add", marks, false), left};
    }
}

// The operand's value with its axes in the order of the labels, which are all of its own.
static int arranged(struct ql_lower *lower, const struct operand *operand, const struct labels *labels)
{
    int order[QL_RANK_LIMIT];

    for (int axis = 0; axis < labels->count; axis++) {
        const unsigned char *at = memchr(operand->labels.list, labels->list[axis], (size_t)operand->labels.count);
        order[axis] = (int)(at - operand->labels.list);
    }
    return ql_lower_transposed(lower, operand->value, order);
}

// --- Two operands ---

// Removes axes of size 1 that are longer in the other operand.
static void drop_short(struct ql_lower *lower, struct operand *operand, const struct operand *other)
{
    const struct ql_program_value v = *ql_lower_value(lower, operand->value);
    struct labels left = {0};
    int dims[QL_RANK_LIMIT];

    for (int axis = 0; axis < v.rank; axis++) {
        const int label = operand->labels.list[axis];
        const int size = has(&other->labels, label) ? size_of(lower, other, label) : v.dims[axis];
        if (size != v.dims[axis] && size != 1 && v.dims[axis] != 1) {
            ql_lower_fail(lower, "a letter has the sizes %d and %d", v.dims[axis], size);
            return;
        }
        if (size == v.dims[axis] || v.dims[axis] != 1) {
            dims[left.count] = v.dims[axis];
            append(lower, &left, label);
        }
    }
    *operand = (struct operand){ql_lower_view(lower, operand->value, left.count, dims, 0), left};
}

// The axes of two operands: in both and wanted, in the left one alone, in both and not wanted, in the right one alone. The
// products of their sizes are those of a product of matrices.
enum { BATCH, LEFT, INNER, RIGHT, KINDS };

struct pair {
    struct labels kinds[KINDS];
    int sizes[KINDS];
};

static void sort_labels(struct ql_lower *lower, struct pair *pair, const struct operand *a, const struct operand *b,
                        const bool *wanted)
{
    *pair = (struct pair){.sizes = {1, 1, 1, 1}};
    for (int k = 0; k < 2; k++) {
        const struct operand *own = k == 0 ? a : b, *other = k == 0 ? b : a;
        for (int axis = 0; axis < own->labels.count; axis++) {
            const int label = own->labels.list[axis];
            const bool shared = has(&other->labels, label);
            const int kind = !shared ? (k == 0 ? LEFT : RIGHT) : wanted[label] ? BATCH : INNER;
            if (!shared || k == 0) {
                append(lower, &pair->kinds[kind], label);
                pair->sizes[kind] *= size_of(lower, own, label);
            }
        }
    }
}

// The labels of some kinds, one kind after another.
static struct labels joined(struct ql_lower *lower, const struct pair *pair, const int *kinds, int count)
{
    struct labels all = {0};

    for (int k = 0; k < count; k++) {
        for (int axis = 0; axis < pair->kinds[kinds[k]].count; axis++) {
            append(lower, &all, pair->kinds[kinds[k]].list[axis]);
        }
    }
    return all;
}

// The product (batch, M, N) of (batch, M, K) and (batch, K, N), in float.
static int multiply(struct ql_lower *lower, int a, int b, const int *sizes)
{
    const int batch = sizes[BATCH], M = sizes[LEFT], K = sizes[INNER], N = sizes[RIGHT];
    const int dims[] = {batch, M, N};

    if (batch != 1) {
        return ql_lower_matmul(lower, ql_lower_view(lower, a, 3, (const int[]){batch, M, K}, 0),
                               ql_lower_view(lower, b, 3, (const int[]){batch, K, N}, 0));
    }
    const int y = ql_lower_temporary(lower, QL_ELEMENT_F32, 3, dims);
    ql_lower_call(lower, &(struct ql_kernel_call){.kernel = &ql_kernels[QL_KERNEL_GEMM_F32],
                                                  .buffers = {y, a, b, -1},
                                                  .ints = {M, K, N, 0},
                                                  .macs = (int64_t)M * K * N});
    return y;
}

// A value whose axes are those of `labels`, as one that broadcasts to the axes of `all`.
static int spread(struct ql_lower *lower, const struct operand *operand, const struct labels *labels,
                  const struct labels *all)
{
    const int value = arranged(lower, operand, labels);
    int dims[QL_RANK_LIMIT];

    for (int axis = 0; axis < all->count; axis++) {
        dims[axis] = has(labels, all->list[axis]) ? size_of(lower, operand, all->list[axis]) : 1;
    }
    return ql_lower_view(lower, value, all->count, dims, 0);
}

// a = the sum of products of both, with the axes that are wanted.
static void join(struct ql_lower *lower, struct operand *a, struct operand *b, const bool *wanted)
{
    static const int left_kinds[] = {BATCH, LEFT, INNER}, right_kinds[] = {BATCH, INNER, RIGHT};
    static const int result_kinds[] = {BATCH, LEFT, RIGHT}, all_kinds[] = {BATCH, LEFT, INNER, RIGHT};
    const struct operand given = *a;
    struct pair pair;

    drop_short(lower, a, b);
    drop_short(lower, b, &given);
    const struct labels own = a->labels;
    sum_unwanted(lower, a, wanted, &b->labels);
    sum_unwanted(lower, b, wanted, &own);
    if (lower->status != QL_OK) {
        return;
    }
    sort_labels(lower, &pair, a, b, wanted);
    const struct labels left = joined(lower, &pair, left_kinds, 3), right = joined(lower, &pair, right_kinds, 3);
    if (pair.kinds[INNER].count > 0 && ql_lower_value(lower, a->value)->type == QL_ELEMENT_F32) {
        const struct labels result = joined(lower, &pair, result_kinds, 3);
        int dims[QL_RANK_LIMIT];
        for (int axis = 0; axis < result.count; axis++) {
            dims[axis] = size_of(lower, has(&left, result.list[axis]) ? a : b, result.list[axis]);
        }
        const int y = multiply(lower, arranged(lower, a, &left), arranged(lower, b, &right), pair.sizes);
        *a = (struct operand){ql_lower_view(lower, y, result.count, dims, 0), result};
        return;
    }
    const struct labels all = joined(lower, &pair, all_kinds, KINDS);
    if (lower->status == QL_OK) {
        const int x = spread(lower, a, &left, &all), y = spread(lower, b, &right, &all);
        *a = (struct operand){ql_lower_combine(lower, x, y, "mul"), all};
        sum_unwanted(lower, a, wanted, NULL);
    }
}

// --- The operator ---

// Which labels are needed once the operands up to k are joined: those of the result, and of the operands after it.
static void find_wanted(const struct ql_lower *lower, bool *wanted, int k, const struct operand *operands,
                        const struct labels *output)
{
    memset(wanted, 0, LABELS * sizeof wanted[0]);
    for (int axis = 0; axis < output->count; axis++) {
        wanted[output->list[axis]] = true;
    }
    for (int later = k + 1; later < lower->input_count; later++) {
        for (int axis = 0; axis < operands[later].labels.count; axis++) {
            wanted[operands[later].labels.list[axis]] = true;
        }
    }
}

void ql_lower_op_einsum(struct ql_lower *lower)
{
    enum { OPERAND_LIMIT = 16 };
    struct operand operands[OPERAND_LIMIT];
    struct labels output = {0};
    bool wanted[LABELS];

    if (lower->input_count > OPERAND_LIMIT) {
        ql_lower_fail(lower, "it has more than %d inputs", (int)OPERAND_LIMIT);
        return;
    }
    read_equation(lower, operands, &output);
    for (int k = 1; k < lower->input_count; k++) {
        ql_lower_require(lower, ql_lower_input(lower, k), ql_lower_value(lower, ql_lower_input(lower, 0))->type);
    }
    for (int k = 0; k < lower->input_count && lower->status == QL_OK; k++) {
        take_diagonals(lower, &operands[k]);
    }
    if (lower->status != QL_OK) {
        return;
    }
    find_wanted(lower, wanted, 0, operands, &output);
    sum_unwanted(lower, &operands[0], wanted, NULL);
    for (int k = 1; k < lower->input_count && lower->status == QL_OK; k++) {
        find_wanted(lower, wanted, k, operands, &output);
        join(lower, &operands[0], &operands[k], wanted);
    }
    if (lower->status == QL_OK) {
        ql_lower_give(lower, arranged(lower, &operands[0], &output));
    }
}
