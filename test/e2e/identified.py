# SPDX-License-Identifier: Apache-2.0
"""What tests of the identity index share: people whose values say whose they are, and a pasu that looks them up."""
import json

import harness
import inspector
import postgres
import shop
import stage
from stage import equal

PEOPLE = 30
SCHEMA = f"""
CREATE ROLE app LOGIN; CREATE ROLE analyst LOGIN;
CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, email text UNIQUE, phone text, region text);
INSERT INTO people SELECT i, 'Kim-' || i, 'person' || i || '@mail.example', '010-' || 1000 + i / 2, 'r' || i % 3
  FROM generate_series(1, {PEOPLE}) i;
CREATE TABLE contacts (id int PRIMARY KEY, person int REFERENCES people, email text);
INSERT INTO contacts SELECT i, i % {PEOPLE} + 1, 'person' || i || '@mail.example' FROM generate_series(1, {PEOPLE}) i;
CREATE VIEW addresses AS SELECT email AS address, region FROM people;
CREATE VIEW pairs AS SELECT a.email FROM people a JOIN people b ON lower(a.email) > lower(b.email);
CREATE MATERIALIZED VIEW kept AS SELECT email FROM people;
CREATE TABLE notes (id serial PRIMARY KEY, body text);
CREATE FUNCTION retouch() RETURNS int LANGUAGE plpgsql AS $$ BEGIN UPDATE public.people SET email = 'y' WHERE id = 1; RETURN 1; END $$;
CREATE VIEW touching AS SELECT retouch() AS t;
CREATE MATERIALIZED VIEW touched AS SELECT retouch() AS t WITH NO DATA;
ALTER MATERIALIZED VIEW touched OWNER TO app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app, analyst;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO app, analyst;
GRANT CREATE ON SCHEMA public TO app;
ANALYZE;
"""
CONFIG = {
    "subjects": {"customer": {"table": "public.people", "key": "id"}},
    "personal_data": [
        {"table": "public.people", "subject": "customer", "key": "id", "fields": {"name": "name", "email": "email", "phone": "phone"}},
        {"table": "public.contacts", "subject": "customer", "key": "person", "fields": {"email": "email"}}],
    "identity": ["public.people.email", "public.people.phone"],
}


class Place:
    """A server of its own, and pasu in front of it, with an index or without."""

    def __init__(self, name, *, is_built=True, is_manual=True, schema="", allowed="GRANT SELECT ON people TO pasu",
                 more=None):
        self.server = postgres.Server(harness.folder(), f"identity-{name}")
        self.server.sql(SCHEMA + schema)
        self.asked = inspector.install(self.server)
        self.server.sql(allowed)
        self.front = stage.Front(self.server, f"identity-{name}", inspector=self.asked,
                                 more={**CONFIG, "attribution": {"identity": "manual" if is_manual else "auto"}, **(more or {})})
        self.front.guard.wait("catalog_loaded")
        if is_built:
            self.built = self.build()

    def run_any(self, *words):
        return self.front.guard.run(*words, timeout=60)

    def run(self, *words):
        return self.run_any("index", *words)

    def build(self):
        """And until a session can use it: the guard has read it, and its server has been asked. Servers before 15 count
        later what was written: what had not been counted when the table was read makes it stale, and it is read again."""
        for _ in range(1 if postgres.MAJOR >= 15 else 20):
            start = self.front.guard.mark()
            done = self.run("build", "--json")
            assert done.returncode == 0, done.stderr
            self.front.guard.wait("identity_ready", start=start)
            if self.front.guard.wait("identity_current", start=start)["columns"]:
                break
        return json.loads(done.stdout)

    def show(self, name, *statements, user="app"):
        """The rows of the last statement, and what the ledger says of a session that asked them."""
        with self.front.login(user=user, application_name=name) as session:
            for statement in statements:
                rows = session.query(statement).rows
            session.terminate()
        return rows, shop.export(self.front)[name]

    def stop(self):
        self.front.stop()
        self.server.stop()


def exactly(shown, people):
    """These persons, and nobody else, can have been shown; and they were found by their values."""
    equal(shown.keys["customer"], {str(p) for p in people}, repr(shown))
    equal(shown.unknown, 0, repr(shown))
    equal(shown.attributions, {"identity"}, repr(shown))


def bound(shown):
    """Nobody by name; everybody by number."""
    equal(shown.keys["customer"], set(), repr(shown))
    assert shown.unknown >= PEOPLE, shown
    equal(shown.attributions, {"bound"}, repr(shown))
