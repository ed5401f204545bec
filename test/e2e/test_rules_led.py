#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A rule on one field, and who leads a name elsewhere: each attack through pasu in a database of its own, where no other
table has, or has had, the name until the attacker makes one. Without pasu it shows addresses; what comes through pasu has
none."""
import contextlib

import harness
import process
import shop
from stage import equal, test
import wire

BLOCK = [{"name": "addresses", "when": {"fields": ["address"]}, "verdict": "block"}]
REFUSED, PAST_PASU = "PS003", "past_pasu"
PHONE, SHOWN, HIDDEN = "SELECT phone FROM customers", b"010-", b"Main Street"
VIEW = "VIEW {} AS SELECT id, address AS phone FROM public.customers"
TEMPORARY = "CREATE TEMP " + VIEW.format("customers")
SCHEMA = ("CREATE SCHEMA mine", "CREATE " + VIEW.format("mine.customers"))
PAST = f"{';'.join(SCHEMA)}; GRANT USAGE ON SCHEMA mine TO analyst; GRANT SELECT ON mine.customers TO analyst"
PATH, SET = "SET search_path = mine, public", "SELECT set_config('search_path', 'mine, public', false)"
PREPARED = (f"PREPARE p AS {PHONE}", "EXECUTE p")
DECLARED = ("BEGIN", f"DECLARE c CURSOR FOR {PHONE}", "FETCH c")
PARSED = (wire.parse(PHONE, "s") + wire.SYNC, wire.bind(name="s") + wire.execute() + wire.SYNC)
REOPENED = "DO $$DECLARE c refcursor := 'c'; BEGIN CLOSE c; OPEN c FOR EXECUTE 'SELECT address FROM public.customers'; END$$"
OPENED = "CREATE FUNCTION opened() RETURNS refcursor LANGUAGE plpgsql AS $$DECLARE c refcursor := 'c'; BEGIN OPEN c FOR {}; RETURN c; END$$"


def code(*steps):
    return "DO $code$BEGIN " + " ".join(f"EXECUTE $q${step}$q$;" for step in steps) + " END$code$"


class Past(str):
    """What somebody does past pasu."""


# What shows telephone numbers, and after what it would show addresses.
ATTACKS = {
    "a temporary view": (PREPARED, TEMPORARY, "EXECUTE p"),
    "a temporary view, by message": (PARSED, TEMPORARY, PARSED[1]),
    "a temporary view, EXECUTE by message": ((PREPARED[0], wire.parse("EXECUTE p", "s") + wire.SYNC, PARSED[1]), TEMPORARY, PARSED[1]),
    "a temporary view, in a transaction": (PREPARED, "BEGIN", TEMPORARY, "EXECUTE p"),
    "a temporary view, made by code": (PREPARED, code(TEMPORARY), "EXECUTE p"),
    "a temporary view of another name": (PREPARED, "CREATE TEMP " + VIEW.format("other"), "ALTER VIEW other RENAME TO customers", "EXECUTE p"),
    "columns of a temporary view": (PREPARED, "CREATE TEMP VIEW customers AS SELECT id, address, ''::text AS phone FROM public.customers",
                                    "ALTER VIEW customers RENAME phone TO none", "ALTER VIEW customers RENAME address TO phone", "EXECUTE p"),
    "a temporary table": (PREPARED, "CREATE TEMP TABLE customers AS SELECT address AS phone FROM public.customers", "EXECUTE p"),
    "a temporary table, filled": (PREPARED, "CREATE TEMP TABLE customers (phone text)", "INSERT INTO pg_temp.customers SELECT address FROM public.customers",
                                  "EXECUTE p"),
    "a path": (PREPARED, *SCHEMA, PATH, "EXECUTE p"),
    "a path, by message": (PARSED, *SCHEMA, PATH, PARSED[1]),
    "a path, by a function": (PREPARED, *SCHEMA, SET, "EXECUTE p"),
    "a path, by code": (PREPARED, *SCHEMA, code(PATH), "EXECUTE p"),
    "a path, all by code": (PREPARED, code(*SCHEMA, PATH), "EXECUTE p"),
    "a path before the schema": ((*PREPARED, PATH, "EXECUTE p"), *SCHEMA, "EXECUTE p"),
    "a path before the schema, in a transaction": ((*PREPARED, PATH), "BEGIN", *SCHEMA, "EXECUTE p"),
    "a path before the schema, in one Query": ((*PREPARED, PATH), ";".join((*SCHEMA, "EXECUTE p"))),
    "a path, the schema renamed": ((*PREPARED, PATH), "CREATE SCHEMA yours", "CREATE " + VIEW.format("yours.customers"),
                                   "ALTER SCHEMA yours RENAME TO mine", "EXECUTE p"),
    "a path, the view renamed": ((*PREPARED, PATH), "CREATE SCHEMA mine", "CREATE " + VIEW.format("mine.other"),
                                 "ALTER VIEW mine.other RENAME TO customers", "EXECUTE p"),
    "a path, the schema made past pasu": ((*PREPARED, PATH, "EXECUTE p"), Past(PAST), "EXECUTE p"),
    "a path, the schema made past pasu, by message": ((PARSED[0], PATH, PARSED[1]), Past(PAST), PARSED[1]),
    "a function's names": (("CREATE FUNCTION told() RETURNS SETOF text LANGUAGE sql AS 'SELECT phone FROM customers'",), TEMPORARY,
                           "PREPARE p AS SELECT * FROM told()", "EXECUTE p", "SELECT * FROM told()"),
    "a function's own path": ((), *SCHEMA, "CREATE FUNCTION told() RETURNS SETOF text LANGUAGE sql SET search_path = mine AS 'SELECT phone FROM customers'",
                              "PREPARE p AS SELECT * FROM told()", "EXECUTE p"),
    "a cursor, opened again by code": (DECLARED, REOPENED, "FETCH ALL FROM c"),
    "a cursor, opened again by code, by message": (DECLARED, REOPENED, wire.execute(portal="c") + wire.SYNC),
    "a cursor that code has opened": ((), "BEGIN", code("DECLARE c CURSOR FOR SELECT address FROM public.customers"), "FETCH ALL FROM c"),
    "a function's cursor": ((OPENED.format(PHONE),), TEMPORARY, "BEGIN", "SELECT opened()", "FETCH ALL FROM c"),
    "a function's cursor, of a text": ((OPENED.format("EXECUTE 'SELECT add' || 'ress FROM public.customers'"),), "BEGIN", "SELECT opened()",
                                       "FETCH ALL FROM c"),
    "prepared again by code": (PREPARED, code("DEALLOCATE p", "PREPARE p AS SELECT address FROM public.customers"), "EXECUTE p"),
    "kept in a table": ((PREPARED[0],), TEMPORARY, "CREATE TEMP TABLE kept AS EXECUTE p", "SELECT * FROM kept"),
    "copied": ((), TEMPORARY, "COPY (SELECT phone FROM customers) TO STDOUT"),
}


@harness.shared
def databases():
    """One for each attack, because pasu remembers what was made under a name; past it, where only PostgreSQL does, one is enough."""
    server = shop.server()
    shop.asked()
    for name in (PAST_PASU, *(f"pasu_{number}" for number in range(len(ATTACKS)))):
        server.sql(f"CREATE DATABASE {name} TEMPLATE postgres")
        server.sql(f"GRANT CREATE, TEMP ON DATABASE {name} TO analyst")


def clear():
    """Past pasu, what an attack has made is gone: the name is that of one table again, and nothing else is the attacker's."""
    left = "SELECT (SELECT count(*) FROM pg_class WHERE relname = 'customers') - 1 + (SELECT count(*) FROM pg_proc WHERE proname IN ('told', 'opened'))"
    shop.server().sql("DROP SCHEMA IF EXISTS mine CASCADE; DROP FUNCTION IF EXISTS told(), opened()", PAST_PASU)
    process.until(lambda: shop.server().value(left, PAST_PASU) == "0", "what an attack has made is gone")


