#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whom errors and notices speak of: as few as can be proven, and never fewer than they do."""
import re
import struct

import harness
import shop
from stage import equal, test
import wire

VALUES = re.compile(rb"Kim-(-?\d+)|user(-?\d+)@|010-(-?\d+)|Main Street (-?\d+)|item \d of (-?\d+)")


FUNCTIONS = """
CREATE FUNCTION email_of(k bigint) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT email FROM customers WHERE id = k';
CREATE FUNCTION name_of(bigint) RETURNS text LANGUAGE sql AS 'SELECT name FROM public.customers WHERE id = $1 LIMIT 1;';
CREATE FUNCTION orders_of(k bigint) RETURNS SETOF orders LANGUAGE sql AS 'SELECT * FROM orders WHERE customer_id = k';
CREATE FUNCTION told(k bigint) RETURNS void LANGUAGE plpgsql AS
    $$ DECLARE n text; BEGIN SELECT name INTO n FROM customers WHERE id = k; RAISE NOTICE 'it is %!', n; END $$;
CREATE FUNCTION told_and_returned(k bigint) RETURNS text LANGUAGE plpgsql AS
    $$ DECLARE n text; BEGIN SELECT name INTO n FROM customers WHERE id = k; RAISE NOTICE '% is %', k, n; RETURN n; END $$;
CREATE FUNCTION failed(k bigint) RETURNS void LANGUAGE plpgsql AS
    $$ DECLARE n text; BEGIN SELECT email INTO n FROM customers WHERE id = k; RAISE EXCEPTION 'no: %', n; END $$;
CREATE FUNCTION cast_of(k bigint) RETURNS int LANGUAGE sql AS 'SELECT name::int FROM customers WHERE id = k';
CREATE FUNCTION of_grade(g int) RETURNS SETOF customers LANGUAGE plpgsql AS
    $$ BEGIN RETURN QUERY SELECT * FROM customers WHERE grade = g; END $$;
CREATE FUNCTION names_of_grade(g int) RETURNS SETOF text LANGUAGE sql AS 'SELECT name FROM customers WHERE grade = g';
CREATE FUNCTION all_of_grade(g int) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(name, ',') FROM customers WHERE grade = g $$;
CREATE FUNCTION by_padded(k char) RETURNS text LANGUAGE sql AS 'SELECT name FROM accounts WHERE login = k';
CREATE FUNCTION twice(k bigint) RETURNS text LANGUAGE sql AS 'SELECT email FROM customers WHERE id = k';
CREATE FUNCTION replacing() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    CREATE OR REPLACE FUNCTION public.email_of(k bigint) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT email FROM customers WHERE id = k + 7';
    RETURN 1; END $$;
CREATE VIEW replacing_view AS SELECT replacing() AS r;
GRANT SELECT ON replacing_view TO PUBLIC;
CREATE SCHEMA other; GRANT USAGE ON SCHEMA other TO PUBLIC;
CREATE FUNCTION other.twice(k int) RETURNS text LANGUAGE sql AS 'SELECT email FROM customers WHERE id = k + 7';
"""


@harness.shared
def front():
    shop.server().sql(FUNCTIONS)
    return shop.front("spoken")


def bound(sql, *values, types=()):
    return wire.parse(sql, types=types) + wire.bind(values) + wire.describe() + wire.execute() + wire.SYNC


def blind(sql, *values):
    return wire.parse(sql) + wire.bind(values) + wire.execute() + wire.SYNC


def by_message(function, *values):
    """A call by message; the function's number is looked up when it is needed."""
    return lambda: wire.function_call(int(shop.server().sql(f"SELECT oid FROM pg_proc WHERE proname = '{function}'")[0][0]), *values)


def play(front, name, steps):
    """Runs them in a session of that name. Whom all that the server sent shows, and that without errors too."""
    seen = set()
    with front.login(application_name=name) as session:
        for step in steps:
            step = step() if callable(step) else step
            session.send(step if isinstance(step, bytes) else wire.query(step))
            while True:
                kind, body = session.receive()
                seen |= {next(filter(None, found.groups())).decode() for found in VALUES.finditer(body)}
                if kind == "Z":
                    break
        session.terminate()
    front.guard.until_sessions(0)
    return seen


