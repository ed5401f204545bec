#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What rules ask about a statement beside who, when and what: its purpose, and the address that the application gives
for its user. Each time first without the rule, where all of it is shown, and then with it."""
import functools
import hashlib
import hmac
import json
import time

import guard
import harness
import mmdb
import shop
from stage import equal, refused, test
import wire

KEY = shop.keys("customers", "id")[30]
NAME = f"SELECT name FROM customers WHERE id = {KEY}"
ROW = [[f"Kim-{KEY}"]]
HOME, AWAY, NOWHERE = "127.0.0.2", "127.0.0.3", "127.0.0.9"
CLAIM_KEY = bytes(range(32))
OVERSEAS = {"name": "overseas", "when": {"country": {"not": "KR"}, "fields": "any"}, "verdict": "block"}
TICKET = {"name": "ticket", "when": {"purpose": "none", "fields": "any"}, "verdict": "block", "reason": "give a ticket"}


@functools.lru_cache(None)
def front():
    """One gateway for all of these, whose rules each test sets."""
    folder = harness.folder()
    mmdb.write(folder / "conditions.mmdb", "country", {f"{HOME}/32": {"country": {"iso_code": "KR"}}, f"{AWAY}/32": {"country": {"iso_code": "JP"}},
                                                       "2001:db8::/32": {"country": {"iso_code": "KR"}}})
    key = folder / "claim.key"
    key.write_text(CLAIM_KEY.hex() + "\n", encoding="utf-8")
    key.chmod(0o600)
    return shop.front("conditions", more={
        "rules": [], "principals": {"actor_from": ["sqlcommenter"]},
        "sources": {"country_db": str(folder / "conditions.mmdb"), "claimed_from": ["sqlcommenter", "setting:pasu.source"],
                    "claim_key_file": str(key), "claim_age": "1h"}}, workers=1)


def set_rules(*rules):
    front().guard.config["rules"] = list(rules)
    equal(front().reload(), "config_reloaded")


def login(name, address=HOME):
    return wire.login(front().address, user="app", source=address, application_name=name)


def asked(session, *texts):
    """What each came to: its rows, or how it was refused."""
    got = []
    for sql in texts:
        session.send(wire.query(sql))
        result = session.result()
        got.append(result.errors[0]["C"] if result.errors else result.rows)
    return got


def lines(name):
    front().guard.until_sessions(0)
    return sorted(shop.export(front())[name].lines, key=lambda line: line["seq"])


def signed(address, when=0, key=CLAIM_KEY):
    text = f"{address};{int(time.time()) + when}"
    return f"{text};{hmac.new(key, text.encode(), hashlib.sha256).hexdigest()}"


def of(source, sql=NAME):
    return f"{sql} /*source='{source.replace(':', '%3A')}'*/"


# ---- purpose ----

WITH = (NAME + " /*purpose=ticket-17*/", "/* purpose=a:b/c#d.e_f */ " + NAME, NAME + " /*actor='kim',purpose='%41udit'*/;")
WITHOUT = (NAME, NAME + " /*purpose='a b'*/", NAME + " /*purpose=a,purpose=b*/", NAME.replace("SELECT", "SELECT /*purpose=a*/"),
           f"SELECT name, '/*purpose=a*/' FROM customers WHERE id = {KEY}", NAME + " /*purpose='" + "x" * 64 + "'*/",
           f"SELECT name, $$/*purpose=a*/$$ FROM customers WHERE id = {KEY}")


@test(gateway=True)
def test_purpose_required():
    """Without a purpose nothing of a person is shown; a malformed one, and one inside of a statement, is none"""
    set_rules()
    with login("open") as session:
        equal([got[0][0] for got in asked(session, *WITH, *WITHOUT)], [ROW[0][0]] * (len(WITH) + len(WITHOUT)))
    set_rules(TICKET)
    with login("ticket") as session:
        equal(asked(session, *WITH, *WITHOUT), [ROW] * len(WITH) + ["PS003"] * len(WITHOUT))
        equal(asked(session, "SELECT count(*) FROM products"), [[["300"]]])
    due = ["ticket-17", "a:b/c#d.e_f", "Audit"]
    equal([line["purpose"] for line in lines("open")], due + [None] * len(WITHOUT))
    equal([(line["purpose"], line["verdict"]) for line in lines("ticket")], [(one, "allow") for one in due] + [(None, "block")] * len(WITHOUT))
    equal([line["actor"] for line in lines("open")[:3]], [None, None, "kim"])
    # The comment is no part of the statement's shape.
    equal(len({line["fingerprint"] for line in lines("open")[:3]}), 1)
    assert not [line for line in lines("open") if "ticket" in line["sql"]]


@test(gateway=True)
def test_purpose_named():
    """Rules name purposes, or all but some; messages of the extended protocol and cursors have their text's"""
    set_rules({**TICKET, "when": {"purpose": {"not": ["audit", "ticket-17"]}, "fields": "any"}})
    with login("named") as session:
        equal(asked(session, NAME + " /*purpose=audit*/", NAME + " /*purpose=ticket-17*/", NAME + " /*purpose=other*/", NAME),
              [ROW, ROW, "PS003", "PS003"])
    set_rules({**TICKET, "when": {"purpose": ["none", "other"], "fields": "any"}})
    with login("extended") as session:
        for comment, due in ((" /*purpose=audit*/", ROW), (" /*purpose=other*/", []), ("", [])):
            result = session.exchange(wire.parse(NAME + comment) + wire.bind() + wire.execute() + wire.SYNC)
            equal((result.rows, [error["C"] for error in result.errors]), (due, [] if due else ["PS003"]), comment)
        # In a pipeline each has its own; what stands behind a refused one does not happen.
        result = session.exchange(b"".join(wire.parse(NAME + comment) + wire.bind() + wire.execute() for comment in (" /*purpose=audit*/", "")) + wire.SYNC)
        equal((result.rows, [error["C"] for error in result.errors]), (ROW, ["PS003"]))
        equal(asked(session, f"BEGIN; DECLARE c CURSOR FOR {NAME} /*purpose=audit*/", "FETCH c", "ROLLBACK")[1], "PS003")
        equal(asked(session, f"BEGIN; DECLARE c CURSOR FOR {NAME} /*purpose=audit*/", "FETCH c /*purpose=audit*/", "ROLLBACK")[1], ROW)
    set_rules({**TICKET, "when": {"purpose": "none", "fields": "any"}, "verdict": "hold"})
    with login("held") as session:
        result = session.exchange(wire.parse(NAME + " /*purpose=audit*/") + wire.bind() + wire.execute() + wire.SYNC)
        equal((result.rows, result.errors, result.notices), (ROW, [], []))


