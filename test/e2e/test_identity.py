#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The identity index that `pasu index build` makes: whose a value is that stands alone, as long as it still is, and never longer."""
import json
import os

import harness
import shop
import wire
from identified import CONFIG, PEOPLE, Place, bound, exactly
from stage import equal, test

@harness.shared
def quiet():
    """Nobody writes here."""
    made = Place("quiet")
    yield made
    made.stop()


# ---- what is built ----

@test
def test_build_says_what_is_in_the_index_and_status_says_it_again():
    built = quiet().built
    email, phone = built["columns"]
    equal([email["table"], email["column"], email["rows"], email["values"], email["unique"], email["several"]],
          ["public.people", "email", PEOPLE, PEOPLE, True, 0])
    equal([phone["column"], phone["rows"], phone["unique"]], ["phone", PEOPLE, False])
    assert phone["several"] > 0, phone
    done = quiet().run("status", "--json")
    status = json.loads(done.stdout)
    equal(status["columns"], built["columns"])
    equal(status["bytes"], built["bytes"])


@test
def test_no_value_is_in_any_file_of_the_ledger():
    place = quiet()
    place.show("grep", "SELECT DISTINCT email FROM people")
    folder = str(place.front.guard.folder)
    read = 0
    for path, _, names in os.walk(folder):
        for name in names:
            full = os.path.join(path, name)
            if not os.path.isfile(full) or os.path.islink(full):
                continue
            with open(full, "rb") as file:
                held = file.read()
            read += 1
            for value in (b"mail.example", b"person1@", b"010-1001", b"Kim-"):
                assert value not in held, f"{full} has {value}"
    made = [os.path.join(path, "index") for path, _, names in os.walk(folder) if path.endswith("/identity") and "index" in names]
    equal((len(made), read > 3), (1, True), folder)
    equal(os.stat(made[0]).st_mode & 0o777, 0o600)


@test
def test_without_an_index_status_says_so_and_all_is_as_before():
    place = Place("none", is_built=False)
    done = place.run("status")
    equal(done.returncode, 1)
    rows, shown = place.show("none", "SELECT DISTINCT email FROM people")
    equal(len(rows), PEOPLE)
    bound(shown)
    place.stop()


# ---- whom a value shows ----

EXACT = {
    "distinct": ("SELECT DISTINCT email FROM people WHERE id <= 7", range(1, 8)),
    "two columns": ("SELECT DISTINCT email, name FROM people WHERE id <= 3", range(1, 4)),
    "union": ("SELECT email FROM public.people WHERE id = 5 UNION SELECT email FROM public.people WHERE id = 9", (5, 9)),
    "intersect": ("SELECT email FROM public.people INTERSECT SELECT email FROM public.people WHERE id IN (2, 3)", (2, 3)),
    "max": ("SELECT max(email) FROM public.people WHERE id IN (4, 5)", (5,)),
    "min": ("SELECT min(email) FROM public.people WHERE id IN (4, 5)", (4,)),
    "view": ("SELECT DISTINCT address FROM addresses WHERE address = 'person8@mail.example'", (8,)),
    "derived": ("SELECT e FROM (SELECT DISTINCT email AS e FROM public.people WHERE id < 3) s", (1, 2)),
    "names without schemas": ("SELECT email FROM people WHERE id = 5 UNION SELECT email FROM people WHERE id = 9", (5, 9)),
    "except, by such names": ("SELECT email FROM people WHERE id < 4 EXCEPT SELECT email FROM people WHERE id = 2", (1, 3)),
    "min, by such names": ("SELECT min(email) FROM people WHERE id IN (4, 5)", (4,)),
    "a query for a value": ("SELECT (SELECT max(email) FROM people WHERE id IN (6, 7))", (7,)),
    "a view's name": ("SELECT max(address) FROM addresses WHERE address < 'person11'", (10,)),
    "the row before": ("SELECT DISTINCT lag(email) OVER (ORDER BY id) FROM people WHERE id IN (2, 3, 4)", (2, 3)),
    "the first of a window": ("SELECT DISTINCT first_value(email) OVER (ORDER BY id) FROM people WHERE id IN (8, 9)", (8,)),
    "the most frequent": ("SELECT mode() WITHIN GROUP (ORDER BY email) FROM people WHERE id = 11", (11,)),
    "by a condition on nobody": ("SELECT DISTINCT CASE WHEN region = 'r1' THEN email END FROM people WHERE id IN (13, 14)", (13,)),
    "as text": ("SELECT DISTINCT email::text FROM people WHERE id = 12", (12,)),
    "or nothing": ("SELECT DISTINCT coalesce(email, NULL) FROM people WHERE id = 15", (15,)),
    "with": ("WITH s AS (SELECT DISTINCT email FROM public.people) SELECT email FROM s WHERE email = 'person6@mail.example'", (6,)),
}


