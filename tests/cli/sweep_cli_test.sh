#!/bin/bash
# Sweeps: a grid, random draws, halving, limits, resuming, tables; invalid plans, and folders that cannot be written.
# With mpirun also over two ranks, killed twice.
# Uses: expect.sh; mpirun of Open MPI where the tool was built with it. Arguments: the tool, json_get, yes or no for
# MPI. shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/expect.sh"
mpi=$3

# results FOLDER: the table without the seconds, which differ from run to run.
results()
{
    sed 's/,[^,]*$//' "$1/sweep.csv"
}

# expect_rows FOLDER COUNT PATTERN: this many rows of the table match.
expect_rows()
{
    local rows
    rows=$(grep -cE "$3" "$1/sweep.csv")
    ((rows == $2)) || fail "$rows rows of $1/sweep.csv match '$3', expected $2"
}

numbers 300 > names.txt
cat > plan.json << 'END'
{"train": {"input": "names.txt", "sequences": "items", "max_epochs": 6, "generate": 0, "embedding_size": 8,
           "batch_size": 32, "learning_rate": 0.01},
 "grid": {"model": ["lstm", "gru", "rnn"], "rnn_size": [4, 8, 16, 48], "num_layers": [1, 2]},
 "halving": [1, 3],
 "limits": {"weights": "int8", "flash_bytes": 30000, "tokens_per_second": 1000}}
END

expect_exit 0 sweep plan.json --output alone --threads 1
expect_stderr "best: run "
expect_stdout "alone/sweep.html"
expect_rows alone 24 '^[0-9]'
expect_rows alone 1 'left out: [0-9,]+ bytes of flash'
expect_rows alone 11 ',ended early,1,'
expect_rows alone 6 ',ended early,3,'
expect_rows alone 6 ',finished,6,'
expect grep -q '| \*\*[0-9]*\*\* |' alone/sweep.md
expect test "$(grep -c '<svg' alone/sweep.html)" == 4
expect test ! -e alone/08

# A run is like any other; sizes are those that the compiler reports for the trained model.
run_dir=alone/20
expect_json $run_dir/summary.json arguments.rnn_size 8
expect_exit 0 train --quiet --input names.txt --sequences items --max_epochs 6 --generate 0 --embedding_size 8 \
    --batch_size 32 --learning_rate 0.01 --model rnn --rnn_size 8 --num_layers 2 --checkpoint_dir . --run_name single
for file in $run_dir/checkpoint.*; do
    expect_same "$file" "single/${file##*/}"
done
expect_exit 0 export --init_from single/checkpoint.6.safetensors --export_file single.onnx
expect_exit 0 compile --model single.json --quantize int8 --report
"$json_get" out flash_bytes > flash
expect grep -q "^20,rnn,8,2,.*,$(< flash)," alone/sweep.csv
expect test "$("$json_get" out rp2040_tokens_per_second_on_two | cut -d. -f1)" == \
    "$(grep '^20,' alone/sweep.csv | cut -d, -f11 | cut -d. -f1)"

# Given again, it computes nothing. Another plan for the folder is an error.
touch -d '2001-01-01' alone/*/training.safetensors
results alone > before
expect_exit 0 sweep plan.json --output alone --threads 2
results alone > after
expect_same before after
expect test -z "$(find alone -name training.safetensors -newermt 2002-01-01)"
expect_exit 1 sweep plan.json --output alone --max_flash 20000
expect_stderr "alone/sweep.json: belongs to another sweep"

# The same with options, killed in the middle.
same_by_options=(sweep --output options --halving 1,3 --weights int8 --max_flash 30000 --min_speed 1000 --quiet --
    --input names.txt --sequences=items --max_epochs 6 --generate 0 --embedding_size 8 --batch_size 32
    --learning-rate 0.01 --model lstm,gru,rnn --rnn_size 4,8,16,48 --num_layers 1,2)
for run_of_kill in 05 20; do
    "$tool" "${same_by_options[@]}" > out 2> err &
    for ((wait = 0; wait < 1000; wait++)); do
        [[ -e options/$run_of_kill/checkpoint.1.safetensors ]] && break
        sleep 0.01
    done
    kill -9 $! 2> /dev/null
    wait $! 2> /dev/null
done
expect_exit 0 "${same_by_options[@]}"
results options > after
expect_same before after
for file in alone/*/checkpoint.*; do
    expect_same "$file" "options/${file#alone/}"
