# SPDX-License-Identifier: Apache-2.0
"""Clients that roam: over every transport and gateway, as every role, with cursors new
and old, reconnect tokens or nothing; they subscribe, stall and leave as they are told.

They only write down what comes; campaign_oracle.py judges it.
"""
import asyncio
import collections
import json
import random
import re
import typing
import zlib
from urllib.parse import quote

import websockets

import jwt
from campaign_oracle import Ledger
from campaign_truth import FILTERS, LOGS, MODULES, ROLES, Sight, Subscription

TRANSPORTS = ("ws", "ws-deflate", "sse", "sse-gzip", "poll")
PRESET = Subscription(("metrics.>", "alerts"), preset=True)
WHOLE = "/api/admin/analytics"  # document 004's routes: for roles that may read every module
ANSWER_S = 20
OLD_CURSORS = 4
CURSOR = re.compile(r'"cursor":"([^"]+)"\}$')
GONE = (OSError, EOFError, asyncio.TimeoutError, asyncio.LimitOverrunError, websockets.WebSocketException)


class Plan(typing.NamedTuple):
    transport: str
    gateway: int
    how: str
    cursor: str
    role: str
    subscriptions: tuple
    path: str = "/api/v1"
    token: str = ""


class Refused(Exception):
    """An answer that is no stream."""


async def request(path, method, target, token, body=None, headers=""):
    """One request over a unix socket: (status, body)."""
    reader, writer = await asyncio.open_unix_connection(path, limit=1 << 24)
    try:
        text = "" if body is None else json.dumps(body)
        writer.write((f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                      f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n{headers}"
                      f"Content-Length: {len(text)}\r\n\r\n{text}").encode())
        data = await asyncio.wait_for(reader.read(-1), ANSWER_S)
    finally:
        writer.close()
    head, found, rest = data.partition(b"\r\n\r\n")
    if not found:
        raise EOFError("no answer")
    return int(head.split()[1]), rest.decode()


