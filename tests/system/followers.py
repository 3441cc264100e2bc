# SPDX-License-Identifier: Apache-2.0
"""Clients that stay with a stream of numbered events whatever dies.

Each follows events.bench.tick and metrics over WebSocket or SSE, goes to a random
gateway whenever its own is gone, resumes with its newest cursor and writes down
whatever a client must never see: a hole or a repeat in n, a gap, another epoch,
a sequence that does not grow.
"""
import asyncio
import json
import random
import threading
import time

import websockets

TOPICS = ("events.bench.tick", "metrics.system_health.>")
RETRY_S = 0.05
ANSWER_S = 10
FAULTS_KEPT = 20


class Follower:
    def __init__(self, swarm, name, kind):
        self.swarm = swarm
        self.name = name
        self.kind = kind
        self.random = random.Random(f"{swarm.seed}-{name}")
        self.token = swarm.instance.token("master_admin", name)
        self.cursor = None
        self.first = self.next = None
        self.epoch = None
        self.seq = {}
        self.events = self.metrics = self.connects = 0
        self.faults = []
        self.connection = None  # transport of the present one

    def fault(self, what):
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(f"{self.name} ({self.kind}, connection {self.connects}): {what}")

    def take(self, message):
        kind = message["type"]
        if kind == "event":
            self.take_event(message)
        elif kind == "metrics_update":
            self.metrics += 1
        elif kind in ("gap", "error"):
            self.fault(f"{kind}: {json.dumps(message)[:400]}")
        if "cursor" in message:
            self.cursor = message["cursor"]

    def take_event(self, message):
        n = message["data"]["payload"]["n"]
        self.events += 1
        if self.next is None:
            self.first = n
        elif n != self.next:
            self.fault(f"{'hole' if n > self.next else 'repeat'}: n is {n} instead of {self.next}, "
                       f"seq {message['seq']} after {self.seq.get(message['log'])}")
        self.next = n + 1
        if self.epoch not in (None, message["epoch"]):
            self.fault(f"epoch {message['epoch']} after {self.epoch}")
        self.epoch = message["epoch"]
        if message["seq"] <= self.seq.get(message["log"], 0):
            self.fault(f"sequence {message['seq']} after {self.seq[message['log']]}")
        self.seq[message["log"]] = message["seq"]

    async def run(self):
        while not self.swarm.stopping:
            gateway = self.random.randint(1, self.swarm.instance.gateways)
            path = str(self.swarm.instance.dir / f"run/gateway-{gateway}.sock")
            try:
                await (self.run_ws(path) if self.kind == "ws" else self.run_sse(path))
            except (OSError, EOFError, asyncio.TimeoutError, asyncio.IncompleteReadError,
                    websockets.WebSocketException):
                pass  # the gateway is gone, or not yet ready: to another one
            await asyncio.sleep(RETRY_S)

    async def run_ws(self, path):
        headers = {"Authorization": f"Bearer {self.token}"}
        connect = websockets.unix_connect(path, "ws://localhost/api/v1/ws", extra_headers=headers,
                                          subprotocols=["sightline.v1.json"], max_size=None, compression=None,
                                          ping_interval=None, close_timeout=1, open_timeout=ANSWER_S)
        async with connect as socket:
            self.connects += 1
            self.connection = socket.transport
            wish = {"topics": TOPICS, **({"since": self.cursor} if self.cursor else {})}
            await socket.send(json.dumps({"type": "subscribe", "data": wish}))
            async for text in socket:
                self.take(json.loads(text))
                if self.swarm.stopping:
                    return

    async def run_sse(self, path):
        reader, writer = await asyncio.open_unix_connection(path, limit=1 << 22)
        self.connection = writer.transport
        try:
            resume = f"Last-Event-ID: {self.cursor}\r\n" if self.cursor else ""
            writer.write((f"GET /api/v1/stream?topics={','.join(TOPICS)} HTTP/1.1\r\nHost: localhost\r\n"
                          f"Authorization: Bearer {self.token}\r\n{resume}\r\n").encode())
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), ANSWER_S)
            if b" 200 " not in head.split(b"\r\n")[0]:
                return
            self.connects += 1
            await self.read_sse(reader)
        finally:
            writer.close()

    async def read_sse(self, reader):
        data, identity = [], None
        while not self.swarm.stopping:
            line = (await reader.readuntil(b"\n")).rstrip(b"\r\n")
            if line.startswith(b"data:"):
                data.append(line[5:].strip())
            elif line.startswith(b"id:"):
                identity = line[3:].strip().decode()
            elif line == b"":
                # Only a whole event counts: a cut one comes again.
                if data:
                    self.take(json.loads(b"\n".join(data)))
                self.cursor = identity or self.cursor
                data, identity = [], None


class Swarm:
    """The followers and the thread that they run in."""

    def __init__(self, instance, seed, ws, sse):
        self.instance = instance
        self.seed = seed
        self.stopping = False
        self.followers = [Follower(self, f"ws-{i}", "ws") for i in range(ws)]
        self.followers += [Follower(self, f"sse-{i}", "sse") for i in range(sse)]
        self.loop = asyncio.new_event_loop()
        self.tasks = []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.tasks = [self.loop.create_task(follower.run()) for follower in self.followers]
        self.loop.run_until_complete(asyncio.gather(*self.tasks, return_exceptions=True))

    def faults(self):
        found = [fault for follower in self.followers for fault in follower.faults]
        found += [f"{follower.name} ended: {task.exception()!r}"
                  for follower, task in zip(self.followers, self.tasks)
                  if task.done() and not task.cancelled() and task.exception()]
        return found

    def behind(self, n):
        """Those that have not yet seen everything below n."""
        return [f"{f.name} stands at {f.next} of {n}" for f in self.followers if f.next is None or f.next < n]

    def wait_for(self, n, seconds):
        deadline = time.monotonic() + seconds
        while self.behind(n) and not self.faults():
            assert time.monotonic() < deadline, f"not everyone caught up: {self.behind(n)}"
            time.sleep(0.05)

    def stop(self):
        self.stopping = True

        def cancel():
            for task in self.tasks:
                task.cancel()
        self.loop.call_soon_threadsafe(cancel)
        self.thread.join(20)
