// Measures the stack that a compiled model takes on a Cortex-M: fills the memory below main's frame with a pattern, has
// the model draw tokens, asks all that there is to ask about each, runs the self-test, and prints how many bytes were
// written there. Compiled with -D MODEL=names and -D 'HEADER="names.h"'. Uses: the generated source.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include HEADER

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define CALL(function) JOIN(MODEL, function)

enum { STEPS = 60, DEPTH_WORDS = 4096, PATTERN = 0x5a5aa5a5 };

int main(void)
{
    static struct CALL(_state) state;
    const struct ql_model_functions *functions = &CALL(_functions);
    volatile uint32_t *top;
    int token = 0, untouched = 0;

    CALL(_init)(&state, 7);
    __asm volatile("mov %0, sp" : "=r"(top));
    for (int i = 1; i <= DEPTH_WORDS; i++) {
        top[-i] = PATTERN;
    }
    for (int i = 0; i < STEPS && token >= 0; i++) {
        token = CALL(_next)(&state, token);
        (void)CALL(_cost)(&state, token);
        if (functions->may_end != NULL) {
            (void)functions->may_end(&state, token);
        }
        if (functions->refuses != NULL) {
            (void)functions->refuses(&state);
        }
    }
    const int step = CALL(_check)(&state);
    while (untouched < DEPTH_WORDS && top[untouched - DEPTH_WORDS] == PATTERN) {
        untouched++;
    }
    (void)printf("%d\n", 4 * (DEPTH_WORDS - untouched));
    return token < 0 || step != 0;
}
