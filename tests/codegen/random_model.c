// Writes a model with random weights as ONNX, with its descriptor: random_model CELL V E H L ITEMS SEED NAME
// makes NAME.onnx and NAME.json. With ITEMS 1 the state is reset at newlines. A transformer has four more arguments,
// HEADS KV_HEADS FEED CONTEXT. Uses: ql_onnx, ql_model.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx/descriptor.h"
#include "onnx/model_graph.h"
#include "onnx/onnx_writer.h"

// Larger than the weights of a new model, so that gates open and close and a text has some variety.
static const float gain = 2.0f;
// A new transformer's weights are of the order of 1/50. The gains of its norms stay 1.
static const float transformer_gain = 10.0f;

enum { PATH_BYTES = 1024, ARGUMENTS = 9, TRANSFORMER_ARGUMENTS = 13 };

static void amplify(struct ql_model *model)
{
    const bool recurrent = model->dimensions.layer == QL_LAYER_RECURRENT;

    for (size_t i = 0; i < model->count; i++) {
        if (recurrent || model->block[i] != 1.0f) {
            model->block[i] *= recurrent ? gain : transformer_gain;
        }
    }
}

static enum ql_status write_model(char **argv, int argc, struct ql_error *error)
{
    struct ql_dimensions d = {.V = atoi(argv[2]), .E = atoi(argv[3]), .H = atoi(argv[4]), .L = atoi(argv[5])};
    struct ql_model model = {0};
    struct ql_graph graph = {0};
    struct ql_descriptor descriptor = {.temperature = 0.95, .top_p = 0.8, .top_k = 24};
    char path[PATH_BYTES];
    struct ql_state_layout state = {0};
    const char *slash = strrchr(argv[8], '/');
    enum ql_status status;

    if (argc == TRANSFORMER_ARGUMENTS) {
        d.heads = atoi(argv[9]);
        d.kv_heads = atoi(argv[10]);
        d.feed = atoi(argv[11]);
        d.context = atoi(argv[12]);
    }
    if ((status = ql_architecture_read(&d, argv[1], error)) != QL_OK ||
        (status = ql_model_init(&model, d, error)) != QL_OK) {
        goto done;
    }
    ql_model_reset(&model, (uint32_t)atoi(argv[7]));
    amplify(&model);
    (void)snprintf(path, sizeof path, "%s.onnx", argv[8]);
    if ((status = ql_model_graph_init(&graph, &model, 0, error)) != QL_OK ||
        (status = ql_onnx_save(path, &graph, error)) != QL_OK) {
        goto done;
    }
    // A newline, printable ASCII, and then letters of two and three bytes.
    descriptor.vocabulary.count = d.V;
    for (int v = 0; v < d.V; v++) {
        descriptor.vocabulary.symbols[v] = (uint32_t)(v == 0 ? '\n' : v < 96 ? ' ' + v - 1 : 0xc0 + 16 * (v - 96));
    }
    descriptor.reset_count = argv[6][0] == '1';
    ql_architecture_graph_state_add(&state, &model.dimensions);
    ql_descriptor_set_state(&descriptor, &state);
    (void)snprintf(descriptor.filename, sizeof descriptor.filename, "%s.onnx", slash == NULL ? argv[8] : slash + 1);
    (void)snprintf(descriptor.type, sizeof descriptor.type, "%s", argv[1]);
    (void)snprintf(path, sizeof path, "%s.json", argv[8]);
    status = ql_descriptor_save(&descriptor, path, error);
done:
    ql_graph_free(&graph);
    ql_model_free(&model);
    return status;
}

int main(int argc, char **argv)
{
    struct ql_error error;

    if (argc != ARGUMENTS && argc != TRANSFORMER_ARGUMENTS) {
        (void)fprintf(stderr, "usage: random_model lstm|gru|rnn|transformer V E H L ITEMS SEED NAME "
                              "[HEADS KV_HEADS FEED CONTEXT]\n");
        return 2;
    }
    if (write_model(argv, argc, &error) != QL_OK) {
        (void)fprintf(stderr, "random_model: %s\n", error.message);
        return 1;
    }
    return 0;
}
