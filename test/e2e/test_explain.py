#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu explain: what a statement can show, of whom, by which attribution and why, as the gate plans it."""
import json
import os
import pty
import subprocess

import guard
import harness
import inspector
import process
import shop
from stage import equal, test


@harness.shared
def front():
    shop.server().sql("CREATE ROLE blind LOGIN; GRANT SELECT (name) ON customers TO blind; "
                      "CREATE TABLE vault (id int, code text); "
                      "CREATE VIEW v_names AS SELECT name FROM customers; GRANT SELECT ON v_names TO app")
    return shop.front("explain", more={"never": ["public.vault"]})


def explain(sql, *words, role="app", status=0):
    named = ["--role", role] if role else []
    done = guard.run("explain", "-c", front().guard.path, "--json", *named, *words, "--", sql, timeout=60)
    equal(done.returncode, status, done.stderr)
    return json.loads(done.stdout)


def one(sql, *words, **more):
    document = explain(sql, *words, **more)
    equal(len(document["statements"]), 1)
    return document["statements"][0]


def parts(statement):
    return [(part["subject"], part["attribution"], set(part["fields"])) for part in statement["parts"]]


@test(gateway=True)
def test_each_column_says_which_fields_of_whom_it_carries_and_from_where():
    said = one("SELECT id, name, lower(email) AS mail, grade FROM customers")
    equal([(column["name"], column["fields"], column["from"]) for column in said["columns"]],
          [("id", {}, "public.customers.id"), ("name", {"customer": ["name"]}, "public.customers.name"),
           ("mail", {"customer": ["email"]}, None), ("grade", {}, "public.customers.grade")])
    equal((said["verb"], said["understood"], said["refused"], said["flags"]), ("select", True, None, []))
    equal(set(said), {"verb", "understood", "refused", "columns", "parts", "hidden", "sent", "marks", "most", "flags"})
    equal(set(said["parts"][0]), {"subject", "attribution", "why", "fields", "table", "one_per_row"})


@test(gateway=True)
def test_each_kind_of_attribution_is_named_with_its_reason():
    for sql, attribution, why in (
            ("SELECT id, name FROM customers", "key", "the key is in the result (public.customers.id)"),
            ("SELECT name FROM customers", "injected",
             "the key is not in the result: it is added as a hidden column (public.customers.id)"),
            ("SELECT name FROM customers WHERE id = 1007", "pinned", "a condition says which keys they are"),
            ("SELECT DISTINCT name FROM customers", "bound", "DISTINCT or GROUP BY: one row can show several persons"),
            ("SELECT max(name) FROM customers", "injected", "a row stands for several persons"),
            ("SELECT max(name) FROM customers WHERE grade = 1", "bound", "an aggregate"),
            ("SELECT name FROM v_names", "injected",
             "the key is not in the result: it is added as a hidden column (public.customers.id)"),
            ("SELECT name FROM v_names, products", "bound", "it comes out of a view"),
            ("SELECT name FROM customers UNION SELECT name FROM members", "bound", "a set operation")):
        said = one(sql)
        equal(said["parts"][0]["attribution"], attribution, sql)
        assert why in said["parts"][0]["why"], (sql, said["parts"][0]["why"])


@test(gateway=True)
def test_rights_of_the_role_decide_whether_the_key_can_be_added():
    assert "may not read the key" in one("SELECT name FROM customers", role="blind")["parts"][0]["why"]
    said = one("SELECT name FROM customers", role=None)
    assert "whose rights count" in said["parts"][0]["why"], said
    equal(said["sent"], "SELECT name FROM customers")


@test(gateway=True)
def test_it_says_what_the_gate_then_does():
    for number, sql in enumerate((
            "SELECT id, name FROM customers WHERE grade = 1", "SELECT name FROM customers WHERE grade = 1",
            "SELECT name, phone FROM customers WHERE id = 1357", "SELECT DISTINCT name FROM customers WHERE grade = 1",
            "SELECT m.name FROM members m WHERE level = 2", "SELECT name FROM v_names LIMIT 3")):
        with front().login(user="app", application_name=f"explained {number}") as session:
            session.query(sql)
        seen = shop.export(front())[f"explained {number}"]
        said = one(sql)
        equal({part["attribution"] for part in said["parts"]}, seen.attributions, sql)
        equal({field for part in said["parts"] for field in part["fields"]}, set(seen.fields), sql)


@test(gateway=True)
def test_the_text_that_would_be_sent_is_the_one_that_the_server_gets():
    sql = "SELECT name FROM customers ORDER BY 1 LIMIT 1"
    said = one(sql)
    equal((said["hidden"], said["sent"]),
          (1, 'SELECT "customers"."id" AS "pasu_key_1", name FROM customers ORDER BY 2 LIMIT 1'))


