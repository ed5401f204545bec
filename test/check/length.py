#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Source files of more than 600 lines fail; functions of more than 100 lines are warned about."""
import pathlib
import re
import sys

FILE_MAX, FUNCTION_MAX = 600, 100


def functions(lines):
    """(first line, name, length) of each function: as the tree's format has them, a definition ends
    with a brace in the first column, and its name begins a line."""
    start = None
    for number, line in enumerate(lines, 1):
        found = re.match(r"([a-z_]\w*)\(", line)
        if found:
            start = (number, found[1])
        elif line.startswith("}") and start:
            yield start[0], start[1], number - start[0] + 1
            start = None


def main():
    tree = pathlib.Path(__file__).resolve().parents[2]
    status = 0
    for folder in ("src", "test", "bench"):
        for path in sorted((tree / folder).rglob("*.[ch]")):
            lines = path.read_text(encoding="utf-8").splitlines()
            name = path.relative_to(tree)
            if len(lines) > FILE_MAX:
                print(f"{name}:{FILE_MAX}: {len(lines)} lines; what is its second noun?")
                status = 1
            for number, function, length in functions(lines):
                if length > FUNCTION_MAX:
                    print(f"{name}:{number}: warning: {function} has {length} lines")
    return status


sys.exit(main())
