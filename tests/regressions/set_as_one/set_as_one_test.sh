#!/bin/bash
# A command that was killed between two renames left a new model beside an old vocabulary, a new header beside an old
# source, and after `prepare` items both in training and validation. Guards: every command that writes several files, over
# an older result, is killed at every single call by which it saves. The files that are there are of one result, the tool
# reads the old result or the new one, and after the next save in that folder the files are all old or all new.
# Uses: expect.sh, gcc where it is there. Arguments: the tool, json_get, the library kill_at_call.
# shellcheck source-path=SCRIPTDIR
library=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

numbers 200 > a.txt
numbers 400 | tr a-j k-t > b.txt
echo word > words
for name in a b; do
    expect_exit 0 train "${tiny[@]}" --input $name.txt --sequences items --max_epochs 1 --run_name $name
done
model=(checkpoints/a/checkpoint.1.safetensors checkpoints/b/checkpoint.1.safetensors)

# files FOLDER: a line with hash and name for each file of a result, without what a killed process has left.
files()
{
    (cd "$1" && find . -type f ! -path './.quillet*' ! -path '*/.quillet*' ! -name zz.qlf ! -path './cells/*' \
        -exec sha256sum {} + | sort)
}

# is_part_of FILES ALL: each of the lines is one of them.
is_part_of()
{
    [[ -z $(comm -23 <(echo "$1") <(echo "$2")) ]]
}

total=0 twice=0 found_old=0 found_new=0 unfinished=0

# Who finishes the change in `now` is killed as well, at each call, and the next one comes to the same end.
finisher_is_killed()
{
    local calls k state
    rm -rf half && cp -a now half
    CALL_COUNT_FILE=$work/count LD_PRELOAD=$library "$tool" filter --words words --output half/zz.qlf > /dev/null
    calls=$(< count)
    for ((k = 1; k <= calls; k++)); do
        rm -rf half && cp -a now half
        { KILL_AT_CALL=$k LD_PRELOAD=$library "$tool" filter --words words --output half/zz.qlf > out 2> err; } 2> /dev/null
        twice=$((twice + 1))
        state=$(files half)
        is_part_of "$state" "$old_files" || is_part_of "$state" "$new_files" || fail "$name is a mixture after two kills"
        "$tool" filter --words words --output half/zz.qlf > /dev/null
        [[ $(files half) == "$new_files" ]] || fail "$name is not the new result after two kills"
    done
}

# kill_everywhere NAME READER COMMAND...: `now` has an older result, made by OLD...; COMMAND replaces it. READER prints
# what the tool makes of the result.
kill_everywhere()
{
    local name=$1 reader=$2 n calls state old_files new_files read_old read_new
    shift 2
    old_files=$(files old)
    rm -rf now && cp -a old now
    read_old=$($reader 2>&1)
    CALL_COUNT_FILE=$work/count LD_PRELOAD=$library "$tool" "$@" > out 2> err || fail "$name does not work"
    calls=$(< count)
    new_files=$(files now)
    read_new=$($reader 2>&1)
    [[ $old_files != "$new_files" ]] || fail "$name: the new result is as the old one"
    local name_old=0 name_new=0
    for ((n = 1; n <= calls; n++)); do
        command="$* # killed at call $n"
        rm -rf now && cp -a old now
        { KILL_AT_CALL=$n LD_PRELOAD=$library "$tool" "$@" > out 2> err; } 2> /dev/null
        (($? == 137)) || fail "was not killed"
        total=$((total + 1))
        state=$(files now)
        if [[ $state != "$old_files" && $state != "$new_files" ]]; then
            unfinished=$((unfinished + 1))
            # What other programs see: files may be missing, but all are of one result.
            is_part_of "$state" "$old_files" || is_part_of "$state" "$new_files" || fail "$name is a mixture at first"
            ((unfinished % 8 != 1)) || finisher_is_killed
        fi
        state=$($reader 2>&1)
        [[ $state == "$read_old" || $state == "$read_new" ]] || fail "$name is read as neither old nor new: $state"
        "$tool" filter --words words --output now/zz.qlf > /dev/null
        case $(files now) in
        "$old_files") name_old=$((name_old + 1)) ;;
        "$new_files") name_new=$((name_new + 1)) ;;
        *) fail "$name is a mixture" ;;
        esac
        [[ -z $(find now -maxdepth 1 -name '.quillet*' -print -quit) ]] || fail "$name leaves temporary files"
    done
    echo "$name: $calls kills, $name_old times old, $name_new times new"
    found_old=$((found_old + name_old))
    found_new=$((found_new + name_new))
    ((name_old > 0 && name_new > 0)) || fail "$name is always old or always new"
}

nothing()
{
    true
}

read_model()
{
    "$tool" evaluate --model now/m.json --length 30 --seed 1 --quiet
}

mkdir old
expect_exit 0 export --init_from "${model[0]}" --export_file old/m.onnx --quiet
kill_everywhere export read_model export --init_from "${model[1]}" --export_file now/m.onnx --quiet

# A compiler knows nothing of unfinished changes. It misses a file, and takes no header but the source's own.
read_source()
{
    if ! command -v gcc > /dev/null; then
        return
    fi
    if gcc -c -o now.o now/m.c 2> gcc.err; then
        sha256sum < now/m.c
    elif grep -qE 'is not the header of this source|No such file' gcc.err; then
        echo "$read_old" # an error with words, and no program
    else
        cat gcc.err
    fi
}

rm -rf old && mkdir old
for name in a b; do
    expect_exit 0 export --init_from checkpoints/$name/checkpoint.1.safetensors --export_file $name.onnx --quiet
done
expect_exit 0 compile a.onnx --name m --output old/m.c
kill_everywhere compile read_source compile b.onnx --name m --output now/m.c

rm -rf old
seq 1000 1999 | sed 's/.*/item & of the text/' > items.txt
expect_exit 0 prepare --output old --skip near_duplicates --min_symbol_count 0 --seed 1 items.txt --quiet
kill_everywhere prepare nothing prepare --output now --skip near_duplicates --min_symbol_count 0 --seed 2 \
    --validation 0.2 items.txt --quiet

rm -rf old
study=(study --corpus a.txt --items 20 --temperature 0.5,1 --threads 1 --quiet --wordlist "" --sentences 0 "${model[0]}")
expect_exit 0 "${study[@]}" --output old
kill_everywhere study nothing "${study[@]}" --seed 2 --output now

# Commands with one file.
rm -rf old && mkdir old
expect_exit 0 generate --init_from "${model[0]}" --count 20 --seed 1 --quiet --output old/g
kill_everywhere generate nothing generate --init_from "${model[0]}" --count 20 --seed 2 --quiet --output now/g
rm -rf old && mkdir old
expect_exit 0 compare --init_from "${model[0]}" --count 3 --seed 1 --output old/c
kill_everywhere compare nothing compare --init_from "${model[0]}" --count 3 --seed 2 --output now/c
rm -rf old && mkdir old
expect_exit 0 filter --words words --output old/f.qlf
echo other >> words
kill_everywhere filter nothing filter --words words --output now/f.qlf

echo "$total kills: $found_old times old, $found_new times new, 0 mixtures; $unfinished times files were missing at first; $twice second kills"
finish
