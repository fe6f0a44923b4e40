// Cycles of a generated model on Cortex-M0+ over a text that it writes: of the steps alone, and with the draws.
// Uses: chip.h, the generated model as MODEL and HEADER; SYMBOLS, how many it writes.
#include HEADER
#include "chip.h"

#define JOIN(model, part) model##part
#define NAME(model, part) JOIN(model, part)

int main(void)
{
    static struct NAME(MODEL, _state) state;
    static short text[SYMBOLS + 1];

    NAME(MODEL, _init)(&state, 1);
    if (NAME(MODEL, _check)(&state) != 0) {
        chip_print("the self-test failed\n");
        return 1;
    }
    NAME(MODEL, _init)(&state, 1);
    CHIP_BEGIN();
    for (int k = 0; k < SYMBOLS; k++) {
        text[k + 1] = (short)NAME(MODEL, _next)(&state, text[k]);
    }
    CHIP_END();
    NAME(MODEL, _init)(&state, 1);
    CHIP_BEGIN();
    for (int k = 0; k < SYMBOLS; k++) {
        NAME(MODEL, _step)(&state, text[k]);
    }
    CHIP_END();
    chip_print("\n");
    return 0;
}
