#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu roster: what it shows, how a file becomes the roster, and whom an audit finds."""
import base64
import datetime
import json
import os
import stat

import guard
import harness
import shop
from stage import equal, test
from test_clock import environment, moved
from test_leavers import LEFT, attempt
from test_signed import of, texts

HEAD = "principal,kind,owner,owner_status,left_at,contact"
ASKED = 20
ROLES = ("r_old", "r_new", "r_left", "r_none", "r_two", "r_twin", "r_stranger", "r_silent", "r_root")
LINES = {"app": "service,Kim,active,,kim@example.org", "analyst": "human,Lee,active,,", "r_old": "human,Choi,active,,",
         "r_new": "human,Park,active,,", "r_left": "human,Yoon,left,,", "r_none": "service,,,,", "r_two": "admin,Kim; Lee,,,",
         "r_twin": "human,Yoon,active,,", "r_absent": "human,Han,active,2199-01-01,", "postgres": "admin,Ko,active,,"}


def text(lines):
    return HEAD + "\n" + "".join(f"{name},{line}\n" for name, line in lines.items())


@harness.shared
def roles():
    server = shop.server()
    for name in ROLES:
        server.sql(f"CREATE ROLE {name} LOGIN" + (" IN ROLE app" if name != "r_silent" else "") + (" SUPERUSER" if name == "r_root" else ""))
    server.sql("ALTER ROLE r_old VALID UNTIL '2999-01-01'")


def front(name, lines=LINES, **more):
    roles()
    path = harness.folder() / f"{name}.csv"
    path.write_text(text(lines), encoding="utf-8")
    return shop.front(name, more={"principals": {"roster": str(path)}, **more}), path


# ---- show ----

@test(gateway=True)
def test_shown():
    """The roster as the file is now, with the sessions that run, and without a guard without them"""
    made, path = front("shown")
    sessions = [made.login(user=name) for name in ("app", "app", "analyst")]
    shown = {one["principal"]: one for one in made.guard.json("roster")}
    equal(list(shown), sorted(LINES))
    equal(shown["app"], {"principal": "app", "kind": "service", "owner": "Kim", "status": "active", "left_at": None,
                         "contact": "kim@example.org", "sessions": 2})
    equal({name: one["sessions"] for name, one in shown.items() if one["sessions"]}, {"app": 2, "analyst": 1})
    equal((shown["r_left"]["status"], shown["r_none"]["owner"], shown["r_absent"]["left_at"][:10]), ("left", None, "2199-01-01"))
    rows = made.guard.run("roster", "show").stdout.splitlines()
    equal(len(rows), len(LINES) + 1)
    assert rows[0].split()[:4] == ["principal", "kind", "owner", "status"], rows[0]
    for session in sessions:
        session.terminate()
    made.stop()
    equal({one["sessions"] for one in made.guard.json("roster", "show")}, {None})
    path.write_text(f"{HEAD}\napp,robot,,,,\n", encoding="utf-8")
    done = made.guard.run("roster")
    equal(done.returncode, 2)
    assert f"{path}:2: the kind" in done.stderr, done.stderr
    for words in (("fire",), ("show", "x"), ("import", "a", "b"), ("import", "--connect", str(path))):
        equal(made.guard.run("roster", *words).returncode, 2, words)


# ---- import ----

