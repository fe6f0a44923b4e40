#!/bin/sh
# Places the weights, links the firmware, prints where they are and what takes its memory, and says clearly when it does
# not fit. The room in RAM is measured with a link without weights; then the models of weights.txt, "BYTES NAME" a line,
# get it, the smallest first. Uses: awk, sort. Arguments: the image to come, the map that the linker writes, the bytes of
# flash, RAM and stack; those of the RAM in which weights may be, or 0, and of the stream's buffers, or 0, which are needed
# where weights stay in the flash; then the linker's command. An image of an earlier build does not outlive a failure.
image=$1 map=$2 flash=$3 ram=$4 stack=$5 main_ram=$6 stream=$7
shift 7
messages=$map.messages
rm -f "$image" "$map" places.txt

# place ROOM BUFFERS: writes what the memory map includes, and places.txt, for so many bytes of weights in RAM.
place()
{
    sort -n weights.txt | awk -v room="$1" -v buffers="$2" -v placed="$main_ram" -v streams="$stream" '
        BEGIN {
            printf "" > "ram_weights.ld"
            printf "" > "flash_weights.ld"
            printf "" > "places.txt"
            printf ". = ALIGN(4);\nquotes_stream_buffers = .;\n. += %d;\n", buffers > "stream_buffers.ld"
        }
        {
            fits = $1 <= room
            print "*(.weights." $2 ")" > (fits ? "ram_weights.ld" : "flash_weights.ld")
            if (!placed) {
                print $2 ": the weights are read from the flash" > "places.txt"
            } else if (fits) {
                print $2 ": the weights are copied to RAM, where " room " bytes are left for their " $1 > "places.txt"
            } else {
                print $2 ": the weights " (streams ? "stream from the flash" : "are read from the flash through its " \
                    "cache") ", because RAM has " room " bytes left for their " $1 > "places.txt"
            }
            room -= fits ? $1 : 0
        }'
}

place 0 0
if [ "$main_ram" -gt 0 ] && [ -s weights.txt ]; then
    "$@" > "$messages" 2>&1 # what it has to say, the link with weights says again
    # 64 bytes may go to alignment.
    room=$(awk -v ram="$main_ram" '
        function number(text, value, i) {
            for (i = 3; i <= length(text); i++) {
                value = 16 * value + index("0123456789abcdef", tolower(substr(text, i, 1))) - 1
            }
            return value
        }
        $2 == "__end__" && $3 == "=" { room = 536870912 + ram - number($1) - 64 }
        END { print (room > 0 ? room : 0) }' "$map")
    all=$(awk '{ bytes += $1 } END { print bytes }' weights.txt)
    if [ "$all" -le "$room" ]; then
        place "$room" 0
    else
        room=$((room > stream ? room - stream : 0))
        place "$room" "$stream"
    fi
    rm -f "$map"
fi
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
