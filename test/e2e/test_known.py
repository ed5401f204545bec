#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Recipients who are customers. A parcel's row shows its recipient by a name and a phone number; whose both are those of exactly one
customer is that customer in the ledger, and everybody else a recipient. Where that is not known both can be, and nobody is left out."""
import json
import re
import unicodedata

import guard
import harness
import identified
import shop
import stage
import wire
from stage import equal, test

# Parcels by number: whom they go to. `person1` to 30 of identified.py are customers, of whom 2 and 3, 4 and 5, … share a phone number.
CUSTOMERS = {1: ("Kim-5", "010-1002", 5), 2: ("Kim-9", "010-1004", 9), 3: ("Kim-30", "010-1015", 30), 12: ("이영희", "019-4", 104)}
OTHERS = {4: ("Choi", "012-1"), 5: ("Kim-5", "012-2"), 6: ("Kim-5", None), 7: (None, "010-1002"), 8: ("kim-5", "010-1002"),
          9: ('O"Neil', "a,b"), 10: ("이영희", "010-1002")}
TWINS = {11: ("Twin", "019-1")}
SEEN = re.compile(rb"home-(\d+)-")


def literal(value):
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


ROWS = [f"({n}, {n}, {literal(name)}, {literal(phone)}, 'home-{n}-')"
        for n, (name, phone, *_) in {**CUSTOMERS, **OTHERS, **TWINS}.items()]
SCHEMA = f"""
INSERT INTO people VALUES (101, 'Twin', 'twin1', '019-1', 'r'), (102, 'Twin', 'twin2', '019-1', 'r'), (103, 'Nil', 'nil', NULL, 'r'),
    (104, '이영희', 'lee', '019-4', 'r');
CREATE TABLE parcels (id int PRIMARY KEY, customer_id int, recipient_name text, recipient_phone varchar(40), address text,
    door text DEFAULT 'x');
