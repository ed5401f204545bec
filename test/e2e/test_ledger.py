#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the gate leaves in its rings is in the ledger once, whoever is killed."""
import os
import signal
import socket
import struct

from control import head
import guard
import harness
import ledgerfile
import postgres
import process
from process import until

WORKERS = 2


@harness.shared
def server():
    return postgres.Server(harness.folder())


def shape(number):
    """A payload that nobody else makes."""
    return struct.pack("<Q", number) + b"SELECT 'test'"


def leave(front, number):
    """In the last worker's ring, which is idle."""
    ledgerfile.ring_append(front.folder / "ledger", WORKERS - 1, ledgerfile.SHAPE, shape(number))


def count(front, number):
    return ledgerfile.ring_entries(front.folder / "ledger").count((WORKERS - 1, ledgerfile.SHAPE, shape(number)))


def flush(front):
    """The error that the keeper answers to CONTROL_FLUSH."""
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(60)
        control.connect(str(front.folder / "ledger" / "control.sock"))
        control.sendall((head(4) + struct.pack("<Q64sQQ512s", 0, b"", 0, 0, b"")).ljust(16960, b"\0"))
        answer = b""
        while piece := control.recv(4096):
            answer += piece
    kind, length, error = struct.unpack("<IIi", answer[:12])
    assert (kind, length) == (4, 16), answer
    return error


@harness.gateway_only
def test_flush():
    """After a flush the ledger has what the rings hold, though nobody woke the keeper"""
    front = guard.start(guard.gateway(server(), workers=WORKERS))
    for number in range(3):
        leave(front, number)
        assert flush(front) == 0
        assert count(front, number) == 1
    front.stop()


@harness.gateway_only
def test_left_behind():
    """What is left in a ring when everything stops or is killed is in the ledger once after the next start"""
    front = guard.start(guard.gateway(server(), workers=WORKERS))
    for number in range(6):
        if number % 2:
            pids = front.pids().values()
            os.kill(front.pids()["keeper"], signal.SIGSTOP)
            leave(front, number)
            front.process.kill()
            until(lambda: not any(process.is_running(pid) for pid in pids), "all its processes ended")
        else:
            front.stop()
            leave(front, number)
        front.start()
        assert flush(front) == 0
        assert [count(front, one) for one in range(number + 1)] == [1] * (number + 1)
    front.stop()


@harness.gateway_only
def test_keeper_killed():
    """What comes while no keeper runs is taken by the next one, and nothing twice"""
    front = guard.start(guard.gateway(server(), workers=WORKERS))
    for number in range(5):
        keeper = front.pids()["keeper"]
        os.kill(keeper, signal.SIGSTOP)
        leave(front, number)
        os.kill(keeper, signal.SIGKILL)
        until(lambda: count(front, number) == 1, "the entry in the ledger", 40)
        until(lambda: front.run("status").returncode == 0, "status answers", 40)
    assert [count(front, one) for one in range(5)] == [1] * 5
    front.stop()


if __name__ == "__main__":
    harness.main()
