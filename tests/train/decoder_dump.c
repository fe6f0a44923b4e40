// decoder_dump FOLDER: writes windows as the trainer computes them with decoders, for decoder_torch_test.py to
// recompute. A file has the parameters, gradients, window, and result described in case_file.h; the dropout mask is (2L
// + 1, T B, E), that of the output (T, B, E). Uses: case_file, decoder_case.
#include <stdio.h>
#include <stdlib.h>

#include "case_file.h"
#include "decoder_case.h"

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

static enum ql_status dump_setup(const char *folder, const struct decoder_setup *setup, struct ql_error *error)
{
    static struct decoder_case test_case;
    const size_t window_shape[] = {(size_t)setup->T, (size_t)setup->B};
    const size_t mask_shape[] = {2 * (size_t)setup->L + 1, window_shape[0] * window_shape[1], (size_t)setup->E};
    const size_t output_shape[] = {window_shape[0], window_shape[1], (size_t)setup->E};
    const int32_t heads[2] = {setup->heads, setup->kv_heads};
    const size_t heads_shape = 2;
    struct dump dump = {0};
    char name[DECODER_CASE_NAME_BYTES], path[4096];
    double loss;

    decoder_case_write_name(name, setup);
    (void)snprintf(path, sizeof path, "%s/%s.safetensors", folder, name);
    enum ql_status status = decoder_case_init(&test_case, setup, 1, error);
    if (status == QL_OK) {
        status = decoder_case_backward(&test_case, &loss, error);
    }
    for (int i = 0; i < test_case.model.tensor_count && status == QL_OK; i++) {
        const struct ql_tensor *value = &test_case.model.tensors[i];
        const struct ql_tensor *gradient = &test_case.trainer.gradients[0].model.tensors[i];
        const size_t shape[] = {(size_t)value->rows, (size_t)value->columns};
        const size_t rank = value->columns == 0 ? 1 : 2;
        dump_add(&dump, CASE_F32, value->data, rank, shape, "parameter", value->name);
        dump_add(&dump, CASE_F32, gradient->data, rank, shape, "gradient", gradient->name);
    }
    if (status == QL_OK) {
        dump_add(&dump, CASE_I32, heads, 1, &heads_shape, "model", "heads");
        dump_add(&dump, CASE_I32, test_case.tokens, 2, window_shape, "window", "tokens");
        dump_add(&dump, CASE_I32, test_case.targets, 2, window_shape, "window", "targets");
        dump_add(&dump, CASE_F64, test_case.weight, 2, window_shape, "window", "weight");
        if (setup->dropout) {
            dump_add(&dump, CASE_F64, test_case.mask, 3, mask_shape, "window", "dropout_mask");
        }
        if (setup->smoothing) {
            dump_add(&dump, CASE_F64, test_case.output_mask, 3, output_shape, "window", "output_mask");
            dump_add(&dump, CASE_F64, &test_case.window.label_smoothing, 0, NULL, "window", "label_smoothing");
        }
        dump_add(&dump, CASE_F64, &loss, 0, NULL, "result", "loss");
        status = case_file_save(path, "transformer", dump.tensors, dump.count, error);
    }
    decoder_case_free(&test_case);
    return status;
}

int main(int argc, char **argv)
{
    static const struct decoder_setup sizes[] = {
        {.V = 7, .E = 2, .heads = 1, .kv_heads = 1, .feed = 1, .T = 7, .B = 1},
        {.V = 9, .E = 12, .heads = 3, .kv_heads = 1, .feed = 5, .T = 7, .B = 17},
        {.V = 17, .E = 16, .heads = 4, .kv_heads = 2, .feed = 33, .T = 18, .B = 2},
        {.V = 33, .E = 64, .heads = 2, .kv_heads = 2, .feed = 48, .T = 40, .B = 3},
    };
    struct ql_error error;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: decoder_dump FOLDER\n");
        return 2;
    }
    for (int k = 0; k < 2 * 4 * (int)(sizeof sizes / sizeof sizes[0]); k++) {
        struct decoder_setup setup = sizes[k / 8];
        setup.L = 1 + k % 2;
        setup.dropout = (k & 2) != 0;
        setup.padding = (k & 4) != 0;
        setup.smoothing = k / 2 % 4 == 1 || k / 2 % 4 == 2;
        setup.seed = (uint32_t)k;
        if (dump_setup(argv[1], &setup, &error) != QL_OK) {
            (void)fprintf(stderr, "decoder_dump: %s\n", error.message);
            return 1;
        }
    }
    return 0;
}
