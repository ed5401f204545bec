#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Replication connections carry everything there is: nobody may open one unless the configuration
names the role."""
import os
import struct
import subprocess

import guard
import harness
import postgres
import wire


@harness.shared
def server():
    made = postgres.Server(harness.folder())
    for role in ("replicator", "other"):
        made.sql(f"CREATE ROLE {role} LOGIN REPLICATION")
    made.sql("GRANT CREATE ON DATABASE postgres TO replicator")
    made.sql("CREATE TABLE watched (n int PRIMARY KEY)")
    return made


@harness.shared
def front():
    return guard.start([guard.gateway(server(), "named", replication=["replicator"]),
                        guard.gateway(server(), "nobody")])


def login(user="replicator", way="named", replication="true", **more):
    return wire.login(front().address(way), user=user, replication=replication, **more)


def streamed(user, value):
    """Whether a role that connects past pasu is shown in the log what another one writes."""
    secret = f"Kim of {user}, {value}"
    with wire.login(server().address, user=user, replication=value, **({"database": "postgres"} if value == "database" else {})) as session:
        position = session.query("IDENTIFY_SYSTEM").rows[0][2]
        server().sql(f"CREATE TABLE IF NOT EXISTS people (name text); INSERT INTO people SELECT '{secret}' FROM generate_series(1, 5)")
        session.send(wire.query(f"START_REPLICATION PHYSICAL {position}"))
        session.expect("W")
        came = b""
        while secret.encode() not in came:  # the end of a page of the log can be within one of them, not within all
            body = session.expect("d")[1]
            came += body[25:] if body[:1] == b"w" else b""
        session.abort()
    return True


@harness.gateway_only
def test_refused_by_default():
    """Where pasu is not asked whoever may replicate gets one, and with it what is written; a replication connection is refused (28000) to every role that
    is not named, superusers too"""
    for user in ("replicator", "postgres", "other"):
        for value in ("true", "on", "1", "yes", "database"):
            assert streamed(user, value), f"{user}, replication={value}: the harm"
    for way, user in (("nobody", "replicator"), ("nobody", "postgres"), ("named", "other")):
        for value in ("true", "on", "1", "yes", "database"):
            try:
                login(user, way, value)
                raise AssertionError(f"{user} got a replication connection by {way}, replication={value}")
            except wire.ServerError as error:
                assert error.code == "28000", error
                assert "replication" in error.fields["M"]


@harness.gateway_only
def test_refused_however_it_is_asked():
    """No way of writing the parameter gets past: capitals, abbreviations; twice is none"""
    packets = [
        {"replication": "TRUE"}, {"replication": "tr"}, {"replication": "DATABASE"}, {"replication": "oN"},
    ]
    for options in packets:
        with wire.Wire(front().address("nobody")) as session:
            session.send(wire.startup("replicator", "postgres", **options))
            kind, body = session.receive()
            assert kind == "E", (options, kind)
    twice = (struct.pack("!i", wire.VERSION_3_0) + wire.text("user") + wire.text("replicator") +
             wire.text("replication") + wire.text("false") + wire.text("replication") + wire.text("true") + b"\0")
    with wire.Wire(front().address("nobody")) as session:
        session.send(struct.pack("!i", len(twice) + 4) + twice)
        kind, body = session.receive()
        assert kind == "E" and wire.read_fields(body)["C"] == "08P01", (kind, body)


def test_false_is_none():
    """replication=false is an ordinary session"""
    with login("other", "nobody", "false") as session:
        assert session.value("SELECT 1") == "1"


def test_identify_system():
    """A named role can open one: IDENTIFY_SYSTEM, SHOW and TIMELINE_HISTORY answer"""
    with login() as session:
        row = session.query("IDENTIFY_SYSTEM").rows[0]
        assert row[0].isdigit() and row[1] == "1", row
        assert session.value("SHOW wal_level") == "logical"


def test_physical_stream():
    """START_REPLICATION streams both ways, and ends with CopyDone from both sides"""
    with login() as session:
        position = session.query("IDENTIFY_SYSTEM").rows[0][2]
        session.send(wire.query(f"START_REPLICATION PHYSICAL {position}"))
        session.expect("W")
        server().sql("INSERT INTO watched SELECT coalesce(max(n), 0) + 1 FROM watched; SELECT pg_switch_wal()")
        received = 0
        while received == 0:
            body = session.expect("d")[1]
            if body[:1] == b"w":
                received = len(body) - 25
                at = struct.unpack("!q", body[1:9])[0] + received
        session.send(wire.copy_data(b"r" + struct.pack("!qqqqb", at, at, at, 0, 1)))
        while session.expect("d")[1][:1] != b"k":
            pass
        result = session.exchange(wire.COPY_DONE)
        assert "c" in result.types and result.types.endswith("CZ"), result.types
        assert session.query("IDENTIFY_SYSTEM").rows


def test_logical_slot():
    """A logical replication connection runs SQL, makes a slot, streams decoded changes and drops it"""
    with login(replication="database", database="postgres") as session:
        assert session.value("SELECT 1") == "1"
        session.query("CREATE_REPLICATION_SLOT demo TEMPORARY LOGICAL test_decoding")
        server().sql("INSERT INTO watched SELECT coalesce(max(n), 0) + 1 FROM watched")
        session.send(wire.query("START_REPLICATION SLOT demo LOGICAL 0/0"))
        session.expect("W")
        decoded = b""
        while b"COMMIT" not in decoded:
            body = session.expect("d")[1]
            decoded += body[25:] if body[:1] == b"w" else b""
        assert b"table public.watched: INSERT: n[integer]" in decoded, decoded
        session.send(wire.COPY_DONE)
        while session.receive()[0] != "Z":
            pass
        session.query("DROP_REPLICATION_SLOT demo")


def tool(name):
    """The server's own, or the installed one, which speaks to servers of its version and older ones."""
    for folder in (server().binaries, *([postgres.BIN] if not harness.SERVER or harness.SERVER <= 15 else [])):
        if (folder / name).exists():
            return folder / name
    raise harness.Skip(f"no {name} of version {harness.SERVER}")


