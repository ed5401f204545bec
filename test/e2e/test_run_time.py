#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rows that code puts into tables which were there before, under names that it makes at run time: who reads them later
is counted, whoever it is; tables that it does not write to, others' and its own transaction's, stay nobody's."""
import contextlib
import re
import time

import harness
import inspector
import process
import shop
import silencer
from stage import equal, test
import wire

SEEN = re.compile(r"Kim-(-?\d+)")
PUT = "'INSERT INTO o.' || lower('{n}') || ' SELECT name FROM customers WHERE grade = 1'"
DO = "DO $d$ BEGIN EXECUTE " + PUT + "; {more} END $d$"
INTO_T = "EXECUTE format('INSERT INTO o.%I SELECT name FROM customers WHERE grade = 1', t)"
FUNCTION = "CREATE FUNCTION o.f_{n}() RETURNS {r} LANGUAGE plpgsql AS $f$ BEGIN EXECUTE " + PUT + "; RETURN {v}; END $f$"


def query(*texts):
    def run(session, name):
        for text in texts:
            session.query(text.replace("{n}", name).replace("{more}", ""))
    return run


def extended(*texts, unit=1, values=0):
    """Each so many texts in one unit; `values`: the table's name is bound."""
    def run(session, name):
        for at in range(0, len(texts), unit):
            messages = b""
            for text in texts[at:at + unit]:
                messages += wire.parse(text.replace("{n}", name).replace("{more}", "")) + wire.bind([name] * values) + wire.execute()
            session.exchange(messages + wire.SYNC)
    return run


WAYS = {
    "do": query(DO),
    "slow": query(DO.replace("{more}", "PERFORM pg_sleep(1.3);")),
    "told": query(DO.replace("{more}", "PERFORM pg_stat_force_next_flush();")),
    "block": query("BEGIN", "SELECT 1", DO, "SELECT 2", "COMMIT"),
    "one": query("BEGIN; SELECT 1; " + DO + "; COMMIT"),
    "function": query("SELECT o.f_{n}()"),
    "prepared": query("PREPARE p AS SELECT o.f_{n}()", "EXECUTE p"),
    "cursor": query("BEGIN", "DECLARE c CURSOR FOR SELECT o.f_{n}()", "FETCH 1 FROM c", "COMMIT"),
    "message": extended("SELECT o.f_{n}()"),
    "procedure": query("CALL o.p_{n}()"),
    "called": query("CALL o.put('{n}')"),
    "bound": extended("CALL o.put($1)", values=1),
    "named": query("DO $d$ DECLARE t text; BEGIN SELECT relname INTO t FROM pg_class WHERE oid = 'o.{n}'::regclass; " + INTO_T + "; END $d$"),
    "setting": query("SELECT set_config('shop.into', '{n}', false)",
                     "DO $d$ DECLARE t text := current_setting('shop.into'); BEGIN " + INTO_T + "; END $d$"),
    "trigger": query("INSERT INTO o.fires VALUES (1)"),
    "updated": query("DO $d$ BEGIN EXECUTE 'UPDATE o.' || lower('{n}') || ' SET v = (SELECT string_agg(name, '','') FROM customers)'; END $d$"),
    "place": query(DO.replace("WHERE grade = 1", "WHERE ctid = ANY (ARRAY[''(0,1)'',''(0,2)'']::tid[])")),
    "temp": query("CREATE TEMP TABLE tt AS SELECT name FROM customers WHERE grade = 1", DO.replace("name FROM customers WHERE grade = 1", "name FROM tt")),
    "filled": query("BEGIN", "INSERT INTO o.mid SELECT name FROM customers WHERE grade = 1", DO.replace("name FROM customers WHERE grade = 1", "v FROM o.mid"), "COMMIT"),
    "copied": query(DO.replace("name FROM customers WHERE grade = 1", "v FROM o.mid")),
    "kept": query(DO.replace("FROM customers", "FROM o.kept_names")),
    "own": query("INSERT INTO o.own VALUES ('a')"),
    "ended_by": query("BEGIN", DO, "/* */ eNd"),
    "chained": query("BEGIN", DO, "COMMIT AND CHAIN", "ROLLBACK"),
    "kept_back": query("BEGIN", DO, "SAVEPOINT a", "INSERT INTO o.mid VALUES ('x')", "ROLLBACK TO a", "COMMIT"),
    "laid_by": query("BEGIN", DO, "PREPARE TRANSACTION 'laid'", "COMMIT PREPARED 'laid'"),
    "beside": query("BEGIN", "INSERT INTO o.{n} VALUES ('x')", DO, "COMMIT"),
    "explained": query("BEGIN", "EXPLAIN ANALYZE SELECT o.f_{n}()", "COMMIT"),
    "fires_within": query("BEGIN", "INSERT INTO o.fires_within_of VALUES (1)", "COMMIT"),
    "own_within": query("BEGIN", "INSERT INTO o.own_within VALUES ('a')", "COMMIT"),
    "hold": query("DECLARE c CURSOR WITH HOLD FOR SELECT o.f_{n}()"),
    "pipelined": lambda session, name: [session.send(b"".join(wire.query(t.replace("{n}", name).replace("{more}", "")) for t in ("BEGIN", DO, "COMMIT"))),
                                        [session.result() for _ in range(3)]],
    "begun": extended("BEGIN", "SELECT o.f_{n}()", "COMMIT", unit=2),
    "unit": extended("SELECT 1", "SELECT o.f_{n}()", unit=2),
    # From here on all tables are marked that rows were ever written to, or can be.
    "hold_within": query("BEGIN", "DECLARE c CURSOR WITH HOLD FOR SELECT o.f_{n}()", "COMMIT"),
    "at_once": query("BEGIN", DO + "; COMMIT"),
    "long": query("INSERT INTO o.{n} SELECT name FROM customers WHERE grade = 1 /*" + "x" * (1 << 20) + "*/"),
}


