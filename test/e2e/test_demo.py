#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""script/demo: it shows what it promises, ends by itself, and leaves nothing but a picture."""
import os
import pathlib
import re
import subprocess

import harness
import process

DEMO = harness.TREE / "script" / "demo"


def of_demos():
    """The command lines of processes that belong to a demo."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if f"{place()}/pasu-demo" in text:
            found.append(text)
    return found


def place():
    """Where the demo makes its folder."""
    path = harness.folder() / "demo"
    path.mkdir(exist_ok=True, mode=0o755)
    path.chmod(0o755)
    return path


def run(*words):
    done = subprocess.run([DEMO, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, check=False, env={**os.environ, "TMPDIR": str(place())})
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


def number(text):
    return int(text.replace(",", ""))


@harness.gateway_only
@harness.only_if(harness.PASU == harness.TREE / "build" / "pasu", "the demo builds its own")
@harness.limit(180)
def test_demo():
    """The demo tells its story, its numbers agree with each other, and it leaves nothing"""
    said = run()
    assert "no fault" in said, said
    # Who reads, while it happens: the application alone, then the former employee as well.
    before, after = re.findall(r"(?ms)^session .*?^\d+ sessions$", said)
    assert " app " in before and " park " not in before and " park " in after, said
    read = number(re.search(r"(?m)^\S+ +shop +park .*? (\S+) +\S+ +\S+ +\S+ KiB$", after)[1])
    assert read == 150, after
    # A budget ends it at a row.
    assert "ERROR:  a budget of persons is used up" in said and "more than 1000 different persons" in said, said
    status = said[said.index("(pasu status)"):said.index("(pasu scope")]
    assert re.search(r"(?m)^park +\S+ +\S+ +1,000 +1,000 +1,000 +0 +day 1,000/1,000 block$", status), status
    assert re.search(r"(?m)^analyst +\S+ +\S+ +10 ", status), status
    assert number(re.search(r"(?m)^app +\S+ +\S+ +(\S+)", status)[1]) > 1000, status
    # What he saw, by pasu, by himself and by the log.
    scope = said[said.index("(pasu scope"):said.index("server's own log")]
    assert "customer: 1,000 (exact)" in scope and re.search(r"(?m)^not shown +address, order$", scope), scope
    assert "the record has no gap, and every person is named" in scope, scope
    rows = number(re.search(r" (\S+) rows", scope)[1])
    persons = re.search(r"(?m)^different persons +(\S+) +(\S+) +cannot say$", said)
    assert [number(n) for n in persons.groups()] == [1000, 1000], persons[0]
    counted = [number(n) for n in re.search(r"(?m)^rows +(\S+) +(\S+) +(\S+)$", said).groups()]
    assert counted[0] == counted[1] == rows == 1150 and counted[2] > rows, counted
    # Once the roster says that he has left he does not come in, and somebody is told.
    assert re.search(r"(?m)^park,human,Park Minsu,active,,$", said), said
    refused = said[said.index("(pasu roster import)"):said.index("(pasu ack)")]
    assert "1 of them with an owner who has left" in refused, refused
    assert re.search(r"(?m)^psql: error: .*FATAL:  the owner of this role has left$", refused), refused
    assert re.search(r"(?m)^FATAL:  PS010: the owner of this role has left ", refused), refused
    told = said[said.index("(pasu ack)"):said.index("(pasu subject 131)")]
    assert re.search(r"(?m)^alert .* severity 5, rule leaver,.* park, whose owner has left, has tried to connect", told), told
    # One person's view.
    subject = said[said.index("(pasu subject 131)"):said.index("(pasu certify 131)")]
    shown = number(re.search(r"shown by (\d+) statements.* park", subject)[1])
    assert "phone" in subject, subject
    # Their certificate, which has proofs of the same, and a ledger without a fault.
    proven = said[said.index("(pasu certify 131)"):said.index("(pasu ledger verify)")]
    assert f"{shown} showings proven, 0 not" in proven and "signed" in proven and "fault" not in proven, proven
    assert re.search(r"(?m)^covered +\d+ records", said[said.index("(pasu ledger verify)"):]), said
    # The breach of 2025, without pasu and with this configuration.
    drill = said[said.index("(pasu drill)"):]
    assert re.search(r"(?m)^ +leaver +at once +0 +\S+s +the roster", drill) and re.search(r"(?m)^ +all together +at once +0 ", drill), drill
    assert re.search(r"(?m)^ +none +never +337,000 +- +nobody$", drill), drill
    # And where the same is as a picture, which is still there.
    picture = pathlib.Path(re.search(r"(?m)^the same as a picture: open it in a browser\n(/\S+)$", drill)[1]).read_text(encoding="utf-8")
    assert "<svg" in picture and "337,000" in picture, picture[:1000]
    process.until(lambda: not of_demos(), f"nothing runs: {of_demos()}")
    assert not os.listdir(place()), os.listdir(place())


@harness.gateway_only
@harness.only_if(harness.PASU == harness.TREE / "build" / "pasu", "the demo builds its own")
@harness.limit(180)
def test_demo_kept():
    """With --keep it goes on running, the psql lines that it prints work, through pasu and past it, and --stop ends all of it"""
    said = run("--keep")
    folder = re.search(r"(?m)^script/demo --stop (\S+)$", said)[1]
    try:
        for line in re.search(r"(?m)^PGPASSWORD=\S+ psql .*$", said)[0], re.search(r"(?m)^psql .* -U postgres shop$", said)[0]:
            done = subprocess.run(["sh", "-c", line + " -XAtc 'SELECT count(*) FROM customers'"], text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            assert done.stdout == "200000\n", done.stdout
    finally:
        run("--stop", folder)
    process.until(lambda: not of_demos(), f"nothing runs: {of_demos()}")
    assert not os.listdir(place()), os.listdir(place())


if __name__ == "__main__":
    harness.main()
