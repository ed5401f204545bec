#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Large traffic: nothing is gathered whole, and a slow reader holds its own session only."""
import contextlib
import os
import signal
import socket
import struct
import time

import certificate
import guard
import harness
import postgres
import process
import wire
from process import until

MEGABYTE = 1 << 20
MEMORY_MAX = 64 * MEGABYTE


@harness.shared
def authority():
    return certificate.Authority(harness.folder())


@harness.shared
def server():
    made = postgres.Server(harness.folder(), certificate=authority().issue("server", "localhost"))
    made.sql("CREATE UNLOGGED TABLE bulk (n int, filler text)")
    return made


@harness.shared
def front():
    own = authority().issue("gateway", "localhost")
    return guard.start([
        guard.gateway(server(), "plain", workers=1),
        guard.gateway(server(), "tls", workers=1, tls=guard.tls(own), upstream_tls={"mode": "require"}),
        dict(guard.gateway(server(), "unix", workers=1), listen=f"{harness.folder()}:{process.free_port()}"),
    ])


def login(way="plain", **more):
    tls = wire.context(authority()) if way == "tls" else None
    return wire.login(front().address(way), tls=tls, timeout=60, **more)


def check_memory():
    """No process of pasu ever had more than MEMORY_MAX."""
    if harness.DIRECT:
        return
    for name, pid in front().pids().items():
        most = process.memory(pid, "VmHWM")
        assert most < MEMORY_MAX, f"{name} had {most / MEGABYTE:.0f} MiB"


def skip_bytes(session, count):
    """Takes `count` bytes that are coming, keeping none of them."""
    while count > 0:
        if not session.buffer:
            session.need(1)
        taken = min(count, len(session.buffer))
        del session.buffer[:taken]
        count -= taken


def pause_in_bulk(way):
    """A stream that stands still after 12 MB: all but the server's own last buffer must arrive."""
    row, rows, kept_by_server = 1 << 17, 96, 8192
    with login(way) as holder, login(way) as reader:
        holder.query("SELECT pg_advisory_lock(7)")
        reader.send(wire.query(
            f"SELECT repeat('x', {row}) FROM generate_series(1, {rows}) UNION ALL "
            f"SELECT repeat('y', {row}) FROM (SELECT pg_advisory_lock_shared(7) OFFSET 0) l"))
        reader.need(rows * row - kept_by_server)
        holder.query("SELECT pg_advisory_unlock(7)")
        assert reader.result().tags == [f"SELECT {rows + 1}"]
        assert reader.value("SELECT 1") == "1"


def test_pause_in_bulk():
    """A bulk stream that the server stops in its middle has arrived up to there, and goes on"""
    pause_in_bulk("plain")


def test_pause_in_bulk_tls():
    """The same with TLS on both sides"""
    pause_in_bulk("tls")


def big_row(way):
    size = 300 * MEGABYTE
    with login(way) as session:
        session.send(wire.query(f"SELECT repeat('x', {size})"))
        session.expect("T")
        head = session.take(11)
        assert head[:1] == b"D" and struct.unpack("!i", head[7:])[0] == size, head
        skip_bytes(session, size)
        assert session.result().tags == ["SELECT 1"]
        assert session.value("SELECT 1") == "1"
    check_memory()


def test_big_row():
    """A row of 300 MB passes while pasu stays below 64 MiB"""
    big_row("plain")


def test_big_row_tls():
    """A row of 300 MB passes through TLS on both sides while pasu stays below 64 MiB"""
    big_row("tls")


def test_big_statement():
    """A statement of 100 MB from the client passes while pasu stays below 64 MiB"""
    size = 100 * MEGABYTE
    with login() as session:
        session.send(wire.query("SELECT length('" + "x" * size + "')"))
        assert session.result().rows == [[str(size)]]
    check_memory()


def test_big_copy_message():
    """One CopyData message of 100 MB passes in both directions"""
    size = 100 * MEGABYTE
    with login() as session:
        session.query("TRUNCATE bulk")
        session.exchange(wire.query("COPY bulk FROM STDIN"), "G")
        session.send(wire.copy_data(b"1\t" + b"y" * size + b"\n") + wire.COPY_DONE)
        assert session.result().tags == ["COPY 1"]
        assert len(session.query("COPY bulk TO STDOUT").copied) == size + 3
    check_memory()


def is_waiting(what):
    return server().backends(f"wait_event = '{what}' AND application_name = 'slow'") == 1


def slow_reader(way):
    rows = 300
    with login(way, application_name="slow", receive_buffer=1 << 16) as session:
        session.send(wire.query(f"SELECT repeat('x', {MEGABYTE}) FROM generate_series(1, {rows})"), drain=False)
        until(lambda: is_waiting("ClientWrite"), "a server that waits for its reader")
        with login(way) as other:
            assert other.value("SELECT 1") == "1", "another session is held up"
        check_memory()
        if not harness.DIRECT:
            until(process.rests(front().pids()["gate"]), "a gate that waits without looking")
        session.expect("T")
        for _ in range(rows):
            head = session.take(11)
            assert head[:1] == b"D", head
            skip_bytes(session, struct.unpack("!i", head[7:])[0])
        assert session.result().tags == [f"SELECT {rows}"]


