#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Everyday traffic that shows nobody leaves no line in the ledger: what programs and drivers ask of the
catalog by themselves, dumps of other tables, transactions and settings."""
import pathlib
import subprocess

import harness
import postgres
import shop
import stage
from stage import equal, test
import wire

PYTHON = "/usr/bin/python3"

# What drivers ask when they connect or when their caller asks for a table's make-up.
INTROSPECTION = (
    # JDBC: DatabaseMetaData.getTables, getColumns, getPrimaryKeys, and its look-up of types
    "SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, c.relname AS TABLE_NAME, CASE c.relkind WHEN 'r' THEN 'TABLE' END AS TABLE_TYPE, "
    "d.description AS REMARKS FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_description d "
    "ON (c.oid = d.objoid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass) WHERE c.relnamespace = n.oid AND c.relname LIKE '%' "
    "ORDER BY TABLE_TYPE, TABLE_SCHEM, TABLE_NAME",
    "SELECT * FROM (SELECT n.nspname, c.relname, a.attname, a.atttypid, a.attnotnull, a.atttypmod, a.attlen, t.typtypmod, "
    "row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS attnum, pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS adsrc, "
    "dsc.description, t.typbasetype, t.typtype FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_class c ON (c.relnamespace = n.oid) "
    "JOIN pg_catalog.pg_attribute a ON (a.attrelid = c.oid) JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid) "
    "LEFT JOIN pg_catalog.pg_attrdef def ON (a.attrelid = def.adrelid AND a.attnum = def.adnum) "
    "LEFT JOIN pg_catalog.pg_description dsc ON (c.oid = dsc.objoid AND a.attnum = dsc.objsubid) "
    "WHERE c.relkind IN ('r', 'p', 'v', 'f', 'm') AND a.attnum > 0 AND NOT a.attisdropped AND c.relname LIKE 'customers') c",
    "SELECT result.table_name, result.column_name, result.key_seq FROM (SELECT ct.relname AS table_name, a.attname AS column_name, "
    "(information_schema._pg_expandarray(i.indkey)).n AS key_seq FROM pg_catalog.pg_class ct JOIN pg_catalog.pg_attribute a "
    "ON (ct.oid = a.attrelid) JOIN pg_catalog.pg_index i ON (a.attrelid = i.indrelid) WHERE ct.relname = 'customers' AND i.indisprimary) result",
    "SELECT t.oid, t.typname FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON t.typnamespace = n.oid WHERE n.nspname != 'pg_toast'",
    # asyncpg and SQLAlchemy
    "SELECT t.oid, t.typelem, t.typtype FROM pg_catalog.pg_type t WHERE t.oid = 20",
    "SELECT hasindexes, tablename FROM pg_catalog.pg_tables WHERE schemaname = 'public'",
    "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'customers'",
    "SELECT constraint_name FROM information_schema.table_constraints WHERE table_name = 'orders'",
    "SELECT pg_catalog.version()", "SELECT current_schema()", "SHOW standard_conforming_strings", "SHOW TRANSACTION ISOLATION LEVEL",
    "SELECT pg_is_in_recovery()", "SELECT oid, typarray FROM pg_type WHERE typname = 'hstore'",
    # pools and monitoring
    "SELECT 1", "", ";", "SELECT now()", "SELECT datname, pg_database_size(oid) FROM pg_database",
    "SELECT relname, n_live_tup FROM pg_stat_user_tables", "SELECT pg_size_pretty(pg_total_relation_size('customers'))",
    "SELECT count(*) FROM pg_locks", "SELECT name, setting FROM pg_settings WHERE name LIKE 'max%'",
)
ORDINARY = (
    "BEGIN", "SET LOCAL statement_timeout = 1000", "SAVEPOINT a", "INSERT INTO products VALUES (9001, 'new', 1)",
    "UPDATE products SET price = 2 WHERE id = 9001 RETURNING id, title", "DELETE FROM products WHERE id = 9001", "ROLLBACK TO a",
    "RELEASE a", "COMMIT", "SET search_path = public", "RESET search_path", "DISCARD ALL", "LISTEN channel", "NOTIFY channel, 'hello'",
    "UNLISTEN *", "INSERT INTO orders (customer_id, item, amount, placed_at) VALUES (1350, 'benign', 7, now())",
    "UPDATE customers SET grade = grade WHERE id = 1350", "DELETE FROM orders WHERE id > 5000",
    "EXPLAIN SELECT title FROM products", "SELECT title FROM products ORDER BY id LIMIT 3", "SELECT count(*) FROM customers",
    "SELECT grade, count(*) FROM customers GROUP BY grade ORDER BY 1", "SELECT id FROM customers WHERE grade = 1",
    "SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.grade = 2",
    "SELECT p.title, count(*) FROM products p, orders o WHERE p.id = o.id GROUP BY 1 LIMIT 3",
    "SELECT EXISTS (SELECT 1 FROM customers WHERE region = 'north')", "COPY products TO STDOUT", "COPY products (id, title) TO STDOUT CSV HEADER",
    "PREPARE p (int) AS SELECT title FROM products WHERE id = $1", "EXECUTE p (3)", "DEALLOCATE p", "CREATE TEMP TABLE t (x int)",
    "INSERT INTO t VALUES (1)", "SELECT * FROM t", "DROP TABLE t", "LOCK TABLE customers", "VACUUM products", "ANALYZE products",
    "DELETE FROM customers WHERE id = 1350", "SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.id = 1350 ORDER BY o.placed_at",
    "SELECT count(*) FROM orders WHERE placed_at > now() - interval '1 month' AND amount BETWEEN 1 AND 2", "SELECT phone IS NULL FROM customers",
    "SELECT count(nullif(phone, '')) FROM customers WHERE email <> ''", "SELECT nothing FROM nowhere", "SELECT 1/0", "SELEC", "SELECT title FROM products WHERE id = 999999",
)
PROGRAM = """
import sys
from {module} import connect
with connect("application_name={module}") as connection:
    for _ in range(2):
        with connection.cursor() as cursor:
            cursor.execute("SELECT title FROM products WHERE id = %s", (7,))
            assert cursor.fetchall() == [("product 7",)]
            cursor.execute("SELECT count(*) FROM customers WHERE grade = %s", (1,))
            cursor.fetchone()
        connection.rollback()
