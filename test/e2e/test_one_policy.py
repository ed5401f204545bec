#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Roster, rules and databases of addresses change at any time: each statement is judged by what held at one moment, all of it."""
import collections
import json
import re
import socket
import subprocess
import threading

from approving import told
import harness
import mmdb
from process import until
import shop
from stage import equal, test
from test_leavers import BUDGET, Roster
import wire

CODE = "PS003"
CHANGES = 1000 if harness.LONG else 8
AWAY, CROWD, PAGE = "127.0.0.3", 400000, 20
OVERSEAS = {"name": "overseas", "when": {"country": {"not": ["KR"]}, "fields": "any"}, "verdict": "block"}
# One of the two is masked, by each policy another one: whoever sees both clear, or none, was judged by half of each.
MASKS = [[OVERSEAS, {"name": f"no-{field}", "when": {"fields": [field]}, "verdict": "mask"}] for field in ("name", "phone")]
# The same by where the client is, under one policy: at home one of the two is masked, abroad the other one.
PLACES = [{"name": "home", "when": {"country": "KR", "fields": ["name"]}, "verdict": "mask"},
          {"name": "abroad", "when": {"country": {"not": ["KR"]}, "fields": ["phone"]}, "verdict": "mask"},
          {"name": "no-update-abroad", "when": {"country": {"not": ["KR"]}, "verbs": "update"}, "verdict": "block"}]
NO_UPDATE = {"name": "no-update", "when": {"verbs": "update"}, "verdict": "block"}
UPDATE = "UPDATE products SET id = id"
HUMANS = {"budgets": [{"kind": "human", "window": "30d", "subjects": 0, "verdict": "block"}]}
ROWS = 1000
# More than what stands between the server and the client holds.
LONG = f"SELECT repeat('x', 7000), c.name, c.phone FROM customers c, generate_series(1, 10) WHERE c.phone IS NOT NULL LIMIT {ROWS}"
SHORT = "SELECT name, phone FROM customers WHERE phone IS NOT NULL LIMIT 1"


def clear(row):
    """Which of name and phone are clear in a row."""
    return tuple(field for field, value in zip(("name", "phone"), row[-2:]) if "*" not in value)


def place_country(folder, code):
    folder.mkdir(exist_ok=True)
    mmdb.write(folder / "country.new", "country", {AWAY + "/32": {"country": {"iso_code": code}}})
    (folder / "country.new").rename(folder / "country.mmdb")


def front_of(name, **more):
    folder = harness.folder() / f"{name}-databases"
    place_country(folder, "KR")
    roster = Roster(name, o_kind="service,Kim,active,")
    made = shop.front(name, more={"principals": {"roster": str(roster.path)}, "sources": {"country_db": str(folder / "country.mmdb")},
                                  "rules": [], **more})
    roster.guard = made.guard
    return made, roster, folder


@harness.shared
def crowd():
    """Enough persons that each statement can ask for others than any before it."""
    shop.server().sql("CREATE ROLE o_kind LOGIN IN ROLE app; CREATE TABLE crowd (id int PRIMARY KEY, name text, phone text);"
                      f"INSERT INTO crowd SELECT i, 'Kim' || i, '010-' || 10000000 + i FROM generate_series(1, {CROWD}) i; GRANT SELECT ON crowd TO app")


def set_rules(front, rules):
    front.guard.config["rules"] = rules
    equal(front.reload(), "config_reloaded")


def login(front, **options):
    return wire.login(front.address, user="o_kind", source=AWAY, timeout=60, **options)


def rows_sent(front, name):
    """How many rows pasu has sent to the session of that name, be they still in a socket's buffer."""
    (session,) = [one for one in front.guard.sessions() if one["application"] == name]
    return session["rows"]


def place(front, folder, code):
    """The client's country is another one, and the gate has heard it."""
    place_country(folder, code)
    with login(front) as probe:
        until(lambda: clear(probe.query(SHORT).rows[0]) == (("phone",) if code == "KR" else ("name",)), f"country {code}")


