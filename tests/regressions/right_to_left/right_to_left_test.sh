#!/bin/bash
# Pages laid Hebrew, Arabic and Persian texts out from left to right, and said that every text is English, so that screen
# readers read Hindi or Greek aloud as that. Guards: what a model has written has its own direction, and no language of
# the page's, but the one that --language says. Uses: expect.sh. Arguments: the tool, json_get, the sources.
# shellcheck source-path=SCRIPTDIR
root=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

foreign='dir="auto" lang=""'
for text in 'שלום כהן|דוד לוי' 'محمد الفارسي|ليلى حسن' 'راما کمار|زهرا تهرانی' 'राम कुमार|सीता देवी' 'Ann Lee|Bob Ray'; do
    for i in {1..20}; do
        printf '%s\n%s\n' "${text%|*}" "${text#*|}"
    done > text
    rm -rf checkpoints study
    expect_exit 0 train --input text --validation text --sequences items --embedding_size 4 --rnn_size 8 --num_layers 1 \
        --max_epochs 1 --generate 0 --threads 1 --run_name r --quiet
    expect_exit 0 compare --init_from checkpoints/r/checkpoint.1.safetensors --count 3 --temperature 0.5,1 --seed 1 \
        --format html
    (($(grep -o "<td $foreign>" out | wc -l) == 6)) || fail "compare: a cell has no direction of its own"
    ! grep -q '<td>' out || fail 'compare: a cell without direction'
    expect_exit 0 study checkpoints/r/checkpoint.1.safetensors --corpus text --items 20 --temperature 1 --threads 1 \
        --sentences 0 --quiet --output study
    (($(grep -cE "<td( class=\"best\")? $foreign>" study/study.html) >= 3)) || fail 'study: samples without direction'
done
# A language that is named is said of each text, and of nothing else; one that cannot be is refused.
expect_exit 0 compare --init-from checkpoints/r/checkpoint.1.safetensors --count 3 --seed 1 --format html --language fa-IR
(($(grep -o '<td dir="auto" lang="fa-IR">' out | wc -l) == $(grep -o '<td' out | wc -l))) || fail 'compare: --language is lost'
for tag in '"' f fa_IR fa- -fa 1a fa-123456789; do
    expect_exit 2 compare --init-from checkpoints/r/checkpoint.1.safetensors --count 1 --language "$tag"
done
expect_exit 0 study checkpoints/r/checkpoint.1.safetensors --corpus text --items 20 --temperature 1 --threads 1 --quiet \
    --sentences 0 --output study --language zh-Hant
(($(grep -c 'dir="auto" lang="zh-Hant">' study/study.html) >= 3)) || fail 'study: --language is lost'
# The page of watch makes its texts in one place.
grep -q "dir: 'auto', lang: language" "$root/web/dashboard/dashboard.js" || fail 'watch: texts have no direction'
! grep -E "className: 'text" "$root/web/dashboard/dashboard.js" || fail 'watch: a text is made in another place'
grep -q 'unicode-bidi: plaintext' "$root/web/dashboard/dashboard.css" || fail 'watch: lines share a direction'

finish
