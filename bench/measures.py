# SPDX-License-Identifier: Apache-2.0
"""What is measured, each beside what it is to be compared with, in turns."""
import json
import os
import signal
import statistics
import subprocess
import time

from harness import LOAD, BenchError, Process, cpu_s, program, pss_kib, tokens, wait_until

EVENT_BYTES = 300
SLOW_RATE, SLOW_BYTES = 20, 4000  # fills the buffers of one that does not read within seconds


def row(measure, unit, ours, must, aim, ok, peer=None, ratio=None, note="", plot=None, statistic="median"):
    """One line of the table.  ours and peer are the figures of each round; must
    and aim say what is asked; ok tells whether the statistic satisfies must."""
    return {"statistic": statistic, "measure": measure, "unit": unit, "ours": ours, "peer": peer, "ratio": ratio,
            "must": must, "aim": aim, "pass": ok, "note": note, "plot": plot or {}}


def median(values):
    return statistics.median(values)


# ---- the ring ----------------------------------------------------------------

def ring(bench):
    """Two processes and a ring of 4 MiB (bench/ring.c).

    Both spin, so whatever else runs takes a time slice from one and stalls the
    other: the best of many short rounds is what the ring can do.
    """
    rounds = 3 if bench.quick else 15
    done = subprocess.run([program("ring"), "--rounds", str(rounds), "--items", "3000000", "--json"],
                          check=True, capture_output=True, text=True)
    seen = json.loads(done.stdout)
    rows = []
    for name, key, must, aim in (("ring, single pushes", "singles", 1, "68 M/s"),
                                 ("ring, batches of 32", "batches", 2, "128 M/s")):
        ratio = max(seen[key]) / max(seen["textbook"])
        rows.append(row(name, "M samples/s", seen[key], f"{must} x textbook", aim, ratio >= must,
                        seen["textbook"], ratio, f"best of {rounds} rounds", statistic="best"))
    push = median(seen["push_ns"])
    rows.append(row("ring, push of one sample", "ns", seen["push_ns"], "30", "10", push <= 30))
    return rows


# ---- the aggregator ------------------------------------------------------------

def ingest(bench):
    """Samples into live state, by the CPU time of the whole aggregator process."""
    instance = bench.instance(config={"aggregator": "	enable_ml_forecasting = false"}).start()
    pid = instance.aggregator.pid
    seconds = bench.seconds(6)
    rates = {1: [], 2: []}
    dropped = []
    for _ in range(bench.rounds()):
        for sources in (1, 2):
            sources_running = [instance.synthetic("--metrics", 1000, "--rate", 0, "--seconds", seconds, name=name)
                               for name in ("synthetic", "synthetic-2")[:sources]]
            before = cpu_s(pid)
            done = [json.loads(source.summary()) for source in sources_running]
            used = cpu_s(pid) - before
            pushed = sum(d["samples_pushed"] for d in done)
            rates[sources].append(pushed / used / 1e6)
            dropped.append(sum(d["samples_dropped"] for d in done))
    instance.stop()
    return [row(f"ingest, {n} source{'s' if n > 1 else ''} of 1,000 series", "M samples per CPU s", rates[n],
                "3", "10", median(rates[n]) >= 3) for n in (1, 2)]


# What a client may lag behind: here it is the gateways that must not lose anything.
PATIENT = {"gateway": "	max_buffer_size = 1000000\n	pending_bytes_max = 64MiB"}


def flood_at(bench, rate, rounds, seconds):
    """Offers events at a rate; (events/s that were journaled, what did not arrive)."""
    instance = bench.instance(gateways=4, config=PATIENT).start()
    load = instance.load()
    load.connect(4)
    rates, lost = [], 0
    for _ in range(rounds):
        source = instance.synthetic("--events", rate, "--payload-bytes", EVENT_BYTES, "--seconds", seconds)
        load.ask(f"measure {seconds + 1}")
        done = json.loads(source.summary())
        last = done["next_n"] - 1
        try:
            wait_until(lambda: load.ask("status")["least_n"] >= last, 10, "the last event at each client")
        except BenchError:
            lost += 1
        rates.append(done["events_written"] / done["seconds"])
    state = load.ask("status")
    lost += state["holes"] + state["gone"] + state["repeats"]
    lost += sum(s["dropped"] + s["refused"] for s in instance.status()["sources"])
    instance.stop()
    return rates, lost


