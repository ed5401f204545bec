#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: test/check/configuration.sh [BUILD] [--write]
# docs/configuration.md is what `pasu help configuration` prints; --write puts it there.
. "$(dirname "$0")/files.sh"

build=build write=
for word in "$@"; do
    case $word in
    --write) write=1 ;;
    *) build=$word ;;
    esac
done
pasu=$build/pasu
[ -x "$pasu" ] || { echo "configuration.sh: $pasu is not built" >&2; exit 2; }
printed=$(mktemp) || exit 2
trap 'rm -f "$printed"' EXIT
"$pasu" help configuration >"$printed" || exit 2
if [ -n "$write" ]; then
    cp "$printed" docs/configuration.md && chmod 644 docs/configuration.md || exit 2
fi
cmp -s "$printed" docs/configuration.md || {
    echo "docs/configuration.md:1: is not what pasu help configuration prints;" \
        "run: test/check/configuration.sh $build --write"
    exit 1
}
