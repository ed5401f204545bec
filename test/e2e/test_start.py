#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How pasu starts: what it refuses to touch, and that "ready" means ready."""
import socket
import subprocess

import guard
import harness
import postgres
import process
import wire


@harness.shared
def server():
    return postgres.Server(harness.folder())


@harness.gateway_only
def test_control_is_a_file():
    """`control` names a file that is no socket: pasu does not start, and the file stays as it is"""
    path = harness.folder() / "customers.csv"
    path.write_text("not to be lost\n", encoding="utf-8")
    front = guard.start(guard.gateway(server()), control=str(path), wait=False)
    assert front.process.wait(20) == 2
    assert [event for event in front.events if event.get("event") == "start_failed"], front.events
    assert path.read_text(encoding="utf-8") == "not to be lost\n"


@harness.gateway_only
def test_control_is_in_use():
    """A second guard with the same control socket does not start; the first one keeps it"""
    first = guard.start(guard.gateway(server()))
    path = first.folder / "ledger" / "control.sock"
    second = guard.start(guard.gateway(server()), control=str(path), wait=False)
    assert second.process.wait(20) == 2
    assert first.status()["processes"], "the first guard still answers"
    first.stop()


@harness.gateway_only
def test_control_is_left_over():
    """A control socket that nobody answers on any more is replaced"""
    path = harness.folder() / "left.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    front = guard.start(guard.gateway(server()), control=str(path))
    assert front.status()["processes"]
    front.stop()


@harness.gateway_only
def test_secret():
    """The ledger's secret stays the same over a restart; one that others can read, or a cut one, is refused"""
    front = guard.start(guard.gateway(server()))
    path = front.folder / "ledger" / "secret"
    secret = path.read_bytes()
    assert len(secret) == 32 and path.stat().st_mode & 0o777 == 0o600
    front.stop()
    front.start()
    assert path.read_bytes() == secret
    front.stop()
    for mode, content, hint in ((0o640, secret, "0600"), (0o600, secret[:31], "32 bytes"), (0o600, b"", "32 bytes")):
        path.write_bytes(content)
        path.chmod(mode)
        refused = guard.start(guard.gateway(server()), ledger={"directory": str(front.folder / "ledger")}, wait=False)
        assert refused.process.wait(20) == 2
        failed = [event for event in refused.events if event.get("event") == "start_failed"]
        assert failed and hint in failed[0]["hint"], refused.events
        assert path.read_bytes() == content


@harness.gateway_only
def test_lock_is_a_link():
    """A lock file that is a link is not followed: pasu does not start, and makes nothing where it leads"""
    folder = harness.folder() / "linked"
    folder.mkdir(mode=0o700)
    (folder / "lock").symlink_to(harness.folder() / "elsewhere")
    front = guard.start(guard.gateway(server()), ledger={"directory": str(folder)}, wait=False)
    assert front.process.wait(20) == 2
    assert front.find("start_failed") and not (harness.folder() / "elsewhere").exists()


@harness.gateway_only
def test_secret_lost():
    """A secret that is gone is not made anew beside a ledger; without the ledger a new one begins"""
    front = guard.start(guard.gateway(server()))
    ledger = front.folder / "ledger"
    secret = (ledger / "secret").read_bytes()
    front.stop()
    (ledger / "secret").unlink()
    mark = front.mark()
    front.start(wait=False)
    assert front.process.wait(20) == 2
    failed = front.find("start_failed", mark)
    assert failed and "backup" in failed[0]["hint"], front.events[mark:]
    assert not (ledger / "secret").exists()
    ledger.rename(front.folder / "aside")
    front.start()
    assert (ledger / "secret").read_bytes() != secret
    front.stop()


@harness.gateway_only
def test_listener_is_a_file():
    """A file that is no socket at a Unix listener's place is not removed either"""
    folder = harness.folder() / "run"
    folder.mkdir(mode=0o755)
    path = folder / ".s.PGSQL.6432"
    path.write_text("mine\n", encoding="utf-8")
    front = guard.start({**guard.gateway(server()), "listen": f"{folder}:6432"}, wait=False)
    assert front.process.wait(40) == 2
    assert path.read_text(encoding="utf-8") == "mine\n"


@harness.gateway_only
@harness.limit(60)
def test_ready_with_600_listeners():
    """With 600 listeners each answers as soon as pasu says that it is ready"""
    gateways = [{**guard.gateway(server(), f"g{n}"), "listen": [f"127.0.0.1:{process.free_port()}" for _ in range(60)]}
                for n in range(10)]
    front = guard.start(gateways)
    for gateway in gateways:
        for text in gateway["listen"]:
            with wire.login(guard.place(text)) as session:
                assert session.value("SELECT 1") == "1"
    assert not [event for event in front.events if event.get("event") == "process_stuck"]
    front.stop()


@harness.gateway_only
def test_sigchld_ignored_by_the_starter():
    """Started with SIGCHLD ignored, pasu still restarts what dies, and ends when it is told to"""
    front = guard.start(guard.gateway(server()), before=["/usr/bin/env", "--ignore-signal=CHLD"])
    gate = front.pids()["gate"]
    mark = front.mark()
    subprocess.run(["kill", "-9", str(gate)], check=True)
    front.wait("process_started", 20, mark, name="gate")

    def works():
        try:
            with wire.login(front.address()) as session:
                return session.value("SELECT 1") == "1"
        except (OSError, wire.Closed, wire.ServerError):
            return False
    process.until(works, "a new session")
    assert front.stop() == 0


if __name__ == "__main__":
    harness.main()
