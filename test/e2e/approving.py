# SPDX-License-Identifier: Apache-2.0
"""pasu with a rule that holds, and those who approve."""
import json
import os
import struct

import guard
import harness
import ledgerfile
from process import until
import shop
from stage import equal
from test_signed import ledger, texts
import wire


DENIED, EXPIRED, LOST, RULE, CANCELLED, WAITING = "PS006", "PS007", "PS008", "PS003", "57014", "PS005"
RAISED, REQUESTED, DECIDED, CONCLUDED = 31, 36, 37, 38  # numbers of docs/spec/ledger.md
APPROVED, REFUSED, OWN, LEFT = 1, 2, 3, 4
RELEASED, IS_DENIED, IS_EXPIRED, GONE, BY_CANCEL, BY_SERVER, BY_PASU, IS_LOST, RULED = range(1, 10)
KEY = int(shop.keys("customers", "id")[31])
ADDRESS = f"SELECT address FROM customers WHERE id = {KEY}"
NAME = f"SELECT name FROM customers WHERE id = {KEY}"
ROWS = [[f"Main Street {KEY}"]]
HOLD = {"name": "addresses", "when": {"fields": "address"}, "verdict": "hold", "reason": "ask your lead"}
FIRST, SECOND, OUTSIDER = "daemon", "games", "man"  # accounts that every system has
ROSTER = ("principal,kind,owner,owner_status\napp,human,Kim,active\nanalyst,human,Lee,active\n"
          f"{FIRST},human,Park,active\n{SECOND},human,Choi,active\n")


class Front:
    """pasu with a rule that holds, and accounts that may approve."""

    def __init__(self, name, rules, *, within="10m", workers=1, more=None):
        folder = harness.folder() / f"{name}-control"
        folder.mkdir(mode=0o755)
        self.roster = folder / "roster.csv"
        self.roster.write_text(ROSTER, encoding="utf-8")
        self.made = shop.front(name, workers=workers, more={
            "rules": rules, "control": str(folder / "control.sock"), "principals": {"roster": str(self.roster)},
            "approvals": {"within": within, "approvers": [FIRST, SECOND]} if harness.ROOT else {"within": within},
            **(more or {})})
        self.guard = self.made.guard

    def login(self, user="app", **options):
        return self.made.login(user=user, **options)

    def set(self, within=None, rules=None):
        if within:
            self.guard.config["approvals"]["within"] = within
        if rules is not None:
            self.guard.config["rules"] = rules
        equal(self.made.reload(), "config_reloaded")

    def be(self, lines):
        """Another roster, until it is in force."""
        if lines == self.roster.read_text(encoding="utf-8"):
            return
        mark = self.guard.mark()
        new = self.roster.with_suffix(".new")
        new.write_text(lines, encoding="utf-8")
        os.rename(new, self.roster)
        self.guard.wait("roster_reloaded", start=mark)

    def run(self, *words, account=None):
        """A command, as root or another account."""
        return guard.run(*words[:1], "-c", self.guard.path, *words[1:], **({"user": account, "group": account, "extra_groups": []} if account else {}))

    def decide(self, number, account=None, verb="approve", reason="ticket 4711"):
        """What is decided; it must be possible."""
        done = self.run(verb, "--reason", reason, "--json", str(number), account=account)
        equal((done.returncode, done.stderr), (0, ""), done.stdout)
        return json.loads(done.stdout)

    def refuses(self, number, words, account=None, verb="approve", status=1):
        done = self.run(verb, "--reason", "ticket 4711", str(number), account=account)
        equal((done.returncode, done.stdout), (status, ""))
        assert words in done.stderr, done.stderr
        return done.stderr

    def waits(self):
        return [json.loads(line) for line in self.run("approve", "--json").stdout.splitlines()]

    def waiting(self, count=1):
        """What waits, once it is so many."""
        found = until(lambda: (found := self.waits()) is not None and len(found) == count and (found or [None]), f"{count} requests")
        return found if count else []

    def records(self, kind):
        """A kind's payloads, with their indexes."""
        return [(index, payload) for index, found, payload in ledgerfile.records(ledger(self.made)) if found == kind]

    def ended(self, number):
        """How a request ended, once that is in the ledger."""
        return until(lambda: [payload[8] for _, payload in self.records(CONCLUDED) if struct.unpack_from("<Q", payload)[0] == number],
                     f"the end of {number}")[0]

    def decisions(self, number):
        return [(payload[12], payload[8:12], texts(payload[16:])) for _, payload in self.records(DECIDED)
                if struct.unpack_from("<Q", payload)[0] == number]


def root():
    if not harness.ROOT:
        raise harness.Skip("commands are run as several accounts")


@harness.shared
def shared():
    return Front("approvals", [HOLD])


def ask(session, sql=ADDRESS):
    """Asks for what is held; the request's number, as the notice says it."""
    return told(session, wire.query(sql))


def told(session, data, rule="rule addresses"):
    session.send(data)
    kind, body = session.receive()
    while kind != "N":
        assert kind not in "DE", (kind, body)
        kind, body = session.receive()
    fields = wire.read_fields(body)
    equal((fields["S"], fields["C"]), ("NOTICE", WAITING))
    number = int(fields["M"].split("pasu approve ")[1].split()[0])
    assert f"request {number}" in fields["M"] and rule in fields["M"], fields
    return number


def is_silent(session, other):
    """Whether nothing comes; `other` is a session of the same worker."""
    wire.handled(other)
    return not session._fill() and not session.buffer


def is_asked(name):
    """What the server was asked last by a session of that name."""
    return shop.server().value(f"SELECT query FROM pg_stat_activity WHERE application_name = '{name}'")
