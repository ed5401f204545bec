# SPDX-License-Identifier: Apache-2.0
"""Processes that the tests start. Their output is read as it comes; none outlives the run: a process
is told to end when the harness ends in whatever way (parent-death signal), and close_all() ends and
waits for each."""
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import threading
import time

running = []
PATIENCE = 60  # seconds that a wait for what comes takes before it fails, at least: a machine that is busy is no failure


class Gone(Exception):
    """A process ended, or its time was over, before it said what was awaited."""


class Process:
    """A child whose output (both streams) is kept line by line in `lines`."""

    def __init__(self, name, argv, *, env=None, account=None, cwd="/", stop_signal=signal.SIGTERM,
                 pass_fds=(), on_line=None):
        self.name, self.stop_signal, self.on_line = name, stop_signal, on_line
        self.lines, self.changed, self.ended = [], threading.Condition(), False
        before = ["setpriv", "--pdeathsig", signal.Signals(stop_signal).name[3:]]
        if account and os.geteuid() == 0:
            entry = pwd.getpwnam(account)
            before += ["--reuid", str(entry.pw_uid), "--regid", str(entry.pw_gid), "--clear-groups"]
        self.popen = subprocess.Popen(before + [str(word) for word in argv], cwd=cwd, env=env,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, pass_fds=pass_fds)
        self.pid = self.popen.pid
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        running.append(self)

    def _read(self):
        with self.popen.stdout as stream:
            for raw in stream:
                line = raw.decode("utf-8", "replace").rstrip("\n")
                with self.changed:
                    self.lines.append(line)
                    if self.on_line:
                        self.on_line(line)
                    self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait_for(self, found, timeout, what):
        """Waits until `found()`, which is asked after every line, is true; returns what it said."""
        timeout = max(timeout, PATIENCE)
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                value = found()
                if value:
                    return value
                left = deadline - time.monotonic()
                if self.ended:
                    raise Gone(f"{self.name} ended before {what}:\n{self.tail()}")
                if left <= 0 or not self.changed.wait(left):
                    raise Gone(f"{self.name}: no {what} within {timeout} s:\n{self.tail()}")

    def wait_line(self, text, timeout=PATIENCE, start=0):
        """Waits for a line, from the `start`th, that has `text` in it; returns it."""
        return self.wait_for(
            lambda: next((line for line in self.lines[start:] if text in line), None), timeout,
            f'line with "{text}"')

    def tail(self, count=20):
        return "\n".join(f"    {self.name}: {line}" for line in self.lines[-count:])

    def is_alive(self):
        return self.popen.poll() is None

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self, timeout=PATIENCE):
        """The exit status; negative where a signal ended it."""
        timeout = max(timeout, PATIENCE)
        status = self.popen.wait(timeout)
        self.reader.join(timeout)
        if self in running:
            running.remove(self)
        return status

    def stop(self, timeout=PATIENCE):
        """Asks it to end and waits; the exit status. Kills it where it does not."""
        if self.is_alive():
            self.signal(self.stop_signal)
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Gone(f"{self.name} did not end within {timeout} s:\n{self.tail()}") from None

    def kill(self):
        if self.is_alive():
            self.signal(signal.SIGKILL)
        return self.wait()


def close_all():
    """Ends what still runs, the youngest first; the names of those that had to be killed."""
    killed = []
    while running:
        process = running[-1]
        try:
            process.stop()
        except Gone:
            killed.append(process.name)
        if process in running:
            running.remove(process)
    return killed


def until(found, what, timeout=PATIENCE):
    """Asks until the answer is true and returns it. For what nobody tells when it happens."""
    timeout = max(timeout, PATIENCE)
    deadline = time.monotonic() + timeout
    pause = 0.002
    while True:
        value = found()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(pause)
        pause = min(pause * 2, 0.05)


def ports():
    """Free ports of the loopback, outside of the range that outgoing connections take theirs from; others
    in each of the three lanes that PASU_E2E_LANE can name, whose programs run at the same time."""
    count = 6500
    first = 12000 + count * (int(os.environ.get("PASU_E2E_LANE") or 0) % 3)
    at = first + os.getpid() * 37 % count
    while True:
        at = at + 1 if at < first + count - 1 else first
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", at))
            except OSError:
                continue
        yield at


_ports = ports()


def free_port():
    return next(_ports)


def children(pid):
    """The process ids of its children."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(word) for word in task.read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def tree(pid):
    """It and all its descendants."""
    found = [pid]
    for child in children(pid):
        found += tree(child)
    return found


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def memory(pid, line="VmRSS"):
    """Bytes of memory: VmRSS is what it has now, VmHWM the most it had."""
    for text in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if text.startswith(line + ":"):
            return int(text.split()[1]) * 1024
    return 0


def rests(pid):
    """Whether none of its threads has run lately: asked again and again, until it is so."""
    seen = []

    def look():
        seen.append([path.read_text() for path in sorted(pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"))])
        return len(seen) >= 6 and all(one == seen[-1] for one in seen[-6:])

    return look


def reset_peak(pid):
    """From now on VmHWM is counted anew (root only)."""
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))
