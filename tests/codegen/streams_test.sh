#!/bin/sh
# Two models and two texts of each in one program, taking turns: each writes what it writes alone.
# Uses: gcc, g++. Arguments: sources (not used), random_model, engine_text (not used), quillet.
set -eu

random_model=$2
quillet=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"$random_model" lstm 40 9 20 2 0 1 names
"$random_model" gru 60 9 31 1 1 2 quotes
"$quillet" compile names.onnx --output names.c
"$quillet" compile quotes.onnx --output quotes.c --arena caller
cat > main.c <<'END'
#include <stdio.h>
#include <string.h>
#include "names.h"
#include "quotes.h"

enum { STEPS = 500 };
static struct names_state name, other_name;
static struct quotes_state quote, other_quote;
static union quotes_arena arena;
static int alone[4][STEPS];

static void begin(void)
{
    names_init(&name, 1);
    names_init(&other_name, 2);
    quotes_init(&quote, &arena, 3);
    quotes_init(&other_quote, &arena, 4);
    other_name.temperature = 2.0f;
    other_quote.top_k = 3;
}

int main(void)
{
    int t[4] = {NAMES_BEGIN, NAMES_BEGIN, QUOTES_BEGIN, QUOTES_BEGIN};
    int differ = 0, same_text = 0;

    begin();
    for (int i = 0; i < STEPS; i++) {
        alone[0][i] = t[0] = names_next(&name, t[0]);
    }
    for (int i = 0; i < STEPS; i++) {
        alone[1][i] = t[1] = names_next(&other_name, t[1]);
    }
    for (int i = 0; i < STEPS; i++) {
        alone[2][i] = t[2] = quotes_next(&quote, t[2]);
    }
    for (int i = 0; i < STEPS; i++) {
        alone[3][i] = t[3] = quotes_next(&other_quote, t[3]);
    }
    begin();
    t[0] = t[1] = NAMES_BEGIN;
    t[2] = t[3] = QUOTES_BEGIN;
    for (int i = 0; i < STEPS; i++) {
        t[0] = names_next(&name, t[0]);
        t[2] = quotes_next(&quote, t[2]);
        t[1] = names_next(&other_name, t[1]);
        t[3] = quotes_next(&other_quote, t[3]);
        for (int k = 0; k < 4; k++) {
            differ += t[k] != alone[k][i];
        }
    }
    same_text = memcmp(alone[0], alone[1], sizeof alone[0]) == 0 || memcmp(alone[2], alone[3], sizeof alone[0]) == 0;
    if (differ > 0 || same_text) {
        printf("%d tokens differ from those of the text alone; two texts are the same: %d\n", differ, same_text);
    }
    return differ > 0 || same_text || names_check(&name) != 0 || quotes_check(&quote, &arena) != 0;
}
END
gcc -std=c11 -O2 -Wall -Wextra -Werror main.c names.c quotes.c -o two
./two
# In one translation unit, too: the kernels that they share are there once.
printf '#include "names.c"\n#include "quotes.c"\n#include "main.c"\n' > unit.c
gcc -std=c11 -O2 -Wall -Wextra -Werror unit.c -o unit
./unit
if command -v g++ > /dev/null; then
    g++ -std=c++17 -O2 -Wall -Wextra -Werror -x c++ unit.c -o unit
    ./unit
fi
