# SPDX-License-Identifier: Apache-2.0
"""A small shop with made-up persons, pasu in front of it, and what the ledger says about it.

Four kinds of persons, so that every type of key occurs: customers (bigint: small, beyond 32 bits,
negative), members (uuid), accounts (text, some of which look like numbers or are hard to quote), and
the recipients of parcels, whose rows show two persons. Names carry the key of their person."""
import collections
import functools
import json

import guard
import harness
import inspector
import postgres
import stage
import wire

CUSTOMERS, MEMBERS, ACCOUNTS, PARCELS, PRODUCTS = 400, 150, 120, 150, 300
ROLES = ("app", "analyst")

MAKE_ROLES = "CREATE ROLE app LOGIN; CREATE ROLE analyst LOGIN;"
SCHEMA = f"""
CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL, phone text, email text UNIQUE NOT NULL,
    address text, grade int NOT NULL, region text NOT NULL);
INSERT INTO customers SELECT k, 'Kim-' || k, CASE WHEN i % 4 > 0 THEN '010-' || k END,
    'user' || k || '@example.com', CASE WHEN i % 3 > 0 THEN 'Main Street ' || k END, i % 5,
    (ARRAY['north', 'south', 'east'])[1 + i % 3]
  FROM (SELECT i, CASE WHEN i <= 20 THEN -7 * i WHEN i <= 40 THEN 5000000000 + 7 * i ELSE 1000 + 7 * i END::bigint k
          FROM generate_series(1, {CUSTOMERS}) i) s;
CREATE TABLE orders (id bigserial PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers,
    item text, amount numeric(10, 2) NOT NULL, placed_at timestamptz NOT NULL);
INSERT INTO orders(customer_id, item, amount, placed_at)
  SELECT c.id, CASE WHEN c.grade > 0 THEN 'item ' || n || ' of ' || c.id END, n * 1.25, timestamptz '2026-01-01Z' + n * interval '1 h'
    FROM customers c, generate_series(1, 3) n WHERE c.grade < 4;
CREATE INDEX ON orders (customer_id);
CREATE TABLE members (id uuid PRIMARY KEY, name text NOT NULL, phone text, level int NOT NULL);
INSERT INTO members SELECT md5(i::text)::uuid, 'Lee-' || md5(i::text)::uuid,
    CASE WHEN i % 2 > 0 THEN '011-' || i END, i % 4 FROM generate_series(1, {MEMBERS}) i;
CREATE TABLE accounts (login text PRIMARY KEY, name text NOT NULL, email text, level int NOT NULL);
INSERT INTO accounts SELECT l, 'Park-' || l, CASE WHEN i % 2 > 0 THEN 'a' || i || '@example.com' END, i % 4
  FROM (SELECT i, CASE i % 6 WHEN 0 THEN i::text WHEN 1 THEN '0' || i WHEN 2 THEN 'O''Neil ' || i
                  WHEN 3 THEN '사용자 ' || i WHEN 4 THEN 'a\\b"c,{{' || i || '}}' ELSE 'plain' || i END l
          FROM generate_series(1, {ACCOUNTS}) i) s;
CREATE TABLE parcels (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers,
    recipient text, recipient_phone text, door_code text, weight int NOT NULL);
INSERT INTO parcels SELECT 70000 + n, id, 'Choi-' || 70000 + n, CASE WHEN n % 2 > 0 THEN '012-' || n END,
    CASE WHEN n % 3 > 0 THEN '#' || n END, n % 7
  FROM (SELECT id, row_number() OVER (ORDER BY id) n FROM customers) s WHERE n <= {PARCELS};
CREATE TABLE products (id int PRIMARY KEY, title text NOT NULL, price int NOT NULL);
INSERT INTO products SELECT i, 'product ' || i, i * 10 FROM generate_series(1, {PRODUCTS}) i;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app, analyst;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO app, analyst;
GRANT CREATE ON SCHEMA public TO analyst;
ANALYZE;
"""

CUSTOMER_FIELDS = {"name": "name", "phone": "phone", "email": "email", "address": "address"}


def personal(table, subject, key, fields):
    return {"table": f"public.{table}", "subject": subject, "key": key, "fields": fields}


CONFIG = {
    "subjects": {
        "customer": {"table": "public.customers", "key": "id"},
        "member": {"table": "public.members", "key": "id"},
        "account": {"table": "public.accounts", "key": "login"},
        "recipient": {"table": "public.parcels", "key": "id"},
    },
    "personal_data": [
        personal("customers", "customer", "id", CUSTOMER_FIELDS),
        personal("orders", "customer", "customer_id", {"item": "order", "amount": "order", "placed_at": "order"}),
        personal("members", "member", "id", {"name": "name", "phone": "phone"}),
        personal("accounts", "account", "login", {"name": "name", "email": "email"}),
        personal("parcels", "customer", "customer_id", {"door_code": "door_code"}),
        personal("parcels", "recipient", "id", {"recipient": "name", "recipient_phone": "phone"}),
    ],
}


@harness.shared
def server():
    """PostgreSQL with the shop in it."""
    made = postgres.Server(harness.folder(), "shop", settings={"timezone": "UTC"})
    made.sql(MAKE_ROLES + SCHEMA)
    return made


