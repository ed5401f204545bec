#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu doctor: is everything protected? And the personal-looking columns that pasu check --connect lists."""
import json
import re

import guard
import harness
import inspector
import mmdb
import postgres
import process
import wire
from stage import Front, equal, refused, test

SCRAM = "host all pasu all scram-sha-256\nhost all all all trust\n"
SHUT = ("host all pasu 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\nlocal all postgres trust\n"
        "local all all reject\nlocal replication all reject\nhost all all all reject\nhost replication all all reject\n")
WORD = "app-word"
ROSTER = "principal,kind,owner,owner_status\npostgres,admin,Lee,active\napp,service,Kim,active\nold,human,Park,left\nodd,human,,\n"
SHOP = """
CREATE TABLE customers (id bigint PRIMARY KEY, name text, phone text);
INSERT INTO customers VALUES (1, 'Kim', '010-1234-5678');
CREATE TABLE vault (id bigint, phone text);
"""
MAPPING = {"subjects": {"customer": {"table": "public.customers", "key": "id"}},
           "personal_data": [{"table": "public.customers", "subject": "customer", "key": "id",
                              "fields": {"name": "name", "phone": "phone"}}],
           "never": ["public.vault"],
           "budgets": [{"principal": "app", "window": "hour", "subjects": 100, "verdict": "block"}]}


def server_of(name, settings=None, hba=SCRAM):
    made = postgres.Server(harness.folder(), name, hba=hba, settings=settings)
    made.sql(f"CREATE ROLE app LOGIN PASSWORD '{WORD}'")
    made.sql(SHOP + "GRANT SELECT ON customers TO app;")
    return made


def front_of(made, roster=ROSTER, **more):
    path = harness.folder() / f"roster-{made.name}.csv"
    path.write_text(roster, encoding="utf-8")
    everything = {**MAPPING, "principals": {"roster": str(path)}, **more}
    return Front(made, made.name, inspector=inspector.install(made), more=everything)


@harness.shared
def server():
    """One with much that is not mapped."""
    made = server_of("sick")
    made.sql("CREATE ROLE old LOGIN; CREATE ROLE odd LOGIN; CREATE ROLE stranger LOGIN; CREATE ROLE root LOGIN SUPERUSER; "
             "CREATE ROLE files LOGIN; GRANT pg_read_server_files TO files")
    made.sql("""
        CREATE TABLE leads (id bigint, customer_id bigint REFERENCES customers, tel text, "이메일" text, a text, b text, c text,
            d text, e text, f bigint, memo text, email_sent boolean, grade int);
        INSERT INTO leads SELECT i, 1, '010-7' || lpad(i::text, 3, '0') || '-5678', 'canary' || i || '@example.com',
            'mail-of-' || i || '@example.com', '010-2' || lpad(i::text, 3, '0') || '-5678',
            (ARRAY['800101-1234560', '051231-4123455', '920229-2123450'])[1 + i % 3],
            (ARRAY['4000001234567899', '5105-1051-0510-5100'])[1 + i % 2], '경기도 수원시 팔달구 효원로 ' || i,
            (ARRAY[8001011234560, 9202292123450])[1 + i % 2],
            CASE WHEN i % 5 = 0 THEN 'call 010-3' || lpad(i::text, 3, '0') || '-5678 back' ELSE 'nothing' END, false, i
          FROM generate_series(1, 300) i;
        CREATE TABLE orders (id bigint, number text, total numeric, tracking text, ean bigint, placed timestamptz);
        INSERT INTO orders SELECT i, to_char(date '2026-01-01' + i % 300, 'YYMMDD') || '-1' || lpad(i::text, 6, '0'), i * 1000,
            4000000000000000 + i * 7919, 8800000000000 + i * 104729, now() FROM generate_series(1, 300) i;
        CREATE TABLE products (id int, name text); INSERT INTO products VALUES (1, 'pen');
        CREATE TABLE secret (full_name text, x text); INSERT INTO secret VALUES ('canary', 'canary@example.com');
        CREATE EXTENSION citext; CREATE TABLE typed (mail citext, "Tel." varchar(20)); INSERT INTO typed VALUES ('canary@example.com', NULL);
        CREATE TABLE parted (k int, contact varchar(40), note jsonb) PARTITION BY LIST (k);
        CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1); CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
        INSERT INTO parted SELECT 1 + i % 2, 'canary' || i || '@example.com', jsonb_build_object('tel', '010-1234-5' || 100 + i)
          FROM generate_series(1, 20) i;
        CREATE FUNCTION spy(t text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'spied'; RETURN true; END $$;
        CREATE TABLE guarded (mail text); INSERT INTO guarded VALUES ('canary@example.com');
        ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON guarded USING (spy(mail));
        CREATE VIEW spying AS SELECT mail, spy(mail) FROM guarded;
        CREATE TABLE large (id bigint, contact text); INSERT INTO large SELECT i, 'user' || i || '@example.com' FROM generate_series(1, 60000) i;
        ANALYZE large;
        GRANT SELECT ON customers TO PUBLIC; GRANT SELECT ON vault TO PUBLIC; GRANT SELECT ON products TO PUBLIC;""")
    return made


