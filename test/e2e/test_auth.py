#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every way of authentication, with TLS on neither, either and both sides of the gateway. Where TLS is on
the client's side the gateway does SCRAM itself, at both ends."""
import functools
import ssl

import harness
import inspector
import postgres
import process
import stage
import wire
from stage import Front, equal, refused, test

HBA = """\
host all trusted all trust
host all plain all password
host all hashed all md5
host all salted all scram-sha-256
hostssl all bound all cert
host all pasu all scram-sha-256
host all nobody all reject
"""
ROLES = """\
CREATE ROLE trusted LOGIN;
CREATE ROLE nobody LOGIN;
CREATE ROLE plain LOGIN PASSWORD 'plain secret';
CREATE ROLE salted LOGIN PASSWORD 'salted secret';
CREATE ROLE empty LOGIN;
SET password_encryption = md5;
CREATE ROLE hashed LOGIN PASSWORD 'hashed secret';
"""
PASSWORDS = {"trusted": None, "plain": "plain secret", "hashed": "hashed secret", "salted": "salted secret"}
SIDES = [(client, server) for client in (False, True) for server in (False, True)]


@harness.shared
def server():
    made = postgres.Server(stage.folder(), "server", hba=HBA, certificate=stage.issued("server"),
                           authority=stage.authority())
    made.sql(ROLES + "CREATE TABLE people (id int PRIMARY KEY, name text)")
    made.sql("CREATE DATABASE unseen")
    made.sql("REVOKE CONNECT ON DATABASE unseen FROM PUBLIC; GRANT CONNECT ON DATABASE unseen TO salted")
    return made


@harness.shared
def asked():
    """The gateway's `inspector` setting, its role made."""
    return inspector.install(server())


@functools.lru_cache(None)
def front(client, upstream):
    """A gateway with TLS on the client's side, the server's side."""
    gateway = dict(stage.verified(server())) if upstream else {}
    if client:
        gateway["tls"] = stage.tls("allow")
    return Front(server(), f"pasu-{int(client)}{int(upstream)}", inspector=asked(), **gateway)


@functools.lru_cache(None)
def watching(client, upstream):
    """The same, with personal data: a session waits for what its database is made of."""
    gateway = dict(stage.verified(server())) if upstream else {}
    if client:
        gateway["tls"] = stage.tls("allow")
    return Front(server(), f"watching-{int(client)}{int(upstream)}", inspector=asked(), more={
        "subjects": {"person": {"table": "public.people", "key": "id"}},
        "personal_data": [{"table": "public.people", "subject": "person", "key": "id", "fields": {"name": "name"}}]}, **gateway)


def context(is_on):
    return wire.context(stage.authority()) if is_on else None


def titled(client, upstream):
    return f"TLS {'on' if client else 'off'} before, {'on' if upstream else 'off'} behind"


def method(user, client, upstream):
    session = front(client, upstream).login(user=user, password=PASSWORDS[user], tls=context(client))
    with session:
        equal(session.value("SELECT current_user"), user)
        if not harness.DIRECT:
            equal(session.value("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"),
                  "t" if upstream else "f", "TLS behind")


def wrong_password(client, upstream):
    for user in ("plain", "hashed", "salted"):
        for password in ("wrong", PASSWORDS[user] + " ", ""):
            refused(lambda user=user, password=password: front(client, upstream).login(
                user=user, password=password, tls=context(client)), "28P01")


def unknown_role(client, upstream):
    """Roles that do not exist and roles without a password are refused as wrong passwords are"""
    server().write("pg_hba.conf", "local all postgres trust\n" + HBA + "host all all all scram-sha-256\n")
    server().sql("SELECT pg_reload_conf()")
    for user in ("nosuchrole", "empty"):
        refused(lambda user=user: front(client, upstream).login(
            user=user, password="x", tls=context(client)), "28P01")
    refused(lambda: front(client, upstream).login(user="nobody", password="x", tls=context(client)), "28000")


