#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Logs of MySQL, MariaDB and pgbouncer: who asked, whom their statements name, and what is not believed. The lines are
those that MariaDB 10.11 and pgbouncer 1.18 wrote; those of older pgbouncers are of the form that is in what people published; those of MySQL's audit log are as its manual, and Percona's, has them."""
import datetime
import json
import random
import subprocess

import harness
from stage import equal, test

PROGRAM = harness.PASU.parent / "test" / "integration" / "scan_events"
SLOTS = ("method", "target", "query", "status", "address", "account", "token", "session", "agent")
MAP = """\
subjects: {customer: {}}
statements:
  - {sql: 'SELECT name FROM members WHERE id = {customer}', fields: [name]}
  - {sql: 'SELECT name FROM members WHERE id IN ({customer})', fields: [name]}
time_zone: '+09:00'
"""
SHOWN, MISS, LOGIN, OTHER = range(4)

GENERAL = rb"""/usr/sbin/mariadbd, Version: 10.11.19-MariaDB-0+deb12u1-log (Debian 12). started with:
Tcp port: 33061  Unix socket: /run/mysqld/mysqld.sock
Time		    Id Command	Argument
261127 14:13:14	     3 Connect	root@localhost on  using Socket
		     3 Query	create database shop
		     3 Init DB	shop
		     3 Query	insert into members values(7,'kim'),(8,'lee')
		     3 Quit	
		     4 Connect	o'd,d q@localhost on  using Socket
		     4 Query	select 1
		     4 Quit	
		     5 Connect	app@10.1.2.3 on shop using TCP/IP
261127 14:13:15	     5 Query	SELECT name FROM members WHERE id = 7
		     5 Query	SELECT name  FROM members
 WHERE id = 8
		     5 Query	select 'a\\b''c\td'
		     5 Query	PREPARE s FROM 'SELECT name FROM members WHERE id = ?'
		     5 Prepare	SELECT name FROM members WHERE id = ?
		     5 Query	execute s using @a
		     5 Execute	SELECT name FROM members WHERE id = 9
		     5 Query	select 1 from nope
		     5 Quit	
		     6 Connect	app@localhost on shop using TCP/IP
		     6 Connect	Access denied for user 'app'@'localhost' (using password: YES)
