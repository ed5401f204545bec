#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Persons who have no number of their own: recipients, whom a name and a phone number name together. Some share the name, some
have no phone, or an empty one, or no name; of some rows nobody knows whose they are. Each statement is asked directly and through
the gateway in every way of the protocol: what comes is the same, byte by byte, and the ledger names just those who were shown."""
import json
import re

import guard
import harness
import shop
from stage import equal, test
import wire

# Persons by number. What is hard to quote, and what would be the same if parts were only put behind each other.
PERSONS = [("이영희", "010-1234-5678"), ("이영희", "010-8765-4321"), ("이영희", None), ("이영희", ""), (None, "010-1234-5678"),
           ("", None), ('O"Neil', "1"), ("back\\slash", "2"), ('a","b', "c"), ("a", 'b","c'), ("null", "3"), ("4", None), ("4", "null"),
           ("tab\there", "5"), ("new\nline", "6"), ("{braces}", "7"), ("\\N", "8"), ("\\.", "9"), ("😀", "10"), ("x" * 300, "11")]
NOBODY = (None, None)
SEEN = re.compile(rb"home-(\d+)-|#(-?\d+)#")


def literal(value):
    return "NULL" if value is None else "E'" + value.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n") + "'"


def rows():
    """Two parcels for each, one of another customer, and three for nobody."""
    for number, (name, phone) in enumerate(PERSONS * 2 + [NOBODY] * 3):
        person = number % len(PERSONS) if (name, phone) != NOBODY else 999
        yield f"({number}, {1007 + 7 * number}, {literal(name)}, {literal(phone)}, 'home-{person}-', '#{1007 + 7 * number}#', {number % 3})"


SCHEMA = f"""
CREATE TABLE deliveries (id int PRIMARY KEY, customer_id bigint, recipient_name text, recipient_phone varchar(40), address text,
    door_code text, weight int);
INSERT INTO deliveries VALUES {",".join(rows())};
CREATE TABLE returns (recipient_phone varchar(40), note text, recipient_name text) PARTITION BY LIST (note);
CREATE TABLE returns_1 (note text, recipient_name text, recipient_phone varchar(40));
ALTER TABLE returns ATTACH PARTITION returns_1 FOR VALUES IN ('home-0-', 'home-2-');
CREATE TABLE returns_2 PARTITION OF returns DEFAULT;
INSERT INTO returns SELECT recipient_phone, address, recipient_name FROM deliveries WHERE id < 6;
CREATE TABLE odd (recipient_name char(12), recipient_phone text, address text);
INSERT INTO odd SELECT left(recipient_name, 12), recipient_phone, address FROM deliveries WHERE id < 6;
CREATE TABLE transfers (sender text, sender_phone text, sender_note text, receiver text, receiver_phone text, receiver_note text);
INSERT INTO transfers SELECT a.recipient_name, a.recipient_phone, a.address, b.recipient_name, b.recipient_phone, b.address
    FROM deliveries a JOIN deliveries b ON b.id = a.id + 3 WHERE a.id < 9;
CREATE TABLE own (recipient_name text, recipient_phone text, address text);
INSERT INTO own SELECT recipient_name, recipient_phone, address FROM deliveries WHERE id IN (0, 1, 6, 7);
ALTER TABLE own OWNER TO app;
CREATE FUNCTION address_of(text, text) RETURNS text LANGUAGE sql STABLE AS
    'SELECT address FROM public.deliveries WHERE recipient_name = $1 AND recipient_phone = $2 LIMIT 1';
