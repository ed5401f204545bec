#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Where clients connect: TCP over both families, Unix sockets, and the PROXY protocol's listener."""
import os
import pwd
import socket
import stat
import struct

import guard
import harness
import postgres
import process
import wire

LISTED, UNLISTED = "127.0.0.2", "127.0.0.9"


@harness.shared
def server():
    return postgres.Server(harness.folder())


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False


@harness.shared
def folder():
    """Where the Unix socket is made: by pasu while it still has the rights of who started it."""
    path = harness.folder() / "sockets"
    path.mkdir(mode=0o755)
    return path


@harness.shared
def front():
    listen = [f"127.0.0.1:{process.free_port()}", f"{folder()}:{process.free_port()}"]
    if has_ipv6():
        listen.append(f"[::1]:{process.free_port()}")
    first = guard.gateway(server(), "many")
    first["listen"] = listen
    upstream = f"{server().folder}:{server().port}"
    proxied = guard.gateway(server(), "proxied", proxy_protocol={
        "listen": f"127.0.0.1:{process.free_port()}", "from": [LISTED + "/32", "2001:db8::/32"]})
    return guard.start([first, guard.gateway(upstream, "by-socket"), proxied])


def proxy_place():
    return guard.place(front().gateways["proxied"]["proxy_protocol"]["listen"])


def source_of(application):
    """What pasu says of the one session with this application_name."""
    found = [one for one in front().sessions() if one["application"] == application]
    assert len(found) == 1, front().sessions()
    return found[0]["source"]


@harness.gateway_only
def test_unix_socket():
    """A Unix socket is a listener like any other, and any account may connect to it"""
    path = front().address("many", 1)
    assert stat.S_IMODE(os.stat(path).st_mode) & 0o666 == 0o666, oct(os.stat(path).st_mode)
    with wire.login(path, application_name="by unix") as session:
        assert session.value("SELECT 1") == "1"
        assert source_of("by unix")["port"] in (0, None)


@harness.gateway_only
@harness.root_only
def test_unix_socket_for_others():
    """An account without rights reaches the Unix socket"""
    path = front().address("many", 1)
    psql = server().binaries / "psql"
    done = process.Process("psql", [psql, "-X", "-h", os.path.dirname(path), "-p", path.rsplit(".", 1)[1],
                                    "-U", "postgres", "-d", "postgres", "-Atc", "SELECT 'reached'"],
                           account=pwd.getpwuid(65534).pw_name)
    assert done.wait() == 0 and done.lines == ["reached"], done.lines


@harness.gateway_only
def test_ipv6():
    """A listener on [::1]"""
    if not has_ipv6():
        raise harness.Skip("no IPv6 here")
    with wire.login(front().address("many", 2), application_name="six") as session:
        assert session.value("SELECT 1") == "1"
        assert source_of("six")["address"] == "::1"


@harness.gateway_only
def test_upstream_by_unix_socket():
    """The guarded server can be behind a Unix socket"""
    with wire.login(front().address("by-socket")) as session:
        assert session.value("SELECT inet_client_addr() IS NULL") == "t"
        rows = session.query("SELECT repeat('x', 1000) FROM generate_series(1, 20000)").rows
        assert len(rows) == 20000 and all(row == ["x" * 1000] for row in rows)
        session.send(wire.query("SELECT pg_sleep(100)"))
        process.until(lambda: server().backends("query LIKE '%pg_sleep(100)%' AND state = 'active'") == 1, "a statement")
        wire.cancel(front().address("by-socket"), session.key)
        assert session.result().code == "57014"


@harness.gateway_only
def test_proxy_header():
    """A listed peer's PROXY header gives the client's address, IPv4 and IPv6, with or without extras"""
    extras = struct.pack("!BH", 0x04, 200) + bytes(200)
    headers = [(wire.proxy_header(("203.0.113.7", 40000)), "203.0.113.7", 40000),
               (wire.proxy_header(("2001:db8::1234", 40001), ("2001:db8::1", 1)), "2001:db8::1234", 40001),
               (wire.proxy_header(("203.0.113.8", 40002), more=extras), "203.0.113.8", 40002)]
    for bytes_, address, port in headers:
        name = f"from {port}"
        with wire.login(proxy_place(), source=LISTED, header=bytes_, application_name=name) as session:
            assert session.value("SELECT 1") == "1"
            assert source_of(name) == {"address": address, "port": port}, source_of(name)


