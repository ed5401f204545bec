#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whoever may write can put personal values where the mapping does not look for them: under another
person's key, or, by a partition, a view, a rule, a trigger or a foreign key, into a table that the
statement does not name. Every value carries its person's key, so what arrived tells whom it showed."""
import re

import harness
import shop
from stage import test
import wire

SEEN = re.compile(rb"Kim-(-?\d+)|user(-?\d+)@|item \d of (-?\d+)")
SOME = "id BETWEEN 1400 AND 1600"

# Rolled back, so that each finds the shop as it was.
MOVED = {
    "a key that is written": (
        "UPDATE orders SET customer_id = 1357 WHERE customer_id = 1350 RETURNING customer_id, item",
        "UPDATE orders SET customer_id = customer_id + 7 WHERE customer_id BETWEEN 1400 AND 1450 RETURNING customer_id, item"),
    "a key that is written, read later": (
        "UPDATE orders SET customer_id = 1350 WHERE customer_id BETWEEN 1400 AND 1600",
        "SELECT item FROM orders WHERE customer_id = 1350"),
    "a key of one, read later": (
        "UPDATE orders SET customer_id = 1350 WHERE customer_id = 1357", "SELECT item FROM orders WHERE customer_id = 1350"),
    "a new key": (
        f"INSERT INTO customers SELECT id + 1, name, phone, 'x' || email, address, 9, region FROM customers WHERE {SOME}",
        "SELECT id, name FROM customers WHERE grade = 9"),
    "another's value": (
        f"UPDATE customers a SET name = b.name FROM customers b WHERE b.id = a.id + 7 AND a.{SOME}",
        f"SELECT id, name FROM customers WHERE {SOME}"),
    "inside another statement": (
        f"WITH u AS (UPDATE customers a SET name = b.name FROM customers b WHERE b.id = a.id + 7 AND a.{SOME}) SELECT 1",
        f"SELECT id, name FROM customers WHERE {SOME}"),
    "by MERGE": (
        f"MERGE INTO customers a USING customers b ON b.id = a.id + 7 AND a.{SOME} WHEN MATCHED THEN UPDATE SET name = b.name",
        f"SELECT id, name FROM customers WHERE {SOME}"),
    "by a conflict": (
        "INSERT INTO orders SELECT id, 1350, 'a', 1, now() FROM orders WHERE customer_id BETWEEN 1400 AND 1450 "
        "ON CONFLICT (id) DO UPDATE SET customer_id = EXCLUDED.customer_id",
        "SELECT item FROM orders WHERE customer_id = 1350"),
}
# What an application does every day: exact before, and exact after.
DAILY = (
    "UPDATE orders SET item = 'item 1 of ' || customer_id WHERE id = 5",
    "UPDATE orders SET customer_id = 1350, item = 'a', amount = 1, placed_at = now() WHERE id = 5",
    "UPDATE customers SET name = upper(name) WHERE id = 1350",
    "INSERT INTO orders (customer_id, item, amount, placed_at) SELECT customer_id, item, amount, placed_at FROM orders WHERE id < 9",
    "INSERT INTO customers VALUES (77, 'a', 'b', 'c', 'd', 8, 'e') ON CONFLICT (id) DO UPDATE SET id = EXCLUDED.id, name = EXCLUDED.name",
)
READ = "SELECT id, name FROM customers WHERE grade = 1"
READ_ORDERS = "SELECT item FROM orders WHERE customer_id = 1357"

