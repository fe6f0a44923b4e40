#!/bin/bash
# Builds the page of the frame and runs page.test.mjs on it, where there is a browser; else says what is missing and is
# skipped. Uses: the image of firmware_test.sh. Screenshots stay in frame_page/.
# Arguments: node, Chromium (each may be missing), the root of the sources, the program for the host, the tool.
set -euo pipefail
node=$1 chromium=$2 source=$3 quotes=$4 tool=$5

skip()
{
    echo "skipped: $1" >&2
    exit 77
}
[[ -x $chromium ]] || skip "chromium is missing (tools/bootstrap browser)"
[[ -e $source/web/node_modules/playwright-core && -e $source/web/node_modules/esbuild ]] ||
    skip "the libraries of web/ are missing (tools/bootstrap web)"
[[ -e image.uf2 ]] || skip "there is no image: see firmware_in_the_emulator"
rm -rf frame_page
mkdir frame_page
"$node" "$source/web/frame/build.js" frame_page
cp image.uf2 frame_page/board.uf2
env -u DISPLAY -u WAYLAND_DISPLAY QUILLET_PAGE="$PWD/frame_page/index.html" \
    "$tool" emulate frame_page/board.uf2 --page > frame_page/address
CHROMIUM=$chromium QL_QUOTES=$quotes QL_PAGES=$PWD/frame_page exec "$node" --test "$source/tests/emulator/page.test.mjs"
