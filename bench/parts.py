# SPDX-License-Identifier: Apache-2.0
"""The four parts of bench/relay: what is run, in which order, and which figures come of it.

Every figure becomes a record {"part", "case", "round", "route", name: value, …}. Within a part the
routes take turns: each case is run over each route before the next case, and who begins changes from
case to case and from round to round, so that a drift of the machine meets all routes alike. The
proxies are started anew for each part.
"""
import hashlib
import os

import cost
import rig as rigs
import wire

MODES = ("simple", "prepared")
CLIENTS = (1, 16, 64)
ROWS = 1_000_000
# name → query. In `wide` the keys stand in sequence, in `scattered` at random.
QUERIES = {"SELECT": "select * from wide", "COPY": "copy public.wide to stdout",
           "SELECT, keys at random": "select * from scattered"}
SESSIONS_MAX = 4096
IDLE_ROUNDS = 3

# 150 bytes of values a row: 10 of a number and five texts, the shape of a table of customers.
COLUMNS = """rpad('name ' || i, 20, '.') as name, rpad('010-' || i, 20, '-') as phone,
    rpad('user' || i || '@example.org', 30, 'x') as email, rpad('street ' || i, 50, ' no') as address,
    rpad('note ' || i, 20, '~') as note"""
# At random: of as many persons as a large shop has customers, one in 33, in no order.
MAKE_TABLES = (f"create table wide as select 1000000000 + i as id, {COLUMNS} "
               f"from generate_series(1, {ROWS}) as i",
               f"create table scattered as select 1000000000 + 33 * i as id, {COLUMNS} "
               f"from generate_series(1, {ROWS}) as i order by hashint8extended(i, 5)",
               "vacuum (freeze, analyze) wide", "vacuum (freeze, analyze) scattered")

# What pasu is told of the tables, by part.
MAP_ACCOUNTS = """subjects:
  account: {table: public.pgbench_accounts, key: aid}
personal_data:
  - {table: public.pgbench_accounts, subject: account, key: aid, fields: {abalance: balance, filler: note}}
"""
FIELDS = "{name: name, phone: phone, email: email, address: address}"
MAP_WIDE = f"""subjects:
  wide: {{table: public.wide, key: id}}
  scattered: {{table: public.scattered, key: id}}
personal_data:
  - {{table: public.wide, subject: wide, key: id, fields: {FIELDS}}}
  - {{table: public.scattered, subject: scattered, key: id, fields: {FIELDS}}}
"""


class Route:
    """One way to the server. `start` is given the upstream port and what is personal there; None for
    the direct way. `scope` says what its ledger holds; None where it has none."""

    def __init__(self, name, start, scope=None):
        self.name, self.start, self.scope, self.process, self.port = name, start, scope, None, None
        self.rows = 0  # that have passed since it was started


