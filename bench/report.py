# SPDX-License-Identifier: Apache-2.0
"""From records to tables: what each route did, and pasu beside pgbouncer and the targets."""
import statistics

# part → (figure, its unit and name, digits)
FIGURES = {
    "simple": (("tps", "transactions/s", 0), ("latency_us", "latency µs", 1),
               ("added_us", "added latency µs", 1), ("cpu_us_per_query", "CPU µs/query", 2),
               ("cpu_user_us_per_query", "  user part µs", 2),
               ("cpu_system_us_per_query", "  system part µs", 2)),
    "bulk": (("mb_per_s", "MB/s", 0), ("cpu_s_per_gb", "CPU s/GB", 3),
             ("cpu_user_s_per_gb", "  user part s", 3), ("cpu_system_s_per_gb", "  system part s", 3),
             ("sender_share", "the server's CPU, % of the time", 0)),
    "idle": (("pss_per_session", "bytes/session (Pss)", 0),
             ("private_per_session", "bytes/session (private)", 0),
             ("pss_per_used_session", "bytes/session, once used (Pss)", 0)),
}
FIGURES["prepared"] = FIGURES["simple"]

# Of each route: (parts, cases or None for all, figure, name, kind, sense, limit). A ratio is measured ÷
# baseline. "pasu" sees persons; "pasu-relay", and any other relay, carries bytes.
SEEING_TARGETS = (
    (("simple", "prepared"), None, "cpu_us_per_query", "CPU per query", "ratio", "≤", 0.95),
    (("simple", "prepared"), None, "cpu_user_us_per_query", "user part µs/query", "pooled", "≤", 3.0),
    (("simple", "prepared"), ("1 client",), "added_us", "added latency", "ratio", "≤", 1.0),
    (("bulk",), None, "mb_per_s", "throughput", "ratio", "≥", 1.1),
    (("bulk",), None, "cpu_s_per_gb", "CPU per GB", "ratio", "≤", 0.9),
    (("idle",), None, "pss_per_session", "bytes per idle session", "value", "≤", 8192),
)
RELAY_TARGETS = (
    (("simple", "prepared"), None, "cpu_us_per_query", "CPU per query", "ratio", "≤", 0.9),
    (("simple", "prepared"), None, "cpu_user_us_per_query", "user part µs/query", "pooled", "≤", 2.0),
    (("simple", "prepared"), ("1 client",), "added_us", "added latency", "ratio", "≤", 1.0),
    (("bulk",), None, "mb_per_s", "throughput", "ratio", "≥", 1.2),
    (("bulk",), None, "cpu_s_per_gb", "CPU per GB", "ratio", "≤", 0.75),
    (("idle",), None, "pss_per_session", "bytes per idle session", "value", "≤", 8192),
)

FLOOR = "bare"  # the route of bare.c


def add_added_latency(records):
    """The latency beyond that of the direct way in the same case and round."""
    direct = {(r["part"], r["case"], r["round"]): r["latency_us"] for r in records
              if r["route"] == "direct" and "latency_us" in r}
    for r in records:
        key = r["part"], r["case"], r["round"]
        if r["route"] != "direct" and key in direct:
            r["added_us"] = r["latency_us"] - direct[key]


def spread(values):
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def in_order(values):
    return list(dict.fromkeys(values))


