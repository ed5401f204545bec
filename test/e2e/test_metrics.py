#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Numbers for Prometheus: the text format, what the numbers say, and that nobody waits for who reads them."""
import contextlib
import http.client
import os
import re
import signal
import socket
import time

import harness
import process
import shop
from stage import equal, refused, test
import wire

NAME = r"[a-zA-Z_][a-zA-Z0-9_]*"
SAMPLE = re.compile(rf'({NAME})(\{{{NAME}="[^"\\\n]*"(?:,{NAME}="[^"\\\n]*")*\}})? ([0-9.]+)')
LABELS = {"version", "verdict", "attribution", "severity", "target", "process", "reason"}
BUDGETS = [{"principal": "analyst", "window": "day", "subjects": 5, "verdict": "block"}]
ROSTER = "principal,kind,owner,owner_status\ngone,human,Park,left\n"


@harness.shared
def front():
    roster = harness.folder() / "metrics-roster.csv"
    roster.write_text(ROSTER, encoding="utf-8")
    made = shop.front("metrics", more={"metrics": {"listen": f"127.0.0.1:{process.free_port()}"}, "budgets": BUDGETS,
                                       "principals": {"roster": str(roster)}})
    process.until(lambda: read(made).get("pasu_gate_up") == 1, "the gate has told its numbers")
    return made


def port(place):
    return int(place.guard.config["metrics"]["listen"].rpartition(":")[2])


def get(place, path="/metrics", method="GET"):
    asked = http.client.HTTPConnection("127.0.0.1", port(place), timeout=60)
    asked.request(method, path)
    answer = asked.getresponse()
    return answer.status, answer.headers["Content-Type"], answer.read().decode()


def parse(page):
    """The samples of a page in the text format, which is checked: each metric has its help and type before its samples, all
    in one place, and a name as it should be."""
    found, kinds, current = {}, {}, None
    assert page.endswith("\n"), page[-50:]
    for line in page.splitlines():
        if line.startswith("# HELP "):
            current = line.split()[2]
            assert current not in kinds and len(line.split()) > 3, line
            kinds[current] = None
        elif line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            assert name == current and kind in ("counter", "gauge"), line
            assert (kind == "counter") == name.endswith("_total"), line
            kinds[name] = kind
        else:
            name, labels, value = SAMPLE.fullmatch(line).groups()
            assert name == current and kinds[name] and name.startswith("pasu_"), line
            assert set(re.findall(rf"({NAME})=", labels or "")) <= LABELS, line
            assert name + (labels or "") not in found, line
            found[name + (labels or "")] = float(value)
    return found


def read(place):
    with contextlib.suppress(ConnectionError):
        status, kind, page = get(place)
        equal((status, kind), (200, "text/plain; version=0.0.4; charset=utf-8"))
        return parse(page)
    return {}


def until(place, more, before):
    """Waits until these have grown by so much."""
    def grown():
        now = read(place)
        return {name: now.get(name, 0) - before.get(name, 0) for name in more} == more
    process.until(grown, f"the numbers have grown by {more}")


@test(gateway=True)
def test_the_numbers_say_what_was_done():
    """Sessions, statements by verdict, rows, persons, refusals by reason and alerts are counted as they happen"""
    before = read(front())
    equal(before["pasu_up"], 1)
    with front().login(user="app") as session:
        equal(len(session.query("SELECT id, name FROM customers ORDER BY id LIMIT 7").rows), 7)
        session.query("SELECT 1")
        until(front(), {"pasu_sessions": 1, "pasu_sessions_opened_total": 1, "pasu_rows_total": 8,
                        'pasu_recorded_statements_total{verdict="allow"}': 1, "pasu_recorded_rows_total": 7,
                        'pasu_persons_shown_total{attribution="exact"}': 7,
                        'pasu_persons_shown_total{attribution="bound"}': 0}, before)
    before = read(front())
    with front().login(user="analyst") as session:
        session.exchange(wire.query("SELECT id, name FROM customers ORDER BY id"))
    for _ in range(3):
        refused(lambda: front().login(user="gone"), "PS010")
    until(front(), {'pasu_recorded_statements_total{verdict="block"}': 1, 'pasu_connections_refused_total{reason="left"}': 3,
                    'pasu_alerts_raised_total{severity="critical"}': 1}, before)
    now = read(front())
    assert 0 < now["pasu_ledger_bytes"] and 0 < now["pasu_ledger_free_bytes"] and now["pasu_ledger_records"] > 10, now
    begun = time.time()
    process.until(lambda: begun <= read(front()).get("pasu_metrics_timestamp_seconds", 0) <= time.time(), "another time")
    assert now["pasu_ring_fill_ratio"] < 1, now
    assert abs(now["pasu_catalog_checked_timestamp_seconds"] - time.time()) < 60, now
    assert now["pasu_plan_cache_misses_total"] > 0 and now['pasu_process_restarts_total{process="gate"}'] == 0, now


