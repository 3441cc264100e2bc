# SPDX-License-Identifier: Apache-2.0
"""The random campaign: an aggregator, gateways and a source that live and die at
random under clients that roam at random, and an oracle that knows what each must get.

Now and then it comes to rest: every process runs, nothing more is written, and each
client must have all that it may see and asked for, or must have been told of the loss,
and its merged state must be the snapshot of its role.
"""
import asyncio
import json
import random
import signal
import threading
import time

import jwt
from campaign_client import GONE, Roamer, request
from campaign_truth import KEYS, LOGS, MODULES, ROLES, Entry, Truth

KEPT = 400  # newest entries of each log that the journal keeps for sure
REST_S = 45
CONFIG = {
    "auth": jwt.KEYS,
    "aggregator": f"journal_entries = {KEPT}\njournal_time = 1s",
    # So small that a client which stalls is seen, and old entries are fetched.
    "gateway": "max_connections_per_user = 20\nwindow_bytes = 1MiB\nsend_buffer_bytes = 16KiB\ndrain_timeout = 4s\n"
               "access_log = false\nmax_buffer_size = 40",
}
ACTIONS = {"drop": 25, "subscribe": 25, "unsubscribe": 12, "refresh": 15, "stall": 10}
DISASTERS = {"kill_gateway": 45, "drain_gateway": 25, "kill_aggregator": 20, "kill_both": 10}
# A source's event for one subject or one role only.
AUDIENCES = 0.08


def catalog():
    lines = [f'metric "{m}.camp_{m}" {{ title = "{m}" aggregate = last warning = 70 critical = 90 '
             f'clear_warning = 60 clear_critical = 80 }}' for m in MODULES]
    lines += [f'event "camp.{m}.{log}" {{ module = {m} priority = {log} fields = {{"n:integer", "secret:string"}} }}'
              for m in MODULES for log in LOGS[1:]]
    return "\n".join(lines) + "\n"


class Source(threading.Thread):
    """Writes numbered events and values, some at once and some one by one."""

    def __init__(self, instance, seed, truth, clients):
        super().__init__(daemon=True)
        self.random = random.Random(f"{seed}-source")
        self.truth = truth
        self.clients = clients
        self.feeder = instance.start_feeder()
        self.n = 0
        self.going = threading.Event()
        self.still = threading.Event()
        self.ending = False
        self.error = None

    def event(self, module, log, audience=()):
        key, size = self.random.choice(KEYS), self.random.randrange(100)
        payload = {"n": self.n, "secret": f"<<{module}>>", "key": key, "size": size,
                   "pad": "x" * self.random.choice((0, 20, 400))}
        self.n += 1
        name = f"camp.{module}.{log}"
        self.truth.written[log].append(Entry(log, f"events.{name}", module, audience, payload))
        self.feeder.event(name + (f"@{audience[0]}={audience[1]}" if audience else ""), **payload)

    def some_audience(self):
        if self.random.random() >= AUDIENCES:
            return ()
        # Never the reference's: what it does not get is known by that.
        return self.random.choice((("sub", f"roamer-{self.random.randrange(self.clients)}"),
                                   ("role", self.random.choice([r for r in ROLES if r != "master_admin"]))))

    def write(self):
        dice = self.random
        if dice.random() < 0.15:
            module = dice.choice(list(MODULES))
            self.feeder.sample(f"camp_{module}", dice.choice((1, 50, 75, 95, dice.randrange(60))))
            return
        for _ in range(dice.choice((1, 1, 1, 2, 5)) if dice.random() > 0.015 else 150):
            self.event(dice.choice(list(MODULES)), dice.choice(LOGS[1:]), self.some_audience())

    def run(self):
        try:
            while not self.ending:
                if not self.going.is_set():
                    self.still.set()
                    self.going.wait(0.1)
                    continue
                self.still.clear()
                self.write()
                time.sleep(self.random.uniform(0, 0.05))
        except Exception as error:  # said by the campaign, which would wait for ever
            self.error = repr(error)
            self.still.set()

    def rest(self):
        """Writes no more; the last of each log is one that the reference gets."""
        self.going.clear()
        self.still.wait()
        for log in LOGS[1:]:
            self.event("executive_summary", log)
        self.feeder.flush()


