#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The verdict mask: what leaves of a field that a rule masks. Each test first shows it clear, without the rule."""
import json
import struct

import harness
import shop
from stage import equal, test
import wire

CODE = "PS003"
TABLES = """
CREATE TABLE patients (id int PRIMARY KEY, name varchar(20) NOT NULL, nick char(6), phone text, email text, address text, card text,
  resident char(14), blood "char", alias name, note text, born date, weight numeric(5, 1), seen timestamptz, tag uuid, photo bytea,
  doc jsonb, words text[], ward int NOT NULL);
INSERT INTO patients VALUES
  (7001, '홍길동', '길동', '010-1234-5678', 'gildong@example.com', '서울특별시 강남구 테헤란로 1', '1234-5678-9012-3456', '900101-1234567',
   'A', 'honggd', 'was ill', '1990-01-01', 71.5, '2026-01-02 03:04:05Z', '11111111-2222-3333-4444-555555555555', 'abc', '{"a": "secret"}', '{secret}', 1),
  (7002, '김철', NULL, '+82 10 2345 6789', 'a@b.co', '12 Main Street', '1234567890123456', '900101-2234567',
   'B', 'kim', 'x', '1980-02-03', 60, '2026-01-02 03:04:05Z', '11111111-2222-3333-4444-666666666666', 'abc', '{"b": 1}', '{a,b}', 1),
  (7003, '남궁민수', 'abcdef', '0212345678', 'not an address', '부산 해운대구 우동 12', 'none', NULL, NULL, NULL, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2),
  (7004, 'Jane Q. Secret-Smith', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2);
CREATE VIEW charts AS SELECT id, name, note || '!' AS note, lower(email) AS email FROM patients;
CREATE FUNCTION name_of(int) RETURNS text LANGUAGE sql AS 'SELECT name::text FROM public.patients WHERE id = $1';
GRANT SELECT, INSERT, UPDATE, DELETE ON patients TO app, analyst;
GRANT SELECT ON charts TO app, analyst;
"""
COLUMNS = ("name", "nick", "phone", "email", "address", "card", "resident", "blood", "alias", "note", "born", "weight", "seen", "tag", "photo", "doc", "words")
FIELDS = {column: column for column in COLUMNS} | {"card": "card_number", "resident": "resident_number", "nick": "name", "alias": "name", "weight": "body",
                                                    "tag": "body", "photo": "body", "doc": "body", "words": "body", "seen": "body", "blood": "body"}
MAPPING = {"subjects": {**shop.CONFIG["subjects"], "patient": {"table": "public.patients", "key": "id"}},
           "personal_data": [*shop.CONFIG["personal_data"], shop.personal("patients", "patient", "id", FIELDS)]}
ALL = {"name": "all", "when": {"fields": "any"}, "verdict": "mask"}
NAMES = {"name": "names", "when": {"fields": ["name"]}, "verdict": "mask"}
SECRETS = ("홍길동", "길동", "5678", "gildong", "테헤란", "9012", "123456", "honggd", "secret", "ill", "1990", "71.5", "abc", "김철", "2345", "main", "궁민",
           "해운대구 우", "jane", "smith", "555555")


@harness.shared
def tables():
    shop.server().sql(TABLES)


def front_of(name, rules, **more):
    tables()
    return shop.front(name, more={**MAPPING, "rules": rules, **more}, workers=1)


def set_rules(front, rules):
    front.guard.config["rules"] = rules
    equal(front.reload(), "config_reloaded")


def ask(session, sql):
    """The result of a simple query, its errors too."""
    return session.exchange(wire.query(sql))


def row_of(session, sql):
    (row,) = session.query(sql).rows
    return row


def secrets_in(text):
    return [secret for secret in SECRETS if secret in text.lower()]


def recorded(front, application):
    return shop.export(front)[application]


# ---- what is left ----

LEFT = {
    7001: {"name": "홍*동", "nick": "길*    ", "phone": "010-****-5678", "email": "g***@example.com", "address": "서울특별시 강남구 ***",
           "card": "1234-****-****-3456", "resident": "900101-*******", "blood": "*", "alias": "h*****", "note": "***"},
    7002: {"name": "김*", "nick": None, "phone": "+82 10 **** 6789", "email": "*@b.co", "address": "***", "card": "1234********3456",
           "resident": "900101-*******", "blood": "*", "alias": "k**", "note": "***"},
    7003: {"name": "남**수", "nick": "a*****", "phone": "02****5678", "email": "***", "address": "부산 해운대구 ***", "card": "***", "note": "***"},
    7004: {"name": "J*** *. S*****-S****"},
}


@test(gateway=True)
def test_formats():
    """What people expect is left of each value, in its own type; other types are null; keys and other columns stay"""
    front = front_of("masks-formats", [])
    select = f"SELECT id, {', '.join(COLUMNS)}, ward FROM patients ORDER BY id"
    with front.login(user="app", application_name="formats") as session:
        clear = session.query(select)
        set_rules(front, [ALL])
        masked = session.query(select)
        equal([row[0] for row in masked.rows], ["7001", "7002", "7003", "7004"])
        equal([row[-1] for row in masked.rows], [row[-1] for row in clear.rows])
        for row in masked.rows:
            equal(dict(zip(COLUMNS, row[1:-1])), {column: LEFT[int(row[0])].get(column) for column in COLUMNS})
        set_rules(front, [])
        equal(session.query(select).rows, clear.rows)
    front.stop()


if __name__ == "__main__":
    harness.main()
