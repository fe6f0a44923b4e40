#!/bin/bash
# Builds one fuzz target as a service for continuous fuzzing does: with the variables that it sets, a copy of build.sh
# beside the sources, and the program run from $OUT alone, from the inputs that were packed for it.
# Uses: bash, clang, cmake, ninja, zip, unzip. Argument: the root of the sources.
set -eu
for tool in clang clang++ ninja zip unzip readelf; do
    command -v $tool > /dev/null || { echo "$tool is missing: run tools/bootstrap fuzz"; exit 77; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export SRC=$folder/src OUT=$folder/out WORK=$folder/work CC=clang CXX=clang++ SANITIZER=address
CFLAGS="-O1 -fno-omit-frame-pointer -gline-tables-only -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION"
CFLAGS+=" -fsanitize=address -fsanitize-address-use-after-scope -fsanitize=fuzzer-no-link"
export CFLAGS CXXFLAGS=$CFLAGS LIB_FUZZING_ENGINE=-fsanitize=fuzzer
mkdir -p "$SRC" "$OUT" "$WORK"
ln -s "$1" "$SRC/quillet"
cp "$1/tools/fuzzing/build.sh" "$SRC/"
bash -eu "$SRC/build.sh" fuzz_command_line

rm -rf "$WORK"
unzip -q "$OUT/fuzz_command_line_seed_corpus.zip" -d "$folder/inputs"
[[ -n $(ls "$folder/inputs") ]]
# shellcheck disable=SC2016 # $ORIGIN is for the loader
readelf -d "$OUT/fuzz_command_line" | grep -q '(RPATH).*\[$ORIGIN/lib' || { echo "the program does not look in lib/"; exit 1; }
! ldd "$OUT/fuzz_command_line" | grep 'not found' || exit 1
ldd "$OUT/fuzz_command_line" | grep -q "=> $OUT/lib/" || { echo "no library is taken from lib/"; exit 1; }
"$OUT/fuzz_command_line" -runs=2000 "$folder/inputs" > "$folder/log" 2>&1 || { tail "$folder/log"; exit 1; }
grep -q 'DONE' "$folder/log"
