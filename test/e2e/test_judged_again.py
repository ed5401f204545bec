#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The same statement again, which nothing but what it is judged by has changed between: it is judged by what holds then.

Each session has rules that hold, so that a statement is looked at before it is asked; each statement shows one person."""
import harness
import process
import shop
from stage import equal, test
from test_clock import environment, moved
import wire

BLOCKED = "PS003"
KEYS = shop.keys("customers", "id")
NAME = f"SELECT name FROM customers WHERE id = {KEYS[30]}"
HELD = {"name": "never", "when": {"fields": ["address"]}, "verdict": "hold"}
NAMES = {"name": "names", "when": {"fields": ["name"]}, "verdict": "block"}
ROW = [[f"Kim-{KEYS[30]}"]]
WAYS = ("simple", "extended", "prepared")


class Asked:
    """A session that asks the same three ways: by a text, by one with a parameter, by a statement that it has prepared once."""

    def __init__(self, front, **options):
        self.session = front.login(**{"user": "app", "application_name": "again", **options})
        self.session.exchange(wire.parse("SELECT name FROM customers WHERE id = $1", name="kept") + wire.SYNC)

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.session.__exit__(*why)

    def ask(self, way, key=KEYS[30], comment=""):
        if way == "simple":
            return self.session.exchange(wire.query(f"SELECT name FROM customers WHERE id = {key}{comment}"))
        name = "kept" if way == "prepared" else ""
        parse = b"" if name else wire.parse("SELECT name FROM customers WHERE id = $1" + comment)
        return self.session.exchange(parse + wire.bind([str(key)], name=name) + wire.execute() + wire.SYNC)

    def comes(self, way, **what):
        result = self.ask(way, **what)
        equal((way, result.code, result.rows), (way, None, ROW))

    def is_blocked(self, way, **what):
        result = self.ask(way, **what)
        equal((way, result.code, result.rows), (way, BLOCKED, []))


def set_rules(front, *rules):
    front.guard.config["rules"] = [HELD, *rules]
    equal(front.reload(), "config_reloaded")


@test(gateway=True)
def test_other_rules():
    """Rules that come and go between two equal statements decide about the second one, each time"""
    front = shop.front("again-rules", more={"rules": [HELD]}, workers=1)
    with Asked(front) as one:
        for _ in range(3):
            for way in WAYS:
                one.comes(way)
                one.comes(way)
            set_rules(front, NAMES)
            for way in WAYS:
                one.is_blocked(way)
                one.is_blocked(way)
            set_rules(front)
    front.stop()


@test(gateway=True)
def test_other_actors():
    """Whom the session acts for, by a setting and by a comment, decides about the next statement, and is recorded with it"""
    rule = {"name": "not-eve", "when": {"actor": ["eve"], "fields": ["name"]}, "verdict": "block"}
    front = shop.front("again-actors", workers=1,
                       more={"rules": [HELD, rule], "principals": {"actor_from": ["sqlcommenter", "setting:pasu.actor"]}})
    with Asked(front) as one:
        for way in WAYS:
            one.comes(way)
            one.session.query("SET pasu.actor = 'eve'")
            one.is_blocked(way)
            one.session.query("SET pasu.actor = 'kim'")
            one.comes(way)
            if way != "prepared":
                one.is_blocked(way, comment=" /*actor='eve'*/")
                one.comes(way)
            one.session.query("RESET pasu.actor")
    front.guard.until_sessions(0)
    lines = sorted(shop.export(front)["again"].lines, key=lambda line: line["seq"])
    equal([line["actor"] for line in lines if line["subjects"]], [None, "kim", "kim"] * 2 + [None, "kim"])
    front.stop()


@test(gateway=True)
def test_other_purposes():
    """A text without its ticket is refused, where the same with one has just passed, and with another one"""
    rule = {"name": "ticket", "when": {"purpose": {"not": ["T-1"]}, "fields": ["name"]}, "verdict": "block"}
    front = shop.front("again-purposes", more={"rules": [HELD, rule]}, workers=1)
    with Asked(front) as one:
        for way in WAYS[:2]:
            one.comes(way, comment=" /*purpose='T-1'*/")
            one.is_blocked(way)
            one.comes(way, comment=" /*purpose='T-1'*/")
            one.is_blocked(way, comment=" /*purpose='T-2'*/")
    front.stop()


@test(gateway=True, limit=90)
@moved
def test_another_hour():
    """A rule of hours decides from the minute on at which it begins, of a session that asks the same all the time"""
    rule = {"name": "night", "when": {"hours": "22:00-06:00", "fields": ["name"]}, "verdict": "block"}
    for second in (54, 40, 10):  # more time where this machine needs it
        front = shop.front("again-hours", workers=1, more={"rules": [HELD, rule], "environment": environment(f"2026-02-02 21:59:{second}")})
        with Asked(front) as one:
            before = [(came.code, came.rows) for came in (one.ask(way) for way in WAYS)]
            process.until(lambda one=one: one.ask("simple").code == BLOCKED, "the hour")
            for way in WAYS:
                one.is_blocked(way)
        front.stop()
        if before[-1][0] is None:
            break
    equal(before, [(None, ROW)] * len(WAYS))


def shown(one, way, count):
    """Of so many statements, each of another person: how many came clear, how many masked; which stopped first."""
    clear = masked = 0
    for key in KEYS[:count]:
        result = one.ask(way, key=key)
        if result.code is not None:
            return clear, masked, result.code
        clear += result.rows == [[f"Kim-{key}"]]
        masked += result.rows != [[f"Kim-{key}"]]
    return clear, masked, None


@test(gateway=True)
def test_more_persons():
    """The same statement of one person more than a budget has room for is masked, and stopped, with rules and without"""
    for way in WAYS:
        for name, rules in (("bare", []), ("ruled", [HELD])):
            role = f"again_{way}_{name}"
            shop.server().sql(f"CREATE ROLE {role} LOGIN IN ROLE app")
            front = shop.front(f"again-{way}-{name}", workers=1, more={"rules": rules, "budgets": [
                {"principal": role, "window": "day", "subjects": 4, "verdict": "mask"},
                {"principal": role, "window": "180d", "subjects": 7, "verdict": "block"}]})
            with Asked(front, user=role) as one:
                equal((way, name, shown(one, way, 4)), (way, name, (4, 0, None)))
                equal((way, name, shown(one, way, 4)), (way, name, (4, 0, None)))
                equal((way, name, shown(one, way, 10)), (way, name, (4, 3, "PS001")))
                equal((way, name, shown(one, way, 10)), (way, name, (0, 7, "PS001")))
            front.stop()


if __name__ == "__main__":
    harness.main()
