#!/bin/sh
# Every check of UndefinedBehaviorSanitizer ends the program and prints the file and the line.
# Uses: grep. Arguments: the program, its source.
set -u

failed=0
for fault in overflow shift division bounds null alignment; do
    line=$(grep -n "// $fault\$" "$2" | cut -d: -f1)
    printed=$("$1" $fault 2>&1)
    code=$?
    if [ $code -eq 0 ] || ! echo "$printed" | grep -q "undefined_behavior\.c:$line\b"; then
        echo "$fault ends with $code, and does not name line $line: $printed"
        failed=1
    fi
done
exit $failed
