# SPDX-License-Identifier: Apache-2.0
"""StatsD lines per second of the collector's CPU, beside reading the same datagrams alone."""
import json

from harness import LOAD, SERVER, BenchError, Process, cpu_s, free_port, wait_until
from measures import median, row

FORMS = {"counters": "short names", "tags": "1,000 series of two tags", "mixed": "counters, gauges, timers, sets"}
FIGURES = ("datagrams", "dropped", "metrics")
CATALOG = "".join(
    [f"metric \"system_health.bench_{kind}_{n:02}\" {{ {more} aggregate = sum snapshot = false }}\n" for n in range(100)
     for kind, more in (("count", "kind = counter"), ("level", ""), ("timer", "kind = timer"), ("set", ""))] +
    [f'metric "system_health.statsd_{name}" {{ kind = counter aggregate = sum }}\n' for name in FIGURES])


def figures(instance):
    code, body = instance.get(1, "/api/v1/snapshot")
    if code != 200:
        raise BenchError(f"snapshot answers {code}")
    health = json.loads(body)["systemHealth"]
    return {name: health[f"statsd_{name}"] or 0 for name in FIGURES}


def ours(bench, instance, port, form, seconds):
    """Metrics per CPU second and per second, and the share of datagrams that was dropped; all are accounted for."""
    pid = instance.statsd.pid
    before, began = figures(instance), cpu_s(pid)
    sender = Process("statsd", "send", port, seconds, form, cpu=LOAD)
    bench.started.append(sender)
    sent = json.loads(sender.summary())

    def accounted():
        now = figures(instance)
        return now["datagrams"] + now["dropped"] - before["datagrams"] - before["dropped"] == sent["datagrams"]
    wait_until(accounted, 20, "sent = counted + dropped")
    used, now = cpu_s(pid) - began, figures(instance)
    read = now["datagrams"] - before["datagrams"]
    if now["metrics"] - before["metrics"] != read * sent["lines"]:
        raise BenchError(f"{now['metrics'] - before['metrics']} metrics of {read} datagrams of {sent['lines']}")
    return read * sent["lines"] / used, read * sent["lines"] / sent["seconds"], 1 - read / sent["datagrams"]


def bare(bench, form, seconds):
    limit = Process("statsd", "bare", seconds + 1, cpu=SERVER)
    bench.started.append(limit)
    sender = Process("statsd", "send", limit.popen.stdout.readline().strip(), seconds, form, cpu=LOAD)
    bench.started.append(sender)
    sender.summary()
    seen = json.loads(limit.summary())
    return seen["lines"] / seen["cpu_s"]


def statsd(bench):
    """StatsD metrics per second on one core, in packed datagrams of 1,432 bytes.

    By the CPU time of the collector's process; what the sender's and the
    kernel's speed make of it in a second is another matter.  Each round ends
    only when sent = counted + reported as dropped.
    """
    port = free_port()
    instance = bench.instance(config={'collector "statsd"': f"	port = {port}"})
    (instance.dir / "etc/catalog.d/statsd.conf").write_text(CATALOG)
    instance.start()
    instance.statsd = instance.run("collect-statsd")
    wait_until(lambda: (instance.source("statsd") or {}).get("state") == "attached", 20, "the collector")
    seconds = bench.seconds(4)
    rows = []
    for form, what in FORMS.items():
        mine, wall, limit, lost = [], [], [], []
        for _ in range(bench.rounds()):
            rate, per_second, share = ours(bench, instance, port, form, seconds)
            mine.append(rate / 1e6)
            wall.append(per_second / 1e6)
            lost.append(share)
            limit.append(bare(bench, form, seconds) / 1e6)
        rows.append(row(f"statsd, {what}", "M metrics per CPU s", mine, "2", "5", median(mine) >= 2, limit,
                        median(mine) / median(limit),
                        f"{median(wall):.1f} M/s taken, {median(lost):.0%} of what came dropped, all accounted for"))
    instance.stop()
    return rows
