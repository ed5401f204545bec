#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The programs and drivers that people use: with their defaults, with TLS off, with TLS on both sides
and the certificate verified, and with their rows attributed to persons; each time with a SCRAM password. Each driver connects, asks with parameters,
uses a prepared statement, rolls back, goes on after an error, reads a larger result, copies in and out
where it can, is notified and cancels a statement. Its program is below drivers/; it ends with status 0
and prints "fine" where all of that was as it should be."""
import glob
import os
import pathlib
import shutil
import subprocess

import harness
import inspector
import postgres
import process
import stage
import wire
from stage import equal, test

DRIVERS = pathlib.Path(__file__).resolve().parent / "drivers"
PYTHON = "/usr/bin/python3"
ROWS = 100000
PASSWORD = "clerk's secret"
HBA = "host all clerk all scram-sha-256\nhost all pasu all scram-sha-256\nhost all all all trust\n"


@harness.shared
def server():
    made = postgres.Server(stage.folder(), "server", hba=HBA, certificate=stage.issued("server"))
    made.sql(f"CREATE ROLE clerk LOGIN PASSWORD '{PASSWORD.replace(chr(39), chr(39) * 2)}';"
             "GRANT CREATE ON SCHEMA public TO clerk;"
             "CREATE TABLE people AS SELECT n AS id, 'name ' || n AS name, n * 1.5 AS worth "
             f"FROM generate_series(1, {ROWS}) n; ALTER TABLE people OWNER TO clerk;"
             "ALTER TABLE people ADD PRIMARY KEY (id); ANALYZE people")
    return made


@harness.shared
def asked():
    """The gateway's `inspector` setting, its role made."""
    return inspector.install(server())


@harness.shared
def plain():
    return stage.Front(server(), "plain")


@harness.shared
def allowing():
    """A gateway that leaves it to the client: TLS is there for those who try it."""
    return stage.Front(server(), "allowing", tls=stage.tls("allow"), inspector=asked(),
                       **stage.verified(server()))


@harness.shared
def encrypted():
    return stage.Front(server(), "encrypted", tls=stage.tls("require"), inspector=asked(),
                       **stage.verified(server()))


@harness.shared
def persons():
    """One that knows the people as persons: it reads every row, and adds keys to statements without."""
    return stage.Front(server(), "persons", inspector=asked(), more={
        "subjects": {"person": {"table": "public.people", "key": "id"}},
        "personal_data": [{"table": "public.people", "subject": "person", "key": "id",
                           "fields": {"name": "name", "worth": "order"}}]})


def environment(front, mode):
    given = {"PGHOST": "localhost" if mode == "verify-full" else "127.0.0.1", "PGPORT": str(front.port),
             "PGUSER": "clerk", "PGPASSWORD": PASSWORD, "PGDATABASE": "postgres", "PGCONNECT_TIMEOUT": "10",
             "TREE_ROWS": str(ROWS)}
    if mode:
        given["PGSSLMODE"] = mode
    if mode == "verify-full":
        given["PGSSLROOTCERT"] = str(stage.authority().path)
    return given


def routes():
    """(title, function that gives the front, sslmode or None for the driver's own)"""
    return (("defaults", allowing, None), ("TLS off", plain, "disable"), ("TLS on", encrypted, "verify-full"),
            ("persons", persons, "disable"))


def tool(name):
    path = postgres.BIN / name
    if not path.exists():
        raise harness.Skip(f"{path} is not installed")
    return path


# ---- programs ----

def psql(front, mode):
    env = environment(front(), mode)
    out = stage.run([tool("psql"), "-X", "-At", "-c", "SELECT count(*) FROM people", "-c", r"\d people",
                     "-c", r"\copy (SELECT id FROM people WHERE id < 4 ORDER BY 1) TO STDOUT"], env=env)
    assert out.startswith(f"{ROWS}\n") and "worth" in out and out.endswith("1\n2\n3\n"), out
    out = stage.run([tool("psql"), "-X", "-At", "-c", r"\conninfo"], env=env)
    equal("TLS" in out, mode != "disable", out)
    out = stage.run([tool("psql"), "-X", "-At", "-v", "FETCH_COUNT=500", "-c", "SELECT name FROM people"], env=env)
    equal(len(out.splitlines()), ROWS)