def check(front, number, name, steps, expected, only_seen):
    """What is said, with the fewest and the most that the ledger must have; None: only that it holds."""
    seen = play(front, f"{number} {name}", steps)
    shown = shop.export(front, "--application", f"{number} {name}")[f"{number} {name}"]
    named = shown.keys["customer"]
    problems = []
    if len(seen - named) > shown.unknown:
        problems.append(f"{len(seen)} SHOWN UNCOUNTED")
    if expected and (len(named), len(named) + shown.unknown) != expected:
        problems.append(f"[{len(named)}, {len(named) + shown.unknown}], not {list(expected)}")
    if (expected or only_seen) and named - seen:
        problems.append(f"{named - seen} named, {seen} seen")
    return [f"{name}: {', '.join(problems)}: {seen} {shown}"] if problems else []


def check_all(cases, only_seen=False, through=None):
    problems = []
    for number, (name, steps, expected) in enumerate(cases):
        problems += check(through or front(), number, name, steps, expected, only_seen)
    assert not problems, "\n".join(problems)


ONE = "FROM customers WHERE id = 1350"
EVERYBODY = (0, shop.CUSTOMERS)

# Errors of queries that pin their person: with the fewest and the most.
PINNED = (
    ("cast", (f"SELECT name::int {ONE}",), (1, 1)),
    ("cast of a parameter's", (bound("SELECT name::int FROM customers WHERE id = $1", 1350),), (1, 1)),
    ("cast, not described", (blind("SELECT name::int FROM public.customers WHERE id = $1", 1350),), (1, 1)),
    ("cast of EXECUTE", ("PREPARE p(bigint) AS SELECT email::date FROM public.customers WHERE id = $1", "EXECUTE p(1350)"), (1, 1)),
    ("expression", (f"SELECT (name || 'x')::int {ONE}",), (0, 1)),
    ("name", (f"SELECT name::regclass {ONE}",), (0, 1)),
    ("several", ("SELECT name::int FROM customers WHERE id IN (1350, 1357, 1364)",), (0, 3)),
    ("not personal", (f"SELECT name, region::int {ONE}",), (0, 1)),
    ("nobody", ("SELECT name::int FROM customers WHERE id = 3",), (0, 0)),
    # What the client wrote itself is in these texts.
    ("constant", ("SELECT ('a' || 'b')::int, name FROM public.customers WHERE id = 1350",), (0, 1)),
    ("parameter", (bound("SELECT name::int FROM public.customers WHERE id = $1::text::bigint", "x"),), None),
    ("other rows", ("SELECT name FROM customers WHERE id = 1350 AND name::int = 3",), (0, 1)),
    ("other rows first", ("SELECT name FROM customers WHERE name::int = 3 AND id = 1350",), (0, 1)),
    ("any row", ("SELECT email, name::int FROM customers",), (0, 1)),
    ("any row, not described", (blind("SELECT name FROM customers WHERE name::int = $1", 3),), (0, 1)),
    ("rows before it", ("SELECT name, 1 / (grade - 3) FROM customers WHERE id IN (1350, 1357, 1364) ORDER BY id",), None),
    ("two persons' row", ("SELECT recipient, door_code::int FROM parcels",), (0, 2)),
    ("gathered", ("SELECT string_agg(name, ',')::int FROM customers",), EVERYBODY),
    ("gathered beside", ("SELECT name, (string_agg(name, ',') OVER ())::int FROM customers",), EVERYBODY),
    ("sub-select", (f"SELECT name, (SELECT max(name) FROM customers)::int {ONE}",), EVERYBODY),
    ("join", ("SELECT c.name FROM customers c JOIN customers d ON d.name::int = 1 WHERE c.id = 1350",), EVERYBODY),
)

