# SPDX-License-Identifier: Apache-2.0
"""Random statements about the persons of people.py: a seed is a statement, always the same one.

A statement's rows come in an order that it tells itself, or in the only one that its tables have. What is cut
off by LIMIT is told by all output columns, what is aggregated in order is told by its own value, so that the
statement means one result. It may fail; then it always fails in the same way."""
import random

TABLES = {
    "customers": (("id", "int"), ("name", "text"), ("phone", "text"), ("email", "text"), ("region", "text"), ("grade", "int"), ("referrer", "int")),
    "orders": (("id", "int"), ("customer_id", "int"), ("recipient_id", "uuid"), ("item", "text"), ("amount", "num"), ("door", "text"),
               ("status", "text")),
    "visits": (("id", "int"), ("customer_id", "int"), ("place", "text"), ("day", "date")),
    '"AddressBook"': (('"Id"', "uuid"), ('"Owner"', "int"), ('"Full Name"', "text"), ('"Phone No"', "text"), ('"Label"', "text")),
    "members": (("login", "text"), ("nick", "text"), ("mail", "text"), ("level", "int"), ("customer_id", "int")),
    "goods": (("id", "int"), ("title", "text"), ("price", "int")),
    "contact": (("id", "int"), ("name", "text"), ("phone", "text")),
    "labels": (("who", "text"), ("region", "text")),
    "callers": (("caller", "text"), ('"At"', "text")),
    "sent": (("item", "text"), ("region", "text"), ('"Is"', "text")),
    "handled": (("number", "int"), ("buyer", "text"), ('"To"', "text"), ("item", "text")),
    "buyers": (("id", "int"), ("name", "text"), ("bought", "int")),
    "visits_early": (("id", "int"), ("customer_id", "int"), ("place", "text"), ("day", "date")),
}
BORROWED = {"int": ("id", "customer_id", '"Owner"'), "text": ("name", "email", "region", "login"), "uuid": ('"Id"', "recipient_id")}
OFTEN = ("customers",) * 6 + ("orders",) * 4 + ("visits",) * 2 + ('"AddressBook"',) * 3 + ("members",) * 2 + ("contact",) * 2 + \
    ("labels", "callers", "sent") * 2 + ("goods", "handled", "buyers", "visits_early")
# Columns that name a person; a join by them is what applications do.
JOINS = {"id", "customer_id", '"Owner"', "referrer", "number", "recipient_id", '"Id"'}
LITERALS = {
    "int": ("0", "1", "2", "3", "5", "8", "99"),
    "text": ("'north'", "'south'", "'lee'", "'02'", "'new'", "'x'", "''", "'q'"),
    "uuid": ("'00000000-0000-4000-8000-000000000031'::uuid", "'00000000-0000-4000-8000-000000000033'::uuid"),
    "num": ("1203.50", "1500", "0.5"),
    "bool": ("true", "false"),
    "date": ("'2026-01-12'::date", "'2026-01-10'::date"),
}
# Values that persons have stand in conditions only, so that they come back from a table or not at all.
ASKED = ("'Kim Minji'", "'Kim Minji'", "'q11n Haneul q11n'", "'q13n Jisoo q13n'", "'q14e Anna q14e'", "'q17p O''Hara q17p'", "'q52n Ines q52n'")


class Source:
    """What stands in FROM under a name: its columns, and whether the name can stand for a whole row."""

    def __init__(self, alias, columns, *, row=True):
        self.alias, self.columns, self.row = alias, list(columns), row

    def refs(self):
        return [(f"{self.alias}.{name}" if self.alias else name, kind) for name, kind in self.columns]


class Select:
    """A query and the types of its columns; `names` where it tells them."""

    def __init__(self, sql, columns):
        self.sql, self.columns = sql, columns

    def types(self):
        return [kind for _, kind in self.columns]