INSERT INTO parcels (id, customer_id, recipient_name, recipient_phone, address) VALUES {", ".join(ROWS)};
CREATE TABLE calls (caller text, note text);
INSERT INTO calls VALUES ('010-1000', 'home-1-'), ('010-1015', 'home-30-'), ('010-1001', 'home-2-'), ('0', 'home-0-'), ('77', 'home-77-');
GRANT SELECT, INSERT, UPDATE, DELETE ON parcels, calls TO app, analyst;
"""
KEY = ["recipient_name", "recipient_phone"]
FIELDS = {"recipient_name": "name", "recipient_phone": "phone", "address": "address"}


def config(known=True, **more):
    recipient = {"table": "public.parcels", "key": KEY}
    caller = {"table": "public.calls", "key": "caller"}
    if known:
        recipient["known_as"] = {"subject": "customer", "by": {"recipient_name": "name", "recipient_phone": "phone"}}
        caller["known_as"] = {"subject": "customer", "by": {"caller": "phone"}}
    return {
        "subjects": {**identified.CONFIG["subjects"], "recipient": recipient, "caller": caller},
        "personal_data": identified.CONFIG["personal_data"] + [
            shop.personal("parcels", "recipient", KEY, FIELDS), shop.personal("parcels", "customer", "customer_id", {"door": "door_code"}), shop.personal("calls", "caller", "caller", {"note": "order"})],
        **more}


@harness.shared
def place():
    made = identified.Place("known", is_built=False, is_manual=False, schema=SCHEMA, more=config())
    made.front.guard.wait("identity_current")
    yield made
    made.stop()


def more_front(name, **options):
    """Another gateway before the same server."""
    asked = place().asked
    made = stage.Front(place().server, name, inspector=asked, more={**identified.CONFIG, **options})
    made.guard.wait("catalog_loaded")
    return made


def key_of(number):
    return json.dumps((OTHERS | TWINS | CUSTOMERS)[number][:2], ensure_ascii=False)


class Told:
    """What the ledger says of one application."""

    def __init__(self, lines):
        self.lines = lines
        self.named, self.unknown = {}, {}
        for line in lines:
            for kind, one in line["subjects"].items():
                keys = {json.dumps(key, ensure_ascii=False) for key in one.get("keys", ())}
                assert len(keys) == one["at_least"] <= one["at_most"], line
                self.named.setdefault(kind, set()).update(keys)
                self.unknown[kind] = self.unknown.get(kind, 0) + one["at_most"] - one["at_least"]
        self.flags = {flag for line in lines for flag in line["flags"]}

    def __repr__(self):
        return json.dumps(self.lines, ensure_ascii=False)[:2000]


def export(front):
    front.guard.until_sessions(0)
    done = guard.run("ledger", "export", "--json", "--keys", "-c", front.guard.path, timeout=60)
    equal(done.returncode, 0, done.stderr)
    lines = {}
    for line in map(json.loads, done.stdout.splitlines()):
        lines.setdefault(line["application"], []).append(line)
    return {name: Told(of) for name, of in lines.items()}


def ask(front, name, *messages, user="app", **options):
    """Which parcels the client saw."""
    seen, questions = set(), sum(message[:1] in (b"Q", b"S") or message.endswith(wire.SYNC) for message in messages)
    with wire.login(front.address, application_name=name, user=user, **options) as session:
        session.send(b"".join(messages))
        while questions:
            kind, body = session.receive()
            assert kind != "E", wire.read_fields(body)
            if kind in "Dd":
                seen |= {int(one) for one in SEEN.findall(body)}
            questions -= kind == "Z"
        session.terminate()
    return seen


def due(seen):
    """Whom the ledger names who saw these parcels, by kind, and how many can be of either."""
    mine = {key_of(n) for n in seen & OTHERS.keys()}
    theirs = {str(CUSTOMERS[n][2]) for n in seen & CUSTOMERS.keys()}
    return mine, theirs, len(seen & TWINS.keys())


def extended(sql, values=(), formats=(), limit=0):
    return wire.parse(sql) + wire.bind(values, results=formats) + wire.describe() + wire.execute(limit) + wire.execute() + wire.SYNC


FIXED = "SELECT DISTINCT address FROM parcels WHERE recipient_name = {} AND recipient_phone = {}"
STATEMENTS = (
    "SELECT recipient_name, recipient_phone, address FROM parcels", "SELECT address FROM parcels", "SELECT recipient_phone, address, recipient_name FROM parcels ORDER BY id DESC",
    "SELECT address FROM parcels WHERE id = 1", "SELECT address FROM parcels WHERE id IN (1, 4) ORDER BY 1",
    "SELECT address FROM parcels WHERE id > 10", "SELECT s.a FROM (SELECT address AS a FROM parcels WHERE id < 7) s",
    "SELECT string_agg(address, ' ') FROM parcels WHERE recipient_name > '' AND recipient_phone > ''",
    "SELECT address FROM parcels WHERE id = 2 UNION ALL SELECT address FROM parcels WHERE id = 9",
    "SELECT a.address, b.address FROM parcels a JOIN parcels b ON b.id = a.id + 1", "COPY public.parcels (address, recipient_phone, recipient_name) TO STDOUT",
    "COPY (SELECT address FROM public.parcels WHERE id < 6) TO STDOUT (FORMAT csv)",
    "BEGIN; DECLARE c CURSOR FOR SELECT address FROM parcels ORDER BY id; FETCH 3 FROM c; FETCH 3 FROM c; COMMIT",
    "BEGIN; UPDATE parcels SET id = id WHERE id IN (3, 5) RETURNING address; ROLLBACK",
    FIXED.format("'Kim-9'", "'010-1004'"), FIXED.format("'Choi'", "'012-1'"), FIXED.format("'Twin'", "'019-1'"),
)


def ways(sql):
    yield "simple", [wire.query(sql)]
    if not sql.startswith(("BEGIN", "COPY")):
        yield "extended", [extended(sql)]
        yield "binary", [extended(sql, formats=(1,))]
        yield "portions", [extended(sql, limit=3)]


@test(limit=120)
def test_a_recipient_who_is_a_customer_is_that_customer():
    """In every way that rows come: who is a customer by name and phone is named as one, everybody else as a recipient"""
    cases = []
    for number, sql in enumerate(STATEMENTS):
        for way, messages in ways(sql):
            name = f"who {number} {way}"
            cases.append((name, sql, ask(place().front, name, *messages)))
    for values in (("Kim-30", "010-1015"), ("Choi", "012-1"), ("Kim-5", "012-2")):
        name = f"who bound {values}"
        cases.append((name, FIXED, ask(place().front, name, extended(FIXED.format("$1", "$2"), values))))
    said, problems = export(place().front), []
    for name, sql, seen in cases:
        assert seen, name
        told, (mine, theirs, either) = said[name], due(seen)
        if told.named.get("recipient", set()) != mine or told.named.get("customer", set()) != theirs:
            problems.append(f"{name}: {sql}: {seen}: {told}")
        for kind in ("recipient", "customer"):
            # Of each record a person once; RETURNING's and cursors' rows come in several.
            unknown = told.unknown.get(kind, 0)
            if not either <= unknown <= 3 * either:
                problems.append(f"{name}: {sql}: {seen}: {unknown} {kind} unknown: {told}")
        if ("bound" in told.flags) != (either > 0):
            problems.append(f"{name}: {sql}: {told.flags}")
    assert not problems, f"{len(problems)}\n" + "\n".join(problems[:10])


@test
def test_two_persons_of_a_row():
    """Whose order it is and who gets it, in one row: both are named, also where the one who gets it is a customer, too"""
    seen = ask(place().front, "pairs", wire.query("SELECT address, door FROM parcels WHERE id IN (1, 4)"))
    equal(seen, {1, 4})
    told = export(place().front)["pairs"]
    equal((told.named, set(told.unknown.values())), ({"customer": {"1", "4", "5"}, "recipient": {key_of(4)}}, {0}))
    equal(len(told.lines), 1)


@test
def test_in_another_encoding():
    """Characters are compared, and not how the client writes them"""
    for encoding in ("UTF8", "EUC_KR", "UHC"):
        ask(place().front, f"encoded {encoding}", wire.query("SELECT recipient_name, recipient_phone, address FROM parcels WHERE id >= 12"),
            client_encoding=encoding)
        told = export(place().front)[f"encoded {encoding}"]
        equal((told.named, set(told.unknown.values())), ({"customer": {"104"}}, {0}), encoding)


@test
def test_of_one_column():
    """A key of one column, also where it looks like a number: by the phone number alone"""
    seen = ask(place().front, "calls", wire.query("SELECT * FROM calls"))
    equal(seen, {1, 30, 2, 0, 77})
    seen = ask(place().front, "call", extended("SELECT note FROM calls WHERE caller = $1", ("010-1015",)))
    equal(seen, {30})
    said = export(place().front)
    equal((said["call"].named, said["call"].unknown), ({"customer": {"30"}}, {"customer": 0}))
    equal(said["calls"].named, {"customer": {"1", "30"}, "caller": {'"0"', '"77"'}})
    equal(said["calls"].unknown, {"customer": 1, "caller": 1})  # two customers have 010-1001


@test
def test_what_is_bound_holds_both():
    """Who can only be counted can be of either kind"""
    seen = ask(place().front, "bound", wire.query("SELECT min(address) FROM parcels WHERE id > 3"))
    equal(len(seen), 1)
    told = export(place().front)["bound"]
    assert not told.named.get("recipient") and not told.named.get("customer"), told
    assert told.unknown["recipient"] >= 1 and told.unknown["customer"] >= 1, told


@test
def test_a_row_of_more_persons_than_a_record_has_room_for():
    """Six of them, each of one kind or the other: nobody is left out, and the statement counts once"""
    tables = "abcdef"
    sql = (f"SELECT {', '.join(f'{table}.address' for table in tables)} FROM parcels a " +
           " ".join(f"JOIN parcels {table} ON {table}.id = a.id + {n}" for n, table in enumerate(tables) if n))
    seen = ask(place().front, "wide", wire.query(sql))
    equal(seen, set(range(1, 13)))
    told, (mine, theirs, either) = export(place().front)["wide"], due(seen)
    for kind, all_due in (("recipient", mine), ("customer", theirs)):
        assert told.named[kind] <= all_due, told
        assert len(all_due - told.named[kind]) + either <= told.unknown[kind], told
    equal((sum(line["statements"] for line in told.lines), sum(line["rows"] for line in told.lines)), (1, 7))


@test
def test_without_it_they_are_two():
    """With no known_as, and the same statements, a customer's own question does not find what was shown of her as a recipient"""
    counted = {}
    for known in (False, True):
        front = more_front(f"known {known}", **config(known))
        if known:
            front.guard.wait("identity_current")
        ask(front, "her parcel", wire.query("SELECT address FROM parcels WHERE id = 1"))
        ask(front, "herself", wire.query("SELECT id, phone FROM people WHERE id = 5"))
        export(front)
        (scope,) = front.guard.json("scope")
        subject = guard.run("subject", "-c", front.guard.path, "--kind", "customer", "--json", "5")
        counted[known] = ({kind: (one["at_least"], one["at_most"]) for kind, one in scope["subjects"].items() if one["at_most"]},
                          set(json.loads(subject.stdout.splitlines()[-1])["fields"]))
        if known:
            certificate = json.loads(guard.run("certify", "-c", front.guard.path, "--kind", "customer", "5").stdout)
            equal(len(certificate["certificate"]["showings"]), 2)
        front.stop()
    equal(counted, {False: ({"customer": (1, 1), "recipient": (1, 1)}, {"phone"}), True: ({"customer": (1, 1)}, {"phone", "address"})})


