#!/bin/bash
# PyTorch's exporter puts weights into MODEL.onnx.data since 2.9, and such models were refused. Guards: they are read, from
# the model's folder and below it only, whatever the path or a link says; offsets and lengths have to lie in the file.
# The model is one MatMul of a matrix (20, 20) with 0, 1, ... in it, in the bytes that ONNX's Python library writes.
# Uses: expect.sh, onnx_bytes.sh, awk, python3 with onnx where it is there. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
here=$(realpath "$(dirname "$0")")
source "$here/../../cli/expect.sh"
source "$here/../onnx_bytes.sh"

entry() { field 13 "$(text 1 "$1")$(text 2 "$2")"; }

# beside FILE ENTRY...: the model, its matrix with these entries of external_data.
beside()
{
    local file=$1 tensor graph
    shift
    tensor=$(integer 1 20)$(integer 1 20)$(integer 2 1)$(text 8 W)
    while (($# > 0)); do
        tensor+=$(entry "$1" "$2")
        shift 2
    done
    tensor+=$(integer 14 1)
    graph=$(field 1 "$(node MatMul "x W" y)")$(text 2 g)$(field 5 "$tensor")
    graph+=$(field 11 "$(declared x 1 1 20)")$(field 12 "$(declared y 1 1 20)")
    model "$file" "$graph"
}

# Little-endian floats of 0 to 399.
floats()
{
    awk 'function put(x,   e, m) {
        if (x == 0) { printf "\\x00\\x00\\x00\\x00"; return }
        e = 127; m = x; while (m >= 2) { m /= 2; e++ } m = int((m - 1) * 8388608)
        printf "\\x%02x\\x%02x\\x%02x\\x%02x", m % 256, int(m / 256) % 256, int(m / 65536) % 128 + e % 2 * 128, int(e / 2)
    } BEGIN { for (i = 0; i < 400; i++) put(i) }'
}
printf '%b' "$(floats)" > m.data
expect test "$(stat -c %s m.data)" -eq 1600
mkdir -p sub outside/deep
cp m.data sub/part.data
{ head -c 64 /dev/zero; cat m.data; } > shifted.data
head -c 1599 m.data > short.data

reads()
{
    beside m.onnx "$@"
    expect_exit 0 compile m.onnx --no_sampler --name m --output "out$((++count)).c"
    sed "/SHA-256/d; /out$count/d" "out$count.c" > same.c
    [[ -e first.c ]] || cp same.c first.c
    expect_same same.c first.c
}
reads location m.data
expect grep -q 399 first.c
reads location m.data offset 0 length 1600
reads location shifted.data offset 64 length 1600
reads location sub/part.data length 1600

refuses()
{
    beside m.onnx "$@"
    expect_exit 1 compile m.onnx --no_sampler --name m --output none.c
    expect test ! -e none.c
}
cp m.data outside/secret.data
mkdir inner
ln -s ../outside/secret.data inner/link.data
ln -s ../outside inner/folder
cp m.data inner/good.data
refuses location missing.data
refuses location short.data
refuses location m.data offset 1
refuses location m.data offset 1601
refuses location m.data offset 18446744073709551615
refuses location m.data offset -4
refuses location m.data length 1599
refuses location m.data length 99999999999
refuses location /etc/passwd
refuses location ""
refuses location sub
refuses offset 0
cd inner || exit 1
beside m.onnx location good.data
expect_exit 0 compile m.onnx --no_sampler --name m --output fine.c
refuses location ../m.data
refuses location folder/../../m.data
refuses location link.data
refuses location folder/secret.data
cd ..

# A study took finished cells though the data beside its model had changed.
if python3 -c 'import onnx.external_data_helper' 2> /dev/null; then
    numbers 60 > names.txt
    expect_exit 0 train "${tiny[@]}" --input names.txt --sequences items --max_epochs 1 --run_name r
    expect_exit 0 export --init_from checkpoints/r/checkpoint.1.safetensors --export_file l.onnx --quiet
    python3 - <<'END'
import json, onnx
from onnx.external_data_helper import convert_model_to_external_data
model = onnx.load("l.onnx")
convert_model_to_external_data(model, location="x.data", size_threshold=64)
onnx.save(model, "x.onnx")
descriptor = json.load(open("l.json")) | {"filename": "./x.onnx"}
del descriptor["sha256"]
json.dump(descriptor, open("x.json", "w"))
END
    study=(study --corpus names.txt --items 30 --temperature 1 --wordlist "" --sentences 0 --quiet x.json)
    expect_exit 0 "${study[@]}" --output s
    cp s/study.json first.json
    expect_exit 0 "${study[@]}" --output s
    expect_same s/study.json first.json
    head -c "$(stat -c %s x.data)" /dev/zero > zeros
    cp zeros x.data
    expect_exit 0 "${study[@]}" --output s
    expect_exit 0 "${study[@]}" --output t
    expect_same s/study.json t/study.json
    cmp -s s/study.json first.json && fail "the old cells were taken"
fi

finish
