#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Logs that nginx and Apache write: what was asked of them is known, request by request, and their lines are read by
Python's own parsers, too; pasu must read the same, in each field."""
import base64
import json
import pathlib
import random
import re
import socket
import subprocess

import harness
import postgres
import process
from stage import equal, run, test

PROGRAM = harness.PASU.parent / "test" / "integration" / "scan_events"
SLOTS = ("method", "target", "query", "status", "address", "account", "token", "session", "agent")
MAP = """\
subjects: {customer: {}}
routes: [{path: '/api/members/{customer}/addresses', fields: [name, address]}]
login: [/login]
"""
PASSWORD = "secret"
PEOPLE = ("kim", "o'd d\"q", "민수", "a\\b", "[x] ")
REQUESTS = 600
NGINX_FORM = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent $request_time "$http_user_agent" ' \
             '"$http_x_forwarded_for" $cookie_sid'
APACHE_FORM = '%h %l %u %t \\"%r\\" %>s %O \\"%{User-Agent}i\\" %{sid}C %D'
NGINX = """\
daemon off; master_process off; error_log stderr error; pid %(at)s/nginx.pid;
events { worker_connections 64; }
http {
  log_format own '%(form)s';
  log_format object escape=json '{"time_iso8601":"$time_iso8601","msec":$msec,"remote_addr":"$remote_addr","remote_user":"$remote_user",'
    '"request":"$request","status":$status,"bytes":$body_bytes_sent,"http_referer":"$http_referer","http_user_agent":"$http_user_agent",'
    '"cookie_sid":"$cookie_sid"}';
  client_body_temp_path %(at)s/body; proxy_temp_path %(at)s/proxy; fastcgi_temp_path %(at)s/fastcgi;
  uwsgi_temp_path %(at)s/uwsgi; scgi_temp_path %(at)s/scgi;
  keepalive_requests 100000; auth_basic "shop"; auth_basic_user_file %(at)s/people;
  server {
    listen 127.0.0.1:%(port)s;
    access_log %(at)s/combined.log combined; access_log %(at)s/own.log own; access_log %(at)s/object.log object;
    location /api/members/1 { return 200 "one"; }
    location /api/members/2 { return 404; }
    location /api/members/3 { return 304; }
    location = /login { return 302 /; }
    location / { return 403; }
  }
}
"""
APACHE = """\
ServerName localhost
PidFile %(at)s/apache.pid
ErrorLog %(at)s/error.log
Listen 127.0.0.1:%(port)s
DocumentRoot %(at)s/pages
MaxKeepAliveRequests 0
AllowEncodedSlashes NoDecode

StartServers 1
%(modules)s
<Directory %(at)s/pages>
  AuthType Basic
  AuthName shop
  AuthUserFile %(at)s/people
  Require valid-user
</Directory>
RewriteEngine on
RewriteRule ^/api/members/1 /one [PT]
RewriteRule ^/api/members/2 - [R=404,L]
RewriteRule ^/api/members/3 - [R=410,L]
RewriteRule ^/login /two [R=302,L]
LogFormat "%%h %%l %%u %%t \\"%%r\\" %%>s %%b \\"%%{Referer}i\\" \\"%%{User-Agent}i\\"" combined
LogFormat "%(form)s" own
CustomLog %(at)s/combined.log combined
CustomLog %(at)s/own.log own
"""
MODULES = "mpm_prefork unixd authn_core authn_file authz_core authz_user auth_basic log_config logio rewrite dir".split()


def unpacked(*packages):
    """What is in Debian's packages. They would start a server where they are installed: they are only taken apart."""
    archives, at = harness.cache("web"), harness.folder() / packages[0]
    for package in packages:
        if not list(archives.glob(f"{package}_*.deb")):
            done = subprocess.run(["apt-get", "-qq", "download", package], cwd=archives, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False, text=True)
            if done.returncode:
                raise harness.Skip(f"no package {package}: {done.stdout.strip()[-200:]}")
        run(["dpkg-deb", "-x", next(archives.glob(f"{package}_*.deb")), at])
    return at