def dump_and_restore(front, mode):
    env = environment(front(), mode)
    name = f"copy_{front.__name__}"
    work = stage.folder() / name
    work.mkdir()
    front().behind.sql(f"CREATE DATABASE {name} OWNER clerk")
    for form in ("custom", "directory"):
        jobs = ["-j", "2"] if form == "directory" else []
        stage.run([tool("pg_dump"), "-F", form, *jobs, "-f", work / form, "-t", "people"], env=env)
    stage.run([tool("pg_restore"), "-j", "2", "-d", name, work / "directory"], env=env)
    count = "SELECT count(*), md5(string_agg(p::text, ',' ORDER BY id)) FROM people p"
    equal(front().behind.sql(count, name), front().behind.sql(count))
    first = stage.run([tool("pg_restore"), "-f", "-", work / "custom"])
    assert f"{ROWS}\tname {ROWS}\t" in first


def pgbench(front, mode, protocol):
    env = environment(front(), mode)
    stage.run([tool("pgbench"), "-i", "-q", "-s", "1"], env=env)
    out = stage.run([tool("pgbench"), "-n", "-M", protocol, "-c", "4", "-j", "2", "-t", "100"], env=env)
    assert "transactions actually processed: 400/400" in out and "failed transactions: 0" in out, out


def psql_pipeline(front, mode):
    """pgbench's pipelines: libpq sends many statements before it reads."""
    script = stage.folder() / "pipeline.sql"
    script.write_text("\\startpipeline\n" + "SELECT name FROM people WHERE id = 7;\n" * 50 + "\\endpipeline\n",
                      encoding="utf-8")
    out = stage.run([tool("pgbench"), "-n", "-M", "extended", "-f", script, "-c", "2", "-t", "50"],
                    env=environment(front(), mode))
    assert "transactions actually processed: 100/100" in out, out


# ---- drivers ----

def fine(argv, front, mode, **more):
    out = stage.run(argv, env={**environment(front(), mode), **more})
    assert out.rstrip().endswith("fine"), out


def python(module, front, mode):
    if subprocess.run([PYTHON, "-c", f"import {module}"], stderr=subprocess.DEVNULL, check=False).returncode:
        raise harness.Skip(f"Python has no {module}")
    fine([PYTHON, DRIVERS / f"use_{module}.py"], front, mode)


def perl(front, mode):
    if not shutil.which("perl") or subprocess.run(["perl", "-MDBD::Pg", "-e1"], stderr=subprocess.DEVNULL,
                                                  check=False).returncode:
        raise harness.Skip("Perl has no DBD::Pg")
    fine(["perl", DRIVERS / "use_dbd_pg.pl"], front, mode)


def ruby(front, mode):
    if not os.access("/usr/bin/ruby", os.X_OK) or subprocess.run(
            ["/usr/bin/ruby", "-rpg", "-e1"], stderr=subprocess.DEVNULL, check=False).returncode:
        raise harness.Skip("Ruby has no pg")
    fine(["/usr/bin/ruby", DRIVERS / "use_pg.rb"], front, mode)


def php(front, mode):
    program = shutil.which("php8.2") or shutil.which("php")
    if not program or "pdo_pgsql" not in stage.run([program, "-m"]):
        raise harness.Skip("PHP has no pdo_pgsql")
    fine([program, DRIVERS / "use_pdo.php"], front, mode)


def go(name, needs, front, mode):
    program = "/usr/bin/go"
    if not os.access(program, os.X_OK) or not pathlib.Path("/usr/share/gocode/src", needs).is_dir():
        raise harness.Skip(f"Go or its {needs} is not installed")
    binary = go_program(program, name)
    fine([binary], front, mode)


