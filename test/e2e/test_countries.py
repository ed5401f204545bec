#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The table of countries that the program carries, for configurations that name no database."""
import ipaddress
import json
import pathlib

import guard
import harness
import mmdb
import process
import shop
from stage import equal, refused, test
import wire

FOLDER = pathlib.Path("/usr/share/tor")
PEER, UNKNOWN, DOCUMENTED = "127.0.0.1", "192.0.2.77", "2001:db8::7"
RULES = [{"name": "overseas", "when": {"country": {"not": ["KR"]}, "fields": "any"}, "verdict": "block", "reason": "from abroad"}]


def places():
    """Addresses of Korea and of elsewhere, of both families, as the text tables have them."""
    found = {}
    for name, read in (("geoip", lambda text: ipaddress.IPv4Address(int(text))), ("geoip6", ipaddress.IPv6Address)):
        for line in (FOLDER / name).read_text("ascii").splitlines():
            if line.endswith((",KR", ",US", ",DE")) and not line.startswith("#"):
                first, last, country = line.split(",")
                found.setdefault((name, country), str(read(first) + (int(read(last)) - int(read(first))) // 2))
    return found


@harness.shared
def front():
    place = f"127.0.0.1:{process.free_port()}"
    made = shop.front("countries", more={"rules": []}, proxy_protocol={"listen": place, "from": [PEER + "/32"]})
    made.proxy = guard.place(place)
    return made


def login(address):
    local = "2001:db8::1" if ":" in address else "198.51.100.1"
    return wire.login(front().proxy, user="app", header=wire.proxy_header((address, 4000), (local, 5432)))


def shown(address):
    """None, or the SQLSTATE by which a name was refused."""
    with login(address) as session:
        answer = session.exchange(wire.query("SELECT name FROM customers ORDER BY id LIMIT 1"))
        return answer.errors[0]["C"] if answer.errors else None


def set_rules(rules, **more):
    front().guard.config.update(rules=rules, **more)
    front().reload()


@test(gateway=True)
def test_a_country_is_known_without_a_database():
    """Without the rule whoever comes is shown somebody. With it those of one country are, of both families; those of others,
    and whose country nobody knows, are not; a database that the configuration names is what counts"""
    if not (FOLDER / "geoip").exists():
        raise harness.Skip("there is no table of countries here")
    here = [address for (_, country), address in places().items() if country == "KR"]
    away = [address for (_, country), address in places().items() if country != "KR"]
    equal((len(here), len(away)), (2, 4))
    for address in (*here, *away, UNKNOWN, DOCUMENTED):
        equal(shown(address), None, address)
    set_rules(RULES)
    equal({address: shown(address) for address in (*here, *away, UNKNOWN, DOCUMENTED, "::ffff:" + here[0] if "." in here[0] else here[0])},
          {**dict.fromkeys(here, None), "::ffff:" + here[0]: None, **dict.fromkeys((*away, UNKNOWN, DOCUMENTED), "PS003")})
    lines = guard.run("ledger", "export", "--json", "-c", front().guard.path).stdout.splitlines()
    told = {line["source"]["address"]: line["source"]["country"] for line in map(json.loads, lines)}
    equal({address: told[address] for address in (*here, UNKNOWN)}, {**dict.fromkeys(here, "KR"), UNKNOWN: None})
    known = json.loads(guard.run("scope", "--json", "--country", "KR", "-c", front().guard.path).stdout)
    assert known["rows"] >= 4, known
    done = guard.run("doctor", "--json", "-c", front().guard.path, timeout=60)
    age, = [one for one in json.loads(done.stdout)["findings"] if one["name"] == "countries"]
    assert "IPFire Location, CC BY-SA 4.0" in age["text"] and age["state"] in ("ok", "warning"), age
    tried, = [one for one in json.loads(done.stdout)["controls"] if one["control"] == "source"]
    equal(tried["state"], "held")
    other = harness.folder() / "countries.mmdb"
    mmdb.write(other, "country", {UNKNOWN + "/32": {"country_code": "KR"}})
    set_rules(RULES, sources={"country_db": str(other)})
    equal([shown(address) for address in (UNKNOWN, here[0], away[0])], [None, "PS003", "PS003"])
    other.write_bytes(b"")
    set_rules(RULES, sources={})
    equal([shown(address) for address in (UNKNOWN, here[0], away[0])], ["PS003", None, "PS003"])


if __name__ == "__main__":
    harness.main()
