// Writes test vectors of the random numbers, the activations and the sampler as JSON, for the JavaScript twin.
// Usage: sampler_vectors CASES SEED. Floats are written as their 32 bits, so no digit is lost.
// Uses: device/, the C library.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "device/candidate.h"
#include "device/sampler.h"
#include "device/sampler_s32.h"

enum { V_LIMIT = 300, DRAWS = 8 };

static const int sizes[] = {1, 2, 3, 7, 64, 129, V_LIMIT};
static const float temperatures[] = {0.0f, 1e-40f, 1e-6f, 0.3f, 0.7f, 1.0f, 1.7f, 100.0f, 1e30f};
static const float shares[] = {1.0f, 1e-6f, 0.1f, 0.5f, 0.9f, 0.95f, 0.99999994f};
static const int limits[] = {0, 0, 1, 2, 5, 40, V_LIMIT, 1000};
static const uint32_t blocked_shares[] = {0, 0, 1, 4, 7, 8}; // in eighths

// What the logits of a case look like.
enum logits_kind { LIKELY, TIED, EQUAL, STEEP, HUGE, NOT_FINITE, LOGITS_KINDS };

// Element `step % length` of the array: the cases go through all lists at different paces.
#define PICK(list, step) ((list)[(step) % (sizeof(list) / sizeof((list)[0]))])

static float random_between(struct ql_random *random, float low, float high)
{
    return low + (high - low) * ql_random_step_f32(random);
}

static float make_logit(struct ql_random *random, enum logits_kind kind)
{
    switch (kind) {
    case LIKELY:
    case NOT_FINITE:
        return random_between(random, -6.0f, 6.0f);
    case TIED:
        return floorf(random_between(random, -3.0f, 4.0f)) * (ql_random_step(random) % 2 == 0 ? 1.0f : -1.0f);
    case EQUAL:
        return 1.25f;
    case STEEP:
        return random_between(random, -200.0f, 200.0f);
    default:
        return random_between(random, -3e38f, 3e38f);
    }
}

static void write_list(const char *before, const uint32_t *numbers, int count)
{
    for (int i = 0; i < count; i++) {
        (void)printf("%s%" PRIu32, i == 0 ? before : ",", numbers[i]);
    }
}

static void write_draws(struct ql_random *random, size_t number)
{
    float logits[V_LIMIT];
    uint32_t weights[V_LIMIT];
    uint16_t candidates[V_LIMIT];
    uint32_t blocked[(V_LIMIT + 31) / 32] = {0};
    const enum logits_kind kind = (enum logits_kind)(number % LOGITS_KINDS);
    const int V = PICK(sizes, number / LOGITS_KINDS);
    const uint32_t seed = ql_random_step(random);
    struct ql_sampler sampler = {.temperature = PICK(temperatures, ql_random_step(random)),
                                 .top_p = PICK(shares, ql_random_step(random)),
                                 .top_k = PICK(limits, ql_random_step(random))};

    for (int v = 0; v < V; v++) {
        logits[v] = make_logit(random, kind);
    }
    if (kind == NOT_FINITE) {
        static const float wrong[] = {NAN, INFINITY, -INFINITY};
        logits[ql_random_step(random) % (uint32_t)V] = PICK(wrong, ql_random_step(random));
    }
    const uint32_t blocked_share = PICK(blocked_shares, ql_random_step(random));
    for (int v = 0; v < V; v++) {
        blocked[v / 32] |= (uint32_t)(ql_random_step(random) % 8 < blocked_share) << (v % 32);
    }
    (void)printf("{\"temperature\":%" PRIu32 ",\"top_p\":%" PRIu32 ",\"top_k\":%d,\"seed\":%" PRIu32 ",\n\"logits\":[",
                 ql_activation_to_bits(sampler.temperature), ql_activation_to_bits(sampler.top_p), sampler.top_k, seed);
    for (int v = 0; v < V; v++) {
        (void)printf("%s%" PRIu32, v == 0 ? "" : ",", ql_activation_to_bits(logits[v]));
    }
    (void)printf("],\n\"blocked\":[");
    for (int k = 0; k < (V + 31) / 32; k++) {
        (void)printf("%s%" PRIu32, k == 0 ? "" : ",", blocked[k]);
    }
    (void)printf("],\n\"tokens\":[");
    ql_random_init(&sampler.random, seed);
    uint32_t costs[DRAWS]; // of what is drawn
    for (int i = 0; i < DRAWS; i++) {
        const int token =
            ql_sampler_step_f32(&sampler, logits, blocked_share == 0 ? NULL : blocked, weights, candidates, V);
        (void)printf("%s%d", i == 0 ? "" : ",", token);
        costs[i] = token < 0 ? 0 : ql_cost_f32(logits, token, V);
    }
    write_list("],\"costs\":[", costs, DRAWS);
    const uint32_t *s = sampler.random.state;
    (void)printf("],\"state\":[%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 "]}", s[0], s[1], s[2], s[3]);
}

