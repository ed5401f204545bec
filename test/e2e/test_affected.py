#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The page on which persons ask what of theirs was shown: who proves that a contact is theirs sees it, and nobody else, nor whether
anybody is known."""
import contextlib
import http.server
import itertools
import json
import os
import re
import shutil
import signal
import socket
import ssl
import threading
import time

import affected
import guard
import harness
import ledgerfile
import process
import shop
from stage import authority, equal, issued, test
from test_decoys import register
from test_signed import ledger, of, texts
import verifier

ASKED = 20
WORDS = ("affected", "affected-code", "affected-certificate")


def email(number):
    return shop.server().value(f"SELECT email FROM customers WHERE id = {number}")


def email_of(turn, numbers):
    return f"user{numbers[turn]}@example.com"


def read(made, sql, user="app"):
    with made.front.login(user=user) as session:
        session.query(sql)
        session.terminate()


@harness.shared
def page():
    """Much was shown of 1287, masked and clear; nothing of others."""
    made = affected.Page("affected", more={"rules": [{"name": "hide", "when": {"principal": "analyst", "fields": ["phone"]}, "verdict": "mask"}]})
    read(made, "SELECT id, name, phone FROM customers WHERE id = 1287")
    read(made, "SELECT id, phone FROM customers WHERE id = 1287", user="analyst")
    return made


def asked(made):
    return [(command, what) for command, what in (texts(payload[8:]) for payload in of(made.front, ASKED)) if command in WORDS]


def files(made):
    return [path.read_bytes() for path in ledger(made.front).rglob("*") if path.is_file()]


# ---- who has the code ----

@test(gateway=True, limit=120)
def test_a_person_sees_what_was_shown():
    """Who gives the code that was sent sees which fields were shown, when, how clearly and to what kind of account, in both languages; each question is in the ledger, without contact or code"""
    made, browser = page(), affected.Browser(page())
    before = len(asked(made))
    _, headers, text = browser.want(email(1287))
    said = affected.text_of(text)
    assert "eight digits" in said and "1287" not in said, said
    message = made.message()
    equal((message["what"], message["to"], message["kind"], message["language"], message["minutes"]), ("code", email(1287), "email", "en", 10))
    assert re.fullmatch(r"\d{8}", message["code"]) and f'{message["code"][:4]} {message["code"][4:]}' in message["text"], message
    equal(browser.give(f' {message["code"][:4]}-{message["code"][4:]} ')[:2], (303, "/yours"))
    status, headers, text = browser.get("/yours")
    equal((status, headers["Content-Language"]), (200, "en"))
    said = affected.text_of(text)
    for due in ("Your data was shown", "Number of times: 2", "name in full", "telephone number in full", "partly hidden telephone number",
                "an unknown account", "KST", "privacy team, 02-1-2", "smishing"):
        assert due in said, (due, said)
    said = affected.text_of(browser.get("/yours?lang=ko")[2])
    for due in ("회원님의 정보가 보인 적이 있습니다", "모두 2번", "성명 그대로 보임", "일부 가려져 보임 전화번호", "알려지지 않은 계정", "개인정보팀 02-1-2", "스미싱"):
        assert due in said, (due, said)
    new = asked(made)[before:]
    equal([command for command, _ in new], ["affected-code", "affected", "affected"], new)
    assert all(re.fullmatch(r"kind=customer key=[0-9a-f]{32}", what) for _, what in new), new
    assert all(email(1287).encode() not in bytes_ and message["code"].encode() not in bytes_ for bytes_ in files(made))
    assert email(1287) not in "\n".join(made.guard.process.lines) and message["code"] not in "\n".join(made.guard.process.lines)


@test(gateway=True, limit=120)
def test_nothing_shown_and_possibly():
    """Of whom nothing was shown it says so; of whom something can have been shown, that it is not certain"""
    made = affected.Page("affected-possible")
    said = affected.text_of(affected.Browser(made).enter(email(1294))[2])
    assert "There is no record that your data was shown" in said and "may have been" not in said, said
    read(made, "SELECT DISTINCT length(name) FROM customers")
    read(made, "SELECT upper(max(name)) FROM customers")
    said = affected.text_of(affected.Browser(made).enter(email(1294))[2])
    assert "may have been shown" in said and "What is not certain" in said, said


@test(gateway=True, limit=180)
def test_the_newest_of_very_many():
    """Of more showings than are kept the newest are listed, by the ledger's index and without it, and the others are counted"""
    made, turns = page(), 260
    key = int(shop.server().value("SELECT min(customer_id) FROM orders WHERE customer_id > 1400"))
    shop.server().sql(f"UPDATE customers SET phone = '010-5555-0004', address = 'Sejong-daero 1' WHERE id = {key}")
    more = (", c.name", ", c.email", ", c.address", ", o.item")
    sets = ["".join(names) for count in range(5) for names in itertools.combinations(more, count)]
    with made.front.login(user="analyst") as session:  # of what a rule masks each statement has a record of its own
        for names in sets * turns:
            session.query(f"SELECT c.id, c.phone{names} FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.id = {key} LIMIT 1")
        session.terminate()
    read(made, f"SELECT id, email FROM customers WHERE id = {key}")
    for _ in range(2):
        _, _, text = affected.Browser(made).enter(email(key))
        listed = text[text.index('<ol class="times">'):]
        listed = listed[:listed.index("</ol>")]
        equal(listed.count('<p class="when">'), 200)
        assert "partly hidden" not in listed[:listed.index("</li>")], listed[:1500]
        said = affected.text_of(text)
        assert f"Number of times: {16 * turns + 1}." in said, said[:1500]
        assert f" {16 * turns + 1 - 200} older times" in said, said[-1500:]
        shutil.rmtree(ledger(made.front) / "index", ignore_errors=True)


