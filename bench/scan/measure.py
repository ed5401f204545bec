#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What `pasu scan` costs, CPU seconds per GB of log without compression, beside others that read the same logs: README.md."""
import argparse
import gzip
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
MAPS = {"web": "subjects: {customer: {}}\nroutes: [{path: '/api/members/{customer}/addresses', fields: [name, phone, address]}]\nlogin: [/login]\n",
        "server": "subjects: {customer: {}}\n"
                  "statements: [{sql: 'SELECT name, phone FROM members WHERE id = {customer}', fields: [name, phone]}]\n"}
DEMANDED = {"combined": 0.7, "csvlog": 0.8, "json": 1.0, "combined, gzip": 1.3, "combined, zstd": 1.5}


def cost(command):
    """CPU seconds, user and system, and the peak of memory in MB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in ((0, 1, 3) if "scan" in command else (0,)):
        sys.exit(f"{command[0]} exited with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, used.ru_maxrss / 1024


def make(folder, form, size, days):
    path = folder / f"{form}.{size}.log"
    with open(path, "wb") as file:
        subprocess.run([TREE / "build" / "bench" / "scan_logs", form, str(size), str(days)], stdout=file, check=True)
    return path


def cases(folder, options, all_of_them=True):
    """(what is read, who reads, the command, MiB): what is not installed is left out. Else only pasu, of plain logs."""
    logs = {form: make(folder, form, options.size, options.days) for form in ("combined", "csvlog", "json")}
    maps = {}
    for name, text in MAPS.items():
        maps[name] = folder / f"{name}.yaml"
        maps[name].write_text(text, encoding="ascii")
    for form, path in logs.items():
        yield form, "pasu", [options.pasu, "scan", "--map", maps["server" if form == "csvlog" else "web"], "--json", path], options.size
    if not all_of_them:
        return
    packed = folder / "combined.gz"
    with open(logs["combined"], "rb") as plain, gzip.open(packed, "wb", 6) as file:
        shutil.copyfileobj(plain, file)
    yield "combined, gzip", "pasu", [options.pasu, "scan", "--map", maps["web"], "--json", packed], options.size
    if shutil.which("zstd"):
        subprocess.run(["zstd", "-q", "-3", logs["combined"], "-o", folder / "combined.zst"], check=True)
        yield "combined, zstd", "pasu", [options.pasu, "scan", "--map", maps["web"], "--json", folder / "combined.zst"], options.size
    small = {form: make(folder, form, options.small, options.days) for form in ("combined", "csvlog")}
    others = {"wc": ("combined", ["wc", "-l", logs["combined"]], options.size),
              "rg": ("combined", ["rg", "-c", "-j1", r"/api/members/\d+/addresses", logs["combined"]], options.size),
              "goaccess": ("combined", ["goaccess", "--no-global-config", "--log-format=COMBINED", "-o", folder / "goaccess.json", small["combined"]],
                           options.small),
              "pgbadger": ("csvlog", ["pgbadger", "-q", "-f", "csv", "-o", folder / "pgbadger.html", small["csvlog"]], options.small)}
    for tool, (form, command, size) in others.items():
        # pgbadger exits well without what it reads CSV with
        if shutil.which(tool) and (tool != "pgbadger" or subprocess.run(["perl", "-MText::CSV_XS", "-e", "1"], capture_output=True, check=False).returncode == 0):
            yield form, tool, command, size
        else:
            print(f"{tool} is not installed: left out", file=sys.stderr)


def started(command):
    return subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wall(*commands):
    """Seconds until all of them are done, side by side, and what CPU seconds they took."""
    used, begin = 0, time.monotonic()
    for process in [started(command) for command in commands]:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1, 3):
            sys.exit(f"{commands[0][0]} exited with {process.returncode}")
        used += usage.ru_utime + usage.ru_stime
    return time.monotonic() - begin, used


def threads(folder, options):
    """How much sooner two threads are done; and how much sooner two processes are that share nothing, as a machine's two cores need
    not be worth two."""
    print(f"{'log':16}{'-j 1, s/GB':>12}{'-j 2, s/GB':>12}{'times':>7}{'median':>8}{'two alone':>11}{'CPU -j 1':>10}{'-j 2':>7}")
    for form, _, command, size in cases(folder, options, False):
        gigabytes = size * 1.048576e-3
        runs = [(wall([*command, "-j", "1"]), wall([*command, "-j", "2"]), wall([*command, "-j", "1"], [*command, "-j", "1"])) for _ in range(options.runs)]
        one, two, both = ([run[i][0] for run in runs] for i in range(3))
        times = statistics.median(a / b for a, b in zip(one, two))
        alone = statistics.median(2 * a / b for a, b in zip(one, both))
        spent = [statistics.median(run[i][1] for run in runs) / gigabytes for i in range(2)]
        print(f"{form:16}{min(one) / gigabytes:12.3f}{min(two) / gigabytes:12.3f}{min(one) / min(two):7.2f}{times:8.2f}{alone:11.2f}{spent[0]:10.3f}{spent[1]:7.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pasu", default=TREE / "build" / "pasu", type=pathlib.Path)
    parser.add_argument("--size", default=400, type=int, help="MiB of each log")
    parser.add_argument("--small", default=20, type=int, help="MiB of the logs of those who are slow")
    parser.add_argument("--days", default=1, type=float, help="that a log is of")
    parser.add_argument("--runs", default=3, type=int)
    parser.add_argument("--threads", action="store_true", help="how much sooner two threads are done, instead: wall clock, on a quiet machine")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures to this file, too")
    options = parser.parse_args()
    if options.threads:
        with tempfile.TemporaryDirectory(prefix="pasu-scan-") as folder:
            threads(pathlib.Path(folder), options)
        return
    rows = []
    with tempfile.TemporaryDirectory(prefix="pasu-scan-") as folder:
        todo = list(cases(pathlib.Path(folder), options))
        runs = [[cost(command) for _, _, command, _ in todo] for _ in range(options.runs)]  # in turn, so that what else runs hits all
        for i, (form, tool, _, size) in enumerate(todo):
            seconds = statistics.median(run[i][0] for run in runs) / (size * 1.048576e-3)
            rows.append({"log": form, "reader": tool, "cpu_seconds_per_gb": round(seconds, 3), "memory_mb": round(max(run[i][1] for run in runs))})
    counted = next((row["cpu_seconds_per_gb"] for row in rows if row["reader"] == "wc"), None)
    print(f"{'log':16}{'reader':10}{'CPU s/GB':>10}{'of wc -l':>10}{'MB':>7}{'asked':>7}")
    for row in rows:
        times = f"{row['cpu_seconds_per_gb'] / counted:.1f}" if counted else ""
        asked = DEMANDED.get(row["log"], "") if row["reader"] == "pasu" else ""
        print(f"{row['log']:16}{row['reader']:10}{row['cpu_seconds_per_gb']:10.3f}{times:>10}{row['memory_mb']:7}{asked:>7}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="ascii")


main()
