# SPDX-License-Identifier: Apache-2.0
"""The servers and proxies of one benchmark run: started on loopback in a folder of their own, and
ended with it.

A Rig owns the folder and every process started through it. Leaving its `with` block, whichever way,
ends those processes (each by its own id) and removes the folder. Processes also die when the
benchmark itself is killed. Nothing runs as root: PostgreSQL runs as `postgres`, the proxies and the
clients as `nobody`, when the benchmark is started by root; otherwise all run as its user.
"""
import ctypes
import json
import os
import pwd
import re
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import cost
import wire

USER = DATABASE = "bench"  # an application's role: what a superuser reads is judged and told apart
SUPERUSER = "postgres"
START_SECONDS = 30
INSPECTOR_SQL = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "sql", "inspector.sql")
PR_SET_PDEATHSIG = 1


class BenchError(Exception):
    """Something that makes the run worthless; the text says what to do."""


class Process:
    """A process started by a Rig: its id, and the file that its output goes to."""

    def __init__(self, name, popen, log, stop_signal):
        self.name, self.popen, self.log, self.stop_signal = name, popen, log, stop_signal

    @property
    def pid(self):
        return self.popen.pid

    def log_tail(self):
        with open(self.log, errors="replace") as file:
            return "".join(file.readlines()[-15:])

    def stop(self):
        """Asks it to end, waits, and then kills what is left of it and of its children."""
        family = []
        if self.popen.poll() is None:
            family = [(pid, born(pid)) for pid in cost.process_tree(self.pid)]
            self.popen.send_signal(self.stop_signal)
            try:
                self.popen.wait(10)
            except subprocess.TimeoutExpired:
                self.popen.kill()
        self.popen.wait()
        for pid, when in family:
            if when is not None and born(pid) == when:  # still the same process
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass


def born(pid):
    """When a process started, in ticks since boot; None when there is none. Tells reused ids apart."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[19])
    except OSError:
        return None


class Rig:
    def __init__(self, pin=False):
        self.pin, self.folder, self.processes, self.account = pin, None, [], {}

    def __enter__(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != hard:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.folder = tempfile.mkdtemp(prefix="pasu-bench-")
        os.chmod(self.folder, 0o755)
        if os.getuid() == 0:
            for name in ("postgres", "nobody"):
                try:
                    self.account[name] = pwd.getpwnam(name)
                except KeyError:
                    raise BenchError(f"started by root, but there is no account '{name}'") from None
        return self

    def __exit__(self, *_):
        # A second Ctrl-C must not leave servers behind.
        before = {s: signal.signal(s, signal.SIG_IGN)
                  for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            while self.processes:
                self.processes.pop().stop()
            shutil.rmtree(self.folder, ignore_errors=True)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def make_folder(self, name, account):
        path = self.path(name)
        os.mkdir(path, 0o700)
        self.give(path, account)
        return path

    def give(self, path, account):
        if account in self.account:
            owner = self.account[account]
            os.chown(path, owner.pw_uid, owner.pw_gid)

    def _arguments(self, account, cpu, death_signal):
        """What subprocess needs to start a child as `account`, on `cpu` when pinned."""
        libc = ctypes.CDLL(None)

        def prepare():
            # In the child, after it became the account: changing that would clear the signal.
            libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
            if self.pin:
                os.sched_setaffinity(0, {cpu})

        arguments = {"preexec_fn": prepare, "cwd": self.folder, "stdin": subprocess.DEVNULL,
                     "start_new_session": True,
                     "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": self.folder}}
        if account in self.account:
            owner = self.account[account]
            arguments.update(user=owner.pw_uid, group=owner.pw_gid, extra_groups=[])
        return arguments

    def process_id(self, name):
        return next(p.popen.pid for p in self.processes if p.name == name)

    def copy(self, path):
        """A copy in our folder: the accounts that things run as may not be able to reach the tree."""
        copy = self.path(os.path.basename(path))
        if not os.path.exists(copy):
            shutil.copy(path, copy)
            os.chmod(copy, 0o755)
        return copy

    def start(self, name, command, account="nobody", is_proxy=False, stop_signal=signal.SIGTERM,
              death_signal=signal.SIGKILL):
        log = self.path(f"{name}-{time.monotonic_ns()}.log")
        with open(log, "wb") as file:
            popen = subprocess.Popen(command, stdout=file, stderr=file,
                                     **self._arguments(account, 0 if is_proxy else 1, death_signal))
        process = Process(name, popen, log, stop_signal)
        self.processes.append(process)
        return process

    def stop(self, process):
        self.processes.remove(process)
        process.stop()

    def run(self, command, account="nobody", timeout=600):
        """Runs a command to its end and returns what it printed; BenchError when it fails."""
        popen = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 **self._arguments(account, 1, signal.SIGKILL))
        try:
            out, err = popen.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise BenchError(f"{shlex.join(command)}: no end after {timeout} s") from None
        finally:
            if popen.poll() is None:
                popen.kill()
                popen.communicate()
        if popen.returncode != 0:
            raise BenchError(f"{shlex.join(command)}: exit {popen.returncode}\n{out[-500:]}{err}")
        return out

    def wait_session(self, process, port):
        """Waits until a session can be begun at `port`."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                wire.log_in(port, USER, DATABASE, 5).close()
                return
            except (OSError, wire.WireError) as error:
                if process.popen.poll() is not None:
                    raise BenchError(f"{process.name} ended at once:\n"
                                     f"{process.log_tail()}") from None
                if time.monotonic() > deadline:
                    raise BenchError(f"{process.name}: no session within {START_SECONDS} s "
                                     f"({error}):\n{process.log_tail()}") from None
                time.sleep(0.05)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def find_program(name, *folders):
    found = shutil.which(name, path=os.pathsep.join([*folders, os.environ.get("PATH", ""),
                                                     "/usr/sbin", "/usr/bin"]))
    if found is None:
        raise BenchError(f"'{name}' is not installed")
    return found