@harness.shared
def front():
    texts = ["CREATE SCHEMA o; CREATE TABLE o.fires (k int); CREATE TABLE o.quiet (v text); CREATE TABLE o.busy (v text)",
             "INSERT INTO o.quiet VALUES ('q'); INSERT INTO o.busy VALUES ('b')"]
    for name in WAYS:
        texts.append(f"CREATE TABLE o.{name} (v text); INSERT INTO o.{name} VALUES ('x'); INSERT INTO o.{name} VALUES ('y')")
        texts.append(FUNCTION.format(n=name, r="int", v="1"))
    texts.append(FUNCTION.format(n="trigger", r="trigger", v="NULL").replace("f_trigger", "fire"))
    texts.append("CREATE TRIGGER z AFTER INSERT ON o.fires FOR EACH ROW EXECUTE FUNCTION o.fire()")
    texts.append("CREATE TABLE o.mid (v text); CREATE TABLE o.fires_within_of (k int)")
    texts.append(FUNCTION.format(n="fires_within", r="trigger", v="NULL").replace("f_fires_within", "fire_within"))
    texts.append("CREATE TRIGGER z AFTER INSERT ON o.fires_within_of FOR EACH ROW EXECUTE FUNCTION o.fire_within()")
    texts.append("CREATE FUNCTION o.more_within() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN IF pg_trigger_depth() = 1 THEN EXECUTE " + PUT.format(n="own_within") + "; END IF; RETURN NULL; END $f$")
    texts.append("CREATE TRIGGER z AFTER INSERT ON o.own_within FOR EACH ROW EXECUTE FUNCTION o.more_within()")
    texts.append("CREATE MATERIALIZED VIEW o.kept_names AS SELECT name, grade FROM customers")
    texts.append("CREATE FUNCTION o.more() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN IF pg_trigger_depth() = 1 THEN EXECUTE " + PUT.format(n="own") + "; END IF; RETURN NULL; END $f$")
    texts.append("CREATE TRIGGER z AFTER INSERT ON o.own FOR EACH ROW EXECUTE FUNCTION o.more()")
    texts.append("CREATE PROCEDURE o.p_procedure() LANGUAGE plpgsql AS $f$ BEGIN EXECUTE " + PUT.format(n="procedure") + "; COMMIT; PERFORM 1; END $f$")
    texts.append("CREATE PROCEDURE o.put(t text) LANGUAGE plpgsql AS $f$ BEGIN " + INTO_T + "; END $f$")
    texts.append("GRANT USAGE ON SCHEMA o TO analyst; GRANT SELECT ON ALL TABLES IN SCHEMA o TO analyst")
    shop.server().sql("; ".join(texts[:2]))
    for text in texts[2:]:
        shop.server().sql(text)
    return shop.front("run_time")  # a gateway that was there before would not know the tables yet: they would be anybody's