# Errors about a row that was to be added: what stands in it the client has written.
ROW = "INSERT INTO w_plain (id, name, email)"
ADDED = (
    ("twice", (f"{ROW} VALUES (1350, 'Lee', 'lee@x')", f"{ROW} VALUES (1350, 'Lee', 'lee@x')"), (0, 0)),
    ("twice, extended", (bound(f"{ROW} VALUES ($1, $2, $3)", 1350, "Lee", "lee@x"),), (0, 0)),
    ("nothing", (f"{ROW} VALUES (5, NULL, 'x')", "INSERT INTO w_plain DEFAULT VALUES"), (0, 0)),
    ("several", (f"{ROW} VALUES (6, 'Lee', 'x'), (7, NULL, 'x')",), (0, 0)),
    # Here something else is in it.
    ("another's", (f"{ROW} SELECT 8, NULL, email {ONE}",), EVERYBODY),
    ("the same person's", (f"{ROW} SELECT id, NULL, email FROM customers WHERE id = 1357",), EVERYBODY),
    ("another's, within", (f"{ROW} VALUES (8, NULL, (SELECT email {ONE}))",), EVERYBODY),
    ("another's by a function", (f"{ROW} VALUES (8, NULL, email_of(1350))",), EVERYBODY),
    ("one that was there", (f"{ROW} SELECT 1350, 'x', 'x' ON CONFLICT (id) DO UPDATE SET name = NULL",), EVERYBODY),
    ("an update", ("UPDATE w_plain SET name = NULL WHERE id = 1350",), (1, 1)),
    ("an update, extended", (bound("UPDATE w_plain SET name = $2 WHERE id = $1", 1350, None),), (1, 1)),
    ("an update by another condition", ("UPDATE w_plain SET name = NULL WHERE email = 'user1350@example.com'",), (1, 1)),
    ("an update that comes back", ("UPDATE w_plain SET name = NULL WHERE id = 1350 RETURNING id",), (1, 1)),
    ("an update whose key stands behind a number", ("UPDATE w_check SET grade = NULL",), (1, 1)),
    # Here the text does not say who it is, or what it says need not be so.
    ("an update of the key", ("UPDATE w_plain SET id = 1357, name = NULL WHERE id = 1350",), (0, 1)),
    ("an update of one whose key stands behind a text", ("UPDATE w_behind SET grade = NULL WHERE id = 1350",), (0, 1)),
    ("an update of one of whom not all may be read", ("SET ROLE narrow", "UPDATE w_plain SET name = NULL WHERE id = 1350", "RESET ROLE"), (0, 1)),
    ("an update by another's", (f"UPDATE w_plain SET name = NULL, email = (SELECT string_agg(email, ',') FROM customers) WHERE id = 1350",), EVERYBODY),
    ("one who has it", ("INSERT INTO w_unique VALUES (9, 'user1350@example.com')",), (0, 1)),
    ("one who has it, changed", ("UPDATE w_unique SET email = 'user1350@example.com' WHERE id = 1357",), (0, 1)),
    ("all at once", ("INSERT INTO w_unique SELECT 10 + i, (SELECT string_agg(email, ',') FROM customers) FROM generate_series(1, 2) i",), EVERYBODY),
    ("all at once, changed", ("UPDATE w_unique SET email = (SELECT string_agg(email, ',') FROM customers)",), EVERYBODY),
    ("a trigger's", ("INSERT INTO w_filled VALUES (9, NULL)",), EVERYBODY),
    ("a temporary table's", ("CREATE TEMP TABLE w_plain (id bigint, email text DEFAULT email_of(1350), name text NOT NULL)", "INSERT INTO w_plain (id) VALUES (9)"),
     EVERYBODY),
    ("a default's", ("INSERT INTO w_default (id) VALUES (9)",), EVERYBODY),
    ("a rule's", ("INSERT INTO w_ruled VALUES (9, 'x')",), EVERYBODY),
    ("one in the way", ("INSERT INTO w_apart VALUES (1, 'user1350@example.com', '[3,4]')",), EVERYBODY),
    ("a row's of another table", (f"WITH w AS ({ROW} SELECT 10, 'x', email {ONE} RETURNING email) INSERT INTO w_default (id, name) SELECT 9, NULL FROM w",), EVERYBODY),
)
# Who does that to a table of another is not named as its row says.
ADDED_LIES = (
    ("an update of what stands for it", ("BEGIN", "ALTER TABLE w_plain RENAME TO w_before", "CREATE TABLE w_plain AS SELECT 1350::bigint AS id, name, email FROM customers "
                                         "WHERE id = 1357", "ALTER TABLE w_plain ALTER name SET NOT NULL", "UPDATE w_plain SET name = NULL WHERE id = 1350", "ROLLBACK"), None),
    ("an update of a temporary table", ("CREATE TEMP TABLE w_plain AS SELECT 1350::bigint AS id, name, email FROM customers WHERE id = 1357",
                                        "ALTER TABLE w_plain ALTER name SET NOT NULL", "UPDATE w_plain SET name = NULL WHERE id = 1350", "DROP TABLE w_plain"), None),
)
ADDED_TABLES = """
    CREATE TABLE w_plain (id bigint PRIMARY KEY, name text NOT NULL, email text); INSERT INTO w_plain SELECT id, name, email FROM customers WHERE id = 1350;
    CREATE TABLE w_unique (id bigint PRIMARY KEY, email text UNIQUE); INSERT INTO w_unique SELECT id, email FROM customers WHERE id IN (1350, 1357);
    CREATE TABLE w_filled (id bigint, name text, email text, more text NOT NULL);
    CREATE FUNCTION w_fill() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN SELECT email INTO NEW.email FROM public.customers WHERE id = 1350; RETURN NEW; END $$;
    CREATE TRIGGER w_fill BEFORE INSERT ON w_filled FOR EACH ROW EXECUTE FUNCTION w_fill();
    CREATE TABLE w_default (id bigint, email text DEFAULT email_of(1350), name text NOT NULL);
    CREATE TABLE w_ruled (id bigint, name text);
    CREATE RULE w_rule AS ON INSERT TO w_ruled DO ALSO INSERT INTO w_plain SELECT 9, NULL, email FROM customers WHERE id = 1350;
    CREATE EXTENSION btree_gist; CREATE TABLE w_apart (id bigint, email text, span int4range, EXCLUDE USING gist (email WITH =, span WITH &&));
    INSERT INTO w_apart VALUES (1, 'user1350@example.com', '[1,9]');
    CREATE TABLE w_behind (name text, id bigint, email text, grade int NOT NULL); INSERT INTO w_behind SELECT '1357, x), (', id, email, 1 FROM customers WHERE id = 1350;
    CREATE TABLE w_check (grade int NOT NULL, id bigint PRIMARY KEY, email text); INSERT INTO w_check SELECT 1, id, email FROM customers WHERE id = 1350;
    CREATE ROLE narrow; GRANT SELECT (id), UPDATE (name) ON w_plain TO narrow; GRANT narrow TO app;
    GRANT ALL ON w_plain, w_unique, w_filled, w_default, w_ruled, w_apart, w_behind, w_check TO app"""