CREATE VIEW parcels_shown AS SELECT address, weight FROM deliveries;
GRANT SELECT, INSERT, UPDATE, DELETE ON deliveries, returns, returns_1, odd, parcels_shown TO app;
GRANT SELECT ON transfers TO app;
GRANT SELECT (address, recipient_name) ON deliveries TO analyst;
"""
KEY = ["recipient_name", "recipient_phone"]
FIELDS = {"recipient_name": "name", "recipient_phone": "phone", "address": "address"}
MORE = {
    "subjects": {**shop.CONFIG["subjects"], "addressee": {"table": "public.deliveries", "key": KEY}},
    "personal_data": shop.CONFIG["personal_data"] + [
        shop.personal("deliveries", "addressee", KEY, FIELDS),
        shop.personal("deliveries", "customer", "customer_id", {"door_code": "door_code"}),
        shop.personal("returns", "addressee", KEY, {"note": "address"}),
        shop.personal("odd", "addressee", KEY, {"address": "address"}),
        shop.personal("own", "addressee", KEY, {"address": "address"}),
        shop.personal("transfers", "addressee", ["sender", "sender_phone"], {"sender_note": "address"}),
        shop.personal("transfers", "addressee", ["receiver", "receiver_phone"], {"receiver_note": "address"}),
    ],
}
# Of these the ledger names everybody who is shown, and nobody else; of some rows it is not known whose they are.
EXACT = (
    "SELECT * FROM deliveries",
    "SELECT d.*, 1 FROM deliveries d ORDER BY id DESC",
    "SELECT address, recipient_phone AS p, recipient_name AS n FROM deliveries",
    "SELECT recipient_phone, recipient_name, address FROM deliveries WHERE weight = 1",
    "SELECT address FROM deliveries",
    "SELECT recipient_name, address FROM deliveries ORDER BY 2 LIMIT 9",
    "SELECT recipient_phone, address FROM deliveries WHERE recipient_name = '이영희'",
    "SELECT upper(address) || 'home-' || left(substr(address, 6), 9) FROM deliveries WHERE id = 3",
    "SELECT address, door_code FROM deliveries",
    "SELECT a.address, b.address FROM deliveries a, deliveries b WHERE a.id = b.id + 1",
    "SELECT a.recipient_name, a.recipient_phone, b.address FROM deliveries a, deliveries b WHERE a.id = b.id + 1 AND a.address > ''"
    " AND b.id > 999",
    "SELECT c.grade, d.address FROM customers c LEFT JOIN deliveries d ON d.customer_id = c.id AND d.weight = 2",
    "SELECT s.a FROM (SELECT address AS a FROM deliveries) s",
    "SELECT s.a, s.b FROM (SELECT address, door_code FROM deliveries WHERE weight = 1) s(a, b)",
    "WITH w AS (SELECT address AS a, weight AS g FROM deliveries) SELECT a FROM w WHERE g = 2",
    "SELECT address FROM deliveries WHERE weight = 1 UNION ALL SELECT title FROM products",
    "SELECT string_agg(address, ',' ORDER BY id) FROM deliveries WHERE recipient_name > ''",
    "SELECT weight, string_agg(address, ',' ORDER BY id) FROM deliveries WHERE recipient_name > '' GROUP BY weight ORDER BY 1",
    "SELECT json_agg(address) FROM public.deliveries WHERE recipient_phone > ''",
    "SELECT note FROM returns",
    "SELECT recipient_name, note, recipient_phone FROM returns",
    "SELECT note FROM returns_1",
    "SELECT * FROM transfers",
    "SELECT sender_note FROM transfers WHERE receiver_note > ''",
    "SELECT receiver_note, sender_note, receiver, receiver_phone FROM transfers",
    "COPY public.transfers (receiver_note, receiver_phone, receiver) TO STDOUT",
    "BEGIN; UPDATE deliveries SET weight = weight + 1 WHERE weight = 2 RETURNING address; ROLLBACK",
    "BEGIN; DELETE FROM deliveries WHERE weight = 2 RETURNING address, door_code; ROLLBACK",
    "BEGIN; DECLARE c CURSOR FOR SELECT address FROM deliveries;; FETCH 7 FROM c;; FETCH ALL FROM c;; COMMIT",
    "SELECT c.grade, s.a FROM customers c LEFT JOIN (SELECT customer_id AS k, address AS a FROM deliveries) s ON s.k = c.id",
    "COPY public.deliveries TO STDOUT",
    "COPY deliveries TO STDOUT",
    "COPY public.deliveries TO STDOUT (FORMAT csv, HEADER)",
    "COPY public.deliveries TO STDOUT (FORMAT binary)",
    "COPY public.deliveries (recipient_phone, address, recipient_name) TO STDOUT",
    "COPY (SELECT address, weight FROM public.deliveries) TO STDOUT (FORMAT csv, FORCE_QUOTE *)",
)
# Of these the ledger need not name everybody, but whoever it names was shown, and nobody is left out.
SWAP = ("BEGIN; ALTER TABLE own RENAME recipient_name TO was; ALTER TABLE own RENAME recipient_phone TO recipient_name;"
        " ALTER TABLE own RENAME was TO recipient_phone;; {};; ROLLBACK")
BOUNDED = (
    SWAP.format("SELECT address FROM own"),
    SWAP.format("SELECT * FROM own"),
    SWAP.format("SELECT a FROM (SELECT address AS a FROM own) s"),
    SWAP.format("SELECT string_agg(address, ',') FROM public.own"),
    SWAP.format("COPY public.own TO STDOUT"),
    SWAP.format("SELECT address FROM own WHERE recipient_name = E'O\"Neil' AND recipient_phone = '1'") + ";; SELECT 1",
    "BEGIN; REVOKE SELECT ON own FROM app; GRANT SELECT (recipient_name, recipient_phone, address) ON own TO app; COMMIT",
    SWAP.format("SELECT string_agg(address, ',') FROM public.own"),
    SWAP.format("SELECT a FROM (SELECT address AS a FROM public.own) s"),
    "SELECT DISTINCT address FROM deliveries",
    "COPY public.deliveries (address) TO STDOUT CSV",
    "SELECT min(address) FROM deliveries",
    "SELECT address FROM odd",
    "SELECT recipient_name, recipient_phone, address FROM odd",
    "SELECT address FROM parcels_shown",
    "SELECT address_of('이영희', '010-1234-5678')",
    "SELECT address FROM deliveries UNION SELECT address FROM deliveries WHERE weight = 1",
    "SELECT a.recipient_name, b.recipient_phone, b.address FROM deliveries a, deliveries b WHERE a.id = b.id + 1",
    "SELECT a.recipient_name, a.recipient_phone, b.address FROM deliveries a, deliveries b WHERE a.id = b.id + 1",
    "SELECT recipient_name, address FROM (SELECT recipient_name || '' AS recipient_name, recipient_phone, address FROM deliveries) d",
    "SELECT recipient_name, recipient_phone, max(address) FROM deliveries GROUP BY 1, 2 ORDER BY 3",
    "SELECT d FROM deliveries d",
    "SELECT to_json(d) FROM deliveries d WHERE weight = 1",
    "COPY public.deliveries TO STDOUT (NULL '이영희')",
    "BEGIN; CREATE TEMP TABLE deliveries AS SELECT recipient_phone AS recipient_name, recipient_name AS recipient_phone, address"
    " FROM public.deliveries; SELECT address FROM deliveries; SELECT recipient_name, recipient_phone, address FROM deliveries; ROLLBACK",
    "BEGIN; CREATE TEMP TABLE deliveries AS SELECT recipient_phone AS recipient_name, recipient_name AS recipient_phone, address"
    " FROM public.deliveries; SELECT a FROM (SELECT address AS a FROM deliveries) s; SELECT string_agg(address, ',') FROM deliveries;"
    " SELECT title FROM products UNION ALL SELECT address FROM deliveries; ROLLBACK",
    "BEGIN; UPDATE deliveries SET recipient_phone = left(recipient_name, 9) WHERE weight = 1 RETURNING address; ROLLBACK",
    "BEGIN; UPDATE deliveries SET recipient_name = 'x', recipient_phone = 'y' WHERE weight = 1 RETURNING address, recipient_name,"
    " recipient_phone; ROLLBACK",
)


def name_of(person):
    return json.dumps(PERSONS[person], ensure_ascii=False)


@harness.shared
def server():
    shop.server().sql(SCHEMA)
    return shop.server()


@harness.shared
def front():
    server()
    return shop.front("recipients", more=MORE)


def extended(sql, formats=(), limit=0):
    return wire.parse(sql) + wire.bind(results=formats) + wire.describe() + wire.execute(limit) + wire.execute() + wire.SYNC


def ways(sql):
    yield "simple", b"".join(wire.query(one) for one in sql.split(";;"))
    if sql.startswith("COPY public"):
        yield "extended", wire.parse(sql) + wire.bind() + wire.execute() + wire.SYNC
    elif ";" not in sql and not sql.startswith("COPY"):
        yield "extended", extended(sql)
        yield "binary", extended(sql, (1,))
        yield "in parts", extended(sql, (), 3)


def heard(address, name, data, questions=1, **options):
    """All messages, without what differs from session to session."""
    said = []
    with wire.login(address, application_name=name, **{"user": "app", **options}) as session:
        session.send(data)
        while True:
            kind, body = session.receive()
            if kind == "E":
                body = {key: value for key, value in wire.read_fields(body).items() if key in "SCMDHPpq"}
            said.append((kind, wire.read_columns(body) if kind == "T" else body))
            if kind == "Z" and sum(kind == "Z" for kind, _ in said) == questions:
                break
        session.terminate()
    return said


def seen_in(said):
    """The recipients and customers of whom values came; in arrays and rows of all."""
    found = [match for kind, body in said if kind in "Dd" for match in SEEN.findall(body)]
    return {int(one) for one, _ in found if one} - {999}, {other.decode() for _, other in found if other}


def named_by(shown, kind="addressee"):
    """The keys that the ledger names of one application."""
    keys = set()
    for line in shown.lines:
        keys |= {json.dumps(key, ensure_ascii=False) for key in line["subjects"].get(kind, {}).get("keys", ())}
    return keys


def export():
    front().guard.until_sessions(0)
    original, shop.assert_types = shop.assert_types, lambda kind, keys: None
    try:
        return shop.export(front())
    finally:
        shop.assert_types = original


def unknown(shown, kind="addressee"):
    return sum(one["at_most"] - one["at_least"] for line in shown.lines for k, one in line["subjects"].items() if k == kind)


@test(gateway=True, limit=300)
def test_who_is_shown():
    """Recipients are named by name and phone together, in every way that rows come, and the client gets the server's bytes"""
    problems, cases = [], []
    texts = [("exact", sql) for sql in EXACT] + [("bounded", sql) for sql in BOUNDED]
    front()
    for number, (sort, sql) in enumerate(texts):
        for way, data in ways(sql):
            name = f"{sort} {number} {way}"
            due, got = (heard(one.address, name, data, 1 + sql.count(";;")) for one in (server(), front()))
            if due != got:
                different = [(one, other) for one, other in zip(due, got) if one != other][:1]
                problems.append(f"{name}: {sql}\n    {str(different)[:400]} {len(due)} {len(got)}")
            if any(kind == "E" for kind, _ in due):
                problems.append(f"{name}: {sql}: {due[-2:]}")
            cases.append((name, sort, sql, *seen_in(due), any(b"home-999-" in body for kind, body in due if kind in "Dd")))
    said = export()
    for name, sort, sql, seen, customers, has_nobody in cases:
        shown, due = said[name], {name_of(person) for person in seen}
        named, rest = named_by(shown), unknown(shown)
        if sort == "exact" and (named != due or (rest > 0) != has_nobody or rest > 6):
            problems.append(f"{name}: {sql}\n    {len(due)} seen, {len(named)} named, {rest} unknown, {shown.flags} {named ^ due}")
        if sort == "exact" and customers and shown.keys["customer"] != customers:
            problems.append(f"{name}: {sql}\n    customers {customers ^ shown.keys['customer']}")
        if len(due - named) > rest:
            problems.append(f"{name}: {sql}: SHOWN UNCOUNTED {len(due)} {len(named)} {rest}")
        if named - due and "SET recipient" not in sql and "a.recipient_name" not in sql:
            problems.append(f"{name}: {sql}: named, not shown: {named - due}")
    assert not problems, f"{len(problems)}\n" + "\n".join(problems[:30])


