# The manual has a page for each command, with each option of its --help; man reads it without a warning. bash and zsh
# complete commands, options and files. Uses: run_installed.sh; man and zsh where they are there.
# shellcheck shell=bash

failed=0
fail()
{
    echo "FAILED: $*"
    failed=1
}

man=$PREFIX/share/man/man1
commands=$(quillet --help | sed -n 's/^  \([a-z]*\) .*/\1/p')
quillet emulate --help > /dev/null 2>&1 || commands=${commands/emulate/} # it needs Node
[[ $(wc -w <<< "$commands") -ge 10 && -s $man/quillet.1 ]] || fail "there are few commands"
for command in $commands; do
    page=$man/quillet-$command.1
    grep -qF "quillet\\-$command" "$man/quillet.1" || fail "quillet.1 does not name $command"
    quillet "$command" --help | sed -n 's/^  --\([a-z0-9-]*\).*/\1/p' > options
    while read -r option; do
        grep -qF ".B \\-\\-${option//-/\\-}" "$page" || fail "$page has no --$option"
    done < options
done
grep -q '^\.SS Text$' "$man/quillet-train.1" || fail "the first group of options has lost its title"
if grep -l "$(nproc))" "$man"/*.1 | xargs -r grep -h -A1 'threads'  | grep "($(nproc))$"; then
    fail "a page has the number of processors of this machine"
fi
if command -v man groff > /dev/null; then
    for page in "$man"/*.1; do
        man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2> warnings > /dev/null || fail "man $page"
        [[ ! -s warnings ]] || { cat warnings; fail "man warns of $page"; }
    done
fi

# complete WORD...: what bash offers for the last word.
complete_in_bash()
{
    bash -c 'source "$1"; compopt() { :; }; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _quillet
        printf "%s\n" "${COMPREPLY[@]}"' bash "$PREFIX/share/bash-completion/completions/quillet" "$@"
}
[[ $(complete_in_bash quillet tr) == train ]] || fail "bash: quillet tr"
[[ $(complete_in_bash quillet train --max) == --max-epochs ]] || fail "bash: quillet train --max"
[[ $(complete_in_bash quillet compile names.json --quanti) == --quantize ]] || fail "bash: quillet compile --quanti"
[[ -z $(complete_in_bash quillet train --input na) ]] || fail "bash: a file is bash's own business"

# zsh reads its file as the body of a function. What that says to zsh's own functions is looked at.
if command -v zsh > /dev/null; then
    completion=$PREFIX/share/zsh/site-functions/_quillet
    # shellcheck disable=SC2016
    in_zsh='_describe() { print -l -- $commands }; _arguments() { print -l -- "$@" }
        _quillet() { source "$completion" }; words=("${(@)argv}"); CURRENT=$#; _quillet'
    completion=$completion zsh -f -c "$in_zsh" zsh quillet "" > out || fail "zsh: commands"
    grep -q '^train:train a model' out || fail "zsh: quillet train"
    completion=$completion zsh -f -c "$in_zsh" zsh quillet train --max > out || fail "zsh: options"
    grep -q '^--max-epochs=\[' out || fail "zsh: --max-epochs"
    grep -q '^--input=\[.*:FILE:_files$' out || fail "zsh: --input takes a file"
fi
exit $failed
