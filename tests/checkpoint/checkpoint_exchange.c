// The C side of torch_checkpoint_test.py: writes a checkpoint, runs one, trains one.
//   checkpoint_exchange save FILE CELL        a random model, saved as by `quillet train`
//   checkpoint_exchange step FILE TOKEN...    the stepper's logits after each token, a line of numbers each
//   checkpoint_exchange train FILE RESULT     some epochs on a small text; prints the loss before and after
// Uses: base, corpus, model, train, checkpoint.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/checkpoint.h"
#include "model/stepper.h"
#include "train/trainer.h"

// Sizes that all differ, so that no wrong axis goes unnoticed.
enum { V = 7, E = 3, H = 5, L = 2 };

static const char symbols[V + 1] = "\n abcde";

// Static, because its vocabulary is large.
static struct ql_model_info info;

static enum ql_status save(const char *path, const char *cell_name, struct ql_error *error)
{
    struct ql_dimensions d = {.V = V, .E = E, .H = H, .L = L};
    struct ql_model model = {0};
    enum ql_status status;

    if ((status = ql_architecture_read(&d, cell_name, error)) == QL_OK &&
        (status = ql_vocabulary_read(&info.vocabulary, symbols, V, error)) == QL_OK &&
        (status = ql_model_init(&model, d, error)) == QL_OK) {
        ql_model_reset(&model, 1);
        status = ql_checkpoint_save(path, &model, &info, error);
    }
    ql_model_free(&model);
    return status;
}

static enum ql_status step(const char *path, char **tokens, int count, struct ql_error *error)
{
    struct ql_model model;
    struct ql_stepper stepper = {0};
    enum ql_status status = ql_checkpoint_load(path, &model, &info, error);

    if (status == QL_OK) {
        status = ql_stepper_init(&stepper, &model, &info, error);
    }
    for (int i = 0; i < count && status == QL_OK; i++) {
        ql_stepper_step(&stepper, atoi(tokens[i]));
        for (int v = 0; v < model.dimensions.V; v++) {
            printf("%.9g%c", (double)stepper.logits[v], v + 1 < model.dimensions.V ? ' ' : '\n');
        }
    }
    ql_stepper_free(&stepper);
    ql_model_free(&model);
    return status;
}

static enum ql_status train_text(struct ql_model *model, struct ql_error *error)
{
    uint16_t tokens[300];
    const struct ql_token_text text = {.tokens = tokens, .count = sizeof tokens / sizeof tokens[0]};
    const struct ql_trainer_options options = {.batch_size = 4,
                                               .seq_length = 10,
                                               .threads = 1,
                                               .beta2 = 0.999,
                                               .schedule = {.learning_rate = 0.01},
                                               .seed = 1};
    struct ql_trainer trainer = {0};
    struct ql_batcher batcher;
    struct ql_trainer_result result;
    struct ql_arena arena = {0};
    enum ql_status status;

    for (size_t k = 0; k < text.count; k++) {
        tokens[k] = (uint16_t)((k + k / 3) % (size_t)model->dimensions.V);
    }
    tokens[text.count - 1] = 0;
    if ((status = ql_batcher_init(&batcher, &text, false, options.batch_size, options.seq_length, &arena, error)) !=
            QL_OK ||
        (status = ql_trainer_init(&trainer, model, &options, error)) != QL_OK) {
        goto done;
    }
    printf("%.9g ", ql_trainer_evaluate(&trainer, &batcher).loss);
    for (int epoch = 1; epoch <= 30 && status == QL_OK; epoch++) {
        status = ql_trainer_epoch(&trainer, &batcher, epoch, 0, 0, NULL, NULL, &result, error);
    }
    printf("%.9g\n", ql_trainer_evaluate(&trainer, &batcher).loss);
done:
    ql_trainer_free(&trainer);
    ql_arena_free(&arena);
    return status;
}

static enum ql_status train(const char *path, const char *result_path, struct ql_error *error)
{
    struct ql_model model;
    enum ql_status status = ql_checkpoint_load(path, &model, &info, error);

    if (status == QL_OK && info.vocabulary.count == 0) {
        status = ql_vocabulary_read(&info.vocabulary, symbols, V, error);
    }
    if (status == QL_OK) {
        status = train_text(&model, error);
    }
    if (status == QL_OK) {
        status = ql_checkpoint_save(result_path, &model, &info, error);
    }
    ql_model_free(&model);
    return status;
}

int main(int argc, char **argv)
{
    struct ql_error error;
    enum ql_status status;

    if (argc == 4 && strcmp(argv[1], "save") == 0) {
        status = save(argv[2], argv[3], &error);
    } else if (argc > 3 && strcmp(argv[1], "step") == 0) {
        status = step(argv[2], argv + 3, argc - 3, &error);
    } else if (argc == 4 && strcmp(argv[1], "train") == 0) {
        status = train(argv[2], argv[3], &error);
    } else {
        (void)fprintf(stderr, "usage: checkpoint_exchange save|step|train FILE ...\n");
        return 2;
    }
    if (status != QL_OK) {
        (void)fprintf(stderr, "checkpoint_exchange: %s\n", error.message);
        return 1;
    }
    return 0;
}
