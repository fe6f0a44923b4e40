#!/bin/bash
# Models with pieces: trained to the committed bits, taken over by later runs, and writing the same text on the whole
# road; losses and lengths count characters; pieces that no training can have made are refused.
# Uses: expect.sh, cc; node and onnxruntime-node where they are. Arguments: the tool, json_get; the sources, cc;
# optional --write, which writes the committed bits instead (make goldens).
# shellcheck source-path=SCRIPTDIR
root=$(realpath "$3")
cc=$4
source "$(dirname "$0")/expect.sh"

# Names with repeated pairs, in two alphabets, with accents as two code points and symbols of four bytes.
awk 'BEGIN {
    split("an ber cor den el for gas him in jar ka lo", part, " ")
    for (i = 0; i < 400; i++) {
        text = part[i % 12 + 1] part[i * 7 % 11 + 1] " " part[i * 5 % 12 + 1] part[i % 7 + 1] part[i * 3 % 5 + 1]
        print i % 9 == 0 ? text " \303\244e\314\201" : i % 11 == 0 ? "\316\261\316\262\316\261\316\262 " text : text
    }
    print "\360\237\231\202 smile"
}' > text.txt
train=(train --input text.txt --sequences items --rnn_size 24 --embedding_size 8 --num_layers 2 --batch_size 16
    --max_epochs 3 --learning_rate 0.01 --threads 1 --generate 40)

expect_exit 0 "${train[@]}" --pieces 60 --run_name pieces
expect grep -q '^60 pieces of several characters; [0-9]\.[0-9]* characters for each token' err
model=checkpoints/pieces/checkpoint.3.safetensors
bits=$(sha256sum < $model | cut -c 1-64)
golden=$root/tests/golden/pieces.txt
if [[ ${5:-} == --write ]]; then
    ((failures == 0)) || exit 1
    echo "$bits  checkpoint.3.safetensors of tests/cli/pieces_cli_test.sh" > "$golden"
    exit 0
fi
expect test "$bits" = "$(cut -d ' ' -f 1 "$golden")"
expect_json checkpoints/pieces/summary.json arguments.pieces 60

# Any number of threads and any form of vectors gives the same bits.
expect_exit 0 "${train[@]}" --pieces 60 --run_name again --threads 2
expect_same checkpoints/again/checkpoint.3.safetensors $model
QUILLET_VECTORS=plain expect_exit 0 "${train[@]}" --pieces 60 --run_name plain
expect_same checkpoints/plain/checkpoint.3.safetensors $model

# Pieces are not learned from what is held out.
seq 1 300 | sed 's/.*/bqbqbqbq/' > held_out.txt
expect_exit 0 "${train[@]}" --pieces 60 --run_name held --validation held_out.txt --max_epochs 1
expect_exit 0 predict --init_from checkpoints/held/checkpoint.1.safetensors --generate 1 --seed 1 --prompt bq
expect test "$("$json_get" checkpoints/held/summary.json pieces | grep -c q)" -eq 0

# More than can be joined: fewer pieces, and the same ones at the start.
expect_exit 0 "${train[@]}" --pieces 1024 --run_name all --max_epochs 1
expect grep -qE '^[0-9]{2,3} pieces of several' err
expect_exit 2 "${train[@]}" --pieces 1025
expect_exit 2 "${train[@]}" --pieces -1

# Later runs take over the pieces; another number is an error.
expect_exit 0 train --init_from $model --input text.txt --max_epochs 1 --run_name tuned --threads 1
expect grep -q '^60 pieces' err
expect_json checkpoints/tuned/summary.json arguments.pieces 60
expect_exit 2 train --init_from $model --input text.txt --max_epochs 1 --run_name other --pieces 61
expect_stderr "--pieces 61"
expect_exit 0 train --init_from checkpoints/pieces --max_epochs 4 --threads 1
expect_exit 0 "${train[@]}" --pieces 60 --run_name whole --max_epochs 4
expect_same checkpoints/pieces/checkpoint.4.safetensors checkpoints/whole/checkpoint.4.safetensors

# The same text on the whole road, with and without a filter, in float and in integers.
expect_exit 0 export --init_from $model --export_file pieces.onnx
printf 'an*\n*ber*\nel\ncor den\n*ga*\n' > words.txt
expect_exit 0 filter --words words.txt --output words.qlf
cat > driver.c << 'END'
#include <stdio.h>
#include <stdlib.h>
#include "pieces.h"

