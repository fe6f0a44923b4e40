// trainer_dump FOLDER: writes windows as the trainer computes them, for torch_oracle.py to recompute.
// Every cell, one to three layers, uneven shards, with all options of a window; the second of two windows.
// Uses: case_file, trainer_case, reference/.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case_file.h"
#include "trainer_case.h"

// For each parameter its value and gradient, plus at most 12 other tensors (see case_file.h).
enum { MAX_TENSORS = 2 * QL_MODEL_TENSOR_LIMIT + 12 };

struct dump {
    struct case_tensor tensors[MAX_TENSORS];
    size_t count;
};

static void dump_add(struct dump *dump, enum case_type type, const void *data, size_t rank, const size_t *shape,
                     const char *group, const char *name)
{
    struct case_tensor *tensor = &dump->tensors[dump->count++];

    *tensor = (struct case_tensor){.type = type, .rank = rank, .data = data};
    (void)snprintf(tensor->name, sizeof tensor->name, "%s.%s", group, name);
    for (size_t axis = 0; axis < rank; axis++) {
        tensor->shape[axis] = shape[axis];
    }
}

// Part `k` of the state of all layers, (L, B, H); the caller frees it.
static float *join_state(const struct ql_train_state *state, int k, size_t L, size_t rows)
{
    float *joined = malloc(L * rows * sizeof joined[0]);

    for (size_t l = 0; l < L && joined != NULL; l++) {
        memcpy(joined + l * rows, ql_train_state_rows(state, (int)l, k, (struct ql_shard){0, 0}),
               rows * sizeof joined[0]);
    }
    return joined;
}

// Both sides have run the window; `logits` is the trainer's result. The initial state is the reference's,
// which differs from the trainer's by the rounding of one window.
static enum ql_status dump_case(const char *path, const struct trainer_case *test_case, const float *logits,
                                double loss, struct ql_error *error)
{
    const struct reference_case *reference = &test_case->reference;
    const struct ref_dims *dims = &reference->setup.dims;
    const struct ref_window *window = &reference->window;
    const size_t tokens_shape[] = {dims->T, dims->B};
    const size_t mask_shape[] = {dims->L - 1, dims->T, dims->B, dims->H};
    const size_t output_shape[] = {dims->T, dims->B, dims->H};
    const size_t state_shape[] = {dims->L, dims->B, dims->H};
    const size_t logits_shape[] = {dims->T, dims->B, dims->V};
    const struct ql_train_state *state = &test_case->trainer.training_state;
    float *hn = join_state(state, 0, dims->L, dims->B * dims->H);
    float *cn = window->c0 == NULL ? NULL : join_state(state, 1, dims->L, dims->B * dims->H);
    struct dump dump = {0};

    for (int i = 0; i < test_case->model.tensor_count; i++) {
        const struct ql_tensor *value = &test_case->model.tensors[i];
        const struct ql_tensor *gradient = &test_case->trainer.gradients[0].model.tensors[i];
        const size_t shape[] = {(size_t)value->rows, (size_t)value->columns};
        size_t rank = value->columns == 0 ? 1 : 2;
        dump_add(&dump, CASE_F32, value->data, rank, shape, "parameter", value->name);
        dump_add(&dump, CASE_F32, gradient->data, rank, shape, "gradient", gradient->name);
    }
    dump_add(&dump, CASE_I32, window->tokens, 2, tokens_shape, "window", "tokens");
    dump_add(&dump, CASE_I32, window->targets, 2, tokens_shape, "window", "targets");
    if (window->weight != NULL) {
        dump_add(&dump, CASE_F64, window->weight, 2, tokens_shape, "window", "weight");
    }
    if (window->dropout_mask != NULL && dims->L > 1) {
        dump_add(&dump, CASE_F64, window->dropout_mask, 4, mask_shape, "window", "dropout_mask");
    }
    if (window->output_mask != NULL) {
        dump_add(&dump, CASE_F64, window->output_mask, 3, output_shape, "window", "output_mask");
        dump_add(&dump, CASE_F64, &window->label_smoothing, 0, NULL, "window", "label_smoothing");
    }
    dump_add(&dump, CASE_F64, window->h0, 3, state_shape, "window", "h0");
    if (window->c0 != NULL) {
        dump_add(&dump, CASE_F64, window->c0, 3, state_shape, "window", "c0");
        dump_add(&dump, CASE_F32, cn, 3, state_shape, "result", "cn");
    }
    dump_add(&dump, CASE_F64, &loss, 0, NULL, "result", "loss");
    dump_add(&dump, CASE_F32, logits, 3, logits_shape, "result", "logits");
    dump_add(&dump, CASE_F32, hn, 3, state_shape, "result", "hn");
    const enum ql_status status =
        case_file_save(path, reference_cell_name(dims->cell), dump.tensors, dump.count, error);
    free(hn);
    free(cn);
    return status;
}

static enum ql_status dump_setup(const char *folder, const struct reference_setup *setup, struct ql_error *error)
{
    char name[REFERENCE_CASE_NAME_BYTES];
    char path[4096];
    struct trainer_case test_case;
    double loss;
    enum ql_status status;
    float *logits = calloc(setup->dims.T * setup->dims.B * setup->dims.V, sizeof logits[0]);

    reference_case_write_name(name, setup);
    (void)snprintf(path, sizeof path, "%s/%s.safetensors", folder, name);
    if ((status = trainer_case_init(&test_case, setup, 1, error)) != QL_OK ||
        (status = trainer_case_backward(&test_case, &loss, error)) != QL_OK) {
        goto done;
    }
    trainer_case_step(&test_case);
    if (logits == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory", path);
        goto done;
    }
    trainer_case_write_logits(logits, &test_case);
    if ((status = trainer_case_backward(&test_case, &loss, error)) == QL_OK) {
        status = dump_case(path, &test_case, logits, loss, error);
    }
done:
    trainer_case_free(&test_case);
    free(logits);
    return status;
}

int main(int argc, char **argv)
{
    static const enum ref_cell cells[] = {REF_CELL_RNN, REF_CELL_GRU, REF_CELL_LSTM};
    static const struct {
        size_t V, E, H, T, B;
    } sizes[] = {{1, 1, 1, 1, 1}, {7, 7, 7, 7, 7}, {5, 7, 1, 4, 16}, {7, 1, 7, 5, 17}, {9, 3, 12, 4, 33}};
    struct ql_error error;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: trainer_dump FOLDER\n");
        return 2;
    }
    for (size_t cell = 0; cell < sizeof cells / sizeof cells[0]; cell++) {
        for (size_t layers = 1; layers <= 3; layers++) {
            for (size_t size = 0; size < sizeof sizes / sizeof sizes[0]; size++) {
                for (unsigned options = 0; options < 4; options++) {
                    struct reference_setup setup = {
                        .dims = {cells[cell], sizes[size].V, sizes[size].E, sizes[size].H, layers, sizes[size].T,
                                 sizes[size].B},
                        .dropout = (options & 1) != 0,
                        .padding = (options & 2) != 0,
                        .carried = true,
                        .smoothing = options == 1 || options == 2,
                        .seed = size,
                    };
                    if (dump_setup(argv[1], &setup, &error) != QL_OK) {
                        (void)fprintf(stderr, "trainer_dump: %s\n", error.message);
                        return 1;
                    }
                }
            }
        }
    }
    return 0;
}
