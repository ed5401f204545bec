#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every source, script and build file names its licence within its first three lines.
. "$(dirname "$0")/files.sh"

bad=$(
    tree_files '*' | while IFS= read -r file; do
        case $file in
        test/fuzz/corpus/* | test/golden/* | docs/man/* | *.md | LICENSE | .gitignore) continue ;;
        *.c | *.h | *.def | *.py | *.sh | *.sql | *.yaml | *.yml | *meson.build | meson_options.txt) ;;
        .clang-*) ;;
        *) head -c 2 "$file" | grep -q '^#!' || continue ;;
        esac
        head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2\.0' ||
            echo "$file:1: no \"SPDX-License-Identifier: Apache-2.0\" in the first 3 lines"
    done
)
[ -z "$bad" ] || { echo "$bad"; exit 1; }
