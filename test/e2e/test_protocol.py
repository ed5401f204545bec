#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a session says after its start: every kind of traffic of the protocol passes unchanged."""
import struct

import guard
import harness
import postgres
import wire
from process import until


@harness.shared
def server():
    made = postgres.Server(harness.folder())
    made.sql("CREATE DATABASE other")
    made.sql("CREATE TABLE numbers AS SELECT n, 'row ' || n AS label FROM generate_series(1, 1000) n")
    made.sql("CREATE TABLE inbox (n int, label text)")
    return made


@harness.shared
def second_server():
    made = postgres.Server(harness.folder(), "second")
    made.sql("CREATE TABLE here (name text); INSERT INTO here VALUES ('second')")
    return made


@harness.shared
def front():
    gateways = [guard.gateway(server(), "main"), guard.gateway(second_server(), "second")]
    return guard.start(gateways)


def login(**more):
    return wire.login(front().address("main"), **more)


def test_simple_query():
    """A simple query of several statements gives each its result, an error ends it"""
    with login() as session:
        result = session.exchange(wire.query("SELECT 1; SELECT 'a', NULL; SELECT 1/0; SELECT 2"))
        assert result.types == "TDCTDCTEZ" or result.types == "TDCTDCEZ", result.types
        assert result.rows == [["1"], ["a", None]] and result.code == "22012"
        assert session.exchange(wire.query("")).types == "IZ"
        assert session.value("SELECT 'goes on'") == "goes on"


def test_transaction_status():
    """ReadyForQuery tells the transaction's status: idle, in a transaction, failed"""
    with login() as session:
        said = [session.exchange(wire.query(sql)).status
                for sql in ("SELECT 1", "BEGIN", "SELECT 1/0", "SELECT 1", "ROLLBACK")]
        assert said == ["I", "T", "E", "E", "I"], said


def test_extended_query():
    """Parse, Bind, Describe, Execute, Close with texts, binary values and nulls"""
    with login() as session:
        result = session.exchange(
            wire.parse("SELECT $1::text, $2::int4, $3::bytea", "named") + wire.describe("S", "named") +
            wire.bind(["한글", struct.pack("!i", 7), None], name="named", formats=(0, 1, 0)) +
            wire.describe() + wire.execute() + wire.close("S", "named") + wire.close("P") + wire.SYNC)
        assert result.types == "1tT2TDC33Z", result.types
        assert result.rows == [["한글", "7", None]]
        assert session.exchange(wire.bind(name="named") + wire.SYNC).code == "26000"


def test_pipeline():
    """A thousand statements in one write, each with its own Sync, are answered in order"""
    with login() as session:
        session.send(b"".join(wire.parse("SELECT $1::int4 + 1") + wire.bind([n]) + wire.describe() +
                              wire.execute() + wire.SYNC for n in range(1000)))
        for n in range(1000):
            result = session.result()
            assert result.types == "12TDCZ" and result.rows == [[str(n + 1)]], (n, result.types)


def test_pipeline_with_error():
    """An error in a pipeline skips what follows until Sync, and no more than that"""
    with login() as session:
        def one(sql):
            return wire.parse(sql) + wire.bind() + wire.execute()
        session.send(one("SELECT 1") + one("SELECT 1/0") + one("SELECT 2") + wire.SYNC +
                     one("SELECT 3") + wire.SYNC)
        first, second = session.result(), session.result()
        assert first.types == "12DC1EZ" and first.code == "22012", first.types
        assert second.types == "12DCZ" and second.rows == [["3"]]


def test_flush():
    """Flush brings the answers without a Sync; an error is held until Sync comes"""
    with login() as session:
        assert session.exchange(wire.parse("SELECT 1", "s") + wire.FLUSH, "1").types == "1"
        assert session.exchange(wire.bind(name="s") + wire.execute() + wire.FLUSH, "C").rows == [["1"]]
        assert session.exchange(wire.bind(name="none") + wire.FLUSH, "E").code == "26000"
        assert session.exchange(wire.parse("SELECT 2") + wire.SYNC).types == "Z"


def test_mixed_simple_and_extended():
    """Simple and extended queries mixed in one write keep their order"""
    with login() as session:
        session.send(wire.query("SELECT 1") + wire.parse("SELECT 2") + wire.bind() + wire.execute() +
                     wire.SYNC + wire.query("SELECT 3") + wire.SYNC + wire.query("SELECT 4"))
        rows = [session.result().rows for _ in range(5)]
        assert rows == [[["1"]], [["2"]], [["3"]], [], [["4"]]], rows