def read(name, table):
    with wire.login(front().address, user="analyst", application_name=name) as reader:
        return {int(key) for key in SEEN.findall(str(reader.query(f"SELECT v FROM o.{table}").rows))}


def nobody(shown):
    return not shown or (not shown.fields and shown.unknown == 0)


@test(gateway=True, limit=180)
def test_rows_into_what_was_there():
    """Whatever way the code is run, another user who reads the table later in a session of his own is counted"""
    front()
    seen = {}
    for name, way in WAYS.items():
        with wire.login(front().address, application_name=f"writes {name}") as writer:
            way(writer, name)
            seen[name] = read(f"reads {name}", name)
    front().guard.until_sessions(0)
    said = shop.export(front())
    assert all(len(keys) > 1 for keys in seen.values()), seen
    counted = {name for name in seen if f"reads {name}" in said and said[f"reads {name}"].fields.get("name") == "clear"}
    assert len(counted) == len(seen), f"UNCOUNTED: {sorted(set(seen) - counted)}"
    for name in seen:
        assert said[f"reads {name}"].unknown >= len(seen[name]), f"{name}: {said[f'reads {name}']}"


@test(gateway=True, limit=120)
def test_only_what_it_writes():
    """What is not written to stays nobody's, and so does what the same session fills with plain statements, but in one
    transaction with the code, which could have, too; so does everything where the code writes nothing"""
    front()
    apart = shop.front("run_time_apart")
    apart.behind.sql("CREATE TABLE o.apart (v text); CREATE TABLE o.mixed (v text); GRANT SELECT ON o.apart, o.mixed TO analyst")
    with wire.login(apart.address, application_name="writes") as writer:
        query("INSERT INTO o.busy VALUES ('1')", DO, "INSERT INTO o.busy VALUES ('2')")(writer, "apart")
        query("BEGIN", "INSERT INTO o.mixed VALUES ('3')", DO, "COMMIT")(writer, "apart")
        extended("INSERT INTO o.busy VALUES ('4')", DO, "INSERT INTO o.busy VALUES ('5')")(writer, "apart")
        query("DO $d$ BEGIN EXECUTE 'SELECT name FROM ' || lower('CUSTOMERS'); END $d$")(writer, "apart")
    for table in ("apart", "mixed", "quiet", "busy"):
        with wire.login(apart.address, user="analyst", application_name=f"reads {table}") as reader:
            assert reader.query(f"SELECT v FROM o.{table}").rows
    apart.guard.until_sessions(0)
    said = shop.export(apart)
    equal([bool(nobody(said.get(f"reads {table}"))) for table in ("apart", "mixed", "quiet", "busy")], [False, False, True, True])


@test(gateway=True, limit=60)
def test_where_nothing_is_counted():
    """A role whose rows the server does not count: all tables that have any are everybody's then"""
    front()
    sql = shop.server().sql
    sql("CREATE TABLE o.unseen (v text); CREATE ROLE blind LOGIN; ALTER ROLE blind SET track_counts = off; GRANT USAGE ON SCHEMA o TO blind")
    sql("GRANT ALL ON o.unseen TO blind; GRANT SELECT ON customers TO blind; GRANT SELECT ON o.unseen TO analyst")
    blind = shop.front("run_time_blind")
    with wire.login(blind.address, user="blind", application_name="writes") as writer:
        query(DO)(writer, "unseen")
    with wire.login(blind.address, user="analyst", application_name="reads") as reader:
        assert SEEN.search(str(reader.query("SELECT v FROM o.unseen").rows))
    blind.guard.until_sessions(0)
    assert not nobody(shop.export(blind).get("reads"))


