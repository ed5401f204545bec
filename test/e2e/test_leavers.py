#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who has left is refused, and cut off where they are: by the roster in force, which follows its file within a second."""
import datetime
import os
import threading
import time

import guard
import harness
import ledgerfile
import process
import shop
from stage import elapsed, equal, in_time, refused, test
from test_signed import ledger, of, texts
import wire

LEFT, BUDGET, RULE = "PS010", "PS001", "PS003"
REFUSED, ROSTER, RAISED = 8, 17, 31
ROSTER_CONTROL, BLOCK = 2, 4  # numbers of docs/spec/ledger.md and docs/spec/exposure.md
CUT = 1  # second, by pasu's own clock, after the file is another one
LOOK = 30  # seconds in which the client has heard of it, on a machine that does much else
CHANGES = 1000 if harness.LONG else 30
HEAD = "principal,kind,owner,owner_status,left_at"
PEOPLE = {"app": "service,Kim,active,", "analyst": "human,Lee,active,", "l_long": "admin,Choi,active,"}


class Roster:
    """A roster's file, and what it says now."""

    def __init__(self, name, **lines):
        self.path = harness.folder() / f"{name}-roster.csv"
        self.lines, self.guard = {**PEOPLE, **lines}, None
        self.place()

    def text(self):
        return HEAD + "\n" + "".join(f"{name},{line}\n" for name, line in self.lines.items())

    def place(self, text=None):
        """Puts a whole file in the place of the one that is there."""
        new = self.path.with_suffix(".new")
        new.write_text(text or self.text(), encoding="utf-8")
        os.rename(new, self.path)

    def change(self, **lines):
        """The same, with these lines, until it is in force."""
        mark = self.guard.mark()
        self.lines.update(lines)
        self.place()
        self.guard.wait("roster_reloaded", start=mark)

    def left(self, name):
        kind, owner, *_ = self.lines[name].split(",")
        return {name: f"{kind},{owner},left,"}


@harness.shared
def roles():
    for name in ("l_long", "l_kind"):
        shop.server().sql(f"CREATE ROLE {name} LOGIN IN ROLE app")


def front(name, lines=None, *, more=None, principals=None, **gateway):
    roles()
    roster = Roster(name, **(lines or {}))
    made = shop.front(name, more={"principals": {"roster": str(roster.path), **(principals or {})}, **(more or {})},
                      **gateway)
    roster.guard = made.guard
    return made, roster


def cut_at(made, mark):
    """When the gate has cut each session, by its own clock: realtime ns, in order."""
    return sorted(int(datetime.datetime.fromisoformat(one["time"]).timestamp() * 10**6) * 1000
                  for one in made.guard.find("session_killed", mark))


def alerts(made):
    return made.guard.json("ack")


def cut(session):
    """Reads to the end of a session: the SQLSTATE that it was ended with, if there was room for one."""
    codes = []
    try:
        while True:
            kind, body = session.receive()
            if kind == "E":
                codes += [wire.read_fields(body)["C"]]
    except (EOFError, ConnectionError, wire.Closed):
        pass
    return codes[-1] if codes else None


# ---- at the door ----

@test(gateway=True)
def test_refused():
    """Who has left reads while the roster says active, and then does not come in: not even as far as the server; it is recorded, and a critical alert"""
    made, roster = front("left")
    with made.login(user="analyst") as session:
        assert session.query("SELECT name FROM customers").rows, "the harm: nobody stops them"
    roster.change(**roster.left("analyst"))
    error = refused(lambda: made.login(user="analyst"), LEFT)
    assert "left" in error.fields["M"] and "roster" in error.fields["H"], error.fields
    one, = process.until(lambda: alerts(made), "an alert")
    refusal = [(index, payload) for index, kind, payload in ledgerfile.records(ledger(made)) if kind == REFUSED][-1]
    equal((one["severity"], one["rule"], one["about"]), (5, "leaver", refusal[0]))
    assert "analyst" in one["text"] and "127.0.0.1" in one["text"], one
    assert b"analyst" in refusal[1], refusal
    # Folded, and counted.
    for _ in range(7):
        refused(lambda: made.login(user="analyst"), LEFT)
    equal(len(alerts(made)), 1)
    equal(len(of(made, REFUSED)), 8)
    # They are back.
    roster.change(analyst=PEOPLE["analyst"])
    with made.login(user="analyst") as session:
        assert session.query("SELECT name FROM customers").rows
    made.stop()
    payload = of(made, RAISED)[-1]
    principal, rule, text = texts(payload[56:])
    equal((principal, rule, payload[16], payload[48:51]), ("analyst", "leaver", 7, bytes([5, ROSTER_CONTROL, BLOCK])))
    assert "7 times" in text, text


