#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu as a service: draining on SIGTERM, reloading on SIGHUP, and what it agrees with systemd."""
import copy
import os
import signal
import socket
import time

import certificate
import guard
import harness
import postgres
import process
import shop
import wire
from process import until


@harness.shared
def server():
    return postgres.Server(harness.folder())


@harness.shared
def authority():
    return certificate.Authority(harness.folder())


def is_refused(address):
    """Whether a new session is not to be had: nobody listens, or the client is told to come back."""
    try:
        wire.login(address).terminate()
        return False
    except (OSError, wire.Closed):
        return True
    except wire.ServerError as error:
        assert error.code == "57P01", error
        return True


class Blocked:
    """A session whose statement waits for a lock until release()."""

    def __init__(self, front, number=1):
        self.holder = server().connect()
        self.holder.query(f"SELECT pg_advisory_lock({number})")
        self.session = wire.login(front.address(), application_name="blocked")
        self.session.send(wire.query(f"SELECT pg_advisory_lock({number}), 'finished'"))
        until(lambda: server().backends("application_name = 'blocked' AND wait_event = 'advisory'") == 1, "a lock")

    def release(self):
        self.holder.abort()


# ---- SIGTERM ----

@harness.gateway_only
def test_drain():
    """SIGTERM: idle sessions are told 57P01, a busy one gets its answer first, then pasu ends with 0"""
    front = guard.start(guard.gateway(server()))
    idle = wire.login(front.address())
    blocked = Blocked(front)
    front.process.signal(signal.SIGTERM)
    fields = idle.refused()
    assert fields["C"] == "57P01" and fields["S"] == "FATAL", fields
    assert is_refused(front.address()), "a new session while draining"
    assert front.process.is_alive(), "it ended before the busy session did"
    blocked.release()
    result = blocked.session.result()
    assert result.rows == [["", "finished"]], result.rows
    assert blocked.session.refused()["C"] == "57P01"
    assert front.process.wait() == 0
    names = [one.get("event") for one in front.events]
    assert names.index("drain_started") < names.index("drain_ended"), names
    until(lambda: server().backends() == 0, "the server's sessions end")


@harness.gateway_only
def test_drain_after_a_skipped_query():
    """A session whose Query the server has skipped, after an error in its pipeline, is idle all the same"""
    for front in (guard.start(guard.gateway(server(), limits={"drain_time": "1h"})),
                  shop.front("skipped", limits={"drain_time": "1h"}).guard):
        idle = wire.login(front.address(), user="postgres")
        bad = wire.parse("SELECT no_such_column") + wire.bind() + wire.execute()
        results = idle.exchange(bad + wire.query("SELECT 1") + wire.SYNC)
        assert [fields["C"] for fields in results.errors] == ["42703"] and not results.rows, results.errors
        idle.exchange(bad + wire.FLUSH, "E")
        results = idle.exchange(wire.query("SELECT 2") + wire.SYNC)
        assert not results.rows and not results.errors, results
        assert idle.exchange(wire.query("SELECT 3")).rows == [["3"]]
        front.process.signal(signal.SIGTERM)
        assert idle.refused()["C"] == "57P01"
        assert front.process.wait() == 0


@harness.gateway_only
def test_drain_time():
    """A session that does not end within limits.drain_time is ended, with 57P01"""
    front = guard.start(guard.gateway(server(), limits={"drain_time": "500ms"}))
    blocked = Blocked(front, 2)
    begin = time.monotonic()
    front.process.signal(signal.SIGTERM)
    assert blocked.session.refused()["C"] == "57P01"
    assert time.monotonic() - begin > 0.3, "it was not given its time"
    assert front.process.wait() == 0
    blocked.release()


@harness.gateway_only
def test_stop_without_sessions():
    """Without sessions SIGTERM and SIGINT end pasu at once, with 0, and nothing is left of it"""
    for number in (signal.SIGTERM, signal.SIGINT):
        front = guard.start(guard.gateway(server()))
        pids = front.pids().values()
        front.process.signal(number)
        assert front.process.wait(10) == 0
        until(lambda: not any(process.is_running(pid) for pid in pids), "every process ended")
        assert not os.path.exists(front.folder / "ledger" / "control.sock"), "the control socket stayed"


