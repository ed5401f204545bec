#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a command says beside its answer: of a name that nobody has, of what is not filled in, of what many detectors lack alike."""
import os

import guard
import harness
from process import until
import shop
from stage import equal, test

BASE = """gateway: {listen: 127.0.0.1:6432, upstream: 127.0.0.1:5432}
subjects: {customer: {table: public.customers, key: id}}
incident: {contacts: [{subject: customer, query: 'SELECT 1'}]}
"""


@harness.shared
def front():
    made = shop.front("hints")
    with made.login(user="app") as session:
        session.query("SELECT id, name FROM customers WHERE id = 1287")
        session.terminate()
    made.guard.until_sessions(0)
    return made


@test(gateway=True)
def test_a_principal_nobody_is():
    """scope of a name that is on no record says so, and which are; of one that is, at another time, nothing; the exit status is as ever"""
    for words in ((), ("--no-index",), ("--json",)):
        for name, due in (("ap", "did you mean app?"), ("zzzzzz", "on record are: app")):
            done = front().guard.run("scope", "--principal", name, *words)
            equal(done.returncode, 0)
            assert f"nothing on record is of a principal {name}" in done.stderr and due in done.stderr, done.stderr
        for more in ((), ("--from", "2040-01-01")):
            equal(front().guard.run("scope", "--principal", "app", *more, *words).stderr, "")


@test(gateway=True)
def test_alike_detectors_are_one_line():
    """Detectors that cannot be tested for one reason are one finding of doctor's, with all their names"""
    until(lambda: front().guard.status().get("detectors"), "the watcher's first word")
    found = [line for line in front().guard.run("doctor", timeout=60).stdout.splitlines() if "not testable" in line]
    reasons = [line.split("not testable: ")[1] for line in found]
    equal(len(reasons), len(set(reasons)))
    assert any("coverage, growth" in line and " are not testable" in line for line in found), found


@test(gateway=False)
def test_check_warns():
    """check warns of a controller that is not filled in, where notices need it, and of a folder for codes that cannot be written to; a file is
    no folder"""
    folder = harness.folder() / "hints-check"
    folder.mkdir()
    path = folder / "pasu.yaml"

    def check(text):
        path.write_text(text)
        return guard.run("check", "-c", path)
    done = check(BASE)
    assert done.returncode == 0 and "warning: controller.ko." in done.stdout, done.stdout
    assert "controller" not in check(BASE.split("incident")[0]).stdout
    done = check(BASE + f"affected: {{file: {path}}}\n")
    assert done.returncode == 1 and "affected.file is no folder that can be found" in done.stdout, done.stdout
    done = check(BASE + "affected: {file: /proc/self}\n")  # mostly root cannot either
    equal("cannot write to the folder that affected.file names" in done.stdout, not os.access("/proc/self", os.W_OK))
    assert "cannot write" not in check(BASE + f"affected: {{file: {folder}}}\n").stdout


@test(gateway=False)
def test_one_is_one():
    """One exposure is one exposure"""
    log = harness.folder() / "hints.log"
    log.write_text('192.0.2.1 - kim [25/Nov/2026:10:00:00 +0900] "GET /customers/7 HTTP/1.1" 200 10 "-" "x"\n')
    routes = harness.folder() / "hints-map.yaml"
    routes.write_text("subjects: {customer: {}}\nroutes:\n  - {path: '/customers/{customer}', fields: [name]}\nprincipal: [address]\n")
    done = guard.run("scan", "--map", routes, log)
    assert "\n1 exposure, 0 misses, 0 logins\n" in done.stdout, (done.stdout, done.stderr)


if __name__ == "__main__":
    harness.main()
