# SPDX-License-Identifier: Apache-2.0
"""The small world of the random statements: sixteen persons of three kinds, and worlds that differ from it by
one person.

Every personal text has its person's token in it, at both ends: q, two digits, and a letter for the column
("q11n Minji q11n"). Only one name has none, and it is two customers'. So what arrived tells whom it showed.

The variants of the world are schemas of one database. In `removed` there is nothing of the person; in `low`,
`high` and `null` there is the same person with other values: before all others in every order, behind them and
longer, or none at all. One more has none of those who have one name."""
import hashlib
import re

import postgres

STATES = ("removed", "low", "high", "null")
SHARED_NAME = "Kim Minji"

KEYS = {
    "customer": {11: "1", 12: "2", 13: "3", 14: "4", 15: "5", 16: "6", 17: "7", 18: "8"},
    "recipient": {number: f"00000000-0000-4000-8000-0000000000{number}" for number in (31, 32, 33, 34)},
    "member": {51: "lee", 52: "02", 53: "o'neil", 54: "사용자"},
}
KIND = {number: kind for kind, keys in KEYS.items() for number in keys}
PERSONS = sorted(KIND)
SHARED = {12, 15}
FIELDS = {
    "customer": {"n": "name", "p": "phone", "e": "email", "i": "order", "o": "place", "l": "label"},
    "recipient": {"n": "name", "p": "phone", "d": "door_code"},
    "member": {"n": "name", "e": "email"},
}
WORDS = {11: "Haneul", 12: "Minji", 13: "Jisoo", 14: "Anna", 15: "Minji", 16: "김민지", 17: "O'Hara", 18: "Zoe",
         31: "Dora", 32: "Emil", 33: "이수령", 34: "Gerd", 51: "Hugo", 52: "Ines", 53: "Jan", 54: "Kara"}


def key(number):
    return KEYS[KIND[number]][number]


def name(number):
    return SHARED_NAME if number in SHARED else text(number, "n")


def other(state, number, letter):
    """What a person has in another world instead of a personal text; None is NULL. Low has a q as the texts have, high
    has none."""
    return {"low": f"!low q {number}{letter}", "high": f"~high {number}{letter} and longer than any other", "null": None}[state]


def text(number, letter, more=""):
    token = f"q{number}{letter}"
    return f"{token} {WORDS[number]}{more} {token}"


