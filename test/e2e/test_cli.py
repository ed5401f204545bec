#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The commands: what they print, who may give them, how they end."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios

import guard
import harness
import inspector
import postgres
import process
from stage import Front, equal, test
import wire

SESSION_KEYS = {"session", "gateway", "principal", "database", "application", "source", "state", "approval", "since", "tls", "subjects",
                "statements", "rows", "bytes_out"}
STATUS_KEYS = {"gateways", "processes", "principals", "sessions", "statements", "rows", "bytes_in", "bytes_out", "allocations"}

# What commands must be given besides.
MORE = {"kill": ["--principal", "app"], "deny": ["--reason", "x", "1"]}


@harness.shared
def server():
    made = postgres.Server(harness.folder(), "server")
    made.sql("CREATE ROLE analyst LOGIN")
    made.sql("CREATE ROLE app LOGIN")
    return made


@harness.shared
def front():
    return Front(server())


def login(user):
    return front().login(user=user, application_name=f"of {user}")


def commands():
    """The commands that pasu help lists."""
    listed = guard.run("help").stdout.split("\ncommands:\n")[1].split("\n\n")[0]
    return [line.split()[0] for line in listed.splitlines()]


def who_may(command):
    text = guard.run("help", command).stdout
    return " ".join(text.split("\nwho may:\n")[1].split("\n\n")[0].split())


def of_operators():
    return [one for one in commands() if who_may(one).startswith("Root, and the account that pasu")]


# ---- rights ----

@test(gateway=True)
@harness.root_only
def test_an_account_that_is_not_listed_is_refused_every_command_of_operators():
    assert set(of_operators()) >= {"status", "sessions", "kill"}, of_operators()
    stranger = "postgres" if postgres.account() == "postgres" else "daemon"
    with login("app") as victim:
        for command in of_operators():
            words = [command, "-c", front().guard.path, *MORE.get(command, [])]
            done = guard.run(*words, user=stranger)
            equal(done.returncode, 1, f"{command}: {done.stderr}")
            assert "refuses to answer" in done.stderr, done.stderr
            equal(done.stdout, "", command)
        equal(victim.value("SELECT 7"), "7")


@test(gateway=True)
def test_what_changes_something_is_recorded_with_who_asked():
    audited = [one for one in of_operators() if "recorded" in who_may(one)]
    equal(audited, ["kill", "approve", "deny", "marks"])
    mark = front().guard.mark()
    front().guard.run("kill", "--principal", "nobody-has-this-name")
    event = front().guard.wait("control_command", start=mark)
    equal((event["command"], event["principal"], int(event["uid"])),
          ("kill", "nobody-has-this-name", os.geteuid()))


# ---- status, sessions, kill ----

