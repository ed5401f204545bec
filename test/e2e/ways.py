# SPDX-License-Identifier: Apache-2.0
"""Ways in which clients ask, each with one or several random questions, and the diary in which a
session writes down whom it was shown."""
import collections
import itertools

import shop
import question
import wire

ERROR_CANCELED = "57014"


class Diary:
    """What a client saw. `keys` it saw for certain, `may` it may have been sent in addition (it closed
    before it had read everything)."""

    def __init__(self, truth):
        self.truth, self.story = truth, []
        self.keys, self.may, self.missed = (collections.defaultdict(set) for _ in range(3))
        self.fields, self.may_fields, self.ways = {}, set(), set()
        self.rows = self.may_rows = self.statements = self.may_statements = self.misses = 0

    def saw(self, asked, values, rows, *, formats=(), first=0, begins=True, is_whole=True):
        """These rows of the question's answer, from the `first` on. `begins`: they are the first of an
        execution; `is_whole`: there are no others."""
        due = self.truth.rows(asked.oracle(values))
        if is_whole:
            assert len(rows) + first == len(due), f"{len(rows)} rows from {first} on, not {len(due)}: {asked.text(values)}"
        count, lead = len(asked.columns), len(asked.shows)
        texts = [n for n in range(count) if not (formats[n] if len(formats) > 1 else formats and formats[0])]
        if asked.ordered:
            due = due[first:first + len(rows)]
        else:
            assert is_whole and first == 0
            rows, due = sorted(rows, key=repr), sorted(due, key=lambda row: repr(row[lead:]))
        for row, other in zip(rows, due, strict=True):
            assert len(row) == count, f"{len(row)} columns: {row}"
            if asked.ordered:
                assert [row[n] for n in texts] == [other[lead + n] for n in texts], (asked.text(values), row, other)
                assert [one is None for one in row] == [one is None for one in other[lead:]]
            for (kind, _), key in zip(asked.shows, other):
                self.keys[kind].add(key)
            self._fields(asked, row)
        self.rows += len(rows)
        if rows:
            self.ways |= asked.ways
            self.statements += begins
        elif begins and not due and asked.pinned:
            self.statements += 1
            self.misses += 1
            self.ways.add("pinned")
            self.missed[asked.pinned] |= {key for value in values for key in value.values}

    def _fields(self, asked, row):
        for (_, field), value in zip(asked.columns, row):
            if field:
                self.fields[field] = shop.strongest(self.fields.get(field), "null" if value is None else "clear")

    def may_have(self, asked, values):
        """The whole answer was on its way."""
        due = self.truth.rows(asked.oracle(values))
        for number, (kind, _) in enumerate(asked.shows):
            self.may[kind] |= {row[number] for row in due}
        self.may_fields |= {field for _, field in asked.columns if field}
        self.may_rows += len(due)
        self.may_statements += 1
        self.ways |= asked.ways


# ---- reading ----

def parts(session, until="Z"):
    """What comes until a message of this type, cut at the end of each result: (rows, type of the
    message that ended it, its body)."""
    rows, found = [], []
    while True:
        kind, body = session.receive()
        if kind == "D":
            rows.append(wire.read_row(body))
        elif kind in "CsEI":
            found.append((rows, kind, body))
            rows = []
        if kind in until:
            assert not rows, "rows without an end"
            return found


def answers(session, data, count=None):
    """The parts of the answer, of which none may be an error."""
    session.send(data)
    found = parts(session)
    for _, kind, body in found:
        if kind == "E":
            raise wire.ServerError(wire.read_fields(body))
    assert count is None or len(found) == count, found
    return found


def only(session, data):
    return answers(session, data, 1)[0][0]


def run(session, sql):
    answers(session, wire.query(sql))


# ---- ways ----

def simple(session, chance, diary):
    asked = question.any_question(chance)
    values = asked.draw(chance)
    diary.saw(asked, values, only(session, wire.query(asked.text(values))))


def several(session, chance, diary):
    """Statements in one text, some of which show nobody."""
    made = [question.any_question(chance) if chance.random() < 0.7 else None for _ in range(chance.randint(2, 5))]
    drawn = [asked.draw(chance) if asked else question.ordinary(chance) for asked in made]
    text = ";".join(asked.text(values) if asked else values for asked, values in zip(made, drawn))
    for asked, values, (rows, _, _) in zip(made, drawn, answers(session, wire.query(text), len(made)), strict=True):
        if asked:
            diary.saw(asked, values, rows)


def ordinary(session, chance, diary):
    del diary
    if chance.random() < 0.5:
        run(session, question.ordinary(chance))
    else:
        answers(session, wire.parse(question.ordinary(chance)) + wire.bind() + wire.describe() + wire.execute() + wire.SYNC)


