#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random statements: the client gets byte for byte what it gets without pasu, and the truth lies in the ledger's
interval.

Where SQL leaves the order of rows open, they can come in another one: a hidden aggregate makes PostgreSQL group by
sorting what it would hash.

The truth is measured without pasu, by running the statement again in worlds that differ by one person:

- *Shown* is who must be counted: a value that only this person has is in the bytes, as it is or disguised
  (people.shown), and is not there in the world without the person. Where the bytes have the name that two
  have, one of them is shown at least; and each of them whose own name comes instead of it, in the same rows
  and places, in both worlds where that person has another one.
- *Influence* is who may be named: the answer is another one in a world where the person has other values, or
  none. One row can be of each of two who have one name (DISTINCT), or of any (LIMIT): then it is the same without
  the one and without the other, but not without both. Whoever is named must have influence, but where a condition
  on the person decides (CASE), or all that it showed of anybody was that there is none. Of a query that is cut (LIMIT) also those have it
  whose row, of the whole result, is like one that came: without it another would have come.

In the figures the truth are those shown, and those named that have influence.

So for each kind of person: the shown lie in [at least, at most]; all that are named have influence. The rest
are figures. That somebody exists, counts, and keys alone are no exposure, and nobody is shown by them here: no
token stands in a key or a count.

    PASU_E2E_SEED     only these statements (numbers, and ranges 100-200, separated by commas)
    PASU_E2E_SHADOW   anything: with attribution.shadow
    PASU_E2E_FIGURES  a file that is given a line of JSON for each statement"""
import collections
import json
import os
import re
import struct
import threading

import harness
import inspector
import people
import postgres
import random_ways
from stage import test
import stage
import wire

WORKERS = 3


def seeds():
    told = os.environ.get("PASU_E2E_SEED")
    if not told:
        return list(range(1, (20000 if harness.LONG else 300) + 1))
    found = []
    for word in told.split(","):
        first, _, last = word.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


# ---- what is made once ----

@harness.shared
def server():
    """A database with the world, and one with all its variants."""
    made = postgres.Server(harness.folder(), "random", settings={
        "timezone": "UTC", "max_connections": 60, "log_min_messages": "log", "jit": "off",
        "autovacuum": "off", "max_parallel_workers_per_gather": 0})  # else the same statement can have two plans, or two orders
    for sql in ("CREATE ROLE app LOGIN", "CREATE DATABASE variants", "CREATE DATABASE people"):
        made.sql(sql)
    grants = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app;"
    made.sql(people.SHARED_TYPES + people.World().sql("public") + grants, "people")
    worlds = people.SHARED_TYPES + people.World().sql("w")
    for number in people.PERSONS:
        worlds += "".join(people.World(state, number).sql(schema(state, number)) for state in people.STATES)
    worlds += people.World("removed", "shared").sql(schema("removed", "shared"))
    made.sql(worlds, "variants")
    return made


def schema(state, number):
    return f"{state}_{number}"


@harness.shared
def asked():
    return inspector.install(server(), databases=("postgres", "people"))


@harness.shared
def front():
    """pasu in front of a world for each worker."""
    setting = asked()
    for worker in range(WORKERS):
        server().sql(f"CREATE DATABASE people_{worker} TEMPLATE people")
    return stage.Front(server(), "random", inspector=setting,
                       more={**people.MAPPING, "attribution": {"shadow": bool(os.environ.get("PASU_E2E_SHADOW"))}})


@harness.shared
def last_oid():
    """The last table that is there before anything is run."""
    front()
    return int(server().value("SELECT max(oid::int8) FROM pg_class", "people"))


# ---- running a program ----

def heard(session, count):
    """All messages, up to the `count`th ReadyForQuery."""
    messages = []
    while count:
        message = session.receive()
        messages.append(message)
        count -= message[0] == "Z"
    return messages


def play(session, program):
    messages = []
    for part in program.parts("public"):
        session.send(part)
        messages += heard(session, 1)
    return [compared(*message) for message in messages]


def compared(kind, body):
    """Of an error, not where in its source code the server says it: an Execute of a portal that the gateway does not
    know is described first, and where there is none, the server says so from another line. Of columns, not the
    number of a table that the program has made."""
    if kind in "EN":
        body = b"".join(part + b"\0" for part in body.split(b"\0") if part[:1] not in (b"F", b"L", b"R"))
    elif kind == "T":
        at = 2
        for _ in range(struct.unpack_from("!h", body)[0]):
            at = body.index(b"\0", at) + 1
            if struct.unpack_from("!I", body, at)[0] > last_oid():
                body = body[:at] + b"made" + body[at + 4:]
            at += 18
    return kind, body


CLEAN = wire.query("ROLLBACK") + wire.query("DISCARD ALL")


def direct(session, program):
    messages = play(session, program)
    if program.leaves:
        session.send(CLEAN)
        heard(session, 2)
    return messages


def what_is_told(messages):
    """An answer as it is compared between worlds: without OIDs and places, which are those of the world's tables."""
    told = []
    for kind, body in messages:
        if kind in "EN":
            fields = wire.read_fields(body)
            told.append((kind, fields.get("C"), fields.get("M"), fields.get("D")))
        elif kind in "DdC":
            told.append((kind, body))
    return told