@test(gateway=True)
def test_before_the_server():
    """The server is not contacted: where there is none, who is there hears so, and who has left hears that"""
    roster = Roster("nowhere", **{"analyst": "human,Lee,left,"})
    made = guard.start([guard.gateway(f"127.0.0.1:{process.free_port()}")], name="nowhere",
                       principals={"roster": str(roster.path)})
    refused(lambda: wire.login(made.address(), user="l_long"), "08006")
    refused(lambda: wire.login(made.address(), user="analyst"), LEFT)
    made.stop()


@test(gateway=True)
def test_days():
    """A day that has come, or a moment, is as good as a word; a session ends when the moment comes, though nobody changes anything"""
    now = datetime.datetime.now(datetime.timezone.utc)
    made, roster = front("days", {"analyst": f"human,Lee,active,{now:%Y-%m-%d}", "l_long": "admin,Choi,,9999-12-31"})
    refused(lambda: made.login(user="analyst"), LEFT)
    with made.login(user="l_long") as session:
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
        roster.change(l_long=f"admin,Choi,active,{soon:%Y-%m-%dT%H:%M:%S.%f}Z")
        equal(cut(session), LEFT)  # and not when the roster came
        assert datetime.datetime.now(datetime.timezone.utc) >= soon, "not before"
    refused(lambda: made.login(user="l_long"), LEFT)
    made.stop()


# ---- running sessions ----

def running(made, name, sql):
    """A session that is in the middle of this."""
    session = made.login(user=name, timeout=60)
    session.send(wire.query(sql))
    process.until(lambda: any(one["principal"] == name and one["state"] != "idle" for one in made.guard.sessions()), sql)
    return session