@test
def test_she_counts_once_in_a_budget():
    """Who was shown as a customer costs nothing more as a recipient; of whom it is not known, one"""
    front = more_front("known budget", **config(budgets=[{"principal": "app", "window": "day", "subjects": 4, "verdict": "block"},
                                                         {"principal": "analyst", "window": "day", "subjects": 2, "verdict": "mask"}]))
    front.guard.wait("identity_current")
    ask(front, "paid", wire.query("SELECT id, name FROM people WHERE id IN (5, 9)"))
    ask(front, "free", wire.query("SELECT address FROM parcels WHERE id IN (1, 2)"))
    ask(front, "one", wire.query("SELECT address FROM parcels WHERE id = 11"))
    ask(front, "again", wire.query("SELECT address FROM parcels WHERE id = 11"))
    ask(front, "last", wire.query("SELECT address FROM parcels WHERE id IN (1, 4)"))
    with wire.login(front.address, application_name="over", user="app") as session:
        try:
            session.query("SELECT address FROM parcels WHERE id = 3")
            raise AssertionError("not blocked")
        except wire.ServerError as error:
            equal(error.fields["C"], "PS001")
    # From the third person on all are masked, in a record of their own.
    seen = ask(front, "masked", wire.query("SELECT address FROM parcels WHERE id IN (1, 4, 5, 2) ORDER BY id = 2, id"), user="analyst")
    equal(seen, {1, 4})
    told = export(front)["masked"]
    equal((told.named, set(told.unknown.values())), ({"recipient": {key_of(4), key_of(5)}, "customer": {"5", "9"}}, {0}))
    for key, clarity in (("5", "clear"), ("9", "masked")):
        subject = guard.run("subject", "-c", front.guard.path, "--kind", "customer", "--json", key).stdout.splitlines()
        equal([line["fields"] for line in map(json.loads, subject[:-1]) if line["application"] == "masked"], [{"address": clarity}])
    front.stop()


