# SPDX-License-Identifier: Apache-2.0
"""A relay in front of a server whose answers can be lost: what the server has done, nobody hears."""
import contextlib
import socket
import threading

import chopper


class Silencer(chopper.Chopper):
    """While it is silent, nothing that the server says passes; who has missed some of it is cut off later."""

    def __init__(self, address):
        self.is_silent, self.cut = False, set()
        super().__init__(address)

    def hush(self):
        self.is_silent = True

    def speak(self):
        self.is_silent = False
        for one in self.cut:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self.cut = set()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                server = socket.create_connection(self.address)
                threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source, target, is_answer):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if is_answer and self.is_silent:
                    self.cut.add(source)
                else:
                    target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
