# SPDX-License-Identifier: Apache-2.0
"""Networks of the tests' own, to be cut: two network namespaces with a cable between them, and nothing
else. Needs root. The cable's addresses are of a range that is reserved for documentation (RFC 5737)."""
import contextlib
import ctypes
import os
import subprocess

NEAR, FAR = "192.0.2.1", "192.0.2.2"
NEW_NETWORK, NEW_MOUNTS = 0x40000000, 0x00020000

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def run(*words):
    subprocess.run([str(word) for word in words], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def private_mounts():
    """From here on what is mounted is seen by this process and its children only, and goes with them."""
    _checked(_libc.unshare(NEW_MOUNTS))
    run("mount", "--make-rprivate", "/")


class Namespace:
    """`with namespace:` the calling thread, and what it starts and connects, is in it."""

    def __init__(self, name):
        self.name = f"pasu-e2e-{os.getpid()}-{name}"
        run("ip", "netns", "add", self.name)
        self.outside = []
        self.inside = os.open(f"/run/netns/{self.name}", os.O_RDONLY | os.O_CLOEXEC)
        with self:
            run("ip", "link", "set", "lo", "up")

    def __enter__(self):
        self.outside.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
        _checked(_libc.setns(self.inside, NEW_NETWORK))
        return self

    def __exit__(self, *unused):
        before = self.outside.pop()
        _checked(_libc.setns(before, NEW_NETWORK))
        os.close(before)

    def close(self):
        os.close(self.inside)
        with contextlib.suppress(subprocess.CalledProcessError):
            run("ip", "netns", "delete", self.name)


class Cable:
    """Two namespaces, `near` and `far`, that reach each other at NEAR and FAR unless it is cut. What
    is lost is noticed there within seconds: the kernel's times are set low."""

    def __init__(self):
        self.near, self.far = Namespace("near"), Namespace("far")
        with self.near:
            run("ip", "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", self.far.name)
        for side, address in ((self.near, NEAR), (self.far, FAR)):
            with side:
                run("ip", "address", "add", f"{address}/24", "dev", "cable")
                run("ip", "link", "set", "cable", "up")
                for key, value in (("tcp_keepalive_time", 1), ("tcp_keepalive_intvl", 1),
                                   ("tcp_keepalive_probes", 3), ("tcp_retries2", 3)):
                    with open(f"/proc/sys/net/ipv4/{key}", "w", encoding="ascii") as file:
                        file.write(str(value))

    def cut(self):
        """Nothing arrives any more and neither side is told: packets go to a hardware address that
        nobody has."""
        for side, other in ((self.near, FAR), (self.far, NEAR)):
            with side:
                run("ip", "neighbour", "replace", other, "lladdr", "02:00:00:00:00:99", "dev", "cable",
                    "nud", "permanent")

    def mend(self):
        for side, other in ((self.near, FAR), (self.far, NEAR)):
            with side:
                run("ip", "neighbour", "delete", other, "dev", "cable")

    def close(self):
        self.near.close()
        self.far.close()
