# SPDX-License-Identifier: Apache-2.0
"""The control socket's head, as src/ledger/control_protocol.h has it."""
import re
import struct

import harness

HEADER = (harness.TREE / "src" / "ledger" / "control_protocol.h").read_text(encoding="utf-8")
MAGIC, VERSION = (int(re.search(rf"\b{name} = (\w+),", HEADER)[1], 0) for name in ("CONTROL_MAGIC", "CONTROL_VERSION"))


def head(verb):
    """What every request begins with."""
    return struct.pack("<IIII", MAGIC, VERSION, verb, 0)