def postgres_program(name):
    return find_program(name, "/usr/lib/postgresql/15/bin")


def compile_parts(rig, folder):
    """Compiles bare, replay and drain into the rig's folder; returns the paths of the last two."""
    paths = []
    for name in ("bare", "replay", "drain"):
        paths.append(rig.path(name))
        result = subprocess.run([os.environ.get("CC", "cc"), "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-pthread",
                                 os.path.join(folder, name + ".c"), "-o", paths[-1]],
                                capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise BenchError(f"cannot compile {name}.c:\n{result.stderr}")
    return paths[1:]


def start_postgres(rig):
    """A new cluster that any local user may enter; returns its port."""
    data, port = rig.make_folder("data", "postgres"), free_port()
    rig.run([postgres_program("initdb"), "-D", data, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8",
             "--locale=C", "--no-sync"], "postgres")
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "",
                "max_connections": 150, "shared_buffers": "512MB", "fsync": "off",
                "full_page_writes": "off", "autovacuum": "off", "wal_level": "minimal",
                "max_wal_senders": 0, "max_wal_size": "4GB", "checkpoint_timeout": "1d",
                "jit": "off", "max_parallel_workers_per_gather": 0, "logging_collector": "off"}
    command = [postgres_program("postgres"), "-D", data]
    for key, value in settings.items():
        command += ["-c", f"{key}={value}"]
    process = rig.start("postgres", command, "postgres", stop_signal=signal.SIGINT,
                        death_signal=signal.SIGQUIT)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            wire.log_in(port, SUPERUSER, "postgres").close()
            break
        except (OSError, wire.WireError):
            if process.popen.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"PostgreSQL does not start:\n{process.log_tail()}") from None
            time.sleep(0.05)
    with wire.log_in(port, SUPERUSER, "postgres") as session:
        session.query(f"create role {USER} login")
        session.query(f"create database {DATABASE} owner {USER}")
    for database in ("postgres", DATABASE):
        rig.run([postgres_program("psql"), "-X", "-q", "-h", "127.0.0.1", "-p", str(port), "-U", SUPERUSER,
                 "-d", database, "-f", rig.copy(INSPECTOR_SQL)])
    return port


