#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the readers of logs take out of each line: the same as slow parsers written here, of lines that servers write
and of such as nobody should; and the same however a log is cut into blocks, and whichever thread reads it."""
import datetime
import json
import random
import re
import subprocess

import harness
from stage import equal, test

PROGRAM = harness.PASU.parent / "test" / "integration" / "scan_events"
SLOTS = ("method", "target", "query", "status", "address", "account", "token", "session", "agent")
MAP = """\
subjects: {{customer: {{}}}}
routes:
  - {{path: '/api/members/{{customer}}/addresses', fields: [name, address]}}
  - {{path: '/api/member?id={{customer}}', fields: [phone]}}
login: [/login]
{more}"""
ROUTE = re.compile(rb"/api/members/([0-9]+)/addresses")
LINES = 4000


class Event(dict):
    """Slots of one line, as bytes; `time` in nanoseconds."""


def events(log, more="", block=1 << 20, threads=1):
    """How the format is called, the events, and (lines, unparsed)."""
    at = harness.folder() / "map.yaml"
    at.write_text(MAP.format(more=more))
    done = subprocess.run([PROGRAM, at, log, str(block), str(threads)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, timeout=60)
    equal(done.returncode, 0, done.stderr.decode())
    first, *lines, last = done.stdout.decode().splitlines()
    found = []
    for line in lines:
        offset, time, status, *slots, what, number, fields = line.split("|")
        event = Event(zip(SLOTS, (bytes.fromhex(slot) for slot in slots)))
        event.update(offset=int(offset), time=int(time), code=int(status), what=int(what), number=int(number),
                     fields=int(fields, 16))
        found.append(event)
    return first, found, tuple(int(n) for n in last.split())


def write(name, lines):
    at = harness.folder() / name
    at.write_bytes(b"".join(line + b"\n" for line in lines))
    return at


# ---- what is in the lines ----

def text(made, most=30):
    """Bytes as they come from outside."""
    kind = made.randrange(4)
    if kind == 0:
        return bytes(made.choice(b"abcXYZ019-_./") for _ in range(made.randrange(1, most)))
    if kind == 1:
        return "".join(made.choice("가나다 é\u2028x") for _ in range(made.randrange(1, most // 3))).encode()
    if kind == 2:
        return bytes(made.choice(b"\"\\[] ,{}:'\t%") for _ in range(made.randrange(1, most)))
    return bytes(made.randrange(1, 256) for _ in range(made.randrange(1, most)))


def request(made):
    kind = made.randrange(5)
    if kind == 0:
        return b"GET", b"/api/members/%d/addresses" % made.randrange(1, 10 ** made.randrange(1, 12))
    if kind == 1:
        return b"POST", b"/login"
    if kind == 2:
        return b"GET", b"/api/members/" + bytes(made.choice(b"0123456789%afAF/.;?") for _ in range(12)) + b"/addresses"
    return made.choice((b"GET", b"HEAD", b"PUT", b"X-odd")), b"/" + text(made).replace(b"\n", b"").replace(b" ", b"+")


def moment(made):
    zone = datetime.timezone(datetime.timedelta(minutes=made.choice((0, 540, -210, 345, -720))))
    return datetime.datetime.fromtimestamp(made.randrange(86400, 4_000_000_000), zone)


def apache(value):
    """As Apache's log writes a value."""
    names = {0x22: b'\\"', 0x5c: b"\\\\", 0x0a: b"\\n", 0x0d: b"\\r", 0x09: b"\\t", 0x0b: b"\\v", 0x08: b"\\b"}
    return b"".join(names.get(byte) or (bytes([byte]) if 0x20 <= byte < 0x7f else b"\\x%02x" % byte) for byte in value)


def nginx(value):
    """As nginx's does."""
    return b"".join(b"\\x%02X" % byte if byte in b'"\\' or byte < 0x20 or byte > 0x7e else bytes([byte]) for byte in value)


def combined(made, escape):
    at = moment(made)
    method, target = request(made)
    user = made.choice((b"-", b"kim", escape(text(made)).replace(b" ", b"_") or b"-"))
    return b'%s - %s [%s] "%s %s HTTP/1.1" %d %d "%s" "%s"' % (
        made.choice((b"203.0.113.7", b"2001:db8::7", b"host.example")), user,
        at.strftime("%d/%b/%Y:%H:%M:%S %z").encode(), method, escape(target), made.choice((200, 204, 304, 404, 403, 500)),
        made.randrange(10 ** 6), escape(text(made)), escape(text(made)))


def upto(rest, delimiter, is_quoted):
    """What stands before the first delimiter that no backslash hides, and what behind; or None."""
    at = 0
    while at <= len(rest) - len(delimiter):
        if is_quoted and rest[at:at + 1] == b"\\":
            at += 2
        elif rest.startswith(delimiter, at):
            return rest[:at], rest[at + len(delimiter):]
        else:
            at += 1
    return None