PUT = "SELECT 'x' || name FROM customers WHERE grade = 1"
FUNCTION = "CREATE FUNCTION w.{} RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} END $$"
MARKED = {
    "a partition that is detached": (
        "CREATE TABLE w.p (v text, k int DEFAULT 1) PARTITION BY LIST (k)", "CREATE TABLE w.p1 PARTITION OF w.p FOR VALUES IN (1)",
        f"INSERT INTO w.p {PUT}", "ALTER TABLE w.p DETACH PARTITION w.p1", "DROP TABLE w.p", "SELECT v FROM w.p1"),
    "a partition that came later": (
        "CREATE TABLE w.l (v text, k int DEFAULT 2) PARTITION BY LIST (k)", "CREATE TABLE w.l1 PARTITION OF w.l FOR VALUES IN (1)",
        "INSERT INTO w.l SELECT name, 1 FROM customers WHERE id = 1350", "CREATE TABLE w.l2 PARTITION OF w.l FOR VALUES IN (2)",
        f"INSERT INTO w.l {PUT}", "ALTER TABLE w.l DETACH PARTITION w.l2", "DROP TABLE w.l", "SELECT v FROM w.l2"),
    "a view": (
        "CREATE TABLE w.under (v text)", "CREATE VIEW w.over AS SELECT v AS o FROM w.under", f"INSERT INTO w.over {PUT}",
        "SELECT v FROM w.under"),
    "a rule": (
        "CREATE TABLE w.ruled (v text)", "CREATE TABLE w.instead (v text)",
        "CREATE RULE r AS ON INSERT TO w.ruled DO INSTEAD INSERT INTO w.instead VALUES (NEW.v)", f"INSERT INTO w.ruled {PUT}",
        "SELECT v FROM w.instead"),
    "a trigger": (
        "CREATE TABLE w.t1 (v text)", "CREATE TABLE w.t2 (v text)",
        FUNCTION.format("copies()", "INSERT INTO w.t2 VALUES (NEW.v); RETURN NEW;"),
        "CREATE TRIGGER t BEFORE INSERT ON w.t1 FOR EACH ROW EXECUTE FUNCTION w.copies()", f"INSERT INTO w.t1 {PUT}",
        "DROP TABLE w.t1", "SELECT v FROM w.t2"),
    "a trigger on a mapped table": (
        "CREATE TABLE w.log (v text)", FUNCTION.format("logs()", "INSERT INTO w.log VALUES (OLD.name); RETURN NULL;"),
        "CREATE TRIGGER z AFTER UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION w.logs()",
        "UPDATE customers SET region = region WHERE grade = 1", "DROP TRIGGER z ON customers", "SELECT v FROM w.log"),
    "transition tables": (
        "CREATE TABLE w.t3 (v text)", "CREATE TABLE w.t4 (v text)",
        FUNCTION.format("all_of_it()", "INSERT INTO w.t4 SELECT v FROM n; RETURN NULL;"),
        "CREATE TRIGGER t AFTER INSERT ON w.t3 REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION w.all_of_it()",
        f"INSERT INTO w.t3 {PUT}", "DROP TABLE w.t3", "SELECT v FROM w.t4"),
    "a foreign key": (
        "CREATE TABLE w.a (v text PRIMARY KEY)", "CREATE TABLE w.b (v text REFERENCES w.a ON UPDATE CASCADE)",
        "INSERT INTO w.a VALUES ('a')", "INSERT INTO w.b VALUES ('a')",
        "UPDATE w.a SET v = (SELECT string_agg(name, ',') FROM customers WHERE id = 1350)", "SELECT v FROM w.b"),
    "ALTER … USING": (
        "CREATE TABLE w.u (k int)", "INSERT INTO w.u VALUES (1)",
        "CREATE FUNCTION w.names(int) RETURNS text LANGUAGE sql AS 'SELECT string_agg(name, '','') FROM customers WHERE grade = 1'",
        "ALTER TABLE w.u ALTER k TYPE text USING w.names(k)", "SELECT k FROM w.u"),
}
TRIGGER = ("CREATE FUNCTION to_one() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.customer_id := 1350; RETURN NEW; END $$",
           "CREATE TRIGGER one BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION to_one()")
TRIGGERED = ("BEGIN", "UPDATE orders SET amount = amount WHERE customer_id BETWEEN 1400 AND 1450",
             "SELECT item FROM orders WHERE customer_id = 1350", "ROLLBACK")
# What acts on a table acts for whoever writes to a view of it, and a view of that, and RETURNING and errors tell it.
UNDER = (
    "CREATE FUNCTION names_of(int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN (SELECT string_agg(name, ',') FROM customers WHERE grade = 1); END $$",
    "CREATE TABLE under_views (k int NOT NULL, d text DEFAULT names_of(1), g text GENERATED ALWAYS AS (left(names_of(k), 20)) STORED)",
    "CREATE VIEW above AS SELECT * FROM under_views", "CREATE VIEW top AS SELECT k, g AS made, d AS given FROM above",
    "CREATE TABLE under_fired (k int NOT NULL, v text)", "CREATE VIEW fired AS SELECT * FROM under_fired",
    "CREATE FUNCTION names_in() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.v := names_of(1); RETURN NEW; END $$",
    "CREATE TRIGGER t BEFORE INSERT ON under_fired FOR EACH ROW EXECUTE FUNCTION names_in()")