class Worlds:
    """A connection to the variants of the world."""

    def __init__(self):
        self.session, self.known = server().connect("variants"), {}

    def answers(self, program, wanted):
        """The program's answer in each of these (state, person); (None, None) is the whole world."""
        lacking = [one for one in wanted if one not in self.known]
        data, counts = b"", []
        for state, number in lacking:
            name = schema(state, number) if state else "w"
            parts = program.parts(name)
            data += wire.query(f"SET search_path = {name}") + b"".join(parts) + (CLEAN if program.leaves else b"")
            counts.append(len(parts))
        self.session.send(data)
        for one, count in zip(lacking, counts):
            heard(self.session, 1)
            self.known[one] = what_is_told(heard(self.session, count))
            if program.leaves:
                heard(self.session, 2)
        return [self.known[one] for one in wanted]


def cells(told):
    """The rows, value by value, in no order."""
    rows = collections.Counter()
    for kind, *body in told:
        values = (repr(body),)
        if kind == "D":
            (count,), at, values = struct.unpack_from("!h", body[0]), 2, []
            for _ in range(count):
                (length,) = struct.unpack_from("!i", body[0], at)
                values.append(body[0][at + 4:at + 4 + max(length, 0)] if length >= 0 else None)
                at += 4 + max(length, 0)
        rows[kind, tuple(values)] += 1
    return rows


def with_value(told, old, new):
    """cells(), one text put in the place of another."""
    return collections.Counter({(kind, tuple(one.replace(old, new) if isinstance(one, bytes) else one for one in row)): count
                                for (kind, row), count in cells(told).items()})


# ---- one statement ----

class Told:
    """A statement's answer, and what must be so of whom it shows."""

    def __init__(self, program, messages):
        self.program = program
        data = b"\0".join(body for kind, body in messages)
        self.failed = any(kind == "E" for kind, _ in messages)
        self.tokens, self.has_name = people.shown(data), people.SHARED_NAME.encode() in data
        if self.failed or program.way == "explained":  # what it says may be the statement's own
            text = str(program).encode()
            self.tokens -= people.shown(text)
            self.has_name = self.has_name and people.SHARED_NAME.encode() not in text
        self.rows = sum(kind in "Dd" for kind, _ in messages)


# A value that a condition on a person decides: it need not be another one in any of the worlds.
DECIDED = re.compile(r"(?i)\bcase\b")


def truth(told, named, worlds):
    """({person: it was shown, for certain}, {person: it has influence}); of the second only those named."""
    program, worlds.known = told.program, {}
    shown = {number for number, _ in told.tokens}
    asked_for = sorted(shown | named | (people.SHARED if told.has_name else set()))
    first = worlds.answers(program, [(None, None)] + [("removed", number) for number in asked_for])
    base, removed = first[0], dict(zip(asked_for, first[1:]))
    shown = {number for number in shown if removed[number] != base}
    if told.has_name:
        for number in people.SHARED - shown:
            _low, _high = worlds.answers(program, [("low", number), ("high", number)])
            whole = cells(base)
            values = [("low", _low), ("high", _high)]
            if all(answer != base and with_value(answer, people.other(state, number, "n").encode(), people.SHARED_NAME.encode()) == whole
                   for state, answer in values):
                shown.add(number)
    influence = set(shown)
    for number in named - shown:
        if any(other != base for other in worlds.answers(program, [(state, number) for state in people.STATES[1:]])):
            influence.add(number)
    if named & people.SHARED - influence:
        without = worlds.answers(program, [("removed", number) for number in sorted(people.SHARED)] + [("removed", "shared")])
        if without.pop() != base and without == [base] * len(without):
            influence |= named & people.SHARED
    if named - influence and (whole := program.uncut()):
        influence |= who_can_be_meant(whole, base, named - influence, worlds)
    decides = DECIDED.search(str(program))
    loose = {number for number in named - influence if decides or people.KIND[number] in told.null_kinds}
    return shown, influence, loose