@harness.gateway_only
def test_second_signal():
    """A second SIGTERM does not wait any longer"""
    front = guard.start(guard.gateway(server(), limits={"drain_time": "1h"}))
    blocked = Blocked(front, 3)
    front.process.signal(signal.SIGTERM)
    front.wait("drain_started")
    front.process.signal(signal.SIGTERM)
    front.process.wait(20)
    blocked.release()


@harness.gateway_only
def test_restart_at_same_address():
    """pasu can be started again at once at the address of one that just ended"""
    front = guard.start(guard.gateway(server()))
    held = wire.login(front.address())
    front.stop()
    front.start()
    with wire.login(front.address()) as session:
        assert session.value("SELECT 1") == "1"
    held.abort()
    front.stop()


# ---- SIGHUP ----

@harness.gateway_only
def test_reload():
    """SIGHUP brings a changed file into force for new sessions; running ones go on as they are"""
    front = guard.start(guard.gateway(server(), "first"))
    with wire.login(front.address("first")) as session:
        before = front.address("first")
        own = authority().issue("reloaded", "localhost")
        changed = guard.gateway(server(), "first", tls=guard.tls(own, "require"))
        front.config["gateway"] = [changed, guard.gateway(server(), "added")]
        front.gateways = {one["name"]: one for one in front.config["gateway"]}
        front.write()
        assert front.reload()["event"] == "config_reloaded"
        with wire.login(front.address("added")) as other:
            assert other.value("SELECT 1") == "1"
        with wire.login(front.address("first"), tls=wire.context(authority())) as other:
            assert other.value("SELECT 1") == "1"
        assert is_refused(before), "the address that is no longer configured"
        assert session.value("SELECT 'goes on'") == "goes on"
    front.stop()


@harness.gateway_only
def test_reload_is_all_or_nothing():
    """A file with a fault changes nothing, not even what is right in it, and the log says why"""
    front = guard.start(guard.gateway(server(), "kept"))
    good = copy.deepcopy(front.config)
    added = guard.gateway(server(), "added")
    faults = {
        "no YAML": "gateway: [\n",
        "an unknown key": guard.yaml({"gateway": [good["gateway"], added], "colour": "blue"}),
        "a file that is not there": guard.yaml({"gateway": [good["gateway"], {
            **added, "tls": {"mode": "allow", "certificate": "nowhere.crt", "key": "nowhere.key"}}]}),
    }
    with wire.login(front.address()) as session:
        for name, text in faults.items():
            front.write(text + "\n")
            assert front.reload()["event"] == "config_refused", name
            try:
                socket.create_connection(guard.place(added["listen"])).close()
                raise AssertionError(f"{name}: half of it came into force")
            except ConnectionRefusedError:
                pass
            with wire.login(front.address()) as other:
                assert other.value("SELECT 1") == "1", name
        assert session.value("SELECT 'undisturbed'") == "undisturbed"
        front.write()
        assert front.reload()["event"] == "config_reloaded"
    front.stop()


@harness.gateway_only
def test_reload_new_certificate():
    """A renewed certificate in the same files is taken over"""
    own = authority().issue("renewed", "localhost")
    front = guard.start(guard.gateway(server(), tls=guard.tls(own)))

    def shown():
        with wire.login(front.address(), tls=wire.context(authority())) as session:
            return session.socket.getpeercert(binary_form=True)
    first = shown()
    authority().issue("renewed", "localhost")
    assert shown() == first, "taken over without being asked"
    assert front.reload()["event"] == "config_reloaded"
    assert shown() == own.der() != first
    front.stop()


@harness.gateway_only
def test_many_reloads():
    """A hundred reloads under traffic lose no session and no descriptor"""
    front = guard.start(guard.gateway(server()))
    with wire.login(front.address()) as session:
        front.reload()
        pids = front.steady()
        before = {name: process.descriptors(pid) for name, pid in pids.items()}
        for _ in range(100):
            assert front.reload()["event"] == "config_reloaded"
            assert session.value("SELECT 1") == "1"
        assert front.steady() == pids
        process.until(lambda: all(process.descriptors(pid) <= before[name] + 1 for name, pid in pids.items()), f"as few descriptors as before: {before}")
    front.stop()


