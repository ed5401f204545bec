#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu scan: who read persons as nobody should, by logs alone; against what the test knows that it wrote."""
import bz2
import datetime
import gzip
import html.parser
import json
import lzma
import random
import re
import subprocess

import harness
import mmdb
import postgres
import process
import wire
from stage import equal, test

BEGIN = 1780272000  # 2026-06-01T00:00:00Z
DAYS = 40
CRAWLERS = ("203.0.113.7", "203.0.113.8", "203.0.113.9")
MAP = """\
subjects: {customer: {}}
routes:
  - {path: '/api/members/{customer}/addresses', fields: [name, phone, address]}
login: [/login]
principal: [address, session]
"""
LOGGING = {"logging_collector": "on", "log_destination": "csvlog,jsonlog,stderr", "log_connections": "on", "log_statement": "all",
           "log_directory": "log", "log_filename": "pg.log", "log_line_prefix": "%m [%p] %q%u@%d %h %c "}


def place(name, content):
    at = harness.folder() / name
    at.write_bytes(content if isinstance(content, bytes) else content.encode())
    return at


def scan(*words, route_map=MAP, stdin=None, json_too=True):
    """The exit status, the document (or the text), and what standard error says."""
    at = place("map.yaml", route_map)
    done = subprocess.run([harness.PASU, "scan", "--map", at, *(["--json"] if json_too else []), *map(str, words)],
                          input=stdin, stdin=None if stdin else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, timeout=100)
    out = done.stdout.decode()
    return done.returncode, json.loads(out) if json_too and out else out, done.stderr.decode()


@harness.shared
def requests():
    """What happened, as (second, address, method and path, status): people who read their own, and from the 20th day
    on three addresses that go through the members together, every other of whom there is not."""
    made, events = random.Random(5), []
    for day in range(DAYS):
        for _ in range(300):
            member = int(made.paretovariate(0.8)) % 20000
            address = f"198.51.{member % 100}.{member // 100 % 250}"
            at = BEGIN + day * 86400 + int(made.gauss(14, 4) * 3600) % 86400
            events += [(at, address, "POST /login", 200), (at + 1, address, "GET /home", 200),
                       (at + 5, address, f"GET /api/members/{member}/addresses", 200)]
    for number in range(20 * 500):
        events.append((BEGIN + 20 * 86400 + number // 500 * 86400 + number % 500 * 100, CRAWLERS[number % 3],
                       f"GET /api/members/{number + 1}/addresses", 200 if number % 2 else 404))
    return sorted(events)


def combined(events):
    lines = []
    for at, address, asked, status in events:
        time = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%d/%b/%Y:%H:%M:%S +0000")
        lines.append(f'{address} - - [{time}] "{asked} HTTP/1.1" {status} 512 "-" "Mozilla/5.0"\n')
    return "".join(lines)


@harness.shared
def log():
    return place("access.log", combined(requests()))


@harness.shared
def whole():
    return scan(log())


def seconds(text):
    return int(datetime.datetime.fromisoformat(text).timestamp())


def same(document):
    """What must not depend on how a log is laid out."""
    return {key: value for key, value in document.items() if key not in ("files", "findings")} | {
        "findings": [{key: value for key, value in finding.items() if key != "evidence"} for finding in document["findings"]]}


# ---- what is found ----

@test
def test_without_the_crawlers():
    """A log in which nobody does anything unusual has no findings, and says what could not be tested"""
    status, document, _ = scan(place("calm.log", combined([event for event in requests() if event[1] not in CRAWLERS])))
    equal((status, document["findings"], document["unparsed"]), (3, [], 0))
    assert document["untestable"] and all(part["detector"] and part["reason"] for part in document["untestable"])


@test
def test_crawlers():
    """Three addresses that go through the members are found, with the persons that they were shown, exactly"""
    status, document, complaint = whole()
    equal((status, document["lines"], document["unparsed"], complaint), (1, len(requests()), 0, ""))
    found = {name for finding in document["findings"] for name in finding["principals"]}
    equal(found, set(CRAWLERS))
    assert {"misses", "growth"} <= {finding["detector"] for finding in document["findings"]}, document["findings"]
    for finding in document["findings"]:
        first, last = seconds(finding["first"]), seconds(finding["last"])
        persons = {event[2].split("/")[3] for event in requests()
                   if event[1] in finding["principals"] and event[3] == 200 and first <= event[0] <= last}
        equal(finding["subjects"], {"at_least": len(persons), "at_most": len(persons)})
        equal((finding["fields"], len(finding["axes"])), (["name", "phone", "address"], len(finding["principals"])))
        assert finding["why"] and finding["statistic"] is not None