def test_portal_limits():
    """A portal with a row limit is suspended and goes on where it was; several can be open"""
    with login() as session:
        session.send(wire.query("BEGIN"))
        session.result()
        sql = "SELECT n FROM numbers ORDER BY n"
        session.send(wire.parse(sql, "s") + wire.bind(portal="a", name="s") + wire.bind(portal="b", name="s"))
        session.send(wire.execute(3, "a") + wire.execute(2, "b") + wire.execute(2, "a") + wire.FLUSH)
        got = []
        for _ in range(3):
            got.append([row[0] for row in session.result("s").rows])
        assert got == [["1", "2", "3"], ["1", "2"], ["4", "5"]], got
        rest = session.exchange(wire.execute(0, "a") + wire.SYNC)
        assert len(rest.rows) == 995 and rest.tags == ["SELECT 995"] and rest.status == "T"
        assert session.exchange(wire.query("ROLLBACK")).status == "I"


def test_sql_and_protocol_names():
    """Prepared statements and cursors made in SQL can be used by message and the reverse"""
    with login() as session:
        session.query("PREPARE by_sql AS SELECT 'prepared'")
        assert session.exchange(wire.bind(name="by_sql") + wire.execute() + wire.SYNC).rows == [["prepared"]]
        session.exchange(wire.parse("SELECT 'parsed'", "by_message") + wire.SYNC)
        assert session.value("EXECUTE by_message") == "parsed"
        session.query("BEGIN; DECLARE c CURSOR FOR SELECT n FROM numbers ORDER BY n")
        assert session.exchange(wire.execute(2, "c") + wire.SYNC).rows == [["1"], ["2"]]
        assert session.query("FETCH c; COMMIT").rows == [["3"]]


def test_copy_out():
    """COPY TO STDOUT, text and binary, whole and with an error on the way"""
    with login() as session:
        result = session.query("COPY (SELECT n, label FROM numbers ORDER BY n) TO STDOUT")
        assert result.types.startswith("Hd") and result.types.endswith("dcCZ"), result.types[:20]
        assert result.copied.splitlines()[999] == b"1000\trow 1000" and result.tags == ["COPY 1000"]
        assert session.query("COPY numbers TO STDOUT (FORMAT binary)").copied.startswith(b"PGCOPY\n\xff")
        broken = session.exchange(wire.query("COPY (SELECT 100 / (50 - n) FROM numbers) TO STDOUT"))
        assert broken.code == "22012" and broken.types.count("d") == 49
        assert session.value("SELECT 1") == "1"


def test_copy_in():
    """COPY FROM STDIN: many messages, cut anywhere, in one or several writes"""
    with login() as session:
        session.query("TRUNCATE inbox")
        session.exchange(wire.query("COPY inbox FROM STDIN"), "G")
        data = b"".join(b"%d\tline %d\n" % (n, n) for n in range(20000))
        session.send(b"".join(wire.copy_data(data[at:at + 777]) for at in range(0, len(data), 777)))
        result = session.exchange(wire.COPY_DONE)
        assert result.tags == ["COPY 20000"], result.errors
        assert session.value("SELECT sum(n) FROM inbox") == str(sum(range(20000)))


def test_copy_in_failures():
    """COPY FROM STDIN that the client gives up, or that the server refuses, leaves the session usable"""
    with login() as session:
        session.exchange(wire.query("COPY inbox FROM STDIN"), "G")
        gave_up = session.exchange(wire.copy_data(b"1\tx\n") + wire.copy_fail("changed my mind"))
        assert gave_up.code == "57014" and "changed my mind" in gave_up.errors[0]["M"]
        session.exchange(wire.query("COPY inbox FROM STDIN"), "G")
        session.send(wire.copy_data(b"no number\tx\n"))
        refused = session.result()
        assert refused.code == "22P02" and refused.status == "I"
        # What a client sends before it has read the error is ignored by the server.
        session.send(b"".join(wire.copy_data(b"1\tx\n") for _ in range(50)) + wire.COPY_DONE)
        assert session.value("SELECT 'usable'") == "usable"


