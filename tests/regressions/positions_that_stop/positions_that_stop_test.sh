#!/bin/bash
# A decoder's position that stops after some tokens, or starts over, passed for a counter, because 16 tokens were tried. The
# ring that replaced the cache then gave another model from that token on. So it did
# for a mask that hides entries again at a later position. The integer form of a decoder was compared with the graph over
# 512 tokens at most, and with the cache emptied at each symbol that resets it, so that positions or windows that stop
# short of the context were not seen.
# Guards: a counter adds one by what the graph computes, for texts of any length; other states are run as the graph says;
# a cache becomes a ring only if its mask never hides it again; an integer form has positions without end, and the whole
# context.
# Uses: expect.sh. Arguments: the tool, json_get, graph_file.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

# norm X Y GAIN: the lines of a norm.
norm()
{
    cat << END
Mul $1 $1 -> $2.squares
ReduceMean $2.squares -> $2.mean axes=[-1]
Add $2.mean epsilon -> $2.shifted
Sqrt $2.shifted -> $2.root
Div $1 $2.root -> $2.unit
Mul $2.unit $3 -> $2
END
}

# turn X Y: rotates a head, (1, 4), by the angles.
turn()
{
    cat << END
Split $1 -> $2.a $2.b axis=1
Mul $2.a cosine -> $2.ac
Mul $2.b sine -> $2.bs
Mul $2.b cosine -> $2.bc
Mul $2.a sine -> $2.as
Sub $2.ac $2.bs -> $2.first
Add $2.bc $2.as -> $2.second
Concat $2.first $2.second -> $2 axis=1
END
}

