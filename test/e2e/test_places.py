#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Where readers were: --country, and the country and network of each line of the export, as the gate found them in
databases in MaxMind's format when the session began, or, where it had none then, as they say now."""
import json

import guard
import harness
import mmdb
import ocsf
import process
import shop
from stage import equal, test
import wire

PEER = "127.0.0.77"
# Each with its country and system, and how many persons it reads.
READERS = {"127.0.2.1": ("KR", 64500, 3), "127.0.2.99": ("KR", None, 5), "127.0.3.1": ("US", 4200000000, 7),
           "127.0.4.1": (None, None, 11), "2001:db8:77::1": ("JP", 64502, 13)}


def database(name, kind, places):
    return str(mmdb.write(harness.folder() / name, kind, places))


@harness.shared
def front():
    """A shop whose readers come from several places; one through a proxy that names it."""
    databases = {
        "country_db": database("country.mmdb", "Test-Country", {
            "127.0.2.0/24": {"country": {"iso_code": "KR", "names": {"en": "South Korea"}}},
            "127.0.3.0/24": {"country_code": "US", "country": "United States"},
            "127.0.4.0/24": {"country": {"iso_code": "nonsense"}},
            "2001:db8:77::/48": {"country": "JP"}}),
        "asn_db": database("asn.mmdb", "Test-ASN", {
            "127.0.2.0/26": {"autonomous_system_number": (64500, 4)},
            "127.0.3.0/24": {"asn": "AS4200000000"},
            "127.0.4.0/24": {"asn": "ASx"},
            "2001:db8::/32": {"autonomous_system_number": (64502, 4)}})}
    place = f"127.0.0.1:{process.free_port()}"
    made = shop.front("places", more={"sources": databases}, proxy_protocol={"listen": place, "from": [PEER + "/32"]})
    for address, (_, _, persons) in READERS.items():
        if ":" in address:
            named = wire.proxy_header((address, 4000), ("2001:db8::1", 5432))
            session = wire.login(guard.place(place), user="app", source=PEER, header=named)
        else:
            session = made.login(user="app", source=address)
        with session:
            equal(len(session.query(f"SELECT id, name FROM customers WHERE id > 1000 ORDER BY id LIMIT {persons}").rows), persons)
            session.terminate()
    made.guard.until_sessions(0)
    return made


@harness.shared
def bare():
    """The same shop, read when no database was named."""
    made = shop.front("places-bare")
    for address, (_, _, persons) in READERS.items():
        if ":" not in address:
            with made.login(user="app", source=address) as session:
                equal(len(session.query(f"SELECT id, name FROM customers WHERE id > 1000 ORDER BY id LIMIT {persons}").rows), persons)
    made.guard.until_sessions(0)
    return made


def ask(*words):
    return guard.run(*words[:1], "-c", front().guard.path, *words[1:])


def persons(*countries):
    """How many customers and by how many statements, of these countries."""
    words = [word for country in countries for word in ("--country", country)]
    done = ask("scope", "--json", *words)
    said = json.loads(done.stdout)
    return said["subjects"].get("customer", {}).get("at_least", 0), said["statements"]


@test(gateway=True)
def test_scope_of_a_country():
    """--country takes one, several, all others, and where it is not known"""
    equal(persons(), (13, 5))
    equal(persons("KR"), (5, 2))
    equal(persons("kr,us"), (7, 3))
    equal(persons("JP"), (13, 1))
    equal(persons("none"), (11, 1))
    equal(persons("KR,none"), (11, 3))
    equal(persons("not:KR"), (13, 3))
    equal(persons("not:JP,none"), (7, 3))
    equal(persons("FR"), (0, 0))


@test(gateway=True)
def test_lines_of_the_export():
    """Each line of the export and of a subject says country and system where they are known; OCSF too"""
    lines = [json.loads(line) for line in guard.run("ledger", "export", "-c", front().guard.path, "--json").stdout.splitlines()]
    equal({line["source"]["address"]: (line["source"]["country"], line["source"]["asn"], line["rows"]) for line in lines}, READERS)
    some = guard.run("ledger", "export", "-c", front().guard.path, "--json", "--country", "US").stdout.splitlines()
    equal([json.loads(line)["source"]["address"] for line in some], ["127.0.3.1"])
    events = [json.loads(line) for line in guard.run("ledger", "export", "-c", front().guard.path, "--ocsf").stdout.splitlines()]
    for event in events:
        ocsf.check(event)
    equal({event["src_endpoint"]["ip"]: (event["src_endpoint"].get("location", {}).get("country"),
                                        event["src_endpoint"].get("autonomous_system", {}).get("number")) for event in events},
          {address: place[:2] for address, place in READERS.items()})
    seen = [json.loads(line) for line in ask("subject", "--json", "--kind", "customer", str(min(key for key in map(int, shop.keys("customers", "id")) if key > 1000))).stdout.splitlines()]
    equal({line["source"]["address"]: line["source"]["country"] for line in seen if line["what"] == "shown"},
          {address: place[0] for address, place in READERS.items()})