class Page(html.parser.HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


@test
def test_html():
    """The page has what the document has, and charts; it asks nobody for anything, and what a log says is text in it"""
    hostile = "<svg/onload=alert(1)>&amp;'\"</title><a"
    events = [(at, hostile if address == CRAWLERS[0] else address, asked, status) for at, address, asked, status in requests()]
    at = harness.folder() / "report.html"
    status, document, complaint = scan("--html", at, place("<i>hostile.log", combined(events)))
    equal((status, complaint), (1, ""))
    equal(at.stat().st_mode & 0o777, 0o600)
    page = Page(at.read_text())
    equal({tag for tag, _ in page.elements} & {"script", "a", "img", "link", "iframe", "object", "i", "form", "base"}, set())
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("href", "src", "xlink:href", "style")], (tag, attributes)
    assert "default-src 'none'" in dict(page.elements[3][1])["content"], page.elements[:5]
    assert hostile in page.text and "<i>hostile.log" in page.text
    for finding in document["findings"]:
        assert finding["why"] in page.text and f"{finding['subjects']['at_least']:,}" in page.text, finding
    curves = [attributes["d"] for tag, attributes in page.elements if tag == "path" and attributes["class"] == "curve"]
    equal(len(curves), len(document["findings"]))
    assert len([1 for tag, attributes in page.elements if tag == "rect" and attributes["class"] == "cell"]) >= 10
    # the columns' keys, from 0 to behind the last one that was read
    axis = [attributes for tag, attributes in page.elements if tag == "text" and attributes.get("class") == "key"]
    equal((axis[0]["text-anchor"], axis[-1]["text-anchor"], len(axis) >= 3), ("start", "end", True))
    ends = [int(word.replace(",", "")) for word in re.findall(r'class="key"[^>]*>([0-9,]+)<', at.read_text())]
    cells = [float(attributes["x"]) for tag, attributes in page.elements if tag == "rect" and attributes["class"] == "cell" and "x" in attributes]
    equal((ends[0], ends, float(axis[-1]["x"]) > max(cells)), (0, sorted(ends), True))
    assert ends[-1] > max(int(asked.split("/")[3]) for _, address, asked, _ in requests() if address in CRAWLERS and "members" in asked), ends
    # nothing is written over
    status, _, complaint = scan("--html", at, log())
    equal(status, 2)
    assert "no file has yet" in complaint, complaint


@test
def test_world():
    """Of a log with addresses whose countries are known, the map has each country's persons in its cell, once however often and
    to whomever they were shown, and beside it those whose country nobody knows; every country of the table that pasu carries
    has a cell of its own"""
    table, at = harness.folder() / "map.mmdb", harness.folder() / "map.html"
    lands = dict(zip(CRAWLERS, ("KR", "KR", None)))
    mmdb.write(table, "country", {f"{address}/32": {"country": {"iso_code": land}} for address, land in lands.items() if land}
               | {"198.51.0.0/16": {"country": {"iso_code": "DE"}}})
    status, document, complaint = scan("--html", at, log(), route_map=f"{MAP}sources: {{country_db: {table}}}\n")
    equal((status, complaint), (1, ""))
    equal({name for finding in document["findings"] for name in finding["principals"]}, set(CRAWLERS))
    first = {name: min(seconds(finding["first"]) for finding in document["findings"] if name in finding["principals"]) for name in CRAWLERS}
    shown = {}
    for when, address, asked, answered in requests():
        if address in CRAWLERS and answered == 200 and when >= first[address]:
            shown.setdefault(lands[address], set()).add(asked)
    text = at.read_text()
    page = Page(text)
    cells = [attributes["aria-label"] for _, attributes in page.elements if attributes.get("role") == "listitem"]
    equal(cells, [f"South Korea (KR): {len(shown['KR']):,} persons"])
    equal(re.findall(r"Beside the map: .*", page.text), [f"Beside the map: unknown {len(shown[None]):,} persons"])
    equal(re.findall(r"from 1 to [0-9,]+ persons", page.text), [f"from 1 to {len(shown['KR']):,} persons"])
    equal(re.findall(r"South Korea \(KR\): [0-9,]+ persons", page.text), cells)  # the cell's title
    tiles = re.findall(r'class="land" x="(\d+)" y="(\d+)".*?>([A-Z]{2})</text>', text)
    equal((len({(x, y) for x, y, _ in tiles}), len({code for *_, code in tiles})), (len(tiles), len(tiles)))
    carried = {line.rstrip("\n").split(",")[2] for name in ("geoip", "geoip6") for line in open(f"/usr/share/tor/{name}", encoding="ascii") if line[0] != "#"}
    # whole continents, former countries, another name of the United Kingdom, and what is not given out
    equal(carried - {code for *_, code in tiles}, {"??", "AB", "AN", "AP", "CS", "EU", "OS", "SU", "UK", "UN", "ZZ"} & carried)


