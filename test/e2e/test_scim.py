#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The SCIM endpoint: an identity provider says who has left, and they are refused and cut off; it is recorded, and kept."""
import concurrent.futures
import http.client
import json
import os
import signal
import socket
import ssl
import time
import urllib.parse

import harness
import ledgerfile
import process
import shop
from stage import authority, equal, in_time, issued, test
from test_leavers import BIG, CUT, LEFT, Roster, attempt, cut, cut_at, roles, running
from test_signed import ledger, of, texts

REFUSED, ROSTER, ASKED = 8, 17, 20
TOKEN = "a-token-of-more-than-20-characters"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
# How the two large identity providers write that somebody is not there any more, and what RFC 7644 has.
WAYS = {
    "rfc": [{"op": "replace", "path": "active", "value": False}],
    "entra": [{"op": "Replace", "path": "active", "value": "False"}],
    "entra, without a path": [{"op": "replace", "value": {"active": "False"}}],
    "okta": [{"op": "replace", "value": {"active": False}}],
    "add": [{"op": "Add", "path": "urn:ietf:params:scim:schemas:core:2.0:User:Active", "value": [{"value": "FALSE"}]}],
    "among others": [{"op": "replace", "value": {"name.givenName": "K", "displayName": "Kim", "active": False}}],
}