@test(gateway=True)
def test_purpose_replayed():
    """check --replay knows the purpose of what was shown"""
    set_rules()
    with login("replayed") as session:
        asked(session, WITH[0], NAME)
    lines("replayed")
    path = front().guard.path.with_name("ticket.yaml")
    path.write_text(guard.yaml({**front().guard.config, "rules": [{**TICKET, "when": {**TICKET["when"], "application": "replayed"}}]}) + "\n")
    said = json.loads(guard.run("check", "-c", path, "--replay", "1h", "--json").stdout)
    equal(said["rules"][0]["statements"], {"at_least": 1, "at_most": 1})


# ---- where the application says that its user is ----

@test(gateway=True)
def test_a_claim_only_restricts():
    """A claimed address can make a rule refuse, and none let pass: both must, statement by statement"""
    here, there = "2001:db8::7", "203.0.113.7"
    set_rules()
    with login("told") as session:
        equal(asked(session, NAME, of(here), of(there), of("nonsense")), [ROW] * 4)
    equal([line["claimed_source"] for line in lines("told")],
          [None, {"address": here, "signed": False}, {"address": there, "signed": False}, {"address": None, "signed": False}])
    equal({line["source"]["address"] for line in lines("told")}, {HOME})
    set_rules(OVERSEAS)
    with login("here") as session:
        equal(asked(session, NAME, of(here), of(AWAY), of(there), of("nonsense"), of("local"), NAME), [ROW, ROW, "PS003", "PS003", "PS003", "PS003", ROW])
    with login("away", AWAY) as session:
        equal(asked(session, NAME, of(HOME), of(here)), ["PS003"] * 3)
    # Of a rule that lets pass, too: it must let both.
    set_rules({"name": "home", "when": {"address": HOME}, "verdict": "allow"}, {"name": "all", "when": {"fields": "any"}, "verdict": "block"})
    with login("allowed") as session:
        equal(asked(session, NAME, of(HOME), of(AWAY)), [ROW, ROW, "PS003"])
    with login("disallowed", AWAY) as session:
        equal(asked(session, NAME, of(HOME)), ["PS003"] * 2)
    # What either masks is masked.
    set_rules({"name": "home", "when": {"address": HOME, "fields": "name"}, "verdict": "mask"},
              {"name": "away", "when": {"address": AWAY, "fields": "phone"}, "verdict": "mask"})
    both = f"SELECT name, phone FROM customers WHERE id = {KEY}"
    with login("masked") as session:
        equal([["*" in value for value in rows[0]] for rows in asked(session, both, of(HOME, both), of(AWAY, both))],
              [[True, False], [True, False], [True, True]])


