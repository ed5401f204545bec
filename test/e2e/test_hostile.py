#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Bytes that no honest peer sends, from either side: the session ends, nothing else does.

Mutations are made by a generator with a fixed start, so a failure comes again; PASU_E2E_SEED gives
others."""
import os
import random
import socket
import struct
import threading

import guard
import harness
import postgres
import process
import wire

SEED = int(os.environ.get("PASU_E2E_SEED", "1"))
SESSIONS = 20000 if harness.LONG else 2000
TIME = 1200 if harness.LONG else 120


@harness.shared
def server():
    return postgres.Server(harness.folder(), settings={"statement_timeout": "2s", "max_connections": 100})


class Liar:
    """A server that answers every connection with bytes that a test chose, and closes."""

    def __init__(self):
        self.said, self.listening = b"", socket.create_server(("127.0.0.1", process.free_port()), backlog=100)
        self.port = self.listening.getsockname()[1]
        self.upstream = f"127.0.0.1:{self.port}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                taken, _ = self.listening.accept()
            except OSError:
                return
            with taken:
                taken.settimeout(60)
                try:
                    taken.recv(65536)
                    taken.sendall(self.said)
                    taken.shutdown(socket.SHUT_WR)
                    while taken.recv(65536):
                        pass
                except OSError:
                    pass


@harness.shared
def liar():
    made = Liar()
    yield made
    made.listening.close()


@harness.shared
def front():
    made = guard.start([guard.gateway(server(), "honest", limits={"handshake_time": "5s"}),
                        guard.gateway(liar(), "lied-to", limits={"handshake_time": "5s"})])
    made.before = None if harness.DIRECT else made.pids()
    return made


def check_unharmed():
    """The same processes as at the start, and they serve."""
    with wire.login(front().address("honest")) as session:
        assert session.value("SELECT 'served'") == "served"
    assert front().pids() == front().before, (front().pids(), front().before, front().process.tail())
    front().until_sessions(0)


def one_session():
    """What a client of every kind of message says, as a list of packets."""
    return [
        wire.startup("postgres", "postgres", application_name="mutant"),
        wire.query("SELECT generate_series(1, 10)"),
        wire.parse("SELECT $1::text", "s", [25]) + wire.describe("S", "s"),
        wire.bind(["value"], name="s", portal="p", formats=(0,), results=(0,)) + wire.describe("P", "p"),
        wire.execute(1, "p") + wire.FLUSH + wire.execute(0, "p") + wire.close("S", "s") + wire.SYNC,
        wire.query("CREATE TEMP TABLE t (a text)"),
        wire.query("COPY t FROM STDIN"), wire.copy_data(b"one\n"), wire.copy_data(b"two\n"), wire.COPY_DONE,
        wire.query("COPY t FROM STDIN"), wire.copy_fail("no"),
        wire.query("COPY t TO STDOUT"),
        wire.function_call(1299),
        wire.TERMINATE,
    ]


def mutate(chance, data):
    """One to four changes: flipped bits, set, removed, doubled and moved bytes, lengths that lie."""
    data = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(len(data))
        kind = chance.randrange(7)
        if kind == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, ord("Q"), ord("p"), ord("F")))
        elif kind == 2:
            del data[at:at + chance.choice((1, 2, 4, 40))]
        elif kind == 3:
            data[at:at] = bytes(chance.randrange(256) for _ in range(chance.choice((1, 4, 30))))
        elif kind == 4:
            data[at:at] = data[at:at + chance.choice((5, 20, 60))]
        elif kind == 5:
            struct.pack_into("!I", data, min(at, len(data) - 4), chance.choice(
                (0, 1, 3, 4, 5, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x3FFFFFFF, 65536)))
        else:
            del data[at:]
        if len(data) < 8:
            data += bytes(8)
    return bytes(data)


def whole(data):
    return [data]


def play(address, data, pieces=whole, *, half_close=True):
    """Sends it, whole or in pieces, says that this was all, and reads whatever comes, to the end."""
    try:
        with wire.Wire(address, timeout=60) as session:
            try:
                for piece in pieces(data):
                    session.send(piece)
            except (wire.Closed, OSError):
                pass
            if half_close:
                session.half_close()
            return session.read_end()
    except (ConnectionError, wire.Closed):
        return b""


@harness.gateway_only
@harness.limit(TIME)
def test_mutated_clients():
    """Mutated sessions of clients: each ends by itself, no process dies, others are served"""
    chance = random.Random(SEED)
    packets = one_session()
    for _ in range(SESSIONS):
        spoilt = list(packets)
        # Mostly behind the start-up packet, or else hardly any would get further.
        number = chance.randrange(len(spoilt)) if chance.random() < 0.3 else chance.randrange(1, len(spoilt))
        spoilt[number] = mutate(chance, spoilt[number])
        if chance.random() < 0.3:
            chance.shuffle(spoilt[1:])
        cut = chance.choice((1 << 20, 7, 100))
        play(front().address("honest"), b"".join(spoilt),
             lambda data, size=cut: [data[at:at + size] for at in range(0, len(data), size)])
    check_unharmed()


def honest_answers():
    """What a real server says from the start-up packet to a few results, by parts."""
    with wire.Wire(server().address) as session:
        session.send(wire.startup("postgres", "postgres") + wire.query("SELECT 1, 'text' FROM generate_series(1, 3)") +
                     wire.query("COPY (SELECT 1) TO STDOUT") + wire.query("SELECT 1/0") + wire.query("LISTEN a") +
                     wire.query("NOTIFY a, 'x'") + wire.TERMINATE)
        return session.read_end()


@harness.gateway_only
@harness.limit(TIME)
def test_mutated_servers():
    """Mutated answers of a server: the client's session ends, no process dies, others are served"""
    chance = random.Random(SEED + 1)
    answers = honest_answers()
    client = b"".join(one_session())
    for _ in range(SESSIONS // 2):
        liar().said = mutate(chance, answers)
        play(front().address("lied-to"), client, half_close=False)
    check_unharmed()


@harness.gateway_only
def test_server_that_lies_about_lengths():
    """A server's message with an impossible length, or type, ends the session with an error"""
    start = wire.message(b"R", bytes(4)) + wire.message(b"K", bytes(8)) + wire.message(b"Z", b"I")
    for answer in (b"T\0\0\0\0", b"D\0\0\0\3", b"D\xff\xff\xff\xff", b"\0\0\0\0\4", b"GET / HTTP/1.1\r\n",
                   b"Z\0\0\0\6I", wire.message(b"R", bytes(4)), wire.message(b"Z", b"") + bytes(100)):
        liar().said = start + answer
        rest = play(front().address("lied-to"), wire.startup("postgres", "postgres") + wire.query("SELECT 1"),
                    half_close=False)
        at = rest.rfind(b"E\0\0")
        assert at >= 0, (answer, rest)
        assert wire.read_fields(rest[at + 5:])["C"] in ("08P01", "08006"), (answer, rest)
    check_unharmed()


@harness.gateway_only
def test_server_that_talks_before_authentication():
    """A server that sends rows, readiness or endless notices before authentication is given up"""
    notice = wire.message(b"N", b"SNOTICE\0C00000\0Mwait\0\0")
    for answer in (wire.message(b"D", bytes(2)), wire.message(b"Z", b"I"), notice * 20000,
                   wire.message(b"R", struct.pack("!i", 99)), wire.message(b"E", b"no end" * 10),
                   wire.message(b"R", struct.pack("!i", 10) + b"SCRAM-SHA-1" * 9000)):
        liar().said = answer
        play(front().address("lied-to"), wire.startup("postgres", "postgres"), half_close=False)
    check_unharmed()


@harness.gateway_only
def test_junk_after_login():
    """Junk after login is answered with 08P01 and an end, each kind of it"""
    for junk in (b"\0\0\0\0\4", b"?\0\0\0\4", b"Q\0\0\0\3", b"Q\xff\xff\xff\xff", b"p\0\0\0\5\0", b"GET / HTTP/1.1\r\n\r\n",
                 wire.startup("postgres", "postgres"), b"Z\0\0\0\5I"):
        with wire.login(front().address("honest")) as session:
            session.send(junk)
            session.half_close()
            rest = session.read_end()
            at = rest.rfind(b"E\0\0")
            assert at >= 0, (junk, rest)
            fields = wire.read_fields(rest[at + 5:])
            assert fields["C"] == "08P01" and fields["S"] == "FATAL", (junk, fields)
    check_unharmed()


@harness.gateway_only
def test_messages_out_of_place():
    """Messages that do not belong where they come: copy data while idle is ignored, a password is not"""
    with wire.login(front().address("honest")) as session:
        session.send(wire.copy_data(b"x") * 10 + wire.COPY_DONE + wire.copy_fail("x"))
        assert session.value("SELECT 'ignored'") == "ignored"
        session.send(wire.message(b"p", b"secret\0"))
        assert session.refused()["C"] == "08P01"
    check_unharmed()


@harness.gateway_only
def test_cancel_storm():
    """A thousand cancel requests with wrong keys do nothing"""
    chance = random.Random(SEED + 2)
    with wire.login(front().address("honest")) as session:
        for _ in range(1000):
            with wire.Wire(front().address("honest")) as other:
                other.send(wire.request(wire.CANCEL, bytes(chance.randrange(256) for _ in range(8))))
                other.read_end()
        assert session.value("SELECT 'goes on'") == "goes on"
    check_unharmed()


@harness.gateway_only
def test_tls_rubbish():
    """Rubbish instead of a TLS handshake, with and without asking for it"""
    chance = random.Random(SEED + 3)
    for _ in range(100):
        rubbish = b"\x16\x03\x01" + bytes(chance.randrange(256) for _ in range(chance.randrange(1, 300)))
        play(front().address("honest"), rubbish)
        play(front().address("honest"), wire.request(wire.SSL_REQUEST) + rubbish)
    check_unharmed()


if __name__ == "__main__":
    harness.main()
