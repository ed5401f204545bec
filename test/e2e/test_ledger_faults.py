#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Nothing that a client received is missing from the ledger: processes killed at random under load, the
keeper standing still until no record finds room, the disk full."""
import collections
import contextlib
import os
import random
import signal
import socket
import struct
import threading

import harness
import namespace
import process
from process import until
import shop
from stage import Front, equal, test
import wire

KILLS = 500 if harness.LONG else 15
CLIENTS = 4
# After how many kills the whole ledger is read in between: it grows.
LOOK = 50 if harness.LONG else 3


def works(front):
    with contextlib.suppress(OSError, wire.Closed, wire.ServerError):
        with front.login(user="app", timeout=60) as session:
            return session.value("SELECT 1") == "1"
    return False


# ---- killed at random ----

class Load:
    """Clients that read persons until stop(). `seen`: for each session's application name the persons
    whose rows it received in whole; `asked`: how many rows its statements had; `ended`: those which read
    every answer to its end."""

    QUESTIONS = (
        ("SELECT id, name FROM customers WHERE id = {key}", 1),
        ("SELECT name FROM customers WHERE id = {key}", 1),
        ("SELECT name, email FROM customers WHERE grade = 1", shop.CUSTOMERS // 5),
        ("SELECT name, repeat('x', 300) FROM customers ORDER BY md5(id::text || {key})", shop.CUSTOMERS),
        ("SELECT c.name, c.id, o.item FROM customers c, orders o, generate_series(1, 3) WHERE o.customer_id = c.id",
         (shop.CUSTOMERS - shop.CUSTOMERS // 5) * 9),
    )

    def __init__(self, front, tag):
        self.front, self.tag, self.over, self.wrong = front, tag, threading.Event(), []
        self.seen, self.asked = collections.defaultdict(set), collections.Counter()
        self.received, self.ended, self.done = collections.Counter(), set(), 0
        self.threads = [threading.Thread(target=self.run, args=(number,), daemon=True) for number in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        chance, turn = random.Random(f"{self.tag}{number}"), 0
        while not self.over.is_set():
            turn += 1
            name = f"{self.tag}-{number}-{turn}"
            try:
                with self.front.login(user="app", application_name=name, timeout=20) as session:
                    for _ in range(chance.randrange(1, 12)):
                        self.ask(session, name, chance)
                    session.terminate()
                self.ended.add(name)
            except (OSError, wire.Closed, TimeoutError):
                self.over.wait(0.01)
            except wire.ServerError as error:
                if error.code not in ("58030", "57P01", "57P03", "08006", "53300"):
                    self.wrong.append(f"{name}: {error}")
                self.over.wait(0.01)
            except Exception as error:  # told at the end
                self.wrong.append(f"{name}: {error!r}")

    def ask(self, session, name, chance):
        sql, rows = chance.choice(self.QUESTIONS)
        sql = sql.format(key=chance.choice(shop.keys("customers", "id")))
        self.asked[name] += rows
        if chance.random() < 0.5:
            session.send(wire.query(sql))
        else:
            session.send(wire.parse(sql) + wire.bind() + wire.execute() + wire.SYNC)
        while True:
            kind, body = session.receive()
            if kind == "D":
                value = wire.read_row(body)[0]
                self.seen[name].add(value.removeprefix("Kim-"))
                self.received[name] += 1
            elif kind == "E":
                raise wire.ServerError(wire.read_fields(body))
            elif kind == "Z":
                break
        self.done += 1

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join(60)
        assert not self.wrong, self.wrong[:3]

    def copy(self):
        """What has been received by now."""
        return {name: set(keys) for name, keys in list(self.seen.items())}


def missing(seen, said):
    """Persons that were received and are not in the ledger."""
    return {name: sorted(keys - said[name].keys["customer"])[:5] for name, keys in seen.items()
            if keys - said[name].keys["customer"]}


def killed_at_random(durability, kills):
    chance = random.Random(f"kills {durability}")
    front = shop.front(f"killed-{durability}", more={"ledger": {"directory": "./ledger", "durability": durability}})
    load, looks = Load(front, durability), 0
    try:
        for number in range(kills):
            name = chance.choice(("gate", "gate", "keeper", "supervisor"))
            pids = until(lambda: front.guard.run("status").returncode == 0 and front.guard.pids(), "its processes", 40)
            done, least = load.done, chance.randrange(1, 12)
            until(lambda: load.done > done + least, "some load", 60)
            if name == "supervisor":
                front.process.kill()
                until(lambda: not any(process.is_running(pid) for pid in pids.values()), "all its processes ended")
                # The files alone must have it, with nobody left who remembers.
                looks += 1
                if looks % LOOK == 1:
                    equal(missing(load.copy(), shop.export(front)), {}, f"lost at kill {number}, from the files alone")
                front.guard.start()
            else:
                seen = load.copy()
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pids[name], signal.SIGKILL)
                until(lambda: front.guard.run("status").returncode == 0
                      and front.guard.pids().get(name) not in (0, None, pids[name]), f"a new {name}", 40)
                if number % LOOK == 1:
                    equal(missing(seen, shop.export(front)), {}, f"lost at kill {number} ({name})")
            until(lambda: works(front), f"a session after kill {number} ({name})", 40)
    finally:
        load.stop()
    front.guard.until_sessions(0, 40)
    said = shop.export(front)
    equal(missing(load.seen, said), {}, "lost")
    problems = []
    for name, shown in said.items():
        if name not in load.seen and shown.keys["customer"] and not name.startswith(durability):
            problems.append(f"{name}: whose?")
        if shown.rows < load.received[name] or shown.rows > load.asked[name]:
            problems.append(f"{name}: {shown.rows} rows, of {load.received[name]} received and {load.asked[name]} asked for")
        if name in load.ended and (shown.rows != load.received[name] or shown.keys["customer"] != load.seen[name]):
            problems.append(f"{name}: {shown.rows} rows of {len(shown.keys['customer'])}, not {load.received[name]} of {len(load.seen[name])}")
        if shown.flags or shown.unknown:
            problems.append(f"{name}: {shown.flags}, {shown.unknown} unknown")
    equal(problems[:5], [], f"{len(problems)} of {len(said)} sessions")
    assert load.done > kills and len(load.ended) > 0
    front.stop()


@test(gateway=True, limit=7200 if harness.LONG else 200)
def test_killed_group():
    """Gate, keeper and supervisor killed at random: every row that a client received is in the ledger, once"""
    killed_at_random("group", KILLS - KILLS // 3)


@test(gateway=True, limit=7200 if harness.LONG else 200)
def test_killed_strict():
    """The same with durability strict"""
    killed_at_random("strict", KILLS // 3)


@test(gateway=True, limit=120)
def test_durability_changed():
    """Another durability by SIGHUP holds for the sessions that stand, too: none waits for what nobody does any more"""
    front = shop.front("durability", more={"ledger": {"directory": "./ledger", "durability": "strict"}})
    keys = iter(shop.keys("customers", "id"))
    seen = set()
    with front.login(user="app", application_name="stands") as session:
        for durability in ("os", "strict", "group", "os", "group", "strict", "os"):
            front.guard.config["ledger"]["durability"] = durability
            equal(front.reload(), "config_reloaded")
            for _ in range(3):
                seen |= {key := next(keys)}
                # Who waits for what nobody does is ended by an error.
                equal(session.value(f"SELECT id FROM customers WHERE id = {key} AND name <> ''"), key)
                equal(session.query(f"SELECT name FROM customers WHERE id = {key}").rows, [[f"Kim-{key}"]])
    front.guard.until_sessions(0, 40)
    equal(shop.export(front)["stands"].keys["customer"], seen)
    front.stop()


# ---- no room ----

@harness.shared
def crowd():
    """Customers by the ten thousand, whose numbers are far apart."""
    server = shop.server()
    server.sql("CREATE TABLE crowd (id bigint PRIMARY KEY, name text NOT NULL); "
               "INSERT INTO crowd SELECT n::bigint * 65537 % 4000000007, 'N' || n FROM generate_series(1, 60000) n; "
               "GRANT SELECT ON crowd TO app; ANALYZE crowd")
    return {"subjects": {**shop.CONFIG["subjects"], "one": {"table": "public.crowd", "key": "id"}},
            "personal_data": [*shop.CONFIG["personal_data"], shop.personal("crowd", "one", "id", {"name": "name"})]}


TIMES = 25
# Persons who have no neighbours: their sets take the most room.
CROWD = ";".join(["SELECT id, name FROM crowd"] * TIMES)
ROWS = 60000 * TIMES


class Flood:
    """A session that reads more than there is room for, in a thread: the persons of whole rows, and how
    it ended."""

    def __init__(self, front, name):
        self.seen, self.rows, self.error, self.end, self.problem = set(), 0, None, None, None
        self.session = front.login(user="app", application_name=name, timeout=60)
        self.thread = threading.Thread(target=self.run, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def run(self):
        try:
            self.session.send(wire.query(CROWD))
            while self.end is None:
                kind, body = self.session.receive()
                if kind == "D":
                    length = int.from_bytes(body[2:6], "big")
                    self.seen.add(body[6:6 + length].decode())
                    self.rows += 1
                elif kind == "E":
                    self.error = wire.read_fields(body)
                elif kind == "Z":
                    self.end = "ready"
        except wire.Closed:
            self.end = "closed"
        except Exception as error:  # told by whoever waits for it
            self.problem, self.end = error, "problem"

    def wait(self):
        self.thread.join(120)
        assert not self.thread.is_alive(), f"it still reads: {self.rows} rows"
        assert self.problem is None, repr(self.problem)
        self.session.abort()


def stopped(front, name):
    pid = front.guard.pids()[name]
    os.kill(pid, signal.SIGSTOP)
    return pid


def goes_on(front):
    """All rows come while the keeper stands, and there is no record of them."""
    flood = Flood(front, "flood")
    keeper = stopped(front, "keeper")
    try:
        flood.start().wait()
        equal((flood.end, flood.error, flood.rows), ("ready", None, ROWS))
        front.guard.wait("unrecorded")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(keeper, signal.SIGCONT)
    until(lambda: works(front), "a new session", 40)
    front.stop()


@test(gateway=True, limit=200)
def test_no_room_closed():
    """on_failure open shows all rows, and nobody can say whose; on_failure closed: where records find no room clients wait, then end with 58030; nothing leaks"""
    harm = shop.front("full-harm", more=crowd(), on_failure="open")
    goes_on(harm)
    front = shop.front("full-closed", more=crowd())
    flood = Flood(front, "flood")
    keeper = stopped(front, "keeper")
    try:
        flood.start().wait()
        # How long it waits, test/unit/test_hold.c says.
        front.guard.wait("records_wait")
        assert flood.end == "closed" and (flood.error is None or flood.error["C"] == "58030"), (flood.end, flood.error)
        assert 0 < flood.rows < ROWS, flood.rows
        seen = set(flood.seen)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(keeper, signal.SIGCONT)
    until(lambda: works(front), "a new session", 40)
    front.guard.until_sessions(0, 40)
    shown = shop.export(front)["flood"]
    equal(sorted(seen - shown.keys["one"])[:5], [], "leaked without a record")
    assert flood.rows <= shown.rows, (flood.rows, shown.rows)
    front.stop()


@test(gateway=True, limit=200)
def test_no_room_for_a_while():
    """Where room comes back in time nobody notices: all rows arrive, all are recorded, once"""
    front = shop.front("full-a-while", more=crowd())
    flood = Flood(front, "flood")
    keeper = stopped(front, "keeper")
    try:
        flood.start()
        front.guard.wait("records_wait", 120)
    finally:
        os.kill(keeper, signal.SIGCONT)
    flood.wait()
    equal((flood.end, flood.error, flood.rows), ("ready", None, ROWS))
    front.guard.until_sessions(0, 40)
    shown = shop.export(front)["flood"]
    equal(shown.keys["one"], flood.seen)
    equal(shown.rows, flood.rows)
    front.stop()


@test(gateway=True, limit=200)
def test_no_room_open():
    """on_failure open: where records find no room rows go on, and the log says so"""
    goes_on(shop.front("full-open", more=crowd(), on_failure="open"))


# Of three kinds of persons: its record needs more room than the smallest one.
NOTE = """DO $$ BEGIN
  EXECUTE format('COMMENT ON TABLE dull IS %L', (SELECT string_agg(name, ',') FROM customers)
    || (SELECT max(name) FROM members) || (SELECT max(name) FROM accounts));