class Parts:
    def __init__(self, rig, routes, options, programs, progress):
        self.rig, self.routes, self.options, self.progress = rig, routes, options, progress
        self.replay_program, self.drain_program = programs
        self.records, self.server, self.files = [], None, {}

    # -- servers ----------------------------------------------------------------------------------

    def start_server(self):
        if self.server is None:
            self.progress("starting PostgreSQL")
            self.server = rigs.start_postgres(self.rig)
        return self.server

    def fill_pgbench(self):
        port = self.start_server()
        self.progress("filling pgbench's tables")
        self.rig.run([rigs.postgres_program("pgbench"), "-i", "-q", "-s", "5", "-h", "127.0.0.1", "-p",
                      str(port), "-U", rigs.USER, rigs.DATABASE])

    def capture(self):
        """Fills the wide table and keeps the server's answers for the replay."""
        if self.files:
            return
        port = self.start_server()
        self.progress("filling the wide table")
        with wire.log_in(port, rigs.USER, rigs.DATABASE, 300) as session:
            for text in MAKE_TABLES:
                session.query(text)
        self.progress("capturing the answers")
        folder = self.rig.make_folder("captured", "nobody")
        for index, (name, query) in enumerate(QUERIES.items()):
            self.files[name] = os.path.join(folder, str(index))
            self.drain(port, query, "--save", self.files[name])

    def start_replay(self):
        self.capture()
        answers = [(QUERIES[name], path) for name, path in self.files.items()]
        return rigs.start_replay(self.rig, self.replay_program, self.server, answers, self.options.chunk)

    def open_routes(self, upstream, mapping):
        for route in self.routes:
            route.rows = 0
            if route.start is None:
                route.process, route.port = None, upstream
            else:
                self.progress(f"starting {route.name}")
                route.process, route.port = route.start(upstream, mapping)

    def close_routes(self, kinds):
        """Ends the proxies. One that keeps a ledger must have seen every row, and have named exactly so
        many persons of each kind; None: however many there were."""
        for route in self.routes:
            if route.process is None:
                continue
            if route.scope is not None:
                self.progress(f"reading the ledger of {route.name}")
                check_ledger(route, route.scope(route.process), kinds)
            self.rig.stop(route.process)
            route.process = None

    def turns(self, number):
        number %= len(self.routes)
        return self.routes[number:] + self.routes[:number]

    def record(self, part, case, number, route, figures):
        self.records.append({"part": part, "case": case, "round": number, "route": route.name,
                             **figures})

    def costed(self, route, run):
        """Runs `run` and adds what the proxy's processes cost meanwhile."""
        if route.process is None:
            return run()
        before = cost.Snapshot(route.process.pid)
        try:
            figures = run()
        except rigs.BenchError as error:
            raise rigs.BenchError(f"{error}\nlast lines of {route.name}'s log:\n"
                                  f"{route.process.log_tail()}") from None
        if route.process.popen.poll() is not None:
            raise rigs.BenchError(f"{route.name} ended during a run:\n{route.process.log_tail()}")
        return {**figures, **cost.cost_between(before, cost.Snapshot(route.process.pid))}

    # -- pgbench ----------------------------------------------------------------------------------

    def pgbench(self, route, mode, clients, seconds):
        figures = rigs.run_pgbench(self.rig, route.port, clients, seconds, "-S", "-M", mode)
        route.rows += figures["queries"]
        return figures

    def run_pgbench(self, modes):
        self.fill_pgbench()
        self.open_routes(self.server, MAP_ACCOUNTS)
        cases = [(mode, clients) for mode in modes for clients in self.options.clients]
        for route in self.routes:
            self.progress(f"warming up {route.name}")
            self.pgbench(route, modes[0], max(self.options.clients), 1)
        for number in range(self.options.rounds):
            for index, (mode, clients) in enumerate(cases):
                for route in self.turns(number + index):
                    self.progress(f"round {number + 1}/{self.options.rounds}: pgbench -S -M {mode}, "
                                  f"{clients_text(clients)}, {route.name}")
                    figures = self.costed(route, lambda route=route, mode=mode, clients=clients:
                                          self.pgbench(route, mode, clients, self.options.seconds))
                    if "cpu" in figures:
                        for name in ("cpu", "cpu_user", "cpu_system"):
                            figures[name + "_us_per_query"] = figures[name] / figures["queries"] * 1e6
                    self.record(mode, clients_text(clients), number, route, figures)
        self.close_routes({"account": None})

    # -- bulk -------------------------------------------------------------------------------------

    def drain(self, port, query, *what):
        return rigs.parse_json(self.rig.run([self.drain_program, str(port), rigs.USER, rigs.DATABASE,
                                             query, *map(str, what)]))

    def drain_through(self, route, query, *what):
        figures = self.drain(route.port, query, *what)
        route.rows += figures["rows"]
        return figures

    def check_unchanged(self):
        """Every route must give the captured bytes, bit for bit."""
        copy = os.path.join(os.path.dirname(self.files["SELECT"]), "through")
        for name, query in QUERIES.items():
            wanted = digest(self.files[name])
            for route in self.routes:
                self.progress(f"checking what {route.name} carries")
                self.drain_through(route, query, "--save", copy)
                if digest(copy) != wanted:
                    raise rigs.BenchError(f"{route.name} changed the answer to '{query}'")
        os.unlink(copy)

    def run_bulk(self):
        replay = self.start_replay()
        sizes = {name: os.path.getsize(path) for name, path in self.files.items()}
        for source, upstream in (("server", self.server), ("replay", replay)):
            self.open_routes(upstream, MAP_WIDE)
            sender = self.rig.process_id("postgres" if source == "server" else "replay")
            if source == "replay":
                self.check_unchanged()
            else:
                for route in self.routes:
                    self.progress(f"warming up {route.name}")
                    self.drain_through(route, QUERIES["SELECT"], 1)
            for number in range(self.options.rounds):
                for index, (name, query) in enumerate(QUERIES.items()):
                    for route in self.turns(number + index):
                        self.progress(f"round {number + 1}/{self.options.rounds}: {name} from the "
                                      f"{source}, {route.name}")
                        sent = cost.lifetime(sender)
                        figures = self.costed(route, lambda route=route, query=query:
                                              self.drain_through(route, query, self.options.seconds))
                        figures["sender_share"] = (cost.lifetime(sender) - sent) / figures["seconds"] * 100
                        if (figures["bytes"] != figures["answers"] * sizes[name] or
                                figures["rows"] != figures["answers"] * ROWS):
                            raise rigs.BenchError(f"{route.name}: not the bytes of the server")
                        figures["mb_per_s"] = figures["bytes"] / figures["seconds"] / 1e6
                        if "cpu" in figures:
                            for key in ("cpu", "cpu_user", "cpu_system"):
                                figures[key + "_s_per_gb"] = figures[key] / figures["bytes"] * 1e9
                        self.record("bulk", f"{name}, from {source}", number, route, figures)
            self.close_routes({"wide": ROWS, "scattered": ROWS})

    # -- idle sessions ----------------------------------------------------------------------------

    def run_idle(self):
        replay, count = self.start_replay(), self.options.sessions
        rounds = min(self.options.rounds, IDLE_ROUNDS)
        for number in range(rounds):
            for route in self.turns(number):
                if route.start is None:
                    continue
                self.progress(f"round {number + 1}/{rounds}: {count} idle sessions, {route.name}")
                route.process, route.port = route.start(replay, MAP_WIDE)
                sessions = []
                try:
                    before = cost.memory(route.process.pid)
                    for _ in range(count):
                        sessions.append(wire.log_in(route.port, rigs.USER, rigs.DATABASE))
                    after = cost.memory(route.process.pid)
                    # Each has been used once, so that a pooler has given it a server connection.
                    for session in sessions:
                        session.query("select 1")
                    used = cost.memory(route.process.pid)
                finally:
                    for session in sessions:
                        session.socket.close()
                self.rig.stop(route.process)
                route.process = None
                self.record("idle", f"{count} sessions", number, route, {
                    "pss_per_session": (after["pss"] - before["pss"]) / count,
                    "private_per_session": (after["private"] - before["private"]) / count,
                    "pss_per_used_session": (used["pss"] - before["pss"]) / count,
                    "before": before, "after": after, "used": used})


def clients_text(count):
    return "1 client" if count == 1 else f"{count} clients"


def check_ledger(route, scope, kinds):
    """Every row is there, and no statement was bounded."""
    bounded = scope["completeness"]["bounded"]
    if scope["rows"] != route.rows or bounded != 0:
        raise rigs.BenchError(f"{route.name} has recorded {scope['rows']} rows and {bounded} bounded statements; "
                              f"{route.rows} rows have passed")
    for kind, count in kinds.items():
        least = scope["subjects"].get(kind, {"at_least": 0})["at_least"]
        if least == 0 or count not in (None, least):
            raise rigs.BenchError(f"{route.name} has recorded {least} persons of {kind}, not {count}")


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