@harness.shared
def front():
    made = front_of(server())
    server().sql("GRANT SELECT ON leads, orders, products, guarded, spying, large, typed, parted TO pasu")
    return made


def examine(config, status, complaint=""):
    done = guard.run("doctor", "-c", config.guard.path if isinstance(config, Front) else config, "--json", timeout=60)
    equal((done.returncode, done.stderr), (status, complaint), done.stdout)
    document = json.loads(done.stdout)
    equal(document["ok"], status == 0)
    for one in document["findings"]:
        equal(set(one), {"gateway", "name", "state", "text", "hint"})
        assert one["hint"] or one["state"] in ("ok", "info"), one
    return document["findings"], done.stdout


def named(findings, name):
    return [one for one in findings if one["name"] == name]


def columns(findings):
    """Of the columns found: state, text, and hint."""
    return {one["name"].removeprefix("column postgres.public."): one for one in findings
            if one["name"].startswith("column postgres.")}


@test(gateway=True)
def test_columns_that_look_personal_are_found_by_their_values():
    found = columns(examine(front(), 1)[0])
    for column, what in (("leads.tel", "telephone numbers"), ("leads.이메일", "e-mail addresses"), ("leads.a", "e-mail addresses"),
                         ("leads.b", "telephone numbers"), ("leads.c", "resident registration numbers"),
                         ("leads.d", "card numbers"), ("leads.e", "addresses"), ("leads.f", "resident registration numbers"),
                         ("large.contact", "e-mail addresses"), ("parted.contact", "e-mail addresses")):
        assert re.search(rf"looks like {what}: \d+ of \d+ sampled values", found[column]["text"]), found.get(column)
        equal(found[column]["state"], "warning")
    count, of = map(int, re.search(r"has, among other words, telephone numbers: (\d+) of (\d+)", found["leads.memo"]["text"]).groups())
    equal((count, of), (40, 200))
    assert "among other words, telephone numbers: 20 of 20" in found["parted.note"]["text"], found["parted.note"]


@test(gateway=True)
def test_what_is_no_persons_is_not_found():
    found = columns(examine(front(), 1)[0])
    equal({name for name in found if not name.startswith("leads.")}, {"large.contact", "secret.full_name", "guarded.mail", "typed.mail", "typed.Tel.", "parted.contact", "parted.note"})
    equal({name for name in found if name.startswith("leads.")}, {f"leads.{one}" for one in (*"abcdef", "tel", "이메일", "memo")})


@test(gateway=True)
def test_where_values_may_not_be_read_the_name_tells():
    found = columns(examine(front(), 1)[0])
    assert "names by its name alone: the inspector may not read it" in found["secret.full_name"]["text"], found
    assert "by its name alone: no value could be read" in found["guarded.mail"]["text"], found
    assert "values of its type, or its table, are not read" in found["typed.mail"]["text"], found
    assert "it has no values" in found["typed.Tel."]["text"], found
    assert found["typed.Tel."]["hint"].endswith('fields: {"Tel.": phone}}'), found["typed.Tel."]