class World:
    """The rows of one variant: of `person`, in `state`; or of all who have one name ("shared"), removed."""

    def __init__(self, state=None, person=None):
        self.state, self.person = state, person

    def is_gone(self, number):
        return self.state == "removed" and (number == self.person or (self.person == "shared" and number in SHARED))

    def personal(self, number, letter, value):
        """A personal value of that person as SQL; `value` None is NULL."""
        if number == self.person and self.state != "removed":
            value = other(self.state, number, letter)
        return "NULL" if value is None else "'" + value.replace("'", "''") + "'"

    def amount(self, number, value):
        if number == self.person and self.state != "removed":
            value = {"low": "-1000", "high": "99999999", "null": "NULL"}[self.state]
        return value

    def customers(self):
        for number, id_ in KEYS["customer"].items():
            if not self.is_gone(number):
                place = number - 11
                yield (id_, self.personal(number, "n", name(number)), self.personal(number, "p", None if place == 3 else text(number, "p")),
                       self.personal(number, "e", None if place == 5 else text(number, "e")), f"'{('north', 'south', 'east')[place % 3]}'",
                       str(place % 4), str(place) if place in (1, 2, 4, 5) else "NULL")

    def recipients(self):
        for number, id_ in KEYS["recipient"].items():
            owner = number - 31 + 11 + (number == 34)
            if not self.is_gone(number) and not self.is_gone(owner):
                yield (f"'{id_}'", KEYS["customer"][owner], self.personal(number, "n", text(number, "n")),
                       self.personal(number, "p", None if number == 33 else text(number, "p")),
                       self.personal(owner, "l", text(owner, "l") if number < 34 else None))

    def orders(self):
        for order in range(1, 13):
            buyer, taker = 11 + order * 5 % 7, 31 + order % 5 if order % 5 < 4 else None
            if self.is_gone(buyer):
                continue
            if self.is_gone(taker):
                taker = None
            yield (str(order), KEYS["customer"][buyer], f"'{key(taker)}'" if taker else "NULL",
                   self.personal(buyer, "i", text(buyer, "i", f" thing {order}")), self.amount(buyer, f"{buyer * 100 + order}.50"),
                   self.personal(taker, "d", text(taker, "d") if order % 3 else None) if taker else "NULL", f"'{('new', 'sent', 'paid')[order % 3]}'")

    def visits(self):
        for visit in range(1, 11):
            who = 11 + visit * 3 % 8
            if not self.is_gone(who):
                yield (str(visit), KEYS["customer"][who], self.personal(who, "o", text(who, "o", f" hall {visit}")),
                       f"'2026-01-{10 + visit % 4}'")

    def members(self):
        for number, login in KEYS["member"].items():
            if not self.is_gone(number):
                yield ("'" + login.replace("'", "''") + "'", self.personal(number, "n", text(number, "n")),
                       self.personal(number, "e", None if number == 53 else text(number, "e")), str(number % 2), str(number - 48))

    def sql(self, schema):
        """Makes the schema, and leaves it first in the search_path."""
        def rows(table, made):
            return f"INSERT INTO {table} VALUES {', '.join('(' + ', '.join(row) + ')' for row in made)};"
        goods = [(str(n), f"'thing {n}'", str(n * 3 % 7)) for n in range(1, 7)]
        return (f"CREATE SCHEMA IF NOT EXISTS {schema}; SET search_path = {schema};" + TABLES + rows("customers", self.customers()) +
                rows('"AddressBook"', self.recipients()) + rows("orders", self.orders()) + rows("visits", self.visits()) +
                rows("members", self.members()) + rows("goods", goods) + CODE)


SHARED_TYPES = "CREATE SCHEMA kinds; CREATE DOMAIN kinds.phone AS text CHECK (length(VALUE) < 100); GRANT USAGE ON SCHEMA kinds TO PUBLIC;"
TABLES = """
CREATE TABLE customers (id int PRIMARY KEY, name text, phone kinds.phone, email varchar(60) UNIQUE, region text NOT NULL,
    grade int NOT NULL, referrer int);
CREATE TABLE "AddressBook" ("Id" uuid PRIMARY KEY, "Owner" int NOT NULL, "Full Name" text, "Phone No" text, "Label" text);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL, recipient_id uuid, item text, amount numeric(10, 2), door text,
    status text NOT NULL);
CREATE TABLE visits (id int, customer_id int NOT NULL, place text, day date NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE visits_early PARTITION OF visits FOR VALUES FROM (0) TO (6);
CREATE TABLE visits_late PARTITION OF visits FOR VALUES FROM (6) TO (2000);
CREATE TABLE members (login text PRIMARY KEY, nick text, mail text, level int NOT NULL, customer_id int);
CREATE TABLE goods (id int PRIMARY KEY, title text NOT NULL, price int NOT NULL);
"""
CODE = """
CREATE VIEW contact AS SELECT id, name, phone FROM customers;
CREATE VIEW labels AS SELECT name AS who, region FROM customers WHERE grade < 3;
CREATE VIEW handled AS SELECT o.id AS number, c.name AS buyer, b."Full Name" AS "To", o.item FROM orders o
    JOIN customers c ON c.id = o.customer_id LEFT JOIN "AddressBook" b ON b."Id" = o.recipient_id;
CREATE VIEW callers AS SELECT l.who AS caller, upper(l.region) AS "At" FROM labels l;
CREATE VIEW sent AS SELECT o.item, c.region, o.status AS "Is" FROM orders o LEFT JOIN customers c ON c.id = o.customer_id AND c.grade > 0;
CREATE MATERIALIZED VIEW buyers AS SELECT c.id, c.name, count(o.id)::int AS bought FROM customers c
    LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id, c.name ORDER BY c.id;
CREATE FUNCTION named(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT name FROM customers WHERE id = $1';
CREATE FUNCTION of_region(text) RETURNS SETOF customers LANGUAGE sql STABLE AS 'SELECT * FROM customers WHERE region = $1 ORDER BY id';
CREATE FUNCTION above(bottom int) RETURNS TABLE (who text, num text) LANGUAGE plpgsql STABLE AS
    $$ BEGIN RETURN QUERY SELECT name, phone::text FROM customers WHERE grade >= bottom ORDER BY id; END $$;
CREATE FUNCTION mailed(int) RETURNS text STABLE BEGIN ATOMIC SELECT email FROM customers WHERE id = $1; END;
CREATE FUNCTION told(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'told %', $1; RETURN 'told'; END $$;
CREATE FUNCTION shout(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper($1) || ''!''';
CREATE FUNCTION whispered(what text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN lower(what); END $$;
"""
if postgres.MAJOR < 14:  # it has no such bodies
    CODE = CODE.replace("STABLE BEGIN ATOMIC SELECT email FROM customers WHERE id = $1; END", "STABLE LANGUAGE sql AS 'SELECT email FROM customers WHERE id = $1'")

