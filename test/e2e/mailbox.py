# SPDX-License-Identifier: Apache-2.0
"""A mail server of the tests' own: SMTP (RFC 5321) with STARTTLS or TLS from the beginning, and AUTH PLAIN and LOGIN.
What it takes is kept, as it came and as Python's own parser reads it."""
import base64
import contextlib
import email
import email.policy
import email.utils
import socket
import ssl
import threading

HANG_UP = object()


class Letter:
    """A message, with its envelope."""

    def __init__(self, sender, recipients, data):
        self.sender, self.recipients, self.data = sender, recipients, data
        self.message = email.message_from_bytes(data, policy=email.policy.default)
        assert not self.message.defects, self.message.defects
        self.text = self.message.get_content()
        self.number = int(self.message["Message-ID"].removeprefix("<").partition(".")[0])

    def value(self, name):
        """Of a line "NAME: VALUE" of the text."""
        found = [line.partition(": ")[2] for line in self.text.splitlines() if line.startswith(f"{name}: ")]
        assert len(found) == 1, (name, self.text)
        return found[0]


class Server:
    """`certificate`: there is TLS; `is_implicit`: from the beginning. `user`: (name, password) that must log in. `answers`:
    to the next messages, in the place of being taken: a line, or HANG_UP after it was taken, without a word."""

    def __init__(self, certificate=None, is_implicit=False, user=None, port=0, answers=(), refuses=()):
        self.letters, self.commands, self.lock = [], [], threading.Lock()
        self.user, self.is_implicit, self.answers, self.refuses = user, is_implicit, list(answers), set(refuses)
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate.path, certificate.key)
        self.open = []
        self.socket = socket.create_server(("127.0.0.1", port))
        self.port = self.socket.getsockname()[1]
        host = "localhost" if certificate else "127.0.0.1"
        self.url = f"{'smtps' if is_implicit else 'smtp'}://{host}:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection = self.socket.accept()[0]
                self.open.append(connection)
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for connection in self.open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def serve(self, connection):
        with contextlib.suppress(OSError, ConnectionError):
            if self.is_implicit:
                connection = self.context.wrap_socket(connection, server_side=True)
                self.open.append(connection)
            talk = Talk(self, connection)
            try:
                talk.run()
            finally:
                talk.end()

    def come(self):
        """In the order in which they came first; what came again is the same."""
        with self.lock:
            found = {}
            for one in self.letters:
                first = found.setdefault(one.number, one)
                assert (first.data, first.recipients) == (one.data, one.recipients), (first.data, one.data)
            return list(found.values())

    def said(self, word):
        with self.lock:
            return [one for one in self.commands if one.upper().startswith(word)]


class Talk:
    """One connection."""

    def __init__(self, server, connection):
        self.server, self.connection, self.file = server, connection, connection.makefile("rb")
        self.is_safe, self.is_known = server.is_implicit, server.user is None
        self.sender, self.recipients = None, []

    def end(self):
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.file.close()
        self.connection.close()

    def say(self, *lines):
        for line in lines:
            self.connection.sendall(line.encode() + b"\r\n")

    def line(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError
        return line[:-2].decode()

    def run(self):
        self.say("220 tests ESMTP")
        while True:
            line = self.line()
            with self.server.lock:
                self.server.commands.append(line)
            verb, _, rest = line.partition(" ")
            verb = verb.upper()
            if verb == "QUIT":
                self.say("221 bye")
                return
            getattr(self, verb.lower(), self.other)(rest)

    def other(self, _):
        self.say("502 no")

    def ehlo(self, _):
        offers = ["250-tests"]
        if self.server.context and not self.is_safe:
            offers.append("250-STARTTLS")
        if self.server.user:
            offers.append("250-AUTH PLAIN LOGIN")
        self.say(*offers, "250 8BITMIME")

    def starttls(self, _):
        if not self.server.context:
            self.say("502 no")
            return
        self.say("220 go")
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.server.open.append(self.connection)
        self.file = self.connection.makefile("rb")
        self.is_safe = True

    def auth(self, rest):
        way, _, first = rest.partition(" ")
        if way == "PLAIN":
            if not first:
                self.say("334 ")
                first = self.line()
            got = tuple(base64.b64decode(first).decode().split("\0")[1:])
        else:
            got = []
            for word in ("Username:", "Password:"):
                self.say("334 " + base64.b64encode(word.encode()).decode())
                got.append(base64.b64decode(self.line()).decode())
            got = tuple(got)
        self.is_known = got == self.server.user
        self.say("235 welcome" if self.is_known else "535 no")

    def mail(self, rest):
        self.sender, self.recipients = rest.removeprefix("FROM:").partition(">")[0].strip("<> "), []
        self.say("250 ok" if self.is_known else "530 log in")

    def rcpt(self, rest):
        address = rest.removeprefix("TO:").partition(">")[0].strip("<> ")
        if address in self.server.refuses:
            self.say("550 nobody here")
            return
        self.recipients.append(address)
        self.say("250 ok")

    def rset(self, _):
        self.say("250 ok")

    def data(self, _):
        self.say("354 go")
        lines = []
        while (line := self.file.readline()) != b".\r\n":
            if not line.endswith(b"\r\n"):
                raise ConnectionError
            lines.append(line[1:] if line.startswith(b".") else line)
        with self.server.lock:
            answer = self.server.answers.pop(0) if self.server.answers else None
            if answer in (None, HANG_UP):
                self.server.letters.append(Letter(self.sender, self.recipients, b"".join(lines)))
        if answer is HANG_UP:
            raise ConnectionError
        self.say(answer or "250 taken")