def who_can_be_meant(whole, told, persons, worlds):
    """Of a cut query, those who have a row like one that came: of rows that are alike SQL leaves open which come, and
    without one of them another does."""
    worlds.known = {}
    asked_for = sorted(persons)
    first = worlds.answers(whole, [(None, None)] + [("removed", number) for number in asked_for])
    rows = {row for row in cells(told) if row[0] == "D"}
    return {number for number, other in zip(asked_for, first[1:]) if rows & set(cells(first[0]) - cells(other))}


class Said:
    """What the ledger says of a statement: whom it names, how many more there can be, by kind."""

    def __init__(self):
        self.lines, self.keys, self.unknown, self.fields = [], collections.defaultdict(set), collections.Counter(), set()

    def add(self, line):
        self.lines.append({one: line[one] for one in ("subjects", "attribution", "flags", "fields", "rows", "statements")})
        for kind, one in line["subjects"].items():
            keys = {str(key) for key in one.get("keys", ())}
            assert len(keys) == one["at_least"] <= one["at_most"], line
            self.keys[kind] |= keys
            self.unknown[kind] += one["at_most"] - one["at_least"]
        self.fields |= set(line["fields"])


def ledger():
    """What is in the ledger, by application name."""
    done = front().guard.run("ledger", "export", "--json", "--keys", timeout=600)
    assert done.returncode == 0, done.stderr
    found = collections.defaultdict(Said)
    for line in map(json.loads, done.stdout.splitlines()):
        found[line["application"]].add(line)
    return found


NUMBER = {(people.KIND[number], people.key(number)): number for number in people.PERSONS}


def judge(told, said, worlds):
    """(what is wrong, figures) of a statement and its lines of the ledger."""
    problems = []
    told.null_kinds = {kind for kind, fields in people.FIELDS.items()
                       if {line["fields"].get(field, "null") for line in said.lines for field in fields.values()} == {"null"}}
    named = {NUMBER.get((kind, key)) for kind, keys in said.keys.items() for key in keys}
    if None in named:
        problems.append(f"KEY OF NOBODY: {dict(said.keys)}")
    named.discard(None)
    shown, influence, loose = truth(told, named, worlds)
    for kind in people.KEYS:
        lost = {number for number in shown - named if people.KIND[number] == kind}
        group = kind == "customer" and told.has_name and not people.SHARED & (shown | named)
        if len(lost) + group > said.unknown[kind]:
            problems.append(f"SHOWN UNCOUNTED: {kind} {sorted(lost)}{' or a Kim Minji' if group else ''}, unnamed {said.unknown[kind]}")
    claimed = named - influence - loose
    if claimed:
        problems.append(f"CLAIMED, NOT SHOWN: {sorted(claimed)}")
    fields = {people.FIELDS[people.KIND[number]][letter] for number, letter in told.tokens if number in shown}
    if fields - said.fields:
        problems.append(f"FIELDS MISSED: {sorted(fields - said.fields)}")
    most = sum(min(len(people.KEYS[kind]), said.unknown[kind] + len(said.keys[kind])) for kind in people.KEYS)
    return problems, {"seed": told.program.seed, "way": told.program.way, "truth": len(shown | named & influence), "at_least": len(named), "at_most": most,
                      "exact": most == len(named) == len(shown | named & influence), "failed": told.failed, "rows": told.rows, "loose": len(loose),
                      "attributions": sorted({line["attribution"] or "" for line in said.lines}), "flags": sorted({flag for line in said.lines for flag in line["flags"]})}