@test(gateway=True)
def test_a_claim_by_a_setting():
    """SET pasu.source holds for what stands behind it, and what a transaction sets is undone with it"""
    set_rules(OVERSEAS)
    with login("setting") as session:
        equal(asked(session, NAME, "SET pasu.source = '203.0.113.7'", NAME, of(HOME), "RESET pasu.source", NAME), [ROW, [], "PS003", ROW, [], ROW])
        equal(asked(session, "BEGIN", f"SET LOCAL pasu.source = '{AWAY}'", NAME, "ROLLBACK", NAME), [[], [], "PS003", [], ROW])
        equal(asked(session, f"SELECT set_config('pasu.source', '{AWAY}', false)", NAME), [[[AWAY]], "PS003"])


@test(gateway=True)
def test_a_signed_claim_counts():
    """Signed and fresh it counts instead of the connection's address, in both directions; else it is a claim"""
    set_rules(OVERSEAS)
    with login("signed-away", AWAY) as session:
        equal(asked(session, NAME, of(HOME), of(signed(HOME)), of(signed(AWAY)), of(signed("2001:db8::7"))), ["PS003", "PS003", ROW, "PS003", ROW])
        right = signed(HOME)
        address, when, signature = right.split(";")
        wrong = (signed(HOME, key=bytes(32)), signed(HOME, -7200), signed(HOME, 7200), f"{AWAY};{when};{signature}",
                 f"{address};{int(when) + 1};{signature}", f"{address};{when}", f"{address};{when};", right[:-1], right + "0", f"{address};{when};{'0' * 64}",
                 f"{address};-{when};{signature}", f"{address};;{signature}", right.replace(";", ","))
        equal(asked(session, *map(of, wrong)), ["PS003"] * len(wrong))
        equal(asked(session, f"SET pasu.source = '{right}'", NAME), [[], ROW])
    said = {line["claimed_source"]["signed"] for line in lines("signed-away") if line["claimed_source"] and line["verdict"] == "allow"}
    equal(said, {True})
    with login("signed-home") as session:
        equal(asked(session, NAME, of(signed(AWAY)), of(signed(HOME))), [ROW, "PS003", ROW])
    # A whole session is not refused by its address while a signed claim can count; its statements are.
    set_rules({**OVERSEAS, "when": {"country": {"not": "KR"}}})
    with login("session", AWAY) as session:
        equal(asked(session, "SELECT 1", of(signed(HOME))), ["PS003", ROW])
    equal([line["source"]["country"] for line in lines("session")], ["JP", "JP"])


@test(gateway=True)
def test_a_signed_claim_has_room_in_application_name():
    """The first 32 digits of a signature are one, too: with an IPv4 address they are no more than the 63 bytes of an application_name"""
    sources = front().guard.config["sources"]
    set_rules(OVERSEAS)
    right = signed(HOME)[:-32]
    assert len(right) < 64
    with login("short", AWAY) as session:
        equal(asked(session, of(right), of(right[:-1]), of(right + "0"), of(right[:-1] + ("1" if right[-1] == "0" else "0"))), [ROW, *["PS003"] * 3])
    sources["claimed_from"].append("application_name")
    try:
        set_rules(OVERSEAS)
        with login(right, AWAY) as session:
            equal(asked(session, NAME, f"SET application_name = '{signed(AWAY)[:-32]}'", NAME, f"SET application_name = '{right}'", NAME), [ROW, [], "PS003", [], ROW])
    finally:
        sources["claimed_from"].pop()
        set_rules(OVERSEAS)


