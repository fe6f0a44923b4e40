// Cycles of a generated model on Cortex-M0+: a step, and a step with the draw, over a text that the model writes.
// Uses: chip.h, the generated model as MODEL and HEADER.
#include <stdint.h>

#include HEADER
#include "chip.h"

#define JOIN(a, b) a##b
#define NAME(model, part) JOIN(model, part)

int main(void)
{
    enum { SYMBOLS = 20 };
    static struct NAME(MODEL, _state) state;
    int token = 0;

    NAME(MODEL, _init)(&state, 1);
    chip_print(NAME(MODEL, _check)(&state) == 0 ? "pass" : "FAIL");
    NAME(MODEL, _init)(&state, 1);
    CHIP_BEGIN();
    for (int k = 0; k < SYMBOLS; k++) {
        NAME(MODEL, _step)(&state, token);
        token = k;
    }
    CHIP_END();
    NAME(MODEL, _init)(&state, 1);
    token = 0;
    CHIP_BEGIN();
    for (int k = 0; k < SYMBOLS; k++) {
        token = NAME(MODEL, _next)(&state, token);
    }
    CHIP_END();
    chip_print("\n");
    return 0;
}
