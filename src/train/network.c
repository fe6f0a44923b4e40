// The model over a window of time: see network.h. The layers are behind train_layer.h; this file has what is between
// them, the output, and the loss.
// Uses: base/vectors, device/{activation,elementary}.h.
#include "train/network.h"

#include <stddef.h>
#include <string.h>

#include "base/vectors.h"
#include "device/activation.h"
#include "device/elementary.h"
#include "train/decoder_batch.h"
#include "train/dropout.h"

static const struct ql_layer_functions *const functions[] = {
    [QL_LAYER_RECURRENT] = &ql_recurrent_layer_functions, [QL_LAYER_DECODER] = &ql_decoder_layer_functions};

static float *take(struct ql_arena *arena, int a, int b, int c)
{
    return ql_arena_take(arena, (size_t)a * (size_t)b, (size_t)c * sizeof(float));
}

void ql_network_init(struct ql_network *network, const struct ql_model *model, const struct ql_rounded_model *rounded,
                     struct ql_arena *arena)
{
    const struct ql_dimensions d = model->dimensions;

    *network = (struct ql_network){.model = rounded == NULL ? model : &rounded->model};
    for (int l = 0; l < d.L; l++) {
        struct ql_train_layer *layer = &network->layers[l];
        *layer = (struct ql_train_layer){.functions = functions[model->layers[l].kind],
                                         .model = network->model,
                                         .exact = model,
                                         .rounded = rounded != NULL,
                                         .l = l,
                                         .I = l == 0 ? d.E : d.H,
                                         .H = d.H,
                                         .sum_offset = network->sum_count};
        layer->functions->init(layer, rounded, arena);
        network->sum_count += layer->sum_count;
        network->prepare_tasks += layer->prepare_tasks;
        network->finish_tasks += layer->finish_tasks;
        network->filled_later += layer->filled_later;
    }
    network->prepare_tasks += QL_OUTPUT_FORMS;
    ql_packed_matrix_init(&network->output, d.H, d.V, arena);
    ql_packed_matrix_init(&network->output_back, d.V, d.H, arena);
}

// True when there is dropout between layer l and the one below.
static bool drops_input(const struct ql_network *network, int l, const struct ql_regularization *regularization)
{
    return l > 0 && regularization->dropout > 0.0f && !network->layers[l].inner_dropout;
}

void ql_workspace_init(struct ql_workspace *workspace, const struct ql_network *network, int T, int S,
                       const struct ql_regularization *regularization, struct ql_arena *arena)
{
    const struct ql_dimensions d = network->model->dimensions;
    const int widest = d.H > d.E ? d.H : d.E;

    *workspace = (struct ql_workspace){.logits = take(arena, T, S, d.V), .dh = take(arena, T, S, d.H)};
    if (d.layer == QL_LAYER_DECODER) {
        workspace->inverse = take(arena, T, S, 1);
        ql_decoder_work_init(&workspace->layer.decoder, &d, T, S, arena);
    } else {
        workspace->layer.dh_now = take(arena, 1, S, d.H);
        workspace->layer.carry = take(arena, 1, S, d.H);
        workspace->layer.dc = take(arena, 1, S, d.H);
        workspace->layer.from_h = take(arena, S, ql_cell_gates(d.cell), d.H);
    }
    if (network->model->norm != NULL || regularization->output_dropout > 0.0f) {
        workspace->before_output = take(arena, T, S, d.H);
    }
    ql_product_scratch_init(&workspace->layer.product, widest > d.feed ? widest : d.feed, arena);
    for (int l = 0; l < d.L; l++) {
        struct ql_layer_trace *trace = &workspace->traces[l];
        trace->dropped = drops_input(network, l, regularization) ? take(arena, T, S, d.H) : NULL;
        network->layers[l].functions->trace_init(trace, &network->layers[l], T, S, arena);
    }
}

int ql_network_reset_tasks(const struct ql_network *network)
{
    return network->prepare_tasks;
}

void ql_network_reset(struct ql_network *network, int task)
{
    const float *output = network->model->output_weight;

    for (int l = 0; l < network->model->dimensions.L; l++) {
        struct ql_train_layer *layer = &network->layers[l];
        if (task < layer->prepare_tasks) {
            layer->functions->prepare(layer, task);
            return;
        }
        task -= layer->prepare_tasks;
    }
    if (task == 0) {
        ql_packed_matrix_reset_transposed(&network->output, output);
    } else {
        ql_packed_matrix_reset(&network->output_back, output);
    }
}

