#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A session that stands costs the gate no memory for what passes through it, and little for standing. The gate counts its
allocations (base/memory.h; libraries' own are not in it), and `pasu status` shows the counter.

What holds: nothing is allocated for a message, a statement or a row. What a peer does not take at once is
kept until it does, which is one allocation for each batch that was held up, however many messages are in
it. So where no side falls behind, which is made sure of by asking for no more than the sockets hold, the
counter stands still; and where one does, it grows by less than one for each 128 KiB.

This is the relay, in front of a server that no subject is declared for. Of statements that show persons: what
is known costs none either, but for what the gate's threads beside the workers need now and then, which looks after the
catalog; a Parse that names the types of its parameters costs two. And what is kept of the catalog's past is let go of."""
import functools
import pathlib

import harness
import inspector
import postgres
import process
import shop
import stage
import wire
from stage import Front, case, equal, test

MEGABYTE = 1 << 20
SESSIONS, STATEMENTS, PIPELINE = 8, 2000, 50
BULK = 32 * MEGABYTE
ROW = 120                       # characters
PORTION = 500                   # rows: less than a socket holds from the start
# A socket that took no more is written to again when a third of its buffer is free: so much passes at
# least between two batches that are held up. On the loopback that is more than 800 KiB; this is well below.
BETWEEN = 128 << 10
READY = b"Z\0\0\0\5"
WAYS = ("plain", "TLS")

SELECT = f"SELECT repeat('x', {ROW}) FROM generate_series(1, %s)"
PARTS = BULK // (PORTION * ROW)


@harness.shared
def plain():
    return Front(stage.server(), "plain")


@harness.shared
def encrypted():
    server = stage.tls_server()
    return Front(server, "encrypted", tls=stage.tls("require"), **stage.verified(server))


def front(way):
    made = plain() if way == "plain" else encrypted()
    return made, functools.partial(made.login, tls=None if way == "plain" else wire.context(stage.authority()))


def read_ready(session):
    """Reads up to ReadyForQuery as fast as it comes and keeps none of it; how many bytes came."""
    count, tail = 0, b""
    while tail[:-1] != READY:
        session.need(1)
        count += len(session.buffer)
        tail = (tail + session.buffer[-6:])[-6:]
        session.buffer.clear()
    return count


class Counted:
    """`with Counted(front) as counted:` what the gate's counters grew by in there."""

    def __init__(self, of):
        self.guard = of.guard

    def __enter__(self):
        self.before = self.guard.status()
        return self

    def __exit__(self, *unused):
        after = self.guard.status()
        for key in ("allocations", "statements", "rows", "bytes_in", "bytes_out"):
            setattr(self, key, after[key] - self.before[key])


# ---- what is sent ----

def simple(_):
    return wire.query("SELECT 1")


def failing(_):
    return wire.query("SELECT 1/0")


def extended(number):
    return wire.parse("SELECT $1::int4") + wire.bind([number]) + wire.describe() + wire.execute() + wire.SYNC


def prepared(number):
    return wire.bind([number], name="warm") + wire.execute() + wire.SYNC


# ---- tests ----

@test(gateway=True)
def test_question():
    """The question itself allocates nothing in the gate: what is counted between two is the sessions'"""
    plain().login().terminate()
    plain().guard.until_sessions(0)
    with Counted(plain()) as counted:
        for _ in range(20):
            plain().guard.status()
    equal(counted.allocations, 0)


def statements(way, make):
    """STATEMENTS of them in warm sessions, one at a time and in pipelines."""
    of, login = front(way)
    sessions = [login() for _ in range(SESSIONS)]
    for session in sessions:
        session.exchange(wire.parse("SELECT $1::int4", "warm") + wire.SYNC)
        session.exchange(make(0))
    with Counted(of) as counted:
        for number in range(STATEMENTS // PIPELINE):
            session = sessions[number % SESSIONS]
            one_by_one = number < SESSIONS
            for _ in range(PIPELINE if one_by_one else 1):
                session.send(b"".join(make(n) for n in range(1 if one_by_one else PIPELINE)))
                for _ in range(1 if one_by_one else PIPELINE):
                    session.result()
    equal(counted.statements, STATEMENTS)
    equal(counted.allocations, 0, f"allocations for {STATEMENTS} statements")
    for session in sessions:
        session.terminate()


def portions(way):
    """A result that is fetched in portions, each read before the next is asked for."""
    of, login = front(way)
    with login() as session:
        session.exchange(wire.query("BEGIN"))
        session.exchange(wire.parse(SELECT % (PARTS * PORTION)) + wire.bind(portal="p") + wire.SYNC)
        with Counted(of) as counted:
            for _ in range(PARTS):
                session.send(wire.execute(PORTION, "p") + wire.SYNC)
                read_ready(session)
    equal(counted.rows, PARTS * PORTION)
    assert counted.bytes_out >= BULK, counted.bytes_out
    equal(counted.allocations, 0, f"allocations for {counted.rows} rows")


def copies(way):
    """COPY out and in, in portions."""
    of, login = front(way)
    copy_in = wire.copy_data(b"x" * ROW + b"\n") * PORTION + wire.COPY_DONE
    with login() as session:
        session.query("CREATE TEMPORARY TABLE warm (label text)")
        session.exchange(wire.query("COPY warm FROM STDIN"), "G")
        session.exchange(copy_in)
        with Counted(of) as counted:
            for _ in range(PARTS):
                session.send(wire.query(f"COPY ({SELECT % PORTION}) TO STDOUT"))
                read_ready(session)
        equal(counted.rows, PARTS * PORTION)
        equal(counted.allocations, 0, f"allocations for {counted.rows} rows of COPY out")
        with Counted(of) as counted:
            for _ in range(PARTS):
                session.exchange(wire.query("COPY warm FROM STDIN"), "G")
                session.exchange(copy_in)
        assert counted.bytes_in >= BULK, counted.bytes_in
        equal(counted.allocations, 0, f"allocations for {PARTS * PORTION} rows of COPY in")
        equal(session.value("SELECT count(*) FROM warm"), str((PARTS + 1) * PORTION))


def check_bound(counted, passed):
    most = passed // BETWEEN
    assert counted.allocations <= most, f"{counted.allocations} allocations for {passed} bytes, at most {most} are due"


def bulk(way):
    """The same bytes at one go, where the receiver may fall behind."""
    of, login = front(way)
    rows = PARTS * PORTION
    with login() as session:
        session.query("CREATE TEMPORARY TABLE warm (label text)")
        for sql in (SELECT % rows, f"COPY ({SELECT % rows}) TO STDOUT"):
            with Counted(of) as counted:
                session.send(wire.query(sql))
                read_ready(session)
            equal(counted.rows, rows)
            check_bound(counted, counted.bytes_out)
        session.exchange(wire.query("COPY warm FROM STDIN"), "G")
        with Counted(of) as counted:
            session.send(wire.copy_data(b"x" * ROW + b"\n") * rows + wire.COPY_DONE)
            equal(session.result().tags, [f"COPY {rows}"])
        check_bound(counted, counted.bytes_in)


def behind(way):
    """A client that does not read until the server waits for it and the counter has moved, which it must: the server may
    wait for an instant in which the gate has not yet come to write."""
    of, login = front(way)
    with login(application_name="behind", receive_buffer=1 << 16) as session, Counted(of) as counted:
        session.send(wire.query(SELECT % (PARTS * PORTION)), drain=False)
        process.until(lambda: of.behind.backends("application_name = 'behind' AND wait_event = 'ClientWrite'") == 1,
                      "a server that waits")
        process.until(lambda: of.guard.status()["allocations"] > counted.before["allocations"], "a batch that is held up")
        read_ready(session)
    check_bound(counted, counted.bytes_out)


for way_ in WAYS:
    for title, maker in (("simple queries", simple), ("queries that fail", failing),
                         ("extended queries", extended), ("executions of a named statement", prepared)):
        case(f"{STATEMENTS} {title} in {SESSIONS} warm sessions allocate nothing ({way_})", statements, way_, maker,
             gateway=True)
    case(f"{BULK // MEGABYTE} MiB of rows, read as they come, allocate nothing ({way_})", portions, way_, gateway=True)
    case(f"{BULK // MEGABYTE} MiB of COPY out and as many in allocate nothing ({way_})", copies, way_, gateway=True)
    case(f"{BULK // MEGABYTE} MiB at one go, either way, allocate once for each batch held up: less than once for "
         f"{BETWEEN >> 10} KiB ({way_})", bulk, way_, gateway=True)
    case(f"A client that falls behind costs no more than that either ({way_})", behind, way_, gateway=True)


# ---- with persons ----

@harness.shared
def known():
    return shop.front("known", workers=1)


KNOWN = "SELECT id, name, phone FROM customers WHERE id = "


def pinned(key):
    return wire.query(KNOWN + key)


def pinned_again(key):
    return wire.bind([key], name="pinned") + wire.execute() + wire.SYNC


def hidden_again(_):
    return wire.bind(["north"], name="hidden") + wire.execute() + wire.SYNC


def of_persons(make):
    """Each person once, so that tallies and plans know them; then again, and counted."""
    keys = shop.keys("customers", "id")
    with known().login(user="app") as session:
        session.exchange(wire.parse(KNOWN + "$1", "pinned") + wire.SYNC)
        session.exchange(wire.parse("SELECT name FROM customers WHERE region = $1", "hidden") + wire.SYNC)
        for key in keys:
            session.exchange(make(key))
        with Counted(known()) as counted:
            for key in keys:
                session.exchange(make(key))
    equal(counted.statements, len(keys))
    assert counted.rows >= len(keys) and counted.allocations < len(keys) // 4, (counted.rows, counted.allocations)


for title, maker in (("simple queries", pinned), ("executions of a named statement", pinned_again),
                     ("executions of one with a hidden key", hidden_again)):
    case(f"{title[0].upper() + title[1:]} that show persons allocate nothing for a statement or a row", of_persons, maker,
         gateway=True)


# ---- sessions that do nothing ----

IDLE_FIRST, IDLE, IDLE_MOST = 100, 250, 8 << 10
PEOPLE = ("CREATE TABLE people (id bigint PRIMARY KEY, name text NOT NULL); "
          "INSERT INTO people SELECT n, 'name ' || n FROM generate_series(1, 1000) n; CREATE ROLE app LOGIN; GRANT SELECT ON people TO app; ANALYZE")


@harness.shared
def crowded():
    made = postgres.Server(harness.folder(), "crowded", settings={"max_connections": str(IDLE_FIRST + IDLE + 20)})
    made.sql(PEOPLE)
    return made


def share(pids):
    """Bytes of memory of their own that processes have together, each page that several have by its part. Pages of
    files come and go with what else the machine does."""
    texts = [pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids.values()]
    return sum(int(line.split()[1]) << 10 for text in texts for line in text.splitlines() if line.startswith("Pss_Anon:"))


def idle(of, sql):
    """What each of many sessions costs all processes together, at first and once it has asked something: beyond the
    first ones, which find that the workers, the kernel's buffers and the rings had not been used yet."""
    def more(count):
        made = [of.login(user="app") for _ in range(count)]
        sessions.extend(made)
        of.guard.until_sessions(len(sessions))
        fresh = share(pids)
        for session in made:
            equal(session.value(sql), "name 7")
        return fresh, share(pids)

    pids, sessions = of.guard.steady(), []
    for _ in range(5):
        _, before = more(IDLE_FIRST // 5)
    fresh, used = ((after - before) / IDLE for after in more(IDLE))
    print(f"# {fresh / 1024:.1f} KiB a session, {used / 1024:.2f} KiB once it has asked something", flush=True)
    assert max(fresh, used) <= IDLE_MOST, (fresh, used)
    for session in sessions:
        session.abort()
    of.guard.until_sessions(0)
    of.stop()


SEVENTH = "SELECT name FROM people WHERE id = 7"


@test(gateway=True, limit=100)
@harness.root_only
def test_idle():
    """A session that does nothing costs at most 8 KiB in all of pasu's processes together, without TLS"""
    idle(Front(crowded(), "idle"), SEVENTH)


@test(gateway=True, limit=100)
@harness.root_only
def test_idle_with_persons():
    """The same where persons are declared"""
    idle(Front(crowded(), "idle-persons", inspector=inspector.install(crowded()), more={
        "subjects": {"person": {"table": "public.people", "key": "id"}},
        "personal_data": [shop.personal("people", "person", "id", {"name": "name"})]}), SEVENTH)


@test(gateway=True, limit=200)
def test_snapshots_do_not_outlive_their_use():
    """Snapshots of the past are let go of: by plans, by what is known of results, and by idle sessions"""
    front = shop.front("memory")

    def change(session, number):
        assert not session.exchange(wire.query(f"CREATE TABLE more_{number} (x int)")).errors
        # several plans with this snapshot, some of whose results are read
        for sql in (f"SELECT name FROM customers WHERE id = {number}", f"SELECT 'n{number}', name FROM customers LIMIT 1",
                    f"SELECT x FROM more_{number}"):
            assert not session.exchange(wire.query(sql)).errors

    with front.login(user="analyst") as session:
        idle = []
        for number in range(20):
            change(session, number)
        before = process.memory(front.gate())
        for number in range(20, 120):
            change(session, number)
            idle.append(front.login(user="app"))
            idle[-1].value("SELECT 1")
        grown = process.memory(front.gate()) - before
        for one in idle:
            one.abort()
        session.query("".join(f"DROP TABLE more_{number};" for number in range(120)))
    print(f"# 100 snapshots later the gate has {grown >> 20} MiB more")
    assert grown < 40 << 20, f"{grown >> 20} MiB"


if __name__ == "__main__":
    harness.main()
