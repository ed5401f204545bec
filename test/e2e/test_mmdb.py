#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Countries of a database in MaxMind's format: pasu's answers are those of the table that it was made of, and of mmdblookup."""
import concurrent.futures
import ipaddress
import random
import re
import shutil
import subprocess

import harness
import mmdb
from stage import equal, test

NETWORKS, ADDRESSES = 3000, 100_000
ASKED = ADDRESSES if harness.LONG else 2000  # of mmdblookup, which is a process each
BITS = {4: 32, 6: 128}


def table(chance):
    """network → country, of both families, none within another; of some networks no country is said."""
    found, taken = {}, {4: [], 6: []}
    while len(found) < NETWORKS:
        version = chance.choice((4, 6))
        length = chance.randint(9, 32) if version == 4 else chance.randint(20, 64)
        number = chance.getrandbits(BITS[version] - 3) | (1 << BITS[version] - 3 if version == 6 else 0)  # 2000::/3
        network = ipaddress.ip_network((number, length), strict=False)
        if any(network.overlaps(other) for other in taken[version]):
            continue
        taken[version].append(network)
        found[network] = chance.choice(("KR", "JP", "US", "DE", None))
    return found


def in_network(chance, network):
    return network[chance.getrandbits(BITS[network.version] - network.prefixlen)] if network.prefixlen < BITS[network.version] else network[0]


def addresses(chance, networks):
    """Half of them within a network, half anywhere; of each family a half."""
    of = {version: [one for one in networks if one.version == version] for version in BITS}
    for number in range(ADDRESSES):
        version = (4, 6)[number % 2]
        if number % 4 < 2:
            yield in_network(chance, chance.choice(of[version]))
        else:
            yield ipaddress.ip_address(chance.getrandbits(32)) if version == 4 else ipaddress.ip_address(1 << 125 | chance.getrandbits(125))


class Reader:
    """The table, read by prefixes of each length: nothing of the format's tree."""

    def __init__(self, networks):
        self.networks = {(one.version, one.prefixlen, int(one.network_address)): country for one, country in networks.items()}
        self.lengths = {version: sorted({one.prefixlen for one in networks if one.version == version}) for version in BITS}

    def country(self, address):
        bits = BITS[address.version]
        for length in self.lengths[address.version]:
            key = (address.version, length, int(address) >> bits - length << bits - length)
            if key in self.networks:
                return self.networks[key] or "-"
        return "-"


def entry(country):
    return {"country": {"iso_code": country}} if country else {"continent": {"code": "AS"}}


def asked_elsewhere(path, address):
    done = subprocess.run(["mmdblookup", "--file", path, "--ip", str(address)], capture_output=True, text=True, check=False)
    found = re.search(r'"iso_code":\s*"(..)"', done.stdout)
    return found[1] if found else "-"


@test(limit=3600 if harness.LONG else 60)
def test_agrees():
    """Of 100,000 random addresses of both families each has the country that the table says, and of as many as are asked mmdblookup says so, too"""
    chance = random.Random(6)
    networks = table(chance)
    path = mmdb.write(harness.folder() / "made.mmdb", "Country", {one: entry(country) for one, country in networks.items()})
    wanted = list(addresses(chance, list(networks)))
    done = subprocess.run([harness.TREE / "build" / "test" / "integration" / "country_look_up", path], capture_output=True, text=True,
                          input="".join(f"{one}\n" for one in wanted), check=True)
    both, reader = [line.split() for line in done.stdout.splitlines()], Reader(networks)
    said = [one for one, _ in both]
    equal(len(said), ADDRESSES)
    wrong = [(str(address), country, reader.country(address)) for address, country in zip(wanted, said) if country != reader.country(address)]
    equal(wrong[:5], [])
    equal([(str(address), *one) for address, one in zip(wanted, both) if one[0] != one[1]][:5], [])  # the gate's table, and what commands ask
    counted = {version: sum(one != "-" for one, address in zip(said, wanted) if address.version == version) for version in BITS}
    assert min(counted.values()) > 10_000, counted
    time, known = done.stderr.split()
    print(f"{time} ns of CPU time for one look-up (200 are promised); {known} of {ADDRESSES} have a country")
    if not shutil.which("mmdblookup"):
        raise harness.Skip("mmdblookup is not installed")
    some = range(0, ADDRESSES, ADDRESSES // ASKED)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        elsewhere = list(pool.map(lambda i: asked_elsewhere(path, wanted[i]), some))
    equal([(str(wanted[i]), said[i], other) for i, other in zip(some, elsewhere) if said[i] != other][:5], [])
    print(f"mmdblookup agrees on {len(elsewhere)}")


if __name__ == "__main__":
    harness.main()
