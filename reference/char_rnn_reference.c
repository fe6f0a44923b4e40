// The model around the cells: see char_rnn_reference.h.
// Loops over layers, time and batch in the order of the formulas; every value is kept, nothing is fused.
// Uses: cell_reference, storage_reference, the C library.
#include "reference/char_rnn_reference.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "reference/cell_reference.h"
#include "reference/storage_reference.h"

struct cell_type {
    void (*forward)(const struct ref_cell_step *, const struct ref_cell_weights *);
    void (*backward)(const struct ref_cell_step *, const struct ref_cell_weights *, const struct ref_cell_step *,
                     const struct ref_cell_weights *);
};

static const struct cell_type CELL_TYPES[] = {
    [REF_CELL_RNN] = {ref_rnn_forward, ref_rnn_backward},
    [REF_CELL_GRU] = {ref_gru_forward, ref_gru_backward},
    [REF_CELL_LSTM] = {ref_lstm_forward, ref_lstm_backward},
};

// Views: the same parameters or trace, in the form that the cells and the output layer need.

static struct ref_cell_weights layer_weights(const struct ref_parameters *parameters, const struct ref_window *window,
                                             const struct ref_dims *dims, size_t l)
{
    const struct ref_tensor *tensors = &parameters->tensors[FIRST_LAYER + TENSORS_PER_LAYER * l];

    return (struct ref_cell_weights){
        .H = dims->H,
        .input = {ref_layer_input_size(dims, l), tensors[WEIGHT_IH].data, tensors[BIAS_IH].data, 0},
        .hidden = {dims->H, tensors[WEIGHT_HH].data, tensors[BIAS_HH].data, window->h_levels},
    };
}

static struct ref_affine output_affine(const struct ref_parameters *parameters, const struct ref_dims *dims)
{
    const struct ref_tensor *tensors = &parameters->tensors[FIRST_LAYER + TENSORS_PER_LAYER * dims->L];

    return (struct ref_affine){dims->H, tensors[OUTPUT_WEIGHT].data, tensors[OUTPUT_BIAS].data, 0};
}

static struct ref_cell_step layer_step(const struct ref_layer_trace *layer, const struct ref_dims *dims, size_t t,
                                       size_t b)
{
    size_t step = t * dims->B + b;
    size_t next_step = (t + 1) * dims->B + b;

    return (struct ref_cell_step){
        .x = layer->x + step * layer->input_size,
        .h_prev = layer->h + step * dims->H,
        .c_prev = layer->c + step * dims->H,
        .gates = layer->gates + step * REF_GATES * dims->H,
        .h = layer->h + next_step * dims->H,
        .c = layer->c + next_step * dims->H,
    };
}

// The output of a layer at all steps: (T, B, H). h[0] is the initial state, so it starts at h[1].
static double *layer_output(const struct ref_layer_trace *layer, const struct ref_dims *dims)
{
    return layer->h + dims->B * dims->H;
}

static double step_weight(const struct ref_window *window, size_t step)
{
    return window->weight == NULL ? 1 : window->weight[step];
}

static double weight_sum(const struct ref_window *window, const struct ref_dims *dims)
{
    double sum = 0;
    for (size_t step = 0; step < dims->T * dims->B; step++) {
        sum += step_weight(window, step);
    }
    return sum;
}

static bool token_is_valid(int32_t token, const struct ref_dims *dims)
{
    return token >= 0 && (size_t)token < dims->V;
}

static const char *window_check(const struct ref_window *window, const struct ref_dims *dims)
{
    for (size_t step = 0; step < dims->T * dims->B; step++) {
        double weight = step_weight(window, step);
        if (!isfinite(weight) || weight < 0) {
            return "weight: a value is negative or not finite";
        }
        if (!token_is_valid(window->tokens[step], dims)) {
            return "tokens: a value is outside [0, V)";
        }
        if (weight > 0 && !token_is_valid(window->targets[step], dims)) {
            return "targets: a value is outside [0, V), and its weight is not 0";
        }
    }
    if (weight_sum(window, dims) <= 0) {
        return "weight: all values are 0, so that the loss has no tokens to be the mean of";
    }
    return NULL;
}

// ln(sum over v of exp(logits[v])). The largest logit is factored out, so that exp cannot overflow.
static double log_sum_exp(const double *logits, size_t V)
{
    double largest = logits[0];
    for (size_t v = 1; v < V; v++) {
        largest = fmax(largest, logits[v]);
    }
    double sum = exp(logits[0] - largest);
    for (size_t v = 1; v < V; v++) {
        sum += exp(logits[v] - largest);
    }
    return largest + log(sum);
}

// Layer l's share of an initial state (L, B, H), or zeros if there is none.
static void state_init(double *state, const double *initial, const struct ref_dims *dims, size_t l)
{
    size_t count = dims->B * dims->H;

    for (size_t i = 0; i < count; i++) {
        state[i] = initial == NULL ? 0 : initial[l * count + i];
    }
}

// The mask between layer l and layer l + 1 at index i of (T, B, H).
static double dropout_factor(const struct ref_window *window, const struct ref_dims *dims, size_t l, size_t i)
{
    return window->dropout_mask == NULL ? 1 : window->dropout_mask[l * dims->T * dims->B * dims->H + i];
}

// The mask before the output at index i of (T, B, H).
static double output_factor(const struct ref_window *window, size_t i)
{
    return window->output_mask == NULL ? 1 : window->output_mask[i];
}

// The state of a layer as the next one and the output get it.
static double handed_on(const struct ref_window *window, double h)
{
    return window->h_levels > 0 ? round(h * window->h_levels) / window->h_levels : h;
}

