# SPDX-License-Identifier: Apache-2.0
"""Random questions about the shop's persons, and for each the question that tells whom it shows."""
import struct
import uuid

import shop
import wire

INT4, INT8, UUID, TEXT = 23, 20, 2950, 25
ARRAYS = {INT8: 1016, UUID: 2951, TEXT: 1009}
MISSING = {INT8: ["999999", "8", "-4"], UUID: [str(uuid.UUID(int=7))], TEXT: ["nobody", "00", "it's nobody"]}


class Table:
    """`shows`: for each kind, the column with its key and the personal columns with their fields."""

    def __init__(self, name, key, key_type, shows, plain):
        self.name, self.key, self.key_type, self.shows, self.plain = name, key, key_type, shows, plain
        self.fields = {column: (kind, field) for kind, (_, fields) in shows.items() for column, field in fields.items()}


TABLES = {one.name: one for one in (
    Table("customers", "id", INT8, {"customer": ("id", shop.CUSTOMER_FIELDS)}, ("grade", "region")),
    Table("orders", "customer_id", INT8, {"customer": (
        "customer_id", {"item": "order", "amount": "order", "placed_at": "order"})}, ("id",)),
    Table("members", "id", UUID, {"member": ("id", {"name": "name", "phone": "phone"})}, ("level",)),
    Table("accounts", "login", TEXT, {"account": ("login", {"name": "name", "email": "email"})}, ("level",)),
    Table("parcels", "id", INT8, {"customer": ("customer_id", {"door_code": "door_code"}),
                                  "recipient": ("id", {"recipient": "name", "recipient_phone": "phone"})}, ("weight",)),
)}


def literal(value, oid):
    """As a constant of SQL."""
    return value if oid in (INT4, INT8) else "'" + value.replace("'", "''") + "'"


