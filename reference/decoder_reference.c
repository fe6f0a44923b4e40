// The oracle of decoders: see decoder_reference.h.
//
// Backward goes through the formulas from the last to the first. With dy the gradient of the loss with respect to y:
//
//     y = W x:              dW += dy x^T, dx += W^T dy
//     y = norm(x, w):       with r = 1 / sqrt(mean of x^2 + eps): dw += dy x r,
//                           dx += r (w dy) - r^3 x mean over i of (w dy x)
//     p = softmax(s):       ds = p (dp - sum of p dp)
//     y = silu(g) u:        du = dy silu(g), dg = dy u (sigmoid(g) + silu(g) (1 - sigmoid(g)))
//     y = turn(x, t):       dx = turn(dy, -t), since a rotation's transpose is its inverse
#include "reference/decoder_reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double EPSILON = 1e-5;

struct layer {
    double *attention_norm, *query, *key, *value, *output, *feed_norm, *gate, *up, *down;
};

// Parameters, or their gradient. `layers` points to the caller's memory.
struct parameters {
    double *embedding, *norm;
    struct layer *layers;
};

// What forward keeps for one sequence and one layer, row t after row t - 1; or the gradients of these.
struct trace {
    double *x, *n1, *q, *k, *v, *p, *a, *middle, *n2, *g, *u, *f;
};

size_t ref_decoder_count(const struct ref_decoder_dims *d)
{
    const size_t K = d->kv_heads * (d->E / d->heads);
    return d->V * d->E + d->L * (2 * d->E + 2 * d->E * d->E + 2 * K * d->E + 3 * d->F * d->E) + d->E;
}

static double *cut(double **from, size_t count)
{
    double *part = *from;
    *from += count;
    return part;
}

static void lay_out(struct parameters *p, double *values, const struct ref_decoder_dims *d)
{
    const size_t E = d->E, F = d->F, K = d->kv_heads * (E / d->heads);

    p->embedding = cut(&values, d->V * E);
    for (size_t l = 0; l < d->L; l++) {
        struct layer *layer = &p->layers[l];
        layer->attention_norm = cut(&values, E);
        layer->query = cut(&values, E * E);
        layer->key = cut(&values, K * E);
        layer->value = cut(&values, K * E);
        layer->output = cut(&values, E * E);
        layer->feed_norm = cut(&values, E);
        layer->gate = cut(&values, F * E);
        layer->up = cut(&values, F * E);
        layer->down = cut(&values, E * F);
    }
    p->norm = cut(&values, E);
}

static size_t trace_count(const struct ref_decoder_dims *d)
{
    const size_t K = d->kv_heads * (d->E / d->heads);
    return d->T * (6 * d->E + 2 * K + d->heads * d->T + 3 * d->F);
}

static void lay_out_trace(struct trace *trace, double *values, const struct ref_decoder_dims *d)
{
    const size_t T = d->T, E = d->E, F = d->F, K = d->kv_heads * (E / d->heads);

    trace->x = cut(&values, T * E);
    trace->n1 = cut(&values, T * E);
    trace->q = cut(&values, T * E);
    trace->k = cut(&values, T * K);
    trace->v = cut(&values, T * K);
    trace->p = cut(&values, d->heads * T * T);
    trace->a = cut(&values, T * E);
    trace->middle = cut(&values, T * E);
    trace->n2 = cut(&values, T * E);
    trace->g = cut(&values, T * F);
    trace->u = cut(&values, T * F);
    trace->f = cut(&values, T * F);
}

// --- The parts, each forward and backward ---

static void multiply(double *y, const double *W, const double *x, size_t rows, size_t columns)
{
    for (size_t i = 0; i < rows; i++) {
        y[i] = 0;
        for (size_t k = 0; k < columns; k++) {
            y[i] += W[i * columns + k] * x[k];
        }
    }
}