class Reference:
    """A client that is allowed everything and polls without end: what is in the logs."""

    def __init__(self, campaign):
        self.campaign = campaign
        self.cursor = None
        self.begun = asyncio.Event()
        self.messages = []
        self.faults = []
        self.token = jwt.sign(jwt.claims("master_admin", "reference", 86400))

    async def run(self):
        while not self.campaign.ending:
            try:
                await self.poll()
            except GONE:
                await asyncio.sleep(0.05)

    async def poll(self):
        gateway = self.campaign.random.randint(1, self.campaign.gateways)
        target = "/api/v1/poll?topics=alerts,activity&wait=1" + (f"&cursor={self.cursor}" if self.cursor else "")
        status, body = await request(self.campaign.socket_of(gateway), "GET", target, self.token)
        if status != 200:
            await asyncio.sleep(0.05)
            return
        answer = json.loads(body)
        if self.cursor is None:
            self.campaign.truth.begin(answer["cursor"])
            self.begun.set()
            answer["messages"] = []
        self.cursor = answer["cursor"]
        for message in answer["messages"]:
            if message["type"] in ("event", "system_alert", "alert_update"):
                self.messages.append(message)
            elif message["type"] not in ("initial_metrics", "disconnect"):
                self.faults.append(f"the reference gets {message}")
        await asyncio.sleep(0.02)

    def settle(self):
        """Makes what came the truth."""
        for message in self.messages:
            fault = self.campaign.truth.take(message)
            if fault:
                self.faults.append(fault)
                break
        self.messages = []


