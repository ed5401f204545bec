#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""EXECUTE gives values to a statement that reads nobody, from functions that do: whatever it does with them, who runs it
is told of it. Every value carries its person's key."""
import harness
import shop
from stage import test
from test_groups import ask, seen_in
import wire

SHOWING = {
    "as a row": ("PREPARE p(text) AS SELECT $1", "EXECUTE p(name_of(1350))"),
    "prepared by message": (wire.parse("SELECT $1::text", "p") + wire.SYNC, "EXECUTE p(name_of(1350))"),
    "executed by message": ("PREPARE p(text) AS SELECT $1", wire.parse("EXECUTE p(name_of(1350))") + wire.bind() + wire.execute() + wire.SYNC),
    "into a table": ("PREPARE p(text) AS INSERT INTO put VALUES ($1)", "EXECUTE p(name_of(1350))", "SELECT v FROM put"),
}
QUIET = ("PREPARE p(int, text) AS SELECT title FROM products WHERE id = $1 AND title <> $2", "EXECUTE p(7, 'a')", "EXECUTE p(plain(8), upper('a'))")


@harness.shared
def front():
    shop.server().sql("CREATE FUNCTION name_of(bigint) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT name FROM customers WHERE id = $1); END';"
                      "CREATE FUNCTION plain(int) RETURNS int LANGUAGE sql AS 'SELECT $1 + 1'; CREATE TABLE put (v text); GRANT ALL ON put TO app")
    return shop.front("executed")


def run(name, steps):
    """Whom the last answer showed."""
    with front().login(user="app", application_name=name) as session:
        for step in steps:
            messages = ask(session, [step if isinstance(step, bytes) else wire.query(step)])
        session.terminate()
    return seen_in(messages)


@test(gateway=True)
def test_values_that_are_given_count():
    seen = {name: run(name, steps) for name, steps in SHOWING.items()}
    front().guard.until_sessions(0)
    said = shop.export(front())
    problems = [shop.problem(name, keys, said[name]) for name, keys in seen.items()]
    assert not any(problems), problems


@test(gateway=True)
def test_values_of_nobodys_do_not():
    assert not run("quiet", QUIET)
    front().guard.until_sessions(0)
    assert "quiet" not in shop.export(front())


if __name__ == "__main__":
    harness.main()
