#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The identity index that the gateway makes by itself, and makes anew when its tables are written to."""
import json

import harness
import shop
from identified import Place, bound, exactly
from stage import equal, test

FIRST = "SELECT DISTINCT email FROM people WHERE id <= 7"


def kept(name, **options):
    """A place whose index nobody builds."""
    start = Place(name, is_built=False, is_manual=False, **options)
    start.front.guard.wait("identity_current")
    return start


def until(place, name, *statements, people):
    """Asks until values are looked up, once more each time that the columns have been read again: whom they show then. Before that,
    nobody may be claimed who is not among them."""
    for attempt in range(40):
        start = place.front.guard.mark()
        rows, shown = place.show(f"{name} {attempt}", *statements)
        assert shown.keys["customer"] <= {str(p) for p in people}, (shown, people)
        if shown.attributions == {"identity"} and shown.unknown == 0:
            exactly(shown, people)
            return rows
        assert shown.unknown + len(shown.keys["customer"]) >= len(set(people)), shown
        place.front.guard.wait("identity_kept", start=start, timeout=30)
    raise AssertionError(f"{name}: never current again")


@harness.shared
def busy():
    made = kept("kept")
    yield made
    made.stop()


@test
def test_it_is_there_without_a_command():
    rows, shown = busy().show("first", "SELECT DISTINCT email FROM people WHERE id < 4")
    equal(len(rows), 3)
    exactly(shown, (1, 2, 3))
    status = json.loads(busy().run("status", "--json").stdout)  # there is no file
    equal({key: status["in_use"][key] for key in ("known", "columns", "current")}, {"known": True, "columns": 2, "current": 2})
    found = {one["name"]: one["state"] for one in json.loads(busy().run_any("doctor", "--json").stdout)["findings"]}
    equal(found["identity"], "ok")


@test(limit=120)
def test_a_value_that_has_moved_is_its_new_persons():
    place = kept("kept-moved")
    place.show("change", "UPDATE people SET email = 'x' WHERE id = 1", "UPDATE people SET email = 'person1@mail.example' WHERE id = 20",
               "UPDATE people SET email = 'person20@mail.example' WHERE id = 1")
    until(place, "moved", "SELECT DISTINCT email FROM people WHERE email = 'person1@mail.example'", people=(20,))
    until(place, "back", "SELECT DISTINCT email FROM people WHERE email = 'person20@mail.example'", people=(1,))
    place.stop()


@test(limit=120)
def test_a_row_that_is_new_is_found_and_one_that_is_gone_is_not():
    place = kept("kept-rows")
    place.show("new", "INSERT INTO people VALUES (31, 'Kim-31', 'person31@mail.example', '010-9999', 'r1')")
    until(place, "new", "SELECT DISTINCT email FROM people WHERE id > 29", people=(30, 31))
    place.show("gone", "DELETE FROM contacts WHERE person = 30", "DELETE FROM people WHERE id = 30",
               "INSERT INTO people VALUES (32, 'Kim-32', 'person30@mail.example', '010-9998', 'r1')")
    until(place, "gone", "SELECT DISTINCT email FROM people WHERE email = 'person30@mail.example'", people=(32,))
    place.stop()


@test(limit=120)
def test_while_a_writer_is_open_nothing_is_looked_up_and_after_its_end_it_is():
    place = kept("kept-open")
    for end, person in (("ROLLBACK", 1), ("COMMIT", 22)):
        with place.front.login(user="analyst", application_name=f"writer {end}") as writer:
            writer.query("BEGIN")
            writer.query("UPDATE people SET email = 'gone' WHERE id = 1")
            writer.query("UPDATE people SET email = 'person1@mail.example' WHERE id = 22")
            _, shown = place.show(f"during {end}", FIRST)
            bound(shown)
            writer.query(end)
            writer.terminate()
        until(place, f"after {end}", "SELECT DISTINCT email FROM people WHERE email = 'person1@mail.example'", people=(person,))
    place.stop()


@test(limit=120)
def test_what_is_prepared_and_committed_later_is_looked_up_after_that():
    place = kept("kept-prepared")
    place.show("lay", "BEGIN", "UPDATE people SET email = 'x' WHERE id = 1", "UPDATE people SET email = 'person1@mail.example' WHERE id = 23",
               "PREPARE TRANSACTION 'later'")
    until(place, "laid", "SELECT DISTINCT email FROM people WHERE email = 'person1@mail.example'", people=(1,))
    place.show("take", "COMMIT PREPARED 'later'")
    until(place, "taken", "SELECT DISTINCT email FROM people WHERE email = 'person1@mail.example'", people=(23,))
    place.stop()


@test(limit=120)
def test_what_went_past_pasu_is_read_when_the_server_has_counted_it():
    place = kept("kept-past")
    start = place.front.guard.mark()
    place.server.sql("UPDATE people SET email = 'x' WHERE id = 1; UPDATE people SET email = 'person1@mail.example' WHERE id = 24")
    place.front.guard.wait("identity_kept", start=start, timeout=60)
    until(place, "past", "SELECT DISTINCT email FROM people WHERE email = 'person1@mail.example'", people=(24,))
    place.stop()