def no_database(client, upstream):
    """Who has proved themselves hears of the server that there is no such database; who has not learns what they would of the server"""
    made = watching(client, upstream)
    for user in PASSWORDS:
        for _ in range(2):
            error = refused(lambda user=user: made.login(
                user=user, password=PASSWORDS[user], database="nowhere", tls=context(client)), "3D000")
            assert 'database "nowhere" does not exist' in str(error), error
    for database in ("nowhere", "postgres"):
        refused(lambda database=database: made.login(user="salted", password="wrong", database=database, tls=context(client)), "28P01")
    refused(lambda: made.login(user="hashed", password=PASSWORDS["hashed"], database="unseen", tls=context(client)), "42501")
    error = refused(lambda: made.login(user="salted", password=PASSWORDS["salted"], database="unseen", tls=context(client)), "57P03")
    assert "has not been able to read the database's catalog" in str(error), error
    with made.login(user="salted", password=PASSWORDS["salted"], tls=context(client)) as session:
        equal(session.value("SELECT current_user"), "salted")
    process.until(lambda: made.guard.sessions() == [], "nobody is left")


def libpq(client, upstream):
    """psql with its defaults, and where there is TLS with channel binding demanded"""
    made = front(client, upstream)
    for binding in ("prefer", "require") if client else ("prefer",):
        out = stage.run(
            [postgres.BIN / "psql", "-X", "-At", "-c", "SELECT current_user"],
            env={"PGHOST": "localhost", "PGHOSTADDR": "127.0.0.1", "PGPORT": str(made.port),
                 "PGUSER": "salted", "PGPASSWORD": "salted secret", "PGDATABASE": "postgres",
                 "PGSSLMODE": "verify-full" if client else "disable",
                 "PGSSLROOTCERT": str(stage.authority().path), "PGCHANNELBINDING": binding})
        equal(out, "salted\n", binding)


for _client, _upstream in SIDES:
    for _user in PASSWORDS:
        stage.case(f"{_user}, {titled(_client, _upstream)}", method, _user, _client, _upstream)
    stage.case(f"a wrong password is 28P01, {titled(_client, _upstream)}", wrong_password, _client, _upstream)
    stage.case(f"unknown and rejected roles are refused, {titled(_client, _upstream)}", unknown_role,
               _client, _upstream)
    stage.case(f"a database that is not there is the server's word, {titled(_client, _upstream)}", no_database, _client, _upstream)
    stage.case(f"psql, {titled(_client, _upstream)}", libpq, _client, _upstream)


@test(gateway=True)
def test_channel_binding_is_to_the_gateways_certificate():
    """SCRAM-SHA-256-PLUS is offered inside TLS, and a binding to another certificate is refused"""
    made = front(True, True)
    own = wire.Wire.binding
    try:
        wire.Wire.binding = lambda connection: bytes(32)
        error = refused(lambda: made.login(user="salted", password="salted secret", tls=context(True)), "28000")
        assert error
    finally:
        wire.Wire.binding = own


@test(gateway=True)
def test_changed_password():
    """A changed password is in force at once, the old one no more"""
    made = front(True, True)
    server().sql("CREATE ROLE changing LOGIN PASSWORD 'first'")
    with made.login(user="changing", password="first", tls=context(True)):
        pass
    server().sql("ALTER ROLE changing PASSWORD 'second'")
    refused(lambda: made.login(user="changing", password="first", tls=context(True)), "28P01")
    with made.login(user="changing", password="second", tls=context(True)) as session:
        equal(session.value("SELECT current_user"), "changing")


@test(gateway=True)
def test_password_is_nowhere_in_the_log():
    """No password is in the log, at its most talkative"""
    for client, upstream in SIDES:
        said = "\n".join(front(client, upstream).process.lines)
        for password in ("plain secret", "hashed secret", "salted secret", inspector.PASSWORD):
            assert password not in said, "a password is in the log"


@test(gateway=True)
def test_inspector_is_not_counted():
    """The inspector's own session is listed nowhere"""
    made = front(True, True)
    equal([entry for entry in made.guard.sessions() if entry["principal"] == "pasu"], [])
    with made.login(user="trusted", tls=context(True)) as session:
        assert isinstance(session.socket, ssl.SSLSocket)
        equal(len(made.guard.sessions()), 1)


@test(gateway=True)
def test_check_connect():
    """pasu check --connect finds nothing missing where the inspector is set up"""
    done = front(False, True).guard.run("check", "--connect")
    equal(done.returncode, 0, done.stdout + done.stderr)


harness.main()
