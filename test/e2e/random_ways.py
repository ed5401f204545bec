# SPDX-License-Identifier: Apache-2.0
"""Random programs: a statement of random_sql.py, and one of the ways that clients have to run it. A program is a
list of steps, each of which the server ends with ReadyForQuery. In its SQL "@." stands for the schema's name."""
import re

import random_sql
import wire


CUT = re.compile(r" (?:LIMIT \d+|OFFSET \d+|FETCH FIRST \d+ ROWS (?:ONLY|WITH TIES)|FOR (?:UPDATE|SHARE))")


class Program:
    """The program of a seed. `parts(schema)`: the bytes of its steps; `leaves`: whether something of it may be
    left in the session."""

    def __init__(self, seed):
        self.seed, self.chance, self.told, self.steps, self.leaves = seed, random_sql.draw(seed), [], [], True
        way = self.chance.choice(WAYS)
        self.way = way.__name__
        way(self)

    @classmethod
    def of(cls, seed, sql):
        """This statement, by a simple Query."""
        made = cls.__new__(cls)
        made.seed, made.way, made.told, made.steps, made.leaves = seed, "simple", [], [], False
        made.say(sql)
        return made

    def parts(self, schema):
        def fill(sql):
            return sql.replace("@.", schema + "." if schema else "")
        return [step(fill) for step in self.steps]

    def unordered(self):
        """Of each of its statements whether SQL surely leaves open in which order its rows come: there is no ORDER BY
        outside of parentheses, and what is outside of them is the query."""
        found = []
        for told in self.told:
            text = re.sub(r"'[^']*'|\"[^\"]*\"", "''", told.upper())
            for statement in text.split(";"):
                statement = re.sub(r"^COPY \((.*)\) TO STDOUT.*", r"\1", statement, flags=re.S)
                has_query = "SELECT" in statement
                while (shorter := re.sub(r"\([^()]*\)", "", statement)) != statement:
                    statement = shorter
                found.append("ORDER BY" not in statement and has_query <= ("SELECT" in statement))
        return found

    def uncut(self):
        """The query as it is without what cuts it; None where it has parameters, or its rows do not come as such."""
        told = max(self.told, key=len)
        if self.way in ("extended", "named", "limited"):
            plain = re.fullmatch(r"(?s)(?:named: )?(.*) \[\](?: \([01]?,?\)|, \d rows first)?", told)
            return Program.of(self.seed, CUT.sub("", plain[1])) if plain else None
        if self.way not in ("simple", "in_transaction", "cursor", "locking", "several"):
            return None
        return Program.of(self.seed, CUT.sub("", re.sub(r"^DECLARE c .*?CURSOR.*? FOR ", "", told)))

    def __str__(self):
        return f"seed {self.seed}, {self.way}: " + "; ".join(self.told).replace("@.", "public.")

    # ---- building it ----

    def sql(self, *, parameters=False):
        """A random query, and the values of its parameters."""
        grammar = random_sql.Grammar(self.chance, parameters=parameters)
        sql, values = grammar.statement(), []

        def place(found):
            values.append(grammar.values[int(found[1]) - 1])
            return f"${len(values)}"
        return re.sub(r"\$(\d+)", place, sql), values

    def change(self):
        return random_sql.Grammar(self.chance).change()

    def say(self, sql):
        """A simple Query."""
        self.told.append(sql)
        self.steps.append(lambda fill: wire.query(fill(sql)))

    def send(self, words, make):
        """Messages that end with Sync, made of SQL by `make`."""
        self.told.append(words)
        self.steps.append(lambda fill: make(fill) + wire.SYNC)

    def pick(self, *items):
        return self.chance.choice(items)


def simple(program):
    program.say(program.sql()[0])
    program.leaves = False


def in_transaction(program):
    program.say("BEGIN")
    program.say(program.sql()[0])
    program.say(program.pick("COMMIT", "ROLLBACK"))


def several(program):
    program.say(program.pick("; ", ";\n-- and\n").join(program.sql()[0] for _ in range(2)))


def extended(program):
    sql, values = program.sql(parameters=True)
    results = program.pick((), (0,), (1,))
    asks = program.pick(True, True, False)
    program.send(sql + f" {values} {results}", lambda fill: wire.parse(fill(sql)) + wire.bind(values, results=results) +
                 (wire.describe() if asks else b"") + wire.execute())
    program.leaves = False


def limited(program):
    """Rows a few at a time."""
    sql, values = program.sql(parameters=True)
    first = program.pick(1, 2, 3)
    program.send(f"{sql} {values}, {first} rows first", lambda fill: wire.parse(fill(sql)) + wire.bind(values) + wire.describe() +
                 wire.execute(first) + wire.execute(1) + wire.execute())
    program.leaves = False