# ---- keys that a statement fixes ----

FIXED = "SELECT DISTINCT address FROM public.deliveries WHERE recipient_name = {} AND recipient_phone = {}"
LEE, OTHER_LEE = PERSONS[0], PERSONS[1]


def prepared(values, **how):
    return wire.parse(FIXED.format("$1", "$2")) + wire.bind(values, **how) + wire.describe() + wire.execute() + wire.SYNC


@test(gateway=True)
def test_both_values_are_fixed():
    """A statement that fixes both values shows that person, or is a question for them in vain; with one of them it names nobody"""
    literals = FIXED.format(literal(LEE[0]), literal(LEE[1]))
    asked = {
        "literals": (wire.query(literals), {0}),
        "turned": (wire.query(FIXED.replace("recipient_name = {} AND recipient_phone = {}", "{1} = recipient_phone AND (weight >= 0"
                                            " AND {0} = recipient_name)").format(literal(LEE[0]), literal(LEE[1]))), {0}),
        "bound": (prepared(LEE), {0}),
        "bound in binary form": (prepared(OTHER_LEE, formats=(1,), results=(1,)), {1}),
        "one is bound": (wire.parse(FIXED.format(literal("이영희"), "$1")) + wire.bind((OTHER_LEE[1],)) + wire.execute() + wire.SYNC, {1}),
        "prepared in SQL": (wire.query(f"PREPARE p(text, text) AS {FIXED.format('$1', '$2')}") +
                            wire.query(f"EXECUTE p({literal(LEE[0])}, {literal(LEE[1])})"), {0}),
        "empty": (wire.query(FIXED.format(literal("이영희"), "''")), {3}),
        "null": (prepared(("이영희", None)), set()),
        "in vain": (prepared(("이영희", "011")), set()),
        "one alone": (wire.query("SELECT DISTINCT address FROM public.deliveries WHERE recipient_name = '이영희'"), None),
        "either": (wire.query(FIXED.replace("AND", "OR").format(literal(LEE[0]), literal(LEE[1]))), None),
        "of two rows": (wire.query("SELECT DISTINCT b.address FROM public.deliveries a, public.deliveries b WHERE a.recipient_name ="
                                   f" {literal(LEE[0])} AND b.recipient_phone = {literal(LEE[1])} AND b.recipient_name IS NULL"), None),
        "twice": (prepared((LEE[1], LEE[1])), set()),
    }
    seen = {}
    for name, (data, _) in asked.items():
        questions = 2 if name == "prepared in SQL" else 1
        due, got = (heard(one.address, f"fixed {name}", data, questions) for one in (server(), front()))
        equal(got, due, name)
        seen[name], _ = seen_in(got)
    said = export()
    for name, (_, persons) in asked.items():
        shown = said[f"fixed {name}"]
        if persons is None:
            assert not named_by(shown) and unknown(shown) >= len(seen[name]) > 0, (name, shown)
            continue
        equal((seen[name], named_by(shown), unknown(shown)), (persons, {name_of(one) for one in persons}, 0), f"{name}: {shown}")
        assert "pinned" in shown.attributions or not persons, (name, shown)
    missed = [line.get("missed") for line in said["fixed in vain"].lines]
    equal(missed, [{"addressee": [["이영희", "011"]]}])
    assert not any((line.get("missed") or {}) for line in said["fixed null"].lines)


