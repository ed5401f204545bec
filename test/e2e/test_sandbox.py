#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the processes have given up: rights, new privileges, and the system calls that are not in
base/sandbox.def. What each profile answers to each call is tested in test/unit/test_sandbox.c; here, that
the processes have them, and that what they do all day is in them."""
import base64
import contextlib
import os
import pathlib
import signal

import guard
import harness
import injected
import names
import namespace
import process
import stage
import targets
import wire
from stage import Front, equal, test

# The children's own, and the one they started with; and before both, that which takes the io_uring away.
FILTERS = {name: count + harness.EPOLL for name, count in
           {"supervisor": 1, "gate": 2, "keeper": 2, "herald": 2, "indexer": 2, "registrar": 2, "watcher": 2, "console": 2, "clerk": 2}.items()}
TOKEN = "a-token-of-more-than-20-characters"


def said(pid):
    """/proc/PID/status as a map."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def works(front):
    """Whether a new session is taken and answers."""
    with contextlib.suppress(OSError, wire.Closed, wire.ServerError):
        with front.login() as session:
            return session.value("SELECT 1") == "1"
    return False


@harness.shared
def publishing():
    """A gateway whose checkpoints are published to a file, that is told of people, and whom persons ask: it has a herald, a registrar,
    console and clerk, too."""
    target = harness.folder() / "published"
    target.mkdir()
    target.chmod(0o777)
    roster, token = harness.folder() / "roster.csv", harness.folder() / "token"
    roster.write_text("principal\n", encoding="utf-8")
    token.write_text(TOKEN, encoding="utf-8")
    token.chmod(0o600)
    outbox = harness.folder() / "outbox"
    outbox.mkdir()
    outbox.chmod(0o777)
    front = Front(stage.server(), "publishing", more={
        "ledger": {"publish": {"file": str(target / "checkpoint")}},
        "principals": {"roster": str(roster), "scim": {"listen": f"127.0.0.1:{process.free_port()}", "token_file": str(token)}},
        "subjects": {"customer": {"table": "public.customers", "key": "id"}},
        "affected": {"listen": f"127.0.0.1:{process.free_port()}", "file": str(outbox)},
        "incident": {"contacts": [{"subject": "customer", "query": "SELECT id, email FROM public.customers"}]}})
    process.until(lambda: {"herald", "indexer", "registrar", "watcher", "console", "clerk"} <= set(front.guard.pids()), "all of its processes")
    return front


def published(front):
    """The newest published checkpoint; nothing where there is none yet."""
    path = pathlib.Path(front.guard.config["ledger"]["publish"]["file"])
    return path.read_bytes() if path.exists() else b""


@test(gateway=True)
def test_every_process_is_filtered():
    """Supervisor, gate, keeper, herald, registrar, indexer, watcher, console and clerk run under a system-call filter, and no program they ran could have more
    rights than they"""
    for name, pid in publishing().guard.pids().items():
        process.until(lambda name=name, pid=pid: int(said(pid)["Seccomp_filters"]) == FILTERS[name], f"the filters of {name}")
        status = said(pid)
        equal((status["Seccomp"], status["NoNewPrivs"]), ("2", "1"), name)
        equal(len(process.children(pid)), 8 if name == "supervisor" else 0, f"{name}: children")
        for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
            equal(said(f"{pid}/task/{thread.name}")["Seccomp_filters"], str(FILTERS[name]), f"{name}: a thread")


@test(gateway=True)
def test_children_have_no_rights():
    """Gate, keeper, herald, registrar, indexer, watcher, console and clerk run without root's rights, can get none back, and hold few descriptors"""
    for name, pid in publishing().guard.pids().items():
        status = said(pid)
        assert process.descriptors(pid) < 32, f"{name}: {process.descriptors(pid)} descriptors"
        if name == "supervisor":
            continue
        equal(int(status["CapEff"], 16) | int(status["CapPrm"], 16), 0, f"{name}: capabilities")
        if harness.ROOT:
            assert "0" not in status["Uid"].split(), f"{name} runs as root"
            assert "0" not in status["Gid"].split() and not status["Groups"], f"{name} has root's group"


