#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reports: each number is the ledger's, and the command beside it gets it again; what nobody knows is marked as unknown."""
import datetime
import hashlib
import html.parser
import json
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess

import guard
import harness
from stage import equal, test
from test_decoys import register_unasked
from test_incident import BY, incident, number_of, scope
from test_notify import front, notices, run, texts
from test_signed import verify

FORMS = {"pipc": ("개인정보 유출등 신고서", "확인되지 않음", "법 제34조제1항제1호"), "gdpr": ("art. 33(3)(a)", "unknown", "art. 33(3)(d)"),
         "8k": ("Item 1.05(a)", "unknown", "Instruction 2")}


class Rows(html.parser.HTMLParser):
    """What stands in each row's cell, and the commands in it"""

    def __init__(self, text):
        super().__init__()
        self.rows, self.commands, self.all, self.label, self.tags = {}, {}, {}, "", []
        self.feed(text)

    def handle_starttag(self, tag, _):
        if tag in ("th", "td", "code", "small"):
            self.tags.append(tag)
        if tag == "th":
            self.label = ""
        if tag == "code":
            self.all.setdefault(self.label, []).append("")

    def handle_endtag(self, tag):
        if tag in ("th", "td", "code", "small"):
            equal(self.tags.pop(), tag)

    def handle_data(self, data):
        if self.tags == ["th"]:
            self.label += data
        elif self.tags == ["td"]:
            self.rows[self.label] = self.rows.get(self.label, "") + data
        elif self.tags[-1:] == ["code"]:
            self.commands.setdefault(self.label, "")
            self.commands[self.label] += data
            self.all[self.label][-1] += data


def report(made, number, form):
    done = guard.run("report", "-c", made.guard.path, "--form", form, *BY, "report", number)
    equal(done.returncode, 0, done.stderr)
    event = incident(made, "show", number)[0]["events"][-1]
    equal((event["what"], event["more"]["form"], event["more"]["sha256"]),
          ("reported", form, hashlib.sha256(done.stdout.encode()).hexdigest()))
    unknown = FORMS[form][1]
    equal(event["more"]["unknown"], len(re.findall(f'<span class="bad">{unknown}</span>', done.stdout)))
    times = "1 time" if event["more"]["unknown"] == 1 else f"{event['more']['unknown']} times"
    assert f" {times} it says" in done.stderr, done.stderr
    for text in FORMS[form]:
        assert text in done.stdout, text
    assert "<script" not in done.stdout and "http" not in done.stdout.replace("http-equiv", ""), "it stands alone"
    return Rows(done.stdout), done.stdout


def numbers(text):
    return [int(found) for found in re.findall(r"\d+", text)]


def asked_again(made, command):
    words = shlex.split(command)
    equal(words[:4], ["pasu", "scope", "-c", "FILE"])
    return made.guard.json("scope", *words[4:])[0]


# Of whoever states it, and in 8-K's fact sheet what the form itself says.
STATED = {"담당부서 및 연락처", "Contact point", "Reasons for a delay beyond 72 hours"}


def interval(version):
    return [sum(one[end] for one in version["answer"]["subjects"].values()) for end in (0, 1)]


def check_links(made, page, number, versions):
    """Where a row has a number there is a command that gets it again: of a version, its interval; of a record, what was recorded"""
    for label, text in page.rows.items():
        commands = page.all.get(label, [])
        assert commands or not re.search(r"\d", text) or label in STATED, (label, text)
        for command in commands:
            if shlex.split(command)[1] == "scope":
                again = asked_again(made, command)
                both = [sum(one[end] for one in again["subjects"].values()) for end in ("at_least", "at_most")]
                assert both in map(interval, versions), (label, both)
            else:
                equal(shlex.split(command), ["pasu", "incident", "show", "-c", "FILE", number])
    previous = page.all[next(label for label in page.rows if label in ("규모 판단의 변경 이력", "What was known before", "What was known before; amend within four business days"))]
    equal([[sum(one[end] for one in asked_again(made, command)["subjects"].values()) for end in ("at_least", "at_most")]
           for command in previous if " scope " in command], [interval(one) for one in versions])


