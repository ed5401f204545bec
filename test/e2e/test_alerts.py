#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Alerts: what budgets and rules judge is an alert in the signed ledger, and comes to whoever is to be told."""
import base64
import contextlib
import datetime
import functools
import hashlib
import hmac
import json
import os
import re
import signal
import ssl
import struct
import threading
import time

import certificate
import harness
import ledgerfile
import process
from process import until
import shop
import stage
from stage import equal, test
import targets
from test_signed import texts
import wire

ALERT, RAISED, ESCALATED, EXPOSURE, SALT = 18, 31, 32, 9, 16

BUDGETS = [{"principal": "app", "window": "day", "subjects": 10, "verdict": "alert"},
           {"principal": "analyst", "window": "day", "subjects": 5, "verdict": "block"}]
ALL = "SELECT id, name FROM customers ORDER BY id"


@functools.cache
def front():
    return shop.front("alerts", more={"budgets": BUDGETS})


def stop_analyst(front, times):
    """A budget blocks that often."""
    for _ in range(times):
        with front.login(user="analyst") as session:
            session.exchange(wire.query(ALL))


@test(gateway=True, limit=90)
def test_recorded():
    """What a budget alerts about and what it blocks is an alert with its principal, session and numbers; what comes
    within the minute is counted in the next one, at the latest when the guard ends"""
    with front().login(user="app") as session:
        session.query(ALL)
    front().guard.until_sessions(0)
    found, = front().guard.json("ack")
    equal({key: found[key] for key in ("severity", "rule", "control", "verdict", "principal", "count")},
          {"severity": 3, "rule": "budget app day 10", "control": "budget", "verdict": "alert", "principal": "app", "count": 1})
    assert ", severity 3, budget app day 10, about " in front().guard.run("ack").stdout
    assert 10 < found["rows"] == found["subjects"] <= shop.CUSTOMERS, found  # those that came together
    shown, = [line for line in front().guard.json("ledger", "export") if line["verdict"] == "alert"]
    equal(found["session"], shown["session"])
    assert shown["seq"] <= found["about"] < found["alert"], (found, shown)
    def of_analyst():
        return [one for one in front().guard.json("ack") if one["principal"] == "analyst"]

    stop_analyst(front(), 1)
    process.until(of_analyst, "the first one is told at once")  # two that came together would be one
    stop_analyst(front(), 2)
    front().stop()
    alerts = of_analyst()
    equal(sum(one["count"] for one in alerts), 3)
    equal((alerts[0]["count"], {one["verdict"] for one in alerts}, {one["severity"] for one in alerts}), (1, {"block"}, {4}))
    equal(len(alerts), 2)


# ---- who is told ----

class Both:
    """Two that were told one after the other."""

    def __init__(self, *hooks):
        self.hooks = hooks

    def alerts(self):
        found = {}
        for hook in self.hooks:
            for one in hook.alerts():
                equal(found.setdefault(one["id"], one), one)
        return list(found.values())


class Hook(targets.Web):
    """A webhook that takes alerts as standardwebhooks.com has it; `fails`: how many it refuses before."""

    def __init__(self, secret=b"", fails=0, **more):
        super().__init__(self.alert, **more)
        self.secret, self.fails, self.came, self.refused, self.headers = secret, fails, [], 0, []

    def alert(self, handler, body):
        with self.lock:
            if self.fails:
                self.fails -= 1
                self.refused += 1
                targets.answer(handler, 503, b"later")
                return
            found = json.loads(body)
            equal((handler.headers["Content-Type"], handler.headers["webhook-id"]),
                  ("application/json", found["id"] if "id" in found else found["metadata"]["uid"]))
            assert abs(int(handler.headers["webhook-timestamp"]) - time.time()) < 60, handler.headers
            signed = f"{handler.headers['webhook-id']}.{handler.headers['webhook-timestamp']}.".encode() + body
            mine = "v1," + base64.b64encode(hmac.new(self.secret, signed, hashlib.sha256).digest()).decode()
            equal(handler.headers["webhook-signature"], mine if self.secret else None)
            self.came.append(found)
        targets.answer(handler, 204, b"")

    def alerts(self):
        """In the order in which they came first; what came again is the same."""
        with self.lock:
            found = {}
            for one in self.came:
                equal(found.setdefault(one["id"], one), one)
            return list(found.values())