# model NAME CONTEXT KIND [WINDOW]: a decoder of one layer with one head of 4 numbers, as `quillet export` writes it. Lines on
# stdin compute `next` (the position's new state), `where` (the position of the angles), and `age` (that of the mask) from
# `position`. A token sees the last WINDOW entries.
model()
{
    local name=$1 context=$2 kind=${3:+, \"$3\"} window=${4:-$2}
    {
        cat << END
opset 13
input tokens int64 1
input keys float 1 $context 4
input values float 1 $context 4
input position int64 1
const E float 5 4
const query float 4 4
const key float 4 4
const value float 4 4
const attended float 4 4
const gate float 4 3
const up float 4 3
const down float 3 4
const output float 4 5
const gain1 float 4 = 1 2 1.5 0.5
const gain2 float 4 = 2 1 0.5 1.5
const gain3 float 4 = 3 3 4 3
const epsilon float = 1e-5
const scale float = 0.5
const hidden float = -1e9
const zero int64 = 0
const one int64 = 1
const axis int64 1 = 0
const context int64 = $context
const joined int64 = $((context + 1))
const oldest int64 = $((context - window))
const last int64 1 = -$context
const end int64 1 = 2147483647
const minus int64 = -1
const last_shape int64 1 = 1
const step int64 1 = 2
const float_one float = 1
const limit int64 1 = ${limit:-0}
const turn int64 = 4294967296
const half int64 = 2147483648
const steps int64 2 = 683565276 6835653
const unit float = 1.46291808e-9
END
        cat
        cat << END
Div where turn -> turns
Mul turns turn -> whole
Sub where whole -> low
Mul low steps -> all
Add all half -> later
Div later turn -> later_turns
Mul later_turns turn -> later_whole
Sub later later_whole -> part
Sub part half -> rest
Cast rest -> rest_float to=1
Mul rest_float unit -> angle
Cos angle -> cosine
Sin angle -> sine
Range zero joined one -> entry
Greater entry oldest -> begun
Sub context age -> unwritten
GreaterOrEqual entry unwritten -> written
And begun written -> mask
Gather E tokens -> x
END
        norm x n gain1
        echo "MatMul n query -> q0"
        echo "MatMul n key -> k0"
        turn q0 q
        turn k0 k
        cat << END
MatMul n value -> v
Squeeze keys axis -> keys_before
Squeeze values axis -> values_before
Concat keys_before k -> keys_joined axis=0
Concat values_before v -> values_joined axis=0
Slice keys_joined last end axis -> keys_last
Slice values_joined last end axis -> values_last
Unsqueeze keys_last axis -> keys_after
Concat keys_after -> new_keys axis=0
Unsqueeze values_last axis -> values_after
Concat values_after -> new_values axis=0
Transpose keys_joined -> keys_columns perm=[1,0]
MatMul q keys_columns -> products
Mul products scale -> scores
Where mask scores hidden -> seen
Softmax seen -> weights axis=-1
MatMul weights values_joined -> mixed
MatMul mixed attended -> a
Add x a -> y
END
        norm y m gain2
        cat << END
MatMul m gate -> g
MatMul m up -> u
Sigmoid g -> s
Mul g s -> gs
Mul gs u -> gated
MatMul gated down -> d
Add y d -> z
END
        norm z last_norm gain3
        cat << END
MatMul last_norm output -> logits
output logits float 1 5
output new_keys float 1 $context 4
output new_values float 1 $context 4
output next int64 1
END
    } | "$graph_file" "$name.onnx" || fail "graph_file: $name"
    cat > "$name.json" << END
{"filename": "$name.onnx", "vocabulary": "\nabcd", "tokens": "tokens", "logits": "logits", "states":
 [["keys", "new_keys", "append"], ["values", "new_values", "append"], ["position", "next"$kind]]}
END
}

# counter CONTEXT LINE...: lines for a counter's new state; angles and mask are those of the position as it is.
counter()
{
    printf '%s\n' "${@:2}" "Identity position -> where" "Identity position -> age" | model counter "$1" "$kind"
}

# rings NAME: the rings in the model's C, the function included.
rings()
{
    expect_exit 0 compile --model "$1.json" --name m
    grep -c 'ql_ring_attention_f32(' out
}

# --- Counters ---

# Whatever the spelling of plus one, it counts.
kind=counter
for lines in "Add position one -> next" \
    "Sub position minus -> next" \
    "Shape tokens -> length;Add length position -> next" \
    "Add position one -> plus;Reshape plus last_shape -> shaped;Identity shaped -> next" \
    "Gather position axis -> taken;Cast taken -> cast to=7;Add cast one -> next" \
    "Max position axis -> positive;Add positive one -> next"; do
    counter 6 "${lines//;/$'\n'}"
    [[ $(rings counter) == 2 ]] || fail "a counter is not seen: $lines"
done

# Beyond all trials it stops, starts over, or loses its last bits.
limit=5000
for lines in "Add position one -> plus;Min plus limit -> next" \
    "Add position one -> plus;Mod plus limit -> next" \
    "Less position limit -> below;Add position one -> plus;Where below plus position -> next" \
    "Cast position -> float to=1;Add float float_one -> plus;Cast plus -> next to=7"; do
    counter 6 "${lines//;/$'\n'}"
    for command in "evaluate --length 10" "compile --name m" "verify --quiet" "generate --count 1"; do
        # shellcheck disable=SC2086
        expect_exit 1 $command --model counter.json
        expect_stderr "calls 'position' \"counter\""
        expect_stderr "leave the word out, [\"position\", \"next\"]"
    done
done
expect_stderr "', Cast)"

# --- Masks ---

# Where a mask hides entries again, or shows them too early, the cache stays a window. A mask that only opens may be written
# in any way.
for lines in "Add position step -> age" "Mod position limit -> age" "Less position limit -> below;Where below position step -> age"; do
    model mask 6 counter <<< $'Add position one -> next\nIdentity position -> where\n'"${lines//;/$'\n'}"
    [[ $(rings mask) == 0 ]] || fail "a ring for a mask that changes: $lines"
done
limit=6
for lines in "Min position limit -> age" "Max position axis -> age" "Cast position -> cast to=7;Sub cast axis -> age"; do
    model mask 6 counter <<< $'Add position one -> next\nIdentity position -> where\n'"${lines//;/$'\n'}"
    [[ $(rings mask) == 2 ]] || fail "no ring for a mask that only opens: $lines"
done

# As a plain pair it is run as it is, without a ring.
limit=16 kind=""
counter 16 $'Add position one -> plus\nMin plus limit -> next'
[[ $(rings counter) == 0 ]] || fail "a ring for a state that may do anything"
expect_exit 0 verify --model counter.json --stages "$compiler -O2" --characters 100 --length 60 --seeds 1 --quiet

# --- Integers ---

# form CODE [TEXT]: whether the decoder "form" has an integer form, in a vocabulary with and without resets.
form()
{
    local reset
    for reset in "" '"reset": "\n", '; do
        printf '{%s%s' "$reset" "$(tail -c +2 form.json)" > form_reset.json
        expect_exit "$1" compile --model form_reset.json --name m --quantize int8
        [[ -z ${2-} ]] || expect_stderr "$2"
    done
}

steady=$'Identity position -> where\nIdentity position -> age\nAdd position one -> next'
for kind in counter ""; do
    model form 1024 "$kind" <<< "$steady"
    form 0
    model form 1024 "$kind" 600 <<< "$steady"
    form 1 "with a linear output: after"
    for limit in 600 1023; do
        for operator in Min Mod; do
            model form 1024 "$kind" <<< "$operator position limit -> where"$'\nIdentity position -> age\nAdd position one -> next'
            form 1 "with a linear output: after"
        done
    done
done
for limit in 1500 2048 1000000; do
    for operator in Min Mod; do
        model form 1024 "$kind" <<< "$operator position limit -> where"$'\nIdentity position -> age\nAdd position one -> next'
        form 1 "far into a text"
    done
done
model form 6 "" <<< $'Identity position -> where\nIdentity position -> age\nAdd position one -> plus\nMin plus limit -> next'
form 1 "its position is not one int64 to which each token adds one"
finish
