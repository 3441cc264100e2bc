#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Row changes of a PostgreSQL into the journal, and an INSERT's way to a WebSocket.

	SIGHTLINE_BUILD=build-bench /usr/bin/python3 bench/postgres.py [--rows N] [--inserts N]

Starts its own PostgreSQL 15 with fsync off, aggregator, gateway and collector,
and prints one JSON object.  Changes/s: from the start of the commits to the last
event in the journal, transactions of 100 rows; cpu_us_per_change is the CPU time
of collector and aggregator together.
"""
import argparse
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/system"))

from postgres import Cluster, catalog, section  # noqa: E402
from sightline import Instance, wait_until  # noqa: E402

ROWS = 100  # of a transaction


def cpu_s(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def throughput(instance, cluster, rows):
    processes = [instance.processes[name] for name in ("collect-postgres", "aggregator")]
    before = instance.source("postgres")["received"]
    cpu = [cpu_s(process) for process in processes]
    start = time.monotonic()
    cluster.sql(f"DO $$ BEGIN FOR i IN 1..{rows // ROWS} LOOP INSERT INTO customers (name, email) "
                f"SELECT 'Customer ' || n, 'c@example.org' FROM generate_series(1, {ROWS}) n; COMMIT; END LOOP; END $$")
    written = time.monotonic()
    wait_until(lambda: instance.source("postgres")["received"] - before >= rows, 300, "all events")
    end = time.monotonic()
    used = [cpu_s(process) - was for process, was in zip(processes, cpu)]
    return {"rows": rows, "seconds": round(end - start, 3), "written_seconds": round(written - start, 3),
            "changes_per_second": round(rows / (end - start)),
            "cpu_us_per_change": {process.name: round(1e6 * one / rows, 2) for process, one in zip(processes, used)}}


def latency(instance, cluster, inserts):
    times = []
    with instance.ws() as client:
        client.subscribe("events.tickets.>")
        for number in range(inserts):
            # psql's own start is not what is measured: the row says when it was inserted.
            cluster.sql(f"INSERT INTO tickets (id, subject) VALUES ({number + 1}, extract(epoch FROM clock_timestamp())::text)")
            message = client.wait(lambda m: m["type"] == "event" and m["data"]["payload"].get("id") == number + 1)
            times.append(time.time() - float(message["data"]["payload"]["subject"]))
    times.sort()
    return {"inserts": inserts, "p50_ms": round(1e3 * times[len(times) // 2], 2),
            "p99_ms": round(1e3 * times[int(len(times) * 0.99)], 2), "max_ms": round(1e3 * times[-1], 2)}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, default=300000)
    arguments.add_argument("--inserts", type=int, default=300)
    options = arguments.parse_args()
    cluster = Cluster(max_slot_wal_keep_size="2GB").make_shop()
    instance = Instance(tempfile.mkdtemp(prefix="sl-"), config=section(cluster), catalog=catalog(), checked=False)
    try:
        instance.start("postgres")
        wait_until(lambda: "streaming slot" in instance.processes["collect-postgres"].text(), 30, "the stream")
        print(json.dumps({"latency": latency(instance, cluster, options.inserts),
                          "throughput": throughput(instance, cluster, options.rows)}))
    finally:
        try:
            instance.stop()
        finally:
            cluster.remove()
            shutil.rmtree(instance.dir, ignore_errors=True)


if __name__ == "__main__":
    main()