def test_copy_extended():
    """COPY in both directions by Parse, Bind, Execute and Sync"""
    with login() as session:
        session.query("TRUNCATE inbox")
        session.send(wire.parse("COPY inbox FROM STDIN") + wire.bind() + wire.execute() +
                     wire.copy_data(b"1\ta\n") + wire.copy_data(b"2\tb\n") + wire.COPY_DONE + wire.SYNC)
        assert session.result().tags == ["COPY 2"]
        out = session.exchange(wire.parse("COPY inbox TO STDOUT") + wire.bind() + wire.execute() + wire.SYNC)
        assert out.copied == b"1\ta\n2\tb\n" and out.types == "12HddcCZ", out.types


def test_function_call():
    """FunctionCall gives its result, and its errors"""
    with login() as session:
        oid = int(session.value("SELECT 'int4div(int4,int4)'::regprocedure::oid::text"))
        session.send(wire.function_call(oid, struct.pack("!i", 84), struct.pack("!i", 2)))
        kind, body = session.expect("V")
        assert struct.unpack("!ii", body) == (4, 42), kind
        session.expect("Z")
        assert session.exchange(wire.function_call(oid, struct.pack("!i", 1), bytes(4))).code == "22012"
        assert session.value("SELECT 1") == "1"


def test_notifications():
    """NOTIFY reaches sessions that listen, also while they are idle"""
    with login() as listening, login() as speaking:
        listening.query("LISTEN news")
        speaking.query("NOTIFY news, '소식'")
        speaking.query("SELECT pg_notify('news', repeat('x', 7999))")
        result = wire.Result()
        for _ in range(2):
            result.add(*listening.expect("A"))
        assert result.notifications == [("news", "소식"), ("news", "x" * 7999)]


def test_notices():
    """Notices of every level pass, with their fields"""
    with login() as session:
        result = session.query("DO $$ BEGIN RAISE NOTICE 'seen' USING DETAIL = 'd', HINT = 'h';"
                               " RAISE WARNING 'also'; END $$")
        assert [(one["S"], one["M"]) for one in result.notices] == [("NOTICE", "seen"), ("WARNING", "also")]
        assert result.notices[0]["D"] == "d" and result.notices[0]["H"] == "h"


def test_parameter_status():
    """Changed settings are reported, also those that other sessions' reloads change"""
    with login() as session:
        result = session.query("SET application_name = 'changed'; SET TimeZone = 'Asia/Seoul'")
        assert result.parameters == {"application_name": "changed", "TimeZone": "Asia/Seoul"}, result.parameters
        try:
            server().sql("ALTER SYSTEM SET IntervalStyle = 'iso_8601'")
            server().sql("SELECT pg_reload_conf()")
            until(lambda: session.query("SELECT 1").parameters.get("IntervalStyle") == "iso_8601", "a new setting")
        finally:
            server().sql("ALTER SYSTEM RESET IntervalStyle")
            server().sql("SELECT pg_reload_conf()")


def test_error_fields():
    """An error keeps every field: detail, hint, position, names, context"""
    with login() as session:
        fields = session.exchange(wire.query("SELECT nothing FROM numbers")).errors[0]
        assert fields["C"] == "42703" and fields["P"] == "8" and fields["V"] == "ERROR"
        session.query("CREATE TEMP TABLE once (n int CONSTRAINT only_once UNIQUE); INSERT INTO once VALUES (1)")
        fields = session.exchange(wire.query("INSERT INTO once VALUES (1)")).errors[0]
        assert (fields["C"], fields["n"], fields["t"]) == ("23505", "only_once", "once")


def test_cancel():
    """A cancel request with the session's key ends its statement, not the session"""
    with login() as session:
        session.send(wire.query("SELECT pg_sleep(100)"))
        until(lambda: server().backends("state = 'active' AND query LIKE '%pg_sleep%'") == 1, "a statement")
        wire.cancel(front().address("main"), session.key)
        assert session.result().code == "57014"
        assert session.value("SELECT 'goes on'") == "goes on"


def test_cancel_with_wrong_key():
    """A cancel request with a wrong key, or the key of another session, does nothing"""
    with login() as session, login() as other:
        session.send(wire.query("SELECT pg_sleep(100)"))
        until(lambda: server().backends("state = 'active' AND query LIKE '%pg_sleep%'") == 1, "a statement")
        wrong = session.key[:4] + bytes(byte ^ 0x5A for byte in session.key[4:])
        for key in (wrong, other.key, bytes(8), session.key[:4] + other.key[4:]):
            wire.cancel(front().address("main"), key)
        assert server().backends("state = 'active' AND query LIKE '%pg_sleep%'") == 1
        assert other.value("SELECT 'unharmed'") == "unharmed"
        wire.cancel(front().address("main"), session.key)
        assert session.result().code == "57014"