@test(gateway=True)
def test_imported():
    """A file that is well takes the roster's place in one step, with its owner and rights, and is in force; one with a fault changes nothing; that it was done is in the ledger"""
    made, path = front("imported")
    os.chmod(path, 0o604)
    equal(attempt(made, "r_new"), None)
    new = harness.folder() / "new people.csv"
    new.write_text(text({**LINES, "r_new": "human,Park,left,,"}), encoding="utf-8")
    before, mark = path.stat().st_ino, made.guard.mark()
    done = made.guard.run("roster", "import", str(new))
    equal((done.returncode, done.stderr), (0, ""))
    assert "10 principals now, 2 of them with an owner who has left" in done.stdout, done.stdout
    made.guard.wait("roster_reloaded", start=mark)
    equal(attempt(made, "r_new"), LEFT)
    equal(path.read_text(encoding="utf-8"), new.read_text(encoding="utf-8"))
    assert path.stat().st_ino != before, "another file, not this one written over"
    equal(stat.S_IMODE(path.stat().st_mode), 0o604)
    equal([name for name in os.listdir(path.parent) if "pasu-roster" in name], [])
    asked = [texts(payload[8:]) for payload in of(made, ASKED)]
    assert ["roster", f"import {new}"] in asked, asked
    # A fault.
    kept = path.read_text(encoding="utf-8")
    for content, line in ((f"{HEAD}\napp,service,,,,\nx,robot,,,,\n", 3), ("", 1), (f"{HEAD}\na,,,,\n", 2)):
        new.write_text(content, encoding="utf-8")
        done = made.guard.run("roster", "import", str(new))
        equal(done.returncode, 1, done.stderr)
        assert f"{new}:{line}: " in done.stderr, done.stderr
    equal(made.guard.run("roster", "import", str(new) + ".none").returncode, 2)
    equal(path.read_text(encoding="utf-8"), kept)
    # Behind a link the file is exchanged, not the link.
    real = harness.folder() / "real.csv"
    os.rename(path, real)
    path.symlink_to(real)
    new.write_text(text(LINES), encoding="utf-8")
    mark = made.guard.mark()
    equal(made.guard.json("roster", "import", str(new)), [{"file": str(path), "principals": 10, "left": 1}])
    made.guard.wait("roster_reloaded", start=mark)
    assert path.is_symlink() and real.read_text(encoding="utf-8") == text(LINES)
    equal(attempt(made, "r_new"), None)
    made.stop()
    # Without a guard, where there is no file yet.
    path.unlink()
    equal(made.guard.json("roster", "import", str(new))[0]["principals"], 10)
    equal(path.read_text(encoding="utf-8"), text(LINES))


# ---- audit ----

def audit(made, *words):
    done = guard.run("roster", "audit", "--json", *words, "-c", made.guard.path, timeout=60)
    assert done.returncode in (0, 1), done.stderr
    answer, = map(json.loads, done.stdout.splitlines())
    equal(done.returncode, 0 if answer["ok"] else 1)
    return {(one["name"], bool(one["gateway"])): (one["state"], one["text"], one["hint"]) for one in answer["findings"]}


def use(made, name, application="x", sql="SELECT 1"):
    with made.login(user=name, application_name=application) as session:
        session.query(sql)


