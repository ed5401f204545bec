# SPDX-License-Identifier: Apache-2.0
"""pasu as the tests run it: a configuration written out, `pasu guard` started, its log read."""
import contextlib
import json
import os
import re
import signal
import subprocess

import harness
import process

WITHOUT_URING = [str(harness.PASU.parent / "test" / "integration" / "without_call"), "io_uring_setup"]


def yaml(value, indent=0):
    """Maps and lists as block YAML, everything else as a plain or quoted scalar."""
    pad = "  " * indent
    if isinstance(value, dict):
        lines = []
        for key, one in value.items():
            if isinstance(one, (dict, list)) and one:
                lines.append(f"{pad}{key}:\n{yaml(one, indent + 1)}")
            else:
                lines.append(f"{pad}{key}: {scalar(one)}")
        return "\n".join(lines)
    if isinstance(value, list):
        lines = []
        for one in value:
            if isinstance(one, (dict, list)) and one:
                lines.append(f"{pad}-\n{yaml(one, indent + 1)}")
            else:
                lines.append(f"{pad}- {scalar(one)}")
        return "\n".join(lines)
    return pad + scalar(value)


def scalar(value):
    if value == [] or value == {}:
        return json.dumps(value)
    if isinstance(value, bool):
        return "on" if value else "off"
    text = str(value)
    return text if re.fullmatch(r"[A-Za-z0-9_./][A-Za-z0-9_./:-]*", text) else json.dumps(text, ensure_ascii=False)


def gateway(upstream, name="gateway", **more):
    """A gateway's part of the configuration, on a free port."""
    if not isinstance(upstream, str):
        upstream = upstream.upstream
    return {"name": name, "listen": f"127.0.0.1:{process.free_port()}", "upstream": upstream, **more}


def tls(certificate, mode="allow", **more):
    return {"mode": mode, "certificate": str(certificate.path), "key": str(certificate.key), **more}


def place(text):
    """An address of the configuration as a socket's: ("127.0.0.1", 5432), or a path."""
    host, port = text.rsplit(":", 1)
    return f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host.strip("[]"), int(port))


def start(gateways, **more):
    """pasu in front of the servers; in direct mode something that gives the servers' addresses."""
    return (Direct if harness.DIRECT else Guard)(gateways, **more)


class Direct:
    """No gateway at all: every address is the server's own."""

    def __init__(self, gateways, **_):
        gateways = gateways if isinstance(gateways, list) else [gateways]
        self.gateways = {one.get("name", "gateway"): one for one in gateways}

    def address(self, name=None, number=0):
        """Where to connect: the named gateway's (or the first's) `number`th address."""
        one = next(iter(self.gateways.values())) if name is None else self.gateways[name]
        return place(self.pick(one, number))

    @staticmethod
    def pick(one, _):
        return one["upstream"]

    def stop(self):
        return 0


class Guard(Direct):
    """`gateways`: one or a list of gateway(); `more`: the other keys of the configuration."""

    def __init__(self, gateways, *, name="pasu", environment=None, pass_fds=(), wait=True, before=(), **more):
        super().__init__(gateways)
        self.name, self.events = name, []
        self.folder = harness.folder() / name
        number = 2
        while self.folder.exists():
            self.folder = harness.folder() / f"{name}-{number}"
            number += 1
        self.folder.mkdir(mode=0o755)
        self.path = self.folder / "pasu.yaml"
        self.config = {"gateway": gateways, **more}
        self.write()
        self.environment = dict(os.environ, **(environment or {}))
        self.pass_fds, self.before = pass_fds, list(before) + (WITHOUT_URING if harness.EPOLL else [])
        self.process = None
        self.start(wait)

    @staticmethod
    def pick(one, number):
        return one["listen"][number] if isinstance(one["listen"], list) else one["listen"]

    def write(self, text=None):
        self.path.write_text(text or yaml(self.config) + "\n", encoding="utf-8")

    def start(self, wait=True):
        mark = len(self.events)
        self.process = process.Process(
            self.name, self.before + [harness.PASU, "guard", "-c", self.path], env=self.environment,
            cwd=self.folder, pass_fds=self.pass_fds, on_line=self._on_line)
        if wait:
            self.wait("ready", start=mark)

    def _on_line(self, line):
        try:
            event = json.loads(line)
        except ValueError:
            event = {}
        self.events.append(event if isinstance(event, dict) else {})

    # ---- its log ----

    def mark(self):
        """Where the log is now: events from here on are those that come."""
        return len(self.events)

    def find(self, event, start=0, **fields):
        return [one for one in self.events[start:] if one.get("event") == event and
                all(str(one.get(key)) == str(value) for key, value in fields.items())]

    def wait(self, event, timeout=process.PATIENCE, start=0, **fields):
        """Waits for an event of the log, from mark `start` on, that has these fields."""
        what = f"event {event} {fields or ''}".rstrip()
        return self.process.wait_for(lambda: self.find(event, start, **fields), timeout, what)[0]

    # ---- commands ----

    def run(self, *words, timeout=process.PATIENCE):
        return run(*words, "-c", self.path, timeout=timeout)

    def json(self, *words):
        done = self.run(*words, "--json")
        assert done.returncode == 0, f"pasu {' '.join(words)}: {done.returncode}: {done.stderr}"
        return [json.loads(line) for line in done.stdout.splitlines()]

    def status(self):
        return self.json("status")[0]

    def sessions(self):
        return self.json("sessions")

    def until_sessions(self, count, timeout=process.PATIENCE):
        """Waits until it has so many sessions."""
        return process.until(lambda: (found := self.sessions()) is not None and len(found) == count
                             and (found or True), f"{count} sessions", timeout)

    def pids(self):
        """The process ids by name: supervisor, gate, keeper."""
        found = {"supervisor": self.process.pid}
        for one in self.status()["processes"]:
            found[one["name"]] = one["pid"]
        return found

    def steady(self):
        """The same without indexer and watcher, whose descriptors and memory are those of what they are at."""
        return {name: pid for name, pid in self.pids().items() if name not in ("indexer", "watcher")}

    def running(self):
        """As pids(); nothing while it does not answer."""
        with contextlib.suppress(AssertionError):
            return self.pids()
        return {}

    def until_other(self, name, old, timeout=process.PATIENCE):
        """Waits until another process than `old` has this name; its id."""
        return process.until(lambda: (found := self.running().get(name, old)) != old and found, f"another {name}", timeout)

    def replace(self, name):
        """Kills one of its processes and waits for the one that takes its place."""
        old = self.pids()[name]
        os.kill(old, signal.SIGKILL)
        return self.until_other(name, old, 40)

    def check_alive(self):
        assert self.process.is_alive(), f"pasu ended:\n{self.process.tail()}"

    def reload(self):
        """SIGHUP; the event that says how it went."""
        mark = self.mark()
        self.process.signal(signal.SIGHUP)
        return self.process.wait_for(
            lambda: self.find("config_reloaded", mark) + self.find("config_refused", mark), process.PATIENCE,
            "answer to SIGHUP")[0]

    def stop(self):
        """SIGTERM; the exit status."""
        return self.process.stop(60)


def run(*words, timeout=process.PATIENCE, **more):
    """Runs a command of pasu to its end."""
    return subprocess.run([harness.PASU, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=timeout, text=True, check=False,
                          errors="surrogateescape", **more)