print("fine")
"""
ASYNCPG = """
import asyncio, asyncpg
async def main():
    connection = await asyncpg.connect(server_settings={"application_name": "asyncpg"}, ssl=False)
    await connection.set_type_codec("json", encoder=str, decoder=str, schema="pg_catalog")
    assert await connection.fetchval("SELECT title FROM products WHERE id = $1", 7) == "product 7"
    assert await connection.fetch("SELECT $1::int[]", [1, 2])
    async with connection.transaction():
        async for _ in connection.cursor("SELECT title FROM products"):
            pass
    await connection.close()
asyncio.run(main())
print("fine")
"""


@harness.shared
def front():
    return shop.front("benign")


def environment(name, user="postgres"):
    return {"PGHOST": "127.0.0.1", "PGPORT": str(front().port), "PGUSER": user, "PGDATABASE": "postgres",
            "PGAPPNAME": name, "PGSSLMODE": "disable"}


def check_silent(name):
    if harness.DIRECT:
        return
    front().guard.until_sessions(0)
    lines = shop.export(front(), "--application", name)[name].lines
    equal([(line["sql"], line["attribution"], line["flags"], line["fields"]) for line in lines], [])


@test
def test_statements():
    """What drivers ask of the catalog, and statements that show nobody, leave no line, in either protocol"""
    with front().login(application_name="statements") as session:
        for sql in INTROSPECTION + ORDINARY:
            session.exchange(wire.query(sql))
            session.exchange(wire.parse(sql) + wire.bind() + wire.describe() + wire.execute() + wire.SYNC)
        session.terminate()
    check_silent("statements")


@test
def test_psql():
    """psql's commands that describe the database leave no line"""
    words = [word for command in (r"\d", r"\d customers", r"\d+ orders", r"\dt+", r"\df", r"\du", r"\l+", r"\dn+", r"\di", r"\dp", r"\dv",
                                  r"\sf pg_catalog.lower", r"\conninfo", r"\timing", r"\encoding", r"\dconfig", "SELECT title FROM products")
             for word in ("-c", command)]
    out = stage.run([postgres.BIN / "psql", "-X", *words], env=environment("psql"))
    assert "customers_pkey" in out and "product 7" in out, out
    check_silent("psql")


@test
def test_pg_dump():
    """Dumps of the schema, and of tables that show nobody, leave no line"""
    out = stage.run([postgres.BIN / "pg_dump", "-t", "products"], env=environment("pg_dump"))
    assert "product 7" in out
    out = stage.run([postgres.BIN / "pg_dump", "--schema-only"], env=environment("pg_dump"))
    assert "CREATE TABLE public.customers" in out
    check_silent("pg_dump")


def python(name, program):
    if subprocess.run([PYTHON, "-c", f"import {name}"], stderr=subprocess.DEVNULL, check=False).returncode:
        raise harness.Skip(f"{name} is not installed")
    path = pathlib.Path(harness.folder()) / f"benign_{name}.py"
    path.write_text(program)
    equal(stage.run([PYTHON, path], env=environment(name, "app")).strip(), "fine")
    check_silent(name)


for module in ("psycopg2", "psycopg"):
    stage.case(f"{module}'s start and queries leave no line", python, module, PROGRAM.replace("{module}", module))
stage.case("asyncpg's start and queries leave no line", python, "asyncpg", ASYNCPG)


if __name__ == "__main__":
    harness.main()
