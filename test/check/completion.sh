#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: test/check/completion.sh [BUILD]
# The completion scripts parse, and bash's completes what it should (zsh and fish: where installed).
. "$(dirname "$0")/files.sh"

build=${1:-build}
pasu=$build/pasu
[ -x "$pasu" ] || { echo "completion.sh: $pasu is not built" >&2; exit 2; }
status=0
scripts=$(mktemp -d) || exit 2
trap 'rm -rf "$scripts"' EXIT
for shell in bash zsh fish; do
    "$pasu" completion $shell >"$scripts/pasu.$shell" || exit 2
    command -v $shell >/dev/null || continue
    $shell -n "$scripts/pasu.$shell" || { echo "the script for $shell does not parse"; status=1; }
done

# expect "WORDS SO FAR" "WHAT MUST BE OFFERED (sorted)": the last word is the one being typed.
expect() {
    got=$(bash -c '
        . "$1"; shift
        compopt() { :; }
        COMP_WORDS=($1); [ "${1% }" = "$1" ] || COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _pasu
        printf "%s\n" "${COMPREPLY[@]}"' - "$scripts/pasu.bash" "$1" | sort | tr '\n' ' ' | sed 's/^ *//; s/ *$//')
    [ "$got" = "$2" ] || { echo "bash completes \"$1\" with: $got; not with: $2"; status=1; }
}
export LC_ALL=C
if command -v bash >/dev/null; then
    expect 'pasu s' 'scan scope sessions status subject'
    expect 'pasu ki' 'kill'
    expect 'pasu completion ' '--help -h bash fish zsh'
    expect 'pasu check --c' '--config --connect'
    expect 'pasu help gu' 'guard'
    expect 'pasu ledger e' 'export'
    expect 'pasu scope --f' '--field --from'
    expect 'pasu guard -c ' ''
    expect 'pasu sessions --principal ' ''
fi
if command -v fish >/dev/null; then
    got=$(fish -c "source $scripts/pasu.fish; complete -C 'pasu s'" | cut -f 1 | sort | tr '\n' ' ')
    [ "$got" = "scan scope sessions status subject " ] || { echo "fish completes \"pasu s\" with: $got"; status=1; }
fi
exit $status
