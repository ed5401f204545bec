#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each header compiles by itself, under every compiler at hand, and has the guard its path asks for.
. "$(dirname "$0")/files.sh"

flags=$(pkg-config --cflags openssl jansson libfyaml libseccomp libpq libsodium 2>/dev/null)
status=0
compilers=
for cc in gcc clang; do
    command -v "$cc" >/dev/null && compilers="$compilers $cc"
done
[ -n "$compilers" ] || { echo "headers.sh: neither gcc nor clang is there" >&2; exit 2; }
for header in $(tree_files 'src/*.h'); do
    name=${header#src/}
    guard=PASU_$(echo "$name" | tr 'a-z/.-' 'A-Z___')
    grep -q "^#define $guard\$" "$header" || {
        echo "$header:1: its include guard is not $guard"
        status=1
    }
    for cc in $compilers; do
        # shellcheck disable=SC2086
        echo "#include \"$name\"" | $cc -std=gnu17 -D_GNU_SOURCE -DPASU_VERSION='""' \
            -Wall -Wextra -Wshadow -Werror -Isrc $flags -fsyntax-only -x c - || {
            echo "$header:1: does not compile by itself with $cc"
            status=1
        }
    done
done
exit $status