# ---- systemd ----

@harness.gateway_only
def test_notify():
    """systemd is told READY=1, RELOADING=1 with a time and READY=1 again, and STOPPING=1"""
    path = harness.folder() / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(path))
        path.chmod(0o666)
        told.settimeout(60)

        def until_told(word):
            while True:
                lines = told.recv(4096).decode().splitlines()
                if word in lines:
                    return lines
        front = guard.start(guard.gateway(server()), environment={"NOTIFY_SOCKET": str(path)})
        until_told("READY=1")
        front.process.signal(signal.SIGHUP)
        lines = until_told("RELOADING=1")
        at = [int(line.split("=")[1]) for line in lines if line.startswith("MONOTONIC_USEC=")]
        assert at and abs(at[0] / 1e6 - time.clock_gettime(time.CLOCK_MONOTONIC)) < 20, lines
        until_told("READY=1")
        front.write("nothing: here\n")
        front.process.signal(signal.SIGHUP)
        until_told("RELOADING=1")
        until_told("READY=1")
        front.process.signal(signal.SIGTERM)
        until_told("STOPPING=1")
        assert front.process.wait() == 0


@harness.gateway_only
def test_notify_abstract():
    """An abstract NOTIFY_SOCKET works as well"""
    name = f"pasu-e2e-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind("\0" + name)
        told.settimeout(60)
        front = guard.start(guard.gateway(server()), environment={"NOTIFY_SOCKET": "@" + name})
        while b"READY=1" not in told.recv(4096):
            pass
        front.stop()


@harness.gateway_only
def test_socket_activation():
    """Sockets that systemd passes are used, so that nobody is refused while pasu starts"""
    passed = [socket.socket(), socket.socket(socket.AF_UNIX)]
    first = guard.gateway(server())
    path = harness.folder() / f".s.PGSQL.{process.free_port()}"
    passed[0].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    passed[0].bind(guard.place(first["listen"]))
    passed[1].bind(str(path))
    path.chmod(0o666)
    for one in passed:
        one.listen(64)
    first["listen"] = [first["listen"], f"{path.parent}:{path.suffix[1:]}"]
    waiting = socket.create_connection(passed[0].getsockname())
    waiting.sendall(wire.startup("postgres", "postgres"))
    # The two sockets become descriptors 3 and 4, as sd_listen_fds(3) has it.
    shell = ["sh", "-c", f"exec 3<&{passed[0].fileno()} 4<&{passed[1].fileno()}; "
             'export LISTEN_FDS=2 LISTEN_PID=$$; exec "$@"', "sh"]
    front = guard.start(first, before=["bash", *shell[1:]], pass_fds=[one.fileno() for one in passed])
    for one in passed:
        one.close()
    waiting.settimeout(60)
    assert waiting.recv(1) == b"R"
    waiting.close()
    for number in (0, 1):
        with wire.login(front.address(None, number)) as session:
            assert session.value("SELECT 1") == "1"
    front.stop()
    assert path.exists(), "the passed socket's file is systemd's, not pasu's to remove"


# ---- start ----

@harness.gateway_only
def test_start_failures():
    """Where it cannot start, pasu says why and ends with 2"""
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = guard.gateway(server())
        taken["listen"] = f"127.0.0.1:{other.getsockname()[1]}"
        for gateway, event in ((taken, "start_failed"), ({"listen": "nonsense"}, "config_fault")):
            front = guard.start(gateway, wait=False)
            assert front.process.wait(30) == 2, front.process.tail()
            assert event in front.process.tail(), front.process.tail()


@harness.gateway_only
def test_starts_without_its_server():
    """pasu starts while the guarded server is down; clients are told (08006), and served once it is up"""
    down = postgres.Server(harness.folder(), "down")
    down.stop()
    front = guard.start(guard.gateway(down))
    try:
        wire.login(front.address())
        raise AssertionError("a session without a server")
    except wire.ServerError as error:
        assert error.code.startswith("08") or error.code == "57P03", error
    down.start()
    with wire.login(front.address()) as session:
        assert session.value("SELECT 1") == "1"
    front.stop()
    down.stop()


if __name__ == "__main__":
    harness.main()