// The input of layer l: the output of the layer below, after dropout if there is any.
static const float *layer_input(const struct ql_network *network, const struct ql_workspace *workspace, int l,
                                const struct ql_regularization *regularization)
{
    if (l == 0) {
        return NULL;
    }
    return drops_input(network, l, regularization) ? workspace->traces[l].dropped : workspace->traces[l - 1].output;
}

// The input of the output's product: the last layer's output, after the last norm and dropout if there are any.
static const float *output_input(const struct ql_network *network, const struct ql_workspace *workspace,
                                 const struct ql_regularization *regularization)
{
    const struct ql_model *model = network->model;
    const bool changed = model->norm != NULL || regularization->output_dropout > 0.0f;
    return changed ? workspace->before_output : workspace->traces[model->dimensions.L - 1].output;
}

// The position of the dropout before the output's product.
static struct ql_dropout_place output_place(const struct ql_regularization *regularization)
{
    return (struct ql_dropout_place){QL_DROPOUT_OUTPUT_MASK, regularization->output_dropout};
}

// Partial sums in a fixed order, whatever the width of the vectors.
static inline float sum_row(const float *restrict row, int V)
{
    enum { LANES = 16 };
    float partial[LANES] = {0}, sum = 0.0f;
    int v = 0;

    for (; v + LANES <= V; v += LANES) {
        for (int k = 0; k < LANES; k++) {
            partial[k] += row[v + k];
        }
    }
    for (int k = 0; v < V; v++, k++) {
        partial[k] += row[v];
    }
    for (int k = 0; k < LANES; k++) {
        sum += partial[k];
    }
    return sum;
}

// Cross-entropy of one row of logits with smoothed targets q = (1 - smoothing) one_hot(target) + smoothing / V, in nats;
// the row becomes scale (softmax - q). The bias may be NULL.
QL_VECTORIZED_VALUE(static, double, cross_entropy,
                    (float *restrict row, const float *restrict bias, int V, int target, float scale, float smoothing),
                    (row, bias, V, target, scale, smoothing))
{
    float largest = 0.0f;
    double mean = 0.0; // of the logits minus the largest

    for (int v = 0; v < V && bias != NULL; v++) {
        row[v] += bias[v];
    }
    largest = row[0];
    for (int v = 1; v < V; v++) {
        largest = row[v] > largest ? row[v] : largest;
    }
    float target_logit = row[target] - largest;
    if (smoothing > 0.0f) {
        mean = (double)sum_row(row, V) / V - (double)largest;
    }
    for (int v = 0; v < V; v++) {
        row[v] = ql_exp_f32(row[v] - largest);
    }
    const float sum = sum_row(row, V);
    const float factor = scale / sum, spread = scale * smoothing / (float)V;
    for (int v = 0; v < V; v++) {
        row[v] = row[v] * factor - spread;
    }
    row[target] -= scale * (1.0f - smoothing);
    return ql_log_f64((double)sum) - (1.0 - (double)smoothing) * (double)target_logit - (double)smoothing * mean;
}

// Compute the gradient of the logits from the last layer's output, for one part; the losses of its rows are added one
// by one to `loss`.
static void forward_output(double *loss, const struct ql_network *network, struct ql_workspace *workspace,
                           const struct ql_batch *batch, struct ql_shard shard, struct ql_part part,
                           const struct ql_regularization *regularization)
{
    const struct ql_model *model = network->model;
    const struct ql_dimensions d = model->dimensions;
    const ptrdiff_t place = (ptrdiff_t)part.row * d.H;
    const float *input = workspace->traces[d.L - 1].output + place;
    float *row = workspace->logits + (ptrdiff_t)part.row * d.V;

    if (model->norm != NULL) {
        float *normed = workspace->before_output + place;
        ql_norm_batch_forward(normed, workspace->inverse + part.row, input, model->norm, QL_DECODER_EPSILON, part.rows,
                              d.H);
        input = normed;
    }
    if (regularization->output_dropout > 0.0f) {
        float *dropped = workspace->before_output + place;
        ql_dropout_steps(dropped, input, regularization, output_place(regularization), batch, shard, d.H, part.first,
                         part.steps);
        input = dropped;
    }
    ql_product_fused(row, input, &network->output, part.rows, false);
    for (int t = part.first; t < part.first + part.steps; t++) {
        for (int s = 0; s < shard.S; s++, row += d.V) {
            const ptrdiff_t k = (ptrdiff_t)t * batch->B + shard.first + s;
            const float weight = batch->weights == NULL ? 1.0f : batch->weights[k];
            const double nats = cross_entropy(row, model->output_bias, d.V, batch->targets[k],
                                              (float)(weight / batch->total_weight), regularization->label_smoothing);
            *loss += weight > 0.0f ? nats : 0.0;
        }
    }
}