class Lines(targets.Syslog):
    """A syslog that takes alerts; of TCP with TLS where it is given a certificate."""

    def __init__(self, kind, path=None, certificate=None):
        self.context, self.name = None, kind
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate.path, certificate.key)
            self.name = "tls"
        super().__init__(kind, path)
        if certificate:
            self.target = f"tls://localhost:{self.socket.getsockname()[1]}"

    def read(self, connection):
        if self.context:
            with contextlib.suppress(OSError):
                connection = self.context.wrap_socket(connection, server_side=True)
                self.open.append(connection)
                super().read(connection)
            return
        super().read(connection)

    def take(self, data):
        head, _, rest = data.decode("utf-8").partition(" [pasu@32473 ")
        priority, moment, host, name, pid, kind = head.split(" ")
        assert name == "pasu" and host and int(pid) and moment.endswith("Z"), head
        parameters, _, text = rest.partition('"] ')
        found = {key: value for key, value in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', parameters + '"')}
        with self.lock:
            self.lines.append({"priority": priority, "kind": kind, "text": text, **found})


def secret_file(name, text):
    path = harness.folder() / name
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def told(front, alerts, more=None):
    return shop.front(front, more={"budgets": BUDGETS, "alerts": alerts, **(more or {})})


def recorded(front):
    """Indexes of what was recorded for somebody to be told: alerts, and steps."""
    return [index for index, kind, _ in ledgerfile.records(front.guard.folder / "ledger") if kind in (ALERT, RAISED, ESCALATED)]


def numbers(alerts):
    return [int(one["id"].rpartition("/")[2]) for one in alerts]


def counts(front):
    """How many alerts the ledger counts: the sum of what was raised."""
    return sum(struct.unpack("<Q", payload[16:24])[0] for _, kind, payload in ledgerfile.records(front.guard.folder / "ledger")
               if kind == RAISED)


def is_all(front, hook):
    return numbers(hook.alerts()) == recorded(front)


@test(gateway=True, limit=90)
def test_webhook_and_syslog():
    """An alert comes to webhook and syslog within seconds: signed, with its numbers, the name of who has it, and what to do"""
    hook = Hook(b"a secret of ours", certificate=stage.issued("alerts"))
    lines = Lines("udp")
    front = told("told", {"webhook": f"{hook.url}/token", "webhook_secret_file": secret_file("secret", "a secret of ours\n"),
                          "ca": str(stage.authority().path), "syslog": lines.target,
                          "escalation": [{"to": "on-call", "within": "1h"}]})
    stop_analyst(front, 1)
    until(hook.alerts, "the webhook has it")
    until(lambda: lines.lines, "the syslog has it")
    one, = hook.alerts()
    data, line = one["data"], lines.lines[0]
    listed, = front.guard.json("ack")
    equal((one["version"], one["type"], one["timestamp"]), (1, "alert.raised", listed["time"]))
    for key in ("alert", "rule", "control", "verdict", "principal", "session", "count", "since", "rows", "subjects", "about", "text"):
        equal(data[key], listed[key], key)
    equal((data["severity"], data["severity_id"], data["to"], data["escalated_to"], data["step"]), ("warning", 4, "on-call", None, 0))
    assert f"pasu ack {data['alert']}" in data["what_to_do"] and data["session"] in data["what_to_do"], data
    equal((line["priority"], line["kind"], line["id"], line["rule"], line["principal"], line["to"], line["text"]),
          ("<107>1", "alert", one["id"], data["rule"], "analyst", "on-call", data["text"]))
    assert "token" not in front.guard.run("status").stdout
    # The keeper hears that they are delivered some time after the receivers have them.
    told_of = until(lambda: (all_of := front.guard.status()["alerts"]) and not any(one["waiting"] for one in all_of) and all_of,
                    "none waits")
    equal({one["kind"]: "failed" in one for one in told_of}, {"webhook": False, "syslog": False})
    front.stop()


# Three rules of three kinds, each with a principal of its own.
LOST = {"analyst": BUDGETS[1], "l_agent": {"name": "no-mails", "when": {"principal": "l_agent", "fields": ["email"]}, "verdict": "block"},
        "l_clerk": {"name": "told-of-phones", "when": {"principal": "l_clerk", "fields": ["phone"]}, "verdict": "alert"}}


def in_order(front, alerts):
    """What came of each rule is what the ledger has of it, in its order; of how many rules."""
    due, came = {}, {}
    for index, kind, payload in ledgerfile.records(front.guard.folder / "ledger"):
        if kind == RAISED:
            due.setdefault(texts(payload[56:])[1], []).append(index)
    for one in alerts:
        came.setdefault(one["data"]["rule"], []).extend(numbers([one]))
    return came == due and len(due)


def judged_in_turn(front, times):
    """A statement of each principal in turn, that often: how many were judged."""
    for _ in range(times):
        stop_analyst(front, 1)
        for name, field, code in (("l_agent", "email", "PS003"), ("l_clerk", "phone", None)):
            with front.login(user=name) as session:
                equal(session.exchange(wire.query(f"SELECT {field} FROM customers LIMIT 3")).code, code)
    return times * len(LOST)


@test(gateway=True, limit=180)
def test_nothing_is_lost():
    """The receiver is away (for a minute, in the long run) while herald, keeper, gate and the whole are killed, and three rules are broken in turn by three
    principals: every alert arrives, in order per rule, and the counts add up to what was judged"""
    shop.server().sql("CREATE ROLE l_agent LOGIN IN ROLE app; CREATE ROLE l_clerk LOGIN IN ROLE app")
    hook = Hook()
    port = hook.port
    front = told("lost", {"webhook": hook.url}, {"rules": [LOST["l_agent"], LOST["l_clerk"]]})
    judged = judged_in_turn(front, 1)
    until(lambda: len(hook.alerts()) == len(LOST), "the first ones arrive")
    hook.close()
    away = time.monotonic() + (60 if harness.LONG else 0)
    for name in ("herald", "keeper", "gate", "keeper", "keeper"):  # of each keeper the first ones are not folded
        judged += judged_in_turn(front, 2)
        front.guard.replace(name)
    judged += judged_in_turn(front, 2)
    pids = front.guard.pids().values()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not any(map(process.is_running, pids)), "all are gone")
    front.guard.start()
    judged += judged_in_turn(front, 1)
    waiting = {one["kind"]: one["waiting"] for one in front.guard.status()["alerts"]}
    assert waiting["webhook"] > 0, waiting
    until(lambda: time.monotonic() >= away, "the receiver was away for a minute", 70)
    again = Hook(port=port)
    both = Both(hook, again)
    until(lambda: set(numbers(both.alerts())) == set(recorded(front)), "all arrive", 100 if harness.LONG else 40)
    equal(in_order(front, both.alerts()), len(LOST), "in order per rule")
    front.stop()
    equal(counts(front), judged)
    # What was raised at the end is there, too, and the sum of what came is what was recorded.
    until(lambda: set(numbers(both.alerts())) == set(recorded(front)), "the last ones")
    equal(in_order(front, both.alerts()), len(LOST), "in order per rule")
    came = [one["data"] for one in both.alerts()]
    assert len(came) >= 4 * len(LOST), "several of each rule waited"
    equal({name: sum(one["count"] for one in came if one["principal"] == name) for name in LOST}, dict.fromkeys(LOST, judged // len(LOST)))
    swapped = list(reversed(both.alerts()))
    equal(in_order(front, swapped), False, "another order would be seen")


def one_over(kind, alerts=None, **more):
    """An alert over that syslog: the line, and how many there were."""
    lines = Lines(kind, **more)
    front = told(f"over-{lines.name}", {"syslog": lines.target, **(alerts or {})})
    stop_analyst(front, 1)
    until(lambda: lines.lines, f"the syslog over {lines.name} has it")
    stop_analyst(front, 2)
    front.stop()
    until(lambda: len(lines.lines) == 2, "and the second one")
    equal([int(line["id"].rpartition("/")[2]) for line in lines.lines], recorded(front))
    equal([line["count"] for line in lines.lines], ["1", "2"])
    lines.close()


@test(gateway=True, limit=90)
def test_syslog():
    """Over UDP, TCP, a socket of this machine and TLS; over the streams with the length in front"""
    one_over("udp")
    one_over("tcp")
    one_over("unix", path=harness.folder() / "log")
    one_over("tcp", {"ca": str(stage.authority().path)}, certificate=stage.issued("syslog"))


@test(gateway=True, limit=90)
def test_wrong_certificates():
    """A webhook and a syslog whose certificate is another authority's, or for another name, get nothing, and status says why"""
    other = certificate.Authority(harness.folder(), "other").issue("stranger", "localhost")
    misnamed = stage.authority().issue("misnamed", "elsewhere.example", names=("DNS:elsewhere.example",))
    for wrong in (other, misnamed):
        hook, lines = Hook(certificate=wrong), Lines("tcp", certificate=wrong)
        front = told(f"wrong-{wrong.path.stem}", {"webhook": hook.url, "syslog": lines.target, "ca": str(stage.authority().path)})
        stop_analyst(front, 1)
        until(lambda front=front: all("failed" in one and one["waiting"] == 1 for one in front.guard.status().get("alerts", [{}])),
              "both fail")
        for one in front.guard.status()["alerts"]:
            assert "certificate" in one["error"], one
        front.stop()
        equal((hook.seen, lines.lines), (0, []))


@test(gateway=True, limit=90)
def test_refused_and_redirected():
    """What is no 2xx is no delivery: a redirect is not followed, and it is tried again, with the same id and body"""
    elsewhere, hook = Hook(), Hook(fails=2)
    front = told("refused", {"webhook": hook.url})
    stop_analyst(front, 1)
    until(hook.alerts, "it arrives")
    equal((hook.refused, len(hook.came), numbers(hook.alerts())), (2, 1, recorded(front)))
    front.stop()

    def redirect(handler, body):
        handler.send_response(307)
        handler.send_header("Location", elsewhere.url)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    hook = targets.Web(redirect)
    front = told("redirected", {"webhook": hook.url})
    stop_analyst(front, 1)
    until(lambda: hook.seen > 1, "it is tried again")
    assert "307" in front.guard.status()["alerts"][0]["error"], front.guard.status()["alerts"]
    front.stop()
    equal(elsewhere.seen, 0)


@test(gateway=True, limit=120)
def test_climbs():
    """Who does not acknowledge in time has it climb, step by step, each in the ledger and sent, over a restart; what is
    acknowledged climbs no more"""
    hook = Hook()
    steps = [{"to": "on-call", "within": "10s"}, {"to": "ciso", "within": "3s"}, {"to": "ceo", "within": "2s"}]
    front = told("climbs", {"webhook": hook.url, "escalation": steps})
    stop_analyst(front, 1)
    with front.login(user="app") as session:
        session.query(ALL)
    until(lambda: len(hook.alerts()) == 2, "both arrive")
    blocked, noticed = sorted(hook.alerts(), key=lambda one: one["data"]["principal"])
    equal((blocked["data"]["principal"], blocked["data"]["to"]), ("analyst", "on-call"))
    equal(front.guard.run("ack", str(noticed["data"]["alert"]), "--who", "kim", "--why", "known").returncode, 0)
    until(lambda: len(hook.alerts()) >= 3, "it climbs")
    front.stop()
    front.guard.start()
    until(lambda: len(hook.alerts()) == 5, "to the top, and beyond")
    front.stop()
    of = [one for one in hook.alerts() if one["data"]["alert"] == blocked["data"]["alert"]]
    equal([(one["type"], one["data"]["step"], one["data"]["to"], one["data"]["escalated_to"]) for one in of],
          [("alert.raised", 0, "on-call", None), ("alert.escalated", 1, "ciso", "ciso"), ("alert.escalated", 2, "ceo", "ceo"),
           ("alert.escalated", 3, "ceo", "ceo")])
    assert not any("pasu kill" in one["data"]["what_to_do"] for one in of[1:]), "its session has ended"
    equal(len(of) + 1, len(hook.alerts()))
    equal(numbers(hook.alerts()), recorded(front))
    listed = {one["alert"]: one for one in front.guard.json("ack", "--all")}
    equal((listed[blocked["data"]["alert"]]["step"], listed[noticed["data"]["alert"]]["step"]), (3, 0))
    stamps = [stamp(one["timestamp"]) for one in of]
    assert [later - earlier >= within for earlier, later, within in zip(stamps, stamps[1:], (10, 3, 2))] == [True] * 3, stamps


def stamp(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


@test(gateway=True, limit=90)
def test_ocsf():
    """As a Detection Finding of OCSF, with what the class demands"""
    hook = Hook()
    hook.alerts = lambda: hook.came
    front = told("finding", {"webhook": hook.url, "format": "ocsf"})
    stop_analyst(front, 1)
    until(lambda: hook.came, "it arrives")
    found = hook.came[0]
    listed, = front.guard.json("ack")
    front.stop()
    equal((found["class_uid"], found["category_uid"], found["type_uid"], found["activity_id"], found["severity_id"]),
          (2004, 2, 200401, 1, 4))
    equal((found["finding_info"]["uid"].rpartition("/")[2], found["finding_info"]["title"], found["metadata"]["version"]),
          (str(listed["alert"]), listed["rule"], "1.8.0"))
    equal((found["disposition_id"], found["action_id"], found["is_alert"], found["count"]), (2, 2, True, 1))
    equal(found["evidences"], [{"actor": {"user": {"name": "analyst"}, "session": {"uid": listed["session"]}}}])


@test(gateway=True, limit=90)
def test_of_the_ledger():
    """What is about the ledger itself is told, too: here that somebody wanted to erase a person under a hold"""
    hook = Hook()
    front = told("held", {"webhook": hook.url})
    with front.login(user="app") as session:
        session.query("SELECT login, name FROM accounts WHERE login = 'plain5'")
    front.guard.until_sessions(0)
    front.guard.json("hold", "place", "--who", "court", "--why", "evidence")
    equal(front.guard.run("erase", "--why", "x", "plain5").returncode, 1)
    until(hook.alerts, "it arrives")
    data = hook.alerts()[0]["data"]
    equal((data["control"], data["rule"], data["severity_id"], data["principal"], data["session"], data["verdict"], data["count"]),
          ("pasu", "hold", 4, None, None, None, 1))
    front.stop()
    # Without a guard, too: the next one tells it.
    equal(front.guard.run("erase", "--why", "x", "plain5").returncode, 1)
    front.guard.start()
    until(lambda: len(hook.alerts()) == 2, "the second one")
    equal(numbers(hook.alerts()), recorded(front))
    front.stop()


@test(gateway=True, limit=90)
def test_reload():
    """Who is to be told comes with a reload, and is told of what comes from then on"""
    hook = Hook()
    front = shop.front("reloaded", more={"budgets": BUDGETS})
    stop_analyst(front, 1)
    front.guard.wait("alert_raised", principal="analyst")
    front.guard.config["alerts"] = {"webhook": hook.url}
    equal(front.reload(), "config_reloaded")
    with front.login(user="app") as session:
        session.query(ALL)
    until(hook.alerts, "it is told")
    equal([one["data"]["principal"] for one in hook.alerts()], ["app"])
    equal(numbers(hook.alerts()), recorded(front)[1:])
    front.stop()


def judged(front):
    """How many exposures the ledger has that were judged: alert, hold or block, docs/spec/exposure.md."""
    return sum(payload[SALT + 56] in (1, 3, 4) for _, kind, payload in ledgerfile.records(front.guard.folder / "ledger")
               if kind == EXPOSURE)


@test(gateway=True, limit=200)
def test_storm():
    """Eight sessions of two roles are blocked all the time, the receiver comes and goes, and one process after the other is
    killed: what arrives is a few messages, in order, whose counts add up to what the ledger has that was judged"""
    hooks = [Hook()]
    port, over = hooks[0].port, threading.Event()
    front = told("storm", {"webhook": hooks[0].url}, {"budgets": BUDGETS + [dict(BUDGETS[1], principal="app", subjects=3)]})

    def run(user):
        while not over.is_set():
            with contextlib.suppress(OSError, wire.Closed, wire.ServerError), front.login(user=user) as session:
                for _ in range(20):
                    session.exchange(wire.query(ALL))

    threads = [threading.Thread(target=run, args=(user,), daemon=True) for user in ("app", "analyst") * 4]
    for thread in threads:
        thread.start()
    for name in ("keeper", "herald", "gate", "keeper", "gate", "keeper"):
        until(lambda: judged(front) > 50, "there is a storm")
        if hooks[-1].server.fileno() >= 0:
            hooks[-1].close()
        else:
            hooks.append(Hook(port=port))
        front.guard.replace(name)
    over.set()
    for thread in threads:
        thread.join()
    front.stop()
    if hooks[-1].server.fileno() < 0:
        hooks.append(Hook(port=port))
    front.guard.start()
    until(lambda: is_all(front, Both(*hooks)), "all arrive", 40)
    front.stop()
    until(lambda: is_all(front, Both(*hooks)), "and the last ones", 40)
    came = [one["data"] for one in Both(*hooks).alerts()]
    equal({one["principal"] for one in came}, {"app", "analyst"})
    equal((sum(one["count"] for one in came), counts(front)), (judged(front), judged(front)))
    assert len(came) < 40 < judged(front), (len(came), judged(front))


if __name__ == "__main__":
    harness.main()