def flood(bench):
    """Events through the journal to four gateways with a client each."""
    rates, lost = flood_at(bench, 25000, bench.rounds(), bench.seconds(8))
    best = 0
    for rate in (50000, 75000, 100000, 150000, 200000):
        reached, missing = flood_at(bench, rate, 1, bench.seconds(8))
        if missing:
            break
        best = max(best, reached[0])
    return [row("events to 4 gateways", "1/s", rates, "20,000, none lost", "", median(rates) >= 20000 and lost == 0,
                note=f"offered 25,000/s, {lost:,} lost"),
            row("events to 4 gateways, most without loss", "1/s", [best], "20,000", "100,000", best >= 20000)]


# ---- gateways ---------------------------------------------------------------------

def sides(bench, clients, flags=(), roles=()):
    """An instance and a bare server, each with its load connected; clients take turns in roles."""
    instance = bench.instance().start()
    file = instance.token_file
    if roles:
        file = instance.dir / "roles"
        file.write_text("\n".join(tokens(1, role=role)[0] for role in roles))
    load = instance.load(*flags, token_file=file)
    bare, bare_load = bench.bare()
    load.connect(clients)
    bare_load.connect(clients)
    return instance, load, bare, bare_load


def bytes_of_event(instance, load, rate):
    """What one event takes on the wire."""
    source = instance.synthetic("--events", rate, "--payload-bytes", EVENT_BYTES, "--seconds", 3)
    wait_until(lambda: load.ask("status")["most_n"] > 2, 10, "first events")
    seen = load.ask("measure 1.5")
    source.summary()
    if not seen["deliveries"]:
        raise BenchError("no event has reached a client")
    return round(seen["bytes"] / seen["deliveries"])


def turns(bench, instance, load, bare, bare_load, rate, seconds):
    """One round of each side at rate events a second: (bare, ours) pairs."""
    size = bytes_of_event(instance, load, rate)
    for _ in range(bench.rounds()):
        bare.send(rate, size)
        bare_load.ask("measure 0.5")
        before = cpu_s(bare.pid)
        theirs = bare_load.ask(f"measure {seconds}")
        theirs["cpu_s"] = cpu_s(bare.pid) - before
        bare.send(0, size)
        source = instance.synthetic("--events", rate, "--payload-bytes", EVENT_BYTES, "--seconds", seconds + 2)
        start = load.ask("status")["most_n"]
        wait_until(lambda: load.ask("status")["most_n"] > start, 10, "events of this round")
        before = cpu_s(instance.gateways[0].pid)
        ours = load.ask(f"measure {seconds}")
        ours["cpu_s"] = cpu_s(instance.gateways[0].pid) - before
        source.summary()
        if ours["gone"] or ours["holes"]:
            raise BenchError(f"clients lost: {ours['gone']}, events lost: {ours['holes']}")
        yield theirs, ours, size


def at(seen, q):
    return next(us for share, us in seen["distribution"] if share == q) / 1000


def fanout(bench, what="", flags=(), roles=()):
    """CPU time of the gateway for each message handed to a socket."""
    clients, rate = (200 if bench.quick else 1000), 10
    parts = sides(bench, clients, flags, roles)
    bare_us, our_us, ratios = [], [], []
    for theirs, ours, size in turns(bench, *parts, rate, bench.seconds(8)):
        bare_us.append(theirs["cpu_s"] / theirs["deliveries"] * 1e6)
        our_us.append(ours["cpu_s"] / ours["deliveries"] * 1e6)
        ratios.append(our_us[-1] / bare_us[-1])
    parts[0].stop()
    return [row(f"gateway CPU per delivery, {clients:,} clients{what}", "us", our_us, "1.25 x bare", "1.05 x",
                median(ratios) <= 1.25, bare_us, median(ratios), f"{rate} events/s, {size} bytes on the wire")]


def deflate(bench):
    """The same with clients that all get what was compressed once."""
    return fanout(bench, " with deflate", ("--deflate",))


# They differ, and let every event through: both sides make the same deliveries.
FILTERS = ('{"n":{"gte":0}}',
           '{"source":["synthetic","other"],"payload.n":{"gte":0,"lt":1e15}}',
           '{"or":[{"type":"nothing"},{"ts_ns":{"gt":0}}],"module":"system_health"}',
           '{"not":{"n":[-1,-2,-3]},"priority":["critical","high","normal","low"]}')
ROLES = ("master_admin", "technical_admin", "operations_admin")


def filters(bench):
    """fanout to three roles, each with four filters, and so to twelve views."""
    flags = [flag for text in FILTERS for flag in ("--filter", text)]
    return (fanout(bench, ", filters, 3 roles", flags, ROLES) +
            fanout(bench, ", filters, 3 roles, deflate", ["--deflate", *flags], ROLES))


