#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the server was asked for and nobody has read an answer to: it is done all the same, and who
reads later what it did is counted; what was not done is not."""
import re
import socket
import struct

import harness
import process
import shop
from stage import equal, test
import wire

SEEN = re.compile(rb"Kim-(-?\d+)")
WAIT = "pg_advisory_xact_lock_shared(55)"  # which left() holds until the client has gone
SLOW = f"SELECT name, {WAIT}::text FROM customers"
TABLES = ("u_reset", "u_block", "u_commit", "u_junk", "u_half", "u_denied", "u_failed", "u_called", "u_back")
LARGE = "SELECT repeat('x', 8000) FROM generate_series(1, 2000)"


@harness.shared
def front():
    for name in TABLES:
        shop.server().sql(f"CREATE TABLE {name} (v text, w text)")
        if name != "u_denied":
            shop.server().sql(f"GRANT ALL ON {name} TO app, analyst")
    shop.server().sql("GRANT SELECT ON u_denied TO app; INSERT INTO u_denied VALUES ('nothing personal')")
    shop.server().sql("CREATE VIEW u_view AS SELECT title AS t FROM products; ALTER VIEW u_view OWNER TO analyst; GRANT SELECT ON u_view TO app")
    shop.server().sql("CREATE PROCEDURE u_fills() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO u_called SELECT name FROM customers; COMMIT; "
                      "RAISE EXCEPTION 'too late'; END $$; GRANT EXECUTE ON PROCEDURE u_fills TO app")
    return shop.front("underway")


def reset(session):
    """Ends the connection as a client does that is killed, or wants nothing said."""
    session.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    session.abort()


def running(name):
    return shop.server().backends(f"application_name = '{name}' AND wait_event = 'advisory'")


def over(name):
    process.until(lambda: shop.server().backends(f"application_name = '{name}'") == 0, f"the end of {name}")


def said(name):
    return shop.export(front(), "--application", name)[name]


def states(name):
    return [one["state"] for one in front().guard.sessions() if one["application"] == name]


def left(name, data, before=(), go=reset):
    """Sends it, and goes while the server is at it; waits until the server has done it."""
    session = front().login(user="app", application_name=name)
    for sql in before:
        session.query(sql)
    with shop.server().connect() as holder:
        holder.query("SELECT pg_advisory_lock(55)")
        session.send(data)
        process.until(lambda: running(name), f"{name} at work")
        go(session)
        process.until(lambda: states(name) == ["leaving"], f"{name} leaves")
        holder.query("SELECT pg_advisory_unlock(55)")
    if go is not reset:
        session.read_end()
    over(name)
    process.until(lambda: not states(name), f"the gate's end of {name}")


def check_counted(table, column="v"):
    """Whoever reads the table is counted."""
    name = f"reads {table}"
    seen = shop.play(front(), SEEN, name, (f"SELECT {column} FROM {table}",))
    process.until(lambda: said(name).lines, f"a record of {name}")
    assert 0 < len(seen) <= said(name).unknown, f"{table}: {len(seen)} SHOWN UNCOUNTED: {said(name)}"


def rows(table):
    return int(shop.server().sql(f"SELECT count(*) FROM {table}")[0][0])


@test(gateway=True)
def test_reset():
    """A table that is filled by a statement whose client goes away meanwhile is marked"""
    fill = "INSERT INTO {} " + SLOW
    left("resets", wire.query(fill.format("u_reset")))
    left("resets a block", wire.query(f"BEGIN; {fill.format('u_block')}; COMMIT"))
    left("resets a commit", wire.query(f"SELECT {WAIT}; COMMIT"), ("BEGIN", "INSERT INTO u_commit SELECT name FROM customers"))
    left("junk", wire.query(fill.format("u_junk")) + b"!" * 8, go=lambda session: None)
    left("half", wire.parse(fill.format("u_half")) + wire.bind() + wire.execute() + wire.SYNC)
    for table in ("u_reset", "u_block", "u_commit", "u_junk", "u_half"):
        equal(rows(table), shop.CUSTOMERS, table)
        check_counted(table)


@test(gateway=True)
def test_not_done():
    """What was not done marks nothing: refused by the server, or rolled back because the client had gone"""
    left("denied", wire.query(f"SELECT {WAIT}; INSERT INTO u_denied SELECT name FROM customers"))
    left("rolled back", wire.query(f"INSERT INTO u_back {SLOW}"), ("BEGIN",))
    equal(rows("u_back"), 0)
    shop.server().sql("INSERT INTO u_back VALUES ('nothing personal')")
    shop.play(front(), SEEN, "quiet", ("SELECT v FROM u_denied", "SELECT v FROM u_back"))
    process.until(lambda: not states("quiet"), "its end")
    equal(said("quiet").lines, [])


@test(gateway=True)
def test_committed_and_failed():
    """What code has committed before it failed is marked"""
    body = "BEGIN INSERT INTO u_failed SELECT name FROM customers; COMMIT; RAISE EXCEPTION 'too late'; END"
    with front().login(user="app", application_name="fails") as session:
        for sql in (f"DO $$ {body} $$", "CALL u_fills()"):
            equal(session.exchange(wire.query(sql)).code, "P0001")
        session.terminate()
    for table in ("u_failed", "u_called"):
        equal(rows(table), shop.CUSTOMERS, table)
        check_counted(table)


def is_replaced():
    return "customers" in shop.server().sql("SELECT pg_get_viewdef('u_view'::regclass)")[0][0]


@test(gateway=True)
def test_unread():
    """While a client does not read that it has replaced a view, others who read the view are counted; then no more"""
    shop.play(front(), SEEN, "before", ("SELECT t FROM u_view",))
    reader = front().login(user="app", application_name="during")
    equal(len(reader.query("SELECT t FROM u_view").rows), shop.PRODUCTS)
    with front().login(user="analyst", application_name="stalls", receive_buffer=2048) as session:
        session.send(wire.query("SELECT repeat('x', 8000) FROM generate_series(1, 400); CREATE OR REPLACE VIEW u_view AS SELECT name AS t FROM customers"),
                     drain=False)
        process.until(is_replaced, "another view")
        names = reader.query("SELECT t FROM u_view").rows
        products = reader.query("SELECT title FROM products").rows
        equal((len(names), len(products)), (shop.CUSTOMERS, shop.PRODUCTS))
        process.until(lambda: len(said("during").keys["customer"]) + said("during").unknown >= len(names), "the record")
        session.result()
        session.query("CREATE OR REPLACE VIEW u_view AS SELECT title AS t FROM products")
        session.terminate()
    reader.query("SELECT t FROM u_view")
    reader.terminate()
    shop.play(front(), SEEN, "after", ("SELECT t FROM u_view", "SELECT title FROM products"))
    front().guard.until_sessions(0)
    equal([line["sql"] for line in said("after").lines], [])


@test(gateway=True)
def test_first_notification():
    """The first notification of a gate that has values in it counts for who hears it, before its sender knows that it is sent"""
    for _ in range(3):
        own = shop.front("notified")
        with own.login(user="app", application_name="hears") as session, own.login(user="app", application_name="tells") as other:
            session.query("LISTEN u")
            other.send(wire.query("SELECT pg_notify('u', name) FROM customers WHERE id = 1350"))
            assert SEEN.search(session.expect("A")[1])
            other.result()
            other.terminate()
            session.terminate()
        own.guard.until_sessions(0)
        shown = shop.export(own, "--application", "hears")["hears"]
        assert "notification" in shown.flags and shown.unknown, shown
        own.stop()


@test(gateway=True)
def test_moved():
    """Who puts values under others' keys is counted for them, also where he does not wait for the answer"""
    left("moves", wire.query(f"UPDATE customers a SET name = b.name FROM customers b WHERE b.id = a.id + 7 AND {WAIT} IS NOT NULL"))
    process.until(lambda: said("moves").lines, "a record of it")
    shown = said("moves")
    assert shown.unknown and "name" in shown.fields, shown


if __name__ == "__main__":
    harness.main()