int main(int argc, char **argv)
{
    static struct pieces_state state;
    int token = PIECES_BEGIN, length = 0;

    (void)argc;
    if (pieces_check(&state) != 0) {
        return 1;
    }
    pieces_init(&state, (uint32_t)atoi(argv[1]));
    pieces_set(&state, 0.8f, 0.95f, 0);
    while (length < 200 || (pieces_functions.may_end != NULL && !pieces_functions.may_end(&state, token))) {
        token = pieces_next(&state, token);
        const char *text = pieces_symbol(token);
        (void)fputs(text, stdout);
        for (; *text != '\0'; text++) {
            length += ((unsigned char)*text & 0xc0) != 0x80;
        }
    }
    (void)putchar('\n');
    return 0;
}
END
for format in off int8 int4; do
    for filter in "" "--filter words.qlf"; do
        # shellcheck disable=SC2086
        expect_exit 0 compile --model pieces.json --name pieces --output pieces.c --quantize $format $filter
        expect "$cc" -std=c11 -O1 -Wall -Wextra -Werror -o driver driver.c pieces.c
        for seed in 1 2 3 4 5; do
            settings=(--temperature 0.8 --top_p 0.95 --top_k 0 --seed $seed --quiet --quantize $format)
            # shellcheck disable=SC2086
            expect_exit 0 evaluate --model pieces.json --length 200 "${settings[@]}" $filter
            cp out ours
            # shellcheck disable=SC2086
            expect_exit 0 predict --init_from $model --generate 200 "${settings[@]}" $filter
            expect_same out ours
            ./driver $seed > compiled
            expect_same compiled ours
            if [[ $filter != "" ]]; then
                expect test "$(LC_ALL=C.UTF-8 grep -cE '(^|[ .-])an|ber|ga|(^|[ .-])el([ .-]|$)' ours)" -eq 0
            fi
            if [[ $format = off && -e $root/web/node_modules/onnxruntime-node ]] && command -v node > /dev/null; then
                command="(web) --seed $seed $filter"
                # shellcheck disable=SC2086
                node "$root/web/evaluate.js" --model pieces.json --length 200 --temperature 0.8 --top_p 0.95 --top_k 0 \
                    --seed $seed --quiet $filter > theirs 2> err
                expect_same theirs ours
            fi
        done
    done
done

# Items, one by one and all at once, end where they have the largest length, and never go beyond it.
expect_exit 0 generate --init_from $model --count 300 --max_length 9 --seed 1
expect test "$(LC_ALL=C.UTF-8 grep -cE '^.{10,}$' out)" -eq 0
expect test "$(LC_ALL=C.UTF-8 grep -cE '^.{9}$' out)" -gt 50
expect_exit 0 generate --init_from $model --count 300 --max_length 9 --seed 1 --threads 3
cp out three
expect_exit 0 generate --model pieces.json --count 300 --max_length 9 --seed 1 --temperature 0.8 --top_p 1 --top_k 0
expect_same out three

# A prompt is encoded; its symbols must be in the vocabulary.
expect_exit 0 predict --init_from $model --prompt "berann" --generate 20 --seed 1
expect grep -q '^berann' out
expect_exit 2 predict --init_from $model --prompt "b#" --generate 20 --seed 1

# Bits count characters: those of a text of one line are the mean over its characters.
expect_exit 0 evaluate --model pieces.json --text text.txt
expect grep -q " $(LC_ALL=C.UTF-8 wc -m < text.txt) characters" out

# So do those of a training's log. At a rate of 0 its two losses of one text are those of the same model, and `evaluate`
# measures it again; in integers, too, though that training rounds otherwise than the integer model.
expect_near()
{
    expect awk "BEGIN { difference = $1 - $2; exit !(difference * difference < $3 * $3) }"
}
for format in off int8; do
    expect_exit 0 train --input text.txt --validation text.txt --init_from $model --run_name log-$format --max_epochs 1 \
        --learning_rate 0 --quantize $format --threads 1 --generate 0
    IFS=, read -r _ _ train_loss val_loss val_bits _ speed seconds < <(tail -n 1 checkpoints/log-$format/training.log.csv)
    expect_exit 0 export --init_from checkpoints/log-$format/checkpoint.1.safetensors --export_file log-$format.onnx
    expect_exit 0 evaluate --model log-$format.json --text text.txt --quantize $format --json
    expect_near "$val_loss" "$("$json_get" out nats)" 1e-5
    expect_near "$val_bits" "$("$json_get" out bits_per_char)" 1e-5
    expect_near "$train_loss" "$val_loss" 0.02
    # All characters were read within the time, of which the validation is a part. It is rounded to milliseconds.
    expect awk "BEGIN { exit !($speed * ($seconds + 0.001) > $(LC_ALL=C.UTF-8 wc -m < text.txt)) }"
done

# Pieces that cannot have been learned.
sed 's/"an"/"anxx"/' pieces.json > broken.json
expect_exit 1 evaluate --model broken.json
expect_stderr "not a token by itself"
finish