"""
MYSQL = rb"""/usr/sbin/mysqld, Version: 8.0.36 (MySQL Community Server - GPL). started with:
Tcp port: 3306  Unix socket: /var/run/mysqld/mysqld.sock
Time                 Id Command    Argument
2026-11-27T05:13:14.250000Z	    8 Connect	app@10.1.2.3 on shop using SSL/TLS
2026-11-27T05:13:14.260000Z	    8 Query	SELECT name FROM members WHERE id IN (7,8)
2026-11-27T05:13:15.000001Z	    8 Quit	
"""
AUDIT = rb"""20261127 14:13:14,vm,root,localhost,3,0,CONNECT,,,0
20261127 14:13:14,vm,root,localhost,3,5,WRITE,shop,members,
20261127 14:13:14,vm,root,localhost,3,5,QUERY,shop,'insert into members values(7,\'kim\'),(8,\'lee\')',0
20261127 14:13:14,vm,root,localhost,3,7,QUERY,shop,'create user `o\'d,d q`@localhost',0
20261127 14:13:14,vm,root,localhost,3,0,DISCONNECT,shop,,0
20261127 14:13:14,vm,o'd,d q,localhost,4,0,CONNECT,,,0
20261127 14:13:14,vm,o'd,d q,localhost,4,9,QUERY,,'select 1',0
20261127 14:13:14,vm,app,10.1.2.3,5,0,CONNECT,shop,,0
20261127 14:13:14,vm,app,10.1.2.3,5,11,READ,shop,members,
20261127 14:13:14,vm,app,10.1.2.3,5,11,QUERY,shop,'SELECT name FROM members WHERE id = 7',0
20261127 14:13:14,vm,app,10.1.2.3,5,12,QUERY,shop,'SELECT name  FROM members\n WHERE id = 8',0
20261127 14:13:14,vm,app,10.1.2.3,5,13,QUERY,shop,'select \'a\\\\b\'\'c\\td\'',0
20261127 14:13:14,vm,app,10.1.2.3,5,17,QUERY,shop,'select 1 from nope',1146
20261127 14:13:14,vm,app,localhost,6,0,FAILED_CONNECT,,,1045
20261127 14:13:14,vm,app,localhost,6,0,DISCONNECT,,,0
"""
BOUNCER = rb"""2026-11-27 14:14:41.903 UTC [28687] LOG listening on 127.0.0.1:16432
2026-11-27 14:14:43.143 UTC [28687] LOG C-0x5623f30127e0: shop/app@127.0.0.1:40824 login attempt: db=shop user=app tls=no
2026-11-27 14:14:43.144 UTC [28687] LOG S-0x5623f3019ec0: shop/app@127.0.0.1:59999 closing because: connect failed (age=0s)
2026-11-27 14:14:44.236 UTC [28687] WARNING C-0x5623f30127e0: shop/app@127.0.0.1:40824 pooler error: query_wait_timeout
2026-11-27 14:14:44.340 UTC [28687] LOG C-0x5623f30127e0: (nodb)/(nouser)@127.0.0.1:40826 no such user: a'p p
2026-11-27 14:14:44.340 UTC [28687] LOG C-0x5623f30127e0: (nodb)/a'p p@127.0.0.1:40826 login attempt: db=shop user=a'p p tls=no
2026-11-27 14:14:44.609 UTC [28687] LOG C-0x5623f30127e0: (nodb)/app@unix(28876):16432 login failed: db=nodb user=app
2026-11-27 14:14:44.618 UTC [28687] LOG got SIGINT, shutting down
"""
COMPONENT = rb"""[
{ "timestamp": "2026-11-27 05:13:01", "id": 0, "class": "audit", "event": "startup", "connection_id": 0, "startup_data": { "server_id": 1 } },
{ "timestamp": "2026-11-27 05:13:02", "id": 0, "class": "connection", "event": "connect", "connection_id": 12, "account": { "user": "app", "host": "localhost" }, "login": { "user": "app", "os": "", "ip": "10.1.2.3", "proxy": "" }, "connection_data": { "connection_type": "ssl", "status": 0, "db": "shop", "connection_attributes": { "program_name": "shopd" } } },
{ "timestamp": "2026-11-27 05:13:03", "id": 1, "class": "general", "event": "status", "connection_id": 12, "account": { "user": "app", "host": "localhost" }, "login": { "user": "app", "os": "", "ip": "10.1.2.3", "proxy": "" }, "general_data": { "command": "Query", "sql_command": "select", "query": "SELECT name FROM members\n WHERE id = \"7\"", "status": 0 } },
{ "timestamp": "2026-11-27 05:13:03", "id": 2, "class": "table_access", "event": "read", "connection_id": 12, "account": { "user": "app", "host": "localhost" }, "login": { "user": "app", "os": "", "ip": "10.1.2.3", "proxy": "" }, "table_access_data": { "db": "shop", "table": "members", "query": "SELECT name FROM members WHERE id = 7", "sql_command": "select" } },
{ "timestamp": "2026-11-27 05:13:04", "id": 0, "class": "connection", "event": "connect", "connection_id": 13, "account": { "user": "eve", "host": "" }, "login": { "user": "eve", "os": "", "ip": "10.9.9.9", "proxy": "" }, "connection_data": { "connection_type": "ssl", "status": 1045 } }
]
"""
PERCONA = rb"""{"audit_record":{"name":"Connect","record":"3_2026-11-27T05:00:00","timestamp":"2026-11-27T05:13:02Z","connection_id":"37","status":0,"user":"app","priv_user":"app","os_login":"","proxy_user":"","host":"","ip":"10.1.2.3","db":"shop"}}
{"audit_record":{"name":"Query","record":"4_2026-11-27T05:00:00","timestamp":"2026-11-27T05:13:03Z","command_class":"select","connection_id":"37","status":0,"sqltext":"SELECT `name` FROM members WHERE id IN (7, 8)","user":"app[app] @  [10.1.2.3]","host":"","os_user":"","ip":"10.1.2.3","db":"shop"}}
{"audit_record":{"name":"Quit","record":"5_2026-11-27T05:00:00","timestamp":"2026-11-27T05:13:04Z","connection_id":"37","status":0,"user":"","priv_user":"","os_login":"","proxy_user":"","host":"","ip":"","db":""}}
"""


def write(name, content, more=""):
    at = harness.folder()
    (at / "map.yaml").write_text(MAP + more)
    (at / name).write_bytes(content)
    return at / name


def events(content, block=1 << 20, threads=1, name="log"):
    """How the format is called, [(what, account, address, session, number, time)], and (lines, unparsed)."""
    log = write(name, content)
    done = subprocess.run([PROGRAM, log.parent / "map.yaml", log, str(block), str(threads)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, timeout=60)
    equal(done.returncode, 0, done.stderr.decode())
    first, *lines, last = done.stdout.decode().splitlines()
    found = []
    for line in lines:
        _, time, _, *slots, what, number, _ = line.split("|")
        slot = dict(zip(SLOTS, (bytes.fromhex(slot) for slot in slots)))
        found.append((int(what), slot["account"], slot["address"], slot["session"], int(number), int(time)))
    return first, found, tuple(int(n) for n in last.split())


def scan(log):
    done = subprocess.run([harness.PASU, "scan", "--map", log.parent / "map.yaml", "--json", log], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, timeout=60)
    return json.loads(done.stdout)


def at(text, zone=9):
    """Nanoseconds."""
    return int(datetime.datetime.fromisoformat(text + f"+{zone:02}:00").timestamp() * 1000) * 10 ** 6


def shown(found):
    return [(event[1], event[4]) for event in found if event[0] == SHOWN]


def logins(found):
    return [event[1:4] for event in found if event[0] == LOGIN]


@test
def test_general_log():
    """MariaDB's general log: whose a statement is its connection's number says, and a login is none that was refused"""
    name, found, counts = events(GENERAL)
    equal((name, counts), ("general_log", (20, 0)))
    equal(shown(found), [(b"app", 7), (b"app", 8), (b"app", 9)])
    equal(logins(found), [(b"root", b"", b"3"), (b"o'd,d q", b"", b"4"), (b"app", b"10.1.2.3", b"5")])
    equal(found[-1][5], at("2026-11-27 14:13:15"))
    name, found, counts = events(MYSQL)
    equal((name, counts), ("general_log", (3, 0)))
    equal(shown(found), [(b"app", 7), (b"app", 8)])
    equal(found[0][5], at("2026-11-27 14:13:14.260"))


@test
def test_server_audit():
    """MariaDB's server_audit: each line says itself who asked, and an account may have commas in it"""
    name, found, counts = events(AUDIT)
    equal((name, counts), ("server_audit", (15, 0)))
    equal(shown(found), [(b"app", 7), (b"app", 8)])
    equal(logins(found), [(b"root", b"localhost", b"3"), (b"o'd,d q", b"localhost", b"4"), (b"app", b"10.1.2.3", b"5")])
    equal(found[0][5], at("2026-11-27 14:13:14"))