@test
def test_a_value_that_is_one_persons_alone_shows_that_person():
    for name, (sql, people) in EXACT.items():
        rows, shown = quiet().show(f"exact {name}", sql)
        assert rows, name
        equal(shown.lines[0]["application"], f"exact {name}")
        exactly(shown, people)


BOUND = {
    "an expression": "SELECT DISTINCT lower(email) FROM people",
    "a hash": "SELECT DISTINCT md5(email) FROM people",
    "values of two": "SELECT DISTINCT phone FROM people WHERE id > 9 AND id < 11",
    "a name beside its maximum": "SELECT max(email), max(name) FROM public.people WHERE id > 0",
    "another table": "SELECT email FROM public.people UNION SELECT email FROM public.contacts",
    "another column": "SELECT DISTINCT email FROM contacts",
    "another's by comparison": "WITH s AS (SELECT DISTINCT email FROM public.people) SELECT a.email FROM s a JOIN s b ON lower(a.email) > lower(b.email)",
    "another's in a view": "SELECT DISTINCT email FROM pairs",
    "what was stored once": "SELECT DISTINCT email FROM kept",
    "a constant beside it": "SELECT DISTINCT coalesce(email, 'person1@mail.example') FROM people",
    "by a condition on a name": "SELECT DISTINCT CASE WHEN name = 'Kim-1' THEN email END FROM people",
    "by a condition on another": "SELECT DISTINCT CASE WHEN (SELECT p.name FROM people p WHERE p.id = 3) > 'A' THEN email END FROM people",
    "so many rows before, as another's value says": "SELECT lag(email, (SELECT length(p.name) FROM people p WHERE p.id = 3)) OVER (ORDER BY id) FROM people",
    "two columns in one": "SELECT email FROM people UNION SELECT phone FROM people",
    "beside what is no such value": "SELECT email FROM people UNION SELECT body FROM notes",
    "where the text shows itself": "SELECT max(email) FROM people HAVING current_query() LIKE 'SELECT%'",
}


@test
def test_what_is_no_such_value_counts_as_before():
    for name, sql in BOUND.items():
        rows, shown = quiet().show(f"bound {name}", sql)
        assert rows, name
        bound(shown)


@test
def test_a_temporary_table_with_the_name_shows_nobody_of_the_other():
    _, shown = quiet().show("shadow", "CREATE TEMP TABLE people (email text)",
                            "INSERT INTO people VALUES ('person1@mail.example')", "SELECT DISTINCT email FROM people")
    equal(shown.keys["customer"], set(), repr(shown))
    for name, sql in {"union": "SELECT email FROM people UNION SELECT email FROM people", "max": "SELECT max(email) FROM people"}.items():
        rows, shown = quiet().show(f"shadow {name}", "CREATE TEMP TABLE people (email text)",
                                   "INSERT INTO people VALUES ('person1@mail.example')", sql)
        equal(rows, [["person1@mail.example"]])
        equal(shown.keys.get("customer", set()), set(), repr(shown))


