#!/bin/bash
# The commands of docs/tutorial.md, as written: each block of ```sh, in order, in a folder that looks like the source
# folder after `make`. A block of ```sh demo needs Debian's fortunes, without which the test is skipped, because later
# ones need its results; ```sh web needs the libraries of web/, and is skipped without them; ```sh server is ended when
# it has printed an address. Uses: bash, awk, the tool. Arguments: the root of the sources, the build folder.
set -euo pipefail

root=$(realpath "$1") build=$(realpath "$2")
if [[ ! -e /usr/share/games/fortunes/wisdom || ! -e /usr/share/games/fortunes/literature ]]; then
    echo "skipped: Debian's fortunes are missing (tools/bootstrap demo)" >&2
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/folder" "$work/blocks"
cd "$work/folder"
ln -s "$root/tools" tools
ln -s "$build" build
mkdir web
for file in "$root"/web/*; do
    ln -s "$file" web/
done
awk -v folder="$work/blocks" '
    /^```sh/ { name = sprintf("%s/%02d.%s", folder, ++count, $2 == "" ? "plain" : $2); next }
    /^```/ { name = "" }
    name != "" { print > name }
' "$root/docs/tutorial.md"

serve()
{
    local block=$1 server
    setsid bash "$block" > "$work/address" 2>&1 & # in a group of its own, which ends as a whole
    server=$!
    for _ in $(seq 100); do
        ! grep -qE '^http://127|cannot listen' "$work/address" || break # somebody else may be using the default port
        sleep 0.1
    done
    kill -- "-$server"
    wait "$server" || true
    grep -E '^http://127|cannot listen' "$work/address"
}

blocks=0
for block in "$work"/blocks/*; do
    case $block in
    *.web) [[ -e $root/web/node_modules/onnxruntime-node && -e $build/english.words ]] || continue ;;
    *.server)
        serve "$block"
        continue
        ;;
    esac
    bash -euo pipefail "$block" > "$work/out" 2>&1 < /dev/null || {
        echo "FAILED: this block of docs/tutorial.md:"
        cat "$block" "$work/out"
        exit 1
    }
    blocks=$((blocks + 1))
done
echo "$blocks blocks of commands work"
((blocks >= 5))
