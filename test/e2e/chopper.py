# SPDX-License-Identifier: Apache-2.0
"""A relay in front of a server that cuts what the server says into small packets, wherever it happens."""
import contextlib
import random
import socket
import threading


class Chopper:
    """`upstream`: as pasu's configuration is to name it."""

    def __init__(self, address, seed=1):
        self.address, self.chance = address, random.Random(seed)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.upstream = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                server = socket.create_connection(self.address)
                for one in (client, server):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                chance = random.Random(self.chance.random())
                threading.Thread(target=self._carry, args=(client, server, None), daemon=True).start()
                threading.Thread(target=self._carry, args=(server, client, chance), daemon=True).start()

    @staticmethod
    def _carry(source, target, chance):
        """Until the end, which is passed on."""
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                while data:
                    piece = len(data) if chance is None else chance.choice((1, 2, 5, 30, 300, 3000))
                    target.sendall(data[:piece])
                    data = data[piece:]
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
