#!/bin/bash
# Guards: made-up quotations and names in French, Polish, Greek, Russian, Hindi and Japanese go from prepare through
# training, export, the filter and compiling to the type of the panel without a lost letter or a wrong claim.
# Uses: expect.sh. Arguments: the tool, json_get, font_writer, the four cuts of the typeface.
# shellcheck source-path=SCRIPTDIR
writer=$(realpath "$3")
cuts=("${@:4}")
shopt -s lastpipe # so that failures in the last command of a pipe count
source "$(dirname "$0")/../../cli/expect.sh"

# words NAME FIRST... - LAST...: every first name with every last one; between them, SPACE.
combine()
{
    local first=() last
    while [[ $1 != - ]]; do
        first+=("$1")
        shift
    done
    shift
    for last in "$@"; do
        for name in "${first[@]}"; do
            printf '%s%s%s\n' "$name" "$SPACE" "$last"
        done
    done
}

# road LANGUAGE LISTED LACKING QUOTE...: names come from stdin. LISTED is a name that the filter bars; LACKING says
# whether the typeface lacks letters.
road()
{
    local language=$1 listed=$2 lacking=$3
    shift 3
    cat > wanted
    local k=0
    while read -r name; do
        printf '%s\n\t\t-- %s\n%%\n' "${*:$((k % $# + 1)):1} $k" "$name"
        k=$((k + 1))
    done < wanted > fortunes
    rm -rf p c
    expect_exit 0 prepare --format fortune --validation 0 --test 0 --min_symbol_count 1 --min_length 5 --output p fortunes
    ! grep -q 'lost letters' err || fail "$language: prepare says that letters were lost"
    sort p/names.txt > got
    sort -u wanted | cmp -s - got || fail "$language: names: $(diff <(sort -u wanted) got | head -n 3)"
    (($(wc -l < p/quotes.txt) == k)) || fail "$language: $(wc -l < p/quotes.txt) of $k quotes"
    expect_exit 0 train --input p/names.txt --validation p/names.txt --sequences items --embedding_size 12 --rnn_size 32 \
        --num_layers 1 --learning_rate 0.02 --max_epochs 6 --batch_size 8 --generate 0 --threads 1 --checkpoint_dir c \
        --run_name n --quiet
    expect_exit 0 export --init_from c/n/checkpoint.6.safetensors --export_file n.onnx --quiet
    # Nothing is in the vocabulary but the letters of the names.
    "$json_get" n.json vocabulary | grep -o . | sort -u > has
    { grep -o . p/names.txt; echo; } | sed '/^$/d' | sort -u > letters
    comm -23 letters has | grep -q . && fail "$language: not in the vocabulary: $(comm -23 letters has | tr -d '\n')"
    printf '%s\n' "$listed" > list
    expect_exit 0 filter --words list --output l.qlf
    run filter --filter l.qlf --check "$listed"
    ((code == 1)) || fail "$language: '$listed' is not refused"
    expect_exit 0 filter --refuse p/names.txt --output refused.qlf
    run filter --filter refused.qlf --check "$(head -n 1 p/names.txt)"
    ((code == 1)) || fail "$language: a name of the text is not refused"
    expect_exit 0 generate --model n.json --count 300 --temperature 1 --seed 1 --filter l.qlf --quiet --threads 1
    ! grep -qw -- "$listed" out || fail "$language: the filter lets '$listed' pass"
    expect_exit 0 compile --model n.json --filter l.qlf --quantize int8 --output n.c
    "$json_get" n.json vocabulary > vocabulary
    "$writer" type.c "${cuts[@]}" vocabulary > type 2>&1 || fail "$language: no type: $(< type)"
    [[ $(grep -c lacks type) == "$lacking" ]] || fail "$language: $(< type)"
}

SPACE=' '
combine Amélie Zoé Loïc Gaëlle Jérôme Anaïs François Hélène - Lefèvre "d'Aubert" Brûlé 'de la Tour' Noël Œuvrard Garçon |
    road French Zoé 0 'La patience est une longue route.' 'Le jour où l’été finit, ça dure.'
combine Łukasz Żaneta Małgorzata Świętosława Bożena Michał - Dębski Wąsik Żółć Śnieg Kośmider Gęś Źdźbło |
    road Polish Bożena 0 'Droga jest długa, a dzień krótki.' 'Kto śpi, ten nie błądzi.'
combine Νίκος Μαρία Γιώργος Ελένη Αχιλλέας Ζωή - Παππάς Κωνσταντίνου Ξένος Ψαρράς Φωτίου Ιωάννου |
    road Greek Ζωή 0 'Ο δρόμος είναι μακρύς.' 'Η υπομονή είναι αρετή.'
combine Анна Лев Пётр Щедрина Юлия Фёдор Эмма - Жданов Щукина Цветаев Ёлкина Хрящёв Быкова |
    road Russian Пётр 0 'Дорога длинна, а день короток.' 'Терпение и труд всё перетрут.'
combine राम सीता मोहन गीता कृष्ण श्रुति - कुमार देवी लाल रानी शर्मा सिंह | road Hindi श्रुति 1 'धैर्य किसी भी सड़क से लंबा है।' 'दिन छोटा है।'
SPACE=''
combine 田中 鈴木 佐藤 高橋 渡辺 - 花子 太郎 さくら 健一 ひろし ケン | road Japanese 田中さくら 1 '道は長く、日は短い。' '石の上にも三年。'

finish
