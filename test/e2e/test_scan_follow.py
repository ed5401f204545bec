#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu scan --follow: what is found while logs are written and rotated, told once each, and the report at the end."""
import contextlib
import datetime
import gzip
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess

import harness
from process import until
from stage import equal, test

BEGIN, CALM = 1780272000, 22  # 2026-06-01T00:00:00Z; days
MAP = """\
subjects: {customer: {}}
routes: [{path: '/api/members/{customer}/addresses', fields: [name, address]}]
login: [/login]
principal: [address]
"""
WITHOUT = [str(harness.PASU.parent / "test" / "integration" / "without_call"), "inotify_init1"]


def lines(events):
    return "".join(f"{address} - - [{datetime.datetime.fromtimestamp(at, datetime.timezone.utc):%d/%b/%Y:%H:%M:%S} +0000] "
                   f'"{asked} HTTP/1.1" {status} 512 "-" "Mozilla/5.0"\n' for at, address, asked, status in sorted(events))


@harness.shared
def calm():
    """People who read their own."""
    made, events = random.Random(5), []
    for day in range(CALM):
        for _ in range(300):
            member = int(made.paretovariate(0.8)) % 20000
            address, at = f"198.51.{member % 100}.{member // 100 % 250}", BEGIN + day * 86400 + int(made.gauss(14, 4) * 3600) % 86400
            events += [(at, address, "POST /login", 200), (at + 5, address, f"GET /api/members/{member}/addresses", 200)]
    return lines(events)


def crawl(address, hour, first=0, count=500):
    """Somebody goes through the members, behind all that is calm."""
    at = BEGIN + CALM * 86400 + hour * 3600
    return lines([(at + n * 4, address, f"GET /api/members/{first + n + 1}/addresses", 200 if n % 2 else 404) for n in range(count)])