def slow_time(words):
    """Nanoseconds, or None."""
    if not re.fullmatch(rb"\d\d/[A-Z][a-z][a-z]/(?:19[7-9]\d|20\d\d|21\d\d):\d\d:\d\d:\d\d [+-]\d\d(?:\d\d)?", words):
        return None
    words += b"00" if len(words) == 24 else b""
    try:
        found = datetime.datetime.strptime(words.decode("ascii"), "%d/%b/%Y:%H:%M:%S %z")
    except ValueError:
        return None
    return int(found.timestamp()) * 10 ** 9


def slow_head(line):
    """Of "ADDRESS - ACCOUNT [TIME] "": the three and the rest; an account can have brackets in it."""
    head = line.split(b" ", 2)
    if len(head) < 3:
        return None
    for found in re.finditer(rb"(?= \[)", head[2]):
        time, bracket, rest = head[2][found.start() + 2:].partition(b'] "')
        if bracket and slow_time(time) is not None:
            return head[0], head[2][:found.start()], slow_time(time), rest
    return None


def slow_combined(line):
    found = slow_head(line.removesuffix(b"\r"))
    if not found:
        return None
    values, rest = [], found[3]
    for delimiter, is_quoted in ((b'" ', True), (b" ", False), (b' "', False), (b'" "', True), (b'"', True)):
        cut = upto(rest, delimiter, is_quoted)
        if cut is None:
            return None
        values.append(cut[0])
        rest = cut[1]
    request, status, _, _, agent = values
    if rest[:1] not in (b"", b" ") or not re.fullmatch(rb"[1-9]\d\d|0|-|", status):
        return None
    event = {"address": found[0], "account": found[1], "time": found[2], "status": status, "agent": agent}
    method, space, rest = request.partition(b" ")
    if space:
        head, space, tail = rest.rpartition(b" ")
        event.update(method=method, target=head if space and tail.startswith(b"HTTP/") else rest)
    return event


def compare(log, lines, slow, found, counts):
    """Each line's event against the slow parser's."""
    at, due, unread = 0, [], 0
    for line in lines:
        event = slow(line)
        if event is not None:
            due.append((at, event))
        elif line.strip(b"\r"):
            unread += 1
        at += len(line) + 1
    equal(counts, (len(due) + unread, unread), str(log))
    equal([event["offset"] for event in found], [offset for offset, _ in due])
    for event, (offset, other) in zip(found, due):
        for name, value in other.items():
            assert event[name] == value, (offset, name, event[name], value)


def seen(event):
    """Whom a plain path shows, by its status: what, number."""
    found = ROUTE.fullmatch(event["target"])
    if not found or event["method"] == b"HEAD" or int(found[1]) >= 2 ** 63:
        return None
    number = int(found[1])
    return {200: (0, number), 304: (0, number), 404: (1, number), 403: (1, number)}.get(event["code"], (3, -1))


# ---- tests ----

@test
def test_combined():
    """Lines of Apache and nginx are read as a slow parser reads them, whoever chose what is in them"""
    for number, escape in enumerate((apache, nginx)):
        made = random.Random(41 + number)
        lines = [combined(made, escape) for _ in range(LINES)]
        name, found, counts = events(write("combined.log", lines))
        equal((name, counts), ("combined", (LINES, 0)))
        compare("combined", lines, slow_combined, found, counts)
        for event in found:
            if seen(event):
                equal((event["what"], event["number"]), seen(event), event["target"])


@test
def test_what_is_no_line():
    """Lines that were damaged are read, or counted, as a slow parser does"""
    made = random.Random(43)
    lines = []
    for _ in range(LINES):
        line = bytearray(combined(made, nginx))
        for _ in range(made.randrange(3)):
            place = made.randrange(len(line))
            change = made.randrange(3)
            if change == 0:
                del line[place:place + made.randrange(1, 20)]
            elif change == 1:
                line[place] = made.choice(b'" []\\-/:x0\r\x00\xff')
            else:
                line[place:place] = bytes(line[made.randrange(len(line)):][:20])
            line = line or bytearray(b"x")
        lines.append(bytes(line).replace(b"\n", b" "))
    _, found, counts = events(write("damaged.log", lines))
    assert 0 < counts[1] < LINES
    compare("damaged", lines, slow_combined, found, counts)


def flat(value, path=""):
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from flat(inner, f"{path}{name}.")
        elif not isinstance(inner, (list, bool)) and inner is not None:
            yield path + name, inner