def run_pgbench(rig, port, clients, seconds, *options):
    """What pgbench reports of a run of that length: {"queries", "tps", "latency_us"}."""
    out = rig.run([postgres_program("pgbench"), "-n", *options, "-c", str(clients), "-j", str(min(2, clients)),
                   "-T", str(seconds), "-h", "127.0.0.1", "-p", str(port), "-U", USER, DATABASE])
    queries = re.search(r"transactions actually processed: (\d+)", out)
    rate = re.search(r"tps = ([0-9.]+) \(without initial connection time\)", out)
    failed = re.search(r"failed transactions: (\d+)", out)
    if not queries or not rate or int(queries[1]) == 0 or (failed and int(failed[1]) > 0):
        raise BenchError(f"pgbench's report is not understood, or not good:\n{out}")
    # Each client always has one query under way, so the average latency follows from the rate
    # (pgbench computes it so as well, but prints only three digits of a millisecond).
    return {"queries": int(queries[1]), "tps": float(rate[1]), "latency_us": clients / float(rate[1]) * 1e6}


def start_replay(rig, program, server, answers, chunk):
    """`answers` are pairs of a query and the file with its answer; `server` is the real one's port."""
    port = free_port()
    words = [word for pair in answers for word in pair]
    process = rig.start("replay", [program, str(port), str(server), USER, str(chunk), *words])
    rig.wait_session(process, port)
    return port


def start_pgbouncer(rig, upstream, sessions):
    """Session pooling with 64 KiB buffers, no log of sessions, otherwise its defaults."""
    port, folder = free_port(), rig.make_folder(f"pgbouncer-{time.monotonic_ns()}", "nobody")
    users, config = os.path.join(folder, "users.txt"), os.path.join(folder, "pgbouncer.ini")
    with open(users, "w") as file:
        file.write(f'"{USER}" ""\n')
    with open(config, "w") as file:
        file.write(f"""[databases]
{DATABASE} = host=127.0.0.1 port={upstream} dbname={DATABASE} user={USER}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = session
pkt_buf = 65536
default_pool_size = {sessions}
max_client_conn = {sessions}
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
log_stats = 0
""")
    for path in (users, config):
        rig.give(path, "nobody")
    process = rig.start("pgbouncer", [find_program("pgbouncer"), config], is_proxy=True,
                        stop_signal=signal.SIGINT)
    rig.wait_session(process, port)
    return process, port


def start_pasu(rig, upstream, program, workers, sessions, mapping="", before=()):
    """`mapping` is the configuration's part that names personal data; without it, rows are not looked
    at. `before` are words before the program's own."""
    port, folder = free_port(), rig.make_folder(f"pasu-{time.monotonic_ns()}", "nobody")
    config = os.path.join(folder, "pasu.yaml")
    with open(config, "w") as file:
        file.write(f"""gateway:
  name: bench
  listen: 127.0.0.1:{port}
  upstream: 127.0.0.1:{upstream}
  tls: {{mode: off}}
  workers: {workers}
  limits: {{connections_per_address: {sessions}, drain_time: 2s}}
{"  inspector: {user: pasu}" if mapping else ""}
ledger: {{directory: ./ledger}}
control: ./control.sock
log: {{format: json, level: warning}}
{mapping}""")
    rig.give(config, "nobody")
    process = rig.start("pasu", [*before, rig.copy(program), "guard", "-c", config], is_proxy=True,
                        death_signal=signal.SIGTERM)
    process.config = config
    rig.wait_session(process, port)
    return process, port


def scope(rig, process, program):
    """What the ledger of a running pasu says that it has shown."""
    return parse_json(rig.run([rig.copy(program), "scope", "-c", process.config, "--json"]))


def start_other(rig, upstream, name, command):
    """Any other relay: {listen} and {upstream} in its command become ports on 127.0.0.1."""
    port = free_port()
    words = shlex.split(command.replace("{listen}", str(port)).replace("{upstream}", str(upstream)))
    process = rig.start(name, words, is_proxy=True)
    rig.wait_session(process, port)
    return process, port


def parse_json(text):
    try:
        return json.loads(text)
    except ValueError:
        raise BenchError(f"not JSON: {text[:200]!r}") from None
