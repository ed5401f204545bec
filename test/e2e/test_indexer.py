#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The guard keeps the ledger's index by itself: without any command questions are answered with it; whatever
happens to it or to the process that keeps it, a right one comes, and nobody else notices."""
import contextlib
import os
import shutil
import signal

import harness
import ledgerfile
import namespace
import process
import shop
from stage import equal, test
from test_index import agree, answer, index, traffic


def ledger(front):
    return front.guard.folder / "ledger"


def data(front):
    return ledger(front) / "index" / "now" / "data.mdb"


def up_to_date(front, start=0):
    """Waits until the index has all records that there are now, in which the log is read from a mark on."""
    last = sum(1 for path, _ in ledgerfile.segments(ledger(front)) for _ in ledgerfile.walk(path))

    def reached():
        return [one for name in ("index_ready", "index_updated", "index_made") for one in front.guard.find(name, start)
                if one["records"] >= last - 3]
    return front.process.wait_for(reached, 20, f"an index of {last} records")


@test(gateway=True, limit=60)
def test_kept():
    """Questions are answered with the index and no command was run: of what was damaged after it was indexed an
    answer with it knows nothing"""
    front = shop.front("kept")
    traffic(front, "one")
    up_to_date(front)
    right = answer(front, "scope")
    traffic(front, "two")
    mark = front.guard.mark()
    front.guard.wait("index_updated", start=mark)
    agree(front)
    print([one for one in front.guard.events if str(one.get("event")).startswith(("index", "process"))])
    front.stop()


if __name__ == "__main__":
    harness.main()
