#!/bin/bash
# `verify` called a stage skipped for every refusal of the system while it opened, and ended with 0. Guards: with too few open
# files, as with any other refusal, it ends with 1 and a message; skipped are stages whose program is not installed.
# Uses: expect.sh, ulimit -Sn, gcc or clang. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

numbers 200 > names.txt
expect_exit 0 train "${tiny[@]}" --input names.txt --sequences items --max_epochs 1 --run_name r
expect_exit 0 export --init_from checkpoints/r/checkpoint.1.safetensors --export_file m.onnx --quiet
small=(--model m.json --seeds 1 --length 5 --characters 20 --stages "$compiler -O2")

expect_exit 0 verify "${small[@]}"
# The compiler takes the files that it needs; the tool has fewer.
mkdir bin
cat > frugal.c << END
#include <sys/resource.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) || (limit.rlim_cur = limit.rlim_max, setrlimit(RLIMIT_NOFILE, &limit)) ||
           execv(argv[0] = "$(command -v "$compiler")", argv);
}
END
"$compiler" -o "bin/$compiler" frugal.c || fail "no wrapper"
refused=0
for ((files = 12; files > 6; files--)); do
    command="verify ${small[*]} # with $files open files"
    (
        ulimit -Sn $files
        PATH=$work/bin:$PATH exec "$tool" verify "${small[@]}" > out 2> err < /dev/null
    )
    code=$?
    if ((code == 127)) && grep -q 'error while loading shared libraries' err; then
        break
    fi
    ((code <= 1)) || fail "exit $code"
    if grep -q skipped out; then
        fail "skips the stage"
    fi
    if ((code == 1)); then
        refused=$((refused + 1))
        [[ -s err ]] || grep -q FAILED out || fail "exit 1 without a message"
    fi
done
echo "$refused times refused"
expect test $refused -gt 0

# A compiler that is not there is no fault of the model: no other stage is named, so nothing was compared.
rm "bin/$compiler"
PATH=$work/bin expect_exit 1 verify "${small[@]}"
expect_stdout skipped
expect_stderr "nothing was compared"

finish