# Names of one slot, the best one first.
JSON_NAMES = {"method": ("request_method", "http.request.method", "method"),
              "target": ("request_uri", "url.original", "path", "url.path"),
              "status": ("status", "http.response.status_code", "response_code"),
              "address": ("remote_addr", "source.ip", "downstream_remote_address"),
              "account": ("remote_user", "user.name", "account"), "session": ("session", "session_id"),
              "agent": ("http_user_agent", "user_agent.original", "user_agent")}
JSON_TIMES = ("time_iso8601", "@timestamp", "start_time", "timestamp")


ISO = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d*))? ?([+-]\d\d(?::?\d\d)?)?")


def slow_json(line):
    try:
        value = json.loads(line.decode(), parse_int=str, parse_float=str, parse_constant=int)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    members = dict(flat(value))
    event = {}
    for slot, names in JSON_NAMES.items():
        first = [members[name] for name in names if name in members]
        event[slot] = str(first[0]).encode(errors="surrogatepass") if first else b""
    if re.fullmatch(rb"[^:\[]*:[^:]*", event["address"]):
        event["address"] = event["address"].partition(b":")[0]
    times = [members[name] for name in JSON_TIMES if name in members]
    found = ISO.fullmatch(str(times[0])) if times else None
    try:
        at = datetime.datetime.fromisoformat(found[1] + (found[3] or "+00:00"))
    except (ValueError, TypeError):
        return None
    event["time"] = int(at.timestamp()) * 10 ** 9 + int((found[2] or "").ljust(9, "0")[:9])
    if not re.fullmatch(rb"[1-9]\d\d|0|-|", event["status"]):
        return None
    return event if event["target"] or event["address"] or event["account"] else None


def json_value(made, depth=0):
    kind = made.randrange(7 if depth < 3 else 5)
    if kind < 2:
        return "".join(made.choice('ab"\\/\n\t\x01é가😀{}[]:,') for _ in range(made.randrange(9)))
    if kind == 2:
        return made.choice((0, -1, 1.5e10, 123456789012345678901, 2e-7, -0.0))
    if kind < 5:
        return made.choice((None, True, False))
    if kind == 5:
        return [json_value(made, depth + 1) for _ in range(made.randrange(4))]
    return {f"k{i}": json_value(made, depth + 1) for i in range(made.randrange(4))}


def json_line(made):
    at = moment(made).replace(microsecond=made.choice((0, 123000, 4))).isoformat()
    method, target = (part.decode(errors="replace") for part in request(made))
    status, user = made.choice((200, 404, "200", 500)), json_value(made)
    user = user if isinstance(user, str) else "kim"
    shape = made.randrange(3)
    if shape == 0:
        value = {"time_iso8601": at, "remote_addr": "203.0.113.7", "request_method": method, "request_uri": target,
                 "status": status, "remote_user": user, "http_user_agent": "x", "session": "s1"}
    elif shape == 1:
        value = {"@timestamp": at, "source": {"ip": "203.0.113.8"}, "url": {"original": target}, "user": {"name": user},
                 "http": {"request": {"method": method}, "response": {"status_code": status}}}
    else:
        value = {"start_time": at, "method": method, "path": target, "response_code": status, "account": user,
                 "downstream_remote_address": "203.0.113.9", "session_id": "s2"}
    for number in range(made.randrange(4)):
        value[f"more{number}"] = json_value(made)
    members = list(value.items())
    made.shuffle(members)
    return json.dumps(dict(members), ensure_ascii=made.random() < 0.5,
                      separators=made.choice(((",", ":"), (", ", ": ")))).encode()


@test
def test_json():
    """Lines of JSON, of nginx, Envoy and ECS, with whatever in between"""
    made = random.Random(47)
    lines = [json_line(made) for _ in range(LINES)]
    name, found, counts = events(write("json.log", lines))
    equal((name, counts), ("json", (LINES, 0)))
    compare("json", lines, slow_json, found, counts)


@test
def test_what_is_no_json():
    """Lines that are nearly JSON are taken or left as a slow parser does"""
    made = random.Random(53)
    lines = []
    for _ in range(LINES):
        line = json_line(made).decode()
        for _ in range(made.randrange(3)):
            place = made.randrange(len(line))
            if made.random() < 0.4:
                line = line[:place] + line[place + made.randrange(1, 4):]
            else:
                line = line[:place] + made.choice(('"', "\\", "{", "}", ",", "0", "1e", "\\u12", "null", ":", "]", " ")) + line[place:]
        lines.append(line.encode())
    _, found, counts = events(write("nearly.log", lines))
    assert 0 < counts[1] < LINES
    compare("nearly", lines, slow_json, found, counts)


