#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Exactness: random clients ask random questions in every way that the protocol has, and write down
whom they were shown; the ledger must say the same, person by person.

    PASU_E2E_SEED     only this workload (numbers, separated by commas)"""
import hashlib
import os
import random
import threading

import chopper
import harness
import question
import shop
from stage import equal, test
import ways
import wire

SEEDS = range(1, (200 if harness.LONG else 25) + 1)
if os.environ.get("PASU_E2E_SEED"):
    SEEDS = [int(word) for word in os.environ["PASU_E2E_SEED"].split(",")]


@harness.shared
def plain():
    return shop.front("plain")


@harness.shared
def chopped():
    """A gateway whose server's bytes come in small packets."""
    made = chopper.Chopper(shop.server().address)
    yield shop.front("chopped", upstream=made.upstream)
    made.close()


# ---- random workloads ----

class Client:
    """A session of a workload: what it asks, and its diary."""

    def __init__(self, seed, number, front):
        self.name, self.front, self.problem = f"w{seed}-{number}", front, None
        self.chance, self.truth = random.Random(self.name), shop.Truth()
        self.diary = ways.Diary(self.truth)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            self.talk()
        except Exception as error:  # told by whoever waits for it
            self.problem = f"{self.name} after {self.diary.story}: {type(error).__name__}: {error}"
        finally:
            self.truth.close()

    def talk(self):
        chance = self.chance
        buffer = chance.choice((None, None, 2048))
        with self.front.login(user=chance.choice(shop.ROLES), application_name=self.name, receive_buffer=buffer) as session:
            session.address = self.front.address
            for _ in range(chance.randint(1, 8)):
                self.ask(session, chance.choice(ways.EVERY))
            last = chance.choice((ways.cancelled, ways.closed_early, None, None, None))
            if last:
                self.ask(session, last)
            if last is not ways.closed_early and chance.random() < 0.7:
                session.terminate()

    def ask(self, session, way):
        self.diary.story.append(way.__name__)
        way(session, self.chance, self.diary)


def differences(diary, shown):
    """Where the ledger says otherwise than the client."""
    found = []

    def due(is_so, what):
        if not is_so:
            found.append(what)
    for kind in sorted(set(diary.keys) | set(shown.keys)):
        lost = diary.keys[kind] - shown.keys[kind]
        extra = shown.keys[kind] - diary.keys[kind] - diary.may[kind]
        due(not lost, f"{len(lost)} of {len(diary.keys[kind])} {kind}s shown uncounted: {sorted(lost)[:3]}")
        due(not extra, f"{len(extra)} {kind}s counted, not shown: {sorted(extra)[:3]}")
    due(shown.unknown == 0, f"{shown.unknown} unknown")
    due({field: clarity for field, clarity in shown.fields.items() if field not in diary.may_fields}
        == {field: clarity for field, clarity in diary.fields.items() if field not in diary.may_fields}
        and set(diary.fields) <= set(shown.fields) <= set(diary.fields) | diary.may_fields,
        f"fields {shown.fields}, not {diary.fields}")
    due(diary.rows <= shown.rows <= diary.rows + diary.may_rows, f"{shown.rows} rows, not {diary.rows}")
    due(diary.statements <= shown.statements <= diary.statements + diary.may_statements,
        f"{shown.statements} statements, not {diary.statements} (or {diary.may_statements} more)")
    due(shown.misses == diary.misses, f"{shown.misses} misses, not {diary.misses}")
    due({kind: keys for kind, keys in shown.missed.items() if keys} == {kind: keys for kind, keys in diary.missed.items() if keys},
        f"missed {dict(shown.missed)}, not {dict(diary.missed)}")
    due(not shown.flags, f"flags {shown.flags}")
    due(shown.verdicts <= {"allow"}, f"verdicts {shown.verdicts}")
    due(shown.attributions <= diary.ways, f"found by {shown.attributions}, not {diary.ways}")
    return found