class Provider:
    """What an identity provider does, over one connection a request."""

    def __init__(self, port, token=TOKEN, context=None):
        self.port, self.token, self.context = port, token, context

    def ask(self, method, path, body=None, *, token=None, raw=None):
        if self.context:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self.context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        token = self.token if token is None else token
        headers = {"Content-Type": "application/scim+json", **({"Authorization": f"Bearer {token}"} if token else {})}
        data = raw if raw is not None else json.dumps(body) if body is not None else None
        connection.request(method, "/scim/v2" + path, data, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, json.loads(content) if content else None

    def create(self, name, **more):
        status, user = self.ask("POST", "/Users", {"schemas": [USER], "userName": name, "active": True, **more})
        equal(status, 201, user)
        return user["id"]

    def patch(self, user, operations):
        return self.ask("PATCH", f"/Users/{user}", {"schemas": [PATCH], "Operations": operations})

    def found(self, name):
        status, page = self.ask("GET", "/Users?" + urllib.parse.urlencode({"filter": f'userName eq "{name}"'}))
        equal(status, 200, page)
        return page["Resources"]


def front(name, lines=None, *, scim=True, principals=None, tls=None):
    roles()
    roster = Roster(name, **(lines or {}))
    token = harness.folder() / f"{name}-token"
    token.write_text(f"{TOKEN}\n")
    token.chmod(0o600)
    port = process.free_port()
    more = {"scim": {"listen": f"127.0.0.1:{port}", "token_file": str(token), **(tls or {}), **(principals or {})}} if scim else {}
    made = shop.front(name, more={"principals": {"roster": str(roster.path), **more}})
    roster.guard = made.guard
    if scim:
        process.until(lambda: listens(port), "the endpoint")
    return made, roster, Provider(port)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def asked(made):
    return [what for command, what in (texts(payload[8:]) for payload in of(made, ASKED)) if command == "scim"]


# ---- leaving ----

@test(gateway=True)
def test_without():
    """The harm: without an endpoint a leaver goes on reading, because nobody tells the roster"""
    made, _, provider = front("scim-off", scim=False)
    assert not listens(provider.port)
    with made.login(user="analyst") as session:
        assert session.query("SELECT name FROM customers").rows
    made.stop()


@test(gateway=True, limit=120)
def test_leaves():
    """Whoever the identity provider says has left, in each way that it can say it, is refused, and cut off within a second in the middle of a COPY; when they are back they come in; each is recorded"""
    made, _, provider = front("scim", {"l_long": "admin,Choi@Example.com,active,"})
    users = {"analyst": provider.create("Analyst", emails=[{"value": "lee@example.com", "primary": True}])}
    equal(provider.found("ANALYST")[0]["id"], users["analyst"])
    for way, operations in WAYS.items():
        equal(attempt(made, "analyst"), None, "the harm: nothing stops them")
        status, user = provider.patch(users["analyst"], operations)
        equal((status, user["active"]), (200, False), way)
        equal(attempt(made, "analyst"), LEFT, way)
        status, user = provider.patch(users["analyst"], [{"op": "replace", "path": "active", "value": True}])
        equal((status, user["active"]), (200, True), way)
    # The owner of a role, by their address; and in the middle of a result.
    choi = provider.create("choi", emails=[{"value": "choi@example.com"}])

    def leaves():
        """In how many seconds, by pasu's own clock."""
        equal(provider.patch(choi, [{"op": "replace", "path": "active", "value": True}])[0], 200)
        session = running(made, "l_long", f"COPY ({BIG}) TO STDOUT")
        session.take(1 << 20)
        mark, began = made.guard.mark(), time.time_ns()
        equal(provider.patch(choi, WAYS["entra"])[0], 200)
        assert cut(session) in (LEFT, None)
        process.until(lambda: cut_at(made, mark), "the log says so")
        return (cut_at(made, mark)[0] - began) / 10**9
    print("cut after", round(in_time(CUT, leaves), 3))
    equal(attempt(made, "l_long"), LEFT)
    equal(attempt(made, "app"), None, "others go on")
    # A role that is on no line, in another case than the identity provider's.
    equal(attempt(made, "l_kind"), None)
    kind = provider.create("L_Kind")
    equal(provider.ask("DELETE", f"/Users/{kind}"), (204, None))
    equal(attempt(made, "l_kind"), LEFT, "nobody is forgotten by being deleted")
    equal(provider.ask("GET", f"/Users/{kind}")[0], 404)
    equal(provider.found("L_Kind"), [])
    kind = provider.create("l_kind")
    equal(attempt(made, "l_kind"), None, "and somebody can come back")
    # PUT without "active" says nothing of it.
    equal(provider.ask("PUT", f"/Users/{kind}", {"userName": "l_kind", "active": False})[1]["active"], False)
    equal(provider.ask("PUT", f"/Users/{kind}", {"userName": "l_kind", "displayName": "K"})[1]["active"], False)
    equal(attempt(made, "l_kind"), LEFT)
    told = asked(made)
    assert told[0] == "POST analyst: active, from 127.0.0.1", told[0]
    assert "PATCH analyst: left, from 127.0.0.1" in told and "DELETE l_kind: deleted, from 127.0.0.1" in told, told
    assert "lee@example.com" not in json.dumps(told)
    assert len(of(made, ROSTER)) > 2 * len(WAYS), "each roster that came into force is recorded"
    shown = made.guard.json("roster")
    equal({one["principal"]: one["status"] for one in shown},
          {"app": "active", "analyst": "active", "l_long": "left", "choi": "left", "l_kind": "left"})
    log = json.dumps(made.guard.events)
    assert TOKEN not in log and "lee@example.com" not in log and "choi@example.com" not in log
    made.stop()


# ---- who may ----

@test(gateway=True)
def test_tokens():
    """Without the token nothing is told and nothing changes, and that it was tried is recorded, at a bounded rate"""
    made, _, provider = front("scim-token")
    user = provider.create("analyst")
    for token in ("", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper()):
        for method, path, body in (("GET", "/Users", None), ("PATCH", f"/Users/{user}", {"Operations": WAYS["okta"]}),
                                   ("GET", "/ServiceProviderConfig", None), ("DELETE", f"/Users/{user}", None)):
            status, answer = provider.ask(method, path, body, token=token)
            equal((status, answer["schemas"]), (401, ["urn:ietf:params:scim:api:messages:2.0:Error"]))
    equal(attempt(made, "analyst"), None)
    refusals = process.until(lambda: len(found := of(made, REFUSED)) >= 20 and found, "they are recorded")
    assert all(b"scim" in payload and b"127.0.0.1" in payload for payload in refusals)
    for _ in range(100):
        provider.ask("GET", "/Users", token="wrong")
    assert len(of(made, REFUSED)) < 100, "a flood is counted"
    equal(provider.found("analyst")[0]["active"], True)
    # Another token, without a restart; the former is not one any more.
    other = "another-token-of-more-than-20"
    path = made.guard.config["principals"]["scim"]["token_file"]
    with open(path, "w", encoding="utf-8") as file:
        file.write(other + "\n")
    equal(made.reload(), "config_reloaded")
    process.until(lambda: status_of(provider, other) == 200, "the new token")
    equal(provider.ask("GET", "/Users")[0], 401)
    made.stop()


def status_of(provider, token):
    try:
        return provider.ask("GET", "/Users", token=token)[0]
    except OSError:
        return None


@test(gateway=True)
def test_tls():
    """With a certificate it speaks TLS, and only that"""
    own = issued("localhost")
    made, _, provider = front("scim-tls", tls={"certificate": str(own.path), "key": str(own.key)})
    safe = Provider(provider.port, context=ssl.create_default_context(cafile=str(authority().path)))
    user = safe.create("analyst")
    equal(safe.patch(user, WAYS["okta"])[0], 200)
    equal(attempt(made, "analyst"), LEFT)
    try:
        status = provider.ask("GET", "/Users")[0]
    except (http.client.HTTPException, OSError):
        status = None
    equal(status, None, "nothing without TLS")
    made.stop()


# ---- what it says ----

@test(gateway=True)
def test_protocol():
    """Pages, filters, schemas and faults are as RFC 7643 and 7644 have them; what is hostile is refused, and it goes on"""
    made, _, provider = front("scim-protocol")
    for number in range(7):
        provider.create(f"user{number}@example.com", externalId=f"x{number}", displayName=f"User {number}")
    seen = []
    for start in (1, 4, 7):
        status, page = provider.ask("GET", f"/Users?startIndex={start}&count=3")
        equal((status, page["totalResults"], page["startIndex"]), (200, 7, start))
        equal(page["itemsPerPage"], len(page["Resources"]))
        seen += [one["userName"] for one in page["Resources"]]
    equal(seen, [f"user{number}@example.com" for number in range(7)])
    equal(provider.ask("GET", "/Users?count=0")[1]["Resources"], [])
    for text, names in (('userName Eq "USER3@example.com"', 1), ('externalId eq "x2"', 1), ('externalId eq "X2"', 0),
                        ('emails.value eq "nobody"', 0), ("active eq true", 7)):
        equal(provider.ask("GET", "/Users?filter=" + urllib.parse.quote(text))[1]["totalResults"], names, text)
    for path in ("/ServiceProviderConfig", "/ResourceTypes", "/Schemas", "/ResourceTypes/User", f"/Schemas/{USER}"):
        equal(provider.ask("GET", path)[0], 200, path)
    equal(provider.ask("GET", "/Groups")[0], 404)
    one = provider.found("user1@example.com")[0]
    equal(one["meta"]["location"], f"http://127.0.0.1:{provider.port}/scim/v2/Users/{one['id']}")
    equal(provider.ask("GET", f"/Users/{one['id']}")[1], one)
    faults = [
        ("POST", "/Users", '{"userName": "USER1@example.com"}', 409, "uniqueness"), ("POST", "/Users", "{}", 400, "invalidValue"),
        ("POST", "/Users", "[" * 100000, 400, "invalidSyntax"), ("POST", "/Users", '{"userName": "a", "userName": "b"}', 400, "invalidSyntax"),
        ("POST", "/Users", '{"userName": "a\\nb"}', 400, "invalidValue"), ("POST", "/Users", '{"userName": 7}', 400, "invalidValue"),
        ("POST", "/Users", '{"userName": "\\u0000"}', 400, "invalidSyntax"), ("POST", "/Users", b'{"userName": "\xff"}', 400, "invalidSyntax"),
        ("POST", "/Users", json.dumps({"userName": "x" * 256}), 400, "invalidValue"),
        ("PATCH", f"/Users/{one['id']}", '{"Operations": []}', 400, "invalidSyntax"),
        ("PATCH", f"/Users/{one['id']}", '{"Operations": [{"op": "move"}]}', 400, "invalidSyntax"),
        ("PATCH", f"/Users/{one['id']}", '{"Operations": [{"op": "replace", "path": "active", "value": "no"}]}', 400, "invalidValue"),
        ("PATCH", f"/Users/{one['id']}", '{"Operations": [{"op": "replace", "path": "active.x", "value": false}]}', 400, "invalidPath"),
        ("PATCH", f"/Users/{one['id']}", '{"Operations": [{"op": "remove", "path": "active"}]}', 400, "invalidValue"),
        ("PATCH", f"/Users/{one['id']}", '{"Operations": [{"op": "replace", "value": {"active": true, "Active": false}}]}', 400,
         "invalidSyntax"),
        ("PATCH", f"/Users/{0}", '{"Operations": []}', 404, None), ("GET", "/Users?filter=userName%20co%20%22a%22", None, 400, "invalidFilter"),
        ("GET", "/Users?filter=" + "(" * 1000, None, 400, "invalidFilter"), ("GET", "/Users?count=many", None, 400, "invalidValue"),
        ("DELETE", "/Users", None, 405, None), ("TRACE", "/Users", None, 405, None), ("GET", "/../../Users", None, 404, None),
        ("POST", "/Users", "x" * (300 << 10), 413, None),
    ]
    for method, path, body, status, kind in faults:
        got, answer = provider.ask(method, path, raw=body)
        equal((got, answer and answer.get("scimType")), (status, kind), (method, path, str(body)[:80]))
    equal(provider.ask("GET", f"/Users/{one['id']}")[1], one, "what was refused has changed nothing")
    # Half a request, and none, keep nobody else waiting.
    with socket.create_connection(("127.0.0.1", provider.port)) as half, socket.create_connection(("127.0.0.1", provider.port)) as other:
        half.sendall(b"PATCH /scim/v2/Users HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\nAuthorization: Bearer " + TOKEN.encode() + b"\r\n\r\n{")
        other.sendall(b"\x16\x03\x01\x02\x00\x01" + os.urandom(500))
        equal(len(provider.found("user2@example.com")), 1)
    equal(made.guard.find("process_died"), [])
    made.stop()


# ---- what stays ----

@test(gateway=True, limit=120)
def test_stays():
    """Many at once lose nothing; what was answered is there after each process, and the guard, was killed; a broken roster does not hide who has left, and none but the roster's own can bring them back"""
    made, roster, provider = front("scim-stays", {"analyst": "human,Lee,active,"})
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        users = list(pool.map(lambda number: provider.create(f"many{number}"), range(32)))
        users.append(provider.create("analyst"))
        answers = list(pool.map(lambda user: provider.patch(user, WAYS["okta"])[0], users))
        answers += pool.map(lambda number: provider.patch(users[0], [
            {"op": "replace", "path": "displayName", "value": f"Name {number}"}])[0], range(16))
    equal(set(answers), {200})

    def all_left():
        page = provider.ask("GET", "/Users?count=100")[1]
        return page["totalResults"] == 33 and not any(one["active"] for one in page["Resources"])

    assert all_left()
    equal(attempt(made, "analyst"), LEFT)
    for name in ("registrar", "gate", "keeper"):
        made.guard.replace(name)
        process.until(lambda: attempt(made, "analyst") == LEFT, name)
        process.until(lambda: status_of(provider, TOKEN) == 200, name)
        assert all_left(), name
    # The roster's file is broken: who leaves meanwhile has left.
    mark = made.guard.mark()
    roster.place("principal\n\"\n")
    made.guard.wait("roster_refused", start=mark)
    equal(attempt(made, "l_kind"), None)
    user = provider.create("l_kind")
    equal(provider.patch(user, WAYS["entra"])[0], 200)
    equal(attempt(made, "l_kind"), LEFT)
    roster.place()
    process.until(lambda: len(made.guard.json("roster")) == 3 + 32 + 1, "the roster is whole again")
    equal(attempt(made, "analyst"), LEFT, "the roster's line says active, and the identity provider does not")
    os.kill(made.guard.process.pid, signal.SIGKILL)
    process.until(lambda: not made.guard.process.is_alive(), "it is dead")
    made.guard.start()
    process.until(lambda: status_of(provider, TOKEN) == 200, "the endpoint")
    equal((attempt(made, "analyst"), attempt(made, "l_kind"), attempt(made, "app")), (LEFT, LEFT, None))
    equal(provider.ask("GET", "/Users?count=100")[1]["totalResults"], 34)
    made.stop()


if __name__ == "__main__":
    harness.main()
