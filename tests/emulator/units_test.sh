#!/bin/sh
# The emulator's own parts: processor, banks, panel, image, clock, console. Skipped where Node or its libraries are not installed.
# Uses: node. Arguments: the root of the sources, node (which may be missing).
set -eu

if [ -z "${2:-}" ] || [ ! -e "$1/emulator/node_modules/rp2040js" ]; then
    echo "the emulator is not installed: tools/bootstrap pico" >&2
    exit 77
fi
cd "$1/tests/emulator"
exec "$2" --test banks.test.js clock.test.js console.test.js image.test.js panel_model.test.js processor.test.js \
    second_core.test.js ssi.test.js
