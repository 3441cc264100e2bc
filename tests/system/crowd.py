# SPDX-License-Identifier: Apache-2.0
"""Many light clients in one thread: WebSockets that follow numbered events, resume
with their cursor wherever the port leads them, and note every hole and repeat."""
import asyncio
import json
import random
import re
import socket
import threading
import time

TOPIC = "events.bench.tick"
NUMBER = re.compile(rb'"n":(\d+)')
CURSOR = re.compile(rb'"cursor":"([^"]+)"\}$')
RETRY = re.compile(rb'"retry_ms":(\d+)')


def masked(payload, opcode=1):
    length = len(payload)
    head = bytes([0x80 | opcode]) + (bytes([0x80 | length]) if length < 126 else
                                     b"\xfe" + length.to_bytes(2, "big"))
    return head + b"\0\0\0\0" + payload


class Member(asyncio.Protocol):
    def __init__(self, crowd, number):
        self.crowd, self.number = crowd, number
        self.transport = None
        self.cursor = None
        self.next = None
        self.faults = []
        self.codes = []
        self.connects = 0
        self.established = False
        self.retry_s = None
        self.data = b""

    # -- the connection ------------------------------------------------------

    async def connect(self):
        loop = asyncio.get_running_loop()
        while not self.crowd.ending:
            try:
                peer = socket.socket()
                peer.setblocking(False)
                if self.crowd.receive_buffer:
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.crowd.receive_buffer)
                await loop.sock_connect(peer, ("127.0.0.1", self.crowd.instance.port))
                await loop.create_connection(lambda: self, sock=peer)
                return
            except OSError:
                await asyncio.sleep(random.uniform(0.05, 0.2))

    def connection_made(self, transport):
        self.transport, self.data, self.upgraded = transport, b"", False
        self.retry_s = None
        transport.write((f"GET /api/v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                         f"Authorization: Bearer {self.crowd.token}\r\n\r\n").encode())
        wish = {"topics": [TOPIC], **({"since": self.cursor} if self.cursor else {})}
        transport.write(masked(json.dumps({"type": "subscribe", "data": wish}).encode()))

    def connection_lost(self, _):
        if self.established:
            self.established = False
            self.crowd.present -= 1
        if not self.crowd.ending:
            wait = random.uniform(0.05, 0.2) if self.retry_s is None else self.retry_s
            loop = asyncio.get_running_loop()
            loop.call_later(wait, lambda: loop.create_task(self.connect()))

    def data_received(self, data):
        data = self.data + data
        if not self.upgraded:
            head, found, rest = data.partition(b"\r\n\r\n")
            if not found:
                self.data = data
                return
            if b" 101 " not in head[:40]:
                self.crowd.statuses[head[9:12]] = self.crowd.statuses.get(head[9:12], 0) + 1
                self.transport.close()
                return
            self.upgraded, data = True, rest
        at = 0
        while len(data) - at >= 2:
            head, length = 2, data[at + 1]
            if length == 126:
                head, length = 4, int.from_bytes(data[at + 2:at + 4], "big")
            elif length == 127:
                head, length = 10, int.from_bytes(data[at + 2:at + 10], "big")
            if len(data) - at < head + length:
                break
            self.frame(data[at] & 15, data[at + head:at + head + length])
            at += head + length
        self.data = data[at:]

    def frame(self, opcode, payload):
        if opcode == 1:
            self.message(payload)
        elif opcode == 9:
            self.transport.write(masked(payload, 10))
        elif opcode == 8:
            self.codes.append(int.from_bytes(payload[:2], "big"))
            self.transport.write(masked(payload[:2], 8))
            self.transport.close()

    # -- messages ------------------------------------------------------------

    def message(self, text):
        cursor = CURSOR.search(text)
        if cursor:
            self.cursor = cursor.group(1).decode()
        if text.startswith(b'{"type":"event"'):
            n = int(NUMBER.search(text).group(1))
            if self.next is not None and n != self.next:
                self.faults.append(f"{'hole' if n > self.next else 'repeat'}: {n} instead of {self.next}")
            self.next = n + 1
        elif text.startswith(b'{"type":"connection_established"'):
            self.connects += 1
            self.established = True
            self.crowd.present += 1
            self.crowd.arrivals.append(time.monotonic())
        elif text.startswith(b'{"type":"disconnect"'):
            retry = RETRY.search(text)
            self.retry_s = int(retry.group(1)) / 1000 if retry else None
        elif text.startswith((b'{"type":"gap"', b'{"type":"error"')):
            self.faults.append(text[:300].decode())


class Crowd:
    def __init__(self, instance, count, sub="crowd", receive_buffer=None):
        self.instance = instance
        self.receive_buffer = receive_buffer
        self.token = instance.token("master_admin", sub, "2h", "--max-connections", "100000")
        self.ending = False
        self.present = 0
        self.arrivals = []
        self.statuses = {}
        self.members = [Member(self, i) for i in range(count)]
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        asyncio.run_coroutine_threadsafe(self.begin(), self.loop)

    async def begin(self):
        for i, member in enumerate(self.members):
            asyncio.ensure_future(member.connect())
            if i % 50 == 49:
                await asyncio.sleep(0.02)

    def read(self, members, going):
        """Lets these stop reading, or go on."""
        for member in members:
            self.loop.call_soon_threadsafe(
                member.transport.resume_reading if going else member.transport.pause_reading)

    def faults(self):
        return [f"client {m.number}: {fault}" for m in self.members for fault in m.faults]

    def caught_up(self):
        """Whether all are there and have seen the same last event."""
        return self.present == len(self.members) and len({m.next for m in self.members}) == 1

    def close(self):
        async def end():
            for member in self.members:
                if member.transport:
                    member.transport.abort()
        self.ending = True
        asyncio.run_coroutine_threadsafe(end(), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


def raise_files(count):
    """Lets this process and its children have so many descriptors, as far as the system does."""
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, count), hard), hard))
    return min(max(soft, count), hard)


def busiest(times, bucket_s=0.1):
    """The fullest bucket of a span of arrivals, and the mean of its buckets."""
    first, last = min(times), max(times)
    buckets = [0] * (int((last - first) / bucket_s) + 1)
    for t in times:
        buckets[int((t - first) / bucket_s)] += 1
    return max(buckets), sum(buckets) / len(buckets)