def injection(function):
    return harness.root_only(harness.only_if(injected.POSSIBLE, "x86-64 only")(function))


@injection
@test(gateway=True)
def test_child_runs_a_program():
    """A gate or keeper made to run a program is ended before it does (SIGSYS), and replaced"""
    front = stage.front()
    for name in ("gate", "keeper"):
        mark, pids = front.guard.mark(), front.guard.pids()
        injected.call(pids[name], injected.EXECVE)
        event = front.guard.wait("process_died", start=mark, name=name)
        equal((event["pid"], event["how"]), (pids[name], "SYS"))
        process.until(lambda name=name, old=pids[name]: front.guard.run("status").returncode == 0 and
                      front.guard.pids().get(name) not in (0, None, old), f"a new {name}")
        process.until(lambda: works(front), "a new session")


@injection
@test(gateway=True)
def test_herald_runs_a_program():
    """A herald made to run a program is ended before it does (SIGSYS); a new one publishes, and no session
    notices"""
    front = publishing()
    mark, pids, before = front.guard.mark(), front.guard.pids(), published(front)
    with front.login() as session:
        injected.call(pids["herald"], injected.EXECVE)
        event = front.guard.wait("process_died", start=mark, name="herald")
        equal((event["pid"], event["how"]), (pids["herald"], "SYS"))
        process.until(lambda: front.guard.pids().get("herald") not in (0, None, pids["herald"]), "a new herald")
        newest = front.guard.folder / "ledger" / "checkpoint"
        assert works(front)
        process.until(lambda: before != published(front) == newest.read_bytes(), "it publishes")
        equal(session.value("SELECT 1"), "1")


@injection
@test(gateway=True)
def test_indexer_runs_a_program():
    """An indexer made to run a program is ended before it does (SIGSYS); a new one keeps the index, and no session
    notices"""
    front = stage.front()
    front.guard.wait("index_ready")
    mark, pids = front.guard.mark(), front.guard.pids()
    with front.login() as session:
        injected.call(pids["indexer"], injected.EXECVE)
        event = front.guard.wait("process_died", start=mark, name="indexer")
        equal((event["pid"], event["how"]), (pids["indexer"], "SYS"))
        front.guard.wait("index_ready", start=mark)
        equal(session.value("SELECT 1"), "1")


