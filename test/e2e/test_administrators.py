#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What administrators do is recorded, judged and an alert, whether it touches a person or not; what applications do is
none of it."""
import functools
import itertools
import json

import harness
from process import until
import shop
from stage import equal, test
import wire

RULE, REFUSED = "PS003", "PS002"
SECRET = "hunter2-is-never-kept"

# Each in a session of its own, as a superuser: the flags that it has, and the statements. They come one after the other.
ACTS = {
    "grant": ({"grant"}, ["GRANT SELECT ON products TO analyst WITH GRANT OPTION"]),
    "grant-public": ({"grant"}, ["GRANT SELECT ON customers TO PUBLIC", "REVOKE ALL ON customers FROM PUBLIC"]),
    "default-privileges": ({"grant"}, ["ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO analyst"]),
    "role": ({"role"}, [f"CREATE ROLE kim LOGIN PASSWORD '{SECRET}'", "ALTER ROLE kim BYPASSRLS",
                        f"ALTER ROLE kim SET search_path = '{SECRET}'", "ALTER ROLE kim RENAME TO kim2", "DROP ROLE kim2"]),
    "role-in-role": ({"role"}, ["GRANT pg_monitor TO analyst WITH ADMIN OPTION", "REVOKE pg_monitor FROM analyst"]),
    "owner": ({"owner"}, ["ALTER TABLE products OWNER TO analyst", "REASSIGN OWNED BY analyst TO postgres",
                          "ALTER FUNCTION plain_one() OWNER TO postgres", "CREATE SCHEMA AUTHORIZATION analyst", "DROP OWNED BY a_nobody"]),
    "definer": ({"definer"}, ["CREATE FUNCTION all_names() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::text'",
                              "ALTER FUNCTION plain_one() SECURITY DEFINER"]),
    "extension": ({"extension"}, ["CREATE EXTENSION citext", "DROP EXTENSION citext"]),
    "settings": ({"server"}, ["ALTER DATABASE postgres SET work_mem = '8MB'", "SELECT pg_reload_conf()", "SELECT pg_rotate_logfile()"]),
    "trigger": ({"trigger"}, ["CREATE TRIGGER t BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION watched()",
                              "ALTER TABLE customers DISABLE TRIGGER t", "DROP TRIGGER t ON customers",
                              "CREATE RULE r AS ON UPDATE TO members DO ALSO NOTIFY somebody", "DROP RULE r ON members",
                              "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION watched_ddl()", "DROP EVENT TRIGGER e"]),
    "row-security": ({"row_security"}, ["ALTER TABLE members ENABLE ROW LEVEL SECURITY", "CREATE POLICY p ON members USING (level > 0)",
                                        "ALTER POLICY p ON members USING (true)", "DROP POLICY p ON members",
                                        "ALTER TABLE members DISABLE ROW LEVEL SECURITY"]),
    "publication": ({"publication"}, ["CREATE PUBLICATION pub FOR TABLE customers", "ALTER PUBLICATION pub ADD TABLE members",
                                      "DROP PUBLICATION pub"]),
    "user": ({"set_role"}, ["SET SESSION AUTHORIZATION analyst"]),
    # wherever it stands
    "several": ({"grant"}, ["SELECT 1; GRANT SELECT ON products TO app; SELECT 2"]),
    "do": ({"grant"}, ["DO $$ BEGIN IF true THEN GRANT SELECT ON products TO app; END IF; END $$"]),
    "do-made": ({"role"}, ["DO $$ BEGIN EXECUTE format('ALTER ROLE %I NOREPLICATION', 'app'); END $$"]),
    "do-call": ({"grant"}, ["DO $$ BEGIN PERFORM giving(); END $$"]),
    "called": ({"grant"}, ["SELECT giving()"]),
    "prepared": ({"server"}, ["PREPARE again AS SELECT pg_reload_conf()", "EXECUTE again"]),
}
# The same, of what pasu refuses anyway.
REFUSALS = {
    "alter-system": ({"server"}, ["ALTER SYSTEM SET work_mem = '8MB'"]),
    "subscription": ({"publication"}, [f"CREATE SUBSCRIPTION s CONNECTION 'host=a password={SECRET}' PUBLICATION p"]),
    "slot": ({"publication"}, ["SELECT pg_create_physical_replication_slot('slot')"]),
    "foreign": ({"foreign"}, ["CREATE SERVER there FOREIGN DATA WRAPPER postgres_fdw",
                              f"CREATE USER MAPPING FOR app SERVER there OPTIONS (password '{SECRET}')"]),
}
# What applications do, as themselves.
ORDINARY = {
    "tables": ["CREATE TABLE own (id int PRIMARY KEY, note text)", "CREATE INDEX ON own (note)", "ALTER TABLE own ADD more int",
               "CREATE VIEW own_view AS SELECT id FROM own", "COMMENT ON TABLE own IS 'mine'"],
    "code": ["CREATE FUNCTION own_code() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
             "CREATE TRIGGER own_trigger BEFORE INSERT ON own FOR EACH ROW EXECUTE FUNCTION own_code()",
             "ALTER TABLE own DISABLE TRIGGER own_trigger", "DO $$ BEGIN RAISE NOTICE 'grant and revoke'; END $$"],
    "pooler": ["SET ROLE plain", "RESET ROLE", "SET ROLE none", "BEGIN; SET LOCAL ROLE plain; COMMIT", "SET SESSION AUTHORIZATION DEFAULT",
               "DISCARD ALL"],
    "by-setting": ["SELECT set_config('role', 'plain', false)", "SELECT set_config('role', 'none', false)"],
    "rows": ["SELECT id, title FROM products", "INSERT INTO own VALUES (1, 'grant select to all')"],
}


@harness.shared
def made():
    shop.server().sql("""
        CREATE ROLE plain; CREATE ROLE a_nobody; CREATE ROLE a_other; CREATE ROLE l_owner LOGIN IN ROLE plain; GRANT CREATE ON SCHEMA public TO l_owner;
        GRANT SELECT ON products, customers TO l_owner; CREATE ROLE l_great SUPERUSER; CREATE ROLE l_climber LOGIN IN ROLE l_great;
        GRANT SELECT ON customers TO l_climber; CREATE ROLE l_sees LOGIN BYPASSRLS; GRANT SELECT ON customers TO l_sees;
        CREATE ROLE l_late LOGIN; GRANT SELECT ON customers TO l_late;
        CREATE ROLE l_deploy LOGIN CREATEROLE;
        CREATE FUNCTION plain_one() RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE FUNCTION giving() RETURNS void LANGUAGE plpgsql AS 'BEGIN GRANT SELECT ON products TO app; END';
        CREATE FUNCTION watched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE FUNCTION watched_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'""")


