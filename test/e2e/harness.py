# SPDX-License-Identifier: Apache-2.0
"""The frame of the end-to-end tests.

A test file defines functions named test_*, whose first line of documentation names the behaviour that
they hold, and ends with `harness.main()`. They run in the order in which they stand; what `shared`
functions make (a server, a gateway) is made once for the file and ended with it.

    usage: test_NAME.py [-v] [--list] [PATTERN]

The last line says how many passed, failed and were skipped; the exit status is 0 where none failed.

Environment:
    PASU_BIN          the program under test (build/pasu)
    PASU_E2E_ROUTE    gateway, or direct: the tests talk to PostgreSQL past pasu, which shows whether the
                      tests themselves are right. Tests of what only a gateway does are skipped then
    PASU_E2E_EPOLL    1: pasu runs where the kernel gives nobody an io_uring
    PASU_E2E_LONG     1: the long runs too
    PASU_E2E_LANE     0 to 2: other test files run at the same time; ports are taken from a range of the lane
    PASU_E2E_CACHE    where what is fetched or compiled for tests is kept (build/e2e-cache)
    PASU_E2E_SERVER   13, 14, 16, 17 or 18: servers of that version, whose programs are fetched (versions.py)
    PGBIN             PostgreSQL's programs (/usr/lib/postgresql/15/bin)"""
import contextlib
import functools
import os
import pathlib
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True

import process  # noqa: E402  (after the line above)

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parents[1]
PASU = pathlib.Path(os.environ.get("PASU_BIN", TREE / "build" / "pasu")).absolute()
CACHE = pathlib.Path(os.environ.get("PASU_E2E_CACHE", TREE / "build" / "e2e-cache")).absolute()
DIRECT = os.environ.get("PASU_E2E_ROUTE", "gateway") == "direct"
EPOLL = os.environ.get("PASU_E2E_EPOLL") == "1"
LONG = os.environ.get("PASU_E2E_LONG") == "1"
SERVER = int(os.environ.get("PASU_E2E_SERVER", "0")) or None
ROOT = os.geteuid() == 0
TIME_LIMIT = 240  # seconds, of a test: it is there for what never ends, not for a machine that is busy

_closing = contextlib.ExitStack()
_folder = []


class Skip(Exception):
    """This test cannot or need not run here; the text says why."""


class TimeLimit(BaseException):
    """The test took longer than it may."""


def folder():
    """A temporary folder for this run of this file; other accounts may look into it."""
    if not _folder:
        _folder.append(pathlib.Path(tempfile.mkdtemp(prefix="pasu-e2e-")))
        _folder[0].chmod(0o755)
    return _folder[0]


def cache(name):
    """A folder that outlives the run."""
    path = CACHE / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def shared(function):
    """What it returns is made once, when it is first asked for; where that fails, it is not tried
    again, and where it is a reason to skip, it is one again. A generator's rest runs at the end."""
    made, tried = [], []

    @functools.wraps(function)
    def get():
        if not made:
            if tried:
                raise tried[0]
            tried.append(AssertionError(f"{function.__name__}() could not be made"))
            try:
                value = function()
            except Skip as reason:
                tried[0] = reason
                raise
            if hasattr(value, "__next__"):
                made.append(next(value))
                _closing.callback(lambda: next(value, None))
            else:
                made.append(value)
        return made[0]

    return get


def limit(seconds):
    """A test that may take longer than others."""
    def mark(function):
        function.time_limit = seconds
        return function
    return mark


def only_if(condition, reason):
    def mark(function):
        if not condition:
            function.skip = reason
        return function
    return mark


gateway_only = only_if(not DIRECT, "of the gateway only")
root_only = only_if(ROOT, "needs root")
long_only = only_if(LONG, "in the long run only")


def _on_alarm(*_):
    raise TimeLimit()


def _on_end(*_):
    raise SystemExit(130)


def _name(function):
    return " ".join((function.__doc__ or function.__name__).split("\n\n")[0].split()).rstrip(".")


def _run(function, prefix):
    """Runs one test and prints its line; "passed", "failed" or "skipped"."""
    line = f"{prefix}: {_name(function)}"
    if getattr(function, "skip", None):
        print(f"ok {line} # SKIP {function.skip}", flush=True)
        return "skipped"
    begin = time.monotonic()
    most = max(getattr(function, "time_limit", 0), TIME_LIMIT)
    marks = {one: len(one.lines) for one in process.running}
    signal.alarm(most)
    try:
        function()
        signal.alarm(0)
        print(f"ok {line} ({time.monotonic() - begin:.1f} s)", flush=True)
        return "passed"
    except Skip as reason:
        signal.alarm(0)
        print(f"ok {line} # SKIP {reason}", flush=True)
        return "skipped"
    except TimeLimit:
        signal.alarm(0)
        print(f"not ok {line} (more than {most} s)")
        _explain(marks)
    except Exception:  # whatever a test raises is its failure
        signal.alarm(0)
        print(f"not ok {line} ({time.monotonic() - begin:.1f} s)")
        _explain(marks)
    return "failed"


def _explain(marks):
    """Where it failed, and what the processes said meanwhile."""
    for text in traceback.format_exc().rstrip().splitlines():
        print(f"#   {text}")
    for one in list(process.running):
        for text in [line for line in one.lines[marks.get(one, 0):] if "LOCATION: " not in line][-12:]:
            print(f"#   {one.name}: {text[:600]}")
    sys.stdout.flush()


def _end():
    """Ends everything; what could not be ended in order is a failure of the file."""
    problems = []
    try:
        _closing.close()
    except Exception as error:
        problems.append(f"{type(error).__name__}: {error}")
    problems += [f"{name} had to be killed" for name in process.close_all()]
    if _folder:
        shutil.rmtree(_folder[0], ignore_errors=True)
    return problems


def main():
    module = sys.modules["__main__"]
    prefix = pathlib.Path(module.__file__).stem
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    tests = [value for name, value in vars(module).items() if name.startswith("test_")]
    tests = [one for one in tests if not words or any(w in one.__name__ or w in _name(one) for w in words)]
    if "--list" in sys.argv:
        print("\n".join(f"{one.__name__}: {_name(one)}" for one in tests))
        sys.exit(0)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    signal.signal(signal.SIGALRM, _on_alarm)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _on_end)
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    if not DIRECT and not os.access(PASU, os.X_OK):
        print(f"not ok {prefix}: {PASU} is not built")
        print("0 passed, 1 failed")
        sys.exit(1)
    problems = []
    try:
        for one in tests:
            counts[_run(one, prefix)] += 1
    finally:
        signal.alarm(0)
        problems = _end()
    for problem in problems:
        counts["failed"] += 1
        print(f"not ok {prefix}: ends in order\n#   {problem}")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    sys.exit(1 if counts["failed"] else 0)