@test
def test_names_of_ones_own():
    """JSON whose members the map names, time and request, too: nothing else is read in their place"""
    more = "from: {time: at, request: http.request, address: client.ip, status: http.status}\n"
    lines = [json.dumps({"at": 1780000000 + number, "time": "2020-01-01T00:00:00Z", "client": {"ip": "192.0.2.7"},
                         "http": {"request": f"GET /api/members/{number}/addresses HTTP/1.1", "status": 200}}).encode() for number in range(50)]
    name, found, counts = events(write("own.json", lines), more)
    equal((name, counts), ("json", (50, 0)))
    equal([(event["time"] // 10 ** 9, event["address"], event["number"]) for event in found],
          [(1780000000 + number, b"192.0.2.7", number) for number in range(50)])
    made = random.Random(60)
    equal(events(write("combined.log", [combined(made, nginx) for _ in range(50)]), more)[::2], ("unknown", (50, 50)))


@test
def test_a_format_of_ones_own():
    """A log_format of the map's is read, with the names that it gives"""
    more = """from: {session: cookie_sid, address: http_x_real_ip}
log_format: '$msec|$http_x_real_ip|$remote_addr|$cookie_sid|"$request_method" "$uri" $args;$status;$http_user_agent'
"""
    made = random.Random(59)
    lines, due = [], []
    for number in range(300):
        method, target = request(made)
        target = nginx(target.partition(b"?")[0])
        lines.append(b'1780000%03d.%03d|198.51.100.%d|10.0.0.1|s%d|"%s" "%s" id=%d;200;tool/1.0' % (
            number, number, number % 250, number, method, target, number))
        due.append((1780000000_000 + number * 1001, b"198.51.100.%d" % (number % 250), b"s%d" % number, method, target))
    name, found, counts = events(write("own.log", lines), more)
    equal((name, counts), ("log_format", (300, 0)))
    for event, other in zip(found, due):
        equal((event["time"] // 10 ** 6, event["address"], event["session"], event["method"], event["target"]), other)


@test
def test_blocks_and_threads():
    """The same comes out for blocks of any size and any number of threads, of lines longer than a block, too"""
    made = random.Random(61)
    lines = [combined(made, nginx) + b" " + b"x" * made.choice((0, 0, 0, 5000)) for _ in range(500)]
    lines += [b"", b"no line", b"\r", b"\x00" * 70]
    log = write("blocks.log", lines)
    log.write_bytes(log.read_bytes() + combined(made, nginx))  # the last line has no end
    whole = events(log)
    equal(whole[2], (503, 2))
    for block, threads in ((64, 1), (97, 3), (4096, 2), (1 << 16, 8)):
        assert events(log, block=block, threads=threads) == whole, (block, threads)


@test
def test_who_writes_a_time():
    """What a client calls itself cannot pass for the time, nor hide the line"""
    line = b'198.51.100.1 - a [01/Jan/2030:00:00:00 +0000] \\x22GET / [10/Oct/2026:13:55:36 +0900] "GET /api/members/7/addresses HTTP/1.1" 200 1 "-" "x"'
    _, found, counts = events(write("forged.log", [line] * 3))
    equal(counts, (3, 0))
    equal(found[0]["time"], slow_time(b"10/Oct/2026:13:55:36 +0900"))
    equal((found[0]["what"], found[0]["number"]), (0, 7))


@test
def test_ways_to_write_a_path():
    """A path is the same however it is written; what is another one is not"""
    same = (b"/api/members/42/addresses", b"//api///members/42/addresses/", b"/API/Members/42/ADDRESSES", b"/api/./members/42/addresses",
            b"/x/../api/members/42/addresses", b"/api/members/%34%32/addresses", b"/%61pi/members/42/addresses?x=1#y",
            b"/api;v=1/members/42;a=b/addresses", b"http://shop.example/api/members/42/addresses", b"/api%2Fmembers%2F42%2Faddresses",
            b"/" + b"x/" * 80 + b"../" * 80 + b"api/members/42/addresses", b"/api/member?id=42", b"/api/member?pad=" + b"x" * 9000 + b"&ID=%34%32",
            b"/api/members/0042/addresses")
    other = (b"/api/members/42", b"/api/members//addresses", b"/api/members/42/addresses/x", b"/apix/members/42/addresses", b"/api/member?idx=42")
    for target in same + other:
        line = b'198.51.100.1 - - [10/Oct/2026:13:55:36 +0900] "GET %s HTTP/1.1" 200 1 "-" "x"' % target
        _, found, _ = events(write("path.log", [line]))
        equal((found[0]["what"], found[0]["number"]), (0, 42) if target in same else (3, -1), target[:60])
    line = b'198.51.100.1 - - [10/Oct/2026:13:55:36 +0900] "GET /%s HTTP/1.1" 200 1 "-" "x"' % (b"y" * 17000)
    equal(events(write("long.log", [line]))[2], (1, 1), "a request that is too long to be judged")


harness.main()