def test_slow_reader():
    """A client that does not read holds the server back; pasu is at rest, its memory and other sessions as before"""
    slow_reader("plain")


def test_slow_reader_tls():
    """The same with TLS on both sides"""
    slow_reader("tls")


def test_slow_reader_leaves():
    """All that the server had sent arrives, also where it is gone long before the client has read that"""
    row, rows = 8000, 700
    for end in (wire.TERMINATE, b""):
        with login(application_name="slow", receive_buffer=4096) as session:
            session.send(wire.query(f"SELECT repeat('x', {row}) FROM generate_series(1, {rows})") + end)
            if not end:
                session.half_close()
            until(lambda: is_waiting("ClientWrite") or not server().backends("application_name = 'slow'"),
                  "a server that waits for its reader, or is gone")
            came = session.read_end()
            assert came.count(b"x") == row * rows, f"{came.count(b'x')} bytes of {row * rows}"
            assert f"SELECT {rows}".encode() in came[-30:], came[-30:]


@harness.root_only
def test_slow_server():
    """A server that does not read holds the client back; pasu's memory and other sessions stay as they are"""
    with login(application_name="slow") as session:
        pid = int(session.value("SELECT pg_backend_pid()"))
        session.query("TRUNCATE bulk")
        session.exchange(wire.query("COPY bulk FROM STDIN"), "G")
        os.kill(pid, signal.SIGSTOP)
        try:
            one = wire.copy_data(b"1\t" + b"z" * 10000 + b"\n")
            block, sent = one * 100, 0
            left = b""
            while sent < 200 * MEGABYTE:
                left = left or block
                taken = session.send_some(left)
                left, sent = left[taken:], sent + taken
                if taken == 0:
                    try:
                        session._wait(False, True, time.monotonic() + 1)
                    except TimeoutError:
                        break
            assert sent < 100 * MEGABYTE, "the client was never held back"
            with login() as other:
                assert other.value("SELECT 1") == "1"
            check_memory()
        finally:
            os.kill(pid, signal.SIGCONT)
        session.send(left + wire.COPY_DONE)
        result = session.result()
        count = int(result.tags[0].split()[1])
        assert count >= sent // len(one), result.tags
        assert session.value("SELECT count(*) FROM bulk") == str(count)


@harness.root_only
def test_client_leaves_slow_server():
    """All that a client had sent by a Unix socket arrives, also where it is gone before the server takes it"""
    place = server().socket if harness.DIRECT else front().address("unix")
    with wire.login(place, application_name="slow") as session, wire.login(place) as other:
        pid = int(session.value("SELECT pg_backend_pid()"))
        session.query("TRUNCATE bulk")
        session.exchange(wire.query("COPY bulk FROM STDIN"), "G")
        os.kill(pid, signal.SIGSTOP)
        try:
            session.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 15)
            one, rows, left = wire.copy_data(b"1\t" + b"z" * 1000 + b"\n"), 0, b""
            with contextlib.suppress(TimeoutError):
                while True:
                    rows += not left
                    left = left or one
                    taken = session.send_some(left)
                    left = left[taken:]
                    if taken == 0:
                        session._wait(False, True, time.monotonic() + 1)
            session.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 17)
            end = left + wire.COPY_DONE + wire.TERMINATE
            assert session.send_some(end) == len(end), "there is no room for the end"
            session.abort()
            wire.handled(other)
        finally:
            os.kill(pid, signal.SIGCONT)
    until(lambda: not server().backends("application_name = 'slow'"), "the server's session ends")
    assert server().value("SELECT count(*) FROM bulk") == str(rows), f"{server().value('SELECT count(*) FROM bulk')} of {rows} rows"


def test_many_slow_readers():
    """Sixteen clients that do not read cost pasu no more than their buffers"""
    slow = [login(application_name="slow", receive_buffer=1 << 14) for _ in range(16)]
    for session in slow:
        session.send(wire.query(f"SELECT repeat('x', {MEGABYTE}) FROM generate_series(1, 80)"), drain=False)
    until(lambda: server().backends("wait_event = 'ClientWrite'") == 16, "all servers wait")
    check_memory()
    for session in slow:
        session.abort()
    until(lambda: server().backends() == 0, "the servers' sessions end")


def test_pipeline_without_reading():
    """A client that sends statement after statement and reads no answer is held back, then gets all"""
    with login(receive_buffer=1 << 14) as session:
        one = wire.parse("SELECT repeat('x', 10000)") + wire.bind() + wire.execute() + wire.SYNC
        sent, left = 0, b""
        while sent < 20 * MEGABYTE:
            left = left or one * 100
            taken = session.send_some(left)
            left, sent = left[taken:], sent + taken
            if taken == 0:
                try:
                    session._wait(False, True, time.monotonic() + 1)
                except TimeoutError:
                    break
        check_memory()
        session.send(left)
        expected = (sent + len(left)) // len(one)
        for _ in range(expected):
            assert session.result().types == "12DCZ"
        assert session.value("SELECT 'all'") == "all"


if __name__ == "__main__":
    harness.main()
