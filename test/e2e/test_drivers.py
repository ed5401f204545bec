#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The programs and drivers that people use, with their defaults, with and without TLS. Each driver
connects, asks with parameters, rolls back, goes on after an error and reads a larger result. Its program
is below drivers/; it ends with status 0 and prints "fine" where all of that was as it should be."""
import glob
import os
import pathlib
import shutil
import subprocess

import harness
import postgres
import process
import stage
import wire
from stage import equal, test

DRIVERS = pathlib.Path(__file__).resolve().parent / "drivers"
PYTHON = "/usr/bin/python3"
ROWS = 20000


@harness.shared
def plain():
    made = stage.server()
    fill(made)
    return stage.front()


@harness.shared
def encrypted():
    """TLS on both sides. The role's password is asked for by the plain method, which TLS carries."""
    made = stage.tls_server()
    fill(made)
    return stage.Front(made, "tls-pasu", tls=stage.tls("require"), **stage.verified(made))


def fill(server):
    server.sql("CREATE ROLE clerk LOGIN; GRANT CREATE ON SCHEMA public TO clerk;"
               "CREATE TABLE people AS SELECT n AS id, 'name ' || n AS name, n * 1.5 AS worth "
               f"FROM generate_series(1, {ROWS}) n; ALTER TABLE people OWNER TO clerk;"
               "ALTER TABLE people ADD PRIMARY KEY (id)")


def environment(front, mode):
    return {"PGHOST": "localhost" if mode == "verify-full" else "127.0.0.1", "PGPORT": str(front.port),
            "PGUSER": "clerk", "PGDATABASE": "postgres", "PGSSLMODE": mode,
            "PGSSLROOTCERT": str(stage.authority().path), "PGCONNECT_TIMEOUT": "10",
            "TREE_ROWS": str(ROWS)}


def routes():
    """(title, function that gives the front, sslmode)"""
    return (("TLS off", plain, "disable"), ("TLS on", encrypted, "verify-full"))


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
    work = stage.folder() / f"dump-{mode}"
    work.mkdir()
    name = f"copy_{mode.replace('-', '_')}"
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
    script = stage.folder() / f"pipeline-{mode}.sql"
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
        stage.run(["javac", "-d", classes, DRIVERS / "UseJdbc.java"], timeout=100)
    scram = glob.glob("/usr/share/java/scram-*.jar") + glob.glob("/usr/share/java/stringprep.jar") + \
        glob.glob("/usr/share/java/saslprep.jar")
    fine(["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp",
          ":".join([str(classes)] + jars + scram), "UseJdbc"], front, mode)


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
        with wire.login(stage.front().address) as session:
            equal(session.value("SELECT 1"), "1")


harness.main()
