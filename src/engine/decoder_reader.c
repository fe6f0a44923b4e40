// Finds the layers of a decoder: see decoder_reader.h. Two things are known of each step of a decoder, wherever the
// graph comes from: a norm ends in a product with a gain, and all else that is learned is a product with a constant
// matrix. Their order says which is which. The operations between them are not examined.
// Uses: base, model/chain, onnx.
#include "engine/decoder_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "onnx/position_line.h"
#include "onnx/recurrent_call.h"

// The learned parts of a layer, and those after the last one, under the names of docs/transformer.md.
static const struct {
    const char *name;
    bool is_gain;
} layer_parts[] = {{"attention_norm", true},   {"attention.query", false},  {"attention.key", false},
                   {"attention.value", false}, {"attention.output", false}, {"feed_norm", true},
                   {"feed.gate", false},       {"feed.up", false},          {"feed.down", false}},
  end_parts[] = {{"norm", true}, {"output", false}};

enum {
    LAYER_PARTS = sizeof layer_parts / sizeof layer_parts[0],
    END_PARTS = sizeof end_parts / sizeof end_parts[0],
    PART_LIMIT = QL_MODEL_LAYER_LIMIT * LAYER_PARTS + END_PARTS,
};

// A gain (columns) or a matrix (rows, columns).
struct part {
    const float *data;
    int rows, columns; // rows is 0 for a gain
    int call;
};

struct reader {
    struct ql_chain *chain;
    const struct ql_program *program;
    struct part parts[PART_LIMIT];
    int part_count;
    struct ql_error *error;
};

static bool is_operation(const struct ql_kernel_call *call, enum ql_kernel_id kernel, const char *operation)
{
    return call->kernel == &ql_kernels[kernel] && call->operations[0] == ql_operation_find(operation);
}

bool ql_decoder_is_read(const struct ql_program *program)
{
    for (int i = 0; i < program->call_count; i++) {
        if (program->calls[i].kernel == &ql_kernels[QL_KERNEL_SOFTMAX_F32]) {
            return true;
        }
    }
    return false;
}

// Says why (printf format) a graph with attention has no integer form, and what would have one.
static enum ql_status fail(const struct reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));

static enum ql_status fail(const struct reader *reader, const char *format, ...)
{
    char reason[QL_ERROR_MESSAGE_BYTES / 2];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    return ql_error_write(reader->error, QL_ERROR_INPUT,
                          "the graph has attention in it, but %s. The decoders with an integer form are those of "
                          "docs/transformer.md, as `quillet export` writes them: if yours computes the same, save its "
                          "weights as a checkpoint, under the names of the module there, and export that",
                          reason);
}

// Returns whether the call multiplies by a constant that is a gain or a matrix; if so, it is written to `part`.
static bool find_part(struct part *part, const struct ql_program *program, int i)
{
    const struct ql_kernel_call *call = &program->calls[i];

    if (call->kernel == &ql_kernels[QL_KERNEL_GEMM_F32] && call->ints[0] == 1) {
        *part = (struct part){ql_program_floats(program, call->buffers[2]), call->ints[1], call->ints[2], i};
        return part->data != NULL;
    }
    if (is_operation(call, QL_KERNEL_BINARY_F32, "ql_mul_f32")) {
        for (int k = 1; k <= 2; k++) {
            const float *data = ql_program_floats(program, call->buffers[k]);
            const int count = program->values[call->buffers[k]].count;
            if (data != NULL && count > 1 && count == program->values[call->buffers[0]].count) {
                *part = (struct part){data, 0, count, i};
                return true;
            }
        }
    }
    return false;
}

static const char *node_name(const struct reader *reader, int number)
{
    return reader->program->graph->nodes[reader->program->calls[reader->parts[number].call].node].name;
}

// The parts must be gains and matrices in the order of a decoder.
static enum ql_status check_order(const struct reader *reader)
{
    const int end = reader->part_count - END_PARTS;