@test(gateway=True)
def test_nobodys_code_runs_and_no_value_is_told():
    mark = len(server().process.lines)
    printed = examine(front(), 1)[1]
    people = guard.run("doctor", "-c", front().guard.path, timeout=60)
    equal(people.returncode, 1)
    assert not any("spied" in line for line in server().process.lines[mark:])
    assert server().sql("SELECT count(*) FROM guarded WHERE spy(mail)") == [["1"]]
    process.until(lambda: any("spied" in line for line in server().process.lines[mark:]), "that code is told of where it runs")
    for text in (printed, people.stdout, people.stderr):
        assert "canary" not in text and "5678" not in text and "123456" not in text, text


@test(gateway=True)
def test_the_line_that_it_says_is_what_the_configuration_lacks():
    found = columns(examine(front(), 1)[0])
    equal(found["leads.tel"]["hint"], "if it is personal, add to personal_data: - {table: public.leads, subject: customer, "
          "key: customer_id, fields: {tel: phone}}")
    lines = [re.search(r"personal_data: (- \{.*\})$", one["hint"])[1] for name, one in sorted(found.items())
             if name.startswith("leads.")]
    fields = ", ".join(re.search(r"fields: \{(.*)\}\}$", line)[1] for line in lines)
    text = front().guard.path.read_text()
    path = harness.folder() / "cured.yaml"
    path.write_text(text.replace("personal_data:\n", "personal_data:\n  - {table: public.leads, subject: customer, "
                                 f"key: customer_id, fields: {{{fields}}}}}\n", 1))
    equal(guard.run("check", "-c", path).returncode, 0, guard.run("check", "-c", path).stdout)
    equal({name.split(".")[0] for name in columns(examine(path, 1)[0])}, {"large", "secret", "guarded", "typed", "parted"})


@test(gateway=True)
def test_check_connect_lists_them_too():
    done = guard.run("check", "-c", front().guard.path, "--connect", "--json", timeout=60)
    equal(done.returncode, 0, done.stderr)
    found = columns(json.loads(done.stdout)["findings"])
    assert found["leads.tel"]["state"] == "warning" and "secret.full_name" in found, found


@test(gateway=True)
def test_rights_of_everybody_and_roles_without_an_owner_are_found():
    found = examine(front(), 1)[0]
    equal({one["name"]: one["text"] for one in found if one["name"].startswith("rights ")},
          {"rights postgres.public.customers": "everybody (PUBLIC) may: SELECT",
           "rights postgres.public.vault": "everybody (PUBLIC) may: SELECT"})
    equal({one["name"]: one["text"] for one in found if one["name"].startswith("role ")},
          {"role files": "can log in, and is not on the roster", "role root": "can log in, and is not on the roster",
           "role stranger": "can log in, and is not on the roster", "role odd": "can log in, and has no owner on the roster",
           "role old": "can log in, and its owner has left"})
    equal([(one["state"], one["text"]) for one in named(found, "superusers")], [("warning", "2 can log in: postgres, root")])
    assert named(found, "server files")[0]["text"].endswith(": files"), found
    equal([one["state"] for one in named(found, "table public.customers")], ["ok"])


@test(gateway=True)
def test_a_server_that_others_can_reach_is_told_of():
    made = postgres.Server(harness.folder(), "open", settings={"listen_addresses": "0.0.0.0"},
                           hba="host all all 127.0.0.1/32 trust\nhost all pasu 127.0.0.1/32 trust\nhost all all 10.0.0.0/8 md5\n"
                               "host all all 192.0.2.0/24 reject\n")
    path = harness.folder() / "open.yaml"
    path.write_text(f"gateway: {{listen: 127.0.0.1:1, upstream: {made.upstream}, inspector: "
                    "{user: pasu}}\nledger: {directory: ./never-run}\n")
    inspector.install(made)
    found = named(examine(path, 1)[0], "reach")
    equal([one["state"] for one in found], ["warning"])
    assert "whom pg_hba.conf lets in past pasu the inspector may not see" in found[0]["text"], found
    made.sql("GRANT SELECT ON pg_hba_file_rules TO pasu; GRANT EXECUTE ON FUNCTION pg_hba_file_rules() TO pasu; "
             "GRANT pg_read_all_settings TO pasu; ALTER ROLE pasu INHERIT")
    found = named(examine(path, 1)[0], "reach")
    equal([one["state"] for one in found], ["warning"])
    assert re.search(r"line \d+ lets others than pasu in: host all all 10\.0\.0\.0 255\.0\.0\.0 md5", found[0]["text"]), found
    equal([(one["state"], "has never run" in one["text"]) for one in named(examine(path, 1)[0], "guard")], [("missing", True)])
    made.stop()