@test(gateway=True)
def test_a_refused_statement_says_why_and_ends_with_1():
    said = one("TABLE vault", status=1)
    assert "public.vault" in said["refused"]["text"] and said["refused"]["hint"], said
    equal(said["sent"], None)
    said = one("COPY customers TO PROGRAM 'cat'", status=1)
    assert "runs a program" in said["refused"]["text"] and {"server_exit", "refused"} <= set(said["flags"]), said


@test(gateway=True)
def test_what_is_written_is_marked_and_what_errors_tell_is_said():
    said = one("INSERT INTO products SELECT 1, name, 1 FROM customers")
    equal([(mark["table"], mark["fields"]) for mark in said["marks"]], [("products", ["name"])])
    equal((said["most"], "marked" in said["flags"]), (["name", "phone", "email", "address"], True))
    said = one("UPDATE customers SET phone = (SELECT phone FROM customers WHERE id = 1007) WHERE id = 1357")
    assert "moved" in said["flags"], said
    said = one("DO $$ BEGIN EXECUTE format('COMMENT ON TABLE products IS %L', (SELECT max(name) FROM customers)); END $$")
    assert "kept" in said["flags"], said


@test(gateway=True)
def test_a_table_that_the_ledger_says_was_filled_is_known():
    with front().login(user="analyst") as session:
        session.query("CREATE TABLE filled AS SELECT name FROM customers")
    equal(parts(one("SELECT * FROM filled")), [("customer", "bound", {"name"})])


@test(gateway=True)
def test_several_statements_and_texts_that_are_none():
    said = explain("SELECT 1; SELECT name FROM members; PREPARE p AS SELECT email FROM customers")
    equal([s["verb"] for s in said["statements"]], ["select", "select", "prepare"])
    equal([parts(s) for s in said["statements"]][1:],
          [[("member", "injected", {"name"})], [("customer", "bound", {"email"})]])
    said = one("SELEC name FROM customers")
    equal((said["understood"], said["columns"], parts(said)[0][1]), (False, [], "bound"))


@test(gateway=True)
def test_nothing_of_the_statement_reaches_the_server():
    lines = shop.server().process.lines
    mark = len(lines)
    shop.server().sql("ALTER ROLE pasu SET log_statement = 'all'")
    try:
        one("INSERT INTO products VALUES (4711, 'canary-of-explain', 1)")
        one("SELECT 'canary-of-explain', name FROM customers")
    finally:
        shop.server().sql("ALTER ROLE pasu RESET log_statement")
    process.until(lambda: sum("rolname = $1" in line for line in lines[mark:]) >= 2, "what it asked instead is in the log")
    equal(shop.server().sql("SELECT count(*) FROM products WHERE id = 4711"), [["0"]])
    assert not any("canary-of-explain" in line for line in lines[mark:])


def on_a_terminal(sql, **environment):
    main, other = pty.openpty()
    words = [str(harness.PASU), "explain", "-c", str(front().guard.path), "--role", "app", sql]
    try:
        running = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=other, stderr=subprocess.PIPE,
                                   env={**os.environ, "TERM": "xterm", **environment})
        os.close(other)
        seen = b""
        while True:
            try:
                read = os.read(main, 65536)
            except OSError:
                break
            if not read:
                break
            seen += read
        equal(running.wait(60), 0)
        return seen.decode()
    finally:
        os.close(main)


@test(gateway=True)
def test_people_get_colours_on_a_terminal_only_and_no_escapes_of_the_text():
    sql = 'SELECT name AS "\033[31mred" FROM customers'
    page = on_a_terminal(sql)
    assert "\033[32minjected\033[0m" in page and "\033[31m" not in page and "\\x1b[31mred" in page, page
    assert "\033" not in on_a_terminal(sql, NO_COLOR="1")
    done = guard.run("explain", "-c", front().guard.path, "--role", "app", sql, timeout=60)
    equal(done.returncode, 0)
    assert "\033" not in done.stdout and "customer, injected: name of public.customers" in done.stdout, done.stdout


@test(gateway=True)
def test_the_page_is_as_the_how_to_shows_it():
    page = guard.run("explain", "-c", front().guard.path, "--role", "app", "SELECT DISTINCT name FROM customers", timeout=60)
    equal(page.stdout, """\
select
  columns  name  customer: name  from public.customers.name
  persons  customer, bound: name of public.customers
           DISTINCT or GROUP BY: one row can show several persons (public.customers.id)
           counts as everybody
  errors   and notices can tell at most: name, phone, email, address
sent as it is
""")


