# SPDX-License-Identifier: Apache-2.0
"""What a proxy costs: processor time and memory of all its processes, read from /proc.

Total time is the sum over all threads of the first number in /proc/PID/task/TID/schedstat:
nanoseconds on a processor, counted by the scheduler at every switch, so it is exact also for a run
of a few milliseconds. It includes the network work that the kernel does in the thread's name: on
loopback, a send carries the bytes all the way into the receiver's queue.

The kernel does not count the split between user and system mode that way; it samples it at each
timer tick (often 250 a second), scales it to the exact total and shows it in /proc/PID/stat in units
of 10 ms. So: user = total × utime ÷ (utime + stime) over the same interval. One short run gives a
rough user part; the report therefore also gives it pooled over all rounds.
"""
import os


class CostError(Exception):
    """/proc does not show what is needed."""


def process_tree(root):
    """The ids of `root` and all its descendants."""
    children = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                parent = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, IndexError):
            continue  # it ended while we looked
        children.setdefault(parent, []).append(int(name))
    found, left = [], [root]
    while left:
        pid = left.pop()
        found.append(pid)
        left += children.get(pid, [])
    return sorted(found)


class Snapshot:
    """The processor time of all threads of a process tree at one moment."""

    def __init__(self, root):
        self.threads, self.ticks = {}, {}
        for pid in process_tree(root):
            try:
                with open(f"/proc/{pid}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
                self.ticks[pid] = int(fields[11]), int(fields[12])
                for tid in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{tid}/schedstat") as file:
                        self.threads[pid, int(tid)] = int(file.read().split()[0])
            except OSError as error:
                raise CostError(f"process {pid} of the proxy: {error}") from None


def cost_between(before, after):
    """Seconds of processor time between two snapshots: total, user and system, and the raw ticks."""
    ended = {pid for pid, _ in before.threads.keys() - after.threads.keys()}
    if not ended <= after.ticks.keys():
        raise CostError(f"processes of the proxy ended during the run: {sorted(ended - after.ticks.keys())}")
    # What a thread that has ended took (the kernel's own for io_uring come and go) is in its
    # process's ticks only.
    tick = 1 / os.sysconf("SC_CLK_TCK")
    total = sum(ns - before.threads.get(key, 0) for key, ns in after.threads.items()
                if key[0] not in ended) * 1e-9
    total += sum((sum(after.ticks[pid]) - sum(before.ticks[pid])) * tick for pid in ended)
    user = sum(t[0] - before.ticks.get(pid, (0, 0))[0] for pid, t in after.ticks.items())
    system = sum(t[1] - before.ticks.get(pid, (0, 0))[1] for pid, t in after.ticks.items())
    share = user / (user + system) if user + system > 0 else 0.0
    return {"cpu": total, "cpu_user": total * share, "cpu_system": total * (1 - share),
            "user_ticks": user, "system_ticks": system}


def lifetime(root):
    """Seconds of processor time that a server's process has used, with all its children, also those
    that have ended; to 10 ms each."""
    ticks = 0
    for pid in process_tree(root):
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue  # it ended while we looked: its parent has its time now, or soon
        ticks += sum(map(int, fields[11:15] if pid == root else fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def memory(root):
    """Bytes of memory of a process tree: proportional set size, and private pages."""
    sums = {"pss": 0, "private": 0}
    for pid in process_tree(root):
        try:
            with open(f"/proc/{pid}/smaps_rollup") as file:
                for line in file:
                    name, _, value = line.partition(":")
                    if name == "Pss":
                        sums["pss"] += int(value.split()[0]) * 1024
                    elif name in ("Private_Clean", "Private_Dirty"):
                        sums["private"] += int(value.split()[0]) * 1024
        except OSError as error:
            raise CostError(f"memory of process {pid}: {error}; run the benchmark as root") from None
    return sums
