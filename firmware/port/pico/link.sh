#!/bin/sh
# Links the firmware, prints where its weights are and what takes its memory, and says clearly when it does not fit.
# matrices.txt has a line "MODEL TYPE ROWS COLUMNS BYTES" for each matrix that weight_source.c may have in RAM, models.txt
# one for each model (memory_report.awk). Uses: awk.
# Arguments: the image to come, the map that the linker writes, the bytes of flash, RAM and stack; how weights that have no
# room in RAM come (2: DMA from the flash's interface, 1: its stream, 0: its cache, -1: likewise, on a chip whose speed is not
# known), the bytes of the buffers for that, and how many processors multiply; then the linker's command. An image of an
# earlier build does not outlive a failure. In the C locale, because messages and headings of the map are read.
export LC_ALL=C
image=$1 map=$2 flash=$3 ram=$4 stack=$5 stream=$6 buffers=$7 cores=$8
shift 8
messages=$map.messages
here=$(dirname "$0")
rm -f "$image" "$map"

"$@" 2> "$messages"
linked=$?

# Where there is no room, the reports below say so better than the linker.
fits=0
weights=0
if [ -e "$map" ]; then
    if [ -s matrices.txt ]; then
        awk -v stream="$stream" -v buffers="$buffers" -v cores="$cores" -f "$here/weight_report.awk" "$map" matrices.txt || fits=1
        weights=$(cat weight_bytes.txt)
    fi
    awk -v name="$(basename "$image")" -v flash="$flash" -v ram="$ram" -v stack="$stack" -v weights="$weights" \
        -f "$here/memory_report.awk" "$map" || fits=1
fi
if [ $linked -ne 0 ] && [ $fits -ne 0 ]; then
    grep -v 'overflowed by\|will not fit in region\|ld returned 1 exit status' "$messages" >&2
else
    cat "$messages" >&2
fi
rm -f "$messages"
[ $linked -eq 0 ] && [ $fits -eq 0 ]