@test(gateway=True, limit=120)
def test_numbers_come_again_by_the_command_beside_them():
    made = front("report")
    with made.login(user="app") as session:
        session.query("SELECT id, name, phone FROM customers WHERE id IN (1287, 1294, 1301)")
    with made.login(user="analyst") as session:
        session.query("SELECT max(name) FROM accounts")
    made.guard.until_sessions(0)
    number = number_of(made, "--detected", "<b>a customer</b>", "--how", "a call")
    nothing, _ = report(made, number, "pipc")
    equal(nothing.rows["정보주체 수"], "확인되지 않음")
    assert " KST" in nothing.rows["유출등을 알게 된 시점"], nothing.rows
    first = scope(made, number, "--principal", "app", "--from", "2026-01-01", why="first look")
    version = scope(made, number, why="all of it")
    run(made, "--json", *BY, "notice", number)
    with made.login(user="app") as session:  # which no version knows
        session.query("SELECT id, name FROM customers WHERE id IN (1308, 1315)")
    made.guard.until_sessions(0)
    persons = {"pipc": "정보주체 수", "gdpr": "Approximate number of data subjects", "8k": "Scope: persons"}
    views = {"pipc": "조회 건수", "gdpr": "Approximate number of records: statements that asked for them", "8k": "Scope: statements"}
    for form in FORMS:
        page, text = report(made, number, form)
        again = asked_again(made, page.commands[persons[form]])
        both = [sum(one[end] for one in again["subjects"].values()) for end in ("at_least", "at_most")]
        assert both[0] < both[1], both
        equal(numbers(page.rows[persons[form]]), both, form)
        equal((both[0], numbers(page.rows[views[form]])[0]), (version["at_least"], again["statements"]))
        check_links(made, page, number, [first, version])
        assert version["answer"]["root"] in text and f"{version['size']} records" in text or form == "pipc", text
        assert "&lt;b&gt;a customer&lt;/b&gt;: a call" in text and ("가게" if form == "pipc" else "Shop") in text, text
    for form, name in (("pipc", "유출등이 된 시점"), ("gdpr", "Period"), ("8k", "Timing")):  # as all other times of the page
        said = next(value for key, value in report(made, number, form)[0].rows.items() if key.startswith(name))
        assert re.match(r"[\d-]{10} [\d:]{8} KST ~ [\d-]{10} [\d:]{8} KST", said), (form, said)
    page, text = report(made, number, "pipc")
    fields = page.rows["유출등이 된 개인정보의 항목과 규모(항목별 정보주체 수)"]
    assert "성명 (전체): 최소 3, 최대 " in fields and "전화번호" in fields, fields
    equal(page.rows["민감정보 또는 고유식별정보의 유출등 여부"], "확인되지 않음")
    assert "유출 통지 3건" in page.rows["정보주체에 대한 통지"], page.rows
    assert "first look" in text and "all of it" in text, text
    page, _ = report(made, number, "8k")
    equal(page.rows["Materiality determined"], "unknown")
    incident(made, "material", number, "--who", "board", "--why", "it is material")
    assert "it is material" in report(made, number, "8k")[0].rows["Materiality determined"]
    for words, status in ((("--form", "x", *BY, "x", number), 2), (("--form", "gdpr", number), 2), (("--form", "gdpr", *BY, "x", "99999"), 1)):
        done = guard.run("report", "-c", made.guard.path, *words)
        equal((done.returncode, done.stdout), (status, ""), words)
    (made.guard.folder / "notices.yaml").write_text(texts().replace("가게", ""))
    equal(report(made, number, "pipc")[0].rows["개인정보처리자"], "확인되지 않음")
    made.stop()
    verify(made)