@harness.gateway_only
def test_key_is_not_the_servers():
    """The cancel key that a client gets is worth nothing at the server itself or another gateway"""
    with login() as session:
        session.send(wire.query("SELECT pg_sleep(100)"))
        until(lambda: server().backends("state = 'active' AND query LIKE '%pg_sleep%'") == 1, "a statement")
        wire.cancel(server().address, session.key)
        assert server().backends("state = 'active' AND query LIKE '%pg_sleep%'") == 1
        wire.cancel(front().address("main"), session.key)
        assert session.result().code == "57014"


def test_cancel_of_idle():
    """A cancel request for an idle session is taken and changes nothing"""
    with login() as session:
        wire.cancel(front().address("main"), session.key)
        until(lambda: session.exchange(wire.query("SELECT 1")).rows == [["1"]], "a statement that is not cancelled")
        assert session.value("SELECT 2") == "2"


def test_databases():
    """Several databases of one server are reached through one gateway; an unknown one is the server's error"""
    with login() as one, login(database="other") as two:
        assert one.value("SELECT current_database()") == "postgres"
        assert two.value("SELECT current_database()") == "other"
    try:
        login(database="nowhere")
        raise AssertionError("a session in no database")
    except wire.ServerError as error:
        assert error.code == "3D000", error


def test_servers():
    """A list of gateways guards several servers, each reached at its own address"""
    with wire.login(front().address("second")) as session:
        assert session.value("SELECT name FROM here") == "second"
        assert session.value("SHOW port") == str(second_server().port)
    with login() as session:
        assert session.value("SHOW port") == str(server().port)


def test_terminate():
    """Terminate, or a client that goes away, ends the server's session too"""
    for leave in (wire.Wire.terminate, wire.Wire.abort):
        with login(application_name="leaver") as session:
            assert server().backends("application_name = 'leaver'") == 1
            leave(session)
            until(lambda: server().backends("application_name = 'leaver'") == 0, "the server's session ended")


def test_client_gone_while_busy():
    """A client that goes away while its statement runs ends the statement when it next answers"""
    with login() as holder:
        holder.query("SELECT pg_advisory_lock(7)")
        with login(application_name="leaver") as session:
            session.send(wire.query("SELECT pg_advisory_lock(7)"))
            until(lambda: server().backends("application_name = 'leaver' AND wait_event = 'advisory'") == 1, "a lock")
        holder.query("SELECT pg_advisory_unlock(7)")
        until(lambda: server().backends("application_name = 'leaver'") == 0, "the server's session ended")


def test_half_closed_client():
    """A client that has sent all and closes only its sending side gets every answer"""
    with login() as session:
        session.send(wire.query("SELECT n FROM numbers") + wire.query("SELECT 'last'") + wire.TERMINATE)
        session.half_close()
        assert len(session.result().rows) == 1000 and session.result().rows == [["last"]]
        assert session.read_end() == b""


def test_server_ends_session():
    """A session that the server ends (57P01) is ended with the server's own message"""
    with login() as session:
        pid = session.value("SELECT pg_backend_pid()")
        server().sql(f"SELECT pg_terminate_backend({pid})")
        assert session.refused()["C"] == "57P01"


def test_wide_row():
    """A row of 1600 columns and a statement with 60,000 parameters pass"""
    with login() as session:
        row = session.query("SELECT " + ",".join(str(n) for n in range(1600))).rows[0]
        assert row == [str(n) for n in range(1600)]
        count = 60000
        sql = "SELECT count(*) FROM (VALUES " + ",".join(f"(${n + 1}::int4)" for n in range(count)) + ") v"
        result = session.exchange(wire.parse(sql) + wire.message(
            b"B", b"\0\0\0\0" + struct.pack("!H", count) + struct.pack("!i1s", 1, b"1") * count + b"\0\0") +
            wire.execute() + wire.SYNC)
        assert result.rows == [[str(count)]], result.errors


def test_many_small_messages():
    """A hundred thousand rows of one byte arrive, none lost and none doubled"""
    with login() as session:
        rows = session.query("SELECT n FROM generate_series(1, 100000) n").rows
        assert len(rows) == 100000 and rows[-1] == ["100000"] and rows[31337] == ["31338"]


if __name__ == "__main__":
    harness.main()