@test(gateway=True, limit=120)
def test_it_never_says_fewer():
    """Where several statements share a record, it says "at least" """
    made = page()
    with made.front.login(user="app") as session:
        for _ in range(500):
            session.query("SELECT id, name FROM customers WHERE id = 1399")
        session.terminate()
    found = re.search(r"Number of times: (at least )?(\d+)", affected.text_of(affected.Browser(made).enter(email(1399))[2]))
    assert found[1] or found[2] == "500", found[0]


@test(gateway=True, limit=120)
def test_one_address_starves_nobody():
    """Who asks for ninety contacts while all look-ups wait, from one address or from many of a network, keeps nobody out: others' codes come among the first,
    and for a contact that is nobody's theirs has the same answer"""
    made = affected.Page("affected-crowd", codes_per_address=100, forwarded_from=["127.0.0.1"])

    def at(address):
        return affected.Browser(made, headers={"X-Forwarded-For": address})

    numbers = [number for number in map(int, shop.keys("customers", "id")) if email(number)][:96]
    for many in (lambda n: "192.0.2.9", lambda n: f"2001:db8:7:{n:x}::1"):
        made.messages()
        with shop.server().connect() as session:
            session.query("BEGIN")
            session.query("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")  # look-ups take long
            crowd = [threading.Thread(target=at(many(n)).want, args=(email_of(n, numbers),)) for n in range(90)]
            for thread in crowd:
                thread.start()
            for thread in crowd:
                thread.join()
            late = ("198.51.100.7", "2001:db8:9::7")
            pages = [affected.text_of(at(address).want(email_of(90 + turn, numbers))[2]) for turn, address in enumerate(late)]
            equal(affected.text_of(at("198.51.100.8").want("nobody@example.net")[2]), pages[0])
            session.query("COMMIT")
        due = {email_of(90 + turn, numbers) for turn in range(len(late))}
        sent = []
        process.until(lambda: sent.extend(made.messages()) or due <= {one["to"] for one in sent}, "the codes of others", 30)
        places = sorted(at for at, one in enumerate(sent) if one["to"] in due)
        assert places[-1] < 16, (places, len(sent))