@test
def test_audit_json():
    """MySQL's audit log as JSON, and Percona's: one event of a statement counts, and a refused login does not"""
    name, found, counts = events(COMPONENT)
    equal((name, counts), ("audit_json", (5, 0)))
    equal(shown(found), [(b"app", 7)])
    equal(logins(found), [(b"app", b"10.1.2.3", b"12")])
    equal(found[1][5], at("2026-11-27 05:13:02"))
    name, found, counts = events(PERCONA)
    equal((name, counts), ("audit_json", (3, 0)))
    equal(shown(found), [(b"app", 7), (b"app", 8)])
    equal((logins(found), found[0][5]), ([(b"app", b"10.1.2.3", b"37")], at("2026-11-27 05:13:02", 0)))


@test
def test_pgbouncer():
    """pgbouncer's log: who came from where, but nobody has logged in by it"""
    name, found, counts = events(BOUNCER)
    equal((name, counts), ("pgbouncer", (8, 0)))
    equal([event[:3] for event in found if event[3]],
          [(OTHER, b"app", b"127.0.0.1")] * 2 + [(OTHER, b"", b"127.0.0.1"), (OTHER, b"a'p p", b"127.0.0.1"), (OTHER, b"app", b"")])
    equal(found[0][5], at("2026-11-27 14:14:41.903", 0))