GRANT_HBA = ("GRANT SELECT ON pg_hba_file_rules TO pasu; GRANT EXECUTE ON FUNCTION pg_hba_file_rules() TO pasu; "
             "GRANT pg_read_all_settings TO pasu; ALTER ROLE pasu INHERIT")


@test(gateway=True)
def test_the_door_past_pasu_is_told_of_tried_and_shut_by_the_lines_that_are_given():
    made = server_of("door", {"listen_addresses": "0.0.0.0"}, hba="host all all 0.0.0.0/0 trust\nlocal all all trust\n")
    site = front_of(made)
    made.sql(GRANT_HBA)

    def door():
        found = examine(site, 1)[0]
        return found, {name: sorted((one["state"], one["text"]) for one in named(found, name)) for name in ("reach", "socket", "door tried", "server log")}

    found, said = door()  # the harm: anybody comes in, from anywhere
    (state, text), = said["server log"]
    assert (state, "log_connections is off: a replication connection past pasu" in text) == ("info", True), said
    made.sql("ALTER SYSTEM SET log_connections = on")
    with wire.login(made.socket, user="app") as session:
        equal(len(session.query("SELECT name FROM customers").rows) > 0, True)
    equal([state for state, _ in said["reach"] + said["socket"]], ["warning"] * 3)
    equal([(state, "was let in without a password" in text) for state, text in said["door tried"]], [("warning", True)] * 2)
    lines = named(found, "door")[0]["hint"].split(" | ")
    assert "host all all 127.0.0.1/32 scram-sha-256" in lines and lines[-2:] == ["host all all all reject", "host replication all all reject"], lines
    made.write("pg_hba.conf", "".join(line.replace("postgres peer", "postgres trust") + "\n" for line in lines))  # whose account this is
    made.reload()
    _, said = door()
    equal([state for state, _ in said["server log"]], ["ok"])
    equal([state for state, _ in said["reach"]], ["ok"])
    equal([text for _, text in said["socket"]], ["pg_hba.conf line 3 lets in by a Unix socket: local all postgres trust"])
    equal([state for state, _ in said["door tried"]], ["ok", "ok"])
    assert "is asked for a password, by the way that pasu comes" in said["door tried"][0][1], said
    assert "was not let in, by /" in said["door tried"][1][1], said
    refused(lambda: wire.login(made.socket, user="app"), "28000")
    site.stop()
    made.stop()


@test(gateway=True)
def test_who_was_seen_past_pasu_is_named_and_pasus_own_commands_are_not():
    made = server_of("passed")
    site = front_of(made)
    made.sql("GRANT pg_read_all_stats TO pasu; ALTER ROLE pasu INHERIT")
    site.guard.run("check", "--connect", timeout=60)
    with wire.login(made.address, user="app", database="postgres", application_name="export tool"):
        def seen():
            site.guard.status()
            return site.guard.find("bypass", principal="app", application="export tool")
        process.until(seen, "the session past pasu was seen")
        found = [one for one in examine(site, 1)[0] if one["name"].startswith("bypass")]
    equal([(one["name"], one["state"]) for one in found], [("bypass app", "warning")])
    assert 'connected to database postgres behind gateway gateway past pasu, from 127.0.0.1, application "export tool"' \
        in found[0]["text"], found
    site.guard.config["bypass"] = {"except": [{"principal": "app", "address": "127.0.0.1"}]}
    equal(site.reload(), "config_reloaded")
    equal([one["state"] for one in examine(site, 1)[0] if one["name"].startswith("bypass")], ["ok"])
    site.stop()
    made.stop()