@test(gateway=True, limit=60)
def test_nobody_notices():
    """The client's statement without a name, its cursor and what the server says of the transaction are what they were"""
    front()
    with wire.login(front().address) as session:
        session.exchange(wire.parse("SELECT 'kept'") + wire.SYNC)
        with_code = session.exchange(wire.parse("SELECT o.f_message()", name="s") + wire.bind(name="s") + wire.execute() + wire.SYNC)
        equal((with_code.rows, with_code.status), ([["1"]], "I"))
        equal(session.exchange(wire.bind() + wire.execute() + wire.SYNC).rows, [["kept"]])
        session.query("BEGIN")
        session.exchange(wire.parse("SELECT generate_series(1, 3)") + wire.bind(portal="c") + wire.execute(1, portal="c") + wire.SYNC)
        equal(session.query("SELECT o.f_message()").status, "T")
        equal(session.exchange(wire.execute(1, portal="c") + wire.SYNC).rows, [["2"]])
        equal(session.query("ROLLBACK").status, "I")
        equal(session.query("SELECT name FROM pg_prepared_statements").rows, [["s"]])
        failed = session.exchange(wire.query("DO $d$ BEGIN EXECUTE 'SELECT 1/' || length(''); END $d$"))
        equal((len(failed.errors), failed.status), (1, "I"))
        equal(session.query("SELECT 1").rows, [["1"]])


@test(limit=60)
def test_what_is_skipped_stays_skipped():
    """Behind an error in a unit that a Query stands in, nothing is run until the client's own Sync"""
    front()
    do, insert = DO.replace("{n}", "mid").replace("{more}", ""), "INSERT INTO o.mid VALUES ('skipped')"
    with wire.login(front().address) as session:
        session.exchange(wire.parse(do, name="twice") + wire.SYNC)
        for text, name in ((do, "twice"), ("SELEC", "")):
            for last in (insert, do + "; " + insert, do):
                messages = [wire.parse(t, name=n) + wire.bind(name=n) + wire.execute() for t, n in ((text, name), (last, ""))]
                answer = session.exchange(messages[0] + wire.query("SELECT 1") + messages[1] + wire.SYNC)
                equal((answer.types, answer.status), ("EZ", "I"), (text, last))
        equal(session.query("SELECT 1 FROM o.mid WHERE v = 'skipped'").rows, [])


@test(limit=60)
def test_what_ends_a_copy():
    """A message that ends a COPY with an error does so: it does not wait for the answer to the COPY"""
    front()
    fed = wire.parse("COPY o.fires FROM STDIN") + wire.bind() + wire.execute() + wire.SYNC
    for before, copy, message in (([], fed, wire.parse("SELECT 1")),
                                  (["BEGIN", DO.replace("{n}", "mid").replace("{more}", "")], wire.query("COPY o.mid FROM STDIN"), wire.query("COMMIT"))):
        for is_late in (False, True):
            with wire.login(front().address) as session:
                query(*before)(session, "mid")
                session.send(copy if is_late else copy + message)
                session.result(until="G")
                if is_late:
                    session.send(message)
                codes = [wire.read_fields(session.expect("E")[1])["C"] for _ in range(2)]
                equal((codes, session.read_end()), (["08P01", "08P01"], b""))


class Locker:
    """A session that holds what a question of ours needs, so that it waits"""
    def __init__(self):
        self.session, self.seen = wire.login(shop.server().address), ""

    def wait(self, where):
        """Until another session waits for a lock like that, and has begun to since the last time"""
        process.until(lambda: self._waits(where), "a lock that is waited for")

    def _waits(self, where):
        began = self.session.value(f"SELECT max(waitstart) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid() AND {where}")
        is_new = bool(began) and began != self.seen
        self.seen = began if is_new else self.seen
        return is_new


OF_CLASS = "relation = 'pg_class'::regclass"
HELD = DO.replace("{more}", "PERFORM pg_advisory_lock(77);")