class Campaign:
    def __init__(self, make_instance, seed, clients, gateways=3):
        self.seed = seed
        self.gateways = gateways
        self.kept = KEPT
        self.random = random.Random(seed)
        self.truth = Truth()
        self.instance = jwt.accept(make_instance(gateways=gateways, config=CONFIG, catalog=catalog()))
        self.instance.start()
        self.roamers = [Roamer(self, i) for i in range(clients)]
        self.reference = Reference(self)
        self.source = Source(self.instance, seed, self.truth, clients)
        self.ending = False
        self.resting = True
        self.disaster = None  # the task of one under way
        self.down = set()
        self.counts = dict.fromkeys([*ACTIONS, *DISASTERS], 0)
        self.acts = set()
        self.rests = 0

    now = staticmethod(time.monotonic)

    def socket_of(self, gateway):
        return str(self.instance.dir / f"run/gateway-{gateway}.sock")

    # ---- disasters ------------------------------------------------------------------------

    async def away(self, key, sig, pause_s):
        """Ends a process, and starts it again after a time."""
        process = self.instance.processes[key]
        assert process.alive(), f"{key} ended by itself:\n{process.text()[-3000:]}"
        process.popen.send_signal(sig)
        code = await asyncio.to_thread(process.wait, 60)
        assert sig == signal.SIGKILL or code == 0, f"{key} ended with {code}:\n{process.text()[-3000:]}"
        await asyncio.sleep(pause_s)
        if key == "aggregator":
            self.instance.start_aggregator()
        else:
            self.instance.start_gateway(int(key.rsplit("-", 1)[1]))

    async def strike(self, what):
        dice = self.random
        gateway = f"gateway-{dice.randint(1, self.gateways)}"
        pause_s = dice.choice((0, 0, 0.3, 1.5))
        if what == "drain_gateway":
            await self.away(gateway, signal.SIGTERM, pause_s)
        elif what == "kill_gateway":
            await self.away(gateway, signal.SIGKILL, pause_s)
        elif what == "kill_aggregator":
            await self.away("aggregator", signal.SIGKILL, pause_s)
        else:
            await asyncio.gather(self.away(gateway, signal.SIGKILL, pause_s),
                                 self.away("aggregator", signal.SIGKILL, dice.choice((0, 0.5))))
        await asyncio.to_thread(self.instance.wait_ready, int(gateway[-1]), 60)

    # ---- steps -----------------------------------------------------------------------------

    def step(self):
        dice = self.random
        if self.disaster and self.disaster.done():
            self.disaster.result()
            self.disaster = None
        if not self.disaster and dice.random() < 0.012:
            what, = dice.choices(list(DISASTERS), DISASTERS.values())
            self.disaster = asyncio.create_task(self.strike(what))
        else:
            what, = dice.choices(list(ACTIONS), ACTIONS.values())
            task = asyncio.create_task(dice.choice(self.roamers).act(what))
            self.acts.add(task)
            task.add_done_callback(self.acts.discard)
        self.counts[what] += 1

    def faults(self):
        found = self.reference.faults + [f for r in self.roamers for f in r.ledger.faults]
        found += [f"{name} ended: {task.exception()!r}" for name, task in self.tasks.items()
                  if task.done() and not task.cancelled() and task.exception()]
        if self.source.error:
            found.append(f"the source: {self.source.error}")
        return found

    def judge(self):
        self.reference.settle()
        for roamer in self.roamers:
            roamer.ledger.settle()
        faults = self.faults()
        assert not faults, f"seed {self.seed}, {self.counts}\n" + "\n".join(faults[:4])

    async def snapshot(self, roamer, cache):
        key = (roamer.plan.gateway, roamer.ledger.sight.role)
        if key not in cache:
            token = jwt.sign(jwt.claims(key[1], "snapshots"))
            try:
                status, body = await request(self.socket_of(key[0]), "GET", "/api/v1/snapshot", token)
            except GONE as error:
                status, body = 0, repr(error)
            cache[key] = json.loads(body) if status == 200 else None
        return cache[key]

    async def lacking(self, roamer, cache):
        """Why a client is not at rest; "" if it is."""
        ledger = roamer.ledger
        if not ledger.connected or not ledger.established or roamer.pending or ledger.records:
            return f"is not settled: {ledger.connected=} {ledger.established=} {roamer.pending=} {len(ledger.records)=}"
        missing = ledger.missing()
        if missing:
            return f"lacks {len(missing)}: {missing[:5]}"
        snapshot = await self.snapshot(roamer, cache)
        return ledger.difference(snapshot) if snapshot else "no snapshot"

    async def rest(self):
        """Lets everyone come to rest and checks what they have."""
        self.resting = True
        await asyncio.gather(*self.acts)
        if self.disaster:
            await self.disaster
            self.disaster = None
        for index in range(1, self.gateways + 1):
            await asyncio.to_thread(self.instance.wait_ready, index, 60)
        await asyncio.to_thread(self.source.rest)
        deadline = self.now() + REST_S
        waiting = list(self.roamers)
        while waiting or not self.truth.complete():
            self.judge()
            cache, reasons, left = {}, [], []
            for roamer in waiting:
                why = await self.lacking(roamer, cache)
                if why:
                    left.append(roamer)
                    reasons.append(f"{roamer.name} ({roamer.plan}): {why}\n    {roamer.ledger.sight}\n    "
                                   + "\n    ".join(roamer.ledger.history))
            waiting = left
            assert self.now() < deadline, (f"seed {self.seed}: not at rest, truth complete: {self.truth.complete()}\n"
                                           + "\n".join(reasons[:3]))
            await asyncio.sleep(0.1)
        self.rests += 1

    def go_on(self):
        self.resting = False
        self.source.going.set()

    async def walk(self, steps, pause_s, rest_every, until, report):
        self.tasks = {"reference": asyncio.create_task(self.reference.run())}
        try:
            await self.reference.begun.wait()
            self.tasks |= {r.name: asyncio.create_task(r.run()) for r in self.roamers}
            self.source.start()
            self.go_on()
            for number in range(1, steps + 1):
                self.step()
                await asyncio.sleep(self.random.uniform(0, 2 * pause_s))
                if number % rest_every == 0 or number == steps:
                    await self.rest()
                    report(number, self.figures())
                    if self.now() > until:
                        break
                    self.go_on()
                elif number % 50 == 0:
                    self.judge()
        finally:
            self.ending = self.source.ending = True
            for task in self.tasks.values():
                task.cancel()
            await asyncio.gather(*self.tasks.values(), *self.acts, return_exceptions=True)
            if self.source.is_alive():
                self.source.join(30)

    def run(self, steps, pause_s=0.015, rest_every=800, until=float("inf"), report=lambda number, figures: None):
        """Does so many random steps, or until that time (monotonic)."""
        asyncio.run(self.walk(steps, pause_s, rest_every, until, report))
        return self.figures()

    def figures(self):
        total = lambda name: sum(getattr(r.ledger, name) for r in self.roamers)
        ways = {}
        for roamer in self.roamers:
            for key, count in roamer.figures.items():
                ways[key] = ways.get(key, 0) + count
        return {"rests": self.rests, "written": self.source.n, "delivered": total("entries"), "resumes": total("resumes"),
                "gaps": total("gaps"), "slow": total("slow_gaps"), **self.counts, **ways}