@test(gateway=True)
def test_sessions_have_exactly_the_promised_keys():
    with login("analyst") as one:
        one.query("SELECT generate_series(1, 3)")
        found = [s for s in front().guard.sessions() if s["principal"] == "analyst"]
        equal(len(found), 1)
        equal(set(found[0]), SESSION_KEYS)
        equal(set(found[0]["source"]), {"address", "port"})
        equal((found[0]["application"], found[0]["database"], found[0]["state"], found[0]["tls"]),
              ("of analyst", "postgres", "idle", False))
        assert re.fullmatch(r"[0-9a-f]{16}", found[0]["session"]), found[0]["session"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", found[0]["since"]), found[0]["since"]
        equal((found[0]["statements"], found[0]["rows"]), (1, 3))


@test(gateway=True)
def test_sessions_can_be_asked_for_by_principal():
    with login("analyst"), login("app"):
        listed = front().guard.json("sessions", "--principal", "app")
        equal([one["principal"] for one in listed], ["app"])
        text = front().guard.run("sessions", "--principal", "app").stdout
        assert "of app" in text and "of analyst" not in text, text


@test(gateway=True)
def test_status_has_the_promised_keys_and_counts():
    front().guard.wait("index_ready")
    with login("app") as one:
        one.query("SELECT 1")
        status = front().guard.status()
    assert STATUS_KEYS <= set(status), set(status)
    equal({p["name"] for p in status["processes"]}, {"supervisor", "gate", "keeper", "indexer", "watcher"})
    for one in status["processes"]:
        equal(set(one), {"name", "pid", "restarts", "since", "state"})
    assert status["sessions"] >= 1 and status["statements"] >= 1 and status["bytes_out"] > 0, status
    equal(set(status["gateways"][0]), {"name", "listen", "upstream"})


def killed(one):
    """The SQLSTATE that a killed client is told."""
    return one.refused()["C"]


@test(gateway=True)
def test_kill_ends_one_session_and_leaves_the_others():
    with login("analyst") as first, login("analyst") as second:
        port = str(first.socket.getsockname()[1])
        found = [s for s in front().guard.sessions() if str(s["source"]["port"]) == port]
        done = front().guard.run("kill", found[0]["session"], "--json")
        equal((done.returncode, json.loads(done.stdout)), (0, {"killed": 1, "not_found": []}))
        equal(killed(first), "57P01")
        equal(second.value("SELECT 7"), "7")


@test(gateway=True)
def test_kill_ends_all_sessions_of_a_principal():
    with login("analyst") as first, login("analyst") as second, login("app") as other:
        done = front().guard.run("kill", "--principal", "analyst")
        equal((done.returncode, done.stdout), (0, "2 sessions ended\n"))
        equal((killed(first), killed(second)), ("57P01", "57P01"))
        equal(other.value("SELECT 7"), "7")


@test(gateway=True)
def test_kill_says_what_it_did_not_find_and_checks_all_names_first():
    done = front().guard.run("kill", "00000000000000ff", "--json")
    equal((done.returncode, json.loads(done.stdout)), (1, {"killed": 0, "not_found": ["00000000000000ff"]}))
    with login("app") as one:
        mine = front().guard.json("sessions", "--principal", "app")[0]["session"]
        done = front().guard.run("kill", mine, "no-session")
        equal((done.returncode, done.stdout), (2, ""))
        equal(one.value("SELECT 7"), "7")
        equal(front().guard.run("kill").returncode, 2)
        equal(front().guard.run("kill", mine, "--principal", "app").returncode, 2)


@test(gateway=True)
def test_a_guard_that_does_not_run_is_named_and_ends_with_2():
    path = harness.folder() / "absent.yaml"
    path.write_text("gateway: {listen: 127.0.0.1:1, upstream: 127.0.0.1:2}\nledger: {directory: ./absent}\n")
    for command in of_operators():
        done = guard.run(command, "-c", path, *MORE.get(command, []))
        equal(done.returncode, 2, command)
        assert "does not answer at " in done.stderr and "hint:" in done.stderr, done.stderr


@test(gateway=True)
def test_names_from_clients_cannot_move_the_cursor():
    with front().login(user="app", application_name="evil\033[2J\nname"):
        text = front().guard.run("sessions", "--principal", "app").stdout
    assert "\033" not in text and len(text.splitlines()) == 3, text


@test(gateway=True)
def test_watch_shows_a_live_table_until_interrupted():
    words = ["pasu", "sessions", "-c", str(front().guard.path), "--watch"]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(harness.PASU, words)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    seen = b""

    def shows(text):
        nonlocal seen
        if select.select([terminal], [], [], 0.1)[0]:
            seen += os.read(terminal, 65536)
        return text in seen

    try:
        process.until(lambda: shows(b"0 sessions"), "an empty table")
        with login("analyst"):
            process.until(lambda: shows(b"1 session"), "a session in the table")
            os.kill(pid, signal.SIGINT)
            process.until(lambda: shows(b"\033[?1049l"), "the terminal as it was")
        equal(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
        pid = None
    finally:
        os.close(terminal)
        if pid:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    equal(front().guard.run("sessions", "--watch").returncode, 2)


# ---- check ----

def findings(path, status):
    done = guard.run("check", "-c", path, "--connect", "--json", timeout=60)
    equal(done.returncode, status, done.stdout + done.stderr)
    document = json.loads(done.stdout)
    equal(document["ok"], status == 0)
    return {one["name"]: one for one in document["findings"]}


def configuration(name, text):
    path = harness.folder() / name
    path.write_text(text, encoding="utf-8")
    return path


@test(gateway=True)
def test_check_names_every_fault_at_once_with_its_line():
    path = configuration("bad.yaml", "gateway:\n  lisen: 127.0.0.1:1\n  upstream: 127.0.0.1:2\n  tls: {mode: perhaps}\n")
    done = guard.run("check", "-c", path)
    equal(done.returncode, 1)
    for line in (2, 4):
        assert re.search(rf"bad\.yaml:{line}:\d+: fault: .*\n  hint: ", done.stdout), done.stdout
    document = json.loads(guard.run("check", "-c", path, "--json").stdout)
    equal((document["ok"], set(document["faults"][0])), (False, {"file", "line", "column", "text", "hint"}))
    equal(guard.run("check", "-c", harness.folder() / "not-there.yaml").returncode, 2)


@test(gateway=True)
def test_check_warns_of_what_is_not_as_it_may_be_meant():
    path = configuration("rules.yaml", """gateway: {listen: 127.0.0.1:1, upstream: 127.0.0.1:2}
rules:
  - {name: abroad, when: {flags: prob}, verdict: mask}
  - {name: probes, when: {flags: probe}, verdict: allow, durability: strict}
  - {name: said, when: {purpose: {not: none}}, verdict: alert}
metrics: {listen: 127.0.0.1:9127}
""")
    done = guard.run("check", "-c", path)
    equal(done.returncode, 0)
    assert re.search(r"rules\.yaml:3: warning: rules\[0\]\.when\.flags has .prob.: .*\n  hint: .*\nno fault\n$",
                     done.stdout), done.stdout
    document = json.loads(guard.run("check", "-c", path, "--json").stdout)
    equal((document["ok"], document["faults"], len(document["warnings"])), (True, [], 1))
    equal((document["warnings"][0]["line"], set(document["warnings"][0])), (3, {"file", "line", "column", "text", "hint"}))
    path = configuration("doors.yaml", """gateway: {listen: 127.0.0.1:1, upstream: 127.0.0.1:2}
rules:
  - {name: whatever, when: {purpose: any}, verdict: block}
metrics: {listen: 0.0.0.0:9127}
approvals: {approvers: [daemon]}
""")
    document = json.loads(guard.run("check", "-c", path, "--json").stdout)
    equal((document["ok"], [one["line"] for one in document["warnings"]]), (True, [3, 0, 0]))
    for one, words in zip(document["warnings"], ("purpose is the word any", "may enter .*/ledger, where the control socket is", "all addresses")):
        assert re.search(words, one["text"]), one
    path.write_text(path.read_text().replace("metrics", "control: /run/pasu/control.sock\nmetrics", 1))
    equal(len(json.loads(guard.run("check", "-c", path, "--json").stdout)["warnings"]), 2)


@test(gateway=True)
def test_check_connect_says_what_a_fresh_server_lacks_and_nothing_after_the_script():
    bare = postgres.Server(harness.folder(), "bare")
    path = configuration("connect.yaml", f"""
gateway: {{listen: 127.0.0.1:1, upstream: {bare.upstream}, inspector: {{user: pasu}}}}
ledger: {{directory: ./ledger}}
subjects: {{customer: {{table: public.customers, key: id}}}}
personal_data:
  - {{table: public.customers, subject: customer, key: id, fields: {{name: name, fone: phone}}}}
""")
    found = findings(path, 1)
    equal((found["server"]["state"], found["login"]["state"]), ("ok", "missing"))
    bare.sql("CREATE ROLE pasu LOGIN")
    bare.sql("CREATE TABLE public.customers (id int PRIMARY KEY, name text, phone text)")
    found = findings(path, 1)
    equal({name: found[name]["state"] for name in ("server", "version", "role", "catalog", "function")},
          {"server": "ok", "version": "ok", "role": "ok", "catalog": "ok", "function": "missing"})
    equal((found["table public.customers"]["state"], found["column public.customers.fone"]["state"]),
          ("ok", "missing"))
    equal(found["population postgres"]["state"], "warning")
    inspector.install(bare)
    path.write_text(path.read_text().replace("fone", "phone"))
    found = findings(path, 0)
    equal((found["function"]["state"], found["population postgres"]["state"]), ("ok", "ok"))
    bare.sql("GRANT EXECUTE ON FUNCTION pasu.verifier TO PUBLIC")
    equal(findings(path, 1)["function"]["state"], "missing")
    bare.stop()


@test(gateway=True)
def test_check_connect_ends_also_where_nobody_answers():
    path = configuration("nobody.yaml", f"gateway: {{listen: 127.0.0.1:1, upstream: 127.0.0.1:{process.free_port()}, "
                         "inspector: {user: pasu}}\nledger: {directory: ./ledger}\n")
    equal(findings(path, 1)["server"]["state"], "missing")


# ---- all ----

@test(gateway=True)
def test_every_command_explains_itself_and_refuses_what_it_does_not_know():
    for command in commands():
        done = guard.run(command, "--help")
        equal((done.returncode, done.stderr), (0, ""), command)
        assert done.stdout.startswith(f"pasu {command}: "), done.stdout
        done = guard.run(command, "--no-such-option")
        equal((done.returncode, done.stdout), (2, ""), command)
        assert done.stderr.startswith("pasu: ") and "\n  hint: " in done.stderr, done.stderr
    done = guard.run("sesions")
    equal(done.returncode, 2)
    assert "did you mean: pasu sessions?" in done.stderr, done.stderr


@test(gateway=True)
def test_output_that_nobody_takes_is_an_error():
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([harness.PASU, "help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    equal(done.returncode, 2)
    assert "cannot write" in done.stderr, done.stderr


if __name__ == "__main__":
    harness.main()
