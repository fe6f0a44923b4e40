// reference_dump FOLDER: writes cases of the reference with their results, for torch_oracle.py to recompute.
// Every cell, one to three layers, sizes that are 1, odd and coinciding, with and without the options of a window.
// Uses: case_file, reference_case, reference/.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case_file.h"
#include "reference_case.h"

// For each parameter its value and gradient, plus at most 14 other tensors (see case_file.h).
enum { MAX_LAYERS = 3, MAX_TENSORS = 2 * (4 * MAX_LAYERS + 3) + 14 };

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

// The state of all layers at one time, gathered from a trace: (L, B, H). NULL when there is not enough memory.
static double *gather_state(const struct ref_trace *trace, const struct ref_dims *dims, bool of_c, size_t t)
{
    size_t count = dims->B * dims->H;
    double *state = calloc(dims->L * count, sizeof state[0]);

    for (size_t l = 0; state != NULL && l < dims->L; l++) {
        const double *values = of_c ? trace->layers[l].c : trace->layers[l].h;
        memcpy(state + l * count, values + t * count, count * sizeof state[0]);
    }
    return state;
}

static enum ql_status dump_case(const char *path, const struct reference_case *test_case, struct ql_error *error)
{
    const struct ref_dims *dims = &test_case->setup.dims;
    const struct ref_window *window = &test_case->window;
    const size_t tokens_shape[] = {dims->T, dims->B};
    const size_t mask_shape[] = {dims->L - 1, dims->T, dims->B, dims->H};
    const size_t output_shape[] = {dims->T, dims->B, dims->H};
    const size_t state_shape[] = {dims->L, dims->B, dims->H};
    const size_t logits_shape[] = {dims->T, dims->B, dims->V};
    bool is_lstm = dims->cell == REF_CELL_LSTM;
    struct dump dump = {0};

    double *hn = gather_state(&test_case->trace, dims, false, dims->T);
    double *cn = gather_state(&test_case->trace, dims, true, dims->T);
    double *dh0 = gather_state(&test_case->dtrace, dims, false, 0);
    double *dc0 = gather_state(&test_case->dtrace, dims, true, 0);
    enum ql_status status = QL_OK;
    if (hn == NULL || cn == NULL || dh0 == NULL || dc0 == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory", path);
        goto done;
    }

    for (size_t i = 0; i < test_case->parameters.tensor_count; i++) {
        const struct ref_tensor *value = &test_case->parameters.tensors[i];
        const struct ref_tensor *gradient = &test_case->dparameters.tensors[i];
        dump_add(&dump, CASE_F64, value->data, value->rank, value->shape, "parameter", value->name);
        dump_add(&dump, CASE_F64, gradient->data, gradient->rank, gradient->shape, "gradient", gradient->name);
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
    if (window->h0 != NULL) {
        dump_add(&dump, CASE_F64, window->h0, 3, state_shape, "window", "h0");
        dump_add(&dump, CASE_F64, dh0, 3, state_shape, "gradient", "h0");
    }
    if (window->c0 != NULL) {
        dump_add(&dump, CASE_F64, window->c0, 3, state_shape, "window", "c0");
        dump_add(&dump, CASE_F64, dc0, 3, state_shape, "gradient", "c0");
    }
    dump_add(&dump, CASE_F64, &test_case->trace.loss, 0, NULL, "result", "loss");
    dump_add(&dump, CASE_F64, test_case->trace.logits, 3, logits_shape, "result", "logits");
    dump_add(&dump, CASE_F64, hn, 3, state_shape, "result", "hn");
    if (is_lstm) {
        dump_add(&dump, CASE_F64, cn, 3, state_shape, "result", "cn");
    }
    status = case_file_save(path, reference_cell_name(dims->cell), dump.tensors, dump.count, error);

done:
    free(hn);
    free(cn);
    free(dh0);
    free(dc0);
    return status;
}

static enum ql_status dump_setup(const char *folder, const struct reference_setup *setup, struct ql_error *error)
{
    char name[REFERENCE_CASE_NAME_BYTES];
    char path[4096];
    struct reference_case test_case;
    enum ql_status status = QL_OK;

    reference_case_write_name(name, setup);
    (void)snprintf(path, sizeof path, "%s/%s.safetensors", folder, name);

    const char *problem = reference_case_init(&test_case, setup);
    if (problem == NULL) {
        problem = reference_case_backward(&test_case);
    }
    if (problem == NULL) {
        status = dump_case(path, &test_case, error);
    } else {
        status = ql_error_write(error, QL_ERROR_INPUT, "%s: %s", name, problem);
    }
    reference_case_free(&test_case);
    return status;
}

int main(int argc, char **argv)
{
    static const enum ref_cell cells[] = {REF_CELL_RNN, REF_CELL_GRU, REF_CELL_LSTM};
    static const struct {
        size_t V, E, H, T, B;
    } sizes[] = {{1, 1, 1, 1, 1}, {5, 5, 5, 5, 5}, {7, 1, 7, 7, 1}, {5, 7, 1, 1, 7}, {65, 84, 129, 5, 2}};
    struct ql_error error;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: reference_dump FOLDER\n");
        return 2;
    }
    for (size_t cell = 0; cell < sizeof cells / sizeof cells[0]; cell++) {
        for (size_t layers = 1; layers <= MAX_LAYERS; layers++) {
            for (size_t size = 0; size < sizeof sizes / sizeof sizes[0]; size++) {
                for (unsigned options = 0; options < 8; options++) {
                    struct reference_setup setup = {
                        .dims = {cells[cell], sizes[size].V, sizes[size].E, sizes[size].H, layers, sizes[size].T,
                                 sizes[size].B},
                        .dropout = (options & 1) != 0,
                        .padding = (options & 2) != 0,
                        .carried = (options & 4) != 0,
                        .smoothing = options % 3 == 1, // together with none of the other options, one, and all
                        .seed = size,
                    };
                    bool is_large = sizes[size].H > 100;
                    if (is_large && options != 7) {
                        continue; // such a file takes megabytes; one with all options is enough
                    }
                    if (dump_setup(argv[1], &setup, &error) != QL_OK) {
                        (void)fprintf(stderr, "reference_dump: %s\n", error.message);
                        return 1;
                    }
                }
            }
        }
    }
    return 0;
}
