#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""COPY … TO STDOUT: the client gets the server's bytes, and the ledger names whom they show, person by person."""
import itertools
import re

import chopper
import harness
import postgres
import shop
import stage
from stage import equal, test
import wire

LOGIN = "'n' || i || (ARRAY['', E'\\t', E'\\n', '\"', E'\\\\', '|', ',', E'\\r', '''', E'\\\\N', E'\\\\.', '사용자'])[1 + i % 12] || 'x'"
NAME = "(ARRAY['plain', E'tab\\tnewline\\n', '\"quoted\"', E'back\\\\slash', 'a|b,c', '', E'\\\\N', E'\\\\.', NULL, '이름', E'\\r', '''s'])[1 + i % 12]"
# Persons whose keys and names are hard to quote; a table of them that has children; one whose columns are not all copied.
SCHEMA = f"""
CREATE TABLE h_people (login text PRIMARY KEY, name text, email text);
INSERT INTO h_people SELECT {LOGIN}, {NAME}, CASE WHEN i % 5 > 0 THEN 'e' || i END FROM generate_series(1, 60) i;
INSERT INTO h_people VALUES ('', 'empty', NULL), (E'\\\\N', 'null', NULL), (E'\\\\.', 'end', NULL);
CREATE TABLE h_parent (id int PRIMARY KEY, name text);
CREATE TABLE h_child (more text) INHERITS (h_parent);
INSERT INTO h_parent SELECT i, 'parent' || i FROM generate_series(1, 5) i;
INSERT INTO h_child SELECT i, 'child' || i FROM generate_series(6, 9) i;
CREATE TABLE h_made (gone text, id int, twice int GENERATED ALWAYS AS (id * 2) STORED, name text);
ALTER TABLE h_made DROP COLUMN gone;
INSERT INTO h_made (id, name) SELECT i, 'made' || i FROM generate_series(1, 7) i;
CREATE TABLE h_secured (id int, name text, owner text);
INSERT INTO h_secured SELECT i, 'secured' || i, (ARRAY['app', 'analyst'])[1 + i % 2] FROM generate_series(1, 10) i;
ALTER TABLE h_secured ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON h_secured USING (owner = CURRENT_USER);
CREATE TABLE h_wide (id numeric, name text);
INSERT INTO h_wide VALUES (1.50, 'a'), (2, 'b'), (-3, 'c'), (12345678901234567890, 'd'), (NULL, 'nobody');
CREATE TABLE h_large (id int, name text);
INSERT INTO h_large SELECT i, repeat('이름"\\', 400000 * i) FROM generate_series(1, 3) i;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO app, analyst;
"""
PEOPLE = [shop.personal("h_people", "account", "login", {"name": "name", "email": "email"}),
          *(shop.personal(table, "customer", "id", {"name": "name"})
            for table in ("h_parent", "h_made", "h_secured", "h_wide", "h_large"))]
MORE = {"personal_data": shop.CONFIG["personal_data"] + PEOPLE}


@harness.shared
def server():
    shop.server().sql(SCHEMA)
    return shop.server()


@harness.shared
def plain():
    server()
    return shop.front("copies", more=MORE)


@harness.shared
def chopped():
    made = chopper.Chopper(server().address)
    yield shop.front("chopped copies", more=MORE, upstream=made.upstream)
    made.close()


def messages(session, data):
    """What the server says to that, but for what no two sessions have in common."""
    session.send(data)
    found = []
    while True:
        kind, body = session.receive()
        found.append((kind, body))
        if kind == "Z":
            return found


def direct(sql, user="app", **options):
    with server().connect(user=user, **options) as session:
        return messages(session, wire.query(sql))


def keys_of(sql, user="app"):
    """The first column of what the server itself answers."""
    with server().connect(user=user) as session:
        return {row[0] for row in session.query(sql).rows if row[0] is not None}


numbers = itertools.count(1)


