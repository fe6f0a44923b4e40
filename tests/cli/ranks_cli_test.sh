#!/bin/bash
# Trains on 1 to 4 ranks, each over shared memory and TCP, in turns with 1 and 2 threads, to the same bytes as one process. Kills
# a rank at random, and resumes with another number of ranks. Gives one rank another text, build, options and processor
# form. Has ranks share the cells of a study.
# Uses: expect.sh, resume.sh, mpirun of Open MPI; ip for network namespaces, where the test may make them. Arguments:
# the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/resume.sh"
source "$(dirname "$0")/expect.sh"

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# shellcheck disable=SC2034
shared=(--mca btl "self,vader") tcp=(--mca btl "self,tcp" --mca btl_tcp_if_include lo)

# run_ranks MPIRUN_ARGUMENT... -- ARGUMENT...: as `run`, with ranks.
run_ranks()
{
    local mpi=()
    while [[ $1 != -- ]]; do
        mpi+=("$1")
        shift
    done
    shift
    command="$* # mpirun ${mpi[*]}"
    timeout 400 mpirun --oversubscribe --bind-to none "${mpi[@]}" "$tool" "$@" > out 2> err < /dev/null
    code=$?
}

# by_rank FIRST... / LAST...: the last rank runs LAST, the others FIRST. (mpirun of Open MPI 5.0.7 crashes when it is given
# several commands by itself.)
cat > by_rank << 'SCRIPT'
#!/bin/bash
first=()
while [[ $1 != / ]]; do
    first+=("$1")
    shift
done
shift
((OMPI_COMM_WORLD_RANK + 1 == OMPI_COMM_WORLD_SIZE)) || set -- "${first[@]}"
exec "$@"
SCRIPT
chmod +x by_rank

numbers 600 > names.txt
# Five shards of up to 16 sequences, so that ranks have different numbers of them, and the last batch has fewer.
start=(train --quiet --embedding_size 5 --rnn_size 20 --num_layers 2 --dropout 0.3 --generate 10 --batch_size 70
    --seq_length 8 --sequences items --input names.txt)

expect_exit 0 "${start[@]}" --max_epochs 3 --threads 1 --run_name alone
for ranks in 1 2 3 4; do
    threads=$((1 + ranks % 2))
    for kind in shared tcp; do
        declare -n link=$kind
        name="$ranks-$threads-$kind"
        run_ranks "${link[@]}" -n $ranks -- "${start[@]}" --max_epochs 3 --threads $threads --run_name "$name"
        expect test $code == 0
        expect_stdout "checkpoints/$name/checkpoint.3.safetensors"
        expect_same_run "$name" alone
        threads=$((3 - threads))
    done
done
expect_json checkpoints/4-2-tcp/summary.json ranks.count 4
# More ranks than shards, running text, pieces, a transformer, and training with the rounding of integers.
for kind in "--sequences stream --batch-size 20" "--pieces 20" "--quantize int8 --early-stop 1"; do
    # shellcheck disable=SC2206
    more=($kind --max_epochs 2)
    expect_exit 0 "${start[@]}" "${more[@]}" --run_name kind
    run_ranks -n 3 -- "${start[@]}" "${more[@]}" --run_name kind_ranks
    expect test $code == 0
    expect_same_run kind_ranks kind
    rm -r checkpoints/kind checkpoints/kind_ranks
done
start_of_decoder=(train --quiet --model transformer --embedding_size 8 --num_heads 2 --num_layers 1 --feed_size 16
    --context_length 8 --generate 0 --batch_size 40 --max_epochs 1 --input names.txt)
expect_exit 0 "${start_of_decoder[@]}" --run_name kind
run_ranks -n 2 -- "${start_of_decoder[@]}" --run_name kind_ranks
expect_same checkpoints/kind/checkpoint.1.safetensors checkpoints/kind_ranks/checkpoint.1.safetensors

# Kill -9 of a random rank ends the job with a message; another number of ranks continues to the same bytes.
expect_exit 0 "${start[@]}" --max_epochs 60 --run_name long
for round in "2 shared 4 tcp" "3 tcp 1 shared" "4 shared 2 tcp" "4 tcp 3 shared"; do
    read -r ranks kind ranks_after kind_after <<< "$round"
    declare -n link=$kind link_after=$kind_after
    victim=$((RANDOM % ranks))
    command="train # rank $victim of $ranks killed"
    rm -f pid.*
    mpirun --oversubscribe --bind-to none "${link[@]}" -n "$ranks" \
        bash -c 'echo $$ > pid.$OMPI_COMM_WORLD_RANK; exec "$@"' - "$tool" \
        "${start[@]}" --max_epochs 60 --run_name killed > out 2> err < /dev/null &
    for ((wait = 0; wait < 1000; wait++)); do
        [[ -e checkpoints/killed/checkpoint.$((3 + RANDOM % 8)).safetensors ]] && break
        sleep 0.01
    done
    kill -9 "$(< pid.$victim)"
    wait $!
    expect test $? != 0
    # Open MPI says which rank ended; version 5, at times, only that a connection did.
    expect grep -qE "signal 9|unexpectedly disconnected|Socket closed" err
    run_ranks "${link_after[@]}" -n "$ranks_after" -- train --quiet --init_from checkpoints/killed \
        --threads $((1 + ranks % 2))
    expect test $code == 0
    expect_same_run killed long
    rm -r checkpoints/killed
done

# Ctrl-C on one rank: all stop, and say how to resume.
command="train # rank 1 interrupted"
mpirun --oversubscribe --bind-to none -n 2 bash -c 'echo $$ > pid.$OMPI_COMM_WORLD_RANK; exec "$@"' - "$tool" \
    "${start[@]}" --max_epochs 60 --run_name stopped > out 2> err < /dev/null &
