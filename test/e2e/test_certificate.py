#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Client certificates: the gateway checks the client's, and shows the server its own, which the server
maps to roles by pg_ident.conf."""
import subprocess

import certificate
import guard
import harness
import inspector
import postgres
import stage
import wire

HBA = """\
hostssl all mapped all cert map=gateway
hostssl all unmapped all cert map=gateway
hostssl all salted all scram-sha-256
hostssl all pasu all scram-sha-256
"""
IDENT = "gateway the-gateway mapped\n"


@harness.shared
def authority():
    return stage.authority()


@harness.shared
def server():
    made = postgres.Server(harness.folder(), hba=HBA, ident=IDENT, certificate=stage.issued("server"),
                           authority=authority())
    made.sql("CREATE ROLE mapped LOGIN; CREATE ROLE unmapped LOGIN; CREATE ROLE salted LOGIN PASSWORD 'secret'")
    return made


@harness.shared
def front():
    shown = authority().issue("shown", "the-gateway")
    return guard.start(guard.gateway(
        f"localhost:{server().port}", tls=guard.tls(stage.issued("gateway"), client_ca=str(authority().path)),
        upstream_tls={"mode": "verify-full", "ca": str(authority().path), "certificate": str(shown.path),
                      "key": str(shown.key)},
        inspector=inspector.install(server())))


def login(user, shown=None, **more):
    return wire.login(front().address(), user=user, tls=wire.context(authority(), shown), **more)


def refused(user, shown=None):
    """The SQLSTATE it is refused with, or "tls" where the handshake already ends it."""
    try:
        login(user, shown).abort()
    except wire.ServerError as error:
        return error.code
    except (wire.Closed, wire.ssl.SSLError):
        return "tls"
    raise AssertionError(f"{user} was let in")


@harness.gateway_only
def test_right_certificate():
    """A client whose certificate bears the role's name is let in as that role"""
    with login("mapped", authority().issue("right", "mapped")) as session:
        assert session.value("SELECT current_user") == "mapped"
        shown = session.query("SELECT ssl, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()").rows[0]
        assert shown == ["t", "/CN=the-gateway"], shown


@harness.gateway_only
def test_no_certificate():
    """Without a certificate (28000), and without TLS, nobody is let in on the gateway's own"""
    assert refused("mapped") == "28000"
    try:
        wire.login(front().address(), user="mapped").abort()
        raise AssertionError("let in without TLS")
    except wire.ServerError as error:
        assert error.code == "28000", error


@harness.gateway_only
def test_other_name():
    """A certificate with another name, also one that begins or ends alike, is refused (28000)"""
    for number, name in enumerate(("salted", "Mapped", "mappe", "mapped2", "mapped ", "the-gateway")):
        assert refused("mapped", authority().issue(f"other-{number}", name)) == "28000", name


@harness.gateway_only
def test_other_authority():
    """A certificate that somebody else signed, with the right name, does not get past the handshake"""
    other = certificate.Authority(harness.folder(), "elsewhere")
    assert refused("mapped", other.issue("forged", "mapped")) == "tls"
    itself = certificate.Certificate(harness.folder(), "itself")
    certificate.make(itself, "mapped", [])
    assert refused("mapped", itself) == "tls"


@harness.gateway_only
def test_servers_map_decides():
    """A role that the server's map does not give the gateway is refused by the server"""
    assert refused("unmapped", authority().issue("unmapped", "unmapped")) == "28000"


@harness.gateway_only
def test_password_needs_no_certificate():
    """A role that the server asks for a password logs in with it, with or without a certificate"""
    with login("salted", password="secret") as session:
        assert session.value("SELECT current_user") == "salted"
    with login("salted", authority().issue("whoever", "whoever"), password="secret") as session:
        assert session.value("SELECT current_user") == "salted"
    try:
        login("salted", authority().issue("salted", "salted"), password="wrong").abort()
        raise AssertionError("a certificate instead of the password")
    except wire.ServerError as error:
        assert error.code == "28P01", error


@harness.gateway_only
def test_libpq():
    """psql with sslcert and sslkey"""
    own = authority().issue("psql", "mapped")
    host, port = front().address()
    done = subprocess.run(
        [postgres.BIN / "psql", "-XAt", "-c", "SELECT current_user",
         f"host=localhost hostaddr={host} port={port} user=mapped dbname=postgres sslmode=verify-full "
         f"sslrootcert={authority().path} sslcert={own.path} sslkey={own.key}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
    assert done.stdout == "mapped\n", done.stdout


@harness.gateway_only
def test_servers_certificate_is_verified():
    """verify-full: a server with another name, or signed by somebody else, gets no session (08006)"""
    for upstream, ca in ((f"127.0.0.2:{server().port}", authority()),
                         (f"localhost:{server().port}", certificate.Authority(harness.folder(), "wrong"))):
        own = guard.start(guard.gateway(upstream, upstream_tls={"mode": "verify-full", "ca": str(ca.path)}))
        try:
            wire.login(own.address(), user="salted", password="secret").abort()
            raise AssertionError("a session with an unverified server")
        except wire.ServerError as error:
            assert error.code == "08006", error
        own.stop()


@harness.gateway_only
def test_server_without_tls():
    """A server that answers N where TLS is demanded gets no session: nothing goes there in the clear"""
    bare = postgres.Server(harness.folder(), "bare")
    own = guard.start(guard.gateway(bare, upstream_tls={"mode": "require"}))
    try:
        wire.login(own.address()).abort()
        raise AssertionError("a session without TLS")
    except wire.ServerError as error:
        assert error.code == "08006", error
    own.stop()


if __name__ == "__main__":
    harness.main()