class Grammar:
    def __init__(self, chance, *, parameters=False):
        self.chance, self.parameters = chance, parameters
        self.values, self.numbers, self.with_ = [], 0, []

    # ---- drawing ----

    def pick(self, items):
        return self.chance.choice(list(items))

    def often(self, share):
        return self.chance.random() < share

    def some(self, items, least, most):
        items = list(items)
        most = min(most, len(items))
        return self.chance.sample(items, self.chance.randint(min(least, most), most))

    def alias(self):
        self.numbers += 1
        if self.often(0.1):
            return self.pick((f'"A {self.numbers}"', f'"A {self.numbers}"', f'"이름{self.numbers}"', f'U&"\\0061\\C774{self.numbers}"'))
        return f"t{self.numbers}"

    def literal(self, kind, *, asked=False):
        made = self.pick(ASKED if asked and kind == "text" and self.often(0.5) else LITERALS[kind])
        if self.parameters and kind in ("int", "text") and self.often(0.7):
            self.values.append(made.strip("'").replace("''", "'"))
            return f"${len(self.values)}::{kind}" if self.often(0.5) else f"CAST(${len(self.values)} AS {kind})"
        return made

    # ---- expressions ----

    def expression(self, scope, kind, depth=2):
        """An expression of this type over the scope's columns."""
        found = [ref for source in scope for ref, type_ in source.refs() if type_ == kind]
        if depth <= 0 or self.often(0.45):
            if found and self.often(0.93):
                return self.pick(found)
            return self.literal(kind)
        return getattr(self, f"_{kind}")(scope, depth - 1)

    def _text(self, scope, depth):
        text, number = lambda: self.expression(scope, "text", depth), lambda: self.expression(scope, "int", depth)
        form = self.pick((
            "upper({0})", "lower({0})", "reverse({0})", "md5({0})", "left({0}, 6)", "{0} || '-' || {1}", "{0} || {1}", "concat({0}, ' / ', {1})",
            "coalesce({0}, 'none')", "coalesce({0}, {1})", "nullif({0}, 'north')", "({0})::varchar(8)", "trim({0})", "replace({0}, 'a', 'b')",
            "substr({0}, 2)", "initcap({0})", "format('%s/%s', {0}, {1})", "concat_ws(',', {0}, {1})", "quote_literal({0})", "({2})::text",
            "split_part({0}, ' ', 1)", "to_json({0})::text", "greatest({0}, {1})", "(ARRAY[{0}, {1}])::text", "(string_to_array({0}, ' '))[1]",
            "regexp_replace({0}, '[aeiou]', '*')", "{0} COLLATE \"C\"", "encode(convert_to({0}, 'UTF8'), 'hex')", "shout({0})", "whispered({0})",
            "CAST({0} AS text)", "rpad({0}, 30, '.')", "named({2})", "mailed({2})", "jsonb_build_object('a', {0}, 'b', {2})->>'a'",
            "CASE WHEN {3} THEN {0} ELSE {1} END", "CASE WHEN {3} THEN {0} END", "CASE {2} WHEN 1 THEN {0} WHEN 2 THEN {1} ELSE 'else' END",
            "(ARRAY[{0}, {1}])[2]", "(jsonb_build_object('a', {0}))['a']::text", "jsonb_path_query_first(jsonb_build_object('a', {0}), '$.a')::text",
            "xmlforest({0} AS x)::text", "xmlelement(name e, {0}, {2})::text", "array_to_string(ARRAY[{0}, {1}], '+')", "({3})::text",
            "subquery", "subquery", "subquery", "error", "overlay({0} placing 'XX' from 6 for 2)", "translate({0}, 'xyz', 'abc')", "ROW({0}, {2})::text", "row"))
        if form == "subquery":
            return self.scalar(scope, "text")
        if form == "error":  # and its text has the value in it
            return self.pick(("(({0})::int)::text", "({0})::date::text", "told({0})", "told({0})")).format(text())
        if form == "row":
            rows = [source.alias for source in scope if source.row]
            return f"{self.pick(('row_to_json', 'to_jsonb'))}({self.pick(rows)})::text" if rows else text()
        return form.format(*self.parts(form, (text, text, number, lambda: self.condition(scope, depth))))

    @staticmethod
    def parts(form, makers):
        """What the form's places need, each made once."""
        return [make() if "{%d}" % place in form else "" for place, make in enumerate(makers)]

    def _int(self, scope, depth):
        text, number = lambda: self.expression(scope, "text", depth), lambda: self.expression(scope, "int", depth)
        form = self.pick(("{1} + 1", "{1} * 2", "{1} - {2}", "length({0})", "coalesce({1}, 0)", "abs({1})", "{1} % 3", "position('q' in {0})",
                          "CASE WHEN {3} THEN {1} ELSE 0 END", "nullif({1}, 2)", "subquery", "count"))
        if form == "subquery":
            return self.scalar(scope, "int")
        if form == "count":
            return f"(SELECT count(*)::int FROM {self.inner(scope)})"
        return "(" + form.format(*self.parts(form, (text, number, number, lambda: self.condition(scope, depth)))) + ")"

    def _num(self, scope, depth):
        return f"({self.expression(scope, 'num', 0)} {self.pick('+*-')} {self.pick(('2', '0.5'))})"

    def _uuid(self, scope, depth):
        return self.expression(scope, "uuid", 0)

    def _date(self, scope, depth):
        return self.expression(scope, "date", 0)

    def _bool(self, scope, depth):
        return f"({self.condition(scope, depth)})"

    def inner(self, scope):
        """FROM and WHERE of a subquery, mostly about the rows outside."""
        source, text = self.table()
        where = self.condition([source] + scope if self.often(0.5) else [source], 0)
        outer = [(mine, theirs) for mine, one in source.refs() for outside in scope for theirs, other in outside.refs()
                 if one == other and mine.split(".")[-1] in JOINS and theirs.split(".")[-1] in JOINS]
        if outer and self.often(0.75):
            where = "{} = {}".format(*self.pick(outer)) + (f" AND {where}" if self.often(0.3) else "")
        self.last = source
        return f"{text} WHERE {where}"

    def scalar(self, scope, kind):
        rest = self.inner(scope)
        source = self.last
        of_kind = [ref for ref, one in source.refs() if one == kind]
        value = self.pick(of_kind) if of_kind else self.expression([source] + scope, kind, 1)
        if self.often(0.4):
            return f"(SELECT {self.pick(('min', 'max'))}({value}) FROM {rest})"
        if kind == "text" and self.often(0.3):
            return f"(SELECT string_agg({value}, ',' ORDER BY {value}) FROM {rest})"
        return f"(SELECT {value} FROM {rest} ORDER BY 1 LIMIT 1)"

    def condition(self, scope, depth=1):
        refs = [one for source in scope for one in source.refs() if one[1] in LITERALS]
        if refs and self.often(0.25):  # what lets most through
            column, kind = self.pick(refs)
            return self.pick((f"{column} IS NOT NULL", f"{column} IS NOT NULL OR true") + ((f"{column} > 1", f"{column} <> 3", f"{column} < 7") if kind == "int" else ()))
        if not refs:
            return self.pick(("true", "1 = 1", "false"))
        text, number = lambda: self.expression(scope, "text", depth), lambda: self.expression(scope, "int", depth)
        column, kind = self.pick(refs)
        if depth > 0 and self.often(0.35):
            one, other = self.condition(scope, depth - 1), self.condition(scope, depth - 1)
            return self.pick((f"{one} AND {other}", f"({one} OR {other})", f"NOT ({one})", f"({one}) IS NOT TRUE"))
        if depth > 0 and self.often(0.25):
            return self.pick((f"EXISTS (SELECT 1 FROM {self.inner(scope)})", f"NOT EXISTS (SELECT FROM {self.inner(scope)})",
                              self.member_of(scope, column, kind)))
        same = [ref for ref, one in refs if one == kind and ref != column]
        forms = [f"{column} = {self.literal(kind, asked=True)}", f"{column} IS NOT NULL", f"{column} IS NULL", f"{column} <> {self.literal(kind, asked=True)}"]
        if self.often(0.15):
            two, type_ = self.pick(refs)
            forms = [f"({column}, {two}) = ({self.literal(kind, asked=True)}, {self.literal(type_)})", f"({column}, {two}) < ({column}, {self.literal(type_)})",
                     f"({column}, {two}) IN (SELECT {self.literal(kind, asked=True)}, {self.literal(type_)})", f"ROW({column}, {two}) IS DISTINCT FROM ROW({column}, {self.literal(type_)})",
                     f"({column}, {two}) >= ({self.literal(kind)}, {self.literal(type_)})"]
        elif same:
            forms += [f"{column} = {self.pick(same)}", f"{column} IS DISTINCT FROM {self.pick(same)}"]
        if kind == "int":
            forms += [f"{column} < 4", f"{column} >= 2", f"{column} IN (1, 3, 7)", f"{column} = ANY ('{{2,5,77}}')", f"{column} BETWEEN 2 AND 6",
                      f"{column} = {number()}", f"{column} % 2 = 1", f"{column} NOT IN (1, 2)", f"{column} = {self.literal('int')}"] * 2
        if kind == "text":
            forms += [f"{column} LIKE 'q1%'", f"{column} > 'q14'", f"{column} = {text()}", f"upper({column}) LIKE '%J%'",
                      f"{column} IN ('north', 'new', 'lee')", f"{column} ~ '^[a-q]'", f"length({column}) > 8"]
        if kind == "uuid":
            forms += [f"{column} IN ({LITERALS['uuid'][0]}, {LITERALS['uuid'][1]})"] * 2
        return self.pick(forms)

    def member_of(self, scope, column, kind):
        source, text = self.table()
        inner = [ref for ref, one in source.refs() if one == kind] or [self.literal(kind)]
        where = f" WHERE {self.condition([source], 0)}" if self.often(0.5) else ""
        return f"{column} {self.pick(('IN', 'IN', 'NOT IN', '= ANY', '<> ALL', '>= ALL'))} (SELECT {self.pick(inner)} FROM {text}{where})"

    # ---- FROM ----

    def table(self, name=None):
        """A table or view under a name of its own: (Source, its text)."""
        name, alias = name or self.pick(OFTEN), self.alias()
        columns = TABLES[name]
        told = f"{self.pick(('', '', '@.'))}{name}"
        if self.often(0.06) and name not in ("visits",):
            columns = [(f"c{number}", kind) for number, (_, kind) in enumerate(columns)]
            return Source(alias, columns), f"{told} AS {alias}({', '.join(one for one, _ in columns)})"
        only = "ONLY " if self.often(0.04) and name in ("customers", "orders") else ""
        sample = " TABLESAMPLE SYSTEM (100)" if self.often(0.02) and name in ("customers", "orders") else ""
        return Source(alias, columns), f"{only}{told} {self.pick(('AS ', ''))}{alias}{sample}"

    def source(self, depth, before=()):
        """Anything that can stand in FROM; `before`: what LATERAL can see."""
        draw = self.chance.random()
        if depth <= 0 or draw < 0.6:
            if self.with_ and self.often(0.5):
                name, columns = self.pick(self.with_)
                alias = self.alias()
                return Source(alias, columns), f"{name} AS {alias}"
            return self.table()
        alias = self.alias()
        if draw < 0.82 or (draw < 0.9 and not before):
            made = self.query(depth - 1, ordered=self.often(0.3))
            if self.often(0.15):
                columns = [(f"k{number}", kind) for number, (_, kind) in enumerate(made.columns)]
                return Source(alias, columns), f"({made.sql}) AS {alias}({', '.join(one for one, _ in columns)})"
            return Source(alias, made.columns), f"({made.sql}) AS {alias}"
        if draw < 0.9:
            made = self.plain(depth - 1, outside=list(before), columns=self.chance.randint(1, 3))
            return Source(alias, made.columns), f"LATERAL ({made.sql}) AS {alias}"
        rows = [one.alias for one in before if one.row]
        if draw < 0.905 and rows:
            return Source(alias, (("k", "text"), ("v", "text")), row=False), f"LATERAL jsonb_each_text(to_jsonb({self.pick(rows)})) AS {alias}(k, v)"
        if draw < 0.91 and before:
            return Source(alias, (("u", "text"),), row=False), f"LATERAL unnest(ARRAY[{self.expression(list(before), 'text', 1)}, 'z']) AS {alias}(u)"
        if draw < 0.92:
            return self.joined(alias)
        if draw < 0.94:
            return Source(alias, (("n", "int"), ("w", "text"))), f"(VALUES (1, 'one'), (3, 'three'), (5, NULL)) AS {alias}(n, w)"
        if draw < 0.97:
            return Source(alias, TABLES["customers"]), f"of_region({self.literal('text')}) AS {alias}"
        if draw < 0.985:
            return Source(alias, (("who", "text"), ("num", "text"))), f"above({self.pick('0123')}) AS {alias}"
        return Source(alias, ((alias, "int"),), row=False), f"generate_series(1, 4) AS {alias}"

    def joined(self, alias):
        """A join under a name of its own, which hides those in it."""
        (one, text), (other, more) = self.table("customers"), self.table(self.pick(("orders", "visits")))
        columns = [(f"j{number}", kind) for number, (_, kind) in enumerate(one.columns + other.columns)]
        how = self.pick(("JOIN", "LEFT JOIN", "FULL JOIN"))
        on = f"{one.refs()[0][0]} = {other.refs()[self.pick((0, 1, 1))][0]}"
        return Source(alias, columns), f"({text} {how} {more} ON {on}) AS {alias}({', '.join(name for name, _ in columns)})"

    def neighbours(self):
        """A table joined with itself, or two views of it: one person's key beside another's values."""
        name = self.pick(("customers", "customers", "orders", '"AddressBook"', "visits", "members", "contact"))
        (one, text), (other, more) = self.table(name), self.table("contact" if name == "customers" and self.often(0.2) else name)
        ons = {"customers": ("{0} = {1} + 1", "{2} = {1}", "{2} = {1}", "{0} = {1}", "{0} <> {1}"), "orders": ("{3} = {4}", "{0} = {1} + 1", "{0} = {1}")}
        places = [one.refs()[0][0], other.refs()[0][0], one.refs()[-1][0], one.refs()[1][0], other.refs()[1][0]]
        on = self.pick(ons["customers"] if name == "customers" else ons["orders"] if name in ("orders", "visits") else ("{0} <> {1}", "{0} = {1}"))
        return [one, other], f"{text} {self.pick(('JOIN', 'JOIN', 'LEFT JOIN', 'RIGHT JOIN'))} {more} ON {on.format(*places)}"

    def from_(self, depth, outside=()):
        """(the sources that can be named, the text behind FROM)."""
        if self.often(0.15):
            return self.neighbours()
        first, text = self.source(depth)
        scope = [first]
        for _ in range(self.pick((0, 0, 0, 0, 1, 1, 1, 2))):
            source, more = self.source(depth, scope)
            how = self.pick(("JOIN",) * 4 + ("LEFT JOIN",) * 3 + ("RIGHT JOIN", "FULL JOIN"))
            if "LATERAL" in more and how in ("RIGHT JOIN", "FULL JOIN"):
                how = "LEFT JOIN"
            pairs = [(one, other) for left in scope for one, kind in left.refs() for other, type_ in source.refs() if kind == type_]
            keys = [pair for pair in pairs if all(ref.split(".")[-1] in JOINS for ref in pair)]
            common = {name for name, _ in scope[0].columns} & {name for name, _ in source.columns} if len(scope) == 1 else ()
            if common and self.often(0.25):
                merged = self.pick(sorted(common))
                scope += [source, self.merged(source, [merged])]
                text += f" {how} {more} USING ({merged})"
                break
            if len(common) > 1 and self.often(0.3):
                scope += [source, self.merged(source, sorted(common))]
                text += f" NATURAL {how} {more}"
                break
            if pairs and (len(scope) > 1 or self.often(0.93)):
                pair = self.pick(keys if keys and self.often(0.95) else pairs)
                scope.append(source)
                text += f" {how} {more} ON {pair[0]} = {pair[1]}"
                text += f" AND {self.condition(scope, 0)}" if self.often(0.15) and how != "FULL JOIN" else ""
            elif len(scope) == 1:
                scope.append(source)
                text += self.pick((f" CROSS JOIN {more}", f", {more}", f" {'LEFT JOIN' if 'LATERAL' in more else how} {more} ON true"))
        return scope, text

    @staticmethod
    def merged(source, names):
        """The columns of a join that are one of both sides: named without a table."""
        return Source("", [(name, kind) for name, kind in source.columns if name in names], row=False)

    # ---- queries ----

    def output(self, scope, kind=None):
        """An output column: (text, type), with the types that only go out."""
        if kind:
            return self.expression(scope, kind, 2), kind
        rows = [source.alias for source in scope if source.row]
        if rows and self.often(0.07):
            row = self.pick(rows)
            return self.pick(((row, "row"), (f"row_to_json({row})", "json"), (f"to_jsonb({row})", "jsonb"), (f"({row})::text", "text"), (f"ROW({row}.*)", "row"),
                              (f"(SELECT {row})", "row"), (f"(to_jsonb({row})->>'name')", "text"), (f"md5(({row})::text)", "text")))
        if self.often(0.02):
            text = self.expression(scope, "text", 1)
            return self.pick(((f"unnest(ARRAY[{text}, {self.expression(scope, 'text', 0)}])", "set"), (f"regexp_split_to_table({text}, ' ')", "set"),
                              (f"(of_region({self.literal('text')})).name", "set"), (f"(above({self.pick('012')})).who", "set"),
                              (f"json_array_elements_text(json_build_array({text}, 1))", "set")))
        if self.often(0.04):
            one, other = self.expression(scope, "text", 1), self.expression(scope, "int", 1)
            return self.pick(((f"ARRAY[{one}]", "array"), (f"ROW({one}, {other})", "row"), (f"json_build_object('t', {one}, 'n', {other})", "json")))
        columns = [one for source in scope for one in source.refs()]
        if columns and self.often(0.65):
            keys = [one for one in columns if one[0].split(".")[-1] in JOINS]
            return self.pick(keys if keys and self.often(0.25) else columns)
        kind = self.pick(("text",) * 6 + ("int", "int", "bool", "num", "uuid"))
        return self.expression(scope, kind, 2), kind

    def name(self, outputs, names=None):
        """The select list, each column under a name of its own: (text, columns)."""
        told, columns = [], []
        for text, kind in outputs:
            self.numbers += 1
            named = f"x{self.numbers}"
            if kind in BORROWED and self.often(0.2):  # perhaps of a key, on what is none
                other = self.pick(BORROWED[kind])
                named = other if other not in [one for one, _ in columns] else named
            told.append(f"{text} {'AS ' if self.often(0.9) else ''}{named}" if " " not in text else f"{text} AS {named}")
            columns.append((named, kind))
        return ", ".join(told), columns

    def plain(self, depth, *, types=None, columns=None, outside=(), top=False):
        """SELECT … FROM … WHERE …, without groups."""
        scope, text = self.from_(depth, outside)
        inner = scope + list(outside)
        where = f" WHERE {self.condition(inner if self.often(0.5) else scope, 1)}" if self.often(0.45) else ""
        if top and types is None and self.often(0.08):
            return Select(f"SELECT {self.pick(('*', scope[0].alias + '.*'))} FROM {text}{where}", None)
        outputs = [self.output(inner, kind) for kind in types] if types else \
            [self.output(inner) for _ in range(columns or self.chance.randint(1, 4))]
        if len(scope) == 2 and not types and scope[0].row and scope[0].columns == scope[1].columns and self.often(0.6):
            first, second = self.chance.sample(scope, 2)
            outputs = [first.refs()[self.pick((0, 0, 1)) % len(first.columns)]] + self.some([one for one in second.refs() if one[1] == "text"], 1, 2)
            self.chance.shuffle(outputs)
        sort = ""
        if self.often(0.1):
            outputs = [(one, kind) if kind not in ("json", "row") else (f"({one})::text", "text") for one, kind in outputs]
            sort = "DISTINCT "
        told, made = self.name(outputs)
        made = [(name, "text" if kind == "set" else kind) for name, kind in made]
        return Select(f"SELECT {sort}{told} FROM {text}{where}", made)

    def grouped(self, depth, *, types=None):
        scope, text = self.from_(depth)
        where = f" WHERE {self.condition(scope, 1)}" if self.often(0.35) else ""
        if types:
            outputs = [(self.aggregate(scope, kind), kind) for kind in types]
            told, made = self.name(outputs)
            return Select(f"SELECT {told} FROM {text}{where}", made)
        keys = [self.output(scope, self.pick(("text", "text", "int"))) for _ in range(self.pick((0, 1, 1, 1, 2)))]
        keys = [(one if "$" not in one and not one.startswith(("'", "(SELECT")) and not one.isdigit() else scope[0].refs()[0][0], kind)
                for one, kind in keys]
        kinds = [self.pick(("int", "text", "text", "json", "array", "num")) for _ in range(self.chance.randint(1, 2))]
        told, made = self.name(keys + [(self.aggregate(scope, kind), kind) for kind in kinds])
        group = ""
        if keys:
            whole = ", ".join(one for one, _ in keys)
            group = " GROUP BY " + self.pick((", ".join(str(number + 1) for number in range(len(keys))), whole, whole, f"ROLLUP ({whole})",
                                              f"CUBE ({whole})", "GROUPING SETS (" + ", ".join(f"({one})" for one, _ in keys) + ", ())"))
            made = [(name, kind if place >= len(keys) or kind == "text" else kind) for place, (name, kind) in enumerate(made)]
        if self.often(0.2):
            group += f" HAVING count(*) > {self.pick('01')}"
        return Select(f"SELECT {told} FROM {text}{where}{group}", made)

    def aggregate(self, scope, kind):
        text = self.expression(scope, "text", 1)
        number = self.expression(scope, "int", 1)
        only = f" FILTER (WHERE {self.condition(scope, 0)})" if self.often(0.1) else ""
        if kind == "int":
            return self.pick(("count(*)", f"count({text})", f"count(DISTINCT {text})", f"max({number})", f"min({number})", f"sum({number})")) + only + "::int"
        if kind == "num":
            return f"sum({self.expression(scope, 'num', 0)})" + only
        if kind == "array":
            return f"array_agg({text} ORDER BY {text})" + only
        if kind == "json":
            rows = [source.alias for source in scope if source.row]
            row = self.pick(rows) if rows else None
            return self.pick((f"json_agg({text} ORDER BY {text})", f"jsonb_agg({text} ORDER BY {text})",
                              f"json_agg({row} ORDER BY {row}::text)" if rows else f"json_agg({text} ORDER BY {text})")) + only
        if kind == "text":
            return self.pick((f"xmlagg(xmlelement(name e, {text}) ORDER BY {text})::text{only}", f"json_object_agg({text}, {number} ORDER BY {text}, {number})::text",
                              f"(array_agg(DISTINCT {text}))::text", f"(array_agg({text} ORDER BY {text}))[1]", f"string_agg({text}, ',' ORDER BY {text})") if self.often(0.2) else
                             (f"string_agg({text}, ',' ORDER BY {text})", f"max({text})", f"min({text})", f"string_agg(DISTINCT {text}, ';')",
                              f"string_agg({text}, '' ORDER BY {text} DESC)")) + only
        return {"bool": f"bool_or({self.condition(scope, 0)})"}.get(kind, f"(array_agg({self.expression(scope, kind, 0)} ORDER BY 1))[1]")

    def windowed(self, depth):
        scope, text = self.from_(depth)
        where = f" WHERE {self.condition(scope, 0)}" if self.often(0.4) else ""
        total = self.total(scope)
        value, part = self.expression(scope, "text", 1), self.expression(scope, self.pick(("int", "text")), 0)
        by = f"PARTITION BY {part} " if self.often(0.4) else ""
        outputs = [self.output(scope, self.pick(("text", "int"))) for _ in range(self.chance.randint(1, 2))]
        over = f"({by}ORDER BY {total})"
        windows = [(f"row_number() OVER {over}", "int8"), (f"lag({value}) OVER {over}", "text"), (f"first_value({value}) OVER {over}", "text"),
                   (f"max({value}) OVER ({by.strip()})", "text"), (f"count(*) OVER ({by.strip()})", "int8"), (f"lead({value}, 2, 'none') OVER {over}", "text"),
                   (f"string_agg({value}, ',') OVER {over}", "text"), (f"rank() OVER (ORDER BY {value})", "int8"),
                   (f"last_value({value}) OVER ({by}ORDER BY {total} ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW)", "text"),
                   (f"string_agg({value}, ',') OVER ({by}ORDER BY {total} GROUPS BETWEEN CURRENT ROW AND 1 FOLLOWING)", "text"),
                   (f"count({value}) FILTER (WHERE {self.condition(scope, 0)}) OVER ({by}ORDER BY {total} RANGE UNBOUNDED PRECEDING)", "int8"),
                   (f"nth_value({value}, 2) OVER ({by}ORDER BY {total} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)", "text")]
        made = self.some(windows, 1, 2)
        named = ""
        if self.often(0.2):
            made, named = [(f"lag({value}) OVER w", "text"), ("row_number() OVER w", "int8")], f" WINDOW w AS {over}"
        told, columns = self.name(outputs + made)
        return Select(f"SELECT {told} FROM {text}{where}{named}", columns)

    def set_operation(self, depth, types=None):
        types = types or [self.pick(("text", "text", "int")) for _ in range(self.chance.randint(1, 3))]
        parts, columns = [], None
        for _ in range(self.pick((2, 2, 2, 3))):
            made = self.grouped(0, types=types) if self.often(0.12) else self.plain(depth, types=types)
            parts.append(made.sql)
            columns = columns or made.columns
        if self.often(0.1):
            parts.append("VALUES (" + ", ".join(LITERALS[kind][0] for kind in types) + ")")
        text = parts[0]
        for part in parts[1:]:
            text += f" {self.pick(('UNION', 'UNION ALL', 'UNION ALL', 'EXCEPT', 'INTERSECT', 'EXCEPT ALL'))} {part}"
        return Select(text, columns)

    @staticmethod
    def total(scope):
        """An order in which only rows that are the same are equal."""
        return ", ".join(f"({ref})::text" if kind in ("json", "row") else ref for source in scope for ref, kind in source.refs())

    def distinct_on(self, depth):
        scope, text = self.from_(depth)
        outputs = [self.output(scope, self.pick(("text", "text", "int"))) for _ in range(self.chance.randint(1, 3))]
        by = self.pick([ref for source in scope for ref, _ in source.refs()])
        told, columns = self.name(outputs)
        total = f"{by}, {self.total(scope)}"
        return Select(f"SELECT DISTINCT ON ({by}) {told} FROM {text} ORDER BY {total}", columns)

    def query(self, depth, *, ordered=False, top=False):
        """A query of any kind; `ordered`: in an order that it tells, perhaps cut."""
        draw = self.chance.random()
        if draw < 0.62:
            made = self.plain(depth, top=top)
        elif draw < 0.76:
            made = self.grouped(depth)
        elif draw < 0.84:
            made = self.windowed(depth)
        elif draw < 0.95 or ordered:
            made = self.set_operation(depth)
        else:
            made = self.distinct_on(depth)
            return Select(f"({made.sql})" if self.often(0.2) else made.sql, made.columns)
        if ordered and made.columns and not any(kind in ("json", "row") for kind in made.types()):
            numbers = [str(number + 1) for number in range(len(made.columns))]
            self.chance.shuffle(numbers)
            words = ("", "", "", " DESC", " NULLS FIRST")
            made = Select(made.sql + " ORDER BY " + ", ".join(number + self.pick(words) for number in numbers), made.columns)
            if self.often(0.45):
                made.sql += self.pick((" LIMIT 1", " FETCH FIRST 2 ROWS WITH TIES", " LIMIT 3", " LIMIT 3 OFFSET 1", " OFFSET 2", " FETCH FIRST 2 ROWS ONLY", " LIMIT 100"))
        return made

    def common(self, depth):
        """WITH …: leaves what it names to what follows."""
        told, recursive = [], False
        for number in range(self.pick((1, 1, 2))):
            name = self.pick((f"w{number}", f'"W {number}"', "customers" if self.often(0.1) else f"w{number}"))
            if self.often(0.2):
                recursive = True
                columns = [("id", "int"), ("name", "text"), ("n", "int")]
                start = self.pick(("id = 6", "id > 4", "referrer IS NULL", "id = 3"))
                told.append(f"{name}(id, name, n) AS (SELECT id, name, 1 FROM @.customers WHERE {start} UNION {self.pick(('ALL ', 'ALL ', ''))}SELECT c.id, c.name, n + 1 "
                            f"FROM {name} JOIN @.customers c ON {self.pick(('c.id = ' + name + '.n + 2', 'c.referrer = ' + name + '.id'))} WHERE n < 4)" +
                            self.pick(("", "", " SEARCH DEPTH FIRST BY id SET place", " CYCLE id SET again USING way")))
            else:
                made = self.query(depth - 1, ordered=self.often(0.3))
                columns = made.columns
                told.append(f"{name} AS {self.pick(('', '', 'MATERIALIZED ', 'NOT MATERIALIZED '))}({made.sql})")
            self.with_.append((name, columns))
        return f"WITH {'RECURSIVE ' if recursive else ''}{', '.join(told)} "

    def merge(self):
        """MERGE of any query into goods; whoever runs it takes it back."""
        made = self.plain(1, types=["text", "int"])
        one, other = made.columns[0][0], made.columns[1][0]
        insert = self.pick(("INSERT VALUES (m.n, coalesce(m.v, 'new'), 1)", "DO NOTHING"))
        return (f"MERGE INTO goods g USING (SELECT row_number() OVER (ORDER BY {one}, {other}) + 3 AS n, {one} AS v FROM ({made.sql}) s) m ON g.id = m.n "
                f"WHEN MATCHED THEN UPDATE SET title = coalesce(m.v, 'none') WHEN NOT MATCHED THEN {insert}")

    def statement(self):
        """A whole query."""
        before = self.common(2) if self.often(0.2) else ""
        made = self.query(self.pick((0, 1, 1, 2)), ordered=self.often(0.6), top=True)
        return before + made.sql

    # ---- what changes something ----

    def change(self):
        """INSERT, UPDATE or DELETE … RETURNING; whoever runs it takes it back."""
        kind = self.pick(("update", "update", "delete", "insert", "conflict", "with"))
        if kind == "insert":
            source = Source("goods", TABLES["goods"])
            made = self.plain(0, types=["text"])
            told, _ = self.name([self.output([source]) for _ in range(self.chance.randint(1, 3))])
            return f"INSERT INTO goods SELECT 100 + row_number() OVER (ORDER BY 1), coalesce(s.v, 'none'), 7 FROM ({made.sql} ORDER BY 1) AS s(v) RETURNING {told}"
        if kind == "conflict":
            source = Source("customers", TABLES["customers"])
            told, _ = self.name([self.output([source]) for _ in range(self.chance.randint(1, 3))])
            return ("INSERT INTO customers (id, name, region, grade) SELECT g, 'new one', 'west', 9 FROM generate_series(5, 8) g "
                    f"ON CONFLICT (id) DO UPDATE SET grade = customers.grade + excluded.grade RETURNING {told}")
        name = self.pick(("customers", "customers", "orders", '"AddressBook"', "members", "visits", "contact"))
        target = Source("z", TABLES[name])
        scope, using = [target], ""
        if self.often(0.35):
            other, text = self.source(0)
            pairs = [(one, two) for one, kind_ in target.refs() for two, type_ in other.refs() if kind_ == type_ and
                     one.split(".")[-1] in JOINS and two.split(".")[-1] in JOINS]
            if pairs:
                scope.append(other)
                using = text, "{} = {}".format(*self.pick(pairs))
        condition = self.condition(scope, 1)
        where = f"{using[1]} AND {condition}" if using else condition
        told, columns = self.name([self.output(scope) for _ in range(self.chance.randint(1, 3))])
        told = "*" if self.often(0.1) and kind != "with" else told
        plain = [one for one, type_ in TABLES[name] if one in ("grade", "status", "level", "day") or name == "contact" and one == "phone"]
        if kind == "delete" or not plain:
            made = f"DELETE FROM {name} AS z{' USING ' + using[0] if using else ''} WHERE {where} RETURNING {told}"
        else:
            made = f"UPDATE {name} AS z SET {plain[0]} = z.{plain[0]}{' FROM ' + using[0] if using else ''} WHERE {where} RETURNING {told}"
        if kind == "with":
            names = [one for one, _ in columns]
            return f"WITH m AS ({made}) SELECT {', '.join(self.some(names, 1, 3))}, count(*) OVER () FROM m"
        return made


def draw(seed):
    return random.Random(f"statement {seed}")