def go_program(program, name):
    """Builds it once; the build cache outlives the run."""
    binary = stage.folder() / name
    if not binary.exists():
        cache = harness.cache("go")
        stage.run([program, "build", "-o", binary, DRIVERS / f"{name}.go"], timeout=280,
                  env={"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(cache),
                       "GOFLAGS": "", "CGO_ENABLED": "0"})
    return binary


def jdbc(front, mode):
    jars = glob.glob("/usr/share/java/postgresql.jar")
    if not jars or not shutil.which("java") or not shutil.which("javac"):
        raise harness.Skip("no Java compiler, or no JDBC driver")
    classes = stage.folder() / "classes"
    if not classes.exists():
        classes.mkdir()
        stage.run(["javac", "-cp", jars[0], "-d", classes, DRIVERS / "UseJdbc.java"], timeout=100)
    scram = glob.glob("/usr/share/java/scram-*.jar") + glob.glob("/usr/share/java/stringprep.jar") + \
        glob.glob("/usr/share/java/saslprep.jar")
    fine(["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp",
          ":".join([str(classes)] + jars + scram), "UseJdbc"], front, mode)


def node_modules():
    """The folder that has the package pg: Debian's, or npm's, fetched once."""
    if os.path.isdir("/usr/share/nodejs/pg"):
        return "/usr/share/nodejs"
    folder = harness.cache("node")
    if not (folder / "node_modules" / "pg").is_dir():
        if not shutil.which("npm"):
            raise harness.Skip("Node has no pg, and there is no npm to fetch it with")
        done = subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, "pg"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False, timeout=100, text=True)
        if done.returncode:
            raise harness.Skip(f"npm has not given pg: {done.stdout.strip()[-200:]}")
    return str(folder / "node_modules")


def node(front, mode):
    if not shutil.which("node"):
        raise harness.Skip("no Node")
    fine(["node", DRIVERS / "use_node_pg.js"], front, mode, NODE_PATH=node_modules())


def made():
    for title, front, mode in routes():
        stage.case(f"psql, {title}", psql, front, mode)
        stage.case(f"pg_dump and pg_restore, {title}", dump_and_restore, front, mode)
        for protocol in ("simple", "extended", "prepared"):
            stage.case(f"pgbench {protocol}, {title}", pgbench, front, mode, protocol)
        stage.case(f"pgbench with pipelines, {title}", psql_pipeline, front, mode)
        for module in ("psycopg2", "psycopg", "asyncpg"):
            stage.case(f"{module}, {title}", python, module, front, mode)
        stage.case(f"DBD::Pg, {title}", perl, front, mode)
        stage.case(f"Ruby pg, {title}", ruby, front, mode)
        stage.case(f"PHP PDO, {title}", php, front, mode)
        stage.case(f"Node pg, {title}", node, front, mode, limit=150)
        stage.case(f"Go pq, {title}", go, "use_pq", "github.com/lib/pq", front, mode, limit=300)
        stage.case(f"Go pgx, {title}", go, "use_pgx", "github.com/jackc/pgx", front, mode, limit=300)
        stage.case(f"JDBC, {title}", jdbc, front, mode, limit=150)


made()


@test
def test_at_least_six_drivers():
    """At least six kinds of driver are installed here, so that the tests above say something"""
    count = 1  # libpq, by psql
    for module in ("psycopg2", "psycopg", "asyncpg"):
        count += not subprocess.run([PYTHON, "-c", f"import {module}"], stderr=subprocess.DEVNULL,
                                    check=False).returncode
    for path in ("/usr/share/java/postgresql.jar", "/usr/share/gocode/src/github.com/lib/pq",
                 "/usr/share/gocode/src/github.com/jackc/pgx", "/usr/bin/php8.2", "/usr/bin/ruby"):
        count += os.path.exists(path)
    assert count >= 6, f"only {count}"


@test(gateway=True)
def test_no_session_left():
    """After all of that neither the gateway nor the server has a session left"""
    for _, front, _ in routes():
        front().guard.until_sessions(0)
        process.until(lambda front=front: not front().behind.backends("usename = 'clerk'"), "none at the server")
        with wire.login(plain().address) as session:
            equal(session.value("SELECT 1"), "1")


harness.main()
