#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The harm without a control, and then, by the same traffic, its absence: of controls whose own tests begin with the control, and a
list of where that of every other is."""
import importlib
import itertools
import time

import harness
import inspector
from process import until
import shop
from stage import elapsed, equal, in_time, test
from test_administrators import ACTS, alerts, made, run
import wire

FOUND = 5  # seconds, as promised
BUDGET, RULE = "PS001", "PS003"
PERSONS, MOST = 10, 3
WINDOWS = ("minute", "hour", "day", "30d", "180d")
FIRST = f"SELECT id, name FROM customers ORDER BY id LIMIT {PERSONS}"

# Control: the test that shows the harm by the same traffic without it (a rule that is absent, pasu not asked, a gateway beside it that does not
# have it), and then its absence.
ELSEWHERE = {
    "country, of the database that is built in": ("countries", "test_a_country_is_known_without_a_database"),
    "country, of a database of the operator's": ("verdicts", "test_country"),
    "network, and whole sessions": ("verdicts", "test_network"),
    "a session that could ask nothing": ("verdicts", "test_session"),
    "leaver refused": ("leavers", "test_refused"),
    "leaver's sessions cut": ("leavers", "test_cut_off"),
    "service whose owner has left": ("leavers", "test_services"),
    "kinds of the roster in rules": ("leavers", "test_kinds_of_rules"),
    "block": ("verdicts", "test_ways"),
    "mask": ("masks", "test_ways"),
    "hold": ("approvals", "test_approved"),
    "hold by a budget": ("held_budget", "test_what_is_beyond_it_waits"),
    "kill, by a budget": ("budget_close", "test_in_a_result"),
    "hours": ("verdicts", "test_hours"),
    "holidays": ("holidays", "test_holidays_count"),
    "verbs": ("verdicts", "test_verbs"),
    "actor": ("verdicts", "test_actor"),
    "purpose": ("conditions", "test_purpose_required"),
    "an address that the application claims": ("conditions", "test_a_claim_only_restricts"),
    "first use": ("first_use", "test_what_was_never_run_is_blocked"),
    "shadow": ("verdicts", "test_shadow"),
    "exits": ("sight", "test_refused"),
    "replication through pasu": ("replication", "test_refused_by_default"),
    "superusers who read": ("administrators", "test_privileged"),
    "rights around pasu": ("administrators", "test_around"),
    "a short session past pasu": ("bypass", "test_unseen"),
    "degraded": ("ledger_faults", "test_no_room_closed"),
}


@test
def test_every_other_one_has_its_test():
    """What the list names is there"""
    missing = {control: where for control, where in ELSEWHERE.items()
               if not hasattr(importlib.import_module("test_" + where[0]), where[1])}
    equal(missing, {})


# ---- budgets ----

def read(front, window):
    with front.login(user=f"h_{window}") as session:
        result = session.exchange(wire.query(FIRST))
        return len(result.rows), result.code


@test(gateway=True, limit=90)
def test_a_budget_of_each_window():
    """Without it all persons are shown; with it as many as it allows, and with one that alerts all, and an alert"""
    shop.server().sql("".join(f"CREATE ROLE h_{window} LOGIN IN ROLE app;" for window in WINDOWS))
    budgets = [{"principal": f"h_{window}", "window": window, "subjects": MOST, "verdict": "alert"} for window in WINDOWS]
    for verdict, due in ((None, (PERSONS, None)), ("alert", (PERSONS, None)), ("block", (MOST, BUDGET))):
        for budget in budgets:
            budget["verdict"] = verdict
        front = shop.front(f"windows-{verdict}", more={"budgets": budgets} if verdict else {})
        equal({window: read(front, window) for window in WINDOWS}, dict.fromkeys(WINDOWS, due), verdict)
        told = until(lambda front=front, verdict=verdict: len(all_of := alerts(front, "budget")) == (len(WINDOWS) if verdict else 0) and {
            one["principal"]: one["verdict"] for one in all_of} or not verdict and {}, "alerts") if verdict else {}
        equal(told, {f"h_{window}": verdict for window in WINDOWS} if verdict else {})
        front.guard.until_sessions(0)
        said = shop.export(front)
        equal({len(line["subjects"]["customer"].get("keys", ())) for name in said for line in said[name].lines} <= {due[0], MOST}, True)
        front.stop()


# ---- administrators ----

STATE = ("SELECT rolname, rolsuper, rolbypassrls, rolreplication, rolcreaterole, rolconfig FROM pg_roles", "SELECT roleid, member, admin_option FROM pg_auth_members",
         "SELECT relname, relacl, relowner, relrowsecurity FROM pg_class WHERE relnamespace = 'public'::regnamespace",
         "SELECT proname, prosecdef, proowner FROM pg_proc WHERE pronamespace = 'public'::regnamespace", "SELECT defaclacl FROM pg_default_acl",
         "SELECT setdatabase, setrole, setconfig FROM pg_db_role_setting", "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'",
         "SELECT tgname, tgenabled FROM pg_trigger", "SELECT polname FROM pg_policy", "SELECT pubname FROM pg_publication", "SELECT extname FROM pg_extension",
         "SELECT evtname FROM pg_event_trigger", "SELECT rulename, ev_class FROM pg_rewrite")


def state():
    """What acts of administrators can have changed at the server."""
    return [sorted(map(str, shop.server().sql(query))) for query in STATE]


@test(gateway=True, limit=180)
def test_each_event_of_administrators():
    """With nothing that judges it each act is done, and nobody is told; by default it is done, and an alert; with a rule it is not done:
    nothing of it reaches the server"""
    made()
    flags = sorted(set().union(*(flags for flags, _ in ACTS.values())))
    front = shop.front("harm-admins", more={"administrators": {"verdict": "allow"}})
    for name, (_, statements) in ACTS.items():
        equal(run(front, name, statements), [], name)
    front.guard.until_sessions(0)
    equal(alerts(front), [])
    said = shop.export(front)  # and not because nothing of it was seen
    equal({flag for name in ACTS for line in said[name].lines for flag in line["flags"]} >= set(flags), True)
    shop.server().sql("DROP FUNCTION all_names(); DROP SCHEMA analyst")  # what they have made, and would not make twice
    del front.guard.config["administrators"]
    equal(front.reload(), "config_reloaded")
    for name, (_, statements) in ACTS.items():
        equal(run(front, "told-" + name, statements), [], name)
    front.guard.until_sessions(0)
    equal({one["rule"] for one in until(lambda: alerts(front), "alerts")} >= {f"administrators: {min(flags)}" for flags, _ in ACTS.values()}, True)
    shop.server().sql("DROP FUNCTION all_names(); DROP SCHEMA analyst")
    front.guard.config["rules"] = [{"name": "nobody", "when": {"flags": flags}, "verdict": "block"}]
    equal(front.reload(), "config_reloaded")
    before = state()
    for name, (_, statements) in ACTS.items():
        found = run(front, "blocked-" + name, statements)
        equal((found[0], set(found) <= {RULE, "26000"}), (RULE, True), name)  # what was not prepared is not there
    equal(state(), before)
    front.stop()


# ---- past pasu ----

def streaming(address, user):
    session = wire.login(address, user=user, replication="true", application_name="stream")
    session.query("CREATE_REPLICATION_SLOT harm TEMPORARY PHYSICAL RESERVE_WAL")
    session.send(wire.query("START_REPLICATION SLOT harm PHYSICAL " + shop.server().value("SELECT pg_current_wal_flush_lsn()")))
    session.expect("W")
    return session


def decoding(address, user):
    session = wire.login(address, user=user, replication="database", database="postgres", application_name="decode")
    session.query("CREATE_REPLICATION_SLOT harm_two TEMPORARY LOGICAL test_decoding")
    return session


PAST = {
    "tcp": lambda: wire.login(shop.server().address, user="h_past", application_name="tcp"),
    "socket": lambda: wire.login(shop.server().socket, user="h_past", application_name="socket"),
    "stream": lambda: streaming(shop.server().address, "h_copies"),
    "decode": lambda: decoding(shop.server().address, "h_copies"),
}


@test(gateway=True, limit=120)
def test_each_way_past():
    """Whoever goes past pasu, by TCP, a Unix socket, a stream of the log or a slot, reads on where nothing is done about it, and is found
    and ended within five seconds where it says block; each is an alert then"""
    server = shop.server()
    server.sql("CREATE ROLE h_past LOGIN IN ROLE app; CREATE ROLE h_copies LOGIN REPLICATION IN ROLE app")
    shop.asked()
    server.sql(f"GRANT pg_read_all_stats, pg_signal_backend TO {inspector.USER}")
    front = shop.front("harm-past", more={"bypass": {"verdict": "allow"}})
    front.guard.wait("bypass_sight", named="yes")
    with front.login(user="app"):
        for name, make in PAST.items():
            with make() as session:
                front.guard.wait("bypass", application=name)  # it was seen
                equal(server.value(f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}'"), "1", name)
                session.abort()
        until(lambda: server.value("SELECT count(*) FROM pg_stat_activity WHERE usename ~ '^h_'") == "0", "they have left")
        equal((alerts(front, "bypass"), front.guard.find("bypass_ended")), ([], []))
        front.guard.config["bypass"] = {"verdict": "block"}
        equal(front.reload(), "config_reloaded")
        for name, make in PAST.items():
            def attempt(name=name, make=make):
                since, mark = time.monotonic(), front.guard.mark()
                with make() as session:
                    front.guard.wait("bypass_ended", start=mark, application=name)
                    until(lambda: server.value(f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}'") == "0", "it is ended")
                    session.abort()
                return elapsed(since)
            print(f"{name}: ended after {in_time(FOUND, attempt):.1f} s")
    front.stop()  # with it comes what a minute has kept back
    equal({one["principal"] for one in alerts(front, "bypass") if one["verdict"] == "block"}, {"h_past", "h_copies"})
    server.sql(f"REVOKE pg_read_all_stats, pg_signal_backend FROM {inspector.USER}")


@test(gateway=True, limit=90)
def test_a_slot_that_was_made_past():
    """A replication slot that somebody makes at the server, and is gone before anybody looks, holds all that is written for them: nobody is
    told where nothing is done about it; else it is an alert within five seconds, and one that is dropped is none"""
    server = shop.server()
    front = shop.front("harm-slot", more={"bypass": {"verdict": "allow"}})
    front.guard.wait("bypass_sight")  # the server has been looked at
    told = []
    for number, verdict in enumerate(("allow", "alert")):
        front.guard.config["bypass"] = {"verdict": verdict}
        equal(front.reload(), "config_reloaded")
        names = (f"harm_{number}_{turn}" for turn in itertools.count())

        def attempt(verdict=verdict, names=names):
            since, name = time.monotonic(), next(names)
            server.sql(f"SELECT pg_create_physical_replication_slot('{name}', true)")
            front.guard.wait("slot_made", slot=name)
            if verdict == "alert":
                until(lambda: [one for one in alerts(front, "bypass") if name in one["text"]], "an alert")
            return elapsed(since)
        print(f"{verdict}: told after {in_time(FOUND, attempt):.1f} s")
        told = alerts(front, "bypass")
        equal(bool(told), verdict == "alert")
    equal({(one["rule"], one["severity"], one["verdict"], "harm_1" in one["text"]) for one in told}, {("replication slot", 4, "alert", True)})
    server.sql("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name ~ '^harm_'")
    equal(len(alerts(front, "bypass")), len(told))
    front.stop()


if __name__ == "__main__":
    harness.main()
