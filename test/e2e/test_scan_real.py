#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu scan: a log that nobody here wrote, against what a slow reader of its own finds in it (real/README.md)."""
import bz2
import json
import pathlib
import re
import subprocess

import harness
from stage import equal, test

LOG = pathlib.Path(__file__).parent / "real" / "pgbadger-rds.log.bz2"
MAP = """\
subjects: {account: {}}
statements:
  - {sql: 'SELECT abalance FROM pgbench_accounts WHERE aid = {account}', fields: [balance]}
log_line_prefix: '%t:%r:%u@%d:[%p]:'
"""
LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) CET:([^:]*):([^@]*)@([^:]*):\[(\d+)\]:(LOG|FATAL):  (.*)")
ONE = re.compile(r"SELECT abalance FROM pgbench_accounts WHERE aid = (\d+);")


def read():
    """Of each statement of the log, when it was, who asked from where, and what."""
    for line in bz2.decompress(LOG.read_bytes()).decode().splitlines():
        when, remote, user, _, _, _, message = LINE.fullmatch(line).groups()
        statement = re.fullmatch(r"duration: [\d.]+ ms  statement: (.*)", message)
        if statement:
            yield when, re.sub(r"\(\d+\)$", "", remote), user, statement[1]


@test
def test_postgresql_of_others():
    """PostgreSQL's log of a run of pgbench: as many reads, at those times, of those who asked, as another reader finds"""
    asked = list(read())
    reads = [(when, remote, user, ONE.fullmatch(statement)[1]) for when, remote, user, statement in asked if ONE.fullmatch(statement)]
    others = [statement for *_, statement in asked if "pgbench_accounts" in statement and not ONE.fullmatch(statement)]
    place = harness.folder() / "map.yaml"
    place.write_text(MAP)
    done = subprocess.run([harness.PASU, "scan", "--map", place, "--json", LOG], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          timeout=60)
    document = json.loads(done.stdout)
    assert len(reads) > 400 and len(others) > 400, (len(reads), len(others))
    equal((document["lines"], document["unparsed"], document["files"][0]["format"]), (4000, 0, "stderr"))
    equal((document["observations"]["shown"], document["unmatched"]), (len(reads), len(others)))
    # CET is an hour before UTC.
    equal(document["last"][:19].replace("T", " "), re.sub(r" (\d\d)", lambda hour: f" {int(hour[1]) - 1:02}", max(when for when, *_ in asked)))
    # Each address, each account, and the one network that they are in, if it asked for two persons or more.
    equal(document["principals"], len({remote for _, remote, *_ in reads}) + len({user for *_, user, _ in reads}) + 1)


harness.main()
