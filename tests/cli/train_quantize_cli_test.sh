#!/bin/bash
# `quillet train --quantize`: a model fine-tuned for integers, its checkpoints, its resumption, and what is refused.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/expect.sh"

numbers 400 > names.txt
train=(train "${tiny[@]}" --rnn_size 12 --input names.txt --validation names.txt)

# loss RUN EPOCH: the validation loss.
loss()
{
    awk -F, -v epoch="$2" '$1 == epoch { print $4 }' "checkpoints/$1/training.log.csv"
}

# note FILE: the format in its metadata.
note()
{
    head -c 2000 "$1" | grep -a -o '"quantize": *"[a-z0-9]*"' | tr -d ' '
}

expect_exit 0 "${train[@]}" --run_name float --max_epochs 20 --learning_rate 0.01
float=checkpoints/float/checkpoint.20.safetensors
expect test -z "$(note $float)"
expect_json checkpoints/float/summary.json arguments.quantize off

# A training that changes nothing gives the loss of each format: close to that of float, but different.
for format in off int8 int4; do
    expect_exit 0 "${train[@]}" --init_from $float --quantize $format --learning_rate 0 --weight_decay 0 \
        --run_name still_$format --max_epochs 1
done
expect test "$(loss still_off 1)" == "$(loss float 20)"
expect awk -v off="$(loss still_off 1)" -v s8="$(loss still_int8 1)" -v s4="$(loss still_int4 1)" \
    'BEGIN { exit !(s8 != off && s4 != off && s8 != s4 && s8 / off < 1.05 && s8 / off > 0.95 && s4 / off < 1.2) }'

# The float weights of a tuned model are unchanged when nothing is learned, except for the note.
expect test "$(note checkpoints/still_int4/checkpoint.1.safetensors)" == '"quantize":"int4"'
expect test "$(tail -c 300 checkpoints/still_int4/checkpoint.1.safetensors | cksum)" == "$(tail -c 300 $float | cksum)"
expect_exit 0 predict --init_from checkpoints/still_int4/checkpoint.1.safetensors --generate 5 --seed 1

# Fine-tuning recovers part of the cost of int4.
expect_exit 0 "${train[@]}" --init_from $float --quantize int4 --learning_rate 0.003 --schedule cosine --run_name tuned \
    --max_epochs 6
expect awk -v before="$(loss still_int4 1)" -v after="$(loss tuned 6)" 'BEGIN { exit !(after < 0.999 * before) }'

# The log has the loss of the integer model, to its last digit that of the exported one.
expect_exit 0 export --init_from checkpoints/tuned/checkpoint.6.safetensors --export_file tuned.onnx
expect_exit 0 evaluate --model tuned.json --text names.txt --quantize int4 --json
expect test "$(printf %.6f "$("$json_get" out nats)")" == "$(loss tuned 6)"
expect_json out characters "$(wc -m < names.txt)"
expect_json out quantize int4
expect_exit 0 evaluate --model tuned.json --text names.txt --quantize int4
expect grep -qE '^[0-9.]+ bits per character, [0-9.]+ nats, [0-9]+ characters$' out

# So do the samples.
expect_exit 0 "${train[@]}" --init_from $float --quantize int4 --run_name spoken --max_epochs 1 --generate 30
expect_exit 0 predict --init_from checkpoints/spoken/checkpoint.1.safetensors --quantize int4 --temperature 0.8 \
    --generate 30 --seed 1
expect_json checkpoints/spoken/samples.jsonl text "$(cat out)"

# Threads and interruptions do not change it; a resumed run keeps its format.
expect_exit 0 "${train[@]}" --init_from $float --quantize int4 --learning_rate 0.003 --run_name two --batch_size 40 \
    --threads 3
expect_exit 0 train --init_from checkpoints/two --max_epochs 4 --quiet
expect_exit 0 "${train[@]}" --init_from $float --quantize int4 --learning_rate 0.003 --run_name four --batch_size 40 \
    --max_epochs 4
expect_same checkpoints/two/checkpoint.4.safetensors checkpoints/four/checkpoint.4.safetensors
expect_exit 2 train --init_from checkpoints/two --quantize int8
expect_stderr "--quantize: the run was started with \"int4\""

# A tuned checkpoint keeps its format, unless told otherwise.
tuned=checkpoints/tuned/checkpoint.6.safetensors
expect_exit 0 "${train[@]}" --init_from $tuned --run_name kept --max_epochs 1
expect test "$(note checkpoints/kept/checkpoint.1.safetensors)" == '"quantize":"int4"'
expect_json checkpoints/kept/summary.json arguments.quantize int4
expect_exit 0 "${train[@]}" --init_from $tuned --run_name freed --max_epochs 1 --quantize off
expect test -z "$(note checkpoints/freed/checkpoint.1.safetensors)"