ASKED_AHEAD = {
    "rows": "SELECT email FROM people WHERE id < 3 UNION SELECT email FROM people WHERE id = 9 ORDER BY 1",
    "no rows": "SELECT email FROM people WHERE id < 0 EXCEPT SELECT email FROM people",
    "an error of analysis": "SELECT email FROM people UNION SELECT e_mail FROM people",
    "an error of a type": "SELECT email FROM people UNION SELECT id FROM people",
    "an error at run time": "SELECT max(email) FROM people WHERE 1 / (id - 5) > 0",
    "what the text is": "SELECT max(email) FROM people HAVING current_query() LIKE 'SELECT max%'",
    "the end of a line": "SELECT min(email) FROM people; -- 'people'",
    "an array": "SELECT array_agg(DISTINCT email ORDER BY email) FROM people WHERE id < 3 UNION SELECT NULL",
}


def heard(session, sql):
    """All messages that answer a Query, byte by byte."""
    session.send(wire.query(sql))
    got = [session.receive()]
    while got[-1][0] != "Z":
        got.append(session.receive())
    return got


@test
def test_a_client_sees_nothing_of_the_question_that_goes_ahead():
    server, front = quiet().server, quiet().front
    for name, sql in ASKED_AHEAD.items():
        for before in ("SELECT 1", "BEGIN", "BEGIN; SELECT 1/0", "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"):
            got = []
            for place in (server, front):
                with (server.connect(user="app") if place is server else front.login(user="app", application_name="ahead")) as session:
                    got.append(heard(session, before) + heard(session, sql) + heard(session, "SELECT 2"))
            equal(got[1], got[0], f"{name} after {before}")


# ---- as long as it is so ----

def changed(name, *changes, user="app", exact=False, sql="SELECT DISTINCT email FROM people WHERE id <= 7"):
    """A place of its own, where something is done after the index was built, through pasu."""
    place = Place(name)
    _, before = place.show("before", sql)
    exactly(before, range(1, 8))
    place.show("change", *changes, user=user)
    rows, shown = place.show("after", sql)
    assert rows
    if exact:
        exactly(shown, range(1, 8))
    else:
        bound(shown)
    return place


@test(limit=120)
def test_a_value_that_moved_is_not_its_old_persons_until_it_is_built_anew():
    place = changed("moved", "UPDATE people SET email = 'x' WHERE id = 1", "UPDATE people SET email = 'person1@mail.example' WHERE id = 20",
                    "UPDATE people SET email = 'person20@mail.example' WHERE id = 1")
    place.build()
    _, shown = place.show("again", "SELECT DISTINCT email FROM people WHERE email = 'person1@mail.example'")
    exactly(shown, (20,))
    place.stop()


@test(limit=120)
def test_a_row_that_is_new_is_counted_and_those_before_stay_known():
    place = changed("new", "INSERT INTO people VALUES (31, 'Kim-31', 'person31@mail.example', '010-9999', 'r1')", exact=True)
    rows, shown = place.show("missing", "SELECT DISTINCT email FROM people WHERE id < 2 OR id > 30")
    equal(len(rows), 2)
    equal(shown.keys["customer"], {"1"}, repr(shown))
    assert shown.unknown >= 1, shown
    place.stop()


@test(limit=120)
def test_a_writer_whose_transaction_is_open_makes_it_stale_before_and_after():
    place = Place("open")
    with place.front.login(user="analyst", application_name="writer") as writer:
        writer.query("BEGIN")
        writer.query("UPDATE people SET email = 'gone' WHERE id = 1")
        place.run("build", "--json")
        _, shown = place.show("during", "SELECT DISTINCT email FROM people WHERE id <= 7")
        bound(shown)
        writer.query("COMMIT")
    _, shown = place.show("after", "SELECT DISTINCT email FROM people WHERE id <= 7")
    bound(shown)
    place.stop()