@test(gateway=True)
def test_who_may_not_read_them():
    """A role that may not read all of the key's columns gets its rows, and they are bounded"""
    data = wire.query("SELECT recipient_name, address FROM deliveries")
    due, got = (heard(one.address, "some columns", data, user="analyst") for one in (server(), front()))
    equal(got, due)
    seen, _ = seen_in(got)
    shown = export()["some columns"]
    assert not named_by(shown) and unknown(shown) >= len(seen) == len(PERSONS), shown


@test(gateway=True)
def test_one_person_in_all_encodings():
    """However the client's characters are encoded, a person has one key"""
    for sql in ("SELECT address FROM deliveries WHERE id < 4", "SELECT a FROM (SELECT address AS a FROM deliveries WHERE id < 4) s",
                "SELECT * FROM deliveries WHERE id < 4", "COPY (SELECT * FROM public.deliveries WHERE id < 4) TO STDOUT"):
        for encoding in ("UTF8", "EUC_KR", "UHC", "JOHAB"):
            heard(front().address, f"encoded {encoding} {sql}", wire.query(sql), client_encoding=encoding)
    said, due = export(), {name_of(one) for one in range(4)}
    for name, shown in said.items():
        if name.startswith("encoded"):
            assert named_by(shown) == due or (named_by(shown) == set() and unknown(shown) >= 4), (name, shown)
    for sql in ("SELECT address FROM deliveries WHERE id < 4", "SELECT * FROM deliveries WHERE id < 4"):
        for encoding in ("UTF8", "EUC_KR", "UHC"):
            equal(named_by(said[f"encoded {encoding} {sql}"[:63]]), due, encoding)