@test(gateway=True, limit=120)
@moved
def test_audited():
    """An audit finds the ownerless, shared, dormant, never used, unlisted and over-privileged, superusers, old passwords, and leavers that tried; and nothing of those who are as they should be"""
    then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=120)
    zone = {"TZ": "UTC"}
    made, path = front("audited", environment={**environment(f"{then:%Y-%m-%d %H:%M:%S}"), **zone})
    for name in ("r_old", "app", "r_stranger"):
        use(made, name)
    use(made, "postgres", sql="ALTER ROLE r_old PASSWORD 'then'")
    made.guard.until_sessions(0)
    made.stop()
    for name in ("LD_PRELOAD", "FAKETIME"):
        made.guard.environment.pop(name, None)
    made.guard.start()
    everything = "; ".join(f"SELECT * FROM {table} LIMIT 1" for table in ("customers", "orders", "members", "accounts", "parcels"))
    use(made, "app", sql=everything)
    for number in range(5):
        use(made, "analyst", f"tool {number}", "SELECT id, name FROM customers LIMIT 1")
    use(made, "r_two", sql="SELECT 1")
    use(made, "r_twin")
    use(made, "r_none")
    for sql in ("ALTER ROLE app PASSWORD 'now'", "ALTER USER \"r_new\" WITH ENCRYPTED PASSWORD 'now' VALID UNTIL '2999-01-01'", "ALTER ROLE r_two PASSWORD NULL",
                "ALTER ROLE r_twin VALID UNTIL '2999-01-01'", "ALTER USER SESSION_USER PASSWORD 'now'", "CREATE ROLE r_made LOGIN PASSWORD 'now'"):
        use(made, "postgres", sql=sql)
    for _ in range(3):
        equal(attempt(made, "r_left"), LEFT)
    found = audit(made)
    due = {"ownerless r_left": ("warning", "its owner Yoon has left"), "leaver r_left": ("warning", "refused 3 times"),
           "ownerless r_none": ("warning", "nobody owns it"), "ownerless r_twin": ("warning", "has left on line 6 (r_left)"),
           "shared r_two": ("warning", "several owners: Kim; Lee"), "shared analyst": ("warning", "5 applications in 90 days"),
           "dormant r_old": ("warning", f"the last one at {then:%Y-%m-%d}"), "never used r_new": ("warning", "no session through pasu in 90 days"),
           "never used r_absent": ("warning", "no session through pasu")}
    equal({name for name, _ in found}, set(due))
    for name, (state, words) in due.items():
        got = found[name, False]
        equal(got[0], state, name)
        assert words in got[1] and got[2], got
    # The same for people.
    done = made.guard.run("roster", "audit")
    equal(done.returncode, 1)
    assert f"{len(due)} things to look at" in done.stdout and "ownerless r_none" in done.stdout, done.stdout
    # With the server.
    more = {name: one for (name, is_server), one in audit(made, "--connect").items() if is_server}
    over = {name for name in more if name.startswith("over-privileged")}
    equal({name for name in more if name not in over and "postgres" not in name and name.split()[-1].startswith(("r_", "expiring"))},
          {"unlisted r_stranger", "unlisted r_silent", "unlisted r_root", "unlisted r_made", "ownerless r_left", "superuser r_root", "absent r_absent",
           "never expiring"})
    equal((more["superuser r_root"][0], more["superuser postgres"][0], more["absent r_absent"][0]), ("warning", "info", "info"))
    assert "r_old" not in more["never expiring"][1] and "analyst" in more["never expiring"][1], more["never expiring"]
    assert "\\" not in made.guard.run("roster", "audit", "--connect").stdout
    state, said, _ = more["password age"]
    old = set(said.rpartition(": ")[2].split(", "))
    equal((state, "not changed through pasu in 90 days" in said), ("warning", True))
    assert {"r_old", "r_two", "r_twin", "r_stranger", "analyst"} <= old and not {"app", "r_new", "postgres", "r_made"} & old, said
    assert "over-privileged app" not in over and "over-privileged r_silent" not in over and "over-privileged r_root" not in over, over
    assert {"over-privileged analyst", "over-privileged r_new"} <= over, over
    made.stop()


@test(gateway=True)
def test_all_is_well():
    """Where everybody is as they should be there is nothing to look at; of a young ledger it is only said who was never used"""
    made, _ = front("well", {"app": "service,Kim,active,,", "analyst": "human,Lee,active,,"})
    use(made, "app")
    use(made, "pasu")  # the inspector, as which pasu doctor tries controls
    found = audit(made)
    equal({name: one[0] for (name, _), one in found.items()}, {"never used analyst": "info"})
    done = made.guard.run("roster", "audit")
    equal((done.returncode, done.stdout.splitlines()[-1]), (0, "all is well"))
    made.guard.config["principals"].pop("roster")
    made.guard.write()
    for words in ((), ("audit",), ("import", str(made.guard.path))):
        done = made.guard.run("roster", *words)
        equal(done.returncode, 2)
        assert "names no roster" in done.stderr, done.stderr
    made.stop()


# ---- other forms ----

LDIF = """version: 1

dn: ou=people,dc=example,dc=com
objectClass: organizationalUnit
ou: people

dn: uid=analyst,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: analyst
cn:: {name}
mail: lee@exam
 ple.com

dn: cn=app,ou=services,dc=example,dc=com
objectClass: applicationProcess
cn: app
owner: uid=analyst,ou=people,dc=example,dc=com
""".format(name=base64.b64encode("이민수".encode()).decode())

GONE = """dn: uid=analyst,ou=people,dc=example,dc=com
changetype: modify
replace: nsAccountLock
nsAccountLock: TRUE
-
"""