class Worker:
    """Runs its share of the statements, and judges them when the ledger has been asked."""

    def __init__(self, number, todo):
        """`todo`: seeds, or programs."""
        self.number, self.todo, self.told, self.problems, self.figures, self.reordered = number, todo, [], [], [], 0

    def in_thread(self, body):
        def run():
            try:
                body()
            except Exception as error:  # told by whoever waits for it
                self.problems.append((0, f"worker {self.number}: {type(error).__name__}: {error}"))
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def run(self):
        database = f"people_{self.number}"
        with wire.login(server().address, user="app", database=database) as past:
            for one in self.todo:
                program = one if isinstance(one, random_ways.Program) else random_ways.Program(one)
                seed = program.seed
                expected = direct(past, program)
                try:
                    with wire.login(front().address, user="app", database=database, application_name=f"r{seed}") as session:
                        got = play(session, program)
                        session.terminate()
                except (wire.Closed, wire.ServerError, TimeoutError) as error:
                    self.problems.append((seed, f"{program}\n    {type(error).__name__}: {error}"))
                    continue
                is_reordered = got != expected and in_no_order(program, got) == in_no_order(program, expected)
                self.reordered += is_reordered
                if got != expected and not is_reordered:
                    self.problems.append((seed, f"{program}\n    DIFFERS: {difference(expected, got)}"))
                self.told.append(Told(program, expected))

    def judge(self, said):
        worlds = Worlds()
        for told in self.told:
            problems, figures = judge(told, said[f"r{told.program.seed}"], worlds)
            self.figures.append(figures)
            lines = json.dumps(said[f"r{told.program.seed}"].lines, ensure_ascii=False)
            self.problems += [(told.program.seed, f"{told.program}\n    {text}\n    {lines}") for text in problems]


COPY_HEAD, COPY_HEAD_LENGTH = b"PGCOPY\n\xff\r\n\0", 19


def in_no_order(program, messages):
    """The same messages, the rows of each statement sorted if SQL leaves their order open; of all or none of them where
    results are not the statements', one by one."""
    unordered, found, rows, done = program.unordered(), [], [], 0
    if len(unordered) != sum(kind in "Cs" for kind, _ in messages):
        unordered = [all(unordered)] * len(messages)
    for kind, body in messages:
        if kind in "Dd":
            if body.startswith(COPY_HEAD):  # is before the first row, in one message with it
                found.append((kind, body[:COPY_HEAD_LENGTH]))
                body = body[COPY_HEAD_LENGTH:]
            rows.append((kind, body))
            continue
        found += (sorted(rows) if rows and unordered[done] else rows) + [(kind, body)]
        rows = []
        done += kind in "Cs"
    return found + rows


def difference(one, other):
    for left, right in zip(one, other):
        if left != right:
            return f"{left}\n      but {right}"
    return f"{len(one)} messages, but {len(other)}: {(one[len(other):] + other[len(one):])[:2]}"


def together(workers, body):
    for thread in [worker.in_thread(body(worker)) for worker in workers]:
        thread.join()


def summary(figures):
    countable = [one for one in figures if one["truth"]]
    over = sorted(one["at_most"] / one["truth"] for one in countable)
    failed = sum(one["failed"] for one in figures)
    text = f"# {len(figures)} statements, {failed} of them fail, {sum(one['rows'] for one in figures)} rows; {len(countable)} show somebody"
    if over:
        text += (f": {sum(one['exact'] for one in countable) / len(countable):.1%} exact, at most / truth median {over[len(over) // 2]:.2f}, "
                 f"90th percentile {over[len(over) * 9 // 10]:.2f}")
    return text


