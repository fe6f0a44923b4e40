#!/bin/bash
# `quillet emulate` on the command line: options, exit codes, pictures, the console as a pipe and as a terminal.
# Uses: the image of firmware_test.sh, without which it is skipped; socat for the terminal. Argument: the tool.
set -uo pipefail

tool=$1
if [[ ! -e image.uf2 ]]; then
    echo "there is no image: see firmware_in_the_emulator" >&2
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# run CODE ARGUMENT...: runs the command, without input, and checks its exit code.
run()
{
    local expected=$1 code
    shift
    "$tool" emulate "$@" > "$work/out" 2> "$work/err" < /dev/null
    code=$?
    check "exit $code of: emulate $*" test $code -eq "$expected"
}

check()
{
    local what=$1
    shift
    "$@" > /dev/null || {
        echo "FAILED: $what: $*" >&2
        cat "$work/out" "$work/err" >&2
        failures=$((failures + 1))
    }
}

"$tool" emulate --help > /dev/full 2> "$work/err"
check "exit of a help that cannot be written" test $? -eq 1
check "the reason is given" grep -q "cannot write the output: .*no space left" "$work/err"
run 2
check "no image" grep -q "the image is missing" "$work/err"
run 2 image.uf2 other.uf2
run 2 image.uf2 --panel eink
check "panels are listed" grep -q "ssd1683, uc8176, none" "$work/err"
run 2 image.uf2 --pages 0
run 2 image.uf2 --panel none --pages 1
check "pages are of a panel" grep -q "needs a panel" "$work/err"
run 2 image.uf2 --panel none --fault busy:1
check "busy is a panel's" grep -q "needs a panel" "$work/err"
run 2 image.uf2 --seconds ""
run 2 image.uf2 --speed 3
run 1 "$work/absent.uf2"
check "the file is named, and the reason" grep -q "absent.uf2: no such file or directory\$" "$work/err"
for place in /dev/zero "$work"; do
    run 1 "$place"
    check "no regular file" grep -q "$place: it is not a regular file" "$work/err"
done
mkfifo "$work/pipe.uf2"
run 1 "$work/pipe.uf2"
run 1 "$0"
check "no image" grep -q "UF2" "$work/err"
run 1 image.uf2 --elf "$0"
run 1 image.uf2 --elf image/quotes.elf --fault fire
run 1 image.uf2 --elf image/quotes.elf --flip nothing
head -c 5000 image.uf2 > "$work/cut.uf2"
run 1 "$work/cut.uf2"
check "cut short" grep -q "whole UF2 blocks" "$work/err"

# The page: its address, with an image a file of its own; here without a screen.
unset DISPLAY WAYLAND_DISPLAY
echo '<script src="image.js"></script>' > "$work/index.html"
export QUILLET_PAGE=$work/index.html
run 0 --page
check "the address" grep -qx "file://.*/index.html" "$work/out"
cp image.uf2 "$work/board.uf2"
run 0 "$work/board.uf2" --page
check "the address of the file" grep -qx "file://.*/board.html" "$work/out"
check "the image is inside" grep -q 'globalThis.quilletImage = {"name":"board.uf2"' "$work/board.html"
run 1 "$0" --page
check "no image for the page" grep -q "UF2" "$work/err"
run 1 "$work/absent.uf2" --page
mkdir "$work/taken.html"
cp image.uf2 "$work/taken.uf2"
run 1 "$work/taken.uf2" --page
check "the page's name is a folder's" grep -q "^quillet emulate: cannot write .*taken.html: " "$work/err"
QUILLET_PAGE=$work/absent.html run 1 --page
check "no page" grep -q "the page is not there" "$work/err"

# A picture replaces nothing that is read; it keeps the mode, and a link stays one.
cp image.uf2 "$work/a.uf2"
cp image/quotes.elf "$work/b.elf"
ln "$work/a.uf2" "$work/a-2.png"
for name in a.uf2 b.elf a-2.png; do
    run 2 "$work/a.uf2" --elf "$work/b.elf" --png "$work/$name" --pages 1 --seconds 60
    check "an input" grep -q "is also an input" "$work/err"
done
check "the image stays" cmp image.uf2 "$work/a.uf2"
check "the symbols stay" cmp image/quotes.elf "$work/b.elf"
# Where it cannot be written is said before the run begins.
for name in absent/page.png taken.html board.uf2/page.png; do
    run 1 image.uf2 --png "$work/$name" --pages 1
    check "the picture has no place" grep -q "^quillet emulate: cannot write .*$name: " "$work/err"
    check "the run did not begin" test ! -s "$work/out"
done
: > "$work/picture"
chmod 600 "$work/picture"
ln -s picture "$work/link.png"

# A page, its picture, its console; the second run is the same to the byte, and ends by itself when the input has ended.
run 0 image.uf2 --pages 2 --send "seed 5" --send next --png "$work/page.png" --seconds 60
run 0 image.uf2 --pages 1 --png "$work/link.png" --seconds 60
check "the link stays" test -L "$work/link.png"
check "the mode stays" test "$(stat -c %a "$work/picture")" = 600
check "the picture" test -s "$work/picture"
run 0 image.uf2 --elf image/quotes.elf --send "seed 5" --until "= page done" --png "$work/page.png" --profile --banks
check "both processors wait for banks" grep -q "(waiting for banks of RAM: [1-9][0-9]* cycles; [1-9]" "$work/err"
check "console" grep -q "^= seed 5" "$work/out"
check "picture" test -s "$work/page.png"
cp "$work/out" "$work/first"
run 0 image/quotes.elf --send "seed 5" --until "= page done" --banks
check "the same again" cmp "$work/first" "$work/out"
printf 'stats\nbootsel\n' | "$tool" emulate image.uf2 > "$work/out" 2> "$work/err"
check "boot loader" grep -q "entered the boot loader" "$work/err"
check "input" grep -q "^= stats us_per_char" "$work/out"

# With the other controller's panel BUSY means the opposite: the firmware says so, and goes on.
run 0 image.uf2 --elf image/quotes.elf --panel uc8176 --until "= error panel busy timeout"
check "the other controller" grep -q "^= error panel busy timeout" "$work/out"

# Without a panel, too: the pin stays at the level of an SSD1683 that is ready.
run 0 image.uf2 --elf image/quotes.elf --panel none --until "= wait"
check "no panel" grep -q "^= error panel busy timeout" "$work/out"

# The watchers of a real board watch this one.
if command -v socat > /dev/null; then
    "$tool" emulate image.uf2 --pty "$work/port" --realtime --quiet --seconds 30 2> "$work/err" &
    emulator=$!
    for _ in $(seq 100); do
        [[ -e $work/port ]] && break
        sleep 0.1
    done
    { printf 'stats\n'; sleep 4; } | timeout 20 "$tool" monitor --port "$work/port" > "$work/out" 2>> "$work/err"
    check "monitor" grep -q "^= stats us_per_char" "$work/out"
    kill $emulator
    wait $emulator 2> /dev/null
fi

((failures == 0))
