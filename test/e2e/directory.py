# SPDX-License-Identifier: Apache-2.0
"""Entries of the subject directory as docs/spec/ledger.md says, for ledgers that tests write: keyed hashes (SipHash-2-4
with 128 bits, its key derived from the secret as libsodium's crypto_kdf does), and texts sealed with keys of their own."""
import hashlib
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import ledgerwriter

MASK = 2**64 - 1


def turn(value, bits):
    return (value << bits | value >> 64 - bits) & MASK


def rounds(v, count):
    for _ in range(count):
        v[0] = v[0] + v[1] & MASK
        v[2] = v[2] + v[3] & MASK
        v[1] = turn(v[1], 13) ^ v[0]
        v[3] = turn(v[3], 16) ^ v[2]
        v[0] = turn(v[0], 32)
        v[2] = v[2] + v[1] & MASK
        v[0] = v[0] + v[3] & MASK
        v[1] = turn(v[1], 17) ^ v[2]
        v[3] = turn(v[3], 21) ^ v[0]
        v[2] = turn(v[2], 32)


def siphash128(key, data):
    one, other = struct.unpack("<QQ", key)
    v = [one ^ 0x736f6d6570736575, other ^ 0x646f72616e646f6d ^ 0xee, one ^ 0x6c7967656e657261, other ^ 0x7465646279746573]
    data += bytes(-(len(data) + 1) % 8) + bytes([len(data) & 255])
    for word, in struct.iter_unpack("<Q", data):
        v[3] ^= word
        rounds(v, 2)
        v[0] ^= word
    found = b""
    for place, value in ((2, 0xee), (1, 0xdd)):
        v[place] ^= value
        rounds(v, 4)
        found += struct.pack("<Q", v[0] ^ v[1] ^ v[2] ^ v[3])
    return found


class Directory:
    """Gives ordinals downwards."""

    def __init__(self, secret=bytes(range(32))):
        self.secret, self.ordinals = secret, {}
        self.hash_key = hashlib.blake2b(digest_size=16, key=secret, salt=struct.pack("<QQ", 1, 0), person=b"pasu-dir").digest()

    def ordinal(self, text):
        return self.ordinals.setdefault(text, 2**32 - 1 - len(self.ordinals))

    def key(self, ordinal):
        return hashlib.sha256(b"entry %d" % ordinal).digest()

    def entry(self, text, ordinal=None):
        """The payload of its `ordinal` record."""
        ordinal = self.ordinal(text) if ordinal is None else ordinal
        plain = b"\0" + text.encode()
        head = struct.pack("<I4x", ordinal) + siphash128(self.hash_key, plain)
        return head + AESGCM(self.key(ordinal)).encrypt(head[8:20], plain, head)

    def save(self, folder):
        """The secret, and the keys of the entries."""
        header = struct.pack("<8sIIQI", b"pasukey", 1, 0, 0, 0)
        keys = b"".join(self.key(2**32 - number) for number in range(1, len(self.ordinals) + 1))
        for name, data in (("secret", self.secret),
                           ("entry.keys", header + struct.pack("<I", ledgerwriter.crc32c(header)) + keys)):
            (folder / name).write_bytes(data)
            (folder / name).chmod(0o600)
