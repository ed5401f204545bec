#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Texts that have two readings, behind what changes how they are read without saying so: by a trigger, a view, a savepoint."""
import harness
import shop
from stage import equal, test
import wire

OFF = "set_config('standard_conforming_strings', 'off', false)"
SCHEMA = f"""
CREATE FUNCTION r_off() RETURNS text LANGUAGE plpgsql AS $$BEGIN RETURN {OFF}; END$$;
CREATE FUNCTION r_on() RETURNS text LANGUAGE plpgsql AS $$BEGIN SET standard_conforming_strings = on; RETURN 'on'; END$$;
CREATE FUNCTION r_turn() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN SET standard_conforming_strings = off; RETURN new; END$$;
CREATE TABLE r_table (i int);
CREATE TRIGGER t BEFORE INSERT ON r_table FOR EACH ROW EXECUTE FUNCTION r_turn();
CREATE VIEW r_view AS SELECT {OFF};
CREATE DOMAIN r_domain AS int CHECK ({OFF} IS NOT NULL);
GRANT INSERT ON r_table TO app;
GRANT SELECT ON r_view TO app;
"""
# With the setting on, three constants; with the setting off, the second column is everybody's name.
TEXT = "SELECT '\\' || ' , upper(name) , ' AS a, 1 AS b, 2 AS c -- '\n FROM customers"
TURNS = (
    ("function", (), "SELECT r_off()"),
    ("trigger", (), "INSERT INTO r_table VALUES (1)"),
    ("view", (), "SELECT * FROM r_view"),
    ("domain", (), "SELECT 1::r_domain"),
    ("cursor", ("BEGIN", "DECLARE c CURSOR FOR SELECT r_off()"), "FETCH c"),
    ("savepoint", ("SET standard_conforming_strings = off", "BEGIN; SAVEPOINT a", "SET standard_conforming_strings = on"), "ROLLBACK TO a"),
    ("commit", ("SET standard_conforming_strings = off", "BEGIN", "SET LOCAL standard_conforming_strings = on"), "COMMIT"),
)


@harness.shared
def front():
    shop.server().sql(SCHEMA)
    return shop.front("reading")


def extended(sql):
    return wire.parse(sql) + wire.bind() + wire.execute()


def play(name, before, *pipeline, ready=1):
    """Whether somebody's name came."""
    with front().login(user="app", application_name=name) as session:
        for sql in before:
            session.query(sql)
        session.send(b"".join(pipeline))
        heard = b""
        while ready:
            kind, body = session.receive()
            heard += body
            ready -= kind == "Z"
        session.terminate()
    return b"KIM-" in heard


@test(gateway=True)
def test_turned():
    """Another reading, by code or by a transaction's end: counted as all that it can be, in a pipeline and in one segment of it"""
    names = []
    for name, before, turn in TURNS:
        for way, parts, ready in (("queries", (wire.query(turn), wire.query(TEXT)), 2), ("mixed", (extended(turn), wire.query(TEXT)), 1),
                                  ("extended", (extended(turn), extended(TEXT), wire.SYNC), 1)):
            names.append(f"{name} {way}")
            assert play(names[-1], before, *parts, ready=ready), names[-1]
    names.append("there and back")
    assert play(names[-1], (), extended("SELECT r_off()"), extended(TEXT), extended("SELECT r_on()"), wire.SYNC)
    front().guard.until_sessions(0)
    said = shop.export(front())
    for name in names:
        assert name in said and said[name].unknown >= shop.CUSTOMERS and "name" in said[name].fields, (name, said.get(name))


@test(gateway=True)
def test_not_turned():
    """The same texts where nothing changes, and those of a session that changes it by itself: nobody"""
    plain = "SELECT '사용자\\'"
    play("same", (), wire.query("SELECT 1"), wire.query(TEXT), wire.query(plain), ready=3)
    play("begun", (), extended("BEGIN"), extended(TEXT), wire.SYNC)
    play("set", ("SET client_encoding = 'EUC_KR'",), wire.query("SET client_encoding = 'UTF8'"), wire.query("SELECT 1"), ready=2)
    play("set at once", ("SET client_encoding = 'EUC_KR'",), wire.query("SELECT 'x\\'; SET client_encoding = 'UTF8'"))
    front().guard.until_sessions(0)
    said = shop.export(front())
    for name in ("same", "begun", "set", "set at once"):
        lines = said[name].lines if name in said else []
        equal([line for line in lines if line["subjects"] or line["flags"]], [], name)


if __name__ == "__main__":
    harness.main()
