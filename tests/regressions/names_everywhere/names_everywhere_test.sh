#!/bin/bash
# Names with particles that the list lacked, names in scripts without capitals, and initials of other alphabets were
# dropped or cut short; quotation marks stayed around an item unless they were the straight ones.
# Guards: whole names of many languages, and items without the marks of theirs.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

prepare=(prepare --quiet --validation 0 --test 0 --min_symbol_count 1 --min_length 1 --alphabet any --output p)

# names WANTED: each line of stdin is an attribution; WANTED has | for line ends, and an empty field for what is
# dropped.
names()
{
    while read -r name; do
        printf '%s\t%s\n' "Roads are long and $((count += 1))." "$name"
    done | sed '1i text\tauthor' > t.tsv
    rm -rf p
    expect_exit 0 "${prepare[@]}" --author_field author t.tsv
    sort p/names.txt > got
    tr '|' '\n' <<< "$1" | sed '/^$/d' | sort > wanted
    cmp -s wanted got || fail "$(diff wanted got)"
}

# Particles, as words of their own, with a hyphen, an apostrophe, or nothing between them and the name.
names 'Ana dos Santos|Luis de los Ríos|Maria das Dores|Karl von und zu Stein|Jan van ’t Hof|Sophie in ’t Veld' << 'EOF'
Ana dos Santos
Luis de los Ríos
Maria das Dores
Karl von und zu Stein
Jan van ’t Hof
Sophie in ’t Veld
EOF
names "Gerard 't Hart|Omar al-Kindi|Nizar el-Masri|Lapo degli Alberti|Jean d'Aubert|Jean d’Orval|Anna dell'Acqua" << 'EOF'
Gerard 't Hart
Omar al-Kindi
Nizar el-Masri, poet
Lapo degli Alberti
Jean d'Aubert, 1801
Jean d’Orval
Anna dell'Acqua
EOF
names "Willem 's-Graven|Neil deGrand|Pau Serra i Mas|Eva Maria de Eça e Queiroz|Eoin ó Briain|Élodie Œuvrard" << 'EOF'
Willem 's-Graven
Neil deGrand
Pau Serra i Mas
Eva Maria de Eça e Queiroz
Eoin ó Briain
Élodie Œuvrard
EOF
# Scripts without capitals; those that write a full name without a space.
names 'राम कुमार|محمد الفارسي|דוד לוי|สมชาย ใจดี|田中花子|ジョン・スミス|김철수|გიორგი მელაძე' << 'EOF'
राम कुमार
محمد الفارسي، شاعر
דוד לוי
สมชาย ใจดี
田中花子
ジョン・スミス
김철수
გიორგი მელაძე
EOF
# Initials and capitals of other alphabets; the short form goes when the long one is there.
names 'А. С. Щукин|Лев Жданов|Анна Жданова|Νίκος Παππάς' << 'EOF'
А.С. Щукин
Лев ЖДАНОВ
Анна Жданова
А. Жданова
Νίκος ΠΑΠΠΆΣ
EOF
# Nicknames go; titles of works, two persons, single words and small words are not names, in no language.
names 'Иван Петров|Jean Valmont|Hans Mayer' << 'EOF'
Иван «Ваня» Петров
Jean “Jo” Valmont
Hans „Hansi“ Mayer
«Дорога»
„Der Weg“
Щукин
राम
élodie petite
田
EOF

# taken FORM...: the words between the marks, or the whole text when they do not surround it.
taken()
{
    printf '%s\n' "$1" > t
    rm -rf p
    expect_exit 0 "${prepare[@]}" t
    [[ $(< p/items.txt) == "$2" ]] || fail "\"$1\" gives \"$(< p/items.txt)\", not \"$2\""
}
for form in '«|»' '« | »' '»|«' '„|“' '„|”' '”|”' '“|”' '‘|’' '‚|‘' '‹|›' '「|」' '『|』' '《|》' '»|»' "\"|\""; do
    taken "${form%|*}Long roads${form#*|}" 'Long roads'
    taken "${form%|*}Roads${form#*|} and ${form%|*}days${form#*|}" "${form%|*}Roads${form#*|} and ${form%|*}days${form#*|}"
done
taken '« Long roads »' 'Long roads'
taken '‘Don’t wait’' 'Don’t wait'
taken '«Never closed' 'Never closed'
taken 'Never opened”' 'Never opened'
taken 'the farmers’' 'the farmers’'
taken '’twas long' '’twas long'
taken '“Roads,” he said' '“Roads,” he said'
taken '„Wege“, sagt er, „Tage“' '„Wege“, sagt er, „Tage“'
taken '“He said ‘no’ and went”' 'He said ‘no’ and went'

# An attribution in another script, behind the end of a sentence of its own.
printf '%s\n%%\n' $'धैर्य लंबा है।\n\t\t-- राम कुमार' $'Дорога длинна.\n— Лев Жданов' 'Η μέρα είναι μικρή. — Νίκος Παππάς' \
    $'道は長い。\n—田中花子' > f
rm -rf p
expect_exit 0 "${prepare[@]}" --format fortune f
[[ $(sort p/names.txt | wc -l) == 4 ]] || fail "attributions: $(< p/names.txt)"

finish
