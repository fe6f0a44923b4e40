#!/bin/bash
# sequence_lens below 0 or above the steps that there are were cut off, in silence. Guards: a constant is an error when the
# graph is compiled, for each cell and for any of several sequences; an input lets the run return false; what is in range
# is computed.
# Uses: expect.sh, cc. Arguments: the tool, json_get, graph_file.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

# cell NAME ROWS BATCH LENGTHS: compiles a layer whose lengths are these, or an input where there are none.
cell()
{
    {
        printf 'opset 14\nconst W float 1 %s 2\nconst R float 1 %s 3\ninput x float 6 %s 2\n' "$2" "$2" "$3"
        if [[ -n $4 ]]; then echo "const n int32 $3 = $4"; else echo "input n int32 $3"; fi
        printf '%s x W R - n -> Y h hidden_size=3\noutput h float 1 %s 3\n' "$1" "$3"
    } | "$graph_file" m.onnx || fail "graph_file"
    run compile m.onnx --no_sampler --name m --output m.c
}

for layer in "LSTM 12" "GRU 9" "RNN 3"; do
    read -r name rows <<< "$layer"
    for lengths in 7 9 -1 2147483647; do
        cell "$name" "$rows" 1 "$lengths"
        expect test "$code" -eq 1
        expect_stderr "sequence_lens"
    done
    cell "$name" "$rows" 3 "6 0 7"
    expect test "$code" -eq 1
    expect_stderr "sequence 2 has 7 steps"
    for lengths in 0 1 6; do
        cell "$name" "$rows" 1 "$lengths"
        expect test "$code" -eq 0
    done
    cell "$name" "$rows" 1 ""
    expect test "$code" -eq 0
    cat > main.c << 'END'
#include <stdio.h>
#include "m.h"
int main(void)
{
    static const int32_t lengths[] = {-1, 0, 3, 6, 7};
    static float x[12], h[3];
    for (int k = 0; k < 5; k++) {
        printf("%d", (int)m_run(x, &lengths[k], h));
    }
    return 0;
}
END
    command="(the C of $name)"
    cc -std=c11 -o main main.c m.c -lm 2> err || fail "$(grep -m 1 m_run m.h)"
    expect test "$(./main)" = 01110
done

finish
