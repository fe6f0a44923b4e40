// Many streams of an integer model at once: see integer_batch.h. The calls are those of the program. Four kernels have
// a second form here for speed: products of all streams together, and vectorized loops over rows and over the LSTM's
// gates. Tests check that both forms give the same bits. Every other kernel runs unchanged, stream by stream.
// Uses: base, device, quantize.
#include "quantize/integer_batch.h"

#include <string.h>

#include "base/vectors.h"
#include "device/gate_s16.h"
#include "device/integer_row.h"
#include "quantize/integer_kernel.h"
#include "quantize/tanh_many.h"

static void split_rows(struct ql_integer_row_arrays *arrays, const struct ql_integer_row *rows, int count,
                       struct ql_arena *arena)
{
    arrays->bias = ql_arena_take(arena, (size_t)count, sizeof arrays->bias[0]);
    arrays->multiplier = ql_arena_take(arena, (size_t)count, sizeof arrays->multiplier[0]);
    arrays->table_factor = ql_arena_take(arena, (size_t)count, sizeof arrays->table_factor[0]);
    for (int r = 0; r < count && !arena->exhausted; r++) {
        arrays->bias[r] = rows[r].bias;
        arrays->multiplier[r] = rows[r].multiplier;
        arrays->table_factor[r] = rows[r].table_factor;
    }
}

enum ql_status ql_integer_batch_init(struct ql_integer_batch *batch, const struct ql_integer_model *model,
                                     const struct ql_integer_product *product, struct ql_error *error)
{
    struct ql_arena *arena = &batch->arena;
    const struct ql_program *program = &batch->form.program;

    *batch = (struct ql_integer_batch){.model = model};
    const enum ql_status status = ql_integer_program_init(&batch->form, model, product, error);
    if (status != QL_OK) {
        return status;
    }
    batch->rows = ql_arena_take(arena, (size_t)program->value_count, sizeof batch->rows[0]);
    for (int i = 0; i < program->value_count && !arena->exhausted; i++) {
        const struct ql_program_value *value = &program->values[i];
        if (value->structure == &ql_integer_row_structure) {
            split_rows(&batch->rows[i], value->data, value->count, arena);
        }
    }
    if (arena->exhausted) {
        ql_integer_batch_free(batch);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to run the integer model");
    }
    return QL_OK;
}

void ql_integer_batch_free(struct ql_integer_batch *batch)
{
    ql_integer_program_free(&batch->form);
    ql_arena_free(&batch->arena);
    *batch = (struct ql_integer_batch){0};
}

void ql_integer_batch_scratch_init(struct ql_integer_batch_scratch *scratch, const struct ql_integer_batch *batch,
                                   struct ql_arena *arena)
{
    const struct ql_state_layout *layout = &batch->model->layout;

    *scratch = (struct ql_integer_batch_scratch){0};
    scratch->workspace = ql_arena_take(arena, QL_INTEGER_BATCH_LIMIT, batch->form.program.workspace_bytes);
    for (int k = 0; k < layout->part_count; k++) {
        scratch->parts[k] = ql_arena_take(arena, QL_INTEGER_BATCH_LIMIT, layout->parts[k].bytes);
    }
}

size_t ql_integer_batch_state_bytes(const struct ql_integer_batch *batch)
{
    return batch->model->layout.bytes;
}

// --- Loops over rows and units, for one stream. They are those of device/, without branches. ---

static inline int32_t row_value(int32_t sum, int32_t multiplier, int32_t bias, struct ql_integer_scale scale)
{
    return (ql_integer_round(sum, scale.pre_shift) * multiplier + bias) >> scale.shift;
}

// The LSTM's gates are processed in pieces of this many units, all four in one array.
enum { UNITS = 64 };

QL_VECTORIZED(static, void, write_gates,
              (int32_t *restrict gates, const int32_t *restrict sums, const int32_t *restrict multipliers,
               const int32_t *restrict biases, struct ql_integer_scale scale, int H, int count),
              (gates, sums, multipliers, biases, scale, H, count))
{
    for (int gate = 0; gate < 4; gate++) {
        for (int k = 0; k < count; k++) {
            const int r = gate * H + k;
            gates[gate * UNITS + k] = row_value(sums[r], multipliers[r], biases[r], scale);
        }
    }
}