static void multiply_backward(double *dW, double *dx, const double *dy, const double *W, const double *x, size_t rows,
                              size_t columns)
{
    for (size_t i = 0; i < rows; i++) {
        for (size_t k = 0; k < columns; k++) {
            dW[i * columns + k] += dy[i] * x[k];
            dx[k] += W[i * columns + k] * dy[i];
        }
    }
}

static double inverse_root(const double *x, size_t E)
{
    double squares = 0;

    for (size_t i = 0; i < E; i++) {
        squares += x[i] * x[i];
    }
    return 1 / sqrt(squares / (double)E + EPSILON);
}

static void norm(double *y, const double *x, const double *w, size_t E)
{
    const double r = inverse_root(x, E);

    for (size_t i = 0; i < E; i++) {
        y[i] = w[i] * x[i] * r;
    }
}

static void norm_backward(double *dw, double *dx, const double *dy, const double *x, const double *w, size_t E)
{
    const double r = inverse_root(x, E);
    double mean = 0;

    for (size_t i = 0; i < E; i++) {
        mean += w[i] * dy[i] * x[i] / (double)E;
    }
    for (size_t i = 0; i < E; i++) {
        dw[i] += dy[i] * x[i] * r;
        dx[i] += r * w[i] * dy[i] - r * r * r * x[i] * mean;
    }
}

static void turn(double *x, double t, size_t heads, size_t D)
{
    for (size_t h = 0; h < heads; h++, x += D) {
        for (size_t i = 0; i < D / 2; i++) {
            const double angle = t * pow(10000, -2.0 * (double)i / (double)D);
            const double a = x[i], b = x[i + D / 2];
            x[i] = a * cos(angle) - b * sin(angle);
            x[i + D / 2] = a * sin(angle) + b * cos(angle);
        }
    }
}