@test
def test_old_pgbouncer():
    """Older pgbouncers said no zone, and their number without brackets: the map's zone counts for these lines, and for no other"""
    old = b"".join(line.replace(b" UTC [28687] ", b" 28687 ") for line in BOUNCER.splitlines(keepends=True))
    assert b"UTC" not in old and b"[" not in old
    name, new, _ = events(BOUNCER)
    equal(name, "pgbouncer")
    nine = 9 * 3600 * 10 ** 9
    due = [(*event[:5], event[5] - nine) for event in new]
    equal(events(old), ("pgbouncer", due, (8, 0)))
    equal(events(old.replace(b"\n", b"\r\n")), ("pgbouncer", due, (8, 0)))
    # A log of before and after it was upgraded.
    equal(events(old + BOUNCER), ("pgbouncer", due + new, (16, 0)))
    for line in (b"2018-09-12 16:08:54.775 339x LOG C-0x1f7c540: a/b@::1:5 login attempt: db=a", b"2018-09-12 16:08:54.775 3392 LOUD yes",
                 b"2018-09-12 16:08:54.775  LOG listening on [::1]:6432", b"2018-09-32 16:08:54.775 3392 LOG yes", b"2018-09-12 16:08:54.775 3392"):
        equal(events(old + line + b"\n")[1:], (due, (9, 1)), line)
    # An address as they wrote it, without brackets; "[" later in a line is none of a head.
    found = events(b"2012-08-08 15:11:57.281 15674 LOG C-0x2aaaaad02000: ell/django@::ffff:10.188.10.20:35816 login attempt: db=e [x] y\n")[1]
    equal(found, [(OTHER, b"django", b"::ffff:10.188.10.20", b"0x2aaaaad02000", found[0][4], at("2012-08-08 15:11:57.281"))])


@test
def test_unparsed():
    """Lines that are of no such log are counted, with their shape"""
    for content, lines in ((AUDIT, 15), (BOUNCER, 8), (PERCONA, 3)):
        document = scan(write("log", content + b"what is this 42?\n"))
        equal((document["lines"], document["unparsed"]), (lines + 1, 1))
        equal(document["files"][0]["samples"][0]["shape"], "xxxx xx xxxx 99?")
    document = scan(write("log", b"of a log that was cut\n" + GENERAL))
    equal((document["lines"], document["unparsed"]), (21, 1))
    equal(document["files"][0]["samples"], [{"offset": 0, "length": 21, "shape": "xx x xxx xxxx xxx xxx"}])


CSV = (b'2026-11-27 14:13:14.000 UTC,"app","shop",77,"[local]",6a.4d,%d,"SELECT",2026-11-27 14:13:14 UTC,3/1,0,LOG,00000,'
       b'"statement: SELECT 1",,,,,,,,,"psql","client backend",,0\n')
JSON = b'{"timestamp":"2026-11-27 14:13:14.000 UTC","user":"app","dbname":"shop","pid":77,"error_severity":"LOG","message":"%d"}\n'
STDERR = b"2026-11-27 14:13:14.000 UTC [77] app@shop LOG:  statement: SELECT %d\n"


@test
def test_unparsed_of_postgresql():
    """Where it could not be read, and its shape, is told of PostgreSQL's logs, too; of a record that goes on in
    another line only the place"""
    for line in (CSV, JSON, STDERR):
        before = b"".join(line % number for number in range(2000))
        document = scan(write("log", before + b"what is this 42?\n" + line % 2000))
        equal((document["lines"], document["unparsed"]), (2002, 1))
        equal(document["files"][0]["samples"], [{"offset": len(before), "length": 16, "shape": "xxxx xx xxxx 99?"}])
    before = b"".join(CSV % number for number in range(2000))
    document = scan(write("log", before + b'2026-11-27 14:13:14.000 UTC,"a\nb"c\n' + CSV % 2000))
    equal(document["files"][0]["samples"], [{"offset": len(before), "length": 34, "shape": ""}])


