#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""For whom an application asks: by a comment, by a setting, by its name, and what is undone with a transaction."""
import harness
import shop
from stage import equal, test
import wire

SOURCES = ["sqlcommenter", "setting:pasu.actor", "application_name"]
KEYS = shop.keys("customers", "id")
NAME = f"SELECT name FROM customers WHERE id = {KEYS[30]}"


def front_of(name, sources=SOURCES):
    return shop.front(name, more={"principals": {"actor_from": sources}}, workers=1)


def actors(front, name="shop"):
    """Who the ledger's lines of the session name, in their order; `None` where nobody."""
    front.guard.until_sessions(0)
    lines = shop.export(front)[name].lines
    return [line["actor"] for line in sorted(lines, key=lambda line: line["seq"]) if line["subjects"]]


def of_each(front, *texts):
    """Who each of them is recorded for: a statement is followed by one that asks for another person."""
    with front.login(user="app", application_name="shop") as session:
        for sql in texts:
            session.query(sql)
    return actors(front)


def said(sql, actor):
    return f"{sql} /*action='list',actor='{actor}'*/"


@test(gateway=True)
def test_comments():
    """A comment names whom one statement is for, in a Query and in Parse, and hides nothing of the statement"""
    front = front_of("actors-comment")
    with front.login(user="app", application_name="shop") as session:
        equal(session.query(said(NAME, "kim%40shop.kr")).rows, [[f"Kim-{KEYS[30]}"]])
        equal(session.query(NAME).rows, [[f"Kim-{KEYS[30]}"]])
        result = session.exchange(wire.parse(said("SELECT email FROM customers WHERE id = $1", "lee")) +
                                  wire.bind([str(KEYS[31])]) + wire.execute() + wire.SYNC)
        equal(result.rows, [[f"user{KEYS[31]}@example.com"]])
        equal(len(session.query(said("SELECT phone FROM customers WHERE region = 'north' LIMIT 3", "park")).rows), 3)
        equal(len(session.query(said("SELECT phone FROM customers", "choi") + ";").rows), shop.CUSTOMERS)
    equal(actors(front), ["kim@shop.kr", "shop", "lee", "park", "choi"])
    assert not [line["sql"] for line in shop.export(front)["shop"].lines if "actor" in line["sql"]]
    front.stop()


@test(gateway=True)
def test_pipeline():
    """In a pipeline each statement is its own actor's"""
    front = front_of("actors-pipeline")
    with front.login(user="app", application_name="shop") as session:
        session.exchange(b"".join(
            wire.parse(said(f"SELECT name FROM customers WHERE id = {key}", actor)) + wire.bind() + wire.execute()
            for key, actor in zip(KEYS, ("a", "b", "c"))) + wire.SYNC)
        for key, actor in zip(KEYS, ("d", "e")):
            session.send(wire.query(said(f"SELECT name FROM customers WHERE id = {key}", actor)))
        for _ in range(2):
            session.result()
    equal(actors(front), ["a", "b", "c", "d", "e"])
    front.stop()


@test(gateway=True)
def test_settings():
    """What SET and set_config say holds until it is set anew; a comment is heard before it"""
    front = front_of("actors-setting")
    equal(of_each(front,
                  NAME,
                  "SET pasu.actor = 'kim'", NAME,
                  said(NAME, "lee"), NAME,
                  "SET Pasu.Actor TO 42", NAME,
                  "SELECT set_config('pasu.actor', upper('park'), false)", NAME,
                  "SELECT 1, set_config('other.actor', 'x', false), set_config('pasu.actor', 'choi', 'f')::text", NAME,
                  "RESET pasu.actor", NAME,
                  "SET pasu.actor = 'kim'; RESET ALL", NAME,
                  "SET pasu.actor = 'kim'", "DISCARD ALL", NAME),
          ["shop", "kim", "lee", "kim", "42", "PARK", "choi", "shop", "shop", "shop"])
    front.stop()


@test(gateway=True)
def test_transactions():
    """A transaction takes back what it has set, and what is local ends with it"""
    front = front_of("actors-transaction")
    with front.login(user="app", application_name="shop") as session:
        for sql in ("SET pasu.actor = 'kim'",
                    "BEGIN", "SET pasu.actor = 'lee'", NAME, "ROLLBACK", NAME,
                    "BEGIN", "SET pasu.actor = 'lee'", "COMMIT", NAME,
                    "BEGIN", "SET LOCAL pasu.actor = 'park'", NAME, "COMMIT", NAME,
                    "BEGIN", "SELECT set_config('pasu.actor', 'choi', true)", NAME, "END", NAME,
                    "SET LOCAL pasu.actor = 'nobody'", NAME,
                    "BEGIN; SET pasu.actor = 'han'; ROLLBACK", NAME):
            session.query(sql)
        for sql in ("BEGIN; SET pasu.actor = 'han'", "SELECT 1/0", "COMMIT"):
            session.exchange(wire.query(sql))
        session.query(NAME)
        session.exchange(wire.query("SET pasu.actor = 'han'; SELECT 1/0"))
        session.query(NAME)
        for sql in ("BEGIN", "SAVEPOINT s", "SET pasu.actor = 'han'", "ROLLBACK TO s", NAME, "ROLLBACK", NAME):
            session.query(sql)
    equal(actors(front), ["lee", "kim", "lee", "park", "lee", "choi", "lee", "lee", "lee", "lee", "lee", "shop", "lee"])
    front.stop()


@test(gateway=True)
def test_parameters():
    """set_config with a bound value, as pools of connections use it, in text and binary form"""
    front = front_of("actors-parameter")
    with front.login(user="app", application_name="shop") as session:
        for actor, formats in (("kim", ()), ("lee", (1,))):
            session.query("BEGIN")
            session.exchange(wire.parse("SELECT set_config('pasu.actor', $1, true)") + wire.bind([actor], results=formats) +
                             wire.execute() + wire.SYNC)
            session.query(NAME)
            session.query("COMMIT")
        session.query(NAME)
    equal(actors(front), ["kim", "lee", "shop"])
    front.stop()


@test(gateway=True)
def test_application_name():
    """The application's name counts as the session changes it"""
    front = front_of("actors-application", ["application_name"])
    equal(of_each(front, NAME, "SET application_name = 'worker 7'", NAME, said(NAME, "kim"),
                  "RESET application_name", NAME), ["shop", "worker 7", "worker 7", "shop"])
    front.stop()


@test(gateway=True)
def test_not_asked_for():
    """Without sources nobody is named"""
    front = shop.front("actors-none", workers=1)
    equal(of_each(front, said(NAME, "kim"), "SET pasu.actor = 'kim'", NAME), [None, None])
    front.stop()


@test(gateway=True)
def test_refused():
    """What is refused is recorded for whom it was asked"""
    front = shop.front("actors-refused", more={"principals": {"actor_from": SOURCES}, "never": ["public.products"]}, workers=1)
    with front.login(user="app", application_name="shop") as session:
        session.query("SET pasu.actor = 'lee'")
        assert session.exchange(wire.query(said("SELECT title FROM products", "kim"))).errors
        assert session.exchange(wire.query("SELECT title FROM products")).errors
    front.guard.until_sessions(0)
    equal([line["actor"] for line in shop.export(front)["shop"].lines], ["kim", "lee"])
    front.stop()


if __name__ == "__main__":
    harness.main()
