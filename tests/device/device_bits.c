// Runs all of device/, and the cosine of base/, on seeded input and prints a hash of all bits of the results.
// device_bits_test.sh compiles it in many ways, all of which must print the same.
// Uses: device/, base/cosine.h, the C library.
#include <inttypes.h>
#include <stdio.h>

#include "base/cosine.h"
#include "device/elementary.h"
#include "device/gru.h"
#include "device/lstm.h"
#include "device/rnn.h"
#include "device/sampler.h"

enum { I = 37, H = 45, V = 71, STEPS = 200, ACTIVATIONS = 300000, DOUBLES = 100000 };

static float w_ih[I * 4 * H], w_hh[H * 4 * H], bias_ih[4 * H], bias_hh[4 * H], output[H * V];

// FNV-1a (Fowler, Noll, Vo), 64 bits, a word at a time.
static void hash_word(uint64_t *hash, uint32_t word)
{
    *hash = (*hash ^ word) * 0x100000001b3u;
}

static void hash_floats(uint64_t *hash, const float *values, int count)
{
    for (int k = 0; k < count; k++) {
        hash_word(hash, ql_activation_to_bits(values[k]));
    }
}

static void fill(struct ql_random *random, float *values, int count, float limit)
{
    for (int k = 0; k < count; k++) {
        values[k] = limit * (2.0f * ql_random_step_f32(random) - 1.0f);
    }
}

static uint64_t hash_activations(void)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (int k = 0; k < ACTIVATIONS; k++) {
        const float x = (float)(k - ACTIVATIONS / 2) * (100.0f / (ACTIVATIONS / 2));
        const float values[] = {ql_exp_f32(x), ql_sigmoid_f32(x), ql_tanh_f32(x), ql_tanh_f32(x * 0.001f)};
        hash_floats(&hash, values, 4);
    }
    return hash;
}

static void hash_double(uint64_t *hash, double value)
{
    const uint64_t bits = ql_elementary_to_bits(value);

    hash_word(hash, (uint32_t)bits);
    hash_word(hash, (uint32_t)(bits >> 32));
}

// The functions of double precision that a training depends on, and the other elementary ones.
static uint64_t hash_doubles(void)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (int k = 0; k < DOUBLES; k++) {
        const double u = (double)k / DOUBLES;
        const double x = 1500.0 * (u - 0.5);
        hash_double(&hash, ql_exponential_f64(x));
        hash_double(&hash, ql_exponential_f64(u - 0.5));
        hash_double(&hash, ql_log_f64(u + 0.5));
        hash_double(&hash, ql_log_f64(ql_exponential_f64(x)));
        hash_double(&hash, ql_pow_f64(u, (double)k));
        hash_double(&hash, ql_pow_f64(0.999, (double)k));
        hash_double(&hash, ql_sqrt_f64(x));
        hash_double(&hash, ql_erf_f64(0.01 * x));
        hash_double(&hash, ql_erfc_f64(0.02 * x));
        hash_double(&hash, ql_cosine_of_turns(u));
        hash_double(&hash, ql_cosine_of_turns(x));
    }
    return hash;
}

// One kind of cell processes random inputs; states and tokens are hashed. `cell` counts gates: 4, 3 or 1.
static uint64_t hash_cell(struct ql_random *random, int cell)
{
    uint64_t hash = 0xcbf29ce484222325u;
    float h[H] = {0}, c[H] = {0}, scratch[6 * H], x[I], logits[V];
    uint32_t weights[V];
    uint16_t candidates[V];
    struct ql_sampler sampler = {.temperature = 0.8f, .top_p = 0.97f, .top_k = 50};
    const struct ql_lstm_weights lstm = {w_ih, w_hh, bias_ih};
    const struct ql_gru_weights gru = {w_ih, w_hh, bias_ih, bias_hh};
    const struct ql_rnn_weights rnn = {w_ih, w_hh, bias_ih};

    ql_random_init(&sampler.random, (uint32_t)cell);
    for (int t = 0; t < STEPS; t++) {
        fill(random, x, I, 2.0f);
        if (cell == 4) {
            ql_lstm_step_f32(h, c, scratch, x, &lstm, I, H);
        } else if (cell == 3) {
            ql_gru_step_f32(h, scratch, x, &gru, I, H);
        } else {
            ql_rnn_step_f32(h, scratch, x, &rnn, I, H);
        }
        fill(random, logits, V, 0.1f);
        ql_matvec_f32(logits, h, output, H, V);
        hash_floats(&hash, h, H);
        hash_floats(&hash, logits, V);
        hash_word(&hash, (uint32_t)ql_sampler_step_f32(&sampler, logits, NULL, weights, candidates, V));
    }
    return hash;
}

int main(void)
{
    static const struct {
        const char *name;
        int gates;
    } cells[] = {{"lstm", 4}, {"gru", 3}, {"rnn", 1}};
    struct ql_random random;

    ql_random_init(&random, 1);
    fill(&random, w_ih, I * 4 * H, 0.4f);
    fill(&random, w_hh, H * 4 * H, 0.4f);
    fill(&random, bias_ih, 4 * H, 0.3f);
    fill(&random, bias_hh, 4 * H, 0.3f);
    fill(&random, output, H * V, 0.9f);
    (void)printf("activations %016" PRIx64 "\n", hash_activations());
    (void)printf("doubles %016" PRIx64 "\n", hash_doubles());
    for (int i = 0; i < 3; i++) {
        (void)printf("%s %016" PRIx64 "\n", cells[i].name, hash_cell(&random, cells[i].gates));
    }
    return 0;
}
