# SPDX-License-Identifier: Apache-2.0
"""What the breach desk's commands cost on the ledger that bench_trace --give has left: usage: trace_commands.py PASU FOLDER

CPU and wall time in seconds, the most memory in MiB, and the bytes that came. Exit status 1 where a command failed, a trace did not
name the source first, or one took more than 2 s of CPU."""
import json
import os
import pathlib
import re
import subprocess
import sys
import time

CONFIG = """\
gateway: {{listen: 127.0.0.1:1, upstream: 127.0.0.1:2}}
ledger: {{directory: {0}}}
control: {0}/control.sock
subjects: {{customer: {{table: public.customers, key: id}}}}
personal_data:
  - {{table: public.customers, subject: customer, key: id, fields: {{name: name, phone: phone, email: email, address: address}}}}
incident: {{notices: notices.yaml}}
"""
CONTROLLER = """controller:
  ko: {name: "가게", contact: "02-000-0000", path: "경위", measures: "조치", remedy: "구제", more: "그 밖"}
  en: {name: "Shop", contact: "02-000-0000", path: "path", measures: "measures", remedy: "remedy", more: "more"}
"""
BY = ("--who", "Kim", "--why", "bench")


class Desk:
    def __init__(self, pasu, folder):
        self.pasu, self.folder, self.failed = pasu, folder, []
        texts = (pathlib.Path(__file__).parents[1] / "contrib" / "incident" / "notices.yaml").read_text(encoding="utf-8")
        (folder / "notices.yaml").write_text(re.sub(r"controller:\n.*\n.*\n", CONTROLLER, texts, count=1), encoding="utf-8")
        (folder / "pasu.yaml").write_text(CONFIG.format(folder), encoding="utf-8")
        print(f"{'':44} {'CPU':>7} {'wall':>7} {'memory':>7} {'bytes':>12}")

    def run(self, name, command, *words, keeps=True, most=None):
        """What the command printed; where it is not kept it is only counted."""
        start, count, kept = time.monotonic(), 0, []
        process = subprocess.Popen([self.pasu, command, "-c", self.folder / "pasu.yaml", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while piece := process.stdout.read1(1 << 20):
            count += len(piece)
            kept += [piece] if keeps else []
        said = process.stderr.read().decode()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu = used.ru_utime + used.ru_stime
        print(f"{name:44} {cpu:7.2f} {time.monotonic() - start:7.2f} {used.ru_maxrss / 1024:7.0f} {count:12,}", flush=True)
        if process.returncode != 0 or most is not None and cpu > most:
            self.failed.append(f"{name}: exit status {process.returncode}, {cpu:.2f} s of CPU\n{said}")
        return b"".join(kept).decode()


def incident(desk, principal):
    number = re.search(r"\d+", desk.run("incident open", "incident", "open", *BY, "--law", "KR,EU"))[0]
    for name, question in ((f"of {principal}", ("--principal", principal)), ("of all", ())):
        desk.run(f"incident scope {name}", "incident", "scope", *BY, *question, number)
        desk.run("notify, counting", "notify", number)
        for again in ("", " again"):
            desk.run(f"notify --json{again}", "notify", "--json", *BY, number, keeps=False)
    desk.run("incident diff", "incident", "diff", number)
    desk.run("incident board", "incident", "board", "--html", str(desk.folder / "board.html"), number)
    for form in ("pipc", "gdpr", "8k"):
        desk.run(f"report --form {form}", "report", "--form", form, *BY, number)


def main():
    desk = Desk(*map(pathlib.Path, sys.argv[1:3]))
    samples = sorted(desk.folder.glob("sample-*.csv"))
    incident(desk, samples[0].stem.rsplit("-", 1)[1])
    for sample in samples:
        _, persons, principal = sample.stem.split("-")
        found = json.loads(desk.run(f"trace, {persons} persons", "trace", "--json", str(sample), most=2))
        if found["answer"]["principals"][:1] != [principal]:
            desk.failed.append(f"{sample.name}: {found['answer']['principals'][:3]}")
    print(*desk.failed, sep="\n", end="")
    return bool(desk.failed)


if __name__ == "__main__":
    sys.exit(main())
