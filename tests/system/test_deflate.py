# SPDX-License-Identifier: Apache-2.0
"""Compression where clients live: what they get, what it may cost them and us."""
import asyncio
import json
import re
import signal
import socket
import subprocess
import zlib

import pytest
import requests
import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from rawsocket import RawSocket, frame
from sightline import wait_until

DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate\r\n"


def deflate(payload):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def counter(instance, name):
    found = re.search(rf"^sightline_gateway_{name}_total{{[^}}]*}} (\d+)", instance.unix_get(1, "/metrics")[1], re.M)
    return int(found.group(1))


def rss_kib(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))


# ---- WebSocket ---------------------------------------------------------------------------

async def follow(instance, count, extensions, sub, ready, texts):
    """Subscribes to events and collects the first count of them as texts."""
    async with websockets.connect(instance.url("/api/v1/ws", "ws"), extra_headers=instance.bearer("master_admin", sub),
                                  subprotocols=["sightline.v1.json"], extensions=extensions, compression=None) as ws:
        assert bool(ws.extensions) == bool(extensions)
        await ws.send(json.dumps({"type": "subscribe", "data": {"topics": ["events.>"]}}))
        async for text in ws:
            message = json.loads(text)
            if message["type"] == "initial_metrics":
                ready()
            if message["type"] == "event":
                texts.append(text)
                if len(texts) == count:
                    return


def test_clients_with_and_without_deflate_get_the_same_compressed_once(make_instance):
    instance = make_instance(env={"SIGHTLINE_GATEWAY_MAX_CONNECTIONS_PER_USER": "20"}).start()
    offers = [None, None, {}, {}, {}, {"server_max_window_bits": 12}, {"server_max_window_bits": 9}]
    texts = [[] for _ in offers]
    waiting = [len(offers)]

    def ready():
        waiting[0] -= 1
        if waiting[0] == 0:
            waiting.append(counter(instance, "compressed"))
            instance.start_collector("synthetic", "--events", "50", "--payload-bytes", "600", "--seconds", "2")

    async def run():
        await asyncio.gather(*[
            follow(instance, 50, None if offer is None else [ClientPerMessageDeflateFactory(**offer)], "same", ready, text)
            for offer, text in zip(offers, texts)])

    asyncio.run(asyncio.wait_for(run(), 60))
    assert all(text == texts[0] for text in texts)
    # Each event once in the usual window and once in the tiny one.
    assert 2 * 50 <= counter(instance, "compressed") - waiting[1] <= 2 * 100
    assert counter(instance, "compressed_to_bytes") < counter(instance, "compressed_from_bytes")


def test_switched_off_nothing_is_negotiated_until_a_reload(make_instance):
    instance = make_instance(config={"gateway": "	deflate = false"}).start()
    accept = {"Accept-Encoding": "gzip"}
    with RawSocket(instance, headers=DEFLATE) as raw:
        assert raw.header("Sec-WebSocket-Extensions") is None
        raw.send(deflate(b'{"type":"ping"}'), first=0xC1)
        assert raw.close_code() == 1002
    with instance.get("/api/v1/stream", headers=accept, stream=True) as answer:
        assert "Content-Encoding" not in answer.headers
    path = instance.dir / "etc/sightline.conf"
    path.write_text(path.read_text().replace("	deflate = false", "	deflate = true", 1))
    instance.processes["gateway-1"].popen.send_signal(signal.SIGHUP)

    def negotiated():
        with RawSocket(instance, headers=DEFLATE) as raw:
            return raw.header("Sec-WebSocket-Extensions")
    wait_until(negotiated, what="deflate after the reload")
    with instance.get("/api/v1/stream", headers=accept, stream=True) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"


def test_a_malformed_offer_fails_the_handshake(shared_instance):
    for offer in ("permessage-deflate; =", "permessage-deflate;;", "\"permessage-deflate\"", "a b"):
        answer = requests.get(shared_instance.url("/api/v1/ws"), timeout=5, headers={
            "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Extensions": offer})
        assert answer.status_code == 400 and "Extensions" in answer.json()["detail"]


def test_compressed_commands_are_done(shared_instance):
    with RawSocket(shared_instance, headers=DEFLATE) as raw:
        raw.send(deflate(b'{"type":"ping","data":{"pad":"' + b"x" * 5000 + b'"}}'), first=0xC1)
        answers = iter(raw.next, None)
        types = []
        while "pong" not in types:
            first, payload = next(answers)
            if first & 0x40:
                payload = zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff")
            types.append(json.loads(payload)["type"])


@pytest.mark.parametrize("payload, code", (
    (b"\x07\x00\x00", 1007), (deflate(b'"\xff"'), 1007), (deflate(b'{"type":"ping"}' * 50)[:-4], 1007),
    (deflate(b"\0" * ((1 << 20) + 1)), 1009)), ids=("not deflate", "not UTF-8", "cut off", "too big"))
def test_what_cannot_be_inflated_ends_with_its_code(shared_instance, payload, code):
    with RawSocket(shared_instance, headers=DEFLATE) as raw:
        raw.send(payload, first=0xC1)
        assert raw.close_code() == code