@test(gateway=True)
def test_ldif_and_scim():
    """LDIF and SCIM users are imported as a roster, LDIF also as changes of it; a directory's file can be the roster itself; what has a fault is told with its line and changes nothing"""
    made, path = front("forms", {"app": "service,Kim,active,,", "dba": "admin,Ko,active,,"})
    new = harness.folder() / "people.in"

    def imported(content):
        new.write_text(content, encoding="utf-8")
        mark = made.guard.mark()
        done = made.guard.run("roster", "import", str(new))
        if done.returncode == 0:
            made.guard.wait("roster_reloaded", start=mark)
        return done

    def shown():
        return {one["principal"]: (one["kind"], one["owner"], one["status"]) for one in made.guard.json("roster")}

    equal(imported(LDIF).returncode, 0)
    equal(shown(), {"analyst": ("human", "이민수", "active"), "app": ("service", "이민수", "active")})
    equal(attempt(made, "analyst"), None)
    equal(imported(GONE).returncode, 0)
    equal(shown()["analyst"], ("human", "이민수", "left"))
    equal(attempt(made, "analyst"), LEFT)
    kept = path.read_bytes()
    for content, line, words in ((GONE.replace("uid=analyst", "uid=other"), 3, "neither in the file nor on the roster"),
                                 (LDIF + "x\n", 18, "neither \"name: value\""), ("{", 1, "not JSON"), ('[{"userName": ""}]', 1, "user 1: userName")):
        done = imported(content)
        equal(done.returncode, 1, content)
        assert f"{new}:{line}:" in done.stderr and words in done.stderr, done.stderr
    equal(path.read_bytes(), kept)
    users = [{"userName": "analyst", "active": True, "displayName": "Lee"}, {"userName": "app", "userType": "service", "active": False}]
    equal(imported(json.dumps({"totalResults": 2, "Resources": users})).returncode, 0)
    equal(shown(), {"analyst": ("human", "Lee", "active"), "app": ("service", "app", "left")})
    equal(attempt(made, "analyst"), None)
    # The directory's file itself.
    own = harness.folder() / "directory.ldif"
    own.write_text(LDIF, encoding="utf-8")
    made.guard.config["principals"]["roster"] = str(own)
    equal(made.reload(), "config_reloaded")
    equal(shown()["analyst"][2], "active")
    for content in (GONE, f"{HEAD}\n"):
        equal(imported(content).returncode, 2)
    equal(imported(LDIF.replace("mail:", "loginShell: /sbin/nologin\nmail:")).returncode, 0)
    equal(shown(), {"analyst": ("human", "이민수", "left"), "app": ("service", "이민수", "left")})
    equal(attempt(made, "analyst"), LEFT)
    mark = made.guard.mark()
    own.write_text(LDIF + "\nuid: x\n", encoding="utf-8")
    equal(made.guard.wait("roster_refused", start=mark)["line"], 19)
    equal(attempt(made, "analyst"), LEFT)
    made.stop()


# ---- what a leaver could read ----

VAULT = """CREATE SCHEMA s; CREATE SCHEMA closed;
    CREATE TABLE s.logins (id int, name text, password_hash text, api_key text, password_changed_at timestamptz, tokens int);
    CREATE TABLE s.by_role (refresh_token text); CREATE TABLE s.nobody (secret text); CREATE TABLE closed.hidden (password text);
    CREATE TABLE s.korean (비밀번호 text); CREATE VIEW s.shown AS SELECT api_key FROM s.logins;
    GRANT USAGE ON SCHEMA s TO PUBLIC; GRANT SELECT (id, password_hash) ON s.logins TO r_s_kim; GRANT SELECT ON s.by_role TO r_s_team;
    GRANT SELECT ON closed.hidden TO r_s_kim; GRANT SELECT ON s.korean, s.shown TO PUBLIC;
    CREATE FOREIGN DATA WRAPPER dummy;
    CREATE SERVER theirs FOREIGN DATA WRAPPER dummy; CREATE SERVER others FOREIGN DATA WRAPPER dummy;
    GRANT USAGE ON FOREIGN SERVER theirs TO r_s_kim;
    CREATE USER MAPPING FOR r_s_kim SERVER theirs OPTIONS (password 'very-secret');
    CREATE USER MAPPING FOR PUBLIC SERVER theirs OPTIONS (password 'very-secret');
    CREATE USER MAPPING FOR r_s_kim SERVER others OPTIONS (password 'very-secret')"""


