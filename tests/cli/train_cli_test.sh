#!/bin/bash
# `quillet train` with every kind of text and option that a user may give it: correct work or a clear error.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/expect.sh"

# expect_trained NAME ARGUMENT...: a run of that name succeeds, and its best checkpoint can write.
expect_trained()
{
    local name=$1
    shift
    expect_exit 0 train "${tiny[@]}" --run_name "$name" "$@"
    expect_stdout "checkpoints/$name/checkpoint."
    expect_json "checkpoints/$name/summary.json" status finished
    expect_exit 0 predict --init_from "checkpoints/$name/checkpoint.2.safetensors" --generate 20 --seed 1
}

# expect_refused EXIT MESSAGE ARGUMENT...: training ends with the message, before it has made a folder.
expect_refused()
{
    local exit_code=$1 message=$2
    shift 2
    expect_exit "$exit_code" train "${tiny[@]}" --checkpoint_dir refused "$@"
    expect_stderr "$message"
    expect test ! -s out
    expect test ! -e refused
    rm -rf refused
}

# Texts, in both kinds of sequences.
numbers 400 > names.txt
numbers 400 | sed 's/$/\r/' > crlf.txt
numbers 400 | head -c -1 > cut_line.txt
printf '\xef\xbb\xbf' | cat - names.txt > marked.txt
for ((i = 0; i < 300; i++)); do
    printf '%b' "$(printf '\\U%x' $((0x4e00 + i)))"
    ((i % 5 == 4)) && echo
done > wide.txt
for ((i = 0; i < 40; i++)); do
    printf '%0300d\n' $i
done > long_items.txt
yes | head -n 500 > same_lines.txt
: > empty.txt
printf 'a' > one_symbol.txt
numbers 400 | tr -d '\n' > one_line.txt
printf '\n\n\n' > newlines.txt
printf 'abc\nde\0f\n' > nul.txt
printf 'abc\ndef\nx\xe9y\n' > latin.txt
head -c 5000 /dev/urandom > random.bin
mkdir folder

for kind in stream items; do
    expect_trained "names-$kind" --input names.txt --sequences $kind
    expect_trained "crlf-$kind" --input crlf.txt --sequences $kind
    expect_trained "cut-$kind" --input cut_line.txt --sequences $kind
    expect_trained "marked-$kind" --input marked.txt --sequences $kind
    expect_trained "wide-$kind" --input wide.txt --sequences $kind --validation_share 0.2
    expect_json "checkpoints/wide-$kind/summary.json" model.vocabulary_size 301
    expect_trained "long-$kind" --input long_items.txt --sequences $kind --validation_share 0.2
    expect_refused 1 "empty.txt: is empty" --input empty.txt --sequences $kind
    expect_refused 1 "newlines.txt: has nothing but empty lines" --input newlines.txt --sequences $kind
    expect_refused 1 "one_symbol.txt: the text has too few" --input one_symbol.txt --sequences $kind
    expect_refused 1 "nul.txt:2:3: NUL byte" --input nul.txt --sequences $kind
    expect_refused 1 "latin.txt:3:2: byte 0xe9 is not valid UTF-8" --input latin.txt --sequences $kind
    expect_refused 1 "random.bin:" --input random.bin --sequences $kind
    expect_refused 1 "absent.txt: cannot open" --input absent.txt --sequences $kind
    expect_refused 1 "folder: is a folder" --input folder --sequences $kind
done
# Line ends and byte order marks are not part of a text: the models are the same.
for kind in stream items; do
    for text in crlf cut marked; do
        expect_same "checkpoints/$text-$kind/checkpoint.2.safetensors" "checkpoints/names-$kind/checkpoint.2.safetensors"
    done
done
# An item that is longer than the window is learned in parts, so the window's length changes what is learned.
expect_trained long-whole --input long_items.txt --sequences items --validation_share 0.2 --seq_length 301
expect test -n "$(cmp checkpoints/long-whole/checkpoint.2.safetensors checkpoints/long-items/checkpoint.2.safetensors)"

expect_trained same-stream --input same_lines.txt
expect_refused 1 "too few different lines" --input same_lines.txt --sequences items
expect_refused 1 "one_line.txt: the text has too few" --input one_line.txt --sequences items
expect_trained one-line-divided --input one_line.txt
expect_trained one-line --input one_line.txt --validation names.txt
expect_trained one-symbol --input one_symbol.txt --validation one_symbol.txt
expect_refused 2 "must be files, because a resumed run reads them again" --input <(numbers 400)
expect_refused 2 "--input -: texts must be files" --input -
expect_refused 2 "--validation -: texts must be files" --input names.txt --validation -

