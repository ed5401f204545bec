# SPDX-License-Identifier: Apache-2.0
"""Writes databases in MaxMind's format (https://maxmind.github.io/MaxMind-DB/), as the configuration's
`sources` names them: a binary tree of 24-bit records over the bits of addresses, and values."""
import ipaddress


def encode(value):
    if isinstance(value, str):
        return header(2, len(value.encode())) + value.encode()
    if isinstance(value, dict):
        return header(7, len(value)) + b"".join(encode(one) for item in value.items() for one in item)
    if isinstance(value, list):
        return header(11, len(value)) + b"".join(encode(one) for one in value)
    if isinstance(value, tuple):  # a number of so many bytes
        number, size = value
        return header({2: 5, 4: 6, 8: 9}[size], size) + number.to_bytes(size, "big")
    raise TypeError(value)


def header(kind, size):
    assert size < 29 + 256
    more = bytes([size - 29]) if size >= 29 else b""
    size = min(size, 29)
    return (bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])) + more


def bits_of(network):
    network = ipaddress.ip_network(network)
    if network.version == 4:  # ::a.b.c.d, where readers of the format look for it
        return f"{int(network.network_address):0128b}"[:96 + network.prefixlen]
    return f"{int(network.network_address):0128b}"[:network.prefixlen]


def write(path, kind, places):
    """`places`: {network: value}, none within another."""
    values, nodes = b"", [[None, None]]
    for network, value in places.items():
        node = nodes[0]
        *way, last = bits_of(network)
        for bit in way:
            if node[int(bit)] is None:
                node[int(bit)] = len(nodes)
                nodes.append([None, None])
            node = nodes[node[int(bit)]]
        node[int(last)] = ("value", len(values))
        values += encode(value)

    def record(one):
        if one is None:
            return len(nodes)
        return one if isinstance(one, int) else len(nodes) + 16 + one[1]

    tree = b"".join(record(one).to_bytes(3, "big") for node in nodes for one in node)
    about = {"node_count": (len(nodes), 4), "record_size": (24, 2), "ip_version": (6, 2), "database_type": kind,
             "languages": ["en"], "binary_format_major_version": (2, 2), "binary_format_minor_version": (0, 2),
             "build_epoch": (1767225600, 8), "description": {"en": "made for a test"}}
    path.write_bytes(tree + bytes(16) + values + b"\xab\xcd\xefMaxMind.com" + encode(about))
    return path