done

# Two sweeps on one folder.
exec 8< alone
flock 8
expect_exit 1 sweep plan.json --output alone
expect_stderr "another process is running a sweep in this folder"
exec 8<&-
"$tool" sweep plan.json --output both --quiet > out_of_first 2> err_of_first &
first=$!
for ((wait = 0; wait < 1000; wait++)); do
    [[ -e both/01/summary.json ]] && break
    sleep 0.01
done
kill -STOP $first
expect_exit 1 sweep plan.json --output both --quiet
expect_stderr "another process is running a sweep in this folder"
kill -CONT $first
wait $first || fail "the first sweep ended with $?"
results both > after
expect_same before after

# Random draws are the same each time, and all different.
cat > random.json << 'END'
{"train": {"input": "names.txt", "max_epochs": 1, "generate": 0, "embedding_size": 4, "num_layers": 1},
 "random": {"runs": 6, "seed": 7, "rnn_size": {"from": 4, "to": 12, "step": 4}, "model": ["gru", "rnn"],
            "learning_rate": {"from": 0.001, "to": 0.1, "scale": "log"}, "seq_length": {"from": 16, "to": 64}}}
END
expect_exit 0 sweep random.json --output random --quiet
expect_exit 0 sweep random.json --output random_again --quiet
results random > before
results random_again > after
expect_same before after
expect test "$(grep -c ',finished,1,1,' random/sweep.csv)" == 6
expect test "$(cut -d, -f2-5 random/sweep.csv | sort -u | wc -l)" == 7
expect_rows random 6 '^.,(4|8|12),(gru|rnn),0\.[0-9]+,(1[6-9]|[2-5][0-9]|6[0-4]),finished'

# A run whose loss is not a number any more ends as failed, and the others continue.
expect_exit 0 sweep --output failing --quiet -- --input names.txt --max_epochs 2 --batch_size 4 --generate 0 --rnn_size 4 \
    --num_layers 1 --model rnn --learning_rate 0.01,1000 --grad_clip 0 --weight_decay 100
expect_rows failing 1 ',finished,2,'
expect_rows failing 1 ',failed,'
# So does one whose model has no integer form.
expect_exit 0 sweep --output unfit --quiet -- --input names.txt --max_epochs 2 --batch_size 8 --seq_length 32 --generate 0 \
    --rnn_size 24 --embedding_size 8 --num_layers 1 --model lstm --learning_rate 0.01,10 --grad_clip 0 --quantize int8
expect_rows unfit 1 ',finished,2,'
expect_rows unfit 1 ',failed,'

# bad_plan MESSAGE JSON
bad_plan()
{
    printf '%s' "$2" > bad.json
    expect_exit 1 sweep bad.json --output bad
    expect_stderr "$1"
    expect test ! -e bad/1
}
bad_plan "bad.json:1:" '{'
bad_plan "is not a plan of a sweep" '{"train": {}, "girds": {}}'
bad_plan 'needs either "grid" or "random"' '{"train": {"input": "names.txt"}}'
bad_plan "quillet train has no option 'rnn_sise'" '{"train": {"input": "names.txt"}, "grid": {"rnn_sise": [1]}}'
bad_plan "a sweep sets 'run_name' of its runs itself" '{"train": {"run_name": "x"}, "grid": {"rnn_size": [1]}}'
bad_plan '"rnn_size" must be a list of at least one value' '{"train": {"input": "names.txt"}, "grid": {"rnn_size": []}}'
bad_plan "rnn-size 0" '{"train": {"input": "names.txt"}, "grid": {"rnn_size": [0]}}'
bad_plan "has 1000000 combinations" "{\"train\": {}, \"grid\": {\"seed\": [$(seq -s, 1 1000)], \"rnn_size\": [$(seq -s, 1 1000)]}}"
bad_plan "epochs must be increasing whole numbers" '{"train": {}, "grid": {"seed": [1]}, "halving": [4, 2]}'
# Numbers that no int holds are refused in the same words.
for epochs in 1e10 1,2147483648 1e300 -1e10 1.5; do
    expect_exit 1 sweep --output bad --halving="$epochs" --quiet -- --input names.txt --seed 1
    expect_stderr "epochs must be increasing whole numbers"