def place(name):
    at = harness.folder() / name
    at.mkdir(exist_ok=True)
    at.chmod(0o755)
    postgres.give(at)
    return at


# ---- what is asked ----

class Asked:
    """A request as it is sent."""

    def __init__(self, made, number):
        self.method = made.choice(("GET", "GET", "POST", "HEAD", "PROPFIND"))
        kind = made.randrange(8)
        if kind < 5:
            self.target = f"/api/members/{made.choice('123')}{made.randrange(10 ** made.randrange(1, 9))}/addresses".encode()
        elif kind == 5:
            self.target = b"/login"
        else:
            self.target = b"/" + bytes(made.choice(b"ab%20?&=;\"\\'[]{}\xea\xb9\x80\xff") for _ in range(made.randrange(20))) \
                .replace(b"%", b"%41")
        self.user = made.choice((None, *PEOPLE))
        self.agent = bytes(made.choice(b"abc \"\\[]{},:'%\xea\xb9\x80\xff\xc3") for _ in range(made.randrange(1, 40))).strip() or b"x"
        self.session = f"s{number}"
        self.via = made.choice((b"10.0.0.1", b"192.0.2.9, 10.0.0.1", b"\"x\", unknown"))

    def bytes(self):
        lines = [b"%s %s HTTP/1.1" % (self.method.encode(), self.target), b"Host: localhost", b"User-Agent: " + self.agent,
                 b"Referer: https://shop/" + self.agent, b"X-Forwarded-For: " + self.via, b"Cookie: a=b; sid=" + self.session.encode(),
                 b"Content-Length: 0"]
        if self.user:
            lines.append(b"Authorization: Basic " + base64.b64encode(f"{self.user}:{PASSWORD}".encode()))
        return b"\r\n".join(lines) + b"\r\n\r\n"


def ask(port, asked):
    """The statuses, in their order. What a server does not take it may answer by hanging up."""
    statuses, connection = [], None
    for one in asked:
        if connection is None:
            connection = socket.create_connection(("127.0.0.1", port), 20)
            stream = connection.makefile("rb")
        connection.sendall(one.bytes())
        head = stream.readline().split()
        statuses.append(int(head[1]))
        length, closes = 0, False
        for line in iter(stream.readline, b"\r\n"):
            name, _, value = line.decode("latin-1").partition(":")
            length = int(value) if name.lower() == "content-length" else length
            closes |= name.lower() == "connection" and value.strip().lower() == "close"
            assert name.lower() != "transfer-encoding", line
        if one.method != "HEAD" and statuses[-1] != 304:
            stream.read(length)
        if closes:
            stream.close()
            connection.close()
            connection = None
    if connection:
        stream.close()
        connection.close()
    return statuses