def formats_of(chance, asked):
    return chance.choice(((), (), (0,), (1,), (1,), tuple(chance.randint(0, 1) for _ in asked.columns)))


def bind(chance, values, formats, *, name="", portal=""):
    forms = [chance.randint(0, 1) for _ in values]
    return wire.bind([value.bytes(form) for value, form in zip(values, forms)], name=name, portal=portal,
                     formats=forms, results=formats)


def extended(session, chance, diary):
    """Parse, Bind, Execute, with whatever Describe the driver does."""
    asked = question.any_question(chance)
    values, formats = asked.draw(chance), formats_of(chance, asked)
    data = question.parse(asked, "", values, True)
    data += wire.describe("S") if chance.random() < 0.3 else b""
    data += bind(chance, values, formats)
    data += wire.describe("P") if chance.random() < 0.6 else b""
    diary.saw(asked, values, only(session, data + wire.execute() + wire.SYNC), formats=formats)


def named(session, chance, diary):
    """Prepared once, executed with other values, other formats, under other names of portals."""
    asked, name = question.any_question(chance), f"s{chance.randrange(1000000)}"
    answers(session, question.parse(asked, name, asked.draw(chance), True)
            + (wire.describe("S", name) if chance.random() < 0.5 else b"") + wire.SYNC, 0)
    for number in range(chance.randint(1, 4)):
        values, formats = asked.draw(chance), formats_of(chance, asked)
        portal = chance.choice(("", "p"))
        data = bind(chance, values, formats, name=name, portal=portal)
        data += wire.describe("P", portal) if number % 2 else b""
        diary.saw(asked, values, only(session, data + wire.execute(0, portal) + wire.SYNC), formats=formats)
    if chance.random() < 0.5:
        answers(session, wire.close("S", name) + wire.SYNC, 0)


def ordered(chance, **more):
    while not (asked := question.any_question(chance, **more)).ordered:
        pass
    return asked


def suspended(session, chance, diary):
    """A portal read some rows at a time, to its end or not; often rolled back."""
    asked = ordered(chance)
    values, formats, portal = asked.draw(chance), formats_of(chance, asked), chance.choice(("", "half read"))
    run(session, "BEGIN")
    data = question.parse(asked, "", values, True) + bind(chance, values, formats, portal=portal)
    if portal:
        answers(session, data + (wire.describe("P", portal) if chance.random() < 0.5 else b"") + wire.SYNC, 0)
        data = b""
    first, begins = 0, True
    for _ in range(chance.randint(1, 5)):
        # An unnamed portal would not outlive a Sync's end of transaction, but does within one.
        rows, end, _ = answers(session, data + wire.execute(chance.choice((1, 2, 7, 50)), portal) + wire.SYNC, 1)[0]
        data = b""
        diary.saw(asked, values, rows, formats=formats, first=first, begins=begins, is_whole=end == "C")
        first, begins = first + len(rows), False
        if end == "C":
            break
    if chance.random() < 0.5:
        answers(session, wire.close("P", portal) + wire.SYNC, 0)
    run(session, chance.choice(("COMMIT", "ROLLBACK")))


def pieces_at_once(session, chance, diary):
    """Several Executes of one portal in a row."""
    asked = ordered(chance)
    values, formats = asked.draw(chance), formats_of(chance, asked)
    data = question.parse(asked, "", values, True) + bind(chance, values, formats)
    limits = [chance.choice((1, 3, 20)) for _ in range(chance.randint(1, 3))]
    found = answers(session, data + b"".join(wire.execute(limit) for limit in limits) + wire.execute() + wire.SYNC)
    rows = list(itertools.chain.from_iterable(rows for rows, _, _ in found))
    diary.saw(asked, values, rows, formats=formats)


def pipeline(session, chance, diary):
    """Several statements before one Sync."""
    sent, data = [], b""
    for _ in range(chance.randint(2, 6)):
        if chance.random() < 0.2:
            data += wire.parse(question.ordinary(chance)) + wire.bind() + wire.execute()
            sent.append(None)
            continue
        asked = question.any_question(chance)
        values, formats = asked.draw(chance), formats_of(chance, asked)
        data += question.parse(asked, "", values, True) + bind(chance, values, formats)
        data += (wire.describe("P") if chance.random() < 0.5 else b"") + wire.execute()
        sent.append((asked, values, formats))
    for one, (rows, _, _) in zip(sent, answers(session, data + wire.SYNC, len(sent)), strict=True):
        if one:
            diary.saw(one[0], one[1], rows, formats=one[2])