class Table:
    """What was measured, by part, case and route."""

    def __init__(self, records):
        self.records = records
        self.cases = in_order((r["part"], r["case"]) for r in records)
        self.routes = in_order(r["route"] for r in records)

    def rounds(self, part, case, route, figure):
        return {r["round"]: r[figure] for r in self.records
                if (r["part"], r["case"], r["route"]) == (part, case, route) and figure in r}

    def pooled_user(self, part, case, route):
        """The user part per query from the ticks and the totals of all rounds together."""
        rs = [r for r in self.records
              if (r["part"], r["case"], r["route"]) == (part, case, route) and "user_ticks" in r]
        ticks = sum(r["user_ticks"] + r["system_ticks"] for r in rs)
        if not rs or ticks == 0:
            return None
        share = sum(r["user_ticks"] for r in rs) / ticks
        return sum(r["cpu"] for r in rs) / sum(r["queries"] for r in rs) * share * 1e6

    def figures(self):
        """Rows of {"part", "case", "figure", "route", "min", "median", "max"}."""
        rows = []
        for part, case in self.cases:
            for figure, name, digits in FIGURES[part]:
                for route in self.routes:
                    values = self.rounds(part, case, route, figure)
                    if values:
                        rows.append({"part": part, "case": case, "figure": figure, "name": name,
                                     "digits": digits, "route": route, **spread(values.values())})
        return rows

    def comparisons(self, measured, baseline):
        """One row for each target and case that was run: `measured` beside `baseline`."""
        rows = []
        targets = SEEING_TARGETS if measured == "pasu" else RELAY_TARGETS
        for parts, cases, figure, name, kind, sense, limit in targets:
            for part, case in self.cases:
                if part not in parts or (cases is not None and case not in cases):
                    continue
                ours = self.rounds(part, case, measured, figure)
                theirs = self.rounds(part, case, baseline, figure)
                if not ours or (kind == "ratio" and not theirs):
                    continue
                row = {"part": part, "case": case, "figure": figure, "name": name, "kind": kind,
                       "measured": measured, "baseline": baseline, "sense": sense, "limit": limit,
                       "measured_median": statistics.median(ours.values()),
                       "baseline_median": statistics.median(theirs.values()) if theirs else None}
                if theirs and row["baseline_median"] != 0:
                    row["ratio_of_medians"] = row["measured_median"] / row["baseline_median"]
                both = [(ours[n], theirs[n]) for n in ours if n in theirs]
                if both:
                    row["paired_difference"] = spread([a - b for a, b in both])
                if both and all(b > 0 for _, b in both):
                    row["paired_ratio"] = spread([a / b for a, b in both])
                busy = self.rounds(part, case, baseline, "sender_share")
                if sense == "≥" and busy:
                    row["baseline_sender_share"] = statistics.median(busy.values())
                for limit_route in ("direct", FLOOR):
                    best = self.rounds(part, case, limit_route, figure)
                    if kind == "ratio" and best and row["baseline_median"] > 0:
                        row[limit_route + "_ratio"] = (statistics.median(best.values()) /
                                                       row["baseline_median"])
                value = {"ratio": row.get("ratio_of_medians"), "value": row["measured_median"],
                         "pooled": None}[kind]
                if kind == "pooled":
                    value = self.pooled_user(part, case, measured)
                    row["pooled"] = value
                    row["baseline_pooled"] = self.pooled_user(part, case, baseline)
                    if value is not None and row["baseline_pooled"]:
                        row["ratio_of_pooled"] = value / row["baseline_pooled"]
                if kind == "ratio" and row["baseline_median"] <= 0:
                    # A ratio to nothing says nothing; the difference does (added latency).
                    row.pop("ratio_of_medians", None)
                    row["met"] = row["measured_median"] <= row["baseline_median"]
                else:
                    row["met"] = value is not None and (value <= limit if sense == "≤"
                                                        else value >= limit)
                row["judged"] = value
                rows.append(row)
        return rows


def print_figures(table, out):
    last = None
    for row in table.figures():
        if (row["part"], row["case"]) != last:
            last = row["part"], row["case"]
            print(f"\n{row['part']}, {row['case']}", file=out)
            print(f"  {'':32}{'route':<14}{'min':>12}{'median':>12}{'max':>12}", file=out)
            name = None
        label = row["name"] if row["name"] != name else ""
        name = row["name"]
        numbers = "".join(f"{row[k]:>12,.{row['digits']}f}" for k in ("min", "median", "max"))
        print(f"  {label:<32}{row['route']:<14}{numbers}", file=out)


def print_comparisons(rows, measured, baseline, out):
    print(f"\n{measured} beside {baseline}{' (the floor)' if measured == FLOOR else ''}", file=out)
    print(f"  {'':46}{measured:>12}{baseline:>12}{'ratio':>8}  {'paired: median (min … max)':<30}"
          f"{'target':>9}", file=out)
    for row in rows:
        label = f"{row['part']}, {row['case']}: {row['name']}"
        theirs = row.get("baseline_pooled", row["baseline_median"])
        ratio = row.get("ratio_of_pooled" if row["kind"] == "pooled" else "ratio_of_medians")
        ours = row["judged"] if row["kind"] == "pooled" and row["judged"] is not None \
            else row["measured_median"]
        unit = " ×" if row["kind"] == "ratio" else ""
        print(f"  {label:<46}{ours:>12,.3f}{format_number(theirs, 12, ',.3f')}"
              f"{format_number(ratio, 8, '.2f')}  {paired_text(row):<30}"
              f"{row['sense'] + ' ' + format(row['limit'], 'g') + unit:>9}"
              f"  {'met' if row['met'] else 'MISSED'}{ceiling_text(row)}", file=out)
    if any(row["kind"] == "pooled" for row in rows):
        print(f"  (user parts here are pooled over all rounds, see bench/README.md)", file=out)


def paired_text(row):
    # Added latency is itself a difference: near 0 its ratio is noise.
    if row["figure"] == "added_us" and "paired_difference" in row:
        pair = row["paired_difference"]
        return f"{pair['median']:+.1f} ({pair['min']:+.1f} … {pair['max']:+.1f}) µs"
    pair = row.get("paired_ratio")
    return f"{pair['median']:.2f} ({pair['min']:.2f} … {pair['max']:.2f})" if pair else "-"


def ceiling_text(row):
    # What no proxy at all, or one that only relays, reaches: where that misses the target too, the
    # server, or the kernel, is the limit. So it is where the baseline already keeps the server busy.
    limit = "direct" if row["sense"] == "≥" else FLOOR
    words = []
    if not row["met"] and row["measured"] != limit and limit + "_ratio" in row:
        words.append(f"{limit}: {row[limit + '_ratio']:.2f}")
    if not row["met"] and "baseline_sender_share" in row:
        words.append(f"server busy {row['baseline_sender_share']:.0f} % with {row['baseline']}")
    return f" ({'; '.join(words)})" if words else ""


def format_number(value, width, form):
    return f"{'-':>{width}}" if value is None else f"{format(value, form):>{width}}"