def run_tool(*words):
    host, port = front().address("named")
    done = subprocess.run([tool(words[0]), "-h", host, "-p", str(port), "-U", "replicator", *words[1:]],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=100, check=False, text=True, cwd=harness.folder())
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_pg_receivewal():
    """pg_receivewal fetches the log up to a position"""
    folder = harness.folder() / "wal"
    folder.mkdir()
    server().sql("INSERT INTO watched SELECT coalesce(max(n), 0) + 1 FROM watched; CHECKPOINT")
    end = server().value("SELECT pg_current_wal_flush_lsn()")
    run_tool("pg_receivewal", "-D", str(folder), "--endpos", end, "--no-loop")
    assert os.listdir(folder), "nothing was received"


def test_pg_basebackup():
    """pg_basebackup copies the whole server, streaming its log meanwhile"""
    folder = harness.folder() / "backup"
    run_tool("pg_basebackup", "-D", str(folder), "-X", "stream", "-c", "fast", "--no-sync")
    assert (folder / "PG_VERSION").exists() and os.listdir(folder / "pg_wal")


def test_cancelled_stream():
    """A client of a stream that goes away ends the server's sender too"""
    with login(application_name="gone") as session:
        position = session.query("IDENTIFY_SYSTEM").rows[0][2]
        session.send(wire.query(f"START_REPLICATION PHYSICAL {position}"))
        session.expect("W")
        assert server().backends("backend_type = 'walsender' AND application_name = 'gone'") == 1
    harness.process.until(lambda: server().backends("application_name = 'gone'") == 0, "the sender's end")


if __name__ == "__main__":
    harness.main()
