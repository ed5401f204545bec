# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL's frontend/backend protocol, version 3, from the client's side: raw enough to do wrong
what no driver would. `login` gives a session that is ready; a `Wire` only sends and reads."""
import contextlib
import hashlib
import select
import socket
import ssl
import struct
import time

import scram

VERSION_3_0, VERSION_3_2 = 196608, 196610
CANCEL, SSL_REQUEST, GSS_REQUEST = 80877102, 80877103, 80877104
TIMEOUT = 60


class Closed(Exception):
    """The other side closed the connection."""


class ServerError(Exception):
    """An ErrorResponse where none was expected."""

    def __init__(self, fields):
        super().__init__(f"{fields.get('S')} {fields.get('C')}: {fields.get('M')}"
                         f" {fields.get('D', '')} {fields.get('H', '')}".rstrip())
        self.fields = fields
        self.code = fields.get("C")


# ---- messages of the client ----

def text(value):
    return (value if isinstance(value, bytes) else value.encode("utf-8")) + b"\0"


def message(kind, body=b""):
    return kind + struct.pack("!i", len(body) + 4) + body


def startup(user, database=None, version=VERSION_3_0, **options):
    body = struct.pack("!i", version)
    for key, value in {"user": user, "database": database, **options}.items():
        if value is not None:
            body += text(key) + text(value)
    return struct.pack("!i", len(body) + 5) + body + b"\0"


def request(code, body=b""):
    return struct.pack("!ii", len(body) + 8, code) + body


def query(sql):
    return message(b"Q", text(sql))


def parse(sql, name="", types=()):
    return message(b"P", text(name) + text(sql) + struct.pack("!h", len(types)) +
                   b"".join(struct.pack("!I", oid) for oid in types))


def bind(values=(), *, portal="", name="", formats=(), results=()):
    body = text(portal) + text(name) + struct.pack("!h", len(formats))
    body += b"".join(struct.pack("!h", code) for code in formats) + struct.pack("!h", len(values))
    for value in values:
        if value is None:
            body += struct.pack("!i", -1)
        else:
            value = value if isinstance(value, bytes) else str(value).encode("utf-8")
            body += struct.pack("!i", len(value)) + value
    return message(b"B", body + struct.pack("!h", len(results)) +
                   b"".join(struct.pack("!h", code) for code in results))


def describe(kind="P", name=""):
    return message(b"D", kind.encode() + text(name))


def execute(limit=0, portal=""):
    return message(b"E", text(portal) + struct.pack("!i", limit))


def close(kind="S", name=""):
    return message(b"C", kind.encode() + text(name))


def function_call(oid, *values):
    """A call with binary arguments and a binary result."""
    body = struct.pack("!Ihhh", oid, 1, 1, len(values))
    for value in values:
        body += struct.pack("!i", len(value)) + value
    return message(b"F", body + struct.pack("!h", 1))


SYNC, FLUSH, TERMINATE, COPY_DONE = (message(kind) for kind in (b"S", b"H", b"X", b"c"))


def copy_data(data):
    return message(b"d", data)


def copy_fail(why):
    return message(b"f", text(why))


# ---- messages of the server ----

def read_columns(body):
    """What a RowDescription says; a temporary table has another number each time."""
    (count,), at, said = struct.unpack_from("!H", body), 2, []
    for _ in range(count):
        name, at = read_text(body, at)
        table, *rest = struct.unpack_from("!IhIhih", body, at)
        at += 18
        said.append((name, min(table, 16384), *rest))
    assert at == len(body)
    return said


def read_text(body, at=0):
    end = body.index(b"\0", at)
    return body[at:end].decode("utf-8", "replace"), end + 1


def read_fields(body):
    """The fields of an ErrorResponse or NoticeResponse."""
    fields, at = {}, 0
    while body[at:at + 1] not in (b"\0", b""):
        value, end = read_text(body, at + 1)
        fields[chr(body[at])] = value
        at = end
    return fields


def read_row(body):
    """A DataRow's values as texts."""
    count, at, values = struct.unpack_from("!h", body)[0], 2, []
    for _ in range(count):
        length = struct.unpack_from("!i", body, at)[0]
        at += 4
        values.append(None if length < 0 else body[at:at + length].decode("utf-8", "replace"))
        at += max(length, 0)
    return values