def test_a_zip_bomb_costs_no_memory_and_nobody_else(make_instance):
    instance = make_instance().start()
    bomb = frame(deflate(b" " * (256 << 20)), 0xC1)
    fair = frame(deflate(b" " * (1 << 20)), 0xC1)
    with instance.ws(sub="bystander") as ws:
        ws.wait("connection_established")
        RawSocket(instance, sub="warm", headers=DEFLATE).close()
        before = rss_kib(instance.processes["gateway-1"])
        for _ in range(20):
            with RawSocket(instance, sub="bomber", headers=DEFLATE) as raw:
                raw.write(bomb)
                assert raw.close_code() == 1009
        # Below the limit each, but a thousand of them: paid by what they inflate to.
        with RawSocket(instance, sub="bomber", headers=DEFLATE) as raw:
            raw.write_until_closed(fair, 1000)
            assert raw.close_code() in (3013, None)
        assert counter(instance, "inflated") < 100
        # Sanitizers keep what was freed for a while.
        assert rss_kib(instance.processes["gateway-1"]) - before < 300 * 1024
        assert ws.request("ping", "pong")


# ---- what costs work without being a message ------------------------------------------------

@pytest.mark.parametrize("cheap", (frame(b"", 0x8A), frame(b"", 0x89), frame(b"", 0x00)),
                         ids=("pongs", "pings", "empty fragments"))
def test_a_flood_of_frames_that_are_no_message_is_closed_with_3013(make_instance, cheap):
    instance = make_instance(env={"SIGHTLINE_GATEWAY_MESSAGE_BURST": "50"}).start()
    with RawSocket(instance) as raw:
        if cheap[0] == 0:
            raw.write(frame(b"", 0x01))
        raw.write_until_closed(cheap * 1000, 100)
        assert raw.close_code() == 3013
    assert instance.unix_get(1, "/healthz")[0] == 200


def test_a_message_in_a_few_fragments_is_no_flood(make_instance):
    instance = make_instance(env={"SIGHTLINE_GATEWAY_MESSAGE_BURST": "5"}).start()
    with RawSocket(instance) as raw:
        text = b'{"type":"ping","id":"in pieces"}'
        parts = [text[i:i + 1] for i in range(len(text))]
        raw.write(b"".join(frame(p, 0x01 if i == 0 else 0) for i, p in enumerate(parts)) + frame(b"", 0x80))
        assert any(b"in pieces" in payload for _, payload in iter(raw.next, None) if b"pong" in payload)


# ---- event streams -----------------------------------------------------------------------------

class GzipStream:
    """An event stream as gzip, inflated piece by piece as it comes."""

    def __init__(self, instance, path="/api/v1/stream?topics=events.>", sub="master_admin"):
        self.socket = socket.create_connection(("127.0.0.1", instance.port), timeout=15)
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: br, gzip\r\n"
                            f"Authorization: Bearer {instance.token(sub=sub)}\r\n\r\n".encode())
        self.inflate = zlib.decompressobj(31)
        self.text = self.wire = b""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.socket.recv(65536)
        head, _, rest = data.partition(b"\r\n\r\n")
        self.head = head.decode()
        self.take(rest)

    def take(self, data):
        self.wire += data
        self.text += self.inflate.decompress(data)

    def read_until(self, done):
        while not done(self.text):
            data = self.socket.recv(65536)
            assert data, "the stream ended"
            self.take(data)

    def read_to_end(self):
        while data := self.socket.recv(65536):
            self.take(data)

    def events(self):
        return [json.loads(line[6:]) for line in self.text.split(b"\n") if line.startswith(b"data: ")]


def test_gzip_streams_are_live_shared_and_end_with_a_right_check_sum(make_instance):
    instance = make_instance().start()
    streams = [GzipStream(instance) for _ in range(3)]
    for stream in streams:
        assert "Content-Encoding: gzip" in stream.head and "Vary: Accept-Encoding" in stream.head
        stream.read_until(lambda text: b"initial_metrics" in text)
    before = counter(instance, "compressed")
    instance.start_collector("synthetic", "--events", "50", "--payload-bytes", "600", "--seconds", "3")
    for stream in streams:
        # Every event arrives while the stream is open, long before its end.
        stream.read_until(lambda text: text.count(b'"type":"event"') >= 100)
    # A block for each flush, not for each client.
    assert counter(instance, "compressed") - before <= 150
    late = GzipStream(instance, path="/api/v1/stream?topics=events.>&named=1")
    late.read_until(lambda text: b"initial_metrics" in text)
    assert instance.processes["gateway-1"].kill(signal.SIGTERM) == 0
    for stream in (*streams, late):
        stream.read_to_end()
        # zlib has compared length and check sum of everything at the trailer.
        assert stream.inflate.eof and not stream.inflate.unused_data
        assert stream.events()[-1]["type"] == "disconnect"
    events = [[e for e in s.events() if e["type"] == "event"] for s in streams]
    assert events[0] == events[1] == events[2] and len(events[0]) >= 100
    assert len(streams[0].wire) * 2 < len(streams[0].text)


def test_curl_compressed_reads_a_stream_live(shared_instance):
    curl = subprocess.Popen(["curl", "-sN", "--compressed", "-H", f"Authorization: Bearer {shared_instance.token(sub='curl')}",
                             shared_instance.url("/api/v1/stream")], stdout=subprocess.PIPE)
    try:
        seen = b""
        while b"initial_metrics" not in seen:
            line = curl.stdout.readline()
            assert line, seen
            seen += line
    finally:
        curl.kill()
        curl.wait()


def test_a_client_that_does_not_accept_gzip_gets_none(shared_instance):
    for accept in (None, "identity", "gzip;q=0, *"):
        with shared_instance.get("/api/v1/stream", headers={"Accept-Encoding": accept}, stream=True) as answer:
            assert answer.headers["Content-Type"] == "text/event-stream" and "Content-Encoding" not in answer.headers
            assert answer.raw.read(6) == b"retry:"