@test(gateway=True, limit=120)
def test_telephone_numbers():
    """A telephone number is found however it is written; the code goes to the one that is stored"""
    made = page()
    phone = shop.server().value("SELECT phone FROM customers WHERE id = 1287") or "010-1287"
    shop.server().sql("UPDATE customers SET phone = '010-1287-0001' WHERE id = 1287")
    for way in ("01012870001", "+82 10 1287 0001", "010.1287.0001"):
        browser = affected.Browser(made)
        browser.want(way)
        message = made.message()
        equal((message["to"], message["kind"]), ("010-1287-0001", "phone"))
        if way == "01012870001":
            equal(browser.give(message["code"])[:2], (303, "/yours"))
    shop.server().sql(f"UPDATE customers SET phone = '{phone}' WHERE id = 1287")


@test(gateway=True, limit=120)
def test_keys_that_are_texts_and_a_ledger_that_is_encrypted():
    """Of a kind whose keys are texts, in an encrypted ledger, by the ledger's index and without it: the same"""
    key = harness.folder() / "ledger-key"
    key.write_text("5a" * 32)
    key.chmod(0o600)
    made = affected.Page("affected-sealed", more={"ledger": {"key_file": str(key)}})
    login, contact = shop.server().sql("SELECT login, email FROM accounts WHERE email IS NOT NULL ORDER BY login LIMIT 1")[0]
    read(made, f"SELECT login, name, email FROM accounts WHERE login = '{login}'")
    browser = affected.Browser(made, language="ko")
    said = affected.text_of(browser.enter(contact.upper())[2])
    assert "모두 1번" in said and "이메일 주소 그대로 보임" in said, said
    done = guard.run("ledger", "update-index", "-c", made.guard.path)
    equal(done.returncode, 0, done.stderr)
    again = affected.text_of(browser.get("/yours")[2])
    equal(re.sub(r"현재의.*", "", again[:40]), re.sub(r"현재의.*", "", said[:40]))
    assert "모두 1번" in again, again
    document = json.loads(browser.post("/certificate", person="0")[2])
    equal((document["certificate"]["person"]["kind"], document["certificate"]["person"]["key"]), ("account", login))
    equal([line for line in made.guard.process.lines if "clerk_said" in line or "clerk_failed" in line], [])


@test(gateway=True, limit=120)
def test_a_contact_of_several():
    """A contact that several persons of a kind have opens nobody's page: who reads there is told why, and gets no code"""
    made = page()
    shop.server().sql("UPDATE customers SET phone = '010-5555-0001' WHERE id IN (1301, 1308)")
    affected.Browser(made).want("010-5555-0001")
    message = made.message()
    equal((message["what"], message["to"], "code" in message), ("shared", "010-5555-0001", False))
    assert not re.search(r"\d{4}", message["text"]), message


@test(gateway=True, limit=120)
def test_a_decoy_gets_nothing():
    """A decoy is sent no code, and has no page; but a person is, before and after"""
    made = affected.Page("affected-decoy")
    done = register(made.front, "customer", "1315")
    equal(done.returncode, 0, done.stderr)
    affected.Browser(made).want(email(1315))
    affected.Browser(made).want(email(1322))
    equal(made.message()["to"], email(1322))
    process.until(lambda: len([1 for command, _ in asked(made) if command == "affected-code"]) == 2, "both looked up")
    equal(made.messages(), [])


@test(gateway=True, limit=120)
def test_contacts_that_decoys_have_too():
    """A contact that only decoys have is sent nothing, be they several; a person who shares one with a decoy gets the code"""
    made = affected.Page("affected-decoys")
    shop.server().sql("UPDATE customers SET phone = '010-5555-0002' WHERE id IN (1357, 1364)")
    shop.server().sql("UPDATE customers SET phone = '010-5555-0003' WHERE id IN (1371, 1378)")
    for key in ("1357", "1364", "1371"):
        done = register(made.front, "customer", key)
        equal(done.returncode, 0, done.stderr)
    affected.Browser(made).want("010-5555-0002")
    browser = affected.Browser(made)
    browser.want("010-5555-0003")
    message = made.message()
    equal((message["what"], message["to"]), ("code", "010-5555-0003"))
    equal(browser.give(message["code"])[:2], (303, "/yours"))
    process.until(lambda: len([1 for command, _ in asked(made) if command == "affected-code"]) == 4, "all looked up")
    equal(made.messages(), [])