    for (int k = 0; k < reader->part_count; k++) {
        const int l = k / LAYER_PARTS;
        const bool is_gain = k < end ? layer_parts[k % LAYER_PARTS].is_gain : end_parts[k - end].is_gain;
        const char *kind = is_gain ? "matrix" : "gain";
        if (is_gain != (reader->parts[k].rows == 0)) {
            return k < end ? fail(reader, "node '%s' multiplies by a %s, where 'layers.%d.%s' is expected",
                                  node_name(reader, k), kind, l, layer_parts[k % LAYER_PARTS].name)
                           : fail(reader, "node '%s' multiplies by a %s, where '%s' is expected", node_name(reader, k),
                                  kind, end_parts[k - end].name);
        }
    }
    return QL_OK;
}

static enum ql_status find_parts(struct reader *reader)
{
    struct part part;

    for (int i = 0; i < reader->program->call_count; i++) {
        if (!find_part(&part, reader->program, i)) {
            continue;
        }
        if (reader->part_count == PART_LIMIT) {
            return fail(reader, "it has more matrices than %d layers have", QL_MODEL_LAYER_LIMIT);
        }
        reader->parts[reader->part_count++] = part;
    }
    if (reader->part_count < LAYER_PARTS + END_PARTS || (reader->part_count - END_PARTS) % LAYER_PARTS != 0) {
        return fail(reader,
                    "it multiplies by %d learned matrices and gains; a layer has %d (the gain of a norm; query, key, "
                    "value, output; another gain; gate, up, down), and the end has %d (a gain, the output)",
                    reader->part_count, LAYER_PARTS, END_PARTS);
    }
    return check_order(reader);
}

// A copy of part `number`, which must have these sizes; NULL if it has others, or if there is not enough memory.
static const float *take(struct reader *reader, int number, int rows, int columns)
{
    const struct part *part = &reader->parts[number];

    if (part->rows != rows || part->columns != columns) {
        return NULL;
    }
    const size_t count = (size_t)(rows == 0 ? 1 : rows) * (size_t)columns;
    float *copy = ql_arena_take(&reader->chain->arena, count, sizeof *copy);
    if (copy != NULL) {
        memcpy(copy, part->data, count * sizeof *copy);
    }
    return copy;
}

// "layer_0" of the node "layer_0.query".
static const char *take_name(struct reader *reader, int number)
{
    const char *name = node_name(reader, number), *end = strrchr(name, '.');
    const size_t length = end == NULL ? strlen(name) : (size_t)(end - name);
    char *copy = ql_arena_take(&reader->chain->arena, length + 1, 1);

    if (copy == NULL) {
        return "";
    }
    memcpy(copy, name, length);
    copy[length] = '\0';
    return copy;
}

static bool read_layer(struct reader *reader, int l, int E, int size, int context)
{
    const int first = l * LAYER_PARTS, K = reader->parts[first + 2].columns, F = reader->parts[first + 6].columns;
    struct ql_chain_layer *layer = &reader->chain->layers[l];

    *layer = (struct ql_chain_layer){.kind = QL_LAYER_DECODER, .name = take_name(reader, first + 1), .I = E, .H = E};
    layer->decoder = (struct ql_decoder_weights){.heads = E / size,
                                                 .kv_heads = K / size,
                                                 .size = size,
                                                 .feed = F,
                                                 .context = context,
                                                 .attention_norm = take(reader, first, 0, E),
                                                 .query = take(reader, first + 1, E, E),
                                                 .key = take(reader, first + 2, E, K),
                                                 .value = take(reader, first + 3, E, K),
                                                 .output = take(reader, first + 4, E, E),
                                                 .feed_norm = take(reader, first + 5, 0, E),
                                                 .gate = take(reader, first + 6, E, F),
                                                 .up = take(reader, first + 7, E, F),
                                                 .down = take(reader, first + 8, F, E)};
    const struct ql_decoder_weights *w = &layer->decoder, *of_first = &reader->chain->layers[0].decoder;
    return w->attention_norm != NULL && w->query != NULL && w->key != NULL && w->value != NULL && w->output != NULL &&
           w->feed_norm != NULL && w->gate != NULL && w->up != NULL && w->down != NULL && K % size == 0 &&
           w->heads % w->kv_heads == 0 && w->kv_heads == of_first->kv_heads && F == of_first->feed;
}

// The size of a head is twice the number of angles.
static int find_size(const struct ql_program *program)
{
    for (int i = 0; i < program->call_count; i++) {
        if (is_operation(&program->calls[i], QL_KERNEL_UNARY_F32, "ql_cosine_f32")) {
            return 2 * program->values[program->calls[i].buffers[0]].count;
        }
    }
    return 0;
}