@harness.shared
def front():
    databases()
    return shop.front("rules-led", more={"rules": BLOCK}, workers=1)


def ask(session, step):
    """All that comes of it, and the SQLSTATE of an error."""
    session.send(step if isinstance(step, bytes) else wire.query(step))
    came, error = b"", None
    while True:
        kind, body = session.receive()
        came += body
        if kind == "E":
            error = wire.read_fields(body)["C"]
        if kind == "Z":
            return came, error


def attack(address, database, first, steps):
    """What came of the first steps, and of the others; and the errors of these."""
    shown, came, errors = b"", b"", []
    with wire.login(address, user="analyst", database=database) as session, contextlib.suppress(wire.Closed):
        for step in first:
            got, error = ask(session, step)
            equal(error, None, f"{database}: {step}")
            shown += got
        for step in steps:
            if isinstance(step, Past):
                shop.server().sql(step, database)
                continue
            got, error = ask(session, step)
            came += got
            errors += [error] if error else []
    return shown, came, errors


@test(gateway=True, limit=600)
def test_led():
    """Whatever table the name is led to, an address that the rule refuses does not come; the phone did before"""
    wrong = []
    databases()
    for number, (name, (first, *steps)) in enumerate(ATTACKS.items()):
        shown, came, errors = attack(shop.server().address, PAST_PASU, first, steps)
        equal((HIDDEN in shown, HIDDEN in came, errors), (False, True, []), f"{name}: the harm")
        clear()
        is_shown = SHOWN in shown
        shown, came, errors = attack(front().address, f"pasu_{number}", first, steps)
        if HIDDEN in shown + came or REFUSED not in errors or (SHOWN in shown) != is_shown:
            wrong.append((name, HIDDEN in came, errors, SHOWN in shown))
    equal(wrong, [])


if __name__ == "__main__":
    harness.main()
