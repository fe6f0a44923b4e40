#!/bin/bash
# `quillet monitor`, on a pseudo-terminal in place of a board.
# Uses: expect.sh, socat. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
command -v socat > /dev/null || exit 77
source "$(dirname "$0")/expect.sh"

# A board: greets, then answers every line. `board` is its port, which disappears with it.
cat > firmware.sh <<'END'
printf '= seed %s\r\nsteers \302\2332J\342\200\256 \2332J \303\244 \342\200' "$1"
sleep 0.1
printf '\246\r\nunfinished \033[2Jline' "$1"
while read -r line; do
    printf '\r\ngot %s\r\n' "$line"
done
END
plug()
{
    socat "PTY,link=$work/board,raw,echo=0,wait-slave" "EXEC:bash firmware.sh $1" 2> /dev/null &
    board=$!
    wait_for test -e board
}

unplug()
{
    kill "$board"
    wait "$board" 2> /dev/null
    rm -f board
}

# wait_for COMMAND...: until it succeeds, ten seconds at most.
wait_for()
{
    local i
    for ((i = 0; i < 200; i++)); do
        "$@" 2> /dev/null && return
        sleep 0.05
    done
    fail "never became true: $*"
}

# start_monitor ARGUMENT...: its stdin is descriptor 3.
start_monitor()
{
    command="monitor $*"
    rm -f input
    mkfifo input
    "$tool" monitor "$@" < input > out 2> err &
    monitor=$!
    exec 3> input
}

# end_monitor SIGNAL: Ctrl-C is INT. It must end at once, with success.
end_monitor()
{
    kill "-$1" "$monitor"
    wait "$monitor"
    code=$?
    exec 3>&-
    ((code == 0)) || fail "exit $code after SIG$1"
}

# Both directions, a log with time stamps, a reset in between.
plug 5
start_monitor --port "$work/board" --log log
wait_for grep -q 'unfinished' out
echo next >&3
wait_for grep -qx 'got next' out
unplug
wait_for grep -q 'connection is lost' err
wait_for grep -q 'waiting for' err
plug 6
wait_for grep -qx '= seed 6' out
echo "seed 7" >&3
wait_for grep -qx 'got seed 7' out
end_monitor INT
expect grep -qx '= seed 5' out
expect grep -qx "steers \\\\u009b2J\\\\u202e \\\\x9b2J $(printf '\303\244 \342\200\246')" out
expect test "$(grep -v '^steers' out | tr -d '\n\t -~' | wc -c)" -eq 0
expect test "$(grep -c '^(connected to ' err)" -eq 2
time='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}[+-][0-9]{4}'
expect test "$(grep -cvE "^$time( # |   | > )" log)" -eq 0
expect grep -qE "^$time   = seed 5$" log
expect grep -qE "^$time > seed 7$" log
expect grep -qE "^$time # connected to $work/board$" log
unplug

# The log grows; SIGTERM also ends with success; the end of the input does not end it.
lines=$(wc -l < log)
plug 8
command="monitor --quiet"
"$tool" monitor --port "$work/board" --log log --quiet > out 2> err < /dev/null &
monitor=$!
wait_for grep -qx '= seed 8' out
end_monitor TERM
expect test ! -s err
expect test "$(wc -l < log)" -gt "$lines"
unplug

# Without a board it waits, and can be ended.
start_monitor
wait_for test -s err
end_monitor INT

# A name on the command line is shown like any other.
ln -s "$work/board" $'b\033[31m'
plug 9
start_monitor --port $'b\033[31m'
wait_for grep -qF 'connected to b\x1b[31m' err
end_monitor INT
unplug

# Errors that waiting would not help.
expect_exit 1 monitor --port no-such-port
expect_stderr "no-such-port: there is no such port"
echo text > file
expect_exit 1 monitor --port file
expect_stderr "file: not a serial port"
expect test "$(cat file)" = text
expect_exit 1 monitor --port .
expect_stderr "not a serial port"
expect_exit 1 monitor --port /dev/null
expect_stderr "not a serial port"
expect_exit 1 monitor --log no-such-folder/log
expect_stderr "cannot open the log"
expect_exit 2 monitor --port
expect_exit 2 monitor port
finish