@test(limit=1800 if harness.LONG else 150)
def test_random_workloads():
    """Random workloads: the ledger's persons, fields, rows, statements and misses are what the clients saw"""
    print(f"# seeds {','.join(str(seed) for seed in SEEDS)}", flush=True)
    problems, clients = [], []
    for seed in SEEDS:
        chance = random.Random(seed)
        front = chance.choice((plain, plain, chopped))()
        together = [Client(seed, number, front) for number in range(chance.randint(1, 4))]
        for client in together:
            client.thread.join()
        clients += together
        problems += [client.problem for client in together if client.problem]
    for front in () if harness.DIRECT else (plain(), chopped()):
        front.guard.until_sessions(0)
        said = shop.export(front)
        for client in clients:
            if client.front is not front or client.problem:
                continue
            for text in differences(client.diary, said[client.name]):
                problems.append(f"{client.name} {client.diary.story}: {text}")
        strangers = set(said) - {client.name for client in clients}
        if strangers:
            problems.append(f"lines of {strangers}")
    assert sum(client.diary.rows for client in clients) > 0
    assert not problems, f"{len(problems)} differences: " + "\n".join(problems[:20])


# ---- one by one ----

def told(front, name, way, **login):
    """What the ledger says of a session in which `way(session)` was done."""
    with front.login(user="app", application_name=name, **login) as session:
        session.address = front.address
        way(session)
        session.terminate()
    front.guard.until_sessions(0)
    return shop.export(front, "--application", name)[name]


@test(gateway=True)
def test_nothing_personal():
    """Statements that show nobody leave no line: counts, keys alone, other tables, transactions, settings"""
    def way(session):
        for sql in question.ORDINARY + ("BEGIN", "SAVEPOINT a", "ROLLBACK TO a", "COMMIT", "", "RESET ALL"):
            ways.run(session, sql)
            session.exchange(wire.parse(sql) + wire.bind() + wire.describe() + wire.execute() + wire.SYNC)
    shown = told(plain(), "nothing personal", way)
    equal(shown.lines, [])


@test(gateway=True)
def test_misses():
    """A look-up that finds nothing is recorded with the key that was asked for, of each type, in each way"""
    cases = (("customers", "id", "customer", "999999", question.INT8), ("customers", "id", "customer", "-4", question.INT8),
             ("members", "id", "member", "00000000-0000-0000-0000-000000000007", question.UUID),
             ("accounts", "login", "account", "no'body \\ {here}", question.TEXT), ("accounts", "login", "account", "00", question.TEXT))

    def way(session):
        for table, key, _, value, oid in cases:
            one = question.Value([value], oid)
            equal(ways.only(session, wire.query(f"SELECT name FROM {table} WHERE {key} = {one.sql()}")), [])
            for form in (0, 1):
                equal(ways.only(session, wire.parse(f"SELECT {key}, name FROM {table} WHERE {key} = $1", "", [oid])
                                + wire.bind([one.bytes(form)], formats=[form]) + wire.execute() + wire.SYNC), [])
            ways.run(session, f"PREPARE q AS SELECT name FROM {table} WHERE {key} = $1")
            equal(ways.only(session, wire.query(f"EXECUTE q ({one.sql()})")), [])
            ways.run(session, "DEALLOCATE q")
    shown = told(plain(), "misses", way)
    equal(shown.misses, 4 * len(cases))
    for kind in ("customer", "member", "account"):
        equal(shown.missed[kind], {value for _, _, one, value, _ in cases if one == kind})
    equal({kind for kind, keys in shown.keys.items() if keys}, set(), "shown")
    equal(shown.fields, {}, "fields")


# Arrays of two keys, written in every way: 0 and 1 stand for constants of the keys.
ARRAYS = ("ARRAY[0, 1]", "ARRAY[0, 1]::TYPE[]", "ARRAY[0::TYPE, CAST(1 AS TYPE)]", "ARRAY[0, NULL, 1]::TYPE[]", "'{TEXT}'", "'{TEXT}'::TYPE[]",
          "CAST('{TEXT}' AS TYPE[])", "'{null,TEXT}'::TYPE[]")


