#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An ordinary application whose tables have an audit trigger that writes under a name made at run time: tables of
nobody's, and their audit tables, stay nobody's; of a table that the mapping names the audit table is a copy."""
import harness
import shop
from stage import equal, test
import wire

AUDIT = """CREATE FUNCTION a.audit() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN
  EXECUTE format('INSERT INTO a.%I SELECT now(), $1, ($2).*', TG_TABLE_NAME || '_audit') USING TG_OP, NEW;
  RETURN NEW; END $f$"""
TABLES = ("products", "stock", "customers", "parts")
PARTS = "CREATE TABLE parts (id int, t text) PARTITION BY RANGE (id); CREATE TABLE parts1 PARTITION OF parts FOR VALUES FROM (0) TO (100)"


@harness.shared
def front():
    sql = shop.server().sql
    sql("CREATE SCHEMA a; CREATE TABLE stock (product_id int NOT NULL REFERENCES products, n int NOT NULL);" + PARTS)
    for table in TABLES:
        sql(f"CREATE TABLE a.{table}_audit AS SELECT now() AS at, ''::text AS op, t.* FROM {table} t LIMIT 0; INSERT INTO a.{table}_audit(op) VALUES ('made')")
    sql("ALTER TABLE a.parts_audit RENAME TO parts1_audit")
    sql(AUDIT)
    for table in TABLES:
        sql(f"CREATE TRIGGER audit AFTER INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION a.audit()")
    sql("CREATE FUNCTION a.bump(t text) RETURNS void LANGUAGE plpgsql AS $f$ BEGIN EXECUTE format('UPDATE %I SET n = n + 1', t); END $f$")
    sql("CREATE FUNCTION a.find(t text) RETURNS SETOF text LANGUAGE plpgsql AS $f$ BEGIN RETURN QUERY EXECUTE format('SELECT name FROM %I WHERE id = 1287', t); END $f$")
    sql("GRANT USAGE ON SCHEMA a TO app, analyst; GRANT ALL ON ALL TABLES IN SCHEMA a, public TO app, analyst; ANALYZE")
    return shop.front("audited")


def one(text):
    return wire.parse(text) + wire.bind() + wire.execute()


def work(session):
    """What applications do: by Query and by messages, persons' tables and others in one session"""
    session.query("INSERT INTO products VALUES (1000, 'thing', 1)")
    session.query("SELECT name, phone FROM customers WHERE id = 1287")
    session.query("UPDATE products SET price = 2 WHERE id < 5")
    session.query("UPDATE customers SET phone = '010-1' WHERE id = 1287")
    session.query("INSERT INTO stock VALUES (1000, 1)")
    session.query("INSERT INTO customers VALUES (7777, 'Kim-7777', '010-7', 'user7777@example.com', 'x', 1, 'north')")
    session.query("INSERT INTO parts VALUES (1, 'a'), (2, 'b')")
    session.exchange(one("INSERT INTO stock VALUES (1, 1)") + wire.SYNC)
    session.exchange(one("SELECT email FROM customers WHERE id = 1287") + wire.SYNC)
    session.exchange(one("UPDATE customers SET address = 'y' WHERE id = 7777") + wire.SYNC)
    session.exchange(one("INSERT INTO products VALUES (1001, 'a', 1)") + one("INSERT INTO products VALUES (1002, 'b', 1)") + wire.SYNC)
    session.query("SELECT a.find('customers')")
    session.query("SELECT a.bump('stock')")
    session.query("PREPARE p AS INSERT INTO stock VALUES ($1, 2)")
    session.query("EXECUTE p(2)")
    session.query("BEGIN")
    session.query("INSERT INTO stock VALUES (1000, 1)")
    session.query("UPDATE products SET price = 3 WHERE id < 5")
    session.query("SELECT a.bump('stock')")
    session.query("COMMIT")
    # as drivers do that begin a transaction along with its first statement
    session.exchange(one("BEGIN") + one("UPDATE stock SET n = n + 1 WHERE product_id = 1") + wire.SYNC)
    session.exchange(one("INSERT INTO stock VALUES (2, 1)") + wire.SYNC)
    session.exchange(one("COMMIT") + wire.SYNC)


def work_together(session):
    """And in one transaction: that audit triggers have read nothing but their rows cannot be seen from outside"""
    session.query("BEGIN")
    session.query("UPDATE customers SET phone = '010-2' WHERE id = 1287")
    session.query("INSERT INTO stock VALUES (1000, 1)")
    session.query("INSERT INTO parts VALUES (3, 'a'), (4, 'b')")
    session.query("COMMIT")
    session.exchange(one("BEGIN") + one("UPDATE stock SET n = n + 1 WHERE product_id = 1") + wire.SYNC)
    session.exchange(one("UPDATE customers SET address = 'z' WHERE id = 7777") + wire.SYNC)
    session.exchange(one("COMMIT") + wire.SYNC)


NOBODYS = [t for t in TABLES if t != "customers"] + ["parts1"]
AUDITED = [f"a.{t}_audit" for t in TABLES[:-1] + ("parts1",)]


def counted(name):
    """Which tables count as persons', to who reads them now"""
    for table in NOBODYS + AUDITED:
        with wire.login(front().address, user="analyst", application_name=f"{name} {table}") as reader:
            assert len(reader.query(f"SELECT * FROM {table}").rows) > 1, table
    front().guard.until_sessions(0)
    said = shop.export(front())
    return sorted(t for t in NOBODYS + AUDITED if not is_nobodys(said.get(f"{name} {t}")))


def is_nobodys(shown):
    return not shown or (not shown.fields and shown.unknown == 0)


@test(gateway=True, limit=180)
def test_audit_of_nobodys():
    """Tables of nobody's, and what their trigger fills, stay nobody's, whatever the session reads and writes between;
    who reads persons' tables is counted for the persons alone; who reads the audit of one, for all. In a transaction
    that touches persons, the audit tables count, and the tables themselves do not"""
    with wire.login(front().address, user="app", application_name="writes") as app:
        work(app)
    equal(counted("reads"), ["a.customers_audit"])
    with wire.login(front().address, user="analyst", application_name="one") as reader:
        equal(reader.query("SELECT phone FROM customers WHERE id = 1287").rows, [["010-1"]])
    with wire.login(front().address, user="app", application_name="writes together") as app:
        work_together(app)
    equal(counted("reads then"), ["a.customers_audit", "a.parts1_audit", "a.stock_audit"])
    said = shop.export(front())
    equal((said["one"].fields, said["one"].unknown), ({"phone": "clear"}, 0))


harness.main()