@test(gateway=True, limit=120)
def test_a_pdf_says_what_the_page_says():
    """--pdf: the same words, in fonts that it carries, a file for this account alone; what cannot be written is not recorded"""
    for program in ("weasyprint", "pdftotext", "pdffonts"):
        if not shutil.which(program):
            raise harness.Skip(f"{program} is not installed")
    made = front("report_pdf")
    with made.login(user="app") as session:
        session.query("SELECT id, name, phone FROM customers WHERE id IN (1287, 1294, 1301)")
    made.guard.until_sessions(0)
    number = number_of(made, "--detected", "<b>고객</b>", "--how", "전화")
    scope(made, number)
    for form, words in (("pipc", ("개인정보 유출등 신고서", "정보주체 수", "<b>고객</b>: 전화", "확인되지 않음")), ("gdpr", ("art. 33(3)(a)", "Controller")),
                        ("8k", ("Item 1.05", "Materiality determined", "unknown"))):
        path = made.guard.folder / f"{form}.pdf"
        command = ("report", "-c", made.guard.path, "--form", form, *BY, "report", "--pdf", str(path), number)
        done = guard.run(*command, timeout=60)
        equal(done.returncode, 0, done.stderr)
        event = incident(made, "show", number)[0]["events"][-1]
        equal((event["more"]["sha256"], event["more"]["pdf_sha256"]),
              (hashlib.sha256(done.stdout.encode()).hexdigest(), hashlib.sha256(path.read_bytes()).hexdigest()))
        equal(stat.S_IMODE(path.stat().st_mode), 0o600)
        text = "".join(subprocess.run(["pdftotext", "-raw", path, "-"], capture_output=True, check=True, encoding="utf-8").stdout.split())
        for word in words + tuple(Rows(done.stdout).commands.values())[:1]:
            assert "".join(word.split()) in text, (word, text)
        fonts = subprocess.run(["pdffonts", path], capture_output=True, check=True, encoding="utf-8").stdout.splitlines()[2:]
        assert fonts and all(re.search(r" yes yes yes ", line) for line in fonts), fonts
        count = len(incident(made, "show", number)[0]["events"])
        for there in (path, made.guard.folder / "no" / "such.pdf"):
            done = guard.run(*command[:-2], str(there), number)
            equal((done.returncode, done.stdout), (2, ""), str(there))
            assert "a name that no file has yet" in done.stderr, done.stderr
        assert path.read_bytes()[:5] == b"%PDF-", "the one that was there"
        equal(len(incident(made, "show", number)[0]["events"]), count)
    check_board(made, number)
    made.stop()


def check_board(made, number):
    """The page for the board says the same in both"""
    html, path = made.guard.folder / "board.html", made.guard.folder / "board.pdf"
    done = made.guard.run("incident", "board", "--html", html, "--pdf", path, number, timeout=60)
    equal((done.returncode, done.stderr, stat.S_IMODE(path.stat().st_mode)), (0, "", 0o600))
    text = "".join(subprocess.run(["pdftotext", "-raw", path, "-"], capture_output=True, check=True, encoding="utf-8").stdout.split())
    for word in ("Deadlines", "kr-regulator", "Scope, as it was known", "Who knew what when", "<b>고객</b>", "nobody"):
        assert word in re.sub("&lt;", "<", re.sub("&gt;", ">", html.read_text())) and "".join(word.split()) in text, (word, text)
    lines = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True, encoding="utf-8").stdout
    for word in ("deadline", "version", "signed", "record", "eu-authority", "opened"):
        assert re.search(rf"(?m)(^|\s){word}(\s|$)", lines), f"{word} is broken in two: {lines}"
    assert not re.search(r"\d-\d(\s|$)", lines), lines  # nor is a day
    equal(made.guard.run("incident", "board", "--pdf", path, number).returncode, 2)


