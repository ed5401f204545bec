#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/detect/measure.py: attacks in made-up traffic, by pasu's detectors and by three baselines.

What is run, what counts as found and what is left out is in README.md beside this file.
"""
import argparse
import collections
import concurrent.futures
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile

ATTACKS = {  # name: days it goes on from day 30
    "case": 208, "burst": 1, "hidden": 208, "collusion": 90, "insider": 208, "beside": 180, "crawler": 208,
    "always": 208, "cover": 208, "session": 208, "swing": 208,
}
START, DAYS, SHAPES = 30, 240, 4
FEATURES = "day axis who attack persons reads misses requests accounts hours minute shown".split()
ADDRESS = 3


def run(program, *arguments, out=None):
    done = subprocess.run([program, *map(str, arguments)], stdout=out or subprocess.PIPE, check=True)
    return None if out else done.stdout.decode().splitlines()


# ---- pasu ----

def ask_pasu(bench, town, attacks, off=()):
    """Of each attack the time and persons until the first true finding (None: never); of the town without an attack
    the false ones, and its days. Several attacks are each in a town of its own, whose past they share."""
    lines = run(bench / "detect_run", town, *([",".join(map(str, attacks)), *off] if attacks else []))
    found, false, days = {}, [], 0.0
    attack = attacks[0] if len(attacks) == 1 else None
    for line in lines:
        word = line.split()
        if word[0] == "attack":
            attack = pathlib.Path(line.split(" ", 1)[1])
        elif word[0] == "town":
            attack = None
        elif word[0] == "true" and attack not in found:
            found[attack] = {"hours": float(word[4]), "persons": int(word[6]), "by": word[7], "axis": word[8],
                             "why": line.split(": ", 1)[1]}
        elif word[0] == "false" and attack is None:
            false.append((float(word[2]), line))
        elif word[0] == "total" and attack is None:
            days = float(word[2])
    return found, false, days


# ---- baselines ----

def read_features(bench, town, attack):
    begin, rows = None, []
    process = subprocess.Popen([bench / "detect_features", town, *([attack] if attack else [])],
                               stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        word = line.split()
        if word[0] == "begin":
            begin = float(word[1])
            continue
        axis, persons = int(word[1]), int(word[4])
        # Whoever asked for one person on a day is nobody's finding: leaving them out spares time.
        if persons > 1 or word[3] == "1":
            rows.append((int(word[0]), axis, word[2], int(word[3]), persons,
                         *map(int, word[5:12])))
    if process.wait() != 0:
        raise SystemExit("detect_features failed")
    return begin, rows


def three_sigma(rows):
    """Standard deviations from the principal's own last 28 days, at least 7 of them."""
    past = collections.defaultdict(lambda: collections.deque(maxlen=28))
    for row in rows:
        mine = past[row[1], row[2]]
        if len(mine) >= 7:
            yield row, (row[4] - statistics.fmean(mine)) / max(statistics.pstdev(mine), 1.0)
        mine.append(row[4])


def fixed_limit(rows):
    for row in rows:
        if row[1] == ADDRESS:
            yield row, row[5]


