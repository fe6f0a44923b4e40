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
"$quillet" compile quotes.onnx --output quotes.c --workspace caller
cat > main.c <<'END'
#include <stdio.h>
#include <string.h>
#include "names.h"
#include "quotes.h"

enum { STEPS = 500 };
static struct names_state name, other_name;
static struct quotes_state quote, other_quote;
static union quotes_workspace workspace;
static int alone[4][STEPS];

static void begin(void)
{
    names_init(&name, 1);
    names_init(&other_name, 2);
    quotes_init(&quote, &workspace, 3);
    quotes_init(&other_quote, &workspace, 4);
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
    return differ > 0 || same_text || names_check(&name) != 0 || quotes_check(&quote, &workspace) != 0;
}
END
gcc -std=c11 -O2 -Wall -Wextra -Werror main.c names.c quotes.c -o two
./two

# The same from one source, where the models share kernels and a workspace.
"$quillet" compile names.onnx quotes.onnx --workspace caller --output both.c
[ "$(grep -c 'int ql_sampler_step_f32(' both.c)" = 1 ] || { echo "kernels are there twice"; exit 1; }
"$quillet" compile names.onnx quotes.json --output both.c
sed -e 's/#include "names.h"/#include "both.h"/' -e '/#include "quotes.h"/d' -e '/workspace;/d' -e 's/&workspace, //; s/, &workspace//' \
    main.c > both_main.c
gcc -std=c11 -O2 -Wall -Wextra -Werror both_main.c both.c -o both
./both
if command -v g++ > /dev/null; then
    g++ -std=c++17 -O2 -Wall -Wextra -Werror -x c++ both_main.c both.c -o both
    ./both
fi
# In formats of their own, through the functions of each.
"$quillet" compile names.onnx quotes.onnx --name a,b --quantize int8,off --output both.c
"$quillet" compile names.onnx --name a --quantize int8 --output a.c
"$quillet" compile quotes.onnx --name b --output b.c
cat > any.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include HEADERS

int main(void)
{
    const struct ql_model_functions *models[] = {&a_functions, &b_functions};
    void *states[2] = {malloc(a_functions.state_bytes), malloc(b_functions.state_bytes)};
    int tokens[2] = {a_functions.begin, b_functions.begin};

    for (int k = 0; k < 2; k++) {
        models[k]->init(states[k], NULL, 5);
        models[k]->set(states[k], 0.9f, -1.0f, 7);
        models[k]->reset(states[k]);
    }
    for (int i = 0; i < 300; i++) {
        for (int k = 0; k < 2; k++) {
            tokens[k] = models[k]->next(states[k], tokens[k]);
            printf("%s", models[k]->symbol(tokens[k]));
        }
    }
    for (int k = 0; k < 2; k++) {
        if (models[k]->check(states[k], NULL) != 0 || models[k]->may_end != NULL || models[k]->refuses != NULL) {
            printf("the self-test of model %d fails, or it has a filter\n", k);
        }
        free(states[k]);
    }
    return 0;
}
END
printf '#include "a.h"\n#include "b.h"\n' > apart.h
gcc -std=c11 -O2 -Wall -Wextra -Werror -D 'HEADERS="both.h"' any.c both.c -o any
./any > together
gcc -std=c11 -O2 -Wall -Wextra -Werror -D 'HEADERS="apart.h"' any.c a.c b.c -o any
./any > apart
cmp together apart
! grep 'self-test' apart
# Headers between which the struct of functions has changed are an error, not a struct of another layout.
id=$(sed -n 's/^#define QL_DEVICE_MODEL_FUNCTIONS_ID //p' b.h)
sed -e 's/^    int symbols;.*/    int more, symbols;/' -e "s/$id/0x12345678u/" b.h > c.h
mv c.h b.h
if gcc -std=c11 -fsyntax-only -D 'HEADERS="apart.h"' any.c 2> err || ! grep -q 'two versions' err; then
    echo "headers of two versions go together: $(head -1 err)"
    exit 1
fi
# With a filter, there is only one copy of its table.
printf 'dog\n' > words.txt
"$quillet" filter --words words.txt --output words.qlf > /dev/null 2>&1
"$quillet" compile names.onnx quotes.onnx --quantize int8 --filter words.qlf --output both.c
[ "$(grep -c '_filter_edges\[' both.c)" = 1 ] || { echo "the table of the filter is not there once"; exit 1; }
sed -i -e '/temperature = 2/d' both_main.c
gcc -std=c11 -O2 -Wall -Wextra -Werror both_main.c both.c -o both
./both
