#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL's own regression suite, past the gateway and through it: the results are the same.

The suite's SQL comes from Debian's source package, fetched once into the cache (or is taken from
PASU_REGRESS, a folder like PostgreSQL's src/test/regress). A test that fails directly, because the
suite is of another minor version, must fail through the gateway too."""
import glob
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import certificate
import guard
import harness
import postgres
import process

LIBRARIES = pathlib.Path(os.environ.get("PGLIBDIR", "/usr/lib/postgresql/15/lib"))
HEADERS = "/usr/include/postgresql/15/server"
SETTINGS = {"autovacuum": "on"}
TIME = 1800


# ---- fetching it ----

def run(words, folder, **more):
    done = subprocess.run([str(word) for word in words], cwd=folder, stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, **more)
    if done.returncode:
        raise harness.Skip(f"{words[0]} failed: {done.stdout.strip()[-300:]}")
    return done.stdout


def source_lists(folder):
    """This machine's lists of Debian packages, with source packages asked for, in a folder of our own."""
    folder.mkdir(exist_ok=True)
    for path in glob.glob("/etc/apt/sources.list.d/*.sources") + glob.glob("/etc/apt/sources.list.d/*.list") + \
            ["/etc/apt/sources.list"]:
        if not os.path.exists(path):
            continue
        text = pathlib.Path(path).read_text(encoding="utf-8")
        if "debian" in text:
            text = re.sub(r"(?m)^Types:.*$", "Types: deb-src", text)
            text = re.sub(r"(?m)^deb\s", "deb-src ", text)
            (folder / os.path.basename(path)).write_text(text, encoding="utf-8")


def fetch(folder):
    """Fetches the source package into `folder`: the installed version's, or the nearest that is had."""
    if not shutil.which("apt-get"):
        raise harness.Skip("no apt-get to fetch the suite's source with")
    source_lists(folder / "sources")
    (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    options = ["-o", "Dir::Etc::sourcelist=/dev/null", "-o", f"Dir::Etc::sourceparts={folder}/sources",
               "-o", f"Dir::State::lists={folder}/lists", "-o", "APT::Sandbox::User=root"]
    run(["apt-get", "-qq", *options, "update"], folder)
    listed = run(["apt-cache", *options, "showsrc", "postgresql-15"], folder)
    versions = sorted(set(re.findall(r"(?m)^Version: (\S+)", listed)), reverse=True)
    installed = run(["dpkg-query", "-W", "-f", "${source:Version}", "postgresql-15"], folder)
    versions.sort(key=lambda version: version != installed)
    for version in versions:
        try:
            run(["apt-get", "-qq", *options, "source", "--download-only", f"postgresql-15={version}"], folder)
        except harness.Skip as reason:
            last = reason
            continue
        found = sorted(folder.glob("postgresql-15_*.orig.tar.*"))
        if found:
            return found[-1]
    raise last if versions else harness.Skip("no source package postgresql-15 is listed")


@harness.shared
def suite():
    """The folder with the suite's sql, expected and schedule."""
    if os.environ.get("PASU_REGRESS"):
        return pathlib.Path(os.environ["PASU_REGRESS"])
    cached = harness.cache("regress")
    ready = cached / "regress"
    if not (ready / "parallel_schedule").exists():
        with tarfile.open(fetch(cached)) as archive:
            for member in archive:
                inside = member.name.partition("/src/test/regress/")[2]
                if inside and member.isfile() and ".." not in inside:
                    path = cached / "new" / inside
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(archive.extractfile(member).read())
        (cached / "new").rename(ready)
    return ready


# ---- running it ----

@harness.shared
def workshop():
    """A copy of the suite that the server's account can read, with the C functions that it calls."""
    tool = LIBRARIES / "pgxs" / "src" / "test" / "regress" / "pg_regress"
    if not tool.exists():
        raise harness.Skip(f"{tool} is not there")
    folder = harness.folder() / "suite"
    shutil.copytree(suite(), folder)
    libraries = harness.folder() / "libraries"
    libraries.mkdir()
    for name in ("refint", "autoinc"):
        (libraries / f"{name}.so").symlink_to(LIBRARIES / f"{name}.so")
    run(["cc", "-shared", "-fPIC", "-O1", "-w", f"-I{HEADERS}", "-o", libraries / "regress.so",
         folder / "regress.c"], folder)
    return tool, folder, libraries


def results(way, host, port):
    """Runs the suite; {test: ok or failed}."""
    tool, folder, libraries = workshop()
    output = harness.folder() / way
    output.mkdir()
    postgres.give(output)
    ran = process.Process(f"pg_regress {way}", [
        tool, f"--inputdir={folder}", f"--outputdir={output}", f"--dlpath={libraries}",
        f"--bindir={postgres.BIN}", f"--schedule={folder}/parallel_schedule", "--max-connections=20",
        f"--host={host}", f"--port={port}", "--user=postgres", "--dbname=regression"],
        account=postgres.account(), cwd=output, env={**os.environ, "PGSSLMODE": "prefer", "LC_ALL": "C"})
    ran.wait(TIME)
    found = {}
    for line in ran.lines:
        match = re.match(r"(?:test|    )\s*(\S+)\s+\.\.\. (ok|FAILED|failed \(ignored\))", line)
        if match:
            found[match[1]] = match[2]
    assert len(found) > 20, ran.tail()
    return found, output


@harness.shared
def direct():
    workshop()
    server = postgres.Server(harness.folder(), "without", settings=SETTINGS)
    found = results("direct", *server.address)
    server.stop()
    return found


def printed(output, name):
    """What a test printed, without the folder's name."""
    text = (output / "results" / f"{name}.out").read_text(encoding="utf-8", errors="surrogateescape")
    return text.replace(str(output), "")


def differences(one, other):
    """Tests that went otherwise: failed here and not there, or failed in another way."""
    (expected, without), (found, through) = one, other
    return {name: (expected.get(name), found.get(name)) for name in sorted({*expected, *found})
            if expected.get(name) != found.get(name) or
            found[name] != "ok" and printed(without, name) != printed(through, name)}


def diff(name, one, other):
    sides = [side / "results" / f"{name}.out" for side in (one, other)]
    text = subprocess.run(["diff", "-U1", *sides], stdout=subprocess.PIPE, check=False).stdout
    return text.decode("utf-8", "replace")[:3000]


def compare(way, tls):
    expected, without = direct()
    own = certificate.Authority(harness.folder(), f"ca-{way}").issue(f"own-{way}", "localhost")
    more = {"tls": guard.tls(own), "upstream_tls": {"mode": "require"}} if tls else {}
    # Some tests of the suite depend on how busy the machine is. What the gateway is guilty of comes
    # a second time too.
    guilty = None
    for turn in ("first", "second"):
        server = postgres.Server(harness.folder(), f"{way}-{turn}", certificate=own if tls else None, settings=SETTINGS)
        front = guard.start(guard.gateway(server, **more))
        found, through = results(f"{way}-{turn}-results", *front.address())
        different = differences((expected, without), (found, through))
        guilty = different if guilty is None else {name: one for name, one in different.items() if name in guilty}
        front.stop()
        server.stop()
        if not guilty:
            break
    report = "\n".join(diff(name, without, through) for name in list(guilty)[:3])
    assert not guilty, f"{guilty}\n{report}"
    good = sum(1 for one in found.values() if one == "ok")
    print(f"# {len(found)} tests of the suite give the same, {good} of them what the suite expects")


@harness.gateway_only
@harness.limit(TIME)
def test_regression_suite():
    """PostgreSQL's regression suite gives through the gateway what it gives directly"""
    compare("gateway", False)


@harness.gateway_only
@harness.long_only
@harness.limit(TIME)
def test_regression_suite_tls():
    """The same with TLS on both sides"""
    compare("tls", True)


if __name__ == "__main__":
    harness.main()
