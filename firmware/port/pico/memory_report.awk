# Reads the linker's map of the firmware and models.txt, and prints what takes the flash and the RAM, against what there
# is, and what would make a model fit that does not.
# Uses: any POSIX awk. Variables: name, of the image; flash, ram, the bytes of the chip; stack, those kept for it; weights,
# those of RAM that weights take besides what the map has. The exit status is 1 when something does not fit. The map is
# there, and says this, even when the linker has given up because the region was full.

# A hexadecimal number, "0x" in front.
function number(text, value, i)
{
    value = 0
    for (i = 3; i <= length(text); i++) {
        value = 16 * value + index("0123456789abcdef", tolower(substr(text, i, 1))) - 1
    }
    return value
}

# What an input section is for. Only constants tell models and fonts from other code.
function kind_of(section, file)
{
    if (section ~ /^\.(weights|rows)/ || (section ~ /^\.rodata/ && file ~ /quotes_models\.c\.o$/)) {
        return "weights"
    }
    if (section ~ /^\.rodata/ && file ~ /fonts?[a-z_]*\.c\.o$/) {
        return "fonts"
    }
    return section ~ /^\.(bss|data|tbss|tdata|COMMON|uninitialized|ram_vector|mutex_array|heap)/ ? "state" : "code"
}

# Output sections whose bytes lie in the flash and are copied into RAM at the start: code in RAM, initialized state.
function add(section, file, address, bytes, kind)
{
    kind = kind_of(section, file)
    if (output ~ /^\.rows_/) { # those of one model at a time, which are among `weights`
        flash_bytes[kind] += bytes
    } else if (address >= 268435456 && address < 285212672) {
        flash_bytes[kind] += bytes
    } else if (address >= 536870912 && address < 537919488 && output !~ /^\.stack1?_dummy/ && output != ".heap") {
        ram_bytes[kind] += bytes
        if (output == ".data" || output ~ /^\.scratch/) {
            flash_bytes[kind == "state" ? "code" : kind] += bytes
        }
    }
}

function commas(value, text)
{
    text = sprintf("%d", value)
    while (match(text, /[0-9][0-9][0-9][0-9]($|,)/)) {
        text = substr(text, 1, RSTART) "," substr(text, RSTART + 1)
    }
    return text
}

function row(what, code, weights, fonts, state, cache, reserved, limit, used)
{
    used = code + weights + fonts + state + cache + reserved
    printf form, what, commas(code), commas(weights), commas(fonts), commas(state), commas(cache), commas(reserved),
        commas(used), commas(limit - used), commas(limit)
    return used
}

# What else helps than smaller models. The widest cache is the first to be made shorter.
function flash_advice(bytes)
{
    if (floats != "") {
        return " Each weight of a float model takes 4 bytes; QUOTES_QUANTIZE=int8 takes 1."
    }
    if (halves == 0) {
        return ""
    }
    return " QUOTES_QUANTIZE=int4 takes " commas(halves) " bytes less" (halves >= bytes ? ": it fits." : ".")
}

function ram_advice(bytes, shorter)
{
    if (widest == "") {
        return ""
    }
    shorter = context[widest] - int((bytes * context[widest] + cache[widest] - 1) / cache[widest])
    return " The keys and values of " widest " take " commas(cache[widest]) " bytes: " (shorter < 1 ? \
        "with fewer --num-kv-heads or a shorter --context-length they take less." : \
        "a --context-length of at most " shorter " in place of " context[widest] " fits, or fewer --num-kv-heads.")
}

# A line is "MODEL TOKEN OTHER_CYCLES WEIGHTS CACHE_BYTES CONTEXT BYTES_THAT_INT4_SPARES".
BEGIN {
    while ((getline line < "models.txt") > 0) {
        split(line, fields, " ")
        floats = floats (fields[4] == "float" ? fields[1] : "")
        cache[fields[1]] = fields[5]
        context[fields[1]] = fields[6]
        caches += fields[5]
        halves += fields[7]
        widest = fields[5] > cache[widest] + 0 ? fields[1] : widest
    }
}

/^Linker script and memory map/ {
    reading = 1
}

!reading {
    next
}

# An output section stands at the beginning of a line, an input section behind one space; where its name is long, the
# numbers are on the next line.
/^\.[^ ]/ {
    output = $1
    next
}

/^ [.C][^ ]*$/ {
    section = $1
    next
}

/^ [.C][^ ]* +0x[0-9a-f]+ +0x[0-9a-f]+ [^ ]/ {
    add($1, $NF, number($2), number($3))
    section = ""
    next
}

# Gaps.
/^ \*fill\* +0x/ {
    add(output == ".bss" ? output : ".text", "", number($2), number($3))
    next
}

/^ +0x[0-9a-f]+ +0x[0-9a-f]+ [^ ]/ {
    if (section != "") {
        add(section, $NF, number($1), number($2))
    }
    section = ""
    next
}

{
    section = ""
}

END {
    form = "%-20s %9s %9s %9s %9s %9s %9s %9s %9s %9s\n"
    printf form, name, "code", "weights", "fonts", "state", "cache", "stack", "all", "free", "of"
    flash_used = row("  bytes of flash", flash_bytes["code"], flash_bytes["weights"], flash_bytes["fonts"], 0, 0, 0, flash)
    ram_used = row("  bytes of RAM", ram_bytes["code"], ram_bytes["weights"] + weights, ram_bytes["fonts"],
        ram_bytes["state"] - caches, caches, stack, ram)
    if (flash_used > flash) {
        print name " does not fit into the flash: " commas(flash_used - flash) " bytes too many. Take smaller models." \
            flash_advice(flash_used - flash)
        status = 1
    }
    if (ram_used > ram) {
        print name " does not fit into the RAM: " commas(ram_used - ram) " bytes too many. Take smaller models." \
            ram_advice(ram_used - ram)
        status = 1
    }
    exit status
}