def noise(port):
    """What is no request at all."""
    for junk in (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET\r\n\r\n", b"\"quoted\" [x] \\\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port), 20) as connection:
            connection.sendall(junk)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass


# ---- what is read ----

def events(log, form, more=""):
    """The events, each a dictionary of bytes, and (lines, unparsed)."""
    chart = harness.folder() / "map.yaml"
    chart.write_text(MAP + more)
    done = subprocess.run([PROGRAM, chart, log, str(1 << 20), "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=60)
    equal(done.returncode, 0, done.stderr.decode())
    first, *lines, last = done.stdout.decode().splitlines()
    equal(first, form)
    found = []
    for line in lines:
        _, time, status, *slots, what, number, _ = line.split("|")
        found.append({**dict(zip(SLOTS, map(bytes.fromhex, slots))), "time": int(time) // 10 ** 9, "code": int(status),
                      "what": int(what), "number": int(number)})
    return found, tuple(int(n) for n in last.split())


def judged(one, status):
    """Whom it shows: what, number."""
    found = re.fullmatch(rb"/api/members/([0-9]+)/addresses", one.target)
    if one.target == b"/login" and one.method != "HEAD" and status == 302:
        return 2, -1
    if not found or one.method == "HEAD" or status not in (200, 304, 403, 404, 410):
        return 3, -1
    return (0 if status in (200, 304) else 1), int(found[1])


def compare(found, asked, statuses, written, accounts=None):
    """What pasu read, beside what was sent; `written`: how the log has bytes that were sent; `accounts`: what the log has of who
    asked, where a server may answer before it knows."""
    equal(len(found), len(asked))
    accounts = accounts or [written(one.user.encode()) if one.user else b"-" for one in asked]
    for event, one, status, account in zip(found, asked, statuses, accounts):
        target, agent = written(one.target), written(one.agent)
        equal((event["method"], event["target"], event["code"], event["agent"], event["address"]),
              (one.method.encode(), target, status, agent, b"127.0.0.1"))
        equal(event["account"] or b"-", account)
        equal((event["what"], event["number"]), judged(one, status), f"{one.method} {one.target} {status}")


def write_people(at, form="{PLAIN}%s"):
    (at / "people").write_text("".join(f"{user}:{form % PASSWORD}\n" for user in PEOPLE), encoding="utf-8")


def asked_of(seed):
    made = random.Random(seed)
    return [Asked(made, number) for number in range(REQUESTS)]


# ---- nginx ----

def nginx_escape(value):
    return b"".join(b"\\x%02X" % byte if byte in b'"\\' or byte < 0x20 or byte > 0x7e else bytes([byte]) for byte in value)


@harness.shared
def nginx():
    """Where its logs are, what was asked, and with what status it was answered."""
    program = unpacked("nginx") / "usr/sbin/nginx"
    at, port, asked = place("nginx-run"), process.free_port(), asked_of(11)
    write_people(at)
    (at / "nginx.conf").write_text(NGINX % {"at": at, "port": port, "form": NGINX_FORM})
    server = process.Process("nginx", [program, "-c", at / "nginx.conf", "-p", at, "-e", "stderr"], account=postgres.account(),
                             env={"TZ": "UTC", "PATH": "/usr/bin"})
    process.until(lambda: _answers(port), "nginx listens")
    statuses = ask(port, asked)
    noise(port)
    server.stop()
    return at, asked, statuses


def _answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@test
def test_nginx_combined():
    """nginx's combined log: who asked for what, with which answer, whatever they put into it"""
    at, asked, statuses = nginx()
    found, (lines, unparsed) = events(at / "combined.log", "combined")
    assert {200, 302, 304, 403, 404} <= set(statuses), set(statuses)
    equal((lines, unparsed), (len((at / "combined.log").read_bytes().splitlines()), 0))
    compare(found[:len(asked)], asked, statuses, nginx_escape)
    equal({event["code"] for event in found[len(asked):]}, {400})
    equal(found[0]["session"], b"")


@test
def test_nginx_log_format():
    """A log_format of one's own, as nginx's configuration has it"""
    at, asked, statuses = nginx()
    found, (_, unparsed) = events(at / "own.log", "log_format", f"log_format: '{NGINX_FORM}'\nfrom: {{session: cookie_sid}}\n")
    equal(unparsed, 0)
    compare(found[:len(asked)], asked, statuses, nginx_escape)
    equal([event["session"] for event in found[:len(asked)]], [one.session.encode() for one in asked])


@test
def test_nginx_json():
    """nginx's log of objects, against Python's json"""
    at, asked, statuses = nginx()
    found, (_, unparsed) = events(at / "object.log", "json", "from: {session: cookie_sid}\n")
    equal(unparsed, 0)
    compare(found[:len(asked)], asked, statuses, lambda value: value)
    equal([event["session"] for event in found[:len(asked)]], [one.session.encode() for one in asked])
    slow = [json.loads(line.decode("utf-8", "surrogateescape")) for line in (at / "object.log").read_bytes().splitlines()]
    equal(len(slow), len(found))
    for event, one in zip(found, slow):
        method, _, rest = one["request"].partition(" ")
        target = rest.rpartition(" ")[0] if " HTTP/" in rest else rest
        equal((event["time"], event["code"], event["address"], event["agent"], event["account"]),
              (int(one["msec"]), one["status"], one["remote_addr"].encode(), one["http_user_agent"].encode("utf-8", "surrogateescape"),
               one["remote_user"].encode("utf-8", "surrogateescape")))
        if target:
            equal((event["method"], event["target"]), (method.encode(), target.encode("utf-8", "surrogateescape")))


# ---- Apache ----

def apache_escape(value):
    names = {0x22: b'\\"', 0x5c: b"\\\\"}
    return b"".join(names.get(byte) or (bytes([byte]) if 0x20 <= byte < 0x7f else b"\\x%02x" % byte) for byte in value)


@harness.shared
def apache():
    """As nginx()."""
    package = unpacked("apache2-bin", "libapr1", "libaprutil1")
    at, port, asked = place("apache-run"), process.free_port(), asked_of(12)
    done = subprocess.run(["openssl", "passwd", "-apr1", PASSWORD], stdout=subprocess.PIPE, text=True, check=True)
    write_people(at, done.stdout.strip().replace("%", "%%") + "%.0s")
    (at / "pages").mkdir()
    (at / "pages" / "one").write_text("one")
    modules = "\n".join(f"LoadModule {name}_module {package}/usr/lib/apache2/modules/mod_{name}.so" for name in MODULES
                        if (package / f"usr/lib/apache2/modules/mod_{name}.so").exists())
    (at / "apache.conf").write_text(APACHE % {"at": at, "port": port, "modules": modules, "form": APACHE_FORM})
    server = process.Process("apache", [package / "usr/sbin/apache2", "-X", "-f", at / "apache.conf"], account=postgres.account(),
                             env={"TZ": "UTC", "LD_LIBRARY_PATH": str(package / "usr/lib/x86_64-linux-gnu"), "PATH": "/usr/bin"})
    process.until(lambda: _answers(port), "Apache listens")
    statuses = ask(port, asked)
    noise(port)
    server.stop()
    return at, asked, statuses


def without_408(found, asked):
    """Without the connection that only asked whether somebody listens."""
    return [event for event in found if event["code"] != 408][:len(asked)]


def accounts_of(log, asked, statuses):
    """By another parser; they are who asked, or nobody where the answer needed none."""
    head = re.compile(rb'127\.0\.0\.1 - (.*?) \[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}(?::[0-9]{2}){3} \+0000\] "')
    found = [head.match(line)[1] for line in log.read_bytes().splitlines() if b'"-" 408 ' not in line][:len(asked)]
    for account, one, status in zip(found, asked, statuses):
        assert account == b"-" or account == apache_escape(one.user.encode()), (account, one.user)
        assert account != b"-" or not one.user or status != 200, one.target
    return found


@test
def test_apache_combined():
    """Apache's combined log, in the same way"""
    at, asked, statuses = apache()
    found, (_, unparsed) = events(at / "combined.log", "combined")
    equal(unparsed, 0)
    assert {200, 302, 401, 404, 410} <= set(statuses), set(statuses)
    compare(without_408(found, asked), asked, statuses, apache_escape, accounts_of(at / "combined.log", asked, statuses))


@test
def test_apache_log_format():
    """A LogFormat of one's own, as Apache's configuration has it"""
    at, asked, statuses = apache()
    form = APACHE_FORM.replace('\\"', '"')
    found, (_, unparsed) = events(at / "own.log", "log_format", f"log_format: '{form}'\nfrom: {{session: cookie_sid}}\n")
    equal(unparsed, 0)
    found = without_408(found, asked)
    compare(found, asked, statuses, apache_escape, accounts_of(at / "own.log", asked, statuses))
    equal([event["session"] for event in found], [one.session.encode() for one in asked])


harness.main()
