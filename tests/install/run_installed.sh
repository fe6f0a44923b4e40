#!/bin/bash
# Installs into a temporary prefix, moves the prefix, hides the source tree and the build folder behind empty folders,
# and runs a script. Where the system permits no mount namespace, nothing is hidden, and a note says so.
# The script gets: an empty folder to work in, $PREFIX, and $PICO_SDK_PATH where there is a Pico SDK.
# Uses: cmake, unshare, grep. Arguments: sources, build folder, script.
set -euo pipefail

sources=$(realpath "$1") build=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/first" > "$work/install.log"
export PREFIX=$work/prefix
mv "$work/first" "$PREFIX"
mkdir "$work/folder"
cp "$3" "$work/script"

# Neither programs nor texts may name the tree that they were built in.
if grep -rlF -e "$sources" -e "$build" "$PREFIX"; then
    echo "FAILED: these installed files name the source tree or the build folder"
    exit 1
fi
find "$work/folder" "$PREFIX" -xtype l | grep . && { echo "FAILED: these links lead nowhere"; exit 1; }

# The SDK that tools/bootstrap unpacked is in the source tree, as is what tools/test compiles it with, and what that knows.
# The SDK keeps its place, by which ccache knows it again.
pico=$sources/third_party/pico
if [[ -z ${PICO_SDK_PATH:-} && -e $pico/pico-sdk ]]; then
    mkdir "$work/pico"
    export PICO_SDK_PATH=$pico/pico-sdk
elif [[ -z ${PICO_SDK_PATH:-} && -e /usr/src/pico-sdk ]]; then
    export PICO_SDK_PATH=/usr/src/pico-sdk
fi
if [[ ${CMAKE_C_COMPILER_LAUNCHER:-} == "$sources"/* ]]; then
    cp "$CMAKE_C_COMPILER_LAUNCHER" "$work/launch"
    export CMAKE_C_COMPILER_LAUNCHER=$work/launch CMAKE_CXX_COMPILER_LAUNCHER=$work/launch
    [[ ! -e $CCACHE_DIR ]] || cp -r "$CCACHE_DIR" "$work/ccache"
    export CCACHE_DIR=$work/ccache
fi
unset QUILLET_DATA QUILLET_SOURCES
export PATH=$PREFIX/bin:$PATH
cd "$work/folder"
export pico work sources build

# shellcheck disable=SC2016
hide='
    [[ ! -d $work/pico ]] || mount --bind "$pico" "$work/pico"
    for tree in "$sources" "$build"; do
        [[ ! -d $tree ]] || mount -t tmpfs none "$tree"
    done
    [[ ! -d $work/pico ]] || { mkdir -p "$pico" && mount --bind "$work/pico" "$pico"; }
    [[ ! -e $sources/CMakeLists.txt && ! -e $build/quillet ]]
'
if unshare --mount --map-root-user bash -c "set -e$hide" 2> "$work/refused"; then
    unshare --mount --map-root-user bash -c "set -e$hide
    exec bash -euo pipefail \"\$work/script\""
else
    echo "note: the source tree is not hidden: $(cat "$work/refused")"
    bash -euo pipefail "$work/script"
fi
