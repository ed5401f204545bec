#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs what the documentation shows, and follows its links.

usage: test/check/docs.py [BUILD] [FILE...]          (default: build, README.md and docs/**/*.md)

    ```sh run            the block is run. Lines that begin with "$ " are commands ("> " continues
                         one), the lines after them are what they must print, standard error included;
                         "..." matches any text, as a line of its own any lines. A line "[N]" says
                         that the exit status is N instead of 0.
    ```sh elsewhere      not run here; the words after "elsewhere" say why, or what does run it.
    ```yaml file NAME    written to NAME before the blocks after it are run.

The blocks of one page are run in one temporary folder, in order, with BUILD first in PATH. A block
tagged "sh" with neither word is a fault: a command that nobody runs is a command that rots."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

FENCE = re.compile(r"^(\s*)```(.*)$")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
TIMEOUT = 60


def blocks(lines):
    """(line number of the first line, tag, lines) of each fenced block."""
    tag, start, indent = None, 0, 0
    for number, line in enumerate(lines, 1):
        found = FENCE.match(line)
        if found and tag is None:
            tag, start, indent = found[2].strip(), number + 1, len(found[1])
        elif found:
            yield start, tag, [kept[indent:] for kept in lines[start - 1:number - 1]]
            tag = None


def commands(first, lines):
    """(line number, command, expected lines, expected status) of each command of a block."""
    found = []
    for number, line in enumerate(lines, first):
        if line.startswith("$ "):
            found.append([number, line[2:], [], 0])
        elif line.startswith("> ") and found and not found[-1][2]:
            found[-1][1] += "\n" + line[2:]
        elif not found:
            raise ValueError(f'{number}: the first line of a block that is run begins with "$ "')
        elif re.fullmatch(r"\[\d+\]", line):
            found[-1][3] = int(line[1:-1])
        else:
            found[-1][2].append(line)
    return found


def pattern(lines):
    """The expected lines as one regular expression."""
    parts = []
    for line in lines:
        if line == "...":
            parts.append(r"(?:.*\n)*")
        else:
            parts.append(".*".join(re.escape(part) for part in line.split("...")) + r"\n")
    return "".join(parts)


def run(name, block, folder, environment):
    """Faults of one block that is run."""
    first, lines = block
    faults = []
    for number, command, expected, status in commands(first, lines):
        try:
            done = subprocess.run(["sh", "-c", command], cwd=folder, env=environment, timeout=TIMEOUT,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
        except subprocess.TimeoutExpired:
            faults.append(f"{name}:{number}: \"{command}\" did not end within {TIMEOUT} s")
            continue
        output = done.stdout.decode("utf-8", "replace")
        if done.returncode != status:
            faults.append(f"{name}:{number}: \"{command}\" ended with {done.returncode}, not {status}:"
                          f"\n{output}")
        elif expected and not re.fullmatch(pattern(expected), output if output[-1:] == "\n" else output + "\n"):
            faults.append(f"{name}:{number}: \"{command}\" printed otherwise:\n{output}")
    return faults


def links(name, page, lines):
    """Links to files that are not there."""
    for number, line in enumerate(lines, 1):
        for target in LINK.findall(line):
            path = target.split("#")[0]
            if re.match(r"[a-z]+:", target) or not path:
                continue
            if not (page.parent / path).exists():
                yield f"{name}:{number}: links to {target}, which is not there"


def check(tree, page, environment):
    name = page.relative_to(tree)
    lines = page.read_text(encoding="utf-8").splitlines()
    faults = list(links(name, page, lines))
    with tempfile.TemporaryDirectory(prefix="pasu-docs-") as folder:
        for first, tag, content in blocks(lines):
            words = tag.split()
            if words[:2] == ["sh", "run"]:
                faults += run(name, (first, content), folder, environment)
            elif words[:1] == ["sh"] and (len(words) < 3 or words[1] != "elsewhere"):
                faults.append(f'{name}:{first - 1}: tag it "sh run", or "sh elsewhere" and why')
            elif len(words) == 3 and words[1] == "file":
                (pathlib.Path(folder) / words[2]).write_text("\n".join(content) + "\n", encoding="utf-8")
    return faults


def main():
    tree = pathlib.Path(__file__).resolve().parents[2]
    build = (pathlib.Path.cwd() / sys.argv[1] if len(sys.argv) > 1 else tree / "build").resolve()
    pages = [pathlib.Path(word).resolve() for word in sys.argv[2:]]
    pages = pages or [tree / "README.md"] + sorted((tree / "docs").rglob("*.md"))
    environment = dict(os.environ, PATH=f"{build}:{os.environ['PATH']}", LC_ALL="C.UTF-8", COLUMNS="80")
    if not os.access(build / "pasu", os.X_OK):
        print(f"docs.py: {build}/pasu is not built", file=sys.stderr)
        return 2
    faults = [fault for page in pages for fault in check(tree, page, environment)]
    print("".join(fault.rstrip("\n") + "\n" for fault in faults), end="")
    return 1 if faults else 0


sys.exit(main())
