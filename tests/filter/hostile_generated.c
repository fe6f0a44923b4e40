// The same for generated C, the model `hostile`: compiled by hostile_test.sh with hostile.c, and with -D FILTERED if it
// has a filter. Usage: hostile_generated WORDS ITEMS. Uses: hostile_count, the generated header.
#include <stdio.h>
#include <stdlib.h>

#include "hostile.h"
#include "hostile_count.h"

static void begin(void *model, uint32_t seed, float temperature)
{
    struct hostile_state *state = model;

    hostile_init(state, seed);
    state->temperature = temperature;
    state->top_p = 1.0f;
    state->top_k = 0;
}

static int next(void *model, int token)
{
    return hostile_next(model, token);
}

static bool may_end(void *model, int token)
{
    return hostile_functions.may_end == NULL || hostile_functions.may_end(model, token);
}

static const char *symbol(void *model, int token)
{
    (void)model;
    return hostile_symbol(token);
}

int main(int argc, char **argv)
{
    static struct hostile_state state;
    const struct hostile_writer writer = {begin, next, may_end, symbol, &state, HOSTILE_BEGIN};

    if (argc != 3 || hostile_check(&state) != 0) {
        (void)fprintf(stderr, "usage: hostile_generated WORDS ITEMS; or the self-test does not hold\n");
        return 1;
    }
#ifdef FILTERED
    return hostile_count(&writer, argv[1], strtol(argv[2], NULL, 10), true);
#else
    return hostile_count(&writer, argv[1], strtol(argv[2], NULL, 10), false);
#endif
}
