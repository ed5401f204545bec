#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: test/check/man.sh [BUILD] [--write]
# docs/man holds what `pasu help --man` prints, no more and no less, and meson.build installs all of it; --write puts it
# there.
. "$(dirname "$0")/files.sh"

build=build write=
for word in "$@"; do
    case $word in
    --write) write=1 ;;
    *) build=$word ;;
    esac
done
pasu=$build/pasu
[ -x "$pasu" ] || { echo "man.sh: $pasu is not built" >&2; exit 2; }
pages=$(mktemp -d) || exit 2
trap 'rm -rf "$pages"' EXIT
commands=$("$pasu" help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
[ -n "$commands" ] || { echo "man.sh: pasu help lists no commands" >&2; exit 2; }
"$pasu" help --man >"$pages/pasu.1" || exit 2
for command in $commands; do
    "$pasu" help --man "$command" >"$pages/pasu-$command.1" || exit 2
done

status=0
if [ -n "$write" ]; then
    mkdir -p docs/man && rm -f docs/man/*.1 && cp "$pages"/*.1 docs/man/ || exit 2
fi
for page in "$pages"/*.1 docs/man/*.1; do
    name=${page##*/}
    cmp -s "$pages/$name" "docs/man/$name" || {
        echo "docs/man/$name:1: is not what pasu help --man prints; run: test/check/man.sh $build --write"
        status=1
    }
    grep -q "'docs/man/$name'" meson.build || {
        echo "meson.build:1: install_man() has no docs/man/$name"
        status=1
    }
done
if command -v mandoc >/dev/null; then
    # The pages have no date on purpose: they change when the commands do.
    mandoc -W warning,stop "$pages"/*.1 2>&1 >/dev/null | grep -v -e 'missing date' -e 'see above' && status=1
elif command -v groff >/dev/null; then
    for page in "$pages"/*.1; do
        groff -man -Tutf8 -ww -z "$page" 2>&1 | sed "s,^.*/\([^/]*\.1\),docs/man/\1," | grep . && status=1
    done
fi
exit $status
