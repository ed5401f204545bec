# SPDX-License-Identifier: Apache-2.0
"""System calls that pasu's gate and keeper make for a query, counted by strace.

Each count is the difference of two runs that differ in how many queries they have, at one rate, so what goes on all the time (a look at
the server, a checkpoint) is in both for as long as they last; more for a query is what the controls would add."""
import os
import re
import shutil
import signal
import subprocess

import count
import rig as rigs

FEW, MANY = 100, 600  # queries of each client
SECONDS = 30


def is_possible():
    return shutil.which("strace") is not None


def total(path):
    with open(path) as file:
        found = re.search(r"^\s*[\d.]+\s+[\d.]+\s+(?:\d+\s+)?(\d+)(?:\s+\d+)?\s+total$", file.read(), re.MULTILINE)
    if not found:
        raise rigs.BenchError("strace has left no count")
    return int(found[1])


def counted(rig, pids, work):
    """{process: system calls} while the work is done."""
    folder = rig.make_folder(f"calls-{os.urandom(4).hex()}", "nobody")
    traced = {name: subprocess.Popen(["strace", "-f", "-c", "-o", f"{folder}/{name}", "-p", str(pids[name])], stderr=subprocess.PIPE, text=True)
              for name in count.PROCESSES}
    try:
        for name, one in traced.items():
            if "attached" not in (line := one.stderr.readline()):
                raise rigs.BenchError(f"strace cannot be attached to the {name}: {line.strip()}")
        work()
    finally:
        for one in traced.values():
            one.send_signal(signal.SIGINT)
            one.wait(SECONDS)
            one.stderr.close()
    return {name: total(f"{folder}/{name}") for name in traced}


def per_query(rig, server, program, mapping, mode):
    process, port = rigs.start_pasu(rig, server, program, 1, 200, mapping)
    status = rigs.parse_json(rig.run([rig.copy(program), "status", "-c", process.config, "--json"]))
    pids = {one["name"]: one["pid"] for one in status["processes"]}

    def work(queries):
        count.ask(rig, port, mode, queries)

    work(FEW)  # its plans are made
    few, many = (counted(rig, pids, lambda: work(queries)) for queries in (FEW, MANY))
    rig.stop(process)
    return {name: (many[name] - few[name]) / (count.CLIENTS * (MANY - FEW)) for name in count.PROCESSES}
