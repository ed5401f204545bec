#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: knock.py PORT ROLE

Asks to be let in as a role, without a password, and prints the error that comes at once, with its SQLSTATE, which
psql leaves out while it connects. Fails where there is none: where a password is asked for."""
import socket
import struct
import sys

VERSION = 3 << 16  # of the protocol


def main():
    port, role = sys.argv[1:]
    with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as door:
        body = struct.pack("!I", VERSION) + f"user\0{role}\0database\0shop\0\0".encode()
        door.sendall(struct.pack("!I", 4 + len(body)) + body)
        with door.makefile("rb") as answer:
            kind, length = struct.unpack("!cI", answer.read(5))
            fields = answer.read(length - 4)
    if kind != b"E":
        sys.exit(f"demo: {role} was not refused")
    said = {field[:1]: field[1:].decode() for field in fields.split(b"\0") if field}
    print(f"{said[b'S']}:  {said[b'C']}: {said[b'M']} (before a password was asked for)")


if __name__ == "__main__":
    main()