@harness.root_only
@test(gateway=True)
def test_indexer_knows_little():
    """The indexer has nothing of the ledger open but the segments and the index, no socket but the supervisor's, the
    lowest priority, and in its memory neither the secret nor the key that signs"""
    front = stage.front()
    front.guard.wait("index_ready")
    pid, folder = front.guard.pids()["indexer"], front.guard.folder / "ledger"
    held = [os.readlink(one) for one in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
    places = [one for one in held if one.startswith(str(folder))]
    assert {str(folder / name) for name in ("segments", "index")} <= set(places), held
    assert all(one.startswith((f"{folder}/segments", f"{folder}/index")) for one in places), places
    equal(sum(one.startswith("socket:") for one in held), 1, "sockets")
    equal(os.getpriority(os.PRIO_PROCESS, pid), 19)
    key = base64.b64decode((folder / "signing.key").read_text(encoding="utf-8").strip().split("+", 4)[4])[1:]
    memory = writable_memory(pid)
    equal([word in memory for word in ((folder / "secret").read_bytes(), key)], [False, False])


@harness.root_only
@test(gateway=True)
def test_watcher_knows_little():
    """The watcher has nothing of the ledger open but the segments, no socket but the supervisor's, the lowest priority, and in its
    memory neither the secret nor the key that signs"""
    front = stage.front()
    front.guard.wait("watcher_ready")
    pid, folder = front.guard.pids()["watcher"], front.guard.folder / "ledger"
    held = [os.readlink(one) for one in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
    places = [one for one in held if one.startswith(str(folder))]
    assert str(folder / "segments") in places and all(one.startswith(f"{folder}/segments") for one in places), held
    equal(sum(one.startswith("socket:") for one in held), 1, "sockets")
    equal(os.getpriority(os.PRIO_PROCESS, pid), 19)
    key = base64.b64decode((folder / "signing.key").read_text(encoding="utf-8").strip().split("+", 4)[4])[1:]
    memory = writable_memory(pid)
    equal([word in memory for word in ((folder / "secret").read_bytes(), key)], [False, False])


@harness.root_only
@test(gateway=True)
def test_herald_knows_little():
    """The herald has nothing of the ledger open, and in its memory neither the secret nor the key that signs"""
    front = publishing()
    pid, folder = front.guard.pids()["herald"], front.guard.folder / "ledger"
    held = [os.readlink(one) for one in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
    assert not [one for one in held if one.startswith(str(folder))], held
    key = base64.b64decode((folder / "signing.key").read_text(encoding="utf-8").strip().split("+", 4)[4])[1:]
    equal(len(key), 32)
    memory = writable_memory(pid)
    equal([word in memory for word in ((folder / "secret").read_bytes(), key)], [False, False])
    assert key in writable_memory(front.guard.pids()["keeper"]), "what to look for"


@harness.root_only
@test(gateway=True)
def test_registrar_knows_little():
    """The registrar has nothing of the ledger open but its own folder, and in its memory neither the secret, the key that signs nor the token"""
    front = publishing()
    pid, folder = front.guard.pids()["registrar"], front.guard.folder / "ledger"
    held = [os.readlink(one) for one in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
    equal([one for one in held if one.startswith(str(folder))], [str(folder / "people")])
    key = base64.b64decode((folder / "signing.key").read_text(encoding="utf-8").strip().split("+", 4)[4])[1:]
    memory = writable_memory(pid)
    equal([word in memory for word in ((folder / "secret").read_bytes(), key, TOKEN.encode())], [False] * 3)


@injection
@test(gateway=True)
def test_registrar_runs_a_program():
    """A registrar made to run a program is ended before it does (SIGSYS); a new one takes its place, and no session notices"""
    front = publishing()
    mark, pids = front.guard.mark(), front.guard.pids()
    with front.login() as session:
        injected.call(pids["registrar"], injected.EXECVE)
        event = front.guard.wait("process_died", start=mark, name="registrar")
        equal((event["pid"], event["how"]), (pids["registrar"], "SYS"))
        process.until(lambda: front.guard.pids().get("registrar") not in (0, None, pids["registrar"]), "a new registrar")
        equal(session.value("SELECT 1"), "1")


@harness.root_only
@test(gateway=True)
def test_herald_of_another_account():
    """Where there is an account pasu-herald the herald is of it, and the ledger's files are not: it can read none"""
    namespace.private_mounts()
    accounts, target = harness.folder() / "passwd", harness.folder() / "elsewhere"
    accounts.write_text(pathlib.Path("/etc/passwd").read_text(encoding="utf-8") +
                        "pasu-herald:x:64999:64999::/:/bin/false\n", encoding="utf-8")
    namespace.run("mount", "--bind", accounts, "/etc/passwd")
    target.mkdir()
    os.chown(target, 64999, 64999)
    witness = targets.Witness("witness.example/account")
    try:
        front = Front(stage.server(), "accounts", more={"ledger": {"publish": {
            "file": str(target / "checkpoint"), "witnesses": [witness.entry()]}}})
    finally:
        namespace.run("umount", "/etc/passwd")
    pids, folder = front.guard.pids(), front.guard.folder / "ledger"
    process.until(lambda: published(front), "it publishes")
    equal({said(pids["herald"])[key] for key in ("Uid", "Gid")}, {"64999\t64999\t64999\t64999"})
    assert said(pids["keeper"])["Uid"] != said(pids["herald"])["Uid"]
    for path in [folder, *folder.iterdir()]:
        if path.name not in ("published", "lock") and not path.is_socket():
            equal(path.stat().st_uid, folder.stat().st_uid, str(path))
    equal((folder.stat().st_mode & 0o777, (folder / "signing.key").stat().st_mode & 0o777), (0o700, 0o600))
    equal((folder / "published").stat().st_uid, 64999)
    front.stop()


def pollers(pid):
    """What the workers of the gate with this process id wait with, by name."""
    kinds = [os.readlink(one) for one in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
    return {name: sum(kind == f"anon_inode:[{name}]" for kind in kinds) for name in ("io_uring", "eventpoll")}


@injection
@test(gateway=True)
def test_gate_makes_a_ring():
    """Each worker has one io_uring, made before the filter; a gate made to make another is ended (SIGSYS):
    the filter would not see what that one is asked for"""
    front = stage.front()
    mark, pids = front.guard.mark(), front.guard.pids()
    workers = pollers(pids["gate"])
    assert sorted(workers.values())[0] == 0 and sum(workers.values()) >= 1, workers
    injected.call(pids["gate"], injected.IO_URING_SETUP)
    event = front.guard.wait("process_died", start=mark, name="gate")
    equal((event["pid"], event["how"]), (pids["gate"], "SYS"))
    process.until(lambda: works(front), "a new session")


@test(gateway=True)
def test_without_io_uring():
    """Where the kernel gives no io_uring the workers wait with epoll, and nothing else differs"""
    front = Front(stage.server(), "without-ring", more={"before": guard.WITHOUT_URING})
    workers = pollers(front.guard.pids()["gate"])
    assert workers["io_uring"] == 0 and workers["eventpoll"] >= 1, workers
    assert works(front)
    front.stop()


@injection
@test(gateway=True)
def test_supervisor_runs_a_program():
    """A supervisor made to run a program is ended before it does (SIGSYS), and its children with it"""
    front = Front(stage.server(), "taken-over")
    pids = front.guard.pids()
    injected.call(pids["supervisor"], injected.EXECVE)
    equal(front.process.wait(), -signal.SIGSYS, "exit status")
    process.until(lambda: not any(process.is_running(pid) for pid in pids.values()), "all its processes ended")


@harness.shared
def name_server():
    made = names.NameServer()
    yield made
    made.close()


@harness.root_only
@test(gateway=True)
def test_names():
    """Names are looked up under the filters: the server's by DNS over UDP and TCP, a listener's at a reload"""
    asked = name_server().asked
    port = process.free_port()
    front = Front(stage.server(), "named", upstream=f"db.pasu.test:{stage.server().port}")
    assert works(front)
    equal(set(asked), {"udp", "tcp"})
    pids, before = front.guard.pids(), len(asked)
    changed = dict(front.gateway, listen=[front.gateway["listen"], f"front.pasu.test:{port}"])
    equal(front.reload(changed), "config_reloaded")
    assert len(asked) > before, "the listener's name was not looked up"
    with wire.login(("127.0.0.1", port)) as session:
        equal(session.value("SELECT 1"), "1")
    equal(front.guard.pids(), pids)
    assert not front.guard.find("process_died"), front.guard.find("process_died")
    front.stop()


@harness.root_only
@test(gateway=True)
def test_names_of_targets():
    """Names of servers to publish to are looked up by the supervisor, too, and again once nobody answers there"""
    hook, asked = targets.Web(), name_server().asked
    url, before = f"http://hook.pasu.test:{hook.port}/", len(asked)
    front = Front(stage.server(), "named-target", more={"ledger": {"publish": {"webhook": url}}})
    process.until(hook.largest, "it arrives")
    assert len(asked) > before
    port, before = hook.port, len(asked)
    hook.close()
    assert works(front)
    front.guard.wait("publish_failed", target="webhook")
    process.until(lambda: len(asked) > before, "the name is looked up again")
    hook = targets.Web(port=port)
    process.until(hook.largest, "it arrives again")
    assert not front.guard.find("process_died"), front.guard.find("process_died")
    front.stop()


@injection
@test(gateway=True)
def test_look_up_runs_a_program():
    """A look-up made to run a program is ended before it does (SIGSYS); the log says so, the next one works"""
    answers = name_server().held
    answers.clear()
    front = Front(stage.server(), "half-named", upstream=f"db.pasu.test:{stage.server().port}", more={"wait": False})
    started = [front.guard.wait("process_started", name=name)["pid"] for name in ("gate", "keeper")]
    look_up = process.until(lambda: set(process.children(front.process.pid)) - set(started), "a look-up").pop()
    process.until(lambda: said(look_up)["Seccomp"] == "2", "its filter")
    injected.call(look_up, injected.EXECVE)
    event = front.guard.wait("process_died", name="look-up")
    equal((event["pid"], event["how"]), (look_up, "SYS"))
    answers.set()
    front.guard.wait("ready")
    process.until(lambda: works(front), "a new session")
    equal([front.guard.pids()[name] for name in ("gate", "keeper")], started)
    front.stop()


def writable_memory(pid):
    """What a process has in memory that can be written. It stands still meanwhile, as what it gives back is not there any more."""
    os.kill(pid, signal.SIGSTOP)
    try:
        process.until(lambda: all(one.read_text().rsplit(")", 1)[1].split()[0] == "T" for one in pathlib.Path(f"/proc/{pid}/task").glob("*/stat")), "it stands still")
        return memory_of(pid)
    finally:
        os.kill(pid, signal.SIGCONT)


def memory_of(pid):
    found = b""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            place, rights = line.split()[:2]
            if rights.startswith("rw") and "[v" not in line:
                begin, end = (int(word, 16) for word in place.split("-"))
                memory.seek(begin)
                found += memory.read(end - begin)
    return found


def rights(pid):
    """Its account, and whether others of that account can look into it."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    return {"accounts": set(status["Uid"].split()), "groups": status["Groups"].split(),
            "is_dumpable": os.stat(f"/proc/{pid}").st_uid != 0, "no_new": status["NoNewPrivs"]}


@harness.root_only
@test(gateway=True)
def test_look_up_rights():
    """Whoever reads DNS answers has the account's rights; no child knows a secret that it does not need"""
    answers, before = name_server().held, len(name_server().asked)
    answers.clear()
    password = harness.folder() / "inspector-password"
    password.write_text("a-word-that-only-the-gate-needs\n", encoding="ascii")
    password.chmod(0o600)
    front = Front(stage.server(), "no-secrets", upstream=f"db.pasu.test:{stage.server().port}",
                  inspector={"user": "pasu", "password_file": str(password)}, more={"wait": False})
    try:
        gate, keeper = (front.guard.wait("process_started", name=name)["pid"] for name in ("gate", "keeper"))
        look_up = process.until(lambda: set(process.children(front.process.pid)) - {gate, keeper}, "a look-up").pop()
        process.until(lambda: "0" not in rights(gate)["accounts"] and rights(look_up) == {**rights(gate), "no_new": "1"},
                      "it has given up its rights, as the gate has")
        process.until(lambda: len(name_server().asked) > before, "it has asked")
        secret = (front.guard.folder / "ledger" / "secret").read_bytes()
        words = (secret, b"a-word-that-only-the-gate-needs")
        supervisor = writable_memory(front.process.pid)
        equal([word in supervisor for word in words], [True, True], "what to look for")
        memory = writable_memory(look_up)
        equal([word in memory for word in words], [False, False], "the look-up's memory")
        memory = writable_memory(keeper)
        equal([word in memory for word in words], [False, False], "the keeper's memory")
    finally:
        answers.set()
    front.guard.wait("ready")
    front.stop()


if __name__ == "__main__":
    harness.main()