@harness.shared
def asked():
    """The gateway's `inspector` setting, its role made."""
    return inspector.install(server())


def front(name, *, more=None, **gateway):
    """pasu in front of the shop; `more`: keys of the configuration beside the mapping."""
    return stage.Front(server(), name, inspector=asked(), more={**CONFIG, **(more or {})}, **gateway)


# ---- what the ledger says ----

def assert_types(kind, keys):
    """Numbers where the key's column holds numbers, however large; texts where it holds texts, whatever they look like."""
    expected = str if kind in ("member", "account") else int
    wrong = [key for key in keys if not isinstance(key, expected)]
    assert not wrong, f"{kind}: {wrong[:3]} are no {expected.__name__}"


PRIVILEGED = "privileged"


class Shown:
    """The export's lines of one application name, taken together. That a superuser reads, as tests of other things do, is
    no flag of the statement's."""

    def __init__(self):
        self.lines, self.keys, self.unknown, self.fields = [], collections.defaultdict(set), 0, {}
        self.missed, self.flags, self.attributions = collections.defaultdict(set), set(), set()
        self.rows = self.statements = self.misses = 0
        self.verdicts, self.rules = set(), set()
        self.privileged = False

    def add(self, line):
        self.lines.append(line)
        for kind, one in line["subjects"].items():
            keys = {str(key) for key in one.get("keys", ())}
            assert len(keys) == one["at_least"] <= one["at_most"], line
            assert_types(kind, one.get("keys", ()))
            self.keys[kind] |= keys
            self.unknown += one["at_most"] - one["at_least"]
        for kind, keys in (line.get("missed") or {}).items():
            assert_types(kind, keys)
            self.missed[kind] |= {str(key) for key in keys}
        for field, clarity in line["fields"].items():
            self.fields[field] = strongest(self.fields.get(field), clarity)
        self.flags |= set(line["flags"]) - {PRIVILEGED}
        self.privileged |= PRIVILEGED in line["flags"]
        self.rows += line["rows"]
        self.statements += line["statements"]
        self.misses += line["misses"]
        self.verdicts.add(line["verdict"])
        self.rules.add(line.get("rule"))
        if line["attribution"]:
            self.attributions.add(line["attribution"])

    def __repr__(self):
        return json.dumps(self.lines, ensure_ascii=False)[:3000]


CLARITY = ("null", "masked", "clear")


def strongest(one, other):
    return other if one is None or CLARITY.index(other) > CLARITY.index(one) else one


def export(config, *words):
    """What `pasu ledger export` says, by application name. `config`: a Front, or a guard."""
    config = getattr(config, "guard", config)
    done = guard.run("ledger", "export", "--json", "--keys", *words, "-c", config.path, timeout=60)
    assert done.returncode == 0, f"export: {done.returncode}: {done.stderr}"
    found = collections.defaultdict(Shown)
    for line in done.stdout.splitlines():
        line = json.loads(line)
        found[line["application"]].add(line)
    return found


def judge(front, told, is_right):
    """Of statements [(application, SQL, keys that were seen)] the ledger names nobody else, and bounds the others; and what `is_right` asks
    for holds: of the statement, those seen, those named, how many more there can be, and the export's lines."""
    said, problems = export(front), []
    for name, sql, seen in told:
        shown = said.get(name)
        keys = set(shown.keys["customer"]) if shown else set()
        unknown = shown.unknown if shown else 0
        if len(seen - keys) > unknown or keys - seen or not is_right(sql, seen, keys, unknown, shown):
            problems.append(f"{name}, {sql}: {len(seen)} seen, {len(keys & seen)} of them named, {sorted(keys - seen)[:3]} of {len(keys - seen)} others "
                            f"named, {unknown} unknown, {shown and (shown.flags, shown.attributions)}")
    assert not problems, "\n" + "\n".join(problems)


def problem(name, seen, shown):
    """What is wrong where a case has shown these customers, and the ledger says so; or None."""
    if not seen:
        return f"{name}: the case shows nobody"
    named = shown.keys["customer"]
    if len(seen - named) > shown.unknown:
        return f"{name}: {len(seen)} SHOWN UNCOUNTED, {len(named)} named: {shown}"
    return None if shown.fields else f"{name}: no field"


# ---- what is so ----

class Truth:
    """What PostgreSQL itself says, past the gateway: asked over one connection."""

    def __init__(self):
        self.session = server().connect()
        self.known = {}

    def rows(self, sql):
        if sql not in self.known:
            self.known[sql] = self.session.query(sql).rows
        return self.known[sql]

    def close(self):
        self.session.terminate()


@functools.lru_cache(None)
def keys(table, column):
    """All keys of a table, in order."""
    return [row[0] for row in server().sql(f"SELECT {column} FROM {table} ORDER BY 1")]


def play(front, pattern, name, statements):
    """Runs them in a session of that application name. Whom the client saw: what the pattern's groups
    found in the rows."""
    seen = set()
    with front.login(application_name=name) as session:
        for sql in statements:
            session.send(wire.query(sql))
            while True:
                kind, body = session.receive()
                if kind == "E":
                    raise wire.ServerError(wire.read_fields(body))
                if kind == "D":
                    seen |= {next(filter(None, found.groups())).decode() for found in pattern.finditer(body)}
                if kind == "Z":
                    break
        session.terminate()
    return seen