@test
def test_evasions():
    """Statements that look like one of the map's and are not: what MySQL runs in a comment, what its texts and signs
    mean, and what the log has cut off; they are counted as not known"""
    cut = b"SELECT name FROM members WHERE id = 7" + b" " * (1024 - 37)
    beyond = b"SELECT name FROM members WHERE id = 7" + b" " * 20000 + b"OR TRUE"
    for statement in (b"SELECT name FROM members WHERE id = 7 /*!50000 OR 1 */", b"SELECT name FROM members WHERE id = 7 /*M! OR 1 */",
                      b"SELECT name FROM members WHERE id = 7--1", b"SELECT name FROM members WHERE id = 'a\\' OR id > '0'",
                      b"SELECT name FROM members WHERE id = 7 /* /* */ OR 1 -- */", b'SELECT name FROM members WHERE id = "id"', b"SELECT name FROM members WHERE id = 'a\\' OR 1 -- '",
                      b"SELECT name FROM members WHERE id = 'a", b"SELECT name FROM members WHERE id = 7 /*"):
        log = b"261127 14:13:14\t     5 Query\t" + statement + b"\n"
        document = scan(write("log", log))
        equal((document["files"][0]["format"], document["observations"]["shown"]), ("general_log", 0), statement.decode())
        equal(document["unmatched"], 1, statement.decode())
    for content in (b"20261127 14:13:14,vm,app,10.1.2.3,5,11,QUERY,shop,'" + cut + b"',0\n",
                    b"261127 14:13:14\t     5 Query\t" + beyond + b"\n",
                    b"2026-11-27 14:13:14.000 UTC [77] app@shop LOG:  statement: " + beyond + b"\n",
                    b'2026-11-27 14:13:14.000 UTC,"app","shop",77,"[local]",6a.4d,1,"SELECT",2026-11-27 14:13:14 UTC,3/1,0,LOG,00000,'
                    b'"statement: ' + beyond + b'",,,,,,,,,"psql","client backend",,0\n',
                    b'2026-11-27 14:13:14.000 UTC,"app","shop",77,"[local]",6a.4d,1,"SELECT",2026-11-27 14:13:14 UTC,3/1,0,LOG,00000,'
                    b'"AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.members,' + beyond + b',<none>",,,,,,,,,"psql","client backend",,0\n'):
        document = scan(write("log", content))
        equal((document["unparsed"], document["observations"]["shown"], document["unmatched"]), (0, 0, 1), content[:60].decode())
    for statement in (b"SELECT name FROM members WHERE id = '\\'' OR TRUE -- '", b"SELECT name FROM members WHERE id = 'a\\' OR TRUE -- '"):
        document = scan(write("log", b"2026-11-27 14:13:14.000 UTC [77] app@shop LOG:  statement: " + statement + b"\n"))
        equal((document["observations"]["shown"], document["unmatched"]), (0, 1), statement.decode())
    # the same without what is cut
    equal(scan(write("log", b"261127 14:13:14\t     5 Query\t" + cut[:400] + b" # \n"))["observations"]["shown"], 1)


@test
def test_pgaudit():
    """pgAudit's lines in csvlog, stderr and jsonlog: whom a statement names by its text and its parameters"""
    said = 'AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.members,"SELECT name FROM members WHERE id = $1","42"'
    more = 'AUDIT: OBJECT,2,1,READ,SELECT,TABLE,public.members,"SELECT name FROM members WHERE id IN (1, 2)",<not logged>'
    quoted = [line.replace('"', '""') for line in (said, more)]
    csv = "".join('2026-11-27 14:13:14.000 UTC,"app","shop",77,"10.1.2.3:4242",6a.4d,1,"SELECT",2026-11-27 14:13:14 UTC,3/1,0,'
                  f'LOG,00000,"{line}",,,,,,,,,"psql","client backend",,0\n' for line in quoted)
    stderr = "".join(f"2026-11-27 14:13:14.000 UTC [77] app@shop LOG:  {line}\n" for line in (said, more))
    jsonlog = "".join(json.dumps({"timestamp": "2026-11-27 14:13:14.000 UTC", "user": "app", "dbname": "shop", "pid": 77,
                                  "remote_host": "10.1.2.3", "session_id": "6a.4d", "error_severity": "LOG",
                                  "backend_type": "client backend", "message": line}) + "\n" for line in (said, more))
    for form, content in (("csvlog", csv), ("stderr", stderr), ("jsonlog", jsonlog)):
        name, found, counts = events(content.encode())
        equal((name, counts), (form, (2, 0)))
        equal(shown(found), [(b"app", 42), (b"app", 1), (b"app", 2)])


