#!/bin/bash
# Runs page.test.mjs where there is a browser for it; else says what is missing and is skipped.
# Usage: page_test.sh NODE CHROMIUM SOURCE_DIR; QUILLET is the tool. Screenshots stay in tests/watch_page/.
set -euo pipefail
node=$1 chromium=$2 source=$3

if [[ ! -x $chromium ]]; then
    echo "skipped: chromium is missing (tools/bootstrap browser)"
    exit 77
fi
if [[ ! -e $source/web/node_modules/playwright-core || ! -e $source/web/node_modules/uplot ]]; then
    echo "skipped: the libraries of web/ are missing (tools/bootstrap web)"
    exit 77
fi
mkdir -p watch_page
CHROMIUM=$chromium SCREENSHOTS=$PWD/watch_page exec "$node" --test "$source/tests/dashboard/page.test.mjs"