def isolation_forest(rows):
    """Trained on the first 28 days, without knowing who attacks; scores are negated."""
    from sklearn.ensemble import IsolationForest  # python3-sklearn

    def columns(row):
        _, axis, _, _, persons, reads, misses, requests, accounts, hours, minute, _ = row
        return (axis, math.log1p(persons), math.log1p(reads), misses / reads, reads / requests,
                accounts / persons, hours, math.log1p(minute))

    train = [columns(row) for row in rows if row[0] < 28]
    forest = IsolationForest(n_estimators=100, random_state=1).fit(train[::max(1, len(train) // 20000)])
    later = [row for row in rows if row[0] >= 28]
    return zip(later, -forest.score_samples([columns(row) for row in later]))


BASELINES = {"3 sigma a day": three_sigma, "reads an address": fixed_limit,
             "isolation forest": isolation_forest}


def ask_baseline(scored, begin, weeks):
    """With the lowest threshold at which no more than one alarm a week is false.

    An alarm is of one principal and one week. The threshold is chosen on this very traffic, which
    no one could do: it favours the baseline.
    """
    false, true, usual = {}, [], {}
    for row, score in scored:
        who = row[1], row[2]
        if row[3] and begin is not None:
            true.append((who, row[0], score, row[11]))
        elif row[0] >= 28:
            key = *who, row[0] // 7
            false[key] = max(score, false.get(key, score))
        if begin is not None and row[0] < int(begin):
            usual[who] = max(score, usual.get(who, score))
    ranked = sorted(false.values(), reverse=True)
    allowed = int(weeks)
    threshold = ranked[allowed] if len(ranked) > allowed else -math.inf
    for who, day, score, shown in true:
        # An alarm that rang before the attack has not found it.
        if score > threshold >= usual.get(who, -math.inf):
            return {"hours": (day + 1 - begin) * 24, "persons": shown}
    return None


# ---- the table ----

def measure_seed(options, seed):
    """Of one seed: what found each attack, pasu's false findings, and the weeks they took."""
    bench = options.build / "bench"
    results, false, days = [], [], 0.0
    with tempfile.TemporaryDirectory() as directory:
        town = pathlib.Path(directory) / "town"
        attacks = {name: pathlib.Path(directory) / name for name in options.attacks}
        with open(town, "wb") as out:
            run(bench / "detect_town", seed, seed % SHAPES + (SHAPES if options.sessions else 0), options.days, options.members, out=out)
        for name, path in attacks.items():
            with open(path, "wb") as out:
                run(bench / "detect_attack", seed, name, START, min(ATTACKS[name], options.days - START),
                    options.members, *options.strength, out=out)
        if not options.no_pasu:
            found, false, days = ask_pasu(bench, town, list(attacks.values()), options.off)
            for name, path in attacks.items():
                results.append((name, "pasu", found.get(path) and {"seed": seed, **found[path]}))
                print(f"{seed} {name}: {found.get(path)}", file=sys.stderr, flush=True)
        if options.no_clean:
            false, days = [], 0.0
        elif options.no_pasu or options.off or len(attacks) < 2:
            _, false, days = ask_pasu(bench, town, [])
        if days:
            print(f"{seed} without an attack: {len(false)} false findings in {days / 7:.1f} weeks", file=sys.stderr, flush=True)
        for name, path in attacks.items():
            if options.no_baselines:
                continue
            begin, rows = read_features(bench, town, path)
            for baseline, score in BASELINES.items():
                found = ask_baseline(score(rows), begin, (options.days - 28) / 7)
                results.append((name, baseline, found))
                print(f"{seed}   {baseline}: {found}", file=sys.stderr, flush=True)
    return results, false, days / 7


def measure(options):
    results, false, weeks = collections.defaultdict(list), [], 0.0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for part in pool.map(lambda seed: measure_seed(options, seed), options.seeds):
            for name, detector, found in part[0]:
                results[name, detector].append(found)
            false += part[1]
            weeks += part[2]
    return results, false, weeks


def recall_at_least(hits, count, confidence=0.95):
    """The recall at which so many hits or more would come with a probability of 1 - confidence (Clopper and
    Pearson's bound, of one side)."""
    low, high = 0.0, 1.0
    for _ in range(60):
        p = (low + high) / 2
        tail = sum(math.comb(count, k) * p**k * (1 - p)**(count - k) for k in range(hits, count + 1))
        low, high = (p, high) if tail < 1 - confidence else (low, p)
    return low if hits else 0.0


def spread(numbers, form):
    middle, least, most = (format(n, form) for n in (statistics.median(numbers), min(numbers), max(numbers)))
    return middle if least == most else f"{middle} ({least}–{most})"


def describe(found, members):
    hits = [f for f in found if f]
    cells = [f"{len(hits)}/{len(found)}", f"{recall_at_least(len(hits), len(found)):.3f}"]
    if not hits:
        return cells + ["–", "–", "–"]
    persons = [f["persons"] for f in hits]
    by = collections.Counter(f["by"] for f in hits if "by" in f)
    return cells + [spread([f["hours"] for f in hits], ".3g"),
                    f"{spread(persons, '.0f')}; {statistics.median(persons) / members:.2%}",
                    ", ".join(f"{name} {times}" for name, times in by.most_common()) or "–"]


def seeds_of(text):
    seeds = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--seeds", type=seeds_of, default="301-304", help="as 301-304,7")
    parser.add_argument("--members", type=int, default=10000)
    parser.add_argument("--days", type=int, default=DAYS, help="of the town; attacks begin on day 30")
    parser.add_argument("--strength", type=lambda s: s.split(","), default=[], metavar="ADDRESSES,READS",
                        help="of case and crawler, reads a day; default: as many fewer as there are fewer members")
    parser.add_argument("--attacks", type=lambda s: s.split(","), default=",".join(ATTACKS))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--off", type=lambda s: s.split(","), default=[], help="detectors that do not judge attacked towns")
    parser.add_argument("--no-baselines", action="store_true")
    parser.add_argument("--no-pasu", action="store_true")
    parser.add_argument("--no-clean", action="store_true", help="do not count false findings")
    parser.add_argument("--sessions", action="store_true", help="towns whose sessions are of all kinds (shapes 4 to 7)")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    results, false, weeks = measure(options)
    print("| attack | detector | found | recall is at least (95 %) | hours until then, median (least–most) "
          "| persons by then; of all | by |")
    print("|---|---|---|---|---|---|---|")
    for (name, detector), found in results.items():
        print("| " + " | ".join([name, detector, *describe(found, options.members)]) + " |")
    if weeks:
        print(f"\npasu: {len(false)} false findings in {weeks:.0f} weeks without an attack "
              f"({len(false) / weeks:.2f} a week)")
        for _, line in false:
            print("  " + line[:160])
    if options.json:
        options.json.write_text(json.dumps(
            {"results": [[*key, found] for key, found in results.items()], "false": false,
             "weeks": weeks}, indent=1))


if __name__ == "__main__":
    main()
