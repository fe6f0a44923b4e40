#!/bin/bash -eu
# Builds the fuzz targets as a service for continuous fuzzing wants them: the programs and their inputs in $OUT, linked to
# the engine of the service, with the shared libraries that they need in $OUT/lib.
# Uses: cmake, ninja, zip. Arguments: names of targets (default: all). From the environment: CC, CXX, CFLAGS, CXXFLAGS,
# LIB_FUZZING_ENGINE, SANITIZER, SRC, OUT, WORK. By hand: `tools/fuzzing/build.sh` without any of these builds with clang
# and libFuzzer into build-service/out.
root=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
if [[ -e $root/../../CMakeLists.txt ]]; then
    root=$(cd "$root/../.." && pwd)
else
    root=$SRC/quillet
fi
: "${OUT:=$root/build-service/out}" "${WORK:=$root/build-service}" "${CC:=clang}" "${CXX:=clang++}"
: "${SANITIZER:=address}" "${LIB_FUZZING_ENGINE:=-fsanitize=fuzzer}"
[[ -n ${CFLAGS-} ]] || CFLAGS="-O1 -g -fsanitize=$SANITIZER,fuzzer-no-link"
export CC CFLAGS
mkdir -p "$OUT/lib"
(($# > 0)) || set -- fuzzers

# Our own flags for sanitizers stay off: the service's CFLAGS have them. For MemorySanitizer, the targets know it.
sanitizers=()
if [[ $SANITIZER == memory ]]; then
    sanitizers=(-D QL_SANITIZERS=memory)
fi
# Engines are C++, so the compiler for C++ links. DT_RPATH, unlike DT_RUNPATH, also leads to what the libraries need.
# shellcheck disable=SC2016 # $ORIGIN is for the loader
cmake -G Ninja -S "$root" -B "$WORK/build" -D CMAKE_BUILD_TYPE=None -D QL_FUZZ=ON \
    -D QL_FUZZ_ENGINE="$LIB_FUZZING_ENGINE" "${sanitizers[@]}" \
    -D CMAKE_C_LINK_EXECUTABLE="$CXX $CFLAGS ${CXXFLAGS-} <LINK_FLAGS> <OBJECTS> -o <TARGET> <LINK_LIBRARIES>" \
    -D CMAKE_EXE_LINKER_FLAGS=-Wl,--disable-new-dtags -D CMAKE_BUILD_RPATH='$ORIGIN/lib' > /dev/null
cmake --build "$WORK/build" --target "$@" -- --quiet

find "$WORK/build" -type f -perm -u+x \( -name 'fuzz_*' -o -name '*_fuzzer' \) | while read -r target; do
    name=$(basename "$target")
    cp "$target" "$OUT/"
    ldd "$target" | awk '$3 ~ "^/" && $3 !~ "/(libc|libm|libpthread|libdl|librt)[.]" { print $3 }' |
        xargs -r cp -L -t "$OUT/lib"
    if [[ -d $root/tests/fuzz/corpus/$name ]]; then
        rm -f "$OUT/${name}_seed_corpus.zip"
        (cd "$root/tests/fuzz/corpus/$name" && zip -q -r "$OUT/${name}_seed_corpus.zip" .)
    fi
done
ls "$OUT"
