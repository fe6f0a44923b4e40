#!/bin/bash
# An --output that was an input, by this or another name, was replaced: the input was gone, with exit 0. Guards: each
# command that reads and writes files says so before it writes a byte, and the input stays.
# Uses: expect.sh, onnx_bytes.sh, python3 with onnx where it is there. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
here=$(realpath "$(dirname "$0")")
source "$here/../../cli/expect.sh"
source "$here/../onnx_bytes.sh"

numbers 200 > names.txt
expect_exit 0 train "${tiny[@]}" --input names.txt --sequences items --max_epochs 1 --run_name r
cp checkpoints/r/checkpoint.1.safetensors m.safetensors
expect_exit 0 export --init_from m.safetensors --export_file m.onnx --quiet
echo tofu > words
echo soya > more
expect_exit 0 filter --words words --output f.qlf

# refuses FILE ARGUMENT...: ends with 2, and the file is as it was.
refuses()
{
    local file=$1 before
    shift
    before=$(sha256sum < "$file")
    expect_exit 2 "$@"
    expect_stderr "is also an input"
    [[ $(sha256sum < "$file") == "$before" ]] || fail "$file was replaced"
    [[ -z $(find . -name '.quillet*') ]] || fail "leaves a temporary file"
}

ln -s m.safetensors soft
ln m.safetensors hard
mkdir sub
for name in m.safetensors ./m.safetensors sub/../m.safetensors soft hard; do
    refuses m.safetensors generate --init_from m.safetensors --count 3 --output $name --quiet
    refuses m.safetensors compare --init_from m.safetensors --count 2 --output $name
done
refuses m.json generate --model m.json --count 3 --output m.json
refuses m.onnx generate --model m.json --count 3 --output m.onnx
refuses f.qlf generate --model m.json --count 3 --filter f.qlf --output f.qlf
refuses names.txt generate --model m.json --count 3 --quantize int8 --calibrate names.txt --output names.txt
refuses f.qlf compare --init_from m.safetensors --count 2 --filter f.qlf --output f.qlf
refuses names.txt compare --init_from m.safetensors --count 2 --quantize int8 --calibrate names.txt --output names.txt

refuses m.json compile --model m.json --output m.json
refuses m.json compile m.onnx --output m.json
refuses m.onnx compile --model m.json --output m.onnx
refuses m.onnx compile --model m.json --output m.c --header m.onnx
refuses f.qlf compile --model m.json --filter f.qlf --output f.qlf
refuses names.txt compile --model m.json --quantize int8 --calibrate names.txt --output names.txt
refuses m.onnx verify --model m.json --expose m.onnx
refuses m.json verify --model m.json --expose m.json
refuses words filter --words words --output words
refuses names.txt filter --words words --refuse names.txt --output names.txt
refuses words filter --words "more,words" --output words
refuses f.qlf filter --filter f.qlf --output f.qlf

expect_exit 0 lexicon --text names.txt --output l.qlx
refuses names.txt lexicon --text names.txt --output names.txt
refuses words lexicon --words words --output words
refuses words lexicon --text names.txt --among words --output words
refuses f.qlf lexicon --text names.txt --filter f.qlf --output f.qlf
refuses l.qlx generate --model m.json --count 3 --lexicon l.qlx --output l.qlx
refuses l.qlx compile --model m.json --lexicon l.qlx --output l.qlx
refuses l.qlx compare --init_from m.safetensors --count 2 --lexicon l.qlx --output l.qlx

cp m.safetensors x.onnx
refuses x.onnx export --init_from x.onnx --export_file x.onnx
cp m.safetensors x.json
refuses x.json export --init_from x.json --export_file x.onnx

mkdir o
seq 1000 1999 | sed 's/.*/item & of the text/' > o/items.txt
prepare=(prepare --output o --min_symbol_count 0 --skip near_duplicates --quiet)
refuses o/items.txt "${prepare[@]}" o/items.txt
ln o/items.txt other.txt
refuses o/items.txt "${prepare[@]}" other.txt
cp words o/items.test.txt
refuses o/items.test.txt "${prepare[@]}" --remove_words o/items.test.txt names.txt
rm o/items.test.txt
cp names.txt o/report.json
refuses o/report.json "${prepare[@]}" --format lines o/report.json
rm o/report.json
command="prepare - < o/items.txt"
"$tool" "${prepare[@]}" - < o/items.txt > out 2> err
expect test $? -eq 2
expect test "$(wc -l < o/items.txt)" -eq 1000
# Beside the outputs an input is welcome.
expect_exit 0 "${prepare[@]}" --name other o/items.txt
expect test "$(wc -l < o/items.txt)" -eq 1000

# What a file names is an input, too: the summary of a run, tensors beside a model, the texts of a plan.
cp -r checkpoints/r run
refuses run/summary.json export --init_from run/checkpoint.1.safetensors --export_file run/summary.onnx
expect test ! -e run/summary.onnx
entry() { field 13 "$(text 1 "$1")$(text 2 "$2")"; }
tensor=$(integer 1 2)$(integer 1 2)$(integer 2 1)$(text 8 W)$(entry location b.data)$(integer 14 1)
head -c 16 /dev/zero > b.data
model b.onnx "$(field 1 "$(node MatMul "x W" y)")$(text 2 g)$(field 5 "$tensor")$(field 11 "$(declared x 1 1 2)")$(field 12 "$(declared y 1 1 2)")"
refuses b.data compile --no_sampler b.onnx --name b --output b.data
refuses b.data compile --no_sampler b.onnx --name b --output b.c --header b.data
expect test ! -e b.c
if python3 -c 'import onnx.external_data_helper' 2> /dev/null; then
    python3 - <<'END'
import json, onnx
from onnx.external_data_helper import convert_model_to_external_data
model = onnx.load("m.onnx")
convert_model_to_external_data(model, location="x.data", size_threshold=64)
onnx.save(model, "x.onnx")
descriptor = json.load(open("m.json")) | {"filename": "./x.onnx"}
del descriptor["sha256"]
json.dump(descriptor, open("x.json", "w"))
END
    ln x.data y.data
    for name in x.data y.data; do
        refuses x.data generate --model x.json --count 3 --output $name
        refuses x.data compile --model x.json --output x.c --header $name
        refuses x.data verify --model x.json --expose $name
    done
fi
mkdir w
for name in sweep.csv sweep.md sweep.html sweep.json; do
    cp names.txt w/$name
    refuses w/$name sweep --output w --quiet -- --input w/$name --rnn_size 4,5 --num_layers 1 --max_epochs 1
    refuses w/$name sweep --output w --quiet -- --input names.txt --validation w/$name --rnn_size 4,5 --max_epochs 1
    rm w/$name
done
echo '{"train": {"input": "names.txt", "max_epochs": 1}, "grid": {"rnn_size": [4, 5]}}' > w/sweep.json
refuses w/sweep.json sweep --output w w/sweep.json

# A name that is empty is refused at once, not after the work.
command="generate --output ''"
timeout 20 "$tool" generate --init_from m.safetensors --count 100000000 --output "" --quiet > out 2> err
expect test $? -eq 1
expect_stderr "the name of a file to write is empty"

mkdir s
cp names.txt s/study.md
refuses s/study.md study --corpus s/study.md --items 3 --temperature 1 --quiet --output s m.safetensors
rm -r s/cells s/pictures

finish