def with_databases(sources, of=None):
    """A configuration as the front's, with other databases."""
    made = (of or front()).guard
    path = made.path.with_name("other.yaml")
    path.write_text(json.dumps({**made.config, "sources": sources}), encoding="utf-8")
    return path


def sources_of(sources, of=None):
    """Of an export with these databases, by address; what was said on standard error."""
    done = guard.run("ledger", "export", "--json", "-c", with_databases(sources, of))
    equal(done.returncode, 0)
    lines = [json.loads(line)["source"] for line in done.stdout.splitlines()]
    return {source["address"]: (source["country"], source["asn"]) for source in lines}, done.stderr


@test(gateway=True)
def test_what_was_recorded_stays():
    """What a database says later, or that it is gone, changes nothing about where a session was; without a record it is asked"""
    moved = {"country_db": database("moved.mmdb", "Test-Country", {"127.0.0.0/8": {"country": {"iso_code": "FR"}}}),
             "asn_db": database("moved-asn.mmdb", "Test-ASN", {"127.0.0.0/8": {"autonomous_system_number": (7, 4)}})}
    there = {address: place[:2] for address, place in READERS.items()}
    for sources in ({}, moved):
        equal(sources_of(sources), (there, ""))
    for country, due in (("FR", 0), ("KR", 5), ("none", 11)):
        done = guard.run("scope", "--json", "-c", with_databases(moved), "--country", country)
        equal(json.loads(done.stdout)["subjects"].get("customer", {}).get("at_least", 0), due, country)
        done = guard.run("scope", "--json", "-c", with_databases(moved, bare()), "--country", country)
        equal(json.loads(done.stdout)["subjects"].get("customer", {}).get("at_least", 0), 11 if country == "FR" else 0, country)
    equal(sources_of(moved, bare())[0], {address: ("FR", 7) for address in READERS if ":" not in address})


@test(gateway=True)
def test_wrong_input():
    """What names no country, and databases that are missing or none, are told; an export goes on without"""
    good = {"country_db": str(harness.folder() / "country.mmdb")}
    spoiled = harness.folder() / "spoiled.mmdb"
    spoiled.write_bytes((harness.folder() / "country.mmdb").read_bytes()[:-200])
    for text in ("K", "KOR", "K1", "KR,", ",KR", "not:", "not:not:KR", "KR;JP", "NONE"):
        done = guard.run("scope", "-c", with_databases(good), "--country", text)
        equal((done.returncode, "names no country" in done.stderr), (2, True), text)
    for sources, word in (({"country_db": "nosuch.mmdb"}, "nosuch.mmdb"),
                          ({"country_db": str(spoiled)}, "spoiled.mmdb"), ({"country_db": "/"}, "cannot be read")):
        done = guard.run("scope", "-c", with_databases(sources), "--country", "KR")
        equal((done.returncode, word in done.stderr, done.stdout), (2, True, ""), word)
    numbers = [address for address in READERS if ":" not in address]
    said, complaints = sources_of({"country_db": str(spoiled)}, bare())
    equal((said, complaints.count("spoiled.mmdb")), ({address: (None, None) for address in numbers}, 1))
    one = {**good, "asn_db": str(spoiled)}
    said, complaints = sources_of(one, bare())
    equal((said, complaints.count("spoiled.mmdb")), ({address: (READERS[address][0], None) for address in numbers}, 1))
    equal(guard.run("scope", "-c", with_databases(one), "--country", "KR").returncode, 0)


@test(gateway=True)
def test_check():
    """pasu check tells each database that cannot be read, with its place, and is content with those that can"""
    front()
    folder = harness.folder()
    spoiled = folder / "unfit.mmdb"
    spoiled.write_bytes((folder / "country.mmdb").read_bytes()[:-200])
    good = {key: str(folder / f"{key.removesuffix('_db')}.mmdb") for key in ("country_db", "asn_db")}
    config = front().guard.folder / "checked.yaml"

    def check(sources):
        config.write_text(guard.yaml({**front().guard.config, "sources": sources}) + "\n", encoding="utf-8")
        done = guard.run("check", "--json", "-c", config)
        lines = config.read_text(encoding="utf-8").splitlines()
        return done.returncode, [(lines[one["line"] - 1].split(":")[0].strip(), one["text"], one["hint"])
                                 for one in json.loads(done.stdout)["faults"]]
    equal(check(good), (0, []))
    equal(check({"country_db": "nosuch.mmdb", "asn_db": good["asn_db"]})[0], 1)
    status, faults = check({"country_db": "nosuch.mmdb", "asn_db": str(spoiled)})
    equal((status, [fault[0] for fault in faults]), (1, ["country_db", "asn_db"]))
    assert "nosuch.mmdb cannot be read" in faults[0][1] and "unfit.mmdb cannot be read" in faults[1][1], faults
    assert "MaxMind" in faults[1][2], faults


if __name__ == "__main__":
    harness.main()
