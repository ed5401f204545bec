#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL's own regression suite, past the gateway and through it: the results are the same.

A test that fails directly, because the suite is of another minor version, must fail through the gateway
too."""
import collections
import difflib
import re
import subprocess

import certificate
import guard
import harness
import inspector
import past
import postgres
import process
import suite
from suite import TIME, printed, results


@harness.shared
def direct():
    suite.workshop()
    server = postgres.Server(harness.folder(), "without", settings=suite.SETTINGS)
    found = results("direct", *server.address)
    server.stop()
    return found


def differences(one, other):
    """Tests that went otherwise: failed here and not there, or failed in another way."""
    (expected, without), (found, through) = one, other
    return {name: (expected.get(name), found.get(name)) for name in sorted({*expected, *found})
            if expected.get(name) != found.get(name) or
            found[name] != "ok" and printed(without, name) != printed(through, name)}


def diff(name, one, other):
    sides = [side / "results" / f"{name}.out" for side in (one, other)]
    text = subprocess.run(["diff", "-U1", *sides], stdout=subprocess.PIPE, check=False).stdout
    return text.decode("utf-8", "replace")[:3000]


def compare(way, tls):
    expected, without = direct()
    own = certificate.Authority(harness.folder(), f"ca-{way}").issue(f"own-{way}", "localhost")
    more = {"tls": guard.tls(own), "upstream_tls": {"mode": "require"}} if tls else {}
    # Some tests of the suite depend on how busy the machine is. What the gateway is guilty of comes
    # a second time too.
    guilty = None
    for turn in ("first", "second"):
        server = postgres.Server(harness.folder(), f"{way}-{turn}", certificate=own if tls else None, settings=suite.SETTINGS)
        front = guard.start(guard.gateway(server, **more))
        found, through = results(f"{way}-{turn}-results", *front.address())
        different = differences((expected, without), (found, through))
        guilty = different if guilty is None else {name: one for name, one in different.items() if name in guilty}
        front.stop()
        server.stop()
        if not guilty:
            break
    report = "\n".join(diff(name, without, through) for name in list(guilty)[:3])
    assert not guilty, f"{guilty}\n{report}"
    good = sum(1 for one in found.values() if one == "ok")
    print(f"# {len(found)} tests of the suite give the same, {good} of them what the suite expects")


@harness.gateway_only
@harness.limit(TIME)
def test_regression_suite():
    """PostgreSQL's regression suite gives through the gateway what it gives directly"""
    compare("gateway", False)


@harness.gateway_only
@harness.long_only
@harness.limit(TIME)
def test_regression_suite_tls():
    """The same with TLS on both sides"""
    compare("tls", True)


# ---- with persons ----

def personal(table, subject, key, **fields):
    return {"table": f"public.{table}", "subject": subject, "key": key, "fields": fields}