// The probability that a smoothed target gives to symbol v.
static double smoothed_target(const struct ref_window *window, const struct ref_dims *dims, size_t step, size_t v)
{
    const double is_target = v == (size_t)window->targets[step] ? 1 : 0;
    return (1 - window->label_smoothing) * is_target + window->label_smoothing / (double)dims->V;
}

const char *ref_char_rnn_forward(struct ref_trace *trace, const struct ref_window *window,
                                 const struct ref_parameters *parameters, const struct ref_dims *dims)
{
    const char *problem = window_check(window, dims);
    if (problem != NULL) {
        return problem;
    }

    size_t steps = dims->T * dims->B;
    const double *embedding = parameters->tensors[EMBEDDING_WEIGHT].data;

    for (size_t step = 0; step < steps; step++) {
        for (size_t e = 0; e < dims->E; e++) {
            trace->layers[0].x[step * dims->E + e] = embedding[(size_t)window->tokens[step] * dims->E + e];
        }
    }

    for (size_t l = 0; l < dims->L; l++) {
        struct ref_layer_trace *layer = &trace->layers[l];
        struct ref_cell_weights weights = layer_weights(parameters, window, dims, l);

        state_init(layer->h, window->h0, dims, l);
        state_init(layer->c, dims->cell == REF_CELL_LSTM ? window->c0 : NULL, dims, l);
        for (size_t t = 0; t < dims->T; t++) {
            for (size_t b = 0; b < dims->B; b++) {
                struct ref_cell_step step = layer_step(layer, dims, t, b);
                CELL_TYPES[dims->cell].forward(&step, &weights);
            }
        }

        if (l + 1 < dims->L) {
            const double *output = layer_output(layer, dims);
            for (size_t i = 0; i < steps * dims->H; i++) {
                trace->layers[l + 1].x[i] = dropout_factor(window, dims, l, i) * handed_on(window, output[i]);
            }
        }
    }

    struct ref_affine affine = output_affine(parameters, dims);
    const double *h = layer_output(&trace->layers[dims->L - 1], dims);
    double entropy_sum = 0;

    for (size_t i = 0; i < steps * dims->H; i++) {
        trace->top[i] = output_factor(window, i) * handed_on(window, h[i]);
    }
    for (size_t step = 0; step < steps; step++) {
        double *logits = trace->logits + step * dims->V;
        for (size_t v = 0; v < dims->V; v++) {
            logits[v] = ref_affine_forward(&affine, v, trace->top + step * dims->H);
        }
        if (step_weight(window, step) > 0) {
            const double normalizer = log_sum_exp(logits, dims->V);
            for (size_t v = 0; v < dims->V; v++) {
                entropy_sum +=
                    step_weight(window, step) * smoothed_target(window, dims, step, v) * (normalizer - logits[v]);
            }
        }
    }
    trace->loss = entropy_sum / weight_sum(window, dims);
    return NULL;
}

void ref_char_rnn_backward(struct ref_parameters *dparameters, struct ref_trace *dtrace, const struct ref_trace *trace,
                           const struct ref_window *window, const struct ref_parameters *parameters,
                           const struct ref_dims *dims)
{
    memset(dparameters->values, 0, dparameters->value_count * sizeof dparameters->values[0]);
    memset(dtrace->values, 0, dtrace->value_count * sizeof dtrace->values[0]);
    dtrace->loss = 1;

    size_t steps = dims->T * dims->B;
    double total = weight_sum(window, dims);
    struct ref_affine affine = output_affine(parameters, dims);
    struct ref_affine daffine = output_affine(dparameters, dims);
    double *dh = layer_output(&dtrace->layers[dims->L - 1], dims);

    // dloss/dlogits[v] = weight / total * (softmax(logits)[v] - the target's probability of v)
    for (size_t step = 0; step < steps; step++) {
        double share = step_weight(window, step) / total;
        if (share <= 0) {
            continue;
        }
        const double *logits = trace->logits + step * dims->V;
        double *dlogits = dtrace->logits + step * dims->V;
        double normalizer = log_sum_exp(logits, dims->V);

        for (size_t v = 0; v < dims->V; v++) {
            dlogits[v] = share * (exp(logits[v] - normalizer) - smoothed_target(window, dims, step, v));
            ref_affine_backward(&daffine, dtrace->top + step * dims->H, dlogits[v], &affine, v,
                                trace->top + step * dims->H);
        }
    }
    for (size_t i = 0; i < steps * dims->H; i++) {
        dh[i] = output_factor(window, i) * dtrace->top[i];
    }

    for (size_t l = dims->L; l-- > 0;) {
        struct ref_layer_trace *layer = &trace->layers[l];
        struct ref_layer_trace *dlayer = &dtrace->layers[l];
        struct ref_cell_weights weights = layer_weights(parameters, window, dims, l);
        struct ref_cell_weights dweights = layer_weights(dparameters, window, dims, l);

        for (size_t t = dims->T; t-- > 0;) {
            for (size_t b = 0; b < dims->B; b++) {
                struct ref_cell_step step = layer_step(layer, dims, t, b);
                struct ref_cell_step dstep = layer_step(dlayer, dims, t, b);
                CELL_TYPES[dims->cell].backward(&dstep, &dweights, &step, &weights);
            }
        }

        if (l > 0) {
            double *dbelow = layer_output(&dtrace->layers[l - 1], dims);
            for (size_t i = 0; i < steps * dims->H; i++) {
                dbelow[i] += dropout_factor(window, dims, l - 1, i) * dlayer->x[i];
            }
        }
    }

    double *dembedding = dparameters->tensors[EMBEDDING_WEIGHT].data;
    for (size_t step = 0; step < steps; step++) {
        for (size_t e = 0; e < dims->E; e++) {
            dembedding[(size_t)window->tokens[step] * dims->E + e] += dtrace->layers[0].x[step * dims->E + e];
        }
    }
}