# What was wrong once, in its smallest form.
FOUND = (
    # 550568: constants at its end, and keys that are asked for in more text than the gate keeps room for
    'SELECT DISTINCT t1."To" AS x2 FROM handled t1 WHERE t1.item <> t1."To" ORDER BY 1 LIMIT 3',
    # 9637: a row that two share, which other values of one of them would not change
    "SELECT x FROM (SELECT DISTINCT name AS x FROM customers ORDER BY 1) k WHERE x > 'C' LIMIT 3",
    "SELECT string_agg(DISTINCT name, ';') FROM customers WHERE name < 'L' AND name > 'C'",
    "SELECT name FROM customers WHERE name = 'Kim Minji' ORDER BY id LIMIT 1",
    "SELECT DISTINCT c.name FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.name = 'Kim Minji' ORDER BY 1",
    # 20516: a column that USING makes of a known one and one of a function
    "SELECT name FROM (SELECT 'x'::text AS name) a RIGHT JOIN of_region('north') t USING (name)",
    "SELECT j.name FROM ((SELECT 'x'::text AS name) a NATURAL RIGHT JOIN of_region('north') t) AS j",
    "SELECT who FROM (SELECT 'x'::text AS who) a FULL JOIN above(1) t USING (who)",
    # 63974: a cast to the type that the view's column has anyway
    "SELECT CAST(who AS text) AS x FROM labels",
    # 56053: a view that is read by itself, and by another one that is read through
    "SELECT caller FROM callers WHERE EXISTS (SELECT 1 FROM labels)",
    "WITH w AS (SELECT 1 FROM labels) SELECT caller FROM callers",
    # 30205: the key of an arm within an arm of a query in WITH
    "WITH w AS (SELECT name AS x FROM customers UNION ALL SELECT 'a' UNION ALL SELECT \"Label\" FROM \"AddressBook\") SELECT x FROM w",
    "WITH w AS (SELECT name AS x FROM customers UNION ALL SELECT 'a' UNION ALL SELECT 'b' UNION ALL SELECT place FROM visits) SELECT x FROM w",
    # 810923, 815634: rows that are the parts of a document, and not all of them come
    'SELECT to_jsonb(b) FROM orders o JOIN LATERAL jsonb_each_text(to_jsonb(o)) AS t(k, v) ON k = \'item\' JOIN customers b ON b.id = o.customer_id',
    # 3223: a row that an outer join by USING has left empty
    "SELECT t1.phone FROM customers t1 NATURAL RIGHT JOIN customers t2",
    # 218059: groups in another order, behind the head of a binary copy
    "COPY (SELECT position('q' in t.place || u.place), min(t.place) FROM visits t LEFT JOIN visits u ON t.id = u.id + 1 GROUP BY 1) TO STDOUT BINARY",
)


def check_told(statements, what="found"):
    """The figures of these statements, once all of them are right."""
    last_oid()
    worker = Worker(0, [random_ways.Program.of(f"{what} {number}", sql) for number, sql in enumerate(statements)])
    worker.run()
    front().guard.until_sessions(0)
    worker.judge(ledger())
    assert not worker.problems, "\n".join(text for _, text in worker.problems)
    assert all(one["truth"] for one in worker.figures) and len(worker.figures) == len(statements)
    return worker.figures


