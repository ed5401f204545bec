#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: compare.py SCOPE SEEN ROLE <SERVER'S CSV LOG

Puts what pasu says that a role was shown (the JSON of pasu scope) beside what the role itself received
(the rows that psql wrote down, the customer's id first) and what an auditor finds in the server's log:
statements, and the rows that auto_explain counted. Fails where pasu and the client differ."""
import csv
import json
import re
import sys

USER, COMMAND_TAG, MESSAGE = 1, 7, 13  # columns of the log


def of_log(lines, role):
    """Statements of the role, those of them with a row count, and the rows counted."""
    statements, counted, rows = 0, 0, 0
    for line in csv.reader(lines):
        if line[USER] != role:
            continue
        message = line[MESSAGE]
        if re.match(r"statement: (?!BEGIN|COMMIT)|execute ", message):
            statements += 1
        found = re.match(r"duration: [0-9.]+ ms +plan:\n", message)
        if found:
            plan = json.loads(message[found.end():])["Plan"]
            counted += 1
            rows += plan["Actual Rows"] * plan["Actual Loops"]
    return statements, counted, rows


def main():
    scope_file, seen_file, role = sys.argv[1:]
    with open(scope_file, encoding="utf-8") as file:
        scope = json.load(file)
    with open(seen_file, encoding="utf-8") as file:
        seen = [line.split("|")[0] for line in file]
    statements, counted, rows = of_log(sys.stdin, role)
    persons = scope["subjects"]["customer"]
    least, most = persons["at_least"], persons["at_most"]
    print(f"{'':34}{'he received':>14}{'pasu':>14}{'the log':>14}")
    print(f"{'different persons':34}{len(set(seen)):>14,}{least:>14,}{'?':>14}")
    print(f"{'rows that showed them':34}{len(seen):>14,}{scope['rows']:>14,}{rows:>14,}")
    print(f"{'statements without a row count':34}{'':>14}{'':>14}{statements - counted:>14,}")
    print("The log differs because it counts rows, not persons (he read pages twice, and a count shows nobody), and "
          "counts\nthem only where a statement ended by itself: the one that took the most was stopped.")
    if not len(set(seen)) == least == most or len(seen) != scope["rows"]:
        sys.exit("demo: pasu's answer is not what the client received")


if __name__ == "__main__":
    main()