@test
def test_explain_says_so():
    """`explain` names the other kind and the columns that must agree; `doctor` counts the columns of the index"""
    done = place().front.guard.run("explain", "--role", "app", "SELECT address FROM parcels", timeout=60)
    equal(done.returncode, 0, done.stderr)
    assert "who has the values of one customer alone counts as that one (public.people.name, phone)" in done.stdout, done.stdout
    (plan,) = place().front.guard.json("explain", "--role", "app", "SELECT address FROM parcels")
    equal([part["known_as"] for part in plan["statements"][0]["parts"]], ["customer"])
    status = json.loads(place().run("status", "--json").stdout)
    equal((status["in_use"]["columns"], status["in_use"]["current"]), (3, 3))


def both(told, people):
    """Nobody is named, and so many can be of either kind."""
    assert not told.named.get("recipient") and not told.named.get("customer"), told
    for kind in ("recipient", "customer"):
        assert told.unknown[kind] >= people, told
    assert "bound" in told.flags, told


@test(limit=120)
def test_while_it_is_not_known_both_can_be():
    """A writer to the customers, also one that has not ended; then who has become one is one"""
    front = place().front
    for way, messages in (("key", [wire.query("SELECT recipient_name, recipient_phone, address FROM parcels WHERE id IN (1, 4)")]),
                          ("pinned", [extended(FIXED.format("$1", "$2"), ("Kim-5", "010-1002"))])):
        with front.login(user="analyst", application_name="writer") as writer:
            writer.query("BEGIN")
            writer.query("UPDATE people SET region = region WHERE id = 1")
            ask(front, f"open {way}", *messages)
            writer.query("ROLLBACK")
            writer.terminate()
        both(export(front)[f"open {way}"], 2 if way == "key" else 1)
    with front.login(user="analyst", application_name="joins") as writer:
        start = front.guard.mark()
        writer.query("INSERT INTO people VALUES (201, 'Choi', 'choi', '012-1', 'r')")
        writer.terminate()
    for attempt in range(40):
        ask(front, f"joined {attempt}", wire.query("SELECT address FROM parcels WHERE id = 4"))
        told = export(front)[f"joined {attempt}"]
        assert not told.named.get("recipient") and told.named.get("customer", set()) <= {"201"}, told
        if told.named.get("customer"):
            equal(told.unknown, {"customer": 0})
            break
        both(told, 1)
        front.guard.wait("identity_kept", start=start, timeout=30)
        start = front.guard.mark()
    else:
        raise AssertionError("never known again")
    place().server.sql("DELETE FROM people WHERE id = 201")


