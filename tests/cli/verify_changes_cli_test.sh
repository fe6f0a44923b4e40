#!/bin/bash
# `quillet verify` notices faults in the parts that run around a model: in the C that drives it, and in its page's code.
# Uses: expect.sh, gcc. Arguments: the tool, json_get; the root of the sources. Without Node its stage is left out.
# shellcheck source-path=SCRIPTDIR
root=$(realpath "$3")
source "$(dirname "$0")/expect.sh"
has_ort=no
if [[ -e $root/web/node_modules/onnxruntime-node ]] && command -v node > /dev/null; then
    has_ort=yes
fi

mkdir temporary
export TMPDIR=$PWD/temporary

numbers 400 > names.txt
expect_exit 0 train "${tiny[@]}" --input names.txt --num_layers 2 --sequences items --run_name lstm
expect_exit 0 export --init_from checkpoints/lstm/checkpoint.2.safetensors --export_file lstm.onnx
quick=(--seeds 3 --length 50 --characters 100)

# Copies of these parts, with a change.
mkdir sources
cp -r "$root"/firmware sources/
mkdir sources/web
cp "$root"/web/*.js "$root"/web/package.json sources/web/
ln -s "$root"/web/node_modules sources/web/node_modules
export QUILLET_DATA=$work/sources
# change FILE SED-SCRIPT STAGE WORD: with that change the stage differs, and the output has the word.
change()
{
    sed -i "$2" "sources/$1"
    expect test -n "$(cmp "$root/$1" "sources/$1")"
    expect_exit 1 verify --model lstm.json "${quick[@]}" --stages "$3"
    expect_stdout "$4"
    cp "$root/$1" "sources/$1"
}
expect_exit 0 verify --model lstm.json "${quick[@]}" --stages "gcc -O2,ONNX"
change firmware/port/pipe/model.c 's/^        token = model_next/        model_reset(\&state);\n&/' "gcc -O2" DIFFERS
change firmware/port/pipe/model.c 's/top_p, top_k);/top_p, top_k + 1);/' "gcc -O2" "sampler"
change firmware/port/pipe/model.c 's/model_init(&state, seed)/model_init(\&state, seed + 1)/' "gcc -O2" "sampler"
change firmware/port/pipe/model.c 's/const model_logit \*logits = model_step/state.h0[0] += 0.01f;\n        &/' "gcc -O2" \
    "state is carried"
if [[ $has_ort == yes ]]; then
    change web/language_model.js 's/if (this.resetTokens.has(token))/if (false)/' ONNX "state is carried"
    change web/language_model.js 's/this.#state = states.map(/this.#state = [...states].reverse().map(/' ONNX \
        "state is carried"
    change web/sampler.js 's/passed > drawn/passed >= drawn + 0.01/' ONNX "sampler differs"
    change web/sampler.js 's/|| a - b/|| b - a/; s/keys\[b\] - keys\[a\]/Math.round(keys[b] - keys[a])/' ONNX \
        "sampler differs"
    change web/ort_server.js 's/logits += toHex(await languageModel.step(token))/logits += toHex((await languageModel.step(token)).map((x) => x * 1.001))/' ONNX DIFFERS
    change web/ort_server.js 's/  return { tokens };/  return { tokens: tokens.slice(1) };/' ONNX FAILED
    change web/ort_server.js 's/^import { makeSampler.*/throw new Error("out of paper");/' ONNX "out of paper"
fi
finish
