// Stands in for a model: see stub.h.
// Uses: device/.
#include "stub.h"

#include <stddef.h>

static void init(void *state, void *workspace, uint32_t seed)
{
    struct ql_stub *stub = state;

    (void)workspace;
    ql_random_init(&stub->random, seed);
    stub->rest = NULL;
}

static void reset(void *state)
{
    struct ql_stub *stub = state;
    stub->rest = NULL;
}

// A stub draws all its texts with equal probability.
static void set(void *state, float temperature, float top_p, int top_k)
{
    (void)state;
    (void)temperature;
    (void)top_p;
    (void)top_k;
}

static int next(void *state, int token)
{
    struct ql_stub *stub = state;

    if (token == '\n' || stub->rest == NULL) {
        stub->rest = stub->texts[ql_random_step(&stub->random) % stub->text_count];
    }
    return *stub->rest == '\0' ? '\n' : (unsigned char)*stub->rest++;
}

static const char *symbol(int token)
{
    static char symbols[128][2];
    symbols[token & 127][0] = (char)(token & 127);
    return symbols[token & 127];
}

const struct ql_model_functions ql_stub_functions = {
    .state_bytes = sizeof(struct ql_stub),
    .symbols = 128,
    .begin = '\n',
    .init = init,
    .reset = reset,
    .set = set,
    .next = next,
    .symbol = symbol,
};
