# SPDX-License-Identifier: Apache-2.0
"""Gateways and the aggregator die at random moments; clients resume and miss nothing."""
import os
import random
import threading
import time

from sightline import wait_until

ROUNDS = int(os.environ.get("SIGHTLINE_CHAOS_ROUNDS", "6"))


class Follower(threading.Thread):
    """A client that resumes with its cursor on whichever gateway answers."""

    def __init__(self, instance, sub):
        super().__init__(daemon=True)
        self.instance, self.sub = instance, sub
        self.numbers, self.gaps, self.resumes = [], [], 0
        self.cursor = None
        self.stream = None
        self.ending = False
        instance.token("master_admin", sub)

    def follow(self, index):
        since = {"since": self.cursor} if self.cursor else {}
        with self.instance.ws(index=index, sub=self.sub) as ws:
            self.stream = ws
            try:
                ws.wait("connection_established", 5)
                ws.subscribe("events.>", **since)
                wait_until(lambda: self.ending or ws.closed is not None, 600)
            finally:
                self.numbers += [m["data"]["payload"]["n"] for m in ws.of_type("event")]
                self.gaps += ws.of_type("gap")
                self.cursor = ws.cursor() or self.cursor

    def latest(self):
        """Sequence of the newest event that has come."""
        return max([m["seq"] for m in self.stream.of_type("event")], default=0) if self.stream else 0

    def run(self):
        index = 1
        while not self.ending:
            try:
                self.follow(index)
            except Exception:  # nobody there: the next one
                time.sleep(0.05)
            self.resumes += 1
            index = index % self.instance.gateways + 1


def test_followers_miss_nothing_while_gateways_and_aggregator_are_killed(make_instance):
    instance = make_instance(gateways=2).start()
    seed = int(os.environ.get("SIGHTLINE_CHAOS_SEED", str(random.randrange(1 << 30))))
    print("seed", seed)
    dice = random.Random(seed)
    followers = [Follower(instance, f"follower-{i}") for i in range(3)]
    for follower in followers:
        follower.start()
    collector = instance.start_collector("synthetic", "--events", "200")
    wait_until(lambda: instance.source("synthetic"), what="the source")
    for _ in range(ROUNDS):
        victim = dice.choice(["aggregator", "gateway-1", "gateway-2"])
        time.sleep(dice.uniform(0.1, 0.6))
        instance.processes[victim].kill()
        if victim == "aggregator":
            instance.start_aggregator()
        else:
            instance.start_gateway(int(victim[-1]))
        for index in (1, 2):
            instance.wait_ready(index)
    wait_until(lambda: (instance.source("synthetic") or {}).get("state") == "attached", what="the source again")
    collector.kill(15)
    wait_until(lambda: collector.popen.poll() is not None)

    def all_have_come():
        status = instance.status()
        end = status["journal"]["logs"]["normal"]["next"] - 1
        return status["rings"] == [] and end > 0 and all(f.latest() == end for f in followers)
    wait_until(all_have_come, what="the last event at every follower")
    for follower in followers:
        follower.ending = True
    for follower in followers:
        follower.join(20)
        assert not follower.gaps, follower.gaps[:3]
        numbers = follower.numbers
        assert len(numbers) > 50, (seed, follower.resumes)
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), (seed, follower.resumes)