def latency(bench):
    """From the write into the ring to the client."""
    clients, rate = 100, 20
    parts = sides(bench, clients)
    ours_all, bare_all = [], []
    for theirs, ours, size in turns(bench, *parts, rate, bench.seconds(8)):
        ours_all.append(ours)
        bare_all.append(theirs)
    parts[0].stop()
    rows = []
    for q, must, aim in ((.5, .5, "+ 0.25"), (.99, 3, "+ 1")):
        above = [at(o, q) - at(b, q) for o, b in zip(ours_all, bare_all)]
        rows.append(row(f"latency ring to client, p{q * 100:g}", "ms", [at(o, q) for o in ours_all],
                        f"bare + {must}", aim, median(above) <= must, [at(b, q) for b in bare_all],
                        note=f"{median(above):+.2f} ms above bare"))
    rows[0]["plot"] = {"kind": "distribution", "title": "Ring write to client, 100 clients, 20 events/s",
                       "series": {"bare limit": merged(bare_all), "Sightline": merged(ours_all)}}
    return rows


def merged(rounds):
    """The median of all rounds at each share."""
    return [[q, median([at(r, q) for r in rounds])] for q, _ in rounds[0]["distribution"]]


def slow(bench):
    """What others notice of clients that stop reading, in turns without and with them."""
    clients = 200 if bench.quick else 1000
    stuck_count, seconds = clients // 10, bench.seconds(8)
    instance = bench.instance(config={"gateway": "slow_timeout = 3s"}).start()
    load, stuck = instance.load(), instance.load()
    load.connect(clients - stuck_count)
    alone, beside = [], []
    gateway = instance.gateways[0].pid
    before = peak = pss_kib(gateway)

    def measure():
        source = instance.synthetic("--events", SLOW_RATE, "--payload-bytes", SLOW_BYTES, "--seconds", seconds + 3)
        start = load.ask("status")["most_n"]
        wait_until(lambda: load.ask("status")["most_n"] > start, 10, "events of this round")
        return source

    for _ in range(bench.rounds()):
        stuck.connect(stuck_count)
        source = measure()
        alone.append(load.ask(f"measure {seconds}"))
        source.summary()
        os.kill(stuck.pid, signal.SIGSTOP)  # its sockets are not read any more
        source = measure()
        beside.append(load.ask(f"measure {seconds}"))
        peak = max(peak, pss_kib(gateway))
        source.summary()
        os.kill(stuck.pid, signal.SIGCONT)
        stuck.ask("close")
        if beside[-1]["gone"] or beside[-1]["holes"]:
            raise BenchError(f"others lost: {beside[-1]['gone']} connections, {beside[-1]['holes']} events")
    instance.stop()
    ratio = median([at(b, .99) / at(a, .99) for a, b in zip(alone, beside)])
    return [row(f"p99 of {clients - stuck_count:,} clients while {stuck_count} stop reading", "ms",
                [at(b, .99) for b in beside], "1.5 x without", "", ratio <= 1.5, [at(a, .99) for a in alone], ratio,
                f"gateway PSS at most {(peak - before) / 1024:.1f} MiB more")]


def alert(bench):
    """From a sample over a threshold to the alert at each of 1,000 clients."""
    clients, period_ms = (200 if bench.quick else 1000), 250
    seconds = bench.seconds(8)
    instance = bench.instance().start()
    load = instance.load("--alerts", "bench_crossing", "--topic", "alerts")
    bare, bare_load = bench.bare()
    load.connect(clients)
    bare_load.connect(clients)
    ours_all, bare_all = [], []
    crossings = alerts = 0
    for _ in range(bench.rounds()):
        bare.send(1000 / period_ms, 700)
        bare_load.ask("measure 0.5")
        bare_all.append(bare_load.ask(f"measure {seconds}"))
        bare.send(0, 700)
        source = Process("crossing", instance.dir / "run/attach", "crossing", "bench_crossing", 10, 95, period_ms,
                         seconds, cpu=LOAD, log=instance.dir / "crossing.log")
        bench.started.append(source)
        seen = load.ask(f"measure {seconds + 2}")
        crossings += int(source.summary())
        alerts += seen["deliveries"] / clients
        if seen["deliveries"] % clients or not seen["deliveries"]:
            raise BenchError(f"{seen['deliveries']} alerts arrived at {clients} clients")
        ours_all.append(seen)
    instance.stop()
    above = [at(o, .99) - at(b, .99) for o, b in zip(ours_all, bare_all)]
    plot = {"kind": "distribution", "title": f"Threshold crossing to alert at {clients:,} clients",
            "series": {"bare sweep": merged(bare_all), "Sightline": merged(ours_all)}}
    return [row(f"crossing to alert at {clients:,} clients, p99", "ms", [at(o, .99) for o in ours_all],
                "bare + 8", "+ 3", median(above) <= 8, [at(b, .99) for b in bare_all],
                note=f"{median(above):+.2f} ms above bare; {alerts:.0f} of {crossings} crossings lasted until looked at",
                plot=plot)]