@test(gateway=True)
def test_pasus_own_sessions_are_no_alert_and_somebody_elses_with_their_name_are():
    made = server_of("own")
    made.sql("CREATE DATABASE short")
    site = front_of(made)

    def alerts():
        return [(one["rule"], one["count"]) for one in site.guard.json("ack") if one["control"] == "bypass"]

    def counted(past):
        """The server's count of that database has so many sessions past pasu, at most."""
        def look():
            site.guard.status()
            found = json.loads(site.guard.run("scope", "--json").stdout)["completeness"]["reconciled"]
            return [one for one in found if one["database"] == "short" and one["past"]["at_most"] == past]
        process.until(look, f"{past} sessions past pasu are counted")

    def explain():
        done = guard.run("explain", "-c", site.guard.path, "--database", "short", "--role", "app", "SELECT 1")
        equal(done.returncode, 0, done.stderr)

    with site.login(user="app", password=WORD, database="short"):
        counted(0)
        explain()
        counted(0)
        equal(alerts(), [])
        for _ in range(6):  # more than two of the gate's own that were there when it first looked, and may be counted since
            with wire.login(made.address, user=inspector.USER, password=inspector.PASSWORD, database="short", application_name="pasu check"):
                pass
        equal([rule for rule, _ in process.until(alerts, "an alert of somebody else's")], ["sessions past pasu"])
        mark = site.guard.mark()
        made.sql("GRANT pg_read_all_stats TO pasu; ALTER ROLE pasu INHERIT")
        site.guard.status()
        site.guard.wait("bypass_sight", start=mark, named="yes")
        examine(site, 1)  # tries a bypass, which is seen
        explain()
        name = "pasu check 0123456789abcdef"
        with wire.login(made.address, user=inspector.USER, password=inspector.PASSWORD, database="short", application_name=name):
            site.guard.wait("bypass", principal=inspector.USER, application=name, timeout=30)
    site.stop()
    found = alerts()
    # The seven can be told in more than one alert, where a look at the server's count falls between them.
    told = sum(count for rule, count in found if rule == "sessions past pasu")
    assert {rule for rule, _ in found} == {"sessions past pasu", "bypass"} and told <= 7, found
    made.stop()


@test(gateway=True)
def test_a_place_where_all_is_well_ends_with_0_and_one_whose_guard_is_gone_with_1():
    made = server_of("well", hba=SHUT)
    site = front_of(made, "principal,owner\npostgres,Lee\napp,Kim\n")
    with site.login(user="app", password=WORD) as session:
        session.query("SELECT name FROM customers")
    found = examine(site, 0)[0]
    equal([(name, [one["state"] for one in named(found, name)]) for name in ("guard", "checkpoint", "budgets", "owners", "reach")],
          [(name, ["ok"]) for name in ("guard", "checkpoint", "budgets", "owners", "reach")])
    page = guard.run("doctor", "-c", site.guard.path, timeout=60)
    equal(page.returncode, 0)
    assert page.stdout.endswith("all is well\n"), page.stdout
    site.guard.stop()
    found = examine(site, 1)[0]
    equal([one["state"] for one in named(found, "guard")], ["missing"])
    made.stop()