# The trainer's rounding matches the integer model: a training that changes nothing has the integer model's loss, for
# every cell. Measured: they differ by 2e-5 and less; float and int4, by 2e-4 to 4e-4.
apart=0
for cell in lstm gru rnn; do
    layers=(--model "$cell" --embedding_size 5 --rnn_size 20 --num_layers 2 --dropout 0 --sequences items)
    expect_exit 0 "${train[@]}" "${layers[@]}" --run_name $cell --max_epochs 20 --learning_rate 0.01 --schedule cosine
    for format in int8 int4; do
        expect_exit 0 "${train[@]}" "${layers[@]}" --init_from checkpoints/$cell/checkpoint.20.safetensors \
            --quantize $format --learning_rate 0 --weight_decay 0 --run_name $cell-$format --max_epochs 1
        # shellcheck disable=SC2016
        expect awk -F, '$1 == 1 { exit !(($3 - $4) ^ 2 < 0.0001 ^ 2) }' checkpoints/$cell-$format/training.log.csv
    done
    awk -v off="$(loss $cell 20)" -v s4="$(loss $cell-int4 1)" 'BEGIN { exit !((s4 - off) ^ 2 > 0.0001 ^ 2) }' &&
        apart=$((apart + 1))
done
expect test $apart -gt 0

# A decoder: rounding as in the integer form, whose activations are rounded, too, so that losses are not quite the same.
# Fine-tuning recovers part of the cost of int4; threads and interruptions do not change the result.
words=(one two three four five six seven eight nine ten eleven twelve)
for i in {1..300}; do
    echo "${words[i * 7 % 12]}-${words[i * i % 11]}"
done > words.txt
decoder=(train --input words.txt --validation words.txt --generate 0 --threads 1 --quiet --model transformer
    --embedding_size 16 --num_heads 2 --num_layers 2 --feed_size 24 --context_length 24 --batch_size 40 --dropout 0
    --sequences items)
expect_exit 0 "${decoder[@]}" --run_name decoder --max_epochs 12 --learning_rate 0.01 --schedule cosine
from=(--init_from checkpoints/decoder/checkpoint.12.safetensors --quantize)
for format in int8 int4; do
    expect_exit 0 "${decoder[@]}" "${from[@]}" $format --learning_rate 0 --weight_decay 0 --run_name decoder_$format \
        --max_epochs 1
    # shellcheck disable=SC2016
    expect awk -F, '$1 == 1 { exit !(($3 - $4) ^ 2 < 0.002 ^ 2) }' checkpoints/decoder_$format/training.log.csv
done
expect_exit 0 "${decoder[@]}" "${from[@]}" int4 --learning_rate 0.003 --schedule cosine --run_name decoder_tuned \
    --max_epochs 4
expect awk -v before="$(loss decoder_int4 1)" -v after="$(loss decoder_tuned 4)" 'BEGIN { exit !(after < 0.999 * before) }'
expect_exit 0 "${decoder[@]}" "${from[@]}" int4 --learning_rate 0.003 --run_name decoder_two --max_epochs 2 --threads 3
expect_exit 0 train --init_from checkpoints/decoder_two --max_epochs 4 --quiet
expect_exit 0 "${decoder[@]}" "${from[@]}" int4 --learning_rate 0.003 --run_name decoder_whole --max_epochs 4
expect_same checkpoints/decoder_two/checkpoint.4.safetensors checkpoints/decoder_whole/checkpoint.4.safetensors

# From scratch.
expect_exit 0 "${train[@]}" --model gru --num_layers 2 --quantize int8 --sequences items --run_name scratch
expect test "$(note checkpoints/scratch/checkpoint.2.safetensors)" == '"quantize":"int8"'

# What has no integer form is refused before an epoch is spent on it.
expect_exit 1 train --input names.txt --validation names.txt --model transformer --embedding-size 1024 --num-heads 1 \
    --num-layers 1 --feed-size 4 --context-length 4 --quantize int8 --max-epochs 1 --generate 0 --run-name wide --quiet
expect_stderr "a head of attention has 1024 values"
expect test ! -e checkpoints/wide/training.log.csv

# A model that loses its integer form on the way ends the training, with advice that training can follow.
expect_exit 1 train --input names.txt --model lstm --rnn-size 24 --num-layers 1 --embedding-size 8 --seq-length 32 \
    --batch-size 8 --learning-rate 10 --grad-clip 0 --quantize int8 --max-epochs 4 --generate 0 --run-name far --quiet
expect_stderr "its cell state reaches "
expect_stderr "train with a smaller --learning-rate"
expect_json checkpoints/far/summary.json status failed

expect_exit 2 "${train[@]}" --quantize int2
expect_stderr "--quantize int2: must be off, int8 or int4"

finish
