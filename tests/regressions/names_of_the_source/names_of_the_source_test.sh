#!/bin/bash
# A constant named `cost` of a model named `names` was written as `names_cost`, which is also a function of the source: it
# did not compile. So did not a model named ql_random, because of the kernel ql_random_init, nor two models whose names
# differ only in capitals, nor two of which one continues the name of the other, nor X and X_any, whose X_any_init was also
# a function of X.
# Guards: no name of a graph is written as a name that the source itself defines, of its own model or of another one.
# Uses: expect.sh, a C compiler, sed. Arguments: the tool, json_get, graph_file, the root of the sources.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
root=$(realpath "$4")
source "$(dirname "$0")/../../cli/expect.sh"

# model NAME CONSTANT...: a model that writes, and adds these constants to the output, one after another.
model()
{
    local name=$1 before=s constant
    shift
    {
        echo 'opset 14
const E float 5 4
const W float 1 4 4
const R float 1 4 4
const O float 4 5
const shape int64 3 = 1 1 4
input x int64 1 1
input h float 1 1 4
Gather E x -> e
RNN e W R - - h -> Y hn hidden_size=4
Reshape Y shape -> y
MatMul y O -> s'
        for constant in "$@"; do
            printf 'const %s float 5\nAdd %s %s -> after_%s\n' "$constant" "$before" "$constant" "$constant"
            before=after_$constant
        done
        printf 'Identity %s -> scores\noutput scores float 1 1 5\noutput hn float 1 1 4\n' "$before"
    } | "$graph_file" "$name.onnx" || fail "graph_file: $name"
    echo "{\"filename\": \"$name.onnx\", \"vocabulary\": \"\\nabcd\"}" > "$name.json"
}

# compiles FILE: without a warning.
compiles()
{
    cc -std=c11 -Wall -Wextra -Werror -c "$1" -o made.o 2> err || fail "$1 does not compile"
}

# What the templates of the generator define: $_NAME, and the arrays of the filter and the lexicon. The list in
# source_names.c is what is being tested.
: > err
for file in "$root"/src/codegen/*.c; do
    [[ $file == */source_names.c ]] || sed 's/\$_/\n&/g' "$file"
done | sed -n 's/^\$_\([a-z_]*[a-z]\).*/\1/p' > all
for part in filter lexicon; do
    sed -n "s/.*write_array(w, \"\([a-z]*\)\".*/${part}_\1/p" "$root/src/codegen/source_$part.c"
done >> all
sort -u all > defined
expect grep -qx cost defined
expect grep -qx filter_fingerprints defined
mapfile -t defined < defined
model names "${defined[@]}"
printf 'aab\n' > words.txt
printf 'bd\nd\nc\n' > lexicon.txt
expect_exit 0 filter --words words.txt --output words.qlf
expect_exit 0 lexicon --words lexicon.txt --output words.qlx
for options in "" "--workspace caller" "--filter words.qlf --lexicon words.qlx"; do
    # shellcheck disable=SC2086
    expect_exit 0 compile names.json --output names.c $options
    compiles names.c
    for name in "${defined[@]}"; do
        expect grep -q "^.*static const float names_${name}_[0-9]*\[5\]" names.c
    done
done

# Names that are not those of one model alone.
for name in ql QL Ql ql_random ql_lstm QL_model; do
    expect_exit 2 compile names.json --name $name --output made.c
    expect_stderr "the names of the kernels"
done
expect_exit 0 compile names.json --name qlx --output qlx.c
compiles qlx.c
expect_exit 2 compile names.json names.json --name one,One --output made.c
expect_stderr "differ only in capitals"
model one two_cost two_bias two_SYMBOLS
model two bias
for order in "one.json two.json --name one,one_two" "two.json one.json --name one_two,one"; do
    # shellcheck disable=SC2086
    expect_exit 0 compile $order --output both.c
    compiles both.c
done
model two bias cost
model one two_bias_2 two_bias
expect_exit 0 compile two.json one.json --name one_two,one --output both.c
compiles both.c
# The name of a model may go on with any part of a name that the source defines.
printf '%s\n' "${defined[@]}" | sed -n 's/_[a-z]*$//; s/_.*//p; p' | sort -u > parts
expect grep -qx filter parts
for part in any static $(< parts); do
    expect_exit 0 compile two.json two.json --name "x,x_$part" --filter words.qlf --lexicon words.qlx --output both.c
    compiles both.c
done

finish