def element(value):
    """Within the text of an array."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def binary(value, oid):
    return {INT4: lambda: struct.pack("!i", int(value)), INT8: lambda: struct.pack("!q", int(value)),
            UUID: lambda: uuid.UUID(value).bytes, TEXT: value.encode}[oid]()


class Value:
    """A parameter: a value, or with `array` a list of them."""

    def __init__(self, values, oid, array=False):
        self.values, self.base, self.array = values, oid, array
        self.oid = ARRAYS[oid] if array else oid

    def sql(self):
        if not self.array:
            return literal(self.values[0], self.base)
        return f"ARRAY[{', '.join(literal(value, self.base) for value in self.values)}]::{self.type()}"

    def constant(self):
        """As a literal, also where it is an array."""
        return literal(self.bytes(0).decode(), TEXT if self.array else self.base)

    def type(self):
        return {INT8: "bigint", UUID: "uuid", TEXT: "text"}[self.base] + ("[]" if self.array else "")

    def bytes(self, form):
        if not self.array:
            return binary(self.values[0], self.base) if form else self.values[0].encode()
        if not form:
            return ("{" + ",".join(element(value) for value in self.values) + "}").encode()
        made = struct.pack("!iiIii", 1, 0, self.base, len(self.values), 1)
        for value in self.values:
            one = binary(value, self.base)
            made += struct.pack("!i", len(one)) + one
        return made


class Question:
    """SELECT columns rest. Each of `columns` is (expression, field it shows or None); `shows` are
    (kind, expression of its key); `pins`: functions that draw the parameters, {0}, {1}, … in `rest`;
    `pinned`: the kind whose keys they are, where nobody else can be shown; `ways`: how the ledger
    can know whom it shows."""

    def __init__(self, columns, rest, shows, *, pins=(), pinned=None, ways=("injected",), ordered=False):
        self.columns, self.rest, self.shows, self.pins, self.pinned = columns, rest, shows, pins, pinned
        self.ordered = ordered
        self.has_keys = {key for _, key in shows} <= {one for one, _ in columns}
        self.ways = {"key"} if self.has_keys else set(ways)

    def draw(self, chance):
        return [draw(chance) for draw in self.pins]

    def fill(self, words):
        return f"SELECT {', '.join(one for one, _ in self.columns)} {self.rest.format(*words)}"

    def text(self, values):
        """With constants."""
        return self.fill([value.sql() for value in values])

    def prepared(self):
        """With $1, $2, …"""
        return self.fill([f"${number + 1}" for number in range(len(self.pins))])

    def oracle(self, values):
        """Keys first, then what the client must get."""
        keys = [f"({key})::text" for _, key in self.shows]
        rest = self.rest.format(*[value.sql() for value in values])
        rest = rest.replace("ORDER BY 1", f"ORDER BY {self.columns[0][0]}")
        return f"SELECT {', '.join(keys + [one for one, _ in self.columns])} {rest}"


# ---- drawing ----

def some(chance, items, least=1, most=None):
    items = list(items)
    return chance.sample(items, chance.randint(least, min(most or len(items), len(items))))


def draw_key(table, *, missing):
    def draw(chance):
        if chance.random() < missing:
            return Value([chance.choice(MISSING[table.key_type])], table.key_type)
        return Value([chance.choice(shop.keys(table.name, table.key))], table.key_type)
    return draw


def draw_keys(table):
    def draw(chance):
        values = some(chance, shop.keys(table.name, table.key), 1, 9)
        return Value(values + some(chance, MISSING[table.key_type], 0, 1), table.key_type, array=True)
    return draw


def columns_of(chance, table, alias, *, key=None):
    """Some columns, at least one of them personal, and the keys of the persons that they show."""
    names = some(chance, table.fields, 1, 3) + some(chance, table.plain, 0, 1)
    kinds = {table.fields[name][0] for name in names if name in table.fields}
    if key or (key is None and chance.random() < 0.4):
        names += [table.shows[kind][0] for kind in sorted(kinds)]
    names = list(dict.fromkeys(names))
    chance.shuffle(names)
    columns = [(f"{alias}.{name}", table.fields.get(name, (None, None))[1]) for name in names]
    return columns, [(kind, f"{alias}.{table.shows[kind][0]}") for kind in sorted(kinds)]


def of_one_table(chance, *, key=None):
    """Rows of one table: all, by a condition, by key, by keys."""
    table = TABLES[chance.choice(sorted(TABLES))]
    alias = chance.choice(("t", table.name, '"Odd name"'))
    columns, shows = columns_of(chance, table, alias, key=key)
    rest = f"FROM {table.name}" + ("" if alias == table.name else f" AS {alias}")
    shape = chance.choice(("all", "one", "one", "in", "any", "range", "plain"))
    pins = []
    if shape == "one":
        pins = [draw_key(table, missing=0.3)]
        rest += f" WHERE {alias}.{table.key} = {{0}}"
    elif shape == "in":
        pins = [draw_key(table, missing=0.2) for _ in range(chance.randint(2, 4))]
        rest += f" WHERE {alias}.{table.key} IN ({', '.join('{%d}' % n for n in range(len(pins)))})"
    elif shape == "any":
        pins = [draw_keys(table)]
        rest += f" WHERE {alias}.{table.key} = ANY ({{0}})"
    elif shape == "range":
        pins = [draw_key(table, missing=0)]
        rest += f" WHERE {alias}.{table.key} > {{0}}"
    elif shape == "plain":
        name = next(one for one in table.plain if one != "region")
        rest += f" WHERE {alias}.{name} % 3 = 1"
    own = [kind for kind, key in shows if key == f"{alias}.{table.key}"]
    pinned = own[0] if own and shape in ("one", "in", "any") else None
    ways = {"one": {"pinned", "injected"} if len(shows) > 1 else {"pinned"}, "in": {"pinned", "injected"},
            "any": {"pinned", "injected"}}.get(shape if pinned else "", {"injected"})
    return finish(chance, Question(columns, rest, shows, pins=pins, pinned=pinned, ways=ways))


def finish(chance, made):
    """With an order, by a key or by the first column, and a cut."""
    if chance.random() < 0.6:
        first = made.columns[0][0]
        unique = first in [key for _, key in made.shows] and len(made.shows) == 1
        if unique and ".customer_id" not in first and chance.random() < 0.5:
            made.rest += " ORDER BY 1"
        else:
            made.rest += f" ORDER BY {tie(made)}"
        made.ordered = True
        if chance.random() < 0.4:
            made.rest += f" LIMIT {chance.choice((1, 3, 20, 1000))}"
            made.rest += chance.choice(("", " OFFSET 1", " OFFSET 7"))
    return made


def tie(made):
    """An order without ties: by the keys, and by whatever else tells rows apart."""
    return ", ".join([key for _, key in made.shows] + [one for one, _ in made.columns])


def of_two_tables(chance, *, key=None):
    """Orders with their customers: one person, by two tables."""
    orders, orders_shows = columns_of(chance, TABLES["orders"], "o", key=key)
    customers, customers_shows = columns_of(chance, TABLES["customers"], "c", key=key)
    rest = "FROM customers c JOIN orders o ON o.customer_id = c.id"
    return finish(chance, Question(orders + customers, rest + " WHERE c.grade = 2", orders_shows + customers_shows,
                                   ways={"key", "injected"}))


def of_neighbours(chance, *, key=None):
    """A table joined with itself: one person's key beside another one's address."""
    del key
    rest = "FROM customers a JOIN customers b ON b.id = a.id + 7"
    return finish(chance, Question([("a.id", None), ("b.address", "address"), ("b.email", "email")], rest,
                                   [("customer", "b.id")]))


def of_two_kinds(chance, *, key=None):
    """Parcels with their customers: two persons in a row."""
    parcels, parcels_shows = columns_of(chance, TABLES["parcels"], "p", key=key)
    customers, customers_shows = columns_of(chance, TABLES["customers"], "c", key=key)
    return finish(chance, Question(parcels + customers, "FROM parcels p JOIN customers c ON c.id = p.customer_id",
                                   parcels_shows + customers_shows, ways={"key", "injected"}))


def any_question(chance, *, key=None):
    make = chance.choice((of_one_table,) * 6 + (of_two_tables, of_two_kinds) + (() if key else (of_neighbours,)))
    return make(chance, key=key)


ORDINARY = ("SELECT title, price FROM products WHERE id < 20", "SELECT count(*) FROM customers", "SELECT 1",
            "SELECT id, grade FROM customers WHERE grade = 1", "SELECT max(id) FROM products", "SHOW server_version",
            "SELECT p.title FROM products p ORDER BY p.price DESC LIMIT 5", "SET extra_float_digits = 3",
            "SELECT region, count(*) FROM customers GROUP BY region", "UPDATE products SET price = price WHERE id = 7",
            "SELECT EXISTS (SELECT FROM customers WHERE id = 1014)", "SELECT current_user, now()")


def ordinary(chance):
    return chance.choice(ORDINARY)


def parse(question, name, values, typed):
    return wire.parse(question.prepared(), name, [value.oid for value in values] if typed else ())