ADDED_MAPPING = {name: {"name": "name", "email": "email"} for name in ("w_plain", "w_filled", "w_default", "w_behind")} | {name: {"email": "email"} for name in ("w_apart", "w_unique", "w_check")}

# Ways to make such an error speak of somebody else.
LIES = (
    ("temporary table", ("CREATE TEMP TABLE customers AS SELECT 1350::bigint AS id, c.name FROM public.customers c WHERE id = 1357",
                         f"SELECT name::int {ONE}", bound("SELECT name::int FROM customers WHERE id = $1", 1350),
                         blind("SELECT name::int FROM customers WHERE id = $1", 1350)), None),
    ("temporary table of a function", ("CREATE SCHEMA IF NOT EXISTS hide", """CREATE OR REPLACE FUNCTION hide.make() RETURNS void LANGUAGE plpgsql AS
        $$ BEGIN CREATE TEMP TABLE customers AS SELECT 1350::bigint AS id, c.name FROM public.customers c WHERE id = 1357; END $$""",
                                       "SELECT hide.make()", f"SELECT name::int {ONE}",
                                       blind("SELECT name::int FROM customers WHERE id = $1", 1350)), None),
    ("table before it", ("CREATE SCHEMA hide2", "CREATE TABLE hide2.customers AS SELECT 1350::bigint AS id, c.name FROM customers c WHERE id = 1357",
                         "SET search_path = hide2, public", f"SELECT name::int {ONE}", "DROP TABLE hide2.customers"), None),
    ("own equality", ("CREATE SCHEMA hide3", "CREATE FUNCTION hide3.same(bigint, int) RETURNS bool LANGUAGE sql AS 'SELECT $1 = 1357::bigint'",
                      "CREATE OPERATOR hide3.= (leftarg = bigint, rightarg = int, function = hide3.same)",
                      "SET search_path = hide3, pg_catalog, public", f"SELECT name::int {ONE}", "DROP OPERATOR hide3.= (bigint, int)"), None),
    ("value of a function under another key", ("BEGIN", "UPDATE customers SET email = (SELECT email || 'x' FROM customers WHERE id = 1357) WHERE id = 1350",
                       "SELECT email_of(1350)", "ROLLBACK"), None),
    ("value under another key", ("BEGIN", "UPDATE customers SET name = (SELECT name FROM customers WHERE id = 1357) WHERE id = 1350",
                                 f"SELECT name::int {ONE}", "ROLLBACK"), None),
    ("own type", ("CREATE SCHEMA hide4", "CREATE DOMAIN hide4.date AS text CHECK (('z' || 'q')::int = 1)", "SET search_path = hide4, pg_catalog, public",
                  "SELECT name::date FROM public.customers WHERE id = 1350", "DROP DOMAIN hide4.date"), EVERYBODY),
    ("too large", ("BEGIN", "UPDATE customers SET name = '1e999999' WHERE id = 1350", "SELECT name::numeric FROM customers WHERE id = 1350", "ROLLBACK"),
     (0, 1 + shop.CUSTOMERS)),
    ("policy", ("CREATE ROLE hidden", "GRANT SELECT ON orders TO hidden", "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY tell ON orders USING (item::int = 3)", "SET ROLE hidden", "SELECT item::int FROM orders WHERE customer_id = 1350",
                "RESET ROLE", "DROP POLICY tell ON orders", "ALTER TABLE orders DISABLE ROW LEVEL SECURITY"), None),
)


