#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SCRAM where the gateway does it itself (TLS on both sides): what a client may learn from it, how it
may not be cheated, and that the server's word on a role stays the last one."""
import base64
import hashlib
import struct
import subprocess

import guard
import harness
import inspector
import postgres
import scram
import stage
import wire

HBA = "hostssl all all all scram-sha-256\n"


def verifier(password, iterations, salt):
    """What PostgreSQL stores for a SCRAM password (pg_authid.rolpassword)."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored = hashlib.sha256(scram.mac(salted, b"Client Key")).digest()
    words = [base64.b64encode(one).decode() for one in (salt, stored, scram.mac(salted, b"Server Key"))]
    return f"SCRAM-SHA-256${iterations}:{words[0]}${words[1]}:{words[2]}"


@harness.shared
def server():
    made = postgres.Server(harness.folder(), hba=HBA, certificate=stage.issued("server"))
    made.sql("CREATE ROLE known LOGIN PASSWORD 'secret'; CREATE ROLE empty LOGIN;"
             "CREATE ROLE expired LOGIN PASSWORD 'secret' VALID UNTIL '2020-01-01';"
             "CREATE ROLE barred NOLOGIN PASSWORD 'secret';"
             "CREATE ROLE letters LOGIN PASSWORD 'ⅨÅ 비밀번호';"
             f"CREATE ROLE few LOGIN PASSWORD '{verifier('secret', 100, b'0123456789abcdef')}';"
             f"CREATE ROLE many LOGIN PASSWORD '{verifier('secret', 100000, b'salt of other length')}';"
             "SET password_encryption = md5; CREATE ROLE hashed LOGIN PASSWORD 'secret'")
    return made


@harness.shared
def front():
    return guard.start(guard.gateway(
        server(), tls=guard.tls(stage.issued("gateway")), upstream_tls={"mode": "require"},
        inspector=inspector.install(server())), log={"level": "debug"})


def login(user, password="secret"):
    return wire.login(front().address(), user=user, password=password, tls=wire.context(stage.authority()))


def refused(user, password="secret"):
    try:
        login(user, password).abort()
    except wire.ServerError as error:
        return error.fields
    raise AssertionError(f"{user} was let in")


class Asked:
    """A connection at the point where the server has offered its mechanisms."""

    def __init__(self, user):
        self.wire = wire.Wire(front().address())
        self.wire.ask_tls(wire.context(stage.authority()))
        self.wire.send(wire.startup(user, "postgres"))
        self.offer = self.wire.expect("R")[1][4:].rstrip(b"\0").split(b"\0")

    def first(self, mechanism, first):
        self.wire.send(wire.message(b"p", wire.text(mechanism) + struct.pack("!i", len(first)) + first))

    def challenge(self):
        """The server's first message to a well-formed client's."""
        exchange = scram.Exchange("guess", self.wire.binding())
        self.first(exchange.mechanism, exchange.first())
        said = self.wire.expect("R")[1][4:]
        return dict(part.split("=", 1) for part in said.decode().split(","))


def test_unknown_roles_look_known():
    """An unknown role is offered what a known one is, with a salt of its own that stays the same"""
    seen = {}
    for user in ("known", "nobody at all", "somebody else"):
        offers, salts = set(), set()
        for _ in range(2):
            asked = Asked(user)
            offers.add(tuple(asked.offer))
            said = asked.challenge()
            salts.add((said["s"], said["i"]))
            asked.wire.abort()
        assert len(offers) == 1 and len(salts) == 1, (user, offers, salts)
        seen[user] = offers, salts
    assert len({tuple(offers) for offers, _ in seen.values()}) == 1, seen
    shapes = {(len(salt), count) for _, salts in seen.values() for salt, count in salts}
    assert len(shapes) == 1, shapes
    assert len({salt for _, salts in seen.values() for salt, _ in salts}) == 3, "a salt for all"


def test_refusals_are_alike():
    """A wrong password, an unknown role, one without a password and an expired one get the same words"""
    said = set()
    for user, password in (("known", "wrong"), ("nobody at all", "secret"), ("empty", ""), ("empty", "secret"),
                           ("expired", "secret"), ("hashed", "secret")):
        fields = refused(user, password)
        said.add((fields["S"], fields["C"], fields["M"].replace(user, "USER"),
                  fields.get("D"), fields.get("H")))
    assert len(said) == 1 and next(iter(said))[1] == "28P01", said


def test_barred_role():
    """A role that may not log in does not get in with its right password"""
    assert refused("barred")["C"] in ("28000", "28P01")


def test_other_iterations():
    """Verifiers with other iteration counts and salts work"""
    for user in ("few", "many"):
        with login(user) as session:
            assert session.value("SELECT current_user") == user


def test_prepared_passwords():
    """Passwords that SASLprep changes work in the forms that it takes for the same"""
    for password in ("ⅨÅ 비밀번호", "IXÅ 비밀번호"):
        host, port = front().address()
        done = subprocess.run(
            [postgres.BIN / "psql", "-XAt", "-c", "SELECT current_user"], stdin=subprocess.DEVNULL,
            env={"PGHOST": host, "PGPORT": str(port), "PGUSER": "letters", "PGPASSWORD": password,
                 "PGDATABASE": "postgres", "PGSSLMODE": "require", "LC_ALL": "C.UTF-8"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
        assert done.stdout == "letters\n", done.stdout


def test_downgrade():
    """A client that says it saw no PLUS, though it was offered, is refused: somebody took it away"""
    asked = Asked("known")
    assert b"SCRAM-SHA-256-PLUS" in asked.offer, asked.offer
    exchange = scram.Exchange("secret", flag="y")
    asked.first("SCRAM-SHA-256", exchange.first())
    code = asked.wire.refused()["C"]
    assert code in ("28000", "08P01"), code


def test_no_binding_possible():
    """A client that cannot bind (flag n) is served without, inside TLS"""
    asked = Asked("known")
    exchange = scram.Exchange("secret")
    asked.first("SCRAM-SHA-256", exchange.first())
    asked.wire.send(wire.message(b"p", exchange.final(asked.wire.expect("R")[1][4:])))
    exchange.verify(asked.wire.expect("R")[1][4:])
    assert asked.wire.authenticate("known").value("SELECT current_user") == "known"


@harness.gateway_only
def test_malformed_exchanges():
    """Malformed and hostile SCRAM messages are refused, and the gateway serves on"""
    good = scram.Exchange("secret")
    firsts = [("SCRAM-SHA-1", good.first()), ("SCRAM-SHA-256-PLUS", good.first()), ("SCRAM-SHA-256", b""),
              ("SCRAM-SHA-256", b"n,,"), ("SCRAM-SHA-256", b"n,,n=,r="), ("SCRAM-SHA-256", b"n,,r=abc,n="),
              ("SCRAM-SHA-256", b"n,a=other,n=,r=abcdef"), ("SCRAM-SHA-256", b"p=tls-unique,,n=,r=abcdef"),
              ("SCRAM-SHA-256-PLUS", b"p=tls-unique,,n=,r=abcdef"), ("SCRAM-SHA-256", b"n,,m=x,n=,r=abcdef"),
              ("SCRAM-SHA-256", b"n,,n=,r=" + b"x" * 5000), ("SCRAM-SHA-256", b"n,,n=,r=\xff\x00\x01"),
              ("", good.first()), ("SCRAM-SHA-256" * 50, good.first())]
    for mechanism, first in firsts:
        asked = Asked("known")
        asked.first(mechanism, first)
        fields = asked.wire.refused()
        assert fields["S"] == "FATAL" and fields["C"] in ("08P01", "0A000", "28000", "28P01"), (mechanism, first[:40], fields)
    finals = [lambda final: b"", lambda final: final[:-8], lambda final: final.replace(b"r=", b"r=x"),
              lambda final: final.replace(b"c=biws", b"c=eSws"), lambda final: final + b",x=1",
              lambda final: final.replace(b",p=", b",q="), lambda final: final * 2]
    for spoil in finals:
        asked = Asked("known")
        exchange = scram.Exchange("secret")
        asked.first("SCRAM-SHA-256", exchange.first())
        asked.wire.send(wire.message(b"p", spoil(exchange.final(asked.wire.expect("R")[1][4:]))))
        assert asked.wire.refused()["C"] in ("08P01", "28000", "28P01")
    with login("known") as session:
        assert session.value("SELECT 1") == "1"


def test_proof_of_another_session():
    """A proof that was right in one session is worth nothing in another"""
    one, two = Asked("known"), Asked("known")
    exchange = scram.Exchange("secret")
    one.first("SCRAM-SHA-256", exchange.first())
    proof = exchange.final(one.wire.expect("R")[1][4:])
    two.first("SCRAM-SHA-256", exchange.first())
    two.wire.expect("R")
    two.wire.send(wire.message(b"p", proof))
    assert two.wire.refused()["C"] in ("28P01", "08P01")
    one.wire.abort()


def test_many_at_once():
    """Forty logins under way at the same time are each answered their own way"""
    wrong = [index % 3 == 0 for index in range(40)]
    under_way = []
    for is_wrong in wrong:
        asked = Asked("known")
        exchange = scram.Exchange("wrong" if is_wrong else "secret", asked.wire.binding())
        asked.first(exchange.mechanism, exchange.first())
        under_way.append((asked, exchange, is_wrong))
    for asked, exchange, _ in under_way:
        asked.wire.send(wire.message(b"p", exchange.final(asked.wire.expect("R")[1][4:])))
    for asked, exchange, is_wrong in under_way:
        if is_wrong:
            assert asked.wire.refused()["C"] == "28P01"
        else:
            exchange.verify(asked.wire.expect("R")[1][4:])
            assert asked.wire.authenticate("known").value("SELECT 1") == "1"
        asked.wire.abort()


# ---- the inspector ----

@harness.gateway_only
def test_without_an_inspector():
    """Without an inspector, or with one that cannot log in or may not ask, SCRAM over TLS is refused
    with words that say so"""
    secret = harness.folder() / "wrong.password"
    secret.write_text("not the password\n", encoding="utf-8")
    secret.chmod(0o600)
    server().sql("CREATE ROLE powerless LOGIN PASSWORD 'secret'")
    right = harness.folder() / "right.password"
    right.write_text("secret\n", encoding="utf-8")
    right.chmod(0o600)
    for asked in (None, {"user": "pasu", "password_file": str(secret)}, {"user": "nosuchrole"},
                  {"user": "powerless", "password_file": str(right)}):
        more = {"inspector": asked} if asked else {}
        own = guard.start(guard.gateway(server(), tls=guard.tls(stage.issued("gateway")),
                                        upstream_tls={"mode": "require"}, **more))
        try:
            wire.login(own.address(), user="known", password="secret", tls=wire.context(stage.authority())).abort()
            raise AssertionError(f"let in with the inspector {asked}")
        except wire.ServerError as error:
            assert error.code == "28000" and "verifier" in error.fields["M"], (asked, error)
        if asked:
            own.wait("inspector_failed")
        own.stop()


@harness.gateway_only
def test_inspector_comes_back():
    """An inspector session that the server ends is opened again when it is needed"""
    with login("known"):
        pass
    ended = server().value("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'pasu'")
    assert int(ended) >= 1, "the inspector had no session"
    for _ in range(3):
        with login("known") as session:
            assert session.value("SELECT 1") == "1"


@harness.gateway_only
def test_hostile_role_names():
    """Role names with quotes, backslashes and SQL in them reach the verifier's query as names"""
    for name in ("o'brien", 'do"uble', "back\\slash", "x'); SELECT pg_sleep(50); --", "이름"):
        quoted = '"' + name.replace('"', '""') + '"'
        server().sql(f"CREATE ROLE {quoted} LOGIN PASSWORD 'secret'")
        with login(name) as session:
            assert session.value("SELECT current_user") == name
        assert refused(name, "wrong")["C"] == "28P01"


if __name__ == "__main__":
    harness.main()