@test(limit=120)
def test_code_and_statements_within_statements_make_it_stale_too():
    changed("code execute", "PREPARE p AS UPDATE people SET email = $1 WHERE id = 1", "EXECUTE p('x')").stop()
    changed("code explain", "PREPARE p AS UPDATE people SET email = $1 WHERE id = 1", "EXPLAIN ANALYZE EXECUTE p('x')").stop()
    changed("code cursor", "BEGIN", "DECLARE c CURSOR FOR SELECT retouch()", "FETCH c", "COMMIT").stop()
    for name, change in {
            "do": "DO $$BEGIN UPDATE people SET email = 'y' WHERE id = 1; END$$",
            "with": "WITH w AS (UPDATE people SET email = 'y' WHERE id = 2 RETURNING 1) SELECT 1",
            "view": "UPDATE addresses SET address = 'z' WHERE address = 'person3@mail.example'",
            "a view": "SELECT t FROM touching",
            "a materialized view": "REFRESH MATERIALIZED VIEW touched",
            "conflict": "INSERT INTO people VALUES (4, 'n', 'q', 'p', 'r') ON CONFLICT (id) DO UPDATE SET email = 'v'"}.items():
        changed(f"code {name}", change).stop()


@test(limit=120)
def test_what_others_tables_are_given_leaves_it_as_it_is():
    changed("others", "INSERT INTO notes (body) VALUES ('x')", "UPDATE notes SET body = 'y'",
            "SELECT id FROM people WHERE id = 1 FOR UPDATE", exact=True).stop()


@test(limit=120)
def test_what_went_past_pasu_is_noticed_by_the_servers_count():
    place = Place("past")
    _, shown = place.show("before", "SELECT DISTINCT email FROM people WHERE id <= 7")
    exactly(shown, range(1, 8))
    start = place.front.guard.mark()
    place.server.sql("UPDATE people SET email = 'past' WHERE id = 1")
    place.front.guard.wait("identity_stale", start=start, timeout=60)
    _, shown = place.show("after", "SELECT DISTINCT email FROM people WHERE id <= 7")
    bound(shown)
    place.stop()


SWAP = ("UPDATE people SET email = 'x' WHERE id = 1; UPDATE people SET email = 'person1@mail.example' WHERE id = 2; "
        "UPDATE people SET email = 'person2@mail.example' WHERE id = 1")
OTHERS = ("SELECT id, name, CASE id WHEN 1 THEN 'person2@mail.example' WHEN 2 THEN 'person1@mail.example' ELSE email END, phone, region "
          "FROM people")


@test(limit=120)
def test_what_the_server_counts_by_no_row_is_noticed_too():
    place = Place("uncounted", is_built=False)
    place.server.sql("SELECT pg_stat_reset()")
    place.build()
    start = place.front.guard.mark()
    place.server.sql(f"CREATE TABLE others AS {OTHERS}; TRUNCATE people CASCADE; INSERT INTO people SELECT * FROM others")
    place.front.guard.wait("identity_stale", start=start, timeout=60)
    bound(place.show("emptied", "SELECT DISTINCT email FROM people WHERE id < 2")[1])
    place.build()
    start = place.front.guard.mark()
    place.server.sql(SWAP)
    place.server.sql("SELECT pg_stat_reset()")
    place.front.guard.wait("identity_stale", start=start, timeout=60)
    bound(place.show("reset", "SELECT DISTINCT email FROM people WHERE id < 2")[1])
    place.stop()


@test(limit=120)
def test_a_table_that_is_emptied_with_another_is_stale():
    place = Place("cascade", is_built=False)
    place.server.sql(f"""CREATE TABLE areas AS SELECT DISTINCT region FROM people; ALTER TABLE areas ADD PRIMARY KEY (region);
        ALTER TABLE people ADD FOREIGN KEY (region) REFERENCES areas; CREATE TABLE others AS {OTHERS};
        GRANT SELECT, INSERT, TRUNCATE ON ALL TABLES IN SCHEMA public TO app""")
    place.build()
    _, shown = place.show("cascade", "BEGIN", "TRUNCATE areas CASCADE", "INSERT INTO areas SELECT DISTINCT region FROM others",
                          "INSERT INTO people SELECT * FROM others", "SELECT DISTINCT email FROM people WHERE id < 2")
    equal(shown.keys["customer"], set(), repr(shown))
    place.stop()


