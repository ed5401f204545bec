# SPDX-License-Identifier: Apache-2.0
"""A name server of the tests' own, at an address of the loopback that nobody else uses, and the files
in /etc that send the C library there, seen by the test and what it starts only. Needs root."""
import contextlib
import socket
import struct
import threading

import harness
import namespace

ADDRESS = "127.86.53.53"
TRUNCATED, IPV4 = 0x0200, 1


class NameServer:
    """Answers 127.0.0.1 for every name, over TCP; over UDP it says that the answer is too long. While
    `held`, a threading.Event, is not set it answers nothing."""

    def __init__(self):
        self.held = threading.Event()
        self.held.set()
        self.asked = []
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.udp.bind((ADDRESS, 53))
            self.tcp = socket.create_server((ADDRESS, 53))
        except OSError as error:
            raise harness.Skip(f"port 53 is taken: {error}") from None
        for run in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=run, daemon=True).start()
        self._mount()

    @staticmethod
    def _mount():
        namespace.private_mounts()
        for name, text in (("resolv.conf", f"nameserver {ADDRESS}\noptions timeout:30\n"),
                           ("nsswitch.conf", "hosts: files dns\npasswd: files\ngroup: files\n")):
            path = harness.folder() / name
            path.write_text(text, encoding="ascii")
            path.chmod(0o644)
            namespace.run("mount", "--bind", path, f"/etc/{name}")

    def close(self):
        for name in ("resolv.conf", "nsswitch.conf"):
            namespace.run("umount", f"/etc/{name}")
        self.held.set()
        for one in (self.udp, self.tcp):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _answer(self, question, over):
        """The answer to a packet with one question."""
        number, flags = struct.unpack_from("!HH", question)
        end = question.index(b"\0", 12) + 5
        kind = struct.unpack_from("!H", question, end - 4)[0]
        self.asked.append(over)
        self.held.wait()
        count = 1 if over == "tcp" and kind == IPV4 else 0
        head = struct.pack("!HHHHHH", number, 0x8180 | (flags & 0x0100) | (TRUNCATED if over == "udp" else 0),
                           1, count, 0, 0)
        record = b"\xc0\x0c" + struct.pack("!HHIH", IPV4, 1, 0, 4) + socket.inet_aton("127.0.0.1")
        return head + question[12:end] + record * count

    def _serve_udp(self):
        with contextlib.suppress(OSError, struct.error):
            while True:
                question, place = self.udp.recvfrom(4096)
                self.udp.sendto(self._answer(question, "udp"), place)

    def _serve_tcp(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve_one, args=(self.tcp.accept()[0],), daemon=True).start()

    def _serve_one(self, connection):
        with contextlib.suppress(OSError, struct.error), connection, connection.makefile("rb") as stream:
            while True:
                question = stream.read(struct.unpack("!H", stream.read(2))[0])
                answer = self._answer(question, "tcp")
                connection.sendall(struct.pack("!H", len(answer)) + answer)
