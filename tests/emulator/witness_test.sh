#!/bin/bash
# An independent witness: the image without stream and second processor, in rp2040js as it is published, writes the text of the
# program for the host. Skipped where rp2040js is not installed, or where there is no image.
# Uses: node, image-off.uf2 of firmware_test.sh. Arguments: the root of the sources, node (which may be missing), the program
# for the host with the models in integers.
set -euo pipefail

root=$1 node=$2 quotes=$3
seed=5

if [[ -z $node || ! -e $root/emulator/node_modules/rp2040js ]]; then
    echo "rp2040js is not installed: tools/bootstrap pico" >&2
    exit 77
fi
if [[ ! -e image-off.uf2 ]]; then
    echo "there is no image: see firmware_in_the_emulator" >&2
    exit 77
fi

# The texts of a page of the seed, and how many symbols each of them has.
texts()
{
    tr -d '\r' | awk -v seed="= seed $seed" '$0 == seed { on = 1 } on && /^= mark end/ { print line; print $4 } { line = $0 }'
}

"$node" "$root/tests/emulator/witness.mjs" image-off.uf2 $seed | texts > witness.txt
"$quotes" --console --best 1 --seed $seed --count 1 < /dev/null | texts > witness_host.txt
cat witness.txt
(($(wc -l < witness.txt) == 4))
cmp witness.txt witness_host.txt
