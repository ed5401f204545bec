#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Code that a transaction makes, runs and drops again is in no snapshot. What it has put into a table is
counted all the same, for another session that reads it later; what migrations do in one transaction
stays quiet. Every value carries its person's key, so what arrived tells whom it showed."""
import re

import harness
import shop
from stage import equal, test

SEEN = re.compile(rb"Kim-(-?\d+)|(?:of|user)[ ]?(-?\d+)|'-(\d+)':2")
ONE = "SELECT name FROM customers WHERE id = 1350"
TRIGGER = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} END $$"
FIRE = "CREATE TRIGGER t {} FOR EACH ROW EXECUTE FUNCTION f()"
UPDATE = "UPDATE customers SET region = region WHERE id = 1350"
GONE = "DROP FUNCTION f CASCADE"

# What happens in one transaction; ":t" is a table (v text) that was there before.
FILLS = {
    "trigger on the table": (TRIGGER.format(f"NEW.v := ({ONE}); RETURN NEW;"), FIRE.format("BEFORE INSERT ON :t"),
                             "INSERT INTO :t VALUES ('')", GONE),
    "trigger on the persons": (TRIGGER.format("INSERT INTO :t VALUES (NEW.name); RETURN NEW;"), FIRE.format("AFTER UPDATE ON customers"), UPDATE, GONE),
    "trigger that calls": ("CREATE FUNCTION g(text) RETURNS void LANGUAGE sql AS 'INSERT INTO :t VALUES ($1)'",
                           TRIGGER.format("PERFORM g(NEW.name); RETURN NEW;"), FIRE.format("AFTER UPDATE ON customers"), UPDATE, GONE,
                           "DROP FUNCTION g"),
    "transition table": (TRIGGER.format("INSERT INTO :t SELECT name FROM n; RETURN NULL;"),
                         "CREATE TRIGGER t AFTER UPDATE ON customers REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION f()",
                         UPDATE, GONE),
    "trigger that was replaced": ("CREATE OR REPLACE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO :t VALUES (NEW.name); "
                                  "RETURN NEW; END $$", UPDATE, "CREATE OR REPLACE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS "
                                  "$$ BEGIN RETURN NEW; END $$"),
    "event trigger": (f"CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO :t {ONE}; END $$",
                      "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()", "CREATE TABLE passing (x int)", "DROP EVENT TRIGGER e",
                      "DROP TABLE passing", "DROP FUNCTION f"),
    "rule": ("CREATE RULE r AS ON UPDATE TO customers DO ALSO INSERT INTO :t VALUES (NEW.name)", UPDATE, "DROP RULE r ON customers"),
    "function": (f"CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ INSERT INTO :t {ONE} $$", "SELECT f()", "DROP FUNCTION f"),
    "function made before what it calls": (
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO :t VALUES (g()); END $$",
        f"CREATE FUNCTION g() RETURNS text LANGUAGE sql AS $$ {ONE} $$", "SELECT f()", "DROP FUNCTION f, g"),
    "function's arguments": ("CREATE FUNCTION f(text) RETURNS bool LANGUAGE sql AS 'INSERT INTO :t VALUES ($1); SELECT true'",
                             "SELECT 1 FROM customers WHERE id = 1350 AND f(name)", "DROP FUNCTION f"),
    "operator": ("CREATE FUNCTION f(text, text) RETURNS bool LANGUAGE sql AS 'INSERT INTO :t VALUES ($1); SELECT true'",
                 "CREATE OPERATOR #@@# (LEFTARG = text, RIGHTARG = text, FUNCTION = f)", "SELECT 1 FROM customers WHERE id = 1350 AND name #@@# ''",
                 GONE),
    "default": (f"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ {ONE} $$", "ALTER TABLE :t ALTER v SET DEFAULT f()",
                "INSERT INTO :t DEFAULT VALUES", "ALTER TABLE :t ALTER v DROP DEFAULT", "DROP FUNCTION f"),
    "domain's default": (f"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ {ONE} $$", "CREATE DOMAIN d AS text DEFAULT f()",
                         "INSERT INTO :t VALUES ('')", "ALTER TABLE :t ADD w d", "ALTER TABLE :t ALTER w TYPE text", "DROP DOMAIN d", "DROP FUNCTION f"),
    "check": ("CREATE FUNCTION f(text) RETURNS bool LANGUAGE sql AS 'INSERT INTO :t VALUES ($1); SELECT true'",
              "ALTER TABLE customers ADD CONSTRAINT c CHECK (f(name)) NOT VALID", UPDATE, "ALTER TABLE customers DROP CONSTRAINT c", "DROP FUNCTION f"),
    "view": ("CREATE VIEW w AS SELECT v FROM :t", f"INSERT INTO w {ONE}", "DROP VIEW w"),
    "foreign key": ("CREATE TABLE k (v text PRIMARY KEY)", "INSERT INTO k VALUES ('a')", "INSERT INTO :t VALUES ('a')",
                    "ALTER TABLE :t ADD CONSTRAINT c FOREIGN KEY (v) REFERENCES k ON UPDATE CASCADE", f"UPDATE k SET v = ({ONE})",
                    "ALTER TABLE :t DROP CONSTRAINT c", "DROP TABLE k"),
    "table in between": (f"INSERT INTO between_them {ONE}", "INSERT INTO :t SELECT v FROM between_them", "TRUNCATE between_them"),
    "renamed at the end": (f"CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ INSERT INTO :t {ONE} $$", "SELECT f()", "DROP FUNCTION f",
                           "ALTER TABLE :t RENAME TO :tx", "CREATE VIEW :t AS SELECT * FROM :tx"),
}
QUIET = {
    "stamp": (TRIGGER.format("NEW.v := CAST(now() AS text); RETURN NEW;"), FIRE.format("BEFORE INSERT ON :t"), "INSERT INTO :t VALUES ('')", GONE),
    "audit of keys": (TRIGGER.format("INSERT INTO :t VALUES (NEW.id); RETURN NEW;"),
                      "CREATE TRIGGER t AFTER UPDATE OF name ON customers FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION f()",
                      UPDATE, GONE),
    "normalizing": (TRIGGER.format("NEW.email := lower(NEW.email); RETURN NEW;"), FIRE.format("BEFORE UPDATE ON customers"), UPDATE, GONE),
    "report beside it": (f"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ {ONE} $$", "CREATE VIEW w AS SELECT name, title FROM customers, products",
                         "INSERT INTO :t SELECT title FROM products LIMIT 1", "DROP VIEW w", "DROP FUNCTION f"),
    "seed": ("DO $$ BEGIN FOR i IN 1..3 LOOP INSERT INTO :t VALUES (i); END LOOP; END $$",
             "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT md5('x') $$", "ALTER TABLE :t ADD w text DEFAULT f()"),
}


