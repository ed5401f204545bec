# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# To be sourced by the checks: `tree_files PATTERN...` lists the tree's files (those git knows, and new
# ones it does not ignore; without git, all but build folders) that match one of the shell patterns.
cd "$(dirname "$0")/../.." || exit 2

tree_all() {
    if [ -e .git ] && command -v git >/dev/null; then
        git ls-files --cached --others --exclude-standard
    else
        find . -type d \( -name 'build*' -o -name .git \) -prune -o -type f -print | sed 's,^\./,,'
    fi
}

tree_files() {
    tree_all | sort -u | while IFS= read -r file; do
        [ -f "$file" ] || continue
        for pattern in "$@"; do
            # shellcheck disable=SC2254
            case $file in
            $pattern) printf '%s\n' "$file"; break ;;
            esac
        done
    done
}
