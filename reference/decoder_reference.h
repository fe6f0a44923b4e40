// The oracle of decoders: forward and backward of a transformer with rotary positions in double precision, slow and obvious.
// It covers windows that each begin a sequence; parameters are named and laid out as in docs/transformer.md.
// Uses: the C library only, so that it shares no mistake with the trainer.
//
// The model, for every sequence b of the window and every time t in it, with m0 to m3 factors of dropout:
//
//     x        = m0 * embedding.weight[token]
//     for each layer:
//         n    = norm(x, attention_norm.weight)
//         q, k = turn(query.weight n, t), turn(key.weight n, t)          in heads of size D
//         v    = value.weight n
//         p[u] = e^(q[h] . k[g] at u / sqrt(D)) / (sum over u' <= t)     u <= t, g = h / (heads / kv_heads)
//         x    = x + m1 * output.weight (sum over u of p[u] v[g] at u)
//         n    = norm(x, feed_norm.weight)
//         x    = x + m2 * down.weight (silu(gate.weight n) * up.weight n)
//     logits   = embedding.weight (m3 * norm(x, norm.weight))
//     nll[v]   = ln(sum over u of e^logits[u]) - logits[v]
//     entropy  = (1 - label_smoothing) nll[target] + label_smoothing (mean over v of nll[v])
//     loss     = (sum over t, b of weight * entropy) / (sum over t, b of weight)
//
//     norm(x, w)[i]    = w[i] x[i] / sqrt(mean of x^2 + 1e-5)
//     turn(x, t)       : (x[i], x[i + D/2]) turned by the angle t 10000^(-2i/D), in each head
//     silu(x)          = x / (1 + e^-x)
#ifndef REF_DECODER_REFERENCE_H
#define REF_DECODER_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

struct ref_decoder_dims {
    size_t V, E, L, heads, kv_heads, F; // heads divides E, and E / heads is even
    size_t T, B;
};

// Read only; the caller owns all of it.
struct ref_decoder_window {
    const int32_t *tokens, *targets; // (T, B), in [0, V)
    const double *weight;            // (T, B), >= 0, not all 0; NULL: all 1
    const double *dropout_mask;      // (2L + 1, T, B, E): m0, then m1 and m2 of each layer; NULL: no dropout
    const double *output_mask;       // (T, B, E): m3; NULL: no dropout there
    double label_smoothing;          // [0, 1]
    const double *output;            // (V, E) in place of the embedding in the last product; its gradient is added to
                                     // the embedding's. NULL: the embedding
};

// The number of parameters. They are, in this order, with K = kv_heads E / heads: embedding (V, E); of each layer
// attention_norm (E), query (E, E), key (K, E), value (K, E), output (E, E), feed_norm (E), gate (F, E), up (F, E),
// down (E, F); norm (E).
size_t ref_decoder_count(const struct ref_decoder_dims *dims);

// Writes the loss, the logits (T, B, V) unless NULL, and the gradient of the loss for all parameters unless NULL.
// Returns 0 when memory is out.
int ref_decoder_run(double *loss, double *logits, double *gradient, const double *parameters,
                    const struct ref_decoder_window *window, const struct ref_decoder_dims *dims);

#endif
