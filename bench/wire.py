# SPDX-License-Identifier: Apache-2.0
"""As much of the PostgreSQL protocol as a benchmark needs: a trusted login and a simple query."""
import socket
import struct


class WireError(Exception):
    """The server said no, or something that this client does not understand."""


class Session:
    def __init__(self, connection):
        self.socket = connection

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self.socket.sendall(b"X\0\0\0\4")
        except OSError:
            pass
        self.socket.close()

    def _read(self, size):
        parts = []
        while size > 0:
            part = self.socket.recv(size)
            if not part:
                raise WireError("the connection ended")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def until_ready(self):
        """Reads up to ReadyForQuery; WireError with the server's text when an error came first."""
        error = None
        while True:
            kind, size = struct.unpack("!cI", self._read(5))
            body = self._read(size - 4)
            if kind == b"E":
                error = " ".join(f[1:].decode(errors="replace") for f in body.split(b"\0")
                                 if f[:1] in (b"S", b"C", b"M"))
                if error.startswith(("FATAL", "PANIC")):
                    raise WireError(error)
            elif kind == b"R" and body != b"\0\0\0\0":
                raise WireError("the server wants a password; the benchmark uses trust")
            elif kind == b"Z":
                if error is not None:
                    raise WireError(error)
                return

    def query(self, text):
        body = text.encode() + b"\0"
        self.socket.sendall(b"Q" + struct.pack("!I", len(body) + 4) + body)
        self.until_ready()


def log_in(port, user, database, timeout=60):
    session = Session(socket.create_connection(("127.0.0.1", port), timeout))
    try:
        body = b"\0\3\0\0" + b"".join(text.encode() + b"\0"
                                      for text in ("user", user, "database", database)) + b"\0"
        session.socket.sendall(struct.pack("!I", len(body) + 4) + body)
        session.until_ready()
    except BaseException:
        session.socket.close()
        raise
    return session
