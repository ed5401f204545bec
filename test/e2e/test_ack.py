#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Alerts are listed, and signed off once, for good: with a guard and without one; who, why and when is in the signed ledger."""
import os
import struct

import guard
import harness
import ledgerfile
import shop
from stage import equal, test
from test_signed import encrypted, is_all_signed, ledger, of, texts, verify

ALERT, ACKNOWLEDGED = 18, 19
BY = ("--who", "김 보안", "--why", "case 7\tclosed")


def alerts(front, *words):
    return front.guard.json("ack", *words)


def refused_erasure(front, name):
    """Under a hold somebody wants to erase a person: the index of the alert that this is."""
    done = front.guard.run("erase", "--why", "x", name)
    equal(done.returncode, 1, done.stderr)
    return [index for index, kind, _ in ledgerfile.records(ledger(front)) if kind == ALERT][-1]


def stage_alerts(front):
    """Three alerts, and the hold that they are about."""
    with front.login(user="app") as session:
        session.query("SELECT login, name FROM accounts WHERE login IN ('plain5', 'plain11', 'plain17')")
    front.guard.until_sessions(0)
    hold = front.guard.json("hold", "place", "--who", "court", "--why", "evidence")[0]["hold"]
    return hold, [refused_erasure(front, name) for name in ("plain5", "plain11", "plain17")]


@test(gateway=True, limit=120)
def test_signed_off():
    """An alert is listed until it is acknowledged, by the guard or without one, and once; of what is wrong nothing is recorded"""
    front = shop.front("ack")
    equal(alerts(front), [])
    equal(front.guard.run("ack").stdout, "no alert that nobody has acknowledged\n")
    hold, (first, second, third) = stage_alerts(front)
    found = alerts(front)
    equal([(one["alert"], one["severity"], one["rule"], one["about"], one["acknowledged"]) for one in found],
          [(index, 4, "hold", hold, None) for index in (first, second, third)])
    assert f"uid {os.getuid()} wanted to erase" in found[0]["text"] and found[0]["time"].endswith("Z"), found
    done = front.guard.run("ack")
    equal((done.returncode, done.stdout.count("\n")), (0, 3))
    assert f"alert {first} of 20" in done.stdout and f"about hold {hold}: uid" in done.stdout, done.stdout
    # With a guard.
    done = front.guard.run("ack", str(first), *BY)
    equal((done.returncode, done.stderr, done.stdout), (0, "", f"alert {first} is acknowledged: that is in the signed ledger\n"))
    assert is_all_signed(front), "the answer comes when it is signed"
    equal([one["alert"] for one in alerts(front)], [second, third])
    acknowledged = alerts(front, "--all")[0]["acknowledged"]
    equal((acknowledged.pop("time") > found[0]["time"], acknowledged),
          (True, {"uid": os.getuid(), "who": "김 보안", "why": "case 7\tclosed"}))
    assert "by 김 보안 (uid" in front.guard.run("ack", "--all").stdout and "case 7\\tclosed" in front.guard.run("ack", "--all").stdout
    payload, = of(front, ACKNOWLEDGED)
    equal((struct.unpack("<QII", payload[:16]), texts(payload[16:])), ((first, os.getuid(), 0), ["김 보안", "case 7\tclosed"]))
    # Once, and only an alert; one that is wrong, and none is acknowledged.
    for is_running in (True, False):
        for words, status, said in (((str(first),), 1, f"alert {first} is acknowledged already"),
                                    ((str(first - 1),), 1, f"no alert {first - 1}"),
                                    ((str(second), str(third + 1000)), 1, f"no alert {third + 1000}"),
                                    ((str(second), str(second)), 2, "named twice"), (("abc",), 2, "no alert"),
                                    (("-1",), 2, ""), (("99999999999999999999999",), 2, "no alert"),
                                    ((), 2, "say which alert"), ((str(second), "--all"), 2, "--all")):
            done = front.guard.run("ack", *words, *BY)
            equal(done.returncode, status, (words, done.stderr))
            assert done.stderr.startswith("pasu: ") and said in done.stderr, done.stderr
        for words in ((), ("--who", "x"), ("--why", "x"), ("--who", "", "--why", "x"), ("--who", "x" * 256, "--why", "y")):
            equal(front.guard.run("ack", str(second), *words).returncode, 2, words)
        equal(len(of(front, ACKNOWLEDGED)), 1)
        if is_running:
            front.stop()
    # Without a guard, several at once.
    equal(front.guard.json("ack", str(third), str(second), *BY), [{"alert": third}, {"alert": second}])
    assert is_all_signed(front), "also without a guard"
    equal(alerts(front), [])
    front.guard.start()
    equal([(one["alert"], one["acknowledged"]["who"]) for one in alerts(front, "--all")],
          [(index, "김 보안") for index in (first, second, third)])
    front.stop()
    verify(front)


@test(gateway=True)
def test_of_an_encrypted_ledger():
    """The same where the ledger is encrypted"""
    front, (key, _) = encrypted("sealed-ack", ("11" * 32, "22" * 32))
    _, numbers = stage_alerts(front)
    equal(front.guard.json("ack", str(numbers[1]), *BY), [{"alert": numbers[1]}])
    equal([one["alert"] for one in alerts(front)], [numbers[0], numbers[2]])
    front.stop()
    equal(front.guard.json("ack", str(numbers[0]), *BY), [{"alert": numbers[0]}])
    equal([one["alert"] for one in alerts(front)], [numbers[2]])
    equal(front.guard.run("ack", str(numbers[1]), *BY).returncode, 1)
    verify(front, "--encryption-key", key)


@test
def test_without_a_ledger():
    """Where there is no ledger yet each command that would write into it, or list what is in it, says in which folder, and what makes one"""
    folder = harness.folder() / "none"
    path = folder.with_suffix(".yaml")
    path.write_text(f"gateway: {{listen: 127.0.0.1:1, upstream: 127.0.0.1:2}}\nledger: {{directory: {folder}}}\n")
    for words in (("incident", "open", *BY), ("incident", "list"), ("ack", *BY, "3"), ("ack",), ("hold", "list"), ("scope",)):
        done = guard.run(*words, "-c", path)
        due = f"pasu: there is no ledger in {folder}\n  hint: pasu guard makes it; see ledger.directory in the configuration\n"
        equal((done.returncode, done.stderr[-len(due):]), (2, due), str(words))


if __name__ == "__main__":
    harness.main()