class Roamer:
    def __init__(self, campaign, number):
        self.campaign = campaign
        self.name = f"roamer-{number}"
        self.random = random.Random(f"{campaign.seed}-{number}")
        self.ledger = Ledger(self.name, campaign.truth, campaign.kept)
        self.role = list(ROLES)[number % len(ROLES)]
        self.sight = None
        self.cursor = None
        self.old_cursors = []
        self.reconnect = None       # (path, token, subscriptions) of an event stream
        self.numbers = {}           # subscriptions by id
        self.pending = collections.deque()  # sights that requests under way bring
        self.transport = None       # asyncio's, of the present connection
        self.plan = None
        self.id = None              # of the connection
        self.leaving = self.stalled = False
        self.requests = 0
        self.figures = collections.Counter()

    # ---- where next ----------------------------------------------------------------------

    def subscription(self, role):
        dice = self.random
        module = lambda: dice.choice(sorted(ROLES[role]))
        pool = (lambda: ">", lambda: "activity", lambda: "alerts", lambda: "metrics.>", lambda: "events.>", module,
                lambda: f"events.camp.{module()}.>", lambda: f"events.camp.{module()}.{dice.choice(LOGS[1:])}",
                lambda: f"events.camp.*.{dice.choice(LOGS[1:])}", lambda: f"metrics.{module()}.>",
                lambda: "metrics.{0}.camp_{0}".format(module()))
        topics = tuple(dict.fromkeys(dice.choice(pool)() for _ in range(dice.randint(1, 3))))
        brings = any(t == ">" or t == "activity" or t.startswith("events.") or t in MODULES for t in topics)
        return Subscription(topics, dice.choice(list(FILTERS)) if brings else "", dice.choice((0, 0, 0, 1, 5, 20)))

    def fits(self, role, subscriptions):
        """Whether the role may name all of these."""
        words = {w for s in subscriptions for t in s.topics for w in t.split(".") if w in MODULES}
        return words <= ROLES[role]

    def make_plan(self):
        dice = self.random
        if self.sight and dice.random() < 0.2:
            self.role = dice.choice(list(ROLES))
        transport = dice.choice(TRANSPORTS)
        gateway = dice.randint(1, self.campaign.gateways)
        if self.reconnect and dice.random() < 0.25:
            path, token, subscriptions = self.reconnect
            if self.fits(self.role, subscriptions) and (path != WHOLE or self.role == "master_admin"):
                return Plan(dice.choice(("sse", "sse-gzip")), gateway, "token", None, self.role, subscriptions, path, token)
        how, cursor = "resume", self.cursor
        if self.old_cursors and dice.random() < 0.1:
            cursor = dice.choice(self.old_cursors)
            self.reconnect = None  # it knows of a later place
        if not cursor or dice.random() < 0.12:
            how, cursor = "fresh", None
        subscriptions = self.sight.subscriptions if self.sight else ()
        most = 3 if transport.startswith("ws") else 1
        kept = dice.random() < 0.75 and 0 < len(subscriptions) <= most and self.fits(self.role, subscriptions)
        if kept and transport.startswith("ws") and any(s.preset for s in subscriptions):
            kept = False
        if not kept:
            subscriptions = tuple(self.subscription(self.role) for _ in range(dice.randint(1, most)))
        path = "/api/v1"
        if transport.startswith("sse"):
            if dice.random() < 0.1:
                subscriptions = (PRESET,)
            if self.role == "master_admin" and dice.random() < 0.4:
                path = WHOLE
        return Plan(transport, gateway, how, cursor, self.role, subscriptions, path)

    # ---- the life ----------------------------------------------------------------------------

    async def run(self):
        while not self.campaign.ending:
            self.plan = plan = self.make_plan()
            self.leaving = self.stalled = False
            self.id = None
            self.pending.clear()
            self.numbers.clear()
            visit = {"ws": self.visit_ws, "sse": self.visit_sse, "poll": self.visit_poll}[plan.transport.split("-")[0]]
            why = "left"
            try:
                await visit(plan)
            except GONE as error:
                why = repr(error)
            except Refused as error:
                why = str(error)
            self.transport = None
            self.ledger.note("closed", why)
            await asyncio.sleep(self.random.choice((0.05, 0.1, 0.5, 2)) if not self.campaign.resting else 0.05)

    def opened(self, plan, subscriptions):
        self.sight = Sight(self.name, plan.role, subscriptions)
        self.ledger.note("open", plan.transport.split("-")[0], plan.gateway, plan.how, plan.cursor, self.sight)
        self.figures[plan.transport] += 1
        self.figures[plan.how] += 1

    def refused(self, plan, status, body):
        """503 is what a gateway says that has no state yet, drains or cannot ask."""
        if status == 410 and plan.how == "token":
            self.reconnect = None
        elif status != 503:
            self.ledger.fault(f"{status} for {plan}: {body[:400]}")
        raise Refused(f"{status}")

    def take(self, raw):
        self.ledger.note("message", raw)
        if found := CURSOR.search(raw):
            self.keep(found[1])
        if raw.startswith(('{"type":"connection', '{"type":"subscribed', '{"type":"unsubscribed', '{"type":"error')):
            self.answered(json.loads(raw))
        self.figures["messages"] += 1
        if self.figures["messages"] % 100 == 0:
            self.campaign.instance.heard(json.loads(raw))

    def keep(self, cursor):
        self.cursor = cursor
        if self.random.random() < 0.002:
            self.old_cursors = [*self.old_cursors[-OLD_CURSORS + 1:], cursor]

    def answered(self, message):
        kind, data = message["type"], message["data"]
        if kind == "connection_established" and self.id is None:
            self.id = data["connectionId"]
            if "reconnectToken" in data and self.plan.transport.startswith("sse"):
                self.reconnect = (self.plan.path, data["reconnectToken"], self.sight.subscriptions)
        elif self.pending:
            self.sight = self.pending.popleft()
            self.role = self.sight.role
        if kind == "subscribed":
            self.numbers[data["subscriptionId"]] = self.sight.subscriptions[-1]

    def token(self, role=None):
        return jwt.sign(jwt.claims(role or self.sight.role, self.name, 7200))

    def socket_of(self, gateway):
        return str(self.campaign.instance.dir / f"run/gateway-{gateway}.sock")

    # ---- WebSocket ---------------------------------------------------------------------------

    async def visit_ws(self, plan):
        connect = websockets.unix_connect(
            self.socket_of(plan.gateway), "ws://localhost/api/v1/ws", subprotocols=["sightline.v1.json"],
            extra_headers={"Authorization": f"Bearer {self.token(plan.role)}"}, max_size=None, ping_interval=None,
            compression="deflate" if plan.transport == "ws-deflate" else None, close_timeout=1, open_timeout=ANSWER_S)
        try:
            async with connect as socket:
                self.transport, self.socket = socket.transport, socket
                self.opened(plan, ())
                for i, subscription in enumerate(plan.subscriptions):
                    # The others begin where the first does, where that is, or where it is now.
                    await self.send_subscribe(subscription, plan.cursor)
                async for raw in socket:
                    self.take(raw)
        except websockets.InvalidStatusCode as error:
            self.refused(plan, error.status_code, "")

    async def send_subscribe(self, subscription, since=None):
        data = {"topics": list(subscription.topics)}
        if subscription.filter:
            data["filter"] = json.loads(subscription.filter)
        if subscription.max_hz:
            data["max_hz"] = subscription.max_hz
        if since:
            data["since"] = since
        newest = self.pending[-1] if self.pending else self.sight
        others = tuple(s for s in newest.subscriptions if not s.preset)
        sight = newest._replace(subscriptions=(*others, subscription))
        self.ledger.note("asked", "subscribe", sight, since)
        await self.ask("subscribe", sight, data)

    async def ask(self, kind, sight, data):
        """Sends a change of the live stream, on the WebSocket or by POST to any gateway."""
        self.pending.append(sight)
        self.requests += 1
        if self.plan.transport.startswith("ws"):
            await self.socket.send(json.dumps({"type": kind, "id": f"q{self.requests}", "data": data}))
            return
        where = "refresh" if kind == "refresh" else "subscriptions"
        body = None if kind == "refresh" else {"type": kind, "data": data}
        status, text = await request(
            self.socket_of(self.random.randint(1, self.campaign.gateways)), "POST",
            f"/api/v1/connections/{self.id}/{where}", data["token"] if kind == "refresh" else self.token(), body)
        self.figures[f"POST {status}"] += 1
        if status not in (200, 404, 503):
            self.ledger.fault(f"{status} for {kind} {data}: {text[:400]}")
        if status != 200:
            self.drop()

    # ---- event stream --------------------------------------------------------------------------

    def query(self, subscriptions):
        subscription, = subscriptions
        if subscription.preset:
            return ""
        query = f"topics={quote(','.join(subscription.topics))}"
        if subscription.filter:
            query += f"&filter={quote(subscription.filter)}"
        if subscription.max_hz:
            query += f"&max_hz={subscription.max_hz}"
        return query

    async def visit_sse(self, plan):
        gzip = plan.transport == "sse-gzip"
        headers = "Accept-Encoding: gzip\r\n" if gzip else ""
        target = f"{plan.path}/stream?{self.query(plan.subscriptions)}"
        if plan.how == "token":
            target = f"{plan.path}/reconnect?token={plan.token}"
        elif plan.cursor and self.random.random() < 0.5:
            headers += f"Last-Event-ID: {plan.cursor}\r\n"
        elif plan.cursor:
            target += f"&since={plan.cursor}"
        reader, writer = await asyncio.open_unix_connection(self.socket_of(plan.gateway), limit=1 << 22)
        self.transport = writer.transport
        try:
            writer.write((f"GET {target} HTTP/1.1\r\nHost: localhost\r\n"
                          f"Authorization: Bearer {self.token(plan.role)}\r\n{headers}\r\n").encode())
            head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), ANSWER_S)).decode()
            status = int(head.split()[1])
            if status != 200:
                self.refused(plan, status, (await asyncio.wait_for(reader.read(4096), ANSWER_S)).decode())
            self.opened(plan, plan.subscriptions)
            await self.read_events(reader, zlib.decompressobj(31) if gzip else None)
        finally:
            writer.close()

    async def read_events(self, reader, unzip):
        rest = b""
        while data := await reader.read(1 << 16):
            *blocks, rest = (rest + (unzip.decompress(data) if unzip else data)).split(b"\n\n")
            for block in blocks:
                self.take_block(block.decode())

    def take_block(self, block):
        data, identity = [], None
        for line in block.split("\n"):
            if line.startswith("data:"):
                data.append(line[5:].removeprefix(" "))
            elif line.startswith("id:"):
                identity = line[3:].strip()
        if data:
            self.take("\n".join(data))
        elif identity:
            self.ledger.note("cursor", identity)
            self.keep(identity)

    # ---- long poll ------------------------------------------------------------------------------

    async def visit_poll(self, plan):
        cursor, opened = plan.cursor, False
        while not self.leaving and not self.campaign.ending:
            target = f"/api/v1/poll?wait=2&{self.query(plan.subscriptions)}" + (f"&cursor={cursor}" if cursor else "")
            status, body = await request(self.socket_of(plan.gateway), "GET", target, self.token(plan.role))
            if status != 200:
                self.refused(plan, status, body)
            if not opened:
                self.opened(plan, plan.subscriptions)
            opened = True
            answer = json.loads(body)
            for message in answer["messages"]:
                self.take(json.dumps(message, separators=(",", ":"), ensure_ascii=False))
            self.ledger.note("answered", answer["cursor"])
            self.cursor = cursor = answer["cursor"]
            if any(m["type"] == "disconnect" for m in answer["messages"]):
                return
            await asyncio.sleep(self.random.uniform(0, 0.3))

    # ---- what it is told to do ---------------------------------------------------------------------

    def drop(self):
        self.leaving = True
        if self.transport:
            self.transport.abort()

    def idle(self):
        return self.transport and self.id and not self.pending and not self.leaving

    async def act(self, what):
        try:
            await getattr(self, f"act_{what}")()
        except GONE:
            self.drop()  # whether what it asked for is in force is not known

    async def act_drop(self):
        self.drop()

    async def act_subscribe(self):
        if self.idle() and len(self.sight.subscriptions) < 4:
            since = self.cursor if self.random.random() < 0.4 else None
            await self.send_subscribe(self.subscription(self.sight.role), since)

    async def act_unsubscribe(self):
        if not self.idle() or len(self.sight.subscriptions) < 2:
            return
        number = self.random.choice([n for n, s in self.numbers.items() if s in self.sight.subscriptions])
        left = list(self.sight.subscriptions)
        left.remove(self.numbers.pop(number))
        sight = self.sight._replace(subscriptions=tuple(left))
        self.ledger.note("asked", "unsubscribe", sight)
        await self.ask("unsubscribe", sight, {"subscriptionId": number})

    async def act_refresh(self):
        if not self.idle() or self.plan.path == WHOLE:
            return
        sight = self.sight._replace(role=self.random.choice(list(ROLES)))
        await self.ask("refresh", sight, {"token": self.token(sight.role)})

    async def act_stall(self):
        transport = self.transport
        if not self.idle() or self.stalled or transport.is_closing():
            return
        self.stalled = True
        self.figures["stalls"] += 1
        transport.pause_reading()
        until = self.campaign.now() + self.random.choice((0.5, 3, 9))
        while self.campaign.now() < until and not self.campaign.resting:
            await asyncio.sleep(0.1)
        self.stalled = False
        if not transport.is_closing():
            transport.resume_reading()
