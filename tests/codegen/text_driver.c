// Has a compiled model write, and prints each token with a hash of the logits from which it was drawn. Compiled with -D
// MODEL=names -D 'HEADER="names.h"', and -D CALLER_WORKSPACE where the model was compiled so; the steps are the first
// argument, or STEPS where there are no arguments. Uses: the generated source.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include HEADER

#ifndef STEPS
#define STEPS 1000
#endif

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define CALL(function) JOIN(MODEL, function)

#ifdef CALLER_WORKSPACE
static union CALL(_workspace) workspace;
#define WORKSPACE &workspace,
#define LAST_WORKSPACE , &workspace
#else
#define WORKSPACE
#define LAST_WORKSPACE
#endif

static unsigned hash(const CALL(_logit) * values, int count)
{
    unsigned result = 2166136261u;

    for (int k = 0; k < count; k++) {
        unsigned bits;
        memcpy(&bits, &values[k], sizeof bits);
        result = (result ^ bits) * 16777619u;
    }
    return result;
}

int main(int argc, char **argv)
{
    static struct CALL(_state) state;
    const int steps = argc > 1 ? atoi(argv[1]) : STEPS;
    const int symbols = (int)(sizeof state.logits / sizeof state.logits[0]);
    const int check = CALL(_check)(&state LAST_WORKSPACE);
    int token = 0;

    (void)printf("check %d\n", check);
    CALL(_init)(&state, WORKSPACE 7);
    for (int i = 0; i < steps; i++) {
        token = CALL(_next)(&state, token);
        (void)printf("%d %08x\n", token, hash(state.logits, symbols));
        if (token < 0) {
            return 1;
        }
    }
    // Refused input leaves the state unchanged.
    bool refused = CALL(_step)(&state, -1) == NULL && CALL(_step)(&state, symbols) == NULL &&
                   CALL(_next)(&state, symbols) == -1 && CALL(_symbol)(-1)[0] == '\0' &&
                   CALL(_symbol)(symbols)[0] == '\0' && CALL(_symbol)(token)[0] != '\0';
    (void)printf("refused %d\n", refused);
    return check != 0 || !refused;
}
