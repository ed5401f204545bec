#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How a connection begins: TLS, GSS, protocol versions, limits before authentication, junk."""
import select
import socket
import ssl
import struct
import warnings

import certificate
import guard
import harness
import postgres
import wire
from process import until

JUNK = {
    "an HTTP request": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "an SSH greeting": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "zeros": bytes(64),
    "a length of -1": struct.pack("!ii", -1, wire.VERSION_3_0),
    "a length of 2 GiB": struct.pack("!ii", 0x7FFFFFFF, wire.VERSION_3_0) + b"user\0x\0\0",
    "a length smaller than the packet's head": struct.pack("!ii", 7, wire.VERSION_3_0),
    "a packet longer than the server takes": struct.pack("!ii", 20000, wire.VERSION_3_0) + b"x" * 19992,
    "parameters without their end": struct.pack("!ii", 13, wire.VERSION_3_0) + b"user\0",
    "a name without a value": struct.pack("!ii", 14, wire.VERSION_3_0) + b"user\0\0",
    "bytes after the parameters": struct.pack("!ii", 21, wire.VERSION_3_0) + b"user\0x\0\0junk\0",
    "version 2": wire.startup("postgres", version=2 << 16),
    "version 4": wire.startup("postgres", version=4 << 16),
    "a cancel request without a key": wire.request(wire.CANCEL, b"\0\0\0\1"),
    "a request that is none": wire.request((1234 << 16) + 5600, b""),
}


@harness.shared
def authority():
    return certificate.Authority(harness.folder())


@harness.shared
def server():
    own = authority().issue("server", "localhost")
    made = postgres.Server(harness.folder(), certificate=own,
                           hba="host all asked all scram-sha-256\n" + postgres.TRUST)
    made.sql("CREATE ROLE asked LOGIN PASSWORD 'secret'")
    return made


@harness.shared
def front():
    own = authority().issue("gateway", "localhost")
    limits = {"handshake_time": "1s", "connections_per_address": 4, "message_size": "1KiB"}
    return guard.start([
        guard.gateway(server(), "allow", tls=guard.tls(own)),
        guard.gateway(server(), "off", tls={"mode": "off"}),
        guard.gateway(server(), "require", tls=guard.tls(own, "require")),
        guard.gateway(server(), "strict", limits=limits),
    ])


def answer(name, code):
    with wire.Wire(front().address(name)) as session:
        session.send(wire.request(code))
        return session.byte()


def serves(name="allow"):
    """The gateway still takes sessions."""
    with wire.login(front().address(name)) as session:
        assert session.value("SELECT 1") == "1"


@harness.gateway_only
def test_ssl_request_by_mode():
    """SSLRequest is answered N where tls is off, S where it is allowed or required"""
    said = {name: answer(name, wire.SSL_REQUEST) for name in ("off", "allow", "require")}
    assert said == {"off": b"N", "allow": b"S", "require": b"S"}, said


@harness.gateway_only
def test_goes_on_after_n():
    """A client that is answered N can go on without TLS on the same connection"""
    for code in (wire.SSL_REQUEST, wire.GSS_REQUEST):
        with wire.Wire(front().address("off")) as session:
            session.send(wire.request(code))
            assert session.byte() == b"N"
            session.send(wire.startup("postgres", "postgres"))
            assert session.authenticate("postgres").value("SELECT 1") == "1"


@harness.gateway_only
def test_gss_refused_then_tls():
    """GSSENCRequest is answered N, after which SSLRequest, TLS and the session follow"""
    with wire.Wire(front().address("allow")) as session:
        session.send(wire.request(wire.GSS_REQUEST))
        assert session.byte() == b"N"
        session.ask_tls(wire.context(authority()))
        session.send(wire.startup("postgres", "postgres"))
        assert session.authenticate("postgres").value("SELECT 1") == "1"


def test_tls_session():
    """A session inside TLS works, and the certificate is the configured one"""
    with wire.login(front().address("allow"), tls=wire.context(authority())) as session:
        name = "server" if harness.DIRECT else "gateway"
        expected = ssl.PEM_cert_to_DER_cert((harness.folder() / f"{name}.crt").read_text())
        assert session.socket.getpeercert(binary_form=True) == expected
        assert session.socket.version() in ("TLSv1.2", "TLSv1.3")
        assert session.value("SELECT repeat('x', 100000)") == "x" * 100000


