// Times the C that bench/inference made of a model called names.
// Uses: bench/token_timer.h, the generated source.
#include "token_timer.h"

#include "names.h"

static void step(void *model, int token)
{
    (void)names_step((struct names_state *)model, token);
}

static int next(void *model, int token)
{
    return names_next((struct names_state *)model, token);
}

int main(void)
{
    static struct names_state state;

    if (names_check(&state) != 0) {
        (void)puts("the self-test failed");
        return 1;
    }
    names_init(&state, 1);
    token_timer_run(step, next, &state, NAMES_SYMBOLS);
    return 0;
}