@test(gateway=True)
def test_writing_shows_nobody():
    """Who writes their rows is shown nobody; what is written under another's name and number counts, as a bound"""
    quiet = ("UPDATE deliveries SET weight = weight WHERE id = 1", "UPDATE deliveries SET address = address || '' WHERE id = 1",
             "INSERT INTO deliveries (id, recipient_name, recipient_phone, address) VALUES (900, 'n', 'p', 'a')"
             " ON CONFLICT (id) DO UPDATE SET address = excluded.address", "DELETE FROM deliveries WHERE id = 900",
             "INSERT INTO own SELECT recipient_name, recipient_phone, address FROM deliveries WHERE id = 3",
             "WITH u AS (UPDATE deliveries SET weight = weight WHERE id = 2 RETURNING weight) SELECT * FROM u",
             "SELECT count(*), max(weight) FROM deliveries", "SELECT weight FROM deliveries ORDER BY 1")
    moving = ("UPDATE own SET recipient_name = recipient_name || '' WHERE recipient_phone = '1'",
              "INSERT INTO own SELECT recipient_phone, recipient_name, address FROM deliveries WHERE id = 3")
    for number, sql in enumerate(quiet + moving):
        said = heard(front().address, f"written {number}", wire.query(f"BEGIN; {sql}; COMMIT"))
        assert not any(kind == "E" for kind, _ in said), (sql, said)
    said = export()
    for number, sql in enumerate(quiet):
        assert not unknown(said[f"written {number}"]) and not named_by(said[f"written {number}"]), (sql, said[f"written {number}"])
    for number, sql in enumerate(moving, len(quiet)):
        assert unknown(said[f"written {number}"]), (sql, said[f"written {number}"])