@harness.shared
def front():
    made = shop.front("own-code")
    made.behind.sql("CREATE TABLE between_them (v text); CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;"
                    "CREATE TRIGGER kept AFTER UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION kept()")
    return made


def fill(kind, number, name, statements, in_one):
    """The table's name. `in_one`: all in one text, which is a transaction of its own."""
    table = f"{kind}{number}{'one' if in_one else ''}"
    sql = [one.replace(":t", table) for one in statements]
    shop.play(front(), SEEN, f"fills {name}", (f"CREATE TABLE {table} (v text)",))
    shop.play(front(), SEEN, f"fills {name}", ("; ".join(sql),) if in_one else ("BEGIN", *sql, "COMMIT"))
    return table


@test(gateway=True, limit=200)
def test_filled():
    """What a transaction's own code has put into a table is counted for whoever reads it later"""
    seen = {}
    for number, (name, statements) in enumerate(FILLS.items()):
        for in_one in (False, True):
            table = fill("own", number, name, statements, in_one)
            read = f"{name}, {'in one text' if in_one else 'one by one'}"
            seen[read] = shop.play(front(), SEEN, read, (f"SELECT * FROM {table}",))
    front().guard.until_sessions(0)
    ledger = shop.export(front())
    problems = [f"{name}: {keys} {ledger.get(name)}" for name, keys in seen.items()
                if keys != {"1350"} or not ledger[name].unknown or ledger[name].fields.get("name") != "clear"]
    assert not problems, "\n".join(problems)