static double dot(const double *a, const double *b, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

static void attend(const struct trace *trace, size_t t, const struct ref_decoder_dims *d)
{
    const size_t D = d->E / d->heads, K = d->kv_heads * D, group = d->heads / d->kv_heads;

    for (size_t h = 0; h < d->heads; h++) {
        double *p = trace->p + (h * d->T + t) * d->T, *a = trace->a + t * d->E + h * D;
        const size_t place = h / group * D;
        double largest = -INFINITY, sum = 0;
        for (size_t u = 0; u <= t; u++) {
            p[u] = dot(trace->q + t * d->E + h * D, trace->k + u * K + place, D) / sqrt((double)D);
            largest = fmax(largest, p[u]);
        }
        for (size_t u = 0; u <= t; u++) {
            p[u] = exp(p[u] - largest);
            sum += p[u];
        }
        for (size_t i = 0; i < D; i++) {
            a[i] = 0;
        }
        for (size_t u = 0; u <= t; u++) {
            p[u] /= sum;
            for (size_t i = 0; i < D; i++) {
                a[i] += p[u] * trace->v[u * K + place + i];
            }
        }
    }
}

static void attend_backward(const struct trace *dtrace, const struct trace *trace, size_t t,
                            const struct ref_decoder_dims *d)
{
    const size_t D = d->E / d->heads, K = d->kv_heads * D, group = d->heads / d->kv_heads;

    for (size_t h = 0; h < d->heads; h++) {
        const double *p = trace->p + (h * d->T + t) * d->T, *da = dtrace->a + t * d->E + h * D;
        double *dp = dtrace->p + (h * d->T + t) * d->T;
        const size_t place = h / group * D;
        double sum = 0;
        for (size_t u = 0; u <= t; u++) {
            dp[u] = dot(da, trace->v + u * K + place, D);
            sum += p[u] * dp[u];
        }
        for (size_t u = 0; u <= t; u++) {
            const double ds = p[u] * (dp[u] - sum) / sqrt((double)D);
            for (size_t i = 0; i < D; i++) {
                dtrace->v[u * K + place + i] += p[u] * da[i];
                dtrace->q[t * d->E + h * D + i] += ds * trace->k[u * K + place + i];
                dtrace->k[u * K + place + i] += ds * trace->q[t * d->E + h * D + i];
            }
        }
    }
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

// --- One sequence ---

// Mask `number` of dropout at (t, b), or NULL.
static const double *mask_at(const struct ref_decoder_window *window, const struct ref_decoder_dims *d, size_t number,
                             size_t t, size_t b)
{
    return window->dropout_mask == NULL ? NULL : window->dropout_mask + ((number * d->T + t) * d->B + b) * d->E;
}

static void drop(double *x, const double *mask, size_t E)
{
    for (size_t i = 0; i < E && mask != NULL; i++) {
        x[i] *= mask[i];
    }
}

// The layer's output for row t, from trace->x; all rows before t have been run.
static void run_row(double *y, const struct trace *trace, const struct layer *w, size_t t, const double *mask1,
                    const double *mask2, const struct ref_decoder_dims *d)
{
    const size_t E = d->E, F = d->F, D = E / d->heads, K = d->kv_heads * D;
    const double *x = trace->x + t * E;
    double *n1 = trace->n1 + t * E, *n2 = trace->n2 + t * E, *middle = trace->middle + t * E;
    double *g = trace->g + t * F, *u = trace->u + t * F, *f = trace->f + t * F;

    norm(n1, x, w->attention_norm, E);
    multiply(trace->q + t * E, w->query, n1, E, E);
    multiply(trace->k + t * K, w->key, n1, K, E);
    multiply(trace->v + t * K, w->value, n1, K, E);
    turn(trace->q + t * E, (double)t, d->heads, D);
    turn(trace->k + t * K, (double)t, d->kv_heads, D);
    attend(trace, t, d);
    multiply(middle, w->output, trace->a + t * E, E, E);
    drop(middle, mask1, E);
    for (size_t i = 0; i < E; i++) {
        middle[i] += x[i];
    }
    norm(n2, middle, w->feed_norm, E);
    multiply(g, w->gate, n2, F, E);
    multiply(u, w->up, n2, F, E);
    for (size_t i = 0; i < F; i++) {
        f[i] = g[i] * sigmoid(g[i]) * u[i];
    }
    multiply(y, w->down, f, E, F);
    drop(y, mask2, E);
    for (size_t i = 0; i < E; i++) {
        y[i] += middle[i];
    }
}

// Computes the gradient of attention's output from dy of row t; the gradients of queries, keys, and values follow
// later.
static void run_row_backward(const struct trace *dtrace, const struct trace *trace, const struct layer *dw,
                             const struct layer *w, const double *dy, size_t t, const double *mask1,
                             const double *mask2, double *scratch, const struct ref_decoder_dims *d)
{
    const size_t E = d->E, F = d->F;
    const double *g = trace->g + t * F, *u = trace->u + t * F;
    double *dmiddle = dtrace->middle + t * E, *df = dtrace->f + t * F;

    memcpy(scratch, dy, E * sizeof *scratch);
    drop(scratch, mask2, E);
    multiply_backward(dw->down, df, scratch, w->down, trace->f + t * F, E, F);
    for (size_t i = 0; i < F; i++) {
        const double s = sigmoid(g[i]);
        dtrace->u[t * F + i] = df[i] * g[i] * s;
        dtrace->g[t * F + i] = df[i] * u[i] * (s + g[i] * s * (1 - s));
    }
    multiply_backward(dw->gate, dtrace->n2 + t * E, dtrace->g + t * F, w->gate, trace->n2 + t * E, F, E);
    multiply_backward(dw->up, dtrace->n2 + t * E, dtrace->u + t * F, w->up, trace->n2 + t * E, F, E);
    memcpy(dmiddle, dy, E * sizeof *dmiddle);
    norm_backward(dw->feed_norm, dmiddle, dtrace->n2 + t * E, trace->middle + t * E, w->feed_norm, E);
    memcpy(scratch, dmiddle, E * sizeof *scratch);
    drop(scratch, mask1, E);
    multiply_backward(dw->output, dtrace->a + t * E, scratch, w->output, trace->a + t * E, E, E);
}

// Computes the gradient of x from those of queries, keys, and values of row t.
static void run_inputs_backward(const struct trace *dtrace, const struct trace *trace, const struct layer *dw,
                                const struct layer *w, size_t t, const struct ref_decoder_dims *d)
{
    const size_t E = d->E, D = E / d->heads, K = d->kv_heads * D;
    double *dn = dtrace->n1 + t * E, *dx = dtrace->x + t * E;
    const double *n = trace->n1 + t * E;

    turn(dtrace->q + t * E, -(double)t, d->heads, D);
    turn(dtrace->k + t * K, -(double)t, d->kv_heads, D);
    multiply_backward(dw->query, dn, dtrace->q + t * E, w->query, n, E, E);
    multiply_backward(dw->key, dn, dtrace->k + t * K, w->key, n, K, E);
    multiply_backward(dw->value, dn, dtrace->v + t * K, w->value, n, K, E);
    memcpy(dx, dtrace->middle + t * E, E * sizeof *dx);
    norm_backward(dw->attention_norm, dx, dn, trace->x + t * E, w->attention_norm, E);
}

// What a run needs in addition to its arguments.
struct run {
    const struct ref_decoder_dims *d;
    const struct ref_decoder_window *window;
    struct parameters w, dw;
    struct trace *traces, *dtraces; // of each layer
    double *last, *dlast;           // (T, E) the output of the last layer
    double *row, *logits;           // (E), (V)
    double total_weight;
};

// The loss of sequence b; with a gradient, dlast and the shares of norm and embedding.
static double run_output(struct run *run, double *all_logits, size_t b, int backward)
{
    const struct ref_decoder_dims *d = run->d;
    const size_t E = d->E, V = d->V;
    const double *output = run->window->output == NULL ? run->w.embedding : run->window->output;
    double loss = 0;

    for (size_t t = 0; t < d->T; t++) {
        const size_t at = t * d->B + b;
        const double weight = run->window->weight == NULL ? 1 : run->window->weight[at];
        double largest = -INFINITY, sum = 0;
        const double *mask = run->window->output_mask == NULL ? NULL : run->window->output_mask + at * E;
        const double smoothing = run->window->label_smoothing;
        norm(run->row, run->last + t * E, run->w.norm, E);
        drop(run->row, mask, E);
        multiply(run->logits, output, run->row, V, E);
        if (all_logits != NULL) {
            memcpy(all_logits + at * V, run->logits, V * sizeof(double));
        }
        for (size_t v = 0; v < V; v++) {
            largest = fmax(largest, run->logits[v]);
        }
        for (size_t v = 0; v < V; v++) {
            sum += exp(run->logits[v] - largest);
        }
        if (!(weight > 0)) {
            continue;
        }
        const size_t target = (size_t)run->window->targets[at];
        for (size_t v = 0; v < V; v++) {
            const double q = (1 - smoothing) * (v == target) + smoothing / (double)V;
            loss += weight / run->total_weight * q * (log(sum) + largest - run->logits[v]);
        }
        if (backward) {
            double *drow = run->row + E;
            memset(drow, 0, E * sizeof *drow);
            for (size_t v = 0; v < V; v++) {
                const double q = (1 - smoothing) * (v == target) + smoothing / (double)V;
                run->logits[v] = weight / run->total_weight * (exp(run->logits[v] - largest) / sum - q);
            }
            multiply_backward(run->dw.embedding, drow, run->logits, output, run->row, V, E);
            drop(drow, mask, E);
            norm_backward(run->dw.norm, run->dlast + t * E, drow, run->last + t * E, run->w.norm, E);
        }
    }
    return loss;
}

static void run_layers(struct run *run, size_t b)
{
    const struct ref_decoder_dims *d = run->d;

    for (size_t t = 0; t < d->T; t++) {
        double *x = run->traces[0].x + t * d->E;
        const size_t token = (size_t)run->window->tokens[t * d->B + b];
        memcpy(x, run->w.embedding + token * d->E, d->E * sizeof *x);
        drop(x, mask_at(run->window, d, 0, t, b), d->E);
    }
    for (size_t l = 0; l < d->L; l++) {
        for (size_t t = 0; t < d->T; t++) {
            double *y = (l + 1 < d->L ? run->traces[l + 1].x : run->last) + t * d->E;
            run_row(y, &run->traces[l], &run->w.layers[l], t, mask_at(run->window, d, 2 * l + 1, t, b),
                    mask_at(run->window, d, 2 * l + 2, t, b), d);
        }
    }
}

static void run_layers_backward(struct run *run, size_t b)
{
    const struct ref_decoder_dims *d = run->d;

    for (size_t l = d->L; l-- > 0;) {
        const struct trace *trace = &run->traces[l], *dtrace = &run->dtraces[l];
        for (size_t t = 0; t < d->T; t++) {
            const double *dy = (l + 1 < d->L ? run->dtraces[l + 1].x : run->dlast) + t * d->E;
            run_row_backward(dtrace, trace, &run->dw.layers[l], &run->w.layers[l], dy, t,
                             mask_at(run->window, d, 2 * l + 1, t, b), mask_at(run->window, d, 2 * l + 2, t, b),
                             run->row, d);
        }
        for (size_t t = 0; t < d->T; t++) {
            attend_backward(dtrace, trace, t, d);
        }
        for (size_t t = 0; t < d->T; t++) {
            run_inputs_backward(dtrace, trace, &run->dw.layers[l], &run->w.layers[l], t, d);
        }
    }
    for (size_t t = 0; t < d->T; t++) {
        double *dx = run->dtraces[0].x + t * d->E;
        const size_t token = (size_t)run->window->tokens[t * d->B + b];
        drop(dx, mask_at(run->window, d, 0, t, b), d->E);
        for (size_t i = 0; i < d->E; i++) {
            run->dw.embedding[token * d->E + i] += dx[i];
        }
    }
}

// Long because it allocates and frees all memory of a run.
int ref_decoder_run(double *loss, double *logits, double *gradient, const double *parameters,
                    const struct ref_decoder_window *window, const struct ref_decoder_dims *d)
{
    const size_t count = ref_decoder_count(d), places = d->T * d->B, kept = trace_count(d);
    struct layer *layers = calloc(2 * d->L, sizeof *layers);
    struct trace *traces = calloc(2 * d->L, sizeof *traces);
    double *values = calloc(count + 2 * d->L * kept + 2 * d->T * d->E + 2 * d->E + d->V, sizeof *values);
    struct run run = {.d = d, .window = window, .w.layers = layers, .dw.layers = layers == NULL ? NULL : layers + d->L};
    const int done = layers != NULL && traces != NULL && values != NULL;
    double *from = values;

    if (!done) {
        goto end;
    }
    memcpy(from, parameters, count * sizeof *from);
    lay_out(&run.w, cut(&from, count), d);
    run.traces = traces;
    run.dtraces = traces + d->L;
    double *dvalues = from + d->L * kept;
    for (size_t l = 0; l < 2 * d->L; l++) {
        lay_out_trace(&traces[l], cut(&from, kept), d);
    }
    run.last = cut(&from, d->T * d->E);
    run.dlast = cut(&from, d->T * d->E);
    run.row = cut(&from, 2 * d->E);
    run.logits = cut(&from, d->V);
    if (gradient != NULL) {
        memset(gradient, 0, count * sizeof *gradient);
        lay_out(&run.dw, gradient, d);
    }
    for (size_t k = 0; k < places; k++) {
        run.total_weight += window->weight == NULL ? 1 : window->weight[k];
    }
    *loss = 0;
    for (size_t b = 0; b < d->B; b++) {
        run_layers(&run, b);
        memset(dvalues, 0, d->L * kept * sizeof *dvalues);
        memset(run.dlast, 0, d->T * d->E * sizeof *run.dlast);
        *loss += run_output(&run, logits, b, gradient != NULL);
        if (gradient != NULL) {
            run_layers_backward(&run, b);
        }
    }
end:
    free(values);
    free(traces);
    free(layers);
    return done;
}
