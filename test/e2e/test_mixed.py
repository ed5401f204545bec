#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Persons of one statement of whom some have no value in a field: each is told that it may have been shown, and not that it was;
where all are alike, or a record is of one, each is told exactly that."""
import itertools
import json

import harness
import shop
from stage import equal, test
from test_incident import number_of, scope
from test_notify import notices, texts
import wire

SETS = 40
SCHEMA = f"""
CREATE TABLE m_people (id int PRIMARY KEY, name text NOT NULL, phone text, email text);
INSERT INTO m_people SELECT 10 * g + i, 'n' || i, CASE WHEN i <> 3 AND i < 5 THEN '010-' || g || i END
    FROM generate_series(1, {SETS}) g, generate_series(1, 6) i;
CREATE TABLE m_bulk (id int PRIMARY KEY, name text NOT NULL, note text, phone text);
INSERT INTO m_bulk SELECT 100000 + i, 'n' || i, CASE WHEN i % 2 = 0 THEN 'x' END, CASE WHEN i <> 2990 THEN '010' || i END
    FROM generate_series(1, 9000) i;
GRANT SELECT ON m_people, m_bulk TO app;
"""
FIELDS = {"name": "name", "phone": "phone", "email": "email"}
PEOPLE = [shop.personal("m_people", "recipient", "id", FIELDS), shop.personal("m_bulk", "recipient", "id", {"name": "name", "phone": "phone"})]
MASK = [{"name": "phones", "when": {"fields": ["phone"]}, "verdict": "mask"}]
NAMED = {"name": "clear"}
MAYBE = {**NAMED, "phone": "maybe"}
# Of a group: the record has an array of keys for each field, without those whose own is null.
EXACT, PHONES = object(), object()


@harness.shared
def server():
    shop.server().sql(SCHEMA)
    return shop.server()


def front(name, rules=()):
    server()
    shop.asked()
    made = shop.front(name, more={"personal_data": shop.CONFIG["personal_data"] + PEOPLE, "time_zone": "Asia/Seoul",
                                  "incident": {"notices": "notices.yaml"}, "rules": list(rules)})
    (made.guard.folder / "notices.yaml").write_text(texts())
    return made


def extended(sql, *, results=(), values=()):
    return lambda session: session.exchange(wire.parse(sql) + wire.bind(values, results=results) + wire.describe("P") + wire.execute() + wire.SYNC)


def simple(sql):
    return lambda session: session.query(sql)


def ways():
    """Of each: how to ask for persons of a set; which (the last figures of their keys), and what is due of each."""
    both, alike, none = (1, 2, 3, 4), (1, 2, 4), (3, 5)
    yield "simple", lambda ids: simple(f"SELECT id, name, phone FROM m_people WHERE id IN ({ids}) ORDER BY id"), both, MAYBE
    yield "null first", lambda ids: simple(f"SELECT id, name, phone FROM m_people WHERE id IN ({ids}) ORDER BY id % 10 <> 3"), both, MAYBE
    yield "key last", lambda ids: simple(f"SELECT phone, name, id FROM m_people WHERE id IN ({ids}) ORDER BY id"), both, MAYBE
    yield "no key", lambda ids: simple(f"SELECT phone, name FROM m_people WHERE id IN ({ids}) ORDER BY id"), both, MAYBE
    yield "alike", lambda ids: simple(f"SELECT id, name, phone FROM m_people WHERE id IN ({ids})"), alike, {**NAMED, "phone": "clear"}
    yield "none", lambda ids: simple(f"SELECT id, name, phone FROM m_people WHERE id IN ({ids})"), none, {**NAMED, "phone": "null"}
    yield "one", lambda ids: simple(f"SELECT id, name, phone FROM m_people WHERE id IN ({ids})"), (1,), {**NAMED, "phone": "clear"}
    yield "one without", lambda ids: simple(f"SELECT id, name, phone FROM m_people WHERE id IN ({ids})"), (3,), {**NAMED, "phone": "null"}
    yield "extended", lambda ids: extended(f"SELECT id, name, phone FROM m_people WHERE id IN ({ids}) ORDER BY id"), both, MAYBE
    yield "given", lambda ids: extended("SELECT id, name, phone FROM m_people WHERE id = ANY($1) ORDER BY id", values=["{" + ids + "}"]), both, MAYBE
    yield "binary", lambda ids: extended(f"SELECT id, name, phone FROM m_people WHERE id IN ({ids}) ORDER BY id", results=(1,)), both, MAYBE
    for more in ("", " (FORMAT csv)", " (FORMAT binary)", " (NULL 'nothing')", " (FORMAT csv, HEADER)", " (FORMAT csv, NULL 'none', DELIMITER '|')"):
        yield f"copy{more}", lambda ids, more=more: simple(
            f"COPY (SELECT id, name, phone FROM m_people WHERE id IN ({ids}) ORDER BY id) TO STDOUT{more}"), both, MAYBE
    yield "copy alike", lambda ids: simple(f"COPY (SELECT id, name, phone FROM m_people WHERE id IN ({ids})) TO STDOUT"), alike, {**NAMED, "phone": "clear"}
    yield "two kinds", lambda ids: simple("SELECT m.id, m.name, m.phone, c.id, c.address FROM m_people m JOIN "
                                          f"(SELECT id, address FROM customers ORDER BY id LIMIT 1) c ON true WHERE m.id IN ({ids}) ORDER BY m.id"), both, MAYBE
    yield "outer join", lambda ids: simple(f"SELECT m.id, m.name, m.phone FROM (VALUES ({ids.replace(',', '), (')}), (0)) v (i) "
                                           "LEFT JOIN m_people m ON m.id = v.i ORDER BY v.i DESC"), alike, {**NAMED, "phone": "clear"}
    yield "arrays", lambda ids: simple("SELECT id / 10, array_agg(id), array_agg(name), array_agg(phone) FROM m_people "
                                       f"WHERE id IN ({ids}) GROUP BY 1"), both, EXACT
    yield "binary arrays", lambda ids: extended("SELECT id / 10, array_agg(id), array_agg(name), array_agg(phone) FROM m_people "
                                                f"WHERE id IN ({ids}) GROUP BY 1", results=(1,)), both, EXACT
    yield "arrays alike", lambda ids: simple("SELECT id / 10, array_agg(id), array_agg(name), array_agg(phone) FROM m_people "
                                             f"WHERE id IN ({ids}) GROUP BY 1"), alike, {**NAMED, "phone": "clear"}
    yield "arrays without keys", lambda ids: simple(f"SELECT id / 10, array_agg(name), array_agg(phone) FROM m_people WHERE id IN ({ids}) GROUP BY 1"), both, EXACT
    yield "json arrays", lambda ids: simple("SELECT id / 10, array_agg(id), array_agg(name), json_agg(phone) FROM m_people "
                                            f"WHERE id IN ({ids}) GROUP BY 1"), both, EXACT
    for more in ("array_agg(id), array_agg(phone)", "array_agg(phone)", "array_agg(id), string_agg(phone, ',')"):
        yield f"group {more}", lambda ids, more=more: simple(f"SELECT {more} FROM m_people WHERE id IN ({ids})"), both, PHONES
    yield "copied arrays", lambda ids: simple(
        f"COPY (SELECT array_agg(id), array_agg(name), array_agg(phone) FROM m_people WHERE id IN ({ids})) TO STDOUT"), both, EXACT


def fields_of(made, key):
    """{}: nothing of the person was shown."""
    done = made.guard.run("subject", "--json", "--kind", "recipient", str(key))
    assert done.returncode in (0, 1), done.stderr
    *sights, _ = map(json.loads, done.stdout.splitlines())
    equal((len(sights), done.returncode), (1, 0) if sights else (0, 1), key)
    return sights[0]["fields"] if sights else {}


def of_person(expected, key):
    phone = {} if key % 10 == 3 else {"phone": "clear"}
    return {**NAMED, **phone} if expected is EXACT else phone if expected is PHONES else expected


def ask_all(made):
    due, numbers = {}, itertools.count(1)
    for name, make, which, expected in ways():
        group = next(numbers)
        keys = [10 * group + i for i in which]
        with made.login(user="app", application_name=f"way {group}") as session:
            make(", ".join(map(str, keys)))(session)
        due.update({key: (name, of_person(expected, key)) for key in keys})
    made.guard.until_sessions(0)
    return due


def check(made, due):
    wrong = [(name, key, fields, expected) for key, (name, expected) in due.items() if (fields := fields_of(made, key)) != expected]
    equal(wrong, [])
    number = number_of(made)
    scope(made, number)
    told = {one["key"]: {field["field"]: field["clarity"] for field in one["fields"]}
            for one in notices(made, number)[0] if one["kind"] == "recipient"}
    for key, (name, expected) in due.items():
        equal(told.get(key, {}), {field: "none" if clarity == "null" else clarity for field, clarity in expected.items()}, (name, key))


@test(gateway=True, limit=180)
def test_each_is_told_only_what_is_known_of_them():
    """On every path a null among values is said; where all are alike, what each was shown is exact"""
    made = front("mixed")
    check(made, ask_all(made))


@test(gateway=True, limit=180)
def test_masked_ones_are_told_the_same():
    """Of masked values, too, a null among them is said"""
    made = front("mixed-masked", MASK)
    with made.login(user="app") as session:
        for way in ("SELECT id, name, phone FROM m_people WHERE id IN (11, 12, 13, 14) ORDER BY id",
                    "COPY (SELECT id, name, phone FROM m_people WHERE id IN (21, 22, 23, 24) ORDER BY id) TO STDOUT",
                    "SELECT id, name, phone FROM m_people WHERE id IN (31, 32, 34)"):
            session.query(way)
    made.guard.until_sessions(0)
    check(made, {key: ("masked", MAYBE if key < 30 else {**NAMED, "phone": "masked"}) for key in (11, 12, 13, 14, 21, 22, 23, 24, 31, 32, 34)})


@test(gateway=True, limit=120)
def test_one_null_in_a_bulk_result_is_seen():
    """Rows by thousands, of which one has no phone: nobody of its record is told that theirs was shown; others are"""
    for form in ("SELECT id, name, note, phone FROM m_bulk ORDER BY id", "SELECT name, note, phone FROM m_bulk ORDER BY id",
                 "COPY m_bulk (id, name, note, phone) TO STDOUT", "COPY m_bulk (id, name, note, phone) TO STDOUT (FORMAT csv)",
                 "COPY m_bulk (id, name, note, phone) TO STDOUT (NULL 'none')"):
        made = front("mixed bulk")
        with made.login(user="app") as session:
            session.query(form)
        made.guard.until_sessions(0)
        equal(fields_of(made, 102990), MAYBE, form)
        made.guard.stop()


if __name__ == "__main__":
    harness.main()
