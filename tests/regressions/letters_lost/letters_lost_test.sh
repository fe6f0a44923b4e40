#!/bin/bash
# `prepare` took the accents off French and dropped all Russian without a word, and NFKC changed letters that the alphabet
# has: 10² became 102, and Thai's sara am fell into two. Guards: a text keeps its letters unless it is plain English or an
# alphabet was asked for; what is lost is said, with what to do; when nothing is left, that is an error.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

prepare=(prepare --validation 0 --test 0 --min_symbol_count 1 --output p)

# becomes WANTED OPTION...: what is in `text`.
becomes()
{
    local wanted=$1
    shift
    rm -rf p
    expect_exit 0 "${prepare[@]}" "$@" text
    [[ $(sort p/items.txt | tr '\n' '|') == "$wanted" ]] || fail "is '$(sort p/items.txt | tr '\n' '|')', expected '$wanted'"
}

# keeps LINE...: without options, every line stays as it is, and the summary speaks of the alphabet.
keeps()
{
    printf '%s\n' "$@" > text
    becomes "$(sort text | tr '\n' '|')"
    expect_stderr 'alphabet text'
    expect test "$(grep -c 'lost letters' err)" -eq 0
}

keeps 'Amélie Lefèvre' 'Zoé Brûlé' 'Renée Noël'
keeps 'Анна Щукина' 'Лев Жданов' 'Ёжик Съёмкин'
keeps 'Grażyna Śliwińska' 'Łukasz Żółć' 'Świętosława'
keeps 'Ἀριστοτέλης' 'Μαρία Παπαδοπούλου'
keeps 'राम कुमार' 'सीता देवी' 'मोहन लाल'
keeps '山田太郎' 'さとう はなこ' 'ドナルド・キーン'
keeps '김철수' '박영희'
keeps 'ניל ארמסטרונג' 'גולדה מאיר'
keeps 'فاطمة الزهراء' 'نجيب محفوظ'
keeps 'กำแพง' 'น้ำตก' 'สำคัญ'
keeps 'Երևան' 'և այլն' 'Արևիկ Գևորգյան'
keeps 'ສຳຄັນ' 'ນ້ຳ'
keeps 'Nguyễn Thị Hồng' 'Trần Văn Đức'
# In JSON, letters may be written as numbers.
printf '{"text":"Am\\u00e9lie Lef\\u00e8vre"}\n{"text":"Zo\\u00e9 Br\\u00fbl\\u00e9"}\n' > text.jsonl
rm -rf p
expect_exit 0 "${prepare[@]}" text.jsonl
expect grep -qx 'Amélie Lefèvre' p/items.txt

# Two inputs have one alphabet, also where the first one is English.
printf 'John Smith\nAnn Lee\n' > english
printf 'Amélie Lefèvre\nZoé Brûlé\n' > text
rm -rf p
expect_exit 0 "${prepare[@]}" english text
expect grep -qx 'Zoé Brûlé' p/items.txt

# Plain English is written in ASCII, and what that costs is said.
(for i in {1..200}; do printf 'A long and plain sentence in English %s\n' "$(tr 0-9 a-j <<< "$i")"; done; printf 'A café in Zürich, naïvely\n') > text
rm -rf p
expect_exit 0 "${prepare[@]}" text
expect_stderr 'alphabet ascii: 1 item lost letters'
expect_stderr '--alphabet text'
expect grep -qx 'A cafe in Zurich, naively' p/items.txt

# Asked for: letters go, and the summary says so.
printf 'Amélie Lefèvre\nmotor\nмотор\n' > text
becomes 'Amelie Lefevre|motor|' --alphabet ascii
expect_stderr '1 item lost letters or accents, 1 was dropped'
expect_json p/report.json streams.0.letters_lost 1
printf '¿Quién sabe?\n¡Hola!\n' > text
becomes 'Hola!|Quien sabe?|' --alphabet ascii

# The alphabet keeps what means more than its parts.
printf '10² m, ½ l, 5 µm, nº 3, x₂, ①\n' > text
becomes '10² m, ½ l, 5 µm, nº 3, x₂, ①|' --alphabet any
printf '10² m, ½ l, 5 µm, nº 3\n' > text
becomes '10² m, ½ l, 5 µm, nº 3|' --alphabet latin1
becomes '102 m, 1/2 l, 5 um, no 3|' --alphabet ascii
printf 'ﬁne ＡＢＣ ﾊﾞﾅﾅ e\xcc\x81\n' > text
becomes 'fine ABC バナナ é|' --alphabet any

# Nothing is left: an error with the reason and with advice, and nothing is written.
printf 'Анна Щукина\nЛев Жданов\n' > text
rm -rf p
expect_exit 1 prepare --output p text
expect_stderr '--min-symbol-count'
expect_stderr '--alphabet'
expect_exit 1 prepare --output p --alphabet ascii text
expect_stderr 'choose another --alphabet'
printf 'one\ntwo\n' > text
expect_exit 1 prepare --output p --min_length 10 text
expect_stderr 'lower --min-length'
expect test ! -e p

finish