def front_of(name, **more):
    made()
    front = shop.front(name, more=more)
    with front.login(user="app") as session:  # the catalog has been read
        until(lambda: session.query("SELECT name FROM customers WHERE id = 0").rows == [], "a catalog")
    return front


@functools.cache
def front():
    return front_of("admins")


def run(front, name, statements, user="postgres"):
    """Errors' SQLSTATEs, of one session of that application name."""
    with front.login(user=user, application_name=name) as session:
        return [error["C"] for sql in statements for error in session.exchange(wire.query(sql)).errors]


def lines(front, name):
    return shop.export(front)[name].lines


def alerts(front, control="administrators"):
    return [one for one in front.guard.json("ack") if one["control"] == control]


@test(gateway=True, limit=120)
def test_acts():
    """Each kind of statement leaves a record with its flag, its actor and its words without values, and alerts, wherever it stands"""
    for name, (_, statements) in ACTS.items():
        equal(run(front(), name, statements), [], name)
    front().guard.until_sessions(0)
    said = shop.export(front())
    for name, (flags, statements) in ACTS.items():
        acts = [line for line in said[name].lines if flags <= set(line["flags"])]
        due = 1 if name == "prepared" else len(statements)
        equal(sum(line["statements"] for line in acts), due, f"{name}: {said[name]}")
        equal({line["rule"] for line in acts}, {f"administrators: {min(flags)}"}, name)
        equal({(line["verdict"], line["principal"]) for line in acts}, {("alert", "postgres")}, name)
    raised = alerts(front())
    equal({one["rule"] for one in raised} >= {f"administrators: {min(flags)}" for flags, _ in ACTS.values()}, True, raised)
    equal({(one["principal"], one["verdict"]) for one in raised}, {("postgres", "alert")})
    equal({one["severity"] for one in raised if one["rule"] == "administrators: role"}, {4})
    equal({one["severity"] for one in raised if one["rule"] == "administrators: grant"}, {3})