# Tables that many of its tests read, some of them by joins with others, or with children.
PERSONS = {
    "subjects": {
        "one": {"table": "public.onek", "key": "unique1"},
        "ten": {"table": "public.tenk1", "key": "unique1"},
        "person": {"table": "public.person", "key": "name"},
        "eight": {"table": "public.int8_tbl", "key": "q2"},
        "text": {"table": "public.text_tbl", "key": "f1"},
    },
    "personal_data": [
        personal("onek", "one", "unique1", stringu1="name", stringu2="phone", string4="address", ten="order"),
        personal("onek2", "one", "unique1", stringu1="name", stringu2="phone", string4="address", ten="order"),
        personal("tenk1", "ten", "unique1", stringu1="name", stringu2="phone", string4="address", hundred="order"),
        personal("tenk2", "ten", "unique1", stringu1="name", stringu2="phone", string4="address", ten="order"),
        personal("person", "person", "name", name="name", age="birth", location="address"),
        personal("emp", "person", "name", name="name", salary="order", manager="email"),
        personal("int8_tbl", "eight", "q2", q1="order"),
        personal("text_tbl", "text", "f1", f1="name"),
    ],
}
REFUSED = "pasu refuses this statement: "
# What may differ, as deviations() tells it: {test: ({what is refused: how often}, other lines)}. The server's
# files are listed and read by none of pasu's clients, large objects are taken from them or put there neither
# (largeobject then has none to go on with); and a name in Unicode escapes can be any name where strings have two
# readings. A function may not be given libraries to load (rules), nor is a table written to that was made in the
# server's own schema (alter_table). What else is refused does not come up to the gateway: see past.py.
MEANT = {
    "alter_table": ({"it writes to PostgreSQL's own catalog": 3}, 0),
    "largeobject": ({"function pg_catalog.lo_export": 2, "function pg_catalog.lo_import": 1}, 31),
    "misc_functions": ({"function pg_catalog.pg_ls_waldir": 5, "function pg_catalog.pg_ls_archive_statusdir": 1,
                        "function pg_catalog.pg_ls_dir": 5}, 0),
    "privileges": ({"function pg_catalog.lo_export": 2, "function pg_catalog.lo_import": 2}, 0),
    "rules": ({"this setting makes the database server load code, or lets its catalog be changed": 1}, 3),
    "strings": ({"function pg_catalog.pg_ls_logicalmapdir": 3}, 0),
}


def prepared(name):
    """A server with the database that pg_regress would make, and what the inspector needs."""
    server = postgres.Server(harness.folder(), name, settings=suite.SETTINGS)
    server.sql("CREATE DATABASE regression TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    for setting in ("lc_messages", "lc_monetary", "lc_numeric", "lc_time"):
        server.sql(f"ALTER DATABASE regression SET {setting} TO 'C'")
    server.sql("ALTER DATABASE regression SET bytea_output TO 'hex'")
    server.sql("ALTER DATABASE regression SET timezone_abbreviations TO 'Default'")
    asked = inspector.install(server, databases=("postgres", "regression"))
    server.sql(past.FUNCTION, "regression")
    return server, asked


def attributed(name, more=None):
    server, asked = prepared(name)
    front = guard.start(guard.gateway(server, inspector=asked, workers=2), **more) if more else None
    _, output = results(f"{name}-results", *(front.address() if front else server.address), suite.workshop_past,
                        ["--use-existing"], 3 * TIME)
    if front:
        peak = process.memory(front.pids()["gate"], "VmHWM") >> 20
        lines = guard.run("ledger", "export", "--json", "-c", front.path, timeout=300).stdout.count("\n")
        print(f"# {lines} lines in the ledger, {peak} MiB at most in the gate", flush=True)
        assert lines > 1000 and peak < 512
        front.stop()
    server.stop()
    return output


def deviations(name, one, other):
    """What the gateway refused, by the refusals' texts, and how many other lines differ."""
    refused, others = collections.Counter(), 0
    for line in difflib.unified_diff(*(printed(side, name).splitlines() for side in (one, other)), n=0):
        if line.startswith("+ERROR:  " + REFUSED):
            refused[re.sub(r" can read files.*| can do anything.*", "", line.partition(REFUSED)[2])] += 1
        elif line.startswith("+") and not line.startswith(("+++", "+HINT:  an administrator can do this")):
            others += 1
    return dict(refused), others


@harness.gateway_only
@harness.long_only
@harness.limit(4 * TIME)  # it changes the catalog 9,000 times, and each time that is read again
def test_regression_suite_attributed():
    """Where rows are attributed to persons, all that differs is what pasu refuses, and what follows from that"""
    without = attributed("unseen")
    other = attributed("seen", PERSONS)
    found = {}
    for path in sorted((without / "results").glob("*.out")):
        if printed(without, path.stem) != printed(other, path.stem):
            found[path.stem] = deviations(path.stem, without, other)
    report = "\n".join(diff(name, without, other) for name in found if found[name] != MEANT.get(name))
    assert found == MEANT, f"{found}\n{report}"


if __name__ == "__main__":
    harness.main()