// Computes the new c, and the argument of h's tanh, from the tanh of all gates.
QL_VECTORIZED(static, void, write_cells,
              (int16_t *restrict c, int32_t *restrict reaches, const int32_t *restrict gates, int cell_bits, int count),
              (c, reaches, gates, cell_bits, count))
{
    for (int k = 0; k < count; k++) {
        const int32_t i = ql_gate_sigmoid_s16(gates[k]);
        const int32_t f = ql_gate_sigmoid_s16(gates[UNITS + k]);
        const int32_t cell = ql_integer_clamp(
            ql_integer_round(f * c[k] + ((i * gates[2 * UNITS + k]) >> cell_bits), 15), QL_INTEGER_LIMIT);
        c[k] = (int16_t)cell;
        reaches[k] = ql_integer_round(cell * (1 << cell_bits), 15 - QL_INTEGER_UNIT_BITS);
    }
}

QL_VECTORIZED(static, void, write_outputs,
              (int8_t *restrict h, const int32_t *restrict gates, const int32_t *restrict reaches, int count),
              (h, gates, reaches, count))
{
    for (int k = 0; k < count; k++) {
        const int32_t o = ql_gate_sigmoid_s16(gates[3 * UNITS + k]);
        h[k] = ql_integer_state_s8(ql_integer_round(o * reaches[k], 15));
    }
}

static void update_lstm(int8_t *h, int16_t *c, const int32_t *sums, const struct ql_integer_row_arrays *rows,
                        struct ql_integer_scale scale, int cell_bits, int H)
{
    _Alignas(64) int32_t gates[4 * UNITS] = {0}, reaches[UNITS];

    for (int k = 0; k < H; k += UNITS) {
        const int count = H - k < UNITS ? H - k : UNITS;
        write_gates(gates, sums + k, rows->multiplier + k, rows->bias + k, scale, H, count);
        ql_tanh_write_many(gates, gates, 4 * UNITS);
        write_cells(c + k, reaches, gates, cell_bits, count);
        ql_tanh_write_many(reaches, reaches, count);
        write_outputs(h + k, gates, reaches, count);
    }
}

QL_VECTORIZED(static, void, begin_rows,
              (int32_t *restrict sums, const int8_t *restrict token, const int32_t *restrict table_factors, int count),
              (sums, token, table_factors, count))
{
    for (int r = 0; r < count; r++) {
        sums[r] = token[r] * table_factors[r];
    }
}

QL_VECTORIZED(static, void, write_values,
              (int32_t *restrict values, const int32_t *restrict multipliers, const int32_t *restrict biases,
               struct ql_integer_scale scale, int count),
              (values, multipliers, biases, scale, count))
{
    for (int r = 0; r < count; r++) {
        values[r] = row_value(values[r], multipliers[r], biases[r], scale);
    }
}

// --- The step ---

// One step of B streams.
struct step {
    const struct ql_integer_batch *batch;
    struct ql_integer_batch_scratch *scratch;
    const int *tokens;
    int32_t *logits;
    int B;
};

// A value of all streams: that of stream b begins b * stride bytes after `first`. A constant has a stride of 0.
struct place {
    unsigned char *first;
    size_t stride;
};

static struct place find_place(const struct step *step, int value)
{
    const struct ql_program *program = &step->batch->form.program;
    const struct ql_model_roles *roles = &step->batch->form.roles;
    const struct ql_program_value *root = ql_program_root(program, value);
    struct place place = {NULL, root->bytes};

    switch (root->storage) {
    case QL_STORAGE_CONSTANT:
        place = (struct place){(unsigned char *)root->data, 0};
        break;
    case QL_STORAGE_WORKSPACE:
        place = (struct place){step->scratch->workspace + root->workspace_offset, program->workspace_bytes};
        break;
    case QL_STORAGE_OUTPUT:
        place.first = (unsigned char *)step->logits;
        break;
    case QL_STORAGE_INPUT:
        place.first = (unsigned char *)step->tokens;
        for (int k = 0; k < roles->state_count; k++) {
            place.first = roles->states[k].input == root->input ? step->scratch->parts[k] : place.first;
        }
        break;
    case QL_STORAGE_NONE:
        return place;
    }
    place.first += program->values[value].offset;
    return place;
}

// The analyzer does not know that each kernel has as many buffers as its case below uses.
// NOLINTBEGIN(clang-analyzer-core.*)

// Runs the kernel itself for each stream.
static void run_each(const struct step *step, const struct ql_kernel_call *call, const struct place *places)
{
    struct ql_kernel_arguments arguments = {.ints = call->ints};

    for (int b = 0; b < step->B; b++) {
        for (int k = 0; k < call->kernel->buffer_count; k++) {
            arguments.buffers[k] = places[k].first + (size_t)b * places[k].stride;
        }
        (void)call->kernel->run(&arguments);
    }
}