static const float integer_temperatures[] = {0.0f, 1e-6f, 0.01f, 0.3f, 0.7f, 1.0f, 1.7f, 100.0f};

// What integer logits look like.
enum integer_kind { LIKELY_UNITS, TIED_UNITS, EQUAL_UNITS, STEEP_UNITS, EXTREME_UNITS, INTEGER_KINDS };

static int32_t make_integer_logit(struct ql_random *random, enum integer_kind kind)
{
    const int32_t any = (int32_t)ql_random_step(random);

    switch (kind) {
    case LIKELY_UNITS:
        return any % 6000;
    case TIED_UNITS:
        return any % 4 * 512;
    case EQUAL_UNITS:
        return -1280;
    case STEEP_UNITS:
        return any % 200000;
    default:
        return any % 3 == 0 ? INT32_MIN : any % 3 == 1 ? INT32_MAX : any;
    }
}

static void write_integer_draws(struct ql_random *random, size_t number)
{
    int32_t logits[V_LIMIT];
    uint32_t weights[V_LIMIT], blocked[(V_LIMIT + 31) / 32] = {0};
    uint16_t candidates[V_LIMIT];
    const enum integer_kind kind = (enum integer_kind)(number % INTEGER_KINDS);
    const int V = PICK(sizes, number / INTEGER_KINDS);
    const uint32_t seed = ql_random_step(random);
    const float temperature = PICK(integer_temperatures, ql_random_step(random));
    const float top_p = PICK(shares, ql_random_step(random));
    struct ql_sampler_s32 sampler = {.temperature = ql_sampler_units(temperature, QL_SAMPLER_TEMPERATURE_ONE),
                                     .top_p = ql_sampler_units(top_p, QL_SAMPLER_SHARE_ONE),
                                     .top_k = PICK(limits, ql_random_step(random))};

    for (int v = 0; v < V; v++) {
        logits[v] = make_integer_logit(random, kind);
    }
    const uint32_t blocked_share = PICK(blocked_shares, ql_random_step(random));
    for (int v = 0; v < V; v++) {
        blocked[v / 32] |= (uint32_t)(ql_random_step(random) % 8 < blocked_share) << (v % 32);
    }
    (void)printf("{\"temperature\":%" PRIu32 ",\"top_p\":%" PRIu32 ",\"top_k\":%d,\"seed\":%" PRIu32
                 ",\"settings\":[%" PRIu32 ",%" PRIu32 "],\n\"logits\":[",
                 ql_activation_to_bits(temperature), ql_activation_to_bits(top_p), sampler.top_k, seed,
                 sampler.temperature, sampler.top_p);
    for (int v = 0; v < V; v++) {
        (void)printf("%s%" PRId32, v == 0 ? "" : ",", logits[v]);
    }
    (void)printf("],\n\"blocked\":[");
    for (int k = 0; k < (V + 31) / 32; k++) {
        (void)printf("%s%" PRIu32, k == 0 ? "" : ",", blocked[k]);
    }
    (void)printf("],\n\"tokens\":[");
    ql_random_init(&sampler.random, seed);
    uint32_t costs[DRAWS]; // of what is drawn
    for (int i = 0; i < DRAWS; i++) {
        const int token =
            ql_sampler_step_s32(&sampler, logits, blocked_share == 0 ? NULL : blocked, weights, candidates, V);
        (void)printf("%s%d", i == 0 ? "" : ",", token);
        costs[i] = token < 0 ? 0 : ql_cost_s32(logits, token, V);
    }
    write_list("],\"costs\":[", costs, DRAWS);
    const uint32_t *s = sampler.random.state;
    (void)printf("],\"state\":[%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 "]}", s[0], s[1], s[2], s[3]);
}

// Settings and draws of integer logits, after those of floats, and the parts of their weights.
static void write_integers(struct ql_random *random, long cases)
{
    static const uint32_t edges[] = {
        0,        1,         (1u << 11) - 1,  1u << 11, (1u << 21) - 1, 1u << 21, (1u << 27) - 1,
        1u << 27, 17u << 27, (17u << 27) - 1, 16u << 27};

    (void)printf("],\n\"powers\":[\n");
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        (void)printf("%s[%" PRIu32 ",%" PRIu32 "]", i == 0 ? "" : ",", edges[i], ql_sampler_power(edges[i]));
    }
    for (long i = 0; i < 8 * cases; i++) {
        const uint32_t x = ql_random_step(random) % (17u << 27) >> i % 8;
        (void)printf(",%s[%" PRIu32 ",%" PRIu32 "]", i % 8 == 0 ? "\n" : "", x, ql_sampler_power(x));
    }
    (void)printf("],\n\"integer_draws\":[\n");
    for (long i = 0; i < cases; i++) {
        (void)printf("%s", i == 0 ? "" : ",\n");
        write_integer_draws(random, (size_t)i);
    }
}