END $$"""


def note():
    return shop.server().value("SELECT obj_description('dull'::regclass)")


ONE = "SELECT name FROM customers WHERE id = 1350"


@test(gateway=True)
def test_open_without_a_snapshot():
    """on_failure open and no inspector: nobody knows what = is; a text with a condition ends no process, and its rows count as anybody"""
    front = Front(shop.server(), "no-snapshot", more=shop.CONFIG, on_failure="open")
    gate = front.gate()
    with front.login(user="app", application_name="no-snapshot") as session:
        for sql in (ONE, "SELECT c.name FROM customers c JOIN orders o ON c.id = o.customer_id WHERE o.id = 1",
                    "PREPARE p AS SELECT name FROM customers WHERE id = $1", "EXECUTE p(1350)"):
            equal(session.exchange(wire.query(sql)).errors, [], sql)
        result = session.exchange(wire.parse(ONE.replace("1350", "$1"), types=(20,)) + wire.bind((b"1350",)) + wire.describe() + wire.execute() + wire.SYNC)
        equal((result.rows, result.errors), ([["Kim-1350"]], []))
    shown = shop.export(front, "--principal", "app")["no-snapshot"]
    assert shown.rows >= 2 and {"name"} <= set(shown.fields), shown.lines
    equal(front.gate(), gate)
    front.stop()


class Room:
    """What the ring of the only worker has left, as ring.c reckons it."""

    HEAD, TAIL, SIZE = 4096, 4096 + 64, 4 << 20

    def __init__(self, front):
        self.path = front.guard.folder / "ledger" / "exposures.ring"

    def position(self, at):
        with open(self.path, "rb", buffering=0) as file:
            return int.from_bytes(os.pread(file.fileno(), 8, at), "little")

    def has(self, size):
        """Whether an entry of that size would find room."""
        head, tail = self.position(self.HEAD), self.position(self.TAIL)
        left = self.SIZE - head % self.SIZE
        return head - tail + size + (left if size > left else 0) <= self.SIZE

    def taken(self, doing):
        """How much of it that takes."""
        before = self.position(self.HEAD)
        doing()
        return self.position(self.HEAD) - before


def fill(front, large, small, size):
    """Fills the ring with records as large as can be, until one finds no room, and then with records of that size
    until none finds any. The keeper stands still."""
    large.send(wire.query(CROWD))

    def waits():
        while large._fill():
            large.buffer.clear()
        return front.guard.find("records_wait")
    until(waits, "a record without room", 120)
    room = Room(front)
    while room.has(size):
        small.query(ONE)


def no_room_for_what_is_kept(name):
    front = shop.front(f"full-{name}", more=crowd(), workers=1)
    large, small, session, other = (front.login(user="app", application_name=one)
                                    for one in ("large", "small", name, "other"))
    for one in (large, small, session):
        one.query(ONE)
    size = Room(front).taken(lambda: small.query(ONE))
    keeper = stopped(front, "keeper")
    try:
        fill(front, large, small, size)
        session.send(wire.query(NOTE))
        wire.handled(other)
        if name == "late":  # it waits as long as it may
            equal(session.refused()["C"], "58030")
        elif name == "gone":
            session.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            session.abort()
            until(lambda: front.guard.find("session_closed", application=name)
                  + front.guard.find("session_aborted", application=name), "its end")
        equal(note(), None, name)
    finally:
        os.kill(keeper, signal.SIGCONT)
    if name == "waits":
        equal(session.result().errors, [])
        assert "Kim-1350" in note()
    for one in (large, small, session, other):
        one.abort()
    front.guard.until_sessions(0, 40)
    shown = shop.export(front)[name]
    equal(([len(line["subjects"]) for line in shown.lines if "kept" in line["flags"]], note() is None),
          ([3], False) if name == "waits" else ([], True), name)
    front.stop()


@test(gateway=True, limit=300)
def test_no_room_for_what_is_kept():
    """A statement that must be recorded before it is run is not sent while there is no room for the record"""
    shop.server().sql("CREATE TABLE dull (a int); ALTER TABLE dull OWNER TO app")
    for name in ("gone", "late", "waits"):
        no_room_for_what_is_kept(name)


@harness.shared
def disk():
    """A small disk for ledgers, seen by this test only."""
    namespace.private_mounts()
    path = harness.folder() / "disk"
    path.mkdir(mode=0o755)
    namespace.run("mount", "-t", "tmpfs", "-o", "size=32m,mode=755", "none", path)
    yield path
    namespace.run("umount", "-l", path)


@test(gateway=True, limit=200)
@harness.root_only
def test_disk_full():
    """With the ledger's disk full nothing leaves unrecorded; once there is space all goes on"""
    front = shop.front("disk", more={**crowd(), "ledger": {"directory": str(disk() / "ledger")}}, workers=1)
    floods = [Flood(front, f"flood-{number}") for number in range(8)]
    with open(disk() / "ballast", "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    # Some fits into the room that the ledger has reserved.
    for flood in floods:
        flood.start().wait()
        if flood.end != "ready":
            break
    assert flood.end == "closed" and (flood.error is None or flood.error["C"] in ("58030", "53100")), (flood.end, flood.error)
    for flood in floods:
        flood.session.abort()
    (disk() / "ballast").unlink()
    until(lambda: works(front), "a new session, once there is space", 40)
    front.guard.until_sessions(0, 40)
    said = shop.export(front)
    for number, flood in enumerate(floods):
        if flood.seen:
            equal(sorted(flood.seen - said[f"flood-{number}"].keys["one"])[:5], [], "leaked without a record")
    with front.login(user="app", application_name="afterwards") as session:
        equal(len(session.query("SELECT name FROM customers WHERE grade = 1").rows), shop.CUSTOMERS // 5)
    front.guard.until_sessions(0, 40)
    equal(len(shop.export(front)["afterwards"].keys["customer"]), shop.CUSTOMERS // 5)
    front.stop()


if __name__ == "__main__":
    harness.main()