def block(text):
    return f"DO $$ DECLARE n text; BEGIN {text} END $$"


GRADE = sum(1 for i in range(1, shop.CUSTOMERS + 1) if i % 5 == 2)

# Calls of functions that do nothing but look somebody up.
CALLS = (
    ("value", ("SELECT email_of(1350)",), (1, 1)),
    ("value, extended", (bound("SELECT email_of($1)", 1350), bound("SELECT email_of($1)", 1350, types=(20,)), bound("SELECT name_of($1)", 1357)), (2, 2)),
    ("value of EXECUTE", ("PREPARE p(bigint) AS SELECT name_of($1)", "EXECUTE p(1350)", "EXECUTE p(1357)"), (2, 2)),
    ("value in FROM", ("SELECT * FROM email_of(1350)", "SELECT e.e FROM email_of(1350) e"), (1, 1)),
    ("value in a transaction", ("BEGIN", "SELECT email_of(1350)", "SELECT email_of(1350)", "COMMIT"), (1, 1)),
    ("nobody", ("SELECT email_of(3)",), (0, 1)),
    ("null", ("SELECT email_of(NULL)",), None),
    ("rows", ("SELECT item FROM orders_of(1351 - 1)",), None),
    ("rows of one", ("SELECT item FROM orders_of(1350)",), None),
    ("notice", ("SELECT told(1350)",), (1, 1)),
    ("notice of nobody", ("SELECT told(3)",), (0, 1)),
    ("notice and value", ("SELECT told_and_returned(1350)",), (1, 2)),
    ("error", ("SELECT failed(1350)",), (1, 1)),
    ("error of a cast", ("SELECT cast_of(1350)",), (0, 1)),
    ("rows with their keys", ("SELECT id, name FROM of_grade(2)", "SELECT * FROM of_grade(2) f LIMIT 5"), (GRADE, GRADE)),
    ("rows without", ("SELECT name FROM of_grade(2)",), (GRADE, GRADE)),
    ("whole rows", ("SELECT of_grade(2)",), (0, GRADE)),
    ("values", ("SELECT * FROM names_of_grade(2)",), (0, GRADE)),
    ("many in one", ("SELECT all_of_grade(2)",), EVERYBODY),
    ("two of one name", ("SELECT twice(1350)",), EVERYBODY),
    ("block", (block("SELECT name INTO n FROM customers WHERE id = 1350; RAISE NOTICE 'it is %', n;"),), (1, 1)),
    ("block that fails", (block("SELECT email INTO n FROM customers WHERE id = 1350; RAISE '%', n;"),), (1, 1)),
    ("block of nobody", (block("SELECT name INTO n FROM customers WHERE id = 3; RAISE NOTICE 'it is %', n;"),), (0, 1)),
    ("block, extended", (bound(block("SELECT name INTO n FROM customers WHERE id = 1350; RAISE NOTICE '%', n;")),), (1, 1)),
    ("blocks in a transaction", ("BEGIN", block("SELECT name INTO n FROM customers WHERE id = 1350; RAISE NOTICE '%', n;"),
                                 block("SELECT name INTO n FROM customers WHERE id = 1357; RAISE NOTICE '%', n;"), "COMMIT"), (2, 2)),
    ("block that does more", (block("SELECT name INTO n FROM customers WHERE id = 1350; RAISE NOTICE '%', upper(n);"),), None),
    ("by message", (by_message("email_of", struct.pack("!q", 1350)), by_message("name_of", struct.pack("!q", 1357))), (2, 2)),
    ("by message, of nobody", (by_message("email_of", struct.pack("!q", 3)),), (0, 1)),
    ("by message, tells", (by_message("told", struct.pack("!q", 1350)),), (1, 1)),
    ("by message, fails", (by_message("failed", struct.pack("!q", 1350)),), (1, 1)),
    ("by message, many", (by_message("all_of_grade", struct.pack("!i", 2)),), EVERYBODY),
    ("by message, in a transaction", ("BEGIN", by_message("email_of", struct.pack("!q", 1350)), by_message("email_of", struct.pack("!q", 1350)), "COMMIT"),
     (1, 1)),
    ("padded", ("SELECT by_padded('plain5  ')",), None),
)

