# SPDX-License-Identifier: Apache-2.0
"""tools/verify-ledger, asked within the test's own process."""
import contextlib
import importlib.machinery
import importlib.util
import io
import json

import harness

TOOL = harness.TREE / "tools" / "verify-ledger"


@harness.shared
def tool():
    """The program as a module: a thousand runs of it take no thousand starts of Python."""
    loader = importlib.machinery.SourceFileLoader("verify_ledger", str(TOOL))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("verify_ledger", loader))
    loader.exec_module(module)
    return module


def run(*words):
    """(exit status, findings, summary or None); the verifier itself never fails."""
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        status = tool().main([*map(str, words), "--json"])
    assert "verifier failed" not in errors.getvalue(), errors.getvalue()
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    summary = lines.pop() if lines and lines[-1]["kind"] == "summary" else None
    return status, lines, summary


def faults(found):
    return [one for one in found if one["kind"] == "fault"]


def texts(found, kind="fault"):
    return [one["text"] for one in found if one["kind"] == kind]


def has(found, words, kind="fault"):
    assert any(words in one for one in texts(found, kind)), f"no {kind} says {words!r}: {found}"
