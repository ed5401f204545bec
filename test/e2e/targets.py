# SPDX-License-Identifier: Apache-2.0
"""Where checkpoints are published to, as tests have it: syslogs, HTTP servers, and a witness. What arrives is
kept; what is answered can be changed while they run."""
import base64
import contextlib
import hashlib
import http.server
import os
import socket
import socketserver
import ssl
import struct
import threading
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

import process


class Note:
    """A signed checkpoint: its parts, and all of it as it came."""

    def __init__(self, data):
        self.data = data
        text, _, signatures = data.rpartition(b"\n\n")
        self.text = text + b"\n"
        lines = self.text.decode("utf-8").split("\n")
        self.origin, self.size, self.root = lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True)
        self.signatures = []
        for line in signatures.decode("utf-8").splitlines():
            dash, name, value = line.split(" ")
            raw = base64.b64decode(value, validate=True)
            assert dash == "\u2014", line
            self.signatures.append((name, raw[:4], raw[4:]))

    def is_signed_by(self, vkey):
        name, number, key = vkey.split("+", 2)
        public = ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(key)[1:])
        for signer, identity, signature in self.signatures:
            if signer == name and identity.hex() == number:
                with contextlib.suppress(InvalidSignature):
                    public.verify(signature, self.text)
                    return True
        return False


def note_of_line(line):
    """The checkpoint that a line of syslog was made of."""
    word, origin, size, root, signature = line.split(" ")
    assert word == "checkpoint", line
    return Note(f"{origin}\n{size}\n{root}\n\n\u2014 {origin} {signature}\n".encode())


class Kept:
    """What has arrived."""

    def __init__(self):
        self.notes, self.lock = [], threading.Lock()

    def keep(self, note):
        with self.lock:
            self.notes.append(note)

    def largest(self):
        with self.lock:
            return max((note.size for note in self.notes), default=0)

    def last(self):
        with self.lock:
            return self.notes[-1]


class Syslog(Kept):
    """RFC 5424 over UDP, TCP or a Unix socket of packets. `target` is what the configuration calls it."""

    def __init__(self, kind, path=None):
        super().__init__()
        self.kind, self.lines, self.open = kind, [], []
        family = socket.AF_UNIX if kind == "unix" else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
        self.socket.bind(str(path) if kind == "unix" else ("127.0.0.1", process.free_port()))
        if kind == "unix":
            os.chmod(path, 0o666)
            self.target = str(path)
        else:
            self.target = f"{kind}://127.0.0.1:{self.socket.getsockname()[1]}"
        if kind == "tcp":
            self.socket.listen()
        threading.Thread(target=self.accept if kind == "tcp" else self.receive, daemon=True).start()

    def receive(self):
        with contextlib.suppress(OSError):
            while data := self.socket.recv(65536):
                self.take(data)

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection = self.socket.accept()[0]
                self.open.append(connection)
                threading.Thread(target=self.read, args=(connection,), daemon=True).start()

    def read(self, connection):
        with contextlib.suppress(OSError), connection.makefile("rb") as file:
            while length := self.number(file):
                self.take(file.read(length))

    @staticmethod
    def number(file):
        digits = b""
        while (byte := file.read(1)).isdigit():
            digits += byte
        assert byte in (b" ", b""), byte
        return int(digits or b"0")

    def take(self, data):
        head, _, text = data.decode("utf-8").partition(" - ")
        priority, moment, host, name, pid, kind = head.split(" ")
        assert (priority, name, kind) == ("<109>1", "pasu", "checkpoint") and host and int(pid), head
        assert time.strptime(moment.split(".")[0], "%Y-%m-%dT%H:%M:%S") and moment.endswith("Z"), moment
        self.lines.append(data)
        self.keep(note_of_line(text))

    def drop(self):
        """Closes the connections that there are."""
        while self.open:
            connection = self.open.pop()
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def close(self):
        self.drop()
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # whoever receives from it holds it open
        self.socket.close()