REPLACED = """CREATE OR REPLACE FUNCTION email_of(k bigint) RETURNS text LANGUAGE sql SECURITY DEFINER AS
    'SELECT email FROM customers WHERE id = k + 7'"""
PLAIN = """CREATE OR REPLACE FUNCTION email_of(k bigint) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT ''nobody''::text'"""
BACK = """CREATE OR REPLACE FUNCTION email_of(k bigint) RETURNS text LANGUAGE sql SECURITY DEFINER AS
    'SELECT email FROM customers WHERE id = k'"""
STOOD_IN = "CREATE TEMP TABLE customers AS SELECT 1350::bigint AS id, c.name, c.email FROM public.customers c WHERE id = 1357"

# Ways to make a call show somebody else than its text says.
CALLED_LIES = (
    ("replaced in a transaction", ("BEGIN", REPLACED, "SELECT email_of(1350)", "ROLLBACK", "SELECT email_of(1350)"), None),
    ("replaced, by message", ("BEGIN", REPLACED, by_message("email_of", struct.pack("!q", 1350)), "ROLLBACK"), None),
    ("temporary table, by message", ("BEGIN", STOOD_IN, by_message("email_of", struct.pack("!q", 1350)), by_message("told", struct.pack("!q", 1350)),
                                     "ROLLBACK"), None),
    ("replaced by what a view calls", ("BEGIN", "SELECT count(*) FROM replacing_view", "SELECT email_of(1350)", "ROLLBACK"), None),
    ("replaced by a cursor's code", ("BEGIN", "DECLARE c CURSOR FOR SELECT replacing()", "MOVE c", "SELECT email_of(1350)", "ROLLBACK"), None),
    ("replaced by EXPLAIN", ("BEGIN", "PREPARE p AS SELECT replacing()", "EXPLAIN ANALYZE EXECUTE p", "SELECT email_of(1350)", "ROLLBACK"), None),
    ("replaced in a text", (f"{REPLACED}; SELECT email_of(1350)", BACK), None),
    ("replaced in a pipeline", (bound(REPLACED)[:-len(wire.SYNC)] + bound("SELECT email_of(1350)"), BACK), None),
    ("emptied in a transaction", ("BEGIN", PLAIN, "SELECT email_of(1350)", "ROLLBACK"), None),
    ("emptied in a text", (f"{PLAIN}; SELECT email_of(1350)", BACK), None),
    ("prepared before", ("PREPARE p AS SELECT email_of(1350)", "BEGIN", REPLACED, "EXECUTE p", "ROLLBACK"), None),
    ("cursor", ("BEGIN", "DECLARE c CURSOR FOR SELECT email_of(1350)", REPLACED, "FETCH ALL FROM c", "ROLLBACK"), None),
    ("temporary table", (STOOD_IN, "SELECT email_of(1350)", "SELECT told(1350)", "SELECT failed(1350)", "DROP TABLE customers"), None),
    ("temporary table in a text", (f"{STOOD_IN}; SELECT email_of(1350); SELECT told(1350)", "DROP TABLE customers"), None),
    ("temporary table in a transaction", ("BEGIN", STOOD_IN, "SELECT email_of(1350)", "SELECT told(1350)", "ROLLBACK"), None),
    ("temporary table in a pipeline", (bound(STOOD_IN)[:-len(wire.SYNC)] + bound("SELECT email_of(1350)"), "DROP TABLE customers"), None),
    ("temporary table of DO", (f"DO $$ BEGIN {STOOD_IN}; END $$", "SELECT email_of(1350)", "DROP TABLE customers"), None),
    ("temporary table of DO in a text", (f"DO $$ BEGIN EXECUTE '{STOOD_IN}'; END $$; SELECT email_of(1350)", "DROP TABLE customers"), None),
    ("block behind a temporary table", (f"{STOOD_IN}; " + block("SELECT name INTO n FROM customers WHERE id = 1350; RAISE NOTICE '%', n;"),
                                        "DROP TABLE customers"), None),
    ("block behind one in a transaction", ("BEGIN", STOOD_IN, block("SELECT name INTO n FROM customers WHERE id = 1350; RAISE NOTICE '%', n;"),
                                           "ROLLBACK"), None),
    ("policy in a transaction", ("BEGIN", "ALTER TABLE orders ENABLE ROW LEVEL SECURITY", "CREATE POLICY tell ON orders USING (item::int = 3)",
                                 "SET LOCAL ROLE app", "SELECT item::int FROM orders WHERE customer_id = 1350", "ROLLBACK"), None),
    ("table before it", ("CREATE TABLE other.customers AS SELECT 1350::bigint AS id, c.name, c.email FROM public.customers c WHERE id = 1357",
                         "SET search_path = other, public", "SELECT email_of(1350)", "SELECT told(1350)", "DROP TABLE other.customers"), None),
    ("swapped table", ("BEGIN", "ALTER TABLE customers RENAME TO customers_before", "CREATE TABLE customers AS SELECT 1350::bigint AS id, name, email "
                       "FROM customers_before WHERE id = 1357", "SELECT email_of(1350)", "SELECT told(1350)", "ROLLBACK"), None),
    ("trigger that waits", ("CREATE TABLE other.waits (i int)", "CREATE FUNCTION other.wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                            "RAISE NOTICE 'it is %!', (SELECT name FROM customers WHERE id = 1357); RETURN NULL; END $$",
                            "CREATE CONSTRAINT TRIGGER w AFTER INSERT ON other.waits DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION other.wait()",
                            "INSERT INTO other.waits VALUES (1); SELECT told(3)", "BEGIN", "INSERT INTO other.waits VALUES (1)", "SELECT told(1350)",
                            "COMMIT"), None),
    ("read on", ("BEGIN", wire.parse("SELECT names_of_grade(2)") + wire.bind(portal="p") + wire.describe(name="p") + wire.execute(2, "p") + wire.SYNC,
                 "CREATE OR REPLACE FUNCTION names_of_grade(g int) RETURNS SETOF text LANGUAGE sql AS 'SELECT string_agg(name, '','') FROM customers'",
                 wire.execute(0, "p") + wire.SYNC, wire.parse("SELECT names_of_grade(2)") + wire.bind() + wire.execute() + wire.SYNC, "ROLLBACK"), None),
    ("own equality", ("CREATE FUNCTION other.same(bigint, bigint) RETURNS bool LANGUAGE sql AS 'SELECT int8eq($1, $2 + 7)'",
                      "CREATE OPERATOR other.= (leftarg = bigint, rightarg = bigint, function = other.same)",
                      "SET search_path = other, pg_catalog, public", "SELECT name_of(1350)", "DROP OPERATOR other.= (bigint, bigint)"), None),
)