@test(gateway=True)
def test_a_renamed_column_stays_part_of_the_key():
    """A column that is renamed names them as before, also when another one takes its name"""
    server().sql("GRANT SELECT ON own TO app")
    heard(front().address, "renaming", wire.query("ALTER TABLE own RENAME recipient_phone TO telephone") +
          wire.query("ALTER TABLE own ADD recipient_phone text DEFAULT 'another'"), 2)
    heard(front().address, "renamed", wire.query("SELECT address FROM own"))
    heard(front().address, "renamed whole", wire.query("SELECT * FROM own"))
    due = {json.dumps([name or None, phone], ensure_ascii=False)
           for name, phone in server().sql("SELECT recipient_name, telephone FROM own WHERE recipient_name > '' AND telephone > ''")}
    said = export()
    for name in ("renamed", "renamed whole"):
        assert due <= named_by(said[name]) and not any("another" in key for key in named_by(said[name])), (name, due, said[name])


@test(gateway=True)
def test_check_and_explain_speak_of_them():
    """`check --connect` misses a column of a key that is not there; `explain` names all columns of a key"""
    text = front().guard.path.read_text(encoding="utf-8")
    path = harness.folder() / "recipients-faulty.yaml"
    assert text.count("- receiver_phone\n") + text.count("receiver_phone]") >= 1, text
    path.write_text(text.replace("receiver_phone", "receiver_fax"), encoding="utf-8")
    done = guard.run("check", "-c", path, "--connect", timeout=60)
    equal(done.returncode, 1, done.stderr)
    assert "receiver_fax" in done.stdout + done.stderr, done
    done = front().guard.run("explain", "--role", "app", "SELECT address FROM deliveries")
    equal(done.returncode, 0, done.stderr)
    assert "(public.deliveries.recipient_name, recipient_phone)" in done.stdout, done.stdout


