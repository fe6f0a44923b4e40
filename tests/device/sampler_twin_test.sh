#!/bin/sh
# The C sampler and its twin in JavaScript on some thousand seeded cases, and the committed vectors against both.
# Uses: node, cmp. Arguments: the root of the sources, node, the program sampler_vectors.
set -eu

root=$1
node=$2
vectors=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$vectors" 60 1 > "$work/golden.json"
if ! cmp "$work/golden.json" "$root/tests/golden/sampler_vectors.json"; then
    echo "the C sampler no longer writes tests/golden/sampler_vectors.json; docs/sampling.md says how to make it" >&2
    exit 1
fi
"$vectors" 5000 2 > "$work/more.json"
QL_SAMPLER_VECTORS=$work/more.json "$node" --test "$root/web/sampler.test.js"
