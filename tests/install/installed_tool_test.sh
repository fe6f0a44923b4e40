# The installed tool: from a text to verified C, a page in a browser's hands, a filter, a recipe's tool, an emulator.
# Uses: run_installed.sh, gcc, make; Node with its libraries, and what builds for the Pico, where they are there.
# shellcheck shell=bash

# expect TEXT COMMAND...: the command succeeds, and its output has the text.
expect()
{
    local text=$1
    shift
    "$@" > out 2> err || { echo "FAILED ($?): $*"; cat out err; exit 1; }
    cat err >> out
    grep -qE -- "$text" out || { echo "FAILED: '$text' is not in what this says: $*"; cat out; exit 1; }
}

expect '^quillet [0-9]+\.[0-9]+\.[0-9]+(\+[0-9a-f]+)?$' quillet --version
seq 1 400 | tr 0-9 a-j > names.txt
quillet train --input names.txt --sequences items --embedding_size 3 --rnn_size 5 --num_layers 1 --batch_size 4 \
    --max_epochs 2 --generate 0 --threads 1 --quiet --run_name names > /dev/null
checkpoint=checkpoints/names/checkpoint.2.safetensors
quillet export --init_from $checkpoint --export_file names.onnx --quiet
expect '^[a-j]' quillet predict --init_from $checkpoint --generate 20 --temperature 1

# Verification: C around the model, the model in ONNX Runtime, a firmware in the emulator.
expect 'gcc -O2 .*same bits' quillet verify --model names.json --init_from $checkpoint --characters 50 --seeds 1 \
    --length 20 --stages "checkpoint,gcc -O2,ONNX"
share=$PREFIX/share/quillet
if command -v node > /dev/null; then
    if [[ -e $share/web/node_modules/onnxruntime-node ]]; then
        grep -qE '^ONNX Runtime [0-9.]+ .* same' out || { echo "FAILED: ONNX Runtime"; cat out; exit 1; }
    fi
    if [[ -e $share/emulator/node_modules/rp2040js ]]; then
        expect 'usage: quillet emulate' quillet emulate --help
    fi
fi
if [[ -n ${PICO_SDK_PATH:-} && -e $share/emulator/node_modules/rp2040js ]] && command -v ninja arm-none-eabi-gcc node \
    > /dev/null; then
    quillet verify --model names.json --characters 50 --seeds 1 --length 20 --stages RP2040 > out
    grep -qE '^RP2040 \(emulated\) .*same bits' out || { echo "FAILED: the emulated Pico"; cat out; exit 1; }
fi

# The page of a training.
quillet watch --file checkpoints/names --port 0 --quiet > address &
watcher=$!
for _ in $(seq 100); do
    [[ ! -s address ]] || break
    sleep 0.1
done
address=$(cat address)
port=${address##*:}
exec 3<> "/dev/tcp/127.0.0.1/${port%/}"
printf 'GET / HTTP/1.0\r\nHost: 127.0.0.1:%s\r\n\r\n' "${port%/}" >&3
grep -qi '<!doctype html' <&3 || { echo "FAILED: watch serves no page"; exit 1; }
exec 3>&-
kill $watcher
wait $watcher || true

# Words: the list that was made when the tool was built.
if [[ -e $share/english.words ]]; then
    expect 'words: ' quillet filter --default --output english.qlf
    cmp english.qlf "$share/english.qlf"
fi

# The smallest example, as it is installed.
cp -r "$PREFIX/share/doc/quillet/examples/compile" example
make -s -C example QUILLET=quillet MODEL=../names.json
expect '^[a-j]' example/names 1
[[ -s $PREFIX/share/doc/quillet/LICENSE && -s $PREFIX/include/quillet/device/lstm.h ]]

# The variable names another folder; what is not there is said.
if QUILLET_DATA=$PWD quillet verify --model names.json 2> err; then
    echo "FAILED: verify with an empty folder of data"
    exit 1
fi
grep -q QUILLET_DATA err
