# SPDX-License-Identifier: Apache-2.0
"""The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), with and without channel binding, and of
PostgreSQL's md5 method. Passwords are taken as they are: no SASLprep."""
import base64
import hashlib
import hmac
import os


def md5(user, password, salt):
    inner = hashlib.md5((password + user).encode()).hexdigest()
    return "md5" + hashlib.md5(inner.encode() + salt).hexdigest()


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


class Exchange:
    """`binding` is the hash of the server's certificate, or None: then no binding is claimed to be
    possible. `flag` overrides the GS2 flag, for clients that lie."""

    def __init__(self, password, binding=None, flag=None):
        self.password, self.binding = password.encode(), binding
        self.mechanism = "SCRAM-SHA-256-PLUS" if binding else "SCRAM-SHA-256"
        flag = flag or ("p=tls-server-end-point" if binding else "n")
        self.gs2 = f"{flag},,".encode()
        self.nonce = base64.b64encode(os.urandom(18)).decode()
        self.bare = f"n=,r={self.nonce}".encode()
        self.salt = self.iterations = self.signature = None

    def first(self):
        return self.gs2 + self.bare

    def final(self, challenge):
        parts = dict(part.split("=", 1) for part in challenge.decode().split(","))
        assert parts["r"].startswith(self.nonce) and len(parts["r"]) > len(self.nonce), "nonce"
        self.salt, self.iterations = base64.b64decode(parts["s"]), int(parts["i"])
        salted = hashlib.pbkdf2_hmac("sha256", self.password, self.salt, self.iterations)
        key = mac(salted, b"Client Key")
        without = b"c=" + base64.b64encode(self.gs2 + (self.binding or b"")) + b",r=" + parts["r"].encode()
        said = self.bare + b"," + challenge + b"," + without
        proof = bytes(a ^ b for a, b in zip(key, mac(hashlib.sha256(key).digest(), said)))
        self.signature = mac(mac(salted, b"Server Key"), said)
        return without + b",p=" + base64.b64encode(proof)

    def verify(self, final):
        assert final == b"v=" + base64.b64encode(self.signature), f"the server's signature: {final!r}"
