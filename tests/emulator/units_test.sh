#!/bin/sh
# The emulator's own parts: processor, banks, panel, image, clock. Skipped where Node or its libraries are not installed.
# Uses: node. Arguments: the root of the sources, node (which may be missing).
set -eu

if [ -z "${2:-}" ] || [ ! -e "$1/emulator/node_modules/rp2040js" ]; then
    echo "the emulator is not installed: tools/bootstrap pico" >&2
    exit 77
fi
exec "$2" --test "$1/tests/emulator/banks.test.js" "$1/tests/emulator/image.test.js" \
    "$1/tests/emulator/panel_model.test.js" "$1/tests/emulator/processor.test.js" "$1/tests/emulator/second_core.test.js" "$1/tests/emulator/ssi.test.js"