@test
def test_evidence():
    """Each place that a finding names is the beginning of a line of one who is named"""
    text = log().read_bytes()
    for finding in whole()[1]["findings"]:
        assert finding["evidence"], finding
        for part in finding["evidence"]:
            assert part["file"] == str(log()) and text[part["offset"] - 1:part["offset"]] in (b"\n", b"")
            line = text[part["offset"]:].split(b"\n")[0].decode()
            assert line.split(" ")[0] in finding["principals"] and "/api/members/" in line, line


@test
def test_no_personal_value():
    """Nobody's key is in what is printed, also where lines could not be read"""
    at = place("keys.log", combined(requests()[:200]) + 'x GET /api/members/4711421/addresses "kim@example.kr" 010-1234-5678\n' * 9)
    for json_too in (True, False):
        status, out, complaint = scan(at, json_too=json_too)
        text = json.dumps(out) + complaint
        assert status == 3 and "9 of 209 lines could not be read" in complaint and "log_line_prefix" in complaint, complaint
        assert "4711421" not in text and "kim" not in text and "1234" not in text and "xxx@xxxxxxx.xx" in text, text


# ---- however it is laid out ----

@test
def test_compression():
    """gzip, bzip2, xz and zstd, also of several members, give what the plain log gives"""
    plain, whole_size = log().read_bytes(), whole()[1]
    half = plain.index(b"\n", len(plain) // 2) + 1 - 40  # inside a line
    cases = (("gz", lambda data: gzip.compress(data, 1)), ("bz2", lambda data: bz2.compress(data, 1)),
             ("xz", lambda data: lzma.compress(data, preset=0)))
    for name, compress in cases:
        at = place("one.log." + name, compress(plain))
        equal(same(scan(at)[1]), same(whole_size), name)
        at = place("two.log." + name, compress(plain[:half]) + compress(plain[half:]))
        equal(same(scan(at)[1]), same(whole_size), name + ", two members")
    if subprocess.run(["zstd", "-q", "-f", log(), "-o", log().with_suffix(".zst")], check=False).returncode == 0:
        equal(same(scan(log().with_suffix(".zst"))[1]), same(whole_size), "zstd")


@test
def test_threads():
    """The report is the same, byte for byte, with any number of threads"""
    for threads in ("2", "5"):
        equal(scan("-j", threads, log()), whole(), threads)


@test
def test_first_and_last():
    """The earliest and the latest line are said, wherever they stand among others"""
    lines = [f'192.0.2.1 - - [01/Jun/2026:00:00:{second:02d} +0000] "GET / HTTP/1.1" 200 1 "-" "x"\n' for second in (5, 2, 9, 7)]
    document = scan(place("mixed.log", "".join(lines)))[1]
    equal((seconds(document["first"]), seconds(document["last"])), (BEGIN + 2, BEGIN + 9))


@test
def test_rotated():
    """A log in many files, in any order, and of two servers, is the one log that it was"""
    lines = combined(requests()).splitlines(keepends=True)
    folder = harness.folder() / "logs"
    folder.mkdir()
    for number in range(7):
        part = "".join(lines[number * len(lines) // 7:(number + 1) * len(lines) // 7])
        (folder / f"access.log.{7 - number}.gz").write_bytes(gzip.compress(part.encode(), 1))
    (folder / ".hidden").write_text("not a log\n")
    document = scan(folder)[1]
    equal(len(document["files"]), 7)
    due = same(whole()[1])
    got = same(document)
    for key in ("lines", "unparsed", "observations", "first", "last"):
        equal(got[key], due[key], key)
    equal([(f["principals"], f["detector"], f["subjects"]) for f in got["findings"]],
          [(f["principals"], f["detector"], f["subjects"]) for f in due["findings"]])
    servers = [place(f"server{n}.log", "".join(lines[n::2])) for n in range(2)]
    got = same(scan(*servers)[1])
    equal([sorted(f["principals"]) for f in got["findings"]].sort(), [sorted(f["principals"]) for f in due["findings"]].sort())
    equal(got["observations"]["late"], 0)


@test
def test_pipe():
    """From a pipe principals are hashes and persons an interval, which has the true number in it"""
    status, document, _ = scan("-", stdin=gzip.compress(log().read_bytes(), 1))
    equal((status, document["lines"]), (1, len(requests())))
    exact = {finding["detector"]: finding["subjects"]["at_least"] for finding in whole()[1]["findings"]}
    for finding in document["findings"]:
        assert all(re.fullmatch("#[0-9a-f]{16}", name) for name in finding["principals"]), finding
        assert finding["subjects"]["at_least"] <= finding["subjects"]["at_most"]
    assert document["findings"] and exact


# ---- what is wrong ----

@test
def test_damaged():
    """A file that is damaged or cut is said to be, after what could be read of it"""
    packed = gzip.compress(log().read_bytes(), 1)
    for name, data in (("cut", packed[:len(packed) // 2]), ("bad", packed[:-600] + b"\0" * 592 + packed[-8:])):
        status, document, complaint = scan(place(f"{name}.log.gz", data))
        assert status == 2 and f"{name}.log.gz: is damaged" in complaint, (status, complaint)
        assert document["lines"] > 1000 and document["files"][0]["error"], document["files"]
    status, _, complaint = scan(harness.folder() / "nothing.log")
    assert status == 2 and "there is no" in complaint
    (harness.folder() / "empty").mkdir()
    status, _, complaint = scan(harness.folder() / "empty")
    assert status == 2 and f"there is no file to be read in {harness.folder()}/empty\n" in complaint, complaint
    status, document, complaint = scan(place("noise.log", random.Random(3).randbytes(200000)))
    assert status == 3 and document["unparsed"] == document["lines"] > 0 and "could not be read" in complaint


@test
def test_one():
    """One of something is one of it, in words"""
    line = '203.0.113.1 - - [01/Jun/2026:10:00:00 +0000] "GET /api/members/7/addresses HTTP/1.1" 200 1 "-" "-"\n'
    assert scan(place("one.log", line), json_too=False)[1].startswith("1 line (99 B) in 1 file, "), line
    statement = "2026-11-27 14:13:14.000 UTC [77] app@shop LOG:  statement: SELECT * FROM members\n"
    route_map = "subjects: {customer: {}}\nstatements:\n  - {sql: 'SELECT name FROM members WHERE id = {customer}', fields: [name]}\n"
    text = scan(place("one.pg.log", statement), route_map=route_map, json_too=False)[1]
    assert "\n1 statement touches persons and fits none of the map's: what it shows is in no number\n" in text, text


@test
def test_map():
    """Every fault of a map is told at once, with its line and what to do"""
    route_map = MAP + "principals: x\nlog_format: '$remote_addr$status'\n"
    route_map = route_map.replace("{customer}/addresses", "{custmer}/addresses").replace("/login", "login").replace("session]", "sesion]")
    status, out, complaint = scan(log(), route_map=route_map)
    equal((status, out), (2, ""))
    for line, words in ((3, "no such kind"), (4, "begins with /"), (5, "sesion"), (6, "principals"), (7, "nothing stands between")):
        assert re.search(rf"map.yaml:{line}:\d+: fault: .*{re.escape(words)}", complaint), (line, complaint)
    equal(complaint.count("fault:"), complaint.count("hint:"))
    status, _, complaint = scan(log(), route_map="")
    assert status == 2 and "empty" in complaint, complaint


# ---- who asks, and for whom ----

def at(number):
    return datetime.datetime.fromtimestamp(BEGIN + number, datetime.timezone.utc).isoformat()


@test
def test_kinds_of_answers():
    """What was shown, and what may have been, are told apart; each spelling of a key is one person at least"""
    events = [(1, "/api/members/7/addresses", 200), (2, "/api/members/007/addresses", 200), (3, "/api/members/8/addresses", 304),
              (4, "/api/members/9/addresses", 404), (5, "/api/members/10/addresses", 204), (6, "/api/members/11/addresses", 500),
              (7, "/my/orders", 200), (8, "/login", 302), (9, "/login", 401)]
    lines = [json.dumps({"time": at(number), "ip": "203.0.113.1", "method": "GET", "path": path, "status": status, "user": "u1",
                         "session": "s"}) for number, path, status in events]
    route_map = MAP.replace("login:", "  - {path: /my/orders, fields: [order], whom: account}\nlogin:").replace("address, session", "account")
    _, document, _ = scan(place("kinds.log", "\n".join(lines)), route_map=route_map)
    equal(document["observations"], {"shown": 4, "misses": 1, "logins": 1, "other": 3, "late": 0})
    equal(document["files"][0]["format"], "json")


@test
def test_cloudtrail():
    """CloudTrail's files, an object with many records in one line, are read record by record"""
    records = [{"eventTime": at(number).replace("+00:00", "Z"), "eventName": "GetObject", "sourceIPAddress": "203.0.113.5",
                "userAgent": "aws-cli", "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::1:user/u{number % 3}"},
                "requestParameters": {"key": "a/b", "list": [1, {"x": None}]}} for number in range(50)]
    document = scan(place("trail.json", json.dumps({"Records": records})))[1]
    equal((document["lines"], document["unparsed"], document["observations"]["other"]), (50, 0, 50))
    for number, record in enumerate(records):
        record["requestParameters"]["key"] = f"members/{number}/addresses"
        if number % 5 == 0:
            record["errorCode"] = ("AccessDenied", "NoSuchKey", "SlowDown")[number % 3]
    route_map = MAP.replace("/api", "").replace("login:", "from: {path: requestParameters.key}\nlogin:")
    observations = scan(place("trail.failed.json", json.dumps({"Records": records})), route_map=route_map)[1]["observations"]
    equal((observations["shown"], observations["misses"], observations["other"]), (40, 7, 3))
    document = scan(place("trail.cut.json", json.dumps({"Records": records})[:-300]))[1]
    assert 45 < document["lines"] < 52 and document["unparsed"] == 1, document


@harness.shared
def server():
    """A real server, and what was asked of it, in all three formats of its log."""
    made = postgres.Logged(harness.folder(), "logging", settings=LOGGING)
    made.sql("CREATE TABLE members (id int PRIMARY KEY, name text)")
    session = made.connect()
    for sql in ("SELECT name FROM members WHERE id = 42", "select\n\tname /* x */ FROM members\nWHERE id = 43::int -- y",
                "SELECT name FROM members WHERE id IN (1, 2, 3)", "SELECT * FROM members", "SELECT 1"):
        session.exchange(wire.query(sql))
    for key in (b"44", b"45"):
        session.exchange(wire.parse("SELECT name FROM members WHERE id = $1") + wire.bind([key]) + wire.execute() + wire.SYNC)
    session.terminate()
    made.stop()
    return made


@test
def test_postgresql():
    """csvlog, jsonlog and stderr of a real server: logins, and whom statements name, the same in all three"""
    route_map = """\
subjects: {customer: {}}
statements:
  - {sql: 'SELECT name FROM members WHERE id = {customer}', fields: [name]}
  - {sql: 'SELECT name FROM members WHERE id IN ({customer})', fields: [name]}
log_line_prefix: '%m [%p] %q%u@%d %h %c '
"""
    for form, ending in (("csvlog", "csv"), ("jsonlog", "json"), ("stderr", "log")):
        document = scan(server().data / "log" / f"pg.{ending}", route_map=route_map)[1]
        equal(document["files"][0]["format"], form)
        # CREATE TABLE and SELECT * fit none
        equal((document["unparsed"], document["observations"]["shown"], document["unmatched"]), (0, 7, 2), form)
        assert document["observations"]["logins"] >= 1, form


harness.main()