@test(gateway=True)
def test_who_is_refused_is_told_why_the_claim_does_not_count():
    """No address, not signed, wrong, too old: whoever writes the application sees which it is; a rule about something else says nothing of it"""
    set_rules(OVERSEAS, TICKET)

    def detail(claim, more=""):
        session.send(wire.query(f"{NAME} /*source='{claim}'{more}*/"))
        return session.result().errors[0]["D"]

    with login("told-why", AWAY) as session:
        told = [detail(claim) for claim in ("", "office", HOME, signed(HOME)[:-1] + "x", signed(HOME, -7200), signed(HOME, 7200))]
        equal(["the address that was said of its user" in one or "is no address" in one for one in told], [False] + [True] * 5, str(told))
        for one, word in zip(told[1:], ("is no address", "not signed", "is wrong", "too old", "too old")):
            assert one.split("; ")[-1].find(word) >= 0, one
    with login("told-another") as session:
        other = detail(HOME)
        assert "ticket" in other and "its user" not in other, other


@test(gateway=True)
def test_a_signed_claim_counts_from_the_first_configuration_on():
    """Not only after a reload, and of a gate that takes another one's place, too"""
    made = shop.front("conditions-first", more={"rules": [OVERSEAS], "sources": front().guard.config["sources"]}, workers=1)
    for _ in range(2):
        with wire.login(made.address, user="app", source=AWAY) as session:
            equal(asked(session, NAME, of(signed(HOME))), ["PS003", ROW])
        made.guard.replace("gate")
    made.stop()


@test(gateway=True)
def test_a_claim_is_as_old_as_its_statement():
    """A result that takes longer than claim_age is judged as a whole by the claim that was fresh when it began; what begins then is not"""
    front().guard.config["sources"]["claim_age"] = "1s"
    try:
        set_rules(OVERSEAS)
        with login("long", AWAY) as session:
            text = signed(HOME)
            slow = f"SELECT name FROM customers, pg_sleep(1.1) WHERE id = {KEY}"
            equal(asked(session, slow), ["PS003"])
            # Three results of one text: the last one's rows come when the claim is too old for a new statement.
            got = session.exchange(wire.query(f"{slow}; {slow}; {of(text, NAME)}"))
            equal((got.rows, [error["C"] for error in got.errors]), (ROW * 3, []))
            equal(asked(session, of(text)), ["PS003"])
            equal(asked(session, of(signed(HOME))), [ROW])
    finally:
        front().guard.config["sources"]["claim_age"] = "1h"
    shown = [line["claimed_source"]["signed"] for line in lines("long") if line["verdict"] == "allow"]
    equal(shown, [True] * len(shown))


@test(gateway=True)
def test_without_a_key_no_claim_counts():
    """Where no key is configured a session is refused at its beginning, and no signature lets anything pass"""
    sources = {**front().guard.config["sources"]}
    del sources["claim_key_file"]
    made = shop.front("conditions-no-key", more={"rules": [OVERSEAS], "sources": sources}, workers=1)
    with wire.login(made.address, user="app", source=AWAY) as session:
        equal(asked(session, NAME, of(signed(HOME))), ["PS003"] * 2)
    made.guard.config["rules"] = [{**OVERSEAS, "when": {"country": {"not": "KR"}}}]
    equal(made.reload(), "config_reloaded")
    refused(lambda: wire.login(made.address, user="app", source=AWAY), "PS004")
    made.stop()


@test(gateway=True)
def test_check():
    """What cannot be a purpose, a source of claims or a key is told with its line and what to do"""
    bad = harness.folder() / "bad.key"
    bad.write_text("secret\n", encoding="utf-8")
    bad.chmod(0o644)
    path = front().guard.path.with_name("faults.yaml")
    path.write_text(guard.yaml({**front().guard.config, "rules": [{**TICKET, "when": {"purpose": ["a b", "none"]}}], "sources": {
        "claimed_from": ["pasu.source"], "claim_key_file": str(bad), "claim_age": "2d"}}) + "\n", encoding="utf-8")
    said = json.loads(guard.run("check", "-c", path, "--json").stdout)
    written = path.read_text(encoding="utf-8").splitlines()
    equal(sorted((written[one["line"] - 1].split(":")[0].strip(" -"), bool(one["hint"])) for one in said["faults"]),
          sorted([('"a b"', True), ("pasu.source", True), ("claim_age", True), *[("claim_key_file", True)] * 2]), str(said["faults"]))
    path.write_text(guard.yaml({**front().guard.config, "sources": {"claimed_from": ["sqlcommenter"], "claim_key_file": str(bad)}}) + "\n", encoding="utf-8")
    said = json.loads(guard.run("check", "-c", path, "--json").stdout)
    texts = " ".join(one["text"] for one in said["faults"])
    assert "is no key" in texts and "can be read" in texts, said


if __name__ == "__main__":
    harness.main()
