#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A budget with session: close ends the session of whoever it stops: the error is FATAL and the last that comes, behind exactly
the rows that there was room for; the server's query is cancelled, its session is gone, and the ledger says why. With keep it goes on."""
import subprocess

import harness
import process
import shop
from stage import equal, test
import wire

MOST, CODE = 3, "PS001"
ALL = "SELECT id, name FROM customers ORDER BY id"
SLOW = f"SELECT id, name, repeat('x', 10000), pg_sleep(CASE WHEN id > {shop.keys('customers', 'id')[4]} THEN 50 ELSE 0 END) FROM customers ORDER BY id"
ROLES = {"c_simple": MOST, "c_slow": MOST, "c_extended": MOST, "c_pipeline": MOST, "c_copy": MOST, "c_bound": MOST, "c_error": MOST, "c_block": MOST,
         "c_start": MOST, "c_several": MOST, "c_driver": MOST, "c_other": MOST, "c_keep": MOST, "c_strict": MOST}


@harness.shared
def front():
    for name in ROLES:
        shop.server().sql(f"CREATE ROLE {name} LOGIN IN ROLE app")
    shop.server().sql("CREATE TABLE c_counts (n int); INSERT INTO c_counts VALUES (0); GRANT ALL ON c_counts TO app")
    return shop.front("closing", more={"budgets": budgets()})


def budgets():
    return [{"principal": name, "window": "30d", "subjects": most, "verdict": "block", "session": "keep" if name == "c_keep" else "close"}
            for name, most in ROLES.items()]


def ended(name, data, through=None):
    """What comes until the end of the connection."""
    through = through or front()
    with through.login(user=name, application_name=name) as session:
        session.send(data)
        result = wire.Result()
        while True:
            try:
                result.add(*session.receive())
            except wire.Closed:
                break
    equal((result.types[-1:], result.types.count("E")), ("E", 1), (name, result.types))
    fields = result.errors[0]
    equal((fields["S"], fields["V"], fields["C"]), ("FATAL", "FATAL", CODE), name)
    through.guard.wait("session_aborted", principal=name)
    process.until(lambda: shop.server().backends(f"usename = '{name}'") == 0, "the server's session has ended", 20)
    return result


def seen(name):
    return {key for key in shop.export(front(), "--principal", name)[name].keys["customer"]}


def run_of(sql):
    return wire.parse(sql) + wire.bind() + wire.execute()


@test(gateway=True)
def test_in_a_result():
    """Without it all are shown, and the session stands. With it, FATAL behind the last row that there was room for, and the end; what runs at the server is
    cancelled, and the ledger has who was shown"""
    first = shop.keys("customers", "id")[:MOST]
    front()  # its roles
    harm = shop.front("closing-harm")
    for name, data in (("c_simple", wire.query(ALL)), ("c_slow", wire.query(SLOW.replace("50 ", "0 "))), ("c_extended", run_of(ALL) + wire.SYNC)):
        with harm.login(user=name) as session:
            session.send(data)
            result = session.result()
            equal((len(result.rows), result.errors, session.value("SELECT 1")), (shop.CUSTOMERS, [], "1"), f"{name}: the harm")
    harm.stop()
    for name, data in (("c_simple", wire.query(ALL)), ("c_slow", wire.query(SLOW)), ("c_extended", run_of(ALL) + wire.SYNC)):
        result = ended(name, data)
        equal([row[0] for row in result.rows], first, name)
        text = result.errors[0].get("D", "")
        assert f"more than {MOST} different persons" in text and name in text, text
        equal(seen(name), set(first), name)
    strict = shop.front("closing-strict", more={"budgets": budgets(), "ledger": {"directory": "./ledger", "durability": "strict"}})
    equal([row[0] for row in ended("c_strict", wire.query(ALL), strict).rows], first)
    strict.stop()
    told = front().guard.wait("session_aborted", principal="c_simple")
    assert "ends the session" in str(told), told


@test(gateway=True)
def test_pipelines():
    """Nothing of the pipeline behind it happens, nor of what stands behind it in a text; what comes before is rolled back with it"""
    change = "UPDATE c_counts SET n = n + 1"
    result = ended("c_pipeline", run_of(change) + run_of(ALL) + run_of(change) + wire.SYNC + wire.query(change))
    equal(len(result.rows), MOST)
    equal(len(ended("c_several", wire.query(f"{change}; {SLOW}; {change}")).rows), MOST)
    equal(shop.server().sql("SELECT n FROM c_counts"), [["0"]])


@test(gateway=True)
def test_what_is_no_row():
    """COPY, what counts as the most it can be, an error's text, rows that a statement puts where nobody sees who reads them"""
    equal(ended("c_copy", wire.query("COPY (SELECT id, name FROM customers ORDER BY id) TO STDOUT")).copied.count(b"\n"), MOST)
    equal(ended("c_bound", wire.query("SELECT DISTINCT name FROM customers")).rows, [])
    equal(ended("c_block", run_of("SELECT string_agg(email, ',') FROM customers") + wire.SYNC).rows, [])
    stored = wire.query("SELECT set_config('my.mail', string_agg(email, ','), false) IS NULL FROM customers")
    equal(ended("c_start", stored + wire.query("UPDATE c_counts SET n = n + 1")).rows, [])
    equal(shop.server().sql("SELECT n FROM c_counts"), [["0"]], "what stands behind what was not sent is not sent")


@test(gateway=True)
def test_drivers():
    """psycopg raises the gateway's error and has a connection that is closed; libpq has its SQLSTATE (psql shows it) and severity"""
    program = ("import psycopg, sys\n"
               "c = psycopg.connect(sys.argv[1], autocommit=True)\n"
               "try:\n    c.execute(sys.argv[2]).fetchall()\n"
               "except psycopg.OperationalError as error:\n    print(error, 'closed:', c.closed)\n")
    target = f"host=127.0.0.1 port={front().port} user=c_driver dbname=postgres"
    ran = subprocess.run(["/usr/bin/python3", "-c", program, target, ALL], capture_output=True, text=True, timeout=60, check=False)
    assert "a budget of persons is used up, which ends the session" in ran.stdout and "closed: True" in ran.stdout, (ran.stdout, ran.stderr)
    ran = subprocess.run(["psql", "-X", "-v", "VERBOSITY=verbose", "-d", target, "-c", ALL], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 2 and f"FATAL:  {CODE}: a budget of persons is used up" in ran.stderr, (ran.returncode, ran.stdout, ran.stderr)


@test(gateway=True)
def test_others_go_on():
    """Where it keeps the session it goes on, and other sessions of a role whose session was ended go on, too, until they are stopped"""
    with front().login(user="c_keep") as session:
        for _ in range(3):
            result = session.exchange(wire.query(ALL))
            equal((len(result.rows), result.errors[0]["S"], result.code), (MOST, "ERROR", CODE))
        equal(session.value("SELECT 1"), "1")
    with front().login(user="c_other", application_name="c_other") as other:
        first = shop.keys("customers", "id")[:MOST]
        with front().login(user="c_other", application_name="c_other") as session:
            result = session.exchange(wire.query(ALL), "E")
            equal((len(result.rows), result.errors[0]["S"]), (MOST, "FATAL"))
            assert not session.read_end()
        equal(len(other.query(f"SELECT name FROM customers WHERE id IN ({', '.join(first)})").rows), MOST)


if __name__ == "__main__":
    harness.main()