def in_the_middle(front, begin, make):
    """Changes what is in force while a long result is on its way; what comes behind it, and the UPDATE, meets what is in force by then."""
    crowd()
    with login(front, application_name="reads") as session:
        session.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        equal({clear(row) for row in session.query(LONG).rows}, {("name", "phone")})
        for sql in (LONG, f"COPY ({LONG}) TO STDOUT"):
            begin()
            equal(session.exchange(wire.query(UPDATE)).code, None)
            before = rows_sent(front, "reads")
            session.send(wire.query(sql))
            session.expect("T" if sql is LONG else "H")
            _, row = session.expect("D" if sql is LONG else "d")
            make()
            assert rows_sent(front, "reads") - before < ROWS, "nothing is on its way any more"
            session.send(wire.query(UPDATE) + wire.query(SHORT))
            first, second, third = session.result(), session.result(), session.result()
            rows = first.rows or [line.split("\t") for line in first.copied.decode().splitlines()]
            equal((collections.Counter(clear(row) for row in rows), first.errors), ({("phone",): ROWS - 1}, []))
            assert re.search(rb"x[^x]*\*[^x]*010-[^*]+$", row), row[-40:]
            equal((second.code, [clear(row) for row in third.rows], third.code), (CODE, [("name",)], None))
    front.stop()


@test(gateway=True)
def test_rules_in_the_middle_of_a_result():
    """A result that is on its way when rules change is judged to its end by what held when it began; what comes after it by the others, before it is sent"""
    front = shop.front("one-middle", more={"rules": []})
    in_the_middle(front, lambda: set_rules(front, MASKS[0][1:]), lambda: set_rules(front, [*MASKS[1][1:], NO_UPDATE]))


@test(gateway=True)
def test_countries_in_the_middle_of_a_result():
    """The same where the client's country is another one"""
    front, _, folder = front_of("one-country")

    def begin():
        set_rules(front, PLACES)
        place(front, folder, "KR")
    in_the_middle(front, begin, lambda: place(front, folder, "JP"))


FIRST = "(SELECT min(id) FROM customers WHERE phone IS NOT NULL)"
# The first row comes at once, the others when a lock is free.
WAITING = f"SELECT CASE WHEN id > {FIRST} THEN pg_advisory_lock_shared(79)::text END, name, phone FROM customers WHERE phone IS NOT NULL ORDER BY id LIMIT 4"
PORTIONS = {"FETCH": (wire.query(f"BEGIN; DECLARE c CURSOR FOR {WAITING}") + wire.query("FETCH 1 FROM c"), 2, wire.query("FETCH 3 FROM c")),
            "Execute": (wire.parse(WAITING) + wire.bind(portal="p") + wire.describe("P", "p") + wire.execute(1, "p") + wire.FLUSH, 1,
                        wire.execute(3, "p") + wire.SYNC)}
AFTER = {"mask": (MASKS[1][1:], ([("name",)] * 3, None)),
         "block": ([{"name": "none", "when": {"fields": "phone"}, "verdict": "block"}], ([], CODE)),
         "hold": ([{"name": "ask", "when": {"fields": "phone"}, "verdict": "hold"}], ([], "57014"))}


@test(gateway=True)
def test_between_a_portion_and_its_first_row():
    """Rules that change after a portion of a cursor was asked for, and before its first row comes, judge it, as they do a result that is read at once"""
    crowd()
    front = shop.front("one-portion", more={"rules": []})
    for way, (begin, count, rest) in PORTIONS.items():
        for after, (rules, due) in AFTER.items():
            with login(front) as session, wire.login(shop.server().address) as holder:
                set_rules(front, MASKS[0][1:])
                holder.query("SELECT pg_advisory_lock(79)")
                session.send(begin)
                rows = [row for _ in range(count) for row in session.result("Zs").rows]
                equal([clear(row) for row in rows], [("phone",)], way)
                session.send(rest)
                until(lambda: shop.server().value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == "1", "the lock")
                set_rules(front, rules)
                holder.query("SELECT pg_advisory_unlock(79)")
                if after == "hold":
                    told(session, b"", "rule ask")
                    wire.cancel(front.address, session.key)
                result = session.result()
                equal(([clear(row) for row in result.rows], result.code), due, f"{way} {after}")
    front.stop()