# ---- many lines, against slow parsers ----

def escaped(statement):
    for plain, other in ((b"\\", b"\\\\"), (b"'", b"\\'"), (b"\n", b"\\n"), (b"\r", b"\\r"), (b"\t", b"\\t")):
        statement = statement.replace(plain, other)
    return statement


def made_up(seed, count):
    """Connections that come, ask, and go: (time, connection, account, address, command, statement, key)."""
    made = random.Random(seed)
    now, number, live = at("2026-11-27 00:00:00"), 10, {}
    for _ in range(count):
        now += made.randrange(3) * 10 ** 9
        if not live or made.randrange(10) == 0:
            number += made.randrange(1, 4)
            live[number] = (made.choice((b"app", b"o'd,d q", b"kim@home", "민수".encode())), made.choice((b"10.1.2.3", b"localhost", b"db-7.example")))
            yield now, number, *live[number], b"Connect", b"", None
            continue
        which = made.choice(list(live))
        kind = made.randrange(8)
        key = made.randrange(1, 10 ** 6)
        if kind == 0:
            yield now, which, *live.pop(which), b"Quit", b"", None
        elif kind < 4:
            space = made.choice((b" ", b"\n", b"\n\t", b" /* it's */ ", b"\r\n", b" # x\n"))
            yield now, which, *live[which], b"Query", b"SELECT name FROM members" + space + b"WHERE id = %d" % key, key
        else:
            text = bytes(made.choice(b"abc '\\\"\n\t,;0") for _ in range(made.randrange(1, 60))).strip() or b"x"
            yield now, which, *live[which], b"Query", b"SELECT " + text.replace(b"\n\t\t", b""), None


@test
def test_connections():
    """Of the general log a connection that is open stays whose it is, however many come and go, and beside many that are open"""
    made = random.Random(3)
    numbers = made.sample(range(1, 1 << 20), 1000)  # they are open for good
    lines = [b"261127 14:13:14\t%6d Connect\tapp%d@10.1.2.3 on shop using TCP/IP\n" % (number, number) for number in numbers]
    for other in range(4096, 40960):
        if other not in numbers:
            lines.append(b"\t\t%6d Connect\tother@10.1.2.4 on shop using TCP/IP\n\t\t%6d Quit\t\n" % (other, other))
    lines += [b"\t\t%6d Query\tSELECT name FROM members WHERE id = %d\n" % (number, number) for number in numbers]
    _, found, counts = events(b"".join(lines))
    equal(counts[1], 0)
    equal(shown(found), [(b"app%d" % number, number) for number in numbers])


@test
def test_many():
    """Thousands of records of random connections, in both of MariaDB's logs, cut into blocks anyhow, by any number of
    threads: the same as they were made"""
    records = list(made_up(7, 4000))
    due = [(record[2], record[6]) for record in records if record[6]]
    general, audit, last, names = [], [], None, []
    for now, number, account, address, command, statement, _ in records:
        local = datetime.datetime.fromtimestamp(now // 10 ** 9, datetime.timezone(datetime.timedelta(hours=9)))
        time = local.strftime("%y%m%d %H:%M:%S").encode() if now != last else b"\t"
        last = now
        argument = account + b"@" + address + b" on shop using TCP/IP" if command == b"Connect" else statement
        general.append(time + b"\t%6d %s\t%s\n" % (number, command, argument))
        what = b"QUERY,shop,'" + escaped(statement) + b"',0" if command == b"Query" else command.upper() + b",shop,,0"
        what = what.replace(b"QUIT", b"DISCONNECT")
        audit.append(local.strftime("%Y%m%d %H:%M:%S").encode() + b",vm,%s,%s,%d,1,%s\n" % (account, address, number, what))
        if command == b"Connect":
            names.append(account)
    for content, form in ((general, "general_log"), (audit, "server_audit")):
        first = None
        for block, threads in ((1 << 20, 1), (64, 2), (997, 3)):
            name, found, counts = events(b"".join(content), block, threads)
            equal((name, counts[1]), (form, 0))
            equal(counts[0], len(records), form)
            equal(shown(found), due)
            first = first or found
            equal(found, first)
    # the general log has no login of those who did nothing
    equal([login[0] for login in logins(found)], names)


harness.main()
