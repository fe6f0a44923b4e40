// Prints invented names: the whole use of a compiled model. An argument is the seed.
// Uses: names.h, which quillet_add_model makes; the C library.
#include <stdio.h>
#include <stdlib.h>

#include "names.h"

enum { LINES = 10, SYMBOLS_LIMIT = 1000 };

int main(int argc, char **argv)
{
    static struct names_state state;
    const char *seed = argc > 1 ? argv[1] : "1";

    if (names_check(&state) != 0) {
        fprintf(stderr, "This program does not compute what the model computes: was it compiled with -ffast-math?\n");
        return EXIT_FAILURE;
    }
    names_init(&state, (uint32_t)strtoul(seed, NULL, 10));
    int token = NAMES_BEGIN;
    for (int lines = 0, symbols = 0; lines < LINES && symbols < SYMBOLS_LIMIT; symbols++) {
        token = names_next(&state, token);
        fputs(names_symbol(token), stdout);
        lines += token == NAMES_BEGIN;
    }
    return EXIT_SUCCESS;
}
