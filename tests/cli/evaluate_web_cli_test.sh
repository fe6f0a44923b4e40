#!/bin/bash
# `npm run evaluate` in web/: the same options and the same text as `quillet evaluate`, from ONNX Runtime.
# Uses: expect.sh, node, onnxruntime-node (without it the test is skipped). Arguments: the tool, json_get; web/.
# shellcheck source-path=SCRIPTDIR
web=$(realpath "$3")
if [[ ! -e $web/node_modules/onnxruntime-node ]] || ! command -v node > /dev/null; then
    echo "onnxruntime-node is not installed: tools/bootstrap web" >&2
    exit 77
fi
source "$(dirname "$0")/expect.sh"

# expect_web CODE ARGUMENT...: like expect_exit, for the program in JavaScript.
expect_web()
{
    local expected=$1
    shift
    command="(web) $*"
    node "$web/evaluate.js" "$@" > out 2> err < /dev/null
    code=$?
    ((code == expected)) || fail "exit $code, expected $expected"
}

numbers 400 > names.txt
printf 'äöü\n€uro\n🙂 smile\n' >> names.txt
for cell in lstm gru rnn; do
    expect_exit 0 train "${tiny[@]}" --input names.txt --model $cell --num_layers 2 --sequences items --run_name $cell
    expect_exit 0 export --init_from checkpoints/$cell/checkpoint.2.safetensors --export_file $cell.onnx
    for settings in "" "--temperature 0.3 --top-k 4" "--temperature=1.5 --top-p 0.7" "--temperature 0" \
        "--prompt=äb --top-p=0.9" "--best 3 --temperature 0.9" "--best 4 --min-length 20 --prompt ä"; do
        # shellcheck disable=SC2086
        expect_exit 0 evaluate --model $cell.json --length 200 --seed 3 $settings
        cp out ours
        # shellcheck disable=SC2086
        expect_web 0 --model $cell.json --length 200 --seed 3 $settings
        expect_same out ours
    done
done

# A decoder, as a stream that continues beyond its context, and as candidates, which end there.
expect_exit 0 train --quiet --input names.txt --sequences items --model transformer --embedding-size 8 --num-heads 2 \
    --num-layers 2 --feed-size 8 --context-length 6 --max-epochs 2 --generate 0 --run-name short --threads 1
expect_exit 0 export --init_from checkpoints/short/checkpoint.2.safetensors --export_file short.onnx
for settings in "" "--best 3" "--best 8 --prompt äö --temperature 0.5" "--best 2 --prompt äöü€u"; do
    # shellcheck disable=SC2086
    expect_exit 0 evaluate --model short.json --length 90 --seed 3 $settings
    cp out ours
    # shellcheck disable=SC2086
    expect_web 0 --model short.json --length 90 --seed 3 $settings
    expect_same out ours
done
expect_exit 2 evaluate --model short.json --best 2 --prompt äöü€ur
expect_stderr "nothing would be drawn"
expect_web 2 --model short.json --best 2 --prompt äöü€ur
expect_stderr "nothing would be drawn"

# An option without an effect is refused in the tool's words.
for options in "--min-length 3" "--min-length 10 --best 2 --length 9"; do
    # shellcheck disable=SC2086
    expect_exit 2 evaluate --model short.json $options
    sed -n '1s/^quillet //p' err > wanted
    # shellcheck disable=SC2086
    expect_web 2 --model short.json $options
    expect_same err wanted
done

for number in 1e2 0x10 3.0 ''; do
    expect_exit 2 evaluate --model short.json --length "$number"
    expect_web 2 --model short.json --length "$number"
done

# A full disk.
command="(web) > /dev/full"
node "$web/evaluate.js" --model short.json --length 9 --seed 3 > /dev/full 2> err < /dev/null
code=$?
((code == 1)) || fail "exit $code, expected 1"
expect_stderr "cannot write the result: ENOSPC"

# With a lexicon, and with a filter in addition.
echo 'one ten' > listed.txt
expect_exit 0 filter --words listed.txt --output listed.qlf
expect_exit 0 lexicon --text names.txt --filter listed.qlf --output names.qlx
for settings in "--lexicon names.qlx" "--lexicon names.qlx --best 4" "--lexicon names.qlx --filter listed.qlf --temperature 1.5"; do
    # shellcheck disable=SC2086
    expect_exit 0 evaluate --model lstm.json --length 300 --seed 3 $settings
    cp out ours
    # shellcheck disable=SC2086
    expect_web 0 --model lstm.json --length 300 --seed 3 $settings
    expect_same out ours
done
expect_web 1 --model lstm.json --lexicon names.txt
expect_stderr "is not a lexicon"

# As in docs/tutorial.md: through npm, from another folder.
expect_exit 0 evaluate --model lstm.json --length 512 --temperature 0.3 --top-k 20 --seed 1
cp out ours
command="npm run evaluate"
npm --prefix "$web" run --silent evaluate -- --model lstm.json --length 512 --temperature 0.3 --top-k 20 --seed 1 \
    > out 2> err
expect_same out ours

# JSON; and a randomly chosen seed is reported.
expect_web 0 --model lstm.json --length 30 --seed 4294967295 --json
expect_json out seed 4294967295
"$json_get" out text > theirs
expect_exit 0 evaluate --model lstm.json --length 30 --seed 4294967295
expect_same out theirs
expect_web 0 --model lstm.json --length 0
expect grep -qE '^\(seed [0-9]+\)$' err
expect test "$(wc -c < out)" -eq 1
expect_web 0 --help
expect_stdout "--temperature"
expect test "$(wc -L < out)" -le 80

# Wrong usage ends with 2, bad files with 1, and neither with a stack trace.
for arguments in "" "--model" "--model lstm.json --top-p 0" "--model lstm.json --top-k 1.5" "--model lstm.json --sed 1" \
    "--model lstm.json --seed -1" "--model lstm.json --seed=4294967296" "--model lstm.json --length x" \
    "--model lstm.json more" "--model lstm.json --prompt z"; do
    # shellcheck disable=SC2086
    expect_web 2 $arguments
    expect test "$(wc -l < err)" -le 4
done
sed 's/lstm.onnx/absent.onnx/' lstm.json > absent.json
sed 's/lstm.onnx/names.txt/' lstm.json > text.json
sed 's/abc/aac/' lstm.json > twice.json
sed 's/abc/c/' lstm.json > short.json
for file in nowhere.json names.txt lstm.onnx absent.json text.json twice.json short.json; do
    expect_web 1 --model $file --length 5
    expect test "$(wc -l < err)" -eq 1
done
finish