HEARD = "SELECT pg_notify('c', (SELECT email FROM customers WHERE id = %d))"
# What is heard is of those who were put into notifications until then; and each counts where it is put there, too.
NOTIFIED = (
    ("one", ("LISTEN c", HEARD % 1350), (0, 2)),
    ("one more", ("LISTEN c", HEARD % 1357), (0, 3)),
    ("by Bind", ("LISTEN c", bound("SELECT pg_notify('c', lower((SELECT email FROM customers WHERE id = $1)))", 1364)), (0, 4)),
    ("whatever a function says", ("LISTEN c", "SELECT email_of(1350)", HEARD % 1350), (1, 6)),
    ("stand-in in a text", ("LISTEN c", "CREATE TEMP TABLE customers AS SELECT 1350::bigint AS id, string_agg(email, ',') AS email FROM public.customers "
                            f"WHERE grade = 2; {HEARD % 1350}", "DROP TABLE customers"), None),
)
NOTIFIED_MANY = (
    ("stand-in in a transaction", ("LISTEN c", "BEGIN", "CREATE TEMP TABLE customers AS SELECT 1350::bigint AS id, string_agg(email, ',') AS email "
                                   "FROM public.customers WHERE grade = 2", HEARD % 1350, "COMMIT", "DROP TABLE customers"), None),
    ("one after many", ("LISTEN c", HEARD % 1350), (0, 1 + shop.CUSTOMERS)),
    ("rows", ("LISTEN c", "SELECT pg_notify('c', name) FROM customers WHERE grade = 2"), None),
    ("aggregate", ("LISTEN c", "SELECT pg_notify('c', (SELECT string_agg(name, ',') FROM customers WHERE grade = 2))"), None),
    ("two at once", ("LISTEN c", "SELECT pg_notify('c', (SELECT email FROM customers WHERE id = 1350) || (SELECT email FROM customers WHERE id = 1357))"),
     None),
    ("array", ("LISTEN c", "SELECT pg_notify('c', array_to_string(ARRAY(SELECT email FROM customers WHERE grade = 2), ','))"), None),
)


@test(gateway=True)
def test_pinned():
    """An error of a query that pins its person can be of that person only, and where it quotes a value, it is"""
    check_all(PINNED)


@test(gateway=True)
def test_calls():
    """A function that only looks somebody up shows whom the call's arguments name, and tells of nobody else"""
    check_all(CALLS)


