#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""script/demo: it shows what it promises, ends by itself, and leaves nothing."""
import os
import pathlib
import re
import subprocess

import harness
import process

DEMO = harness.TREE / "script" / "demo"


def of_demos():
    """The command lines of processes that belong to a demo."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if f"{place()}/pasu-demo" in text:
            found.append(text)
    return found


def place():
    """Where the demo makes its folder."""
    path = harness.folder() / "demo"
    path.mkdir(exist_ok=True, mode=0o755)
    path.chmod(0o755)
    return path


def run(*words):
    done = subprocess.run([DEMO, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, check=False, env={**os.environ, "TMPDIR": str(place())})
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


@harness.gateway_only
@harness.only_if(harness.PASU == harness.TREE / "build" / "pasu", "the demo builds its own")
@harness.limit(180)
def test_demo():
    """The demo sends traffic of three kinds through pasu, shows what passed, and leaves nothing"""
    said = run()
    for word in ("@example.kr", "200000 customers", "statements", "shop     app", "no fault"):
        assert word in said, word
    assert int(re.search(r"(?m)^rows +([0-9,]+)$", said)[1].replace(",", "")) > 200000, said
    process.until(lambda: not of_demos(), f"nothing runs: {of_demos()}")
    assert not os.listdir(place()), os.listdir(place())


@harness.gateway_only
@harness.only_if(harness.PASU == harness.TREE / "build" / "pasu", "the demo builds its own")
@harness.limit(180)
def test_demo_kept():
    """With --keep it goes on running, the psql line that it prints works, and --stop ends all of it"""
    said = run("--keep")
    folder = re.search(r"(?m)^script/demo --stop (\S+)$", said)[1]
    try:
        line = re.search(r"(?m)^PGPASSWORD=\S+ psql .*$", said)[0]
        done = subprocess.run(["sh", "-c", line + " -XAtc 'SELECT count(*) FROM customers'"], text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert done.stdout == "200000\n", done.stdout
    finally:
        run("--stop", folder)
    process.until(lambda: not of_demos(), f"nothing runs: {of_demos()}")
    assert not os.listdir(place()), os.listdir(place())


if __name__ == "__main__":
    harness.main()