@harness.shared
def vault():
    server = shop.server()
    server.sql("CREATE ROLE r_s_team NOINHERIT; CREATE ROLE r_s_kim LOGIN NOINHERIT IN ROLE r_s_team; CREATE ROLE r_s_app LOGIN;"
               "CREATE ROLE r_s_root LOGIN SUPERUSER; CREATE ROLE r_s_lee LOGIN; CREATE ROLE r_s_ops LOGIN IN ROLE pg_read_server_files")
    server.sql("CREATE DATABASE r_vault")
    for statement in VAULT.split(";"):
        server.sql(statement, database="r_vault")
    server.sql("CREATE SUBSCRIPTION theirs CONNECTION 'host=x password=very-secret' PUBLICATION p WITH (connect = false)",
               database="r_vault")
    server.sql("ALTER SUBSCRIPTION theirs OWNER TO r_s_root", database="r_vault")


def leaver(made, name):
    done = guard.run("roster", "leaver", name, "--json", "-c", made.guard.path, timeout=60)
    assert done.returncode in (0, 1), done.stderr
    assert "very-secret" not in done.stdout + done.stderr
    answer, = map(json.loads, done.stdout.splitlines())
    equal(done.returncode, 0 if answer["ok"] else 1)
    return {one["name"]: (one["state"], one["text"], one["hint"]) for one in answer["secrets"]}


@test(gateway=True)
def test_leaver():
    """What a leaver could read is listed to be exchanged, by what they may read themselves, by inheritance and as another role, and nothing else; each with what to do; and that it was asked is recorded"""
    vault()
    made, _ = front("vault", {"r_s_kim": "human,Kim,left,,", "r_s_app": "service,Kim,active,,", "r_s_lee": "human,Lee,left,,",
                              "r_s_root": "admin,Ko,active,,", "r_s_ops": "service,Han,active,,"})
    kim = leaver(made, "r_s_kim")
    shop_tables = {name for name in kim if name.startswith("table ") and not name.startswith("table r_vault.")}
    equal({name: one[0] for name, one in kim.items() if name not in shop_tables},
          {"password of r_s_kim": "warning", "password of r_s_app": "warning", "member of r_s_team": "info",
           "table r_vault.s.logins": "warning", "table r_vault.s.by_role": "warning", "table r_vault.s.korean": "warning",
           "table r_vault.s.shown": "warning", "user mapping of r_s_kim at theirs": "warning",
           "user mapping of public at theirs": "info"})
    equal(kim["table r_vault.s.logins"][1], "r_s_kim may read password_hash")
    assert all(hint for _, _, hint in kim.values()), kim
    equal(leaver(made, "Kim"), kim, "by their name")
    lee = {name: one[0] for name, one in leaver(made, "r_s_lee").items()}
    assert {"table r_vault.s.logins", "table r_vault.s.by_role", "user mapping of r_s_kim at theirs", "password of r_s_app"}.isdisjoint(lee), lee
    root = leaver(made, "r_s_root")
    assert {"every password and file", "subscription theirs", "table r_vault.s.nobody", "table r_vault.closed.hidden",
            "user mapping of r_s_kim at others", "gateway.inspector.password_file"} - set(root) <= {"gateway.inspector.password_file"}, root
    assert "the server's files" in leaver(made, "r_s_ops")
    done = made.guard.run("roster", "leaver", "r_s_kim")
    equal(done.returncode, 1)
    assert "secrets of r_s_kim to exchange" in done.stdout and "hint:" in done.stdout, done.stdout
    equal(made.guard.run("roster", "leaver", "nobody-at-all").returncode, 2)
    equal(made.guard.run("roster", "leaver").returncode, 2)
    asked = [texts(payload[8:]) for payload in of(made, ASKED)]
    assert ["roster", "leaver r_s_kim"] in asked, asked
    made.stop()
    server = shop.server()
    for statement in ("ALTER SUBSCRIPTION theirs DISABLE", "ALTER SUBSCRIPTION theirs SET (slot_name = NONE)", "DROP SUBSCRIPTION theirs"):
        server.sql(statement, database="r_vault")


if __name__ == "__main__":
    harness.main()