@test(gateway=True, limit=120)
def test_a_contact_that_several_write_otherwise():
    """Of several who have one contact, written in two ways, nobody's page opens"""
    made = page()
    shop.server().sql("UPDATE customers SET email = 'Mixed@Example.com' WHERE id = 1385")
    shop.server().sql("UPDATE customers SET email = 'mixed@example.com' WHERE id = 1392")
    affected.Browser(made).want("mixed@example.com")
    equal(made.message()["what"], "shared")


# ---- who has not ----

def without_tokens(text):
    return re.sub(r"[0-9a-f]{32}", "-", text)


@test(gateway=True, limit=120)
def test_nobody_learns_whether_a_contact_is_known():
    """Known, unknown and unreadable contacts get the same answers: status, headers and bytes but for random tokens, to the question, the page behind it, and to a code; and with the database stopped the answer comes, because nobody has looked yet"""
    made = page()
    answers = []
    for contact in (email(1287), "nobody@example.com", "010-0000-9999", "what is this", "x" * 199):
        browser = affected.Browser(made)
        browser.get("/")
        status, headers, text = browser.post("/code", contact=contact)
        first = (status, [(name, without_tokens(value)) for name, value in headers.items() if name != "Date"], text)
        second = browser.get("/code")
        third = browser.post("/yours", code="12345678")
        fourth = browser.get("/code?again=1")
        answers.append((first, *((one[0], [(name, without_tokens(value)) for name, value in one[1].items() if name != "Date"], without_tokens(one[2]))
                                 for one in (second, third, fourth))))
        equal(third[1]["Location"], "/code?again=1")
    for one in answers[1:]:
        equal(one, answers[0])
    equal(made.message()["to"], email(1287))
    equal(made.messages(), [])
    contact = email(1294)
    with stopped(shop.server().process.pid):
        browser = affected.Browser(made)
        browser.get("/")
        equal(browser.post("/code", contact=contact)[0], 303)
        equal(browser.get("/code")[0], 200)
    equal(made.message()["to"], contact)


@contextlib.contextmanager
def stopped(pid):
    """The server and all that it has started."""
    pids = [pid, *process.children(pid)]
    for one in pids:
        os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGCONT)


@test(gateway=True, limit=120)
def test_the_server_is_asked_the_same_of_all():
    """The statements of a look-up, and how long each may take, are those of a contact that somebody has where nobody has it: a place among those that look up is held as long"""
    made, lines, asked_of = page(), shop.server().process.lines, []
    shop.server().sql("ALTER ROLE pasu SET log_statement = 'all'")
    try:
        for contact in (email(1301), "nobody.at.all@example.com"):
            mark = len(lines)
            browser = affected.Browser(made)
            browser.get("/")
            browser.post("/code", contact=contact)
            process.until(lambda m=mark: sum("lower(asked" in line for line in lines[m:]) == 2, "it was asked to the end, of both kinds")
            asked_of.append([re.sub(r".*?(\) AS asked|set_config)", r"\1", line) for line in lines[mark:] if ") AS asked" in line or "statement_timeout" in line])
    finally:
        shop.server().sql("ALTER ROLE pasu RESET log_statement")
    assert len(asked_of[0]) >= 4 and any("3s" in line for line in asked_of[0]), asked_of
    equal(asked_of[1], asked_of[0])
    made.message()


@test(gateway=True, limit=120)
def test_wrong_codes():
    """Another ticket's code, one that was used, and the right one after five wrong ones open nothing; without a code there is no page"""
    made = page()
    one, other = affected.Browser(made), affected.Browser(made)
    equal(other.get("/yours")[1]["Location"], "/")
    other.get("/")
    equal(other.get("/yours")[0], 403)
    one.want(email(1329))
    code = made.message()["code"]
    other.want("nobody@example.com")
    equal(other.give(code)[1], "/code?again=1")
    equal(other.get("/yours")[0], 403)
    stolen = dict(one.cookies)
    equal(one.give(code)[1], "/yours")
    equal(one.get("/yours")[0], 200)
    one.cookies = stolen  # the ticket again, and its form
    one.get("/code")
    equal(one.give(code)[1], "/code?again=1")
    late = affected.Browser(made)
    late.want(email(1336))
    code = made.message()["code"]
    for _ in range(5):
        equal(late.give(str((int(code) + 1) % 10**8).zfill(8))[1], "/code?again=1")
    equal(late.give(code)[1], "/code?again=1")


