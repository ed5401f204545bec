# SPDX-License-Identifier: Apache-2.0
"""Looks for values in every byte of files: as UTF-8, UTF-16, hex and base64, in what is compressed too.

What was searched is told with what was found, so that nobody mistakes an empty folder for a clean one."""
import base64
import bz2
import lzma
import os
import pathlib
import re
import zlib

LEAST = 6               # bytes of a value: shorter ones are anywhere
MOST = 64 << 20         # bytes that are unpacked of one stream
NOTHING = re.compile(rb"\0{512,}")   # preallocated files are mostly that


def forms(value):
    """The bytes by which a value could be written down, by name. Of base64 the characters that depend on it alone."""
    plain = value if isinstance(value, bytes) else value.encode()
    made = {"as it is": plain, "hex": plain.hex().encode(), "HEX": plain.hex().upper().encode()}
    if not isinstance(value, bytes):
        made["UTF-16"], made["UTF-16 BE"] = value.encode("utf-16-le"), value.encode("utf-16-be")
    for shift in range(3):
        for name, alphabet in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
            written = alphabet(bytes(shift) + plain)
            made[f"{name} +{shift}"] = written[-(-shift * 8 // 6):(shift + len(plain)) * 8 // 6]
    return made


def pieces(data):
    """What is between long runs of zeros: (where, bytes)."""
    at = 0
    for found in NOTHING.finditer(data):
        yield at, data[at:found.start()]
        at = found.end()
    yield at, data[at:]


def streams(data):
    """What unpacks in it: (where, bytes)."""
    for found in re.finditer(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]|BZh[1-9]1AY|\xfd7zXZ\0|\x28\xb5\x2f\xfd", data):
        at, start = found.start(), found[0]
        try:
            if start[:1] in b"\x1f\x78":
                unpacked = zlib.decompressobj(47).decompress(data[at:], MOST)
            elif start[:3] == b"BZh":
                unpacked = bz2.BZ2Decompressor().decompress(data[at:], MOST)
            elif start[:1] == b"\xfd":
                unpacked = lzma.LZMADecompressor().decompress(data[at:], MOST)
            else:
                raise AssertionError(f"a zstd frame at {at}, and nothing here that unpacks it")
        except (zlib.error, OSError, lzma.LZMAError):
            continue
        yield at, unpacked


class Search:
    """The values, by every form of them, ready to be looked for."""

    def __init__(self, values):
        short = [value for value in values if len(value if isinstance(value, bytes) else value.encode()) < LEAST]
        assert values and not short, f"too short to be looked for: {short[:5]}"
        self.wanted = {}
        for value in values:
            for name, pattern in forms(value).items():
                self.wanted.setdefault(pattern, (value, name))

    def data(self, data, place, depth=0):
        """What is found in bytes: (place, where, value, form)."""
        found = []
        for start, piece in pieces(data):
            for pattern, (value, form) in self.wanted.items():
                at = piece.find(pattern)
                if at >= 0:
                    found.append((place, start + at, value, form))
        if depth < 2:
            for at, unpacked in streams(data):
                found += self.data(unpacked, f"{place}, unpacked at {at}", depth + 1)
        return found

    def files(self, *folders):
        """All plain files below folders: (found, how many bytes by name)."""
        found, searched = [], {}
        for folder in folders:
            for path in sorted(pathlib.Path(folder).rglob("*")):
                if path.is_symlink() or not path.is_file():
                    continue
                data = path.read_bytes()
                searched[os.path.relpath(path, folder)] = len(data)
                found += self.data(str(path.relative_to(folder)).encode(), f"the name of {path}")
                found += self.data(data, str(path))
        return found, searched