for ((wait = 0; wait < 1000; wait++)); do
    [[ -e checkpoints/stopped/checkpoint.5.safetensors ]] && break
    sleep 0.01
done
kill -INT "$(< pid.1)"
wait $!
expect_stderr "To go on after epoch"
expect_json checkpoints/stopped/summary.json status interrupted

# Differences between ranks are detected before the first epoch.
numbers 601 > others.txt
run_ranks -n 2 ./by_rank "$tool" "${start[@]}" --max_epochs 1 / -- "${start[@]}" --max_epochs 1 --input others.txt
expect test $code == 1
expect_stderr "differs from that on rank 0"
run_ranks -n 2 ./by_rank "$tool" "${start[@]}" --max_epochs 1 / -- "${start[@]}" --max_epochs 2
expect test $code == 2
expect_stderr "has other options than rank 0"
run_ranks -n 2 ./by_rank "$tool" "${start[@]}" --max_epochs 1 / -- "${start[@]}" --max_epochs 1 --input nowhere.txt
expect test $code == 1
expect_stderr "rank 1: nowhere.txt"
digest=$(grep -aoE '[0-9a-f]{64}' "$tool" | grep -m1 -vE '^0*$')
sed "s/$digest/${digest:1}0/g" "$tool" > other_build
chmod +x other_build
run_ranks -n 3 ./by_rank ./other_build "${start[@]}" --max_epochs 1 / -- "${start[@]}" --max_epochs 1
expect test $code == 1
expect_stderr "rank 2 on $(hostname) is another build"
expect test "$(ls -d checkpoints/2*-*[0-9][0-9][0-9]* 2> /dev/null | wc -l)" == 0
run_ranks -n 2 ./by_rank env QUILLET_VECTORS=plain "$tool" "${start[@]}" --max_epochs 3 --no_quiet --run_name forms / \
    env -u QUILLET_VECTORS -- "${start[@]}" --max_epochs 3 --no_quiet --run_name forms
expect test $code == 0
expect_same_run forms alone
[[ $(uname -m) == x86_64 ]] && grep -q avx2 /proc/cpuinfo && expect_stderr "the bits are the same, the speed is not"

# A folder that cannot be written, as rank 0 alone notices.
run_ranks -n 2 -- "${start[@]}" --max_epochs 1 --checkpoint_dir names.txt/nowhere
expect test $code == 1
expect_stderr "names.txt/nowhere"

# A study whose cells are distributed, first to two ranks, one of which is killed, then to three: the report equals that
# of one process.
study=(study --corpus names.txt --items 3000 --max_length 20 --temperature 0.5,0.7,0.9,1 --top_k 0,5 --wordlist ""
    --sentences 0 --quiet --against checkpoints/alone/checkpoint.1.safetensors
    checkpoints/alone/checkpoint.2.safetensors checkpoints/alone/checkpoint.3.safetensors)
expect_exit 0 "${study[@]}" --output study
command="study # rank 1 killed"
mpirun --oversubscribe --bind-to none -n 2 bash -c 'echo $$ > pid.$OMPI_COMM_WORLD_RANK; exec "$@"' - "$tool" \
    "${study[@]}" --output shared_study > out 2> err < /dev/null &
for ((wait = 0; wait < 1000; wait++)); do
    compgen -G 'shared_study/cells/*.json' > /dev/null && break
    sleep 0.01
done
kill -9 "$(< pid.1)"
wait $!
run_ranks -n 3 -- "${study[@]}" --output shared_study
expect test $code == 0
expect_same study/study.json shared_study/study.json
expect_same study/study.html shared_study/study.html
run_ranks -n 2 ./by_rank "$tool" "${study[@]}" --output shared_study / -- "${study[@]}" --output shared_study --seed 2
expect test $code == 1
expect_stderr "rank 1: has other options, another text or other lists than rank 0"

# Two machines, made of network namespaces, with the tool started there by a stand-in for ssh.
remove_machines()
{
    ip netns del quillet-a 2> /dev/null
    ip netns del quillet-b 2> /dev/null
}
make_machines()
{
    remove_machines
    ip netns add quillet-a && ip netns add quillet-b &&
        ip -n quillet-a link add wire type veth peer name wire netns quillet-b &&
        ip -n quillet-a addr add 10.77.0.1/24 dev wire && ip -n quillet-b addr add 10.77.0.2/24 dev wire &&
        ip -n quillet-a link set wire up && ip -n quillet-b link set wire up &&
        ip -n quillet-a link set lo up && ip -n quillet-b link set lo up
} > /dev/null 2>&1
if make_machines; then
    printf '#!/bin/bash\n[[ $1 == -* ]] && shift\nshift\nexec ip netns exec quillet-b bash -c "$*"\n' > stand_in_for_ssh
    chmod +x stand_in_for_ssh
    command="train # on two machines"
    timeout 400 ip netns exec quillet-a mpirun --mca plm_rsh_agent "$PWD/stand_in_for_ssh" --bind-to none \
        --mca btl self,tcp --mca btl_tcp_if_include wire --mca oob_tcp_if_include wire -n 2 \
        -host 10.77.0.1:1,10.77.0.2:1 "$tool" "${start[@]}" --max_epochs 3 --run_name machines > out 2> err < /dev/null
    expect test $? == 0
    expect_same_run machines alone
    echo "on two machines, made of network namespaces"
else
    echo "without network namespaces"
fi
remove_machines

finish
