# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server of the tests' own: in a temporary folder, on the loopback, run by an account
without rights, gone when the test file ends."""
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess

import harness
import process
import versions
import wire

BIN = pathlib.Path(os.environ.get("PGBIN", "/usr/lib/postgresql/15/bin"))
MAJOR = harness.SERVER or 15  # of the servers that tests do not ask for by version
TRUST = "local all all trust\nhost all all all trust\nhost replication all all trust\n"
SETTINGS = {
    "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off",
    "max_connections": 300, "max_prepared_transactions": 10, "max_wal_senders": 10, "wal_level": "logical",
    "listen_addresses": "127.0.0.1", "log_min_messages": "warning", "shared_buffers": "64MB",
    "autovacuum": "off", "log_checkpoints": "off", "log_error_verbosity": "verbose",
}


def account():
    """Who runs the server: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
            return name
        except KeyError:
            continue
    return None


def give(path, name=None):
    """Makes `path` the account's."""
    owner = name or account()
    if owner:
        entry = pwd.getpwnam(owner)
        os.chown(path, entry.pw_uid, entry.pw_gid)


class Server:
    """`hba` and `ident` are the texts of pg_hba.conf and pg_ident.conf; the superuser postgres can
    always connect over the Unix socket. `version`: of which major version, where not of the one that is installed. With `certificate` the server takes TLS, and checks clients'
    certificates against `authority`."""

    def __init__(self, folder, name="server", *, hba=TRUST, ident="", certificate=None, authority=None,
                 settings=None, version=harness.SERVER):
        self.name, self.binaries = name, versions.binaries(version) if version else BIN
        self.folder = pathlib.Path(folder) / name
        self.data = self.folder / "data"
        self.port = process.free_port()
        self.environment = dict(os.environ, LC_ALL="C.UTF-8")
        if version:
            self.environment["LD_LIBRARY_PATH"] = str(self.binaries.parent / "lib")
        self.process = None
        self.folder.mkdir(mode=0o755)
        give(self.folder)
        self._initialise()
        # What is the default from 14 on.
        self._configure({"password_encryption": "scram-sha-256", **(settings or {})}, certificate, authority)
        self.write("pg_hba.conf", "local all postgres trust\n" + hba)
        self.write("pg_ident.conf", ident)
        self.start()

    def _initialise(self):
        made = process.Process(f"{self.name} (initdb)", [
            self.binaries / "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--locale=C", "--no-sync"], account=account(), env=self.environment)
        if made.wait(120) != 0:
            raise process.Gone(f"initdb failed:\n{made.tail()}")

    def _configure(self, settings, certificate, authority):
        every = dict(SETTINGS, port=self.port, unix_socket_directories=self.folder, **settings)
        if certificate:
            self.copy(certificate.path, "server.crt")
            self.copy(certificate.key, "server.key")
            every["ssl"] = "on"
        if authority:
            self.copy(authority.path, "root.crt")
            every["ssl_ca_file"] = "root.crt"
        text = "".join(f"{key} = '{value}'\n" for key, value in every.items())
        self.write("postgresql.auto.conf", text)

    def write(self, name, text):
        path = self.data / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        give(path)

    def copy(self, source, name):
        shutil.copyfile(source, self.data / name)
        (self.data / name).chmod(0o600)
        give(self.data / name)

    def start(self):
        self.process = process.Process(self.name, [self.binaries / "postgres", "-D", self.data],
                                       account=account(), stop_signal=signal.SIGINT,
                                       env=self.environment)
        self.process.wait_line("database system is ready to accept connections", 60)

    def stop(self):
        if self.process and self.process.is_alive():
            self.process.stop(60)

    def crash(self):
        """Every process of it dies at once; the client's kernel sees resets, nobody says goodbye."""
        pids = process.tree(self.process.pid)
        for number in (signal.SIGSTOP, signal.SIGKILL):  # held first: none sees another one die
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        self.process.wait()
        process.until(lambda: not any(process.is_running(pid) for pid in pids), "all its processes ended")

    def reload(self):
        mark = len(self.process.lines)
        self.process.signal(signal.SIGHUP)
        return mark

    @property
    def address(self):
        return ("127.0.0.1", self.port)

    @property
    def upstream(self):
        """As pasu's configuration names it."""
        return f"127.0.0.1:{self.port}"

    @property
    def socket(self):
        return str(self.folder / f".s.PGSQL.{self.port}")

    def connect(self, database="postgres", user="postgres"):
        return wire.login(self.socket, user=user, database=database)

    def sql(self, text, database="postgres"):
        """Runs SQL as the superuser, past the gateway; the rows of the last result, as texts."""
        with self.connect(database) as session:
            return session.query(text).rows

    def value(self, text, database="postgres"):
        return self.sql(text, database)[0][0]

    def script(self, path, database="postgres"):
        """Runs a file of SQL with psql as the superuser."""
        done = subprocess.run(
            [BIN / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p",
             str(self.port), "-U", "postgres", "-d", database, "-f", path],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise AssertionError(f"psql -f {path}: {done.stdout.decode()}")

    def backends(self, where="true"):
        """How many client backends there are, the asking one not counted."""
        return int(self.value("SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
                              f"backend_type IN ('client backend', 'walsender') AND ({where})"))


class Logged(Server):
    """A server that writes its log into files: nothing of it comes to standard error."""

    def start(self):
        self.process = process.Process(self.name, [self.binaries / "postgres", "-D", self.data],
                                       account=account(), stop_signal=signal.SIGINT, env=self.environment)

        def is_up():
            with contextlib.suppress(OSError, wire.ServerError):
                self.connect().terminate()
                return True
            return False
        process.until(is_up, "a server that answers", 60)