class Asked:
    """A text that was asked through the gateway, and what the ledger is to say of it."""

    def __init__(self, front, sql, kind=None, keys=(), *, user="app", unknown=0, due=None, **options):
        self.sql, self.kind, self.keys, self.unknown = sql, kind, set(keys), unknown
        self.name = f"copied {next(numbers)}"
        with front.login(user=user, application_name=self.name, **options) as session:
            got = messages(session, wire.query(sql))
            session.terminate()
        due = due or direct(sql, user, **options)
        assert got == due, f"{sql}:\n{got}\n{due}"

    def check(self, said):
        shown = said[self.name]
        named = {kind: keys for kind, keys in shown.keys.items() if keys}
        due = {self.kind: self.keys} if self.keys else {}
        equal((named, shown.unknown), (due, self.unknown), f"{self.sql} {shown.flags}")
        if self.keys:
            assert "copy" in shown.flags and not shown.flags & {"bound"}, (self.sql, shown)


def check(front, asked):
    front.guard.until_sessions(0)
    said = shop.export(front)
    for one in asked:
        one.check(said)


CUSTOMERS, LOGINS = "SELECT id FROM customers", "SELECT login FROM h_people"
# A table, the columns of it, whose rows they are: each key's type, and the key at each place.
TABLES = (
    ("customers", "", "customer", CUSTOMERS),
    ("public.customers", "(name, grade, id)", "customer", CUSTOMERS),
    ("orders", "(item, customer_id)", "customer", "SELECT customer_id FROM orders"),
    ("members", "", "member", "SELECT id FROM members"),
    ("accounts", "", "account", "SELECT login FROM accounts"),
    ("h_people", "(email, login, name)", "account", LOGINS),
    ("h_parent", "", "customer", "SELECT id FROM ONLY h_parent"),
    ("h_child", "(name)", None, None),
    ("h_secured", "", "customer", "SELECT id FROM h_secured"),
    ("h_made", "(id, name)", "customer", "SELECT id FROM h_made"),
)
WAYS = ("", "BINARY", "CSV", "(FORMAT csv, HEADER, FORCE_QUOTE *)", "CSV QUOTE '''' ESCAPE E'\\\\' DELIMITER '|' NULL 'none'",
        "DELIMITER '|'", "(NULL '-', DELIMITER ',')", "(FORMAT csv, ENCODING 'UTF8', NULL '\\N')")


def tables(front):
    asked = []
    for table, columns, kind, truth in TABLES:
        for way in WAYS:
            if not kind:
                continue
            asked.append(Asked(front, f"COPY {table} {columns} TO STDOUT {way}", kind, keys_of(truth)))
    check(front, asked)


@test(gateway=True)
def test_tables():
    """Tables, in every form: bytes as without the gateway, and every person by name"""
    tables(plain())


@test(gateway=True)
def test_tables_in_small_packets():
    """The same where the server's bytes come in packets of any size"""
    tables(chopped())


QUERIES = (
    ("SELECT id, name FROM customers WHERE grade = 2 ORDER BY id", "customer"),
    ("SELECT name, login FROM h_people ORDER BY 2", "account"),
    ("SELECT c.id, c.name, o.item FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.grade = 1", "customer"),
    ("SELECT upper(name), id FROM public.customers WHERE id < 0", "customer"),
    ("SELECT name FROM public.customers WHERE id = 1287", "customer"),
    ("SELECT name, phone FROM customers WHERE id IN (1287)", "customer"),
    ("SELECT customer_id, item FROM orders ORDER BY 1, 2 LIMIT 9", "customer"),
)


@test(gateway=True)
def test_queries():
    """Queries whose rows have the key, or pin it"""
    asked = []
    for (sql, kind), way in itertools.product(QUERIES, WAYS):
        column = re.sub(r"SELECT .*? FROM", "SELECT {} FROM", sql, count=1).format(
            {"account": "login", "customer": "customer_id" if "FROM orders" in sql else "c.id" if "JOIN" in sql else "id"}[kind])
        asked.append(Asked(plain(), f"COPY ({sql}) TO STDOUT {way}", kind, keys_of(re.sub(r" ORDER BY (1, )?2", " ORDER BY 1", column))))
    check(plain(), asked)


if __name__ == "__main__":
    harness.main()
