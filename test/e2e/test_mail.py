#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Alerts by e-mail: what is judged arrives, whoever dies meanwhile, and nothing of what clients are called becomes more of a
message than its text."""
import email.utils
import json
import os
import signal

import certificate
import guard
import harness
from mailbox import HANG_UP, Server
import process
from process import until
import shop
import stage
from stage import equal, test
from test_alerts import ALL, BUDGETS, recorded, secret_file, stamp, stop_analyst, told
import wire

FROM, TO = "pasu@shop.example", ["oncall@shop.example", "desk@shop.example"]
NAMES = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"}
HOSTILE = "kim\r\nBcc: all@elsewhere.example\r\n\r\n.\r\nMAIL FROM:<x@y.z>"


def by(mail, **more):
    return {"email": {"server": mail.url, "from": FROM, "to": TO, **({} if mail.context else {"tls": "off"}), **more},
            **({"ca": str(stage.authority().path)} if mail.context else {})}


def arrived(front, mail):
    return [one.number for one in mail.come()] == recorded(front)


@test(gateway=True, limit=90)
def test_arrives():
    """Without e-mail nobody hears of what a budget blocks; with it, it comes by STARTTLS to who is to be told, with what pasu ack
    lists; what nobody acknowledges comes to the address of who has it next, as an answer to the first"""
    mail = Server(certificate=stage.issued("mail"), user=("pasu", "a word"))
    front = told("mail", {})
    stop_analyst(front, 1)
    front.guard.wait("alert_raised", principal="analyst")
    equal(mail.commands, [])
    front.guard.config["alerts"] = {
        **by(mail, user="pasu", password_file=secret_file("mail-word", "a word\n")),
        "escalation": [{"to": "on-call", "within": "2s"}, {"to": "ceo", "within": "1h", "email": "ceo@shop.example"}]}
    equal(front.reload(), "config_reloaded")
    with front.login(user="app") as session:
        session.query(ALL)
    until(lambda: len(mail.come()) == 2, "it comes, and climbs")
    raised, climbed = mail.come()
    listed = [one for one in front.guard.json("ack") if one["principal"] == "app"][0]
    equal((raised.sender, raised.recipients, raised.message["From"], raised.message["To"]), (FROM, TO, FROM, ", ".join(TO)))
    equal(raised.message["Subject"], f"[pasu] warning: budget, alert, alert {listed['alert']}")
    equal((set(raised.message.keys()), raised.number), (NAMES, listed["alert"]))
    equal(raised.text.splitlines()[0], listed["text"])
    equal([raised.value(name) for name in ("rule", "principal", "session", "count", "rows", "persons, at most", "verdict", "It is now with")],
          ["budget app day 10", "app", listed["session"], "1", str(listed["rows"]), str(listed["subjects"]), "alert", "on-call"])
    assert f"pasu ack {listed['alert']}" in raised.value("What to do"), raised.text
    assert abs(email.utils.parsedate_to_datetime(raised.message["Date"]).timestamp() - stamp(listed["time"])) < 1, raised.message["Date"]
    equal((climbed.recipients, climbed.value("It is now with")), (["ceo@shop.example"], "ceo"))
    assert "not acknowledged" in climbed.message["Subject"] and "Nobody has acknowledged" in climbed.text, climbed.text
    equal(climbed.message["In-Reply-To"], raised.message["Message-ID"])
    told_of, = until(lambda: (found := front.guard.status()["alerts"]) and not found[0]["waiting"] and found, "none waits")
    equal((told_of["kind"], told_of["name"], "failed" in told_of), ("email", f"localhost:{mail.port}", False))
    equal([one.number for one in mail.come()], recorded(front)[1:])  # from the reload on
    assert not [line for line in front.guard.process.lines if "a word" in line]
    front.stop()


@test(gateway=True, limit=180)
def test_nothing_is_lost():
    """The server is away while herald, keeper, gate and the whole are killed; then it says "later", and hangs up on a message that
    it has taken: every alert arrives, in order, and what comes twice is the same"""
    mail = Server()
    front = told("mail-lost", by(mail))
    stop_analyst(front, 1)
    until(lambda: len(mail.come()) == 1, "the first arrives")
    mail.close()
    for name in ("herald", "keeper", "gate"):
        stop_analyst(front, 2)
        front.guard.replace(name)
    stop_analyst(front, 2)
    pids = front.guard.pids().values()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not any(map(process.is_running, pids)), "all are gone")
    front.guard.start()
    assert front.guard.status()["alerts"][0]["waiting"] > 0, front.guard.status()["alerts"]
    again = Server(port=mail.port, answers=["451 later", HANG_UP])
    until(lambda: [one.number for one in mail.come() + again.come() if one] == recorded(front), "all arrive", 40)
    front.stop()
    until(lambda: [one.number for one in mail.come() + again.come()] == recorded(front), "the last ones")
    assert len(again.letters) > len(again.come()), "the one that was taken without a word did not come again"


@test(gateway=True, limit=120)
def test_only_to_whom_it_is_meant():
    """A server without STARTTLS, or whose certificate is another authority's, or for another name, is sent nothing: no address, no
    password, no message; TLS from the beginning is verified, too; a server that refuses one of the recipients has not taken it"""
    word = secret_file("mail-secret", "a word\n")
    other = certificate.Authority(harness.folder(), "other").issue("stranger", "localhost")
    misnamed = stage.authority().issue("misnamed", "elsewhere.example", names=("DNS:elsewhere.example",))
    servers = {"none": Server(user=("pasu", "a word")), "stranger": Server(certificate=other, user=("pasu", "a word")),
               "misnamed": Server(certificate=misnamed, is_implicit=True, user=("pasu", "a word"))}
    servers["none"].url = servers["none"].url.replace("127.0.0.1", "localhost")
    front = told("mail-wrong", {})
    for name, mail in servers.items():
        front.guard.config["alerts"] = {**by(mail, user="pasu", password_file=word, tls="require"), "ca": str(stage.authority().path)}
        equal(front.reload(), "config_reloaded")
        stop_analyst(front, 1)
        until(lambda: [one for one in front.guard.status().get("alerts", []) if one.get("failed") and one["waiting"]
                       and any(words in one["error"] for words in ("certificate", "SSL", "TLS"))], f"{name} fails for what it is")
        equal([mail.said(word) for word in ("AUTH", "MAIL", "RCPT", "DATA")], [[]] * 4, name)
    mail = Server(certificate=stage.issued("mail-whole"), is_implicit=True, refuses=TO[1:])
    front.guard.config["alerts"] = by(mail)
    equal(front.reload(), "config_reloaded")
    until(lambda: mail.said("RCPT"), "it is tried")
    until(lambda: any("550" in one.get("error", "") for one in front.guard.status()["alerts"]), "status says why")
    equal(mail.letters, [])
    mail.refuses.clear()
    until(mail.letters.copy, "it is taken for all")
    equal(mail.come()[0].recipients, TO)
    front.stop()


@test(gateway=True, limit=90)
def test_names_are_text():
    """A role whose name has lines in it adds no header, no recipient and no message: it stands in the text, on its one line"""
    shop.server().sql('CREATE ROLE "' + HOSTILE + '" LOGIN IN ROLE app')
    mail = Server()
    front = told("mail-names", by(mail), {"budgets": BUDGETS + [{"kind": "unknown", "window": "day", "subjects": 5, "verdict": "block"}]})
    with front.login(user=HOSTILE) as session:
        session.exchange(wire.query(ALL))
    until(mail.come, "it arrives")
    one, = mail.come()
    equal((one.recipients, set(one.message.keys())), (TO, NAMES))
    equal(one.value("principal"), HOSTILE[:63].replace("\r", "\ufffd").replace("\n", "\ufffd"))
    assert "elsewhere.example" not in one.data.decode() and max(map(len, one.data.split(b"\r\n"))) <= 76, one.data
    equal([mail.said(word) for word in ("MAIL", "RCPT")], [[f"MAIL FROM:<{FROM}>"], [f"RCPT TO:<{to}>" for to in TO]])
    front.stop()


@test
def test_check():
    """What is no address, no server, or would send a password in the clear, is told with what to do"""
    path = harness.folder() / "mail.yaml"
    base = {"gateway": {"listen": "127.0.0.1:6432", "upstream": "127.0.0.1:5432"}}
    good = {"server": "smtps://mail.example:465", "from": FROM, "to": TO}
    word = secret_file("mail-check", "a word\n")

    def said(**alerts):
        path.write_text(guard.yaml({**base, "alerts": alerts}) + "\n", encoding="utf-8")
        found = json.loads(guard.run("check", "-c", path, "--json").stdout)["faults"]
        assert all(one["hint"] for one in found), found
        return [one["text"] for one in found]

    equal(said(email=good), [])
    equal(said(email={**good, "server": "smtp://127.0.0.1:25", "tls": "off"}), [])
    for change, words in (
            ({"to": ["a@b", "kim@x.y\r\nBcc: z@z"]}, "control character"), ({"to": "Kim <kim@x.y>"}, "alerts.email.to"), ({"from": "kim"}, "alerts.email.from"),
            ({"from": "a@b,c@d"}, "alerts.email.from"), ({"server": "https://mail.example"}, "alerts.email.server"), ({"server": "smtp://mail.example"}, "alerts.email.server"),
            ({"server": "smtp://mail.example:25", "tls": "off"}, "not an address of this machine"), ({"tls": "off"}, "smtps"), ({"user": "x"}, "one without the other"),
            ({"server": "smtp://127.0.0.1:25", "tls": "off", "user": "x", "password_file": word}, "in the clear"), ({"to": [f"a{n}@b.c" for n in range(17)]}, "more than 16")):
        found = said(email={**good, **change})
        assert len(found) == 1 and words in found[0], (change, found)
    found = said(escalation=[{"to": "ceo", "within": "1h", "email": "ceo@shop.example"}])
    assert len(found) == 1 and "no alerts.email" in found[0], found


if __name__ == "__main__":
    harness.main()