done
bad_plan "found only 3 different runs of 5" \
    '{"train": {"input": "names.txt"}, "random": {"runs": 5, "num_layers": {"from": 1, "to": 3}}}'
bad_plan 'has no values from 3 to 1' '{"train": {}, "random": {"runs": 5, "num_layers": {"from": 3, "to": 1}}}'
bad_plan '"runs" must be from 1' '{"train": {}, "random": {"num_layers": [1]}}'
bad_plan "run 2: " '{"train": {"input": "names.txt", "model": "transformer", "embedding_size": 12}, "grid": {"num_heads": [2, 5]}}'
bad_plan "nowhere.txt" '{"train": {"input": "nowhere.txt"}, "grid": {"seed": [1, 2]}}'
bad_plan "weights" '{"train": {"input": "names.txt"}, "grid": {"seed": [1]}, "limits": {"weights": "int3"}}'
expect_exit 2 sweep
expect_stderr "give a plan"
expect_exit 2 sweep -- --rnn_sise 4
expect_exit 2 sweep -- --rnn_size

# Limits that no run meets: reported before anything is trained, with a table that shows by how much.
expect_exit 1 sweep plan.json --output nothing --max_flash 100
expect_stderr "none of the 24 models meets the limits: the smallest takes"
expect_rows nothing 24 'left out'
expect test -z "$(find nothing -name 'checkpoint*')"

# A folder that cannot be created, and a disk that becomes full in the middle: an error, and the rest when there is
# room.
expect_exit 1 sweep plan.json --output names.txt/sweep
expect_stderr "names.txt"
if mkdir disk && mount -t tmpfs -o size=600k tmpfs disk 2> /dev/null; then
    expect_exit 1 sweep plan.json --output disk/sweep --quiet
    expect_stderr "No space left"
    mount -o remount,size=8m disk
    expect_exit 0 sweep plan.json --output disk/sweep --quiet
    results disk/sweep > after
    results alone > before
    expect_same before after
    # A sweep left by a kill, on a disk that is now read-only.
    "$tool" sweep plan.json --output disk/half --quiet > out 2> err &
    for ((wait = 0; wait < 1000; wait++)); do
        [[ -e disk/half/03/checkpoint.1.safetensors ]] && break
        sleep 0.01
    done
    kill -9 $!
    wait $! 2> /dev/null
    mount -o remount,ro disk
    for folder in other half; do
        expect_exit 1 sweep plan.json --output disk/$folder --quiet
        expect_stderr "Read-only file system"
    done
fi

# Two ranks, one of which is killed, twice: the same table as for an undisturbed sweep.
if [[ $mpi == yes ]]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    ranks=(mpirun --oversubscribe --bind-to none -n)
    results alone > before
    for victim in 1 0; do
        command="sweep # rank $victim killed"
        "${ranks[@]}" 2 bash -c 'echo $$ > pid.$OMPI_COMM_WORLD_RANK; exec "$@"' - "$tool" sweep plan.json \
            --output shared --threads 1 > out 2> err < /dev/null &
        before=$(find shared -name 'checkpoint.*' 2> /dev/null | wc -l)
        for ((wait = 0; wait < 1000; wait++)); do
            (($(find shared -name 'checkpoint.*' 2> /dev/null | wc -l) > before + 3)) && break
            sleep 0.01
        done
        kill -9 "$(< pid.$victim)"
        wait $!
        expect_stderr "signal 9"
    done
    command="sweep # on three ranks"
    "${ranks[@]}" 3 "$tool" sweep plan.json --output shared --threads 1 > out 2> err < /dev/null || fail "exit $?"
    results shared > after
    expect_same before after
    for file in alone/*/checkpoint.*; do
        expect_same "$file" "shared/${file#alone/}"
    done
    command="sweep # bad plan on two ranks"
    "${ranks[@]}" 2 "$tool" sweep bad.json --output shared > out 2> err < /dev/null && fail "exit 0"
    expect_stderr "weights"
fi

finish
