#!/bin/sh
# Links the firmware, prints where the weights are and what takes its memory, and says clearly when it does not fit.
# Uses: awk. Arguments: the image to come, the map that the linker writes, the bytes of flash, RAM and stack, then the
# linker's command. An image of an earlier build does not outlive a failure.
image=$1 map=$2 flash=$3 ram=$4 stack=$5
shift 5
messages=$map.messages
rm -f "$image" "$map"
"$@" 2> "$messages"
linked=$?

# Where there is no room, the report below says so better than the linker.
fits=0
if [ -e "$map" ]; then
    cat places.txt
    awk -v name="$(basename "$image")" -v flash="$flash" -v ram="$ram" -v stack="$stack" \
        -f "$(dirname "$0")/memory_report.awk" "$map" || fits=1
fi
if [ $linked -ne 0 ] && [ $fits -ne 0 ]; then
    grep -v 'overflowed by\|will not fit in region\|ld returned 1 exit status' "$messages" >&2
else
    cat "$messages" >&2
fi
rm -f "$messages"
[ $linked -eq 0 ] && [ $fits -eq 0 ]