# Options.
expect_refused 2 "--input is missing"
expect_refused 1 "name of a file to read is empty" --input ''
expect_refused 2 "--input: needs a value (FILE)" --input
expect_refused 2 "--rnn-size 0: must be from 1 to 8192" --input names.txt --rnn_size 0
expect_refused 1 "parameters; at most 100000000 are possible" --input names.txt --rnn_size 8192 --num_layers 8
expect_refused 2 "--rnn-size -5: must be from 1 to 8192" --input names.txt --rnn_size -5
expect_refused 2 "--rnn-size 1e3: is not a whole number" --input names.txt --rnn_size 1e3
expect_refused 2 "--embedding-size 0:" --input names.txt --embedding_size 0
expect_refused 2 "--num-layers 9: must be from 1 to 8" --input names.txt --num_layers 9
expect_refused 2 "--dropout 1: must be from 0 to 0.95" --input names.txt --dropout 1
expect_refused 2 "--label-smoothing -0.1: must be from 0 to 0.95" --input names.txt --label_smoothing -0.1
expect_refused 2 "--learning-rate nan: is not a number" --input names.txt --learning_rate nan
expect_refused 2 "--seed -1: must be from 0 to 4294967295" --input names.txt --seed -1
expect_refused 2 "'mlp' is not a model type; the types are lstm, gru, rnn and transformer" --input names.txt --model mlp
expect_refused 2 "--rnn-size is for recurrent models" --input names.txt --model transformer
expect_refused 2 "--num-heads is for --model transformer" --input names.txt --num_heads 2

# expect_no_transformer MESSAGE ARGUMENT...: the same for options that a transformer does not have.
expect_no_transformer()
{
    local message=$1
    shift
    expect_exit 2 train --checkpoint_dir refused --input names.txt --model transformer "$@"
    expect_stderr "$message"
    expect test ! -e refused
    rm -rf refused
}
expect_no_transformer "--embedding-size 84 cannot be divided into 8 heads of an even size" --embedding_size 84 --num_heads 8
expect_no_transformer "--num-heads 6 is not a multiple of --num-kv-heads 4" --embedding_size 96 --num_heads 6 \
    --num_kv_heads 4
expect_no_transformer "--seq-length 64 is longer than the model's context of 32" --context_length 32 --seq_length 64
expect_no_transformer "--num-heads 0: must be from 1 to 8192" --num_heads 0
expect_no_transformer "--context-length 5000: must be from 1 to 4096" --context_length 5000
expect_refused 2 "'linear' is not a schedule; give constant or cosine" --input names.txt --schedule linear
expect_refused 2 "--final-learning-rate: the rate of --schedule constant stays" --input names.txt --final_learning_rate 0.1
expect_refused 2 "--validation-share: with --validation, no share" --input names.txt --validation names.txt \
    --validation_share 0.1
expect_refused 2 "--sequences words: must be stream or items" --input names.txt --sequences words
expect_refused 2 "there is no option --rnnsize; did you mean --rnn-size?" --input names.txt --rnnsize 5
expect_refused 2 "names.txt: is an unexpected argument" names.txt
expect_refused 2 "--run-name '../x'" --input names.txt --run_name ../x
expect_refused 2 "--run-name ''" --input names.txt --run_name ''
expect_refused 2 "--run-name '.'" --input names.txt --run_name .
expect_refused 2 "--checkpoint-dir: needs" --input names.txt --checkpoint_dir ''
expect_refused 1 "absent.txt: cannot open" --input names.txt --validation absent.txt

# Every cell and option works at its smallest.
for cell in lstm gru rnn; do
    expect_trained "small-$cell" --input names.txt --model $cell --embedding_size 1 --rnn_size 1 --batch_size 1 \
        --seq_length 1 --dropout 0 --grad_clip 0 --weight_decay 0 --schedule cosine --warmup_steps 3
done
expect_exit 0 train --model transformer --embedding_size 2 --num_heads 1 --feed_size 1 --context_length 1 \
    --num_layers 1 --input names.txt --max_epochs 1 --generate 5 --quiet --run_name small-transformer
# A transformer resumed after its first epoch ends with the same bytes, with another number of threads.
transformer=(--model transformer --embedding_size 12 --num_heads 3 --num_kv_heads 1 --feed_size 9 --context_length 10
    --dropout 0.2 --input names.txt --sequences items --quiet --generate 5 --batch_size 40)