@test(limit=120)
def test_values_are_told_apart_byte_by_byte_and_of_two_persons_nobodys():
    place = kept("kept-values")
    place.show("change", "UPDATE people SET email = 'Person2@mail.example' WHERE id = 25", "UPDATE people SET email = 'person2@mail.example ' WHERE id = 26",
               "UPDATE people SET email = NULL WHERE id = 27", "UPDATE people SET email = '' WHERE id = 28",
               "UPDATE people SET phone = 'same' WHERE id IN (8, 9)", "UPDATE people SET phone = 'only' WHERE id = 10")
    until(place, "case", "SELECT DISTINCT email FROM people WHERE lower(trim(email)) = 'person2@mail.example'", people=(2, 25, 26))
    until(place, "empty", "SELECT DISTINCT email FROM people WHERE email = ''", people=(28,))
    until(place, "one", "SELECT DISTINCT phone FROM people WHERE phone = 'only'", people=(10,))
    bound(place.show("two", "SELECT DISTINCT phone FROM people WHERE phone = 'same'")[1])
    rows, shown = place.show("null", "SELECT DISTINCT email FROM people WHERE email IS NULL")
    equal((rows, shown.keys.get("customer", set())), ([[None]], set()))
    place.stop()


@test(limit=120)
def test_a_transaction_that_is_older_than_a_reading_does_not_use_it():
    place = kept("kept-old")
    with place.front.login(user="app", application_name="old") as session:
        session.query("BEGIN ISOLATION LEVEL REPEATABLE READ")
        session.query("SELECT 1 FROM notes")
        place.show("swap", "UPDATE people SET email = 'x' WHERE id = 1", "UPDATE people SET email = 'person1@mail.example' WHERE id = 2")
        until(place, "now", "SELECT DISTINCT email FROM people WHERE email = 'person1@mail.example'", people=(2,))
        session.query("SELECT DISTINCT email FROM people WHERE email = 'person1@mail.example'")
        session.query("COMMIT")
        session.terminate()
    shown = shop.export(place.front)["old"]
    equal(shown.keys.get("customer", set()), set(), repr(shown))
    assert shown.unknown >= 1, shown
    place.stop()


@test(limit=120)
def test_a_column_that_is_named_later_is_read_after_the_reload():
    place = kept("kept-reload", more={"identity": ["public.people.email"]})
    bound(place.show("before", "SELECT DISTINCT phone FROM people WHERE phone = '010-1000'")[1])
    start = place.front.guard.mark()
    place.front.guard.config["identity"] = ["public.people.email", "public.people.phone"]
    place.front.reload()
    place.front.guard.wait("identity_current", start=start, columns=2)
    exactly(place.show("after", "SELECT DISTINCT phone FROM people WHERE phone = '010-1000'")[1], (1,))
    place.stop()


@test(limit=120)
def test_nothing_of_a_views_runs_with_the_inspectors_rights():
    place = kept("kept-view")
    start = place.front.guard.mark()
    place.server.sql("""CREATE TABLE seen (who text); GRANT INSERT ON seen TO PUBLIC;
        CREATE FUNCTION spy(t text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.seen VALUES (current_user); RETURN t; END $$;
        ALTER TABLE people RENAME TO others; CREATE VIEW people AS SELECT id, name, spy(email) AS email, phone, region FROM others;
        GRANT SELECT ON people TO pasu; UPDATE others SET region = 'r9' WHERE id = 1""")
    place.front.guard.wait("identity_left_out", start=start, timeout=60)
    equal(place.server.value("SELECT count(*) FROM seen"), "0")
    place.stop()


@test(limit=120)
def test_a_temporary_table_that_code_has_made_shows_nobody_of_the_other():
    place = kept("kept-shadow")
    with place.front.login(user="app", application_name="shadow") as session:
        start = place.front.guard.mark()
        session.query("DO $$ BEGIN EXECUTE 'CREATE TEMP TABLE peo' || 'ple AS SELECT ''person1@mail.example''::text AS email'; END $$")
        place.front.guard.wait("identity_kept", start=start, timeout=30)
        for sql in ("SELECT email FROM people UNION SELECT email FROM people", "SELECT max(email) FROM people"):
            equal(session.query(sql).rows, [["person1@mail.example"]])
        session.terminate()
    shown = shop.export(place.front)["shadow"]
    equal(shown.keys.get("customer", set()), set(), repr(shown))
    place.stop()


@test(limit=120)
def test_what_cannot_be_read_is_said_and_the_rest_is_kept():
    place = kept("kept-short", schema="REVOKE SELECT ON people FROM PUBLIC;", allowed="GRANT SELECT (id, email) ON people TO pasu")
    said = place.front.guard.wait("identity_left_out")
    assert "phone" in said["first"], said
    exactly(place.show("kept", FIRST)[1], range(1, 8))
    bound(place.show("left out", "SELECT DISTINCT phone FROM people WHERE phone = '010-1000'")[1])
    place.stop()


if __name__ == "__main__":
    harness.main()