def interrupted(name, *, before, settings="", cancel=True):
    """A client's cancel, or its limit of time, ends the question before or behind; who reads the table is counted,
    and of the others' none is marked"""
    front()
    apart = shop.front(f"run_time_{name}")
    apart.behind.sql(f"CREATE TABLE o.{name} (v text); CREATE TABLE o.{name}_quiet (v text); GRANT SELECT ON o.{name}, o.{name}_quiet TO analyst")
    apart.behind.sql(f"INSERT INTO o.{name}_quiet VALUES ('q')")
    locker = Locker()
    locker.session.query("SELECT pg_advisory_lock(77)")
    with locker.session, wire.login(apart.address, application_name="writes") as writer:
        writer.query("DO $d$ BEGIN EXECUTE 'SELECT 1'; END $d$")
        if settings:
            writer.query(settings)
        locker.session.query("BEGIN")
        if before:
            locker.session.query("LOCK pg_class IN ACCESS EXCLUSIVE MODE")
            locker.session.query("SELECT pg_advisory_unlock(77)")
        writer.send(wire.query(HELD.replace("{n}", name)))
        if not before:
            locker.wait("locktype = 'advisory'")
            locker.session.query("LOCK pg_class IN ACCESS EXCLUSIVE MODE")
            locker.session.query("SELECT pg_advisory_unlock(77)")
        locker.wait(OF_CLASS)
        if cancel:
            wire.cancel(apart.address, writer.key)
        locker.wait("true")  # the next one
        locker.session.query("ROLLBACK")
        done = writer.result()
        equal((len(done.errors), done.status), (0, "I"))
        if settings:
            equal(writer.value("SHOW statement_timeout"), settings.split("'")[1])
    with wire.login(apart.address, user="analyst", application_name="reads") as reader:
        assert SEEN.search(str(reader.query(f"SELECT v FROM o.{name}").rows))
    with wire.login(apart.address, user="analyst", application_name="reads quiet") as reader:
        equal(reader.query(f"SELECT v FROM o.{name}_quiet").rows, [["q"]])
    apart.guard.until_sessions(0)
    said = shop.export(apart)
    equal((bool(nobody(said.get("reads"))), bool(nobody(said.get("reads quiet")))), (False, True))


@test(gateway=True, limit=90)
def test_cancel_hits_the_question_behind():
    interrupted("hit", before=False)


@test(gateway=True, limit=90)
def test_cancel_hits_the_question_before():
    interrupted("hit_before", before=True)


@test(gateway=True, limit=90)
def test_time_of_the_question_behind_is_over():
    interrupted("over", before=False, settings="SET statement_timeout = '900ms'", cancel=False)


@test(gateway=True, limit=60)
def test_failed_transactions():
    """What is run behind the end of a transaction that has failed, and what a savepoint, or a
    commit, keeps of one"""
    front()
    apart = shop.front("run_time_failed")
    names = ("ended", "saved", "committed")
    for name in names:
        apart.behind.sql(f"CREATE TABLE o.{name} (v text); GRANT SELECT ON o.{name} TO analyst")
    do = {name: DO.replace("{n}", name).replace("{more}", "") for name in names}
    bad = "SELECT 1 / (SELECT 0 FROM products LIMIT 1)"
    with wire.login(apart.address, application_name="writes") as writer:
        for texts in (("BEGIN", bad, "ROLLBACK; " + do["ended"]),
                      ("BEGIN", do["saved"] + "; SAVEPOINT s; " + bad, "ROLLBACK TO s", "COMMIT"),
                      (do["committed"] + "; COMMIT; BEGIN; " + bad, "ROLLBACK")):
            for text in texts:
                writer.exchange(wire.query(text))
    for name in names:
        with wire.login(apart.address, user="analyst", application_name=f"reads {name}") as reader:
            assert SEEN.search(str(reader.query(f"SELECT v FROM o.{name}").rows)), name
    apart.guard.until_sessions(0)
    said = shop.export(apart)
    equal([name for name in names if nobody(said.get(f"reads {name}"))], [])


@test(gateway=True, limit=60)
def test_no_other_error():
    """Where code fails inside a transaction block, and behind that, the server's log has no errors but the client's"""
    front()
    failing = "DO $d$ BEGIN EXECUTE 'SELECT 1/' || length(''); END $d$"
    lines = shop.server().process.lines
    with wire.login(front().address, application_name="fails") as writer:
        mark = len(lines)
        writer.query("BEGIN")
        codes = [writer.exchange(wire.query(failing)).code, writer.exchange(wire.query(failing)).code,
                 writer.exchange(wire.parse(failing) + wire.bind() + wire.execute() + wire.SYNC).code]
        writer.query("ROLLBACK")
        codes.append(writer.exchange(wire.query("SELECT 'the last one'::int")).code)
    equal(codes, ["22012", "25P02", "25P02", "22P02"])
    process.until(lambda: any("the last one" in line for line in lines[mark:]), "the last error in the log")
    equal(sum("ERROR:" in line for line in lines[mark:]), len(codes))


