// Stands in for a model: see stub.h.
// Uses: app/writer.h, device/random.h.
#include "stub.h"

#include <stddef.h>

static void reset(void *model)
{
    struct ql_stub *stub = model;
    stub->rest = NULL;
}

static int next(void *model, int token)
{
    struct ql_stub *stub = model;

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

// A stub draws all its texts alike, and has no weights that could be damaged.
static void sample(void *model, const struct ql_sampling *sampling)
{
    (void)model;
    (void)sampling;
}

static int check(void)
{
    return 0;
}

void ql_stub_init(struct ql_writer *writer, struct ql_stub *stub, const char *const *texts, uint32_t text_count,
                  uint32_t seed)
{
    *stub = (struct ql_stub){.texts = texts, .text_count = text_count};
    ql_random_init(&stub->random, seed);
    *writer = (struct ql_writer){
        .model = stub,
        .reset = reset,
        .next = next,
        .symbol = symbol,
        .sample = sample,
        .check = check,
        .newline = '\n',
    };
}
