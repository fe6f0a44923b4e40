#!/bin/bash
# A list with a Russian word was an error, "hore" also blocked "høre", and an error of --check had the exit status of a
# refusal. A refused name in capitals passed if it was not Latin. Guards: lists and refused items in any alphabet and
# case, accents that count, three exit statuses, and the twin in JavaScript.
# Uses: expect.sh, node where it is. Arguments: the tool, json_get, the sources.
# shellcheck source-path=SCRIPTDIR
root=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

# list WORD...: compiles a list of these entries to l.qlf; OPTIONS go to the tool.
list()
{
    printf '%s\n' "$@" > l
    # shellcheck disable=SC2086
    expect_exit 0 filter --words l ${OPTIONS-} --output l.qlf
}

verdict()
{
    run filter --filter l.qlf --check "$2"
    ((code == $1)) || fail "'$2' gives $code, not $1"
}

# The same for a refused item, and also for the twin.
item_verdict()
{
    verdict "$1" "$2"
    command -v node > /dev/null || return 0
    cat > twin.mjs << END
import { readFileSync } from "node:fs";
import { Filter, readFilter } from "$root/web/filter.js";
const symbols = Array.from(process.argv[2]);
const filter = new Filter(readFilter(readFileSync("l.qlf"), "l.qlf"), symbols);
symbols.forEach((_, token) => filter.step(token));
process.exit(filter.refuses() ? 1 : 0);
END
    node twin.mjs "$2" > /dev/null && code=0 || code=$?
    ((code == $1)) || fail "'$2' gives $code in JavaScript, not $1"
}

# Other alphabets: whole words, open ends, phrases, case.
list tofu редька 'большой боб' 'соус*' '*жир*' μήλο दाल 豆腐 תפוח ქათამი
for text in tofu Редька РЕДЬКА 'большой   боб' большой-боб соусы Соус прожирка μήλο ΜΉΛΟ दाल 豆腐 תפוח ქათამი 'р е д ь к а' редддддька; do
    verdict 1 "$text"
done
for text in редьками подредька большой боба дал दल मेरा 豆 豆花 תפוחים ხე; do
    verdict 0 "$text"
done

# A tatweel draws out an Arabic word, in a text or in a list.
list كلب قـطـة
for text in كـلـب كلـــب قطة قـطة; do
    verdict 1 "$text"
done
verdict 0 كـلـبي
printf 'زيد كلب\n' > people
expect_exit 0 filter --refuse people --output l.qlf
item_verdict 1 'زيـــد كـلـب'
item_verdict 0 'زيد كلبي'

# Accents count in a list of one's own.
list hore ano schwul szar sik лед
for text in hore ANO schwul szar sik лед; do
    verdict 1 "$text"
done
for text in høre año AÑO schwül szár sık лёд; do
    verdict 0 "$text"
done
list 'höre' 'æble*' 'лёд'
for text in HÖRE höre ÆBLER лёд; do
    verdict 1 "$text"
done
for text in hore aeble лед; do
    verdict 0 "$text"
done

# They do not where that is asked for, but for an entry that insists on them.
OPTIONS='--accents ignored' list tofu =año '=*ñu*' =лёд
for text in TÖFÛ tõfu año AÑO xñux лёд; do
    verdict 1 "$text"
done
for text in ano xnux лед ãno; do
    verdict 0 "$text"
done
list ano '!año'
verdict 1 ano
verdict 0 año
list tofu '=año' '!=año' '!tofu' beans
verdict 0 tofu
verdict 0 año

# Too many letters, and what is none.
for k in {0..31}; do
    byte=$(printf '%02x' $((128 + k)))
    printf '%b\n' "\\xe4\\xb8\\x$byte\\xe4\\xb8\\x$byte" # U+4E00 and on
done > l
expect_exit 1 filter --words l --output l.qlf
expect_stderr 'l:32: U+4E1F is one letter too many'
printf '♥♥\n' > l
expect_exit 1 filter --words l --output l.qlf
expect_stderr 'l:1: U+2665 is not a letter'
expect_exit 2 filter --words l --accents some
printf '=\n' > l
expect_exit 1 filter --words l
printf '!=*\n' > l
expect_exit 1 filter --words l

# Refused items, in a filter with letters of its own.
printf 'Zoé Brûlé\nЛев Жданов\n' > people
list редька
expect_exit 0 filter --words l --refuse people --output l.qlf
for text in 'Zoé Brûlé' 'Zoe Brule' 'Лев Жданов' 'ЛЕВ ЖДАНОВ' 'лёв жданов'; do
    item_verdict 1 "$text"
done
verdict 1 редька
item_verdict 0 'Лев Жданова'
printf 'редька\n' > l
expect_exit 0 filter --words l --accents count --refuse people --output l.qlf
item_verdict 1 'ZOÉ BRÛLÉ'
item_verdict 1 'Лев ЖДАНОВ'
item_verdict 0 'Zoe Brule'
item_verdict 0 'Лёв Жданов'

# No list, and names with letters of other forms: a final sigma, a sharp s, letters of their own in both cases, digits.
printf 'Οδυσσεύς Ξένος\nHans Weiß\nԳրիգոր Ջան\n鲁迅\nAgent 47\n' > people
expect_exit 0 filter --refuse people --output l.qlf
for text in 'ΟΔΥΣΣΕΥΣ ΞΕΝΟΣ' 'HANS WEISS' 'hans weiß' 'ԳՐԻԳՈՐ ՋԱՆ' 鲁迅 'agent ４７'; do
    item_verdict 1 "$text"
done
item_verdict 0 'Agent 48'

# Statuses: 0 nothing, 1 refused, 2 an error.
for arguments in '--filter nowhere.qlf' '--filter l' '--words nowhere' ''; do
    # shellcheck disable=SC2086
    expect_exit 2 filter $arguments --check x
done

# The model's side: a vocabulary of another alphabet is bound to the list, in JavaScript too.
for i in {1..40}; do
    printf 'редька\nлук и боб\nкорень номер %s\n' $((i % 9))
done > text
expect_exit 0 train --input text --validation text --sequences items --embedding_size 8 --rnn_size 24 --num_layers 1 \
    --learning_rate 0.02 --max_epochs 12 --generate 0 --threads 1 --run_name radish --quiet
expect_exit 0 export --init_from checkpoints/radish/checkpoint.12.safetensors --export_file radish.onnx --quiet
list редька 'лук*'
expect_exit 0 evaluate --model radish.json --length 400 --seed 1 --temperature 0.7
grep -q 'редька' out || fail 'the model has not learned its text'
expect_exit 0 evaluate --model radish.json --length 400 --seed 1 --temperature 0.7 --filter l.qlf
! grep -qE '(^| )(редька( |$)|лук)' out || fail 'a listed word was written'
cp out wanted
if [[ -e $root/web/node_modules/onnxruntime-node ]] && command -v node > /dev/null; then
    node "$root/web/evaluate.js" --model radish.json --length 400 --seed 1 --temperature 0.7 --filter l.qlf > out 2> err
    cmp -s wanted out || fail "JavaScript writes another text"
fi

finish