HALF = PAGE // 2
# How a page is asked for, and in how many portions, each of which is a statement of its own.
WAYS = ((wire.query, 1), (lambda sql: wire.parse(sql) + wire.bind() + wire.describe() + wire.execute() + wire.SYNC, 1),
        (lambda sql: wire.query(f"BEGIN; DECLARE c CURSOR FOR {sql}; FETCH {HALF} FROM c; FETCH ALL FROM c; COMMIT"), 2),
        (lambda sql: wire.parse(sql) + wire.bind() + wire.describe() + wire.execute(HALF) + wire.execute() + wire.SYNC, 2))


class Readers:
    """Sessions that read pages of the crowd, each of other persons: how often there came what, of a page, or a portion of one, all or nothing."""

    def __init__(self, front):
        self.front, self.is_over, self.lock, self.at = front, threading.Event(), threading.Lock(), 0
        self.seen, self.wrong = collections.Counter(), []
        self.threads = [threading.Thread(target=self.run, args=WAYS[number]) for number in range(len(WAYS))]
        for thread in self.threads:
            thread.start()

    def page(self):
        with self.lock:
            self.at += PAGE
            return f"SELECT id, name, phone FROM crowd WHERE id > {self.at % (CROWD - PAGE)} ORDER BY id LIMIT {PAGE}"

    def run(self, make, portions):
        with login(self.front) as session:
            while not self.is_over.is_set():
                result = session.exchange(make(self.page()))
                if result.status != "I":
                    session.query("ROLLBACK")
                size = PAGE // portions
                parts = [result.rows[at:at + size] for at in range(0, len(result.rows), size)]
                codes = [error["C"] for error in result.errors]
                with self.lock:
                    if self.is_whole(parts, size, codes) and len(parts) + len(codes) <= portions:
                        self.seen.update([clear(part[0]) for part in parts] + codes)
                    else:
                        self.wrong.append((portions, [[clear(row) for row in part] for part in parts], codes))

    @staticmethod
    def is_whole(parts, size, codes):
        return all(len(part) == size and len({clear(row) for row in part}) == 1 for part in parts) and set(codes) <= {BUDGET, CODE}

    def end(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join(60)


def recorded(front):
    """How clear name and phone were, of each statement that showed them: line by line, of a thousand changes there are millions."""
    shown = set()
    with subprocess.Popen([harness.PASU, "ledger", "export", "--json", "-c", front.guard.path], stdout=subprocess.PIPE) as export:
        for line in map(json.loads, export.stdout):
            if line["rows"]:
                shown.add((line["fields"]["name"], line["fields"]["phone"]))
    equal(export.returncode, 0)
    return shown


@test(gateway=True, limit=3000)
def test_all_three_under_load():
    """Roster, rules and the database of countries follow each other under load: each statement is masked by one policy or refused by one, as a whole, and
    recorded as it was shown; with none of them all is clear"""
    crowd()
    mapping = {**HUMANS, "subjects": {"member": {"table": "public.crowd", "key": "id"}},
               "personal_data": [shop.personal("crowd", "member", "id", {"name": "name", "phone": "phone"})]}
    front, roster, folder = front_of("one-load", **mapping)
    with login(front) as session:
        equal({clear(row) for row in session.query("SELECT id, name, phone FROM crowd LIMIT 100").rows}, {("name", "phone")})
    set_rules(front, MASKS[0])
    readers = Readers(front)
    for turn in range(CHANGES):
        mark = front.guard.mark()
        roster.lines["o_kind"] = ("human" if turn % 3 == 0 else "service") + f",Turn {turn},active,"
        roster.place()
        front.guard.wait("roster_reloaded", start=mark)
        place_country(folder, ("KR", "KR", "KR", "JP")[turn % 4])
        front.guard.wait("sources_reloaded", start=mark)
        set_rules(front, MASKS[turn % 2])
        so_far = sum(readers.seen.values())
        until(lambda so_far=so_far: sum(readers.seen.values()) > so_far + 4 or readers.wrong, "statements")
    readers.end()
    print(CHANGES, "changes of each;", dict(readers.seen))
    equal(readers.wrong[:3], [])
    equal(set(readers.seen), {("name",), ("phone",), BUDGET, CODE})
    front.guard.until_sessions(0)
    # A record of portions that were judged by both policies has the clearest of each field.
    equal(recorded(front), {("clear", "clear"), ("clear", "masked"), ("masked", "clear")})  # the first: what was shown without rules
    front.guard.check_alive()
    front.stop()


if __name__ == "__main__":
    harness.main()