@test(gateway=True, limit=60)
def test_refused():
    """What pasu refuses has its flag, too, and is an alert of a refusal"""
    for name, (_, statements) in REFUSALS.items():
        equal(run(front(), name, statements), [REFUSED] * len(statements), name)
    front().guard.until_sessions(0)
    said = shop.export(front())
    for name, (flags, statements) in REFUSALS.items():
        refused = [line for line in said[name].lines if flags <= set(line["flags"])]
        equal(sum(line["statements"] for line in refused), len(statements), f"{name}: {said[name]}")
        equal({(line["verdict"], line["rule"]) for line in refused}, {("block", "refused")}, name)
    assert [one for one in alerts(front(), "rule") if one["rule"] == "refused" and one["verdict"] == "block"]


@test(gateway=True, limit=60)
def test_ordinary():
    """What an application does with its own, and poolers do with roles, has no flag and no record"""
    for name, statements in ORDINARY.items():
        equal(run(front(), f"ordinary-{name}", statements, user="l_owner"), [], name)
    front().guard.until_sessions(0)
    said = shop.export(front())
    equal({name: said[f"ordinary-{name}"].lines for name in ORDINARY}, {name: [] for name in ORDINARY})
    equal([one for one in alerts(front()) if one["principal"] == "l_owner"], [])


@test(gateway=True, limit=60)
def test_asked_in_vain():
    """It is recorded before it is sent: also what the server then refuses, in both protocols, and once for each time"""
    equal(run(front(), "vain", ["ALTER TABLE customers OWNER TO app"], user="app"), ["42501"])
    with front().login(user="app", application_name="vain-messages") as session:
        for _ in range(2):
            result = session.exchange(wire.parse("ALTER ROLE app SUPERUSER") + wire.bind() + wire.execute() + wire.SYNC)
            equal(result.code, "42501")
    front().guard.until_sessions(0)
    said = shop.export(front())
    equal((said["vain"].statements, said["vain"].flags, said["vain"].verdicts), (1, {"owner"}, {"alert"}))
    equal((said["vain-messages"].statements, said["vain-messages"].flags), (2, {"role"}))


@test(gateway=True, limit=60)
def test_no_values():
    """Passwords and other constants are nowhere: not in the export, not in the log, not in the ledger's files"""
    said = "".join(json.dumps(line) for name in ("role", "subscription", "foreign") for line in lines(front(), name))
    assert "CREATE ROLE kim LOGIN PASSWORD $1" in said, said
    files = [path.read_bytes() for path in (harness.folder() / "admins" / "ledger").rglob("*") if path.is_file()]
    assert files and not any(SECRET.encode() in data for data in [said.encode(), *files])
    assert not [line for line in front().process.lines if SECRET in line]


READ = f"SELECT name FROM customers WHERE id = {shop.CUSTOMERS * 7 + 1000}"


