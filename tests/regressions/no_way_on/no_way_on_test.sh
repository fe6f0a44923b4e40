#!/bin/bash
# In JavaScript, a filter that blocks every symbol was taken, as was a lexicon whose words the filter blocks; the text then
# ended in the middle of nowhere. The tool took a phrase across a word with an accent that stands apart.
# Guards: the tool and its twin refuse the same filters and lexicons for the same vocabularies, in the same words.
# Uses: expect.sh, node where it is. Arguments: the tool, json_get, graph_file, the sources.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
root=$(realpath "$4")
source "$(dirname "$0")/../../cli/expect.sh"

cat > twin.mjs << END
import { readFileSync } from "node:fs";
import { Filter, readFilter } from "$root/web/filter.js";
import { Guard } from "$root/web/guard.js";
import { Lexicon, readLexicon } from "$root/web/lexicon.js";
const [descriptor, filter, lexicon] = process.argv.slice(2);
const symbols = [...JSON.parse(readFileSync(descriptor)).vocabulary];
try {
  new Guard(new Filter(readFilter(readFileSync(filter), filter), symbols),
    lexicon === undefined ? null : new Lexicon(readLexicon(readFileSync(lexicon), lexicon), symbols));
} catch (error) {
  console.log(error.message);
}
END

# model V VOCABULARY: a model with these V symbols, a string of JSON, or a list of them, as m.json.
model()
{
    local V=$1
    printf '{"filename": "m.onnx", "vocabulary": %s}\n' "$2" > m.json
    "$graph_file" m.onnx << END
opset 14
const E float $V 4
const W float 1 12 4
const R float 1 12 4
const O float 4 $V
input x int64 sequence 1
input h float 1 1 4
Gather E x -> e
GRU e W R - - h -> Y hn hidden_size=4 linear_before_reset=1
const shape int64 3 = -1 1 4
Reshape Y shape -> F
MatMul F O -> y
output y float sequence 1 $V
output hn float 1 1 4
END
}

# verdict TEXT [OPTION ...]: both say this of the filter, and of the lexicon if there is one; nothing where TEXT is empty.
verdict()
{
    local expected=$1
    shift
    if [[ -z $expected ]]; then
        expect_exit 0 evaluate --model m.json --filter f.qlf --length 30 --seed 1 "$@"
    else
        expect_exit 1 evaluate --model m.json --filter f.qlf --length 30 --seed 1 "$@"
        expect_stderr "$expected"
    fi
    sed -n 's/^quillet evaluate: //p' err > wanted
    command -v node > /dev/null || return 0
    node twin.mjs m.json f.qlf ${2+"$2"} > said || fail "the twin ends with $?"
    cmp -s wanted said || fail "the twin says: $(cat said)"
}

# list WORD...: compiles a list of these entries.
list()
{
    printf '%s\n' "$@" > l
    expect_exit 0 filter --words l --accents ignored --output f.qlf
}

nothing_to_say='f.qlf: after some texts the filter would leave the model nothing to say'
all=('*ab*' '*aa*' '*ba*' '*bb*')
list "${all[@]}"
model 2 '"ab"' && verdict "$nothing_to_say"
model 3 '"ab\n"' && verdict ''
model 3 '"\ufdd0ab"' && verdict "$nothing_to_say" # a token that stands for no text is never drawn
model 3 '"ab\u0301"' && verdict "$nothing_to_say"
model 3 '["a", "b", "ab"]' && verdict "$nothing_to_say"
model 3 '"abc"' && verdict ''
list "${all[@]}" aca
model 3 '"ab\n"' && verdict ''
list '*aa*' '*ab*' '*ba*' bb
model 4 '"ab\n "' && verdict "$nothing_to_say"
model 4 '"ab\n東"' && verdict ''
list '*да*' '*дд*' '*аа*' '*ад*' 'д а'
model 4 '"да \n"' && verdict "$nothing_to_say"
model 5 '"даж \n"' && verdict ''

no_way_on='l.qlx: with this filter, a text could not go on after the word'
# words WORD...: compiles a lexicon of these, without the filter, and with it.
words()
{
    printf '%s\n' "$@" > w
    expect_exit 0 lexicon --words w --output l.qlx
    expect_exit 0 lexicon --words w --filter f.qlf --output both.qlx
}

list 'big tofu' as '*zz*' ass
model 19 '"\n $-abefginostuzAT\u0301"'
words big bean
verdict '' --lexicon l.qlx
words big tofu bean
verdict "$no_way_on 'tofu';" --lexicon l.qlx
verdict '' --lexicon both.qlx
words big tofu as bean Tofu
verdict "$no_way_on 'as' (and in 2 more cases);" --lexicon l.qlx
verdict '' --lexicon both.qlx
words bizza big
verdict "$no_way_on 'bizz...';" --lexicon l.qlx
verdict '' --lexicon both.qlx
words a s big
verdict "$no_way_on 's';" --lexicon l.qlx
words a as-is is big
verdict "$no_way_on 'as-...';" --lexicon l.qlx
accented=$'to\xcc\x81fu' # the accent stands apart
words big "$accented"
verdict "$no_way_on '$accented';" --lexicon l.qlx
verdict '' --lexicon both.qlx

finish
