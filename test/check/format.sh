#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# C sources are formatted as .clang-format says; script/format formats them. The file is made for
# clang-format 14: other versions may format a few things differently.
. "$(dirname "$0")/files.sh"

tool=$(command -v clang-format-14 || command -v clang-format) || {
    echo "format.sh: clang-format is not installed" >&2
    exit 2
}
tree_files 'src/*.[ch]' 'test/*.[ch]' 'bench/*.[ch]' | xargs "$tool" --dry-run -Werror ||
    { echo "run: script/format"; exit 1; }