class Result:
    """What came until ReadyForQuery: the types in order, and what they said."""

    def __init__(self):
        self.types, self.rows, self.tags, self.errors, self.notices = "", [], [], [], []
        self.parameters, self.notifications, self.status, self.copied, self.values = {}, [], None, b"", []

    def add(self, kind, body):
        self.types += kind
        if kind == "D":
            self.rows.append(read_row(body))
        elif kind == "C":
            self.tags.append(read_text(body)[0])
        elif kind == "E":
            self.errors.append(read_fields(body))
        elif kind == "N":
            self.notices.append(read_fields(body))
        elif kind == "S":
            key, at = read_text(body)
            self.parameters[key] = read_text(body, at)[0]
        elif kind == "A":
            channel, at = read_text(body, 4)
            self.notifications.append((channel, read_text(body, at)[0]))
        elif kind == "d":
            self.copied += body
        elif kind == "V":
            self.values.append(body[4:])
        elif kind == "Z":
            self.status = body.decode()

    @property
    def code(self):
        return self.errors[0]["C"] if self.errors else None


class Wire:
    """A connection. Never blocks for ever: what does not come within `timeout` is TimeoutError."""

    def __init__(self, address, *, timeout=TIMEOUT, source=None, receive_buffer=None):
        self.timeout, self.buffer, self.at_end = timeout, bytearray(), False
        self.parameters, self.key, self.notices, self.errors = {}, None, [], []
        self.version_offered = None
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX)
        else:
            self.socket = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
            if receive_buffer:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            if source:
                self.socket.bind((source, 0))
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(address)
        except BaseException:
            self.socket.close()
            raise
        if not isinstance(address, str):
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.abort()

    def abort(self):
        """Closes without a word."""
        self.socket.close()

    def terminate(self):
        with contextlib.suppress(OSError, Closed):
            self.send(TERMINATE)
        self.abort()

    def half_close(self):
        """Says that nothing more will be sent."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    # ---- bytes ----

    def _wait(self, reading, writing, deadline):
        left = deadline - time.monotonic()
        poll = select.poll()
        poll.register(self.socket, (select.POLLIN if reading else 0) | (select.POLLOUT if writing else 0))
        if left <= 0 or not poll.poll(left * 1000):
            raise TimeoutError("nothing within the time")

    def _fill(self):
        """Reads what is there; False where nothing is."""
        try:
            got = self.socket.recv(1 << 18)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except (ConnectionResetError, BrokenPipeError, ssl.SSLError, ssl.SSLEOFError):
            got = b""
        if not got:
            self.at_end = True
            return False
        self.buffer += got
        return True

    def send(self, data, *, drain=True):
        """Sends all of it, reading meanwhile what comes, so that neither side waits for ever."""
        view, deadline = memoryview(data), time.monotonic() + self.timeout
        while view:
            try:
                view = view[self.socket.send(view):]
                deadline = time.monotonic() + self.timeout
                continue
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                pass
            except (ConnectionResetError, BrokenPipeError, ssl.SSLError) as error:
                raise Closed("closed while sending") from error
            if drain and self._fill():
                deadline = time.monotonic() + self.timeout
                continue
            self._wait(drain and not self.at_end, True, deadline)

    def send_some(self, data):
        """Sends what the socket takes at once; how many bytes that was."""
        try:
            return self.socket.send(data)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0

    def need(self, count):
        deadline = time.monotonic() + self.timeout
        while len(self.buffer) < count:
            if self._fill():
                deadline = time.monotonic() + self.timeout
            elif self.at_end:
                raise Closed(f"closed after {bytes(self.buffer[:80])!r}")
            elif not getattr(self.socket, "pending", lambda: 0)():
                self._wait(True, False, deadline)

    def take(self, count):
        self.need(count)
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        return taken

    def byte(self):
        return self.take(1)

    def read_end(self):
        """Reads to the connection's end; all that came."""
        with contextlib.suppress(Closed):
            self.need(1 << 62)
        taken = bytes(self.buffer)
        self.buffer.clear()
        return taken

    # ---- messages ----

    def receive(self):
        """(type, body) of the next message."""
        head = self.take(5)
        return chr(head[0]), self.take(struct.unpack("!i", head[1:])[0] - 4)

    def expect(self, kinds):
        """The next message, which must be of one of these types; ServerError where it is an error."""
        kind, body = self.receive()
        if kind == "E" and "E" not in kinds:
            raise ServerError(read_fields(body))
        if kind not in kinds:
            raise AssertionError(f"message {kind!r} where {kinds!r} was due")
        return kind, body

    def result(self, until="Z"):
        """What comes until a message of one of these types, it included."""
        result = Result()
        while True:
            kind, body = self.receive()
            result.add(kind, body)
            if kind in until:
                return result

    def refused(self):
        """The fields of the ErrorResponse that must come now, after which the connection is closed."""
        kind, body = self.receive()
        assert kind == "E", f"message {kind!r} instead of an error"
        rest = self.read_end()
        assert not rest, f"more bytes after the last error: {rest[:80]!r}"
        return read_fields(body)

    def exchange(self, data, until="Z"):
        self.send(data)
        return self.result(until)

    def query(self, sql):
        """The result of a simple query; ServerError where it has an error."""
        result = self.exchange(query(sql))
        if result.errors:
            raise ServerError(result.errors[0])
        return result

    def value(self, sql):
        return self.query(sql).rows[0][0]

    # ---- start ----

    def start_tls(self, context, server_name=None):
        """TLS from here on. Handshake failures are ssl.SSLError or Closed."""
        self.socket.settimeout(self.timeout)
        try:
            self.socket = context.wrap_socket(self.socket, server_hostname=server_name)
        except (ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise Closed("closed during the TLS handshake") from error
        self.socket.setblocking(False)

    def ask_tls(self, context, server_name=None):
        self.send(request(SSL_REQUEST))
        answer = self.byte()
        assert answer == b"S", f"{answer!r} to SSLRequest"
        self.start_tls(context, server_name)

    def binding(self):
        """What channel binding binds to: the hash of the other side's certificate (RFC 5929)."""
        return hashlib.sha256(self.socket.getpeercert(binary_form=True)).digest()

    def authenticate(self, user, password=None):
        """Answers what the server asks, until it is ready."""
        exchange = None
        while True:
            kind, body = self.expect("RSKZNv")
            if kind == "R":
                code = struct.unpack_from("!i", body)[0]
                if code == 3:
                    self.send(message(b"p", text(password or "")))
                elif code == 5:
                    self.send(message(b"p", text(scram.md5(user, password or "", body[4:8]))))
                elif code == 10:
                    plus = isinstance(self.socket, ssl.SSLSocket) and b"SCRAM-SHA-256-PLUS" in body
                    exchange = scram.Exchange(password or "", self.binding() if plus else None)
                    first = exchange.first()
                    self.send(message(b"p", text(exchange.mechanism) +
                                      struct.pack("!i", len(first)) + first))
                elif code == 11:
                    self.send(message(b"p", exchange.final(body[4:])))
                elif code == 12:
                    exchange.verify(body[4:])
                elif code != 0:
                    raise AssertionError(f"authentication request {code}")
            elif kind == "S":
                key, at = read_text(body)
                self.parameters[key] = read_text(body, at)[0]
            elif kind == "K":
                self.key = body
            elif kind == "N":
                self.notices.append(read_fields(body))
            elif kind == "v":
                self.version_offered = struct.unpack_from("!i", body)[0]
            else:
                return self


PROXY_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def proxy_header(source, destination=("198.51.100.1", 5432), *, command=1, family=None, more=b"", version=2):
    """A PROXY protocol header, version 2: `command` 1 is PROXY, 0 is LOCAL."""
    kind = socket.AF_INET6 if ":" in source[0] else socket.AF_INET
    body = (socket.inet_pton(kind, source[0]) + socket.inet_pton(kind, destination[0]) +
            struct.pack("!HH", source[1], destination[1])) + more
    code = family if family is not None else (0x21 if kind == socket.AF_INET6 else 0x11)
    return PROXY_SIGNATURE + bytes([version << 4 | command, code]) + struct.pack("!H", len(body)) + body


def login(address, *, user="postgres", database="postgres", password=None, tls=None, direct_tls=None,
          version=VERSION_3_0, source=None, timeout=TIMEOUT, receive_buffer=None, header=b"", **options):
    """A session that is ready. `tls`: an ssl context, asked for by SSLRequest; `direct_tls`: one
    without asking. `header`: what comes first of all (the PROXY protocol's)."""
    wire = Wire(address, source=source, timeout=timeout, receive_buffer=receive_buffer)
    try:
        if header:
            wire.send(header)
        if tls:
            wire.ask_tls(tls)
        elif direct_tls:
            wire.start_tls(direct_tls)
        wire.send(startup(user, database, version, **options))
        return wire.authenticate(user, password)
    except BaseException:
        wire.abort()
        raise


def handled(other):
    """What had come to the gate before is handled: its only worker takes in a round all that has come, and the
    second question of this session comes in a later one."""
    for number in range(2):
        assert other.value(f"SELECT {number}") == str(number)


def cancel(address, key, tls=None):
    """Sends a cancel request with the (pid, secret) that `key` holds; returns when it was taken."""
    with Wire(address) as wire:
        if tls:
            wire.ask_tls(tls)
        wire.send(request(CANCEL, key))
        assert wire.read_end() == b""


def context(authority=None, certificate=None, alpn=None):
    """An ssl context of a client: without an authority it trusts whoever answers."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    if authority:
        made.load_verify_locations(authority.path)
    else:
        made.verify_mode = ssl.CERT_NONE
    if certificate:
        made.load_cert_chain(certificate.path, certificate.key)
    if alpn:
        made.set_alpn_protocols([alpn])
    return made