MAPPING = {
    "subjects": {
        "customer": {"table": "public.customers", "key": "id"},
        "recipient": {"table": "public.AddressBook", "key": "Id"},
        "member": {"table": "public.members", "key": "login"},
    },
    "personal_data": [
        {"table": "public.customers", "subject": "customer", "key": "id", "fields": {"name": "name", "phone": "phone", "email": "email"}},
        {"table": "public.orders", "subject": "customer", "key": "customer_id", "fields": {"item": "order", "amount": "order"}},
        {"table": "public.orders", "subject": "recipient", "key": "recipient_id", "fields": {"door": "door_code"}},
        {"table": "public.visits", "subject": "customer", "key": "customer_id", "fields": {"place": "place"}},
        {"table": "public.AddressBook", "subject": "recipient", "key": "Id", "fields": {"Full Name": "name", "Phone No": "phone"}},
        {"table": "public.AddressBook", "subject": "customer", "key": "Owner", "fields": {"Label": "label"}},
        {"table": "public.members", "subject": "member", "key": "login", "fields": {"nick": "name", "mail": "email"}},
    ],
}


# ---- whom bytes show ----

# As it is, or in another case; from behind; as hexadecimal digits of its bytes.
TOKEN = re.compile(rb"(?i)q([135]\d)([npeiold])|([npeiold])(\d[135])q|[57]1(3[135]3\d)([46][0-9a-f]|[57]0)")
HASH = re.compile(rb"[0-9a-f]{32}")


def _hashes():
    """The md5 of what a person alone has, also of its usual disguises: {digest: (person, letter)}."""
    found = {}
    for number in PERSONS:
        values = {(letter, text(number, letter)) for letter in FIELDS[KIND[number]] if letter != "n" or number not in SHARED}
        values |= {("i", text(number, "i", f" thing {order}")) for order in range(1, 13)}
        values |= {("o", text(number, "o", f" hall {visit}")) for visit in range(1, 11)}
        for letter, value in values:
            for form in (value, value.upper(), value.lower(), value[::-1]):
                found[hashlib.md5(form.encode()).hexdigest().encode()] = number, letter
    return found


HASHES = _hashes()


def shown(data):
    """Whose values are in these bytes for certain: {(person, letter of the column)}."""
    found = set()
    for plain, letter, behind, backward, digits, last in TOKEN.findall(data):
        if plain:
            found.add((int(plain), letter.lower().decode()))
        elif backward:
            found.add((int(backward[::-1]), behind.lower().decode()))
        else:
            found.add((int(bytes.fromhex(digits.decode())), bytes.fromhex(last.decode()).lower().decode()))
    found |= {HASHES[one] for one in HASH.findall(data) if one in HASHES}
    return {(number, letter) for number, letter in found if number in KIND and letter in FIELDS[KIND[number]]}