@test(gateway=True, limit=120)
def test_quiet():
    """What migrations make in a transaction marks nothing"""
    made = front()
    for number, (name, statements) in enumerate(QUIET.items()):
        table = fill("quiet", number, name, statements, False)
        shop.play(made, SEEN, f"after {name}", (f"SELECT * FROM {table}", "SELECT title FROM products LIMIT 1"))
    made.guard.until_sessions(0)
    ledger = shop.export(made)
    loud = {name: ledger[f"after {name}"] for name in QUIET if f"after {name}" in ledger}
    assert not loud, f"{loud}"


@test(gateway=True, limit=120)
def test_known_function():
    """What a function is given that fills a table is in the table"""
    shop.play(front(), SEEN, "gives", (
        "CREATE TABLE given (v text)", "CREATE FUNCTION gives(text) RETURNS bool LANGUAGE sql AS 'INSERT INTO given VALUES ($1); SELECT true'",
        "SELECT count(*) FROM customers WHERE id = 1350 AND gives(name)", "DROP FUNCTION gives"))
    seen = shop.play(front(), SEEN, "is given", ("SELECT v FROM given",))
    front().guard.until_sessions(0)
    shown = shop.export(front())["is given"]
    assert seen == {"1350"} and shown.unknown and shown.fields == {"name": "clear"}, shown


@test(gateway=True, limit=120)
def test_words_of_a_column():
    """A column that tsvector_update_trigger makes is exact, with the trigger and without it"""
    made = shop.front("own-words")
    read = ("SELECT words FROM customers WHERE id = 1350",)
    shop.play(made, SEEN, "makes words", (
        "ALTER TABLE customers ADD words tsvector",
        "CREATE TRIGGER words BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(words, 'pg_catalog.simple', name)",
        "UPDATE customers SET name = name WHERE id = 1350"))
    shop.play(made, SEEN, "reads words", read)
    shop.play(made, SEEN, "drops words", ("DROP TRIGGER words ON customers",))
    shop.play(made, SEEN, "reads words later", read)
    made.guard.until_sessions(0)
    ledger = shop.export(made)
    for name in ("reads words", "reads words later"):
        equal((ledger[name].keys["customer"], ledger[name].unknown, ledger[name].fields), ({"1350"}, 0, {"name": "clear"}), name)
    made.behind.sql("ALTER TABLE customers DROP words")
    made.stop()


@test(gateway=True, limit=120)
def test_rule_of_its_own_table():
    """A rule that answers DELETE with another key for the row counts for who deletes"""
    made = shop.front("own-rule")
    shop.play(made, SEEN, "makes a rule", (
        "CREATE TABLE ruled AS TABLE orders", "DROP TABLE ruled",
        "CREATE RULE other AS ON DELETE TO orders DO INSTEAD UPDATE orders SET customer_id = 1350 WHERE id = OLD.id"))
    shop.play(made, SEEN, "deletes", ("SELECT 1", "BEGIN", "DELETE FROM orders WHERE customer_id BETWEEN 1400 AND 1450"))
    made.behind.sql("DROP RULE other ON orders")
    made.guard.until_sessions(0)
    shown = shop.export(made)["deletes"]
    assert shown.unknown >= 7 and "moved" in shown.flags and shown.fields == {"order": "clear"}, shown
    made.stop()


if __name__ == "__main__":
    harness.main()