@harness.gateway_only
def test_plain_refused_where_required():
    """Where TLS is required a client without it is told so (28000) before anything reaches the server"""
    with wire.Wire(front().address("require")) as session:
        session.send(wire.startup("nobody_knows", "postgres"))
        fields = session.refused()
        assert fields["C"] == "28000" and fields["S"] == "FATAL" and "TLS" in fields["M"], fields


@harness.gateway_only
def test_direct_tls():
    """TLS without asking is taken with ALPN postgresql"""
    context = wire.context(authority(), alpn="postgresql")
    with wire.login(front().address("allow"), direct_tls=context) as session:
        assert session.socket.selected_alpn_protocol() == "postgresql"
        assert session.value("SELECT 1") == "1"


@harness.gateway_only
def test_direct_tls_needs_alpn():
    """TLS without asking is refused where the client names no protocol, or another one"""
    for alpn in (None, "http/1.1"):
        try:
            with wire.login(front().address("allow"), direct_tls=wire.context(authority(), alpn=alpn)):
                raise AssertionError(f"a session with ALPN {alpn}")
        except (wire.Closed, ssl.SSLError, wire.ServerError):
            pass
    serves()


@harness.gateway_only
def test_bytes_before_tls():
    """Bytes sent after SSLRequest, before its answer, end the connection: nobody injects a start"""
    with wire.Wire(front().address("allow")) as session:
        session.send(wire.request(wire.SSL_REQUEST) + wire.startup("postgres", "postgres"))
        rest = session.read_end()
        assert rest[:1] != b"R" and b"\0\0\0\x08\0\0\0\0" not in rest, rest


@harness.gateway_only
def test_tls_versions():
    """TLS 1.1 and older are refused"""
    context = wire.context(authority())
    warnings.simplefilter("ignore", DeprecationWarning)
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    try:
        with wire.login(front().address("allow"), tls=context):
            raise AssertionError("TLS 1.1 was taken")
    except (ssl.SSLError, wire.Closed):
        pass


def test_newer_minor_version():
    """Protocol 3.2 and 3.99 and unknown _pq_. options are negotiated as the server behind does it"""
    told = {}
    for way, address in (("direct", server().address), ("gateway", front().address("allow"))):
        for version in (wire.VERSION_3_2, wire.VERSION_3_0 + 99):
            for options in ({}, {"_pq_.unheard_of": "1"}):
                with wire.login(address, version=version, **options) as session:
                    told.setdefault((version, bool(options)), set()).add(session.version_offered)
                    assert session.value("SELECT 1") == "1", way
    assert all(len(one) == 1 for one in told.values()), told


def test_startup_parameters():
    """The client's start-up options reach the server, and the server's parameters reach the client"""
    options = {"application_name": "시험 도구", "options": "-c search_path=pg_catalog -c work_mem=3MB",
               "client_encoding": "UTF8"}
    seen = []
    for address in (server().address, front().address("allow")):
        with wire.login(address, **options) as session:
            assert session.value("SHOW work_mem") == "3MB"
            assert session.value("SHOW search_path") == "pg_catalog"
            seen.append(session.parameters)
    assert seen[0] == seen[1], seen


def test_byte_by_byte():
    """A session whose client sends one byte at a time works like any other"""
    with wire.Wire(front().address("allow")) as session:
        said = (wire.startup("postgres", "postgres") + wire.query("SELECT 'one'") +
                wire.parse("SELECT $1::text") + wire.bind(["two"]) + wire.execute() + wire.SYNC)
        for at in range(len(said)):
            session.send(said[at:at + 1], drain=False)
        session.authenticate("postgres")
        assert session.result().rows == [["one"]] and session.result().rows == [["two"]]


def test_everything_in_one_packet():
    """A client may send its start-up packet and its first queries in one write"""
    with wire.Wire(front().address("allow")) as session:
        session.send(wire.startup("postgres", "postgres") + wire.query("SELECT 1") + wire.query("SELECT 2"))
        session.authenticate("postgres")
        assert session.result().rows == [["1"]] and session.result().rows == [["2"]]