def at_the_server(name):
    return int(shop.server().value(f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{name}'"))


BIG = "SELECT c.* FROM customers c, generate_series(1, 20000)"


@test(gateway=True, limit=120)
def test_cut_off():
    """Where no roster says so sessions of who has left go on. With it they end within a second, wherever they are: idle, in a transaction, in the middle
    of a COPY, a result or a wait; their statements are cancelled, and others go on"""
    made, roster = front("cut")
    careless = shop.front("careless")  # of the same server
    other = made.login(user="app")
    ways = {"idle": None, "copy": f"COPY ({BIG}) TO STDOUT", "result": BIG, "wait": "SELECT pg_sleep(1000)",
            "busy": "SELECT count(*) FROM generate_series(1, 100000000000)", "in": "COPY products FROM STDIN"}
    here, harmed = ({way: running(through, "l_long", sql) if sql else through.login(user="l_long", application_name=name) for way, sql in ways.items()}
                    for through, name in ((made, "here"), (careless, "harmed")))
    sessions = here
    for of_one in (here, harmed):
        of_one["transaction"] = (made if of_one is here else careless).login(user="l_long")
        of_one["transaction"].query("BEGIN; SELECT 1")
        of_one["copy"].take(1 << 20)  # it is on its way
    mark = made.guard.mark()
    began = time.monotonic()
    roster.lines.update(roster.left("l_long"))
    roster.place()
    changed = roster.path.stat().st_ctime_ns
    ends = {}

    def wait(way):
        ends[way] = cut(sessions[way]), elapsed(began)

    threads = [threading.Thread(target=wait, args=(way,)) for way in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    print("cut after", {way: round(end[1], 3) for way, end in ends.items()})
    equal(set(ends), set(sessions))
    for way, (code, after) in ends.items():
        assert after < LOOK, (way, after)
        assert code == LEFT or (code is None and way in ("copy", "result")), (way, code)
    process.until(lambda: at_the_server("l_long") == len(harmed), "the server is rid of them, and of none of those whom nobody cuts")
    for way in ("idle", "transaction"):
        assert harmed[way].query("SELECT name FROM customers").rows, f"{way}: the harm"
    for way in ("copy", "result"):
        harmed[way].take(4 << 20)  # it goes on and on
    equal({one["principal"] for one in careless.guard.sessions()}, {"l_long"})
    for session in harmed.values():
        session.abort()
    shop.server().sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'l_long'")
    careless.stop()
    process.until(lambda: at_the_server("l_long") == 0, "those end, too")
    assert elapsed(began) < LOOK, "they were cancelled, not forgotten"
    process.until(lambda: len(cut_at(made, mark)) == len(ends), "the log says so")
    cuts = [(at - changed) / 10**9 for at in cut_at(made, mark)]
    print("by the gate's clock after", cuts)

    def again():
        roster.change(l_long=PEOPLE["l_long"])
        with made.login(user="l_long") as idle, running(made, "l_long", f"COPY ({BIG}) TO STDOUT") as copying:
            mark = made.guard.mark()
            roster.lines.update(roster.left("l_long"))
            roster.place()
            changed = roster.path.stat().st_ctime_ns
            for session in (idle, copying):
                cut(session)
            process.until(lambda: len(cut_at(made, mark)) == 2, "the log says so")
            return (cut_at(made, mark)[-1] - changed) / 10**9
    assert 0 < cuts[0] and (cuts[-1] < CUT or in_time(CUT, again)), cuts
    equal(other.value("SELECT 1"), "1")
    refused(lambda: made.login(user="l_long"), LEFT)
    shown = [line for line in made.guard.json("ledger", "export", "--keys") if line["principal"] == "l_long"]
    assert any(line["subjects"]["customer"]["at_least"] for line in shown), "what they saw until then is recorded"
    other.terminate()
    made.stop()


# ---- services ----

@test(gateway=True)
def test_services():
    """A service whose owner has left goes on, and that is an alert, once, at the change and when it connects; where the configuration says so it is refused"""
    made, roster = front("services", {"l_kind": "service,Kim,active,"})
    session = made.login(user="app")
    equal(alerts(made), [])
    roster.change(**roster.left("app"), **roster.left("l_kind"))
    equal(session.value("SELECT 1"), "1")
    process.until(lambda: alerts(made), "an alert, though it asks for nothing")
    for _ in range(3):
        made.login(user="app").terminate()
        made.login(user="l_kind").terminate()
    found = process.until(lambda: (all_of := alerts(made)) and len(all_of) == 2 and all_of, "the other one's")
    equal([(one["severity"], one["rule"]) for one in found], [(3, "ownerless")] * 2)
    assert "app" in found[0]["text"] and "l_kind" in found[1]["text"], found
    roster_record = [index for index, kind, _ in ledgerfile.records(ledger(made)) if kind == ROSTER][-1]
    equal([one["about"] for one in found], [roster_record] * 2)
    made.guard.config["principals"]["ownerless"] = "block"
    equal(made.reload(), "config_reloaded")
    equal(cut(session), LEFT)
    refused(lambda: made.login(user="app"), LEFT)
    made.stop()


# ---- the file ----

@test(gateway=True)
def test_ways_to_change():
    """However the file is changed, it is in force: put in place, written over, behind a link, in another folder; and again by a gate or a keeper that takes the place of one that died"""
    made, roster = front("ways")
    gone, back = roster.left("analyst"), {"analyst": PEOPLE["analyst"]}

    def over():
        roster.path.write_text(roster.text(), encoding="utf-8")

    def link():
        folder = harness.folder() / f"roster-{len(os.listdir(harness.folder()))}"
        folder.mkdir()
        (folder / "r.csv").write_text(roster.text(), encoding="utf-8")
        new = roster.path.with_suffix(".link")
        new.symlink_to(folder / "r.csv")
        os.rename(new, roster.path)

    for way in (roster.place, over, link, over):
        for lines, here in ((gone, False), (back, True)):
            mark = made.guard.mark()
            roster.lines.update(lines)
            way()
            made.guard.wait("roster_reloaded", start=mark)
            if here:
                made.login(user="analyst").terminate()
            else:
                refused(lambda: made.login(user="analyst"), LEFT)
    roster.change(**gone)
    for name in ("gate", "keeper"):
        made.guard.replace(name)
        process.until(lambda: attempt(made, "analyst") == LEFT, "still refused")
    count = len(of(made, ROSTER))
    os.utime(roster.path)
    roster.change(l_kind="human,New,active,")
    process.until(lambda: len(of(made, ROSTER)) == count + 1, "one more: the same bytes are no other roster")
    made.stop()


def attempt(made, name):
    """The SQLSTATE that a connection is refused with; None: it is not."""
    try:
        made.login(user=name).terminate()
    except wire.ServerError as error:
        return error.code
    except (OSError, EOFError, wire.Closed):
        return "none"
    return None


ACCOUNT = "dn: uid=app,dc=x\nobjectClass: person\nuid: app\n"
BROKEN = {
    "LDIF that is cut off": (f"{ACCOUNT}mail: app@x.or", 4), "LDIF of changes": ("dn: uid=analyst,dc=x\nchangetype: delete\n", 1),
    "nothing": ("", 1), "no header": ("analyst,human\n", 1), "a kind": (f"{HEAD}\nanalyst,robot,,,\n", 2),
    "a status": (f"{HEAD}\napp,service,,,\nanalyst,human,,gone,\n", 3), "a day": (f"{HEAD}\nanalyst,human,,,soon\n", 2),
    "twice": (f"{HEAD}\nanalyst,human,,,\napp,service,,,\nanalyst,human,,left,\n", 4),
    "half a line": (f"{HEAD}\napp,service,,,\nanalyst,hum", 3), "a quote": (f'{HEAD}\n"analyst,human,,,\n', 2),
    "a zero byte": (f"{HEAD}\nanalyst,\0human,,,\n", 1), "too large": (f"{HEAD}\n" + "#" * (8 << 20), 0),
}


@test(gateway=True, limit=120)
def test_broken():
    """A roster that has a fault, or is not there, is refused whole, with its line, and the former stays; the next good one is in force"""
    made, roster = front("broken", {"analyst": "human,Lee,left,"})
    for what, (text, line) in BROKEN.items():
        mark = made.guard.mark()
        roster.place(text or "\n")
        one = made.guard.wait("roster_refused", start=mark)
        equal(one.get("line", 0), line, what)
        equal(attempt(made, "analyst"), LEFT, what)
        equal(attempt(made, "l_long"), None, what)
    mark = made.guard.mark()
    os.unlink(roster.path)
    made.guard.wait("roster_refused", start=mark)
    equal(attempt(made, "analyst"), LEFT)
    equal(len(made.guard.find("roster_reloaded")), 0)
    roster.change(analyst=PEOPLE["analyst"], **roster.left("l_long"))
    equal((attempt(made, "analyst"), attempt(made, "l_long")), (None, LEFT))
    # A reload of the configuration is refused by the same fault.
    roster.place(BROKEN["a kind"][0])
    equal(made.reload(), "config_refused")
    made.stop()


# ---- kinds ----

KINDS = {"budgets": [{"kind": "human", "window": "30d", "subjects": 0, "verdict": "block"}]}


@test(gateway=True)
def test_kinds():
    """Another kind counts from the next statement on: what is on its way is judged by what held when it began, in a pipeline too"""
    made, roster = front("kinds", {"l_kind": "service,Kim,active,"}, more=KINDS)
    session = made.login(user="l_kind", timeout=60)
    session.send(wire.query(BIG.replace("c.*", "c.id, c.name").replace("20000", "500") + " ORDER BY c.id"))
    session.expect("T")
    roster.change(l_kind="human,Kim,active,")
    # Whom it was shown already, it may see again: these are others.
    members, accounts = "SELECT id, name FROM members", "SELECT login, name FROM accounts ORDER BY login"
    session.send(wire.query(members))
    results = session.result(), session.result()
    equal([(len(result.rows), result.code) for result in results], [(500 * shop.CUSTOMERS, None), (0, BUDGET)])
    roster.change(l_kind="service,Kim,active,")
    equal(len(session.query(members).rows), shop.MEMBERS)
    # A pipeline that never ends: the next Execute waits until what went before is through.
    half = shop.ACCOUNTS // 2
    ask = [wire.parse(f"{accounts} {part}") + wire.bind() + wire.execute() for part in (f"LIMIT {half}", f"OFFSET {half}")]
    session.send(ask[0] * 3 + b"H\0\0\0\4")
    session.expect("1")
    roster.change(l_kind="human,Kim,active,")
    session.send(ask[0] + ask[1] + wire.SYNC)
    result = session.result()
    equal((len(result.rows), result.code), (4 * half, BUDGET))
    session.terminate()
    made.stop()


@test(gateway=True)
def test_kinds_of_rules():
    """So it is with rules that ask for the kind, without which people are shown all: a statement that has begun goes on to its end, the next one is judged
    anew"""
    made, roster = front("rules", {"l_kind": "human,Kim,active,"}, more={"rules": []})
    session = made.login(user="l_kind", timeout=60)
    equal(len(session.query("SELECT id, name FROM customers").rows), shop.CUSTOMERS, "the harm")
    made.guard.config["rules"] = [{"name": "people", "when": {"kind": "human", "fields": "any"}, "verdict": "block"}]
    equal(made.reload(), "config_reloaded")
    equal(session.exchange(wire.query("SELECT id, name FROM customers")).code, RULE)
    roster.change(l_kind="service,Kim,active,")
    session.send(wire.query(BIG.replace("20000", "500")))
    session.expect("T")
    roster.change(l_kind="human,Kim,active,")
    one = "SELECT id, name FROM customers"
    session.send(wire.query(one))  # while rows of the other one are still to be judged
    results = session.result(), session.result()
    equal([(len(result.rows), result.code) for result in results], [(500 * shop.CUSTOMERS, None), (0, RULE)])
    ask = wire.parse(one) + wire.bind() + wire.execute()
    roster.change(l_kind="service,Kim,active,")
    session.send(ask + b"H\0\0\0\4")
    session.expect("1")
    roster.change(l_kind="human,Kim,active,")
    session.send(ask + wire.SYNC)
    result = session.result()
    equal((len(result.rows), result.code), (shop.CUSTOMERS, RULE))
    roster.change(l_kind="service,Kim,active,")
    equal(len(session.query(one).rows), shop.CUSTOMERS)
    session.terminate()
    made.stop()


@test(gateway=True, limit=1200)
def test_changed_under_load():
    """While rosters follow each other, each statement is judged by one of them: it shows all or nothing"""
    shop.server().sql("CREATE TABLE IF NOT EXISTS crowd (id int PRIMARY KEY, name text); TRUNCATE crowd;"
                      "INSERT INTO crowd SELECT i, 'p' || i FROM generate_series(1, 400000) i; GRANT SELECT ON crowd TO app")
    mapping = {**KINDS, "subjects": {"member": {"table": "public.crowd", "key": "id"}},
               "personal_data": [shop.personal("crowd", "member", "id", {"name": "name"})]}
    made, roster = front("load", {"l_kind": "service,Kim,active,"}, more=mapping)
    is_over, seen, wrong, at = threading.Event(), {0: 0, 20: 0}, [], [0]
    lock = threading.Lock()

    def read():
        with made.login(user="l_kind", timeout=60) as session:
            while not is_over.is_set():
                with lock:
                    at[0] = first = at[0] + 20
                result = session.exchange(wire.query(f"SELECT id, name FROM crowd WHERE id > {first % 399980} ORDER BY id LIMIT 20"))
                count, codes = len(result.rows), [error["C"] for error in result.errors]
                with lock:
                    if (count, codes) in ((20, []), (0, [BUDGET])):
                        seen[count] += 1
                    else:
                        wrong.append((count, codes))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for turn in range(CHANGES):
        if turn % 7 == 3:
            mark = made.guard.mark()
            roster.place(BROKEN["half a line"][0])
            made.guard.wait("roster_refused", start=mark)
        roster.change(l_kind=("human" if turn % 2 == 0 else "service") + ",Kim,active,", more=f"human,Turn {turn},,")
    is_over.set()
    for reader in readers:
        reader.join(60)
    print(CHANGES, "changes;", "statements that showed nothing and all:", seen)
    equal(wrong, [])
    assert seen[0] and seen[20], seen
    equal(len(of(made, ROSTER)), CHANGES + 1)
    made.guard.check_alive()
    made.stop()


if __name__ == "__main__":
    harness.main()