@test(gateway=True, limit=60)
def test_privileged():
    """Where nothing judges it nobody is told that a superuser reads persons, or a role that no row-level security holds for; they are an alert; others' are
    not"""
    harm = front_of("admins-harm", administrators={"verdict": "allow"})
    for user in ("postgres", "l_sees"):
        with harm.login(user=user, application_name="harm") as session:
            equal(len(session.query(READ).rows), 1)
    harm.guard.until_sessions(0)
    equal((shop.export(harm)["harm"].privileged, alerts(harm)), (True, []), "the harm")
    harm.stop()
    for name, user in (("reads-super", "postgres"), ("reads-rls", "l_sees"), ("reads-plain", "l_owner")):
        with front().login(user=user, application_name=name) as session:
            equal(len(session.query(READ).rows), 1)
    front().guard.until_sessions(0)
    said = shop.export(front())
    for name in ("reads-super", "reads-rls"):
        equal((said[name].flags, said[name].privileged, said[name].verdicts, said[name].rules),
              (set(), True, {"alert"}, {"administrators: privileged"}), name)
    equal((said["reads-plain"].flags, said["reads-plain"].privileged, said["reads-plain"].verdicts), (set(), False, {"allow"}))
    equal({one["principal"] for one in alerts(front()) if one["rule"] == "administrators: privileged"}, {"postgres", "l_sees"})
    # What a role may is what it may now.
    with front().login(user="l_late", application_name="late") as session:
        session.query(READ)
        equal(run(front(), "gives", ["ALTER ROLE l_late BYPASSRLS"]), [])
        until(lambda: session.query(READ) and shop.export(front())["late"].privileged, "a standing session that is seen as what it is by now")
    # That some of it is masked makes it no less.
    other = front_of("admins-masked", rules=[{"name": "mails", "when": {"fields": "email"}, "verdict": "mask"}])
    with other.login(user="postgres", application_name="masked") as session:
        assert "*" in session.query(READ.replace("name", "name, email", 1)).rows[0][1]
    other.guard.until_sessions(0)
    equal([one["rule"] for one in alerts(other)], ["administrators: privileged"])
    other.stop()


@test(gateway=True, limit=60)
def test_climbing():
    """Who becomes a role with more rights is an alert, also where it cannot be told which role it is; and reads as such until back"""
    value = wire.parse("SELECT set_config('role', $1, false)") + wire.bind([b"l_great"]) + wire.execute() + wire.SYNC
    with front().login(user="l_climber", application_name="climbs") as session:
        session.query(READ)
        session.query("SET ROLE l_great")
        session.query(READ)
        session.query("RESET ROLE")
        session.query(READ)
    with front().login(user="l_climber", application_name="climbs-by-value") as session:
        equal(session.exchange(value).errors, [])
        session.query(READ)
    front().guard.until_sessions(0)
    said = shop.export(front())
    climbed = {"plain": 0, "set_role": 0, "privileged": 0}
    for line in said["climbs"].lines:
        climbed["".join(line["flags"]) or "plain"] += line["statements"]
    equal(climbed, {"plain": 2, "set_role": 1, "privileged": 1})
    equal((said["climbs-by-value"].flags, said["climbs-by-value"].privileged), ({"set_role"}, True))
    assert [one for one in alerts(front()) if one["rule"] == "administrators: set_role" and one["principal"] == "l_climber"]