// Candidates of one text: ordinary ones, the smallest and largest numbers, and equal ones.
static void write_choice(struct ql_random *random, size_t number)
{
    static const uint32_t edges[] = {0, 1, 2, 1000, UINT32_MAX - 1, UINT32_MAX};
    struct ql_candidate candidates[DRAWS];
    const uint32_t seed = ql_random_step(random);
    uint32_t chosen = 0;

    (void)printf("{\"seed\":%" PRIu32 ",\"candidates\":[", seed);
    for (uint32_t k = 0; k < DRAWS; k++) {
        struct ql_candidate *candidate = &candidates[k];
        *candidate = (struct ql_candidate){.cost = ql_random_step(random) % 200000,
                                           .characters = 1 + ql_random_step(random) % 200,
                                           .rank = number % 3 == 0 ? 0 : ql_random_step(random) % 3};
        if (number % 4 == 1) {
            candidate->cost = PICK(edges, ql_random_step(random));
            candidate->characters = 1 + ql_random_step(random) % 1000000;
        } else if (number % 4 == 2) { // many have the same mean
            candidate->cost = 600 * candidate->characters;
        } else if (number % 4 == 3) { // means that differ slightly
            candidate->cost = 600 * candidate->characters + ql_random_step(random) % 2;
        }
        const uint32_t numbers[] = {ql_candidate_seed(seed, k), candidate->cost, candidate->characters,
                                    candidate->rank};
        write_list(k == 0 ? "[" : ",[", numbers, 4);
        (void)printf("]");
        chosen = k > 0 && ql_candidate_before(candidate, &candidates[chosen]) ? k : chosen;
    }
    (void)printf("],\"chosen\":%" PRIu32 "}", chosen);
}

static void write_random(uint32_t seed)
{
    struct ql_random random;

    ql_random_init(&random, seed);
    const uint32_t *s = random.state;
    (void)printf("{\"seed\":%" PRIu32 ",\"state\":[%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 "],\"integers\":[",
                 seed, s[0], s[1], s[2], s[3]);
    for (int i = 0; i < DRAWS; i++) {
        (void)printf("%s%" PRIu32, i == 0 ? "" : ",", ql_random_step(&random));
    }
    (void)printf("]}");
}

static void write_activations(float x)
{
    (void)printf("[%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 "]", ql_activation_to_bits(x),
                 ql_activation_to_bits(ql_exp_f32(x)), ql_activation_to_bits(ql_sigmoid_f32(x)),
                 ql_activation_to_bits(ql_tanh_f32(x)));
}

int main(int argc, char **argv)
{
    static const uint32_t seeds[] = {0, 1, 42, 0x7fffffff, 0x80000000, UINT32_MAX};
    static const float edges[] = {0.0f,  -0.0f,  1.0f,   -1.0f,    0.1f,  -2.5f,     10.0f,    -10.0f,
                                  87.0f, -87.0f, 87.01f, -87.01f,  88.0f, 1e-38f,    -1e-45f,  1e-7f,
                                  3e38f, -3e38f, 9.99f,  INFINITY, 10.1f, -INFINITY, 0.34657f, 0.34658f};
    struct ql_random random;
    long cases = argc == 3 ? strtol(argv[1], NULL, 10) : -1;

    if (cases < 0) {
        (void)fprintf(stderr, "usage: sampler_vectors CASES SEED\n");
        return 2;
    }
    ql_random_init(&random, (uint32_t)strtoul(argv[2], NULL, 10));
    (void)printf("{\"random\":[\n");
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++) {
        (void)printf("%s", i == 0 ? "" : ",\n");
        write_random(seeds[i]);
    }
    (void)printf("],\n\"activations\":[\n");
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        (void)printf("%s", i == 0 ? "" : ",\n");
        write_activations(edges[i]);
    }
    for (long i = 0; i < cases; i++) {
        (void)printf(",\n");
        write_activations(random_between(&random, -12.0f, 12.0f));
        (void)printf(",\n");
        write_activations(random_between(&random, -100.0f, 100.0f));
    }
    (void)printf("],\n\"draws\":[\n");
    for (long i = 0; i < cases; i++) {
        (void)printf("%s", i == 0 ? "" : ",\n");
        write_draws(&random, (size_t)i);
    }
    write_integers(&random, cases);
    (void)printf("],\n\"choices\":[\n");
    for (long i = 0; i < cases; i++) {
        (void)printf("%s", i == 0 ? "" : ",\n");
        write_choice(&random, (size_t)i);
    }
    (void)printf("]}\n");
    return ferror(stdout) != 0;
}
