#!/bin/bash
# A descriptor was taken with any model whose sizes fit: another vocabulary gave another text, without a word. Guards:
# every command that takes a descriptor compares the model with its SHA-256; a descriptor without one is taken; the same
# for a generated source and its header.
# Uses: expect.sh, gcc and node where they are there. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
web=$(dirname "$(realpath "$0")")/../../../web
source "$(dirname "$0")/../../cli/expect.sh"

numbers 200 > a.txt
numbers 200 | tr a-j k-t > b.txt
for name in a b; do
    expect_exit 0 train "${tiny[@]}" --input $name.txt --sequences items --max_epochs 1 --run_name $name
    expect_exit 0 export --init_from checkpoints/$name/checkpoint.1.safetensors --export_file $name.onnx --quiet
done
expect test "$("$json_get" a.json sha256)" = "$(sha256sum a.onnx | cut -d' ' -f1)"

cp a.json m.json
sed -i 's/a\.onnx/m.onnx/' m.json
cp b.onnx m.onnx
takes=(
    "evaluate --model m.json --length 3 --seed 1"
    "generate --model m.json --count 1"
    "generate --model m.json --count 1 --quantize int8"
    "compile --model m.json --output m.c"
    "compile m.onnx --output m.c"
    "verify --model m.json --stages gcc --characters 5 --length 3 --seeds 1 --quiet"
    "verify --model m.json --expose e.onnx"
    "study --corpus a.txt --items 3 --temperature 1 --quiet m.json"
)
for arguments in "${takes[@]}"; do
    # shellcheck disable=SC2086
    expect_exit 1 $arguments
    expect_stderr "m.onnx: is not the model of its descriptor"
    expect_stderr "export the model again"
done
if command -v node > /dev/null; then
    command="node: readModelFile"
    node --input-type=module -e "
        import { readModelFile } from '$web/model_file.js';
        await readModelFile('$PWD/a.json', 'a.json');
        await readModelFile('$PWD/m.json', 'm.json').then(() => process.exit(3), (error) => console.error(error.message));
    " > out 2> err
    expect test $? -eq 0
    expect_stderr "is not the model of this descriptor"
fi

# In capitals it is the same; in another form it is an error; without it every model is taken, as foreign ones are.
sed 's/\("sha256": "\)\([0-9a-f]*\)/\1\U\2/' a.json > upper.json
expect_exit 0 evaluate --model upper.json --length 3 --seed 1
sed 's/\("sha256": "\)[0-9a-f]/\1/' a.json > short.json
expect_exit 1 evaluate --model short.json --length 3 --seed 1
expect_stderr "'sha256' must be"
grep -v sha256 m.json > free.json
expect_exit 0 evaluate --model free.json --length 3 --seed 1

if command -v gcc > /dev/null; then
    expect_exit 0 compile a.onnx --name m --output a.c --header m.h
    expect gcc -c -o a.o a.c
    mv m.h old.h
    expect_exit 0 compile a.onnx --name m --output b.c --header m.h --workspace caller
    command="gcc -c a.c, with the header of b.c"
    gcc -c -o a.o a.c 2> err
    expect test $? -ne 0
    expect_stderr "m.h is not the header of this source; compile the model again"
fi

finish