@harness.gateway_only
def test_junk_at_start():
    """Junk instead of a start-up packet is answered with an error of the protocol and an end"""
    wrong = {}
    for name, data in JUNK.items():
        with wire.Wire(front().address("allow")) as session:
            session.send(data)
            session.half_close()
            rest = session.read_end()
        if rest:
            fields = wire.read_fields(rest[5:])
            if rest[:1] != b"E" or fields.get("C") not in ("08P01", "0A000", "28000") or \
                    fields.get("S") != "FATAL":
                wrong[name] = rest[:200]
        elif not name.startswith("a cancel request"):
            wrong[name] = b"closed without a word"
    assert not wrong, wrong
    serves()


@harness.gateway_only
def test_junk_codes():
    """Malformed start-up packets are 08P01, other major versions 0A000, a missing user 28000"""
    packets = {wire.startup("postgres", version=2 << 16): "0A000", wire.startup(None, "postgres"): "28000",
               JUNK["bytes after the parameters"]: "08P01", JUNK["a length of 2 GiB"]: "08P01"}
    for packet, code in packets.items():
        with wire.Wire(front().address("allow")) as session:
            session.send(packet)
            fields = session.refused()
            assert fields["C"] == code, (packet[:40], fields)


@harness.gateway_only
def test_cut_at_every_byte():
    """A client that goes away after any byte of its start leaves nothing behind"""
    said = wire.request(wire.SSL_REQUEST), wire.startup("postgres", "postgres")
    for packet in said:
        for length in range(len(packet)):
            with wire.Wire(front().address("off")) as session:
                session.send(packet[:length])
                session.half_close()
                session.read_end()
    front().until_sessions(0)
    serves()


@harness.gateway_only
def test_handshake_time():
    """Who does not get through start-up within limits.handshake_time is closed; who did, stays"""
    with wire.login(front().address("strict")) as stays:
        silent = [wire.Wire(front().address("strict")) for _ in range(2)]
        silent[1].send(wire.startup("asked", "postgres"))  # stops at the password
        for session in silent:
            with session:
                rest = session.read_end()
                at = rest.rfind(b"E\0")
                assert rest == b"" or wire.read_fields(rest[at + 5:])["C"] == "08006", rest
        assert stays.value("SELECT 1") == "1"


@harness.gateway_only
def test_message_size_before_authentication():
    """A message longer than limits.message_size is refused before authentication, and taken after it"""
    with wire.Wire(front().address("strict")) as session:
        session.send(wire.startup("asked", "postgres"))
        session.expect("R")
        session.send(wire.message(b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", 3000) + b"n" * 3000))
        assert session.refused()["C"] == "08P01"
    with wire.login(front().address("strict")) as session:
        assert session.value("SELECT length('" + "x" * 100000 + "')") == "100000"


@harness.gateway_only
def test_connections_per_address():
    """Of one address no more than limits.connections_per_address wait for authentication; others may"""
    address = front().address("strict")
    waiting = [wire.Wire(address, source="127.0.0.5") for _ in range(5)]
    try:
        refused = select.select([one.socket for one in waiting], [], [], 20)[0]
        assert len(refused) == 1, f"{len(refused)} of five were refused"
        one = next(each for each in waiting if each.socket is refused[0])
        kind, body = one.receive()
        assert kind == "E" and wire.read_fields(body)["C"] == "53300", body
        with wire.login(address, source="127.0.0.6") as other:
            assert other.value("SELECT 1") == "1"
        for each in waiting:
            each.abort()

        def again():
            try:
                with wire.login(address, source="127.0.0.5") as session:
                    return session.value("SELECT 1") == "1"
            except (wire.ServerError, wire.Closed):
                return False
        until(again, "a connection again, once the others are gone")
    finally:
        for each in waiting:
            each.abort()


@harness.gateway_only
def test_authenticated_are_not_counted():
    """Sessions that are authenticated do not count towards limits.connections_per_address"""
    held = [wire.login(front().address("strict")) for _ in range(12)]
    assert all(one.value("SELECT 1") == "1" for one in held)
    for one in held:
        one.terminate()
    front().until_sessions(0)


@harness.gateway_only
def test_reset_instead_of_start():
    """Connections that are reset at once do no harm"""
    for _ in range(200):
        with socket.create_connection(front().address("allow")) as raw:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def answers():
        """Those that pasu has not seen end yet still count towards connections_per_address."""
        try:
            serves()
            return True
        except wire.ServerError as error:
            if error.code != "53300":
                raise
            return False

    until(answers, "a connection is taken again")


if __name__ == "__main__":
    harness.main()