@test(gateway=True, limit=120)
def test_no_pdf_is_left_that_no_record_knows():
    """Whoever started pasu ignores SIGCHLD; standard output takes nothing; somebody ends it halfway"""
    if not shutil.which("weasyprint"):
        raise harness.Skip("weasyprint is not installed")
    made = front("report_ends")
    number, path = number_of(made), made.guard.folder / "r.pdf"
    command = [harness.PASU, "report", "-c", made.guard.path, "--form", "gdpr", *BY, "report", "--pdf", str(path), number]
    done = subprocess.run(["sh", "-c", 'exec "$@" > /dev/full', "sh", *command], stderr=subprocess.PIPE, timeout=60, text=True, check=False)
    equal((done.returncode, path.exists()), (2, False), done.stderr)
    slow = made.guard.folder / "bin" / "weasyprint"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nprintf '%%PDF-'; echo begun >&2; exec tail -f /dev/null\n", encoding="utf-8")
    slow.chmod(0o700)
    begun, say = os.pipe()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=say, start_new_session=True,
                          env={**os.environ, "PATH": f"{slow.parent}:{os.environ['PATH']}"}) as half:
        equal(os.read(begun, 5), b"begun")
        os.killpg(half.pid, signal.SIGTERM)
        equal((half.wait(60), path.exists()), (-signal.SIGTERM, False))
    os.close(begun)
    os.close(say)
    equal([one["what"] for one in incident(made, "show", number)[0]["events"] if one["what"] == "reported"], [])
    done = guard.run(*command[1:], timeout=60, preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    equal((done.returncode, path.read_bytes()[:5]), (0, b"%PDF-"), done.stderr)
    made.stop()


@test(gateway=True)
def test_deadlines_are_said_in_the_language_of_the_page():
    made = front("report_deadlines")
    fresh = number_of(made)
    old = number_of(made, "--when", (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=20)).strftime("%Y-%m-%dT%H:%MZ"))
    incident(made, "met", *BY, "told them", old, "eu-authority")
    incident(made, "met", *BY, "told them", fresh, "eu-authority")
    # When it was met and when it is due are told apart.
    met = r" 2\S+ \S+ \S+, "
    for number, found in ((old, f"eu-authority: 이행{met}" + r"17일 0시간 \d+분 초과, 기한 2"), (old, r"kr-network-incident: 기한 경과, 19일 0시간 \d+분 초과, 기한 2"),
                          (fresh, f"eu-authority: 이행{met}기한 2"), (fresh, r"kr-network-incident: 진행 중, 0일 23시간 \d+분 남음, 기한 2")):
        row = report(made, number, "pipc")[0].rows["법정 기한"]
        assert re.search(found, row), row
        assert not re.search(r"\b(met|ended|over|nears|runs|left|late)\b", row), row
    row = report(made, old, "gdpr")[0].rows["Deadlines"]
    assert re.search(f"eu-authority: met{met}17d 00h late, due 2", row), row
    incident(made, "close", *BY, "done", fresh)
    assert "kr-network-incident: 종료, 기한 2" in report(made, fresh, "pipc")[0].rows["법정 기한"]
    made.stop()


GAPS = {"pipc": ("조회되지 않은 것으로 확인된 항목", "기록에 공백이 있어"), "8k": ("Data that was watched and not shown", "the record has gaps")}


def check_gaps(made, number, version):
    """The census of sessions that others had with the server is one, whenever it comes"""
    for form, (label, words) in GAPS.items():
        equal(words in report(made, number, form)[0].rows[label], version["answer"]["gaps"] > 0, form)


@test(gateway=True)
def test_a_decoy_is_no_person_and_a_gap_is_said():
    """One that is registered among those who were shown is in no later version, no notice and no report; what a report knows
    not to have been shown is certain only where nothing is missing of the record"""
    made = front("report_decoy")
    keys = (1287, 1294, 1301)
    with made.login(user="app") as session:
        session.query(f"SELECT id, name FROM customers WHERE id IN {keys}")
    made.guard.until_sessions(0)
    number = number_of(made)
    first = scope(made, number)
    equal(first["answer"]["subjects"], {"customer": [3, 3]})
    register_unasked(made, "customer", keys[0])
    assert "2 to be told of a leak" in run(made, number)  # of the version that knew no better
    version = scope(made, number, why="one is made up")
    equal((version["answer"]["subjects"], version["answer"]["fields"]["name"][:2]), ({"customer": [2, 2]}, [2, 2]))
    equal([made.guard.json("scope", "--size", str(one["size"]))[0]["subjects"]["customer"]["at_least"] for one in (first, version)], [3, 2])
    page, text = report(made, number, "gdpr")
    equal(numbers(page.rows["Approximate number of data subjects"]), [2])
    equal({kind: one["at_least"] for kind, one in asked_again(made, page.commands["Approximate number of data subjects"])["subjects"].items()},
          {"customer": 2})
    assert str(keys[0]) not in text, text
    check_gaps(made, number, version)
    found, _ = notices(made, number)
    equal({one["key"] for one in found}, set(keys[1:]))
    equal(notices(made, number, "--possible")[0], [])
    made.guard.stop()
    made.guard.start()
    version = scope(made, number, why="it had stopped")
    assert version["answer"]["gaps"] > 0, version
    check_gaps(made, number, version)
    made.stop()
    verify(made)


if __name__ == "__main__":
    harness.main()