# ---- what is asked of them ----

def subject(made, key, *words, due=0):
    done = guard.run("subject", "-c", made.guard.path, "--kind", "addressee", "--json", *words, "--", key)
    equal(done.returncode, due, done.stderr)
    return json.loads(done.stdout.splitlines()[-1]) if due < 2 else done.stderr


@harness.shared
def alone():
    """Its ledger has what this test shows, and nothing else."""
    server()
    made = shop.front("recipients alone", more={**MORE, "budgets": [{"principal": "app", "window": "day", "subjects": 6, "verdict": "block"}]})
    return made


@test(gateway=True, limit=120)
def test_they_are_asked_about():
    """Scope, subject, certificate and erasure know them by an array of values; after a restart they are who they were"""
    made = alone()
    heard(made.address, "one", wire.query("SELECT address FROM deliveries WHERE id IN (0, 2, 3)"))
    heard(made.address, "two", wire.query("SELECT * FROM deliveries WHERE id = 0"))
    made.guard.until_sessions(0)
    made.guard.replace("gate")
    heard(made.address, "three", wire.query("SELECT address FROM deliveries WHERE id IN (20, 22, 4)"))
    made.guard.until_sessions(0)
    shown = [0, 2, 3, 4]
    (scope,) = made.guard.json("scope", "--list")
    found = scope["subjects"]["addressee"]
    equal((found["at_least"], found["at_most"]), (4, 4))
    equal({json.dumps(key, ensure_ascii=False) for key in found["keys"]}, {name_of(one) for one in shown})
    for key in ('["이영희", "010-1234-5678"]', ' ["\\uc774영희","010-1234-5678" ]'):
        told = subject(made, key)
        equal((told["key"], told["shown"], told["fields"]), (list(PERSONS[0]), 3, {"name": 1, "phone": 1, "address": 3}))
    equal(subject(made, '["이영희",null]')["shown"], 2)
    equal(subject(made, '["이영희",""]')["shown"], 1)
    equal(subject(made, '[null,"010-1234-5678"]')["shown"], 1)
    equal(subject(made, '["이영희","010"]', due=1)["shown"], 0)
    for key in ("이영희", '["이영희"]', '["이영희","1","2"]', "[null,null]", '["이영희"'):
        assert "JSON array" in subject(made, key, due=2), key
    done = guard.run("subject", "-c", made.guard.path, "--kind", "customer", "--", '["이영희",null]')
    equal(done.returncode, 1, done.stderr)
    done = guard.run("certify", "-c", made.guard.path, "--kind", "addressee", "--", '[ "이영희", null ]')
    equal(done.returncode, 0, done.stderr)
    document = json.loads(done.stdout)["certificate"]
    equal((document["person"]["key"], len(document["showings"])), ('["이영희",null]', 2))
    equal(made.guard.json("erase", "--why", "request 7", '["이영희", ""]'), [{"erased": 1}])
    (scope,) = made.guard.json("scope", "--list")
    keys = scope["subjects"]["addressee"]["keys"]
    equal((len(keys), [key for key in keys if isinstance(key, str) and key.startswith("erased ")] != []), (4, True))
    assert list(PERSONS[3]) not in keys, keys


@test(gateway=True, limit=120)
def test_their_budget():
    """They count in budgets, once each, and two kinds of persons in a row count apart"""
    made = shop.front("recipients budget", more={**MORE, "budgets": [
        {"principal": "app", "window": "day", "subjects": 8, "verdict": "block"}]})
    for _ in range(3):
        said = heard(made.address, "paid", wire.query("SELECT address, door_code FROM deliveries WHERE id IN (0, 20, 2, 22)"))
        assert [kind for kind, _ in said] == ["T"] + ["D"] * 4 + ["C", "Z"], said
    said = heard(made.address, "over", wire.query("SELECT address FROM deliveries WHERE id < 12"))
    assert any(kind == "E" and body["C"] == "PS001" for kind, body in said), said


if __name__ == "__main__":
    harness.main()