@test(gateway=True)
def test_rules_and_the_age_of_sources_are_told():
    made, path = server_of("ruled"), harness.folder() / "doctor.mmdb"
    mmdb.write(path, "country", {"10.0.0.0/8": {"country_code": "KR"}})  # of the first day of 2026
    rules = [{"name": "abroad", "when": {"country": {"not": "KR"}, "fields": "any"}, "verdict": "alert"},
             {"name": "net", "when": {"asn": 9}, "verdict": "block", "shadow": True},
             {"name": "half", "when": {"kind": "human", "fields": "any"}, "verdict": "mask"}]
    budgets = [{"kind": "human", "window": "hour", "subjects": 9, "verdict": verdict} for verdict in ("alert", "mask", "hold")]
    site = front_of(made, sources={"country_db": str(path)}, rules=rules, budgets=budgets)
    found = examine(site, 1)[0]
    rules, age = named(found, "rules"), named(found, "country_db")
    equal([one["state"] for one in rules], ["ok", "warning"])
    equal(rules[0]["text"], "of 3, 0 block, 0 hold, 1 mask, 1 are in shadow")
    equal([one["text"] for one in named(found, "budgets")], ["of 3, 0 block what is too much, 1 hold it, 1 mask it"])
    assert "when.asn: nothing says that" in rules[1]["text"], rules
    equal([one["state"] for one in age], ["warning"])
    assert "was made 2026-01-01" in age[0]["text"], age
    path.unlink()
    equal([one["state"] for one in named(examine(site, 1)[0], "country_db")], ["missing"])
    site.stop()
    made.stop()


@test(gateway=True)
def test_what_incidents_need_is_tried_before_there_is_one():
    made = server_of("contacts")
    made.sql("CREATE TABLE hidden (id bigint, email text); GRANT SELECT ON hidden TO PUBLIC; ALTER TABLE hidden ENABLE ROW LEVEL SECURITY")
    queries = {"SELECT id, phone, name FROM public.customers": ("ok", "which gives: phone, name"),
               "SELECT id FROM public.customers": ("warning", "nothing behind the key"),
               "SELECT id, phone FROM public.vault": ("missing", "permission denied"),
               "SELECT id, phone FROM customers": ("missing", 'relation "customers" does not exist'),
               "SELECT id, email FROM public.hidden": ("missing", "row-level security"),
               "SELECT id, pg_sleep(50) FROM public.customers": ("ok", ""),  # nobody's row is read
               "EXECUTE contacts": ("missing", 'prepared statement "contacts" does not exist'),  # what executes itself ends the server
               "SELECT 1; SELECT 2": ("missing", "multiple commands")}
    site = front_of(made)
    made.sql("GRANT SELECT ON customers TO pasu")
    notices = (harness.TREE / "contrib" / "incident" / "notices.yaml").read_text()
    for command in (["doctor"], ["check", "--connect"]):
        for query, (state, text) in queries.items():
            site.guard.config["incident"] = {"notices": "notices.yaml", "contacts": [{"subject": "customer", "query": query}]}
            (site.guard.folder / "notices.yaml").write_text(notices)
            site.guard.write()
            done = guard.run(*command, "-c", site.guard.path, "--json", timeout=60)
            found = json.loads(done.stdout)["findings"]
            one, = named(found, "contacts customer")
            equal((one["state"], one["gateway"]), (state, "gateway"), query)
            assert text in one["text"], one
            equal([each["state"] for each in named(found, "incident files")], ["ok"] if command == ["doctor"] else [])
    (site.guard.folder / "notices.yaml").write_text(notices.replace("controller:", "contoller:", 1))
    found = named(examine(site, 1)[0], "incident files")
    assert found and found[0]["state"] == "missing" and "notices.yaml:" in found[0]["text"], found
    equal(guard.run("check", "-c", site.guard.path).returncode, 1)
    (site.guard.folder / "notices.yaml").unlink()
    assert "notices.yaml" in named(examine(site, 1)[0], "incident files")[0]["text"]
    equal(guard.run("check", "-c", site.guard.path).returncode, 1)
    site.stop()
    made.stop()


@test(gateway=True)
def test_a_checkpoint_that_does_not_verify_is_told():
    made = server_of("forged")
    site = front_of(made, budgets=[])
    with site.login(user="app") as session:
        session.query("SELECT name FROM customers")
    found = examine(site, 1)[0]
    equal([one["state"] for one in named(found, "budgets")], ["warning"])
    site.guard.stop()
    path = site.guard.path.parent / "ledger" / "checkpoint"
    note = path.read_text()
    path.write_text(note.replace("\n", "x\n", 1))
    found = examine(site, 1, "pasu: that this was asked is not in the ledger: stored data is damaged\n")[0]
    equal([one["state"] for one in named(found, "checkpoint")], ["missing"])
    made.stop()


if __name__ == "__main__":
    harness.main()