@test(gateway=True)
def test_what_it_is_not_told_right_is_said_with_a_hint():
    for words, text in ((("--role", "nobody-of-that-name"), 'no role "nobody-of-that-name"'),
                        (("--gateway", "other"), 'no gateway "other"'),
                        (("--database", "not-there"), "cannot ask the server")):
        done = guard.run("explain", "-c", front().guard.path, *words, "SELECT 1", timeout=60)
        equal((done.returncode, done.stdout), (2, ""), done.stderr)
        assert text in done.stderr and "\n  hint: " in done.stderr, done.stderr


@test(gateway=True)
def test_of_several_gateways_one_must_be_named():
    path = harness.folder() / "several.yaml"
    one_gateway = "- {{name: {}, listen: '127.0.0.1:{}', upstream: '{}', inspector: {{user: pasu}}}}\n"
    path.write_text("gateway:\n" + "".join(f"  {one_gateway.format(name, port, shop.server().upstream)}"
                                           for name, port in (("east", 1), ("west", 2))) + "ledger: {directory: ./several}\n")
    done = guard.run("explain", "-c", path, "SELECT 1", timeout=60)
    equal(done.returncode, 2)
    assert "several gateways" in done.stderr and "--gateway NAME" in done.stderr, done.stderr
    done = guard.run("explain", "-c", path, "--gateway", "west", "--json", "SELECT 1", timeout=60)
    equal((done.returncode, json.loads(done.stdout)["gateway"]), (0, "west"), done.stderr)


@test(gateway=True)
def test_a_value_that_says_whose_it_is():
    """Of a column that `identity` names: that an index would say it, and with one that it does, as the gate then finds"""
    server, sql = shop.server(), "SELECT max(email) FROM public.customers WHERE id BETWEEN 1500 AND 1600"
    front = shop.front("explained-identity", more={"identity": ["public.customers.email"]})
    server.sql("GRANT SELECT ON customers TO pasu")

    def said(*words):
        done = guard.run("explain", "-c", front.guard.path, "--role", "app", *words, "--", sql, timeout=60)
        equal(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["statements"][0]["parts"] if words else done.stdout

    equal([part["attribution"] for part in said("--json")], ["bound"])
    assert "pasu index build" in said("--json")[0]["why"], said("--json")
    done = front.guard.run("index", "build", timeout=60)
    equal(done.returncode, 0, done.stderr)
    front.guard.wait("identity_current")
    equal([(part["attribution"], "public.customers.email" in part["why"]) for part in said("--json")], [("identity", True)])
    assert "customer, identity: email" in said(), said()
    with front.login(user="app", application_name="identified") as session:
        session.query(sql)
        session.query(sql.replace("public.", ""))
    front.guard.until_sessions(0)
    equal([line["attribution"] for line in shop.export(front)["identified"].lines], ["identity", "identity"])
    sql = sql.replace("public.", "")
    equal([part["attribution"] for part in said("--json")], ["bound"])


@test(gateway=True)
def test_keys_that_are_asked_for_together():
    """With attribution.shadow: where they are asked for and where not, whether they are named, and what is sent"""
    front = shop.front("explained-shadow", more={"attribution": {"shadow": True}})
    for number, (sql, why, count) in enumerate((
            ("SELECT name FROM customers WHERE grade = 1 UNION SELECT 'Nobody'", "asked for together with it", "named, where the whole result comes at once"),
            ("SELECT max(name) FROM customers WHERE grade = 1", "at most so many", "nobody is named: counts as that many"),
            ("SELECT max(name) FROM customers WHERE 1 / (grade + 1) = 0.5", "an aggregate", "counts as everybody"))):
        words = ("explain", "-c", front.guard.path, "--role", "app")
        statement = json.loads(guard.run(*words, "--json", "--", sql, timeout=60).stdout)["statements"][0]
        page = guard.run(*words, "--", sql, timeout=60).stdout
        assert why in statement["parts"][0]["why"] and count in page, page
        with front.login(user="app", application_name=f"shadowed {number}") as session:
            session.query(sql)
        front.guard.until_sessions(0)
        is_asked = number < 2
        equal({part["attribution"] for part in statement["parts"]}, {"shadow" if is_asked else "bound"})
        equal(shop.export(front)[f"shadowed {number}"].attributions, {"shadow" if is_asked else "bound"})
        equal((statement["hidden"], statement["sent"].endswith(sql + ") AS \"shown\"")), (int(is_asked), is_asked))


if __name__ == "__main__":
    harness.main()