@test(gateway=True, limit=60)
def test_no_transaction_is_asked():
    """Where the server would let no question pass, transaction blocks go on as they are, and what is written in them is
    marked; a table that they only name is not"""
    front()
    sql, lines = shop.server().sql, shop.server().process.lines
    sql("CREATE TABLE o.denied (v text); CREATE TABLE o.denied_beside (v text); GRANT SELECT ON o.denied, o.denied_beside TO analyst; INSERT INTO o.denied_beside VALUES ('x')")
    sql("CREATE ROLE denied LOGIN; GRANT USAGE ON SCHEMA o TO denied; GRANT ALL ON o.denied, o.denied_beside TO denied; GRANT SELECT ON customers TO denied")
    apart = shop.front("run_time_denied")
    sql(f"GRANT SELECT ON pg_class TO {inspector.USER}; REVOKE SELECT ON pg_class FROM PUBLIC")
    mark = len(lines)
    with wire.login(apart.address, user="denied", application_name="writes") as writer:
        for texts in (("BEGIN", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", DO, "SELECT v FROM o.denied_beside", "COMMIT"),
                      ("BEGIN ISOLATION LEVEL REPEATABLE READ", "LOCK TABLE o.denied_beside", DO, "SET LOCAL statement_timeout = 1", "COMMIT")):
            for text in texts:
                done = writer.exchange(wire.query(text.replace("{n}", "denied").replace("{more}", "")))
                equal((len(done.errors), done.status), (0, "I" if text == "COMMIT" else "T"), text)
        equal(writer.exchange(wire.query("SELECT 'the last denied'::int")).code, "22P02")
    sql("GRANT SELECT ON pg_class TO PUBLIC")
    for table in ("denied", "denied_beside"):
        with wire.login(apart.address, user="analyst", application_name=f"reads {table}") as reader:
            assert reader.query(f"SELECT v FROM o.{table}").rows
    apart.guard.until_sessions(0)
    said = shop.export(apart)
    equal([bool(nobody(said.get(f"reads {table}"))) for table in ("denied", "denied_beside")], [False, True])
    process.until(lambda: any("the last denied" in line for line in lines[mark:]), "the last error in the log")
    equal(sum("ERROR:" in line for line in lines[mark:]), 1)


@test(gateway=True, limit=60)
def test_who_leaves_at_the_commit():
    """A client that does not wait for its COMMIT's answer has committed, and what was written is marked"""
    front()
    apart = shop.front("run_time_left")
    apart.behind.sql("CREATE TABLE o.left_behind (v text); GRANT SELECT ON o.left_behind TO analyst")
    do = DO.replace("{n}", "left_behind").replace("{more}", "")
    writer = wire.login(apart.address, application_name="writes")
    writer.query("BEGIN")
    writer.query(do)
    writer.send(wire.query("COMMIT") + b"X\0\0\0\4")
    writer.socket.close()
    apart.guard.until_sessions(0)
    with wire.login(apart.address, user="analyst", application_name="reads") as reader:
        assert SEEN.search(str(reader.query("SELECT v FROM o.left_behind").rows))
    apart.guard.until_sessions(0)
    assert not nobody(shop.export(apart).get("reads"))


@test(gateway=True, limit=60)
def test_no_operator_of_others():
    """What the inspector asks about locks runs nobody else's code: it could read the verifiers of all roles"""
    front()
    sql = shop.server().sql
    sql("CREATE TABLE public.ran (who text); GRANT INSERT ON public.ran TO PUBLIC; CREATE TABLE o.compared (v text)")
    sql("CREATE FUNCTION public.at_least(oid, int) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN INSERT INTO public.ran VALUES (current_user); RETURN $1 >= $2::oid; END $f$")
    sql("CREATE OPERATOR public.>= (LEFTARG = oid, RIGHTARG = int, FUNCTION = public.at_least)")
    apart = shop.front("run_time_compared")
    with wire.login(apart.address) as writer:
        query("BEGIN", DO, "COMMIT")(writer, "compared")
    apart.guard.until_sessions(0)
    with wire.login(shop.server().address) as reader:
        equal(reader.query("SELECT who FROM public.ran").rows, [])
    sql("DROP OPERATOR public.>= (oid, int); DROP FUNCTION public.at_least; DROP TABLE public.ran")


class Deaf(silencer.Silencer):
    """While it is silent, the inspector hears nothing"""

    def __init__(self, address):
        self.ours = set()
        super().__init__(address)

    def _pass(self, source, target, is_answer):
        if not is_answer:
            data = source.recv(1 << 16)
            if b"user\0" + inspector.USER.encode() + b"\0" in data:
                self.ours.add(target)
            target.sendall(data)
        super()._pass(source, target, is_answer and source in self.ours)


@test(gateway=True, limit=90)
def test_inspector_hears_nothing():
    """All COMMITs together wait no longer than one for an inspector that gets no answer, and what was written counts"""
    front()
    writers, names = [], [f"unheard{n}" for n in range(4)]
    shop.server().sql("".join(f"CREATE TABLE o.{name} (v text); GRANT SELECT ON o.{name} TO analyst;" for name in names))
    deaf = Deaf(shop.server().address)
    apart = shop.front("run_time_unheard", upstream=deaf.upstream)
    for name in names:
        writers.append(wire.login(apart.address, application_name="writes"))
        query("BEGIN", DO)(writers[-1], name)
    deaf.hush()
    began = time.monotonic()
    for writer in writers:
        writer.send(wire.query("COMMIT"))
    equal([writer.result().status for writer in writers], ["I"] * len(writers))
    took = time.monotonic() - began
    deaf.speak()
    assert took < 5, took
    for name in names:
        with wire.login(apart.address, user="analyst", application_name=f"reads {name}") as reader:
            assert SEEN.search(str(reader.query(f"SELECT v FROM o.{name}").rows)), name
    for writer in writers:
        writer.abort()
    apart.guard.until_sessions(0)
    said = shop.export(apart)
    equal([name for name in names if nobody(said.get(f"reads {name}"))], [])


OF_LOCKS = f"pid IN (SELECT pid FROM pg_stat_activity WHERE usename = '{inspector.USER}' AND query LIKE '%FROM pg_catalog.pg_locks l %')"


@test(gateway=True, limit=90)
def test_who_commits_together():
    """Sessions whose COMMITs wait at the same time are asked for together, and each of them gets its own answer"""
    front()
    names = [f"together_{i}" for i in range(8)]  # every other one has persons
    for name in names:
        shop.server().sql(f"CREATE TABLE o.{name} (v text); GRANT SELECT ON o.{name} TO analyst")
    shop.server().sql(f"ALTER ROLE {inspector.USER} SET log_statement = 'all'")
    apart, lines, locker = shop.front("run_time_together"), shop.server().process.lines, Locker()
    with contextlib.ExitStack() as stack:
        stack.enter_context(locker.session)
        writers = [stack.enter_context(wire.login(apart.address, application_name="writes")) for _ in names]
        query("BEGIN", DO, "COMMIT")(writers[0], "mid")  # the inspector's connection is there
        for i, name in enumerate(names):
            query("BEGIN", DO if i % 2 == 0 else "DO $d$ BEGIN EXECUTE 'INSERT INTO o.' || lower('{n}') || ' VALUES (''x'')'; END $d$")(writers[i], name)
        mark = len(lines)
        locker.session.query("BEGIN; LOCK pg_database IN ACCESS EXCLUSIVE MODE")
        for writer in writers:
            writer.send(wire.query("COMMIT"))
        locker.wait(OF_LOCKS)
        locker.session.query("ROLLBACK")
        equal([(len(done.errors), done.status) for done in (writer.result() for writer in writers)], [(0, "I")] * len(names))
        shop.server().sql(f"ALTER ROLE {inspector.USER} RESET log_statement")
    asked = sum("FROM pg_catalog.pg_locks l " in line for line in lines[mark:])
    for name in names:
        with wire.login(apart.address, user="analyst", application_name=f"reads {name}") as reader:
            assert reader.query(f"SELECT v FROM o.{name}").rows, name
    apart.guard.until_sessions(0)
    said = shop.export(apart)
    equal([bool(nobody(said.get(f"reads {name}"))) for name in names], [False, True] * 4)
    assert 0 < asked < len(names), f"{asked} questions"


harness.main()
