# SPDX-License-Identifier: Apache-2.0
"""Writes ledgers as docs/spec/ledger.md says, for tests of what reads them. It is slow and plain, and shares code
with neither pasu nor tools/verify-ledger: the tree is the recursive definition of RFC 9162, the CRC goes bit by bit."""
import base64
import functools
import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

BEGIN = 1767225600 * 10**9  # 2026-01-01T00:00:00Z
ORIGIN = "ledger.example/shop"
DIRECTORY = 0xf0000000


def crc_step(crc):
    for _ in range(8):
        crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc


CRC = [crc_step(byte) for byte in range(256)]


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = CRC[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xffffffff


def sha(data):
    return hashlib.sha256(data).digest()


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return bytes([len(data)]) + data


# ---- RFC 9162, 2.1 ----

@functools.lru_cache(None)
def root(leaves):
    """MTH of a tuple of leaf hashes."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else sha(b"")
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b"\1" + root(leaves[:half]) + root(leaves[half:]))


def path(index, leaves):
    """PATH: the inclusion proof of a leaf."""
    if len(leaves) == 1:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if index < half:
        return path(index, leaves[:half]) + [root(leaves[half:])]
    return path(index - half, leaves[half:]) + [root(leaves[:half])]


# ---- keys and notes ----

class Signer:
    """A key of a log, or of a witness (kind 4)."""

    def __init__(self, number=1, name=ORIGIN, kind=1, seed=None):
        self.name, self.kind = name, kind
        self.private = Ed25519PrivateKey.from_private_bytes(seed or sha(b"test key %d" % number))
        self.public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = sha(name.encode() + b"\n" + bytes([kind]) + self.public)[:4]
        self.vkey = f"{name}+{self.id.hex()}+{base64.b64encode(bytes([kind]) + self.public).decode()}"

    def line(self, note, time=1767225700):
        if self.kind == 1:
            signature = self.private.sign(note)
        else:
            signature = struct.pack(">Q", time) + self.private.sign(b"cosignature/v1\ntime %d\n" % time + note)
        return f"\u2014 {self.name} {base64.b64encode(self.id + signature).decode()}\n".encode()


def note(size, tree, *signers, origin=ORIGIN):
    body = f"{origin}\n{size}\n{base64.b64encode(tree).decode()}\n".encode()
    return body + b"\n" + b"".join(signer.line(body) for signer in signers)


# ---- payloads ----

def in_runs(ordinals):
    runs = []
    for one in ordinals:
        if runs and runs[-1][0] + runs[-1][1] == one:
            runs[-1][1] += 1
        else:
            runs.append([one, 1])
    return struct.pack("<I", len(runs)) + b"".join(struct.pack("<II", *run) for run in runs)


def part(ordinals=(), missed=(), kind=0, attribution=1, clear=5):
    """A part: its head, and its two lists."""
    lists, form = [], 0
    for bit, numbers in enumerate((ordinals, missed)):
        plain, runs = struct.pack(f"<{len(numbers)}I", *numbers), in_runs(numbers)
        lists.append(runs if len(runs) < len(plain) else plain)
        form |= (len(runs) < len(plain)) << bit
    head = struct.pack("<BBHQQQQII", kind, attribution, form, clear, 2, 0, 7, len(ordinals), len(missed))
    return head, lists


def exposure(*parts, session=64, rule=b"rule", actor=b"bob", verdict=0, time=BEGIN, names=0x12345678, says=(0, b""), verb=None, statements=1):
    # says: bits beside the actor's length, and what they announce; verb: None as earlier versions
    """What of an exposure is public, and its parts."""
    head = struct.pack("<QQQIIQQQ4B", session, time, 0x0123456789abcdef, names, statements, 6, 1, 0, verdict, len(parts),
                       len(rule) | (0 if verb is None else 64), len(actor) | says[0])
    return head + rule + actor + says[1] + (b"" if verb is None else bytes([verb])), parts


def vocabulary(fields, kinds):
    rest = bytes([len(fields), len(kinds)]) + b"".join(text(name) for name in fields + kinds)
    return hashlib.blake2b(rest, digest_size=32).digest()[:4] + rest


def mark():
    return struct.pack("<QQQIIHB5x64s64s64s64sQI4x", 1, 1, 1, 7, 0, 0, 1, b"shop", b"shop", b"public", b"customers", 0, 0)


class Ledger:
    """A ledger in memory; `save` writes it. Each method that appends returns the record's index."""

    def __init__(self, signer=None, encryption=None, begin=True):
        self.signer, self.encryption = signer or Signer(), encryption
        self.segments, self.entries, self.places, self.records = [], [], [], []
        self.position = 0  # in a ring
        if begin:
            self.add(1, bytes(range(16)) + text(ORIGIN))
            self.add(2, b"\1\1" + self.signer.public)
            self.add(3)

    @property
    def leaves(self):
        return tuple(sha(b"\0" + entry) for entry in self.entries)

    def root(self, size=None):
        return root(self.leaves[:size])

    def cut(self):
        """The next record begins a new segment."""
        first = len(self.entries)
        identity = sha(b"segment %d" % first)[:16]
        header = struct.pack("<8sIIQQ16s12x", b"pasuseg", 1, bool(self.encryption), first, BEGIN, identity)
        self.segments.append([first, bytearray(header + struct.pack("<I", crc32c(header))), identity])

    def add(self, kind, payload=b"", public=None, time=None):
        if not self.segments:
            self.cut()
        index, (_, data, identity) = len(self.entries), self.segments[-1]
        time = BEGIN + index * 10**9 if time is None else time
        middle = struct.pack("<QQHHI", index, time, kind, 0, 0)
        self.entries.append(middle[:20] + (payload if public is None else public))
        stored = payload
        if self.encryption:
            length = struct.pack("<I", len(payload) + 16)
            key = HKDF(SHA256(), 32, identity, b"pasu segment").derive(self.encryption)
            stored = AESGCM(key).encrypt(struct.pack("<Q4x", index), payload, length + bytes(4) + middle)
        self.places.append((len(self.segments) - 1, len(data)))
        data += seal(struct.pack("<I4x", len(stored)) + middle + stored, identity)
        return index

    def expose(self, made):
        head, parts = made
        index = len(self.entries)
        salt = sha(b"salt %d" % index)[:16] if any(map(any, (lists for _, lists in parts))) else bytes(16)
        private, public = salt + head, head
        for number, (start, lists) in enumerate(parts):
            private += start + b"".join(lists)
            public += start
            for which, data in enumerate(lists):
                public += sha(b"\2" + salt + bytes([number, which]) + data) if data else bytes(32)
        return self.add(9, private, public)

    def taken(self, count, durable=0, ring=0):
        begin, self.position = self.position, self.position + 64 * count
        return self.add(14, struct.pack("<IIQQQQ", ring, count, 99, begin, self.position, durable))

    def open(self, about, numbers, which=0, part_number=0, seed=bytes(range(32)), false_root=None,
             false_count=None):
        leaves = tuple(sha(b"\0\4" + hmac.digest(seed, struct.pack("<Q", i), "sha256")[:16] + struct.pack("<I", number))
                       for i, number in enumerate(numbers))
        payload = struct.pack("<QBBxxI", about, part_number, which, false_count or len(numbers))
        payload += false_root or root(leaves)
        return self.add(26, payload + seed, payload)

    def subtrees(self, size):
        """The roots of the whole subtrees that the first leaves make, left to right."""
        roots, begin = b"", 0
        for height in reversed(range(64)):
            if size >> height & 1:
                roots += root(self.leaves[begin:begin + (1 << height)])
                begin += 1 << height
        return roots

    def prune(self, behind, first=0, carried=None, roots=None, signer=None, origin=ORIGIN, off=0, signature=None):
        """Says that they were deleted, and carries over whose ledger it is; whoever wants them to be deleted does it.
        `off`: the signature is of a record so many further on."""
        carried = len(self.entries) if carried is None else carried
        for entry in self.entries[:behind]:
            if entry[16] in (1, 2):
                self.carry(entry)
        roots = self.subtrees(behind) if roots is None else roots
        numbers = struct.pack("<QQqqQ", first, behind, BEGIN, BEGIN + 1, carried)
        index, time = len(self.entries) + off, BEGIN + len(self.entries) * 10**9
        message = b"pasu pruned/v1\n%s\n" % origin.encode() + struct.pack("<QQHH", index, time, 24, 0) + numbers + roots
        return self.add(24, numbers + (signature or (signer or self.signer).private.sign(message)) + roots)

    def take_over(self, new, signer=None, origin=ORIGIN, identity=bytes(range(16)), off=0, signature=None):
        """Another key takes over, and signs from now on; both records. `signature`: empty, there is none; `off`: it is of a
        record so many further on."""
        index, said = len(self.entries), b"\1\1" + new.public
        message = b"pasu key/v1\n%s\n" % origin.encode() + identity
        message += struct.pack("<QQHH", index + off, BEGIN + index * 10**9, 2, 0) + said
        self.add(2, said + ((signer or self.signer).private.sign(message) if signature is None else signature))
        self.add(2, b"\2\1" + self.signer.public)
        self.signer = new
        return index

    def carry(self, entry):
        return self.add(27, entry[:18] + bytes(6) + entry[20:])

    def note(self, size=None, *signers):
        size = len(self.entries) if size is None else size
        return note(size, self.root(size), *(signers or (self.signer,)))

    def closed(self, size):
        """The next size, from this one on, at which no batch from a ring is open: of these there may be checkpoints."""
        while 9 <= struct.unpack_from("<H", self.entries[size - 1], 16)[0] <= 13:
            size += 1
        return size

    def proof(self, index, size=None, *signers):
        size = len(self.entries) if size is None else size
        lines = [base64.b64encode(one).decode() for one in path(index, self.leaves[:size])]
        return "\n".join(["c2sp.org/tlog-proof@v1", f"index {index}", *lines, "", ""]).encode() + \
            self.note(size, *signers)

    def tiles(self):
        """{path: bytes}, full ones and those at the right edge."""
        found, leaves = {}, self.leaves
        for level in (0, 1):
            span = 256 ** level
            nodes = [root(leaves[at:at + span]) for at in range(0, len(leaves) - span + 1, span)]
            for at in range(0, len(nodes), 256):
                width = len(nodes[at:at + 256])
                name = f"tile/{level}/{at // 256:03d}" + (f".p/{width}" if width < 256 else "")
                found[name] = b"".join(nodes[at:at + 256])
        return found

    def save(self, folder, *, tiles=True, room=4096, checkpoint=True):
        """`room`: zeros behind the last record, as a preallocated segment has them."""
        (folder / "segments").mkdir(parents=True)
        for number, (first, data, _) in enumerate(self.segments):
            behind = bytes(room if number == len(self.segments) - 1 else 0)
            (folder / "segments" / f"{first:020d}.seg").write_bytes(bytes(data) + behind)
        if checkpoint:
            (folder / "checkpoint").write_bytes(self.note())
        for name, data in self.tiles().items() if tiles else ():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return folder


def seal(record, identity):
    """The record with its CRC in the segment with that id, filled up to a multiple of 8."""
    record = bytearray(record) + bytes(-len(record) % 8)
    record[4:8] = bytes(4)
    record[4:8] = struct.pack("<I", crc32c(identity + bytes(record)))
    return bytes(record)


def everything(records=600, per_segment=100, **more):
    """A good ledger with a record of each type, over several segments, and the checkpoints of before its end."""
    made, durable = Ledger(**more), 0
    made.add(16, bytes(32) + struct.pack("<Q", 1))
    made.add(17, bytes(32) + struct.pack("<II", 3, 0))
    made.add(6, struct.pack("<QQHBB", 64, BEGIN, 5432, 1, 0) + b"".join(map(text, ("g", "alice", "shop", "psql", "192.0.2.1"))))
    made.add(11, vocabulary([b"name", b"phone"], [b"customer"]))
    made.add(10, struct.pack("<Q", 7) + b"SELECT $1")
    made.add(12, struct.pack("<IB3x", 2**32 - 1, 0) + bytes(range(60)))
    made.add(13, mark())
    shown = made.expose(exposure(part(range(42, 47), [2**32 - 1]), part([9, 7], kind=1), verdict=4))
    made.taken(5)
    made.open(shown, list(range(42, 47)))
    made.open(shown, [2**32 - 1], 1)
    made.add(8, struct.pack("<QIHxx", BEGIN, 5, 5432) + b"".join(map(text, ("g", "mallory", "shop", "192.0.2.2"))))
    made.add(5, struct.pack("<QQII", 3, BEGIN, 28, 0))
    made.add(15, struct.pack("<QII", 0, 0, 99) + text("alice"))
    alert = made.add(18, struct.pack("<QB3x", shown, 2) + text("many") + text("more than usual"))
    made.add(19, struct.pack("<QII", alert, 0, 0) + text("kim") + text("seen"))
    raised = made.add(31, struct.pack("<6Q3B5x", shown, 64, 2, BEGIN, 5, 6, 4, 0, 4) + b"".join(map(text, ("alice", "budget", "much"))))
    made.add(32, struct.pack("<QB7x", raised, 1) + text("ciso"))
    made.add(19, struct.pack("<QII", raised, 0, 0) + text("lee") + text("looked into"))
    request = made.add(36, struct.pack("<QqQ", 64, BEGIN, 7) + b"".join(map(text, ("alice", "", "rule night", "name"))) + b"SELECT $1")
    made.add(37, struct.pack("<QIB3x", request, 0, 1) + text("lee") + text("ticket"))
    made.add(38, struct.pack("<QB7x", request, 1))
    made.add(20, struct.pack("<II", 0, 99) + text("scope") + text("--principal alice"))
    made.add(21, struct.pack("<IIQQ", 0, 99, 0, 5) + text("out.csv"))
    for kind in (22, 23):
        made.add(kind, struct.pack("<QII", 1, 0, 0) + text("kim") + text("court"))
    made.add(25, struct.pack("<II", 2**32 - 1, 0) + text("asked for"))
    made.add(7, struct.pack("<QQII4Q", 64, BEGIN, 0, 0, 1, 6, 100, 900))
    made.add(999, b"of a later version")
    made.add(4)
    made.add(3)
    while len(made.entries) < records:
        if len(made.entries) >= per_segment * len(made.segments):
            made.cut()
            durable = len(made.entries)
        number = len(made.entries)
        made.expose(exposure(part(range(number, number + number % 9)), part([number, 3, number])))
        made.expose(exposure(part([number, 8])))
        made.taken(2, durable)
    return made