def memory(bench):
    """PSS that each idle client adds to a fresh gateway."""
    clients = 2000 if bench.quick else 9000
    rows = []
    kinds = (("WebSocket", ("--idle",), 1, 0.45), ("SSE", ("--idle", "--sse"), 1, 0.45),
             ("TLS WebSocket", ("--idle", "--tls"), 16, 10))
    for name, flags, must, aim in kinds:
        kib = []
        for _ in range(bench.rounds(3)):
            instance = bench.instance()
            if "--tls" in flags:
                instance.serve_tls()
            load = instance.start().load(*flags)
            load.connect(10)
            before = pss_kib(instance.gateways[0].pid)
            load.connect(clients)
            load.ask("measure 2")
            kib.append((pss_kib(instance.gateways[0].pid) - before) / clients)
            instance.stop()
            load.stop()
        rows.append(row(f"memory per idle {name} client", "KiB", kib, str(must), str(aim), median(kib) <= must,
                        note=f"{clients:,} clients"))
    return rows


def connect(bench):
    """Handshakes that a gateway finishes, one after the other as fast as it takes them."""
    count = 2000 if bench.quick else 8000
    names = {"one verified token": 12000, "a fresh HS256 token each": 8000}
    rates = {name: [] for name in names}
    cost = {name: [] for name in names}
    bare_rates, bare_cost = [], []
    for _ in range(bench.rounds()):
        bare, bare_load = bench.bare()
        bare_load.connect(count // 10)
        before = cpu_s(bare.pid)
        bare_rates.append(count / bare_load.connect(count)["seconds"])
        bare_cost.append((cpu_s(bare.pid) - before) / count * 1e6)
        bench.stop_all()
        for name in names:
            instance = bench.instance().start()
            fresh = instance.dir / "tokens"
            warm = count // 10
            fresh.write_text("\n".join(tokens(count + warm) if "fresh" in name else tokens(1)))
            load = instance.load("--idle", token_file=fresh)
            load.connect(warm)
            pid = instance.gateways[0].pid
            before = cpu_s(pid)
            rates[name].append(count / load.connect(count)["seconds"])
            cost[name].append((cpu_s(pid) - before) / count * 1e6)
            bench.stop_all()
    rows = []
    for name, must in names.items():
        ratio = median([a / b for a, b in zip(rates[name], bare_rates)])
        rows.append(row(f"connects/s, {name}", "1/s", rates[name], f"{must:,}", "0.8 x bare",
                        median(rates[name]) >= must, bare_rates, ratio,
                        f"{median(cost[name]):.1f} us of gateway CPU each, bare {median(bare_cost):.1f}"))
    return rows


# ---- the whole stack ----------------------------------------------------------------

def footprint(bench):
    """Everything that watching this machine takes, with ten clients."""
    seconds = bench.seconds(60)
    instance = bench.instance().start()
    instance.run("collect-system", cpu=None)
    load = instance.load("--topic", "metrics.>")
    load.connect(10)
    load.ask("measure 3")
    pids = [p.pid for p in instance.processes]
    before = {pid: cpu_s(pid) for pid in pids}
    load.ask(f"measure {seconds}")
    share = [(cpu_s(pid) - before[pid]) / seconds * 100 for pid in pids]
    mib = [pss_kib(pid) / 1024 for pid in pids]
    names = [p.name for p in instance.processes]
    instance.stop()
    return [row("footprint, CPU", "% of a core", [sum(share)], "2", "1", sum(share) <= 2,
                note=", ".join(f"{n} {s:.2f}" for n, s in zip(names, share))),
            row("footprint, memory", "MiB PSS", [sum(mib)], "40", "25", sum(mib) <= 40,
                note=", ".join(f"{n} {m:.1f}" for n, m in zip(names, mib)))]


def start(bench):
    """From the first process to a gateway that serves, and to a value in it."""
    healthy, first = [], []
    for _ in range(bench.rounds()):
        instance = bench.instance()
        began = time.monotonic()
        instance.aggregator = instance.run("aggregator", cpu=None)
        instance.run("collect-system", cpu=None)
        instance.gateways = [instance.gateway(1, cpu=None)]
        while not instance.ready(1):
            if time.monotonic() - began > 20:
                raise BenchError("not healthy after 20 s")
        healthy.append(time.monotonic() - began)
        instance.stop()
    return [row("start of the stack to healthy", "s", healthy, "1", "0.2", median(healthy) <= 1)]


ALL = {f.__name__: f for f in (ring, ingest, flood, fanout, deflate, filters, latency, slow, alert, memory, connect, footprint, start)}