@test(gateway=True)
def test_lies_of_calls():
    """Whoever makes a function show or tell somebody else is counted all the same; nobody is named who was not shown"""
    check_all(CALLED_LIES, only_seen=True)


@test(gateway=True)
def test_notified():
    """What is heard is of no more persons than statements have put into notifications"""
    front()
    check_all(NOTIFIED, through=shop.front("heard"))
    check_all(NOTIFIED_MANY, through=shop.front("heard again"))


SCRUBBED = ("SELECT told(1350)", "SELECT failed(1350)", "SELECT cast_of(1350)", "SELECT name::int FROM customers",
            "DO $$ BEGIN RAISE NOTICE '%', (SELECT string_agg(name, ',') FROM customers); END $$",
            "DO $$ BEGIN RAISE WARNING '%', (SELECT repeat(string_agg(name, ','), 2000) FROM customers); END $$",
            "DO $$ BEGIN RAISE EXCEPTION 'x' USING DETAIL = (SELECT repeat(name, 100000) FROM customers WHERE id = 1350), ERRCODE = 'XY123'; END $$",
            "LISTEN c; SELECT pg_notify('c', (SELECT email FROM customers WHERE id = 1350))")


@test(gateway=True)
def test_scrubbed():
    """attribution.texts: scrub: no value comes in an error, a notice or a notification, of any length, and nobody is counted"""
    front()
    gate = shop.front("scrubbed", more={"attribution": {"texts": "scrub"}})
    for number, sql in enumerate(SCRUBBED):
        for data in (wire.query(sql),) if ";" in sql.split("$$")[0] else (wire.query(sql), blind(sql)):
            with gate.login(application_name=f"scrubbed {number}") as session:
                result = session.exchange(data)
                said = [fields for fields in [*result.errors, *result.notices]]
                assert not VALUES.search(repr((said, result.notifications)).encode()), (sql, said)
                assert said or result.notifications, sql
                assert all("withholds" in fields["M"] and fields["C"] and fields["S"] for fields in said), said
                equal([payload for _, payload in result.notifications], [""] * len(result.notifications))
                equal(session.value("SELECT 'goes on'"), "goes on")
                if "XY123" in sql:
                    equal(said[0]["C"], "XY123")
    with gate.login() as session:
        equal(session.exchange(wire.query("SELECT nothing FROM customers")).errors[0]["C"], "42703")
        assert "nothing" in session.exchange(wire.query("SELECT nothing FROM customers")).errors[0]["M"]
    gate.guard.until_sessions(0)
    shown = shop.export(gate)
    # What is put into a notification counts when it is put there: others can hear it around pasu.
    counted = [sql for number, sql in enumerate(SCRUBBED) if shown[f"scrubbed {number}"].keys["customer"] or shown[f"scrubbed {number}"].unknown]
    equal(counted, [sql for sql in SCRUBBED if "pg_notify" in sql])


@test(gateway=True)
def test_lies():
    """Whoever makes such a text speak of somebody else is counted all the same"""
    check_all(LIES)


@test(gateway=True, limit=60)
def test_rows_to_be_added():
    """An error about a row that an INSERT was to add shows nobody, where it can have nothing but what the client has written: neither others' values, nor
    those of a row that is there, nor what code has put there"""
    front()
    shop.server().sql(ADDED_TABLES)
    made = shop.front("spoken-added", more={"personal_data": [*shop.CONFIG["personal_data"],
                                                             *(shop.personal(name, "customer", "id", fields) for name, fields in ADDED_MAPPING.items())]})
    check_all(ADDED, through=made)
    check_all(ADDED_LIES, only_seen=True, through=made)
    made.stop()


@test(gateway=True)
def test_row_to_be_changed():
    """The row that an UPDATE would have made is of the person whose key stands in it, also where that is a uuid: in a budget it costs one"""
    front()
    made = shop.front("spoken-changed", more={"budgets": [{"kind": "unknown", "window": "day", "subjects": 2, "verdict": "block"}]})
    asked = shop.keys("members", "id")[:3]
    with made.login(application_name="uuid") as session:
        codes = [session.exchange(wire.query(f"UPDATE members SET name = NULL WHERE id = '{key}'")).code for key in [*asked, *asked]]
    equal(codes, ["23502", "23502", "PS001"] * 2)
    made.guard.until_sessions(0)
    shown = shop.export(made)["uuid"]
    equal((shown.keys["member"], shown.unknown), (set(asked[:2]), 0))
    made.stop()


if __name__ == "__main__":
    harness.main()
