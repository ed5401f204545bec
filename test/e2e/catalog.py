# SPDX-License-Identifier: Apache-2.0
"""A small shop with personal data, and what the catalog store makes of a database: the program
test/integration/catalog_dump, driven line by line."""
import subprocess

import harness
import process

PROGRAM = harness.PASU.parent / "test" / "integration" / "catalog_dump"

TABLES = """
CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL, phone text UNIQUE NOT NULL,
    email text UNIQUE NOT NULL, address text, grade int NOT NULL, region text NOT NULL);
INSERT INTO customers SELECT 100000 + 7 * i, 'name ' || i, 'phone ' || i, 'mail ' || i, 'address ' || i, i % 5, 'r'
    FROM generate_series(1, 200) i;
CREATE TABLE orders (id bigserial PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers, item text NOT NULL,
    amount int NOT NULL);
CREATE TABLE address_book (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers,
    recipient text NOT NULL, recipient_phone text, door_code text);
INSERT INTO address_book SELECT 500000 + id, id, 'recipient', NULL, '#' FROM customers WHERE grade = 0;
CREATE TABLE products (id int PRIMARY KEY, title text NOT NULL, price int NOT NULL);
CREATE TABLE card_vault (customer_id bigint PRIMARY KEY REFERENCES customers, card_number text NOT NULL);
CREATE TABLE visits (customer_id bigint, day date, note text) PARTITION BY RANGE (day);
CREATE TABLE visits_2024 PARTITION OF visits FOR VALUES FROM ('2024-01-01') TO ('2026-01-01');
"""
VIEWS = """
CREATE VIEW v_contact AS SELECT name AS who, phone AS tel FROM customers;
CREATE VIEW v_renamed AS SELECT id AS a, email AS b, grade AS c FROM customers;
CREATE VIEW v_nested AS SELECT w.who || ' / ' || w.tel AS line FROM v_contact w;
CREATE VIEW v_products AS SELECT id, title FROM products;
CREATE MATERIALIZED VIEW mv_vip AS SELECT name, address FROM customers WHERE grade = 4;
"""
FUNCTIONS = """
CREATE FUNCTION f_sql(k bigint) RETURNS text LANGUAGE sql SECURITY DEFINER AS
    'SELECT email FROM customers WHERE id = k';
CREATE FUNCTION f_all() RETURNS SETOF customers LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN RETURN QUERY SELECT * FROM customers WHERE grade = 2; END $$;
CREATE FUNCTION f_dyn(t text) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN RETURN QUERY EXECUTE 'SELECT phone FROM ' || t || ' WHERE grade = 3'; END $$;
CREATE FUNCTION f_cursor(r refcursor) RETURNS refcursor LANGUAGE plpgsql AS
    $$ BEGIN OPEN r FOR SELECT name FROM customers ORDER BY id LIMIT 40; RETURN r; END $$;
CREATE FUNCTION f_notice(k bigint) RETURNS void LANGUAGE plpgsql AS
    $$ DECLARE n text; BEGIN SELECT name INTO n FROM customers WHERE id = k; RAISE NOTICE '%', n; END $$;
CREATE FUNCTION f_clean(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * 2';
"""
CONFIGURATION = """
gateway: {{listen: 127.0.0.1:1, upstream: {upstream}, inspector: {{user: {user}{more}}}}}
ledger: {{directory: ./ledger}}
subjects:
  customer: {{table: public.customers, key: id}}
  recipient: {{table: public.address_book, key: id}}
personal_data:
  - {{table: public.customers, subject: customer, key: id, fields: {{name: name, phone: phone, email: email, address: address}}}}
  - {{table: public.orders, subject: customer, key: customer_id, fields: {{item: order, amount: order}}}}
  - {{table: public.visits, subject: customer, key: customer_id, fields: {{note: order}}}}
  - {{table: public.address_book, subject: customer, key: customer_id, fields: {{door_code: door_code}}}}
  - {{table: public.address_book, subject: recipient, key: id, fields: {{recipient: name, recipient_phone: phone}}}}
never: [public.card_vault]
"""
ALL = {"name", "phone", "email", "address", "order", "door_code"}


def configuration(server, name, user="postgres", secret=None):
    path = harness.folder() / f"{name}.yaml"
    more = f", password_file: {secret}" if secret else ""
    path.write_text(CONFIGURATION.format(upstream=server.upstream, user=user, more=more), encoding="utf-8")
    return path


class Line:
    """A relation or function of a snapshot."""

    def __init__(self, words):
        sets = dict(word.split("=", 1) for word in words if "=" in word)
        self.fields = set(filter(None, sets.get("fields", "").split(",")))
        self.kinds = set(filter(None, sets.get("kinds", "").split(",")))
        self.flags = {word for word in words if "=" not in word}


class Snapshot:
    """By name: `relations`, `functions` (of several of one name the last), `shows` (lists of texts)."""

    def __init__(self, lines):
        self.lines, self.relations, self.functions, self.shows = lines, {}, {}, {}
        for line in lines:
            kind, *words = line.split(" ")
            if kind in ("relation", "function"):
                getattr(self, kind + "s")[words[0].removeprefix("public.")] = Line(words[1:])
            elif kind == "show":
                self.shows.setdefault(words[0].removeprefix("public."), []).append(" ".join(words[1:]))

    def fields(self, name):
        return (self.relations.get(name) or self.functions[name]).fields


class Dump:
    def __init__(self, path, database="postgres"):
        self.popen = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", PROGRAM, path, database], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Its standard input ends; it must end well. What it has logged."""
        _, logged = self.popen.communicate(timeout=60)
        assert self.popen.returncode == 0, logged
        return logged

    def ask(self, command):
        self.popen.stdin.write(command + "\n")
        self.popen.stdin.flush()
        lines = []
        while True:
            line = self.popen.stdout.readline()
            if not line:
                raise process.Gone(f"catalog_dump: {self.popen.stderr.read()}")
            if line == ".\n":
                return lines
            lines.append(line.rstrip("\n"))

    def wait(self):
        """Waits for the next snapshot: its version; an AssertionError where it failed."""
        _, version, result = self.ask("wait")[0].split(" ", 2)
        assert result == "ok", result
        return int(version)

    def get(self):
        return Snapshot(self.ask("get"))

    def fresh(self):
        """As after DDL that was seen in passing: the snapshot that shows all that is committed now."""
        self.ask("touch")
        while True:
            self.wait()
            if self.ask("stale") == ["no"]:
                return self.get()

    def first(self):
        self.wait()
        return self.get()