VIEWED = {
    "a default, returned": "INSERT INTO above (k) VALUES (1) RETURNING d",
    "a default, in an error": "INSERT INTO above (k) VALUES (NULL)",
    "what is generated, returned": "INSERT INTO top (k, given) VALUES (1, '') RETURNING made",
    "what is generated, in an error": "INSERT INTO top (k, given) VALUES (NULL, '')",
    "a trigger, in an error": "INSERT INTO fired (k) VALUES (NULL)",
    "by a view that no snapshot has": "BEGIN|CREATE TEMP VIEW passing AS SELECT * FROM under_views|INSERT INTO passing (k) VALUES (NULL)|ROLLBACK",
}
# Of customers' own rows: marks that stay with the table, so these come last.
COLUMN = ("UPDATE customers SET region = name WHERE grade = 2", "SELECT id, region FROM customers WHERE grade = 2")
MANY = ("INSERT INTO customers SELECT 78, string_agg(name, ','), 'b', 'y', 'd', 8, 'e' FROM customers",
        "SELECT name FROM customers WHERE id = 78")


@harness.shared
def front():
    return shop.front("written")


def said(cases):
    """What each of the cases showed, and what the ledger says of it."""
    seen = {name: shop.play(front(), SEEN, name, statements) for name, statements in cases.items()}
    front().guard.until_sessions(0)
    ledger = shop.export(front())
    return {name: (seen[name], ledger[name]) for name in cases}


def check(cases):
    problems = []
    for name, (seen, shown) in said(cases).items():
        if not seen:
            problems.append(f"{name}: shows nobody")
        elif len(seen - shown.keys["customer"]) > shown.unknown:
            problems.append(f"{name}: {len(seen)} SHOWN UNCOUNTED: {shown}")
    assert not problems, "\n" + "\n".join(problems)


def check_exact(cases):
    for name, (seen, shown) in said(cases).items():
        assert seen and seen == shown.keys["customer"] and not shown.unknown and not shown.flags, f"{name}: {seen} {shown}"


@test(gateway=True)
def test_written():
    """What is put under another's key is counted, and the table stays exact; daily changes are quiet"""
    check({name: ("BEGIN", *statements, "ROLLBACK") for name, statements in MOVED.items()})
    for number, sql in enumerate(DAILY):
        shop.play(front(), SEEN, f"daily {number}", ("BEGIN", sql, "ROLLBACK"))
    front().guard.until_sessions(0)
    quiet = shop.export(front())
    assert not [n for n in range(len(DAILY)) if f"daily {n}" in quiet], quiet
    check_exact({"read after": (READ, READ_ORDERS)})


@test(gateway=True)
def test_written_elsewhere():
    """What goes on to other tables is counted there, whatever becomes of the way that it went"""
    shop.play(front(), SEEN, "begin", ("CREATE SCHEMA w",))
    check(MARKED)
    check_exact({"read after all": (READ, READ_ORDERS)})


@test(gateway=True)
def test_written_by_a_trigger():
    """A trigger that puts another key into the rows that are updated is no way around"""
    shop.play(front(), SEEN, "trigger", TRIGGER)
    check({"triggered": TRIGGERED})
    shop.play(front(), SEEN, "no trigger", ("DROP FUNCTION to_one CASCADE",))


@test(gateway=True)
def test_written_to_a_view():
    """What is written to a view is counted as what acts on its table says"""
    shop.play(front(), SEEN, "under", UNDER)
    seen = {}
    for name, sql in VIEWED.items():
        with front().login(user="postgres", application_name=name) as session:
            results = [session.exchange(wire.query(one)) for one in sql.split("|")]
            seen[name] = {key for one in results for key in re.findall(r"Kim-(-?[0-9]+)", f"{one.rows} {one.errors}")}
            session.terminate()
    front().guard.until_sessions(0)
    ledger = shop.export(front())
    missed = [name for name, keys in seen.items() if not keys or len(keys) > ledger[name].unknown]
    assert not missed, f"UNCOUNTED: {missed}"
    shop.play(front(), SEEN, "over", ("DROP TABLE under_views, under_fired CASCADE", "DROP FUNCTION names_of, names_in"))


@test(gateway=True)
def test_written_in_the_table():
    """An own row's value in another column stays exact; a row with the values of many is none"""
    shop.play(front(), SEEN, "column", COLUMN[:1])
    check_exact({"column read": COLUMN[1:]})
    check({"many": MANY, "many read": MANY[1:]})


if __name__ == "__main__":
    harness.main()