@test(gateway=True, limit=120)
def test_expiry_and_the_end():
    """A code is over after its time, and so is a visit; who ends theirs sees nothing any more"""
    made = affected.Page("affected-short", code_time="1s")
    browser = affected.Browser(made)
    browser.want(email(1287))
    code = made.message()["code"]
    begun = time.monotonic()
    process.until(lambda: time.monotonic() - begun > 1.1, "the code's second")
    equal(browser.give(code)[1], "/code?again=1")
    made = affected.Page("affected-visit", session_time="4s")
    browser = affected.Browser(made)
    equal(browser.enter(email(1287))[0], 200)
    process.until(lambda: browser.get("/yours")[0] == 403, "the end of the visit")
    made = page()
    browser = affected.Browser(made)
    browser.enter(email(1343))
    stolen = dict(browser.cookies)
    equal(browser.post("/leave")[1]["Location"], "/?left=1")
    assert "You have finished" in affected.text_of(browser.get("/?left=1")[2])
    browser.cookies = stolen
    equal(browser.get("/yours")[0], 403)


# ---- limits ----

@test(gateway=True, limit=120)
def test_rates():
    """An address may ask so often, and is told; a contact is sent so many codes, and nobody is told; X-Forwarded-For counts from proxies that are named, and from nobody else"""
    made = affected.Page("affected-rates", codes_per_address=4, codes_per_contact=2, forwarded_from="127.0.0.2")
    browser = affected.Browser(made, headers={"X-Forwarded-For": "192.0.2.6"})  # a proxy that is named: nobody is one here
    for _ in range(4):
        browser.get("/")
        equal(browser.post("/code", contact=email(1287))[0], 303)
    process.until(lambda: len(list(made.outbox.glob("*.json"))) == 2, "two messages")
    browser = affected.Browser(made, headers={"X-Forwarded-For": "192.0.2.7"})
    browser.get("/")
    status, headers, text = browser.post("/code", contact=email(1294))
    equal((status, headers["Retry-After"]), (429, "600"))
    assert "Too many requests" in affected.text_of(text), text
    equal(len(list(made.outbox.glob("*.json"))), 2)
    for _ in range(20):
        equal(browser.post("/code", contact=email(1294))[0], 429)
    made.guard.wait("console_refused")
    equal(sum('"console_refused"' in line for line in made.guard.process.lines), 1, "once a minute")
    made = affected.Page("affected-proxied", codes_per_address=1, forwarded_from="127.0.0.0/8")
    for address, due in (("6.6.6.6, 192.0.2.1", 303), ("6.6.6.7, 192.0.2.1", 429), ("192.0.2.2", 303), ("2001:db8::1", 303), ("2001:db8::2", 429), ("2001:db8:0:1::1", 303)):
        browser = affected.Browser(made, headers={"X-Forwarded-For": address})
        browser.get("/")
        equal(browser.post("/code", contact="nobody@example.com")[0], due, address)
        assert browser.cookies["__Host-pasu"], browser.cookies
    browser.get("/")
    for forged, due in (("6.6.6.8", b"303"), ("6.6.6.9", b"429")):  # a proxy may add a line of its own behind the browser's
        said = sent(made, post_of(browser, f"X-Forwarded-For: {forged}\r\nX-Forwarded-For: 192.0.2.3\r\n"))
        assert said.startswith(b"HTTP/1.1 " + due), (forged, said)


