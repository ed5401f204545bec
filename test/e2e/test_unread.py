#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Texts that are not understood, and put personal values into a table: too many words, too long, or of two readings. What
nobody has read counts as everybody, once it is done; what only adds the client's own values, or finds nothing, as nobody."""
import harness
import shop
from stage import test
from test_groups import ask, seen_in
import wire

WORDS = "grade = 1 AND grade IN (" + "1," * 20000 + "1)"
LONG = "grade = 1 /* " + "x" * 1100000 + " */"
ODD = "grade = 1 AND name <> 'a\\\\b'"
MANY = ",".join(f"({n}, 'a', 'b', 'm{n}', 'd', 8, 'e')" for n in range(70000, 73500))

# What is asked, and where it can be read then; %s is what makes the text one that is not understood.
STORING = {
    "INSERT": ("INSERT INTO shelf SELECT name FROM customers WHERE %s", "SELECT v FROM shelf"),
    "with TABLE": ("INSERT INTO wide TABLE customers; SELECT 1 WHERE 1 = 0 AND EXISTS (SELECT FROM customers WHERE %s)", "SELECT b FROM wide"),
    "UPDATE": ("UPDATE shelf SET v = name FROM customers WHERE %s", "SELECT v FROM shelf"),
    "within a query": ("WITH w AS (INSERT INTO shelf SELECT name FROM customers WHERE %s) SELECT 1 WHERE false", "SELECT v FROM shelf"),
    "INTO": ("SELECT name AS v INTO TEMP stack FROM customers WHERE %s", "SELECT v FROM stack"),
    "PREPARE": ("PREPARE p AS INSERT INTO shelf SELECT name FROM customers WHERE %s", "EXECUTE p", "SELECT v FROM shelf"),
    "the second of two": ("SELECT 1; INSERT INTO shelf SELECT name FROM customers WHERE %s", "SELECT v FROM shelf"),
}
CREATE = {"CREATE": ("CREATE TEMP TABLE stack AS SELECT name AS v FROM customers WHERE %s", "SELECT v FROM stack")}
# Nobody is shown, and nothing is put anywhere.
QUIET = (
    f"INSERT INTO customers VALUES {MANY}",
    f"INSERT INTO customers VALUES {MANY} ON CONFLICT DO NOTHING",
    f"INSERT INTO customers (id, name, phone, email, address, grade, region) VALUES (1, 'into', 'select', 'c', 'd', 8, '{'x' * 1100000}')",
    f"SELECT name FROM customers WHERE grade = 77 AND {WORDS}",
    f"SELECT name FROM customers WHERE grade = 77 AND {LONG}",
    f"INSERT INTO nosuch SELECT name FROM customers WHERE {WORDS}",
)


@harness.shared
def front():
    shop.server().sql("CREATE TABLE shelf (v text); GRANT ALL ON shelf TO app; CREATE TABLE wide (a bigint, b text, c text, d text, e text,"
                      "f int, g text); GRANT ALL ON wide TO app")
    return shop.front("unread")


def told(name, texts, sends):
    """Whom the last answer showed; everything is put back."""
    front()
    with shop.server().connect() as session:
        session.query("TRUNCATE shelf, wide; INSERT INTO shelf VALUES ('')")
        session.terminate()
    with front().login(user="app", application_name=name) as session:
        if "odd" in name:
            ask(session, [wire.query("SET standard_conforming_strings = off")])
        for text in texts:
            messages = ask(session, [sends(text)])
        session.terminate()
    return seen_in(messages)


def by_message(text):
    return wire.parse(text) + wire.bind() + wire.execute() + wire.SYNC


@test(gateway=True, limit=200)
def test_what_is_not_understood_and_fills_a_table():
    seen, problems = {}, []
    for way, more in (("many words", WORDS), ("long", LONG), ("odd", ODD)):
        for case, texts in {**STORING, **({} if way == "long" else CREATE)}.items():
            texts = [text % more if "%" in text else text for text in texts]
            for form, sends in (("query", wire.query), ("message", by_message)):
                if form == "query" or ";" not in texts[0]:
                    name = f"{way}, {case}, {form}"
                    seen[name] = told(name, texts, sends)
    front().guard.until_sessions(0)
    said = shop.export(front())
    for name, keys in seen.items():
        shown = said.get(name)
        if not keys or not shown or len(keys) > shown.unknown or "kept" not in shown.flags and "unparsed" not in shown.flags:
            problems.append(f"{name}: {len(keys)} seen, {shown and (shown.unknown, shown.flags)}")
    assert not problems, "\n" + "\n".join(problems)


@test(gateway=True)
def test_what_only_adds_values_or_finds_nothing():
    for number, text in enumerate(QUIET):
        for form, sends in (("query", wire.query), ("message", by_message)):
            assert not told(f"quiet {number} {form}", ["BEGIN", text, "ROLLBACK"], sends)
    front().guard.until_sessions(0)
    said = {name: (shown.unknown, shown.keys, shown.flags) for name, shown in shop.export(front()).items() if name.startswith("quiet")}
    said = {name: what for name, what in said.items() if what[0] or any(what[1].values())}
    assert not said, said


if __name__ == "__main__":
    harness.main()