@test(gateway=True, limit=120)
def test_around():
    """Where nothing judges it nobody is told of a role that gets more rights without a statement through pasu that says so; it is an alert; what came through
    is not"""
    shop.server().sql("DROP ROLE IF EXISTS a_harm; CREATE ROLE a_harm")
    around = {"rule": "administrators: around pasu"}
    changes = itertools.cycle(["REPLICATION", "NOREPLICATION"])  # again and again: a gate looks now and then, and may see only what was taken back

    def changed(role="a_nobody"):
        shop.server().sql(f"ALTER ROLE {role} {next(changes)}")
        return [one for one in alerts(front()) if around.items() <= one.items() and one["principal"] == role]

    front()  # which judges the same
    harm = front_of("admins-around", administrators={"verdict": "allow"})

    def seen():
        changed("a_harm")
        return harm.guard.find("rights_changed", principal="a_harm")

    until(seen, "a change that the gate has seen", 40)
    harm.stop()  # with it comes what was raised
    harm.guard.start()
    equal(alerts(harm), [], "the harm")
    harm.stop()
    until(lambda: changed("a_harm"), "by the other one somebody is told", 40)
    shop.server().sql("DROP ROLE a_harm")
    slow = front().login(user="postgres", application_name="through-slowly")  # whose change nobody sees before its transaction is over
    slow.query("BEGIN; ALTER ROLE l_owner BYPASSRLS")
    equal(run(front(), "through", ["ALTER ROLE plain BYPASSRLS"]), [])
    found = until(changed, "an alert of what came around", 40)
    equal({(one["principal"], one["severity"], one["verdict"]) for one in found}, {("a_nobody", 4, "alert")})
    assert "and no statement through pasu says so" in found[0]["text"], found
    equal(run(front(), "code", ["DO $$ DECLARE r text := 'ALTER RO'; BEGIN EXECUTE r || 'LE l_deploy REPLICATION BYPASSRLS'; END $$"]), [])
    until(lambda: "l_deploy" in {one["principal"] for one in alerts(front()) if around.items() <= one.items()}, "what code put together", 20)
    slow.query("COMMIT")
    until(lambda: changed("a_other"), "another one", 40)
    equal({one["principal"] for one in alerts(front()) if around.items() <= one.items()}, {"a_harm", "a_nobody", "l_deploy", "a_other"})
    slow.query("ALTER ROLE l_owner NOBYPASSRLS")
    slow.terminate()


GRANTING = ["GRANT SELECT ON products TO app"]


@test(gateway=True, limit=90)
def test_judged():
    """Rules ask for the flags, and block before the server hears of it; the configuration says whose doings are no alert"""
    other = front_of("admins-ruled", administrators={"except": ["postgres", "l_deplo"]})
    equal(run(other, "excepted", GRANTING), [])
    equal(run(other, "not-excepted", ["CREATE ROLE lee"], user="l_deploy"), [])
    other.guard.until_sessions(0)
    equal([one["principal"] for one in alerts(other)], ["l_deploy"])
    other.guard.config["administrators"] = {"verdict": "allow"}
    equal(other.reload(), "config_reloaded")
    equal(run(other, "allowed", ["DROP ROLE lee"], user="l_deploy"), [])
    other.guard.config["rules"] = [
        {"name": "no-roles", "when": {"flags": ["role", "set_role"]}, "verdict": "block", "reason": "ask the team"},
        {"name": "no-admins", "when": {"flags": "privileged"}, "verdict": "block"}]
    equal(other.reload(), "config_reloaded")
    equal(run(other, "blocked", ["CREATE ROLE lee", READ, "SELECT 1; ALTER ROLE app SUPERUSER", "SELECT title FROM products"]), [RULE] * 3)
    equal(shop.server().value("SELECT count(*) FROM pg_roles WHERE rolname = 'lee' OR rolname = 'app' AND rolsuper"), "0")
    other.guard.until_sessions(0)
    said = shop.export(other)
    equal({name: (said[name].flags, said[name].verdicts) for name in ("excepted", "not-excepted", "allowed")},
          {"excepted": ({"grant"}, {"allow"}), "not-excepted": ({"role"}, {"alert"}), "allowed": ({"role"}, {"allow"})})
    equal((said["blocked"].flags, said["blocked"].privileged, said["blocked"].rules),
          ({"role", "refused"}, True, {"rule no-roles", "rule no-admins"}))
    equal(len(alerts(other)), 1)
    other.stop()


if __name__ == "__main__":
    harness.main()
