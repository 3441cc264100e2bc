# SPDX-License-Identifier: Apache-2.0
"""Applications go on while collector and aggregator are killed, again and again."""
import os
import random
import time

from applications import Writers, follow
from webhook import Webhook

KILLS = int(os.environ.get("SIGHTLINE_CHAOS_KILLS", "50"))


def test_kill_9_of_collector_and_aggregator_loses_and_doubles_nothing_of_the_hooks(make_instance):
    seed = os.environ.get("SIGHTLINE_CHAOS_SEED", str(time.time_ns()))
    print(f"SIGHTLINE_CHAOS_SEED={seed}")
    chance = random.Random(seed)
    hook = Webhook(make_instance).start()
    events = follow(hook)
    with Writers(hook) as writers:
        for _ in range(KILLS):
            for _ in range(chance.randint(1, 40)):
                writers.feed(chance.randint(1, 30))
                time.sleep(chance.random() * 0.02)  # so that the kill meets each moment of a request
            victim = chance.choice(["collect-webhook", "aggregator"])
            hook.instance.processes[victim].kill()
            writers.feed(chance.randint(1, 50))
            if victim == "aggregator":
                hook.instance.start_aggregator()
                hook.instance.wait_ready()
            else:
                hook.instance.start_collector("webhook")
            # The client keeps within the window of what can be had again.
            if chance.random() < 0.5:
                hook.wait()
                some = chance.randrange(writers.count)
                events("tickets.created", lambda found, some=some: any(p["id"] == f"node-{some}" for p in found))
        hook.wait()
        writers.finish()
        writers.check([p["id"] for p in events("tickets.created", lambda found: len(found) >= 2 * writers.count, 120)])