@test(limit=120)
def test_what_a_foreign_key_gives_to_another_is_stale():
    place = Place("default", is_built=False)
    place.server.sql("""CREATE TABLE areas (area text PRIMARY KEY); INSERT INTO areas VALUES ('r0'), ('r1'), ('r2');
        ALTER TABLE people ALTER region SET DEFAULT 'r0', ADD FOREIGN KEY (region) REFERENCES areas ON DELETE SET DEFAULT;
        GRANT SELECT, INSERT, DELETE ON areas TO app""")
    place.build()
    place.show("insert", "INSERT INTO areas VALUES ('r9')")
    _, shown = place.show("other", "SELECT DISTINCT phone FROM people WHERE id < 2")
    exactly(shown, (1,))
    _, shown = place.show("default", "BEGIN", "DELETE FROM areas WHERE area = 'r1'", "SELECT DISTINCT email FROM people WHERE id < 2")
    equal(shown.keys["customer"], set(), repr(shown))
    place.stop()


@test(limit=120)
def test_an_index_that_another_has_replaced_is_not_believed_any_more():
    place = Place("replaced")
    with place.front.login(user="app", application_name="replaced") as session, place.server.connect() as writer:
        session.query("BEGIN")
        session.query("SELECT DISTINCT email FROM people WHERE id > 8 AND id < 10")
        writer.query("UPDATE notes SET body = body")
        writer.query(SWAP)  # the server tells its count of that some seconds later
        place.build()
        equal(session.query("SELECT DISTINCT email FROM people WHERE id < 2").rows, [["person2@mail.example"]])
        session.query("COMMIT")
        session.terminate()
    shown = shop.export(place.front)["replaced"]
    equal(shown.keys["customer"], {"9"}, repr(shown))
    assert shown.unknown >= 1, shown
    place.stop()


@test(limit=120)
def test_another_gate_has_it_too():
    """The file that was built is handed to a gate that takes another's place"""
    place = Place("another-gate")
    start = place.front.guard.mark()
    place.front.guard.replace("gate")
    place.front.guard.wait("identity_ready", start=start)
    place.front.guard.wait("identity_current", start=start)
    exactly(place.show("another", "SELECT DISTINCT email FROM people WHERE id > 8 AND id < 10")[1], {9})
    place.stop()


@test(limit=120)
def test_a_transaction_that_is_older_than_the_index_does_not_use_it():
    place = Place("old", is_built=False)
    with place.front.login(user="app", application_name="old") as session:
        session.query("BEGIN ISOLATION LEVEL REPEATABLE READ")
        session.query("SELECT 1 FROM people LIMIT 1")
        place.server.sql("UPDATE people SET email = 'x' WHERE id = 1; UPDATE people SET email = 'person1@mail.example' WHERE id = 2")
        place.build()
        rows = session.query("SELECT DISTINCT email FROM people WHERE id < 2").rows
        equal(len(rows), 1)
        session.query("COMMIT")
        session.terminate()
    bound(shop.export(place.front)["old"])
    place.stop()


@test(limit=120)
def test_an_index_of_before_its_kind_was_sealed_names_nobody():
    """Its numbers stand for themselves, and are no persons of a kind that is sealed: they would be others than by key, and nobody could erase them"""
    place = Place("sealed")
    distinct = "SELECT DISTINCT email FROM people WHERE id < 4"
    exactly(place.show("before", distinct)[1], {1, 2, 3})
    start = place.front.guard.mark()
    place.front.guard.config["subjects"] = {"customer": {**CONFIG["subjects"]["customer"], "directory": "sealed"}}
    equal(place.front.reload(), "config_reloaded")
    place.front.guard.wait("identity_current", start=start)
    bound(place.show("after", distinct)[1])
    equal(place.show("key", "SELECT id, email FROM people WHERE id < 4")[1].keys["customer"], {"1", "2", "3"})
    place.stop()


if __name__ == "__main__":
    harness.main()
