# SPDX-License-Identifier: Apache-2.0
"""What several test files put on: servers, gateways in front of them, and the questions that tests ask.

`Front` is one gateway in front of one server; in direct mode its address is the server's own."""
import functools
import os
import subprocess
import sys
import time

import certificate
import guard
import harness
import postgres
import process
import wire

DIRECT = harness.DIRECT
folder = harness.folder


# ---- tests ----

def test(function=None, *, limit=None, gateway=False):
    """Marks a test: its seconds, and whether it makes no sense without the gateway. The name it is
    reported by is its documentation, or its own."""
    def mark(body):
        body.__doc__ = body.__doc__ or body.__name__.removeprefix("test_").replace("_", " ")
        if limit:
            body = harness.limit(limit)(body)
        return harness.gateway_only(body) if gateway else body
    return mark(function) if function else mark


def case(title, body, *words, **marks):
    """Makes a test of the main file out of a function and its arguments."""
    @functools.wraps(body)
    def made():
        return body(*words)
    made.__name__ = "test_" + "".join(c if c.isalnum() else "_" for c in title)
    made.__doc__ = title
    setattr(sys.modules["__main__"], made.__name__, test(made, **marks))


# ---- what is made once ----

@harness.shared
def authority():
    return certificate.Authority(folder())


@functools.lru_cache(None)
def issued(name):
    """A certificate for localhost, signed by authority()."""
    return authority().issue(name, "localhost")


@harness.shared
def server():
    """The plain server: no TLS, trusts everybody."""
    return postgres.Server(folder(), "server")


@harness.shared
def tls_server():
    """A server that takes TLS and trusts everybody."""
    return postgres.Server(folder(), "tls-server", certificate=issued("server"), authority=authority())


@harness.shared
def front():
    """The plain gateway, in front of server()."""
    return Front(server())


def tls(mode="allow"):
    """The configuration's `gateway.tls` with a certificate for localhost."""
    return guard.tls(issued("gateway"), mode)


def verified(of_server):
    """The keys of a gateway that asks this server for TLS and verifies its certificate."""
    return {"upstream": f"localhost:{of_server.port}",
            "upstream_tls": {"mode": "verify-full", "ca": str(authority().path)}}


def login(**options):
    """A session through the plain gateway."""
    return wire.login(front().address, **options)


# ---- the gateway ----

class Front:
    """`pasu guard` in front of a server. The keywords are keys of `gateway`; `more` are keys of the
    configuration itself. `gateways`, a list of maps, stands instead of what would be made of them."""

    def __init__(self, behind, name="pasu", *, more=None, gateways=None, **gateway):
        if not gateways:
            gateway["limits"] = {"drain_time": "1s", **gateway.get("limits", {})}
            gateway.setdefault("workers", 2)
            gateways = guard.gateway(gateway.pop("upstream", behind), **gateway)
        self.behind, self.first = behind, 0
        self.guard = guard.start(gateways, name=name, log={"level": "debug"}, **(more or {}))
        self.address = behind.address if DIRECT else guard.place(
            first_of(first_of(self.gateway)["listen"]))

    @property
    def gateway(self):
        """The key `gateway` of its configuration."""
        return {"listen": self.behind.upstream} if DIRECT else self.guard.config["gateway"]

    @property
    def port(self):
        return self.address[1]

    @property
    def process(self):
        return self.guard.process

    def login(self, **options):
        return wire.login(self.address, **options)

    def gate(self):
        return self.guard.pids()["gate"]

    def reload(self, gateway=None):
        """Writes the configuration, with another `gateway` where one is given; the name of the event
        by which SIGHUP is answered."""
        if gateway:
            self.guard.config["gateway"] = gateway
        self.guard.write()
        return self.guard.reload()["event"]

    def stop(self):
        """SIGTERM; it must end well."""
        equal(self.guard.stop(), 0, "exit status")


def first_of(value):
    return value[0] if isinstance(value, list) else value


# ---- what tests ask ----

def equal(got, due, what=""):
    assert got == due, f"{what + ': ' if what else ''}{got!r}, not {due!r}"


def refused(make, code):
    """`make()` must fail with this SQLSTATE; what the server said."""
    try:
        made = make()
    except wire.ServerError as error:
        equal(error.code, code, str(error))
        return error
    made.abort()
    raise AssertionError(f"was not refused with {code}")


def accepts(port):
    """Whether somebody listens there."""
    try:
        with wire.Wire(("127.0.0.1", port)):
            return True
    except ConnectionRefusedError:
        return False


def run(argv, *, env=None, timeout=100, check=True, **options):
    """Runs a program; its output, both streams. AssertionError where it fails."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    environment.update({"LC_ALL": "C.UTF-8", "HOME": str(folder()), **(env or {})})
    done = subprocess.run([str(word) for word in argv], env=environment, timeout=timeout, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          **options)
    output = done.stdout.decode("utf-8", "replace")
    if check and done.returncode:
        raise AssertionError(f"{argv[0]} ended with {done.returncode}:\n{output[-1500:]}")
    return output


def elapsed(since):
    return time.monotonic() - since


def in_time(most, attempt, times=3):
    """`attempt()` says how many seconds what is promised took. Less than `most`, once in so many times: a machine that does much
    else holds it up now and then, and makes nothing quicker."""
    took = []
    while not took or (took[-1] >= most and len(took) < times):
        took.append(attempt())
    assert took[-1] < most, took
    return took[-1]


def peak_below(pid, most):
    """The most memory the process had since process.reset_peak()."""
    peak = process.memory(pid, "VmHWM")
    assert peak < most, f"the gate had {peak >> 20} MiB"
