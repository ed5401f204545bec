#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The arrows between modules point down only, and docs/ARCHITECTURE.md draws exactly those there are.

Reads the #includes in src/. `--print` prints the block that belongs into docs/ARCHITECTURE.md."""
import pathlib
import re
import sys

# Top to bottom: a module may include only from modules that stand below it here.
ORDER = ["cli", "guard", "console", "drill", "gate", "breach", "scan", "people", "respond", "detect", "policy", "ledger",
         "exposure", "postgres", "mysql", "config", "base"]
# And not these, although they point down: neither protocol knows the other, the exposure knows no
# protocol, and the process that talks to the network needs none of what answers questions afterwards.
FORBIDDEN = {("postgres", "mysql"), ("exposure", "postgres"), ("exposure", "mysql"),
             ("gate", "breach"), ("gate", "scan")}
BLOCK = "```arrows\n"


def wrong(tree, source, target):
    """Why a source file of one module may not include a path, or None."""
    module = source.relative_to(tree / "src").parts[0]
    other = target.split("/")[0]
    if "/" not in target:
        return f'"{target}" is not written with its module, as "{module}/{target}"'
    if not (tree / "src" / target).is_file():
        return f'"{target}" is not in src/'
    if other not in ORDER:
        return f'module "{other}" is not in the order of arrows.py'
    if module == other:
        return None
    if ORDER.index(other) < ORDER.index(module):
        return f"{module} -> {other} points up"
    if (module, other) in FORBIDDEN:
        return f"{module} -> {other} is not allowed"
    return None


def read(tree):
    """The arrows as {module: {modules}}, and the faults as lines of text."""
    arrows, faults = {}, []
    for source in sorted((tree / "src").rglob("*")):
        if source.suffix not in (".c", ".h", ".def"):
            continue
        name = source.relative_to(tree)
        if len(name.parts) < 3:
            faults.append(f"{name}:1: a source file outside every module")
            continue
        module = name.parts[1]
        if module not in ORDER:
            faults.append(f'{name}:1: module "{module}" is not in the order of arrows.py')
            continue
        arrows.setdefault(module, set())
        for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
            found = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not found:
                continue
            fault = wrong(tree, source, found[1])
            if fault:
                faults.append(f"{name}:{number}: {fault}")
            elif found[1].split("/")[0] != module:
                arrows[module].add(found[1].split("/")[0])
    return arrows, faults


def text(arrows):
    lines = [f"{module} -> {' '.join(sorted(arrows[module], key=ORDER.index)) or '(nothing)'}\n"
             for module in ORDER if module in arrows]
    return "".join(lines)


def drawn(page):
    """The block of the page and the line it begins on."""
    content = page.read_text(encoding="utf-8") if page.is_file() else ""
    at = content.find(BLOCK)
    if at < 0:
        return None, 1
    start = at + len(BLOCK)
    return content[start:content.find("```", start)], content[:start].count("\n") + 1


def main():
    tree = pathlib.Path(__file__).resolve().parents[2]
    arrows, faults = read(tree)
    if "--print" in sys.argv[1:]:
        print(BLOCK + text(arrows) + "```")
        return 0
    block, line = drawn(tree / "docs" / "ARCHITECTURE.md")
    if block is None:
        faults.append("docs/ARCHITECTURE.md:1: has no ```arrows block")
    elif block != text(arrows):
        faults.append(f"docs/ARCHITECTURE.md:{line}: its arrows are not those of the #includes; "
                      "put there what this prints: test/check/arrows.py --print")
    print("".join(fault + "\n" for fault in faults), end="")
    return 1 if faults else 0


sys.exit(main())