@test(gateway=True)
def test_nothing_of_whom_is_told():
    """No name of a role, table, database, address or application is on the page, and no more lines come with more of them"""
    page = get(front())[2]
    for word in ("app", "analyst", "gone", "customers", "postgres", "127.0.0.1", "Kim"):
        assert not re.search(rf"\b{word}\b", re.sub(r"# HELP.*", "", page)), word
    for i in range(20):
        refused(lambda: front().login(user=f"stranger{i}", database=f"none{i}"), "28000")
    until(front(), {}, {})
    assert len(parse(get(front())[2])) <= len(parse(page)) + 1, "one reason more at most"


@test(gateway=True)
def test_other_paths_and_methods_are_refused():
    equal([get(front(), path)[0] for path in ("/", "/metrics/", "/metrics?x=1", "/../metrics")], [404, 404, 200, 404])
    equal([get(front(), method=method)[0] for method in ("HEAD", "POST", "DELETE")], [200, 405, 405])
    equal(get(front(), method="HEAD")[2], "")


@test(gateway=True)
def test_a_body_is_not_read():
    """A request with a body is answered as without, and what stands in the body is no request; then the connection ends"""
    inner = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
    for line, due in ((b"GET /metrics", 200), (b"POST /metrics", 405), (b"GET /other", 404)):
        for length in (len(inner), 10**9):
            with socket.create_connection(("127.0.0.1", port(front())), timeout=60) as one:
                one.sendall(line + b" HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % length + inner)
                answer = b"".join(iter(lambda taken=one: taken.recv(65536), b""))
            equal((re.findall(rb"HTTP/1.1 (\d+) ", answer), b"\npasu_up 1\n" in answer), ([b"%d" % due], due == 200), answer[:100])
    equal(read(front())["pasu_up"], 1)


@test(gateway=True)
def test_nobody_waits_for_a_reader():
    """Readers that say nothing, or nonsense, or never take their answer, keep neither sessions nor the next reader; nor does a
    herald that is stopped keep sessions"""
    idle = [socket.create_connection(("127.0.0.1", port(front()))) for _ in range(40)]
    for i, one in enumerate(idle[:20]):
        with contextlib.suppress(OSError):
            one.sendall(os.urandom(3000) if i % 2 else b"GET /metrics HTTP/1.1\r\nX: " + b"y" * 20000)
    with front().login(user="app") as session:
        session.query("SELECT name FROM customers LIMIT 1")
    for one in idle:
        one.close()
    process.until(lambda: read(front()).get("pasu_up") == 1, "the next reader is answered")
    herald = front().guard.pids()["herald"]
    os.kill(herald, signal.SIGSTOP)
    try:
        with front().login(user="app") as session:
            for _ in range(50):
                session.query("SELECT name FROM customers LIMIT 1")
    finally:
        os.kill(herald, signal.SIGCONT)
    process.until(lambda: read(front()).get("pasu_up") == 1, "it goes on")


@test(gateway=True)
def test_another_address_and_none():
    """A reload moves it to another address, and is no restart of what it puts in another's place; a death is. Without the key
    nobody listens, and no herald runs"""
    other = shop.front("metrics-moved", more={"metrics": {"listen": f"127.0.0.1:{process.free_port()}"}})
    process.until(lambda: read(other).get("pasu_gate_up") == 1, "the gate has told its numbers")
    first = port(other)
    other.guard.config["metrics"]["listen"] = f"127.0.0.1:{process.free_port()}"
    other.reload()
    process.until(lambda: read(other).get("pasu_gate_up") == 1, "it is at the other address")
    with socket.socket() as one:
        assert one.connect_ex(("127.0.0.1", first)) != 0, "the first one is closed"
    second = port(other)
    herald = other.guard.pids()["herald"]
    other.reload()
    other.guard.until_other("herald", herald)
    restarts = 'pasu_process_restarts_total{{process="{}"}}'.format
    process.until(lambda: read(other).get("pasu_gate_up") == 1, "it is told again")
    equal([read(other)[restarts(name)] for name in ("gate", "keeper", "herald", "indexer")], [0, 0, 0, 0])
    other.guard.replace("herald")
    process.until(lambda: read(other).get(restarts("herald")) == 1, "that it died is counted")
    del other.guard.config["metrics"]
    other.reload()

    def is_closed():
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", second)) != 0
    process.until(is_closed, "nobody listens")
    other.stop()


if __name__ == "__main__":
    harness.main()