# The same, of whom a value need not show anything: (statement, at_least, at_most).
PERHAPS = (
    # 22284: a boolean that something else can decide
    ('SELECT "Phone No" = "Label" OR "Owner" >= 2 AS x, "Label" FROM "AddressBook"', 4, 8),
    ('SELECT "Phone No" = \'x\' FROM "AddressBook" WHERE "Id" = \'00000000-0000-4000-8000-000000000031\'', 1, 1),
    ('SELECT "Phone No" = \'x\' OR true FROM public."AddressBook" WHERE "Id" = \'00000000-0000-4000-8000-000000000031\'', 0, 1),
    ("SELECT id, phone = ANY ('{}') FROM customers", 0, 8),
    # 24460: a condition that makes nothing equal
    ("SELECT t.login, a.level FROM members a JOIN members t ON a.login <> t.login WHERE (t.login = a.mail) IS NOT TRUE", 0, 4),
    # 926643: a null that an outer join puts in the place of the very row's value
    ("SELECT t.id, l.x FROM visits t LEFT JOIN LATERAL (SELECT t.place AS x FROM orders WHERE orders.id = t.id * 100) l ON true", 0, 8),
    ("SELECT t.id, ROW(l.x) FROM visits t LEFT JOIN LATERAL (SELECT t.place AS x FROM orders WHERE orders.id = t.id * 100) l ON true", 0, 8),
    # 67131: a null that another person's value makes
    ("SELECT m.mail || o.item FROM members m JOIN orders o USING (customer_id) WHERE m.mail IS NULL", 0, 2),
    ("SELECT CASE WHEN id = 3 THEN name END FROM customers", 1, 8),
    # rows that were left out of an aggregate, and what is made of its null
    ("SELECT id, coalesce(string_agg(name, ',') FILTER (WHERE grade > 9), 'none') FROM customers GROUP BY id", 0, 8),
    ("SELECT id, concat('x', max(name) FILTER (WHERE grade > 9)) FROM customers GROUP BY id", 0, 8),
    ("SELECT id, ARRAY[max(name) FILTER (WHERE grade > 9)] FROM customers GROUP BY id", 0, 8),
    ("SELECT customer_id, coalesce((array_agg(item))[5], 'none') FROM orders GROUP BY customer_id", 0, 7),
    ("SELECT customer_id, coalesce(max(CASE WHEN status = 'never' THEN item END), 'none') FROM orders GROUP BY customer_id", 0, 7),
    ("SELECT customer_id, array_agg(nullif(item, item)) FROM orders GROUP BY customer_id", 0, 7),
    # how many there are, and of which kind
    ("SELECT id, cardinality(array_agg(name)) FROM customers GROUP BY id", 0, 8),
    ("SELECT id, jsonb_typeof(to_jsonb(c)) FROM customers c", 0, 8),
    ("SELECT jsonb_object_keys(to_jsonb(c)) FROM customers c", 0, 8),
    # a part of a group's: of some of its persons
    ("SELECT left(v, 9) FROM (SELECT string_agg(place, ',' ORDER BY place) AS v FROM visits WHERE customer_id IN (4, 5, 8)) k ORDER BY 1", 0, 3),
    ("SELECT coalesce(nullif(v, v), 'none') FROM (SELECT array_agg(item)::text AS v FROM orders WHERE customer_id = 1) k", 0, 1),
    # what is null in a row of grouping sets
    ("SELECT name FROM customers GROUP BY ROLLUP (name) HAVING count(*) > 2", 0, 8),
    ("SELECT coalesce(name, 'none') FROM customers WHERE id < 5 GROUP BY ROLLUP (name)", 0, 4),
    # another part of what was put together
    ("SELECT id, row_to_json(c) ->> 'nothing' FROM customers c", 0, 8),
    ("SELECT id, left(format('%s/%s', region, email), 3) FROM customers", 0, 8),
    # 5137, 3846: an element of an array, or so many characters of a text, that was made of several values
    ("SELECT (ARRAY[trim(phone), region])[2] FROM customers", 0, 8),
    ("SELECT id, (to_jsonb(o)::text)::varchar(8) FROM orders o", 0, 11),
    # one of several values of rows around it
    ("SELECT v FROM customers a JOIN customers b ON a.id = b.id + 1, LATERAL (VALUES (a.name), (b.name)) AS t(v) WHERE v < 'L'", 0, 8),
    ("SELECT v FROM customers a JOIN customers b ON a.id = b.id + 1, LATERAL (SELECT a.name UNION ALL SELECT b.name) t(v) WHERE v < 'L'", 0, 8),
    ("SELECT v FROM customers a JOIN customers b ON a.id = b.id + 1, unnest(ARRAY[a.name, b.name]) AS t(v) WHERE v > a.name", 0, 4),
    # 2102269: a null in a COPY of which only keys are read, because a function can have set another encoding
    ("COPY (SELECT l.x FROM (SELECT shout(title) AS x FROM goods WHERE id = 99) l FULL JOIN visits_early r ON l.x = r.place) TO STDOUT", 0, 8),
    # one row of each of two tables, or of one and any number of another
    ("SELECT (SELECT who FROM labels LIMIT 1), (SELECT caller FROM callers ORDER BY 1 DESC LIMIT 1)", 0, 2),
    ("SELECT (SELECT who FROM labels LIMIT 1), (SELECT string_agg(caller, ',') FROM callers)", 0, 8),
    ("SELECT a.who, b.who FROM labels a JOIN labels b ON a.who < b.who ORDER BY 1, 2 LIMIT 1", 0, 2),
    # one column that is certain, and null, and one that is not
    ("SELECT t1.id, ROW(t2.w, t2.n), t2.w FROM visits_early t1 LEFT JOIN (VALUES (1, 'one')) AS t2(n, w) ON t1.place = t2.w", 0, 5),
)


def check_perhaps(statements, what="perhaps"):
    last_oid()
    worker = Worker(0, [random_ways.Program.of(f"{what} {number}", sql) for number, (sql, _, _) in enumerate(statements)])
    worker.run()
    front().guard.until_sessions(0)
    worker.judge(ledger())
    assert not worker.problems, "\n".join(text for _, text in worker.problems)
    found = [(sql, one["at_least"], one["at_most"]) for (sql, _, _), one in zip(statements, worker.figures)]
    assert found == list(statements), "\n".join(map(str, zip(found, statements)))