def post_of(browser, headers):
    body, token = f"form={browser.form}&contact=nobody%40example.com", browser.cookies["__Host-pasu"]
    return (f"POST /code HTTP/1.1\r\nHost: x\r\n{headers}Cookie: __Host-pasu={token}\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


def sent(made, *parts):
    """What comes back until the end, which is awaited."""
    said = b""
    with socket.create_connection(("127.0.0.1", made.port), timeout=60) as sock:
        with contextlib.suppress(ConnectionError):
            for part in parts:
                sock.sendall(part)
        with contextlib.suppress(ConnectionError):
            while more := sock.recv(65536):
                said += more
    return said


@test(gateway=True, limit=120)
def test_bodies_without_end():
    """A request that says twice how long it is gets no answer, and neither does what is hidden behind it; a body that does not end does not hold its connection"""
    made = page()
    hidden = b"GET /code HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for lengths in (b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"Content-Length: 0\r\nContent-Length: 56\r\n\r\n",
                    b"Transfer-Encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n"):
        equal(sent(made, b"POST /code HTTP/1.1\r\nHost: x\r\n" + lengths + hidden), b"", lengths)
    chunk = b"4000\r\n" + b"a" * 0x4000 + b"\r\n"
    equal(sent(made, b"POST /code HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", *[chunk] * 64), b"")
    equal(affected.Browser(made).get("/")[0], 200)


@test(gateway=True, limit=120)
def test_forms_and_bytes():
    """Forms of another page, without cookie, of another cookie or too long are refused; unknown paths and methods too; headers leave no room for scripts and frames; nothing is kept by caches"""
    made = page()
    browser = affected.Browser(made)
    _, headers, text = browser.get("/")
    equal(headers["Content-Security-Policy"], "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
    equal((headers["Cache-Control"], headers["X-Frame-Options"], headers["X-Content-Type-Options"]), ("no-store", "DENY", "nosniff"))
    assert "<script" not in text and "style=" not in text and " on" not in "".join(re.findall(r"<[^>]*>", text)).lower().replace(" one", ""), text
    assert browser.set[0].endswith("; Path=/; HttpOnly; SameSite=Strict"), browser.set
    form = browser.form
    for cookies, value in (({}, form), (browser.cookies, ""), (browser.cookies, "0" * 32), ({"pasu": "0" * 32}, form)):
        equal(browser.ask("POST", "/code", {"form": value, "contact": email(1287)}, cookies=cookies)[0], 403)
    equal(browser.ask("POST", "/code", raw="contact=" + "a" * 5000)[0], 413)
    equal(browser.get("/none")[0], 404)
    equal(browser.ask("PUT", "/")[0], 405)
    equal(browser.ask("GET", "/code?lang=%3Cscript%3E")[0], 200)
    equal(made.messages(), [])
    for raw in (b"GARBAGE\r\n\r\n", b"POST /code HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", b"GET / HTTP/1.1\r\nA: " + b"a" * 40000 + b"\r\n\r\n", bytes(range(256))):
        with socket.create_connection(("127.0.0.1", made.port), timeout=60) as sock, contextlib.suppress(OSError):
            sock.sendall(raw)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(4096):
                pass
    equal(browser.get("/")[0], 200)


# ---- the certificate ----

@test(gateway=True, limit=120)
def test_a_certificate_that_others_can_check():
    """The certificate that is taken from the page is the signed one, and verify-ledger proves it from the file and the verifier's key alone; a changed one fails"""
    made = page()
    browser = affected.Browser(made)
    browser.enter(email(1287))
    status, headers, text = browser.post("/certificate", person="0")
    equal((status, headers["Content-Disposition"]), (200, 'attachment; filename="pasu-certificate.json"'))
    document = json.loads(text)
    equal((document["certificate"]["person"]["kind"], document["certificate"]["person"]["key"]), ("customer", "1287"))
    path = harness.folder() / "taken.json"
    path.write_text(text, encoding="utf-8")
    key = document["certificate"]["verifier_key"]
    status, found, _ = verifier.run("--certificate", path, "--key", key)
    equal(status, 0, found)
    path.write_text(text.replace('"what":"shown"', '"what":"missed"', 1), encoding="utf-8")
    status, found, _ = verifier.run("--certificate", path, "--key", key)
    assert status != 0, found
    equal(browser.post("/certificate", person="7")[0], 403)


# ---- the processes ----

@test(gateway=True, limit=120)
def test_tls():
    """With a certificate the page is HTTPS, and cookies are kept to it"""
    made = affected.Page("affected-tls", context=ssl.create_default_context(cafile=authority().path),
                         certificate=str(issued("page").path), key=str(issued("page").key))
    browser = affected.Browser(made, context=made.context)
    _, headers, _ = browser.get("/")
    equal(headers["Strict-Transport-Security"], "max-age=31536000")
    assert browser.set[0].startswith("__Host-pasu=") and browser.set[0].endswith("; SameSite=Strict; Secure"), browser.set
    equal(browser.enter(email(1287))[0], 200)


@test(gateway=True, limit=120)
def test_lost_processes():
    """A console or clerk that dies is replaced, sessions of the gateway go on, and who had asked asks again; after a reload the page is there as the new configuration has it"""
    made = affected.Page("affected-lost")
    for name in ("clerk", "console"):
        pids = made.guard.pids()
        with made.front.login(user="app") as session:
            os.kill(pids[name], signal.SIGKILL)
            process.until(lambda: made.guard.pids().get(name) not in (0, None, pids[name]), f"a new {name}")
            equal(session.value("SELECT 1"), "1")
        process.until(lambda: works(made), "the page")
    mark = made.guard.mark()
    made.guard.config["affected"]["code_time"] = "3m"
    made.guard.write()
    equal(made.guard.reload()["event"], "config_reloaded")
    made.guard.wait("console_ready", start=mark)
    process.until(lambda: works(made), "the page")
    assert "within 3 minutes" in affected.text_of(affected.Browser(made).want(email(1287))[2])


def works(made):
    with contextlib.suppress(OSError, AssertionError, IndexError):
        browser = affected.Browser(made)
        browser.want(email(1294))
        return True
    return False


@test(gateway=True, limit=120)
def test_webhook():
    """A webhook gets the code, signed; what it refuses is logged, and the page says nothing of it"""
    got, answers = [], [500, 200]

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers.pop(0) if answers else 200)
            self.end_headers()

        def log_message(self, *_):
            pass

    hook = http.server.HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    secret = harness.folder() / "hook-secret"
    secret.write_text("a secret\n")
    secret.chmod(0o600)
    made = affected.Page("affected-hook", webhook=f"http://127.0.0.1:{hook.server_port}/codes", webhook_secret_file=str(secret))
    affected.Browser(made).want(email(1287))
    made.guard.wait("clerk_failed")
    browser = affected.Browser(made)
    browser.want(email(1287))
    process.until(lambda: len(got) == 2, "both")
    headers, body = got[1]
    message = json.loads(body)
    assert headers["webhook-signature"].startswith("v1,") and headers["webhook-id"] == message["id"], headers
    equal(browser.give(message["code"])[1], "/yours")
    hook.shutdown()


