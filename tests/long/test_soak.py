# SPDX-License-Identifier: Apache-2.0
"""200 clients that come and go for minutes: nothing grows."""
import asyncio
import os
import pathlib
import random
import re
import statistics
import threading
import time

from followers import Follower
from sightline import wait_until

CLIENTS = 200
USERS = 40
LONGEST_STAY_S = 15
MINUTES_MAX = 20
# Rings and window that are full after the first third, where they are to stay.
CONFIG = {"gateway": "max_connections_per_user = 50\nwindow_bytes = 1MiB",
          'collector "system"': "ring_bytes = 128KiB",
          'collector "synthetic"': "type = synthetic\nstart = false\nring_bytes = 128KiB"}
SAMPLE_S = 1.0
# What a median may differ between the second and the last third of the time.
# Descriptors of a gateway follow the clients that happen to be there.
GROWTH = {"rss_kib": 1024, "fds": 4, "threads": 0}
GROWTH_SHARE = {"rss_kib": 0.05, "fds": 0.1, "threads": 0}


def figures(pid):
    """RSS without mapped files: the journal's pages are the kernel's cache, and bounded."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return {"rss_kib": sum(int(re.search(rf"{name}:\s+(\d+)", status)[1]) for name in ("RssAnon", "RssShmem")),
            "threads": int(re.search(r"Threads:\s+(\d+)", status)[1]),
            "fds": len(os.listdir(f"/proc/{pid}/fd"))}


class Visitors:
    """CLIENTS at a time, in a thread: each follows for some seconds, leaves well or badly, comes again."""

    def __init__(self, instance):
        self.instance = instance
        self.seed = "soak"
        self.stopping = False
        self.visits = 0
        self.faults = []
        self.thread = threading.Thread(target=lambda: asyncio.run(self.run()), daemon=True)
        self.thread.start()

    async def run(self):
        await asyncio.gather(*(self.come_and_go(number) for number in range(CLIENTS)))

    async def come_and_go(self, number):
        chance = random.Random(number)
        while not self.stopping:
            guest = Follower(self, f"user-{number % USERS}", chance.choice(("ws", "sse")))
            task = asyncio.ensure_future(guest.run())
            await asyncio.wait([task], timeout=chance.uniform(0.5, LONGEST_STAY_S))
            if guest.connection and chance.random() < 0.3:
                guest.connection.abort()
            task.cancel()
            await asyncio.wait([task])
            self.faults += guest.faults
            self.visits += guest.connects

    def stop(self):
        self.stopping = True
        self.thread.join(LONGEST_STAY_S + 20)


def thirds(rows, key):
    """Medians of the second and the last third: the first is warm-up."""
    values = [row[key] for row in rows]
    third = len(values) // 3
    return statistics.median(values[third:2 * third]), statistics.median(values[2 * third:])


def test_memory_descriptors_and_threads_stay_flat(make_instance, minutes):
    instance = make_instance(gateways=2, config=CONFIG)
    instance.start("system")
    instance.start_collector("synthetic", "--metrics", "50", "--rate", "500", "--events", "20")
    visitors = Visitors(instance)
    wait_until(lambda: visitors.visits >= CLIENTS, 120, "the first turn of clients")
    rows = {key: [] for key in instance.processes}
    end = time.monotonic() + min(minutes, MINUTES_MAX) * 60
    while time.monotonic() < end:
        for key, process in instance.processes.items():
            assert process.alive(), process.text()[-3000:]
            rows[key].append(figures(process.pid))
        assert not visitors.faults, visitors.faults[:10]
        time.sleep(SAMPLE_S)
    visitors.stop()
    print(f"{visitors.visits} visits")
    grown = []
    for key in rows:
        for name, allowed in GROWTH.items():
            before, after = thirds(rows[key], name)
            print(f"{key:18} {name:8} {before:10.0f} → {after:10.0f}")
            if after - before > max(allowed, before * GROWTH_SHARE[name]):
                grown.append(f"{key}: {name} {before} → {after}")
    assert not grown, "\n".join(grown)