@test(limit=120)
def test_without_an_index_both_can_be():
    """With no index nobody is named; `pasu index build` makes one"""
    front = more_front("known manual", **config(attribution={"identity": "manual"}))
    ask(front, "before", wire.query("SELECT address FROM parcels WHERE id IN (1, 4)"))
    ask(front, "words", wire.query("DO $$ BEGIN RAISE NOTICE '%', (SELECT address FROM parcels WHERE id = 1); END $$"))
    said = export(front)
    both(said["before"], 2)
    both(said["words"], 1)
    start = front.guard.mark()
    built = front.guard.run("index", "build", "--json", timeout=60)
    equal(built.returncode, 0, built.stderr)
    front.guard.wait("identity_ready", start=start)
    front.guard.wait("identity_current", start=start)
    ask(front, "after", wire.query("SELECT address FROM parcels WHERE id IN (1, 4)"))
    told = export(front)["after"]
    equal((told.named, told.unknown), ({"customer": {"5"}, "recipient": {key_of(4)}}, {"customer": 0, "recipient": 0}))
    front.stop()


@test
def test_a_leaked_sample_names_persons_by_the_values_that_tell_them_together():
    """pasu trace finds who has this name and this number, of two who share the number; by the number alone it is ambiguous"""
    equal(place().run_any("index", "build").returncode, 0)
    with place().front.login(user="analyst") as session:
        session.query("SELECT id, name, phone FROM people WHERE id IN (5, 9, 104)")
        session.terminate()
    sample = harness.folder() / "together.csv"
    lee = unicodedata.normalize("NFD", "이영희")
    sample.write_text(f"고객명,휴대폰,memo\nKim-5,０１０－１００２,x\n{lee},019-4,x\n,010-1002,x\nKim-9,010-1002,x\n", encoding="utf-8")
    done = place().run_any("trace", "--kind", "customer", "--json", str(sample))
    answer = json.loads(done.stdout)
    equal({name: answer["sample"][name] for name in ("rows", "persons", "ambiguous", "unknown")},
          {"rows": 4, "persons": 2, "ambiguous": 2, "unknown": 0})
    assert "analyst" in [source["principal"] for source in answer["sources"] if source["persons"] == 2], answer
    with place().front.login(user="app") as session:
        session.query("SELECT recipient_name, recipient_phone, address FROM parcels WHERE id IN (4, 5)")
        session.terminate()
    place().front.guard.until_sessions(0)
    sample.write_text("name,phone,address\n Choi ,012－1,x\nKim-5,012-2,x\nNobody,012-1,x\n", encoding="utf-8")
    answer = json.loads(place().run_any("trace", "--kind", "recipient", "--json", str(sample)).stdout)
    equal({name: answer["sample"][name] for name in ("rows", "persons", "by_key", "unknown")},
          {"rows": 3, "persons": 2, "by_key": 2, "unknown": 1})
    assert "app" in [source["principal"] for source in answer["sources"]], answer


if __name__ == "__main__":
    harness.main()