def named(program):
    sql, values = program.sql(parameters=True)
    one, other = program.pick((), (1,)), program.pick((), (1,))
    program.send(f"named: {sql} {values}", lambda fill: wire.parse(fill(sql), "s") + wire.describe("S", "s"))
    program.send("Bind", lambda _: wire.bind(values, name="s", results=one) + wire.describe() + wire.execute())
    program.send("Bind", lambda _: wire.bind(values, name="s", results=other) + wire.execute(program_limit))
    program_limit = program.pick(0, 1, 2)


def by_sql(program):
    sql, values = program.sql(parameters=True)
    words = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    program.say(f"PREPARE s AS {sql}")
    again = f"EXECUTE s({words})" if values else "EXECUTE s"
    program.say(again)
    if program.pick(True, False):
        program.send("Bind s", lambda _: wire.bind(values, name="s") + wire.describe() + wire.execute())


def cursor(program):
    hold = program.pick("", "", " WITH HOLD")
    scroll = program.pick("", "SCROLL ", "NO SCROLL ")
    program.say("BEGIN")
    program.say(f"DECLARE c {scroll}CURSOR{hold} FOR {program.sql()[0]}")
    moves = ["FETCH 2 FROM c", "FETCH FROM c", "FETCH ALL FROM c", "MOVE 1 IN c", "FETCH FORWARD 3 FROM c", "FETCH NEXT FROM c"]
    if scroll == "SCROLL ":
        moves += ["FETCH BACKWARD 1 FROM c", "FETCH LAST FROM c", "FETCH ABSOLUTE 2 FROM c", "FETCH PRIOR FROM c", "MOVE LAST IN c",
                  "FETCH BACKWARD ALL FROM c", "FETCH FIRST FROM c", "FETCH RELATIVE 1 FROM c"]
    for _ in range(program.chance.randint(1, 3)):
        move = program.pick(*moves)
        if program.pick(True, True, False):
            program.say(move)
        else:
            results = program.pick((), (1,))
            program.send(move, lambda _, move=move, results=results: wire.parse(move) + wire.bind(results=results) + wire.describe() + wire.execute())
    if program.pick(True, False, False):
        program.send("Execute c", lambda _: wire.execute(2, "c"))
    if hold:
        program.say("COMMIT")
        program.say("FETCH ALL FROM c")
    else:
        program.say("ROLLBACK")


def copy_query(program):
    sql = program.sql()[0]
    program.say(f"COPY ({sql}) TO STDOUT{program.pick('', ' (FORMAT csv)', ' (FORMAT csv, HEADER)', ' (FORMAT binary)', ' CSV FORCE QUOTE *')}")
    program.leaves = False


def copy_table(program):
    table = program.pick(*[name for name in random_sql.TABLES if name not in ("contact", "labels", "handled", "visits")])
    columns = [name for name, _ in random_sql.TABLES[table]]
    some = program.pick("", f" ({', '.join(program.chance.sample(columns, program.chance.randint(1, len(columns))))})")
    program.say(f"COPY {program.pick('', '@.')}{table}{some} TO STDOUT{program.pick('', ' CSV', ' (FORMAT binary)', ' (NULL $$-$$)')}")
    program.leaves = False


def changing(program):
    sql = program.change()
    program.say("BEGIN")
    if program.pick(True, False):
        program.say(sql)
    else:
        results = program.pick((), (1,))
        program.send(sql, lambda fill: wire.parse(fill(sql)) + wire.bind(results=results) + wire.describe() + wire.execute())
    program.say("ROLLBACK")


def merging(program):
    sql = random_sql.Grammar(program.chance).merge()
    program.say("BEGIN")
    program.say(sql)
    program.say(program.pick("SELECT title FROM goods ORDER BY id", "SELECT count(*) FROM goods", "SELECT g FROM goods g ORDER BY id"))
    program.say("ROLLBACK")


def put_aside(program):
    """Into a table or a view that the transaction makes, and out of it."""
    sql = program.sql()[0]
    program.say("BEGIN")
    program.say(program.pick(f"CREATE TEMP TABLE made AS {sql}", f"CREATE TEMP VIEW made AS {sql}", f"CREATE TABLE made AS {sql}",
                             f"INSERT INTO goods SELECT 500 + row_number() OVER (), s::text, 0 FROM ({sql}) s"))
    program.say(program.pick("SELECT * FROM made", "SELECT m::text FROM made m", "TABLE made", "SELECT title FROM goods", "SELECT count(*) FROM made"))
    program.say("ROLLBACK")


def locking(program):
    program.say("BEGIN")
    program.say(program.sql()[0] + program.pick(" FOR UPDATE", " FOR SHARE"))
    program.say("ROLLBACK")


def explained(program):
    program.say(f"EXPLAIN (COSTS OFF{program.pick('', ', VERBOSE')}) {program.sql()[0]}")
    program.leaves = False


WAYS = (simple,) * 10 + (extended,) * 6 + (limited, limited, named, named, by_sql, cursor, cursor, cursor, copy_query, copy_table, changing, changing,
                                           in_transaction, several, explained, put_aside, locking, merging)