@contextlib.contextmanager
def following(*words, before=(), **options):
    route_map = harness.folder() / "map.yaml"
    route_map.write_text(MAP, encoding="ascii")
    with subprocess.Popen([*before, harness.PASU, "scan", "--map", route_map, "--follow", "--json", *words], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def found(process, address):
    """The findings that are told, up to the first one about the address."""
    told = []
    while not told or told[-1]["principals"] != [address]:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        told.append(json.loads(line))
    return told


def ended(process, number):
    """The findings that were told last, the report, and the exit status."""
    if number is not None:
        process.send_signal(number)
    if process.stdin:
        process.stdin.close()
    out = process.stdout.read()  # not communicate, which knows nothing of lines that are buffered
    equal((process.stderr.read(), process.wait(60) is not None), ("", True))
    *told, report = map(json.loads, out.splitlines())
    return told, report, process.returncode


def written(log, text):
    with open(log, "a", encoding="ascii") as file:
        file.write(text)


@test
def test_rotation():
    """Findings come while the log is written; it is renamed, made anew, compressed, copied and truncated, and each line is read once"""
    log = harness.folder() / "access.log"
    texts = [calm(), *(crawl(f"203.0.113.{n}", n) for n in range(1, 5))]
    log.write_text(texts[0] + texts[1], encoding="ascii")
    with following(log) as process:
        told = found(process, "203.0.113.1")
        old = log.rename(log.with_suffix(".log.1"))
        half = len(texts[2]) // 2
        written(old, texts[2][:half])  # whoever writes does not know yet, and stops within a line
        written(log, texts[3])
        told += found(process, "203.0.113.3")
        written(old, texts[2][half:])
        told += found(process, "203.0.113.2")
        with open(old, "rb") as plain, gzip.open(log.with_suffix(".log.2.gz"), "wb") as packed:
            shutil.copyfileobj(plain, packed)
        old.unlink()
        shutil.copy(log, old)
        os.truncate(log, 0)
        written(log, texts[4])
        told += found(process, "203.0.113.4")
        late, report, status = ended(process, signal.SIGTERM)
    told += late
    equal((report["lines"], report["unparsed"], status), (sum(text.count("\n") for text in texts), 0, 1))
    told_once(told)
    equal({(finding["detector"], *finding["principals"]) for finding in report["findings"]},
          {(finding["detector"], *finding["principals"]) for finding in told})
    places = {place.get("rotated", 0) for finding in report["findings"] if "203.0.113.1" in finding["principals"]
              for place in finding["evidence"]}
    equal(places, {2})


def told_once(told):
    """Each about a principal once, unless it has come to twice as many persons and misses since."""
    before = {}
    for finding in told:
        many = finding["subjects"]["at_least"] + finding["misses"]
        for principal in finding["principals"]:
            key = finding["detector"], principal
            assert many >= 2 * before.get(key, 0) and many > 0, (finding, before)
            before[key] = many


@test
def test_growing():
    """A finding that has come to twice as many persons is told again, and not before"""
    log = harness.folder() / "access.log"
    log.write_text(calm() + crawl("203.0.113.1", 1), encoding="ascii")
    with following(log) as process:
        told = found(process, "203.0.113.1")
        written(log, "".join(crawl("203.0.113.1", 2 + hour, 500 + hour * 50, 50) for hour in range(4)))
        written(log, crawl("203.0.113.2", 8))
        told += found(process, "203.0.113.2")  # the detectors were asked again by then
        early = [finding for finding in told if finding["principals"] == ["203.0.113.1"]]
        written(log, crawl("203.0.113.1", 10, 2000, 1500) + crawl("203.0.113.3", 12))
        told += found(process, "203.0.113.3")
        late, _, _ = ended(process, signal.SIGTERM)
    told += late
    told_once(told)
    again = [finding for finding in told if finding["principals"] == ["203.0.113.1"]][len(early):]
    equal(len({finding["detector"] for finding in early}), len(early), str(early))
    assert again and all(finding["subjects"]["at_least"] > 500 for finding in again if finding["detector"] == "growth"), again


@test
def test_pipe():
    """What comes through a pipe is told before it ends; its end ends the scan"""
    with following("-", stdin=subprocess.PIPE) as process:
        process.stdin.write(calm() + crawl("203.0.113.1", 1))
        process.stdin.flush()
        told = found(process, "203.0.113.1")
        process.stdin.write(crawl("203.0.113.2", 2)[:-1])  # the last line has no end
        late, report, status = ended(process, None)
    equal((report["lines"], status), (CALM * 600 + 1000, 1))
    assert any(finding["principals"] == ["203.0.113.2"] for finding in told + late)


@test
def test_without_inotify():
    """Where the kernel tells nothing of files, they are looked at; SIGINT ends it"""
    log = harness.folder() / "untold.log"
    log.write_text(calm(), encoding="ascii")
    with following(log, before=WITHOUT) as process:
        written(log, crawl("203.0.113.1", 1))
        found(process, "203.0.113.1")
        written(log, crawl("203.0.113.2", 2))
        found(process, "203.0.113.2")
        _, report, status = ended(process, signal.SIGINT)
    equal((report["lines"], report["files"][0]["format"], status), (CALM * 600 + 1000, "combined", 1))


@test
def test_sandboxed():
    """While it reads it can open no file but those in the logs' folders, and has no descriptor and no system call that it does not need"""
    log, elsewhere = harness.folder() / "logs" / "own.log", harness.folder() / "elsewhere.log"
    log.parent.mkdir()
    log.write_text(calm() + crawl("203.0.113.1", 1), encoding="ascii")
    elsewhere.write_text(crawl("203.0.113.2", 2), encoding="ascii")
    with open(elsewhere, "rb") as other, following(log, pass_fds=[other.fileno()]) as process:
        found(process, "203.0.113.1")
        status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines())
        equal((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        held = {os.readlink(f"/proc/{process.pid}/fd/{number}") for number in os.listdir(f"/proc/{process.pid}/fd") if int(number) > 2}
        equal(held, {str(log), "anon_inode:inotify", "anon_inode:[signalfd]"})
        log.rename(log.with_suffix(".1"))
        log.symlink_to(elsewhere)
        written(log.with_suffix(".1"), crawl("203.0.113.3", 3))
        found(process, "203.0.113.3")
        process.send_signal(signal.SIGTERM)
        report = json.loads(process.stdout.read().splitlines()[-1])
        equal((report["lines"], report["files"][0]["error"], process.wait(60)), (CALM * 600 + 1000, "permission denied", 2))


@test
def test_descriptor():
    """A file by the name of a descriptor is read as by its own, and read again, by --follow, too"""
    log = harness.folder() / "held" / "own.log"
    log.parent.mkdir()
    log.write_text(calm() + crawl("203.0.113.1", 1), encoding="ascii")
    route_map = harness.folder() / "map.yaml"
    route_map.write_text(MAP, encoding="ascii")
    with open(log, "rb") as held, open(log, "rb") as again:
        done = subprocess.run([harness.PASU, "scan", "--map", route_map, "--json", f"/dev/fd/{held.fileno()}"], pass_fds=[held.fileno()],
                              capture_output=True, text=True, check=False)
        equal((done.returncode, done.stderr), (1, ""))
        report = json.loads(done.stdout)
        equal((report["lines"], {(one["subjects"]["at_least"], one["subjects"]["at_most"]) for one in report["findings"]
                                 if one["principals"] == ["203.0.113.1"]}), (CALM * 600 + 500, {(250, 250)}))
        with following("/proc/self/fd/0", stdin=again) as process:
            found(process, "203.0.113.1")
            process.send_signal(signal.SIGTERM)
            equal((json.loads(process.stdout.read().splitlines()[-1])["lines"], process.wait(60)), (CALM * 600 + 500, 1))


@test
def test_named_pipe():
    """A named pipe that nobody has opened yet can be given up"""
    pipe = harness.folder() / "pipe"
    os.mkfifo(pipe)
    with following(pipe) as process:
        writer = os.open(pipe, os.O_WRONLY)  # once it is read from
        os.write(writer, crawl("203.0.113.1", 1)[:-1].encode())
        os.close(writer)
        _, report, status = ended(process, None)
        equal((report["lines"], status), (500, 3))
    with following(pipe) as process:
        held = pathlib.Path(f"/proc/{process.pid}/fd")
        until(lambda: str(pipe) in {os.readlink(one) for one in held.iterdir()}, "it is open")
        _, report, _ = ended(process, signal.SIGTERM)
        equal(report["lines"], 0)


@test
def test_dates():
    """Names that come to a folder or to a pattern are followed, from within the sandbox, too; what is renamed or compressed to them
    is not read again"""
    logs = harness.folder() / "dated"
    logs.mkdir()
    texts = [calm(), *(crawl(f"203.0.113.{n}", n) for n in range(1, 5))]
    (logs / "access-2026-06-22.log").write_text(texts[0], encoding="ascii")
    with following(logs / "access-*.log*", logs) as process:
        written(logs / "access-2026-06-23.log", texts[1])
        told = found(process, "203.0.113.1")
        status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines())
        equal((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        half = len(texts[2]) // 2
        written(logs / "access-2026-06-24.log", texts[2][:half])
        written(logs / "other.log", texts[3])  # of the folder alone
        told += found(process, "203.0.113.3")
        packed = logs / ".access-2026-06-23.log.gz"
        packed.write_bytes(gzip.compress(texts[1].encode()))
        os.utime(packed, (BEGIN, BEGIN))
        packed.rename(logs / "access-2026-06-23.log.gz")
        (logs / "access-2026-06-23.log").unlink()
        (logs / "other.log").rename(logs / "other.1")
        written(logs / "access-2026-06-24.log", texts[2][half:])
        told += found(process, "203.0.113.2")
        written(logs / "access-2026-06-25.log", texts[4])
        told += found(process, "203.0.113.4")
        late, report, status = ended(process, signal.SIGTERM)
    told_once(told + late)
    equal((report["lines"], report["unparsed"], status), (sum(text.count("\n") for text in texts), 0, 1))
    places = {pathlib.Path(place["file"]).name for finding in report["findings"] if "203.0.113.4" in finding["principals"]
              for place in finding["evidence"]}
    equal(places, {"access-2026-06-25.log"})


@test
def test_refused():
    """What cannot go with it is said at once"""
    for words in (["--suggest"], ["--html", harness.folder() / "page.html"]):
        done = subprocess.run([harness.PASU, "scan", "--map", "none", "--follow", *words, "none"], capture_output=True, text=True, check=False)
        equal((done.returncode, done.stdout), (2, ""))
        assert "--follow" in done.stderr, done.stderr


harness.main()