// The first layer's input is the first vector that is multiplied by itself, which the norm does.
static int find_input(const struct ql_program *program)
{
    for (int i = 0; i < program->call_count; i++) {
        const struct ql_kernel_call *call = &program->calls[i];
        if (is_operation(call, QL_KERNEL_BINARY_F32, "ql_mul_f32") && call->buffers[1] == call->buffers[2]) {
            return call->buffers[1];
        }
    }
    return -1;
}

// The number of tokens in the cache, for a state of this many floats; 0 if the states are something else.
static int find_context(const struct ql_program *program, const struct ql_model_roles *roles, int L, int K)
{
    int context = 0;

    for (int k = 0; k < roles->state_count; k++) {
        const struct ql_program_value *state = &program->values[program->graph->inputs[roles->states[k].input]];
        if (state->type == QL_ELEMENT_F32) {
            const int own = state->count % (L * K) == 0 ? state->count / (L * K) : 0;
            if (own == 0 || (context != 0 && own != context)) {
                return 0;
            }
            context = own;
        }
    }
    return context;
}

// Sets *counts if one state besides the caches is left, and if that is the number of tokens, whatever the descriptor calls it.
static enum ql_status find_position(const struct reader *reader, const struct ql_model_roles *roles, bool *counts)
{
    enum ql_status status = QL_OK;
    int found = 0;

    *counts = false;
    for (int k = 0; k < roles->state_count && status == QL_OK; k++) {
        const int in = reader->program->graph->inputs[roles->states[k].input];
        const struct ql_program_value *state = &reader->program->values[in];
        if (state->type != QL_ELEMENT_F32) {
            found++;
            status = state->type != QL_ELEMENT_S64 || state->count != 1
                         ? QL_OK
                         : ql_position_counts(counts, reader->program, roles->states[k], 1, reader->error);
        }
    }
    *counts = *counts && found == 1;
    return status;
}

enum ql_status ql_decoder_read(struct ql_chain *chain, int *input, const struct ql_program *program,
                               const struct ql_model_roles *roles, struct ql_error *error)
{
    struct reader reader = {.chain = chain, .program = program, .error = error};
    enum ql_status status = find_parts(&reader);
    bool counts;

    if (status != QL_OK) {
        return status;
    }
    const int L = (reader.part_count - END_PARTS) / LAYER_PARTS, end = L * LAYER_PARTS;
    const int E = reader.parts[0].columns, K = reader.parts[2].columns, size = find_size(program);
    const int context = find_context(program, roles, L, K);

    *input = find_input(program);
    if (size == 0) {
        return fail(&reader, "it computes no cosines: its heads have no rotary positions, or take them from a table");
    }
    if (E % size != 0) {
        return fail(&reader, "it has %d cosines, which is not half the size of a head: it is %d wide", size / 2, E);
    }
    if (*input < 0 || program->values[*input].count != E) {
        return fail(&reader, "it does not begin with a norm of %d numbers", E);
    }
    if (context < 1 || context > QL_CONTEXT_LIMIT) {
        return fail(&reader, "its float states are not keys and values of %d layers, each of %d numbers for a token", L,
                    K);
    }
    if ((status = find_position(&reader, roles, &counts)) != QL_OK) {
        return status;
    }
    if (!counts) {
        return fail(&reader, "its position is not one int64 to which each token adds one");
    }
    chain->L = L;
    for (int l = 0; l < L && status == QL_OK; l++) {
        status = read_layer(&reader, l, E, size, context)
                     ? QL_OK
                     : fail(&reader, "the sizes of layer %d do not fit: those of node '%s' and the %d after it", l,
                            node_name(&reader, l * LAYER_PARTS), LAYER_PARTS - 1);
    }
    if (status == QL_OK) {
        chain->norm = take(&reader, end, 0, E);
        chain->output_name = take_name(&reader, end + 1);
        chain->output_weight = take(&reader, end + 1, E, chain->V);
        status = chain->norm != NULL && chain->output_weight != NULL
                     ? QL_OK
                     : fail(&reader, "it does not end with a norm and an output of one number for each symbol");
    }
    return chain->arena.exhausted ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the model") : status;
}