static void run_products(const struct step *step, const struct place *places)
{
    const struct ql_integer_factor *w = (const void *)places[1].first;
    const ptrdiff_t y_stride = (ptrdiff_t)(places[0].stride / sizeof(int32_t));

    w->product->multiply_batch((int32_t *)(void *)places[0].first, y_stride, w->packed, (const int8_t *)places[2].first,
                               (ptrdiff_t)places[2].stride, step->B);
}

// Runs a call of a kernel that has a form for many streams, or for vectors. The buffers are those of the kernel.
static void run_call(const struct step *step, const struct ql_kernel_call *call)
{
    const struct ql_integer_row_arrays *arrays = step->batch->rows;
    const int *buffers = call->buffers, *ints = call->ints;
    struct place places[QL_KERNEL_BUFFER_LIMIT];

    for (int k = 0; k < call->kernel->buffer_count; k++) {
        places[k] = find_place(step, buffers[k]);
    }
#define BUFFER(type, k) ((type *)(void *)(places[k].first + (size_t)b * places[k].stride))
    switch ((enum ql_integer_kernel_id)(call->kernel - ql_integer_kernels)) {
    case QL_INTEGER_KERNEL_MATVEC_S8:
    case QL_INTEGER_KERNEL_MATVEC_S4:
        run_products(step, places);
        break;
    case QL_INTEGER_KERNEL_ROW_BEGIN:
        for (int b = 0; b < step->B; b++) {
            begin_rows(BUFFER(int32_t, 0), BUFFER(int8_t, 2) + (ptrdiff_t)step->tokens[b] * ints[0],
                       arrays[buffers[3]].table_factor, ints[0]);
        }
        break;
    case QL_INTEGER_KERNEL_LSTM:
        for (int b = 0; b < step->B; b++) {
            update_lstm(BUFFER(int8_t, 0), BUFFER(int16_t, 1), BUFFER(int32_t, 2), &arrays[buffers[3]],
                        *BUFFER(struct ql_integer_scale, 4), ints[0], ints[1]);
        }
        break;
    case QL_INTEGER_KERNEL_ROW_VALUES:
        for (int b = 0; b < step->B; b++) {
            write_values(BUFFER(int32_t, 0), arrays[buffers[2]].multiplier, arrays[buffers[2]].bias,
                         *BUFFER(struct ql_integer_scale, 3), ints[0]);
        }
        break;
    default:
        run_each(step, call, places);
        break;
    }
#undef BUFFER
}
// NOLINTEND(clang-analyzer-core.*)

// Copies the state of stream b into the scratch memory; NULL stands for zeros.
static void load_state(const struct step *step, int b, const unsigned char *state)
{
    const struct ql_state_layout *layout = &step->batch->model->layout;

    for (int k = 0; k < layout->part_count; k++) {
        const struct ql_state_part *part = &layout->parts[k];
        unsigned char *to = step->scratch->parts[k] + (size_t)b * part->bytes;
        if (state == NULL) {
            memset(to, 0, part->bytes);
        } else {
            memcpy(to, state + part->offset, part->bytes);
        }
    }
}

static void save_state(const struct step *step, int b, unsigned char *state)
{
    const struct ql_state_layout *layout = &step->batch->model->layout;

    for (int k = 0; k < layout->part_count; k++) {
        const struct ql_state_part *part = &layout->parts[k];
        memcpy(state + part->offset, step->scratch->parts[k] + (size_t)b * part->bytes, part->bytes);
    }
}

void ql_integer_batch_step(const struct ql_integer_batch *batch, struct ql_integer_batch_scratch *scratch,
                           void *const *after, const void *const *before, const int *tokens, int32_t *logits, int B)
{
    _Static_assert(sizeof tokens[0] == sizeof(int32_t), "a token is what the program takes");
    const struct step step = {.batch = batch, .scratch = scratch, .tokens = tokens, .logits = logits, .B = B};
    const struct ql_program *program = &batch->form.program;

    for (int b = 0; b < B; b++) {
        load_state(&step, b, ql_text_rules_reset_at(&batch->model->rules, tokens[b]) ? NULL : before[b]);
    }
    for (int n = 0; n < program->call_count; n++) {
        run_call(&step, &program->calls[n]);
    }
    for (int b = 0; b < B; b++) {
        save_state(&step, b, after[b]);
    }
}