@harness.gateway_only
def test_proxy_header_in_pieces():
    """The header may come byte by byte, and in one packet with what follows"""
    whole = wire.proxy_header(("203.0.113.7", 40000)) + wire.startup("postgres", "postgres")
    with wire.Wire(proxy_place(), source=LISTED) as session:
        for at in range(len(whole)):
            session.send(whole[at:at + 1], drain=False)
        assert session.authenticate("postgres").value("SELECT 1") == "1"
    with wire.Wire(proxy_place(), source=LISTED) as session:
        session.send(whole)
        assert session.authenticate("postgres").value("SELECT 1") == "1"


@harness.gateway_only
def test_proxy_local():
    """A LOCAL header (the balancer's own check) keeps the peer's own address"""
    local = wire.proxy_header(("203.0.113.7", 1), command=0)
    bare = wire.PROXY_SIGNATURE + b"\x20\0\0\0"
    for number, one in enumerate((local, bare)):
        with wire.login(proxy_place(), source=LISTED, header=one, application_name=f"local {number}") as session:
            assert session.value("SELECT 1") == "1"
            assert source_of(f"local {number}")["address"] == LISTED


def is_refused(place, data, source):
    with wire.Wire(place, source=source) as session:
        try:
            session.send(data)
            rest = session.read_end()
        except wire.Closed:
            return True
        return b"R\0\0\0\x08\0\0\0\0" not in rest and b"Z\0\0\0\5I" not in rest


@harness.gateway_only
def test_proxy_unlisted():
    """A peer that is not listed is refused, whatever it sends"""
    start = wire.startup("postgres", "postgres") + wire.TERMINATE
    assert is_refused(proxy_place(), wire.proxy_header(("203.0.113.7", 4)) + start, UNLISTED)
    assert is_refused(proxy_place(), start, UNLISTED)


@harness.gateway_only
def test_proxy_header_must_come():
    """On the PROXY listener nothing but a well-formed version 2 header is taken"""
    start = wire.startup("postgres", "postgres") + wire.TERMINATE
    wrong = [
        start,
        b"PROXY TCP4 203.0.113.7 198.51.100.1 1 2\r\n" + start,
        wire.proxy_header(("203.0.113.7", 4), version=1) + start,
        wire.proxy_header(("203.0.113.7", 4), command=5) + start,
        wire.proxy_header(("203.0.113.7", 4), family=0x21)[:16 + 12] + start,
        wire.proxy_header(("203.0.113.7", 4), family=0x12) + start,
        wire.PROXY_SIGNATURE + b"\x21\x11" + struct.pack("!H", 4) + b"\0" * 4 + start,
        wire.PROXY_SIGNATURE + b"\x21\x11" + struct.pack("!H", 65535) + b"\0" * 65535 + start,
    ]
    for number, data in enumerate(wrong):
        assert is_refused(proxy_place(), data, LISTED), f"taken: {number}: {data[:60]!r}"


@harness.gateway_only
def test_proxy_header_elsewhere():
    """On an ordinary listener a PROXY header is junk: nobody says who he is"""
    start = wire.proxy_header(("203.0.113.7", 4)) + wire.startup("postgres", "postgres") + wire.TERMINATE
    assert is_refused(front().address("proxied"), start, LISTED)


@harness.gateway_only
def test_proxied_address_counts():
    """Limits by address count the client that the header names, not the balancer: neither before its header nor after it"""
    pending = [wire.Wire(proxy_place(), source=LISTED) for _ in range(100)]
    with wire.login(proxy_place(), source=LISTED, header=wire.proxy_header(("203.0.113.200", 4))) as session:
        assert session.value("SELECT 1") == "1"
    for number, one in enumerate(pending):
        one.send(wire.proxy_header((f"203.0.113.{number + 1}", 4)))
    with wire.login(proxy_place(), source=LISTED, header=wire.proxy_header(("203.0.113.200", 4))) as session:
        assert session.value("SELECT 1") == "1"
    for one in pending:
        one.abort()


if __name__ == "__main__":
    harness.main()
