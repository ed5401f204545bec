# SPDX-License-Identifier: Apache-2.0
"""The ledger's files from outside, as docs/spec/ledger.md and exposure-ring.md have them."""
import collections
import os
import struct

RING = 4096 + (4 << 20)
SHAPE = 2  # in a ring
REFUSED, EXPOSURE, TAKEN, CLOSED = 8, 9, 14, 7
FROM_RING = range(9, 14)


def make_table():
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
        table.append(crc)
    return table


TABLE = make_table()


def crc32c(data, before=0):
    crc = before ^ 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ TABLE[crc & 0xff ^ byte]
    return crc ^ 0xffffffff


def ring_append(folder, index, kind, payload):
    """Leaves an entry in a ring as a worker of the gate does, without waking anybody. Nobody else may
    write there meanwhile."""
    file = os.open(folder / "exposures.ring", os.O_RDWR)
    page = 4096 + index * RING
    head, = struct.unpack("<Q", os.pread(file, 8, page))
    entry = struct.pack("<QIIII", head, 0, len(payload), kind, 0) + payload
    entry = entry[:8] + struct.pack("<I", crc32c(entry)) + entry[12:]
    entry += bytes(-len(entry) % 32)
    assert head % (4 << 20) + len(entry) <= 4 << 20, "no room before the end of the ring"
    os.pwrite(file, entry, page + 4096 + head % (4 << 20))
    os.pwrite(file, struct.pack("<Q", head + len(entry)), page)
    os.close(file)


def segments(folder):
    """The ledger's segments in order: (path, first index)."""
    return [(path, int(path.stem)) for path in sorted((folder / "segments").glob("*.seg"))]


def walk(path):
    """A segment's records up to the first place that has none: (offset, index, type, payload)."""
    data, at, index = path.read_bytes(), 64, int(path.stem)
    while at + 32 <= len(data):
        length, _, number, _, kind = struct.unpack("<IIQqH", data[at:at + 26])
        if kind == 0 or number != index or at + 32 + length > len(data):
            return
        yield at, index, kind, data[at + 32:at + 32 + length]
        at, index = at + 32 + length + -length % 8, index + 1


def records(folder):
    """All records: (index, type, payload)."""
    return [record[1:] for path, _ in segments(folder) for record in walk(path)]


def ring_entries(folder):
    """What the ledger has taken from the rings, in order: (ring, its type there, payload)."""
    entries, batch = [], []
    for _, kind, payload in records(folder):
        if kind == TAKEN:
            ring, count = struct.unpack("<II", payload[:8])
            assert count == len(batch)
            entries += [(ring, *entry) for entry in batch]
            batch = []
        elif kind in FROM_RING:
            batch.append((kind - FROM_RING[0] + 1, payload[16:] if kind == EXPOSURE else payload))
        else:
            assert not batch
    return entries


def kinds(folder):
    """How many records of each type the ledger has."""
    return collections.Counter(kind for _, kind, _ in records(folder))


def append(folder, kind, payload, times=1):
    """Appends records as the keeper does, which must not run. Not those that were in a ring."""
    assert kind not in FROM_RING and kind != TAKEN
    path, first = segments(folder)[-1]
    at, index = 64, first
    for at, index, _, last in walk(path):
        at, index = at + 32 + len(last) + -len(last) % 8, index + 1
    with open(path, "r+b") as file:
        seed = crc32c(file.read(64)[32:48])
        file.seek(at)
        for number in range(index, index + times):
            head = struct.pack("<IIQqHHI", len(payload), 0, number, 1, kind, 0, 0)
            record = head + payload + bytes(-len(payload) % 8)
            crc = struct.pack("<I", crc32c(record, seed))
            file.write(record[:4] + crc + record[8:])


def damage_exposure(folder):
    """One bit of the first record of what was shown is another."""
    path, _ = segments(folder)[0]
    at = next(at for at, _, kind, _ in walk(path) if kind == EXPOSURE)
    with open(path, "r+b") as file:
        file.seek(at + 40)
        byte, = file.read(1)
        file.seek(at + 40)
        file.write(bytes([byte ^ 1]))
