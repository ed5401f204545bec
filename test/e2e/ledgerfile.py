# SPDX-License-Identifier: Apache-2.0
"""The ledger's files from outside, as docs/spec/session-journal.md and exposure-ring.md have them."""
import collections
import os
import struct
import zlib

RING = 4096 + (4 << 20)
SHAPE = 2


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
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


def journal_entries(folder):
    """What the journal has taken from the rings, in order: (ring, kind, payload)."""
    data, at, entries = (folder / "sessions.journal").read_bytes(), 16, []
    while at + 24 <= len(data):
        length, kind = struct.unpack("<II", data[at:at + 8])
        payload, at = data[at + 24:at + 24 + length], at + 24 + length
        if kind != 8 or len(payload) < length:
            continue
        ring, count = struct.unpack("<II", payload[:8])
        place = 32
        for _ in range(count):
            size, kind = struct.unpack("<II", payload[place:place + 8])
            entries.append((ring, kind, payload[place + 8:place + 8 + size]))
            place += 8 + size + -size % 8
        assert place == length
    return entries


def journal_kinds(folder):
    """How many records of each type the journal has."""
    data, at, found = (folder / "sessions.journal").read_bytes(), 16, collections.Counter()
    while at + 24 <= len(data):
        length, kind = struct.unpack("<II", data[at:at + 8])
        found[kind] += 1
        at += 24 + length
    return found


def journal_append(folder, kind, payload, times=1):
    """Appends records as the keeper does, which must not run. Not those that hold what was in a ring."""
    assert kind != 8
    head = struct.pack("<IIQII", len(payload), kind, 1, 0, 0)
    record = head[:16] + struct.pack("<II", zlib.crc32(head + payload), 0) + payload
    with open(folder / "sessions.journal", "ab") as file:
        file.write(record * times)
