# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL's own regression suite: fetched, made ready, run.

Its SQL comes from Debian's source package, fetched once into the cache (or is taken from PASU_REGRESS, a
folder like PostgreSQL's src/test/regress)."""
import glob
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import harness
import past
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
def source():
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
    """A copy of the suite that the server's account can read, with the C functions that it calls, and a
    second one whose statements that pasu refuses go past the gateway."""
    tool = LIBRARIES / "pgxs" / "src" / "test" / "regress" / "pg_regress"
    if not tool.exists():
        raise harness.Skip(f"{tool} is not there")
    folder = harness.folder() / "suite"
    shutil.copytree(source(), folder)
    libraries = harness.folder() / "libraries"
    libraries.mkdir()
    for name in ("refint", "autoinc"):
        (libraries / f"{name}.so").symlink_to(LIBRARIES / f"{name}.so")
    run(["cc", "-shared", "-fPIC", "-O1", "-w", f"-I{HEADERS}", "-o", libraries / "regress.so",
         folder / "regress.c"], folder)
    return tool, folder, libraries


@harness.shared
def workshop_past():
    tool, folder, libraries = workshop()
    other = harness.folder() / "suite-past"
    shutil.copytree(folder, other)
    for path in other.glob("sql/*.sql"):
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        path.write_text(past.rewrite(text), encoding="utf-8", errors="surrogateescape")
    return tool, other, libraries


def results(way, host, port, shop=workshop, more=(), limit=TIME):
    """Runs the suite; {test: ok or failed}, and the folder of what it printed."""
    tool, folder, libraries = shop()
    output = harness.folder() / way
    output.mkdir()
    postgres.give(output)
    ran = process.Process(f"pg_regress {way}", [
        tool, f"--inputdir={folder}", f"--outputdir={output}", f"--dlpath={libraries}",
        f"--bindir={postgres.BIN}", f"--schedule={folder}/parallel_schedule", "--max-connections=20",
        f"--host={host}", f"--port={port}", "--user=postgres", "--dbname=regression", *more],
        account=postgres.account(), cwd=output, env={**os.environ, "PGSSLMODE": "prefer", "LC_ALL": "C"})
    ran.wait(limit)
    found = {}
    for line in ran.lines:
        match = re.match(r"(?:test|    )\s*(\S+)\s+\.\.\. (ok|FAILED|failed \(ignored\))", line)
        if match:
            found[match[1]] = match[2]
    assert len(found) > 20, ran.tail()
    return found, output


def printed(output, name):
    """What a test printed, without the folder's name."""
    text = (output / "results" / f"{name}.out").read_text(encoding="utf-8", errors="surrogateescape")
    return text.replace(str(output), "")