@test(gateway=True)
def test_configuration():
    """What is wrong with affected is told with file, line and a hint"""
    folder = harness.folder() / "affected-check"
    folder.mkdir()
    path = folder / "pasu.yaml"
    base = "gateway: {listen: 127.0.0.1:6432, upstream: 127.0.0.1:5432}\nsubjects: {customer: {table: public.customers, key: id}}\n"
    contacts = "incident: {contacts: [{subject: customer, query: 'SELECT 1'}]}\n"
    for text, due in ((contacts + "affected: {listen: 127.0.0.1:8443}\n", "affected.file is missing, and so is webhook"),
                      (contacts + f"affected: {{file: {folder}, listen: '0.0.0.0:8443'}}\n", "affected.listen is no address of this machine's own, and there is no certificate"),
                      (f"affected: {{file: {folder}}}\n", "incident.contacts are missing, but affected is there"),
                      (contacts + "affected: {webhook: 'http://example.com/x'}\n", "codes would pass to affected.webhook in the clear"),
                      (contacts + "affected: {file: /none/there}\n", "affected.file is no folder that can be found"),
                      (contacts + f"affected: {{file: {folder}, code_time: 2h}}\n", "affected.code_time")):
        path.write_text(base + text)
        done = guard.run("check", "-c", path)
        assert done.returncode == 1 and due in done.stdout + done.stderr and f"{path}:" in done.stdout + done.stderr, (due, done.stdout, done.stderr)
    path.write_text(base + contacts + f"affected: {{file: {folder}}}\n")
    done = guard.run("check", "-c", path)
    equal(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    harness.main()