class Web(Kept):
    """An HTTP server, with TLS where it is given a certificate. `how(handler, body)` answers a POST."""

    def __init__(self, how=None, certificate=None, port=0):
        super().__init__()
        self.how, self.seen, self.open = how or self.accept, 0, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def setup(self):
                outer.open.append(self.request)
                super().setup()

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.seen += 1
                outer.how(self, body)

            def log_message(self, *_):
                pass

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", port or process.free_port()), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.path, certificate.key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        self.url = f"{'https' if certificate else 'http'}://localhost:{self.port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def accept(self, handler, body):
        assert handler.headers["Content-Type"].startswith("text/plain")
        self.keep(Note(body))
        answer(handler, 200, b"")

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        for connection in self.open:  # those that are kept
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def answer(handler, status, body, kind="text/plain"):
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


# ---- the witness ----

def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def is_consistent(first, second, first_root, second_root, path):
    """RFC 9162, 2.1.4.2."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not path and first_root == second_root
    path = list(path)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    if not path:
        return False
    a, b = first - 1, second - 1
    while a & 1:
        a, b = a >> 1, b >> 1
    one = two = path.pop(0)
    for step in path:
        if b == 0:
            return False
        if a & 1 or a == b:
            one, two = node(step, one), node(step, two)
            while a and not a & 1:
                a, b = a >> 1, b >> 1
        else:
            two = node(two, step)
        a, b = a >> 1, b >> 1
    return one == first_root and two == second_root and b == 0


class Witness(Web):
    """c2sp.org/tlog-witness: cosigns what goes on from what it has cosigned, and refuses everything else."""

    def __init__(self, name, **more):
        super().__init__(self.witness, **more)
        self.name, self.logs, self.states, self.statuses = name, {}, {}, []
        self.key = ed25519.Ed25519PrivateKey.generate()
        public = b"\x04" + self.key.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.identity = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
        self.vkey = f"{name}+{self.identity.hex()}+{base64.b64encode(public).decode()}"
        self.atomic = threading.Lock()

    def trust(self, vkey):
        self.logs[vkey.split("+")[0]] = vkey

    def cosign(self, text, moment=None):
        moment = int(time.time()) if moment is None else moment
        signature = self.key.sign(b"cosignature/v1\ntime %d\n" % moment + text)
        raw = self.identity + struct.pack(">Q", moment) + signature
        return f"\u2014 {self.name} {base64.b64encode(raw).decode()}\n".encode()

    def judge(self, body):
        head, _, note = body.partition(b"\n\n")
        first, *hashes = head.decode("ascii").split("\n")
        word, old = first.split(" ")
        assert word == "old" and (old == "0" or old[0] != "0") and len(hashes) <= 63, head
        old, note = int(old), Note(note)
        hashes = [base64.b64decode(one, validate=True) for one in hashes]
        if note.origin not in self.logs:
            return 404, b""
        if not note.is_signed_by(self.logs[note.origin]):
            return 403, b""
        if old > note.size:
            return 400, b""
        size, root = self.states.get(note.origin, (0, b""))
        if old != size or (old == note.size and root != note.root):
            return 409, b"%d\n" % size
        if hashes if not old else not is_consistent(old, note.size, root, note.root, hashes):
            return 422, b""
        self.states[note.origin] = (note.size, note.root)
        self.keep(note)
        return 200, self.cosign(note.text)

    def witness(self, handler, body):
        if not handler.path.endswith("/prefix/add-checkpoint"):
            answer(handler, 400, b"")
            return
        with self.atomic:
            status, text = self.judge(body)
            self.statuses.append(status)
        answer(handler, status, text, "text/x.tlog.size" if status == 409 else "text/plain")

    def entry(self):
        """What the configuration says of it."""
        return {"url": f"{self.url}/prefix", "key": self.vkey}
