# SPDX-License-Identifier: Apache-2.0
"""Senders that do not give up, while what they send to is killed: each event arrives, once."""
import collections
import random
import threading
import time

import requests

from poller import Poller
from sightline import wait_until
from webhook import Webhook

LANES = 4
BATCH_MAX = 8
PATIENCE_S = 0.02


class Lane(threading.Thread):
    """Sends batches, each until it is acknowledged."""

    def __init__(self, hook, number, stop):
        super().__init__(daemon=True)
        self.hook, self.number, self.stop = hook, number, stop
        self.random = random.Random(number)
        self.sent = []
        self.again = 0
        self.fault = None

    def run(self):
        try:
            with requests.Session() as session:
                session.headers["Authorization"] = f"Bearer {self.hook.secret}"
                while not self.stop.is_set():
                    self.send(session)
        except Exception as fault:  # told by whoever waits for this thread
            self.fault = fault

    def send(self, session):
        names = [f"{self.number}-{len(self.sent) + i}" for i in range(self.random.randint(1, BATCH_MAX))]
        batch = [{"type": "orders.created", "id": name, "payload": {"id": name}} for name in names]
        while not self.is_taken(session, batch):
            self.again += 1
            time.sleep(PATIENCE_S)  # as Retry-After asks, only shorter
        self.sent += names

    def is_taken(self, session, batch):
        try:
            answer = session.post(self.hook.url(), json=batch, timeout=20)
        except requests.ConnectionError:
            return False
        assert answer.status_code in (202, 429, 503), answer.text
        return answer.status_code == 202


class Reader(threading.Thread):
    """Counts every order by its id, at the pace of the logs."""

    def __init__(self, instance):
        super().__init__(daemon=True)
        # No aggregator lives long enough to say whether there is a place.
        self.poller = Poller(instance, "topics=events.orders.>", again=(429, 503))
        self.poller.poll(wait=0)
        self.ids = collections.Counter()
        self.stop = threading.Event()
        self.fault = None

    def run(self):
        try:
            while not self.stop.is_set():
                self.poller.poll(wait=1)
                for message in self.poller.messages:
                    assert message["type"] not in ("gap", "error"), message
                    if message["type"] == "event":
                        self.ids[message["data"]["payload"]["id"]] += 1
                self.poller.messages.clear()
        except Exception as fault:
            self.fault = fault


def kill_one(hook, name):
    """Returns once the ring has two holders again: it outlives one of them, not both."""
    instance = hook.instance
    accepted = lambda: instance.processes["aggregator"].text().count("accepted source=webhook")
    before = accepted()
    instance.processes[name].kill()
    if name == "aggregator":
        instance.start_aggregator()
        instance.wait_ready()
    else:
        instance.start_collector("webhook")
    wait_until(lambda: accepted() > before, what="the collector at the aggregator")


def campaign(make_instance, kills):
    """Kills the aggregator and the collector in turns.  Returns how many events were
    acknowledged and how many requests had to be made again."""
    hook = Webhook(make_instance).start()
    reader, stop = Reader(hook.instance), threading.Event()
    lanes = [Lane(hook, number, stop) for number in range(LANES)]
    for thread in (reader, *lanes):
        thread.start()
    try:
        for number in range(kills):
            before = sum(len(lane.sent) for lane in lanes)
            kill_one(hook, ("aggregator", "collect-webhook")[number % 2])
            wait_until(lambda: sum(len(lane.sent) for lane in lanes) > before + 20 or any(lane.fault for lane in lanes),
                       30, "more events")
    finally:
        stop.set()
        for lane in lanes:
            lane.join(60)
    assert [lane.fault for lane in lanes] == [None] * LANES
    sent = {name for lane in lanes for name in lane.sent}
    wait_until(lambda: set(reader.ids) >= sent or reader.fault, 60, "every acknowledged event")
    reader.stop.set()
    reader.join(60)
    assert reader.fault is None, reader.fault
    assert set(reader.ids) == sent and [name for name, times in reader.ids.items() if times != 1] == []
    return len(sent), sum(lane.again for lane in lanes)
