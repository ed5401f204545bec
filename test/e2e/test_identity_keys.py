#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Values that say whose they are, of persons whose keys do not stand for themselves: texts, uuids, numbers of any size, sealed ones.
The gateway itself gives them ordinals while it reads their tables; the ledger can tell who they are, also after a restart."""
import json

import guard
import harness
import identified
from identified import Place
from stage import equal, test

LOGINS = ("ada", "O''Neil", "사용자", "12", "012", "-7", "a,\"b\"", "x" * 200)
SCHEMA = f"""
CREATE TABLE accounts (login text PRIMARY KEY, email text UNIQUE);
INSERT INTO accounts SELECT l, 'account' || row_number() OVER () || '@mail.example' FROM (VALUES
    {", ".join(f"('{login}')" for login in LOGINS)}) v (l);
CREATE TABLE members (id uuid PRIMARY KEY, email text);
INSERT INTO members SELECT md5(i::text)::uuid, 'member' || i || '@mail.example' FROM generate_series(1, 20) i;
CREATE TABLE patients (id int PRIMARY KEY, email text);
INSERT INTO patients SELECT i, 'patient' || i || '@mail.example' FROM generate_series(1, 20) i;
CREATE TABLE far (id bigint PRIMARY KEY, email text);
INSERT INTO far VALUES (-7, 'far1@mail.example'), (9000000000, 'far2@mail.example'), (3, 'far3@mail.example');
CREATE TABLE letters (id int PRIMARY KEY, receiver text, body text);
INSERT INTO letters VALUES (1, 'member3@mail.example', 'a'), (2, 'nobody@mail.example', 'b');
GRANT SELECT, INSERT, UPDATE, DELETE ON accounts, members, patients, far, letters TO app, analyst;
"""
TABLES = {"account": ("accounts", "login"), "member": ("members", "id"), "patient": ("patients", "id"), "far": ("far", "id")}
CONFIG = {
    "subjects": {**identified.CONFIG["subjects"], **{kind: {"table": f"public.{table}", "key": key} for kind, (table, key) in TABLES.items()},
                 "receiver": {"table": "public.letters", "key": "receiver", "known_as": {"subject": "member", "by": {"receiver": "email"}}}},
    "personal_data": identified.CONFIG["personal_data"] + [
        {"table": f"public.{table}", "subject": kind, "key": key, "fields": {"email": "email"}} for kind, (table, key) in TABLES.items()] + [
        {"table": "public.letters", "subject": "receiver", "key": "receiver", "fields": {"body": "letter"}}],
    "identity": [f"public.{table}.email" for table, _ in TABLES.values()],
}
CONFIG["subjects"]["patient"]["directory"] = "sealed"
ALLOWED = "GRANT SELECT ON people, accounts, members, patients, far, letters TO pasu"


@harness.shared
def place():
    made = Place("keys", is_built=False, is_manual=False, schema=SCHEMA, allowed=ALLOWED, more=CONFIG)
    made.front.guard.wait("identity_current")
    yield made
    made.stop()


def export(made):
    made.front.guard.until_sessions(0)
    done = guard.run("ledger", "export", "--json", "--keys", "-c", made.front.guard.path, timeout=60)
    equal(done.returncode, 0, done.stderr)
    return {line["application"]: line for line in map(json.loads, done.stdout.splitlines()) if line["rows"]}


def ask(made, name, sql, user="app"):
    with made.front.login(user=user, application_name=name) as session:
        rows = session.query(sql).rows
        session.terminate()
    return rows


def keys_of(made, kind):
    table, key = TABLES[kind]
    return {row[0] for row in made.server.sql(f"SELECT {key} FROM {table}")}


def told(line, kind):
    subjects = {name: one for name, one in line["subjects"].items() if one["at_most"]}
    equal(set(subjects), {kind}, line)
    equal(subjects[kind]["at_least"], subjects[kind]["at_most"], line)
    return subjects[kind]["keys"]


@test(limit=120)
def test_keys_of_every_type_are_named_by_their_values():
    """Texts, uuids, large and negative numbers and sealed keys: all of DISTINCT's rows are named, one by one and before and after a restart"""
    made = place()
    for again in ("", " again"):
        for kind, (table, _) in TABLES.items():
            ask(made, f"{kind}{again}", f"SELECT DISTINCT email FROM {table}")
        if not again:
            start = made.front.guard.mark()
            made.front.guard.until_sessions(0)
            made.front.guard.replace("gate")
            made.front.guard.wait("identity_current", start=start)
    said = export(made)
    for again in ("", " again"):
        for kind in TABLES:
            line = said[f"{kind}{again}"]
            keys = told(line, kind)
            equal({str(key) for key in keys}, {str(key) for key in keys_of(made, kind)}, kind)
            equal({type(key) for key in keys}, {str} if kind in ("account", "member") else {int}, kind)
            equal((line["attribution"], line["flags"]), ("identity", []), kind)
    (scope,) = made.front.guard.json("scope")
    equal({kind: one["at_most"] for kind, one in scope["subjects"].items() if one["at_most"]},
          {kind: len(keys_of(made, kind)) for kind in TABLES})
    done = made.front.guard.run("ledger", "verify", timeout=60)
    equal(done.returncode, 0, done.stdout + done.stderr)


@test
def test_a_receiver_who_is_a_member_is_named_by_a_text():
    """Of a kind whose keys are uuids, too, persons are known as others"""
    ask(place(), "letters", "SELECT body FROM letters")
    subjects = {kind: one for kind, one in export(place())["letters"]["subjects"].items() if one["at_most"]}
    member = place().server.sql("SELECT id FROM members WHERE email = 'member3@mail.example'")[0][0]
    equal({kind: one["keys"] for kind, one in subjects.items()}, {"member": [member], "receiver": ["nobody@mail.example"]})


@test
def test_who_is_erased_stays_so():
    """Erased, and read again: the key is in nothing that is told any more"""
    made = place()
    ask(made, "before", "SELECT DISTINCT email FROM accounts WHERE login = 'ada'")
    equal(told(export(made)["before"], "account"), ["ada"])
    done = made.front.guard.run("erase", "--why", "request 7", "ada")
    equal(done.returncode, 0, done.stderr)
    assert told(export(made)["before"], "account") != ["ada"]


@test
def test_a_file_leaves_them_out():
    """`pasu index build` has no ordinals to give: it says so, and the gateway's own index stays in use"""
    done = place().run("build", "--json")
    equal(done.returncode, 0, done.stderr)
    assert "only the gateway itself" in done.stdout + done.stderr, done
    ask(place(), "beside a file", "SELECT DISTINCT email FROM members")
    equal(set(told(export(place())["beside a file"], "member")), keys_of(place(), "member"))


if __name__ == "__main__":
    harness.main()