double ql_network_forward(const struct ql_network *network, struct ql_workspace *workspace,
                          const struct ql_batch *batch, struct ql_shard shard, struct ql_train_state *state,
                          const struct ql_regularization *regularization)
{
    const struct ql_model *model = network->model;
    const struct ql_dimensions d = model->dimensions;
    double loss = 0.0;

    for (int l = 0; l < d.L; l++) {
        struct ql_layer_trace *trace = &workspace->traces[l];
        if (drops_input(network, l, regularization)) {
            ql_dropout_window(trace->dropped, workspace->traces[l - 1].output, regularization,
                              (struct ql_dropout_place){l, regularization->dropout}, batch, shard, d.H);
        }
        const struct ql_layer_pass pass = {.batch = batch,
                                           .shard = shard,
                                           .trace = trace,
                                           .scratch = &workspace->layer,
                                           .x = layer_input(network, workspace, l, regularization),
                                           .regularization = regularization,
                                           .state = state};
        network->layers[l].functions->forward(&network->layers[l], &pass);
    }
    for (struct ql_part part = ql_part_next((struct ql_part){0}, batch->T, shard.S); part.rows > 0;
         part = ql_part_next(part, batch->T, shard.S)) {
        forward_output(&loss, network, workspace, batch, shard, part, regularization);
    }
    return loss;
}

void ql_network_backward(const struct ql_network *network, struct ql_workspace *workspace, const struct ql_batch *batch,
                         struct ql_shard shard, const struct ql_regularization *regularization,
                         struct ql_gradient *gradient)
{
    const struct ql_dimensions d = network->model->dimensions;
    const int rows = batch->T * shard.S;
    const float *dlogits = workspace->logits;
    float *dbias = gradient->model.output_bias, *dnorm = gradient->model.norm;

    if (dbias != NULL) {
        memset(dbias, 0, (size_t)d.V * sizeof(float));
        for (int r = 0; r < rows; r++) {
            for (int v = 0; v < d.V; v++) {
                dbias[v] += dlogits[(ptrdiff_t)r * d.V + v];
            }
        }
    }
    if (dnorm != NULL) {
        memset(dnorm, 0, (size_t)d.H * sizeof(float));
    }
    for (struct ql_part part = ql_part_next((struct ql_part){0}, batch->T, shard.S); part.rows > 0;
         part = ql_part_next(part, batch->T, shard.S)) {
        const ptrdiff_t place = (ptrdiff_t)part.row * d.H;
        const float *dpart = dlogits + (ptrdiff_t)part.row * d.V;
        ql_product_transposed(gradient->model.output_weight, dpart,
                              output_input(network, workspace, regularization) + place, d.V, d.H, part.rows,
                              part.row > 0, &workspace->layer.product);
        ql_product_fused(workspace->dh + place, dpart, &network->output_back, part.rows, false);
        if (regularization->output_dropout > 0.0f) {
            ql_dropout_steps(workspace->dh + place, workspace->dh + place, regularization, output_place(regularization),
                             batch, shard, d.H, part.first, part.steps);
        }
        if (dnorm != NULL) {
            ql_norm_batch_backward(workspace->dh + place, dnorm, workspace->dh + place, workspace->inverse + part.row,
                                   workspace->traces[d.L - 1].output + place, network->model->norm, false, part.rows,
                                   d.H);
        }
    }
    for (int l = d.L - 1; l >= 0; l--) {
        const struct ql_layer_pass pass = {.batch = batch,
                                           .shard = shard,
                                           .trace = &workspace->traces[l],
                                           .scratch = &workspace->layer,
                                           .x = layer_input(network, workspace, l, regularization),
                                           .regularization = regularization,
                                           .dy = workspace->dh,
                                           .gradient = gradient};
        network->layers[l].functions->backward(&network->layers[l], &pass);
        if (drops_input(network, l, regularization)) {
            ql_dropout_window(workspace->dh, workspace->dh, regularization,
                              (struct ql_dropout_place){l, regularization->dropout}, batch, shard, d.H);
        }
    }
}

int ql_network_finish_tasks(const struct ql_network *network)
{
    return network->finish_tasks;
}

void ql_network_finish(const struct ql_network *network, struct ql_workspace *workspace, struct ql_gradient *gradient,
                       int task)
{
    const struct ql_train_layer *layer = network->layers;

    while (task >= layer->finish_tasks) {
        task -= layer->finish_tasks;
        layer++;
    }
    layer->functions->finish(layer, &workspace->layer, gradient, task);
}