# Of which nothing is counted.
NOTHING = (
    "SELECT customer_id, array_length(array_agg(item), 1) FROM orders GROUP BY customer_id",
    "SELECT customer_id, json_array_length(json_agg(item)), json_typeof(json_agg(item)) FROM orders GROUP BY customer_id",
    "SELECT id, array_length(ARRAY(SELECT item FROM orders o WHERE o.customer_id = c.id), 1) FROM customers c",
    "SELECT id, array_length(ARRAY[name, phone], 1) FROM customers",
    "SELECT id, to_jsonb(c) ->> 'region', row_to_json(c) -> 'grade' FROM customers c",
    "SELECT id, jsonb_build_object('a', name, 'b', grade) ->> 'b' FROM customers",
)
# And of these just those whose value it is.
TAKEN = (
    "SELECT to_jsonb(c) ->> 'name' FROM customers c WHERE id = 1",
    "SELECT json_build_object('a', name, 'b', grade) -> 'a' FROM customers WHERE id <> 2 AND id <> 5",
    "SELECT id, coalesce(string_agg(name, ','), 'none'), coalesce(array_agg(phone), '{}') FROM customers WHERE id = 1 GROUP BY id",
    "SELECT left(upper(name), 6), substr(phone, 2) FROM customers WHERE id = 7",
    "SELECT name, phone, count(*) FROM customers WHERE id < 5 GROUP BY CUBE (name, phone)",
    "SELECT left(phone, 6), json_agg(email ORDER BY email) FROM customers GROUP BY GROUPING SETS ((left(phone, 6)), ())",
    "SELECT id, lag(upper(name)) OVER (ORDER BY id), first_value('x' || name) OVER (ORDER BY id) FROM customers WHERE id IN (1, 3, 4) ORDER BY id",
    "SELECT upper(v) FROM (SELECT max(phone) AS v, count(*) FROM customers) k ORDER BY 1",
    "SELECT left(v, 9), v FROM (SELECT string_agg(place, ',' ORDER BY place) AS v FROM visits WHERE customer_id IN (4, 5, 8)) k",
)


@test(gateway=True)
def test_parts():
    """Of documents and arrays that parts are taken of, whoever is named has such a part"""
    assert [one["exact"] for one in check_told(TAKEN, "taken")] == [True] * len(TAKEN)
    check_perhaps(tuple((sql, 0, 0) for sql in NOTHING), "nothing")


@test(gateway=True)
def test_perhaps():
    """Whom a value need not show is not said to have been shown"""
    check_perhaps(PERHAPS)


@test(gateway=True)
def test_found():
    """Statements that random ones have found are right now"""
    check_told(FOUND)


@test(gateway=True, limit=3 * 3600 if harness.LONG or "PASU_E2E_SEED" in os.environ else 150)
def test_random_statements():
    """Random statements: the same bytes as without pasu, and the truth lies in the ledger's interval"""
    check_random(seeds())


def check_random(todo):
    """The figures of the statements with these seeds, once all of them are right."""
    print(f"# seeds {todo[0]} to {todo[-1]}", flush=True)
    last_oid()
    workers = [Worker(number, todo[number::WORKERS]) for number in range(WORKERS)]
    together(workers, lambda worker: worker.run)
    front().guard.until_sessions(0)
    said = ledger()
    together(workers, lambda worker: lambda: worker.judge(said))
    figures = sorted((one for worker in workers for one in worker.figures), key=lambda one: one["seed"])
    print(summary(figures) + f"; {sum(worker.reordered for worker in workers)} in another order that SQL leaves open", flush=True)
    if os.environ.get("PASU_E2E_FIGURES"):
        with open(os.environ["PASU_E2E_FIGURES"], "w", encoding="utf-8") as out:
            out.writelines(json.dumps(one) + "\n" for one in figures)
    assert len(figures) == len(todo) or any(worker.problems for worker in workers)
    assert any(one["truth"] for one in figures) or len(todo) < 20
    problems = [text for worker in workers for _, text in worker.problems]
    assert not problems, f"{len(problems)} problems:\n" + "\n".join(problems[:40])
    return figures


if __name__ == "__main__":
    harness.main()
