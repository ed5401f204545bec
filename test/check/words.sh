#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Nothing in the tree names the machine it was written on.
. "$(dirname "$0")/files.sh"

paths='/(work|root|home/[a-z0-9_]+|Users/[A-Za-z0-9_]+)(/|$|[^A-Za-z0-9_.-])'
bad=$(tree_files '*' | xargs grep -nIE "(^|[^A-Za-z0-9_.\$}-])$paths" -- /dev/null |
    sed 's/^\([^:]*:[0-9]*\):/\1: a path of one machine: /')
[ -z "$bad" ] || { echo "$bad"; exit 1; }