expect_exit 0 train "${transformer[@]}" --max_epochs 2 --run_name transformer --threads 1
expect_exit 0 train "${transformer[@]}" --max_epochs 1 --run_name halved --threads 2
expect_exit 0 train --init_from checkpoints/halved --max_epochs 2 --threads 2 --quiet
expect_same checkpoints/transformer/checkpoint.2.safetensors checkpoints/halved/checkpoint.2.safetensors
expect_json checkpoints/halved/summary.json arguments.seq_length 10
# A new run starts from its checkpoint, with the sizes of the model.
expect_exit 0 train --init_from checkpoints/transformer/checkpoint.2.safetensors --input names.txt --max_epochs 1 \
    --quiet --run_name further
expect_exit 2 train --init_from checkpoints/transformer/checkpoint.2.safetensors --input names.txt --num_heads 2
expect_stderr "--num-heads 2: the model of --init-from has 3"
# Its context may be another one, and is the run's own from then on, also of one that is resumed.
expect_exit 0 train --init_from checkpoints/transformer/checkpoint.2.safetensors --input names.txt --max_epochs 2 \
    --context_length 7 --quiet --run_name nearer --threads 1
expect_json checkpoints/nearer/summary.json arguments.seq_length 7
expect_exit 0 train --init_from checkpoints/transformer/checkpoint.2.safetensors --input names.txt --max_epochs 1 \
    --context_length 7 --quiet --run_name nearer-halved --threads 1
expect_exit 0 train --init_from checkpoints/nearer-halved --max_epochs 2 --quiet --threads 1
expect_same checkpoints/nearer/checkpoint.2.safetensors checkpoints/nearer-halved/checkpoint.2.safetensors
expect_exit 0 export --init_from checkpoints/nearer/checkpoint.2.safetensors --export_file nearer.onnx --quiet
expect_json nearer.json sequenceLength 7
# More sequences side by side than the text has symbols.
expect_trained wide-batch --input names.txt --batch_size 4096 --seq_length 4096

# The same seed and text give the same bytes with any number of threads; another seed gives others.
expect_trained first --input names.txt --batch_size 64 --num_layers 2 --dropout 0.3 --threads 1
expect_trained again --input names.txt --batch_size 64 --num_layers 2 --dropout 0.3 --threads 2
expect_trained smoothed --input names.txt --batch_size 64 --num_layers 2 --dropout 0.3 --threads 2 --label_smoothing 0.1
expect_trained dropped --input names.txt --batch_size 64 --num_layers 2 --dropout 0.3 --threads 2 --output_dropout 0.2
expect_trained other --input names.txt --batch_size 64 --num_layers 2 --dropout 0.3 --threads 2 --seed 2
expect_same checkpoints/first/checkpoint.2.safetensors checkpoints/again/checkpoint.2.safetensors
for run in other smoothed dropped; do
    expect test -n "$(cmp checkpoints/first/checkpoint.2.safetensors checkpoints/$run/checkpoint.2.safetensors)"
done

# The contents of the run's folder and of stdout.
expect_exit 0 train "${tiny[@]}" --input names.txt --run_name full --generate 30 --json
expect_json out status finished
expect_json out best.epoch "$("$json_get" checkpoints/full/summary.json best.epoch)"
expect_json checkpoints/full/summary.json arguments.rnn_size 5
expect_json checkpoints/full/summary.json epochs 2
expect test "$(head -n 1 checkpoints/full/training.log.csv)" == \
    "epoch,step,train_loss,val_loss,val_bits_per_char,learning_rate,chars_per_second,elapsed_seconds"
expect test "$(cut -d, -f1 checkpoints/full/training.log.csv | paste -sd ' ')" == "epoch 1 2"
expect test "$(wc -l < checkpoints/full/samples.jsonl)" -eq 2
expect test -z "$(find checkpoints -name '*.partial')"

# At a rate of 0 no epoch is better than the first one, so a run without patience for two more ends after the third.
expect_exit 0 train "${tiny[@]}" --input names.txt --run_name patient --learning_rate 0 --max_epochs 9 --early_stop 2
expect_json checkpoints/patient/summary.json status "stopped early"
expect_json checkpoints/patient/summary.json best.epoch 1
expect_json checkpoints/patient/summary.json epochs 3

# Without a name, the folder is named after the time; and only the result is on stdout.
expect_exit 0 train "${tiny[@]}" --input names.txt --no_quiet --checkpoint_dir timed
expect grep -qE '^timed/[0-9]{8}-[0-9]{6}/checkpoint\.2\.safetensors$' out
expect test "$(wc -l < out)" -eq 1
expect_stderr "epoch 2/2  train "
expect test -z "$(grep -l $'\r' err)"

command="train > /dev/full"
"$tool" train "${tiny[@]}" --input names.txt --run_name unheard > /dev/full 2> err
expect test $? -eq 1
expect_stderr "No space left"

finish
