#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Functions that look somebody up, however their text and their result are written, and for each row of a query: the ledger names whom they show. Where it
cannot, it says how many there can be."""
import re

import harness
import process
import shop
from stage import equal, test
import wire

PERSON = re.compile(r"(?:Kim-|user|item \d of |Main Street |010-)(-?\d+)")
MAKE = """
CREATE FUNCTION r_email(k bigint) RETURNS text LANGUAGE sql STABLE AS 'SELECT email FROM customers WHERE id = k';
CREATE FUNCTION r_name(k bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$ DECLARE n text; BEGIN SELECT name INTO n FROM customers WHERE id = k; RETURN n; END $$;
CREATE FUNCTION r_return(k bigint) RETURNS text LANGUAGE sql STABLE RETURN (SELECT email FROM customers WHERE id = k);
CREATE FUNCTION r_atomic(g int) RETURNS SETOF text LANGUAGE sql STABLE BEGIN ATOMIC SELECT name FROM customers WHERE grade = g; END;
CREATE FUNCTION r_table(g int) RETURNS TABLE (cid bigint, nm text) LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN QUERY SELECT id, name FROM customers WHERE grade = g; END $$;
CREATE FUNCTION r_names(g int) RETURNS TABLE (nm text, mail text) LANGUAGE sql STABLE AS 'SELECT name, email FROM customers WHERE grade = g';
CREATE FUNCTION r_out(k bigint, OUT nm text, OUT mail text) LANGUAGE sql STABLE AS 'SELECT name, email FROM customers WHERE id = k';
CREATE FUNCTION r_rows(g int) RETURNS SETOF customers LANGUAGE sql STABLE AS 'SELECT * FROM customers WHERE grade = g';
CREATE FUNCTION r_tells(g int) RETURNS void LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN
    FOR r IN SELECT name FROM customers WHERE grade = g LOOP RAISE NOTICE '%', r.name; END LOOP; END $$;
CREATE FUNCTION r_into(k bigint, OUT nm text, OUT mail text) LANGUAGE plpgsql STABLE AS $$ BEGIN SELECT name, email INTO nm, mail FROM customers WHERE id = k; END $$;
CREATE FUNCTION r_record(k bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$ DECLARE c public.customers%ROWTYPE; BEGIN SELECT * INTO c FROM public.customers WHERE id = k; RETURN c.email; END $$;
CREATE FUNCTION r_nested(k bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT name FROM customers WHERE id = k); END $$;
CREATE FUNCTION r_run(k bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$ DECLARE n text; BEGIN
    EXECUTE 'SELECT name FROM customers WHERE id = $1' INTO n USING k; RETURN n; END $$;
CREATE FUNCTION r_loop(g int) RETURNS TABLE (cid bigint, nm text) LANGUAGE plpgsql STABLE AS $$ DECLARE r record; BEGIN
    FOR r IN SELECT * FROM customers WHERE grade = g LOOP cid := r.id; nm := r.name; RETURN NEXT; END LOOP; END $$;
CREATE FUNCTION r_each(g int) RETURNS SETOF customers LANGUAGE plpgsql STABLE AS $$ DECLARE c public.customers; BEGIN
    FOR c IN SELECT * FROM public.customers WHERE grade = g LOOP RETURN NEXT c; END LOOP; END $$;
CREATE FUNCTION r_runs(g int) RETURNS TABLE (cid bigint, mail text) LANGUAGE plpgsql STABLE AS $$ BEGIN
    RETURN QUERY EXECUTE 'SELECT id, email FROM customers WHERE grade = $1' USING g; END $$;
CREATE FUNCTION r_values(g int) RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$ DECLARE r record; BEGIN
    FOR r IN SELECT name, email FROM customers WHERE grade = g LOOP RETURN NEXT r.email; END LOOP; END $$;
CREATE FUNCTION r_placed(k bigint) RETURNS text LANGUAGE sql STABLE SET search_path = public AS 'SELECT email FROM customers WHERE id = k';
CREATE FUNCTION r_late(g int) RETURNS TABLE (cid bigint, nm text) LANGUAGE plpgsql STABLE AS $$ DECLARE r record; v text; BEGIN
    FOR r IN SELECT id, name FROM customers WHERE grade = g ORDER BY id LOOP cid := r.id; nm := v; v := r.name; RETURN NEXT; END LOOP; END $$;
CREATE FUNCTION r_sum(g int) RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$ DECLARE r record; v text := ''; BEGIN
    FOR r IN SELECT name FROM customers WHERE grade = g LOOP v := v || r.name; END LOOP; RETURN NEXT v; END $$;
CREATE FUNCTION r_swapped(g int) RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$ DECLARE c customers; BEGIN
    FOR c IN SELECT id, email, name, phone, address, grade FROM customers WHERE grade = g LOOP RETURN NEXT c.name; END LOOP; END $$;
CREATE VIEW r_keys AS SELECT id AS k, grade AS g FROM customers;
GRANT SELECT ON r_keys TO app;
"""
EXACT = (
    "SELECT r_email(id) FROM customers WHERE grade = 1",
    "SELECT c.grade, r_name(c.id) AS n, 'x' FROM customers c WHERE grade < 3 ORDER BY 1 LIMIT 30",
    "SELECT r_email(customer_id) FROM orders WHERE id < 50",
    "SELECT r_name(k.k) FROM r_keys k WHERE g = 2",
    "SELECT r_return(id) FROM customers WHERE region = 'north' OFFSET 3",
    "SELECT r_return(1357)",
    "SELECT * FROM r_out(1357)",
    "SELECT * FROM r_into(1357)",
    "SELECT r_record(1357)",
    "SELECT r_nested(1357)",
    "SELECT r_run(1357)",
    "SELECT r_placed(1357)",
    "SELECT nm FROM r_loop(2)",
    "SELECT cid, nm FROM r_loop(2) WHERE cid < 1700",
    "SELECT email FROM r_each(3)",
    "SELECT mail FROM r_runs(3)",
    "SELECT mail FROM r_out(1357)",
    "SELECT nm FROM r_table(2)",
    "SELECT t.nm FROM r_table(2) t WHERE t.cid < 1700",
    "SELECT name FROM r_rows(3) WHERE id < 1700 AND grade >= 0",
    "SELECT name FROM r_rows(3) WHERE id IN (1357, 1364, 1371, 1378, 1385) LIMIT 2",
    "SELECT r_email(id) FROM customers WHERE id = 1357",
    # within a query: beside other columns, in expressions, in FROM beside other tables
    "SELECT c.phone, lower(r_email(c.id)) FROM customers c WHERE grade = 1",
    "SELECT o.item, lower(r_return(o.customer_id)) FROM orders o WHERE o.id < 50",
    "SELECT p.id, r_name(1357) FROM products p",
    "SELECT id, lower(r_email(id)), name FROM customers WHERE grade = 2",
    "SELECT r_name(customers.id), phone FROM customers WHERE grade = 1",
    "SELECT r_email(1357), r_name(1364)",
    "SELECT coalesce(t.nm, 'x'), p.id FROM r_table(2) t CROSS JOIN (SELECT min(id) AS id FROM products) p",
    "SELECT f FROM r_rows(3) f ORDER BY f.id",
    "SELECT name FROM r_rows(3) WHERE email LIKE 'user13%'",
    "SELECT p.id, f.email FROM products p LEFT JOIN r_each(3) f ON f.id = p.id + 1350",
)
ROWS = ("SELECT r_email(c.id + 0) FROM customers c WHERE grade = 2", "SELECT n FROM (SELECT name || '' AS n FROM r_rows(2)) k",
        "SELECT * FROM r_atomic(2)", "SELECT nm FROM r_names(2)", "SELECT * FROM r_values(2)", "SELECT * FROM r_names(3) LIMIT 4")


OTHERS = ("SELECT cid, nm FROM r_late(2)", "SELECT * FROM r_sum(2)", "SELECT * FROM r_swapped(2)")


# A table's row by a name that another schema has, too: its column `id` is the grade.
ELSEWHERE = """
CREATE SCHEMA other
    CREATE TABLE customers (seq bigint, name text, phone text, email text, address text, id int, region text);
CREATE FUNCTION e_plain(g int) RETURNS TABLE (cid bigint, nm text) LANGUAGE plpgsql STABLE AS $$ DECLARE c public.customers; BEGIN
    FOR c IN SELECT * FROM public.customers WHERE grade = g LOOP cid := c.id; nm := c.name; RETURN NEXT; END LOOP; END $$;
CREATE FUNCTION e_named(g int) RETURNS TABLE (cid bigint, nm text) LANGUAGE plpgsql STABLE AS $$ DECLARE c other.customers; BEGIN
    FOR c IN SELECT * FROM public.customers WHERE grade = g LOOP cid := c.id; nm := c.name; RETURN NEXT; END LOOP; END $$;
CREATE FUNCTION e_path(g int) RETURNS TABLE (cid bigint, nm text) LANGUAGE plpgsql STABLE AS $$ DECLARE c customers; BEGIN
    FOR c IN SELECT * FROM public.customers WHERE grade = g LOOP cid := c.id; nm := c.name; RETURN NEXT; END LOOP; END $$;
CREATE FUNCTION e_rows(g int) RETURNS SETOF other.customers LANGUAGE plpgsql STABLE AS $$ DECLARE c record; BEGIN
    FOR c IN SELECT * FROM public.customers WHERE grade = g LOOP RETURN NEXT c; END LOOP; END $$;
GRANT USAGE ON SCHEMA other TO app;
"""
MEANT_ELSEWHERE = (
    "SELECT cid, nm FROM e_named(2)",
    "SELECT cid, nm FROM e_path(2)",
    "SELECT id, name FROM e_rows(2)",
    "SELECT cid, nm FROM public.e_path(2)",
)


@harness.shared
def front():
    shop.server().sql(MAKE)
    return shop.front("called")


def ask(name, sql, by=None):
    """Whom the client saw, in rows and in texts."""
    with wire.login((by or front()).address, user="app", application_name=name) as session:
        rows = session.query(sql).rows
        session.terminate()
    return set(PERSON.findall(str(rows)))


@test(gateway=True, limit=60)
def test_named():
    """Each row names whom it shows"""
    told = [(f"exact {n}", sql, ask(f"exact {n}", sql)) for n, sql in enumerate(EXACT)]
    front().guard.until_sessions(0)
    shop.judge(front(), told, lambda _, seen, keys, unknown, __: seen and keys == seen and unknown == 0)


@test(gateway=True)
def test_as_many_as_rows():
    """Without the key in what it returns it is one person a row"""
    told = [(f"rows {n}", sql, ask(f"rows {n}", sql)) for n, sql in enumerate(ROWS)]
    front().guard.until_sessions(0)
    shop.judge(front(), told, lambda _, seen, keys, unknown, __: seen and not keys and unknown == len(seen))


@test(gateway=True)
def test_others_rows():
    """What a loop keeps from one row to the next, sums up, or puts into a row of other columns is not the row's: at most everybody"""
    told = [(f"others {n}", sql, ask(f"others {n}", sql)) for n, sql in enumerate(OTHERS)]
    front().guard.until_sessions(0)
    shop.judge(front(), told, lambda _, seen, keys, unknown, __: seen and not keys and unknown == shop.CUSTOMERS)


@test(gateway=True)
def test_nobody_there():
    """Keys that nobody has show nobody"""
    equal(ask("nobody", "SELECT r_email(id) FROM products"), set())
    front().guard.until_sessions(0)
    equal(set(shop.export(front())["nobody"].keys["customer"]), set())


@test(gateway=True)
def test_notices():
    """Of any number of notices of one statement everybody is counted once, and once for what it returns"""
    ask("notices", "SELECT r_tells(2)")
    front().guard.until_sessions(0)
    equal(shop.export(front())["notices"].unknown, 2 * shop.CUSTOMERS)


@test(gateway=True)
def test_kept():
    """What is put into a setting is of no more persons than the statement names"""
    equal(ask("kept", "SELECT set_config('my.x', name, false) FROM customers WHERE id IN (1357, 1364)"), {"1357", "1364"})
    front().guard.until_sessions(0)
    shown = shop.export(front())["kept"]
    assert len(shown.keys["customer"]) + shown.unknown <= 4, shown


@test(gateway=True)
def test_elsewhere():
    """Where the name of a row's table, or of its type, can mean one of another schema, nobody is named by its columns"""
    shop.server().sql(ELSEWHERE)
    by = shop.front("elsewhere")

    def is_named():
        """Once nothing is in doubt, a call is read by what its function is."""
        seen = ask("plain", "SELECT cid, nm FROM e_plain(2)", by)
        by.guard.until_sessions(0)
        return seen and set(shop.export(by)["plain"].keys["customer"]) == seen

    process.until(is_named, "a call is read", 20)
    told = []
    for n, sql in enumerate(MEANT_ELSEWHERE):
        path = "SET search_path = other, pg_catalog; " if "public." in sql else ""
        told.append((f"elsewhere {n}", path + sql, ask(f"elsewhere {n}", path + sql, by)))
    by.guard.until_sessions(0)
    shop.server().sql("DROP SCHEMA other CASCADE")
    shop.judge(by, told, lambda _, seen, keys, unknown, __: seen and len(keys & seen) + unknown >= len(seen))


harness.main()