def arguments(values):
    return f"({', '.join(value.constant() for value in values)})" if values else ""


def sql_prepared(session, chance, diary):
    """PREPARE, then EXECUTE or Bind: the two share one namespace."""
    asked = question.any_question(chance, key=True)
    values, name = asked.draw(chance), f"q{chance.randrange(1000000)}"
    types = f"({', '.join(value.type() for value in values)})" if values else ""
    run(session, f"PREPARE {name} {types} AS {asked.prepared()}")
    for _ in range(chance.randint(1, 3)):
        values = asked.draw(chance)
        if chance.random() < 0.7:
            diary.saw(asked, values, only(session, wire.query(f"EXECUTE {name} {arguments(values)}")))
        else:
            formats = formats_of(chance, asked)
            data = bind(chance, values, formats, name=name) + wire.execute() + wire.SYNC
            diary.saw(asked, values, only(session, data), formats=formats)
    run(session, chance.choice((f"DEALLOCATE {name}", "DEALLOCATE ALL", "DISCARD PLANS", "")) or "SELECT 1")


def executed_by_sql(session, chance, diary):
    """Parse, then EXECUTE."""
    asked = question.any_question(chance)
    values, name = asked.draw(chance), f"m{chance.randrange(1000000)}"
    answers(session, question.parse(asked, name, values, True) + wire.SYNC, 0)
    diary.saw(asked, values, only(session, wire.query(f"EXECUTE {name} {arguments(values)}")))


def cursor(session, chance, diary):
    """DECLARE, then FETCH by SQL or by Execute."""
    asked = ordered(chance, key=True)
    values, first = asked.draw(chance), 0
    run(session, f"BEGIN; DECLARE c NO SCROLL CURSOR FOR {asked.text(values)}")
    for number in range(chance.randint(1, 4)):
        limit = chance.choice((1, 4, 30))
        if chance.random() < 0.7:
            rows = only(session, wire.query(f"FETCH {limit} FROM c"))
        else:
            rows = only(session, wire.execute(limit, "c") + wire.SYNC)
        diary.saw(asked, values, rows, first=first, begins=number == 0, is_whole=False)
        diary.may_statements += number > 0  # whether each FETCH is an execution is a matter of taste
        first += len(rows)
    run(session, chance.choice(("COMMIT", "ROLLBACK", "CLOSE c; COMMIT")))


def fetched_portal(session, chance, diary):
    """Bind, then FETCH."""
    asked = ordered(chance)
    values, first = asked.draw(chance), 0
    run(session, "BEGIN")
    answers(session, question.parse(asked, "", values, True) + bind(chance, values, (), portal="by message") + wire.SYNC, 0)
    for number in range(2):
        rows = only(session, wire.query('FETCH 3 FROM "by message"'))
        diary.saw(asked, values, rows, first=first, begins=number == 0, is_whole=False)
        diary.may_statements += number > 0
        first += len(rows)
    run(session, "COMMIT")


def long_question(chance):
    """Some megabytes."""
    rest = "FROM customers c, generate_series(1, 10) g ORDER BY c.id, g"
    columns = [("c.name", "name"), ("g", None), (f"repeat('x', {chance.choice((700, 1500))})", None)]
    return question.Question(columns + chance.choice(([], [("c.id", None)])), rest, [("customer", "c.id")], ordered=True)


def cancelled(session, chance, diary):
    """Cancelled in mid-result: all that came was shown."""
    asked = long_question(chance)
    session.send(wire.query(asked.text([])))
    rows = rows_until(session, chance.randint(1, 1500))
    wire.cancel(session.address, session.key)
    rest, end, body = parts(session)[0]
    assert end == "C" or wire.read_fields(body)["C"] == ERROR_CANCELED, wire.read_fields(body)
    diary.saw(asked, [], rows + rest, is_whole=end == "C")


def rows_until(session, count):
    rows = []
    while len(rows) < count:
        kind, body = session.receive()
        assert kind in "TD", kind
        if kind == "D":
            rows.append(wire.read_row(body))
    return rows


def closed_early(session, chance, diary):
    """Closed in mid-result: the rest may have been on its way. The session's last."""
    asked = long_question(chance)
    session.send(wire.query(asked.text([])))
    rows = rows_until(session, chance.randint(1, 2000))
    diary.may_have(asked, [])
    diary.saw(asked, [], rows, is_whole=False)
    diary.may_rows -= len(rows)
    diary.may_statements -= 1
    session.abort()


EVERY = (simple, extended, extended, named, named, suspended, pieces_at_once, pipeline, several, sql_prepared,
         executed_by_sql, cursor, fetched_portal, ordinary)
