# SPDX-License-Identifier: Apache-2.0
"""Instructions that pasu's gate and keeper run for a query, counted by valgrind's callgrind.

They are those of user mode, the same on a busy machine as on an idle one. Each count is the difference of two runs that differ
in how many queries they have, so what a start and an end take is not in it. Valgrind knows neither seccomp(2) nor, as blocking,
io_uring: a library that is loaded before stands for both, so the gate uses epoll and has no filter."""
import os
import re
import shutil
import statistics
import subprocess

import rig as rigs

STANDS_FOR = """
void *seccomp_init(unsigned a) { static int it; (void)a; return &it; }
int seccomp_attr_set(void *f, int a, unsigned v) { (void)f; (void)a; (void)v; return 0; }
int seccomp_rule_add(void *f, unsigned a, int s, unsigned n, ...) { (void)f; (void)a; (void)s; (void)n; return 0; }
int seccomp_load(void *f) { (void)f; return 0; }
void seccomp_release(void *f) { (void)f; }
int io_uring_queue_init_params(unsigned n, void *r, void *p) { (void)n; (void)r; (void)p; return -38; /* ENOSYS */ }
"""
CLIENTS, FEW, MANY = 4, 100, 600  # queries of each client
RATE = 200  # together, a second: the keeper puts together what comes at once, so both must be as fast
END_SECONDS = 60
PROCESSES = ("gate", "keeper")


def is_possible():
    return shutil.which("valgrind") is not None


def make_library(rig):
    path = rig.path("stands-for.so")
    if not os.path.exists(path):
        with open(rig.path("stands-for.c"), "w") as file:
            file.write(STANDS_FOR)
        done = subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", path, rig.path("stands-for.c")],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise rigs.BenchError(f"cannot compile what stands for seccomp:\n{done.stderr}")
        os.chmod(path, 0o755)
    return path


def total(folder, pid):
    try:
        with open(os.path.join(folder, f"out.{pid}"), errors="replace") as file:
            found = re.search(r"^(?:summary|totals): (\d+)", file.read(), re.MULTILINE)
    except OSError:
        found = None
    if not found:
        raise rigs.BenchError(f"callgrind has left no count of process {pid}")
    return int(found[1])


def ask(rig, port, mode, queries):
    out = rig.run([rigs.postgres_program("pgbench"), "-n", "-S", "-M", mode, "-c", str(CLIENTS), "-j", "1", "-t", str(queries), "-R", str(RATE),
                   "-h", "127.0.0.1", "-p", str(port), "-U", rigs.USER, rigs.DATABASE])
    if f"transactions actually processed: {CLIENTS * queries}/{CLIENTS * queries}" not in out:
        raise rigs.BenchError(f"not all queries were answered:\n{out}")


def run(rig, server, program, mapping, mode, queries):
    """{process: instructions} of a guard's life with so many queries of each client."""
    folder = rig.make_folder(f"counted-{os.urandom(4).hex()}", "nobody")
    before = ["/usr/bin/env", f"LD_PRELOAD={make_library(rig)}", "valgrind", "--quiet", "--tool=callgrind", "--trace-children=yes",
              f"--callgrind-out-file={folder}/out.%p"]
    process, port = rigs.start_pasu(rig, server, program, 1, 200, mapping, before)
    status = rigs.parse_json(rig.run([rig.copy(program), "status", "-c", process.config, "--json"]))
    pids = {one["name"]: one["pid"] for one in status["processes"]}
    ask(rig, port, mode, queries)
    process.popen.terminate()
    process.popen.wait(END_SECONDS)
    rig.stop(process)
    return {name: total(folder, pids[name]) for name in PROCESSES}


def per_query(rig, server, program, mapping, mode):
    few, many = (run(rig, server, program, mapping, mode, queries) for queries in (FEW, MANY))
    return {name: (many[name] - few[name]) / (CLIENTS * (MANY - FEW)) for name in PROCESSES}


def middle(rounds):
    """Of several counts the median of each process, with the least and the most."""
    return {name: (statistics.median(values), min(values), max(values))
            for name in PROCESSES for values in [[one[name] for one in rounds]]}