@test(gateway=True)
def test_misses_of_arrays():
    """Look-ups with arrays of keys that find nothing are recorded with all keys, however the array is written"""
    cases = (("customers", "id", "customer", "bigint", ("999001", "-999002")),
             ("members", "id", "member", "uuid", ("00000000-0000-0000-0000-000000000007", "00000000-0000-0000-0000-000000000008")),
             ("accounts", "login", "account", "text", ("no, body", "O'Hara {\\} \"x\"")))
    lookups = [(table, key, kind, oid, values, form) for table, key, kind, oid, values in cases for form in ARRAYS
               if (oid, form) != ("uuid", "ARRAY[0, 1]")]  # an array of texts, to the server
    for number, (table, key, kind, oid, values, form) in enumerate(lookups):
        def way(session):
            constants = [value if oid == "bigint" else "'" + value.replace("'", "''") + "'" for value in values]
            text = ",".join('"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("'", "''") + '"' for value in values)
            array = form.replace("TYPE", oid).replace("0", "\0").replace("1", "\1").replace("TEXT", text)
            array = array.replace("\0", constants[0]).replace("\1", constants[1])
            sql = f"SELECT {key}, name FROM {table} WHERE {key} = ANY"
            ways.run(session, f"PREPARE q ({oid}[]) AS {sql}($1)")
            equal(ways.only(session, wire.query(f"EXECUTE q ({array})")), [])
            equal(ways.only(session, wire.parse("EXECUTE q (" + array + ")") + wire.bind() + wire.execute() + wire.SYNC), [])
            equal(ways.only(session, wire.query(f"{sql}({array})")), [])
            equal(ways.only(session, wire.parse(f"{sql}({array})") + wire.bind() + wire.execute() + wire.SYNC), [])
        shown = told(plain(), f"array {number}", way)
        # A null of an array of texts that has no quotes may be the text NULL (array_nulls): then nobody is known to have been asked for.
        is_told = oid != "text" or "null," not in form.lower() or "'" not in form
        equal((shown.misses, dict(shown.missed)), (4, {kind: set(values)}) if is_told else (0, {}), f"{oid} {form}")
        equal((shown.fields, sum(line["misses"] for line in shown.lines)), ({}, 4 if is_told else 0))


KEYS_OF = {"LATIN1": ("Renée", "Ünal"), "EUC_KR": ("김철수", "박영희"), "UHC": ("똠방각하", "펲시콜라"), "WIN1251": ("Иван", "Ольга"),
           "UTF8": ("김철수", "Renée")}
CODECS = {"LATIN1": "latin-1", "EUC_KR": "euc_kr", "UHC": "cp949", "WIN1251": "cp1251", "UTF8": "utf-8"}


@test(gateway=True)
def test_encodings():
    """A key that is a text is the same person's in every client encoding: in rows, parameters, literals, misses"""
    everybody = sorted({name for names in KEYS_OF.values() for name in names})
    values = ", ".join(f"('{name}', 'Enc', NULL, 77)" for name in everybody)
    shop.server().sql(f"INSERT INTO accounts VALUES {values}")
    try:
        for encoding, (key, gone) in KEYS_OF.items():
            def code(text, codec=CODECS[encoding]):
                return text.encode(codec)

            def way(session):
                ways.run(session, f"SET client_encoding = {encoding}")
                digest = hashlib.md5(key.encode()).hexdigest()
                equal(len(ways.only(session, wire.query(f"SELECT login, name FROM accounts WHERE md5(login) = '{digest}'"))), 1)
                for data in (wire.query(code(f"SELECT name FROM accounts WHERE login = '{key}'")),
                             wire.query(code(f"SELECT DISTINCT name FROM accounts WHERE login IN ('{key}')")),
                             *(wire.parse("SELECT name FROM accounts WHERE login = $1", "", [25])
                               + wire.bind([code(key)], formats=[form]) + wire.execute() + wire.SYNC for form in (0, 1))):
                    equal(ways.only(session, data), [["Enc"]])
                equal(ways.only(session, wire.query(code(f"SELECT name FROM accounts WHERE login = '{gone}!'"))), [])
                equal(ways.only(session, wire.parse("SELECT name FROM accounts WHERE login = $1") + wire.bind([code(gone + "!")])
                                + wire.execute() + wire.SYNC), [])
            shown = told(plain(), f"encoding {encoding}", way)
            is_odd = encoding == "UHC"  # its texts with literals have two readings, and are bounded
            equal((shown.keys["account"], shown.missed["account"]), ({key}, {gone + "!"}), encoding)
            equal((shown.misses, shown.unknown > 0, shown.flags), (1 if is_odd else 2, is_odd, shown.flags if is_odd else set()), encoding)
    finally:
        shop.server().sql("DELETE FROM accounts WHERE level = 77")


@test(gateway=True)
def test_encodings_that_are_not_known():
    """Where it is not known which characters a key is, a row has somebody that nobody knows, and a flag"""
    shop.server().sql("INSERT INTO accounts VALUES ('テスト', 'Enc', NULL, 77)")
    ask = "SELECT login, name FROM accounts WHERE level = 77"
    try:
        for number, (before, sql) in enumerate(((["SET client_encoding = SJIS"], ask), (["SET client_encoding = EUC_JP"], ask),
                                                ([], "SET client_encoding = EUC_JP;" + ask))):
            def way(session):
                for text in before:
                    ways.run(session, text)
                session.send(wire.query(sql))
                assert [kind for _, kind, _ in ways.parts(session)][-1] == "C"
            shown = told(plain(), f"unknown encoding {number}", way)
            equal((dict(shown.keys), shown.unknown > 0, "unattributed" in shown.flags or "dialect" in shown.flags),
                  ({"account": set()}, True, True), f"{before} {sql}: {shown}")
    finally:
        shop.server().sql("DELETE FROM accounts WHERE level = 77")


def run_of(name):
    """Bind and Execute without a question about columns: their formats must fit what is sent on."""
    return wire.bind(name=name, results=(0, 1)) + wire.execute()


def by_messages(sql):
    return wire.parse(sql) + wire.bind() + wire.execute()


ONE, OTHER = "SELECT name, grade FROM customers WHERE id = 1287", "SELECT title, price FROM products WHERE id = 9"
# How "s1" comes to mean ONE, and how many of these messages are answered by ReadyForQuery.
ANEW = ((wire.close("S", "s1") + wire.parse(ONE, "s1"), 0),
        (wire.query("DEALLOCATE s1") + wire.parse(ONE, "s1"), 1),
        (wire.query("DEALLOCATE ALL") + wire.parse(ONE, "s1"), 1),
        (wire.query("DEALLOCATE s1; PREPARE s1 AS " + ONE), 1),
        (by_messages("DEALLOCATE s1") + wire.parse(ONE, "s1"), 0),
        (by_messages("DEALLOCATE s1") + by_messages("PREPARE s1 AS " + ONE), 0),
        (wire.query("DEALLOCATE s1; PREPARE s1 AS " + OTHER) + wire.query("DEALLOCATE s1") + wire.parse(ONE, "s1"), 2),
        (wire.query("DISCARD ALL") + wire.parse(ONE, "s1"), 1))


@test(gateway=True)
def test_names_given_anew():
    """In one burst a name is given another statement, in every way: rows are those of the new one, and counted as such"""
    hidden = "SELECT name, level FROM members WHERE level = 1 LIMIT 3"  # a column more than it was asked for
    for number, (before, (anew, readies), at_once) in enumerate((before, anew, at_once) for before in (OTHER, hidden)
                                                                for anew in ANEW for at_once in (False, True)):
        if at_once and anew == ANEW[-1][0]:
            continue  # not within a pipeline, says the server

        def way(session):
            first = wire.parse(before, "s1") + (run_of("s1") if at_once else wire.SYNC)
            if not at_once:
                session.exchange(first)
            session.send((first if at_once else b"") + anew + run_of("s1") + wire.SYNC)
            results = [session.result() for _ in range(readies + 1)]
            equal([fields["M"] for result in results for fields in result.errors], [])
            equal(results[-1].rows[-1][0], "Kim-1287")
            equal(session.value("SELECT 1"), "1")
        shown = told(plain(), f"anew {number}", way)
        members = 3 if at_once and before == hidden else 0
        equal(({kind: len(keys) for kind, keys in shown.keys.items() if keys}, shown.unknown, shown.flags),
              ({"customer": 1, **({"member": members} if members else {})}, 0, set()), f"{before} {anew}")


# Forms of which no key can be had: whom they can show is bounded, and said so.
BOUND = (
    "SELECT DISTINCT name FROM customers WHERE grade = 1",
    "SELECT string_agg(email, ',') FROM customers WHERE grade = 2",
    "SELECT name FROM customers WHERE grade = 3 UNION SELECT address FROM customers WHERE grade = 3",
    "SELECT upper(name), count(*) FROM customers WHERE grade = 1 GROUP BY 1",
    "WITH w AS MATERIALIZED (SELECT email FROM customers WHERE grade = 1) SELECT * FROM w",
    "SELECT (SELECT name FROM customers c WHERE c.id = o.customer_id) FROM orders o WHERE o.id < 40",
    "SELECT json_agg(c) FROM customers c WHERE grade = 2",
    "SELECT c FROM customers c WHERE grade = 2",
    "SELECT max(name) OVER () FROM customers WHERE grade = 2",
    "COPY customers TO STDOUT",
    "COPY (SELECT name FROM customers WHERE grade = 1) TO STDOUT",
    "DECLARE c CURSOR FOR SELECT name FROM customers WHERE grade = 1; FETCH 5 FROM c",
    "UPDATE customers SET grade = grade WHERE grade = 1 RETURNING name",
)


@test(gateway=True)
def test_never_nothing():
    """What has no key to be read is bounded, flagged where it is, and never missing: sets, aggregates, copies"""
    front = plain()
    for number, sql in enumerate(BOUND):
        with front.login(user="app", application_name=f"bound {number}") as session:
            assert not session.exchange(wire.query("BEGIN;" + sql + ";ROLLBACK")).errors, sql
    front.guard.until_sessions(0)
    said = shop.export(front)
    problems = []
    for number, sql in enumerate(BOUND):
        shown = said[f"bound {number}"]
        named = len(shown.keys["customer"])
        if not shown.lines or named + shown.unknown == 0 or not shown.fields:
            problems.append(f"{sql}: nothing")
        elif shown.unknown and "bound" not in shown.flags:
            problems.append(f"{sql}: unknown persons without a flag")
    assert not problems, "\n".join(problems)


ASK = "SELECT name FROM customers WHERE grade = 1"
# What has been said before it, and whether its persons are named: the key of those is asked for whose role is known, and may read it.
ROLES = (
    (("SET ROLE analyst",), True),
    (("SET ROLE keyless",), False),
    (("SET ROLE keyless", "SET ROLE 'analyst'"), True),
    (("SET ROLE keyless", "RESET ROLE"), True),
    (("SET ROLE keyless", "SET SESSION ROLE none"), True),
    (("SET ROLE keyless", "DISCARD ALL"), True),
    (("SET ROLE nobody_of_that_name",), True),
    (("SET ROLE keyless", "SET ROLE nobody_of_that_name"), False),
    # it goes with the transaction, and nobody says so
    (("BEGIN", "SET ROLE keyless", "ROLLBACK"), False),
    (("BEGIN", "SET ROLE keyless", "COMMIT"), False),
    (("BEGIN", "SET ROLE keyless", "COMMIT", "SET ROLE analyst"), True),
    (("SET ROLE keyless", "BEGIN", "SET ROLE analyst", "ROLLBACK"), False),
    (("SET ROLE keyless; SET ROLE analyst",), False),
    (("SET ROLE keyless", "SET ROLE analyst; SELECT 1 / 0"), False),
    (("SET ROLE keyless", wire.parse("BEGIN") + wire.bind() + wire.execute() + wire.query("SET ROLE analyst"), "ROLLBACK"), False),
    (("SET ROLE keyless", "BEGIN", "SET LOCAL ROLE analyst", "COMMIT"), False),
    # whoever the session is then
    (("SET ROLE keyless", "SELECT set_config('role', 'keyless', false)"), False),
    (("SET SESSION AUTHORIZATION keyless", "RESET ROLE"), False),
    (("SET SESSION AUTHORIZATION keyless", "SET ROLE none"), False),
    (("SET SESSION AUTHORIZATION keyless", "DISCARD ALL"), True),
)


@harness.shared
def roles():
    """Who may be others, and who may not read a key."""
    shop.server().sql("CREATE ROLE keyless; GRANT SELECT (name, grade) ON customers TO keyless; CREATE ROLE several LOGIN SUPERUSER; CREATE TABLE kept (secret text);"
                      "CREATE ROLE sworn LOGIN SUPERUSER; ALTER ROLE sworn SET role = 'keyless'; "
                      "CREATE FUNCTION become(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN set_config('role', $1, false); END $$")


@test(gateway=True)
def test_roles_that_are_set():
    """Whom a role that was set is shown is known as of any other, where it is known for sure that it is still set"""
    roles()
    front = shop.front("roles")
    problems = []
    for number, (said, _) in enumerate(ROLES):
        rows = []
        for address in (shop.server().address, front.address):
            with wire.login(address, user="several", application_name=f"role {number}") as session:
                for one in said:
                    session.exchange(one if isinstance(one, bytes) else wire.query(one))
                rows.append(session.exchange(wire.query(ASK)))
                session.terminate()
        equal((rows[0].rows, rows[0].errors), (rows[1].rows, rows[1].errors), said)
    front.guard.until_sessions(0)
    shown = shop.export(front)
    for number, (said, is_named) in enumerate(ROLES):
        one = shown[f"role {number}"]
        if (len(one.keys["customer"]) > 0, one.unknown == 0) != (is_named, is_named):
            problems.append(f"{said}: {len(one.keys['customer'])} named, {one.unknown} unknown, {one.attributions}")
    assert not problems, "\n".join(problems)


# The same of a role that nobody has said: who has logged in, what has been said before it, and whether its persons are named.
EXTENDED = wire.parse(ASK) + wire.bind() + wire.execute() + wire.message(b"S")
UNSAID = (
    ("sworn", (), False),
    ("sworn", ("SET ROLE analyst", "RESET ROLE"), False),
    ("sworn", ("SET ROLE analyst", "DISCARD ALL"), False),
    ("sworn", ("SET ROLE none",), True),
    ("several", ("SET ROLE analyst", "SELECT become('keyless')"), False),
    ("several", ("SET ROLE analyst", "DO $$ BEGIN PERFORM become('keyless'); END $$"), False),
    ("several", ("SELECT become('keyless')", "SET ROLE analyst"), True),
    ("several", ("SELECT become('keyless')", "COPY (" + ASK + ") TO STDOUT"), False),
    # what the role may not read anyway says nothing of the role
    ("several", ("SET ROLE analyst", "SELECT name, secret FROM customers, kept", ASK), True),
    # it is not set yet when the next text comes
    ("several", (wire.parse("SET ROLE keyless") + wire.bind() + wire.execute() + EXTENDED,), False),
    ("several", ("SET ROLE keyless", wire.parse("SET ROLE analyst") + wire.bind() + wire.execute() + EXTENDED), False),
)


@test(gateway=True)
def test_roles_that_nobody_says():
    """What a role may not read is not asked for where code has set it, or the server at login: the client sees nothing of it"""
    roles()
    front = shop.front("unsaid")
    problems = []
    for number, (user, said, _) in enumerate(UNSAID):
        told = []
        for address in (shop.server().address, front.address):
            with wire.login(address, user=user, application_name=f"unsaid {number}") as session:
                results = [session.exchange(one if isinstance(one, bytes) else wire.query(one)) for one in (*said, ASK)]
                told.append([(one.rows, one.copied, one.errors) for one in results])
                session.terminate()
        equal(told[1], told[0], str(said))
    with front.login(user="sworn", application_name="once") as session:  # by messages, the first one says so
        assert session.exchange(EXTENDED).code == "42501"
        assert session.exchange(EXTENDED).rows
        session.terminate()
    front.guard.until_sessions(0)
    shown = shop.export(front)
    for number, (user, said, is_named) in enumerate(UNSAID):
        one = shown[f"unsaid {number}"]
        if (len(one.keys["customer"]) > 0, one.unknown == 0) != (is_named, is_named):
            problems.append(f"{user}, {said}: {len(one.keys['customer'])} named, {one.unknown} unknown, {one.attributions}")
    assert not problems, "\n".join(problems)


if __name__ == "__main__":
    harness.main()
