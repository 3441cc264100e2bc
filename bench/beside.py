# SPDX-License-Identifier: Apache-2.0
"""The figures of ours and of other servers (peers.py), in one run."""
import peers as servers
from harness import cpu_s, pss_kib, wait_until
from measures import PATIENT, at, bytes_of_event, median, row

KNEE_RATES = (50, 100, 150, 200, 300, 400, 600, 800, 1200, 1600, 2400, 3200, 4800)


def settled(load, peer, rate, size, seconds):
    """What the clients see at a rate, once it flows, and the server's CPU for it."""
    peer.send(rate, size)
    start = load.ask("status")["most_n"]
    wait_until(lambda: load.ask("status")["most_n"] != start, 10, "messages of this round")
    load.ask("measure 0.3")
    before = cpu_s(peer.pid)
    seen = load.ask(f"measure {seconds}")
    seen["cpu_s"] = cpu_s(peer.pid) - before
    peer.send(0, size)
    load.ask("measure 0.3")
    return seen


def knee(bench, load, peer, size, clients):
    """Most messages a second that all clients get, none older than 250 ms at p99."""
    best = 0
    for rate in KNEE_RATES:
        seen = settled(load, peer, rate, size, bench.seconds(3))
        reached = seen["deliveries"] / seen["seconds"]
        if seen["gone"] or seen["holes"] or reached < 0.95 * rate * clients or at(seen, .99) > 250:
            break
        best = max(best, reached)
    return best


def one_peer(bench, kind, size):
    """Every figure of one server in one round."""
    few, many, idle = (100, 200, 1000) if bench.quick else (100, 1000, 5000)
    figures = {}
    peer = kind(bench)
    load = peer.load()
    load.connect(few)
    seen = settled(load, peer, 20, size, bench.seconds(5))
    figures["p50"], figures["p99"] = at(seen, .5), at(seen, .99)
    load.connect(many - few)
    seen = settled(load, peer, 10, size, bench.seconds(5))
    figures["cpu"] = seen["cpu_s"] / seen["deliveries"] * 1e6
    figures["knee"] = knee(bench, load, peer, size, many) / 1000
    peer.send(0, size)
    bench.stop_all()
    peer = kind(bench)
    load = peer.load()
    load.connect(10)
    before = pss_kib(peer.pid)
    figures["connects"] = idle / load.connect(idle)["seconds"]
    load.ask("measure 1")
    figures["memory"] = (pss_kib(peer.pid) - before) / idle
    bench.stop_all()
    return figures


PEER_ROWS = (("cpu", "CPU per delivery, 1,000 clients x 10/s", "us"),
             ("knee", "deliveries, 1,000 clients, p99 <= 250 ms", "1,000/s"),
             ("p50", "p50, 100 clients x 20/s", "ms"), ("p99", "p99, 100 clients x 20/s", "ms"),
             ("memory", "PSS per idle client", "KiB"), ("connects", "connects and subscriptions", "1/s"))


def peers(bench):
    """Ours and nchan, nats-server, Node ws and the bare server, all in one run."""
    instance = bench.instance(config=PATIENT).start()
    load = instance.load()
    load.connect(1)
    size = bytes_of_event(instance, load, 10)
    bench.stop_all()
    rounds = {name: [] for name in servers.ALL}
    for number in range(bench.rounds(3)):
        for name, kind in servers.ALL.items():
            figures = one_peer(bench, kind, size)
            rounds[name].append(figures)
            bench.progress(f"round {number + 1}, {name}: " +
                           ", ".join(f"{key} {figures[key]:.3g} {unit}" for key, _, unit in PEER_ROWS))
    rows = []
    for key, title, unit in PEER_ROWS:
        ours = [figures[key] for figures in rounds["Sightline"]]
        for name in servers.ALL:
            if name != "Sightline":
                theirs = [figures[key] for figures in rounds[name]]
                ratio = median(ours) / median(theirs) if median(theirs) else None
                rows.append(row(f"{title}: {name}", unit, ours, "-", "-", True, theirs, ratio,
                                f"{size} bytes on the wire"))
    return rows
