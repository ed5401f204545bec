#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu scan --suggest: a map that the logs make, which the scan takes; and nobody's key or name in it."""
import json
import random
import re
import subprocess

import harness
from stage import equal, test


def pasu(*words):
    done = subprocess.run([harness.PASU, "scan", *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, timeout=60)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def place(name, content):
    at = harness.folder() / name
    at.write_bytes(content if isinstance(content, bytes) else content.encode())
    return at


def line(made, second, path, status=200, method="GET", account="-"):
    return (f'203.0.113.{made.randrange(200)} - {account} [01/Jun/2026:{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02} +0000]'
            f' "{method} {path} HTTP/1.1" {status} 512 "-" "Mozilla/5.0"\n')


@harness.shared
def log():
    """Requests, of which 600 show members by a number and 200 by a name."""
    made, lines = random.Random(3), []
    for second in range(400):
        lines.append(line(made, second, f"/api/members/{made.randrange(1, 9999)}/addresses", made.choice((200, 200, 404))))
        lines.append(line(made, second, f"/v2/users/{made.choice('abcdefgh')}{made.choice('klmnopq')}{made.choice('uvwxyz')}-kim/profile"))
        lines.append(line(made, second, f"/api/customer?full=yes&customer_id={made.randrange(1, 9999)}"))
        lines.append(line(made, second, f"/product/{made.randrange(500)}"))
        lines.append(line(made, second, f"/static/app.{made.randrange(10 ** 8)}.js"))
        lines.append(line(made, second, "/login", method="POST"))
        lines.append(line(made, second, "/my/orders", account=f"m{made.randrange(500)}"))
        lines.append(line(made, second, "/hong-gildong-was-here" if second == 7 else "/"))
        lines.append(line(made, second, f"/x'}}{{y: &a/\\x1b[31m/{second}"))
    return place("access.log", "".join(lines))


@test
def test_routes():
    """Paths with persons' keys in them, parameters, one's own pages, and the login; the map is one that the scan takes"""
    status, out, _ = pasu("--suggest", log())
    equal(status, 0)
    for due in ("{path: '/api/members/{member}/addresses', fields: [address]}",
                "{path: '/v2/users/{user}/profile', fields: [name, phone, email, address]}",
                "{path: '/api/customer?customer_id={customer}', fields: [name]}",
                "{path: '/my/orders', fields: [order], whom: account, subject: customer}",
                "login: ['/login']", "principal: [account, address, network, asn, agent]", "400  /product/{}"):
        assert due in out, (due, out)
    status, text, error = pasu("--map", place("map.yaml", out), "--json", log())
    equal((status, error), (3, ""))
    found = int(re.search(r"addresses.* (\d+) answered", out)[1])
    assert f'"shown":{found + 1200}' in text.replace(" ", ""), text


@test
def test_no_person():
    """Neither a key nor a name that came seldom is in it, nor anything that is more than text to a terminal or to YAML"""
    _, out, _ = pasu("--suggest", log())
    # three digits are no key of this map's own words: counts and percentages are behind a #
    for part in re.findall(r"path: '([^']*)'|#   \d+  (.*)", out):
        assert not re.search(r"\d{3}", "".join(part)), part
    for word in ("gildong", "kim", "\x1b", "y: &a"):
        assert word not in out, word


@test
def test_statements():
    """Statements of databases' logs: values are places, and what shows persons by a key is told from what does not"""
    statements = ["SELECT name, phone FROM members WHERE id = {}", "SELECT m.email FROM shop.members m WHERE m.id IN ({}, 8, 9)",
                  "SELECT amount FROM orders WHERE member_id = {} AND state = 'open'", "SELECT * FROM products WHERE id = {}",
                  "UPDATE members SET seen = {} WHERE id = {}", "SELECT \"a\x1b[31mb\nc: d\" FROM members WHERE id = {}"]
    lines = [f"261127 14:13:14\t     5 Query\t{statement.replace('{}', str(number))}\n"
             for number in range(20) for statement in statements]
    status, out, _ = pasu("--suggest", place("general.log", "".join(lines)))
    equal(status, 0)
    for due in ("{sql: 'SELECT name, phone FROM members WHERE id = {member}', fields: [name, phone]}  # 20 times",
                "{sql: 'SELECT m.email FROM shop.members m WHERE m.id IN ({member})', fields: [email]}",
                "{sql: 'SELECT amount FROM orders WHERE member_id = {member} AND state = {}', fields: [name]}"):
        assert due in out, (due, out)
    assert "products WHERE id = {}" in out and "\x1b" not in out and "\nc: d" not in out, out
    status, text, error = pasu("--map", place("map.yaml", out), "--json", place("general.log", "".join(lines)))
    equal((status, error), (3, ""))
    assert '"shown":100' in text.replace(" ", ""), text


@test
def test_cloudtrail():
    """Of CloudTrail's files the keys of objects are the paths"""
    records = [{"eventTime": f"2026-06-01T10:00:{number:02}Z", "eventName": "GetObject", "sourceIPAddress": "203.0.113.5",
                "userAgent": "aws-cli", "userIdentity": {"arn": f"arn:aws:iam::1:user/u{number % 3}"},
                "requestParameters": {"bucketName": "papers", "key": f"members/{number}/addresses"}} for number in range(40)]
    records += [{**record, "eventName": "ListBuckets", "requestParameters": None} for record in records[:10]]
    status, out, _ = pasu("--suggest", place("trail.json", json.dumps({"Records": records})))
    equal(status, 0)
    for due in ("{path: '/members/{member}/addresses', fields: [address]}  # 40 requests", "principal: [account, address"):
        assert due in out, (due, out)
    status, text, error = pasu("--map", place("map.yaml", out), "--json", place("trail.json", json.dumps({"Records": records})))
    equal((status, error), (3, ""))
    assert '"shown":40' in text.replace(" ", ""), text


@test
def test_nothing():
    """Logs without persons, or of no known format, say so"""
    made = random.Random(1)
    status, out, error = pasu("--suggest", place("access.log", "".join(line(made, s, "/") for s in range(20))))
    equal(status, 3)
    assert "nothing in the logs looks like persons" in error, error
    status, out, _ = pasu("--suggest", place("other.log", "what is this\n" * 9))
    assert "of no known format" in out and "9 could not be read" in out, out
    status, _, error = pasu(place("access.log", "x\n"))
    equal(status, 2)
    assert "--suggest" in error, error


harness.main()
