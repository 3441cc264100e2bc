# SPDX-License-Identifier: Apache-2.0
"""kill -9 of every kind of process under load, restarted at once as a supervisor would.

The load is two sources: "load" writes numbered events and samples and is
killed with the others; "steady" is never killed and writes samples, and some
events between them, into a ring so small that it overflows whenever the
aggregator is away, so that its own count of drops can be compared with the
aggregator's.
"""
import json
import random
import signal
import time

from followers import Swarm
from sightline import wait_until

GATEWAYS = 3
EVENTS_PER_S = 200
LONGEST_PAUSE_S = 1.2
KINDS = ("load", "aggregator", "gateway")

CONFIG = {
    'collector "load"': "type = synthetic\nstart = false",
    'collector "steady"': "type = synthetic\nstart = false\nring_bytes = 64KiB",
    "gateway": "max_connections_per_user = 50",
}


class Campaign:
    def __init__(self, make_instance, seed, ws=4, sse=3):
        self.random = random.Random(seed)
        self.kills = {kind: 0 for kind in KINDS}
        self.pairs = 0
        self.instance = make_instance(gateways=GATEWAYS, config=CONFIG)
        self.instance.start()
        self.load()
        self.instance.start_collector("synthetic", "--name", "steady", "--metrics", "20", "--rate", "20000",
                                      "--events", "500", "--event-type", "bench.steady", key="steady")
        self.swarm = Swarm(self.instance, seed, ws, sse)
        self.swarm.wait_for(1, 30)
        self.epoch = self.instance.status()["epoch"]

    def load(self):
        self.instance.start_collector("synthetic", "--name", "load", "--metrics", "50", "--rate", "2000",
                                      "--events", str(EVENTS_PER_S), key="load")

    def kill(self, *kinds):
        """Kills one process of each kind at once, then starts them again."""
        keys = []
        for kind in kinds:
            key = f"gateway-{self.random.randint(1, GATEWAYS)}" if kind == "gateway" else kind
            process = self.instance.processes[key]
            assert process.alive(), f"{key} ended by itself:\n{process.text()[-3000:]}"
            process.popen.send_signal(signal.SIGKILL)
            keys.append(key)
            self.kills[kind] += 1
        for key in keys:
            self.instance.processes[key].wait()
        for key in self.random.sample(keys, len(keys)):
            if key == "load":
                self.load()
            elif key == "aggregator":
                self.instance.start_aggregator()
            else:
                self.instance.start_gateway(int(key.rsplit("-", 1)[1]))

    def run(self, singles, pairs):
        """singles kills of each kind and so many of two at a time, shuffled."""
        plan = [(kind,) for kind in KINDS for _ in range(singles)]
        plan += [tuple(self.random.sample(KINDS, 2)) for _ in range(pairs)]
        self.random.shuffle(plan)
        for kinds in plan:
            time.sleep(self.random.uniform(0, LONGEST_PAUSE_S))
            self.kill(*kinds)
            faults = self.swarm.faults()
            assert not faults, "\n".join(faults)
        self.pairs += pairs

    def finish(self):
        """Lets everyone catch up and checks every count; gives the figures."""
        for index in range(1, GATEWAYS + 1):
            self.instance.wait_ready(index, 60)
        wait_until(lambda: self.state_of("load") == "attached", 60, "the load's return")
        written = self.end("load")
        steady = self.end("steady")
        self.swarm.wait_for(written["next_n"], 60)
        self.swarm.stop()
        faults = self.swarm.faults()
        assert not faults, "\n".join(faults)
        for follower in self.swarm.followers:
            assert follower.events == written["next_n"] - follower.first, follower.name
        assert self.instance.status()["epoch"] == self.epoch
        self.check_counts(steady)
        followers = self.swarm.followers
        return {"kills": self.kills, "pairs": self.pairs, "events": written["next_n"],
                "delivered": sum(f.events for f in followers), "connects": sum(f.connects for f in followers),
                "samples": steady["samples_pushed"], "dropped": steady["samples_dropped"]}

    def state_of(self, name):
        response = self.instance.get("/api/v1/status")
        rows = response.json()["sources"] if response.status_code == 200 else []
        return next((row["state"] for row in rows if row["name"] == name), None)

    def end(self, key):
        """Ends a collector as an operator would; gives its own summary."""
        process = self.instance.processes[key]
        assert process.kill(signal.SIGTERM) == 0, process.text()[-2000:]
        summaries = [line for line in process.text().splitlines() if line.startswith("{")]
        summary = json.loads(summaries[-1])
        assert summary["flushed"], f"{key} could not flush: {process.text()[-2000:]}"
        return summary

    def check_counts(self, summary):
        """The aggregator has counted each record of a source that was never killed, exactly once."""
        row = wait_until(lambda: next((s for s in self.instance.status()["sources"]
                                       if s["name"] == "steady" and s["state"] == "gone"), None), what="its end")
        assert row["dropped"] == summary["samples_dropped"], (row, summary)
        assert row["received"] == summary["samples_pushed"] + summary["events_written"], (row, summary)
        assert row["refused"] == 0 and row["ignored"] == 0, row
