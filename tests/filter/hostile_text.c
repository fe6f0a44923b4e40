// A text of generated C, the model `hostile`, as `quillet evaluate` writes it: the given number of characters, and more
// if the text must not end there. Usage: hostile_text SEED LENGTH TEMPERATURE. Uses: the generated header.
#include <stdio.h>
#include <stdlib.h>

#include "hostile.h"

int main(int argc, char **argv)
{
    static struct hostile_state state;
    int token = HOSTILE_BEGIN;

    if (argc != 4 || hostile_check(&state) != 0) {
        (void)fprintf(stderr, "usage: hostile_text SEED LENGTH TEMPERATURE; or the self-test does not hold\n");
        return 1;
    }
    const long length = strtol(argv[2], NULL, 10);
    hostile_init(&state, (uint32_t)strtoul(argv[1], NULL, 10));
    hostile_set(&state, strtof(argv[3], NULL), 1.0f, 0);
    for (long k = 0; k < length || !hostile_may_end(&state, token);) {
        token = hostile_next(&state, token);
        if (token < 0) {
            return 1;
        }
        for (const char *symbol = hostile_symbol(token); *symbol != '\0'; symbol++) {
            k += ((unsigned char)*symbol & 0xc0) != 0x80;
        }
        (void)fputs(hostile_symbol(token), stdout);
    }
    (void)putchar('\n');
    return 0;
}
