# Says how many of each model's weights weight_source.c keeps in RAM in the model's turn, by the same rule, and about how
# many characters or pieces a second follow. Reads the linker's map, for the RAM that is left, matrices.txt and models.txt;
# writes weight_bytes.txt, the RAM that weights and buffers take. Uses: any POSIX awk. Variables: stream, buffers, cores (see
# link.sh).
# The exit status is 1 when there is no room for the buffers.

# A hexadecimal number, "0x" in front.
function number(text, value, i)
{
    value = 0
    for (i = 3; i <= length(text); i++) {
        value = 16 * value + index("0123456789abcdef", tolower(substr(text, i, 1))) - 1
    }
    return value
}

# The cycles of a token, as docs/device.md derives them; for a decoder, models.txt has those beside the products.
function cycles_of(model, room, all, k, blocks, kept, work, flow, sum, seen)
{
    seen = 0
    sum = model in other ? other[model] : 40000
    for (k = 1; k <= count; k++) {
        if (name[k] != model) {
            continue
        }
        blocks = int((rows[k] + 11) / 12)
        seen += bytes[k]
        kept = room >= all ? blocks : int((int(seen / 4 * int(room / 4) / (all / 4)) - placed[model] / 4) / \
            (bytes[k] / blocks / 4))
        kept = kept < blocks ? kept : blocks
        placed[model] += kept * bytes[k] / blocks
        work = blocks * (int((columns[k] + 1) / 2) * (type[k] == "s4" ? 45 : 41) + 400) / cores + 12 * columns[k] + 500
        flow = (blocks - kept) * (bytes[k] / blocks / 4 * rate + 80)
        sum += stream > 0 ? (work > flow ? work : flow) : work + flow
        sum += model in other ? 0 : 60 * rows[k] / cores
    }
    return sum
}

BEGIN {
    while ((getline line < "models.txt") > 0) {
        split(line, fields, " ")
        token[fields[1]] = fields[2]
        if (fields[5] > 0) {
            other[fields[1]] = fields[3]
        }
    }
}

FNR == NR && $2 == "__end__" && $3 == "=" {
    end = number($1)
}

FNR == NR && $2 ~ /^rows_end_/ && $3 == "=" {
    rows_end[substr($2, 10)] = number($1)
}

FNR == NR && $2 == "__HeapLimit" && $3 == "=" {
    limit = number($1)
}

FNR == NR {
    next
}

{
    count++
    name[count] = $1
    type[count] = $2
    rows[count] = $3
    columns[count] = $4
    bytes[count] = $5
    if (!($1 in total)) {
        order[++models] = $1
    }
    total[$1] += $5
}

END {
    frame = 15000 # of 400 x 300 pixels, in place of weights when the texts are whole
    rate = stream == 2 ? 16 : stream == 1 ? 40 : 50
    largest = frame
    for (m = 1; m <= models; m++) {
        model = order[m]
        free = limit - rows_end[model]
        room = total[model] > free ? free - buffers : free
        if (free - (total[model] > free - frame ? buffers : 0) < frame) { # a self-test has its state in the frame
            print "the stream of " model " and the picture need " buffers + frame " bytes of RAM, and " free " are left. " \
                "Take a smaller model."
            status = 1
            room = 0
        }
        cycles = cycles_of(model, room, total[model])
        rest = placed[model] == total[model] ? "" : stream > 0 ? ", the others stream from the flash" : \
            ", the others are read from the flash through its cache"
        speed = stream < 0 ? "" : sprintf("; about %d %ss a second at 125 MHz", 125e6 / cycles, token[model])
        printf "%s: %d of %d bytes of weights are in RAM in its turn%s%s\n", model, placed[model], total[model], rest, speed
        taken = rows_end[model] - end + placed[model] + (total[model] > free ? buffers : 0)
        largest = taken > largest ? taken : largest
    }
    print largest > "weight_bytes.txt"
    exit status
}
