#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: compare.py SCOPE SEEN ROLE <SERVER'S CSV LOG

Puts what pasu says that a role was shown (the JSON of pasu scope) beside what the role itself received
(the rows that psql wrote down, the customer's id first) and what an auditor finds in the server's log: the
rows that auto_explain counted. Fails where pasu and the client differ."""
import csv
import json
import re
import sys

USER, MESSAGE = 1, 13  # columns of the log


def rows_in_log(lines, role):
    """What the plans of the role's statements returned, all together."""
    rows = 0
    for line in csv.reader(lines):
        found = re.match(r"duration: [0-9.]+ ms +plan:\n", line[MESSAGE])
        if found and line[USER] == role:
            plan = json.loads(line[MESSAGE][found.end():])["Plan"]
            rows += plan["Actual Rows"] * plan["Actual Loops"]
    return rows


def main():
    scope_file, seen_file, role = sys.argv[1:]
    with open(scope_file, encoding="utf-8") as file:
        scope = json.load(file)
    with open(seen_file, encoding="utf-8") as file:
        seen = [line.split("|")[0] for line in file]
    persons = scope["subjects"]["customer"]
    least, most = persons["at_least"], persons["at_most"]
    print(f"{'':20}{'he received':>14}{'pasu':>14}{'the log':>14}")
    print(f"{'different persons':20}{len(set(seen)):>14,}{least:>14,}{'cannot say':>14}")
    print(f"{'rows':20}{len(seen):>14,}{scope['rows']:>14,}{rows_in_log(sys.stdin, role):>14,}")
    print("The log counts rows: whom he read twice counts twice, a count that shows nobody counts one, and rows "
          "that\nwere held back count like those that he got.")
    if not len(set(seen)) == least == most or len(seen) != scope["rows"]:
        sys.exit("demo: pasu's answer is not what the client received")


if __name__ == "__main__":
    main()
