#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""attribution.shadow: keys that are asked for together with a SELECT whose rows have no place for them. The client gets the
bytes that it gets without pasu; where each row is shown, its persons are named; where only some are, there are at most so many
as there were rows for in the statement's own snapshot. Every name, phone and mail carries its person's key."""
import os

import harness
import process
import shop
from stage import equal, test
from test_groups import ask, forms, seen_in
import wire

os.environ["PASU_E2E_SHADOW"] = "1"
import test_random as random_statements  # noqa: E402  (with attribution.shadow, as the line before says)

# Exactly those who are in the bytes.
EXACT = (
    "SELECT DISTINCT name FROM customers WHERE grade = 1",
    "SELECT DISTINCT name, email FROM customers WHERE region = 'north' ORDER BY name DESC",
    "SELECT DISTINCT phone FROM customers",
    "SELECT DISTINCT address, phone FROM customers WHERE grade IN (1, 2) AND region <> 'north' OR id BETWEEN 1000 AND 1100 ORDER BY 1",
    "SELECT name FROM customers WHERE grade = 1 UNION SELECT email FROM customers WHERE grade = 2 ORDER BY 1",
    "SELECT name FROM customers WHERE grade = 1 UNION ALL SELECT name FROM customers WHERE grade = 2 UNION SELECT 'Nobody'",
    "SELECT DISTINCT c.name, c.grade FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.grade = 1 ORDER BY 1",
    "SELECT DISTINCT c.name FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND o.amount > 3 WHERE o.id IS NULL",
    "SELECT DISTINCT n FROM (SELECT name AS n FROM customers WHERE grade = 1 UNION ALL SELECT title FROM products) s",
    "WITH w AS (SELECT name FROM customers WHERE grade = 1) SELECT DISTINCT name FROM w",
    "SELECT DISTINCT c FROM customers c WHERE grade = 2",
    "SELECT DISTINCT name FROM public.customers WHERE name LIKE 'Kim-1%'",
    "SELECT DISTINCT v.e FROM (VALUES ('user1350@example.com')) v(e), customers c WHERE c.email = v.e",
    "(SELECT DISTINCT name FROM customers WHERE grade = 1) -- the end\n ;",
)
# Some of them, and how many they can be of.
SOME = {
    "SELECT DISTINCT name, grade FROM customers WHERE grade = 1 ORDER BY name LIMIT 5": 80,
    "SELECT name FROM customers WHERE grade = 1 UNION SELECT name FROM customers WHERE grade = 2 ORDER BY 1 OFFSET 150": 160,
    "SELECT name FROM customers WHERE grade = 3 INTERSECT SELECT name FROM customers WHERE region = 'north'": 186,
    "SELECT name FROM customers WHERE grade = 3 EXCEPT SELECT name FROM customers WHERE region = 'north'": 186,
    "SELECT min(name), max(email) FROM customers WHERE grade = 1": 80,
    "SELECT region, max(coalesce(name, '')) FROM customers WHERE grade = 2 GROUP BY region ORDER BY 1": 80,
    "SELECT max(coalesce(name, '')) AS max FROM customers WHERE grade = 2 GROUP BY region ORDER BY max": 80,
    "SELECT region AS r, max(coalesce(name, '')) FROM customers WHERE grade = 2 GROUP BY ROLLUP (r) ORDER BY 1, 2": 80,
    "SELECT name FROM customers WHERE grade = 2 GROUP BY name HAVING max(email) LIKE '%9@%' ORDER BY name LIMIT 4": 80,
    "SELECT DISTINCT ON (region) name FROM customers WHERE grade = 1 ORDER BY region, grade": 80,
    "SELECT max(coalesce(name, '')) OVER (PARTITION BY region) FROM customers WHERE grade = 2 ORDER BY 1": 80,
    "SELECT * FROM (SELECT region, max(coalesce(name, '')) AS m FROM customers WHERE grade = 2 GROUP BY region) s WHERE m > 'A' ORDER BY 1": 80,
    "SELECT min(coalesce(name, '')) FILTER (WHERE grade = 1) FROM customers WHERE grade < 2": 160,
}
# Those have an order that is whole: they are sent as groups with their keys, and nobody need be asked.
GROUPED = ("SELECT name FROM customers WHERE grade = 1 UNION SELECT email FROM customers WHERE grade = 2 ORDER BY 1",
           "SELECT name FROM customers WHERE grade = 1 UNION SELECT name FROM customers WHERE grade = 2 ORDER BY 1 OFFSET 150")
# Errors of the client's own, before rows and behind them.
WRONG = (
    "SELECT DISTINCT nosuch FROM customers",
    "SELECT DISTINCT nam FROM customers",
    "SELECT DISTINCT name FROM customers WHERE gradee = 1",
    "SELECT DISTINCT name FROM customers WHERE id = 'abc'",
    "SELECT DISTINCT name FROM customers WHERE grade = 1 ORDER BY phone",
    "SELECT name FROM customers UNION SELECT id FROM customers",
    "SELECT max(name), 1 / 0 FROM customers WHERE grade = 1",
    "SELECT max(name)::int FROM customers WHERE grade = 1",
    "SELECT DISTINCT name FROM customers WHERE 1 / grade > 1",
    "SELECT DISTINCT name FROM nosuch, customers",
    "SELECT DISTINCT name FROM customers WHERE grade = $1",
)
# What is asked, without a difference, of nobody or not at all.
OTHERS = (
    "SELECT DISTINCT name FROM customers WHERE false",
    "SELECT DISTINCT phone FROM customers WHERE phone IS NULL",
    "SELECT DISTINCT region FROM customers ORDER BY 1",
    "SELECT DISTINCT title FROM products ORDER BY 1 LIMIT 3",
    "SELECT count(DISTINCT name) FROM customers",
)
# Who knows the code and wants somebody to go uncounted, or another to be named. Each: what to do before, and the question.
ATTACKS = {
    "a temporary table in front": (
        "CREATE TEMP TABLE customers AS SELECT id + 7 AS id, name, grade, region, email FROM public.customers",
        "SELECT DISTINCT name FROM customers WHERE grade = 1"),
    "a temporary table for one arm": (
        "CREATE TEMP TABLE orders AS SELECT id + 7 AS customer_id, name AS item FROM public.customers",
        "SELECT name FROM customers WHERE grade = 1 UNION SELECT item FROM orders"),
    "a table that inherits": (
        "CREATE TEMP TABLE heir () INHERITS (public.customers); INSERT INTO heir SELECT id + 7, name, phone, email, address, grade, region"
        " FROM ONLY public.customers WHERE grade = 1", "SELECT DISTINCT name FROM customers WHERE grade = 1"),
    "a prepared statement, and another table": (
        "PREPARE p AS SELECT DISTINCT name FROM customers WHERE grade = 1; CREATE TEMP TABLE customers AS"
        " SELECT id + 7 AS id, name, grade FROM public.customers", "EXECUTE p"),
    "names of what is hidden": ("SELECT 1", "SELECT DISTINCT name AS shown, email AS pasu_key_1 FROM customers WHERE grade = 1"),
    "aliases of what is around it": ("SELECT 1", "SELECT DISTINCT shown.name FROM customers shown, products q WHERE q.id = 1 AND shown.grade = 1"),
    "a key of another row": (
        "SELECT 1", "SELECT DISTINCT b.name FROM customers a JOIN customers b ON b.id = a.id + 7 WHERE a.grade = 1"),
    "a column that is called as the key": (
        "SELECT 1", "SELECT DISTINCT s.name FROM (SELECT id + 7 AS id, name, grade FROM customers) s WHERE s.grade = 1"),
    "functions of one's own in front": (
        "CREATE FUNCTION public.array_cat(text[], text[]) RETURNS text[] LANGUAGE sql AS 'SELECT ''{0}''::text[]';"
        "SET search_path = public, pg_catalog", "SELECT DISTINCT name FROM customers WHERE grade = 1"),
}


@harness.shared
def front():
    return shop.front("shadow", more={"attribution": {"shadow": True}, "budgets": [
        {"principal": "analyst", "window": "hour", "subjects": 90, "verdict": "block"}]})


# Each row is one person's: their number says more than whose rows are read.
OF_ROWS = {"SELECT DISTINCT ON (region) name FROM customers WHERE grade = 1 ORDER BY region, grade"}


def told_of(name):
    return shop.export(front()).get(name)


def compare(statements, group, surround=("", "")):
    """Name, statement, whom it showed: what came is what comes without pasu, also of what stands around it."""
    told = []
    for n, sql in enumerate(statements):
        for form, sends in forms(sql):
            name, came = f"{group} {n} {form}", {}
            for address in (shop.server().address, front().address):
                with wire.login(address, application_name=name) as session:
                    came[address] = [ask(session, [wire.query(text)]) for text in surround[:1] if text]
                    came[address].append(ask(session, sends))
                    came[address] += [ask(session, [wire.query(text)]) for text in surround[1:] if text]
                    session.terminate()
            equal(came[front().address], came[shop.server().address], sql)
            told.append((name, sql, seen_in(message for answer in came[front().address] for message in answer)))
    front().guard.until_sessions(0)
    return told


def is_exact(sql, seen, keys, unknown, shown):
    way = {"injected"} if sql in GROUPED else {"shadow"}
    return seen and keys == seen and not unknown and shown.attributions == way and shown.flags <= {"probe"}


def is_some(sql, seen, keys, unknown, shown):
    if sql in GROUPED:
        return is_exact(sql, seen, keys, unknown, shown)
    if sql in OF_ROWS:
        return len(seen) == unknown and not keys and shown.attributions == {"bound"}
    return seen and not keys and unknown == SOME[sql] and shown.attributions == {"shadow"} and "bound" in shown.flags


@test(gateway=True)
def test_what_shows_each_of_its_rows_is_counted_exactly():
    shop.judge(front(), compare(EXACT, "exact"), is_exact)


@test(gateway=True)
def test_what_shows_some_of_its_rows_is_of_at_most_so_many():
    shop.judge(front(), compare(SOME, "some"), is_some)


@test(gateway=True)
def test_errors_are_the_clients_own():
    shop.judge(front(), compare(WRONG, "wrong"), lambda *_: True)


@test(gateway=True)
def test_who_is_not_in_the_result_is_not_shown():
    shop.judge(front(), compare(OTHERS, "others"), lambda sql, seen, keys, unknown, shown: not seen and not keys and not unknown)


@test(gateway=True)
def test_in_a_transaction_it_is_the_same():
    """In blocks of each isolation level, and in what is left of one that has failed: the same bytes, the same persons"""
    state = "SELECT current_setting('transaction_isolation'), txid_current_if_assigned() IS NULL, now() = statement_timestamp()"
    for level in ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"):
        shop.judge(front(), compare(EXACT[:6], f"{level} exact", (f"BEGIN ISOLATION LEVEL {level}; SAVEPOINT s", state + "; COMMIT")), is_exact)
        shop.judge(front(), compare(list(SOME)[:6], f"{level} some", (f"BEGIN ISOLATION LEVEL {level}", state + "; ROLLBACK")), is_some)
    shop.judge(front(), compare(EXACT[:2], "failed", ("BEGIN; SELECT 1 / 0", "ROLLBACK")), lambda _, seen, *rest: not seen)


@test(gateway=True)
def test_values_of_bind_are_the_questions_too():
    sql = "SELECT DISTINCT name FROM customers WHERE grade = $1 AND region = $2"
    sends = [wire.parse(sql, name="p") + wire.describe("S", "p") + wire.bind((b"1", b"north"), name="p") + wire.execute() +
             wire.bind((b"2", b"south"), name="p") + wire.describe("P") + wire.execute() + wire.SYNC]
    with wire.login(shop.server().address) as direct, front().login(application_name="bind") as session:
        came = ask(session, sends)
        equal(came, ask(direct, sends))
        session.terminate()
    front().guard.until_sessions(0)
    shop.judge(front(), [("bind", sql, seen_in(came))], is_exact)


@test(gateway=True)
def test_the_snapshot_is_the_statements_own():
    """The statement waits behind its snapshot, and others go meanwhile: those count who were there"""
    server = shop.server()
    server.sql("CREATE TABLE held AS SELECT id, name FROM customers WHERE grade = 4; GRANT SELECT ON held TO app")
    front().guard.reload()
    sql = "SELECT min(name), pg_advisory_lock_shared(77) IS NULL FROM customers WHERE grade = 4"
    with wire.login(server.address) as other, front().login(application_name="snapshot") as session:
        other.query("BEGIN; SELECT pg_advisory_xact_lock(77)")
        session.send(wire.query(sql))
        process.until(lambda: server.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == "1",
                      "the statement waits")
        other.query("UPDATE customers SET grade = 9 WHERE grade = 4")
        other.query("COMMIT")
        messages = []
        while not messages or messages[-1][0] != "Z":
            messages.append(session.receive())
        session.terminate()
    server.sql("UPDATE customers SET grade = 4 WHERE grade = 9; DROP TABLE held")
    front().guard.until_sessions(0)
    shown = told_of("snapshot")
    assert seen_in(messages) and shown.unknown == 80 and shown.attributions == {"shadow"}, shown


@test(gateway=True)
def test_of_too_many_persons_nothing_is_asked():
    """Up to as many persons as the configuration says, which the inspector counts; the text of more is sent as it is"""
    for most, attribution in ((shop.CUSTOMERS, "shadow"), (shop.CUSTOMERS - 1, "bound"), (0, "shadow")):
        few = shop.front(f"few {most}", more={"attribution": {"shadow": True, "shadow_persons": most}})
        with few.login(application_name="few") as session:
            session.query(EXACT[0])
            session.terminate()
        few.guard.until_sessions(0)
        equal(shop.export(few)["few"].attributions, {attribution}, most)


@test(gateway=True)
def test_what_is_fetched_in_portions_is_a_bound():
    """Nobody is named of whom it is not known that they will come; they count once"""
    sql = EXACT[0]
    with front().login(application_name="portions") as session:
        came = ask(session, [wire.query("BEGIN")])
        came += ask(session, [wire.parse(sql) + wire.bind(portal="p") + wire.execute(3, "p") + wire.SYNC])
        came += ask(session, [wire.execute(3, "p") + wire.SYNC])
        session.terminate()
    front().guard.until_sessions(0)
    shown = told_of("portions")
    assert len(seen_in(came)) == 6 and not shown.keys["customer"] and shown.unknown == 80, shown
    equal((shown.statements, shown.attributions), (1, {"shadow"}))


@test(gateway=True)
def test_a_budget_is_judged_before_the_first_row():
    """More persons than the budget has room for: none of the rows comes; the same persons again: they count once"""
    with front().login(user="analyst", application_name="budget") as session:
        came = ask(session, [wire.query("SELECT DISTINCT name FROM customers WHERE grade = 1")])
        assert len(seen_in(came)) == 80, came[-3:]
        for sql in (EXACT[0], "SELECT min(name) FROM customers WHERE grade = 1", EXACT[0]):
            came = ask(session, [wire.query(sql)])
            assert seen_in(came) and not any(kind == "E" for kind, _ in came), sql
        came = ask(session, [wire.query("SELECT DISTINCT name FROM customers WHERE grade = 2")])
        assert not seen_in(came) and any(kind == "E" for kind, _ in came), came
        came = ask(session, [wire.query("SELECT min(name) FROM customers WHERE grade = 2")])
        assert not seen_in(came) and any(kind == "E" for kind, _ in came), came
        session.terminate()


@test(gateway=True)
def test_row_level_security_is_left_alone():
    """A table that a policy guards: the same answer, and a bound"""
    server = shop.server()
    server.sql("CREATE POLICY own ON customers FOR SELECT TO app USING (region = current_setting('shop.region', true));"
               "ALTER TABLE customers ENABLE ROW LEVEL SECURITY")
    front().guard.reload()
    came = {}
    for address in (server.address, front().address):
        with wire.login(address, user="app", application_name="guarded") as session:
            session.query("SET shop.region = 'north'")
            came[address] = ask(session, [wire.query("SELECT DISTINCT name FROM customers WHERE grade = 1 ORDER BY name")])
            session.terminate()
    server.sql("ALTER TABLE customers DISABLE ROW LEVEL SECURITY; DROP POLICY own ON customers")
    front().guard.reload()
    equal(came[front().address], came[server.address])
    front().guard.until_sessions(0)
    shown, seen = told_of("guarded"), seen_in(came[front().address])
    assert 0 < len(seen) < 80 and not shown.keys["customer"] and shown.unknown >= len(seen), shown
    equal(shown.attributions, {"bound"})


@test(gateway=True)
def test_who_may_not_read_the_key_gets_the_same():
    """A role that may read the name and not the key: the same answer, and a bound"""
    shop.server().sql("CREATE ROLE narrow LOGIN; GRANT SELECT (name, grade) ON customers TO narrow")
    front().guard.reload()
    with front().login(user="narrow", application_name="narrow") as session:
        came = ask(session, [wire.query("SELECT DISTINCT name FROM customers WHERE grade = 1")])
        session.terminate()
    front().guard.until_sessions(0)
    shown = told_of("narrow")
    assert len(seen_in(came)) == 80 and not shown.keys["customer"] and shown.unknown >= 80, shown
    equal(shown.attributions, {"bound"})


@test(gateway=True)
def test_nobody_goes_uncounted_by_a_trick():
    told = []
    for name, (before, sql) in ATTACKS.items():
        with front().login(application_name=name) as session:
            session.query(before)
            told.append((name, sql, seen_in(ask(session, [wire.query(sql)]))))
            session.terminate()
    front().guard.until_sessions(0)
    shop.judge(front(), told, lambda sql, seen, *rest: seen)
    shop.server().sql("DROP FUNCTION public.array_cat")


@test(gateway=True)
def test_whichever_rows_come_first():
    """Where a query within takes the first rows that come, the question could get others: an index has the columns, but not the key"""
    server, told = shop.server(), []
    server.sql("CREATE INDEX by_region ON customers (region, grade, name, email); ANALYZE customers")
    for number, within in enumerate(("SELECT name FROM customers LIMIT 5", "SELECT name FROM customers OFFSET 395",
                                     "SELECT DISTINCT ON (grade) name FROM customers ORDER BY grade")):
        for form, sql in (("FROM", f"SELECT DISTINCT name FROM ({within}) s"),
                          ("IN", f"SELECT DISTINCT name FROM customers WHERE name IN ({within})")):
            name = f"first {number} {form}"
            with front().login(application_name=name) as session:
                session.query("SET enable_seqscan = off")
                told.append((name, sql, seen_in(ask(session, [wire.query(sql)]))))
                session.terminate()
    server.sql("DROP INDEX by_region")
    front().guard.until_sessions(0)
    shop.judge(front(), told, lambda sql, seen, *rest: seen)


@test(gateway=True)
def test_a_name_that_comes_to_mean_another_table():
    """A statement is prepared, then a temporary table takes the name: nobody is named by its keys"""
    told = []
    for number, sql in enumerate((EXACT[0], "SELECT name FROM customers WHERE grade = 1 UNION SELECT 'Nobody'")):
        name = f"another {number}"
        with front().login(application_name=name) as session:
            came = ask(session, [wire.parse(sql, name="p") + wire.bind(name="p") + wire.execute() + wire.SYNC])
            session.query("CREATE TEMP TABLE customers AS SELECT id + 7 AS id, name, grade FROM public.customers WHERE grade < 3")
            for _ in range(2):
                came += ask(session, [wire.bind(name="p") + wire.execute() + wire.SYNC])
            session.query("DISCARD PLANS")
            came += ask(session, [wire.bind(name="p") + wire.execute() + wire.SYNC])
            session.terminate()
        told.append((name, sql, seen_in(came)))
    front().guard.until_sessions(0)
    shop.judge(front(), told, lambda _, seen, *rest: seen)


@test(gateway=True)
def test_a_table_in_front_that_pasu_has_not_seen_yet():
    """Made past pasu, a moment ago: rows say that they are of another table, and nobody is named by its keys"""
    server = shop.server()
    sql = "SELECT name FROM customers WHERE grade = 1 UNION SELECT 'Nobody'"
    with front().login(user="app", application_name="in front") as session:
        came = ask(session, [wire.query(sql)])
        server.sql("CREATE SCHEMA app; CREATE TABLE app.customers AS SELECT id + 7 AS id, name, grade FROM public.customers WHERE grade < 3;"
                   "GRANT USAGE ON SCHEMA app TO app; GRANT SELECT ON app.customers TO app")
        came += ask(session, [wire.query(sql)])
        session.terminate()
    server.sql("DROP SCHEMA app CASCADE")
    front().guard.until_sessions(0)
    shop.judge(front(), [("in front", sql, seen_in(came))], lambda _, seen, *rest: seen)


@test(gateway=True)
def test_too_many_to_be_named_are_a_number():
    """More keys than are named, and rows of more bytes than are held back: at most as many as there are"""
    server = shop.server()
    server.sql("CREATE TABLE many (id int PRIMARY KEY, name text); INSERT INTO many SELECT i, 'many ' || i FROM generate_series(1, 5000) i;"
               "CREATE TABLE long (id int PRIMARY KEY, name text); INSERT INTO long SELECT i, repeat('long ', 2000) || i FROM"
               " generate_series(1, 600) i; GRANT SELECT ON many, long TO app")
    front().guard.config["personal_data"] += [shop.personal("many", "customer", "id", {"name": "name"}),
                                              shop.personal("long", "customer", "id", {"name": "name"})]
    front().reload()
    for table, most in (("many", 5000), ("long", 600)):
        with wire.login(server.address) as direct, front().login(application_name=table) as session:
            sends = [wire.query(f"SELECT DISTINCT name, length(name) FROM {table} ORDER BY name")]
            equal(ask(session, sends), ask(direct, sends))
            session.terminate()
        front().guard.until_sessions(0)
        shown = told_of(table)
        equal((len(shown.keys["customer"]), shown.unknown, shown.attributions), (0, most, {"shadow"}), table)


# ---- the truth, by removing persons (test_random.py) ----

TOLD = (
    "SELECT DISTINCT name FROM customers WHERE grade < 3",
    "SELECT DISTINCT name, phone FROM customers ORDER BY 1 LIMIT 3",
    "SELECT name FROM customers UNION SELECT nick FROM members ORDER BY 1",
    "SELECT name FROM customers WHERE grade < 2 UNION SELECT phone FROM customers WHERE grade > 1",
    "SELECT min(name), max(phone::text) FROM customers",
    "SELECT region, min(email) FROM customers GROUP BY region ORDER BY 1",
    'SELECT DISTINCT c.name, b."Full Name" FROM customers c LEFT JOIN "AddressBook" b ON b."Owner" = c.id',
    'SELECT DISTINCT "Full Name", "Label" FROM "AddressBook"',
    "SELECT DISTINCT o.item, o.door FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.grade < 3",
    "SELECT name FROM customers EXCEPT SELECT name FROM customers WHERE grade = 1",
    "SELECT name FROM customers INTERSECT SELECT name FROM customers WHERE grade = 1",
    "SELECT DISTINCT place FROM visits WHERE day > '2026-01-11'::date",
    "SELECT DISTINCT m.nick FROM members m WHERE EXISTS (SELECT FROM customers c WHERE c.id = m.customer_id)",
    "SELECT first_value(name) OVER (ORDER BY id) FROM customers WHERE grade > 0",
    "SELECT * FROM (SELECT grade, max(name) AS n FROM customers GROUP BY grade) s ORDER BY 1",
    "SELECT string_agg(DISTINCT name, ',') FILTER (WHERE grade > 0) FROM customers",
)


@test(gateway=True)
def test_the_truth_lies_in_the_interval():
    """Whom statements show, by worlds in which one person is missing: nobody outside of the interval, nobody named in vain"""
    figures = random_statements.check_told(TOLD)
    assert sum("shadow" in one["attributions"] for one in figures) >= 9, figures


@test(gateway=True, limit=120)
def test_random_statements_are_right_with_it():
    figures = random_statements.check_random(list(range(301, 451)))
    assert any("shadow" in one["attributions"] for one in figures)


if __name__ == "__main__":
    harness.main()
