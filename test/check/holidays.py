#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""contrib/holidays-kr.yaml is what tools/holidays-kr makes, a configuration takes it, and it is right.

usage: test/check/holidays.py [BUILD]

Right: of four years as the government has published them (월력요항, and what it has declared since), and of all years the
days that go by the moon, by the tables of 한국천문연구원, which are not where the tool has them from."""
import pathlib
import re
import subprocess
import sys
import tempfile

TREE = pathlib.Path(__file__).resolve().parents[2]
SHIPPED, YEARS = TREE / "contrib" / "holidays-kr.yaml", (2024, 2035)
ALMANAC = {
    2024: "0101 0209 0210 0211 0212 0301 0410 0505 0506 0515 0606 0815 0916 0917 0918 1001 1003 1009 1225",
    2025: "0101 0127 0128 0129 0130 0301 0303 0505 0506 0603 0606 0815 1003 1005 1006 1007 1008 1009 1225",
    2026: "0101 0216 0217 0218 0301 0302 0501 0505 0524 0525 0603 0606 0717 0815 0817 0924 0925 0926 1003 1005 1009 1225",
    2027: "0101 0206 0207 0208 0209 0301 0501 0503 0505 0513 0606 0717 0719 0815 0816 0914 0915 0916 1003 1004 1009 1011 "
          "1225 1227",
}
MOON = {  # 설날, 부처님오신날, 추석
    2024: "0210 0515 0917", 2025: "0129 0505 1006", 2026: "0217 0524 0925", 2027: "0207 0513 0915", 2028: "0127 0502 1003",
    2029: "0213 0520 0922", 2030: "0203 0509 0912", 2031: "0123 0528 1001", 2032: "0211 0516 0919", 2033: "0131 0506 0908",
    2034: "0219 0525 0927", 2035: "0208 0515 0916",
}
CONFIG = """\
gateway: {listen: 127.0.0.1:6432, upstream: 127.0.0.1:5432}
ledger: {directory: ./ledger}
time_zone: Asia/Seoul
rules:
  - {name: free-days, when: {kind: human, days: [sat, sun, holiday]}, verdict: block}
"""


def shipped():
    """{year: {month and day: name}}."""
    found = {}
    for year, month, day, name in re.findall(r"^    - (\d+)-(\d\d)-(\d\d)  # . (.*)$", SHIPPED.read_text(encoding="utf-8"), re.M):
        found.setdefault(int(year), {})[month + day] = name
    return found


def faults(build):
    made = subprocess.run([TREE / "tools" / "holidays-kr", *map(str, YEARS)], capture_output=True, check=False)
    if made.returncode != 0 or made.stdout != SHIPPED.read_bytes():
        yield f"{SHIPPED}: not what tools/holidays-kr {YEARS[0]} {YEARS[1]} makes\n{made.stderr.decode()}"
    days = shipped()
    for year, due in ALMANAC.items():
        if set(days[year]) != set(due.split()):
            yield f"{year}: these are on one side only: {sorted(set(days[year]) ^ set(due.split()))}"
    for year, dates in MOON.items():
        for name, date in zip(("설날", "부처님오신날", "추석"), dates.split()):
            if name not in days[year].get(date, "").split(", "):
                yield f"{year}: {name} is {date}"
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "pasu.yaml"
        path.write_text(CONFIG + SHIPPED.read_text(encoding="utf-8"), encoding="utf-8")
        ran = subprocess.run([pathlib.Path(build).resolve() / "pasu", "check", "-c", path], capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            yield f"pasu check does not take it: {ran.stdout}{ran.stderr}"


def main():
    found = list(faults(sys.argv[1] if len(sys.argv) > 1 else TREE / "build"))
    print(*found, sep="\n", end="\n" if found else "")
    return bool(found)


sys.exit(main())
