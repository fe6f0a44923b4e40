#!/bin/sh
# As gcc and as clang, it stands before them in the PATH of tests under sanitizers: it compiles without optimization, which is
# three times as fast, because there the tool is tested and not what it generates. -Ofast stays, for the tests in which it
# is refused. Uses: the compiler whose name it has. Arguments: those of the compiler.
name=${0##*/}
case " $* " in
    *" -Ofast "*) level= ;;
    *) level=-O0 ;;
esac
IFS=:
for folder in $PATH /usr/local/bin /usr/bin; do
    if [ -x "$folder/$name" ] && ! [ "$folder/$name" -ef "$0" ]; then
        exec "$folder/$name" "$@" $level
    fi
done
echo "$name is not installed" >&2
exit 127
